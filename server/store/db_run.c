/* One round trip: send everything, one Sync, read everything.
 *
 * 1. What is sent is noted in an array of ops; results come back in exactly that order.
 * 2. The first failure decides; the server skips the rest up to the Sync (PIPELINE_ABORTED), and so
 *    do we: nothing is delivered after a failure, but everything is read, so that the connection is
 *    in step for the next run.
 * 3. A statement is noted as prepared when its PREPARE is sent and forgotten when that fails or is
 *    skipped; preparing survives a ROLLBACK.
 * 4. libpq reads while it cannot send, so a large pipeline does not deadlock.
 */
#include "server/store/db_internal.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct statement begin_write = {.name = "tx_begin", .sql = "BEGIN"};
static const struct statement begin_read = {
    .name = "tx_begin_read", .sql = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"};
const struct statement db_statement_commit = {.name = "tx_commit", .sql = "COMMIT"};
const struct statement db_statement_rollback = {.name = "tx_rollback", .sql = "ROLLBACK"};

/* ---- prepared statements ---- */

static size_t
prepared_slot(const struct prepared_set *set, const struct statement *st)
{
    size_t i = ((uintptr_t)st >> 4U) * 0x9E3779B97F4A7C15ULL % PREPARED_SLOTS;
    while (set->slots[i] != NULL && set->slots[i] != st) {
        i = (i + 1) % PREPARED_SLOTS;
    }
    return i;
}

bool
prepared_add(struct prepared_set *set, const struct statement *st)
{
    size_t i = prepared_slot(set, st);
    if (set->slots[i] == st) {
        return true;
    }
    set->slots[i] = st;
    set->count++;
    assert(set->count < PREPARED_SLOTS / 2);
    return false;
}

void
prepared_clear(struct prepared_set *set)
{
    memset(set, 0, sizeof *set);
}

/* Taking one out of an open-addressed table: put the others of its run back in. */
static void
prepared_remove(struct prepared_set *set, const struct statement *st)
{
    size_t i = prepared_slot(set, st);
    if (set->slots[i] == NULL) {
        return;
    }
    set->slots[i] = NULL;
    set->count--;
    for (size_t j = (i + 1) % PREPARED_SLOTS; set->slots[j] != NULL; j = (j + 1) % PREPARED_SLOTS) {
        const struct statement *moved = set->slots[j];
        set->slots[j] = NULL;
        set->slots[prepared_slot(set, moved)] = moved;
    }
}

/* ---- sending ---- */

struct op {
    const struct statement *preparing; /* not NULL: this op is its PREPARE */
    const struct db_entry *entry;      /* NULL: BEGIN */
};

struct run {
    struct db *db;
    struct op *ops;
    size_t count;
    enum status status; /* the first failure */
    int owner;
    struct fault *fault;
};

static bool
send_statement(struct run *r, const struct statement *st, const struct db_entry *e)
{
    PGconn *conn = r->db->conn;
    if (!prepared_add(&r->db->prepared, st)) {
        r->ops[r->count++] = (struct op){.preparing = st, .entry = e};
        if (PQsendPrepare(conn, st->name, st->sql, 0, NULL) != 1) {
            return false;
        }
    }
    r->ops[r->count++] = (struct op){.entry = e};
    if (e == NULL) {
        return PQsendQueryPrepared(conn, st->name, 0, NULL, NULL, NULL, 0) == 1;
    }
    return PQsendQueryPrepared(conn, st->name, st->params, e->values, e->lengths, e->formats, 0) ==
           1;
}

/* A scope that is set already is not sent again: consecutive calls of one caller share it. */
static bool
scope_is_set(struct db *db, const char *scope)
{
    if (db->in_transaction && db->scope != NULL && strcmp(db->scope, scope) == 0) {
        return true;
    }
    free(db->scope);
    db->scope = strdup(scope);
    return false;
}

static bool
send_all(struct run *r, const struct db_queue *q)
{
    struct db *db = r->db;
    if (db->begin != BEGIN_NONE) {
        const struct statement *st = db->begin == BEGIN_READ ? &begin_read : &begin_write;
        db->begin = BEGIN_NONE;
        db->in_transaction = true;
        free(db->scope);
        db->scope = NULL;
        if (!send_statement(r, st, NULL)) {
            return false;
        }
    }
    for (size_t i = 0; i < q->count; i++) {
        const struct db_entry *e = &q->entries[i];
        if (e->scope != NULL && scope_is_set(db, e->scope)) {
            continue;
        }
        if (!send_statement(r, e->statement, e)) {
            return false;
        }
    }
    return PQpipelineSync(db->conn) == 1;
}

/* ---- receiving ---- */

static void
run_fail(struct run *r, const struct op *op, enum status s)
{
    if (r->status == STATUS_OK) {
        r->status = s;
        r->owner = op == NULL || op->entry == NULL ? -1 : op->entry->owner;
    }
}

static int64_t
touched(const PGresult *result)
{
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
        return PQntuples(result);
    }
    return strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
}

