/* What the threads of the agent share; for client/agent alone. */
#ifndef CLIENT_AGENT_AGENT_IMPL_H
#define CLIENT_AGENT_AGENT_IMPL_H

#include "client/agent/agent.h"
#include "client/agent/say.h"
#include "client/lib/agent_state.h"
#include "client/lib/alerts.h"
#include "client/lib/channel.h"
#include "client/lib/outbox.h"

#include <pthread.h>

enum agent_job { AGENT_SENDER, AGENT_LISTENER, AGENT_TELLER, AGENT_KEEPER, AGENT_JOBS };

struct agent {
    const struct rectify_profile *profile;
    const char *account;        /* whose alerts */
    char *notifier;             /* path of notify-send; NULL: there is none */
    char *hook;                 /* path of the profile's hook; NULL: none */
    int64_t hook_not_before_ms; /* steady; the teller's own */
    char instance[UUID_TEXT_SIZE];
    int lock_fd;
    int wake_fd; /* eventfd: wakes the sender, who waits in poll */
    struct rectify_alerts *alerts;
    pthread_mutex_t login_lock;   /* one logs in, the others then find the session */
    pthread_mutex_t restore_lock; /* one offers again what a restored server lost */

    pthread_mutex_t lock; /* around all that follows */
    pthread_cond_t changed;
    bool stopping;
    unsigned running;
    bool started[AGENT_JOBS];
    pthread_t threads[AGENT_JOBS];
    uint64_t epoch;             /* channels opened in an older one are opened anew */
    uint64_t kicks[AGENT_JOBS]; /* wake-ups so far, and those seen */
    uint64_t seen[AGENT_JOBS];
    struct rectify_channel *channels[AGENT_JOBS]; /* to be cut off */
    struct fault login_fault; /* code OK, or why the password is not tried again in this epoch */
    uint64_t login_epoch;
    int64_t refused_since_ms; /* see rectify_refusal_is_the_line */
    struct rectify_agent_state state;
};

bool agent_stopping(struct agent *agent);

/* Waits until kicked, stopped, or for so long; negative: for ever. */
void agent_wait(struct agent *agent, enum agent_job job, int64_t ms);
void agent_kick(struct agent *agent, enum agent_job job);

/* Session, machine or certificate have changed on the disk: all channels are opened anew. */
void agent_renew(struct agent *agent);

/* The line, as it was just found. up with the server's time (0: not told). */
void agent_line_up(struct agent *agent, int64_t server_time_ms);
void agent_line_down(struct agent *agent, const struct fault *why);
bool agent_line_is_up(struct agent *agent);

/* A person is needed: said once a day, and in the state until it is cleared. */
void agent_trouble(struct agent *agent, const char *code, const struct fault *why);
void agent_trouble_clear(struct agent *agent, const char *code);

/* Something was written: a trouble of the disk whose reason begins so is over. */
void agent_disk_good(struct agent *agent, const char *prefix);

bool agent_in_trouble(struct agent *agent, const char *code);

/* Writes the state file. */
void agent_state_write(struct agent *agent);

/* Has people told something of the agent's own; what was told under that id before is not told
 * again. id NULL: KIND-YYYY-MM-DD, once a day. */
void agent_tell(struct agent *agent, const char *kind, const char *id, const char *title,
                const char *text);

/* This machine's day, "2026-11-30", and the minutes since its midnight. */
enum { AGENT_DAY_SIZE = 16 };
int agent_day(int64_t now_ms, char ret_day[AGENT_DAY_SIZE]);

/* Waits between attempts on a dead line: from half to all of 1 s, 2 s, 4 s … at most 20 s. Pure. */
uint32_t agent_backoff_ms(unsigned attempt, uint32_t random);
uint32_t agent_random(void);

/* ---- the way to the server of one thread (link.c) ---- */

struct agent_link {
    struct agent *agent;
    enum agent_job job;
    struct rectify_channel *channel; /* NULL: not open */
    uint64_t epoch;
    bool impatient;   /* a failed call is not tried again by the channel, whatever it may be */
    struct fault why; /* impatient: what it failed for */
};

enum agent_failure {
    AGENT_FAILED_LINE,     /* not reachable, busy: later */
    AGENT_FAILED_PERSON,   /* login, machine, log: not before a person did something */
    AGENT_FAILED_STOPPED,  /* cut off */
    AGENT_FAILED_ANSWERED, /* the server, or the disk, says no to this one */
};

/* Opens the channel, anew when something changed; with session also logs in from the profile's
 * password file where there is no session. Faults of channel.h and session.h. */
MUST_CHECK enum status agent_link_open(struct agent_link *link, bool session, struct fault *f);
void agent_link_close(struct agent_link *link);

/* What a failed call means; notes it (line, trouble), and closes the channel where the next attempt
 * must read its files anew. */
enum agent_failure agent_link_failed(struct agent_link *link, const struct fault *why);

/* The same where it is known already that a person is needed, and for what. */
void agent_link_person(struct agent_link *link, const char *trouble, const struct fault *why);

/* A call went well. */
void agent_link_good(struct agent_link *link, bool session, int64_t server_time_ms);

/* A question in the arena; on success the line is up. */
MUST_CHECK enum status agent_ask(struct agent_link *link, struct arena *a, const char *method,
                                 const ProtobufCMessage *request, ProtobufCMessage **ret_reply,
                                 struct fault *f);

/* ---- the threads, and the steps of which --once makes one pass ---- */

void *agent_sender_run(void *agent);
void *agent_listener_run(void *agent);
void *agent_teller_run(void *agent);
void *agent_keeper_run(void *agent);

/* The last thing a thread does. */
void agent_ended(struct agent *agent);

/* Was the server restored to an earlier point, and is that known here? Then what it may have lost
 * waits again. Asks the disk alone; the link is open. Faults of the outbox, alerts.h and state.h.
 */
MUST_CHECK enum status agent_restored(struct agent_link *link, struct rectify_outbox *outbox,
                                      struct fault *f);

/* Drains once. OK with *ret_end; faults of the outbox. */
MUST_CHECK enum status agent_send(struct agent_link *link, struct rectify_outbox *outbox,
                                  struct rectify_drain *ret_drain, struct fault *f);

/* One WaitAlerts; *ret_count: how many came. */
MUST_CHECK enum status agent_listen(struct agent_link *link, uint32_t wait_ms, size_t *ret_count,
                                    struct fault *f);

/* Tells what waits. Returns in how many ms to try a failed hook again; negative: nothing waits. */
int64_t agent_tell_waiting(struct agent *agent);

/* An item was settled on its way, or judged; user is the agent. */
void agent_item_settled(void *user, const struct rectify_item *item);

#endif
