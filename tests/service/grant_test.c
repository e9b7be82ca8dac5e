/* Seats through the door: two people give, one takes; administrators hold one role; standing in for
 * somebody (X 代 Y); and the same rules in the database. */
#include "proto/base/limits.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/grant.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "rectify/v1/system.pb-c.h"
#include "server/service/role.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <string.h>

static struct person unit01; /* 填报人 */
static struct person unit02;
static struct person office;
static struct person auditor;

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("unit01", "样例单位01", "UNIT");
    district_org("unit02", "样例单位02", "UNIT");
    district_org("office", "样例办公室", "OFFICE");
    unit01 = district_person("unit01", "unit01", "PLEAD", 2);
    unit02 = district_person("unit02", "unit02", "PLEAD", 3);
    office = district_person("office", "office", "OFFICE", 4);
    auditor = district_person("auditor", "admin", "AUDIT", 5);
    return 0;
}

/* ---- short words ---- */

static const char *
add_account(const char *account, const char *org)
{
    Pb__AddAccountRequest r = PB__ADD_ACCOUNT_REQUEST__INIT;
    r.account = district_text(account);
    r.display_name = arena_printf(&district.arena, "样例%s", account);
    r.org = district_text(org);
    r.password = district_text(DISTRICT_PASSWORD);
    const Pb__AddAccountReply *reply = district_ok(&district.admin, "AccountService/AddAccount",
                                                   &r.base, &pb__add_account_reply__descriptor);
    assert_null(reply->grant);
    return account;
}

static Pb__DecideGrantsRequest *
refs(const char *ref, const char *reason)
{
    Pb__DecideGrantsRequest *r = arena_alloc(&district.arena, sizeof *r);
    char **list = arena_alloc(&district.arena, sizeof *list);
    assert_non_null(r);
    assert_non_null(list);
    pb__decide_grants_request__init(r);
    *list = district_text(ref);
    r->grants = list;
    r->n_grants = 1;
    r->reason = district_text(reason);
    return r;
}

static Pb__GrantOrder *
order(const char *ref, const char *reason)
{
    Pb__GrantOrder *o = arena_alloc(&district.arena, sizeof *o);
    assert_non_null(o);
    pb__grant_order__init(o);
    o->grant = district_text(ref);
    o->reason = district_text(reason);
    return o;
}

static void
end(const char *ref)
{
    const Pb__Grant *g = district_ok(&district.grant, "GrantService/EndGrant",
                                     &order(ref, "样例：调离")->base, &pb__grant__descriptor);
    assert_string_equal(g->state, "ENDED");
}

static Pb__ProposeSeatRequest *
seat(const char *account, const char *org, const char *role)
{
    Pb__ProposeSeatRequest *r = arena_alloc(&district.arena, sizeof *r);
    char **roles = arena_alloc(&district.arena, sizeof *roles);
    assert_non_null(r);
    assert_non_null(roles);
    pb__propose_seat_request__init(r);
    *roles = district_text(role);
    r->account = district_text(account);
    r->org = district_text(org);
    r->roles = roles;
    r->n_roles = 1;
    return r;
}

static const Pb__Status *
propose_refused(const Pb__ProposeSeatRequest *r, enum status code, const char *reason)
{
    return district_refused(&district.admin, "GrantService/ProposeSeat", &r->base, code, reason);
}

static const Pb__CallReply *
whoami_as(const struct person *p, const char *behalf)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__CallRequest *e = district_envelope(p, "AccountService/WhoAmI", &empty.base);
    e->on_behalf_of = district_text(behalf);
    district_sign(e, &p->key);
    return district_send(e);
}

static const Pb__WhoAmIReply *
whoami(const struct person *p)
{
    return district_read(whoami_as(p, NULL), &pb__who_am_ireply__descriptor);
}

/* ---- two people ---- */

