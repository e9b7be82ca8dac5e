/* What every command on a table reads, records and writes. */
#include "server/handler/common.h"
#include "server/handler/measure_write.h"
#include "server/handler/request_check.h"
#include "server/handler/table.h"

#include "proto/ledger/secret.h"

#include <sodium.h>
#include <string.h>

struct table_case
table_case_of(const struct call *call, const struct table_record *t)
{
    const struct table_call *c = call->data;
    return (struct table_case){
        .table = t,
        .rows = &c->rows,
        .last_rows = &c->last_rows,
        .month_rows = &c->month_rows,
        .before = &c->before,
        .measures = &c->measures,
        .files = &c->files,
        .links = &c->links,
        .actor = call_actor(call),
        .account = call->who->account,
        .today = call->today,
        .now_ms = call->now_ms,
        .queued_ms = call->envelope != NULL ? call->envelope->queued_at_ms : 0,
        .receipt = call->receipt_number,
        .content_hash = c->content_hash,
    };
}

/* The table, its rows and measures, all locked. */
enum status
table_load(struct call *call, struct db_queue *q, const char *id)
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

enum status
table_only(struct call *call, const char *id, const struct table_record **ret)
{
    struct table_call *c = call->data;
    if (c->tables.count != 1) {
        return refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", id);
    }
    *ret = &c->tables.items[0];
    return STATUS_OK;
}

enum status
table_hash(struct call *call, const struct table_record *t)
{
    struct table_call *c = call->data;
    struct table_case tc = table_case_of(call, t);
    unsigned char hash[crypto_hash_sha256_BYTES];
    char *content = table_content(&tc, call->arena);
    if (content == NULL) {
        return handler_no_memory(call);
    }
    crypto_hash_sha256(hash, (const unsigned char *)content, strlen(content));
    c->content_hash = secret_hex_encode(call->arena, hash, sizeof hash);
    return c->content_hash == NULL ? handler_no_memory(call) : STATUS_OK;
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
        if (!stored && (r->version != 0 || !c->outcome.rows[i - before->rows->count].row_written)) {
            continue; /* its stored place has it already, or there is none */
        }
        struct table_row_record *slot =
            arena_grow(call->arena, (void **)&rows.items, rows.count, &rows.capacity, sizeof *slot);
        if (slot == NULL) {
            return NULL;
        }
        *slot = *r;
        for (size_t k = 0; stored && k < c->outcome.count; k++) {
            if (c->outcome.rows[k].row_written &&
                strcmp(c->outcome.rows[k].row.measure_id, r->measure_id) == 0) {
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
enum status
table_record_changes(struct call *call, const struct table_case *before)
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
    change->reason = arena_strdup(call->arena, c->outcome.reason);
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
    return s == STATUS_OK && row->row_written
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
    return s == STATUS_OK ? table_asks_effects(call, q, &c->asks) : s;
}
