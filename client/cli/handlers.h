/* The handlers of the command table, one a command, by the file they stand in. All are command_fn
 * (command.h); none is called from anywhere but the table. */
#ifndef CLIENT_CLI_HANDLERS_H
#define CLIENT_CLI_HANDLERS_H

#include "client/cli/command.h"

#define HANDLER(name)                                                                              \
    MUST_CHECK enum status name(struct cli *c, const struct line *line, struct fault *f)

/* cmd_todo.c */
HANDLER(cmd_todo);
/* cmd_measure.c */
HANDLER(cmd_sign_for);
HANDLER(cmd_measure_list);
HANDLER(cmd_measure_show);
HANDLER(cmd_measure_allowed);
/* cmd_claim.c */
HANDLER(cmd_claim_effect);
HANDLER(cmd_claim_complete);
HANDLER(cmd_claim_withdraw);
HANDLER(cmd_claim_confirm);
HANDLER(cmd_claim_return);
/* cmd_ask.c */
HANDLER(cmd_ask);
HANDLER(cmd_consultation_list);
/* cmd_table.c */
HANDLER(cmd_table_show);
HANDLER(cmd_table_list);
HANDLER(cmd_table_export);
/* cmd_submit.c */
HANDLER(cmd_table_submit);
/* cmd_decide.c */
HANDLER(cmd_table_decide);
/* cmd_alert.c */
HANDLER(cmd_alert_list);
HANDLER(cmd_alert_wait);
HANDLER(cmd_alert_ack);
/* cmd_problem.c */
HANDLER(cmd_problem_list);
HANDLER(cmd_problem_show);
/* cmd_status.c */
HANDLER(cmd_status);
/* cmd_inspection.c */
HANDLER(cmd_inspection_create);
HANDLER(cmd_inspection_list);
/* cmd_import.c */
HANDLER(cmd_inspection_import);
HANDLER(cmd_plan_import);
HANDLER(cmd_plan_approve);
/* cmd_plan.c */
HANDLER(cmd_plan_show);
HANDLER(cmd_plan_submit);
HANDLER(cmd_plan_review);
HANDLER(cmd_plan_withdraw);
HANDLER(cmd_plan_bodies);
HANDLER(cmd_plan_document);
HANDLER(cmd_inspection_date);
HANDLER(cmd_inspection_show);
HANDLER(cmd_problem_add);
HANDLER(cmd_problem_link);
HANDLER(cmd_measure_node);
HANDLER(cmd_measure_reach);
/* cmd_amend.c */
HANDLER(cmd_plan_amend);
/* cmd_org.c */
HANDLER(cmd_org_import);
HANDLER(cmd_org_list);
HANDLER(cmd_calendar_import);
HANDLER(cmd_calendar_show);
HANDLER(cmd_ladder_show);
/* cmd_account.c */
HANDLER(cmd_account_add);
HANDLER(cmd_account_code);
HANDLER(cmd_machine_enrol);
HANDLER(cmd_machine_list);
HANDLER(cmd_machine_revoke);
/* cmd_session.c */
HANDLER(cmd_login);
HANDLER(cmd_logout);
HANDLER(cmd_whoami);
HANDLER(cmd_passwd);
/* cmd_audit.c, cmd_verify.c */
HANDLER(cmd_audit_export);
HANDLER(cmd_audit_verify);
HANDLER(cmd_audit_head);
/* cmd_evidence.c */
HANDLER(cmd_evidence_get);
/* cmd_system.c */
HANDLER(cmd_health);
HANDLER(cmd_describe);
HANDLER(cmd_version);
HANDLER(cmd_help);

#undef HANDLER

#endif
