/* The agent's threads against a scripted server: what it stores before it asks on, what it sends
 * when the line is back, whom it calls, and that it ends. Also under the thread sanitizer. */
#include "client/agent/agent.h"
#include "client/lib/agent_state.h"
#include "client/lib/alerts.h"
#include "client/lib/file.h"
#include "client/lib/outbox.h"
#include "client/lib/state.h"
#include "proto/ledger/key.h"
#include "proto/rpc/server.h"
#include "tests/support/fixture.h"

#include <pthread.h>
#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MACHINE "0190e5a0-0000-7000-8000-0000000000aa"
#define ALERT(n) "0190e5a0-0000-7000-8000-0000000001" n
enum { REPLY_BYTES = 4096, CALL_ID_SIZE = 64 };

/* What the server knows. Under the lock. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct rpc_server *server;
    bool parked; /* a WaitAlerts call with this id waits for an answer */
    struct rpc_call_handle parked_handle;
    char parked_id[CALL_ID_SIZE];
    int64_t cursor;      /* of the last WaitAlerts */
    bool stored_first;   /* alerts were on the disk whenever a cursor acknowledged them */
    int sign_for;        /* commands that arrived */
    const char *refusal; /* of every call, UNAUTHENTICATED; NULL: none */
    char session[64];    /* of the last call with one */
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static char folder[256];
static char state_folder[300];
static struct arena arena;
static struct rectify_profile profile;
static struct agent *agent;
static struct fault f;

#ifdef __SANITIZE_THREAD__
/* As in e2e/rpc_fixture.h: nng counts the references of its dialers with atomics that the sanitizer
 * does not see, and takes their freeing for a race. */
const char *__tsan_default_suppressions(void);
const char *
__tsan_default_suppressions(void)
{
    return "race:pthread_mutex_destroy\n";
}
#endif

/* ---- the server ---- */

static void
reply_send(struct rpc_call_handle handle, char *call_id, const ProtobufCMessage *message,
           const char *refusal)
{
    Pb__CallReply reply = PB__CALL_REPLY__INIT;
    Pb__Status status = PB__STATUS__INIT;
    unsigned char payload[REPLY_BYTES];
    unsigned char out[2 * REPLY_BYTES];
    char reason[64];
    snprintf(reason, sizeof reason, "%s", refusal != NULL ? refusal : "");
    status.has_code = true;
    status.code = refusal != NULL ? STATUS_UNAUTHENTICATED : STATUS_OK;
    status.reason = reason;
    reply.status = &status;
    reply.call_id = call_id;
    reply.has_server_time_ms = true;
    reply.server_time_ms = 1;
    reply.has_payload = message != NULL;
    reply.payload.data = payload;
    if (message != NULL) {
        assert_true(protobuf_c_message_get_packed_size(message) <= sizeof payload);
        reply.payload.len = protobuf_c_message_pack(message, payload);
    }
    size_t n = pb__call_reply__pack(&reply, out);
    if (rpc_server_reply(fake.server, handle, out, n) != STATUS_OK) {
        fake.parked = false; /* the client has gone */
    }
}

/* Are the two alerts on the disk by now? Looked at by another handle than the agent's. */
static bool
on_disk(void)
{
    struct rectify_alerts *store = NULL;
    int64_t newest = 0;
    struct fault why;
    bool good = rectify_alerts_open(state_folder, &store, &why) == STATUS_OK &&
                rectify_alerts_newest(store, "unit01", &newest, &why) == STATUS_OK && newest == 2;
    rectify_alerts_free(store);
    return good;
}

