/* Todo: what waits for the caller, and how it is shown. Loaded by cmd_todo.c. */
#ifndef CLIENT_CLI_TODO_H
#define CLIENT_CLI_TODO_H

#include "client/cli/cli.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/inspection.pb-c.h>
#include <rectify/v1/matter.pb-c.h>
#include <rectify/v1/outcome.pb-c.h>
#include <rectify/v1/plan.pb-c.h>
#include <rectify/v1/publication.pb-c.h>
#include <rectify/v1/sitting.pb-c.h>
#include <rectify/v1/table.pb-c.h>

/* Everything that may wait for the caller; parts that do not concern his roles stay empty. */
struct todo {
    const Pb__WhoAmIReply *who;
    bool unit;              /* a unit's person, or the office for one */
    Pb__Measure **sign_for; /* to sign for */
    size_t sign_for_count;
    Pb__Measure **claims; /* to decide on: the office */
    size_t claim_count;
    Pb__Table **owed; /* to fill in, or returned */
    size_t owed_count;
    Pb__Table **confirming; /* before the unit's second person: the reviewer */
    size_t confirming_count;
    Pb__Table **submitted; /* to decide on: the office */
    size_t submitted_count;
    Pb__Inspection **drafts; /* plans to approve: the leading group */
    size_t draft_count;
    void *reviews; /* of Pb__PlanVersion *: drafts that wait for his body's opinion (联审) */
    size_t review_count;
    size_t review_capacity;
    Pb__Problem **closings; /* applied for, to be forwarded: the office */
    size_t closing_count;
    Pb__Sitting **sittings; /* open, with problems that wait for his body's opinion */
    size_t sitting_count;
    Pb__Matter **matters; /* whose next step is his body's */
    size_t matter_count;
    Pb__Matter **asked; /* his unit's open requests for help, that others have in hand */
    size_t asked_count;
    Pb__Outcome **outcomes; /* to be confirmed: the office; returned: the unit */
    size_t outcome_count;
    Pb__Publication **publications; /* to approve: the leading group; to publish, or returned: the
                                       editor and the office */
    size_t publication_count;
    Pb__Alert **alerts;
    size_t alert_count;
    const Pb__Table *returned; /* of owed: one with returned rows; NULL: none */
};

/* As the run's format says. A unit's person sees three things: 签收, 填表, 求助. */
MUST_CHECK enum status todo_print(struct cli *c, const struct todo *t, struct fault *f);

#endif
