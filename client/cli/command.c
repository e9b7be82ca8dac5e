#include "client/cli/command.h"
#include "client/cli/text.h"

#include <stdio.h>
#include <string.h>

const struct command *
command_find(const char *first, const char *second)
{
    char words[96];
    snprintf(words, sizeof words, "%s%s%s", first, second != NULL ? " " : "",
             second != NULL ? second : "");
    for (size_t i = 0; i < command_count; i++) {
        if (strcmp(commands[i].words, words) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

bool
command_is_group(const char *first)
{
    size_t n = strlen(first);
    for (size_t i = 0; i < command_count; i++) {
        if (strncmp(commands[i].words, first, n) == 0 && commands[i].words[n] == ' ') {
            return true;
        }
    }
    return false;
}

const char *
command_nearest(const char *typed)
{
    const char *best = NULL;
    unsigned least = (unsigned)strlen(typed) / 3 + 1;
    for (size_t i = 0; i < command_count; i++) {
        unsigned distance = text_distance(commands[i].words, typed);
        if (distance <= least && (best == NULL || distance < least)) {
            best = commands[i].words;
            least = distance;
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
    if (strcmp(global_name, "key") == 0 && (command->flags & COMMAND_WRITES) == 0) {
        return false;
    }
    return strcmp(global_name, "version") != 0 && command_takes(command, global_name);
}
