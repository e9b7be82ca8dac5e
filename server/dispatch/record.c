/* Record: the event a command leaves, its leaf hash, and the receipt for it. */
#include "server/dispatch/turn.h"

#include "proto/base/wire_text.h"
#include "proto/ledger/merkle.h"
#include "proto/ledger/secret.h"
#include "server/store/event.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *
auth_name(enum method_auth auth)
{
    switch (auth) {
    case AUTH_PUBLIC:
        return "PUBLIC";
    case AUTH_MACHINE:
        return "MACHINE";
    case AUTH_SESSION:
        return "SESSION";
    case AUTH_SIGNED:
        return "SIGNED";
    case AUTH_SYSTEM:
        break;
    }
    return "SYSTEM";
}

static const char *
actor(const struct turn *t)
{
    if (t->who.account != NULL) {
        return t->who.account;
    }
    return t->who.machine_id != NULL ? t->who.machine_id : "-";
}

/* What was signed stands in the entry, so that the signature can be checked years later. */
static bool
entry_fill(struct turn *t, Pb__LogEntry *entry)
{
    const Pb__CallRequest *e = t->job->envelope;
    entry->event_id = t->call.event_id;
    entry->tenant = wire_text(t->who.tenant_code);
    entry->has_recorded_at_ms = 1;
    entry->recorded_at_ms = t->call.now_ms;
    entry->account = wire_text(actor(t));
    entry->org = wire_text(t->who.own_org_code);
    entry->on_behalf_of = e->on_behalf_of;
    entry->machine = t->who.machine_id != NULL ? wire_text(t->who.machine_id) : e->machine;
    entry->method = wire_text(t->call.handler->method);
    entry->idempotency_key = e->idempotency_key;
    entry->has_queued_at_ms = e->has_queued_at_ms;
    entry->queued_at_ms = e->queued_at_ms;
    entry->has_payload_sha256 = 1;
    entry->payload_sha256.data = t->payload_sha256;
    entry->payload_sha256.len = sizeof t->payload_sha256;
    entry->has_signature = e->has_signature;
    entry->signature = e->signature;
    entry->reason = wire_text(t->call.reason);
    entry->n_changes = t->call.change_count;
    entry->changes = t->call.changes;
    entry->has_expected_version = e->has_expected_version;
    entry->expected_version = e->expected_version;
    entry->auth = wire_text(auth_name(t->who.auth));
    entry->client_version = e->client_version;
    entry->acting_as = wire_text(t->who.acting_as);
    if (e->session != NULL) {
        entry->session_sha256 = arena_alloc(&t->arena, SECRET_HASH_HEX_SIZE);
        if (entry->session_sha256 == NULL) {
            return false;
        }
        secret_token_hash_hex(e->session, entry->session_sha256);
    }
    return true;
}

static const char *
org_text(const struct turn *t)
{
    if (t->who.acting_as != NULL) {
        return t->who.acting_as;
    }
    return t->who.org_name == NULL ? "" : t->who.org_name;
}

static Pb__SignedHead *
head_message(struct turn *t)
{
    struct ledger_head head;
    if (!tenants_head_get(&t->d->tenants, t->tenant, &head)) {
        return NULL;
    }
    Pb__SignedHead *m = call_message(&t->call, &pb__signed_head__descriptor);
    struct ledger_head *copy = arena_alloc(&t->arena, sizeof *copy);
    if (m == NULL || copy == NULL) {
        return NULL;
    }
    *copy = head;
    m->tenant = copy->tenant;
    m->has_tree_size = 1;
    m->tree_size = copy->size;
    m->has_root = 1;
    m->root.data = copy->root.bytes;
    m->root.len = sizeof copy->root.bytes;
    m->has_time_ms = 1;
    m->time_ms = copy->time_ms;
    m->key_id = copy->key_id;
    m->has_signature = 1;
    m->signature.data = copy->signature;
    m->signature.len = sizeof copy->signature;
    return m;
}

static Pb__Receipt *
receipt_make(struct turn *t, const struct merkle_hash *leaf)
{
    Pb__Receipt *r = call_message(&t->call, &pb__receipt__descriptor);
    struct merkle_hash *copy = arena_alloc(&t->arena, sizeof *copy);
    if (r == NULL || copy == NULL) {
        return NULL;
    }
    *copy = *leaf;
    r->number = wire_text(t->call.receipt_number);
    r->event_id = t->call.event_id;
    r->has_leaf_hash = 1;
    r->leaf_hash.data = copy->bytes;
    r->leaf_hash.len = sizeof copy->bytes;
    r->has_recorded_at_ms = 1;
    r->recorded_at_ms = t->call.now_ms;
    r->head = head_message(t);
    return r->number == NULL ? NULL : r;
}

static bool
add_changes(struct turn *t, struct records *records, const struct event_record *event)
{
    for (size_t i = 0; i < t->call.change_count; i++) {
        const Pb__Change *c = t->call.changes[i];
        const struct event_change_record change = {
            .no = (int)i + 1,
            .kind = c->kind,
            .thing = c->id,
            .version = c->version,
            .command = c->command,
            .from_state = c->from_state,
            .to_state = c->to_state,
            .reason = c->reason != NULL ? c->reason : t->call.reason,
        };
        if (!event_rows_add_change(&records->events, records->arena, event, &change)) {
            return false;
        }
    }
    return true;
}

enum status
record_event(struct turn *t, struct records *records, Pb__Receipt **ret_receipt)
{
    Pb__LogEntry *entry = call_message(&t->call, &pb__log_entry__descriptor);
    if (entry == NULL || !entry_fill(t, entry)) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t size = pb__log_entry__get_packed_size(entry);
    unsigned char *body = size > LIMIT_LEDGER_BODY_BYTES ? NULL : arena_alloc(&t->arena, size);
    struct merkle_hash leaf;
    if (body == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__log_entry__pack(entry, body);
    merkle_leaf_hash(body, size, &leaf);
    const struct event_record event = {
        .id = t->call.event_id,
        .recorded_ms = t->call.now_ms,
        .account = actor(t),
        .org_id = t->who.org_id,
        .org_text = org_text(t),
        .method = t->call.handler->method,
        .body = body,
        .body_size = size,
        .leaf_hash = leaf.bytes,
    };
    Pb__Receipt *receipt = receipt_make(t, &leaf);
    if (receipt == NULL || !event_rows_add(&records->events, records->arena, &event) ||
        !add_changes(t, records, &event)) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *ret_receipt = receipt;
    return STATUS_OK;
}

enum status
records_queue(struct records *r, struct db_queue *q)
{
    enum status s = STATUS_OK;
    if (r->events.events == 0 && r->answers.count == 0) {
        return STATUS_OK;
    }
    s = db_queue_scope(q, r->tenant->id, false, NULL, NULL);
    if (s == STATUS_OK) {
        s = event_rows_queue(&r->events, r->arena, q, r->tenant->id);
    }
    return s == STATUS_OK ? idempotency_rows_queue(&r->answers, r->arena, q, r->tenant->id) : s;
}
