/* Publications: the public notice, the inner-party notice, the briefing, the two reports. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define EDITORS "通报编辑、领导小组办公室"

static const struct option create_options[] = {
    {"kind", "种类", "通报、党内通报、简报、报告 或 负责人报告", OPTION_NEEDED},
    {"as-of", "日期", "数据截至哪一天，今天或以前", OPTION_NEEDED},
    {"title", "题目", "默认按巡视名称和种类拟定", 0},
    {"signer", "落款", "落款单位", 0},
    INSPECTION,
    END};

static const struct option edit_options[] = {
    {"file", "文件", "改好的 txt 文件", OPTION_NEEDED}, EXPECT, END};

static const struct option hold_options[] = {
    {"code", "原因", "涉密风险、个人隐私、问题线索、未办结 或 其他", 0},
    {"reason", "说明", "为什么", OPTION_NEEDED},
    {"lift", NULL, "取消标明（正文要自己补回）", 0},
    EXPECT,
    END};

static const struct option check_options[] = {EXPECT, END};

static const struct option reason_options[] = {
    {"reason", "理由", "为什么", OPTION_NEEDED}, EXPECT, END};

static const struct option approve_options[] = {
    {"hash", "校验值", "您看过的正文的校验值，前 8 位以上；正文变了就不办理", 0},
    {"opinion", "意见", "批准意见", 0},
    EXPECT,
    END};

static const struct option publish_options[] = {
    {"hash", "校验值", "您看过的正文的校验值，前 8 位以上；正文变了就不办理", 0}, EXPECT, END};

static const struct option list_options[] = {{"kind", "种类", "只列这一种", 0}, INSPECTION, END};

static const struct option export_options[] = {
    {"format", "格式", "txt（可修改后交回）或 docx", OPTION_NEEDED},
    {"out", "文件", "导出到哪里；“-”是屏幕", OPTION_NEEDED},
    END};

static const struct option allowed_options[] = {{"all", NULL, "连同不能办的和原因", 0}, END};

// clang-format off
static const struct command rows[] = {
    {"publication list", "", 0, 0, list_options, cmd_publication_list, "列出通报、简报和报告", NULL,
     {"rectify publication list"}, "", "通报与报告"},
    {"publication show", "编号", 1, 1, NULL, cmd_publication_show, "看一份通报或报告", NULL,
     {"rectify publication show TB-01"}, "", NULL},
    {"publication allowed", "编号", 1, 1, allowed_options, cmd_publication_allowed, "这份通报现在能办什么", NULL,
     {"rectify publication allowed TB-01 --all"}, "", NULL},
    {"publication export", "编号", 1, 1, export_options, cmd_publication_export, "导出成文本或 Word 文件",
     "导出的 txt 改好后可以交回：rectify office publication edit。",
     {"rectify publication export TB-01 --format txt --out 通报.txt",
     "rectify publication export TB-01 --format docx --out 通报.docx"}, "", NULL},
    {"office publication create", "", 0, 0, create_options, cmd_publication_create, "按某一天的数据起草", NULL,
     {"rectify office publication create --kind 通报 --as-of 2026-11-30 --signer 中共样例区委员会",
     "rectify office publication create --kind 简报 --as-of 2026-11-30"}, EDITORS, "通报与报告", COMMAND_WRITES},
    {"office publication edit", "编号", 1, 1, edit_options, cmd_publication_edit, "交回改好的正文",
     "整份替换；读不懂的地方会指出第几行。导出之后别人又改过的，不会被覆盖。",
     {"rectify office publication edit TB-01 --file 通报.txt"}, EDITORS, NULL, COMMAND_WRITES},
    {"office publication hold-back", "编号 问题或措施…", 2, ARGS_ANY, hold_options, cmd_publication_hold_back,
     "标明不公开的问题或措施", "正文里写它的段落同时去掉。",
     {"rectify office publication hold-back TB-01 P-07 --code 涉密风险 --reason 涉及未公开事项",
     "rectify office publication hold-back TB-01 P-07 --lift --reason 已可公开"}, OFFICE, NULL, COMMAND_WRITES},
    {"office publication check", "编号", 1, 1, check_options, cmd_publication_check, "审核", NULL,
     {"rectify office publication check TB-01"}, OFFICE, NULL, COMMAND_WRITES},
    {"office publication return", "编号", 1, 1, reason_options, cmd_publication_return, "退回修改", NULL,
     {"rectify office publication return TB-01 --reason 第二部分要压缩"}, "办公室、领导小组", NULL, COMMAND_WRITES},
    {"office publication approve", "编号", 1, 1, approve_options, cmd_publication_approve, "批准",
     "只对您看到的正文有效。", {"rectify office publication approve TB-01 --hash 1f3a9c0d --opinion 同意公布"},
     GROUP, NULL, COMMAND_WRITES},
    {"office publication publish", "编号", 1, 1, publish_options, cmd_publication_publish, "公布",
     "公布后不能修改，有误的另发更正版。", {"rectify office publication publish TB-01"}, EDITORS, NULL, COMMAND_WRITES},
    {"office publication correct", "编号", 1, 1, reason_options, cmd_publication_correct, "起草更正版",
     "新的一份从原文开始；原文保留，标为已被更正。", {"rectify office publication correct TB-01 --reason 第3项数字有误"},
     EDITORS, NULL, COMMAND_WRITES},
    {"office publication withdraw", "编号", 1, 1, reason_options, cmd_publication_withdraw, "撤回草稿", NULL,
     {"rectify office publication withdraw TB-01 --reason 另行起草"}, EDITORS, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(publication, rows, false);
