/* Totals over random histories: what was seen on a day is what that day says later; maintained
 * totals equal a recount from the row versions; each list has as many entries as its number.
 *
 * Months pass on a fake clock. Commands go through the door; what no method does yet (moving a
 * date, reopening, closing a problem, giving it to another unit) is written as a command would
 * write it: a new row version under an event of that instant. Each seed is printed.
 */
#include "tests/service/status_seen.h"

#include "rectify/v1/report.pb-c.h"

enum { DAYS = 24 };

static uint64_t random_state;

static unsigned
pick(unsigned n)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(random_state >> 33) % n;
}

/* ---- what happens ---- */

static int64_t
now_ms(void)
{
    return clock_now_ms(&slice_clock.clock);
}

/* An event id of this instant, as dispatch would make it. */
static const char *
event_id(void)
{
    static unsigned serial;
    uint64_t ms = (uint64_t)now_ms();
    return arena_printf(&slice_arena, "%08lx-%04lx-7000-8000-%012x", (unsigned long)(ms >> 16),
                        (unsigned long)(ms & 0xffff), ++serial);
}

static const char *
day_of(int32_t offset)
{
    char text[DAY_TEXT_SIZE];
    int32_t today = day_from_instant(now_ms(), ZONE_CHINA_MIN);
    return arena_strdup(&slice_arena, day_print(today + offset, text));
}

static const char *
measure_ref(unsigned i)
{
    static const char *const refs[] = {"P-01-M-01", "P-01-M-02", "P-01-M-03", "P-02-M-01"};
    return refs[i];
}

static void
do_command(void)
{
    static int file = 20000;
    unsigned i = pick(4);
    const char *ref = measure_ref(i);
    int unit = i < 3 ? UNIT1 : UNIT2;
    switch (pick(6)) { /* refused ones change nothing, and that is looked at too */
    case 0:
        (void)slice_sign_for(unit, &ref, 1);
        break;
    case 1:
        file += 2;
        (void)slice_claim(unit, "ClaimEffect", ref,
                          slice_file(file, i < 3 ? 5 : 6, PB__EVIDENCE_KIND__PHOTO));
        break;
    case 2:
        file += 2;
        (void)slice_claim(unit, "ClaimComplete", ref,
                          slice_file(file, i < 3 ? 5 : 6, PB__EVIDENCE_KIND__PHOTO));
        break;
    case 3:
        (void)slice_verdict(unit, "WithdrawClaim", ref, "样例");
        break;
    case 4:
        (void)slice_verdict(OFFICE1, "ReturnClaim", ref, "样例");
        break;
    default: {
        Pb__DecideClaimRequest request = PB__DECIDE_CLAIM_REQUEST__INIT;
        request.ref = slice_text(ref);
        request.next_check_on = i == 2 ? slice_text(day_of(30)) : NULL;
        (void)slice_call(OFFICE1, "MeasureService/ConfirmClaim", &request.base);
    }
    }
}

