/* Profiles, state files and files: what is refused, and what survives. */
#include "client/lib/file.h"
#include "client/lib/profile.h"
#include "client/lib/state.h"
#include "tests/support/fixture.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static char folder[256]; /* a new one for each test */

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024);
    snprintf(folder, sizeof folder, "%s/profile-XXXXXX", test_dir());
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static const char *
in_folder(const char *name)
{
    return arena_printf(&arena, "%s/%s", folder, name);
}

static void
write_file(const char *name, const char *text)
{
    struct fault f;
    assert_int_equal(rectify_file_replace(in_folder(name), 0600, text, strlen(text), &f),
                     STATUS_OK);
}

static void
make_folder(const char *name)
{
    struct fault f;
    assert_int_equal(rectify_folder_make(in_folder(name), 0700, &f), STATUS_OK);
}

static struct rectify_places
places(void)
{
    return (struct rectify_places){.home = folder, .state = "/nowhere/state"};
}

static enum status
parse(const char *text, struct rectify_profile *ret, struct fault *f)
{
    struct rectify_places p = places();
    *f = (struct fault){.code = STATUS_OK};
    return rectify_profile_parse(&arena, &p, text, "/etc/x/profiles/unit01.ini", ret, f);
}

static void
test_parse(void **state)
{
    (void)state;
    struct rectify_profile p;
    struct fault f;
    assert_int_equal(parse("\xEF\xBB\xBF# 样例\r\nserver = tls+tcp://127.0.0.1:7000\r\n"
                           "tenant=sample\n\n; note\n account =  unit01 \nkey=k.pem\n"
                           "ca = /etc/ca.pem\nstate = ../state/u\npassword_file=\n",
                           &p, &f),
                     STATUS_OK);
    assert_string_equal(p.name, "unit01");
    assert_string_equal(p.server, "tls+tcp://127.0.0.1:7000");
    assert_string_equal(p.server_name, "rectifyd");
    assert_string_equal(p.account, "unit01");
    assert_string_equal(p.key, "/etc/x/profiles/k.pem");
    assert_string_equal(p.ca, "/etc/ca.pem");
    assert_string_equal(p.state, "/etc/x/profiles/../state/u");
    assert_null(p.password_file);
}

static void
test_parse_long_path(void **state)
{
    (void)state;
    struct rectify_profile p;
    struct fault f;
    char path[600];
    memset(path, 'a', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    const char *text = arena_printf(&arena, "server=tcp://x:1\ntenant=t\nca=%s\n", path);
    assert_int_equal(parse(text, &p, &f), STATUS_OK);
    assert_string_equal(p.ca, path);
}

static void
test_parse_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *reason;
        const char *line;
    } cases[] = {
        {"server=x\ntenant=t\ncolour=red\n", "PROFILE_KEY", "第 3 行"},
        {"server=x\nserver=y\n", "PROFILE_TWICE", "第 2 行"},
        {"server=x\n\n[section]\n", "PROFILE_SYNTAX", "第 3 行"},
        {"tenant=t\n", "PROFILE_INCOMPLETE", "server"},
        {"server=x\n", "PROFILE_INCOMPLETE", "tenant"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rectify_profile p;
        struct fault f;
        assert_int_equal(parse(cases[i].text, &p, &f), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f.reason, cases[i].reason);
        assert_non_null(strstr(f.message, cases[i].line));
    }
}

static enum status
find(const char *name, const char **ret_file, struct fault *f)
{
    struct rectify_places p = places();
    *f = (struct fault){.code = STATUS_OK};
    return rectify_profile_find(&arena, &p, name, ret_file, f);
}

