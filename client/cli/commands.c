/* The table itself. A new command is a row here, its options above, and its handler in cmd_….c. */
#include "client/cli/command.h"
#include "client/cli/handlers.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, NULL, NULL, 0                                                                        \
    }
#define INSPECTION                                                                                 \
    {                                                                                              \
        "inspection", "代码", "哪次巡视；只有一次时可以不写", 0                                    \
    }
#define UNIT "牵头单位"
#define OFFICE "领导小组办公室"
#define GROUP "领导小组"
#define ADMIN "系统管理员"
#define AUDIT "审计人员"

const struct option global_options[] = {
    {"profile", "名称", "用哪个配置（名称，或配置文件的路径）；也可设 RECTIFY_PROFILE", 0},
    {"home", "文件夹", "到“文件夹/profiles”里找配置；也可设 RECTIFY_HOME", 0},
    {"output", "格式", "简写 -o：table（默认）、json 或 csv", 0},
    {"for", "单位代码", "办公室代这个单位办理（代报）：签收、报送、求助、申请和撤回，以及为此看表",
     0},
    {"key", "办理编号", "再办一次结果未知的办理时，原样填上次显示的编号，不会重复办理", 0},
    {"timeout", "秒", "连同重试一共最多等多久，默认 30 秒", 0},
    {"help", NULL, "简写 -h：显示用法", 0},
    {"version", NULL, "简写 -V：显示版本", 0},
    END,
};

static const struct option inspection_options[] = {INSPECTION, END};

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
    INSPECTION,
    END};

static const struct option table_submit_options[] = {
    {"attach", "编号=文件", "给这条措施附一份证明材料，后面可写 :类别", OPTION_MANY},
    {"org", "单位代码", "文件里没有表号时：哪个单位", 0},
    {"period", "期次", "文件里没有表号时：哪个月", 0},
    INSPECTION,
    END};

static const struct option table_decide_options[] = {
    {"accept-all", NULL, "全部通过（只是行；申请认定另由 --confirm-claims 决定）", 0},
    {"confirm-claims", NULL, "连同各行的申请一并认定", 0},
    {"return-all", NULL, "全部退回（要写 --reason）", 0},
    {"row", "编号=意见", "逐行：编号=accept、编号=accept+confirm、编号=return:理由", OPTION_MANY},
    {"file", "文件", "CSV：措施编号,意见,认定,理由", 0},
    {"reason", "理由", "退回的理由", 0},
    {"reason-code", "原因码", "EVIDENCE_WEAK、EFFECT_UNCLEAR、WRONG_SCOPE、NARRATIVE_THIN、OTHER",
     0},
    {"next-check", "日期", "长期坚持的措施：下次复查日期", 0},
    END};

static const struct option allowed_options[] = {
    {"all", NULL, "连同现在不能办的，以及为什么不能", 0}, INSPECTION, END};

static const struct option ask_options[] = {INSPECTION, END};

static const struct option alert_list_options[] = {{"all", NULL, "连同已确认和已撤销的", 0}, END};
static const struct option alert_wait_options[] = {
    {"timeout", "秒", "最多等多久，默认 30；到时没有也算成功", 0},
    {"follow", NULL, "一直等下去，来一条显示一条", 0},
    {"from", "序号", "从这个序号之后开始；默认接着上次", 0},
    END};
static const struct option alert_ack_options[] = {{"all", NULL, "确认全部", 0}, END};

static const struct option measure_list_options[] = {
    {"problem", "问题编号", "只看这个问题的", 0},
    {"item", "项号", "只看这一项的", 0},
    {"unit", "单位代码", "只看这个牵头单位的", 0},
    {"leader", "代码", "只看这位区领导牵头的", 0},
    {"group", "代码", "只看这个专项小组的", 0},
    {"state", "状态", "待签收、整改中、成效待认定、已整改到位 等，或 ASSIGNED 等", 0},
    {"light", "灯", "正常、临期 或 超期", 0},
    {"limit", "条数", "最多几条；默认全部", 0},
    INSPECTION,
    END};

#define EXPECT                                                                                     \
    {                                                                                              \
        "expect-version", "版本", "您看到的版本；默认现在的版本", 0                                \
    }
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
static const struct option confirm_options[] = {
    {"next-check", "日期", "长期坚持的措施：下次复查日期", 0},
    {"reason", "意见", "意见", 0},
    EXPECT,
    INSPECTION,
    END};
