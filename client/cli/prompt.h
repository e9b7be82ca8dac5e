/* Asking for a secret, and files that hold one. */
#ifndef CLIENT_CLI_PROMPT_H
#define CLIENT_CLI_PROMPT_H

#include "client/cli/cli.h"

/* Asks on the terminal (/dev/tty) without echo. FAILED_PRECONDITION PROMPT_NO_TERMINAL without one,
 * INVALID_ARGUMENT PROMPT_EMPTY. The answer is in the run's arena; wipe it. Blocks. */
MUST_CHECK enum status prompt_secret(struct cli *c, const char *question, char **ret_answer,
                                     struct fault *f);

/* Asks for a new password, twice. INVALID_ARGUMENT PASSWORD_DIFFERS. */
MUST_CHECK enum status prompt_new_password(struct cli *c, char **ret_answer, struct fault *f);

/* Asks for something that may be seen; what is typed is echoed. Faults as prompt_secret's. */
MUST_CHECK enum status prompt_line(struct cli *c, const char *question, char **ret_answer,
                                   struct fault *f);

/* Is there somebody at a terminal to be asked? */
bool prompt_possible(void);

/* The secret in a file (its first line); a file that is not there is made, 0600, with a new random
 * token. *ret_made says which. secret_file_read's faults. Blocks. */
MUST_CHECK enum status prompt_secret_file(struct cli *c, const char *path, char **ret_secret,
                                          bool *ret_made, struct fault *f);

#endif
