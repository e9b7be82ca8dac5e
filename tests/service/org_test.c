/* OrgService through the door: the tree of orgs, added and updated by code. */
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "tests/support/district.h"

#include <stdio.h>
#include <string.h>

enum { ROWS_MAX = 40 };

static Pb__Org rows[ROWS_MAX];
static Pb__Org *list[ROWS_MAX];
static size_t count;

static void
clear(void)
{
    count = 0;
}

static Pb__Org *
row(const char *code, const char *name, const char *kind, const char *parent)
{
    assert_true(count < ROWS_MAX);
    Pb__Org *org = &rows[count];
    pb__org__init(org);
    org->code = district_text(code);
    org->name = district_text(name);
    org->kind = district_text(kind);
    org->parent_code = district_text(parent);
    list[count++] = org;
    return org;
}

static Pb__ImportOrgsRequest
request(void)
{
    Pb__ImportOrgsRequest r = PB__IMPORT_ORGS_REQUEST__INIT;
    r.orgs = list;
    r.n_orgs = count;
    return r;
}

static void
import_counts(int added, int updated, int unchanged)
{
    Pb__ImportOrgsRequest r = request();
    const Pb__ImportOrgsReply *reply = district_ok(&district.admin, "OrgService/ImportOrgs",
                                                   &r.base, &pb__import_orgs_reply__descriptor);
    assert_int_equal(reply->added, added);
    assert_int_equal(reply->updated, updated);
    assert_int_equal(reply->unchanged, unchanged);
}

static const Pb__Status *
import_refused(const char *reason)
{
    Pb__ImportOrgsRequest r = request();
    long before = district_number("SELECT count(*) + sum(version) FROM rectify.org");
    const Pb__Status *s = district_refused(&district.admin, "OrgService/ImportOrgs", &r.base,
                                           STATUS_INVALID_ARGUMENT, reason);
    assert_int_equal(district_number("SELECT count(*) + sum(version) FROM rectify.org"), before);
    return s;
}

static void
sample_rows(void)
{
    clear();
    /* A child stands before its parent: that is allowed. */
    row("unit01", "样例单位01", "UNIT", "office");
    row("lgroup", "样例领导小组", "LGROUP", NULL);
    row("office", "样例办公室", "OFFICE", "lgroup")->has_sample = 1;
    list[2]->sample = 1;
}

static void
orgs_are_added_updated_and_left_alone(void **state)
{
    (void)state;
    sample_rows();
    import_counts(3, 0, 0);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.org c JOIN rectify.org p"
                                     " ON p.id = c.parent WHERE c.code = 'unit01'"
                                     " AND p.code = 'office'"),
                     1);
    long events = district_number("SELECT count(*) FROM rectify.event");
    import_counts(0, 0, 3);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events);
    list[0]->name = district_text("样例单位01（更名）");
    import_counts(0, 1, 2);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event"), events + 1);
    assert_int_equal(district_number("SELECT version FROM rectify.org WHERE code = 'unit01'"), 2);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.event_change c"
                                     " JOIN rectify.org o ON o.id = c.thing"
                                     " WHERE o.code = 'unit01' AND c.version = 2"),
                     1);
    /* Its parent is taken away. */
    list[0]->parent_code = NULL;
    import_counts(0, 1, 2);
    assert_int_equal(
        district_number(
            "SELECT count(*) FROM rectify.org WHERE code = 'unit01' AND parent IS NULL"),
        1);
    sample_rows();
    import_counts(0, 1, 2);
}

static void
parents_must_be_known_and_acyclic(void **state)
{
    (void)state;
    clear();
    row("unit02", "样例单位02", "UNIT", "nowhere");
    import_refused("ORG_PARENT");
    /* A parent is named by its code, not by its name. */
    list[0]->parent_code = district_text("样例办公室");
    import_refused("ORG_PARENT");
    list[0]->parent_code = district_text("unit02");
    import_refused("ORG_CYCLE");
    clear();
    row("a", "样例甲", "UNIT", "b");
    row("b", "样例乙", "UNIT", "c");
    row("c", "样例丙", "UNIT", "a");
    import_refused("ORG_CYCLE");
    /* A circle through what is stored: office stands under lgroup. */
    clear();
    row("lgroup", "样例领导小组", "LGROUP", "unit01");
    import_refused("ORG_CYCLE");
    clear();
    for (int i = 0; i < ROWS_MAX; i++) {
        char *code = arena_printf(&district.arena, "deep%02d", i);
        row(code, "样例", "UNIT", i == 0 ? NULL : rows[i - 1].code);
    }
    import_refused("ORG_CYCLE");
}

static void
rows_are_checked_all_or_none(void **state)
{
    (void)state;
    clear();
    import_refused("ORG_COUNT");
    row("unit03", "样例单位03", "UNIT", NULL);
    row("unit03", "样例单位03", "UNIT", NULL);
    const Pb__Status *s = import_refused("ORG_TWICE");
    assert_non_null(strstr(s->message, "unit03"));
    list[1]->code = district_text("单位");
    s = import_refused("ORG_CODE");
    assert_string_equal(s->violations[0]->field, "orgs[1].code");
    list[1]->code = NULL;
    import_refused("ORG_CODE");
    list[1]->code = district_text("unit04");
    list[1]->name = district_text("  ");
    s = import_refused("ORG_NAME");
    assert_string_equal(s->violations[0]->field, "orgs[1].name");
    list[1]->name = NULL;
    import_refused("ORG_NAME");
    list[1]->name = district_text("样例单位04");
    list[1]->kind = district_text("KINGDOM");
    s = import_refused("ORG_KIND");
    assert_non_null(strstr(s->message, "KINGDOM"));
    assert_non_null(strstr(s->message, "LEADER"));
    list[1]->kind = NULL;
    import_refused("ORG_KIND");
    list[1]->kind = district_text("UNIT");
    list[1]->name = district_text("秘密★十年");
    Pb__ImportOrgsRequest r = request();
    district_refused(&district.admin, "OrgService/ImportOrgs", &r.base, STATUS_FAILED_PRECONDITION,
                     "SECRET_MARK");
    assert_int_equal(district_number("SELECT count(*) FROM rectify.org WHERE code = 'unit03'"), 0);
}

static void
the_list_comes_in_official_order(void **state)
{
    (void)state;
    sample_rows();
    for (size_t i = 0; i < count; i++) {
        list[i]->has_sort_order = 1;
        list[i]->sort_order = 100 - (int32_t)i;
    }
    Pb__ImportOrgsRequest r = request();
    (void)district_ok(&district.admin, "OrgService/ImportOrgs", &r.base,
                      &pb__import_orgs_reply__descriptor);
    Pb__Empty empty = PB__EMPTY__INIT;
    const Pb__ListOrgsReply *all = district_ok(&district.admin, "OrgService/ListOrgs", &empty.base,
                                               &pb__list_orgs_reply__descriptor);
    assert_int_equal(all->n_orgs, 4);
    static const char *const order[] = {"admin", "office", "lgroup", "unit01"};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(all->orgs[i]->code, order[i]);
    }
    assert_string_equal(all->orgs[1]->parent_code, "lgroup");
    assert_true(all->orgs[1]->sample);
    assert_false(all->orgs[2]->sample);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orgs_are_added_updated_and_left_alone),
        cmocka_unit_test(parents_must_be_known_and_acyclic),
        cmocka_unit_test(rows_are_checked_all_or_none),
        cmocka_unit_test(the_list_comes_in_official_order),
    };
    return cmocka_run_group_tests(tests, district_open, district_close);
}
