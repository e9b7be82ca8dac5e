/* clang-format off */
/* The audit export: one tenant's log as a text file that can be checked offline, years later, with
 * SHA-256, Ed25519, base64 and this description alone.
 *
 * Lines end with LF; fields are parted by one blank; hashes are lower-case hex, bodies and
 * signatures standard base64 with padding (an empty body is "="); numbers plain decimal. In order:
 *
 *   rectify-audit-export 1 exported_ms=N public_key=BASE64 HEAD
 *                          HEAD is the text form of the signed head (head.h)
 *   # …                    the description, exactly LEDGER_EXPORT_ABOUT
 *   L SEQ EVENT HASH BODY  a sealed leaf. SEQ counts 1, 2, 3 … (RFC 6962 leaf index + 1).
 *                          HASH = SHA-256(0x00 || BODY's bytes). BODY contains EVENT, as text or as
 *                          the 16 bytes of the UUID, so that the label cannot be exchanged
 *   H HEAD                 may follow leaf SIZE: an earlier signed head of the same key. Narrows
 *                          down where a consistent forgery begins
 *   T N EVENT RECORDED_MS HASH BODY
 *                          the unsealed tail: recorded, not yet under a signature. N counts from 1;
 *                          at most LIMIT_UNSEALED_MS older than exported_ms
 *   E TAILS HEAD           the end: how many T lines, and the head of the first line again
 *
 * What it proves: with a pinned public key, that the L lines are what the server sealed, all and in
 * order. Without a pin: only that the file is consistent in itself. T lines and the two claimed
 * times (exported_ms, RECORDED_MS) prove nothing yet.
 * Any thread.
 */
/* clang-format on */
#ifndef PROTO_LEDGER_EXPORT_H
#define PROTO_LEDGER_EXPORT_H

#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "proto/ledger/merkle.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

extern const char LEDGER_EXPORT_ABOUT[]; /* the "#" lines, each with its LF */

enum { LEDGER_EVENT_SIZE = 65 }; /* event id and NUL: letters, digits, . _ - */

/* One record, borrowed by the call it is given to. */
struct ledger_leaf {
    uint64_t seq; /* sealed: from 1; unsealed: ignored, the writer counts */
    const char *event_id;
    int64_t recorded_ms;     /* used for unsealed ones only */
    struct merkle_hash hash; /* as stored, not as computed: an export shows what the store holds */
    const void *body;
    size_t body_size; /* at most LIMIT_LEDGER_BODY_BYTES */
};

/* ---- writing ---- */

/* Takes n bytes; a status other than OK stops the export and is handed on. */
struct ledger_sink {
    enum status (*write)(void *user, const void *data, size_t n);
    void *user;
};

/* Order of calls: init, begin, (leaf | head)*, tail*, end, release. A call out of order asserts.
 * The writer copies nothing it is not told and repairs nothing: gaps and wrong hashes of the store
 * go into the file, for the verifier to name. */
struct ledger_export_writer {
    struct ledger_sink sink;
    struct ledger_head head;
    struct ledger_public key;
    char *buffer; /* one encoded body */
    size_t capacity;
    uint64_t tails;
    int stage;
};

void ledger_export_init(struct ledger_export_writer *w, struct ledger_sink sink);

/* Frees. Accepts a zeroed or released writer. */
void ledger_export_release(struct ledger_export_writer *w);

/* The first line. head must be signed by key (HEAD_* faults otherwise). */
MUST_CHECK enum status ledger_export_begin(struct ledger_export_writer *w,
                                           const struct ledger_head *head,
                                           const struct ledger_public *key, int64_t exported_ms,
                                           struct fault *fault);

/* A sealed leaf; an earlier head (INVALID_ARGUMENT HEAD_OTHER_KEY when of another key: leave such
 * heads out); an unsealed record. INVALID_ARGUMENT LEAF_MALFORMED; what the sink returns. */
MUST_CHECK enum status ledger_export_leaf(struct ledger_export_writer *w,
                                          const struct ledger_leaf *leaf, struct fault *fault);
MUST_CHECK enum status ledger_export_head(struct ledger_export_writer *w,
                                          const struct ledger_head *head, struct fault *fault);
