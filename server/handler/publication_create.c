/* PublicationService: a draft made of the data of a day.
 *
 * Reads in rounds: 0 inspections and calendar, 1 the totals' head and former publications, 2
 * totals, units behind, what was repeated, days to come, problems and measures, former marks. */
#include "server/handler/publication.h"

#include "proto/base/limits.h"
#include "server/document/notice_text.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/handler/status_query.h"
#include "server/service/outcome.h"
#include "server/store/plan.h"

#include <string.h>

struct create_call {
    struct inspection_list inspections;
    const struct inspection_record *inspection;
    struct status_base base;
    struct status_rows whole;
    struct status_rows units;
    struct cause_list repeats;
    struct next_day_list next;
    struct outcome_total_list outcomes;
    struct subject_list subjects;
    struct publication_list former; /* of this inspection and kind, newest first */
    struct subject_list marks;      /* of the newest of them */
    int32_t next_no;
    struct publication_record made;
    struct block_writer text;
};

void
create_publication_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "publication", "new");
}

/* ---- rounds ---- */

static int
first_round(struct call *call, struct db_queue *q)
{
    const Pb__CreatePublicationRequest *r = REQUEST(call, Pb__CreatePublicationRequest);
    struct create_call *c = arena_alloc(call->arena, sizeof *c);
    int ret = 0;
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    if (!r->has_kind || publication_kind_code(r->kind) == NULL) {
        return (int)fault_set_field(&call->fault, "kind", "KIND_MISSING",
                                    "请写明是哪一种：通报、党内通报、一页简报、整改情况报告，还是"
                                    "主要负责人组织落实情况报告。");
    }
    if (r->as_of == NULL || r->as_of[0] == '\0') {
        return (int)fault_set_field(&call->fault, "as_of", "AS_OF_MISSING",
                                    "请选定数据的截止日期。");
    }
    enum status s = inspection_queue_all(q, call->who->tenant, &c->inspections);
    if (s == STATUS_OK) {
        s = publication_queue_next_no(q, call->who->tenant, &c->next_no);
    }
    return s == STATUS_OK && status_round_calendar(call, q, &c->base, &ret) ? ret : (int)s;
}

static enum status
pick_inspection(struct call *call, struct create_call *c)
{
    const char *code = REQUEST(call, Pb__CreatePublicationRequest)->inspection;
    bool named = code != NULL && code[0] != '\0';
    if (!named && c->inspections.count > 1) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "不止一次巡视，请写明巡视的代码。");
    }
    for (size_t i = 0; i < c->inspections.count; i++) {
        if (!named || strcmp(c->inspections.items[i].code, code) == 0) {
            c->inspection = &c->inspections.items[i];
            return STATUS_OK;
        }
    }
    return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", code);
}

