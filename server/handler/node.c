#include "server/handler/node.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/plan.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/plan.h"
#include "server/handler/request_check.h"
#include "server/service/measure.h"
#include "server/service/role.h"

#include <stdio.h>
#include <string.h>

enum {
    NODES_MAX = DRAFT_NODES_MAX,
    TEXT_BYTES = DRAFT_NODE_BYTES,
    REPLY_TITLES_BYTES = 2048,
};

struct node_call {
    struct measure_list found;
    const struct measure_record *measure;
    struct node_list nodes;
    struct node_record *next; /* what is written */
    size_t next_count;
    struct plan_call *plan; /* SetNodes: the draft that they are part of */
};

/* ---- as messages ---- */

static Pb__MeasureNode *
node_message(struct call *call, const struct node_record *n)
{
    Pb__MeasureNode *out = call_message(call, &pb__measure_node__descriptor);
    if (out == NULL) {
        return NULL;
    }
    struct milestone_record ms = {.exists = true,
                                  .original_due = n->due,
                                  .current_due = n->due,
                                  .due_version = 1,
                                  .claimed_day = NO_DATE,
                                  .reached_day = NO_DATE};
    bool open = n->due != NO_DATE && n->reached_day == NO_DATE;
    out->has_no = out->has_version = out->has_light = 1;
    out->no = n->no;
    out->title = wire_text(n->title);
    out->due = day_text(call, n->due);
    out->reached_on = day_text(call, n->reached_day);
    out->note = wire_text(n->note);
    out->return_reason = wire_text(n->return_reason);
    out->version = n->version;
    out->has_days_left = open;
    out->days_left = open ? n->due - call->today : 0;
    out->light = open ? (Pb__Light)milestone_light(&ms, call->today) : PB__LIGHT__LIGHT_UNSPECIFIED;
    return out;
}

enum status
measure_page_queue(struct call *call, struct db_queue *q, const char *measure_id,
                   struct measure_page *ret)
{
    enum status s = node_queue_all(q, call->who->tenant, measure_id, &ret->nodes);
    return s != STATUS_OK
               ? s
               : lineage_queue(q, call->who->tenant, measure_id, &ret->came_from, &ret->became);
}

enum status
measure_page_fill(struct call *call, const struct measure_page *page, Pb__Measure *m)
{
    m->nodes = arena_array(call->arena, page->nodes.count, sizeof(Pb__MeasureNode *));
    if (m->nodes == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < page->nodes.count; i++) {
        if (page->nodes.items[i].dropped) {
            continue;
        }
        m->nodes[m->n_nodes] = node_message(call, &page->nodes.items[i]);
        if (m->nodes[m->n_nodes++] == NULL) {
            return handler_no_memory(call);
        }
    }
    m->came_from = (char **)(uintptr_t)page->came_from.items;
    m->n_came_from = page->came_from.count;
    m->became = (char **)(uintptr_t)page->became.items;
    m->n_became = page->became.count;
    return STATUS_OK;
}

/* ---- reads: the measure, then its nodes. Requests begin with measure_ref and inspection ---- */

static const char *
request_text(const struct call *call, unsigned field)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(call->request->descriptor, field);
    const char *const *slot =
        (const char *const *)(const void *)((const char *)call->request + f->offset);
    return *slot == NULL || **slot == '\0' ? NULL : *slot;
}

static void
node_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = request_text(call, 1);
    subject_add(set, "measure", ref == NULL ? "" : ref);
}

