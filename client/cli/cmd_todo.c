#include "client/cli/handlers.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "proto/base/limits.h"
#include "proto/rpc/json.h"

#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/inspection.pb-c.h>
#include <string.h>

/* Everything that may wait for the caller; parts that do not concern his roles stay empty. */
struct todo {
    const Pb__WhoAmIReply *who;
    Pb__Measure **sign_for; /* to sign for */
    size_t sign_for_count;
    Pb__Measure **claims; /* to decide on: the office */
    size_t claim_count;
    Pb__Table **owed; /* to fill in, or returned */
    size_t owed_count;
    Pb__Table **confirming; /* before the unit's second person: the reviewer */
    size_t confirming_count;
    Pb__Table **submitted; /* to decide on: the office */
    size_t submitted_count;
    Pb__Inspection **drafts; /* plans to approve: the leading group */
    size_t draft_count;
    Pb__Matter **matters; /* whose next step is his body's */
    size_t matter_count;
    Pb__Outcome **outcomes; /* to be confirmed: the office; returned: the unit */
    size_t outcome_count;
    Pb__Alert **alerts;
    size_t alert_count;
    size_t returned_count; /* of owed: tables with returned rows */
};

static bool
state_is(const char *state, const char *wanted)
{
    return state != NULL && strcmp(state, wanted) == 0;
}

static enum status
measures_in_state(struct cli *c, const char *state, Pb__ListMeasuresReply **ret_reply,
                  struct fault *f)
{
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.state = cli_field(state);
    list.has_limit = true;
    list.limit = LIMIT_TABLE_ROWS;
    enum status status =
        cli_query(c, "rectify.v1.MeasureService/ListMeasures", &list.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__ListMeasuresReply *)message;
    }
    return status;
}

static enum status
sign_for_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListMeasuresReply *reply = NULL;
    enum status status = measures_in_state(c, "ASSIGNED", &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    t->sign_for = reply->measures;
    for (size_t i = 0; i < reply->n_measures; i++) {
        Pb__Measure *m = reply->measures[i];
        if (view_owns(c, t->who, m->problem_lead_unit) || view_owns(c, t->who, m->lead_unit)) {
            t->sign_for[t->sign_for_count++] = m; /* packed to the front */
        }
    }
    return STATUS_OK;
}

static enum status
claims_load(struct cli *c, struct todo *t, struct fault *f)
{
    static const char *const states[] = {"EFFECT_CLAIMED", "COMPLETE_CLAIMED"};
    t->claims = arena_array(&c->arena, 2 * LIMIT_TABLE_ROWS, sizeof(Pb__Measure *));
    for (size_t i = 0; i < 2; i++) {
        Pb__ListMeasuresReply *reply = NULL;
        enum status status = measures_in_state(c, states[i], &reply, f);
        if (status != STATUS_OK || t->claims == NULL) {
            return status != STATUS_OK ? status : cli_memory_fault(f);
        }
        for (size_t j = 0; j < reply->n_measures && j < LIMIT_TABLE_ROWS; j++) {
            t->claims[t->claim_count++] = reply->measures[j];
        }
    }
    return STATUS_OK;
}

static enum status
tables_load(struct cli *c, struct todo *t, bool unit, bool office, struct fault *f)
{
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.TableService/ListTables", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListTablesReply *reply = (const Pb__ListTablesReply *)message;
    t->owed = arena_array(&c->arena, reply->n_tables, sizeof(Pb__Table *));
    t->submitted = arena_array(&c->arena, reply->n_tables, sizeof(Pb__Table *));
    t->confirming = arena_array(&c->arena, reply->n_tables, sizeof(Pb__Table *));
    if (t->owed == NULL || t->submitted == NULL || t->confirming == NULL) {
        return cli_memory_fault(f);
    }
    for (size_t i = 0; i < reply->n_tables; i++) {
        Pb__Table *one = reply->tables[i];
        bool returned = state_is(one->state, "RETURNED");
        if (unit && tables_owed(one) && view_owns(c, t->who, one->org)) {
            t->owed[t->owed_count++] = one;
            t->returned_count += returned ? 1 : 0;
        } else if (tables_confirming(one) && view_has_role(t->who, "REVIEWER") &&
                   view_owns(c, t->who, one->org)) {
            t->confirming[t->confirming_count++] = one;
        } else if (office && tables_waiting(one)) {
            t->submitted[t->submitted_count++] = one;
        }
    }
    return STATUS_OK;
}

