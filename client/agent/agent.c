#include "client/agent/agent_impl.h"
#include "client/agent/program.h"
#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

enum {
    STACK_BYTES = 512 * 1024,
    END_MS = 5000,      /* for running calls, at a stop, before they are cut off */
    CUT_AGAIN_MS = 200, /* a call that begins just then is cut off too */
    BACKOFF_FIRST_MS = 1000,
    BACKOFF_MAX_MS = 20000
};

/* ---- time and chance ---- */

int
agent_day(int64_t now_ms, char ret_day[AGENT_DAY_SIZE])
{
    time_t seconds = (time_t)(now_ms / 1000);
    struct tm day = {.tm_year = 70, .tm_mday = 1};
    (void)localtime_r(&seconds, &day);
    if (strftime(ret_day, AGENT_DAY_SIZE, "%Y-%m-%d", &day) == 0) {
        ret_day[0] = '\0';
    }
    return day.tm_hour * 60 + day.tm_min;
}

uint32_t
agent_random(void)
{
    uint32_t random = 0;
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) {
        random = (uint32_t)now_steady_ms() * 2654435761U;
    }
    return random;
}

uint32_t
agent_backoff_ms(unsigned attempt, uint32_t random)
{
    uint32_t most = attempt >= 8 ? BACKOFF_MAX_MS : (uint32_t)BACKOFF_FIRST_MS << attempt;
    if (most > BACKOFF_MAX_MS) {
        most = BACKOFF_MAX_MS;
    }
    return most / 2 + random % (most / 2 + 1);
}

/* ---- waiting and waking ---- */

bool
agent_stopping(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    bool stopping = agent->stopping;
    pthread_mutex_unlock(&agent->lock);
    return stopping;
}

void
agent_wait(struct agent *agent, enum agent_job job, int64_t ms)
{
    struct timespec until;
    int64_t end_ms = now_steady_ms() + ms;
    until.tv_sec = (time_t)(end_ms / 1000);
    until.tv_nsec = (long)(end_ms % 1000) * 1000000L;
    pthread_mutex_lock(&agent->lock);
    int rc = 0;
    while (!agent->stopping && agent->kicks[job] == agent->seen[job] && rc != ETIMEDOUT) {
        rc = ms < 0 ? pthread_cond_wait(&agent->changed, &agent->lock)
                    : pthread_cond_timedwait(&agent->changed, &agent->lock, &until);
    }
    agent->seen[job] = agent->kicks[job];
    pthread_mutex_unlock(&agent->lock);
}

/* Under the lock. */
static void
kick(struct agent *agent, enum agent_job job)
{
    static const uint64_t one = 1;
    agent->kicks[job]++;
    pthread_cond_broadcast(&agent->changed);
    if (job == AGENT_SENDER && write(agent->wake_fd, &one, sizeof one) < 0) {
        return; /* the counter is full: it is awake */
    }
}

void
agent_kick(struct agent *agent, enum agent_job job)
{
    pthread_mutex_lock(&agent->lock);
    kick(agent, job);
    pthread_mutex_unlock(&agent->lock);
}

static void
kick_callers(struct agent *agent)
{
    kick(agent, AGENT_SENDER);
    kick(agent, AGENT_LISTENER);
    kick(agent, AGENT_KEEPER);
}

void
agent_renew(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    agent->epoch++;
    kick_callers(agent);
    pthread_mutex_unlock(&agent->lock);
}

/* ---- what is known of the line, for all to see ---- */

/* As much of a text as fits, cut at a character. */
static void
text_fit(char *to, size_t size, const char *text)
{
    size_t n = strlen(text);
    if (n >= size) {
        n = size - 1;
        while (n > 0 && ((unsigned char)text[n] & 0xC0) == 0x80) {
            n--;
        }
    }
    memcpy(to, text, n);
    to[n] = '\0';
}

/* Under the lock: the file is small and seldom written. */
static void
state_write(struct agent *agent)
{
    struct fault f;
    agent->state.written_at_ms = now_wall_ms();
    if (rectify_agent_state_save(agent->profile->state, &agent->state, &f) != STATUS_OK) {
        say_fault(SAY_WARNING, "没能写下代理的状态", &f);
    }
}

