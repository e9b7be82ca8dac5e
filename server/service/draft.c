#include "server/service/draft.h"

#include "server/service/workflow.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

/* How many incomplete measures a refusal names; the person mends those first and tries again. */
enum { NAMED_MAX = 12 };

struct draft_item *
draft_item_by_no(const struct draft *d, int32_t no)
{
    for (size_t i = 0; i < d->item_count; i++) {
        if (d->items[i].no == no) {
            return &d->items[i];
        }
    }
    return NULL;
}

struct draft_problem *
draft_problem_by_ref(const struct draft *d, const char *ref)
{
    for (size_t i = 0; i < d->problem_count; i++) {
        if (strcmp(d->problems[i].ref, ref) == 0) {
            return &d->problems[i];
        }
    }
    return NULL;
}

static bool
ref_before(const char *a, const char *b)
{
    size_t la = strlen(a);
    size_t lb = strlen(b);
    return la != lb ? la < lb : strcmp(a, b) < 0;
}

bool
draft_insert_problem(struct draft *d, const struct draft_problem *p)
{
    if (arena_grow(d->arena, (void **)&d->problems, d->problem_count, &d->problem_capacity,
                   sizeof *p) == NULL) {
        return false;
    }
    size_t at = d->problem_count++;
    for (; at > 0 && ref_before(p->ref, d->problems[at - 1].ref); at--) {
        d->problems[at] = d->problems[at - 1];
    }
    d->problems[at] = *p;
    for (size_t i = 0; i < d->measure_count; i++) {
        d->measures[i].problem += d->measures[i].problem >= at ? 1 : 0;
    }
    return true;
}

struct draft_problem *
draft_problem_by_no(const struct draft *d, int32_t no)
{
    for (size_t i = 0; i < d->problem_count; i++) {
        if (d->problems[i].no == no) {
            return &d->problems[i];
        }
    }
    return NULL;
}

struct draft_measure *
draft_measure_by_ref(const struct draft *d, const char *ref)
{
    for (size_t i = 0; i < d->measure_count; i++) {
        if (strcmp(d->measures[i].ref, ref) == 0) {
            return &d->measures[i];
        }
    }
    return NULL;
}

static const char *
new_id(struct draft *d)
{
    char text[UUID_TEXT_SIZE];
    uuid7_next(d->ids, text);
    return arena_strdup(d->arena, text);
}

const char *
draft_problem_ref(struct draft *d, int32_t no)
{
    return arena_printf(d->arena, "P-%02d", no);
}

const char *
draft_measure_ref(struct draft *d, const char *problem_ref, int32_t no)
{
    return arena_printf(d->arena, "%s-M-%02d", problem_ref, no);
}

struct draft_item *
draft_add_item(struct draft *d, int32_t no)
{
    struct draft_item *item =
        arena_grow(d->arena, (void **)&d->items, d->item_count, &d->item_capacity, sizeof *item);
    if (item == NULL) {
        return NULL;
    }
    *item = (struct draft_item){
        .id = new_id(d), .no = no, .title = "", .mark = DRAFT_ADDED, .seen = true};
    if (item->id == NULL) {
        return NULL;
    }
    d->item_count++;
    return item;
}

struct draft_problem *
draft_add_problem(struct draft *d, size_t item, int32_t no, const char *ref)
{
    struct draft_problem *problem = arena_grow(d->arena, (void **)&d->problems, d->problem_count,
                                               &d->problem_capacity, sizeof *problem);
    if (problem == NULL) {
        return NULL;
    }
    *problem = (struct draft_problem){.id = new_id(d),
                                      .ref = ref,
                                      .no = no,
                                      .title = "",
                                      .state = STATE_REGISTERED,
                                      .origin = "FEEDBACK",
                                      .item = item,
                                      .mark = DRAFT_ADDED,
                                      .seen = true};
    if (problem->id == NULL || ref == NULL) {
        return NULL;
    }
    d->problem_count++;
    return problem;
}

