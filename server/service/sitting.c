#include "server/service/sitting.h"

#include <stdio.h>
#include <string.h>

const uint32_t sitting_bodies[BODY_COUNT] = {ROLE_DISC, ROLE_ORGD, ROLE_OFFICE};

static bool
is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const char *
sitting_criterion_zh(int index)
{
    static const char *const names[CRITERIA_COUNT] = {"计划任务完成", "违规问题处理到位",
                                                      "成效符合规定", "举一反三", "根源消除"};
    return names[index];
}

const char *
sitting_row_state_zh(const char *state)
{
    static const char *const names[][2] = {
        {ROW_PENDING, "待会审"},
        {STATE_CLOSED, "同意销号"},
        {STATE_SUSTAINED, "基本完成并持续整改"},
        {ROW_REFUSED, "不同意销号"},
        {ROW_UNDECIDED, "未形成结论"},
        {ROW_VOID, "不再会审"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is(state, names[i][0])) {
            return names[i][1];
        }
    }
    return state;
}

/* ---- who speaks ---- */

uint32_t
sitting_recused(const struct problem_record *p)
{
    return role_from_name(p->lead_kind) & ROLE_VERIFY;
}

const char *
sitting_substitute_group(const struct problem_record *p)
{
    return is(p->sgroup.id, p->lead.id) ? NULL : p->sgroup.id;
}

static bool
substitutes(const struct problem_record *p, const struct actor *actor, uint32_t roles)
{
    const char *group = sitting_substitute_group(p);
    return group != NULL ? (roles & ROLE_SGROUP) != 0 && is(group, actor->org_id)
                         : (roles & ROLE_LGROUP) != 0;
}

uint32_t
sitting_body_of(const struct problem_record *p, const struct actor *actor, bool *ret_substitute,
                struct fault *fault)
{
    uint32_t roles = actor->behalf ? 0 : (uint32_t)actor->roles;
    uint32_t own = roles & ROLE_VERIFY;
    uint32_t recused = sitting_recused(p);
    *ret_substitute = false;
    own &= ~own + 1; /* a seat speaks for one body */
    if (own == 0 && (recused == 0 || !substitutes(p, actor, roles))) {
        char names[ROLE_NAMES_SIZE];
        (void)fault_set(fault, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS",
                        "问题 %s：您的岗位不在这个问题的会审单位之内，由%s（或其代行单位）"
                        "提出意见。",
                        p->ref, role_names_zh(ROLE_VERIFY, names, sizeof names));
        return 0;
    }
    if (!problem_independent(p, actor) || (own != 0 && own == recused)) {
        (void)fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED",
                        "问题 %s：本单位就是这个问题的牵头单位，按回避规定不能会审自己的事项，"
                        "由%s代行：请把这一行去掉后再提交。",
                        p->ref, sitting_substitute_group(p) != NULL ? "专项小组" : "领导小组");
        return 0;
    }
    *ret_substitute = own == 0;
    return own != 0 ? own : recused;
}

/* ---- an opinion ---- */

static enum status
check_record(const struct sitting_case *c, const Pb__SittingVerdict *v, struct fault *fault)
{
    char hex[2 * APPROVAL_HASH_BYTES + 1];
    for (int i = 0; i < APPROVAL_HASH_BYTES; i++) {
        snprintf(hex + (size_t)i * 2, 3, "%02x", c->sha256[i]);
    }
    if (is(v->record, hex)) {
        return STATUS_OK;
    }
    enum status s = fault_set(
        fault, STATUS_ABORTED, "STALE_VERSION",
        "问题 %s 的记录已经变化（现在是第 %lld 版），意见没有记下：请重新打开会审清单，看过最新"
        "内容后再提意见。",
        c->problem->ref, (long long)c->problem->version);
    if (fault != NULL) {
        fault->has_current_version = true;
        fault->current_version = c->problem->version;
        snprintf(fault->field, sizeof fault->field, "record");
    }
    return s;
}

