/* Commands on a whole table: the second person's confirmation, taking back, nothing to tell,
 * correcting; the office's waiver, return of a NIL, archiving. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <string.h>

/* What stands now, and the receipt. */
static enum status
changed_print(struct cli *c, const struct rectify_answer *answer, const Pb__Table *t,
              const char *done, struct fault *f)
{
    enum status status = STATUS_OK;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer->message, f);
    } else {
        (void)fprintf(c->out, "%s：%s（%s）%s 的汇总表，现在是“%s”。\n", done,
                      cli_text(c, t->org_name), cli_text(c, t->org), cli_text(c, t->period),
                      cli_text(c, tables_state_zh(t)));
    }
    cli_receipt_print(c, answer);
    return status;
}

/* A command that has a reason and nothing else. */
struct change {
    const char *method;
    const char *done; /* Chinese, for the answer */
    bool reasoned;
};

static enum status
change(struct cli *c, const struct line *line, const struct change *how, struct fault *f)
{
    Pb__ChangeTableRequest request = PB__CHANGE_TABLE_REQUEST__INIT;
    Pb__Table *table = NULL;
    struct rectify_answer answer;
    const char *code = line_value(line, "reason-code");
    enum status status =
        tables_find(c, line, line->arg_count > 0 ? line->args[0] : NULL, &table, f);
    if (status != STATUS_OK) {
        return status;
    }
    request.id = table->id;
    request.has_expected_version = table->has_version;
    request.expected_version = table->version;
    if (how->reasoned) {
        request.reason = cli_field(line_value(line, "reason"));
        request.reason_code = cli_field(code != NULL ? code : "OTHER");
    }
    struct cli_command command = {.method = how->method, .request = &request.base};
    status = cli_command(c, &command, &answer, f);
    return status == STATUS_OK
               ? changed_print(c, &answer, (const Pb__Table *)answer.message, how->done, f)
               : status;
}

enum status
cmd_table_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct change how = {"rectify.v1.TableService/WithdrawTable", "已撤回", true};
    return change(c, line, &how, f);
}

enum status
cmd_table_nil(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct change how = {"rectify.v1.TableService/ReportNil", "已报本期无进展", true};
    return change(c, line, &how, f);
}

enum status
cmd_table_nil_return(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct change how = {"rectify.v1.TableService/ReturnNil", "已退回填报", true};
    return change(c, line, &how, f);
}

enum status
cmd_table_waive(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct change how = {"rectify.v1.TableService/WaiveTable", "已免报", true};
    return change(c, line, &how, f);
}

enum status
cmd_table_lock(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct change how = {"rectify.v1.TableService/LockTable", "已归档", false};
    return change(c, line, &how, f);
}

/* ---- correct ---- */

enum status
cmd_table_correct(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__CorrectTableRequest request = PB__CORRECT_TABLE_REQUEST__INIT;
    Pb__Table *table = NULL;
    struct rectify_answer answer;
    enum status status = tables_find(c, line, line->args[0], &table, f);
    if (status != STATUS_OK) {
        return status;
    }
    request.id = table->id;
    request.has_expected_version = table->has_version;
    request.expected_version = table->version;
    request.n_measure_refs = line->arg_count - 1;
    request.measure_refs = arena_array(&c->arena, line->arg_count, sizeof(char *));
    for (size_t i = 1; request.measure_refs != NULL && i < line->arg_count; i++) {
        request.measure_refs[i - 1] = cli_field(line->args[i]);
    }
    if (request.measure_refs == NULL) {
        return fault_memory(f);
    }
    request.reason = cli_field(line_value(line, "reason"));
    request.reason_code = cli_field("OTHER");
    struct cli_command command = {.method = "rectify.v1.TableService/CorrectTable",
                                  .request = &request.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Table *t = (const Pb__Table *)answer.message;
    status = changed_print(c, &answer, t, "已开始更正", f);
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "下一步：rectify table export %s/%s --out 汇总表.csv，改好后报送。\n",
                      cli_text(c, t->org), cli_text(c, t->period));
    }
    return status;
}

/* ---- confirm ---- */

static enum status
confirm_ways(const struct line *line, struct fault *f)
{
    if (line_flag(line, "paper") != line_flag(line, "hash")) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PAPER",
                         "用纸质件确认要同时写 --paper 扫描件 和 --hash 纸上印的校验码。");
    }
    return STATUS_OK;
}

