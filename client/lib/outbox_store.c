/* The outbox's database: schema, statements, and what reads and writes items as people see them. */
#include "client/lib/file.h"
#include "client/lib/outbox_sql.h"
#include "proto/base/now.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SCHEMA_VERSION = 1 };

/* state, verdict: the numbers of outbox.h. place: order of sending; number: what people type.
 * payload: the message as put; frozen, frozen_version: as it goes out. refusal: status code of the
 * refusal. odd: answers that could not be read. event: of the receipt. */
static const char schema[] =
    "CREATE TABLE item ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT,"
    " key TEXT NOT NULL CONSTRAINT item_key UNIQUE,"
    " place INTEGER NOT NULL CONSTRAINT item_place UNIQUE,"
    " state INTEGER NOT NULL CONSTRAINT item_state CHECK (state BETWEEN 1 AND 5),"
    " verdict INTEGER NOT NULL DEFAULT 0 CONSTRAINT item_verdict CHECK (verdict BETWEEN 0 AND 3),"
    " method TEXT NOT NULL, title TEXT NOT NULL, on_behalf_of TEXT, account TEXT,"
    " expected_version INTEGER, timeout_ms INTEGER NOT NULL,"
    " payload BLOB NOT NULL, frozen BLOB, frozen_version INTEGER,"
    " queued_at_ms INTEGER NOT NULL, sent_at_ms INTEGER NOT NULL DEFAULT 0,"
    " settled_at_ms INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,"
    " odd INTEGER NOT NULL DEFAULT 0, reoffered INTEGER NOT NULL DEFAULT 0,"
    " reason TEXT, message TEXT, refusal INTEGER NOT NULL DEFAULT 0,"
    " reply BLOB, receipt BLOB, receipt_number TEXT, event TEXT,"
    " recorded_at_ms INTEGER NOT NULL DEFAULT 0, asked_at_ms INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX item_order ON item (state, place);"
    "CREATE INDEX item_event ON item (event) WHERE event IS NOT NULL;"
    "CREATE INDEX item_unjudged ON item (asked_at_ms) WHERE verdict = 1;"
    "CREATE TABLE file ("
    " id TEXT PRIMARY KEY, sha256 TEXT NOT NULL, size INTEGER NOT NULL, name TEXT NOT NULL,"
    " kind INTEGER NOT NULL, effective_on TEXT, captured_at_ms INTEGER NOT NULL,"
    " evidence_id TEXT) WITHOUT ROWID;"
    "CREATE INDEX file_content ON file (sha256);"
    "CREATE TABLE item_file ("
    " item INTEGER NOT NULL CONSTRAINT item_file_item REFERENCES item ON DELETE CASCADE,"
    " file TEXT NOT NULL CONSTRAINT item_file_file REFERENCES file,"
    " PRIMARY KEY (item, file)) WITHOUT ROWID;"
    "CREATE INDEX item_file_file ON item_file (file);"
    "CREATE TABLE item_thing ("
    " name TEXT NOT NULL,"
    " item INTEGER NOT NULL CONSTRAINT item_thing_item REFERENCES item ON DELETE CASCADE,"
    " told INTEGER NOT NULL DEFAULT 0," /* which version it made of the thing is known */
    " PRIMARY KEY (name, item)) WITHOUT ROWID;"
    "CREATE INDEX item_thing_item ON item_thing (item);"
    "CREATE TABLE made ("
    " name TEXT NOT NULL, inspection TEXT NOT NULL, base INTEGER NOT NULL,"
    " version INTEGER NOT NULL, PRIMARY KEY (name, inspection, base)) WITHOUT ROWID;";

#define WORK                                                                                       \
    "i.number, i.place, i.key, i.state, i.method, i.on_behalf_of, i.expected_version,"             \
    " i.timeout_ms, i.payload, i.frozen, i.frozen_version, i.queued_at_ms, i.odd, i.reoffered"
