/* PublicationService: the steps that leave the text as it is. */
#include "server/handler/publication.h"

#include "proto/base/limits.h"
#include "server/handler/common.h"
#include "server/handler/inspection_part.h"
#include "server/handler/request_check.h"

#include <string.h>

static void
add_subject_of(struct subject_set *set, const char *ref)
{
    subject_add(set, "publication", ref == NULL ? "" : ref);
}

/* The step, its change and its answer. */
static enum status
take_step(struct call *call, struct publication_call *c, const char *command,
          const struct workflow_facts *facts)
{
    struct actor actor = call_actor(call);
    enum status s = check_expected(call, c->before->version);
    return s == STATUS_OK
               ? publication_step(c->before, command, &actor, facts, &c->next, &call->fault)
               : s;
}

static enum status
leave(struct call *call, struct publication_call *c, const char *command)
{
    enum status s = publication_record_change(call, c->before, &c->next, command, NULL, NULL);
    return s == STATUS_OK ? publication_answer(call, &c->next) : s;
}

/* ---- CheckPublication ---- */

void
check_publication_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__GetPublicationRequest)->ref);
}

int
check_publication_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__GetPublicationRequest)->ref, true);
}

enum status
check_publication_decide(struct call *call)
{
    struct publication_call *c = call->data;
    const struct workflow_facts facts = {.held_back_out = true}; /* judged next, in its own words */
    enum status s = take_step(call, c, COMMAND_CHECK, &facts);
    if (s == STATUS_OK) {
        s = publication_judge(c, &call->fault);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->blocks.count; i++) {
        s = check_text(call, "text", c->blocks.items[i]->text, LIMIT_TEXT_BYTES, true);
    }
    return s == STATUS_OK ? leave(call, c, COMMAND_CHECK) : s;
}

/* ---- ReturnPublication, WithdrawPublication ---- */

void
end_publication_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__EndPublicationRequest)->ref);
}

int
end_publication_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__EndPublicationRequest)->ref, true);
}

static enum status
end(struct call *call, const char *command)
{
    const Pb__EndPublicationRequest *r = REQUEST(call, Pb__EndPublicationRequest);
    struct publication_call *c = call->data;
    const struct workflow_facts facts = {.reason_given = true};
    enum status s = check_text(call, "reason", r->reason, PUBLICATION_REASON_BYTES, true);
    if (s == STATUS_OK) {
        s = take_step(call, c, command, &facts);
    }
    if (s == STATUS_OK && strcmp(command, COMMAND_WITHDRAW) == 0) {
        s = publication_may_withdraw(c->before, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next.reason = r->reason;
    c->next.approved_ms = 0;
    call->reason = r->reason;
    return leave(call, c, command);
}

enum status
return_publication_decide(struct call *call)
{
    return end(call, COMMAND_RETURN);
}

enum status
withdraw_publication_decide(struct call *call)
{
    return end(call, COMMAND_WITHDRAW);
}

/* ---- ApprovePublication, PublishPublication ---- */

void
approve_publication_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__ApprovePublicationRequest)->ref);
}

int
approve_publication_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__ApprovePublicationRequest)->ref, true);
}

/* The text is the one the caller saw. */
static enum status
check_content(struct call *call, const struct publication_call *c)
{
    const char *seen = REQUEST(call, Pb__ApprovePublicationRequest)->sha256;
    const Pb__Publication *now = publication_message(c->before, call->arena);
    if (now == NULL) {
        return handler_no_memory(call);
    }
    if (seen != NULL && strcmp(seen, now->sha256) == 0) {
        return STATUS_OK;
    }
    enum status s = fault_set(&call->fault, STATUS_ABORTED, "CONTENT_CHANGED",
                              "正文已经不是您看到的那一份（现在是第 %lld 版）：请重新打开，看过最新"
                              "正文后再办理。",
                              (long long)c->before->version);
    call->fault.has_current_version = true;
    call->fault.current_version = c->before->version;
    return s;
}

enum status
approve_publication_decide(struct call *call)
{
    const Pb__ApprovePublicationRequest *r = REQUEST(call, Pb__ApprovePublicationRequest);
    struct publication_call *c = call->data;
    const struct workflow_facts facts = {0};
    enum status s = take_step(call, c, COMMAND_APPROVE, &facts);
    if (s == STATUS_OK) {
        s = check_content(call, c);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "opinion", r->opinion, PUBLICATION_REASON_BYTES, false);
    }
    c->approval_id = call_new_id(call);
    if (s != STATUS_OK || c->approval_id == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    c->next.approved_ms = call->now_ms;
    c->opinion = r->opinion != NULL && r->opinion[0] != '\0' ? r->opinion : NULL;
    call->reason = c->opinion;
    return leave(call, c, COMMAND_APPROVE);
}

/* The date of the inspection (巡视的节点) that a notice is published for; NULL: none. */
static const char *
date_kind(const struct publication_call *c)
{
    switch ((int)c->before->kind) {
    case PB__PUBLICATION_KIND__PUBLIC_NOTICE:
        return "PUBLICATION";
    case PB__PUBLICATION_KIND__INNER_NOTICE:
        return "INNER_NOTICE";
    default:
        return NULL;
    }
}

void
publish_publication_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__ApprovePublicationRequest)->ref);
}

int
publish_publication_load(struct call *call, struct db_queue *q)
{
    int ret = publication_load(call, q, REQUEST(call, Pb__ApprovePublicationRequest)->ref, true);
    struct publication_call *c = call->data;
    if (ret != STATUS_OK || date_kind(c) == NULL) {
        return ret;
    }
    int tenant = call->who->tenant;
    const char *code = c->before->inspection;
    enum status s = inspection_queue_lock(q, tenant, code, &c->inspection);
    return (int)(s != STATUS_OK ? s : inspection_date_queue_all(q, tenant, code, &c->dates));
}

enum status
publish_publication_decide(struct call *call)
{
    struct publication_call *c = call->data;
    const struct workflow_facts facts = {0};
    enum status s = take_step(call, c, COMMAND_PUBLISH, &facts);
    if (s == STATUS_OK) {
        s = check_content(call, c);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next.published_ms = call->now_ms;
    c->next.published_day = call->today;
    s = leave(call, c, COMMAND_PUBLISH);
    return s == STATUS_OK && date_kind(c) != NULL
               ? inspection_date_hold(call, &c->inspection, &c->dates, date_kind(c), &c->held)
               : s;
}
