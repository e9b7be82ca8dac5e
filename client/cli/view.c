#include "client/cli/view.h"
#include "client/cli/grid.h"
#include "client/cli/tables.h"
#include "client/cli/text.h"
#include "client/cli/typed.h"
#include "client/cli/value.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS(list) (sizeof(list) / sizeof((list)[0]))

static const char *
or_empty(const char *s)
{
    return s != NULL ? s : "";
}

const char *
view_days(struct cli *c, bool has, int32_t days_left)
{
    const char *text = "";
    if (!has) {
        return "";
    }
    if (days_left > 0) {
        text = arena_printf(&c->arena, "还剩 %d 天", days_left);
    } else if (days_left < 0) {
        text = arena_printf(&c->arena, "超期 %d 天", -days_left);
    } else {
        text = "今天到期";
    }
    return text != NULL ? text : "";
}

const char *
view_light(struct cli *c, Pb__Light light, bool has, int32_t days_left)
{
    const char *word = value_light_zh(light);
    const char *days = view_days(c, has, days_left);
    if (word[0] == '\0' || strncmp(days, word, strlen(word)) == 0) {
        return days;
    }
    const char *text = arena_printf(&c->arena, "%s%s%s", word, days[0] != '\0' ? "，" : "", days);
    return text != NULL ? text : word;
}

void
view_field(struct cli *c, const char *title, const char *value)
{
    if (value == NULL || value[0] == '\0') {
        return;
    }
    const char *text = text_block(&c->arena, value);
    size_t n = strlen(text);
    while (n > 0 && text[n - 1] == '\n') {
        n--;
    }
    (void)fprintf(c->out, "%s：", title);
    for (size_t i = 0; i < n; i++) {
        (void)fputc(text[i], c->out);
        if (text[i] == '\n') {
            (void)fputs("    ", c->out);
        }
    }
    (void)fputc('\n', c->out);
}

static const Pb__Milestone *
milestone(const Pb__Measure *m, Pb__MilestoneKind kind)
{
    for (size_t i = 0; i < m->n_milestones; i++) {
        if (m->milestones[i]->kind == kind) {
            return m->milestones[i];
        }
    }
    return NULL;
}

/* The due day, or the day it was reached. */
static const char *
milestone_text(struct cli *c, const Pb__Measure *m, Pb__MilestoneKind kind)
{
    const Pb__Milestone *ms = milestone(m, kind);
    if (ms == NULL) {
        return "";
    }
    if (ms->reached_on != NULL) {
        const char *text = arena_printf(&c->arena, "%s 已达", ms->reached_on);
        return text != NULL ? text : "";
    }
    return or_empty(ms->current_due);
}

bool
view_closed(const Pb__Measure *m)
{
    static const char *const states[] = {"DONE", "SUPERSEDED", "CANCELLED"};
    for (size_t i = 0; m->state != NULL && i < COLUMNS(states); i++) {
        if (strcmp(m->state, states[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Days left of the nearest open milestone. */
static const char *
measure_days(struct cli *c, const Pb__Measure *m)
{
    const Pb__Milestone *nearest = NULL;
    if (view_closed(m)) {
        return "";
    }
    for (size_t i = 0; i < m->n_milestones; i++) {
        const Pb__Milestone *ms = m->milestones[i];
        if (ms->reached_on == NULL && ms->has_days_left &&
            (nearest == NULL || ms->days_left < nearest->days_left)) {
            nearest = ms;
        }
    }
    return nearest != NULL ? view_days(c, true, nearest->days_left) : "";
}

enum status
view_measures(struct cli *c, Pb__Measure *const *measures, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "巡视"},
        {.title = "措施编号"},
        {.title = "灯"},
        {.title = "状态"},
        {.title = "完成%", .right = true},
        {.title = "明显成效", .minor = true},
        {.title = "落实到位", .minor = true},
        {.title = "期限"},
        {.title = "牵头单位", .minor = true},
        {.title = "措施内容", .clip = 48},
    };
    struct grid g;
    /* Which inspection is said where there are several: their references are the same. */
    size_t first = 1;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(or_empty(measures[i]->inspection), or_empty(measures[0]->inspection)) != 0) {
            first = 0;
        }
    }
    grid_init(&g, &c->arena, columns + first, COLUMNS(columns) - first);
    for (size_t i = 0; i < n; i++) {
        const Pb__Measure *m = measures[i];
        const char **row = grid_row(&g);
        if (first == 0) {
            *row++ = or_empty(m->inspection);
        }
        row[0] = or_empty(m->ref);
        row[1] = view_closed(m) ? "" : value_light_zh(m->light);
        row[2] = or_empty(m->state_zh != NULL ? m->state_zh : m->state);
        row[3] = m->has_percent ? grid_number(&g, m->percent) : "";
        row[4] = milestone_text(c, m, PB__MILESTONE_KIND__EFFECT);
        row[5] = milestone_text(c, m, PB__MILESTONE_KIND__COMPLETE);
        row[6] = measure_days(c, m);
        row[7] = or_empty(m->problem_lead_unit != NULL ? m->problem_lead_unit : m->lead_unit);
        row[8] = or_empty(m->text);
    }
    return grid_print(&g, c, f);
}

enum status
view_problems(struct cli *c, Pb__Problem *const *problems, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "问题编号"},
        {.title = "状态"},
        {.title = "措施", .right = true},
        {.title = "已到位", .right = true},
        {.title = "超期", .right = true},
        {.title = "牵头单位"},
        {.title = "专项小组"},
        {.title = "问题", .clip = 48},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, COLUMNS(columns));
    for (size_t i = 0; i < n; i++) {
        const Pb__Problem *p = problems[i];
        const char **row = grid_row(&g);
        row[0] = or_empty(p->ref);
        row[1] = or_empty(p->state_zh != NULL ? p->state_zh : p->state);
        row[2] = grid_number(&g, p->measures);
        row[3] = grid_number(&g, p->measures_done);
        row[4] = grid_number(&g, p->measures_overdue);
        row[5] = or_empty(p->lead_unit);
        row[6] = or_empty(p->special_group);
        row[7] = or_empty(p->title);
    }
    return grid_print(&g, c, f);
}

