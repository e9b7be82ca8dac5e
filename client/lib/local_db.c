#include "client/lib/local_db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_TIMEOUT_MS = 10000, TRIES = 50, TRY_PAUSE_US = 20000 };

/* A page cache of 512 KiB: the agent stays small. */
#define SETTINGS_COMMON                                                                            \
    "PRAGMA cache_size=-512; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; "                  \
    "PRAGMA temp_store=MEMORY; "
static const char settings_durable[] = SETTINGS_COMMON "PRAGMA synchronous=FULL";
static const char settings_fast[] = SETTINGS_COMMON "PRAGMA synchronous=OFF";

/* What two processes that make the file at the same time get now and then. */
static bool
is_passing(int code)
{
    return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}

/* Turning to WAL needs the file for a moment alone, and the busy timeout does not cover that. */
static int
wal_set(struct local_db *db)
{
    int code = SQLITE_BUSY;
    for (int i = 0; i < TRIES && is_passing(code); i++) {
        if (i > 0) {
            (void)usleep(TRY_PAUSE_US);
        }
        code = sqlite3_exec(db->handle, "PRAGMA journal_mode=WAL", NULL, NULL, NULL);
    }
    return code;
}

int
local_db_open(const struct local_db_config *config, struct local_db *ret_db)
{
    struct local_db db = {.texts = config->texts, .count = config->count};
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    /* SQLite would make it readable to others. An existing file must not be opened here: closing it
     * would let go of the locks that other handles of this process have on it. */
    int fd = open(config->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) {
        return errno == ENOSPC || errno == EDQUOT ? SQLITE_FULL : SQLITE_CANTOPEN;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    db.prepared = calloc(config->count, sizeof(sqlite3_stmt *));
    if (db.prepared == NULL) {
        return SQLITE_NOMEM;
    }
    int code = sqlite3_open_v2(config->path, &db.handle, flags, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_busy_timeout(db.handle, BUSY_TIMEOUT_MS);
    }
    if (code == SQLITE_OK) {
        code = wal_set(&db);
    }
    if (code == SQLITE_OK) {
        code = local_db_run(&db, config->durable ? settings_durable : settings_fast);
    }
    if (code == SQLITE_OK) {
        *ret_db = db;
    } else {
        local_db_close(&db);
    }
    return code;
}

void
local_db_close(struct local_db *db)
{
    for (size_t i = 0; db->prepared != NULL && i < db->count; i++) {
        (void)sqlite3_finalize(db->prepared[i]);
    }
    free(db->prepared);
    (void)sqlite3_close(db->handle);
    *db = (struct local_db){.handle = NULL};
}

int
local_db_run(struct local_db *db, const char *sql)
{
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
}

sqlite3_stmt *
local_db_statement(struct local_db *db, size_t index)
{
    if (db->prepared[index] == NULL) {
        (void)sqlite3_prepare_v3(db->handle, db->texts[index], -1, SQLITE_PREPARE_PERSISTENT,
                                 &db->prepared[index], NULL);
    }
    sqlite3_stmt *s = db->prepared[index];
    if (s != NULL) {
        (void)sqlite3_reset(s);
        (void)sqlite3_clear_bindings(s);
    }
    return s;
}

int
local_db_step(struct local_db *db, sqlite3_stmt *s)
{
    if (s == NULL) {
        return sqlite3_extended_errcode(db->handle);
    }
    return sqlite3_step(s);
}

int
local_db_execute(struct local_db *db, sqlite3_stmt *s)
{
    int code = local_db_step(db, s);
    (void)sqlite3_reset(s);
    return code == SQLITE_DONE || code == SQLITE_ROW ? SQLITE_OK : code;
}

int
local_db_begin(struct local_db *db)
{
    return local_db_run(db, "BEGIN IMMEDIATE");
}

int
local_db_commit(struct local_db *db)
{
    int code = local_db_run(db, "COMMIT");
    if (code != SQLITE_OK) {
        local_db_rollback(db);
    }
    return code;
}

void
local_db_rollback(struct local_db *db)
{
    if (sqlite3_get_autocommit(db->handle) == 0) {
        (void)local_db_run(db, "ROLLBACK");
    }
}

void
local_db_text(sqlite3_stmt *s, int index, const char *text)
{
    if (s != NULL && text != NULL) {
        (void)sqlite3_bind_text(s, index, text, -1, SQLITE_STATIC);
    }
}

void
local_db_number(sqlite3_stmt *s, int index, int64_t value)
{
    if (s != NULL) {
        (void)sqlite3_bind_int64(s, index, value);
    }
}

void
local_db_bytes(sqlite3_stmt *s, int index, const void *bytes, size_t n)
{
    if (s != NULL && bytes != NULL) {
        (void)sqlite3_bind_blob64(s, index, bytes, n, SQLITE_STATIC);
    }
}

char *
local_db_get_text(struct arena *a, sqlite3_stmt *s, int column)
{
    const char *text = (const char *)sqlite3_column_text(s, column);
    return arena_strdup(a, text);
}

unsigned char *
local_db_get_bytes(struct arena *a, sqlite3_stmt *s, int column, size_t *ret_n)
{
    const void *bytes = sqlite3_column_blob(s, column);
    int n = sqlite3_column_bytes(s, column);
    *ret_n = 0;
    if (sqlite3_column_type(s, column) == SQLITE_NULL) {
        return NULL;
    }
    unsigned char *copy = arena_alloc(a, (size_t)n + 1);
    if (copy != NULL && n > 0) {
        memcpy(copy, bytes, (size_t)n);
    }
    *ret_n = copy != NULL ? (size_t)n : 0;
    return copy;
}

bool
local_db_is_damage(int code)
{
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

/* Could a file of some size be made there? */
static bool
has_room(const char *folder)
{
    enum { ROOM_BYTES = 1024 * 1024 };
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno != ENOSPC && errno != EDQUOT;
    }
    int error = posix_fallocate(fd, 0, ROOM_BYTES);
    (void)close(fd);
    return error != ENOSPC && error != EDQUOT && error != EFBIG;
}

bool
local_db_is_full(const char *folder, int code)
{
    if ((code & 0xff) == SQLITE_IOERR) {
        return !has_room(folder); /* SQLite knows ENOSPC alone; a quota is an I/O error to it */
    }
    return (code & 0xff) == SQLITE_FULL;
}
