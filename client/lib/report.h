/* Heartbeat: an agent tells the server how it is (AgentService/ReportAgent).
 *
 * Thread rules are the channel's. Nothing is printed, nothing is kept.
 */
#ifndef CLIENT_LIB_REPORT_H
#define CLIENT_LIB_REPORT_H

#include "client/lib/channel.h"

#include <stdbool.h>
#include <stdint.h>

struct rectify_agent_report {
    const char *instance;             /* UUID made when the agent started, the same until it ends */
    const char *version;              /* "rectify-agent 0.1.0" */
    const char *os;                   /* NULL: read from /etc/os-release */
    uint32_t queued;                  /* outbox: waiting */
    uint32_t unknown;                 /* sent, outcome not known */
    uint32_t attention;               /* refused, a person must look */
    int64_t oldest_queued_at_ms;      /* 0: none waits */
    int64_t certificate_not_after_ms; /* 0: not known */
    int64_t clock_difference_ms;      /* ours minus the server's (answer.server_time_ms) */
    bool has_clock_difference;
    bool logged_in;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Reports; *ret_again_in_ms (may be NULL) is when to report next. Needs an enrolled machine, no
 * login. Faults of rectify_call. */
MUST_CHECK enum status rectify_agent_report(struct rectify_channel *channel,
                                            const struct rectify_agent_report *report,
                                            uint32_t *ret_again_in_ms, struct fault *f);

#endif
