/* JobService: obligations and abandoned uploads; alerts stand in job_alert.c. */
#include "server/handler/job.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/job.pb-c.h"
#include "rectify/v1/table.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/service/workflow.h"
#include "server/store/evidence.h"
#include "server/store/table_duty.h"

enum {
    DUTIES_PER_RUN = 1000,
    SWEEP_PER_RUN = 64,
};
static const int64_t UPLOAD_LIFE_MS = 86400000; /* a day */

enum status
job_reply(struct call *call, size_t changed, size_t cancelled, size_t delivered)
{
    Pb__JobReply *reply = call_message(call, &pb__job_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_changed = reply->has_cancelled = reply->has_delivered = 1;
    reply->changed = (int32_t)changed;
    reply->cancelled = (int32_t)cancelled;
    reply->delivered = (int32_t)delivered;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- OpenObligations ---- */

struct duty_call {
    struct duty_list absent;
    const char **ids;
    int32_t *dues;
};

static int
duty_load(struct call *call, struct db_queue *q)
{
    struct duty_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    int32_t as_of = NO_DATE;
    enum status s = check_as_of(call, "as_of", REQUEST(call, Pb__JobRequest)->as_of, &as_of);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct period month = period_of_day(PERIOD_MONTH, as_of);
    char *code = arena_strdup(call->arena, month.code);
    return code == NULL
               ? (int)handler_no_memory(call)
               : (int)duty_queue_absent(q, call->who->tenant, code, call->who->utc_offset_min,
                                        DUTIES_PER_RUN, &c->absent);
}

/* What the log keeps of a new obligation. */
static Pb__Table *
duty_message(struct call *call, const struct duty_record *d, const char *id, int32_t due)
{
    Pb__Table *out = call_message(call, &pb__table__descriptor);
    if (out != NULL) {
        out->id = wire_text(id);
        out->org = wire_text(d->org);
        out->period = wire_text(d->period);
        out->due = day_text(call, due);
        out->state = wire_text(STATE_OPEN);
        out->kind = wire_text(d->quarter ? "QUARTER" : "MONTH");
        out->has_version = 1;
    }
    return out;
}

static enum status
duty_decide(struct call *call)
{
    struct duty_call *c = call->data;
    c->ids = arena_array(call->arena, c->absent.count, sizeof *c->ids);
    c->dues = arena_array(call->arena, c->absent.count, sizeof *c->dues);
    if (c->ids == NULL || c->dues == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < c->absent.count; i++) {
        const struct duty_record *d = &c->absent.items[i];
        struct period period;
        if (period_parse(d->period, &period) != STATUS_OK) {
            return fault_set(&call->fault, STATUS_INTERNAL, "PERIOD_BAD", "报送期次 %s 无法识别。",
                             d->period);
        }
        c->ids[i] = call_new_id(call);
        /* A quarter's day is one of the month after it. */
        c->dues[i] = (d->quarter ? period.last + 1 : period.first) + d->report_day - 1;
        char *ref = arena_printf(call->arena, "%s %s", d->org, d->period);
        Pb__Table *record = duty_message(call, d, c->ids[i], c->dues[i]);
        if (c->ids[i] == NULL || ref == NULL || record == NULL ||
            !call_change(call, "table", c->ids[i], ref, 0, &record->base)) {
            return handler_no_memory(call);
        }
        Pb__Change *change = call_last_change(call);
        change->command = arena_strdup(call->arena, COMMAND_OPEN);
        change->to_state = arena_strdup(call->arena, STATE_OPEN);
    }
    call->no_event = c->absent.count == 0;
    return job_reply(call, c->absent.count, 0, 0);
}

static enum status
duty_effects(struct call *call, struct db_queue *q)
{
    struct duty_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->absent.count; i++) {
        s = duty_queue_open(q, call->who->tenant, c->ids[i], &c->absent.items[i], c->dues[i],
                            call->event_id);
    }
    return s;
}

/* ---- SweepUploads ---- */

static int
sweep_load(struct call *call, struct db_queue *q)
{
    struct text_list *blobs = arena_alloc(call->arena, sizeof *blobs);
    if (blobs == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = blobs;
    return (int)blob_queue_abandoned(q, call->who->tenant, call->now_ms - UPLOAD_LIFE_MS,
                                     SWEEP_PER_RUN, blobs);
}

static enum status
sweep_decide(struct call *call)
{
    const struct text_list *blobs = call->data;
    call->no_event = true; /* an unfinished upload was never a record */
    return job_reply(call, blobs->count, 0, 0);
}

static enum status
sweep_effects(struct call *call, struct db_queue *q)
{
    const struct text_list *blobs = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < blobs->count; i++) {
        s = upload_queue_drop(q, call->who->tenant, blobs->items[i]);
    }
    return s;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.JobService/OpenObligations",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = duty_load,
     .decide = duty_decide,
     .effects = duty_effects},
    {.method = "rectify.v1.JobService/LockTables",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = lock_tables_load,
     .decide = lock_tables_decide,
     .effects = lock_tables_effects},
    {.method = "rectify.v1.JobService/RaiseAlerts",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = raise_load,
     .decide = raise_decide,
     .effects = raise_effects},
    {.method = "rectify.v1.JobService/SweepUploads",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = sweep_load,
     .decide = sweep_decide,
     .effects = sweep_effects},
    {.method = "rectify.v1.JobService/ProposeMatters",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .subjects = propose_subjects,
     .load = propose_load,
     .decide = propose_decide,
     .effects = propose_effects},
    {.method = "rectify.v1.JobService/FoldTotals",
     .kind = METHOD_SLOW,
     .auth = AUTH_SYSTEM,
     .roles = ROLE_SYS,
     .request = &pb__job_request__descriptor,
     .reply = &pb__job_reply__descriptor,
     .load = fold_load,
     .decide = fold_decide,
     .effects = fold_effects},
};

const struct handler_table job_handler_table = {rows, sizeof rows / sizeof rows[0]};
