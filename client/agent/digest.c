#include "client/agent/digest.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DAY_LENGTH = 10 };

int
digest_minute(const char *text)
{
    if (text == NULL || strlen(text) != 5 || text[2] != ':') {
        return -1;
    }
    for (size_t i = 0; i < 5; i++) {
        if (i != 2 && !isdigit((unsigned char)text[i])) {
            return -1;
        }
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    return hour < 24 && minute < 60 ? hour * 60 + minute : -1;
}

static int
number(const char *digits, size_t n)
{
    int value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value * 10 + (digits[i] - '0');
    }
    return value;
}

/* Days since some day in the past (civil calendar); -1 for what is no date. */
static long
day_number(const char *day)
{
    if (strlen(day) != DAY_LENGTH) {
        return -1;
    }
    for (size_t i = 0; i < DAY_LENGTH; i++) {
        if (i == 4 || i == 7 ? day[i] != '-' : !isdigit((unsigned char)day[i])) {
            return -1;
        }
    }
    long year = number(day, 4);
    long month = number(day + 5, 2);
    /* The year begins in March, so that its last day may be the 29th. */
    year -= month <= 2;
    long from_march = (month + 9) % 12;
    return year * 365 + year / 4 - year / 100 + year / 400 + (from_march * 153 + 2) / 5 +
           number(day + 8, 2);
}

bool
digest_due(const char *day, int minute, int at, const char *last)
{
    long today = day_number(day);
    long before = day_number(last);
    if (at < 0 || minute < at || today < 0) {
        return false;
    }
    return before < 0 || today > before || before > today + 1;
}

void
digest_sentence(const struct digest *digest, char *ret_text, size_t size)
{
    char stands[64] = "超期和临期未知（线路不通）";
    char when[64] = "";
    if (digest->known) {
        snprintf(stands, sizeof stands, "超期 %" PRId32 "、临期 %" PRId32, digest->overdue,
                 digest->due_soon);
    }
    if (digest->known && digest->as_of != NULL) {
        snprintf(when, sizeof when, "（线路不通，超期和临期是 %s 的数）", digest->as_of);
    }
    snprintf(ret_text, size, "今日：%s、要处理 %" PRIu64 "、待发送 %" PRIu64 "%s", stands,
             digest->attention, digest->waiting, when);
}
