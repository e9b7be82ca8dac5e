#include "server/app.h"

#include "proto/base/limits.h"
#include "proto/rpc/server.h"
#include "server/base/clock.h"
#include "server/base/issuer.h"
#include "server/base/log.h"
#include "server/dispatch/dispatch.h"
#include "server/handler/all.h"
#include "server/jobs/scheduler.h"
#include "server/jobs/sender.h"
#include "server/store/migrate.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FLUSH_MS = 5000 };

/* What the server's certificate is made out to (deploy/pki), wherever it runs. */
#define APP_SERVER_NAME "rectifyd"

/* In start order. */
struct app {
    struct dispatch *dispatch;
    struct issuer *issuer; /* NULL: no certificates are issued */
    _Atomic(struct rpc_server *) server;
    _Atomic(struct rpc_server *) onboard; /* the enrolment door; NULL: closed */
    struct scheduler *scheduler;
    struct notifier notifier;
    struct sender *sender;
};

/* ---- between transport and dispatch ---- */

/* A call's way back; made when it comes in, freed with its reply. */
struct ticket {
    _Atomic(struct rpc_server *) *door; /* of struct app */
    struct rpc_call_handle handle;
};

/* The transport serves before rpc_server_start has returned: the first replies may wait a moment.
 */
static struct rpc_server *
ticket_server(const struct ticket *ticket)
{
    struct rpc_server *server = NULL;
    while ((server = atomic_load(ticket->door)) == NULL) {
        sched_yield();
    }
    return server;
}

static void
on_reply(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct ticket *ticket = (struct ticket *)(uintptr_t)handle;
    struct rpc_server *server = ticket_server(ticket);
    (void)ctx;
    if (rpc_server_reply(server, ticket->handle, bytes, size) != STATUS_OK) {
        const struct log_field fields[] = {log_int("bytes", (int64_t)size)};
        log_event(LOG_LEVEL_ERROR, "reply.too_large", fields, 1);
    }
    free(bytes);
    free(ticket);
}

static bool
is_alive(void *ctx, uint64_t handle)
{
    const struct ticket *ticket = (const struct ticket *)(uintptr_t)handle;
    (void)ctx;
    return rpc_server_handle_alive(ticket_server(ticket), ticket->handle);
}

static void
on_authenticated(void *ctx, uint64_t handle, const char *machine)
{
    const struct ticket *ticket = (const struct ticket *)(uintptr_t)handle;
    const struct app *app = ctx;
    /* NULL: a call from inside. At the enrolment door everybody stays a stranger. */
    if (ticket != NULL && ticket->door == &app->server) {
        rpc_server_conn_authenticated(ticket_server(ticket), ticket->handle, machine);
    }
}

static void
message_in(struct app *app, _Atomic(struct rpc_server *) *door, struct rpc_call_handle handle,
           unsigned char *bytes, size_t size)
{
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) {
        free(bytes); /* the caller's timeout answers */
        return;
    }
    *ticket = (struct ticket){.door = door, .handle = handle};
    const struct reply_to to = {.fn = on_reply,
                                .ctx = app,
                                .handle = (uint64_t)(uintptr_t)ticket,
                                .alive = is_alive,
                                .onboard = door == &app->onboard};
    dispatch_message(app->dispatch, bytes, size, to);
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t size)
{
    struct app *app = ctx;
    message_in(app, &app->server, handle, bytes, size);
}

static void
on_onboard_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t size)
{
    struct app *app = ctx;
    message_in(app, &app->onboard, handle, bytes, size);
}

/* ---- starting ---- */

