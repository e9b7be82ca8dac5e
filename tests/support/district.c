#include "tests/support/district.h"

#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/grant.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "server/base/log.h"
#include "server/handler/all.h"
#include "server/service/role.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1024 << 20, SQL_TEXT_SIZE = 256, MESSAGE_MIN_BYTES = 15 };

struct district district;
const struct issuer *district_issuer;

static const char ADMIN_CODE[] = "admin-code-000000000000000000000000000000000";
static const char GRANT_CODE[] = "grant-code-000000000000000000000000000000000";
enum { GRANT_KEY = 250 };

char *
district_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

void
district_pass(int64_t ms)
{
    clock_fake_advance(&district.clock, ms);
}

void
district_key(struct person *p, unsigned char number)
{
    unsigned char seed[32] = {number};
    ledger_key_from_seed(seed, &p->key);
}

char *
district_code(void)
{
    char token[SECRET_TOKEN_TEXT_SIZE];
    secret_token_make(token);
    return arena_strdup(&district.arena, token);
}

/* What `rectifyd bootstrap` writes: the tenant, its org, and two administrators. */
static void
seed_administrator(const char *id, const char *name, int role, const char *code_text)
{
    static const char event[] = "00000000-0000-7000-8000-000000000001";
    char code[SECRET_HASH_HEX_SIZE];
    char *hash = NULL;
    struct fault fault = {0};
    secret_token_hash_hex(code_text, code);
    assert_int_equal(secret_password_hash(&district.arena, DISTRICT_PASSWORD, NULL, &hash, &fault),
                     STATUS_OK);
    char *sql = arena_printf(
        &district.arena,
        "INSERT INTO rectify.account (tenant, id, name, display_name, password_hash, org, version,"
        " event_id) VALUES (1, '%s', '%s', '样例管理员', '%s', '%s', 1, '%s');"
        "INSERT INTO rectify.seat_grant (tenant, id, ref, account, org, roles, origin, state,"
        " proposed_ms, version, event_id) VALUES (1, '%s', 'G-' || lpad(nextval("
        "'rectify.grant_number')::text, 4, '0'), '%s', '%s', %d, 'BOOTSTRAP', 'APPROVED', 0, 1,"
        " '%s');"
        "INSERT INTO rectify.seat (tenant, id, grant_id, account, org, roles, event_id)"
        " VALUES (1, '%s', '%s', '%s', '%s', %d, '%s');"
        "INSERT INTO rectify.enrol_code (tenant, code_sha256, account, expires_ms, event_id)"
        " VALUES (1, decode('%s', 'hex'), '%s', 9000000000000, '%s')",
        id, name, hash, event, event, id, id, event, role, event, id, id, id, event, role, event,
        code, id, event);
    assert_non_null(sql);
    test_db_exec("postgres", sql);
}

static void
seed(void)
{
    test_db_exec("postgres",
                 "INSERT INTO rectify.tenant (code, name, created_ms) VALUES ('t1', '样例区', 0);"
                 "INSERT INTO rectify.org (tenant, id, code, name, kind, version, event_id)"
                 " VALUES (1, '00000000-0000-7000-8000-000000000001', 'admin', '系统管理', 'OTHER',"
                 " 1, '00000000-0000-7000-8000-000000000001')");
    seed_administrator("00000000-0000-7000-8000-000000000001", "admin", ROLE_ADMIN, ADMIN_CODE);
    seed_administrator("00000000-0000-7000-8000-000000000002", "grant", ROLE_GRANT, GRANT_CODE);
}

static int
start(void)
{
    static unsigned made;
    struct ledger_key key;
    struct fault fault = {0};
    char *path = arena_printf(&district.arena, "%s/ledger%u.key", test_dir(), made++);
    assert_int_equal(ledger_key_create(path, &key, &fault), STATUS_OK);
    district.log_key = key.public;
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 2,
        .slow_threads = 1,
        .clock = &district.clock.clock,
        .server_version = "test",
        .ledger_key_path = path,
        .seal_interval_ms = 50,
        .issuer = district_issuer,
        .onboard_per_minute = 60,
    };
    config.tables = handler_tables(&config.table_count);
    if (dispatch_start(&config, &district.door, &fault) != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
        return -1;
    }
    return 0;
}