void
agent_state_write(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    state_write(agent);
    pthread_mutex_unlock(&agent->lock);
}

void
agent_line_up(struct agent *agent, int64_t server_time_ms)
{
    struct rectify_agent_state *state = &agent->state;
    int64_t now_ms = now_wall_ms();
    pthread_mutex_lock(&agent->lock);
    bool was_up = state->line == RECTIFY_LINE_UP;
    state->contact_at_ms = now_ms;
    agent->refused_since_ms = 0;
    bool first_time = server_time_ms > 0 && !state->has_clock_difference;
    if (server_time_ms > 0) {
        state->has_clock_difference = true;
        state->clock_difference_ms = now_ms - server_time_ms;
    }
    if (!was_up) {
        state->line = RECTIFY_LINE_UP;
        state->line_since_ms = now_ms;
        state->line_reason[0] = '\0';
        state->line_message[0] = '\0';
        kick_callers(agent); /* who waits for the line need not wait on */
    }
    if (!was_up || first_time) {
        state_write(agent);
    }
    pthread_mutex_unlock(&agent->lock);
    if (!was_up) {
        say(SAY_INFO, "线路通了：%s", agent->profile->server);
    }
}

void
agent_line_down(struct agent *agent, const struct fault *why)
{
    struct rectify_agent_state *state = &agent->state;
    pthread_mutex_lock(&agent->lock);
    bool was_down = state->line == RECTIFY_LINE_DOWN;
    if (!was_down || strcmp(state->line_reason, why->reason) != 0) {
        state->line = RECTIFY_LINE_DOWN;
        state->line_since_ms = was_down ? state->line_since_ms : now_wall_ms();
        text_fit(state->line_reason, sizeof state->line_reason, why->reason);
        text_fit(state->line_message, sizeof state->line_message, why->message);
        state_write(agent);
    }
    pthread_mutex_unlock(&agent->lock);
    if (!was_down) {
        say_fault(SAY_WARNING, "线路不通", why);
    }
}

bool
agent_line_is_up(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    bool up = agent->state.line == RECTIFY_LINE_UP;
    pthread_mutex_unlock(&agent->lock);
    return up;
}

/* ---- what people are told ---- */

void
agent_tell(struct agent *agent, const char *kind, const char *id, const char *title,
           const char *text)
{
    char made[RECTIFY_ALERT_ID_SIZE];
    char day[AGENT_DAY_SIZE];
    bool new = false;
    struct fault f;
    int64_t now_ms = now_wall_ms();
    if (id == NULL) {
        (void)agent_day(now_ms, day);
        snprintf(made, sizeof made, "%s-%s", kind, day);
    }
    struct rectify_alert alert = {
        .id = id != NULL ? id : made, .kind = kind, .title = title, .text = text};
    if (rectify_alerts_add(agent->alerts, &alert, now_ms, &new, &f) != STATUS_OK) {
        say_fault(SAY_ERROR, title, &f);
        return;
    }
    if (new) {
        agent_kick(agent, AGENT_TELLER);
    }
}

static const char *
trouble_title(const char *code)
{
    static const struct {
        const char *code;
        const char *title;
    } titles[] = {
        {RECTIFY_TROUBLE_LOGIN, "巡视整改：请运行 rectify login"},
        {RECTIFY_TROUBLE_MACHINE, "巡视整改：本机不能用了，请联系管理员"},
        {RECTIFY_TROUBLE_LOG, "巡视整改：服务器日志核对不上，已停止发送"},
        {RECTIFY_TROUBLE_DISK, "巡视整改：本机磁盘有问题"},
    };
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (strcmp(titles[i].code, code) == 0) {
            return titles[i].title;
        }
    }
    return "巡视整改：代理的设置有问题";
}

void
agent_trouble(struct agent *agent, const char *code, const struct fault *why)
{
    struct rectify_agent_state *state = &agent->state;
    pthread_mutex_lock(&agent->lock);
    bool new = strcmp(state->trouble, code) != 0;
    if (new || strcmp(state->trouble_reason, why->reason) != 0) {
        state->trouble_since_ms = new ? now_wall_ms() : state->trouble_since_ms;
        text_fit(state->trouble, sizeof state->trouble, code);
        text_fit(state->trouble_reason, sizeof state->trouble_reason, why->reason);
        text_fit(state->trouble_message, sizeof state->trouble_message, why->message);
        state_write(agent);
    }
    pthread_mutex_unlock(&agent->lock);
    if (new) {
        say_fault(SAY_ERROR, trouble_title(code), why);
    }
    agent_tell(agent, code, NULL, trouble_title(code), why->message);
}

