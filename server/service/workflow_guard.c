/* Guards: what a command asks of how things stand, each with its code and its sentence. */
#include "server/service/workflow.h"

#include <assert.h>

enum { EXTENSION_SHORT_DAYS = 15 };

static const struct {
    bool input;
    const char *code;
    const char *zh;
} guards[] = {
    [GUARD_PLAN_NOT_APPROVED] = {false, "PLAN_ALREADY_APPROVED",
                                 "整改方案已经批准，只能通过经批准的方案调整来改动。"},
    [GUARD_PLAN_APPROVED] = {false, "PLAN_NOT_APPROVED", "整改方案还没有批准，请先完成审议。"},
    [GUARD_MEASURE_ASSIGNABLE] =
        {false, "MEASURE_INCOMPLETE",
         "措施要素不全：需要牵头区领导、牵头单位、整改目标、整改类型和时限，"
         "且整改落实到位的时限不早于取得明显成效的时限。请补齐后再报批。"},
    [GUARD_EVIDENCE] = {true, "EVIDENCE_MISSING", "还没有佐证材料，请至少附一份后再申请认定。"},
    [GUARD_EVIDENCE_REAL] =
        {true, "EVIDENCE_ONLY_DOCUMENTS",
         "佐证材料只有“印发文件”，还不能说明整改到位。请补充能看到实际成效的材料，"
         "如工作记录、照片或数据。"},
    [GUARD_PERCENT_REASON] = {true, "PERCENT_FELL",
                              "进度低于上次填报，请在说明中写明原因，或核对后改正。"},
    [GUARD_NOT_IMMEDIATE] = {false, "IMMEDIATE_HAS_NO_EFFECT",
                             "立行立改的措施没有“明显成效”这一步，请直接申请认定整改到位。"},
    [GUARD_IMMEDIATE] = {false, "NOT_IMMEDIATE", "这条措施不是立行立改。"},
    [GUARD_EFFECT_FIRST] = {false, "EFFECT_FIRST",
                            "这条措施还没有认定取得明显成效，请先申请认定明显成效。"},
    [GUARD_LONG_TERM] = {false, "NOT_LONG_TERM", "这条措施不是长期坚持类。"},
    [GUARD_NOT_LONG_TERM] = {false, "LONG_TERM",
                             "长期坚持的措施到位后要持续坚持并定期复查，不能直接办结。"},
    [GUARD_CLAIMED_FROM_PROGRESS] = {false, "CLAIM_ORIGIN_UNKNOWN",
                                     "找不到申请之前的状态，请联系系统管理员。"},
    [GUARD_CLAIMED_FROM_EFFECT] = {false, "CLAIM_ORIGIN_UNKNOWN",
                                   "找不到申请之前的状态，请联系系统管理员。"},
    [GUARD_NEXT_CHECK] = {true, "NEXT_CHECK_MISSING", "请填写下次复查的日期。"},
    [GUARD_INDEPENDENT] = {false, "OWN_WORK",
                           "不能审核本单位自己的事项，请由回避后的代行单位办理。"},
    [GUARD_OFFICE_RECUSED] = {false, "OFFICE_NOT_RECUSED", "办公室没有回避，由办公室办理。"},
    [GUARD_ENDORSED] = {false, "NOT_ENDORSED",
                        "问题整改牵头单位还没有签署同意意见，请先请其签署。"},
    [GUARD_ENDORSER] = {false, "NOTHING_TO_ENDORSE",
                        "只有措施牵头单位提出的申请，才由问题整改牵头单位签署；"
                        "这一项不需要本单位签署。"},
    [GUARD_REASON] = {true, "REASON_MISSING", "请选择理由并写明具体情况。"},
    [GUARD_NEW_DATES] = {true, "NEW_DATES_MISSING", "请填写新的整改时限。"},
    [GUARD_REOPEN_GROUND] = {true, "REOPEN_GROUND_MISSING",
                             "请选择重新整改的依据：反弹回潮、认定有误、信访举报或督查发现。"},
    [GUARD_AMENDMENT] = {false, "AMENDMENT_MISSING",
                         "没有经批准的方案调整作依据，请先完成方案调整的审议。"},
    [GUARD_MEASURES_FINISHED] = {false, "MEASURES_OPEN",
                                 "还有措施没有到位，全部措施到位后才能申请销号。"},
    [GUARD_CLOSING_REPORT] = {true, "CLOSING_REPORT_MISSING",
                              "请附整改报告，并写明举一反三的情况。"},
    [GUARD_GROUP_OPINION] = {true, "GROUP_OPINION_MISSING", "请先附上专项小组的意见。"},
    [GUARD_ALL_BODIES_AGREE] = {false, "BODIES_NOT_AGREED",
                                "纪委监委、组织部和办公室还没有全部同意，不能销号。"},
    [GUARD_BODY_REFUSES] = {false, "NO_BODY_REFUSES", "没有会审单位表示不同意，不能按不同意退回。"},
    [GUARD_FIVE_CRITERIA] = {true, "CRITERIA_MISSING",
                             "请对五项标准逐项写明结论和理由后再作决定。"},
    [GUARD_SOME_SUSTAINING] = {false, "NONE_SUSTAINING", "没有仍在长期坚持的措施。"},
    [GUARD_NONE_SUSTAINING] = {false, "SOME_SUSTAINING",
                               "还有措施处于长期坚持之中，暂不能按完成整改销号。"},
    [GUARD_ALL_ROWS_FILLED] = {true, "ROWS_NOT_FILLED",
                               "还有行没有填写，请每条措施都填一行后再报送。"},
    [GUARD_TWO_PEOPLE] = {false, "SAME_PERSON",
                          "提出（填报）的人和审核的人不能是同一个人，请由另一位同志审核确认。"},
    [GUARD_ALL_ROWS_ACCEPTED] = {false, "ROWS_NOT_ACCEPTED", "还有行没有审核通过。"},
    [GUARD_A_ROW_RETURNED] = {false, "NO_ROW_RETURNED", "没有被退回的行，不能退回整张表。"},
    [GUARD_PERIOD_CLOSED] = {false, "PERIOD_NOT_CLOSED", "本期还没有结束，暂不能归档。"},
    [GUARD_BEFORE_DUE] = {false, "DUE_PASSED", "已经过了时限，只能补办延期，已超期的天数照计。"},
    [GUARD_AFTER_DUE] = {false, "DUE_NOT_PASSED", "还没有过时限，请按正常程序办理。"},
    [GUARD_NEW_DATE_LATER] = {true, "NEW_DATE_NOT_LATER", "新的时限应晚于现在的时限。"},
    [GUARD_EXTENSION_SHORT] = {false, "EXTENSION_NOT_SHORT",
                               "办公室只能批准首次且不超过 15 天的延期。"},
    [GUARD_EXTENSION_MIDDLE] = {false, "EXTENSION_NOT_MIDDLE",
                                "这次延期不属于牵头区领导批准的范围。"},
    [GUARD_EXTENSION_LONG] = {false, "EXTENSION_NOT_LONG", "这次延期不属于领导小组批准的范围。"},
    [GUARD_TASKS_NAMED] = {true, "TASKS_MISSING", "请把议定事项落实到承办人和完成日期。"},
    [GUARD_TASKS_DONE] = {false, "TASKS_OPEN", "还有议定事项没有办结。"},
    [GUARD_NOTICE_LEVEL_1] = {false, "NOTICE_LEVEL", "这张督办单不是一级。"},
    [GUARD_NOTICE_LEVEL_2] = {false, "NOTICE_LEVEL", "这张督办单不是二级。"},
    [GUARD_NOTICE_LEVEL_3] = {false, "NOTICE_LEVEL", "这张督办单不是三级。"},
    [GUARD_FORMER_NOTICE_FAILED] =
        {false, "FORMER_NOTICE_OPEN",
         "上一级督办单还没有作出不达要求的结论；情况紧急的，请标明紧急后再签发。"},
    [GUARD_HOLDING_BODY] = {false, "NOT_HOLDING_BODY",
                            "只有承办的单位（实施约谈或督查的单位）才能办理。"},
    [GUARD_SAMPLE_CHOSEN] = {true, "SAMPLE_EMPTY", "请先确定抽查哪些措施。"},
    [GUARD_ALL_VERDICTS] = {false, "VERDICTS_MISSING", "抽查的措施还没有全部作出结论。"},
    [GUARD_ADDRESSEE_DUE] = {true, "ADDRESSEE_OR_DUE_MISSING", "请填写承办单位和办理时限。"},
    [GUARD_ANSWER_GIVEN] = {true, "ANSWER_MISSING", "请填写办理情况。"},
    [GUARD_AS_OF_CHOSEN] = {true, "AS_OF_MISSING", "请选定数据的截止日期。"},
    [GUARD_HELD_BACK_OUT] = {false, "HELD_BACK_INSIDE",
                             "通报里还有标为不公开的内容，请去除后再审核。"},
    [GUARD_REVIEWER_NEEDED] = {false, "NO_REVIEWER", "这个单位没有设审核人，填报后直接报送。"},
    [GUARD_NOTHING_JUDGED] = {false, "JUDGED_ALREADY",
                              "办公室已经开始审核这张表，不能再撤回：需要改的，请办公室退回。"},
    [GUARD_REVIEWER] = {false, "NOT_A_REVIEWER",
                        "您所在的单位不在这份方案的联审单位之列，不需要提出意见。"},
    [GUARD_REVIEWS_AGREED] = {false, "REVIEWS_MISSING",
                              "联审单位还没有全部对现在这一稿表示同意，请先完成联审。"},
    [GUARD_PROOF] = {false, "PROOF_MISSING",
                     "这项成效还没有佐证材料，不能核实。请退回，由单位补充材料后再核实。"},
};
_Static_assert(sizeof guards / sizeof guards[0] == GUARD_COUNT, "every guard has its sentence");

