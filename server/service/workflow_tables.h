/* The tables behind workflow.h; for workflow*.c only. */
#ifndef SERVER_SERVICE_WORKFLOW_TABLES_H
#define SERVER_SERVICE_WORKFLOW_TABLES_H

#include "server/service/workflow.h"

/* The machines of the core: measure, problem, table, row, plan version, sitting. */
extern const struct workflow_machine workflow_measure;
extern const struct workflow_machine workflow_problem;
extern const struct workflow_machine workflow_table;
extern const struct workflow_machine workflow_table_row;
extern const struct workflow_machine workflow_plan_version;
extern const struct workflow_machine workflow_sitting;

/* Those around it. */
extern const struct workflow_machine workflow_consultation;
extern const struct workflow_machine workflow_extension;
extern const struct workflow_machine workflow_notice;
extern const struct workflow_machine workflow_talk;
extern const struct workflow_machine workflow_round;
extern const struct workflow_machine workflow_instruction;
extern const struct workflow_machine workflow_opinion;
extern const struct workflow_machine workflow_publication;
extern const struct workflow_machine workflow_outcome;

/* Who may do anything at all (workflow_tables_people.c). */
extern const struct workflow_machine workflow_grant;
extern const struct workflow_machine workflow_account;

/* A machine from its arrays of states and edges. */
#define WORKFLOW_MACHINE(id_, code_, zh_, states_, edges_)                                         \
    {                                                                                              \
        .id = (id_), .code = (code_), .zh = (zh_), .states = (states_),                            \
        .state_count = sizeof(states_) / sizeof(states_)[0], .edges = (edges_),                    \
        .edge_count = sizeof(edges_) / sizeof(edges_)[0],                                          \
    }

/* Short names, so that an edge is one line. */
#define G(name) GUARD_BIT(GUARD_##name)

#endif
