/* The keeper: what is done by the clock. Its table says what and how often; each is done when its
 * time has come and the line allows, and a failed one is tried again soon. */
#include "client/agent/agent_impl.h"
#include "client/agent/digest.h"
#include "client/lib/cache.h"
#include "client/lib/onboard.h"
#include "client/lib/report.h"

#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"

#include <inttypes.h>
#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/status.pb-c.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    SECOND_MS = 1000,
    MINUTE_MS = 60 * SECOND_MS,
    HOUR_MS = 60 * MINUTE_MS,
    DAY_MS = 24 * HOUR_MS,
    TURN_MS = 50 * SECOND_MS, /* a turn of the table, and up to so much more by chance: */
    TURN_CHANCE_MS = 15 * SECOND_MS,
    TURN_LINE_MS = 30 * SECOND_MS, /* with the line down */
    VERDICTS_AT_ONCE = 100,
    CACHE_AGE_MS = HOUR_MS,
    CACHE_AT_ONCE = 20,
    REPLY_ARENA_BYTES = 16 * 1024 * 1024,
    CERTIFICATE_WARN_DAYS = 14,
    DIGEST_PATIENCE_MS = 2 * MINUTE_MS /* for the line, before yesterday's numbers are taken */
};

struct keeper {
    struct agent *agent;
    struct agent_link link;
    struct rectify_outbox *outbox; /* NULL: not open */
    uint32_t again_in_ms;          /* as the server wishes; 0: nothing said */
    int64_t digest_since_ms;       /* steady, since when a digest waits for the line; 0: none */
    int64_t next_ms[16];           /* by chore, of now_awake_ms */
};

/* ---- heartbeat ---- */

static bool
logged_in(const struct rectify_profile *profile)
{
    struct rectify_session session = {.expires_at_ms = 0};
    bool in = rectify_state_session_load(profile->state, &session, NULL) == STATUS_OK;
    explicit_bzero(&session, sizeof session);
    return in;
}

static enum status
outbox_ready(struct keeper *k, struct fault *f)
{
    return k->outbox != NULL ? STATUS_OK
                             : rectify_outbox_open(k->agent->profile->state, &k->outbox, f);
}

static enum status
heartbeat(struct keeper *k, struct fault *f)
{
    struct agent *agent = k->agent;
    struct rectify_outbox_counts counts = {.queued = 0};
    struct rectify_agent_report report = {.instance = agent->instance, .version = AGENT_VERSION};
    enum status status = outbox_ready(k, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(k->outbox, &counts, f);
    }
    if (status == STATUS_OK) {
        status = agent_link_open(&k->link, false, f);
    }
    report.queued = (uint32_t)counts.queued;
    report.unknown = (uint32_t)counts.sent;
    report.attention = (uint32_t)counts.attention;
    report.oldest_queued_at_ms = counts.oldest_at_ms;
    report.logged_in = logged_in(agent->profile);
    pthread_mutex_lock(&agent->lock);
    report.certificate_not_after_ms = agent->state.certificate_until_ms;
    report.has_clock_difference = agent->state.has_clock_difference;
    report.clock_difference_ms = agent->state.clock_difference_ms;
    pthread_mutex_unlock(&agent->lock);
    if (status == STATUS_OK) {
        status = rectify_agent_report(k->link.channel, &report, &k->again_in_ms, f);
    }
    if (status == STATUS_OK) {
        agent_link_good(&k->link, false, 0);
        pthread_mutex_lock(&agent->lock);
        agent->state.heartbeat_at_ms = now_wall_ms();
        pthread_mutex_unlock(&agent->lock);
        agent_state_write(agent);
    }
    return status;
}

/* ---- restores, and whether the log only grew ---- */

