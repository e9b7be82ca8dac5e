/* SittingService: making, opening and ending a sitting. */
#include "server/handler/sitting_write.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/problem_write.h"
#include "server/handler/request_check.h"
#include "server/handler/sitting.h"

#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 1024, NAMED_MAX = 20 };

enum status
pick_sitting(struct call *call, const struct sitting_list *list, const char *ref,
             const struct sitting_record **ret)
{
    if (list->count == 0) {
        return refuse_unknown(call, "SITTING_UNKNOWN", "会审", ref);
    }
    *ret = &list->items[0];
    return STATUS_OK;
}

enum status
sitting_record_change(struct call *call, const struct sitting_record *before,
                      const struct sitting_record *next, const char *command, const char *reason)
{
    Pb__Sitting *record = sitting_message(next, call->arena);
    if (record == NULL ||
        !call_change(call, "sitting", next->id, next->ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = before == NULL ? NULL : arena_strdup(call->arena, before->state);
    change->to_state = arena_strdup(call->arena, next->state);
    change->reason = arena_strdup(call->arena, reason);
    return change->command == NULL || change->to_state == NULL ? handler_no_memory(call)
                                                               : STATUS_OK;
}

const struct problem_record *
sitting_problem(const struct problem_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].id, id) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* ---- CreateSitting ---- */

struct create_call {
    struct problem_list problems;
    struct problem_measure_list measures;
    int32_t next_no;
    struct sitting_record made;
    struct sitting_row_record *rows;
    size_t count;
};

void
create_sitting_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__CreateSittingRequest *r = REQUEST(call, Pb__CreateSittingRequest);
    subject_add(set, "sitting", "new");
    for (size_t i = 0; i < r->n_problems && i < SITTING_ROWS_MAX; i++) {
        subject_add(set, "problem", r->problems[i]);
    }
}

static int
create_first(struct call *call, struct db_queue *q)
{
    const Pb__CreateSittingRequest *r = REQUEST(call, Pb__CreateSittingRequest);
    struct create_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    if (r->n_problems < 1 || r->n_problems > SITTING_ROWS_MAX) {
        return (int)fault_set_field(&call->fault, "problems", "COUNT_RANGE",
                                    "一次会审列入 1 至 %d 个问题，请分次会审。", SITTING_ROWS_MAX);
    }
    struct text_list refs = {0};
    for (size_t i = 0; i < r->n_problems; i++) {
        if (!text_list_add(&refs, call->arena, r->problems[i])) {
            return (int)handler_no_memory(call);
        }
    }
    bool named = r->inspection != NULL && r->inspection[0] != '\0';
    enum status s = problem_queue_lock(q, call->who->tenant, &refs, named ? r->inspection : NULL,
                                       call->arena, &c->problems);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
create_sitting_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return create_first(call, q);
    }
    struct create_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; i < c->problems.count; i++) {
        if (!text_list_add(&ids, call->arena, c->problems.items[i].id)) {
            return (int)handler_no_memory(call);
        }
    }
    enum status s = problem_queue_measures(q, call->who->tenant, &ids, call->arena, &c->measures);
    return s == STATUS_OK ? (int)sitting_queue_next_no(q, call->who->tenant, &c->next_no) : (int)s;
}

static enum status
add_row(struct call *call, struct create_call *c, const char *ref)
{
    const struct problem_record *p = NULL;
    enum status s = pick_problem(call, &c->problems, ref, &p);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->rows[i].problem_id, p->id) == 0) {
            return fault_set_field(&call->fault, "problems", "PROBLEM_TWICE",
                                   "问题 %s 写了两次，请去掉重复的一个。", p->ref);
        }
    }
    if (c->made.inspection_id != NULL && strcmp(c->made.inspection_id, p->inspection_id) != 0) {
        return fault_set_field(&call->fault, "problems", "INSPECTION_MIXED",
                               "一次会审只列入同一次巡视的问题，%s 属于另一次巡视，请分开会审。",
                               p->ref);
    }
    struct problem_counts counts = problem_count(&c->measures, p->id);
    s = sitting_accepts(p, &counts, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    c->made.inspection_id = p->inspection_id;
    c->made.inspection = p->inspection;
    c->rows[c->count] = (struct sitting_row_record){
        .id = call_new_id(call),
        .sitting_id = c->made.id,
        .no = (int32_t)c->count + 1,
        .problem_id = p->id,
        .state = ROW_PENDING,
        .version = 1,
    };
    if (c->rows[c->count].id == NULL) {
        return handler_no_memory(call);
    }
    c->count++;
    return sitting_row_record_change(call, NULL, &c->rows[c->count - 1], p->ref, COMMAND_CREATE);
}

