#include "client/cli/audit.h"
#include "client/cli/cli.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/receipt_check.h"
#include "client/lib/state.h"
#include "proto/ledger/export.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

enum { HEADS_MAX = 64, HEAD_FILE_BYTES = 65536 };

enum status
audit_head_from_message(const Pb__SignedHead *message, struct ledger_head *ret_head,
                        struct fault *f)
{
    return receipt_head_read(message, message->tenant != NULL ? message->tenant : "", ret_head, f);
}

/* What the file is checked against. */
struct pins {
    struct ledger_public key;
    bool has_key;
    struct ledger_saved_head heads[HEADS_MAX];
    size_t count;
    bool own_head; /* the one head is what this machine has seen, not one the user named */
};

static void
pin_head(struct pins *pins, const struct ledger_head *head)
{
    if (pins->count < HEADS_MAX) {
        pins->heads[pins->count++] =
            (struct ledger_saved_head){.size = head->size, .root = head->root};
    }
}

/* Lines in the text form of heads, as `audit head` prints them. */
static enum status
heads_read(struct cli *c, const char *path, struct pins *pins, struct fault *f)
{
    char *text = NULL;
    size_t n = 0;
    enum status status = rectify_file_read(&c->arena, path, HEAD_FILE_BYTES, &text, &n, f);
    unsigned number = 1;
    for (char *line = text; status == STATUS_OK && line != NULL && *line != '\0'; number++) {
        struct ledger_head head;
        char *end = strchr(line, '\n');
        if (end != NULL) {
            *end = '\0';
        }
        line[strcspn(line, "\r")] = '\0';
        if (line[0] != '\0') {
            status = ledger_head_from_text(line, &head, f);
            if (status != STATUS_OK) {
                return fault_set(f, STATUS_INVALID_ARGUMENT, "HEAD_MALFORMED",
                                 "“%s”第 %u 行不是日志签名：要用 rectify audit head 的输出。", path,
                                 number);
            }
            pin_head(pins, &head);
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return status;
}

/* Key and heads: from the options; what is not said, from what this machine keeps. Works without
 * any profile. */
static enum status
pins_collect(struct cli *c, const struct line *line, struct pins *pins, struct fault *f)
{
    const char *key = line_value(line, "key");
    const char *path = NULL;
    struct fault ignored;
    enum status status = STATUS_OK;
    bool has_profile = cli_profile(c, &ignored) == STATUS_OK;
    if (key != NULL) {
        status = audit_key_read(c, key, &pins->key, f);
        pins->has_key = status == STATUS_OK;
    } else if (has_profile) {
        pins->has_key = rectify_state_ledger_load(c->profile.state, &pins->key, NULL) == STATUS_OK;
    }
    for (size_t i = 0; status == STATUS_OK && (path = line_value_at(line, "head", i)) != NULL;
         i++) {
        status = heads_read(c, path, pins, f);
    }
    struct ledger_head head;
    if (status == STATUS_OK && has_profile && !line_flag(line, "head") && key == NULL &&
        rectify_state_head_load(c->profile.state, &head, NULL) == STATUS_OK) {
        pin_head(pins, &head);
        pins->own_head = true;
    }
    return status;
}

static void
report_print_json(struct cli *c, const struct ledger_verify_report *r)
{
    json_t *object = json_pack(
        "{s:b,s:s,s:s,s:I,s:I,s:I,s:I,s:b,s:I}", "verified", r->fault.code == STATUS_OK, "reason",
        r->fault.reason, "message", r->fault.message, "leaves", (json_int_t)r->leaves, "bad_leaves",
        (json_int_t)r->bad_leaves, "heads", (json_int_t)r->heads, "tails", (json_int_t)r->tails,
        "pinned", r->pinned, "saved_heads_checked", (json_int_t)r->saved_checked);
    if (object != NULL && r->has_head) {
        char text[LEDGER_HEAD_TEXT_SIZE];
        ledger_head_to_text(&r->head, text);
        (void)json_object_set_new(object, "head", json_string(text));
    }
    if (object != NULL && r->line > 0) {
        (void)json_object_set_new(object, "line", json_integer((json_int_t)r->line));
    }
    if (object != NULL && r->has_leaf) {
        (void)json_object_set_new(object, "first_bad_leaf", json_integer((json_int_t)r->leaf_seq));
        (void)json_object_set_new(object, "first_bad_event", json_string(r->event_id));
    }
    (void)json_dumpf(object, c->out, JSON_INDENT(2));
    (void)fputc('\n', c->out);
    json_decref(object);
}

static void
report_print(struct cli *c, const struct ledger_verify_report *r)
{
    if (r->fault.code == STATUS_OK) {
        (void)fprintf(c->out, "核验通过：%" PRIu64 " 条日志完整、未被改动。\n", r->leaves);
        (void)fprintf(c->out, "签名时间 %s；%s；比对了 %zu 个先前保存的签名。\n",
                      value_time(&c->arena, r->head.time_ms),
                      r->pinned ? "公钥与本机保存的（或给出的）一致"
                                : "没有可比对的公钥，只说明文件自身前后一致（请用 --key 给出公钥）",
                      r->saved_checked);
        return;
    }
    (void)fputs("核验没有通过。\n", c->out);
    if (r->line > 0) {
        (void)fprintf(c->out, "位置：第 %" PRIu64 " 行\n", r->line);
    }
    if (r->has_leaf) {
        (void)fprintf(c->out, "第一条有问题的日志：序号 %" PRIu64 "，事件 %s\n", r->leaf_seq,
                      cli_text(c, r->event_id));
    }
    if (r->has_range) {
        (void)fprintf(c->out, "改动在序号 %" PRIu64 " 到 %" PRIu64 " 之间\n", r->first_seq,
                      r->last_seq);
    }
    if (r->leaves == 0) {
        return;
    }
    (void)fprintf(c->out, "共 %" PRIu64 " 条，有问题 %" PRIu64 " 条\n", r->leaves, r->bad_leaves);
}

static enum status
file_verify(const struct line *line, FILE *file, const struct pins *pins,
            struct ledger_verify_report *report)
{
    struct ledger_verify_options options = {.trusted = pins->has_key ? &pins->key : NULL,
                                            .tenant = line_value(line, "tenant"),
                                            .saved = pins->heads,
                                            .saved_count = pins->count};
    return ledger_export_verify(ledger_reader_file(file), &options, report);
}

enum status
cmd_audit_verify(struct cli *c, const struct line *line, struct fault *f)
{
    struct pins pins = {.count = 0};
    struct ledger_verify_report report;
    const char *path = line->args[0];
    enum status status = pins_collect(c, line, &pins, f);
    if (status != STATUS_OK) {
        return status;
    }
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return fault_set(f, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_PERMISSION_DENIED,
                         errno == ENOENT ? "FILE_MISSING" : "FILE_DENIED", "打不开“%s”：%s。", path,
                         rectify_errno_zh(errno));
    }
    status = file_verify(line, file, &pins, &report);
    if (pins.own_head && strcmp(report.fault.reason, "HISTORY_SHORTER") == 0) {
        /* This machine has seen more since: an older export is no fault. */
        pins.count = 0;
        rewind(file);
        status = file_verify(line, file, &pins, &report);
        (void)fputs("提醒：这份导出早于本机见过的最新签名，后来的日志不在其中。\n", c->err);
    }
    (void)fclose(file);
    if (status != STATUS_OK && f != NULL) {
        *f = report.fault;
    }
    if (c->format == CLI_JSON) {
        report_print_json(c, &report);
    } else {
        report_print(c, &report);
    }
    return status;
}
