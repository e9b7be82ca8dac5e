#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <rectify/v1/consultation.pb-c.h>
#include <string.h>

/* Everything behind the reference is the text, so that nobody needs quotation marks. */
static const char *
words_join(struct cli *c, const struct line *line)
{
    const char *text = line->args[1];
    for (size_t i = 2; i < line->arg_count && text != NULL; i++) {
        text = arena_printf(&c->arena, "%s %s", text, line->args[i]);
    }
    return text;
}

enum status
cmd_ask(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    struct rectify_answer answer;
    ask.measure_ref = cli_field(line->args[0]);
    ask.inspection = cli_field(line_value(line, "inspection"));
    ask.text = cli_field(words_join(c, line));
    struct cli_command command = {.method = "rectify.v1.ConsultationService/Ask",
                                  .request = &ask.base};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Consultation *reply = (const Pb__Consultation *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "求助 %s 已登记%s%s%s。措施的期限不因此停止。\n",
                      cli_text(c, reply->ref), reply->triage_due != NULL ? "，办公室应在 " : "",
                      cli_text(c, reply->triage_due), reply->triage_due != NULL ? " 前答复" : "");
    }
    cli_receipt_print(c, &answer);
    return status;
}

static const char *
state_zh(const char *state)
{
    static const char *const words[][2] = {
        {"OPEN", "已提出"},    {"TRIAGED", "已受理"}, {"SCHEDULED", "已安排"}, {"HELD", "已会商"},
        {"DECIDED", "已议定"}, {"CLOSED", "已办结"},  {"WITHDRAWN", "已撤回"},
    };
    for (size_t i = 0; state != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i][0], state) == 0) {
            return words[i][1];
        }
    }
    return state;
}

enum status
cmd_consultation_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"},
        {.title = "措施编号"},
        {.title = "单位"},
        {.title = "状态"},
        {.title = "提出时间"},
        {.title = "答复期限"},
        {.title = "困难", .clip = 50},
    };
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.ConsultationService/ListConsultations", &empty.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    const Pb__ListConsultationsReply *reply = (const Pb__ListConsultationsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_consultations; i++) {
        const Pb__Consultation *one = reply->consultations[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, one->ref);
        row[1] = cli_text(c, one->measure_ref);
        row[2] = cli_text(c, one->org);
        row[3] = cli_text(c, c->format == CLI_TABLE ? state_zh(one->state) : one->state);
        row[4] = value_time(&c->arena, one->opened_at_ms);
        row[5] = cli_text(c, one->triage_due);
        row[6] = cli_text(c, one->text);
    }
    if (reply->n_consultations == 0 && c->format == CLI_TABLE) {
        (void)fputs("没有求助。\n", c->out);
    }
    return grid_print(&g, c, f);
}
