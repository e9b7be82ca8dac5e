#include "server/service/report.h"

#include "proto/base/wire_text.h"
#include "server/base/clock.h"
#include "server/service/outcome.h"
#include "server/service/status.h"
#include "server/service/workflow.h"

#include <string.h>

/* The end of the period; a workbook and a reply say which day that is (as_of). */
#define PERIOD_END "期末"

static const struct {
    const char *name;
    const char *zh;
    const char *definition;
} numbers[] = {
    [FACT_PROBLEMS_CLOSED] = {"problems_closed", "已销号",
                              PERIOD_END "已销号的反馈问题，占牵头的反馈问题。"},
    [FACT_CLOSED_IN_TIME] =
        {"closed_in_time", "按期销号",
         "期内销号、不晚于其措施最后一个现行到位时限的，占期内销号的反馈问题。"},
    [FACT_CLOSED_LATE] = {"closed_late", "逾期销号",
                          "期内销号、晚于其措施最后一个现行到位时限的，占期内销号的反馈问题。"},
    [FACT_OTHERS_CLOSED] = {"problems_other_closed", "其他来源已销号",
                            PERIOD_END "已销号的其他来源问题，占牵头的其他来源问题。"},
    [FACT_COMPLETED] = {"completed", "到位合计",
                        PERIOD_END "已整改到位和持续坚持的措施，占全部措施。"},
    [FACT_IN_TIME] = {"in_time", "按现行时限到位",
                      "期内到位、不晚于现行时限的措施，占期内到位的；到位日按申请认定的日子。"},
    [FACT_LATE] = {"late", "逾现行时限到位", "期内到位、晚于现行时限的措施，占期内到位的。"},
    [FACT_IN_TIME_ORIGINAL] = {"in_time_original", "按原定时限到位",
                               "期内到位、不晚于原定时限（不计延期）的措施，占期内到位的。"},
    [FACT_LATE_ORIGINAL] = {"late_original", "逾原定时限到位",
                            "期内到位、晚于原定时限（不计延期）的措施，占期内到位的。"},
    [FACT_OVERDUE] = {"overdue", "超期", PERIOD_END "按现行时限超期的措施，占未到位的措施。"},
    [FACT_OVERDUE_ORIGINAL] = {"overdue_original", "按原定期限超期",
                               PERIOD_END "按原定时限（不计延期）超期的措施，占未到位的措施。"},
    [FACT_REOPENED] = {"reopened", "期内重新整改",
                       "期内因反弹、认定有误等重新整改（含复查不合格）的措施，占全部措施。"},
    [FACT_AGAIN] = {"again", "第二轮及以上", PERIOD_END "曾经进入第二轮及以上的措施，占全部措施。"},
    [FACT_TABLES_IN_TIME] = {"tables_in_time", "按时报送",
                             "期内到期的汇总表中按时报送的，占期内到期应报的（不含免报）。"},
    [FACT_TABLES_LATE] = {"tables_late", "逾期报送",
                          "期内到期的汇总表中逾期报送的，占期内到期应报的。"},
    [FACT_TABLES_NIL] = {"tables_nil", "零报告", "期内到期的汇总表中零报告的，占期内到期应报的。"},
    [FACT_TABLES_MISSING] = {"tables_missing", "未报",
                             "期内到期、" PERIOD_END "仍未报送的汇总表，占期内到期应报的。"},
    [FACT_ROWS_RETURNED] = {"rows_returned", "填报被退回",
                            "期内逐行审核中退回的次数，占期内作出的逐行审核（通过和退回）。"},
    [FACT_CLAIMS_RETURNED] = {"claims_returned", "认定被退回",
                              "期内退回认定申请的次数，占期内作出的认定决定（认定和退回）。"},
    [FACT_EXTENSIONS_GRANTED] = {"extensions_granted", "延期获批",
                                 "期内提出的延期申请中" PERIOD_END "已批准的，占期内提出的。"},
    [FACT_EXTENSIONS_REJECTED] = {"extensions_rejected", "延期未批",
                                  "期内提出的延期申请中" PERIOD_END "不批准的，占期内提出的。"},
    [FACT_SAMPLES_TRUE] = {"samples_true", "督查属实",
                           "期内定论的专项督查中属实的，占已核查的（属实、部分属实、不属实）。"},
    [FACT_NOTICES_CLEARED] = {"notices_cleared", "督办单已销单",
                              "期内收到的督办单中" PERIOD_END "已销单的，占期内收到的。"},
    [FACT_NOTICES_FAILED] = {"notices_failed", "督办单不达要求",
                             "期内收到的督办单中" PERIOD_END "不达要求的，占期内收到的。"},
    [FACT_OUTCOMES_CONFIRMED] = {"outcomes_confirmed", "成效已核实",
                                 "期内取得、" PERIOD_END
                                 "已核实的成效（件），占登记的（不含撤回）。"},
};
_Static_assert(sizeof numbers / sizeof numbers[0] == FACT_COUNT, "every number has its words");

