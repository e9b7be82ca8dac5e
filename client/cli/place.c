#include "client/cli/place.h"

#include <stdint.h>
#include <string.h>

/* Decimal digits; moves *p behind them. False when there is none, or too many. */
static bool
number_read(const char **p, size_t *ret_number)
{
    enum { DIGITS_MAX = 9 };
    size_t n = strspn(*p, "0123456789");
    size_t number = 0;
    if (n == 0 || n > DIGITS_MAX) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        number = number * 10 + (size_t)((*p)[i] - '0');
    }
    *p += n;
    *ret_number = number;
    return true;
}

bool
place_in_list(const char *field, const char *list, struct place *ret_place)
{
    size_t n = strlen(list);
    struct place place = {.column = ""};
    if (strncmp(field, list, n) != 0 || field[n] != '[') {
        return false;
    }
    const char *p = field + n + 1;
    if (!number_read(&p, &place.index) || *p != ']') {
        return false;
    }
    p++;
    if (*p == '.') {
        place.column = p + 1;
    } else if (*p != '\0') {
        return false;
    }
    *ret_place = place;
    return true;
}

const char *
place_column_zh(const char *column)
{
    static const char *const names[][2] = {
        {"measure_ref", "措施编号"},
        {"percent", "完成百分比"},
        {"narrative", "整改进展"},
        {"difficulty", "困难问题"},
        {"ask_help", "求助"},
        {"claim", "申请认定"},
        {"evidence", "证明材料"},
        {"happened_on", "发生日期"},
        {"extension_due", "申请延期至"},
        {"extension_reason", "延期理由"},
        {"lower_reason", "退步原因"},
        {"verdict", "审核意见"},
        {"reason", "理由"},
        {"reason_code", "原因码"},
        {"next_check_on", "下次复查日期"},
        {"measure_version", "版本"},
    };
    size_t n = strcspn(column, "[.");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strlen(names[i][0]) == n && strncmp(names[i][0], column, n) == 0) {
            return names[i][1];
        }
    }
    return NULL;
}

const char *
place_message(const char *message)
{
    static const char *const ends[] = {" 行：", " 条意见："};
    static const char begin[] = "第 ";
    const char *p = message + strlen(begin);
    size_t ignored = 0;
    if (strncmp(message, begin, strlen(begin)) != 0 || !number_read(&p, &ignored)) {
        return message;
    }
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        if (strncmp(p, ends[i], strlen(ends[i])) == 0) {
            return p + strlen(ends[i]);
        }
    }
    return message;
}
