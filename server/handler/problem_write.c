#include "server/handler/problem_write.h"

#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

enum { REASON_BYTES = 1024 };

enum status
pick_problem(struct call *call, const struct problem_list *list, const char *ref,
             const struct problem_record **ret)
{
    const struct problem_record *found = NULL;
    for (size_t i = 0; ref != NULL && i < list->count; i++) {
        const struct problem_record *p = &list->items[i];
        if (strcmp(p->ref, ref) != 0 && strcmp(p->id, ref) != 0) {
            continue;
        }
        if (found != NULL && strcmp(found->id, p->id) != 0) {
            return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                   "不止一次巡视有问题“%s”，请写明巡视的代码。", ref);
        }
        found = p;
    }
    if (found == NULL) {
        return refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", ref);
    }
    *ret = found;
    return STATUS_OK;
}

static enum status
set_transition(struct call *call, const char *from, const char *to, const char *command,
               const char *reason)
{
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = arena_strdup(call->arena, from);
    change->to_state = arena_strdup(call->arena, to);
    change->reason = arena_strdup(call->arena, reason);
    return change->command == NULL || change->to_state == NULL ? handler_no_memory(call)
                                                               : STATUS_OK;
}

enum status
problem_record_change(struct call *call, const struct problem_record *before,
                      const struct problem_record *next, const char *command, const char *reason)
{
    Pb__Problem *record = problem_message(next, call->arena);
    if (record == NULL ||
        !call_change(call, "problem", next->id, next->ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    return set_transition(call, before == NULL ? NULL : before->state, next->state, command,
                          reason);
}

enum status
sitting_row_record_change(struct call *call, const struct sitting_row_record *before,
                          const struct sitting_row_record *next, const char *problem_ref,
                          const char *command)
{
    Pb__SittingRow *record = call_message(call, &pb__sitting_row__descriptor);
    Pb__Problem *problem = call_message(call, &pb__problem__descriptor);
    if (record == NULL || problem == NULL) {
        return handler_no_memory(call);
    }
    problem->id = wire_text(next->problem_id);
    problem->ref = wire_text(problem_ref);
    problem->has_version = next->problem_version != 0;
    problem->version = next->problem_version;
    record->id = wire_text(next->id);
    record->has_no = record->has_version = 1;
    record->no = next->no;
    record->problem = problem;
    record->state = wire_text(next->state);
    record->reason = wire_text(next->reason);
    record->has_decided_at_ms = next->decided_ms != 0;
    record->decided_at_ms = next->decided_ms;
    record->version = next->version;
    if (next->sha256 != NULL) {
        record->record = secret_hex_encode(call->arena, next->sha256, APPROVAL_HASH_BYTES);
    }
    if (!call_change(call, "sitting_row", next->id, problem_ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    return set_transition(call, before == NULL ? NULL : before->state, next->state, command,
                          next->reason);
}

static bool
in_review(const char *state)
{
    return strcmp(state, STATE_JOINT_REVIEW) == 0 || strcmp(state, STATE_SUSTAINED) == 0;
}

enum status
problem_move_record(struct call *call, struct problem_move *move, const char *command,
                    const char *reason)
{
    enum status s = problem_record_change(call, move->before, &move->next, command, reason);
    move->row_changes = move->pending.count == 1 && !in_review(move->next.state);
    if (s != STATUS_OK || !move->row_changes) {
        return s;
    }
    const struct sitting_row_record *row = &move->pending.items[0];
    move->row = *row;
    move->row.state = ROW_VOID;
    move->row.reason = reason;
    move->row.version++;
    return sitting_row_record_change(call, row, &move->row, move->next.ref, command);
}

enum status
problem_move_write(struct call *call, struct db_queue *q, const struct problem_move *move)
{
    int tenant = call->who->tenant;
    enum status s =
        problem_queue_update(q, tenant, &move->next, move->before->version, call->event_id);
    if (s == STATUS_OK && move->row_changes) {
        s = sitting_row_queue_update(q, tenant, &move->row, move->pending.items[0].version,
                                     call->event_id);
    }
    return s;
}

enum status
problem_reply(struct call *call, const struct problem_record *p)
{
    Pb__Problem *reply = problem_message(p, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    /* A stored reply is short: GetProblem has the rest, and what is counted now. */
    reply->closing_report = NULL;
    reply->lessons = NULL;
    reply->group_opinion = NULL;
    reply->note = NULL;
    reply->sitting = NULL;
    reply->has_measures = reply->has_measures_done = 0;
    reply->has_measures_overdue = reply->has_measures_sustaining = 0;
    call->reply = &reply->base;
    return STATUS_OK;
}

enum status
check_ground(struct call *call, bool has_ground, int ground, const char *reason,
             const char **ret_text, bool *ret_given)
{
    static const char *const names[] = {"RELAPSE", "WRONG_CONFIRM", "TIP", "SPOT_CHECK"};
    bool known = has_ground && ground >= 1 && ground <= 4;
    enum status s = check_text(call, "reason", reason, REASON_BYTES, true);
    *ret_given = known;
    *ret_text =
        known ? arena_printf(call->arena, "%s %s", names[ground - 1], reason == NULL ? "" : reason)
              : reason;
    return s == STATUS_OK && known && *ret_text == NULL ? handler_no_memory(call) : s;
}
