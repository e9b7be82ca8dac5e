#include "server/store/db_internal.h"

#include "server/base/clock.h"

#include <stdlib.h>
#include <string.h>

bool
db_is_null(const struct db_row *row, int column)
{
    return PQgetisnull(row->result, row->row, column) != 0;
}

int64_t
db_int(const struct db_row *row, int column)
{
    if (db_is_null(row, column)) {
        return 0;
    }
    return strtoll(PQgetvalue(row->result, row->row, column), NULL, 10);
}

bool
db_bool(const struct db_row *row, int column)
{
    return !db_is_null(row, column) && PQgetvalue(row->result, row->row, column)[0] == 't';
}

char *
db_text(const struct db_row *row, int column, struct arena *a)
{
    if (db_is_null(row, column)) {
        return NULL;
    }
    return arena_strndup(a, PQgetvalue(row->result, row->row, column),
                         (size_t)PQgetlength(row->result, row->row, column));
}

static unsigned char
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned char)(c - '0');
    }
    return (unsigned char)(((unsigned char)c & 0x5FU) - 'A' + 10);
}

/* The server prints bytea as \x and hex digits (bytea_output is set when connecting). */
unsigned char *
db_bytes(const struct db_row *row, int column, struct arena *a, size_t *ret_size)
{
    *ret_size = 0;
    if (db_is_null(row, column)) {
        return NULL;
    }
    const char *text = PQgetvalue(row->result, row->row, column);
    size_t length = (size_t)PQgetlength(row->result, row->row, column);
    if (length < 2 || text[0] != '\\' || text[1] != 'x') {
        return NULL;
    }
    size_t size = (length - 2) / 2;
    unsigned char *bytes = arena_alloc(a, size + 1);
    if (bytes == NULL) {
        return NULL;
    }
    const char *digits = text + 2;
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)((unsigned)hex_value(digits[2 * i]) << 4U |
                                   hex_value(digits[2 * i + 1]));
    }
    *ret_size = size;
    return bytes;
}

int32_t
db_day(const struct db_row *row, int column)
{
    int32_t day = NO_DATE;
    if (!db_is_null(row, column) &&
        day_parse(PQgetvalue(row->result, row->row, column), &day) != STATUS_OK) {
        return NO_DATE;
    }
    return day;
}

int
db_row_count(const struct db_row *row)
{
    return row->rows;
}

int
db_row_index(const struct db_row *row)
{
    return row->row;
}

enum status
db_take_int32(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(int32_t *)ctx = (int32_t)db_int(row, 0);
    return STATUS_OK;
}

enum status
db_take_int64(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(int64_t *)ctx = db_int(row, 0);
    return STATUS_OK;
}
