#include "server/store/migrate.h"

#include "server/store/db.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { APPLIED_MAX = 10000, MIGRATE_ARENA_BYTES = 4 * 1024 * 1024 };

/* One migration at a time over the whole cluster; the number is arbitrary and fixed. */
#define LOCK_SQL "SET lock_timeout = 0; SELECT pg_advisory_lock(7267319001)"

#define BOOK_SQL                                                                                   \
    "CREATE SCHEMA IF NOT EXISTS rectify;"                                                         \
    "CREATE TABLE IF NOT EXISTS rectify.migration ("                                               \
    "    no integer NOT NULL,"                                                                     \
    "    name text NOT NULL,"                                                                      \
    "    sha256 bytea NOT NULL,"                                                                   \
    "    applied_ms bigint NOT NULL,"                                                              \
    "    CONSTRAINT migration_pk PRIMARY KEY (no))"

static const struct statement migration_list = {
    .name = "migration_list",
    .sql = "SELECT no, name, sha256 FROM rectify.migration ORDER BY no",
};

static const struct statement migration_insert = {
    .name = "migration_insert",
    .sql = "INSERT INTO rectify.migration (no, name, sha256, applied_ms)"
           " VALUES ($1, $2, $3, (extract(epoch FROM now()) * 1000)::bigint)",
    .params = 3,
};

extern const struct statement *const migrate_statements[];
const struct statement *const migrate_statements[] = {&migration_list, &migration_insert, NULL};

struct applied {
    int no;
    const char *name;
    const unsigned char *sha256;
};

struct book {
    struct applied *items;
    size_t count;
    size_t capacity;
};

static enum status
book_row(void *ctx, const struct db_row *row, struct arena *a)
{
    struct book *book = ctx;
    void *items = book->items;
    struct applied *item = arena_grow(a, &items, book->count, &book->capacity, sizeof *item);
    if (item == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    book->items = items;
    size_t size = 0;
    item->no = (int)db_int(row, 0);
    item->name = db_text(row, 1, a);
    item->sha256 = db_bytes(row, 2, a, &size);
    if (item->name == NULL || size != crypto_hash_sha256_BYTES) {
        return STATUS_DATA_LOSS;
    }
    book->count++;
    return STATUS_OK;
}

static enum status
book_read(struct db *db, struct arena *a, struct book *book, struct fault *fault)
{
    struct db_queue *q = db_queue_new(a);
    int owner = 0;
    if (q == NULL) {
        return fault_memory(fault);
    }
    enum status s =
        db_queue_add(q, &migration_list, NULL, (struct db_sink){book_row, book, DB_ANY_COUNT});
    return s == STATUS_OK ? db_run(db, q, &owner, fault) : s;
}

/* What is applied must be the beginning of what is compiled in, byte for byte. */
static enum status
book_compare(const struct book *book, const struct migration *list, size_t count,
             struct fault *fault)
{
    for (size_t i = 0; i < book->count; i++) {
        const struct applied *done = &book->items[i];
        if (i >= count || done->no > list[count - 1].no) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "MIGRATION_UNKNOWN",
                             "数据库里已有本程序不认识的迁移 %s：数据库比程序新，请换用新版程序。",
                             done->name);
        }
        if (done->no != list[i].no) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "MIGRATION_ORDER",
                             "数据库已执行 %s，却没有执行它之前的 %s：请核对程序版本。", done->name,
                             list[i].name);
        }
        unsigned char hash[crypto_hash_sha256_BYTES];
        crypto_hash_sha256(hash, (const unsigned char *)list[i].sql, strlen(list[i].sql));
        if (memcmp(hash, done->sha256, sizeof hash) != 0) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "MIGRATION_EDITED",
                             "迁移 %s 执行之后又被改动：已执行的迁移不得修改，请恢复原文件，"
                             "另写新的迁移。",
                             list[i].name);
        }
    }
    return STATUS_OK;
}

