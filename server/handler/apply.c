#include "server/handler/apply.h"

#include "server/base/ladder.h"

#include <string.h>

/* ---- a notice ---- */

/* Numbers serve as references only while each stands for one thing. */
static bool
item_numbers_unique(const struct outline *o)
{
    for (size_t i = 0; i < o->item_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (o->items[i].no == o->items[k].no) {
                return false;
            }
        }
    }
    return true;
}

static bool
problem_numbers_unique(struct arena *a, const struct outline *o)
{
    uint32_t top = 0;
    for (size_t i = 0; i < o->item_count; i++) {
        for (size_t k = 0; k < o->items[i].problem_count; k++) {
            uint32_t no = o->items[i].problems[k].no;
            if (no == 0 || no > 9999) {
                return false;
            }
            top = no > top ? no : top;
        }
    }
    bool *seen = arena_array(a, (size_t)top + 1, sizeof *seen);
    for (size_t i = 0; seen != NULL && i < o->item_count; i++) {
        for (size_t k = 0; k < o->items[i].problem_count; k++) {
            uint32_t no = o->items[i].problems[k].no;
            if (seen[no]) {
                return false;
            }
            seen[no] = true;
        }
    }
    return seen != NULL;
}

static enum status
apply_measures(struct draft *d, size_t problem, const struct outline_problem *in)
{
    for (size_t i = 0; i < in->measure_count; i++) {
        int32_t no = (int32_t)i + 1;
        const char *ref = draft_measure_ref(d, d->problems[problem].ref, no);
        if (ref == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        struct draft_measure *m = draft_measure_by_ref(d, ref);
        if (m == NULL) {
            m = draft_add_measure(d, problem, no);
        }
        if (m == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        m->seen = true;
        draft_set_text(&m->text, in->measures[i].text, &m->mark);
    }
    return STATUS_OK;
}

static enum status
apply_problem(struct draft *d, size_t item, int32_t ref_no, const struct outline_problem *in)
{
    const char *ref = draft_problem_ref(d, ref_no);
    if (ref == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    struct draft_problem *p = draft_problem_by_ref(d, ref);
    if (p == NULL) {
        p = draft_add_problem(d, item, in->no == 0 ? ref_no : (int32_t)in->no, ref);
    }
    if (p == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    p->seen = true;
    if (p->item != item) {
        p->item = item;
        p->mark = p->mark == DRAFT_SAME ? DRAFT_CHANGED : p->mark;
    }
    draft_set_text(&p->title, in->title, &p->mark);
    return apply_measures(d, (size_t)(p - d->problems), in);
}

enum status
apply_outline(struct draft *d, const struct outline *outline)
{
    bool item_numbers = item_numbers_unique(outline);
    bool problem_numbers = problem_numbers_unique(d->arena, outline);
    int32_t running = 0;
    for (size_t i = 0; i < outline->item_count; i++) {
        const struct outline_item *in = &outline->items[i];
        int32_t no = item_numbers ? (int32_t)in->no : (int32_t)i + 1;
        struct draft_item *item = draft_item_by_no(d, no);
        if (item == NULL) {
            item = draft_add_item(d, no);
        }
        if (item == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        item->seen = true;
        draft_set_text(&item->title, in->title, &item->mark);
        size_t index = (size_t)(item - d->items);
        for (size_t k = 0; k < in->problem_count; k++) {
            running++;
            int32_t ref_no = problem_numbers ? (int32_t)in->problems[k].no : running;
            enum status s = apply_problem(d, index, ref_no, &in->problems[k]);
            if (s != STATUS_OK) {
                return s;
            }
        }
    }
    return STATUS_OK;
}

/* ---- a plan table ---- */

static void
touch(enum draft_mark *mark)
{
    if (*mark == DRAFT_SAME) {
        *mark = DRAFT_CHANGED;
    }
}

static enum status
add_fault(struct draft *d, struct apply_faults *faults, uint32_t row, const char *column,
          const char *message)
{
    struct apply_fault *f =
        arena_grow(d->arena, (void **)&faults->items, faults->count, &faults->capacity, sizeof *f);
    if (f == NULL || message == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *f = (struct apply_fault){row, column, message};
    faults->count++;
    return STATUS_OK;
}

/* What one row is applied with. */
struct row_context {
    struct draft *d;
    const struct plan_row *row;
    const struct org_list *orgs;
    struct apply_faults *faults;
};

/* A name that several units bear names none of them. */
static bool
name_ambiguous(const struct org_list *orgs, const char *name)
{
    size_t bearers = 0;
    for (size_t i = 0; i < orgs->count; i++) {
        if (strcmp(orgs->items[i].code, name) == 0) {
            return false;
        }
        bearers += strcmp(orgs->items[i].name, name) == 0;
    }
    return bearers > 1;
}

/* The org a cell names; *ret_id is NULL for an empty cell or an unknown name (a fault then). */
static enum status
find_org(struct row_context *c, const char *name, const char *column, const char **ret_id)
{
    *ret_id = NULL;
    if (name == NULL || *name == '\0') {
        return STATUS_OK;
    }
    const struct org_record *org = org_list_find(c->orgs, name);
    if (org == NULL) {
        return add_fault(c->d, c->faults, c->row->row, column,
                         arena_printf(c->d->arena,
                                      "第 %u 行“%s”：组织机构中没有“%s”，请核对名称，"
                                      "或先由管理员导入该单位。",
                                      c->row->row, column, name));
    }
    if (name_ambiguous(c->orgs, name)) {
        return add_fault(c->d, c->faults, c->row->row, column,
                         arena_printf(c->d->arena,
                                      "第 %u 行“%s”：有几个单位都叫“%s”，请改写单位代码。",
                                      c->row->row, column, name));
    }
    *ret_id = org->id;
    return STATUS_OK;
}

/* An org column: an empty cell leaves what stands. */
static enum status
apply_org(struct row_context *c, const char *name, const char *column, const char **slot,
          enum draft_mark *mark)
{
    const char *id = NULL;
    enum status s = find_org(c, name, column, &id);
    if (s == STATUS_OK && id != NULL) {
        draft_set_text(slot, id, mark);
    }
    return s;
}

static enum status
apply_participants(struct row_context *c, struct draft_measure *m)
{
    const struct plan_row *row = c->row;
    if (row->participant_count == 0) {
        return STATUS_OK;
    }
    const char **ids = arena_array(c->d->arena, row->participant_count, sizeof *ids);
    if (ids == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t count = 0;
    bool same = true;
    for (size_t i = 0; i < row->participant_count; i++) {
        const char *id = NULL;
        enum status s = find_org(c, row->participants[i], "参与单位", &id);
        if (s != STATUS_OK) {
            return s;
        }
        bool twice = id == NULL;
        for (size_t k = 0; k < count && !twice; k++) {
            twice = strcmp(ids[k], id) == 0;
        }
        if (!twice) {
            ids[count++] = id;
        }
    }
    for (size_t i = 0; i < count && same; i++) {
        bool found = false;
        for (size_t k = 0; k < m->participant_count && !found; k++) {
            found = strcmp(ids[i], m->participants[k]) == 0;
        }
        same = found;
    }
    if (!same || count != m->participant_count) {
        m->participants = ids;
        m->participant_count = count;
        m->participant_capacity = count;
        m->participants_changed = true;
        touch(&m->mark);
    }
    return STATUS_OK;
}

/* An immediate measure (立行立改) has one deadline: COMPLETE. */
static void
apply_dates(struct draft_measure *m, const struct plan_row *row)
{
    if (row->class_of != PLAN_CLASS_NONE && m->class_ != (int32_t)row->class_of) {
        m->class_ = (int32_t)row->class_of;
        touch(&m->mark);
    }
    int32_t effect = row->effect_day;
    int32_t complete = row->complete_day;
    if (m->class_ == CLASS_IMMEDIATE) {
        complete = complete == NO_DATE ? effect : complete;
        effect = NO_DATE;
    }
    bool clear_effect = m->class_ == CLASS_IMMEDIATE && m->effect_due != NO_DATE;
    if ((effect != NO_DATE && effect != m->effect_due) || clear_effect) {
        m->effect_due = effect;
        m->effect_changed = true;
        touch(&m->mark);
    }
    if (complete != NO_DATE && complete != m->complete_due) {
        m->complete_due = complete;
        m->complete_changed = true;
        touch(&m->mark);
    }
}

static bool
nodes_stand(const struct draft_measure *m, const struct plan_row *row)
{
    size_t at = 0;
    for (size_t i = 0; i < m->node_count; i++) {
        const struct draft_node *n = &m->nodes[i];
        if (n->dropped) {
            continue;
        }
        if (at >= row->node_count || strcmp(n->title, row->nodes[at].text) != 0 ||
            n->due != row->nodes[at].day) {
            return false;
        }
        at++;
    }
    return at == row->node_count;
}

/* 目标节点: an empty cell leaves what stands; another list takes its place, number by number. */
static enum status
apply_nodes(struct row_context *c, struct draft_measure *m)
{
    const struct plan_row *row = c->row;
    if (row->node_count == 0 || nodes_stand(m, row)) {
        return STATUS_OK;
    }
    bool long_text = false;
    for (size_t i = 0; i < row->node_count; i++) {
        long_text = long_text || strlen(row->nodes[i].text) > DRAFT_NODE_BYTES;
    }
    if (row->node_count > DRAFT_NODES_MAX || long_text) {
        return add_fault(c->d, c->faults, row->row, "目标节点",
                         arena_printf(c->d->arena,
                                      "第 %u 行“目标节点”：一条措施至多 %d 个节点，每个至多 %d "
                                      "字节，请精简。",
                                      row->row, DRAFT_NODES_MAX, DRAFT_NODE_BYTES));
    }
    struct draft_node *nodes =
        arena_array(c->d->arena, row->node_count + m->node_count, sizeof *nodes);
    if (nodes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    size_t count = 0;
    for (; count < row->node_count; count++) {
        bool stored = count < m->node_count;
        nodes[count] = (struct draft_node){.no = (int32_t)count + 1,
                                           .title = row->nodes[count].text,
                                           .due = row->nodes[count].day,
                                           .changed = true,
                                           .version = stored ? m->nodes[count].version : 0};
    }
    for (; count < m->node_count; count++) {
        nodes[count] = m->nodes[count];
        nodes[count].changed = !nodes[count].dropped;
        nodes[count].dropped = true;
        nodes[count].due = NO_DATE;
    }
    m->nodes = nodes;
    m->node_count = m->node_capacity = count;
    touch(&m->mark);
    return STATUS_OK;
}

/* ---- 问题来源 ---- */

static const struct {
    const char *code;
    const char *words; /* between bars */
} origins[] = {
    {"FEEDBACK", "|巡视反馈|反馈|反馈问题|巡视反馈问题|巡视|FEEDBACK|"},
    {"SELF", "|自查|自查发现|自查自纠|SELF|"},
    {"AFTER", "|反馈后|反馈后发现|AFTER|"},
    {"SUPERVISION", "|督查|督查发现|监督检查|监督发现|SUPERVISION|"},
    {"PUBLIC", "|信访|群众反映|信访举报|群众信访|PUBLIC|"},
    {"OTHER_INSPECTION", "|其他巡视|其他巡察|其他巡视巡察|其他巡视巡察移交|OTHER_INSPECTION|"},
};

static const char *
origin_of(struct arena *a, const char *word)
{
    const char *barred = arena_printf(a, "|%s|", word);
    for (size_t i = 0; barred != NULL && i < sizeof origins / sizeof origins[0]; i++) {
        if (strchr(word, '|') == NULL && strstr(origins[i].words, barred) != NULL) {
            return origins[i].code;
        }
    }
    return NULL;
}

/* Said of a problem that this table brings; of one that stands, it may only be repeated: what came
 * with the feedback stays the denominator. */
static enum status
apply_origin(struct row_context *c, struct draft_problem *p)
{
    const struct plan_row *row = c->row;
    if (*row->origin == '\0') {
        return STATUS_OK;
    }
    const char *code = origin_of(c->d->arena, row->origin);
    if (code == NULL) {
        return add_fault(
            c->d, c->faults, row->row, "问题来源",
            arena_printf(c->d->arena,
                         "第 %u 行“问题来源”：看不出“%.64s”是哪一种。请写巡视反馈、"
                         "自查发现、反馈后发现、督查发现、群众反映或其他巡视巡察移交。",
                         row->row, row->origin));
    }
    if (strcmp(code, p->origin) != 0 && (p->mark != DRAFT_ADDED || p->origin_said)) {
        return add_fault(
            c->d, c->faults, row->row, "问题来源",
            arena_printf(c->d->arena,
                         "第 %u 行“问题来源”：问题 %s 的来源已经是另一种。随反馈意见导入的问题"
                         "来源不能改；其他问题请用 rectify office problem edit 更改。",
                         row->row, p->ref));
    }
    p->origin = code;
    p->origin_said = true;
    return STATUS_OK;
}

_Static_assert((int)PLAN_CLASS_IMMEDIATE == (int)CLASS_IMMEDIATE &&
                   (int)PLAN_CLASS_TIMED == (int)CLASS_TIMED &&
                   (int)PLAN_CLASS_LONG_TERM == (int)CLASS_LONG_TERM,
               "classes of the plan table are those of the measure");

/* The item a new problem stands under: that of its title, else item 0. */
static struct draft_item *
item_for(struct draft *d, const char *title)
{
    for (size_t i = 0; title != NULL && *title != '\0' && i < d->item_count; i++) {
        if (strcmp(d->items[i].title, title) == 0) {
            return &d->items[i];
        }
    }
    int32_t no = 0;
    if (title != NULL && *title != '\0') {
        for (size_t i = 0; i < d->item_count; i++) {
            no = d->items[i].no > no ? d->items[i].no : no;
        }
        no++;
    }
    struct draft_item *item = draft_item_by_no(d, no);
    if (item == NULL) {
        item = draft_add_item(d, no);
        if (item != NULL && title != NULL) {
            item->title = title;
        }
    }
    return item;
}

/* Where numbers restart under every item, a number alone does not tell which problem is meant: the
 * title decides then. */
static struct draft_problem *
problem_numbered(const struct draft *d, const struct plan_row *row, const char *ref)
{
    struct draft_problem *p = draft_problem_by_ref(d, ref);
    if (*row->problem == '\0' || (p != NULL && strcmp(p->title, row->problem) == 0)) {
        return p;
    }
    for (size_t i = 0; i < d->problem_count; i++) {
        if (d->problems[i].no == (int32_t)row->problem_no &&
            strcmp(d->problems[i].title, row->problem) == 0) {
            return &d->problems[i];
        }
    }
    return p;
}

static struct draft_problem *
problem_titled(const struct draft *d, const char *title)
{
    for (size_t i = 0; i < d->problem_count; i++) {
        if (strcmp(d->problems[i].title, title) == 0) {
            return &d->problems[i];
        }
    }
    return NULL;
}

/* The first number that is neither a problem's own nor in a reference. */
static int32_t
free_number(struct draft *d)
{
    for (int32_t no = 1;; no++) {
        const char *ref = draft_problem_ref(d, no);
        if (ref == NULL ||
            (draft_problem_by_no(d, no) == NULL && draft_problem_by_ref(d, ref) == NULL)) {
            return no;
        }
    }
}

static struct draft_problem *
problem_for(struct row_context *c)
{
    struct draft *d = c->d;
    const struct plan_row *row = c->row;
    struct draft_problem *p = row->problem_no == 0 ? problem_titled(d, row->problem) : NULL;
    if (p != NULL) {
        return p;
    }
    int32_t no = row->problem_no == 0 ? free_number(d) : (int32_t)row->problem_no;
    const char *ref = draft_problem_ref(d, no);
    p = ref == NULL || row->problem_no == 0 ? NULL : problem_numbered(d, row, ref);
    if (p != NULL || ref == NULL) {
        return p;
    }
    struct draft_item *item = item_for(d, row->item);
    p = item == NULL ? NULL : draft_add_problem(d, (size_t)(item - d->items), no, ref);
    if (p != NULL) {
        p->title = row->problem;
    }
    return p;
}

static enum status
apply_row(struct row_context *c)
{
    struct draft *d = c->d;
    const struct plan_row *row = c->row;
    struct draft_measure *m = *row->code == '\0' ? NULL : draft_measure_by_ref(d, row->code);
    if (m == NULL) {
        struct draft_problem *p = problem_for(c);
        const char *ref = p == NULL ? NULL : draft_measure_ref(d, p->ref, (int32_t)row->measure_no);
        if (ref == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        m = draft_measure_by_ref(d, ref);
        if (m == NULL) {
            m = draft_add_measure(d, (size_t)(p - d->problems), (int32_t)row->measure_no);
        }
        if (m == NULL) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
    }
    if (*m->text == '\0' && *row->text == '\0') {
        return add_fault(d, c->faults, row->row, "整改措施",
                         arena_printf(d->arena,
                                      "第 %u 行：方案里还没有措施 %s，新措施须写明“整改措施”。",
                                      row->row, m->ref));
    }
    m->seen = true;
    if (*row->text != '\0') {
        draft_set_text(&m->text, row->text, &m->mark);
    }
    if (*row->target != '\0') {
        draft_set_text(&m->target, row->target, &m->mark);
    }
    struct draft_problem *p = &d->problems[m->problem];
    enum status s = apply_org(c, row->leader, "牵头区领导", &m->leader_org, &m->mark);
    if (s == STATUS_OK) {
        s = apply_org(c, row->lead_unit, "牵头单位", &m->lead_org, &m->mark);
    }
    if (s == STATUS_OK) {
        s = apply_org(c, row->problem_lead, "问题牵头单位", &p->lead_org, &p->mark);
    }
    if (s == STATUS_OK) {
        s = apply_org(c, row->special_group, "专项小组", &p->sgroup_org, &p->mark);
    }
    if (s == STATUS_OK) {
        s = apply_participants(c, m);
    }
    apply_dates(m, row);
    if (s == STATUS_OK) {
        s = apply_origin(c, p);
    }
    return s == STATUS_OK ? apply_nodes(c, m) : s;
}

enum status
apply_plan_table(struct draft *d, const struct plan_table *table, const struct org_list *orgs,
                 struct apply_faults *faults)
{
    for (size_t i = 0; i < table->count; i++) {
        struct row_context c = {d, &table->rows[i], orgs, faults};
        enum status s = apply_row(&c);
        if (s != STATUS_OK) {
            return s;
        }
    }
    /* Where the table has one column of lead units, the problem's is the measure's and the reverse.
     */
    for (size_t i = 0; i < d->measure_count; i++) {
        struct draft_measure *m = &d->measures[i];
        struct draft_problem *p = &d->problems[m->problem];
        if (m->lead_org == NULL && p->lead_org != NULL) {
            draft_set_text(&m->lead_org, p->lead_org, &m->mark);
        } else if (p->lead_org == NULL && m->lead_org != NULL) {
            draft_set_text(&p->lead_org, m->lead_org, &p->mark);
        }
    }
    return STATUS_OK;
}
