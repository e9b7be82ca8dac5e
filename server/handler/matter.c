/* MatterService: opening a matter, acting on one; the table of methods. */
#include "server/handler/matter.h"

#include "proto/base/limits.h"
#include "server/handler/common.h"
#include "server/handler/matter_write.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/settings.h"

#include <string.h>

enum { REPLY_TEXT_BYTES = 1024 }; /* of a text echoed; GetMatter has it all */

struct matter_call *
matter_call_new(struct call *call, enum workflow_id kind)
{
    struct matter_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c != NULL) {
        c->mc = (struct matter_case){
            .kind = kind,
            .orgs = &c->orgs,
            .related = &c->related,
            .tasks = &c->tasks,
            .samples = &c->samples,
            .pool = &c->pool,
            .calendar = &c->calendar,
            .concentrated_end = NO_DATE,
            .actor = call_actor(call),
            .today = call->today,
            .now_ms = call->now_ms,
        };
    }
    return c;
}

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* ---- OpenMatter ---- */

static void
open_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__OpenMatterRequest *r = REQUEST(call, Pb__OpenMatterRequest);
    subject_add(set, "matter_counter", r->kind == NULL ? "" : r->kind);
    if (r->input != NULL && r->input->measure_ref != NULL) {
        subject_add(set, "measure", r->input->measure_ref);
    }
}

static enum status
queue_common(struct call *call, struct db_queue *q, struct matter_call *c)
{
    enum status s = org_queue_all(q, call->who->tenant, &c->orgs);
    return s == STATUS_OK ? calendar_queue_read(q, call->who->tenant, &c->calendar) : s;
}

static enum status
queue_measures(struct call *call, struct db_queue *q, char *const *refs, size_t count,
               struct measure_list *ret)
{
    struct text_list list = {0};
    for (size_t i = 0; i < count && i < MATTER_SAMPLE_MAX; i++) {
        if (!text_list_add(&list, call->arena, refs[i])) {
            return handler_no_memory(call);
        }
    }
    struct matter_call *c = call->data;
    return measure_queue_get(q, call->who->tenant, &list, given(c->order.input->inspection), true,
                             call->arena, ret);
}

/* Round 0: what the request names. */
static enum status
open_first(struct call *call, struct db_queue *q)
{
    const Pb__OpenMatterRequest *r = REQUEST(call, Pb__OpenMatterRequest);
    const struct matter_kind *kind = matter_kind_by_code(r->kind);
    if (kind == NULL) {
        return fault_set_field(&call->fault, "kind", "MATTER_KIND",
                               "没有“%s”这一类事项：请填 consultation、extension、notice、talk、"
                               "round、instruction 或 opinion。",
                               r->kind == NULL ? "" : r->kind);
    }
    struct matter_call *c = matter_call_new(call, kind->machine);
    if (c == NULL) {
        return handler_no_memory(call);
    }
    const char *command = given(r->command);
    enum status s = matter_take_order(call, command == NULL ? kind->commands[0].name : command,
                                      r->input, &c->order);
    const Pb__MatterInput *in = c->order.input;
    int tenant = call->who->tenant;
    if (s == STATUS_OK && given(in->measure_ref) != NULL) {
        s = queue_measures(call, q, (char *const *)&in->measure_ref, 1, &c->measures);
    }
    if (s == STATUS_OK && given(in->problem_ref) != NULL) {
        struct problem_filter filter = {.ref = in->problem_ref,
                                        .inspection = given(in->inspection),
                                        .item_no = -1,
                                        .as_of = call->today,
                                        .soon_days = DUE_SOON_DAYS};
        s = problem_queue_list(q, tenant, &filter, &c->problems);
    }
    if (s == STATUS_OK) {
        s = inspection_queue_all(q, tenant, &c->inspections);
    }
    if (s == STATUS_OK) {
        s = queue_common(call, q, c);
    }
    return s == STATUS_OK ? matter_counter_queue_take(q, tenant, r->kind, &c->last) : s;
}

