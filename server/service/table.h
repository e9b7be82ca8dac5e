/* Periodic tables: what a row must say; what filling in, confirming, handing in, judging and every
 * other command make of a table, its rows and its measures. Pure: everything it looks at comes in a
 * case.
 *
 * Only a month's table moves measures, and only the unit's newest one: an older month handed in
 * late, a correction and a quarter keep their rows to themselves. */
#ifndef SERVER_SERVICE_TABLE_H
#define SERVER_SERVICE_TABLE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/table.pb-c.h"
#include "server/base/clock.h"
#include "server/service/evidence.h"
#include "server/service/measure.h"
#include "server/store/table.h"

enum { TABLE_SOON_DAYS = 3 }; /* 临期 of a table, days */

/* What was read. */
struct table_case {
    const struct table_record *table;
    const struct table_row_list *rows;        /* stored */
    const struct table_row_list *last_rows;   /* of the month before; may be NULL */
    const struct table_row_list *month_rows;  /* of a quarter's accepted months; may be NULL */
    const struct measure_before_list *before; /* for taking back; may be NULL */
    const struct measure_list *measures;      /* measure_queue_of_table */
    const struct evidence_list *files;
    const struct evidence_link_list *links;
    struct actor actor;
    const char *account; /* name of the actor; may be NULL */
    int32_t today;
    int64_t now_ms;
    int64_t queued_ms;
    const char *receipt;      /* to be kept with the table */
    const char *content_hash; /* of table_content() as stored, 64 hexadecimal digits; may be NULL */
};

/* What becomes of one row and its measure. */
struct row_outcome {
    const struct measure_record *before;
    bool measure_changes;
    struct measure_outcome measure;
    const char *command; /* of the measure: "report", a claim, "confirm", "return" */
    const char *reason;  /* of the change, for the log */
    bool row_written;    /* row is to be stored */
    struct table_row_record row;
    struct evidence_attachment attachment;
    int claim_verdict; /* given to the measure's claims in tables; 0: none */
    bool asks_help;
    bool asks_extension;
};

struct table_outcome {
    struct table_record next; /* version raised */
    const char *command;      /* of the table: "submit", "accept", "return", or "judge" */
    const char *reason;       /* of the command, for the log; may be NULL */
    struct row_outcome *rows;
    size_t count;
    int32_t claims;
    int32_t helps;
    int32_t extensions;
    int32_t unchanged;
    int32_t confirmed;
    int32_t returned;
};

/* Roles towards a table: unit roles count only for the unit's own. */
uint32_t table_roles(const struct table_record *t, const struct actor *actor);

/* Handing in; where the unit has a reviewer, only filling in (CONFIRMING: rows are kept, nothing
 * else moves). Every open measure has its row exactly once; accepted rows stay. Faults name the
 * field: "rows[3].percent". Also ABORTED STALE_VERSION, FAILED_PRECONDITION SIGN_FIRST,
 * STATE_FORBIDS, ROW_NEEDS_WRITING (nothing new is no answer to a returned row, or to one never
 * reported), and what measure_step answers to a claim. */
MUST_CHECK enum status table_submit(const struct table_case *c,
                                    const Pb__SubmitTableRequest *request, struct arena *a,
                                    struct table_outcome *ret, struct fault *fault);

/* The second person's yes: the stored rows are handed in. PERMISSION_DENIED SAME_PERSON,
 * REVIEWER_ONLY; FAILED_PRECONDITION HASH_DIFFERS (both named), SCAN_UNKNOWN. */
MUST_CHECK enum status table_confirm(const struct table_case *c,
                                     const Pb__ConfirmTableRequest *request, struct arena *a,
                                     struct table_outcome *ret, struct fault *fault);

/* Judging row by row; claims go through measure_step. Texts were checked before. A table confirmed
 * on paper needs its scan checked before a row is accepted (PAPER_UNCHECKED). */
MUST_CHECK enum status table_decide(const struct table_case *c,
                                    const Pb__DecideTableRequest *request, struct arena *a,
                                    struct table_outcome *ret, struct fault *fault);

/* A command on the whole table: withdraw, nil, return (of a NIL), waive, lock. reason "CODE 文本",
 * checked before; NULL: none given. */
MUST_CHECK enum status table_act(const struct table_case *c, const char *command,
                                 const char *reason, struct arena *a, struct table_outcome *ret,
                                 struct fault *fault);

