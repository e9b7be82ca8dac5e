/* The methods of SittingService. */
#ifndef SERVER_HANDLER_SITTING_H
#define SERVER_HANDLER_SITTING_H

#include "server/dispatch/handler.h"

extern const struct handler_table sitting_handler_table;

/* The parts that stand in files of their own. */

/* sitting_write.c */
void create_sitting_subjects(const struct call *call, struct subject_set *set);
int create_sitting_load(struct call *call, struct db_queue *q);
enum status create_sitting_decide(struct call *call);
enum status create_sitting_effects(struct call *call, struct db_queue *q);

void open_sitting_subjects(const struct call *call, struct subject_set *set);
int open_sitting_load(struct call *call, struct db_queue *q);
enum status open_sitting_decide(struct call *call);
void conclude_sitting_subjects(const struct call *call, struct subject_set *set);
int conclude_sitting_load(struct call *call, struct db_queue *q);
enum status conclude_sitting_decide(struct call *call);
void cancel_sitting_subjects(const struct call *call, struct subject_set *set);
int cancel_sitting_load(struct call *call, struct db_queue *q);
enum status cancel_sitting_decide(struct call *call);
enum status end_sitting_effects(struct call *call, struct db_queue *q);

/* sitting_decide.c */
void decide_sitting_subjects(const struct call *call, struct subject_set *set);
int decide_sitting_load(struct call *call, struct db_queue *q);
enum status decide_sitting_decide(struct call *call);
enum status decide_sitting_effects(struct call *call, struct db_queue *q);

#endif