static enum status
criteria_fault(const struct sitting_case *c, struct fault *fault)
{
    return fault_set_field(fault, "criteria", "CRITERIA_MISSING",
                           "问题 %s：五条标准（计划任务完成、违规问题处理到位、成效符合规定、"
                           "举一反三、根源消除）要逐条写明结论和理由，每条一次，请补齐。",
                           c->problem->ref);
}

/* Each criterion once, concluded and reasoned; *ret_met says whether all are met. */
static enum status
read_criteria(const struct sitting_case *c, const Pb__SittingVerdict *v,
              struct sitting_opinion_record *o, bool *ret_met, struct fault *fault)
{
    unsigned seen = 0;
    bool all = true;
    if (v->n_criteria != CRITERIA_COUNT) {
        return criteria_fault(c, fault);
    }
    for (size_t i = 0; i < v->n_criteria; i++) {
        const Pb__CriterionOpinion *k = v->criteria[i];
        bool numbered = k->has_no && k->no >= 1 && k->no <= CRITERIA_COUNT;
        bool reasoned = k->reason != NULL && k->reason[strspn(k->reason, " \t\r\n")] != '\0';
        if (!numbered || !k->has_met || !reasoned || (seen & (1U << k->no)) != 0) {
            return criteria_fault(c, fault);
        }
        seen |= 1U << k->no;
        o->met[k->no - 1] = k->met;
        o->reasons[k->no - 1] = k->reason;
        all = all && k->met;
    }
    *ret_met = all;
    return STATUS_OK;
}

static enum status
read_verdict(const struct sitting_case *c, const Pb__SittingVerdict *v,
             struct sitting_opinion_record *o, struct fault *fault)
{
    bool all_met = false;
    bool agrees = v->has_verdict && v->verdict == PB__VERDICT__ACCEPTED;
    if (!agrees && (!v->has_verdict || v->verdict != PB__VERDICT__RETURNED)) {
        return fault_set_field(fault, "verdict", "VERDICT_MISSING",
                               "问题 %s：请写明同意还是不同意。", c->problem->ref);
    }
    enum status s = read_criteria(c, v, o, &all_met, fault);
    if (s == STATUS_OK && all_met != agrees) {
        s = fault_set_field(fault, "verdict", "VERDICT_CONTRADICTS",
                            agrees ? "问题 %s：有标准没有达到，不能同意销号，请核对结论。"
                                   : "问题 %s：不同意销号，要指出哪一条标准没有达到，请核对结论。",
                            c->problem->ref);
    }
    o->verdict = (int)v->verdict;
    o->reason = v->reason != NULL && v->reason[0] != '\0' ? v->reason : NULL;
    return s;
}

static const struct sitting_opinion_record *
opinion_of(const struct sitting_case *c, uint32_t body)
{
    for (size_t i = 0; i < c->opinions->count; i++) {
        const struct sitting_opinion_record *o = &c->opinions->items[i];
        if (is(o->row_id, c->row->id) && is(o->body, role_name(body))) {
            return o;
        }
    }
    return NULL;
}

/* Counts only while the record it was given on stands. */
static bool
opinion_counts(const struct sitting_case *c, const struct sitting_opinion_record *o)
{
    return o != NULL && memcmp(o->sha256, c->sha256, APPROVAL_HASH_BYTES) == 0;
}

static uint32_t
agreed_with(const struct sitting_case *c, uint32_t body)
{
    uint32_t agreed = body;
    for (int i = 0; i < BODY_COUNT; i++) {
        const struct sitting_opinion_record *o = opinion_of(c, sitting_bodies[i]);
        if (opinion_counts(c, o) && o->verdict == PB__VERDICT__ACCEPTED) {
            agreed |= sitting_bodies[i];
        }
    }
    return agreed;
}