static enum status
check_create(struct call *call, struct create_call *c)
{
    const Pb__CreateSittingRequest *r = REQUEST(call, Pb__CreateSittingRequest);
    struct actor actor = call_actor(call);
    struct sitting_record none = {.state = STATE_NONE};
    struct sitting_record next;
    enum status s = sitting_step(&none, COMMAND_CREATE, &actor, false, &next, &call->fault);
    if (s == STATUS_OK) {
        s = check_text(call, "title", r->title, LIMIT_NAME_BYTES, true);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "day", r->day, &c->made.day);
    }
    if (s == STATUS_OK && c->made.day == NO_DATE) {
        s = fault_set_field(&call->fault, "day", "DAY_MISSING", "请写明会审的日期。");
    }
    c->made.state = next.state;
    c->made.version = next.version;
    return s;
}

enum status
create_sitting_decide(struct call *call)
{
    const Pb__CreateSittingRequest *r = REQUEST(call, Pb__CreateSittingRequest);
    struct create_call *c = call->data;
    c->count = 0;
    c->made = (struct sitting_record){
        .id = call_new_id(call),
        .no = c->next_no,
        .ref = arena_printf(call->arena, "XH-%02d", c->next_no),
        .title = r->title,
    };
    c->rows = arena_array(call->arena, r->n_problems, sizeof *c->rows);
    if (c->made.id == NULL || c->made.ref == NULL || c->rows == NULL) {
        return handler_no_memory(call);
    }
    enum status s = check_create(call, c);
    for (size_t i = 0; s == STATUS_OK && i < r->n_problems; i++) {
        s = add_row(call, c, r->problems[i]);
        if (s != STATUS_OK) {
            snprintf(call->fault.field, sizeof call->fault.field, "problems[%zu]", i);
        }
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->made.rows = c->made.pending = (int32_t)c->count;
    Pb__Sitting *reply = sitting_message(&c->made, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return sitting_record_change(call, NULL, &c->made, COMMAND_CREATE, NULL);
}

enum status
create_sitting_effects(struct call *call, struct db_queue *q)
{
    struct create_call *c = call->data;
    enum status s = sitting_queue_insert(q, call->who->tenant, &c->made, call->event_id);
    for (size_t i = 0; s == STATUS_OK && i < c->count; i++) {
        s = sitting_row_queue_insert(q, call->who->tenant, &c->rows[i], call->event_id);
    }
    return s;
}

/* ---- OpenSitting, ConcludeSitting, CancelSitting ---- */

struct end_call {
    struct sitting_list found;
    struct sitting_row_list rows;
    struct problem_list problems;
    const struct sitting_record *before;
    struct sitting_record next;
    struct sitting_row_record *ended; /* as rows; those that change have a raised version */
    char **undecided;                 /* references */
    size_t undecided_count;
};

static int
end_load(struct call *call, struct db_queue *q, const char *ref)
{
    struct end_call *c = call->data;
    int tenant = call->who->tenant;
    if (call->round == 0) {
        c = arena_alloc(call->arena, sizeof *c);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        call->data = c;
        enum status s = sitting_queue_get(q, tenant, ref == NULL ? "" : ref, true, &c->found);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    if (call->round == 1) {
        enum status s = pick_sitting(call, &c->found, ref, &c->before);
        s = s == STATUS_OK ? sitting_queue_rows(q, tenant, c->before->id, &c->rows) : s;
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct text_list ids = {0};
    for (size_t i = 0; i < c->rows.count; i++) {
        if (!text_list_add(&ids, call->arena, c->rows.items[i].problem_id)) {
            return (int)handler_no_memory(call);
        }
    }
    return (int)problem_queue_by_ids(q, tenant, &ids, call->arena, &c->problems);
}

/* Rows without a decision leave the list in this state. */
static enum status
end_rows(struct call *call, struct end_call *c, const char *command, const char *state,
         const char *reason)
{
    c->ended = arena_array(call->arena, c->rows.count, sizeof *c->ended);
    c->undecided = arena_array(call->arena, c->rows.count, sizeof *c->undecided);
    c->undecided_count = 0;
    if (c->ended == NULL || c->undecided == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->rows.count; i++) {
        const struct sitting_row_record *row = &c->rows.items[i];
        c->ended[i] = *row;
        if (strcmp(row->state, ROW_PENDING) != 0) {
            continue;
        }
        const struct problem_record *p = sitting_problem(&c->problems, row->problem_id);
        c->ended[i].state = state;
        c->ended[i].reason = reason;
        c->ended[i].version++;
        c->undecided[c->undecided_count++] = wire_text(p == NULL ? "" : p->ref);
        s = sitting_row_record_change(call, row, &c->ended[i], p == NULL ? NULL : p->ref, command);
    }
    return s;
}

static enum status
end_reply(struct call *call, const struct end_call *c)
{
    Pb__SittingReply *reply = call_message(call, &pb__sitting_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    struct sitting_record shown = c->next;
    shown.pending = 0;
    reply->sitting = sitting_message(&shown, call->arena);
    reply->undecided = c->undecided;
    reply->n_undecided = c->undecided_count;
    call->reply = &reply->base;
    return reply->sitting == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
step(struct call *call, struct end_call *c, const char *command, bool reason_given)
{
    struct actor actor = call_actor(call);
    enum status s = check_expected(call, c->before->version);
    return s == STATUS_OK
               ? sitting_step(c->before, command, &actor, reason_given, &c->next, &call->fault)
               : s;
}

void
open_sitting_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__GetSittingRequest)->ref;
    subject_add(set, "sitting", ref == NULL ? "" : ref);
}

int
open_sitting_load(struct call *call, struct db_queue *q)
{
    return end_load(call, q, REQUEST(call, Pb__GetSittingRequest)->ref);
}

enum status
open_sitting_decide(struct call *call)
{
    struct end_call *c = call->data;
    c->ended = NULL;
    enum status s = step(call, c, COMMAND_HOLD, false);
    if (s != STATUS_OK) {
        return s;
    }
    c->next.opened_ms = call->now_ms;
    Pb__Sitting *reply = sitting_message(&c->next, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return sitting_record_change(call, c->before, &c->next, COMMAND_HOLD, NULL);
}

void
conclude_sitting_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__ConcludeSittingRequest)->ref;
    subject_add(set, "sitting", ref == NULL ? "" : ref);
}

int
conclude_sitting_load(struct call *call, struct db_queue *q)
{
    return end_load(call, q, REQUEST(call, Pb__ConcludeSittingRequest)->ref);
}

/* "P-01、P-07 等 25 个" */
static const char *
name_undecided(struct call *call, const struct end_call *c)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < c->undecided_count && i < NAMED_MAX; i++) {
        text = arena_printf(call->arena, "%s%s%s", text, i == 0 ? "" : "、", c->undecided[i]);
    }
    return text == NULL ? "" : text;
}

enum status
conclude_sitting_decide(struct call *call)
{
    const Pb__ConcludeSittingRequest *r = REQUEST(call, Pb__ConcludeSittingRequest);
    struct end_call *c = call->data;
    enum status s = step(call, c, COMMAND_CONCLUDE, false);
    if (s == STATUS_OK) {
        s = end_rows(call, c, COMMAND_CONCLUDE, ROW_UNDECIDED, NULL);
    }
    if (s != STATUS_OK) {
        return s;
    }
    if (c->undecided_count > 0 && !(r->has_leave_undecided && r->leave_undecided)) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ROWS_UNDECIDED",
                         "还有 %zu 个问题没有结论：%s。请等各会审单位提完意见；确需先结束的，请"
                         "写明保留未决问题，它们仍在联合会审中。",
                         c->undecided_count, name_undecided(call, c));
    }
    c->next.ended_ms = call->now_ms;
    s = sitting_record_change(call, c->before, &c->next, COMMAND_CONCLUDE, NULL);
    return s == STATUS_OK ? end_reply(call, c) : s;
}

