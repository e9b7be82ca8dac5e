#include "server/handler/measure_write.h"

#include "server/handler/common.h"

enum status
measure_record_change(struct call *call, const struct measure_record *before,
                      const struct measure_record *next, const char *command, const char *reason)
{
    Pb__Measure *record = measure_message(next, call->today, call->arena);
    if (record == NULL ||
        !call_change(call, "measure", next->id, next->ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = arena_strdup(call->arena, before->state);
    change->to_state = arena_strdup(call->arena, next->state);
    change->reason = arena_strdup(call->arena, reason);
    return change->command == NULL || change->from_state == NULL || change->to_state == NULL
               ? handler_no_memory(call)
               : STATUS_OK;
}

enum status
measure_write(struct call *call, struct db_queue *q, const struct measure_record *before,
              const struct measure_outcome *outcome)
{
    int tenant = call->who->tenant;
    enum status s =
        measure_queue_update(q, tenant, &outcome->next, before->version, call->event_id);
    for (int i = 0; s == STATUS_OK && i < MILESTONE_COUNT; i++) {
        if (outcome->milestone_changed[i]) {
            s = milestone_queue_update(q, tenant, &outcome->next, i, before->milestones[i].version,
                                       call->event_id);
        }
    }
    return s;
}

enum status
evidence_write_links(struct call *call, struct db_queue *q, const struct measure_record *m,
                     const struct evidence_attachment *attachment, const char *table_id)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < attachment->count; i++) {
        struct evidence_link_record link = {
            .measure_id = m->id,
            .evidence_id = attachment->ids[i],
            .round = m->round,
            .table_id = table_id,
        };
        s = evidence_queue_link(q, call->who->tenant, &link, call->now_ms, call->event_id);
    }
    return s;
}

enum status
measure_reply(struct call *call, const struct measure_record *m)
{
    Pb__Measure *reply = measure_message(m, call->today, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->text = NULL;
    reply->target = NULL;
    reply->narrative = NULL;
    call->reply = &reply->base;
    return STATUS_OK;
}
