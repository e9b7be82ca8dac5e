#include "server/store/db_internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A warning while COMMIT runs means that the wait for the standby was given up: the outcome is not
 * what COMMIT's success says. Other notices are nobody's business here. */
static void
on_notice(void *ctx, const PGresult *result)
{
    struct db *db = ctx;
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (db->committing && severity != NULL && strcmp(severity, "WARNING") == 0) {
        db->commit_warning = true;
    }
}

static void
disconnect(struct db *db)
{
    if (db->conn != NULL) {
        PQfinish(db->conn);
        db->conn = NULL;
    }
    db->begin = BEGIN_NONE;
    db->in_transaction = false;
    free(db->scope);
    db->scope = NULL;
    prepared_clear(&db->prepared);
}

/* libpq's own words, on one line, for the log and the operator. */
static enum status
fault_connect(const PGconn *conn, struct fault *fault)
{
    char text[FAULT_MESSAGE_SIZE / 2];
    snprintf(text, sizeof text, "%s", conn == NULL ? "out of memory" : PQerrorMessage(conn));
    for (char *p = text; *p != '\0'; p++) {
        if (*p == '\n') {
            *p = ' ';
        }
    }
    enum status s = fault_set(fault, STATUS_UNAVAILABLE, "DATABASE_CONNECT",
                              "连接不上数据库：%s请检查数据库是否已启动、连接参数是否正确。", text);
    if (fault != NULL) {
        fault->retry_after_ms = 1000;
    }
    return s;
}

enum status
db_reopen(struct db *db, struct fault *fault)
{
    disconnect(db);
    PGconn *conn = db_connect(db->conninfo, db->application_name);
    if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
        enum status s = fault_connect(conn, fault);
        PQfinish(conn);
        return s;
    }
    db->conn = conn;
    db->broken = false;
    PQsetNoticeReceiver(conn, on_notice, db);
    if (PQenterPipelineMode(conn) != 1) {
        enum status s = fault_connect(conn, fault);
        disconnect(db);
        return s;
    }
    return STATUS_OK;
}

enum status
db_open(const char *conninfo, const char *application_name, struct db **ret_db, struct fault *fault)
{
    struct db *db = calloc(1, sizeof *db);
    if (db == NULL) {
        return fault_connect(NULL, fault);
    }
    db->conninfo = strdup(conninfo);
    db->application_name = strdup(application_name);
    enum status s = db->conninfo == NULL || db->application_name == NULL
                        ? fault_connect(NULL, fault)
                        : db_reopen(db, fault);
    if (s != STATUS_OK) {
        db_close(db);
        return s;
    }
    *ret_db = db;
    return STATUS_OK;
}

void
db_close(struct db *db)
{
    if (db == NULL) {
        return;
    }
    disconnect(db);
    free(db->conninfo);
    free(db->application_name);
    free(db);
}

bool
db_broken(const struct db *db)
{
    return db->conn == NULL || db->broken || PQstatus(db->conn) == CONNECTION_BAD;
}

/* ---- transactions ---- */

enum status
db_begin(struct db *db, bool read_only, struct fault *fault)
{
    if (db_broken(db)) {
        return db_fault_of(db->conn, NULL, fault);
    }
    /* Goes out with the first statements: no round trip of its own. */
    db->begin = read_only ? BEGIN_READ : BEGIN_WRITE;
    return STATUS_OK;
}

static void
transaction_end(struct db *db)
{
    db->begin = BEGIN_NONE;
    db->in_transaction = false;
    db->committing = false;
    free(db->scope);
    db->scope = NULL;
}

static enum status
fault_unknown(struct db *db, struct fault *fault)
{
    db->broken = true;
    return fault_set(
        fault, STATUS_UNKNOWN, "OUTCOME_UNKNOWN",
        "提交时与数据库失去联系，不能确定是否已办理。请用同一操作重试，不会重复办理。");
}

/* An error that ended the session may have come after the commit was durable. */
static bool
commit_is_indeterminate(const struct db *db, const PGresult *result)
{
    if (result == NULL || db->commit_warning || db_broken(db)) {
        return true;
    }
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    return severity != NULL && strcmp(severity, "ERROR") != 0;
}

enum status
db_commit(struct db *db, struct fault *fault)
{
    if (!db->in_transaction) { /* BEGIN was never sent: nothing was done */
        transaction_end(db);
        return STATUS_OK;
    }
    PGresult *result = NULL;
    db->committing = true;
    db->commit_warning = false;
    db_single(db, &db_statement_commit, &result);
    bool indeterminate = commit_is_indeterminate(db, result);
    bool committed = result != NULL && PQresultStatus(result) == PGRES_COMMAND_OK &&
                     strcmp(PQcmdStatus(result), "COMMIT") == 0;
    enum status s = STATUS_OK;
    if (indeterminate) {
        s = fault_unknown(db, fault);
    } else if (!committed && PQresultStatus(result) == PGRES_COMMAND_OK) {
        s = fault_set(fault, STATUS_INTERNAL, "ROLLED_BACK", "事务已被数据库回滚，没有办理。");
    } else if (!committed) {
        s = db_fault_of(db->conn, result, fault);
    }
    PQclear(result);
    transaction_end(db);
    return s;
}

void
db_rollback(struct db *db)
{
    if (db->in_transaction && !db_broken(db)) {
        PGresult *result = NULL;
        db_single(db, &db_statement_rollback, &result);
        PQclear(result);
    }
    transaction_end(db);
}

/* ---- plain SQL and notifications ---- */

enum status
db_exec(struct db *db, const char *sql, struct fault *fault)
{
    if (db_broken(db) || PQexitPipelineMode(db->conn) != 1) {
        db->broken = true;
        return db_fault_of(db->conn, NULL, fault);
    }
    PGresult *result = PQexec(db->conn, sql);
    ExecStatusType type = PQresultStatus(result);
    enum status s = STATUS_OK;
    if (type != PGRES_COMMAND_OK && type != PGRES_TUPLES_OK) {
        s = db_fault_of(db->conn, result, fault);
    }
    PQclear(result);
    if (PQstatus(db->conn) == CONNECTION_BAD || PQenterPipelineMode(db->conn) != 1) {
        db->broken = true;
    }
    return s;
}

static bool
take_notify(struct db *db, char *ret_payload, size_t payload_size)
{
    PGnotify *n = PQnotifies(db->conn);
    if (n == NULL) {
        return false;
    }
    snprintf(ret_payload, payload_size, "%s", n->extra);
    PQfreemem(n);
    return true;
}

bool
db_wait_notify(struct db *db, int timeout_ms, char *ret_payload, size_t payload_size)
{
    if (db_broken(db)) {
        return false;
    }
    if (take_notify(db, ret_payload, payload_size)) {
        return true;
    }
    struct pollfd p = {.fd = PQsocket(db->conn), .events = POLLIN};
    if (poll(&p, 1, timeout_ms) <= 0) {
        return false;
    }
    if (PQconsumeInput(db->conn) != 1) {
        db->broken = true;
        return false;
    }
    return take_notify(db, ret_payload, payload_size);
}
