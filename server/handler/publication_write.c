/* PublicationService: the commands that change a text or begin a new one from it. */
#include "server/handler/publication.h"

#include "proto/base/limits.h"
#include "server/document/notice_text.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/store/approval.h"

#include <stdio.h>
#include <string.h>

enum { HOLD_SUBJECTS_MAX = 200 };

static void
add_subject_of(struct subject_set *set, const char *ref)
{
    subject_add(set, "publication", ref == NULL ? "" : ref);
}

static enum status
take_step(struct call *call, struct publication_call *c, const char *command)
{
    const struct workflow_facts facts = {.reason_given = true};
    struct actor actor = call_actor(call);
    enum status s = check_expected(call, c->before->version);
    return s == STATUS_OK
               ? publication_step(c->before, command, &actor, &facts, &c->next, &call->fault)
               : s;
}

/* The new content in the record, hashed. */
static enum status
take_content(struct call *call, struct publication_call *c, const char *command)
{
    size_t bytes = 0;
    for (size_t i = 0; i < c->content.count; i++) {
        bytes += strlen(c->content.items[i]->text);
    }
    if (bytes > PUBLICATION_TEXT_BYTES_MAX) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PUBLICATION_TOO_LARGE",
                         "正文有 %zu 字节，最多 %d 字节，请精简。", bytes,
                         PUBLICATION_TEXT_BYTES_MAX);
    }
    c->next.content_no = c->before->content_no + 1;
    enum status s = publication_hash(call, &c->next, &c->content);
    if (s == STATUS_OK) {
        s = publication_record_change(call, c->before, &c->next, command, &c->content,
                                      c->marked.count > 0 ? &c->marked : NULL);
    }
    return s == STATUS_OK ? publication_answer(call, &c->next) : s;
}

enum status
publication_effects(struct call *call, struct db_queue *q)
{
    struct publication_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s =
        publication_queue_update(q, tenant, &c->next, c->before->version, call->event_id);
    if (s == STATUS_OK && c->content.count > 0) {
        s = publication_queue_content(q, tenant, &c->next, c->content.items, c->content.count,
                                      call->arena, call->event_id);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->marked.count; i++) {
        s = publication_queue_hold(q, tenant, c->next.id, &c->marked.items[i],
                                   c->marked.items[i].version - 1, call->event_id);
    }
    if (s == STATUS_OK && c->approval_id != NULL) {
        const struct approval_record approval = {
            .id = c->approval_id,
            .body_org = call->who->org_id,
            .subject_kind = "publication",
            .subject = c->next.id,
            .subject_version = c->before->version,
            .sha256 = c->next.sha256,
            .verdict = PB__VERDICT__ACCEPTED,
            .reason = c->opinion,
            .recorded_ms = call->now_ms,
        };
        s = approval_queue_insert(q, tenant, &approval, call->event_id);
    }
    if (s == STATUS_OK && c->held.kind != NULL) {
        s = inspection_date_queue_put(q, tenant, c->inspection.id, &c->held, call->event_id);
    }
    return s;
}

/* ---- EditPublication ---- */

void
edit_publication_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__EditPublicationRequest)->ref);
}

int
edit_publication_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__EditPublicationRequest)->ref, true);
}

/* What no text may have, with its line. */
static enum status
check_line(struct call *call, const char *text, size_t max, uint32_t line)
{
    enum status s = check_text(call, "file", text, max, true);
    if (s != STATUS_OK) {
        struct fault why = call->fault;
        snprintf(call->fault.message, sizeof call->fault.message, "第 %u 行：%.*s", line,
                 (int)(sizeof call->fault.message / 2), why.message);
    }
    return s;
}

static enum status
read_file(struct call *call, struct publication_call *c, const Pb__EditPublicationRequest *r)
{
    struct notice_text text;
    bool problems = publication_tells_problems(c->before->kind);
    enum status s =
        notice_read(r->file.data, r->file.len, problems, call->arena, &text, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    c->content = (struct block_list){.items = text.blocks, .count = text.count};
    s = check_line(call, text.title, LIMIT_NAME_BYTES, text.title_line);
    for (size_t i = 0; s == STATUS_OK && i < text.count; i++) {
        s = check_line(call, text.blocks[i]->text, LIMIT_TEXT_BYTES, text.lines[i]);
    }
    c->next.title = text.title;
    return s == STATUS_OK ? publication_match(c->before, &c->content, text.lines, &c->subjects,
                                              &c->blocks, &call->fault)
                          : s;
}

enum status
edit_publication_decide(struct call *call)
{
    const Pb__EditPublicationRequest *r = REQUEST(call, Pb__EditPublicationRequest);
    struct publication_call *c = call->data;
    if (!r->has_file || r->file.len == 0) {
        return fault_set_field(&call->fault, "file", "NO_TEXT", "文件是空的，请核对。");
    }
    enum status s = take_step(call, c, COMMAND_EDIT);
    if (s == STATUS_OK) {
        s = read_file(call, c, r);
    }
    return s == STATUS_OK ? take_content(call, c, COMMAND_EDIT) : s;
}

/* ---- HoldBack ---- */

void
hold_back_subjects(const struct call *call, struct subject_set *set)
{
    add_subject_of(set, REQUEST(call, Pb__HoldBackRequest)->ref);
}

int
hold_back_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__HoldBackRequest)->ref, true);
}

