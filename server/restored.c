/* rectifyd restored: declares that the database was restored to an earlier point (恢复声明). What
 * clients then accept is said in client/lib/heads.h; what is signed in proto/ledger/restore.h. */
#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/restore.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/audit.pb-c.h"
#include "server/app.h"
#include "server/base/clock.h"
#include "server/base/log.h"
#include "server/store/audit.h"
#include "server/store/event.h"
#include "server/store/restore.h"
#include "server/store/tenant.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define RESTORED_METHOD "rectifyd/restored"
enum { SKIPPED_NUMBERS = 1000000 }; /* more receipts than any backup is old */

struct declaration {
    const struct app_restored *in;
    struct arena arena;
    struct db *db;
    struct db_queue *q;
    struct fault *fault;
    struct ledger_key key;
    struct uuid7_source ids;
    int64_t now_ms;
    struct tenant_list tenants;
    size_t declared;
};

static enum status
no_memory(struct declaration *d)
{
    return fault_memory(d->fault);
}

static enum status
run(struct declaration *d)
{
    int owner = 0;
    return db_run(d->db, d->q, &owner, d->fault);
}

static enum status
queue_entry(struct declaration *d, const struct tenant_record *tenant, const Pb__LogEntry *entry)
{
    size_t size = pb__log_entry__get_packed_size(entry);
    unsigned char *body = arena_alloc(&d->arena, size);
    struct merkle_hash *leaf = arena_alloc(&d->arena, sizeof *leaf);
    if (body == NULL || leaf == NULL) {
        return no_memory(d);
    }
    pb__log_entry__pack(entry, body);
    merkle_leaf_hash(body, size, leaf);
    const struct event_record event = {
        .id = entry->event_id,
        .recorded_ms = entry->recorded_at_ms,
        .account = "SYS",
        .method = RESTORED_METHOD,
        .body = body,
        .body_size = size,
        .leaf_hash = leaf->bytes,
    };
    struct event_rows rows = {0};
    return event_rows_add(&rows, &d->arena, &event)
               ? event_rows_queue(&rows, &d->arena, d->q, tenant->id)
               : no_memory(d);
}

/* The event is the declaration itself, so that the log tells of it. */
static enum status
queue_event(struct declaration *d, const struct tenant_record *tenant,
            const struct ledger_restore *r, const char *event_id)
{
    Pb__Restore record = PB__RESTORE__INIT;
    Pb__Change change = PB__CHANGE__INIT;
    Pb__Change *changes[] = {&change};
    Pb__LogEntry entry = PB__LOG_ENTRY__INIT;
    record.tenant = wire_text(r->tenant);
    record.has_number = record.has_tree_size = record.has_root = record.has_head_time_ms = 1;
    record.has_time_ms = record.has_signature = 1;
    record.number = r->number;
    record.tree_size = r->size;
    record.root = (ProtobufCBinaryData){sizeof r->root.bytes, (uint8_t *)(uintptr_t)r->root.bytes};
    record.head_time_ms = r->head_time_ms;
    record.time_ms = r->time_ms;
    record.reason = wire_text(r->reason);
    record.key_id = wire_text(r->key_id);
    record.signature =
        (ProtobufCBinaryData){sizeof r->signature, (uint8_t *)(uintptr_t)r->signature};
    change.kind = wire_text("restore");
    change.id = wire_text(event_id);
    change.command = wire_text("declare");
    change.has_version = change.has_record = 1;
    change.version = (int64_t)r->number;
    change.record.len = pb__restore__get_packed_size(&record);
    change.record.data = arena_alloc(&d->arena, change.record.len);
    entry.event_id = wire_text(event_id);
    entry.tenant = wire_text(tenant->code);
    entry.has_recorded_at_ms = 1;
    entry.recorded_at_ms = r->time_ms;
    entry.account = wire_text("SYS");
    entry.method = wire_text(RESTORED_METHOD);
    entry.auth = wire_text("SYSTEM");
    entry.reason = wire_text(r->reason);
    entry.changes = changes;
    entry.n_changes = 1;
    if (change.record.data == NULL) {
        return no_memory(d);
    }
    pb__restore__pack(&record, change.record.data);
    return queue_entry(d, tenant, &entry);
}

/* Where the tenant's log goes on from, and the restores declared before. */
static enum status
read_tenant(struct declaration *d, const struct tenant_record *tenant, struct audit_head *head,
            struct restore_list *last)
{
    enum status s = d->in->has_before
                        ? audit_queue_head_before(d->q, tenant->id, d->in->before_ms, head)
                        : audit_queue_head(d->q, tenant->id, 0, head);
    if (s == STATUS_OK) {
        s = restore_queue_last(d->q, tenant->id, last);
    }
    return s == STATUS_OK ? run(d) : s;
}

