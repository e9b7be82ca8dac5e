/* Accounts, seats, machines, one-time codes, sessions: what logging in and enrolling read and
 * write. (The read of every call's principal stands in principal.h.) */
#ifndef SERVER_STORE_ACCOUNT_H
#define SERVER_STORE_ACCOUNT_H

#include "server/store/db.h"

struct account_record {
    const char *id; /* NULL: there is no such account */
    const char *name;
    const char *display_name;
    const char *password_hash; /* never leaves the server; no message can carry it */
    int32_t failures;
    int64_t locked_until_ms;
    bool disabled;
    int64_t version;
    bool sits_in_org;   /* belongs to the org asked about, or has a seat in it */
    const char *org_id; /* it belongs to; NULL: older than that */
    const char *org_code;
    const char *state; /* ACTIVE, DISABLED */
};

/* An account as administrators see it. */
struct account_row {
    const char *name;
    const char *display_name;
    const char *org_code;
    const char *state;
    int64_t locked_until_ms;
    bool has_password;
    uint64_t roles; /* of all its seats that hold today */
    int32_t pending;
    int64_t version;
};

struct account_list {
    struct account_row *items;
    size_t count;
    size_t capacity;
};

struct machine_record {
    const char *id; /* NULL: none */
    const char *org_code;
    const char *org_id;
    const char *account_id;
    const char *account;
    const char *label;
    const unsigned char *public_key; /* 32 bytes */
    int64_t enrolled_ms;
    int64_t revoked_ms; /* 0: good */
    int64_t version;
    const char *certificate_serial; /* NULL: made by hand */
    int64_t certificate_not_after_ms;
};

struct machine_list {
    struct machine_record *items;
    size_t count;
    size_t capacity;
};

struct enrol_code_record {
    const char *account_id; /* NULL: no such code */
    const char *account;
    const char *org_id; /* named with the code, else where the account belongs or sits */
    const char *org_code;
    const char *purpose; /* ENROL, PASSWORD */
    int64_t expires_ms;
    int64_t used_ms; /* 0: unused */
    const char *machine_id;
};

struct seat_record {
    const char *org_code;
    const char *org_name;
    uint64_t roles;
    int32_t from_day; /* NO_DATE: open */
    int32_t to_day;
    const char *substitute_for; /* NULL: his own */
    const char *grant_ref;
};

struct seat_list {
    struct seat_record *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const account_statements[];

/* The account of that name, locked for update; sits_in_org says whether it belongs to or has a seat
 * in the org of that machine (machine_id may be NULL). */
MUST_CHECK enum status account_queue_lock(struct db_queue *q, int tenant, const char *name,
                                          const char *machine_id, struct account_record *ret);
MUST_CHECK enum status account_queue_seats(struct db_queue *q, int tenant, const char *account_id,
                                           struct seat_list *ret);
/* A new account of org_id, without a seat. */
MUST_CHECK enum status account_queue_insert(struct db_queue *q, int tenant,
                                            const struct account_record *account,
                                            const char *event_id);
/* Accounts by name; name and org (code) may be NULL. Roles are those of `today`. */
MUST_CHECK enum status account_queue_list(struct db_queue *q, int tenant, const char *name,
                                          const char *org, int32_t today, struct account_list *ret);
/* Stops it (disabled_ms) or opens it again (0) over its version. */
MUST_CHECK enum status account_queue_disable(struct db_queue *q, int tenant,
                                             const struct account_record *account,
                                             int64_t disabled_ms, const char *reason,
                                             const char *event_id);
/* Ends the lock, over its version. */
MUST_CHECK enum status account_queue_unlock(struct db_queue *q, int tenant,
                                            const struct account_record *account,
                                            const char *event_id);
/* After a login: how many failures in a row stand, and until when it is locked. */
MUST_CHECK enum status account_queue_failures(struct db_queue *q, int tenant, const char *id,
                                              int32_t failures, int64_t locked_until_ms);
/* A new password hash; the sessions of the account but the one given end. */
MUST_CHECK enum status account_queue_password(struct db_queue *q, int tenant, const char *id,
                                              const char *hash, const char *event_id);
MUST_CHECK enum status session_queue_end_others(struct db_queue *q, int tenant,
                                                const char *account_id,
                                                const unsigned char *keep_sha256, int64_t now_ms);

MUST_CHECK enum status session_queue_insert(struct db_queue *q, int tenant,
                                            const unsigned char token_sha256[32],
                                            const char *account_id, const char *machine_id,
                                            int64_t now_ms, int64_t expires_ms);
MUST_CHECK enum status session_queue_end(struct db_queue *q, int tenant,
                                         const unsigned char token_sha256[32], int64_t now_ms);

/* When a session ends at the latest; 0 when there is none. */
MUST_CHECK enum status session_queue_expiry(struct db_queue *q, int tenant,
                                            const unsigned char token_sha256[32],
                                            int64_t *ret_expires_ms);

MUST_CHECK enum status enrol_code_queue_lock(struct db_queue *q, int tenant,
                                             const unsigned char code_sha256[32],
                                             struct enrol_code_record *ret);
MUST_CHECK enum status enrol_code_queue_insert(struct db_queue *q, int tenant,
                                               const unsigned char code_sha256[32],
                                               const struct enrol_code_record *code,
                                               const char *event_id);
MUST_CHECK enum status enrol_code_queue_use(struct db_queue *q, int tenant,
                                            const unsigned char code_sha256[32],
                                            const char *machine_id, int64_t now_ms);

MUST_CHECK enum status machine_queue_by_key(struct db_queue *q, int tenant,
                                            const unsigned char public_key[32],
                                            struct machine_record *ret);
MUST_CHECK enum status machine_queue_by_id(struct db_queue *q, int tenant, const char *id,
                                           struct machine_record *ret);
/* All machines, or those of one org (org_id not NULL), in order of enrolment. */
MUST_CHECK enum status machine_queue_list(struct db_queue *q, int tenant, const char *org_id,
                                          struct machine_list *ret);
MUST_CHECK enum status machine_queue_insert(struct db_queue *q, int tenant,
                                            const struct machine_record *machine,
                                            const char *event_id);
/* Notes the certificate in the record over its version. */
MUST_CHECK enum status machine_queue_certificate(struct db_queue *q, int tenant,
                                                 const struct machine_record *machine,
                                                 const char *event_id);
MUST_CHECK enum status machine_queue_revoke(struct db_queue *q, int tenant, const char *id,
                                            int64_t version, const char *reason, int64_t now_ms,
                                            const char *event_id);

#endif
