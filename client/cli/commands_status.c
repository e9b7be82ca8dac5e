/* Where the whole stands, what is behind each number, what changed: for whoever leads. */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define AS_OF                                                                                      \
    {                                                                                              \
        "as-of", "日期", "按哪一天（当天结束时）的情况；默认现在", 0                               \
    }
#define BY "item、problem、measure、unit、leader、group、aspect、body、inspection"

static const struct option status_options[] = {
    {"by", "分组", BY " 或 none；默认 item", 0},
    {"original", NULL, "超期按原定期限（不计延期）显示", 0},
    {"sort", "列", "按 overdue（超期）、done（到位）或 since（超期起）排列；默认按规定次序", 0},
    AS_OF,
    INSPECTION,
    END};

static const struct option list_options[] = {
    {"by", "分组", "与 --key 同用：" BY, 0},
    {"key", "代码", "只看这一组的：项号、问题编号、单位代码等", 0},
    AS_OF,
    INSPECTION,
    END};

static const struct option exceptions_options[] = {
    {"by", "分组", BY "；默认 unit", 0}, AS_OF, INSPECTION, END};

static const struct option changes_options[] = {
    {"since", "日期", "从这一天结束时算起", OPTION_NEEDED}, AS_OF, INSPECTION, END};

static const struct option ageing_options[] = {AS_OF, INSPECTION, END};

static const struct option causes_options[] = {
    {"since", "日期", "只看这一天以后提出的", 0}, AS_OF, INSPECTION, END};

// clang-format off
static const struct command rows[] = {
    {"status", "", 0, 0, status_options, cmd_status, "整改进展总览",
     "可看任何一天：状态、期限、牵头单位和方案版本都按那一天结束时的；还没有到的日子是推算，会注明。不排名次。",
     {"rectify status", "rectify status --by unit --as-of 2026-11-01", "rectify status -o json"}, "",
     "整改进展"},
    {"status list", "数字名", 1, 1, list_options, cmd_status_list, "一个数字背后的清单",
     "条数与数字一致。数字名（也可写 status -o json 里的英文名，如 overdue）：\n"
     "措施：未审定、待签收、整改中、申请待认定、已取得明显成效、已整改到位、持续坚持、到位合计、未到位、超期、"
     "按原定期限超期、临期、办公室逾期未认定\n"
     "问题：项、反馈问题、销号会审中、已销号、其他来源问题、其他来源已销号\n"
     "汇总表：到期应报汇总表、未报汇总表、逾期报送、零报告、免报",
     {"rectify status list 超期", "rectify status list 超期 --by unit --key unit01"}, "", NULL},
    {"status exceptions", "", 0, 0, exceptions_options, cmd_status_exceptions,
     "例外清单：谁落后、从哪天起", "只列有超期或未报的，按规定次序，不排名次。",
     {"rectify status exceptions", "rectify status exceptions --by problem"}, "", NULL},
    {"status changes", "", 0, 0, changes_options, cmd_status_changes, "某天以来的变化",
     "新到位、新超期、重新打开、新销号、延期、新增，按单位合计并逐条列出。",
     {"rectify status changes --since 2026-11-01"}, "", NULL},
    {"status ageing", "", 0, 0, ageing_options, cmd_status_ageing, "在办时长和各环节用时",
     "等单位的和等办公室的分开列。", {"rectify status ageing"}, "", NULL},
    {"status causes", "", 0, 0, causes_options, cmd_status_causes, "共性问题",
     "退回、不同意、重新打开、延期的理由，按代码和项计数；整改轮次和延期结果。",
     {"rectify status causes", "rectify status causes --since 2026-10-01"}, "", NULL},
};
// clang-format on
COMMAND_TABLE(status, rows, true);
