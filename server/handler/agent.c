/* AgentService: heartbeats of the machines, and the office's board of them. */
#include "server/handler/agent.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/agent.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/agent.h"
#include "server/service/role.h"

enum { VERSION_BYTES = 64, COUNT_MAX = 1000000000 };

/* ---- ReportAgent ---- */

struct report {
    struct agent_record before;
    struct agent_record heard;
    bool write;
};

static void
report_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "agent", call->envelope->machine == NULL ? "" : call->envelope->machine);
}

static int
report_load(struct call *call, struct db_queue *q)
{
    const Pb__ReportAgentRequest *r = REQUEST(call, Pb__ReportAgentRequest);
    struct report *report = arena_alloc(call->arena, sizeof *report);
    call->data = report;
    if (report == NULL) {
        return handler_no_memory(call);
    }
    if (!uuid_text_valid(r->instance)) {
        return fault_set_field(&call->fault, "instance", "BAD_ID",
                               "instance 应为 UUID（小写，36 个字符）：请升级本机程序。");
    }
    enum status s = check_text(call, "version", r->version, VERSION_BYTES, false);
    if (s == STATUS_OK) {
        s = check_text(call, "os", r->os, LIMIT_NAME_BYTES, false);
    }
    return s == STATUS_OK
               ? agent_queue_lock(q, call->who->tenant, call->who->machine_id, &report->before)
               : s;
}

static int32_t
capped(uint32_t count)
{
    return count > COUNT_MAX ? COUNT_MAX : (int32_t)count;
}

static enum status
report_decide(struct call *call)
{
    const Pb__ReportAgentRequest *r = REQUEST(call, Pb__ReportAgentRequest);
    struct report *report = call->data;
    Pb__ReportAgentReply *reply = call_message(call, &pb__report_agent_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    report->heard = (struct agent_record){
        .instance = r->instance,
        .version = r->version == NULL ? "" : r->version,
        .os = r->os == NULL ? "" : r->os,
        .queued = capped(r->queued),
        .unknown = capped(r->unknown),
        .attention = capped(r->attention),
        /* Told by the machine's clock, kept by ours. */
        .oldest_queued_ms =
            r->has_oldest_queued_at_ms ? r->oldest_queued_at_ms - r->clock_difference_ms : 0,
        .certificate_not_after_ms = r->certificate_not_after_ms,
        .has_clock_difference = r->has_clock_difference_ms,
        .clock_difference_ms = r->clock_difference_ms,
        .logged_in = r->logged_in,
    };
    report->write = agent_heard(&report->before, &report->heard, call->now_ms);
    reply->has_again_in_ms = 1;
    reply->again_in_ms = LIMIT_AGENT_REPORT_MS;
    call->no_event = true;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
report_effects(struct call *call, struct db_queue *q)
{
    const struct report *report = call->data;
    return report->write
               ? agent_queue_write(q, call->who->tenant, call->who->machine_id, &report->heard)
               : STATUS_OK;
}

/* ---- ListAgents ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListAgentsRequest *r = REQUEST(call, Pb__ListAgentsRequest);
    struct agent_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    return list == NULL ? (int)handler_no_memory(call)
                        : (int)agent_queue_list(q, call->who->tenant, r->org, r->revoked,
                                                LIMIT_LIST_ROWS + 1, list);
}

/* What the agent itself said last. */
static void
fill_heard(Pb__Agent *out, const struct agent_record *g, int64_t now_ms)
{
    if (g->instance == NULL) {
        return;
    }
    out->has_queued = out->has_unknown = out->has_attention = out->has_logged_in = 1;
    out->queued = (uint32_t)g->queued;
    out->unknown = (uint32_t)g->unknown;
    out->attention = (uint32_t)g->attention;
    out->logged_in = g->logged_in;
    out->has_oldest_age_ms = g->oldest_queued_ms != 0;
    out->oldest_age_ms = g->oldest_queued_ms < now_ms ? now_ms - g->oldest_queued_ms : 0;
    out->version = wire_text(g->version);
    out->os = wire_text(g->os);
    out->has_clock_difference_ms = g->has_clock_difference;
    out->clock_difference_ms = g->clock_difference_ms;
    out->has_cloned_seen_ms = g->cloned_ms != 0;
    out->cloned_seen_ms = g->cloned_ms;
}

static Pb__Agent *
agent_message(struct call *call, const struct agent_row *row)
{
    static const Pb__Light lights[] = {[AGENT_GREEN] = PB__LIGHT__NORMAL,
                                       [AGENT_YELLOW] = PB__LIGHT__DUE_SOON,
                                       [AGENT_RED] = PB__LIGHT__OVERDUE};
    const struct agent_verdict verdict = agent_judge(row, call->now_ms);
    Pb__Agent *out = call_message(call, &pb__agent__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->org = wire_text(row->org_code);
    out->org_name = wire_text(row->org_name);
    out->machine = wire_text(row->machine_id);
    out->label = wire_text(row->label);
    out->account = wire_text(row->account);
    out->state = wire_text(verdict.state);
    out->state_zh = wire_text(verdict.state_zh);
    out->has_light = 1;
    out->light = lights[verdict.light];
    out->hint = wire_text(verdict.hint);
    out->has_cloned = row->machine_id != NULL;
    out->cloned = verdict.cloned;
    out->last_seen_ms = agent_last_seen_ms(row);
    out->has_last_seen_ms = out->last_seen_ms != 0;
    out->certificate_not_after_ms = agent_certificate_end_ms(row);
    out->has_certificate_not_after_ms = out->certificate_not_after_ms != 0;
    out->has_enrolled_at_ms = row->machine_id != NULL;
    out->enrolled_at_ms = row->enrolled_ms;
    fill_heard(out, &row->agent, call->now_ms);
    return out;
}

static enum status
list_decide(struct call *call)
{
    const struct agent_list *list = call->data;
    Pb__ListAgentsReply *reply = call_message(call, &pb__list_agents_reply__descriptor);
    size_t shown = list->count < LIMIT_LIST_ROWS ? list->count : LIMIT_LIST_ROWS;
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->agents = arena_array(call->arena, shown, sizeof *reply->agents);
    for (size_t i = 0; reply->agents != NULL && i < shown; i++) {
        reply->agents[i] = agent_message(call, &list->items[i]);
        if (reply->agents[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_agents++;
    }
    reply->has_more = list->count > shown;
    reply->more = list->count > shown;
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.AgentService/ReportAgent",
     .kind = METHOD_COMMAND,
     .auth = AUTH_MACHINE,
     .flags = HANDLER_PASSING,
     .request = &pb__report_agent_request__descriptor,
     .reply = &pb__report_agent_reply__descriptor,
     .subjects = report_subjects,
     .load = report_load,
     .decide = report_decide,
     .effects = report_effects},
    {.method = "rectify.v1.AgentService/ListAgents",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_ADMIN | ROLE_OFFICE | ROLE_LGROUP,
     .request = &pb__list_agents_request__descriptor,
     .reply = &pb__list_agents_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
};

const struct handler_table agent_handler_table = {rows, sizeof rows / sizeof rows[0]};
