/* The command tables: rows from which parsing, help, suggestions and everything else that lists
 * commands comes. Each area has a table of its own (commands_AREA.c); command_tables.c lists them.
 * Constant data; any thread.
 *
 * The words of a row are one to three. Under `office` stands what only the office and the leading
 * group do, under `admin` what only administrators do; these two words may be left out where what
 * is left names one row alone: `table decide` is `office table decide`. What reads stands bare.
 */
#ifndef CLIENT_CLI_COMMAND_H
#define CLIENT_CLI_COMMAND_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct cli;
struct line;

enum { OPTION_NEEDED = 1, OPTION_MANY = 2 };
enum { ARGS_ANY = 1000, COMMAND_EXAMPLES = 3, COMMAND_WORDS = 3, COMMAND_WORDS_BYTES = 128 };

enum {
    COMMAND_FOR = 1,    /* the office may do it for a unit: --for (代报) */
    COMMAND_WRITES = 2, /* changes something: --key repeats it safely */
    COMMAND_QUEUE = 4   /* a unit's: may wait in the outbox, --queue */
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
    const char *words;     /* "table submit", "office table decide": one to three words */
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

struct command_table {
    const struct command *rows;
    size_t count;
    bool front; /* the rows without a prefix stand on the page of `rectify help` */
};

/* The tables, in the order help shows them; NULL ends them. */
extern const struct command_table *const command_tables[];

/* Options every command takes; ends with name NULL. */
extern const struct option global_options[];

/* All rows of all tables, in order: how many, and the index-th (NULL beyond the last). */
size_t command_total(void);
const struct command *command_at(size_t index);

/* Which row words name. */
struct command_match {
    const struct command *command; /* NULL: none */
    const struct command *other;   /* not NULL: with the prefix left out both may be meant */
    unsigned taken;                /* how many words stand for the row; the rest are arguments */
};

/* The row that as many of the words as possible name, from the first on; the words in full come
 * before those with the prefix left out. At most COMMAND_WORDS of the count words are looked at. */
struct command_match command_find(const char *const *words, size_t count);

/* The same among other tables, ended by NULL. */
struct command_match command_find_in(const struct command_table *const *tables,
                                     const char *const *words, size_t count);

/* The words behind the prefix `office` or `admin`, or the words themselves without one. */
const char *command_bare(const char *words);

/* Does the row stand under these words ("office", "office table", "table")? The row's own prefix
 * may be left out; its whole words count too. */
bool command_under(const struct command *command, const char *words);

/* Are there rows with more words behind these? */
bool command_is_group(const char *words);

/* The first words joined by blanks, cut to COMMAND_WORDS_BYTES. */
void command_join(const char *const *words, size_t count, char ret_text[COMMAND_WORDS_BYTES]);

/* The row's words nearest to the words typed (a missing or wrong prefix counts as one slip), or
 * NULL when nothing is near. Words behind the slip, which may be arguments, do not hide it. */
const char *command_nearest(const char *const *words, size_t count);

/* Does the option of that name mean the global one to this command (it has none of its own)? */
bool command_takes(const struct command *command, const char *global_name);

/* Is the global option worth naming in the command's help? */
bool command_shows(const struct command *command, const char *global_name);

#endif
