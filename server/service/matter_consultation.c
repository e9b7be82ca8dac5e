/* Consultations (会商): a unit asks, the office triages within three working days, what is decided
 * becomes tasks with an owner and a day. The measure's clock does not pause. */
#include "server/service/matter.h"

#include <stdio.h>
#include <string.h>

static const struct matter_command commands[] = {
    {"open", FIELD(F_MEASURE) | FIELD(F_TEXT), FIELD(F_INSPECTION) | FIELD(F_TITLE)},
    {"triage", 0, FIELD(F_ANSWER)},
    {"schedule", FIELD(F_SCHEDULED), FIELD(F_TITLE) | FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {"hold", 0, 0},
    {"decide", FIELD(F_TASKS), FIELD(F_ANSWER)},
    {"finish_task", FIELD(F_TASK_NO) | FIELD(F_ANSWER), 0},
    {"close", 0, 0},
    {"withdraw", 0, FIELD(F_REASON_CODE) | FIELD(F_REASON)},
    {NULL, 0, 0},
};

static void
facts(const struct matter_case *c, struct workflow_facts *f)
{
    for (size_t i = 0; c->tasks != NULL && i < c->tasks->count; i++) {
        f->tasks_total++;
        f->tasks_done += c->tasks->items[i].done_day != NO_DATE ? 1 : 0;
    }
}

static void
brings(const struct matter_case *c, const struct matter_order *order, struct workflow_facts *f)
{
    if (c->matter == NULL) {
        f->reason_given = matter_said(order->input->text); /* the difficulty is the reason */
    }
    if (strcmp(order->command, "decide") == 0) {
        f->tasks_total = (uint32_t)order->input->n_tasks;
    }
}

/* The open task of that number (of any, without a request) that the actor may finish: its owner,
 * and the office for anyone. */
static enum status
task_to_finish(const struct matter_case *c, const struct matter_order *order, size_t *ret_index,
               struct fault *fault)
{
    bool office = !c->actor.behalf && (c->actor.roles & ROLE_OFFICE) != 0;
    bool open = false;
    for (size_t i = 0; c->tasks != NULL && i < c->tasks->count; i++) {
        const struct matter_task *t = &c->tasks->items[i];
        if (order != NULL && t->no != order->input->task_no) {
            continue;
        }
        open = open || t->done_day == NO_DATE;
        if (t->done_day == NO_DATE && (office || matter_same(t->org.id, c->actor.org_id))) {
            *ret_index = i;
            return STATUS_OK;
        }
        if (order != NULL && t->done_day != NO_DATE) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "TASK_DONE",
                             "第 %d 项议定事项已经办结。", t->no);
        }
    }
    if (order == NULL && !open && c->tasks != NULL && c->tasks->count > 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "TASK_DONE", "议定事项都已经办结。");
    }
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "TASK_NOT_YOURS",
                     "没有由您的单位承办、还没办结的这一项议定事项，请核对序号。");
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    const struct measure_record *m = c->measure;
    size_t ignored = 0;
    if (c->matter == NULL && m != NULL && (!measure_live(m) || strcmp(m->state, STATE_DONE) == 0)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "MEASURE_CLOSED",
                         "措施 %s 现在是“%s”，没有正在办理的事项可以求助。", m->ref,
                         workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), m->state));
    }
    if (strcmp(command, "finish_task") == 0) {
        return task_to_finish(c, order, &ignored, fault);
    }
    return order == NULL ? STATUS_OK
                         : matter_not_past(c, "scheduled_on", order->scheduled_day, fault);
}

