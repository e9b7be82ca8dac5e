/* The outbox (待发箱): what waits on this machine, and what became of it. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option list_options[] = {
    {"all", NULL, "连同已收件的（保留 90 天）和已放弃的", 0}, END};

static const struct option receipt_options[] = {
    {"out", "文件", "回执写到哪里（一行，带签名，可作凭证；-o json 为 JSON）；“-”是屏幕",
     OPTION_NEEDED},
    END};

// clang-format off
static const struct command rows[] = {
    {"outbox", "", 0, 0, list_options, cmd_outbox_list, "待发箱：存在本机等待发送的办理，和它们的结果",
     "待发送：还没有发出。已发出，未得回音：服务器可能已经办理，联网后会自动查清，不会重复。"
     "已收件：有回执。要处理：服务器没有接受，写明了原因。",
     {"rectify outbox", "rectify outbox --all"}, UNIT, "待发箱"},
    {"outbox show", "号", 1, 1, NULL, cmd_outbox_show, "看一件：内容、附件、原因、回执", NULL,
     {"rectify outbox show 12"}, UNIT, NULL},
    {"outbox send", "", 0, 0, NULL, cmd_outbox_send, "现在就发送等待的办理", NULL,
     {"rectify outbox send"}, UNIT, NULL},
    {"outbox retry", "号", 1, 1, NULL, cmd_outbox_retry, "把要处理的一件再发一次",
     "原来的拒绝不变，按新的一件排到最后；内容要改的，请放弃它，重新办理。",
     {"rectify outbox retry 12"}, UNIT, NULL},
    {"outbox drop", "号", 1, 1, NULL, cmd_outbox_drop, "放弃一件没有发出或要处理的",
     "已经发出、还没有回音的不能放弃。存在本机的附件副本一并删除，您自己的文件不动。",
     {"rectify outbox drop 12"}, UNIT, NULL},
    {"outbox receipt", "号", 1, 1, receipt_options, cmd_outbox_receipt, "取出一件的收件回执", NULL,
     {"rectify outbox receipt 12 --out 回执.txt"}, UNIT, NULL},
};
// clang-format on
COMMAND_TABLE(outbox, rows, false);
