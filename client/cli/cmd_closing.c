/* Commands on one measure or one problem on its way to closing. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/typed.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <inttypes.h>
#include <rectify/v1/sitting.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { REPORT_BYTES = 16384, FILES_MAX = 64 };

/* ---- what they share ---- */

/* The version decided on: the one named, else the one that stands. Also the problem's. */
static enum status
look(struct cli *c, const struct line *line, bool measure, struct cli_command *command,
     int64_t *ret_problem, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    Pb__GetProblemRequest problem = PB__GET_PROBLEM_REQUEST__INIT;
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    int64_t version = 0;
    char *inspection = cli_field(line_value(line, "inspection"));
    problem.ref = get.ref = cli_field(line->args[0]);
    problem.inspection = get.inspection = inspection;
    enum status status = cli_number_option(c, line, &spec, &command->has_expected_version,
                                           &command->expected_version, f);
    bool known = true;
    if (status == STATUS_OK && measure) {
        status = cli_query_if_known(c, "rectify.v1.MeasureService/GetMeasure", &get.base, &message,
                                    &known, f);
        const Pb__GetMeasureReply *m = (const Pb__GetMeasureReply *)message;
        if (status == STATUS_OK && known && m->measure != NULL) {
            version = m->measure->version;
            problem.ref = m->measure->problem_ref;
            problem.inspection = m->measure->inspection;
        }
    }
    if (status == STATUS_OK && (!measure || ret_problem != NULL)) {
        status = cli_query_if_known(c, "rectify.v1.ProblemService/GetProblem", &problem.base,
                                    &message, &known, f);
        const Pb__GetProblemReply *p = (const Pb__GetProblemReply *)message;
        int64_t seen = status == STATUS_OK && known && p->problem != NULL ? p->problem->version : 0;
        version = measure ? version : seen;
        if (ret_problem != NULL) {
            *ret_problem = seen;
        }
    }
    if (status == STATUS_OK && known && !command->has_expected_version) {
        command->has_expected_version = true;
        command->expected_version = version;
    }
    return status;
}

static enum status
measure_run(struct cli *c, const struct cli_command *command, struct fault *f)
{
    struct rectify_answer answer;
    enum status status = cli_command(c, command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Measure *m = (const Pb__Measure *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "措施 %s 现在是“%s”（第 %" PRId64 " 版）。\n", cli_text(c, m->ref),
                      cli_text(c, m->state_zh), m->version);
        view_field(c, "下次复查", m->next_check_on);
    }
    cli_receipt_print(c, &answer);
    return status;
}

static enum status
problem_run(struct cli *c, const struct cli_command *command, struct fault *f)
{
    struct rectify_answer answer;
    enum status status = cli_command(c, command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Problem *p = (const Pb__Problem *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "问题 %s 现在是“%s”（第 %" PRId64 " 版）。\n", cli_text(c, p->ref),
                      cli_text(c, p->state_zh), p->version);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* A word of a list, Chinese or English; -1 for none. */
static int
word_find(const char *const (*words)[2], size_t count, const char *text)
{
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcasecmp(words[i][0], text) == 0 || strcmp(words[i][1], text) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static enum status
ground_option(const struct line *line, protobuf_c_boolean *ret_has, Pb__ReopenGround *ret_ground,
              struct fault *f)
{
    static const char *const grounds[][2] = {{"RELAPSE", "反弹"},
                                             {"WRONG_CONFIRM", "认定有误"},
                                             {"TIP", "举报"},
                                             {"SPOT_CHECK", "督查"}};
    const char *text = line_value(line, "ground");
    int at = word_find(grounds, 4, text);
    if (text != NULL && at < 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_GROUND",
                         "--ground 的“%s”不对：写 反弹、认定有误、举报 或 督查。", text);
    }
    *ret_has = at >= 0;
    *ret_ground = (Pb__ReopenGround)(at + 1);
    return STATUS_OK;
}

/* Arguments from the second on, as one text. */
static const char *
rest_join(struct cli *c, const struct line *line)
{
    const char *text = line->args[1];
    for (size_t i = 2; text != NULL && i < line->arg_count; i++) {
        text = arena_printf(&c->arena, "%s %s", text, line->args[i]);
    }
    return text;
}

/* ---- measures ---- */

enum status
cmd_measure_object(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ObjectRequest r = PB__OBJECT_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.MeasureService/Object", .request = &r.base};
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.reason = cli_field(rest_join(c, line));
    enum status status = look(c, line, true, &command, NULL, f);
    return status == STATUS_OK ? measure_run(c, &command, f) : status;
}

enum status
cmd_measure_endorse(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__EndorseRequest r = PB__ENDORSE_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.MeasureService/Endorse",
                                  .request = &r.base};
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.opinion = cli_field(line_value(line, "opinion"));
    enum status status = look(c, line, true, &command, NULL, f);
    return status == STATUS_OK ? measure_run(c, &command, f) : status;
}

static enum status
check_as(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__CheckRequest r = PB__CHECK_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &r.base};
    const char *next = NULL;
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.note = cli_field(line_value(line, "note"));
    enum status status = cli_date_option(c, line, "next-check", &next, f);
    r.next_check_on = cli_field(next);
    if (status == STATUS_OK) {
        status = look(c, line, true, &command, NULL, f);
    }
    return status == STATUS_OK ? measure_run(c, &command, f) : status;
}

