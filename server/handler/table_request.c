#include "server/handler/table_request.h"

#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/request_check.h"
#include "server/store/settings.h"

static const struct {
    enum workflow_id machine;
    const char *code;
} kinds[TABLE_ASK_KINDS] = {
    {WORKFLOW_CONSULTATION, "consultation"},
    {WORKFLOW_EXTENSION, "extension"},
};

void
table_asks_subjects(struct subject_set *set)
{
    for (size_t k = 0; k < TABLE_ASK_KINDS; k++) {
        subject_add(set, "matter_counter", kinds[k].code);
    }
}

enum status
table_asks_load(struct call *call, struct db_queue *q, const struct table_record *t,
                const struct measure_list *measures, struct table_asks *asks)
{
    int tenant = call->who->tenant;
    struct text_list ids = {0};
    for (size_t i = 0; i < measures->count; i++) {
        if (!text_list_add(&ids, call->arena, measures->items[i].id)) {
            return handler_no_memory(call);
        }
    }
    asks->loaded = true;
    asks->concentrated_end = NO_DATE;
    enum status s = org_queue_all(q, tenant, &asks->orgs);
    if (s == STATUS_OK) {
        s = calendar_queue_read(q, tenant, &asks->calendar);
    }
    /* The counters always in the same order, so that two commands never wait for each other. */
    for (size_t k = 0; s == STATUS_OK && k < TABLE_ASK_KINDS; k++) {
        s = matter_counter_queue_take(q, tenant, kinds[k].code, &asks->last[k]);
    }
    if (s == STATUS_OK) {
        s = matter_queue_of_measures(q, tenant, "extension", &ids, call->arena, &asks->extensions);
    }
    return s == STATUS_OK
               ? matter_queue_concentrated_end(q, tenant, t->inspection_id, &asks->concentrated_end)
               : s;
}

/* What the matter's own request would say. */
static Pb__MatterInput *
input_of(struct call *call, const struct table_request *request)
{
    char day[DAY_TEXT_SIZE];
    Pb__MatterInput *in = call_message(call, &pb__matter_input__descriptor);
    if (in == NULL) {
        return NULL;
    }
    in->measure_ref = wire_text(request->row->before->ref);
    if (request->kind == TABLE_ASKS_HELP) {
        in->text = wire_text(request->text);
        return in;
    }
    in->has_milestone = 1;
    in->milestone = (Pb__MilestoneKind)request->milestone;
    in->new_due = arena_strdup(call->arena, day_print(request->new_due, day));
    in->reason_code = arena_strdup(call->arena, "OTHER");
    in->reason = wire_text(request->text);
    return in->new_due == NULL || in->reason_code == NULL ? NULL : in;
}

/* After its day an extension is asked for late: the overdue days stay counted. */
static const char *
command_of(struct call *call, const struct table_request *request)
{
    if (request->kind == TABLE_ASKS_HELP) {
        return COMMAND_OPEN;
    }
    const struct milestone_record *ms = &request->row->before->milestones[request->milestone - 1];
    return ms->current_due < call->today ? "submit_late" : COMMAND_SUBMIT;
}

static enum status
open_one(struct call *call, const struct table_outcome *outcome,
         const struct table_request *request, struct table_asks *asks)
{
    size_t k = request->kind == TABLE_ASKS_HELP ? 0 : 1;
    struct matter_case *mc = &asks->cases[asks->count];
    struct matter_outcome *opened = &asks->opened[asks->count];
    struct matter_order order;
    const char *command = command_of(call, request);
    Pb__MatterInput *in = input_of(call, request);
    int32_t last = asks->last[k] + asks->given[k];
    if (in == NULL) {
        return handler_no_memory(call);
    }
    *mc = (struct matter_case){
        .kind = kinds[k].machine,
        .place.unit = {outcome->next.org_id, outcome->next.org},
        .measure = request->row->before,
        .orgs = &asks->orgs,
        .related = &asks->extensions,
        .calendar = &asks->calendar,
        .concentrated_end = asks->concentrated_end,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    enum status s = matter_order_open(call, mc->kind, command, in, &last, &order);
    if (s == STATUS_OK) {
        s = matter_step(mc, &order, call->arena, opened, &call->fault);
    }
    asks->given[k]++;
    asks->count++;
    return s == STATUS_OK ? matter_record_change(call, mc, opened, command) : s;
}

enum status
table_asks_decide(struct call *call, const struct table_outcome *outcome, struct table_asks *asks)
{
    struct table_request_list requests;
    if (!table_requests(outcome, call->arena, &requests)) {
        return handler_no_memory(call);
    }
    asks->count = 0;
    asks->given[0] = asks->given[1] = 0;
    asks->cases = arena_array(call->arena, requests.count, sizeof *asks->cases);
    asks->opened = arena_array(call->arena, requests.count, sizeof *asks->opened);
    if (asks->cases == NULL || asks->opened == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    if (requests.count > 0 && !asks->loaded) {
        return fault_set(&call->fault, STATUS_INTERNAL, "ASKS_NOT_LOADED",
                         "求助或延期没有读到办理所需的内容，请稍后重报。");
    }
    for (size_t i = 0; s == STATUS_OK && i < requests.count; i++) {
        s = open_one(call, outcome, &requests.items[i], asks);
    }
    return s;
}

enum status
table_asks_effects(struct call *call, struct db_queue *q, const struct table_asks *asks)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < asks->count; i++) {
        s = matter_write(call, q, &asks->cases[i], &asks->opened[i]);
    }
    for (size_t k = 0; s == STATUS_OK && k < TABLE_ASK_KINDS; k++) {
        if (asks->given[k] > 0) {
            s = matter_counter_queue_set(q, call->who->tenant, kinds[k].code,
                                         asks->last[k] + asks->given[k]);
        }
    }
    return s;
}
