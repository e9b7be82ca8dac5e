/* GrantService: proposing seats and substitutions. */
#include "server/handler/grant.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/account.h"
#include "server/store/org.h"

#include <inttypes.h>
#include <string.h>

enum { REASON_BYTES = 1024 };

struct proposal {
    struct account_record account;
    struct account_record stood_for;
    struct org_list orgs;
    struct held_list held;
    struct number_list numbers;
    struct grant_record made;
};

enum status
grant_read_roles(struct call *call, char *const *names, size_t count, uint64_t *ret_roles)
{
    uint64_t roles = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = role_from_name(names[i]);
        if (bit == 0 || bit == ROLE_SYS) {
            return fault_set_field(
                &call->fault, "roles", "ROLE_UNKNOWN",
                "没有角色“%.64s”：可用 OFFICE、LGROUP、SGROUP、LEADER、PLEAD（单位）、MLEAD、PART、"
                "DISC、ORGD、PUBL、FILLER、REVIEWER、HEAD，或 ADMIN、GRANT、AUDIT 之一。",
                names[i]);
        }
        roles |= bit;
    }
    if (roles == 0) {
        return fault_set_field(&call->fault, "roles", "ROLE_MISSING",
                               "请至少写一个角色，如 PLEAD（单位）或 OFFICE（办公室）。");
    }
    *ret_roles = roles;
    return STATUS_OK;
}