static const struct option return_options[] = {
    {"reason-code", "原因码", "EVIDENCE_WEAK、EFFECT_UNCLEAR、WRONG_SCOPE 或 OTHER", OPTION_NEEDED},
    {"reason", "理由", "为什么退回，要补什么", OPTION_NEEDED},
    EXPECT,
    INSPECTION,
    END};

static const struct option problem_list_options[] = {{"item", "项号", "只看这一项的", 0},
                                                     {"unit", "单位代码", "只看这个牵头单位的", 0},
                                                     INSPECTION,
                                                     END};

static const struct option status_options[] = {
    {"by", "分组", "item、problem、unit、leader、group 或 none；默认 item", 0},
    {"as-of", "日期", "按哪一天计算期限；默认今天", 0},
    INSPECTION,
    END};

static const struct option inspection_create_options[] = {
    {"code", "代码", "例如 INS1", OPTION_NEEDED},
    {"name", "名称", "巡视的名称", OPTION_NEEDED},
    {"body", "名称", "被巡视党组织，几个用逗号隔开", OPTION_NEEDED | OPTION_MANY},
    {"feedback-date", "日期", "反馈日期", OPTION_NEEDED},
    {"report-day", "日", "每月几日前报送，1 到 28；默认 25", 0},
    {"first-period", "期次", "从哪个月开始报送，例如 2026-11", 0},
    END};
static const struct option import_options[] = {
    {"inspection", "代码", "导入到哪次巡视", 0}, {"dry-run", NULL, "只试读，不保存", 0}, END};
static const struct option plan_import_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED}, {"dry-run", NULL, "只试读，不保存", 0}, END};
static const struct option approve_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED}, {"opinion", "意见", "批准意见", 0}, END};

static const struct option calendar_import_options[] = {
    {"year", "年份", "文件里这一年的日期", OPTION_NEEDED}, END};
static const struct option calendar_show_options[] = {{"year", "年份", "默认今年", 0}, END};

static const struct option account_add_options[] = {
    {"display", "姓名", "显示的名称", OPTION_NEEDED},
    {"org", "单位代码", "在哪个单位", OPTION_NEEDED},
    {"role", "角色", "OFFICE、LGROUP、SGROUP、LEADER、PLEAD、DISC、ORGD、PUBL、AUDIT、ADMIN",
     OPTION_NEEDED},
    {"password-file", "文件", "初始密码；没有这个文件就随机生成", OPTION_NEEDED},
    {"code-file", "文件", "开通码；没有这个文件就随机生成", 0},
    END};
static const struct option account_code_options[] = {
    {"code-file", "文件", "开通码；没有这个文件就随机生成", OPTION_NEEDED}, END};
static const struct option enrol_options[] = {{"code-file", "文件", "管理员给的开通码文件", 0},
                                              {"code", "开通码", "或直接写开通码", 0},
                                              {"label", "名称", "这台机器叫什么；默认主机名", 0},
                                              END};
static const struct option revoke_options[] = {{"reason", "理由", "为什么停用", OPTION_NEEDED},
                                               END};
static const struct option passwd_options[] = {
    {"new-password-file", "文件", "新密码在这个文件里；不写就在终端询问", 0}, END};

static const struct option evidence_options[] = {
    {"out", "文件", "保存到哪里；“-”是屏幕（标准输出）", OPTION_NEEDED}, END};
static const struct option out_options[] = {{"out", "文件", "保存到哪里", OPTION_NEEDED}, END};
static const struct option verify_options[] = {
    {"key", "公钥", "日志公钥（64 位十六进制或 base64）；默认用本机保存的", 0},
    {"head", "文件", "先前保存的签名（rectify audit head 的输出）", OPTION_MANY},
    {"tenant", "代码", "应当是哪个区县的日志", 0},
    END};

