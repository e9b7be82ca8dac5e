/* Session: enrolling a machine, logging in and out. On top of a channel; the same thread rules. */
#ifndef CLIENT_LIB_SESSION_H
#define CLIENT_LIB_SESSION_H

#include "client/lib/channel.h"

#include <rectify/v1/account.pb-c.h>

/* The password of the profile's password_file, in the arena (wipe it). NOT_FOUND PASSWORD_FILE_NONE
 * when the profile names none; secret_file_read's faults. */
MUST_CHECK enum status rectify_password_read(const struct rectify_profile *profile, struct arena *a,
                                             char **ret_password, struct fault *f);

/* Logs in as the profile's account and keeps the session. INVALID_ARGUMENT ACCOUNT_MISSING; faults
 * of rectify_call. */
MUST_CHECK enum status rectify_login(struct rectify_channel *channel, struct arena *a,
                                     const char *password, Pb__LoginReply **ret_reply,
                                     struct fault *f);

/* Ends the session on the server and forgets it here, even when the server cannot be reached. */
MUST_CHECK enum status rectify_logout(struct rectify_channel *channel, struct arena *a,
                                      struct fault *f);

/* Enrols this machine with a one-time code; makes the profile's machine key when there is none, and
 * keeps the machine's id and the log's public key. INVALID_ARGUMENT MACHINE_KEY_PATH (the profile
 * names no machine_key), DATA_LOSS LEDGER_KEY_CHANGED (another log key was kept before). */
MUST_CHECK enum status rectify_machine_enrol(struct rectify_channel *channel, struct arena *a,
                                             const char *code, const char *label,
                                             Pb__EnrolMachineReply **ret_reply, struct fault *f);

/* Gives up an enrolment that the server has revoked, so that the machine can be enrolled anew: the
 * key is kept aside as FILE.revoked. UNAVAILABLE FILE_WRITE. */
MUST_CHECK enum status rectify_machine_give_up(struct rectify_channel *channel, struct arena *a,
                                               struct fault *f);

/* Id of this machine, or NULL when it is not enrolled. */
const char *rectify_machine_id(const struct rectify_channel *channel);

#endif
