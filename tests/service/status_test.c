/* Totals: the database's comparison of stored days says what due_status() says, for any day. */
#include "tests/service/slice.h"

#include "server/service/measure.h"

enum { MEASURES = 240, FIRST = 1000, DAYS_SEED = 20260101 };

/* Repeatable, so that a failure can be looked at again. */
static uint32_t
next_random(void)
{
    static uint64_t x = DAYS_SEED;
    x = x * 6364136223846793005U + 1442695040888963407U;
    return (uint32_t)(x >> 33);
}

static int32_t
random_day(int none_percent)
{
    int32_t day = 0;
    assert_int_equal(day_parse("2026-08-01", &day), STATUS_OK);
    return next_random() % 100 < (uint32_t)none_percent ? NO_DATE
                                                        : day + (int32_t)(next_random() % 180);
}

/* A claim is of the day it was recorded on: before every day that is asked for. */
static int32_t
random_claim(void)
{
    int32_t day = 0;
    assert_int_equal(day_parse("2026-08-01", &day), STATUS_OK);
    return next_random() % 100 < 60 ? NO_DATE : day + (int32_t)(next_random() % 60);
}

static const char *
sql_day(int32_t day)
{
    char text[DAY_TEXT_SIZE];
    return day == NO_DATE ? "NULL" : arena_printf(&slice_arena, "'%s'", day_print(day, text));
}

static struct measure_record
random_measure(void)
{
    static const char *const states[] = {"DRAFT",          "ASSIGNED",       "IN_PROGRESS",
                                         "EFFECT_CLAIMED", "EFFECT_REACHED", "COMPLETE_CLAIMED",
                                         "SUSTAINING",     "DONE",           "SUPERSEDED",
                                         "CANCELLED"};
    struct measure_record m = {
        .state = states[next_random() % 10],
        .class_ = (int)(1 + next_random() % 3),
    };
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        m.milestones[i] = (struct milestone_record){
            .exists = next_random() % 10 != 0,
            .original_due = random_day(10),
            .claimed_day = random_claim(),
            .due_version = 1,
        };
        struct milestone_record *ms = &m.milestones[i];
        ms->current_due = next_random() % 3 == 0 ? random_day(10) : ms->original_due;
        ms->reached_day = next_random() % 3 == 0 ? ms->claimed_day : NO_DATE;
    }
    return m;
}

static void
insert(const struct measure_record *m, int n)
{
    slice_sql("INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, class,"
              " state, version, event_id) VALUES (1, '%s', '%s', '%s', %d, 'R-%04d', '样例', %d,"
              " '%s', 1, '%s')",
              slice_id(FIRST + n), slice_id(31), slice_id(51), n, n, m->class_, m->state,
              slice_id(1));
    for (int i = 0; i < MILESTONE_COUNT; i++) {
        const struct milestone_record *ms = &m->milestones[i];
        if (ms->exists) {
            slice_sql("INSERT INTO rectify.milestone (tenant, measure, kind, original_due,"
                      " current_due, claimed_day, reached_day, version, event_id)"
                      " VALUES (1, '%s', %d, %s, %s, %s, %s, 1, '%s')",
                      slice_id(FIRST + n), i + 1, sql_day(ms->original_due),
                      sql_day(ms->current_due), sql_day(ms->claimed_day), sql_day(ms->reached_day),
                      slice_id(1));
        }
    }
}

/* The same by due_status alone, written a second time on purpose. */
static void
judge(const struct measure_record *m, int32_t as_of, bool *ret_overdue, bool *ret_soon,
      bool *ret_overdue_original, int32_t *ret_days)
{
    *ret_overdue = *ret_soon = *ret_overdue_original = false;
    *ret_days = 0;
    bool live = strcmp(m->state, "DRAFT") != 0 && strcmp(m->state, "SUPERSEDED") != 0 &&
                strcmp(m->state, "CANCELLED") != 0;
    for (int i = 0; live && i < MILESTONE_COUNT; i++) {
        const struct milestone_record *ms = &m->milestones[i];
        if (!ms->exists || (i == MILESTONE_EFFECT && m->class_ == CLASS_IMMEDIATE)) {
            continue;
        }
        struct due_milestone days = measure_due(ms);
        struct due_result due = due_status(as_of, NULL, &days);
        *ret_overdue = *ret_overdue || due.current.state == DUE_OVERDUE;
        *ret_overdue_original = *ret_overdue_original || due.original.state == DUE_OVERDUE;
        *ret_soon = *ret_soon || (due.current.state == DUE_NORMAL && !due.claimed &&
                                  due.current.days_left <= DUE_SOON_DAYS);
        if (due.current.state == DUE_OVERDUE && due.current.overdue_days > *ret_days) {
            *ret_days = due.current.overdue_days;
        }
    }
    *ret_soon = *ret_soon && !*ret_overdue;
}

