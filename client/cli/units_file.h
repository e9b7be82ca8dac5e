/* The office's list of units to be onboarded: read, checked as a whole, every mistake with its
 * line. No input or output but the file's.
 */
#ifndef CLIENT_CLI_UNITS_FILE_H
#define CLIENT_CLI_UNITS_FILE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNITS_ROLES_MAX = 12, UNITS_ROWS_MAX = 500 };

/* A row: an account of a unit. "" where nothing is written. */
struct unit_row {
    unsigned line;
    const char *org;
    const char *org_name; /* of the first row that says it */
    const char *kind;     /* UNIT when nothing is written */
    const char *parent;
    int32_t sort_order;
    bool has_sort_order;
    const char *account;
    const char *display_name; /* the unit's name when nothing is written */
    size_t role_count;
    char *roles[UNITS_ROLES_MAX]; /* PLEAD when nothing is written */
};

struct units_file {
    struct unit_row *rows;
    size_t count;
    size_t mistake_count;
    const char **mistakes; /* "第 3 行：…" */
};

/* Faults of csv_read; INVALID_ARGUMENT TABLE_EMPTY. What is wrong in rows stands in mistakes. */
MUST_CHECK enum status units_file_read(struct arena *a, const char *path,
                                       struct units_file *ret_file, struct fault *f);

/* One more mistake, found by somebody else. */
void units_file_mistake(struct arena *a, struct units_file *file, unsigned line, const char *text);

#endif
