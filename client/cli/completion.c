#include "client/cli/completion.h"
#include "client/cli/command.h"

#include <stdbool.h>
#include <string.h>

/* A way to type a row: its words, or its words without the prefix. */
struct form {
    const char *words;
    const struct command *row;
};

struct forms {
    struct form *items;
    size_t count;
};

static const char script_begin[] =
    "# bash completion of rectify, made from its own tables: rectify help completion\n"
    "_rectify_profiles() {\n"
    "    local folder file\n"
    "    for folder in \"${RECTIFY_HOME:-/nowhere}/profiles\" "
    "\"${XDG_CONFIG_HOME:-$HOME/.config}/rectify/profiles\" \\\n"
    "        \"$(dirname \"$(type -P \"${COMP_WORDS[0]}\" 2>/dev/null)\" 2>/dev/null)"
    "/../profiles\"; do\n"
    "        for file in \"$folder\"/*.ini; do\n"
    "            [[ ! -e $file ]] || { file=${file##*/}; printf '%s\\n' \"${file%.ini}\"; }\n"
    "        done\n"
    "    done\n"
    "}\n"
    "_rectify_months() {\n"
    "    local year month i\n"
    "    printf -v year '%(%Y)T'\n"
    "    printf -v month '%(%-m)T'\n"
    "    for i in 1 2 3 4 5 6; do\n"
    "        printf '%d-%02d\\n' \"$year\" \"$month\"\n"
    "        ((--month)) || ((month = 12, year--))\n"
    "    done\n"
    "}\n";

static const char script_end[] =
    "_rectify() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev='' words='' word i next\n"
    "    local options=$_rectify_global valued=$_rectify_global_valued\n"
    "    COMPREPLY=()\n"
    "    # The command typed so far: the words that some row begins with.\n"
    "    for ((i = 1; i < COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        case $prev in --*) [[ ' '$_rectify_valued' ' != *\" $prev \"* ]] || "
    "{ prev=''; continue; } ;; esac\n"
    "        prev=$word\n"
    "        [[ $word != -* ]] || { [[ $word != -o ]] || prev=--output; continue; }\n"
    "        _rectify_next \"$words\"\n"
    "        [[ \" $next \" != *\" $word \"* ]] || words+=${words:+ }$word\n"
    "    done\n"
    "    prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "    [[ $prev != -o ]] || prev=--output\n"
    "    _rectify_options \"$words\"\n"
    "    if [[ ' '$valued' ' == *\" $prev \"* ]]; then\n"
    "        _rectify_value \"$prev\" \"$words\"\n"
    "    elif [[ $cur == -* ]]; then\n"
    "        next=$options\n"
    "    else\n"
    "        _rectify_next \"$words\"\n"
    "        [[ $words != help* ]] || next+=\" $_rectify_topics\"\n"
    "        [[ -n $next && $next != ' ' ]] || next=@file\n"
    "    fi\n"
    "    case $next in\n"
    "    @file) compopt -o filenames 2>/dev/null; next=$(compgen -f -- \"$cur\") ;;\n"
    "    @folder) compopt -o filenames 2>/dev/null; next=$(compgen -d -- \"$cur\") ;;\n"
    "    *) next=$(compgen -W \"$next\" -- \"$cur\" | sort -u) ;;\n"
    "    esac\n"
    "    [[ -z $next ]] || mapfile -t COMPREPLY <<<\"$next\"\n"
    "}\n"
    "complete -F _rectify rectify\n";

/* Do the words without the prefix name that row and no other? */
static bool
bare_is_clear(const char *bare, const struct command *row)
{
    char copy[COMMAND_WORDS_BYTES];
    const char *words[COMMAND_WORDS];
    size_t count = 0;
    char *rest = NULL;
    snprintf(copy, sizeof copy, "%s", bare);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL && count < COMMAND_WORDS;
         word = strtok_r(NULL, " ", &rest)) {
        words[count++] = word;
    }
    struct command_match match = command_find(words, count);
    return match.command == row && match.other == NULL && match.taken == count;
}

static enum status
forms_list(struct arena *a, struct forms *ret_forms, struct fault *f)
{
    struct forms forms = {.items = arena_array(a, command_total() * 2, sizeof *forms.items)};
    if (forms.items == NULL) {
        return fault_memory(f);
    }
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *row = command_at(i);
        const char *bare = command_bare(row->words);
        forms.items[forms.count++] = (struct form){row->words, row};
        if (bare != row->words && bare_is_clear(bare, row)) {
            forms.items[forms.count++] = (struct form){bare, row};
        }
    }
    *ret_forms = forms;
    return STATUS_OK;
}

/* Does words begin with the first n bytes of prefix and go on with another word? */
static bool
goes_on(const char *words, const char *prefix, size_t n)
{
    return n == 0 || (strncmp(words, prefix, n) == 0 && words[n] == ' ');
}

/* The word of a form that follows its first n bytes. */
static const char *
word_after(const char *words, size_t n, size_t *ret_length)
{
    const char *word = words + n + (n > 0 ? 1 : 0);
    *ret_length = strcspn(word, " ");
    return word;
}

