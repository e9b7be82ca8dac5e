/* The database's own walk of every machine: from each state to each other, and into existence, by
 * the server's role, whatever the code above would do. What is an edge in the tables of workflow.h
 * passes; anything else is refused by the table's _edge constraint. */
#include "server/service/workflow.h"
#include "tests/support/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ID(n) "'30000000-0000-7000-8000-00000000000" n "'"

/* Which table holds a machine's things, and a row of it but for its state: columns and values. */
struct target {
    const char *machine;
    const char *table;
    const char *columns;
    const char *values;
};

static const struct target targets[] = {
    {"measure", "measure", "inspection, problem, no, ref, text",
     ID("1") ", " ID("3") ", 9, 'P-01-M-09', '样例'"},
    {"problem", "problem",
     "inspection, item, no, ref, title, closing_report, lessons, group_opinion",
     ID("1") ", " ID("2") ", 9, 'P-09', '样例', '样例', '样例', '样例'"},
    {"sitting", "sitting", "inspection, no, ref, title, day, reason",
     ID("1") ", 9, 'XH-09', '样例', '2026-11-12', '样例'"},
    {"table", "periodic_table", "inspection, org, period, due",
     ID("1") ", " ID("4") ", '2026-11', '2026-11-25'"},
    {"plan_version", "plan_version", "inspection, no, items, problems, measures, sha256",
     ID("1") ", 1, 0, 0, 0, sha256('1')"},
    {"grant", "seat_grant", "ref, account, org, roles, origin, proposed_ms",
     "'G-0009', " ID("6") ", " ID("4") ", 1, 'BOOTSTRAP', 0"},
    {"consultation", "matter", "kind, ref, opened_ms, state_ms", "'consultation', 'HS-0009', 0, 0"},
    {"extension", "matter",
     "kind, ref, opened_ms, state_ms, measure, milestone, old_due, new_due, level, ordinal",
     "'extension', 'YQ-0009', 0, 0, " ID("5") ", 1, '2026-11-20', '2026-11-25', 1, 1"},
    {"notice", "matter", "kind, ref, opened_ms, state_ms", "'notice', 'DB-0009', 0, 0"},
    {"talk", "matter", "kind, ref, opened_ms, state_ms", "'talk', 'YT-0009', 0, 0"},
    {"round", "matter", "kind, ref, opened_ms, state_ms", "'round', 'DC-0009', 0, 0"},
    {"instruction", "matter", "kind, ref, opened_ms, state_ms", "'instruction', 'PS-0009', 0, 0"},
    {"opinion", "matter", "kind, ref, opened_ms, state_ms", "'opinion', 'YJ-0009', 0, 0"},
    {"outcome", "outcome",
     "ref, measure, org, kind, amount, word, title, happened_day, reason, recorded_by, changed_ms,"
     " confirmed_day",
     "'CG-0009', " ID("5") ", " ID("4") ", 'RULE_MADE', 1, '项', '样例', '2026-11-12', '样例', " ID(
         "6") ", 0, '2026-11-12'"},
    {"publication", "publication",
     "inspection, no, ref, kind, as_of, plan_no, title, content_no, sha256, reason, corrected_by,"
     " approved_ms, published_ms, published_day, created_ms",
     ID("1") ", 9, 'TB-09', 'NOTICE', '2026-11-10', 1, '样例', 1,"
             " sha256(convert_to(E'NOTICE\\n2026-11-10\\n1\\n样例\\n', 'UTF8')), '样例', " ID(
                 "9") ", 1, 1, '2026-11-10', 0"},
};

// clang-format off
static const char ground[] =
    "SET search_path = rectify; SET session_replication_role = replica;"
    "INSERT INTO tenant (code, name, created_ms) VALUES ('t1', '样例', 0);"
    "INSERT INTO org (tenant, id, code, name, kind, version, event_id)"
    " VALUES (1, " ID("4") ", 'unit01', '样例', 'UNIT', 1, " ID("0") ");"
    "INSERT INTO account (tenant, id, name, display_name, password_hash, version, event_id)"
    " VALUES (1, " ID("6") ", 'unit1', '样例', '-', 1, " ID("0") ");"
    "INSERT INTO inspection (tenant, id, code, name, version, event_id)"
    " VALUES (1, " ID("1") ", 'INS1', '样例', 1, " ID("0") ");"
    "INSERT INTO item (tenant, id, inspection, no, title, version, event_id)"
    " VALUES (1, " ID("2") ", " ID("1") ", 1, '样例', 1, " ID("0") ");"
    "INSERT INTO problem (tenant, id, inspection, item, no, ref, title, state, version, event_id)"
    " VALUES (1, " ID("3") ", " ID("1") ", " ID("2") ", 1, 'P-01', '样例', 'RECTIFYING', 1, "
    ID("0") ");"
    "INSERT INTO measure (tenant, id, inspection, problem, no, ref, text, state, version,"
    " event_id) VALUES (1, " ID("5") ", " ID("1") ", " ID("3") ", 1, 'P-01-M-01', '样例',"
    " 'IN_PROGRESS', 1, " ID("0") ");";
// clang-format on

/* Of a grant the edge alone is asked: not who may propose, nor what an end brings with it. */
static const char ground_of_grants[] =
    "SET search_path = rectify; SET session_replication_role = replica;"
    "ALTER TABLE seat_grant DROP CONSTRAINT seat_grant_ended;"
    "ALTER TABLE seat_grant DISABLE TRIGGER seat_grant_kept;";