enum status
cmd_measure_check_ok(struct cli *c, const struct line *line, struct fault *f)
{
    return check_as(c, line, "rectify.v1.MeasureService/CheckOk", f);
}

enum status
cmd_measure_finish(struct cli *c, const struct line *line, struct fault *f)
{
    return check_as(c, line, "rectify.v1.MeasureService/FinishSustaining", f);
}

static enum status
reopen_as(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__ReopenRequest r = PB__REOPEN_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &r.base};
    const char *effect = NULL;
    const char *complete = NULL;
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.reason = cli_field(line_value(line, "reason"));
    enum status status = ground_option(line, &r.has_ground, &r.ground, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "effect-due", &effect, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "complete-due", &complete, f);
    }
    if (status == STATUS_OK) {
        status = look(c, line, true, &command, &r.problem_version, f);
    }
    r.has_problem_version = 1;
    r.effect_due = cli_field(effect);
    r.complete_due = cli_field(complete);
    return status == STATUS_OK ? measure_run(c, &command, f) : status;
}

enum status
cmd_measure_fail(struct cli *c, const struct line *line, struct fault *f)
{
    return reopen_as(c, line, "rectify.v1.MeasureService/FailCheck", f);
}

enum status
cmd_measure_reopen(struct cli *c, const struct line *line, struct fault *f)
{
    return reopen_as(c, line, "rectify.v1.MeasureService/Reopen", f);
}

/* ---- problems ---- */

static bool
ends_with(const char *text, const char *ending)
{
    size_t n = strlen(text);
    size_t m = strlen(ending);
    return n > m && strcasecmp(text + n - m, ending) == 0;
}

/* The report's text: what is written, what a text file holds, or a word about the attached file. */
static enum status
report_take(struct cli *c, const char *text, Pb__ApplyCloseRequest *r, char **files,
            struct fault *f)
{
    const char *id = NULL;
    if (!rectify_file_exists(text)) {
        r->report = cli_field(text);
        return STATUS_OK;
    }
    if (ends_with(text, ".txt") || ends_with(text, ".md")) {
        char *bytes = NULL;
        size_t size = 0;
        enum status s = rectify_file_read(&c->arena, text, REPORT_BYTES, &bytes, &size, f);
        r->report = bytes;
        return s;
    }
    enum status status = cli_evidence_send(c, text, NULL, &id, f);
    const char *slash = strrchr(text, '/');
    r->report = arena_printf(&c->arena, "整改报告见附件：%s", slash == NULL ? text : slash + 1);
    if (status == STATUS_OK) {
        files[r->n_evidence++] = cli_field(id);
    }
    return status == STATUS_OK && r->report == NULL ? fault_memory(f) : status;
}

enum status
cmd_problem_apply(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ApplyCloseRequest r = PB__APPLY_CLOSE_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.ProblemService/ApplyClose",
                                  .request = &r.base};
    char *files[FILES_MAX];
    const char *file = NULL;
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.lessons = cli_field(line_value(line, "extend"));
    r.evidence = files;
    enum status status = look(c, line, false, &command, NULL, f);
    if (status == STATUS_OK) {
        status = report_take(c, line_value(line, "report"), &r, files, f);
    }
    for (size_t i = 0; status == STATUS_OK && r.n_evidence < FILES_MAX &&
                       (file = line_value_at(line, "evidence", i)) != NULL;
         i++) {
        const char *id = NULL;
        status = cli_evidence_send(c, file, NULL, &id, f);
        files[r.n_evidence++] = cli_field(id);
    }
    return status == STATUS_OK ? problem_run(c, &command, f) : status;
}

