#include "client/cli/handlers.h"
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
    status = cli_query(c, "rectify.v1.MeasureService/GetMeasure", &get.base, &message, f);
    if (status == STATUS_OK) {
        const Pb__GetMeasureReply *reply = (const Pb__GetMeasureReply *)message;
        if (reply->measure != NULL && reply->measure->has_version) {
            command->has_expected_version = true;
            command->expected_version = reply->measure->version;
        }
    }
    return status;
}

static enum status
measure_command(struct cli *c, const struct line *line, const char *method,
                const ProtobufCMessage *request, struct fault *f)
{
    struct cli_command command = {.method = method, .request = request};
    struct rectify_answer answer;
    enum status status = version_find(c, line, &command, f);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
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

/* Files: every --evidence, and what stands behind the reference. */
static enum status
files_send(struct cli *c, const struct line *line, const char *effective_on,
           Pb__ClaimRequest *claim, struct fault *f)
{
    const char *file = NULL;
    claim->evidence =
        arena_array(&c->arena, line->value_count + line->arg_count, sizeof *claim->evidence);
    if (claim->evidence == NULL) {
        return cli_memory_fault(f);
    }
    for (size_t i = 0; (file = line_value_at(line, "evidence", i)) != NULL; i++) {
        const char *id = NULL;
        enum status status = cli_evidence_send(c, file, effective_on, &id, f);
        if (status != STATUS_OK) {
            return status;
        }
        claim->evidence[claim->n_evidence++] = cli_field(id);
    }
    for (size_t i = 1; i < line->arg_count; i++) {
        const char *id = NULL;
        enum status status = cli_evidence_send(c, line->args[i], effective_on, &id, f);
        if (status != STATUS_OK) {
            return status;
        }
        claim->evidence[claim->n_evidence++] = cli_field(id);
    }
    return STATUS_OK;
}

static enum status
claim_give(struct cli *c, const struct line *line, const char *method, struct fault *f)
{
    Pb__ClaimRequest claim = PB__CLAIM_REQUEST__INIT;
    const char *date = NULL;
    enum status status = cli_date_option(c, line, "happened-on", &date, f);
    if (status != STATUS_OK) {
        return status;
    }
    claim.ref = cli_field(line->args[0]);
    claim.inspection = cli_field(line_value(line, "inspection"));
    claim.happened_on = cli_field(date);
    claim.narrative = cli_field(line_value(line, "text"));
    status = files_send(c, line, date, &claim, f);
    return status == STATUS_OK ? measure_command(c, line, method, &claim.base, f) : status;
}

enum status
cmd_claim_effect(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_give(c, line, "rectify.v1.MeasureService/ClaimEffect", f);
}

enum status
cmd_claim_complete(struct cli *c, const struct line *line, struct fault *f)
{
    return claim_give(c, line, "rectify.v1.MeasureService/ClaimComplete", f);
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
    return measure_command(c, line, method, &decide.base, f);
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
