/* The methods of MatterService. */
#ifndef SERVER_HANDLER_MATTER_H
#define SERVER_HANDLER_MATTER_H

#include "server/dispatch/handler.h"
#include "server/service/matter.h"
#include "server/store/plan.h"
#include "server/store/problem.h"

extern const struct handler_table matter_handler_table;

/* What a matter's call reads and decides. */
struct matter_call {
    struct matter_list found;
    struct matter_list related;
    struct matter_task_list tasks;
    struct matter_sample_list samples;
    struct matter_private_list private_texts;
    struct measure_list measures;
    struct measure_list pool;
    struct problem_list problems;
    struct inspection_list inspections;
    struct org_list orgs;
    struct history_list history;
    struct calendar calendar;
    int32_t last; /* number given of the kind */
    struct matter_case mc;
    struct matter_order order;
    struct matter_outcome outcome;
    struct matter_above *above; /* one a problem, of a round to be made final */
};

/* Makes call->data and fills what every case has. NULL: arena exhausted. */
struct matter_call *matter_call_new(struct call *call, enum workflow_id kind);

/* The matter that was asked for, now that it is read: NOT_FOUND MATTER_UNKNOWN. Fills the case. */
MUST_CHECK enum status matter_found(struct call *call, const char *ref);

/* Queues what belongs to the matter found: tasks, sample, measure, related matters. lock: the
 * measure FOR UPDATE. */
MUST_CHECK enum status matter_queue_parts(struct call *call, struct db_queue *q, bool lock);

/* A round's end (matter_reopen.c): the problems above the measures that it opens again. Locked
 * before the measures are, read under that lock, recorded after the matter, written before it. */
MUST_CHECK enum status matter_above_lock(struct call *call, struct db_queue *q);
MUST_CHECK enum status matter_above_queue(struct call *call, struct db_queue *q);
MUST_CHECK enum status matter_above_record(struct call *call);
MUST_CHECK enum status matter_above_write(struct call *call, struct db_queue *q);

/* The parts that read (matter_read.c). */
int list_matters_load(struct call *call, struct db_queue *q);
enum status list_matters_decide(struct call *call);
int get_matter_load(struct call *call, struct db_queue *q);
enum status get_matter_decide(struct call *call);
int allowed_matter_load(struct call *call, struct db_queue *q);
enum status allowed_matter_decide(struct call *call);
int share_load(struct call *call, struct db_queue *q);
enum status share_decide(struct call *call);

/* Clues (clue.c). */
void clue_subjects(const struct call *call, struct subject_set *set);
int clue_load(struct call *call, struct db_queue *q);
enum status clue_decide(struct call *call);
enum status clue_effects(struct call *call, struct db_queue *q);
int list_clues_load(struct call *call, struct db_queue *q);
enum status list_clues_decide(struct call *call);

#endif
