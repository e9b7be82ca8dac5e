#include "server/store/migrate.h"
#include "tests/support/fixture.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct migration two[] = {
    {1, "0001_first.sql", "CREATE TABLE first (x integer); INSERT INTO first VALUES (1);"},
    {2, "0002_second.sql", "CREATE TABLE second (y integer);"},
};

static int
empty_database(void **state)
{
    (void)state;
    test_db_exec("postgres", "DROP SCHEMA IF EXISTS rectify CASCADE");
    return 0;
}

static enum status
apply(const struct migration *list, size_t count, struct fault *fault)
{
    return migrate_apply(test_db_conninfo("rectify_owner"), list, count, NULL, NULL, fault);
}

static void
assert_tables(const char *expected)
{
    char text[16];
    test_db_query("postgres", "SELECT count(*) FROM pg_tables WHERE schemaname = 'rectify'", text,
                  sizeof text);
    assert_string_equal(text, expected);
}

static void
test_applies_once(void **state)
{
    (void)state;
    struct fault fault = {0};
    char text[16];
    assert_int_equal(apply(two, 1, &fault), STATUS_OK);
    assert_int_equal(migrate_check(test_db_conninfo("rectify_owner"), two, 2, &fault),
                     STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "SCHEMA_OLD");
    assert_int_equal(apply(two, 2, &fault), STATUS_OK);
    assert_int_equal(apply(two, 2, &fault), STATUS_OK);
    test_db_query("postgres", "SELECT sum(x) FROM rectify.first", text, sizeof text);
    assert_string_equal(text, "1");
    assert_int_equal(migrate_check(test_db_conninfo("rectify_owner"), two, 2, &fault), STATUS_OK);
}

static void
test_edited_file_is_named(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(apply(two, 2, &fault), STATUS_OK);
    struct migration edited[] = {two[0], two[1]};
    edited[0].sql = "CREATE TABLE first (x integer); INSERT INTO first VALUES (2);";
    assert_int_equal(apply(edited, 2, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "MIGRATION_EDITED");
    assert_non_null(strstr(fault.message, "0001_first.sql"));
}

static void
test_failure_leaves_nothing_of_its_file(void **state)
{
    (void)state;
    struct fault fault = {0};
    const struct migration broken[] = {
        two[0], {2, "0002_broken.sql", "CREATE TABLE half (x integer); SELECT no_such_thing;"}};
    assert_int_equal(apply(broken, 2, &fault), STATUS_INTERNAL);
    assert_string_equal(fault.reason, "MIGRATION_FAILED");
    assert_non_null(strstr(fault.message, "0002_broken.sql"));
    assert_non_null(strstr(fault.message, "no_such_thing"));
    assert_tables("2"); /* migration and first: the one before stays */
    assert_int_equal(apply(two, 2, &fault), STATUS_OK);
}

static void
test_newer_database_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    assert_int_equal(apply(two, 2, &fault), STATUS_OK);
    assert_int_equal(apply(two, 1, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "MIGRATION_UNKNOWN");
}

static void
test_gap_is_refused(void **state)
{
    (void)state;
    struct fault fault = {0};
    const struct migration second[] = {two[1]};
    assert_int_equal(apply(second, 1, &fault), STATUS_OK);
    assert_int_equal(apply(two, 2, &fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(fault.reason, "MIGRATION_ORDER");
}

static void *
apply_thread(void *ret)
{
    struct fault fault = {0};
    *(enum status *)ret = apply(two, 2, &fault);
    return NULL;
}

static void
test_two_at_once(void **state)
{
    (void)state;
    (void)test_db_conninfo("rectify_owner"); /* the fixture is for one thread */
    pthread_t threads[2];
    enum status results[2] = {STATUS_UNKNOWN, STATUS_UNKNOWN};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, apply_thread, &results[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(results[i], STATUS_OK);
    }
}

/* What is compiled in applies to an empty database, and the server's role cannot touch the book. */
static void
test_embedded(void **state)
{
    (void)state;
    struct fault fault = {0};
    size_t count = 0;
    char text[16];
    const struct migration *list = migrate_embedded(&count);
    assert_true(count >= 2);
    if (apply(list, count, &fault) != STATUS_OK) {
        fail_msg("%s", fault.message);
    }
    assert_int_equal(migrate_check(test_db_conninfo("rectify_app"), list, count, &fault),
                     STATUS_OK);
    test_db_query("postgres",
                  "SELECT bool_or(has_table_privilege('rectify_app', 'rectify.migration', p))"
                  " FROM unnest(ARRAY['INSERT', 'UPDATE', 'DELETE']) p",
                  text, sizeof text);
    assert_string_equal(text, "f");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_applies_once, empty_database),
        cmocka_unit_test_setup(test_edited_file_is_named, empty_database),
        cmocka_unit_test_setup(test_failure_leaves_nothing_of_its_file, empty_database),
        cmocka_unit_test_setup(test_newer_database_is_refused, empty_database),
        cmocka_unit_test_setup(test_gap_is_refused, empty_database),
        cmocka_unit_test_setup(test_two_at_once, empty_database),
        cmocka_unit_test_setup(test_embedded, empty_database),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
