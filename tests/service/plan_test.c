/* PlanService through the door: the plan table onto the notice's measures, and its approval. */
#include "proto/rpc/wirecheck.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "rectify/v1/plan.pb-c.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ORGS_MAX = 64 };

static struct person office;
static struct person group;
static struct person unit01;
static char *notice;
static size_t notice_size;
static char *plan;
static size_t plan_size;

#define HEAD                                                                                               \
    "措施编号,牵头区领导,问题牵头单位,牵头单位,参与单位,整改目标,整改类型," \
    "取得明显成效时限,整改落实到位时限\n"

static void
sample_orgs(void)
{
    size_t size = 0;
    char *rest = district_file("deploy/sample/orgs.csv", &size);
    static Pb__Org orgs[ORGS_MAX];
    static Pb__Org *list[ORGS_MAX];
    Pb__ImportOrgsRequest r = PB__IMPORT_ORGS_REQUEST__INIT;
    (void)strsep(&rest, "\n");
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != '\0';
         line = strsep(&rest, "\n")) {
        assert_true(r.n_orgs < ORGS_MAX);
        Pb__Org *org = &orgs[r.n_orgs];
        pb__org__init(org);
        org->code = strsep(&line, ",");
        org->name = strsep(&line, ",");
        org->kind = strsep(&line, ",");
        org->parent_code = strsep(&line, ",");
        org->has_sort_order = 1;
        org->sort_order = (int32_t)strtol(strsep(&line, ","), NULL, 10);
        list[r.n_orgs++] = org;
    }
    r.orgs = list;
    (void)district_ok(&district.admin, "OrgService/ImportOrgs", &r.base,
                      &pb__import_orgs_reply__descriptor);
}

static void
sample_plan(void)
{
    char *script =
        arena_printf(&district.arena, "%s/deploy/sample/make-plan", getenv("SOURCE_DIR"));
    char *path = arena_printf(&district.arena, "%s/plan.csv", test_dir());
    char *argv[] = {district_text("bash"), script, district_text("2026-11-10"), NULL};
    posix_spawn_file_actions_t actions;
    pid_t child = 0;
    int end = -1;
    assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
    assert_int_equal(posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, path,
                                                      O_WRONLY | O_CREAT | O_TRUNC, 0600),
                     0);
    assert_int_equal(posix_spawnp(&child, "bash", &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_int_equal(end, 0);
    plan = district_file(path, &plan_size);
}

static const void *
create(const char *code)
{
    char *bodies[] = {district_text("样例区委")};
    Pb__CreateInspectionRequest r = PB__CREATE_INSPECTION_REQUEST__INIT;
    r.code = district_text(code);
    r.name = district_text("样例巡视");
    r.bodies = bodies;
    r.n_bodies = 1;
    return district_ok(&office, "InspectionService/CreateInspection", &r.base,
                       &pb__inspection__descriptor);
}

static const Pb__CallReply *
send_notice(const char *inspection, const char *bytes, size_t size)
{
    Pb__ImportNoticeRequest r = PB__IMPORT_NOTICE_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)bytes;
    r.content.len = size;
    return district_call(&office, "InspectionService/ImportNotice", &r.base);
}

static const Pb__CallReply *
send_plan(const char *method, const char *inspection, const char *bytes, size_t size)
{
    Pb__ImportPlanRequest r = PB__IMPORT_PLAN_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)bytes;
    r.content.len = size;
    return district_call(&office, method, &r.base);
}

static const Pb__ImportPlanReply *
import(const char *inspection, const char *bytes, size_t size)
{
    return district_read(send_plan("PlanService/ImportPlan", inspection, bytes, size),
                         &pb__import_plan_reply__descriptor);
}

static const Pb__Status *
import_refused(const char *inspection, const char *text, enum status code, const char *reason)
{
    long events = district_number("SELECT count(*) FROM rectify.event");
    const Pb__CallReply *reply =
        send_plan("PlanService/ImportPlan", inspection, text, strlen(text));
    district_expect(reply, code, reason);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    return reply->status;
}

static const Pb__CallReply *
approve(const struct person *who, const char *inspection)
{
    Pb__ApprovePlanRequest r = PB__APPROVE_PLAN_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.opinion = district_text("样例：同意。");
    return district_call(who, "PlanService/ApprovePlan", &r.base);
}