enum status
view_tables(struct cli *c, Pb__Table *const *tables, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "期次"},
        {.title = "单位代码"},
        {.title = "单位", .clip = 30},
        {.title = "灯"},
        {.title = "状态"},
        {.title = "报送截止"},
        {.title = "期限"},
        {.title = "行数", .right = true, .minor = true},
        {.title = "通过", .right = true, .minor = true},
        {.title = "退回", .right = true, .minor = true},
        {.title = "表号"}, /* for programs: people say unit/period */
    };
    struct grid g;
    bool people = c->format == CLI_TABLE;
    grid_init(&g, &c->arena, columns, COLUMNS(columns) - (people ? 1 : 0));
    for (size_t i = 0; i < n; i++) {
        const Pb__Table *t = tables[i];
        const char **row = grid_row(&g);
        row[0] = or_empty(t->period);
        row[1] = or_empty(t->org);
        row[2] = or_empty(t->org_name);
        row[3] = value_light_zh(t->light);
        row[4] = tables_state_zh(t);
        row[5] = or_empty(t->due);
        row[6] = view_days(c, t->has_days_left, t->days_left);
        row[7] = t->row_count > 0 ? grid_number(&g, t->row_count) : ""; /* 0: not filled in yet */
        row[8] = t->row_count > 0 ? grid_number(&g, t->rows_accepted) : "";
        row[9] = t->row_count > 0 ? grid_number(&g, t->rows_returned) : "";
        if (!people) {
            row[10] = or_empty(t->id);
        }
    }
    return grid_print(&g, c, f);
}

enum status
view_table_rows(struct cli *c, const Pb__Table *table, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "措施编号"},
        {.title = "状态"},
        {.title = "完成%", .right = true},
        {.title = "整改进展", .clip = 40},
        {.title = "困难问题", .clip = 24},
        {.title = "求助"},
        {.title = "申请认定"},
        {.title = "材料", .right = true, .minor = true},
        {.title = "审核意见"},
        {.title = "退回原因", .clip = 30},
    };
    struct grid g;
    /* Before it is handed in, nobody looks at a row. */
    bool open = table->state != NULL &&
                (strcmp(table->state, "OPEN") == 0 || strcmp(table->state, "DRAFT") == 0 ||
                 strcmp(table->state, "CONFIRMING") == 0);
    grid_init(&g, &c->arena, columns, COLUMNS(columns));
    for (size_t i = 0; i < table->n_rows; i++) {
        const Pb__TableRow *r = table->rows[i];
        const char **row = grid_row(&g);
        row[0] = or_empty(r->measure_ref);
        row[1] = or_empty(r->measure_state_zh);
        row[2] = r->has_percent ? grid_number(&g, r->percent) : "";
        row[3] = r->unchanged
                     ? arena_printf(&c->arena, "（本期无新进展）%s", or_empty(r->narrative))
                     : r->narrative;
        row[3] = or_empty(row[3]);
        row[4] = or_empty(r->difficulty);
        row[5] = r->has_ask_help && r->ask_help ? "是" : "";
        row[6] = r->has_claim ? value_claim_zh(r->claim) : "";
        row[7] = grid_number(&g, (int64_t)r->n_evidence);
        row[8] = !r->has_verdict                              ? ""
                 : r->verdict == PB__VERDICT__PENDING && open ? "填写中"
                                                              : value_verdict_zh(r->verdict);
        row[9] = or_empty(r->reason);
    }
    return grid_print(&g, c, f);
}

