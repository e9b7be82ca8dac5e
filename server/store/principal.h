/* Principal: who calls, read fresh on every call so that a revocation counts at once. */
#ifndef SERVER_STORE_PRINCIPAL_H
#define SERVER_STORE_PRINCIPAL_H

#include "server/store/db.h"

/* What the database knows of a session, its machine and its seat. NULL and 0: not found. The seat
 * is the account's in the machine's org; a machine opens no other org, but for a substitution
 * (代行), which names whom the account stands in for. */
struct principal_record {
    const char *account_id; /* of the session */
    const char *session_machine;
    int64_t used_ms;
    int64_t expires_ms;
    bool ended;
    const char *machine_id;
    const unsigned char *public_key; /* 32 bytes */
    bool revoked;
    const char *account;
    const char *display_name;
    bool disabled;
    const char *org_id; /* of the machine */
    const char *org_code;
    const char *org_name;
    uint64_t roles; /* of the seat valid today; 0: no seat */
    const char *behalf_id;
    const char *behalf_code;
    const char *behalf_name;
    const char *seat_orgs;   /* "{uuid,…}": every org of a seat valid today; NULL: none */
    const char *stands_id;   /* the account stood in for; NULL: no such substitution today */
    const char *stands_name; /* what people call him */
    const char *stands_org_id;
    const char *stands_org_code;
    const char *stands_org_name;
    uint64_t stands_roles; /* what was given, as far as he himself has it today */
    const char *stands_seat_orgs;
};

/* What is asked. session_sha256, machine and behalf may be NULL. */
struct principal_query {
    int tenant;
    const unsigned char *session_sha256; /* 32 bytes */
    const char *machine;                 /* id; used when there is no session */
    const char *behalf;                  /* org code */
    const char *stands_for;              /* account name (X 代 Y) */
    const char *stands_org;              /* org code, where several are possible; may be NULL */
    int32_t today;
};

extern const struct statement *const principal_statements[];

/* Reads into *ret, zeroed by the caller. Scope: the tenant. */
MUST_CHECK enum status principal_queue_read(struct db_queue *q, const struct principal_query *query,
                                            struct principal_record *ret);

/* Notes that a session was used. */
MUST_CHECK enum status principal_queue_touch(struct db_queue *q, int tenant,
                                             const unsigned char session_sha256[32],
                                             int64_t now_ms);

#endif
