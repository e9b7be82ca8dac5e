#include "server/store/db.h"
#include "tests/support/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct statement insert = {
    .name = "t_insert", .sql = "INSERT INTO public.t (id, note) VALUES ($1, $2)", .params = 2};
static const struct statement update = {
    .name = "t_update", .sql = "UPDATE public.t SET note = $2 WHERE id = $1", .params = 2};
static const struct statement count = {.name = "t_count", .sql = "SELECT count(*) FROM public.t"};
static const struct statement types = {
    .name = "t_types",
    .sql = "SELECT $1::bigint, $2::text, $3::bytea, $4::boolean, $5::date, $6::text",
    .params = 6};
static const struct statement echo = {.name = "t_echo", .sql = "SELECT $1::bytea", .params = 1};
static const struct statement scope = {.name = "t_scope",
                                       .sql = "SELECT current_setting('rectify.orgs', true)"};
static const struct statement kill_me = {.name = "t_kill",
                                         .sql = "SELECT pg_terminate_backend(pg_backend_pid())"};
static const struct statement bad_sql = {.name = "t_bad", .sql = "SELECT no_such_column"};

struct fx {
    struct arena arena;
    struct db *db;
    struct db_queue *q;
    struct fault fault;
    int owner;
};

static int
set_up(void **state)
{
    struct fx *f = calloc(1, sizeof *f);
    test_db_exec("postgres", "DROP TABLE IF EXISTS public.t;"
                             "CREATE TABLE public.t (id bigint CONSTRAINT t_pk PRIMARY KEY,"
                             " note text CONSTRAINT t_note_given CHECK (note <> ''));"
                             "GRANT ALL ON public.t TO rectify_app");
    arena_init(&f->arena, 256U << 20U);
    assert_int_equal(db_open(test_db_conninfo("rectify_app"), "test", &f->db, &f->fault),
                     STATUS_OK);
    f->q = db_queue_new(&f->arena);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fx *f = *state;
    db_close(f->db);
    arena_release(&f->arena);
    free(f);
    return 0;
}

static void
add(struct fx *f, int owner, const struct statement *st, int64_t id, const char *note)
{
    const struct param params[] = {p_int(id), p_text(note)};
    db_queue_owner(f->q, owner);
    assert_int_equal(db_queue_add(f->q, st, params, (struct db_sink){.expect = 1}), STATUS_OK);
}

static enum status
run(struct fx *f)
{
    return db_run(f->db, f->q, &f->owner, &f->fault);
}

static enum status
take_int(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(int64_t *)ctx = db_int(row, 0);
    return STATUS_OK;
}

static int64_t
rows(struct fx *f)
{
    int64_t n = -1;
    assert_int_equal(db_queue_add(f->q, &count, NULL, (struct db_sink){take_int, &n, 1}),
                     STATUS_OK);
    assert_int_equal(run(f), STATUS_OK);
    return n;
}

static void
test_commit_and_rollback(void **state)
{
    struct fx *f = *state;
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 1, "a");
    add(f, 1, &insert, 2, "b");
    assert_int_equal(run(f), STATUS_OK);
    assert_int_equal(db_commit(f->db, &f->fault), STATUS_OK);
    assert_int_equal(rows(f), 2);
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 3, "c");
    assert_int_equal(run(f), STATUS_OK);
    db_rollback(f->db);
    assert_int_equal(rows(f), 2);
    /* a transaction nobody used */
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    assert_int_equal(db_commit(f->db, &f->fault), STATUS_OK);
}

static void
test_error_names_its_owner(void **state)
{
    struct fx *f = *state;
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 1, "a");
    add(f, 7, &insert, 1, "again");
    add(f, 9, &insert, 2, "b");
    assert_int_equal(run(f), STATUS_ALREADY_EXISTS);
    assert_int_equal(f->owner, 7);
    assert_string_equal(f->fault.reason, "T_PK");
    db_rollback(f->db);
    assert_int_equal(rows(f), 0);
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 3, &insert, 1, "");
    assert_int_equal(run(f), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f->fault.reason, "T_NOTE_GIVEN");
    assert_int_equal(f->owner, 3);
    db_rollback(f->db);
    assert_int_equal(db_queue_add(f->q, &bad_sql, NULL, (struct db_sink){.expect = 1}), STATUS_OK);
    assert_int_equal(run(f), STATUS_INTERNAL);
    assert_int_equal(rows(f), 0); /* the connection is in step */
}

