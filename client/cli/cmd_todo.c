/* What waits for the caller: asked for part by part, each only where a role has to do with it. */
#include "client/cli/handlers.h"
#include "client/cli/queue.h"
#include "client/cli/tables.h"
#include "client/cli/todo.h"
#include "client/cli/view.h"
#include "proto/base/limits.h"

#include <string.h>

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
            return status != STATUS_OK ? status : fault_memory(f);
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
        return fault_memory(f);
    }
    for (size_t i = 0; i < reply->n_tables; i++) {
        Pb__Table *one = reply->tables[i];
        bool returned = state_is(one->state, "RETURNED");
        if (unit && tables_owed(one) && view_owns(c, t->who, one->org)) {
            t->owed[t->owed_count++] = one;
            t->returned = returned && t->returned == NULL ? one : t->returned;
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
inspections_load(struct cli *c, Pb__ListInspectionsReply **ret_reply, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.InspectionService/ListInspections", &empty.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__ListInspectionsReply *)message;
    }
    return status;
}

/* Does the draft wait for the opinion of a body the caller sits in? */
static bool
review_waits(const struct cli *c, const struct todo *t, const Pb__PlanVersion *v)
{
    for (size_t i = 0; state_is(v->state, "REVIEW") && i < v->n_opinions; i++) {
        const Pb__PlanOpinion *o = v->opinions[i];
        if (o->needed && view_owns(c, t->who, o->body) &&
            (o->stale || o->verdict == PB__VERDICT__PENDING)) {
            return true;
        }
    }
    return false;
}

static enum status
reviews_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListInspectionsReply *list = NULL;
    enum status status = inspections_load(c, &list, f);
    for (size_t i = 0; status == STATUS_OK && i < list->n_inspections; i++) {
        Pb__PlanRequest get = PB__PLAN_REQUEST__INIT;
        ProtobufCMessage *message = NULL;
        get.inspection = list->inspections[i]->code;
        status = cli_query(c, "rectify.v1.PlanService/GetPlan", &get.base, &message, f);
        const Pb__GetPlanReply *plan = (const Pb__GetPlanReply *)message;
        for (size_t k = 0; status == STATUS_OK && k < plan->n_versions; k++) {
            Pb__PlanVersion **place = NULL;
            if (!review_waits(c, t, plan->versions[k])) {
                continue;
            }
            place = arena_grow(&c->arena, &t->reviews, t->review_count, &t->review_capacity,
                               sizeof(Pb__PlanVersion *));
            if (place == NULL) {
                return fault_memory(f);
            }
            *place = plan->versions[k];
            t->review_count++;
        }
    }
    return status;
}

static enum status
closings_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListProblemsRequest list = PB__LIST_PROBLEMS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.ProblemService/ListProblems", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListProblemsReply *reply = (const Pb__ListProblemsReply *)message;
    t->closings = reply->problems;
    for (size_t i = 0; i < reply->n_problems; i++) {
        if (state_is(reply->problems[i]->state, "CLOSE_APPLIED")) {
            t->closings[t->closing_count++] = reply->problems[i]; /* packed to the front */
        }
    }
    return STATUS_OK;
}

/* Does a problem on the sitting's list wait for the caller's body? */
static enum status
sitting_waits(struct cli *c, char *ref, bool *ret_waits, struct fault *f)
{
    Pb__GetSittingRequest get = PB__GET_SITTING_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.ref = ref;
    enum status status =
        cli_query(c, "rectify.v1.SittingService/GetSitting", &get.base, &message, f);
    const Pb__GetSittingReply *reply = (const Pb__GetSittingReply *)message;
    for (size_t i = 0; status == STATUS_OK && i < reply->n_rows; i++) {
        *ret_waits = *ret_waits || reply->rows[i]->yours;
    }
    return status;
}

static enum status
sittings_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListSittingsRequest list = PB__LIST_SITTINGS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.SittingService/ListSittings", &list.base, &message, f);
    const Pb__ListSittingsReply *reply = (const Pb__ListSittingsReply *)message;
    for (size_t i = 0; status == STATUS_OK && i < reply->n_sittings; i++) {
        Pb__Sitting *one = reply->sittings[i];
        bool waits = false;
        if (state_is(one->state, "OPEN") && one->pending > 0) {
            status = sitting_waits(c, one->ref, &waits, f);
        }
        t->sittings = reply->sittings;
        if (waits) {
            t->sittings[t->sitting_count++] = one; /* packed to the front */
        }
    }
    return status;
}

static enum status
drafts_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListInspectionsReply *reply = NULL;
    enum status status = inspections_load(c, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    t->drafts = reply->inspections;
    for (size_t i = 0; i < reply->n_inspections; i++) {
        if (state_is(reply->inspections[i]->plan_state, "DRAFT")) {
            t->drafts[t->draft_count++] = reply->inspections[i]; /* packed to the front */
        }
    }
    return STATUS_OK;
}

