#include "client/cli/typed.h"

#include <string.h>

/* Where the words are not the object and the command. */
static const struct {
    const char *object;
    const char *command;
    const char *words;
} words_of[] = {
    {"measure", "sign_for", "sign-for"},
    {"measure", "report", "table export"},
    {"problem", "apply_close", "problem close-apply"},
    {"problem", "withdraw", "problem close-withdraw"},
    {"sitting", "hold", "office sitting open"},
    {"sitting", "judge", "sitting decide"},
    {"consultation", "open", "ask"},
    {"extension", "submit", "extension ask"},
    {"extension", "submit_late", "extension ask"},
    {"notice", "sign_for", "notice sign"},
    {"notice", "not_satisfied", "office notice fail"},
    {"instruction", "sign_for", "instruction sign"},
};

/* "office round feed-back" is (round, feed_back). */
static bool
row_is(const struct command *row, const char *object, const char *command)
{
    const char *bare = command_bare(row->words);
    size_t n = strlen(object);
    if (strncmp(bare, object, n) != 0 || bare[n] != ' ') {
        return false;
    }
    for (bare += n + 1; *bare != '\0' && *command != '\0'; bare++, command++) {
        if (*bare != *command && !(*bare == '-' && *command == '_')) {
            return false;
        }
    }
    return *bare == *command;
}

const struct command *
typed_row(const char *object, const char *command)
{
    const char *words = NULL;
    if (object == NULL || command == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof words_of / sizeof words_of[0]; i++) {
        if (strcmp(words_of[i].object, object) == 0 && strcmp(words_of[i].command, command) == 0) {
            words = words_of[i].words;
        }
    }
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *row = command_at(i);
        bool is = words != NULL ? strcmp(row->words, words) == 0 : row_is(row, object, command);
        if (is) {
            return row;
        }
    }
    return NULL;
}

const char *
typed_line(struct cli *c, const char *object, const char *command, const char *ref)
{
    const struct command *row = typed_row(object, command);
    if (row == NULL) {
        return "";
    }
    if (strcmp(command, "report") == 0) { /* a row of the month's table, not of the measure */
        return "rectify table export --out 汇总表.csv，填好后 rectify table submit 汇总表.csv";
    }
    const char *more = strchr(row->arguments, ' '); /* behind the reference */
    const char *text =
        arena_printf(&c->arena, "rectify %s %s%s", row->words, ref, more != NULL ? more : "");
    for (const struct option *o = row->options; text != NULL && o != NULL && o->name != NULL; o++) {
        if ((o->flags & OPTION_NEEDED) != 0) {
            text = arena_printf(&c->arena, "%s --%s %s", text, o->name,
                                o->value != NULL ? o->value : "");
        }
    }
    return text != NULL ? text : "";
}

const char *
typed_name(struct cli *c, const char *object, const char *command)
{
    static const char *const marks[] = {"：", "，", "（", "、"};
    const struct command *row = typed_row(object, command);
    if (row == NULL) {
        return command != NULL ? command : "";
    }
    size_t n = strlen(row->summary);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *at = strstr(row->summary, marks[i]);
        n = at != NULL && (size_t)(at - row->summary) < n ? (size_t)(at - row->summary) : n;
    }
    const char *text = arena_strndup(&c->arena, row->summary, n);
    return text != NULL ? text : "";
}
