#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/alerts.h"
#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"
#include "proto/rpc/json.h"

#include <inttypes.h>
#include <string.h>

static enum status
alerts_get(struct cli *c, bool open, Pb__ListAlertsReply **ret_reply, struct fault *f)
{
    Pb__ListAlertsRequest list = PB__LIST_ALERTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.has_open = open;
    list.open = open;
    list.has_limit = true;
    list.limit = LIMIT_LIST_ROWS;
    enum status status =
        cli_query(c, "rectify.v1.AlertService/ListAlerts", &list.base, &message, f);
    if (status == STATUS_OK) {
        *ret_reply = (Pb__ListAlertsReply *)message;
    }
    return status;
}

enum status
cmd_alert_list(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ListAlertsReply *reply = NULL;
    enum status status = alerts_get(c, !line_flag(line, "all"), &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, &reply->base, f);
    }
    status = view_alerts(c, reply->alerts, reply->n_alerts, f);
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "%s %zu 条预警。%s\n", line_flag(line, "all") ? "共" : "未确认",
                      reply->n_alerts,
                      reply->n_alerts > 0 ? "确认知悉：rectify alert ack --all" : "");
    }
    return status;
}

/* ---- wait ---- */

/* How to wait. */
struct waiting {
    bool follow;
    uint32_t wait_ms;
};

/* An alert a line, so that a program reads them as they come. */
static enum status
lines_print(struct cli *c, const Pb__WaitAlertsReply *reply, struct fault *f)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; i < reply->n_alerts && status == STATUS_OK; i++) {
        const char *text = NULL;
        status = json_print_message(&c->arena, &reply->alerts[i]->base, false, &text, f);
        if (status == STATUS_OK) {
            (void)fprintf(c->out, "%s\n", text);
        }
    }
    return status;
}

/* One parked call. Its memory is given back at once: --follow runs for days. */
static enum status
wait_once(struct cli *c, const struct waiting *w, int64_t *cursor, size_t *ret_count,
          struct fault *f)
{
    Pb__WaitAlertsRequest wait = PB__WAIT_ALERTS_REQUEST__INIT;
    struct rectify_answer answer;
    struct arena kept = c->arena;
    enum { MARGIN_MS = 10000 };
    wait.has_cursor = true;
    wait.cursor = *cursor;
    wait.has_wait_ms = true;
    wait.wait_ms = w->wait_ms;
    struct rectify_request request = {.method = "rectify.v1.AlertService/WaitAlerts",
                                      .message = &wait.base,
                                      .timeout_ms = w->wait_ms + MARGIN_MS};
    arena_init(&c->arena, CLI_ARENA_BYTES);
    enum status status = rectify_call(c->channel, &c->arena, &request, &answer, f);
    if (status == STATUS_OK) {
        const Pb__WaitAlertsReply *reply = (const Pb__WaitAlertsReply *)answer.message;
        *ret_count = reply->n_alerts;
        if (c->format == CLI_JSON && reply->n_alerts > 0) {
            status = w->follow ? lines_print(c, reply, f) : cli_json_print(c, answer.message, f);
        } else if (reply->n_alerts > 0) {
            status = view_alerts(c, reply->alerts, reply->n_alerts, f);
        }
        if (reply->has_cursor) {
            *cursor = reply->cursor;
        }
    }
    arena_release(&c->arena);
    c->arena = kept;
    return status;
}

