/* Typed: which command line does what the server calls a command. The server's machines name
 * objects and commands ("notice", "not_satisfied"); people type words ("office notice fail"). Pure
 * but for the arena; any thread.
 */
#ifndef CLIENT_CLI_TYPED_H
#define CLIENT_CLI_TYPED_H

#include "client/cli/cli.h"
#include "client/cli/command.h"

/* The row of the command table, or NULL where none does it. object: "measure", "problem", "sitting"
 * or a kind of matter. */
const struct command *typed_row(const char *object, const char *command);

/* "rectify office notice fail DB-0001 --reason 理由", in the arena; "" where no row does it. */
const char *typed_line(struct cli *c, const char *object, const char *command, const char *ref);

/* What it does, in a word or two: the row's summary up to its first mark ("发出督办单"), in the
 * arena; the command's own name where no row does it. Never NULL. */
const char *typed_name(struct cli *c, const char *object, const char *command);

#endif
