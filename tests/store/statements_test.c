/* Every registered statement is prepared on the migrated schema, as the server's own role: a wrong
 * column, table or count of parameters shows here and not at a customer's. */
#include "server/store/registry.h"
#include "tests/support/fixture.h"

#include <libpq-fe.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static PGconn *
connect_app(void)
{
    PGconn *conn = PQconnectdb(test_db_conninfo("rectify_app"));
    assert_int_equal(PQstatus(conn), CONNECTION_OK);
    PGresult *r = PQexec(conn, "SET search_path = rectify");
    assert_int_equal(PQresultStatus(r), PGRES_COMMAND_OK);
    PQclear(r);
    return conn;
}

static bool
prepare_one(PGconn *conn, const struct statement *st)
{
    PGresult *r = PQprepare(conn, st->name, st->sql, 0, NULL);
    bool good = PQresultStatus(r) == PGRES_COMMAND_OK;
    if (!good) {
        print_error("%s: %s", st->name, PQerrorMessage(conn));
    }
    PQclear(r);
    r = PQdescribePrepared(conn, st->name);
    if (good && PQnparams(r) != st->params) {
        print_error("%s: says %d parameters, has %d\n", st->name, st->params, PQnparams(r));
        good = false;
    }
    PQclear(r);
    return good;
}

static void
test_all_prepare(void **state)
{
    (void)state;
    PGconn *conn = connect_app();
    size_t count = 0;
    size_t statements = 0;
    int bad = 0;
    const struct statement *const *const *lists = registry_statements(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; lists[i][k] != NULL; k++) {
            bad += prepare_one(conn, lists[i][k]) ? 0 : 1;
            statements++;
        }
    }
    PQfinish(conn);
    assert_int_equal(bad, 0);
    assert_true(statements > 50);
}

static void
test_names_are_unique(void **state)
{
    (void)state;
    size_t count = 0;
    const struct statement *all[2048];
    size_t n = 0;
    const struct statement *const *const *lists = registry_statements(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; lists[i][k] != NULL; k++) {
            assert_true(n < sizeof all / sizeof all[0]);
            for (size_t j = 0; j < n; j++) {
                assert_string_not_equal(all[j]->name, lists[i][k]->name);
            }
            all[n++] = lists[i][k];
        }
    }
}

/* The control: a statement that cannot be right is noticed. */
static void
test_wrong_statement_is_noticed(void **state)
{
    (void)state;
    static const struct statement wrong_column = {
        .name = "wrong_column", .sql = "SELECT no_such_column FROM org", .params = 0};
    static const struct statement wrong_count = {
        .name = "wrong_count", .sql = "SELECT id FROM org WHERE tenant = $1", .params = 2};
    PGconn *conn = connect_app();
    assert_false(prepare_one(conn, &wrong_column));
    assert_false(prepare_one(conn, &wrong_count));
    PQfinish(conn);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_prepare),
        cmocka_unit_test(test_names_are_unique),
        cmocka_unit_test(test_wrong_statement_is_noticed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
