/* The agent of this machine, as it says of itself and as the outbox stands; also when it does not
 * run. Nothing here asks the server. */
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/agent_state.h"
#include "client/lib/alerts.h"
#include "client/lib/outbox.h"
#include "proto/base/now.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTE_MS = 60000, HEARTBEAT_LATE_MS = 5 * MINUTE_MS, CLOCK_FAR_MS = 5 * MINUTE_MS };
#define DAY_MS 86400000LL

/* All there is to show. */
struct agent_view {
    bool running;
    bool known; /* an agent has ever run here */
    struct rectify_agent_state state;
    struct rectify_outbox_counts outbox;
    struct rectify_alert_counts alerts;
    int64_t now_ms;
};

static enum status
outbox_look(const char *folder, struct rectify_outbox_counts *ret_counts, struct fault *f)
{
    struct rectify_outbox *outbox = NULL;
    if (!rectify_outbox_exists(folder)) {
        return STATUS_OK;
    }
    enum status status = rectify_outbox_open(folder, &outbox, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(outbox, ret_counts, f);
    }
    rectify_outbox_free(outbox);
    return status;
}

static enum status
alerts_look(const char *folder, int64_t now_ms, struct rectify_alert_counts *ret_counts,
            struct fault *f)
{
    struct rectify_alerts *alerts = NULL;
    if (!rectify_alerts_exist(folder)) {
        return STATUS_OK;
    }
    enum status status = rectify_alerts_open(folder, &alerts, f);
    if (status == STATUS_OK) {
        status = rectify_alerts_counts_get(alerts, now_ms, ret_counts, f);
    }
    rectify_alerts_free(alerts);
    return status;
}

static enum status
look(struct cli *c, struct agent_view *ret, struct fault *f)
{
    struct agent_view view = {.running = false};
    enum status status = cli_profile(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    view.now_ms = now_wall_ms();
    view.running = rectify_agent_running(c->profile.state);
    status = rectify_agent_state_load(c->profile.state, &view.state, f);
    view.known = status == STATUS_OK;
    status = status == STATUS_NOT_FOUND ? STATUS_OK : status;
    if (status == STATUS_OK) {
        status = outbox_look(c->profile.state, &view.outbox, f);
    }
    if (status == STATUS_OK) {
        status = alerts_look(c->profile.state, view.now_ms, &view.alerts, f);
    }
    if (status == STATUS_OK) {
        *ret = view;
    }
    return status;
}

/* ---- for programs ---- */

/* A text, or null for none. */
static json_t *
text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}

static json_t *
time_or_null(int64_t ms)
{
    return ms != 0 ? json_integer(ms) : json_null();
}

static const char *
line_word(const struct agent_view *v)
{
    static const char *const words[] = {"UNKNOWN", "UP", "DOWN"};
    return words[v->running ? v->state.line : RECTIFY_LINE_UNKNOWN];
}

static enum status
print_json(struct cli *c, const struct agent_view *v, struct fault *f)
{
    const struct rectify_agent_state *s = &v->state;
    json_t *line =
        json_pack("{s:s, s:o, s:o, s:o, s:o}", "state", line_word(v), "since_ms",
                  time_or_null(s->line_since_ms), "reason", text_or_null(s->line_reason), "message",
                  text_or_null(s->line_message), "contact_at_ms", time_or_null(s->contact_at_ms));
    json_t *trouble =
        s->trouble[0] == '\0'
            ? json_null()
            : json_pack("{s:s, s:s, s:s, s:I}", "code", s->trouble, "reason", s->trouble_reason,
                        "message", s->trouble_message, "since_ms", (json_int_t)s->trouble_since_ms);
    json_t *outbox = json_pack(
        "{s:I, s:I, s:I, s:I, s:o, s:I}", "queued", (json_int_t)v->outbox.queued, "unknown",
        (json_int_t)v->outbox.sent, "attention", (json_int_t)v->outbox.attention, "received",
        (json_int_t)v->outbox.received, "oldest_at_ms", time_or_null(v->outbox.oldest_at_ms),
        "waiting_bytes", (json_int_t)v->outbox.waiting_bytes);
    json_t *alerts =
        json_pack("{s:I, s:I, s:I, s:I}", "kept", (json_int_t)v->alerts.kept, "open",
                  (json_int_t)v->alerts.open, "hook_waiting", (json_int_t)v->alerts.hook,
                  "hook_given_up", (json_int_t)v->alerts.hook_given_up);
    json_t *json = json_pack(
        "{s:b, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "running", v->running,
        "pid", v->running ? json_integer(s->pid) : json_null(), "version", text_or_null(s->version),
        "started_at_ms", time_or_null(s->started_at_ms), "stopped_at_ms",
        time_or_null(s->stopped_at_ms), "heartbeat_at_ms", time_or_null(s->heartbeat_at_ms),
        "certificate_until_ms", time_or_null(s->certificate_until_ms), "clock_difference_ms",
        s->has_clock_difference ? json_integer(s->clock_difference_ms) : json_null(), "line", line,
        "trouble", trouble, "outbox", outbox, "alerts", alerts);
    char *text = json != NULL ? json_dumps(json, JSON_INDENT(2)) : NULL;
    json_decref(json);
    if (text == NULL) {
        return fault_memory(f);
    }
    (void)fprintf(c->out, "%s\n", text);
    free(text);
    return STATUS_OK;
}

