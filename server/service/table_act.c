/* Commands on a whole table, and what may be done now with a table or a row. */
#include "server/service/table.h"

#include <stdio.h>
#include <string.h>

static bool
same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static bool
command_is(const char *command, const char *name)
{
    return strcmp(command, name) == 0;
}

/* ---- facts ---- */

static bool
own_table(const struct table_case *c)
{
    const struct judge judge = {.org_id = c->actor.org_id, .orgs = c->actor.orgs};
    const char *const unit = c->table->org_id;
    return role_recused(&judge, &unit, 1);
}

static bool
nothing_judged(const struct table_case *c)
{
    for (size_t i = 0; i < c->rows->count; i++) {
        const struct table_row_record *r = &c->rows->items[i];
        if (r->verdict != PB__VERDICT__PENDING ||
            (r->claim_verdict != 0 && r->claim_verdict != PB__VERDICT__PENDING)) {
            return false;
        }
    }
    return true;
}

static bool
period_closed(const struct table_case *c)
{
    struct period period;
    return period_parse(c->table->period, &period) == STATUS_OK && c->today > period.last;
}

static struct workflow_facts
facts_of(const struct table_case *c)
{
    const struct table_record *t = c->table;
    bool confirming = strcmp(t->state, STATE_CONFIRMING) == 0;
    struct workflow_facts facts = {
        .independent = !own_table(c),
        .office_recused = t->of_office,
        .reviewer_needed = t->reviewer_needed,
        .two_people = confirming ? !table_filled_by_actor(c) : !t->reviewer_needed,
        .nothing_judged = nothing_judged(c),
        .period_closed = period_closed(c),
        .rows_total = (uint32_t)t->rows,
        .rows_accepted = (uint32_t)t->rows_accepted,
        .rows_returned = (uint32_t)t->rows_returned,
        .rows_filled = (uint32_t)t->rows,
        .percent_ok = true,
    };
    return facts;
}

/* ---- rules beside the table ---- */

static const char reviewer_zh[] =
    "审核确认由本单位的审核人办理（账号要有审核人的席位）；审核人没有账"
    "号的，打印签字盖章后上传扫描件确认。";
static const char same_zh[] = "这张表是您填报、确认或代报的，请由另一位同志审核。";

static bool
by_unit(const char *command)
{
    static const char *const commands[] = {COMMAND_FILL,        COMMAND_SUBMIT,   COMMAND_NIL,
                                           COMMAND_COUNTERSIGN, COMMAND_WITHDRAW, COMMAND_CORRECT};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (command_is(command, commands[i])) {
            return true;
        }
    }
    return false;
}

static bool
by_judge(const char *command)
{
    return command_is(command, COMMAND_ACCEPT) || command_is(command, COMMAND_RETURN);
}

/* Where two people are needed, one alone does not say that there is nothing to tell. */
static bool
reviewers(const struct table_case *c, const char *command)
{
    return command_is(command, COMMAND_COUNTERSIGN) ||
           (command_is(command, COMMAND_NIL) && c->table->reviewer_needed);
}

static enum status
check_beside(const struct table_case *c, const char *command, struct fault *fault)
{
    if (by_unit(command)) {
        enum status s = table_check_actor(c, fault);
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (reviewers(c, command) && ((c->actor.roles & ROLE_REVIEWER) == 0 || c->actor.behalf)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "REVIEWER_ONLY", "%s", reviewer_zh);
    }
    if (by_judge(command) && (table_filled_by_actor(c) || table_reviewed_by_actor(c))) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SAME_PERSON", "%s", same_zh);
    }
    return STATUS_OK;
}

/* ---- the commands ---- */

static bool
tells_measure(const struct table_case *c)
{
    return !c->table->quarter && !c->table->later;
}

/* A measure as it stands, one version on. */
static void
touch(struct row_outcome *o, const struct measure_record *m, const char *command,
      const char *reason)
{
    o->before = m;
    o->command = command;
    o->reason = reason;
    o->measure = (struct measure_outcome){.next = *m};
    o->measure.next.version++;
}

static const struct measure_before *
before_of(const struct table_case *c, const char *measure_id)
{
    for (size_t i = 0; c->before != NULL && i < c->before->count; i++) {
        if (strcmp(c->before->items[i].measure_id, measure_id) == 0) {
            return &c->before->items[i];
        }
    }
    return NULL;
}

