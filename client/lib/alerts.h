/* Alerts (预警) on this machine: what the server raised for the account, and what an agent has to
 * say for itself, kept (alerts.db in the state folder, SQLite) so that each is told once, in order.
 *
 *     WaitAlerts ─► receive ─► [ waiting to be shown ] ─► told SHOW      desktop
 *     agent      ─► add     ─► [ waiting for the hook ] ─► told HOOK      the unit's own program
 *
 * Rules
 *  1. What arrived and the cursor behind it are one transaction (WAL, synchronous=FULL): the cursor
 *     is asked with only when what it acknowledges is on the disk.
 *  2. The id is the key: what arrives again is not kept, and not told, again.
 *  3. Told is noted after the telling: at least once, with a stable id.
 * A damaged file is put aside (alerts.db.damaged) and made anew: the server then delivers from the
 * beginning. It never holds a password or a session.
 *
 * Threads: any thread may use a handle, any number of processes the file. Every function blocks on
 * the disk. Faults of all: RESOURCE_EXHAUSTED DISK_FULL, MEMORY; UNAVAILABLE ALERTS_BUSY,
 * ALERTS_WRITE; DATA_LOSS ALERTS_DAMAGED.
 */
#ifndef CLIENT_LIB_ALERTS_H
#define CLIENT_LIB_ALERTS_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <rectify/v1/alert.pb-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rectify_alerts;

#define RECTIFY_ALERT_KIND                                                                         \
    "ALERT" /* kind of what the server raised; other kinds are an agent's                          \
             */

enum { RECTIFY_ALERT_ID_SIZE = 96, RECTIFY_KEPT_SIZE = 256 };

/* How people are told. */
enum rectify_tell { RECTIFY_TELL_SHOW = 0, RECTIFY_TELL_HOOK = 1 };

/* What became of a way of telling. */
enum rectify_told {
    RECTIFY_TOLD_WAITING = 0,
    RECTIFY_TOLD_DONE = 1,
    RECTIFY_TOLD_GIVEN_UP = 2, /* tried so often as is tried */
    RECTIFY_TOLD_PASSED = 3    /* nobody to tell: no desktop, no hook, or settled before */
};