/* The server's own sequence of alerts went back with it: what we ask for is beyond its end. */
static enum status
cursor_check(struct keeper *k, struct arena *a, struct fault *f)
{
    struct agent *agent = k->agent;
    Pb__ListAlertsRequest list = PB__LIST_ALERTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    int64_t cursor = 0;
    list.has_limit = true;
    list.limit = 1;
    enum status status = rectify_alerts_cursor(agent->alerts, agent->account, &cursor, f);
    if (status == STATUS_OK && cursor > 0) {
        status =
            agent_ask(&k->link, a, "rectify.v1.AlertService/ListAlerts", &list.base, &message, f);
    }
    const Pb__ListAlertsReply *reply = (const Pb__ListAlertsReply *)message;
    if (status != STATUS_OK || reply == NULL || !reply->has_newest_seq ||
        reply->newest_seq >= cursor) {
        return status;
    }
    say(SAY_WARNING, "服务器的预警序号退回了，从头再取一遍，已经通知过的不再通知");
    return rectify_alerts_rewind(agent->alerts, agent->account, f);
}

static enum status
restores(struct keeper *k, struct fault *f)
{
    enum status status = outbox_ready(k, f);
    if (status == STATUS_OK) {
        status = agent_link_open(&k->link, false, f);
    }
    return status == STATUS_OK ? agent_restored(&k->link, k->outbox, f) : status;
}

static enum status
heads(struct keeper *k, struct fault *f)
{
    struct arena a;
    enum status status = agent_link_open(&k->link, true, f);
    if (status == STATUS_OK) {
        status = rectify_heads_verify(k->link.channel, f);
    }
    arena_init(&a, REPLY_ARENA_BYTES);
    if (status == STATUS_OK) {
        status = cursor_check(k, &a, f);
    }
    arena_release(&a);
    return status;
}

/* ---- what became of what was received, and reading offline ---- */

static bool
stop_asked(void *user)
{
    return agent_stopping(user);
}

static enum status
verdicts(struct keeper *k, struct fault *f)
{
    struct rectify_outbox_counts counts;
    struct rectify_drain_options options = {
        .stop = stop_asked, .settled = agent_item_settled, .user = k->agent};
    enum status status = outbox_ready(k, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(k->outbox, &counts, f);
    }
    if (status != STATUS_OK || counts.received == 0) {
        return status;
    }
    status = agent_link_open(&k->link, true, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_verdicts(k->outbox, k->link.channel, VERDICTS_AT_ONCE, &options, f);
    }
    return status;
}

static enum status
reading(struct keeper *k, struct fault *f)
{
    struct rectify_cache *cache = NULL;
    uint32_t asked = 0;
    enum status status = agent_link_open(&k->link, true, f);
    if (status == STATUS_OK) {
        status = rectify_cache_open(k->agent->profile->state, &cache, f);
    }
    if (status == STATUS_OK) {
        status = rectify_cache_refresh(cache, k->link.channel, k->agent->account, CACHE_AGE_MS,
                                       CACHE_AT_ONCE, &asked, f);
    }
    rectify_cache_free(cache); /* closed in between: an idle agent is small */
    return status;
}

/* ---- certificate ---- */

static void
certificate_note(struct agent *agent, int64_t until_ms)
{
    pthread_mutex_lock(&agent->lock);
    agent->state.certificate_until_ms = until_ms;
    pthread_mutex_unlock(&agent->lock);
    agent_state_write(agent);
}

static void
certificate_warn(struct agent *agent, int64_t left_ms, const struct fault *why)
{
    char text[FAULT_MESSAGE_SIZE + 128];
    say_fault(SAY_WARNING, "没能换领证书", why);
    if (left_ms / DAY_MS < CERTIFICATE_WARN_DAYS) {
        snprintf(text, sizeof text, "本机证书%s，还没有换领成功：%s",
                 left_ms < 0 ? "已过期" : "快要到期", why->message);
        agent_tell(agent, "CERTIFICATE", NULL, "巡视整改：本机证书要换领", text);
    }
}

/* Renewed once less than a third of its life is left. That it cannot be renewed here (made by hand)
 * is no failure of the line: people are told before it ends. */
