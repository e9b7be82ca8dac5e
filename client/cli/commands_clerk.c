/* What a unit does every day: 签收, 填表, 求助, its claims and its alerts. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option sign_for_options[] = {
    {"all", NULL, "签收您单位全部待签收的措施", 0}, INSPECTION, END};

static const struct option table_options[] = {
    {"org", "单位代码", "哪个单位；默认自己的", 0},
    {"period", "期次", "哪个月，例如 2026-11；默认最早欠报的", 0},
    INSPECTION,
    END};

static const struct option table_export_options[] = {
    {"out", "文件", "导出到哪里（CSV，可用表格软件打开）；“-”是屏幕", OPTION_NEEDED},
    {"org", "单位代码", "哪个单位；默认自己的", 0},
    {"period", "期次", "哪个月，例如 2026-11；默认最早欠报的", 0},
    INSPECTION,
    END};

static const struct option table_list_options[] = {
    {"org", "单位代码", "只看这个单位", 0},
    {"period", "期次", "只看这个月，例如 2026-11", 0},
    {"state", "状态", "待填报、已报送、部分退回、审核通过 等，或 OPEN、SUBMITTED 等", 0},
    {"missing", NULL, "只看过期未报的", 0},
    {"late", NULL, "只看迟报的", 0},
    {"stalled", NULL, "只看有措施进展停滞的（两期以上没有新进展）", 0},
    {"quarter", NULL, "只看季度表", 0},
    INSPECTION,
    END};

static const struct option table_show_options[] = {
    {"org", "单位代码", "哪个单位；默认自己的", 0},
    {"period", "期次", "哪个月或季度，例如 2026-11、2026-Q4；默认最早欠报的", 0},
    {"versions", NULL, "连同各版本：谁在什么时候办理了什么", 0},
    {"version", "版本", "看从前的这一版", 0},
    INSPECTION,
    END};

static const struct option table_submit_options[] = {
    {"unchanged", NULL, "本期没有新进展：不用文件，按上期内容报送，如实注明", 0},
    {"attach", "编号=文件", "给这条措施附一份证明材料，后面可写 :类别", OPTION_MANY},
    {"org", "单位代码", "文件里没有表号时：哪个单位", 0},
    {"period", "期次", "文件里没有表号时：哪个月", 0},
    INSPECTION,
    END};

static const struct option ask_options[] = {INSPECTION, END};

static const struct option alert_list_options[] = {{"all", NULL, "连同已确认和已撤销的", 0}, END};

static const struct option alert_wait_options[] = {
    {"timeout", "秒", "最多等多久，默认 30；到时没有也算成功", 0},
    {"follow", NULL, "一直等下去，来一条显示一条", 0},
    {"from", "序号", "从这个序号之后开始；默认接着上次", 0},
    END};

static const struct option alert_ack_options[] = {{"all", NULL, "确认全部", 0}, END};

static const struct option claim_options[] = {
    {"evidence", "文件", "证明材料，后面可写 :类别（印发文件、工作记录、照片、数据、其他）",
     OPTION_MANY},
    {"happened-on", "日期", "发生的日期", 0},
    {"text", "文字", "取得了什么成效", 0},
    EXPECT,
    INSPECTION,
    END};

static const struct option withdraw_options[] = {{"reason", "理由", "为什么撤回", OPTION_NEEDED},
                                                 {"reason-code", "原因码", "默认 OTHER", 0},
                                                 EXPECT,
                                                 INSPECTION,
                                                 END};

// clang-format off
static const struct command rows[] = {
    {"todo", "", 0, 0, NULL, cmd_todo, "我现在要办什么",
     "列出待签收的措施、欠报或被退回的汇总表、待审核的内容和未确认的预警，最后告诉您该输入什么命令"
     "。", {"rectify todo"}, "", "日常办理", COMMAND_FOR},
    {"sign-for", "[编号…]", 0, ARGS_ANY, sign_for_options, cmd_sign_for, "签收措施",
     "可以一次签收多条，要么全部成功，要么一条也不签。",
     {"rectify sign-for P-07-M-03", "rectify sign-for --all"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"table", "", 0, 0, table_options, cmd_table_show, "看最早欠报的汇总表（同 table show）", NULL,
     {"rectify table"}, UNIT, NULL, COMMAND_FOR},
    {"table show", "[表号|单位[/期次]]", 0, 1, table_show_options, cmd_table_show, "看一张汇总表",
     "先列各行，再列各行的证明材料和编号；用 rectify evidence get 编号 下载。",
     {"rectify table show", "rectify table show unit01/2026-11"}, "", NULL, COMMAND_FOR},
    {"table list", "", 0, 0, table_list_options, cmd_table_list, "列出汇总表", NULL,
     {"rectify table list --missing", "rectify table list --state SUBMITTED"}, "", NULL},
    {"table export", "[表号|单位[/期次]]", 0, 1, table_export_options, cmd_table_export,
     "导出汇总表，用表格软件填写",
     "导出的 CSV 可以用 Excel、WPS 打开；只填“完成百分比”到“退步原因”各列。\n"
     "同名的旧文件如果内容不同，会改名保留（.bak），不会丢。已报送的表也能导出，但不能再报送。", {"rectify table export --out 汇总表.csv"}, UNIT, NULL,
     COMMAND_FOR},
    {"table submit", "[文件]", 0, 1, table_submit_options, cmd_table_submit, "报送填好的汇总表",
     "报送前先把全表查一遍，要改的地方一次列出。\n"
     "“证明材料”一列写的文件会一起上传（几个用分号隔开，相对于表所在的文件夹，后面可写 :类别）。\n"
     "读得懂 UTF-8、GBK 和制表符分隔的文件；.xlsx 请先另存为 CSV。\n"
     "本期没有新进展的，只写 --unchanged：一条命令报完，什么都不用重填；连着两期就是进展停滞。",
     {"rectify table submit 汇总表.csv",
     "rectify table submit 汇总表.csv --attach P-07-M-03=现场.jpg:照片", "rectify table submit --unchanged"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"ask", "编号 困难…", 2, ARGS_ANY, ask_options, cmd_ask, "求助：请办公室会商指导",
     "办公室应在 3 个工作日内答复；措施的期限不因此停止。",
     {"rectify ask P-07-M-03 资金没有落实，请协调财政部门"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"consultation list", "", 0, 0, NULL, cmd_consultation_list, "列出求助", NULL,
     {"rectify consultation list"}, "", NULL},
    {"alert list", "", 0, 0, alert_list_options, cmd_alert_list, "列出预警", NULL,
     {"rectify alert list"}, "", NULL},
    {"alert wait", "", 0, 0, alert_wait_options, cmd_alert_wait, "等新的预警",
     "有新的就显示并结束，到时没有也算成功。带 --follow -o json 时每行一个 JSON 对象，一条预警一行"
     "。",
     {"rectify alert wait --timeout 60", "rectify alert wait --follow -o json"}, "", NULL},
    {"alert ack", "[序号…]", 0, ARGS_ANY, alert_ack_options, cmd_alert_ack, "确认知悉预警", NULL,
     {"rectify alert ack 12", "rectify alert ack --all"}, "", NULL, COMMAND_WRITES | COMMAND_QUEUE},
    {"measure claim-effect", "编号 [文件…]", 1, ARGS_ANY, claim_options, cmd_claim_effect,
     "申请认定取得明显成效", "至少一份证明材料。",
     {"rectify measure claim-effect P-07-M-03 --evidence 照片.jpg"}, UNIT, "申请认定",
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"measure claim-complete", "编号 [文件…]", 1, ARGS_ANY, claim_options, cmd_claim_complete,
     "申请认定整改落实到位", "至少一份不只是“印发了文件”的证明材料。",
     {"rectify measure claim-complete P-07-M-03 --evidence 台账.xlsx:工作记录"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    {"measure withdraw", "编号", 1, 1, withdraw_options, cmd_claim_withdraw, "撤回未决定的申请",
     NULL, {"rectify measure withdraw P-07-M-03 --reason 材料要补充"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
};
// clang-format on
COMMAND_TABLE(clerk, rows, true);