/* What the measure said before this period's report, unless somebody else has spoken since. */
static void
take_back_report(const struct table_case *c, const struct table_row_record *r,
                 struct row_outcome *o)
{
    const struct measure_before *b = before_of(c, r->measure_id);
    struct measure_record *next = &o->measure.next;
    if (b == NULL || !tells_measure(c) || next->percent != r->percent ||
        !same_text(next->narrative, r->narrative)) {
        return;
    }
    next->percent = b->percent;
    next->narrative = b->narrative;
    next->reported_day = b->reported_day;
    next->unchanged_periods = b->unchanged_periods;
    o->measure_changes = true;
    o->row.measure_before = 0;
}

static enum status
take_back_claim(const struct table_case *c, struct row_outcome *o, struct fault *fault)
{
    if (o->row.claim_verdict != PB__VERDICT__PENDING) {
        return STATUS_OK;
    }
    struct measure_order order = {
        .command = COMMAND_WITHDRAW,
        .reason_given = true,
        .next_check_day = NO_DATE,
        .evidence_count = o->before->evidence_count,
        .evidence_strong = o->before->evidence_strong,
        .today = c->today,
        .now_ms = c->now_ms,
    };
    enum status s = measure_step(o->before, &c->actor, &order, &o->measure, fault);
    if (s == STATUS_OK) {
        o->measure_changes = true;
        o->row.claim_verdict = 0;
    }
    return s;
}

/* Another content, or none: nobody has confirmed it yet. */
static void
forget_confirmation(struct table_record *t)
{
    t->reviewed_by = t->reviewed_by_name = t->confirmation = NULL;
    t->paper_evidence = t->paper_hash = NULL;
    t->paper_checked = false;
    t->confirmed_ms = 0;
}

/* Before it was confirmed nothing was given; afterwards reports and claims are taken back. */
static enum status
act_withdraw(const struct table_case *c, const char *reason, struct table_outcome *o,
             struct fault *fault)
{
    enum status s = STATUS_OK;
    if (strcmp(c->table->state, STATE_SUBMITTED) != 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; s == STATUS_OK && i < c->rows->count; i++) {
        const struct table_row_record *r = &c->rows->items[i];
        const struct measure_record *m = table_measure(c, r->measure_id);
        if (m == NULL) {
            continue;
        }
        struct row_outcome *row = &o->rows[o->count++];
        row->row = *r;
        row->row_written = true;
        touch(row, m, COMMAND_WITHDRAW, reason);
        s = take_back_claim(c, row, fault);
        if (s == STATUS_OK) {
            take_back_report(c, r, row);
        }
    }
    o->next.receipt = NULL;
    if (o->next.edition <= 1) {
        o->next.submitted_ms = 0;
        o->next.submitted_day = NO_DATE; /* late is judged on what is handed in for good */
    }
    forget_confirmation(&o->next);
    return s;
}

/* Every open measure of a month has one more period without anything new. */
static enum status
act_nil(const struct table_case *c, const char *reason, struct table_outcome *o,
        struct fault *fault)
{
    uint32_t open = 0;
    uint32_t unsigned_count = 0;
    for (size_t i = 0; i < c->measures->count; i++) {
        const struct measure_record *m = &c->measures->items[i];
        unsigned_count += strcmp(m->state, STATE_ASSIGNED) == 0;
        if (!measure_reports(m->state)) {
            continue;
        }
        open++;
        if (!tells_measure(c) || c->table->nil_counted) {
            continue;
        }
        struct row_outcome *row = &o->rows[o->count++];
        touch(row, m, COMMAND_REPORT, reason);
        row->measure.next.unchanged_periods++;
        row->measure.next.reported_day = c->today;
        row->measure_changes = true;
    }
    if (open == 0 && unsigned_count > 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SIGN_FIRST",
                         "本单位还有 %u 条措施没有签收，请先签收再办理。", unsigned_count);
    }
    o->next.nil_counted = o->next.nil_counted || tells_measure(c);
    o->next.submitted_ms = c->now_ms;
    o->next.submitted_day = o->next.submitted_day == NO_DATE ? c->today : o->next.submitted_day;
    o->next.queued_ms = c->queued_ms;
    o->next.receipt = c->receipt;
    o->next.filled_by = c->actor.account_id;
    o->next.filled_by_name = c->account;
    o->next.filled_for = c->actor.substitute_for_id;
    o->next.filled_ms = c->now_ms;
    forget_confirmation(&o->next);
    return STATUS_OK;
}