static void
deliver(struct run *r, const struct op *op, const PGresult *result)
{
    const struct db_entry *e = op->entry;
    if (e == NULL || op->preparing != NULL) {
        return;
    }
    int64_t count = touched(result);
    if (e->sink.expect != DB_ANY_COUNT && count != e->sink.expect) {
        run_fail(r, op,
                 fault_set(r->fault, STATUS_ABORTED, "ROW_COUNT",
                           "记录已变化或不在您的范围内，没有写入（%s：应为 %" PRId64
                           " 行，实为 %" PRId64 " 行）。请重新打开后再办理。",
                           e->statement->name, e->sink.expect, count));
        return;
    }
    if (e->sink.row == NULL) {
        return;
    }
    struct db_row row = {.result = result, .rows = PQntuples(result)};
    for (; row.row < row.rows && r->status == STATUS_OK; row.row++) {
        enum status s = e->sink.row(e->sink.ctx, &row, e->arena);
        if (s != STATUS_OK) {
            fault_set(r->fault, s, s == STATUS_RESOURCE_EXHAUSTED ? "RESULT_TOO_LARGE" : "READ",
                      "读取结果时出错（%s）。", e->statement->name);
            run_fail(r, op, s);
        }
    }
}

/* One op's result and the NULL behind it. False when the connection is gone. */
static bool
receive_one(struct run *r, const struct op *op)
{
    PGresult *result = PQgetResult(r->db->conn);
    if (result == NULL) {
        return false;
    }
    ExecStatusType type = PQresultStatus(result);
    bool good = type == PGRES_TUPLES_OK || type == PGRES_COMMAND_OK;
    if (!good && op->preparing != NULL) {
        prepared_remove(&r->db->prepared, op->preparing);
    }
    if (good && r->status == STATUS_OK) {
        deliver(r, op, result);
    } else if (!good && type != PGRES_PIPELINE_ABORTED && r->status == STATUS_OK) {
        run_fail(r, op, db_fault_of(r->db->conn, result, r->fault));
    }
    PQclear(result);
    if (PQstatus(r->db->conn) == CONNECTION_BAD) {
        return false;
    }
    result = PQgetResult(r->db->conn);
    assert(result == NULL);
    return true;
}

static bool
receive_sync(struct db *db)
{
    PGresult *result = PQgetResult(db->conn);
    bool good = result != NULL && PQresultStatus(result) == PGRES_PIPELINE_SYNC;
    PQclear(result);
    return good;
}

static enum status
run_lost(struct run *r)
{
    r->db->broken = true;
    r->owner = -1;
    r->status = db_fault_of(r->db->conn, NULL, r->fault);
    return r->status;
}

enum status
db_run(struct db *db, struct db_queue *q, int *ret_owner, struct fault *fault)
{
    struct run r = {.db = db, .owner = -1, .fault = fault};
    *ret_owner = -1;
    if (db_broken(db)) {
        q->count = 0;
        return run_lost(&r);
    }
    r.ops = arena_array(q->arena, 2 * (q->count + 1), sizeof *r.ops);
    if (r.ops == NULL) {
        q->count = 0;
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "BATCH_TOO_LARGE",
                         "一次处理的内容过多，请分批提交。");
    }
    bool alive = send_all(&r, q);
    for (size_t i = 0; alive && i < r.count; i++) {
        alive = receive_one(&r, &r.ops[i]);
    }
    alive = alive && receive_sync(db);
    q->count = 0;
    if (!alive) {
        return run_lost(&r);
    }
    *ret_owner = r.owner;
    return r.status;
}

void
db_single(struct db *db, const struct statement *st, PGresult **ret_result)
{
    *ret_result = NULL;
    struct op ops[2];
    struct run r = {.db = db, .ops = ops};
    if (!send_statement(&r, st, NULL) || PQpipelineSync(db->conn) != 1) {
        db->broken = true;
        return;
    }
    for (size_t i = 0; i < r.count; i++) {
        PQclear(*ret_result);
        *ret_result = PQgetResult(db->conn);
        if (*ret_result == NULL) {
            db->broken = true;
            return;
        }
        if (PQresultStatus(*ret_result) == PGRES_FATAL_ERROR && ops[i].preparing != NULL) {
            prepared_remove(&db->prepared, st);
        }
        if (PQstatus(db->conn) == CONNECTION_BAD) {
            db->broken = true;
            return;
        }
        PGresult *end = PQgetResult(db->conn);
        assert(end == NULL);
    }
    if (!receive_sync(db)) {
        db->broken = true;
    }
}
