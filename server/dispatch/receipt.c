/* Signing receipts, after COMMIT and before the answers go out: once for all of a batch. */
#include "server/dispatch/turn.h"

#include "proto/base/wire_text.h"
#include "proto/ledger/receipt.h"

#include <string.h>

/* One receipt on its way. */
struct signing {
    Pb__Receipt *receipt;
    struct arena *arena; /* of its answer */
};

_Static_assert(LIMIT_BATCH_COMMANDS <= LEDGER_RECEIPTS_MAX, "a batch is signed together");
_Static_assert(LIMIT_OPERATION_KEYS <= LEDGER_RECEIPTS_MAX, "and so are receipts asked for");

static bool
take_text(const char *text, char *ret_text, size_t size)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (n == 0 || n >= size) {
        return false;
    }
    memcpy(ret_text, text, n + 1);
    return true;
}

static bool
take_receipt(const Pb__Receipt *r, struct ledger_receipt *ret)
{
    if (!take_text(r->tenant, ret->tenant, sizeof ret->tenant) ||
        !take_text(r->idempotency_key, ret->key, sizeof ret->key) ||
        !take_text(r->number, ret->number, sizeof ret->number) ||
        !take_text(r->event_id, ret->event_id, sizeof ret->event_id) ||
        r->leaf_hash.len != sizeof ret->leaf.bytes) {
        return false;
    }
    memcpy(ret->leaf.bytes, r->leaf_hash.data, sizeof ret->leaf.bytes);
    ret->recorded_at_ms = r->recorded_at_ms;
    return true;
}

/* The proof must live as long as the receipt. */
static bool
give_proof(const struct ledger_receipt_proof *proof, struct arena *a, Pb__Receipt *r)
{
    struct ledger_receipt_proof *copy = arena_alloc(a, sizeof *copy);
    ProtobufCBinaryData *path = arena_array(a, proof->path_count + 1, sizeof *path);
    if (copy == NULL || path == NULL) {
        return false;
    }
    *copy = *proof;
    for (size_t i = 0; i < copy->path_count; i++) {
        path[i] = (ProtobufCBinaryData){MERKLE_HASH_BYTES, copy->path[i].bytes};
    }
    r->key_id = copy->key_id;
    r->has_signature = r->has_tree_index = r->has_tree_size = 1;
    r->signature = (ProtobufCBinaryData){LEDGER_SIGNATURE_BYTES, copy->signature};
    r->tree_index = copy->index;
    r->tree_size = copy->size;
    r->tree_path = path;
    r->n_tree_path = copy->path_count;
    return true;
}

/* What memory is too short for stays unsigned; the answer goes out all the same. */
static void
sign_all(const struct dispatch *d, struct arena *scratch, struct signing *items, size_t count)
{
    struct ledger_receipt *receipts = arena_array(scratch, count, sizeof *receipts);
    struct ledger_receipt_proof *proofs = arena_array(scratch, count, sizeof *proofs);
    size_t n = 0;
    for (size_t i = 0; receipts != NULL && proofs != NULL && i < count; i++) {
        if (take_receipt(items[i].receipt, &receipts[n])) {
            items[n++] = items[i];
        }
    }
    if (n == 0) {
        return;
    }
    ledger_receipts_sign(receipts, n, &d->key, proofs);
    for (size_t i = 0; i < n; i++) {
        (void)give_proof(&proofs[i], items[i].arena, items[i].receipt);
    }
}

void
receipts_sign(const struct dispatch *d, struct turn *turns, size_t count, struct arena *scratch)
{
    struct signing items[LIMIT_BATCH_COMMANDS];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        struct turn *t = &turns[i];
        Pb__Receipt *r = t->reply == NULL ? NULL : t->reply->receipt;
        if (r != NULL && t->tenant != NULL) {
            r->tenant = t->tenant->code;
            r->idempotency_key = t->job->envelope->idempotency_key;
            items[n++] = (struct signing){r, &t->arena};
        }
    }
    if (d->has_key && n > 0) {
        sign_all(d, scratch, items, n);
    }
}

void
call_sign_receipts(struct call *call, Pb__Receipt *const *receipts, const char *const *keys,
                   size_t count)
{
    struct signing items[LIMIT_OPERATION_KEYS];
    for (size_t i = 0; i < count; i++) {
        receipts[i]->tenant = wire_text(call->who->tenant_code);
        receipts[i]->idempotency_key = wire_text(keys[i]);
        items[i] = (struct signing){receipts[i], call->arena};
    }
    if (call->dispatch->has_key && count > 0) {
        sign_all(call->dispatch, call->arena, items, count);
    }
}
