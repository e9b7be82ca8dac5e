/* The listener: one parked call after another. After a failure it asks without parking, so that an
 * answer, which tells everybody that the line is back, comes at once; for the same reason it has
 * the channel try nothing again. */
#include "client/agent/agent_impl.h"

#include "proto/base/now.h"

#include <rectify/v1/alert.pb-c.h>

enum {
    PARK_MS = 30000,
    MARGIN_MS = 10000, /* the call's own time beyond the parking */
    SHORT_MS = 1000,
    PERSON_MS = 60000, /* how often is looked whether a person has done something */
    REPLY_ARENA_BYTES = 32 * 1024 * 1024
};

enum status
agent_listen(struct agent_link *link, uint32_t wait_ms, size_t *ret_count, struct fault *f)
{
    struct agent *agent = link->agent;
    Pb__WaitAlertsRequest wait = PB__WAIT_ALERTS_REQUEST__INIT;
    struct rectify_request request = {.method = "rectify.v1.AlertService/WaitAlerts",
                                      .message = &wait.base,
                                      .timeout_ms = wait_ms > 0 ? wait_ms + MARGIN_MS : 0};
    struct rectify_answer answer;
    struct arena a;
    uint64_t fresh = 0;
    wait.has_cursor = true;
    wait.has_wait_ms = true;
    wait.wait_ms = wait_ms;
    arena_init(&a, REPLY_ARENA_BYTES);
    enum status status = agent_link_open(link, true, f);
    if (status == STATUS_OK) {
        status = rectify_alerts_cursor(agent->alerts, agent->account, &wait.cursor, f);
    }
    if (status == STATUS_OK) {
        status = rectify_call(link->channel, &a, &request, &answer, f);
    }
    if (status == STATUS_OK) {
        const Pb__WaitAlertsReply *reply = (const Pb__WaitAlertsReply *)answer.message;
        agent_link_good(link, true, answer.server_time_ms);
        *ret_count = reply->n_alerts;
        /* On the disk first: the next question says that they arrived. */
        if (reply->n_alerts > 0) {
            status = rectify_alerts_receive(agent->alerts, agent->account, reply, now_wall_ms(),
                                            &fresh, f);
        }
    }
    arena_release(&a);
    if (status == STATUS_OK && fresh > 0) {
        agent_disk_good(agent, "");
        say(SAY_INFO, "收到 %llu 条预警", (unsigned long long)fresh);
        agent_kick(agent, AGENT_TELLER);
    }
    return status;
}

/* How long to wait after a failure. */
static int64_t
patience_ms(struct agent_link *link, const struct fault *why, unsigned attempt)
{
    switch (agent_link_failed(link, why)) {
    case AGENT_FAILED_PERSON:
        return PERSON_MS;
    case AGENT_FAILED_ANSWERED:
        say_fault(SAY_WARNING, "没能取预警", why);
        return PERSON_MS;
    default:
        return agent_backoff_ms(attempt, agent_random());
    }
}

void *
agent_listener_run(void *user)
{
    struct agent *agent = user;
    struct agent_link link = {.agent = agent, .job = AGENT_LISTENER, .impatient = true};
    unsigned failures = 0;
    while (!agent_stopping(agent)) {
        size_t count = 0;
        struct fault f = {.code = STATUS_OK};
        uint32_t park_ms = failures == 0 && agent_line_is_up(agent) ? PARK_MS : 0;
        int64_t begin_ms = now_steady_ms();
        if (agent_listen(&link, park_ms, &count, &f) == STATUS_OK) {
            failures = 0;
            if (count == 0 && park_ms > 0 && now_steady_ms() - begin_ms < SHORT_MS) {
                agent_wait(agent, AGENT_LISTENER, SHORT_MS); /* a server that does not park */
            }
        } else if (!agent_stopping(agent)) {
            agent_wait(agent, AGENT_LISTENER, patience_ms(&link, &f, failures++));
        }
    }
    agent_link_close(&link);
    agent_ended(agent);
    return NULL;
}
