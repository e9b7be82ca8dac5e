/* The cells of a row. */
#include "server/service/table.h"

#include "proto/base/limits.h"

#include <stdio.h>
#include <string.h>

enum status
table_bad_cell(struct fault *fault, size_t index, const char *column, const char *reason,
               const char *text)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "rows[%zu].%s", index, column);
    return fault_set_field(fault, field, reason, "第 %zu 行：%s", index + 1, text);
}

enum status
table_fault_at(struct fault *fault, const char *list, size_t index, const char *column,
               enum status s)
{
    snprintf(fault->field, sizeof fault->field, "%s[%zu].%s", list, index, column);
    return s;
}

bool
table_text_blank(const char *text)
{
    return text == NULL || strspn(text, " \t\r\n") == strlen(text);
}

const char *
table_claim_command(const Pb__TableRow *r)
{
    if (r->has_claim && r->claim == PB__CLAIM__CLAIM_EFFECT) {
        return COMMAND_CLAIM_EFFECT;
    }
    return r->has_claim && r->claim == PB__CLAIM__CLAIM_COMPLETE ? COMMAND_CLAIM_COMPLETE : NULL;
}

/* What the percent is compared with: the last month, or a quarter's months; −1: nothing. */
static int32_t
percent_before(const struct table_case *c, const struct measure_record *m)
{
    int32_t last = -1;
    if (!c->table->quarter) {
        return c->table->later ? -1 : m->percent;
    }
    for (size_t i = 0; c->month_rows != NULL && i < c->month_rows->count; i++) {
        const struct table_row_record *r = &c->month_rows->items[i];
        last = strcmp(r->measure_id, m->id) == 0 ? r->percent : last;
    }
    return last;
}

static enum status
check_progress(const struct table_case *c, const Pb__TableRow *r, size_t i,
               const struct measure_record *m, struct fault *fault)
{
    char text[256];
    if (!r->has_percent || r->percent < 0 || r->percent > 100) {
        snprintf(text, sizeof text, "措施 %s 的进度要填 0 至 100 的整数。", m->ref);
        return table_bad_cell(fault, i, "percent", "PERCENT_RANGE", text);
    }
    if (table_text_blank(r->narrative)) {
        snprintf(text, sizeof text, "措施 %s 要写整改进展；与上月相同的，原样保留上月的文字即可。",
                 m->ref);
        return table_bad_cell(fault, i, "narrative", "NARRATIVE_MISSING", text);
    }
    int32_t before = percent_before(c, m);
    if (r->percent < before && table_text_blank(r->lower_reason)) {
        snprintf(text, sizeof text,
                 "措施 %s 的进度 %d%% 低于上次的 %d%%，请写明下降原因，或核对后改正。", m->ref,
                 r->percent, before);
        return table_bad_cell(fault, i, "lower_reason", "PERCENT_FELL", text);
    }
    if (r->ask_help && table_text_blank(r->difficulty)) {
        snprintf(text, sizeof text, "措施 %s 勾选了求助，请在困难问题一栏写明需要帮助解决什么。",
                 m->ref);
        return table_bad_cell(fault, i, "difficulty", "DIFFICULTY_MISSING", text);
    }
    return STATUS_OK;
}

/* The milestone a wish speaks of: the one named, else the next that is not reached. −1: none. */
static int
wished_milestone(const Pb__TableRow *r, const struct measure_record *m)
{
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        bool named = !r->has_extension_milestone || r->extension_milestone == 0 ||
                     (int)r->extension_milestone == k + 1;
        if (named && measure_has_milestone(m, k) && m->milestones[k].reached_day == NO_DATE &&
            m->milestones[k].current_due != NO_DATE) {
            return k;
        }
    }
    return -1;
}

/* The wish as it was given before needs no second look: its date may have moved since. */
static bool
wish_kept(const struct table_case *c, const struct measure_record *m, const Pb__TableRow *r,
          struct table_row_record *row)
{
    const struct table_row_record *stored = table_row_of(c->rows, m->id);
    if (stored == NULL || !stored->extension_asked || stored->extension_day != row->extension_day) {
        return false;
    }
    row->extension_milestone = stored->extension_milestone;
    row->extension_reason = r->extension_reason;
    return true;
}