/* Does the publication wait for the leading group, or for the editor and the office? */
static bool
publication_waits(const struct todo *t, const Pb__Publication *p)
{
    bool returned = state_is(p->state, "DRAFT") && p->reason != NULL;
    bool editor = view_has_role(t->who, "PUBL") || view_has_role(t->who, "OFFICE");
    return (view_has_role(t->who, "LGROUP") && state_is(p->state, "CHECKED")) ||
           (editor && (returned || state_is(p->state, "APPROVED")));
}

static enum status
publications_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListPublicationsRequest list = PB__LIST_PUBLICATIONS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.PublicationService/ListPublications", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListPublicationsReply *reply = (const Pb__ListPublicationsReply *)message;
    t->publications = reply->publications;
    for (size_t i = 0; i < reply->n_publications; i++) {
        if (publication_waits(t, reply->publications[i])) {
            t->publications[t->publication_count++] = reply->publications[i]; /* to the front */
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

static bool
matter_stands(const struct todo *t, const Pb__Matter *one)
{
    for (size_t i = 0; i < t->matter_count; i++) {
        if (state_is(t->matters[i]->ref, one->ref)) {
            return true;
        }
    }
    return false;
}

/* What the unit asked for and others have in hand: it wants to know how that stands. */
static enum status
asked_load(struct cli *c, struct todo *t, struct fault *f)
{
    Pb__ListMattersRequest list = PB__LIST_MATTERS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.kind = cli_field("consultation");
    list.has_open = list.open = true;
    enum status status =
        cli_query(c, "rectify.v1.MatterService/ListMatters", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListMattersReply *reply = (const Pb__ListMattersReply *)message;
    t->asked = reply->matters;
    for (size_t i = 0; i < reply->n_matters; i++) {
        Pb__Matter *one = reply->matters[i];
        if (view_owns(c, t->who, one->unit) && !matter_stands(t, one)) {
            t->asked[t->asked_count++] = one; /* packed to the front */
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

static bool
unit_is(const Pb__WhoAmIReply *who)
{
    static const char *const roles[] = {"PLEAD", "MLEAD", "PART", "FILLER", "REVIEWER", "HEAD"};
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        if (view_has_role(who, roles[i])) {
            return true;
        }
    }
    return false;
}

/* What waits for the office, the leading group and the bodies that judge. */
static enum status
bodies_load(struct cli *c, struct todo *t, struct fault *f)
{
    enum status status = STATUS_OK;
    bool office = view_has_role(t->who, "OFFICE");
    bool group = view_has_role(t->who, "LGROUP");
    bool body = view_has_role(t->who, "DISC") || view_has_role(t->who, "ORGD") ||
                view_has_role(t->who, "SGROUP");
    if (office) {
        status = denied_is_empty(closings_load(c, t, f));
    }
    if (status == STATUS_OK && group) {
        status = denied_is_empty(drafts_load(c, t, f));
    }
    if (status == STATUS_OK && (body || group)) {
        status = denied_is_empty(reviews_load(c, t, f));
    }
    if (status == STATUS_OK && (body || group || office)) {
        status = denied_is_empty(sittings_load(c, t, f));
    }
    if (status == STATUS_OK && (group || office || view_has_role(t->who, "PUBL"))) {
        status = denied_is_empty(publications_load(c, t, f));
    }
    return status;
}

static enum status
todo_load(struct cli *c, struct todo *t, struct fault *f)
{
    enum status status = view_whoami(c, &t->who, f);
    if (status != STATUS_OK) {
        return status;
    }
    bool own = c->on_behalf_of == NULL; /* else only what the unit has to do */
    bool office = own && view_has_role(t->who, "OFFICE");
    bool unit = t->unit = unit_is(t->who) || !own;
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
    if (status == STATUS_OK && own) {
        status = bodies_load(c, t, f);
    }
    if (status == STATUS_OK && own) {
        status = denied_is_empty(matters_load(c, t, f));
    }
    if (status == STATUS_OK && unit) {
        status = denied_is_empty(asked_load(c, t, f));
    }
    if (status == STATUS_OK && own) {
        status = denied_is_empty(alerts_load(c, t, f));
    }
    return status;
}

enum status
cmd_todo(struct cli *c, const struct line *line, struct fault *f)
{
    struct todo t = {.who = NULL};
    (void)line;
    enum status status = todo_load(c, &t, f);
    if (status == STATUS_OK) {
        status = todo_print(c, &t, f);
    }
    if (c->profile.name != NULL) {
        queue_summary_print(c); /* also when the server cannot be reached */
    }
    return status;
}