static void
test_read_only(void **state)
{
    struct fx *f = *state;
    assert_int_equal(db_begin(f->db, true, &f->fault), STATUS_OK);
    add(f, 0, &insert, 1, "a");
    assert_int_equal(run(f), STATUS_INTERNAL);
    db_rollback(f->db);
}

static void
test_row_count(void **state)
{
    struct fx *f = *state;
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 1, "a");
    add(f, 4, &update, 99, "nobody");
    assert_int_equal(run(f), STATUS_ABORTED);
    assert_string_equal(f->fault.reason, "ROW_COUNT");
    assert_int_equal(f->owner, 4);
    db_rollback(f->db);
    assert_int_equal(rows(f), 0);
}

struct seen {
    int64_t number;
    char *text;
    unsigned char *bytes;
    size_t size;
    bool yes;
    int32_t day;
    bool null;
};

static enum status
take_types(void *ctx, const struct db_row *row, struct arena *a)
{
    struct seen *s = ctx;
    s->number = db_int(row, 0);
    s->text = db_text(row, 1, a);
    s->bytes = db_bytes(row, 2, a, &s->size);
    s->yes = db_bool(row, 3);
    s->day = db_day(row, 4);
    s->null = db_is_null(row, 5) && db_text(row, 5, a) == NULL;
    return STATUS_OK;
}

static void
test_types(void **state)
{
    struct fx *f = *state;
    struct seen s = {0};
    const unsigned char bytes[] = {0, 1, 0xAB, 0xFF, '\\'};
    const struct param params[] = {p_int(INT64_MIN),
                                   p_text("整改 '\\ “到位”"),
                                   p_bytes(bytes, sizeof bytes),
                                   p_bool(true),
                                   p_day(18379),
                                   p_text(NULL)};
    assert_int_equal(db_queue_add(f->q, &types, params, (struct db_sink){take_types, &s, 1}),
                     STATUS_OK);
    assert_int_equal(run(f), STATUS_OK);
    assert_true(s.number == INT64_MIN);
    assert_string_equal(s.text, "整改 '\\ “到位”");
    assert_int_equal(s.size, sizeof bytes);
    assert_memory_equal(s.bytes, bytes, sizeof bytes);
    assert_true(s.yes);
    assert_int_equal(s.day, 18379);
    assert_true(s.null);
}

static enum status
take_size(void *ctx, const struct db_row *row, struct arena *a)
{
    size_t size = 0;
    if (db_bytes(row, 0, a, &size) != NULL) {
        *(size_t *)ctx += size;
    }
    return STATUS_OK;
}

/* More in both directions than any socket buffer holds. */
static void
test_large_pipeline(void **state)
{
    struct fx *f = *state;
    enum { N = 100, SIZE = 200000 };
    unsigned char *bytes = calloc(1, SIZE);
    size_t total = 0;
    const struct param params[] = {p_bytes(bytes, SIZE)};
    for (int i = 0; i < N; i++) {
        assert_int_equal(db_queue_add(f->q, &echo, params, (struct db_sink){take_size, &total, 1}),
                         STATUS_OK);
    }
    assert_int_equal(run(f), STATUS_OK);
    assert_int_equal(total, (size_t)N * SIZE);
    free(bytes);
}

static enum status
take_text(void *ctx, const struct db_row *row, struct arena *a)
{
    *(char **)ctx = db_text(row, 0, a);
    return STATUS_OK;
}

