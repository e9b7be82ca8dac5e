/* The outbox's database: what changes an item's state. */
#include "client/lib/outbox_sql.h"

#include "proto/base/now.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- changes by people ---- */

enum status
outbox_store_retry(struct rectify_outbox *outbox, int64_t number, const char *key, bool *ret_done,
                   struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_RETRY);
    local_db_number(s, 1, number);
    local_db_text(s, 2, key);
    return outbox_sql_run(outbox, s, ret_done, f);
}

enum status
outbox_store_drop(struct rectify_outbox *outbox, int64_t number, int64_t now_ms, bool *ret_done,
                  struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_DROP);
    local_db_number(s, 1, number);
    local_db_number(s, 2, now_ms);
    return outbox_sql_run(outbox, s, ret_done, f);
}

enum status
outbox_store_reoffer(struct rectify_outbox *outbox, int64_t since_ms, uint64_t *ret_count,
                     struct fault *f)
{
    enum status status =
        outbox_sql_run(outbox, local_db_statement(&outbox->db, SQL_REOFFER_SENT), NULL, f);
    if (status != STATUS_OK) {
        return status;
    }
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_REOFFER);
    local_db_number(s, 1, since_ms);
    status = outbox_sql_run(outbox, s, NULL, f);
    if (status == STATUS_OK) {
        *ret_count = (uint64_t)sqlite3_changes64(outbox->db.handle);
    }
    return status;
}

enum status
outbox_store_tidy(struct rectify_outbox *outbox, int64_t before_ms, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_TIDY);
    local_db_number(s, 1, before_ms);
    return outbox_sql_run(outbox, s, NULL, f);
}

/* ---- sending ---- */

static enum status
work_read(struct arena *a, sqlite3_stmt *s, struct outbox_work *work, struct fault *f)
{
    const char *key = (const char *)sqlite3_column_text(s, 2);
    *work = (struct outbox_work){
        .number = sqlite3_column_int64(s, 0),
        .place = sqlite3_column_int64(s, 1),
        .state = (enum rectify_item_state)sqlite3_column_int(s, 3),
        .method = local_db_get_text(a, s, 4),
        .on_behalf_of = local_db_get_text(a, s, 5),
        .has_expected_version = sqlite3_column_type(s, 6) != SQLITE_NULL,
        .expected_version = sqlite3_column_int64(s, 6),
        .timeout_ms = (uint32_t)sqlite3_column_int64(s, 7),
        .queued_at_ms = sqlite3_column_int64(s, 11),
        .odd = (uint32_t)sqlite3_column_int64(s, 12),
        .reoffered = sqlite3_column_int(s, 13) != 0,
    };
    snprintf(work->key, sizeof work->key, "%s", key != NULL ? key : "");
    work->put = local_db_get_bytes(a, s, 8, &work->put_size);
    work->frozen = local_db_get_bytes(a, s, 9, &work->frozen_size);
    if (work->frozen != NULL) {
        work->has_expected_version = sqlite3_column_type(s, 10) != SQLITE_NULL;
        work->expected_version = sqlite3_column_int64(s, 10);
    }
    bool lost = work->frozen == NULL && sqlite3_column_type(s, 9) != SQLITE_NULL;
    return work->method != NULL && work->put != NULL && !lost ? STATUS_OK : fault_memory(f);
}

enum status
outbox_store_request(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                     struct outbox_work *ret_work, struct fault *f)
{
    bool row = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_REQUEST);
    local_db_number(s, 1, number);
    enum status status = outbox_sql_row(outbox, s, &row, f);
    if (status == STATUS_OK && !row) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_ITEM", "待发箱里没有第 %" PRId64 " 号。",
                         number);
    }
    if (status == STATUS_OK) {
        status = work_read(a, s, ret_work, f);
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_next(struct rectify_outbox *outbox, struct arena *a, const struct outbox_next *want,
                  struct outbox_work *ret_work, bool *ret_found, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, want->guarded ? SQL_NEXT_GUARDED : SQL_NEXT);
    local_db_number(s, 1, (int64_t)want->state);
    local_db_number(s, 2, want->after_place);
    local_db_number(s, 3, want->only);
    enum status status = outbox_sql_row(outbox, s, ret_found, f);
    if (status == STATUS_OK && *ret_found) {
        status = work_read(a, s, ret_work, f);
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_sent(struct rectify_outbox *outbox, const struct outbox_work *work, int64_t now_ms,
                  bool *ret_done, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_SENT);
    local_db_number(s, 1, work->number);
    local_db_bytes(s, 2, work->frozen, work->frozen_size);
    if (work->has_expected_version) {
        local_db_number(s, 3, work->expected_version);
    }
    local_db_number(s, 4, now_ms);
    return outbox_sql_run(outbox, s, ret_done, f);
}

enum status
outbox_store_unsent(struct rectify_outbox *outbox, int64_t number, const struct fault *why,
                    struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_UNSENT);
    local_db_number(s, 1, number);
    local_db_text(s, 2, why->reason);
    local_db_text(s, 3, why->message);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_failed(struct rectify_outbox *outbox, int64_t number, const struct fault *why,
                    bool odd, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_FAILED);
    local_db_number(s, 1, number);
    local_db_text(s, 2, why->reason);
    local_db_text(s, 3, why->message);
    local_db_number(s, 4, odd ? 1 : 0);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_refused(struct rectify_outbox *outbox, int64_t number, const struct fault *why,
                     const char *message, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_REFUSED);
    local_db_number(s, 1, number);
    local_db_text(s, 2, why->reason);
    local_db_text(s, 3, message);
    local_db_number(s, 4, (int64_t)why->code);
    local_db_number(s, 5, now_wall_ms());
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_received(struct rectify_outbox *outbox, int64_t number,
                      const struct outbox_receipt *receipt, struct fault *f)
{
    const Pb__Receipt *parsed = receipt->parsed;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_RECEIVED);
    local_db_number(s, 1, number);
    local_db_number(s, 2, (int64_t)receipt->verdict);
    local_db_bytes(s, 3, receipt->reply, receipt->reply_size);
    local_db_bytes(s, 4, receipt->receipt, receipt->receipt_size);
    local_db_text(s, 5, parsed != NULL ? parsed->number : NULL);
    local_db_text(s, 6, parsed != NULL ? parsed->event_id : NULL);
    local_db_number(s, 7, parsed != NULL ? parsed->recorded_at_ms : receipt->now_ms);
    local_db_number(s, 8, receipt->now_ms);
    return outbox_sql_run(outbox, s, NULL, f);
}

