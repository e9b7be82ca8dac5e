/* The methods of ProblemService. */
#ifndef SERVER_HANDLER_PROBLEM_H
#define SERVER_HANDLER_PROBLEM_H

#include "server/dispatch/handler.h"

extern const struct handler_table problem_handler_table;

/* The parts that stand in files of their own. */

/* problem_register.c */
void problem_register_subjects(const struct call *call, struct subject_set *set);
int problem_register_load(struct call *call, struct db_queue *q);
enum status problem_register_decide(struct call *call);
enum status problem_register_effects(struct call *call, struct db_queue *q);

void problem_edit_subjects(const struct call *call, struct subject_set *set);
int problem_edit_load(struct call *call, struct db_queue *q);
enum status problem_edit_decide(struct call *call);
enum status problem_edit_effects(struct call *call, struct db_queue *q);

/* problem_close.c */
void apply_close_subjects(const struct call *call, struct subject_set *set);
int apply_close_load(struct call *call, struct db_queue *q);
enum status apply_close_decide(struct call *call);
enum status apply_close_effects(struct call *call, struct db_queue *q);

void forward_close_subjects(const struct call *call, struct subject_set *set);
int forward_close_load(struct call *call, struct db_queue *q);
enum status forward_close_decide(struct call *call);

void decide_close_subjects(const struct call *call, struct subject_set *set);
int decide_close_load(struct call *call, struct db_queue *q);
enum status withdraw_close_decide(struct call *call);
enum status return_close_decide(struct call *call);

void reopen_problem_subjects(const struct call *call, struct subject_set *set);
int reopen_problem_load(struct call *call, struct db_queue *q);
enum status reopen_problem_decide(struct call *call);

enum status move_close_effects(struct call *call, struct db_queue *q);

#endif