static enum status
drafts_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.InspectionService/ListInspections", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListInspectionsReply *reply = (const Pb__ListInspectionsReply *)message;
    t->drafts = reply->inspections;
    for (size_t i = 0; i < reply->n_inspections; i++) {
        if (state_is(reply->inspections[i]->plan_state, "DRAFT")) {
            t->drafts[t->draft_count++] = reply->inspections[i]; /* packed to the front */
        }
    }
    return STATUS_OK;
}

static enum status
matters_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListMattersRequest list = PB__LIST_MATTERS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.has_mine = list.mine = true;
    enum status status =
        cli_query(c, "rectify.v1.MatterService/ListMatters", &list.base, &message, f);
    if (status == STATUS_OK) {
        const Pb__ListMattersReply *reply = (const Pb__ListMattersReply *)message;
        t->matters = reply->matters;
        t->matter_count = reply->n_matters;
    }
    return status;
}

/* What waits for the office, or came back to the unit. */
static enum status
outcomes_load(struct cli *c, struct todo *t, bool office, struct fault *f)
{
    Pb__ListOutcomesRequest list = PB__LIST_OUTCOMES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.state = cli_field(office ? "RECORDED" : "RETURNED");
    list.has_limit = true;
    list.limit = LIMIT_LIST_ROWS;
    enum status status =
        cli_query(c, "rectify.v1.OutcomeService/ListOutcomes", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListOutcomesReply *reply = (const Pb__ListOutcomesReply *)message;
    t->outcomes = reply->outcomes;
    for (size_t i = 0; i < reply->n_outcomes; i++) {
        if (office || view_owns(c, t->who, reply->outcomes[i]->recorded_by)) {
            t->outcomes[t->outcome_count++] = reply->outcomes[i]; /* packed to the front */
        }
    }
    return STATUS_OK;
}

static enum status
alerts_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListAlertsRequest list = PB__LIST_ALERTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.has_open = true;
    list.open = true;
    enum status status =
        cli_query(c, "rectify.v1.AlertService/ListAlerts", &list.base, &message, f);
    if (status == STATUS_OK) {
        const Pb__ListAlertsReply *reply = (const Pb__ListAlertsReply *)message;
        t->alerts = reply->alerts;
        t->alert_count = reply->n_alerts;
    }
    return status;
}

/* A role that may not read something has nothing to do there. */
static enum status
denied_is_empty(enum status status)
{
    return status == STATUS_PERMISSION_DENIED ? STATUS_OK : status;
}

static enum status
todo_load(struct cli *c, struct todo *t, struct fault *f)
{
    enum status status = view_whoami(c, &t->who, f);
    if (status != STATUS_OK) {
        return status;
    }
    bool unit =
        view_has_role(t->who, "PLEAD") || view_has_role(t->who, "MLEAD") || c->on_behalf_of != NULL;
    bool own = c->on_behalf_of == NULL; /* else only what the unit has to do */
    bool office = own && view_has_role(t->who, "OFFICE");
    if (unit) {
        status = denied_is_empty(sign_for_load(c, t, f));
    }
    if (status == STATUS_OK && office) {
        status = denied_is_empty(claims_load(c, t, f));
    }
    if (status == STATUS_OK && (unit || office)) {
        status = denied_is_empty(tables_load(c, t, unit, office, f));
    }
    if (status == STATUS_OK && (unit || office)) {
        status = denied_is_empty(outcomes_load(c, t, office, f));
    }
    if (status == STATUS_OK && own && view_has_role(t->who, "LGROUP")) {
        status = denied_is_empty(drafts_load(c, t, f));
    }
    if (status == STATUS_OK && own) {
        status = denied_is_empty(matters_load(c, t, f));
    }
    if (status == STATUS_OK && own) {
        status = denied_is_empty(alerts_load(c, t, f));
    }
    return status;
}

