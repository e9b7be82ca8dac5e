/* Agent's state: what a running agent says of itself, for whoever wants to look (rectify agent
 * status, an OA system). "agent.state" in the state folder, lines of "key = value", 0600, replaced
 * whole. It outlives the agent: what it says is then the last that was known.
 *
 * Whether an agent runs is told by a lock on "agent.lock", which ends with its process, whatever
 * ends that. What waits to be sent is not repeated here: ask the outbox.
 *
 * Any thread; every function blocks on the disk.
 */
#ifndef CLIENT_LIB_AGENT_STATE_H
#define CLIENT_LIB_AGENT_STATE_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stdint.h>

enum rectify_line {
    RECTIFY_LINE_UNKNOWN = 0, /* not tried yet */
    RECTIFY_LINE_UP = 1,      /* 通 */
    RECTIFY_LINE_DOWN = 2     /* 不通 */
};

/* What stops an agent until a person does something; "" in struct: nothing. */
#define RECTIFY_TROUBLE_LOGIN "LOGIN"     /* rectify login */
#define RECTIFY_TROUBLE_MACHINE "MACHINE" /* not enrolled, revoked, a certificate or key is bad */
#define RECTIFY_TROUBLE_LOG "LOG"         /* the server's log was rolled back or forked */
#define RECTIFY_TROUBLE_DISK "DISK"       /* this machine's disk is full, or a file is damaged */

enum { RECTIFY_STATE_CODE_SIZE = 48, RECTIFY_STATE_TEXT_SIZE = 640 };

struct rectify_agent_state {
    int64_t pid;
    char version[RECTIFY_STATE_CODE_SIZE];
    int64_t started_at_ms; /* all times by this machine's clock; 0: not yet */
    int64_t stopped_at_ms; /* it ended in order; 0: it runs, or was killed */
    int64_t written_at_ms;
    enum rectify_line line;
    int64_t line_since_ms;                     /* up or down since */
    char line_reason[RECTIFY_STATE_CODE_SIZE]; /* down: code, "CONNECT_REFUSED" */
    char line_message[RECTIFY_STATE_TEXT_SIZE];
    int64_t contact_at_ms;   /* the last answer of the server */
    int64_t heartbeat_at_ms; /* the last report that arrived */
    bool has_clock_difference;
    int64_t clock_difference_ms;           /* this machine's clock minus the server's */
    int64_t certificate_until_ms;          /* 0: not known */
    char trouble[RECTIFY_STATE_CODE_SIZE]; /* RECTIFY_TROUBLE_… */
    char trouble_reason[RECTIFY_STATE_CODE_SIZE];
    char trouble_message[RECTIFY_STATE_TEXT_SIZE];
    int64_t trouble_since_ms;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* NOT_FOUND STATE_MISSING: none ever ran here; INVALID_ARGUMENT STATE_MALFORMED. Unknown keys are
 * passed over, so that an older reader reads a newer agent. */
MUST_CHECK enum status rectify_agent_state_load(const char *folder,
                                                struct rectify_agent_state *ret_state,
                                                struct fault *f);

/* Line breaks in texts become blanks. */
MUST_CHECK enum status rectify_agent_state_save(const char *folder,
                                                const struct rectify_agent_state *state,
                                                struct fault *f);

/* Takes the folder's lock; the descriptor holds it until closed. ALREADY_EXISTS AGENT_RUNNING. */
MUST_CHECK enum status rectify_agent_lock(const char *folder, int *ret_fd, struct fault *f);

/* Does one run in that folder? */
bool rectify_agent_running(const char *folder);

#endif
