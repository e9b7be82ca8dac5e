/* The command table, the parser over it, help and exit codes. */
#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/cli/help.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 1024 * 1024);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* Parses words parted by blanks; "_" stands for a blank inside one. */
static enum status
parse(const char *text, struct line *ret_line, struct fault *f)
{
    char *argv[64];
    int argc = 0;
    char *copy = arena_strdup(&arena, text);
    *f = (struct fault){.code = STATUS_OK};
    for (char *p = copy; p != NULL && *p != '\0';) {
        char *end = strchr(p, ' ');
        if (end != NULL) {
            *end = '\0';
        }
        argv[argc++] = p;
        p = end != NULL ? end + 1 : NULL;
    }
    return line_parse(&arena, argc, argv, ret_line, f);
}

static void
test_rows_are_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command *c = &commands[i];
        assert_non_null(c->words);
        assert_non_null(c->run);
        assert_non_null(c->arguments);
        assert_non_null(c->roles);
        assert_true(c->summary != NULL && c->summary[0] != '\0');
        assert_non_null(c->examples[0]);
        assert_true(c->args_min <= c->args_max);
        assert_true((c->args_max > 0) == (c->arguments[0] != '\0'));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(c->words, commands[j].words);
        }
        for (const struct option *o = c->options; o != NULL && o->name != NULL; o++) {
            assert_true(o->help != NULL && o->help[0] != '\0');
            for (const struct option *other = c->options; other != o; other++) {
                assert_string_not_equal(o->name, other->name);
            }
        }
    }
}

/* Every example in the table must itself parse, to its own row. */
static void
test_examples_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        for (size_t j = 0; j < COMMAND_EXAMPLES && commands[i].examples[j] != NULL; j++) {
            struct line line;
            struct fault f;
            char text[256];
            snprintf(text, sizeof text, "%s", commands[i].examples[j] + strlen("rectify "));
            char *redirect = strstr(text, " >");
            if (redirect != NULL) {
                *redirect = '\0';
            }
            if (parse(text, &line, &f) != STATUS_OK) {
                fail_msg("%s: %s", commands[i].examples[j], f.message);
            }
            assert_string_equal(line.command->words, commands[i].words);
        }
    }
}

static void
test_parse_options(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    assert_int_equal(
        parse("--profile office -o json table submit f.csv --attach A=1 --attach=B=2", &line, &f),
        STATUS_OK);
    assert_string_equal(line.command->words, "table submit");
    assert_int_equal(line.arg_count, 1);
    assert_string_equal(line.args[0], "f.csv");
    assert_string_equal(line_value(&line, "profile"), "office");
    assert_string_equal(line_value(&line, "output"), "json");
    assert_string_equal(line_value_at(&line, "attach", 0), "A=1");
    assert_string_equal(line_value_at(&line, "attach", 1), "B=2");
    assert_null(line_value_at(&line, "attach", 2));
}

/* "--out" is known to take a value also before the words that own it. */
static void
test_parse_option_first(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    assert_int_equal(parse("--out f.csv table export", &line, &f), STATUS_OK);
    assert_string_equal(line.command->words, "table export");
    assert_string_equal(line_value(&line, "out"), "f.csv");
    assert_int_equal(line.arg_count, 0);
}

static void
test_parse_own_hides_global(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    assert_int_equal(parse("audit verify f --key 00ff", &line, &f), STATUS_OK);
    assert_false(command_takes(line.command, "key"));
    assert_int_equal(parse("sign-for A --key 00ff", &line, &f), STATUS_OK);
    assert_true(command_takes(line.command, "key"));
    assert_int_equal(parse("alert wait --timeout 5", &line, &f), STATUS_OK);
    assert_false(command_takes(line.command, "timeout"));
}

static void
test_parse_double_dash(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    assert_int_equal(parse("ask P-01-M-01 -- --help -o", &line, &f), STATUS_OK);
    assert_int_equal(line.arg_count, 3);
    assert_string_equal(line.args[1], "--help");
    assert_false(line.help);
}

static void
test_parse_faults(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *reason;
        const char *hint;
    } cases[] = {
        {"tabel", "USAGE_COMMAND", "rectify table"},
        {"table shwo", "USAGE_COMMAND", "table show"},
        {"measure", "USAGE_INCOMPLETE", "help measure"},
        {"measure lst", "USAGE_COMMAND", "measure list"},
        {"statsu", "USAGE_COMMAND", "status"},
        {"zzzzzzzzzz", "USAGE_COMMAND", "没有"},
        {"status --bye x", "USAGE_OPTION", "--by"},
        {"status extra", "USAGE_ARGUMENTS", "extra"},
        {"status --by", "USAGE_VALUE", "--by"},
        {"sign-for --all=1", "USAGE_VALUE", "--all"},
        {"status --by item --by unit", "USAGE_OPTION_TWICE", "--by"},
        {"measure show", "USAGE_ARGUMENTS", "编号"},
        {"measure show A B", "USAGE_ARGUMENTS", "B"},
        {"table export", "USAGE_OPTION_MISSING", "--out"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line line;
        struct fault f;
        if (parse(cases[i].text, &line, &f) != STATUS_INVALID_ARGUMENT) {
            fail_msg("%s was accepted", cases[i].text);
        }
        assert_string_equal(f.reason, cases[i].reason);
        assert_non_null(strstr(f.message, cases[i].hint));
        assert_int_equal(exit_code_from_fault(&f), EXIT_CODE_USAGE);
    }
}

