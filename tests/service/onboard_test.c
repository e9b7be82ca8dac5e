/* OnboardService and AgentService through the door: who is let in with a code, what the enrolment
 * door refuses, certificates and their renewal, heartbeats and the board. */
#include "proto/base/limits.h"
#include "proto/ledger/code.h"
#include "proto/rpc/certificate.h"
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/agent.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/onboard.pb-c.h"
#include "server/base/issuer.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"
#include "tests/support/folder.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PASSWORD "a new password 样例"

static char folder[64];
static struct issuer *issuer;
static struct person office;
static struct person group;
static struct person unit01;
static unsigned char next_key = 60;

static int
issuer_make(void)
{
    char command[512];
    char paths[4][96];
    static const char *const names[] = {"machine-ca.crt", "machine-ca.key", "ca.crt",
                                        "rectifyd.crt"};
    strcpy(folder, "/tmp/onboard-test-XXXXXX");
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    snprintf(command, sizeof command,
             "P=" SOURCE_DIR "/deploy/pki; $P ca %s && $P machine-ca %s && $P server %s rectifyd",
             folder, folder, folder);
    for (int i = 0; i < 4; i++) {
        snprintf(paths[i], sizeof paths[i], "%s/%s", folder, names[i]);
    }
    const struct issuer_config config = {.ca_cert_file = paths[0],
                                         .ca_key_file = paths[1],
                                         .days = 400,
                                         .server_ca_file = paths[2],
                                         .server_cert_file = paths[3],
                                         .server_name = "rectifyd",
                                         .tenant = "t1",
                                         .server = "",
                                         .onboard = ""};
    struct fault f = {.code = STATUS_OK};
    return system(command) == 0 &&
                   issuer_open(&config, (int64_t)time(NULL) * 1000, &issuer, &f) == STATUS_OK
               ? 0
               : -1;
}

static int
set_up(void **state)
{
    if (issuer_make() != 0) {
        return -1;
    }
    district_issuer = issuer;
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("unit01", "样例单位01", "UNIT");
    district_org("unit02", "样例单位02", "UNIT");
    district_org("office", "样例办公室", "OFFICE");
    district_org("group", "样例领导小组", "LGROUP");
    unit01 = district_person("unit01", "unit01", "PLEAD", 2);
    office = district_person("office", "office", "OFFICE", 3);
    group = district_person("group", "group", "LGROUP", 4);
    return 0;
}

static int
tear_down(void **state)
{
    int result = district_close(state);
    issuer_free(issuer);
    district_issuer = NULL;
    folder_remove(folder);
    return result;
}

/* ---- steps ---- */

static struct person
fresh_machine(const char *account)
{
    struct person p = {.account = account};
    district_key(&p, next_key++);
    return p;
}

/* An account without a password, and the code the office printed for it. */
static char *
new_account(const char *account)
{
    Pb__AddAccountRequest add = PB__ADD_ACCOUNT_REQUEST__INIT;
    char text[CODE_TEXT_SIZE];
    code_make(text);
    add.account = district_text(account);
    add.display_name = district_text("样例填报人");
    add.org = district_text("unit02");
    add.enrol_code = arena_strdup(&district.arena, text);
    (void)district_ok(&district.admin, "AccountService/AddAccount", &add.base,
                      &pb__add_account_reply__descriptor);
    return add.enrol_code;
}

static struct certificate_request
csr_make(void)
{
    struct certificate_request made;
    assert_int_equal(certificate_request_make(&district.arena, &made, NULL), STATUS_OK);
    return made;
}

static Pb__OnboardRequest *
ask(const struct person *p, const char *code, const char *password)
{
    Pb__OnboardRequest *r = arena_alloc(&district.arena, sizeof *r);
    const struct certificate_request csr = csr_make();
    pb__onboard_request__init(r);
    r->code = district_text(code);
    r->has_public_key = r->has_csr = 1;
    r->public_key.data = arena_alloc(&district.arena, LEDGER_PUBLIC_BYTES);
    memcpy(r->public_key.data, p->key.public.bytes, LEDGER_PUBLIC_BYTES);
    r->public_key.len = LEDGER_PUBLIC_BYTES;
    r->csr = (ProtobufCBinaryData){csr.n, csr.der};
    r->label = district_text("样例电脑");
    r->new_password = district_text(password);
    return r;
}