static enum status
certificate(struct keeper *k, struct fault *f)
{
    struct agent *agent = k->agent;
    struct rectify_channel_options options = {.profile = agent->profile,
                                              .client_version = AGENT_VERSION};
    struct fault why = {.code = STATUS_OK};
    int64_t left_ms = 0;
    int64_t total_ms = 0;
    int64_t until_ms = 0;
    (void)f;
    if (agent->profile->cert == NULL) {
        return STATUS_OK; /* a line without TLS, in tests only */
    }
    if (rectify_certificate_left_ms(agent->profile, &left_ms, &total_ms, &why) != STATUS_OK) {
        say_fault(SAY_WARNING, "没能读取本机证书", &why);
        return STATUS_OK;
    }
    certificate_note(agent, now_wall_ms() + left_ms);
    if (left_ms > total_ms / 3) {
        return STATUS_OK;
    }
    enum status status = rectify_certificate_renew(&options, &until_ms, &why);
    if (status != STATUS_OK) {
        certificate_warn(agent, left_ms, &why);
        return STATUS_OK;
    }
    say(SAY_INFO, "已换领本机证书");
    certificate_note(agent, until_ms);
    agent_renew(agent);
    return STATUS_OK;
}

/* ---- digest ---- */

/* Asks how the unit stands and keeps it for a day without a line. */
static enum status
standing_ask(struct keeper *k, struct digest *digest, struct fault *f)
{
    struct arena a;
    char text[RECTIFY_KEPT_SIZE];
    Pb__GetStatusRequest get = PB__GET_STATUS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    arena_init(&a, REPLY_ARENA_BYTES);
    enum status status =
        agent_ask(&k->link, &a, "rectify.v1.StatusService/GetStatus", &get.base, &message, f);
    if (status == STATUS_OK) {
        const Pb__GetStatusReply *reply = (const Pb__GetStatusReply *)message;
        digest->known = true;
        digest->overdue = reply->overdue;
        digest->due_soon = reply->counts != NULL ? reply->counts->due_soon : 0;
        snprintf(text, sizeof text, "%" PRId32 " %" PRId32 " %" PRId64, digest->overdue,
                 digest->due_soon, now_wall_ms());
        status = rectify_alerts_fact_set(k->agent->alerts, "standing", text, f);
    }
    arena_release(&a);
    return status;
}

/* The last numbers known; as_of of the digest points into ret_when. */
static enum status
standing_kept(struct keeper *k, struct digest *digest, char ret_when[RECTIFY_KEPT_SIZE],
              struct fault *f)
{
    char text[RECTIFY_KEPT_SIZE];
    char day[AGENT_DAY_SIZE];
    char *rest = NULL;
    enum status status = rectify_alerts_fact(k->agent->alerts, "standing", text, f);
    if (status != STATUS_OK || text[0] == '\0') {
        return status;
    }
    digest->known = true;
    digest->overdue = (int32_t)strtol(text, &rest, 10);
    digest->due_soon = (int32_t)strtol(rest, &rest, 10);
    int minute = agent_day(strtoll(rest, NULL, 10), day);
    snprintf(ret_when, RECTIFY_KEPT_SIZE, "%s %02d:%02d", day, minute / 60, minute % 60);
    digest->as_of = ret_when;
    return STATUS_OK;
}

static enum status
digest_tell(struct keeper *k, const char *day, struct digest *digest, struct fault *f)
{
    char text[RECTIFY_STATE_TEXT_SIZE];
    struct rectify_outbox_counts counts;
    enum status status = outbox_ready(k, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(k->outbox, &counts, f);
    }
    if (status == STATUS_OK) {
        digest->attention = counts.attention;
        digest->waiting = counts.queued + counts.sent;
        digest_sentence(digest, text, sizeof text);
        agent_tell(k->agent, "DIGEST", NULL, "巡视整改每日提要", text);
        status = rectify_alerts_fact_set(k->agent->alerts, "digest", day, f);
    }
    return status;
}