static void
fill(struct declaration *d, const struct tenant_record *tenant, const struct audit_head *head,
     const struct restore_list *last, struct ledger_restore *r)
{
    const struct merkle_frontier empty = {0};
    *r = (struct ledger_restore){.number = 1, .time_ms = d->now_ms};
    memcpy(r->tenant, tenant->code, strlen(tenant->code) + 1);
    memcpy(r->reason, d->in->reason, strlen(d->in->reason) + 1);
    merkle_frontier_root(&empty, &r->root);
    if (head->found) {
        r->size = (uint64_t)head->tree_size;
        r->head_time_ms = head->time_ms;
        memcpy(r->root.bytes, head->root, sizeof r->root.bytes);
    }
    if (last->count > 0) {
        r->number = (uint64_t)last->items[0].number + 1;
    }
    /* Clocks go back; declarations do not. */
    int64_t after = last->count > 0 ? last->items[0].time_ms : 0;
    after = r->head_time_ms > after ? r->head_time_ms : after;
    r->time_ms = r->time_ms > after ? r->time_ms : after + 1;
    ledger_restore_sign(r, &d->key);
}

static enum status
declare(struct declaration *d, const struct tenant_record *tenant)
{
    struct audit_head head = {.found = false};
    struct restore_list last = {0};
    struct ledger_restore r;
    char event_id[UUID_TEXT_SIZE];
    enum status s = read_tenant(d, tenant, &head, &last);
    if (s != STATUS_OK) {
        return s;
    }
    fill(d, tenant, &head, &last, &r);
    uuid7_next(&d->ids, event_id);
    const struct restore_record record = {
        .number = (int64_t)r.number,
        .tree_size = (int64_t)r.size,
        .root = r.root.bytes,
        .head_time_ms = r.head_time_ms,
        .time_ms = r.time_ms,
        .reason = r.reason,
        .key_id = r.key_id,
        .signature = r.signature,
    };
    s = queue_event(d, tenant, &r, event_id);
    if (s == STATUS_OK) {
        s = restore_queue_insert(d->q, tenant->id, &record, event_id);
    }
    if (s == STATUS_OK) {
        s = run(d);
    }
    if (s == STATUS_OK) {
        const struct log_field fields[] = {
            log_text("tenant", tenant->code), log_int("number", (int64_t)r.number),
            log_int("tree_size", (int64_t)r.size), log_int("head_time_ms", r.head_time_ms)};
        log_event(LOG_LEVEL_INFO, "restore.declared", fields, 4);
        d->declared++;
    }
    return s;
}

static enum status
declare_all(struct declaration *d)
{
    enum status s = tenant_queue_all(d->q, &d->tenants);
    if (s == STATUS_OK) {
        s = run(d);
    }
    for (size_t i = 0; s == STATUS_OK && i < d->tenants.count; i++) {
        const struct tenant_record *t = &d->tenants.items[i];
        if (d->in->tenant == NULL || strcmp(d->in->tenant, t->code) == 0) {
            s = strlen(t->code) <= LIMIT_TENANT_BYTES ? declare(d, t) : STATUS_OK;
        }
    }
    if (s == STATUS_OK && d->declared == 0) {
        return fault_set(d->fault, STATUS_NOT_FOUND, "TENANT_UNKNOWN",
                         "数据库里没有这个租户：请核对 --tenant。");
    }
    if (s == STATUS_OK) {
        s = restore_queue_skip_numbers(d->q, SKIPPED_NUMBERS);
    }
    if (s == STATUS_OK) {
        s = run(d);
    }
    return s == STATUS_OK ? db_commit(d->db, d->fault) : s;
}

static enum status
check(const struct config *config, const struct app_restored *in, struct fault *fault)
{
    if (in->reason[0] == '\0' || strlen(in->reason) > LIMIT_RESTORE_REASON_BYTES) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "REASON",
                         "请用 --reason 写明恢复的原因（最多 %d 字节）。",
                         LIMIT_RESTORE_REASON_BYTES);
    }
    if (config->ledger_key_file[0] == '\0') {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "LEDGER_KEY_MISSING",
                         "配置里没有日志密钥，无法签署恢复声明。");
    }
    return STATUS_OK;
}

enum status
app_restored(const struct config *config, const struct app_restored *in, struct fault *fault)
{
    struct declaration d = {.in = in, .fault = fault, .now_ms = clock_now_ms(clock_real())};
    unsigned char seed[16];
    secret_random(seed, sizeof seed);
    uuid7_source_init(&d.ids, d.now_ms, seed);
    arena_init(&d.arena, LIMIT_UNPACK_BYTES);
    const char *conninfo =
        config->owner_conninfo[0] != '\0' ? config->owner_conninfo : config->conninfo;
    enum status s = check(config, in, fault);
    if (s == STATUS_OK) {
        s = ledger_key_load(config->ledger_key_file, &d.key, fault);
    }
    if (s == STATUS_OK) {
        s = db_open(conninfo, "rectifyd restored", &d.db, fault);
    }
    if (s == STATUS_OK) {
        d.q = db_queue_new(&d.arena);
        s = d.q == NULL ? no_memory(&d) : db_begin(d.db, false, fault);
    }
    if (s == STATUS_OK) {
        s = declare_all(&d);
    }
    if (s != STATUS_OK && d.db != NULL) {
        db_rollback(d.db);
    }
    db_close(d.db);
    ledger_key_clear(&d.key);
    arena_release(&d.arena);
    return s;
}