/* ---- printing ---- */

static enum status
part_append(json_t *object, const char *name, ProtobufCMessage *const *messages, size_t n,
            struct fault *f)
{
    json_t *list = json_array();
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        json_t *one = NULL;
        status = json_from_message(messages[i], &one, f);
        if (status == STATUS_OK && json_array_append_new(list, one) != 0) {
            status = cli_memory_fault(f);
        }
    }
    if (json_object_set_new(object, name, list) != 0 && status == STATUS_OK) {
        status = cli_memory_fault(f);
    }
    return status;
}

static enum status
todo_print_json(struct cli *c, const struct todo *t, struct fault *f)
{
    const struct {
        const char *name;
        void *messages;
        size_t n;
    } parts[] = {
        {"sign_for", t->sign_for, t->sign_for_count},
        {"tables_owed", t->owed, t->owed_count},
        {"tables_to_confirm", t->confirming, t->confirming_count},
        {"claims_to_decide", t->claims, t->claim_count},
        {"tables_to_decide", t->submitted, t->submitted_count},
        {"plans_to_approve", t->drafts, t->draft_count},
        {"matters", t->matters, t->matter_count},
        {"outcomes", t->outcomes, t->outcome_count},
        {"alerts", t->alerts, t->alert_count},
    };
    json_t *object = json_object();
    enum status status = object != NULL ? STATUS_OK : cli_memory_fault(f);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0] && status == STATUS_OK; i++) {
        status = part_append(object, parts[i].name, parts[i].messages, parts[i].n, f);
    }
    if (status == STATUS_OK) {
        (void)json_dumpf(object, c->out, JSON_INDENT(2));
        (void)fputc('\n', c->out);
    }
    json_decref(object);
    return status;
}

static void
heading(struct cli *c, const char *title, size_t n, const char *unit)
{
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "【%s】%zu %s\n", title, n, unit);
    }
}

static enum status
todo_print(struct cli *c, const struct todo *t, struct fault *f)
{
    enum status status = STATUS_OK;
    if (t->sign_for_count > 0) {
        heading(c, "待签收", t->sign_for_count, "条措施");
        status = view_measures(c, t->sign_for, t->sign_for_count, f);
    }
    if (status == STATUS_OK && t->owed_count > 0) {
        heading(c, "待报送的汇总表", t->owed_count, "张");
        status = view_tables(c, t->owed, t->owed_count, f);
    }
    if (status == STATUS_OK && t->confirming_count > 0) {
        heading(c, "待您确认的汇总表", t->confirming_count, "张");
        status = view_tables(c, t->confirming, t->confirming_count, f);
    }
    if (status == STATUS_OK && t->submitted_count > 0) {
        heading(c, "待审核的汇总表", t->submitted_count, "张");
        status = view_tables(c, t->submitted, t->submitted_count, f);
    }
    if (status == STATUS_OK && t->claim_count > 0) {
        heading(c, "待认定的申请", t->claim_count, "项");
        status = view_measures(c, t->claims, t->claim_count, f);
    }
    for (size_t i = 0; i < t->draft_count; i++) {
        (void)fprintf(c->out, "【待批准的方案】%s %s\n", cli_text(c, t->drafts[i]->code),
                      cli_text(c, t->drafts[i]->name));
    }
    if (status == STATUS_OK && t->who->pending_grants > 0) {
        heading(c, "待批准的授权", (size_t)t->who->pending_grants, "项");
    }
    if (status == STATUS_OK && t->matter_count > 0) {
        heading(c, "待办的会商、延期、督办等", t->matter_count, "件");
        status = view_matters(c, t->matters, t->matter_count, f);
    }
    if (status == STATUS_OK && t->outcome_count > 0) {
        heading(c, "待核实或被退回的成效", t->outcome_count, "项");
        status = view_outcomes(c, t->outcomes, t->outcome_count, f);
    }
    if (status == STATUS_OK && t->alert_count > 0) {
        heading(c, "未确认的预警", t->alert_count, "条");
        status = view_alerts(c, t->alerts, t->alert_count, f);
    }
    return status;
}

