/* Sim: a district in memory, a seeded generator of commands, and the pure decisions that answer
 * them.
 *
 * A history begins with the same small district and takes one command a step, sensible or not: an
 * actor, a thing, what the request brings. sim_request_make turns a command into the message a
 * client would send; sim_decide answers it as the handlers do (load, the very functions of
 * server/service, effects), on records in memory. The same message can go through the door of a
 * real server: both must give the same verdicts and the same records. Nothing random comes from
 * anywhere but `struct sim_random`.
 *
 *   P-01 unit01, sg1: M-01 限期, M-02 立行立改, M-03 长期坚持 led by unit03 (the lead unit
 * endorses) P-02 unit02:      M-01 限期, M-02 长期坚持 without a leader P-03 the office itself
 * (回避), sg1: M-01 限期
 *
 * unit01 has a reviewer (审核人). Left out: plans and amendments, talks, on-site rounds,
 * instructions and opinions, quarters, what a table's rows ask for (求助, 延期), files of closing
 * applications, paper. Single thread.
 */
#ifndef TESTS_SUPPORT_SIM_H
#define TESTS_SUPPORT_SIM_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "server/base/calendar.h"
#include "server/service/matter.h"
#include "server/service/sitting.h"
#include "server/service/table.h"

#include <protobuf-c/protobuf-c.h>

enum {
    SIM_ORGS = 9,
    SIM_PEOPLE = 12,
    SIM_MEASURES = 6,
    SIM_PROBLEMS = 3,
    SIM_FILES = 24, /* six of each unit and of the office; every other one strong */
    SIM_FILES_EACH = 6,
    SIM_TABLES = 96,
    SIM_MATTERS = 160,
    SIM_TASKS = 2,
    SIM_SITTINGS = 64,
    SIM_ID_SIZE = 37,
    SIM_REF_SIZE = 16,
    SIM_REPORT_DAY = 25,
    SIM_CONCENTRATED_DAYS = 120, /* 集中整改期, from the first day */
    SIM_HISTORY_STEPS = 2000,    /* of one history; a run begins another one then */
};

#define SIM_FIRST_DAY "2025-12-01" /* 春节 and its make-up days lie ahead */
#define SIM_FIRST_PERIOD "2025-11"

/* ---- chance ---- */

struct sim_random {
    uint64_t state;
};
uint64_t sim_random_next(struct sim_random *r);
unsigned sim_pick(struct sim_random *r, unsigned n); /* 0 … n − 1 */
bool sim_chance(struct sim_random *r, unsigned percent);

/* ---- who there is; static ---- */

struct sim_org {
    const char *id;
    const char *code;
    const char *kind;
};
struct sim_person {
    int number; /* of the account: its id is this number's */
    const char *name;
    int org;
    uint32_t roles;
};
extern const struct sim_org sim_orgs[SIM_ORGS];
extern const struct sim_person sim_people[SIM_PEOPLE];
extern const struct org_list sim_org_list;

/* ---- the world ---- */

struct sim_table {
    struct table_record t;
    char id[SIM_ID_SIZE]; /* a server's own id may be written over it */
    char period[SIM_REF_SIZE];
    struct table_row_record rows[SIM_MEASURES];
    struct measure_before before[SIM_MEASURES]; /* of the row of the same place */
    size_t row_count;
};

struct sim_matter {
    struct matter_record m;
    char id[SIM_ID_SIZE];
    char ref[SIM_REF_SIZE];
    struct matter_task tasks[SIM_TASKS];
    size_t task_count;
};

struct sim_opinion {
    struct sitting_opinion_record o;
    unsigned char sha256[APPROVAL_HASH_BYTES];
};
struct sim_sitting {
    struct sitting_record s;
    char id[SIM_ID_SIZE];
    char ref[SIM_REF_SIZE];
    struct sitting_row_record rows[SIM_PROBLEMS];
    char row_ids[SIM_PROBLEMS][SIM_ID_SIZE];
    size_t row_count;
    struct sim_opinion opinions[SIM_PROBLEMS * BODY_COUNT];
    size_t opinion_count;
};

