#include "server/service/matter.h"

#include <sodium.h>
#include <string.h>

static const struct matter_kind *const kinds[] = {
    &matter_consultation, &matter_extension,   &matter_notice,  &matter_talk,
    &matter_round,        &matter_instruction, &matter_opinion,
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

const struct matter_kind *
matter_kind_of(enum workflow_id machine)
{
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i]->machine == machine) {
            return kinds[i];
        }
    }
    return NULL;
}

const struct matter_kind *
matter_kind_by_code(const char *code)
{
    const struct workflow_machine *m = workflow_machine_by_code(code);
    return m == NULL ? NULL : matter_kind_of(m->id);
}

const char *
matter_ref(struct arena *a, const struct matter_kind *kind, int32_t number)
{
    return arena_printf(a, "%s-%04d", kind->prefix, number);
}

/* ---- small things ---- */

bool
matter_same(const char *id, const char *other)
{
    return id != NULL && other != NULL && strcmp(id, other) == 0;
}

bool
matter_said(const char *text)
{
    return text != NULL && text[strspn(text, " \t\r\n")] != '\0';
}

enum status
matter_no_memory(struct fault *fault)
{
    return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                     "这次办理的内容太大，超出单次请求的内存上限：请分批办理。");
}

struct org_name
matter_body(const struct matter_case *c, const char *org_kind)
{
    for (size_t i = 0; c->orgs != NULL && i < c->orgs->count; i++) {
        const struct org_record *org = &c->orgs->items[i];
        if (strcmp(org->kind, org_kind) == 0) {
            return (struct org_name){org->id, org->code};
        }
    }
    return (struct org_name){NULL, NULL};
}

struct org_name
matter_own_body(const struct matter_case *c)
{
    for (size_t i = 0; c->orgs != NULL && i < c->orgs->count; i++) {
        const struct org_record *org = &c->orgs->items[i];
        if (matter_same(org->id, c->actor.org_id)) {
            return (struct org_name){org->id, org->code};
        }
    }
    return (struct org_name){c->actor.org_id, NULL};
}

struct org_name
matter_body_of_level(const struct matter_case *c, int level)
{
    if (level == 2 && c->measure != NULL) {
        return c->measure->leader;
    }
    return matter_body(c, level == 1 ? "OFFICE" : level == 2 ? "LEADER" : "LGROUP");
}

enum status
matter_not_past(const struct matter_case *c, const char *field, int32_t day, struct fault *fault)
{
    if (day == NO_DATE || day >= c->today) {
        return STATUS_OK;
    }
    char text[DAY_TEXT_SIZE];
    return fault_set_field(fault, field, "DAY_IN_PAST",
                           "日期 %s 已经过去，请改为今天或以后的日期。", day_print(day, text));
}

int32_t
matter_working_days(const struct matter_case *c, int days)
{
    return calendar_add_working_days(c->calendar, c->today, days, NULL);
}

/* ---- who is who ---- */

enum {
    ANY_BODY = ROLE_UNIT | ROLE_PART | ROLE_OFFICE | ROLE_LGROUP | ROLE_SGROUP | ROLE_LEADER |
               ROLE_DISC | ROLE_ORGD
};

static bool
owes_task(const struct matter_case *c)
{
    for (size_t i = 0; c->tasks != NULL && i < c->tasks->count; i++) {
        const struct matter_task *t = &c->tasks->items[i];
        if (t->done_day == NO_DATE && matter_same(t->org.id, c->actor.org_id)) {
            return true;
        }
    }
    return false;
}

/* Without a measure a leader or a special group is known by what the matter says of it; before the
 * matter is there, anyone of them may begin. */
static uint32_t
roles_without_measure(const struct matter_case *c)
{
    if (c->actor.behalf) {
        return 0;
    }
    uint32_t roles = (uint32_t)c->actor.roles & ~(uint32_t)(ROLE_UNIT | ROLE_PART);
    bool named = c->matter == NULL || matter_same(c->matter->holder.id, c->actor.org_id) ||
                 matter_same(c->matter->issuer.id, c->actor.org_id);
    return named ? roles : roles & ~(uint32_t)(ROLE_LEADER | ROLE_SGROUP);
}

