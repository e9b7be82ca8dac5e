/* Signed receipts: every place in every tree size verifies, and nothing else does; the text form;
 * the layout that is signed; declared restores. */
#include "proto/ledger/receipt.h"
#include "proto/ledger/restore.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct ledger_key key;
static struct ledger_receipt receipts[LEDGER_RECEIPTS_MAX];
static struct ledger_receipt_proof proofs[LEDGER_RECEIPTS_MAX];

static int
set_up(void **state)
{
    static const unsigned char seed[32] = {7};
    (void)state;
    ledger_key_from_seed(seed, &key);
    for (unsigned i = 0; i < LEDGER_RECEIPTS_MAX; i++) {
        struct ledger_receipt *r = &receipts[i];
        *r = (struct ledger_receipt){.tenant = "sample", .recorded_at_ms = 1795000000000 + i};
        snprintf(r->key, sizeof r->key, "01930000-0000-7000-8000-%012u", i);
        snprintf(r->number, sizeof r->number, "2026-11-%08u", i);
        snprintf(r->event_id, sizeof r->event_id, "01940000-0000-7000-8000-%012u", i);
        r->leaf.bytes[0] = (unsigned char)i;
    }
    return 0;
}

static void
every_place_verifies(void **state)
{
    (void)state;
    for (size_t count = 1; count <= LEDGER_RECEIPTS_MAX; count++) {
        ledger_receipts_sign(receipts, count, &key, proofs);
        for (size_t i = 0; i < count; i++) {
            struct fault f = {0};
            assert_int_equal(proofs[i].index, i);
            assert_int_equal(proofs[i].size, count);
            if (ledger_receipt_verify(&receipts[i], &proofs[i], &key.public, &f) != STATUS_OK) {
                fail_msg("%zu of %zu: %s", i, count, f.message);
            }
        }
        assert_int_equal(proofs[0].path_count == 0, count == 1);
    }
}

/* The tree is that of RFC 6962: its own prover and verifier agree with the paths. */
static void
the_tree_is_the_rfcs(void **state)
{
    (void)state;
    enum { COUNT = 23 };
    struct merkle_hash leaves[COUNT];
    struct merkle_frontier f = {0};
    struct merkle_hash root;
    for (size_t i = 0; i < COUNT; i++) {
        unsigned char body[512];
        size_t n = 0;
        const struct ledger_receipt *r = &receipts[i];
        const char *texts[] = {r->tenant, r->key, r->number, r->event_id};
        /* as receipt.h describes it, written out again */
        memcpy(body, "rectify.v1.receipt\n", 19);
        n = 19;
        for (size_t k = 0; k < 4; k++) {
            size_t length = strlen(texts[k]);
            memcpy(body + n, (unsigned char[]){0, 0, 0, (unsigned char)length}, 4);
            memcpy(body + n + 4, texts[k], length);
            n += 4 + length;
        }
        memcpy(body + n, r->leaf.bytes, 32);
        n += 32;
        for (int k = 7; k >= 0; k--) {
            body[n++] = (unsigned char)((uint64_t)r->recorded_at_ms >> (8 * k));
        }
        merkle_leaf_hash(body, n, &leaves[i]);
        merkle_frontier_append(&f, &leaves[i]);
    }
    merkle_frontier_root(&f, &root);
    ledger_receipts_sign(receipts, COUNT, &key, proofs);
    for (size_t i = 0; i < COUNT; i++) {
        struct merkle_proof p = {.count = proofs[i].path_count};
        memcpy(p.hashes, proofs[i].path, p.count * sizeof p.hashes[0]);
        assert_true(merkle_inclusion_verify(&leaves[i], i, COUNT, &p, &root));
    }
    unsigned char signed_bytes[24 + 4 + 32 + 16];
    memcpy(signed_bytes, "rectify.v1.receipt-tree\n", 24);
    memcpy(signed_bytes + 24, (unsigned char[]){0, 0, 0, COUNT}, 4);
    memcpy(signed_bytes + 28, root.bytes, 32);
    memcpy(signed_bytes + 60, key.public.key_id, 16);
    assert_int_equal(crypto_sign_verify_detached(proofs[4].signature, signed_bytes,
                                                 sizeof signed_bytes, key.public.bytes),
                     0);
}

static void
refused(const struct ledger_receipt *r, const struct ledger_receipt_proof *p, const char *reason)
{
    struct fault f = {0};
    assert_int_equal(ledger_receipt_verify(r, p, &key.public, &f), STATUS_DATA_LOSS);
    assert_string_equal(f.reason, reason);
}