static enum status
find_org(struct call *call, const char *field, const char *code, struct org_name *ret)
{
    struct matter_call *c = call->data;
    if (given(code) == NULL) {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(&c->orgs, code);
    if (org == NULL) {
        return fault_set_field(&call->fault, field, "UNIT_UNKNOWN",
                               "组织机构中没有“%s”，请核对单位代码。", code);
    }
    *ret = (struct org_name){org->id, org->code};
    return STATUS_OK;
}

/* The inspection by code; without one the only one there is, if there is just one. */
static enum status
find_inspection(struct call *call, const char *code)
{
    struct matter_call *c = call->data;
    const struct inspection_record *found = NULL;
    for (size_t i = 0; i < c->inspections.count; i++) {
        const struct inspection_record *one = &c->inspections.items[i];
        if (code == NULL ? c->inspections.count == 1 : strcmp(one->code, code) == 0) {
            found = one;
        }
    }
    if (found == NULL && code != NULL) {
        return refuse_unknown(call, "INSPECTION_UNKNOWN", "巡视", code);
    }
    if (found == NULL && c->mc.kind == WORKFLOW_ROUND) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "有不止一次巡视，请写明巡视的代码。");
    }
    if (found != NULL) {
        c->mc.place.inspection_id = found->id;
        c->mc.place.inspection = found->code;
    }
    return STATUS_OK;
}

static enum status
find_problem(struct call *call, const char *ref)
{
    struct matter_call *c = call->data;
    if (c->problems.count == 0) {
        return refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", ref);
    }
    if (c->problems.count > 1) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "不止一次巡视有问题“%s”，请写明巡视的代码。", ref);
    }
    const struct problem_record *p = &c->problems.items[0];
    c->mc.place.problem_id = p->id;
    c->mc.place.problem_ref = p->ref;
    enum status s = find_inspection(call, p->inspection);
    return s == STATUS_OK && c->mc.place.unit.id == NULL
               ? find_org(call, "problem_ref", p->lead.code, &c->mc.place.unit)
               : s;
}

/* A unit that asks is itself the unit; otherwise the one named, or the lead unit. */
static enum status
find_place(struct call *call)
{
    struct matter_call *c = call->data;
    const Pb__MatterInput *in = c->order.input;
    const char *measure = given(in->measure_ref);
    const char *problem = given(in->problem_ref);
    if (measure != NULL && problem != NULL) {
        return fault_set_field(&call->fault, "problem_ref", "MEASURE_OR_PROBLEM",
                               "措施和问题只写其中一个，请去掉一个。");
    }
    enum status s = find_org(call, "unit", in->unit, &c->mc.place.unit);
    if (s == STATUS_OK) {
        s = find_org(call, "holder", in->holder, &c->mc.place.holder);
    }
    if (s == STATUS_OK && measure != NULL) {
        s = pick_measure(call, &c->measures, measure, &c->mc.measure);
    }
    if (s == STATUS_OK && problem != NULL) {
        s = find_problem(call, problem);
    } else if (s == STATUS_OK && measure == NULL) {
        s = find_inspection(call, given(in->inspection));
    }
    if (s == STATUS_OK && c->mc.measure != NULL && c->mc.place.unit.id == NULL) {
        c->mc.place.unit = c->mc.measure->plead;
    }
    if (c->mc.kind == WORKFLOW_CONSULTATION || c->mc.kind == WORKFLOW_EXTENSION) {
        c->mc.place.unit = (struct org_name){call->who->org_id, call->who->org_code};
    }
    return s;
}

/* What a round may sample: the measures named, and those to draw from. */
static enum status
queue_pool(struct call *call, struct db_queue *q, const char *inspection)
{
    struct matter_call *c = call->data;
    const Pb__MatterInput *in = c->order.input;
    enum status s = STATUS_OK;
    if (in->n_measures > 0) {
        s = queue_measures(call, q, in->measures, in->n_measures, &c->pool);
    }
    if (s == STATUS_OK && in->has_per_unit) {
        struct measure_filter *all = arena_alloc(call->arena, sizeof *all);
        if (all == NULL) {
            return handler_no_memory(call);
        }
        *all = (struct measure_filter){
            .inspection = inspection,
            .item_no = -1,
            .light = -1,
            .as_of = call->today,
            .limit = LIMIT_IMPORT_MEASURES,
        };
        s = measure_queue_list(q, call->who->tenant, all, &c->pool);
    }
    return s;
}

static enum status
queue_related(struct call *call, struct db_queue *q, const char *measure_id, const char *org_id,
              const char *problem_id)
{
    struct matter_call *c = call->data;
    const char *code = workflow_machine(c->mc.kind)->code;
    struct text_list ids = {0};
    if (measure_id == NULL) {
        return matter_queue_of_unit(q, call->who->tenant, code, org_id, problem_id, &c->related);
    }
    return text_list_add(&ids, call->arena, measure_id)
               ? matter_queue_of_measures(q, call->who->tenant, code, &ids, call->arena,
                                          &c->related)
               : handler_no_memory(call);
}