uint32_t
matter_roles(const struct matter_case *c)
{
    const struct matter_kind *kind = matter_kind_of(c->kind);
    uint32_t roles =
        c->measure == NULL ? roles_without_measure(c) : measure_roles(c->measure, &c->actor);
    bool seated = c->actor.behalf || (c->actor.roles & ANY_BODY) != 0;
    const char *unit = c->matter == NULL ? NULL : c->matter->org.id;
    if (kind->addressed) {
        roles &= ~(uint32_t)ROLE_UNIT;
        roles |= seated && matter_same(unit, c->actor.org_id) ? (uint32_t)ROLE_PLEAD : 0;
    }
    if (seated && owes_task(c)) {
        roles |= ROLE_PLEAD;
    }
    return roles;
}

/* ---- what a request may say ---- */

static const struct matter_command *
command_of(const struct matter_kind *kind, const char *name)
{
    for (const struct matter_command *row = kind->commands; name != NULL && row->name != NULL;
         row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}

static bool
field_given(const Pb__MatterInput *in, const ProtobufCFieldDescriptor *f)
{
    const char *place = (const char *)in + f->offset;
    if (f->label == PROTOBUF_C_LABEL_REPEATED) {
        return *(const size_t *)((const char *)in + f->quantifier_offset) > 0;
    }
    if (f->type == PROTOBUF_C_TYPE_STRING) {
        return matter_said(*(char *const *)place);
    }
    return *(const protobuf_c_boolean *)((const char *)in + f->quantifier_offset) != 0;
}

static enum status
check_fields(const struct matter_command *row, const struct matter_order *order, bool missing,
             struct fault *fault)
{
    const ProtobufCMessageDescriptor *d = &pb__matter_input__descriptor;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        bool given = field_given(order->input, f);
        if (given && !missing && ((row->needs | row->may) & FIELD(f->id)) == 0) {
            return fault_set_field(fault, f->name, "FIELD_UNUSED",
                                   "“%s”用不到 %s 这一项，请去掉后再办理。",
                                   workflow_command_zh(row->name), f->name);
        }
        if (!given && missing && (row->needs & FIELD(f->id)) != 0) {
            return fault_set_field(fault, f->name, "FIELD_MISSING", "办理“%s”必须填写 %s，请补上。",
                                   workflow_command_zh(row->name), f->name);
        }
    }
    return STATUS_OK;
}

/* ---- deciding ---- */

static bool
independent(const struct matter_case *c)
{
    const struct judge judge = {.org_id = c->actor.org_id, .orgs = c->actor.orgs};
    const char *const unit = c->matter == NULL ? c->place.unit.id : c->matter->org.id;
    return !role_recused(&judge, &unit, 1) &&
           (c->measure == NULL || measure_independent(c->measure, &c->actor));
}

static struct workflow_facts
facts_of(const struct matter_case *c)
{
    const struct matter_record *m = c->matter;
    struct workflow_facts facts = {
        .independent = independent(c),
        .office_recused = c->measure != NULL && c->measure->office_leads,
        .holding_body = m != NULL && matter_same(m->holder.id, c->actor.org_id),
        .due_known = m != NULL && m->due != NO_DATE,
        .due_passed = m != NULL && m->due != NO_DATE && m->due < c->today,
    };
    const struct matter_kind *kind = matter_kind_of(c->kind);
    if (kind->facts != NULL) {
        kind->facts(c, &facts);
    }
    return facts;
}

static const char *
state_of(const struct matter_case *c)
{
    return c->matter == NULL ? STATE_NONE : c->matter->state;
}

static struct matter_record
fresh(const struct matter_case *c, const struct matter_order *order)
{
    const struct measure_record *m = c->measure;
    return (struct matter_record){
        .id = order->id,
        .kind = workflow_machine(c->kind)->code,
        .ref = order->ref,
        .inspection_id = m == NULL ? c->place.inspection_id : m->inspection_id,
        .inspection = m == NULL ? c->place.inspection : m->inspection,
        .problem_id = m == NULL ? c->place.problem_id : m->problem_id,
        .problem_ref = m == NULL ? c->place.problem_ref : m->problem_ref,
        .measure_id = m == NULL ? NULL : m->id,
        .measure_ref = m == NULL ? NULL : m->ref,
        .org = c->place.unit,
        .title = order->input->title,
        .text = order->input->text,
        .due = NO_DATE,
        .new_due = NO_DATE,
        .old_due = NO_DATE,
        .scheduled_day = NO_DATE,
        .opened_ms = c->now_ms,
        .opened_by = c->actor.account_id,
    };
}

