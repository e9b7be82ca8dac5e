/* Which tables there are. A new area is one line here; the order is that of the help. */
#include "client/cli/command_rows.h"

// clang-format off
#define TABLES(AREA) \
    AREA(clerk) \
    AREA(table) \
    AREA(view) \
    AREA(matter) \
    AREA(closing) \
    AREA(outcome) \
    AREA(publication) \
    AREA(status) \
    AREA(office) \
    AREA(export) \
    AREA(plan) \
    AREA(admin) \
    AREA(people) \
    AREA(clock) \
    AREA(audit) \
    AREA(outbox) \
    AREA(system)
// clang-format on

#define DECLARED(area) extern const struct command_table commands_##area;
#define LISTED(area) &commands_##area,

TABLES(DECLARED)

const struct command_table *const command_tables[] = {TABLES(LISTED) NULL};

const struct option global_options[] = {
    {"profile", "名称", "用哪个配置（名称，或配置文件的路径）；也可设 RECTIFY_PROFILE", 0},
    {"home", "文件夹", "到“文件夹/profiles”里找配置；也可设 RECTIFY_HOME", 0},
    {"output", "格式",
     "简写 -o：table（默认）、json 或 csv（送到屏幕，UTF-8；--out 写的 .csv 文件带 BOM，Excel "
     "可直接打开）",
     0},
    {"for", "单位代码", "办公室代这个单位办理（代报）：签收、报送、求助、申请和撤回，以及为此看表",
     0},
    {"as", "账号", "代行：以此人的席位办理和查看（要有当日有效的代行授权）", 0},
    {"key", "办理编号", "再办一次结果未知的办理时，原样填上次显示的编号，不会重复办理", 0},
    {"queue", NULL,
     "先存入本机的待发箱，连得上就马上发，连不上联网后自动发；配置里写 queue = always 或 offline "
     "就不用每次写",
     0},
    {"offline", NULL, "连不上服务器时，看本机上次存下的数据", 0},
    {"timeout", "秒", "连同重试一共最多等多久，默认 30 秒", 0},
    {"help", NULL, "简写 -h：显示用法", 0},
    {"version", NULL, "简写 -V：显示版本", 0},
    END,
};
