/* Working days, with the make-up days (调休) of the State Council's yearly notices.
 *
 * A calendar knows some years. In a known year a day works when it is Monday to Friday and no day
 * off, or when it is a make-up working day. A year that is not known counts as Monday to Friday,
 * and every function then raises *ret_year_missing, so that the answer can carry a warning people
 * see. A value without pointers: copy it freely; read by any number of threads once built.
 */
#ifndef SERVER_BASE_CALENDAR_H
#define SERVER_BASE_CALENDAR_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "server/base/clock.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CALENDAR_YEARS = 64,       /* years one calendar can hold */
    CALENDAR_NAME_SIZE = 64,   /* bytes, "国庆节、中秋节" */
    CALENDAR_SPAN_MAX = 100000 /* days: how far a working-day walk may reach */
};

enum calendar_kind {
    CALENDAR_OFF = 1,  /* a holiday: nobody works */
    CALENDAR_WORK = 2, /* a make-up working day */
};

/* One line of a calendar file, one row of the table. */
struct calendar_entry {
    int32_t day;
    enum calendar_kind kind;
    char name[CALENDAR_NAME_SIZE];
};

struct calendar_year {
    int32_t year;
    bool known;          /* its notice is in; false: only single days are known */
    uint64_t off[6];     /* bit n: the year's day n (0 = 1 January) is off */
    uint64_t workday[6]; /* bit n: it is a make-up working day */
};

struct calendar {
    size_t count;
    struct calendar_year years[CALENDAR_YEARS]; /* ascending */
};

/* An empty calendar: every year missing. */
void calendar_init(struct calendar *c);

/* Says that a year's notice is in, even if no day of it follows. RESOURCE_EXHAUSTED when full,
 * OUT_OF_RANGE for a year outside YEAR_MIN…YEAR_MAX. */
enum status calendar_add_year(struct calendar *c, int year) MUST_CHECK;

/* Enters one day; entering it again replaces its kind. It does not make its year known: New Year's
 * notice of one year also moves days of the December before. */
enum status calendar_add_day(struct calendar *c, int32_t day, enum calendar_kind kind) MUST_CHECK;

/* Forgets a year's days and makes it known: another version of its notice is about to come in. */
enum status calendar_replace_year(struct calendar *c, int year) MUST_CHECK;

/* Whether people work on a day. *ret_year_missing is set to true when the day's year is not known
 * and is otherwise left alone, so one flag can run through many calls; it may be NULL. */
bool calendar_is_working_day(const struct calendar *c, int32_t day, bool *ret_year_missing);

/* True when the year's notice is in. */
bool calendar_knows_year(const struct calendar *c, int year);

/* The n-th working day after `from` (before it, when n < 0); `from` itself is never counted. n = 0:
 * `from`, or the next working day when nobody works on it. A reply due "within 3 working days" of
 * day D is due on calendar_add_working_days(c, D, 3, …). NO_DATE stays NO_DATE. Asserts that |n| is
 * at most CALENDAR_SPAN_MAX / 2. */
int32_t calendar_add_working_days(const struct calendar *c, int32_t from, int n,
                                  bool *ret_year_missing);

/* How many working days a walk from `from` to `to` meets, `from` not counted, `to` counted;
 * negative when `to` is earlier. For n ≠ 0 it gives back the n of calendar_add_working_days. */
int calendar_working_days_between(const struct calendar *c, int32_t from, int32_t to,
                                  bool *ret_year_missing);

/* Reads a calendar file: UTF-8 text (a BOM and CRLF are accepted) with the header line
 * "date,kind,name", then lines such as "2020-01-24,off,春节" and "2020-01-19,work,春节调休". Every
 * day must lie in `year` or in a neighbouring one. *ret_entries lives in the arena. A bad line is
 * named in the fault with its number (reason CALENDAR_FILE). */
enum status calendar_parse_csv(const char *text, size_t length, int year, struct arena *arena,
                               struct calendar_entry **ret_entries, size_t *ret_count,
                               struct fault *fault) MUST_CHECK;

/* calendar_parse_csv, then enters the year and its days. The calendar is unchanged on failure. */
enum status calendar_load_csv(struct calendar *c, const char *text, size_t length, int year,
                              struct fault *fault) MUST_CHECK;

/* The calendars compiled into the server: the People's Republic of China, the years with a notice
 * when this was built. A tenant's own table goes over it. */
void calendar_init_builtin(struct calendar *c);

#endif
