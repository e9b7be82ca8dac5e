#include "client/lib/alerts.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/rpc/json.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUSY_MS = 5000, REPLY_BYTES = 4 * 1024 * 1024 };

struct rectify_alerts {
    pthread_mutex_t lock; /* around every use of db */
    sqlite3 *db;
    char *path;
};

/* show and hook hold enum rectify_told. */
static const char schema[] =
    "CREATE TABLE IF NOT EXISTS alert ("
    "  place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL,"
    "  account TEXT, seq INTEGER NOT NULL, level INTEGER NOT NULL, title TEXT NOT NULL,"
    "  text TEXT NOT NULL, json TEXT, settled INTEGER NOT NULL, arrived_at_ms INTEGER NOT NULL,"
    "  show INTEGER NOT NULL, show_at_ms INTEGER NOT NULL DEFAULT 0,"
    "  hook INTEGER NOT NULL, hook_at_ms INTEGER NOT NULL DEFAULT 0,"
    "  hook_attempts INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX IF NOT EXISTS alert_show ON alert (place) WHERE show = 0;"
    "CREATE INDEX IF NOT EXISTS alert_hook ON alert (place) WHERE hook = 0;"
    "CREATE INDEX IF NOT EXISTS alert_seq ON alert (account, seq);"
    "CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

static const char settings[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA cache_size = -128; PRAGMA journal_size_limit = 1048576;";

/* ---- SQLite ---- */

static enum status
db_fault(const struct rectify_alerts *s, int rc, struct fault *f)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return fault_memory(f);
    case SQLITE_FULL:
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "DISK_FULL",
                         "磁盘已满，没能保存预警：请清理“%s”所在的磁盘。", s->path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fault_set(f, STATUS_UNAVAILABLE, "ALERTS_BUSY", "“%s”正被别的程序占用：请稍后再试。",
                         s->path);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return fault_set(f, STATUS_DATA_LOSS, "ALERTS_DAMAGED",
                         "“%s”已损坏：重新启动代理会另建一个，预警由服务器重新送达。", s->path);
    default:
        return fault_set(f, STATUS_UNAVAILABLE, "ALERTS_WRITE", "读写“%s”时出错：%s。", s->path,
                         sqlite3_errstr(rc));
    }
}

/* A statement being filled: the first thing that went wrong stays in rc. */
struct query {
    struct rectify_alerts *store;
    sqlite3_stmt *stmt;
    int rc;
    int bound;
};

static struct query
query_begin(struct rectify_alerts *s, const char *sql)
{
    struct query q = {.store = s};
    q.rc = sqlite3_prepare_v2(s->db, sql, -1, &q.stmt, NULL);
    return q;
}

static void
bind_int(struct query *q, int64_t value)
{
    if (q->rc == SQLITE_OK) {
        q->rc = sqlite3_bind_int64(q->stmt, ++q->bound, value);
    }
}

/* The text must live until query_end. */
static void
bind_text(struct query *q, const char *value)
{
    if (q->rc == SQLITE_OK) {
        q->rc = sqlite3_bind_text(q->stmt, ++q->bound, value, -1, SQLITE_STATIC);
    }
}

/* True: there is a row. */
static bool
query_row(struct query *q)
{
    if (q->rc == SQLITE_OK || q->rc == SQLITE_ROW) {
        q->rc = sqlite3_step(q->stmt);
    }
    return q->rc == SQLITE_ROW;
}

static int64_t
column_int(const struct query *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

static const char *
column_text(const struct query *q, int column)
{
    return (const char *)sqlite3_column_text(q->stmt, column);
}

static enum status
query_end(struct query *q, struct fault *f)
{
    bool good = q->rc == SQLITE_OK || q->rc == SQLITE_ROW || q->rc == SQLITE_DONE;
    enum status status = good ? STATUS_OK : db_fault(q->store, q->rc, f);
    sqlite3_finalize(q->stmt);
    q->stmt = NULL;
    return status;
}

static enum status
query_run(struct query *q, struct fault *f)
{
    while (query_row(q)) {
    }
    return query_end(q, f);
}

static enum status
script_run(struct rectify_alerts *s, const char *sql, struct fault *f)
{
    int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? STATUS_OK : db_fault(s, rc, f);
}

/* ---- life ---- */

static enum status
db_open(struct rectify_alerts *s, struct fault *f)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    int rc = sqlite3_open_v2(s->path, &s->db, flags, NULL);
    if (rc != SQLITE_OK) {
        return db_fault(s, rc, f);
    }
    (void)sqlite3_busy_timeout(s->db, BUSY_MS);
    enum status status = script_run(s, settings, f);
    return status == STATUS_OK ? script_run(s, schema, f) : status;
}

