/* Finding a month's table by what people write, and putting files out of harm's way. Shared by the
 * table commands. */
#ifndef CLIENT_CLI_TABLES_H
#define CLIENT_CLI_TABLES_H

#include "client/cli/cli.h"

#include <rectify/v1/table.pb-c.h>

/* A table by its id (表号), by UNIT, by UNIT/PERIOD, or NULL for the caller's oldest owed one;
 * --org, --period and --inspection of the line apply where text is NULL. */
MUST_CHECK enum status tables_find(struct cli *c, const struct line *line, const char *text,
                                   Pb__Table **ret_table, struct fault *f);

/* The same for the office: UNIT alone is the unit's one table with rows to be judged. */
MUST_CHECK enum status tables_find_waiting(struct cli *c, const struct line *line, const char *text,
                                           Pb__Table **ret_table, struct fault *f);

/* One table by its id. */
MUST_CHECK enum status tables_get(struct cli *c, const char *id, Pb__Table **ret_table,
                                  struct fault *f);

/* The same as one of its versions had it. */
MUST_CHECK enum status tables_get_version(struct cli *c, const char *id, int64_t version,
                                          Pb__Table **ret_table, struct fault *f);

/* Has it rows that the office may judge: handed in, or returned in part? Is it the unit's turn? */
bool tables_waiting(const Pb__Table *table);
bool tables_owed(const Pb__Table *table);

/* The state in Chinese; one whose rows were all returned is not called returned in part. Never
 * NULL. */
const char *tables_state_zh(const Pb__Table *table);

/* Does it wait for the unit's second person? */
bool tables_confirming(const Pb__Table *table);

/* If there is a file at path whose content differs from the one at fresh, and is not kept already,
 * renames it to path.bak (or .bak2 …) and says so on err: an export never destroys what somebody
 * has filled in. */
MUST_CHECK enum status tables_keep_old(struct cli *c, const char *path, const char *fresh,
                                       struct fault *f);

#endif