/* One row is one paragraph here, wrapped by hand. clang-format would give each field a line. */
// clang-format off
const struct command commands[] = {
    {"todo", "", 0, 0, NULL, cmd_todo, "我现在要办什么",
     "列出待签收的措施、欠报或被退回的汇总表、待审核的内容和未确认的预警，最后告诉您该输入什么命令"
     "。", {"rectify todo"}, "", "日常办理", COMMAND_FOR},
    {"sign-for", "[编号…]", 0, ARGS_ANY, sign_for_options, cmd_sign_for, "签收措施",
     "可以一次签收多条，要么全部成功，要么一条也不签。",
     {"rectify sign-for P-07-M-03", "rectify sign-for --all"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES},
    {"table", "", 0, 0, table_options, cmd_table_show, "看最早欠报的汇总表（同 table show）", NULL,
     {"rectify table"}, UNIT, NULL, COMMAND_FOR},
    {"table show", "[表号|单位[/期次]]", 0, 1, table_options, cmd_table_show, "看一张汇总表",
     "先列各行，再列各行的证明材料和编号；用 rectify evidence get 编号 下载。",
     {"rectify table show", "rectify table show unit01/2026-11"}, "", NULL, COMMAND_FOR},
    {"table list", "", 0, 0, table_list_options, cmd_table_list, "列出汇总表", NULL,
     {"rectify table list --missing", "rectify table list --state SUBMITTED"}, "", NULL},
    {"table export", "[表号|单位[/期次]]", 0, 1, table_export_options, cmd_table_export,
     "导出汇总表，用表格软件填写",
     "导出的 CSV 可以用 Excel、WPS 打开；只填“完成百分比”到“退步原因”各列。\n"
     "同名的旧文件如果内容不同，会改名保留（.bak），不会丢。已报送的表也能导出，但不能再报送。", {"rectify table export --out 汇总表.csv"}, UNIT, NULL,
     COMMAND_FOR},
    {"table submit", "文件", 1, 1, table_submit_options, cmd_table_submit, "报送填好的汇总表",
     "报送前先把全表查一遍，要改的地方一次列出。\n"
     "“证明材料”一列写的文件会一起上传（几个用分号隔开，相对于表所在的文件夹，后面可写 :类别）。\n"
     "读得懂 UTF-8、GBK 和制表符分隔的文件；.xlsx 请先另存为 CSV。",
     {"rectify table submit 汇总表.csv",
     "rectify table submit 汇总表.csv --attach P-07-M-03=现场.jpg:照片"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES},
    {"table decide", "表号|单位[/期次]", 1, 1, table_decide_options, cmd_table_decide,
     "逐行审核汇总表", "退回必须写理由。未写到的行保持待审核，可以以后再审核；已退回的行等单位重新报送。",
     {"rectify table decide unit01 --accept-all --confirm-claims",
     "rectify table decide unit01/2026-11 --row P-07-M-03=return:证明材料不足"}, OFFICE, NULL,
     COMMAND_WRITES},
    {"ask", "编号 困难…", 2, ARGS_ANY, ask_options, cmd_ask, "求助：请办公室会商指导",
     "办公室应在 3 个工作日内答复；措施的期限不因此停止。",
     {"rectify ask P-07-M-03 资金没有落实，请协调财政部门"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES},
    {"consultation list", "", 0, 0, NULL, cmd_consultation_list, "列出求助", NULL,
     {"rectify consultation list"}, "", NULL},
    {"alert list", "", 0, 0, alert_list_options, cmd_alert_list, "列出预警", NULL,
     {"rectify alert list"}, "", NULL},
    {"alert wait", "", 0, 0, alert_wait_options, cmd_alert_wait, "等新的预警",
     "有新的就显示并结束，到时没有也算成功。带 --follow -o json 时每行一个 JSON 对象，一条预警一行"
     "。",
     {"rectify alert wait --timeout 60", "rectify alert wait --follow -o json"}, "", NULL},
    {"alert ack", "[序号…]", 0, ARGS_ANY, alert_ack_options, cmd_alert_ack, "确认知悉预警", NULL,
     {"rectify alert ack 12", "rectify alert ack --all"}, "", NULL, COMMAND_WRITES},
    {"status", "", 0, 0, status_options, cmd_status, "整改进展总览",
     "每个数字都写明按哪一天、哪一版方案计算；分组后的明细用 rectify measure list 查看。",
     {"rectify status", "rectify status --by unit", "rectify status -o json"}, "", "查看"},
    {"measure list", "", 0, 0, measure_list_options, cmd_measure_list, "列出措施", NULL,
     {"rectify measure list --light 超期", "rectify measure list --problem P-07"}, "", NULL},
    {"measure show", "编号", 1, 1, inspection_options, cmd_measure_show, "看一条措施", NULL,
     {"rectify measure show P-07-M-03"}, "", NULL},
    {"measure allowed", "编号", 1, 1, allowed_options, cmd_measure_allowed,
     "这条措施现在能办什么", "按您的席位和措施现在的状态列出；带 --all 时也列出不能办的和原因。",
     {"rectify measure allowed P-07-M-03", "rectify measure allowed P-07-M-03 --all"}, "", NULL},
    {"problem list", "", 0, 0, problem_list_options, cmd_problem_list, "列出问题", NULL,
     {"rectify problem list --unit unit01"}, "", NULL},
    {"problem show", "编号", 1, 1, inspection_options, cmd_problem_show, "看一个问题", NULL,
     {"rectify problem show P-07"}, "", NULL},
    {"evidence get", "编号", 1, 1, evidence_options, cmd_evidence_get, "下载一份证明材料",
     "编号见 rectify table show 或 rectify measure show。下载的内容与登记的 SHA-256 核对。",
     {"rectify evidence get 0190… --out 材料.pdf"}, "", NULL},
    {"measure claim-effect", "编号 [文件…]", 1, ARGS_ANY, claim_options, cmd_claim_effect,
     "申请认定取得明显成效", "至少一份证明材料。",
     {"rectify measure claim-effect P-07-M-03 --evidence 照片.jpg"}, UNIT, "申请与认定",
     COMMAND_FOR | COMMAND_WRITES},
    {"measure claim-complete", "编号 [文件…]", 1, ARGS_ANY, claim_options, cmd_claim_complete,
     "申请认定整改落实到位", "至少一份不只是“印发了文件”的证明材料。",
     {"rectify measure claim-complete P-07-M-03 --evidence 台账.xlsx:工作记录"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES},
    {"measure withdraw", "编号", 1, 1, withdraw_options, cmd_claim_withdraw, "撤回未决定的申请",
     NULL, {"rectify measure withdraw P-07-M-03 --reason 材料要补充"}, UNIT, NULL,
     COMMAND_FOR | COMMAND_WRITES},
    {"measure confirm", "编号", 1, 1, confirm_options, cmd_claim_confirm, "认定申请", NULL,
     {"rectify measure confirm P-07-M-03"}, OFFICE, NULL, COMMAND_WRITES},
    {"measure return", "编号", 1, 1, return_options, cmd_claim_return, "退回申请", NULL,
     {"rectify measure return P-07-M-03 --reason-code EVIDENCE_WEAK --reason 没有整改后的照片"},
     OFFICE, NULL, COMMAND_WRITES},
    {"inspection create", "", 0, 0, inspection_create_options, cmd_inspection_create,
     "建立一次巡视", NULL,
     {"rectify inspection create --code INS1 --name 样例巡视 --body 样例区委 --feedback-date "
     "2026-09-30"}, OFFICE, "巡视与方案", COMMAND_WRITES},
    {"inspection import", "文件", 1, 1, import_options, cmd_inspection_import,
     "从反馈或通报文档读入项、问题、措施",
     "先用 --dry-run 试读，看提醒；再去掉它正式导入。重新导入按编号更新。",
     {"rectify inspection import 通报.txt --dry-run",
     "rectify inspection import 通报.txt --inspection INS1"}, OFFICE, NULL, COMMAND_WRITES},
    {"inspection list", "", 0, 0, NULL, cmd_inspection_list, "列出巡视", NULL,
     {"rectify inspection list"}, "", NULL},
    {"plan import", "文件", 1, 1, plan_import_options, cmd_plan_import,
     "从方案表（CSV）读入牵头、参与单位和期限", NULL,
     {"rectify plan import 方案.csv --inspection INS1 --dry-run"}, OFFICE, NULL, COMMAND_WRITES},
    {"plan approve", "", 0, 0, approve_options, cmd_plan_approve, "批准方案",
     "批准后方案冻结，措施交办到牵头单位。", {"rectify plan approve --inspection INS1"}, GROUP,
     NULL, COMMAND_WRITES},
    {"org import", "文件", 1, 1, NULL, cmd_org_import, "导入组织机构",
     "CSV：code,name,kind,parent,sort_order,sample。按代码新增或更新，要么全部成功，要么都不改。",
     {"rectify org import 组织.csv"}, ADMIN, "管理", COMMAND_WRITES},
    {"org list", "", 0, 0, NULL, cmd_org_list, "列出组织机构", NULL, {"rectify org list"}, "",
     NULL},
    {"account add", "账号", 1, 1, account_add_options, cmd_account_add, "建立账号", NULL,
     {"rectify account add unit01 --display 样例填报人 --org unit01 --role PLEAD --password-file "
     "pw --code-file code"}, ADMIN, NULL, COMMAND_WRITES},
    {"account code", "账号", 1, 1, account_code_options, cmd_account_code,
     "再发一个开通码（换机器或多一台机器）", NULL,
     {"rectify account code unit01 --code-file code2"}, ADMIN, NULL, COMMAND_WRITES},
    {"machine enrol", "", 0, 0, enrol_options, cmd_machine_enrol, "开通本机",
     "第一次会生成本机密钥；已经开通的机器再运行不会改变什么，被停用的机器用新的开通码重新开通。",
     {"rectify machine enrol --code-file code"}, "", NULL},
    {"machine list", "", 0, 0, NULL, cmd_machine_list, "列出已开通的机器", NULL,
     {"rectify machine list"}, "", NULL},
    {"machine revoke", "编号", 1, 1, revoke_options, cmd_machine_revoke, "停用一台机器", NULL,
     {"rectify machine revoke 0190… --reason 电脑丢失"}, ADMIN, NULL, COMMAND_WRITES},
    {"calendar import", "文件", 1, 1, calendar_import_options, cmd_calendar_import,
     "导入一年的节假日和调休", "CSV：date,kind（off 放假、work 补班）,name。",
     {"rectify calendar import 2026.csv --year 2026"}, ADMIN, NULL, COMMAND_WRITES},
    {"calendar show", "", 0, 0, calendar_show_options, cmd_calendar_show, "看工作日历", NULL,
     {"rectify calendar show --year 2026"}, "", NULL},
    {"ladder show", "", 0, 0, NULL, cmd_ladder_show, "看预警阶梯", NULL, {"rectify ladder show"},
     "", NULL},
    {"audit export", "", 0, 0, out_options, cmd_audit_export, "导出办理日志", NULL,
     {"rectify audit export --out 日志.txt"}, AUDIT, "审计"},
    {"audit verify", "文件", 1, 1, verify_options, cmd_audit_verify, "核验导出的日志（不用联网）",
     "检查每一条日志和签名，指出第一条有问题的；通过时退出码 0，不通过时 8。",
     {"rectify audit verify 日志.txt", "rectify audit verify 日志.txt --key 公钥"}, AUDIT, NULL},
    {"audit head", "", 0, 0, NULL, cmd_audit_head, "看日志的最新签名", NULL,
     {"rectify audit head >head.txt"}, AUDIT, NULL},
    {"login", "", 0, 0, NULL, cmd_login, "登录",
     "密码取自配置的 password_file；没有就在终端询问（不显示）。", {"rectify login"}, "",
     "账号与系统"},
    {"logout", "", 0, 0, NULL, cmd_logout, "退出登录", NULL, {"rectify logout"}, "", NULL},
    {"whoami", "", 0, 0, NULL, cmd_whoami, "我是谁，有哪些席位", NULL, {"rectify whoami"}, "",
     NULL},
    {"passwd", "", 0, 0, passwd_options, cmd_passwd, "修改密码", NULL, {"rectify passwd"}, "",
     NULL, COMMAND_WRITES},
    {"health", "", 0, 0, NULL, cmd_health, "服务器是否正常", NULL, {"rectify health"}, "", NULL},
    {"describe", "[名称]", 0, 1, NULL, cmd_describe, "服务器有哪些方法，谁能用", "给写程序的人看；说明是接口文件里的英文原文。",
     {"rectify describe SignFor"}, "", NULL},
    {"version", "", 0, 0, NULL, cmd_version, "本程序的版本", NULL, {"rectify version"}, "", NULL},
    {"help", "[命令|exit-codes]", 0, 2, NULL, cmd_help, "用法", NULL,
     {"rectify help", "rectify help table submit", "rectify help exit-codes"}, "", NULL},
};
// clang-format on
const size_t command_count = sizeof commands / sizeof commands[0];