enum status
table_act(const struct table_case *c, const char *command, const char *reason, struct arena *a,
          struct table_outcome *ret, struct fault *fault)
{
    const struct workflow_edge *edge = NULL;
    struct workflow_facts facts = facts_of(c);
    struct table_outcome o = {
        .next = *c->table,
        .command = command,
        .reason = reason,
        .rows = arena_array(a, c->measures->count + c->rows->count, sizeof *o.rows),
    };
    if (o.rows == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这张表太大，超出单次请求的内存上限。");
    }
    facts.reason_given = reason != NULL;
    enum status s = workflow_step(workflow_machine(WORKFLOW_TABLE), c->table->state, command,
                                  table_roles(c->table, &c->actor), &facts, &edge, fault);
    if (s == STATUS_OK) {
        s = check_beside(c, command, fault);
    }
    if (s == STATUS_OK) {
        o.next.state = edge->to;
        o.next.version++;
        o.next.reason = reason != NULL ? reason : o.next.reason;
        s = command_is(command, COMMAND_WITHDRAW) ? act_withdraw(c, reason, &o, fault)
            : command_is(command, COMMAND_NIL)    ? act_nil(c, reason, &o, fault)
                                                  : STATUS_OK;
    }
    if (s == STATUS_OK) {
        *ret = o;
    }
    return s;
}

/* ---- correction ---- */

static enum status
reopen_row(const struct table_case *c, const char *ref, struct table_outcome *o,
           struct fault *fault)
{
    const struct measure_record *m = table_measure(c, ref);
    const struct table_row_record *r = m == NULL ? NULL : table_row_of(c->rows, m->id);
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "measure_refs[%zu]", o->count);
    if (r == NULL) {
        return fault_set_field(fault, field, "NOT_IN_TABLE", "这张表里没有措施“%s”，请核对编号。",
                               ref);
    }
    for (size_t i = 0; i < o->count; i++) {
        if (o->rows[i].before == m) {
            return fault_set_field(fault, field, "MEASURE_TWICE",
                                   "措施 %s 写了两次，请去掉重复的一条。", m->ref);
        }
    }
    struct row_outcome *row = &o->rows[o->count++];
    row->before = m;
    row->command = COMMAND_CORRECT;
    row->row = *r;
    row->row.verdict = PB__VERDICT__PENDING;
    row->row_written = true;
    return STATUS_OK;
}

enum status
table_correct(const struct table_case *c, const Pb__CorrectTableRequest *request,
              const char *reason, struct arena *a, struct table_outcome *ret, struct fault *fault)
{
    struct table_outcome o = {0};
    enum status s =
        table_check_seen(c, request->has_expected_version, request->expected_version, fault);
    if (s == STATUS_OK) {
        s = table_act(c, COMMAND_CORRECT, reason, a, &o, fault);
    }
    if (s == STATUS_OK && request->n_measure_refs == 0) {
        s = fault_set_field(fault, "measure_refs", "NO_ROW",
                            "请写明要更正哪几条措施的行，没有写到的行不动。");
    }
    if (s == STATUS_OK && request->n_measure_refs > c->rows->count) {
        s = fault_set_field(fault, "measure_refs", "TOO_MANY_ROWS",
                            "要更正的行比表里的行还多，请核对。");
    }
    for (size_t i = 0; s == STATUS_OK && i < request->n_measure_refs; i++) {
        s = reopen_row(c, request->measure_refs[i], &o, fault);
    }
    if (s == STATUS_OK) {
        o.next.edition++;
        o.next.rows_accepted -= (int32_t)o.count;
        *ret = o;
    }
    return s;
}

/* ---- what may be done now ---- */

static void
refuse_option(struct workflow_option *o, const char *reason, const char *zh)
{
    o->allowed = false;
    o->to = NULL;
    o->reason = reason;
    o->reason_zh = zh;
}

static const char recused_zh[] =
    "这是本单位牵头的事项，按回避规定不能审核自己的事项：请由专项小组或领导小组代行审核。";