bool
guard_is_input(enum guard guard)
{
    assert((unsigned)guard < GUARD_COUNT);
    return guards[guard].input;
}

const char *
guard_code(enum guard guard)
{
    assert((unsigned)guard < GUARD_COUNT);
    return guards[guard].code;
}

const char *
guard_zh(enum guard guard)
{
    assert((unsigned)guard < GUARD_COUNT);
    return guards[guard].zh;
}

static bool
measure_assignable(const struct workflow_facts *f)
{
    if (!f->has_leader || !f->has_lead_unit || !f->has_target || f->class_ == CLASS_UNSET ||
        f->complete_due == NO_DATE) {
        return false;
    }
    /* 立行立改 has only the second date. */
    if (f->class_ == CLASS_IMMEDIATE) {
        return true;
    }
    return f->effect_due != NO_DATE && f->complete_due >= f->effect_due;
}

/* 3: the leading group's, 2: the leader's, 1: the office's, 0: not told. */
static int
extension_tier(const struct workflow_facts *f)
{
    if (f->extension_no == 0) {
        return 0;
    }
    if (f->extension_no >= 3 || f->past_concentrated_phase) {
        return 3;
    }
    return f->extension_no == 2 || f->extension_days > EXTENSION_SHORT_DAYS ? 2 : 1;
}

