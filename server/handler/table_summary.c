/* TableService: the office's view of a period, as rows, as a workbook, and who is missing. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/table.pb-c.h"
#include "server/document/summary_book.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/table_summary.h"
#include "server/store/table_summary.h"

#include <string.h>

enum {
    ROWS_PER_REPLY = 200,     /* looked at for one reply */
    ROWS_PER_BOOK = 5000,     /* of a workbook */
    REPLY_BYTES = 700 * 1024, /* rows beyond go into the next reply */
    FILE_PIECE = 512 * 1024,
};

struct summary_call {
    struct summary_row_list rows;
    struct table_list tables;
    struct unit_person_list people;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static enum status
check_period(struct call *call, const char *text, bool required)
{
    struct period period;
    if (given(text) == NULL ? !required : period_parse(text, &period) == STATUS_OK) {
        return STATUS_OK;
    }
    return fault_set_field(&call->fault, "period", "PERIOD_FORM",
                           "请写明期次，写成 2026-11（月）或 2026-Q4（季度）这样的形式。");
}

/* Tables of a period and the people behind them. */
static enum status
load_tables(struct call *call, struct db_queue *q, const struct table_filter *filter)
{
    struct summary_call *c = call->data;
    struct table_filter *kept = arena_alloc(call->arena, sizeof *kept);
    if (kept == NULL) {
        return handler_no_memory(call);
    }
    *kept = *filter;
    enum status s = table_queue_list(q, call->who->tenant, kept, &c->tables);
    return s == STATUS_OK ? summary_queue_people(q, call->who->tenant, &c->people) : s;
}

static int
load_rows(struct call *call, struct db_queue *q, int64_t offset, int32_t limit)
{
    const Pb__GetSummaryRequest *r = REQUEST(call, Pb__GetSummaryRequest);
    struct summary_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = check_period(call, r->period, true);
    if (s == STATUS_OK && r->has_offset && r->offset < 0) {
        s = fault_set_field(&call->fault, "offset", "OFFSET_RANGE", "起始位置不能是负数。");
    }
    if (s == STATUS_OK) {
        s = summary_queue_rows(q, call->who->tenant, r->period, given(r->inspection), offset, limit,
                               &c->rows);
    }
    struct table_filter filter = {
        .period = r->period,
        .inspection = given(r->inspection),
        .as_of = call->today,
        .limit = LIMIT_LIST_ROWS,
    };
    return s == STATUS_OK ? (int)load_tables(call, q, &filter) : (int)s;
}

/* Everything but the rows and where to go on. */
static Pb__GetSummaryReply *
summary_reply(struct call *call)
{
    struct summary_call *c = call->data;
    Pb__GetSummaryReply *reply = call_message(call, &pb__get_summary_reply__descriptor);
    if (reply == NULL) {
        return NULL;
    }
    summary_name_states(&c->rows);
    reply->as_of = day_text(call, call->today);
    reply->period = wire_text(REQUEST(call, Pb__GetSummaryRequest)->period);
    reply->has_tables = reply->has_handed_in = 1;
    reply->tables = (int32_t)c->tables.count;
    for (size_t i = 0; i < c->tables.count; i++) {
        reply->handed_in += summary_handed_in(&c->tables.items[i]);
    }
    reply->rows = c->rows.items;
    return summary_missing(&c->tables, &c->people, call->today, false, call->arena, &reply->missing,
                           &reply->n_missing)
               ? reply
               : NULL;
}

/* ---- GetSummary ---- */

int
summary_load(struct call *call, struct db_queue *q)
{
    const Pb__GetSummaryRequest *r = REQUEST(call, Pb__GetSummaryRequest);
    return load_rows(call, q, r->has_offset ? r->offset : 0, ROWS_PER_REPLY + 1);
}

enum status
summary_decide(struct call *call)
{
    const Pb__GetSummaryRequest *r = REQUEST(call, Pb__GetSummaryRequest);
    struct summary_call *c = call->data;
    Pb__GetSummaryReply *reply = summary_reply(call);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    int64_t offset = r->has_offset ? r->offset : 0;
    if (offset > 0) {
        reply->n_missing = 0;
    }
    size_t bytes = pb__get_summary_reply__get_packed_size(reply);
    while (reply->n_rows < c->rows.count && reply->n_rows < ROWS_PER_REPLY) {
        bytes += pb__summary_row__get_packed_size(c->rows.items[reply->n_rows]) + 8;
        if (reply->n_rows > 0 && bytes > REPLY_BYTES) {
            break;
        }
        reply->n_rows++;
    }
    reply->has_next = reply->n_rows < c->rows.count;
    reply->next = offset + (int64_t)reply->n_rows;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- GetSummaryFile ---- */

int
summary_file_load(struct call *call, struct db_queue *q)
{
    return load_rows(call, q, 0, ROWS_PER_BOOK);
}

enum status
summary_file_decide(struct call *call)
{
    const Pb__GetSummaryRequest *r = REQUEST(call, Pb__GetSummaryRequest);
    struct summary_call *c = call->data;
    unsigned char *bytes = NULL;
    size_t size = 0;
    Pb__GetSummaryReply *summary = summary_reply(call);
    Pb__SummaryFile *reply = call_message(call, &pb__summary_file__descriptor);
    if (summary == NULL || reply == NULL) {
        return handler_no_memory(call);
    }
    summary->n_rows = c->rows.count;
    enum status s = summary_book_write(summary, call->arena, &bytes, &size, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    size_t offset = r->has_offset ? (size_t)r->offset : 0;
    size_t from = offset < size ? offset : size;
    size_t n = size - from < FILE_PIECE ? size - from : FILE_PIECE;
    reply->name = arena_printf(call->arena, "自查汇总表-%s.xlsx", r->period);
    reply->has_data = reply->has_size = 1;
    reply->data.data = bytes + from;
    reply->data.len = n;
    reply->size = (int64_t)size;
    reply->has_next = from + n < size;
    reply->next = (int64_t)(from + n);
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- ListMissing ---- */

int
missing_load(struct call *call, struct db_queue *q)
{
    const Pb__ListMissingRequest *r = REQUEST(call, Pb__ListMissingRequest);
    struct summary_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    struct table_filter filter = {
        .period = given(r->period),
        .inspection = given(r->inspection),
        .missing = true,
        .as_of = call->today,
        .limit = LIMIT_LIST_ROWS,
    };
    enum status s = check_period(call, r->period, false);
    return s == STATUS_OK ? (int)load_tables(call, q, &filter) : (int)s;
}

enum status
missing_decide(struct call *call)
{
    struct summary_call *c = call->data;
    Pb__ListMissingReply *reply = call_message(call, &pb__list_missing_reply__descriptor);
    if (reply == NULL || !summary_missing(&c->tables, &c->people, call->today, true, call->arena,
                                          &reply->missing, &reply->n_missing)) {
        return handler_no_memory(call);
    }
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return STATUS_OK;
}
