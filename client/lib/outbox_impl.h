/* What the files of the outbox share; nobody else includes it. SQL stands in outbox_store.c alone.
 *
 *     outbox.c         what people and programs ask for: put, list, find, retry, drop, tidy
 *     outbox_file.c    captured files
 *     outbox_walk.c    what a message names: ids, things, versions (pure)
 *     outbox_freeze.c  from the item as put to the request that goes out (rule 4)
 *     outbox_drain.c   sending, and what an answer means
 *     outbox_verdict.c what became of received items
 *     outbox_store.c   the database
 */
#ifndef CLIENT_LIB_OUTBOX_IMPL_H
#define CLIENT_LIB_OUTBOX_IMPL_H

#include "client/lib/local_db.h"
#include "client/lib/outbox.h"
#include "proto/base/limits.h"

/* One item as it goes through memory: packed twice, unpacked, its reply and receipt. */
#define OUTBOX_ARENA_BYTES ((size_t)64 * 1024 * 1024)
#define OUTBOX_DAY_MS ((int64_t)24 * 3600 * 1000)
#define OUTBOX_ARCHIVE_MS (90 * OUTBOX_DAY_MS)
enum { OUTBOX_SHA256_SIZE = 65, OUTBOX_ODD_MAX = 5 };

struct rectify_outbox {
    char *folder;
    char *path;  /* of the database */
    char *files; /* folder of captured content */
    struct local_db db;
    uint64_t inode; /* of the file that was opened */
    struct uuid7_source ids;
    unsigned line_failures;   /* drains in a row that ended at the line */
    int64_t refused_since_ms; /* see rectify_refusal_is_the_line */
};

/* An item as the sender sees it. */
struct outbox_work {
    int64_t number;
    int64_t place;
    char key[UUID_TEXT_SIZE];
    enum rectify_item_state state;
    const char *method;
    const char *on_behalf_of;
    bool has_expected_version;
    int64_t expected_version; /* frozen, or as put */
    uint32_t timeout_ms;
    unsigned char *put; /* packed message as put */
    size_t put_size;
    unsigned char *frozen; /* as it goes out; NULL: not frozen yet */
    size_t frozen_size;
    int64_t queued_at_ms;
    uint32_t odd;   /* answers that could not be read, and INTERNAL */
    bool reoffered; /* its files may be gone from the server */
};

/* A captured file. */
struct outbox_capture {
    const char *id; /* stand-in */
    const char *sha256;
    const char *name;
    int64_t size;
    Pb__EvidenceKind kind;
    const char *effective_on;
    const char *evidence_id; /* NULL: not uploaded yet */
};

/* An arena that is empty and big enough for one item. */
void outbox_arena_init(struct arena *a);

/* ---- outbox_walk.c: pure ---- */

/* A place in a message that holds the version of a thing it names. */
struct outbox_slot {
    const char *name;       /* reference or id of the thing */
    const char *by;         /* the field that names it */
    const char *inspection; /* "" : not said */
    int64_t *version;
};

/* A version that a reply speaks of; the thing is named twice where it has both. */
struct outbox_made {
    const char *ref; /* NULL: none */
    const char *id;
    const char *inspection;
    int64_t version;
};

/* Lists of pointers into the message and the arena. RESOURCE_EXHAUSTED MEMORY. */
MUST_CHECK enum status outbox_walk_ids(struct arena *a, ProtobufCMessage *message,
                                       char ****ret_fields, size_t *ret_count, struct fault *f);
MUST_CHECK enum status outbox_walk_things(struct arena *a, ProtobufCMessage *message,
                                          const char ***ret_names, size_t *ret_count,
                                          struct fault *f);
MUST_CHECK enum status outbox_walk_slots(struct arena *a, ProtobufCMessage *message,
                                         int64_t *envelope_version, struct outbox_slot **ret_slots,
                                         size_t *ret_count, struct fault *f);
MUST_CHECK enum status outbox_walk_made(struct arena *a, ProtobufCMessage *reply,
                                        struct outbox_made **ret_made, size_t *ret_count,
                                        struct fault *f);

/* ---- outbox_file.c ---- */

/* Makes the folder of captured files, and with it the state folder. */
MUST_CHECK enum status outbox_files_make(const struct rectify_outbox *outbox, struct fault *f);

/* Path of a content, in the arena; NULL when it is full. */
char *outbox_file_path(struct arena *a, const struct rectify_outbox *outbox, const char *sha256);