int
district_open(void **state)
{
    (void)state;
    int32_t day = 0;
    district = (struct district){.admin = {.account = "admin"}, .grant = {.account = "grant"}};
    log_set_level(LOG_LEVEL_ERROR);
    arena_init(&district.arena, ARENA_BYTES);
    assert_int_equal(day_parse("2026-11-10", &day), STATUS_OK);
    clock_fake_init(&district.clock, day_to_instant(day, ZONE_CHINA_MIN) + 9 * 3600000LL);
    test_db_reset();
    seed();
    if (start() != 0) {
        return -1;
    }
    district_key(&district.admin, 1);
    district_expect(district_enrol(&district.admin, ADMIN_CODE), STATUS_OK, NULL);
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_key(&district.grant, GRANT_KEY);
    district_expect(district_enrol(&district.grant, GRANT_CODE), STATUS_OK, NULL);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
    return 0;
}

int
district_close(void **state)
{
    (void)state;
    bool drained = dispatch_drain(district.door, LIMIT_DRAIN_MS);
    dispatch_free(district.door);
    arena_release(&district.arena);
    return drained ? 0 : -1;
}

/* ---- calls ---- */

void
district_sign(Pb__CallRequest *e, const struct ledger_key *key)
{
    char session[SECRET_HASH_HEX_SIZE];
    const struct signed_call call = call_signed_part(e, session);
    e->signature.data = arena_alloc(&district.arena, LEDGER_SIGNATURE_BYTES);
    e->signature.len = LEDGER_SIGNATURE_BYTES;
    e->has_signature = 1;
    signing_sign(&call, key, e->signature.data);
}

Pb__CallRequest *
district_envelope(const struct person *p, const char *method, const ProtobufCMessage *request)
{
    static int serial;
    Pb__CallRequest *e = arena_alloc(&district.arena, sizeof *e);
    assert_non_null(e);
    pb__call_request__init(e);
    e->tenant = district_text("t1");
    e->method = arena_printf(&district.arena, "rectify.v1.%s", method);
    e->call_id = district_text("call");
    e->session = district_text(p->session);
    e->machine = district_text(p->machine);
    e->idempotency_key = arena_printf(&district.arena, "01930000-0000-7000-8000-%012d", ++serial);
    e->has_timeout_ms = 1;
    e->timeout_ms = 100000;
    if (request != NULL) {
        e->has_payload = 1;
        assert_int_equal(wire_pack(&district.arena, request, &e->payload.data, &e->payload.len),
                         STATUS_OK);
    }
    district_sign(e, &p->key);
    return e;
}

const Pb__CallReply *
district_send(const Pb__CallRequest *e)
{
    Pb__CallReply *reply = NULL;
    assert_int_equal(dispatch_call(district.door, e, &district.arena, &reply), STATUS_OK);
    assert_non_null(reply);
    assert_non_null(reply->status);
    return reply;
}

const Pb__CallReply *
district_call(const struct person *p, const char *method, const ProtobufCMessage *request)
{
    return district_send(district_envelope(p, method, request));
}

const void *
district_read(const Pb__CallReply *reply, const ProtobufCMessageDescriptor *descriptor)
{
    ProtobufCMessage *m = NULL;
    district_expect(reply, STATUS_OK, NULL);
    assert_int_equal(
        wire_unpack(&district.arena, descriptor, reply->payload.data, reply->payload.len, &m, NULL),
        STATUS_OK);
    return m;
}

const void *
district_ok(const struct person *p, const char *method, const ProtobufCMessage *request,
            const ProtobufCMessageDescriptor *descriptor)
{
    return district_read(district_call(p, method, request), descriptor);
}

/* A whole Chinese sentence: not a code, not a fragment, not English. */
static void
check_message(const char *message)
{
    size_t n = message == NULL ? 0 : strlen(message);
    size_t han = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)message[i];
        han += c >= 0xE4 && c <= 0xE9;
    }
    if (n < MESSAGE_MIN_BYTES || han < 4 || strcmp(message + n - strlen("。"), "。") != 0) {
        fail_msg("not a sentence: %s", message == NULL ? "(none)" : message);
    }
}

void
district_expect(const Pb__CallReply *reply, enum status code, const char *reason)
{
    const Pb__Status *s = reply->status;
    if (s->code != (int)code ||
        (reason != NULL && strcmp(s->reason == NULL ? "" : s->reason, reason) != 0)) {
        fail_msg("expected %d %s, got %d %s %s", (int)code, reason == NULL ? "" : reason, s->code,
                 s->reason == NULL ? "" : s->reason, s->message == NULL ? "" : s->message);
    }
    if (s->code != STATUS_OK) {
        check_message(s->message);
    }
}

const Pb__Status *
district_refused(const struct person *p, const char *method, const ProtobufCMessage *request,
                 enum status code, const char *reason)
{
    const Pb__CallReply *reply = district_call(p, method, request);
    district_expect(reply, code, reason);
    return reply->status;
}

/* ---- steps ---- */

