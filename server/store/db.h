/* Database: the only code that speaks to libpq.
 *
 * A `struct db` is one connection, owned by one thread, blocking. Statements are constants
 * registered in arrays (store/registry.c), prepared on first use on each connection, and sent in
 * pipelines: queue several with db_queue, then run them in one round trip with db_run. Nothing is
 * interpolated into SQL; parameters only.
 *
 * It refuses to be: an ORM, a pool, or a place for SQL text (that stands beside the code that binds
 * it, one file a thing).
 */
#ifndef SERVER_STORE_DB_H
#define SERVER_STORE_DB_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;

/* A prepared statement. name is unique over the program. */
struct statement {
    const char *name;
    const char *sql;
    int params; /* number of $n */
};

/* A parameter, made with the p_* functions. Points at memory that lives until db_run returns. */
struct param {
    enum { PARAM_NULL, PARAM_INT, PARAM_TEXT, PARAM_BYTES, PARAM_BOOL, PARAM_DAY } type;
    int64_t number;
    const void *data;
    size_t size;
};

static inline struct param
p_null(void)
{
    return (struct param){.type = PARAM_NULL};
}

static inline struct param
p_int(int64_t value)
{
    return (struct param){.type = PARAM_INT, .number = value};
}

/* Text, also for uuid, uuid[] and bigint[] literals; NULL becomes SQL NULL. */
static inline struct param
p_text(const char *text)
{
    return (struct param){.type = text == NULL ? PARAM_NULL : PARAM_TEXT, .data = text};
}

static inline struct param
p_bytes(const void *data, size_t size)
{
    return (struct param){
        .type = data == NULL ? PARAM_NULL : PARAM_BYTES, .data = data, .size = size};
}

static inline struct param
p_bool(bool value)
{
    return (struct param){.type = PARAM_BOOL, .number = value};
}

/* A day number (days since 1970-01-01); NO_DATE (server/base/due.h) becomes NULL. */
static inline struct param
p_day(int32_t day)
{
    return (struct param){.type = day == INT32_MIN ? PARAM_NULL : PARAM_DAY, .number = day};
}

/* One row of a result, valid inside the sink only; copy what is kept. Columns count from 0. */
struct db_row;

bool db_is_null(const struct db_row *row, int column);
/* 0 for NULL. */
int64_t db_int(const struct db_row *row, int column);
bool db_bool(const struct db_row *row, int column);
/* A copy in the arena; NULL for SQL NULL or when the arena is exhausted. */
char *db_text(const struct db_row *row, int column, struct arena *a);
/* A copy of a bytea; *ret_size 0 and NULL for SQL NULL. */
unsigned char *db_bytes(const struct db_row *row, int column, struct arena *a, size_t *ret_size);
/* A date column as day number; INT32_MIN for NULL. */
int32_t db_day(const struct db_row *row, int column);
/* Rows in this result, to size an array at the first row. */
int db_row_count(const struct db_row *row);
/* This row's index, from 0. */
int db_row_index(const struct db_row *row);

/* Called for each row in order. A status other than OK stops the batch with it. */
typedef enum status db_row_fn(void *ctx, const struct db_row *row, struct arena *a);

enum { DB_ANY_COUNT = -1 };

/* What happens to a statement's result. expect: the number of rows returned or touched that must
 * come out, else the batch fails with ABORTED (a foreign UPDATE touches 0 rows without an error,
 * so every write states its count); DB_ANY_COUNT for any. */
struct db_sink {
    db_row_fn *row; /* may be NULL */
    void *ctx;
    int64_t expect;
};

/* For sinks that want the one number a row holds: ctx points at an int32_t, an int64_t. */
enum status db_take_int32(void *ctx, const struct db_row *row, struct arena *a);
enum status db_take_int64(void *ctx, const struct db_row *row, struct arena *a);

/* Statements that go out together. Lives in an arena; no release. */
struct db_queue;

/* A queue in the arena; results are copied into the same arena. NULL when exhausted. */
struct db_queue *db_queue_new(struct arena *a);
/* Statements queued from now on belong to this owner (index of a call in its batch), so that an
 * error can be laid at its door. */
void db_queue_owner(struct db_queue *q, int owner);
/* The arena of the call whose statements are queued now; rows are given to sinks with it. */
void db_queue_arena(struct db_queue *q, struct arena *a);
/* Adds a statement with its parameters (copied, not what they point at). */
MUST_CHECK enum status db_queue_add(struct db_queue *q, const struct statement *st,
                                    const struct param *params, struct db_sink sink);
size_t db_queue_size(const struct db_queue *q);

/* Runs everything queued in one round trip inside the open transaction (or none), delivers rows in
 * order, and empties the queue. On failure *ret_owner names whose statement failed (-1: the
 * connection), fault holds a code by SQLSTATE: 23505 ALREADY_EXISTS, 23514 and 23503
 * FAILED_PRECONDITION with the constraint's name as reason (upper case), 40001/40P01 ABORTED,
 * connection loss UNAVAILABLE, count mismatch ABORTED ROW_COUNT, 22xxx INVALID_ARGUMENT DATA_FORM,
 * 42501 NOT_FOUND OUT_OF_SCOPE (row-level security), 55P03 UNAVAILABLE LOCK_BUSY, else INTERNAL.
 * The rest of the queue is not executed. Blocks. */
MUST_CHECK enum status db_run(struct db *db, struct db_queue *q, int *ret_owner,
                              struct fault *fault);

/* Transactions. db_commit answers STATUS_UNKNOWN when the outcome is not known: connection lost in
 * COMMIT, or COMMIT succeeded with a WARNING (the wait for the standby was cancelled). */
MUST_CHECK enum status db_begin(struct db *db, bool read_only, struct fault *fault);
MUST_CHECK enum status db_commit(struct db *db, struct fault *fault);
/* Never fails for the caller: a broken connection is reset at its next use. */
void db_rollback(struct db *db);

/* Sets the row-level-security scope of the statements queued after it, to the end of the
 * transaction or the next scope. orgs and account may be NULL. */
MUST_CHECK enum status db_queue_scope(struct db_queue *q, int tenant, bool sees_all,
                                      const char *orgs_literal, const char *account);

/* The same with whose roles the call acts (mask of server/service/role.h; 0: nobody's): triggers
 * keep what a unit may not write. */
struct db_scope {
    int tenant;
    bool sees_all;
    const char *orgs; /* "{uuid,…}"; may be NULL */
    const char *account;
    uint64_t roles;
};
MUST_CHECK enum status db_queue_scope_as(struct db_queue *q, const struct db_scope *scope);

/* Connects (with the timeouts of ARCHITECTURE.md added to conninfo where absent), search_path
 * rectify. Blocks up to connect_timeout. */
MUST_CHECK enum status db_open(const char *conninfo, const char *application_name,
                               struct db **ret_db, struct fault *fault);
/* Closes; NULL accepted. */
void db_close(struct db *db);
/* True when the connection is known to be broken; the owner calls db_reopen with back-off. */
bool db_broken(const struct db *db);
MUST_CHECK enum status db_reopen(struct db *db, struct fault *fault);

/* Runs one SQL text without parameters (migrations, LISTEN); never with outside input. */
MUST_CHECK enum status db_exec(struct db *db, const char *sql, struct fault *fault);
/* Waits for a notification on a LISTENing connection; true when one came. */
bool db_wait_notify(struct db *db, int timeout_ms, char *ret_payload, size_t payload_size);

#endif
