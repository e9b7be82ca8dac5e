#include "client/agent/agent_impl.h"
#include "client/lib/session.h"
#include "client/lib/state.h"

#include <string.h>

enum {
    CALL_MS = 10000, /* with all retries of the channel: the agent has its own patience */
    LOGIN_ARENA_BYTES = 4 * 1024 * 1024
};

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

void
agent_link_close(struct agent_link *link)
{
    pthread_mutex_lock(&link->agent->lock);
    link->agent->channels[link->job] = NULL;
    pthread_mutex_unlock(&link->agent->lock);
    rectify_channel_free(link->channel);
    link->channel = NULL;
}

/* The channel is about to wait and try again: what it found is said now. */
static void
on_retry(void *user, const struct fault *why, uint32_t wait_ms)
{
    struct agent_link *link = user;
    (void)wait_ms;
    agent_line_down(link->agent, why);
    if (link->impatient) {
        link->why = *why;
        rectify_channel_cancel(link->channel);
    }
}

static enum status
channel_open(struct agent_link *link, struct fault *f)
{
    struct agent *agent = link->agent;
    struct rectify_channel_options options = {.profile = agent->profile,
                                              .client_version = AGENT_VERSION,
                                              .deadline_ms = CALL_MS,
                                              .on_retry = on_retry,
                                              .user = link};
    link->why = (struct fault){.code = STATUS_OK};
    pthread_mutex_lock(&agent->lock);
    link->epoch = agent->epoch;
    pthread_mutex_unlock(&agent->lock);
    enum status status = rectify_channel_open(&options, &link->channel, f);
    if (status == STATUS_OK) {
        pthread_mutex_lock(&agent->lock);
        agent->channels[link->job] = link->channel;
        pthread_mutex_unlock(&agent->lock);
    }
    return status;
}

/* Is the password known to be wrong? Five wrong ones lock the account. */
static enum status
login_allowed(struct agent *agent, struct fault *f)
{
    pthread_mutex_lock(&agent->lock);
    bool refused = agent->login_fault.code != STATUS_OK && agent->login_epoch == agent->epoch;
    if (refused && f != NULL) {
        *f = agent->login_fault;
    }
    pthread_mutex_unlock(&agent->lock);
    return refused ? STATUS_UNAUTHENTICATED : STATUS_OK;
}

static bool
session_kept(const struct rectify_profile *profile)
{
    struct rectify_session session;
    bool kept = rectify_state_session_load(profile->state, &session, NULL) == STATUS_OK;
    explicit_bzero(&session, sizeof session);
    return kept;
}

/* One thread logs in; the others wait for it and then find the session on the disk. */
static enum status
login_from_file(struct agent_link *link, struct fault *f)
{
    struct arena a;
    char *password = NULL;
    Pb__LoginReply *reply = NULL;
    const struct rectify_profile *profile = link->agent->profile;
    enum status status = login_allowed(link->agent, f);
    if (status != STATUS_OK) {
        return status;
    }
    arena_init(&a, LOGIN_ARENA_BYTES);
    status = rectify_password_read(profile, &a, &password, f);
    if (status == STATUS_OK) {
        status = rectify_login(link->channel, &a, password, &reply, f);
        explicit_bzero(password, strlen(password));
    }
    arena_release(&a);
    return status;
}

enum status
agent_link_open(struct agent_link *link, bool session, struct fault *f)
{
    struct agent *agent = link->agent;
    pthread_mutex_lock(&agent->lock);
    bool current = link->epoch == agent->epoch;
    pthread_mutex_unlock(&agent->lock);
    if (link->channel != NULL && !current) {
        agent_link_close(link);
    }
    if (link->channel != NULL && !session) {
        return STATUS_OK;
    }
    pthread_mutex_lock(&agent->login_lock);
    enum status status = link->channel == NULL ? channel_open(link, f) : STATUS_OK;
    if (status == STATUS_OK && session && agent->profile->password_file != NULL &&
        rectify_machine_id(link->channel) != NULL && !session_kept(agent->profile)) {
        status = login_from_file(link, f);
    }
    pthread_mutex_unlock(&agent->login_lock);
    return status;
}

/* Is it a fault of this machine's disk? */
static bool
is_disk(const struct fault *why)
{
    return begins(why->reason, "OUTBOX_") || begins(why->reason, "ALERTS_") ||
           strcmp(why->reason, "DISK_FULL") == 0 || strcmp(why->reason, "FILE_WRITE") == 0;
}

