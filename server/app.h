/* App: owns every long-lived object of rectifyd; the stop order is the start order reversed. */
#ifndef SERVER_APP_H
#define SERVER_APP_H

#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "server/base/config.h"

#define APP_VERSION "rectifyd 0.1.0"

/* Checks the schema, starts dispatch, transport and scheduler, tries its own door, logs "ready",
 * and runs until SIGTERM or SIGINT. Then it drains and ends the program with _exit(0) (nng is not
 * torn down at run time); it returns only when the start failed. Main thread. Blocks. */
MUST_CHECK enum status app_serve(const struct config *config, struct fault *fault);

/* One of the first two administrators. Names are borrowed for the call. */
struct app_administrator {
    const char *account;
    const char *password_file;   /* 0600, holds the first password */
    const char *enrol_code_file; /* 0600, holds the one-time code; made when it is missing */
};

struct app_bootstrap {
    const char *tenant;
    const char *tenant_name;
    struct app_administrator admin; /* ADMIN, 系统管理员 */
    struct app_administrator grant; /* GRANT, 授权管理员: another person */
};

/* Makes the tenant, the org `admin` with these two accounts, each with its one role and its
 * one-time code, and version 1 of the ladder, where they are missing; what is there stays as it is.
 * It is the one way to give a seat without two people, and only on the server's own machine; it
 * stands in the log. INVALID_ARGUMENT SAME_PERSON: one account for both. Connects as the owner.
 * Blocks. */
MUST_CHECK enum status app_bootstrap(const struct config *config, const struct app_bootstrap *b,
                                     struct fault *fault);

struct app_restored {
    const char *tenant; /* code; NULL: every tenant */
    const char *reason; /* why, for everybody */
    bool has_before;    /* the log goes on from its newest head before this time, not from its
                         * newest: the server has run since the restore */
    int64_t before_ms;
};

/* Declares in the log, signed with the log's key, that the database was restored to an earlier
 * point, and skips the receipt numbers that may have been given after it. INVALID_ARGUMENT REASON;
 * FAILED_PRECONDITION LEDGER_KEY_MISSING; NOT_FOUND TENANT_UNKNOWN. Connects as the owner; all or
 * nothing. Blocks. */
MUST_CHECK enum status app_restored(const struct config *config, const struct app_restored *in,
                                    struct fault *fault);

#endif
