/* Outcomes (整改成效): what can be counted. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/outcome_words.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <inttypes.h>
#include <rectify/v1/outcome.pb-c.h>
#include <string.h>

static const char *
or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* ---- giving commands ---- */

static enum status
outcome_run(struct cli *c, struct cli_command *command, struct fault *f)
{
    struct rectify_answer answer;
    enum status status = cli_command(c, command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Outcome *o = (const Pb__Outcome *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "成效 %s（%s）%s %s，%s（第 %" PRId64 " 版）。\n",
                      cli_text(c, o->ref), cli_text(c, o->measure_ref), cli_text(c, o->kind_zh),
                      cli_text(c, o->amount_text), cli_text(c, o->state_zh), o->version);
    }
    cli_receipt_print(c, &answer);
    return status;
}

static enum status
outcome_read(struct cli *c, const char *ref, ProtobufCMessage **ret, struct fault *f)
{
    Pb__GetOutcomeRequest get = PB__GET_OUTCOME_REQUEST__INIT;
    get.ref = cli_field(ref);
    return cli_query(c, "rectify.v1.OutcomeService/GetOutcome", &get.base, ret, f);
}

/* The version the caller decided on: the one he names, else the one that stands now. ret_kind: what
 * it counts, for an amount without a kind. */
static enum status
version_find(struct cli *c, const struct line *line, struct cli_command *command,
             Pb__OutcomeKind *ret_kind, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    ProtobufCMessage *message = NULL;
    enum status status = cli_number_option(c, line, &spec, &command->has_expected_version,
                                           &command->expected_version, f);
    if (status == STATUS_OK) {
        status = outcome_read(c, line->args[0], &message, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Outcome *o = ((const Pb__GetOutcomeReply *)message)->outcome;
    if (!command->has_expected_version) {
        command->has_expected_version = true;
        command->expected_version = o->version;
    }
    *ret_kind = o->kind;
    return STATUS_OK;
}

static enum status
files_send(struct cli *c, const struct line *line, Pb__OutcomeInput *in, struct fault *f)
{
    const char *file = NULL;
    enum status status = STATUS_OK;
    in->evidence = arena_array(&c->arena, line->value_count, sizeof *in->evidence);
    if (in->evidence == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; status == STATUS_OK && (file = line_value_at(line, "attach", i)) != NULL;
         i++) {
        status = cli_evidence_look(c, file, f);
    }
    for (size_t i = 0; status == STATUS_OK && (file = line_value_at(line, "attach", i)) != NULL;
         i++) {
        const char *id = NULL;
        status = cli_evidence_send(c, file, in->happened_on, &id, f);
        in->evidence[in->n_evidence] = cli_field(id);
        in->n_evidence += status == STATUS_OK;
    }
    return status;
}

/* kind: what an amount without --kind counts. */
static enum status
input_fill(struct cli *c, const struct line *line, Pb__OutcomeKind kind, Pb__OutcomeInput *in,
           struct fault *f)
{
    const char *word = line_value(line, "kind");
    const char *amount = line_value(line, "amount");
    const char *day = NULL;
    enum status status = cli_date_option(c, line, "on", &day, f);
    if (status == STATUS_OK && word != NULL) {
        status = outcome_kind_word(&c->arena, word, &kind, f);
        in->has_kind = status == STATUS_OK;
        in->kind = kind;
    }
    if (status == STATUS_OK && amount != NULL) {
        status = outcome_amount_word(&c->arena, amount, kind, &in->amount, f);
        in->has_amount = status == STATUS_OK;
    }
    in->happened_on = cli_field(day);
    in->title = cli_field(line_value(line, "title"));
    in->text = cli_field(line_value(line, "text"));
    in->word = cli_field(line_value(line, "word"));
    return status;
}

enum status
cmd_outcome_add(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    Pb__RecordOutcomeRequest record = PB__RECORD_OUTCOME_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.OutcomeService/RecordOutcome",
                                  .request = &record.base};
    enum status status = input_fill(c, line, PB__OUTCOME_KIND__OUTCOME_KIND_UNSPECIFIED, &in, f);
    record.measure_ref = cli_field(line->args[0]);
    record.inspection = cli_field(line_value(line, "inspection"));
    record.input = &in;
    if (status == STATUS_OK) {
        status = files_send(c, line, &in, f);
    }
    return status == STATUS_OK ? outcome_run(c, &command, f) : status;
}

enum status
cmd_outcome_correct(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    Pb__CorrectOutcomeRequest correct = PB__CORRECT_OUTCOME_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.OutcomeService/CorrectOutcome",
                                  .request = &correct.base};
    Pb__OutcomeKind kind = PB__OUTCOME_KIND__OUTCOME_KIND_UNSPECIFIED;
    correct.ref = cli_field(line->args[0]);
    correct.reason = cli_field(line_value(line, "reason"));
    correct.input = &in;
    enum status status = version_find(c, line, &command, &kind, f);
    if (status == STATUS_OK) {
        status = input_fill(c, line, kind, &in, f);
    }
    if (status == STATUS_OK) {
        status = files_send(c, line, &in, f);
    }
    return status == STATUS_OK ? outcome_run(c, &command, f) : status;
}

