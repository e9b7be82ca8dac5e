/* Onboarding: a unit's machine, the office's papers for it, and the board of all machines. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define WATCHERS "系统管理员、领导小组办公室、领导小组"

static const struct option onboard_options[] = {
    {"code", "开通码", "开通单上的开通码；不写就在终端上问", 0},
    {"ca-sha256", "指纹", "开通单上的指纹（至少前 32 位，空格不计）；不写就在终端上问", 0},
    {"server-name", "名称", "服务器证书上的名称；默认 rectifyd", 0},
    {"label", "名称", "这台机器叫什么；默认主机名", 0},
    {"password-file", "文件", "密码在这个文件里（给脚本用）；不写就在终端上问", 0},
    {"remember", NULL, "把密码存在本机（0600），代理程序长时间离线后可自行登录", 0},
    {"replace", NULL, "同名的配置已经有了也覆盖", 0},
    END};

static const struct option papers_options[] = {
    {"out", "文件夹", "开通单放在哪里；默认“开通单”", 0},
    {"contact", "文字", "有问题找谁，印在开通单上", 0},
    {"address", "主机:端口", "单位的机器连开通端口的地址；默认按服务器所说", 0},
    {"again", NULL, "账号已经有了的，也重新发开通码", 0},
    END};

static const struct option board_options[] = {
    {"org", "单位代码", "只看这个单位", 0}, {"revoked", NULL, "已停用的机器也列出", 0}, END};

// clang-format off
static const struct command rows[] = {
    {"onboard", "[主机:端口|文件]", 0, 1, onboard_options, cmd_onboard, "开通本机：照开通单输入一条命令",
     "先核对服务器的指纹，再交开通码；在本机生成密钥、领取证书、写好配置、设密码并登录。中途断了，用同一个开通码再运行一次即可。"
     "配置名默认为账号，可用 --profile 另起；也可以直接给开通单旁边的 .onboard 文件。",
     {"rectify onboard 10.1.2.3:7444 --code 7K3QX-… --ca-sha256 9f2c…", "rectify onboard unit01.onboard"},
     "", "开通和终端"},
    {"machine renew", "", 0, 0, NULL, cmd_machine_renew, "换发本机的证书（代理程序会自动换发）", NULL,
     {"rectify machine renew"}, "", NULL},
    {"office onboard", "文件", 1, 1, papers_options, cmd_office_onboard, "成批建立单位和账号，印开通单",
     "CSV：单位代码,单位名称,账号,联系人,角色（另可有 类别,上级,排序）。先整份核对，有错一处不改；再运行只补缺的。"
     "每个账号一张开通单（.html 打印、.txt）和一个 .onboard 文件，都只有您能读。席位由授权管理员批准：rectify grant approve --all。",
     {"rectify office onboard 单位.csv --contact 区委巡察办值班室", "rectify office onboard 单位.csv --again"},
     ADMIN, "开通和终端", 0},
    {"office board", "", 0, 0, board_options, cmd_board, "终端情况：哪些单位的机器在线，积压多久，什么版本", NULL,
     {"rectify office board", "rectify office board -o csv"}, WATCHERS, NULL, 0},
};
// clang-format on
COMMAND_TABLE(onboard, rows, true);
