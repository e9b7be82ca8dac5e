#include "client/lib/cache.h"
#include "client/lib/channel_impl.h"
#include "client/lib/file.h"
#include "client/lib/local_db.h"
#include "client/lib/method.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/rpc/wirecheck.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A question and its answer. */
#define CACHE_ARENA_BYTES (16 * LIMIT_FRAME_BYTES)
#define DAY_MS ((int64_t)24 * 3600 * 1000)
enum { ASKED_DAYS = 30, SCHEMA_VERSION = 1, QUESTION_HEX_SIZE = 65 };

enum {
    SQL_PUT,
    SQL_GET,
    SQL_ASKED,
    SQL_SIZE,
    SQL_EVICT,
    SQL_OLD,
    SQL_RENEW,
    SQL_FORGET,
    SQL_COUNT
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS answer ("
    " account TEXT NOT NULL, question TEXT NOT NULL, method TEXT NOT NULL, request BLOB NOT NULL,"
    " reply BLOB NOT NULL, at_ms INTEGER NOT NULL, asked_ms INTEGER NOT NULL,"
    " PRIMARY KEY (account, question));"
    "CREATE INDEX IF NOT EXISTS answer_asked ON answer (asked_ms);"
    "PRAGMA user_version=1";

static const char *const texts[SQL_COUNT] = {
    [SQL_PUT] = "INSERT INTO answer (account, question, method, request, reply, at_ms, asked_ms)"
                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (account, question)"
                " DO UPDATE SET reply = ?5, at_ms = ?6, asked_ms = ?6",
    [SQL_GET] = "SELECT reply, at_ms FROM answer WHERE account = ?1 AND question = ?2",
    [SQL_ASKED] = "UPDATE answer SET asked_ms = ?3 WHERE account = ?1 AND question = ?2",
    [SQL_SIZE] = "SELECT coalesce(sum(length(reply) + length(request) + 200), 0) FROM answer",
    [SQL_EVICT] = "DELETE FROM answer WHERE rowid IN"
                  " (SELECT rowid FROM answer ORDER BY asked_ms LIMIT 8)",
    [SQL_OLD] = "SELECT question, method, request FROM answer WHERE account = ?1"
                " AND at_ms <= ?2 AND asked_ms >= ?3 ORDER BY at_ms LIMIT ?4",
    [SQL_RENEW] = "UPDATE answer SET reply = ?3, at_ms = ?4 WHERE account = ?1 AND question = ?2",
    [SQL_FORGET] = "DELETE FROM answer WHERE account = ?1 AND question = ?2",
};

struct rectify_cache {
    char *path;
    struct local_db db;
};

/* ---- opening ---- */

static int
schema_make(struct rectify_cache *cache)
{
    sqlite3_stmt *s = NULL;
    int version = -1;
    int code = sqlite3_prepare_v2(cache->db.handle, "PRAGMA user_version", -1, &s, NULL);
    if (code == SQLITE_OK && (code = sqlite3_step(s)) == SQLITE_ROW) {
        version = sqlite3_column_int(s, 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(s);
    if (code != SQLITE_OK || version == SCHEMA_VERSION) {
        return code;
    }
    /* Another program's cache is of no use. */
    return version == 0 ? local_db_run(&cache->db, schema) : SQLITE_NOTADB;
}

static int
open_once(struct rectify_cache *cache)
{
    struct local_db_config config = {.path = cache->path, .texts = texts, .count = SQL_COUNT};
    int code = local_db_open(&config, &cache->db);
    if (code != SQLITE_OK) {
        return code;
    }
    code = schema_make(cache);
    if (code != SQLITE_OK) {
        local_db_close(&cache->db);
    }
    return code;
}

static void
file_remove(const struct rectify_cache *cache)
{
    static const char *const companions[] = {"", "-wal", "-shm"};
    struct arena a;
    arena_init(&a, LIMIT_FRAME_BYTES);
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        char *path = arena_printf(&a, "%s%s", cache->path, companions[i]);
        if (path != NULL) {
            (void)unlink(path);
        }
    }
    arena_release(&a);
}

enum status
rectify_cache_open(const char *folder, struct rectify_cache **ret_cache, struct fault *f)
{
    struct rectify_cache *cache = calloc(1, sizeof *cache);
    size_t n = strlen(folder);
    static const char name[] = "/cache.db";
    char *path = malloc(n + sizeof name);
    if (cache == NULL || path == NULL) {
        free(cache);
        free(path);
        return fault_memory(f);
    }
    memcpy(path, folder, n);
    memcpy(path + n, name, sizeof name);
    cache->path = path;
    enum status status = rectify_folder_make(folder, 0700, f);
    int code = status == STATUS_OK ? open_once(cache) : SQLITE_OK;
    if (local_db_is_damage(code)) {
        file_remove(cache);
        code = open_once(cache);
    }
    if (code != SQLITE_OK) {
        status = fault_set(f, STATUS_UNAVAILABLE, "CACHE_OPEN", "打不开本机的缓存“%s”（%s）。",
                           cache->path, sqlite3_errstr(code));
    }
    if (status != STATUS_OK) {
        rectify_cache_free(cache);
        return status;
    }
    *ret_cache = cache;
    return STATUS_OK;
}

void
rectify_cache_free(struct rectify_cache *cache)
{
    if (cache == NULL) {
        return;
    }
    local_db_close(&cache->db);
    free(cache->path);
    free(cache);
}

/* ---- questions ---- */

/* Pieces of files, parked calls and what changes with every asking. */
static bool
is_kept(const char *method)
{
    static const char *const not_kept[] = {"GetChunk", "Wait",   "Export",       "File",
                                           "Preview",  "Health", "GetOperation", "Describe"};
    struct rectify_method kind;
    const char *slash = strrchr(method, '/');
    if (slash == NULL || rectify_method_find(method, &kind, NULL) != STATUS_OK || kind.command) {
        return false;
    }
    for (size_t i = 0; i < sizeof not_kept / sizeof not_kept[0]; i++) {
        if (strstr(slash, not_kept[i]) != NULL) {
            return false;
        }
    }
    return true;
}

/* SHA-256 over method and packed request. */
static bool
question_make(struct arena *a, const struct rectify_request *request, char *ret_hex,
              unsigned char **ret_bytes, size_t *ret_n)
{
    crypto_hash_sha256_state hash;
    unsigned char digest[crypto_hash_sha256_BYTES];
    if (!is_kept(request->method) ||
        wire_pack(a, request->message, ret_bytes, ret_n) != STATUS_OK) {
        return false;
    }
    crypto_hash_sha256_init(&hash);
    crypto_hash_sha256_update(&hash, (const unsigned char *)request->method,
                              strlen(request->method) + 1);
    crypto_hash_sha256_update(&hash, *ret_bytes, *ret_n);
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(ret_hex, QUESTION_HEX_SIZE, digest, sizeof digest);
    return true;
}

/* ---- answers ---- */

static void
evict(struct rectify_cache *cache)
{
    sqlite3_stmt *s = NULL;
    int64_t size = 0;
    do {
        s = local_db_statement(&cache->db, SQL_SIZE);
        size = local_db_step(&cache->db, s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : 0;
        (void)sqlite3_reset(s);
    } while (size > LIMIT_CACHE_BYTES &&
             local_db_execute(&cache->db, local_db_statement(&cache->db, SQL_EVICT)) == SQLITE_OK &&
             sqlite3_changes(cache->db.handle) > 0);
}

void
rectify_cache_put(struct rectify_cache *cache, const char *account,
                  const struct rectify_request *request, const ProtobufCMessage *reply)
{
    struct arena a;
    char question[QUESTION_HEX_SIZE];
    unsigned char *bytes = NULL;
    unsigned char *answer = NULL;
    size_t n = 0;
    size_t answer_size = 0;
    arena_init(&a, CACHE_ARENA_BYTES);
    if (question_make(&a, request, question, &bytes, &n) &&
        wire_pack(&a, reply, &answer, &answer_size) == STATUS_OK) {
        sqlite3_stmt *s = local_db_statement(&cache->db, SQL_PUT);
        local_db_text(s, 1, account);
        local_db_text(s, 2, question);
        local_db_text(s, 3, request->method);
        local_db_bytes(s, 4, bytes, n);
        local_db_bytes(s, 5, answer, answer_size);
        local_db_number(s, 6, now_wall_ms());
        (void)local_db_execute(&cache->db, s);
        evict(cache);
    }
    arena_release(&a);
}

static enum status
none(struct fault *f)
{
    return fault_set(f, STATUS_NOT_FOUND, "CACHE_NONE", "本机没有存这项内容，联网后才能看。");
}

static void
asked_note(struct rectify_cache *cache, const char *account, const char *question)
{
    sqlite3_stmt *s = local_db_statement(&cache->db, SQL_ASKED);
    local_db_text(s, 1, account);
    local_db_text(s, 2, question);
    local_db_number(s, 3, now_wall_ms());
    (void)local_db_execute(&cache->db, s);
}

enum status
rectify_cache_get(struct rectify_cache *cache, struct arena *a, const char *account,
                  const struct rectify_request *request, ProtobufCMessage **ret_reply,
                  int64_t *ret_at_ms, struct fault *f)
{
    struct rectify_method method;
    char question[QUESTION_HEX_SIZE];
    unsigned char *bytes = NULL;
    size_t n = 0;
    int64_t at = 0;
    enum status status = rectify_method_find(request->method, &method, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (!question_make(a, request, question, &bytes, &n)) {
        return none(f);
    }
    sqlite3_stmt *s = local_db_statement(&cache->db, SQL_GET);
    local_db_text(s, 1, account);
    local_db_text(s, 2, question);
    bytes = NULL;
    if (local_db_step(&cache->db, s) == SQLITE_ROW) {
        bytes = local_db_get_bytes(a, s, 0, &n);
        at = sqlite3_column_int64(s, 1);
    }
    (void)sqlite3_reset(s);
    if (bytes == NULL || wire_unpack(a, method.reply, bytes, n, ret_reply, NULL) != STATUS_OK) {
        return none(f);
    }
    asked_note(cache, account, question);
    *ret_at_ms = at;
    return STATUS_OK;
}

/* ---- asking again ---- */

struct question {
    const char *id;
    const char *method;
    unsigned char *request;
    size_t size;
};

struct refresh {
    struct rectify_cache *cache;
    const char *account;
    int64_t max_age_ms;
    uint32_t limit;
};

static enum status
old_list(const struct refresh *r, struct arena *a, struct question **ret_questions,
         size_t *ret_count, struct fault *f)
{
    void *items = NULL;
    size_t count = 0;
    size_t capacity = 0;
    sqlite3_stmt *s = local_db_statement(&r->cache->db, SQL_OLD);
    local_db_text(s, 1, r->account);
    local_db_number(s, 2, now_wall_ms() - r->max_age_ms);
    local_db_number(s, 3, now_wall_ms() - ASKED_DAYS * DAY_MS);
    local_db_number(s, 4, r->limit);
    while (local_db_step(&r->cache->db, s) == SQLITE_ROW) {
        struct question *q = arena_grow(a, &items, count, &capacity, sizeof *q);
        if (q == NULL) {
            (void)sqlite3_reset(s);
            return fault_memory(f);
        }
        *q = (struct question){.id = local_db_get_text(a, s, 0),
                               .method = local_db_get_text(a, s, 1)};
        q->request = local_db_get_bytes(a, s, 2, &q->size);
        count++;
    }
    (void)sqlite3_reset(s);
    *ret_questions = items;
    *ret_count = count;
    return STATUS_OK;
}

static void
answer_renew(const struct refresh *r, const struct question *q, const struct rectify_answer *answer,
             struct arena *a)
{
    unsigned char *bytes = NULL;
    size_t n = 0;
    if (wire_pack(a, answer->message, &bytes, &n) != STATUS_OK) {
        return;
    }
    sqlite3_stmt *s = local_db_statement(&r->cache->db, SQL_RENEW);
    local_db_text(s, 1, r->account);
    local_db_text(s, 2, q->id);
    local_db_bytes(s, 3, bytes, n);
    local_db_number(s, 4, now_wall_ms());
    (void)local_db_execute(&r->cache->db, s);
}

/* What the server does not answer any more is not shown any more. */
static void
answer_forget(const struct refresh *r, const struct question *q)
{
    sqlite3_stmt *s = local_db_statement(&r->cache->db, SQL_FORGET);
    local_db_text(s, 1, r->account);
    local_db_text(s, 2, q->id);
    (void)local_db_execute(&r->cache->db, s);
}

/* Asks one question; false when nothing more can be asked now. */
static bool
question_ask(const struct refresh *r, struct rectify_channel *channel, const struct question *q)
{
    struct arena a;
    struct rectify_method method;
    struct rectify_answer answer;
    struct fault why = {.code = STATUS_OK};
    ProtobufCMessage *message = NULL;
    arena_init(&a, CACHE_ARENA_BYTES);
    bool readable =
        q->method != NULL && q->request != NULL &&
        rectify_method_find(q->method, &method, NULL) == STATUS_OK &&
        wire_unpack(&a, method.request, q->request, q->size, &message, NULL) == STATUS_OK;
    bool go_on = true;
    if (readable) {
        struct rectify_request request = {.method = q->method, .message = message};
        why.code = rectify_call(channel, &a, &request, &answer, &why);
        if (why.code == STATUS_OK) {
            answer_renew(r, q, &answer, &a);
        } else if (why.code == STATUS_NOT_FOUND || why.code == STATUS_PERMISSION_DENIED) {
            answer_forget(r, q);
        } else {
            go_on = why.code == STATUS_INVALID_ARGUMENT || why.code == STATUS_FAILED_PRECONDITION;
        }
    } else {
        answer_forget(r, q);
    }
    arena_release(&a);
    return go_on;
}

enum status
rectify_cache_refresh(struct rectify_cache *cache, struct rectify_channel *channel,
                      const char *account, int64_t max_age_ms, uint32_t limit, uint32_t *ret_asked,
                      struct fault *f)
{
    struct arena a;
    struct question *questions = NULL;
    size_t count = 0;
    uint32_t asked = 0;
    struct refresh r = {
        .cache = cache, .account = account, .max_age_ms = max_age_ms, .limit = limit};
    struct rectify_cache *kept = channel->options.cache;
    arena_init(&a, 4 * CACHE_ARENA_BYTES);
    enum status status = old_list(&r, &a, &questions, &count, f);
    channel->options.cache = NULL; /* nobody asked: it must not count as asked */
    bool go_on = status == STATUS_OK;
    for (size_t i = 0; go_on && i < count; i++) {
        go_on = question_ask(&r, channel, &questions[i]);
        asked += go_on ? 1 : 0;
    }
    channel->options.cache = kept;
    arena_release(&a);
    if (status == STATUS_OK) {
        *ret_asked = asked;
    }
    return status;
}
