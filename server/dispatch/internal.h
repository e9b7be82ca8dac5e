/* Private parts of dispatch, shared by the files of this folder alone.
 *
 * A message becomes a job at intake (job.c), waits in the queue of its class (queue.c), and is run
 * by a batch runner (batch.c) or a query thread (query.c). Both put the job's call through the same
 * steps: turn.h.
 */
#ifndef SERVER_DISPATCH_INTERNAL_H
#define SERVER_DISPATCH_INTERNAL_H

#include "proto/base/limits.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "server/base/clock.h"
#include "server/base/rate.h"
#include "server/dispatch/dispatch.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    DISPATCH_THREADS_MAX = 128,
    QUEUE_SCAN_MAX = 512,  /* waiting commands looked at for one batch */
    LOAD_ROUNDS_MAX = 24,  /* of one call */
    ATTEMPTS_MAX = 4,      /* of one call, when the database asks for a retry */
    RECONNECT_MIN_MS = 50, /* back-off of a lost connection */
    RECONNECT_MAX_MS = 2000,
    SESSION_TOUCH_MS = 600000,    /* how stale session.used_ms may be */
    TENANT_REREAD_MS = 1000,      /* at most so often for unknown codes */
    WOKEN_SHARE = 4,              /* one query in so many is a woken one while both wait */
    POLL_BACKSTOP_MS = 5000,      /* a parked call looks again without being woken */
    TIMER_MS = 100,               /* how often parked calls and deadlines are looked at */
    REPLY_MARGIN_MS = 250,        /* a parked call answers so long before its deadline */
    QUEUED_BYTES_MAX = 256 << 20, /* raw messages waiting */
    SEAL_EVENTS_MAX = 1000,       /* in one transaction of the sealer */
    NOTIFY_SIZE = 64,
};

/* ---- sets of subjects ---- */

/* What a command changes, as hashes: a collision only makes two commands take turns. */
struct subject_set {
    struct arena *arena;
    const char *tenant;
    uint64_t *hashes;
    size_t count;
    size_t capacity;
    bool alone;    /* in its batch */
    bool overflow; /* more than LIMIT_SUBJECTS, or no memory */
};

/* A set of 64-bit numbers; 0 is never a member. */
struct hash_set {
    uint64_t *slots;
    size_t capacity; /* power of two */
    size_t count;
};

void hash_set_release(struct hash_set *set);
void hash_set_clear(struct hash_set *set);
bool hash_set_has(const struct hash_set *set, uint64_t value);
/* False when memory is out. */
bool hash_set_add(struct hash_set *set, uint64_t value);
void hash_set_remove(struct hash_set *set, uint64_t value);

/* ---- tenants ---- */

/* Made once, never freed before the end: pointers to it may be kept. */
struct tenant {
    int id;
    char code[LIMIT_TENANT_BYTES + 1];
    int utc_offset_min;
    _Atomic uint64_t wakes;  /* counts commits that wake parked calls */
    _Atomic bool unsealed;   /* the sealer has work */
    _Atomic bool went_back;  /* the database was put back under this program: no more commands */
    bool has_head;           /* head is guarded by tenants.lock */
    struct ledger_head head; /* the newest known */
    struct tenant *next;
};

struct tenants {
    pthread_mutex_t lock;
    struct tenant *first;
    int64_t read_ms; /* monotonic time of the last read */
};

/* The tenant of a code, NULL when unknown. Any thread. */
struct tenant *tenants_find(struct tenants *t, const char *code);
struct tenant *tenants_find_id(struct tenants *t, int id);
/* Reads the table again, unless that was done within TENANT_REREAD_MS (force: always). */
MUST_CHECK enum status tenants_read(struct tenants *t, struct db *db, bool force,
                                    struct fault *fault);
/* Reads it again when the code is not known. Not inside a transaction. */
MUST_CHECK enum status tenants_know(struct tenants *t, struct db *db, const char *code,
                                    struct fault *fault);
void tenants_head_set(struct tenants *t, struct tenant *tenant, const struct ledger_head *head);
bool tenants_head_get(struct tenants *t, struct tenant *tenant, struct ledger_head *ret_head);
void tenants_release(struct tenants *t);

/* ---- jobs ---- */

enum job_class { JOB_COMMAND, JOB_SLOW, JOB_QUERY, JOB_CLASS_COUNT }; /* commands first */

/* One message on its way. Owned by whoever holds it: a queue, a runner, the parked list. */
struct job {
    struct job *next;
    unsigned char *bytes; /* the message; kept for calls that may park, else NULL after intake */
    size_t size;
    size_t weight; /* bytes counted against QUEUED_BYTES_MAX */
    struct reply_to to;
    int64_t deadline_ms; /* monotonic */
    enum job_class class_;
    const struct handler *handler;
    struct arena arena; /* envelope and request */
    Pb__CallRequest *envelope;
    const ProtobufCMessage *request;
    struct subject_set subjects;
    bool system; /* from inside: no envelope was signed */
    /* parked */
    bool last_chance;
    bool was_parked;
    struct tenant *tenant; /* known after the first run */
    int64_t park_until_ms; /* monotonic; 0: not parked yet */
    int64_t parked_at_ms;
};

/* Takes a message apart and looks it up. On OK *ret_job is owned by the caller; otherwise fault
 * says why, and *ret_job holds what is needed to answer (or NULL when memory is out). */
MUST_CHECK enum status job_make(struct dispatch *d, unsigned char *bytes, size_t size,
                                struct reply_to to, bool system, struct job **ret_job,
                                struct fault *fault);
/* Unpacks a parked job's message again. */
MUST_CHECK enum status job_unpack(struct dispatch *d, struct job *job, struct fault *fault);
/* Answers and frees the job. */
void job_refuse(struct dispatch *d, struct job *job, const struct fault *fault);
void job_finish(struct dispatch *d, struct job *job, Pb__CallReply *reply);
bool job_alive(const struct job *job);