struct draft_measure *
draft_add_measure(struct draft *d, size_t problem, int32_t no)
{
    struct draft_measure *measure = arena_grow(d->arena, (void **)&d->measures, d->measure_count,
                                               &d->measure_capacity, sizeof *measure);
    if (measure == NULL) {
        return NULL;
    }
    *measure = (struct draft_measure){.id = new_id(d),
                                      .ref = draft_measure_ref(d, d->problems[problem].ref, no),
                                      .no = no,
                                      .text = "",
                                      .state = STATE_DRAFT,
                                      .problem = problem,
                                      .effect_due = NO_DATE,
                                      .complete_due = NO_DATE,
                                      .mark = DRAFT_ADDED,
                                      .seen = true};
    if (measure->id == NULL || measure->ref == NULL) {
        return NULL;
    }
    d->measure_count++;
    return measure;
}

void
draft_set_text(const char **slot, const char *value, enum draft_mark *mark)
{
    const char *before = *slot == NULL ? "" : *slot;
    const char *after = value == NULL ? "" : value;
    if (strcmp(before, after) == 0) {
        return;
    }
    *slot = value;
    if (*mark == DRAFT_SAME) {
        *mark = DRAFT_CHANGED;
    }
}

static void
count_mark(struct draft_counts *counts, enum draft_mark mark)
{
    switch (mark) {
    case DRAFT_ADDED:
        counts->added++;
        break;
    case DRAFT_CHANGED:
        counts->updated++;
        break;
    case DRAFT_SAME:
        counts->unchanged++;
        break;
    }
}

struct draft_counts
draft_count_measures(const struct draft *d)
{
    struct draft_counts counts = {0};
    for (size_t i = 0; i < d->measure_count; i++) {
        count_mark(&counts, d->measures[i].mark);
    }
    return counts;
}

struct draft_counts
draft_count_all(const struct draft *d)
{
    struct draft_counts counts = draft_count_measures(d);
    for (size_t i = 0; i < d->problem_count; i++) {
        count_mark(&counts, d->problems[i].mark);
    }
    for (size_t i = 0; i < d->item_count; i++) {
        count_mark(&counts, d->items[i].mark);
    }
    return counts;
}

/* What a measure lacks, as words for people; "" when nothing. */
static void
name_lacks(const struct draft *d, const struct draft_measure *m, char *out, size_t size)
{
    const struct draft_problem *p = &d->problems[m->problem];
    bool order = m->class_ != CLASS_IMMEDIATE && m->effect_due != NO_DATE &&
                 m->complete_due != NO_DATE && m->complete_due < m->effect_due;
    snprintf(out, size, "%s%s%s%s%s%s%s%s", m->leader_org == NULL ? "、牵头区领导" : "",
             m->lead_org == NULL ? "、牵头单位" : "", p->lead_org == NULL ? "、问题牵头单位" : "",
             m->target == NULL || *m->target == '\0' ? "、整改目标" : "",
             m->class_ == CLASS_UNSET ? "、整改类型" : "",
             m->class_ != CLASS_IMMEDIATE && m->effect_due == NO_DATE ? "、明显成效时限" : "",
             m->complete_due == NO_DATE ? "、落实到位时限" : "",
             order ? "、两个时限的先后（到位不得早于成效）" : "");
}

static enum status
refuse_incomplete(const struct draft *d, struct fault *fault)
{
    char text[FAULT_MESSAGE_SIZE - 128];
    size_t used = 0;
    size_t bad = 0;
    size_t named = 0;
    text[0] = '\0';
    for (size_t i = 0; i < d->measure_count; i++) {
        char lacks[256];
        name_lacks(d, &d->measures[i], lacks, sizeof lacks);
        if (lacks[0] == '\0') {
            continue;
        }
        bad++;
        if (named < NAMED_MAX && used + strlen(lacks) + 32 < sizeof text) {
            named++;
            used +=
                (size_t)snprintf(text + used, sizeof text - used, "%s%s 缺%s", bad == 1 ? "" : "；",
                                 d->measures[i].ref, lacks + strlen("、"));
        }
    }
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "PLAN_INCOMPLETE",
                     "方案还有 %zu 条措施不完整，不能批准：%s%s。请补入方案表后重新导入。", bad,
                     text, bad > named ? "……" : "");
}

void
draft_count_problems(const struct draft *d, int32_t *ret_feedback, int32_t *ret_other)
{
    int32_t feedback = 0;
    for (size_t i = 0; i < d->problem_count; i++) {
        feedback += strcmp(d->problems[i].origin, "FEEDBACK") == 0;
    }
    *ret_feedback = feedback;
    *ret_other = (int32_t)d->problem_count - feedback;
}