static void
compare(const struct measure_record *all, const char *as_of_text)
{
    Pb__GetStatusRequest request = PB__GET_STATUS_REQUEST__INIT;
    request.as_of = slice_text(as_of_text);
    request.has_group_by = 1;
    request.group_by = PB__STATUS_GROUP__BY_PROBLEM;
    const Pb__GetStatusReply *r = slice_ok(OFFICE1, "StatusService/GetStatus", &request.base,
                                           &pb__get_status_reply__descriptor);
    int32_t as_of = 0;
    int32_t worst = 0;
    int overdue = 0;
    int soon = 0;
    int original = 0;
    assert_int_equal(day_parse(as_of_text, &as_of), STATUS_OK);
    for (int i = 0; i < MEASURES; i++) {
        bool is_overdue;
        bool is_soon;
        bool is_original;
        int32_t days;
        judge(&all[i], as_of, &is_overdue, &is_soon, &is_original, &days);
        overdue += is_overdue;
        soon += is_soon;
        original += is_original;
        worst = days > worst ? days : worst;
        assert_int_equal(measure_light(&all[i], as_of) == PB__LIGHT__OVERDUE, is_overdue);
    }
    assert_int_equal(r->overdue, overdue);
    assert_int_equal(r->counts->overdue, overdue);
    assert_int_equal(r->counts->due_soon, soon);
    assert_int_equal(r->counts->overdue_original, original);
    assert_int_equal(r->n_groups, 2);
    assert_int_equal(r->groups[0]->worst_overdue_days, worst);
    assert_int_equal(worst > 0, r->groups[0]->behind_since != NULL);
    assert_string_equal(r->as_of, as_of_text);
    assert_int_equal(r->projected, day_to_instant(as_of, ZONE_CHINA_MIN) > slice_clock.now_ms);
}

static void
the_database_and_due_status_agree(void **state)
{
    (void)state;
    static struct measure_record all[MEASURES];
    /* Any state from the beginning; what stood there is cancelled and counts no more. */
    slice_sql("ALTER TABLE rectify.measure DISABLE TRIGGER measure_edge;"
              "UPDATE rectify.measure SET state = 'CANCELLED', version = version + 1");
    for (int i = 0; i < MEASURES; i++) {
        all[i] = random_measure();
        insert(&all[i], i);
    }
    static const char *const days[] = {"2026-09-30", "2026-10-15", "2026-11-10",
                                       "2026-12-01", "2026-12-31", "2027-03-01"};
    for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
        compare(all, days[i]);
    }
}

static const Pb__GetStatusReply *
status_of(int account, Pb__StatusGroup group)
{
    Pb__GetStatusRequest request = PB__GET_STATUS_REQUEST__INIT;
    request.has_group_by = 1;
    request.group_by = group;
    return slice_ok(account, "StatusService/GetStatus", &request.base,
                    &pb__get_status_reply__descriptor);
}

