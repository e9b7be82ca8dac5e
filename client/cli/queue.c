#include "client/cli/queue.h"
#include "client/cli/value.h"
#include "client/lib/cache.h"

#include <inttypes.h>
#include <jansson.h>
#include <rectify/v1/account.pb-c.h>
#include <string.h>

/* ---- how this run goes ---- */

void
queue_mode_set(struct cli *c)
{
    const char *word = c->profile.queue != NULL ? c->profile.queue : "never";
    bool may = c->command != NULL && (c->command->flags & COMMAND_QUEUE) != 0;
    c->queue = CLI_QUEUE_NEVER;
    if (c->queue_flag || (may && strcmp(word, "always") == 0)) {
        c->queue = CLI_QUEUE_ALWAYS;
    } else if (may && strcmp(word, "offline") == 0) {
        c->queue = CLI_QUEUE_OFFLINE;
    }
}

/* What only reads, where the profile allows for a bad line; and what may wait. */
bool
queue_reads_offline(struct cli *c)
{
    struct fault ignored; /* without a cache it is as if the line were all there is */
    const char *word = c->profile.queue;
    bool reads = c->command != NULL && (c->command->flags & COMMAND_WRITES) == 0;
    bool allowed = c->offline_flag || (word != NULL && strcmp(word, "never") != 0);
    if (c->queue == CLI_QUEUE_NEVER && !(reads && allowed)) {
        return false;
    }
    if (c->cache == NULL) {
        (void)!rectify_cache_open(c->profile.state, &c->cache, &ignored);
    }
    return c->cache != NULL;
}

enum status
queue_outbox(struct cli *c, struct fault *f)
{
    enum status status = cli_profile(c, f);
    if (status != STATUS_OK || c->outbox != NULL) {
        return status;
    }
    return rectify_outbox_open(c->profile.state, &c->outbox, f);
}

/* ---- words ---- */

const char *
queue_state_zh(const struct rectify_item *item)
{
    static const char *const verdicts[] = {
        [RECTIFY_VERDICT_NONE] = "已收件",
        [RECTIFY_VERDICT_WAITING] = "已收件，待审核",
        [RECTIFY_VERDICT_ACCEPTED] = "审核通过",
        [RECTIFY_VERDICT_RETURNED] = "退回",
    };
    switch (item->state) {
    case RECTIFY_ITEM_QUEUED:
        return "待发送";
    case RECTIFY_ITEM_SENT:
        return "已发出，未得回音";
    case RECTIFY_ITEM_RECEIVED:
        return verdicts[item->verdict];
    case RECTIFY_ITEM_ATTENTION:
        return "要处理";
    case RECTIFY_ITEM_DROPPED:
        return "已放弃";
    }
    return "";
}

void
queue_offline_tell(struct cli *c, int64_t at_ms)
{
    if (!c->offline_told) {
        cli_progress_clear(c);
        (void)fprintf(c->err, "离线：以 %s 的数据为准。\n", value_time(&c->arena, at_ms));
        c->offline_told = true;
    }
}

static enum status
tell_json(struct cli *c, const struct rectify_item *item, struct fault *f)
{
    json_t *queued =
        json_pack("{s:{s:I,s:s,s:s,s:s,s:s}}", "queued", "number", (json_int_t)item->number, "key",
                  item->key, "state", item->state == RECTIFY_ITEM_SENT ? "SENT" : "QUEUED",
                  "method", item->method, "title", item->title);
    bool done = queued != NULL && json_dumpf(queued, c->out, JSON_COMPACT) == 0;
    json_decref(queued);
    if (!done) {
        return fault_memory(f);
    }
    (void)fputc('\n', c->out);
    return STATUS_OK;
}

enum status
queue_tell(struct cli *c, const struct rectify_item *item, struct fault *f)
{
    enum status status = STATUS_OK;
    cli_progress_clear(c);
    if (c->format == CLI_JSON) {
        status = tell_json(c, item, f);
    } else {
        (void)fprintf(c->out,
                      "%s（第 %" PRId64 " 号）：%s。联网后自动发出；用 rectify outbox 查看。\n",
                      queue_state_zh(item), item->number, cli_text(c, item->title));
    }
    if (status != STATUS_OK) {
        return status;
    }
    c->queued = true;
    return fault_set(f, STATUS_CANCELLED, "QUEUED", "已存入待发箱。");
}

/* What the item is called in lists. */
static const char *
title_make(struct cli *c)
{
    enum { WORDS_MAX = 4 };
    const char *text = c->title;
    if (text != NULL || c->command == NULL) {
        return text;
    }
    text = c->command->summary;
    for (size_t i = 0; text != NULL && i < c->line->arg_count && i < WORDS_MAX; i++) {
        text = arena_printf(&c->arena, "%s%s%s", text, i == 0 ? "：" : " ",
                            cli_text(c, c->line->args[i]));
    }
    if (text != NULL && c->line->arg_count > WORDS_MAX) {
        text = arena_printf(&c->arena, "%s 等 %zu 个", text, c->line->arg_count);
    }
    return text;
}

/* ---- putting ---- */

enum status
queue_capture(struct cli *c, const struct rectify_outbox_file *file, const char **ret_id,
              struct fault *f)
{
    char *id = arena_alloc(&c->arena, UUID_TEXT_SIZE);
    if (id == NULL) {
        return fault_memory(f);
    }
    enum status status = queue_outbox(c, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_capture(c->outbox, file, id, f);
    }
    if (status == STATUS_OK) {
        *ret_id = id;
    }
    return status;
}

