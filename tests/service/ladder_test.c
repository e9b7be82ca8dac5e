/* Ladder versions through the door: imported, tried without raising anything, and only then on. */
#include "tests/service/slice.h"

#include "rectify/v1/settings.pb-c.h"
#include "server/base/ladder.h"

static Pb__LadderRule *
rule(int level, const char *subject, const char *trigger, int parameter, const char *who)
{
    Pb__LadderRule *r = arena_alloc(&slice_arena, sizeof *r);
    char **names = arena_alloc(&slice_arena, sizeof *names);
    assert_true(r != NULL && names != NULL);
    pb__ladder_rule__init(r);
    r->has_level = r->has_parameter = 1;
    r->level = level;
    r->parameter = parameter;
    r->subject = slice_text(subject);
    r->trigger = slice_text(trigger);
    names[0] = slice_text(who);
    r->recipients = names;
    r->n_recipients = 1;
    return r;
}

static const Pb__ImportLadderReply *
import(Pb__LadderRule **rules, size_t n)
{
    Pb__ImportLadderRequest request = PB__IMPORT_LADDER_REQUEST__INIT;
    request.rules = rules;
    request.n_rules = n;
    return slice_ok(OFFICE1, "SettingsService/ImportLadder", &request.base,
                    &pb__import_ladder_reply__descriptor);
}

static const Pb__DryRunLadderReply *
dry_run(int version, const char *as_of)
{
    Pb__DryRunLadderRequest request = PB__DRY_RUN_LADDER_REQUEST__INIT;
    request.has_version = 1;
    request.version = version;
    request.as_of = slice_text(as_of);
    return slice_ok(OFFICE1, "SettingsService/DryRunLadder", &request.base,
                    &pb__dry_run_ladder_reply__descriptor);
}

static Pb__ActivateLadderRequest
activate(int version)
{
    Pb__ActivateLadderRequest request = PB__ACTIVATE_LADDER_REQUEST__INIT;
    request.has_version = 1;
    request.version = version;
    return request;
}

static const Pb__GetLadderReply *
in_force(void)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    return slice_ok(UNIT1, "SettingsService/GetLadder", &empty.base,
                    &pb__get_ladder_reply__descriptor);
}

static void
run_all(void)
{
    while (slice_job("RaiseAlerts")->more) {
    }
}

/* What a trial names fresh is exactly what the next tick raises and delivers. */
static void
a_trial_tells_what_a_tick_does(void **state)
{
    (void)state;
    slice_sign_all();
    slice_job("OpenObligations");
    static const char *const days[] = {"2026-11-10", "2026-11-21", "2026-12-05", "2027-02-10"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        slice_day(days[i]);
        slice_job("OpenObligations");
        long alerts = slice_count("SELECT count(*) FROM rectify.alert");
        long deliveries = slice_count("SELECT count(*) FROM rectify.delivery");
        const Pb__DryRunLadderReply *r = dry_run(0, NULL);
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert"), alerts);
        int64_t fresh = 0;
        int64_t all = 0;
        for (size_t k = 0; k < r->n_levels; k++) {
            fresh += r->levels[k]->fresh;
            all += r->levels[k]->alerts;
        }
        assert_int_equal(all, r->alerts);
        assert_true(fresh > 0);
        assert_int_equal(r->n_examples, fresh < 50 ? fresh : 50);
        run_all();
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert"), alerts + fresh);
        assert_int_equal(slice_count("SELECT count(*) FROM rectify.delivery"),
                         deliveries + r->deliveries);
        assert_int_equal(dry_run(0, NULL)->deliveries, 0);
    }
}

static void
a_trial_leaves_nothing_but_its_hash(void **state)
{
    (void)state;
    slice_sign_all();
    Pb__LadderRule *rules[] = {rule(1, "COMPLETE", "DAYS_LEFT", 300, "OFFICE")};
    import(rules, 1);
    long events = slice_count("SELECT count(*) FROM rectify.event");
    const Pb__DryRunLadderReply *r = dry_run(1, "2026-11-11");
    assert_int_equal(r->alerts, 4);
    assert_int_equal(r->n_levels, 1);
    assert_string_equal(r->levels[0]->name, "1");
    assert_int_equal(r->n_units, 2);
    assert_string_equal(r->units[0]->name, "unit01");
    assert_int_equal(r->units[0]->alerts, 3);
    assert_int_equal(r->n_accounts, 2); /* both of the office */
    assert_int_equal(r->accounts[0]->alerts, 4);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"), events);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert"), 0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.ladder_trial"), 1);
    /* Rules given are tried and nothing at all is kept. */
    Pb__DryRunLadderRequest request = PB__DRY_RUN_LADDER_REQUEST__INIT;
    request.rules = rules;
    request.n_rules = 1;
    r = slice_ok(OFFICE1, "SettingsService/DryRunLadder", &request.base,
                 &pb__dry_run_ladder_reply__descriptor);
    assert_int_equal(r->alerts, 4);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.ladder_trial"), 1);
    request.has_limit = 1;
    request.limit = 501;
    slice_refused(OFFICE1, "SettingsService/DryRunLadder", &request.base, STATUS_INVALID_ARGUMENT,
                  "LIMIT_RANGE");
    request = (Pb__DryRunLadderRequest)PB__DRY_RUN_LADDER_REQUEST__INIT;
    request.has_version = 1;
    request.version = 9;
    slice_refused(OFFICE1, "SettingsService/DryRunLadder", &request.base, STATUS_NOT_FOUND,
                  "LADDER_UNKNOWN");
    slice_refused(UNIT1, "SettingsService/DryRunLadder", &request.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
}