#define NEXT_WHERE " FROM item i WHERE i.state = ?1 AND i.place > ?2 AND (?3 = 0 OR i.number = ?3)"
#define ITEM                                                                                       \
    "SELECT i.number, i.key, i.state, i.verdict, i.method, i.title, i.on_behalf_of, i.account,"    \
    " i.queued_at_ms, i.sent_at_ms, i.settled_at_ms, i.attempts,"                                  \
    " (SELECT count(*) FROM item_file b WHERE b.item = i.number),"                                 \
    " (SELECT coalesce(sum(f.size), 0) FROM item_file b JOIN file f ON f.id = b.file"              \
    "  WHERE b.item = i.number),"                                                                  \
    " i.reason, i.message, i.receipt_number, i.recorded_at_ms, i.refusal FROM item i"

static const char *const texts[SQL_COUNT] = {
    [SQL_CAPTURE] = "INSERT INTO file (id, sha256, size, name, kind, effective_on, captured_at_ms)"
                    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_FILE_KNOWN] = "SELECT 1 FROM file WHERE id = ?1",
    [SQL_FILE_BIND] = "INSERT OR IGNORE INTO item_file (item, file) VALUES (?1, ?2)",
    [SQL_FILES] = "SELECT f.id, f.sha256, f.name, f.size, f.kind, f.effective_on, f.evidence_id"
                  " FROM item_file b JOIN file f ON f.id = b.file WHERE b.item = ?1 ORDER BY f.id",
    [SQL_FILE_SENT] = "UPDATE file SET evidence_id = ?2 WHERE id = ?1",
    [SQL_FILES_FORGET] = "UPDATE file SET evidence_id = NULL"
                         " WHERE id IN (SELECT file FROM item_file WHERE item = ?1)",
    [SQL_CONTENT_NAMED] =
        "SELECT 1 FROM file f WHERE f.sha256 = ?1 AND (EXISTS (SELECT 1 FROM item_file b"
        " JOIN item i ON i.number = b.item WHERE b.file = f.id AND i.state <> 5) OR"
        " (f.captured_at_ms >= ?2 AND NOT EXISTS (SELECT 1 FROM item_file b WHERE b.file = f.id)))",
    [SQL_FILES_UNNAMED] = "DELETE FROM file WHERE captured_at_ms < ?1 AND"
                          " NOT EXISTS (SELECT 1 FROM item_file b WHERE b.file = file.id)",
    [SQL_PUT] = "INSERT INTO item (key, place, state, method, title, on_behalf_of, account,"
                " expected_version, timeout_ms, payload, frozen, frozen_version, queued_at_ms,"
                " sent_at_ms, attempts) VALUES (?1,"
                " (SELECT coalesce(max(place), 0) + 1 FROM item), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                " ?10, ?11, ?12, ?13, ?14)",
    [SQL_THING] = "INSERT OR IGNORE INTO item_thing (name, item) VALUES (?1, ?2)",
    [SQL_ITEM] = ITEM " WHERE i.number = ?1",
    [SQL_NUMBER] = "SELECT number FROM item WHERE key = ?1",
    [SQL_LIST] = ITEM " JOIN (SELECT number AS n FROM item WHERE (?1 <> 0 AND state = ?1) OR"
                      " (?1 = 0 AND (?2 <> 0 OR state IN (1, 2, 4))) ORDER BY place DESC LIMIT ?3)"
                      " ON n = i.number ORDER BY i.place",
    [SQL_COUNTS] = "SELECT (SELECT count(*) FROM item WHERE state = 1),"
                   " (SELECT count(*) FROM item WHERE state = 2),"
                   " (SELECT count(*) FROM item WHERE state = 4),"
                   " (SELECT count(*) FROM item WHERE state = 3),"
                   " (SELECT coalesce(min(queued_at_ms), 0) FROM item WHERE state IN (1, 2)),"
                   " (SELECT coalesce(sum(size), 0) FROM file f WHERE evidence_id IS NULL AND"
                   "  EXISTS (SELECT 1 FROM item_file b JOIN item i ON i.number = b.item"
                   "  WHERE b.file = f.id AND i.state IN (1, 2)))",
    [SQL_REQUEST] = "SELECT " WORK " FROM item i WHERE i.number = ?1",
    [SQL_ANSWER] = "SELECT method, reply, receipt, settled_at_ms FROM item"
                   " WHERE number = ?1 AND state = 3",
    /* Without a refusal the old request may have been carried out: it must go as it is. */
    [SQL_RETRY] = "UPDATE item SET place = (SELECT max(place) + 1 FROM item), odd = 0,"
                  " settled_at_ms = 0,"
                  " state = CASE WHEN refusal IN (13, 15) THEN 2 ELSE 1 END,"
                  " key = CASE WHEN refusal IN (13, 15) THEN key ELSE ?2 END,"
                  " frozen = CASE WHEN refusal IN (13, 15) THEN frozen END,"
                  " frozen_version = CASE WHEN refusal IN (13, 15) THEN frozen_version END,"
                  " sent_at_ms = CASE WHEN refusal IN (13, 15) THEN sent_at_ms ELSE 0 END,"
                  " attempts = CASE WHEN refusal IN (13, 15) THEN attempts ELSE 0 END,"
                  " reason = NULL, message = NULL, refusal = 0, reoffered = 0"
                  " WHERE number = ?1 AND state = 4",
    [SQL_DROP] = "UPDATE item SET state = 5, settled_at_ms = ?2 WHERE number = ?1 AND"
                 " (state = 1 OR (state = 4 AND refusal NOT IN (13, 15)))",
    [SQL_REOFFER] = "UPDATE item SET state = 2, reoffered = 1, settled_at_ms = 0, odd = 0,"
                    " verdict = 0 WHERE state = 3 AND recorded_at_ms >= ?1",
    [SQL_REOFFER_SENT] = "UPDATE item SET reoffered = 1 WHERE state = 2",
    [SQL_TIDY] = "DELETE FROM item WHERE state IN (3, 5) AND settled_at_ms < ?1",
    [SQL_NEXT] = "SELECT " WORK NEXT_WHERE " ORDER BY i.place LIMIT 1",
    [SQL_NEXT_GUARDED] =
        "SELECT " WORK NEXT_WHERE " AND NOT EXISTS (SELECT 1 FROM item_thing t"
        " JOIN item_thing o ON o.name = t.name AND o.item <> t.item"
        " JOIN item e ON e.number = o.item"
        " WHERE t.item = i.number AND e.state = 2 AND e.odd > 0 AND e.place < i.place)"
        " ORDER BY i.place LIMIT 1",
    [SQL_SENT] = "UPDATE item SET state = 2, frozen = ?2, frozen_version = ?3,"
                 " sent_at_ms = CASE WHEN sent_at_ms = 0 THEN ?4 ELSE sent_at_ms END,"
                 " attempts = attempts + 1 WHERE number = ?1 AND state IN (1, 2)",
    [SQL_UNSENT] = "UPDATE item SET state = 1, frozen = NULL, frozen_version = NULL,"
                   " sent_at_ms = 0, reason = ?2, message = ?3 WHERE number = ?1 AND state = 2",
    [SQL_FAILED] = "UPDATE item SET reason = ?2, message = ?3, odd = odd + ?4 WHERE number = ?1"
                   " AND state IN (1, 2)",
    [SQL_REFUSED] = "UPDATE item SET state = 4, reason = ?2, message = ?3, refusal = ?4,"
                    " settled_at_ms = ?5 WHERE number = ?1 AND state IN (1, 2)",
    [SQL_RECEIVED] = "UPDATE item SET state = 3, verdict = ?2, reply = ?3, receipt = ?4,"
                     " receipt_number = ?5, event = ?6, recorded_at_ms = ?7, settled_at_ms = ?8,"
                     " reason = NULL, message = NULL, odd = 0, reoffered = 0, asked_at_ms = 0"
                     " WHERE number = ?1 AND state IN (1, 2)",
    [SQL_MADE] = "INSERT OR REPLACE INTO made (name, inspection, base, version)"
                 " VALUES (?1, ?2, ?3, ?4)",
    [SQL_MADE_NEXT] = "SELECT version FROM made WHERE name = ?1 AND base = ?3 AND version > base"
                      " AND (inspection = ?2 OR inspection = '' OR ?2 = '')"
                      " ORDER BY inspection = ?2 DESC LIMIT 1",
    [SQL_TOLD] = "UPDATE item_thing SET told = 1 WHERE name = ?1 AND item = ?2",
    [SQL_TOLD_ALL] = "UPDATE item_thing SET told = 1 WHERE name = ?1 AND told = 0"
                     " AND item IN (SELECT number FROM item WHERE state = 3)",
    [SQL_TOUCHED] = "SELECT 1 FROM item_thing t JOIN item i ON i.number = t.item"
                    " WHERE t.name = ?1 AND t.told = 0 AND i.state = 3 AND i.place < ?2"
                    " AND i.settled_at_ms >= ?3",
    [SQL_EVENT_KNOWN] = "SELECT 1 FROM item WHERE event = ?1",
    [SQL_UNJUDGED] = "SELECT number, key FROM item WHERE verdict = 1 AND state = 3"
                     " AND asked_at_ms < ?2 ORDER BY asked_at_ms, number LIMIT ?1",
    [SQL_VERDICT] = "UPDATE item SET verdict = ?2, message = ?3, asked_at_ms = ?4"
                    " WHERE number = ?1 AND state = 3",
    [SQL_VERDICT_KNOWN] = "SELECT 1 FROM item WHERE number = ?1 AND verdict = ?2 AND message IS ?3",
};