/* ---- versions ---- */

enum status
outbox_store_made(struct rectify_outbox *outbox, const char *name, const char *inspection,
                  int64_t base, int64_t version, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_MADE);
    local_db_text(s, 1, name);
    local_db_text(s, 2, inspection);
    local_db_number(s, 3, base);
    local_db_number(s, 4, version);
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_made_next(struct rectify_outbox *outbox, const char *name, const char *inspection,
                       int64_t *version, bool *ret_found, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_MADE_NEXT);
    local_db_text(s, 1, name);
    local_db_text(s, 2, inspection);
    local_db_number(s, 3, *version);
    enum status status = outbox_sql_row(outbox, s, ret_found, f);
    if (status == STATUS_OK && *ret_found) {
        *version = sqlite3_column_int64(s, 0);
    }
    (void)sqlite3_reset(s);
    return status;
}

enum status
outbox_store_told(struct rectify_outbox *outbox, const char *name, int64_t number, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, number == 0 ? SQL_TOLD_ALL : SQL_TOLD);
    local_db_text(s, 1, name);
    if (number != 0) {
        local_db_number(s, 2, number);
    }
    return outbox_sql_run(outbox, s, NULL, f);
}

enum status
outbox_store_touched(struct rectify_outbox *outbox, const char *name, int64_t place,
                     int64_t since_ms, bool *ret_touched, struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_TOUCHED);
    local_db_text(s, 1, name);
    local_db_number(s, 2, place);
    local_db_number(s, 3, since_ms);
    return outbox_sql_there(outbox, s, ret_touched, f);
}

enum status
outbox_store_event_known(struct rectify_outbox *outbox, const char *event, bool *ret_known,
                         struct fault *f)
{
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_EVENT_KNOWN);
    local_db_text(s, 1, event);
    return outbox_sql_there(outbox, s, ret_known, f);
}

/* ---- verdicts ---- */

static enum status
unjudged_read(struct arena *a, sqlite3_stmt *s, void *ret_entry, struct fault *f)
{
    (void)f;
    *(struct outbox_unjudged *)ret_entry = (struct outbox_unjudged){
        .number = sqlite3_column_int64(s, 0), .key = local_db_get_text(a, s, 1)};
    return STATUS_OK;
}

enum status
outbox_store_unjudged(struct rectify_outbox *outbox, struct arena *a,
                      const struct outbox_unjudged_filter *filter,
                      struct outbox_unjudged **ret_items, size_t *ret_count, struct fault *f)
{
    static const struct outbox_shape shape = {sizeof(struct outbox_unjudged), unjudged_read};
    struct outbox_rows rows;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_UNJUDGED);
    local_db_number(s, 1, filter->limit);
    local_db_number(s, 2, filter->asked_before_ms);
    enum status status = outbox_sql_list(outbox, a, s, &shape, &rows, f);
    if (status == STATUS_OK) {
        *ret_items = rows.entries;
        *ret_count = rows.count;
    }
    return status;
}

enum status
outbox_store_verdict(struct rectify_outbox *outbox, int64_t number,
                     enum rectify_item_verdict verdict, const char *line, bool *ret_changed,
                     struct fault *f)
{
    bool there = false;
    sqlite3_stmt *s = local_db_statement(&outbox->db, SQL_VERDICT_KNOWN);
    local_db_number(s, 1, number);
    local_db_number(s, 2, (int64_t)verdict);
    local_db_text(s, 3, line);
    enum status status = outbox_sql_there(outbox, s, &there, f);
    if (status != STATUS_OK) {
        return status;
    }
    s = local_db_statement(&outbox->db, SQL_VERDICT);
    local_db_number(s, 1, number);
    local_db_number(s, 2, (int64_t)verdict);
    local_db_text(s, 3, line);
    local_db_number(s, 4, now_wall_ms());
    *ret_changed = !there;
    return outbox_sql_run(outbox, s, NULL, f);
}