/* Removes the content unless some item that may still need it names it. */
MUST_CHECK enum status outbox_file_sweep(struct rectify_outbox *outbox, const char *sha256,
                                         struct fault *f);

/* Removes contents and half copies that nobody names and that are older than a day. */
MUST_CHECK enum status outbox_file_tidy(struct rectify_outbox *outbox, int64_t now_ms,
                                        struct fault *f);

/* ---- outbox_freeze.c ---- */

/* Makes work->frozen (and expected_version) ready to go out, uploading its files first; nothing is
 * stored but ids of uploaded files. Faults of rectify_call and of the disk; NOT_FOUND
 * OUTBOX_FILE_LOST. *ret_disk: the fault is the disk's, not this item's. */
MUST_CHECK enum status outbox_freeze(struct rectify_outbox *outbox, struct arena *a,
                                     struct rectify_channel *channel, struct outbox_work *work,
                                     const struct rectify_drain_options *options, bool *ret_disk,
                                     struct fault *f);

/* ---- outbox_store.c ---- */

MUST_CHECK enum status outbox_store_open(struct rectify_outbox *outbox, struct fault *f);
MUST_CHECK enum status outbox_store_begin(struct rectify_outbox *outbox, struct fault *f);
MUST_CHECK enum status outbox_store_commit(struct rectify_outbox *outbox, struct fault *f);
void outbox_store_rollback(struct rectify_outbox *outbox);

/* Files. find: NOT_FOUND without fault text when the id is no stand-in. */
MUST_CHECK enum status outbox_store_capture(struct rectify_outbox *outbox,
                                            const struct outbox_capture *file, int64_t now_ms,
                                            struct fault *f);
MUST_CHECK enum status outbox_store_file_known(struct rectify_outbox *outbox, const char *id,
                                               bool *ret_known, struct fault *f);
MUST_CHECK enum status outbox_store_file_bind(struct rectify_outbox *outbox, int64_t number,
                                              const char *id, struct fault *f);
MUST_CHECK enum status outbox_store_files(struct rectify_outbox *outbox, struct arena *a,
                                          int64_t number, struct outbox_capture **ret_files,
                                          size_t *ret_count, struct fault *f);
MUST_CHECK enum status outbox_store_file_sent(struct rectify_outbox *outbox, const char *id,
                                              const char *evidence_id, struct fault *f);
MUST_CHECK enum status outbox_store_files_forget(struct rectify_outbox *outbox, int64_t number,
                                                 struct fault *f);
MUST_CHECK enum status outbox_store_content_named(struct rectify_outbox *outbox, const char *sha256,
                                                  int64_t since_ms, bool *ret_named,
                                                  struct fault *f);

/* Items. */
struct outbox_put {
    const struct rectify_outbox_command *command;
    const char *key;
    const unsigned char *payload;
    size_t payload_size;
    int64_t now_ms;
};
MUST_CHECK enum status outbox_store_put(struct rectify_outbox *outbox, const struct outbox_put *put,
                                        int64_t *ret_number, struct fault *f);
MUST_CHECK enum status outbox_store_thing(struct rectify_outbox *outbox, int64_t number,
                                          const char *name, struct fault *f);
MUST_CHECK enum status outbox_store_item(struct rectify_outbox *outbox, struct arena *a,
                                         int64_t number, struct rectify_item *ret_item,
                                         struct fault *f);
MUST_CHECK enum status outbox_store_number(struct rectify_outbox *outbox, const char *key,
                                           int64_t *ret_number, struct fault *f);
MUST_CHECK enum status outbox_store_list(struct rectify_outbox *outbox, struct arena *a,
                                         const struct rectify_outbox_filter *filter,
                                         struct rectify_item **ret_items, size_t *ret_count,
                                         struct fault *f);
MUST_CHECK enum status outbox_store_counts(struct rectify_outbox *outbox,
                                           struct rectify_outbox_counts *ret_counts,
                                           struct fault *f);
MUST_CHECK enum status outbox_store_request(struct rectify_outbox *outbox, struct arena *a,
                                            int64_t number, struct outbox_work *ret_work,
                                            struct fault *f);

/* The reply, the receipt and when they came. */
struct outbox_kept {
    const char *method;
    unsigned char *reply;
    size_t reply_size;
    unsigned char *receipt;
    size_t receipt_size;
    int64_t at_ms;
};
MUST_CHECK enum status outbox_store_answer(struct rectify_outbox *outbox, struct arena *a,
                                           int64_t number, struct outbox_kept *ret_kept,
                                           struct fault *f);

