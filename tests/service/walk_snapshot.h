/* For the generated walk: the small district with every body and every kind of seat, and a database
 * that is put back to what it was in one go.
 *
 *   P-01-M-01: problem lead unit01, measure lead unit03, participant unit04, leader1, sg1;
 *   unit02, leader2 and sg2 have nothing to do with it.
 *
 * A copy of every small table stands in the schema `walk`. Which tables changed since is seen from
 * the row count and the newest transaction of each, by one prepared query; only those are copied
 * back. The connection is a superuser's, past every trigger, and stays open.
 */
#ifndef TESTS_SERVICE_WALK_SNAPSHOT_H
#define TESTS_SERVICE_WALK_SNAPSHOT_H

#include "server/service/workflow.h"
#include "tests/service/slice.h"

#include <libpq-fe.h>

/* ---- orgs and seats ---- */

enum walk_org {
    ORG_OFFICE = 1,
    ORG_LGROUP,
    ORG_LEADER1,
    ORG_SG1,
    ORG_UNIT01,
    ORG_UNIT02,
    ORG_DISC,
    ORG_ORGD,
    ORG_UNIT03,
    ORG_UNIT04,
    ORG_LEADER2,
    ORG_SG2,
    ORG_ADMIN,
    ORG_END
};

static const char *const walk_orgs[ORG_END][2] = {
    {NULL, NULL},      {"office", "OFFICE"},  {"lgroup", "LGROUP"}, {"leader1", "LEADER"},
    {"sg1", "SGROUP"}, {"unit01", "UNIT"},    {"unit02", "UNIT"},   {"disc", "DISC"},
    {"orgd", "ORGD"},  {"unit03", "UNIT"},    {"unit04", "UNIT"},   {"leader2", "LEADER"},
    {"sg2", "SGROUP"}, {"sysadmin", "OTHER"},
};

struct walk_seat {
    const char *name;
    int account;
    int org;
    uint32_t roles;
    bool foreign; /* of a body that has nothing to do with the walked thing */
    int behalf;   /* the unit the office acts for; 0: none */
    int stands;   /* the account stood in for (代行), whose org and roles these are; 0: none */
};

enum {
    SEAT_OFFICE = 101,
    SEAT_LGROUP,
    SEAT_SG1,
    SEAT_SG2,
    SEAT_LEADER1,
    SEAT_LEADER2,
    SEAT_PLEAD,
    SEAT_PLEAD_FOREIGN,
    SEAT_MLEAD,
    SEAT_MLEAD_FOREIGN,
    SEAT_PLEAD_AT_MLEAD,
    SEAT_MLEAD_AT_PLEAD,
    SEAT_PART,
    SEAT_PART_FOREIGN,
    SEAT_PLEAD_AT_PART,
    SEAT_DISC,
    SEAT_ORGD,
    SEAT_PUBL,
    SEAT_AUDIT,
    SEAT_ADMIN,
    SEAT_GRANT,
    SEAT_FILLER,
    SEAT_FILLER_FOREIGN,
    SEAT_REVIEWER,
    SEAT_REVIEWER_FOREIGN,
    SEAT_HEAD,
    SEAT_HEAD_FOREIGN,
    SEAT_PLEAD_REVIEWER,
    SEAT_FOR_OFFICE,
    SEAT_FOR_PLEAD,
};

