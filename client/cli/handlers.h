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
/* cmd_matter.c, cmd_matter_view.c */
HANDLER(cmd_matter_do);
HANDLER(cmd_matter_list);
HANDLER(cmd_matter_show);
HANDLER(cmd_round_share);
HANDLER(cmd_clue_record);
HANDLER(cmd_clue_list);
/* cmd_table.c */
HANDLER(cmd_table_show);
HANDLER(cmd_table_list);
HANDLER(cmd_table_export);
/* cmd_table_act.c, cmd_table_print.c */
HANDLER(cmd_table_confirm);
HANDLER(cmd_table_withdraw);
HANDLER(cmd_table_nil);
HANDLER(cmd_table_nil_return);
HANDLER(cmd_table_waive);
HANDLER(cmd_table_lock);
HANDLER(cmd_table_correct);
HANDLER(cmd_table_allowed);
HANDLER(cmd_table_print);
/* cmd_summary.c, cmd_duty.c */
HANDLER(cmd_summary);
HANDLER(cmd_missing);
HANDLER(cmd_duty_set);
HANDLER(cmd_duty_list);
HANDLER(cmd_confirmation);
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
/* cmd_closing.c */
HANDLER(cmd_problem_allowed);
HANDLER(cmd_measure_object);
HANDLER(cmd_measure_endorse);
HANDLER(cmd_measure_check_ok);
HANDLER(cmd_measure_finish);
HANDLER(cmd_measure_fail);
HANDLER(cmd_measure_reopen);
HANDLER(cmd_problem_apply);
HANDLER(cmd_problem_withdraw);
HANDLER(cmd_problem_return);
HANDLER(cmd_problem_forward);
HANDLER(cmd_problem_reopen);
HANDLER(cmd_problem_register);
HANDLER(cmd_problem_edit);
HANDLER(cmd_sitting_allowed);
/* cmd_sitting.c */
HANDLER(cmd_sitting_create);
HANDLER(cmd_sitting_open);
HANDLER(cmd_sitting_conclude);
HANDLER(cmd_sitting_cancel);
HANDLER(cmd_sitting_list);
HANDLER(cmd_sitting_show);
HANDLER(cmd_sitting_export);
HANDLER(cmd_sitting_decide);
/* cmd_status.c */
HANDLER(cmd_status);
HANDLER(cmd_status_exceptions);

/* cmd_status_list.c */
HANDLER(cmd_status_list);
HANDLER(cmd_status_changes);

/* cmd_status_report.c */
HANDLER(cmd_status_ageing);
HANDLER(cmd_status_causes);
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
/* cmd_ladder.c */
HANDLER(cmd_ladder_show);
HANDLER(cmd_ladder_list);
HANDLER(cmd_ladder_import);
HANDLER(cmd_ladder_dry_run);
HANDLER(cmd_ladder_activate);
/* cmd_clock.c */
HANDLER(cmd_setting_list);
HANDLER(cmd_setting_set);
HANDLER(cmd_channel_list);
HANDLER(cmd_channel_on);
HANDLER(cmd_channel_off);
HANDLER(cmd_channel_test);
HANDLER(cmd_channel_contact);
HANDLER(cmd_channel_messages);
HANDLER(cmd_channel_reset);
/* cmd_export.c */
HANDLER(cmd_export_assessment);
HANDLER(cmd_export_common);
/* cmd_outcome.c */
HANDLER(cmd_outcome_add);
HANDLER(cmd_outcome_list);
HANDLER(cmd_outcome_show);
HANDLER(cmd_outcome_correct);
HANDLER(cmd_outcome_withdraw);
HANDLER(cmd_outcome_allowed);
HANDLER(cmd_outcome_totals);
HANDLER(cmd_outcome_decide);
/* cmd_account.c */
HANDLER(cmd_account_add);
HANDLER(cmd_account_code);
/* cmd_people.c */
HANDLER(cmd_account_import);
HANDLER(cmd_account_list);
HANDLER(cmd_account_disable);
HANDLER(cmd_account_enable);
HANDLER(cmd_account_unlock);
HANDLER(cmd_account_reset);
HANDLER(cmd_password_set);
/* cmd_grant.c */
HANDLER(cmd_seat_propose);
HANDLER(cmd_seat_list);
HANDLER(cmd_seat_withdraw);
HANDLER(cmd_seat_end);
HANDLER(cmd_substitute_propose);
HANDLER(cmd_grant_approve);
HANDLER(cmd_grant_reject);
HANDLER(cmd_scope);
HANDLER(cmd_permissions);
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
/* cmd_publication.c */
HANDLER(cmd_publication_create);
HANDLER(cmd_publication_edit);
HANDLER(cmd_publication_hold_back);
HANDLER(cmd_publication_check);
HANDLER(cmd_publication_return);
HANDLER(cmd_publication_approve);
HANDLER(cmd_publication_publish);
HANDLER(cmd_publication_correct);
HANDLER(cmd_publication_withdraw);
HANDLER(cmd_publication_list);
HANDLER(cmd_publication_show);
HANDLER(cmd_publication_allowed);
HANDLER(cmd_publication_export);
/* cmd_system.c */
HANDLER(cmd_health);
HANDLER(cmd_describe);
HANDLER(cmd_version);
HANDLER(cmd_help);
/* cmd_outbox.c */
HANDLER(cmd_outbox_list);
HANDLER(cmd_outbox_show);
HANDLER(cmd_outbox_send);
HANDLER(cmd_outbox_retry);
HANDLER(cmd_outbox_drop);
HANDLER(cmd_outbox_receipt);
/* cmd_operation.c */
HANDLER(cmd_operation);
/* cmd_receipt.c */
HANDLER(cmd_audit_receipt);
HANDLER(cmd_audit_check);
HANDLER(cmd_audit_reset);

#undef HANDLER

#endif
