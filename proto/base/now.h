/* What time it is on this machine, in milliseconds. The server's own idea of the time is a struct
 * clock (server/base/clock.h), which a test can set; everything else asks here.
 *
 * Any thread; never blocks, never fails. */
#ifndef PROTO_BASE_NOW_H
#define PROTO_BASE_NOW_H

#include <stdint.h>

/* The wall clock, since 1970-01-01T00:00Z. A person may set it forward and back. */
int64_t now_wall_ms(void);

/* For measuring how long something takes: only ever goes forward, stands while the machine sleeps.
 * Its beginning means nothing. */
int64_t now_steady_ms(void);

/* The same, going on while the machine sleeps. */
int64_t now_awake_ms(void);

#endif