static void
wait_alerts(const Pb__CallRequest *call, struct rpc_call_handle handle)
{
    Pb__WaitAlertsReply reply = PB__WAIT_ALERTS_REPLY__INIT;
    Pb__WaitAlertsRequest *wait =
        pb__wait_alerts_request__unpack(NULL, call->payload.len, call->payload.data);
    assert_non_null(wait);
    fake.cursor = wait->cursor;
    if (wait->cursor == 2) {
        fake.stored_first = fake.stored_first && on_disk();
    }
    if (wait->wait_ms == 0) {
        reply.has_cursor = true;
        reply.cursor = wait->cursor;
        reply_send(handle, call->call_id, &reply.base, NULL);
    } else {
        fake.parked = true;
        fake.parked_handle = handle;
        snprintf(fake.parked_id, sizeof fake.parked_id, "%s", call->call_id);
    }
    pb__wait_alerts_request__free_unpacked(wait, NULL);
}

static void
on_message(void *ctx, struct rpc_call_handle handle, unsigned char *bytes, size_t n)
{
    Pb__CallRequest *call = pb__call_request__unpack(NULL, n, bytes);
    (void)ctx;
    assert_non_null(call);
    pthread_mutex_lock(&fake.lock);
    if (call->session != NULL && call->session[0] != '\0') {
        snprintf(fake.session, sizeof fake.session, "%s", call->session);
    }
    if (fake.refusal != NULL) {
        reply_send(handle, call->call_id, NULL, fake.refusal);
    } else if (strstr(call->method, "WaitAlerts") != NULL) {
        wait_alerts(call, handle);
    } else {
        fake.sign_for += strstr(call->method, "SignFor") != NULL;
        reply_send(handle, call->call_id, NULL, NULL);
    }
    pthread_cond_broadcast(&fake.changed);
    pthread_mutex_unlock(&fake.lock);
    pb__call_request__free_unpacked(call, NULL);
    free(bytes);
}

static void
server_start(const char *url)
{
    struct rpc_server_config config = {.url = url, .on_message = on_message};
    if (rpc_server_start(&config, &fake.server, &f) != STATUS_OK) {
        fail_msg("%s", f.message);
    }
}

static void
server_stop(void)
{
    rpc_server_free(fake.server);
    fake.server = NULL;
}

/* ---- waiting for what must come ---- */

/* Until a call is parked; then it stays so. */
static void
parked_wait(int64_t cursor)
{
    pthread_mutex_lock(&fake.lock);
    while (!fake.parked || fake.cursor != cursor) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    pthread_mutex_unlock(&fake.lock);
}

/* Answers the parked call with two alerts. */
static void
raise_two(void)
{
    Pb__WaitAlertsReply reply = PB__WAIT_ALERTS_REPLY__INIT;
    Pb__Alert one = PB__ALERT__INIT;
    Pb__Alert two = PB__ALERT__INIT;
    Pb__Alert *list[] = {&one, &two};
    char ids[2][UUID_TEXT_SIZE] = {ALERT("01"), ALERT("02")};
    one.id = ids[0];
    two.id = ids[1];
    one.has_seq = two.has_seq = true;
    one.seq = 1;
    two.seq = 2;
    reply.alerts = list;
    reply.n_alerts = 2;
    reply.has_cursor = true;
    reply.cursor = 2;
    pthread_mutex_lock(&fake.lock);
    assert_true(fake.parked);
    fake.parked = false;
    reply_send(fake.parked_handle, fake.parked_id, &reply.base, NULL);
    pthread_mutex_unlock(&fake.lock);
}

static struct rectify_agent_state
state_now(void)
{
    struct rectify_agent_state now = {.pid = 0};
    return rectify_agent_state_load(state_folder, &now, &f) == STATUS_OK
               ? now
               : (struct rectify_agent_state){.pid = 0};
}

static void
line_wait(enum rectify_line line)
{
    while (state_now().line != line) {
        (void)usleep(2000);
    }
}

static void
trouble_wait(const char *code)
{
    while (strcmp(state_now().trouble, code) != 0) {
        (void)usleep(2000);
    }
}

static const char *
content(const char *name)
{
    char *bytes = NULL;
    size_t n = 0;
    const char *path = arena_printf(&arena, "%s/%s", folder, name);
    assert_non_null(path);
    return rectify_file_read(&arena, path, 65536, &bytes, &n, &f) == STATUS_OK ? bytes : "";
}

