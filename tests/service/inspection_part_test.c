/* What an inspection consists of, through the door: its own dates, plan documents, several bodies;
 * several inspections side by side and links between them; problems of other origins; dated nodes
 * of a measure; and that a joint review is of exactly this draft, nodes included. */
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "rectify/v1/plan.pb-c.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"
#include "tests/support/racer.h"

#include <stdio.h>
#include <string.h>

static struct person office;
static struct person group;
static struct person unit01;
static struct person unit02;
static struct person disc;
static struct person sg1;
static int64_t expected; /* expected_version of the next call; 0: none */

static const char notice[] = "二、整改落实情况\n"
                             "（一）样例甲。\n1.关于“甲一”问题的整改。\n"
                             "一是样例措施。\n二是样例措施二。\n"
                             "2.关于“甲二”问题的整改。\n一是样例措施三。\n";
static const char plan[] =
    "措施编号,牵头区领导,问题牵头单位,牵头单位,参与单位,整改目标,整改类型,"
    "取得明显成效时限,整改落实到位时限\n"
    "P-01-M-01,leader01,unit01,unit01,无,目标,限期整改,2026-12-01,2026-12-31\n"
    "P-01-M-02,leader01,unit01,unit01,无,目标,立行立改,,2026-11-20\n"
    "P-02-M-01,leader01,unit02,unit02,无,目标,立行立改,,2026-11-20\n";

/* ---- calls ---- */

static const Pb__CallReply *
call(const struct person *p, const char *method, const ProtobufCMessage *request)
{
    Pb__CallRequest *e = district_envelope(p, method, request);
    if (expected != 0) {
        e->has_expected_version = 1;
        e->expected_version = expected;
        district_sign(e, &p->key);
        expected = 0;
    }
    return district_send(e);
}

static void
create(const char *code, size_t bodies, const char *feedback)
{
    char *names[] = {district_text("样例区委"), district_text("样例经开区党工委")};
    Pb__CreateInspectionRequest r = PB__CREATE_INSPECTION_REQUEST__INIT;
    r.code = district_text(code);
    r.name = district_text("样例巡视");
    r.bodies = names;
    r.n_bodies = bodies;
    r.feedback_date = district_text(feedback);
    (void)district_ok(&office, "InspectionService/CreateInspection", &r.base,
                      &pb__inspection__descriptor);
}

static const Pb__CallReply *
send_notice(const char *inspection, const char *text, const char *document, int32_t body_no)
{
    Pb__ImportNoticeRequest r = PB__IMPORT_NOTICE_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)text;
    r.content.len = strlen(text);
    r.document = district_text(document);
    r.has_body_no = body_no != 0;
    r.body_no = body_no;
    return call(&office, "InspectionService/ImportNotice", &r.base);
}

static const Pb__CallReply *
send_plan(const char *inspection, const char *text)
{
    Pb__ImportPlanRequest r = PB__IMPORT_PLAN_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.has_content = 1;
    r.content.data = (uint8_t *)(uintptr_t)text;
    r.content.len = strlen(text);
    return call(&office, "PlanService/ImportPlan", &r.base);
}

static void
draft(const char *inspection, size_t bodies)
{
    create(inspection, bodies, "2026-10-30");
    district_expect(send_notice(inspection, notice, NULL, 0), STATUS_OK, NULL);
    district_expect(send_plan(inspection, plan), STATUS_OK, NULL);
}

static const Pb__CallReply *
approve(const char *inspection, const char *sha256)
{
    Pb__ApprovePlanRequest r = PB__APPROVE_PLAN_REQUEST__INIT;
    r.inspection = district_text(inspection);
    r.sha256 = district_text(sha256);
    return call(&group, "PlanService/ApprovePlan", &r.base);
}

static const Pb__GetInspectionReply *
inspection(const struct person *p, const char *code)
{
    Pb__InspectionRequest r = PB__INSPECTION_REQUEST__INIT;
    r.inspection = district_text(code);
    return district_ok(p, "InspectionService/GetInspection", &r.base,
                       &pb__get_inspection_reply__descriptor);
}