struct sim_world {
    int64_t now_ms;
    int32_t today;
    int32_t concentrated_end;
    struct measure_record measures[SIM_MEASURES];
    uint32_t linked[SIM_MEASURES]; /* files of the present round, a bit each */
    struct problem_record problems[SIM_PROBLEMS];
    struct sim_table tables[SIM_TABLES];
    size_t table_count;
    struct sim_matter matters[SIM_MATTERS];
    size_t matter_count;
    int32_t matter_last[WORKFLOW_COUNT]; /* number given of a kind */
    struct sim_sitting sittings[SIM_SITTINGS];
    size_t sitting_count;
    char file_ids[SIM_FILES][SIM_ID_SIZE];
    struct evidence_record files[SIM_FILES];
    struct calendar calendar;
    uint64_t step;     /* of the history */
    char failure[512]; /* the first invariant that did not hold; "" for none */
};

/* The district as every history begins. The world must not move afterwards: its records point into
 * it. */
void sim_world_init(struct sim_world *w);

/* Text of everything that decisions read and write, a line a thing: ids left out, so that a
 * server's records can be printed the same way. In the arena. */
char *sim_world_print(const struct sim_world *w, struct arena *a);

/* Keeps the first failure. */
void sim_fail(struct sim_world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ids of made things: a kind of thing, its number. */
enum sim_id { SIM_ID_ROW = 0x8003, SIM_ID_MATTER = 0x8001, SIM_ID_TABLE = 0x8002 };
void sim_id_print(char ret_id[SIM_ID_SIZE], enum sim_id kind, size_t number);

/* Reads of the world, as the store's; in the arena. */
bool sim_is(const char *a, const char *b);
struct measure_list sim_table_measures(const struct sim_world *w, const struct sim_table *t,
                                       struct arena *a);
struct problem_measure_list sim_problem_measures(const struct sim_world *w, int problem,
                                                 struct arena *a);
struct sitting_row_record *sim_pending_row(struct sim_world *w, const char *problem_id,
                                           struct sim_sitting **ret_sitting);
int sim_measure_index(const struct sim_world *w, const char *id);
int sim_problem_index(const struct sim_world *w, const char *id);

/* ---- commands ---- */

enum sim_verb {
    SIM_TICK, /* days pass; the clock's jobs open and lock tables */
    SIM_SIGN_FOR,
    SIM_CLAIM_EFFECT,
    SIM_CLAIM_COMPLETE,
    SIM_WITHDRAW,
    SIM_CONFIRM,
    SIM_RETURN,
    SIM_OBJECT,
    SIM_ENDORSE,
    SIM_CHECK_OK,
    SIM_FINISH,
    SIM_FAIL_CHECK,
    SIM_REOPEN,
    SIM_APPLY_CLOSE,
    SIM_WITHDRAW_CLOSE,
    SIM_FORWARD,
    SIM_RETURN_CLOSE,
    SIM_REOPEN_PROBLEM,
    SIM_CREATE_SITTING,
    SIM_OPEN_SITTING,
    SIM_JUDGE,
    SIM_CONCLUDE,
    SIM_CANCEL_SITTING,
    SIM_OPEN_MATTER,
    SIM_ACT_ON_MATTER,
    SIM_SUBMIT_TABLE,
    SIM_CONFIRM_TABLE,
    SIM_DECIDE_TABLE,
    SIM_WITHDRAW_TABLE,
    SIM_NIL,
    SIM_RETURN_NIL,
    SIM_WAIVE,
    SIM_LOCK,
    SIM_CORRECT,
    SIM_VERBS
};

/* What one row of a table's request says, or the opinion on it. */
struct sim_row {
    int measure;
    int percent;
    int text;    /* index of a narrative; −1: none */
    bool lower;  /* a reason for a lower percent */
    int claim;   /* rectify.v1.Claim */
    int file;    /* −1: none */
    int verdict; /* rectify.v1.Verdict */
    int claim_verdict;
    bool reasoned;
    int32_t day; /* next check; NO_DATE: none */
};

struct sim_command {
    enum sim_verb verb;
    int actor;
    int behalf;       /* org acted for; −1: none */
    int thing;        /* index by verb: measure, problem, sitting, matter, table; days of a tick */
    int64_t expected; /* version stated; 0: none */
    bool reasoned;
    bool given;  /* report and lessons, opinion, ground, leave undecided, unchanged */
    bool fresh;  /* the record a sitting's opinion names is the present one */
    int file;    /* −1: none */
    int32_t day; /* NO_DATE: not given */
    int32_t day2;
    int number; /* level, task, criterion not met (0: agrees), milestone, ground */
    bool urgent;
    enum workflow_id kind; /* of a matter */
    const char *name;      /* of a matter's command; static */
    int problems[SIM_PROBLEMS];
    size_t problem_count;
    struct sim_row rows[SIM_MEASURES];
    size_t row_count;
};

/* Any command, likely to make sense as the world stands, and with small faults. */
void sim_generate(const struct sim_world *w, struct sim_random *r, struct sim_command *ret);

struct sim_request {
    const char *method; /* "MeasureService/SignFor"; NULL: a tick */
    const ProtobufCMessage *message;
    const char *behalf; /* org code; NULL: none */
    int64_t expected;   /* of the envelope; 0: none */
};

/* The message a client would send, on the world before the command. In the arena. */
void sim_request_make(const struct sim_world *w, const struct sim_command *c, struct arena *a,
                      struct sim_request *ret);

/* "sign_for" and so on, for traces. */
const char *sim_verb_name(enum sim_verb verb);
/* One line about a command: for a failing test. In the arena. */
const char *sim_command_print(const struct sim_command *c, struct arena *a);

/* ---- verdicts ---- */

struct sim_verdict {
    enum status status;
    char reason[FAULT_REASON_SIZE]; /* "" when OK */
    const char *state;              /* of the thing after it; "" when refused */
    int64_t version;                /* 0 when refused */
};

/* Decides a command and applies it; checks what must always hold (w->failure). */
void sim_decide(struct sim_world *w, const struct sim_command *c, const struct sim_request *r,
                struct arena *a, struct sim_verdict *ret);

/* For sim_decide*.c: a command on its way. */
struct sim_turn {
    struct sim_world *w;
    const struct sim_command *c;
    const struct sim_request *r;
    struct arena *a;
    struct actor actor;
    bool sees_all;
    struct fault fault;
    const char *state;
    int64_t version;
};
enum status sim_unknown(struct sim_turn *t, const char *reason);
enum status sim_expected(struct sim_turn *t, int64_t version);
enum status sim_reasoned(struct sim_turn *t, const char *reason);
bool sim_sees_measure(const struct sim_turn *t, int measure);
void sim_put_measure(struct sim_world *w, int index, const struct measure_record *next,
                     uint32_t files);
uint32_t sim_file_bit(const struct sim_world *w, char *const *ids, size_t n);
struct evidence_link_list sim_links(const struct sim_world *w, struct arena *a);
/* Pending claims of a measure in tables get this verdict. */
void sim_claims_decided(struct sim_world *w, int measure, int verdict);
void sim_move_problem(struct sim_world *w, int index, const struct problem_record *next);
enum status sim_measure_command(struct sim_turn *t);
enum status sim_problem_command(struct sim_turn *t);
enum status sim_sitting_command(struct sim_turn *t);
enum status sim_matter_command(struct sim_turn *t);
enum status sim_open_matter(struct sim_turn *t, enum workflow_id kind, const char *command,
                            const Pb__MatterInput *in, int measure);
enum status sim_table_command(struct sim_turn *t);
void sim_tick(struct sim_turn *t);

/* What must hold after every step; before: the measures and problems of the step before, and the
 * version of the thing the command is about (0: it is new). */
struct sim_before {
    struct measure_record measures[SIM_MEASURES];
    struct problem_record problems[SIM_PROBLEMS];
    int64_t version;
};
void sim_before_take(const struct sim_world *w, const struct sim_command *c,
                     struct sim_before *ret);
void sim_check(struct sim_world *w, const struct sim_before *before, const struct sim_command *c,
               const struct fault *fault, const struct sim_verdict *v);

/* ---- runs ---- */

/* The SHA-256 of the world's closing record of a problem, as the office would be shown it. */
void sim_closing_sha256(const struct sim_world *w, int problem, struct arena *a,
                        unsigned char ret_sha256[APPROVAL_HASH_BYTES]);

struct sim_run {
    uint64_t seed;
    uint64_t steps;
    uint64_t trace; /* FNV-1a over every step's command, verdict, state and version */
    uint64_t accepted[SIM_VERBS];
    uint64_t refused[SIM_VERBS];
    uint64_t histories;
    uint64_t closed; /* problems that came to be closed, and to be sustained */
    uint64_t sustained;
    int64_t failed_step; /* −1: none */
    char failure[768];
};

/* So many steps from a seed, in memory. */
void sim_run(uint64_t seed, uint64_t steps, struct sim_run *ret);

/* One step: counted, traced. */
void sim_run_count(struct sim_run *run, const struct sim_command *c, const struct sim_verdict *v);

/* SIM_SEED and SIM_STEPS of the environment, or these. */
uint64_t sim_env(const char *name, uint64_t otherwise);

#endif
