/* OutcomeService: recording, correcting, withdrawing and judging outcomes; the table of methods. */
#include "server/handler/outcome.h"

#include "server/handler/all.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/evidence.h"
#include "server/service/outcome.h"
#include "server/store/matter.h"

#include <string.h>

#define COUNTER "outcome" /* its numbers have no gaps: matter_counter */

struct write_call {
    struct measure_list measures;
    struct outcome_list found;
    struct evidence_list files;
    struct text_list linked; /* files that show it already */
    struct text_list added;  /* that the request adds, once each */
    int32_t last;            /* number given */
    const struct measure_record *measure;
    const struct outcome_record *before; /* NULL: recorded now */
    struct outcome_record next;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static struct write_call *
write_data(struct call *call)
{
    call->data = arena_alloc(call->arena, sizeof(struct write_call));
    return call->data;
}

static enum status
queue_measure(struct call *call, struct db_queue *q, const char *ref, const char *inspection)
{
    struct write_call *c = call->data;
    const char *refs[] = {ref};
    struct text_list list = {refs, 1, 1};
    return measure_queue_get(q, call->who->tenant, &list, inspection, true, call->arena,
                             &c->measures);
}

/* The files a request names; what is no id at all is simply not found later. */
static enum status
queue_files(struct call *call, struct db_queue *q, const Pb__OutcomeInput *in)
{
    struct write_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; in != NULL && i < in->n_evidence && i < OUTCOME_FILES_MAX; i++) {
        if (uuid_text_valid(in->evidence[i]) &&
            !text_list_add(&ids, call->arena, in->evidence[i])) {
            return handler_no_memory(call);
        }
    }
    return evidence_queue_get(q, call->who->tenant, &ids, call->arena, &c->files);
}

/* ---- checks ---- */

static bool
listed(const struct text_list *list, const char *id)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i], id) == 0) {
            return true;
        }
    }
    return false;
}

/* Which files are new; each must be the acting unit's own. */
static enum status
attach(struct call *call, const Pb__OutcomeInput *in)
{
    struct write_call *c = call->data;
    struct evidence_link_list none = {0};
    struct evidence_shelf shelf = {&c->files, &none, call->who->org_id};
    struct evidence_attachment files = {.ids = in->evidence, .count = in->n_evidence};
    c->added = (struct text_list){0};
    if (in->n_evidence > OUTCOME_FILES_MAX) {
        return fault_set_field(&call->fault, "input.evidence", "TOO_MANY_FILES",
                               "一次最多附 %d 份证明材料，请分次提交。", OUTCOME_FILES_MAX);
    }
    enum status s = evidence_attach(c->measure, &shelf, "input.evidence", &files, &call->fault);
    for (size_t i = 0; s == STATUS_OK && i < in->n_evidence; i++) {
        const char *id = in->evidence[i];
        if (!listed(&c->linked, id) && !listed(&c->added, id) &&
            !text_list_add(&c->added, call->arena, id)) {
            s = handler_no_memory(call);
        }
    }
    return s;
}

