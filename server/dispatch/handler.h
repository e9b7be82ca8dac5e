/* Handler: how a method is written.
 *
 * A handler has three parts (HOUSE rule; the batch runner depends on it):
 *   load     queues the reads it needs. It may be called again (round 1, 2, …) with what earlier
 *            rounds read, until it says it has enough. Reads of things that will be changed are
 *            FOR UPDATE.
 *   decide   a pure function of what was read, the request, the principal and call->now_ms: fills
 *            call->reply and call->changes, or refuses with call->fault. No SQL, no sending, no
 *            clock, no randomness but call->ids. May run twice.
 *   effects  queues the writes of what was decided. Every write states its row count.
 * Dispatch does everything else: authenticates, authorises, opens the transaction, sets the scope,
 * writes event, changes, leaf hash, receipt and idempotency row, commits, answers after COMMIT.
 */
#ifndef SERVER_DISPATCH_HANDLER_H
#define SERVER_DISPATCH_HANDLER_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/uuid7.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"
#include "server/store/db.h"

#include <stdbool.h>
#include <stdint.h>

enum method_kind {
    METHOD_COMMAND, /* batched with others, one COMMIT; idempotency key needed */
    METHOD_SLOW,    /* a command that computes long or touches much: own lane, alone in its batch */
    METHOD_QUERY,   /* read-only pool */
    METHOD_PARKED,  /* a query that may wait for something */
};

enum method_auth {
    AUTH_PUBLIC,  /* mutual TLS only */
    AUTH_MACHINE, /* signed by an enrolled machine's key, no session (Login) */
    AUTH_SESSION, /* session bound to its machine */
    AUTH_SIGNED,  /* session and signature */
    AUTH_SYSTEM,  /* only from inside (jobs) */
};

/* Who calls, as authentication found it. Read-only for handlers. */
struct principal {
    int tenant;
    const char *tenant_code;
    int utc_offset_min;
    const char *account_id; /* UUID; NULL before login and for SYS */
    const char *account;    /* name; "SYS" for the clock */
    const char *display_name;
    const char *org_id;   /* the seat acted from (the one in the machine's org); with on_behalf_of
                           * the unit acted for, and roles gain ROLE_UNIT and ROLE_PART */
    const char *org_code; /* of org_id */
    const char *org_name;
    const char *own_org_code;      /* the seat's own org; differs with on_behalf_of (X 代 Y) */
    bool behalf;                   /* the office acts for a unit (代报) */
    const char *substitute_for_id; /* account stood in for (代行, X 代 Y); NULL: none. Seat and
                                    * roles are then his; account_id stays the caller's */
    const char *seat_orgs; /* "{uuid,…}": every org of the caller's seats, and of his whom he stands
                            * in for: rule 4 asks it (role_recused) */
    const char *acting_as; /* "X 代 Y" for people; NULL: as himself */
    const char *machine_id;
    const unsigned char *session_sha256; /* 32 bytes, or NULL */
    uint64_t roles;                      /* mask of server/service/role.h */
    bool sees_all;                       /* ROLE_SEES_ALL */
    const char *orgs;                    /* "{uuid,…}": scope of row-level security; NULL: none */
    enum method_auth auth;               /* how it was authenticated */
};

enum { CALL_SUBJECT_SIZE = 96 };

struct handler;

/* One call on its way through the door. Everything it points at lives in its arena. */
struct call {
    struct arena *arena;
    const struct handler *handler;
    const struct principal *who;
    const Pb__CallRequest *envelope;
    const ProtobufCMessage *request; /* unpacked, checked against the wire rules */
    int64_t now_ms;                  /* read once per call */
    int32_t today;                   /* day number of now_ms in the tenant's zone */
    int round;                       /* of load, from 0 */
    struct uuid7_source ids;
    char event_id[UUID_TEXT_SIZE];          /* id of the event this command will leave */
    void *data;                             /* the handler's own, made in load round 0 */
    struct dispatch *dispatch;              /* for the functions below that ask for a call, and for
                                             * SystemService (counts, the list of methods) */
    const unsigned char *ledger_public_key; /* 32 bytes; NULL when nothing is sealed */

