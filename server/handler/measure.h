/* The methods of MeasureService. */
#ifndef SERVER_HANDLER_MEASURE_H
#define SERVER_HANDLER_MEASURE_H

#include "server/dispatch/handler.h"

extern const struct handler_table measure_handler_table;

/* The parts that stand in a file of their own (measure_claim.c). */
void claim_subjects(const struct call *call, struct subject_set *set);
int claim_load(struct call *call, struct db_queue *q);
enum status claim_effect_decide(struct call *call);
enum status claim_complete_decide(struct call *call);
enum status claim_effects(struct call *call, struct db_queue *q);

void decide_claim_subjects(const struct call *call, struct subject_set *set);
int decide_claim_load(struct call *call, struct db_queue *q);
enum status withdraw_decide(struct call *call);
enum status confirm_decide(struct call *call);
enum status return_decide(struct call *call);
enum status decide_claim_effects(struct call *call, struct db_queue *q);

/* measure_endorse.c */
void measure_object_subjects(const struct call *call, struct subject_set *set);
int measure_object_load(struct call *call, struct db_queue *q);
enum status measure_object_decide(struct call *call);
enum status measure_object_effects(struct call *call, struct db_queue *q);

void measure_endorse_subjects(const struct call *call, struct subject_set *set);
int measure_endorse_load(struct call *call, struct db_queue *q);
enum status measure_endorse_decide(struct call *call);
enum status measure_endorse_effects(struct call *call, struct db_queue *q);

/* measure_check.c */
void measure_check_subjects(const struct call *call, struct subject_set *set);
int measure_check_load(struct call *call, struct db_queue *q);
enum status measure_check_ok_decide(struct call *call);
enum status measure_finish_decide(struct call *call);

void measure_reopen_subjects(const struct call *call, struct subject_set *set);
int measure_reopen_load(struct call *call, struct db_queue *q);
enum status measure_reopen_decide(struct call *call);
enum status measure_fail_decide(struct call *call);
enum status measure_check_effects(struct call *call, struct db_queue *q);

#endif