static int
node_load_as(struct call *call, struct db_queue *q, bool lock)
{
    const char *ref = request_text(call, 1);
    struct node_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    const char *refs[] = {ref == NULL ? "" : ref};
    struct text_list list = {refs, 1, 1};
    enum status s = measure_queue_get(q, call->who->tenant, &list, request_text(call, 2), lock,
                                      call->arena, &c->found);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
node_load(struct call *call, struct db_queue *q)
{
    const char *ref = request_text(call, 1);
    if (call->round == 0) {
        return node_load_as(call, q, call->handler->effects != NULL);
    }
    struct node_call *c = call->data;
    enum status s = pick_measure(call, &c->found, ref, &c->measure);
    return (int)(s != STATUS_OK ? s
                                : node_queue_all(q, call->who->tenant, c->measure->id, &c->nodes));
}

/* The inspection is named, or found through the measure. */
static void
set_subjects(const struct call *call, struct subject_set *set)
{
    const char *code = request_text(call, 2);
    node_subjects(call, set);
    if (code == NULL) {
        subject_alone(set);
    } else {
        subject_add(set, "inspection", code);
    }
}

/* An approval locks the inspection first: what it reads of the draft does not change any more. */
static int
set_load(struct call *call, struct db_queue *q)
{
    struct node_call *c = call->data;
    const char *ref = request_text(call, 1);
    if (call->round == 0) {
        return node_load_as(call, q, false);
    }
    enum status s = pick_measure(call, &c->found, ref, &c->measure);
    if (s != STATUS_OK) {
        return (int)s;
    }
    if (call->round == 1) {
        c->plan = plan_call_new(call);
        s = c->plan == NULL ? handler_no_memory(call)
                            : plan_queue_followed(call, q, c->plan, c->measure->inspection);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    if (call->round == 2) {
        struct text_list id = {0};
        if (!text_list_add(&id, call->arena, c->measure->id)) {
            return (int)handler_no_memory(call);
        }
        c->found = (struct measure_list){0};
        s = measure_queue_get(q, call->who->tenant, &id, NULL, true, call->arena, &c->found);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    return (int)node_queue_all(q, call->who->tenant, c->measure->id, &c->nodes);
}

/* The draft as it will be, and the version under review that follows it. */
static enum status
follow(struct call *call, const struct node_call *c)
{
    struct draft *d = &c->plan->draft;
    for (size_t i = 0; i < d->measure_count; i++) {
        struct draft_measure *m = &d->measures[i];
        if (strcmp(m->id, c->measure->id) != 0) {
            continue;
        }
        m->node_count = 0;
        m->nodes = arena_array(call->arena, c->next_count, sizeof *m->nodes);
        for (size_t k = 0; m->nodes != NULL && k < c->next_count; k++) {
            const struct node_record *n = &c->next[k];
            if (!n->dropped) {
                m->nodes[m->node_count++] =
                    (struct draft_node){.no = n->no, .title = n->title, .due = n->due};
            }
        }
        return m->nodes == NULL ? handler_no_memory(call) : plan_follow_draft(call, c->plan);
    }
    return STATUS_OK;
}

static enum status
node_effects(struct call *call, struct db_queue *q)
{
    const struct node_call *c = call->data;
    enum status s = c->plan == NULL ? STATUS_OK : plan_write_followed(call, q, c->plan);
    for (size_t i = 0; s == STATUS_OK && i < c->next_count; i++) {
        const struct node_record *n = &c->next[i];
        s = node_queue_put(q, call->who->tenant, c->measure->id, n, n->dropped ? call->now_ms : 0,
                           call->event_id);
    }
    return s;
}

/* Adds the change that makes next. */
static enum status
record(struct call *call, const struct node_call *c, const struct node_record *n,
       const char *command, Pb__MeasureNode **ret)
{
    struct node_record after = *n;
    after.version++;
    Pb__MeasureNode *m = node_message(call, &after);
    const char *ref = m == NULL ? NULL : arena_printf(call->arena, "%s#%d", c->measure->ref, n->no);
    if (ref == NULL || !call_change(call, "node", c->measure->id, ref, after.version, &m->base)) {
        return handler_no_memory(call);
    }
    call_last_change(call)->command = wire_text(command);
    *ret = m;
    return STATUS_OK;
}

/* ---- SetNodes ---- */

static enum status
set_one(struct call *call, struct node_call *c, const Pb__MeasureNode *in, size_t index)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "nodes[%zu]", index);
    int32_t due = NO_DATE;
    enum status s = check_text(call, field, in->title, TEXT_BYTES, true);
    if (s == STATUS_OK) {
        s = request_day(call, in->due, field, &due);
    }
    bool stored = index < c->nodes.count;
    struct node_record *n = &c->next[c->next_count];
    *n = stored ? c->nodes.items[index]
                : (struct node_record){.no = (int32_t)index + 1, .reached_day = NO_DATE};
    n->title = in->title;
    n->due = due;
    n->dropped = false;
    c->next_count++;
    return s;
}

static enum status
set_decide(struct call *call)
{
    const Pb__SetNodesRequest *r = REQUEST(call, Pb__SetNodesRequest);
    struct node_call *c = call->data;
    if (strcmp(c->measure->state, STATE_DRAFT) != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_FROZEN",
                         "措施 %s 所在的方案已经批准，目标节点要通过方案调整来改。",
                         c->measure->ref);
    }
    if (r->n_nodes > NODES_MAX) {
        return fault_set_field(&call->fault, "nodes", "COUNT_RANGE", "一条措施至多 %d 个目标节点。",
                               NODES_MAX);
    }
    Pb__MeasureNodes *reply = call_message(call, &pb__measure_nodes__descriptor);
    c->next_count = 0;
    c->next = arena_array(call->arena, r->n_nodes + c->nodes.count, sizeof *c->next);
    if (reply == NULL || c->next == NULL) {
        return handler_no_memory(call);
    }
    reply->nodes = arena_array(call->arena, r->n_nodes, sizeof(Pb__MeasureNode *));
    if (reply->nodes == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    size_t bytes = 0;
    for (size_t i = 0; s == STATUS_OK && i < r->n_nodes; i++) {
        Pb__MeasureNode *m = NULL;
        s = set_one(call, c, r->nodes[i], i);
        s = s != STATUS_OK ? s : record(call, c, &c->next[c->next_count - 1], "set", &m);
        if (s == STATUS_OK) {
            reply->nodes[reply->n_nodes++] = m;
            bytes += strlen(r->nodes[i]->title);
        }
    }
    for (size_t i = r->n_nodes; s == STATUS_OK && i < c->nodes.count; i++) {
        Pb__MeasureNode *m = NULL;
        if (c->nodes.items[i].dropped) {
            continue;
        }
        c->next[c->next_count] = c->nodes.items[i];
        c->next[c->next_count].dropped = true;
        c->next[c->next_count].due = NO_DATE;
        s = record(call, c, &c->next[c->next_count++], "drop", &m);
    }
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; bytes > REPLY_TITLES_BYTES && i < reply->n_nodes; i++) {
        /* The record keeps its own packed copy. */
        reply->nodes[i]->title = NULL;
    }
    reply->measure_ref = wire_text(c->measure->ref);
    call->no_event = c->next_count == 0;
    call->reply = &reply->base;
    return follow(call, c);
}