/* The record as every kind has it after a command; the kind's own part follows. */
static enum status
apply_common(const struct matter_case *c, const struct matter_order *order, struct arena *a,
             struct matter_outcome *o, struct fault *fault)
{
    const Pb__MatterInput *in = order->input;
    o->next = c->matter == NULL ? fresh(c, order) : *c->matter;
    if (strcmp(o->edge->to, state_of(c)) != 0) {
        o->next.state_ms = c->now_ms;
    }
    o->next.state = o->edge->to;
    o->next.version++;
    if (matter_said(in->reason_code) && matter_said(in->reason)) {
        o->next.reason_code = in->reason_code;
        o->next.reason = in->reason;
        o->event_reason = arena_printf(a, "%s %s", in->reason_code, in->reason);
        if (o->event_reason == NULL) {
            return matter_no_memory(fault);
        }
    }
    enum status s = matter_copy_tasks(c, 0, a, o, fault);
    return s == STATUS_OK ? matter_copy_samples(c, 0, a, o, fault) : s;
}

/* The refusal, with the number of the matter it speaks of. */
static enum status
name_matter(struct fault *fault, const struct matter_case *c, enum status status)
{
    if (c->matter != NULL && fault != NULL) {
        struct fault plain = *fault;
        fault_set(fault, plain.code, plain.reason, "%s %s：%s", workflow_machine(c->kind)->zh,
                  c->matter->ref, plain.message);
        memcpy(fault->field, plain.field, sizeof fault->field);
    }
    return status;
}

static enum status
check_rest(const struct matter_case *c, const struct matter_kind *kind,
           const struct matter_command *row, const struct matter_order *order, struct fault *fault)
{
    enum status s = check_fields(row, order, true, fault);
    return s == STATUS_OK && kind->check != NULL ? kind->check(c, row->name, order, fault) : s;
}

