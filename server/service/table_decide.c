/* Judging a table, row by row. */
#include "server/service/table.h"

#include <stdio.h>
#include <string.h>

static enum status
bad_cell(struct fault *fault, size_t index, const char *column, const char *reason,
         const char *text)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "decisions[%zu].%s", index, column);
    return fault_set_field(fault, field, reason, "第 %zu 条意见：%s", index + 1, text);
}

static bool
is_actor(const struct actor *actor, const char *account_id)
{
    return role_is_person(actor->account_id, actor->substitute_for_id, account_id);
}

bool
table_filled_by_actor(const struct table_case *c)
{
    return is_actor(&c->actor, c->table->filled_by) || is_actor(&c->actor, c->table->filled_for);
}

bool
table_reviewed_by_actor(const struct table_case *c)
{
    return is_actor(&c->actor, c->table->reviewed_by) ||
           is_actor(&c->actor, c->table->reviewed_for);
}

static enum status
check_table(const struct table_case *c, const Pb__DecideTableRequest *request, struct fault *fault)
{
    const struct table_record *t = c->table;
    if (request->has_expected_version && request->expected_version != t->version) {
        return fault_stale(fault, request->expected_version, t->version);
    }
    bool returned = strcmp(t->state, STATE_RETURNED) == 0;
    if (request->n_decisions == 0 && (c->rows->count > 0 || returned)) {
        return fault_set_field(fault, "decisions", "NO_DECISION", "请至少写一条审核意见。");
    }
    /* A table with a returned row is the unit's to mend, and its other rows can still be judged. */
    if (strcmp(t->state, STATE_SUBMITTED) != 0 && strcmp(t->state, STATE_RETURNED) != 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "这张表现在是“%s”，只有报送后的表可以审核。",
                         workflow_state_zh(workflow_machine(WORKFLOW_TABLE), t->state));
    }
    if (table_filled_by_actor(c) || table_reviewed_by_actor(c)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SAME_PERSON",
                         "这张表是您填报、确认或代报的，请由另一位同志审核。");
    }
    return STATUS_OK;
}

/* A table confirmed on paper: the office looks at the scan once, before it accepts a row. */
static enum status
check_paper(const struct table_case *c, const Pb__DecideTableRequest *request, struct fault *fault)
{
    const struct table_record *t = c->table;
    bool paper = t->confirmation != NULL && strcmp(t->confirmation, "PAPER") == 0;
    bool checked = request->has_paper_checked && request->paper_checked;
    bool accepts = false;
    for (size_t i = 0; i < request->n_decisions; i++) {
        accepts = accepts || (request->decisions[i]->has_verdict &&
                              request->decisions[i]->verdict == PB__VERDICT__ACCEPTED);
    }
    if (!paper || t->paper_checked || checked || !accepts) {
        return STATUS_OK;
    }
    fault_set(
        fault, STATUS_FAILED_PRECONDITION, "PAPER_UNCHECKED",
        "这张表是用签字盖章的扫描件确认的：请先看扫描件（材料编号 %s），核对签字、印章和校验码 "
        "%.16s…，再注明已核对扫描件后通过。",
        t->paper_evidence, t->paper_hash);
    snprintf(fault->field, sizeof fault->field, "paper_checked");
    return STATUS_FAILED_PRECONDITION;
}

/* What stands in the request, whatever the row. */
static enum status
check_decision(const Pb__RowDecision *d, size_t i, struct fault *fault)
{
    bool returned = d->has_verdict && d->verdict == PB__VERDICT__RETURNED;
    bool accepted = d->has_verdict && d->verdict == PB__VERDICT__ACCEPTED;
    if (!returned && !accepted) {
        return bad_cell(fault, i, "verdict", "VERDICT_MISSING", "请写明通过还是退回。");
    }
    bool claim_returned = d->has_claim && d->claim == PB__VERDICT__RETURNED;
    if (returned && d->has_claim && d->claim == PB__VERDICT__ACCEPTED) {
        return bad_cell(fault, i, "claim", "CLAIM_CONTRADICTS",
                        "这一行退回了，行里的申请就不能认定；要认定，请先通过这一行。");
    }
    if ((returned || claim_returned) &&
        (table_text_blank(d->reason) || table_text_blank(d->reason_code))) {
        return bad_cell(fault, i, "reason", "REASON_MISSING", "退回要选理由并写明具体情况。");
    }
    return STATUS_OK;
}

