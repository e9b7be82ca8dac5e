#include "server/base/ladder.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- the evaluator ---- */

static bool
days_left_at_most(const struct ladder_input *in, int32_t days)
{
    return in->due.current.state == DUE_NORMAL && in->due.current.days_left <= days;
}

static bool
overdue_at_least(const struct ladder_input *in, int32_t days, int32_t overdue)
{
    return in->due.current.state == DUE_OVERDUE && overdue >= days;
}

static bool
trigger_fires(const struct ladder_rule *rule, const struct ladder_input *in)
{
    int32_t p = rule->parameter;
    switch ((enum ladder_trigger)rule->trigger) {
    case TRIGGER_DAYS_LEFT:
        return days_left_at_most(in, p);
    case TRIGGER_DAYS_LEFT_UNCLAIMED:
        return !in->due.claimed && days_left_at_most(in, p);
    case TRIGGER_BEHIND:
        return in->has_progress && in->elapsed_percent - in->progress_percent >= p;
    case TRIGGER_STALLED:
        return in->stalled;
    case TRIGGER_OVERDUE:
        return overdue_at_least(in, p, in->due.current.overdue_days);
    case TRIGGER_OVERDUE_WORKING:
        return overdue_at_least(in, p, -in->due.working_days_left);
    case TRIGGER_LEVEL4_AGAIN:
        return overdue_at_least(in, 1, in->due.current.overdue_days) &&
               (int64_t)in->level4_count >= p;
    case TRIGGER_NOTICE_UNANSWERED:
        return (int64_t)in->notice_unanswered_level >= p;
    case TRIGGER_NOTICE_FAILED:
        return (int64_t)in->notice_failed_level >= p;
    case TRIGGER_FALSE_VERDICT:
        return in->false_verdict;
    case TRIGGER_ROUND:
        return (int64_t)in->round >= p;
    case TRIGGER_NONE:
        break;
    }
    return false;
}

static bool
rule_matches(const struct ladder_rule *rule, const struct ladder_input *in)
{
    return rule->subject == (unsigned)in->subject &&
           (rule->class_mask >> (unsigned)in->class_ & 1U) != 0 && trigger_fires(rule, in);
}

/* The matching rule of the highest level not above `ceiling`, and of it the latest repetition. */
static const struct ladder_rule *
rule_best(const struct ladder_rule *rules, size_t count, const struct ladder_input *in, int ceiling)
{
    const struct ladder_rule *best = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct ladder_rule *r = &rules[i];
        bool higher = best == NULL || r->level > best->level ||
                      (r->level == best->level && r->repeat > best->repeat);
        if (r->level <= ceiling && higher && rule_matches(r, in)) {
            best = r;
        }
    }
    return best;
}

static struct ladder_result
result_of(const struct ladder_rule *rule)
{
    if (rule == NULL) {
        return (struct ladder_result){.light = LIGHT_NORMAL};
    }
    return (struct ladder_result){
        .level = rule->level,
        .light = ladder_light_of_level(rule->level),
        .trigger = (enum ladder_trigger)rule->trigger,
        .repeat = rule->repeat,
        .rule = rule,
    };
}

struct ladder_result
ladder_level(const struct ladder_rule *rules, size_t count, const struct ladder_input *input)
{
    assert((unsigned)input->class_ <= CLASS_LONG_TERM);
    if (input->due.closed) {
        return result_of(NULL);
    }
    struct ladder_result r = result_of(rule_best(rules, count, input, LADDER_LEVEL_MAX));
    if (input->due.claimed && r.light == LIGHT_SOON) {
        r.light = LIGHT_NORMAL; /* handed in in time: the unit has nothing left to hurry for */
    }
    return r;
}

size_t
ladder_alerts(const struct ladder_rule *rules, size_t count, const struct ladder_input *input,
              struct ladder_result ret_results[LADDER_ALERTS_MAX])
{
    struct ladder_result top = ladder_level(rules, count, input);
    size_t n = 0;
    if (top.level == 0) {
        return 0;
    }
    ret_results[n++] = top;
    if (top.level > 4) {
        const struct ladder_rule *four = rule_best(rules, count, input, 4);
        if (four != NULL && four->level == 4) {
            ret_results[n++] = result_of(four);
        }
    }
    return n;
}

char *
ladder_repeat_key(const char *subject_id, enum ladder_subject subject, int level, int due_version,
                  int repeat, char ret_key[LADDER_KEY_SIZE])
{
    int n = snprintf(ret_key, LADDER_KEY_SIZE, "%s/%s/L%d/v%d/r%d", subject_id,
                     ladder_subject_name(subject), level, due_version, repeat);
    assert(n > 0 && n < LADDER_KEY_SIZE);
    (void)n;
    return ret_key;
}

