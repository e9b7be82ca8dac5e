#include "proto/ledger/merkle.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

_Static_assert(MERKLE_HASH_BYTES == crypto_hash_sha256_BYTES, "the tree is SHA-256");

void
merkle_leaf_hash(const void *body, size_t size, struct merkle_hash *ret_hash)
{
    static const unsigned char prefix = 0x00;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, &prefix, 1);
    if (size != 0) {
        crypto_hash_sha256_update(&state, body, size);
    }
    crypto_hash_sha256_final(&state, ret_hash->bytes);
}

void
merkle_node_hash(const struct merkle_hash *left, const struct merkle_hash *right,
                 struct merkle_hash *ret_hash)
{
    unsigned char joined[1 + 2 * MERKLE_HASH_BYTES];
    joined[0] = 0x01;
    memcpy(joined + 1, left->bytes, MERKLE_HASH_BYTES);
    memcpy(joined + 1 + MERKLE_HASH_BYTES, right->bytes, MERKLE_HASH_BYTES);
    crypto_hash_sha256(ret_hash->bytes, joined, sizeof joined);
}

bool
merkle_hash_equal(const struct merkle_hash *a, const struct merkle_hash *b)
{
    return memcmp(a->bytes, b->bytes, MERKLE_HASH_BYTES) == 0;
}

/* ---- frontier ---- */

size_t
merkle_frontier_append_made(struct merkle_frontier *f, const struct merkle_hash *leaf,
                            struct merkle_hash ret_made[64])
{
    assert(f->size < MERKLE_SIZE_MAX);
    /* Adding one to size carries through its trailing ones: each carry joins two equal subtrees. */
    unsigned level = 0;
    ret_made[0] = *leaf;
    for (; ((f->size >> level) & 1U) != 0; level++) {
        merkle_node_hash(&f->nodes[level], &ret_made[level], &ret_made[level + 1]);
    }
    f->nodes[level] = ret_made[level];
    f->size++;
    return level + 1;
}

void
merkle_frontier_append(struct merkle_frontier *f, const struct merkle_hash *leaf)
{
    struct merkle_hash made[64];
    (void)merkle_frontier_append_made(f, leaf, made);
}

void
merkle_frontier_root(const struct merkle_frontier *f, struct merkle_hash *ret_root)
{
    if (f->size == 0) {
        crypto_hash_sha256(ret_root->bytes, NULL, 0);
        return;
    }
    bool begun = false;
    struct merkle_hash root = {{0}};
    for (unsigned level = 0; level < 64; level++) {
        if (((f->size >> level) & 1U) == 0) {
            continue;
        }
        if (begun) {
            merkle_node_hash(&f->nodes[level], &root, &root);
        } else {
            root = f->nodes[level];
            begun = true;
        }
    }
    *ret_root = root;
}

size_t
merkle_frontier_encode(const struct merkle_frontier *f,
                       unsigned char ret_bytes[MERKLE_FRONTIER_BYTES_MAX])
{
    for (unsigned i = 0; i < 8; i++) {
        ret_bytes[i] = (unsigned char)(f->size >> (56 - 8 * i));
    }
    size_t n = 8;
    for (unsigned level = 64; level-- > 0;) {
        if (((f->size >> level) & 1U) != 0) {
            memcpy(ret_bytes + n, f->nodes[level].bytes, MERKLE_HASH_BYTES);
            n += MERKLE_HASH_BYTES;
        }
    }
    return n;
}

enum status
merkle_frontier_decode(const unsigned char *bytes, size_t length,
                       struct merkle_frontier *ret_frontier)
{
    if (length < 8) {
        return STATUS_DATA_LOSS;
    }
    struct merkle_frontier f = {0};
    for (unsigned i = 0; i < 8; i++) {
        f.size = f.size << 8 | bytes[i];
    }
    if (f.size > MERKLE_SIZE_MAX) {
        return STATUS_DATA_LOSS;
    }
    size_t n = 8;
    for (unsigned level = 64; level-- > 0;) {
        if (((f.size >> level) & 1U) == 0) {
            continue;
        }
        if (length - n < MERKLE_HASH_BYTES) {
            return STATUS_DATA_LOSS;
        }
        memcpy(f.nodes[level].bytes, bytes + n, MERKLE_HASH_BYTES);
        n += MERKLE_HASH_BYTES;
    }
    if (n != length) {
        return STATUS_DATA_LOSS;
    }
    *ret_frontier = f;
    return STATUS_OK;
}