static int
second_round(struct call *call, struct db_queue *q, struct create_call *c)
{
    const Pb__CreatePublicationRequest *r = REQUEST(call, Pb__CreatePublicationRequest);
    enum status s = pick_inspection(call, c);
    if (s == STATUS_OK) {
        s = status_begin_past(call, q, &c->base, c->inspection->code, r->as_of);
    }
    if (s == STATUS_OK) {
        s = publication_queue_list(q, call->who->tenant, c->inspection->code, r->kind, &c->former);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

/* The least id an event after the day can have. */
static const char *
until_id(struct call *call, int64_t until_ms)
{
    until_ms = until_ms < 0 ? 0 : until_ms; /* no event is older */
    return arena_printf(call->arena, "%08llx-%04llx-0000-0000-000000000000",
                        (unsigned long long)until_ms >> 16,
                        (unsigned long long)until_ms & 0xFFFFULL);
}

static int
third_round(struct call *call, struct db_queue *q, struct create_call *c)
{
    const Pb__CreatePublicationRequest *r = REQUEST(call, Pb__CreatePublicationRequest);
    const struct status_query *query = &c->base.query;
    const int tenant = call->who->tenant;
    const char *until = until_id(call, query->until_ms);
    enum status s = until == NULL ? handler_no_memory(call) : STATUS_OK;
    if (s == STATUS_OK) {
        s = status_queue_count(q, tenant, query, PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, false,
                               1, &c->whole);
    }
    if (s == STATUS_OK) {
        s = status_queue_count(q, tenant, query, PB__STATUS_GROUP__BY_UNIT, false, LIMIT_LIST_ROWS,
                               &c->units);
    }
    if (s == STATUS_OK) {
        s = status_queue_repeats(q, tenant, query, &c->repeats);
    }
    if (s == STATUS_OK) {
        s = publication_queue_next_days(q, tenant, c->inspection->id, query->as_of,
                                        PUBLICATION_NEXT_DAYS, &c->next);
    }
    if (s == STATUS_OK) {
        s = outcome_queue_totals(q, tenant, query, false, &c->outcomes);
    }
    if (s == STATUS_OK && publication_tells_problems(r->kind)) {
        s = publication_queue_source(q, tenant, c->inspection->id, query->as_of, until,
                                     PUBLICATION_SUBJECTS_MAX + 1, &c->subjects);
    }
    if (s == STATUS_OK && c->former.count > 0) {
        s = publication_queue_subjects(q, tenant, c->former.items[0].id, &c->marks);
    }
    return (int)s;
}

int
create_publication_load(struct call *call, struct db_queue *q)
{
    struct create_call *c = call->data;
    return call->round == 0   ? first_round(call, q)
           : call->round == 1 ? second_round(call, q, c)
                              : third_round(call, q, c);
}

/* ---- the draft ---- */

/* What the one before held back stays held back. */
static void
keep_marks(struct create_call *c)
{
    for (size_t i = 0; i < c->subjects.count; i++) {
        struct publication_subject *s = &c->subjects.items[i];
        for (size_t j = 0; j < c->marks.count; j++) {
            if (strcmp(c->marks.items[j].ref, s->ref) == 0) {
                s->hold_code = c->marks.items[j].hold_code;
                s->hold_reason = c->marks.items[j].hold_reason;
            }
        }
    }
}

static enum status
check_size(struct call *call, const struct create_call *c)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->text.list.count; i++) {
        bytes += strlen(c->text.list.items[i]->text);
    }
    size_t shown = 0;
    for (size_t i = 0; i < c->subjects.count; i++) {
        const Pb__PublicationSubject *m =
            publication_subject_message(&c->subjects.items[i], call->arena);
        if (m == NULL) {
            return handler_no_memory(call);
        }
        shown += pb__publication_subject__get_packed_size(m);
    }
    if (c->subjects.count > PUBLICATION_SUBJECTS_MAX || bytes > PUBLICATION_TEXT_BYTES_MAX ||
        shown > PUBLICATION_SUBJECT_BYTES_MAX) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PUBLICATION_TOO_LARGE",
                         "这次巡视的问题和措施有 %zu 个、%zu 字节，一份材料最多 %d 个、%d 字节。",
                         c->subjects.count, bytes, PUBLICATION_SUBJECTS_MAX,
                         PUBLICATION_TEXT_BYTES_MAX);
    }
    return STATUS_OK;
}

/* A briefing names as many units as its page has room for. */
static bool
fit_text(struct call *call, struct create_call *c, struct publication_facts *facts)
{
    bool briefing = facts->kind == PB__PUBLICATION_KIND__BRIEFING;
    for (;;) {
        c->text = (struct block_writer){.a = call->arena};
        if (publication_draft(facts, &c->text) != STATUS_OK) {
            return false;
        }
        int lines = notice_paper_lines(c->made.title, c->text.list.items, c->text.list.count);
        if (!briefing || facts->units_most == 0 || lines <= PUBLICATION_BRIEFING_LINES) {
            return true;
        }
        facts->units_most--;
    }
}

/* What the office confirmed, of the whole, by kind. */
static bool
fill_outcomes(struct call *call, const struct create_call *c, struct publication_facts *facts)
{
    struct publication_outcome *list = arena_array(call->arena, c->outcomes.count, sizeof *list);
    for (size_t i = 0; list != NULL && i < c->outcomes.count; i++) {
        const struct outcome_total *t = &c->outcomes.items[i];
        const struct outcome_kind *kind = outcome_kind_find(t->kind);
        if (!t->whole || t->confirmed_amount == 0 || kind == NULL) {
            continue;
        }
        struct publication_outcome *o = &list[facts->outcome_count++];
        o->zh = kind->zh;
        o->amount = outcome_amount_text(t->kind, t->confirmed_amount, t->word, call->arena);
        if (o->amount == NULL) {
            return false;
        }
    }
    facts->outcomes = list;
    return list != NULL;
}