/* What a command of another service will write. */
static void
do_version(void)
{
    int measure = 61 + (int)pick(5);
    int problem = 51 + (int)pick(3);
    const char *event = event_id();
    switch (pick(7)) {
    case 0:
        slice_sql("UPDATE rectify.milestone SET current_due = current_due + %u, version = version"
                  " + 1, due_version = due_version + 1, event_id = '%s' WHERE measure = '%s' AND"
                  " reached_day IS NULL",
                  1 + pick(20), event, slice_id(measure));
        break;
    case 1:
        slice_sql("UPDATE rectify.milestone SET claimed_day = NULL, reached_day = NULL,"
                  " current_due = '%s', version = version + 1, event_id = '%s' WHERE measure IN"
                  " (SELECT id FROM rectify.measure WHERE state IN ('DONE', 'SUSTAINING'))",
                  day_of((int32_t)pick(30)), event);
        slice_sql("UPDATE rectify.measure SET state = 'IN_PROGRESS', round = round + 1, version ="
                  " version + 1, event_id = '%s' WHERE state IN ('DONE', 'SUSTAINING')",
                  event);
        slice_sql("UPDATE rectify.problem SET state = 'RECTIFYING', version = version + 1,"
                  " event_id = '%s' WHERE state IN ('CLOSED', 'SUSTAINED')",
                  event);
        break;
    case 2:
        slice_sql("UPDATE rectify.problem SET lead_org = CASE WHEN lead_org = '%s' THEN '%s' ELSE"
                  " '%s' END::uuid, version = version + 1, event_id = '%s' WHERE id = '%s'",
                  slice_id(5), slice_id(6), slice_id(5), event, slice_id(problem));
        break;
    case 3:
        slice_sql("UPDATE rectify.measure SET leader_org = CASE WHEN leader_org IS NULL THEN '%s'"
                  " END::uuid, version = version + 1, event_id = '%s' WHERE id = '%s'",
                  slice_id(3), event, slice_id(measure));
        break;
    case 4: /* a problem is closed when no measure of it is open */
        for (int i = 0; i < 3; i++) {
            static const char *const next[][2] = {{"RECTIFYING", "CLOSE_APPLIED"},
                                                  {"CLOSE_APPLIED", "JOINT_REVIEW"},
                                                  {"JOINT_REVIEW", "CLOSED"}};
            slice_sql("UPDATE rectify.problem p SET state = '%s', version = version + 1, event_id"
                      " = '%s' WHERE state = '%s' AND NOT EXISTS (SELECT 1 FROM rectify.measure m"
                      " WHERE m.problem = p.id AND m.state NOT IN ('DONE', 'CANCELLED'))",
                      next[i][1], event, next[i][0]);
        }
        break;
    case 5:
        slice_sql("UPDATE rectify.periodic_table SET state = 'SUBMITTED', submitted_ms = %lld,"
                  " submitted_day = '%s', version = version + 1, event_id = '%s' WHERE id = (SELECT"
                  " id FROM rectify.periodic_table WHERE state = 'OPEN' ORDER BY period LIMIT 1)",
                  (long long)now_ms(), day_of(0), event);
        break;
    default:
        slice_sql("UPDATE rectify.measure SET percent = coalesce(percent, 0), narrative = '样例',"
                  " version = version + 1, event_id = '%s' WHERE state = 'IN_PROGRESS'",
                  event);
    }
}

static void
one_day(void)
{
    if (pick(4) == 0) {
        slice_job("OpenObligations");
    }
    for (unsigned n = pick(5); n > 0; n--) {
        do_command();
        clock_fake_advance(&slice_clock, 1000);
    }
    for (unsigned n = pick(3); n > 0; n--) {
        do_version();
        clock_fake_advance(&slice_clock, 1000);
    }
    if (pick(3) == 0) {
        slice_job("FoldTotals");
    }
}

/* ---- what must hold ---- */

static int32_t
list_length(int account, const Pb__StatusNumber *number, const char *as_of, Pb__StatusGroup group,
            const char *key)
{
    Pb__ListBehindRequest request = PB__LIST_BEHIND_REQUEST__INIT;
    request.number = number->name;
    request.as_of = slice_text(as_of);
    request.has_group_by = key != NULL;
    request.group_by = group;
    request.key = slice_text(key);
    request.has_limit = 1;
    request.limit = 3; /* pages */
    int32_t n = 0;
    do {
        const Pb__ListBehindReply *r = slice_ok(account, "StatusService/ListBehind", &request.base,
                                                &pb__list_behind_reply__descriptor);
        n += (int32_t)r->n_entries;
        request.after = r->next;
    } while (request.after != NULL);
    return n;
}

