/* InspectionService: one inspection, its plan documents and its own dates. */
#include "server/handler/inspection_part.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/inspection.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/draft_event.h"
#include "server/handler/plan.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/inspection_part.h"

#include <string.h>

enum { NOTE_BYTES = 1024, DATE_NO_MAX = 99, MONTHS_MAX = 120 };

struct part_call {
    struct inspection_list all;
    struct inspection_record inspection;
    struct plan_document_list documents;
    struct inspection_date_list dates;
    struct inspection_date next;
    struct plan_document document;
};

static int
part_load(struct call *call, struct db_queue *q)
{
    struct part_call *p = arena_alloc(call->arena, sizeof *p);
    call->data = p;
    if (p == NULL) {
        return (int)handler_no_memory(call);
    }
    int tenant = call->who->tenant;
    const char *code = plan_requested_code(call);
    enum status s = call->handler->effects == NULL
                        ? inspection_queue_all(q, tenant, &p->all)
                        : inspection_queue_lock(q, tenant, code, &p->inspection);
    if (s == STATUS_OK) {
        s = plan_document_queue_all(q, tenant, code, &p->documents);
    }
    return (int)(s != STATUS_OK ? s : inspection_date_queue_all(q, tenant, code, &p->dates));
}

static enum status
find(struct call *call, struct part_call *p)
{
    struct plan_call found = {.all = p->all, .inspection = p->inspection};
    enum status s = plan_find_inspection(call, &found);
    p->inspection = found.inspection;
    return s;
}

/* ---- dates ---- */

static const struct {
    const char *kind;
    const char *zh;
} kinds[] = {
    {"PLAN_APPROVED", "整改方案批准"},
    {"INNER_NOTICE", "党内通报"},
    {"DEMOCRATIC_LIFE", "专题民主生活会"},
    {"HEARING", "听取整改情况汇报"},
    {"PUBLICATION", "向社会公布"},
    {"CONCENTRATED_END", "集中整改期满"},
    {"REPORT_DUE", "整改情况报告报送"},
    {"NEXT_CHECK", "下次检查"},
    {"OTHER", "其他"},
};

static const char *
kind_zh(const char *kind)
{
    for (size_t i = 0; kind != NULL && i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, kind) == 0) {
            return kinds[i].zh;
        }
    }
    return NULL;
}

static Pb__InspectionDate *
date_message(struct call *call, const char *inspection, const struct inspection_date *d)
{
    Pb__InspectionDate *out = call_message(call, &pb__inspection_date__descriptor);
    if (out == NULL) {
        return NULL;
    }
    struct milestone_record ms = {
        .exists = true,
        .original_due = d->planned_day,
        .current_due = d->planned_day,
        .due_version = 1,
        .claimed_day = NO_DATE,
        .reached_day = NO_DATE,
    };
    out->inspection = wire_text(inspection);
    out->kind = wire_text(d->kind);
    out->kind_zh = wire_text(kind_zh(d->kind));
    out->has_no = out->has_version = out->has_light = 1;
    out->no = d->no;
    out->planned_on = day_text(call, d->planned_day);
    out->has_months = d->months > 0;
    out->months = d->months;
    out->held_on = day_text(call, d->held_day);
    out->note = wire_text(d->note);
    out->version = d->version;
    out->light = PB__LIGHT__LIGHT_UNSPECIFIED;
    if (d->held_day == NO_DATE && d->planned_day != NO_DATE) {
        out->has_days_left = 1;
        out->days_left = d->planned_day - call->today;
        out->light = (Pb__Light)milestone_light(&ms, call->today);
    }
    return out;
}

static enum status
take_days(struct call *call, const Pb__InspectionDate *r, const struct part_call *p,
          struct inspection_date *d)
{
    int32_t planned = NO_DATE;
    int32_t held = NO_DATE;
    enum status s = request_day(call, r->planned_on, "planned_on", &planned);
    if (s == STATUS_OK) {
        s = request_day(call, r->held_on, "held_on", &held);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (held != NO_DATE && held > call->today) {
        return fault_set_field(&call->fault, "held_on", "DATE_FUTURE",
                               "“%s”还没有到：举行日不能写将来的日子，请写到计划日期里。",
                               r->held_on);
    }
    if (r->has_months) {
        if (r->months < 1 || r->months > MONTHS_MAX) {
            return fault_set_field(&call->fault, "months", "MONTHS_RANGE",
                                   "期限应在 1 至 %d 个月之间，请改正。", MONTHS_MAX);
        }
        if (p->inspection.feedback_day == NO_DATE) {
            return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "FEEDBACK_DATE_MISSING",
                             "巡视“%s”没有反馈日期，算不出 %d 个月后的日子：请直接写计划日期。",
                             p->inspection.code, r->months);
        }
        d->months = r->months;
        d->planned_day = day_add_months(p->inspection.feedback_day, r->months);
    }
    if (planned != NO_DATE) {
        d->planned_day = planned;
        d->months = r->has_months ? r->months : 0;
    }
    d->held_day = held != NO_DATE ? held : d->held_day;
    return STATUS_OK;
}

