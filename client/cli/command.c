#include "client/cli/command.h"
#include "client/cli/text.h"

#include <stdio.h>
#include <string.h>

/* What leaving a typed word unread counts in slips: "tabel decide" is nearer to "table decide" than
 * to "table". */
enum { UNREAD_COST = 2 };

static const char *const prefixes[] = {"office ", "admin "};

size_t
command_total(void)
{
    size_t total = 0;
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        total += command_tables[t]->count;
    }
    return total;
}

const struct command *
command_at(size_t index)
{
    for (size_t t = 0; command_tables[t] != NULL; t++) {
        if (index < command_tables[t]->count) {
            return &command_tables[t]->rows[index];
        }
        index -= command_tables[t]->count;
    }
    return NULL;
}

const char *
command_bare(const char *words)
{
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (strncmp(words, prefixes[i], strlen(prefixes[i])) == 0) {
            return words + strlen(prefixes[i]);
        }
    }
    return words;
}

void
command_join(const char *const *words, size_t count, char ret_text[COMMAND_WORDS_BYTES])
{
    size_t used = 0;
    ret_text[0] = '\0';
    for (size_t i = 0; i < count && used < COMMAND_WORDS_BYTES; i++) {
        int n = snprintf(ret_text + used, COMMAND_WORDS_BYTES - used, "%s%s", i > 0 ? " " : "",
                         words[i]);
        used += n > 0 ? (size_t)n : 0;
    }
}

/* The row of exactly these words; the first two rows of them with the prefix left out. */
static struct command_match
words_find(const struct command_table *const *tables, const char *words)
{
    struct command_match match = {.command = NULL};
    for (size_t t = 0; tables[t] != NULL; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            const struct command *row = &tables[t]->rows[i];
            if (strcmp(row->words, words) == 0) {
                return (struct command_match){.command = row};
            }
            if (strcmp(command_bare(row->words), words) != 0) {
                continue;
            }
            if (match.command == NULL) {
                match.command = row;
            } else if (match.other == NULL) {
                match.other = row;
            }
        }
    }
    return match;
}

struct command_match
command_find_in(const struct command_table *const *tables, const char *const *words, size_t count)
{
    struct command_match match = {.command = NULL};
    size_t n = count < COMMAND_WORDS ? count : COMMAND_WORDS;
    for (; n > 0 && match.command == NULL; n--) {
        char text[COMMAND_WORDS_BYTES];
        command_join(words, n, text);
        match = words_find(tables, text);
        match.taken = match.command != NULL ? (unsigned)n : 0;
    }
    return match;
}

struct command_match
command_find(const char *const *words, size_t count)
{
    return command_find_in(command_tables, words, count);
}

/* Does text begin with these whole words? */
static bool
text_under(const char *text, const char *words)
{
    size_t n = strlen(words);
    return strncmp(text, words, n) == 0 && (text[n] == ' ' || text[n] == '\0');
}

bool
command_under(const struct command *command, const char *words)
{
    return text_under(command->words, words) || text_under(command_bare(command->words), words);
}

bool
command_is_group(const char *words)
{
    for (size_t i = 0; i < command_total(); i++) {
        const struct command *row = command_at(i);
        if (command_under(row, words) && strcmp(row->words, words) != 0 &&
            strcmp(command_bare(row->words), words) != 0) {
            return true;
        }
    }
    return false;
}

/* How far the row is from what was typed; a prefix left out or taken for another is one slip. */
static unsigned
row_distance(const struct command *row, const char *typed)
{
    unsigned whole = text_distance(row->words, typed);
    unsigned bare = text_distance(command_bare(row->words), command_bare(typed)) + 1;
    return whole < bare ? whole : bare;
}

const char *
command_nearest(const char *const *words, size_t count)
{
    const char *best = NULL;
    unsigned least = 0;
    for (size_t n = count < COMMAND_WORDS ? count : COMMAND_WORDS; n > 0; n--) {
        char typed[COMMAND_WORDS_BYTES];
        command_join(words, n, typed);
        if (n < count && command_is_group(typed)) {
            break; /* this far it is right: the slip is in a later word */
        }
        unsigned limit = (unsigned)strlen(typed) / 3 + 1;
        for (size_t i = 0; i < command_total(); i++) {
            unsigned distance = row_distance(command_at(i), typed);
            unsigned cost = distance + UNREAD_COST * (unsigned)(count - n);
            if (distance <= limit && (best == NULL || cost < least)) {
                best = command_at(i)->words;
                least = cost;
            }
        }
    }
    return best;
}

bool
command_takes(const struct command *command, const char *global_name)
{
    for (const struct option *o = command->options; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, global_name) == 0) {
            return false;
        }
    }
    return true;
}

bool
command_shows(const struct command *command, const char *global_name)
{
    if (strcmp(global_name, "for") == 0) {
        return (command->flags & COMMAND_FOR) != 0;
    }
    if (strcmp(global_name, "queue") == 0) {
        return (command->flags & COMMAND_QUEUE) != 0;
    }
    if (strcmp(global_name, "offline") == 0) {
        return (command->flags & COMMAND_WRITES) == 0;
    }
    if (strcmp(global_name, "key") == 0 && (command->flags & COMMAND_WRITES) == 0) {
        return false;
    }
    return strcmp(global_name, "version") != 0 && command_takes(command, global_name);
}
