/* What was kept of the log on this machine: receipts to verify, heads to have proven. */
#include "client/cli/audit.h"
#include "client/cli/cli.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/receipt_check.h"
#include "client/lib/state.h"
#include "proto/ledger/receipt.h"

#include <inttypes.h>
#include <jansson.h>
#include <rectify/v1/audit.pb-c.h>
#include <string.h>

enum { RECEIPT_FILE_BYTES = 4 << 20, KEY_FILE_BYTES = 4096, KEPT_PATH_SIZE = 4200 };

enum status
audit_key_read(struct cli *c, const char *text_or_path, struct ledger_public *ret_key,
               struct fault *f)
{
    char *text = NULL;
    size_t n = 0;
    if (!rectify_file_exists(text_or_path)) {
        return ledger_public_from_text(text_or_path, ret_key, f);
    }
    enum status status = rectify_file_read(&c->arena, text_or_path, KEY_FILE_BYTES, &text, &n, f);
    if (status != STATUS_OK) {
        return status;
    }
    text[strcspn(text, "\r\n")] = '\0';
    return ledger_public_from_text(text, ret_key, f);
}

/* Verifying needs no server and no profile, but a key: from the option, or this machine's. */
static enum status
key_get(struct cli *c, const struct line *line, struct ledger_public *ret_key, struct fault *f)
{
    struct fault ignored;
    const char *key = line_value(line, "key");
    if (key != NULL) {
        return audit_key_read(c, key, ret_key, f);
    }
    if (cli_profile(c, &ignored) == STATUS_OK &&
        rectify_state_ledger_load(c->profile.state, ret_key, NULL) == STATUS_OK) {
        return STATUS_OK;
    }
    return fault_set(f, STATUS_FAILED_PRECONDITION, "LEDGER_KEY_UNKNOWN",
                     "本机没有保存日志的公钥：请用 --key 写明。");
}

enum status
audit_receipt_line(struct cli *c, const Pb__Receipt *message, const char **ret_line,
                   struct fault *f)
{
    struct ledger_receipt receipt;
    struct ledger_receipt_proof proof;
    char text[LEDGER_RECEIPT_TEXT_SIZE];
    enum status status = receipt_read(message, &receipt, &proof, f);
    if (status != STATUS_OK) {
        return status;
    }
    ledger_receipt_to_text(&receipt, &proof, text);
    *ret_line = arena_strdup(&c->arena, text);
    return *ret_line != NULL ? STATUS_OK : fault_memory(f);
}

