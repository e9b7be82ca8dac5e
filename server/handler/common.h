/* Small things every handler file needs. */
#ifndef SERVER_HANDLER_COMMON_H
#define SERVER_HANDLER_COMMON_H

#include "server/dispatch/handler.h"

#include <stdbool.h>
#include <stddef.h>

/* The request of a call as its message type. */
#define REQUEST(call, type) ((const type *)(call)->request)

/* Refuses for lack of memory: a request larger than its arena. */
enum status handler_no_memory(struct call *call);

/* True when text (may be NULL) has 1 to max bytes besides blanks. */
bool text_given(const char *text, size_t max);

/* Answers with an empty message (google.protobuf.Empty in spirit). */
enum status reply_empty(struct call *call);

/* "R" as "%s" in the call's arena, with `name` as an own copy; NULL when exhausted. */
const char *call_strdup(struct call *call, const char *text);

/* A date of a request, "2026-11-30". Absent or empty gives NO_DATE; a bad one refuses, naming the
 * field. */
enum status request_day(struct call *call, const char *text, const char *field, int32_t *ret_day);

/* A day as text in the arena; NULL for NO_DATE (so the message field stays absent). */
char *day_text(struct call *call, int32_t day);

#endif
