/* The command table: one array of rows from which parsing, help, suggestions and everything else
 * that lists commands comes. Constant data; any thread.
 */
#ifndef CLIENT_CLI_COMMAND_H
#define CLIENT_CLI_COMMAND_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct line;

enum { OPTION_NEEDED = 1, OPTION_MANY = 2 };
enum { ARGS_ANY = 1000, COMMAND_EXAMPLES = 3 };

enum {
    COMMAND_FOR = 1,   /* the office may do it for a unit: --for (代报) */
    COMMAND_WRITES = 2 /* changes something: --key repeats it safely */
};

/* An option; the list of a row ends with name NULL. */
struct option {
    const char *name;  /* "out" */
    const char *value; /* "FILE", NULL for one without a value */
    const char *help;  /* Chinese */
    unsigned flags;
};

/* What a command does. It prints its result on c->out; faults are printed by the caller. */
typedef enum status (*command_fn)(struct cli *c, const struct line *line, struct fault *f);

struct command {
    const char *words;     /* "table submit": one or two words */
    const char *arguments; /* as shown, "FILE"; "" for none */
    unsigned args_min;
    unsigned args_max;
    const struct option *options; /* NULL: none of its own */
    command_fn run;
    const char *summary; /* one line, Chinese */
    const char *details; /* more, or NULL */
    const char *examples[COMMAND_EXAMPLES];
    const char *roles;   /* who uses it, Chinese; "" for everybody */
    const char *section; /* heading in the help before this row, or NULL */
    unsigned flags;
};

/* The rows, in the order help shows them. */
extern const struct command commands[];
extern const size_t command_count;

/* Options every command takes; ends with name NULL. */
extern const struct option global_options[];

/* The row of "table submit" given as its words; NULL. */
const struct command *command_find(const char *first, const char *second);

/* The words nearest to what was typed, or NULL when nothing is near. */
const char *command_nearest(const char *typed);

/* Is there any command whose first word is this? */
bool command_is_group(const char *first);

/* Does the option of that name mean the global one to this command (it has none of its own)? */
bool command_takes(const struct command *command, const char *global_name);

/* Is the global option worth naming in the command's help? */
bool command_shows(const struct command *command, const char *global_name);

#endif
