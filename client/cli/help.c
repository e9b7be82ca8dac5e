#include "client/cli/help.h"
#include "client/cli/completion.h"
#include "client/cli/exit_code.h"
#include "client/cli/manual.h"
#include "client/cli/text.h"

#include <string.h>

enum { USAGE_COLUMN = 44, OPTION_COLUMN = 26 };
#define GENERATED_BYTES ((size_t)4 * 1024 * 1024)

/* Prints s and blanks up to the column; a longer one is followed by two blanks. */
static void
pad(FILE *out, const char *s, size_t column)
{
    size_t width = text_width(s);
    (void)fputs(s, out);
    for (size_t i = width; i < column || i < width + 2; i++) {
        (void)fputc(' ', out);
    }
}

static void
summary_print(FILE *out, const struct command *command)
{
    char usage[160];
    snprintf(usage, sizeof usage, "  %s %s", command->words, command->arguments);
    pad(out, usage, USAGE_COLUMN);
    (void)fprintf(out, "%s\n", command->summary);
}

/* command: leave out the global options that are not for it; NULL: all are shown. */
static void
options_print(FILE *out, const struct option *options, const struct command *command)
{
    for (; options != NULL && options->name != NULL; options++) {
        char usage[96];
        if (command != NULL && !command_shows(command, options->name)) {
            continue;
        }
        snprintf(usage, sizeof usage, "  --%s%s%s", options->name,
                 options->value != NULL ? " " : "", options->value != NULL ? options->value : "");
        pad(out, usage, OPTION_COLUMN);
        (void)fprintf(out, "%s%s%s\n", options->help,
                      (options->flags & OPTION_NEEDED) != 0 ? "（必填）" : "",
                      (options->flags & OPTION_MANY) != 0 ? "（可重复）" : "");
    }
}

extern const struct command_table commands_matter;
extern const struct command_table commands_closing;

/* Pages beside a clerk's daily one: what stands under a word, what a unit may do, or an area. */
enum page_kind { PAGE_PREFIX, PAGE_UNIT, PAGE_AREA };

static const struct page {
    const char *word;
    const char *summary;
    enum page_kind kind;
    const struct command_table *area;
} pages[] = {
    {"unit", "牵头单位的全部办理：签收、填表、求助，申请和回复", PAGE_UNIT, NULL},
    {"office", "领导小组办公室和领导小组：审核、认定、巡视与方案", PAGE_PREFIX, NULL},
    {"matter", "会商、延期、督办单、约谈、专项督查、批示、意见建议：各方的全部步骤", PAGE_AREA,
     &commands_matter},
    {"closing", "销号与批量会审：单位申请，办公室提交，三家会审", PAGE_AREA, &commands_closing},
    {"admin", "系统管理员：组织、账号和日历", PAGE_PREFIX, NULL},
    {"grant", "授权管理员：批准席位和代行", PAGE_PREFIX, NULL},
    {"audit", "审计人员：导出和核验办理日志", PAGE_PREFIX, NULL},
};

static const char prefix_text[] =
    "\noffice、admin 可以省略，只要剩下的不会弄混：rectify table decide 就是 "
    "rectify office table decide。\n";

static bool
row_on_all(const struct command_table *table, const struct command *row, const struct page *page)
{
    (void)table;
    (void)row;
    (void)page;
    return true;
}

/* A clerk's daily page. */
static bool
row_on_front(const struct command_table *table, const struct command *row, const struct page *page)
{
    (void)page;
    return table->front && command_bare(row->words) == row->words;
}

static bool
row_on_page(const struct command_table *table, const struct command *row, const struct page *page)
{
    size_t n = strlen(page->word);
    switch (page->kind) {
    case PAGE_UNIT:
        return (row->flags & COMMAND_FOR) != 0;
    case PAGE_AREA:
        return table == page->area;
    case PAGE_PREFIX:
        break;
    }
    return strncmp(row->words, page->word, n) == 0 && row->words[n] == ' ';
}

/* The rows that stand on a page, under their headings. */
static void
rows_print(FILE *out,
           bool (*stands)(const struct command_table *, const struct command *,
                          const struct page *),
           const struct page *page)
{
    const char *heading = NULL; /* not printed yet */
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        for (size_t i = 0; i < command_tables[t]->count; i++) {
            const struct command *row = &command_tables[t]->rows[i];
            heading = row->section != NULL ? row->section : heading;
            if (!stands(command_tables[t], row, page)) {
                continue;
            }
            if (heading != NULL) {
                (void)fprintf(out, "\n%s\n", heading);
                heading = NULL;
            }
            summary_print(out, row);
        }
    }
}

static void
head_print(FILE *out)
{
    (void)fputs("rectify — 巡视整改台账（非涉密系统，严禁存储、处理、传输国家秘密）\n\n"
                "用法：rectify [通用选项] 命令 [内容] [选项]\n",
                out);
}