static bool
measure_holds(enum guard guard, const struct workflow_facts *f)
{
    switch (guard) {
    case GUARD_PLAN_NOT_APPROVED:
        return f->plan_known && !f->plan_approved;
    case GUARD_PLAN_APPROVED:
        return f->plan_known && f->plan_approved;
    case GUARD_MEASURE_ASSIGNABLE:
        return measure_assignable(f);
    case GUARD_EVIDENCE:
        return f->evidence_count > 0;
    case GUARD_EVIDENCE_REAL:
        return f->evidence_not_document_count > 0;
    case GUARD_PERCENT_REASON:
        return f->percent_ok;
    case GUARD_NOT_IMMEDIATE:
        return f->class_ != CLASS_UNSET && f->class_ != CLASS_IMMEDIATE;
    case GUARD_IMMEDIATE:
        return f->class_ == CLASS_IMMEDIATE;
    case GUARD_EFFECT_FIRST:
        return f->class_ == CLASS_IMMEDIATE || f->effect_reached;
    case GUARD_LONG_TERM:
        return f->class_ == CLASS_LONG_TERM;
    case GUARD_NOT_LONG_TERM:
        return f->class_ == CLASS_IMMEDIATE || f->class_ == CLASS_TIMED;
    case GUARD_CLAIMED_FROM_PROGRESS:
        return f->claimed_from_progress;
    case GUARD_CLAIMED_FROM_EFFECT:
        return f->claimed_from_effect;
    case GUARD_NEXT_CHECK:
        return f->next_check_given;
    case GUARD_INDEPENDENT:
        return f->independent;
    case GUARD_OFFICE_RECUSED:
        return f->office_recused;
    case GUARD_ENDORSED:
        return f->endorsed;
    case GUARD_ENDORSER:
        return f->endorser;
    case GUARD_REASON:
        return f->reason_given;
    case GUARD_NEW_DATES:
        return f->new_dates_given;
    case GUARD_REOPEN_GROUND:
        return f->reopen_ground_given;
    case GUARD_AMENDMENT:
        return f->amendment_approved;
    default:
        return false;
    }
}

