/* TableService: handing a table in, judging it. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "rectify/v1/table.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/measure_write.h"
#include "server/handler/request_check.h"

#include <stdio.h>
#include <string.h>

struct table_case
table_case_of(const struct call *call, const struct table_record *t)
{
    const struct table_call *c = call->data;
    return (struct table_case){
        .table = t,
        .rows = &c->rows,
        .last_rows = &c->last_rows,
        .measures = &c->measures,
        .files = &c->files,
        .links = &c->links,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
        .queued_ms = call->envelope != NULL ? call->envelope->queued_at_ms : 0,
        .receipt = call->receipt_number,
    };
}

/* The table, its rows and measures, all locked. */
static enum status
load_table(struct call *call, struct db_queue *q, const char *id)
{
    struct table_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return handler_no_memory(call);
    }
    call->data = c;
    if (!uuid_text_valid(id)) {
        return refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", id);
    }
    int tenant = call->who->tenant;
    enum status s = table_queue_get(q, tenant, id, true, &c->tables);
    if (s == STATUS_OK) {
        s = table_queue_rows(q, tenant, id, true, &c->rows);
    }
    if (s == STATUS_OK) {
        s = measure_queue_of_table(q, tenant, id, true, &c->measures);
    }
    return s;
}

static enum status
the_table(struct call *call, const char *id, const struct table_record **ret)
{
    struct table_call *c = call->data;
    if (c->tables.count != 1) {
        return refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", id);
    }
    *ret = &c->tables.items[0];
    return STATUS_OK;
}

/* ---- SubmitTable ---- */

static bool
asks_help(const Pb__SubmitTableRequest *r)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        if (r->rows[i]->has_ask_help && r->rows[i]->ask_help) {
            return true;
        }
    }
    return false;
}

void
submit_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    subject_add(set, "table", r->id == NULL ? "" : r->id);
    for (size_t i = 0; i < r->n_rows && i < LIMIT_TABLE_ROWS; i++) {
        const char *ref = r->rows[i]->measure_ref;
        subject_add(set, "measure", ref == NULL ? "" : ref);
    }
    if (asks_help(r)) {
        subject_add(set, "matter_counter", "consultation");
    }
}

/* What opening consultations needs. */
static enum status
load_for_help(struct call *call, struct db_queue *q)
{
    struct table_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = org_queue_all(q, tenant, &c->orgs);
    if (s == STATUS_OK) {
        s = matter_counter_queue_take(q, tenant, "consultation", &c->last_consultation);
    }
    return s == STATUS_OK ? calendar_queue_read(q, tenant, &c->calendar) : s;
}

int
submit_load(struct call *call, struct db_queue *q)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    enum status s = load_table(call, q, r->id);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct table_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; i < r->n_rows; i++) {
        const Pb__TableRow *row = r->rows[i];
        for (size_t k = 0; k < row->n_evidence; k++) {
            /* What is no id at all is simply not found later. */
            if (uuid_text_valid(row->evidence[k]) &&
                !text_list_add(&ids, call->arena, row->evidence[k])) {
                return (int)handler_no_memory(call);
            }
        }
    }
    int tenant = call->who->tenant;
    s = evidence_queue_get(q, tenant, &ids, call->arena, &c->files);
    if (s == STATUS_OK && asks_help(r)) {
        s = load_for_help(call, q);
    }
    return s == STATUS_OK ? (int)evidence_queue_links_of_table(q, tenant, r->id, &c->links)
                          : (int)s;
}

static enum status
check_row_texts(struct call *call, const Pb__TableRow *r, size_t i)
{
    const struct {
        const char *column;
        const char *text;
    } texts[] = {
        {"narrative", r->narrative},
        {"difficulty", r->difficulty},
        {"lower_reason", r->lower_reason},
    };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "rows[%zu].%s", i, texts[k].column);
        enum status s = check_text(call, field, texts[k].text, LIMIT_TEXT_BYTES, false);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

