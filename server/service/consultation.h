/* Consultations (求助): opening one. Pure. */
#ifndef SERVER_SERVICE_CONSULTATION_H
#define SERVER_SERVICE_CONSULTATION_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "server/base/calendar.h"
#include "server/service/measure.h"
#include "server/store/consultation.h"

enum { TRIAGE_WORKING_DAYS = 3 }; /* the office's own clock */

/* A new consultation of the actor's unit on a measure; id is the new one's. The measure's clock
 * does not pause. PERMISSION_DENIED ROLE_FORBIDS for who does not lead it; FAILED_PRECONDITION
 * MEASURE_CLOSED when nothing is left to do. */
struct consultation_order {
    const char *id;
    const char *org_id;
    const char *org; /* code */
    const char *text;
    int32_t today;
    int64_t now_ms;
};
MUST_CHECK enum status consultation_open(const struct measure_record *m, const struct actor *actor,
                                         const struct consultation_order *order,
                                         const struct calendar *calendar,
                                         struct consultation_record *ret, struct fault *fault);

/* The message of a record; NULL when the arena is exhausted. */
Pb__Consultation *consultation_message(const struct consultation_record *c, struct arena *a);

#endif
