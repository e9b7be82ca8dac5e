/* The generated walk of grants (授权) and accounts (账号) through the door. */
#include "tests/service/walk.h"

#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/grant.pb-c.h"

#define G(g) GUARD_BIT(GUARD_##g)
#define ORG(n) "'00000000-0000-7000-8000-0000000000" n "'"
#define PERSON "'00000000-0000-7000-8000-000000000150'"
#define GRANT_ID "'00000000-0000-7000-8000-000000000091'"
#define BY_ADMIN "'00000000-0000-7000-8000-000000000120'"
#define BY_GRANT "'00000000-0000-7000-8000-000000000121'"
_Static_assert(SEAT_ADMIN == 120 && SEAT_GRANT == 121, "the accounts named in SQL");

/* Somebody of unit02 without a seat. */
static const char somebody[] =
    "INSERT INTO rectify.account (tenant, id, name, display_name, password_hash, org, version,"
    " event_id) VALUES (1, " PERSON ", 'person', '样例', '-', " ORG("06") ", 1, " ORG("01") ")";

/* Administrators' things: no unit has a part in them, whoever may ask sees them. */
static bool
sees(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    (void)seat;
    return true;
}

static uint32_t
roles(const struct walk *w, const struct walk_seat *seat)
{
    (void)w;
    return seat->roles;
}

/* ---- grants ---- */

static void
place_grant(const struct walk *w, const char *state)
{
    bool decided = strcmp(state, "PROPOSED") != 0 && strcmp(state, "WITHDRAWN") != 0;
    bool ended = strcmp(state, STATE_ENDED) == 0;
    bool seated = strcmp(state, STATE_APPROVED) == 0 || ended;
    (void)w;
    snapshot_sql(somebody);
    snapshot_sqlf(
        "INSERT INTO rectify.seat_grant (tenant, id, ref, account, org, roles, state,"
        " proposed_by, proposed_ms, decided_by, ended_ms, version, event_id) VALUES (1, " GRANT_ID
        ", 'G-0091', " PERSON ", " ORG("06") ", %d, '%s', " BY_ADMIN ", 0, %s, %s, 1, '%s')",
        (int)ROLE_PLEAD, state, decided ? BY_GRANT : "NULL", ended ? "1" : "NULL", slice_id(1));
    if (seated) {
        snapshot_sqlf("INSERT INTO rectify.seat (tenant, id, grant_id, account, org, roles,"
                      " ended_ms, event_id) VALUES (1, " GRANT_ID ", " GRANT_ID ", " PERSON
                      ", " ORG("06") ", %d, %s, '%s')",
                      (int)ROLE_PLEAD, ended ? "1" : "NULL", slice_id(1));
    }
}

static const Pb__CallReply *
propose(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__ProposeSeatRequest r = PB__PROPOSE_SEAT_REQUEST__INIT;
    char *names[] = {slice_text("PLEAD")};
    (void)w;
    (void)ref;
    r.account = slice_text("person");
    r.org = slice_text("unit02");
    r.roles = names;
    r.n_roles = 1;
    return slice_call(seat->account, "GrantService/ProposeSeat", &r.base);
}

