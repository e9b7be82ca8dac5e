#include "server/service/workflow.h"

#include "server/service/workflow_tables.h"

#include <assert.h>
#include <string.h>

static const struct workflow_machine *const machines[] = {
    [WORKFLOW_MEASURE] = &workflow_measure,
    [WORKFLOW_PROBLEM] = &workflow_problem,
    [WORKFLOW_TABLE] = &workflow_table,
    [WORKFLOW_TABLE_ROW] = &workflow_table_row,
    [WORKFLOW_PLAN_VERSION] = &workflow_plan_version,
    [WORKFLOW_CONSULTATION] = &workflow_consultation,
    [WORKFLOW_EXTENSION] = &workflow_extension,
    [WORKFLOW_NOTICE] = &workflow_notice,
    [WORKFLOW_TALK] = &workflow_talk,
    [WORKFLOW_ROUND] = &workflow_round,
    [WORKFLOW_INSTRUCTION] = &workflow_instruction,
    [WORKFLOW_OPINION] = &workflow_opinion,
    [WORKFLOW_PUBLICATION] = &workflow_publication,
    [WORKFLOW_GRANT] = &workflow_grant,
    [WORKFLOW_ACCOUNT] = &workflow_account,
    [WORKFLOW_SITTING] = &workflow_sitting,
    [WORKFLOW_OUTCOME] = &workflow_outcome,
};
_Static_assert(sizeof machines / sizeof machines[0] == WORKFLOW_COUNT, "every machine is listed");

const struct workflow_machine *
workflow_machine(enum workflow_id id)
{
    assert((unsigned)id < WORKFLOW_COUNT);
    return machines[id];
}

const struct workflow_machine *
workflow_machine_by_code(const char *code)
{
    for (size_t i = 0; code != NULL && i < WORKFLOW_COUNT; i++) {
        if (strcmp(machines[i]->code, code) == 0) {
            return machines[i];
        }
    }
    return NULL;
}

static bool
edge_is(const struct workflow_edge *e, const char *from, const char *command)
{
    return strcmp(e->from, from) == 0 && strcmp(e->command, command) == 0;
}

const struct workflow_edge *
workflow_find(const struct workflow_machine *machine, const char *from, const char *command)
{
    for (size_t i = 0; i < machine->edge_count; i++) {
        if (edge_is(&machine->edges[i], from, command)) {
            return &machine->edges[i];
        }
    }
    return NULL;
}

/* The first guard of a mask that does not hold and is of the wanted kind; GUARD_COUNT for none. */
static enum guard
first_unmet(uint64_t mask, const struct workflow_facts *facts, bool input)
{
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        enum guard guard = (enum guard)g;
        if ((mask & GUARD_BIT(g)) != 0 && guard_is_input(guard) == input &&
            !guard_holds(guard, facts)) {
            return guard;
        }
    }
    return GUARD_COUNT;
}

static bool
mask_holds(uint64_t mask, const struct workflow_facts *facts)
{
    return first_unmet(mask, facts, false) == GUARD_COUNT &&
           first_unmet(mask, facts, true) == GUARD_COUNT;
}

/* The edge the facts select, or the last one of (from, command): its `when` then says what is
 * missing. NULL when the command does not stand in this state. */
static const struct workflow_edge *
edge_select(const struct workflow_machine *machine, const char *from, const char *command,
            const struct workflow_facts *facts)
{
    const struct workflow_edge *last = NULL;
    for (size_t i = 0; i < machine->edge_count; i++) {
        const struct workflow_edge *e = &machine->edges[i];
        if (!edge_is(e, from, command)) {
            continue;
        }
        last = e;
        if (mask_holds(e->when, facts)) {
            break;
        }
    }
    return last;
}

/* Why an edge may not be taken. */
struct refusal {
    enum status status; /* OK: it may */
    const char *code;
    const char *zh;
};

static struct refusal
guard_refusal(enum guard guard)
{
    enum status s = guard_is_input(guard) ? STATUS_INVALID_ARGUMENT : STATUS_FAILED_PRECONDITION;
    return (struct refusal){s, guard_code(guard), guard_zh(guard)};
}

