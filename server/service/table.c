/* Filling in, confirming and handing in a table.
 *
 * 1. Filling in checks everything and keeps the rows; where no second person is needed it hands in
 *    at once. 2. Handing in gives the claims, tells the measures and asks for help. 3. A row tells
 *    its measure once a period: measure_before remembers what the measure said until then. */
#include "server/service/table.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"

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
    if (own && (roles & ROLE_OFFICE) != 0) {
        roles |= ROLE_PLEAD; /* what it leads itself the office reports as any unit does */
    }
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

/* What the second step works on. */
struct handing {
    const struct table_case *c;
    Pb__TableRow **rows;
    size_t count;
    size_t written; /* rows beyond these were not written by anybody: nothing is new */
    bool gives;     /* hands in; otherwise the rows are only kept */
    bool confirms;  /* the rows are the stored ones */
};

/* A claim that waits for its decision stays what it is: it is not given twice, and leaving it out
 * does not withdraw it. A correction keeps what was claimed and decided. */
static bool
claim_stands(const struct table_case *c, const struct table_row_record *stored,
             const Pb__TableRow *r)
{
    if (stored == NULL || c->table->edition > 1) {
        return stored != NULL;
    }
    return stored->claim_verdict == PB__VERDICT__PENDING &&
           (table_claim_command(r) == NULL || stored->claim == (int)r->claim);
}

/* The measure hears of it: a month's, unless a later month has spoken already. */
static bool
tells_measure(const struct table_case *c)
{
    return !c->table->quarter && !c->table->later;
}

static bool
reported(const struct table_case *c, const struct table_row_record *stored)
{
    return c->table->nil_counted || (stored != NULL && stored->measure_before != 0);
}

static enum status
step_measure(const struct handing *h, const Pb__TableRow *r, size_t i, struct row_outcome *o,
             struct fault *fault)
{
    const struct table_case *c = h->c;
    const struct table_row_record *stored = table_row_of(c->rows, o->before->id);
    const char *claim = claim_stands(c, stored, r) ? NULL : table_claim_command(r);
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
    o->measure_changes = h->gives && (tells_measure(c) || claim != NULL);
    if (tells_measure(c)) {
        measure_report(&o->measure.next, r->percent, r->narrative, c->today, reported(c, stored));
        o->row.unchanged = o->measure.next.unchanged_periods > 0;
    }
    return STATUS_OK;
}

static void
fill_row(const struct handing *h, const Pb__TableRow *r, struct row_outcome *o)
{
    const struct table_row_record *stored = table_row_of(h->c->rows, o->before->id);
    struct table_row_record *row = &o->row;
    bool stands = claim_stands(h->c, stored, r);
    bool claims = stands || table_claim_command(r) != NULL;
    row->measure_id = o->before->id;
    row->measure_ref = o->before->ref;
    row->percent = r->percent;
    row->narrative = r->narrative;
    row->difficulty = table_text_blank(r->difficulty) ? NULL : r->difficulty;
    row->ask_help = r->has_ask_help && r->ask_help;
    row->claim = stands ? stored->claim : claims ? (int)r->claim : (int)PB__CLAIM__NO_CLAIM;
    /* A claim is waited for once it is given. */
    row->claim_verdict = stands               ? stored->claim_verdict
                         : claims && h->gives ? PB__VERDICT__PENDING
                                              : 0;
    row->lower_reason =
        r->lower_reason == NULL || r->lower_reason[0] == '\0' ? NULL : r->lower_reason;
    row->verdict = PB__VERDICT__PENDING;
    row->version = stored == NULL ? 0 : stored->version;
    row->measure_before = stored == NULL ? 0 : stored->measure_before;
    row->help_asked = stored != NULL && stored->help_asked;
    /* The same wish is given once; another one anew. */
    row->extension_asked = stored != NULL && stored->extension_asked &&
                           stored->extension_day == row->extension_day &&
                           stored->extension_milestone == row->extension_milestone;
    o->reason = row->lower_reason;
    o->row_written = true;
    o->asks_help = h->gives && row->ask_help && !row->help_asked;
    o->asks_extension = h->gives && row->extension_day != NO_DATE && !row->extension_asked;
    row->help_asked = row->help_asked || o->asks_help;
    row->extension_asked = row->extension_asked || o->asks_extension;
    if (h->gives && tells_measure(h->c) && row->measure_before == 0) {
        row->measure_before = o->before->version;
    }
}

