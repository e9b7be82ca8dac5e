/* Calendar and ladder, versioned: a new version is added, an old one never changes. */
#ifndef SERVER_STORE_SETTINGS_H
#define SERVER_STORE_SETTINGS_H

#include "server/base/calendar.h"
#include "server/base/ladder.h"
#include "server/store/db.h"

struct calendar_row {
    int32_t year;
    int32_t version;
    int32_t day;
    bool working;
    const char *name;
};

/* The newest version's days of each year. */
struct calendar_rows {
    struct calendar_row *items;
    size_t count;
    size_t capacity;
};

/* A version of the warning ladder. */
struct ladder_rules {
    int32_t version; /* 0: nothing stored, the defaults of ladder.h stand */
    struct ladder_rule *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const settings_statements[];

/* Newest calendar days of one year, or of all years (year 0), by day. */
MUST_CHECK enum status calendar_queue_days(struct db_queue *q, int tenant, int32_t year,
                                           struct calendar_rows *ret);
/* Adds one day of a new version. */
MUST_CHECK enum status calendar_queue_insert(struct db_queue *q, int tenant,
                                             const struct calendar_row *row, const char *event_id);
/* The calendar in force: the built-in one with the tenant's stored years in place of its own. Ready
 * after the run; ret must outlive it. */
MUST_CHECK enum status calendar_queue_read(struct db_queue *q, int tenant, struct calendar *ret);

/* The ladder in force, lowest level first; the caller falls back to ladder_default while count is
 * 0. */
MUST_CHECK enum status ladder_queue_read(struct db_queue *q, int tenant, struct ladder_rules *ret);
/* A version, on or not; 0: the one that is on. */
MUST_CHECK enum status ladder_queue_read_version(struct db_queue *q, int tenant, int32_t version,
                                                 struct ladder_rules *ret);

/* A stored version, and its last trial. */
struct ladder_version {
    int32_t version;
    int32_t rules;
    bool on;
    int64_t tried_ms; /* 0: never */
    int64_t tried_alerts;
    const unsigned char *tried_sha256; /* of the rules; NULL: never */
};

struct ladder_versions {
    struct ladder_version *items;
    size_t count;
    size_t capacity;
};
/* All of them, newest first. */
MUST_CHECK enum status ladder_queue_versions(struct db_queue *q, int tenant,
                                             struct ladder_versions *ret);

struct ladder_trial {
    const char *id;
    int32_t version;
    unsigned char rules_sha256[32];
    unsigned char result_sha256[32];
    int32_t as_of;
    int64_t alerts;
    const char *account_id;
    int64_t recorded_ms;
};
MUST_CHECK enum status ladder_queue_trial(struct db_queue *q, int tenant,
                                          const struct ladder_trial *t);

/* The first eight bytes of the SHA-256 of every alert's key, in no order: what was raised before.
 */
struct key_hashes {
    uint64_t *items;
    size_t count;
    size_t capacity;
};
MUST_CHECK enum status ladder_queue_key_hashes(struct db_queue *q, int tenant,
                                               struct key_hashes *ret);

/* Row no of a version; a row that is there stays as it is. */
MUST_CHECK enum status ladder_queue_insert(struct db_queue *q, int tenant, int32_t version,
                                           int32_t no, const struct ladder_rule *rule,
                                           const char *event_id);

#endif
