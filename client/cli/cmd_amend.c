/* office plan amend: a table of changes (方案调整表) as CSV. */
#include "client/cli/csv.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <rectify/v1/plan.pb-c.h>
#include <string.h>

enum { CHANGES_MAX = 200, PARTS_MAX = 64 };

#define HEADER "变更"

enum column {
    KIND,
    OLD,
    PROBLEM,
    TEXT,
    TARGET,
    CLASS,
    LEADER,
    LEAD,
    PARTS,
    EFFECT,
    COMPLETE,
    REASON,
    COLUMNS
};

static const char *const titles[COLUMNS] = {
    HEADER,       "原措施编号", "问题编号", "整改措施",         "整改目标",         "整改类型",
    "牵头区领导", "牵头单位",   "参与单位", "取得明显成效时限", "整改落实到位时限", "理由"};

struct reader {
    struct cli *c;
    struct fault *f;
    const struct csv_row *row;
    int columns[COLUMNS];
    Pb__ProposeAmendmentRequest *request;
};

static const char *
cell(const struct reader *r, enum column column)
{
    const char *text = r->columns[column] < 0 ? "" : csv_cell(r->row, r->columns[column]);
    return *text == '\0' ? NULL : text;
}

static int
name_index(const char *text, const char *const *names, int count)
{
    for (int i = 1; text != NULL && i < count; i++) {
        if (strcmp(names[i], text) == 0) {
            return i;
        }
    }
    return 0;
}

/* Several texts in one cell, parted as people part them. */
static enum status
list(struct reader *r, enum column column, char ***ret, size_t *ret_count)
{
    const char *text = cell(r, column);
    if (text == NULL) {
        return STATUS_OK;
    }
    *ret = arena_array(&r->c->arena, PARTS_MAX, sizeof **ret);
    if (*ret == NULL) {
        return fault_memory(r->f);
    }
    *ret_count = value_list(&r->c->arena, text, *ret, PARTS_MAX);
    return *ret_count <= PARTS_MAX
               ? STATUS_OK
               : fault_set(r->f, STATUS_INVALID_ARGUMENT, "AMEND_LIST",
                           "第 %u 行“%s”列写得太多，请分开写。", r->row->line, titles[column]);
}

/* The change this row goes on with: the next new measure of the same split. */
static Pb__PlanChange *
going_on(const struct reader *r, Pb__PlanChangeKind kind)
{
    const char *old = cell(r, OLD);
    Pb__PlanChange *last =
        r->request->n_changes == 0 ? NULL : r->request->changes[r->request->n_changes - 1];
    bool same = kind == PB__PLAN_CHANGE_KIND__PLAN_SPLIT && last != NULL && last->kind == kind &&
                last->n_measures == 1 && old != NULL && strcmp(last->measures[0], old) == 0;
    return same ? last : NULL;
}

