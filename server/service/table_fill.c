/* What a row says before anybody types, and what a table's rows say as a text to be hashed. */
#include "server/service/table.h"

#include "proto/base/limits.h"

#include <stdio.h>
#include <string.h>

/* ---- pre-filled rows ---- */

static bool
of_measure(const struct table_row_record *r, const struct measure_record *m)
{
    return strcmp(r->measure_id, m->id) == 0;
}

/* What became of a month's claim. */
static const char *
claim_zh(const struct table_row_record *r)
{
    bool effect = r->claim == PB__CLAIM__CLAIM_EFFECT;
    if (r->claim != PB__CLAIM__CLAIM_EFFECT && r->claim != PB__CLAIM__CLAIM_COMPLETE) {
        return "";
    }
    switch (r->claim_verdict) {
    case PB__VERDICT__ACCEPTED:
        return effect ? "（取得明显成效：已认定）" : "（整改落实到位：已认定）";
    case PB__VERDICT__RETURNED:
        return effect ? "（申请认定明显成效：已退回）" : "（申请认定整改到位：已退回）";
    default:
        return effect ? "（申请认定明显成效：待认定）" : "（申请认定整改到位：待认定）";
    }
}

/* Cuts a text at a character, so that it has at most max bytes. */
static void
cut_text(char *text, size_t max)
{
    size_t n = strlen(text);
    if (n <= max) {
        return;
    }
    n = max;
    while (n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U) {
        n--;
    }
    text[n] = '\0';
}

/* "10月：…\n11月：无新进展\n12月：…（整改落实到位：已认定）" and the last month's percent. */
static bool
quarter_row(const struct table_case *c, const struct measure_record *m, struct arena *a,
            struct table_row_record *row)
{
    char *text = NULL;
    row->percent = -1;
    for (size_t i = 0; c->month_rows != NULL && i < c->month_rows->count; i++) {
        const struct table_row_record *r = &c->month_rows->items[i];
        if (!of_measure(r, m)) {
            continue;
        }
        struct period month;
        if (r->period == NULL || period_parse(r->period, &month) != STATUS_OK) {
            continue;
        }
        bool same = text != NULL && r->unchanged;
        text = arena_printf(a, "%s%s%d月：%s%s", text == NULL ? "" : text, text == NULL ? "" : "\n",
                            month.number, same ? "无新进展" : r->narrative, claim_zh(r));
        if (text == NULL) {
            return false;
        }
        row->percent = r->percent;
        row->difficulty = r->difficulty;
    }
    if (text != NULL) {
        cut_text(text, LIMIT_TEXT_BYTES);
    }
    row->narrative = text;
    return true;
}

bool
table_prefilled(const struct table_case *c, const struct measure_record *m, struct arena *a,
                struct table_row_record *ret)
{
    struct table_row_record row = {
        .measure_id = m->id,
        .measure_ref = m->ref,
        .percent = m->percent,
        .narrative = m->narrative,
        .claim = PB__CLAIM__NO_CLAIM,
        .happened_day = NO_DATE,
        .extension_day = NO_DATE,
    };
    const struct table_row_record *last =
        c->last_rows == NULL ? NULL : table_row_of(c->last_rows, m->id);
    if (c->table->quarter) {
        if (!quarter_row(c, m, a, &row)) {
            return false;
        }
    } else if (last != NULL) {
        row.difficulty = last->difficulty;
        row.narrative = row.narrative == NULL || c->table->later ? last->narrative : row.narrative;
        row.percent = c->table->later ? last->percent : row.percent;
    }
    *ret = row;
    return true;
}

/* ---- which measures ---- */

static bool
row_accepted(const struct table_case *c, const struct measure_record *m)
{
    const struct table_row_record *stored = table_row_of(c->rows, m->id);
    return stored != NULL && stored->verdict == PB__VERDICT__ACCEPTED;
}

static bool
in_months(const struct table_case *c, const struct measure_record *m)
{
    return c->table->quarter && c->month_rows != NULL && table_row_of(c->month_rows, m->id) != NULL;
}

/* One being corrected is asked for the rows it has. */
bool
table_has_row(const struct table_case *c, const struct measure_record *m)
{
    return table_row_of(c->rows, m->id) != NULL ||
           (c->table->edition <= 1 && (measure_reports(m->state) || in_months(c, m)));
}

bool
table_row_owed(const struct table_case *c, const struct measure_record *m)
{
    return table_has_row(c, m) && !row_accepted(c, m);
}

/* ---- the content as a text ---- */

struct content {
    char *text;
    size_t size;
    size_t capacity;
    struct arena *arena;
    bool failed;
};

/* "name 12:text\n": lengths keep neighbouring fields apart. */
static void
put(struct content *out, const char *name, const char *text)
{
    size_t n = text == NULL ? 0 : strlen(text);
    size_t need = strlen(name) + n + 32;
    if (out->failed) {
        return;
    }
    if (out->size + need > out->capacity) {
        size_t capacity = (out->size + need) * 2;
        char *bigger = arena_alloc(out->arena, capacity);
        if (bigger == NULL) {
            out->failed = true;
            return;
        }
        memcpy(bigger, out->text == NULL ? "" : out->text, out->size);
        out->text = bigger;
        out->capacity = capacity;
    }
    out->size += (size_t)snprintf(out->text + out->size, out->capacity - out->size, "%s %zu:%s\n",
                                  name, n, text == NULL ? "" : text);
}

static void
put_number(struct content *out, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put(out, name, text);
}

static void
put_day(struct content *out, const char *name, int32_t day)
{
    char text[DAY_TEXT_SIZE];
    put(out, name, day == NO_DATE ? NULL : day_print(day, text));
}

static void
put_row(struct content *out, const struct table_row_record *r)
{
    put(out, "measure", r->measure_ref);
    put_number(out, "percent", r->percent);
    put(out, "narrative", r->narrative);
    put(out, "difficulty", r->difficulty);
    put_number(out, "help", r->ask_help);
    put_number(out, "claim", r->claim);
    put_day(out, "happened", r->happened_day);
    put(out, "lower", r->lower_reason);
    put_day(out, "extension", r->extension_day);
    put_number(out, "milestone", r->extension_milestone);
    put(out, "extension-reason", r->extension_reason);
}

char *
table_content(const struct table_case *c, struct arena *a)
{
    struct content out = {.arena = a};
    put(&out, "rectify", "table.1");
    put(&out, "inspection", c->table->inspection);
    put(&out, "org", c->table->org);
    put(&out, "period", c->table->period);
    put_number(&out, "edition", c->table->edition);
    for (size_t i = 0; i < c->rows->count; i++) {
        put_row(&out, &c->rows->items[i]);
    }
    return out.failed ? NULL : out.text;
}