static const struct walk_seat walk_seats[] = {
    {"OFFICE", SEAT_OFFICE, ORG_OFFICE, ROLE_OFFICE, false, 0, 0},
    {"LGROUP", SEAT_LGROUP, ORG_LGROUP, ROLE_LGROUP, false, 0, 0},
    {"SGROUP", SEAT_SG1, ORG_SG1, ROLE_SGROUP, false, 0, 0},
    {"foreign SGROUP", SEAT_SG2, ORG_SG2, ROLE_SGROUP, true, 0, 0},
    {"LEADER", SEAT_LEADER1, ORG_LEADER1, ROLE_LEADER, false, 0, 0},
    {"foreign LEADER", SEAT_LEADER2, ORG_LEADER2, ROLE_LEADER, true, 0, 0},
    {"PLEAD", SEAT_PLEAD, ORG_UNIT01, ROLE_PLEAD, false, 0, 0},
    {"foreign PLEAD", SEAT_PLEAD_FOREIGN, ORG_UNIT02, ROLE_PLEAD, true, 0, 0},
    {"MLEAD", SEAT_MLEAD, ORG_UNIT03, ROLE_MLEAD, false, 0, 0},
    {"foreign MLEAD", SEAT_MLEAD_FOREIGN, ORG_UNIT02, ROLE_MLEAD, true, 0, 0},
    {"PLEAD at the measure's lead unit", SEAT_PLEAD_AT_MLEAD, ORG_UNIT03, ROLE_PLEAD, false, 0, 0},
    {"MLEAD at the problem's lead unit", SEAT_MLEAD_AT_PLEAD, ORG_UNIT01, ROLE_MLEAD, false, 0, 0},
    {"PART", SEAT_PART, ORG_UNIT04, ROLE_PART, false, 0, 0},
    {"foreign PART", SEAT_PART_FOREIGN, ORG_UNIT02, ROLE_PART, true, 0, 0},
    {"PLEAD at the participant", SEAT_PLEAD_AT_PART, ORG_UNIT04, ROLE_PLEAD, false, 0, 0},
    {"DISC", SEAT_DISC, ORG_DISC, ROLE_DISC, false, 0, 0},
    {"ORGD", SEAT_ORGD, ORG_ORGD, ROLE_ORGD, false, 0, 0},
    {"PUBL", SEAT_PUBL, ORG_OFFICE, ROLE_PUBL, false, 0, 0},
    {"AUDIT", SEAT_AUDIT, ORG_ADMIN, ROLE_AUDIT, false, 0, 0},
    {"ADMIN", SEAT_ADMIN, ORG_ADMIN, ROLE_ADMIN, false, 0, 0},
    {"GRANT", SEAT_GRANT, ORG_ADMIN, ROLE_GRANT, false, 0, 0},
    {"FILLER", SEAT_FILLER, ORG_UNIT01, ROLE_FILLER, false, 0, 0},
    {"foreign FILLER", SEAT_FILLER_FOREIGN, ORG_UNIT02, ROLE_FILLER, true, 0, 0},
    {"REVIEWER", SEAT_REVIEWER, ORG_UNIT01, ROLE_REVIEWER, false, 0, 0},
    {"foreign REVIEWER", SEAT_REVIEWER_FOREIGN, ORG_UNIT02, ROLE_REVIEWER, true, 0, 0},
    {"HEAD", SEAT_HEAD, ORG_UNIT01, ROLE_HEAD, false, 0, 0},
    {"foreign HEAD", SEAT_HEAD_FOREIGN, ORG_UNIT02, ROLE_HEAD, true, 0, 0},
    {"PLEAD and REVIEWER", SEAT_PLEAD_REVIEWER, ORG_UNIT01, ROLE_PLEAD | ROLE_REVIEWER, false, 0,
     0},
    {"OFFICE for the unit", SEAT_OFFICE, ORG_OFFICE, ROLE_OFFICE, false, ORG_UNIT01, 0},
    {"OFFICE for a foreign unit", SEAT_OFFICE, ORG_OFFICE, ROLE_OFFICE, true, ORG_UNIT02, 0},
    {"substitute of the OFFICE", SEAT_FOR_OFFICE, ORG_OFFICE, ROLE_OFFICE, false, 0, SEAT_OFFICE},
    {"substitute of the PLEAD", SEAT_FOR_PLEAD, ORG_UNIT01, ROLE_PLEAD, false, 0, SEAT_PLEAD},
};
enum { WALK_SEATS = sizeof walk_seats / sizeof walk_seats[0] };

/* Whom the calls of the seat are made for; NULL: for himself. */
HELPER const char *
walk_behalf(const struct walk_seat *seat)
{
    return seat->stands != 0   ? arena_printf(&slice_arena, "@seat%d", seat->stands)
           : seat->behalf != 0 ? walk_orgs[seat->behalf][0]
                               : NULL;
}