/* ---- ReachNode, ReturnNode ---- */

static struct node_record *
find_node(const struct node_call *c, int32_t no)
{
    for (size_t i = 0; i < c->nodes.count; i++) {
        if (c->nodes.items[i].no == no && !c->nodes.items[i].dropped) {
            return &c->nodes.items[i];
        }
    }
    return NULL;
}

static enum status
pick_node(struct call *call, struct node_call *c, int32_t no)
{
    char text[16];
    const struct node_record *n = find_node(c, no);
    snprintf(text, sizeof text, "%d", no);
    if (n == NULL) {
        return refuse_unknown(call, "NODE_UNKNOWN", "目标节点", text);
    }
    c->next = arena_alloc(call->arena, sizeof *c->next);
    if (c->next == NULL) {
        return handler_no_memory(call);
    }
    *c->next = *n;
    c->next_count = 1;
    return check_expected(call, n->version);
}

/* Why the unit may not report it, or the office not return it: the same for the command and for
 * AllowedCommands. */
static enum status
may_reach(const struct call *call, const struct node_call *c, const struct node_record *n,
          struct fault *fault)
{
    struct actor actor = call_actor(call);
    if ((measure_roles(c->measure, &actor) & (ROLE_UNIT | ROLE_PART)) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS",
                         "目标节点由承担措施 %s 的单位报告，您的岗位不能办理。", c->measure->ref);
    }
    if (!measure_reports(c->measure->state)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "措施 %s 现在不在整改中（或还没有签收），不能报告目标节点。",
                         c->measure->ref);
    }
    return n->reached_day == NO_DATE ? STATUS_OK
                                     : fault_set(fault, STATUS_FAILED_PRECONDITION, "NODE_REACHED",
                                                 "这个目标节点已经报告完成，不需要再报。");
}

static enum status
may_return(const struct call *call, const struct node_call *c, const struct node_record *n,
           struct fault *fault)
{
    struct actor actor = call_actor(call);
    if ((actor.roles & ROLE_OFFICE) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS",
                         "目标节点由领导小组办公室退回，您的岗位不能办理。");
    }
    if (!measure_independent(c->measure, &actor)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "OWN_WORK", "%s",
                         guard_zh(GUARD_INDEPENDENT));
    }
    return n->reached_day != NO_DATE ? STATUS_OK
                                     : fault_set(fault, STATUS_FAILED_PRECONDITION, "NODE_OPEN",
                                                 "这个目标节点还没有报告完成，没有可退回的。");
}