static const char notice_small[] = "二、整改落实情况\n"
                                   "（一）样例甲。\n1.关于“甲一”问题的整改。\n"
                                   "一是样例措施。\n二是样例措施二。\n";

static void
small(const char *code)
{
    create(code);
    district_expect(send_notice(code, notice_small, strlen(notice_small)), STATUS_OK, NULL);
}

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    sample_orgs();
    sample_plan();
    office = district_person("office", "office", "OFFICE", 2);
    group = district_person("group", "lgroup", "LGROUP", 3);
    unit01 = district_person("unit01", "unit01", "PLEAD", 4);
    notice = district_file("deploy/sample/notice-2020-04-27.txt", &notice_size);
    create("INS1");
    district_expect(send_notice("INS1", notice, notice_size), STATUS_OK, NULL);
    return 0;
}

static void
an_incomplete_plan_says_what_it_lacks(void **state)
{
    (void)state;
    const Pb__CallReply *reply = approve(&group, "INS1");
    district_expect(reply, STATUS_FAILED_PRECONDITION, "PLAN_INCOMPLETE");
    const char *m = reply->status->message;
    assert_non_null(strstr(m, "102 条"));
    assert_non_null(strstr(m, "P-01-M-01 缺牵头区领导、牵头单位、问题牵头单位、整改目标"));
    assert_non_null(strstr(m, "落实到位时限"));
    assert_non_null(strstr(m, "……"));
    create("EMPTY");
    district_expect(approve(&group, "EMPTY"), STATUS_FAILED_PRECONDITION, "PLAN_EMPTY");
    district_expect(approve(&group, "NONE"), STATUS_NOT_FOUND, "INSPECTION_UNKNOWN");
}

static void
the_sample_plan_completes_the_notice(void **state)
{
    (void)state;
    const Pb__ImportPlanReply *preview =
        district_read(send_plan("PlanService/PreviewPlan", "INS1", plan, plan_size),
                      &pb__import_plan_reply__descriptor);
    assert_int_equal(preview->rows, 102);
    assert_int_equal(preview->updated, 102);
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.measure WHERE lead_org IS NOT NULL"), 0);

    const Pb__ImportPlanReply *reply = import("INS1", plan, plan_size);
    assert_int_equal(reply->rows, 102);
    assert_int_equal(reply->updated, 102);
    assert_int_equal(reply->added, 0);
    assert_int_equal(district_number("SELECT count(DISTINCT p.lead_org) FROM rectify.problem p"
                                     " WHERE p.inspection = (SELECT id FROM rectify.inspection"
                                     "                        WHERE code = 'INS1')"),
                     18);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure WHERE leader_org IS NULL"
                                     " OR lead_org IS NULL OR target = '' OR class = 0"),
                     0);
    /* 立行立改 has one deadline, every other class two. */
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure m WHERE"
                                     " (SELECT count(*) FROM rectify.milestone s"
                                     "   WHERE s.measure = m.id AND s.current_due IS NOT NULL)"
                                     " <> CASE WHEN m.class = 1 THEN 1 ELSE 2 END"),
                     0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure m WHERE NOT EXISTS"
                                     " (SELECT 1 FROM rectify.event_change c WHERE c.thing = m.id"
                                     "  AND c.version = m.version)"),
                     0);
    long events = district_number("SELECT count(*) FROM rectify.event");
    reply = import("INS1", plan, plan_size);
    assert_int_equal(reply->unchanged, 102);
    assert_int_equal(reply->added + reply->updated, 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    /* The notice once more takes nothing of the plan away. */
    district_expect(send_notice("INS1", notice, notice_size), STATUS_OK, NULL);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
}

