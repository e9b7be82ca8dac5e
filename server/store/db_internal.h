/* Private parts of the database seam, shared by db*.c alone. */
#ifndef SERVER_STORE_DB_INTERNAL_H
#define SERVER_STORE_DB_INTERNAL_H

#include "server/store/db.h"

#include <libpq-fe.h>

enum { PREPARED_SLOTS = 2048 }; /* per connection; more statements than half of it assert */

/* Statements of this connection that the server knows. Open addressing by address. */
struct prepared_set {
    const struct statement *slots[PREPARED_SLOTS];
    size_t count;
};

enum begin_state { BEGIN_NONE, BEGIN_WRITE, BEGIN_READ };

struct db {
    PGconn *conn;   /* NULL when closed */
    char *conninfo; /* as given */
    char *application_name;
    bool broken;            /* known to be useless, whatever libpq thinks */
    enum begin_state begin; /* a BEGIN that goes out with the next db_run */
    bool in_transaction;    /* BEGIN was sent */
    bool committing;        /* a notice now is a warning at COMMIT */
    bool commit_warning;    /* … and one came */
    char *scope;            /* what the scope of this transaction is set to; NULL: not set */
    struct prepared_set prepared;
};

struct db_entry {
    const struct statement *statement;
    const char **values; /* NULL element: SQL NULL */
    int *lengths;
    int *formats;
    struct db_sink sink;
    struct arena *arena; /* given to the sink */
    int owner;
    const char *scope; /* not NULL: a scope statement; sent only when it differs */
};

struct db_queue {
    struct arena *arena;
    struct db_entry *entries;
    size_t count;
    size_t capacity;
    struct arena *call_arena;
    int owner;
};

struct db_row {
    const PGresult *result;
    int row;
    int rows;
};

/* ---- db_fault.c ---- */

/* What a failed result or connection means; returns the code. result may be NULL. */
enum status db_fault_of(const PGconn *conn, const PGresult *result, struct fault *fault);

/* ---- db_conninfo.c ---- */

/* Connects with the defaults added. The PGconn is never NULL unless memory is out. Blocks. */
PGconn *db_connect(const char *conninfo, const char *application_name);

/* ---- db_run.c ---- */

/* True when the statement was already known; otherwise it is now noted as known. */
bool prepared_add(struct prepared_set *set, const struct statement *st);
void prepared_clear(struct prepared_set *set);

/* Sends one statement of our own (COMMIT, ROLLBACK) and reads its result into *ret_result (to be
 * cleared by the caller; NULL on connection loss). */
void db_single(struct db *db, const struct statement *st, PGresult **ret_result);

extern const struct statement db_statement_commit;
extern const struct statement db_statement_rollback;

#endif