int32_t
ladder_elapsed_percent(int32_t start, int32_t due, int32_t as_of)
{
    if (start == NO_DATE || due == NO_DATE || as_of == NO_DATE) {
        return 0;
    }
    if (as_of >= due) {
        return 100;
    }
    if (as_of <= start) {
        return 0;
    }
    return (int32_t)(((int64_t)as_of - start) * 100 / ((int64_t)due - start));
}

static enum status
refuse(struct fault *fault, const char *what)
{
    return fault_set(fault, STATUS_INVALID_ARGUMENT, "LADDER_RULE", "预警规则有误：%s。", what);
}

enum status
ladder_rule_check(const struct ladder_rule *rule, struct fault *fault)
{
    const uint32_t all_recipients = (1U << TO_COUNT) - 1;
    const uint32_t all_proposals = (PROPOSE_TALK << 1) - 1;
    if (rule->level < 1 || rule->level > LADDER_LEVEL_MAX) {
        return refuse(fault, "级别应为 1 至 7");
    }
    if (rule->subject < LADDER_EFFECT || rule->subject > LADDER_TASK) {
        return refuse(fault, "预警对象不在可选范围内");
    }
    if (rule->trigger == TRIGGER_NONE || rule->trigger > TRIGGER_ROUND) {
        return refuse(fault, "触发条件不在可选范围内");
    }
    if (rule->class_mask == 0 || (rule->class_mask & ~(unsigned)LADDER_CLASS_ALL) != 0) {
        return refuse(fault, "整改类型至少选一种");
    }
    if (rule->parameter < 0 || rule->parameter > 3650) {
        return refuse(fault, "天数或百分比应在 0 至 3650 之间");
    }
    bool late = rule->trigger == TRIGGER_OVERDUE || rule->trigger == TRIGGER_OVERDUE_WORKING;
    if (late && rule->parameter < 1) {
        return refuse(fault, "超期天数至少为 1 天");
    }
    if (rule->recipients == 0 || (rule->recipients & ~all_recipients) != 0) {
        return refuse(fault, "至少有一类接收人");
    }
    if ((rule->proposals & ~all_proposals) != 0) {
        return refuse(fault, "提请事项不在可选范围内");
    }
    return STATUS_OK;
}

enum ladder_light
ladder_light_of_level(int level)
{
    if (level <= 0) {
        return LIGHT_NORMAL;
    }
    return level <= 3 ? LIGHT_SOON : LIGHT_OVERDUE;
}

/* ---- names ---- */

struct names {
    const char *name;
    const char *zh;
};

static const struct names triggers[] = {
    [TRIGGER_NONE] = {"NONE", "无"},
    [TRIGGER_DAYS_LEFT] = {"DAYS_LEFT", "临近到期"},
    [TRIGGER_DAYS_LEFT_UNCLAIMED] = {"DAYS_LEFT_UNCLAIMED", "临近到期且未申请认定"},
    [TRIGGER_BEHIND] = {"BEHIND", "时序脱节"},
    [TRIGGER_STALLED] = {"STALLED", "进展停滞"},
    [TRIGGER_OVERDUE] = {"OVERDUE", "已超期"},
    [TRIGGER_OVERDUE_WORKING] = {"OVERDUE_WORKING", "逾期未办（按工作日）"},
    [TRIGGER_LEVEL4_AGAIN] = {"LEVEL4_AGAIN", "再次超期"},
    [TRIGGER_NOTICE_UNANSWERED] = {"NOTICE_UNANSWERED", "督办单未回复"},
    [TRIGGER_NOTICE_FAILED] = {"NOTICE_FAILED", "督办后仍不达要求"},
    [TRIGGER_FALSE_VERDICT] = {"FALSE_VERDICT", "督查认定不属实"},
    [TRIGGER_ROUND] = {"ROUND", "多轮整改仍未到位"},
};
static const struct names subjects[] = {
    [LADDER_NOTHING] = {"UNKNOWN", "未知"},
    [LADDER_EFFECT] = {"EFFECT", "取得明显成效"},
    [LADDER_COMPLETE] = {"COMPLETE", "整改落实到位"},
    [LADDER_TABLE] = {"TABLE", "自查汇总表"},
    [LADDER_SIGN] = {"SIGN", "签收"},
    [LADDER_REPLY] = {"REPLY", "办公室答复"},
    [LADDER_CHECK] = {"CHECK", "长期坚持复查"},
    [LADDER_NODE] = {"NODE", "目标节点"},
    [LADDER_TASK] = {"TASK", "督办事项"},
};
static const struct names lights[] = {
    [0] = {"UNKNOWN", "未知"},
    [LIGHT_NORMAL] = {"NORMAL", "正常"},
    [LIGHT_SOON] = {"DUE_SOON", "临期"},
    [LIGHT_OVERDUE] = {"OVERDUE", "超期"},
};
static const struct names classes[] = {
    [CLASS_UNSET] = {"UNSET", "未定"},
    [CLASS_IMMEDIATE] = {"IMMEDIATE", "立行立改"},
    [CLASS_TIMED] = {"TIMED", "限期整改"},
    [CLASS_LONG_TERM] = {"LONG_TERM", "长期坚持"},
};