/* Until the hook's list ends so. */
static void
hooked_wait(const char *end)
{
    for (;;) {
        const char *text = content("hooked");
        size_t n = strlen(text);
        if (n >= strlen(end) && strcmp(text + n - strlen(end), end) == 0) {
            return;
        }
        (void)usleep(2000);
    }
}

/* ---- set-up ---- */

static void
session_write(const char *token)
{
    struct rectify_session session = {.expires_at_ms = INT64_MAX, .account = "unit01"};
    snprintf(session.token, sizeof session.token, "%s", token);
    assert_int_equal(rectify_state_session_save(state_folder, &session, &f), STATUS_OK);
}

static void
profile_make(void)
{
    struct ledger_key key;
    const char *hook = arena_printf(&arena, "%s/hook", folder);
    const char *body =
        arena_printf(&arena, "#!/bin/sh\nprintf '%%s\\n' \"$2\" >>'%s/hooked'\n", folder);
    assert_non_null(hook);
    assert_non_null(body);
    profile = (struct rectify_profile){
        .name = "unit01",
        .file = arena_printf(&arena, "%s/unit01.ini", folder),
        .server = arena_printf(&arena, "tcp://127.0.0.1:%u", rpc_server_port(fake.server)),
        .server_name = "rectifyd",
        .tenant = "sample",
        .account = "unit01",
        .machine_key = arena_printf(&arena, "%s/machine.key", folder),
        .state = state_folder,
        .hook = hook,
    };
    assert_int_equal(rectify_file_replace(hook, 0700, body, strlen(body), &f), STATUS_OK);
    assert_int_equal(rectify_state_machine_save(state_folder, MACHINE, &f), STATUS_OK);
    assert_int_equal(ledger_key_create(profile.machine_key, &key, &f), STATUS_OK);
    ledger_key_clear(&key);
    session_write("token");
}

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    snprintf(folder, sizeof folder, "%s/agent-XXXXXX", test_dir());
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(state_folder, sizeof state_folder, "%s/state", folder);
    pthread_mutex_lock(&fake.lock);
    fake.parked = false;
    fake.cursor = -1;
    fake.stored_first = true;
    fake.sign_for = 0;
    fake.refusal = NULL;
    fake.session[0] = '\0';
    pthread_mutex_unlock(&fake.lock);
    server_start("tcp://127.0.0.1:0");
    profile_make();
    if (agent_new(&profile, &agent, &f) != STATUS_OK) {
        print_error("%s\n", f.message);
        return -1;
    }
    return agent_start(agent, &f) == STATUS_OK ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    agent_free(agent);
    agent = NULL;
    if (fake.server != NULL) {
        server_stop();
    }
    arena_release(&arena);
    return 0;
}

/* ---- tests ---- */

static void
test_alerts_stored_before_asking_on(void **state)
{
    (void)state;
    parked_wait(0);
    line_wait(RECTIFY_LINE_UP);
    raise_two();
    parked_wait(2);
    hooked_wait(ALERT("01") "\n" ALERT("02") "\n");
    assert_string_equal(content("hooked"), ALERT("01") "\n" ALERT("02") "\n");
    pthread_mutex_lock(&fake.lock);
    assert_true(fake.stored_first);
    pthread_mutex_unlock(&fake.lock);
}

/* A parked call does not hold up the end; the lock is free and the state says so afterwards. */
static void
test_ends_while_parked(void **state)
{
    (void)state;
    parked_wait(0);
    assert_true(rectify_agent_running(state_folder));
    agent_free(agent);
    agent = NULL;
    assert_false(rectify_agent_running(state_folder));
    assert_true(state_now().stopped_at_ms > 0);
}