static enum status
check_input(struct call *call, const Pb__OutcomeInput *in, int32_t *ret_day)
{
    enum status s = check_text(call, "input.title", in->title, OUTCOME_TITLE_BYTES, false);
    if (s == STATUS_OK) {
        s = check_text(call, "input.text", in->text, OUTCOME_TEXT_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = check_text(call, "input.word", in->word, OUTCOME_WORD_BYTES, false);
    }
    if (s == STATUS_OK) {
        s = check_day(call, "input.happened_on", in->happened_on, ret_day);
    }
    return s == STATUS_OK ? attach(call, in) : s;
}

/* ---- deciding ---- */

static enum status
record_change(struct call *call, const char *command, const char *reason)
{
    struct write_call *c = call->data;
    Pb__Outcome *record = outcome_message(&c->next, call->arena);
    if (record == NULL ||
        !call_change(call, "outcome", c->next.id, c->next.ref, c->next.version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = c->before == NULL ? NULL : arena_strdup(call->arena, c->before->state);
    change->to_state = arena_strdup(call->arena, c->next.state);
    change->reason = arena_strdup(call->arena, reason);
    call->reason = reason;
    record->text = NULL; /* the record keeps its own packed copy; a stored reply is short */
    call->reply = &record->base;
    return change->command == NULL || change->to_state == NULL ? handler_no_memory(call)
                                                               : STATUS_OK;
}

static enum status
step(struct call *call, struct outcome_order *order, const char *reason)
{
    struct write_call *c = call->data;
    struct outcome_case oc = {
        .outcome = c->before,
        .measure = c->measure,
        .actor = call_actor(call),
        .today = call->today,
        .now_ms = call->now_ms,
    };
    order->org = (struct org_name){call->who->org_id, call->who->org_code};
    order->files = (int32_t)c->added.count;
    enum status s = outcome_step(&oc, order, &c->next, &call->fault);
    return s == STATUS_OK ? record_change(call, order->command, reason) : s;
}

/* ---- RecordOutcome ---- */

static void
record_subjects(const struct call *call, struct subject_set *set)
{
    const char *ref = REQUEST(call, Pb__RecordOutcomeRequest)->measure_ref;
    subject_add(set, "matter_counter", COUNTER);
    subject_add(set, "measure", ref == NULL ? "" : ref);
}

static int
record_load(struct call *call, struct db_queue *q)
{
    const Pb__RecordOutcomeRequest *r = REQUEST(call, Pb__RecordOutcomeRequest);
    struct write_call *c = write_data(call);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    const char *ref = r->measure_ref == NULL ? "" : r->measure_ref;
    enum status s = queue_measure(call, q, ref, given(r->inspection));
    if (s == STATUS_OK) {
        s = queue_files(call, q, r->input);
    }
    return s == STATUS_OK ? (int)matter_counter_queue_take(q, call->who->tenant, COUNTER, &c->last)
                          : (int)s;
}

static enum status
record_decide(struct call *call)
{
    const Pb__RecordOutcomeRequest *r = REQUEST(call, Pb__RecordOutcomeRequest);
    struct write_call *c = call->data;
    const Pb__OutcomeInput *in =
        r->input != NULL ? r->input : call_message(call, &pb__outcome_input__descriptor);
    struct outcome_order order = {
        .command = COMMAND_REGISTER,
        .input = in,
        .id = call_new_id(call),
        .ref = outcome_ref(call->arena, c->last + 1),
    };
    if (in == NULL || order.id == NULL || order.ref == NULL) {
        return handler_no_memory(call);
    }
    enum status s = pick_measure(call, &c->measures, r->measure_ref, &c->measure);
    if (s == STATUS_OK) {
        s = check_input(call, in, &order.happened_day);
    }
    return s == STATUS_OK ? step(call, &order, NULL) : s;
}

static enum status
write_links(struct call *call, struct db_queue *q)
{
    struct write_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->added.count; i++) {
        s = outcome_queue_link(q, call->who->tenant, &c->next, c->added.items[i], call->now_ms,
                               call->event_id);
    }
    return s;
}

static enum status
record_effects(struct call *call, struct db_queue *q)
{
    struct write_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s = outcome_queue_insert(q, tenant, &c->next, call->event_id);
    if (s == STATUS_OK) {
        s = write_links(call, q);
    }
    return s == STATUS_OK ? matter_counter_queue_set(q, tenant, COUNTER, c->last + 1) : s;
}

/* ---- CorrectOutcome, WithdrawOutcome, DecideOutcome: requests begin with ref ---- */

static const char *
asked_ref(const struct call *call)
{
    const ProtobufCFieldDescriptor *f =
        protobuf_c_message_descriptor_get_field(call->request->descriptor, 1);
    const char *const *slot =
        (const char *const *)(const void *)((const char *)call->request + f->offset);
    return *slot == NULL ? "" : *slot;
}

static void
change_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "outcome", asked_ref(call));
}