/* ---- making proofs ---- */

static enum status
array_read(void *user, uint64_t index, struct merkle_hash *ret_hash)
{
    const struct merkle_hash *leaves = user;
    *ret_hash = leaves[index];
    return STATUS_OK;
}

struct merkle_source
merkle_source_array(const struct merkle_hash *leaves, uint64_t size)
{
    union {
        const void *in;
        void *out;
    } user = {.in = leaves}; /* only array_read sees it, and it reads */
    return (struct merkle_source){.read = array_read, .user = user.out, .size = size};
}

/* MTH(D[low:high]) */
static enum status
range_root(const struct merkle_source *source, uint64_t low, uint64_t high,
           struct merkle_hash *ret_root)
{
    struct merkle_frontier f = {0};
    for (uint64_t i = low; i < high; i++) {
        struct merkle_hash leaf;
        enum status s = source->read(source->user, i, &leaf);
        if (s != STATUS_OK) {
            return s;
        }
        merkle_frontier_append(&f, &leaf);
    }
    merkle_frontier_root(&f, ret_root);
    return STATUS_OK;
}

/* The largest power of two smaller than n (n >= 2). */
static uint64_t
split_point(uint64_t n)
{
    uint64_t k = 1;
    while (k < n - k) {
        k <<= 1;
    }
    return k;
}

static void
plan_add(struct merkle_plan *p, uint64_t low, uint64_t high)
{
    p->ranges[p->count++] = (struct merkle_range){low, high};
}

/* The RFC's recursion walks from the root down; its proofs list what it passed upwards. */
static void
plan_reverse(struct merkle_plan *p)
{
    for (size_t i = 0; i < p->count / 2; i++) {
        struct merkle_range swap = p->ranges[i];
        p->ranges[i] = p->ranges[p->count - 1 - i];
        p->ranges[p->count - 1 - i] = swap;
    }
}

/* One step down, to the half that holds leaf; the other half is passed. */
static void
plan_descend(struct merkle_plan *p, uint64_t leaf, uint64_t *low, uint64_t *high)
{
    uint64_t middle = *low + split_point(*high - *low);
    if (leaf < middle) {
        plan_add(p, middle, *high);
        *high = middle;
    } else {
        plan_add(p, *low, middle);
        *low = middle;
    }
}

enum status
merkle_inclusion_plan(uint64_t size, uint64_t index, struct merkle_plan *ret_plan)
{
    if (index >= size) {
        return STATUS_OUT_OF_RANGE;
    }
    uint64_t low = 0;
    uint64_t high = size;
    ret_plan->count = 0;
    while (high - low > 1) {
        plan_descend(ret_plan, index, &low, &high);
    }
    plan_reverse(ret_plan);
    return STATUS_OK;
}

enum status
merkle_consistency_plan(uint64_t size, uint64_t old_size, struct merkle_plan *ret_plan)
{
    if (old_size > size) {
        return STATUS_OUT_OF_RANGE;
    }
    uint64_t low = 0;
    uint64_t high = size;
    ret_plan->count = 0;
    /* SUBPROOF's loop: old_size lies inside (low, high] until the subtree ends exactly there. */
    while (old_size != 0 && old_size != high) {
        plan_descend(ret_plan, old_size - 1, &low, &high);
    }
    if (old_size != 0 && low != 0) { /* the flag b of the RFC: the verifier lacks this subtree */
        plan_add(ret_plan, low, high);
    }
    plan_reverse(ret_plan);
    return STATUS_OK;
}

