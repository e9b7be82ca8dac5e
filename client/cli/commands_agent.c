/* Commands about the agent of this machine. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

// clang-format off
static const struct command rows[] = {
    {"agent status", "", 0, 0, NULL, cmd_agent_status, "本机代理怎样：线路、待发送、要处理、证书",
     "代理（rectify-agent）在后台送出待发箱、收预警。没有运行时也能看，-o json 给程序用；不连服务器。",
     {"rectify agent status"}, "", "本机代理"},
};
// clang-format on
COMMAND_TABLE(agent, rows, false);
