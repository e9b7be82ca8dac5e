/* Grid: rows and columns for people (aligned, Chinese widths right) or as CSV. */
#ifndef CLIENT_CLI_GRID_H
#define CLIENT_CLI_GRID_H

#include "client/cli/cli.h"

struct grid_column {
    const char *title;
    unsigned clip; /* longest width shown to people; 0: whole */
    bool right;    /* numbers */
    bool minor;    /* left out, the last first, where the terminal is too narrow for all */
};

enum { GRID_COLUMNS_MAX = 32 };

struct grid {
    struct arena *arena;
    const struct grid_column *columns;
    size_t column_count;
    size_t row_count;
    size_t row_capacity;
    void *rows;                          /* of const char ** */
    const char *spare[GRID_COLUMNS_MAX]; /* a row that is never read, for when memory is gone */
    bool failed;                         /* out of memory: printing says so */
};

void grid_init(struct grid *g, struct arena *a, const struct grid_column *columns, size_t count);

/* A new row's cells, all "", to be filled with texts that live as long as the grid. Never NULL. */
const char **grid_row(struct grid *g);

/* Prints: CSV when the run's format says so, aligned columns otherwise. */
MUST_CHECK enum status grid_print(const struct grid *g, struct cli *c, struct fault *f);

/* A number as text in the arena; never NULL. */
const char *grid_number(struct grid *g, int64_t value);

#endif