/* Round 0 locks the outcome, round 1 reads its measure and what shows it. */
static int
change_load_with(struct call *call, struct db_queue *q, const Pb__OutcomeInput *in)
{
    if (call->round == 0) {
        struct write_call *c = write_data(call);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s = outcome_queue_get(q, call->who->tenant, asked_ref(call), true, &c->found);
        if (s == STATUS_OK) {
            s = queue_files(call, q, in);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct write_call *c = call->data;
    if (c->found.count == 0) {
        return (int)refuse_unknown(call, "OUTCOME_UNKNOWN", "成效", asked_ref(call));
    }
    c->before = &c->found.items[0];
    enum status s = queue_measure(call, q, c->before->measure_id, NULL);
    return s == STATUS_OK
               ? (int)outcome_queue_files(q, call->who->tenant, c->before->id, &c->linked)
               : (int)s;
}

static int
change_load(struct call *call, struct db_queue *q)
{
    return change_load_with(call, q, NULL);
}

static int
correct_load(struct call *call, struct db_queue *q)
{
    return change_load_with(call, q, REQUEST(call, Pb__CorrectOutcomeRequest)->input);
}

static enum status
change_begin(struct call *call)
{
    struct write_call *c = call->data;
    enum status s = check_expected(call, c->before->version);
    return s == STATUS_OK ? pick_measure(call, &c->measures, c->before->measure_id, &c->measure)
                          : s;
}

static enum status
check_own_reason(struct call *call, const char *reason, struct outcome_order *order)
{
    order->reason = given(reason);
    return check_text(call, "reason", order->reason, OUTCOME_REASON_BYTES, false);
}

static enum status
correct_decide(struct call *call)
{
    const Pb__CorrectOutcomeRequest *r = REQUEST(call, Pb__CorrectOutcomeRequest);
    const Pb__OutcomeInput *in =
        r->input != NULL ? r->input : call_message(call, &pb__outcome_input__descriptor);
    struct outcome_order order = {.command = COMMAND_CORRECT, .input = in};
    if (in == NULL) {
        return handler_no_memory(call);
    }
    enum status s = change_begin(call);
    if (s == STATUS_OK) {
        s = check_own_reason(call, r->reason, &order);
    }
    if (s == STATUS_OK) {
        s = check_input(call, in, &order.happened_day);
    }
    return s == STATUS_OK ? step(call, &order, order.reason) : s;
}

static enum status
withdraw_decide(struct call *call)
{
    const Pb__WithdrawOutcomeRequest *r = REQUEST(call, Pb__WithdrawOutcomeRequest);
    struct outcome_order order = {.command = COMMAND_WITHDRAW, .happened_day = NO_DATE};
    enum status s = change_begin(call);
    if (s == STATUS_OK) {
        s = check_own_reason(call, r->reason, &order);
    }
    return s == STATUS_OK ? step(call, &order, order.reason) : s;
}

static enum status
judge_decide(struct call *call)
{
    const Pb__DecideOutcomeRequest *r = REQUEST(call, Pb__DecideOutcomeRequest);
    bool accepted = r->has_verdict && r->verdict == PB__VERDICT__ACCEPTED;
    struct outcome_order order = {.command = accepted ? COMMAND_VERIFY : COMMAND_RETURN,
                                  .happened_day = NO_DATE};
    const char *reason = NULL;
    if (!accepted && (!r->has_verdict || r->verdict != PB__VERDICT__RETURNED)) {
        return fault_set_field(&call->fault, "verdict", "OUTCOME_VERDICT",
                               "请写明是核实（ACCEPTED）还是退回（RETURNED）。");
    }
    enum status s = change_begin(call);
    if (s == STATUS_OK) {
        s = check_reason(call, r->reason_code, r->reason, !accepted, &reason);
    }
    order.reason = accepted ? NULL : reason;
    return s == STATUS_OK ? step(call, &order, reason) : s;
}

static enum status
change_effects(struct call *call, struct db_queue *q)
{
    struct write_call *c = call->data;
    enum status s =
        outcome_queue_update(q, call->who->tenant, &c->next, c->before->version, call->event_id);
    return s == STATUS_OK ? write_links(call, q) : s;
}

/* ---- the table ---- */

enum {
    BY_UNIT = ROLE_UNIT | ROLE_OFFICE,
    BY_JUDGES = ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP,
};

#define COMMAND(name, type, may, flags_, verb, load_, stem)                                        \
    {                                                                                              \
        .method = "rectify.v1.OutcomeService/" name, .kind = METHOD_COMMAND, .auth = AUTH_SIGNED,  \
        .roles = (may), .flags = (flags_), .request = &pb__##type##_request__descriptor,           \
        .reply = &pb__outcome__descriptor, .subjects = stem##_subjects, .load = (load_),           \
        .decide = verb##_decide, .effects = stem##_effects                                         \
    }
#define QUERY(name, type, reply_type, load_, decide_)                                              \
    {                                                                                              \
        .method = "rectify.v1.OutcomeService/" name, .kind = METHOD_QUERY, .auth = AUTH_SESSION,   \
        .request = &pb__##type##_request__descriptor, .reply = &pb__##reply_type##__descriptor,    \
        .load = (load_), .decide = (decide_)                                                       \
    }
static const struct handler rows[] = {
    COMMAND("RecordOutcome", record_outcome, BY_UNIT, HANDLER_BEHALF, record, record_load, record),
    COMMAND("CorrectOutcome", correct_outcome, BY_UNIT, HANDLER_BEHALF, correct, correct_load,
            change),
    COMMAND("WithdrawOutcome", withdraw_outcome, BY_UNIT, HANDLER_BEHALF, withdraw, change_load,
            change),
    COMMAND("DecideOutcome", decide_outcome, BY_JUDGES, 0, judge, change_load, change),
    QUERY("GetOutcome", get_outcome, get_outcome_reply, outcome_get_load, outcome_get_decide),
    QUERY("ListOutcomes", list_outcomes, list_outcomes_reply, outcome_list_load,
          outcome_list_decide),
    QUERY("GetOutcomeTotals", get_outcome_totals, get_outcome_totals_reply, outcome_totals_load,
          outcome_totals_decide),
    QUERY("AllowedCommands", get_outcome, allowed_commands_reply, outcome_get_load,
          outcome_allowed_decide),
};

const struct handler_table outcome_handler_table = {rows, sizeof rows / sizeof rows[0]};
