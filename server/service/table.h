/* The month's table: what a row must say, what handing in and judging a table make of it and of
 * its measures. Pure: everything it looks at comes in a case. */
#ifndef SERVER_SERVICE_TABLE_H
#define SERVER_SERVICE_TABLE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/table.pb-c.h"
#include "server/service/evidence.h"
#include "server/service/measure.h"
#include "server/store/table.h"

enum { TABLE_SOON_DAYS = 3 }; /* 临期 of a table, days */

/* What was read. */
struct table_case {
    const struct table_record *table;
    const struct table_row_list *rows;      /* stored */
    const struct table_row_list *last_rows; /* of the table before; may be NULL */
    const struct measure_list *measures;    /* measure_queue_of_table */
    const struct evidence_list *files;
    const struct evidence_link_list *links;
    struct actor actor;
    int32_t today;
    int64_t now_ms;
    int64_t queued_ms;
    const char *receipt; /* to be kept with the table */
};

/* What becomes of one row and its measure. */
struct row_outcome {
    const struct measure_record *before;
    bool measure_changes;
    struct measure_outcome measure;
    const char *command; /* of the measure: "report", a claim, "confirm", "return" */
    const char *reason;  /* of the change, for the log */
    struct table_row_record row;
    struct evidence_attachment attachment;
    int claim_verdict; /* given to the measure's claims in tables; 0: none */
    bool asks_help;
};

struct table_outcome {
    struct table_record next; /* version raised */
    const char *command;      /* of the table: "submit", "accept", "return", or "judge" */
    struct row_outcome *rows;
    size_t count;
    int32_t claims;
    int32_t helps;
    int32_t confirmed;
    int32_t returned;
};

/* Roles towards a table: unit roles count only for the unit's own. */
uint32_t table_roles(const struct table_record *t, const struct actor *actor);

/* Handing in. Every open measure has its row exactly once; accepted rows stay. Faults name the
 * field: "rows[3].percent". Also ABORTED STALE_VERSION, FAILED_PRECONDITION SIGN_FIRST,
 * STATE_FORBIDS, and what measure_step answers to a claim. */
MUST_CHECK enum status table_submit(const struct table_case *c,
                                    const Pb__SubmitTableRequest *request, struct arena *a,
                                    struct table_outcome *ret, struct fault *fault);

/* Judging row by row; claims go through measure_step. Texts were checked before. */
MUST_CHECK enum status table_decide(const struct table_case *c,
                                    const Pb__DecideTableRequest *request, struct arena *a,
                                    struct table_outcome *ret, struct fault *fault);

/* Submitted after its due day, grace included. */
bool table_late(const struct table_record *t);
/* Never handed in and still owed. */
bool table_owed(const struct table_record *t);

/* The measure of a row by reference or id, the stored row of a measure; NULL when there is none. */
const struct measure_record *table_measure(const struct table_case *c, const char *ref);
const struct table_row_record *table_row_of(const struct table_row_list *rows,
                                            const char *measure_id);

/* The table without rows, lights judged on as_of. NULL when the arena is exhausted. */
Pb__Table *table_message(const struct table_record *t, int32_t as_of, struct arena *a);
/* The same with its rows: stored ones, and where the table may still be filled, a pre-filled one
 * for each open measure that has none. */
Pb__Table *table_message_rows(const struct table_case *c, struct arena *a);

/* For table.c and table_decide.c. True when there is nothing but blanks; NULL is blank. */
bool table_text_blank(const char *text);

/* Keeps the fault of a deeper step and puts it at its cell, "rows[3].percent". Returns s. */
enum status table_fault_at(struct fault *fault, const char *list, size_t index, const char *column,
                           enum status s);

#endif
