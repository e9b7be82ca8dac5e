/* The methods of TableService. */
#ifndef SERVER_HANDLER_TABLE_H
#define SERVER_HANDLER_TABLE_H

#include "server/dispatch/handler.h"
#include "server/handler/table_request.h"
#include "server/service/table.h"
#include "server/store/settings.h"

extern const struct handler_table table_handler_table;

/* What a table's call reads and decides (table*.c). */
struct table_call {
    struct table_list tables;
    struct table_row_list rows;
    struct table_row_list last_rows;
    struct table_row_list month_rows;
    struct measure_before_list before;
    struct table_version_list versions;
    struct measure_list measures;
    struct evidence_list files;
    struct evidence_link_list links;
    const char *content_hash; /* table_load_hash */
    struct table_outcome outcome;
    struct table_asks asks;
};

/* table_load.c: the table, its rows and measures, all locked; the one table, or NOT_FOUND; what was
 * read, as the service layer takes it; the hash of what the rows say. */
MUST_CHECK enum status table_load(struct call *call, struct db_queue *q, const char *id);
MUST_CHECK enum status table_only(struct call *call, const char *id,
                                  const struct table_record **ret);
struct table_case table_case_of(const struct call *call, const struct table_record *t);
MUST_CHECK enum status table_hash(struct call *call, const struct table_record *t);
/* The event's changes: the table with all its rows, and every measure that moved. */
MUST_CHECK enum status table_record_changes(struct call *call, const struct table_case *before);
/* The writes of every command on a table. */
enum status table_effects(struct call *call, struct db_queue *q);

/* table_read.c */
int table_list_load(struct call *call, struct db_queue *q);
enum status table_list_decide(struct call *call);
int table_get_load(struct call *call, struct db_queue *q);
enum status table_get_decide(struct call *call);
enum status table_allowed_decide(struct call *call);
int table_row_allowed_load(struct call *call, struct db_queue *q);
enum status table_row_allowed_decide(struct call *call);

/* table_write.c: SubmitTable, ConfirmTable, DecideTable. */
void submit_subjects(const struct call *call, struct subject_set *set);
int submit_load(struct call *call, struct db_queue *q);
enum status submit_decide(struct call *call);
void confirm_subjects(const struct call *call, struct subject_set *set);
int confirm_load(struct call *call, struct db_queue *q);
enum status confirm_table_decide(struct call *call);
void judge_subjects(const struct call *call, struct subject_set *set);
int judge_load(struct call *call, struct db_queue *q);
enum status judge_decide(struct call *call);

/* table_act.c: commands on the whole table. */
void act_subjects(const struct call *call, struct subject_set *set);
int act_load(struct call *call, struct db_queue *q);
enum status withdraw_table_decide(struct call *call);
enum status nil_decide(struct call *call);
enum status return_nil_decide(struct call *call);
enum status waive_decide(struct call *call);
enum status lock_decide(struct call *call);
void correct_subjects(const struct call *call, struct subject_set *set);
int correct_load(struct call *call, struct db_queue *q);
enum status correct_decide(struct call *call);

/* table_summary.c: the office's view of a period. */
int summary_load(struct call *call, struct db_queue *q);
enum status summary_decide(struct call *call);
int summary_file_load(struct call *call, struct db_queue *q);
enum status summary_file_decide(struct call *call);
int missing_load(struct call *call, struct db_queue *q);
enum status missing_decide(struct call *call);

/* table_duty.c: what an inspection asks for. */
void duty_subjects(const struct call *call, struct subject_set *set);
int set_duty_load(struct call *call, struct db_queue *q);
enum status set_duty_decide(struct call *call);
enum status set_duty_effects(struct call *call, struct db_queue *q);
int list_duties_load(struct call *call, struct db_queue *q);
enum status list_duties_decide(struct call *call);
void confirmation_subjects(const struct call *call, struct subject_set *set);
int set_confirmation_load(struct call *call, struct db_queue *q);
enum status set_confirmation_decide(struct call *call);
enum status set_confirmation_effects(struct call *call, struct db_queue *q);

#endif
