/* Commands on the outbox itself. */
#include "client/cli/audit.h"
#include "client/cli/exit_code.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/queue.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "proto/base/now.h"
#include "proto/rpc/json.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

#define DAY_MS ((int64_t)24 * 3600 * 1000)
enum { SHOWN_DAYS = 7, VERDICTS_MAX = 200 };

static const char *
state_name(const struct rectify_item *item)
{
    static const char *const names[] = {
        [RECTIFY_ITEM_QUEUED] = "QUEUED",     [RECTIFY_ITEM_SENT] = "SENT",
        [RECTIFY_ITEM_RECEIVED] = "RECEIVED", [RECTIFY_ITEM_ATTENTION] = "ATTENTION",
        [RECTIFY_ITEM_DROPPED] = "DROPPED",
    };
    return names[item->state];
}

static const char *
verdict_name(const struct rectify_item *item)
{
    static const char *const names[] = {
        [RECTIFY_VERDICT_NONE] = "NONE",
        [RECTIFY_VERDICT_WAITING] = "WAITING",
        [RECTIFY_VERDICT_ACCEPTED] = "ACCEPTED",
        [RECTIFY_VERDICT_RETURNED] = "RETURNED",
    };
    return names[item->verdict];
}

static json_t *
item_json(const struct rectify_item *item)
{
    return json_pack("{s:I,s:s,s:s,s:s,s:s,s:s,s:s*,s:s*,s:I,s:I,s:I,s:i,s:i,s:s*,s:s*,s:s*,s:I}",
                     "number", (json_int_t)item->number, "key", item->key, "state",
                     state_name(item), "verdict", verdict_name(item), "method", item->method,
                     "title", item->title, "on_behalf_of", item->on_behalf_of, "account",
                     item->account, "queued_at_ms", (json_int_t)item->queued_at_ms, "sent_at_ms",
                     (json_int_t)item->sent_at_ms, "settled_at_ms", (json_int_t)item->settled_at_ms,
                     "attempts", (int)item->attempts, "files", (int)item->file_count, "reason",
                     item->reason, "message", item->message, "receipt", item->receipt_number,
                     "recorded_at_ms", (json_int_t)item->recorded_at_ms);
}

static enum status
json_put(struct cli *c, json_t *value, struct fault *f)
{
    bool done = value != NULL && json_dumpf(value, c->out, JSON_INDENT(2)) == 0;
    json_decref(value);
    if (!done) {
        return fault_memory(f);
    }
    (void)fputc('\n', c->out);
    return STATUS_OK;
}

/* The first line of a message of several. */
static const char *
first_line(struct cli *c, const char *text)
{
    return text != NULL ? arena_strndup(&c->arena, text, strcspn(text, "\n")) : NULL;
}

/* ---- list ---- */

/* Asks what became of those that are judged, when the server answers soon. */
static void
verdicts_ask(struct cli *c)
{
    struct fault ignored; /* what is known is shown */
    if (c->offline_flag || cli_channel(c, &ignored) != STATUS_OK) {
        return;
    }
    rectify_channel_deadline_set(c->channel, QUEUE_QUESTION_MS);
    (void)!rectify_outbox_verdicts(c->outbox, c->channel, VERDICTS_MAX, NULL, &ignored);
    rectify_channel_deadline_set(c->channel, c->deadline_ms);
    cli_progress_clear(c);
}

static bool
is_waiting_for_verdict(const struct rectify_item *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (items[i].state == RECTIFY_ITEM_RECEIVED &&
            items[i].verdict == RECTIFY_VERDICT_WAITING) {
            return true;
        }
    }
    return false;
}

/* Without --all: what waits or needs somebody, and what was settled in the last days. */
static bool
is_shown(const struct rectify_item *item, bool all)
{
    switch (item->state) {
    case RECTIFY_ITEM_RECEIVED:
        return all || item->verdict == RECTIFY_VERDICT_RETURNED ||
               item->settled_at_ms > now_wall_ms() - SHOWN_DAYS * DAY_MS;
    case RECTIFY_ITEM_DROPPED:
        return all;
    default:
        return true;
    }
}

static enum status
items_list(struct cli *c, struct rectify_item **ret_items, size_t *ret_count, struct fault *f)
{
    struct rectify_outbox_filter filter = {.archived = true};
    enum status status =
        rectify_outbox_list(c->outbox, &c->arena, &filter, ret_items, ret_count, f);
    if (status == STATUS_OK && is_waiting_for_verdict(*ret_items, *ret_count)) {
        verdicts_ask(c);
        status = rectify_outbox_list(c->outbox, &c->arena, &filter, ret_items, ret_count, f);
    }
    return status;
}

static enum status
list_json(struct cli *c, const struct rectify_item *items, size_t count, bool all, struct fault *f)
{
    struct rectify_outbox_counts counts;
    enum status status = rectify_outbox_counts_get(c->outbox, &counts, f);
    if (status != STATUS_OK) {
        return status;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (is_shown(&items[i], all)) {
            (void)json_array_append_new(list, item_json(&items[i]));
        }
    }
    return json_put(c,
                    json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "items", list, "queued",
                              (json_int_t)counts.queued, "sent", (json_int_t)counts.sent,
                              "attention", (json_int_t)counts.attention, "received",
                              (json_int_t)counts.received, "oldest_at_ms",
                              (json_int_t)counts.oldest_at_ms, "waiting_bytes",
                              (json_int_t)counts.waiting_bytes),
                    f);
}

