/* Tables: whose turn it is, what their state is called, and that an export keeps what was there. */
#include "client/cli/table_file.h"
#include "client/cli/tables.h"
#include "client/cli/view.h"
#include "client/lib/file.h"

#include <errno.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct cli cli;
static char folder[64];

static int
setup(void **state)
{
    (void)state;
    cli = (struct cli){.err = tmpfile()};
    arena_init(&cli.arena, 64 * 1024 * 1024);
    snprintf(folder, sizeof folder, "/tmp/cli_tables_XXXXXX");
    return cli.err != NULL && mkdtemp(folder) != NULL ? 0 : -1;
}

static int
entry_remove(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&cli.arena);
    (void)fclose(cli.err);
    return nftw(folder, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

static const char *
path_of(const char *name)
{
    const char *path = rectify_path_join(&cli.arena, folder, name);
    assert_non_null(path);
    return path;
}

static void
put(const char *name, const char *text)
{
    struct fault f;
    assert_int_equal(rectify_file_replace(path_of(name), 0600, text, strlen(text), &f), STATUS_OK);
}

static bool
is_there(const char *name)
{
    return access(path_of(name), F_OK) == 0;
}

static Pb__Table
table_of(char *state, int rows, int accepted, int returned)
{
    Pb__Table table = PB__TABLE__INIT;
    table.state = state;
    table.row_count = rows;
    table.rows_accepted = accepted;
    table.rows_returned = returned;
    return table;
}

static void
test_states(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int rows, accepted, returned;
        bool waiting, owed;
        const char *zh;
    } cases[] = {
        {"OPEN", 0, 0, 0, false, true, "OPEN"},
        {"SUBMITTED", 5, 0, 0, true, false, "SUBMITTED"},
        {"RETURNED", 5, 3, 2, false, true, "部分退回"},
        {"RETURNED", 5, 1, 2, true, true, "部分退回，其余待审核"},
        {"RETURNED", 5, 0, 5, false, true, "全部退回"},
        {"ACCEPTED", 5, 5, 0, false, false, "ACCEPTED"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        Pb__Table table = table_of(cli_field(cases[i].state), cases[i].rows, cases[i].accepted,
                                   cases[i].returned);
        assert_int_equal(tables_waiting(&table), cases[i].waiting);
        assert_int_equal(tables_owed(&table), cases[i].owed);
        assert_string_equal(tables_state_zh(&table), cases[i].zh);
    }
}

/* A filled-in file is kept once; exporting the same again leaves nothing behind. */
static void
test_keep_old(void **state)
{
    (void)state;
    struct fault f;
    put("new", "fresh");
    assert_int_equal(tables_keep_old(&cli, path_of("t.csv"), path_of("new"), &f), STATUS_OK);
    assert_false(is_there("t.csv.bak"));
    put("t.csv", "fresh");
    assert_int_equal(tables_keep_old(&cli, path_of("t.csv"), path_of("new"), &f), STATUS_OK);
    assert_false(is_there("t.csv.bak")); /* the same: nothing to keep */
    put("t.csv", "filled in");
    assert_int_equal(tables_keep_old(&cli, path_of("t.csv"), path_of("new"), &f), STATUS_OK);
    assert_true(is_there("t.csv.bak"));
    put("t.csv", "filled in");
    assert_int_equal(tables_keep_old(&cli, path_of("t.csv"), path_of("new"), &f), STATUS_OK);
    assert_false(is_there("t.csv.bak2")); /* kept already */
    put("t.csv", "filled in again");
    assert_int_equal(tables_keep_old(&cli, path_of("t.csv"), path_of("new"), &f), STATUS_OK);
    assert_true(is_there("t.csv.bak2"));
    put("u", "x");
    assert_int_equal(tables_keep_old(&cli, path_of("u"), NULL, &f), STATUS_OK);
    assert_true(is_there("u.bak")); /* not known what comes: kept */
}

/* "台账.txt:乱写" is told from a file that is not there. */
static void
test_evidence_look(void **state)
{
    (void)state;
    struct fault f;
    put("a.txt", "x");
    const char *good = arena_printf(&cli.arena, "%s:照片", path_of("a.txt"));
    const char *kind = arena_printf(&cli.arena, "%s：乱写", path_of("a.txt"));
    assert_int_equal(cli_evidence_look(&cli, good, &f), STATUS_OK);
    assert_int_equal(cli_evidence_look(&cli, kind, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "ATTACHMENT");
    assert_non_null(strstr(f.message, "类别“乱写”不认识"));
    assert_int_equal(cli_evidence_look(&cli, path_of("b.txt"), &f), STATUS_NOT_FOUND);
    assert_string_equal(f.reason, "FILE_MISSING");
    assert_string_equal(rectify_errno_zh(ENOSPC), "磁盘已满");
}

static void
test_closed(void **state)
{
    (void)state;
    Pb__Measure m = PB__MEASURE__INIT;
    assert_false(view_closed(&m));
    m.state = cli_field("DONE");
    assert_true(view_closed(&m));
    m.state = cli_field("SUSTAINING");
    assert_false(view_closed(&m));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_states, setup, teardown),
        cmocka_unit_test_setup_teardown(test_keep_old, setup, teardown),
        cmocka_unit_test_setup_teardown(test_evidence_look, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