/* The row's own verdict, by the row's machine. */
static enum status
judge_row(const struct table_case *c, const Pb__RowDecision *d, struct row_outcome *o,
          struct fault *fault)
{
    bool returned = d->verdict == PB__VERDICT__RETURNED;
    if (o->row.verdict == PB__VERDICT__ACCEPTED && !returned) {
        return STATUS_OK; /* accepted before; this decision is about its claim */
    }
    if (o->row.verdict == PB__VERDICT__RETURNED) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "措施 %s 这一行已经退回，等单位改好重新报送后再审核。", o->before->ref);
    }
    uint32_t roles = table_roles(c->table, &c->actor);
    const struct judge judge = {.org_id = c->actor.org_id, .orgs = c->actor.orgs};
    const char *const unit = c->table->org_id;
    if (!measure_independent(o->before, &c->actor) || role_recused(&judge, &unit, 1)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "RECUSED",
                         "措施 %s 由本单位牵头，按回避规定不能审核自己的事项："
                         "请由专项小组或领导小组代行审核。",
                         o->before->ref);
    }
    struct workflow_facts facts = {
        .independent = true,
        .office_recused = c->table->of_office || o->before->office_leads,
        .reason_given = returned,
    };
    const struct workflow_edge *edge = NULL;
    enum status s =
        workflow_step(workflow_machine(WORKFLOW_TABLE_ROW),
                      o->row.verdict == PB__VERDICT__ACCEPTED ? STATE_ACCEPTED : STATE_SUBMITTED,
                      returned ? COMMAND_RETURN : COMMAND_ACCEPT, roles, &facts, &edge, fault);
    if (s == STATUS_OK) {
        o->row.verdict = (int)d->verdict;
        o->row.reason_code = table_text_blank(d->reason_code) ? NULL : d->reason_code;
        o->row.reason = table_text_blank(d->reason) ? NULL : d->reason;
    }
    return s;
}

/* The command for the row's claim; NULL when it stays open. */
static const char *
claim_command(const Pb__RowDecision *d, const struct row_outcome *o)
{
    if (o->row.claim_verdict != PB__VERDICT__PENDING) {
        return NULL;
    }
    if (d->verdict == PB__VERDICT__RETURNED ||
        (d->has_claim && d->claim == PB__VERDICT__RETURNED)) {
        return COMMAND_RETURN;
    }
    return d->has_claim && d->claim == PB__VERDICT__ACCEPTED ? COMMAND_CONFIRM : NULL;
}

static enum status
judge_claim(const struct table_case *c, const Pb__RowDecision *d, size_t i, struct row_outcome *o,
            struct fault *fault)
{
    bool asked =
        d->has_claim && (d->claim == PB__VERDICT__ACCEPTED || d->claim == PB__VERDICT__RETURNED);
    if (asked && o->row.claim_verdict != PB__VERDICT__PENDING) {
        return bad_cell(fault, i, "claim", "NO_CLAIM",
                        "这一行没有待认定的申请，请去掉对申请的意见。");
    }
    const char *command = claim_command(d, o);
    if (command == NULL) {
        return STATUS_OK;
    }
    struct measure_order order = {
        .command = command,
        .reason_given = strcmp(command, COMMAND_RETURN) == 0,
        .evidence_count = o->before->evidence_count,
        .evidence_strong = o->before->evidence_strong,
        .next_check_day = NO_DATE,
        .today = c->today,
        .now_ms = c->now_ms,
    };
    if (d->next_check_on != NULL && d->next_check_on[0] != '\0' &&
        day_parse(d->next_check_on, &order.next_check_day) != STATUS_OK) {
        return bad_cell(fault, i, "next_check_on", "BAD_DATE",
                        "日期无法识别：请写成 2026-11-30 这样的形式。");
    }
    enum status s = measure_step(o->before, &c->actor, &order, &o->measure, fault);
    if (s != STATUS_OK) {
        return table_fault_at(fault, "decisions", i, "claim", s);
    }
    o->measure_changes = true;
    o->command = command;
    o->row.claim_verdict = order.reason_given ? PB__VERDICT__RETURNED : PB__VERDICT__ACCEPTED;
    return STATUS_OK;
}

