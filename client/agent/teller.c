/* The teller: what is stored is told, oldest first, and marked when it was. On the desktop a few at
 * a time and then one line for the rest; to the hook one by one, a failed one a few times more
 * before the next. */
#include "client/agent/agent_impl.h"
#include "client/agent/program.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"

#include <stdio.h>
#include <string.h>

enum { TELL_ARENA_BYTES = 1024 * 1024, HOOK_WAIT_FIRST_MS = 1000, HOOK_WAIT_FACTOR = 5 };

static bool
stop_asked(void *user)
{
    return agent_stopping(user);
}

/* ---- the desktop ---- */

/* A text as a notification takes it: one line, cut at a character, and nothing that its markup
 * could mean (notification servers may read HTML). */
static void
notice_text(const char *text, char *ret, size_t size)
{
    static const struct {
        char plain;
        const char *wide;
    } signs[] = {{'<', "＜"}, {'>', "＞"}, {'&', "＆"}};
    size_t used = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0';) {
        char piece[5] = {(char)*p};
        size_t n = 1;
        while (n < 4 && (p[n] & 0xC0) == 0x80) { /* the bytes that belong to it */
            piece[n] = (char)p[n];
            n++;
        }
        p += n;
        if (piece[0] >= 0 && (piece[0] < ' ' || piece[0] == 0x7f)) {
            piece[0] = ' ';
        }
        for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
            if (piece[0] == signs[i].plain) {
                snprintf(piece, sizeof piece, "%s", signs[i].wide);
            }
        }
        if (used + strlen(piece) + sizeof "…" > size) {
            snprintf(ret + used, size - used, "…");
            return;
        }
        memcpy(ret + used, piece, strlen(piece));
        used += strlen(piece);
    }
    ret[used] = '\0';
}

static void
notify(struct agent *agent, const char *title, const char *text, bool urgent)
{
    char head[LIMIT_NOTICE_BYTES];
    char body[LIMIT_NOTICE_BYTES];
    struct fault f;
    notice_text(title, head, sizeof head);
    notice_text(text, body, sizeof body);
    const char *argv[] = {agent->notifier,
                          "--app-name=rectify",
                          "-u",
                          urgent ? "critical" : "normal",
                          "--",
                          head,
                          body,
                          NULL};
    struct program program = {
        .argv = argv, .limit_ms = LIMIT_NOTIFIER_MS, .stop = stop_asked, .user = agent};
    if (program_run(&program, &f) != STATUS_OK) {
        say_fault(SAY_WARNING, "桌面通知没能显示", &f);
    }
}

static bool
is_urgent(const struct rectify_alert *alert)
{
    enum { DIRECT_LEVEL = 3 };
    return strcmp(alert->kind, "DIGEST") != 0 && (alert->seq == 0 || alert->level >= DIRECT_LEVEL);
}

static enum status
show_list(struct agent *agent, const struct rectify_alert_list *list, struct fault *f)
{
    char rest[128];
    enum status status = STATUS_OK;
    for (size_t i = 0; i < list->count && status == STATUS_OK && !agent_stopping(agent); i++) {
        const struct rectify_alert *alert = &list->items[i];
        notify(agent, alert->title, alert->text, is_urgent(alert));
        status = rectify_alerts_told(agent->alerts, alert->place, RECTIFY_TELL_SHOW,
                                     RECTIFY_TOLD_DONE, now_wall_ms(), f);
    }
    if (status != STATUS_OK || list->total <= list->count || agent_stopping(agent)) {
        return status;
    }
    snprintf(rest, sizeof rest, "还有 %llu 条，请运行 rectify alert list 查看。",
             (unsigned long long)(list->total - list->count));
    notify(agent, "巡视整改", rest, false);
    return rectify_alerts_pass(agent->alerts, RECTIFY_TELL_SHOW, list->last, now_wall_ms(), f);
}

static enum status
show_waiting(struct agent *agent, struct fault *f)
{
    struct arena a;
    struct rectify_alert_list list;
    arena_init(&a, TELL_ARENA_BYTES);
    enum status status = rectify_alerts_waiting(agent->alerts, &a, RECTIFY_TELL_SHOW,
                                                LIMIT_NOTICES_AT_ONCE, &list, f);
    if (status == STATUS_OK && list.count > 0) {
        status = agent->notifier != NULL ? show_list(agent, &list, f)
                                         : rectify_alerts_pass(agent->alerts, RECTIFY_TELL_SHOW,
                                                               list.last, now_wall_ms(), f);
    }
    arena_release(&a);
    return status;
}

/* ---- the hook ---- */