static PGconn *app;
static PGconn *super;
static long version;

static PGconn *
connect_as(const char *role, const char *first)
{
    PGconn *c = PQconnectdb(test_db_conninfo(role));
    assert_int_equal(PQstatus(c), CONNECTION_OK);
    PGresult *r = PQexec(c, first);
    assert_int_not_equal(PQresultStatus(r), PGRES_FATAL_ERROR);
    PQclear(r);
    return c;
}

/* True when it went through; a refusal must be the constraint's. */
static bool
try_sql(PGconn *c, const char *sql, const char *constraint)
{
    PGresult *r = PQexec(c, sql);
    bool ok = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (ok) {
        assert_string_equal(PQcmdTuples(r), "1");
    } else {
        const char *name = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
        if (constraint == NULL || name == NULL || strcmp(name, constraint) != 0) {
            fail_msg("%s\n%s", sql, PQresultErrorMessage(r));
        }
    }
    PQclear(r);
    return ok;
}

/* As nobody may: past every trigger. */
static void
force(const char *sql)
{
    PGresult *r = PQexec(super, sql);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fail_msg("%s\n%s", sql, PQerrorMessage(super));
    }
    PQclear(r);
}

static bool
edge_exists(const struct workflow_machine *m, const char *from, const char *to)
{
    for (size_t i = 0; i < m->edge_count; i++) {
        if (strcmp(m->edges[i].from, from) == 0 && strcmp(m->edges[i].to, to) == 0) {
            return true;
        }
    }
    return strcmp(from, to) == 0;
}

static void
walk_pair(const struct target *t, const struct workflow_machine *m, const char *from,
          const char *to)
{
    char sql[1024];
    char constraint[64];
    snprintf(constraint, sizeof constraint, "%s_edge", t->table);
    snprintf(sql, sizeof sql, "DELETE FROM %s WHERE id = " ID("9"), t->table);
    force(sql);
    version++;
    bool born = strcmp(from, STATE_NONE) == 0;
    snprintf(sql, sizeof sql,
             "INSERT INTO %s (tenant, id, state, version, event_id, %s)"
             " VALUES (1, " ID("9") ", '%s', %ld, " ID("0") ", %s)",
             t->table, t->columns, born ? to : from, version, t->values);
    bool passed = false;
    if (born) {
        passed = try_sql(app, sql, constraint);
    } else {
        force(sql);
        version++;
        snprintf(sql, sizeof sql, "UPDATE %s SET state = '%s', version = %ld WHERE id = " ID("9"),
                 t->table, to, version);
        passed = try_sql(app, sql, constraint);
    }
    if (passed != edge_exists(m, from, to)) {
        fail_msg("%s: %s → %s %s", m->code, from, to, passed ? "went through" : "was refused");
    }
}

static void
walk(void **state)
{
    const struct target *t = *state;
    const struct workflow_machine *m = workflow_machine_by_code(t->machine);
    assert_non_null(m);
    for (size_t to = 0; to < m->state_count; to++) {
        walk_pair(t, m, STATE_NONE, m->states[to].code);
        for (size_t from = 0; from < m->state_count; from++) {
            walk_pair(t, m, m->states[from].code, m->states[to].code);
        }
    }
}

/* Without the trigger the walk would pass every edge: what it proves comes from the trigger. */
static void
control_without_trigger(void **state)
{
    (void)state;
    force("ALTER TABLE measure DISABLE TRIGGER measure_edge");
    force("DELETE FROM measure WHERE id = " ID("9"));
    version++;
    bool passed = try_sql(app,
                          "INSERT INTO measure (tenant, id, state, version, event_id, inspection,"
                          " problem, no, ref, text) VALUES (1, " ID("9") ", 'DONE', 1000000, " ID(
                              "0") ", " ID("1") ", " ID("3") ", 9, 'P-01-M-09', '样例')",
                          "measure_edge");
    force("ALTER TABLE measure ENABLE TRIGGER measure_edge");
    assert_true(passed);
}

static int
open_all(void **state)
{
    (void)state;
    test_db_exec("postgres", ground);
    test_db_exec("postgres", ground_of_grants);
    super =
        connect_as("postgres", "SET search_path = rectify; SET session_replication_role = replica");
    app = connect_as(
        "rectify_app",
        "SELECT set_config('search_path', 'rectify', false), set_config('rectify.tenant', '1', "
        "false), set_config('rectify.all', '1', false)");
    return 0;
}

static int
close_all(void **state)
{
    (void)state;
    PQfinish(app);
    PQfinish(super);
    return 0;
}

int
main(void)
{
    enum { TARGETS = sizeof targets / sizeof targets[0] };
    struct CMUnitTest tests[TARGETS + 1];
    for (size_t i = 0; i < TARGETS; i++) {
        tests[i] = (struct CMUnitTest){.name = targets[i].machine,
                                       .test_func = walk,
                                       .initial_state = (void *)(uintptr_t)&targets[i]};
    }
    tests[TARGETS] = (struct CMUnitTest){.name = "control_without_trigger",
                                         .test_func = control_without_trigger};
    return cmocka_run_group_tests(tests, open_all, close_all);
}