static void
a_proposal_gives_nothing_until_another_approves(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__AddAccountRequest r = PB__ADD_ACCOUNT_REQUEST__INIT;
    char *roles[] = {district_text("PLEAD")};
    struct person p = {.account = "fresh"};
    r.account = district_text("fresh");
    r.display_name = district_text("样例新人");
    r.org = district_text("unit01");
    r.roles = roles;
    r.n_roles = 1;
    r.password = district_text(DISTRICT_PASSWORD);
    r.enrol_code = district_code();
    const Pb__AddAccountReply *added = district_ok(&district.admin, "AccountService/AddAccount",
                                                   &r.base, &pb__add_account_reply__descriptor);
    assert_non_null(added->grant);
    /* The machine may be prepared, and he may log in; there is nothing he may do. */
    district_key(&p, 60);
    district_expect(district_enrol(&p, r.enrol_code), STATUS_OK, NULL);
    district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
    district_refused(&p, "OrgService/ListOrgs", &empty.base, STATUS_PERMISSION_DENIED, "NO_SEAT");
    assert_int_equal(whoami(&district.grant)->pending_grants, 1);
    assert_int_equal(whoami(&district.admin)->pending_grants, 1);
    assert_false(whoami(&unit01)->has_pending_grants);
    /* The proposer cannot approve: it is not his office. */
    district_refused(&district.admin, "GrantService/ApproveGrants", &refs(added->grant, NULL)->base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_refused(&district.grant, "GrantService/ProposeSeat",
                     &seat("fresh", "unit01", "HEAD")->base, STATUS_PERMISSION_DENIED,
                     "ROLE_FORBIDS");
    district_refused(&auditor, "GrantService/ApproveGrants", &refs(added->grant, NULL)->base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_approve(added->grant);
    /* The open session has it with the next call. */
    (void)district_ok(&p, "OrgService/ListOrgs", &empty.base, &pb__list_orgs_reply__descriptor);
    assert_int_equal(whoami(&district.grant)->pending_grants, 0);
    district_refused(&district.grant, "GrantService/ApproveGrants", &refs(added->grant, NULL)->base,
                     STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    /* What was taken away is gone with the next call, too. */
    end(added->grant);
    district_refused(&p, "OrgService/ListOrgs", &empty.base, STATUS_PERMISSION_DENIED, "NO_SEAT");
    district_refused(&district.grant, "GrantService/EndGrant", &order(added->grant, "再收")->base,
                     STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
}

/* Somebody who proposed and later became the approver still needs another for his own proposals. */
static void
nobody_approves_what_he_proposed(void **state)
{
    (void)state;
    struct person turncoat = district_person("turncoat", "admin", "ADMIN", 61);
    const char *seat_ref = NULL;
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    list.account = district_text("turncoat");
    const Pb__ListGrantsReply *grants = district_ok(&district.admin, "GrantService/ListGrants",
                                                    &list.base, &pb__list_grants_reply__descriptor);
    assert_int_equal(grants->n_grants, 1);
    seat_ref = grants->grants[0]->ref;
    const Pb__Grant *own =
        district_ok(&turncoat, "GrantService/ProposeSeat", &seat("unit01", "unit01", "HEAD")->base,
                    &pb__grant__descriptor);
    end(seat_ref);
    const char *new_ref = district_seat("turncoat", "admin", "GRANT", true);
    district_refused(&turncoat, "GrantService/ApproveGrants", &refs(own->ref, NULL)->base,
                     STATUS_FAILED_PRECONDITION, "SAME_PERSON");
    district_refused(&turncoat, "GrantService/RejectGrants", &refs(own->ref, "不同意")->base,
                     STATUS_FAILED_PRECONDITION, "SAME_PERSON");
    /* The database says so, whoever asks. */
    assert_true(test_db_refused("postgres",
                                arena_printf(&district.arena,
                                             "UPDATE rectify.seat_grant SET state = 'APPROVED',"
                                             " decided_by = proposed_by, decided_ms = 1,"
                                             " version = version + 1 WHERE ref = '%s'",
                                             own->ref),
                                "seat_grant_two_people"));
    district_approve(own->ref);
    end(own->ref);
    end(new_ref);
}

static void
a_refusal_needs_a_reason_and_a_proposal_can_be_taken_back(void **state)
{
    (void)state;
    const char *ref = district_seat("unit02", "unit02", "REVIEWER", false);
    district_refused(&district.grant, "GrantService/RejectGrants", &refs(ref, NULL)->base,
                     STATUS_INVALID_ARGUMENT, "REASON_MISSING");
    (void)district_ok(&district.grant, "GrantService/RejectGrants", &refs(ref, "人选不当")->base,
                      &pb__decide_grants_reply__descriptor);
    district_refused(&district.grant, "GrantService/ApproveGrants", &refs(ref, NULL)->base,
                     STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    ref = district_seat("unit02", "unit02", "REVIEWER", false);
    district_refused(&district.admin, "GrantService/WithdrawGrant", &order(ref, NULL)->base,
                     STATUS_INVALID_ARGUMENT, "REASON_MISSING");
    const Pb__Grant *g = district_ok(&district.admin, "GrantService/WithdrawGrant",
                                     &order(ref, "写错了")->base, &pb__grant__descriptor);
    assert_string_equal(g->state, "WITHDRAWN");
    assert_int_equal(g->version, 2);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.seat_grant_version v JOIN"
                                     " rectify.seat_grant g USING (tenant, id) WHERE g.ref = '%s'",
                                     ref),
                     2);
    district_refused(&district.grant, "GrantService/ApproveGrants", &refs("G-9999", NULL)->base,
                     STATUS_NOT_FOUND, "GRANT_UNKNOWN");
}

static void
the_same_key_gives_one_grant_and_a_stale_version_none(void **state)
{
    (void)state;
    Pb__CallRequest *e = district_envelope(&district.admin, "GrantService/ProposeSeat",
                                           &seat("unit02", "unit02", "HEAD")->base);
    const Pb__Grant *first = district_read(district_send(e), &pb__grant__descriptor);
    const Pb__CallReply *again = district_send(e);
    const Pb__Grant *second = district_read(again, &pb__grant__descriptor);
    assert_true(again->replayed);
    assert_string_equal(first->ref, second->ref);
    e = district_envelope(&district.grant, "GrantService/ApproveGrants",
                          &refs(first->ref, NULL)->base);
    e->has_expected_version = 1;
    e->expected_version = 7;
    district_sign(e, &district.grant.key);
    district_expect(district_send(e), STATUS_ABORTED, "STALE_VERSION");
    district_approve(first->ref);
    propose_refused(seat("unit02", "unit02", "HEAD"), STATUS_FAILED_PRECONDITION, "SEAT_EXISTS");
    end(first->ref);
}

static void
a_list_is_approved_as_a_whole(void **state)
{
    (void)state;
    add_account("lista", "unit01");
    add_account("listb", "unit01");
    Pb__DecideGrantsRequest r = PB__DECIDE_GRANTS_REQUEST__INIT;
    char *three[] = {district_text(district_seat("lista", "unit01", "FILLER", false)),
                     district_text(district_seat("listb", "unit01", "REVIEWER", false)),
                     district_text("G-9999")};
    r.grants = three;
    r.n_grants = 3;
    district_refused(&district.grant, "GrantService/ApproveGrants", &r.base, STATUS_NOT_FOUND,
                     "GRANT_UNKNOWN");
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.seat_grant WHERE ref IN ('%s', '%s')"
                        " AND state = 'APPROVED'",
                        three[0], three[1]),
        0);
    three[2] = three[0];
    district_refused(&district.grant, "GrantService/ApproveGrants", &r.base,
                     STATUS_INVALID_ARGUMENT, "GRANT_TWICE");
    r.n_grants = 2;
    const Pb__DecideGrantsReply *reply = district_ok(&district.grant, "GrantService/ApproveGrants",
                                                     &r.base, &pb__decide_grants_reply__descriptor);
    assert_int_equal(reply->decided, 2);
    r.n_grants = 0;
    district_refused(&district.grant, "GrantService/ApproveGrants", &r.base,
                     STATUS_INVALID_ARGUMENT, "GRANT_COUNT");
}

/* ---- 三员分立 ---- */

static void
administrators_hold_one_role_in_every_order(void **state)
{
    (void)state;
    static const char *const roles[] = {"ADMIN", "GRANT", "AUDIT", "OFFICE", "DISC"};
    district_org("disc", "样例纪委监委", "DISC");
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            if (i == k || (i > 2 && k > 2)) {
                continue;
            }
            const char *orgs[] = {"admin", "admin", "admin", "office", "disc"};
            char *name = arena_printf(&district.arena, "pair%zu%zu", i, k);
            add_account(name, orgs[i]);
            const char *late = district_seat(name, orgs[k], roles[k], false); /* both proposed */
            district_approve(district_seat(name, orgs[i], roles[i], false));
            propose_refused(seat(name, orgs[k], roles[k]), STATUS_FAILED_PRECONDITION,
                            "ROLES_EXCLUDE");
            district_refused(&district.grant, "GrantService/ApproveGrants", &refs(late, NULL)->base,
                             STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE");
            assert_true(test_db_refused(
                "postgres",
                arena_printf(&district.arena,
                             "INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
                             " SELECT 1, a.id, o.id, %u, a.id FROM rectify.account a,"
                             " rectify.org o WHERE a.name = '%s' AND o.code = '%s'",
                             role_from_name(roles[k]), name, orgs[k]),
                "seat_administrators_separate"));
        }
    }
    /* Two in one seat, or both in one list. */
    char *both[] = {district_text("ADMIN"), district_text("AUDIT")};
    add_account("both", "admin");
    Pb__ProposeSeatRequest *r = seat("both", "admin", "ADMIN");
    r->roles = both;
    r->n_roles = 2;
    propose_refused(r, STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE");
    char *list[] = {district_text(district_seat("both", "admin", "ADMIN", false)),
                    district_text(district_seat("both", "admin", "GRANT", false))};
    Pb__DecideGrantsRequest d = PB__DECIDE_GRANTS_REQUEST__INIT;
    d.grants = list;
    d.n_grants = 2;
    district_refused(&district.grant, "GrantService/ApproveGrants", &d.base,
                     STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE");
    assert_true(test_db_refused("postgres",
                                "INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
                                " SELECT 1, a.id, a.org, 3072, a.id FROM rectify.account a"
                                " WHERE a.name = 'both'",
                                "seat_administrator_alone"));
}

/* The server itself cannot give what two people did not. */
static void
the_database_gives_no_seat_without_a_grant(void **state)
{
    (void)state;
    assert_true(test_db_refused("rectify_app",
                                "SELECT set_config('rectify.tenant', '1', false);"
                                "INSERT INTO rectify.seat (tenant, account, org, roles, event_id)"
                                " SELECT 1, a.id, a.org, 1, a.id FROM rectify.account a"
                                " WHERE a.name = 'unit01'",
                                "seat_needs_grant"));
    assert_true(
        test_db_refused("rectify_app",
                        "SELECT set_config('rectify.tenant', '1', false);"
                        "INSERT INTO rectify.seat_grant (tenant, id, ref, account, org, roles,"
                        " origin, state, proposed_ms, version, event_id)"
                        " SELECT 1, gen_random_uuid(), 'G-x', a.id, a.org, 1, 'BOOTSTRAP',"
                        " 'APPROVED', 0, 1, a.id FROM rectify.account a WHERE a.name = 'unit01'",
                        "seat_grant_proposed_first"));
    assert_true(test_db_refused("rectify_app",
                                "SELECT set_config('rectify.tenant', '1', false);"
                                "UPDATE rectify.seat SET roles = roles | 1",
                                "seat_kept"));
}

static void
the_last_administrator_stays(void **state)
{
    (void)state;
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    list.account = district_text("grant");
    const Pb__ListGrantsReply *grants = district_ok(&district.admin, "GrantService/ListGrants",
                                                    &list.base, &pb__list_grants_reply__descriptor);
    assert_int_equal(grants->n_grants, 1);
    assert_true(grants->grants[0]->holds);
    assert_null(grants->grants[0]->proposed_by);
    /* The pairs above left other administrators: away with them. */
    test_db_exec("postgres", "UPDATE rectify.seat s SET ended_ms = 1 FROM rectify.account a"
                             " WHERE a.id = s.account AND (a.name LIKE 'pair%' OR a.name = 'both')"
                             " AND s.ended_ms IS NULL");
    district_refused(&district.admin, "GrantService/EndGrant",
                     &order(grants->grants[0]->ref, "样例")->base, STATUS_FAILED_PRECONDITION,
                     "LAST_ADMINISTRATOR");
    Pb__AccountOrder stop = PB__ACCOUNT_ORDER__INIT;
    stop.account = district_text("grant");
    stop.reason = district_text("样例");
    district_refused(&district.admin, "AccountService/DisableAccount", &stop.base,
                     STATUS_FAILED_PRECONDITION, "LAST_ADMINISTRATOR");
    const char *second = district_seat(add_account("grant2", "admin"), "admin", "GRANT", true);
    (void)district_ok(&district.admin, "AccountService/DisableAccount", &stop.base,
                      &pb__account__descriptor);
    (void)district_ok(&district.admin, "AccountService/EnableAccount", &stop.base,
                      &pb__account__descriptor);
    district_expect(district_login(&district.grant, DISTRICT_PASSWORD), STATUS_OK, NULL);
    end(second);
}

static void
administrators_see_no_narrative(void **state)
{
    (void)state;
    const struct person *three[] = {&district.admin, &district.grant, &auditor};
    for (size_t i = 0; i < 3; i++) {
        const Pb__WhoAmIReply *who = whoami(three[i]);
        assert_int_equal(who->n_seats, 1);
        uint32_t role = role_from_name(who->seats[0]->roles[0]);
        assert_true((role & ROLE_ADMINISTRATORS) != 0);
        /* The auditor reads everything and changes nothing. */
        assert_int_equal(role & ROLE_SEES_ALL, role & ROLE_AUDIT);
    }
}

/* ---- days ---- */

static void
seats_hold_from_their_first_day_to_their_last(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    struct person p = district_person("dated", "unit01", "FILLER", 62);
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    list.account = district_text("dated");
    const Pb__ListGrantsReply *grants =
        district_ok(&p, "GrantService/ListGrants", &list.base, &pb__list_grants_reply__descriptor);
    end(grants->grants[0]->ref);
    Pb__ProposeSeatRequest *r = seat("dated", "unit01", "FILLER");
    r->from_on = district_text("2026-11-12");
    r->to_on = district_text("2026-11-11");
    propose_refused(r, STATUS_INVALID_ARGUMENT, "DAYS_ORDER");
    r->from_on = NULL;
    r->to_on = district_text("2026-11-09");
    propose_refused(r, STATUS_INVALID_ARGUMENT, "DAYS_PAST");
    r->from_on = district_text("2026-11-12");
    r->to_on = district_text("2026-11-13");
    const Pb__Grant *g =
        district_ok(&district.admin, "GrantService/ProposeSeat", &r->base, &pb__grant__descriptor);
    district_approve(g->ref);
    const char *list_orgs = "OrgService/ListOrgs";
    district_refused(&p, list_orgs, &empty.base, STATUS_PERMISSION_DENIED, "NO_SEAT"); /* 11-10 */
    for (int day = 11; day <= 14; day++) {
        district_pass(24 * 3600000LL);
        district_expect(district_login(&p, DISTRICT_PASSWORD), STATUS_OK, NULL);
        const Pb__CallReply *reply = district_call(&p, list_orgs, &empty.base);
        bool holds = day == 12 || day == 13;
        district_expect(reply, holds ? STATUS_OK : STATUS_PERMISSION_DENIED,
                        holds ? NULL : "NO_SEAT");
    }
    struct person *all[] = {&district.admin, &district.grant, &unit01, &unit02, &office, &auditor};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        district_expect(district_login(all[i], DISTRICT_PASSWORD), STATUS_OK, NULL);
    }
}

/* ---- X 代 Y ---- */

static Pb__ProposeSubstituteRequest *
stand_in(const char *account, const char *other, const char *from, const char *to)
{
    Pb__ProposeSubstituteRequest *r = arena_alloc(&district.arena, sizeof *r);
    assert_non_null(r);
    pb__propose_substitute_request__init(r);
    r->account = district_text(account);
    r->substitute_for = district_text(other);
    r->from_on = district_text(from);
    r->to_on = district_text(to);
    r->reason = district_text("样例：外出学习");
    return r;
}

static void
a_substitute_acts_in_the_seat_for_its_days(void **state)
{
    (void)state;
    /* Today is 2026-11-14. */
    const char *method = "GrantService/ProposeSubstitute";
    const Pb__Grant *g = district_ok(
        &district.admin, method, &stand_in("unit02", "unit01", "2026-11-15", "2026-11-16")->base,
        &pb__grant__descriptor);
    assert_string_equal(g->substitute_for, "unit01");
    assert_string_equal(g->org, "unit01");
    assert_string_equal(g->roles[0], "PLEAD");
    district_expect(whoami_as(&unit02, "@unit01"), STATUS_PERMISSION_DENIED,
                    "SUBSTITUTION_UNKNOWN");
    district_approve(g->ref);
    for (int day = 14; day <= 17; day++) {
        district_expect(district_login(&unit02, DISTRICT_PASSWORD), STATUS_OK, NULL);
        district_expect(district_login(&office, DISTRICT_PASSWORD), STATUS_OK, NULL);
        const Pb__CallReply *reply = whoami_as(&unit02, "@unit01");
        bool holds = day == 15 || day == 16;
        district_expect(reply, holds ? STATUS_OK : STATUS_PERMISSION_DENIED,
                        holds ? NULL : "SUBSTITUTION_UNKNOWN");
        if (holds) {
            assert_string_equal(reply->acting_as, "样例unit02 代 样例unit01（样例单位01）");
            /* Not asked for, he is himself. */
            assert_null(whoami_as(&unit02, NULL)->acting_as);
            district_expect(whoami_as(&unit02, "@office"), STATUS_PERMISSION_DENIED,
                            "SUBSTITUTION_UNKNOWN");
            district_expect(whoami_as(&office, "@unit01"), STATUS_PERMISSION_DENIED,
                            "SUBSTITUTION_UNKNOWN");
            district_expect(whoami_as(&unit02, "@unit01/unit01"), STATUS_OK, NULL);
            district_expect(whoami_as(&unit02, "@unit01/unit02"), STATUS_PERMISSION_DENIED,
                            "SUBSTITUTION_UNKNOWN");
        }
        district_pass(24 * 3600000LL);
    }
    struct person *all[] = {&district.admin, &district.grant, &unit01, &unit02, &office, &auditor};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        district_expect(district_login(all[i], DISTRICT_PASSWORD), STATUS_OK, NULL);
    }
}

