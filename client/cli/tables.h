/* Finding a month's table by what people write, and putting files out of harm's way. Shared by the
 * table commands. */
#ifndef CLIENT_CLI_TABLES_H
#define CLIENT_CLI_TABLES_H

#include "client/cli/cli.h"

#include <rectify/v1/table.pb-c.h>

/* A table by its id (表号), by UNIT, by UNIT/PERIOD, or NULL for the caller's oldest owed one;
 * --org, --period and --inspection of the line apply where text is NULL. state: which one to take
 * when a unit alone is named ("SUBMITTED" for the office); NULL: the server's choice. */
MUST_CHECK enum status tables_find(struct cli *c, const struct line *line, const char *text,
                                   const char *state, Pb__Table **ret_table, struct fault *f);

/* If there is a file at path, renames it to path.bak (or .bak2 …) and says so on err, so that an
 * export never destroys what somebody has filled in. */
MUST_CHECK enum status tables_keep_old(struct cli *c, const char *path, struct fault *f);

#endif
