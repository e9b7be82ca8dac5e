/* Reading is by tokens of the folded text: numbers and the words around them. Words of kind
 * (长期坚持, 立行立改) are looked for first, then the last date the text names. */
#include "server/document/date_text.h"

#include "server/document/fold.h"

enum { TEXT_MAX = 400, YEAR_MIN = 1900, YEAR_MAX = 2200, SERIAL_MIN = 32874, SERIAL_MAX = 73415 };

static bool
is_leap(int32_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int32_t
month_days(int32_t y, int32_t m)
{
    static const int32_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return m == 2 && is_leap(y) ? 29 : days[m - 1];
}

int32_t
date_text_day(int32_t year, int32_t month, int32_t day)
{
    if (year < YEAR_MIN || year > YEAR_MAX || month < 1 || month > 12 || day < 1 ||
        day > month_days(year, month)) {
        return DATE_TEXT_NO_DATE;
    }
    /* Days from civil: years begin in March, so that the leap day is the last. */
    int32_t y = month <= 2 ? year - 1 : year;
    int32_t era = y / 400;
    int32_t yoe = y - era * 400;
    int32_t doy = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int32_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

void
date_text_civil(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day)
{
    int64_t z = (int64_t)day + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *ret_day = (int32_t)(doy - (153 * mp + 2) / 5 + 1);
    *ret_month = (int32_t)(mp < 10 ? mp + 3 : mp - 9);
    *ret_year = (int32_t)(yoe + era * 400 + (*ret_month <= 2));
}

struct scan {
    struct fold f;
    uint32_t cp[TEXT_MAX * 2];
    uint32_t at[TEXT_MAX * 2];
    size_t i;
    int32_t year;      /* in force: named last, or the default; 0 none */
    int32_t last_year; /* the year of the newest date read */
    int32_t day;       /* the newest date read */
    bool bad;
};

static bool
word(struct scan *s, const char *w)
{
    size_t next = 0;
    if (!fold_starts(&s->f, s->i, w, &next)) {
        return false;
    }
    s->i = next;
    return true;
}

static bool
any_word(struct scan *s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (word(s, *list)) {
            return true;
        }
    }
    return false;
}

static bool
has_any(const struct scan *s, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (fold_has(&s->f, 0, s->f.n, *list)) {
            return true;
        }
    }
    return false;
}

/* Arabic digits, or Chinese ones (二〇二〇, 十二); 0 to 4 in a row count the digits. -1: none. */
static int32_t
number(struct scan *s)
{
    int32_t value = 0;
    size_t n = 0;
    while (s->i < s->f.n && fold_is_digit(s->f.cp[s->i]) && n < 6) {
        value = value * 10 + (int32_t)(s->f.cp[s->i++] - '0');
        n++;
    }
    if (n != 0) {
        return value;
    }
    int32_t digit = -1;
    bool ten = false;
    while (s->i < s->f.n && n < 4) {
        uint32_t cp = s->f.cp[s->i];
        int v = cp == 0x25CB || cp == 'O' ? 0 : fold_numeral(cp); /* ○ for 〇 */
        if (v < 0 || v > 10 || (v == 10 && ten)) {
            break;
        }
        if (v == 10) {
            value = (digit < 0 ? 1 : digit) * 10;
            digit = 0;
            ten = true;
        } else if (ten) {
            digit = v;
        } else {
            digit = (digit < 0 ? 0 : digit * 10) + v;
        }
        s->i++;
        n++;
    }
    return n == 0 ? -1 : value + digit;
}

static void
set_day(struct scan *s, int32_t y, int32_t m, int32_t d)
{
    int32_t day = y == 0 ? DATE_TEXT_NO_DATE : date_text_day(y, m, d);
    if (day == DATE_TEXT_NO_DATE) {
        s->bad = true;
        return;
    }
    s->day = day;
    s->last_year = y;
}

static void
set_month_end(struct scan *s, int32_t y, int32_t m)
{
    bool fits = y >= YEAR_MIN && y <= YEAR_MAX && m >= 1 && m <= 12;
    set_day(s, y, m, fits ? month_days(y, m) : 0);
}

