/* rectify-agent: keeps the line between a unit's machine and the server, so that its people need
 * not. It holds no rule of its own about what is sent: that is the outbox's (client/lib/outbox.h).
 *
 *   thread    has for itself                 does
 *   main      signals                        starts and stops the others; HUP: the profile anew
 *   sender    channel, outbox, inotify       drains the outbox when something waits
 *   listener  channel                        parked WaitAlerts: stores what came, asks on
 *   teller    children (hook, notify-send)   tells what is stored, one after the other
 *   keeper    channel, outbox, cache         heartbeat, verdicts, restores, heads, certificate,
 *                                            reading offline, digest, tidying
 *
 * What they share is struct agent (agent_impl.h) under its lock, for moments only: no call, no file
 * and no child is waited for with it, but for the small state file. The alert store has a lock of
 * its own. A thread that finds the line up or down, or that a person is needed, says so there; who
 * waits for the line is woken at once.
 *
 * Nothing is lost by kill -9 at any moment: commands are in the outbox, alerts in the store, and
 * both are marked done after they are.
 */
#ifndef CLIENT_AGENT_AGENT_H
#define CLIENT_AGENT_AGENT_H

#include "client/lib/profile.h"
#include "proto/base/fault.h"

#include <stdbool.h>

#ifndef RECTIFY_VERSION
#define RECTIFY_VERSION "0.0.0"
#endif
#define AGENT_VERSION "rectify-agent " RECTIFY_VERSION

/* Exit codes: those of `rectify`, where they mean the same. */
enum agent_exit {
    AGENT_EXIT_OK = 0,
    AGENT_EXIT_INTERNAL = 1,     /* a fault of the program or of this machine's disk */
    AGENT_EXIT_USAGE = 2,        /* the command line is wrong */
    AGENT_EXIT_PROFILE = 3,      /* the profile is wrong or missing */
    AGENT_EXIT_DENIED = 5,       /* --once: not logged in, not enrolled, revoked */
    AGENT_EXIT_RUNNING = 6,      /* another agent runs in this state folder */
    AGENT_EXIT_TRY_AGAIN = 7,    /* --once: the server cannot be reached; all is kept */
    AGENT_EXIT_NOT_VERIFIED = 8, /* --once: the server's log does not hold */
};

struct agent;

/* Takes the state folder's lock and opens its alerts; starts nothing. The profile is borrowed.
 * ALREADY_EXISTS AGENT_RUNNING; faults of agent_state.h and alerts.h. */
MUST_CHECK enum status agent_new(const struct rectify_profile *profile, struct agent **ret_agent,
                                 struct fault *f);

/* Stops what runs, notes the end in the state file and lets the lock go. NULL is accepted. */
void agent_free(struct agent *agent);

/* Starts the four threads. UNAVAILABLE THREAD; then nothing runs. */
MUST_CHECK enum status agent_start(struct agent *agent, struct fault *f);

/* Lets each running call end, cuts it off after a few seconds, and joins the threads. */
void agent_stop(struct agent *agent);

/* Another profile in the place of the one before (same state folder); between stop and start. */
void agent_profile_set(struct agent *agent, const struct rectify_profile *profile);

/* --once, in the calling thread: sends what waits, fetches and tells alerts. */
enum agent_exit agent_once(struct agent *agent);

/* The command line; blocks all signals it waits for. Returns the exit code. */
int agent_main(int argc, char **argv);

#endif