    /* what decide fills */
    ProtobufCMessage *reply;
    Pb__Change **changes;
    size_t change_count;
    size_t change_capacity;
    const char *reason;         /* reason code and text for the event; may be NULL */
    bool no_event;              /* a command that leaves no event (session touch, upload chunk) */
    bool wakes;                 /* parked calls of the tenant look again after COMMIT */
    bool park;                  /* PARKED: nothing to say yet */
    const char *receipt_number; /* of the receipt a command will get; NULL for queries */
    bool last_chance;           /* PARKED: answer now, even with nothing */
    uint32_t park_ms;           /* PARKED: how long to wait at most, set by load */
    struct fault fault;         /* why it was refused */
    /* decide refused, and yet its effects are written and committed: a failed login is counted.
     * Such a refusal leaves no event and is not stored; the same key runs again. */
    bool keep_effects;
};

/* load: STATUS_OK when it has queued what it needs and no further round is wanted;
 * CALL_MORE when it wants another round after these reads. Anything else refuses (call->fault). */
enum { CALL_MORE = 1000 };

/* Names a thing the command changes ("measure:<uuid or ref>", "table:<uuid>", "inspection:<code>");
 * two commands with a common subject never share a batch and never run at the same time. Call as
 * often as needed from .subjects. Names are cut to CALL_SUBJECT_SIZE. */
struct subject_set;
void subject_add(struct subject_set *set, const char *kind, const char *name);
/* The request does not name all it changes: the command shares its batch with no other. */
void subject_alone(struct subject_set *set);

struct handler {
    const char *method; /* "rectify.v1.MeasureService/SignFor" */
    enum method_kind kind;
    enum method_auth auth;
    uint64_t roles; /* any of these may call; 0: everyone who is authenticated */
    unsigned flags; /* HANDLER_* */
    const ProtobufCMessageDescriptor *request;
    const ProtobufCMessageDescriptor *reply;
    void (*subjects)(const struct call *call, struct subject_set *set); /* may be NULL */
    int (*load)(struct call *call, struct db_queue *q);                 /* may be NULL */
    enum status (*decide)(struct call *call);
    enum status (*effects)(struct call *call, struct db_queue *q); /* commands only; may be NULL */
};

enum {
    HANDLER_BEHALF = 1U << 0,    /* on_behalf_of is allowed (OFFICE for a unit: 代报) */
    HANDLER_SECRET = 1U << 1,    /* the payload holds a secret: never logged; only its hash is kept.
                                  * Without a session (Login, EnrolMachine) the reply is a secret too:
                                  * nothing is stored for replays, the same key runs again. */
    HANDLER_MAKES_DUE = 1U << 2, /* gives the clock work that should not wait for the next tick (an
                                  * approved plan makes obligations due) */
};

/* Adds a change to the call's event: kind, id, ref, version made, transition, and the packed record
 * (a message; NULL for none). False when the arena is exhausted. */
bool call_change(struct call *call, const char *kind, const char *id, const char *ref,
                 int64_t version, const ProtobufCMessage *record);
/* The last change added, to set command, from_state, to_state, reason. */
Pb__Change *call_last_change(struct call *call);

/* What a machine's signature over a call covers. session receives the text the result points at:
 * the hash of the session token, "" without one. */
struct signed_call call_signed_part(const Pb__CallRequest *envelope,
                                    char session[SECRET_HASH_HEX_SIZE]);

/* A stored answer, in the call's arena; NULL when it cannot be read. */
Pb__CallReply *call_stored_reply(struct call *call, const unsigned char *bytes, size_t size);

/* Signs stored receipts anew, at most LIMIT_OPERATION_KEYS, each of the command with that key;
 * without the log's key they stay unsigned. */
void call_sign_receipts(struct call *call, Pb__Receipt *const *receipts, const char *const *keys,
                        size_t count);

/* Does a command of the tenant with this key wait or run in this server, at this moment? */
bool call_in_progress(const struct call *call, const char *key);

/* A fresh id in the call's arena. NULL when exhausted. */
const char *call_new_id(struct call *call);

/* A zeroed, initialised message of a type in the call's arena: descriptor->message_init is called.
 */
void *call_message(struct call *call, const ProtobufCMessageDescriptor *descriptor);

/* Tables of handlers, one per service file of server/handler; the registry (server/handler/all.c)
 * lists them, and the server refuses to start while a method of the descriptors has no row. */
struct handler_table {
    const struct handler *rows;
    size_t count;
};

#endif
