#include "server/base/calendar.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void
calendar_init(struct calendar *c)
{
    *c = (struct calendar){0};
}

/* The first index whose year is not below `year`. */
static size_t
year_position(const struct calendar *c, int year)
{
    size_t i = 0;
    while (i < c->count && c->years[i].year < year) {
        i++;
    }
    return i;
}

static const struct calendar_year *
year_find(const struct calendar *c, int year)
{
    size_t i = year_position(c, year);
    return i < c->count && c->years[i].year == year ? &c->years[i] : NULL;
}

static enum status
year_get(struct calendar *c, int year, struct calendar_year **ret_year)
{
    if (year < YEAR_MIN || year > YEAR_MAX) {
        return STATUS_OUT_OF_RANGE;
    }
    size_t i = year_position(c, year);
    if (i == c->count || c->years[i].year != year) {
        if (c->count == CALENDAR_YEARS) {
            return STATUS_RESOURCE_EXHAUSTED;
        }
        memmove(&c->years[i + 1], &c->years[i], (c->count - i) * sizeof c->years[0]);
        c->years[i] = (struct calendar_year){.year = year};
        c->count++;
    }
    *ret_year = &c->years[i];
    return STATUS_OK;
}

enum status
calendar_add_year(struct calendar *c, int year)
{
    struct calendar_year *y = NULL;
    enum status s = year_get(c, year, &y);
    if (s == STATUS_OK) {
        y->known = true;
    }
    return s;
}

enum status
calendar_replace_year(struct calendar *c, int year)
{
    struct calendar_year *y = NULL;
    enum status s = year_get(c, year, &y);
    if (s == STATUS_OK) {
        *y = (struct calendar_year){.year = year, .known = true};
    }
    return s;
}

/* Which bit of a year a day is. */
static unsigned
day_bit(int32_t day, int year)
{
    return (unsigned)(day - day_from_ymd((struct ymd){year, 1, 1}));
}

static bool
bit_get(const uint64_t *bits, unsigned n)
{
    return (bits[n / 64] >> (n % 64) & 1U) != 0;
}

static void
bit_put(uint64_t *bits, unsigned n, bool on)
{
    uint64_t mask = UINT64_C(1) << (n % 64);
    bits[n / 64] = on ? bits[n / 64] | mask : bits[n / 64] & ~mask;
}

enum status
calendar_add_day(struct calendar *c, int32_t day, enum calendar_kind kind)
{
    if (day == NO_DATE) {
        return STATUS_OUT_OF_RANGE;
    }
    int year = day_to_ymd(day).year;
    struct calendar_year *y = NULL;
    enum status s = year_get(c, year, &y);
    if (s == STATUS_OK) {
        unsigned bit = day_bit(day, year);
        bit_put(y->off, bit, kind == CALENDAR_OFF);
        bit_put(y->workday, bit, kind == CALENDAR_WORK);
    }
    return s;
}

bool
calendar_knows_year(const struct calendar *c, int year)
{
    const struct calendar_year *y = year_find(c, year);
    return y != NULL && y->known;
}

bool
calendar_is_working_day(const struct calendar *c, int32_t day, bool *ret_year_missing)
{
    int year = day_to_ymd(day).year;
    const struct calendar_year *y = year_find(c, year);
    if (ret_year_missing != NULL && (y == NULL || !y->known)) {
        *ret_year_missing = true;
    }
    bool weekday = day_weekday(day) < SATURDAY;
    if (y == NULL) {
        return weekday;
    }
    unsigned bit = day_bit(day, year);
    return bit_get(y->workday, bit) || (weekday && !bit_get(y->off, bit));
}

int32_t
calendar_add_working_days(const struct calendar *c, int32_t from, int n, bool *ret_year_missing)
{
    assert(n >= -CALENDAR_SPAN_MAX / 2 && n <= CALENDAR_SPAN_MAX / 2);
    if (from == NO_DATE) {
        return NO_DATE;
    }
    if (n == 0 && calendar_is_working_day(c, from, ret_year_missing)) {
        return from;
    }
    int step = n < 0 ? -1 : 1;
    int left = n == 0 ? 1 : n * step;
    int32_t day = from;
    /* Ends: known years are few, and every other year has five working days a week. */
    while (left > 0) {
        day += step;
        if (calendar_is_working_day(c, day, ret_year_missing)) {
            left--;
        }
    }
    return day;
}

