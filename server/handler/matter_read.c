/* MatterService: lists, one matter, what may be done, the share of claims found true. */
#include "server/handler/matter.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

enum { LIST_DEFAULT = 500 };

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* ---- ListMatters ---- */

struct list_call {
    struct matter_filter filter;
    struct matter_list found;
    int32_t limit;
};

int
list_matters_load(struct call *call, struct db_queue *q)
{
    const Pb__ListMattersRequest *r = REQUEST(call, Pb__ListMattersRequest);
    struct list_call *c = arena_alloc(call->arena, sizeof *c);
    struct text_list final = {0};
    if (c == NULL || !matter_final_states(&final, call->arena)) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    c->limit = r->has_limit ? r->limit : LIST_DEFAULT;
    if (c->limit < 1 || c->limit > LIMIT_LIST_ROWS) {
        return (int)fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                                    "每次最多列出 1 至 %d 条，请改 limit。", LIMIT_LIST_ROWS);
    }
    if (given(r->kind) != NULL && matter_kind_by_code(r->kind) == NULL) {
        return (int)fault_set_field(&call->fault, "kind", "MATTER_KIND",
                                    "没有“%s”这一类事项，请核对。", r->kind);
    }
    c->filter = (struct matter_filter){
        .kind = given(r->kind),
        .state = given(r->state),
        .unit = given(r->unit),
        .measure_ref = given(r->measure_ref),
        .holder = given(r->holder),
        .inspection = given(r->inspection),
        .after_ref = given(r->after_ref),
        .mine = r->has_mine && r->mine ? call->who->org_id : NULL,
        .overdue = r->has_overdue && r->overdue,
        .open = r->has_open && r->open,
        .final_states = text_list_literal(&final, call->arena),
        .as_of = call->today,
        .limit = c->limit + 1,
    };
    return (int)matter_queue_list(q, call->who->tenant, &c->filter, &c->found);
}

enum status
list_matters_decide(struct call *call)
{
    struct list_call *c = call->data;
    Pb__ListMattersReply *reply = call_message(call, &pb__list_matters_reply__descriptor);
    bool more = c->found.count > (size_t)c->limit;
    size_t n = more ? (size_t)c->limit : c->found.count;
    Pb__Matter **list = arena_array(call->arena, n, sizeof *list);
    if (reply == NULL || list == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < n; i++) {
        list[i] = matter_message(&c->found.items[i], call->today, call->arena);
        if (list[i] == NULL) {
            return handler_no_memory(call);
        }
    }
    reply->matters = list;
    reply->n_matters = n;
    reply->has_more = 1;
    reply->more = more;
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- GetMatter ---- */

static int
first_round(struct call *call, struct db_queue *q)
{
    const Pb__GetMatterRequest *r = REQUEST(call, Pb__GetMatterRequest);
    struct matter_call *c = matter_call_new(call, WORKFLOW_CONSULTATION);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s =
        matter_queue_get(q, call->who->tenant, r->ref == NULL ? "" : r->ref, false, &c->found);
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &c->orgs);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
get_matter_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return first_round(call, q);
    }
    struct matter_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = matter_found(call, REQUEST(call, Pb__GetMatterRequest)->ref);
    if (s == STATUS_OK) {
        s = matter_task_queue_of(q, tenant, c->mc.matter->id, &c->tasks);
    }
    if (s == STATUS_OK) {
        s = matter_sample_queue_of(q, tenant, c->mc.matter->id, &c->samples);
    }
    if (s == STATUS_OK) {
        s = matter_private_queue_of(q, tenant, c->mc.matter->id, &c->private_texts);
    }
    return s == STATUS_OK ? (int)history_queue(q, tenant, c->mc.matter->id, &c->history) : (int)s;
}

/* Private texts: the database gives only the reader's own, and none to an administrator (三员) who
 * is seated there; asked again here. */
