/* What the domain's handlers check of a request, and how they name what they did not find.
 *
 * A thing that is not there and a thing the caller may not see get the same words. */
#ifndef SERVER_HANDLER_REQUEST_CHECK_H
#define SERVER_HANDLER_REQUEST_CHECK_H

#include "server/dispatch/handler.h"
#include "server/service/measure.h"

/* The caller as decisions know him. */
struct actor call_actor(const struct call *call);

/* Text of at most max bytes without a classification mark (INVALID_ARGUMENT TEXT_MISSING,
 * TEXT_TOO_LONG; FAILED_PRECONDITION SECRET_MARK). NULL passes unless required. */
MUST_CHECK enum status check_text(struct call *call, const char *field, const char *text,
                                  size_t max, bool required);

/* A date of the request, absent or ISO; ret NO_DATE when absent. */
MUST_CHECK enum status check_day(struct call *call, const char *field, const char *text,
                                 int32_t *ret_day);

/* The day to judge on: the text, or today when absent. */
MUST_CHECK enum status check_as_of(struct call *call, const char *field, const char *text,
                                   int32_t *ret_day);

/* The envelope's expected_version against what stands. OK when absent. */
MUST_CHECK enum status check_expected(struct call *call, int64_t current);

/* A reason code of the list and a text: both given, both known, no mark. *ret_text "CODE 文本" in
 * the arena; NULL when nothing was given and it is not required. */
MUST_CHECK enum status check_reason(struct call *call, const char *code, const char *text,
                                    bool required, const char **ret_text);

/* The one measure of the list that has this reference or id. NOT_FOUND MEASURE_UNKNOWN;
 * INVALID_ARGUMENT INSPECTION_NEEDED when several inspections have it. */
MUST_CHECK enum status pick_measure(struct call *call, const struct measure_list *list,
                                    const char *ref, const struct measure_record **ret);

/* NOT_FOUND of a kind ("TABLE_UNKNOWN", "汇总表") with what was asked for. */
enum status refuse_unknown(struct call *call, const char *reason, const char *kind_zh,
                           const char *asked);

#endif