void
agent_trouble_clear(struct agent *agent, const char *code)
{
    struct rectify_agent_state *state = &agent->state;
    pthread_mutex_lock(&agent->lock);
    bool cleared = strcmp(state->trouble, code) == 0;
    if (cleared) {
        state->trouble[0] = '\0';
        state->trouble_reason[0] = '\0';
        state->trouble_message[0] = '\0';
        state->trouble_since_ms = 0;
        state_write(agent);
    }
    pthread_mutex_unlock(&agent->lock);
    if (cleared) {
        say(SAY_INFO, "已恢复（%s）", code);
    }
}

void
agent_disk_good(struct agent *agent, const char *prefix)
{
    pthread_mutex_lock(&agent->lock);
    bool over = strncmp(agent->state.trouble_reason, prefix, strlen(prefix)) == 0;
    pthread_mutex_unlock(&agent->lock);
    if (over) {
        agent_trouble_clear(agent, RECTIFY_TROUBLE_DISK);
    }
}

bool
agent_in_trouble(struct agent *agent, const char *code)
{
    pthread_mutex_lock(&agent->lock);
    bool is = strcmp(agent->state.trouble, code) == 0;
    pthread_mutex_unlock(&agent->lock);
    return is;
}

/* ---- life ---- */

static void
state_begin(struct agent *agent)
{
    struct rectify_agent_state before;
    struct rectify_agent_state *state = &agent->state;
    *state = (struct rectify_agent_state){.pid = getpid(), .started_at_ms = now_wall_ms()};
    snprintf(state->version, sizeof state->version, "%s", AGENT_VERSION);
    if (rectify_agent_state_load(agent->profile->state, &before, NULL) == STATUS_OK) {
        state->contact_at_ms = before.contact_at_ms;
        state->heartbeat_at_ms = before.heartbeat_at_ms;
        state->certificate_until_ms = before.certificate_until_ms;
    }
}

static enum status
pieces_make(struct agent *agent, struct fault *f)
{
    pthread_condattr_t steady;
    unsigned char seed[16];
    struct uuid7_source ids;
    for (size_t i = 0; i < sizeof seed; i += sizeof(uint32_t)) {
        uint32_t random = agent_random();
        memcpy(seed + i, &random, sizeof random);
    }
    uuid7_source_init(&ids, now_wall_ms(), seed);
    uuid7_next(&ids, agent->instance);
    pthread_mutex_init(&agent->lock, NULL);
    pthread_mutex_init(&agent->login_lock, NULL);
    pthread_mutex_init(&agent->restore_lock, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&agent->changed, &steady);
    pthread_condattr_destroy(&steady);
    agent->notifier = program_find("notify-send");
    agent->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return agent->wake_fd >= 0 ? STATUS_OK
                               : fault_set(f, STATUS_UNAVAILABLE, "THREAD", "打开的文件太多。");
}

enum status
agent_new(const struct rectify_profile *profile, struct agent **ret_agent, struct fault *f)
{
    struct agent *agent = calloc(1, sizeof *agent);
    if (agent == NULL) {
        return fault_memory(f);
    }
    agent->lock_fd = -1;
    agent_profile_set(agent, profile);
    enum status status = pieces_make(agent, f);
    if (status == STATUS_OK) {
        status = rectify_agent_lock(profile->state, &agent->lock_fd, f);
    }
    if (status == STATUS_OK) {
        status = rectify_alerts_open(profile->state, &agent->alerts, f);
    }
    if (status != STATUS_OK) {
        agent_free(agent);
        return status;
    }
    state_begin(agent);
    agent_state_write(agent);
    *ret_agent = agent;
    return STATUS_OK;
}

