/* Grants (授权): may this seat be given, who may decide it, and what a decision makes of it.
 *
 * Pure. The transitions are the machine `grant` of workflow.h; here stands what a table cannot say:
 * 三员分立, two people, a seat that fits its org, a substitute who has no more than the one he
 * stands in for. The database holds the same rules (migrations/0004_people.sql).
 */
#ifndef SERVER_SERVICE_GRANT_H
#define SERVER_SERVICE_GRANT_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/grant.pb-c.h"
#include "server/service/measure.h"
#include "server/service/workflow.h"
#include "server/store/grant.h"

enum { SUBSTITUTE_DAYS_MAX = 366 };

/* May this seat stand beside those its account (and, for a substitution, the one stood in for)
 * already holds? Asked when it is proposed and again when it is approved. INVALID_ARGUMENT
 * ROLE_ORG_MISMATCH, DAYS_ORDER, DAYS_PAST, SUBSTITUTE_DAYS, SUBSTITUTE_SELF; FAILED_PRECONDITION
 * ROLES_EXCLUDE, SEAT_EXISTS, SUBSTITUTE_NO_SEAT. */
MUST_CHECK enum status grant_fits(const struct grant_record *g, const struct held_list *held,
                                  int32_t today, struct fault *fault);

/* A command on a grant. */
struct grant_order {
    const char *command; /* approve, reject, withdraw, end */
    const char *reason;  /* NULL: none given */
    const char *actor;   /* account name */
    int64_t now_ms;
    int32_t today;
    /* end: how many others hold the administrator's role that it takes away. */
    int64_t others;
};

/* Decides it. OK fills *ret (version raised). The refusals of the machine, SAME_PERSON, and
 * LAST_ADMINISTRATOR. Whether an approved one fits, grant_fits says. */
MUST_CHECK enum status grant_step(const struct grant_record *g, const struct actor *actor,
                                  const struct grant_order *order, struct grant_record *ret,
                                  struct fault *fault);

/* What a question about a grant reads beside it. */
struct grant_around {
    const struct held_list *held; /* by its account, and by whom it stands in for */
    int64_t others;               /* who could still give seats, were this one gone */
    int32_t today;
};

/* Every command as it stands for this actor, by the same guards; a grant that would not fit is not
 * to be approved. ret_options has WORKFLOW_OPTIONS_MAX places; reasons are static or in the arena.
 */
size_t grant_options(const struct grant_record *g, const struct actor *actor,
                     const struct grant_around *around, struct arena *a,
                     struct workflow_option *ret_options);

/* True when days hold on this one. */
bool days_hold(int32_t from_day, int32_t to_day, int32_t today);

/* The message of a record. NULL when the arena is exhausted. */
Pb__Grant *grant_message(const struct grant_record *g, int32_t today, struct arena *a);

/* Names of a mask as a repeated field. False when the arena is exhausted. */
bool role_list(uint64_t roles, struct arena *a, char ***ret_names, size_t *ret_count);

#endif
