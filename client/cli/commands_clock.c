/* The ladder, the settings and the ways out of the system. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option dry_run_options[] = {
    {"ladder", "版本", "试算第几版；默认正在使用的一版", 0},
    {"file", "文件", "试算这个 CSV 里的规则，不保存", 0},
    {"as-of", "日期", "按哪一天试算；默认今天", 0},
    {"limit", "条数", "列出几条，0 到 500；默认 50", 0},
    END};

static const struct option messages_options[] = {
    {"state", "状态", "QUEUED、SENDING、SENT、FAILED 或 CANCELLED", 0},
    {"limit", "条数", "最多几条，1 到 500；默认 100", 0},
    END};

static const struct option test_options[] = {
    {"org", "单位代码", "试哪个单位的机器人；默认您所在单位", 0}, END};

static const struct option contact_options[] = {{"remove", NULL, "去掉这个账号的邮件地址", 0}, END};

static const struct option reset_options[] = {{"reason", "理由", "查明了什么", OPTION_NEEDED},
                                              {"discard", NULL, "积压的消息不再发送", 0},
                                              END};

// clang-format off
static const struct command rows[] = {
    {"office ladder list", "", 0, 0, NULL, cmd_ladder_list, "看预警规则的各个版本", NULL,
     {"rectify office ladder list"}, OFFICE, "预警规则", 0},
    {"office ladder import", "文件", 1, 1, NULL, cmd_ladder_import, "导入一版预警规则，先不启用",
     "CSV 的各列见 rectify ladder show -o csv；改好后导入，试算，再启用。",
     {"rectify office ladder import 规则.csv"}, OFFICE, NULL,
     COMMAND_WRITES},
    {"office ladder dry-run", "", 0, 0, dry_run_options, cmd_ladder_dry_run,
     "试算：今天会通知谁、几条", "不发出任何预警。启用一版规则之前，一天之内必须试算过这一版。",
     {"rectify office ladder dry-run --ladder 2"}, OFFICE, NULL, 0},
    {"office ladder activate", "版本", 1, 1, NULL, cmd_ladder_activate, "启用一版试算过的预警规则",
     NULL, {"rectify office ladder activate 2"}, OFFICE, NULL, COMMAND_WRITES},
    {"admin setting list", "", 0, 0, NULL, cmd_setting_list, "看全部设置", NULL,
     {"rectify admin setting list"}, ADMIN, "设置和外发", 0},
    {"admin setting set", "名称 值", 2, 2, NULL, cmd_setting_set, "改一项设置", NULL,
     {"rectify admin setting set quiet_hours 20:00-08:00"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin channel list", "", 0, 0, NULL, cmd_channel_list, "看外发通道：开关、积压、失败", NULL,
     {"rectify admin channel list"}, ADMIN, NULL, 0},
    {"admin channel on", "通道", 1, 1, NULL, cmd_channel_on, "打开一个外发通道",
     "外发的只有“您有 N 项待办”和登录地址。通道：mail、wecom、dingtalk、feishu、webhook。",
     {"rectify admin channel on mail"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin channel off", "通道", 1, 1, NULL, cmd_channel_off, "关闭一个外发通道", NULL,
     {"rectify admin channel off mail"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin channel test", "通道", 1, 1, test_options, cmd_channel_test, "试发一条", NULL,
     {"rectify admin channel test wecom --org unit01"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin channel contact", "账号 [地址]", 1, 2, contact_options, cmd_channel_contact,
     "设置一个账号的邮件地址", NULL,
     {"rectify admin channel contact unit01 unit01@example.gov.cn"}, ADMIN, NULL, COMMAND_WRITES},
    {"admin channel messages", "", 0, 0, messages_options, cmd_channel_messages,
     "看外发过的和积压的消息", NULL, {"rectify admin channel messages --state FAILED"}, ADMIN, NULL,
     0},
    {"admin channel reset", "", 0, 0, reset_options, cmd_channel_reset,
     "外发因超过上限停止后，查明原因再恢复", NULL,
     {"rectify admin channel reset --reason 规则有误，已改 --discard"}, ADMIN, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(clock, rows, false);