const Pb__CallReply *
district_enrol(struct person *p, const char *code)
{
    Pb__EnrolMachineRequest request = PB__ENROL_MACHINE_REQUEST__INIT;
    struct person stranger = {.key = p->key};
    request.code = district_text(code);
    request.label = district_text("样例电脑");
    request.has_public_key = 1;
    request.public_key.data = p->key.public.bytes;
    request.public_key.len = LEDGER_PUBLIC_BYTES;
    const Pb__CallReply *reply =
        district_call(&stranger, "AccountService/EnrolMachine", &request.base);
    if (reply->status->code == STATUS_OK) {
        const Pb__EnrolMachineReply *enrolled =
            district_read(reply, &pb__enrol_machine_reply__descriptor);
        p->machine = enrolled->machine;
    }
    return reply;
}

const Pb__CallReply *
district_login(struct person *p, const char *password)
{
    Pb__LoginRequest request = PB__LOGIN_REQUEST__INIT;
    struct person nobody = {.key = p->key, .machine = p->machine};
    request.account = district_text(p->account);
    request.password = district_text(password);
    const Pb__CallReply *reply = district_call(&nobody, "AccountService/Login", &request.base);
    if (reply->status->code == STATUS_OK) {
        const Pb__LoginReply *login = district_read(reply, &pb__login_reply__descriptor);
        p->session = login->session;
    }
    return reply;
}

void
district_org(const char *code, const char *name, const char *kind)
{
    Pb__ImportOrgsRequest request = PB__IMPORT_ORGS_REQUEST__INIT;
    Pb__Org org = PB__ORG__INIT;
    Pb__Org *list[] = {&org};
    org.code = district_text(code);
    org.name = district_text(name);
    org.kind = district_text(kind);
    request.n_orgs = 1;
    request.orgs = list;
    (void)district_ok(&district.admin, "OrgService/ImportOrgs", &request.base,
                      &pb__import_orgs_reply__descriptor);
}

struct person
district_person(const char *account, const char *org, const char *role, unsigned char key_number)
{
    Pb__AddAccountRequest request = PB__ADD_ACCOUNT_REQUEST__INIT;
    struct person p = {.account = account};
    char *roles[] = {district_text(role)};
    request.account = district_text(account);
    request.display_name = arena_printf(&district.arena, "样例%s", account);
    request.org = district_text(org);
    request.n_roles = 1;
    request.roles = roles;
    request.password = district_text(DISTRICT_PASSWORD);
    request.enrol_code = district_code();
    const Pb__AddAccountReply *added =
        district_ok(&district.admin, "AccountService/AddAccount", &request.base,
                    &pb__add_account_reply__descriptor);
    district_approve(added->grant);
    district_key(&p, key_number);
    district_expect(district_enrol(&p, request.enrol_code), STATUS_OK, NULL);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    return p;
}

void
district_approve(const char *ref)
{
    Pb__DecideGrantsRequest request = PB__DECIDE_GRANTS_REQUEST__INIT;
    char *refs[] = {district_text(ref)};
    request.grants = refs;
    request.n_grants = 1;
    (void)district_ok(&district.grant, "GrantService/ApproveGrants", &request.base,
                      &pb__decide_grants_reply__descriptor);
}

const char *
district_seat(const char *account, const char *org, const char *role, bool approve)
{
    Pb__ProposeSeatRequest request = PB__PROPOSE_SEAT_REQUEST__INIT;
    char *roles[] = {district_text(role)};
    request.account = district_text(account);
    request.org = district_text(org);
    request.roles = roles;
    request.n_roles = 1;
    const Pb__Grant *g = district_ok(&district.admin, "GrantService/ProposeSeat", &request.base,
                                     &pb__grant__descriptor);
    if (approve) {
        district_approve(g->ref);
    }
    return g->ref;
}

long
district_number(const char *format, ...)
{
    char text[SQL_TEXT_SIZE];
    va_list args;
    va_start(args, format);
    char *sql = arena_vprintf(&district.arena, format, args);
    va_end(args);
    assert_non_null(sql);
    test_db_query("postgres", sql, text, sizeof text);
    return strtol(text, NULL, 10);
}

char *
district_file(const char *path, size_t *ret_size)
{
    const char *source = getenv("SOURCE_DIR");
    char *full = path[0] == '/'
                     ? arena_strdup(&district.arena, path)
                     : arena_printf(&district.arena, "%s/%s", source == NULL ? "." : source, path);
    FILE *f = fopen(full, "rb");
    if (f == NULL) {
        fail_msg("cannot open %s", full);
        return NULL;
    }
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    char *bytes = arena_alloc(&district.arena, (size_t)size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, (size_t)size, f), (size_t)size);
    fclose(f);
    *ret_size = (size_t)size;
    return bytes;
}