/* Does the event of the receipt stand in the log, with that hash? Asks the server. */
static enum status
inclusion_check(struct cli *c, const struct ledger_receipt *r, const struct ledger_public *key,
                uint64_t *ret_seq, struct fault *f)
{
    Pb__GetInclusionRequest request = PB__GET_INCLUSION_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct ledger_head head;
    struct merkle_proof proof = {.count = 0};
    request.event_id = cli_field(r->event_id);
    enum status status =
        cli_query(c, "rectify.v1.LogService/GetInclusion", &request.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__GetInclusionReply *reply = (const Pb__GetInclusionReply *)message;
    bool good = reply->head != NULL && reply->seq > 0 && reply->n_hashes <= MERKLE_PROOF_MAX;
    if (good) {
        status = audit_head_from_message(reply->head, &head, f);
    }
    if (good && status == STATUS_OK) {
        status = ledger_head_verify(&head, key, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; good && i < reply->n_hashes; i++) {
        good = reply->hashes[i].len == MERKLE_HASH_BYTES;
        if (good) {
            memcpy(proof.hashes[proof.count++].bytes, reply->hashes[i].data, MERKLE_HASH_BYTES);
        }
    }
    if (!good || !merkle_inclusion_verify(&r->leaf, (uint64_t)reply->seq - 1, head.size, &proof,
                                          &head.root)) {
        return fault_set(f, STATUS_DATA_LOSS, "RECEIPT_NOT_IN_LOG",
                         "回执 %s 所说的事件不在服务器现在的日志里：请告知管理员和审计人员，并保留"
                         "这份回执。",
                         r->number);
    }
    *ret_seq = (uint64_t)reply->seq;
    return rectify_channel_head_check(c->channel, reply->head, f);
}

static void
receipt_print(struct cli *c, const struct ledger_receipt *r, uint64_t seq)
{
    if (c->format == CLI_JSON) {
        json_t *o = json_pack("{s:b,s:s,s:s,s:s,s:s,s:I}", "verified", 1, "tenant", r->tenant,
                              "number", r->number, "key", r->key, "event", r->event_id,
                              "recorded_at_ms", (json_int_t)r->recorded_at_ms);
        if (o != NULL && seq > 0) {
            (void)json_object_set_new(o, "seq", json_integer((json_int_t)seq));
        }
        (void)json_dumpf(o, c->out, JSON_COMPACT);
        (void)fputc('\n', c->out);
        json_decref(o);
        return;
    }
    (void)fprintf(c->out, "核验通过：回执 %s，%s 收件，办理编号 %s，事件 %s。\n", r->number,
                  value_time(&c->arena, r->recorded_at_ms), r->key, r->event_id);
    if (seq > 0) {
        (void)fprintf(c->out, "在服务器的日志里，序号 %" PRIu64 "。\n", seq);
    }
}

static enum status
receipt_verify(struct cli *c, const struct line *line, const char *text,
               const struct ledger_public *key, struct fault *f)
{
    struct ledger_receipt r;
    struct ledger_receipt_proof proof;
    uint64_t seq = 0;
    enum status status = ledger_receipt_from_text(text, &r, &proof, f);
    if (status == STATUS_OK) {
        status = ledger_receipt_verify(&r, &proof, key, f);
    }
    if (status == STATUS_OK && line_flag(line, "online")) {
        status = inclusion_check(c, &r, key, &seq, f);
    }
    if (status == STATUS_OK) {
        receipt_print(c, &r, seq);
    }
    return status;
}

enum status
cmd_audit_receipt(struct cli *c, const struct line *line, struct fault *f)
{
    struct ledger_public key;
    char *text = NULL;
    size_t n = 0;
    enum status status = key_get(c, line, &key, f);
    if (status == STATUS_OK) {
        status = rectify_file_read(&c->arena, line->args[0], RECEIPT_FILE_BYTES, &text, &n, f);
    }
    while (status == STATUS_OK && *text != '\0') {
        size_t length = strcspn(text, "\n");
        char *next = text + length + (text[length] == '\n' ? 1 : 0);
        text[length] = '\0';
        text[strcspn(text, "\r")] = '\0';
        if (*text != '\0') {
            status = receipt_verify(c, line, text, &key, f);
        }
        text = next;
    }
    return status;
}

enum status
cmd_audit_check(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_proven proven = {.at_ms = 0};
    int64_t since = 0;
    (void)line;
    enum status status = cli_channel(c, f);
    if (status == STATUS_OK) {
        status = rectify_heads_verify(c->channel, f);
    }
    if (status == STATUS_OK) {
        status = rectify_state_proven_load(c->profile.state, &proven, f);
    }
    if (status == STATUS_NOT_FOUND) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "LOG_UNPROVEN",
                         "还没有可核对的日志签名：服务器没有日志密钥、版本较旧，或还没有封存。");
    }
    if (status != STATUS_OK) {
        return status;
    }
    (void)fprintf(c->out, "日志只增不改：%" PRIu64 " 条，签名时间 %s。\n", proven.head.size,
                  value_time(&c->arena, proven.head.time_ms));
    if (rectify_channel_restored(c->channel, &since)) {
        (void)fprintf(
            c->out,
            "服务器恢复到了较早的时间（有恢复声明）：%s 以后收件的内容会用原编号再报一次。\n",
            value_time(&c->arena, since));
    }
    return STATUS_OK;
}

enum status
cmd_audit_reset(struct cli *c, const struct line *line, struct fault *f)
{
    char kept[KEPT_PATH_SIZE];
    (void)line;
    enum status status = cli_profile(c, f);
    if (status == STATUS_OK) {
        status = rectify_heads_reset(c->profile.state, kept, sizeof kept, f);
    }
    if (status == STATUS_OK) {
        (void)fprintf(c->out,
                      "已重新认定服务器的日志；先前的签名留作证据，移到“%s”，请交给审计人员。\n",
                      kept);
    }
    return status;
}
