#include "server/base/clock.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MS_PER_MIN = 60000 };
#define MS_PER_DAY INT64_C(86400000)

/* ---- clocks ---- */

int64_t
clock_now_ms(const struct clock *c)
{
    return c->read_ms(c);
}

static int64_t
real_read(const struct clock *c)
{
    (void)c;
    struct timespec t;
    int failed = clock_gettime(CLOCK_REALTIME, &t);
    assert(failed == 0);
    (void)failed;
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

const struct clock *
clock_real(void)
{
    static const struct clock real = {.read_ms = real_read};
    return &real;
}

static int64_t
fake_read(const struct clock *c)
{
    const struct clock_fake *f = (const struct clock_fake *)(const void *)c;
    return atomic_load(&f->now_ms);
}

void
clock_fake_init(struct clock_fake *f, int64_t now_ms)
{
    f->clock.read_ms = fake_read;
    atomic_init(&f->now_ms, now_ms);
}

void
clock_fake_set(struct clock_fake *f, int64_t now_ms)
{
    atomic_store(&f->now_ms, now_ms);
}

void
clock_fake_advance(struct clock_fake *f, int64_t delta_ms)
{
    atomic_fetch_add(&f->now_ms, delta_ms);
}

/* ---- days ---- */

static int64_t
floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return a % b < 0 ? q - 1 : q;
}

int32_t
day_from_instant(int64_t instant_ms, int offset_min)
{
    assert(offset_min >= -ZONE_LIMIT_MIN && offset_min <= ZONE_LIMIT_MIN);
    return (int32_t)floor_div(instant_ms + (int64_t)offset_min * MS_PER_MIN, MS_PER_DAY);
}

int64_t
day_to_instant(int32_t day, int offset_min)
{
    assert(day != NO_DATE);
    return (int64_t)day * MS_PER_DAY - (int64_t)offset_min * MS_PER_MIN;
}

static bool
leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

int
days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    assert(month >= 1 && month <= 12);
    return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

bool
ymd_valid(struct ymd date)
{
    return date.year >= YEAR_MIN && date.year <= YEAR_MAX && date.month >= 1 && date.month <= 12 &&
           date.day >= 1 && date.day <= days_in_month(date.year, date.month);
}

/* Days are counted from 1 March, so that the leap day is a year's last: a year is then 365 days and
 * each month's start is (153 m + 2) / 5. 719468 days lie between 0000-03-01 and 1970-01-01. */
int32_t
day_from_ymd(struct ymd date)
{
    assert(ymd_valid(date));
    int64_t year = date.month <= 2 ? date.year - 1 : date.year;
    int64_t month = (date.month + 9) % 12;
    int64_t in_year = (153 * month + 2) / 5 + date.day - 1;
    int64_t days =
        year * 365 + floor_div(year, 4) - floor_div(year, 100) + floor_div(year, 400) + in_year;
    return (int32_t)(days - 719468);
}

struct ymd
day_to_ymd(int32_t day)
{
    assert(day != NO_DATE);
    int64_t z = (int64_t)day + 719468;
    int64_t era = floor_div(z, 146097); /* 400 years */
    int64_t of_era = z - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * of_year + 2) / 153;
    struct ymd date = {
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(of_year - (153 * month + 2) / 5 + 1),
    };
    date.year = (int)(year_of_era + era * 400 + (date.month <= 2 ? 1 : 0));
    return date;
}

int
day_weekday(int32_t day)
{
    /* 1970-01-01 was a Thursday. */
    int64_t n = (int64_t)day + 3;
    return (int)(n - floor_div(n, 7) * 7) + MONDAY;
}

int32_t
day_add_months(int32_t day, int n)
{
    if (day == NO_DATE) {
        return NO_DATE;
    }
    struct ymd date = day_to_ymd(day);
    int64_t months = (int64_t)date.year * 12 + date.month - 1 + n;
    date.year = (int)floor_div(months, 12);
    date.month = (int)(months - (int64_t)date.year * 12) + 1;
    int last = days_in_month(date.year, date.month);
    if (date.day > last) {
        date.day = last;
    }
    return day_from_ymd(date);
}

/* Exactly n digits at s; −1 otherwise. Stops at the first that is none, so a NUL ends it. */
static int
digits(const char *s, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9') {
            return -1;
        }
        value = value * 10 + (s[i] - '0');
    }
    return value;
}

enum status
day_parse(const char *s, int32_t *ret_day)
{
    if (s == NULL || strlen(s) != DAY_TEXT_SIZE - 1 || s[4] != '-' || s[7] != '-') {
        return STATUS_INVALID_ARGUMENT;
    }
    struct ymd date = {digits(s, 4), digits(s + 5, 2), digits(s + 8, 2)};
    if (!ymd_valid(date)) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_day = day_from_ymd(date);
    return STATUS_OK;
}

char *
day_print(int32_t day, char ret_text[DAY_TEXT_SIZE])
{
    ret_text[0] = '\0';
    if (day == NO_DATE) {
        return ret_text;
    }
    struct ymd date = day_to_ymd(day);
    assert(date.year >= 0 && date.year <= 9999);
    snprintf(ret_text, DAY_TEXT_SIZE, "%04u-%02u-%02u", (unsigned)date.year % 10000U,
             (unsigned)date.month % 100U, (unsigned)date.day % 100U);
    return ret_text;
}