static void
lists_match(int account, const char *as_of)
{
    const Pb__GetStatusReply *r = see(account, PB__STATUS_GROUP__BY_UNIT, NULL, as_of);
    for (size_t i = 0; i < r->n_numbers; i++) {
        const Pb__StatusNumber *n = r->numbers[i];
        int32_t length =
            list_length(account, n, as_of, PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, NULL);
        if (length != n->numerator) {
            fail_msg("%s on %s: %d, its list has %d", n->name, as_of, n->numerator, length);
        }
        assert_true(n->numerator <= n->denominator);
        if (strcmp(n->name, "overdue") == 0) {
            for (size_t k = 0; k < r->n_groups; k++) {
                assert_int_equal(
                    list_length(account, n, as_of, PB__STATUS_GROUP__BY_UNIT, r->groups[k]->key),
                    r->groups[k]->counts->overdue);
            }
        }
    }
}

static const Pb__GetAssessmentReply *
facts_of(const char *as_of, const char *number, int32_t offset)
{
    Pb__GetAssessmentRequest request = PB__GET_ASSESSMENT_REQUEST__INIT;
    request.from = slice_text("1970-01-01");
    request.to = slice_text(as_of);
    request.number = slice_text(number);
    request.has_offset = 1;
    request.offset = offset;
    return slice_ok(OFFICE1, "ReportService/GetAssessment", &request.base,
                    &pb__get_assessment_reply__descriptor);
}

static const Pb__StatusNumber *
number_named(Pb__StatusNumber *const *numbers, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(numbers[i]->name, name) == 0) {
            return numbers[i];
        }
    }
    fail_msg("no number %s", name);
    return NULL;
}

/* The facts for the yearly assessment say the same of the day. */
static void
assessment_agrees(const char *as_of)
{
    static const char *const names[] = {"problems_closed",  "problems_other_closed",
                                        "completed",        "overdue",
                                        "overdue_original", "tables_missing"};
    const Pb__GetAssessmentReply *facts = facts_of(as_of, NULL, 0);
    const Pb__GetStatusReply *r = see(OFFICE1, PB__STATUS_GROUP__BY_UNIT, NULL, as_of);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const Pb__StatusNumber *ours = number_named(facts->whole, facts->n_whole, names[i]);
        const Pb__StatusNumber *theirs = number_named(r->numbers, r->n_numbers, names[i]);
        assert_int_equal(ours->numerator, theirs->numerator);
        assert_int_equal(ours->denominator, theirs->denominator);
    }
}

/* Those numbers' lists are as long as they say. */
static void
assessment_lists_match(const char *as_of)
{
    const Pb__GetAssessmentReply *facts = facts_of(as_of, NULL, 0);
    for (size_t i = 0; i < facts->n_whole; i++) {
        const Pb__StatusNumber *n = facts->whole[i];
        const Pb__GetAssessmentReply *piece = NULL;
        int32_t length = 0;
        do {
            piece = facts_of(as_of, n->name, length);
            length += (int32_t)piece->n_entries;
        } while (piece->has_next);
        if (length != n->numerator || n->numerator > n->denominator) {
            fail_msg("%s of %s: %d, its list has %d", n->name, as_of, n->numerator, length);
        }
    }
}

/* Newly done and newly overdue explain the difference of the two days. */
static void
changes_explain(const char *since, const char *as_of)
{
    Pb__GetChangesRequest request = PB__GET_CHANGES_REQUEST__INIT;
    request.since = slice_text(since);
    request.as_of = slice_text(as_of);
    const Pb__GetChangesReply *r = slice_ok(OFFICE1, "StatusService/GetChanges", &request.base,
                                            &pb__get_changes_reply__descriptor);
    const Pb__StatusGroup none = PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED;
    const Pb__GetStatusReply *before = see(OFFICE1, none, NULL, since);
    const Pb__GetStatusReply *after = see(OFFICE1, none, NULL, as_of);
    int overdue = 0;
    int missing = 0;
    int by_unit = 0;
    for (size_t i = 0; i < r->n_changes; i++) {
        const char *change = r->changes[i]->change;
        overdue += strcmp(change, "OVERDUE") == 0;
        overdue -= strcmp(change, "NO_LONGER_OVERDUE") == 0;
        missing += strcmp(change, "MISSING") == 0;
        missing -= strcmp(change, "HANDED_IN") == 0;
    }
    for (size_t i = 0; i < r->n_units; i++) {
        for (size_t k = 0; k < r->units[i]->n_numbers; k++) {
            by_unit += r->units[i]->numbers[k]->numerator;
        }
    }
    assert_int_equal(before->overdue + overdue, after->overdue);
    assert_int_equal(before->tables_missing + missing, after->tables_missing);
    assert_int_equal(by_unit, r->n_changes);
}