/* One of them. Texts in the arena of the call. */
struct rectify_alert {
    int64_t place;     /* order of arrival, from 1 */
    const char *id;    /* stable: the server's UUID, or "KIND-…" of an agent's own */
    const char *kind;  /* RECTIFY_ALERT_KIND, … */
    int64_t seq;       /* number in the account's sequence; 0: an agent's own */
    int32_t level;     /* of the ladder, 1 to 7; 0: an agent's own */
    const char *title; /* one line */
    const char *text;  /* Chinese sentence */
    const char *json;  /* the server's message as JSON; NULL: an agent's own */
    int64_t arrived_at_ms;
    uint32_t hook_attempts;  /* that failed */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

struct rectify_alert_counts {
    uint64_t kept; /* alerts of the server, all */
    uint64_t open; /* of these, neither acknowledged nor cancelled as far as known here */
    uint64_t hook; /* waiting for the hook */
    uint64_t
        hook_given_up; /* the hook failed so often that it was given up, within the last 30 days */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Opens the store of a state folder, making it when there is none. */
MUST_CHECK enum status rectify_alerts_open(const char *folder, struct rectify_alerts **ret_alerts,
                                           struct fault *f);

/* Is there one in that folder? */
bool rectify_alerts_exist(const char *folder);

/* NULL is accepted. */
void rectify_alerts_free(struct rectify_alerts *alerts);

/* The cursor to ask with as that account; 0: from the beginning. */
MUST_CHECK enum status rectify_alerts_cursor(struct rectify_alerts *alerts, const char *account,
                                             int64_t *ret_cursor, struct fault *f);

/* Keeps what a WaitAlerts call brought, and the cursor. *ret_new: how many were not known.
 * DATA_LOSS REPLY_MALFORMED when one has no id. */
MUST_CHECK enum status rectify_alerts_receive(struct rectify_alerts *alerts, const char *account,
                                              const Pb__WaitAlertsReply *reply, int64_t now_ms,
                                              uint64_t *ret_new, struct fault *f);

/* The server was restored to an earlier point: its sequence begins anew behind it. What is known
 * here is not told again. */
MUST_CHECK enum status rectify_alerts_rewind(struct rectify_alerts *alerts, const char *account,
                                             struct fault *f);

/* Keeps something an agent has to say: id, kind, title, text of it. *ret_new false: known. */
MUST_CHECK enum status rectify_alerts_add(struct rectify_alerts *alerts,
                                          const struct rectify_alert *alert, int64_t now_ms,
                                          bool *ret_new, struct fault *f);

/* Those that wait to be told so, in order of arrival, at most limit of them. */
struct rectify_alert_list {
    struct rectify_alert *items;
    size_t count;
    uint64_t total;          /* that wait */
    int64_t last;            /* place of the last that waits; 0: none */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};
MUST_CHECK enum status rectify_alerts_waiting(struct rectify_alerts *alerts, struct arena *a,
                                              enum rectify_tell how, uint32_t limit,
                                              struct rectify_alert_list *ret_list, struct fault *f);

/* Notes that one was told (or given up, or passed). */
MUST_CHECK enum status rectify_alerts_told(struct rectify_alerts *alerts, int64_t place,
                                           enum rectify_tell how, enum rectify_told told,
                                           int64_t now_ms, struct fault *f);

/* Notes that nobody is there to be told so: everything that waits up to that place is passed. */
MUST_CHECK enum status rectify_alerts_pass(struct rectify_alerts *alerts, enum rectify_tell how,
                                           int64_t up_to_place, int64_t now_ms, struct fault *f);

/* Notes one more failure of the hook. */
MUST_CHECK enum status rectify_alerts_hook_failed(struct rectify_alerts *alerts, int64_t place,
                                                  struct fault *f);

/* The id of the server's alert with that number. NOT_FOUND ALERT_MISSING. */
MUST_CHECK enum status rectify_alerts_id(struct rectify_alerts *alerts, const char *account,
                                         int64_t seq, char ret_id[RECTIFY_ALERT_ID_SIZE],
                                         struct fault *f);

/* The newest number that arrived for that account; 0: none. */
MUST_CHECK enum status rectify_alerts_newest(struct rectify_alerts *alerts, const char *account,
                                             int64_t *ret_seq, struct fault *f);

MUST_CHECK enum status rectify_alerts_counts_get(struct rectify_alerts *alerts, int64_t now_ms,
                                                 struct rectify_alert_counts *ret_counts,
                                                 struct fault *f);

/* A small fact of an agent that must outlive it (the day of its last digest). Loading what was
 * never kept gives "". Values are cut to RECTIFY_KEPT_SIZE - 1 bytes. */
MUST_CHECK enum status rectify_alerts_fact(struct rectify_alerts *alerts, const char *name,
                                           char ret_value[RECTIFY_KEPT_SIZE], struct fault *f);
MUST_CHECK enum status rectify_alerts_fact_set(struct rectify_alerts *alerts, const char *name,
                                               const char *value, struct fault *f);

/* Removes what was told and is older than LIMIT_ALERTS_KEPT_MS. */
MUST_CHECK enum status rectify_alerts_tidy(struct rectify_alerts *alerts, int64_t now_ms,
                                           struct fault *f);

/* One as a JSON document of one line, for the hook and other programs:
 *     {"id", "kind", "seq", "level", "title", "text", "arrived_at_ms", "alert": the server's or
 * null} In the arena; NULL when it is full. Pure. */
const char *rectify_alert_json(struct arena *a, const struct rectify_alert *alert);

#endif
