/* What became of a command (GetOperation), by its key. */
#include "client/cli/audit.h"
#include "client/cli/cli.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/receipt_check.h"
#include "client/lib/state.h"

#include <rectify/v1/operation.pb-c.h>
#include <string.h>

static const char *const verdicts_zh[] = {"", "", "待审核", "审核通过", "退回"};

/* A receipt must be for the key that was asked about. */
static enum status
receipts_check(struct cli *c, const Pb__GetOperationReply *reply, struct fault *f)
{
    struct ledger_public key;
    bool has_key = rectify_state_ledger_load(c->profile.state, &key, NULL) == STATUS_OK;
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < reply->n_operations; i++) {
        const Pb__Operation *o = reply->operations[i];
        const struct receipt_claim claim = {.tenant = c->profile.tenant,
                                            .key = o->key == NULL ? "" : o->key,
                                            .ledger = has_key ? &key : NULL};
        if (o->receipt != NULL) {
            status = receipt_check(o->receipt, &claim, f);
        }
    }
    return status;
}

static void
operation_print(struct cli *c, const Pb__Operation *o)
{
    (void)fprintf(c->out, "%s  %s\n", cli_text(c, o->key), cli_text(c, o->line));
    if (o->state != PB__OPERATION_STATE__OPERATION_RECORDED) {
        return;
    }
    (void)fprintf(c->out, "  办理：%s，%s\n", cli_text(c, o->method),
                  value_time(&c->arena, o->recorded_at_ms));
    if (o->acting_as != NULL) {
        (void)fprintf(c->out, "  代办：%s\n", cli_text(c, o->acting_as));
    }
    if (o->status != NULL && o->status->code != STATUS_OK) {
        (void)fprintf(c->out, "  结果：%s（%s）\n", cli_text(c, o->status->message),
                      cli_text(c, o->status->reason));
    }
    if (o->receipt != NULL) {
        (void)fprintf(c->out, "  回执：%s%s\n", cli_text(c, o->receipt->number),
                      o->receipt->has_signature ? "（有签名）" : "（无签名）");
    }
    size_t known = sizeof verdicts_zh / sizeof verdicts_zh[0];
    const char *verdict =
        o->verdict >= 0 && (size_t)o->verdict < known ? verdicts_zh[o->verdict] : "";
    if (verdict[0] != '\0') {
        bool more = o->verdict_line != NULL && strcmp(o->verdict_line, verdict) != 0;
        (void)fprintf(c->out, "  审核：%s%s%s%s\n", verdict, more ? "（" : "",
                      more ? cli_text(c, o->verdict_line) : "", more ? "）" : "");
    }
}

/* The signed receipts, a line each, as `rectify audit receipt` reads them. */
static enum status
receipts_save(struct cli *c, const Pb__GetOperationReply *reply, const char *path, struct fault *f)
{
    struct rectify_file file;
    size_t count = 0;
    enum status status = rectify_file_begin(path, 0640, &file, f);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; status == STATUS_OK && i < reply->n_operations; i++) {
        const char *text = NULL;
        if (reply->operations[i]->receipt == NULL) {
            continue;
        }
        status = audit_receipt_line(c, reply->operations[i]->receipt, &text, f);
        if (status == STATUS_OK) {
            (void)fprintf(file.stream, "%s\n", text);
            count++;
        }
    }
    if (status == STATUS_OK && count == 0) {
        status = fault_set(f, STATUS_FAILED_PRECONDITION, "RECEIPT_NONE",
                           "这些办理都没有回执，没有可保存的内容。");
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status == STATUS_OK) {
        (void)fprintf(c->err, "已保存 %zu 份回执到“%s”。核验：rectify audit receipt %s\n", count,
                      path, path);
    }
    return status;
}

enum status
cmd_operation(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetOperationRequest request = PB__GET_OPERATION_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    char **keys = arena_array(&c->arena, line->arg_count, sizeof *keys);
    if (keys == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; i < line->arg_count; i++) {
        keys[i] = cli_field(line->args[i]);
    }
    request.keys = keys;
    request.n_keys = line->arg_count;
    enum status status =
        cli_query(c, "rectify.v1.OperationService/GetOperation", &request.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetOperationReply *reply = (const Pb__GetOperationReply *)message;
    status = receipts_check(c, reply, f);
    if (status == STATUS_OK && line_flag(line, "receipt")) {
        status = receipts_save(c, reply, line_value(line, "receipt"), f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    for (size_t i = 0; i < reply->n_operations; i++) {
        operation_print(c, reply->operations[i]);
    }
    return STATUS_OK;
}