static enum status
reach_decide(struct call *call)
{
    const Pb__ReachNodeRequest *r = REQUEST(call, Pb__ReachNodeRequest);
    struct node_call *c = call->data;
    int32_t day = NO_DATE;
    enum status s = pick_node(call, c, r->no);
    if (s == STATUS_OK) {
        s = may_reach(call, c, c->next, &call->fault);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "note", r->note, TEXT_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = check_as_of(call, "reached_on", r->reached_on, &day);
    }
    if (s == STATUS_OK && day > call->today) {
        s = fault_set_field(&call->fault, "reached_on", "DATE_FUTURE",
                            "完成的日子不能写将来的，请改正。");
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next->reached_day = day;
    c->next->note = r->note;
    c->next->return_reason = NULL;
    Pb__MeasureNode *reply = NULL;
    s = record(call, c, c->next, "reach", &reply);
    call->reply = s == STATUS_OK ? &reply->base : NULL;
    return s;
}

static enum status
return_decide(struct call *call)
{
    const Pb__ReturnNodeRequest *r = REQUEST(call, Pb__ReturnNodeRequest);
    struct node_call *c = call->data;
    enum status s = pick_node(call, c, r->no);
    if (s == STATUS_OK) {
        s = may_return(call, c, c->next, &call->fault);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "reason", r->reason, TEXT_BYTES, true);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next->reached_day = NO_DATE;
    c->next->return_reason = r->reason;
    call->reason = r->reason;
    Pb__MeasureNode *reply = NULL;
    s = record(call, c, c->next, "return", &reply);
    call->reply = s == STATUS_OK ? &reply->base : NULL;
    return s;
}

/* ---- AllowedCommands ---- */

static enum status
allowed_decide(struct call *call)
{
    struct node_call *c = call->data;
    enum status s = pick_node(call, c, REQUEST(call, Pb__NodeRequest)->no);
    struct fault *why = arena_array(call->arena, 3, sizeof *why);
    if (s != STATUS_OK || why == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    enum status may[3] = {STATUS_OK, may_reach(call, c, c->next, &why[1]),
                          may_return(call, c, c->next, &why[2])};
    if (strcmp(c->measure->state, STATE_DRAFT) != 0 || (call->who->roles & ROLE_OFFICE) == 0) {
        may[0] = fault_set(&why[0], STATUS_FAILED_PRECONDITION, "PLAN_FROZEN",
                           "目标节点在方案批准前由办公室设置，批准后通过方案调整来改。");
    }
    static const char *const names[3] = {"set", "reach", "return"};
    static const char *const names_zh[3] = {"设置", "报告完成", "退回"};
    struct workflow_option *options = arena_array(call->arena, 3, sizeof *options);
    for (int i = 0; options != NULL && i < 3; i++) {
        options[i] = (struct workflow_option){.command = names[i],
                                              .command_zh = names_zh[i],
                                              .allowed = may[i] == STATUS_OK,
                                              .reason = why[i].reason,
                                              .reason_zh = why[i].message};
    }
    return options == NULL ? handler_no_memory(call)
                           : allowed_reply(call, options, 3,
                                           c->next->reached_day == NO_DATE ? "OPEN" : "REACHED",
                                           c->next->version);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.NodeService/SetNodes",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__set_nodes_request__descriptor,
     .reply = &pb__measure_nodes__descriptor,
     .subjects = set_subjects,
     .load = set_load,
     .decide = set_decide,
     .effects = node_effects},
    {.method = "rectify.v1.NodeService/ReachNode",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_UNIT | ROLE_PART | ROLE_OFFICE,
     .flags = HANDLER_BEHALF,
     .request = &pb__reach_node_request__descriptor,
     .reply = &pb__measure_node__descriptor,
     .subjects = node_subjects,
     .load = node_load,
     .decide = reach_decide,
     .effects = node_effects},
    {.method = "rectify.v1.NodeService/ReturnNode",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__return_node_request__descriptor,
     .reply = &pb__measure_node__descriptor,
     .subjects = node_subjects,
     .load = node_load,
     .decide = return_decide,
     .effects = node_effects},
    {.method = "rectify.v1.NodeService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__node_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = node_load,
     .decide = allowed_decide},
};

const struct handler_table node_handler_table = {rows, sizeof rows / sizeof rows[0]};