/* Mondays to Fridays in (1969-12-28, day]: that day was a Sunday, so full weeks count from it. */
static int64_t
weekdays_until(int32_t day)
{
    int64_t n = (int64_t)day + 4;
    int64_t week = n >= 0 ? n / 7 : -((6 - n) / 7);
    int64_t rest = n - week * 7;
    return week * 5 + (rest < 5 ? rest : 5);
}

/* What a year's holidays and make-up days add to the Mondays to Fridays of (after, until]. */
static int
year_correction(const struct calendar_year *y, int32_t after, int32_t until)
{
    int32_t first = day_from_ymd((struct ymd){y->year, 1, 1});
    int sum = 0;
    for (unsigned bit = 0; bit < 366; bit++) {
        int32_t day = first + (int32_t)bit;
        if (day <= after || day > until) {
            continue;
        }
        bool weekday = day_weekday(day) < SATURDAY;
        if (weekday && bit_get(y->off, bit)) {
            sum--;
        } else if (!weekday && bit_get(y->workday, bit)) {
            sum++;
        }
    }
    return sum;
}

/* Working days in (after, until]; after ≤ until. */
static int
count_forward(const struct calendar *c, int32_t after, int32_t until, bool *ret_year_missing)
{
    if (after == until) {
        return 0;
    }
    int64_t count = weekdays_until(until) - weekdays_until(after);
    int first = day_to_ymd(after + 1).year;
    int last = day_to_ymd(until).year;
    for (int year = first; year <= last; year++) {
        const struct calendar_year *y = year_find(c, year);
        if (ret_year_missing != NULL && (y == NULL || !y->known)) {
            *ret_year_missing = true;
        }
        count += y == NULL ? 0 : year_correction(y, after, until);
    }
    return (int)count;
}

int
calendar_working_days_between(const struct calendar *c, int32_t from, int32_t to,
                              bool *ret_year_missing)
{
    assert(from != NO_DATE && to != NO_DATE);
    if (from <= to) {
        return count_forward(c, from, to, ret_year_missing);
    }
    return -count_forward(c, to - 1, from - 1, ret_year_missing);
}

/* ---- files ---- */

struct csv {
    const char *at;
    const char *end;
    int line; /* of the last line given, from 1 */
};

/* The next line without its end; false at the end of the text. */
static bool
csv_line(struct csv *f, const char **ret_line, size_t *ret_length)
{
    if (f->at == f->end) {
        return false;
    }
    const char *newline = memchr(f->at, '\n', (size_t)(f->end - f->at));
    const char *stop = newline == NULL ? f->end : newline;
    size_t n = (size_t)(stop - f->at);
    *ret_line = f->at;
    *ret_length = n > 0 && f->at[n - 1] == '\r' ? n - 1 : n;
    f->at = newline == NULL ? f->end : newline + 1;
    f->line++;
    return true;
}

static bool
span_is(const char *s, size_t n, const char *word)
{
    return strlen(word) == n && memcmp(s, word, n) == 0;
}

