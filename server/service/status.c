#include "server/service/status.h"

#include "proto/base/wire_text.h"

#include <string.h>

#define BIT(count) (1U << (count))
#define ONE(name) BIT(COUNT_##name)

enum { NO_CONDITION = 0 };

#define CLAIMED (ONE(EFFECT_CLAIMED) | ONE(COMPLETE_CLAIMED))
#define OPEN                                                                                       \
    (ONE(ASSIGNED) | ONE(IN_PROGRESS) | ONE(EFFECT_CLAIMED) | ONE(EFFECT_REACHED) |                \
     ONE(COMPLETE_CLAIMED))
#define ENDED (ONE(DONE) | ONE(SUSTAINING))
#define MEASURES (ONE(DRAFT) | OPEN | ENDED)
#define CLOSED (ONE(PROBLEM_CLOSED) | ONE(PROBLEM_SUSTAINED))
#define PROBLEMS (ONE(PROBLEM_REGISTERED) | ONE(PROBLEM_RECTIFYING) | ONE(PROBLEM_REVIEW) | CLOSED)
#define OTHERS (ONE(OTHER_OPEN) | ONE(OTHER_CLOSED))
#define TABLES (ONE(TABLES_OPEN) | ONE(TABLES_IN_TIME) | ONE(TABLES_LATE) | ONE(TABLES_NIL))