static enum status
step(const struct matter_case *c, const struct matter_order *order, struct arena *a,
     struct matter_outcome *o, struct fault *fault)
{
    const struct matter_kind *kind = matter_kind_of(c->kind);
    const struct matter_command *row = command_of(kind, order->command);
    if (row == NULL) {
        return fault_set_field(fault, "command", "COMMAND_UNKNOWN",
                               "%s没有“%s”这个办理步骤，请用 AllowedCommands 查看可以办理的事项。",
                               workflow_machine(c->kind)->zh,
                               order->command == NULL ? "" : order->command);
    }
    /* What is to be opened is judged by what it says; of what is there, its state speaks first. */
    bool opening = c->matter == NULL;
    enum status s = check_fields(row, order, false, fault);
    if (s == STATUS_OK && opening) {
        s = check_rest(c, kind, row, order, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct workflow_facts facts = facts_of(c);
    const Pb__MatterInput *in = order->input;
    facts.reason_given = matter_said(in->reason_code) && matter_said(in->reason);
    facts.answer_given = matter_said(in->answer);
    if (kind->brings != NULL) {
        kind->brings(c, order, &facts);
    }
    s = workflow_step(workflow_machine(c->kind), state_of(c), order->command, matter_roles(c),
                      &facts, &o->edge, fault);
    if (s == STATUS_OK && !opening) {
        s = check_rest(c, kind, row, order, fault);
    }
    if (s == STATUS_OK) {
        s = apply_common(c, order, a, o, fault);
    }
    return s == STATUS_OK && kind->apply != NULL ? kind->apply(c, order, a, o, fault) : s;
}

enum status
matter_step(const struct matter_case *c, const struct matter_order *order, struct arena *a,
            struct matter_outcome *ret, struct fault *fault)
{
    struct matter_outcome o = {0};
    enum status s = step(c, order, a, &o, fault);
    if (s != STATUS_OK) {
        return name_matter(fault, c, s);
    }
    *ret = o;
    return STATUS_OK;
}

size_t
matter_options(const struct matter_case *c, struct arena *a, struct workflow_option *ret_options)
{
    const struct matter_kind *kind = matter_kind_of(c->kind);
    struct workflow_facts facts = facts_of(c);
    size_t n = workflow_allowed(workflow_machine(c->kind), state_of(c), matter_roles(c), &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; kind->check != NULL && i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        struct fault fault = {0};
        if (!o->allowed || kind->check(c, o->command, NULL, &fault) == STATUS_OK) {
            continue;
        }
        const char *reason = arena_strdup(a, fault.reason);
        const char *zh = arena_strdup(a, fault.message);
        o->allowed = false;
        o->to = NULL;
        o->reason = reason == NULL ? "REQUEST_TOO_LARGE" : reason;
        o->reason_zh = zh == NULL ? "内存不足，请重试。" : zh;
    }
    return n;
}

bool
matter_final_states(struct text_list *list, struct arena *a)
{
    for (size_t i = 0; i < KINDS; i++) {
        const struct workflow_machine *m = workflow_machine(kinds[i]->machine);
        for (size_t k = 0; k < m->state_count; k++) {
            const char *text = arena_printf(a, "%s:%s", m->code, m->states[k].code);
            if (m->states[k].final && (text == NULL || !text_list_add(list, a, text))) {
                return false;
            }
        }
    }
    return true;
}

/* ---- what belongs to a matter ---- */

enum status
matter_copy_tasks(const struct matter_case *c, size_t more, struct arena *a,
                  struct matter_outcome *o, struct fault *fault)
{
    size_t n = c->tasks == NULL ? 0 : c->tasks->count;
    o->tasks = arena_array(a, n + more, sizeof *o->tasks);
    o->task_touched = arena_array(a, n + more, sizeof *o->task_touched);
    if (o->tasks == NULL || o->task_touched == NULL) {
        return matter_no_memory(fault);
    }
    for (size_t i = 0; i < n; i++) {
        o->tasks[i] = c->tasks->items[i];
    }
    o->task_count = n;
    return STATUS_OK;
}

enum status
matter_copy_samples(const struct matter_case *c, size_t more, struct arena *a,
                    struct matter_outcome *o, struct fault *fault)
{
    size_t n = c->samples == NULL ? 0 : c->samples->count;
    o->samples = arena_array(a, n + more, sizeof *o->samples);
    o->sample_touched = arena_array(a, n + more, sizeof *o->sample_touched);
    if (o->samples == NULL || o->sample_touched == NULL) {
        return matter_no_memory(fault);
    }
    for (size_t i = 0; i < n; i++) {
        o->samples[i] = c->samples->items[i];
    }
    o->sample_count = n;
    return STATUS_OK;
}

enum status
matter_keep_private(const struct matter_order *order, const char *part, const char *text,
                    struct arena *a, struct matter_outcome *o, struct fault *fault)
{
    crypto_hash_sha256_state h;
    unsigned char sha256[crypto_hash_sha256_BYTES];
    char *hex = arena_alloc(a, 2 * sizeof sha256 + 1);
    if (hex == NULL) {
        return matter_no_memory(fault);
    }
    crypto_hash_sha256_init(&h);
    crypto_hash_sha256_update(&h, (const unsigned char *)order->salt, strlen(order->salt));
    crypto_hash_sha256_update(&h, (const unsigned char *)"\n", 1);
    crypto_hash_sha256_update(&h, (const unsigned char *)text, strlen(text));
    crypto_hash_sha256_final(&h, sha256);
    sodium_bin2hex(hex, 2 * sizeof sha256 + 1, sha256, sizeof sha256);
    o->next.private_sha256 = hex;
    o->has_private = true;
    o->private_text = (struct matter_private){
        .id = order->private_id,
        .matter_id = o->next.id,
        .part = part,
        .text = text,
        .salt = order->salt,
        .recorded_ms = o->next.state_ms,
    };
    return STATUS_OK;
}
