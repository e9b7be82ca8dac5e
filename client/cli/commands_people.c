/* Accounts, seats and grants: administrators under `admin`, the grant administrator under `grant`;
 * and what everybody may read about who may do what. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define GRANTOR "授权管理员"
#define BOTH "系统管理员、授权管理员"
#define WHY                                                                                        \
    {                                                                                              \
        "reason", "理由", "为什么", OPTION_NEEDED                                                  \
    }
#define DAYS                                                                                       \
    {"from", "日期", "起始日；默认即日", 0},                                                       \
    {                                                                                              \
        "to", "日期", "截止日（含）；默认长期", 0                                                  \
    }

// clang-format off
static const struct option import_options[] = {
    {"secrets", "文件夹", "其中“账号.password”“账号.code”是初始密码和开通码；没有就随机生成", OPTION_NEEDED}, END};
static const struct option account_list_options[] = {
    {"account", "账号", "只看这个账号", 0}, {"org", "单位代码", "只看这个单位", 0}, END};
static const struct option why_options[] = {WHY, END};
static const struct option unlock_options[] = {{"reason", "理由", "为什么", 0}, END};
static const struct option reset_options[] = {
    WHY, {"code-file", "文件", "口令码；没有这个文件就随机生成", OPTION_NEEDED}, END};
static const struct option set_options[] = {
    {"code-file", "文件", "口令码", OPTION_NEEDED},
    {"password-file", "文件", "新密码；不写就在终端上问", 0}, END};
static const struct option seat_options[] = {
    {"org", "单位代码", "在哪个单位", OPTION_NEEDED},
    {"role", "角色", "如 PLEAD、REVIEWER；几个角色用逗号隔开", OPTION_NEEDED}, DAYS,
    {"reason", "理由", "为什么", 0}, END};
static const struct option list_options[] = {
    {"account", "账号", "只看这个账号", 0}, {"org", "单位代码", "只看这个单位", 0},
    {"state", "状态", "PROPOSED、APPROVED、REJECTED、WITHDRAWN、ENDED", 0}, END};
static const struct option stand_options[] = {
    {"of", "账号", "被代行的人", OPTION_NEEDED}, {"org", "单位代码", "他在哪个单位的席位；只有一个时可以不写", 0},
    {"from", "日期", "起始日", OPTION_NEEDED}, {"to", "日期", "截止日（含）", OPTION_NEEDED}, WHY, END};
static const struct option approve_options[] = {
    {"all", NULL, "所有待批准的", 0}, {"reason", "意见", "批准意见", 0}, END};
static const struct option scope_options[] = {
    {"kind", "类别", "MEASURE、PROBLEM 或 TABLE；默认按编号的形式", 0}, INSPECTION, END};
static const struct option permission_options[] = {
    {"kind", "类别", "METHOD（方法）或 COMMAND（流程命令）", 0}, {"role", "角色", "只看这个角色", 0},
    {"name", "名称", "只看名称里有这几个字母的，如 measure", 0}, END};

static const struct command rows[] = {
    {"admin account import", "文件", 1, 1, import_options, cmd_account_import, "成批建立账号并提出席位",
     "CSV：name,display,org,roles。每 20 个一批，一批要么全部成功，要么都不改；已有的账号跳过；席位由授权管理员批准后生效。",
     {"rectify admin account import 账号.csv --secrets secrets"}, ADMIN, "账号和席位（授权须两人）", COMMAND_WRITES},
    {"admin account list", "", 0, 0, account_list_options, cmd_account_list, "看账号", NULL,
     {"rectify admin account list --org unit01"}, BOTH, NULL, 0},
    {"admin account disable", "账号", 1, 1, why_options, cmd_account_disable, "停用账号，立即生效", NULL,
     {"rectify admin account disable unit01 --reason 调离"}, BOTH, NULL, COMMAND_WRITES},
    {"admin account enable", "账号", 1, 1, why_options, cmd_account_enable, "重新启用账号", NULL,
     {"rectify admin account enable unit01 --reason 返岗"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin account unlock", "账号", 1, 1, unlock_options, cmd_account_unlock, "解除输错密码的锁定", NULL,
     {"rectify admin account unlock unit01"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin account reset", "账号", 1, 1, reset_options, cmd_account_reset,
     "重置密码：发一次性口令码，由本人自设新密码", NULL,
     {"rectify admin account reset unit01 --reason 遗忘 --code-file code"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin seat propose", "账号", 1, 1, seat_options, cmd_seat_propose, "提出一个席位，等授权管理员批准", NULL,
     {"rectify admin seat propose zhang --org unit01 --role REVIEWER --to 2026-12-31"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin seat list", "", 0, 0, list_options, cmd_seat_list, "看席位和授权", NULL,
     {"rectify admin seat list --org unit01"}, BOTH, NULL, 0},
    {"admin seat withdraw", "授权号", 1, 1, why_options, cmd_seat_withdraw, "撤回还没有批准的提议", NULL,
     {"rectify admin seat withdraw G-0012 --reason 写错了"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin seat end", "授权号", 1, 1, why_options, cmd_seat_end, "收回席位，立即生效", NULL,
     {"rectify admin seat end G-0012 --reason 调离"}, BOTH, NULL, COMMAND_WRITES},
    {"admin substitute propose", "账号", 1, 1, stand_options, cmd_substitute_propose,
     "提出代行：某人在几天里代另一人的席位（X 代 Y）", "批准后用 --as 办理，记录和答复都写“X 代 Y”。",
     {"rectify admin substitute propose li --of zhang --from 2026-11-15 --to 2026-11-20 --reason 外出学习"},
     ADMIN, NULL, COMMAND_WRITES},
    {"admin substitute end", "授权号", 1, 1, why_options, cmd_seat_end, "提前结束代行", NULL,
     {"rectify admin substitute end G-0013 --reason 提前返岗"}, BOTH, NULL, COMMAND_WRITES},
    {"grant list", "", 0, 0, list_options, cmd_seat_list, "看席位和授权；本人可看自己的", NULL,
     {"rectify grant list --state PROPOSED"}, BOTH, NULL, 0},
    {"grant approve", "授权号…", 0, ARGS_ANY, approve_options, cmd_grant_approve, "批准提出的席位", NULL,
     {"rectify grant approve G-0012 G-0013", "rectify grant approve --all"}, GRANTOR, NULL, COMMAND_WRITES},
    {"grant reject", "授权号…", 1, ARGS_ANY, why_options, cmd_grant_reject, "不批准，说明理由", NULL,
     {"rectify grant reject G-0012 --reason 人选不当"}, GRANTOR, NULL, COMMAND_WRITES},
    {"password set", "账号", 1, 1, set_options, cmd_password_set, "用一次性口令码自设密码", NULL,
     {"rectify password set unit01 --code-file code"}, "", NULL, COMMAND_WRITES},
    {"scope", "编号", 1, 1, scope_options, cmd_scope, "看一项的知悉范围：谁能看，凭哪条规则", NULL,
     {"rectify scope P-07-M-03", "rectify scope unit01/2026-11"}, "", NULL, 0},
    {"permissions", "", 0, 0, permission_options, cmd_permissions, "打印权限矩阵：谁能做什么", NULL,
     {"rectify permissions -o csv", "rectify permissions --role GRANT"}, "", NULL, 0},
};
// clang-format on
COMMAND_TABLE(people, rows, false);
