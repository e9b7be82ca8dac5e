#include "server/service/agent.h"

#include "proto/base/limits.h"

#include <stdlib.h>
#include <string.h>

static const int64_t HOUR_MS = 3600000;
static const int64_t DAY_MS = 86400000;
enum {
    CERTIFICATE_SOON_DAYS = 30, /* agents renew earlier than that by themselves */
    CERTIFICATE_LAST_DAYS = 7,
    QUEUE_SLOW_HOURS = 4,
    QUEUE_STUCK_DAYS = 3,
    AWAY_DAYS = 3,   /* a weekend is no reason to ask */
    SLACK_MS = 10000 /* a heartbeat may come a little early */
};

bool
agent_heard(const struct agent_record *before, struct agent_record *heard, int64_t now_ms)
{
    bool known = before->instance != NULL;
    bool same = known && strcmp(before->instance, heard->instance) == 0;
    if (same && now_ms - before->reported_ms < LIMIT_AGENT_REPORT_MS - SLACK_MS) {
        return false;
    }
    bool back = known && !same && before->instance_before != NULL &&
                strcmp(before->instance_before, heard->instance) == 0;
    heard->reported_ms = now_ms;
    heard->instance_before = same ? before->instance_before : before->instance;
    heard->cloned_ms = back ? now_ms : before->cloned_ms;
    return true;
}

int64_t
agent_last_seen_ms(const struct agent_row *row)
{
    return row->agent.reported_ms > row->session_used_ms ? row->agent.reported_ms
                                                         : row->session_used_ms;
}

int64_t
agent_certificate_end_ms(const struct agent_row *row)
{
    return row->agent.certificate_not_after_ms != 0 ? row->agent.certificate_not_after_ms
                                                    : row->certificate_not_after_ms;
}

static const struct {
    const char *state;
    const char *zh;
} states[] = {{"NONE", "未开通"},
              {"REVOKED", "已停用"},
              {"QUIET", "未启用"},
              {"CONNECTED", "在线"},
              {"OFFLINE", "离线"}};
enum { NONE, REVOKED, QUIET, CONNECTED, OFFLINE };

static int
state_of(const struct agent_row *row, int64_t now_ms)
{
    if (row->machine_id == NULL) {
        return NONE;
    }
    if (row->revoked_ms != 0) {
        return REVOKED;
    }
    if (row->agent.instance == NULL) {
        return QUIET;
    }
    return now_ms - row->agent.reported_ms <= LIMIT_AGENT_QUIET_MS ? CONNECTED : OFFLINE;
}

/* What somebody must do something about; NULL: nothing. */
static const char *
act_on(const struct agent_row *row, bool cloned, int64_t now_ms)
{
    const struct agent_record *g = &row->agent;
    int64_t end_ms = agent_certificate_end_ms(row);
    int64_t waits_ms = g->oldest_queued_ms == 0 ? 0 : now_ms - g->oldest_queued_ms;
    if (cloned) {
        return "疑似克隆：两份相同的机器轮流连接，请停用并重新开通其中一台";
    }
    if (end_ms != 0 && end_ms <= now_ms) {
        return "证书已到期：请在该机上运行 rectify machine renew";
    }
    if (end_ms != 0 && end_ms - now_ms < CERTIFICATE_LAST_DAYS * DAY_MS) {
        return "证书快到期，且没有自动换发：请在该机上运行 rectify machine renew";
    }
    if (waits_ms > QUEUE_STUCK_DAYS * DAY_MS) {
        return "有待发送的办理积压三天以上：请联系该单位";
    }
    if (g->attention > 0) {
        return "有被退回、需要人处理的办理：请该单位运行 rectify outbox";
    }
    return NULL;
}

/* What is worth a look; NULL: nothing. */
static const char *
look_at(const struct agent_row *row, int state, int64_t now_ms)
{
    const struct agent_record *g = &row->agent;
    int64_t end_ms = agent_certificate_end_ms(row);
    int64_t waits_ms = g->oldest_queued_ms == 0 ? 0 : now_ms - g->oldest_queued_ms;
    if (state == NONE) {
        return "还没有开通的机器";
    }
    if (state == CONNECTED && !g->logged_in) {
        return "登录已失效：请该单位运行 rectify login";
    }
    if (g->has_clock_difference && llabs(g->clock_difference_ms) > LIMIT_CLOCK_SKEW_MS) {
        return "该机的时钟不准：请校准时间";
    }
    if (waits_ms > QUEUE_SLOW_HOURS * HOUR_MS) {
        return "有待发送的办理积压";
    }
    if (end_ms != 0 && end_ms - now_ms < CERTIFICATE_SOON_DAYS * DAY_MS) {
        return "证书三十天内到期";
    }
    if (state == OFFLINE && now_ms - agent_last_seen_ms(row) > AWAY_DAYS * DAY_MS) {
        return "三天以上没有连接";
    }
    return NULL;
}

struct agent_verdict
agent_judge(const struct agent_row *row, int64_t now_ms)
{
    int state = state_of(row, now_ms);
    struct agent_verdict v = {
        .state = states[state].state, .state_zh = states[state].zh, .light = AGENT_GREEN};
    if (state == REVOKED) {
        return v;
    }
    v.cloned = row->agent.cloned_ms != 0 && now_ms - row->agent.cloned_ms <= LIMIT_AGENT_CLONE_MS;
    v.hint = act_on(row, v.cloned, now_ms);
    if (v.hint != NULL) {
        v.light = AGENT_RED;
        return v;
    }
    v.hint = look_at(row, state, now_ms);
    v.light = v.hint != NULL ? AGENT_YELLOW : AGENT_GREEN;
    return v;
}