static int
set_up(void **state)
{
    static const char *const orgs[][3] = {
        {"office", "样例办公室", "OFFICE"},   {"lgroup", "样例领导小组", "LGROUP"},
        {"leader01", "样例区领导", "LEADER"}, {"sg1", "样例专项小组", "SGROUP"},
        {"disc", "样例纪委监委", "DISC"},     {"unit01", "样例一局", "UNIT"},
        {"unit02", "样例二局", "UNIT"},
    };
    if (district_open(state) != 0) {
        return -1;
    }
    for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++) {
        district_org(orgs[i][0], orgs[i][1], orgs[i][2]);
    }
    office = district_person("office", "office", "OFFICE", 2);
    group = district_person("group", "lgroup", "LGROUP", 3);
    unit01 = district_person("unit01", "unit01", "PLEAD", 4);
    unit02 = district_person("unit02", "unit02", "PLEAD", 5);
    disc = district_person("disc", "disc", "DISC", 6);
    sg1 = district_person("sg1", "sg1", "SGROUP", 7);
    return 0;
}

/* ---- the inspection's own dates ---- */

static const Pb__CallReply *
set_date(const struct person *p, const char *code, const char *kind, const char *planned,
         int32_t months, const char *held)
{
    Pb__InspectionDate r = PB__INSPECTION_DATE__INIT;
    r.inspection = district_text(code);
    r.kind = district_text(kind);
    r.planned_on = district_text(planned);
    r.has_months = months != 0;
    r.months = months;
    r.held_on = district_text(held);
    return call(p, "InspectionService/SetInspectionDate", &r.base);
}

static void
dates_are_planned_counted_and_held(void **state)
{
    (void)state;
    create("D1", 1, "2026-08-31");
    create("D2", 1, NULL);
    static const char *const kinds[] = {"PLAN_APPROVED", "INNER_NOTICE", "DEMOCRATIC_LIFE",
                                        "HEARING",       "PUBLICATION",  "CONCENTRATED_END",
                                        "REPORT_DUE",    "NEXT_CHECK",   "OTHER"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        district_expect(set_date(&office, "D1", kinds[i], "2026-12-15", 0, NULL), STATUS_OK, NULL);
    }
    /* A duration counts from the feedback; a month that is too short ends it. */
    const Pb__InspectionDate *d =
        district_read(set_date(&office, "D1", "CONCENTRATED_END", NULL, 6, NULL),
                      &pb__inspection_date__descriptor);
    assert_string_equal(d->planned_on, "2027-02-28");
    assert_int_equal(d->months, 6);
    assert_int_equal(d->version, 2);
    /* Another planned day takes the duration's place. */
    d = district_read(set_date(&office, "D1", "CONCENTRATED_END", "2027-03-01", 0, NULL),
                      &pb__inspection_date__descriptor);
    assert_false(d->has_months);
    d = district_read(set_date(&office, "D1", "DEMOCRATIC_LIFE", "2026-11-09", 0, NULL),
                      &pb__inspection_date__descriptor);
    assert_int_equal(d->light, PB__LIGHT__OVERDUE);
    assert_int_equal(d->days_left, -1);
    d = district_read(set_date(&office, "D1", "DEMOCRATIC_LIFE", NULL, 0, "2026-11-10"),
                      &pb__inspection_date__descriptor);
    assert_string_equal(d->planned_on, "2026-11-09");
    assert_string_equal(d->held_on, "2026-11-10");
    assert_false(d->has_days_left);
    assert_int_equal(d->light, PB__LIGHT__LIGHT_UNSPECIFIED);
    assert_string_equal(d->kind_zh, "专题民主生活会");
    /* By day, for everybody; the other inspection has none. */
    Pb__InspectionRequest r = PB__INSPECTION_REQUEST__INIT;
    r.inspection = district_text("D1");
    const Pb__ListInspectionDatesReply *list =
        district_ok(&unit01, "InspectionService/ListInspectionDates", &r.base,
                    &pb__list_inspection_dates_reply__descriptor);
    assert_int_equal(list->n_dates, 9);
    for (size_t i = 1; i < list->n_dates; i++) {
        assert_true(strcmp(list->dates[i - 1]->planned_on, list->dates[i]->planned_on) <= 0);
    }
    assert_int_equal(inspection(&office, "D1")->n_dates, 9);
    assert_int_equal(inspection(&office, "D2")->n_dates, 0);
}