static void
the_log_holds(void)
{
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"
                                 " WHERE rectify.status_event_ms(id) <> recorded_ms"),
                     0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.event"
                                 " WHERE leaf_hash <> sha256('\\x00'::bytea || body)"),
                     0);
    assert_int_equal(slice_count("SELECT count(*) FROM (SELECT thing, version FROM"
                                 " rectify.event_change GROUP BY 1, 2 HAVING count(DISTINCT"
                                 " event_id) > 1) d"),
                     0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.measure_version v JOIN rectify.event"
                                 " e ON e.id = v.event_id WHERE (SELECT count(*) FROM"
                                 " rectify.event_change c WHERE c.thing = v.id AND c.version ="
                                 " v.version) <> 1"),
                     0);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.problem p JOIN rectify.measure m ON"
                                 " m.problem = p.id WHERE p.state IN ('CLOSED', 'SUSTAINED') AND"
                                 " m.state NOT IN ('DONE', 'SUSTAINING', 'CANCELLED',"
                                 " 'SUPERSEDED')"),
                     0);
}

/* ---- the tests ---- */

/* A second inspection side by side, and a plan's first version for each. */
static void
seed_more(void)
{
    slice_sql("INSERT INTO rectify.inspection (tenant, id, code, name, feedback_day, plan_no,"
              " plan_state, version, event_id) VALUES (1, '%s', 'INS2', '样例巡视二', '2026-01-01',"
              " 1, 'APPROVED', 1, '%s')",
              slice_id(32), slice_id(1));
    slice_sql("INSERT INTO rectify.item (tenant, id, inspection, no, title, version, event_id)"
              " VALUES (1, '%s', '%s', 1, '样例项二', 1, '%s')",
              slice_id(42), slice_id(32), slice_id(1));
    slice_sql("INSERT INTO rectify.problem (tenant, id, inspection, item, no, ref, title, origin,"
              " lead_org, state, version, event_id) VALUES (1, '%s', '%s', '%s', 1, 'P-01',"
              " '样例问题', 'SELF', '%s', 'REGISTERED', 1, '%s');"
              "UPDATE rectify.problem SET state = 'RECTIFYING', version = 2 WHERE id = '%s'",
              slice_id(53), slice_id(32), slice_id(42), slice_id(6), slice_id(1), slice_id(53));
    slice_sql("INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, class,"
              " state, version, event_id) VALUES (1, '%s', '%s', '%s', 1, 'X-01', '样例', 2,"
              " 'ASSIGNED', 1, '%s');"
              "INSERT INTO rectify.milestone (tenant, measure, kind, original_due, current_due,"
              " version, event_id) VALUES (1, '%s', 2, '2026-12-01', '2026-12-01', 1, '%s')",
              slice_id(65), slice_id(32), slice_id(53), slice_id(1), slice_id(65), slice_id(1));
    for (int i = 31; i <= 32; i++) {
        /* As it was frozen: the totals look at its number, the duties at its day (2026-10-28). */
        slice_sql("SET session_replication_role = replica;"
                  "INSERT INTO rectify.plan_version (tenant, id, inspection, no, state, items,"
                  " problems, measures, sha256, approved_ms, version, event_id) VALUES (1, '%s',"
                  " '%s', 1, 'APPROVED', 1, 1, 1, '', 1793149200000, 1, '%s')",
                  slice_id(i + 900), slice_id(i), slice_id(1));
    }
}

