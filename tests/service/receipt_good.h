/* Does a reply's receipt prove what it says? For tests through a door that signs. */
#ifndef TESTS_SERVICE_RECEIPT_GOOD_H
#define TESTS_SERVICE_RECEIPT_GOOD_H

#include "proto/ledger/receipt.h"
#include "rectify/v1/common.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static inline void
receipt_good(const Pb__Receipt *m, const char *tenant, const char *key,
             const struct ledger_public *log_key)
{
    struct ledger_receipt r = {.recorded_at_ms = m->recorded_at_ms};
    struct ledger_receipt_proof p = {
        .index = m->tree_index, .size = m->tree_size, .path_count = m->n_tree_path};
    struct fault fault = {0};
    assert_string_equal(m->idempotency_key, key);
    assert_string_equal(m->tenant, tenant);
    assert_true(m->has_signature && m->signature.len == sizeof p.signature);
    assert_int_equal(m->leaf_hash.len, sizeof r.leaf.bytes);
    assert_true(p.path_count <= LEDGER_RECEIPT_PATH_MAX);
    snprintf(r.tenant, sizeof r.tenant, "%s", m->tenant);
    snprintf(r.key, sizeof r.key, "%s", key);
    snprintf(r.number, sizeof r.number, "%s", m->number);
    snprintf(r.event_id, sizeof r.event_id, "%s", m->event_id);
    snprintf(p.key_id, sizeof p.key_id, "%s", m->key_id);
    memcpy(r.leaf.bytes, m->leaf_hash.data, sizeof r.leaf.bytes);
    memcpy(p.signature, m->signature.data, sizeof p.signature);
    for (size_t i = 0; i < p.path_count; i++) {
        memcpy(p.path[i].bytes, m->tree_path[i].data, sizeof p.path[i].bytes);
    }
    if (ledger_receipt_verify(&r, &p, log_key, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
}

#endif