static void
substitutions_are_checked(void **state)
{
    (void)state;
    /* Today is 2026-11-18. */
    const char *method = "GrantService/ProposeSubstitute";
    const struct person *admin = &district.admin;
    district_refused(admin, method, &stand_in("unit02", "unit02", "2026-11-18", "2026-11-19")->base,
                     STATUS_INVALID_ARGUMENT, "SUBSTITUTE_SELF");
    district_refused(admin, method, &stand_in("unit02", "unit01", "2026-11-18", NULL)->base,
                     STATUS_INVALID_ARGUMENT, "SUBSTITUTE_DAYS");
    district_refused(admin, method, &stand_in("unit02", "unit01", "2026-11-18", "2028-11-18")->base,
                     STATUS_INVALID_ARGUMENT, "SUBSTITUTE_DAYS");
    district_refused(admin, method, &stand_in("unit02", "nobody", "2026-11-18", "2026-11-19")->base,
                     STATUS_NOT_FOUND, "ACCOUNT_UNKNOWN");
    district_refused(admin, method, &stand_in("unit02", "fresh", "2026-11-18", "2026-11-19")->base,
                     STATUS_FAILED_PRECONDITION, "SUBSTITUTE_NO_SEAT");
    district_refused(admin, method, &stand_in("unit02", "grant", "2026-11-18", "2026-11-19")->base,
                     STATUS_FAILED_PRECONDITION, "ROLES_EXCLUDE");
    Pb__ProposeSubstituteRequest *r = stand_in("unit02", "unit01", "2026-11-18", "2026-11-19");
    r->reason = NULL;
    district_refused(admin, method, &r->base, STATUS_INVALID_ARGUMENT, "TEXT_MISSING");
    /* He has no more than the one he stands in for: his seat ends, and so does this. */
    struct person y = district_person("mortal", "office", "OFFICE", 63);
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    list.account = district_text("mortal");
    const Pb__ListGrantsReply *grants =
        district_ok(&y, "GrantService/ListGrants", &list.base, &pb__list_grants_reply__descriptor);
    const Pb__Grant *g =
        district_ok(admin, method, &stand_in("office", "mortal", "2026-11-18", "2026-11-30")->base,
                    &pb__grant__descriptor);
    district_refused(&y, "GrantService/ApproveGrants", &refs(g->ref, NULL)->base,
                     STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_approve(g->ref);
    district_expect(whoami_as(&office, "@mortal"), STATUS_OK, NULL);
    end(grants->grants[0]->ref);
    district_expect(whoami_as(&office, "@mortal"), STATUS_PERMISSION_DENIED,
                    "SUBSTITUTION_UNKNOWN");
}

/* What is done in another's name says so, in the log and in the history. */
static void
the_log_shows_for_whom(void **state)
{
    (void)state;
    const Pb__Grant *g = district_ok(
        &district.admin, "GrantService/ProposeSubstitute",
        &stand_in("unit02", "unit01", "2026-11-18", "2026-11-30")->base, &pb__grant__descriptor);
    district_approve(g->ref);
    Pb__ChangePasswordRequest r = PB__CHANGE_PASSWORD_REQUEST__INIT;
    r.old_password = district_text(DISTRICT_PASSWORD);
    r.new_password = district_text(DISTRICT_PASSWORD);
    Pb__CallRequest *e = district_envelope(&unit02, "AccountService/ChangePassword", &r.base);
    e->on_behalf_of = district_text("@unit01");
    district_sign(e, &unit02.key);
    const Pb__CallReply *reply = district_send(e);
    district_expect(reply, STATUS_OK, NULL);
    assert_non_null(reply->acting_as);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event_change WHERE event_id ="
                                     " '%s' AND account = 'unit02' AND org_text ="
                                     " '样例unit02 代 样例unit01（样例单位01）'",
                                     reply->receipt->event_id),
                     1);
    /* The signature covers for whom: another name, and it is no longer his. */
    e = district_envelope(&unit02, "AccountService/ChangePassword", &r.base);
    e->on_behalf_of = district_text("@unit01");
    district_expect(district_send(e), STATUS_UNAUTHENTICATED, "SIGNATURE_BAD");
    end(g->ref);
}