/* The date as it stands, or a new one. */
static struct inspection_date
date_of(const struct inspection_date_list *dates, const char *kind, int32_t no)
{
    for (size_t i = 0; i < dates->count; i++) {
        if (dates->items[i].no == no && strcmp(dates->items[i].kind, kind) == 0) {
            return dates->items[i];
        }
    }
    return (struct inspection_date){
        .kind = kind, .no = no, .planned_day = NO_DATE, .held_day = NO_DATE};
}

/* The change to `next`, which bears the version before; NULL: exhausted. */
static Pb__InspectionDate *
date_record(struct call *call, const struct inspection_record *inspection,
            const struct inspection_date *next)
{
    struct inspection_date after = *next;
    after.version++;
    Pb__InspectionDate *message = date_message(call, inspection->code, &after);
    return message != NULL && call_change(call, "inspection_date", inspection->id, inspection->code,
                                          after.version, &message->base)
               ? message
               : NULL;
}

static enum status
date_decide(struct call *call)
{
    const Pb__InspectionDate *r = REQUEST(call, Pb__InspectionDate);
    struct part_call *p = call->data;
    enum status s = find(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    int32_t no = r->has_no ? r->no : 1;
    if (kind_zh(r->kind) == NULL || no < 1 || no > DATE_NO_MAX) {
        return fault_set_field(&call->fault, "kind", "DATE_KIND",
                               "没有这种节点：请用 INNER_NOTICE（党内通报）、DEMOCRATIC_LIFE"
                               "（民主生活会）、CONCENTRATED_END（集中整改期满）等，序号 1 至 %d。",
                               DATE_NO_MAX);
    }
    p->next = date_of(&p->dates, r->kind, no);
    s = check_expected(call, p->next.version);
    if (s == STATUS_OK) {
        s = check_text(call, "note", r->note, NOTE_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = take_days(call, r, p, &p->next);
    }
    if (s != STATUS_OK) {
        return s;
    }
    p->next.note = r->note != NULL ? r->note : p->next.note;
    if (p->next.planned_day == NO_DATE && p->next.held_day == NO_DATE) {
        return fault_set_field(&call->fault, "planned_on", "DATE_EMPTY",
                               "请写明计划日期、期限（几个月）或举行日期。");
    }
    Pb__InspectionDate *reply = date_record(call, &p->inspection, &p->next);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
inspection_date_hold(struct call *call, const struct inspection_record *inspection,
                     const struct inspection_date_list *dates, const char *kind,
                     struct inspection_date *ret_date)
{
    struct inspection_date next = date_of(dates, kind, 1);
    if (next.held_day != NO_DATE) {
        return STATUS_OK;
    }
    next.held_day = call->today;
    if (date_record(call, inspection, &next) == NULL) {
        return handler_no_memory(call);
    }
    *ret_date = next;
    return STATUS_OK;
}

static enum status
date_effects(struct call *call, struct db_queue *q)
{
    const struct part_call *p = call->data;
    return inspection_date_queue_put(q, call->who->tenant, p->inspection.id, &p->next,
                                     call->event_id);
}

static Pb__InspectionDate **
date_messages(struct call *call, const struct part_call *p)
{
    Pb__InspectionDate **list = arena_array(call->arena, p->dates.count, sizeof *list);
    for (size_t i = 0; list != NULL && i < p->dates.count; i++) {
        list[i] = date_message(call, p->inspection.code, &p->dates.items[i]);
        if (list[i] == NULL) {
            return NULL;
        }
    }
    return list;
}

static enum status
dates_decide(struct call *call)
{
    struct part_call *p = call->data;
    enum status s = find(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__ListInspectionDatesReply *reply =
        call_message(call, &pb__list_inspection_dates_reply__descriptor);
    Pb__InspectionDate **dates = date_messages(call, p);
    if (reply == NULL || dates == NULL) {
        return handler_no_memory(call);
    }
    reply->dates = dates;
    reply->n_dates = p->dates.count;
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- the inspection and its documents ---- */

static Pb__PlanDocument *
document_message(struct call *call, const char *inspection, const struct plan_document *d)
{
    Pb__PlanDocument *out = call_message(call, &pb__plan_document__descriptor);
    if (out != NULL) {
        out->inspection = wire_text(inspection);
        out->id = wire_text(d->id);
        out->kind = wire_text(d->kind);
        out->title = wire_text(d->title);
        out->has_no = out->has_problems = 1;
        out->no = d->no;
        out->problems = d->problems;
    }
    return out;
}

static enum status
get_decide(struct call *call)
{
    struct part_call *p = call->data;
    enum status s = find(call, p);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__GetInspectionReply *reply = call_message(call, &pb__get_inspection_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->inspection = inspection_record_message(call, &p->inspection);
    reply->documents = arena_array(call->arena, p->documents.count, sizeof(Pb__PlanDocument *));
    reply->dates = date_messages(call, p);
    reply->n_dates = p->dates.count;
    if (reply->inspection == NULL || reply->documents == NULL || reply->dates == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < p->documents.count; i++) {
        reply->documents[i] = document_message(call, p->inspection.code, &p->documents.items[i]);
        if (reply->documents[reply->n_documents++] == NULL) {
            return handler_no_memory(call);
        }
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static bool
document_kind_known(const char *kind)
{
    static const char *const known[] = {"MAIN", "CADRES", "IDEOLOGY", "PATROL", "OTHER"};
    for (size_t i = 0; kind != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i], kind) == 0) {
            return true;
        }
    }
    return false;
}

static enum status
document_decide(struct call *call)
{
    const Pb__PlanDocument *r = REQUEST(call, Pb__PlanDocument);
    struct part_call *p = call->data;
    enum status s = find(call, p);
    if (s == STATUS_OK) {
        s = check_text(call, "title", r->title, LIMIT_NAME_BYTES, true);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (!document_kind_known(r->kind)) {
        return fault_set_field(&call->fault, "kind", "DOCUMENT_KIND",
                               "方案文本的种类用 MAIN（总方案）、CADRES（选人用人）、IDEOLOGY"
                               "（意识形态责任制）、PATROL（巡察工作）或 OTHER。");
    }
    p->document = (struct plan_document){
        .id = call_new_id(call), .kind = r->kind, .title = r->title, .no = 1, .version = 1};
    for (size_t i = 0; i < p->documents.count; i++) {
        if (strcmp(p->documents.items[i].title, r->title) == 0) {
            return fault_set(&call->fault, STATUS_ALREADY_EXISTS, "DOCUMENT_EXISTS",
                             "已经有方案文本“%s”，请直接使用，或换一个名称。", r->title);
        }
        p->document.no = p->documents.items[i].no >= p->document.no ? p->documents.items[i].no + 1
                                                                    : p->document.no;
    }
    Pb__PlanDocument *reply = document_message(call, p->inspection.code, &p->document);
    if (reply == NULL || p->document.id == NULL ||
        !call_change(call, "plan_document", p->document.id, p->inspection.code, 1, &reply->base)) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
document_effects(struct call *call, struct db_queue *q)
{
    const struct part_call *p = call->data;
    return plan_document_queue_insert(q, call->who->tenant, p->inspection.id, &p->document,
                                      call->event_id);
}

/* One row each, the same but for these. */
#define READS(name, request_, reply_, load_, decide_)                                              \
    {                                                                                              \
        .method = "rectify.v1.InspectionService/" name, .kind = METHOD_QUERY,                      \
        .auth = AUTH_SESSION, .request = &(request_), .reply = &(reply_), .load = (load_),         \
        .decide = (decide_),                                                                       \
    }
#define WRITES(name, request_, reply_, load_, decide_, effects_)                                   \
    {                                                                                              \
        .method = "rectify.v1.InspectionService/" name, .kind = METHOD_COMMAND,                    \
        .auth = AUTH_SIGNED, .roles = ROLE_OFFICE, .request = &(request_), .reply = &(reply_),     \
        .subjects = plan_subjects, .load = (load_), .decide = (decide_), .effects = (effects_),    \
    }

static const struct handler rows[] = {
    READS("GetInspection", pb__inspection_request__descriptor, pb__get_inspection_reply__descriptor,
          part_load, get_decide),
    READS("ListInspectionDates", pb__inspection_request__descriptor,
          pb__list_inspection_dates_reply__descriptor, part_load, dates_decide),
    READS("ListProblemLinks", pb__inspection_request__descriptor,
          pb__list_problem_links_reply__descriptor, link_list_load, link_list_decide),
    WRITES("AddPlanDocument", pb__plan_document__descriptor, pb__plan_document__descriptor,
           part_load, document_decide, document_effects),
    WRITES("SetInspectionDate", pb__inspection_date__descriptor, pb__inspection_date__descriptor,
           part_load, date_decide, date_effects),
    WRITES("LinkProblem", pb__link_problem_request__descriptor, pb__problem_link__descriptor,
           link_problem_load, link_problem_decide, link_problem_effects),
};

const struct handler_table inspection_part_handler_table = {rows, sizeof rows / sizeof rows[0]};