static const Pb__CallReply *
onboard(struct person *p, const char *code, const char *password)
{
    struct person stranger = {.key = p->key};
    const Pb__CallReply *reply =
        district_call(&stranger, "OnboardService/Onboard", &ask(p, code, password)->base);
    if (reply->status->code == STATUS_OK) {
        const Pb__OnboardReply *r = district_read(reply, &pb__onboard_reply__descriptor);
        p->machine = r->machine;
    }
    return reply;
}

static const Pb__OnboardReply *
onboarded(struct person *p, const char *code, const char *password)
{
    return district_read(onboard(p, code, password), &pb__onboard_reply__descriptor);
}

/* ---- by the enrolment door ---- */

struct landing {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned char *bytes;
    size_t size;
};

static void
landed(void *ctx, uint64_t handle, unsigned char *bytes, size_t size)
{
    struct landing *l = ctx;
    (void)handle;
    pthread_mutex_lock(&l->lock);
    l->bytes = bytes;
    l->size = size;
    pthread_cond_signal(&l->done);
    pthread_mutex_unlock(&l->lock);
}

static const Pb__CallReply *
send_at_door(const Pb__CallRequest *e)
{
    struct landing l = {.lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER};
    size_t size = pb__call_request__get_packed_size(e);
    unsigned char *bytes = malloc(size);
    ProtobufCMessage *m = NULL;
    assert_non_null(bytes);
    pb__call_request__pack(e, bytes);
    dispatch_message(district.door, bytes, size,
                     (struct reply_to){.fn = landed, .ctx = &l, .onboard = true});
    pthread_mutex_lock(&l.lock);
    while (l.bytes == NULL) {
        pthread_cond_wait(&l.done, &l.lock);
    }
    pthread_mutex_unlock(&l.lock);
    assert_int_equal(
        wire_unpack(&district.arena, &pb__call_reply__descriptor, l.bytes, l.size, &m, NULL),
        STATUS_OK);
    free(l.bytes);
    return (const Pb__CallReply *)m;
}

/* ---- the authority ---- */

static void
the_authority_is_told_to_everybody(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    struct person nobody = {.machine = NULL};
    char hex[CERTIFICATE_SHA256_HEX_SIZE];
    district_key(&nobody, 255);
    Pb__CallRequest *e = district_envelope(&nobody, "OnboardService/GetAuthority", &empty.base);
    e->tenant = NULL;
    e->has_signature = 0;
    const Pb__GetAuthorityReply *a =
        district_read(send_at_door(e), &pb__get_authority_reply__descriptor);
    assert_string_equal(a->tenant, "t1");
    assert_string_equal(a->server_name, "rectifyd");
    assert_false(a->has_onboard_port);
    assert_int_equal(certificate_sha256(a->certificate, hex, NULL), STATUS_OK);
    assert_string_equal(a->sha256, hex);
    (void)district_read(district_send(e), &pb__get_authority_reply__descriptor);
}

static void
the_enrolment_door_refuses_everything_else(void **state)
{
    (void)state;
    static const char *const methods[] = {
        "AccountService/EnrolMachine", "AccountService/Login",   "AccountService/SetPassword",
        "AccountService/WhoAmI",       "SystemService/Health",   "SystemService/Describe",
        "AgentService/ReportAgent",    "MeasureService/SignFor", "AuditService/ExportLog",
        "OrgService/ListOrgs",         "AlertService/WaitAlerts"};
    Pb__Empty empty = PB__EMPTY__INIT;
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        district_expect(send_at_door(district_envelope(&unit01, methods[i], &empty.base)),
                        STATUS_PERMISSION_DENIED, "DOOR_FORBIDS");
    }
    /* Control: the same call at the main door. */
    (void)district_ok(&unit01, "AccountService/WhoAmI", &empty.base,
                      &pb__who_am_ireply__descriptor);
    district_expect(send_at_door(district_envelope(&unit01, "JobService/RunTick", &empty.base)),
                    STATUS_UNIMPLEMENTED, NULL);
}