static enum status
note_applied(struct db *db, struct arena *a, const struct migration *m, struct fault *fault)
{
    unsigned char hash[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(hash, (const unsigned char *)m->sql, strlen(m->sql));
    struct db_queue *q = db_queue_new(a);
    if (q == NULL) {
        return fault_memory(fault);
    }
    const struct param params[] = {p_int(m->no), p_text(m->name), p_bytes(hash, sizeof hash)};
    int owner = 0;
    enum status s = db_queue_add(q, &migration_insert, params, (struct db_sink){.expect = 1});
    return s == STATUS_OK ? db_run(db, q, &owner, fault) : s;
}

static enum status
apply_one(struct db *db, struct arena *a, const struct migration *m, struct fault *fault)
{
    struct fault why = {0};
    enum status s = db_exec(db, "BEGIN; SET LOCAL search_path = rectify", &why);
    if (s == STATUS_OK) {
        s = db_exec(db, m->sql, &why);
    }
    if (s == STATUS_OK) {
        s = note_applied(db, a, m, &why);
    }
    if (s == STATUS_OK) {
        s = db_exec(db, "COMMIT", &why);
    }
    if (s == STATUS_OK) {
        return STATUS_OK;
    }
    struct fault ignored;
    if (db_exec(db, "ROLLBACK", &ignored) != STATUS_OK) {
        why.code = s; /* the connection is gone and with it the transaction */
    }
    return fault_set(fault, STATUS_INTERNAL, "MIGRATION_FAILED", "迁移 %s 没有成功，已全部撤回：%s",
                     m->name, why.message);
}

static enum status
apply_missing(struct db *db, struct arena *a, const struct migration *list, size_t count,
              struct fault *fault, size_t *ret_from)
{
    enum status s = db_exec(db, LOCK_SQL, fault);
    if (s == STATUS_OK) {
        s = db_exec(db, BOOK_SQL, fault);
    }
    struct book book = {0};
    if (s == STATUS_OK) {
        s = book_read(db, a, &book, fault);
    }
    if (s == STATUS_OK) {
        s = book_compare(&book, list, count, fault);
    }
    if (s == STATUS_OK) {
        *ret_from = book.count;
    }
    return s;
}

enum status
migrate_apply(const char *conninfo, const struct migration *list, size_t count,
              migrate_note_fn *note, void *ctx, struct fault *fault)
{
    struct arena a;
    arena_init(&a, MIGRATE_ARENA_BYTES);
    struct db *db = NULL;
    size_t from = 0;
    enum status s = db_open(conninfo, "rectifyd migrate", &db, fault);
    if (s == STATUS_OK) {
        s = apply_missing(db, &a, list, count, fault, &from);
    }
    for (size_t i = from; s == STATUS_OK && i < count; i++) {
        s = apply_one(db, &a, &list[i], fault);
        if (s == STATUS_OK && note != NULL) {
            note(ctx, &list[i]);
        }
    }
    db_close(db);
    arena_release(&a);
    return s;
}

enum status
migrate_check(const char *conninfo, const struct migration *list, size_t count, struct fault *fault)
{
    struct arena a;
    arena_init(&a, MIGRATE_ARENA_BYTES);
    struct db *db = NULL;
    struct book book = {0};
    enum status s = db_open(conninfo, "rectifyd check", &db, fault);
    if (s == STATUS_OK) {
        s = book_read(db, &a, &book, fault);
        if (s == STATUS_INTERNAL) { /* no such table: nothing was ever migrated */
            s = STATUS_OK;
        }
    }
    if (s == STATUS_OK) {
        s = book_compare(&book, list, count, fault);
    }
    if (s == STATUS_OK && book.count < count) {
        s = fault_set(fault, STATUS_FAILED_PRECONDITION, "SCHEMA_OLD",
                      "数据库结构不是最新（缺 %s 起的 %zu 个迁移）：请先运行 rectifyd migrate。",
                      list[book.count].name, count - book.count);
    }
    db_close(db);
    arena_release(&a);
    return s;
}
