/* The session, this machine, the program. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"
#include "proto/base/limits.h"

static const struct option enrol_options[] = {{"code-file", "文件", "管理员给的开通码文件", 0},
                                              {"code", "开通码", "或直接写开通码", 0},
                                              {"label", "名称", "这台机器叫什么；默认主机名", 0},
                                              END};

static const struct option passwd_options[] = {
    {"new-password-file", "文件", "新密码在这个文件里；不写就在终端询问", 0}, END};

static const struct option operation_options[] = {
    {"receipt", "文件", "把有签名的回执保存到文件，日后可以核验", 0}, END};

// clang-format off
static const struct command rows[] = {
    {"login", "", 0, 0, NULL, cmd_login, "登录",
     "密码取自配置的 password_file；没有就在终端询问（不显示）。", {"rectify login"}, "", "账号与系统"},
    {"logout", "", 0, 0, NULL, cmd_logout, "退出登录", NULL, {"rectify logout"}, "", NULL},
    {"whoami", "", 0, 0, NULL, cmd_whoami, "我是谁，有哪些席位", NULL, {"rectify whoami"}, "",
     NULL},
    {"passwd", "", 0, 0, passwd_options, cmd_passwd, "修改密码", NULL, {"rectify passwd"}, "",
     NULL, COMMAND_WRITES},
    {"machine enrol", "", 0, 0, enrol_options, cmd_machine_enrol, "开通本机",
     "第一次会生成本机密钥；已经开通的机器再运行不会改变什么，被停用的机器用新的开通码重新开通。",
     {"rectify machine enrol --code-file code"}, "", NULL},
    {"machine list", "", 0, 0, NULL, cmd_machine_list, "列出已开通的机器", NULL,
     {"rectify machine list"}, "", NULL},
    {"operation", "办理编号…", 1, LIMIT_OPERATION_KEYS, operation_options, cmd_operation, "查一次办理的结果和审核情况",
     "结果未知的办理用它查清；只能查本账号办理的。", {"rectify operation 0193a5c0-0000-7000-8000-000000000001"}, "", NULL},
    {"health", "", 0, 0, NULL, cmd_health, "服务器是否正常", NULL, {"rectify health"}, "", NULL},
    {"describe", "[名称]", 0, 1, NULL, cmd_describe, "服务器有哪些方法，谁能用", "给写程序的人看；说明是接口文件里的英文原文。",
     {"rectify describe SignFor"}, "", NULL},
    {"version", "", 0, 0, NULL, cmd_version, "本程序的版本", NULL, {"rectify version"}, "", NULL},
    {"help", "[命令|类别]", 0, COMMAND_WORDS, NULL, cmd_help, "用法",
     "不写内容时是日常办理的一页；unit、office、matter、closing、admin、grant、audit 各列一类命令，all 列全部命令和通用选项，exit-codes 列退出码。",
     {"rectify help", "rectify help table submit", "rectify help office"}, "", NULL},
};
// clang-format on
COMMAND_TABLE(system, rows, true);
