/* The server's side of a history: events, versions and inboxes, read by a superuser. */
#include "proto/ledger/merkle.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"
#include "tests/support/history.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* The columns of an event beside its body, and the stored answer to its key. Uploads are made by
 * the library, on behalf of the commands that name the files, and bring keys of their own. */
static const char events_sql[] =
    "SELECT e.id, e.method, e.leaf_hash, e.body, e.account, i.reply"
    "  FROM rectify.event e LEFT JOIN rectify.idempotency i"
    "    ON i.tenant = e.tenant AND i.event_id = e.id"
    " WHERE NOT EXISTS (SELECT 1 FROM rectify_history_mark m WHERE m.id = e.id)"
    "   AND e.account <> 'SYS'"
    "   AND e.method NOT LIKE 'rectify.v1.EvidenceService/%'"
    " ORDER BY e.id";
static const char versions_sql[] = "SELECT id, version, event_id FROM rectify.measure_version";
static const char inbox_sql[] =
    "SELECT a.name, d.seq, d.alert FROM rectify.delivery d"
    "  JOIN rectify.account a ON a.tenant = d.tenant AND a.id = d.account"
    " WHERE d.channel = 'INBOX'";

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "history: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static PGconn *
connect_to(const char *conninfo)
{
    PGconn *conn = PQconnectdb(conninfo);
    if (PQstatus(conn) != CONNECTION_OK) {
        die(conninfo, PQerrorMessage(conn));
    }
    return conn;
}

static PGresult *
run(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    if (PQresultStatus(r) != PGRES_TUPLES_OK && PQresultStatus(r) != PGRES_COMMAND_OK) {
        die(sql, PQerrorMessage(conn));
    }
    return r;
}

static void *
list_make(int count, size_t size)
{
    void *list = calloc((size_t)count + 1, size);
    if (list == NULL) {
        die("read", "no memory");
    }
    return list;
}

static void
word(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from != NULL && from[0] != '\0' ? from : "-");
}

static void
hex(char ret_text[HISTORY_SHA_SIZE], const unsigned char *bytes, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    if (n != MERKLE_HASH_BYTES) {
        word(ret_text, HISTORY_SHA_SIZE, "-");
        return;
    }
    for (size_t i = 0; i < n; i++) {
        ret_text[2 * i] = digits[bytes[i] >> 4U];
        ret_text[2 * i + 1] = digits[bytes[i] & 15U];
    }
    ret_text[2 * n] = '\0';
}

/* A bytea column; free it with PQfreemem. */
static unsigned char *
bytes_of(const PGresult *r, int row, int column, size_t *ret_n)
{
    unsigned char *bytes =
        PQunescapeBytea((const unsigned char *)PQgetvalue(r, row, column), ret_n);
    if (bytes == NULL) {
        die("read", "no memory");
    }
    return bytes;
}

/* What the log says is the body; its columns must say the same. */
static void
body_read(const PGresult *r, int row, struct history_event *e)
{
    struct merkle_hash leaf;
    size_t n = 0;
    size_t leaf_n = 0;
    unsigned char *body = bytes_of(r, row, 3, &n);
    unsigned char *column = bytes_of(r, row, 2, &leaf_n);
    Pb__LogEntry *entry = pb__log_entry__unpack(NULL, n, body);
    merkle_leaf_hash(body, n, &leaf);
    hex(e->leaf, leaf.bytes, sizeof leaf.bytes);
    e->leaf_holds = leaf_n == sizeof leaf.bytes && memcmp(column, leaf.bytes, leaf_n) == 0;
    word(e->key, sizeof e->key, NULL);
    word(e->payload, sizeof e->payload, NULL);
    if (entry == NULL) {
        e->leaf_holds = false;
    } else {
        e->leaf_holds = e->leaf_holds && entry->event_id != NULL && entry->method != NULL &&
                        strcmp(entry->event_id, e->id) == 0 &&
                        strcmp(entry->method, PQgetvalue(r, row, 1)) == 0;
        word(e->key, sizeof e->key, entry->idempotency_key);
        word(e->method, sizeof e->method, entry->method);
        hex(e->payload, entry->payload_sha256.data, entry->payload_sha256.len);
        pb__log_entry__free_unpacked(entry, NULL);
    }
    PQfreemem(body);
    PQfreemem(column);
}

static void
answer_read(const PGresult *r, int row, struct history_event *e)
{
    size_t n = 0;
    word(e->receipt, sizeof e->receipt, NULL);
    if (PQgetisnull(r, row, 5)) {
        return;
    }
    unsigned char *bytes = bytes_of(r, row, 5, &n);
    Pb__CallReply *reply = pb__call_reply__unpack(NULL, n, bytes);
    if (reply != NULL && reply->receipt != NULL) {
        word(e->receipt, sizeof e->receipt, reply->receipt->number);
    }
    if (reply != NULL) {
        pb__call_reply__free_unpacked(reply, NULL);
    }
    PQfreemem(bytes);
}

void
history_mark(const char *conninfo)
{
    PGconn *conn = connect_to(conninfo);
    PQclear(run(conn, "SET client_min_messages = error;"
                      "DROP TABLE IF EXISTS rectify_history_mark;"
                      "CREATE TABLE rectify_history_mark AS SELECT id FROM rectify.event;"
                      "CREATE INDEX ON rectify_history_mark (id)"));
    PQfinish(conn);
}

void
history_log_load(const char *conninfo, struct history_log *ret_log)
{
    struct history_log log = {.events = NULL};
    PGconn *conn = connect_to(conninfo);
    PQclear(run(conn, "SET client_min_messages = error;"
                      "CREATE TABLE IF NOT EXISTS rectify_history_mark (id uuid)"));
    PGresult *r = run(conn, events_sql);
    log.event_count = (size_t)PQntuples(r);
    log.events = list_make(PQntuples(r), sizeof *log.events);
    for (int i = 0; i < PQntuples(r); i++) {
        struct history_event *e = &log.events[i];
        word(e->id, sizeof e->id, PQgetvalue(r, i, 0));
        body_read(r, i, e);
        answer_read(r, i, e);
    }
    PQclear(r);
    r = run(conn, versions_sql);
    log.version_count = (size_t)PQntuples(r);
    log.versions = list_make(PQntuples(r), sizeof *log.versions);
    for (int i = 0; i < PQntuples(r); i++) {
        struct history_version *v = &log.versions[i];
        word(v->thing, sizeof v->thing, PQgetvalue(r, i, 0));
        v->version = strtoll(PQgetvalue(r, i, 1), NULL, 10);
        word(v->event, sizeof v->event, PQgetvalue(r, i, 2));
    }
    PQclear(r);
    r = run(conn, inbox_sql);
    log.delivered_count = (size_t)PQntuples(r);
    log.delivered = list_make(PQntuples(r), sizeof *log.delivered);
    for (int i = 0; i < PQntuples(r); i++) {
        struct history_shown *d = &log.delivered[i];
        word(d->account, sizeof d->account, PQgetvalue(r, i, 0));
        d->seq = strtoll(PQgetvalue(r, i, 1), NULL, 10);
        word(d->id, sizeof d->id, PQgetvalue(r, i, 2));
    }
    PQclear(r);
    PQfinish(conn);
    *ret_log = log;
}
