#include "server/base/calendar.h"

#include <assert.h>

/* Dates as the number yyyymmdd: a table people can check against the notice. */
static const struct {
    int32_t date;
    enum calendar_kind kind;
} china[] = {
#include "server/base/calendar_data/china.inc"
};

void
calendar_init_builtin(struct calendar *c)
{
    calendar_init(c);
    for (size_t i = 0; i < sizeof china / sizeof china[0]; i++) {
        int32_t n = china[i].date;
        struct ymd date = {n / 10000, n / 100 % 100, n % 100};
        enum status s = calendar_add_year(c, date.year);
        assert(s == STATUS_OK);
        s = calendar_add_day(c, day_from_ymd(date), china[i].kind);
        assert(s == STATUS_OK);
        (void)s;
    }
}