/* Opens rows of an archived table as its next edition. */
MUST_CHECK enum status table_correct(const struct table_case *c,
                                     const Pb__CorrectTableRequest *request, const char *reason,
                                     struct arena *a, struct table_outcome *ret,
                                     struct fault *fault);

/* Every command of the table (ret_options: WORKFLOW_OPTIONS_MAX places), by the same guards. */
size_t table_options(const struct table_case *c, struct workflow_option *ret_options);
/* The same for a stored row; ret_state is the row's own state. */
size_t table_row_options(const struct table_case *c, const struct table_row_record *row,
                         struct workflow_option *ret_options, const char **ret_state);

/* What handing in asks of others, in the order of the rows. */
enum table_request_kind { TABLE_ASKS_HELP = 1, TABLE_ASKS_EXTENSION };
struct table_request {
    enum table_request_kind kind;
    const struct row_outcome *row;
    const char *text; /* the difficulty, or why later */
    int milestone;    /* extension: numbers of rectify.v1.MilestoneKind */
    int32_t new_due;  /* extension */
};
struct table_request_list {
    struct table_request *items;
    size_t count;
};
/* False when the arena is exhausted. */
bool table_requests(const struct table_outcome *o, struct arena *a, struct table_request_list *ret);

/* Submitted after its due day, grace included. */
bool table_late(const struct table_record *t);
/* Never handed in and still owed. */
bool table_owed(const struct table_record *t);
/* Owed, and past due and grace (逾期未报). */
bool table_missed(const struct table_record *t, int32_t as_of);
/* The unit may still write it. */
bool table_filling(const struct table_record *t);

/* What the rows say, the same for the same content: one line a field, each with its length. What is
 * printed on paper is its SHA-256. NULL when the arena is exhausted. */
char *table_content(const struct table_case *c, struct arena *a);

/* The row as it stands before anybody types: last month's, or the quarter's months put together
 * (percent −1: nothing to start from). False when the arena is exhausted. */
bool table_prefilled(const struct table_case *c, const struct measure_record *m, struct arena *a,
                     struct table_row_record *ret);

/* Does the measure have a row in this table? And one that is still to be written? */
bool table_has_row(const struct table_case *c, const struct measure_record *m);
bool table_row_owed(const struct table_case *c, const struct measure_record *m);

/* What is looked at before any command on the table: version seen, who acts for whom. */
enum status table_check_seen(const struct table_case *c, bool has_expected, int64_t expected,
                             struct fault *fault);
enum status table_check_actor(const struct table_case *c, struct fault *fault);
/* Rule 4 between people: the actor, or whom he stands in for, filled it in (confirmed it), or was
 * stood in for then. */
bool table_filled_by_actor(const struct table_case *c);
bool table_reviewed_by_actor(const struct table_case *c);

/* The measure of a row by reference or id, the stored row of a measure; NULL when there is none. */
const struct measure_record *table_measure(const struct table_case *c, const char *ref);
const struct table_row_record *table_row_of(const struct table_row_list *rows,
                                            const char *measure_id);

/* The table without rows, lights judged on as_of. NULL when the arena is exhausted. */
Pb__Table *table_message(const struct table_record *t, int32_t as_of, struct arena *a);
/* The same with its rows: stored ones, and where the table may still be filled, a pre-filled one
 * for each open measure that has none. */
Pb__Table *table_message_rows(const struct table_case *c, struct arena *a);

/* For table*.c. Checks the cells of row i; ret_row gets what they say (percent to wishes). */
enum status table_check_row(const struct table_case *c, const Pb__TableRow *r, size_t i,
                            const struct measure_record *m, struct table_row_record *ret_row,
                            struct fault *fault);
/* "rows[3].percent" and "第 4 行：…". */
enum status table_bad_cell(struct fault *fault, size_t index, const char *column,
                           const char *reason, const char *text);
/* The claim's command of a row; NULL for none. */
const char *table_claim_command(const Pb__TableRow *r);

/* True when there is nothing but blanks; NULL is blank. */
bool table_text_blank(const char *text);

/* Keeps the fault of a deeper step and puts it at its cell, "rows[3].percent". Returns s. */
enum status table_fault_at(struct fault *fault, const char *list, size_t index, const char *column,
                           enum status s);

#endif
