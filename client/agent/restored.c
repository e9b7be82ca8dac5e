/* A server that was restored to an earlier point (恢复声明): what it may have lost is offered again
 * before anything new goes out, so that the order of a thing's commands stays as it was. */
#include "client/agent/agent_impl.h"

#include <inttypes.h>
#include <stdio.h>

static enum status
offer_again(struct agent_link *link, struct rectify_outbox *outbox, int64_t since_ms,
            struct fault *f)
{
    struct agent *agent = link->agent;
    uint64_t count = 0;
    char text[256];
    enum status status = rectify_outbox_reoffer(outbox, since_ms, &count, f);
    if (status == STATUS_OK) {
        status = rectify_alerts_rewind(agent->alerts, agent->account, f);
    }
    if (status == STATUS_OK) {
        status = rectify_channel_restored_done(link->channel, since_ms, f);
    }
    if (status == STATUS_OK) {
        snprintf(text, sizeof text,
                 "服务器恢复到了较早的时间；本机把之后已收件的 %" PRIu64
                 " 件按原编号再送一遍，不会重复。",
                 count);
        agent_tell(agent, "RESTORED", NULL, "巡视整改：服务器做过恢复", text);
        say(SAY_WARNING, "%s", text);
        agent_kick(agent, AGENT_SENDER);
        agent_kick(agent, AGENT_LISTENER);
    }
    return status;
}

enum status
agent_restored(struct agent_link *link, struct rectify_outbox *outbox, struct fault *f)
{
    int64_t since_ms = 0;
    pthread_mutex_lock(&link->agent->restore_lock);
    enum status status = rectify_channel_restored(link->channel, &since_ms)
                             ? offer_again(link, outbox, since_ms, f)
                             : STATUS_OK;
    pthread_mutex_unlock(&link->agent->restore_lock);
    return status;
}
