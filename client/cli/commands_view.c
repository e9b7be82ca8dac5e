/* What everybody may read, within what he may see. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option inspection_options[] = {INSPECTION, END};

static const struct option allowed_options[] = {
    {"all", NULL, "连同现在不能办的，以及为什么不能", 0}, INSPECTION, END};

static const struct option measure_list_options[] = {
    {"problem", "问题编号", "只看这个问题的", 0},
    {"item", "项号", "只看这一项的", 0},
    {"unit", "单位代码", "只看这个牵头单位的", 0},
    {"leader", "代码", "只看这位区领导牵头的", 0},
    {"group", "代码", "只看这个专项小组的", 0},
    {"state", "状态", "待签收、整改中、成效待认定、已整改到位 等，或 ASSIGNED 等", 0},
    {"light", "灯", "正常、临期 或 超期", 0},
    {"limit", "条数", "最多几条；默认全部", 0},
    INSPECTION,
    END};

static const struct option problem_list_options[] = {{"item", "项号", "只看这一项的", 0},
                                                     {"unit", "单位代码", "只看这个牵头单位的", 0},
                                                     INSPECTION,
                                                     END};

static const struct option calendar_show_options[] = {{"year", "年份", "默认今年", 0}, END};

static const struct option evidence_options[] = {
    {"out", "文件", "保存到哪里；“-”是屏幕（标准输出）", OPTION_NEEDED}, END};

// clang-format off
static const struct command rows[] = {
    {"measure list", "", 0, 0, measure_list_options, cmd_measure_list, "列出措施", NULL,
     {"rectify measure list --light 超期", "rectify measure list --problem P-07"}, "", "查看"},
    {"measure show", "编号", 1, 1, inspection_options, cmd_measure_show, "看一条措施", NULL,
     {"rectify measure show P-07-M-03"}, "", NULL},
    {"measure allowed", "编号", 1, 1, allowed_options, cmd_measure_allowed,
     "这条措施现在能办什么", "按您的席位和措施现在的状态列出；带 --all 时也列出不能办的和原因。",
     {"rectify measure allowed P-07-M-03", "rectify measure allowed P-07-M-03 --all"}, "", NULL},
    {"problem list", "", 0, 0, problem_list_options, cmd_problem_list, "列出问题", NULL,
     {"rectify problem list --unit unit01"}, "", NULL},
    {"problem show", "编号", 1, 1, inspection_options, cmd_problem_show, "看一个问题", NULL,
     {"rectify problem show P-07"}, "", NULL},
    {"evidence get", "编号", 1, 1, evidence_options, cmd_evidence_get, "下载一份证明材料",
     "编号见 rectify table show 或 rectify measure show。下载的内容与登记的 SHA-256 核对。",
     {"rectify evidence get 0190… --out 材料.pdf"}, "", NULL},
    {"inspection list", "", 0, 0, NULL, cmd_inspection_list, "列出巡视", NULL,
     {"rectify inspection list"}, "", NULL},
    {"org list", "", 0, 0, NULL, cmd_org_list, "列出组织机构", NULL, {"rectify org list"}, "",
     NULL},
    {"calendar show", "", 0, 0, calendar_show_options, cmd_calendar_show, "看工作日历", NULL,
     {"rectify calendar show --year 2026"}, "", NULL},
    {"ladder show", "", 0, 0, NULL, cmd_ladder_show, "看预警阶梯", NULL, {"rectify ladder show"},
     "", NULL},
};
// clang-format on
COMMAND_TABLE(view, rows, true);