/* ---- the database put back ---- */

static PGconn *snapshot_conn;

HELPER PGresult *
snapshot_run(const char *sql)
{
    PGresult *r = PQexec(snapshot_conn, sql);
    ExecStatusType status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        fail_msg("%s\n%s", sql, PQerrorMessage(snapshot_conn));
    }
    return r;
}

HELPER void
snapshot_sql(const char *sql)
{
    PQclear(snapshot_run(sql));
}

HELPER void snapshot_sqlf(const char *format, ...) __attribute__((format(printf, 1, 2)));
HELPER void
snapshot_sqlf(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *sql = arena_vprintf(&slice_arena, format, args);
    va_end(args);
    assert_non_null(sql);
    snapshot_sql(sql);
}

/* The first column of the first row; "" without one. */
HELPER void
snapshot_text(char *ret_text, size_t size, const char *sql)
{
    PGresult *r = snapshot_run(sql);
    snprintf(ret_text, size, "%s", PQntuples(r) == 0 ? "" : PQgetvalue(r, 0, 0));
    PQclear(r);
}

HELPER void
snapshot_prepared(const char *name)
{
    PGresult *r = PQexecPrepared(snapshot_conn, name, 0, NULL, NULL, NULL, 0);
    if (PQresultStatus(r) != PGRES_COMMAND_OK) {
        fail_msg("%s: %s", name, PQerrorMessage(snapshot_conn));
    }
    PQclear(r);
}

enum { SNAPSHOT_TABLES_MAX = 128 };

/* Every table that is kept, with its columns but for the computed ones. */
static struct {
    char *name;
    char *columns;
} snapshot_kept[SNAPSHOT_TABLES_MAX];
static int snapshot_kept_count;

/* What comes and goes with every call is not of the world that is walked. */
static const char snapshot_tables[] =
    "SELECT c.relname, (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)"
    "  FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  AND a.attgenerated = '') FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'rectify' AND c.relkind = 'r' AND NOT c.relispartition"
    " AND c.relname NOT IN ('session', 'tenant', 'edge') AND c.relname NOT LIKE 'idempotency%'"
    " ORDER BY c.relname";

/* The copies, and the prepared statements over all tables. */
HELPER void
snapshot_prepare(void)
{
    PGresult *r = snapshot_run(snapshot_tables);
    char *all = arena_strdup(&slice_arena, "");
    snapshot_kept_count = PQntuples(r);
    assert_in_range(snapshot_kept_count, 1, SNAPSHOT_TABLES_MAX);
    for (int i = 0; i < snapshot_kept_count; i++) {
        const char *t = PQgetvalue(r, i, 0);
        snapshot_kept[i].name = strdup(t);
        snapshot_kept[i].columns = strdup(PQgetvalue(r, i, 1));
        snapshot_sqlf("CREATE TABLE walk.%s AS TABLE rectify.%s WITH NO DATA;"
                      "CREATE TABLE walk_start.%s AS TABLE rectify.%s WITH NO DATA",
                      t, t, t, t);
        all = arena_printf(&slice_arena,
                           "%s%s SELECT %d AS t, count(*) AS n,"
                           " coalesce(max(xmin::text::bigint), 0) AS x FROM rectify.%s",
                           all, i == 0 ? "" : " UNION ALL", i, t);
        assert_non_null(all);
    }
    PQclear(r);
    snapshot_sql("CREATE TABLE walk_mark (t integer PRIMARY KEY, n bigint, x bigint)");
    snapshot_sqlf("PREPARE snapshot_changed AS SELECT now.t FROM (%s) now JOIN walk_mark m"
                  " ON m.t = now.t WHERE (m.n, m.x) <> (now.n, now.x)",
                  all);
    snapshot_sqlf("PREPARE snapshot_mark AS INSERT INTO walk_mark SELECT * FROM (%s) now"
                  " ON CONFLICT (t) DO UPDATE SET n = EXCLUDED.n, x = EXCLUDED.x",
                  all);
}

