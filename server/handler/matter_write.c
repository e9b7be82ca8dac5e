#include "server/handler/matter_write.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "server/handler/common.h"
#include "server/handler/measure_write.h"
#include "server/handler/request_check.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { SALT_BYTES = 16 };

static const char *const reason_codes[] = {
    "OTHER",           "EVIDENCE_WEAK", "EFFECT_UNCLEAR", "WRONG_SCOPE",
    "NARRATIVE_THIN",  "NOT_NEEDED",    "DUPLICATE",      "POLICY_CHANGED",
    "FUNDS_OR_PEOPLE", "COORDINATION",  "OUTSIDE_CAUSE",  "UNANSWERED",
};

static enum status
check_code(struct call *call, const char *code)
{
    if (code == NULL || code[0] == '\0') {
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof reason_codes / sizeof reason_codes[0]; i++) {
        if (strcmp(reason_codes[i], code) == 0) {
            return STATUS_OK;
        }
    }
    return fault_set_field(
        &call->fault, "reason_code", "REASON_CODE",
        "请选择理由代码：POLICY_CHANGED（政策变化）、FUNDS_OR_PEOPLE（资金或人员）、"
        "COORDINATION（需多部门协调）、OUTSIDE_CAUSE（外部原因）、EVIDENCE_WEAK（材料不足）、"
        "EFFECT_UNCLEAR（成效不明显）、WRONG_SCOPE（不属本事项）、NARRATIVE_THIN（写得太空）、"
        "NOT_NEEDED（没有必要）、DUPLICATE（重复）、UNANSWERED（逾期未办）、OTHER（其他）。");
}

static enum status
check_texts(struct call *call, const Pb__MatterInput *in)
{
    const struct {
        const char *field;
        const char *text;
        size_t max;
    } texts[] = {
        {"title", in->title, MATTER_TITLE_BYTES},     {"text", in->text, LIMIT_TEXT_BYTES},
        {"answer", in->answer, LIMIT_TEXT_BYTES},     {"sender", in->sender, MATTER_SHORT_BYTES},
        {"contents", in->contents, LIMIT_TEXT_BYTES}, {"reason", in->reason, MATTER_SHORT_BYTES},
    };
    enum status s = check_code(call, in->reason_code);
    for (size_t i = 0; s == STATUS_OK && i < sizeof texts / sizeof texts[0]; i++) {
        s = check_text(call, texts[i].field, texts[i].text, texts[i].max, false);
    }
    for (size_t i = 0; s == STATUS_OK && i < in->n_tasks; i++) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "tasks[%zu].text", i);
        s = check_text(call, field, in->tasks[i]->text, MATTER_SHORT_BYTES, false);
    }
    for (size_t i = 0; s == STATUS_OK && i < in->n_verdicts; i++) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "verdicts[%zu].found", i);
        s = check_text(call, field, in->verdicts[i]->found, MATTER_FOUND_BYTES, false);
    }
    return s;
}

/* What the server adds. The salt is random, not an id: an id would tell of it. */
static enum status
add_own(struct call *call, struct matter_order *order)
{
    unsigned char salt[SALT_BYTES];
    randombytes_buf(salt, sizeof salt);
    order->salt = secret_hex_encode(call->arena, salt, sizeof salt);
    order->id = call_new_id(call);
    order->private_id = call_new_id(call);
    order->seed = (int64_t)randombytes_uniform(MATTER_SEED_MAX) + 1;
    return order->salt == NULL || order->id == NULL || order->private_id == NULL
               ? handler_no_memory(call)
               : STATUS_OK;
}

static enum status
take_dates(struct call *call, const Pb__MatterInput *in, struct matter_order *order)
{
    struct matter_dates *dates = arena_array(call->arena, in->n_verdicts, sizeof *dates);
    enum status s = dates == NULL ? handler_no_memory(call) : STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < in->n_verdicts; i++) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "verdicts[%zu].effect_due", i);
        s = check_day(call, field, in->verdicts[i]->effect_due, &dates[i].effect_due);
        if (s == STATUS_OK) {
            snprintf(field, sizeof field, "verdicts[%zu].complete_due", i);
            s = check_day(call, field, in->verdicts[i]->complete_due, &dates[i].complete_due);
        }
    }
    order->dates = dates;
    return s;
}

