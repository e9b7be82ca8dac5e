/* Outbox (待发箱): commands given now and sent when the line allows. Durable from the moment put
 * returns: SQLite, WAL, synchronous=FULL, in the state folder (outbox.db), files beside it by their
 * content (outbox-files/SHA256).
 *
 *        put               first send             reply OK
 *     ──────────► QUEUED ────────────► SENT ─────────────────► RECEIVED ──(verdict)──► shown as
 *                   │  ▲                 │  final refusal       已收件                 审核通过
 *              drop │  │ retry (new key) ▼                      (archived 90 days)     or 退回
 *                   ▼  └───────────── ATTENTION ──drop──► DROPPED
 *
 * Rules
 *  1. The idempotency key is made and stored before anything is sent; it never changes.
 *  2. What goes out is frozen (stored as SENT) before it goes out the first time, and every later
 *     attempt sends the same request: the server may have carried out any of them.
 *  3. Items leave in the order they were put, one at a time. A final refusal moves its item to
 *     ATTENTION with the server's reason; the next one goes on. A line that fails stops all.
 *  4. Until it is frozen an item may learn two things: ids of files that were uploaded meanwhile,
 *     in place of their stand-ins, and the versions that earlier items of this outbox made of the
 *     same things, in place of the versions seen when it was put. Nothing else is ever changed.
 *  5. An answer counts once it is on the disk: an item is RECEIVED in the same transaction that
 *     keeps receipt and reply. What is RECEIVED is archived and offered again (same key) when the
 *     server says it was restored to an earlier point.
 *  6. Two processes, or two copies of the folder on two machines, may send the same item: the
 *     server answers the second as the first.
 *
 * Threads: one thread at a time uses a handle; any number of handles and processes share a folder
 * (readers never wait for the sender). Every function blocks on the disk. Faults of all of them:
 * RESOURCE_EXHAUSTED DISK_FULL; UNAVAILABLE OUTBOX_BUSY, OUTBOX_WRITE; FAILED_PRECONDITION
 * OUTBOX_VERSION (made by a newer program); DATA_LOSS OUTBOX_DAMAGED (the file is no database any
 * more: it was moved aside, the fault says where to, and the next opening makes a new one).
 */
#ifndef CLIENT_LIB_OUTBOX_H
#define CLIENT_LIB_OUTBOX_H

#include "client/lib/channel.h"

#include <rectify/v1/evidence.pb-c.h>

struct rectify_outbox;

enum rectify_item_state {
    RECTIFY_ITEM_QUEUED = 1,    /* 待发送 */
    RECTIFY_ITEM_SENT = 2,      /* 已发出，未得回音: the outcome is unknown */
    RECTIFY_ITEM_RECEIVED = 3,  /* 已收件: receipt number, signed */
    RECTIFY_ITEM_ATTENTION = 4, /* 要处理: the server refused it */
    RECTIFY_ITEM_DROPPED = 5    /* 已放弃, by a person */
};

/* What became of the matter on the server after it was received. */
enum rectify_item_verdict {
    RECTIFY_VERDICT_NONE = 0,     /* nobody judges such a command */
    RECTIFY_VERDICT_WAITING = 1,  /* 待审核 */
    RECTIFY_VERDICT_ACCEPTED = 2, /* 审核通过 */
    RECTIFY_VERDICT_RETURNED = 3  /* 退回, wholly or in part */
};

