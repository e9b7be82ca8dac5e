/* Places: where in a request the server found fault ("rows[3].percent"), in words for people. Pure.
 */
#ifndef CLIENT_CLI_PLACE_H
#define CLIENT_CLI_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* "rows[3].percent" taken apart; column points into the field. */
struct place {
    size_t index;
    const char *column; /* "percent"; "" when the whole entry is meant */
};

/* Does the field name an entry of that list ("rows", "decisions")? Fills *ret_place if so. */
bool place_in_list(const char *field, const char *list, struct place *ret_place);

/* The column as people know it: "percent" is 完成百分比, as in the table's file. NULL: unknown. */
const char *place_column_zh(const char *column);

/* The message without the server's own count of entries ("第 3 行：", "第 3 条意见："). */
const char *place_message(const char *message);

#endif
