#include "server/service/grant.h"

#include "proto/base/wire_text.h"
#include "server/base/clock.h"

#include <string.h>

static bool
same_id(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
days_hold(int32_t from_day, int32_t to_day, int32_t today)
{
    return (from_day == NO_DATE || from_day <= today) && (to_day == NO_DATE || to_day >= today);
}

static bool
days_overlap(int32_t from_a, int32_t to_a, int32_t from_b, int32_t to_b)
{
    return (to_a == NO_DATE || from_b == NO_DATE || from_b <= to_a) &&
           (to_b == NO_DATE || from_a == NO_DATE || from_a <= to_b);
}

/* ---- does it fit ---- */

static enum status
check_org(const struct grant_record *g, struct fault *fault)
{
    char names[ROLE_NAMES_SIZE];
    uint32_t wrong = role_misfits((uint32_t)g->roles, g->org_kind);
    if (wrong == 0) {
        return STATUS_OK;
    }
    return fault_set_field(fault, "roles", "ROLE_ORG_MISMATCH",
                           "角色“%s”与单位“%s”的类别（%s）不符：席位的权限要与单位的职责一致，"
                           "否则会审核本单位自己的事项。请换一个角色或单位。",
                           role_names_zh(wrong, names, sizeof names), g->org_name, g->org_kind);
}

static enum status
check_days(const struct grant_record *g, int32_t today, struct fault *fault)
{
    if (g->from_day != NO_DATE && g->to_day != NO_DATE && g->to_day < g->from_day) {
        return fault_set_field(fault, "to_on", "DAYS_ORDER",
                               "席位的截止日早于起始日：请核对两个日期。");
    }
    if (g->to_day != NO_DATE && g->to_day < today) {
        return fault_set_field(fault, "to_on", "DAYS_PAST",
                               "席位的截止日已经过去：请写今天或以后的日期。");
    }
    return STATUS_OK;
}

static enum status
refuse_excluding(const struct grant_record *g, uint64_t together, struct fault *fault)
{
    char names[ROLE_NAMES_SIZE];
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE",
                     "账号“%s”不能同时担任%s：系统管理员、授权管理员、审计管理员三员分立，"
                     "一人只任其一，也不兼业务角色。请先收回原有席位，或换一个人。",
                     g->account, role_names_zh((uint32_t)together, names, sizeof names));
}

static enum status
check_beside_held(const struct grant_record *g, const struct held_list *held, struct fault *fault)
{
    if (!role_separate((uint32_t)g->roles)) {
        return refuse_excluding(g, g->roles, fault);
    }
    for (size_t i = 0; i < held->count; i++) {
        const struct held_seat *s = &held->items[i];
        if (!same_id(s->account_id, g->account_id) ||
            !days_overlap(s->from_day, s->to_day, g->from_day, g->to_day)) {
            continue;
        }
        bool again =
            same_id(s->org_id, g->org_id) && (g->roles & ~s->roles) == 0 &&
            (s->substitute_for_id == NULL ? g->substitute_for_id == NULL
                                          : same_id(s->substitute_for_id, g->substitute_for_id));
        if (again) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "SEAT_EXISTS",
                             "账号“%s”在“%s”已有这样的席位（%s），不必再办。", g->account,
                             g->org_name, s->grant_ref == NULL ? "原有" : s->grant_ref);
        }
        if (((s->roles | g->roles) & ROLE_ADMINISTRATORS) != 0) {
            return refuse_excluding(g, s->roles | g->roles, fault);
        }
    }
    return STATUS_OK;
}

/* A substitute has no more than the one he stands in for. */
static enum status
check_substitute(const struct grant_record *g, const struct held_list *held, int32_t today,
                 struct fault *fault)
{
    if (same_id(g->account_id, g->substitute_for_id)) {
        return fault_set_field(fault, "substitute_for", "SUBSTITUTE_SELF",
                               "自己不能代行自己的席位：请写被代行人的账号。");
    }
    if (g->from_day == NO_DATE || g->to_day == NO_DATE ||
        g->to_day - g->from_day >= SUBSTITUTE_DAYS_MAX) {
        return fault_set_field(fault, "to_on", "SUBSTITUTE_DAYS",
                               "代行要写明起始日和截止日，至多 %d 天。", SUBSTITUTE_DAYS_MAX);
    }
    uint64_t own = 0;
    for (size_t i = 0; i < held->count; i++) {
        const struct held_seat *s = &held->items[i];
        bool to_come = s->to_day == NO_DATE || s->to_day >= today;
        if (same_id(s->account_id, g->substitute_for_id) && same_id(s->org_id, g->org_id) &&
            s->substitute_for_id == NULL && to_come) {
            own |= s->roles;
        }
    }
    if (g->roles == 0 || (g->roles & ~own) != 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SUBSTITUTE_NO_SEAT",
                         "“%s”在“%s”没有可由他人代行的席位：请核对账号和单位。", g->substitute_for,
                         g->org_name);
    }
    return STATUS_OK;
}

enum status
grant_fits(const struct grant_record *g, const struct held_list *held, int32_t today,
           struct fault *fault)
{
    enum status s = check_days(g, today, fault);
    if (s == STATUS_OK && g->substitute_for_id != NULL) {
        s = check_substitute(g, held, today, fault);
    }
    if (s == STATUS_OK) {
        s = check_org(g, fault);
    }
    return s == STATUS_OK ? check_beside_held(g, held, fault) : s;
}

/* ---- decisions ---- */