static void
nothing_altered_verifies(void **state)
{
    (void)state;
    ledger_receipts_sign(receipts, 7, &key, proofs);
    for (int what = 0; what < 13; what++) {
        struct ledger_receipt r = receipts[6];
        struct ledger_receipt_proof p = proofs[6];
        switch (what) {
        case 0:
            r.tenant[0]++;
            break;
        case 1:
            r.key[3]++;
            break;
        case 2:
            r.number[12]++;
            break;
        case 3:
            r.event_id[5]++;
            break;
        case 4:
            r.leaf.bytes[31]++;
            break;
        case 5:
            r.recorded_at_ms++;
            break;
        case 6:
            p.index = 5;
            break;
        case 7:
            p.size = 8;
            break;
        case 8:
            p.path[0].bytes[0]++;
            break;
        case 9:
            p.path_count--;
            break;
        case 10:
            p.signature[10]++;
            break;
        case 11:
            p.size = 0;
            break;
        default:
            p.path_count = LEDGER_RECEIPT_PATH_MAX + 1;
            break;
        }
        refused(&r, &p, "RECEIPT_SIGNATURE_BAD");
    }
    struct ledger_receipt_proof p = proofs[6];
    p.key_id[0] = p.key_id[0] == 'a' ? 'b' : 'a';
    refused(&receipts[6], &p, "RECEIPT_OTHER_KEY");
}

static void
text_goes_there_and_back(void **state)
{
    (void)state;
    static const size_t counts[] = {1, 2, 7, LEDGER_RECEIPTS_MAX};
    for (size_t k = 0; k < sizeof counts / sizeof counts[0]; k++) {
        char text[LEDGER_RECEIPT_TEXT_SIZE];
        char again[LEDGER_RECEIPT_TEXT_SIZE];
        struct ledger_receipt r;
        struct ledger_receipt_proof p;
        struct fault f = {0};
        ledger_receipts_sign(receipts, counts[k], &key, proofs);
        ledger_receipt_to_text(&receipts[counts[k] - 1], &proofs[counts[k] - 1], text);
        assert_int_equal(ledger_receipt_from_text(text, &r, &p, &f), STATUS_OK);
        assert_int_equal(ledger_receipt_verify(&r, &p, &key.public, &f), STATUS_OK);
        ledger_receipt_to_text(&r, &p, again);
        assert_string_equal(text, again);
        for (size_t cut = 0; cut < strlen(again); cut++) { /* every beginning of it is refused */
            char saved = again[cut];
            again[cut] = '\0';
            assert_int_equal(ledger_receipt_from_text(again, &r, &p, &f), STATUS_INVALID_ARGUMENT);
            again[cut] = saved;
        }
        size_t end = strlen(again);
        memcpy(again + end, " ", 2);
        assert_int_equal(ledger_receipt_from_text(again, &r, &p, &f), STATUS_INVALID_ARGUMENT);
    }
}

static void
a_restore_is_signed_whole(void **state)
{
    (void)state;
    struct ledger_restore r = {.tenant = "sample",
                               .number = 2,
                               .size = 40,
                               .head_time_ms = 5,
                               .time_ms = 6,
                               .reason = "样例：磁盘损坏"};
    ledger_restore_sign(&r, &key);
    struct fault f = {0};
    assert_int_equal(ledger_restore_verify(&r, &key.public, &f), STATUS_OK);
    for (int what = 0; what < 8; what++) {
        struct ledger_restore x = r;
        switch (what) {
        case 0:
            x.tenant[0]++;
            break;
        case 1:
            x.number++;
            break;
        case 2:
            x.size++;
            break;
        case 3:
            x.root.bytes[0]++;
            break;
        case 4:
            x.head_time_ms++;
            break;
        case 5:
            x.time_ms++;
            break;
        case 6:
            x.reason[0]++;
            break;
        default:
            x.signature[0]++;
            break;
        }
        assert_int_equal(ledger_restore_verify(&x, &key.public, &f), STATUS_DATA_LOSS);
        assert_string_equal(f.reason, "RESTORE_SIGNATURE_BAD");
    }
    r.key_id[0] = r.key_id[0] == 'a' ? 'b' : 'a';
    assert_int_equal(ledger_restore_verify(&r, &key.public, &f), STATUS_DATA_LOSS);
    assert_string_equal(f.reason, "RESTORE_OTHER_KEY");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_place_verifies),      cmocka_unit_test(the_tree_is_the_rfcs),
        cmocka_unit_test(nothing_altered_verifies),  cmocka_unit_test(text_goes_there_and_back),
        cmocka_unit_test(a_restore_is_signed_whole),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
