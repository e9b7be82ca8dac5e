/* MatterService: what a final FALSE takes up again above the measure.
 *
 * The problem's row is locked first: what is below it cannot be closed meanwhile. */
#include "server/handler/matter.h"

#include "server/handler/common.h"
#include "server/handler/problem_write.h"
#include "server/service/problem.h"

#include <string.h>

enum { NAMED_MAX = 10 };

struct matter_above {
    struct problem_move move;
    bool moves;
};

enum status
matter_above_lock(struct call *call, struct db_queue *q)
{
    struct matter_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; i < c->samples.count; i++) {
        const struct matter_sample *s = &c->samples.items[i];
        if (!s->removed && s->verdict == VERDICT_FALSE &&
            !text_list_add(&ids, call->arena, s->measure_id)) {
            return handler_no_memory(call);
        }
    }
    return problem_queue_lock_of_measures(q, call->who->tenant, &ids, call->arena, &c->problems);
}

enum status
matter_above_queue(struct call *call, struct db_queue *q)
{
    struct matter_call *c = call->data;
    c->above = arena_array(call->arena, c->problems.count, sizeof *c->above);
    if (c->above == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->problems.count; i++) {
        struct problem_move *move = &c->above[i].move;
        move->before = &c->problems.items[i];
        s = sitting_queue_pending(q, call->who->tenant, move->before->id, &move->pending);
    }
    return s;
}

/* "P-07-M-03、P-07-M-04": those that open again below a problem; NULL: arena exhausted, "": none.
 */
static const char *
reopened_below(struct call *call, const struct matter_outcome *o, const char *problem_id)
{
    const char *names = "";
    size_t n = 0;
    for (size_t i = 0; names != NULL && i < o->reopened_count && n < NAMED_MAX; i++) {
        const struct measure_record *m = o->reopened[i].before;
        if (strcmp(m->problem_id, problem_id) == 0) {
            names = arena_printf(call->arena, "%s%s%s", names, n++ == 0 ? "" : "、", m->ref);
        }
    }
    return names;
}

/* Every measure that opens again has its problem here, under lock. */
static enum status
check_all_above(struct call *call, const struct matter_call *c)
{
    for (size_t i = 0; i < c->outcome.reopened_count; i++) {
        const struct measure_record *m = c->outcome.reopened[i].before;
        bool found = false;
        for (size_t k = 0; k < c->problems.count; k++) {
            found = found || strcmp(c->problems.items[k].id, m->problem_id) == 0;
        }
        if (!found) {
            return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "PROBLEM_UNKNOWN",
                             "措施 %s 所属的问题不归本单位管，请由领导小组办公室办理。", m->ref);
        }
    }
    return STATUS_OK;
}

enum status
matter_above_record(struct call *call)
{
    struct matter_call *c = call->data;
    enum status s = check_all_above(call, c);
    for (size_t i = 0; s == STATUS_OK && i < c->problems.count; i++) {
        struct matter_above *above = &c->above[i];
        const char *names = reopened_below(call, &c->outcome, above->move.before->id);
        if (names == NULL) {
            return handler_no_memory(call);
        }
        above->moves = names[0] != '\0' && problem_reopened(above->move.before, &above->move.next);
        if (!above->moves) {
            continue;
        }
        const char *reason =
            arena_printf(call->arena, "SPOT_CHECK 专项督查 %s 认定不属实，措施 %s 重新整改",
                         c->outcome.next.ref, names);
        s = reason == NULL ? handler_no_memory(call)
                           : problem_move_record(call, &above->move, COMMAND_REOPEN, reason);
    }
    return s;
}

enum status
matter_above_write(struct call *call, struct db_queue *q)
{
    struct matter_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; c->above != NULL && s == STATUS_OK && i < c->problems.count; i++) {
        if (c->above[i].moves) {
            s = problem_move_write(call, q, &c->above[i].move);
        }
    }
    return s;
}