static const struct names recipients[TO_COUNT] = {
    {"FILLER", "填报人"},       {"REVIEWER", "审核人"},   {"PLEAD", "问题整改牵头单位"},
    {"HEAD", "单位主要负责人"}, {"LEADER", "牵头区领导"}, {"OFFICE", "领导小组办公室"},
    {"SGROUP", "专项小组"},     {"LGROUP", "领导小组"},   {"DISC", "纪委监委"},
    {"ORGD", "组织部"},
};

static const struct names proposals[PROPOSE_COUNT] = {
    {"NOTICE_1", "一级督办单"},
    {"NOTICE_2", "二级督办单"},
    {"NOTICE_3", "三级督办单"},
    {"TALK", "约谈"},
};

static const struct names *
name_of(const struct names *names, size_t count, unsigned value)
{
    static const struct names unknown = {"UNKNOWN", "未知"};
    return value < count ? &names[value] : &unknown;
}

#define COUNT_OF(a) (sizeof(a) / sizeof(a)[0])

const char *
ladder_trigger_name(enum ladder_trigger trigger)
{
    return name_of(triggers, COUNT_OF(triggers), trigger)->name;
}

const char *
ladder_trigger_zh(enum ladder_trigger trigger)
{
    return name_of(triggers, COUNT_OF(triggers), trigger)->zh;
}

const char *
ladder_subject_name(enum ladder_subject subject)
{
    return name_of(subjects, COUNT_OF(subjects), subject)->name;
}

const char *
ladder_subject_zh(enum ladder_subject subject)
{
    return name_of(subjects, COUNT_OF(subjects), subject)->zh;
}

const char *
ladder_light_name(enum ladder_light light)
{
    return name_of(lights, COUNT_OF(lights), light)->name;
}

const char *
ladder_light_zh(enum ladder_light light)
{
    return name_of(lights, COUNT_OF(lights), light)->zh;
}

const char *
measure_class_name(enum measure_class class_)
{
    return name_of(classes, COUNT_OF(classes), class_)->name;
}

const char *
measure_class_zh(enum measure_class class_)
{
    return name_of(classes, COUNT_OF(classes), class_)->zh;
}

static unsigned
index_of(const struct names *names, size_t count, const char *name)
{
    for (unsigned i = 1; name != NULL && i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return i;
        }
    }
    return 0;
}

enum ladder_trigger
ladder_trigger_from_name(const char *name)
{
    return (enum ladder_trigger)index_of(triggers, COUNT_OF(triggers), name);
}

enum ladder_subject
ladder_subject_from_name(const char *name)
{
    return (enum ladder_subject)index_of(subjects, COUNT_OF(subjects), name);
}

static unsigned
bit_number(uint32_t bit, unsigned count)
{
    unsigned n = 0;
    while (n < count && bit != 1U << n) {
        n++;
    }
    return n;
}

static uint32_t
bit_of(const struct names *names, unsigned count, const char *name)
{
    for (unsigned i = 0; name != NULL && i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

uint32_t
ladder_recipient_from_name(const char *name)
{
    return bit_of(recipients, TO_COUNT, name);
}

uint32_t
ladder_proposal_from_name(const char *name)
{
    return bit_of(proposals, PROPOSE_COUNT, name);
}

const char *
ladder_proposal_name(uint32_t bit)
{
    return name_of(proposals, PROPOSE_COUNT, bit_number(bit, PROPOSE_COUNT))->name;
}

const char *
ladder_proposal_zh(uint32_t bit)
{
    return name_of(proposals, PROPOSE_COUNT, bit_number(bit, PROPOSE_COUNT))->zh;
}

const char *
ladder_recipient_name(uint32_t bit)
{
    return name_of(recipients, COUNT_OF(recipients), bit_number(bit, TO_COUNT))->name;
}

const char *
ladder_recipient_zh(uint32_t bit)
{
    return name_of(recipients, COUNT_OF(recipients), bit_number(bit, TO_COUNT))->zh;
}