static const struct status_number numbers[] = {
    {"measures", "措施", MEASURES, MEASURES, SPAN_MEASURE, NO_CONDITION,
     "方案中的整改措施，不含已被替代和取消的。"},
    {"draft", "未审定", ONE(DRAFT), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "方案尚未审定的措施，占全部措施。"},
    {"assigned", "待签收", ONE(ASSIGNED), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已交办、牵头单位尚未签收的措施，占全部措施。"},
    {"in_progress", "整改中", ONE(IN_PROGRESS), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已签收、正在整改的措施（不含申请待认定的），占全部措施。"},
    {"claimed", "申请待认定", CLAIMED, MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已申请认定、办公室尚未作出决定的措施，占全部措施。"},
    {"effect_reached", "已取得明显成效", ONE(EFFECT_REACHED), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已认定取得明显成效、尚未申请认定到位的措施，占全部措施。"},
    {"done", "已整改到位", ONE(DONE), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已认定整改到位的措施，占全部措施；到位不等于问题销号。"},
    {"sustaining", "持续坚持", ONE(SUSTAINING), MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已认定到位、转入长期坚持的措施，占全部措施。"},
    {"completed", "到位合计", ENDED, MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已整改到位和持续坚持的措施，占全部措施。"},
    {"open", "未到位", OPEN, MEASURES, SPAN_MEASURE, NO_CONDITION,
     "已交办、尚未认定到位的措施，占全部措施。"},
    {"overdue", "超期", ONE(OVERDUE), OPEN, SPAN_MEASURE, COUNT_OVERDUE,
     "有目标已过现行期限而未认定的措施，占未到位的措施；期限内提出的申请等待认定时不算超期。"},
    {"overdue_original", "按原定期限超期", ONE(OVERDUE_ORIGINAL), OPEN, SPAN_MEASURE,
     COUNT_OVERDUE_ORIGINAL, "按方案原定期限（不计延期）已超期的措施，占未到位的措施。"},
    {"due_soon", "临期", ONE(DUE_SOON), OPEN, SPAN_MEASURE, COUNT_DUE_SOON,
     "没有超期、有目标在20日内到期的措施，占未到位的措施。"},
    {"items", "项", ONE(ITEMS), ONE(ITEMS), SPAN_ITEM, NO_CONDITION, "巡视反馈的整改项。"},
    {"problems", "反馈问题", PROBLEMS, PROBLEMS, SPAN_PROBLEM, NO_CONDITION,
     "巡视反馈的问题；其他来源的问题不计入。"},
    {"problems_review", "销号会审中", ONE(PROBLEM_REVIEW), PROBLEMS, SPAN_PROBLEM, NO_CONDITION,
     "已申请销号、尚未作出决定的反馈问题，占全部反馈问题。"},
    {"problems_closed", "已销号", CLOSED, PROBLEMS, SPAN_PROBLEM, NO_CONDITION,
     "完成整改和基本完成并持续整改的反馈问题，占全部反馈问题。"},
    {"problems_other", "其他来源问题", OTHERS, OTHERS, SPAN_PROBLEM, NO_CONDITION,
     "自查、反馈后发现、监督、群众反映等其他来源的问题，不计入反馈问题。"},
    {"problems_other_closed", "其他来源已销号", ONE(OTHER_CLOSED), OTHERS, SPAN_PROBLEM,
     NO_CONDITION, "其他来源的问题中已销号的。"},
    {"tables_owed", "到期应报汇总表", ONE(TABLES_OWED), ONE(TABLES_OWED), SPAN_TABLE,
     COUNT_TABLES_OWED, "报送期限（含宽限）已过的汇总表，不含免报的。"},
    {"tables_missing", "未报汇总表", ONE(TABLES_MISSING), ONE(TABLES_OWED), SPAN_TABLE,
     COUNT_TABLES_MISSING, "报送期限已过、从未报送的汇总表，占到期应报的。"},
    {"tables_late", "逾期报送", ONE(TABLES_LATE), TABLES, SPAN_TABLE, NO_CONDITION,
     "超过报送期限才报送的汇总表，占全部应报（不含免报，含未到期）的。"},
    {"tables_nil", "零报告", ONE(TABLES_NIL), TABLES, SPAN_TABLE, NO_CONDITION,
     "零报告的汇总表，占全部应报（不含免报，含未到期）的。"},
    {"tables_waived", "免报", ONE(TABLES_WAIVED), TABLES | ONE(TABLES_WAIVED), SPAN_TABLE,
     NO_CONDITION, "经批准免报的汇总表，占全部汇总表。"},
    {"office_waiting", "办公室逾期未认定", ONE(WAITING), CLAIMED, SPAN_MEASURE, COUNT_WAITING,
     "提出申请超过3个工作日、办公室尚未作出决定的措施，占申请待认定的。"},
};
enum { NUMBER_COUNT = sizeof numbers / sizeof numbers[0] };

const struct status_number *
status_numbers(size_t *ret_count)
{
    *ret_count = NUMBER_COUNT;
    return numbers;
}

const struct status_number *
status_number_find(const char *name)
{
    for (size_t i = 0; name != NULL && i < NUMBER_COUNT; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return &numbers[i];
        }
    }
    return NULL;
}

int32_t
status_sum(const struct status_row *row, uint32_t counts)
{
    int32_t sum = 0;
    for (int i = 1; i < COUNT_END; i++) {
        sum += (counts & BIT(i)) != 0 ? row->counts[i] : 0;
    }
    return sum;
}

const char *
status_number_states(const struct status_number *number, struct arena *a)
{
    const char *text = "";
    for (int i = 1; text != NULL && i < COUNT_END; i++) {
        if ((number->numerator & BIT(i)) != 0) {
            text = arena_printf(a, "%s%s%d", text, text[0] == '\0' ? "" : ",", i);
        }
    }
    return text == NULL ? NULL : arena_printf(a, "{%s}", text);
}

int32_t
status_waiting_until(const struct calendar *calendar, int32_t as_of)
{
    /* The newest day whose third working day is over. */
    int32_t day = as_of;
    while (calendar_add_working_days(calendar, day, OFFICE_WORKING_DAYS, NULL) >= as_of) {
        day--;
    }
    return day;
}

bool
status_maintained(Pb__StatusGroup group)
{
    return group == PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED ||
           group == PB__STATUS_GROUP__BY_UNIT || group == PB__STATUS_GROUP__BY_LEADER ||
           group == PB__STATUS_GROUP__BY_SPECIAL_GROUP || group == PB__STATUS_GROUP__BY_INSPECTION;
}

bool
status_row_behind(const struct status_row *row)
{
    return status_sum(row, ONE(OVERDUE) | ONE(TABLES_MISSING)) > 0;
}

Pb__StatusNumber *
status_number_message(const struct status_number *number, const struct status_row *row,
                      struct arena *a)
{
    Pb__StatusNumber *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__status_number__init(out);
    out->name = wire_text(number->name);
    out->name_zh = wire_text(number->name_zh);
    out->definition = wire_text(number->definition);
    if (row != NULL) {
        out->has_numerator = out->has_denominator = 1;
        out->numerator = status_sum(row, number->numerator);
        out->denominator = status_sum(row, number->denominator);
    }
    return out;
}

static Pb__StatusCounts *
counts_message(const struct status_row *row, struct arena *a)
{
    Pb__StatusCounts *c = arena_alloc(a, sizeof *c);
    if (c == NULL) {
        return NULL;
    }
    pb__status_counts__init(c);
    c->has_measures = c->has_assigned = c->has_in_progress = c->has_effect_reached = 1;
    c->has_claimed = c->has_done = c->has_sustaining = c->has_overdue = 1;
    c->has_overdue_original = c->has_due_soon = c->has_draft = 1;
    c->measures = status_sum(row, MEASURES);
    c->assigned = row->counts[COUNT_ASSIGNED];
    c->in_progress = row->counts[COUNT_IN_PROGRESS];
    c->effect_reached = row->counts[COUNT_EFFECT_REACHED];
    c->claimed = status_sum(row, CLAIMED);
    c->done = row->counts[COUNT_DONE];
    c->sustaining = row->counts[COUNT_SUSTAINING];
    c->overdue = row->counts[COUNT_OVERDUE];
    c->overdue_original = row->counts[COUNT_OVERDUE_ORIGINAL];
    c->due_soon = row->counts[COUNT_DUE_SOON];
    c->draft = row->counts[COUNT_DRAFT];
    return c;
}

Pb__StatusGroupRow *
status_group_message(const struct status_row *row, struct arena *a)
{
    Pb__StatusGroupRow *g = arena_alloc(a, sizeof *g);
    char day[DAY_TEXT_SIZE];
    if (g == NULL) {
        return NULL;
    }
    pb__status_group_row__init(g);
    g->key = wire_text(row->key);
    g->title = wire_text(row->title);
    g->inspection = wire_text(row->inspection);
    g->has_problems = g->has_worst_overdue_days = g->has_problems_closed = 1;
    g->has_tables_missing = g->has_tables_owed = 1;
    g->problems = status_sum(row, PROBLEMS | OTHERS);
    g->problems_closed = status_sum(row, CLOSED);
    g->tables_missing = row->counts[COUNT_TABLES_MISSING];
    g->tables_owed = row->counts[COUNT_TABLES_OWED];
    g->worst_overdue_days = row->behind_days;
    if (row->behind_since != NO_DATE) {
        g->behind_since = arena_strdup(a, day_print(row->behind_since, day));
    }
    g->counts = counts_message(row, a);
    return g->counts == NULL ? NULL : g;
}

bool
status_inspections(const struct status_head *head, struct arena *a, char ***ret_codes,
                   size_t *ret_count)
{
    const char *codes = head->inspections;
    if (codes == NULL) {
        return true;
    }
    size_t n = 1;
    for (const char *p = codes; *p != '\0'; p++) {
        n += *p == ',';
    }
    char **items = arena_array(a, n, sizeof *items);
    for (const char *p = codes; items != NULL && *p != '\0';) {
        size_t length = strcspn(p, ",");
        char *code = arena_strndup(a, p, length);
        if (code == NULL) {
            return false;
        }
        items[(*ret_count)++] = code;
        p += length + (p[length] == ',');
    }
    *ret_codes = items;
    return items != NULL;
}

static bool
add_numbers(Pb__GetStatusReply *out, const struct status_row *whole, struct arena *a)
{
    out->numbers = arena_array(a, NUMBER_COUNT, sizeof *out->numbers);
    for (size_t i = 0; out->numbers != NULL && i < NUMBER_COUNT; i++) {
        out->numbers[i] = status_number_message(&numbers[i], whole, a);
        if (out->numbers[i] == NULL) {
            return false;
        }
        out->n_numbers++;
    }
    return out->numbers != NULL;
}

Pb__GetStatusReply *
status_message(const struct status_head *head, const struct status_row *whole, struct arena *a)
{
    Pb__GetStatusReply *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__get_status_reply__init(out);
    out->has_items = out->has_problems = out->has_measures = out->has_units = 1;
    out->has_overdue = out->has_problems_closed = out->has_tables_missing = 1;
    out->has_plan_version = out->has_office_waiting = 1;
    out->counts = counts_message(whole, a);
    out->items = whole->counts[COUNT_ITEMS];
    out->problems = status_sum(whole, PROBLEMS);
    out->measures = status_sum(whole, MEASURES);
    out->units = whole->units;
    out->overdue = whole->counts[COUNT_OVERDUE];
    out->problems_closed = status_sum(whole, CLOSED);
    out->tables_missing = whole->counts[COUNT_TABLES_MISSING];
    out->plan_version = head->plan_version;
    out->office_waiting = whole->counts[COUNT_WAITING];
    return out->counts != NULL &&
                   status_inspections(head, a, &out->inspections, &out->n_inspections) &&
                   add_numbers(out, whole, a)
               ? out
               : NULL;
}