/* One consultation, of a row that asks for help. */
static enum status
open_help(struct call *call, const struct row_outcome *row, int32_t *last)
{
    struct table_call *c = call->data;
    struct matter_case *mc = &c->help_cases[c->help_count];
    struct matter_outcome *help = &c->helps[c->help_count];
    Pb__MatterInput *in = call_message(call, &pb__matter_input__descriptor);
    struct matter_order order;
    if (in == NULL) {
        return handler_no_memory(call);
    }
    in->measure_ref = (char *)(uintptr_t)row->before->ref;
    in->text = (char *)(uintptr_t)row->row.difficulty;
    *mc = (struct matter_case){
        .kind = WORKFLOW_CONSULTATION,
        .place.unit = {c->outcome.next.org_id, c->outcome.next.org},
        .measure = row->before,
        .orgs = &c->orgs,
        .calendar = &c->calendar,
        .concentrated_end = NO_DATE,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    enum status s = matter_order_open(call, mc->kind, COMMAND_OPEN, in, last, &order);
    if (s == STATUS_OK) {
        s = matter_step(mc, &order, call->arena, help, &call->fault);
    }
    c->help_count++;
    return s == STATUS_OK ? matter_record_change(call, mc, help, COMMAND_OPEN) : s;
}

static enum status
open_helps(struct call *call)
{
    struct table_call *c = call->data;
    int32_t last = c->last_consultation;
    c->help_cases = arena_array(call->arena, c->outcome.count, sizeof *c->help_cases);
    c->helps = arena_array(call->arena, c->outcome.count, sizeof *c->helps);
    c->help_count = 0;
    if (c->help_cases == NULL || c->helps == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->outcome.count; i++) {
        if (c->outcome.rows[i].asks_help) {
            s = open_help(call, &c->outcome.rows[i], &last);
        }
    }
    return s;
}

/* The rows as they stand after the outcome, for the log's full record. */
static Pb__Table *
table_record_message(struct call *call, const struct table_case *before)
{
    struct table_call *c = call->data;
    struct table_row_list rows = {0};
    for (size_t i = 0; i < before->rows->count + c->outcome.count; i++) {
        bool stored = i < before->rows->count;
        const struct table_row_record *r =
            stored ? &before->rows->items[i] : &c->outcome.rows[i - before->rows->count].row;
        if (!stored && r->version != 0) {
            continue; /* its stored place has it already */
        }
        struct table_row_record *slot =
            arena_grow(call->arena, (void **)&rows.items, rows.count, &rows.capacity, sizeof *slot);
        if (slot == NULL) {
            return NULL;
        }
        *slot = *r;
        for (size_t k = 0; stored && k < c->outcome.count; k++) {
            if (strcmp(c->outcome.rows[k].row.measure_id, r->measure_id) == 0) {
                *slot = c->outcome.rows[k].row;
            }
        }
        slot->version++;
        rows.count++;
    }
    struct table_case after = *before;
    after.table = &c->outcome.next;
    after.rows = &rows;
    return table_message_rows(&after, call->arena);
}

/* The event's changes: the table with all its rows, and every measure that moved. */
static enum status
record_changes(struct call *call, const struct table_case *before)
{
    struct table_call *c = call->data;
    const struct table_record *next = &c->outcome.next;
    Pb__Table *record = table_record_message(call, before);
    char *ref = arena_printf(call->arena, "%s %s", next->org, next->period);
    if (record == NULL || ref == NULL ||
        !call_change(call, "table", next->id, ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, c->outcome.command);
    change->from_state = arena_strdup(call->arena, before->table->state);
    change->to_state = arena_strdup(call->arena, next->state);
    for (size_t i = 0; i < c->outcome.count; i++) {
        const struct row_outcome *row = &c->outcome.rows[i];
        if (!row->measure_changes) {
            continue;
        }
        enum status s =
            measure_record_change(call, row->before, &row->measure.next, row->command, row->reason);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

enum status
submit_decide(struct call *call)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = the_table(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    for (size_t i = 0; s == STATUS_OK && i < r->n_rows; i++) {
        s = check_row_texts(call, r->rows[i], i);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_submit(&tc, r, call->arena, &c->outcome, &call->fault);
    if (s == STATUS_OK) {
        s = record_changes(call, &tc);
    }
    if (s == STATUS_OK) {
        s = open_helps(call);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__SubmitTableReply *reply = call_message(call, &pb__submit_table_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->table = table_message(&c->outcome.next, call->today, call->arena);
    reply->has_claims = reply->has_consultations = 1;
    reply->claims = c->outcome.claims;
    reply->consultations = c->outcome.helps;
    call->reply = &reply->base;
    return reply->table == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- DecideTable ---- */

void
judge_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__DecideTableRequest *r = REQUEST(call, Pb__DecideTableRequest);
    subject_add(set, "table", r->id == NULL ? "" : r->id);
    for (size_t i = 0; i < r->n_decisions && i < LIMIT_TABLE_ROWS; i++) {
        const char *ref = r->decisions[i]->measure_ref;
        subject_add(set, "measure", ref == NULL ? "" : ref);
    }
}

int
judge_load(struct call *call, struct db_queue *q)
{
    return (int)load_table(call, q, REQUEST(call, Pb__DecideTableRequest)->id);
}

static enum status
check_opinion(struct call *call, const Pb__RowDecision *d, size_t i)
{
    const char *ignored = NULL;
    enum status s = check_reason(call, d->reason_code, d->reason, false, &ignored);
    if (s != STATUS_OK) {
        char column[FAULT_FIELD_SIZE];
        snprintf(column, sizeof column, "%s", call->fault.field);
        snprintf(call->fault.field, sizeof call->fault.field, "decisions[%zu].%.48s", i, column);
    }
    return s;
}

enum status
judge_decide(struct call *call)
{
    const Pb__DecideTableRequest *r = REQUEST(call, Pb__DecideTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = the_table(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    if (s == STATUS_OK && r->n_decisions > LIMIT_TABLE_ROWS) {
        s = fault_set_field(&call->fault, "decisions", "TOO_MANY_ROWS", "一次最多审核 %d 行。",
                            LIMIT_TABLE_ROWS);
    }
    for (size_t i = 0; s == STATUS_OK && i < r->n_decisions; i++) {
        s = check_opinion(call, r->decisions[i], i);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_decide(&tc, r, call->arena, &c->outcome, &call->fault);
    if (s == STATUS_OK) {
        s = record_changes(call, &tc);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__DecideTableReply *reply = call_message(call, &pb__decide_table_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->table = table_message(&c->outcome.next, call->today, call->arena);
    reply->has_confirmed = reply->has_returned = 1;
    reply->confirmed = c->outcome.confirmed;
    reply->returned = c->outcome.returned;
    call->reply = &reply->base;
    return reply->table == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- the writes of both ---- */

static enum status
row_effects(struct call *call, struct db_queue *q, const struct row_outcome *row)
{
    struct table_call *c = call->data;
    int tenant = call->who->tenant;
    const struct table_record *t = &c->outcome.next;
    enum status s = evidence_write_links(call, q, row->before, &row->attachment, t->id);
    if (s == STATUS_OK && row->measure_changes) {
        s = measure_write(call, q, row->before, &row->measure);
    }
    return s == STATUS_OK
               ? table_row_queue_write(q, tenant, t, &row->row, call->now_ms, call->event_id)
               : s;
}

enum status
table_effects(struct call *call, struct db_queue *q)
{
    struct table_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s =
        table_queue_update(q, tenant, &c->outcome.next, c->tables.items[0].version, call->event_id);
    for (size_t i = 0; s == STATUS_OK && i < c->outcome.count; i++) {
        s = row_effects(call, q, &c->outcome.rows[i]);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->help_count; i++) {
        s = matter_write(call, q, &c->help_cases[i], &c->helps[i]);
    }
    return s == STATUS_OK && c->help_count > 0
               ? matter_counter_queue_set(q, tenant, "consultation",
                                          c->last_consultation + (int32_t)c->help_count)
               : s;
}
