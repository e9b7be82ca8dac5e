/* Columns: which column of a table is which, by its heading. Private to server/document. */
#ifndef SERVER_DOCUMENT_COLUMNS_H
#define SERVER_DOCUMENT_COLUMNS_H

#include "server/document/csv.h"

#define COLUMNS_NONE SIZE_MAX

/* The names a column goes by, folded, separated by |; index in the array is its id. */
struct column_names {
    const char *names;
};

struct columns {
    size_t heading_row;         /* index into the table's rows */
    size_t data_row;            /* index of the first row below the headings */
    size_t known;               /* how many columns were recognised */
    size_t *at;                 /* per id: the column, or COLUMNS_NONE */
    bool *doubled;              /* per id: another column has a name of it too */
    const int *id;              /* per column of the table: its id, or -1 */
    const char *const *heading; /* per column: the heading as it stands, trimmed */
};

/* Finds the heading row among the first rows. A second heading row right below (merged headings)
 * fills columns the first leaves open. False when the arena is exhausted. known may be 0. */
MUST_CHECK bool columns_find(struct arena *arena, const struct csv_table *table,
                             const struct column_names *names, size_t name_count,
                             struct columns *ret_columns);

/* The headings that were found, "甲、乙、丙", for messages. Never NULL. */
const char *columns_list(struct arena *arena, const struct csv_table *table,
                         const struct columns *columns);

#endif