size_t
merkle_range_split(struct merkle_range range, unsigned min_level,
                   struct merkle_piece ret_pieces[64], struct merkle_range *ret_tail)
{
    size_t count = 0;
    uint64_t size = range.high - range.low;
    for (unsigned level = 64; level-- > min_level;) {
        if (((size >> level) & 1U) != 0) {
            ret_pieces[count++] = (struct merkle_piece){level, range.low >> level};
            range.low += UINT64_C(1) << level;
        }
    }
    *ret_tail = range;
    return count;
}

static enum status
plan_read(const struct merkle_source *source, const struct merkle_plan *plan,
          struct merkle_proof *ret_proof)
{
    struct merkle_proof p = {.count = plan->count};
    for (size_t i = 0; i < plan->count; i++) {
        enum status s = range_root(source, plan->ranges[i].low, plan->ranges[i].high, &p.hashes[i]);
        if (s != STATUS_OK) {
            return s;
        }
    }
    *ret_proof = p;
    return STATUS_OK;
}

enum status
merkle_inclusion_prove(const struct merkle_source *source, uint64_t index,
                       struct merkle_proof *ret_proof)
{
    struct merkle_plan plan;
    enum status s = merkle_inclusion_plan(source->size, index, &plan);
    return s == STATUS_OK ? plan_read(source, &plan, ret_proof) : s;
}

enum status
merkle_consistency_prove(const struct merkle_source *source, uint64_t old_size,
                         struct merkle_proof *ret_proof)
{
    struct merkle_plan plan;
    enum status s = merkle_consistency_plan(source->size, old_size, &plan);
    return s == STATUS_OK ? plan_read(source, &plan, ret_proof) : s;
}

/* ---- checking proofs (the loops of RFC 9162 sections 2.1.3.2 and 2.1.4.2) ---- */

bool
merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                        const struct merkle_proof *proof, const struct merkle_hash *root)
{
    if (index >= size || proof->count > MERKLE_PROOF_MAX) {
        return false;
    }
    uint64_t fn = index;
    uint64_t sn = size - 1;
    struct merkle_hash r = *leaf;
    for (size_t i = 0; i < proof->count; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1U) != 0 || fn == sn) {
            merkle_node_hash(&proof->hashes[i], &r, &r);
            while ((fn & 1U) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node_hash(&r, &proof->hashes[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_hash_equal(&r, root);
}

static bool
consistency_walk(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
                 const struct merkle_hash *new_root, const struct merkle_proof *proof)
{
    uint64_t fn = old_size - 1;
    uint64_t sn = new_size - 1;
    while ((fn & 1U) != 0) {
        fn >>= 1;
        sn >>= 1;
    }
    /* An old tree that is a full power of two is itself the first node of the path. */
    bool whole = (old_size & (old_size - 1)) == 0;
    size_t next = whole ? 0 : 1;
    struct merkle_hash fr = whole ? *old_root : proof->hashes[0];
    struct merkle_hash sr = fr;
    for (; next < proof->count; next++) {
        const struct merkle_hash *c = &proof->hashes[next];
        if (sn == 0) {
            return false;
        }
        if ((fn & 1U) != 0 || fn == sn) {
            merkle_node_hash(c, &fr, &fr);
            merkle_node_hash(c, &sr, &sr);
            while ((fn & 1U) == 0 && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node_hash(&sr, c, &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && merkle_hash_equal(&fr, old_root) && merkle_hash_equal(&sr, new_root);
}

bool
merkle_consistency_verify(uint64_t old_size, const struct merkle_hash *old_root, uint64_t new_size,
                          const struct merkle_hash *new_root, const struct merkle_proof *proof)
{
    if (old_size > new_size || proof->count > MERKLE_PROOF_MAX) {
        return false;
    }
    if (old_size == 0) {
        struct merkle_frontier empty = {0};
        struct merkle_hash empty_root;
        merkle_frontier_root(&empty, &empty_root);
        return proof->count == 0 && merkle_hash_equal(old_root, &empty_root) &&
               (new_size != 0 || merkle_hash_equal(new_root, &empty_root));
    }
    if (old_size == new_size) {
        return proof->count == 0 && merkle_hash_equal(old_root, new_root);
    }
    if (proof->count == 0) {
        return false;
    }
    return consistency_walk(old_size, old_root, new_size, new_root, proof);
}