/* The subjects with the marks as they become. */
static enum status
apply_marks(struct call *call, const struct publication_call *c, struct subject_list *ret)
{
    *ret = (struct subject_list){
        .items = arena_array(call->arena, c->subjects.count, sizeof *ret->items),
        .count = c->subjects.count,
    };
    if (ret->items == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < ret->count; i++) {
        ret->items[i] = c->subjects.items[i];
        for (size_t j = 0; j < c->marked.count; j++) {
            if (c->marked.items[j].no == ret->items[i].no) {
                ret->items[i] = c->marked.items[j];
            }
        }
    }
    return STATUS_OK;
}

enum status
hold_back_decide(struct call *call)
{
    const Pb__HoldBackRequest *r = REQUEST(call, Pb__HoldBackRequest);
    struct publication_call *c = call->data;
    struct subject_list become;
    if (r->n_subjects < 1 || r->n_subjects > HOLD_SUBJECTS_MAX) {
        return fault_set_field(&call->fault, "subjects", "COUNT_RANGE",
                               "一次写 1 至 %d 个问题或措施的编号。", HOLD_SUBJECTS_MAX);
    }
    enum status s = check_text(call, "reason", r->reason, PUBLICATION_REASON_BYTES, true);
    if (s == STATUS_OK) {
        s = take_step(call, c, COMMAND_HOLD_BACK);
    }
    if (s == STATUS_OK) {
        s = publication_mark(&c->subjects, r, call->arena, &c->marked, &call->fault);
    }
    if (s == STATUS_OK) {
        s = apply_marks(call, c, &become);
    }
    if (s == STATUS_OK) {
        s = publication_without(&c->blocks, &become, call->arena, &c->content);
    }
    if (s != STATUS_OK) {
        return s;
    }
    call->reason = r->reason;
    return take_content(call, c, COMMAND_HOLD_BACK);
}

/* ---- CorrectPublication ---- */

void
correct_publication_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "publication", "new");
    add_subject_of(set, REQUEST(call, Pb__EndPublicationRequest)->ref);
}

int
correct_publication_load(struct call *call, struct db_queue *q)
{
    int ret = publication_load(call, q, REQUEST(call, Pb__EndPublicationRequest)->ref, true);
    struct publication_call *c = call->data;
    return call->round == 1 && ret == STATUS_OK
               ? (int)publication_queue_next_no(q, call->who->tenant, &c->next_no)
               : ret;
}

enum status
correct_publication_decide(struct call *call)
{
    const Pb__EndPublicationRequest *r = REQUEST(call, Pb__EndPublicationRequest);
    struct publication_call *c = call->data;
    enum status s = check_text(call, "reason", r->reason, PUBLICATION_REASON_BYTES, true);
    if (s == STATUS_OK) {
        s = take_step(call, c, COMMAND_CORRECT);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->made = *c->before;
    c->made.id = call_new_id(call);
    c->made.no = c->next_no;
    c->made.ref = arena_printf(call->arena, "TB-%02d", c->next_no);
    c->made.state = STATE_DRAFT;
    c->made.content_no = 1;
    c->made.corrects_id = c->before->id;
    c->made.corrects = c->before->ref;
    c->made.reason = NULL;
    c->made.approved_ms = c->made.published_ms = 0;
    c->made.published_day = NO_DATE;
    c->made.created_ms = call->now_ms;
    c->made.version = 1;
    if (c->made.id == NULL || c->made.ref == NULL) {
        return handler_no_memory(call);
    }
    c->next.reason = r->reason;
    c->next.corrected_by_id = c->made.id;
    c->next.corrected_by = c->made.ref;
    call->reason = r->reason;
    s = publication_record_change(call, c->before, &c->next, COMMAND_CORRECT, NULL, NULL);
    if (s == STATUS_OK) {
        s = publication_record_change(call, NULL, &c->made, COMMAND_CREATE, &c->blocks,
                                      &c->subjects);
    }
    return s == STATUS_OK ? publication_answer(call, &c->made) : s;
}

enum status
correct_publication_effects(struct call *call, struct db_queue *q)
{
    struct publication_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s =
        publication_queue_update(q, tenant, &c->next, c->before->version, call->event_id);
    if (s == STATUS_OK) {
        s = publication_queue_insert(q, tenant, &c->made, call->event_id);
    }
    if (s == STATUS_OK) {
        s = publication_queue_content(q, tenant, &c->made, c->blocks.items, c->blocks.count,
                                      call->arena, call->event_id);
    }
    return s == STATUS_OK ? publication_queue_add_subjects(q, tenant, c->made.id, &c->subjects,
                                                           call->arena, call->event_id)
                          : s;
}
