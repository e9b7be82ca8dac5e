/* SittingService: one body's opinions on many rows, all or none.
 *
 * The sitting is locked first, then the problems in order of their ids: what is below a problem is
 * not taken up again while it is decided on. */
#include "server/handler/sitting.h"

#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "server/handler/common.h"
#include "server/handler/problem_write.h"
#include "server/handler/record_hash.h"
#include "server/handler/request_check.h"
#include "server/handler/sitting_write.h"

#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 1024 };

struct decided_row {
    const struct sitting_row_record *before;
    const struct problem_record *problem;
    unsigned char sha256[APPROVAL_HASH_BYTES];
    struct sitting_outcome outcome;
};

struct decide_call {
    struct sitting_list found;
    const struct sitting_record *before;
    struct sitting_record next;
    struct sitting_row_list rows;
    struct sitting_opinion_list opinions;
    struct problem_list problems;
    struct problem_measure_list measures;
    struct decided_row *decided;
    size_t count;
};

void
decide_sitting_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__DecideSittingRequest *r = REQUEST(call, Pb__DecideSittingRequest);
    subject_add(set, "sitting", r->ref == NULL ? "" : r->ref);
    for (size_t i = 0; i < r->n_rows && i < SITTING_ROWS_MAX; i++) {
        const char *ref = r->rows[i]->problem_ref;
        subject_add(set, "problem", ref == NULL ? "" : ref);
    }
}

static int
load_sitting(struct call *call, struct db_queue *q)
{
    const Pb__DecideSittingRequest *r = REQUEST(call, Pb__DecideSittingRequest);
    struct decide_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    if (r->n_rows < 1 || r->n_rows > SITTING_ROWS_MAX) {
        return (int)fault_set_field(&call->fault, "rows", "COUNT_RANGE",
                                    "一次提交 1 至 %d 个问题的意见，请分次提交。",
                                    SITTING_ROWS_MAX);
    }
    enum status s =
        sitting_queue_get(q, call->who->tenant, r->ref == NULL ? "" : r->ref, true, &c->found);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
load_problems(struct call *call, struct db_queue *q)
{
    const Pb__DecideSittingRequest *r = REQUEST(call, Pb__DecideSittingRequest);
    struct decide_call *c = call->data;
    int tenant = call->who->tenant;
    struct text_list refs = {0};
    enum status s = pick_sitting(call, &c->found, r->ref, &c->before);
    for (size_t i = 0; s == STATUS_OK && i < r->n_rows; i++) {
        const char *ref = r->rows[i]->problem_ref;
        if (!text_list_add(&refs, call->arena, ref == NULL ? "" : ref)) {
            s = handler_no_memory(call);
        }
    }
    if (s == STATUS_OK) {
        s = problem_queue_lock(q, tenant, &refs, c->before->inspection, call->arena, &c->problems);
    }
    if (s == STATUS_OK) {
        s = sitting_queue_rows(q, tenant, c->before->id, &c->rows);
    }
    if (s == STATUS_OK) {
        s = sitting_queue_opinions(q, tenant, c->before->id, &c->opinions);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
decide_sitting_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return load_sitting(call, q);
    }
    if (call->round == 1) {
        return load_problems(call, q);
    }
    struct decide_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; i < c->problems.count; i++) {
        if (!text_list_add(&ids, call->arena, c->problems.items[i].id)) {
            return (int)handler_no_memory(call);
        }
    }
    return (int)problem_queue_measures(q, call->who->tenant, &ids, call->arena, &c->measures);
}

/* ---- one row ---- */

static enum status
check_texts(struct call *call, const Pb__SittingVerdict *v)
{
    enum status s = check_text(call, "reason", v->reason, REASON_BYTES, false);
    for (size_t i = 0; s == STATUS_OK && i < v->n_criteria; i++) {
        s = check_text(call, "criteria", v->criteria[i]->reason, REASON_BYTES, false);
    }
    return s;
}

static enum status
find_row(struct call *call, struct decide_call *c, const char *ref, struct decided_row *row)
{
    enum status s = pick_problem(call, &c->problems, ref, &row->problem);
    if (s != STATUS_OK) {
        return s;
    }
    row->before = NULL;
    for (size_t i = 0; i < c->rows.count; i++) {
        if (strcmp(c->rows.items[i].problem_id, row->problem->id) == 0) {
            row->before = &c->rows.items[i];
        }
    }
    if (row->before == NULL) {
        return fault_set_field(&call->fault, "problem_ref", "NOT_IN_SITTING",
                               "问题 %s 不在这次会审的清单里，请核对编号。", row->problem->ref);
    }
    for (size_t i = 0; i < c->count; i++) {
        if (c->decided[i].before == row->before) {
            return fault_set_field(&call->fault, "problem_ref", "ROW_TWICE",
                                   "问题 %s 写了两次，请去掉重复的一行。", row->problem->ref);
        }
    }
    return STATUS_OK;
}

