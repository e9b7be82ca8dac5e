/* The log, for auditors; verifying needs no server. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option out_options[] = {{"out", "文件", "保存到哪里", OPTION_NEEDED}, END};

static const struct option verify_options[] = {
    {"key", "公钥", "日志公钥（64 位十六进制或 base64，或写着它的文件）；默认用本机保存的", 0},
    {"head", "文件", "先前保存的签名（rectify audit head 的输出）", OPTION_MANY},
    {"tenant", "代码", "应当是哪个区县的日志", 0},
    END};

static const struct option receipt_options[] = {
    {"key", "公钥", "日志公钥（64 位十六进制或 base64，或写着它的文件）；默认用本机保存的", 0},
    {"online", NULL, "再问服务器：这个事件还在日志里吗", 0},
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
    {"audit receipt", "文件", 1, 1, receipt_options, cmd_audit_receipt, "核验保存的收件回执（不用联网）",
     "文件用 rectify operation 办理编号 --receipt 文件 保存，一行一份；通过时退出码 0，不通过时 8。",
     {"rectify audit receipt 回执.txt", "rectify audit receipt 回执.txt --online"}, "", NULL},
    {"audit check", "", 0, 0, NULL, cmd_audit_check, "核对服务器的日志只增不改",
     "与本机先前见过的签名核对；服务器恢复到较早的时间而没有恢复声明，或日志分了叉，就拒绝以后的一切办理。",
     {"rectify audit check"}, "", NULL},
    {"audit reset", "", 0, 0, NULL, cmd_audit_reset, "查清之后，重新认定服务器的日志",
     "只在报 LOG_ROLLED_BACK 或 LOG_FORKED、并与管理员和审计人员查清之后用：先前的签名移到 log-conflict 文件夹留作证据，收件过的内容会用原编号再报一次。",
     {"rectify audit reset"}, "", NULL},
};
// clang-format on
COMMAND_TABLE(audit, rows, false);
