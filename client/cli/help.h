/* Help texts, made from the command table. */
#ifndef CLIENT_CLI_HELP_H
#define CLIENT_CLI_HELP_H

#include "client/cli/cli.h"

/* The overview of all commands. */
void help_print_all(FILE *out);

/* One command: usage, options, examples, who uses it. */
void help_print_command(FILE *out, const struct command *command);

/* `rectify help [words…]`: a command, a group, "exit-codes", or the overview. NOT_FOUND never:
 * unknown words are a USAGE_COMMAND fault. */
MUST_CHECK enum status help_print_topic(FILE *out, const struct line *line, struct fault *f);

#endif
