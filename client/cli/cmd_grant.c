/* Seats and grants, who may know, who may do. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"

#include <rectify/v1/grant.pb-c.h>
#include <rectify/v1/org.pb-c.h>
#include <rectify/v1/system.pb-c.h>
#include <string.h>

enum { ROLES_MAX = 20, GRANTS_MAX = 200 };

static const char *
join(struct cli *c, char *const *items, size_t count)
{
    const char *text = "";
    for (size_t i = 0; text != NULL && i < count; i++) {
        text = arena_printf(&c->arena, "%s%s%s", text, i == 0 ? "" : "、", items[i]);
    }
    return text == NULL ? "" : text;
}

static enum status
day_option(struct cli *c, const struct line *line, const char *name, char **ret, struct fault *f)
{
    const char *text = line_value(line, name);
    *ret = text == NULL ? NULL : cli_field(value_date(&c->arena, text));
    if (text != NULL && *ret == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_DATE",
                         "--%s 的“%s”不是日期：写成 2026-11-30。", name, text);
    }
    return STATUS_OK;
}

/* One command that answers with the grant, and what to say of it. */
static enum status
grant_command(struct cli *c, const char *method, const ProtobufCMessage *request, struct fault *f)
{
    struct rectify_answer answer;
    struct cli_command command = {.method = method, .request = request};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Grant *g = (const Pb__Grant *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%s：%s 在 %s 的席位（%s）%s%s，%s。\n", cli_text(c, g->ref),
                      cli_text(c, g->account), cli_text(c, g->org_name),
                      join(c, g->roles, g->n_roles), g->substitute_for != NULL ? "，代 " : "",
                      cli_text(c, g->substitute_for != NULL ? g->substitute_for : ""),
                      cli_text(c, g->state_zh));
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_seat_propose(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ProposeSeatRequest r = PB__PROPOSE_SEAT_REQUEST__INIT;
    char *roles[ROLES_MAX];
    r.account = cli_field(line->args[0]);
    r.org = cli_field(line_value(line, "org"));
    r.reason = cli_field(line_value(line, "reason"));
    r.n_roles = value_list(&c->arena, line_value(line, "role"), roles, ROLES_MAX);
    r.roles = roles;
    if (r.n_roles == 0 || r.n_roles > ROLES_MAX) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROLE",
                         "--role 要写一个或几个角色，例如 PLEAD 或 PLEAD,FILLER。");
    }
    enum status status = day_option(c, line, "from", &r.from_on, f);
    if (status == STATUS_OK) {
        status = day_option(c, line, "to", &r.to_on, f);
    }
    return status != STATUS_OK
               ? status
               : grant_command(c, "rectify.v1.GrantService/ProposeSeat", &r.base, f);
}

enum status
cmd_substitute_propose(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ProposeSubstituteRequest r = PB__PROPOSE_SUBSTITUTE_REQUEST__INIT;
    r.account = cli_field(line->args[0]);
    r.substitute_for = cli_field(line_value(line, "of"));
    r.org = cli_field(line_value(line, "org"));
    r.reason = cli_field(line_value(line, "reason"));
    enum status status = day_option(c, line, "from", &r.from_on, f);
    if (status == STATUS_OK) {
        status = day_option(c, line, "to", &r.to_on, f);
    }
    return status != STATUS_OK
               ? status
               : grant_command(c, "rectify.v1.GrantService/ProposeSubstitute", &r.base, f);
}

static enum status
order(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__GrantOrder r = PB__GRANT_ORDER__INIT;
    r.grant = cli_field(line->args[0]);
    r.reason = cli_field(line_value(line, "reason"));
    return grant_command(c, method, &r.base, f);
}

enum status
cmd_seat_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    return order(c, line, "rectify.v1.GrantService/WithdrawGrant", f);
}

enum status
cmd_seat_end(struct cli *c, const struct line *line, struct fault *f)
{
    return order(c, line, "rectify.v1.GrantService/EndGrant", f);
}

static enum status
grants_read(struct cli *c, const Pb__ListGrantsRequest *list, Pb__ListGrantsReply **ret,
            struct fault *f)
{
    ProtobufCMessage *message = NULL;
    enum status status =
        cli_query(c, "rectify.v1.GrantService/ListGrants", &list->base, &message, f);
    if (status == STATUS_OK) {
        *ret = (Pb__ListGrantsReply *)message;
    }
    return status;
}

static const char *
days(struct cli *c, const Pb__Grant *g)
{
    if (g->from_on == NULL && g->to_on == NULL) {
        return "长期";
    }
    const char *text = arena_printf(&c->arena, "%s 至 %s", g->from_on == NULL ? "" : g->from_on,
                                    g->to_on == NULL ? "长期" : g->to_on);
    return text == NULL ? "" : text;
}

enum status
cmd_seat_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "授权号"},  {.title = "账号"}, {.title = "单位", .clip = 30},
        {.title = "角色"},    {.title = "代行"}, {.title = "起止"},
        {.title = "状态"},    {.title = "提出"}, {.title = "批准"},
        {.title = "今日有效"}};
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    Pb__ListGrantsReply *reply = NULL;
    struct grid g;
    list.account = cli_field(line_value(line, "account"));
    list.org = cli_field(line_value(line, "org"));
    list.state = cli_field(line_value(line, "state"));
    enum status status = grants_read(c, &list, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &reply->base, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_grants; i++) {
        const Pb__Grant *grant = reply->grants[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, grant->ref);
        row[1] = cli_text(c, grant->account);
        row[2] = cli_text(c, grant->org_name);
        row[3] = join(c, grant->roles, grant->n_roles);
        row[4] = grant->substitute_for != NULL ? cli_text(c, grant->substitute_for) : "";
        row[5] = days(c, grant);
        row[6] = cli_text(c, grant->state_zh);
        row[7] = grant->proposed_by != NULL ? cli_text(c, grant->proposed_by) : "本机";
        row[8] = grant->decided_by != NULL ? cli_text(c, grant->decided_by) : "";
        row[9] = grant->holds ? "是" : "";
    }
    return grid_print(&g, c, f);
}