static void
wrong_dates_say_what_is_wrong(void **state)
{
    (void)state;
    create("D3", 1, NULL);
    long events = district_number("SELECT count(*) FROM rectify.event");
    static const struct {
        const char *code, *kind, *planned;
        int32_t months;
        const char *held;
        enum status status;
        const char *reason;
    } cases[] = {
        {"D3", "PARTY", "2026-12-01", 0, NULL, STATUS_INVALID_ARGUMENT, "DATE_KIND"},
        {"D3", "HEARING", NULL, 0, NULL, STATUS_INVALID_ARGUMENT, "DATE_EMPTY"},
        {"D3", "HEARING", NULL, 0, "2026-11-11", STATUS_INVALID_ARGUMENT, "DATE_FUTURE"},
        {"D3", "HEARING", "2026-13-01", 0, NULL, STATUS_INVALID_ARGUMENT, NULL},
        {"D3", "HEARING", NULL, 121, NULL, STATUS_INVALID_ARGUMENT, "MONTHS_RANGE"},
        {"D3", "HEARING", NULL, 3, NULL, STATUS_FAILED_PRECONDITION, "FEEDBACK_DATE_MISSING"},
        {"NONE", "HEARING", "2026-12-01", 0, NULL, STATUS_NOT_FOUND, "INSPECTION_UNKNOWN"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        district_expect(set_date(&office, cases[i].code, cases[i].kind, cases[i].planned,
                                 cases[i].months, cases[i].held),
                        cases[i].status, cases[i].reason);
    }
    district_expect(set_date(&unit01, "D3", "HEARING", "2026-12-01", 0, NULL),
                    STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    district_expect(set_date(&office, "D3", "HEARING", "2026-12-01", 0, NULL), STATUS_OK, NULL);
    district_expect(set_date(&office, "D3", "HEARING", "2026-12-02", 0, NULL), STATUS_OK, NULL);
    expected = 1;
    const Pb__CallReply *stale = set_date(&office, "D3", "HEARING", "2026-12-03", 0, NULL);
    district_expect(stale, STATUS_ABORTED, "STALE_VERSION");
    assert_int_equal(stale->status->current_version, 2);
}

/* ---- documents and bodies ---- */

static const Pb__CallReply *
add_document(const struct person *p, const char *code, const char *kind, const char *title)
{
    Pb__PlanDocument r = PB__PLAN_DOCUMENT__INIT;
    r.inspection = district_text(code);
    r.kind = district_text(kind);
    r.title = district_text(title);
    return call(p, "InspectionService/AddPlanDocument", &r.base);
}

static void
several_documents_and_bodies_in_one_inspection(void **state)
{
    static const char *const kinds[] = {"MAIN", "CADRES", "IDEOLOGY", "PATROL"};
    (void)state;
    create("B1", 2, NULL);
    for (int i = 0; i < 4; i++) {
        const char *title = arena_printf(&district.arena, "样例方案%d", i + 1);
        const Pb__PlanDocument *d = district_read(add_document(&office, "B1", kinds[i], title),
                                                  &pb__plan_document__descriptor);
        assert_int_equal(d->no, i + 1);
    }
    district_expect(add_document(&office, "B1", "MAIN", "样例方案1"), STATUS_ALREADY_EXISTS,
                    "DOCUMENT_EXISTS");
    district_expect(add_document(&office, "B1", "NOTES", "样例"), STATUS_INVALID_ARGUMENT,
                    "DOCUMENT_KIND");
    district_expect(add_document(&office, "B1", "MAIN", " "), STATUS_INVALID_ARGUMENT,
                    "TEXT_MISSING");
    district_expect(add_document(&unit01, "B1", "MAIN", "样例"), STATUS_PERMISSION_DENIED,
                    "ROLE_FORBIDS");
    district_expect(add_document(&office, "NONE", "MAIN", "样例"), STATUS_NOT_FOUND,
                    "INSPECTION_UNKNOWN");
    /* Problems stand in a document and at a body. */
    district_expect(send_notice("B1", notice, "样例五", 0), STATUS_NOT_FOUND, "DOCUMENT_UNKNOWN");
    district_expect(send_notice("B1", notice, NULL, 3), STATUS_NOT_FOUND, "BODY_UNKNOWN");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p JOIN"
                                     " rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'B1'"),
                     0);
    district_expect(send_notice("B1", notice, "CADRES", 2), STATUS_OK, NULL);
    assert_int_equal(inspection(&office, "B1")->documents[1]->problems, 2);
    assert_int_equal(inspection(&office, "B1")->documents[0]->problems, 0);
    assert_int_equal(inspection(&office, "B1")->inspection->n_bodies, 2);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p JOIN"
                                     " rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'B1' AND p.body_no = 2"),
                     2);
    district_expect(add_document(&office, "B1", "CADRES", "样例方案2（补充）"), STATUS_OK, NULL);
    district_expect(send_notice("B1", notice, "CADRES", 0), STATUS_INVALID_ARGUMENT,
                    "DOCUMENT_NEEDED");
    district_expect(send_notice("B1", notice, "样例方案2（补充）", 1), STATUS_OK, NULL);
    assert_int_equal(inspection(&office, "B1")->documents[1]->problems, 0);
    assert_int_equal(inspection(&office, "B1")->documents[4]->problems, 2);
}