/* ---- what may be done, said in advance ---- */

static const Pb__AllowedCommand *
command_of(const Pb__AllowedCommandsReply *reply, const char *command)
{
    for (size_t i = 0; i < reply->n_commands; i++) {
        if (strcmp(reply->commands[i]->command, command) == 0) {
            return reply->commands[i];
        }
    }
    fail_msg("no command %s", command);
    return NULL;
}

static void
a_grant_says_what_may_be_done_with_it(void **state)
{
    (void)state;
    Pb__GrantQuestion q = PB__GRANT_QUESTION__INIT;
    const char *method = "GrantService/AllowedCommands";
    q.grant = district_text(district_seat("unit02", "unit02", "HEAD", false));
    const Pb__AllowedCommandsReply *a =
        district_ok(&district.admin, method, &q.base, &pb__allowed_commands_reply__descriptor);
    assert_string_equal(a->state, "PROPOSED");
    assert_true(command_of(a, "withdraw")->allowed);
    assert_false(command_of(a, "approve")->allowed);
    assert_string_equal(command_of(a, "approve")->reason, "ROLE_FORBIDS");
    assert_string_equal(command_of(a, "end")->reason, "STATE_FORBIDS");
    a = district_ok(&district.grant, method, &q.base, &pb__allowed_commands_reply__descriptor);
    assert_true(command_of(a, "approve")->allowed);
    assert_true(command_of(a, "reject")->allowed);
    q.grant = district_text("G-9999");
    district_refused(&district.grant, method, &q.base, STATUS_NOT_FOUND, "GRANT_UNKNOWN");
    district_refused(&unit01, method, &q.base, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
}

static void
people_see_their_own_grants(void **state)
{
    (void)state;
    Pb__ListGrantsRequest list = PB__LIST_GRANTS_REQUEST__INIT;
    const Pb__ListGrantsReply *own = district_ok(&unit01, "GrantService/ListGrants", &list.base,
                                                 &pb__list_grants_reply__descriptor);
    assert_true(own->n_grants > 0);
    for (size_t i = 0; i < own->n_grants; i++) {
        const Pb__Grant *g = own->grants[i];
        assert_true(strcmp(g->account, "unit01") == 0 ||
                    (g->substitute_for != NULL && strcmp(g->substitute_for, "unit01") == 0));
    }
    const Pb__ListGrantsReply *all = district_ok(&auditor, "GrantService/ListGrants", &list.base,
                                                 &pb__list_grants_reply__descriptor);
    assert_int_equal(all->n_grants, district_number("SELECT count(*) FROM rectify.seat_grant"));
}

static void
the_matrix_is_printed_from_the_tables(void **state)
{
    (void)state;
    Pb__ListPermissionsRequest r = PB__LIST_PERMISSIONS_REQUEST__INIT;
    const char *method = "SystemService/ListPermissions";
    const Pb__ListPermissionsReply *all =
        district_ok(&unit01, method, &r.base, &pb__list_permissions_reply__descriptor);
    assert_true(all->n_permissions > 300);
    r.name = district_text("measure:confirm");
    const Pb__ListPermissionsReply *m =
        district_ok(&unit01, method, &r.base, &pb__list_permissions_reply__descriptor);
    assert_int_equal(m->n_permissions, 3); /* OFFICE, and its substitutes LGROUP, SGROUP */
    for (size_t i = 0; i < m->n_permissions; i++) {
        const Pb__Permission *p = m->permissions[i];
        if (strcmp(p->role, "OFFICE") == 0) {
            assert_false(p->own); /* rule 4 */
            assert_true(p->foreign);
            assert_non_null(strstr(p->when, "EFFECT_CLAIMED"));
        }
    }
    r.name = district_text("GrantService/ApproveGrants");
    m = district_ok(&unit01, method, &r.base, &pb__list_permissions_reply__descriptor);
    assert_int_equal(m->n_permissions, 1);
    assert_string_equal(m->permissions[0]->role, "GRANT");
    r.name = NULL;
    r.kind = district_text("COMMAND");
    r.role = district_text("AUDIT");
    m = district_ok(&unit01, method, &r.base, &pb__list_permissions_reply__descriptor);
    assert_int_equal(m->n_permissions, 0); /* reads, changes nothing */
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proposal_gives_nothing_until_another_approves),
        cmocka_unit_test(nobody_approves_what_he_proposed),
        cmocka_unit_test(a_refusal_needs_a_reason_and_a_proposal_can_be_taken_back),
        cmocka_unit_test(the_same_key_gives_one_grant_and_a_stale_version_none),
        cmocka_unit_test(a_list_is_approved_as_a_whole),
        cmocka_unit_test(administrators_hold_one_role_in_every_order),
        cmocka_unit_test(the_database_gives_no_seat_without_a_grant),
        cmocka_unit_test(the_last_administrator_stays),
        cmocka_unit_test(administrators_see_no_narrative),
        cmocka_unit_test(seats_hold_from_their_first_day_to_their_last),
        cmocka_unit_test(a_substitute_acts_in_the_seat_for_its_days),
        cmocka_unit_test(substitutions_are_checked),
        cmocka_unit_test(the_log_shows_for_whom),
        cmocka_unit_test(a_grant_says_what_may_be_done_with_it),
        cmocka_unit_test(people_see_their_own_grants),
        cmocka_unit_test(the_matrix_is_printed_from_the_tables),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
