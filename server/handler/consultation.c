/* ConsultationService: asking for help (求助), a clerk's way to open a consultation. */
#include "server/handler/consultation.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/consultation.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/request_check.h"
#include "server/service/matter.h"
#include "server/service/role.h"
#include "server/store/settings.h"

#include <string.h>

enum { REPLY_TEXT_BYTES = 1024 }; /* of the text echoed; the list has it all */

struct ask_call {
    struct calendar calendar;
    struct measure_list found;
    struct org_list orgs;
    int32_t last;
    struct matter_case mc;
    struct matter_outcome made;
};

static void
ask_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__AskRequest *r = REQUEST(call, Pb__AskRequest);
    subject_add(set, "measure", r->measure_ref == NULL ? "" : r->measure_ref);
    subject_add(set, "matter_counter", "consultation");
}

static int
ask_load(struct call *call, struct db_queue *q)
{
    const Pb__AskRequest *r = REQUEST(call, Pb__AskRequest);
    struct ask_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    const char *refs[] = {r->measure_ref == NULL ? "" : r->measure_ref};
    struct text_list list = {refs, 1, 1};
    bool named = r->inspection != NULL && r->inspection[0] != '\0';
    enum status s = measure_queue_get(q, call->who->tenant, &list, named ? r->inspection : NULL,
                                      true, call->arena, &c->found);
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &c->orgs);
    }
    if (s == STATUS_OK) {
        s = matter_counter_queue_take(q, call->who->tenant, "consultation", &c->last);
    }
    return s != STATUS_OK ? (int)s : (int)calendar_queue_read(q, call->who->tenant, &c->calendar);
}

static Pb__Consultation *
consultation_message(struct call *call, const struct matter_record *m)
{
    Pb__Consultation *out = call_message(call, &pb__consultation__descriptor);
    if (out != NULL) {
        bool waits = strcmp(m->state, STATE_OPEN) == 0;
        out->id = wire_text(m->id);
        out->ref = wire_text(m->ref);
        out->measure_ref = wire_text(m->measure_ref);
        out->org = wire_text(m->org.code);
        out->text = wire_text(m->text);
        out->state = wire_text(m->state);
        out->has_opened_at_ms = out->has_version = 1;
        out->opened_at_ms = m->opened_ms;
        out->triage_due = waits ? day_text(call, m->due) : NULL;
        out->version = m->version;
    }
    return out;
}

static enum status
ask_decide(struct call *call)
{
    const Pb__AskRequest *r = REQUEST(call, Pb__AskRequest);
    struct ask_call *c = call->data;
    const struct measure_record *measure = NULL;
    enum status s = pick_measure(call, &c->found, r->measure_ref, &measure);
    if (s == STATUS_OK) {
        s = check_text(call, "text", r->text, LIMIT_TEXT_BYTES, true);
    }
    if (s == STATUS_OK) {
        c->mc.orgs = &c->orgs;
        c->mc.calendar = &c->calendar;
        s = matter_consult(call, &c->mc, measure, r->text, c->last, &c->made);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__Consultation *reply = consultation_message(call, &c->made.next);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    if (strlen(r->text) > REPLY_TEXT_BYTES) {
        reply->text = NULL; /* a stored reply is short */
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
ask_effects(struct call *call, struct db_queue *q)
{
    struct ask_call *c = call->data;
    enum status s = matter_write(call, q, &c->mc, &c->made);
    return s == STATUS_OK
               ? matter_counter_queue_set(q, call->who->tenant, "consultation", c->last + 1)
               : s;
}

struct list_call {
    struct matter_filter filter;
    struct matter_list found;
};

static int
list_load(struct call *call, struct db_queue *q)
{
    struct list_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    c->filter = (struct matter_filter){.kind = "consultation",
                                       .final_states = "{}",
                                       .as_of = call->today,
                                       .limit = LIMIT_LIST_ROWS};
    return (int)matter_queue_list(q, call->who->tenant, &c->filter, &c->found);
}

static enum status
list_decide(struct call *call)
{
    const struct list_call *c = call->data;
    Pb__ListConsultationsReply *reply =
        call_message(call, &pb__list_consultations_reply__descriptor);
    Pb__Consultation **list = arena_array(call->arena, c->found.count, sizeof *list);
    if (reply == NULL || list == NULL) {
        return handler_no_memory(call);
    }
    reply->consultations = list;
    for (size_t i = 0; i < c->found.count; i++) {
        list[i] = consultation_message(call, &c->found.items[i]);
        if (list[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_consultations++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.ConsultationService/Ask",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_UNIT | ROLE_OFFICE,
     .flags = HANDLER_BEHALF,
     .request = &pb__ask_request__descriptor,
     .reply = &pb__consultation__descriptor,
     .subjects = ask_subjects,
     .load = ask_load,
     .decide = ask_decide,
     .effects = ask_effects},
    {.method = "rectify.v1.ConsultationService/ListConsultations",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_consultations_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
};

const struct handler_table consultation_handler_table = {rows, sizeof rows / sizeof rows[0]};
