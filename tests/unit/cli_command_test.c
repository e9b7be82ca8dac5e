/* The command table, the parser over it, help and exit codes. */
#include "client/cli/cli.h"
#include "client/cli/command.h"
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
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *c = command_at(i);
        assert_non_null(c->words);
        assert_non_null(c->run);
        assert_non_null(c->arguments);
        assert_non_null(c->roles);
        assert_true(c->summary != NULL && c->summary[0] != '\0');
        assert_non_null(c->examples[0]);
        assert_true(c->args_min <= c->args_max);
        assert_true((c->args_max > 0) == (c->arguments[0] != '\0'));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(c->words, command_at(j)->words);
        }
        for (const struct option *o = c->options; o != NULL && o->name != NULL; o++) {
            assert_true(o->help != NULL && o->help[0] != '\0');
            for (const struct option *other = c->options; other != o; other++) {
                assert_string_not_equal(o->name, other->name);
            }
        }
    }
}

/* Words before the row is known are told from options by these alone: an option of one name takes a
 * value everywhere or nowhere. And what a page holds begins with a heading. */
static void
test_rows_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_total(); i++) {
        const struct option *o = command_at(i)->options;
        for (; o != NULL && o->name != NULL; o++) {
            for (size_t j = 0; j < i; j++) {
                const struct option *other = command_at(j)->options;
                for (; other != NULL && other->name != NULL; other++) {
                    if (strcmp(o->name, other->name) == 0 &&
                        (o->value == NULL) != (other->value == NULL)) {
                        fail_msg("--%s: %s and %s", o->name, command_at(i)->words,
                                 command_at(j)->words);
                    }
                }
            }
        }
    }
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        assert_true(command_tables[t]->count > 0);
        assert_non_null(command_tables[t]->rows[0].section);
    }
    assert_null(command_at(command_total()));
}

/* At most three words; the example, and so every text made from it, writes all of them. */
static void
test_rows_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *c = command_at(i);
        unsigned words = 1;
        for (const char *p = c->words; *p != '\0'; p++) {
            words += *p == ' ' ? 1 : 0;
        }
        assert_true(words <= COMMAND_WORDS);
        for (size_t j = 0; j < COMMAND_EXAMPLES && c->examples[j] != NULL; j++) {
            char *begin = arena_printf(&arena, "rectify %s", c->words);
            assert_int_equal(strncmp(c->examples[j], begin, strlen(begin)), 0);
        }
    }
}