static enum status
submit_row(const struct handing *h, size_t i, struct row_outcome *o, struct fault *fault)
{
    const struct table_case *c = h->c;
    const Pb__TableRow *r = h->rows[i];
    enum status s = table_check_row(c, r, i, o->before, &o->row, fault);
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
    fill_row(h, r, o);
    return step_measure(h, r, i, o, fault);
}

/* The measure of a row, which must be in the table, once, and not accepted yet. NULL with OK: the
 * row was accepted and stays as it is. */
static enum status
row_measure(const struct handing *h, size_t i, const struct measure_record **ret,
            struct fault *fault)
{
    const struct measure_record *m = table_measure(h->c, h->rows[i]->measure_ref);
    if (m == NULL || !table_has_row(h->c, m)) {
        return table_bad_cell(
            fault, i, "measure_ref", "NOT_IN_TABLE",
            "这条措施不在本表里（没有签收、已经办结，或不归本单位填报），请去掉这一行。");
    }
    for (size_t k = 0; k < i; k++) {
        if (table_measure(h->c, h->rows[k]->measure_ref) == m) {
            return table_bad_cell(fault, i, "measure_ref", "MEASURE_TWICE",
                                  "同一条措施填了两行，请去掉一行。");
        }
    }
    *ret = table_row_owed(h->c, m) ? m : NULL;
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
        facts->rows_total += table_has_row(c, m);
        facts->rows_filled += in_outcome(o, m) || (table_has_row(c, m) && !table_row_owed(c, m));
        if (table_row_owed(c, m) && !in_outcome(o, m)) {
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

/* ---- rows nobody wrote ---- */

static enum status
needs_writing(const struct measure_record *m, const char *why, struct fault *fault)
{
    return fault_set_field(fault, "unchanged", "ROW_NEEDS_WRITING",
                           "措施 %s %s，不能按“本期无新进展”报送：请导出表格，填好这一行再报。",
                           m->ref, why);
}

/* A row as a request would carry it. */
static Pb__TableRow *
row_again(const struct table_row_record *from, struct arena *a)
{
    Pb__TableRow *r = arena_alloc(a, sizeof *r);
    char day[DAY_TEXT_SIZE];
    if (r == NULL) {
        return NULL;
    }
    pb__table_row__init(r);
    r->measure_ref = wire_text(from->measure_ref);
    r->has_percent = r->has_ask_help = r->has_claim = 1;
    r->percent = from->percent;
    r->narrative = wire_text(from->narrative);
    r->difficulty = wire_text(from->difficulty);
    r->ask_help = from->ask_help;
    r->claim = (Pb__Claim)from->claim;
    r->lower_reason = wire_text(from->lower_reason);
    r->extension_reason = wire_text(from->extension_reason);
    r->has_extension_milestone = from->extension_milestone != 0;
    r->extension_milestone = (Pb__MilestoneKind)from->extension_milestone;
    r->happened_on =
        from->happened_day == NO_DATE ? NULL : arena_strdup(a, day_print(from->happened_day, day));
    r->extension_due = from->extension_day == NO_DATE
                           ? NULL
                           : arena_strdup(a, day_print(from->extension_day, day));
    return r;
}

static enum status
unchanged_row(const struct table_case *c, const struct measure_record *m, struct arena *a,
              Pb__TableRow **ret, struct fault *fault)
{
    const struct table_row_record *stored = table_row_of(c->rows, m->id);
    struct table_row_record fresh;
    if (stored != NULL && stored->verdict == PB__VERDICT__RETURNED) {
        return needs_writing(m, "上次报送的这一行被退回了", fault);
    }
    if (stored == NULL && !table_prefilled(c, m, a, &fresh)) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这张表太大，超出单次请求的内存上限。");
    }
    stored = stored == NULL ? &fresh : stored;
    if (stored->percent < 0 || table_text_blank(stored->narrative)) {
        return needs_writing(m, "还没有填报过进展", fault);
    }
    *ret = row_again(stored, a);
    return *ret != NULL ? STATUS_OK
                        : fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                                    "这张表太大，超出单次请求的内存上限。");
}