static enum status
take_made(struct reader *r, Pb__PlanChange *change)
{
    static const char *const classes[] = {"", "立行立改", "限期整改", "长期坚持"};
    Pb__PlanMeasure *m = arena_alloc(&r->c->arena, sizeof *m);
    Pb__PlanMeasure **all =
        arena_array(&r->c->arena, change->n_made + 1, sizeof(Pb__PlanMeasure *));
    if (m == NULL || all == NULL) {
        return fault_memory(r->f);
    }
    pb__plan_measure__init(m);
    m->problem_ref = cli_field(cell(r, PROBLEM));
    m->text = cli_field(cell(r, TEXT));
    m->target = cli_field(cell(r, TARGET));
    m->leader = cli_field(cell(r, LEADER));
    m->lead_unit = cli_field(cell(r, LEAD));
    m->effect_due = cli_field(cell(r, EFFECT));
    m->complete_due = cli_field(cell(r, COMPLETE));
    int class_of = name_index(cell(r, CLASS), classes, 4);
    if (cell(r, CLASS) != NULL && class_of == 0) {
        return fault_set(r->f, STATUS_INVALID_ARGUMENT, "AMEND_CLASS",
                         "第 %u 行的整改类型“%s”不认识：写立行立改、限期整改或长期坚持。",
                         r->row->line, cell(r, CLASS));
    }
    m->has_measure_class = class_of != 0;
    m->measure_class = (Pb__MeasureClass)class_of;
    const char *parts = cell(r, PARTS);
    if (parts != NULL && strcmp(parts, "无") == 0) {
        m->has_no_participants = m->no_participants = 1;
    } else {
        enum status status = list(r, PARTS, &m->participants, &m->n_participants);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (change->n_made > 0) {
        memcpy(all, change->made, change->n_made * sizeof(Pb__PlanMeasure *));
    }
    all[change->n_made++] = m;
    change->made = all;
    return STATUS_OK;
}

static enum status
take_row(struct reader *r)
{
    static const char *const kinds[] = {"", "拆分", "合并", "撤销", "新增", "改动"};
    int kind = name_index(cell(r, KIND), kinds, 6);
    if (kind == 0) {
        return fault_set(r->f, STATUS_INVALID_ARGUMENT, "AMEND_KIND",
                         "第 %u 行“变更”列要写拆分、合并、撤销、新增或改动。", r->row->line);
    }
    Pb__PlanChange *change = going_on(r, (Pb__PlanChangeKind)kind);
    enum status status = STATUS_OK;
    if (change == NULL) {
        change = arena_alloc(&r->c->arena, sizeof *change);
        if (change == NULL) {
            return fault_memory(r->f);
        }
        if (r->request->n_changes >= CHANGES_MAX) {
            return fault_set(r->f, STATUS_INVALID_ARGUMENT, "AMEND_COUNT",
                             "一次方案调整至多 %d 项，请分次提出。", CHANGES_MAX);
        }
        pb__plan_change__init(change);
        change->has_kind = 1;
        change->kind = (Pb__PlanChangeKind)kind;
        change->reason = cli_field(cell(r, REASON));
        status = list(r, OLD, &change->measures, &change->n_measures);
        r->request->changes[r->request->n_changes++] = change;
    }
    return status != STATUS_OK || kind == (int)PB__PLAN_CHANGE_KIND__PLAN_CANCEL
               ? status
               : take_made(r, change);
}

static enum status
read_changes(struct cli *c, const char *path, Pb__ProposeAmendmentRequest *request, struct fault *f)
{
    struct csv csv;
    struct reader r = {.c = c, .f = f, .request = request};
    enum status status = csv_read(&c->arena, path, HEADER, &csv, f);
    if (status != STATUS_OK) {
        return status;
    }
    size_t header = csv_header_row(&csv, HEADER);
    for (int i = 0; i < COLUMNS; i++) {
        r.columns[i] = csv_column(&csv.rows[header], titles[i]);
    }
    request->changes = arena_array(&c->arena, CHANGES_MAX, sizeof(Pb__PlanChange *));
    if (request->changes == NULL) {
        return fault_memory(f);
    }
    for (size_t i = header + 1; status == STATUS_OK && i < csv.count; i++) {
        r.row = &csv.rows[i];
        status = take_row(&r);
    }
    return status;
}

enum status
cmd_plan_amend(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ProposeAmendmentRequest request = PB__PROPOSE_AMENDMENT_REQUEST__INIT;
    struct rectify_answer answer;
    request.inspection = cli_field(line_value(line, "inspection"));
    request.plan = cli_field(line_value(line, "plan"));
    request.title = cli_field(line_value(line, "title"));
    enum status status = read_changes(c, line->args[0], &request, f);
    struct cli_command command = {.method = "rectify.v1.PlanService/ProposeAmendment",
                                  .request = &request.base};
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__PlanVersion *v = (const Pb__PlanVersion *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "方案调整草案已保存：%s。编号 %s\n", cli_text(c, v->totals),
                      cli_text(c, v->id));
    }
    cli_receipt_print(c, &answer);
    return status;
}