/* ---- side by side, and linked ---- */

static const Pb__CallReply *
get_measure(const struct person *p, const char *ref, const char *code)
{
    Pb__GetMeasureRequest r = PB__GET_MEASURE_REQUEST__INIT;
    r.ref = district_text(ref);
    r.inspection = district_text(code);
    return call(p, "MeasureService/GetMeasure", &r.base);
}

static void
two_inspections_do_not_touch_each_other(void **state)
{
    (void)state;
    draft("S1", 1);
    draft("S2", 1);
    district_expect(approve("S1", NULL), STATUS_OK, NULL);
    /* The same references in both: one has to say which. */
    district_expect(get_measure(&office, "P-01-M-01", NULL), STATUS_INVALID_ARGUMENT,
                    "INSPECTION_NEEDED");
    const Pb__GetMeasureReply *one =
        district_read(get_measure(&unit01, "P-01-M-01", "S1"), &pb__get_measure_reply__descriptor);
    assert_string_equal(one->measure->state, "ASSIGNED");
    const Pb__GetMeasureReply *two =
        district_read(get_measure(&office, "P-01-M-01", "S2"), &pb__get_measure_reply__descriptor);
    assert_string_equal(two->measure->state, "DRAFT");
    district_expect(get_measure(&unit02, "P-01-M-01", "S1"), STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    /* The second is a draft still, and can be changed. */
    district_expect(send_plan("S1", plan), STATUS_FAILED_PRECONDITION, "PLAN_FROZEN");
    district_expect(send_plan("S2", plan), STATUS_OK, NULL);
    assert_int_equal(inspection(&office, "S1")->inspection->plan_version, 1);
    assert_int_equal(inspection(&office, "S2")->inspection->plan_version, 0);
}

struct link {
    const char *code, *ref, *kind, *other_code, *other_ref;
    int32_t parts;
};

static const Pb__CallReply *
link_problems(const struct person *p, const struct link *l, const char *text)
{
    Pb__LinkProblemRequest r = PB__LINK_PROBLEM_REQUEST__INIT;
    r.inspection = district_text(l->code);
    r.problem_ref = district_text(l->ref);
    r.kind = district_text(l->kind);
    r.other_inspection = district_text(l->other_code);
    r.other_ref = district_text(l->other_ref);
    r.has_parts = l->parts != 0;
    r.parts = l->parts;
    r.text = district_text(text);
    return call(p, "InspectionService/LinkProblem", &r.base);
}

static size_t
links_seen(const struct person *p, const char *code)
{
    Pb__InspectionRequest r = PB__INSPECTION_REQUEST__INIT;
    r.inspection = district_text(code);
    const Pb__ListProblemLinksReply *list =
        district_ok(p, "InspectionService/ListProblemLinks", &r.base,
                    &pb__list_problem_links_reply__descriptor);
    return list->n_links;
}

static void
problems_are_linked_between_inspections(void **state)
{
    static const struct link same = {"L1", "P-01", "SAME_MATTER", "L2", "P-02", 0};
    static const struct link from = {"L1", "P-01", "FROM", NULL, NULL, 13};
    static const struct {
        struct link link;
        const char *text;
        enum status status;
        const char *reason;
    } wrong[] = {
        {{"L1", "P-09", "FROM", NULL, NULL, 0}, "样例", STATUS_NOT_FOUND, "PROBLEM_UNKNOWN"},
        {{"L1", "P-01", "LIKE", "L2", "P-02", 0}, "样例", STATUS_INVALID_ARGUMENT, "LINK_KIND"},
        {{"L1", "P-01", "SAME_MATTER", NULL, NULL, 0}, "样例", STATUS_NOT_FOUND, "PROBLEM_UNKNOWN"},
        {{"L1", "P-01", "FROM", "L2", "P-09", 0}, "样例", STATUS_NOT_FOUND, "PROBLEM_UNKNOWN"},
        {{"L1", "P-01", "FROM", "L1", "P-02", 0}, "样例", STATUS_INVALID_ARGUMENT, "LINK_INSIDE"},
        {{"L1", "P-01", "FROM", NULL, NULL, 10001}, "样例", STATUS_INVALID_ARGUMENT, "PARTS_RANGE"},
        {{"L1", "P-01", "FROM", NULL, NULL, 0}, NULL, STATUS_INVALID_ARGUMENT, "TEXT_MISSING"},
        {{"NONE", "P-01", "FROM", NULL, NULL, 0}, "样例", STATUS_NOT_FOUND, NULL},
    };
    (void)state;
    draft("L1", 1);
    draft("L2", 1);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        district_expect(link_problems(&office, &wrong[i].link, wrong[i].text), wrong[i].status,
                        wrong[i].reason);
    }
    district_expect(link_problems(&unit01, &same, "样例"), STATUS_PERMISSION_DENIED,
                    "ROLE_FORBIDS");
    const Pb__ProblemLink *l =
        district_read(link_problems(&office, &same, "样例：同一处"), &pb__problem_link__descriptor);
    assert_string_equal(l->other_inspection, "L2");
    district_expect(link_problems(&office, &same, "样例"), STATUS_ALREADY_EXISTS,
                    "PROBLEM_LINK_ONCE");
    l = district_read(link_problems(&office, &from, "样例：其中 13 个来自环保督察"),
                      &pb__problem_link__descriptor);
    assert_int_equal(l->parts, 13);
    /* Thirteen parts are one problem: nothing is counted twice. */
    assert_int_equal(district_number("SELECT count(*) FROM rectify.problem p JOIN"
                                     " rectify.inspection i ON i.id = p.inspection"
                                     " WHERE i.code = 'L1'"),
                     2);
    assert_int_equal(links_seen(&office, "L1"), 2);
    assert_int_equal(links_seen(&office, "L2"), 1); /* from the other side */
    district_expect(approve("L1", NULL), STATUS_OK, NULL);
    assert_int_equal(links_seen(&unit01, "L1"), 2);
    assert_int_equal(links_seen(&unit02, "L1"), 0);
    Pb__InspectionRequest none = PB__INSPECTION_REQUEST__INIT;
    none.inspection = district_text("NONE");
    district_refused(&office, "InspectionService/ListProblemLinks", &none.base, STATUS_NOT_FOUND,
                     "INSPECTION_UNKNOWN");
}