MUST_CHECK enum status ledger_export_tail(struct ledger_export_writer *w,
                                          const struct ledger_leaf *leaf, struct fault *fault);

/* The last line. The caller flushes and syncs its sink. */
MUST_CHECK enum status ledger_export_end(struct ledger_export_writer *w, struct fault *fault);

/* A sink over a FILE (UNAVAILABLE when fwrite fails). The FILE stays the caller's. */
struct ledger_sink ledger_sink_file(FILE *file);

/* ---- verifying ---- */

/* Gives up to capacity bytes; *ret_n 0 is the end. A status other than OK stops and is handed on.
 */
struct ledger_reader {
    enum status (*read)(void *user, void *buf, size_t capacity, size_t *ret_n);
    void *user;
};

struct ledger_reader ledger_reader_file(FILE *file);

/* A head somebody kept from before (a receipt, an earlier export). */
struct ledger_saved_head {
    uint64_t size;
    struct merkle_hash root;
};

/* All optional; a zeroed struct checks the file against itself only. */
struct ledger_verify_options {
    const struct ledger_public *trusted; /* the pinned key; NULL: none */
    const char *tenant;                  /* the expected tenant; NULL: any */
    const struct ledger_saved_head *saved;
    size_t saved_count;
    int64_t tail_max_ms; /* 0: LIMIT_UNSEALED_MS */
};

/* What was found. fault.code is OK and fault.reason empty when everything holds; else reason is one
 * of the codes below. fault.message is Chinese, whole sentences, for people, in both cases.
 *   NOT_AN_EXPORT · LINE_ENDINGS_CHANGED · VERSION_UNKNOWN · HEADER_MALFORMED · TENANT_MISMATCH
 *   OTHER_KEY (not the pinned one) · KEY_ID_MISMATCH · HEAD_SIGNATURE_BAD
 *   MALFORMED_LINE · LINE_TOO_LONG · BAD_BASE64
 *   LEAF_ALTERED (body and hash disagree) · EVENT_ID_MISMATCH · DUPLICATE_LEAF
 *   LEAVES_OUT_OF_ORDER · LEAF_MISSING · EXTRA_LEAF · TRUNCATED · TRAILING_DATA
 *   HEAD_MISMATCH (an H line; first_seq..last_seq holds the change) · ROOT_MISMATCH · END_MISMATCH
 *   HISTORY_SHORTER (rolled back behind a saved head) · HISTORY_REWRITTEN (forked before it)
 *   TAIL_ALTERED · TAIL_TOO_OLD · READ_FAILED
 */
struct ledger_verify_report {
    struct fault fault;
    bool has_head;     /* head and key were read from the first line */
    bool pinned;       /* the key is the trusted one */
    bool has_leaf;     /* leaf_seq and event_id name the first bad record */
    bool has_range;    /* the change lies within first_seq..last_seq */
    uint64_t line;     /* where; 0: nowhere in particular */
    uint64_t leaf_seq; /* (of a T line: its N) */
    uint64_t first_seq;
    uint64_t last_seq;
    const char *differs; /* LEAF_ALTERED: "body" or "hash" is what was changed, when the root tells;
                            else "". Static text */
    uint64_t leaves;     /* sealed leaves read */
    uint64_t bad_leaves; /* whose body, hash or label is wrong */
    uint64_t heads;      /* H lines that held */
    uint64_t tails;      /* unsealed records read */
    int64_t exported_ms;
    size_t saved_checked; /* saved heads that held */
    struct ledger_head head;
    struct merkle_hash root; /* computed over the leaves read */
    struct ledger_public key;
    char event_id[LEDGER_EVENT_SIZE]; /* as the line states it; may be "" */
};

/* Reads an export to its end and checks everything above in constant memory (one line). OK, or
 * DATA_LOSS when the file does not hold, or what the reader returned (READ_FAILED). The report is
 * filled in every case. Blocks in the reader. */
MUST_CHECK enum status ledger_export_verify(struct ledger_reader reader,
                                            const struct ledger_verify_options *options,
                                            struct ledger_verify_report *report);

#endif