/* Whoever some edge of the command names, whatever the state. */
static uint32_t
command_roles(const struct workflow_machine *machine, const char *command)
{
    uint32_t roles = 0;
    for (size_t i = 0; i < machine->edge_count; i++) {
        const struct workflow_edge *e = &machine->edges[i];
        roles |= strcmp(e->command, command) == 0 ? e->who : 0;
    }
    return roles;
}

/* e: the edge selected, or NULL. ever: who may give the command in some state; who may not hears so
 * in each, as the door's policy row tells him. */
static struct refusal
edge_judge(const struct workflow_edge *e, uint32_t ever, uint32_t roles,
           const struct workflow_facts *facts, bool with_input)
{
    if (e == NULL && (ever == 0 || (roles & ever) != 0)) {
        return (struct refusal){STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                                "当前状态下不能办理这一步，请刷新后查看现在可以办理的事项。"};
    }
    if (e == NULL || (roles & e->who) == 0) {
        return (struct refusal){STATUS_PERMISSION_DENIED, "ROLE_FORBIDS",
                                "您的岗位不能办理这一步，请由有权限的单位或人员办理。"};
    }
    enum guard unmet = first_unmet(e->when | e->guard, facts, false);
    if (unmet == GUARD_COUNT && with_input) {
        unmet = first_unmet(e->when | e->guard, facts, true);
    }
    if (unmet != GUARD_COUNT) {
        return guard_refusal(unmet);
    }
    return (struct refusal){STATUS_OK, "", ""};
}

/* The sentence, with the names of state, step and those who may. */
static enum status
refuse(const struct refusal *r, const struct workflow_machine *machine, const char *from,
       const char *command, uint32_t who, struct fault *fault)
{
    bool asks = machine->id == WORKFLOW_EXTENSION && strcmp(command, "submit") == 0;
    const char *what = asks ? "申请延期" : workflow_command_zh(command); /* a table is handed in */
    const char *state =
        strcmp(from, STATE_NONE) == 0 ? "尚未建立" : workflow_state_zh(machine, from);
    if (r->status == STATUS_PERMISSION_DENIED) {
        char names[ROLE_NAMES_SIZE];
        return fault_set(fault, r->status, r->code, "您的岗位不能办理“%s”，这一步由%s办理。", what,
                         role_names_zh(who, names, sizeof names));
    }
    if (strcmp(r->code, "STATE_FORBIDS") == 0) {
        return fault_set(fault, r->status, r->code,
                         "%s现在是“%s”，不能办理“%s”。请刷新后查看现在可以办理的事项。",
                         machine->zh, state, what);
    }
    return fault_set(fault, r->status, r->code, "不能办理“%s”：%s", what, r->zh);
}

enum status
workflow_step(const struct workflow_machine *machine, const char *from, const char *command,
              uint32_t roles, const struct workflow_facts *facts,
              const struct workflow_edge **ret_edge, struct fault *fault)
{
    const struct workflow_edge *e = edge_select(machine, from, command, facts);
    uint32_t ever = command_roles(machine, command);
    struct refusal r = edge_judge(e, ever, roles, facts, true);
    if (r.status != STATUS_OK) {
        return refuse(&r, machine, from, command, e == NULL ? ever : e->who, fault);
    }
    *ret_edge = e;
    return STATUS_OK;
}

static uint64_t
input_mask(uint64_t mask)
{
    uint64_t input = 0;
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        if (guard_is_input((enum guard)g)) {
            input |= GUARD_BIT(g);
        }
    }
    return mask & input;
}

static bool
command_listed(const struct workflow_option *options, size_t count, const char *command)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].command, command) == 0) {
            return true;
        }
    }
    return false;
}

size_t
workflow_allowed(const struct workflow_machine *machine, const char *from, uint32_t roles,
                 const struct workflow_facts *facts, struct workflow_option *ret_options,
                 size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < machine->edge_count && n < max; i++) {
        const char *command = machine->edges[i].command;
        if (command_listed(ret_options, n, command)) {
            continue;
        }
        const struct workflow_edge *e = edge_select(machine, from, command, facts);
        struct refusal r = edge_judge(e, command_roles(machine, command), roles, facts, false);
        bool allowed = r.status == STATUS_OK;
        ret_options[n++] = (struct workflow_option){
            .command = command,
            .command_zh = workflow_command_zh(command),
            .to = allowed ? e->to : NULL,
            .allowed = allowed,
            .needs = allowed ? input_mask(e->when | e->guard) : 0,
            .reason = r.code,
            .reason_zh = r.zh,
        };
    }
    return n;
}