/* Which trouble a fault is; NULL: none that a person could end. */
static const char *
trouble_of(const struct fault *why)
{
    static const char *const machine[] = {"MACHINE_", "TLS_", "SIGNATURE_",
                                          "PROFILE_", "KEY_", "SECRET_FILE"};
    if (is_disk(why)) {
        return RECTIFY_TROUBLE_DISK;
    }
    if (why->code == STATUS_DATA_LOSS) {
        bool log = begins(why->reason, "LOG_") || begins(why->reason, "HEAD_") ||
                   begins(why->reason, "RECEIPT_") || begins(why->reason, "LEDGER_");
        return log ? RECTIFY_TROUBLE_LOG : NULL;
    }
    if (why->code != STATUS_UNAUTHENTICATED && why->code != STATUS_FAILED_PRECONDITION &&
        why->code != STATUS_INVALID_ARGUMENT && why->code != STATUS_NOT_FOUND) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof machine / sizeof machine[0]; i++) {
        if (begins(why->reason, machine[i])) {
            return RECTIFY_TROUBLE_MACHINE;
        }
    }
    if (begins(why->reason, "PASSWORD_") || begins(why->reason, "ACCOUNT_")) {
        return RECTIFY_TROUBLE_LOGIN;
    }
    return why->code == STATUS_UNAUTHENTICATED ? RECTIFY_TROUBLE_LOGIN : NULL;
}

static bool
is_line(const struct fault *why)
{
    switch (why->code) {
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE_EXCEEDED:
    case STATUS_RESOURCE_EXHAUSTED:
    case STATUS_UNKNOWN:
    case STATUS_DATA_LOSS: /* what answered does not speak our language */
        return true;
    default:
        return false;
    }
}

/* A password that was refused is not tried again before something changed. */
static void
login_note(struct agent_link *link, const struct fault *why)
{
    pthread_mutex_lock(&link->agent->lock);
    if (link->agent->profile->password_file != NULL) {
        link->agent->login_fault = *why;
        link->agent->login_epoch = link->epoch;
    }
    pthread_mutex_unlock(&link->agent->lock);
}

void
agent_link_person(struct agent_link *link, const char *trouble, const struct fault *why)
{
    if (strcmp(trouble, RECTIFY_TROUBLE_LOGIN) == 0) {
        login_note(link, why);
    }
    agent_link_close(link);
    agent_trouble(link->agent, trouble, why);
}

/* Told of to a person only when it goes on. */
static bool
refusal_is_the_line(struct agent *agent, const struct fault *why)
{
    pthread_mutex_lock(&agent->lock);
    bool line = rectify_refusal_is_the_line(why, &agent->refused_since_ms);
    pthread_mutex_unlock(&agent->lock);
    return line;
}

enum agent_failure
agent_link_failed(struct agent_link *link, const struct fault *why)
{
    const char *trouble = trouble_of(why);
    if (why->code == STATUS_CANCELLED) {
        bool line = link->why.code != STATUS_OK;
        link->why.code = STATUS_OK;
        return line ? AGENT_FAILED_LINE : AGENT_FAILED_STOPPED; /* said by on_retry */
    }
    if (refusal_is_the_line(link->agent, why)) {
        agent_link_close(link); /* its files may be new by the next attempt */
        agent_line_down(link->agent, why);
        return AGENT_FAILED_LINE;
    }
    if (trouble != NULL) {
        agent_link_person(link, trouble, why);
        return AGENT_FAILED_PERSON;
    }
    if (is_line(why)) {
        agent_line_down(link->agent, why);
        return AGENT_FAILED_LINE;
    }
    agent_line_up(link->agent, 0);
    return AGENT_FAILED_ANSWERED;
}

void
agent_link_good(struct agent_link *link, bool session, int64_t server_time_ms)
{
    agent_line_up(link->agent, server_time_ms);
    agent_trouble_clear(link->agent, RECTIFY_TROUBLE_MACHINE);
    agent_trouble_clear(link->agent, RECTIFY_TROUBLE_LOG); /* else nothing would be answered */
    if (session) {
        agent_trouble_clear(link->agent, RECTIFY_TROUBLE_LOGIN);
    }
}

enum status
agent_ask(struct agent_link *link, struct arena *a, const char *method,
          const ProtobufCMessage *request, ProtobufCMessage **ret_reply, struct fault *f)
{
    struct rectify_answer answer;
    struct rectify_request ask = {.method = method, .message = request};
    enum status status = agent_link_open(link, true, f);
    if (status == STATUS_OK) {
        status = rectify_call(link->channel, a, &ask, &answer, f);
    }
    if (status == STATUS_OK) {
        agent_link_good(link, true, answer.server_time_ms);
        *ret_reply = answer.message;
    }
    return status;
}
