#include "server/service/alert_text.h"

#include <string.h>

static char *
days_text(struct arena *a, const struct due_side *side)
{
    char day[DAY_TEXT_SIZE];
    day_print(side->due, day);
    if (side->overdue_days > 0) {
        return arena_printf(a, "已超过期限 %s 共 %d 天", day, side->overdue_days);
    }
    if (side->days_left == 0) {
        return arena_printf(a, "今天（%s）到期", day);
    }
    return arena_printf(a, "距期限 %s 还有 %d 天", day, side->days_left);
}

/* A milestone, by what set the alert off. */
static char *
milestone_text(struct arena *a, const struct watch_record *w, const struct ladder_input *in,
               enum ladder_trigger trigger)
{
    const char *ref = w->measure_ref;
    const char *what = ladder_subject_zh(in->subject);
    char *days = days_text(a, &in->due.current);
    switch (trigger) {
    case TRIGGER_BEHIND:
        return arena_printf(a,
                            "措施 %s（%s）时序脱节：时间已过 %d%%，进度只有 %d%%，%s，请加快办理。",
                            ref, what, in->elapsed_percent, in->progress_percent, days);
    case TRIGGER_STALLED:
        return arena_printf(a,
                            "措施 %s（%s）进展停滞：连续 %d 期没有新进展，%s，请说明困难或求助。",
                            ref, what, w->unchanged_periods, days);
    case TRIGGER_ROUND:
        return arena_printf(a, "措施 %s（%s）已是第 %d 轮整改，%s，请查明原因。", ref, what,
                            w->round, days);
    case TRIGGER_LEVEL4_AGAIN:
        return arena_printf(a, "措施 %s（%s）再次超期：%s，请立即办理并说明原因。", ref, what,
                            days);
    case TRIGGER_NOTICE_UNANSWERED:
        return arena_printf(a, "措施 %s（%s）的督办单逾期没有回复，%s，请立即回复。", ref, what,
                            days);
    case TRIGGER_NOTICE_FAILED:
        return arena_printf(a, "措施 %s（%s）经督办仍不达要求，%s，请研究提级督办。", ref, what,
                            days);
    case TRIGGER_FALSE_VERDICT:
        return arena_printf(a, "措施 %s（%s）经专项督查认定不属实，请核实并重新整改。", ref, what);
    default:
        return arena_printf(a, "措施 %s（%s）%s，请%s。", ref, what, days,
                            in->due.current.overdue_days > 0 ? "立即办理并说明原因" : "抓紧办理");
    }
}

char *
alert_measure_text(struct arena *a, const struct watch_record *w, const struct ladder_input *in,
                   enum ladder_trigger trigger)
{
    char *days = days_text(a, &in->due.current);
    if (in->subject == LADDER_CHECK) {
        return arena_printf(a, "措施 %s 长期坚持，复查日%s，请安排复查。", w->measure_ref, days);
    }
    if (in->subject == LADDER_NODE) {
        return arena_printf(a, "措施 %s 的第 %d 个目标节点%s，请抓紧办理。", w->measure_ref, w->no,
                            days);
    }
    return milestone_text(a, w, in, trigger);
}

char *
alert_table_text(struct arena *a, const struct owed_record *t, const struct due_side *side)
{
    return arena_printf(a, "%s %s 的自查汇总表还没有报送，%s，请尽快填报。", t->org_name, t->period,
                        days_text(a, side));
}

const char *
alert_matter_zh(const char *kind)
{
    static const char *const names[][2] = {
        {"consultation", "求助"}, {"extension", "延期申请"}, {"notice", "督办单"},
        {"talk", "约谈"},         {"round", "专项督查"},     {"instruction", "批示"},
        {"opinion", "意见建议"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i][0], kind) == 0) {
            return names[i][1];
        }
    }
    return kind;
}

char *
alert_matter_text(struct arena *a, const struct owed_matter *m, const struct ladder_input *in)
{
    return arena_printf(
        a, "%s %s %s，%s。", alert_matter_zh(m->kind), m->ref, days_text(a, &in->due.current),
        in->subject == LADDER_REPLY ? "请受理单位尽快答复" : "请承办单位尽快办理并回复");
}

const char *
alert_trigger_name(const struct ladder_input *in, enum ladder_trigger trigger)
{
    bool late = in->due.current.overdue_days > 0;
    switch (in->subject) {
    case LADDER_TABLE:
        return late ? "TABLE_MISSING" : "TABLE_DUE";
    case LADDER_NODE:
        return late ? "NODE_MISSED" : "NODE_DUE";
    case LADDER_CHECK:
        return late ? "CHECK_OVERDUE" : "CHECK_DUE";
    case LADDER_REPLY:
        return late ? "REPLY_OVERDUE" : "REPLY_DUE";
    case LADDER_TASK:
        return late ? "TASK_OVERDUE" : "TASK_DUE";
    default:
        break;
    }
    switch (trigger) {
    case TRIGGER_DAYS_LEFT_UNCLAIMED:
        return ladder_trigger_name(TRIGGER_DAYS_LEFT);
    case TRIGGER_BEHIND:
        return "BEHIND_SCHEDULE";
    case TRIGGER_OVERDUE_WORKING:
        return ladder_trigger_name(TRIGGER_OVERDUE);
    default:
        return ladder_trigger_name(trigger);
    }
}
