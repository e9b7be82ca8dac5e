/* Exceptions, changes, ageing and causes through the door, and what is refused. */
#include "tests/service/slice.h"

static const Pb__GetChangesReply *
changes(int account, const char *since, const char *as_of)
{
    Pb__GetChangesRequest request = PB__GET_CHANGES_REQUEST__INIT;
    request.since = slice_text(since);
    request.as_of = slice_text(as_of);
    return slice_ok(account, "StatusService/GetChanges", &request.base,
                    &pb__get_changes_reply__descriptor);
}

static int
changed(const Pb__GetChangesReply *r, const char *change, const char *ref)
{
    int n = 0;
    for (size_t i = 0; i < r->n_changes; i++) {
        n += strcmp(r->changes[i]->change, change) == 0 &&
             strcmp(r->changes[i]->entry->ref, ref) == 0;
    }
    return n;
}

/* P-01-M-02 is claimed on 11-11, returned on 11-13, claimed again and done on 11-18. */
static void
a_claim_comes_back_once(void)
{
    slice_sign_all();
    slice_day("2026-11-11");
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_day("2026-11-13");
    slice_expect(slice_verdict(OFFICE1, "ReturnClaim", "P-01-M-02", "照片看不清"), STATUS_OK, NULL);
    slice_day("2026-11-14");
    photo = slice_file(203, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_day("2026-11-18");
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", "P-01-M-02", NULL), STATUS_OK, NULL);
}

static void
changes_since_a_day(void **state)
{
    (void)state;
    a_claim_comes_back_once();
    const Pb__GetChangesReply *r = changes(OFFICE1, "2026-11-12", NULL);
    assert_int_equal(changed(r, "DONE", "P-01-M-02"), 1);
    assert_int_equal(r->n_changes, 1);
    assert_int_equal(r->n_units, 1);
    assert_string_equal(r->units[0]->unit, "unit01");
    assert_string_equal(r->units[0]->numbers[0]->name_zh, "新到位");
    /* Returned on the 13th, after its day: overdue until it was claimed again. */
    r = changes(OFFICE1, "2026-11-12", "2026-11-13");
    assert_int_equal(changed(r, "OVERDUE", "P-01-M-02"), 1);
    assert_int_equal(r->n_changes, 1);
    slice_day("2026-11-25"); /* P-01-M-01 and P-02-M-01 had 11-20 */
    r = changes(OFFICE1, "2026-11-18", NULL);
    assert_int_equal(changed(r, "OVERDUE", "P-01-M-01"), 1);
    assert_int_equal(changed(r, "OVERDUE", "P-02-M-01"), 1);
    assert_string_equal(r->changes[0]->entry->behind_since, "2026-11-20");
    assert_int_equal(r->changes[0]->entry->days, 5);
    r = changes(UNIT2, "2026-11-18", NULL);
    assert_int_equal(r->n_changes, 1);
    assert_string_equal(r->scope, "本单位牵头和参与的措施");
}

static const Pb__StageTime *
stage(const Pb__GetAgeingReply *r, const char *name)
{
    for (size_t i = 0; i < r->n_stages; i++) {
        if (strcmp(r->stages[i]->stage, name) == 0) {
            return r->stages[i];
        }
    }
    fail_msg("no stage %s", name);
    return NULL;
}

static void
the_offices_waiting_stands_beside_the_units(void **state)
{
    (void)state;
    a_claim_comes_back_once();
    Pb__GetAgeingRequest request = PB__GET_AGEING_REQUEST__INIT;
    const Pb__GetAgeingReply *r = slice_ok(OFFICE1, "StatusService/GetAgeing", &request.base,
                                           &pb__get_ageing_reply__descriptor);
    const Pb__StageTime *claimed = stage(r, "COMPLETE_CLAIMED");
    assert_int_equal(claimed->days_total, 6); /* 11 to 13, 14 to 18 */
    assert_int_equal(claimed->things, 1);
    assert_int_equal(claimed->open, 0);
    assert_string_equal(claimed->waits_for, "OFFICE");
    assert_int_equal(r->office_days, 6);
    assert_string_equal(stage(r, "IN_PROGRESS")->waits_for, "UNIT");
    assert_int_equal(stage(r, "IN_PROGRESS")->open, 2);
    int open = 0;
    for (size_t i = 0; i < r->n_ages; i++) {
        open += strcmp(r->ages[i]->kind, "OPEN") == 0 ? r->ages[i]->measures : 0;
    }
    assert_int_equal(open, 3);
    assert_int_equal(r->n_obligations, 5);
    request.as_of = slice_text("2026-11-12");
    r = slice_ok(OFFICE1, "StatusService/GetAgeing", &request.base,
                 &pb__get_ageing_reply__descriptor);
    assert_int_equal(stage(r, "COMPLETE_CLAIMED")->days_total, 1);
    assert_int_equal(stage(r, "COMPLETE_CLAIMED")->open, 1);
}

static void
causes_are_counted(void **state)
{
    (void)state;
    a_claim_comes_back_once();
    Pb__GetCausesRequest request = PB__GET_CAUSES_REQUEST__INIT;
    const Pb__GetCausesReply *r = slice_ok(OFFICE1, "StatusService/GetCauses", &request.base,
                                           &pb__get_causes_reply__descriptor);
    assert_int_equal(r->n_causes, 1);
    assert_string_equal(r->causes[0]->kind, "RETURN");
    assert_string_equal(r->causes[0]->kind_zh, "申请退回");
    assert_string_equal(r->causes[0]->code, "EVIDENCE_WEAK");
    assert_int_equal(r->causes[0]->count, 1);
    assert_int_equal(r->causes[0]->item_no, 1);
    assert_int_equal(r->n_repeats, 1); /* the second round */
    assert_string_equal(r->repeats[0]->code, "2");
    request.since = slice_text("2026-11-13");
    r = slice_ok(OFFICE1, "StatusService/GetCauses", &request.base,
                 &pb__get_causes_reply__descriptor);
    assert_int_equal(r->n_causes, 0);
}

static void
exceptions_are_not_ranked(void **state)
{
    (void)state;
    slice_sign_all();
    slice_day("2026-11-15");
    Pb__GetStatusRequest request = PB__GET_STATUS_REQUEST__INIT;
    request.has_group_by = request.has_only_behind = 1;
    request.group_by = PB__STATUS_GROUP__BY_UNIT;
    request.only_behind = 1;
    const Pb__GetStatusReply *r = slice_ok(OFFICE1, "StatusService/GetStatus", &request.base,
                                           &pb__get_status_reply__descriptor);
    assert_int_equal(r->n_groups, 1);
    assert_string_equal(r->groups[0]->key, "unit01");
    assert_string_equal(r->groups[0]->behind_since, "2026-11-12");
    slice_day("2026-12-31"); /* both are behind: official order, the worse one not first */
    r = slice_ok(OFFICE1, "StatusService/GetStatus", &request.base,
                 &pb__get_status_reply__descriptor);
    assert_int_equal(r->n_groups, 2);
    assert_string_equal(r->groups[0]->key, "unit01");
    assert_string_equal(r->scope, "全区");
    r = slice_ok(LEADER1, "StatusService/GetStatus", &request.base,
                 &pb__get_status_reply__descriptor);
    assert_string_equal(r->scope, "您牵头的措施（一岗双责）");
    assert_int_equal(r->measures, 4);
}

static void
what_cannot_be_answered_is_refused(void **state)
{
    (void)state;
    Pb__GetChangesRequest c = PB__GET_CHANGES_REQUEST__INIT;
    slice_refused(OFFICE1, "StatusService/GetChanges", &c.base, STATUS_INVALID_ARGUMENT,
                  "SINCE_MISSING");
    c.since = slice_text("2026-11-10");
    slice_refused(OFFICE1, "StatusService/GetChanges", &c.base, STATUS_INVALID_ARGUMENT,
                  "SINCE_NOT_BEFORE");
    c.since = slice_text("2026-11-01");
    c.inspection = slice_text("NOPE");
    slice_refused(OFFICE1, "StatusService/GetChanges", &c.base, STATUS_NOT_FOUND,
                  "INSPECTION_UNKNOWN");
    Pb__ListBehindRequest l = PB__LIST_BEHIND_REQUEST__INIT;
    slice_refused(OFFICE1, "StatusService/ListBehind", &l.base, STATUS_INVALID_ARGUMENT,
                  "NUMBER_UNKNOWN");
    l.number = slice_text("overdue");
    l.has_limit = 1;
    slice_refused(OFFICE1, "StatusService/ListBehind", &l.base, STATUS_INVALID_ARGUMENT,
                  "LIMIT_RANGE");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(changes_since_a_day),
        TEST(the_offices_waiting_stands_beside_the_units),
        TEST(causes_are_counted),
        TEST(exceptions_are_not_ranked),
        TEST(what_cannot_be_answered_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