static bool
in_request(const struct handing *h, const struct measure_record *m)
{
    for (size_t i = 0; i < h->written; i++) {
        if (table_measure(h->c, h->rows[i]->measure_ref) == m) {
            return true;
        }
    }
    return false;
}

/* Adds a row for every measure that was left out because it has nothing new. */
static enum status
add_unchanged(struct handing *h, struct arena *a, struct fault *fault)
{
    const struct measure_list *all = h->c->measures;
    Pb__TableRow **rows = arena_array(a, h->count + all->count, sizeof *rows);
    enum status s = STATUS_OK;
    if (rows == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这张表太大，超出单次请求的内存上限。");
    }
    for (size_t i = 0; i < h->count; i++) {
        rows[i] = h->rows[i];
    }
    h->rows = rows;
    for (size_t i = 0; s == STATUS_OK && i < all->count; i++) {
        const struct measure_record *m = &all->items[i];
        if (table_row_owed(h->c, m) && !in_request(h, m)) {
            s = unchanged_row(h->c, m, a, &rows[h->count], fault);
            h->count += s == STATUS_OK;
        }
    }
    return s;
}

/* ---- the table ---- */

/* The state and who may, before the request is looked at: as AllowedCommands tells it. */
static enum status
check_step(const struct table_case *c, const char *command, struct fault *fault)
{
    const struct workflow_facts none = {0};
    const struct workflow_edge *edge = NULL;
    struct fault why = {0};
    enum status s = workflow_step(workflow_machine(WORKFLOW_TABLE), c->table->state, command,
                                  table_roles(c->table, &c->actor), &none, &edge, &why);
    bool stands =
        strcmp(why.reason, "STATE_FORBIDS") != 0 && strcmp(why.reason, "ROLE_FORBIDS") != 0;
    return s == STATUS_OK || stands
               ? STATUS_OK
               : fault_set(fault, s, why.reason, "%s 的表：%s", c->table->period, why.message);
}

static enum status
check_table(const struct table_case *c, const Pb__SubmitTableRequest *request, struct fault *fault)
{
    enum status s =
        table_check_seen(c, request->has_expected_version, request->expected_version, fault);
    if (s != STATUS_OK) {
        return s;
    }
    if (request->n_rows > LIMIT_TABLE_ROWS) {
        return fault_set_field(fault, "rows", "TOO_MANY_ROWS", "一张表最多 %d 行，请联系办公室。",
                               LIMIT_TABLE_ROWS);
    }
    s = check_step(c, COMMAND_SUBMIT, fault);
    return s == STATUS_OK ? table_check_actor(c, fault) : s;
}

static void
count_rows(struct table_outcome *o)
{
    for (size_t i = 0; i < o->count; i++) {
        struct row_outcome *row = &o->rows[i];
        o->claims += strcmp(row->command, COMMAND_REPORT) != 0;
        o->helps += row->asks_help;
        o->extensions += row->asks_extension;
        o->unchanged += row->row.unchanged;
        o->next.rows += row->row.version == 0;
    }
}

static void
finish_submit(const struct handing *h, const struct workflow_edge *edge, struct table_outcome *o)
{
    const struct table_case *c = h->c;
    o->command = edge->command;
    o->next = *c->table;
    o->next.state = edge->to;
    o->next.version++;
    o->next.rows_returned = 0;
    if (!h->confirms) {
        o->next.filled_by = c->actor.account_id;
        o->next.filled_by_name = c->account;
        o->next.filled_for = c->actor.substitute_for_id;
        o->next.filled_ms = c->now_ms;
        o->next.queued_ms = c->queued_ms;
        o->next.reviewed_by = o->next.reviewed_by_name = o->next.confirmation = NULL;
        o->next.reviewed_for = NULL;
        o->next.paper_evidence = o->next.paper_hash = NULL;
        o->next.paper_checked = false;
        o->next.confirmed_ms = 0;
        o->next.reason = o->next.edition > 1 ? o->next.reason : NULL;
    }
    if (h->gives) {
        o->next.submitted_ms = c->now_ms;
        o->next.receipt = c->receipt;
        /* Late is judged on the first time, by the server's clock. */
        o->next.submitted_day = o->next.submitted_day == NO_DATE ? c->today : o->next.submitted_day;
    }
    count_rows(o);
}