static void
confirmed_print(struct cli *c, const Pb__SubmitTableReply *reply)
{
    const Pb__Table *t = reply->table;
    (void)fprintf(c->out,
                  "已确认并报送 %s（%s）%s 的汇总表：申请认定 %d 项，求助 %d 项，"
                  "申请延期 %d 项%s。\n",
                  cli_text(c, t->org_name), cli_text(c, t->org), cli_text(c, t->period),
                  reply->claims, reply->consultations, reply->extension_requests,
                  t->late ? "（已过截止日，按迟报登记）" : "");
}

enum status
cmd_table_confirm(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ConfirmTableRequest request = PB__CONFIRM_TABLE_REQUEST__INIT;
    Pb__Table *table = NULL;
    struct rectify_answer answer;
    const char *scan = line_value(line, "paper");
    const char *id = NULL;
    enum status status = confirm_ways(line, f);
    if (status == STATUS_OK) {
        status = tables_find(c, line, line->arg_count > 0 ? line->args[0] : NULL, &table, f);
    }
    if (status == STATUS_OK && scan != NULL) {
        status = cli_evidence_look(c, scan, f);
    }
    if (status == STATUS_OK && scan != NULL) {
        status = cli_evidence_send(c, scan, NULL, &id, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    request.id = table->id;
    request.has_expected_version = table->has_version;
    request.expected_version = table->version;
    request.paper_evidence = cli_field(id);
    request.content_hash = scan != NULL ? cli_field(line_value(line, "hash")) : table->content_hash;
    struct cli_command command = {.method = "rectify.v1.TableService/ConfirmTable",
                                  .request = &request.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        confirmed_print(c, (const Pb__SubmitTableReply *)answer.message);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* ---- allowed ---- */

/* How a command of a table is typed; "" where it is not typed at all. */
static const char *
typed(struct cli *c, const char *command, const char *which)
{
    static const char *const words[][2] = {
        {"submit", "rectify table submit 汇总表.csv"},
        {"fill", "rectify table export %s --out 汇总表.csv"},
        {"countersign", "rectify table confirm %s"},
        {"withdraw", "rectify table withdraw %s --reason 理由"},
        {"nil", "rectify table nil %s --reason 理由"},
        {"correct", "rectify table correct %s 编号 --reason 理由"},
        {"accept", "rectify office table decide %s --accept-all"},
        {"return", "rectify office table decide %s --row 编号=return:理由"},
        {"waive", "rectify office table waive %s --reason 理由"},
        {"lock", "rectify office table lock %s"},
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *mark = strstr(words[i][1], "%s");
        if (strcmp(words[i][0], command) != 0) {
            continue;
        }
        const char *text = mark == NULL
                               ? words[i][1]
                               : arena_printf(&c->arena, "%.*s%s%s", (int)(mark - words[i][1]),
                                              words[i][1], which, mark + 2);
        return text != NULL ? text : "";
    }
    return "";
}

static enum status
allowed_ask(struct cli *c, const Pb__Table *table, const char *ref,
            const Pb__AllowedCommandsReply **ret_reply, struct fault *f)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    Pb__AllowedRowRequest row = PB__ALLOWED_ROW_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    get.id = row.id = table->id;
    row.measure_ref = cli_field(ref);
    enum status status =
        ref == NULL
            ? cli_query(c, "rectify.v1.TableService/AllowedCommands", &get.base, &message, f)
            : cli_query(c, "rectify.v1.TableService/AllowedRowCommands", &row.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (const Pb__AllowedCommandsReply *)message;
    }
    return status;
}

enum status
cmd_table_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "能办"}, {.title = "办理"}, {.title = "怎么输入"}, {.title = "说明", .clip = 70}};
    const Pb__AllowedCommandsReply *reply = NULL;
    Pb__Table *table = NULL;
    struct grid g;
    enum status status =
        tables_find(c, line, line->arg_count > 0 ? line->args[0] : NULL, &table, f);
    if (status == STATUS_OK) {
        status = allowed_ask(c, table, line->arg_count > 1 ? line->args[1] : NULL, &reply, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, &reply->base, f);
    }
    const char *which =
        arena_printf(&c->arena, "%s/%s", cli_text(c, table->org), cli_text(c, table->period));
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_commands; i++) {
        const Pb__AllowedCommand *one = reply->commands[i];
        if (!one->allowed && !line_flag(line, "all") && c->format == CLI_TABLE) {
            continue;
        }
        const char **row = grid_row(&g);
        row[0] = one->allowed ? "能" : "不能";
        row[1] = cli_text(c, one->command_zh);
        row[2] = one->allowed && which != NULL ? typed(c, one->command, which) : "";
        row[3] = one->allowed ? "" : cli_text(c, one->message);
    }
    return grid_print(&g, c, f);
}