/* Behind "N月": 底, 末, 上旬, N日 … */
static void
after_month(struct scan *s, int32_t month)
{
    static const char *const first[] = {"上旬", "初", NULL};
    static const char *const middle[] = {"中旬", "中", NULL};
    static const char *const last[] = {"下旬", "份", "底", "末", NULL};
    s->i = fold_skip_space(&s->f, s->i);
    size_t back = s->i;
    int32_t day = number(s);
    if (day >= 0) {
        size_t after = fold_skip_space(&s->f, s->i);
        uint32_t cp = fold_at(&s->f, after);
        bool end = after >= s->f.n || cp == ')' || cp == ',' || cp == 0x524D; /* 前 */
        if (word(s, "日") || word(s, "号") || end) {
            set_day(s, s->year, month, day);
            return;
        }
        s->i = back;
    }
    if (any_word(s, first)) {
        set_day(s, s->year, month, 10);
    } else if (any_word(s, middle)) {
        set_day(s, s->year, month, 20);
    } else {
        any_word(s, last);
        set_month_end(s, s->year, month);
    }
}

/* 第二季度, 二季度末, 上半年, 年底 … at i; false when it is none of them. */
static bool
part_of_year(struct scan *s)
{
    static const char *const half1[] = {"上半年", "年中", NULL};
    static const char *const half2[] = {"下半年", "年底", "年末", "年终", "岁末", NULL};
    size_t back = s->i;
    if (any_word(s, half1)) {
        set_month_end(s, s->year, 6);
        return true;
    }
    if (any_word(s, half2)) {
        set_month_end(s, s->year, 12);
        return true;
    }
    word(s, "第");
    int32_t quarter = number(s);
    if (quarter >= 1 && quarter <= 4 && (word(s, "个季度") || word(s, "季度"))) {
        set_month_end(s, s->year, quarter * 3);
        return true;
    }
    s->i = back;
    return false;
}

/* Behind a year: 年6月底, -06-30, /6/30, .6, 年底, 年上半年. */
static void
after_year(struct scan *s, int32_t year, bool nian)
{
    s->year = year;
    s->i = fold_skip_space(&s->f, s->i);
    if (nian) {
        static const char *const ends[] = {"底", "末", "终", "内", "度", NULL};
        size_t back = s->i;
        if (part_of_year(s)) {
            return;
        }
        if (any_word(s, ends)) {
            set_month_end(s, year, 12);
            return;
        }
        int32_t month = number(s);
        s->i = month < 0 ? s->i : fold_skip_space(&s->f, s->i);
        if (month >= 0 && word(s, "月")) {
            after_month(s, month);
            return;
        }
        s->i = back;
        size_t rest = fold_skip_space(&s->f, back);
        if (rest >= s->f.n || fold_at(&s->f, rest) == 0x524D) { /* 2020年, 2020年前 */
            set_month_end(s, year, 12);
        }
        return;
    }
    uint32_t separator = fold_at(&s->f, s->i);
    s->i++;
    int32_t month = number(s);
    if (month < 0) {
        s->bad = true;
        return;
    }
    if (word(s, "月")) {
        after_month(s, month);
        return;
    }
    if (fold_at(&s->f, s->i) != separator) {
        set_month_end(s, year, month); /* 2020-06 */
        return;
    }
    s->i++;
    int32_t day = number(s);
    set_day(s, year, month, day);
}

/* A number at i: a year, a month, an Excel serial number, or nothing of ours. */
static void
take_number(struct scan *s)
{
    size_t back = s->i;
    int32_t value = number(s);
    size_t length = s->i - back;
    uint32_t cp = fold_at(&s->f, fold_skip_space(&s->f, s->i));
    bool year = length == 4 && value >= YEAR_MIN && value <= YEAR_MAX;
    bool separated = cp == '-' || cp == '/' || cp == '.';
    if (year && cp == 0x5E74) { /* 年 */
        s->i = fold_skip_space(&s->f, s->i) + 1;
        after_year(s, value, true);
    } else if (year && separated) {
        s->i = fold_skip_space(&s->f, s->i);
        after_year(s, value, false);
    } else if (cp == 0x6708) { /* 月 */
        s->i = fold_skip_space(&s->f, s->i) + 1;
        after_month(s, value);
    } else if (length == 8 && back == 0 && s->i >= s->f.n) {
        set_day(s, value / 10000, value / 100 % 100, value % 100);
    }
}