/* ---- names ---- */

static const struct workflow_state *
state_find(const struct workflow_machine *machine, const char *state)
{
    for (size_t i = 0; i < machine->state_count; i++) {
        if (strcmp(machine->states[i].code, state) == 0) {
            return &machine->states[i];
        }
    }
    return NULL;
}

const char *
workflow_state_zh(const struct workflow_machine *machine, const char *state)
{
    const struct workflow_state *s = state_find(machine, state);
    return s == NULL ? state : s->zh;
}

bool
workflow_state_known(const struct workflow_machine *machine, const char *state)
{
    return state_find(machine, state) != NULL;
}

bool
workflow_state_open(const struct workflow_machine *machine, const char *state)
{
    const struct workflow_state *s = state_find(machine, state);
    return s != NULL && !s->final;
}

static const struct {
    const char *code;
    const char *zh;
} commands[] = {
    {"accept", "通过"},
    {"add", "新增"},
    {"alter", "改动"},
    {"answer", "答复"},
    {"apply_close", "申请销号"},
    {"approve", "批准"},
    {"approve_plan", "审议通过方案"},
    {"assign", "转办"},
    {"bootstrap", "首次建立"},
    {"cancel", "撤销"},
    {"check", "审核"},
    {"check_ok", "复查合格"},
    {"claim_complete", "申请认定整改到位"},
    {"claim_effect", "申请认定明显成效"},
    {"clear", "销单"},
    {"close", "办结"},
    {"conclude", "结束"},
    {"confirm", "认定"},
    {"correct", "更正"},
    {"countersign", "审核确认"},
    {"create", "建立"},
    {"decide", "议定"},
    {"decline", "不予约谈"},
    {"disable", "停用"},
    {"discard", "去掉草案"},
    {"dismiss", "不予发出"},
    {"edit", "修改"},
    {"enable", "启用"},
    {"end", "收回"},
    {"endorse", "签署同意"},
    {"expire", "到期未办"},
    {"extend", "延期"},
    {"fail", "复查不合格"},
    {"feed_back", "反馈"},
    {"fill", "填写"},
    {"finalize", "定论"},
    {"finish", "办结"},
    {"finish_task", "办结议定事项"},
    {"forward", "提交会审"},
    {"hold", "召开"},
    {"hold_back", "标明不公开"},
    {"issue", "发出"},
    {"issue_code", "发放开通码"},
    {"judge", "逐项认定"},
    {"lock", "归档"},
    {"nil", "报无进展"},
    {"not_satisfied", "认定不达要求"},
    {"object", "提出异议"},
    {"open", "提出"},
    {"plan", "制定计划"},
    {"propose", "提请"},
    {"publish", "公布"},
    {"receive", "登记来件"},
    {"record", "形成记录"},
    {"refer", "移交"},
    {"refuse", "不同意销号"},
    {"register", "登记"},
    {"reject", "不批准"},
    {"reopen", "重新整改"},
    {"reply", "回复"},
    {"report", "填报进展"},
    {"reset", "重置密码"},
    {"return", "退回"},
    {"review", "联审"},
    {"revise", "重新认定"},
    {"schedule", "安排"},
    {"sign_for", "签收"},
    {"start", "开始督查"},
    {"submit", "报送"},
    {"submit_late", "补办申请"},
    {"submit_review", "提交联审"},
    {"supersede", "替代"},
    {"triage", "受理"},
    {"unlock", "解锁"},
    {"verify", "核实"},
    {"waive", "免报"},
    {"withdraw", "撤回"},
    {"withdraw_review", "撤回联审"},
};

const char *
workflow_command_zh(const char *command)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(commands[i].code, command) == 0) {
            return commands[i].zh;
        }
    }
    return command;
}