/* ---- for people ---- */

static void
print_running(struct cli *c, const struct agent_view *v)
{
    const struct rectify_agent_state *s = &v->state;
    if (v->running) {
        (void)fprintf(c->out, "代理：运行中（%s，%s 起，进程 %" PRId64 "）\n",
                      cli_text(c, s->version), value_time(&c->arena, s->started_at_ms), s->pid);
        return;
    }
    (void)fputs("代理：没有运行：systemctl --user start rectify-agent\n", c->out);
    if (!v->known) {
        (void)fputs("  本机还没有运行过代理。\n", c->out);
    } else if (s->stopped_at_ms != 0) {
        (void)fprintf(c->out, "  上次停止：%s\n", value_time(&c->arena, s->stopped_at_ms));
    } else {
        (void)fprintf(c->out, "  上次没有正常停止，最后的记录：%s\n",
                      value_time(&c->arena, s->written_at_ms));
    }
}

static void
print_line(struct cli *c, const struct agent_view *v)
{
    const struct rectify_agent_state *s = &v->state;
    if (!v->running) {
        return;
    }
    const char *since = value_time(&c->arena, s->line_since_ms);
    if (s->line == RECTIFY_LINE_UP) {
        (void)fprintf(c->out, "线路：通，%s 起\n", since);
    } else if (s->line == RECTIFY_LINE_DOWN) {
        (void)fprintf(c->out, "线路：不通，%s 起：%s（原因码 %s）\n", since,
                      cli_text(c, s->line_message), cli_text(c, s->line_reason));
        (void)fputs("  要送的都存在本机，线路通了自动送出，不用守着。\n", c->out);
    } else {
        (void)fputs("线路：正在连接\n", c->out);
    }
    view_field(c, "最近一次答复", value_time(&c->arena, s->contact_at_ms));
    if (s->heartbeat_at_ms != 0 && s->line == RECTIFY_LINE_UP &&
        v->now_ms - s->heartbeat_at_ms > HEARTBEAT_LATE_MS) {
        (void)fprintf(c->out, "提醒：状态报告自 %s 起没有送达。\n",
                      value_time(&c->arena, s->heartbeat_at_ms));
    }
}

static void
print_outbox(struct cli *c, const struct agent_view *v)
{
    const struct rectify_outbox_counts *o = &v->outbox;
    (void)fprintf(c->out, "待发送：%" PRIu64 " 件", o->queued + o->sent);
    if (o->sent > 0) {
        (void)fprintf(c->out, "（其中 %" PRIu64 " 件已发出，未得回音）", o->sent);
    }
    if (o->oldest_at_ms != 0) {
        (void)fprintf(c->out, "，最早一件 %s", value_time(&c->arena, o->oldest_at_ms));
    }
    (void)fprintf(c->out, "\n要处理：%" PRIu64 " 件%s\n已收件：%" PRIu64 " 件\n", o->attention,
                  o->attention > 0 ? "，请运行 rectify outbox 查看" : "", o->received);
}

static void
print_rest(struct cli *c, const struct agent_view *v)
{
    const struct rectify_agent_state *s = &v->state;
    if (v->alerts.kept > 0) {
        (void)fprintf(c->out, "预警：收到 %" PRIu64 " 条\n", v->alerts.kept);
    }
    if (v->alerts.hook_given_up > 0) {
        (void)fprintf(c->out, "提醒：近 30 天有 %" PRIu64 " 条没能交给预警程序（hook）。\n",
                      v->alerts.hook_given_up);
    }
    if (s->certificate_until_ms != 0) {
        int64_t days = (s->certificate_until_ms - v->now_ms) / DAY_MS;
        (void)fprintf(c->out, "证书：有效至 %s（%s %" PRId64 " 天）\n",
                      value_time(&c->arena, s->certificate_until_ms), days < 0 ? "已过期" : "还有",
                      days < 0 ? -days : days);
    }
    if (s->has_clock_difference && llabs(s->clock_difference_ms) > CLOCK_FAR_MS) {
        (void)fprintf(c->out, "提醒：本机时钟比服务器%s %" PRId64 " 分钟，请校准。\n",
                      s->clock_difference_ms > 0 ? "快" : "慢",
                      (int64_t)llabs(s->clock_difference_ms) / MINUTE_MS);
    }
    if (s->trouble[0] != '\0') {
        (void)fprintf(c->out, "要人处理：%s（原因码 %s，%s 起）\n", cli_text(c, s->trouble_message),
                      cli_text(c, s->trouble_reason), value_time(&c->arena, s->trouble_since_ms));
    }
}

enum status
cmd_agent_status(struct cli *c, const struct line *line, struct fault *f)
{
    struct agent_view view;
    (void)line;
    enum status status = look(c, &view, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        return print_json(c, &view, f);
    }
    print_running(c, &view);
    print_line(c, &view);
    print_outbox(c, &view);
    print_rest(c, &view);
    return STATUS_OK;
}