static void
the_enrolment_door_takes_so_many_a_minute(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    const Pb__CallReply *reply = NULL;
    for (int i = 0; i < 200 && (reply == NULL || reply->status->code == STATUS_OK); i++) {
        reply =
            send_at_door(district_envelope(&unit01, "OnboardService/GetAuthority", &empty.base));
    }
    district_expect(reply, STATUS_RESOURCE_EXHAUSTED, "DOOR_BUSY");
    assert_true(reply->status->retry_after_ms >= 1000);
    /* The main door is another matter. */
    (void)district_ok(&unit01, "OnboardService/GetAuthority", &empty.base,
                      &pb__get_authority_reply__descriptor);
}

/* ---- onboarding ---- */

static void
a_code_brings_a_machine_its_place_and_certificate(void **state)
{
    (void)state;
    char *code = new_account("clerk01");
    struct person p = fresh_machine("clerk01");
    const Pb__OnboardReply *r = onboarded(&p, code, NULL);
    int64_t from_ms = 0;
    int64_t to_ms = 0;
    assert_string_equal(r->org, "unit02");
    assert_string_equal(r->org_name, "样例单位02");
    assert_string_equal(r->account, "clerk01");
    assert_string_equal(r->tenant, "t1");
    assert_true(r->needs_password);
    assert_non_null(strstr(r->notice, "非涉密系统"));
    assert_int_equal(r->ledger_public_key.len, LEDGER_PUBLIC_BYTES);
    assert_memory_equal(r->ledger_public_key.data, district.log_key.bytes, LEDGER_PUBLIC_BYTES);
    assert_int_equal(certificate_span_ms(r->certificate, &from_ms, &to_ms, NULL), STATUS_OK);
    assert_int_equal(to_ms, r->certificate_not_after_ms);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.machine WHERE id = '%s' AND"
                                     " certificate_serial IS NOT NULL AND version = 1"
                                     " AND certificate_not_after_ms = %lld",
                                     p.machine, (long long)to_ms),
                     1);
}

static void
the_same_machine_again_is_the_same_machine(void **state)
{
    (void)state;
    char *code = new_account("clerk02");
    struct person p = fresh_machine("clerk02");
    struct person other = fresh_machine("clerk02");
    const Pb__OnboardReply *first = onboarded(&p, code, NULL);
    const Pb__OnboardReply *again = onboarded(&p, code, NULL);
    assert_string_equal(first->machine, again->machine);
    assert_string_not_equal(first->certificate, again->certificate);
    district_expect(onboard(&other, code, NULL), STATUS_FAILED_PRECONDITION, "ENROL_CODE_USED");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.machine m JOIN rectify.account a"
                                     " ON a.id = m.account WHERE a.name = 'clerk02'"),
                     1);
}