static void
only_what_was_tried_is_switched_on(void **state)
{
    (void)state;
    slice_sign_all();
    Pb__LadderRule *first[] = {rule(1, "COMPLETE", "DAYS_LEFT", 20, "FILLER")};
    Pb__LadderRule *second[] = {rule(4, "COMPLETE", "DAYS_LEFT", 60, "OFFICE")};
    assert_int_equal(import(first, 1)->version, 1);
    assert_int_equal(import(second, 1)->version, 2);
    assert_int_equal(in_force()->version, 1); /* a new version is not on by itself */
    Pb__ActivateLadderRequest two = activate(2);
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &two.base, STATUS_FAILED_PRECONDITION,
                  "LADDER_NOT_TRIED");
    dry_run(1, NULL); /* of another version: no help */
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &two.base, STATUS_FAILED_PRECONDITION,
                  "LADDER_NOT_TRIED");
    dry_run(2, NULL);
    slice_day("2026-11-11");
    slice_sql("UPDATE rectify.session SET used_ms = 9000000000000");
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &two.base, STATUS_FAILED_PRECONDITION,
                  "LADDER_NOT_TRIED"); /* a day ago is too long ago */
    const Pb__DryRunLadderReply *tried = dry_run(2, NULL);
    slice_refused(UNIT1, "SettingsService/ActivateLadder", &two.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    run_all();
    long before = slice_count("SELECT count(*) FROM rectify.alert");
    const Pb__ActivateLadderReply *on = slice_ok(OFFICE1, "SettingsService/ActivateLadder",
                                                 &two.base, &pb__activate_ladder_reply__descriptor);
    assert_string_equal(on->rules_sha256, tried->rules_sha256);
    assert_int_equal(in_force()->version, 2);
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &two.base, STATUS_FAILED_PRECONDITION,
                  "LADDER_IS_ON");
    run_all(); /* everything is judged again, by the new rules */
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.alert"),
                     before + slice_count("SELECT count(*) FROM rectify.measure"));
    /* Back to the first: also a version that must be tried. */
    Pb__ActivateLadderRequest one = activate(1);
    dry_run(1, NULL);
    slice_ok(OFFICE1, "SettingsService/ActivateLadder", &one.base,
             &pb__activate_ladder_reply__descriptor);
    assert_int_equal(in_force()->version, 1);
    assert_int_equal(slice_count("SELECT max(version) FROM rectify.setting"
                                 " WHERE name = 'ladder_version'"),
                     2);
    Pb__ActivateLadderRequest none = activate(9);
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &none.base, STATUS_NOT_FOUND,
                  "LADDER_UNKNOWN");
    none.has_version = 0;
    slice_refused(OFFICE1, "SettingsService/ActivateLadder", &none.base, STATUS_INVALID_ARGUMENT,
                  "VERSION_MISSING");
}

static void
refused(Pb__LadderRule **rules, size_t n, const char *reason)
{
    Pb__ImportLadderRequest request = PB__IMPORT_LADDER_REQUEST__INIT;
    request.rules = rules;
    request.n_rules = n;
    slice_refused(OFFICE1, "SettingsService/ImportLadder", &request.base, STATUS_INVALID_ARGUMENT,
                  reason);
}

static void
bad_rules_are_not_stored(void **state)
{
    (void)state;
    Pb__LadderRule *good = rule(1, "COMPLETE", "DAYS_LEFT", 20, "FILLER");
    Pb__LadderRule *bad[] = {
        rule(0, "COMPLETE", "DAYS_LEFT", 20, "FILLER"),
        rule(8, "COMPLETE", "DAYS_LEFT", 20, "FILLER"),
        rule(300, "COMPLETE", "DAYS_LEFT", 20, "FILLER"),
        rule(1, "NOTHING", "DAYS_LEFT", 20, "FILLER"),
        rule(1, "COMPLETE", "FULL_MOON", 20, "FILLER"),
        rule(1, "COMPLETE", "DAYS_LEFT", -1, "FILLER"),
        rule(1, "COMPLETE", "DAYS_LEFT", 20, "EVERYBODY"),
        rule(4, "COMPLETE", "OVERDUE", 0, "FILLER"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        Pb__LadderRule *two[] = {good, bad[i]};
        refused(two, 2, "LADDER_RULE");
    }
    Pb__LadderRule *twice[] = {good, good};
    refused(twice, 2, "LADDER_RULE_TWICE");
    refused(NULL, 0, "LADDER_EMPTY");
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.ladder_rule"), 0);
    assert_int_equal(in_force()->version, 0); /* the defaults stand */
}

/* What GetLadder says can be imported again and is the same ladder, to the hash. */
static void
a_ladder_survives_the_round_trip(void **state)
{
    (void)state;
    Pb__Empty empty = PB__EMPTY__INIT;
    const Pb__GetLadderReply *first = in_force();
    Pb__DryRunLadderRequest request = PB__DRY_RUN_LADDER_REQUEST__INIT;
    const Pb__DryRunLadderReply *r = slice_ok(OFFICE1, "SettingsService/DryRunLadder",
                                              &request.base, &pb__dry_run_ladder_reply__descriptor);
    const Pb__ImportLadderReply *stored = import(first->rules, first->n_rules);
    assert_string_equal(stored->rules_sha256, r->rules_sha256);
    const Pb__ListLaddersReply *list = slice_ok(OFFICE1, "SettingsService/ListLadders", &empty.base,
                                                &pb__list_ladders_reply__descriptor);
    assert_int_equal(list->n_versions, 1);
    assert_int_equal(list->versions[0]->rules, first->n_rules);
    assert_true(list->versions[0]->on);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_trial_tells_what_a_tick_does),     TEST(a_trial_leaves_nothing_but_its_hash),
        TEST(only_what_was_tried_is_switched_on), TEST(bad_rules_are_not_stored),
        TEST(a_ladder_survives_the_round_trip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
