/* Clock and dates: what time it is, and the arithmetic of days, months and quarters.
 *
 * An instant is int64 milliseconds since 1970-01-01T00:00Z. A day is an int32 number of days since
 * 1970-01-01 in the tenant's zone; NO_DATE stands for "no date". A zone is a fixed offset in
 * minutes east of UTC: China has one zone without summer time, so an offset says everything and
 * needs no zone database. Refuses to be: a zone database, a locale, a place where deadlines are
 * judged (due.h) or working days are counted (calendar.h).
 */
#ifndef SERVER_BASE_CLOCK_H
#define SERVER_BASE_CLOCK_H

#include "proto/base/arena.h"
#include "proto/base/status.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- clocks ---- */

/* The interface. Read it once per call (dispatch does) and pass the number down. */
struct clock {
    int64_t (*read_ms)(const struct clock *c);
};

/* The instant now. Never blocks; any thread. */
int64_t clock_now_ms(const struct clock *c);

/* The machine's own clock (CLOCK_REALTIME). Static: nothing to free. */
const struct clock *clock_real(void);

/* A clock that stands still until told otherwise, for tests and dry runs. Pass &fake.clock. Any
 * thread may read, set and advance at once. */
struct clock_fake {
    struct clock clock; /* first: read_ms casts back */
    _Atomic int64_t now_ms;
};

void clock_fake_init(struct clock_fake *f, int64_t now_ms);
void clock_fake_set(struct clock_fake *f, int64_t now_ms);
/* delta_ms may be negative. */
void clock_fake_advance(struct clock_fake *f, int64_t delta_ms);

/* ---- days ---- */

#define NO_DATE INT32_MIN

enum {
    ZONE_CHINA_MIN = 480, /* the default offset, minutes east of UTC */
    ZONE_LIMIT_MIN = 840, /* |offset| is at most this */
    YEAR_MIN = 1900,      /* years a date may have */
    YEAR_MAX = 2399,
    DAY_TEXT_SIZE = 11,     /* "2020-04-27" */
    INSTANT_TEXT_SIZE = 32, /* "2020-04-27T09:30:00.000+08:00" */
    PERIOD_CODE_SIZE = 8,   /* "2026-11", "2026-Q4" */
};

enum { MONDAY = 1, SATURDAY = 6, SUNDAY = 7 };

/* A date of the proleptic Gregorian calendar. */
struct ymd {
    int year;
    int month; /* 1–12 */
    int day;   /* 1–31 */
};

/* The day an instant falls on in a zone; 23:59:59.999 belongs to the day that ends. */
int32_t day_from_instant(int64_t instant_ms, int offset_min);

/* The first millisecond of a day in a zone. day must not be NO_DATE. */
int64_t day_to_instant(int32_t day, int offset_min);

/* True for a date that exists, with YEAR_MIN ≤ year ≤ YEAR_MAX. */
bool ymd_valid(struct ymd date);
int days_in_month(int year, int month);

/* date must be valid (asserted); the inverse holds for every day but NO_DATE. */
int32_t day_from_ymd(struct ymd date);
struct ymd day_to_ymd(int32_t day);

/* MONDAY (1) … SUNDAY (7). */
int day_weekday(int32_t day);

/* The same day of the month n months on (n may be negative), or that month's last day: 31 January
 * plus one month is 28 or 29 February. NO_DATE stays NO_DATE. */
int32_t day_add_months(int32_t day, int n);

/* Strict "YYYY-MM-DD", nothing before or after. INVALID_ARGUMENT otherwise. s may be NULL. */
enum status day_parse(const char *s, int32_t *ret_day) MUST_CHECK;

/* "YYYY-MM-DD"; "" for NO_DATE. Returns ret_text. */
char *day_print(int32_t day, char ret_text[DAY_TEXT_SIZE]);

/* The same in the arena; NULL for NO_DATE, and when the arena is exhausted. */
char *day_in(struct arena *a, int32_t day);

/* "2020-04-27T09:30:00.000+08:00" in the zone. Returns ret_text. */
char *instant_print(int64_t instant_ms, int offset_min, char ret_text[INSTANT_TEXT_SIZE]);

/* Reads what instant_print prints, also without milliseconds and with "Z". */
enum status instant_parse(const char *s, int64_t *ret_ms) MUST_CHECK;

/* ---- report periods ---- */

enum period_kind { PERIOD_MONTH = 1, PERIOD_QUARTER = 2 };

struct period {
    enum period_kind kind;
    int year;
    int number;    /* month 1–12 or quarter 1–4 */
    int32_t first; /* first and last day, both inside */
    int32_t last;
    char code[PERIOD_CODE_SIZE];
};

/* number must be in range and the year valid (asserted). */
struct period period_month(int year, int month);
struct period period_quarter(int year, int quarter);

/* The period of this kind that a day lies in. day must not be NO_DATE. */
struct period period_of_day(enum period_kind kind, int32_t day);

/* The period n later (n may be negative). */
struct period period_add(const struct period *p, int n);

/* "2026-11" or "2026-Q4", exactly. INVALID_ARGUMENT otherwise. */
enum status period_parse(const char *code, struct period *ret_period) MUST_CHECK;

/* For people: "2026年11月", "2026年第4季度". size is that of ret_text. Returns ret_text. */
char *period_print_zh(const struct period *p, char *ret_text, unsigned size);

#endif