/* ---- opening ---- */

/* Is what lies at the path still the file that this handle opened? */
static bool
path_is_ours(const struct rectify_outbox *outbox)
{
    struct stat st;
    return stat(outbox->path, &st) == 0 && (uint64_t)st.st_ino == outbox->inode;
}

/* Moves the damaged file and its companions aside; ret_to: where to, "" when it could not be. */
static void
damaged_move(const struct rectify_outbox *outbox, char *ret_to, size_t size)
{
    static const char *const companions[] = {"", "-wal", "-shm"};
    char from[4096];
    char to[4200];
    ret_to[0] = '\0';
    if (!path_is_ours(outbox)) {
        return;
    }
    snprintf(ret_to, size, "%s.damaged-%" PRId64, outbox->path, now_wall_ms() / 1000);
    for (size_t i = 0; i < sizeof companions / sizeof companions[0]; i++) {
        snprintf(from, sizeof from, "%s%s", outbox->path, companions[i]);
        snprintf(to, sizeof to, "%s%s", ret_to, companions[i]);
        if (rename(from, to) != 0 && i == 0) {
            ret_to[0] = '\0';
            return;
        }
    }
}

static enum status
damaged_fault(struct rectify_outbox *outbox, struct fault *f)
{
    char to[4096];
    damaged_move(outbox, to, sizeof to);
    if (to[0] == '\0') {
        return fault_set(f, STATUS_DATA_LOSS, "OUTBOX_DAMAGED",
                         "待发箱“%s”已损坏，读不出来。里面可能有还没有发出的办理："
                         "请不要删除它，立即告知管理员。",
                         outbox->path);
    }
    return fault_set(f, STATUS_DATA_LOSS, "OUTBOX_DAMAGED",
                     "待发箱已损坏，读不出来，已原样移到“%s”（附带文件同名）。里面可能有还没有"
                     "发出的办理：请保留这些文件并告知管理员，用 rectify todo 核对哪些没有收到，"
                     "重新办理。材料的副本仍在“%s”里。",
                     to, outbox->files);
}

