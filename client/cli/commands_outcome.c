/* Outcomes (整改成效): what can be counted, claimed by units and confirmed by the office. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define KINDS "制度（制定制度）、修订制度、资金、处理（人次）、谈话、培训、活动、其他，或英文代码"
#define WORDS                                                                                      \
    {"text", "文字", "详细说明", 0}, {"word", "单位", "计量单位，只有“其他”才写，例如 台", 0},     \
        {"on", "日期", "哪一天取得的；默认今天", 0},                                               \
    {                                                                                              \
        "attach", "文件[:种类]", "证明材料，可以写几个；没有材料不能核实", OPTION_MANY             \
    }
#define AS_OF                                                                                      \
    {                                                                                              \
        "as-of", "日期", "按哪一天（当天结束时）的情况；默认现在", 0                               \
    }
#define REASON                                                                                     \
    {                                                                                              \
        "reason", "理由", "写明理由", OPTION_NEEDED                                                \
    }

static const struct option add_options[] = {
    {"kind", "类别", KINDS, OPTION_NEEDED},
    {"amount", "数量", "整数；资金以元计，最多两位小数，也可写 1.5万元", OPTION_NEEDED},
    {"title", "内容", "一句话，例如制度的名称", OPTION_NEEDED},
    WORDS,
    INSPECTION,
    END};
static const struct option correct_options[] = {{"kind", "类别", KINDS, 0},
                                                {"amount", "数量", "更正后的数量", 0},
                                                {"title", "内容", "更正后的内容", 0},
                                                WORDS,
                                                REASON,
                                                EXPECT,
                                                END};
static const struct option withdraw_options[] = {REASON, EXPECT, END};
static const struct option list_options[] = {
    {"unit", "单位代码", "只看这个问题牵头单位的", 0},
    {"problem", "编号", "只看这个问题的", 0},
    {"measure", "编号", "只看这条措施的", 0},
    {"kind", "类别", KINDS "；制度、人次各包括几类", 0},
    {"state", "状态", "待核实、已核实、已退回、已撤回、未核实；默认不含已撤回", 0},
    {"after", "编号", "从这一编号之后接着列", 0},
    AS_OF,
    INSPECTION,
    END};
static const struct option allowed_options[] = {{"all", NULL, "连同不能办的和原因", 0}, END};
static const struct option totals_options[] = {
    {"by-unit", NULL, "连同各牵头单位的", 0}, AS_OF, INSPECTION, END};
static const struct option decide_options[] = {
    {"verdict", "意见", "核实 或 退回", OPTION_NEEDED},
    {"reason", "理由", "退回必须写明；核实可以写意见", 0},
    {"reason-code", "原因码", "EVIDENCE_WEAK、EFFECT_UNCLEAR、WRONG_SCOPE、NARRATIVE_THIN 或 OTHER",
     0},
    EXPECT,
    END};

// clang-format off
static const struct command rows[] = {
    {"outcome add", "措施编号", 1, 1, add_options, cmd_outcome_add, "登记一项可计数的成效",
     "登记后由办公室核实；核实的和尚未核实的分开统计。",
     {"rectify outcome add P-01-M-02 --kind 制度 --amount 1 --title 采购管理办法 --attach 办法.pdf",
     "rectify outcome add P-07-M-01 --kind 资金 --amount 12345.60 --title 清退违规补贴"}, UNIT, "整改成效",
     COMMAND_WRITES | COMMAND_QUEUE},
    {"outcome list", "", 0, 0, list_options, cmd_outcome_list, "成效清单", NULL,
     {"rectify outcome list", "rectify outcome list --kind 制度 --state 已核实 --as-of 2026-11-01"}, "", NULL},
    {"outcome show", "成效编号", 1, 1, NULL, cmd_outcome_show, "看一项成效、材料和经过", NULL,
     {"rectify outcome show CG-0003"}, "", NULL},
    {"outcome correct", "成效编号", 1, 1, correct_options, cmd_outcome_correct, "更正一项成效",
     "原来的说法保留；更正后要重新核实。",
     {"rectify outcome correct CG-0003 --amount 2 --reason 漏计一项"}, UNIT, NULL, COMMAND_WRITES | COMMAND_QUEUE},
    {"outcome withdraw", "成效编号", 1, 1, withdraw_options, cmd_outcome_withdraw, "撤回一项成效",
     "撤回后不再计入，不能恢复。", {"rectify outcome withdraw CG-0003 --reason 与CG-0002重复"}, UNIT, NULL,
     COMMAND_WRITES | COMMAND_QUEUE},
    {"outcome allowed", "成效编号", 1, 1, allowed_options, cmd_outcome_allowed, "这项成效现在能办什么", NULL,
     {"rectify outcome allowed CG-0003 --all"}, "", NULL},
    {"outcome totals", "", 0, 0, totals_options, cmd_outcome_totals, "成效合计",
     "按类别合计，已核实的和未核实的分开；可看任何一天。",
     {"rectify outcome totals", "rectify outcome totals --by-unit --as-of 2026-11-01"}, "", NULL},
    {"office outcome decide", "成效编号", 1, 1, decide_options, cmd_outcome_decide, "核实或退回一项成效",
     "不能核实本单位的，也不能核实自己代报的。",
     {"rectify office outcome decide CG-0003 --verdict 核实",
     "rectify office outcome decide CG-0003 --verdict 退回 --reason 缺少制度文本"}, OFFICE, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(outcome, rows, false);