void
help_print_front(FILE *out)
{
    head_print(out);
    rows_print(out, row_on_front, NULL);
    (void)fputs("\n其他\n", out);
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        char usage[64];
        snprintf(usage, sizeof usage, "  rectify help %s", pages[i].word);
        pad(out, usage, USAGE_COLUMN);
        (void)fprintf(out, "%s\n", pages[i].summary);
    }
    pad(out, "  rectify help all", USAGE_COLUMN);
    (void)fputs("全部命令和通用选项\n", out);
    (void)fputs("\n每个命令的用法：rectify help 命令。退出码：rectify help exit-codes。\n", out);
}

void
help_print_all(FILE *out)
{
    head_print(out);
    rows_print(out, row_on_all, NULL);
    (void)fputs(prefix_text, out);
    (void)fputs("\n通用选项\n", out);
    options_print(out, global_options, NULL);
    (void)fputs("\n每个命令的用法：rectify help 命令。退出码：rectify help exit-codes。\n", out);
}

/* The page of that word; false when it names none. */
static bool
page_print(FILE *out, const char *word)
{
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        if (strcmp(pages[i].word, word) != 0) {
            continue;
        }
        (void)fprintf(out, "%s\n", pages[i].summary);
        rows_print(out, row_on_page, &pages[i]);
        if (strcmp(word, "office") == 0 || strcmp(word, "admin") == 0 ||
            pages[i].kind == PAGE_AREA) {
            (void)fputs(prefix_text, out);
        }
        return true;
    }
    return false;
}

void
help_print_command(FILE *out, const struct command *command)
{
    (void)fprintf(out, "%s\n\n用法：rectify %s%s%s%s\n", command->summary, command->words,
                  command->arguments[0] != '\0' ? " " : "", command->arguments,
                  command->options != NULL ? " [选项]" : "");
    if (command->roles[0] != '\0') {
        (void)fprintf(out, "谁用：%s\n", command->roles);
    }
    if (command->details != NULL) {
        (void)fprintf(out, "\n%s\n", command->details);
    }
    if (command->options != NULL) {
        (void)fputs("\n选项\n", out);
        options_print(out, command->options, NULL);
    }
    (void)fputs("\n通用选项\n", out);
    options_print(out, global_options, command);
    if (command->examples[0] != NULL) {
        (void)fputs("\n例如\n", out);
    }
    for (size_t i = 0; i < COMMAND_EXAMPLES && command->examples[i] != NULL; i++) {
        (void)fprintf(out, "  %s\n", command->examples[i]);
    }
}

static void
exit_codes_print(FILE *out)
{
    (void)fputs("退出码\n", out);
    for (int i = 0; i < EXIT_CODE_COUNT; i++) {
        (void)fprintf(out, "  %d  %s\n", i, exit_code_text((enum exit_code)i));
    }
}

/* Every other row under these words; false when there is none. */
static bool
group_print(FILE *out, const char *words, const struct command *but)
{
    bool any = false;
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *row = command_at(i);
        if (row == but || !command_under(row, words)) {
            continue;
        }
        if (!any && but != NULL) {
            (void)fputs("\n相关的命令\n", out);
        }
        any = true;
        summary_print(out, row);
    }
    return any;
}

/* What the build and shells ask for: "man", "man rectify.ini", "completion". */
static bool
generated_print(FILE *out, const char *words, enum status *status, struct fault *f)
{
    struct arena a;
    bool known = true;
    arena_init(&a, GENERATED_BYTES);
    if (strcmp(words, "man") == 0) {
        manual_print_program(out, &a);
    } else if (strcmp(words, "man rectify.ini") == 0) {
        manual_print_profile(out, &a);
    } else if (strcmp(words, "completion") == 0) {
        *status = completion_print_bash(out, &a, f);
    } else {
        known = false;
    }
    arena_release(&a);
    return known;
}

/* "all", "exit-codes" or a page; false for other words. */
static bool
topic_print(FILE *out, const char *words)
{
    if (strcmp(words, "all") == 0) {
        help_print_all(out);
    } else if (strcmp(words, "exit-codes") == 0) {
        exit_codes_print(out);
    } else {
        return page_print(out, words);
    }
    return true;
}

enum status
help_print_topic(FILE *out, const struct line *line, struct fault *f)
{
    char words[COMMAND_WORDS_BYTES];
    if (line->arg_count == 0) {
        help_print_front(out);
        return STATUS_OK;
    }
    command_join(line->args, line->arg_count, words);
    enum status status = STATUS_OK;
    if (topic_print(out, words) || generated_print(out, words, &status, f)) {
        return status;
    }
    struct command_match match = command_find(line->args, line->arg_count);
    if (match.command != NULL && match.other == NULL && match.taken == line->arg_count) {
        help_print_command(out, match.command);
        (void)group_print(out, words, match.command);
        return STATUS_OK;
    }
    if (group_print(out, words, NULL)) {
        return STATUS_OK;
    }
    const char *near = command_nearest(line->args, line->arg_count);
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_COMMAND", "没有“%s”这个命令。%s%s%s", words,
                     near != NULL ? "相近的有：rectify " : "", near != NULL ? near : "",
                     near != NULL ? "。" : "");
}
