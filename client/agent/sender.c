/* The sender: looks into the outbox when its file changes, and drains it while something waits. */
#include "client/agent/agent_impl.h"

#include "proto/base/now.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

enum {
    LOOK_MS = 60000,   /* a look without a sign: where the disk gives none */
    PERSON_MS = 60000, /* how often is looked whether a person has done something */
    OTHER_MS = 3000,   /* another process is sending */
    SETTLE_MS = 50,    /* a file being written gives many signs */
};

/* ---- signs ---- */

struct signs {
    int inotify;  /* -1: the disk gives none */
    bool outbox;  /* something was put */
    bool renewed; /* session or machine were replaced */
};

static void
sign_take(struct signs *signs, const char *name)
{
    signs->outbox |= strncmp(name, "outbox.db", 9) == 0;
    signs->renewed |= strcmp(name, "session") == 0 || strcmp(name, "machine") == 0;
}

static void
signs_read(struct signs *signs)
{
    char bytes[4096] __attribute__((aligned(8)));
    ssize_t n = 0;
    while (signs->inotify >= 0 && (n = read(signs->inotify, bytes, sizeof bytes)) > 0) {
        for (char *p = bytes; p < bytes + n;) {
            const struct inotify_event *event = (const struct inotify_event *)(void *)p;
            if (event->len > 0) {
                sign_take(signs, event->name);
            }
            signs->outbox |= (event->mask & IN_Q_OVERFLOW) != 0;
            p += sizeof *event + event->len;
        }
    }
}

/* Waits for a kick, or so long; with looking also for signs of the outbox. */
static void
await(struct agent *agent, struct signs *signs, int64_t ms, bool looking)
{
    int64_t end_ms = now_steady_ms() + ms;
    uint64_t count = 0;
    signs->outbox = false;
    for (int64_t left = ms; left > 0; left = end_ms - now_steady_ms()) {
        struct pollfd fds[2] = {{.fd = agent->wake_fd, .events = POLLIN},
                                {.fd = signs->inotify, .events = POLLIN}};
        (void)poll(fds, 2, (int)left);
        bool kicked = read(agent->wake_fd, &count, sizeof count) > 0;
        if ((fds[1].revents & POLLIN) != 0) {
            (void)poll(fds, 1, SETTLE_MS);
            signs_read(signs);
        }
        if (signs->renewed) {
            signs->renewed = false;
            agent_renew(agent);
            return;
        }
        if (kicked || agent_stopping(agent) || (looking && signs->outbox)) {
            return;
        }
    }
}

/* ---- one drain ---- */

void
agent_item_settled(void *user, const struct rectify_item *item)
{
    struct agent *agent = user;
    char id[RECTIFY_ALERT_ID_SIZE];
    char text[2 * FAULT_MESSAGE_SIZE];
    const char *title = item->title != NULL ? item->title : "";
    const char *message = item->message != NULL ? item->message : "";
    if (item->state == RECTIFY_ITEM_ATTENTION) {
        say(SAY_WARNING, "第 %lld 件没有被接收（%s）：%s", (long long)item->number,
            item->reason != NULL ? item->reason : "", message);
        snprintf(id, sizeof id, "ATTENTION-%s", item->key);
        snprintf(text, sizeof text, "%s：%s请运行 rectify outbox 查看。", title, message);
        agent_tell(agent, "ATTENTION", id, "巡视整改：有一件要处理", text);
    } else if (item->state == RECTIFY_ITEM_RECEIVED && item->verdict == RECTIFY_VERDICT_RETURNED) {
        snprintf(id, sizeof id, "RETURNED-%s", item->key);
        snprintf(text, sizeof text, "%s：已退回，请运行 rectify todo 查看原因。", title);
        agent_tell(agent, "RETURNED", id, "巡视整改：有一件被退回", text);
    } else if (item->state == RECTIFY_ITEM_RECEIVED) {
        say(SAY_INFO, "第 %lld 件%s：%s", (long long)item->number,
            item->verdict == RECTIFY_VERDICT_ACCEPTED ? "审核通过" : "已收件",
            item->receipt_number != NULL ? item->receipt_number : "");
    }
}

static bool
stop_asked(void *user)
{
    return agent_stopping(user);
}