enum status
cmd_outcome_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__WithdrawOutcomeRequest withdraw = PB__WITHDRAW_OUTCOME_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.OutcomeService/WithdrawOutcome",
                                  .request = &withdraw.base};
    Pb__OutcomeKind kind = PB__OUTCOME_KIND__OUTCOME_KIND_UNSPECIFIED;
    withdraw.ref = cli_field(line->args[0]);
    withdraw.reason = cli_field(line_value(line, "reason"));
    enum status status = version_find(c, line, &command, &kind, f);
    return status == STATUS_OK ? outcome_run(c, &command, f) : status;
}

enum status
cmd_outcome_decide(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__DecideOutcomeRequest decide = PB__DECIDE_OUTCOME_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.OutcomeService/DecideOutcome",
                                  .request = &decide.base};
    Pb__OutcomeKind kind = PB__OUTCOME_KIND__OUTCOME_KIND_UNSPECIFIED;
    const char *verdict = line_value(line, "verdict");
    if (strcmp(verdict, "核实") == 0 || strcmp(verdict, "confirm") == 0) {
        decide.verdict = PB__VERDICT__ACCEPTED;
    } else if (!value_verdict(&c->arena, verdict, &decide.verdict) ||
               decide.verdict == PB__VERDICT__VERDICT_UNSPECIFIED) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_VERDICT",
                         "--verdict 请写“核实”或“退回”。");
    }
    decide.has_verdict = true;
    decide.ref = cli_field(line->args[0]);
    decide.reason = cli_field(line_value(line, "reason"));
    decide.reason_code = cli_field(line_value(line, "reason-code"));
    if (decide.reason != NULL && decide.reason_code == NULL) {
        decide.reason_code = cli_field("OTHER");
    }
    enum status status = version_find(c, line, &command, &kind, f);
    return status == STATUS_OK ? outcome_run(c, &command, f) : status;
}

/* ---- looking ---- */