static enum status
judge(const struct table_case *c, const Pb__RowDecision *d, size_t i, struct row_outcome *o,
      struct fault *fault)
{
    enum status s = check_decision(d, i, fault);
    if (s != STATUS_OK) {
        return s;
    }
    o->before = table_measure(c, d->measure_ref);
    const struct table_row_record *stored =
        o->before == NULL ? NULL : table_row_of(c->rows, o->before->id);
    if (stored == NULL) {
        return bad_cell(fault, i, "measure_ref", "NOT_IN_TABLE",
                        "这张表里没有这条措施，请核对编号。");
    }
    o->row = *stored;
    o->row_written = true;
    s = judge_row(c, d, o, fault);
    if (s != STATUS_OK) {
        return table_fault_at(fault, "decisions", i, "verdict", s);
    }
    return judge_claim(c, d, i, o, fault);
}

static const struct row_outcome *
outcome_of(const struct table_outcome *o, const char *measure_id)
{
    for (size_t i = 0; i < o->count; i++) {
        if (strcmp(o->rows[i].row.measure_id, measure_id) == 0) {
            return &o->rows[i];
        }
    }
    return NULL;
}

/* RETURNED from the first returned row on, ACCEPTED when all are, else SUBMITTED. */
static enum status
finish(const struct table_case *c, struct table_outcome *o, struct fault *fault)
{
    bool own = c->actor.org_id != NULL && strcmp(c->actor.org_id, c->table->org_id) == 0;
    struct workflow_facts facts = {.independent = !own, .office_recused = c->table->of_office};
    for (size_t i = 0; i < c->rows->count; i++) {
        const struct row_outcome *judged = outcome_of(o, c->rows->items[i].measure_id);
        int verdict = judged != NULL ? judged->row.verdict : c->rows->items[i].verdict;
        facts.rows_total++;
        facts.rows_accepted += verdict == PB__VERDICT__ACCEPTED;
        facts.rows_returned += verdict == PB__VERDICT__RETURNED;
    }
    if (facts.rows_total == 0) {
        facts.rows_total = facts.rows_accepted = 1; /* an empty table is accepted as a whole */
    }
    o->next = *c->table;
    o->next.version++;
    o->next.rows_accepted = c->rows->count == 0 ? 0 : (int32_t)facts.rows_accepted;
    o->next.rows_returned = (int32_t)facts.rows_returned;
    o->command = "judge";
    bool returned = facts.rows_returned > 0;
    bool open = strcmp(c->table->state, STATE_SUBMITTED) == 0;
    if (open && (returned || facts.rows_accepted == facts.rows_total)) {
        const struct workflow_edge *edge = NULL;
        o->command = returned ? COMMAND_RETURN : COMMAND_ACCEPT;
        enum status s = workflow_step(workflow_machine(WORKFLOW_TABLE), c->table->state, o->command,
                                      table_roles(c->table, &c->actor), &facts, &edge, fault);
        if (s != STATUS_OK) {
            return s;
        }
        o->next.state = edge->to;
    }
    for (size_t i = 0; i < o->count; i++) {
        const char *command = o->rows[i].command;
        o->confirmed += command != NULL && strcmp(command, COMMAND_CONFIRM) == 0;
        o->returned += command != NULL && strcmp(command, COMMAND_RETURN) == 0;
    }
    return STATUS_OK;
}

enum status
table_decide(const struct table_case *c, const Pb__DecideTableRequest *request, struct arena *a,
             struct table_outcome *ret, struct fault *fault)
{
    enum status s = check_table(c, request, fault);
    if (s == STATUS_OK) {
        s = check_paper(c, request, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_outcome o = {.rows = arena_array(a, request->n_decisions, sizeof *o.rows)};
    if (o.rows == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这次审核的行太多，请分批审核。");
    }
    for (size_t i = 0; i < request->n_decisions; i++) {
        struct row_outcome *row = &o.rows[o.count];
        s = judge(c, request->decisions[i], i, row, fault);
        if (s != STATUS_OK) {
            return s;
        }
        if (outcome_of(&o, row->row.measure_id) != NULL) {
            return bad_cell(fault, i, "measure_ref", "MEASURE_TWICE",
                            "同一条措施写了两条意见，请去掉一条。");
        }
        row->reason = row->row.reason;
        o.count++;
    }
    s = finish(c, &o, fault);
    if (s == STATUS_OK) {
        o.next.paper_checked =
            o.next.paper_checked || (request->has_paper_checked && request->paper_checked);
        *ret = o;
    }
    return s;
}