static void
groups_add_up_and_lists_stand_behind(void **state)
{
    (void)state;
    slice_job("OpenObligations");
    slice_sign_all();
    slice_day("2026-11-15"); /* P-01-M-02 is overdue since 11-12 */
    for (int g = PB__STATUS_GROUP__BY_ITEM; g <= PB__STATUS_GROUP__BY_SPECIAL_GROUP; g++) {
        const Pb__GetStatusReply *r = status_of(OFFICE1, (Pb__StatusGroup)g);
        int measures = 0;
        for (size_t i = 0; i < r->n_groups; i++) {
            measures += r->groups[i]->counts->measures;
        }
        assert_int_equal(measures, 4);
        assert_int_equal(r->measures, 4);
    }
    const Pb__GetStatusReply *r = status_of(OFFICE1, PB__STATUS_GROUP__BY_UNIT);
    assert_int_equal(r->items, 1);
    assert_int_equal(r->problems, 2);
    assert_int_equal(r->units, 2);
    assert_int_equal(r->plan_version, 1);
    assert_int_equal(r->tables_missing, 2); /* October of both units */
    assert_int_equal(r->counts->in_progress, 3);
    assert_int_equal(r->counts->assigned, 1);
    assert_int_equal(r->overdue, 1);
    assert_string_equal(r->groups[0]->key, "unit01");
    assert_int_equal(r->groups[0]->worst_overdue_days, 3);
    assert_string_equal(r->groups[0]->behind_since, "2026-11-12");
    Pb__ListMeasuresRequest request = PB__LIST_MEASURES_REQUEST__INIT;
    request.has_light = 1;
    request.light = PB__LIGHT__OVERDUE;
    request.unit = slice_text("unit01");
    const Pb__ListMeasuresReply *list =
        slice_ok(OFFICE1, "MeasureService/ListMeasures", &request.base,
                 &pb__list_measures_reply__descriptor);
    assert_int_equal(list->n_measures, 1);
    assert_string_equal(list->measures[0]->ref, "P-01-M-02");
    /* A unit's totals hold what is its own. */
    r = status_of(UNIT2, PB__STATUS_GROUP__BY_UNIT);
    assert_int_equal(r->measures, 1);
    assert_int_equal(r->n_groups, 1);
    assert_int_equal(r->tables_missing, 1);
}

static void
the_office_has_a_clock_too(void **state)
{
    (void)state;
    slice_sign_all();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", "P-01-M-02", photo), STATUS_OK, NULL);
    slice_day("2026-11-13"); /* handed in on Tuesday: Friday is the third working day */
    assert_int_equal(status_of(OFFICE1, PB__STATUS_GROUP__BY_UNIT)->office_waiting, 0);
    slice_day("2026-11-16");
    assert_int_equal(status_of(OFFICE1, PB__STATUS_GROUP__BY_UNIT)->office_waiting, 1);
    /* The claim in time stopped the unit's clock: it is not overdue for the office's wait. */
    assert_int_equal(status_of(OFFICE1, PB__STATUS_GROUP__BY_UNIT)->overdue, 0);
}

static void
a_draft_does_not_change_the_totals(void **state)
{
    (void)state;
    const Pb__GetStatusReply *before = status_of(OFFICE1, PB__STATUS_GROUP__BY_ITEM);
    slice_sql("INSERT INTO rectify.inspection (tenant, id, code, name, version, event_id)"
              " VALUES (1, '%s', 'DRAFT2', '样例', 1, '%s');"
              "INSERT INTO rectify.item (tenant, id, inspection, no, title, version, event_id)"
              " VALUES (1, '%s', '%s', 1, '样例', 1, '%s');"
              "INSERT INTO rectify.problem (tenant, id, inspection, item, no, ref, title, state,"
              " version, event_id) VALUES (1, '%s', '%s', '%s', 1, 'P-01', '样例', 'REGISTERED',"
              " 1, '%s')",
              slice_id(901), slice_id(1), slice_id(902), slice_id(901), slice_id(1), slice_id(903),
              slice_id(901), slice_id(902), slice_id(1));
    const Pb__GetStatusReply *after = status_of(OFFICE1, PB__STATUS_GROUP__BY_ITEM);
    assert_int_equal(after->items, before->items);
    assert_int_equal(after->problems, before->problems);
    assert_int_equal(after->plan_version, before->plan_version);
    assert_int_equal(after->n_inspections, 1);
    Pb__GetStatusRequest named = PB__GET_STATUS_REQUEST__INIT;
    named.inspection = slice_text("DRAFT2");
    const Pb__GetStatusReply *draft = slice_ok(OFFICE1, "StatusService/GetStatus", &named.base,
                                               &pb__get_status_reply__descriptor);
    assert_int_equal(draft->problems, 1);
    named.inspection = slice_text("NOPE");
    slice_refused(OFFICE1, "StatusService/GetStatus", &named.base, STATUS_NOT_FOUND,
                  "INSPECTION_UNKNOWN");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_database_and_due_status_agree),
        TEST(groups_add_up_and_lists_stand_behind),
        TEST(the_office_has_a_clock_too),
        TEST(a_draft_does_not_change_the_totals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