/* Waits a little for the line, then says what was known last. */
static enum status
digest(struct keeper *k, struct fault *f)
{
    struct digest numbers = {.known = false};
    struct fault why = {.code = STATUS_OK};
    char day[AGENT_DAY_SIZE];
    char last[RECTIFY_KEPT_SIZE];
    char when[RECTIFY_KEPT_SIZE];
    int minute = agent_day(now_wall_ms(), day);
    enum status status = rectify_alerts_fact(k->agent->alerts, "digest", last, f);
    if (status != STATUS_OK ||
        !digest_due(day, minute, digest_minute(k->agent->profile->digest), last)) {
        return status;
    }
    status = standing_ask(k, &numbers, &why);
    if (status != STATUS_OK) {
        int64_t now_ms = now_steady_ms();
        (void)agent_link_failed(&k->link, &why);
        k->digest_since_ms = k->digest_since_ms != 0 ? k->digest_since_ms : now_ms;
        if (now_ms - k->digest_since_ms < DIGEST_PATIENCE_MS) {
            return STATUS_OK;
        }
        status = standing_kept(k, &numbers, when, f);
    }
    k->digest_since_ms = 0;
    return status == STATUS_OK ? digest_tell(k, day, &numbers, f) : status;
}

/* ---- tidying ---- */

static enum status
tidy(struct keeper *k, struct fault *f)
{
    enum status status = outbox_ready(k, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_tidy(k->outbox, now_wall_ms(), f);
    }
    if (status == STATUS_OK) {
        status = rectify_alerts_tidy(k->agent->alerts, now_wall_ms(), f);
    }
    return status;
}

/* ---- the table ---- */

static const struct {
    const char *name;
    int64_t every_ms;
    bool calls; /* not while the line is known to be down */
    enum status (*run)(struct keeper *k, struct fault *f);
} chores[] = {
    {"读取证书", HOUR_MS, false, certificate},
    {"报告状态", 0, false, heartbeat}, /* also the one that tries a dead line */
    {"恢复声明", 0, false, restores},
    {"核对日志", LIMIT_HEADS_VERIFY_MS, true, heads},
    {"查询审核结果", 5 * MINUTE_MS, true, verdicts},
    {"更新离线资料", 10 * MINUTE_MS, true, reading},
    {"每日提要", 0, false, digest},
    {"清理", DAY_MS, false, tidy},
};
enum { CERTIFICATE = 0, CHORE_COUNT = sizeof chores / sizeof chores[0] };

/* A failure is somebody's: of the line, a person, the disk, or of this one chore. */
static void
chore_failed(struct keeper *k, size_t index, const struct fault *why)
{
    if (strncmp(why->reason, "TLS_", 4) == 0) {
        k->next_ms[CERTIFICATE] = 0; /* it may have ended while the machine slept */
    }
    if (agent_link_failed(&k->link, why) == AGENT_FAILED_ANSWERED) {
        say_fault(SAY_WARNING, chores[index].name, why);
    }
}

static void
turn(struct keeper *k)
{
    for (size_t i = 0; i < CHORE_COUNT && !agent_stopping(k->agent); i++) {
        struct fault f = {.code = STATUS_OK};
        int64_t now_ms = now_awake_ms();
        if (now_ms < k->next_ms[i] || (chores[i].calls && !agent_line_is_up(k->agent))) {
            continue;
        }
        if (chores[i].run(k, &f) == STATUS_OK) {
            k->next_ms[i] = now_ms + chores[i].every_ms;
        } else {
            chore_failed(k, i, &f);
        }
    }
}

static int64_t
pause_ms(struct keeper *k)
{
    if (!agent_line_is_up(k->agent)) {
        return TURN_LINE_MS / 2 + agent_random() % TURN_LINE_MS;
    }
    int64_t ms = k->again_in_ms > 0 ? k->again_in_ms * 5LL / 6 : TURN_MS;
    return ms + agent_random() % TURN_CHANCE_MS;
}

void *
agent_keeper_run(void *user)
{
    struct agent *agent = user;
    struct keeper k = {.agent = agent, .link = {.agent = agent, .job = AGENT_KEEPER}};
    _Static_assert(CHORE_COUNT <= sizeof k.next_ms / sizeof k.next_ms[0], "a place for each");
    while (!agent_stopping(agent)) {
        turn(&k);
        if (!agent_stopping(agent)) {
            agent_wait(agent, AGENT_KEEPER, pause_ms(&k));
        }
    }
    rectify_outbox_free(k.outbox);
    agent_link_close(&k.link);
    agent_ended(agent);
    return NULL;
}