static enum status
add_private(struct call *call, Pb__GetMatterReply *reply)
{
    struct matter_call *c = call->data;
    reply->private_texts =
        arena_array(call->arena, c->private_texts.count, sizeof *reply->private_texts);
    if (reply->private_texts == NULL) {
        return handler_no_memory(call);
    }
    bool administers = (call->who->roles & ROLE_ADMINISTRATORS) != 0;
    for (size_t i = 0; i < c->private_texts.count; i++) {
        const struct matter_private *p = &c->private_texts.items[i];
        if (administers || !matter_same(p->reader_id, call->who->org_id)) {
            continue;
        }
        Pb__MatterPrivate *out = call_message(call, &pb__matter_private__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->part = wire_text(p->part);
        out->text = wire_text(p->text);
        out->salt = wire_text(p->salt);
        out->has_recorded_at_ms = 1;
        out->recorded_at_ms = p->recorded_ms;
        reply->private_texts[reply->n_private_texts++] = out;
    }
    return STATUS_OK;
}

enum status
get_matter_decide(struct call *call)
{
    struct matter_call *c = call->data;
    Pb__GetMatterReply *reply = call_message(call, &pb__get_matter_reply__descriptor);
    struct matter_outcome stands = {
        .next = *c->mc.matter,
        .tasks = c->tasks.items,
        .task_count = c->tasks.count,
        .samples = c->samples.items,
        .sample_count = c->samples.count,
    };
    Pb__Matter *m = matter_outcome_message(&stands, call->today, call->arena);
    if (reply == NULL || m == NULL) {
        return handler_no_memory(call);
    }
    reply->tasks = m->tasks;
    reply->n_tasks = m->n_tasks;
    reply->samples = m->samples;
    reply->n_samples = m->n_samples;
    m->n_tasks = m->n_samples = 0; /* they stand beside the matter here */
    reply->matter = m;
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    call->reply = &reply->base;
    return add_private(call, reply);
}

/* ---- AllowedCommands ---- */

int
allowed_matter_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return first_round(call, q);
    }
    enum status s = matter_found(call, REQUEST(call, Pb__GetMatterRequest)->ref);
    return s == STATUS_OK ? (int)matter_queue_parts(call, q, false) : (int)s;
}

enum status
allowed_matter_decide(struct call *call)
{
    struct matter_call *c = call->data;
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    c->mc.measure = c->measures.count == 1 ? &c->measures.items[0] : NULL;
    size_t n = matter_options(&c->mc, call->arena, options);
    return allowed_reply(call, options, n, c->mc.matter->state, c->mc.matter->version);
}

/* ---- GetRoundShare ---- */

int
share_load(struct call *call, struct db_queue *q)
{
    const Pb__GetRoundShareRequest *r = REQUEST(call, Pb__GetRoundShareRequest);
    struct share_list *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    return found == NULL ? (int)handler_no_memory(call)
                         : (int)matter_share_queue(q, call->who->tenant, given(r->ref),
                                                   given(r->inspection), found);
}

static void
add_round(Pb__GetRoundShareReply *reply, const char *round)
{
    for (size_t i = 0; i < reply->n_rounds; i++) {
        if (strcmp(reply->rounds[i], round) == 0) {
            return;
        }
    }
    reply->rounds[reply->n_rounds++] = wire_text(round);
}

static void
add_verdicts(Pb__UnitShare *u, const struct share_record *s)
{
    u->found_true += s->verdicts[VERDICT_TRUE];
    u->partly += s->verdicts[VERDICT_PARTLY];
    u->found_false += s->verdicts[VERDICT_FALSE];
    u->not_seen += s->verdicts[VERDICT_NOT_SEEN];
    u->judged = u->found_true + u->partly + u->found_false;
}

enum status
share_decide(struct call *call)
{
    const struct share_list *found = call->data;
    Pb__GetRoundShareReply *reply = call_message(call, &pb__get_round_share_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->units = arena_array(call->arena, found->count, sizeof *reply->units);
    reply->rounds = arena_array(call->arena, found->count, sizeof *reply->rounds);
    if (reply->units == NULL || reply->rounds == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < found->count; i++) { /* a unit's rows stand together */
        const struct share_record *s = &found->items[i];
        Pb__UnitShare *u = reply->n_units == 0 ? NULL : reply->units[reply->n_units - 1];
        if (u == NULL || strcmp(u->unit, s->unit) != 0) {
            u = call_message(call, &pb__unit_share__descriptor);
            if (u == NULL) {
                return handler_no_memory(call);
            }
            u->unit = wire_text(s->unit);
            u->has_found_true = u->has_partly = u->has_found_false = 1;
            u->has_not_seen = u->has_judged = 1;
            reply->units[reply->n_units++] = u;
        }
        add_verdicts(u, s);
        add_round(reply, s->round);
    }
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return STATUS_OK;
}
