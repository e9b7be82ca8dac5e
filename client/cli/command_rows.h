/* What the files of rows (commands_AREA.c) share: options many rows have, who uses them, and how a
 * table is made. For those files alone.
 */
#ifndef CLIENT_CLI_COMMAND_ROWS_H
#define CLIENT_CLI_COMMAND_ROWS_H

#include "client/cli/command.h"

/* The last option of a list. */
#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL, 0                                                                        \
    }
#define INSPECTION                                                                                 \
    {                                                                                              \
        "inspection", "代码", "哪次巡视；只有一次时可以不写", 0                                    \
    }
#define EXPECT                                                                                     \
    {                                                                                              \
        "expect-version", "版本", "您看到的版本；默认现在的版本", 0                                \
    }

/* Who uses a command. */
#define UNIT "牵头单位"
#define OFFICE "领导小组办公室"
#define GROUP "领导小组"
#define ADMIN "系统管理员"
#define AUDIT "审计人员"

/* The table of an area, commands_AREA, which command_tables.c lists. front: its bare rows stand on
 * the page of `rectify help`; false for most areas, so that a clerk's page stays one page. */
#define COMMAND_TABLE(area, rows, front)                                                           \
    extern const struct command_table commands_##area;                                             \
    const struct command_table commands_##area = {(rows), sizeof(rows) / sizeof((rows)[0]), front}

#endif