static void
test_find_default(void **state)
{
    (void)state;
    const char *file = NULL;
    struct fault f;
    make_folder("profiles");
    assert_int_equal(find(NULL, &file, &f), STATUS_NOT_FOUND);
    write_file("profiles/unit01.ini", "x\n");
    assert_int_equal(find(NULL, &file, &f), STATUS_OK); /* the only one */
    assert_string_equal(file, in_folder("profiles/unit01.ini"));
    write_file("profiles/unit02.ini", "x\n");
    assert_int_equal(find(NULL, &file, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "PROFILE_UNCLEAR");
    assert_non_null(strstr(f.message, "unit01、unit02"));
    write_file("profiles/office.ini", "x\n");
    assert_int_equal(find(NULL, &file, &f), STATUS_OK);
    assert_string_equal(file, in_folder("profiles/office.ini"));
    write_file("profiles/default.ini", "x\n");
    assert_int_equal(find(NULL, &file, &f), STATUS_OK);
    assert_string_equal(file, in_folder("profiles/default.ini"));
}

/* A home that is named is the only place. */
static void
test_home_named(void **state)
{
    (void)state;
    struct rectify_places p;
    const char *file = NULL;
    struct fault f;
    assert_int_equal(rectify_places_find(&arena, folder, &p, &f), STATUS_OK);
    assert_null(p.beside);
    assert_null(p.user);
    assert_int_equal(rectify_profile_find(&arena, &p, NULL, &file, &f), STATUS_NOT_FOUND);
    assert_non_null(strstr(f.message, folder));
    assert_int_equal(rectify_places_find(&arena, NULL, &p, &f), STATUS_OK);
    assert_non_null(p.beside);
}

static void
test_find_named(void **state)
{
    (void)state;
    const char *file = NULL;
    struct fault f;
    make_folder("profiles");
    write_file("profiles/unit01.ini", "x\n");
    assert_int_equal(find("unit01", &file, &f), STATUS_OK);
    assert_int_equal(find(in_folder("profiles/unit01.ini"), &file, &f), STATUS_OK);
    assert_int_equal(find("unit99", &file, &f), STATUS_NOT_FOUND);
    assert_non_null(strstr(f.message, "unit01"));
    assert_int_equal(find("", &file, &f), STATUS_INVALID_ARGUMENT);
    assert_int_equal(find("a b", &file, &f), STATUS_INVALID_ARGUMENT);
}

static void
test_state_session(void **state)
{
    (void)state;
    struct rectify_session in = {.expires_at_ms = 1800000000000LL};
    struct rectify_session out;
    struct fault f;
    struct stat st;
    const char *dir = in_folder("a/b/state");
    assert_int_equal(rectify_state_session_load(dir, &out, &f), STATUS_NOT_FOUND);
    snprintf(in.token, sizeof in.token, "tokentokentoken");
    snprintf(in.account, sizeof in.account, "unit01");
    assert_int_equal(rectify_state_session_save(dir, &in, &f), STATUS_OK);
    assert_int_equal(rectify_state_session_load(dir, &out, &f), STATUS_OK);
    assert_string_equal(out.token, in.token);
    assert_string_equal(out.account, in.account);
    assert_int_equal(out.expires_at_ms, in.expires_at_ms);
    assert_int_equal(stat(in_folder("a/b/state/session"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    rectify_state_session_clear(dir);
    assert_int_equal(rectify_state_session_load(dir, &out, &f), STATUS_NOT_FOUND);
    write_file("a/b/state/session", "nonsense\n");
    assert_int_equal(rectify_state_session_load(dir, &out, &f), STATUS_INVALID_ARGUMENT);
}

static void
test_state_cursor_and_head(void **state)
{
    (void)state;
    int64_t cursor = 0;
    struct fault f;
    struct ledger_key key;
    struct ledger_head head = {.size = 7, .time_ms = 5, .tenant = "sample"};
    struct ledger_head back;
    struct ledger_public public;
    unsigned char seed[32] = {1};
    assert_int_equal(rectify_state_cursor_save(folder, 42, &f), STATUS_OK);
    assert_int_equal(rectify_state_cursor_load(folder, &cursor, &f), STATUS_OK);
    assert_int_equal(cursor, 42);
    ledger_key_from_seed(seed, &key);
    assert_int_equal(ledger_head_sign(&head, &key, &f), STATUS_OK);
    assert_int_equal(rectify_state_head_save(folder, &head, &f), STATUS_OK);
    assert_int_equal(rectify_state_head_load(folder, &back, &f), STATUS_OK);
    assert_int_equal(back.size, 7);
    assert_int_equal(ledger_head_verify(&back, &key.public, &f), STATUS_OK);
    assert_int_equal(rectify_state_ledger_save(folder, &key.public, &f), STATUS_OK);
    assert_int_equal(rectify_state_ledger_load(folder, &public, &f), STATUS_OK);
    assert_memory_equal(public.bytes, key.public.bytes, LEDGER_PUBLIC_BYTES);
}

static void
test_file_replace(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    struct fault f;
    struct rectify_file file;
    write_file("f", "old");
    assert_int_equal(rectify_file_begin(in_folder("f"), 0600, &file, &f), STATUS_OK);
    (void)fputs("half", file.stream);
    rectify_file_release(&file); /* given up: the old one stays */
    assert_int_equal(rectify_file_read(&arena, in_folder("f"), 100, &text, &n, &f), STATUS_OK);
    assert_string_equal(text, "old");
    assert_int_equal(rectify_file_read(&arena, in_folder("f"), 2, &text, &n, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(rectify_file_read(&arena, folder, 100, &text, &n, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(rectify_file_read(&arena, in_folder("none"), 100, &text, &n, &f),
                     STATUS_NOT_FOUND);
    assert_int_equal(rectify_file_begin(in_folder("no/folder"), 0600, &file, &f), STATUS_NOT_FOUND);
    assert_int_equal(rectify_file_begin(folder, 0600, &file, &f), STATUS_INVALID_ARGUMENT);
}

/* A device must be written through: renaming over /dev/null would destroy it. */
static void
test_file_device(void **state)
{
    (void)state;
    struct fault f;
    struct stat st;
    assert_int_equal(rectify_file_replace("/dev/null", 0600, "x", 1, &f), STATUS_OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
    assert_int_equal(rectify_file_replace("/dev/full", 0600, "x", 1, &f), STATUS_UNAVAILABLE);
}

/* "-" is the standard output, behind what already stands in it. */
static void
test_file_output(void **state)
{
    (void)state;
    struct fault f;
    char text[64] = "";
    int kept = dup(STDOUT_FILENO);
    FILE *out = tmpfile();
    assert_true(kept >= 0 && out != NULL);
    (void)fflush(stdout);
    assert_true(write(fileno(out), "before ", 7) == 7);
    assert_true(dup2(fileno(out), STDOUT_FILENO) >= 0);
    enum status status = rectify_file_replace("-", 0600, "after", 5, &f);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    assert_int_equal(status, STATUS_OK);
    rewind(out);
    assert_non_null(fgets(text, sizeof text, out));
    assert_string_equal(text, "before after");
    (void)fclose(out);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_long_path, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_default, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_output, setup, teardown),
        cmocka_unit_test_setup_teardown(test_home_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_session, setup, teardown),
        cmocka_unit_test_setup_teardown(test_state_cursor_and_head, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_file_device, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