static enum status
dispatch_up(struct app *app, const struct config *config, struct fault *fault)
{
    size_t count = 0;
    const struct migration *migrations = migrate_embedded(&count);
    enum status s = migrate_check(config->conninfo, migrations, count, fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct dispatch_config dispatch = {
        .conninfo = config->conninfo,
        .writer_threads = config->writer_threads,
        .query_threads = config->query_threads,
        .slow_threads = config->slow_threads,
        .clock = clock_real(),
        .server_version = APP_VERSION,
        .ledger_key_path = config->ledger_key_file,
        .seal_interval_ms = config->seal_seconds * 1000,
        .issuer = app->issuer,
        .onboard_per_minute = config->onboard_per_minute,
    };
    dispatch.tables = handler_tables(&dispatch.table_count);
    s = dispatch_start(&dispatch, &app->dispatch, fault);
    if (s == STATUS_OK) {
        dispatch_on_authenticated(app->dispatch, on_authenticated, app);
    }
    return s;
}

static enum status
transport_up(struct app *app, const struct config *config, struct fault *fault)
{
    const struct rpc_server_config transport = {
        .url = config->listen,
        .tls = {.ca_file = config->tls_ca,
                .cert_file = config->tls_cert,
                .key_file = config->tls_key,
                .more_ca_file = app->issuer != NULL ? config->onboard_ca_cert : NULL},
        .on_message = on_message,
        .ctx = app,
    };
    struct rpc_server *server = NULL;
    enum status s = rpc_server_start(&transport, &server, fault);
    if (s != STATUS_OK) {
        return s;
    }
    atomic_store(&app->server, server);
    return rpc_server_selftest(server, NULL, APP_SERVER_NAME, fault);
}

static enum status
issuer_up(struct app *app, const struct config *config, struct fault *fault)
{
    if (config->onboard_ca_cert[0] == '\0') {
        return config->onboard_listen[0] == '\0'
                   ? STATUS_OK
                   : fault_set(
                         fault, STATUS_FAILED_PRECONDITION, "ISSUER_MISSING",
                         "[onboard] 写了 listen，却没有写 ca_cert 和 ca_key：开通端口要能签发证"
                         "书，请先运行 deploy/pki machine-ca。");
    }
    const struct issuer_config issuer = {
        .ca_cert_file = config->onboard_ca_cert,
        .ca_key_file = config->onboard_ca_key,
        .days = config->onboard_days,
        .server_ca_file = config->tls_ca,
        .server_cert_file = config->tls_cert,
        .server_name = APP_SERVER_NAME,
        .tenant = config->tenant,
        .server = config->onboard_server,
        .onboard = config->onboard_address,
    };
    return issuer_open(&issuer, clock_now_ms(clock_real()), &app->issuer, fault);
}

/* The enrolment door: strangers knock here, so little of everything. */
static enum status
onboard_up(struct app *app, const struct config *config, struct fault *fault)
{
    const struct rpc_server_config door = {
        .url = config->onboard_listen,
        .tls = {.ca_file = config->tls_ca,
                .cert_file = config->tls_cert,
                .key_file = config->tls_key},
        .open = true,
        .limits = {.conn_total = LIMIT_ONBOARD_CONN,
                   .conn_unauthenticated = LIMIT_ONBOARD_CONN,
                   .inflight_per_conn = 2,
                   .frame_read_ms = LIMIT_ONBOARD_READ_MS,
                   .reply_write_ms = LIMIT_ONBOARD_READ_MS,
                   .conn_idle_ms = LIMIT_ONBOARD_IDLE_MS,
                   .unauth_idle_ms = LIMIT_ONBOARD_IDLE_MS,
                   .frame_bytes = LIMIT_ONBOARD_FRAME_BYTES},
        .on_message = on_onboard_message,
        .ctx = app,
    };
    struct rpc_server *server = NULL;
    if (app->issuer == NULL) {
        return STATUS_OK;
    }
    if (config->onboard_listen[0] == '\0') {
        issuer_ports(app->issuer, rpc_server_port(atomic_load(&app->server)), 0);
        return STATUS_OK;
    }
    enum status s = rpc_server_start(&door, &server, fault);
    if (s != STATUS_OK) {
        return s;
    }
    issuer_ports(app->issuer, rpc_server_port(atomic_load(&app->server)), rpc_server_port(server));
    atomic_store(&app->onboard, server);
    return rpc_server_selftest(server, NULL, APP_SERVER_NAME, fault);
}

/* A command made something due: the clock looks now. */
static void
on_due(void *ctx)
{
    scheduler_kick(ctx);
}

static enum status
scheduler_up(struct app *app, const struct config *config, struct fault *fault)
{
    const struct scheduler_config scheduler = {
        .dispatch = app->dispatch,
        .tick_seconds = config->tick_seconds,
        .conninfo = config->conninfo,
    };
    enum status s = scheduler_start(&scheduler, &app->scheduler, fault);
    if (s == STATUS_OK) {
        dispatch_on_due(app->dispatch, on_due, app->scheduler);
    }
    return s;
}

static enum status
sender_up(struct app *app, const struct config *config, struct fault *fault)
{
    const struct sender_config sender = {
        .dispatch = app->dispatch,
        .config = config,
        .notifier = &app->notifier,
        .clock = clock_real(),
        .tick_seconds = config->tick_seconds,
    };
    return sender_start(&sender, &app->sender, fault);
}

/* The url with the port that is really listened on. */
static void
log_ready(const struct app *app, const struct config *config)
{
    char url[CONFIG_TEXT_SIZE + 8];
    const char *colon = strrchr(config->listen, ':');
    int host = colon == NULL ? (int)strlen(config->listen) : (int)(colon - config->listen);
    snprintf(url, sizeof url, "%.*s:%u", host, config->listen,
             (unsigned)rpc_server_port(atomic_load(&app->server)));
    struct rpc_server *onboard = atomic_load(&app->onboard);
    const struct log_field fields[] = {
        log_text("url", url), log_text("version", APP_VERSION),
        log_int("onboard_port", onboard == NULL ? 0 : rpc_server_port(onboard))};
    log_event(LOG_LEVEL_INFO, "ready", fields, 3);
}

static void
app_down(struct app *app)
{
    dispatch_on_due(app->dispatch, NULL, NULL);
    sender_stop(app->sender);
    scheduler_stop(app->scheduler);
    bool all = dispatch_drain(app->dispatch, LIMIT_DRAIN_MS);
    bool flushed = rpc_server_drain(atomic_load(&app->server), FLUSH_MS) == STATUS_OK;
    struct rpc_server *onboard = atomic_load(&app->onboard);
    if (onboard != NULL) {
        flushed = rpc_server_drain(onboard, FLUSH_MS) == STATUS_OK && flushed;
    }
    const struct log_field fields[] = {log_text("answered", all ? "all" : "some"),
                                       log_text("flushed", flushed ? "all" : "some")};
    log_event(all && flushed ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "stopped", fields, 2);
}

/* Before any thread is made: they all inherit the mask, and only sigwait sees the signals. */
static void
block_signals(sigset_t *ret_set)
{
    sigemptyset(ret_set);
    sigaddset(ret_set, SIGTERM);
    sigaddset(ret_set, SIGINT);
    pthread_sigmask(SIG_BLOCK, ret_set, NULL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
}

enum status
app_serve(const struct config *config, struct fault *fault)
{
    static struct app app; /* threads use it until _exit */
    sigset_t signals;
    block_signals(&signals);
    enum status s = notifier_curl_init(&app.notifier, config, fault); /* before any thread */
    if (s == STATUS_OK) {
        s = issuer_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = dispatch_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = transport_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = onboard_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = scheduler_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = sender_up(&app, config, fault);
    }
    if (s != STATUS_OK) {
        log_fault(LOG_LEVEL_ERROR, "start.failed", fault);
        _exit(EXIT_FAILURE); /* what has started is not worth taking apart */
    }
    log_ready(&app, config);
    int signal = 0;
    sigwait(&signals, &signal);
    const struct log_field fields[] = {log_int("signal", signal)};
    log_event(LOG_LEVEL_INFO, "stopping", fields, 1);
    app_down(&app);
    _exit(EXIT_SUCCESS);
}
