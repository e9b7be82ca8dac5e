/* Exit codes of `rectify`: part of its contract, shown by `rectify help exit-codes`. */
#ifndef CLIENT_CLI_EXIT_CODE_H
#define CLIENT_CLI_EXIT_CODE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

enum exit_code {
    EXIT_CODE_OK = 0,
    EXIT_CODE_INTERNAL = 1,     /* a fault of the program or the server */
    EXIT_CODE_USAGE = 2,        /* the command line is wrong */
    EXIT_CODE_INPUT = 3,        /* a file or value is wrong */
    EXIT_CODE_NOT_FOUND = 4,    /* no such thing, or not visible to the caller */
    EXIT_CODE_DENIED = 5,       /* not logged in, not enrolled, not permitted */
    EXIT_CODE_STATE = 6,        /* the state forbids it now, or the version is stale */
    EXIT_CODE_TRY_AGAIN = 7,    /* not reachable, busy, too slow, or the outcome is unknown */
    EXIT_CODE_NOT_VERIFIED = 8, /* a receipt, head, log or file does not hold */
    EXIT_CODE_WARNED = 9,       /* doctor: it works, and something should be looked at */
    EXIT_CODE_FAULTY = 10,      /* doctor: something does not work */
};

enum { EXIT_CODE_COUNT = 11 };

/* Reasons that begin so are faults of the command line. */
#define USAGE_PREFIX "USAGE_"

/* The code for a fault; EXIT_CODE_OK for STATUS_OK. Pure. */
enum exit_code exit_code_from_fault(const struct fault *f);

/* One line of Chinese for a code; never NULL. */
const char *exit_code_text(enum exit_code code);

/* What a person can do about a fault, Chinese; "" where there is nothing to say, never NULL. words:
 * of the command that was run
 * ("table submit"), "" when none was recognised; the same refusal asks for another step in another
 * situation. In the arena, or static. Pure. */
const char *exit_code_advice(struct arena *a, const struct fault *f, const char *words);

#endif