static enum status
list_print(struct cli *c, const struct rectify_item *items, size_t count, bool all, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "号", .right = true},       {.title = "状态"}, {.title = "办理", .clip = 44},
        {.title = "放入时间", .minor = true}, {.title = "回执"}, {.title = "说明", .clip = 60},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        if (!is_shown(&items[i], all)) {
            continue;
        }
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, items[i].number);
        row[1] = queue_state_zh(&items[i]);
        row[2] = cli_text(c, items[i].title);
        row[3] = value_time(&c->arena, items[i].queued_at_ms);
        row[4] = cli_text(c, items[i].receipt_number);
        row[5] = cli_text(c, first_line(c, items[i].message));
    }
    if (g.row_count == 0 && c->format == CLI_TABLE) {
        (void)fputs("待发箱是空的：没有等待发送的办理。\n", c->out);
        return STATUS_OK;
    }
    enum status status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        queue_summary_print(c);
    }
    return status;
}

enum status
cmd_outbox_list(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_item *items = NULL;
    size_t count = 0;
    bool all = line_flag(line, "all");
    enum status status = cli_profile(c, f);
    if (status == STATUS_OK && rectify_outbox_exists(c->profile.state)) {
        status = queue_outbox(c, f);
        if (status == STATUS_OK) {
            status = items_list(c, &items, &count, f);
        }
    } else if (status == STATUS_OK && c->format == CLI_JSON) {
        (void)fputs("{\"items\":[]}\n", c->out);
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        return status;
    }
    return c->format == CLI_JSON ? list_json(c, items, count, all, f)
                                 : list_print(c, items, count, all, f);
}

/* ---- one item ---- */

static enum status
item_find(struct cli *c, const struct line *line, struct rectify_item *ret_item, struct fault *f)
{
    enum status status = cli_profile(c, f);
    if (status == STATUS_OK && !rectify_outbox_exists(c->profile.state)) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_ITEM", "本机还没有待发箱。");
    }
    if (status == STATUS_OK) {
        status = queue_outbox(c, f);
    }
    return status == STATUS_OK
               ? rectify_outbox_find(c->outbox, &c->arena, line->args[0], ret_item, f)
               : status;
}

static void
field_print(struct cli *c, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        (void)fprintf(c->out, "%s：%s\n", name, cli_text(c, value));
    }
}

static void
item_print(struct cli *c, const struct rectify_item *item)
{
    (void)fprintf(c->out, "第 %" PRId64 " 号　%s　%s\n", item->number, queue_state_zh(item),
                  cli_text(c, item->title));
    field_print(c, "放入时间", value_time(&c->arena, item->queued_at_ms));
    field_print(c, "发出时间", value_time(&c->arena, item->sent_at_ms));
    field_print(c, "了结时间", value_time(&c->arena, item->settled_at_ms));
    field_print(c, "办理人", item->account);
    field_print(c, "代", item->on_behalf_of);
    if (item->file_count > 0) {
        (void)fprintf(c->out, "证明材料：%u 份，%" PRId64 " 字节\n", item->file_count,
                      item->file_bytes);
    }
    field_print(c, "回执", item->receipt_number);
    field_print(c, "收件时间（服务器）", value_time(&c->arena, item->recorded_at_ms));
    field_print(c, "办理编号", item->key);
    for (const char *text = item->message; text != NULL && *text != '\0';) {
        size_t n = strcspn(text, "\n");
        field_print(c, text == item->message ? "说明" : "　　", arena_strndup(&c->arena, text, n));
        text += n + (text[n] == '\n' ? 1 : 0);
    }
    field_print(c, "原因码", item->reason);
    if (item->state == RECTIFY_ITEM_ATTENTION) {
        (void)fprintf(c->out,
                      "怎么办：改正后重新办理，再运行 rectify outbox drop %" PRId64
                      " 放弃这一件；不用改的，运行 rectify outbox retry %" PRId64 "。\n",
                      item->number, item->number);
    }
}

