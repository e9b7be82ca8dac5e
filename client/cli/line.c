#include "client/cli/line.h"
#include "client/cli/text.h"

#include <stdio.h>
#include <string.h>

struct parser {
    struct arena *arena;
    int argc;
    char *const *argv;
    const struct command *command; /* known in the second pass */
    struct line *line;
};

/* The length of an option's name in "--name=value". */
static size_t
name_length(const char *name)
{
    const char *equals = strchr(name, '=');
    return equals != NULL ? (size_t)(equals - name) : strlen(name);
}

static const struct option *
option_in(const struct option *options, const char *name, size_t n)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (strlen(options->name) == n && strncmp(options->name, name, n) == 0) {
            return options;
        }
    }
    return NULL;
}

/* An option of the command, of all, or (before the command is known) of any command. */
static const struct option *
option_find(const struct command *command, const char *name, size_t n)
{
    const struct option *found = NULL;
    if (command != NULL) {
        found = option_in(command->options, name, n);
    }
    if (found == NULL) {
        found = option_in(global_options, name, n);
    }
    for (size_t i = 0; found == NULL && command == NULL && i < command_total(); i++) {
        found = option_in(command_at(i)->options, name, n);
    }
    return found;
}

/* The name in "--name", or the long name of "-o", "-h" or "-V", the only short ones. NULL for other
 * words. */
static const char *
option_name(const char *word)
{
    if (strncmp(word, "--", 2) == 0 && word[2] != '\0') {
        return word + 2;
    }
    if (strcmp(word, "-o") == 0) {
        return "output";
    }
    if (strcmp(word, "-h") == 0) {
        return "help";
    }
    if (strcmp(word, "-V") == 0) {
        return "version";
    }
    return NULL;
}

/* First pass: where words may stand. Returns how many were found (at most COMMAND_WORDS). */
static unsigned
words_find(const struct parser *p, int at[COMMAND_WORDS])
{
    unsigned count = 0;
    for (int i = 0; i < p->argc && count < COMMAND_WORDS; i++) {
        const char *word = p->argv[i];
        const char *name = option_name(word);
        if (strcmp(word, "--") == 0) {
            break;
        }
        if (name == NULL) {
            at[count++] = i;
            continue;
        }
        const struct option *option = option_find(NULL, name, name_length(name));
        if (option != NULL && option->value != NULL && strchr(name, '=') == NULL) {
            i++;
        }
    }
    return count;
}

/* Words that name no row: a group without the rest, or a slip. */
static enum status
usage_unknown(const char *const *words, unsigned count, struct fault *f)
{
    char typed[COMMAND_WORDS_BYTES];      /* up to the slip */
    char group[COMMAND_WORDS_BYTES] = ""; /* what is right before it */
    unsigned n = 1;
    command_join(words, n, typed);
    while (command_is_group(typed) && n < count) {
        memcpy(group, typed, sizeof group);
        command_join(words, ++n, typed);
    }
    if (command_is_group(typed)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_INCOMPLETE",
                         "“%s”后面还要写做什么：运行 rectify help %s 查看。", typed, typed);
    }
    const char *near = command_nearest(words, count);
    if (near != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_COMMAND",
                         "没有“%s”这个命令。您是不是要写：rectify %s？", typed, near);
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_COMMAND", "没有“%s”这个命令。%s%s%s", typed,
                     group[0] != '\0' ? "用 rectify help " : "", group,
                     group[0] != '\0' ? " 看有哪些。" : "");
}

/* The nearest name among an option list, for a hint. */
static void
option_nearest(const struct option *options, const char *name, const char **best, unsigned *least)
{
    for (; options != NULL && options->name != NULL; options++) {
        unsigned distance = text_distance(options->name, name);
        if (distance < *least) {
            *least = distance;
            *best = options->name;
        }
    }
}

static enum status
usage_option(const struct parser *p, const char *name, size_t n, struct fault *f)
{
    const char *best = NULL;
    unsigned least = 3;
    char typed[64];
    snprintf(typed, sizeof typed, "%.*s", (int)n, name);
    option_nearest(p->command->options, typed, &best, &least);
    option_nearest(global_options, typed, &best, &least);
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OPTION",
                     "rectify %s 没有 --%s 这个选项。%s%s%s", p->command->words, typed,
                     best != NULL ? "您是不是要写：--" : "", best != NULL ? best : "",
                     best != NULL ? "？" : "");
}

static enum status
option_take(struct parser *p, int *i, const char *name, struct fault *f)
{
    size_t n = name_length(name);
    const struct option *option = option_find(p->command, name, n);
    struct line_value value = {.value = ""};
    if (n == 4 && strncmp(name, "help", 4) == 0) {
        p->line->help = true;
        return STATUS_OK;
    }
    if (option == NULL) {
        return usage_option(p, name, n, f);
    }
    value.name = option->name;
    if (option->value == NULL && name[n] == '=') {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_VALUE", "--%s 后面不用写值。",
                         option->name);
    }
    if (option->value != NULL && name[n] == '=') {
        value.value = name + n + 1;
    } else if (option->value != NULL) {
        if (*i + 1 >= p->argc) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_VALUE", "--%s 后面要写 %s。",
                             option->name, option->value);
        }
        value.value = p->argv[++*i];
    }
    p->line->values[p->line->value_count++] = value;
    return STATUS_OK;
}

