/* The paper (开通单) a unit gets: one page with everything its clerk needs to type one command, as
 * .html for the printer and .txt, and beside them a file the command takes instead (.onboard). They
 * hold a one-time code: 0600, in a folder 0700.
 */
#ifndef CLIENT_CLI_SHEET_H
#define CLIENT_CLI_SHEET_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stdint.h>

struct sheet {
    const char *org_name;
    const char *org;
    const char *account;
    const char *display_name;
    const char *address; /* HOST:PORT of the enrolment door */
    const char *server_name;
    const char *sha256;  /* of the authority, 64 hex digits */
    const char *code;    /* with hyphens */
    const char *expires; /* "2026-12-07 10:00" */
    const char *contact; /* NULL: nobody is named */
};

/* FOLDER/ACCOUNT.onboard, which is written before the code is sent. */
MUST_CHECK enum status sheet_write_file(struct arena *a, const char *folder,
                                        const struct sheet *sheet, struct fault *f);

/* FOLDER/ACCOUNT.html and .txt. */
MUST_CHECK enum status sheet_write_pages(struct arena *a, const char *folder,
                                         const struct sheet *sheet, struct fault *f);

#endif