char *
day_in(struct arena *a, int32_t day)
{
    char text[DAY_TEXT_SIZE];
    return day == NO_DATE ? NULL : arena_strdup(a, day_print(day, text));
}

char *
instant_print(int64_t instant_ms, int offset_min, char ret_text[INSTANT_TEXT_SIZE])
{
    char day[DAY_TEXT_SIZE];
    int32_t number = day_from_instant(instant_ms, offset_min);
    unsigned ms = (unsigned)(instant_ms - day_to_instant(number, offset_min));
    unsigned zone = (unsigned)(offset_min < 0 ? -offset_min : offset_min);
    snprintf(ret_text, INSTANT_TEXT_SIZE, "%sT%02u:%02u:%02u.%03u%c%02u:%02u",
             day_print(number, day), ms / 3600000 % 100, ms / 60000 % 60, ms / 1000 % 60, ms % 1000,
             offset_min < 0 ? '-' : '+', zone / 60 % 100, zone % 60);
    return ret_text;
}

/* "Z" or "+08:00" and nothing behind it. */
static bool
zone_parse(const char *s, int *ret_offset_min)
{
    if (strcmp(s, "Z") == 0) {
        *ret_offset_min = 0;
        return true;
    }
    if (strlen(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':') {
        return false;
    }
    int hours = digits(s + 1, 2);
    int minutes = digits(s + 4, 2);
    if (hours < 0 || minutes < 0 || minutes > 59 || hours * 60 + minutes > ZONE_LIMIT_MIN) {
        return false;
    }
    *ret_offset_min = (s[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

enum status
instant_parse(const char *s, int64_t *ret_ms)
{
    char date[DAY_TEXT_SIZE];
    int32_t day = 0;
    if (s == NULL || strlen(s) < 20 || s[10] != 'T' || s[13] != ':' || s[16] != ':') {
        return STATUS_INVALID_ARGUMENT;
    }
    memcpy(date, s, sizeof date - 1);
    date[sizeof date - 1] = '\0';
    int hour = digits(s + 11, 2);
    int minute = digits(s + 14, 2);
    int second = digits(s + 17, 2);
    int ms = 0;
    const char *zone = s + 19;
    if (*zone == '.') {
        ms = digits(zone + 1, 3);
        zone += ms < 0 ? 0 : 4;
    }
    int offset = 0;
    if (day_parse(date, &day) != STATUS_OK || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59 || ms < 0 || !zone_parse(zone, &offset)) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_ms = day_to_instant(day, offset) + (int64_t)hour * 3600000 + (int64_t)minute * 60000 +
              second * 1000 + ms;
    return STATUS_OK;
}

/* ---- report periods ---- */

struct period
period_month(int year, int month)
{
    assert(year >= YEAR_MIN && year <= YEAR_MAX && month >= 1 && month <= 12);
    struct period p = {
        .kind = PERIOD_MONTH,
        .year = year,
        .number = month,
        .first = day_from_ymd((struct ymd){year, month, 1}),
        .last = day_from_ymd((struct ymd){year, month, days_in_month(year, month)}),
    };
    snprintf(p.code, sizeof p.code, "%04u-%02u", (unsigned)year % 10000U, (unsigned)month % 100U);
    return p;
}

struct period
period_quarter(int year, int quarter)
{
    assert(year >= YEAR_MIN && year <= YEAR_MAX && quarter >= 1 && quarter <= 4);
    int last_month = quarter * 3;
    struct period p = {
        .kind = PERIOD_QUARTER,
        .year = year,
        .number = quarter,
        .first = day_from_ymd((struct ymd){year, last_month - 2, 1}),
        .last = day_from_ymd((struct ymd){year, last_month, days_in_month(year, last_month)}),
    };
    snprintf(p.code, sizeof p.code, "%04u-Q%u", (unsigned)year % 10000U, (unsigned)quarter % 10U);
    return p;
}

struct period
period_of_day(enum period_kind kind, int32_t day)
{
    struct ymd date = day_to_ymd(day);
    return kind == PERIOD_MONTH ? period_month(date.year, date.month)
                                : period_quarter(date.year, (date.month + 2) / 3);
}

struct period
period_add(const struct period *p, int n)
{
    int per_year = p->kind == PERIOD_MONTH ? 12 : 4;
    int64_t total = (int64_t)p->year * per_year + p->number - 1 + n;
    int year = (int)floor_div(total, per_year);
    int number = (int)(total - (int64_t)year * per_year) + 1;
    return p->kind == PERIOD_MONTH ? period_month(year, number) : period_quarter(year, number);
}

enum status
period_parse(const char *code, struct period *ret_period)
{
    if (code == NULL || strlen(code) != PERIOD_CODE_SIZE - 1 || code[4] != '-') {
        return STATUS_INVALID_ARGUMENT;
    }
    bool quarter = code[5] == 'Q';
    int year = digits(code, 4);
    int number = quarter ? digits(code + 6, 1) : digits(code + 5, 2);
    if (year < YEAR_MIN || year > YEAR_MAX || number < 1 || number > (quarter ? 4 : 12)) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_period = quarter ? period_quarter(year, number) : period_month(year, number);
    return STATUS_OK;
}

char *
period_print_zh(const struct period *p, char *ret_text, unsigned size)
{
    snprintf(ret_text, size, p->kind == PERIOD_MONTH ? "%d年%d月" : "%d年第%d季度", p->year,
             p->number);
    return ret_text;
}