enum status
outbox_store_fault(struct rectify_outbox *outbox, int code, struct fault *f)
{
    if (local_db_is_damage(code)) {
        return damaged_fault(outbox, f);
    }
    if (local_db_is_full(outbox->folder, code)) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "DISK_FULL",
                         "磁盘满了，没有存入待发箱：请先腾出空间（“%s”所在的磁盘），再试一次。",
                         outbox->folder);
    }
    switch (code & 0xff) {
    case SQLITE_NOMEM:
        return fault_memory(f);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_BUSY",
                         "待发箱正被别的程序占用，请稍后再试。");
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE) {
            return fault_set(f, STATUS_ALREADY_EXISTS, "OUTBOX_KEY",
                             "待发箱里已经有这个办理编号：同一件事不要办两次，用 rectify outbox "
                             "查看。");
        }
        break;
    default:
        break;
    }
    return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_WRITE",
                     "读写待发箱“%s”时出错（%s）：请检查文件夹的权限和磁盘。", outbox->path,
                     sqlite3_errstr(code));
}

static enum status
version_read(struct rectify_outbox *outbox, int *ret_version, struct fault *f)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(outbox->db.handle, "PRAGMA user_version", -1, &s, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(s);
    }
    if (code == SQLITE_ROW) {
        *ret_version = sqlite3_column_int(s, 0);
    }
    (void)sqlite3_finalize(s);
    return code == SQLITE_ROW ? STATUS_OK : outbox_store_fault(outbox, code, f);
}

