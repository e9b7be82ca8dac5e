/* The rest of a table's life; filling in and handing in stand with the clerk's three things. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define WHICH                                                                                      \
    {"org", "单位代码", "哪个单位；默认自己的", 0},                                                \
    {                                                                                              \
        "period", "期次", "哪个月或季度，例如 2026-11、2026-Q4；默认最早欠报的", 0                 \
    }

static const struct option confirm_options[] = {
    {"paper", "文件", "审核人签字盖章的打印件的扫描件", 0},
    {"hash", "校验码", "纸上印的全码（64 位，空格不计）", 0},
    WHICH,
    INSPECTION,
    END};

static const struct option print_options[] = {
    {"out", "文件", "写到哪里（HTML，用浏览器打印）；“-”是屏幕", OPTION_NEEDED},
    WHICH,
    INSPECTION,
    END};

static const struct option reason_options[] = {{"reason", "理由", "为什么", OPTION_NEEDED},
                                               {"reason-code", "原因码", "默认 OTHER", 0},
                                               WHICH,
                                               INSPECTION,
                                               END};

static const struct option correct_options[] = {
    {"reason", "理由", "哪里错了", OPTION_NEEDED}, WHICH, INSPECTION, END};

static const struct option lock_options[] = {WHICH, INSPECTION, END};

static const struct option allowed_options[] = {
    {"all", NULL, "连同现在不能办的，以及为什么不能", 0}, WHICH, INSPECTION, END};

static const struct option summary_options[] = {
    {"period", "期次", "哪个月或季度，例如 2026-11、2026-Q4", OPTION_NEEDED},
    {"out", "文件", "写到哪里：.xlsx、.csv，或“-”（屏幕，CSV）", OPTION_NEEDED},
    INSPECTION,
    END};

static const struct option missing_options[] = {
    {"period", "期次", "只看这个月或季度；默认全部", 0}, INSPECTION, END};

static const struct option duty_options[] = {
    {"day", "日", "几日前报送，1 到 28；季度表是季后首月的几日", 0},
    {"grace", "天数", "再宽限几天不算迟报，0 到 31", 0},
    {"off", NULL, "不再要求报送（已产生的表不变）", 0},
    INSPECTION,
    END};

static const struct option duty_list_options[] = {INSPECTION, END};

static const struct option confirmation_options[] = {
    {"unit", "单位代码", "只设这个单位；默认各单位", 0}, END};

// clang-format off
static const struct command rows[] = {
    {"table confirm", "[表号|单位[/期次]]", 0, 1, confirm_options, cmd_table_confirm,
     "审核人确认填好的汇总表并报送",
     "填报人和审核人是两个人。审核人没有账号的：打印（table print），签字盖章后扫描，由填报人上传扫描件、"
     "照抄纸上的校验码确认，办公室再核对。",
     {"rectify table confirm", "rectify table confirm --paper 扫描件.pdf --hash 3f2a91c0…"}, UNIT,
     "汇总表的其他办理", COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"table print", "[表号|单位[/期次]]", 0, 1, print_options, cmd_table_print,
     "打印汇总表，供签字盖章", "打印页上有校验码；内容一改，校验码就变。",
     {"rectify table print --out 汇总表.html"}, UNIT, NULL, COMMAND_FOR},
    {"table withdraw", "[表号|单位/期次]", 0, 1, reason_options, cmd_table_withdraw,
     "撤回还没有审核的汇总表", "审核人不同意的，也用它退给填报人修改。",
     {"rectify table withdraw unit01/2026-11 --reason 百分比写错"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"table nil", "[表号|单位/期次]", 0, 1, reason_options, cmd_table_nil,
     "报本期无进展，说明理由", "办公室认为理由不成立的，会退回填报。连着两期就是进展停滞。",
     {"rectify table nil --reason 等待上级批复"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"table correct", "表号|单位/期次 编号…", 2, ARGS_ANY, correct_options, cmd_table_correct,
     "更正已归档的汇总表", "只动写明的行，产生新的一稿；原来的一稿保留，报过的数不变。",
     {"rectify table correct unit01/2026-10 P-07-M-03 --reason 数字抄错"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"table allowed", "[表号|单位/期次] [编号]", 0, 2, allowed_options, cmd_table_allowed,
     "这张表（或其中一行）现在能办什么", NULL,
     {"rectify table allowed unit01/2026-11 --all", "rectify table allowed unit01/2026-11 P-07-M-03"}, "", NULL},
    {"duty list", "", 0, 0, duty_list_options, cmd_duty_list, "要求报送哪些表", NULL,
     {"rectify duty list"}, "", NULL},
    {"office summary", "", 0, 0, summary_options, cmd_summary,
     "全部单位的《自查汇总表》", "按单位的正式排序；.xlsx 第二页是未报和迟报的单位，A3 横向打印。",
     {"rectify office summary --period 2026-11 --out 汇总.xlsx"}, OFFICE, "汇总"},
    {"office missing", "", 0, 0, missing_options, cmd_missing,
     "谁还没有报，逾期几天，找谁", NULL, {"rectify office missing --period 2026-11"}, OFFICE, NULL},
    {"office table return-nil", "表号|单位/期次", 1, 1, reason_options, cmd_table_nil_return,
     "退回“本期无进展”，要求填报", NULL,
     {"rectify office table return-nil unit01/2026-11 --reason 批复已下达"}, OFFICE, NULL, COMMAND_WRITES},
    {"office table waive", "表号|单位/期次", 1, 1, reason_options, cmd_table_waive,
     "免报一张表", NULL, {"rectify office table waive unit01/2026-10 --reason 方案十一月才交办"}, OFFICE,
     NULL, COMMAND_WRITES},
    {"office table lock", "表号|单位/期次", 1, 1, lock_options, cmd_table_lock,
     "归档一张审核通过的表", "每期结束后系统会自动归档。", {"rectify office table lock unit01/2026-10"},
     OFFICE, NULL, COMMAND_WRITES},
    {"office table confirmation", "自动|都要|都不要", 1, 1, confirmation_options, cmd_confirmation,
     "报送前要不要审核人确认", "自动：单位设了审核人席位的要确认（默认）。",
     {"rectify office table confirmation 都要 --unit unit01"}, OFFICE, NULL, COMMAND_WRITES},
    {"office duty set", "月表|季度表", 1, 1, duty_options, cmd_duty_set,
     "设定要求报送的表和日期", "季度表由各月审核通过的内容汇成，单位只需核对。",
     {"rectify office duty set 季度表 --day 10 --grace 2"}, OFFICE, NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(table, rows, false);
