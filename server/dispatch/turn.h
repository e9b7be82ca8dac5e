/* Turn: one call going once through the steps of the door.
 *
 *   turn_begin → turn_queue_identity → (run) → turn_identify → turn_load… → (run)… → turn_decide
 *   → turn_queue_writes → (run, COMMIT) → turn->reply
 *
 * A turn that is repeated begins again from nothing: its arena is its own. Private to this folder;
 * the runners call the steps, which never block.
 */
#ifndef SERVER_DISPATCH_TURN_H
#define SERVER_DISPATCH_TURN_H

#include "server/dispatch/internal.h"
#include "server/store/event.h"
#include "server/store/idempotency.h"
#include "server/store/principal.h"

enum turn_stage {
    TURN_NEW,     /* not yet identified */
    TURN_LOADING, /* wants (more) reads */
    TURN_LOADED,  /* may decide */
    TURN_DECIDED, /* has a reply and effects */
    TURN_REPLAY,  /* the stored reply is the answer */
    TURN_REFUSED, /* call.fault is the answer */
};

struct turn {
    struct dispatch *d;
    struct job *job;
    struct tenant *tenant; /* NULL for public queries without one */
    struct arena arena;
    struct call call;
    struct principal who;
    struct principal_record record;
    struct idempotency_record known;
    unsigned char session_sha256[32];
    unsigned char payload_sha256[32];
    unsigned char request_sha256[32];
    const char *principal_id; /* owner of the idempotency row; NULL: none is kept */
    enum turn_stage stage;
    bool store;         /* keep the reply for replays */
    bool touch_session; /* its used_ms is old */
    bool identity_read; /* round 1 read something */
    Pb__CallReply *reply;
};

/* What the turns of one tenant leave in the log and for replays, written with one statement each.
 * Lives in the arena of its batch. */
struct records {
    struct records *next;
    struct tenant *tenant;
    struct arena *arena;
    struct event_rows events;
    struct idempotency_rows answers;
};

/* now_ms: the clock, read once for the call. */
void turn_begin(struct turn *t, struct dispatch *d, struct job *job, int64_t now_ms);
void turn_release(struct turn *t);

/* Round 1: who calls, and what is known of the key. Refuses what needs no read. */
MUST_CHECK enum status turn_queue_identity(struct turn *t, struct db_queue *q);
/* Judges what round 1 read: authentication, signature, authorisation, replay. */
void turn_identify(struct turn *t);
/* One round of the handler's load; moves to TURN_LOADED or TURN_REFUSED when it is over. */
MUST_CHECK enum status turn_load(struct turn *t, struct db_queue *q);
/* The handler's decision; on OK the reply is made. */
void turn_decide(struct turn *t);
/* Makes the answer (reply), queues its effects, and adds what it leaves to the records. */
MUST_CHECK enum status turn_queue_writes(struct turn *t, struct db_queue *q,
                                         struct records *records);
/* Adds only the idempotency row of the reply. */
MUST_CHECK enum status turn_add_answer(struct turn *t, struct records *records);
/* The answer of a refusal, or of a query. */
void turn_make_reply(struct turn *t);

/* Refuses with a fault that came from outside the handler. */
void turn_refuse(struct turn *t, const struct fault *fault);

bool turn_is_command(const struct turn *t);
/* Refusals that the same key always gets again. */
bool status_is_final(enum status s);

/* ---- authn.c ---- */

/* Fills t->who from the record, or refuses in call.fault. Pure but for the signature's CPU. */
MUST_CHECK enum status authn_check(struct turn *t);

/* "@account" or "@account/org": the caller stands in for a person (代行); anything else is the code
 * of a unit (代报). NULL accepted. */
bool behalf_is_person(const char *on_behalf_of);

/* ---- authz.c ---- */

/* What the policy asks. A value, so that a test can walk the matrix. */
struct authz_question {
    const struct handler *handler;
    uint64_t roles;           /* of the seat */
    bool has_seat;            /* the account sits in the machine's org */
    const char *on_behalf_of; /* as asked; NULL: the caller's own */
    bool behalf_known;        /* such a unit exists */
    bool behalf_is_own;
    bool substitutes; /* on_behalf_of names an account (代行): roles are the substitution's */
    bool substitution_known; /* it holds today */
};

/* OK, or PERMISSION_DENIED (NO_SEAT, ROLE_FORBIDS, BEHALF_FORBIDDEN, SUBSTITUTION_UNKNOWN),
 * NOT_FOUND BEHALF_UNKNOWN.
 * *ret_roles: with which roles the call goes on. Pure. */
MUST_CHECK enum status authz_check(const struct authz_question *question, uint64_t *ret_roles,
                                   struct fault *fault);

/* True when one of the roles sees all units' things. */
bool authz_sees_all(uint64_t roles);

/* True when the seat reads what its org has a part in. ADMIN and GRANT keep accounts and settings:
 * the narrative of the body they are seated in is not theirs. */
bool authz_sees_own(uint64_t roles);

/* ---- record.c ---- */

/* Adds event and changes to the records; fills the receipt. */
MUST_CHECK enum status record_event(struct turn *t, struct records *records,
                                    Pb__Receipt **ret_receipt);

/* Names key and tenant in the receipts of these turns' replies, new and replayed, and signs them
 * together, when the server has the log's key. At most LIMIT_BATCH_COMMANDS. */
void receipts_sign(const struct dispatch *d, struct turn *turns, size_t count,
                   struct arena *scratch);

/* Queues all of them, one statement a kind. */
MUST_CHECK enum status records_queue(struct records *records, struct db_queue *q);

#endif