static enum status
check_extension(const struct table_case *c, const Pb__TableRow *r, size_t i,
                const struct measure_record *m, struct table_row_record *row, struct fault *fault)
{
    char text[256];
    char due[DAY_TEXT_SIZE];
    row->extension_day = NO_DATE;
    bool dated = !table_text_blank(r->extension_due);
    bool reasoned = !table_text_blank(r->extension_reason);
    if (!dated && !reasoned) {
        return STATUS_OK;
    }
    if (!dated || day_parse(r->extension_due, &row->extension_day) != STATUS_OK) {
        return table_bad_cell(fault, i, "extension_due", "BAD_DATE",
                              "申请延期要写新的时限，写成 2026-12-31 这样的形式。");
    }
    if (!reasoned) {
        return table_bad_cell(fault, i, "extension_reason", "EXTENSION_REASON_MISSING",
                              "申请延期要写明理由。");
    }
    if (wish_kept(c, m, r, row)) {
        return STATUS_OK;
    }
    int k = wished_milestone(r, m);
    if (k < 0) {
        snprintf(text, sizeof text, "措施 %s 没有可以延期的时限（没有定时限，或已经认定）。",
                 m->ref);
        return table_bad_cell(fault, i, "extension_due", "NO_OPEN_DATE", text);
    }
    if (row->extension_day <= m->milestones[k].current_due) {
        snprintf(text, sizeof text, "措施 %s 申请的新时限要晚于现在的时限 %s。", m->ref,
                 day_print(m->milestones[k].current_due, due));
        return table_bad_cell(fault, i, "extension_due", "NEW_DATE_NOT_LATER", text);
    }
    row->extension_milestone = k + 1;
    row->extension_reason = r->extension_reason;
    return STATUS_OK;
}

/* A correction repeats what was asked and claimed, and adds nothing to it. */
static bool
repeats(const struct table_row_record *stored, const Pb__TableRow *r, int32_t extension_day)
{
    bool claims = table_claim_command(r) != NULL;
    bool asks = r->has_ask_help && r->ask_help;
    if (stored == NULL) {
        return !claims && !asks && extension_day == NO_DATE;
    }
    return (!claims || stored->claim == (int)r->claim) && (!asks || stored->ask_help) &&
           (extension_day == NO_DATE || stored->extension_day == extension_day);
}

/* Claims and requests are a month's, and a first edition's: they are made once. */
static enum status
check_place(const struct table_case *c, const Pb__TableRow *r, size_t i,
            const struct measure_record *m, int32_t extension_day, struct fault *fault)
{
    if (!c->table->quarter && c->table->edition <= 1) {
        return STATUS_OK;
    }
    if (repeats(table_row_of(c->rows, m->id), r, extension_day)) {
        return STATUS_OK;
    }
    const char *column = table_claim_command(r) != NULL ? "claim" : "ask_help";
    return c->table->quarter
               ? table_bad_cell(fault, i, column, "QUARTER_COMPOSED",
                                "季度表由各月的表汇成，申请认定、求助和延期请写在当月的表里。")
               : table_bad_cell(fault, i, column, "CORRECTION_ONLY",
                                "更正只改已报的内容，申请认定、求助和延期请写在当月的表里。");
}

enum status
table_check_row(const struct table_case *c, const Pb__TableRow *r, size_t i,
                const struct measure_record *m, struct table_row_record *ret_row,
                struct fault *fault)
{
    enum status s = check_progress(c, r, i, m, fault);
    if (s == STATUS_OK) {
        s = check_extension(c, r, i, m, ret_row, fault);
    }
    if (s == STATUS_OK) {
        s = check_place(c, r, i, m, ret_row->extension_day, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    ret_row->happened_day = NO_DATE;
    bool has_day = r->happened_on != NULL && r->happened_on[0] != '\0';
    if (has_day && day_parse(r->happened_on, &ret_row->happened_day) != STATUS_OK) {
        return table_bad_cell(fault, i, "happened_on", "BAD_DATE",
                              "日期无法识别：请写成 2026-11-30 这样的形式。");
    }
    if (has_day && ret_row->happened_day > c->today) {
        return table_bad_cell(fault, i, "happened_on", "DAY_IN_FUTURE",
                              "发生日期不能晚于今天，请核对。");
    }
    if (r->n_evidence > LIMIT_UPLOADS_PER_ORG) {
        return table_bad_cell(fault, i, "evidence", "TOO_MANY_FILES",
                              "一行最多附 64 份证明材料，请分月提交。");
    }
    if (r->has_measure_version && r->measure_version != m->version) {
        return table_fault_at(fault, "rows", i, "measure_version",
                              fault_stale(fault, r->measure_version, m->version));
    }
    return STATUS_OK;
}

enum status
table_check_seen(const struct table_case *c, bool has_expected, int64_t expected,
                 struct fault *fault)
{
    return has_expected && expected != c->table->version
               ? fault_stale(fault, expected, c->table->version)
               : STATUS_OK;
}

enum status
table_check_actor(const struct table_case *c, struct fault *fault)
{
    bool office = (c->actor.roles & ROLE_OFFICE) != 0 && !c->actor.behalf;
    if (office && (c->actor.org_id == NULL || strcmp(c->actor.org_id, c->table->org_id) != 0)) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "BEHALF_NEEDED",
                         "这张表由 %s 报送；办公室代报的，请注明代哪个单位办理。",
                         c->table->org_name);
    }
    return STATUS_OK;
}