static void
test_started_again(void **state)
{
    (void)state;
    parked_wait(0);
    agent_stop(agent);
    pthread_mutex_lock(&fake.lock);
    fake.parked = false;
    pthread_mutex_unlock(&fake.lock);
    agent_profile_set(agent, &profile);
    assert_int_equal(agent_start(agent, &f), STATUS_OK);
    parked_wait(0);
}

/* Puts a command into the outbox, as the CLI does, from a handle of its own. */
static void
command_put(void)
{
    struct rectify_outbox *outbox = NULL;
    struct rectify_item item;
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    struct rectify_request request = {.method = "rectify.v1.MeasureService/SignFor",
                                      .message = &sign.base};
    struct rectify_outbox_command command = {
        .request = &request, .account = "unit01", .title = "签收"};
    assert_int_equal(rectify_outbox_open(state_folder, &outbox, &f), STATUS_OK);
    if (rectify_outbox_put(outbox, &command, &item, &arena, &f) != STATUS_OK) {
        fail_msg("%s", f.message);
    }
    rectify_outbox_free(outbox);
}

static void
sign_for_wait(int count)
{
    pthread_mutex_lock(&fake.lock);
    while (fake.sign_for < count) {
        pthread_cond_wait(&fake.changed, &fake.lock);
    }
    assert_int_equal(fake.sign_for, count);
    pthread_mutex_unlock(&fake.lock);
}

/* What is put while the line is up goes at once; while it is down, when it is back. */
static void
test_sends_when_the_line_allows(void **state)
{
    const char *url = profile.server;
    (void)state;
    parked_wait(0);
    command_put();
    sign_for_wait(1);
    server_stop();
    while (strcmp(state_now().line_reason, "CONNECT_REFUSED") != 0) {
        (void)usleep(2000);
    }
    assert_int_equal(state_now().line, RECTIFY_LINE_DOWN);
    command_put();
    pthread_mutex_lock(&fake.lock);
    fake.parked = false;
    pthread_mutex_unlock(&fake.lock);
    server_start(url);
    sign_for_wait(2);
    parked_wait(0);
    line_wait(RECTIFY_LINE_UP);
}

/* Somebody must log in: said once, and noticed when he has. */
static void
test_login_needed(void **state)
{
    (void)state;
    parked_wait(0);
    agent_stop(agent);
    rectify_state_session_clear(state_folder);
    pthread_mutex_lock(&fake.lock);
    fake.parked = false;
    pthread_mutex_unlock(&fake.lock);
    agent_profile_set(agent, &profile);
    assert_int_equal(agent_start(agent, &f), STATUS_OK);
    trouble_wait(RECTIFY_TROUBLE_LOGIN);
    while (strncmp(content("hooked"), "LOGIN-", 6) != 0) {
        (void)usleep(2000);
    }
    session_write("another");
    parked_wait(0);
    trouble_wait("");
    pthread_mutex_lock(&fake.lock);
    assert_string_equal(fake.session, "another");
    pthread_mutex_unlock(&fake.lock);
}

static void
test_machine_revoked(void **state)
{
    (void)state;
    parked_wait(0);
    pthread_mutex_lock(&fake.lock);
    fake.refusal = "MACHINE_REVOKED";
    pthread_mutex_unlock(&fake.lock);
    raise_two(); /* the next question is refused */
    while (strcmp(state_now().trouble_reason, "MACHINE_REVOKED") != 0) {
        (void)usleep(2000);
    }
    while (strstr(content("hooked"), "MACHINE-") == NULL) {
        (void)usleep(2000);
    }
}

static void
test_second_is_refused(void **state)
{
    struct agent *second = NULL;
    (void)state;
    assert_int_equal(agent_new(&profile, &second, &f), STATUS_ALREADY_EXISTS);
    assert_string_equal(f.reason, "AGENT_RUNNING");
    assert_null(second);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_alerts_stored_before_asking_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_while_parked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_started_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sends_when_the_line_allows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_login_needed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_machine_revoked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests_name("agent_run", tests, NULL, NULL);
}
