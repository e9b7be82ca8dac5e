/* JobService/ProposeMatters: what standing alerts call for is proposed, once each, and notices that
 * nobody answered in time are ended. The machine proposes; people issue or dismiss. */
#include "server/handler/job.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/job.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/request_check.h"
#include "server/store/settings.h"

#include <string.h>

enum { PROPOSALS_PER_RUN = 200, EXPIRED_PER_RUN = 200 };

struct propose_call {
    struct proposal_list proposals;
    struct matter_list unanswered;
    struct org_list orgs;
    struct calendar calendar;
    struct matter_list none; /* a proposal escalates nothing yet */
    int32_t last_notice;
    int32_t last_talk;
    int32_t as_of;
    struct matter_case *cases;
    struct matter_outcome *outcomes;
    struct measure_record *measures; /* what a new matter takes of its measure */
    size_t count;
    size_t expired;
};

void
propose_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "matter_counter", "notice");
    subject_add(set, "matter_counter", "talk");
}

int
propose_load(struct call *call, struct db_queue *q)
{
    struct propose_call *c = arena_alloc(call->arena, sizeof *c);
    int tenant = call->who->tenant;
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s = check_as_of(call, "as_of", REQUEST(call, Pb__JobRequest)->as_of, &c->as_of);
    if (s == STATUS_OK) {
        s = matter_counter_queue_take(q, tenant, "notice", &c->last_notice);
    }
    if (s == STATUS_OK) {
        s = matter_counter_queue_take(q, tenant, "talk", &c->last_talk);
    }
    if (s == STATUS_OK) {
        s = matter_proposal_queue(q, tenant, PROPOSALS_PER_RUN, &c->proposals);
    }
    if (s == STATUS_OK) {
        s = matter_queue_unanswered(q, tenant, c->as_of, EXPIRED_PER_RUN, &c->unanswered);
    }
    if (s == STATUS_OK) {
        s = org_queue_all(q, tenant, &c->orgs);
    }
    return s == STATUS_OK ? (int)calendar_queue_read(q, tenant, &c->calendar) : (int)s;
}

static struct matter_case *
add_case(struct call *call, struct propose_call *c, enum workflow_id kind)
{
    struct matter_case *mc = &c->cases[c->count];
    *mc = (struct matter_case){
        .kind = kind,
        .orgs = &c->orgs,
        .related = &c->none,
        .calendar = &c->calendar,
        .concentrated_end = NO_DATE,
        .actor = {.roles = ROLE_SYS},
        .today = c->as_of,
        .now_ms = call->now_ms,
    };
    return mc;
}

static enum status
decide_case(struct call *call, struct propose_call *c, struct matter_order *order)
{
    return matter_step(&c->cases[c->count], order, call->arena, &c->outcomes[c->count],
                       &call->fault);
}

static enum status
record_case(struct call *call, struct propose_call *c, const char *command)
{
    enum status s =
        matter_record_change(call, &c->cases[c->count], &c->outcomes[c->count], command);
    c->count++;
    return s;
}

static int
notice_level(uint32_t proposals)
{
    return (proposals & PROPOSE_NOTICE_3) != 0   ? 3
           : (proposals & PROPOSE_NOTICE_2) != 0 ? 2
           : (proposals & PROPOSE_NOTICE_1) != 0 ? 1
                                                 : 0;
}

/* One matter of an alert; level 0 for a talk. */
static enum status
propose_one(struct call *call, const struct proposal_record *p, enum workflow_id kind, int level)
{
    struct propose_call *c = call->data;
    struct matter_order order;
    struct matter_case *mc = add_case(call, c, kind);
    Pb__MatterInput *in = call_message(call, &pb__matter_input__descriptor);
    if (in == NULL) {
        return handler_no_memory(call);
    }
    struct measure_record *m = &c->measures[c->count];
    *m = (struct measure_record){
        .id = p->measure_id,
        .ref = p->measure_ref,
        .inspection_id = p->inspection_id,
        .inspection = p->inspection,
        .problem_id = p->problem_id,
        .problem_ref = p->problem_ref,
        .leader = p->leader,
        .plead = p->org,
    };
    mc->measure = m;
    mc->place.unit = p->org;
    in->text = wire_text(p->text);
    in->has_level = level != 0;
    in->level = level;
    int32_t *last = kind == WORKFLOW_NOTICE ? &c->last_notice : &c->last_talk;
    enum status s = matter_order_open(call, kind, "propose", in, last, &order);
    if (s != STATUS_OK) {
        return s;
    }
    s = decide_case(call, c, &order);
    if (s != STATUS_OK) {
        return s;
    }
    c->outcomes[c->count].next.origin = p->alert_key; /* once: a unique index stands on it */
    c->outcomes[c->count].next.milestone = p->milestone;
    return record_case(call, c, order.command);
}