/* ---- replies (reply.c) ---- */

/* A reply with this outcome, in the arena; NULL when exhausted. */
Pb__CallReply *reply_make(struct arena *a, const struct fault *fault);

/* ---- queues ---- */

struct job_list {
    struct job *first;
    struct job *last;
    uint32_t count;
};

void job_list_add(struct job_list *list, struct job *job);
struct job *job_list_take(struct job_list *list);

struct queues {
    pthread_mutex_t lock;
    pthread_cond_t wait[JOB_CLASS_COUNT];
    pthread_cond_t idle; /* something finished */
    struct job_list lists[JOB_CLASS_COUNT];
    struct job_list parked;
    struct job_list woken;     /* parked ones that look again; they yield to fresh queries */
    unsigned turn;             /* of fresh and woken queries */
    struct hash_set in_flight; /* subjects of running commands, all lanes */
    size_t weight;
    uint32_t running; /* jobs held by runners */
    bool draining;
    bool stopping;
    uint64_t commands, queries, batches, refused;
};

void queues_init(struct queues *q);
void queues_release(struct queues *q);
/* Puts a job into its class's queue. RESOURCE_EXHAUSTED or UNAVAILABLE (draining), the job is then
 * still the caller's. */
MUST_CHECK enum status queues_put(struct queues *q, struct job *job, struct fault *fault);
/* Takes up to max commands that share no subject with each other or with running ones, in order,
 * and marks their subjects; one that is to be alone comes alone. Waits up to TIMER_MS for one.
 * Expired jobs are moved to *expired. False when stopping. */
bool queues_take_batch(struct queues *q, enum job_class class_, size_t max, struct job **ret_jobs,
                       size_t *ret_count, struct job_list *expired);
/* Takes one query; the same rules. */
bool queues_take_query(struct queues *q, struct job **ret_job, struct job_list *expired);
/* Does a command wait or run whose first subject (its key) is this? */
bool queues_have(struct queues *q, uint64_t key_subject);
/* A command's subjects are free again; wakes the lanes. */
void queues_done(struct queues *q, struct job *const *jobs, size_t count);
/* So many jobs taken (or expired) were answered or parked. */
void queues_finished(struct queues *q, uint32_t count);
/* All waiting queries, for times when the database is lost: they need not wait. */
void queues_take_queries(struct queues *q, struct job_list *ret_list);
/* The expired of every class, for times when no runner can take (database lost). */
void queues_expire(struct queues *q, struct job_list *expired);

/* Parks a job; false when LIMIT_PARKED is reached or draining. */
bool queues_park(struct queues *q, struct job *job);
/* Moves parked jobs back to the queries: those of the tenant (NULL: none by tenant), those whose
 * time is up (last_chance), those not looked at for POLL_BACKSTOP_MS; all of them when all is set
 * (last_chance). */
void queues_unpark(struct queues *q, const struct tenant *tenant, bool all);

/* ---- the door ---- */

struct method_slot {
    const char *name;              /* malloc'd */
    const struct handler *handler; /* NULL: known to the descriptors, without a row */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
};

struct methods {
    struct method_slot *slots; /* sorted by name */
    size_t count;
};

/* Every method of the descriptors with its handler; FAILED_PRECONDITION METHOD_WITHOUT_POLICY names
 * one without, twice in the tables, or with other messages than its descriptor. */
MUST_CHECK enum status methods_init(struct methods *m, const struct handler_table *tables,
                                    size_t table_count, bool partial, struct fault *fault);
/* NULL when there is no such method. */
const struct method_slot *methods_find(const struct methods *m, const char *name);
void methods_release(struct methods *m);

struct runner {
    struct dispatch *d;
    pthread_t thread;
    bool started;
    enum job_class class_;
    struct db *db;
};

struct dispatch {
    struct dispatch_config config;
    char *conninfo;
    char instance[UUID_TEXT_SIZE]; /* whose NOTIFY this is */
    struct methods methods;
    struct tenants tenants;
    struct queues queues;
    struct runner runners[DISPATCH_THREADS_MAX];
    size_t runner_count;
    struct runner listener;
    struct runner timer;
    struct runner sealer;
    bool has_key;
    struct ledger_key key;
    pthread_mutex_t seal_lock;
    pthread_cond_t seal_wake; /* to the sealer */
    pthread_cond_t seal_done; /* from the sealer */
    uint64_t seal_asked;
    uint64_t seal_passed;
    struct fault seal_fault; /* of the last pass; code OK when it went well */
    void (*on_authenticated)(void *ctx, uint64_t handle, const char *machine);
    void *on_authenticated_ctx;
    pthread_mutex_t due_lock; /* of the next two: set after the threads have started */
    void (*on_due)(void *ctx);
    void *on_due_ctx;
    pthread_mutex_t rate_lock;
    struct rate onboard_rate;
};

/* Thread bodies. */
void *batch_thread(void *runner);
void *query_thread(void *runner);
void *listener_thread(void *runner);
void *timer_thread(void *runner);
void *sealer_thread(void *runner);

/* Makes the runner's connection usable, with back-off; answers what expires meanwhile. False when
 * stopping. */
bool runner_connect(struct runner *r);

/* A commit of this tenant that parked calls should see. */
void dispatch_wake(struct dispatch *d, struct tenant *tenant);
/* A commit that left events: the sealer has work. */
void dispatch_unsealed(struct dispatch *d, struct tenant *tenant);
/* Answers jobs whose deadline passed while they waited, and empties the list. */
void dispatch_expire(struct dispatch *d, struct job_list *expired);

#endif
