/* Closing problems: objecting, endorsing, checking, applying, and sittings (批量会审). */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define BODIES "纪委监委、组织部、办公室"

static const struct option inspection_options[] = {EXPECT, INSPECTION, END};

static const struct option endorse_options[] = {
    {"opinion", "意见", "签署的意见", 0}, EXPECT, INSPECTION, END};

static const struct option check_options[] = {{"next-check", "日期", "下次复查日期", 0},
                                              {"note", "情况", "复查看到的情况", 0},
                                              EXPECT,
                                              INSPECTION,
                                              END};

static const struct option reopen_options[] = {
    {"ground", "依据",
     "反弹（RELAPSE）、认定有误（WRONG_CONFIRM）、举报（TIP）、督查（SPOT_CHECK）", 0},
    {"reason", "情况", "发现了什么", OPTION_NEEDED},
    {"effect-due", "日期", "取得明显成效的新时限；立行立改不写", 0},
    {"complete-due", "日期", "整改落实到位的新时限", OPTION_NEEDED},
    EXPECT,
    INSPECTION,
    END};

static const struct option apply_options[] = {
    {"report", "文件或文字", "整改报告：文字，或 .txt、.md 文件；其他文件作附件上传",
     OPTION_NEEDED},
    {"extend", "文字", "举一反三的情况", OPTION_NEEDED},
    {"evidence", "文件", "其他附件，后面可写 :类别", OPTION_MANY},
    EXPECT,
    INSPECTION,
    END};

static const struct option reason_options[] = {
    {"reason", "理由", "为什么", OPTION_NEEDED},
    {"reason-code", "原因码",
     "EVIDENCE_WEAK、EFFECT_UNCLEAR、WRONG_SCOPE、NARRATIVE_THIN 或 OTHER（默认）", 0},
    EXPECT,
    INSPECTION,
    END};

static const struct option forward_options[] = {
    {"opinion", "意见", "专项小组的意见", OPTION_NEEDED}, EXPECT, INSPECTION, END};

static const struct option problem_reopen_options[] = {
    {"ground", "依据",
     "反弹（RELAPSE）、认定有误（WRONG_CONFIRM）、举报（TIP）、督查（SPOT_CHECK）", OPTION_NEEDED},
    {"reason", "情况", "发现了什么", OPTION_NEEDED},
    EXPECT,
    INSPECTION,
    END};

static const struct option register_options[] = {
    {"item", "项号", "归入反馈意见的第几项", OPTION_NEEDED},
    {"origin", "来源",
     "自查（SELF）、反馈后（AFTER）、督查（SUPERVISION）、群众（PUBLIC）、移交（OTHER_INSPECTION）",
     OPTION_NEEDED},
    {"unit", "单位代码", "牵头单位", 0},
    {"group", "代码", "专项小组", 0},
    {"note", "文字", "备注", 0},
    INSPECTION,
    END};

static const struct option edit_options[] = {{"title", "题目", "新的题目", 0},
                                             {"unit", "单位代码", "牵头单位", 0},
                                             {"group", "代码", "专项小组", 0},
                                             {"note", "文字", "备注", 0},
                                             EXPECT,
                                             INSPECTION,
                                             END};

static const struct option create_options[] = {{"title", "题目", "会审的题目", OPTION_NEEDED},
                                               {"date", "日期", "哪天会审", OPTION_NEEDED},
                                               {"all", NULL, "列入全部可以会审的问题", 0},
                                               {"open", NULL, "建立后马上开始", 0},
                                               INSPECTION,
                                               END};

static const struct option list_options[] = {INSPECTION, END};

static const struct option allowed_options[] = {
    {"all", NULL, "连同不能办的和原因", 0}, INSPECTION, END};

static const struct option conclude_options[] = {
    {"leave-undecided", NULL, "没有结论的问题留在联合会审中", 0}, END};

static const struct option cancel_options[] = {{"reason", "理由", "为什么取消", OPTION_NEEDED},
                                               END};

static const struct option export_options[] = {
    {"out", "文件", "导出到哪里（CSV）；“-”是屏幕", OPTION_NEEDED},
    {"all", NULL, "连同本单位已提意见的", 0},
    END};

static const struct option decide_options[] = {
    {"agree-all", NULL, "轮到本单位的问题全部同意", 0},
    {"row", "编号=意见", "编号=agree，或 编号=refuse:理由（refuse+3:理由 指明第 3 条标准未达到）",
     OPTION_MANY},
    {"reason", "理由", "--agree-all 和 --row 里达到标准的理由", 0},
    END};