/* ---- origins ---- */

static const Pb__CallReply *
register_problem(const char *code, const char *title, const char *origin)
{
    Pb__RegisterProblemRequest r = PB__REGISTER_PROBLEM_REQUEST__INIT;
    r.inspection = district_text(code);
    r.has_item_no = 1;
    r.item_no = 1;
    r.title = district_text(title);
    r.origin = district_text(origin);
    r.lead_unit = district_text("unit01");
    return call(&office, "ProblemService/RegisterProblem", &r.base);
}

static const Pb__PlanVersion *
version(const char *code)
{
    Pb__PlanRequest r = PB__PLAN_REQUEST__INIT;
    r.inspection = district_text(code);
    const Pb__GetPlanReply *reply =
        district_ok(&office, "PlanService/GetPlan", &r.base, &pb__get_plan_reply__descriptor);
    assert_true(reply->n_versions > 0);
    return reply->versions[0];
}

static void
other_origins_never_change_the_denominator(void **state)
{
    static const char *const origins[] = {"SELF", "AFTER", "SUPERVISION", "PUBLIC",
                                          "OTHER_INSPECTION"};
    (void)state;
    draft("O1", 1);
    district_expect(register_problem("O1", "样例", "FEEDBACK"), STATUS_INVALID_ARGUMENT, "ORIGIN");
    district_expect(register_problem("O1", "样例", "DREAM"), STATUS_INVALID_ARGUMENT, "ORIGIN");
    for (size_t i = 0; i < sizeof origins / sizeof origins[0]; i++) {
        district_expect(register_problem("O1", origins[i], origins[i]), STATUS_OK, NULL);
    }
    const Pb__ApprovePlanReply *approved =
        district_read(approve("O1", NULL), &pb__approve_plan_reply__descriptor);
    assert_int_equal(approved->problems, 2);
    assert_int_equal(approved->other_problems, 5);
    assert_int_equal(version("O1")->problems, 2);
    /* Later ones neither. */
    district_expect(register_problem("O1", "样例：后来的", "PUBLIC"), STATUS_OK, NULL);
    assert_int_equal(version("O1")->problems, 2);
}

/* ---- nodes ---- */

static const Pb__CallReply *
set_nodes(const struct person *p, const char *ref, const char *code, const char *const *titles,
          size_t n)
{
    static Pb__MeasureNode nodes[20];
    static Pb__MeasureNode *list[20];
    Pb__SetNodesRequest r = PB__SET_NODES_REQUEST__INIT;
    r.measure_ref = district_text(ref);
    r.inspection = district_text(code);
    for (size_t i = 0; i < n; i++) {
        pb__measure_node__init(&nodes[i]);
        nodes[i].title = district_text(titles == NULL ? "样例节点" : titles[i]);
        nodes[i].due = district_text("2026-11-20");
        list[i] = &nodes[i];
    }
    r.nodes = list;
    r.n_nodes = n;
    return call(p, "NodeService/SetNodes", &r.base);
}

