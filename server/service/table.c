/* Handing in a table. */
#include "server/service/table.h"

#include "proto/base/limits.h"

#include <stdio.h>
#include <string.h>

uint32_t
table_roles(const struct table_record *t, const struct actor *actor)
{
    uint32_t unit = ROLE_UNIT | ROLE_PART;
    bool own = actor->org_id != NULL && strcmp(actor->org_id, t->org_id) == 0;
    if (actor->behalf) {
        return own ? ROLE_PLEAD : 0;
    }
    uint32_t roles = (uint32_t)actor->roles;
    return own ? roles : roles & ~unit;
}

const struct measure_record *
table_measure(const struct table_case *c, const char *ref)
{
    for (size_t i = 0; ref != NULL && i < c->measures->count; i++) {
        const struct measure_record *m = &c->measures->items[i];
        if (strcmp(m->ref, ref) == 0 || strcmp(m->id, ref) == 0) {
            return m;
        }
    }
    return NULL;
}

const struct table_row_record *
table_row_of(const struct table_row_list *rows, const char *measure_id)
{
    for (size_t i = 0; i < rows->count; i++) {
        if (strcmp(rows->items[i].measure_id, measure_id) == 0) {
            return &rows->items[i];
        }
    }
    return NULL;
}

static bool
row_accepted(const struct table_case *c, const struct measure_record *m)
{
    const struct table_row_record *stored = table_row_of(c->rows, m->id);
    return stored != NULL && stored->verdict == PB__VERDICT__ACCEPTED;
}

static bool
row_owed(const struct table_case *c, const struct measure_record *m)
{
    return (measure_reports(m->state) || table_row_of(c->rows, m->id) != NULL) &&
           !row_accepted(c, m);
}

/* "rows[3].percent" */
static enum status
bad_cell(struct fault *fault, size_t index, const char *column, const char *reason,
         const char *text)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "rows[%zu].%s", index, column);
    return fault_set_field(fault, field, reason, "第 %zu 行：%s", index + 1, text);
}

enum status
table_fault_at(struct fault *fault, const char *list, size_t index, const char *column,
               enum status s)
{
    snprintf(fault->field, sizeof fault->field, "%s[%zu].%s", list, index, column);
    return s;
}

bool
table_text_blank(const char *text)
{
    return text == NULL || strspn(text, " \t\r\n") == strlen(text);
}

static enum status
check_progress(const Pb__TableRow *r, size_t i, const struct measure_record *m, struct fault *fault)
{
    char text[256];
    if (!r->has_percent || r->percent < 0 || r->percent > 100) {
        snprintf(text, sizeof text, "措施 %s 的进度要填 0 至 100 的整数。", m->ref);
        return bad_cell(fault, i, "percent", "PERCENT_RANGE", text);
    }
    if (table_text_blank(r->narrative)) {
        snprintf(text, sizeof text, "措施 %s 要写整改进展；与上月相同的，原样保留上月的文字即可。",
                 m->ref);
        return bad_cell(fault, i, "narrative", "NARRATIVE_MISSING", text);
    }
    if (r->percent < m->percent && table_text_blank(r->lower_reason)) {
        snprintf(text, sizeof text,
                 "措施 %s 的进度 %d%% 低于上次的 %d%%，请写明下降原因，或核对后改正。", m->ref,
                 r->percent, m->percent);
        return bad_cell(fault, i, "lower_reason", "PERCENT_FELL", text);
    }
    if (r->ask_help && table_text_blank(r->difficulty)) {
        snprintf(text, sizeof text, "措施 %s 勾选了求助，请在困难问题一栏写明需要帮助解决什么。",
                 m->ref);
        return bad_cell(fault, i, "difficulty", "DIFFICULTY_MISSING", text);
    }
    return STATUS_OK;
}

static enum status
check_row(const struct table_case *c, const Pb__TableRow *r, size_t i,
          const struct measure_record *m, int32_t *ret_happened, struct fault *fault)
{
    enum status s = check_progress(r, i, m, fault);
    if (s != STATUS_OK) {
        return s;
    }
    *ret_happened = NO_DATE;
    bool has_day = r->happened_on != NULL && r->happened_on[0] != '\0';
    if (has_day && day_parse(r->happened_on, ret_happened) != STATUS_OK) {
        return bad_cell(fault, i, "happened_on", "BAD_DATE",
                        "日期无法识别：请写成 2026-11-30 这样的形式。");
    }
    if (has_day && *ret_happened > c->today) {
        return bad_cell(fault, i, "happened_on", "DAY_IN_FUTURE", "发生日期不能晚于今天，请核对。");
    }
    if (r->n_evidence > LIMIT_UPLOADS_PER_ORG) {
        return bad_cell(fault, i, "evidence", "TOO_MANY_FILES",
                        "一行最多附 64 份证明材料，请分月提交。");
    }
    if (r->has_measure_version && r->measure_version != m->version) {
        return table_fault_at(fault, "rows", i, "measure_version",
                              fault_stale(fault, r->measure_version, m->version));
    }
    return STATUS_OK;
}