/* A name is looked for in $PATH, a path begins at the profile's folder. */
static char *
hook_find(const struct rectify_profile *profile)
{
    char *path = NULL;
    const char *hook = profile->hook;
    const char *slash = strrchr(profile->file, '/');
    if (hook == NULL) {
        return NULL;
    }
    if (strchr(hook, '/') == NULL) {
        char *found = program_find(hook);
        return found != NULL ? found : strdup(hook); /* its start will say what is wrong */
    }
    if (hook[0] == '/' || slash == NULL) {
        return strdup(hook);
    }
    int folder = (int)(slash - profile->file);
    return asprintf(&path, "%.*s/%s", folder, profile->file, hook) < 0 ? NULL : path;
}

void
agent_profile_set(struct agent *agent, const struct rectify_profile *profile)
{
    free(agent->hook);
    agent->hook = hook_find(profile);
    agent->profile = profile;
    agent->account = profile->account != NULL ? profile->account : "";
    agent->state.line = RECTIFY_LINE_UNKNOWN; /* it may be another server's */
    agent->epoch++;
}

void
agent_free(struct agent *agent)
{
    if (agent == NULL) {
        return;
    }
    agent_stop(agent);
    if (agent->alerts != NULL) {
        agent->state.stopped_at_ms = now_wall_ms();
        agent->state.line = RECTIFY_LINE_UNKNOWN;
        agent_state_write(agent);
    }
    rectify_alerts_free(agent->alerts);
    if (agent->wake_fd >= 0) {
        (void)close(agent->wake_fd);
    }
    if (agent->lock_fd >= 0) {
        (void)close(agent->lock_fd);
    }
    free(agent->notifier);
    free(agent->hook);
    pthread_cond_destroy(&agent->changed);
    pthread_mutex_destroy(&agent->restore_lock);
    pthread_mutex_destroy(&agent->login_lock);
    pthread_mutex_destroy(&agent->lock);
    free(agent);
}

enum status
agent_start(struct agent *agent, struct fault *f)
{
    static void *(*const runs[AGENT_JOBS])(void *) = {agent_sender_run, agent_listener_run,
                                                      agent_teller_run, agent_keeper_run};
    pthread_attr_t small;
    agent->stopping = false;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, STACK_BYTES);
    int rc = 0;
    for (int job = 0; job < AGENT_JOBS && rc == 0; job++) {
        pthread_mutex_lock(&agent->lock);
        rc = pthread_create(&agent->threads[job], &small, runs[job], agent);
        agent->started[job] = rc == 0;
        agent->running += rc == 0;
        pthread_mutex_unlock(&agent->lock);
    }
    pthread_attr_destroy(&small);
    if (rc != 0) {
        agent_stop(agent);
        return fault_set(f, STATUS_UNAVAILABLE, "THREAD", "没能启动线程：系统资源不足。");
    }
    return STATUS_OK;
}

void
agent_ended(struct agent *agent)
{
    pthread_mutex_lock(&agent->lock);
    agent->running--;
    pthread_cond_broadcast(&agent->changed);
    pthread_mutex_unlock(&agent->lock);
}

/* Under the lock. The listener's call is parked: nothing is lost when it is cut off. */
static void
calls_cut(struct agent *agent, bool all)
{
    for (int job = 0; job < AGENT_JOBS; job++) {
        if (agent->channels[job] != NULL && (all || job == AGENT_LISTENER)) {
            rectify_channel_cancel(agent->channels[job]);
        }
    }
}

void
agent_stop(struct agent *agent)
{
    int64_t cut_ms = now_steady_ms() + END_MS;
    pthread_mutex_lock(&agent->lock);
    agent->stopping = true;
    kick(agent, AGENT_SENDER);
    while (agent->running > 0) {
        struct timespec until;
        int64_t look_ms = now_steady_ms() + CUT_AGAIN_MS;
        until.tv_sec = (time_t)(look_ms / 1000);
        until.tv_nsec = (long)(look_ms % 1000) * 1000000L;
        calls_cut(agent, now_steady_ms() >= cut_ms);
        (void)pthread_cond_timedwait(&agent->changed, &agent->lock, &until);
    }
    pthread_mutex_unlock(&agent->lock);
    for (int job = 0; job < AGENT_JOBS; job++) {
        if (agent->started[job]) {
            (void)pthread_join(agent->threads[job], NULL);
            agent->started[job] = false;
        }
    }
}
