/* Trial of a ladder: who would hear what on a day, without raising anything. Pure.
 *
 * Watched dates come one by one and are not kept; what is kept are counts and the most serious
 * examples. So a trial over 330,000 measures needs memory for neither of them.
 */
#ifndef SERVER_SERVICE_TRIAL_H
#define SERVER_SERVICE_TRIAL_H

#include "server/service/alert.h"
#include "server/store/settings.h"

enum { TRIAL_EXAMPLES_MAX = 500 };

struct trial_count {
    const char *name; /* a unit's code or an account's name */
    int64_t alerts;
    int64_t fresh;
};

struct trial_counts {
    struct trial_count *items;
    size_t count;
    size_t capacity;
};

struct trial_example {
    int level;
    const char *subject_ref;
    const char *subject; /* "EFFECT"; static */
    const char *trigger; /* static */
    const char *org;
    int32_t days_left;
    int32_t recipients;
    bool direct;
};

struct trial {
    struct alert_case base; /* rules, calendar, as_of; its lists are not used */
    struct arena *arena;    /* of what is kept */
    struct key_hashes *known;
    size_t example_limit;

    int64_t things;
    int64_t alerts;
    int64_t deliveries;
    int64_t levels[LADDER_LEVEL_MAX + 1];
    int64_t fresh[LADDER_LEVEL_MAX + 1];
    struct trial_counts units; /* by name */
    struct trial_counts accounts;
    struct trial_example examples[TRIAL_EXAMPLES_MAX];
    size_t example_count;

    struct trial_listener *listeners; /* the trial's own order */
    size_t listener_count;
    int64_t *heard; /* by account: the last alert it was counted for */
};

/* Takes the listeners (by account, as they are read) and the hashes of known keys (sorted here).
 * Zeroed but for base, arena, known and example_limit. */
MUST_CHECK enum status trial_begin(struct trial *t, const struct listener_list *listeners);

MUST_CHECK enum status trial_row(void *trial, const struct watch_record *w);
MUST_CHECK enum status trial_table(struct trial *t, const struct owed_record *table);
MUST_CHECK enum status trial_matter(struct trial *t, const struct owed_matter *m);

/* Sorts: most alerts first, then by name; the most serious example first. */
void trial_end(struct trial *t);

/* The hash by which a ladder is known, whatever order its rules stand in. False when the arena is
 * full. */
bool ladder_hash(const struct ladder_rule *rules, size_t count, struct arena *a,
                 unsigned char ret_sha256[32]);
/* The hash of what a trial found. */
void trial_hash(const struct trial *t, unsigned char ret_sha256[32]);

#endif