enum status
agent_send(struct agent_link *link, struct rectify_outbox *outbox, struct rectify_drain *ret_drain,
           struct fault *f)
{
    struct rectify_drain_options options = {
        .stop = stop_asked, .settled = agent_item_settled, .user = link->agent};
    struct rectify_drain drain = {.end = RECTIFY_DRAIN_LINE};
    enum status status = agent_link_open(link, true, &drain.why);
    if (status == STATUS_OK) {
        /* First, so that what a restored server lost goes before what is new. */
        status = rectify_heads_verify(link->channel, &drain.why);
    }
    if (status != STATUS_OK) {
        *ret_drain = drain; /* why says what kind it is */
        return STATUS_OK;
    }
    status = agent_restored(link, outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = rectify_outbox_drain(outbox, link->channel, &options, &drain, f);
    if (status == STATUS_OK) {
        *ret_drain = drain;
    }
    return status;
}

/* ---- the loop ---- */

/* What a drain's end means for the others, and how long to wait; 0: until there is a sign. */
static int64_t
patience_ms(struct agent_link *link, const struct rectify_drain *drain, unsigned attempt)
{
    switch (drain->end) {
    case RECTIFY_DRAIN_EMPTY:
        agent_link_good(link, true, 0);
        return 0;
    case RECTIFY_DRAIN_STOPPED:
        return 0;
    case RECTIFY_DRAIN_OTHER:
        return OTHER_MS;
    case RECTIFY_DRAIN_LOGIN:
        agent_link_person(link, RECTIFY_TROUBLE_LOGIN, &drain->why);
        return PERSON_MS;
    case RECTIFY_DRAIN_MACHINE:
        agent_link_person(link, RECTIFY_TROUBLE_MACHINE, &drain->why);
        return PERSON_MS;
    case RECTIFY_DRAIN_LOG:
        agent_link_person(link, RECTIFY_TROUBLE_LOG, &drain->why);
        return PERSON_MS;
    case RECTIFY_DRAIN_LINE:
        break;
    }
    if (agent_link_failed(link, &drain->why) == AGENT_FAILED_PERSON) {
        return PERSON_MS;
    }
    return drain->wait_ms > 0 ? drain->wait_ms : agent_backoff_ms(attempt, agent_random());
}

/* Gives back what a burst took: the agent is idle most of its life. */
static void
memory_return(void)
{
#ifdef __GLIBC__
    (void)malloc_trim(0);
#endif
}

/* Sends until nothing waits or it cannot go on. In how many ms to look again; 0: when told. */
static int64_t
work(struct agent_link *link, struct rectify_outbox *outbox, unsigned *failures)
{
    struct fault f = {.code = STATUS_OK};
    struct rectify_outbox_counts counts;
    struct rectify_drain drain;
    enum status status = rectify_outbox_counts_get(outbox, &counts, &f);
    if (status == STATUS_OK) {
        agent_disk_good(link->agent, "OUTBOX_");
    }
    if (status == STATUS_OK && counts.queued + counts.sent == 0) {
        return 0;
    }
    if (status == STATUS_OK) {
        status = agent_send(link, outbox, &drain, &f);
    }
    if (status != STATUS_OK) {
        agent_trouble(link->agent, RECTIFY_TROUBLE_DISK, &f);
        return PERSON_MS;
    }
    if (drain.received > 0) {
        agent_disk_good(link->agent, "");
    }
    if (drain.received + drain.refused > 0) {
        say(SAY_INFO, "已送出 %llu 件，要处理 %llu 件", (unsigned long long)drain.received,
            (unsigned long long)drain.refused);
    }
    int64_t wait_ms = patience_ms(link, &drain, *failures);
    *failures = drain.end == RECTIFY_DRAIN_LINE && drain.received == 0 ? *failures + 1 : 0;
    if (drain.end == RECTIFY_DRAIN_EMPTY) {
        agent_link_close(link);
        memory_return();
    }
    return wait_ms;
}

static int
signs_open(const char *folder)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd >= 0 && inotify_add_watch(fd, folder, IN_MODIFY | IN_MOVED_TO | IN_CREATE) < 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

void *
agent_sender_run(void *user)
{
    struct agent *agent = user;
    struct agent_link link = {.agent = agent, .job = AGENT_SENDER};
    struct signs signs = {.inotify = signs_open(agent->profile->state)};
    struct rectify_outbox *outbox = NULL;
    unsigned failures = 0;
    while (!agent_stopping(agent)) {
        struct fault f = {.code = STATUS_OK};
        int64_t wait_ms = PERSON_MS;
        if (outbox == NULL &&
            rectify_outbox_open(agent->profile->state, &outbox, &f) != STATUS_OK) {
            agent_trouble(agent, RECTIFY_TROUBLE_DISK, &f);
        } else {
            wait_ms = work(&link, outbox, &failures);
        }
        if (!agent_stopping(agent)) {
            await(agent, &signs, wait_ms > 0 ? wait_ms : LOOK_MS, wait_ms == 0);
        }
    }
    if (signs.inotify >= 0) {
        (void)close(signs.inotify);
    }
    rectify_outbox_free(outbox);
    agent_link_close(&link);
    agent_ended(agent);
    return NULL;
}
