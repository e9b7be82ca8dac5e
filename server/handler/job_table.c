/* JobService/LockTables: what was accepted is archived when its period has ended. */
#include "server/handler/job.h"

#include "rectify/v1/job.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/table.h"

enum { LOCKS_PER_RUN = 500 };

struct lock_call {
    int32_t as_of;
    struct table_list tables;
    struct table_outcome *outcomes;
};

int
lock_tables_load(struct call *call, struct db_queue *q)
{
    struct lock_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = check_as_of(call, "as_of", REQUEST(call, Pb__JobRequest)->as_of, &c->as_of);
    return s == STATUS_OK ? (int)table_queue_lockable(q, call->who->tenant, c->as_of, LOCKS_PER_RUN,
                                                      &c->tables)
                          : (int)s;
}

static enum status
lock_one(struct call *call, const struct table_record *t, struct table_outcome *o)
{
    static const struct table_row_list no_rows;
    static const struct measure_list no_measures;
    const struct lock_call *c = call->data;
    struct table_case tc = {
        .table = t,
        .rows = &no_rows,
        .measures = &no_measures,
        .actor = call_actor(call),
        .today = c->as_of,
        .now_ms = call->now_ms,
    };
    enum status s = table_act(&tc, COMMAND_LOCK, NULL, call->arena, o, &call->fault);
    if (s != STATUS_OK) {
        return s;
    }
    char *ref = arena_printf(call->arena, "%s %s", t->org, t->period);
    Pb__Table *record = table_message(&o->next, call->today, call->arena);
    if (ref == NULL || record == NULL ||
        !call_change(call, "table", t->id, ref, o->next.version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, COMMAND_LOCK);
    change->from_state = arena_strdup(call->arena, t->state);
    change->to_state = arena_strdup(call->arena, o->next.state);
    return STATUS_OK;
}

enum status
lock_tables_decide(struct call *call)
{
    struct lock_call *c = call->data;
    c->outcomes = arena_array(call->arena, c->tables.count, sizeof *c->outcomes);
    if (c->outcomes == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < c->tables.count; i++) {
        enum status s = lock_one(call, &c->tables.items[i], &c->outcomes[i]);
        if (s != STATUS_OK) {
            return s;
        }
    }
    call->no_event = c->tables.count == 0;
    return job_reply(call, c->tables.count, 0, 0);
}

enum status
lock_tables_effects(struct call *call, struct db_queue *q)
{
    struct lock_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->tables.count; i++) {
        s = table_queue_update(q, call->who->tenant, &c->outcomes[i].next,
                               c->tables.items[i].version, call->event_id);
    }
    return s;
}