static void
live(struct seen recorded[DAYS][VIEWS], const char *days[DAYS])
{
    seed_more();
    for (int d = 0; d < DAYS; d++) {
        one_day();
        days[d] = day_of(0);
        for (int v = 0; v < VIEWS; v++) {
            recorded[d][v] = look(v, NULL);
        }
        /* Two, three or four days on: months go by. */
        clock_fake_advance(&slice_clock,
                           (int64_t)(2 + pick(3)) * 86400000 + (int64_t)pick(3600000) - 1800000);
    }
}

static void
the_past_is_what_was_seen(void **state)
{
    static struct seen recorded[DAYS][VIEWS];
    static const char *days[DAYS];
    (void)state;
    live(recorded, days);
    for (int fold = 0; fold < 2; fold++) { /* folded or not, the same */
        for (int d = 0; d < DAYS; d++) {
            for (int v = 0; v < VIEWS; v++) {
                struct seen again = look(v, days[d]);
                if (!same(&recorded[d][v], &again)) {
                    fail_msg("view %d of %s is not what was seen", v, days[d]);
                }
            }
        }
        slice_job("FoldTotals");
    }
    assert_int_equal(recount_differs(), 0);
    for (int d = 5; d < DAYS; d += 9) {
        assert_int_equal(totals_differ(days[d]), 0);
        lists_match(OFFICE1, days[d]);
        assessment_agrees(days[d]);
        changes_explain(days[d - 5], days[d]);
    }
    assessment_lists_match(days[DAYS / 2]);
    lists_match(UNIT1, days[DAYS / 2]);
    lists_match(LEADER1, NULL);
    the_log_holds();
    assert_true(see(OFFICE1, 0, NULL, NULL)->plan_version == 0); /* two inspections */
    assert_int_equal(see(OFFICE1, 0, "INS1", days[3])->plan_version, 1);
}

/* The controls: a wrong counter, a wrong day's counter, a wrong span are noticed. */
static void
a_wrong_total_is_noticed(void **state)
{
    static struct seen recorded[DAYS][VIEWS];
    static const char *days[DAYS];
    (void)state;
    live(recorded, days);
    slice_job("FoldTotals");
    assert_int_equal(totals_differ(NULL), 0);
    assert_int_equal(totals_differ(days[12]), 0);
    slice_sql("UPDATE rectify.status_now SET overdue = overdue + 1 WHERE dim = 0");
    assert_int_equal(totals_differ(NULL), 1);
    slice_sql("UPDATE rectify.status_now SET overdue = overdue - 1 WHERE dim = 0");
    slice_sql("UPDATE rectify.status_total SET in_progress = in_progress + 1 WHERE dim = 0 AND"
              " level = 2");
    assert_true(totals_differ(days[DAYS - 1]) > 0);
    assert_int_equal(recount_differs(), 0);
    slice_sql("UPDATE rectify.status_span SET over_from = over_from - 1 WHERE (kind, thing,"
              " from_day) IN (SELECT kind, thing, from_day FROM rectify.status_span WHERE kind = 1"
              " AND over_from < 2147483647 LIMIT 1)");
    assert_true(recount_differs() > 0);
    /* A repair begins again from the versions. */
    slice_sql("SELECT rectify.status_rebuild(1)");
    assert_int_equal(recount_differs(), 0);
    assert_int_equal(totals_differ(NULL), 0);
    struct seen again = look(0, days[10]);
    assert_true(same(&recorded[10][0], &again));
}

static int seeds_done;

static int
set_up(void **state)
{
    random_state = 20261110 + (uint64_t)seeds_done++;
    print_message("seed %llu\n", (unsigned long long)random_state);
    return slice_set_up(state);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_past_is_what_was_seen),
        TEST(the_past_is_what_was_seen),
        TEST(a_wrong_total_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