static void
unknown_units_are_named_with_their_row(void **state)
{
    (void)state;
    small("INS-U");
    const Pb__Status *s = import_refused("INS-U",
                                         HEAD "P-01-M-01,样例区领导一,没有的局,样例单位01,"
                                              "也没有的局,目标,限期整改,2026-12-01,2026-12-31\n",
                                         STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "第 2 行"));
    assert_non_null(strstr(s->message, "没有的局"));
    assert_non_null(strstr(s->message, "也没有的局"));
    assert_string_equal(s->violations[0]->field, "content");
    s = import_refused("INS-U", HEAD "P-01-M-01,,,,,,,不是日期,2026-12-31\n",
                       STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "不是日期"));
    import_refused("INS-U", "甲,乙\n1,2\n", STATUS_INVALID_ARGUMENT, "PLAN_COLUMNS_MISSING");
    import_refused("INS-U", HEAD "P-01-M-01,,,,,机密★5年,,,2026-12-31\n",
                   STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    import_refused("NONE", HEAD, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN");
    /* A new row without its wording. */
    s = import_refused("INS-U", HEAD "P-01-M-09,,,,,目标,,,2026-12-31\n", STATUS_INVALID_ARGUMENT,
                       "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "P-01-M-09"));
}

static void
a_name_of_two_units_names_neither(void **state)
{
    (void)state;
    district_org("twin1", "样例同名局", "UNIT");
    district_org("twin2", "样例同名局", "UNIT");
    small("INS-T");
    const Pb__Status *s = import_refused("INS-T", HEAD "P-01-M-01,,样例同名局,,,,,,2026-12-31\n",
                                         STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "代码"));
    import("INS-T", HEAD "P-01-M-01,,twin2,,,,,,2026-12-31\n",
           strlen(HEAD "P-01-M-01,,twin2,,,,,,2026-12-31\n"));
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p JOIN rectify.org o"
                                     " ON o.id = p.lead_org WHERE o.code = 'twin2'"),
                     1);
}

static void
a_class_may_change_while_it_is_a_draft(void **state)
{
    (void)state;
    small("INS-C");
    static const char timed[] = HEAD "P-01-M-01,,unit01,unit02,,目标,限期整改,2026-12-01,"
                                     "2026-12-31\n";
    static const char now[] = HEAD "P-01-M-01,,,,,,立行立改,,2026-11-20\n";
    import("INS-C", timed, strlen(timed));
    import("INS-C", now, strlen(now));
    assert_int_equal(district_number("SELECT count(*) FROM rectify.milestone s"
                                     " JOIN rectify.measure m ON m.id = s.measure"
                                     " JOIN rectify.inspection i ON i.id = m.inspection"
                                     " WHERE i.code = 'INS-C' AND s.current_due IS NOT NULL"
                                     " AND (s.kind, s.current_due, s.original_due)"
                                     " = (2, '2026-11-20', '2026-11-20')"),
                     1);
    import("INS-C", timed, strlen(timed));
    assert_int_equal(district_number("SELECT count(*) FROM rectify.milestone s"
                                     " JOIN rectify.measure m ON m.id = s.measure"
                                     " JOIN rectify.inspection i ON i.id = m.inspection"
                                     " WHERE i.code = 'INS-C' AND s.current_due IS NOT NULL"),
                     2);
}

/* Where numbers restart, the title tells which problem a row means. */
static void
rows_find_their_problem_by_title_where_numbers_restart(void **state)
{
    (void)state;
    static const char text[] = "二、整改落实情况\n"
                               "（一）样例甲。\n1.关于“甲一”问题的整改。\n一是样例措施甲一。\n"
                               "2.关于“甲二”问题的整改。\n一是样例措施甲二。\n"
                               "（二）样例乙。\n1.关于“乙一”问题的整改。\n一是样例措施乙一。\n";
    static const char table[] = "问题序号,问题,措施序号,整改目标\n"
                                "1,甲一,1,目标甲一\n2,甲二,1,目标甲二\n1,乙一,1,目标乙一\n";
    create("INS-R");
    district_expect(send_notice("INS-R", text, strlen(text)), STATUS_OK, NULL);
    const Pb__ImportPlanReply *reply = import("INS-R", table, strlen(table));
    assert_int_equal(reply->added, 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure m"
                                     " JOIN rectify.problem p ON p.id = m.problem"
                                     " JOIN rectify.inspection i ON i.id = m.inspection"
                                     " WHERE i.code = 'INS-R' AND m.target = '目标' || p.title"),
                     3);
    /* A problem the notice does not have gets a number nobody has. */
    static const char more[] = "问题,整改措施,整改目标\n新问题,新措施。,新目标\n";
    reply = import("INS-R", more, strlen(more));
    assert_int_equal(reply->added, 1);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p"
                                     " JOIN rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'INS-R' AND p.title = '新问题'"
                                     " AND p.ref = 'P-04'"),
                     1);
}