static enum status
hook_run(struct agent *agent, struct arena *a, const struct rectify_alert *alert, struct fault *f)
{
    const char *extra[] = {arena_printf(a, "RECTIFY_ALERT_ID=%s", alert->id),
                           arena_printf(a, "RECTIFY_ALERT_KIND=%s", alert->kind),
                           arena_printf(a, "RECTIFY_PROFILE=%s", agent->profile->name), NULL};
    const char *argv[] = {agent->hook, alert->kind, alert->id, NULL};
    struct program program = {.argv = argv,
                              .input = rectify_alert_json(a, alert),
                              .extra = extra,
                              .limit_ms = LIMIT_HOOK_MS,
                              .stop = stop_asked,
                              .user = agent};
    if (program.input == NULL || extra[0] == NULL || extra[1] == NULL || extra[2] == NULL) {
        return fault_memory(f);
    }
    return program_run(&program, f);
}

/* In how many ms a failed one is tried again. */
static int64_t
hook_wait_ms(uint32_t attempts)
{
    int64_t ms = HOOK_WAIT_FIRST_MS;
    for (uint32_t i = 1; i < attempts; i++) {
        ms *= HOOK_WAIT_FACTOR;
    }
    return ms;
}

/* One run. *ret_wait_ms: negative, it is settled; else to be tried again. */
static enum status
hook_try(struct agent *agent, struct arena *a, const struct rectify_alert *alert,
         int64_t *ret_wait_ms, struct fault *f)
{
    struct fault why;
    enum status ran = hook_run(agent, a, alert, &why);
    enum rectify_told told = RECTIFY_TOLD_DONE;
    uint32_t attempts = alert->hook_attempts + 1;
    *ret_wait_ms = -1;
    if (ran == STATUS_CANCELLED) {
        return STATUS_OK; /* it comes again when the agent does */
    }
    if (ran != STATUS_OK) {
        say(SAY_WARNING, "预警程序第 %u 次没有成功（%s）：%s", (unsigned)attempts, alert->id,
            why.message);
        enum status status = rectify_alerts_hook_failed(agent->alerts, alert->place, f);
        if (status != STATUS_OK || attempts < LIMIT_HOOK_TRIES) {
            *ret_wait_ms = hook_wait_ms(attempts);
            return status;
        }
        say(SAY_ERROR, "预警程序试了 %u 次都没有成功，不再试：%s", (unsigned)attempts, alert->id);
        told = RECTIFY_TOLD_GIVEN_UP;
    }
    return rectify_alerts_told(agent->alerts, alert->place, RECTIFY_TELL_HOOK, told, now_wall_ms(),
                               f);
}

/* The next one. *ret_more false: none waits. */
static enum status
hook_next(struct agent *agent, bool *ret_more, int64_t *ret_wait_ms, struct fault *f)
{
    struct arena a;
    struct rectify_alert_list list;
    arena_init(&a, TELL_ARENA_BYTES);
    enum status status = rectify_alerts_waiting(agent->alerts, &a, RECTIFY_TELL_HOOK, 1, &list, f);
    *ret_more = status == STATUS_OK && list.count > 0;
    int64_t left_ms = agent->hook_not_before_ms - now_steady_ms();
    if (*ret_more && agent->hook == NULL) {
        *ret_more = false;
        status = rectify_alerts_pass(agent->alerts, RECTIFY_TELL_HOOK, list.last, now_wall_ms(), f);
    } else if (*ret_more && left_ms > 0) {
        *ret_wait_ms = left_ms;
    } else if (*ret_more) {
        status = hook_try(agent, &a, &list.items[0], ret_wait_ms, f);
        agent->hook_not_before_ms = now_steady_ms() + *ret_wait_ms;
    }
    arena_release(&a);
    return status;
}

/* ---- both ---- */

int64_t
agent_tell_waiting(struct agent *agent)
{
    enum { DISK_WAIT_MS = 60000 };
    struct fault f = {.code = STATUS_OK};
    bool more = true;
    int64_t wait_ms = -1;
    while (more && wait_ms < 0 && !agent_stopping(agent)) {
        enum status status = show_waiting(agent, &f);
        if (status == STATUS_OK) {
            status = hook_next(agent, &more, &wait_ms, &f);
        }
        if (status != STATUS_OK) {
            say_fault(SAY_ERROR, "没能记下预警已经通知", &f);
            return DISK_WAIT_MS;
        }
    }
    return wait_ms;
}

void *
agent_teller_run(void *user)
{
    struct agent *agent = user;
    while (!agent_stopping(agent)) {
        int64_t wait_ms = agent_tell_waiting(agent);
        if (!agent_stopping(agent)) {
            agent_wait(agent, AGENT_TELLER, wait_ms);
        }
    }
    agent_ended(agent);
    return NULL;
}