enum status
matter_take_order(struct call *call, const char *command, const Pb__MatterInput *in,
                  struct matter_order *order)
{
    if (in == NULL) {
        in = call_message(call, &pb__matter_input__descriptor);
    }
    if (in == NULL) {
        return handler_no_memory(call);
    }
    *order = (struct matter_order){.command = command, .input = in};
    enum status s = check_texts(call, in);
    if (s == STATUS_OK) {
        s = check_day(call, "due", in->due, &order->due);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "new_due", in->new_due, &order->new_due);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "scheduled_on", in->scheduled_on, &order->scheduled_day);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "effect_due", in->effect_due, &order->effect_due);
    }
    if (s == STATUS_OK) {
        s = take_dates(call, in, order);
    }
    return s == STATUS_OK ? add_own(call, order) : s;
}

enum status
matter_order_open(struct call *call, enum workflow_id kind, const char *command,
                  Pb__MatterInput *in, int32_t *last, struct matter_order *order)
{
    enum status s = matter_take_order(call, command, in, order);
    if (s == STATUS_OK) {
        order->ref = matter_ref(call->arena, matter_kind_of(kind), ++*last);
    }
    return s == STATUS_OK && order->ref == NULL ? handler_no_memory(call) : s;
}

enum status
matter_consult(struct call *call, struct matter_case *c, const struct measure_record *measure,
               const char *text, int32_t last, struct matter_outcome *made)
{
    Pb__MatterInput *in = call_message(call, &pb__matter_input__descriptor);
    struct matter_order order;
    if (in == NULL) {
        return handler_no_memory(call);
    }
    *c = (struct matter_case){
        .kind = WORKFLOW_CONSULTATION,
        .place.unit = {call->who->org_id, call->who->org_code},
        .orgs = c->orgs,
        .calendar = c->calendar,
        .concentrated_end = NO_DATE,
        .measure = measure,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    in->measure_ref = wire_text(measure->ref);
    in->text = wire_text(text);
    enum status s = matter_order_open(call, WORKFLOW_CONSULTATION, COMMAND_OPEN, in, &last, &order);
    if (s == STATUS_OK) {
        s = matter_step(c, &order, call->arena, made, &call->fault);
    }
    return s == STATUS_OK ? matter_record_change(call, c, made, COMMAND_OPEN) : s;
}

enum status
matter_record_change(struct call *call, const struct matter_case *c, const struct matter_outcome *o,
                     const char *command)
{
    const struct matter_record *next = &o->next;
    Pb__Matter *record = matter_outcome_message(o, call->today, call->arena);
    if (record == NULL ||
        !call_change(call, "matter", next->id, next->ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = c->matter == NULL ? NULL : arena_strdup(call->arena, c->matter->state);
    change->to_state = arena_strdup(call->arena, next->state);
    change->reason = arena_strdup(call->arena, o->event_reason);
    enum status s = STATUS_OK;
    if (o->measure_moves) {
        s = measure_record_change(call, c->measure, &o->measure.next, "extend", next->ref);
    }
    for (size_t i = 0; s == STATUS_OK && i < o->reopened_count; i++) {
        s = measure_record_change(call, o->reopened[i].before, &o->reopened[i].outcome.next,
                                  COMMAND_REOPEN, o->reopened[i].reason);
    }
    return s;
}

static enum status
write_parts(struct call *call, struct db_queue *q, const struct matter_outcome *o)
{
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < o->task_count; i++) {
        if (o->task_touched[i]) {
            s = matter_task_queue_write(q, tenant, &o->tasks[i], call->event_id);
        }
    }
    for (size_t i = 0; s == STATUS_OK && i < o->sample_count; i++) {
        if (o->sample_touched[i]) {
            s = matter_sample_queue_write(q, tenant, &o->samples[i], call->event_id);
        }
    }
    return s == STATUS_OK && o->has_private
               ? matter_private_queue_insert(q, tenant, &o->private_text, call->event_id)
               : s;
}

enum status
matter_write(struct call *call, struct db_queue *q, const struct matter_case *c,
             const struct matter_outcome *o)
{
    int tenant = call->who->tenant;
    enum status s = STATUS_OK;
    if (o->measure_moves) {
        s = measure_write(call, q, c->measure, &o->measure);
    }
    for (size_t i = 0; s == STATUS_OK && i < o->reopened_count; i++) {
        s = measure_write(call, q, o->reopened[i].before, &o->reopened[i].outcome);
    }
    if (s == STATUS_OK) {
        s = c->matter == NULL
                ? matter_queue_insert(q, tenant, &o->next, call->event_id)
                : matter_queue_update(q, tenant, &o->next, c->matter->version, call->event_id);
    }
    return s == STATUS_OK ? write_parts(call, q, o) : s;
}