static enum status
write_text(struct call *call, struct create_call *c)
{
    const Pb__CreatePublicationRequest *r = REQUEST(call, Pb__CreatePublicationRequest);
    struct status_row none = {.behind_since = NO_DATE};
    struct status_row *whole = c->whole.count > 0 ? &c->whole.items[0] : &none;
    whole->counts[COUNT_WAITING] =
        status_sum(whole, status_number_find("claimed")->numerator) - c->base.head.recent_claims;
    if (status_sum(whole, status_number_find("problems")->numerator) == 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "NOTHING_TO_TELL",
                         "到 %s 这次巡视还没有反馈问题，没有内容可写，请核对日期和巡视代码。",
                         day_text(call, c->base.query.as_of));
    }
    struct publication_facts facts = {
        .kind = r->kind,
        .inspection_name = c->inspection->name,
        .as_of = c->base.query.as_of,
        .signer = r->signer != NULL && r->signer[0] != '\0' ? r->signer : NULL,
        .whole = whole,
        .units = &c->units,
        .units_most = PUBLICATION_UNITS_MAX,
        .repeats = &c->repeats,
        .next = &c->next,
        .subjects = &c->subjects,
    };
    c->made.title =
        r->title != NULL && r->title[0] != '\0' ? r->title : publication_title(&facts, call->arena);
    if (c->made.title == NULL || !fill_outcomes(call, c, &facts) || !fit_text(call, c, &facts)) {
        return handler_no_memory(call);
    }
    return check_size(call, c);
}

static enum status
check_lines(struct call *call, const struct create_call *c)
{
    enum status s = check_text(call, "title", c->made.title, LIMIT_NAME_BYTES, true);
    if (s == STATUS_OK && strpbrk(c->made.title, "\r\n\t") != NULL) {
        s = fault_set_field(&call->fault, "title", "TITLE_LINE", "标题应是一行，请去掉换行。");
    }
    for (size_t i = 0; s == STATUS_OK && i < c->text.list.count; i++) {
        s = check_text(call, "text", c->text.list.items[i]->text, LIMIT_TEXT_BYTES, true);
    }
    return s;
}

enum status
create_publication_decide(struct call *call)
{
    const Pb__CreatePublicationRequest *r = REQUEST(call, Pb__CreatePublicationRequest);
    struct create_call *c = call->data;
    const struct publication_record none = {.state = STATE_NONE};
    const struct workflow_facts facts = {.as_of_chosen = true};
    struct actor actor = call_actor(call);
    enum status s = publication_step(&none, COMMAND_CREATE, &actor, &facts, &c->made, &call->fault);
    if (s == STATUS_OK) {
        s = check_text(call, "signer", r->signer, LIMIT_NAME_BYTES, false);
    }
    if (s == STATUS_OK && r->signer != NULL && strpbrk(r->signer, "\r\n\t") != NULL) {
        s = fault_set_field(&call->fault, "signer", "TITLE_LINE", "落款应是一行，请去掉换行。");
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->made.id = call_new_id(call);
    c->made.inspection_id = c->inspection->id;
    c->made.inspection = c->inspection->code;
    c->made.no = c->next_no;
    c->made.ref = arena_printf(call->arena, "TB-%02d", c->next_no);
    c->made.kind = r->kind;
    c->made.as_of = c->base.query.as_of;
    c->made.plan_no = c->base.head.plan_version;
    c->made.content_no = 1;
    c->made.published_day = NO_DATE;
    c->made.created_ms = call->now_ms;
    if (c->made.id == NULL || c->made.ref == NULL) {
        return handler_no_memory(call);
    }
    if (!publication_straighten(&c->subjects, call->arena)) {
        return handler_no_memory(call);
    }
    keep_marks(c);
    s = write_text(call, c);
    if (s == STATUS_OK) {
        s = check_lines(call, c);
    }
    if (s == STATUS_OK) {
        s = publication_hash(call, &c->made, &c->text.list);
    }
    if (s == STATUS_OK) {
        s = publication_record_change(call, NULL, &c->made, COMMAND_CREATE, &c->text.list,
                                      &c->subjects);
    }
    return s == STATUS_OK ? publication_answer(call, &c->made) : s;
}

enum status
create_publication_effects(struct call *call, struct db_queue *q)
{
    struct create_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = publication_queue_insert(q, tenant, &c->made, call->event_id);
    if (s == STATUS_OK) {
        s = publication_queue_content(q, tenant, &c->made, c->text.list.items, c->text.list.count,
                                      call->arena, call->event_id);
    }
    return s == STATUS_OK ? publication_queue_add_subjects(q, tenant, c->made.id, &c->subjects,
                                                           call->arena, call->event_id)
                          : s;
}
