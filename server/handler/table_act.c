/* TableService: commands on the whole table. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "rectify/v1/table.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

void
act_subjects(const struct call *call, struct subject_set *set)
{
    const char *id = REQUEST(call, Pb__ChangeTableRequest)->id;
    subject_add(set, "table", id == NULL ? "" : id);
}

/* The table, and what its measures said before it. */
static int
load_with_before(struct call *call, struct db_queue *q, const char *id)
{
    enum status s = table_load(call, q, id);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct table_call *c = call->data;
    return (int)table_queue_before(q, call->who->tenant, id, &c->before);
}

int
act_load(struct call *call, struct db_queue *q)
{
    return load_with_before(call, q, REQUEST(call, Pb__ChangeTableRequest)->id);
}

/* What every one of them leaves and answers. */
static enum status
changed(struct call *call, const struct table_case *tc)
{
    struct table_call *c = call->data;
    enum status s = table_record_changes(call, tc);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__Table *reply = table_message(&c->outcome.next, call->today, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
act_decide(struct call *call, const char *command, bool reasoned)
{
    const Pb__ChangeTableRequest *r = REQUEST(call, Pb__ChangeTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    const char *reason = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    if (s == STATUS_OK) {
        s = check_reason(call, r->reason_code, r->reason, reasoned, &reason);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_check_seen(&tc, r->has_expected_version, r->expected_version, &call->fault);
    if (s == STATUS_OK) {
        s = table_act(&tc, command, reason, call->arena, &c->outcome, &call->fault);
    }
    return s == STATUS_OK ? changed(call, &tc) : s;
}

enum status
withdraw_table_decide(struct call *call)
{
    return act_decide(call, COMMAND_WITHDRAW, true);
}

enum status
nil_decide(struct call *call)
{
    return act_decide(call, COMMAND_NIL, true);
}

/* A NIL alone: a table with rows is returned by its rows. */
enum status
return_nil_decide(struct call *call)
{
    struct table_call *c = call->data;
    if (c->tables.count == 1 && strcmp(c->tables.items[0].state, STATE_NIL) != 0) {
        return fault_set(
            &call->fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
            "这张表现在是“%s”，不是报无进展；填了内容的表请逐行审核、退回。",
            workflow_state_zh(workflow_machine(WORKFLOW_TABLE), c->tables.items[0].state));
    }
    return act_decide(call, COMMAND_RETURN, true);
}

enum status
waive_decide(struct call *call)
{
    return act_decide(call, COMMAND_WAIVE, true);
}

enum status
lock_decide(struct call *call)
{
    return act_decide(call, COMMAND_LOCK, false);
}

/* ---- CorrectTable ---- */

void
correct_subjects(const struct call *call, struct subject_set *set)
{
    const char *id = REQUEST(call, Pb__CorrectTableRequest)->id;
    subject_add(set, "table", id == NULL ? "" : id);
}

int
correct_load(struct call *call, struct db_queue *q)
{
    return load_with_before(call, q, REQUEST(call, Pb__CorrectTableRequest)->id);
}

enum status
correct_decide(struct call *call)
{
    const Pb__CorrectTableRequest *r = REQUEST(call, Pb__CorrectTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    const char *reason = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    if (s == STATUS_OK) {
        s = check_reason(call, r->reason_code, r->reason, true, &reason);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_correct(&tc, r, reason, call->arena, &c->outcome, &call->fault);
    return s == STATUS_OK ? changed(call, &tc) : s;
}