/* Both ways end here. */
static enum status
hand_in(struct handing *h, const char *command, struct workflow_facts *facts, struct arena *a,
        struct table_outcome *ret, struct fault *fault)
{
    const struct table_case *c = h->c;
    struct table_outcome o = {.rows = arena_array(a, h->count, sizeof *o.rows)};
    if (o.rows == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                         "这张表太大，超出单次请求的内存上限。");
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < h->count; i++) {
        struct row_outcome *row = &o.rows[o.count];
        s = row_measure(h, i, &row->before, fault);
        if (s == STATUS_OK && row->before != NULL) {
            s = submit_row(h, i, row, fault);
            o.count++;
        }
    }
    const struct workflow_edge *edge = NULL;
    if (s == STATUS_OK) {
        s = check_complete(c, &o, facts, fault);
    }
    if (s == STATUS_OK) {
        s = workflow_step(workflow_machine(WORKFLOW_TABLE), c->table->state, command,
                          table_roles(c->table, &c->actor), facts, &edge, fault);
    }
    if (s == STATUS_OK) {
        finish_submit(h, edge, &o);
        *ret = o;
    }
    return s;
}

enum status
table_submit(const struct table_case *c, const Pb__SubmitTableRequest *request, struct arena *a,
             struct table_outcome *ret, struct fault *fault)
{
    struct handing h = {
        .c = c,
        .rows = request->rows,
        .count = request->n_rows,
        .written = request->n_rows,
        .gives = !c->table->reviewer_needed,
    };
    enum status s = check_table(c, request, fault);
    if (s == STATUS_OK && request->has_unchanged && request->unchanged) {
        s = add_unchanged(&h, a, fault);
    }
    struct workflow_facts facts = {
        .two_people = !c->table->reviewer_needed,
        .reviewer_needed = c->table->reviewer_needed,
    };
    return s == STATUS_OK ? hand_in(&h, COMMAND_SUBMIT, &facts, a, ret, fault) : s;
}

/* ---- the second person ---- */

static bool
same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Digits as people copy them from paper: in groups, in either case. */
static bool
hash_matches(const char *given, const char *want)
{
    for (; *given != '\0'; given++) {
        char g = *given;
        if (g == ' ' || g == '-' || g == '\t') {
            continue;
        }
        g = (char)(g >= 'A' && g <= 'F' ? g - 'A' + 'a' : g);
        if (*want == '\0' || g != *want) {
            return false;
        }
        want++;
    }
    return *want == '\0';
}

static bool
on_shelf(const struct table_case *c, const char *id)
{
    for (size_t i = 0; i < c->files->count; i++) {
        if (same_text(c->files->items[i].id, id) &&
            same_text(c->files->items[i].org_id, c->table->org_id)) {
            return true;
        }
    }
    return false;
}

static enum status
check_paper(const struct table_case *c, const Pb__ConfirmTableRequest *request, struct fault *fault)
{
    if (table_text_blank(request->content_hash)) {
        return fault_set_field(fault, "content_hash", "HASH_MISSING",
                               "用纸质件确认要写明纸上印的校验码（64 位），请照抄。");
    }
    return on_shelf(c, request->paper_evidence)
               ? STATUS_OK
               : fault_set(fault, STATUS_NOT_FOUND, "SCAN_UNKNOWN",
                           "没有找到扫描件“%s”，请先上传，再用上传后得到的编号。",
                           request->paper_evidence);
}

/* Another account of the unit with the reviewer's seat; on paper the second person is the one who
 * signed it. */
static enum status
check_person(const struct table_case *c, bool paper, struct fault *fault)
{
    if (paper) {
        return STATUS_OK;
    }
    if (table_filled_by_actor(c)) {
        return fault_set(
            fault, STATUS_PERMISSION_DENIED, "SAME_PERSON",
            "这张表是您填报的，请由另一位同志（审核人）确认，或打印签字盖章后上传扫描件。");
    }
    if ((c->actor.roles & ROLE_REVIEWER) == 0 || c->actor.behalf) {
        return fault_set(
            fault, STATUS_PERMISSION_DENIED, "REVIEWER_ONLY",
            "审核确认由本单位的审核人办理；审核人没有账号的，打印签字盖章后上传扫描件。");
    }
    return STATUS_OK;
}

