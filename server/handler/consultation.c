/* ConsultationService: asking for help (求助). */
#include "server/handler/consultation.h"

#include "proto/base/limits.h"
#include "rectify/v1/consultation.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/consultation.h"
#include "server/service/role.h"
#include "server/store/settings.h"

#include <string.h>

enum { REPLY_TEXT_BYTES = 1024 }; /* of the text echoed; the list has it all */

struct ask_call {
    struct calendar calendar;
    struct measure_list found;
    struct consultation_record made;
};

static void
ask_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__AskRequest *r = REQUEST(call, Pb__AskRequest);
    subject_add(set, "measure", r->measure_ref == NULL ? "" : r->measure_ref);
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
    return s != STATUS_OK ? (int)s : (int)calendar_queue_read(q, call->who->tenant, &c->calendar);
}

static enum status
ask_decide(struct call *call)
{
    const Pb__AskRequest *r = REQUEST(call, Pb__AskRequest);
    struct ask_call *c = call->data;
    const struct measure_record *m = NULL;
    enum status s = pick_measure(call, &c->found, r->measure_ref, &m);
    if (s == STATUS_OK) {
        s = check_text(call, "text", r->text, LIMIT_TEXT_BYTES, true);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct actor actor = call_actor(call);
    struct consultation_order order = {
        .id = call_new_id(call),
        .org_id = call->who->org_id,
        .org = call->who->org_code,
        .text = r->text,
        .today = call->today,
        .now_ms = call->now_ms,
    };
    s = consultation_open(m, &actor, &order, &c->calendar, &c->made, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__Consultation *record = consultation_message(&c->made, call->arena);
    if (record == NULL ||
        !call_change(call, "consultation", c->made.id, m->ref, c->made.version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, COMMAND_OPEN);
    change->to_state = arena_strdup(call->arena, c->made.state);
    if (strlen(r->text) > REPLY_TEXT_BYTES) {
        record->text = NULL; /* a stored reply is short */
    }
    call->reply = &record->base;
    return STATUS_OK;
}

static enum status
ask_effects(struct call *call, struct db_queue *q)
{
    struct ask_call *c = call->data;
    return consultation_queue_insert(q, call->who->tenant, &c->made, call->event_id);
}

static int
list_load(struct call *call, struct db_queue *q)
{
    struct consultation_list *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    return found == NULL ? (int)handler_no_memory(call)
                         : (int)consultation_queue_list(q, call->who->tenant, found);
}

static enum status
list_decide(struct call *call)
{
    const struct consultation_list *found = call->data;
    Pb__ListConsultationsReply *reply =
        call_message(call, &pb__list_consultations_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->consultations = found->items;
    reply->n_consultations = found->count;
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
