/* Help texts, made from the command table. */
#ifndef CLIENT_CLI_HELP_H
#define CLIENT_CLI_HELP_H

#include "client/cli/cli.h"

/* A clerk's page, and where the others are. */
void help_print_front(FILE *out);

/* All commands and the options all of them take. */
void help_print_all(FILE *out);

/* One command: usage, options, examples, who uses it. */
void help_print_command(FILE *out, const struct command *command);

/* `rectify help [words…]`: a command (with what else begins so), a group, a page ("unit",
 * "office", "matter" …), "all", "exit-codes", or a clerk's page. NOT_FOUND never:
 * unknown words are a USAGE_COMMAND fault. */
MUST_CHECK enum status help_print_topic(FILE *out, const struct line *line, struct fault *f);

#endif