/* ---- approval ---- */

static void
count_kick(void *ctx)
{
    atomic_fetch_add((atomic_int *)ctx, 1);
}

/* An approval makes obligations due: the clock is told at once, after the COMMIT, and only then. */
static atomic_int kicks;

static void
only_the_group_approves(void **state)
{
    (void)state;
    dispatch_on_due(district.door, count_kick, &kicks);
    district_expect(approve(&office, "INS1"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_expect(approve(&unit01, "INS1"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_expect(approve(&district.admin, "INS1"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    Pb__ApprovePlanRequest r = PB__APPROVE_PLAN_REQUEST__INIT;
    r.inspection = district_text("INS1");
    r.opinion = district_text("绝密★ 同意");
    district_refused(&group, "PlanService/ApprovePlan", &r.base, STATUS_FAILED_PRECONDITION,
                     "SECRET_MARK");
}

static void
an_approved_plan_is_frozen(void **state)
{
    (void)state;
    assert_int_equal(atomic_load(&kicks), 0); /* what was refused makes nothing due */
    const Pb__ApprovePlanReply *reply =
        district_read(approve(&group, "INS1"), &pb__approve_plan_reply__descriptor);
    assert_int_equal(atomic_load(&kicks), 1);
    dispatch_on_due(district.door, NULL, NULL);
    assert_int_equal(reply->plan_version, 1);
    assert_int_equal(reply->items, 15);
    assert_int_equal(reply->problems, 47);
    assert_int_equal(reply->measures, 102);
    assert_int_equal(strlen(reply->sha256), 64);
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.plan_version WHERE encode(sha256, 'hex')"
                        " = '%s' AND opinion = '样例：同意。'",
                        reply->sha256),
        1);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.measure m JOIN"
                                     " rectify.plan_measure p ON p.measure = m.id AND"
                                     " p.measure_version = m.version WHERE m.state = 'ASSIGNED'"
                                     " AND m.assigned_ms IS NOT NULL"),
                     102);
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.problem WHERE state = 'RECTIFYING'"), 47);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.inspection WHERE code = 'INS1'"
                                     " AND plan_state = 'APPROVED' AND first_period = '2026-11'"),
                     1);
    /* Every row that changed has its version in the log, the inspection's too. */
    assert_int_equal(
        district_number("SELECT count(*) FROM (SELECT id, version FROM rectify.measure UNION ALL"
                        " SELECT id, version FROM rectify.problem UNION ALL"
                        " SELECT id, version FROM rectify.inspection) x WHERE NOT EXISTS"
                        " (SELECT 1 FROM rectify.event_change c WHERE c.thing = x.id"
                        "  AND c.version = x.version)"),
        0);
    district_expect(approve(&group, "INS1"), STATUS_FAILED_PRECONDITION, "PLAN_FROZEN");
    district_expect(send_plan("PlanService/ImportPlan", "INS1", plan, plan_size),
                    STATUS_FAILED_PRECONDITION, "PLAN_FROZEN");
    district_expect(send_plan("PlanService/PreviewPlan", "INS1", plan, plan_size),
                    STATUS_FAILED_PRECONDITION, "PLAN_FROZEN");
    district_expect(send_notice("INS1", notice, notice_size), STATUS_FAILED_PRECONDITION,
                    "PLAN_FROZEN");
}