static void
test_scope(void **state)
{
    struct fx *f = *state;
    const char *seen[3] = {NULL, NULL, NULL};
    const char *orgs[3] = {"{a}", "{a}", "{b}"};
    assert_int_equal(db_begin(f->db, true, &f->fault), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(db_queue_scope(f->q, 1, false, orgs[i], NULL), STATUS_OK);
        assert_int_equal(db_queue_add(f->q, &scope, NULL, (struct db_sink){take_text, &seen[i], 1}),
                         STATUS_OK);
    }
    assert_int_equal(run(f), STATUS_OK);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(seen[i], orgs[i]);
    }
    db_rollback(f->db);
    /* the scope ends with its transaction */
    assert_int_equal(db_begin(f->db, true, &f->fault), STATUS_OK);
    assert_int_equal(db_queue_add(f->q, &scope, NULL, (struct db_sink){take_text, &seen[0], 1}),
                     STATUS_OK);
    assert_int_equal(run(f), STATUS_OK);
    assert_true(seen[0] == NULL || seen[0][0] == '\0');
    db_rollback(f->db);
}

static void
test_lost_connection(void **state)
{
    struct fx *f = *state;
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 1, "a");
    assert_int_equal(db_queue_add(f->q, &kill_me, NULL, (struct db_sink){.expect = 1}), STATUS_OK);
    assert_int_equal(run(f), STATUS_UNAVAILABLE);
    assert_int_equal(f->owner, -1);
    assert_true(f->fault.retry_after_ms > 0);
    assert_true(db_broken(f->db));
    db_rollback(f->db);
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_UNAVAILABLE);
    assert_int_equal(db_reopen(f->db, &f->fault), STATUS_OK);
    assert_int_equal(rows(f), 0);
}

/* Two of the ways in which COMMIT gives no clear answer. */
static void
test_commit_unknown(void **state)
{
    struct fx *f = *state;
    test_db_exec("postgres",
                 "CREATE OR REPLACE FUNCTION public.at_commit() RETURNS trigger"
                 " LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN"
                 " IF NEW.note = 'warn' THEN RAISE WARNING 'wait for the standby given up'; END IF;"
                 " IF NEW.note = 'die' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
                 " IF NEW.note = 'no' THEN RAISE EXCEPTION 'no' USING ERRCODE = '23514',"
                 "   CONSTRAINT = 't_no'; END IF;"
                 " RETURN NULL; END $$;"
                 "CREATE CONSTRAINT TRIGGER t_commit AFTER INSERT ON public.t DEFERRABLE"
                 " INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.at_commit()");
    const char *notes[] = {"warn", "die"};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
        add(f, 0, &insert, i, notes[i]);
        assert_int_equal(run(f), STATUS_OK);
        assert_int_equal(db_commit(f->db, &f->fault), STATUS_UNKNOWN);
        assert_string_equal(f->fault.reason, "OUTCOME_UNKNOWN");
        assert_true(db_broken(f->db));
        assert_int_equal(db_reopen(f->db, &f->fault), STATUS_OK);
    }
    assert_int_equal(rows(f),
                     1); /* the warned one is there, the other is not: not known is right */
    assert_int_equal(db_begin(f->db, false, &f->fault), STATUS_OK);
    add(f, 0, &insert, 5, "no");
    assert_int_equal(run(f), STATUS_OK);
    assert_int_equal(db_commit(f->db, &f->fault), STATUS_FAILED_PRECONDITION);
    assert_string_equal(f->fault.reason, "T_NO");
    assert_false(db_broken(f->db));
    assert_int_equal(rows(f), 1);
}

static void
test_notify(void **state)
{
    struct fx *f = *state;
    char payload[32];
    assert_int_equal(db_exec(f->db, "LISTEN rectify", &f->fault), STATUS_OK);
    assert_false(db_wait_notify(f->db, 0, payload, sizeof payload));
    test_db_exec("rectify_app", "SELECT pg_notify('rectify', 'x 1')");
    assert_true(db_wait_notify(f->db, 10000, payload, sizeof payload));
    assert_string_equal(payload, "x 1");
}

static void
test_connect_fault(void **state)
{
    (void)state;
    struct fault fault = {0};
    struct db *db = NULL;
    assert_int_equal(db_open("host=/nonexistent dbname=x", "test", &db, &fault),
                     STATUS_UNAVAILABLE);
    assert_null(db);
    assert_int_equal(db_open("this is = no conninfo '", "test", &db, &fault), STATUS_UNAVAILABLE);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commit_and_rollback, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_error_names_its_owner, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_read_only, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_row_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_types, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_large_pipeline, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_scope, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lost_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_commit_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_notify, set_up, tear_down),
        cmocka_unit_test(test_connect_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
