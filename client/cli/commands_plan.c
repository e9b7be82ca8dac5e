/* The plan: its review, amendments, documents, dates, and problems that came otherwise. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define WHICH                                                                                      \
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},                                             \
    {                                                                                              \
        "plan", "编号", "哪一份草案；只有一份时可以不写", 0                                        \
    }

static const struct option show_options[] = {WHICH, END};
static const struct option review_options[] = {
    WHICH,
    {"agree", NULL, "同意", 0},
    {"refuse", NULL, "不同意（要写 --reason）", 0},
    {"reason", "意见", "意见或理由", 0},
    {"sha256", "摘要", "所看一稿的内容摘要；默认现在这一稿", 0},
    END};
static const struct option withdraw_options[] = {WHICH,
                                                 {"reason", "理由", "为什么", OPTION_NEEDED},
                                                 {"for-good", NULL, "整份作废，不再修改", 0},
                                                 END};
static const struct option bodies_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},
    {"body", "单位", "联审单位，几个用逗号隔开；不写就是不需要联审", OPTION_MANY},
    END};
static const struct option amend_options[] = {
    WHICH, {"title", "名称", "这次调整的名称", OPTION_NEEDED}, END};
static const struct option document_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},
    {"kind", "种类", "MAIN、CADRES、IDEOLOGY、PATROL 或 OTHER", OPTION_NEEDED},
    END};
static const struct option date_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},
    {"no", "序号", "同一种的第几个；默认 1", 0},
    {"planned", "日期", "计划哪一天", 0},
    {"months", "月数", "自反馈之日起几个月（这次巡视给的期限）", 0},
    {"held", "日期", "哪一天举行或完成", 0},
    {"note", "说明", "说明", 0},
    END};
static const struct option link_options[] = {
    {"inspection", "代码", "这个问题在哪次巡视", OPTION_NEEDED},
    {"kind", "种类", "SAME_MATTER（同一事项）或 FROM（其中有来自另一次巡视的）", OPTION_NEEDED},
    {"other-inspection", "代码", "另一次巡视", 0},
    {"other", "问题编号", "另一次巡视的问题", 0},
    {"parts", "个数", "其中有几个子问题", 0},
    {"text", "说明", "说明", OPTION_NEEDED},
    END};
static const struct option node_options[] = {
    {"node", "节点", "“内容=日期”，按顺序写；没有写到的去掉", OPTION_MANY},
    {"return", "序号", "退回第几个节点的报告（要写 --reason）", 0},
    {"reason", "理由", "退回的理由", 0},
    INSPECTION,
    END};
static const struct option reach_options[] = {
    {"date", "日期", "哪一天完成；默认今天", 0}, {"note", "说明", "完成情况", 0}, INSPECTION, END};
static const struct option inspection_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED}, END};

// clang-format off
static const struct command rows[] = {
    {"office plan show", "", 0, 0, show_options, cmd_plan_show, "看方案的各个版本、草案和联审意见", NULL,
     {"rectify office plan show --inspection INS1"}, "", "方案审议与调整"},
    {"office plan bodies", "", 0, 0, bodies_options, cmd_plan_bodies, "定哪些单位联审方案", NULL,
     {"rectify office plan bodies --inspection INS1 --body disc,orgd"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan submit", "", 0, 0, show_options, cmd_plan_submit, "把方案草案提交联审", NULL,
     {"rectify office plan submit --inspection INS1"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan review", "", 0, 0, review_options, cmd_plan_review, "对方案草案提出联审意见",
     "意见只对所看的这一稿作数；草案有改动后要重新提出。",
     {"rectify office plan review --inspection INS1 --agree"}, "联审单位", NULL, COMMAND_WRITES},
    {"office plan amend", "文件", 1, 1, amend_options, cmd_plan_amend, "提出方案调整（CSV）",
     "列：变更（拆分、合并、撤销、新增、改动）、原措施编号、问题编号、整改措施、整改目标、整改类型、牵头区领导、牵头单位、"
     "参与单位、取得明显成效时限、整改落实到位时限、理由。拆分的几条新措施各写一行，原措施编号相同；合并的几个原措施编号"
     "用顿号隔开。带 --plan 时替换那份草案的内容。",
     {"rectify office plan amend 调整.csv --inspection INS1 --title 第一次调整"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan withdraw", "", 0, 0, withdraw_options, cmd_plan_withdraw, "撤回联审，或整份作废",
     NULL, {"rectify office plan withdraw --inspection INS1 --reason 再作修改"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan document", "名称", 1, 1, document_options, cmd_plan_document, "登记一份方案文本", NULL,
     {"rectify office plan document 选人用人专项方案 --inspection INS1 --kind CADRES"}, OFFICE, NULL, COMMAND_WRITES},
    {"office inspection date", "种类", 1, 1, date_options, cmd_inspection_date, "定这次巡视自己的节点",
     "种类：PLAN_APPROVED、INNER_NOTICE（党内通报）、DEMOCRATIC_LIFE（民主生活会）、HEARING、PUBLICATION、"
     "CONCENTRATED_END（集中整改期满）、REPORT_DUE、NEXT_CHECK、OTHER。",
     {"rectify office inspection date CONCENTRATED_END --inspection INS1 --months 3"}, OFFICE, NULL, COMMAND_WRITES},
    {"office problem link", "编号", 1, 1, link_options, cmd_problem_link, "与另一次巡视的问题关联", NULL,
     {"rectify office problem link P-44 --inspection INS1 --kind FROM --parts 13 --text 样例"}, OFFICE, NULL, COMMAND_WRITES},
    {"office measure node", "编号", 1, 1, node_options, cmd_measure_node, "设置目标节点，或退回节点的报告", NULL,
     {"rectify office measure node P-07-M-03 --node 制定方案=2026-11-30"}, OFFICE, NULL, COMMAND_WRITES},
    {"inspection show", "", 0, 0, inspection_options, cmd_inspection_show, "看一次巡视：方案文本和各个节点", NULL,
     {"rectify inspection show --inspection INS1"}, "", NULL},
    {"measure reach", "编号 序号", 2, 2, reach_options, cmd_measure_reach, "报告一个目标节点完成", NULL,
     {"rectify measure reach P-07-M-03 1 --note 方案已印发"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(plan, rows, false);