static const Pb__CallReply *
decide(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__DecideGrantsRequest r = PB__DECIDE_GRANTS_REQUEST__INIT;
    char *refs[] = {slice_text(ref)};
    r.grants = refs;
    r.n_grants = 1;
    r.reason = WALK_REASON;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
order(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__GrantOrder r = PB__GRANT_ORDER__INIT;
    r.grant = slice_text(ref);
    r.reason = WALK_REASON;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
grant_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__GrantQuestion r = PB__GRANT_QUESTION__INIT;
    r.grant = slice_text(ref);
    return slice_call(seat->account, "GrantService/AllowedCommands", &r.base);
}

static const struct walk_command grant_commands[] = {
    {"propose", "GrantService/ProposeSeat", propose, true, NULL, 0},
    {"approve", "GrantService/ApproveGrants", decide, false, NULL, 0},
    {"reject", "GrantService/RejectGrants", decide, false, NULL, 0},
    {"withdraw", "GrantService/WithdrawGrant", order, false, NULL, 0},
    {"end", "GrantService/EndGrant", order, false, NULL, 0},
    {"bootstrap", NULL, NULL, false, NULL, 0},
};

static const char *const proposed[] = {"PROPOSED", NULL};
static const char *const none[] = {"NONE", NULL};
static const char *const there[] = {"PROPOSED", "APPROVED", "REJECTED", "ENDED", "WITHDRAWN", NULL};

static const struct walk_variant grant_variants[] = {
    {.name = "nobody's yet", .states = none, .sql = somebody},
    {.name = "proposed by another", .states = there, .holds = G(TWO_PEOPLE)},
    {.name = "proposed by the approver himself",
     .states = proposed,
     .sql = "UPDATE rectify.seat_grant SET proposed_by = " BY_GRANT},
    {.name = "he has become an administrator",
     .states = proposed,
     .sql = "INSERT INTO rectify.seat (tenant, account, org, roles, event_id) VALUES (1, " PERSON
            ", " ORG("13") ", 2048, " ORG("01") ")",
     .holds = G(TWO_PEOPLE)},
};

/* Who administers has nothing else: judged again when it is approved. */
static bool
grant_after(const struct walk *w, const struct walk_seat *seat, const char *command,
            struct walk_answer *ret)
{
    (void)seat;
    *ret = (struct walk_answer){STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE", NULL};
    return strcmp(command, "approve") == 0 &&
           strcmp(w->variant->name, "he has become an administrator") == 0;
}

static const struct walk_machine grant = {
    .id = WORKFLOW_GRANT,
    .unknown = "GRANT_UNKNOWN",
    .ref = "G-0091",
    .no_ref = "G-0099",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.seat_grant WHERE id = " GRANT_ID,
    .place = place_grant,
    .variants = grant_variants,
    .variant_count = sizeof grant_variants / sizeof grant_variants[0],
    .commands = grant_commands,
    .command_count = sizeof grant_commands / sizeof grant_commands[0],
    .allowed_method = "GrantService/AllowedCommands",
    .allowed = grant_allowed,
    .holds = G(REASON),
    .sees = sees,
    .roles = roles,
    .after = grant_after,
};

static const struct walk_elsewhere grant_elsewhere[] = {
    {"NONE", "bootstrap", "rectifyd bootstrap, on the server's machine: e2e people.sh"},
    {NULL, NULL, NULL},
};

/* ---- accounts ---- */

static void
place_account(const struct walk *w, const char *state)
{
    (void)w;
    snapshot_sql(somebody);
    snapshot_sqlf("UPDATE rectify.account SET disabled_ms = %s WHERE id = " PERSON,
                  strcmp(state, STATE_DISABLED) == 0 ? "1" : "NULL");
}

static char *
code(void)
{
    char token[SECRET_TOKEN_TEXT_SIZE];
    secret_token_make(token);
    return arena_strdup(&slice_arena, token);
}

static const Pb__CallReply *
create(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__AddAccountRequest r = PB__ADD_ACCOUNT_REQUEST__INIT;
    (void)w;
    (void)ref;
    r.account = slice_text("newcomer");
    r.display_name = slice_text("样例");
    r.org = slice_text("unit02");
    r.password = slice_text("correct horse 样例");
    r.enrol_code = code();
    return slice_call(seat->account, "AccountService/AddAccount", &r.base);
}

static const Pb__CallReply *
account_order(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__AccountOrder r = PB__ACCOUNT_ORDER__INIT;
    r.account = slice_text(ref);
    r.reason = WALK_REASON;
    r.code = strcmp(w->command->command, "reset") == 0 ? code() : NULL;
    return slice_call(seat->account, w->command->method, &r.base);
}

static const Pb__CallReply *
issue_code(const struct walk *w, const struct walk_seat *seat, const char *ref)
{
    Pb__AddEnrolCodeRequest r = PB__ADD_ENROL_CODE_REQUEST__INIT;
    (void)w;
    r.account = slice_text(ref);
    r.enrol_code = code();
    return slice_call(seat->account, "AccountService/AddEnrolCode", &r.base);
}

static const Pb__CallReply *
account_allowed(const struct walk_seat *seat, const char *ref)
{
    Pb__AccountQuestion r = PB__ACCOUNT_QUESTION__INIT;
    r.account = slice_text(ref);
    return slice_call(seat->account, "AccountService/AllowedCommands", &r.base);
}

static const struct walk_command account_commands[] = {
    {"create", "AccountService/AddAccount", create, true, NULL, 0},
    {"unlock", "AccountService/UnlockAccount", account_order, false, NULL, 0},
    {"reset", "AccountService/ResetPassword", account_order, false, NULL, 0},
    {"issue_code", "AccountService/AddEnrolCode", issue_code, false, NULL, 0},
    {"disable", "AccountService/DisableAccount", account_order, false, NULL, 0},
    {"enable", "AccountService/EnableAccount", account_order, false, NULL, 0},
};

static const struct walk_variant account_variants[] = {{.name = "somebody"}};

static const struct walk_machine account = {
    .id = WORKFLOW_ACCOUNT,
    .unknown = "ACCOUNT_UNKNOWN",
    .ref = "person",
    .no_ref = "nobody",
    .look = "SELECT state || '|' || version || '|' || (SELECT count(*) FROM rectify.event)"
            " FROM rectify.account WHERE id = " PERSON,
    .place = place_account,
    .variants = account_variants,
    .variant_count = sizeof account_variants / sizeof account_variants[0],
    .commands = account_commands,
    .command_count = sizeof account_commands / sizeof account_commands[0],
    .allowed_method = "AccountService/AllowedCommands",
    .allowed = account_allowed,
    .holds = G(REASON),
    .sees = sees,
    .roles = roles,
};

/* ---- tests ---- */

static void
grants(void **state)
{
    (void)state;
    walk_machine_test(&grant, grant_elsewhere);
}

static void
accounts(void **state)
{
    (void)state;
    walk_machine_test(&account, NULL);
}

static void
every_machine_is_walked(void **state)
{
    (void)state;
    for (int id = 0; id < WORKFLOW_COUNT; id++) {
        if (walk_where[id] == NULL) {
            fail_msg("nobody walks %s", workflow_machine((enum workflow_id)id)->code);
        }
    }
}

static void
control(void **state)
{
    (void)state;
    walk_control_test(&account, "ACTIVE", "disable");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grants),
        cmocka_unit_test(accounts),
        cmocka_unit_test(every_machine_is_walked),
        cmocka_unit_test(control),
    };
    return cmocka_run_group_tests(tests, walk_open, walk_close);
}
