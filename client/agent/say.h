/* What the agent writes on its standard error, for people: a line a thing. Under journald (which
 * sets JOURNAL_STREAM) with its level in front and no time of its own, elsewhere with the time.
 *
 * Any thread. */
#ifndef CLIENT_AGENT_SAY_H
#define CLIENT_AGENT_SAY_H

#include "proto/base/fault.h"

enum say_level { SAY_ERROR = 3, SAY_WARNING = 4, SAY_INFO = 6 }; /* syslog's numbers */

void say(enum say_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "WHAT：MESSAGE（原因码 REASON）" */
void say_fault(enum say_level level, const char *what, const struct fault *why);

#endif
