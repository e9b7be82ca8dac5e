#include "server/store/registry.h"

#include "server/store/account.h"
#include "server/store/alert.h"
#include "server/store/amendment.h"
#include "server/store/approval.h"
#include "server/store/audit.h"
#include "server/store/event.h"
#include "server/store/evidence.h"
#include "server/store/grant.h"
#include "server/store/idempotency.h"
#include "server/store/inspection_part.h"
#include "server/store/leader.h"
#include "server/store/log.h"
#include "server/store/matter.h"
#include "server/store/measure.h"
#include "server/store/node.h"
#include "server/store/operation.h"
#include "server/store/org.h"
#include "server/store/outcome.h"
#include "server/store/outside.h"
#include "server/store/plan.h"
#include "server/store/plan_document.h"
#include "server/store/plan_version.h"
#include "server/store/principal.h"
#include "server/store/problem.h"
#include "server/store/publication.h"
#include "server/store/publication_source.h"
#include "server/store/report.h"
#include "server/store/restore.h"
#include "server/store/settings.h"
#include "server/store/sitting.h"
#include "server/store/status.h"
#include "server/store/system.h"
#include "server/store/table.h"
#include "server/store/table_duty.h"
#include "server/store/table_summary.h"
#include "server/store/tenant.h"
#include "server/store/watch.h"

extern const struct statement *const db_statements[];
extern const struct statement *const migrate_statements[];

static const struct statement *const *const lists[] = {
    account_statements,
    alert_statements,
    audit_statements,
    matter_part_statements,
    db_statements,
    event_statements,
    evidence_statements,
    idempotency_statements,
    leader_statements,
    log_statements,
    matter_statements,
    measure_statements,
    migrate_statements,
    operation_statements,
    org_statements,
    plan_statements,
    principal_statements,
    problem_statements,
    restore_statements,
    settings_statements,
    status_statements,
    system_statements,
    table_statements,
    tenant_statements,
    grant_statements,
    approval_statements,
    sitting_statements,
    table_duty_statements,
    table_row_statements,
    table_summary_statements,
    status_list_statements,
    status_report_statements,
    status_fold_statements,
    outside_statements,
    watch_statements,
    amendment_statements,
    inspection_part_statements,
    node_statements,
    outcome_statements,
    report_statements,
    plan_document_statements,
    plan_version_statements,
    publication_statements,
    publication_source_statements,
};

const struct statement *const *const *
registry_statements(size_t *ret_count)
{
    *ret_count = sizeof lists / sizeof lists[0];
    return lists;
}