// clang-format off
static const struct command rows[] = {
    {"measure object", "编号 理由…", 2, ARGS_ANY, inspection_options, cmd_measure_object,
     "对分工有异议", "转办公室会商，措施仍待签收。", {"rectify measure object P-07-M-03 不属于本单位职责"},
     UNIT, "销号", COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"measure endorse", "编号", 1, 1, endorse_options, cmd_measure_endorse,
     "对措施牵头单位的申请签署同意",
     "只对您看到的这一版有效；不同意就用 rectify office measure return 退回。",
     {"rectify measure endorse P-07-M-03 --opinion 情况属实"}, UNIT, NULL, COMMAND_WRITES | COMMAND_QUEUE},
    {"problem close-apply", "编号", 1, 1, apply_options, cmd_problem_apply, "申请销号",
     "全部措施到位（或持续坚持）后，由问题整改牵头单位申请。",
     {"rectify problem close-apply P-07 --report 整改报告.docx --extend 同类科室已一并整改"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"problem close-withdraw", "编号", 1, 1, reason_options, cmd_problem_withdraw, "撤回销号申请", NULL,
     {"rectify problem close-withdraw P-07 --reason 报告要补充"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"problem allowed", "编号", 1, 1, allowed_options, cmd_problem_allowed, "这个问题现在能办什么", NULL,
     {"rectify problem allowed P-07"}, "", NULL},
    {"sitting allowed", "会审", 1, 1, allowed_options, cmd_sitting_allowed, "这次会审现在能办什么", NULL,
     {"rectify sitting allowed XH-01"}, "", NULL},
    {"office measure check-ok", "编号", 1, 1, check_options, cmd_measure_check_ok, "复查合格，定下次复查日期",
     NULL, {"rectify office measure check-ok P-07-M-03 --next-check 2027-05-10"}, BODIES, "复查与重新整改",
     COMMAND_WRITES},
    {"office measure finish", "编号", 1, 1, check_options, cmd_measure_finish, "复查合格，不再复查", NULL,
     {"rectify office measure finish P-07-M-03"}, BODIES, NULL, COMMAND_WRITES},
    {"office measure fail", "编号", 1, 1, reopen_options, cmd_measure_fail, "复查不合格，重新整改", NULL,
     {"rectify office measure fail P-07-M-03 --reason 现场又出现 --effect-due 2027-01-31 --complete-due 2027-02-28"},
     BODIES, NULL, COMMAND_WRITES},
    {"office measure reopen", "编号", 1, 1, reopen_options, cmd_measure_reopen, "重新整改",
     "轮次加一，两个时限重新计算；已销号的问题同时重新打开，原销号记录保留。",
     {"rectify office measure reopen P-07-M-03 --ground 反弹 --reason 又出现 --effect-due 2027-01-31 --complete-due 2027-02-28"},
     BODIES, NULL, COMMAND_WRITES},
    {"office problem forward", "编号", 1, 1, forward_options, cmd_problem_forward, "提交联合会审", NULL,
     {"rectify office problem forward P-07 --opinion 专项小组同意"}, OFFICE, "销号申请", COMMAND_WRITES},
    {"office problem return", "编号", 1, 1, reason_options, cmd_problem_return, "退回销号申请", NULL,
     {"rectify office problem return P-07 --reason 报告没有写明成效"}, OFFICE, NULL, COMMAND_WRITES},
    {"office problem reopen", "编号", 1, 1, problem_reopen_options, cmd_problem_reopen, "重新打开问题",
     "原销号记录保留。", {"rectify office problem reopen P-07 --ground 认定有误 --reason 材料不实"}, BODIES, NULL,
     COMMAND_WRITES},
    {"office problem register", "题目", 1, 1, register_options, cmd_problem_register,
     "登记反馈以外的问题", "不计入反馈问题的总数。",
     {"rectify office problem register 台账不全 --item 3 --origin 自查 --unit unit01"}, OFFICE, NULL, COMMAND_WRITES},
    {"office problem edit", "编号", 1, 1, edit_options, cmd_problem_edit, "方案审议前修改问题", NULL,
     {"rectify office problem edit A-01 --unit unit02"}, OFFICE, NULL, COMMAND_WRITES},
    {"office sitting create", "[编号…]", 0, ARGS_ANY, create_options, cmd_sitting_create, "排定一次批量会审",
     NULL, {"rectify office sitting create --title 十一月会审 --date 2026-11-12 --all --open",
     "rectify office sitting create P-07 P-08 --title 十一月会审 --date 2026-11-12"}, OFFICE, "批量会审", COMMAND_WRITES},
    {"office sitting open", "会审", 1, 1, NULL, cmd_sitting_open, "开始会审", NULL,
     {"rectify office sitting open XH-01"}, OFFICE, NULL, COMMAND_WRITES},
    {"office sitting conclude", "会审", 1, 1, conclude_options, cmd_sitting_conclude, "结束会审", NULL,
     {"rectify office sitting conclude XH-01"}, OFFICE, NULL, COMMAND_WRITES},
    {"office sitting cancel", "会审", 1, 1, cancel_options, cmd_sitting_cancel, "取消会审", NULL,
     {"rectify office sitting cancel XH-01 --reason 改期"}, OFFICE, NULL, COMMAND_WRITES},
    {"sitting list", "", 0, 0, list_options, cmd_sitting_list, "列出批量会审", NULL, {"rectify sitting list"},
     "", NULL},
    {"sitting show", "会审", 1, 1, NULL, cmd_sitting_show, "看一次会审：各单位的意见，还差谁", NULL,
     {"rectify sitting show XH-01"}, "", NULL},
    {"sitting export", "会审", 1, 1, export_options, cmd_sitting_export, "导出会审意见表，用表格软件填写", NULL,
     {"rectify sitting export XH-01 --out 会审.csv"}, BODIES, NULL},
    {"sitting decide", "文件|会审", 1, 1, decide_options, cmd_sitting_decide, "提出会审意见",
     "五条标准逐条写结论和理由。意见只对您看到的记录有效：记录变了要重新提。",
     {"rectify sitting decide 会审.csv", "rectify sitting decide XH-01 --agree-all",
     "rectify sitting decide XH-01 --row P-07=refuse+3:现场仍有同类情况"}, BODIES, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(closing, rows, false);