static const char *
claim_command(const Pb__TableRow *r)
{
    if (r->has_claim && r->claim == PB__CLAIM__CLAIM_EFFECT) {
        return COMMAND_CLAIM_EFFECT;
    }
    return r->has_claim && r->claim == PB__CLAIM__CLAIM_COMPLETE ? COMMAND_CLAIM_COMPLETE : NULL;
}

static bool
claim_waits(const struct table_row_record *stored)
{
    return stored != NULL && stored->claim_verdict == PB__VERDICT__PENDING;
}

/* A claim that waits for its decision stays what it is: it is not given twice, and leaving it out
 * does not withdraw it. */
static bool
claim_stands(const struct table_row_record *stored, const Pb__TableRow *r)
{
    return claim_waits(stored) && (claim_command(r) == NULL || stored->claim == (int)r->claim);
}

static enum status
step_measure(const struct table_case *c, const Pb__TableRow *r, size_t i, struct row_outcome *o,
             struct fault *fault)
{
    const struct table_row_record *stored = table_row_of(c->rows, o->before->id);
    const char *claim = claim_stands(stored, r) ? NULL : claim_command(r);
    if (claim != NULL) {
        struct measure_order order = {
            .command = claim,
            .next_check_day = NO_DATE,
            .evidence_count = o->attachment.evidence_count,
            .evidence_strong = o->attachment.evidence_strong,
            .today = c->today,
            .now_ms = c->now_ms,
        };
        enum status s = measure_step(o->before, &c->actor, &order, &o->measure, fault);
        if (s != STATUS_OK) {
            return table_fault_at(fault, "rows", i, "claim", s);
        }
    } else {
        o->measure = (struct measure_outcome){.next = *o->before};
        o->measure.next.version++;
        o->measure.next.evidence_count = o->attachment.evidence_count;
        o->measure.next.evidence_strong = o->attachment.evidence_strong;
    }
    o->command = claim != NULL ? claim : COMMAND_REPORT;
    o->measure_changes = true;
    measure_report(&o->measure.next, r->percent, r->narrative, c->today, stored != NULL);
    return STATUS_OK;
}

static void
fill_row(struct row_outcome *o, const Pb__TableRow *r, int32_t happened,
         const struct table_row_record *stored)
{
    bool stands = claim_stands(stored, r);
    bool claims = stands || claim_command(r) != NULL;
    o->row = (struct table_row_record){
        .measure_id = o->before->id,
        .measure_ref = o->before->ref,
        .percent = r->percent,
        .narrative = r->narrative,
        .difficulty = table_text_blank(r->difficulty) ? NULL : r->difficulty,
        .ask_help = r->has_ask_help && r->ask_help,
        .claim = stands   ? stored->claim
                 : claims ? (int)r->claim
                          : (int)PB__CLAIM__NO_CLAIM,
        .claim_verdict = claims ? PB__VERDICT__PENDING : 0,
        .happened_day = happened,
        .lower_reason = r->percent < o->before->percent ? r->lower_reason : NULL,
        .verdict = PB__VERDICT__PENDING,
        .version = stored == NULL ? 0 : stored->version,
    };
    o->reason = o->row.lower_reason;
    /* A help asked for in the same table is asked once. */
    o->asks_help = o->row.ask_help && !(stored != NULL && stored->ask_help);
}

static enum status
submit_row(const struct table_case *c, const Pb__TableRow *r, size_t i, struct row_outcome *o,
           struct fault *fault)
{
    int32_t happened = NO_DATE;
    enum status s = check_row(c, r, i, o->before, &happened, fault);
    if (s != STATUS_OK) {
        return s;
    }
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "rows[%zu].evidence", i);
    struct evidence_shelf shelf = {c->files, c->links, c->actor.org_id};
    o->attachment = (struct evidence_attachment){.ids = r->evidence, .count = r->n_evidence};
    s = evidence_attach(o->before, &shelf, field, &o->attachment, fault);
    if (s != STATUS_OK) {
        return s;
    }
    fill_row(o, r, happened, table_row_of(c->rows, o->before->id));
    return step_measure(c, r, i, o, fault);
}

/* The measure of a row, which must be in the table, once, and not accepted yet. NULL with OK: the
 * row was accepted and stays as it is. */
static enum status
row_measure(const struct table_case *c, const Pb__SubmitTableRequest *request, size_t i,
            const struct measure_record **ret, struct fault *fault)
{
    const struct measure_record *m = table_measure(c, request->rows[i]->measure_ref);
    if (m == NULL || (!measure_reports(m->state) && table_row_of(c->rows, m->id) == NULL)) {
        return bad_cell(
            fault, i, "measure_ref", "NOT_IN_TABLE",
            "这条措施不在本表里（没有签收、已经办结，或不归本单位填报），请去掉这一行。");
    }
    for (size_t k = 0; k < i; k++) {
        if (table_measure(c, request->rows[k]->measure_ref) == m) {
            return bad_cell(fault, i, "measure_ref", "MEASURE_TWICE",
                            "同一条措施填了两行，请去掉一行。");
        }
    }
    *ret = row_accepted(c, m) ? NULL : m;
    return STATUS_OK;
}