static enum status
record_opinion(struct call *call, const struct decided_row *row)
{
    const struct sitting_opinion_record *o = &row->outcome.opinion;
    struct sitting_opinion_record shown = *o;
    shown.org = call->who->org_code;
    Pb__SittingOpinion *record =
        sitting_opinion_message(&shown, row->problem->ref, row->sha256, call->arena);
    if (record == NULL || !call_change(call, "sitting_opinion", row->before->id, row->problem->ref,
                                       o->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, COMMAND_JUDGE);
    change->reason = arena_strdup(call->arena, o->reason);
    return change->command == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
record_row(struct call *call, const struct decided_row *row)
{
    const struct sitting_outcome *o = &row->outcome;
    enum status s = record_opinion(call, row);
    if (s == STATUS_OK && o->decided) {
        s = problem_record_change(call, row->problem, &o->problem.next, o->command, o->row.reason);
    }
    if (s == STATUS_OK && o->decided) {
        s = sitting_row_record_change(call, row->before, &o->row, row->problem->ref, o->command);
    }
    return s;
}

static enum status
judge_row(struct call *call, struct decide_call *c, const Pb__SittingVerdict *v,
          const struct actor *actor)
{
    struct decided_row *row = &c->decided[c->count];
    enum status s = check_texts(call, v);
    if (s == STATUS_OK) {
        s = find_row(call, c, v->problem_ref, row);
    }
    if (s == STATUS_OK) {
        s = closing_sha256(call, row->problem, &c->measures, row->sha256);
    }
    if (s != STATUS_OK) {
        return s;
    }
    const struct sitting_case one = {
        .sitting = c->before,
        .row = row->before,
        .problem = row->problem,
        .counts = problem_count(&c->measures, row->problem->id),
        .sha256 = row->sha256,
        .opinions = &c->opinions,
        .actor = actor,
        .approval_id = call_new_id(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    s = one.approval_id == NULL ? handler_no_memory(call)
                                : sitting_judge(&one, v, call->arena, &row->outcome, &call->fault);
    if (s == STATUS_OK) {
        c->count++;
        s = record_row(call, row);
    }
    return s;
}

/* ---- the command ---- */

static enum status
reply_decided(struct call *call, const struct decide_call *c)
{
    Pb__DecideSittingReply *reply = call_message(call, &pb__decide_sitting_reply__descriptor);
    char **closed = arena_array(call->arena, c->count, sizeof *closed);
    char **sustained = arena_array(call->arena, c->count, sizeof *sustained);
    char **refused = arena_array(call->arena, c->count, sizeof *refused);
    if (reply == NULL || closed == NULL || sustained == NULL || refused == NULL) {
        return handler_no_memory(call);
    }
    reply->ref = wire_text(c->before->ref);
    reply->has_rows = reply->has_waiting = reply->has_version = 1;
    reply->rows = (int32_t)c->count;
    reply->version = c->next.version;
    reply->closed = closed;
    reply->sustained = sustained;
    reply->refused = refused;
    for (size_t i = 0; i < c->count; i++) {
        const struct sitting_outcome *o = &c->decided[i].outcome;
        char *ref = wire_text(c->decided[i].problem->ref);
        if (!o->decided) {
            reply->waiting++;
        } else if (strcmp(o->row.state, STATE_CLOSED) == 0) {
            closed[reply->n_closed++] = ref;
        } else if (strcmp(o->row.state, STATE_SUSTAINED) == 0) {
            sustained[reply->n_sustained++] = ref;
        } else {
            refused[reply->n_refused++] = ref;
        }
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* The row a refusal speaks of, before the field it named. */
static void
name_row(struct call *call, size_t i)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "%s", call->fault.field);
    snprintf(call->fault.field, sizeof call->fault.field, "rows[%zu]%s%.64s", i,
             field[0] == '\0' ? "" : ".", field);
}

enum status
decide_sitting_decide(struct call *call)
{
    const Pb__DecideSittingRequest *r = REQUEST(call, Pb__DecideSittingRequest);
    struct decide_call *c = call->data;
    struct actor actor = call_actor(call);
    c->count = 0;
    c->decided = arena_array(call->arena, r->n_rows, sizeof *c->decided);
    if (c->decided == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < r->n_rows; i++) {
        enum status s = judge_row(call, c, r->rows[i], &actor);
        if (s != STATUS_OK) {
            name_row(call, i);
            return s;
        }
    }
    enum status s = sitting_step(c->before, COMMAND_JUDGE, &actor, false, &c->next, &call->fault);
    if (s == STATUS_OK) {
        s = sitting_record_change(call, c->before, &c->next, COMMAND_JUDGE, NULL);
    }
    return s == STATUS_OK ? reply_decided(call, c) : s;
}

/* ---- effects ---- */

static enum status
write_opinion(struct call *call, struct db_queue *q, const struct decided_row *row)
{
    const struct sitting_opinion_record *o = &row->outcome.opinion;
    bool refuses = o->verdict == PB__VERDICT__RETURNED;
    const char *reason = o->reason;
    for (int i = 0; reason == NULL && refuses && i < CRITERIA_COUNT; i++) {
        reason = o->met[i] ? NULL : o->reasons[i];
    }
    struct approval_record approval = {
        .id = o->approval_id,
        .body_org = o->org_id,
        .subject_kind = "sitting_row",
        .subject = o->row_id,
        .subject_version = o->problem_version,
        .sha256 = o->sha256,
        .verdict = o->verdict,
        .reason = reason,
        .recorded_ms = o->recorded_ms,
    };
    enum status s = approval_queue_insert(q, call->who->tenant, &approval, call->event_id);
    return s == STATUS_OK ? sitting_opinion_queue_write(q, call->who->tenant, o, call->event_id)
                          : s;
}

enum status
decide_sitting_effects(struct call *call, struct db_queue *q)
{
    struct decide_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = sitting_queue_update(q, tenant, &c->next, c->before->version, call->event_id);
    for (size_t i = 0; s == STATUS_OK && i < c->count; i++) {
        const struct decided_row *row = &c->decided[i];
        const struct sitting_outcome *o = &row->outcome;
        s = write_opinion(call, q, row);
        if (s == STATUS_OK && o->decided) {
            s = problem_queue_update(q, tenant, &o->problem.next, row->problem->version,
                                     call->event_id);
        }
        if (s == STATUS_OK && o->decided) {
            s = sitting_row_queue_update(q, tenant, &o->row, row->before->version, call->event_id);
        }
    }
    return s;
}