static enum status
decide_as(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__DecideProblemRequest r = PB__DECIDE_PROBLEM_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &r.base};
    const char *code = line_value(line, "reason-code");
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.reason = cli_field(line_value(line, "reason"));
    r.reason_code = cli_field(code != NULL ? code : "OTHER");
    enum status status = look(c, line, false, &command, NULL, f);
    return status == STATUS_OK ? problem_run(c, &command, f) : status;
}

enum status
cmd_problem_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    return decide_as(c, line, "rectify.v1.ProblemService/WithdrawClose", f);
}

enum status
cmd_problem_return(struct cli *c, const struct line *line, struct fault *f)
{
    return decide_as(c, line, "rectify.v1.ProblemService/ReturnClose", f);
}

enum status
cmd_problem_forward(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ForwardCloseRequest r = PB__FORWARD_CLOSE_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.ProblemService/ForwardClose",
                                  .request = &r.base};
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.group_opinion = cli_field(line_value(line, "opinion"));
    enum status status = look(c, line, false, &command, NULL, f);
    return status == STATUS_OK ? problem_run(c, &command, f) : status;
}

enum status
cmd_problem_reopen(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ReopenProblemRequest r = PB__REOPEN_PROBLEM_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.ProblemService/ReopenProblem",
                                  .request = &r.base};
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.reason = cli_field(line_value(line, "reason"));
    enum status status = ground_option(line, &r.has_ground, &r.ground, f);
    if (status == STATUS_OK) {
        status = look(c, line, false, &command, NULL, f);
    }
    return status == STATUS_OK ? problem_run(c, &command, f) : status;
}

enum status
cmd_problem_register(struct cli *c, const struct line *line, struct fault *f)
{
    static const char *const origins[][2] = {{"SELF", "自查"},
                                             {"AFTER", "反馈后"},
                                             {"SUPERVISION", "督查"},
                                             {"PUBLIC", "群众"},
                                             {"OTHER_INSPECTION", "移交"}};
    static const struct cli_number item = {"item", 1, 9999};
    Pb__RegisterProblemRequest r = PB__REGISTER_PROBLEM_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.ProblemService/RegisterProblem",
                                  .request = &r.base};
    const char *origin = line_value(line, "origin");
    int at = word_find(origins, 5, origin);
    int64_t number = 0;
    bool has = false;
    enum status status = cli_number_option(c, line, &item, &has, &number, f);
    if (status != STATUS_OK) {
        return status;
    }
    r.inspection = cli_field(line_value(line, "inspection"));
    r.title = cli_field(line->args[0]);
    r.origin = cli_field(at >= 0 ? origins[at][0] : origin);
    r.lead_unit = cli_field(line_value(line, "unit"));
    r.special_group = cli_field(line_value(line, "group"));
    r.note = cli_field(line_value(line, "note"));
    r.has_item_no = has;
    r.item_no = (int32_t)number;
    return problem_run(c, &command, f);
}

enum status
cmd_problem_edit(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__EditProblemRequest r = PB__EDIT_PROBLEM_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.ProblemService/EditProblem",
                                  .request = &r.base};
    r.ref = cli_field(line->args[0]);
    r.inspection = cli_field(line_value(line, "inspection"));
    r.title = cli_field(line_value(line, "title"));
    r.lead_unit = cli_field(line_value(line, "unit"));
    r.special_group = cli_field(line_value(line, "group"));
    r.note = cli_field(line_value(line, "note"));
    enum status status = look(c, line, false, &command, NULL, f);
    return status == STATUS_OK ? problem_run(c, &command, f) : status;
}

/* ---- what may be done ---- */

enum status
cmd_problem_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetProblemRequest get = PB__GET_PROBLEM_REQUEST__INIT;
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    return view_allowed(c, line, "rectify.v1.ProblemService/AllowedCommands", &get.base, f);
}

enum status
cmd_sitting_allowed(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetSittingRequest get = PB__GET_SITTING_REQUEST__INIT;
    get.ref = cli_field(line->args[0]);
    return view_allowed(c, line, "rectify.v1.SittingService/AllowedCommands", &get.base, f);
}