static void
everybody_gets_access_to_exactly_his(void **state)
{
    (void)state;
    /* Nobody too many, nobody missing, against the plan's own columns. */
    static const char expected[] =
        "SELECT m.id AS measure, unnest(ARRAY[m.lead_org, m.leader_org, p.lead_org, p.sgroup_org]"
        "  || ARRAY(SELECT a.org FROM rectify.participant a WHERE a.measure = m.id)) AS org"
        " FROM rectify.measure m JOIN rectify.problem p ON p.id = m.problem"
        " WHERE m.state = 'ASSIGNED'";
    assert_int_equal(district_number("SELECT count(*) FROM ((%s) EXCEPT"
                                     " SELECT measure, org FROM rectify.access) x",
                                     expected),
                     0);
    assert_int_equal(district_number("SELECT count(*) FROM (SELECT measure, org FROM rectify.access"
                                     " EXCEPT (%s)) x",
                                     expected),
                     0);
    /* Row-level security gives a unit these rows and no others. */
    char *sql = arena_printf(
        &district.arena,
        "SELECT set_config('rectify.tenant', '1', false), set_config('rectify.all', '', false),"
        " set_config('rectify.orgs', (SELECT '{' || id || '}' FROM rectify.org"
        "  WHERE code = 'unit01'), false)");
    PGconn *conn = PQconnectdb(test_db_conninfo("rectify_app"));
    PQclear(PQexec(conn, "SELECT set_config('rectify.tenant', '1', false)"));
    PQclear(PQexec(conn, sql));
    PGresult *r = PQexec(conn, "SELECT count(*) FROM rectify.measure");
    assert_int_equal(PQntuples(r), 1);
    long seen = strtol(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(conn);
    assert_true(seen > 0 && seen < 102);
    assert_int_equal(
        district_number("SELECT count(*) FROM rectify.access a JOIN rectify.org o ON o.id = a.org"
                        " WHERE o.code = 'unit01'"),
        seen);
    /* And so does the door. */
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    const Pb__ListMeasuresReply *mine = district_ok(
        &unit01, "MeasureService/ListMeasures", &list.base, &pb__list_measures_reply__descriptor);
    assert_int_equal(mine->n_measures, seen);
}

static const char *
approved_hash(const char *code, const char *notice_text, const char *table)
{
    create(code);
    district_expect(send_notice(code, notice_text, strlen(notice_text)), STATUS_OK, NULL);
    import(code, table, strlen(table));
    const Pb__ApprovePlanReply *reply =
        district_read(approve(&group, code), &pb__approve_plan_reply__descriptor);
    return reply->sha256;
}

static void
the_hash_is_of_the_content(void **state)
{
    (void)state;
#define ROWS(target, participants, due)                                                            \
    HEAD "P-01-M-01,leader01,unit01,unit01," participants "," target ",限期整改,2026-12-01," due   \
         "\nP-01-M-02,leader01,unit01,unit02,无,目标,立行立改,,2026-11-20\n"
    static const char base[] = ROWS("目标", "unit03", "2026-12-31");
    const char *first = approved_hash("H1", notice_small, base);
    assert_string_equal(approved_hash("H2", notice_small, base), first);
    assert_string_not_equal(
        approved_hash("H3", notice_small, ROWS("目标二", "unit03", "2026-12-31")), first);
    assert_string_not_equal(approved_hash("H4", notice_small, ROWS("目标", "unit04", "2026-12-31")),
                            first);
    assert_string_not_equal(approved_hash("H5", notice_small, ROWS("目标", "unit03", "2026-12-30")),
                            first);
    /* What has no measure of its own belongs to the plan too. */
    char *more = arena_printf(&district.arena, "%s2.关于“甲二”问题的整改。\n", notice_small);
    assert_string_not_equal(approved_hash("H6", more, base), first);
}

/* ---- columns that a plan may have beside ---- */

#define WIDE                                                                                                                   \
    "措施编号,问题序号,问题,措施序号,整改措施,问题来源,目标节点,牵头区领导,问题牵头单位," \
    "牵头单位,参与单位,整改目标,整改类型,取得明显成效时限,整改落实到位时限\n"
#define FIRST(origin, nodes)                                                                       \
    "P-01-M-01,1,,1,," origin "," nodes                                                            \
    ",leader01,unit01,unit01,无,目标,限期整改,2026-12-01,2026-12-31\n"                      \
    "P-01-M-02,1,,2,,,,leader01,unit01,unit02,无,目标,立行立改,,2026-11-20\n"
#define FOUND(origin)                                                                              \
    ",2,样例自查问题,1,样例措施三," origin ",,leader01,unit01,unit01,无,目标,立行立改,,"    \
    "2026-11-20\n"

/* What the unit found itself is in the plan, and not in the denominator. */
static void
the_origin_is_a_column(void **state)
{
    (void)state;
    small("INS-O");
    const Pb__Status *s = import_refused("INS-O", WIDE FIRST("", "") FOUND("梦见"),
                                         STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "梦见"));
    assert_non_null(strstr(s->message, "第 4 行"));
    /* What came with the feedback stays so. */
    s = import_refused("INS-O", WIDE FIRST("群众反映", "") FOUND("自查发现"),
                       STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "P-01"));
    /* One problem, two origins. */
    s = import_refused("INS-O", WIDE FIRST("", "") FOUND("自查发现") FOUND("群众反映"),
                       STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    assert_non_null(strstr(s->message, "P-02"));
    static const char good[] = WIDE FIRST("巡视反馈", "") FOUND("自查发现");
    import("INS-O", good, strlen(good));
    assert_int_equal(import("INS-O", good, strlen(good))->unchanged, 3);
    import_refused("INS-O", WIDE FOUND("信访"), STATUS_INVALID_ARGUMENT, "PLAN_TABLE_FAULTS");
    const Pb__ApprovePlanReply *a =
        district_read(approve(&group, "INS-O"), &pb__approve_plan_reply__descriptor);
    assert_int_equal(a->problems, 1);
    assert_int_equal(a->other_problems, 1);
    assert_int_equal(a->measures, 3);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p JOIN"
                                     " rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'INS-O' AND p.origin = 'SELF'"),
                     1);
}

