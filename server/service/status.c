#include "server/service/status.h"

#include "server/base/clock.h"

#include <string.h>

int64_t
status_waiting_before(const struct calendar *calendar, int32_t as_of, int utc_offset_min)
{
    /* The newest day whose third working day is over. */
    int32_t day = as_of;
    while (calendar_add_working_days(calendar, day, OFFICE_WORKING_DAYS, NULL) >= as_of) {
        day--;
    }
    return day_to_instant(day + 1, utc_offset_min);
}

static bool
add_inspections(Pb__GetStatusReply *out, const char *codes, struct arena *a)
{
    if (codes == NULL) {
        return true;
    }
    size_t n = 1;
    for (const char *p = codes; *p != '\0'; p++) {
        n += *p == ',';
    }
    out->inspections = arena_array(a, n, sizeof *out->inspections);
    for (const char *p = codes; out->inspections != NULL && *p != '\0';) {
        size_t length = strcspn(p, ",");
        char *code = arena_strndup(a, p, length);
        if (code == NULL) {
            return false;
        }
        out->inspections[out->n_inspections++] = code;
        p += length + (p[length] == ',');
    }
    return out->inspections != NULL;
}

Pb__GetStatusReply *
status_message(const struct status_totals *totals, const struct group_list *whole, struct arena *a)
{
    Pb__GetStatusReply *out = arena_alloc(a, sizeof *out);
    if (out == NULL || whole->count != 1) {
        return NULL;
    }
    pb__get_status_reply__init(out);
    out->counts = whole->items[0]->counts;
    out->has_items = out->has_problems = out->has_measures = out->has_units = 1;
    out->has_overdue = out->has_problems_closed = out->has_tables_missing = 1;
    out->has_plan_version = out->has_office_waiting = 1;
    out->items = totals->items;
    out->problems = totals->problems;
    out->measures = out->counts->measures;
    out->units = totals->units;
    out->overdue = out->counts->overdue;
    out->problems_closed = totals->problems_closed;
    out->tables_missing = totals->tables_missing;
    out->plan_version = totals->plan_version;
    out->office_waiting = totals->office_waiting;
    return add_inspections(out, totals->inspections, a) ? out : NULL;
}