int
assessment_number_find(const char *name)
{
    for (int i = 0; name != NULL && i < FACT_COUNT; i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- numbers ---- */

/* Every number at 0 of 0; defined says what it counts. */
static Pb__StatusNumber **
numbers_new(bool defined, struct arena *a)
{
    Pb__StatusNumber **list = arena_array(a, FACT_COUNT, sizeof *list);
    for (int i = 0; list != NULL && i < FACT_COUNT; i++) {
        list[i] = arena_alloc(a, sizeof *list[i]);
        if (list[i] == NULL) {
            return NULL;
        }
        pb__status_number__init(list[i]);
        list[i]->name = wire_text(numbers[i].name);
        list[i]->name_zh = defined ? wire_text(numbers[i].zh) : NULL;
        list[i]->definition = defined ? wire_text(numbers[i].definition) : NULL;
        list[i]->has_numerator = list[i]->has_denominator = 1;
    }
    return list;
}

static bool
same(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

/* The unit a count belongs to: the last one, or a new one. NULL: exhausted. */
static Pb__AssessmentUnit *
unit_of(const struct assessment_count *c, Pb__GetAssessmentReply *reply, struct arena *a)
{
    Pb__AssessmentUnit *last = reply->n_units == 0 ? NULL : reply->units[reply->n_units - 1];
    if (last != NULL && same(last->unit, c->unit)) {
        return last;
    }
    Pb__AssessmentUnit *u = arena_alloc(a, sizeof *u);
    if (u == NULL) {
        return NULL;
    }
    pb__assessment_unit__init(u);
    u->unit = wire_text(c->unit == NULL ? "" : c->unit);
    u->unit_name = wire_text(c->unit_name == NULL ? "（无牵头单位）" : c->unit_name);
    u->numbers = numbers_new(false, a);
    u->n_numbers = FACT_COUNT;
    reply->units[reply->n_units++] = u;
    return u->numbers == NULL ? NULL : u;
}

bool
assessment_fill_counts(const struct assessment_count_list *counts, Pb__GetAssessmentReply *reply,
                       struct arena *a)
{
    reply->whole = numbers_new(true, a);
    reply->units = arena_array(a, counts->count / FACT_COUNT + 1, sizeof *reply->units);
    if (reply->whole == NULL || reply->units == NULL) {
        return false;
    }
    reply->n_whole = FACT_COUNT;
    for (size_t i = 0; i < counts->count; i++) {
        const struct assessment_count *c = &counts->items[i];
        Pb__AssessmentUnit *u = c->whole ? NULL : unit_of(c, reply, a);
        if (!c->whole && u == NULL) {
            return false;
        }
        Pb__StatusNumber *n = c->whole ? reply->whole[c->number] : u->numbers[c->number];
        n->numerator = c->numerator;
        n->denominator = c->denominator;
    }
    return true;
}

/* ---- entries ---- */

enum { NO_MACHINE = WORKFLOW_COUNT };

static const struct {
    const char *kind;
    const char *zh;
    unsigned machine; /* whose states; NO_MACHINE: a verdict or a command */
} kinds[] = {
    {"PROBLEM", "问题", WORKFLOW_PROBLEM}, {"MEASURE", "措施", WORKFLOW_MEASURE},
    {"TABLE", "汇总表", WORKFLOW_TABLE},   {"ROW", "逐行审核", NO_MACHINE},
    {"CLAIM", "认定决定", NO_MACHINE},     {"EXTENSION", "延期", WORKFLOW_EXTENSION},
    {"SAMPLE", "督查核查", NO_MACHINE},    {"NOTICE", "督办单", WORKFLOW_NOTICE},
    {"OUTCOME", "成效", WORKFLOW_OUTCOME},
};

static const char *
verdict_zh(const char *kind, const char *state)
{
    static const char *const found[] = {"", "属实", "部分属实", "不属实", "未看到"};
    static const char *const judged[] = {"", "待审核", "通过", "退回", ""};
    int verdict = state[0] >= '0' && state[0] <= '4' ? state[0] - '0' : 0;
    if (strcmp(kind, "CLAIM") == 0) {
        return workflow_command_zh(state);
    }
    return strcmp(kind, "SAMPLE") == 0 ? found[verdict] : judged[verdict];
}

/* "RULE_MADE 1 项", "EVIDENCE_WEAK 文本": the code in Chinese; everything else as it is. */
static const char *
detail_of(const struct assessment_fact *f, struct arena *a)
{
    const char *text = f->detail;
    const char *blank = text == NULL ? NULL : strchr(text, ' ');
    const char *code = blank == NULL ? NULL : arena_strndup(a, text, (size_t)(blank - text));
    if (code == NULL) {
        return text;
    }
    if (strcmp(f->kind, "CLAIM") == 0) {
        const char *zh = status_reason_zh(code);
        return zh == code ? text : arena_printf(a, "%s：%s", zh, blank + 1);
    }
    for (int k = 1; strcmp(f->kind, "OUTCOME") == 0 && k <= PB__OUTCOME_KIND__OTHER_OUTCOME; k++) {
        if (strcmp(outcome_kind_code((Pb__OutcomeKind)k), code) == 0) {
            return arena_printf(a, "%s%s", outcome_kind_find((Pb__OutcomeKind)k)->zh, blank);
        }
    }
    return text;
}

static bool
add_numerators(Pb__AssessmentEntry *e, int64_t bits, struct arena *a)
{
    e->counted_in = arena_array(a, FACT_COUNT, sizeof *e->counted_in);
    for (int i = 0; e->counted_in != NULL && i < FACT_COUNT; i++) {
        if ((bits >> i & 1) != 0) {
            e->counted_in[e->n_counted_in++] = wire_text(numbers[i].name);
        }
    }
    return e->counted_in != NULL;
}

static Pb__AssessmentEntry *
entry_message(const struct assessment_fact *f, struct arena *a)
{
    Pb__AssessmentEntry *e = arena_alloc(a, sizeof *e);
    char day[DAY_TEXT_SIZE];
    if (e == NULL) {
        return NULL;
    }
    pb__assessment_entry__init(e);
    e->unit = wire_text(f->unit == NULL ? "" : f->unit);
    e->unit_name = wire_text(f->unit_name);
    e->kind = wire_text(f->kind);
    e->ref = wire_text(f->ref);
    e->title = wire_text(f->title);
    e->detail = wire_text(detail_of(f, a));
    e->day = f->day == NO_DATE ? NULL : arena_strdup(a, day_print(f->day, day));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].kind, f->kind) == 0) {
            e->kind_zh = wire_text(kinds[i].zh);
            e->state_zh = wire_text(
                kinds[i].machine == NO_MACHINE
                    ? verdict_zh(f->kind, f->state)
                    : workflow_state_zh(workflow_machine((enum workflow_id)kinds[i].machine),
                                        f->state));
        }
    }
    return add_numerators(e, f->numerators, a) ? e : NULL;
}

bool
assessment_fill_entries(const struct assessment_fact_list *facts, size_t count,
                        Pb__GetAssessmentReply *reply, struct arena *a)
{
    reply->entries = arena_array(a, count, sizeof *reply->entries);
    for (size_t i = 0; reply->entries != NULL && i < count; i++) {
        reply->entries[i] = entry_message(&facts->items[i], a);
        if (reply->entries[reply->n_entries++] == NULL) {
            return false;
        }
    }
    return reply->entries != NULL;
}

/* ---- common problems ---- */

void
common_fill(Pb__GetCommonProblemsReply *reply)
{
    for (size_t i = 0; i < reply->n_groups; i++) {
        Pb__CommonGroup *g = reply->groups[i];
        g->kind_zh = wire_text(status_cause_zh(g->kind));
        g->code_zh = wire_text(status_reason_zh(g->code));
    }
    for (size_t i = 0; i < reply->n_entries; i++) {
        Pb__CommonEntry *e = reply->entries[i];
        e->kind_zh = wire_text(status_cause_zh(e->kind));
        e->code_zh = wire_text(status_reason_zh(e->code));
    }
}
