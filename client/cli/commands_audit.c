/* The log, for auditors; verifying needs no server. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option out_options[] = {{"out", "文件", "保存到哪里", OPTION_NEEDED}, END};

static const struct option verify_options[] = {
    {"key", "公钥", "日志公钥（64 位十六进制或 base64）；默认用本机保存的", 0},
    {"head", "文件", "先前保存的签名（rectify audit head 的输出）", OPTION_MANY},
    {"tenant", "代码", "应当是哪个区县的日志", 0},
    END};

// clang-format off
static const struct command rows[] = {
    {"audit export", "", 0, 0, out_options, cmd_audit_export, "导出办理日志", NULL,
     {"rectify audit export --out 日志.txt"}, AUDIT, "审计"},
    {"audit verify", "文件", 1, 1, verify_options, cmd_audit_verify, "核验导出的日志（不用联网）",
     "检查每一条日志和签名，指出第一条有问题的；通过时退出码 0，不通过时 8。",
     {"rectify audit verify 日志.txt", "rectify audit verify 日志.txt --key 公钥"}, AUDIT, NULL},
    {"audit head", "", 0, 0, NULL, cmd_audit_head, "看日志的最新签名", NULL,
     {"rectify audit head >head.txt"}, AUDIT, NULL},
};
// clang-format on
COMMAND_TABLE(audit, rows, false);