static void
codes_that_open_nothing(void **state)
{
    (void)state;
    char text[CODE_TEXT_SIZE];
    struct person p = fresh_machine("clerk03");
    long machines = district_number("SELECT count(*) FROM rectify.machine");
    code_make(text);
    district_expect(onboard(&p, text, NULL), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    district_expect(onboard(&p, "", NULL), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    district_expect(onboard(&p, NULL, NULL), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    char *code = new_account("clerk03");
    struct person known = {.account = "clerk03", .key = unit01.key}; /* another account's machine */
    district_expect(onboard(&known, code, NULL), STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED");
    Pb__AccountOrder order = PB__ACCOUNT_ORDER__INIT; /* a code for a password is no such code */
    order.account = district_text("clerk03");
    order.reason = district_text("样例");
    order.code = district_code();
    (void)district_ok(&district.admin, "AccountService/ResetPassword", &order.base,
                      &pb__account__descriptor);
    district_expect(onboard(&p, order.code, NULL), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    order.code = NULL;
    (void)district_ok(&district.admin, "AccountService/DisableAccount", &order.base,
                      &pb__account__descriptor);
    district_expect(onboard(&p, code, NULL), STATUS_FAILED_PRECONDITION, "ACCOUNT_DISABLED");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.machine"), machines);
    (void)district_ok(&district.admin, "AccountService/EnableAccount", &order.base,
                      &pb__account__descriptor);
    (void)onboarded(&p, code, NULL); /* none of it used the code up */
}

static void
a_code_lives_seven_days(void **state)
{
    (void)state;
    char *code = new_account("clerk04");
    struct person p = fresh_machine("clerk04");
    district_pass(LIMIT_ENROL_CODE_MS);
    district_expect(onboard(&p, code, NULL), STATUS_FAILED_PRECONDITION, "ENROL_CODE_EXPIRED");
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&group, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
the_key_must_be_held(void **state)
{
    (void)state;
    char *code = new_account("clerk05");
    struct person p = fresh_machine("clerk05");
    struct person thief = fresh_machine("clerk05");
    Pb__OnboardRequest *r = ask(&p, code, NULL);
    district_expect(district_send(district_envelope(&thief, "OnboardService/Onboard", &r->base)),
                    STATUS_UNAUTHENTICATED, "CALL_SIGNATURE_BAD");
    r->public_key.len = 31;
    struct person stranger = {.key = p.key};
    district_refused(&stranger, "OnboardService/Onboard", &r->base, STATUS_INVALID_ARGUMENT,
                     "PUBLIC_KEY_MALFORMED");
    (void)onboarded(&p, code, NULL);
}

static void
requests_nobody_signs(void **state)
{
    (void)state;
    char *code = new_account("clerk06");
    struct person p = fresh_machine("clerk06");
    struct person stranger = {.key = p.key};
    Pb__OnboardRequest *r = ask(&p, code, NULL);
    r->csr.data[r->csr.len - 1] ^= 1U;
    district_refused(&stranger, "OnboardService/Onboard", &r->base, STATUS_INVALID_ARGUMENT,
                     "CSR_SIGNATURE");
    r->has_csr = 0;
    r->csr.len = 0;
    district_refused(&stranger, "OnboardService/Onboard", &r->base, STATUS_INVALID_ARGUMENT,
                     "CSR_MISSING");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.enrol_code c JOIN"
                                     " rectify.account a ON a.id = c.account"
                                     " WHERE a.name = 'clerk06' AND c.used_ms IS NULL"),
                     1);
}

/* ---- the first password ---- */

static void
the_first_password_comes_with_the_code(void **state)
{
    (void)state;
    char *code = new_account("clerk07");
    struct person p = fresh_machine("clerk07");
    assert_true(onboarded(&p, code, NULL)->needs_password);
    district_expect(onboard(&p, code, "short"), STATUS_INVALID_ARGUMENT, "PASSWORD_LENGTH");
    const Pb__OnboardReply *set = onboarded(&p, code, PASSWORD);
    assert_false(set->needs_password);
    district_expect(district_login(&p, PASSWORD), STATUS_OK, NULL);
    district_expect(onboard(&p, code, "another password"), STATUS_FAILED_PRECONDITION,
                    "PASSWORD_EXISTS");
    district_expect(district_login(&p, PASSWORD), STATUS_OK, NULL);
    assert_false(onboarded(&p, code, NULL)->needs_password);
}

/* Neither code nor password stands anywhere. */
static void
no_secret_is_kept(void **state)
{
    (void)state;
    char *code = new_account("clerk08");
    char plain[CODE_SIZE];
    struct person p = fresh_machine("clerk08");
    assert_int_equal(code_read(code, plain, NULL), STATUS_OK);
    (void)onboarded(&p, code, PASSWORD);
    const char *const secrets[] = {code, plain, PASSWORD};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(district_number("SELECT count(*) FROM rectify.event WHERE"
                                         " position(convert_to('%s', 'UTF8') IN body) > 0",
                                         secrets[i]),
                         0);
        assert_int_equal(district_number("SELECT count(*) FROM rectify.idempotency WHERE"
                                         " position(convert_to('%s', 'UTF8') IN reply) > 0",
                                         secrets[i]),
                         0);
    }
}

/* What an administrator takes away later is given back by his own code, not by an old one. */
static void
an_old_code_sets_no_password(void **state)
{
    (void)state;
    char *code = new_account("clerk09");
    struct person p = fresh_machine("clerk09");
    (void)onboarded(&p, code, NULL);
    district_pass(LIMIT_ONBOARD_AGAIN_MS + 1);
    district_expect(onboard(&p, code, PASSWORD), STATUS_FAILED_PRECONDITION, "PASSWORD_LATE");
    assert_true(onboarded(&p, code, NULL)->needs_password);
}

/* ---- renewal ---- */

static Pb__RenewCertificateRequest *
renewal(void)
{
    Pb__RenewCertificateRequest *r = arena_alloc(&district.arena, sizeof *r);
    const struct certificate_request csr = csr_make();
    pb__renew_certificate_request__init(r);
    r->has_csr = 1;
    r->csr = (ProtobufCBinaryData){csr.n, csr.der};
    return r;
}

static void
the_machine_renews_its_certificate(void **state)
{
    (void)state;
    struct person machine = {.key = unit01.key, .machine = unit01.machine}; /* no session */
    long events = district_number("SELECT count(*) FROM rectify.event");
    Pb__CallRequest *e =
        district_envelope(&machine, "OnboardService/RenewCertificate", &renewal()->base);
    const Pb__RenewCertificateReply *first =
        district_read(send_at_door(e), &pb__renew_certificate_reply__descriptor);
    const Pb__CallReply *again = district_send(e); /* the same key, by the other door */
    const Pb__RenewCertificateReply *second =
        district_read(again, &pb__renew_certificate_reply__descriptor);
    assert_true(again->replayed);
    assert_string_equal(first->certificate, second->certificate);
    const Pb__RenewCertificateReply *third =
        district_ok(&machine, "OnboardService/RenewCertificate", &renewal()->base,
                    &pb__renew_certificate_reply__descriptor);
    assert_string_not_equal(first->certificate, third->certificate);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events + 2);
    assert_int_equal(
        district_number("SELECT version FROM rectify.machine WHERE id = '%s'", unit01.machine), 3);
}

static void
who_may_not_renew(void **state)
{
    (void)state;
    struct person machine = {.key = unit01.key, .machine = unit01.machine};
    const char *method = "OnboardService/RenewCertificate";
    Pb__CallRequest *e = district_envelope(&machine, method, &renewal()->base);
    e->has_signature = 0;
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "SIGNATURE_MISSING");
    struct person thief = {.key = office.key, .machine = unit01.machine};
    district_refused(&thief, method, &renewal()->base, STATUS_UNAUTHENTICATED, "SIGNATURE_BAD");
    struct person unknown = {.key = unit01.key, .machine = "01900000-0000-7000-8000-00000000abcd"};
    district_refused(&unknown, method, &renewal()->base, STATUS_UNAUTHENTICATED, "MACHINE_UNKNOWN");
    Pb__RenewCertificateRequest *bad = renewal();
    bad->csr.len--;
    district_refused(&machine, method, &bad->base, STATUS_INVALID_ARGUMENT, "CSR_FORM");
}

static void
a_revoked_machine_is_shut_out(void **state)
{
    (void)state;
    char *code = new_account("clerk10");
    struct person p = fresh_machine("clerk10");
    (void)onboarded(&p, code, PASSWORD);
    struct person machine = {.key = p.key, .machine = p.machine};
    (void)district_ok(&machine, "OnboardService/RenewCertificate", &renewal()->base,
                      &pb__renew_certificate_reply__descriptor); /* control */
    Pb__RevokeMachineRequest revoke = PB__REVOKE_MACHINE_REQUEST__INIT;
    revoke.machine = district_text(p.machine);
    revoke.reason = district_text("样例丢失");
    (void)district_ok(&district.admin, "AccountService/RevokeMachine", &revoke.base,
                      &pb__empty__descriptor);
    Pb__CallRequest *e =
        district_envelope(&machine, "OnboardService/RenewCertificate", &renewal()->base);
    district_expect(send_at_door(e), STATUS_UNAUTHENTICATED, "MACHINE_REVOKED");
    district_expect(onboard(&p, code, NULL), STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED");
    Pb__ReportAgentRequest report = PB__REPORT_AGENT_REQUEST__INIT;
    report.instance = district_text("01900000-0000-7000-8000-00000000000a");
    district_refused(&machine, "AgentService/ReportAgent", &report.base, STATUS_UNAUTHENTICATED,
                     "MACHINE_REVOKED");
}

/* ---- heartbeats and the board ---- */

static const char *const instances[] = {"01900000-0000-7000-8000-00000000000a",
                                        "01900000-0000-7000-8000-00000000000b"};

static void
report(const struct person *p, const char *instance, uint32_t queued)
{
    Pb__ReportAgentRequest r = PB__REPORT_AGENT_REQUEST__INIT;
    struct person machine = {.key = p->key, .machine = p->machine};
    r.instance = district_text(instance);
    r.version = district_text("rectify-agent 0.1.0");
    r.os = district_text("样例系统");
    r.has_queued = r.has_logged_in = 1;
    r.queued = queued;
    r.logged_in = 1;
    r.has_clock_difference_ms = 1;
    r.clock_difference_ms = -864000000; /* ten days behind */
    r.has_oldest_queued_at_ms = queued > 0;
    r.oldest_queued_at_ms = clock_now_ms(&district.clock.clock) + r.clock_difference_ms - 3600000;
    const Pb__ReportAgentReply *reply = district_ok(&machine, "AgentService/ReportAgent", &r.base,
                                                    &pb__report_agent_reply__descriptor);
    assert_int_equal(reply->again_in_ms, LIMIT_AGENT_REPORT_MS);
}

static const Pb__ListAgentsReply *
board(const struct person *who, const char *org, bool revoked)
{
    Pb__ListAgentsRequest r = PB__LIST_AGENTS_REQUEST__INIT;
    r.org = district_text(org);
    r.has_revoked = r.revoked = revoked;
    return district_ok(who, "AgentService/ListAgents", &r.base, &pb__list_agents_reply__descriptor);
}

static const Pb__Agent *
line_of(const struct person *p)
{
    const Pb__ListAgentsReply *all = board(&office, NULL, true);
    for (size_t i = 0; i < all->n_agents; i++) {
        if (all->agents[i]->machine != NULL && strcmp(all->agents[i]->machine, p->machine) == 0) {
            return all->agents[i];
        }
    }
    fail_msg("not on the board: %s", p->machine);
    return NULL;
}

static void
a_heartbeat_leaves_no_event(void **state)
{
    (void)state;
    long events = district_number("SELECT count(*) FROM rectify.event");
    long answers = district_number("SELECT count(*) FROM rectify.idempotency");
    assert_string_equal(line_of(&unit01)->state, "QUIET");
    report(&unit01, instances[0], 3);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.idempotency"), answers);
    const Pb__Agent *a = line_of(&unit01);
    assert_string_equal(a->state, "CONNECTED");
    assert_string_equal(a->state_zh, "在线");
    assert_int_equal(a->queued, 3);
    assert_int_equal(a->oldest_age_ms, 3600000); /* by the server's clock */
    assert_string_equal(a->version, "rectify-agent 0.1.0");
    assert_string_equal(a->os, "样例系统");
    assert_false(a->cloned);
    report(&unit01, instances[0], 4); /* too soon: not written */
    assert_int_equal(line_of(&unit01)->queued, 3);
    district_pass(LIMIT_AGENT_REPORT_MS);
    report(&unit01, instances[0], 5);
    assert_int_equal(line_of(&unit01)->queued, 5);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.agent"), 1);
    district_pass(LIMIT_AGENT_QUIET_MS + 1);
    assert_string_equal(line_of(&unit01)->state, "OFFLINE");
}

static void
two_copies_of_a_machine_are_pointed_out(void **state)
{
    (void)state;
    district_pass(LIMIT_AGENT_REPORT_MS);
    report(&unit01, instances[0], 0);
    assert_false(line_of(&unit01)->cloned);
    report(&unit01, instances[1], 0);
    assert_false(line_of(&unit01)->cloned); /* it may have been restarted */
    report(&unit01, instances[0], 0);
    const Pb__Agent *a = line_of(&unit01);
    assert_true(a->cloned);
    assert_int_equal(a->light, PB__LIGHT__OVERDUE);
    assert_non_null(strstr(a->hint, "克隆"));
}

static void
a_heartbeat_must_say_which_agent(void **state)
{
    (void)state;
    struct person machine = {.key = unit01.key, .machine = unit01.machine};
    Pb__ReportAgentRequest r = PB__REPORT_AGENT_REQUEST__INIT;
    district_refused(&machine, "AgentService/ReportAgent", &r.base, STATUS_INVALID_ARGUMENT,
                     "BAD_ID");
    r.instance = district_text(instances[0]);
    r.version = arena_printf(&district.arena, "%0100d", 1);
    district_refused(&machine, "AgentService/ReportAgent", &r.base, STATUS_INVALID_ARGUMENT,
                     "TEXT_TOO_LONG");
}

static void
the_board_shows_every_unit_to_those_who_watch(void **state)
{
    (void)state;
    const Pb__ListAgentsReply *all = board(&district.admin, NULL, false);
    bool bare = false;
    district_org("unit03", "样例单位03", "UNIT");
    all = board(&group, NULL, false);
    for (size_t i = 0; i < all->n_agents; i++) {
        bare =
            bare || (strcmp(all->agents[i]->org, "unit03") == 0 &&
                     strcmp(all->agents[i]->state, "NONE") == 0 && all->agents[i]->machine == NULL);
        assert_string_not_equal(all->agents[i]->state, "REVOKED");
    }
    assert_true(bare);
    size_t revoked = 0;
    all = board(&office, "unit02", true);
    for (size_t i = 0; i < all->n_agents; i++) {
        assert_string_equal(all->agents[i]->org, "unit02");
        revoked += strcmp(all->agents[i]->state, "REVOKED") == 0;
    }
    assert_int_equal(revoked, 1);
    Pb__ListAgentsRequest r = PB__LIST_AGENTS_REQUEST__INIT;
    district_refused(&unit01, "AgentService/ListAgents", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&district.grant, "AgentService/ListAgents", &r.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
}

/* ---- a server that issues nothing ---- */

static void
a_server_without_an_authority_says_so(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    struct person p = fresh_machine("admin");
    char text[CODE_TEXT_SIZE];
    code_make(text);
    district_refused(&district.admin, "OnboardService/GetAuthority", &empty.base,
                     STATUS_FAILED_PRECONDITION, "ONBOARD_OFF");
    district_expect(onboard(&p, text, NULL), STATUS_FAILED_PRECONDITION, "ONBOARD_OFF");
    struct person machine = {.key = district.admin.key, .machine = district.admin.machine};
    district_refused(&machine, "OnboardService/RenewCertificate", &renewal()->base,
                     STATUS_FAILED_PRECONDITION, "ONBOARD_OFF");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authority_is_told_to_everybody),
        cmocka_unit_test(the_enrolment_door_refuses_everything_else),
        cmocka_unit_test(a_code_brings_a_machine_its_place_and_certificate),
        cmocka_unit_test(the_same_machine_again_is_the_same_machine),
        cmocka_unit_test(codes_that_open_nothing),
        cmocka_unit_test(a_code_lives_seven_days),
        cmocka_unit_test(the_key_must_be_held),
        cmocka_unit_test(requests_nobody_signs),
        cmocka_unit_test(the_first_password_comes_with_the_code),
        cmocka_unit_test(no_secret_is_kept),
        cmocka_unit_test(an_old_code_sets_no_password),
        cmocka_unit_test(a_revoked_machine_is_shut_out),
        cmocka_unit_test(the_machine_renews_its_certificate),
        cmocka_unit_test(who_may_not_renew),
        cmocka_unit_test(a_heartbeat_leaves_no_event),
        cmocka_unit_test(two_copies_of_a_machine_are_pointed_out),
        cmocka_unit_test(a_heartbeat_must_say_which_agent),
        cmocka_unit_test(the_board_shows_every_unit_to_those_who_watch),
        cmocka_unit_test(the_enrolment_door_takes_so_many_a_minute),
    };
    const struct CMUnitTest without[] = {
        cmocka_unit_test(a_server_without_an_authority_says_so),
    };
    int failed = cmocka_run_group_tests(tests, set_up, tear_down);
    return failed + cmocka_run_group_tests(without, district_open, district_close);
}
