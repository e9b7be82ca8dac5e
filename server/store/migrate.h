/* Migrations: the schema, forward only.
 *
 * The files of migrations/ are compiled in, in order of their numbers. Each is applied once, in one
 * transaction, under an advisory lock, and noted with its SHA-256 in rectify.migration; a file that
 * was applied and edited since stops everything. It refuses to go back.
 */
#ifndef SERVER_STORE_MIGRATE_H
#define SERVER_STORE_MIGRATE_H

#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stddef.h>

struct migration {
    int no;           /* 1 for 0001_foundation.sql */
    const char *name; /* "0001_foundation.sql" */
    const char *sql;
};

/* Those compiled in, by number (generated; server/store/CMakeLists.txt). */
const struct migration *migrate_embedded(size_t *ret_count);

/* Told of each migration applied. */
typedef void migrate_note_fn(void *ctx, const struct migration *m);

/* Applies what is missing, as the role of conninfo (the owner). FAILED_PRECONDITION:
 * MIGRATION_EDITED (a file changed after it was applied), MIGRATION_UNKNOWN (the database is newer
 * than this program), MIGRATION_ORDER (a number below an applied one is missing); INTERNAL
 * MIGRATION_FAILED names the file and the database's words. note may be NULL. Blocks. */
MUST_CHECK enum status migrate_apply(const char *conninfo, const struct migration *list,
                                     size_t count, migrate_note_fn *note, void *ctx,
                                     struct fault *fault);

/* OK when exactly these are applied: what a server asks before it serves. FAILED_PRECONDITION
 * SCHEMA_OLD, or the reasons above. Blocks. */
MUST_CHECK enum status migrate_check(const char *conninfo, const struct migration *list,
                                     size_t count, struct fault *fault);

#endif
