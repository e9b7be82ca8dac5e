#include "server/app.h"

#include "proto/base/limits.h"
#include "proto/rpc/server.h"
#include "server/base/clock.h"
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
    _Atomic(struct rpc_server *) server;
    struct scheduler *scheduler;
    struct notifier notifier;
    struct sender *sender;
};

/* ---- between transport and dispatch ---- */

/* A call's way back; made when it comes in, freed with its reply. */
struct ticket {
    struct app *app;
    struct rpc_call_handle handle;
};

/* The transport serves before rpc_server_start has returned: the first replies may wait a moment.
 */
static struct rpc_server *
app_server(struct app *app)
{
    struct rpc_server *server = NULL;
    while ((server = atomic_load(&app->server)) == NULL) {
        sched_yield();
    }
    return server;
}

static void
on_reply(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct ticket *ticket = (struct ticket *)(uintptr_t)handle;
    struct rpc_server *server = app_server(ctx);
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
    return rpc_server_handle_alive(app_server(ctx), ticket->handle);
}

static void
on_authenticated(void *ctx, uint64_t handle, const char *machine)
{
    const struct ticket *ticket = (const struct ticket *)(uintptr_t)handle;
    if (ticket != NULL) { /* NULL: a call from inside */
        rpc_server_conn_authenticated(app_server(ctx), ticket->handle, machine);
    }
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t size)
{
    struct app *app = ctx;
    struct ticket *ticket = malloc(sizeof *ticket);
    if (ticket == NULL) {
        free(bytes); /* the caller's timeout answers */
        return;
    }
    *ticket = (struct ticket){.app = app, .handle = handle};
    const struct reply_to to = {
        .fn = on_reply, .ctx = app, .handle = (uint64_t)(uintptr_t)ticket, .alive = is_alive};
    dispatch_message(app->dispatch, bytes, size, to);
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
                .key_file = config->tls_key},
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
    const struct log_field fields[] = {log_text("url", url), log_text("version", APP_VERSION)};
    log_event(LOG_LEVEL_INFO, "ready", fields, 2);
}

static void
app_down(struct app *app)
{
    dispatch_on_due(app->dispatch, NULL, NULL);
    sender_stop(app->sender);
    scheduler_stop(app->scheduler);
    bool all = dispatch_drain(app->dispatch, LIMIT_DRAIN_MS);
    bool flushed = rpc_server_drain(atomic_load(&app->server), FLUSH_MS) == STATUS_OK;
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
        s = dispatch_up(&app, config, fault);
    }
    if (s == STATUS_OK) {
        s = transport_up(&app, config, fault);
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
