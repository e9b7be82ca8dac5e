/* Consultations of the first version become matters, numbered in the order they were asked, with
 * every version they had. */
#include "server/store/migrate.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { BEFORE = 7 }; /* migrations before 0008_matter.sql */

#define ID(n) "'30000000-0000-7000-8000-00000000000" n "'"

static const char data[] =
    "SET search_path = rectify; SET session_replication_role = replica;"
    "INSERT INTO tenant (code, name, created_ms) VALUES ('one', '样例', 0), "
    "('two', '样例', 0);"
    "INSERT INTO org (tenant, id, code, name, kind, version, event_id) "
    "VALUES"
    " (1, " ID("1") ", 'office', '样例', 'OFFICE', 1, " ID(
        "0") "),"
             " (1, " ID("2") ", 'unit01', '样例', 'UNIT', 1, " ID(
                 "0") "),"
                      " (2, " ID("2") ", 'unit01', '样例', 'UNIT', 1, " ID(
                          "0") ");"
                               "INSERT INTO inspection (tenant, id, code, name, version, event_id)"
                               " SELECT t, " ID("3") ", 'i', '样例', 1, " ID(
                                   "0") " FROM generate_series(1, 2) t;"
                                        "INSERT INTO problem (tenant, id, inspection, item, no, "
                                        "ref, title, state, version, event_id)"
                                        " SELECT t, " ID("4") ", " ID("3") ", " ID(
                                            "6") ", 1, 'P-01', '样例', 'RECTIFYING', "
                                                 "1, " ID("0") " FROM "
                                                               "generate_series(1, 2) "
                                                               "t;"
                                                               "INSERT INTO measure "
                                                               "(tenant, id, "
                                                               "inspection, problem, "
                                                               "no, ref, text, state, "
                                                               "version, event_id)"
                                                               " SELECT t, " ID("5") ", " ID("3") ", " ID("4") ", 1, 'P-01-M-01', '样例', 'IN_PROGRESS', 1, " ID(
                                                                   "0") " FROM "
                                                                        "generate_"
                                                                        "series(1, 2) "
                                                                        "t;"
                                                                        "SET "
                                                                        "session_"
                                                                        "replication_"
                                                                        "role = "
                                                                        "origin;"
                                                                        "INSERT INTO "
                                                                        "consultation "
                                                                        "(tenant, "
                                                                        "id, measure, "
                                                                        "org, text, "
                                                                        "state, "
                                                                        "opened_ms, "
                                                                        "triage_due,"
                                                                        "  version, "
                                                                        "event_id) "
                                                                        "VALUES"
                                                                        " (1, " ID("8") ", " ID("5") ", " ID("2") ", '后问', 'OPEN', 200, '2026-11-13', 1, " ID(
                                                                            "0") "),"
                                                                                 " (1,"
                                                                                 " " ID(
                                                                                     "9") ","
                                                                                          " " ID("5") ", " ID(
                                                                                              "2") ", '先问', "
                                                                                                   "'OPEN', 100, "
                                                                                                   "'2026-11-12', "
                                                                                                   "1, " ID(
                                                                                                       "0") "),"
                                                                                                            " ("
                                                                                                            "2,"
                                                                                                            " " ID("9") ", " ID("5") ", " ID("2") ", '别区', 'OPEN', 100, '2026-11-12', 1, " ID(
                                                                                                                "0") ");"
                                                                                                                     "UPDATE consultation SET state = 'TRIAGED', version = 2 WHERE text = '先问';";

static const char *
query(const char *sql)
{
    static char text[256];
    test_db_query("postgres", sql, text, sizeof text);
    return text;
}

static void
consultations_become_matters(void **state)
{
    (void)state;
    struct fault fault = {0};
    size_t count = 0;
    const struct migration *all = migrate_embedded(&count);
    test_db_exec("postgres", "DROP SCHEMA IF EXISTS rectify CASCADE");
    assert_int_equal(
        migrate_apply(test_db_conninfo("rectify_owner"), all, BEFORE, NULL, NULL, &fault),
        STATUS_OK);
    test_db_exec("postgres", data);
    enum status s =
        migrate_apply(test_db_conninfo("rectify_owner"), all, count, NULL, NULL, &fault);
    if (s != STATUS_OK) {
        fail_msg("%s %s", fault.reason, fault.message);
    }
    assert_string_equal(query("SELECT string_agg(tenant || ref || text || state, ' ' ORDER BY"
                              " tenant, ref) FROM rectify.matter"),
                        "1HS-0001先问TRIAGED 1HS-0002后问OPEN 2HS-0001别区OPEN");
    assert_string_equal(query("SELECT string_agg(version || state, ' ' ORDER BY version)"
                              "  FROM rectify.matter_version WHERE text = '先问'"),
                        "1OPEN 2TRIAGED");
    assert_string_equal(query("SELECT string_agg(tenant || ':' || last, ' ' ORDER BY tenant)"
                              "  FROM rectify.matter_counter"),
                        "1:2 2:1");
    assert_string_equal(query("SELECT to_regclass('rectify.consultation') IS NULL"), "t");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(consultations_become_matters)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