/* Makes the tables; two processes may try at once, and the second finds them made. */
static enum status
schema_make(struct rectify_outbox *outbox, struct fault *f)
{
    int version = 0;
    char set[64];
    enum status status = outbox_store_begin(outbox, f);
    if (status == STATUS_OK) {
        status = version_read(outbox, &version, f);
    }
    if (status == STATUS_OK && version == 0) {
        snprintf(set, sizeof set, "PRAGMA user_version=%d", (int)SCHEMA_VERSION);
        int code = local_db_run(&outbox->db, schema);
        code = code == SQLITE_OK ? local_db_run(&outbox->db, set) : code;
        status = code == SQLITE_OK ? STATUS_OK : outbox_store_fault(outbox, code, f);
    }
    if (status == STATUS_OK) {
        return outbox_store_commit(outbox, f);
    }
    outbox_store_rollback(outbox);
    return status;
}

static enum status
schema_check(struct rectify_outbox *outbox, struct fault *f)
{
    int version = 0;
    struct rectify_outbox_counts counts;
    enum status status = version_read(outbox, &version, f);
    if (status == STATUS_OK && version == 0) {
        status = schema_make(outbox, f);
    }
    if (status == STATUS_OK && version > SCHEMA_VERSION) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "OUTBOX_VERSION",
                         "待发箱“%s”是更新的程序建的（第 %d 版）：请升级本机程序，不要删除它。",
                         outbox->path, version);
    }
    return status == STATUS_OK ? outbox_store_counts(outbox, &counts, f) : status;
}

enum status
outbox_store_open(struct rectify_outbox *outbox, struct fault *f)
{
    struct stat st;
    struct local_db_config config = {
        .path = outbox->path, .texts = texts, .count = SQL_COUNT, .durable = true};
    int code = local_db_open(&config, &outbox->db);
    if (stat(outbox->path, &st) == 0) {
        outbox->inode = (uint64_t)st.st_ino;
    }
    if (code != SQLITE_OK) {
        return outbox_store_fault(outbox, code, f);
    }
    return schema_check(outbox, f);
}

/* ---- statements ---- */

enum status
outbox_store_begin(struct rectify_outbox *outbox, struct fault *f)
{
    int code = local_db_begin(&outbox->db);
    return code == SQLITE_OK ? STATUS_OK : outbox_store_fault(outbox, code, f);
}

enum status
outbox_store_commit(struct rectify_outbox *outbox, struct fault *f)
{
    int code = local_db_commit(&outbox->db);
    return code == SQLITE_OK ? STATUS_OK : outbox_store_fault(outbox, code, f);
}

void
outbox_store_rollback(struct rectify_outbox *outbox)
{
    local_db_rollback(&outbox->db);
}