static enum status
entry_parse(const char *line, size_t n, int year, struct calendar_entry *ret_entry)
{
    char date[DAY_TEXT_SIZE] = "";
    const size_t date_n = DAY_TEXT_SIZE - 1;
    struct calendar_entry e = {0};
    const char *kind = line + date_n + 1;
    const char *comma = n > date_n + 1 ? memchr(kind, ',', n - date_n - 1) : NULL;
    if (comma == NULL || line[date_n] != ',' || memchr(line, '\0', n) != NULL) {
        return STATUS_INVALID_ARGUMENT;
    }
    memcpy(date, line, date_n);
    enum status s = day_parse(date, &e.day);
    if (s != STATUS_OK || abs(day_to_ymd(e.day).year - year) > 1) {
        return STATUS_INVALID_ARGUMENT;
    }
    size_t kind_n = (size_t)(comma - kind);
    size_t name_n = n - (size_t)(comma + 1 - line);
    if (name_n >= sizeof e.name || memchr(comma + 1, ',', name_n) != NULL) {
        return STATUS_INVALID_ARGUMENT;
    }
    if (span_is(kind, kind_n, "off")) {
        e.kind = CALENDAR_OFF;
    } else if (span_is(kind, kind_n, "work")) {
        e.kind = CALENDAR_WORK;
    } else {
        return STATUS_INVALID_ARGUMENT;
    }
    memcpy(e.name, comma + 1, name_n);
    *ret_entry = e;
    return STATUS_OK;
}

/* Skips a BOM and reads the header line. */
static bool
csv_open(struct csv *f, const char *text, size_t length)
{
    const char *line = NULL;
    size_t n = 0;
    *f = (struct csv){.at = text, .end = text + length};
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
        f->at += 3;
    }
    return csv_line(f, &line, &n) && span_is(line, n, "date,kind,name");
}

static bool
entry_repeats(const struct calendar_entry *entries, size_t count, int32_t day)
{
    for (size_t i = 0; i < count; i++) {
        if (entries[i].day == day) {
            return true;
        }
    }
    return false;
}

enum status
calendar_parse_csv(const char *text, size_t length, int year, struct arena *arena,
                   struct calendar_entry **ret_entries, size_t *ret_count, struct fault *fault)
{
    struct csv f;
    if (!csv_open(&f, text, length)) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "CALENDAR_FILE",
                         "日历文件的第一行应为“date,kind,name”。请按样例文件的格式重新准备。");
    }
    void *entries = NULL;
    size_t count = 0;
    size_t capacity = 0;
    const char *line = NULL;
    size_t n = 0;
    while (csv_line(&f, &line, &n)) {
        struct calendar_entry e;
        if (n == 0) {
            continue;
        }
        if (entry_parse(line, n, year, &e) != STATUS_OK) {
            return fault_set(fault, STATUS_INVALID_ARGUMENT, "CALENDAR_FILE",
                             "日历文件第 %d 行有误：应为“日期,off 或 work,名称”，例如"
                             "“2020-01-24,off,春节”，日期须在 %d 年或其前后一年之内。",
                             f.line, year);
        }
        if (entry_repeats(entries, count, e.day)) {
            return fault_set(fault, STATUS_INVALID_ARGUMENT, "CALENDAR_FILE",
                             "日历文件第 %d 行的日期前面已经出现过。请删去重复的一行。", f.line);
        }
        struct calendar_entry *slot =
            count > 366 * 2 ? NULL : arena_grow(arena, &entries, count, &capacity, sizeof e);
        if (slot == NULL) {
            return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "CALENDAR_FILE",
                             "日历文件的行数过多。请只保留放假和调休上班的日期。");
        }
        *slot = e;
        count++;
    }
    *ret_entries = entries;
    *ret_count = count;
    return STATUS_OK;
}

enum status
calendar_load_csv(struct calendar *c, const char *text, size_t length, int year,
                  struct fault *fault)
{
    struct arena arena;
    struct calendar_entry *entries = NULL;
    size_t count = 0;
    struct calendar next = *c;
    arena_init(&arena, (size_t)1024 * 1024);
    enum status s = calendar_parse_csv(text, length, year, &arena, &entries, &count, fault);
    if (s != STATUS_OK) {
        goto out;
    }
    s = calendar_add_year(&next, year);
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        s = calendar_add_day(&next, entries[i].day, entries[i].kind);
    }
    if (s != STATUS_OK) {
        fault_set(fault, s, "CALENDAR_FILE", "日历已满或年份超出范围：最多保存 %d 个年份。",
                  CALENDAR_YEARS);
        goto out;
    }
    *c = next;
out:
    arena_release(&arena);
    return s;
}