static struct workflow_facts
facts_of(const struct grant_record *g, const struct actor *actor, const char *reason)
{
    const char *const others[] = {g->proposed_by_id, g->account_id, g->substitute_for_id};
    bool same = false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        same = same || role_is_person(actor->account_id, actor->substitute_for_id, others[i]);
    }
    return (struct workflow_facts){.two_people = !same, .reason_given = reason != NULL};
}

static bool
is_last(const struct grant_record *g, int64_t others)
{
    return (g->roles & (ROLE_ADMIN | ROLE_GRANT)) != 0 && g->substitute_for_id == NULL &&
           others == 0;
}

static const char last_zh[] =
    "收回以后就没有人能提出或批准授权了：请先授权另一位系统管理员或授权管理员，再收回这一席位。";

enum status
grant_step(const struct grant_record *g, const struct actor *actor, const struct grant_order *order,
           struct grant_record *ret, struct fault *fault)
{
    const struct workflow_facts facts = facts_of(g, actor, order->reason);
    const struct workflow_edge *edge = NULL;
    enum status s = workflow_step(workflow_machine(WORKFLOW_GRANT), g->state, order->command,
                                  (uint32_t)actor->roles, &facts, &edge, fault);
    if (s != STATUS_OK) {
        struct fault plain = *fault;
        fault_set(fault, plain.code, plain.reason, "授权 %s：%s", g->ref, plain.message);
        return s;
    }
    bool ends = strcmp(order->command, COMMAND_END) == 0;
    if (ends && is_last(g, order->others)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "LAST_ADMINISTRATOR", "授权 %s：%s",
                         g->ref, last_zh);
    }
    *ret = *g;
    ret->state = edge->to;
    ret->version++;
    if (ends || strcmp(order->command, COMMAND_WITHDRAW) == 0) {
        ret->ended_by_id = actor->account_id;
        ret->ended_by = order->actor;
        ret->ended_ms = ends ? order->now_ms : 0;
        ret->ended_reason = order->reason;
    } else {
        ret->decided_by_id = actor->account_id;
        ret->decided_by = order->actor;
        ret->decided_ms = order->now_ms;
        ret->opinion = order->reason;
    }
    return STATUS_OK;
}

static void
refuse_option(struct workflow_option *o, const char *reason, const char *reason_zh)
{
    o->allowed = false;
    o->to = NULL;
    o->needs = 0;
    o->reason = reason == NULL ? "REQUEST_TOO_LARGE" : reason;
    o->reason_zh = reason_zh == NULL ? "内存不足，请重试。" : reason_zh;
}

size_t
grant_options(const struct grant_record *g, const struct actor *actor,
              const struct grant_around *around, struct arena *a,
              struct workflow_option *ret_options)
{
    const struct workflow_facts facts = facts_of(g, actor, NULL);
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_GRANT), g->state, (uint32_t)actor->roles,
                                &facts, ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        struct fault fault = {0};
        if (o->allowed && strcmp(o->command, COMMAND_END) == 0 && is_last(g, around->others)) {
            refuse_option(o, "LAST_ADMINISTRATOR", last_zh);
        } else if (o->allowed && strcmp(o->command, COMMAND_APPROVE) == 0 &&
                   grant_fits(g, around->held, around->today, &fault) != STATUS_OK) {
            refuse_option(o, arena_strdup(a, fault.reason), arena_strdup(a, fault.message));
        }
    }
    return n;
}

/* ---- messages ---- */

bool
role_list(uint64_t roles, struct arena *a, char ***ret_names, size_t *ret_count)
{
    char **names = arena_array(a, ROLE_COUNT, sizeof *names);
    size_t n = 0;
    for (uint32_t bit = 0; names != NULL && bit < ROLE_COUNT; bit++) {
        if ((roles & (UINT64_C(1) << bit)) != 0) {
            names[n++] = wire_text(role_name(1U << bit));
        }
    }
    *ret_names = names;
    *ret_count = n;
    return names != NULL;
}

static char *
day_words(int32_t day, struct arena *a)
{
    if (day == NO_DATE) {
        return NULL;
    }
    char text[DAY_TEXT_SIZE];
    return arena_strdup(a, day_print(day, text));
}

Pb__Grant *
grant_message(const struct grant_record *g, int32_t today, struct arena *a)
{
    Pb__Grant *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__grant__init(out);
    out->id = wire_text(g->id);
    out->ref = wire_text(g->ref);
    out->account = wire_text(g->account);
    out->display_name = wire_text(g->display_name);
    out->org = wire_text(g->org_code);
    out->org_name = wire_text(g->org_name);
    out->substitute_for = wire_text(g->substitute_for);
    out->from_on = day_words(g->from_day, a);
    out->to_on = day_words(g->to_day, a);
    out->reason = wire_text(g->reason);
    out->state = wire_text(g->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_GRANT), g->state));
    out->proposed_by = wire_text(g->proposed_by);
    out->has_proposed_at_ms = out->has_version = out->has_holds = 1;
    out->proposed_at_ms = g->proposed_ms;
    out->decided_by = wire_text(g->decided_by);
    out->has_decided_at_ms = g->decided_ms != 0;
    out->decided_at_ms = g->decided_ms;
    out->opinion = wire_text(g->opinion);
    out->ended_by = wire_text(g->ended_by);
    out->has_ended_at_ms = g->ended_ms != 0;
    out->ended_at_ms = g->ended_ms;
    out->ended_reason = wire_text(g->ended_reason);
    out->version = g->version;
    out->holds = strcmp(g->state, STATE_APPROVED) == 0 && days_hold(g->from_day, g->to_day, today);
    return role_list(g->roles, a, &out->roles, &out->n_roles) ? out : NULL;
}