/* "纪委监委不同意：成效符合规定——…；…" */
static const char *
refusal_text(const struct sitting_opinion_record *o, uint32_t body, struct arena *a)
{
    const char *text =
        arena_printf(a, "%s%s不同意：", role_zh(body), o->substitute ? "（由代行单位）" : "");
    const char *mark = "";
    for (int i = 0; text != NULL && i < CRITERIA_COUNT; i++) {
        if (!o->met[i]) {
            text =
                arena_printf(a, "%s%s%s——%s", text, mark, sitting_criterion_zh(i), o->reasons[i]);
            mark = "；";
        }
    }
    bool more = text != NULL && o->reason != NULL && o->reason[0] != '\0';
    return more ? arena_printf(a, "%s%s%s", text, mark, o->reason) : text;
}

/* The row, when this opinion decides it. */
static enum status
decide_row(const struct sitting_case *c, struct arena *a, struct sitting_outcome *o,
           struct fault *fault)
{
    bool refuses = o->opinion.verdict == PB__VERDICT__RETURNED;
    uint32_t agreed = refuses ? 0 : agreed_with(c, o->body);
    if (!refuses && (agreed & ROLE_VERIFY) != ROLE_VERIFY) {
        return STATUS_OK;
    }
    o->command = refuses ? COMMAND_REFUSE : COMMAND_CLOSE;
    struct problem_order order = {
        .command = o->command,
        .reason_given = refuses,
        .body = o->body,
        .agreed = agreed,
        .refused = refuses ? o->body : 0,
        .criteria_reasoned = true,
        .today = c->today,
        .now_ms = c->now_ms,
    };
    enum status s = problem_step(c->problem, &c->counts, c->actor, &order, &o->problem, fault);
    if (s != STATUS_OK) {
        return s;
    }
    o->decided = true;
    o->row = *c->row;
    o->row.state = refuses ? ROW_REFUSED : o->problem.next.state;
    o->row.reason = refuses ? refusal_text(&o->opinion, o->body, a) : NULL;
    o->row.decided_ms = c->now_ms;
    o->row.problem_version = c->problem->version;
    o->row.sha256 = c->sha256;
    o->row.version++;
    return refuses && o->row.reason == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
check_pending(const struct sitting_case *c, struct fault *fault)
{
    return is(c->row->state, ROW_PENDING)
               ? STATUS_OK
               : fault_set(
                     fault, STATUS_FAILED_PRECONDITION, "ROW_DECIDED",
                     "问题 %s 在这次会审中已有结论（%s），不能再提意见：请去掉这一行后再提交。",
                     c->problem->ref, sitting_row_state_zh(c->row->state));
}

enum status
sitting_judge(const struct sitting_case *c, const Pb__SittingVerdict *v, struct arena *a,
              struct sitting_outcome *ret, struct fault *fault)
{
    struct sitting_outcome o = {0};
    struct sitting_record open;
    bool substitute = false;
    enum status s = sitting_step(c->sitting, COMMAND_JUDGE, c->actor, false, &open, fault);
    if (s != STATUS_OK) {
        return s;
    }
    o.body = sitting_body_of(c->problem, c->actor, &substitute, fault);
    if (o.body == 0) {
        return STATUS_PERMISSION_DENIED;
    }
    /* Before all else about the row: who saw an older record is told so, whatever became of it. */
    s = check_record(c, v, fault);
    if (s == STATUS_OK) {
        s = check_pending(c, fault);
    }
    if (s == STATUS_OK) {
        s = read_verdict(c, v, &o.opinion, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    const struct sitting_opinion_record *former = opinion_of(c, o.body);
    o.opinion.row_id = c->row->id;
    o.opinion.body = role_name(o.body);
    o.opinion.approval_id = c->approval_id;
    o.opinion.org_id = c->actor->org_id;
    o.opinion.substitute = substitute;
    o.opinion.problem_version = c->problem->version;
    o.opinion.sha256 = c->sha256;
    o.opinion.recorded_ms = c->now_ms;
    o.opinion.version = former == NULL ? 1 : former->version + 1;
    s = decide_row(c, a, &o, fault);
    if (s == STATUS_OK) {
        *ret = o;
    }
    return s;
}

/* ---- the sitting itself ---- */

enum status
sitting_step(const struct sitting_record *s, const char *command, const struct actor *actor,
             bool reason_given, struct sitting_record *ret_next, struct fault *fault)
{
    const struct workflow_facts facts = {.reason_given = reason_given};
    const struct workflow_edge *edge = NULL;
    uint32_t roles = actor->behalf ? 0 : (uint32_t)actor->roles;
    enum status status = workflow_step(workflow_machine(WORKFLOW_SITTING), s->state, command, roles,
                                       &facts, &edge, fault);
    if (status == STATUS_OK) {
        *ret_next = *s;
        ret_next->state = edge->to;
        ret_next->version++;
    }
    return status;
}

enum status
sitting_accepts(const struct problem_record *p, const struct problem_counts *counts,
                struct fault *fault)
{
    bool review = is(p->state, STATE_JOINT_REVIEW);
    bool sustained = is(p->state, STATE_SUSTAINED) && counts->sustaining == 0;
    if (!review && !sustained) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "NOT_IN_REVIEW",
                         "问题 %s 现在是“%s”，不能列入会审：只有联合会审中的问题，或长期坚持的"
                         "措施均已办结的问题可以列入。请从清单中去掉。",
                         p->ref, workflow_state_zh(workflow_machine(WORKFLOW_PROBLEM), p->state));
    }
    if (p->sitting.id != NULL) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "IN_ANOTHER_SITTING",
                         "问题 %s 已列入会审 %s，还没有结论：请从清单中去掉，或先结束那次会审。",
                         p->ref, p->sitting.code);
    }
    return STATUS_OK;
}

