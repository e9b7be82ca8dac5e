#include "client/cli/grid.h"
#include "client/cli/csv.h"
#include "client/cli/text.h"

#include <assert.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

/* A column clipped to this is one of a list, kept to a line a row on narrow terminals too; a longer
 * one is a text to be read, and wraps. */
enum { LIST_CLIP = 60, TEXT_LEAST = 16 };

void
grid_init(struct grid *g, struct arena *a, const struct grid_column *columns, size_t count)
{
    assert(count <= GRID_COLUMNS_MAX);
    *g = (struct grid){.arena = a, .columns = columns, .column_count = count};
}

static const char **
row_at(const struct grid *g, size_t index)
{
    return ((const char ***)g->rows)[index];
}

const char **
grid_row(struct grid *g)
{
    const char **cells = arena_array(g->arena, g->column_count, sizeof *cells);
    const char ***place =
        arena_grow(g->arena, &g->rows, g->row_count, &g->row_capacity, sizeof cells);
    if (cells == NULL || place == NULL) {
        g->failed = true;
        return g->spare;
    }
    for (size_t i = 0; i < g->column_count; i++) {
        cells[i] = "";
    }
    *place = cells;
    g->row_count++;
    return cells;
}

const char *
grid_number(struct grid *g, int64_t value)
{
    const char *text = arena_printf(g->arena, "%" PRId64, value);
    return text != NULL ? text : "";
}

static void
csv_print(const struct grid *g, FILE *out)
{
    const char **row = arena_array(g->arena, g->column_count, sizeof *row);
    for (size_t i = 0; row != NULL && i < g->column_count; i++) {
        row[i] = g->columns[i].title;
    }
    if (row != NULL) {
        csv_write_row(out, row, g->column_count);
    }
    for (size_t i = 0; i < g->row_count; i++) {
        csv_write_row(out, row_at(g, i), g->column_count);
    }
}

static const char *
light_color(const char *cell)
{
    static const char *const colors[][2] = {{"正常", "green"}, {"临期", "yellow"}, {"超期", "red"}};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(cell, colors[i][0]) == 0) {
            return colors[i][1];
        }
    }
    return NULL;
}

static const char *
cell_text(const struct grid *g, size_t row, size_t column)
{
    const char *text = text_line(g->arena, row_at(g, row)[column]);
    unsigned clip = g->columns[column].clip;
    return clip != 0 ? text_clip(g->arena, text, clip) : text;
}

/* Columns a column wants, a clipped one at least TEXT_LEAST of them; 0: nothing stands in it. */
static size_t
column_width(const struct grid *g, size_t column)
{
    size_t width = 0;
    for (size_t i = 0; i < g->row_count; i++) {
        size_t one = text_width(cell_text(g, i, column));
        width = one > width ? one : width;
    }
    size_t title = text_width(g->columns[column].title);
    if (width == 0) {
        return 0;
    }
    width = title > width ? title : width;
    return g->columns[column].clip != 0 && width > TEXT_LEAST ? TEXT_LEAST : width;
}

/* How wide the terminal is; 0: not known, or none. */
static size_t
terminal_width(const struct cli *c)
{
    struct winsize size;
    return c->out_tty && ioctl(fileno(c->out), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Which columns to leave out on a narrow terminal: empty ones, then minor ones from the last on,
 * until the rest fits. Returns how many with something in them are left out. */
static size_t
columns_hide(const struct grid *g, size_t room, bool *ret_hidden)
{
    size_t wanted = 0;
    size_t widths[GRID_COLUMNS_MAX];
    size_t left_out = 0;
    for (size_t j = 0; j < g->column_count; j++) {
        widths[j] = column_width(g, j);
        wanted += (widths[j] == 0 ? text_width(g->columns[j].title) : widths[j]) + 2;
    }
    for (size_t j = 0; j < g->column_count && wanted > room + 2; j++) {
        ret_hidden[j] = widths[j] == 0;
        wanted -= ret_hidden[j] ? text_width(g->columns[j].title) + 2 : 0;
    }
    for (size_t j = g->column_count; j-- > 0 && wanted > room + 2;) {
        if (g->columns[j].minor && !ret_hidden[j]) {
            ret_hidden[j] = true;
            wanted -= widths[j] + 2;
            left_out++;
        }
    }
    return left_out;
}

static bool
cells_fill(const struct grid *g, struct libscols_table *table, const bool *hidden, bool colors)
{
    for (size_t i = 0; i < g->row_count; i++) {
        struct libscols_line *line = scols_table_new_line(table, NULL);
        if (line == NULL) {
            return false;
        }
        for (size_t j = 0, shown = 0; j < g->column_count; j++) {
            const char *cell = cell_text(g, i, j);
            if (hidden[j]) {
                continue;
            }
            if (scols_line_set_data(line, shown, cell) != 0) {
                return false;
            }
            const char *color = colors ? light_color(cell) : NULL;
            if (color != NULL) {
                (void)scols_cell_set_color(scols_line_get_cell(line, shown), color);
            }
            shown++;
        }
    }
    return true;
}

static bool
columns_print(const struct grid *g, struct cli *c)
{
    bool good = false;
    bool hidden[GRID_COLUMNS_MAX] = {false};
    size_t room = terminal_width(c);
    size_t left_out = room > 0 ? columns_hide(g, room, hidden) : 0;
    bool colors = c->out_tty && getenv("NO_COLOR") == NULL;
    struct libscols_table *table = scols_new_table();
    if (table == NULL) {
        return false;
    }
    (void)scols_table_set_stream(table, c->out);
    (void)scols_table_set_termforce(table,
                                    c->out_tty ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
    (void)scols_table_enable_colors(table, colors);
    (void)scols_table_set_column_separator(table, "  ");
    for (size_t j = 0; j < g->column_count; j++) {
        const struct grid_column *column = &g->columns[j];
        if (hidden[j]) {
            continue;
        }
        int flags =
            (column->right ? SCOLS_FL_RIGHT : 0) | (column->clip == 0 || !c->out_tty ? 0
                                                    : column->clip > LIST_CLIP       ? SCOLS_FL_WRAP
                                                                               : SCOLS_FL_TRUNC);
        if (scols_table_new_column(table, column->title, 0, flags) == NULL) {
            goto out;
        }
    }
    good = cells_fill(g, table, hidden, colors) && scols_print_table(table) == 0;
    if (good && left_out > 0) {
        (void)fprintf(c->out, "（窗口较窄，略去 %zu 列：放宽窗口，或用 -o csv 看全部。）\n",
                      left_out);
    }
out:
    scols_unref_table(table);
    return good;
}

enum status
grid_print(const struct grid *g, struct cli *c, struct fault *f)
{
    if (g->failed) {
        return cli_memory_fault(f);
    }
    if (c->format == CLI_CSV) {
        csv_print(g, c->out);
        return STATUS_OK;
    }
    if (g->row_count == 0) {
        return STATUS_OK;
    }
    return columns_print(g, c) ? STATUS_OK : cli_memory_fault(f);
}
