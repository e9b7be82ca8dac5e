/* AccountService through the door: enrolling, logging in, accounts, roles, machines. */
#include "proto/base/limits.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "server/handler/account.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 200 };

static struct person unit01;
static struct person office;
static unsigned char next_key = 50;

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("unit01", "样例单位01", "UNIT");
    district_org("office", "样例办公室", "OFFICE");
    unit01 = district_person("unit01", "unit01", "PLEAD", 2);
    office = district_person("office", "office", "OFFICE", 3);
    return 0;
}

static struct person
fresh_machine(const char *account)
{
    struct person p = {.account = account};
    assert_true(next_key < KEYS);
    district_key(&p, next_key++);
    return p;
}

static char *
new_code(const char *account)
{
    Pb__AddEnrolCodeRequest request = PB__ADD_ENROL_CODE_REQUEST__INIT;
    request.account = district_text(account);
    request.enrol_code = district_code();
    const Pb__AddEnrolCodeReply *reply =
        district_ok(&district.admin, "AccountService/AddEnrolCode", &request.base,
                    &pb__add_enrol_code_reply__descriptor);
    assert_true(reply->expires_at_ms > 0);
    return request.enrol_code;
}

/* ---- enrolment ---- */

static void
a_wrong_code_enrols_nothing(void **state)
{
    (void)state;
    struct person p = fresh_machine("unit01");
    long before = district_number("SELECT count(*) FROM rectify.machine");
    district_expect(district_enrol(&p, district_code()), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    district_expect(district_enrol(&p, ""), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    district_expect(district_enrol(&p, NULL), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.machine"), before);
}

static void
a_code_opens_one_machine(void **state)
{
    (void)state;
    char *code = new_code("unit01");
    struct person first = fresh_machine("unit01");
    struct person second = fresh_machine("unit01");
    district_expect(district_enrol(&first, code), STATUS_OK, NULL);
    const char *machine = first.machine;
    district_expect(district_enrol(&second, code), STATUS_FAILED_PRECONDITION, "ENROL_CODE_USED");
    /* A client that lost the answer asks again with the same key. */
    long events = district_number("SELECT count(*) FROM rectify.event");
    district_expect(district_enrol(&first, code), STATUS_OK, NULL);
    assert_string_equal(first.machine, machine);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.machine WHERE id = '%s'", machine), 1);
}

static void
a_code_lives_seven_days(void **state)
{
    (void)state;
    char *code = new_code("unit01");
    char *good = new_code("unit01");
    struct person late = fresh_machine("unit01");
    struct person early = fresh_machine("unit01");
    district_pass(LIMIT_ENROL_CODE_MS - 1);
    district_expect(district_enrol(&early, good), STATUS_OK, NULL);
    district_pass(1);
    district_expect(district_enrol(&late, code), STATUS_FAILED_PRECONDITION, "ENROL_CODE_EXPIRED");
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
a_key_belongs_to_one_account(void **state)
{
    (void)state;
    char *code = new_code("office");
    struct person p = {.account = "office", .key = unit01.key};
    district_expect(district_enrol(&p, code), STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED");
    /* The code was not used up by it. */
    struct person q = fresh_machine("office");
    district_expect(district_enrol(&q, code), STATUS_OK, NULL);
}

static void
the_key_must_be_held(void **state)
{
    (void)state;
    struct person p = fresh_machine("unit01");
    struct person thief = fresh_machine("unit01");
    Pb__EnrolMachineRequest request = PB__ENROL_MACHINE_REQUEST__INIT;
    request.code = new_code("unit01");
    request.has_public_key = 1;
    request.public_key.data = p.key.public.bytes;
    request.public_key.len = LEDGER_PUBLIC_BYTES;
    Pb__CallRequest *e = district_envelope(&thief, "AccountService/EnrolMachine", &request.base);
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "CALL_SIGNATURE_BAD");
    e = district_envelope(&p, "AccountService/EnrolMachine", &request.base);
    e->has_signature = 0;
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "CALL_SIGNATURE_BAD");
    request.public_key.len = 31;
    e = district_envelope(&p, "AccountService/EnrolMachine", &request.base);
    district_expect(district_send(e), STATUS_INVALID_ARGUMENT, "PUBLIC_KEY_MALFORMED");
    district_expect(district_enrol(&p, request.code), STATUS_OK, NULL);
}

static void
codes_are_chosen_at_random_and_once(void **state)
{
    (void)state;
    Pb__AddEnrolCodeRequest request = PB__ADD_ENROL_CODE_REQUEST__INIT;
    const char *method = "AccountService/AddEnrolCode";
    request.account = district_text("unit01");
    request.enrol_code = district_text("short");
    district_refused(&district.admin, method, &request.base, STATUS_INVALID_ARGUMENT,
                     "ENROL_CODE_FORM");
    request.enrol_code = district_text("这不是一个由机器随机选出的开通码，这是一句中文。");
    district_refused(&district.admin, method, &request.base, STATUS_INVALID_ARGUMENT,
                     "ENROL_CODE_FORM");
    request.enrol_code = NULL;
    district_refused(&district.admin, method, &request.base, STATUS_INVALID_ARGUMENT,
                     "ENROL_CODE_FORM");
    request.enrol_code = new_code("unit01");
    district_refused(&district.admin, method, &request.base, STATUS_ALREADY_EXISTS,
                     "ENROL_CODE_EXISTS");
    request.account = district_text("nobody");
    request.enrol_code = district_code();
    district_refused(&district.admin, method, &request.base, STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN");
}

/* ---- login ---- */

static void
unknown_and_wrong_answer_alike(void **state)
{
    (void)state;
    struct person ghost = unit01;
    struct person foreign = unit01;
    ghost.account = "nobody";
    foreign.account = "office"; /* the right password, on another unit's machine */
    struct person copy = unit01;
    const Pb__CallReply *wrong = district_login(&copy, "not the password");
    const Pb__CallReply *unknown = district_login(&ghost, "not the password");
    const Pb__CallReply *other = district_login(&foreign, DISTRICT_PASSWORD);
    district_expect(wrong, STATUS_UNAUTHENTICATED, "LOGIN_FAILED");
    district_expect(unknown, STATUS_UNAUTHENTICATED, "LOGIN_FAILED");
    district_expect(other, STATUS_UNAUTHENTICATED, "LOGIN_FAILED");
    assert_string_equal(wrong->status->message, unknown->status->message);
    assert_string_equal(wrong->status->message, other->status->message);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

/* Whoever cannot log in here cannot lock the account of others, nor learn that it is locked. */
static void
another_units_machine_locks_nobody(void **state)
{
    (void)state;
    struct person foreign = unit01;
    foreign.account = "office";
    for (int i = 0; i < LIMIT_LOGIN_FAILURES + 1; i++) {
        district_expect(district_login(&foreign, "not the password"), STATUS_UNAUTHENTICATED,
                        "LOGIN_FAILED");
    }
    assert_int_equal(district_number("SELECT failures FROM rectify.account WHERE name = 'office'"),
                     0);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
five_failures_lock_for_a_while(void **state)
{
    (void)state;
    struct person p = unit01;
    long events = district_number("SELECT count(*) FROM rectify.event");
    for (int i = 1; i <= LIMIT_LOGIN_FAILURES; i++) {
        district_expect(district_login(&p, "not the password"), STATUS_UNAUTHENTICATED,
                        "LOGIN_FAILED");
        /* The refusal is committed: counted although the call is refused. */
        assert_int_equal(
            district_number("SELECT failures FROM rectify.account WHERE name = 'unit01'"),
            i % LIMIT_LOGIN_FAILURES);
    }
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    const Pb__CallReply *locked = district_login(&p, DISTRICT_PASSWORD);
    district_expect(locked, STATUS_RESOURCE_EXHAUSTED, "LOGIN_LOCKED");
    assert_int_equal(locked->status->retry_after_ms, LIMIT_LOGIN_LOCK_MS);
    district_pass(LIMIT_LOGIN_LOCK_MS - 1);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_RESOURCE_EXHAUSTED,
                    "LOGIN_LOCKED");
    district_pass(1);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    /* A good login forgets the failures before it. */
    district_expect(district_login(&p, "not the password"), STATUS_UNAUTHENTICATED, "LOGIN_FAILED");
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    assert_int_equal(district_number("SELECT failures FROM rectify.account WHERE name = 'unit01'"),
                     0);
}

/* The same key and the same envelope again: nothing was kept that could be handed out, so it runs
 * again, and the token of the first answer appears nowhere in the database. */
static void
a_replayed_login_gives_away_no_token(void **state)
{
    (void)state;
    Pb__LoginRequest request = PB__LOGIN_REQUEST__INIT;
    struct person nobody = {.key = unit01.key, .machine = unit01.machine};
    request.account = district_text("unit01");
    request.password = district_text(DISTRICT_PASSWORD);
    Pb__CallRequest *e = district_envelope(&nobody, "AccountService/Login", &request.base);
    const Pb__LoginReply *first = district_read(district_send(e), &pb__login_reply__descriptor);
    const Pb__CallReply *again = district_send(e);
    const Pb__LoginReply *second = district_read(again, &pb__login_reply__descriptor);
    assert_false(again->has_replayed && again->replayed);
    assert_string_not_equal(first->session, second->session);
    assert_non_null(strstr(first->notice, "非涉密系统"));
    assert_int_equal(district_number("SELECT count(*) FROM rectify.idempotency WHERE key = '%s'"
                                     " OR position('%s'::bytea IN reply) > 0",
                                     e->idempotency_key, first->session),
                     0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"
                                     " WHERE position('%s'::bytea IN body) > 0",
                                     first->session),
                     0);
}

static void
a_login_needs_its_machine(void **state)
{
    (void)state;
    Pb__LoginRequest request = PB__LOGIN_REQUEST__INIT;
    request.account = district_text("unit01");
    request.password = district_text(DISTRICT_PASSWORD);
    struct person stranger = fresh_machine("unit01");
    district_refused(&stranger, "AccountService/Login", &request.base, STATUS_UNAUTHENTICATED,
                     "MACHINE_UNKNOWN");
    stranger.machine = unit01.machine; /* another's machine, own key */
    district_refused(&stranger, "AccountService/Login", &request.base, STATUS_UNAUTHENTICATED,
                     "SIGNATURE_BAD");
}

/* ---- sessions ---- */

static void
sessions_end_by_time(void **state)
{
    (void)state;
    struct person p = unit01;
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    Pb__Empty empty = PB__EMPTY__INIT;
    const char *who = "AccountService/WhoAmI";
    /* Idle. */
    district_pass(LIMIT_SESSION_IDLE_MS + 1);
    district_refused(&p, who, &empty.base, STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    /* Used every ten hours, it lives on until its day comes. */
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    int64_t step = 10 * 3600000LL;
    struct person helper = p;
    for (int64_t t = step; t < LIMIT_SESSION_TOTAL_MS; t += step) {
        district_pass(step);
        /* A command touches the session; a query may not write. */
        Pb__CreateInspectionRequest create = PB__CREATE_INSPECTION_REQUEST__INIT;
        district_refused(&helper, "InspectionService/CreateInspection", &create.base,
                         STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
        (void)district_ok(&p, who, &empty.base, &pb__who_am_ireply__descriptor);
    }
    district_pass(step);
    district_refused(&p, who, &empty.base, STATUS_UNAUTHENTICATED, "SESSION_EXPIRED");
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
logout_ends_the_session(void **state)
{
    (void)state;
    struct person p = unit01;
    Pb__Empty empty = PB__EMPTY__INIT;
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    (void)district_ok(&p, "AccountService/Logout", &empty.base, &pb__empty__descriptor);
    district_refused(&p, "AccountService/WhoAmI", &empty.base, STATUS_UNAUTHENTICATED,
                     "SESSION_EXPIRED");
    (void)district_ok(&unit01, "AccountService/WhoAmI", &empty.base,
                      &pb__who_am_ireply__descriptor);
}

static void
a_session_says_who_it_is(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    const Pb__WhoAmIReply *who =
        district_ok(&unit01, "AccountService/WhoAmI", &empty.base, &pb__who_am_ireply__descriptor);
    assert_string_equal(who->account, "unit01");
    assert_string_equal(who->machine, unit01.machine);
    assert_int_equal(who->n_seats, 1);
    assert_string_equal(who->seats[0]->org, "unit01");
    assert_string_equal(who->seats[0]->org_name, "样例单位01");
    assert_int_equal(who->seats[0]->n_roles, 1);
    assert_string_equal(who->seats[0]->roles[0], "PLEAD");
    assert_true(who->has_expires_at_ms);
    assert_true(who->expires_at_ms > clock_now_ms(&district.clock.clock));
}

static void
a_new_password_ends_other_sessions(void **state)
{
    (void)state;
    struct person here = unit01;
    struct person there = unit01;
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__ChangePasswordRequest request = PB__CHANGE_PASSWORD_REQUEST__INIT;
    const char *method = "AccountService/ChangePassword";
    district_expect(district_login(&here, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&there, DISTRICT_PASSWORD), STATUS_OK, NULL);
    request.old_password = district_text("wrong");
    request.new_password = district_text("another horse 样例");
    district_refused(&here, method, &request.base, STATUS_INVALID_ARGUMENT, "PASSWORD_WRONG");
    request.old_password = district_text(DISTRICT_PASSWORD);
    request.new_password = district_text("短密码");
    district_refused(&here, method, &request.base, STATUS_INVALID_ARGUMENT, "PASSWORD_LENGTH");
    request.new_password = district_text("another horse 样例");
    (void)district_ok(&here, method, &request.base, &pb__empty__descriptor);
    district_refused(&there, "AccountService/WhoAmI", &empty.base, STATUS_UNAUTHENTICATED,
                     "SESSION_EXPIRED");
    (void)district_ok(&here, "AccountService/WhoAmI", &empty.base, &pb__who_am_ireply__descriptor);
    district_expect(district_login(&there, DISTRICT_PASSWORD), STATUS_UNAUTHENTICATED,
                    "LOGIN_FAILED");
    request.old_password = district_text("another horse 样例");
    request.new_password = district_text(DISTRICT_PASSWORD);
    (void)district_ok(&here, method, &request.base, &pb__empty__descriptor);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

/* A session left open does not serve to guess the password behind it. */
static void
wrong_old_passwords_lock_too(void **state)
{
    (void)state;
    struct person p = unit01;
    Pb__ChangePasswordRequest request = PB__CHANGE_PASSWORD_REQUEST__INIT;
    const char *method = "AccountService/ChangePassword";
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    request.old_password = district_text("wrong");
    request.new_password = district_text("another horse 样例");
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++) {
        district_refused(&p, method, &request.base, STATUS_INVALID_ARGUMENT, "PASSWORD_WRONG");
    }
    request.old_password = district_text(DISTRICT_PASSWORD);
    district_refused(&p, method, &request.base, STATUS_RESOURCE_EXHAUSTED, "LOGIN_LOCKED");
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_RESOURCE_EXHAUSTED,
                    "LOGIN_LOCKED");
    district_pass(LIMIT_LOGIN_LOCK_MS);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

/* ---- accounts ---- */

static void
accounts_are_checked(void **state)
{
    (void)state;
    const char *method = "AccountService/AddAccount";
    Pb__AddAccountRequest r = PB__ADD_ACCOUNT_REQUEST__INIT;
    char *unknown[] = {district_text("KING")};
    char *good[] = {district_text("PLEAD")};
    char *clock[] = {district_text("SYS")};
    r.account = district_text("大写");
    r.display_name = district_text("样例");
    r.org = district_text("unit01");
    r.roles = good;
    r.n_roles = 1;
    r.password = district_text(DISTRICT_PASSWORD);
    struct person *admin = &district.admin;
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ACCOUNT_NAME");
    r.account = district_text("unit01");
    district_refused(admin, method, &r.base, STATUS_ALREADY_EXISTS, "ACCOUNT_EXISTS");
    r.account = district_text("unit01b");
    r.org = district_text("unit99");
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ORG_UNKNOWN");
    r.org = district_text("unit01");
    r.roles = unknown;
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ROLE_UNKNOWN");
    r.roles = clock;
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ROLE_UNKNOWN");
    /* A unit's account must not get the office's rights, nor an auditor's. */
    char *judge[] = {district_text("PLEAD"), district_text("OFFICE")};
    char *reader[] = {district_text("AUDIT")};
    r.roles = judge;
    r.n_roles = 2;
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ROLE_ORG_MISMATCH");
    r.roles = reader;
    r.n_roles = 1;
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ROLE_ORG_MISMATCH");
    r.roles = good;
    r.n_roles = 1;
    r.password = district_text("123456789");
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "PASSWORD_LENGTH");
    r.password = district_text(DISTRICT_PASSWORD);
    r.display_name = district_text(" ");
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "NAME_MISSING");
    r.display_name = district_text("样例");
    r.enrol_code = district_text("1234");
    district_refused(admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ENROL_CODE_FORM");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.account WHERE name = 'unit01b'"),
                     0);
}

static void
secrets_reach_neither_log_nor_answers(void **state)
{
    (void)state;
    Pb__AddAccountRequest r = PB__ADD_ACCOUNT_REQUEST__INIT;
    char *roles[] = {district_text("PLEAD")};
    r.account = district_text("secret1");
    r.display_name = district_text("样例");
    r.org = district_text("unit01");
    r.roles = roles;
    r.n_roles = 1;
    r.password = district_text("a-very-special-password");
    r.enrol_code = district_code();
    (void)district_ok(&district.admin, "AccountService/AddAccount", &r.base,
                      &pb__add_account_reply__descriptor);
    char *code = new_code("secret1");
    const char *secrets[] = {r.password, r.enrol_code, code, DISTRICT_PASSWORD};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++) {
        const char *bytes = secrets[i];
        assert_int_equal(district_number("SELECT (SELECT count(*) FROM rectify.event WHERE"
                                         "  position(convert_to('%s', 'UTF8') IN body) > 0)"
                                         " + (SELECT count(*) FROM rectify.idempotency WHERE"
                                         "  position(convert_to('%s', 'UTF8') IN reply) > 0)",
                                         bytes, bytes),
                         0);
    }
    /* The control: what may be there is found by the same question. */
    assert_true(district_number("SELECT count(*) FROM rectify.event"
                                " WHERE position('secret1'::bytea IN body) > 0") > 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.account WHERE name = 'secret1'"
                                     " AND password_hash LIKE '$argon2id$%%'"),
                     1);
}

/* ---- roles ---- */

static void
a_unit_has_no_office(void **state)
{
    (void)state;
    static const char *const forbidden[] = {
        "AccountService/AddAccount",      "AccountService/AddEnrolCode",
        "AccountService/RevokeMachine",   "OrgService/ImportOrgs",
        "SettingsService/ImportCalendar", "InspectionService/CreateInspection",
        "InspectionService/ImportNotice", "InspectionService/PreviewNotice",
        "PlanService/ImportPlan",         "PlanService/PreviewPlan",
        "PlanService/ApprovePlan",        "AuditService/ExportLog",
    };
    Pb__Empty empty = PB__EMPTY__INIT;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        district_refused(&unit01, forbidden[i], &empty.base, STATUS_PERMISSION_DENIED,
                         "ROLE_FORBIDS");
    }
    /* Nor has the office the admin's or the group's, nor the admin the office's. */
    district_refused(&office, "AccountService/AddAccount", &empty.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&office, "PlanService/ApprovePlan", &empty.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&district.admin, "InspectionService/ImportNotice", &empty.base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_refused(&district.admin, "AuditService/ExportLog", &empty.base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
}

static void
changing_needs_a_signature(void **state)
{
    (void)state;
    Pb__ImportOrgsRequest request = PB__IMPORT_ORGS_REQUEST__INIT;
    Pb__CallRequest *e = district_envelope(&district.admin, "OrgService/ImportOrgs", &request.base);
    e->has_signature = 0;
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "SIGNATURE_MISSING");
    e = district_envelope(&district.admin, "OrgService/ImportOrgs", &request.base);
    e->session = NULL;
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "SESSION_REQUIRED");
}

/* ---- what is done to an account ---- */

static const Pb__Account *
ordered(const char *method, const char *account, const char *reason, const char *code)
{
    Pb__AccountOrder o = PB__ACCOUNT_ORDER__INIT;
    o.account = district_text(account);
    o.reason = district_text(reason);
    o.code = district_text(code);
    return district_ok(&district.admin, method, &o.base, &pb__account__descriptor);
}

static void
a_disabled_account_is_out_at_once(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__AccountOrder o = PB__ACCOUNT_ORDER__INIT;
    const char *disable = "AccountService/DisableAccount";
    struct person p = unit01;
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
    o.account = district_text("unit01");
    district_refused(&district.admin, disable, &o.base, STATUS_INVALID_ARGUMENT, "REASON_MISSING");
    district_refused(&office, disable, &o.base, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    o.account = district_text("nobody");
    district_refused(&district.admin, disable, &o.base, STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN");
    const Pb__Account *a = ordered(disable, "unit01", "样例：调离", NULL);
    assert_string_equal(a->state, "DISABLED");
    district_refused(&p, "AccountService/WhoAmI", &empty.base, STATUS_UNAUTHENTICATED,
                     "SESSION_EXPIRED");
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_UNAUTHENTICATED, "LOGIN_FAILED");
    o.account = district_text("unit01");
    o.reason = district_text("样例");
    district_refused(&district.admin, disable, &o.base, STATUS_FAILED_PRECONDITION,
                     "STATE_FORBIDS");
    district_refused(&district.grant, "AccountService/EnableAccount", &o.base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    Pb__CallRequest *e =
        district_envelope(&district.admin, "AccountService/EnableAccount", &o.base);
    e->has_expected_version = 1;
    e->expected_version = a->version - 1;
    district_sign(e, &district.admin.key);
    district_expect(district_send(e), STATUS_ABORTED, "STALE_VERSION");
    a = ordered("AccountService/EnableAccount", "unit01", "样例：返岗", NULL);
    assert_string_equal(a->state, "ACTIVE");
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
a_lock_can_be_ended(void **state)
{
    (void)state;
    struct person p = unit01;
    for (int i = 0; i < LIMIT_LOGIN_FAILURES; i++) {
        district_expect(district_login(&p, "not the password"), STATUS_UNAUTHENTICATED,
                        "LOGIN_FAILED");
    }
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_RESOURCE_EXHAUSTED,
                    "LOGIN_LOCKED");
    Pb__ListAccountsRequest list = PB__LIST_ACCOUNTS_REQUEST__INIT;
    list.account = district_text("unit01");
    const Pb__ListAccountsReply *found =
        district_ok(&district.grant, "AccountService/ListAccounts", &list.base,
                    &pb__list_accounts_reply__descriptor);
    assert_int_equal(found->n_accounts, 1);
    assert_true(found->accounts[0]->has_locked_until_ms);
    assert_false(
        ordered("AccountService/UnlockAccount", "unit01", NULL, NULL)->has_locked_until_ms);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_refused(&unit01, "AccountService/ListAccounts", &list.base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
}

static Pb__SetPasswordRequest
new_password(const char *account, const char *code)
{
    Pb__SetPasswordRequest r = PB__SET_PASSWORD_REQUEST__INIT;
    r.account = district_text(account);
    r.code = district_text(code);
    r.new_password = district_text(DISTRICT_PASSWORD);
    return r;
}

static void
a_forgotten_password_is_set_by_its_owner(void **state)
{
    (void)state;
    const char *set = "AccountService/SetPassword";
    struct person here = {.account = "unit01", .key = unit01.key, .machine = unit01.machine};
    struct person there = {.account = "unit01", .key = office.key, .machine = office.machine};
    char *code = district_code();
    Pb__AccountOrder o = PB__ACCOUNT_ORDER__INIT;
    o.account = district_text("unit01");
    o.reason = district_text("样例：遗忘");
    district_refused(&district.admin, "AccountService/ResetPassword", &o.base,
                     STATUS_INVALID_ARGUMENT, "ENROL_CODE_FORM");
    const Pb__Account *a = ordered("AccountService/ResetPassword", "unit01", "样例：遗忘", code);
    assert_false(a->has_password);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_UNAUTHENTICATED,
                    "LOGIN_FAILED");
    /* The code opens no machine, no other account, and nothing on another unit's machine. */
    struct person p = fresh_machine("unit01");
    district_expect(district_enrol(&p, code), STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN");
    Pb__SetPasswordRequest r = new_password("office", code);
    district_refused(&there, set, &r.base, STATUS_NOT_FOUND, "RESET_CODE_UNKNOWN");
    r = new_password("unit01", code);
    district_refused(&there, set, &r.base, STATUS_NOT_FOUND, "RESET_CODE_UNKNOWN");
    r = new_password("unit01", district_code());
    district_refused(&here, set, &r.base, STATUS_NOT_FOUND, "RESET_CODE_UNKNOWN");
    r = new_password("unit01", code);
    r.new_password = district_text("short");
    district_refused(&here, set, &r.base, STATUS_INVALID_ARGUMENT, "PASSWORD_LENGTH");
    r = new_password("unit01", code);
    (void)district_ok(&here, set, &r.base, &pb__empty__descriptor);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_refused(&here, set, &r.base, STATUS_FAILED_PRECONDITION, "RESET_CODE_USED");
    /* An enrolment code sets no password; an old code neither. */
    r = new_password("unit01", new_code("unit01"));
    district_refused(&here, set, &r.base, STATUS_NOT_FOUND, "RESET_CODE_UNKNOWN");
    char *late = district_code();
    (void)ordered("AccountService/ResetPassword", "unit01", "样例：遗忘", late);
    district_pass(LIMIT_ENROL_CODE_MS);
    r = new_password("unit01", late);
    district_refused(&here, set, &r.base, STATUS_FAILED_PRECONDITION, "RESET_CODE_EXPIRED");
    district_expect(district_login(&district.admin, DISTRICT_PASSWORD), STATUS_OK, NULL);
    char *last = district_code();
    (void)ordered("AccountService/ResetPassword", "unit01", "样例：遗忘", last);
    r = new_password("unit01", last);
    (void)district_ok(&here, set, &r.base, &pb__empty__descriptor);
    district_expect(district_login(&unit01, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
}

static void
a_list_of_accounts_is_made_whole_or_not(void **state)
{
    (void)state;
    const char *method = "AccountService/ImportAccounts";
    Pb__ImportAccountsRequest r = PB__IMPORT_ACCOUNTS_REQUEST__INIT;
    Pb__AddAccountRequest a = PB__ADD_ACCOUNT_REQUEST__INIT;
    Pb__AddAccountRequest b = PB__ADD_ACCOUNT_REQUEST__INIT;
    Pb__AddAccountRequest *list[] = {&a, &b};
    char *roles[] = {district_text("PLEAD")};
    a.account = district_text("many1");
    b.account = district_text("many1");
    a.display_name = b.display_name = district_text("样例");
    a.org = b.org = district_text("unit01");
    a.roles = roles;
    a.n_roles = 1;
    district_refused(&district.admin, method, &r.base, STATUS_INVALID_ARGUMENT, "ACCOUNT_COUNT");
    r.accounts = list;
    r.n_accounts = 2;
    const Pb__Status *s = district_refused(&district.admin, method, &r.base,
                                           STATUS_INVALID_ARGUMENT, "ACCOUNT_TWICE");
    assert_non_null(strstr(s->message, "第 2 个账号"));
    b.account = district_text("unit01");
    district_refused(&district.admin, method, &r.base, STATUS_ALREADY_EXISTS, "ACCOUNT_EXISTS");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.account WHERE name = 'many1'"),
                     0);
    b.account = district_text("many2");
    const Pb__ImportAccountsReply *made =
        district_ok(&district.admin, method, &r.base, &pb__import_accounts_reply__descriptor);
    assert_int_equal(made->added, 2);
    assert_int_equal(made->proposed, 1);
    district_refused(&office, method, &r.base, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    Pb__AccountQuestion q = PB__ACCOUNT_QUESTION__INIT;
    q.account = district_text("many2");
    const Pb__AllowedCommandsReply *may =
        district_ok(&district.grant, "AccountService/AllowedCommands", &q.base,
                    &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < may->n_commands; i++) {
        bool disable = strcmp(may->commands[i]->command, "disable") == 0;
        assert_int_equal(may->commands[i]->allowed, disable);
    }
}

/* ---- machines ---- */

static void
a_revoked_machine_is_worthless(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__RevokeMachineRequest r = PB__REVOKE_MACHINE_REQUEST__INIT;
    const char *method = "AccountService/RevokeMachine";
    struct person p = fresh_machine("unit01");
    char *code = new_code("unit01");
    district_expect(district_enrol(&p, code), STATUS_OK, NULL);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    r.machine = district_text("nonsense");
    r.reason = district_text("样例：电脑报废");
    district_refused(&district.admin, method, &r.base, STATUS_INVALID_ARGUMENT, "BAD_ID");
    r.machine = district_text("00000000-0000-7000-8000-00000000ffff");
    district_refused(&district.admin, method, &r.base, STATUS_NOT_FOUND, "MACHINE_UNKNOWN");
    r.machine = district_text(p.machine);
    r.reason = NULL;
    district_refused(&district.admin, method, &r.base, STATUS_INVALID_ARGUMENT, "REASON_MISSING");
    r.reason = district_text("样例：电脑报废");
    (void)district_ok(&district.admin, method, &r.base, &pb__empty__descriptor);
    district_refused(&district.admin, method, &r.base, STATUS_FAILED_PRECONDITION,
                     "MACHINE_REVOKED");
    district_refused(&p, "AccountService/WhoAmI", &empty.base, STATUS_UNAUTHENTICATED,
                     "MACHINE_REVOKED");
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_UNAUTHENTICATED,
                    "MACHINE_REVOKED");
    district_expect(district_enrol(&p, code), STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED");
}

static void
everybody_sees_his_orgs_machines(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    const char *method = "AccountService/ListMachines";
    const Pb__ListMachinesReply *own =
        district_ok(&unit01, method, &empty.base, &pb__list_machines_reply__descriptor);
    assert_true(own->n_machines > 0);
    for (size_t i = 0; i < own->n_machines; i++) {
        assert_string_equal(own->machines[i]->org, "unit01");
    }
    const Pb__ListMachinesReply *all =
        district_ok(&district.admin, method, &empty.base, &pb__list_machines_reply__descriptor);
    assert_int_equal(all->n_machines, district_number("SELECT count(*) FROM rectify.machine"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wrong_code_enrols_nothing),
        cmocka_unit_test(a_code_opens_one_machine),
        cmocka_unit_test(a_code_lives_seven_days),
        cmocka_unit_test(a_key_belongs_to_one_account),
        cmocka_unit_test(the_key_must_be_held),
        cmocka_unit_test(codes_are_chosen_at_random_and_once),
        cmocka_unit_test(unknown_and_wrong_answer_alike),
        cmocka_unit_test(another_units_machine_locks_nobody),
        cmocka_unit_test(five_failures_lock_for_a_while),
        cmocka_unit_test(a_replayed_login_gives_away_no_token),
        cmocka_unit_test(a_login_needs_its_machine),
        cmocka_unit_test(sessions_end_by_time),
        cmocka_unit_test(logout_ends_the_session),
        cmocka_unit_test(a_session_says_who_it_is),
        cmocka_unit_test(a_new_password_ends_other_sessions),
        cmocka_unit_test(wrong_old_passwords_lock_too),
        cmocka_unit_test(accounts_are_checked),
        cmocka_unit_test(secrets_reach_neither_log_nor_answers),
        cmocka_unit_test(a_unit_has_no_office),
        cmocka_unit_test(changing_needs_a_signature),
        cmocka_unit_test(a_disabled_account_is_out_at_once),
        cmocka_unit_test(a_lock_can_be_ended),
        cmocka_unit_test(a_forgotten_password_is_set_by_its_owner),
        cmocka_unit_test(a_list_of_accounts_is_made_whole_or_not),
        cmocka_unit_test(a_revoked_machine_is_worthless),
        cmocka_unit_test(everybody_sees_his_orgs_machines),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