static void
test_parse_help(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"", "help"},
        {"--help", "help"},
        {"-h", "help"},
        {"table submit --help", "table submit"},
        {"status -h", "status"},
        {"measure --help", "help"},
        {"table export --help", "table export"}, /* though --out is missing */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line line;
        struct fault f;
        assert_int_equal(parse(cases[i][0], &line, &f), STATUS_OK);
        assert_string_equal(line.command->words, cases[i][1]);
    }
}

static char *
help_text(const char *text)
{
    struct line line;
    struct fault f;
    char *out = NULL;
    size_t n = 0;
    FILE *stream = open_memstream(&out, &n);
    assert_non_null(stream);
    assert_int_equal(parse(text, &line, &f), STATUS_OK);
    assert_int_equal(help_print_topic(stream, &line, &f), STATUS_OK);
    (void)fclose(stream);
    return out;
}

static void
test_help_texts(void **state)
{
    (void)state;
    char *all = help_text("help");
    for (size_t i = 0; i < command_count; i++) {
        assert_non_null(strstr(all, commands[i].words));
        assert_non_null(strstr(all, commands[i].summary));
        char *one = help_text(arena_printf(&arena, "help %s", commands[i].words));
        for (const struct option *o = commands[i].options; o != NULL && o->name != NULL; o++) {
            assert_non_null(strstr(one, arena_printf(&arena, "--%s", o->name)));
            assert_non_null(strstr(one, o->help));
        }
        free(one);
    }
    free(all);
    char *codes = help_text("help exit-codes");
    for (int i = 0; i < EXIT_CODE_COUNT; i++) {
        assert_non_null(strstr(codes, exit_code_text((enum exit_code)i)));
    }
    free(codes);
    char *group = help_text("help measure");
    assert_non_null(strstr(group, "measure claim-effect"));
    assert_null(strstr(group, "table submit"));
    free(group);
}

