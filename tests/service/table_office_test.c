/* The office's own table: the office leads both problems, P-01 with sg1, P-02 with sg2. Its
 * reviewer confirms as any unit's does; the special groups and the leading group judge in its
 * stead. */
#include "tests/service/table_slice.h"

enum { OFFICE_REVIEWER = 41, SGROUP2 = 42, ADMIN_OF_SG1 = 44, REVIEWER1 = 45, ORG_SG2 = 8 };

static int
set_up(void **state)
{
    int ret = slice_set_up(state);
    if (ret != 0) {
        return ret;
    }
    const char *const other[] = {"P-02-M-01"};
    slice_sign_all();
    slice_expect(slice_sign_for(UNIT2, other, 1), STATUS_OK, NULL);
    slice_sql(
        "INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version, event_id)"
        " VALUES (1, '%s', 'sg2', '样例专项小组二', 'SGROUP', 8, 1, '%s')",
        slice_id(ORG_SG2), slice_id(1));
    slice_seed_person(SGROUP2, "sgroup2", ORG_SG2, ROLE_SGROUP);
    slice_seed_person(ADMIN_OF_SG1, "admin1", 4, ROLE_ADMIN);
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', version = version + 1", slice_id(1));
    slice_job("OpenObligations");
    return 0;
}

static const Pb__Table *
own_table(int account)
{
    return get_table(account, "office", "2026-11");
}

static Pb__ConfirmTableRequest
confirmation(void)
{
    const Pb__Table *t = own_table(OFFICE1);
    Pb__ConfirmTableRequest r = PB__CONFIRM_TABLE_REQUEST__INIT;
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    return r;
}

static const char *
why_not(const char *command, int account)
{
    Pb__GetTableRequest r = PB__GET_TABLE_REQUEST__INIT;
    r.id = own_table(OFFICE1)->id;
    const Pb__AllowedCommandsReply *says = slice_ok(
        account, "TableService/AllowedCommands", &r.base, &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < says->n_commands; i++) {
        if (strcmp(says->commands[i]->command, command) == 0) {
            return says->commands[i]->allowed ? "" : says->commands[i]->reason;
        }
    }
    return "NONE";
}

static void
its_reviewer_confirms(void **state)
{
    (void)state;
    slice_seed_person(OFFICE_REVIEWER, "reviewer1", 1, ROLE_OFFICE | ROLE_REVIEWER);
    const Pb__SubmitTableReply *s = submit(OFFICE1, fill(own_table(OFFICE1)));
    assert_string_equal(s->table->state, STATE_CONFIRMING);
    Pb__ConfirmTableRequest c = confirmation();
    slice_refused(OFFICE1, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "SAME_PERSON");
    slice_refused(OFFICE2, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "REVIEWER_ONLY");
    assert_string_equal(why_not(COMMAND_COUNTERSIGN, OFFICE_REVIEWER), "");
    /* He gives it back once, and confirms the second time. */
    (void)change_ok(OFFICE_REVIEWER, "WithdrawTable", own_table(OFFICE1), "样例：请补写");
    submit(OFFICE1, fill(own_table(OFFICE1)));
    c = confirmation();
    s = slice_ok(OFFICE_REVIEWER, "TableService/ConfirmTable", &c.base,
                 &pb__submit_table_reply__descriptor);
    assert_string_equal(s->table->state, STATE_SUBMITTED);
    /* Control: of another unit's table the office still says for whom. */
    slice_seed_person(REVIEWER1, "reviewer2", 5, ROLE_PLEAD | ROLE_REVIEWER);
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', version = version + 1"
              " WHERE ref = 'P-01'",
              slice_id(5));
    slice_job("OpenObligations");
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    const Pb__Table *theirs = get_table(OFFICE1, "unit01", "2026-11");
    c.id = theirs->id;
    c.expected_version = theirs->version;
    slice_refused(OFFICE_REVIEWER, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "BEHALF_NEEDED");
}

static void
hidden_from(int account, const Pb__DecideTableRequest *d)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    get.id = d->id;
    slice_refused(account, "TableService/GetTable", &get.base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    const Pb__ListTablesReply *all = slice_ok(account, "TableService/ListTables", &list.base,
                                              &pb__list_tables_reply__descriptor);
    assert_int_equal(all->n_tables, 0);
}

static void
the_special_group_judges_it(void **state)
{
    (void)state;
    submit(OFFICE1, fill(own_table(OFFICE1)));
    Pb__DecideTableRequest *d = decisions(own_table(OFFICE1), PB__VERDICT__ACCEPTED);
    assert_int_equal(d->n_decisions, 4);
    slice_refused(OFFICE2, "TableService/DecideTable", &d->base, STATUS_PERMISSION_DENIED,
                  "RECUSED");
    const int strangers[] = {SGROUP2, ADMIN_OF_SG1, UNIT1, LEADER1};
    for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++) {
        hidden_from(strangers[i], d);
    }
    slice_refused(SGROUP2, "TableService/DecideTable", &d->base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    /* One row goes back with its reason, and is judged again once it is mended. */
    d->decisions[0]->verdict = PB__VERDICT__RETURNED;
    d->decisions[0]->reason_code = slice_text("OTHER");
    d->decisions[0]->reason = slice_text("样例：请写明结果");
    const Pb__DecideTableReply *r = slice_ok(SGROUP1, "TableService/DecideTable", &d->base,
                                             &pb__decide_table_reply__descriptor);
    assert_string_equal(r->table->state, STATE_RETURNED);
    Pb__SubmitTableRequest *again = fill(own_table(OFFICE1));
    for (size_t i = 0; i < again->n_rows; i++) {
        if (strcmp(again->rows[i]->measure_ref, d->decisions[0]->measure_ref) == 0) {
            again->rows[0] = again->rows[i];
        }
    }
    again->n_rows = 1;
    again->rows[0]->narrative = slice_text("样例：已写明结果");
    submit(OFFICE1, again);
    d->n_decisions = 1;
    d->decisions[0]->verdict = PB__VERDICT__ACCEPTED;
    r = slice_ok(SGROUP1, "TableService/DecideTable", &d->base,
                 &pb__decide_table_reply__descriptor);
    assert_string_equal(r->table->state, STATE_ACCEPTED);
}

/* Of two special groups neither sees the whole, and none judges a part of it. */
static void
several_groups_leave_it_to_the_leading_group(void **state)
{
    (void)state;
    submit(OFFICE1, fill(own_table(OFFICE1)));
    Pb__DecideTableRequest *d = decisions(own_table(OFFICE1), PB__VERDICT__ACCEPTED);
    assert_string_equal(own_table(SGROUP1)->state, STATE_SUBMITTED); /* the control */
    slice_sql("UPDATE rectify.problem SET sgroup_org = '%s', version = version + 1"
              " WHERE ref = 'P-02';"
              "UPDATE rectify.access SET org = '%s' WHERE org = '%s' AND problem = '%s'",
              slice_id(ORG_SG2), slice_id(ORG_SG2), slice_id(4), slice_id(52));
    hidden_from(SGROUP1, d);
    hidden_from(SGROUP2, d);
    slice_refused(SGROUP1, "TableService/DecideTable", &d->base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    const Pb__DecideTableReply *r = slice_ok(LGROUP1, "TableService/DecideTable", &d->base,
                                             &pb__decide_table_reply__descriptor);
    assert_string_equal(r->table->state, STATE_ACCEPTED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, slice_tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_reviewer_confirms),
        TEST(the_special_group_judges_it),
        TEST(several_groups_leave_it_to_the_leading_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