static bool
in_outcome(const struct table_outcome *o, const struct measure_record *m)
{
    for (size_t i = 0; i < o->count; i++) {
        if (o->rows[i].before == m) {
            return true;
        }
    }
    return false;
}

/* Names what is left out; also counts what the guards want to know. */
static enum status
check_complete(const struct table_case *c, const struct table_outcome *o,
               struct workflow_facts *facts, struct fault *fault)
{
    uint32_t unsigned_count = 0;
    for (size_t i = 0; i < c->measures->count; i++) {
        const struct measure_record *m = &c->measures->items[i];
        unsigned_count += strcmp(m->state, STATE_ASSIGNED) == 0;
        facts->rows_total += row_owed(c, m) || row_accepted(c, m);
        facts->rows_filled += in_outcome(o, m) || row_accepted(c, m);
        if (row_owed(c, m) && !in_outcome(o, m)) {
            return fault_set_field(fault, "rows", "ROW_MISSING",
                                   "措施 %s 没有填：每条已签收、未办结的措施都要有一行。", m->ref);
        }
    }
    if (facts->rows_total == 0 && unsigned_count > 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "SIGN_FIRST",
                         "本单位还有 %u 条措施没有签收，请先签收再填表。", unsigned_count);
    }
    if (facts->rows_total == 0) {
        facts->rows_total = facts->rows_filled = 1; /* nothing is open: an empty table is full */
    }
    return STATUS_OK;
}

static enum status
check_table(const struct table_case *c, const Pb__SubmitTableRequest *request, struct fault *fault)
{
    if (request->has_expected_version && request->expected_version != c->table->version) {
        return fault_stale(fault, request->expected_version, c->table->version);
    }
    if (request->n_rows > LIMIT_TABLE_ROWS) {
        return fault_set_field(fault, "rows", "TOO_MANY_ROWS", "一张表最多 %d 行，请联系办公室。",
                               LIMIT_TABLE_ROWS);
    }
    bool office = (c->actor.roles & ROLE_OFFICE) != 0 && !c->actor.behalf;
    if (office && (c->actor.org_id == NULL || strcmp(c->actor.org_id, c->table->org_id) != 0)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "BEHALF_NEEDED",
                         "这张表由 %s 报送；办公室代报的，请注明代哪个单位办理。",
                         c->table->org_name);
    }
    return STATUS_OK;
}

static void
finish_submit(const struct table_case *c, const struct workflow_edge *edge, struct table_outcome *o)
{
    o->command = COMMAND_SUBMIT;
    o->next = *c->table;
    o->next.state = edge->to;
    o->next.version++;
    o->next.submitted_ms = c->now_ms;
    if (o->next.submitted_day == NO_DATE) {
        o->next.submitted_day = c->today; /* late is judged on the first time */
    }
    o->next.queued_ms = c->queued_ms;
    o->next.receipt = c->receipt;
    o->next.filled_by = c->actor.account_id;
    o->next.rows_returned = 0;
    for (size_t i = 0; i < o->count; i++) {
        struct row_outcome *row = &o->rows[i];
        o->claims += strcmp(row->command, COMMAND_REPORT) != 0;
        o->helps += row->asks_help;
        o->next.rows += row->row.version == 0;
    }
}

enum status
table_submit(const struct table_case *c, const Pb__SubmitTableRequest *request, struct arena *a,
             struct table_outcome *ret, struct fault *fault)
{
    enum status s = check_table(c, request, fault);
    if (s != STATUS_OK) {
        return s;
    }
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_TABLE);
    if (workflow_find(machine, c->table->state, COMMAND_SUBMIT) == NULL) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                         "%s 的表现在是“%s”，不能再报送。", c->table->period,
                         workflow_state_zh(machine, c->table->state));
    }
    struct table_outcome o = {.rows = arena_array(a, request->n_rows, sizeof *o.rows)};
    if (o.rows == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这张表太大，超出单次请求的内存上限。");
    }
    for (size_t i = 0; s == STATUS_OK && i < request->n_rows; i++) {
        struct row_outcome *row = &o.rows[o.count];
        s = row_measure(c, request, i, &row->before, fault);
        if (s == STATUS_OK && row->before != NULL) {
            s = submit_row(c, request->rows[i], i, row, fault);
            o.count++;
        }
    }
    struct workflow_facts facts = {.two_people = true}; /* the reviewer confirms elsewhere */
    const struct workflow_edge *edge = NULL;
    if (s == STATUS_OK) {
        s = check_complete(c, &o, &facts, fault);
    }
    if (s == STATUS_OK) {
        s = workflow_step(machine, c->table->state, COMMAND_SUBMIT,
                          table_roles(c->table, &c->actor), &facts, &edge, fault);
    }
    if (s == STATUS_OK) {
        finish_submit(c, edge, &o);
        *ret = o;
    }
    return s;
}
