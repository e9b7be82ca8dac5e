#include "server/document/columns.h"

#include "server/document/fold.h"

#include <string.h>

enum { HEADING_ROWS = 20, KEY_MAX = 192, LIST_MAX = 400 };

/* The heading folded, without white space, without a remark in brackets at its end. */
static void
heading_key(const char *text, size_t bytes, char key[KEY_MAX])
{
    const unsigned char *p = (const unsigned char *)text;
    const unsigned char *end = p + bytes;
    size_t n = 0;
    while (p < end) {
        const unsigned char *at = p;
        uint32_t out[FOLD_CHAR_MAX];
        size_t count = fold_char(fold_next(&p, end), out);
        if (count == 0 || out[0] == ' ' || out[0] == '*' || out[0] == ':') {
            continue;
        }
        if (out[0] == '(' || out[0] == '[' || out[0] == 0x3010) {
            break;
        }
        if (n + (size_t)(p - at) >= KEY_MAX - 1) {
            break;
        }
        memcpy(key + n, at, (size_t)(p - at));
        n += (size_t)(p - at);
    }
    key[n] = '\0';
}

static int
name_id(const char *key, const struct column_names *names, size_t name_count)
{
    size_t n = strlen(key);
    for (size_t id = 0; id < name_count && n > 0; id++) {
        for (const char *p = names[id].names; *p != '\0';) {
            size_t length = strcspn(p, "|");
            if (length == n && memcmp(p, key, n) == 0) {
                return (int)id;
            }
            p += length + (p[length] == '|');
        }
    }
    return -1;
}

static int
cell_id(const struct csv_row *row, size_t column, const struct column_names *names,
        size_t name_count)
{
    char key[KEY_MAX];
    size_t bytes = 0;
    const char *text = csv_cell_trim(row, column, &bytes);
    heading_key(text, bytes, key);
    return name_id(key, names, name_count);
}

/* How many cells of the row are known headings; ret_other: how many others have text. */
static size_t
known_in(const struct csv_row *row, const struct column_names *names, size_t name_count,
         size_t *ret_other)
{
    size_t known = 0;
    *ret_other = 0;
    for (size_t c = 0; c < row->count; c++) {
        size_t bytes = 0;
        csv_cell_trim(row, c, &bytes);
        if (cell_id(row, c, names, name_count) >= 0) {
            known++;
        } else {
            *ret_other += bytes != 0;
        }
    }
    return known;
}

struct finder {
    struct arena *arena;
    const struct column_names *names;
    size_t name_count;
    struct columns *out;
    int *id;
    const char **heading;
};

static bool
take_row(struct finder *f, const struct csv_row *row)
{
    for (size_t c = 0; c < row->count; c++) {
        size_t bytes = 0;
        const char *text = csv_cell_trim(row, c, &bytes);
        int id = cell_id(row, c, f->names, f->name_count);
        if (bytes == 0 || (f->id[c] >= 0 && id < 0)) {
            continue;
        }
        f->heading[c] = arena_strndup(f->arena, text, bytes);
        if (f->heading[c] == NULL) {
            return false;
        }
        if (id < 0) {
            continue;
        }
        if (f->out->at[id] == COLUMNS_NONE) {
            f->out->at[id] = c;
            f->id[c] = id;
            f->out->known++;
        } else if (f->out->at[id] != c) {
            f->out->doubled[id] = true;
        }
    }
    return true;
}

bool
columns_find(struct arena *arena, const struct csv_table *table, const struct column_names *names,
             size_t name_count, struct columns *ret_columns)
{
    struct columns out = {0};
    out.at = arena_array(arena, name_count, sizeof *out.at);
    out.doubled = arena_array(arena, name_count, sizeof *out.doubled);
    int *id = arena_array(arena, table->columns + 1, sizeof *id);
    const char **heading = arena_array(arena, table->columns + 1, sizeof *heading);
    if (out.at == NULL || out.doubled == NULL || id == NULL || heading == NULL) {
        return false;
    }
    for (size_t k = 0; k < name_count; k++) {
        out.at[k] = COLUMNS_NONE;
    }
    for (size_t c = 0; c < table->columns; c++) {
        id[c] = -1;
        heading[c] = "";
    }
    size_t best = 0;
    size_t other = 0;
    for (size_t r = 0; r < table->count && r < HEADING_ROWS; r++) {
        size_t known = known_in(&table->rows[r], names, name_count, &other);
        if (known > best) {
            best = known;
            out.heading_row = r;
        }
    }
    struct finder f = {arena, names, name_count, &out, id, heading};
    bool fits = take_row(&f, &table->rows[out.heading_row]);
    out.data_row = out.heading_row + 1;
    if (fits && out.data_row < table->count) {
        const struct csv_row *below = &table->rows[out.data_row];
        if (known_in(below, names, name_count, &other) > 0 && other == 0) {
            fits = take_row(&f, below);
            out.data_row++;
        }
    }
    out.id = id;
    out.heading = heading;
    *ret_columns = out;
    return fits;
}

const char *
columns_list(struct arena *arena, const struct csv_table *table, const struct columns *columns)
{
    const char *list = "";
    for (size_t c = 0; c < table->columns; c++) {
        if (columns->heading[c][0] == '\0') {
            continue;
        }
        const char *longer =
            arena_printf(arena, "%s%s%s", list, list[0] == '\0' ? "" : "、", columns->heading[c]);
        if (longer == NULL || strlen(longer) > LIST_MAX) {
            break;
        }
        list = longer;
    }
    return list[0] == '\0' ? "（无）" : list;
}