enum status
outbox_sql_run(struct rectify_outbox *outbox, sqlite3_stmt *s, bool *ret_changed, struct fault *f)
{
    int code = local_db_execute(&outbox->db, s);
    if (code != SQLITE_OK) {
        return outbox_store_fault(outbox, code, f);
    }
    if (ret_changed != NULL) {
        *ret_changed = sqlite3_changes(outbox->db.handle) > 0;
    }
    return STATUS_OK;
}

enum status
outbox_sql_row(struct rectify_outbox *outbox, sqlite3_stmt *s, bool *ret_row, struct fault *f)
{
    int code = local_db_step(&outbox->db, s);
    *ret_row = code == SQLITE_ROW;
    if (code == SQLITE_ROW) {
        return STATUS_OK;
    }
    (void)sqlite3_reset(s);
    return code == SQLITE_DONE ? STATUS_OK : outbox_store_fault(outbox, code, f);
}

enum status
outbox_sql_there(struct rectify_outbox *outbox, sqlite3_stmt *s, bool *ret_there, struct fault *f)
{
    enum status status = outbox_sql_row(outbox, s, ret_there, f);
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_sql_list(struct rectify_outbox *outbox, struct arena *a, sqlite3_stmt *s,
                const struct outbox_shape *shape, struct outbox_rows *ret_rows, struct fault *f)
{
    struct outbox_rows rows = {.count = 0};
    size_t capacity = 0;
    bool row = false;
    enum status status = outbox_sql_row(outbox, s, &row, f);
    while (status == STATUS_OK && row) {
        void *entry = arena_grow(a, &rows.entries, rows.count, &capacity, shape->size);
        status = entry != NULL ? shape->read(a, s, entry, f) : fault_memory(f);
        if (status == STATUS_OK) {
            rows.count++;
            status = outbox_sql_row(outbox, s, &row, f);
        }
    }
    (void)sqlite3_reset(s);
    if (status == STATUS_OK) {
        *ret_rows = rows;
    }
    return status;
}

/* ---- files ---- */

enum status
outbox_store_capture(struct rectify_outbox *outbox, const struct outbox_capture *file,
                     int64_t now_ms, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_CAPTURE);
    local_db_text(s, 1, file->id);
    local_db_text(s, 2, file->sha256);
    local_db_number(s, 3, file->size);
    local_db_text(s, 4, file->name);
    local_db_number(s, 5, (int64_t)file->kind);
    local_db_text(s, 6, file->effective_on);
    local_db_number(s, 7, now_ms);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_file_known(struct rectify_outbox *outbox, const char *id, bool *ret_known,
                        struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILE_KNOWN);
    local_db_text(s, 1, id);
    return outbox_sql_there(outbox, s, ret_known, f);
}

enum status
outbox_store_file_bind(struct rectify_outbox *outbox, int64_t number, const char *id,
                       struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILE_BIND);
    local_db_number(s, 1, number);
    local_db_text(s, 2, id);
    return outbox_sql_run(outbox, s, NULL, f);
}

static enum status
capture_read(struct arena *a, sqlite3_stmt *s, void *ret_entry, struct fault *f)
{
    (void)f;
    *(struct outbox_capture *)ret_entry =
        (struct outbox_capture){.id = local_db_get_text(a, s, 0),
                                .sha256 = local_db_get_text(a, s, 1),
                                .name = local_db_get_text(a, s, 2),
                                .size = sqlite3_column_int64(s, 3),
                                .kind = (Pb__EvidenceKind)sqlite3_column_int(s, 4),
                                .effective_on = local_db_get_text(a, s, 5),
                                .evidence_id = local_db_get_text(a, s, 6)};
    return STATUS_OK;
}

enum status
outbox_store_files(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                   struct outbox_capture **ret_files, size_t *ret_count, struct fault *f)
{
    static const struct outbox_shape shape = {sizeof(struct outbox_capture), capture_read};
    struct outbox_rows rows;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILES);
    local_db_number(s, 1, number);
    enum status status = outbox_sql_list(outbox, a, s, &shape, &rows, f);
    if (status == STATUS_OK) {
        *ret_files = rows.entries;
        *ret_count = rows.count;
    }
    return status;
}