/* What cannot be read is kept for whoever wants to look into it. */
static enum status
put_aside(struct rectify_alerts *s, struct fault *f)
{
    static const char *const beside[] = {"-wal", "-shm"};
    struct arena a;
    arena_init(&a, 16384);
    (void)sqlite3_close(s->db);
    s->db = NULL;
    enum status status = STATUS_OK;
    const char *aside = arena_printf(&a, "%s.damaged", s->path);
    if (aside == NULL || rename(s->path, aside) != 0) {
        status = fault_set(f, STATUS_UNAVAILABLE, "ALERTS_WRITE",
                           "“%s”已损坏，也没能改名：请检查这个文件夹的权限。", s->path);
    }
    for (size_t i = 0; i < 2 && status == STATUS_OK; i++) {
        const char *path = arena_printf(&a, "%s%s", s->path, beside[i]);
        if (path != NULL) {
            (void)unlink(path);
        }
    }
    arena_release(&a);
    return status;
}

static char *
store_path(const char *folder)
{
    char *path = NULL;
    return asprintf(&path, "%s/alerts.db", folder) < 0 ? NULL : path;
}

enum status
rectify_alerts_open(const char *folder, struct rectify_alerts **ret_alerts, struct fault *f)
{
    struct fault why = {.code = STATUS_OK};
    struct rectify_alerts *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return fault_memory(f);
    }
    pthread_mutex_init(&s->lock, NULL);
    s->path = store_path(folder);
    enum status status = s->path == NULL ? fault_memory(&why) : STATUS_OK;
    if (status == STATUS_OK) {
        status = rectify_folder_make(folder, 0700, &why);
    }
    if (status == STATUS_OK) {
        status = db_open(s, &why);
    }
    if (status == STATUS_DATA_LOSS) {
        status = put_aside(s, &why);
        status = status == STATUS_OK ? db_open(s, &why) : status;
    }
    if (status != STATUS_OK) {
        rectify_alerts_free(s);
        return fault_set(f, status, why.reason, "%s", why.message);
    }
    *ret_alerts = s;
    return STATUS_OK;
}

bool
rectify_alerts_exist(const char *folder)
{
    char *path = store_path(folder);
    bool exist = path != NULL && rectify_file_exists(path);
    free(path);
    return exist;
}

void
rectify_alerts_free(struct rectify_alerts *s)
{
    if (s == NULL) {
        return;
    }
    (void)sqlite3_close(s->db);
    pthread_mutex_destroy(&s->lock);
    free(s->path);
    free(s);
}

/* ---- facts ---- */

static enum status
fact_get(struct rectify_alerts *s, const char *name, char ret_value[RECTIFY_KEPT_SIZE],
         struct fault *f)
{
    char value[RECTIFY_KEPT_SIZE] = "";
    struct query q = query_begin(s, "SELECT value FROM fact WHERE name = ?");
    bind_text(&q, name);
    if (query_row(&q)) {
        snprintf(value, sizeof value, "%s", column_text(&q, 0));
    }
    enum status status = query_end(&q, f);
    if (status == STATUS_OK) {
        memcpy(ret_value, value, sizeof value);
    }
    return status;
}

