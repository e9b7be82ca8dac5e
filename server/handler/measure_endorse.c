/* MeasureService: objecting to an assignment, endorsing a claim. */
#include "server/handler/measure.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/measure_write.h"
#include "server/handler/record_hash.h"
#include "server/handler/request_check.h"
#include "server/service/matter.h"
#include "server/store/settings.h"

#include <string.h>

enum { OPINION_BYTES = 1024 };

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static enum status
load_one(struct call *call, struct db_queue *q, const char *ref, const char *inspection,
         struct measure_list *found)
{
    const char *refs[] = {ref == NULL ? "" : ref};
    struct text_list list = {refs, 1, 1};
    return measure_queue_get(q, call->who->tenant, &list, given(inspection), true, call->arena,
                             found);
}

/* ---- Object: the measure stays, its consultation opens ---- */

struct object_call {
    struct calendar calendar;
    struct measure_list found;
    struct org_list orgs;
    int32_t last; /* consultation's number */
    const struct measure_record *before;
    struct measure_outcome outcome;
    struct matter_case mc;
    struct matter_outcome opened;
};

void
measure_object_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__ObjectRequest *r = REQUEST(call, Pb__ObjectRequest);
    subject_add(set, "measure", r->ref == NULL ? "" : r->ref);
    subject_add(set, "matter_counter", "consultation");
}

int
measure_object_load(struct call *call, struct db_queue *q)
{
    const Pb__ObjectRequest *r = REQUEST(call, Pb__ObjectRequest);
    struct object_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = load_one(call, q, r->ref, r->inspection, &c->found);
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &c->orgs);
    }
    if (s == STATUS_OK) {
        s = matter_counter_queue_take(q, call->who->tenant, "consultation", &c->last);
    }
    return s == STATUS_OK ? (int)calendar_queue_read(q, call->who->tenant, &c->calendar) : (int)s;
}

/* The objection becomes the text of a consultation: the office's own clock starts. */
static enum status
open_consultation(struct call *call, struct object_call *c, const char *reason)
{
    const char *text = arena_printf(call->arena, "对分工有异议：%s", reason);
    c->mc.orgs = &c->orgs;
    c->mc.calendar = &c->calendar;
    return text == NULL ? handler_no_memory(call)
                        : matter_consult(call, &c->mc, c->before, text, c->last, &c->opened);
}

enum status
measure_object_decide(struct call *call)
{
    const Pb__ObjectRequest *r = REQUEST(call, Pb__ObjectRequest);
    struct object_call *c = call->data;
    enum status s = pick_measure(call, &c->found, r->ref, &c->before);
    if (s == STATUS_OK) {
        s = check_expected(call, c->before->version);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "reason", r->reason, LIMIT_TEXT_BYTES, true);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct actor actor = call_actor(call);
    struct measure_order order = {
        .command = COMMAND_OBJECT,
        .reason_given = true,
        .next_check_day = NO_DATE,
        .evidence_count = c->before->evidence_count,
        .evidence_strong = c->before->evidence_strong,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    s = measure_step(c->before, &actor, &order, &c->outcome, &call->fault);
    if (s == STATUS_OK) {
        s = measure_record_change(call, c->before, &c->outcome.next, COMMAND_OBJECT, r->reason);
    }
    if (s == STATUS_OK) {
        s = open_consultation(call, c, r->reason);
    }
    return s == STATUS_OK ? measure_reply(call, &c->outcome.next) : s;
}

enum status
measure_object_effects(struct call *call, struct db_queue *q)
{
    struct object_call *c = call->data;
    enum status s = measure_write(call, q, c->before, &c->outcome);
    if (s == STATUS_OK) {
        s = matter_write(call, q, &c->mc, &c->opened);
    }
    return s == STATUS_OK
               ? matter_counter_queue_set(q, call->who->tenant, "consultation", c->last + 1)
               : s;
}

/* ---- Endorse: an opinion on exactly this version, and no state ---- */

struct endorse_call {
    struct measure_list found;
    struct approval_record approval;
    unsigned char sha256[APPROVAL_HASH_BYTES];
};

void
measure_endorse_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__EndorseRequest *r = REQUEST(call, Pb__EndorseRequest);
    subject_add(set, "measure", r->ref == NULL ? "" : r->ref);
}

int
measure_endorse_load(struct call *call, struct db_queue *q)
{
    const Pb__EndorseRequest *r = REQUEST(call, Pb__EndorseRequest);
    struct endorse_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    return (int)load_one(call, q, r->ref, r->inspection, &c->found);
}

static enum status
record_approval(struct call *call, const struct endorse_call *c, const struct measure_record *m)
{
    const struct approval_record *a = &c->approval;
    Pb__Approval *record = call_message(call, &pb__approval__descriptor);
    if (record == NULL) {
        return handler_no_memory(call);
    }
    record->id = wire_text(a->id);
    record->body = wire_text(call->who->org_code);
    record->subject_kind = wire_text(a->subject_kind);
    record->has_subject_version = record->has_verdict = record->has_recorded_at_ms = 1;
    record->subject_version = a->subject_version;
    record->subject_sha256 = secret_hex_encode(call->arena, c->sha256, sizeof c->sha256);
    record->verdict = PB__VERDICT__ACCEPTED;
    record->reason = wire_text(a->reason);
    record->recorded_at_ms = a->recorded_ms;
    if (record->subject_sha256 == NULL ||
        !call_change(call, "approval", a->id, m->ref, 1, &record->base)) {
        return handler_no_memory(call);
    }
    call_last_change(call)->command = arena_strdup(call->arena, COMMAND_ENDORSE);
    return STATUS_OK;
}

static enum status
endorse_step(struct call *call, const struct measure_record *m)
{
    struct actor actor = call_actor(call);
    struct measure_outcome unchanged;
    struct measure_order order = {
        .command = COMMAND_ENDORSE,
        .next_check_day = NO_DATE,
        .evidence_count = m->evidence_count,
        .evidence_strong = m->evidence_strong,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    return measure_step(m, &actor, &order, &unchanged, &call->fault);
}

enum status
measure_endorse_decide(struct call *call)
{
    const Pb__EndorseRequest *r = REQUEST(call, Pb__EndorseRequest);
    struct endorse_call *c = call->data;
    const struct measure_record *m = NULL;
    enum status s = pick_measure(call, &c->found, r->ref, &m);
    if (s == STATUS_OK) {
        s = check_expected(call, m->version);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "opinion", r->opinion, OPINION_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = endorse_step(call, m);
    }
    if (s == STATUS_OK) {
        s = measure_sha256(call, m, c->sha256);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->approval = (struct approval_record){
        .id = call_new_id(call),
        .body_org = call->who->org_id,
        .subject_kind = "measure",
        .subject = m->id,
        .subject_version = m->version,
        .sha256 = c->sha256,
        .verdict = PB__VERDICT__ACCEPTED,
        .reason = given(r->opinion),
        .recorded_ms = call->now_ms,
    };
    call->reason = c->approval.reason;
    struct measure_record shown = *m;
    shown.endorsed_sha256 = "";
    s = c->approval.id == NULL ? handler_no_memory(call) : record_approval(call, c, m);
    return s == STATUS_OK ? measure_reply(call, &shown) : s;
}

enum status
measure_endorse_effects(struct call *call, struct db_queue *q)
{
    struct endorse_call *c = call->data;
    return approval_queue_insert(q, call->who->tenant, &c->approval, call->event_id);
}