enum status
outbox_store_file_sent(struct rectify_outbox *outbox, const char *id, const char *evidence_id,
                       struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILE_SENT);
    local_db_text(s, 1, id);
    local_db_text(s, 2, evidence_id);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_files_forget(struct rectify_outbox *outbox, int64_t number, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILES_FORGET);
    local_db_number(s, 1, number);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_content_named(struct rectify_outbox *outbox, const char *sha256, int64_t since_ms,
                           bool *ret_named, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_CONTENT_NAMED);
    local_db_text(s, 1, sha256);
    local_db_number(s, 2, since_ms);
    return outbox_sql_there(outbox, s, ret_named, f);
}

enum status
outbox_store_files_unnamed(struct rectify_outbox *outbox, int64_t before_ms, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FILES_UNNAMED);
    local_db_number(s, 1, before_ms);
    return outbox_sql_run(outbox, s, NULL, f);
}

/* ---- items, as people see them ---- */

enum status
outbox_store_put(struct rectify_outbox *outbox, const struct outbox_put *put, int64_t *ret_number,
                 struct fault *f)
{
    const struct rectify_outbox_command *command = put->command;
    const struct rectify_request *request = command->request;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_PUT);
    local_db_text(s, 1, put->key);
    local_db_number(s, 2, command->sent ? RECTIFY_ITEM_SENT : RECTIFY_ITEM_QUEUED);
    local_db_text(s, 3, request->method);
    local_db_text(s, 4, command->title != NULL ? command->title : request->method);
    local_db_text(s, 5, command->on_behalf_of);
    local_db_text(s, 6, command->account);
    if (request->has_expected_version) {
        local_db_number(s, 7, request->expected_version);
    }
    local_db_number(s, 8, request->timeout_ms);
    local_db_bytes(s, 9, put->payload, put->payload_size);
    if (command->sent) {
        local_db_bytes(s, 10, put->payload, put->payload_size);
        if (request->has_expected_version) {
            local_db_number(s, 11, request->expected_version);
        }
    }
    local_db_number(s, 12, request->given_at_ms != 0 ? request->given_at_ms : put->now_ms);
    local_db_number(s, 13, command->sent ? put->now_ms : 0);
    local_db_number(s, 14, command->sent ? 1 : 0);
    enum status status = outbox_sql_run(outbox, s, NULL, f);
    if (status == STATUS_OK) {
        *ret_number = sqlite3_last_insert_rowid(outbox->db.handle);
    }
    return status;
}

enum status
outbox_store_thing(struct rectify_outbox *outbox, int64_t number, const char *name, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_THING);
    local_db_text(s, 1, name);
    local_db_number(s, 2, number);
    return outbox_sql_run(outbox, s, NULL, f);
}

static enum status
item_read(struct arena *a, sqlite3_stmt *s, void *ret_entry, struct fault *f)
{
    struct rectify_item *item = ret_entry;
    const char *key = (const char *)sqlite3_column_text(s, 1);
    *item = (struct rectify_item){
        .number = sqlite3_column_int64(s, 0),
        .state = (enum rectify_item_state)sqlite3_column_int(s, 2),
        .verdict = (enum rectify_item_verdict)sqlite3_column_int(s, 3),
        .method = local_db_get_text(a, s, 4),
        .title = local_db_get_text(a, s, 5),
        .on_behalf_of = local_db_get_text(a, s, 6),
        .account = local_db_get_text(a, s, 7),
        .queued_at_ms = sqlite3_column_int64(s, 8),
        .sent_at_ms = sqlite3_column_int64(s, 9),
        .settled_at_ms = sqlite3_column_int64(s, 10),
        .attempts = (uint32_t)sqlite3_column_int64(s, 11),
        .file_count = (uint32_t)sqlite3_column_int64(s, 12),
        .file_bytes = sqlite3_column_int64(s, 13),
        .reason = local_db_get_text(a, s, 14),
        .message = local_db_get_text(a, s, 15),
        .receipt_number = local_db_get_text(a, s, 16),
        .recorded_at_ms = sqlite3_column_int64(s, 17),
        .refusal = status_from_int(sqlite3_column_int(s, 18)),
    };
    snprintf(item->key, sizeof item->key, "%s", key != NULL ? key : "");
    return item->method != NULL && item->title != NULL ? STATUS_OK : fault_memory(f);
}

