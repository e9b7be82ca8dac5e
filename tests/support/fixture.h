/* Fixture: a fresh database for a test program, cloned from the migrated template.
 *
 * The cluster belongs to the build folder (BUILD_DIR in the environment, set by ctest) and is
 * started by the ctest fixture `cluster`. By hand: tests/support/cluster start BUILD_DIR. Whatever
 * goes wrong here ends the program with a message: a test has no use for an error code of its
 * tools. Single thread. Databases are dropped at exit; those of a killed program by the next start
 * of the cluster.
 */
#ifndef TESTS_SUPPORT_FIXTURE_H
#define TESTS_SUPPORT_FIXTURE_H

#include <stdbool.h>
#include <stddef.h>

/* The libpq string of this program's database for a role ("rectify_app", "rectify_owner",
 * "rectify_backup", or "postgres": superuser). Clones the template on the first call. The text
 * belongs to the fixture and lives until exit; at most 8 different roles. Blocks. */
const char *test_db_conninfo(const char *role);

/* Drops this program's database; the next test_db_conninfo clones a new one. Strings given before
 * are overwritten with the new database's. Connections still open are cut. */
void test_db_reset(void);

/* Runs SQL as a role on a connection of its own; ends the program if it fails. For set-up, and to
 * look behind the store's back. */
void test_db_exec(const char *role, const char *sql);

/* The first column of the first row as text, into ret_text; "" for NULL or no row. */
void test_db_query(const char *role, const char *sql, char *ret_text, size_t size);

/* Whether the database refuses the SQL (one transaction) by the constraint or trigger of that name.
 */
bool test_db_refused(const char *role, const char *sql, const char *constraint);

/* A folder of this program's own, made on the first call and removed with what is in it at exit. */
const char *test_dir(void);

#endif