/* Changes by people: *ret_done false when the item was in another state. */
MUST_CHECK enum status outbox_store_retry(struct rectify_outbox *outbox, int64_t number,
                                          const char *key, bool *ret_done, struct fault *f);
MUST_CHECK enum status outbox_store_drop(struct rectify_outbox *outbox, int64_t number,
                                         int64_t now_ms, bool *ret_done, struct fault *f);
MUST_CHECK enum status outbox_store_reoffer(struct rectify_outbox *outbox, int64_t since_ms,
                                            uint64_t *ret_count, struct fault *f);
MUST_CHECK enum status outbox_store_tidy(struct rectify_outbox *outbox, int64_t before_ms,
                                         struct fault *f);
MUST_CHECK enum status outbox_store_files_unnamed(struct rectify_outbox *outbox, int64_t before_ms,
                                                  struct fault *f);

/* The next one to send: SENT before QUEUED, in order. guarded: none that touches a thing of an
 * earlier one whose outcome is still unknown. only: that one alone. *ret_found false: none. */
struct outbox_next {
    enum rectify_item_state state;
    int64_t after_place;
    int64_t only;
    bool guarded;
};
MUST_CHECK enum status outbox_store_next(struct rectify_outbox *outbox, struct arena *a,
                                         const struct outbox_next *want,
                                         struct outbox_work *ret_work, bool *ret_found,
                                         struct fault *f);

/* Sending. All but frozen are transactions of their own. */
MUST_CHECK enum status outbox_store_sent(struct rectify_outbox *outbox,
                                         const struct outbox_work *work, int64_t now_ms,
                                         bool *ret_done, struct fault *f);
MUST_CHECK enum status outbox_store_unsent(struct rectify_outbox *outbox, int64_t number,
                                           const struct fault *why, struct fault *f);
MUST_CHECK enum status outbox_store_failed(struct rectify_outbox *outbox, int64_t number,
                                           const struct fault *why, bool odd, struct fault *f);
MUST_CHECK enum status outbox_store_refused(struct rectify_outbox *outbox, int64_t number,
                                            const struct fault *why, const char *message,
                                            struct fault *f);
struct outbox_receipt {
    const unsigned char *reply;
    size_t reply_size;
    const unsigned char *receipt;
    size_t receipt_size;
    const Pb__Receipt *parsed; /* NULL: none */
    enum rectify_item_verdict verdict;
    int64_t now_ms;
};
MUST_CHECK enum status outbox_store_received(struct rectify_outbox *outbox, int64_t number,
                                             const struct outbox_receipt *receipt, struct fault *f);

/* Versions that items of this outbox made: of the thing, on top of which, which one. */
MUST_CHECK enum status outbox_store_made(struct rectify_outbox *outbox, const char *name,
                                         const char *inspection, int64_t base, int64_t version,
                                         struct fault *f);
MUST_CHECK enum status outbox_store_made_next(struct rectify_outbox *outbox, const char *name,
                                              const char *inspection, int64_t *version,
                                              bool *ret_found, struct fault *f);

/* Which version the item made of the thing is known; number 0: of every received item. */
MUST_CHECK enum status outbox_store_told(struct rectify_outbox *outbox, const char *name,
                                         int64_t number, struct fault *f);

/* Was an item before this place received since then that names the thing and has not told which
 * version it made of it? Did an item of this
 * outbox leave that event? */
MUST_CHECK enum status outbox_store_touched(struct rectify_outbox *outbox, const char *name,
                                            int64_t place, int64_t since_ms, bool *ret_touched,
                                            struct fault *f);
MUST_CHECK enum status outbox_store_event_known(struct rectify_outbox *outbox, const char *event,
                                                bool *ret_known, struct fault *f);

/* Verdicts: which received items to ask about next, longest not asked first, and what was heard.
 * line: for people, may be NULL. */
struct outbox_unjudged {
    int64_t number;
    const char *key;
};
struct outbox_unjudged_filter {
    uint32_t limit;
    int64_t asked_before_ms;
};
MUST_CHECK enum status outbox_store_unjudged(struct rectify_outbox *outbox, struct arena *a,
                                             const struct outbox_unjudged_filter *filter,
                                             struct outbox_unjudged **ret_items, size_t *ret_count,
                                             struct fault *f);
MUST_CHECK enum status outbox_store_verdict(struct rectify_outbox *outbox, int64_t number,
                                            enum rectify_item_verdict verdict, const char *line,
                                            bool *ret_changed, struct fault *f);

#endif