static bool
problem_table_holds(enum guard guard, const struct workflow_facts *f)
{
    switch (guard) {
    case GUARD_MEASURES_FINISHED:
        return f->measures_total > 0 && f->measures_finished == f->measures_total;
    case GUARD_CLOSING_REPORT:
        return f->closing_report;
    case GUARD_GROUP_OPINION:
        return f->group_opinion;
    case GUARD_ALL_BODIES_AGREE:
        return (f->bodies_agreed & ROLE_VERIFY) == ROLE_VERIFY && f->bodies_refused == 0;
    case GUARD_BODY_REFUSES:
        return (f->bodies_refused & ROLE_VERIFY) != 0;
    case GUARD_FIVE_CRITERIA:
        return f->five_criteria_reasoned;
    case GUARD_SOME_SUSTAINING:
        return f->measures_sustaining > 0;
    case GUARD_NONE_SUSTAINING:
        return f->measures_total > 0 && f->measures_sustaining == 0;
    case GUARD_ALL_ROWS_FILLED:
        return f->rows_total > 0 && f->rows_filled == f->rows_total;
    case GUARD_TWO_PEOPLE:
        return f->two_people;
    case GUARD_ALL_ROWS_ACCEPTED:
        return f->rows_total > 0 && f->rows_accepted == f->rows_total;
    case GUARD_A_ROW_RETURNED:
        return f->rows_returned > 0;
    case GUARD_PERIOD_CLOSED:
        return f->period_closed;
    default:
        return false;
    }
}

static bool
around_holds(enum guard guard, const struct workflow_facts *f)
{
    switch (guard) {
    case GUARD_BEFORE_DUE:
        return f->due_known && !f->due_passed;
    case GUARD_AFTER_DUE:
        return f->due_known && f->due_passed;
    case GUARD_NEW_DATE_LATER:
        return f->new_date_later;
    case GUARD_EXTENSION_SHORT:
        return extension_tier(f) == 1;
    case GUARD_EXTENSION_MIDDLE:
        return extension_tier(f) == 2;
    case GUARD_EXTENSION_LONG:
        return extension_tier(f) == 3;
    case GUARD_TASKS_NAMED:
        return f->tasks_total > 0;
    case GUARD_TASKS_DONE:
        return f->tasks_total > 0 && f->tasks_done == f->tasks_total;
    case GUARD_NOTICE_LEVEL_1:
        return f->notice_level == 1;
    case GUARD_NOTICE_LEVEL_2:
        return f->notice_level == 2;
    case GUARD_NOTICE_LEVEL_3:
        return f->notice_level == 3;
    case GUARD_FORMER_NOTICE_FAILED:
        return f->former_notice_failed || f->urgent;
    case GUARD_HOLDING_BODY:
        return f->holding_body;
    case GUARD_SAMPLE_CHOSEN:
        return f->sample_total > 0;
    case GUARD_ALL_VERDICTS:
        return f->sample_total > 0 && f->verdicts_given == f->sample_total;
    case GUARD_ADDRESSEE_DUE:
        return f->addressee_and_due;
    case GUARD_ANSWER_GIVEN:
        return f->answer_given;
    case GUARD_AS_OF_CHOSEN:
        return f->as_of_chosen;
    case GUARD_HELD_BACK_OUT:
        return f->held_back_out;
    case GUARD_REVIEWER_NEEDED:
        return f->reviewer_needed;
    case GUARD_NOTHING_JUDGED:
        return f->nothing_judged;
    case GUARD_REVIEWER:
        return f->reviewer;
    case GUARD_REVIEWS_AGREED:
        return f->reviews_agreed;
    case GUARD_PROOF:
        return f->evidence_count > 0;
    default:
        return false;
    }
}

bool
guard_holds(enum guard guard, const struct workflow_facts *facts)
{
    assert((unsigned)guard < GUARD_COUNT);
    if (guard <= GUARD_AMENDMENT) {
        return measure_holds(guard, facts);
    }
    return guard <= GUARD_PERIOD_CLOSED ? problem_table_holds(guard, facts)
                                        : around_holds(guard, facts);
}
