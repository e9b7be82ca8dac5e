/* Verdict: how those who judge it stand to a command, from the changes it made and what decided
 * about them since. Pure; any thread. */
#ifndef SERVER_SERVICE_VERDICT_H
#define SERVER_SERVICE_VERDICT_H

#include "proto/base/arena.h"
#include "server/store/operation.h"

#include <rectify/v1/operation.pb-c.h>

/* The commands that decide about something somebody handed in: those the store is to look for. */
extern const char *const verdict_deciding[];
extern const size_t verdict_deciding_count;

struct verdict {
    Pb__OperationVerdict verdict;
    const char *line; /* Chinese, for people; NULL with NONE */
};

/* Of one command's changes, all with its key. Of several that are judged the first counts: a table
 * stands before what its rows moved. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status verdict_of(const struct judged_record *changes, size_t count,
                                  struct arena *a, struct verdict *ret_verdict);

#endif
