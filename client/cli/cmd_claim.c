#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"

#include <inttypes.h>
#include <string.h>

/* The version the caller decided on: the one he names, else the one that stands now. */
static enum status
version_find(struct cli *c, const struct line *line, struct cli_command *command, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status status = cli_number_option(c, line, &spec, &command->has_expected_version,
                                           &command->expected_version, f);
    if (status != STATUS_OK || command->has_expected_version) {
        return status;
    }
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    bool known = false;
    status = cli_query_if_known(c, "rectify.v1.MeasureService/GetMeasure", &get.base, &message,
                                &known, f);
    if (status == STATUS_OK && known) {
        const Pb__GetMeasureReply *reply = (const Pb__GetMeasureReply *)message;
        if (reply->measure != NULL && reply->measure->has_version) {
            command->has_expected_version = true;
            command->expected_version = reply->measure->version;
        }
    }
    return status;
}

static enum status
measure_command(struct cli *c, const struct line *line, struct cli_command *command,
                struct fault *f)
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
        (void)fprintf(c->out, "%s 现在是“%s”（第 %" PRId64 " 版）。\n",
                      cli_text(c, m->ref != NULL ? m->ref : line->args[0]),
                      cli_text(c, m->state_zh != NULL ? m->state_zh : m->state), m->version);
    }
    cli_receipt_print(c, &answer);
    return status;
}

/* May the claim be given at all, and on that version? Asked before files are sent, which may take
 * long. What depends on the files is for the server to judge. */
static enum status
claim_look(struct cli *c, const struct line *line, const char *command_name,
           const struct cli_command *command, struct fault *f)
{
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    if (c->key != NULL) {
        return STATUS_OK; /* it may have been done already: the server knows */
    }
    get.ref = cli_field(line->args[0]);
    get.inspection = cli_field(line_value(line, "inspection"));
    bool known = false;
    enum status status = cli_query_if_known(c, "rectify.v1.MeasureService/AllowedCommands",
                                            &get.base, &message, &known, f);
    if (status != STATUS_OK || !known) {
        return status;
    }
    const Pb__AllowedCommandsReply *reply = (const Pb__AllowedCommandsReply *)message;
    if (command->has_expected_version && reply->has_version &&
        reply->version != command->expected_version) {
        return fault_stale(f, command->expected_version, reply->version);
    }
    for (size_t i = 0; i < reply->n_commands; i++) {
        const Pb__AllowedCommand *one = reply->commands[i];
        if (one->command != NULL && strcmp(one->command, command_name) == 0 && !one->allowed &&
            one->reason != NULL && strcmp(one->reason, "STATE_FORBIDS") == 0) {
            return fault_set(f, STATUS_FAILED_PRECONDITION, "STATE_FORBIDS",
                             "措施 %s 现在是“%s”，不能%s。", line->args[0],
                             value_measure_state_zh(reply->state), value_command_zh(command_name));
        }
    }
    return STATUS_OK;
}

/* The index-th file: every --evidence, and what stands behind the reference. */
static const char *
file_at(const struct line *line, size_t index)
{
    size_t options = 0;
    while (line_value_at(line, "evidence", options) != NULL) {
        options++;
    }
    if (index < options) {
        return line_value_at(line, "evidence", index);
    }
    size_t arg = index - options + 1;
    return arg < line->arg_count ? line->args[arg] : NULL;
}

static enum status
files_look(struct cli *c, const struct line *line, struct fault *f)
{
    const char *file = NULL;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && (file = file_at(line, i)) != NULL; i++) {
        status = cli_evidence_look(c, file, f);
    }
    return status;
}

static enum status
files_send(struct cli *c, const struct line *line, Pb__ClaimRequest *claim, struct fault *f)
{
    const char *file = NULL;
    claim->evidence =
        arena_array(&c->arena, line->value_count + line->arg_count, sizeof *claim->evidence);
    if (claim->evidence == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; (file = file_at(line, i)) != NULL; i++) {
        const char *id = NULL;
        enum status status = cli_evidence_send(c, file, claim->happened_on, &id, f);
        if (status != STATUS_OK) {
            return status;
        }
        claim->evidence[claim->n_evidence++] = cli_field(id);
    }
    return STATUS_OK;
}

static enum status
claim_give(struct cli *c, const struct line *line, const char *method, const char *name,
           struct fault *f)
{
    Pb__ClaimRequest claim = PB__CLAIM_REQUEST__INIT;
    struct cli_command command = {.method = method, .request = &claim.base};
    const char *date = NULL;
    enum status status = cli_date_option(c, line, "happened-on", &date, f);
    if (status == STATUS_OK) {
        status = files_look(c, line, f);
    }
    if (status == STATUS_OK) {
        status = version_find(c, line, &command, f);
    }
    if (status == STATUS_OK && file_at(line, 0) != NULL) {
        status = claim_look(c, line, name, &command, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    claim.ref = cli_field(line->args[0]);
    claim.inspection = cli_field(line_value(line, "inspection"));
    claim.happened_on = cli_field(date);
    claim.narrative = cli_field(line_value(line, "text"));
    status = files_send(c, line, &claim, f);
    return status == STATUS_OK ? measure_command(c, line, &command, f) : status;
}

enum status
cmd_claim_effect(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_give(c, line, "rectify.v1.MeasureService/ClaimEffect", "claim_effect", f);
}

enum status
cmd_claim_complete(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_give(c, line, "rectify.v1.MeasureService/ClaimComplete", "claim_complete", f);
}

static enum status
claim_decide(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__DecideClaimRequest decide = PB__DECIDE_CLAIM_REQUEST__INIT;
    const char *next = NULL;
    enum status status = cli_date_option(c, line, "next-check", &next, f);
    if (status != STATUS_OK) {
        return status;
    }
    decide.ref = cli_field(line->args[0]);
    decide.inspection = cli_field(line_value(line, "inspection"));
    decide.reason = cli_field(line_value(line, "reason"));
    decide.reason_code = cli_field(line_value(line, "reason-code"));
    if (decide.reason != NULL && decide.reason_code == NULL) {
        decide.reason_code = cli_field("OTHER");
    }
    decide.next_check_on = cli_field(next);
    struct cli_command command = {.method = method, .request = &decide.base};
    status = version_find(c, line, &command, f);
    return status == STATUS_OK ? measure_command(c, line, &command, f) : status;
}

enum status
cmd_claim_withdraw(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_decide(c, line, "rectify.v1.MeasureService/WithdrawClaim", f);
}

enum status
cmd_claim_confirm(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_decide(c, line, "rectify.v1.MeasureService/ConfirmClaim", f);
}

enum status
cmd_claim_return(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_decide(c, line, "rectify.v1.MeasureService/ReturnClaim", f);
}