enum status
view_outcomes(struct cli *c, Pb__Outcome *const *outcomes, size_t n, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"},
        {.title = "措施"},
        {.title = "牵头单位"},
        {.title = "类别"},
        {.title = "数量", .right = true},
        {.title = "内容", .clip = 40},
        {.title = "日期"},
        {.title = "状态"},
        {.title = "材料", .right = true},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < n; i++) {
        const Pb__Outcome *o = outcomes[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, o->ref);
        row[1] = cli_text(c, o->measure_ref);
        row[2] = cli_text(c, or_empty(o->unit));
        row[3] = cli_text(c, o->kind_zh);
        row[4] = cli_text(c, o->amount_text);
        row[5] = cli_text(c, o->title);
        row[6] = cli_text(c, o->happened_on);
        row[7] = cli_text(c, o->state_zh);
        row[8] = grid_number(&g, o->evidence_count);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_outcome_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListOutcomesRequest list = PB__LIST_OUTCOMES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    Pb__OutcomeKind kinds[OUTCOME_WORD_KINDS];
    const char *day = NULL;
    const char *kind = line_value(line, "kind");
    enum status status = cli_date_option(c, line, "as-of", &day, f);
    if (status == STATUS_OK && kind != NULL) {
        status = outcome_kinds_word(&c->arena, kind, kinds, &list.n_kinds, f);
        list.kinds = kinds;
    }
    if (status == STATUS_OK && line_value(line, "state") != NULL) {
        status = outcome_state_word(&c->arena, line_value(line, "state"), &list.state, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    list.as_of = cli_field(day);
    list.inspection = cli_field(line_value(line, "inspection"));
    list.unit = cli_field(line_value(line, "unit"));
    list.problem_ref = cli_field(line_value(line, "problem"));
    list.measure_ref = cli_field(line_value(line, "measure"));
    list.after = cli_field(line_value(line, "after"));
    status = cli_query(c, "rectify.v1.OutcomeService/ListOutcomes", &list.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__ListOutcomesReply *r = (const Pb__ListOutcomesReply *)message;
    status = view_outcomes(c, r->outcomes, r->n_outcomes, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        (void)fprintf(c->out, "%s 的情况，共 %zu 项%s\n", or_empty(r->as_of), r->n_outcomes,
                      r->more ? "，后面还有：加上 --after 和最后一个编号。" : "。");
    }
    return status;
}

enum status
cmd_outcome_show(struct cli *c, const struct line *line, struct fault *f)
{
    ProtobufCMessage *message = NULL;
    enum status status = outcome_read(c, line->args[0], &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetOutcomeReply *r = (const Pb__GetOutcomeReply *)message;
    const Pb__Outcome *o = r->outcome;
    if (c->format == CLI_CSV) {
        return view_outcomes(c, &r->outcome, 1, f);
    }
    (void)fprintf(c->out, "成效 %s  %s %s  %s（第 %" PRId64 " 版）\n", cli_text(c, o->ref),
                  cli_text(c, o->kind_zh), cli_text(c, o->amount_text), cli_text(c, o->state_zh),
                  o->version);
    view_field(c, "内容", o->title);
    view_field(c, "说明", o->text);
    view_field(c, "措施", o->measure_ref);
    view_field(c, "取得日期", o->happened_on);
    view_field(c, "牵头单位", o->unit_name != NULL ? o->unit_name : o->unit);
    view_field(c, "登记单位", o->recorded_by);
    view_field(c, "核实日期", o->confirmed_on);
    view_field(c, "理由", o->reason);
    for (size_t i = 0; i < r->n_evidence; i++) {
        view_field(c, "材料",
                   arena_printf(&c->arena, "%s  %s", or_empty(r->evidence[i]->name),
                                or_empty(r->evidence[i]->id)));
    }
    for (size_t i = 0; i < r->n_history; i++) {
        const Pb__HistoryEntry *h = r->history[i];
        view_field(c, value_time(&c->arena, h->recorded_at_ms),
                   arena_printf(&c->arena, "%s %s%s%s", or_empty(h->org),
                                value_command_zh(h->command), h->reason != NULL ? " " : "",
                                value_reason(&c->arena, h->reason)));
    }
    return STATUS_OK;
}

enum status
cmd_outcome_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetOutcomeRequest get = PB__GET_OUTCOME_REQUEST__INIT;
    get.ref = cli_field(line->args[0]);
    return view_allowed(c, line, "rectify.v1.OutcomeService/AllowedCommands", &get.base, f);
}

enum status
cmd_outcome_totals(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "牵头单位"},
        {.title = "类别"},
        {.title = "已核实", .right = true},
        {.title = "未核实", .right = true},
        {.title = "已核实/全部（件）", .right = true},
    };
    Pb__GetOutcomeTotalsRequest get = PB__GET_OUTCOME_TOTALS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *day = NULL;
    struct grid g;
    enum status status = cli_date_option(c, line, "as-of", &day, f);
    get.as_of = cli_field(day);
    get.inspection = cli_field(line_value(line, "inspection"));
    get.has_by_unit = get.by_unit = line_flag(line, "by-unit");
    if (status == STATUS_OK) {
        status = cli_query(c, "rectify.v1.OutcomeService/GetOutcomeTotals", &get.base, &message, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetOutcomeTotalsReply *r = (const Pb__GetOutcomeTotalsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_totals; i++) {
        const Pb__OutcomeTotal *t = r->totals[i];
        const char **row = grid_row(&g);
        const char *share = arena_printf(&c->arena, "%d/%d", t->confirmed, t->outcomes);
        row[0] = t->unit == NULL ? "合计" : cli_text(c, t->unit_name);
        row[1] = cli_text(c, t->kind_zh);
        row[2] = cli_text(c, t->confirmed_text);
        row[3] = cli_text(c, t->claimed_text);
        row[4] = or_empty(share);
    }
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "整改成效（范围：%s；%s 的情况；方案第 %d 版）\n",
                      cli_text(c, r->scope), cli_text(c, r->as_of), r->plan_version);
    }
    return grid_print(&g, c, f);
}
