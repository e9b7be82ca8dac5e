/* What only the office and the leading group do, under `office`. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

static const struct option table_decide_options[] = {
    {"accept-all", NULL, "全部通过（只是行；申请认定另由 --confirm-claims 决定）", 0},
    {"confirm-claims", NULL, "连同各行的申请一并认定", 0},
    {"return-all", NULL, "全部退回（要写 --reason）", 0},
    {"row", "编号=意见", "逐行：编号=accept、编号=accept+confirm、编号=return:理由", OPTION_MANY},
    {"file", "文件", "CSV：措施编号,意见,认定,理由", 0},
    {"paper-checked", NULL, "审核人用纸质件确认的：已核对扫描件上的签字、印章和校验码", 0},
    {"reason", "理由", "退回的理由", 0},
    {"reason-code", "原因码", "EVIDENCE_WEAK、EFFECT_UNCLEAR、WRONG_SCOPE、NARRATIVE_THIN、OTHER",
     0},
    {"next-check", "日期", "长期坚持的措施：下次复查日期", 0},
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

static const struct option inspection_create_options[] = {
    {"code", "代码", "例如 INS1", OPTION_NEEDED},
    {"name", "名称", "巡视的名称", OPTION_NEEDED},
    {"body", "名称", "被巡视党组织，几个用逗号隔开", OPTION_NEEDED | OPTION_MANY},
    {"feedback-date", "日期", "反馈日期", OPTION_NEEDED},
    {"report-day", "日", "每月几日前报送，1 到 28；默认 25", 0},
    {"first-period", "期次", "从哪个月开始报送，例如 2026-11", 0},
    END};

static const struct option import_options[] = {
    {"inspection", "代码", "导入到哪次巡视", 0},
    {"dry-run", NULL, "只试读，不保存", 0},
    {"document", "名称", "这些问题属于哪份方案文本（名称或种类）", 0},
    END};

static const struct option plan_import_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},
    {"dry-run", NULL, "只试读，不保存", 0},
    {"document", "名称", "表中问题属于哪份方案文本（名称或种类）", 0},
    END};

static const struct option approve_options[] = {
    {"inspection", "代码", "哪次巡视", OPTION_NEEDED},
    {"opinion", "意见", "批准意见", 0},
    {"plan", "编号", "哪一份草案；只有一份时可以不写", 0},
    END};

// clang-format off
static const struct command rows[] = {
    {"office table decide", "表号|单位[/期次]", 1, 1, table_decide_options, cmd_table_decide,
     "逐行审核汇总表", "退回必须写理由。未写到的行保持待审核，可以以后再审核；已退回的行等单位重新报送。",
     {"rectify office table decide unit01 --accept-all --confirm-claims",
     "rectify office table decide unit01/2026-11 --row P-07-M-03=return:证明材料不足"}, OFFICE, "审核与认定",
     COMMAND_WRITES},
    {"office measure confirm", "编号", 1, 1, confirm_options, cmd_claim_confirm, "认定申请", NULL,
     {"rectify office measure confirm P-07-M-03"}, OFFICE, NULL, COMMAND_WRITES},
    {"office measure return", "编号", 1, 1, return_options, cmd_claim_return, "退回申请", NULL,
     {"rectify office measure return P-07-M-03 --reason-code EVIDENCE_WEAK --reason 没有整改后的照片"},
     OFFICE, NULL, COMMAND_WRITES},
    {"office inspection create", "", 0, 0, inspection_create_options, cmd_inspection_create,
     "建立一次巡视", NULL,
     {"rectify office inspection create --code INS1 --name 样例巡视 --body 样例区委 --feedback-date "
     "2026-09-30"}, OFFICE, "巡视与方案", COMMAND_WRITES},
    {"office inspection import", "文件", 1, 1, import_options, cmd_inspection_import,
     "从反馈或通报文档读入项、问题、措施",
     "先用 --dry-run 试读，看提醒；再去掉它正式导入。重新导入按编号更新。",
     {"rectify office inspection import 通报.txt --dry-run",
     "rectify office inspection import 通报.txt --inspection INS1"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan import", "文件", 1, 1, plan_import_options, cmd_plan_import,
     "从方案表（CSV）读入牵头、参与单位和期限", NULL,
     {"rectify office plan import 方案.csv --inspection INS1 --dry-run"}, OFFICE, NULL, COMMAND_WRITES},
    {"office plan approve", "", 0, 0, approve_options, cmd_plan_approve, "批准方案",
     "批准后方案冻结，措施交办到牵头单位。", {"rectify office plan approve --inspection INS1"}, GROUP,
     NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(office, rows, false);
