/* GrantService, and what AccountService needs of it: a new account's seat is proposed with it. */
#ifndef SERVER_HANDLER_GRANT_H
#define SERVER_HANDLER_GRANT_H

#include "server/dispatch/handler.h"
#include "server/service/grant.h"

extern const struct handler_table grant_handler_table;

/* Names of roles of a request as a mask. INVALID_ARGUMENT ROLE_UNKNOWN, ROLE_MISSING. */
MUST_CHECK enum status grant_read_roles(struct call *call, char *const *names, size_t count,
                                        uint64_t *ret_roles);

/* Completes a proposal (account, org, roles, days, reason are set): id, reference from the number,
 * proposer, state; says whether it fits and adds its change to the event. */
MUST_CHECK enum status grant_propose(struct call *call, struct grant_record *g, int64_t number,
                                     const struct held_list *held);

/* Adds the change of a grant to the event: command and states. */
MUST_CHECK enum status grant_change(struct call *call, const struct grant_record *g,
                                    const char *command, const char *from);

/* ProposeSeat and ProposeSubstitute (grant_propose.c); the table stands in grant.c. */
void grant_seat_subjects(const struct call *call, struct subject_set *set);
int grant_seat_load(struct call *call, struct db_queue *q);
enum status grant_seat_decide(struct call *call);
void grant_substitute_subjects(const struct call *call, struct subject_set *set);
int grant_substitute_load(struct call *call, struct db_queue *q);
enum status grant_substitute_decide(struct call *call);
enum status grant_propose_effects(struct call *call, struct db_queue *q);

#endif