static int
open_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        enum status first = open_first(call, q);
        return first == STATUS_OK ? CALL_MORE : (int)first;
    }
    struct matter_call *c = call->data;
    enum status s = find_place(call);
    const struct matter_place *place = &c->mc.place;
    const struct measure_record *m = c->mc.measure;
    if (s == STATUS_OK && c->mc.kind == WORKFLOW_ROUND) {
        s = queue_pool(call, q, place->inspection);
    } else if (s == STATUS_OK && (m != NULL || place->unit.id != NULL)) {
        s = queue_related(call, q, m == NULL ? NULL : m->id, place->unit.id, place->problem_id);
    }
    if (s == STATUS_OK && c->mc.kind == WORKFLOW_EXTENSION && m != NULL) {
        s = matter_queue_concentrated_end(q, call->who->tenant, m->inspection_id,
                                          &c->mc.concentrated_end);
    }
    return (int)s;
}

static enum status
reply_matter(struct call *call, const struct matter_outcome *o)
{
    Pb__Matter *reply = matter_message(&o->next, call->today, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    if (reply->text != NULL && strlen(reply->text) > REPLY_TEXT_BYTES) {
        reply->text = NULL; /* a stored reply is short */
    }
    if (reply->answer != NULL && strlen(reply->answer) > REPLY_TEXT_BYTES) {
        reply->answer = NULL;
    }
    reply->has_reopened = o->reopened_count > 0;
    reply->reopened = (int32_t)o->reopened_count;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
decide(struct call *call)
{
    struct matter_call *c = call->data;
    enum status s = matter_step(&c->mc, &c->order, call->arena, &c->outcome, &call->fault);
    if (s == STATUS_OK) {
        s = matter_record_change(call, &c->mc, &c->outcome, c->order.command);
    }
    if (s == STATUS_OK && c->above != NULL) {
        s = matter_above_record(call);
    }
    return s == STATUS_OK ? reply_matter(call, &c->outcome) : s;
}

static enum status
open_decide(struct call *call)
{
    struct matter_call *c = call->data;
    c->order.ref = matter_ref(call->arena, matter_kind_of(c->mc.kind), c->last + 1);
    return c->order.ref == NULL ? handler_no_memory(call) : decide(call);
}

static enum status
open_effects(struct call *call, struct db_queue *q)
{
    struct matter_call *c = call->data;
    enum status s = matter_write(call, q, &c->mc, &c->outcome);
    return s == STATUS_OK
               ? matter_counter_queue_set(q, call->who->tenant, workflow_machine(c->mc.kind)->code,
                                          c->last + 1)
               : s;
}

/* ---- ActOnMatter ---- */

static bool
finalizes(const char *command)
{
    return command != NULL && strcmp(command, "finalize") == 0;
}

static void
act_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__ActOnMatterRequest *r = REQUEST(call, Pb__ActOnMatterRequest);
    subject_add(set, "matter", r->ref == NULL ? "" : r->ref);
    if (finalizes(r->command)) {
        subject_alone(set); /* the sample is not in the request */
    }
}

enum status
matter_found(struct call *call, const char *ref)
{
    struct matter_call *c = call->data;
    if (c->found.count != 1) {
        return refuse_unknown(call, "MATTER_UNKNOWN", "事项", ref);
    }
    c->mc.matter = &c->found.items[0];
    c->mc.kind = workflow_machine_by_code(c->mc.matter->kind)->id;
    return STATUS_OK;
}

enum status
matter_queue_parts(struct call *call, struct db_queue *q, bool lock)
{
    struct matter_call *c = call->data;
    const struct matter_record *m = c->mc.matter;
    int tenant = call->who->tenant;
    enum status s = matter_task_queue_of(q, tenant, m->id, &c->tasks);
    if (s == STATUS_OK) {
        s = matter_sample_queue_of(q, tenant, m->id, &c->samples);
    }
    if (s == STATUS_OK && m->measure_id != NULL) {
        struct text_list id = {0};
        s = text_list_add(&id, call->arena, m->measure_id)
                ? measure_queue_get(q, tenant, &id, NULL, lock, call->arena, &c->measures)
                : handler_no_memory(call);
    }
    return s == STATUS_OK && (m->measure_id != NULL || m->org.id != NULL)
               ? queue_related(call, q, m->measure_id, m->org.id, m->problem_id)
               : s;
}

/* The measures of a round's sample, locked: a final verdict may open them again, and the problems
 * above are then locked before. */
static int
queue_sampled(struct call *call, struct db_queue *q, bool final)
{
    struct matter_call *c = call->data;
    struct text_list ids = {0};
    enum status s = final ? matter_above_lock(call, q) : STATUS_OK;
    for (size_t i = 0; i < c->samples.count; i++) {
        if (!text_list_add(&ids, call->arena, c->samples.items[i].measure_id)) {
            return (int)handler_no_memory(call);
        }
    }
    if (s == STATUS_OK) {
        s = measure_queue_get(q, call->who->tenant, &ids, NULL, true, call->arena, &c->pool);
    }
    if (s == STATUS_OK) {
        s = queue_pool(call, q, c->mc.matter->inspection);
    }
    return s == STATUS_OK && final ? CALL_MORE : (int)s;
}

static int
act_load(struct call *call, struct db_queue *q)
{
    const Pb__ActOnMatterRequest *r = REQUEST(call, Pb__ActOnMatterRequest);
    struct matter_call *c = call->data;
    if (call->round == 0) {
        c = matter_call_new(call, WORKFLOW_CONSULTATION);
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s = matter_take_order(call, r->command, r->input, &c->order);
        if (s == STATUS_OK) {
            s = matter_queue_get(q, call->who->tenant, r->ref == NULL ? "" : r->ref, true,
                                 &c->found);
        }
        if (s == STATUS_OK) {
            s = queue_common(call, q, c);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    if (call->round == 2) {
        return queue_sampled(call, q, finalizes(r->command));
    }
    if (call->round == 3) {
        return (int)matter_above_queue(call, q);
    }
    enum status s = matter_found(call, r->ref);
    if (s == STATUS_OK) {
        s = find_org(call, "unit", c->order.input->unit, &c->mc.place.unit);
    }
    if (s == STATUS_OK) {
        s = matter_queue_parts(call, q, true);
    }
    return s == STATUS_OK && c->mc.kind == WORKFLOW_ROUND ? CALL_MORE : (int)s;
}

static enum status
act_decide(struct call *call)
{
    struct matter_call *c = call->data;
    enum status s = check_expected(call, c->mc.matter->version);
    if (s != STATUS_OK) {
        return s;
    }
    c->mc.measure = c->measures.count == 1 ? &c->measures.items[0] : NULL;
    return decide(call);
}

static enum status
act_effects(struct call *call, struct db_queue *q)
{
    struct matter_call *c = call->data;
    enum status s = matter_above_write(call, q);
    return s == STATUS_OK ? matter_write(call, q, &c->mc, &c->outcome) : s;
}

/* ---- the table ---- */

enum {
    BY_ANY_BODY = ROLE_OFFICE | ROLE_LGROUP | ROLE_SGROUP | ROLE_LEADER | ROLE_UNIT | ROLE_PART |
                  ROLE_DISC | ROLE_ORGD,
};

#define QUERY(name, request_type, reply_type, may, verb)                                           \
    {                                                                                              \
        .method = "rectify.v1.MatterService/" name, .kind = METHOD_QUERY, .auth = AUTH_SESSION,    \
        .roles = (may), .request = &pb__##request_type##__descriptor,                              \
        .reply = &pb__##reply_type##__descriptor, .load = verb##_load, .decide = verb##_decide     \
    }

static const struct handler rows[] = {
    {.method = "rectify.v1.MatterService/OpenMatter",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_ANY_BODY,
     .flags = HANDLER_BEHALF,
     .request = &pb__open_matter_request__descriptor,
     .reply = &pb__matter__descriptor,
     .subjects = open_subjects,
     .load = open_load,
     .decide = open_decide,
     .effects = open_effects},
    {.method = "rectify.v1.MatterService/ActOnMatter",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = BY_ANY_BODY,
     .flags = HANDLER_BEHALF,
     .request = &pb__act_on_matter_request__descriptor,
     .reply = &pb__matter__descriptor,
     .subjects = act_subjects,
     .load = act_load,
     .decide = act_decide,
     .effects = act_effects},
    QUERY("ListMatters", list_matters_request, list_matters_reply, 0, list_matters),
    QUERY("GetMatter", get_matter_request, get_matter_reply, 0, get_matter),
    {.method = "rectify.v1.MatterService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .flags = HANDLER_BEHALF,
     .request = &pb__get_matter_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = allowed_matter_load,
     .decide = allowed_matter_decide},
    QUERY("GetRoundShare", get_round_share_request, get_round_share_reply, 0, share),
    {.method = "rectify.v1.MatterService/RecordClue",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_DISC,
     .request = &pb__record_clue_request__descriptor,
     .reply = &pb__clue__descriptor,
     .subjects = clue_subjects,
     .load = clue_load,
     .decide = clue_decide,
     .effects = clue_effects},
    QUERY("ListClues", list_clues_request, list_clues_reply, ROLE_DISC | ROLE_OFFICE, list_clues),
};

const struct handler_table matter_handler_table = {rows, sizeof rows / sizeof rows[0]};