/* Where to begin: --from, else what arrived last time. */
static enum status
cursor_begin(struct cli *c, const struct line *line, int64_t *ret_cursor, struct fault *f)
{
    static const struct cli_number spec = {"from", 0, INT64_MAX};
    bool has = false;
    int64_t cursor = 0;
    enum status status = cli_number_option(c, line, &spec, &has, &cursor, f);
    if (status == STATUS_OK && !has) {
        status = rectify_state_cursor_load(c->profile.state, &cursor, f);
        status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    if (status == STATUS_OK) {
        *ret_cursor = cursor;
    }
    return status;
}

static enum status
nothing_print(struct cli *c, int64_t cursor)
{
    if (c->format == CLI_JSON) {
        (void)fprintf(c->out, "{\n  \"alerts\": [],\n  \"cursor\": %" PRId64 "\n}\n", cursor);
    } else {
        (void)fputs("等待时间已到，没有新的预警。\n", c->format == CLI_TABLE ? c->out : c->err);
    }
    return STATUS_OK;
}

enum status
cmd_alert_wait(struct cli *c, const struct line *line, struct fault *f)
{
    enum { DEFAULT_S = 30, MAX_S = 86400 };
    static const struct cli_number spec = {"timeout", 0, MAX_S};
    bool has = false;
    int64_t seconds = 0;
    int64_t cursor = 0;
    size_t count = 0;
    bool follow = line_flag(line, "follow");
    enum status status = cli_number_option(c, line, &spec, &has, &seconds, f);
    if (status == STATUS_OK) {
        status = cli_channel(c, f);
    }
    if (status == STATUS_OK) {
        status = cursor_begin(c, line, &cursor, f);
    }
    int64_t end = now_steady_ms() + (has ? seconds : DEFAULT_S) * 1000;
    while (status == STATUS_OK) {
        int64_t left = follow ? LIMIT_PARK_MAX_MS : end - now_steady_ms();
        left = left < 0 ? 0 : left > LIMIT_PARK_MAX_MS ? LIMIT_PARK_MAX_MS : left;
        int64_t before = cursor;
        struct waiting waiting = {.follow = follow, .wait_ms = (uint32_t)left};
        status = wait_once(c, &waiting, &cursor, &count, f);
        if (status == STATUS_OK && fflush(c->out) != 0) {
            return STATUS_OK; /* nobody reads any more: what was not seen comes again */
        }
        if (status == STATUS_OK && cursor != before) {
            status = rectify_state_cursor_save(c->profile.state, cursor, f);
        }
        if (!follow && (count > 0 || now_steady_ms() >= end)) {
            break;
        }
    }
    if (status == STATUS_OK && count == 0) {
        return nothing_print(c, cursor);
    }
    return status;
}

/* ---- ack ---- */

/* What is known of the caller's alerts: the server's list, of now or of before, and what an agent
 * on this machine has received. Either may be missing. */
struct known {
    const Pb__ListAlertsReply *list; /* NULL: the line is down, and nothing was kept */
    struct rectify_alerts *kept;     /* NULL: no agent has run here */
    const char *account;
};

static enum status
known_open(struct cli *c, struct known *ret, struct fault *f)
{
    Pb__ListAlertsRequest list = PB__LIST_ALERTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    bool found = false;
    list.has_limit = true;
    list.limit = LIMIT_LIST_ROWS;
    enum status status = cli_query_if_known(c, "rectify.v1.AlertService/ListAlerts", &list.base,
                                            &message, &found, f);
    if (status != STATUS_OK) {
        return status;
    }
    ret->list = found ? (const Pb__ListAlertsReply *)message : NULL;
    ret->account = c->profile.account != NULL ? c->profile.account : "";
    return rectify_alerts_exist(c->profile.state)
               ? rectify_alerts_open(c->profile.state, &ret->kept, f)
               : STATUS_OK;
}

/* The number up to which all is acknowledged: the newest anybody here has seen. */
static enum status
known_newest(const struct known *known, int64_t *ret_seq, struct fault *f)
{
    int64_t newest = known->list != NULL ? known->list->newest_seq : 0;
    int64_t kept = 0;
    enum status status = known->kept != NULL
                             ? rectify_alerts_newest(known->kept, known->account, &kept, f)
                             : STATUS_OK;
    if (status == STATUS_OK && known->list == NULL && kept == 0) {
        status = fault_set(f, STATUS_UNAVAILABLE, "ALERTS_UNKNOWN",
                           "线路不通，本机也没有收到过预警：等线路通了再确认。");
    }
    if (status == STATUS_OK) {
        *ret_seq = newest > kept ? newest : kept;
    }
    return status;
}

/* An alert by its id, or by its number in the caller's list. */
static enum status
alert_id(struct cli *c, const char *text, const struct known *known, char **ret_id, struct fault *f)
{
    int64_t seq = 0;
    char id[RECTIFY_ALERT_ID_SIZE];
    if (uuid_text_valid(text)) {
        *ret_id = cli_field(text);
        return STATUS_OK;
    }
    if (!value_int(&c->arena, text, 0, INT64_MAX, &seq)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ALERT",
                         "“%s”不是预警的序号：用 rectify alert list 查看序号。", text);
    }
    for (size_t i = 0; known->list != NULL && i < known->list->n_alerts; i++) {
        if (known->list->alerts[i]->seq == seq) {
            *ret_id = known->list->alerts[i]->id;
            return STATUS_OK;
        }
    }
    if (known->kept == NULL ||
        rectify_alerts_id(known->kept, known->account, seq, id, f) != STATUS_OK) {
        return fault_set(f, STATUS_NOT_FOUND, "ALERT_MISSING", "没有序号为 %s 的预警。", text);
    }
    *ret_id = arena_strdup(&c->arena, id);
    return *ret_id != NULL ? STATUS_OK : fault_memory(f);
}

static enum status
ack_fill(struct cli *c, const struct line *line, Pb__AckAlertRequest *ack, struct fault *f)
{
    struct known known = {.list = NULL};
    enum status status = known_open(c, &known, f);
    if (status == STATUS_OK && line->arg_count == 0) {
        ack->has_up_to_seq = true;
        status = known_newest(&known, &ack->up_to_seq, f);
    }
    ack->ids = arena_array(&c->arena, line->arg_count, sizeof *ack->ids);
    for (size_t i = 0; i < line->arg_count && status == STATUS_OK && ack->ids != NULL; i++) {
        status = alert_id(c, line->args[i], &known, &ack->ids[ack->n_ids++], f);
    }
    rectify_alerts_free(known.kept);
    return status == STATUS_OK && ack->ids == NULL ? fault_memory(f) : status;
}

enum status
cmd_alert_ack(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__AckAlertRequest ack = PB__ACK_ALERT_REQUEST__INIT;
    struct rectify_answer answer;
    if (line_flag(line, "all") == (line->arg_count > 0)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ARGUMENTS",
                         "请写明预警的序号，或者写 --all 确认全部（两者选一）。");
    }
    struct cli_command command = {.method = "rectify.v1.AlertService/AckAlert",
                                  .request = &ack.base};
    enum status status = ack_fill(c, line, &ack, f);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return cli_json_print(c, answer.message, f);
    }
    (void)fprintf(c->out, "已确认 %d 条预警。\n",
                  ((const Pb__AckAlertReply *)answer.message)->acknowledged);
    return STATUS_OK;
}
