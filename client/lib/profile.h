/* Profiles: where the server is, who I am, and where my files lie.
 *
 * A profile is a text file of "key = value" lines (no sections, # and ; begin comments):
 *     server         tls+tcp://HOST:PORT            (needed)
 *     server_name    name in the server's certificate; rectifyd when absent
 *     tenant         code of the district           (needed)
 *     account        name to log in with
 *     password_file  file with the password, mode 0600; without it the password is asked for
 *     ca, cert, key  PEM files of this client's TLS identity
 *     machine_key    file of this machine's signing key
 *     onboard        tls+tcp://HOST:PORT of the enrolment door, where an ended certificate is
 * renewed queue          always, offline or never: which commands go through the outbox; never when
 * absent hook           command the agent runs for each alert digest         HH:MM, when the agent
 * shows the day's digest state          folder for session, cursor and receipts;
 * ~/.local/state/rectify/NAME by default Relative paths start at the profile's folder. An unknown
 * key is refused with its line. (libinih is not used here: it cuts lines at 200 bytes, and paths
 * may be longer.)
 */
#ifndef CLIENT_LIB_PROFILE_H
#define CLIENT_LIB_PROFILE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stddef.h>

/* Texts in the arena it was loaded into; absent ones are NULL, but for server_name and state. */
struct rectify_profile {
    const char *name; /* "unit01" */
    const char *file; /* where it was read from */
    const char *server;
    const char *server_name;
    const char *tenant;
    const char *account;
    const char *password_file;
    const char *ca;
    const char *cert;
    const char *key;
    const char *machine_key;
    const char *state;
    const char *onboard;
    const char *queue; /* one of the three words */
    const char *hook;
    const char *digest; /* "08:30" */
};

/* Where profiles may lie, in this order; NULL places are passed over. */
struct rectify_places {
    const char *home;   /* $RECTIFY_HOME: HOME/profiles/NAME.ini */
    const char *beside; /* the profiles folder beside the program's folder */
    const char *user;   /* ~/.config/rectify/profiles */
    const char *state;  /* where state folders are made by default */
};

/* The places of this process, from its environment and /proc/self/exe. home overrides
 * $RECTIFY_HOME when not NULL, and is then the only place looked into. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status rectify_places_find(struct arena *a, const char *home,
                                           struct rectify_places *ret_places, struct fault *f);

/* The file of a profile. name: a path (with "/" or ".ini"), a name, or NULL for the default:
 * default.ini, else the only profile of the first folder that has any, else office.ini there.
 * NOT_FOUND PROFILE_MISSING; INVALID_ARGUMENT PROFILE_UNCLEAR lists those that are there. Blocks.
 */
MUST_CHECK enum status rectify_profile_find(struct arena *a, const struct rectify_places *places,
                                            const char *name, const char **ret_file,
                                            struct fault *f);

/* Reads a profile from text; file names it in messages and anchors relative paths. INVALID_ARGUMENT
 * PROFILE_SYNTAX, PROFILE_KEY, PROFILE_VALUE, PROFILE_TWICE or PROFILE_INCOMPLETE. Pure. */
MUST_CHECK enum status rectify_profile_parse(struct arena *a, const struct rectify_places *places,
                                             const char *text, const char *file,
                                             struct rectify_profile *ret_profile, struct fault *f);

/* find, read, parse. Blocks. */
MUST_CHECK enum status rectify_profile_load(struct arena *a, const struct rectify_places *places,
                                            const char *name, struct rectify_profile *ret_profile,
                                            struct fault *f);

#endif
