#include "client/cli/help.h"
#include "client/cli/exit_code.h"
#include "client/cli/text.h"

#include <string.h>

enum { USAGE_COLUMN = 44, OPTION_COLUMN = 26 };

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

void
help_print_all(FILE *out)
{
    (void)fputs("rectify — 巡视整改台账（非涉密系统，严禁存储、处理、传输国家秘密）\n\n"
                "用法：rectify [通用选项] 命令 [内容] [选项]\n",
                out);
    for (size_t i = 0; i < command_count; i++) {
        if (commands[i].section != NULL) {
            (void)fprintf(out, "\n%s\n", commands[i].section);
        }
        summary_print(out, &commands[i]);
    }
    (void)fputs("\n通用选项\n", out);
    options_print(out, global_options, NULL);
    (void)fputs("\n每个命令的用法：rectify help 命令。退出码：rectify help exit-codes。\n", out);
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

/* All commands that begin with this word; false when there is none. */
static bool
group_print(FILE *out, const char *first)
{
    if (!command_is_group(first)) {
        return false;
    }
    size_t n = strlen(first);
    for (size_t i = 0; i < command_count; i++) {
        const char *words = commands[i].words;
        if (strncmp(words, first, n) == 0 && (words[n] == ' ' || words[n] == '\0')) {
            summary_print(out, &commands[i]);
        }
    }
    return true;
}

enum status
help_print_topic(FILE *out, const struct line *line, struct fault *f)
{
    const char *first = line->arg_count > 0 ? line->args[0] : NULL;
    const char *second = line->arg_count > 1 ? line->args[1] : NULL;
    if (first == NULL) {
        help_print_all(out);
        return STATUS_OK;
    }
    if (strcmp(first, "exit-codes") == 0) {
        exit_codes_print(out);
        return STATUS_OK;
    }
    const struct command *command = command_find(first, second);
    if (command != NULL) {
        help_print_command(out, command);
        return STATUS_OK;
    }
    if (second == NULL && group_print(out, first)) {
        return STATUS_OK;
    }
    const char *near = command_nearest(first);
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_COMMAND", "没有“%s%s%s”这个命令。%s%s",
                     first, second != NULL ? " " : "", second != NULL ? second : "",
                     near != NULL ? "相近的有：" : "", near != NULL ? near : "");
}