/* One command, as it is shown. Texts in the arena of the call; absent ones NULL. */
struct rectify_item {
    int64_t number; /* place in the order, from 1; people type it */
    char key[UUID_TEXT_SIZE];
    enum rectify_item_state state;
    enum rectify_item_verdict verdict;
    const char *method;
    const char *title;        /* "报送 2026-11 汇总表（8 行）" */
    const char *on_behalf_of; /* unit's code or "@account" */
    const char *account;      /* who gave the command */
    int64_t queued_at_ms;     /* this machine's clock */
    int64_t sent_at_ms;       /* first attempt; 0: none yet */
    int64_t settled_at_ms;    /* received, refused or dropped; 0: not yet */
    uint32_t attempts;
    uint32_t file_count;
    int64_t file_bytes;  /* of all its files */
    const char *reason;  /* code of the refusal, or of the last failed attempt */
    const char *message; /* the same in Chinese, as the server said it, a violation a line; of a
                            received item what became of it: "8 行：7 行审核通过，1 行退回" */
    enum status refusal; /* ATTENTION: what the server refused it with; else STATUS_OK */
    const char *receipt_number;
    int64_t recorded_at_ms;  /* by the server's clock; 0: none */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

struct rectify_outbox_counts {
    uint64_t queued;
    uint64_t sent; /* outcome unknown */
    uint64_t attention;
    uint64_t received;       /* in the archive */
    int64_t oldest_at_ms;    /* of QUEUED and SENT, when put; 0: none */
    int64_t waiting_bytes;   /* of files not yet uploaded */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Opens the outbox of a state folder, making it when there is none. */
MUST_CHECK enum status rectify_outbox_open(const char *folder, struct rectify_outbox **ret_outbox,
                                           struct fault *f);

/* Is there an outbox in that folder? */
bool rectify_outbox_exists(const char *folder);

/* NULL is accepted. */
void rectify_outbox_free(struct rectify_outbox *outbox);

/* A file to go with a command that will be put. */
struct rectify_outbox_file {
    const char *path;
    Pb__EvidenceKind kind;    /* UNSPECIFIED: not said */
    const char *effective_on; /* ISO date; NULL: not said */
    const void *reserved[4];  /* zero; room to grow, see rectify.h */
};

/* Captures a file by content: what the file becomes afterwards does not matter. *ret_id is a
 * stand-in for the evidence id, to be put into messages where the server's id belongs. Captured
 * files that no item names are removed after a day. Faults of the file as
 * rectify_evidence_upload's. */
MUST_CHECK enum status rectify_outbox_capture(struct rectify_outbox *outbox,
                                              const struct rectify_outbox_file *file,
                                              char ret_id[UUID_TEXT_SIZE], struct fault *f);

/* A command to keep. Borrowed. */
struct rectify_outbox_command {
    const struct rectify_request *request; /* key NULL: one is made */
    const char *on_behalf_of;              /* NULL: one's own */
    const char *account;                   /* who gives it */
    const char *title;                     /* Chinese, one line */
    bool sent; /* it was sent already and its outcome is unknown: kept frozen (SENT) as it went */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Keeps a command; once OK it survives a power cut. Stand-ins in the message bind their files to
 * it. INVALID_ARGUMENT OUTBOX_SECRET (commands of the AccountService may hold passwords),
 * OUTBOX_QUERY (changes nothing), REQUEST_TOO_LARGE; ALREADY_EXISTS OUTBOX_KEY. */
MUST_CHECK enum status rectify_outbox_put(struct rectify_outbox *outbox,
                                          const struct rectify_outbox_command *command,
                                          struct rectify_item *ret_item, struct arena *a,
                                          struct fault *f);

/* Keeps several at once, all or none, in that order: the disk is waited for once. ret_items has
 * room for count. Faults of rectify_outbox_put. */
MUST_CHECK enum status rectify_outbox_put_all(struct rectify_outbox *outbox,
                                              const struct rectify_outbox_command *commands,
                                              size_t count, struct rectify_item *ret_items,
                                              struct arena *a, struct fault *f);

/* Which items. Zeroed: all that are not archived, in order. */
struct rectify_outbox_filter {
    enum rectify_item_state state; /* 0: QUEUED, SENT and ATTENTION, or all with archived */
    bool archived;                 /* RECEIVED and DROPPED too */
    uint32_t limit;                /* newest so many; 0: LIMIT_LIST_ROWS */
    const void *reserved[4];       /* zero; room to grow, see rectify.h */
};
MUST_CHECK enum status rectify_outbox_list(struct rectify_outbox *outbox, struct arena *a,
                                           const struct rectify_outbox_filter *filter,
                                           struct rectify_item **ret_items, size_t *ret_count,
                                           struct fault *f);

/* One item by its number or its key. NOT_FOUND OUTBOX_ITEM. */
MUST_CHECK enum status rectify_outbox_find(struct rectify_outbox *outbox, struct arena *a,
                                           const char *number_or_key, struct rectify_item *ret_item,
                                           struct fault *f);

/* The answer to a received item, as it came; cached_at_ms is when. FAILED_PRECONDITION OUTBOX_STATE
 * for one that was not received. */
MUST_CHECK enum status rectify_outbox_answer(struct rectify_outbox *outbox, struct arena *a,
                                             int64_t number, struct rectify_answer *ret_answer,
                                             struct fault *f);

/* The request of an item as it was put (stand-ins and all), for showing. */
MUST_CHECK enum status rectify_outbox_request(struct rectify_outbox *outbox, struct arena *a,
                                              int64_t number, ProtobufCMessage **ret_message,
                                              struct fault *f);

MUST_CHECK enum status rectify_outbox_counts_get(struct rectify_outbox *outbox,
                                                 struct rectify_outbox_counts *ret_counts,
                                                 struct fault *f);

/* An item that needs attention goes again, at the end of the order, under a new key: the refusal of
 * the old one stands for ever. Where there was no refusal but no answer that could be read
 * (refusal INTERNAL or DATA_LOSS), it goes again as it is, SENT under its old key.
 * FAILED_PRECONDITION OUTBOX_STATE. */
MUST_CHECK enum status rectify_outbox_retry(struct rectify_outbox *outbox, int64_t number,
                                            struct fault *f);

/* Gives up an item that was never sent or was refused; its captured files are removed. FAILED_
 * PRECONDITION OUTBOX_SENT when its outcome is unknown, OUTBOX_STATE when it is settled. */
MUST_CHECK enum status rectify_outbox_drop(struct rectify_outbox *outbox, int64_t number,
                                           struct fault *f);

/* ---- sending ---- */

/* Why a drain ended. */
enum rectify_drain_end {
    RECTIFY_DRAIN_EMPTY = 0,   /* nothing is left to send */
    RECTIFY_DRAIN_LINE = 1,    /* the server cannot be reached or is busy: later */
    RECTIFY_DRAIN_LOGIN = 2,   /* a person must log in */
    RECTIFY_DRAIN_MACHINE = 3, /* not enrolled, revoked, or its certificate does not hold */
    RECTIFY_DRAIN_LOG = 4,     /* the server's log does not hold (rolled back, forked): a person */
    RECTIFY_DRAIN_STOPPED = 5, /* asked to stop */
    RECTIFY_DRAIN_OTHER = 6    /* another process is sending */
};

struct rectify_drain_options {
    bool (*stop)(void *user);                                 /* NULL: never; asked between calls */
    void (*settled)(void *user, const struct rectify_item *); /* after each item; may be NULL */
    void (*progress)(void *user, const char *name, int64_t done, int64_t size); /* uploads */
    void *user;
    int64_t only;            /* this item alone; 0: all */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

struct rectify_drain {
    enum rectify_drain_end end;
    uint64_t received; /* items settled by this drain */
    uint64_t refused;
    uint32_t wait_ms;        /* LINE: not before; with jitter */
    struct fault why;        /* of the last failure */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Sends what waits, SENT ones first, until one of the ends. Before that it has the server's log
 * proven (rectify_heads_verify), unless this channel did so seconds ago, and after a declared
 * restore of the server (rectify_channel_restored) offers again what that may have lost. The
 * channel must be of the profile whose state folder this is. OK also when the line fails (see end);
 * faults are of the disk alone.
 */
MUST_CHECK enum status rectify_outbox_drain(struct rectify_outbox *outbox,
                                            struct rectify_channel *channel,
                                            const struct rectify_drain_options *options,
                                            struct rectify_drain *ret_drain, struct fault *f);

/* Asks the server what became of received items that somebody judges (GetOperation), oldest asked
 * first, at most limit of them, and keeps the verdicts; settled of options hears of each change. A
 * line that fails ends it early, without a fault. */
MUST_CHECK enum status rectify_outbox_verdicts(struct rectify_outbox *outbox,
                                               struct rectify_channel *channel, uint32_t limit,
                                               const struct rectify_drain_options *options,
                                               struct fault *f);

/* The server was restored to an earlier point: everything received since since_ms (server's clock)
 * waits again, SENT under its old key; what the server still has is answered as before. */
MUST_CHECK enum status rectify_outbox_reoffer(struct rectify_outbox *outbox, int64_t since_ms,
                                              uint64_t *ret_count, struct fault *f);

/* Removes archived items older than 90 days and files nobody names. */
MUST_CHECK enum status rectify_outbox_tidy(struct rectify_outbox *outbox, int64_t now_ms,
                                           struct fault *f);

#endif