/* Of this run, made before number i for the same measure: a talk (level 0), or a notice of that
 * level or above. Both milestones of a measure may call for it. */
static bool
made_before(const struct propose_call *c, size_t i, int level)
{
    const char *measure = c->proposals.items[i].measure_id;
    for (size_t k = 0; k < c->count; k++) {
        const struct matter_record *m = &c->outcomes[k].next;
        bool same = strcmp(c->measures[k].id, measure) == 0;
        if (same && (level == 0) == (c->cases[k].kind == WORKFLOW_TALK) && m->level >= level) {
            return true;
        }
    }
    return false;
}

static enum status
propose_all(struct call *call)
{
    struct propose_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->proposals.count; i++) {
        const struct proposal_record *p = &c->proposals.items[i];
        int level = notice_level(p->proposals);
        /* Without a leader the leading group issues what he would. */
        level = level == 2 && p->leader.id == NULL ? 3 : level;
        if (level != 0 && !p->notice_made && !made_before(c, i, level)) {
            s = propose_one(call, p, WORKFLOW_NOTICE, level);
        }
        if (s == STATUS_OK && (p->proposals & PROPOSE_TALK) != 0 && !p->talk_made &&
            !made_before(c, i, 0)) {
            s = propose_one(call, p, WORKFLOW_TALK, 0);
        }
    }
    return s;
}

static enum status
expire_all(struct call *call)
{
    struct propose_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->unanswered.count; i++) {
        Pb__MatterInput *in = call_message(call, &pb__matter_input__descriptor);
        struct matter_order order;
        if (in == NULL) {
            return handler_no_memory(call);
        }
        in->reason_code = wire_text("UNANSWERED");
        in->reason = wire_text("到期没有回复，由系统按时限认定。");
        add_case(call, c, WORKFLOW_NOTICE)->matter = &c->unanswered.items[i];
        s = matter_take_order(call, "expire", in, &order);
        s = s == STATUS_OK ? decide_case(call, c, &order) : s;
        s = s == STATUS_OK ? record_case(call, c, order.command) : s;
        c->expired++;
    }
    return s;
}

enum status
propose_decide(struct call *call)
{
    struct propose_call *c = call->data;
    size_t most = 2 * c->proposals.count + c->unanswered.count;
    c->cases = arena_array(call->arena, most, sizeof *c->cases);
    c->outcomes = arena_array(call->arena, most, sizeof *c->outcomes);
    c->measures = arena_array(call->arena, most, sizeof *c->measures);
    c->count = c->expired = 0;
    if (c->cases == NULL || c->outcomes == NULL || c->measures == NULL) {
        return handler_no_memory(call);
    }
    enum status s = propose_all(call);
    s = s == STATUS_OK ? expire_all(call) : s;
    call->no_event = c->count == 0;
    return s == STATUS_OK ? job_reply(call, c->count - c->expired, c->expired, 0) : s;
}

enum status
propose_effects(struct call *call, struct db_queue *q)
{
    struct propose_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->count; i++) {
        s = matter_write(call, q, &c->cases[i], &c->outcomes[i]);
    }
    if (s == STATUS_OK && c->count > c->expired) {
        s = matter_counter_queue_set(q, tenant, "notice", c->last_notice);
    }
    return s == STATUS_OK && c->count > c->expired
               ? matter_counter_queue_set(q, tenant, "talk", c->last_talk)
               : s;
}
