/* InspectionService: inspections and the import of the notice. */
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/apply.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/import_reply.h"
#include "server/handler/plan.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/plan.h"

#include <string.h>

enum { CODE_MAX = 32, REPORT_DAY_DEFAULT = 25, REPORT_DAY_MAX = 28 };

static const char *
inspection_code(const char *code)
{
    return code == NULL ? "" : code;
}

static enum status
no_inspection(struct call *call, const char *code)
{
    return fault_set(&call->fault, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN",
                     "没有巡视“%s”：请核对代码，可用 rectify inspection list 查看。",
                     inspection_code(code));
}

/* ---- CreateInspection ---- */

static void
create_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "inspection",
                inspection_code(REQUEST(call, Pb__CreateInspectionRequest)->code));
}

static int
create_load(struct call *call, struct db_queue *q)
{
    const Pb__CreateInspectionRequest *r = REQUEST(call, Pb__CreateInspectionRequest);
    struct inspection_record *i = arena_alloc(call->arena, sizeof *i);
    call->data = i;
    return i == NULL
               ? (int)handler_no_memory(call)
               : (int)inspection_queue_lock(q, call->who->tenant, inspection_code(r->code), i);
}

static enum status
create_check(struct call *call, const Pb__CreateInspectionRequest *r, int32_t *ret_feedback)
{
    size_t n = strlen(inspection_code(r->code));
    if (n == 0 || n > CODE_MAX ||
        strspn(r->code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") != n) {
        return fault_set_field(&call->fault, "code", "INSPECTION_CODE",
                               "巡视代码用字母、数字和 -，1 至 %d 个字符，如 INS1。", CODE_MAX);
    }
    if (!text_given(r->name, LIMIT_NAME_BYTES)) {
        return fault_set_field(&call->fault, "name", "NAME_MISSING",
                               "请写明巡视的名称，至多 %d 字节。", LIMIT_NAME_BYTES);
    }
    enum status s = check_text(call, "name", r->name, LIMIT_NAME_BYTES, true);
    if (s != STATUS_OK) {
        return s;
    }
    if (r->n_bodies == 0 || r->n_bodies > INSPECTION_BODIES_MAX) {
        return fault_set_field(&call->fault, "bodies", "BODY_COUNT",
                               "请写明 1 至 %d 个被巡视党组织。", INSPECTION_BODIES_MAX);
    }
    for (size_t i = 0; i < r->n_bodies; i++) {
        if (!text_given(r->bodies[i], LIMIT_NAME_BYTES) ||
            strpbrk(r->bodies[i], INSPECTION_BODY_SEPARATOR) != NULL) {
            return fault_set_field(&call->fault, "bodies", "NAME_MISSING",
                                   "第 %zu 个被巡视党组织的名称为空、过长或含控制字符：请重写。",
                                   i + 1);
        }
        s = check_text(call, "bodies", r->bodies[i], LIMIT_NAME_BYTES, true);
        if (s != STATUS_OK) {
            return s;
        }
    }
    if (r->has_report_day && (r->report_day < 1 || r->report_day > REPORT_DAY_MAX)) {
        return fault_set_field(&call->fault, "report_day", "REPORT_DAY_RANGE",
                               "每月报送日应在 1 至 %d 之间，请改正。", REPORT_DAY_MAX);
    }
    struct period period;
    if (r->first_period != NULL && *r->first_period != '\0' &&
        (period_parse(r->first_period, &period) != STATUS_OK || period.kind != PERIOD_MONTH)) {
        return fault_set_field(&call->fault, "first_period", "BAD_PERIOD",
                               "首个报送月份“%s”无法识别：请写成 2026-11 这样的形式。",
                               r->first_period);
    }
    return request_day(call, r->feedback_date, "feedback_date", ret_feedback);
}

static enum status
create_decide(struct call *call)
{
    const Pb__CreateInspectionRequest *r = REQUEST(call, Pb__CreateInspectionRequest);
    struct inspection_record *i = call->data;
    int32_t feedback = NO_DATE;
    enum status s = create_check(call, r, &feedback);
    if (s != STATUS_OK) {
        return s;
    }
    if (i->id != NULL) {
        return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "INSPECTION_EXISTS",
                         "巡视“%s”已经建立：请换一个代码，或直接使用它。", r->code);
    }
    char *bodies = arena_strdup(call->arena, r->bodies[0]);
    for (size_t k = 1; k < r->n_bodies && bodies != NULL; k++) {
        bodies =
            arena_printf(call->arena, "%s%s%s", bodies, INSPECTION_BODY_SEPARATOR, r->bodies[k]);
    }
    *i = (struct inspection_record){
        .id = call_new_id(call),
        .code = r->code,
        .name = r->name,
        .bodies = bodies,
        .feedback_day = feedback,
        .report_day = r->has_report_day ? r->report_day : REPORT_DAY_DEFAULT,
        .first_period =
            r->first_period == NULL || *r->first_period == '\0' ? NULL : r->first_period,
        .plan_state = "DRAFT",
        .version = 1,
    };
    Pb__Inspection *reply =
        i->id == NULL || bodies == NULL ? NULL : inspection_record_message(call, i);
    if (reply == NULL || !call_change(call, "inspection", i->id, i->code, 1, &reply->base)) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
create_effects(struct call *call, struct db_queue *q)
{
    const Pb__CreateInspectionRequest *r = REQUEST(call, Pb__CreateInspectionRequest);
    const struct inspection_record *i = call->data;
    enum status s = inspection_queue_insert(q, call->who->tenant, i, call->event_id);
    for (size_t k = 0; s == STATUS_OK && k < r->n_bodies; k++) {
        s = inspection_queue_body(q, call->who->tenant, i->id, (int32_t)k + 1, r->bodies[k]);
    }
    return s;
}

/* ---- ImportNotice, PreviewNotice ---- */

/* A notice is imported onto a plan's draft: the plan's own reads, and the outline. */
struct notice_import {
    struct plan_call *plan;
    struct outline outline;
};

static enum status
read_notice(struct call *call, struct notice_import *n)
{
    const Pb__ImportNoticeRequest *r = REQUEST(call, Pb__ImportNoticeRequest);
    enum status s = import_check_document(call, r->content.data, r->content.len);
    return s != STATUS_OK ? s
                          : outline_read_bytes(call->arena, r->content.data, r->content.len,
                                               &n->outline, &call->fault);
}

static enum status
fill_warnings(struct call *call, const struct outline *o, Pb__ImportNoticeReply *reply)
{
    struct import_warnings w;
    enum status s = import_warnings_init(call, o->warning_count, &w);
    for (size_t i = 0; s == STATUS_OK && i < o->warning_count; i++) {
        const struct outline_warning *in = &o->warnings[i];
        s = import_warnings_add(call, &w, in->code, in->line, in->message);
    }
    if (s == STATUS_OK) {
        s = import_warnings_end(call, &w);
    }
    reply->warnings = w.list;
    reply->n_warnings = w.count;
    reply->has_item_count = reply->has_problem_count = reply->has_measure_count = 1;
    reply->item_count = (int32_t)o->item_count;
    reply->problem_count = (int32_t)o->problem_count;
    reply->measure_count = (int32_t)o->measure_count;
    return s;
}

static Pb__OutlineProblem *
problem_message(struct call *call, const struct outline_problem *p)
{
    Pb__OutlineProblem *out = call_message(call, &pb__outline_problem__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->has_no = 1;
    out->no = (int32_t)p->no;
    out->title = wire_text(p->title);
    out->status = *p->status == '\0' ? NULL : wire_text(p->status);
    out->measures = arena_array(call->arena, p->measure_count, sizeof *out->measures);
    for (size_t i = 0; out->measures != NULL && i < p->measure_count; i++) {
        Pb__OutlineMeasure *m = call_message(call, &pb__outline_measure__descriptor);
        if (m == NULL) {
            return NULL;
        }
        m->has_no = 1;
        m->no = (int32_t)p->measures[i].no;
        m->text = wire_text(p->measures[i].text);
        out->measures[out->n_measures++] = m;
    }
    return out->measures == NULL ? NULL : out;
}

static Pb__OutlineItem *
item_message(struct call *call, const struct outline_item *item)
{
    Pb__OutlineItem *out = call_message(call, &pb__outline_item__descriptor);
    if (out == NULL) {
        return NULL;
    }
    out->has_no = 1;
    out->no = (int32_t)item->no;
    out->title = wire_text(item->title);
    out->problems = arena_array(call->arena, item->problem_count, sizeof *out->problems);
    for (size_t i = 0; out->problems != NULL && i < item->problem_count; i++) {
        out->problems[i] = problem_message(call, &item->problems[i]);
        if (out->problems[i] == NULL) {
            return NULL;
        }
        out->n_problems++;
    }
    return out->problems == NULL ? NULL : out;
}

static enum status
preview_decide(struct call *call)
{
    struct notice_import *n = arena_alloc(call->arena, sizeof *n);
    Pb__ImportNoticeReply *reply = call_message(call, &pb__import_notice_reply__descriptor);
    if (n == NULL || reply == NULL) {
        return handler_no_memory(call);
    }
    enum status s = read_notice(call, n);
    if (s != STATUS_OK) {
        return s;
    }
    reply->items = arena_array(call->arena, n->outline.item_count, sizeof *reply->items);
    for (size_t i = 0; reply->items != NULL && i < n->outline.item_count; i++) {
        reply->items[i] = item_message(call, &n->outline.items[i]);
        if (reply->items[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_items++;
    }
    call->reply = &reply->base;
    return reply->items == NULL ? handler_no_memory(call) : fill_warnings(call, &n->outline, reply);
}

static void
import_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "inspection",
                inspection_code(REQUEST(call, Pb__ImportNoticeRequest)->inspection));
}

static int
import_load(struct call *call, struct db_queue *q)
{
    return plan_load_draft(call, q);
}

static enum status
import_check(struct call *call, struct notice_import *n)
{
    const char *code = REQUEST(call, Pb__ImportNoticeRequest)->inspection;
    if (n->plan->inspection.id == NULL) {
        return no_inspection(call, code);
    }
    if (strcmp(n->plan->inspection.plan_state, "DRAFT") != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PLAN_FROZEN",
                         "巡视“%s”的整改方案已经批准，不能再导入覆盖：增减措施须走方案调整。",
                         code);
    }
    enum status s = read_notice(call, n);
    if (s == STATUS_OK && n->outline.measure_count == 0) {
        const char *why = n->outline.warning_count == 0 ? "" : n->outline.warnings[0].message;
        s = fault_set_field(&call->fault, "content", "NO_OUTLINE",
                            "没有从文件中识别出任何整改措施，未导入。%s", why);
    }
    return s;
}

static enum status
import_decide(struct call *call)
{
    const Pb__ImportNoticeRequest *r = REQUEST(call, Pb__ImportNoticeRequest);
    struct plan_call *p = call->data;
    struct notice_import *n = arena_alloc(call->arena, sizeof *n);
    if (n == NULL) {
        return handler_no_memory(call);
    }
    n->plan = p;
    enum status s = import_check(call, n);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__ImportNoticeReply *reply = call_message(call, &pb__import_notice_reply__descriptor);
    if (reply == NULL || apply_outline(&p->draft, &n->outline) != STATUS_OK) {
        return handler_no_memory(call);
    }
    s = plan_place_problems(call, p, r->document, r->has_body_no ? r->body_no : 0);
    if (s != STATUS_OK) {
        return s;
    }
    struct draft_counts counts = draft_count_all(&p->draft);
    reply->has_added = reply->has_updated = reply->has_unchanged = 1;
    reply->added = counts.added;
    reply->updated = counts.updated;
    reply->unchanged = counts.unchanged;
    call->no_event = counts.added + counts.updated == 0;
    call->reply = &reply->base;
    s = draft_record_changes(call, &p->draft, p->inspection.code);
    if (s == STATUS_OK) {
        s = plan_follow_draft(call, p);
    }
    return s != STATUS_OK ? s : fill_warnings(call, &n->outline, reply);
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct plan_call *p = call->data;
    enum status s =
        draft_queue_write(q, call->who->tenant, p->inspection.id, &p->draft, call->event_id);
    return s != STATUS_OK ? s : plan_write_followed(call, q, p);
}

/* ---- ListInspections ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    struct inspection_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    return list == NULL ? (int)handler_no_memory(call)
                        : (int)inspection_queue_all(q, call->who->tenant, list);
}

static enum status
list_decide(struct call *call)
{
    const struct inspection_list *list = call->data;
    Pb__ListInspectionsReply *reply = call_message(call, &pb__list_inspections_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->inspections = arena_array(call->arena, list->count, sizeof *reply->inspections);
    for (size_t i = 0; reply->inspections != NULL && i < list->count; i++) {
        reply->inspections[i] = inspection_record_message(call, &list->items[i]);
        if (reply->inspections[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_inspections++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.InspectionService/CreateInspection",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__create_inspection_request__descriptor,
     .reply = &pb__inspection__descriptor,
     .subjects = create_subjects,
     .load = create_load,
     .decide = create_decide,
     .effects = create_effects},
    {.method = "rectify.v1.InspectionService/ImportNotice",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__import_notice_request__descriptor,
     .reply = &pb__import_notice_reply__descriptor,
     .subjects = import_subjects,
     .load = import_load,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.InspectionService/PreviewNotice",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = ROLE_OFFICE,
     .request = &pb__import_notice_request__descriptor,
     .reply = &pb__import_notice_reply__descriptor,
     .decide = preview_decide},
    {.method = "rectify.v1.InspectionService/ListInspections",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_inspections_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
};

const struct handler_table inspection_handler_table = {rows, sizeof rows / sizeof rows[0]};
