/* What only administrators do, under `admin`. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option calendar_import_options[] = {
    {"year", "年份", "文件里这一年的日期", OPTION_NEEDED}, END};

static const struct option account_add_options[] = {
    {"display", "姓名", "显示的名称", OPTION_NEEDED},
    {"org", "单位代码", "在哪个单位", OPTION_NEEDED},
    {"role", "角色",
     "同时提出的席位：OFFICE、LGROUP、SGROUP、LEADER、PLEAD、MLEAD、PART、DISC、ORGD、PUBL、"
     "FILLER、REVIEWER、HEAD，或 ADMIN、GRANT、AUDIT 之一；由授权管理员批准后生效",
     0},
    {"password-file", "文件", "初始密码；没有这个文件就随机生成", OPTION_NEEDED},
    {"code-file", "文件", "开通码；没有这个文件就随机生成", 0},
    END};

static const struct option account_code_options[] = {
    {"code-file", "文件", "开通码；没有这个文件就随机生成", OPTION_NEEDED},
    {"org", "单位代码", "机器放在哪个单位；默认账号所属的单位", 0},
    END};

static const struct option revoke_options[] = {{"reason", "理由", "为什么停用", OPTION_NEEDED},
                                               END};

// clang-format off
static const struct command rows[] = {
    {"admin org import", "文件", 1, 1, NULL, cmd_org_import, "导入组织机构",
     "CSV：code,name,kind,parent,sort_order,sample。按代码新增或更新，要么全部成功，要么都不改。",
     {"rectify admin org import 组织.csv"}, ADMIN, "组织、账号和日历", COMMAND_WRITES},
    {"admin account add", "账号", 1, 1, account_add_options, cmd_account_add,
     "建立账号，并提出它的席位", "账号本身没有任何权限；席位由授权管理员批准（grant approve）后生效。",
     {"rectify admin account add unit01 --display 样例填报人 --org unit01 --role PLEAD --password-file "
     "pw --code-file code"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin account code", "账号", 1, 1, account_code_options, cmd_account_code,
     "再发一个开通码（换机器或多一台机器）", NULL,
     {"rectify admin account code unit01 --code-file code2"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin machine revoke", "编号", 1, 1, revoke_options, cmd_machine_revoke, "停用一台机器", NULL,
     {"rectify admin machine revoke 0190… --reason 电脑丢失"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin calendar import", "文件", 1, 1, calendar_import_options, cmd_calendar_import,
     "导入一年的节假日和调休", "CSV：date,kind（off 放假、work 补班）,name。",
     {"rectify admin calendar import 2026.csv --year 2026"}, ADMIN, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(admin, rows, false);
