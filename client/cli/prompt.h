/* Asking for a secret, and files that hold one. */
#ifndef CLIENT_CLI_PROMPT_H
#define CLIENT_CLI_PROMPT_H

#include "client/cli/cli.h"

/* Asks on the terminal (/dev/tty) without echo. FAILED_PRECONDITION PROMPT_NO_TERMINAL without one,
 * INVALID_ARGUMENT PROMPT_EMPTY. The answer is in the run's arena; wipe it. Blocks. */
MUST_CHECK enum status prompt_secret(struct cli *c, const char *question, char **ret_answer,
                                     struct fault *f);

/* The secret in a file (its first line); a file that is not there is made, 0600, with a new random
 * token. *ret_made says which. secret_file_read's faults. Blocks. */
MUST_CHECK enum status prompt_secret_file(struct cli *c, const char *path, char **ret_secret,
                                          bool *ret_made, struct fault *f);

#endif