enum status
view_alerts(struct cli *c, Pb__Alert *const *alerts, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "序号", .right = true},
        {.title = "灯"},
        {.title = "对象"},
        {.title = "到期日"},
        {.title = "确认"},
        {.title = "提醒内容", .clip = 200},
        {.title = "级别", .right = true}, /* for programs: people see three lights */
    };
    struct grid g;
    bool people = c->format == CLI_TABLE;
    grid_init(&g, &c->arena, columns, COLUMNS(columns) - (people ? 1 : 0));
    for (size_t i = 0; i < n; i++) {
        const Pb__Alert *a = alerts[i];
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, a->seq);
        row[1] = value_light_zh(a->light);
        row[2] = or_empty(a->subject_ref);
        row[3] = or_empty(a->due);
        row[4] = a->has_cancelled_at_ms ? "已撤销" : a->has_acknowledged_at_ms ? "已确认" : "";
        row[5] = or_empty(a->text);
        if (!people) {
            row[6] = grid_number(&g, a->level);
        }
    }
    return grid_print(&g, c, f);
}

enum status
view_whoami(struct cli *c, const Pb__WhoAmIReply **ret_who, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *reply = NULL;
    enum status status = cli_query(c, "rectify.v1.AccountService/WhoAmI", &empty.base, &reply, f);
    if (status == STATUS_OK) {
        *ret_who = (const Pb__WhoAmIReply *)reply;
    }
    return status;
}

/* Of all seats those the caller sits in now: his own, or with --as the one he stands in. */
static bool
sits_now(const Pb__WhoAmIReply *who, const Pb__Seat *seat)
{
    bool holds = !seat->has_holds || seat->holds;
    return holds && (seat->substitute_for != NULL) == (who->acting_as != NULL);
}

bool
view_has_role(const Pb__WhoAmIReply *who, const char *role)
{
    for (size_t i = 0; i < who->n_seats; i++) {
        if (!sits_now(who, who->seats[i])) {
            continue;
        }
        for (size_t j = 0; j < who->seats[i]->n_roles; j++) {
            if (strcmp(who->seats[i]->roles[j], role) == 0) {
                return true;
            }
        }
    }
    return false;
}

bool
view_owns(const struct cli *c, const Pb__WhoAmIReply *who, const char *org)
{
    if (org == NULL) {
        return false;
    }
    if (c->on_behalf_of != NULL) {
        return strcmp(c->on_behalf_of, org) == 0;
    }
    for (size_t i = 0; i < who->n_seats; i++) {
        if (sits_now(who, who->seats[i]) && who->seats[i]->org != NULL &&
            strcmp(who->seats[i]->org, org) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- what may be done ---- */

/* "rectify.v1.ProblemService/AllowedCommands" is of problems, as people type them. */
static const char *
object_of(struct cli *c, const char *method)
{
    const char *service = strrchr(method, '.') + 1;
    char *object =
        arena_strndup(&c->arena, service, (size_t)(strstr(service, "Service") - service));
    size_t n = object == NULL ? 0 : strlen(object);
    for (size_t i = 0; i < n; i++) {
        object[i] = (char)tolower((unsigned char)object[i]);
    }
    return object;
}

/* Why not, without what only concerns a page on a screen. */
static const char *
refusal_text(struct cli *c, const Pb__AllowedCommand *one)
{
    if (one->reason != NULL && strcmp(one->reason, "STATE_FORBIDS") == 0) {
        return "现在的状态不能办";
    }
    return cli_text(c, one->message);
}

static void
allowed_head(struct cli *c, const char *object, const char *ref, const char *state, bool possible)
{
    (void)fputs(ref, c->out);
    if (strcmp(object, "measure") == 0) {
        (void)fprintf(c->out, " 现在是“%s”", value_measure_state_zh(state));
    }
    (void)fprintf(c->out, "，您%s\n", possible ? "能办：" : "没有要办的事。");
}

enum status
view_allowed(struct cli *c, const struct line *line, const char *method,
             const ProtobufCMessage *request, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "能办"}, {.title = "办理"}, {.title = "怎么输入"}, {.title = "说明", .clip = 70}};
    const char *object = object_of(c, method);
    bool all = line_flag(line, "all") || c->format == CLI_CSV;
    bool possible = false;
    ProtobufCMessage *message = NULL;
    struct grid g;
    enum status status =
        object == NULL ? fault_memory(f) : cli_query(c, method, request, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__AllowedCommandsReply *reply = (const Pb__AllowedCommandsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (int pass = 0; pass < 2; pass++) { /* what can be done stands first */
        for (size_t i = 0; i < reply->n_commands; i++) {
            const Pb__AllowedCommand *one = reply->commands[i];
            if (one->allowed != (pass == 0) || !(one->allowed || all)) {
                continue;
            }
            const char **row = grid_row(&g);
            row[0] = one->allowed ? "能" : "不能";
            row[1] = cli_text(c, one->command_zh);
            row[2] = one->allowed ? typed_line(c, object, one->command, line->args[0]) : "";
            row[3] = one->allowed ? "" : refusal_text(c, one);
            possible = possible || one->allowed;
        }
    }
    if (c->format == CLI_TABLE) {
        allowed_head(c, object, line->args[0], reply->state, possible);
    }
    status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format == CLI_TABLE && !line_flag(line, "all")) {
        (void)fputs("（不能办的和原因：加上 --all）\n", c->out);
    }
    return status;
}