static enum status
put(struct cli *c, const struct rectify_request *call, bool sent, struct rectify_item *ret_item,
    struct fault *f)
{
    struct rectify_outbox_command command = {
        .request = call,
        .on_behalf_of = c->stands_for != NULL ? c->stands_for : c->on_behalf_of,
        .account = c->profile.account,
        .title = title_make(c),
        .sent = sent,
    };
    enum status status = queue_outbox(c, f);
    return status == STATUS_OK ? rectify_outbox_put(c->outbox, &command, ret_item, &c->arena, f)
                               : status;
}

enum status
queue_keep_unknown(struct cli *c, const struct rectify_request *call, int64_t *ret_number,
                   struct fault *f)
{
    struct rectify_item item;
    struct fault why = {.code = STATUS_OK};
    *ret_number = 0;
    enum status status = put(c, call, true, &item, &why);
    if (status == STATUS_OK) {
        *ret_number = item.number;
    } else if (strcmp(why.reason, "OUTBOX_KEY") == 0) {
        status = rectify_outbox_find(c->outbox, &c->arena, call->key, &item, &why);
        *ret_number = status == STATUS_OK ? item.number : 0;
    }
    if (status == STATUS_OK || strcmp(why.reason, "OUTBOX_SECRET") == 0) {
        return STATUS_OK;
    }
    if (f != NULL) {
        *f = why;
    }
    return status;
}

bool
queue_reachable(struct cli *c)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct rectify_answer answer;
    struct rectify_request ask = {.method = "rectify.v1.AccountService/WhoAmI",
                                  .message = &empty.base};
    if (c->reached || rectify_channel_offline(c->channel)) {
        return c->reached;
    }
    rectify_channel_deadline_set(c->channel, QUEUE_QUESTION_MS);
    enum status status = rectify_call(c->channel, &c->arena, &ask, &answer, NULL);
    rectify_channel_deadline_set(c->channel, c->deadline_ms);
    cli_progress_clear(c);
    c->reached = status == STATUS_OK && answer.cached_at_ms == 0;
    return c->reached;
}

bool
queue_wanted(struct cli *c)
{
    if (c->queue == CLI_QUEUE_OFFLINE && !queue_reachable(c)) {
        return rectify_channel_offline(c->channel); /* else the call itself says what is wrong */
    }
    return c->queue == CLI_QUEUE_ALWAYS;
}

static void
progress_step(void *user, const char *name, int64_t done, int64_t size)
{
    cli_progress(user, name, done, size);
}

enum status
queue_refusal(const struct rectify_item *item, struct fault *f)
{
    return fault_set(f, item->refusal, item->reason != NULL ? item->reason : "REFUSED", "%s",
                     item->message != NULL ? item->message : "服务器没有接受这件办理。");
}

/* What became of the item after a drain. */
static enum status
settled_look(struct cli *c, int64_t number, struct rectify_answer *ret_answer, struct fault *f)
{
    struct rectify_item item;
    const char *text = arena_printf(&c->arena, "%" PRId64, number);
    if (text == NULL) {
        return fault_memory(f);
    }
    enum status status = rectify_outbox_find(c->outbox, &c->arena, text, &item, f);
    if (status != STATUS_OK) {
        return status;
    }
    switch (item.state) {
    case RECTIFY_ITEM_RECEIVED:
        return rectify_outbox_answer(c->outbox, &c->arena, number, ret_answer, f);
    case RECTIFY_ITEM_ATTENTION:
        /* Told now; kept, it would only have to be given up by hand. What may have been carried out
         * stays. */
        (void)!rectify_outbox_drop(c->outbox, number, NULL);
        return queue_refusal(&item, f);
    default:
        return queue_tell(c, &item, f);
    }
}

enum status
queue_command(struct cli *c, const struct rectify_request *call, struct rectify_answer *ret_answer,
              struct fault *f)
{
    struct rectify_item item;
    struct rectify_drain drain;
    struct rectify_drain_options options = {.progress = progress_step, .user = c};
    enum status status = put(c, call, false, &item, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (!queue_reachable(c)) {
        return queue_tell(c, &item, f);
    }
    status = rectify_outbox_drain(c->outbox, c->channel, &options, &drain, f);
    cli_progress_clear(c);
    if (status != STATUS_OK) {
        return status;
    }
    if (drain.end != RECTIFY_DRAIN_EMPTY && drain.end != RECTIFY_DRAIN_OTHER) {
        (void)fprintf(c->err, "暂时没有发出：%s\n", cli_text(c, drain.why.message));
    }
    return settled_look(c, item.number, ret_answer, f);
}

/* ---- a line for those who look what is to be done ---- */

void
queue_summary_print(struct cli *c)
{
    struct rectify_outbox_counts counts;
    struct fault why = {.code = STATUS_OK};
    if (!rectify_outbox_exists(c->profile.state)) {
        return;
    }
    enum status status = queue_outbox(c, &why);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(c->outbox, &counts, &why);
    }
    if (status != STATUS_OK) {
        (void)fprintf(c->err, "%s\n", why.message);
        return;
    }
    uint64_t waiting = counts.queued + counts.sent;
    if (waiting + counts.attention == 0) {
        return;
    }
    FILE *out = c->format == CLI_TABLE ? c->out : c->err;
    (void)fputs("待发箱：", out);
    if (waiting > 0) {
        (void)fprintf(out, "%" PRIu64 " 件等待发送（最早 %s）", waiting,
                      value_time(&c->arena, counts.oldest_at_ms));
    }
    if (counts.attention > 0) {
        (void)fprintf(out, "%s%" PRIu64 " 件要处理", waiting > 0 ? "，" : "", counts.attention);
    }
    (void)fputs("。用 rectify outbox 查看。\n", out);
}
