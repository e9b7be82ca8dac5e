/* Onboarding: how this machine gets its keys, its certificate and its profile with one one-time
 * code, and how the certificate is renewed later.
 *
 * The server is trusted by the fingerprint on the paper (开通单): the first connection checks
 * nothing and is sent nothing secret; what it says of the authority is compared with the
 * fingerprint, and only a second connection that the authority vouches for is sent the code. Every
 * step may be repeated after an interruption with the same code: keys are on the disk before they
 * are sent, in a folder named after the code.
 *
 * Nothing is printed. Any thread; every function blocks on the network or the disk.
 */
#ifndef CLIENT_LIB_ONBOARD_H
#define CLIENT_LIB_ONBOARD_H

#include "client/lib/channel.h"
#include "client/lib/profile.h"

#include <stdbool.h>
#include <stdint.h>

/* What the paper says. Borrowed. */
struct rectify_onboard_paper {
    const char *address; /* HOST:PORT of the enrolment door; a tls+tcp:// before it is taken too */
    const char *code;    /* as typed */
    const char *ca_sha256;   /* as typed: at least 32 hex digits; blanks and colons are ignored */
    const char *server_name; /* name in the server's certificate; NULL: rectifyd */
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Who this machine is now. Texts in the caller's arena. */
struct rectify_onboarded {
    const char *machine; /* id */
    const char *org;
    const char *org_name;
    const char *account;
    const char *display_name;
    const char *tenant;
    const char *server;  /* tls+tcp://HOST:PORT of the main door */
    const char *onboard; /* tls+tcp://HOST:PORT of the enrolment door */
    const char *server_name;
    const char *folder;                     /* where keys and certificate lie; absolute */
    const unsigned char *ledger_public_key; /* of the server's log, 32 bytes; NULL: it keeps none */
    const char *notice;
    int64_t certificate_not_after_ms;
    int64_t clock_difference_ms; /* this machine's clock minus the server's */
    bool needs_password;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Reads a file that `rectify office onboard` laid beside the paper: "key = value" lines with
 * address, code, ca_sha256, server_name. INVALID_ARGUMENT ONBOARD_FILE with the line. */
MUST_CHECK enum status rectify_onboard_paper_read(struct arena *a, const char *path,
                                                  struct rectify_onboard_paper *ret_paper,
                                                  struct fault *f);

/* Looks at what was typed before anything is sent. INVALID_ARGUMENT ONBOARD_ADDRESS, CODE_LENGTH,
 * CODE_CHARACTER, CODE_CHECK, FINGERPRINT_FORM. Pure. */
MUST_CHECK enum status rectify_onboard_paper_check(const struct rectify_onboard_paper *paper,
                                                   struct fault *f);

/* One attempt. Borrowed. */
struct rectify_onboard_ask {
    struct rectify_onboard_paper paper;
    const char *base;         /* keys and certificate go to base/machines/… */
    const char *label;        /* what people call the machine */
    const char *new_password; /* NULL: none is set */
    const char *client_version;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Onboards; the profile is not written. On top of transport faults:
 *   UNAUTHENTICATED      FINGERPRINT_WRONG (another server, or somebody between), TLS_SERVER_…
 *   FAILED_PRECONDITION  CLOCK_WRONG (this machine's clock is too far off to check certificates)
 *   UNAVAILABLE          ONBOARD_DOOR (something answers there, but no enrolment door)
 *   and what OnboardService/Onboard answers. */
MUST_CHECK enum status rectify_onboard(const struct rectify_onboard_ask *ask, struct arena *a,
                                       struct rectify_onboarded *ret, struct fault *f);

/* Writes the profile file (0600), whole or not at all; password_file and state (a folder) may be
 * NULL. The caller has made sure that the file may be overwritten. */
MUST_CHECK enum status rectify_onboard_profile_write(const struct rectify_onboarded *who,
                                                     const char *file, const char *password_file,
                                                     const char *state, struct arena *a,
                                                     struct fault *f);

/* Keeps machine id and log key where the profile has its state, as enrolling does.
 * DATA_LOSS LEDGER_KEY_CHANGED. */
MUST_CHECK enum status rectify_onboard_state_keep(const struct rectify_profile *profile,
                                                  const struct rectify_onboarded *who,
                                                  struct fault *f);

/* ---- the certificate of an onboarded machine ---- */

/* How long the profile's certificate is still valid, in ms, negative once it has ended; total_ms
 * (may be NULL) how long it is valid altogether. FAILED_PRECONDITION TLS_FILE_…,
 * INVALID_ARGUMENT PROFILE_INCOMPLETE (no cert in the profile). */
MUST_CHECK enum status rectify_certificate_left_ms(const struct rectify_profile *profile,
                                                   int64_t *ret_left_ms, int64_t *ret_total_ms,
                                                   struct fault *f);

/* Makes a new key, has the server sign it and puts both in place by one rename: after a crash at
 * any moment the profile's certificate and key belong together. It opens a channel of its own from
 * the options: the main door, or the profile's `onboard` door once the certificate has ended or is
 * refused. A channel opened before goes on with the old certificate until that ends; open it anew.
 * FAILED_PRECONDITION RENEW_SEPARATE (the profile's cert and key are two files: made by hand,
 * renewed by hand), ONBOARD_OFF; UNAUTHENTICATED MACHINE_REVOKED. */
MUST_CHECK enum status rectify_certificate_renew(const struct rectify_channel_options *options,
                                                 int64_t *ret_not_after_ms, struct fault *f);

#endif