static const struct problem_record *
problem_of(const struct problem_list *problems, const struct sitting_row_record *row)
{
    for (size_t i = 0; i < problems->count; i++) {
        if (is(problems->items[i].id, row->problem_id)) {
            return &problems->items[i];
        }
    }
    return NULL;
}

/* Some row waits for this actor's opinion; otherwise why none does. */
static void
judge_option(const struct actor *actor, const struct sitting_row_list *rows,
             const struct problem_list *problems, struct workflow_option *o)
{
    struct fault fault = {0};
    bool pending = false;
    bool substitute = false;
    for (size_t i = 0; i < rows->count; i++) {
        const struct problem_record *p = problem_of(problems, &rows->items[i]);
        if (p == NULL || !is(rows->items[i].state, ROW_PENDING)) {
            continue;
        }
        pending = true;
        if (sitting_body_of(p, actor, &substitute, &fault) != 0) {
            return;
        }
    }
    o->allowed = false;
    o->to = NULL;
    o->needs = 0;
    if (!pending) {
        o->reason = "ROW_DECIDED";
        o->reason_zh = "清单里的问题都已有结论，不能再提意见。";
    } else if (is(fault.reason, "RECUSED")) {
        o->reason = "RECUSED";
        o->reason_zh =
            "本单位就是这个问题的牵头单位，按回避规定不能会审自己的事项，由代行单位提出意见。";
    } else {
        o->reason = "ROLE_FORBIDS";
        o->reason_zh = "您的岗位不在清单里任何一个问题的会审单位之内。";
    }
}

size_t
sitting_options(const struct sitting_record *s, const struct actor *actor,
                const struct sitting_row_list *rows, const struct problem_list *problems,
                struct workflow_option *ret_options)
{
    const struct workflow_facts facts = {0};
    uint32_t roles = actor->behalf ? 0 : (uint32_t)actor->roles;
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_SITTING), s->state, roles, &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (ret_options[i].allowed && is(ret_options[i].command, COMMAND_JUDGE)) {
            judge_option(actor, rows, problems, &ret_options[i]);
        }
    }
    return n;
}