/* Second pass: everything but the words. */
static enum status
rest_parse(struct parser *p, const int at[COMMAND_WORDS], unsigned words, struct fault *f)
{
    bool options_end = false;
    unsigned passed = 0;
    for (int i = 0; i < p->argc; i++) {
        const char *name = options_end ? NULL : option_name(p->argv[i]);
        if (passed < words && i == at[passed]) {
            passed++;
            continue;
        }
        if (!options_end && strcmp(p->argv[i], "--") == 0) {
            options_end = true;
            continue;
        }
        if (name != NULL) {
            enum status status = option_take(p, &i, name, f);
            if (status != STATUS_OK) {
                return status;
            }
            continue;
        }
        p->line->args[p->line->arg_count++] = p->argv[i];
    }
    return STATUS_OK;
}

static enum status
line_check(const struct line *line, struct fault *f)
{
    const struct command *command = line->command;
    if (line->arg_count < command->args_min) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ARGUMENTS",
                         "rectify %s 后面还要写：%s。", command->words, command->arguments);
    }
    if (line->arg_count > command->args_max) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ARGUMENTS",
                         "rectify %s 不认识多出来的“%s”。", command->words,
                         line->args[command->args_max]);
    }
    if (line_value(line, "for") != NULL && (command->flags & COMMAND_FOR) == 0 &&
        command_takes(command, "for")) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_FOR",
                         "rectify %s 不用 --for：代单位办理只有签收、报送、求助、申请和撤回，"
                         "以及为此看表和待办。",
                         command->words);
    }
    for (const struct option *o = command->options; o != NULL && o->name != NULL; o++) {
        if ((o->flags & OPTION_NEEDED) != 0 && line_value(line, o->name) == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OPTION_MISSING",
                             "rectify %s 还要写 --%s %s（%s）。", command->words, o->name,
                             o->value != NULL ? o->value : "", o->help);
        }
        if ((o->flags & OPTION_MANY) == 0 && line_value_at(line, o->name, 1) != NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OPTION_TWICE", "--%s 写了两次。",
                             o->name);
        }
    }
    return STATUS_OK;
}

static bool
help_wanted(const struct parser *p)
{
    for (int i = 0; i < p->argc && strcmp(p->argv[i], "--") != 0; i++) {
        const char *name = option_name(p->argv[i]);
        if (name != NULL && strcmp(name, "help") == 0) {
            return true;
        }
    }
    return false;
}

/* Which row the words name; *words becomes how many of them it took. No words at all, and a group
 * asked for its help, give the row of help. */
static enum status
command_choose(struct parser *p, const int at[COMMAND_WORDS], unsigned *words, struct fault *f)
{
    static const char *const help[] = {"help"};
    const char *typed[COMMAND_WORDS] = {NULL};
    char text[COMMAND_WORDS_BYTES];
    for (unsigned i = 0; i < *words; i++) {
        typed[i] = p->argv[at[i]];
    }
    struct command_match match = command_find(typed, *words);
    if (match.other != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_AMBIGUOUS",
                         "这样写分不清是哪个命令：rectify %s，还是 rectify %s？请写全。",
                         match.command->words, match.other->words);
    }
    /* "table shwo" is a slip in the second word, not an argument of "table" */
    command_join(typed, match.taken, text);
    bool slip = match.command != NULL && match.taken < *words && match.command->args_max == 0 &&
                command_is_group(text);
    if (match.command != NULL && !slip) {
        p->command = match.command;
        *words = match.taken;
        return STATUS_OK;
    }
    command_join(typed, *words, text);
    if (*words > 0 && !(help_wanted(p) && command_is_group(text))) {
        return usage_unknown(typed, *words, f);
    }
    p->command = command_find(help, 1).command;
    *words = 0;
    return STATUS_OK;
}

enum status
line_parse(struct arena *a, int argc, char *const *argv, struct line *ret_line, struct fault *f)
{
    struct line line = {.command = NULL};
    *ret_line = line;
    struct parser p = {.arena = a, .argc = argc, .argv = argv, .line = &line};
    int at[COMMAND_WORDS] = {-1, -1, -1};
    unsigned words = words_find(&p, at);
    line.args = arena_array(a, (size_t)argc + 1, sizeof *line.args);
    line.values = arena_array(a, (size_t)argc + 1, sizeof *line.values);
    if (line.args == NULL || line.values == NULL) {
        return fault_memory(f);
    }
    enum status status = command_choose(&p, at, &words, f);
    line.command = p.command;
    if (status == STATUS_OK) {
        status = rest_parse(&p, at, words, f);
    }
    if (status == STATUS_OK && !line.help) {
        status = line_check(&line, f);
    }
    *ret_line = status == STATUS_OK ? line : (struct line){.command = p.command};
    return status;
}

const char *
line_value_at(const struct line *line, const char *name, size_t index)
{
    for (size_t i = 0; i < line->value_count; i++) {
        if (strcmp(line->values[i].name, name) == 0 && index-- == 0) {
            return line->values[i].value;
        }
    }
    return NULL;
}

const char *
line_value(const struct line *line, const char *name)
{
    const char *found = NULL;
    for (size_t i = 0; i < line->value_count; i++) {
        if (strcmp(line->values[i].name, name) == 0) {
            found = line->values[i].value;
        }
    }
    return found;
}

bool
line_flag(const struct line *line, const char *name)
{
    return line_value(line, name) != NULL;
}
