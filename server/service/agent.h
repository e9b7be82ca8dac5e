/* Agents: what a heartbeat means, and how a line of the board reads. Pure.
 *
 * A copied machine shows by its agents taking turns: an agent that starts anew brings an instance
 * nobody has seen, one that comes back after another was heard is a second copy.
 */
#ifndef SERVER_SERVICE_AGENT_H
#define SERVER_SERVICE_AGENT_H

#include "server/store/agent.h"

#include <stdbool.h>
#include <stdint.h>

enum agent_light { AGENT_GREEN = 1, AGENT_YELLOW, AGENT_RED };

/* What the board says of a machine. Static texts. */
struct agent_verdict {
    const char *state; /* CONNECTED, OFFLINE, QUIET, NONE, REVOKED */
    const char *state_zh;
    enum agent_light light;
    const char *hint; /* NULL: nothing is wrong */
    bool cloned;
};

/* What is to be kept after a heartbeat: heard with its instance and counts filled, now_ms the time.
 * False: nothing, the same agent was heard a moment ago. */
bool agent_heard(const struct agent_record *before, struct agent_record *heard, int64_t now_ms);

/* When the machine was last heard, agent or person; 0: never. */
int64_t agent_last_seen_ms(const struct agent_row *row);

/* When its certificate ends; 0: not known. */
int64_t agent_certificate_end_ms(const struct agent_row *row);

struct agent_verdict agent_judge(const struct agent_row *row, int64_t now_ms);

#endif