static long
nodes_of(const char *inspection, const char *where)
{
    return district_number("SELECT count(*) FROM rectify.milestone_node n JOIN rectify.measure m"
                           " ON m.id = n.measure JOIN rectify.inspection i ON i.id = m.inspection"
                           " WHERE i.code = '%s' AND %s",
                           inspection, where);
}

static void
nodes_are_a_column(void **state)
{
    (void)state;
    small("INS-N");
    static const char two[] = WIDE FIRST("", "\"2026年11月底完成方案；2026年12月10日前清理完毕\"");
    import("INS-N", two, strlen(two));
    assert_int_equal(nodes_of("INS-N", "n.dropped_ms IS NULL"), 2);
    assert_int_equal(nodes_of("INS-N", "n.no = 1 AND n.due = '2026-11-30'"), 1);
    assert_int_equal(nodes_of("INS-N", "n.no = 2 AND n.due = '2026-12-10'"), 1);
    long events = district_number("SELECT count(*) FROM rectify.event");
    assert_int_equal(import("INS-N", two, strlen(two))->updated, 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    /* An empty cell leaves what stands; another list takes its place. */
    static const char none[] = WIDE FIRST("", "");
    import("INS-N", none, strlen(none));
    assert_int_equal(nodes_of("INS-N", "n.dropped_ms IS NULL"), 2);
    static const char one[] = WIDE FIRST("", "2026年12月15日前清理完毕");
    assert_int_equal(import("INS-N", one, strlen(one))->updated, 1);
    assert_int_equal(nodes_of("INS-N", "n.dropped_ms IS NULL AND n.due = '2026-12-15'"), 1);
    assert_int_equal(nodes_of("INS-N", "n.dropped_ms IS NOT NULL AND n.due IS NULL"), 1);
    import("INS-N", two, strlen(two));
    assert_int_equal(nodes_of("INS-N", "n.dropped_ms IS NULL"), 2);
    /* They are part of what is approved. */
    const char *with =
        district_text(((const Pb__ApprovePlanReply *)district_read(
                           approve(&group, "INS-N"), &pb__approve_plan_reply__descriptor))
                          ->sha256);
    small("INS-N2");
    import("INS-N2", none, strlen(none));
    const Pb__ApprovePlanReply *without =
        district_read(approve(&group, "INS-N2"), &pb__approve_plan_reply__descriptor);
    assert_string_not_equal(without->sha256, with);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_incomplete_plan_says_what_it_lacks),
        cmocka_unit_test(the_sample_plan_completes_the_notice),
        cmocka_unit_test(only_the_group_approves),
        cmocka_unit_test(an_approved_plan_is_frozen),
        cmocka_unit_test(everybody_gets_access_to_exactly_his),
        cmocka_unit_test(unknown_units_are_named_with_their_row),
        cmocka_unit_test(a_name_of_two_units_names_neither),
        cmocka_unit_test(a_class_may_change_while_it_is_a_draft),
        cmocka_unit_test(rows_find_their_problem_by_title_where_numbers_restart),
        cmocka_unit_test(the_hash_is_of_the_content),
        cmocka_unit_test(the_origin_is_a_column),
        cmocka_unit_test(nodes_are_a_column),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
