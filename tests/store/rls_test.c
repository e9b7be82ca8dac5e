/* The second wall: what the server's role can see and change under a scope, whatever the code above
 * it asks for. Two units, two tenants, and everything else the schema refuses by itself. */
#include "tests/support/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define E "'00000000-0000-7000-8000-000000000000'"
#define ORG_A "10000000-0000-7000-8000-00000000000a"
#define ORG_B "10000000-0000-7000-8000-00000000000b"
#define ID(n) "'30000000-0000-7000-8000-00000000000" n "'"

/* Measure 1 (problem 1) is A's, measure 2 (problem 2) B's; each has a milestone, a table, a file.
 */
static const char data[] =
    "SET search_path = rectify;"
    "INSERT INTO tenant (code, name, created_ms) VALUES ('one', 'one', 0), ('two', 'two', 0);"
    "INSERT INTO org (tenant, id, code, name, kind, version, event_id) SELECT t.id, o.id::uuid,"
    "  o.code, o.code, 'UNIT', 1, " E " FROM tenant t,"
    "  (VALUES ('" ORG_A "', 'a'), ('" ORG_B "', 'b')) o (id, code);"
    "INSERT INTO inspection (tenant, id, code, name, version, event_id)"
    "  SELECT id, " ID(
        "0") ", 'i', 'i', 1, " E " FROM tenant;"
             "INSERT INTO item (tenant, id, inspection, no, title, version, event_id)"
             "  SELECT id, " ID("0") ", " ID(
                 "0") ", 1, 'i', 1, " E " FROM tenant;"
                      "INSERT INTO problem (tenant, id, inspection, item, no, ref, title, state, "
                      "version, event_id)"
                      "  SELECT t.id, p.id::uuid, " ID("0") ", " ID(
                          "0") ", p.no, p.no::text, 'p', 'REGISTERED', 1, " E
                               " FROM tenant t, (VALUES (" ID("1") ", 1), (" ID(
                                   "2") ", 2)) p (id, no);"
                                        "INSERT INTO measure (tenant, id, inspection, problem, no, "
                                        "ref, text, state, version, event_id)"
                                        "  SELECT tenant, id, inspection, id, no, 'M' || no, 'm', "
                                        "'DRAFT', 1, " E " FROM problem;"
                                        "INSERT INTO milestone (tenant, measure, kind, version, "
                                        "event_id)"
                                        "  SELECT tenant, id, 2, 1, " E " FROM measure;"
                                        "INSERT INTO access (tenant, measure, org, problem) SELECT "
                                        "m.tenant, m.id, o.id, m.problem"
                                        "  FROM measure m JOIN org o ON o.tenant = m.tenant AND "
                                        "(o.code = 'a') = (m.no = 1);"
                                        "INSERT INTO periodic_table (tenant, id, inspection, org, "
                                        "period, due, state, version, event_id)"
                                        "  SELECT tenant, id, " ID(
                                            "0") ", id, '2026-11', '2026-11-25', 'OPEN', 1, " E
                                                 " FROM org;"
                                                 "INSERT INTO blob (tenant, id, org, sha256, size, "
                                                 "created_ms)"
                                                 "  SELECT tenant, id, id, sha256(code::bytea), 1, "
                                                 "0 FROM org;"
                                                 "INSERT INTO evidence (tenant, id, org, blob, "
                                                 "name, kind, received_ms, version, event_id)"
                                                 "  SELECT tenant, id, id, id, 'f', 1, 0, 1, " E
                                                 " FROM org;";

struct fx {
    PGconn *app;
    char text[256];
};

static int
set_up(void **state)
{
    struct fx *f = calloc(1, sizeof *f);
    test_db_reset();
    test_db_exec("rectify_owner", data);
    f->app = PQconnectdb(test_db_conninfo("rectify_app"));
    PQclear(PQexec(f->app, "SET search_path = rectify"));
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fx *f = *state;
    PQfinish(f->app);
    free(f);
    return 0;
}