/* One task of the request. */
static enum status
take_task(const struct matter_case *c, const Pb__MatterTask *in, size_t i, struct matter_task *t,
          struct fault *fault)
{
    char field[FAULT_FIELD_SIZE];
    const struct org_record *org = org_list_find(c->orgs, in->unit == NULL ? "" : in->unit);
    snprintf(field, sizeof field, "tasks[%zu].unit", i);
    if (org == NULL) {
        return fault_set_field(fault, field, "UNIT_UNKNOWN",
                               "第 %zu 项议定事项的承办单位“%s”不在组织机构中，请核对。", i + 1,
                               in->unit == NULL ? "" : in->unit);
    }
    snprintf(field, sizeof field, "tasks[%zu].due", i);
    if (in->due == NULL || day_parse(in->due, &t->due) != STATUS_OK) {
        return fault_set_field(fault, field, "BAD_DATE",
                               "第 %zu 项议定事项要写明完成日期，形式如 2026-11-30。", i + 1);
    }
    enum status s = matter_not_past(c, field, t->due, fault);
    snprintf(field, sizeof field, "tasks[%zu].text", i);
    if (s == STATUS_OK && !matter_said(in->text)) {
        s = fault_set_field(fault, field, "TEXT_MISSING", "第 %zu 项议定事项没有写内容。", i + 1);
    }
    t->org = (struct org_name){org->id, org->code};
    t->text = in->text;
    t->done_day = NO_DATE;
    return s;
}

static enum status
apply_decide(const struct matter_case *c, const struct matter_order *order, struct arena *a,
             struct matter_outcome *o, struct fault *fault)
{
    const Pb__MatterInput *in = order->input;
    if (in->n_tasks > MATTER_TASKS_MAX) {
        return fault_set_field(fault, "tasks", "TOO_MANY_TASKS", "议定事项最多 %d 项，请合并。",
                               MATTER_TASKS_MAX);
    }
    struct text_list owners = {0};
    enum status s = matter_copy_tasks(c, in->n_tasks, a, o, fault);
    for (size_t i = 0; s == STATUS_OK && i < in->n_tasks; i++) {
        struct matter_task *t = &o->tasks[o->task_count];
        *t = (struct matter_task){.matter_id = o->next.id,
                                  .no = (int)o->task_count + 1,
                                  .measure_id = o->next.measure_id};
        s = take_task(c, in->tasks[i], i, t, fault);
        o->task_touched[o->task_count++] = true;
        if (s == STATUS_OK && (o->next.due == NO_DATE || t->due > o->next.due)) {
            o->next.due = t->due;
        }
        if (s == STATUS_OK && !text_list_add(&owners, a, t->org.id)) {
            s = matter_no_memory(fault);
        }
    }
    const char *literal = text_list_literal(&owners, a);
    for (size_t i = 0; s == STATUS_OK && i < o->task_count; i++) {
        o->tasks[i].owners = literal;
    }
    return s == STATUS_OK && literal == NULL ? matter_no_memory(fault) : s;
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    const char *command = order->command;
    const Pb__MatterInput *in = order->input;
    o->next.due = strcmp(command, "finish_task") == 0 ? o->next.due : NO_DATE;
    if (strcmp(command, "open") == 0) {
        o->next.issuer = o->next.org;
        o->next.holder = matter_body(c, "OFFICE");
        o->next.due = matter_working_days(c, ANSWER_WORKING_DAYS);
    } else if (strcmp(command, "schedule") == 0) {
        o->next.scheduled_day = o->next.due = order->scheduled_day;
        o->next.title = matter_said(in->title) ? in->title : o->next.title;
    } else if (strcmp(command, "hold") == 0) {
        o->next.due = matter_working_days(c, ANSWER_WORKING_DAYS);
    } else if (strcmp(command, "finish_task") == 0) {
        size_t i = 0;
        enum status s = task_to_finish(c, order, &i, fault);
        if (s != STATUS_OK) {
            return s;
        }
        o->tasks[i].done_day = c->today;
        o->tasks[i].answer = in->answer;
        o->task_touched[i] = true;
        return STATUS_OK;
    }
    if (matter_said(in->answer)) {
        o->next.answer = in->answer;
    }
    return strcmp(command, "decide") == 0 ? apply_decide(c, order, a, o, fault) : STATUS_OK;
}

const struct matter_kind matter_consultation = {
    .machine = WORKFLOW_CONSULTATION,
    .prefix = "HS",
    .commands = commands,
    .facts = facts,
    .brings = brings,
    .check = check,
    .apply = apply,
};
