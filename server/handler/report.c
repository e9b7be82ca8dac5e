/* ReportService: the facts for the yearly assessment, and what units have in common, as lists and
 * as workbooks. */
#include "server/service/report.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/document/report_book.h"
#include "server/handler/all.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/handler/status_query.h"
#include "server/service/outcome.h"
#include "server/service/role.h"

#include <inttypes.h>

enum {
    ENTRIES_PER_REPLY = 500,
    ENTRIES_PER_BOOK = 5000,
    REPLY_BYTES = 700 * 1024, /* entries beyond go into the next reply */
    FILE_PIECE = 512 * 1024,
};

struct report_call {
    struct status_base base;
    struct assessment_query facts_of;
    struct assessment_filter filter;
    struct assessment_count_list counts;
    struct assessment_fact_list facts;
    struct outcome_total_list outcomes;
    struct common_query common_of;
    struct common_scope scope;
    struct common_group_list groups;
    struct common_entry_list entries;
    int32_t since;
    int32_t to;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* The call's own, made in round 0; NULL: out of memory, or *ret is round 0's answer. */
static struct report_call *
report_round(struct call *call, struct db_queue *q, int *ret)
{
    if (call->round == 0) {
        call->data = arena_alloc(call->arena, sizeof(struct report_call));
    }
    struct report_call *c = call->data;
    if (c == NULL) {
        *ret = (int)handler_no_memory(call);
        return NULL;
    }
    return status_round_calendar(call, q, &c->base, ret) ? NULL : c;
}

/* The instant a day begins in, and the least id an event of it can have. */
static enum status
begin_of(struct call *call, int32_t day, int64_t *ret_ms, const char **ret_id)
{
    int64_t ms = day == NO_DATE ? 0 : day_to_instant(day, call->who->utc_offset_min);
    *ret_ms = ms < 0 ? 0 : ms;
    *ret_id = arena_printf(call->arena, "%08" PRIx64 "-%04" PRIx64 "-0000-0000-000000000000",
                           (uint64_t)*ret_ms >> 16, (uint64_t)*ret_ms & 0xffff);
    return *ret_id == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
check_offset(struct call *call, bool has, int64_t offset)
{
    return has && offset < 0
               ? fault_set_field(&call->fault, "offset", "OFFSET_RANGE", "起始位置不能是负数。")
               : STATUS_OK;
}

/* The piece of a workbook that was asked for. */
static enum status
book_reply(struct call *call, const char *name, const struct book_bytes *book, int64_t offset)
{
    Pb__SummaryFile *reply = call_message(call, &pb__summary_file__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    size_t from = (uint64_t)offset < book->size ? (size_t)offset : book->size;
    size_t n = book->size - from < FILE_PIECE ? book->size - from : FILE_PIECE;
    reply->name = wire_text(name);
    reply->has_data = reply->has_size = 1;
    reply->data.data = book->data + from;
    reply->data.len = n;
    reply->size = (int64_t)book->size;
    reply->has_next = from + n < book->size;
    reply->next = (int64_t)(from + n);
    call->reply = &reply->base;
    return name == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetAssessment, ExportAssessment ---- */

static enum status
assessment_period(struct call *call, struct report_call *c)
{
    const Pb__GetAssessmentRequest *r = REQUEST(call, Pb__GetAssessmentRequest);
    enum status s = check_day(call, "from", r->from, &c->facts_of.from);
    if (s == STATUS_OK) {
        s = check_day(call, "to", r->to, &c->to);
    }
    if (s == STATUS_OK && (c->facts_of.from == NO_DATE || c->to == NO_DATE ||
                           c->facts_of.from > c->to || c->facts_of.from > call->today)) {
        s = fault_set_field(&call->fault, "from", "PERIOD_ORDER",
                            "请写明考核期的起止日期：起始日不晚于截止日，也不晚于今天。");
    }
    return s == STATUS_OK
               ? begin_of(call, c->facts_of.from, &c->facts_of.from_ms, &c->facts_of.from_id)
               : s;
}

static enum status
assessment_begin(struct call *call, struct db_queue *q, struct report_call *c)
{
    const Pb__GetAssessmentRequest *r = REQUEST(call, Pb__GetAssessmentRequest);
    char day[DAY_TEXT_SIZE];
    enum status s = assessment_period(call, c);
    if (s == STATUS_OK) {
        s = check_offset(call, r->has_offset, r->offset);
    }
    if (s != STATUS_OK) {
        return s;
    }
    day_print(c->to < call->today ? c->to : call->today, day);
    c->facts_of.status = &c->base.query;
    return status_begin(call, q, &c->base, r->inspection, day);
}

static int
assessment_load(struct call *call, struct db_queue *q)
{
    const Pb__GetAssessmentRequest *r = REQUEST(call, Pb__GetAssessmentRequest);
    int ret = 0;
    struct report_call *c = report_round(call, q, &ret);
    if (c == NULL) {
        return ret;
    }
    c->filter = (struct assessment_filter){
        .unit = given(r->unit),
        .number = assessment_number_find(given(r->number)),
        .offset = r->has_offset ? r->offset : 0,
        .limit = ENTRIES_PER_REPLY + 1,
    };
    if (given(r->number) != NULL && c->filter.number < 0) {
        return (int)fault_set_field(&call->fault, "number", "NUMBER_UNKNOWN",
                                    "没有叫做 %.64s 的数字：名称见 rectify office export "
                                    "assessment -o json 的 whole。",
                                    r->number);
    }
    enum status s = assessment_begin(call, q, c);
    if (s == STATUS_OK && c->filter.offset == 0) {
        s = report_queue_counts(q, call->who->tenant, &c->facts_of, &c->counts);
    }
    return s == STATUS_OK
               ? (int)report_queue_facts(q, call->who->tenant, &c->facts_of, &c->filter, &c->facts)
               : (int)s;
}

/* Everything but entries. */
static Pb__GetAssessmentReply *
assessment_reply(struct call *call, bool counts)
{
    struct report_call *c = call->data;
    Pb__GetAssessmentReply *reply = call_message(call, &pb__get_assessment_reply__descriptor);
    if (reply == NULL || (counts && !assessment_fill_counts(&c->counts, reply, call->arena))) {
        return NULL;
    }
    reply->from = day_text(call, c->facts_of.from);
    reply->to = day_text(call, c->to);
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_as_of_ms = reply->has_plan_version = 1;
    reply->as_of_ms = call->now_ms;
    reply->plan_version = c->base.head.plan_version;
    return status_inspections(&c->base.head, call->arena, &reply->inspections,
                              &reply->n_inspections)
               ? reply
               : NULL;
}

static enum status
assessment_decide(struct call *call)
{
    struct report_call *c = call->data;
    enum status s = status_check(call, &c->base);
    Pb__GetAssessmentReply *reply = assessment_reply(call, c->filter.offset == 0);
    size_t most = c->facts.count < ENTRIES_PER_REPLY ? c->facts.count : ENTRIES_PER_REPLY;
    if (s != STATUS_OK) {
        return s;
    }
    if (reply == NULL || !assessment_fill_entries(&c->facts, most, reply, call->arena)) {
        return handler_no_memory(call);
    }
    reply->n_entries = 0;
    size_t bytes = pb__get_assessment_reply__get_packed_size(reply);
    while (reply->n_entries < most) {
        bytes += pb__assessment_entry__get_packed_size(reply->entries[reply->n_entries]) + 8;
        if (reply->n_entries > 0 && bytes > REPLY_BYTES) {
            break;
        }
        reply->n_entries++;
    }
    reply->has_next = reply->n_entries < c->facts.count;
    reply->next = c->filter.offset + (int64_t)reply->n_entries;
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
assessment_book_load(struct call *call, struct db_queue *q)
{
    int ret = 0;
    struct report_call *c = report_round(call, q, &ret);
    if (c == NULL) {
        return ret;
    }
    c->filter = (struct assessment_filter){.number = -1, .limit = ENTRIES_PER_BOOK + 1};
    enum status s = assessment_begin(call, q, c);
    if (s == STATUS_OK) {
        s = report_queue_counts(q, call->who->tenant, &c->facts_of, &c->counts);
    }
    if (s == STATUS_OK) {
        s = report_queue_facts(q, call->who->tenant, &c->facts_of, &c->filter, &c->facts);
    }
    return s == STATUS_OK
               ? (int)outcome_queue_totals(q, call->who->tenant, &c->base.query, true, &c->outcomes)
               : (int)s;
}

static enum status
assessment_book_decide(struct call *call)
{
    const Pb__GetAssessmentRequest *r = REQUEST(call, Pb__GetAssessmentRequest);
    struct report_call *c = call->data;
    enum status s = status_check(call, &c->base);
    Pb__GetAssessmentReply *reply = assessment_reply(call, true);
    bool cut = c->facts.count > ENTRIES_PER_BOOK;
    size_t n = cut ? ENTRIES_PER_BOOK : c->facts.count;
    Pb__OutcomeTotal **sums = arena_array(call->arena, c->outcomes.count, sizeof *sums);
    struct book_bytes book = {NULL, 0};
    if (s != STATUS_OK) {
        return s;
    }
    if (reply == NULL || sums == NULL ||
        !assessment_fill_entries(&c->facts, n, reply, call->arena)) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < c->outcomes.count; i++) {
        sums[i] = outcome_total_message(&c->outcomes.items[i], call->arena);
        if (sums[i] == NULL) {
            return handler_no_memory(call);
        }
    }
    const struct assessment_book in = {reply, sums, c->outcomes.count, cut};
    s = assessment_book_write(&in, call->arena, &book, &call->fault);
    return s == STATUS_OK
               ? book_reply(call, arena_printf(call->arena, "年度综合考核-%s.xlsx", r->to), &book,
                            r->has_offset ? r->offset : 0)
               : s;
}

/* ---- GetCommonProblems, ExportCommonProblems ---- */

static int
common_begin(struct call *call, struct db_queue *q, int64_t offset, int32_t limit)
{
    const Pb__GetCommonProblemsRequest *r = REQUEST(call, Pb__GetCommonProblemsRequest);
    struct report_call *c = call->data;
    int tenant = call->who->tenant;
    c->common_of = (struct common_query){
        .status = &c->base.query,
        .min_units = r->has_min_units ? r->min_units : COMMON_UNITS,
        .zone_min = call->who->utc_offset_min,
    };
    if (c->common_of.min_units < 1 || c->common_of.min_units > COMMON_UNITS_MAX) {
        return (int)fault_set_field(&call->fault, "min_units", "UNITS_RANGE",
                                    "几个单位才算共性，应在 1 到 %d 之间。", COMMON_UNITS_MAX);
    }
    enum status s = check_offset(call, r->has_offset, r->offset);
    if (s == STATUS_OK) {
        s = status_begin_past(call, q, &c->base, r->inspection, r->as_of);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "since", r->since, &c->since);
    }
    if (s == STATUS_OK) {
        s = begin_of(call, c->since == NO_DATE ? NO_DATE : c->since + 1, &c->common_of.since_ms,
                     &c->common_of.since_id);
    }
    if (s == STATUS_OK) {
        s = status_queue_common(q, tenant, &c->common_of, &c->scope, &c->groups);
    }
    return s == STATUS_OK
               ? (int)status_queue_common_list(q, tenant, &c->common_of, offset, limit, &c->entries)
               : (int)s;
}

static int
common_load(struct call *call, struct db_queue *q)
{
    const Pb__GetCommonProblemsRequest *r = REQUEST(call, Pb__GetCommonProblemsRequest);
    int ret = 0;
    return report_round(call, q, &ret) == NULL
               ? ret
               : common_begin(call, q, r->has_offset ? r->offset : 0, ENTRIES_PER_REPLY + 1);
}

static Pb__GetCommonProblemsReply *
common_reply(struct call *call, size_t entries)
{
    struct report_call *c = call->data;
    Pb__GetCommonProblemsReply *reply =
        call_message(call, &pb__get_common_problems_reply__descriptor);
    if (reply == NULL) {
        return NULL;
    }
    reply->groups = c->groups.items;
    reply->n_groups = c->groups.count;
    reply->entries = c->entries.items;
    reply->n_entries = entries;
    common_fill(reply);
    reply->has_units = reply->has_problems = reply->has_min_units = 1;
    reply->units = c->scope.units;
    reply->problems = c->scope.problems;
    reply->min_units = c->common_of.min_units;
    reply->since = day_text(call, c->since);
    reply->as_of = day_text(call, c->base.query.as_of);
    reply->has_as_of_ms = reply->has_plan_version = 1;
    reply->as_of_ms = call->now_ms;
    reply->plan_version = c->base.head.plan_version;
    return status_inspections(&c->base.head, call->arena, &reply->inspections,
                              &reply->n_inspections)
               ? reply
               : NULL;
}

static enum status
common_decide(struct call *call)
{
    const Pb__GetCommonProblemsRequest *r = REQUEST(call, Pb__GetCommonProblemsRequest);
    struct report_call *c = call->data;
    int64_t offset = r->has_offset ? r->offset : 0;
    size_t most = c->entries.count < ENTRIES_PER_REPLY ? c->entries.count : ENTRIES_PER_REPLY;
    enum status s = status_check(call, &c->base);
    Pb__GetCommonProblemsReply *reply = common_reply(call, most);
    if (s != STATUS_OK || reply == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    reply->n_groups = offset > 0 ? 0 : reply->n_groups;
    reply->n_entries = 0;
    size_t bytes = pb__get_common_problems_reply__get_packed_size(reply);
    while (reply->n_entries < most) {
        bytes += pb__common_entry__get_packed_size(reply->entries[reply->n_entries]) + 8;
        if (reply->n_entries > 0 && bytes > REPLY_BYTES) {
            break;
        }
        reply->n_entries++;
    }
    reply->has_next = reply->n_entries < c->entries.count;
    reply->next = offset + (int64_t)reply->n_entries;
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
common_book_load(struct call *call, struct db_queue *q)
{
    int ret = 0;
    return report_round(call, q, &ret) == NULL ? ret
                                               : common_begin(call, q, 0, ENTRIES_PER_BOOK + 1);
}

static enum status
common_book_decide(struct call *call)
{
    const Pb__GetCommonProblemsRequest *r = REQUEST(call, Pb__GetCommonProblemsRequest);
    struct report_call *c = call->data;
    bool cut = c->entries.count > ENTRIES_PER_BOOK;
    struct book_bytes book = {NULL, 0};
    enum status s = status_check(call, &c->base);
    Pb__GetCommonProblemsReply *reply =
        common_reply(call, cut ? ENTRIES_PER_BOOK : c->entries.count);
    if (s != STATUS_OK || reply == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    s = common_book_write(reply, cut, call->arena, &book, &call->fault);
    return s == STATUS_OK
               ? book_reply(call, arena_printf(call->arena, "共性问题-%s.xlsx", reply->as_of),
                            &book, r->has_offset ? r->offset : 0)
               : s;
}

#define QUERY(name, type, reply_type, stem)                                                        \
    {                                                                                              \
        .method = "rectify.v1.ReportService/" name, .kind = METHOD_QUERY, .auth = AUTH_SESSION,    \
        .roles = ROLE_OFFICE | ROLE_LGROUP | ROLE_DISC | ROLE_ORGD,                                \
        .request = &pb__##type##_request__descriptor, .reply = &pb__##reply_type##__descriptor,    \
        .load = stem##_load, .decide = stem##_decide                                               \
    }

static const struct handler rows[] = {
    QUERY("GetAssessment", get_assessment, get_assessment_reply, assessment),
    QUERY("ExportAssessment", get_assessment, summary_file, assessment_book),
    QUERY("GetCommonProblems", get_common_problems, get_common_problems_reply, common),
    QUERY("ExportCommonProblems", get_common_problems, summary_file, common_book),
};

const struct handler_table report_handler_table = {rows, sizeof rows / sizeof rows[0]};