static void
scope(struct fx *f, const char *tenant, const char *all, const char *orgs)
{
    const char *params[] = {tenant, all, orgs};
    PGresult *r = PQexecParams(f->app,
                               "SELECT set_config('rectify.tenant', coalesce((SELECT id::text FROM"
                               " tenant WHERE code = $1), ''), false),"
                               " set_config('rectify.all', $2, false),"
                               " set_config('rectify.orgs', $3, false),"
                               " set_config('rectify.account', '', false)",
                               3, NULL, params, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    PQclear(r);
}

/* Rows returned or touched; -1 when the database refused (its words are in f->text). */
static long
touched(struct fx *f, const char *sql)
{
    PGresult *r = PQexec(f->app, sql);
    ExecStatusType type = PQresultStatus(r);
    long n = -1;
    if (type == PGRES_TUPLES_OK) {
        n = strtol(PQgetvalue(r, 0, 0), NULL, 10);
    } else if (type == PGRES_COMMAND_OK) {
        n = strtol(PQcmdTuples(r), NULL, 10);
    } else {
        const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
        snprintf(f->text, sizeof f->text, "%s",
                 constraint != NULL ? constraint : PQresultErrorField(r, PG_DIAG_SQLSTATE));
    }
    PQclear(r);
    return n;
}

static const char *const guarded[] = {
    "measure",         "measure_version", "milestone",      "milestone_version",      "problem",
    "problem_version", "access",          "periodic_table", "periodic_table_version", "blob",
    "evidence"};
enum { GUARDED = sizeof guarded / sizeof guarded[0] };

static long
visible(struct fx *f, const char *table)
{
    char sql[128];
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    return touched(f, sql);
}

static void
test_without_a_scope_there_is_nothing(void **state)
{
    struct fx *f = *state;
    for (int i = 0; i < GUARDED; i++) {
        assert_int_equal(visible(f, guarded[i]), 0);
    }
    assert_int_equal(visible(f, "org"), 0);
    scope(f, "", "1", ""); /* as a reused connection has it: empty, not unset */
    assert_int_equal(visible(f, "measure"), 0);
}

static void
test_a_unit_sees_its_own(void **state)
{
    struct fx *f = *state;
    scope(f, "one", "", "{" ORG_A "}");
    for (int i = 0; i < GUARDED; i++) {
        assert_int_equal(visible(f, guarded[i]), 1);
    }
    scope(f, "one", "", "{" ORG_A "," ORG_B "}");
    assert_int_equal(visible(f, "measure"), 2);
    scope(f, "one", "", "");
    assert_int_equal(visible(f, "measure"), 0);
    scope(f, "one", "1", "");
    for (int i = 0; i < GUARDED; i++) {
        assert_int_equal(visible(f, guarded[i]), 2); /* of its tenant alone */
    }
}

/* A foreign change touches nothing and says nothing: why every write states its row count. */
static void
test_a_foreign_change_touches_nothing(void **state)
{
    struct fx *f = *state;
    scope(f, "one", "", "{" ORG_A "}");
    assert_int_equal(touched(f, "UPDATE measure SET narrative = 'x', version = version + 1"
                                " WHERE ref = 'M2'"),
                     0);
    assert_int_equal(touched(f, "UPDATE periodic_table SET reason = 'x', version = version + 1"
                                " WHERE org = '" ORG_B "'"),
                     0);
    assert_int_equal(touched(f, "DELETE FROM access WHERE org = '" ORG_B "'"), 0);
    assert_int_equal(touched(f, "UPDATE measure SET narrative = 'x', version = version + 1"), 1);
    test_db_query("postgres", "SELECT count(*) FROM rectify.measure WHERE narrative IS NOT NULL",
                  f->text, sizeof f->text);
    assert_string_equal(f->text, "1");
}

static void
test_nothing_can_be_put_where_it_is_not_seen(void **state)
{
    struct fx *f = *state;
    scope(f, "one", "", "{" ORG_A "}");
    assert_int_equal(touched(f,
                             "INSERT INTO blob (tenant, id, org, sha256, size, created_ms) SELECT"
                             " tenant, " ID("9") ", '" ORG_B "', sha256('x'), 1, 0 FROM org"
                                                 " LIMIT 1"),
                     -1);
    assert_string_equal(f->text, "42501");
    assert_int_equal(touched(f, "UPDATE blob SET org = '" ORG_B "'"), -1);
    assert_int_equal(touched(f, "INSERT INTO setting (tenant, name, version, value, event_id)"
                                " SELECT id, 'x', 1, 'x', " E " FROM tenant WHERE code = 'two'"),
                     -1);
    assert_string_equal(f->text, "42501");
}

static void
test_tenants_are_apart(void **state)
{
    struct fx *f = *state;
    scope(f, "two", "1", "");
    assert_int_equal(touched(f, "UPDATE measure SET narrative = 'two', version = version + 1"), 2);
    scope(f, "one", "1", "");
    assert_int_equal(touched(f, "SELECT count(*) FROM measure WHERE narrative IS NOT NULL"), 0);
}

static void
test_history_is_append_only(void **state)
{
    struct fx *f = *state;
    scope(f, "one", "1", "");
    assert_int_equal(touched(f, "UPDATE event SET account = 'x'"), -1);
    assert_string_equal(f->text, "42501");
    assert_int_equal(touched(f, "DELETE FROM event"), -1);
    assert_int_equal(touched(f, "DELETE FROM measure_version"), -1);
    assert_int_equal(touched(f, "TRUNCATE measure_version"), -1);
    assert_int_equal(touched(f, "UPDATE measure_version SET text = 'x'"), -1);
    assert_string_equal(f->text, "measure_version_append_only");
    assert_int_equal(touched(f, "INSERT INTO edge VALUES ('measure', 'DRAFT', 'x', 'DONE')"), -1);
    assert_int_equal(touched(f, "INSERT INTO tenant (code, name, created_ms) VALUES ('x', 'x', 0)"),
                     -1);
}

static void
test_versions_and_edges(void **state)
{
    struct fx *f = *state;
    scope(f, "one", "1", "");
    assert_int_equal(touched(f, "UPDATE measure SET narrative = 'x' WHERE ref = 'M1'"), -1);
    assert_string_equal(f->text, "measure_version_step");
    assert_int_equal(touched(f, "UPDATE measure SET state = 'DONE', version = 2 WHERE ref = 'M1'"),
                     -1);
    assert_string_equal(f->text, "measure_edge");
    assert_int_equal(
        touched(f, "UPDATE measure SET state = 'ASSIGNED', version = 2 WHERE ref = 'M1'"), 1);
    assert_int_equal(touched(f, "SELECT count(*) FROM measure_version WHERE id = " ID("1")), 2);
    assert_int_equal(touched(f, "UPDATE milestone SET original_due = '2026-01-01', version = 2"
                                " WHERE measure = " ID("1")),
                     -1);
    assert_string_equal(f->text, "milestone_original_due_kept");
    assert_int_equal(touched(f, "UPDATE milestone SET original_due = '2026-01-01', version = 2"
                                " WHERE measure = " ID("2")),
                     1); /* still a draft */
}

/* No table with a tenant may have been forgotten. */
static void
test_every_table_is_behind_the_wall(void **state)
{
    struct fx *f = *state;
    test_db_query("postgres",
                  "SELECT string_agg(c.relname, ' ') FROM pg_class c JOIN pg_attribute a"
                  " ON a.attrelid = c.oid AND a.attname = 'tenant'"
                  " WHERE c.relnamespace = 'rectify'::regnamespace AND c.relkind IN ('r', 'p')"
                  " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
                  f->text, sizeof f->text);
    assert_string_equal(f->text, "");
    test_db_query("postgres",
                  "SELECT count(*) FROM pg_class c WHERE relnamespace = 'rectify'::regnamespace"
                  " AND relkind = 'v' AND NOT coalesce(reloptions::text LIKE"
                  " '%security_invoker=true%', false)",
                  f->text, sizeof f->text);
    assert_string_equal(f->text, "0");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_without_a_scope_there_is_nothing),
        TEST(test_a_unit_sees_its_own),
        TEST(test_a_foreign_change_touches_nothing),
        TEST(test_nothing_can_be_put_where_it_is_not_seen),
        TEST(test_tenants_are_apart),
        TEST(test_history_is_append_only),
        TEST(test_versions_and_edges),
        TEST(test_every_table_is_behind_the_wall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