void
cancel_sitting_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__CancelSittingRequest)->ref;
    subject_add(set, "sitting", ref == NULL ? "" : ref);
}

int
cancel_sitting_load(struct call *call, struct db_queue *q)
{
    return end_load(call, q, REQUEST(call, Pb__CancelSittingRequest)->ref);
}

enum status
cancel_sitting_decide(struct call *call)
{
    const Pb__CancelSittingRequest *r = REQUEST(call, Pb__CancelSittingRequest);
    struct end_call *c = call->data;
    enum status s = check_text(call, "reason", r->reason, REASON_BYTES, true);
    if (s == STATUS_OK) {
        s = step(call, c, COMMAND_CANCEL, true);
    }
    if (s == STATUS_OK) {
        s = end_rows(call, c, COMMAND_CANCEL, ROW_VOID, r->reason);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next.ended_ms = call->now_ms;
    c->next.reason = r->reason;
    call->reason = r->reason;
    s = sitting_record_change(call, c->before, &c->next, COMMAND_CANCEL, r->reason);
    return s == STATUS_OK ? end_reply(call, c) : s;
}

enum status
end_sitting_effects(struct call *call, struct db_queue *q)
{
    struct end_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = sitting_queue_update(q, tenant, &c->next, c->before->version, call->event_id);
    for (size_t i = 0; s == STATUS_OK && c->ended != NULL && i < c->rows.count; i++) {
        int64_t version = c->rows.items[i].version;
        if (c->ended[i].version != version) {
            s = sitting_row_queue_update(q, tenant, &c->ended[i], version, call->event_id);
        }
    }
    return s;
}