/* ---- deciding ---- */

static enum status
pending_refs(struct cli *c, Pb__DecideGrantsRequest *r, struct fault *f)
{
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    Pb__ListGrantsReply *reply = NULL;
    list.state = cli_field("PROPOSED");
    enum status status = grants_read(c, &list, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    r->grants = arena_array(&c->arena, reply->n_grants, sizeof *r->grants);
    if (r->grants == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; i < reply->n_grants && i < GRANTS_MAX; i++) {
        const Pb__Grant *g = reply->grants[i];
        r->grants[r->n_grants++] = g->ref;
        if (c->format != CLI_JSON) { /* what is approved is seen */
            (void)fprintf(c->out, "  %s  %s  %s  %s  %s%s\n", cli_text(c, g->ref),
                          cli_text(c, g->account), cli_text(c, g->org_name),
                          join(c, g->roles, g->n_roles), g->substitute_for != NULL ? "代 " : "",
                          g->substitute_for != NULL ? cli_text(c, g->substitute_for) : "");
        }
    }
    return STATUS_OK;
}

static enum status
decide(struct cli *c, const struct line *line, const char *method, const char *done,
       struct fault *f)
{
    Pb__DecideGrantsRequest r = PB__DECIDE_GRANTS_REQUEST__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = method, .request = &r.base};
    enum status status = STATUS_OK;
    r.reason = cli_field(line_value(line, "reason"));
    if (line_value(line, "all") != NULL) {
        status = pending_refs(c, &r, f);
    } else {
        r.grants = arena_array(&c->arena, line->arg_count, sizeof *r.grants);
        for (unsigned i = 0; r.grants != NULL && i < line->arg_count; i++) {
            r.grants[r.n_grants++] = cli_field(line->args[i]);
        }
    }
    if (status == STATUS_OK && r.n_grants == 0) {
        if (line_value(line, "all") == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ARGUMENTS",
                             "请写授权号，如 G-0012，或写 --all。");
        }
        (void)fputs("没有待批准的授权。\n", c->out);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%s %d 项授权。\n", done,
                      ((const Pb__DecideGrantsReply *)answer.message)->decided);
    }
    cli_receipt_print(c, &answer);
    return status;
}

enum status
cmd_grant_approve(struct cli *c, const struct line *line, struct fault *f)
{
    return decide(c, line, "rectify.v1.GrantService/ApproveGrants", "已批准", f);
}

enum status
cmd_grant_reject(struct cli *c, const struct line *line, struct fault *f)
{
    return decide(c, line, "rectify.v1.GrantService/RejectGrants", "已退回（不批准）", f);
}

/* ---- reading ---- */

enum status
cmd_scope(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "规则"},
                                                 {.title = "单位", .clip = 40},
                                                 {.title = "角色"},
                                                 {.title = "账号数", .right = true},
                                                 {.title = "其中代行", .right = true}};
    Pb__ExplainAccessRequest r = PB__EXPLAIN_ACCESS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    r.ref = cli_field(line->args[0]);
    r.kind = cli_field(line_value(line, "kind"));
    r.inspection = cli_field(line_value(line, "inspection"));
    enum status status = cli_query(c, "rectify.v1.OrgService/ExplainAccess", &r.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ExplainAccessReply *reply = (const Pb__ExplainAccessReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_rules; i++) {
        const Pb__AccessRule *rule = reply->rules[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, rule->rule_zh);
        row[1] = cli_text(c, rule->org_name);
        row[2] = join(c, rule->roles, rule->n_roles);
        row[3] = arena_printf(&c->arena, "%d", rule->accounts);
        row[4] = rule->substitutes == 0 ? "" : arena_printf(&c->arena, "%d", rule->substitutes);
    }
    status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format != CLI_CSV) {
        (void)fprintf(c->out, "%s\n", cli_text(c, reply->never_zh));
    }
    return status;
}

enum status
cmd_permissions(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "类别"},
                                                 {.title = "名称"},
                                                 {.title = "中文", .clip = 30},
                                                 {.title = "角色"},
                                                 {.title = "本单位的"},
                                                 {.title = "其他单位的"},
                                                 {.title = "何时", .clip = 40},
                                                 {.title = "还要满足", .clip = 60}};
    Pb__ListPermissionsRequest r = PB__LIST_PERMISSIONS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    r.kind = cli_field(line_value(line, "kind"));
    r.role = cli_field(line_value(line, "role"));
    r.name = cli_field(line_value(line, "name"));
    enum status status =
        cli_query(c, "rectify.v1.SystemService/ListPermissions", &r.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListPermissionsReply *reply = (const Pb__ListPermissionsReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_permissions; i++) {
        const Pb__Permission *p = reply->permissions[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, p->kind);
        row[1] = cli_text(c, p->name);
        row[2] = p->name_zh != NULL ? cli_text(c, p->name_zh) : "";
        row[3] = cli_text(c, p->role);
        row[4] = p->own ? "可" : "";
        row[5] = p->foreign ? "可" : "";
        row[6] = p->when != NULL ? cli_text(c, p->when) : "";
        row[7] = p->guards != NULL ? cli_text(c, p->guards) : "";
    }
    return grid_print(&g, c, f);
}