HELPER void
snapshot_release(void)
{
    for (int i = 0; i < snapshot_kept_count; i++) {
        free(snapshot_kept[i].name);
        free(snapshot_kept[i].columns);
    }
    snapshot_kept_count = 0;
    PQfinish(snapshot_conn);
}

HELPER void
snapshot_copy(const char *from, const char *to, int i)
{
    const char *t = snapshot_kept[i].name;
    const char *columns = snapshot_kept[i].columns;
    snapshot_sqlf("DELETE FROM %s.%s; INSERT INTO %s.%s (%s) OVERRIDING SYSTEM VALUE"
                  " SELECT %s FROM %s.%s",
                  to, t, to, t, columns, columns, from, t);
}

HELPER void
snapshot_copy_all(const char *from, const char *to)
{
    for (int i = 0; i < snapshot_kept_count; i++) {
        snapshot_copy(from, to, i);
    }
    snapshot_prepared("snapshot_mark");
}

/* From now on this is what calls are put back to. */
HELPER void
snapshot_take(void)
{
    snapshot_copy_all("rectify", "walk");
}

/* The district as it was made. */
HELPER void
snapshot_back_to_start(void)
{
    snapshot_copy_all("walk_start", "rectify");
}

HELPER PGresult *
snapshot_changed(void)
{
    PGresult *r = PQexecPrepared(snapshot_conn, "snapshot_changed", 0, NULL, NULL, NULL, 0);
    if (PQresultStatus(r) != PGRES_TUPLES_OK) {
        fail_msg("%s", PQerrorMessage(snapshot_conn));
    }
    return r;
}

HELPER void
snapshot_restore(void)
{
    PGresult *r = snapshot_changed();
    for (int i = 0; i < PQntuples(r); i++) {
        snapshot_copy("walk", "rectify", (int)strtol(PQgetvalue(r, i, 0), NULL, 10));
    }
    PQclear(r);
    snapshot_prepared("snapshot_mark");
}

/* Whether the rows are others; a row written again as it was is the same. */
HELPER bool
snapshot_differs(int i)
{
    char text[16];
    const char *t = snapshot_kept[i].name;
    const char *columns = snapshot_kept[i].columns;
    char *sql = arena_printf(&slice_arena,
                             "SELECT 1 WHERE EXISTS (SELECT %s FROM rectify.%s EXCEPT"
                             " SELECT %s FROM walk.%s) OR EXISTS (SELECT %s FROM walk.%s EXCEPT"
                             " SELECT %s FROM rectify.%s)",
                             columns, t, columns, t, columns, t, columns, t);
    assert_non_null(sql);
    snapshot_text(text, sizeof text, sql);
    return text[0] != '\0';
}

/* Nothing but what was put back: a refused call wrote nothing anywhere. */
HELPER void
snapshot_expect_unchanged(void)
{
    PGresult *r = snapshot_changed();
    for (int i = 0; i < PQntuples(r); i++) {
        int t = (int)strtol(PQgetvalue(r, i, 0), NULL, 10);
        if (snapshot_differs(t)) {
            fail_msg("refused calls changed the table %s", snapshot_kept[t].name);
        }
    }
    PQclear(r);
}

/* ---- what events say was done, over the whole program ---- */

/* The steps of the events since the snapshot, of whatever machine. */
HELPER void
snapshot_note_changes(void)
{
    snapshot_sql("INSERT INTO walk_noted SELECT kind, coalesce(from_state, ''), command,"
                 " coalesce(to_state, '') FROM rectify.event_change e WHERE command IS NOT NULL"
                 " AND NOT EXISTS (SELECT FROM walk.event_change w WHERE w.event_id = e.event_id)"
                 " ON CONFLICT DO NOTHING");
}

HELPER bool
snapshot_noted(const char *machine, const char *from, const char *command, const char *to)
{
    char text[16];
    char sql[512];
    bool born = strcmp(from, "NONE") == 0;
    snprintf(sql, sizeof sql,
             "SELECT 1 FROM walk_noted WHERE kind = '%s' AND from_state IN ('%s', '%s')"
             " AND command = '%s' AND to_state = '%s'",
             machine, from, born ? "" : from, command, to);
    snapshot_text(text, sizeof text, sql);
    return text[0] != '\0';
}