static enum status
check_confirm(const struct table_case *c, const Pb__ConfirmTableRequest *request, bool paper,
              struct fault *fault)
{
    enum status s =
        table_check_seen(c, request->has_expected_version, request->expected_version, fault);
    if (s == STATUS_OK) {
        s = table_check_actor(c, fault);
    }
    if (s == STATUS_OK) {
        s = check_step(c, COMMAND_COUNTERSIGN, fault);
    }
    if (s == STATUS_OK) {
        s = check_person(c, paper, fault);
    }
    if (s == STATUS_OK && paper) {
        s = check_paper(c, request, fault);
    }
    bool hashed = !table_text_blank(request->content_hash);
    if (s == STATUS_OK && hashed &&
        (c->content_hash == NULL || !hash_matches(request->content_hash, c->content_hash))) {
        fault_set(fault, STATUS_FAILED_PRECONDITION, "HASH_DIFFERS",
                  "确认的不是现在这张表：写的校验码是 %.80s，系统里现在的是 %s。"
                  "请重新打印、核对后再确认。",
                  request->content_hash, c->content_hash == NULL ? "" : c->content_hash);
        snprintf(fault->field, sizeof fault->field, "content_hash");
        s = STATUS_FAILED_PRECONDITION;
    }
    return s;
}

/* The rows that wait, as if they came in the request. */
static enum status
stored_rows(const struct table_case *c, struct arena *a, struct handing *h, struct fault *fault)
{
    h->rows = arena_array(a, c->rows->count, sizeof(Pb__TableRow *));
    for (size_t i = 0; h->rows != NULL && i < c->rows->count; i++) {
        const struct table_row_record *r = &c->rows->items[i];
        const struct measure_record *m = table_measure(c, r->measure_id);
        if (r->verdict == PB__VERDICT__ACCEPTED || m == NULL) {
            continue;
        }
        h->rows[h->count] = row_again(r, a);
        if (h->rows[h->count] == NULL) {
            h->rows = NULL;
            break;
        }
        h->count++;
    }
    return h->rows != NULL ? STATUS_OK
                           : fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                                       "这张表太大，超出单次请求的内存上限。");
}

enum status
table_confirm(const struct table_case *c, const Pb__ConfirmTableRequest *request, struct arena *a,
              struct table_outcome *ret, struct fault *fault)
{
    bool paper = !table_text_blank(request->paper_evidence);
    struct handing h = {.c = c, .gives = true, .confirms = true};
    struct workflow_facts facts = {.two_people = true, .reviewer_needed = true};
    struct table_outcome o;
    enum status s = check_confirm(c, request, paper, fault);
    if (s == STATUS_OK) {
        s = stored_rows(c, a, &h, fault);
    }
    if (s == STATUS_OK) {
        s = hand_in(&h, COMMAND_COUNTERSIGN, &facts, a, &o, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    o.next.confirmation = paper ? "PAPER" : "ACCOUNT";
    o.next.reviewed_by = paper ? NULL : c->actor.account_id;
    o.next.reviewed_by_name = paper ? NULL : c->account;
    o.next.reviewed_for = paper ? NULL : c->actor.substitute_for_id;
    o.next.confirmed_ms = c->now_ms;
    o.next.paper_evidence = paper ? request->paper_evidence : NULL;
    o.next.paper_hash = paper ? c->content_hash : NULL;
    *ret = o;
    return STATUS_OK;
}

bool
table_requests(const struct table_outcome *o, struct arena *a, struct table_request_list *ret)
{
    struct table_request_list list = {.items = arena_array(a, 2 * o->count, sizeof *list.items)};
    for (size_t i = 0; list.items != NULL && i < o->count; i++) {
        const struct row_outcome *row = &o->rows[i];
        if (row->asks_help) {
            list.items[list.count++] = (struct table_request){.kind = TABLE_ASKS_HELP,
                                                              .row = row,
                                                              .text = row->row.difficulty,
                                                              .new_due = NO_DATE};
        }
        if (row->asks_extension) {
            list.items[list.count++] = (struct table_request){
                .kind = TABLE_ASKS_EXTENSION,
                .row = row,
                .text = row->row.extension_reason,
                .milestone = row->row.extension_milestone,
                .new_due = row->row.extension_day,
            };
        }
    }
    *ret = list;
    return list.items != NULL;
}