/* The whole text is a number: 44012, 44012.0, 20200630. */
static bool
take_serial(struct scan *s)
{
    int64_t value = 0;
    size_t n = 0;
    size_t i = 0;
    while (i < s->f.n && fold_is_digit(s->f.cp[i]) && n < 9) {
        value = value * 10 + (int64_t)(s->f.cp[i++] - '0');
        n++;
    }
    size_t digits = n;
    if (digits == 5 && fold_at(&s->f, i) == '.') {
        i++;
        while (i < s->f.n && fold_is_digit(s->f.cp[i])) {
            i++;
        }
    }
    if (n == 0 || i < s->f.n) {
        return false;
    }
    if (digits == 8) {
        set_day(s, (int32_t)(value / 10000), (int32_t)(value / 100 % 100), (int32_t)(value % 100));
    } else if (value >= SERIAL_MIN && value <= SERIAL_MAX) {
        s->day = (int32_t)(value - 25569); /* 25569: 1970-01-01 in the 1900 system */
    } else {
        s->bad = true;
    }
    return true;
}

static void
scan_dates(struct scan *s)
{
    if (take_serial(s)) {
        return;
    }
    static const char *const this_year[] = {"今年", "本年度", "本年", "当年", NULL};
    int32_t base = s->year;
    while (s->i < s->f.n) {
        size_t before = s->i;
        uint32_t cp = s->f.cp[s->i];
        bool digit = fold_is_digit(cp) || fold_numeral(cp) >= 0;
        if (any_word(s, this_year)) {
            s->year = base;
            s->i -= 1; /* 年 stays: 今年底 */
            if (!part_of_year(s)) {
                s->i += 1;
            }
        } else if (word(s, "明年")) {
            s->year = base == 0 ? 0 : base + 1;
            s->i -= 1;
            if (!part_of_year(s)) {
                s->i += 1;
            }
        } else if (part_of_year(s)) {
            continue;
        } else if (digit) {
            take_number(s);
        }
        s->i = s->i == before ? before + 1 : s->i;
    }
}

static bool
is_empty(const struct fold *f)
{
    for (size_t i = 0; i < f->n; i++) {
        uint32_t cp = f->cp[i];
        if (cp != ' ' && cp != '-' && cp != 0x2014 && cp != '/' && cp != 0x65E0) { /* 无 */
            return false;
        }
    }
    return true;
}

struct date_text
date_text_read(const char *text, size_t size, int32_t default_year)
{
    static const char *const forever[] = {"长期", "持续", "常态", "永久", "不断", NULL};
    static const char *const at_once[] = {"立行立改", "即知即改", "立即整改", "即行即改",
                                          "边查边改", "即时整改", "立查立改", "立即",
                                          "即改",     NULL};
    struct date_text out = {.kind = DATE_TEXT_BAD, .day = DATE_TEXT_NO_DATE};
    if (size > TEXT_MAX) {
        return out;
    }
    struct scan s = {.day = DATE_TEXT_NO_DATE, .year = default_year};
    s.f = (struct fold){.cp = s.cp, .at = s.at, .capacity = TEXT_MAX * 2};
    fold_text(&s.f, text, size);
    if (is_empty(&s.f)) {
        out.kind = DATE_TEXT_EMPTY;
        return out;
    }
    scan_dates(&s);
    out.long_term = has_any(&s, forever);
    out.immediate = has_any(&s, at_once);
    if (s.bad) {
        return out;
    }
    out.day = s.day;
    if (out.long_term) {
        out.kind = DATE_TEXT_LONG_TERM;
    } else if (s.day != DATE_TEXT_NO_DATE) {
        out.kind = DATE_TEXT_DAY;
    } else if (out.immediate) {
        out.kind = DATE_TEXT_IMMEDIATE;
    }
    return out;
}