static enum status
fact_put(struct rectify_alerts *s, const char *name, const char *value, struct fault *f)
{
    char cut[RECTIFY_KEPT_SIZE];
    snprintf(cut, sizeof cut, "%s", value);
    struct query q = query_begin(s, "INSERT INTO fact VALUES (?, ?) "
                                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    bind_text(&q, name);
    bind_text(&q, cut);
    return query_run(&q, f);
}

enum status
rectify_alerts_fact(struct rectify_alerts *s, const char *name, char ret_value[RECTIFY_KEPT_SIZE],
                    struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    enum status status = fact_get(s, name, ret_value, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

enum status
rectify_alerts_fact_set(struct rectify_alerts *s, const char *name, const char *value,
                        struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    enum status status = fact_put(s, name, value, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

/* ---- arriving ---- */

/* The cursor is an account's: another one on this machine has a sequence of its own. */
static void
cursor_name(const char *account, char ret_name[RECTIFY_KEPT_SIZE])
{
    snprintf(ret_name, RECTIFY_KEPT_SIZE, "cursor:%s", account);
}

enum status
rectify_alerts_cursor(struct rectify_alerts *s, const char *account, int64_t *ret_cursor,
                      struct fault *f)
{
    char name[RECTIFY_KEPT_SIZE];
    char value[RECTIFY_KEPT_SIZE];
    cursor_name(account, name);
    enum status status = rectify_alerts_fact(s, name, value, f);
    if (status == STATUS_OK) {
        *ret_cursor = strtoll(value, NULL, 10);
    }
    return status;
}

static enum status
cursor_put(struct rectify_alerts *s, const char *account, int64_t cursor, struct fault *f)
{
    char name[RECTIFY_KEPT_SIZE];
    char value[32];
    cursor_name(account, name);
    snprintf(value, sizeof value, "%lld", (long long)cursor);
    return fact_put(s, name, value, f);
}

/* A row to insert. */
struct arrival {
    struct rectify_alert alert;
    const char *account; /* NULL: an agent's own */
    bool settled;        /* acknowledged or cancelled before it came */
};

static enum status
arrival_put(struct rectify_alerts *s, const struct arrival *arrival, bool *ret_new, struct fault *f)
{
    const struct rectify_alert *alert = &arrival->alert;
    struct query q = query_begin(
        s, "INSERT INTO alert (id, kind, account, seq, level, title, text, json, settled,"
           " arrived_at_ms, show, hook) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
           " ON CONFLICT (id) DO NOTHING");
    bind_text(&q, alert->id);
    bind_text(&q, alert->kind);
    bind_text(&q, arrival->account);
    bind_int(&q, alert->seq);
    bind_int(&q, alert->level);
    bind_text(&q, alert->title != NULL ? alert->title : "");
    bind_text(&q, alert->text != NULL ? alert->text : "");
    bind_text(&q, alert->json);
    bind_int(&q, arrival->settled);
    bind_int(&q, alert->arrived_at_ms);
    bind_int(&q, arrival->settled ? RECTIFY_TOLD_PASSED : RECTIFY_TOLD_WAITING);
    enum status status = query_run(&q, f);
    if (status == STATUS_OK) {
        *ret_new = sqlite3_changes(s->db) > 0;
    }
    return status;
}

static enum status
alert_put(struct rectify_alerts *s, struct arena *a, struct arrival *arrival, const Pb__Alert *in,
          bool *ret_new, struct fault *f)
{
    if (!uuid_text_valid(in->id)) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED",
                         "服务器送来的预警没有编号：请把两端程序升级到配套的版本。");
    }
    bool has_subject = in->subject_ref != NULL && in->subject_ref[0] != '\0';
    arrival->settled = in->has_acknowledged_at_ms || in->has_cancelled_at_ms;
    arrival->alert.id = in->id;
    arrival->alert.kind = RECTIFY_ALERT_KIND;
    arrival->alert.seq = in->seq;
    arrival->alert.level = in->level;
    arrival->alert.text = in->text;
    arrival->alert.title = arena_printf(a, "整改预警%s%s", has_subject ? "：" : "",
                                        has_subject ? in->subject_ref : "");
    if (arrival->alert.title == NULL) {
        return fault_memory(f);
    }
    enum status status = json_print_message(a, &in->base, false, &arrival->alert.json, f);
    return status == STATUS_OK ? arrival_put(s, arrival, ret_new, f) : status;
}

static enum status
reply_put(struct rectify_alerts *s, const Pb__WaitAlertsReply *reply, struct arrival *arrival,
          uint64_t *ret_new, struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < reply->n_alerts && status == STATUS_OK; i++) {
        struct arena a;
        bool new = false;
        arena_init(&a, REPLY_BYTES);
        status = alert_put(s, &a, arrival, reply->alerts[i], &new, f);
        *ret_new += new;
        arena_release(&a);
    }
    if (status == STATUS_OK && reply->has_cursor) {
        status = cursor_put(s, arrival->account, reply->cursor, f);
    }
    return status;
}

enum status
rectify_alerts_receive(struct rectify_alerts *s, const char *account,
                       const Pb__WaitAlertsReply *reply, int64_t now_ms, uint64_t *ret_new,
                       struct fault *f)
{
    struct arrival arrival = {.account = account, .alert = {.arrived_at_ms = now_ms}};
    uint64_t count = 0;
    pthread_mutex_lock(&s->lock);
    enum status status = script_run(s, "BEGIN IMMEDIATE", f);
    if (status == STATUS_OK) {
        status = reply_put(s, reply, &arrival, &count, f);
        status = status == STATUS_OK ? script_run(s, "COMMIT", f) : status;
        if (status != STATUS_OK) {
            (void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK) {
        *ret_new = count;
    }
    return status;
}

enum status
rectify_alerts_rewind(struct rectify_alerts *s, const char *account, struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    enum status status = cursor_put(s, account, 0, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

enum status
rectify_alerts_add(struct rectify_alerts *s, const struct rectify_alert *alert, int64_t now_ms,
                   bool *ret_new, struct fault *f)
{
    struct arrival arrival = {.alert = *alert};
    bool new = false;
    arrival.alert.seq = 0;
    arrival.alert.json = NULL;
    arrival.alert.arrived_at_ms = now_ms;
    pthread_mutex_lock(&s->lock);
    enum status status = arrival_put(s, &arrival, &new, f);
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK) {
        *ret_new = new;
    }
    return status;
}

/* ---- telling ---- */

/* One row of the list; false: no memory. */
static bool
alert_read(const struct query *q, struct arena *a, struct rectify_alert *ret)
{
    *ret = (struct rectify_alert){
        .place = column_int(q, 0),
        .id = arena_strdup(a, column_text(q, 1)),
        .kind = arena_strdup(a, column_text(q, 2)),
        .seq = column_int(q, 3),
        .level = (int32_t)column_int(q, 4),
        .title = arena_strdup(a, column_text(q, 5)),
        .text = arena_strdup(a, column_text(q, 6)),
        .json = arena_strdup(a, column_text(q, 7)),
        .arrived_at_ms = column_int(q, 8),
        .hook_attempts = (uint32_t)column_int(q, 9),
    };
    return ret->id != NULL && ret->kind != NULL && ret->title != NULL && ret->text != NULL &&
           (ret->json != NULL || column_text(q, 7) == NULL);
}

static enum status
waiting_count(struct rectify_alerts *s, enum rectify_tell how, struct rectify_alert_list *list,
              struct fault *f)
{
    struct query q =
        query_begin(s, how == RECTIFY_TELL_SHOW
                           ? "SELECT count(*), coalesce(max(place), 0) FROM alert WHERE show = 0"
                           : "SELECT count(*), coalesce(max(place), 0) FROM alert WHERE hook = 0");
    if (query_row(&q)) {
        list->total = (uint64_t)column_int(&q, 0);
        list->last = column_int(&q, 1);
    }
    return query_end(&q, f);
}

#define WAITING_COLUMNS                                                                            \
    "SELECT place, id, kind, seq, level, title, text, json, arrived_at_ms, hook_attempts FROM "    \
    "alert"

enum status
rectify_alerts_waiting(struct rectify_alerts *s, struct arena *a, enum rectify_tell how,
                       uint32_t limit, struct rectify_alert_list *ret_list, struct fault *f)
{
    bool memory = true;
    struct rectify_alert_list list = {.items = arena_array(a, limit, sizeof *list.items)};
    if (list.items == NULL) {
        return fault_memory(f);
    }
    pthread_mutex_lock(&s->lock);
    struct query q = query_begin(s, how == RECTIFY_TELL_SHOW
                                        ? WAITING_COLUMNS " WHERE show = 0 ORDER BY place LIMIT ?"
                                        : WAITING_COLUMNS " WHERE hook = 0 ORDER BY place LIMIT ?");
    bind_int(&q, limit);
    while (memory && query_row(&q)) {
        memory = alert_read(&q, a, &list.items[list.count++]);
    }
    enum status status = query_end(&q, f);
    if (status == STATUS_OK) {
        status = waiting_count(s, how, &list, f);
    }
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK && !memory) {
        status = fault_memory(f);
    }
    if (status == STATUS_OK) {
        *ret_list = list;
    }
    return status;
}

enum status
rectify_alerts_told(struct rectify_alerts *s, int64_t place, enum rectify_tell how,
                    enum rectify_told told, int64_t now_ms, struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    struct query q = query_begin(
        s, how == RECTIFY_TELL_SHOW ? "UPDATE alert SET show = ?, show_at_ms = ? WHERE place = ?"
                                    : "UPDATE alert SET hook = ?, hook_at_ms = ? WHERE place = ?");
    bind_int(&q, told);
    bind_int(&q, now_ms);
    bind_int(&q, place);
    enum status status = query_run(&q, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

enum status
rectify_alerts_pass(struct rectify_alerts *s, enum rectify_tell how, int64_t up_to_place,
                    int64_t now_ms, struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    struct query q = query_begin(
        s, how == RECTIFY_TELL_SHOW
               ? "UPDATE alert SET show = ?, show_at_ms = ? WHERE show = 0 AND place <= ?"
               : "UPDATE alert SET hook = ?, hook_at_ms = ? WHERE hook = 0 AND place <= ?");
    bind_int(&q, RECTIFY_TOLD_PASSED);
    bind_int(&q, now_ms);
    bind_int(&q, up_to_place);
    enum status status = query_run(&q, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

enum status
rectify_alerts_hook_failed(struct rectify_alerts *s, int64_t place, struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    struct query q =
        query_begin(s, "UPDATE alert SET hook_attempts = hook_attempts + 1 WHERE place = ?");
    bind_int(&q, place);
    enum status status = query_run(&q, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

/* ---- looking ---- */

enum status
rectify_alerts_id(struct rectify_alerts *s, const char *account, int64_t seq,
                  char ret_id[RECTIFY_ALERT_ID_SIZE], struct fault *f)
{
    char id[RECTIFY_ALERT_ID_SIZE] = "";
    pthread_mutex_lock(&s->lock);
    /* The newest: after a restore the server may have given the number a second time. */
    struct query q = query_begin(
        s, "SELECT id FROM alert WHERE account = ? AND seq = ? ORDER BY place DESC LIMIT 1");
    bind_text(&q, account);
    bind_int(&q, seq);
    if (query_row(&q)) {
        snprintf(id, sizeof id, "%s", column_text(&q, 0));
    }
    enum status status = query_end(&q, f);
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK && id[0] == '\0') {
        status = fault_set(f, STATUS_NOT_FOUND, "ALERT_MISSING", "没有序号为 %lld 的预警。",
                           (long long)seq);
    }
    if (status == STATUS_OK) {
        memcpy(ret_id, id, sizeof id);
    }
    return status;
}

enum status
rectify_alerts_newest(struct rectify_alerts *s, const char *account, int64_t *ret_seq,
                      struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    struct query q = query_begin(s, "SELECT coalesce(max(seq), 0) FROM alert WHERE account = ?");
    bind_text(&q, account);
    int64_t seq = query_row(&q) ? column_int(&q, 0) : 0;
    enum status status = query_end(&q, f);
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK) {
        *ret_seq = seq;
    }
    return status;
}

enum status
rectify_alerts_counts_get(struct rectify_alerts *s, int64_t now_ms,
                          struct rectify_alert_counts *ret_counts, struct fault *f)
{
    const int64_t month_ms = 30 * 86400000LL;
    struct rectify_alert_counts counts = {.kept = 0};
    pthread_mutex_lock(&s->lock);
    struct query q = query_begin(
        s, "SELECT count(*) FILTER (WHERE seq > 0),"
           " count(*) FILTER (WHERE seq > 0 AND NOT settled), count(*) FILTER (WHERE hook = 0),"
           " count(*) FILTER (WHERE hook = 2 AND hook_at_ms > ?) FROM alert");
    bind_int(&q, now_ms - month_ms);
    if (query_row(&q)) {
        counts.kept = (uint64_t)column_int(&q, 0);
        counts.open = (uint64_t)column_int(&q, 1);
        counts.hook = (uint64_t)column_int(&q, 2);
        counts.hook_given_up = (uint64_t)column_int(&q, 3);
    }
    enum status status = query_end(&q, f);
    pthread_mutex_unlock(&s->lock);
    if (status == STATUS_OK) {
        *ret_counts = counts;
    }
    return status;
}

enum status
rectify_alerts_tidy(struct rectify_alerts *s, int64_t now_ms, struct fault *f)
{
    pthread_mutex_lock(&s->lock);
    struct query q =
        query_begin(s, "DELETE FROM alert WHERE show <> 0 AND hook <> 0 AND arrived_at_ms < ?");
    bind_int(&q, now_ms - LIMIT_ALERTS_KEPT_MS);
    enum status status = query_run(&q, f);
    pthread_mutex_unlock(&s->lock);
    return status;
}

const char *
rectify_alert_json(struct arena *a, const struct rectify_alert *alert)
{
    json_t *server = alert->json != NULL ? json_loads(alert->json, 0, NULL) : NULL;
    json_t *json = json_pack("{s:s, s:s, s:I, s:i, s:s, s:s, s:I, s:o?}", "id", alert->id, "kind",
                             alert->kind, "seq", (json_int_t)alert->seq, "level", (int)alert->level,
                             "title", alert->title, "text", alert->text, "arrived_at_ms",
                             (json_int_t)alert->arrived_at_ms, "alert", server);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;
    const char *copy = text != NULL ? arena_strdup(a, text) : NULL;
    free(text);
    json_decref(json);
    return copy;
}