enum status
draft_check_approvable(const struct draft *d, uint32_t roles, struct fault *fault)
{
    if (d->measure_count == 0) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "PLAN_EMPTY",
                         "方案里还没有措施：请先导入反馈问题和整改措施。");
    }
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_MEASURE);
    for (size_t i = 0; i < d->measure_count; i++) {
        const struct draft_measure *m = &d->measures[i];
        struct workflow_facts facts = {
            .plan_known = true,
            .class_ = (enum measure_class)m->class_,
            .has_leader = m->leader_org != NULL,
            .has_lead_unit = m->lead_org != NULL && d->problems[m->problem].lead_org != NULL,
            .has_target = m->target != NULL && *m->target != '\0',
            .effect_due = m->effect_due,
            .complete_due = m->complete_due,
        };
        const struct workflow_edge *edge = NULL;
        enum status s =
            workflow_step(machine, m->state, COMMAND_APPROVE_PLAN, roles, &facts, &edge, fault);
        if (s != STATUS_OK) {
            return s == STATUS_FAILED_PRECONDITION && strcmp(m->state, STATE_DRAFT) == 0
                       ? refuse_incomplete(d, fault)
                       : s;
        }
    }
    return STATUS_OK;
}

/* Length before text, so that no two plans share a hash by moving a boundary. */
static void
hash_text(crypto_hash_sha256_state *h, const char *text)
{
    const char *t = text == NULL ? "" : text;
    unsigned char length[4];
    size_t n = strlen(t);
    for (size_t i = 0; i < sizeof length; i++) {
        length[i] = (unsigned char)(n >> (24U - 8U * i));
    }
    crypto_hash_sha256_update(h, length, sizeof length);
    crypto_hash_sha256_update(h, (const unsigned char *)t, n);
}

static void
hash_number(crypto_hash_sha256_state *h, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)number);
    hash_text(h, text);
}

static void
hash_measure(crypto_hash_sha256_state *h, const struct draft *d, const struct draft_measure *m)
{
    hash_text(h, d->problems[m->problem].ref);
    hash_text(h, m->ref);
    hash_number(h, m->no);
    hash_text(h, m->text);
    hash_text(h, m->target);
    hash_number(h, m->class_);
    hash_text(h, m->leader_org);
    hash_text(h, m->lead_org);
    hash_number(h, m->effect_due);
    hash_number(h, m->complete_due);
    hash_number(h, (int64_t)m->participant_count);
    for (size_t k = 0; k < m->participant_count; k++) {
        hash_text(h, m->participants[k]);
    }
    int64_t standing = 0;
    for (size_t k = 0; k < m->node_count; k++) {
        standing += m->nodes[k].dropped ? 0 : 1;
    }
    hash_number(h, standing);
    for (size_t k = 0; k < m->node_count; k++) {
        if (!m->nodes[k].dropped) {
            hash_number(h, m->nodes[k].no);
            hash_text(h, m->nodes[k].title);
            hash_number(h, m->nodes[k].due);
        }
    }
}

void
draft_hash(const struct draft *d, unsigned char ret_sha256[32])
{
    crypto_hash_sha256_state h;
    crypto_hash_sha256_init(&h);
    hash_text(&h, "rectify.v1.plan.3");
    hash_number(&h, (int64_t)d->item_count);
    for (size_t i = 0; i < d->item_count; i++) {
        hash_number(&h, d->items[i].no);
        hash_text(&h, d->items[i].title);
    }
    hash_number(&h, (int64_t)d->problem_count);
    for (size_t i = 0; i < d->problem_count; i++) {
        const struct draft_problem *p = &d->problems[i];
        hash_text(&h, p->ref);
        hash_number(&h, p->no);
        hash_number(&h, d->items[p->item].no);
        hash_text(&h, p->title);
        hash_text(&h, p->lead_org);
        hash_text(&h, p->sgroup_org);
        hash_text(&h, p->origin);
        hash_number(&h, p->body_no);
        hash_text(&h, p->document);
    }
    hash_number(&h, (int64_t)d->measure_count);
    for (size_t i = 0; i < d->measure_count; i++) {
        hash_measure(&h, d, &d->measures[i]);
    }
    crypto_hash_sha256_final(&h, ret_sha256);
}
