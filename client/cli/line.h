/* A parsed command line. No input or output. */
#ifndef CLIENT_CLI_LINE_H
#define CLIENT_CLI_LINE_H

#include "client/cli/command.h"
#include "proto/base/arena.h"

struct line_value {
    const char *name;  /* the option's */
    const char *value; /* "" for one without a value */
};

struct line {
    const struct command *command; /* NULL: no words at all */
    size_t arg_count;
    const char **args; /* what stands behind the words, options left out */
    size_t value_count;
    struct line_value *values; /* in the order given, global ones too */
    bool help;
};

/* Parses argv (without the program's name). Options may stand anywhere ("--out F", "--out=F",
 * "-o json", "--" ends them); a command's own option hides a global one of the same name. Fault
 * reasons begin with USAGE_; with a fault, ret_line holds the command alone, NULL when none was
 * recognised. */
MUST_CHECK enum status line_parse(struct arena *a, int argc, char *const *argv,
                                  struct line *ret_line, struct fault *f);

/* The last value of an option, or NULL when it was not given. */
const char *line_value(const struct line *line, const char *name);

/* Was it given? */
bool line_flag(const struct line *line, const char *name);

/* The index-th value of an option that may be repeated; NULL beyond the last. */
const char *line_value_at(const struct line *line, const char *name, size_t index);

#endif