static void
test_exit_codes(void **state)
{
    (void)state;
    static const struct {
        const char *reason;
        enum status status;
        enum exit_code code;
    } cases[] = {
        {"", STATUS_OK, EXIT_CODE_OK},
        {"X", STATUS_INTERNAL, EXIT_CODE_INTERNAL},
        {"X", STATUS_UNIMPLEMENTED, EXIT_CODE_INTERNAL},
        {"USAGE_COMMAND", STATUS_INVALID_ARGUMENT, EXIT_CODE_USAGE},
        {"TABLE_CELL", STATUS_INVALID_ARGUMENT, EXIT_CODE_INPUT},
        {"X", STATUS_NOT_FOUND, EXIT_CODE_NOT_FOUND},
        {"X", STATUS_PERMISSION_DENIED, EXIT_CODE_DENIED},
        {"X", STATUS_UNAUTHENTICATED, EXIT_CODE_DENIED},
        {"STALE_VERSION", STATUS_ABORTED, EXIT_CODE_STATE},
        {"SECRET_MARK", STATUS_FAILED_PRECONDITION, EXIT_CODE_INPUT},
        {"LOGIN_LOCKED", STATUS_RESOURCE_EXHAUSTED, EXIT_CODE_DENIED},
        {"X", STATUS_FAILED_PRECONDITION, EXIT_CODE_STATE},
        {"X", STATUS_ALREADY_EXISTS, EXIT_CODE_STATE},
        {"X", STATUS_UNAVAILABLE, EXIT_CODE_TRY_AGAIN},
        {"X", STATUS_UNKNOWN, EXIT_CODE_TRY_AGAIN},
        {"X", STATUS_RESOURCE_EXHAUSTED, EXIT_CODE_TRY_AGAIN},
        {"X", STATUS_DATA_LOSS, EXIT_CODE_NOT_VERIFIED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault f = {.code = cases[i].status};
        snprintf(f.reason, sizeof f.reason, "%s", cases[i].reason);
        assert_int_equal(exit_code_from_fault(&f), cases[i].code);
        assert_non_null(exit_code_advice(&arena, &f, "table submit"));
    }
}

/* The same refusal asks for another step after another command. */
static void
test_advice(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        const char *reason;
        enum status status;
        const char *has; /* "": no advice at all */
    } cases[] = {
        {"table submit", "STATE_FORBIDS", STATUS_FAILED_PRECONDITION, "联系领导小组办公室退回"},
        {"table submit", "TABLE_SUBMITTED", STATUS_FAILED_PRECONDITION, "联系领导小组办公室退回"},
        {"measure confirm", "STATE_FORBIDS", STATUS_FAILED_PRECONDITION, "measure allowed"},
        {"table submit", "STALE_VERSION", STATUS_ABORTED, "table export"},
        {"table decide", "STALE_VERSION", STATUS_ABORTED, "table show"},
        {"table decide", "X", STATUS_NOT_FOUND, "table list"},
        {"measure show", "X", STATUS_NOT_FOUND, "measure list"},
        {"machine enrol", "ENROL_CODE_USED", STATUS_FAILED_PRECONDITION, "account code"},
        {"account add", "X", STATUS_ALREADY_EXISTS, ""},
        {"machine enrol", "X", STATUS_NOT_FOUND, ""},
        {"table export", "USAGE_OPTION", STATUS_INVALID_ARGUMENT, "rectify help table export"},
        {"", "USAGE_COMMAND", STATUS_INVALID_ARGUMENT, "rectify help "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fault f = {.code = cases[i].status};
        snprintf(f.reason, sizeof f.reason, "%s", cases[i].reason);
        const char *advice = exit_code_advice(&arena, &f, cases[i].words);
        bool right =
            cases[i].has[0] == '\0' ? advice[0] == '\0' : strstr(advice, cases[i].has) != NULL;
        if (!right) {
            fail_msg("%s after %s: %s", cases[i].reason, cases[i].words, advice);
        }
    }
}

/* --for stands where the office may act for a unit, and nowhere else; help says the same. */
static void
test_for(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    assert_int_equal(parse("--for unit01 sign-for --all", &line, &f), STATUS_OK);
    assert_int_equal(parse("todo --for unit01", &line, &f), STATUS_OK);
    assert_int_equal(parse("status --for unit01", &line, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "USAGE_FOR");
    assert_string_equal(line.command->words, "status"); /* known, for the advice */
    for (size_t i = 0; i < command_count; i++) {
        char *help = help_text(arena_printf(&arena, "help %s", commands[i].words));
        bool takes = (commands[i].flags & COMMAND_FOR) != 0;
        assert_true((strstr(help, "--for ") != NULL) == takes);
        const char *first = strstr(help, "\n  --timeout");
        assert_true(first == NULL || strstr(first + 1, "\n  --timeout") == NULL); /* once */
        free(help);
    }
    assert_int_equal(parse("zzzz", &line, &f), STATUS_INVALID_ARGUMENT);
    assert_null(line.command);
}

/* A whole run: result on one stream, faults on the other, the documented code. */
static int
run(char *const *words, char **ret_out, char **ret_err)
{
    char *argv[16] = {NULL};
    int argc = 0;
    char *text = NULL;
    size_t n = 0;
    argv[argc++] = (char[]){"rectify"};
    while (words[argc - 1] != NULL) {
        argv[argc] = words[argc - 1];
        argc++;
    }
    FILE *out = tmpfile();
    FILE *err = tmpfile();
    assert_true(out != NULL && err != NULL);
    int code = cli_main(argc, argv, out, err);
    FILE *streams[] = {out, err};
    char **results[] = {ret_out, ret_err};
    for (size_t i = 0; i < 2; i++) {
        FILE *copy = open_memstream(&text, &n);
        rewind(streams[i]);
        for (int ch = getc(streams[i]); ch != EOF; ch = getc(streams[i])) {
            (void)putc(ch, copy);
        }
        (void)fclose(copy);
        *results[i] = text;
        (void)fclose(streams[i]);
    }
    return code;
}

static void
test_main_runs(void **state)
{
    (void)state;
    char *out = NULL;
    char *err = NULL;
    char version[] = "version";
    char typo[] = "tabel";
    char *good[] = {version, NULL};
    char *bad[] = {typo, NULL};
    assert_int_equal(run(good, &out, &err), 0);
    assert_string_equal(out, CLI_CLIENT_VERSION "\n");
    assert_string_equal(err, "");
    free(out);
    free(err);
    assert_int_equal(run(bad, &out, &err), EXIT_CODE_USAGE);
    assert_string_equal(out, "");
    assert_non_null(strstr(err, "错误："));
    assert_non_null(strstr(err, "原因码：USAGE_COMMAND"));
    assert_non_null(strstr(err, "怎么办：运行 rectify help 查看全部命令。"));
    free(out);
    free(err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_are_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_examples_parse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_option_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_own_hides_global, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_double_dash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exit_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_main_runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