static enum status
item_missing(int64_t number, struct fault *f)
{
    return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_ITEM",
                     "待发箱里没有第 %" PRId64 " 号：用 rectify outbox --all 查看。", number);
}

enum status
outbox_store_item(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                  struct rectify_item *ret_item, struct fault *f)
{
    bool row = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_ITEM);
    local_db_number(s, 1, number);
    enum status status = outbox_sql_row(outbox, s, &row, f);
    if (status == STATUS_OK && !row) {
        return item_missing(number, f);
    }
    if (status == STATUS_OK) {
        status = item_read(a, s, ret_item, f);
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_number(struct rectify_outbox *outbox, const char *key, int64_t *ret_number,
                    struct fault *f)
{
    bool row = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_NUMBER);
    local_db_text(s, 1, key);
    enum status status = outbox_sql_row(outbox, s, &row, f);
    if (status == STATUS_OK && !row) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_ITEM",
                         "待发箱里没有办理编号 %s：用 rectify outbox --all 查看。", key);
    }
    if (status == STATUS_OK) {
        *ret_number = sqlite3_column_int64(s, 0);
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_list(struct rectify_outbox *outbox, struct arena *a,
                  const struct rectify_outbox_filter *filter, struct rectify_item **ret_items,
                  size_t *ret_count, struct fault *f)
{
    static const struct outbox_shape shape = {sizeof(struct rectify_item), item_read};
    struct outbox_rows rows;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_LIST);
    local_db_number(s, 1, (int64_t)filter->state);
    local_db_number(s, 2, filter->archived ? 1 : 0);
    local_db_number(s, 3, filter->limit != 0 ? filter->limit : LIMIT_LIST_ROWS);
    enum status status = outbox_sql_list(outbox, a, s, &shape, &rows, f);
    if (status == STATUS_OK) {
        *ret_items = rows.entries;
        *ret_count = rows.count;
    }
    return status;
}

enum status
outbox_store_counts(struct rectify_outbox *outbox, struct rectify_outbox_counts *ret_counts,
                    struct fault *f)
{
    bool row = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_COUNTS);
    enum status status = outbox_sql_row(outbox, s, &row, f);
    if (status == STATUS_OK && row) {
        *ret_counts = (struct rectify_outbox_counts){
            .queued = (uint64_t)sqlite3_column_int64(s, 0),
            .sent = (uint64_t)sqlite3_column_int64(s, 1),
            .attention = (uint64_t)sqlite3_column_int64(s, 2),
            .received = (uint64_t)sqlite3_column_int64(s, 3),
            .oldest_at_ms = sqlite3_column_int64(s, 4),
            .waiting_bytes = sqlite3_column_int64(s, 5),
        };
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_answer(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                    struct outbox_kept *ret_kept, struct fault *f)
{
    bool row = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_ANSWER);
    local_db_number(s, 1, number);
    enum status status = outbox_sql_row(outbox, s, &row, f);
    if (status == STATUS_OK && !row) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "OUTBOX_STATE",
                         "第 %" PRId64 " 号还没有收件回执。", number);
    }
    if (status == STATUS_OK) {
        struct outbox_kept kept = {.method = local_db_get_text(a, s, 0),
                                   .at_ms = sqlite3_column_int64(s, 3)};
        kept.reply = local_db_get_bytes(a, s, 1, &kept.reply_size);
        kept.receipt = local_db_get_bytes(a, s, 2, &kept.receipt_size);
        *ret_kept = kept;
        status = kept.method != NULL ? STATUS_OK : fault_memory(f);
    }
    (void)sqlite3_reset(s);
    return status;
}
