#include "client/cli/grid.h"
#include "client/cli/csv.h"
#include "client/cli/text.h"

#include <assert.h>
#include <inttypes.h>
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
    static const char *const colors[][2] = {
        {"正常", "\033[32m"}, {"临期", "\033[33m"}, {"超期", "\033[31m"}};
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

/* What is printed, worked out before the first line. */
struct layout {
    size_t column[GRID_COLUMNS_MAX]; /* which columns, from the left */
    size_t width[GRID_COLUMNS_MAX];
    size_t count;
    bool wraps; /* texts wrap: on a terminal */
    bool colors;
};

/* Is the column one whose text may be given less room than it wants? */
static bool
is_elastic(const struct grid *g, size_t column)
{
    return g->columns[column].clip != 0;
}

/* Takes room from the widest elastic columns until all fit, or none has any to give. */
static void
layout_shrink(const struct grid *g, struct layout *layout, size_t room)
{
    size_t total = 0;
    for (size_t j = 0; j < layout->count; j++) {
        total += layout->width[j] + (j > 0 ? 2 : 0);
    }
    while (total > room) {
        size_t widest = layout->count;
        for (size_t j = 0; j < layout->count; j++) {
            if (is_elastic(g, layout->column[j]) && layout->width[j] > TEXT_LEAST &&
                (widest == layout->count || layout->width[j] > layout->width[widest])) {
                widest = j;
            }
        }
        if (widest == layout->count) {
            return;
        }
        layout->width[widest]--;
        total--;
    }
}

static void
layout_make(const struct grid *g, const bool *hidden, size_t room, struct layout *layout)
{
    for (size_t j = 0; j < g->column_count; j++) {
        if (hidden[j]) {
            continue;
        }
        size_t width = text_width(g->columns[j].title);
        for (size_t i = 0; i < g->row_count; i++) {
            size_t one = text_width(cell_text(g, i, j));
            width = one > width ? one : width;
        }
        layout->column[layout->count] = j;
        layout->width[layout->count++] = width;
    }
    if (room > 0) {
        layout_shrink(g, layout, room);
    }
}

/* One cell's share of a line, n bytes of it, padded to the column's width. */
static void
share_print(const struct grid *g, const struct layout *layout, size_t j, const char *text, size_t n,
            FILE *out)
{
    const char *share = arena_strndup(g->arena, text, n);
    share = share != NULL ? share : "";
    size_t width = text_width(share);
    size_t pad = layout->width[j] > width ? layout->width[j] - width : 0;
    const char *color = layout->colors ? light_color(share) : NULL;
    if (g->columns[layout->column[j]].right) {
        (void)fprintf(out, "%*s", (int)pad, "");
    }
    (void)fprintf(out, "%s%s%s", color != NULL ? color : "", share, color != NULL ? "\033[0m" : "");
    if (j + 1 < layout->count) {
        (void)fprintf(out, "%*s  ", g->columns[layout->column[j]].right ? 0 : (int)pad, "");
    }
}

/* A row: as many lines as its longest wrapped text needs. cells: of the columns shown. */
static void
row_print(const struct grid *g, const struct layout *layout, const char **cells, FILE *out)
{
    for (bool more = true; more;) {
        more = false;
        for (size_t j = 0; j < layout->count; j++) {
            size_t n = strlen(cells[j]);
            if (layout->wraps && is_elastic(g, layout->column[j])) {
                n = text_fit(cells[j], layout->width[j]);
            }
            share_print(g, layout, j, cells[j], n, out);
            cells[j] += n;
            more |= cells[j][0] != '\0';
        }
        (void)fputc('\n', out);
    }
}

/* The cell as its column shows it: a list's text is cut to the room it has, a long one wraps. */
static const char *
cell_shown(const struct grid *g, const struct layout *layout, size_t j, const char *text)
{
    unsigned clip = g->columns[layout->column[j]].clip;
    return clip != 0 && clip <= LIST_CLIP ? text_clip(g->arena, text, layout->width[j]) : text;
}

static void
columns_print(const struct grid *g, struct cli *c)
{
    bool hidden[GRID_COLUMNS_MAX] = {false};
    const char *cells[GRID_COLUMNS_MAX];
    size_t room = terminal_width(c);
    size_t left_out = room > 0 ? columns_hide(g, room, hidden) : 0;
    struct layout layout = {.wraps = c->out_tty,
                            .colors = c->out_tty && getenv("NO_COLOR") == NULL};
    layout_make(g, hidden, room, &layout);
    for (size_t j = 0; j < layout.count; j++) {
        cells[j] = cell_shown(g, &layout, j, g->columns[layout.column[j]].title);
    }
    row_print(g, &layout, cells, c->out);
    for (size_t i = 0; i < g->row_count; i++) {
        for (size_t j = 0; j < layout.count; j++) {
            cells[j] = cell_shown(g, &layout, j, cell_text(g, i, layout.column[j]));
        }
        row_print(g, &layout, cells, c->out);
    }
    if (left_out > 0) {
        (void)fprintf(c->out, "（窗口较窄，略去 %zu 列：放宽窗口，或用 -o csv 看全部。）\n",
                      left_out);
    }
}

enum status
grid_print(const struct grid *g, struct cli *c, struct fault *f)
{
    if (g->failed) {
        return fault_memory(f);
    }
    if (c->format == CLI_CSV) {
        csv_print(g, c->out);
        return STATUS_OK;
    }
    if (g->row_count == 0) {
        return STATUS_OK;
    }
    columns_print(g, c);
    return STATUS_OK;
}
