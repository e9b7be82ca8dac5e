#include "server/handler/log_proof.h"

#include "server/store/columns.h"
#include "server/store/log.h"

#include <string.h>

static bool
add_range(struct proofs *p, struct arena *a, struct merkle_range range)
{
    struct merkle_piece pieces[64];
    struct merkle_range tail;
    size_t count = merkle_range_split(range, LOG_NODE_LEVEL, pieces, &tail);
    struct proof_range *r = arena_grow(a, (void **)&p->ranges, p->count, &p->capacity, sizeof *r);
    struct merkle_frontier *leaves = arena_alloc(a, sizeof *leaves);
    if (r == NULL || leaves == NULL) {
        return false;
    }
    *r = (struct proof_range){
        .first_piece = p->piece_count, .piece_count = count, .tail = tail, .leaves = leaves};
    p->count++;
    for (size_t i = 0; i < count; i++) {
        struct proof_piece *piece =
            arena_grow(a, (void **)&p->pieces, p->piece_count, &p->piece_capacity, sizeof *piece);
        if (piece == NULL) {
            return false;
        }
        *piece = (struct proof_piece){.at = pieces[i]};
        p->piece_count++;
    }
    return true;
}

bool
proofs_add(struct proofs *p, struct arena *a, const struct merkle_plan *plan)
{
    bool good = true;
    for (size_t i = 0; good && i < plan->count; i++) {
        good = add_range(p, a, plan->ranges[i]);
    }
    return good;
}

static enum status
take_node(void *ctx, size_t place, const unsigned char *hash)
{
    struct proofs *p = ctx;
    if (place >= p->piece_count) {
        return STATUS_INTERNAL;
    }
    memcpy(p->pieces[place].hash.bytes, hash, MERKLE_HASH_BYTES);
    p->pieces[place].read = true;
    return STATUS_OK;
}

static enum status
take_leaf(void *ctx, size_t place, const unsigned char *hash)
{
    struct proofs *p = ctx;
    struct merkle_hash leaf;
    if (place >= p->count) {
        return STATUS_INTERNAL;
    }
    memcpy(leaf.bytes, hash, sizeof leaf.bytes);
    merkle_frontier_append(p->ranges[place].leaves, &leaf);
    return STATUS_OK;
}

static enum status
queue_nodes(struct proofs *p, struct arena *a, struct db_queue *q, int tenant)
{
    struct column levels = {0};
    struct column numbers = {0};
    for (size_t i = 0; i < p->piece_count; i++) {
        if (!column_int(&levels, a, p->pieces[i].at.level) ||
            !column_int(&numbers, a, (int64_t)p->pieces[i].at.index)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    p->nodes = (struct audit_hashes){.take = take_node, .ctx = p};
    return audit_queue_nodes(q, tenant, column_literal(&levels, a), column_literal(&numbers, a),
                             &p->nodes);
}

static enum status
queue_leaves(struct proofs *p, struct arena *a, struct db_queue *q, int tenant)
{
    struct column lows = {0};
    struct column highs = {0};
    for (size_t i = 0; i < p->count; i++) {
        if (!column_int(&lows, a, (int64_t)p->ranges[i].tail.low) ||
            !column_int(&highs, a, (int64_t)p->ranges[i].tail.high)) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    p->leaves = (struct audit_hashes){.take = take_leaf, .ctx = p};
    return audit_queue_leaf_hashes(q, tenant, column_literal(&lows, a), column_literal(&highs, a),
                                   &p->leaves);
}

enum status
proofs_queue(struct proofs *p, struct arena *a, struct db_queue *q, int tenant)
{
    if (p->count == 0) {
        return STATUS_OK;
    }
    enum status s = queue_nodes(p, a, q, tenant);
    return s == STATUS_OK ? queue_leaves(p, a, q, tenant) : s;
}

/* Folded from the right, as the tree is. */
static bool
range_root(const struct proofs *p, const struct proof_range *r, struct merkle_hash *ret_root)
{
    struct merkle_hash root;
    uint64_t leaves = r->tail.high - r->tail.low;
    size_t left = r->piece_count;
    if (r->leaves->size != leaves || (leaves == 0 && left == 0)) {
        return false;
    }
    if (leaves > 0) {
        merkle_frontier_root(r->leaves, &root);
    } else {
        left--;
        root = p->pieces[r->first_piece + left].hash;
    }
    for (size_t i = 0; i < r->piece_count; i++) {
        if (!p->pieces[r->first_piece + i].read) {
            return false;
        }
    }
    while (left-- > 0) {
        merkle_node_hash(&p->pieces[r->first_piece + left].hash, &root, &root);
    }
    *ret_root = root;
    return true;
}

bool
proofs_get(const struct proofs *p, size_t first, size_t count, struct merkle_proof *ret_proof)
{
    struct merkle_proof proof = {.count = count};
    for (size_t i = 0; i < count; i++) {
        if (!range_root(p, &p->ranges[first + i], &proof.hashes[i])) {
            return false;
        }
    }
    *ret_proof = proof;
    return true;
}
