/* Merkle tree hashing of RFC 6962 section 2.1 with SHA-256, and its proofs.
 *
 * leaf hash = SHA-256(0x00 || body); node hash = SHA-256(0x01 || left || right); the empty tree is
 * SHA-256 of nothing. Everything here is pure: no allocation but on the stack, no input or output,
 * no recursion, callable from any thread. Sizes stop at MERKLE_SIZE_MAX (a signed 64-bit column).
 */
#ifndef PROTO_LEDGER_MERKLE_H
#define PROTO_LEDGER_MERKLE_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MERKLE_HASH_BYTES = 32,
    MERKLE_PROOF_MAX = 64,                  /* hashes in one proof */
    MERKLE_FRONTIER_BYTES_MAX = 8 + 64 * 32 /* of merkle_frontier_encode */
};
#define MERKLE_SIZE_MAX ((uint64_t)INT64_MAX)

struct merkle_hash {
    unsigned char bytes[MERKLE_HASH_BYTES];
};

/* The right edge of a growing tree ("compact range"): all that is needed to append and to compute
 * the root. nodes[i] is the root of a full subtree of 2^i leaves, valid where bit i of size is set.
 * A zeroed frontier is the empty tree. */
struct merkle_frontier {
    uint64_t size;
    struct merkle_hash nodes[64];
};

/* Up to MERKLE_PROOF_MAX hashes in the order of RFC 6962 (from the leaf upwards). */
struct merkle_proof {
    size_t count;
    struct merkle_hash hashes[MERKLE_PROOF_MAX];
};

/* Leaves from index low up to, without, high. */
struct merkle_range {
    uint64_t low;
    uint64_t high;
};

/* A proof before its hashes are known: the root of each range is one hash of the proof, in order.
 * Every range begins where the RFC's splitting begins one, so merkle_range_split takes it. */
struct merkle_plan {
    size_t count;
    struct merkle_range ranges[MERKLE_PROOF_MAX];
};

/* A full subtree: the 2^level leaves from index << level on. */
struct merkle_piece {
    unsigned level;
    uint64_t index;
};

/* Where proofs are made from: read gives the leaf hash at an index below size. It may block and
 * fail; its status is handed on. */
struct merkle_source {
    enum status (*read)(void *user, uint64_t index, struct merkle_hash *ret_hash);
    void *user;
    uint64_t size;
};

/* SHA-256(0x00 || body). body may be NULL when size is 0. */
void merkle_leaf_hash(const void *body, size_t size, struct merkle_hash *ret_hash);

/* SHA-256(0x01 || left || right). ret_hash may be one of the two. */
void merkle_node_hash(const struct merkle_hash *left, const struct merkle_hash *right,
                      struct merkle_hash *ret_hash);

bool merkle_hash_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* Appends one leaf hash. Asserts that size < MERKLE_SIZE_MAX. */
void merkle_frontier_append(struct merkle_frontier *f, const struct merkle_hash *leaf);

/* The same, and tells which full subtrees the leaf has completed: ret_made[i] is the root of the
 * one of 2^i leaves that ends with it, for i below the count returned. */
size_t merkle_frontier_append_made(struct merkle_frontier *f, const struct merkle_hash *leaf,
                                   struct merkle_hash ret_made[64]);

/* The root of the tree so far; of the empty tree SHA-256(""). */
void merkle_frontier_root(const struct merkle_frontier *f, struct merkle_hash *ret_root);

/* Bytes to keep in a row: be64 size, then the valid nodes from the largest subtree to the smallest.
 * Returns how many bytes were written. */
size_t merkle_frontier_encode(const struct merkle_frontier *f,
                              unsigned char ret_bytes[MERKLE_FRONTIER_BYTES_MAX]);

/* The reverse. DATA_LOSS when the length does not fit the size it states. */
MUST_CHECK enum status merkle_frontier_decode(const unsigned char *bytes, size_t length,
                                              struct merkle_frontier *ret_frontier);

/* A source over an array of leaf hashes; the array must outlive it. */
struct merkle_source merkle_source_array(const struct merkle_hash *leaves, uint64_t size);

/* What PATH(index, D[size]) and PROOF(old_size, D[size]) are made of. OUT_OF_RANGE as below. For
 * those who keep inner nodes: the other two read leaves. */
MUST_CHECK enum status merkle_inclusion_plan(uint64_t size, uint64_t index,
                                             struct merkle_plan *ret_plan);
MUST_CHECK enum status merkle_consistency_plan(uint64_t size, uint64_t old_size,
                                               struct merkle_plan *ret_plan);

/* The full subtrees of at least 2^min_level leaves a range of a plan begins with, largest first;
 * *ret_tail is what is left behind them, fewer than 2^min_level leaves. Returns how many. */
size_t merkle_range_split(struct merkle_range range, unsigned min_level,
                          struct merkle_piece ret_pieces[64], struct merkle_range *ret_tail);

/* PATH(index, D[source.size]) of section 2.1.1. OUT_OF_RANGE when index >= size; otherwise what
 * read returns. Reads every leaf but one, once. */
MUST_CHECK enum status merkle_inclusion_prove(const struct merkle_source *source, uint64_t index,
                                              struct merkle_proof *ret_proof);

/* True when proof leads from leaf at index to root in a tree of size leaves. */
bool merkle_inclusion_verify(const struct merkle_hash *leaf, uint64_t index, uint64_t size,
                             const struct merkle_proof *proof, const struct merkle_hash *root);

/* PROOF(old_size, D[source.size]) of section 2.1.2; empty for old_size 0 and for equal sizes.
 * OUT_OF_RANGE when old_size > size. */
MUST_CHECK enum status merkle_consistency_prove(const struct merkle_source *source,
                                                uint64_t old_size, struct merkle_proof *ret_proof);

/* True when the tree (new_size, new_root) begins with the leaves of (old_size, old_root). Old size
 * 0 is consistent with everything, provided old_root is the empty root and the proof is empty. */
bool merkle_consistency_verify(uint64_t old_size, const struct merkle_hash *old_root,
                               uint64_t new_size, const struct merkle_hash *new_root,
                               const struct merkle_proof *proof);

#endif