static bool
nothing_waits(const struct todo *t)
{
    return t->sign_for_count + t->owed_count + t->confirming_count + t->submitted_count +
               t->claim_count + t->draft_count + t->matter_count + t->outcome_count +
               t->alert_count + (size_t)t->who->pending_grants ==
           0;
}

/* What to type next: one line for each kind of work. */
static void
next_print(struct cli *c, const struct todo *t)
{
    if (nothing_waits(t)) {
        (void)fputs("现在没有要办的事。\n", c->out);
        return;
    }
    (void)fputs("\n下一步：\n", c->out);
    const char *mark = c->on_behalf_of != NULL ? " --for " : "";
    const char *unit = c->on_behalf_of != NULL ? c->on_behalf_of : "";
    if (t->sign_for_count > 0) {
        (void)fprintf(c->out,
                      "  rectify sign-for --all%s%s                     签收全部待签收的措施\n",
                      mark, unit);
    }
    if (t->returned_count > 0) {
        (void)fprintf(c->out,
                      "  rectify table show%s%s                         查看被退回的行和原因\n",
                      mark, unit);
    }
    if (t->owed_count > 0) {
        (void)fprintf(c->out,
                      "  rectify table export --out 汇总表.csv%s%s      导出最早欠报的表，填好后\n"
                      "  rectify table submit 汇总表.csv%s%s            报送；没有新进展的，直接\n"
                      "  rectify table submit --unchanged%s%s           报送\n",
                      mark, unit, mark, unit, mark, unit);
    }
    if (t->confirming_count > 0) {
        (void)fprintf(
            c->out,
            "  rectify table confirm %s/%s                 确认并报送（先 table show 看）\n",
            cli_text(c, t->confirming[0]->org), cli_text(c, t->confirming[0]->period));
    }
    if (t->submitted_count > 0) {
        (void)fprintf(c->out,
                      "  rectify table show %s/%s                    看报送的内容\n"
                      "  rectify office table decide %s/%s --accept-all   审核（或 --row 逐行）\n",
                      cli_text(c, t->submitted[0]->org), cli_text(c, t->submitted[0]->period),
                      cli_text(c, t->submitted[0]->org), cli_text(c, t->submitted[0]->period));
    }
    if (t->claim_count > 0) {
        (void)fprintf(
            c->out,
            "  rectify office measure confirm %s               认定（或 office measure return）\n",
            cli_text(c, t->claims[0]->ref));
    }
    if (t->draft_count > 0) {
        (void)fprintf(c->out, "  rectify office plan approve --inspection %s     批准方案\n",
                      cli_text(c, t->drafts[0]->code));
    }
    if (t->who->pending_grants > 0) {
        (void)fputs(view_has_role(t->who, "GRANT")
                        ? "  rectify grant list --state PROPOSED            看清后 rectify grant "
                          "approve 授权号…\n"
                        : "  rectify grant list --state PROPOSED            等授权管理员批准\n",
                    c->out);
    }
    if (t->matter_count > 0) {
        (void)fprintf(c->out,
                      "  rectify matter show %s                    看内容和现在可以办什么\n",
                      cli_text(c, t->matters[0]->ref));
    }
    if (t->outcome_count > 0) {
        (void)fprintf(c->out,
                      "  rectify outcome show %s                   看内容、材料和退回的理由\n",
                      cli_text(c, t->outcomes[0]->ref));
    }
    if (t->alert_count > 0) {
        (void)fputs("  rectify alert ack --all                    确认知悉全部预警\n", c->out);
    }
}

enum status
cmd_todo(struct cli *c, const struct line *line, struct fault *f)
{
    struct todo t = {.who = NULL};
    (void)line;
    enum status status = todo_load(c, &t, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return todo_print_json(c, &t, f);
    }
    status = todo_print(c, &t, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        next_print(c, &t);
    }
    return status;
}