enum status
grant_change(struct call *call, const struct grant_record *g, const char *command, const char *from)
{
    Pb__Grant *record = grant_message(g, call->today, call->arena);
    if (record == NULL || !call_change(call, "grant", g->id, g->ref,
                                       g->version == 0 ? 1 : g->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = wire_text(command);
    change->from_state = wire_text(from);
    change->to_state = wire_text(g->state);
    return STATUS_OK;
}

enum status
grant_propose(struct call *call, struct grant_record *g, int64_t number,
              const struct held_list *held)
{
    const struct workflow_facts facts = {0};
    const struct workflow_edge *edge = NULL;
    enum status s = workflow_step(workflow_machine(WORKFLOW_GRANT), STATE_NONE, COMMAND_PROPOSE,
                                  (uint32_t)call->who->roles, &facts, &edge, &call->fault);
    if (s == STATUS_OK) {
        s = grant_fits(g, held, call->today, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    g->id = call_new_id(call);
    g->ref = arena_printf(call->arena, "G-%04" PRId64, number);
    g->state = edge->to;
    g->proposed_by_id = call->who->account_id;
    g->proposed_by = call->who->account;
    g->proposed_ms = call->now_ms;
    return g->id == NULL || g->ref == NULL ? handler_no_memory(call)
                                           : grant_change(call, g, COMMAND_PROPOSE, NULL);
}

static int
propose_load(struct call *call, struct db_queue *q, const char *account, const char *stood_for)
{
    struct proposal *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (p == NULL) {
        return handler_no_memory(call);
    }
    const char *names[] = {account == NULL ? "" : account, stood_for};
    struct text_list list = {names, stood_for == NULL ? 1 : 2, 2};
    int tenant = call->who->tenant;
    enum status s = org_queue_all(q, tenant, &p->orgs);
    if (s == STATUS_OK) {
        s = account_queue_lock(q, tenant, names[0], NULL, &p->account);
    }
    if (s == STATUS_OK && stood_for != NULL) {
        s = account_queue_lock(q, tenant, stood_for, NULL, &p->stood_for);
    }
    if (s == STATUS_OK) {
        s = grant_queue_held(q, tenant, &list, call->arena, &p->held);
    }
    return s == STATUS_OK ? grant_queue_numbers(q, 1, &p->numbers) : s;
}

static enum status
refuse_account(struct call *call, const char *field, const char *name)
{
    fault_set_field(&call->fault, field, "ACCOUNT_UNKNOWN",
                    "没有账号“%.64s”：请核对账号名，或先建立账号。", name == NULL ? "" : name);
    call->fault.code = STATUS_NOT_FOUND;
    return STATUS_NOT_FOUND;
}

static enum status
name_account(struct call *call, struct proposal *p, const char *asked)
{
    if (p->account.id == NULL) {
        return refuse_account(call, "account", asked);
    }
    p->made.account_id = p->account.id;
    p->made.account = p->account.name;
    p->made.display_name = p->account.display_name;
    return STATUS_OK;
}

static enum status
name_org(struct call *call, struct proposal *p, const char *asked)
{
    const struct org_record *org = asked == NULL ? NULL : org_list_find(&p->orgs, asked);
    if (org == NULL) {
        return fault_set_field(&call->fault, "org", "ORG_UNKNOWN",
                               "没有单位“%.64s”：请先导入组织机构，或核对单位代码。",
                               asked == NULL ? "" : asked);
    }
    p->made.org_id = org->id;
    p->made.org_code = org->code;
    p->made.org_name = org->name;
    p->made.org_kind = org->kind;
    return STATUS_OK;
}

static enum status
read_days(struct call *call, struct grant_record *g, const char *from, const char *to,
          const char *reason, bool reason_needed)
{
    enum status s = check_day(call, "from_on", from, &g->from_day);
    if (s == STATUS_OK) {
        s = check_day(call, "to_on", to, &g->to_day);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "reason", reason, REASON_BYTES, reason_needed);
    }
    g->reason = reason;
    call->reason = reason;
    return s;
}

static enum status
propose_reply(struct call *call, struct proposal *p)
{
    enum status s = grant_propose(call, &p->made, p->numbers.items[0], &p->held);
    if (s != STATUS_OK) {
        return s;
    }
    p->made.version = 1;
    Pb__Grant *reply = grant_message(&p->made, call->today, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
grant_propose_effects(struct call *call, struct db_queue *q)
{
    const struct proposal *p = call->data;
    return grant_queue_insert(q, call->who->tenant, &p->made, call->event_id);
}

void
grant_seat_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__ProposeSeatRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

int
grant_seat_load(struct call *call, struct db_queue *q)
{
    return propose_load(call, q, REQUEST(call, Pb__ProposeSeatRequest)->account, NULL);
}

enum status
grant_seat_decide(struct call *call)
{
    const Pb__ProposeSeatRequest *r = REQUEST(call, Pb__ProposeSeatRequest);
    struct proposal *p = call->data;
    p->made = (struct grant_record){0};
    enum status s = name_account(call, p, r->account);
    if (s == STATUS_OK) {
        s = name_org(call, p, r->org);
    }
    if (s == STATUS_OK) {
        s = grant_read_roles(call, r->roles, r->n_roles, &p->made.roles);
    }
    if (s == STATUS_OK) {
        s = read_days(call, &p->made, r->from_on, r->to_on, r->reason, false);
    }
    return s == STATUS_OK ? propose_reply(call, p) : s;
}

void
grant_substitute_subjects(const struct call *call, struct subject_set *set)
{
    const char *name = REQUEST(call, Pb__ProposeSubstituteRequest)->account;
    subject_add(set, "account", name == NULL ? "" : name);
}

int
grant_substitute_load(struct call *call, struct db_queue *q)
{
    const Pb__ProposeSubstituteRequest *r = REQUEST(call, Pb__ProposeSubstituteRequest);
    return propose_load(call, q, r->account, r->substitute_for == NULL ? "" : r->substitute_for);
}

/* The org of the seat stood in: the one named, or his only one; and the roles he has there. */
static enum status
find_stood_for(struct call *call, struct proposal *p, const char *org)
{
    const char *code = org != NULL && org[0] != '\0' ? org : NULL;
    for (size_t i = 0; i < p->held.count; i++) {
        const struct held_seat *s = &p->held.items[i];
        if (strcmp(s->account_id, p->stood_for.id) != 0 || s->substitute_for_id != NULL ||
            (org != NULL && org[0] != '\0' && strcmp(org, s->org_code) != 0)) {
            continue;
        }
        if (code != NULL && strcmp(code, s->org_code) != 0) {
            return fault_set_field(&call->fault, "org", "ORG_NEEDED",
                                   "“%s”在不止一个单位有席位：请写明代行哪个单位的。",
                                   p->stood_for.name);
        }
        code = s->org_code;
        p->made.roles |= s->roles;
    }
    if (code == NULL) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "SUBSTITUTE_NO_SEAT",
                         "“%s”没有可由他人代行的席位：请核对账号。", p->stood_for.name);
    }
    return name_org(call, p, code);
}

enum status
grant_substitute_decide(struct call *call)
{
    const Pb__ProposeSubstituteRequest *r = REQUEST(call, Pb__ProposeSubstituteRequest);
    struct proposal *p = call->data;
    p->made = (struct grant_record){0};
    enum status s = name_account(call, p, r->account);
    if (s == STATUS_OK && p->stood_for.id == NULL) {
        s = refuse_account(call, "substitute_for", r->substitute_for);
    }
    if (s == STATUS_OK) {
        p->made.substitute_for_id = p->stood_for.id;
        p->made.substitute_for = p->stood_for.name;
        s = find_stood_for(call, p, r->org);
    }
    if (s == STATUS_OK) {
        s = read_days(call, &p->made, r->from_on, r->to_on, r->reason, true);
    }
    return s == STATUS_OK ? propose_reply(call, p) : s;
}
