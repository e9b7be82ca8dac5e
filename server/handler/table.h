/* The methods of TableService. */
#ifndef SERVER_HANDLER_TABLE_H
#define SERVER_HANDLER_TABLE_H

#include "server/dispatch/handler.h"
#include "server/service/matter.h"
#include "server/service/table.h"
#include "server/store/settings.h"

extern const struct handler_table table_handler_table;

/* What a table's call reads and decides (table.c, table_write.c). */
struct table_call {
    struct calendar calendar; /* SubmitTable only */
    struct table_list tables;
    struct table_row_list rows;
    struct table_row_list last_rows;
    struct measure_list measures;
    struct evidence_list files;
    struct evidence_link_list links;
    struct table_outcome outcome;
    struct org_list orgs;
    int32_t last_consultation; /* number given */
    struct matter_case *help_cases;
    struct matter_outcome *helps; /* consultations its rows open */
    size_t help_count;
};

/* The parts of SubmitTable and DecideTable (table_write.c). */
void submit_subjects(const struct call *call, struct subject_set *set);
int submit_load(struct call *call, struct db_queue *q);
enum status submit_decide(struct call *call);
void judge_subjects(const struct call *call, struct subject_set *set);
int judge_load(struct call *call, struct db_queue *q);
enum status judge_decide(struct call *call);
enum status table_effects(struct call *call, struct db_queue *q);

/* What was read, as the service layer takes it. */
struct table_case table_case_of(const struct call *call, const struct table_record *t);

#endif