/* Every example in the table must itself parse, to its own row. */
static void
test_examples_parse(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_total(); i++) {
        for (size_t j = 0; j < COMMAND_EXAMPLES && command_at(i)->examples[j] != NULL; j++) {
            struct line line;
            struct fault f;
            char text[256];
            snprintf(text, sizeof text, "%s", command_at(i)->examples[j] + strlen("rectify "));
            char *redirect = strstr(text, " >");
            if (redirect != NULL) {
                *redirect = '\0';
            }
            if (parse(text, &line, &f) != STATUS_OK) {
                fail_msg("%s: %s", command_at(i)->examples[j], f.message);
            }
            assert_string_equal(line.command->words, command_at(i)->words);
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
        {"measure list --unti x", "USAGE_OPTION", "--unit"},
        {"measure list extra", "USAGE_ARGUMENTS", "extra"},
        {"status --by", "USAGE_VALUE", "--by"},
        {"sign-for --all=1", "USAGE_VALUE", "--all"},
        {"status --by item --by unit", "USAGE_OPTION_TWICE", "--by"},
        {"measure show", "USAGE_ARGUMENTS", "编号"},
        {"measure show A B", "USAGE_ARGUMENTS", "B"},
        {"table export", "USAGE_OPTION_MISSING", "--out"},
        {"office", "USAGE_INCOMPLETE", "help office"},
        {"office table", "USAGE_INCOMPLETE", "help office table"},
        {"account", "USAGE_INCOMPLETE", "help account"},
        {"measure zzzzzzzzzz", "USAGE_COMMAND", "help measure"},
        {"office zzzzzzzzzz", "USAGE_COMMAND", "help office"},
        {"office tabel decide unit01", "USAGE_COMMAND", "rectify office table decide？"},
        {"ofice table decide unit01", "USAGE_COMMAND", "rectify office table decide？"},
        {"tabel decide unit01", "USAGE_COMMAND", "rectify office table decide？"},
        {"admin table decide unit01", "USAGE_COMMAND", "rectify office table decide？"},
        {"measure cofirm P-07-M-03", "USAGE_COMMAND", "rectify office measure confirm？"},
        {"office table show unit01", "USAGE_COMMAND", "rectify table show？"},
        {"admin acount add x", "USAGE_COMMAND", "rectify admin account add？"},
        {"table decide", "USAGE_ARGUMENTS", "rectify office table decide"},
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

/* Three words, and the same row with its prefix left out. */
static void
test_parse_three_words(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *words;
        size_t args;
    } cases[] = {
        {"office table decide unit01", "office table decide", 1},
        {"table decide unit01", "office table decide", 1},
        {"office -o json table --accept-all decide unit01", "office table decide", 1},
        {"--profile office office measure confirm P-07-M-03", "office measure confirm", 1},
        {"measure confirm P-07-M-03", "office measure confirm", 1},
        {"admin org import orgs.csv", "admin org import", 1},
        {"org import orgs.csv", "admin org import", 1},
        {"plan approve --inspection INS1", "office plan approve", 0},
        {"table show unit01", "table show", 1},
        {"ask P-07-M-03 table decide", "ask", 3},
        {"ask office table decide", "ask", 3},
        {"sign-for P-07-M-03 P-07-M-04 P-07-M-05", "sign-for", 3},
        {"help office table decide", "help", 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct line line;
        struct fault f;
        if (parse(cases[i].text, &line, &f) != STATUS_OK) {
            fail_msg("%s: %s", cases[i].text, f.message);
        }
        assert_string_equal(line.command->words, cases[i].words);
        assert_int_equal(line.arg_count, cases[i].args);
    }
}

/* The rule itself, over rows in which two prefixes hold the same words. */
static void
test_find_prefix(void **state)
{
    (void)state;
    static const struct command rows[] = {
        {.words = "list"},         {.words = "office list"},     {.words = "office list import"},
        {.words = "admin import"}, {.words = "office import"},   {.words = "admin list export"},
        {.words = "office mark"},  {.words = "list office mark"}};
    static const struct command_table table = {rows, sizeof rows / sizeof rows[0], false};
    static const struct command_table *const tables[] = {&table, NULL};
    static const struct {
        const char *typed[4];
        size_t count;
        const char *words; /* NULL: none */
        const char *other;
        unsigned taken;
    } cases[] = {
        {{"list"}, 1, "list", NULL, 1}, /* in full comes first */
        {{"office", "list"}, 2, "office list", NULL, 2},
        {{"list", "import"}, 2, "office list import", NULL, 2}, /* more words come first */
        {{"list", "export", "x", "y"}, 4, "admin list export", NULL, 2},
        {{"import", "x"}, 2, "admin import", "office import", 1},
        {{"office", "import"}, 2, "office import", NULL, 2},
        {{"list", "office", "mark"}, 3, "list office mark", NULL, 3},
        {{"mark"}, 1, "office mark", NULL, 1},
        {{"office"}, 1, NULL, NULL, 0},
        {{"nothing", "list"}, 2, NULL, NULL, 0},
        {{NULL}, 0, NULL, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct command_match m = command_find_in(tables, cases[i].typed, cases[i].count);
        assert_true((m.command == NULL) == (cases[i].words == NULL));
        assert_true((m.other == NULL) == (cases[i].other == NULL));
        assert_true(m.command == NULL || strcmp(m.command->words, cases[i].words) == 0);
        assert_true(m.other == NULL || strcmp(m.other->words, cases[i].other) == 0);
        assert_int_equal(m.taken, cases[i].taken);
    }
}

/* Words longer than any row's, and bytes that are no words, are unknown and nothing worse. */
static void
test_parse_long_words(void **state)
{
    (void)state;
    char word[400];
    struct line line;
    struct fault f;
    memset(word, 'x', sizeof word);
    word[sizeof word - 1] = '\0';
    assert_int_equal(parse(word, &line, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "USAGE_COMMAND");
    assert_int_equal(parse(arena_printf(&arena, "table %s %s", word, word), &line, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(parse(arena_printf(&arena, "office table %s", word), &line, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_int_equal(parse(arena_printf(&arena, "sign-for %s %s", word, word), &line, &f),
                     STATUS_OK);
    assert_string_equal(line.command->words, "sign-for");
    assert_int_equal(line.arg_count, 2);
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
        {"office table --help", "help"},
        {"office table decide --help", "office table decide"},
        {"table decide --help", "office table decide"},
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
    char *all = help_text("help all");
    for (size_t i = 0; i < command_total(); i++) {
        assert_non_null(strstr(all, command_at(i)->words));
        assert_non_null(strstr(all, command_at(i)->summary));
        char *one = help_text(arena_printf(&arena, "help %s", command_at(i)->words));
        for (const struct option *o = command_at(i)->options; o != NULL && o->name != NULL; o++) {
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

/* A clerk's page holds what a unit does and nothing of the office's; each page all of its own. */
static void
test_help_pages(void **state)
{
    (void)state;
    static const char *const pages[] = {"office", "admin", "audit"};
    char *front = help_text("help");
    assert_true(strstr(front, "sign-for") < strstr(front, "table submit"));
    assert_true(strstr(front, "table submit") < strstr(front, "ask "));
    assert_true(strstr(front, "ask ") < strstr(front, "measure list"));
    assert_true(strstr(front, "measure list") < strstr(front, "login"));
    assert_non_null(strstr(front, "rectify help all"));
    for (size_t p = 0; p < sizeof pages / sizeof pages[0]; p++) {
        char *page = help_text(arena_printf(&arena, "help %s", pages[p]));
        char *prefix = arena_printf(&arena, "%s ", pages[p]);
        assert_non_null(strstr(front, arena_printf(&arena, "rectify help %s", pages[p])));
        for (size_t i = 0; i < command_total(); i++) {
            const struct command *c = command_at(i);
            bool on = strncmp(c->words, prefix, strlen(prefix)) == 0;
            char *printed = arena_printf(&arena, "\n  %s ", c->words);
            assert_true((strstr(page, printed) != NULL) == on);
            assert_true(!on || strstr(front, printed) == NULL);
        }
        free(page);
    }
    free(front);
}

/* Groups, with the prefix left out too; a row that is also a group; and words near to some. */
static void
test_help_groups(void **state)
{
    (void)state;
    struct line line;
    struct fault f;
    static const char *const cases[][2] = {
        {"help measure", "  office measure confirm "},
        {"help office table", "office table decide"},
        {"help account", "  admin account add "},
        {"help table", "  office table decide "},
        {"help table decide", "用法：rectify office table decide"},
        {"office table --help", "office table decide"},
        {"help audit", "audit verify"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = help_text(cases[i][0]);
        if (strstr(text, cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], text);
        }
        free(text);
    }
    FILE *nowhere = fopen("/dev/null", "w");
    assert_non_null(nowhere);
    assert_int_equal(parse("help tabel decide", &line, &f), STATUS_OK);
    assert_int_equal(help_print_topic(nowhere, &line, &f), STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(f.message, "相近的有：rectify office table decide"));
    assert_int_equal(parse("help zzzzzzzzzz", &line, &f), STATUS_OK);
    assert_int_equal(help_print_topic(nowhere, &line, &f), STATUS_INVALID_ARGUMENT);
    (void)fclose(nowhere);
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
        {"office measure confirm", "STATE_FORBIDS", STATUS_FAILED_PRECONDITION, "measure allowed"},
        {"table submit", "STALE_VERSION", STATUS_ABORTED, "table export"},
        {"office table decide", "STALE_VERSION", STATUS_ABORTED, "table show"},
        {"office table decide", "X", STATUS_NOT_FOUND, "table list"},
        {"measure show", "X", STATUS_NOT_FOUND, "measure list"},
        {"machine enrol", "ENROL_CODE_USED", STATUS_FAILED_PRECONDITION, "admin account code"},
        {"admin account add", "X", STATUS_ALREADY_EXISTS, ""},
        {"machine enrol", "X", STATUS_NOT_FOUND, ""},
        {"table export", "USAGE_OPTION", STATUS_INVALID_ARGUMENT, "rectify help table export"},
        {"", "USAGE_COMMAND", STATUS_INVALID_ARGUMENT, "rectify help all "},
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
    for (size_t i = 0; i < command_total(); i++) {
        char *help = help_text(arena_printf(&arena, "help %s", command_at(i)->words));
        bool takes = (command_at(i)->flags & COMMAND_FOR) != 0;
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
    assert_non_null(strstr(err, "怎么办：运行 rectify help all 查看全部命令。"));
    free(out);
    free(err);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_are_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rows_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_examples_parse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_options, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_option_first, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_own_hides_global, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_double_dash, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_three_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_find_prefix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_long_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_help, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_pages, setup, teardown),
        cmocka_unit_test_setup_teardown(test_help_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_exit_codes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_advice, setup, teardown),
        cmocka_unit_test_setup_teardown(test_for, setup, teardown),
        cmocka_unit_test_setup_teardown(test_main_runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
