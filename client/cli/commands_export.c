/* What leaves at a phase's end. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option assessment_options[] = {
    {"from", "日期", "考核期的第一天", OPTION_NEEDED},
    {"to", "日期", "考核期的最后一天；情况按这一天结束时", OPTION_NEEDED},
    {"out", "文件.xlsx", "写成表格文件；不写就显示在屏幕上（或 -o csv、-o json）", 0},
    {"list", NULL, "显示数字背后的清单", 0},
    {"number", "代码", "只列计入这个数字的，例如 overdue", 0},
    {"unit", "单位代码", "只列这个单位的", 0},
    INSPECTION,
    END};

static const struct option common_options[] = {
    {"units", "个数", "涉及几个及以上牵头单位才列；默认 2", 0},
    {"since", "日期", "只看这一天以后提出的", 0},
    {"as-of", "日期", "按哪一天（当天结束时）的情况；默认现在", 0},
    {"out", "文件.xlsx", "写成表格文件；不写就显示在屏幕上（或 -o csv、-o json）", 0},
    {"list", NULL, "显示涉及的问题和措施", 0},
    INSPECTION,
    END};

// clang-format off
static const struct command rows[] = {
    {"office export assessment", "", 0, 0, assessment_options, cmd_export_assessment,
     "年度综合考核：各牵头单位的事实", "每个数字有分子、分母、口径和清单；按规定次序，不评分、不排名。",
     {"rectify office export assessment --inspection INS1 --from 2026-01-01 --to 2026-12-31 --out 考核.xlsx",
     "rectify office export assessment --from 2026-01-01 --to 2026-12-31 --number overdue"}, OFFICE, "阶段导出"},
    {"office export common", "", 0, 0, common_options, cmd_export_common, "共性问题报告",
     "几个单位都有的原因和项，涉及的问题、措施逐条列出。",
     {"rectify office export common --inspection INS1 --out 共性问题.xlsx",
     "rectify office export common --units 3 --list"}, OFFICE, NULL},
};
// clang-format on
COMMAND_TABLE(export, rows, false);
