/* RFC 6962 trees: the published roots, the RFC's own proof examples, and every size up to 70. */
#include "proto/ledger/merkle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SIZES = 70 };

static const struct {
    const char *bytes;
    size_t size;
    const char *root; /* of the tree that ends with this input */
} known[8] = {
    {"", 0, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    {"\x00", 1, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
    {"\x10", 1, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
    {"\x20\x21", 2, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
    {"\x30\x31", 2, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
    {"\x40\x41\x42\x43", 4, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
    {"\x50\x51\x52\x53\x54\x55\x56\x57", 8,
     "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
    {"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16,
     "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void
assert_hash_hex(const struct merkle_hash *hash, const char *hex)
{
    char text[2 * MERKLE_HASH_BYTES + 1];
    for (size_t i = 0; i < MERKLE_HASH_BYTES; i++) {
        snprintf(text + 2 * i, 3, "%02x", hash->bytes[i]);
    }
    assert_string_equal(text, hex);
}

/* The definition of section 2.1, bottom up: pairs joined, an odd one carried over. */
static struct merkle_hash
reference_root(const struct merkle_hash *leaves, size_t low, size_t high)
{
    struct merkle_hash row[SIZES];
    size_t n = high - low;
    assert_true(n > 0 && n <= SIZES);
    memcpy(row, leaves + low, n * sizeof row[0]);
    while (n > 1) {
        size_t out = 0;
        for (size_t i = 0; i < n; i += 2) {
            if (i + 1 < n) {
                merkle_node_hash(&row[i], &row[i + 1], &row[out++]);
            } else {
                row[out++] = row[i];
            }
        }
        n = out;
    }
    return row[0];
}

static struct merkle_hash leaves[SIZES];
static struct merkle_hash roots[SIZES + 1];

static int
make_tree(void **state)
{
    (void)state;
    struct merkle_frontier f = {0};
    merkle_frontier_root(&f, &roots[0]);
    for (size_t i = 0; i < SIZES; i++) {
        unsigned char body[3] = {'x', (unsigned char)i, (unsigned char)(i * 7)};
        merkle_leaf_hash(body, sizeof body, &leaves[i]);
        merkle_frontier_append(&f, &leaves[i]);
        merkle_frontier_root(&f, &roots[i + 1]);
    }
    return 0;
}

static void
roots_are_those_of_the_public_vectors(void **state)
{
    (void)state;
    struct merkle_frontier f = {0};
    struct merkle_hash hash;
    merkle_frontier_root(&f, &hash);
    assert_hash_hex(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    for (size_t i = 0; i < 8; i++) {
        merkle_leaf_hash(known[i].bytes, known[i].size, &hash);
        merkle_frontier_append(&f, &hash);
        merkle_frontier_root(&f, &hash);
        assert_hash_hex(&hash, known[i].root);
    }
    assert_int_equal(f.size, 8);
}

static void
leaf_and_node_prefixes_differ(void **state)
{
    (void)state;
    unsigned char joined[2 * MERKLE_HASH_BYTES];
    struct merkle_hash as_leaf;
    struct merkle_hash as_node;
    memcpy(joined, leaves[0].bytes, MERKLE_HASH_BYTES);
    memcpy(joined + MERKLE_HASH_BYTES, leaves[1].bytes, MERKLE_HASH_BYTES);
    merkle_leaf_hash(joined, sizeof joined, &as_leaf);
    merkle_node_hash(&leaves[0], &leaves[1], &as_node);
    assert_false(merkle_hash_equal(&as_leaf, &as_node));
}

static void
frontier_agrees_with_the_definition(void **state)
{
    (void)state;
    for (size_t n = 1; n <= SIZES; n++) {
        struct merkle_hash want = reference_root(leaves, 0, n);
        assert_true(merkle_hash_equal(&roots[n], &want));
    }
}

static void
frontier_survives_being_stored(void **state)
{
    (void)state;
    struct merkle_frontier f = {0};
    for (size_t n = 0; n < SIZES; n++) {
        unsigned char bytes[MERKLE_FRONTIER_BYTES_MAX + 1];
        size_t length = merkle_frontier_encode(&f, bytes);
        struct merkle_frontier back;
        struct merkle_hash root;
        assert_int_equal(length, 8 + 32 * (size_t)__builtin_popcountll(n));
        assert_int_equal(merkle_frontier_decode(bytes, length, &back), STATUS_OK);
        merkle_frontier_root(&back, &root);
        assert_true(merkle_hash_equal(&root, &roots[n]));
        merkle_frontier_append(&back, &leaves[n]);
        merkle_frontier_root(&back, &root);
        assert_true(merkle_hash_equal(&root, &roots[n + 1]));
        bytes[length] = 0;
        assert_int_equal(merkle_frontier_decode(bytes, length + 1, &back), STATUS_DATA_LOSS);
        assert_int_equal(merkle_frontier_decode(bytes, length - 1, &back), STATUS_DATA_LOSS);
        bytes[0] = 0x80;
        assert_int_equal(merkle_frontier_decode(bytes, length, &back), STATUS_DATA_LOSS);
        merkle_frontier_append(&f, &leaves[n]);
    }
}

static struct merkle_proof
inclusion(uint64_t index, uint64_t size)
{
    struct merkle_source source = merkle_source_array(leaves, size);
    struct merkle_proof p;
    assert_int_equal(merkle_inclusion_prove(&source, index, &p), STATUS_OK);
    return p;
}

static struct merkle_proof
consistency(uint64_t old_size, uint64_t size)
{
    struct merkle_source source = merkle_source_array(leaves, size);
    struct merkle_proof p;
    assert_int_equal(merkle_consistency_prove(&source, old_size, &p), STATUS_OK);
    return p;
}

struct range {
    size_t low;
    size_t high;
};

static void
assert_proof(const struct merkle_proof *p, size_t count, const struct range *ranges)
{
    assert_int_equal(p->count, count);
    for (size_t i = 0; i < count; i++) {
        struct merkle_hash want = reference_root(leaves, ranges[i].low, ranges[i].high);
        assert_true(merkle_hash_equal(&p->hashes[i], &want));
    }
}

/* Section 2.1.3: the tree of seven leaves. */
static void
proofs_are_those_of_the_rfc_example(void **state)
{
    (void)state;
    struct merkle_proof p = inclusion(0, 7);
    assert_proof(&p, 3, (struct range[]){{1, 2}, {2, 4}, {4, 7}}); /* b h l */
    p = inclusion(3, 7);
    assert_proof(&p, 3, (struct range[]){{2, 3}, {0, 2}, {4, 7}}); /* c g l */
    p = inclusion(4, 7);
    assert_proof(&p, 3, (struct range[]){{5, 6}, {6, 7}, {0, 4}}); /* f j k */
    p = inclusion(6, 7);
    assert_proof(&p, 2, (struct range[]){{4, 6}, {0, 4}}); /* i k */
    p = consistency(3, 7);
    assert_proof(&p, 4, (struct range[]){{2, 3}, {3, 4}, {0, 2}, {4, 7}}); /* c d g l */
    p = consistency(4, 7);
    assert_proof(&p, 1, (struct range[]){{4, 7}}); /* l */
    p = consistency(6, 7);
    assert_proof(&p, 3, (struct range[]){{4, 6}, {6, 7}, {0, 4}}); /* i j k */
}

/* Anything changed about a good inclusion proof must be refused. */
static void
refuse_bad_inclusions(uint64_t index, uint64_t size, const struct merkle_proof *good)
{
    const struct merkle_hash *leaf = &leaves[index];
    const struct merkle_hash *root = &roots[size];
    struct merkle_proof bad;
    for (size_t i = 0; i < good->count; i++) {
        bad = *good;
        bad.hashes[i].bytes[i % 32] ^= 1;
        assert_false(merkle_inclusion_verify(leaf, index, size, &bad, root));
    }
    bad = *good;
    bad.hashes[bad.count++] = leaves[0];
    assert_false(merkle_inclusion_verify(leaf, index, size, &bad, root));
    if (good->count > 0) {
        bad = *good;
        bad.count--;
        assert_false(merkle_inclusion_verify(leaf, index, size, &bad, root));
    }
    for (uint64_t other = 0; other < size; other++) {
        if (other != index) {
            assert_false(merkle_inclusion_verify(leaf, other, size, good, root));
            assert_false(merkle_inclusion_verify(&leaves[other], index, size, good, root));
        }
    }
    assert_false(merkle_inclusion_verify(leaf, size, size, good, root));
    assert_false(merkle_inclusion_verify(leaf, index, size, good, &roots[size - 1]));
    bad = *good;
    bad.count = MERKLE_PROOF_MAX + 1;
    assert_false(merkle_inclusion_verify(leaf, index, size, &bad, root));
}

static void
every_inclusion_proof_holds_and_no_other(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t index = 0; index < size; index++) {
            struct merkle_proof p = inclusion(index, size);
            assert_true(merkle_inclusion_verify(&leaves[index], index, size, &p, &roots[size]));
            refuse_bad_inclusions(index, size, &p);
        }
    }
}

static void
refuse_bad_consistencies(uint64_t old, uint64_t size, const struct merkle_proof *good)
{
    struct merkle_proof bad;
    for (size_t i = 0; i < good->count; i++) {
        bad = *good;
        bad.hashes[i].bytes[i % 32] ^= 0x80;
        assert_false(merkle_consistency_verify(old, &roots[old], size, &roots[size], &bad));
    }
    bad = *good;
    bad.hashes[bad.count++] = leaves[0];
    assert_false(merkle_consistency_verify(old, &roots[old], size, &roots[size], &bad));
    if (good->count > 0) {
        bad = *good;
        bad.count--;
        assert_false(merkle_consistency_verify(old, &roots[old], size, &roots[size], &bad));
    }
    assert_false(merkle_consistency_verify(old, &leaves[1], size, &roots[size], good));
    if (old != 0) { /* everything is consistent with the empty tree */
        assert_false(merkle_consistency_verify(old, &roots[old], size, &leaves[1], good));
    }
    if (size == 1) { /* an empty new tree has one root only */
        assert_false(merkle_consistency_verify(0, &roots[0], 0, &roots[1], good));
    }
    if (old < size) {
        assert_false(merkle_consistency_verify(size, &roots[size], old, &roots[old], good));
    }
}

static void
every_consistency_proof_holds_and_no_other(void **state)
{
    (void)state;
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t old = 0; old <= size; old++) {
            struct merkle_proof p = consistency(old, size);
            assert_true(merkle_consistency_verify(old, &roots[old], size, &roots[size], &p));
            refuse_bad_consistencies(old, size, &p);
        }
    }
}

/* A log whose past was rewritten has no proof from the old root, whatever is tried. */
static void
a_rewritten_past_is_not_consistent(void **state)
{
    (void)state;
    struct merkle_hash forged[SIZES];
    memcpy(forged, leaves, sizeof forged);
    forged[5].bytes[0] ^= 1;
    for (uint64_t size = 7; size <= SIZES; size++) {
        struct merkle_source source = merkle_source_array(forged, size);
        struct merkle_hash root = reference_root(forged, 0, size);
        struct merkle_proof p;
        assert_int_equal(merkle_consistency_prove(&source, 6, &p), STATUS_OK);
        assert_false(merkle_consistency_verify(6, &roots[6], size, &root, &p));
    }
}

/* Plans cover what the proofs do, and split into subtrees that appending has told of. */
static void
plans_split_into_completed_subtrees(void **state)
{
    (void)state;
    enum { LEVEL = 2 };
    static struct merkle_hash made[8][SIZES];
    static bool done[8][SIZES];
    struct merkle_frontier f = {0};
    for (uint64_t i = 0; i < SIZES; i++) {
        struct merkle_hash nodes[64];
        size_t levels = merkle_frontier_append_made(&f, &leaves[i], nodes);
        for (size_t level = 0; level < levels; level++) {
            made[level][i >> level] = nodes[level];
            done[level][i >> level] = true;
        }
    }
    for (uint64_t size = 1; size <= SIZES; size++) {
        for (uint64_t old = 0; old <= size; old++) {
            struct merkle_plan plan;
            struct merkle_proof p = consistency(old, size);
            assert_int_equal(merkle_consistency_plan(size, old, &plan), STATUS_OK);
            assert_int_equal(plan.count, p.count);
            for (size_t i = 0; i < plan.count; i++) {
                struct merkle_piece pieces[64];
                struct merkle_range tail;
                size_t n = merkle_range_split(plan.ranges[i], LEVEL, pieces, &tail);
                uint64_t at = plan.ranges[i].low;
                for (size_t k = 0; k < n; k++) {
                    assert_true(pieces[k].level >= LEVEL);
                    assert_int_equal(pieces[k].index << pieces[k].level, at);
                    assert_true(done[pieces[k].level][pieces[k].index]);
                    at += UINT64_C(1) << pieces[k].level;
                }
                assert_int_equal(tail.low, at);
                assert_int_equal(tail.high, plan.ranges[i].high);
                assert_true(tail.high - tail.low < 1U << LEVEL);
                if (n == 1 && tail.low == tail.high) { /* the root of the range itself */
                    assert_true(
                        merkle_hash_equal(&made[pieces[0].level][pieces[0].index], &p.hashes[i]));
                }
            }
        }
    }
}

static enum status
read_fails(void *user, uint64_t index, struct merkle_hash *ret_hash)
{
    (void)user;
    *ret_hash = leaves[index];
    return index == 3 ? STATUS_UNAVAILABLE : STATUS_OK;
}

static void
faults_are_handed_on(void **state)
{
    (void)state;
    struct merkle_source source = merkle_source_array(leaves, 7);
    struct merkle_proof p = {.count = 99};
    assert_int_equal(merkle_inclusion_prove(&source, 7, &p), STATUS_OUT_OF_RANGE);
    assert_int_equal(merkle_consistency_prove(&source, 8, &p), STATUS_OUT_OF_RANGE);
    source.read = read_fails;
    assert_int_equal(merkle_inclusion_prove(&source, 6, &p), STATUS_UNAVAILABLE);
    assert_int_equal(merkle_consistency_prove(&source, 4, &p), STATUS_OK);
    p.count = 99;
    assert_int_equal(merkle_consistency_prove(&source, 3, &p), STATUS_UNAVAILABLE);
    assert_int_equal(p.count, 99); /* untouched */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_those_of_the_public_vectors),
        cmocka_unit_test(leaf_and_node_prefixes_differ),
        cmocka_unit_test(frontier_agrees_with_the_definition),
        cmocka_unit_test(frontier_survives_being_stored),
        cmocka_unit_test(proofs_are_those_of_the_rfc_example),
        cmocka_unit_test(every_inclusion_proof_holds_and_no_other),
        cmocka_unit_test(every_consistency_proof_holds_and_no_other),
        cmocka_unit_test(a_rewritten_past_is_not_consistent),
        cmocka_unit_test(plans_split_into_completed_subtrees),
        cmocka_unit_test(faults_are_handed_on),
    };
    return cmocka_run_group_tests(tests, make_tree, NULL);
}