static const Pb__CallReply *
reach(const struct person *p, int32_t no, const char *day)
{
    Pb__ReachNodeRequest r = PB__REACH_NODE_REQUEST__INIT;
    r.measure_ref = district_text("P-01-M-01");
    r.inspection = district_text("N1");
    r.has_no = 1;
    r.no = no;
    r.reached_on = district_text(day);
    return call(p, "NodeService/ReachNode", &r.base);
}

static const Pb__CallReply *
return_node(const struct person *p, int32_t no, const char *reason)
{
    Pb__ReturnNodeRequest r = PB__RETURN_NODE_REQUEST__INIT;
    r.measure_ref = district_text("P-01-M-01");
    r.inspection = district_text("N1");
    r.has_no = 1;
    r.no = no;
    r.reason = district_text(reason);
    return call(p, "NodeService/ReturnNode", &r.base);
}

static void
nodes_are_set_reached_and_returned(void **state)
{
    static const char *const two[] = {"样例：方案印发", "样例：清理完毕"};
    static const char *const blank[] = {" "};
    (void)state;
    draft("N1", 1);
    district_expect(set_nodes(&unit01, "P-01-M-01", "N1", two, 2), STATUS_PERMISSION_DENIED,
                    "ROLE_FORBIDS");
    district_expect(set_nodes(&office, "P-01-M-09", "N1", two, 2), STATUS_NOT_FOUND,
                    "MEASURE_UNKNOWN");
    district_expect(set_nodes(&office, "P-01-M-01", "N1", NULL, 17), STATUS_INVALID_ARGUMENT,
                    "COUNT_RANGE");
    district_expect(set_nodes(&office, "P-01-M-01", "N1", blank, 1), STATUS_INVALID_ARGUMENT,
                    "TEXT_MISSING");
    district_expect(set_nodes(&office, "P-01-M-01", "N1", NULL, 3), STATUS_OK, NULL);
    const Pb__MeasureNodes *set = district_read(set_nodes(&office, "P-01-M-01", "N1", two, 2),
                                                &pb__measure_nodes__descriptor);
    assert_int_equal(set->n_nodes, 2); /* the third is dropped */
    district_expect(approve("N1", NULL), STATUS_OK, NULL);
    district_expect(set_nodes(&office, "P-01-M-01", "N1", two, 2), STATUS_FAILED_PRECONDITION,
                    "PLAN_FROZEN");
    /* Reported by the unit, once it has signed. */
    district_expect(reach(&unit01, 1, NULL), STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    Pb__MeasureVersion line = PB__MEASURE_VERSION__INIT;
    Pb__MeasureVersion *lines[] = {&line};
    line.ref = district_text("P-01-M-01");
    sign.inspection = district_text("N1");
    sign.measures = lines;
    sign.n_measures = 1;
    (void)district_ok(&unit01, "MeasureService/SignFor", &sign.base,
                      &pb__measures_reply__descriptor);
    district_expect(reach(&unit02, 1, NULL), STATUS_NOT_FOUND, "MEASURE_UNKNOWN");
    district_expect(reach(&office, 1, NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_expect(reach(&unit01, 3, NULL), STATUS_NOT_FOUND, "NODE_UNKNOWN");
    district_expect(reach(&unit01, 1, "2026-11-11"), STATUS_INVALID_ARGUMENT, "DATE_FUTURE");
    expected = 99;
    const Pb__CallReply *stale = reach(&unit01, 1, NULL);
    district_expect(stale, STATUS_ABORTED, "STALE_VERSION");
    const Pb__MeasureNode *node =
        district_read(reach(&unit01, 1, NULL), &pb__measure_node__descriptor);
    assert_string_equal(node->reached_on, "2026-11-10");
    assert_int_equal(node->version, stale->status->current_version + 1);
    district_expect(reach(&unit01, 1, NULL), STATUS_FAILED_PRECONDITION, "NODE_REACHED");
    district_expect(return_node(&unit01, 1, "样例"), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    district_expect(return_node(&office, 1, NULL), STATUS_INVALID_ARGUMENT, "TEXT_MISSING");
    district_expect(return_node(&office, 2, "样例"), STATUS_FAILED_PRECONDITION, "NODE_OPEN");
    district_expect(return_node(&office, 1, "样例：没有看到文件"), STATUS_OK, NULL);
    const Pb__GetMeasureReply *m =
        district_read(get_measure(&unit01, "P-01-M-01", "N1"), &pb__get_measure_reply__descriptor);
    assert_int_equal(m->measure->n_nodes, 2);
    assert_null(m->measure->nodes[0]->reached_on);
    assert_string_equal(m->measure->nodes[0]->return_reason, "样例：没有看到文件");
    assert_int_equal(m->measure->nodes[0]->days_left, 10);
    /* Nodes are optional, and no milestone: the other measures have none, and nothing is claimed.
     */
    assert_string_equal(m->measure->state, "IN_PROGRESS");
    assert_null(m->measure->milestones[0]->reached_on);
}

/* ---- the review is of this draft ---- */

static void
review(const struct person *p, const char *code, const char *sha256, enum status status,
       const char *reason)
{
    Pb__ReviewPlanRequest r = PB__REVIEW_PLAN_REQUEST__INIT;
    r.inspection = district_text(code);
    r.sha256 = district_text(sha256);
    r.has_verdict = 1;
    r.verdict = PB__VERDICT__ACCEPTED;
    district_expect(call(p, "PlanService/ReviewPlan", &r.base), status, reason);
}

static void
both_agree(const char *code)
{
    const char *hash = version(code)->sha256;
    review(&disc, code, hash, STATUS_OK, NULL);
    review(&sg1, code, hash, STATUS_OK, NULL);
}

/* Something of the draft changed: the opinions are of a former one. Returns the new hash. */
static const char *
stale_now(const char *code, const char *before)
{
    const Pb__PlanVersion *v = version(code);
    assert_string_equal(v->state, "REVIEW");
    assert_string_not_equal(v->sha256, before);
    assert_int_equal(v->n_opinions, 2);
    assert_true(v->opinions[0]->stale);
    assert_true(v->opinions[1]->stale);
    review(&disc, code, before, STATUS_ABORTED, "PLAN_CHANGED");
    district_expect(approve(code, before), STATUS_ABORTED, "PLAN_CHANGED");
    district_expect(approve(code, NULL), STATUS_FAILED_PRECONDITION, "REVIEWS_MISSING");
    return v->sha256;
}

static void
edit_problem(const char *code, const char *title)
{
    Pb__EditProblemRequest r = PB__EDIT_PROBLEM_REQUEST__INIT;
    r.ref = district_text("P-02");
    r.inspection = district_text(code);
    r.title = district_text(title);
    district_expect(call(&office, "ProblemService/EditProblem", &r.base), STATUS_OK, NULL);
}

static void
an_opinion_is_of_this_very_draft(void **state)
{
    static const char *const one[] = {"样例：方案印发"};
    static const char *const other[] = {"样例：方案印发并培训"};
    char *bodies[] = {district_text("disc"), district_text("sg1")};
    Pb__SetReviewBodiesRequest ask = PB__SET_REVIEW_BODIES_REQUEST__INIT;
    Pb__PlanRequest submit = PB__PLAN_REQUEST__INIT;
    (void)state;
    draft("R1", 1);
    district_expect(set_nodes(&office, "P-01-M-01", "R1", one, 1), STATUS_OK, NULL);
    ask.inspection = submit.inspection = district_text("R1");
    ask.bodies = bodies;
    ask.n_bodies = 2;
    (void)district_ok(&office, "PlanService/SetReviewBodies", &ask.base,
                      &pb__review_bodies__descriptor);
    (void)district_ok(&office, "PlanService/SubmitForReview", &submit.base,
                      &pb__plan_version__descriptor);
    both_agree("R1");
    const char *first = version("R1")->sha256;
    /* A node by another name. */
    district_expect(set_nodes(&office, "P-01-M-01", "R1", other, 1), STATUS_OK, NULL);
    (void)stale_now("R1", first);
    /* Back to what was agreed to: the same content, the same hash, and the opinions count. */
    district_expect(set_nodes(&office, "P-01-M-01", "R1", one, 1), STATUS_OK, NULL);
    assert_string_equal(version("R1")->sha256, first);
    assert_false(version("R1")->opinions[0]->stale);
    /* One node more, on another measure. */
    district_expect(set_nodes(&office, "P-02-M-01", "R1", one, 1), STATUS_OK, NULL);
    const char *second = stale_now("R1", first);
    both_agree("R1");
    edit_problem("R1", "甲二（改）");
    const char *third = stale_now("R1", second);
    both_agree("R1");
    district_expect(register_problem("R1", "样例：自查", "SELF"), STATUS_OK, NULL);
    (void)stale_now("R1", third);
    /* Agreed to again, what was shown is exactly what is approved. */
    both_agree("R1");
    const char *last = version("R1")->sha256;
    const Pb__ApprovePlanReply *approved =
        district_read(approve("R1", last), &pb__approve_plan_reply__descriptor);
    assert_string_equal(approved->sha256, last);
}

/* ---- an approval against an edit of what is approved ---- */

static const char *
measure_id(const char *code)
{
    const Pb__GetMeasureReply *m =
        district_read(get_measure(&office, "P-01-M-01", code), &pb__get_measure_reply__descriptor);
    return m->measure->id;
}

/* The approval of what was seen, and another name of a node: by its inspection's code, or by the
 * measure's id alone, so that only the database's locks keep the two apart. */
static void
make_pair(struct racer *pair, const char *code, bool by_id)
{
    static const char *const other[] = {"样例：方案印发并培训"};
    Pb__ApprovePlanRequest agree = PB__APPROVE_PLAN_REQUEST__INIT;
    Pb__SetNodesRequest set = PB__SET_NODES_REQUEST__INIT;
    Pb__MeasureNode node = PB__MEASURE_NODE__INIT;
    Pb__MeasureNode *nodes[] = {&node};
    agree.inspection = district_text(code);
    agree.sha256 = district_text(version(code)->sha256);
    node.title = district_text(other[0]);
    set.nodes = nodes;
    set.n_nodes = 1;
    set.measure_ref = by_id ? district_text(measure_id(code)) : district_text("P-01-M-01");
    set.inspection = by_id ? NULL : district_text(code);
    pair[0] = (struct racer){
        .door = district.door,
        .envelope = *district_envelope(&group, "PlanService/ApprovePlan", &agree.base)};
    pair[1] =
        (struct racer){.door = district.door,
                       .envelope = *district_envelope(&office, "NodeService/SetNodes", &set.base)};
}

static void
race(int order)
{
    static const char *const one[] = {"样例：方案印发"};
    struct racer pair[2];
    Pb__PlanRequest submit = PB__PLAN_REQUEST__INIT;
    const char *code = arena_printf(&district.arena, "X%d", order);
    draft(code, 1);
    district_expect(set_nodes(&office, "P-01-M-01", code, one, 1), STATUS_OK, NULL);
    submit.inspection = district_text(code);
    (void)district_ok(&office, "PlanService/SubmitForReview", &submit.base,
                      &pb__plan_version__descriptor);
    make_pair(pair, code, order % 2 == 1);
    racers_run(pair, order / 2); /* 0, 1: the approval first; 2, 3: the edit first */
    bool approved = pair[0].reply->status->code == STATUS_OK;
    const Pb__Status *lost = pair[approved ? 1 : 0].reply->status;
    assert_int_equal(pair[approved ? 0 : 1].reply->status->code, STATUS_OK);
    assert_string_equal(lost->reason, approved ? "PLAN_FROZEN" : "PLAN_CHANGED");
    assert_true(approved || lost->current_version == version(code)->version);
    assert_true(order >= 4 || approved == (order < 2));
    /* What was approved is what stands. */
    const Pb__GetMeasureReply *m =
        district_read(get_measure(&office, "P-01-M-01", code), &pb__get_measure_reply__descriptor);
    assert_int_equal(m->measure->n_nodes, 1);
    if (approved) {
        assert_string_equal(m->measure->nodes[0]->title, one[0]);
        assert_string_equal(m->measure->state, "ASSIGNED");
    } else {
        assert_string_equal(m->measure->state, "DRAFT");
    }
    racers_release(pair);
}

static void
an_approval_and_an_edit_meet_once(void **state)
{
    enum { ORDERS = 10 };
    (void)state;
    for (int order = 0; order < ORDERS; order++) {
        race(order);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_are_planned_counted_and_held),
        cmocka_unit_test(wrong_dates_say_what_is_wrong),
        cmocka_unit_test(several_documents_and_bodies_in_one_inspection),
        cmocka_unit_test(two_inspections_do_not_touch_each_other),
        cmocka_unit_test(problems_are_linked_between_inspections),
        cmocka_unit_test(other_origins_never_change_the_denominator),
        cmocka_unit_test(nodes_are_set_reached_and_returned),
        cmocka_unit_test(an_opinion_is_of_this_very_draft),
        cmocka_unit_test(an_approval_and_an_edit_meet_once),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