/* Has an earlier form the same beginning of n bytes? */
static bool
seen_before(const struct forms *forms, size_t index, size_t n)
{
    for (size_t i = 0; i < index; i++) {
        if (goes_on(forms->items[i].words, forms->items[index].words, n)) {
            return true;
        }
    }
    return false;
}

/* Has an earlier form the same first n bytes, as whole words? */
static bool
offered_before(const struct forms *forms, size_t index, size_t n)
{
    for (size_t i = 0; i < index; i++) {
        const char *words = forms->items[i].words;
        if (strncmp(words, forms->items[index].words, n) == 0 &&
            (words[n] == '\0' || words[n] == ' ')) {
            return true;
        }
    }
    return false;
}

/* One line of the script: which words may follow the first n bytes of a form. */
static void
next_print(FILE *out, const struct forms *forms, size_t index, size_t n)
{
    (void)fprintf(out, "    '%.*s') next='", (int)n, forms->items[index].words);
    for (size_t i = 0; i < forms->count; i++) {
        size_t length = 0;
        if (!goes_on(forms->items[i].words, forms->items[index].words, n)) {
            continue;
        }
        const char *word = word_after(forms->items[i].words, n, &length);
        if (!offered_before(forms, i, (size_t)(word - forms->items[i].words) + length)) {
            (void)fprintf(out, "%.*s ", (int)length, word);
        }
    }
    (void)fputs("' ;;\n", out);
}

static void
words_print(FILE *out, const struct forms *forms)
{
    (void)fputs("_rectify_next() {\n    next=''\n    case $1 in\n", out);
    next_print(out, forms, 0, 0);
    for (size_t i = 0; i < forms->count; i++) {
        const char *words = forms->items[i].words;
        for (const char *blank = strchr(words, ' '); blank != NULL;
             blank = strchr(blank + 1, ' ')) {
            size_t n = (size_t)(blank - words);
            if (!seen_before(forms, i, n)) {
                next_print(out, forms, i, n);
            }
        }
    }
    (void)fputs("    esac\n}\n", out);
}

/* " --a --b" of those with a value, or of all. */
static void
option_names(FILE *out, const struct option *options, bool valued)
{
    for (; options != NULL && options->name != NULL; options++) {
        if (!valued || options->value != NULL) {
            (void)fprintf(out, " --%s", options->name);
        }
    }
}

static void
options_print(FILE *out, const struct forms *forms)
{
    (void)fputs("_rectify_options() {\n    case $1 in\n", out);
    for (size_t i = 0; i < forms->count; i++) {
        if (forms->items[i].row->options == NULL) {
            continue;
        }
        (void)fprintf(out, "    '%s') options+='", forms->items[i].words);
        option_names(out, forms->items[i].row->options, false);
        (void)fputs("' valued+='", out);
        option_names(out, forms->items[i].row->options, true);
        (void)fputs("' ;;\n", out);
    }
    (void)fputs("    esac\n}\n_rectify_global='-o", out);
    option_names(out, global_options, false);
    (void)fputs("'\n_rectify_global_valued='", out);
    option_names(out, global_options, true);
    (void)fputs("'\n_rectify_valued='", out);
    option_names(out, global_options, true);
    for (size_t i = 0; i < command_total(); i++) {
        option_names(out, command_at(i)->options, true);
    }
    (void)fputs(
        "'\n_rectify_topics='unit office matter closing admin grant audit all exit-codes'\n", out);
}

/* Options whose values are known, whatever the command. */
static void
known_values(FILE *out)
{
    (void)fputs("_rectify_value() {\n    next=@file\n    case $1 in\n"
                "    --profile) next=$(_rectify_profiles) ;;\n"
                "    --output) next='table json csv' ;;\n"
                "    --home) next=@folder ;;\n"
                "    --period) next=$(_rectify_months) ;;\n"
                "    --by) next='item problem measure unit leader group aspect body inspection "
                "none' ;;\n"
                "    --sort) next='overdue done since' ;;\n",
                out);
}

/* Options whose value is a file or a folder keep @file or @folder; what is neither offers nothing.
 */
static void
values_print(FILE *out, const struct forms *forms)
{
    known_values(out);
    (void)fputs("    *)\n        case $2$1 in\n", out);
    for (size_t i = 0; i < forms->count; i++) {
        const struct option *options = forms->items[i].row->options;
        for (; options != NULL && options->name != NULL; options++) {
            bool folder = options->value != NULL && strcmp(options->value, "文件夹") == 0;
            bool file = options->value != NULL && strstr(options->value, "文件") != NULL;
            if (file) {
                (void)fprintf(out, "        '%s--%s') next=%s ;;\n", forms->items[i].words,
                              options->name, folder ? "@folder" : "@file");
            }
        }
    }
    (void)fputs("        *) next=' ' ;;\n        esac ;;\n    esac\n}\n", out);
}

enum status
completion_print_bash(FILE *out, struct arena *a, struct fault *f)
{
    struct forms forms = {.count = 0};
    enum status status = forms_list(a, &forms, f);
    if (status != STATUS_OK) {
        return status;
    }
    (void)fputs(script_begin, out);
    words_print(out, &forms);
    options_print(out, &forms);
    values_print(out, &forms);
    (void)fputs(script_end, out);
    return STATUS_OK;
}
