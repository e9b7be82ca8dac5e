/* Local database: one SQLite file of this machine (outbox.db, cache.db) behind prepared statements.
 * For client/lib alone; results are SQLite's own codes, which the users turn into their faults.
 *
 * Threads: one thread at a time uses a handle.
 */
#ifndef CLIENT_LIB_LOCAL_DB_H
#define CLIENT_LIB_LOCAL_DB_H

#include "proto/base/arena.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

struct local_db {
    sqlite3 *handle;
    const char *const *texts; /* of the statements, by index */
    sqlite3_stmt **prepared;  /* NULL: not yet */
    size_t count;
};

struct local_db_config {
    const char *path;
    const char *const *texts;
    size_t count;
    bool durable; /* synchronous=FULL; else OFF: what is written may be lost with the power */
};

/* Opens or makes the file (0600), WAL, a small page cache. On failure the handle is closed. */
int local_db_open(const struct local_db_config *config, struct local_db *ret_db);

/* Accepts a zeroed struct. */
void local_db_close(struct local_db *db);

/* Runs texts without parameters and results. */
int local_db_run(struct local_db *db, const char *sql);

/* A statement, prepared once, without bindings; NULL when it cannot be (local_db_code). */
sqlite3_stmt *local_db_statement(struct local_db *db, size_t index);

/* Steps a statement that gives no rows and resets it. SQLITE_OK, or the failure. NULL is passed
 * on as the failure to prepare. */
int local_db_execute(struct local_db *db, sqlite3_stmt *s);

/* Steps to the next row: SQLITE_ROW, SQLITE_DONE, or the failure. Reset it when done with it. */
int local_db_step(struct local_db *db, sqlite3_stmt *s);

/* Begins a transaction that may write; waits for others' up to the busy timeout. */
int local_db_begin(struct local_db *db);

/* Ends it. After a failure nothing of it stands. */
int local_db_commit(struct local_db *db);
void local_db_rollback(struct local_db *db);

/* Binds; NULL text and bytes become NULL. Borrowed until the statement is reset. */
void local_db_text(sqlite3_stmt *s, int index, const char *text);
void local_db_number(sqlite3_stmt *s, int index, int64_t value);
void local_db_bytes(sqlite3_stmt *s, int index, const void *bytes, size_t n);

/* A column's value copied into the arena; NULL for NULL, and when the arena is full. */
char *local_db_get_text(struct arena *a, sqlite3_stmt *s, int column);
unsigned char *local_db_get_bytes(struct arena *a, sqlite3_stmt *s, int column, size_t *ret_n);

/* Does a failure mean that the file is no database any more? */
bool local_db_is_damage(int code);

/* Does it mean that there is no room in that folder (disk, quota, limit of the process)? */
bool local_db_is_full(const char *folder, int code);

#endif