enum status
cmd_outbox_show(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_item item;
    ProtobufCMessage *message = NULL;
    const char *text = NULL;
    enum status status = item_find(c, line, &item, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_request(c->outbox, &c->arena, item.number, &message, f);
    }
    if (status == STATUS_OK) {
        status = json_print_message(&c->arena, message, c->format != CLI_JSON, &text, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        json_t *request = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
        json_t *all = item_json(&item);
        if (request == NULL || all == NULL || json_object_set_new(all, "request", request) != 0) {
            json_decref(all);
            return fault_memory(f);
        }
        return json_put(c, all, f);
    }
    item_print(c, &item);
    (void)fprintf(c->out, "内容：\n%s\n", text);
    return STATUS_OK;
}

enum status
cmd_outbox_retry(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_item item;
    enum status status = item_find(c, line, &item, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_retry(c->outbox, item.number, f);
    }
    if (status == STATUS_OK) {
        (void)fprintf(c->out,
                      "第 %" PRId64 " 号已排到最后，等待发送。现在就发：rectify outbox "
                      "send\n",
                      item.number);
    }
    return status;
}

enum status
cmd_outbox_drop(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_item item;
    enum status status = item_find(c, line, &item, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_drop(c->outbox, item.number, f);
    }
    if (status == STATUS_OK) {
        (void)fprintf(c->out, "已放弃第 %" PRId64 " 号：%s。\n", item.number,
                      cli_text(c, item.title));
    }
    return status;
}

enum status
cmd_outbox_receipt(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_item item;
    struct rectify_answer answer;
    const char *text = NULL;
    const char *path = line_value(line, "out");
    enum status status = item_find(c, line, &item, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_answer(c->outbox, &c->arena, item.number, &answer, f);
    }
    if (status == STATUS_OK && answer.receipt == NULL) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_RECEIPT", "这类办理没有回执。");
    }
    if (status == STATUS_OK) {
        status = c->format == CLI_JSON
                     ? json_print_message(&c->arena, &answer.receipt->base, true, &text, f)
                     : audit_receipt_line(c, answer.receipt, &text, f);
    }
    if (status == STATUS_OK && strcmp(path, "-") != 0) {
        text = arena_printf(&c->arena, "%s\n", text);
        status = text != NULL ? rectify_file_replace(path, 0640, text, strlen(text), f)
                              : fault_memory(f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(path, "-") == 0) {
        (void)fprintf(c->out, "%s\n", text);
    } else if (c->format != CLI_JSON) {
        (void)fprintf(c->out, "回执 %s 已写到“%s”。核验：rectify audit receipt %s\n",
                      cli_text(c, item.receipt_number), path, path);
    }
    return STATUS_OK;
}

/* ---- sending ---- */

static void
settled_print(void *user, const struct rectify_item *item)
{
    struct cli *c = user;
    cli_progress_clear(c);
    FILE *out = c->format == CLI_TABLE ? c->out : c->err;
    if (item->state == RECTIFY_ITEM_RECEIVED) {
        (void)fprintf(out, "第 %" PRId64 " 号　%s　%s，回执 %s\n", item->number,
                      cli_text(c, item->title), queue_state_zh(item),
                      cli_text(c, item->receipt_number));
    } else {
        (void)fprintf(out, "第 %" PRId64 " 号　%s　要处理：%s\n", item->number,
                      cli_text(c, item->title), cli_text(c, first_line(c, item->message)));
    }
    (void)fflush(out);
}

static void
progress_print(void *user, const char *name, int64_t done, int64_t size)
{
    cli_progress(user, name, done, size);
}

/* How it ended; a fault where something still waits. */
static enum status
drain_tell(struct cli *c, const struct rectify_drain *drain, struct fault *f)
{
    struct rectify_outbox_counts counts;
    enum status status = rectify_outbox_counts_get(c->outbox, &counts, f);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t waiting = counts.queued + counts.sent;
    if (c->format == CLI_JSON) {
        status = json_put(c,
                          json_pack("{s:I,s:I,s:I,s:I}", "received", (json_int_t)drain->received,
                                    "refused", (json_int_t)drain->refused, "waiting",
                                    (json_int_t)waiting, "attention", (json_int_t)counts.attention),
                          f);
    } else if (drain->received + drain->refused == 0 && waiting == 0) {
        (void)fputs("没有等待发送的办理。\n", c->out);
    } else {
        (void)fprintf(
            c->out, "已收件 %" PRIu64 " 件，要处理 %" PRIu64 " 件，还有 %" PRIu64 " 件等待发送。\n",
            drain->received, drain->refused, waiting);
    }
    if (status != STATUS_OK || drain->end == RECTIFY_DRAIN_EMPTY) {
        return status;
    }
    if (drain->end == RECTIFY_DRAIN_OTHER) {
        return fault_set(f, STATUS_UNAVAILABLE, "OUTBOX_SENDING",
                         "别的程序（例如 rectify-agent）正在发送：不用再发，过一会儿用 rectify "
                         "outbox 查看。");
    }
    return fault_set(f, drain->why.code, drain->why.reason, "%s", drain->why.message);
}

enum status
cmd_outbox_send(struct cli *c, const struct line *line, struct fault *f)
{
    struct rectify_drain drain;
    struct rectify_drain_options options = {
        .settled = settled_print, .progress = progress_print, .user = c};
    (void)line;
    enum status status = queue_outbox(c, f);
    if (status == STATUS_OK) {
        status = cli_channel(c, f);
    }
    if (status == STATUS_OK) {
        status = rectify_outbox_drain(c->outbox, c->channel, &options, &drain, f);
        cli_progress_clear(c);
    }
    if (status == STATUS_OK && drain.end == RECTIFY_DRAIN_EMPTY) {
        verdicts_ask(c);
    }
    if (status == STATUS_OK) {
        status = rectify_outbox_tidy(c->outbox, now_wall_ms(), f);
    }
    return status == STATUS_OK ? drain_tell(c, &drain, f) : status;
}