/* ---- the district ---- */

HELPER void
walk_seed_rest(void)
{
    for (int org = ORG_DISC; org < ORG_END; org++) {
        slice_sql("INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version,"
                  " event_id) VALUES (1, '%s', '%s', '样例%s', '%s', %d, 1, '%s')",
                  slice_id(org), walk_orgs[org][0], walk_orgs[org][0], walk_orgs[org][1], org,
                  slice_id(1));
    }
    for (int i = 0; i < WALK_SEATS; i++) {
        const struct walk_seat *s = &walk_seats[i];
        if (s->behalf == 0) {
            slice_seed_person(s->account, arena_printf(&slice_arena, "seat%d", s->account), s->org,
                              s->stands != 0 ? ROLE_FILLER : s->roles);
        }
        if (s->stands != 0) {
            slice_sql("INSERT INTO rectify.seat (tenant, account, org, roles, substitute_for,"
                      " event_id) VALUES (1, '%s', '%s', %u, '%s', '%s')",
                      slice_id(s->account), slice_id(s->org), s->roles, slice_id(s->stands),
                      slice_id(1));
        }
    }
    snapshot_sqlf("UPDATE rectify.measure SET lead_org = '%s' WHERE id = '%s';"
                  "INSERT INTO rectify.participant (tenant, measure, org) VALUES (1, '%s', '%s');"
                  "INSERT INTO rectify.access (tenant, measure, org, problem)"
                  " VALUES (1, '%s', '%s', '%s'), (1, '%s', '%s', '%s')",
                  slice_id(ORG_UNIT03), slice_id(61), slice_id(61), slice_id(ORG_UNIT04),
                  slice_id(61), slice_id(ORG_UNIT03), slice_id(51), slice_id(61),
                  slice_id(ORG_UNIT04), slice_id(51));
    for (int id = WORKFLOW_MEASURE; id < WORKFLOW_COUNT; id++) {
        snapshot_sqlf("INSERT INTO rectify.matter_counter (tenant, kind, last) VALUES (1, '%s', 0)",
                      workflow_machine((enum workflow_id)id)->code);
    }
    /* A photograph that proves it. */
    const char *file = slice_file(201, ORG_UNIT01, PB__EVIDENCE_KIND__PHOTO);
    snapshot_sqlf("INSERT INTO rectify.evidence_link (tenant, measure, evidence, round, linked_ms,"
                  " event_id) VALUES (1, '%s', '%s', 1, 0, '%s')",
                  slice_id(61), file, slice_id(1));
}

HELPER int
walk_open(void **state)
{
    (void)state;
    arena_init(&slice_arena, SLICE_ARENA_BYTES);
    clock_fake_init(&slice_clock, 0);
    slice_day("2026-11-10");
    test_db_reset();
    snapshot_conn = PQconnectdb(test_db_conninfo("postgres"));
    assert_int_equal(PQstatus(snapshot_conn), CONNECTION_OK);
    snapshot_sql("SET session_replication_role = replica; SET client_min_messages = warning;"
                 "CREATE SCHEMA walk; CREATE SCHEMA walk_start;"
                 "CREATE TABLE walk_noted (kind text, from_state text, command text,"
                 " to_state text, PRIMARY KEY (kind, from_state, command, to_state))");
    slice_seed();
    walk_seed_rest();
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 1,
        .slow_threads = 1,
        .clock = &slice_clock.clock,
        .server_version = "test",
    };
    struct fault fault = {0};
    config.tables = handler_tables(&config.table_count);
    if (dispatch_start(&config, &slice_door, &fault) != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
        return -1;
    }
    snapshot_prepare();
    snapshot_copy_all("rectify", "walk_start");
    return 0;
}

HELPER int
walk_close(void **state)
{
    snapshot_release();
    return slice_tear_down(state);
}

/* ---- what requests say ---- */

#define WALK_REASON slice_text("样例理由")
#define WALK_REASON_CODE slice_text("OTHER")

#endif