/* A judge of his own body's rows is told so before his role is looked at. */
static bool
recused(const struct table_case *c, const struct workflow_option *o, bool independent)
{
    bool judged = strcmp(c->table->state, STATE_SUBMITTED) == 0 ||
                  strcmp(c->table->state, STATE_RETURNED) == 0;
    bool judge = (c->actor.roles & (ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP)) != 0;
    return judged && judge && by_judge(o->command) && !independent &&
           strcmp(o->reason, "STATE_FORBIDS") != 0;
}

/* The static sentences of check_beside; its own names the unit. */
static void
judge_option(const struct table_case *c, struct workflow_option *o, bool independent)
{
    struct fault fault = {0};
    /* A confirmation asks first for whom; every other command what the table says. */
    bool first =
        command_is(o->command, COMMAND_COUNTERSIGN) && table_check_actor(c, &fault) != STATUS_OK;
    if (recused(c, o, independent)) {
        refuse_option(o, "RECUSED", recused_zh);
    }
    if ((!o->allowed && !first) || check_beside(c, o->command, &fault) == STATUS_OK) {
        return;
    }
    if (strcmp(fault.reason, "BEHALF_NEEDED") == 0) {
        refuse_option(o, "BEHALF_NEEDED", "这张表由牵头单位办理；办公室代办的，请注明代哪个单位。");
    } else if (strcmp(fault.reason, "REVIEWER_ONLY") == 0) {
        refuse_option(o, "REVIEWER_ONLY", reviewer_zh);
    } else {
        refuse_option(o, "SAME_PERSON", same_zh);
    }
}

/* The verdicts on the rows come with the request. */
size_t
table_options(const struct table_case *c, struct workflow_option *ret_options)
{
    struct workflow_facts facts = facts_of(c);
    facts.rows_total = facts.rows_total > 0 ? facts.rows_total : 1;
    facts.rows_accepted = facts.rows_total;
    facts.rows_returned = c->table->rows > 0 ? 1 : 0;
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_TABLE), c->table->state,
                                table_roles(c->table, &c->actor), &facts, ret_options,
                                WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        judge_option(c, &ret_options[i], facts.independent);
    }
    return n;
}

static const char *
row_state(const struct table_case *c, const struct table_row_record *row)
{
    if (row->verdict == PB__VERDICT__ACCEPTED) {
        return STATE_ACCEPTED;
    }
    if (table_owed(c->table) || strcmp(c->table->state, STATE_DRAFT) == 0 ||
        strcmp(c->table->state, STATE_CONFIRMING) == 0) {
        return STATE_DRAFT;
    }
    return row->verdict == PB__VERDICT__RETURNED ? STATE_RETURNED : STATE_SUBMITTED;
}

/* A row moves with its table. */
static void
row_option(const struct table_case *c, struct workflow_option *o)
{
    bool confirming = strcmp(c->table->state, STATE_CONFIRMING) == 0;
    bool writes = command_is(o->command, COMMAND_FILL) || command_is(o->command, COMMAND_SUBMIT);
    if (!o->allowed) {
        return;
    }
    if (confirming && writes) {
        refuse_option(o, "CONFIRMING", "这张表在等审核人确认，要改先撤回。");
    } else if (command_is(o->command, COMMAND_CORRECT) &&
               strcmp(c->table->state, STATE_LOCKED) != 0) {
        refuse_option(o, "NOT_LOCKED", "这张表还没有归档，要改请联系办公室退回这一行。");
    }
}

size_t
table_row_options(const struct table_case *c, const struct table_row_record *row,
                  struct workflow_option *ret_options, const char **ret_state)
{
    struct workflow_facts facts = facts_of(c);
    const struct measure_record *m = table_measure(c, row->measure_id);
    facts.independent = facts.independent && (m == NULL || measure_independent(m, &c->actor));
    facts.office_recused = facts.office_recused || (m != NULL && m->office_leads);
    facts.two_people = true; /* asked of the table, not of a row */
    *ret_state = row_state(c, row);
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_TABLE_ROW), *ret_state,
                                table_roles(c->table, &c->actor), &facts, ret_options,
                                WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        row_option(c, &ret_options[i]);
        judge_option(c, &ret_options[i], facts.independent);
    }
    return n;
}
