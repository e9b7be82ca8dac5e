/* Matters (事项): extensions, notices, consultations, talks, rounds, instructions, opinions. The
 * words of a row name its kind and command (cmd_matter.c). */
#include "client/cli/command_rows.h"
#include "client/cli/handlers.h"

#define REASON                                                                                                  \
    {"reason", "理由", "写明理由", OPTION_NEEDED},                                                              \
    {                                                                                                           \
        "reason-code", "原因码",                                                                                \
            "OTHER（默认）、NOT_NEEDED 不需要、DUPLICATE 重复、POLICY_CHANGED 政策有变、"      \
            "FUNDS_OR_PEOPLE 资金或人手不足、COORDINATION 需要协调、OUTSIDE_CAUSE 外部原因、" \
            "UNANSWERED 逾期未答复",                                                                            \
            0                                                                                                   \
    }
#define TITLE                                                                                      \
    {                                                                                              \
        "title", "名称", "简短的名称", 0                                                           \
    }
#define PLACE                                                                                      \
    {"measure", "编号", "关于哪条措施", 0}, {"problem", "编号", "关于哪个问题（不写措施时）", 0},  \
    {                                                                                              \
        "unit", "单位代码", "发给哪个单位；默认牵头单位", 0                                        \
    }

static const struct option list_options[] = {
    {"kind", "类别", "consultation、extension、notice、talk、round、instruction、opinion", 0},
    {"state", "状态", "例如 ISSUED", 0},
    {"unit", "单位代码", "只看这个单位的", 0},
    {"measure", "编号", "只看这条措施的", 0},
    {"holder", "代码", "只看现由谁办的", 0},
    {"mine", NULL, "只看等我办的", 0},
    {"overdue", NULL, "只看过了时限的", 0},
    {"all", NULL, "连同已办结的", 0},
    INSPECTION,
    END};

static const struct option plain_options[] = {EXPECT, END};
static const struct option reason_options[] = {REASON, EXPECT, END};

static const struct option extension_ask_options[] = {
    {"until", "日期", "延到哪一天", OPTION_NEEDED},
    {"milestone", "哪个时限", "明显成效 或 整改到位；默认整改到位", 0},
    {"late", NULL, "已经过了时限，补办申请（已超期的天数照计）", 0},
    REASON,
    INSPECTION,
    END};

static const struct option schedule_options[] = {{"on", "日期", "哪一天", OPTION_NEEDED},
                                                 {"title", "安排", "地点和参加单位", 0},
                                                 {"reason", "理由", "改期时写明", 0},
                                                 {"reason-code", "原因码", "默认 OTHER", 0},
                                                 EXPECT,
                                                 END};

static const struct option decide_options[] = {{"task", "单位=日期=内容",
                                                "一项议定事项：承办单位、完成日期、内容",
                                                OPTION_NEEDED | OPTION_MANY},
                                               EXPECT,
                                               END};

static const struct option notice_propose_options[] = {
    PLACE,
    {"level", "级别", "1 办公室、2 牵头区领导、3 领导小组；默认 1", 0},
    {"urgent", NULL, "紧急：可以不等上一级督办单的结论", 0},
    TITLE,
    INSPECTION,
    END};

static const struct option notice_issue_options[] = {
    {"days", "工作日", "几个工作日内回复；默认 5", 0},
    {"urgent", NULL, "紧急：可以不等上一级督办单的结论", 0},
    TITLE,
    {"text", "内容", "替换拟稿的内容", 0},
    EXPECT,
    END};

static const struct option talk_propose_options[] = {
    PLACE, {"holder", "代码", "由谁约谈：纪委监委（默认）或组织部", 0}, TITLE, INSPECTION, END};

static const struct option on_options[] = {{"on", "日期", "哪一天", OPTION_NEEDED}, EXPECT, END};

static const struct option talk_record_options[] = {
    {"file", "文件", "谈话记录（文字文件）；只有实施约谈的单位看得到", OPTION_NEEDED}, EXPECT, END};

static const struct option round_plan_options[] = {
    {"on", "日期", "从哪一天开始", OPTION_NEEDED},
    {"measure", "编号", "抽查哪条措施，可写多次", OPTION_MANY},
    {"per-unit", "条数", "每个牵头单位随机抽几条", 0},
    {"seed", "种子", "随机抽取的种子，留存备查；默认由系统定", 0},
    TITLE,
    INSPECTION,
    END};

static const struct option round_edit_options[] = {
    {"on", "日期", "从哪一天开始", 0},
    {"measure", "编号", "抽查哪条措施，可写多次", OPTION_MANY},
    {"per-unit", "条数", "每个牵头单位随机抽几条", 0},
    {"seed", "种子", "随机抽取的种子，留存备查；默认由系统定", 0},
    TITLE,
    {"text", "内容", "督查什么", 0},
    EXPECT,
    END};

static const struct option judge_options[] = {{"verdict", "编号=结论",
                                               "属实、部分属实、不属实、未看到；后面写 :现场情况",
                                               OPTION_NEEDED | OPTION_MANY},
                                              EXPECT,
                                              END};

static const struct option finalize_options[] = {
    {"due", "日期", "重新整改的措施：新的整改落实到位时限", 0},
    {"effect-due", "日期", "重新整改的措施：新的取得明显成效时限（立行立改的没有）", 0},
    {"dates", "编号=成效日期,到位日期", "单条措施的新时限，可写多次；立行立改的只写到位日期",
     OPTION_MANY},
    EXPECT,
    END};

static const struct option instruction_issue_options[] = {
    {"unit", "单位代码", "批给哪个单位", OPTION_NEEDED},
    {"due", "日期", "什么时候报结果", OPTION_NEEDED},
    {"holder", "代码", "办公室代录时：谁的批示", 0},
    {"measure", "编号", "关于哪条措施", 0},
    {"problem", "编号", "关于哪个问题", 0},
    TITLE,
    INSPECTION,
    END};

static const struct option opinion_receive_options[] = {
    {"origin", "来源", "PHONE 来电、LETTER 来信、MAIL 邮件、VISIT 来访、OTHER 其他", OPTION_NEEDED},
    {"sender", "来件人", "只有办公室看得到", 0},
    {"measure", "编号", "关于哪条措施", 0},
    {"problem", "编号", "关于哪个问题", 0},
    TITLE,
    INSPECTION,
    END};

static const struct option opinion_assign_options[] = {
    {"unit", "单位代码", "转给哪个单位", OPTION_NEEDED},
    {"due", "日期", "什么时候答复", OPTION_NEEDED},
    {"reason", "理由", "改派时写明", 0},
    {"reason-code", "原因码", "默认 OTHER", 0},
    EXPECT,
    END};

static const struct option share_options[] = {INSPECTION, END};

static const struct option clue_record_options[] = {
    {"done", NULL, "已办结", 0}, {"problem", "编号", "涉及哪个问题", 0}, INSPECTION, END};

#define DISC_ORGD "纪委监委、组织部"
#define CHIEF "牵头区领导、领导小组"

// clang-format off
#define LIST(kind, zh) \
    {kind " list", "", 0, 0, list_options, cmd_matter_list, "列出" zh, NULL, {"rectify " kind " list --mine"}, "", NULL}
#define STEP(words, arguments, least, most, options, summary, who) \
    {words, arguments, least, most, options, cmd_matter_do, summary, NULL, {"rectify " words " " who}, "", NULL, COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE}
#define OFFICE_STEP(words, arguments, least, most, options, summary, example, who) \
    {"office " words, arguments, least, most, options, cmd_matter_do, summary, NULL, {"rectify office " words " " example}, who, NULL, COMMAND_WRITES}

static const struct command rows[] = {
    {"matter list", "", 0, 0, list_options, cmd_matter_list, "列出会商、延期、督办、约谈等事项",
     "默认只列在办的。", {"rectify matter list --mine", "rectify matter list --kind notice --overdue"}, "", "会商、延期、督办等事项"},
    {"matter show", "编号", 1, 1, NULL, cmd_matter_show, "看一件事项：内容、经过、现在可以办什么", NULL,
     {"rectify matter show DB-0001"}, "", NULL},
    LIST("extension", "延期申请"),
    LIST("notice", "督办单"),
    LIST("talk", "约谈"),
    LIST("round", "专项督查"),
    LIST("instruction", "批示"),
    LIST("opinion", "意见建议"),
    {"extension ask", "编号", 1, 1, extension_ask_options, cmd_matter_do, "申请延期",
     "到期前申请；过了时限要加 --late，已超期的天数照计。原定时限始终保留。",
     {"rectify extension ask P-07-M-03 --until 2026-12-15 --reason 需要市级部门配合"}, UNIT, NULL, COMMAND_FOR | COMMAND_WRITES | COMMAND_QUEUE},
    STEP("extension withdraw", "编号", 1, 1, reason_options, "撤回延期申请", "YQ-0001 --reason 可以按期完成"),
    STEP("notice sign", "编号", 1, 1, plain_options, "签收督办单", "DB-0001"),
    STEP("notice reply", "编号 办理情况…", 2, ARGS_ANY, plain_options, "回复督办单", "DB-0001 已加派人手，月底完成"),
    STEP("instruction sign", "编号", 1, 1, plain_options, "签收批示", "PS-0001"),
    STEP("instruction reply", "编号 办理情况…", 2, ARGS_ANY, plain_options, "报告批示的办理结果", "PS-0001 已办结"),
    STEP("opinion answer", "编号 答复…", 2, ARGS_ANY, plain_options, "答复意见建议", "YJ-0001 已修复"),
    STEP("opinion return", "编号", 1, 1, reason_options, "不是本单位的事，退回办公室", "YJ-0001 --reason 不属本单位"),
    STEP("consultation withdraw", "编号", 1, 1, reason_options, "撤回求助", "HS-0001 --reason 已经解决"),
    STEP("consultation finish-task", "编号 序号 办理情况…", 3, ARGS_ANY, plain_options, "办结本单位的一项议定事项", "HS-0001 1 数据已提供"),
    {"round share", "[编号]", 0, 1, share_options, cmd_round_share, "各单位的进展有多少经核查属实",
     "属实 ÷（属实＋部分属实＋不属实）；未看到的不计。不写编号时计全部已定论的督查。", {"rectify round share"}, "", NULL},
    {"clue list", "", 0, 0, share_options, cmd_clue_list, "列出问题线索的编号和是否办结", NULL, {"rectify clue list"}, "纪委监委、办公室", NULL},
    OFFICE_STEP("extension approve", "编号 [意见…]", 1, ARGS_ANY, plain_options, "批准延期", "YQ-0001", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("extension reject", "编号", 1, 1, reason_options, "不批准延期", "YQ-0001 --reason 可以按期完成", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("consultation triage", "编号 [意见…]", 1, ARGS_ANY, plain_options, "受理求助", "HS-0001", OFFICE),
    OFFICE_STEP("consultation schedule", "编号", 1, 1, schedule_options, "安排会商", "HS-0001 --on 2026-11-20", OFFICE),
    OFFICE_STEP("consultation hold", "编号", 1, 1, plain_options, "会商完毕", "HS-0001", OFFICE),
    OFFICE_STEP("consultation decide", "编号 [议定意见…]", 1, ARGS_ANY, decide_options, "登记议定事项", "HS-0001 --task unit02=2026-11-20=提供数据", OFFICE),
    OFFICE_STEP("consultation close", "编号", 1, 1, plain_options, "议定事项都办结了，会商办结", "HS-0001", OFFICE),
    OFFICE_STEP("notice propose", "内容…", 1, ARGS_ANY, notice_propose_options, "拟督办单", "请说明原因并限期整改 --measure P-07-M-03", OFFICE),
    OFFICE_STEP("notice issue", "编号", 1, 1, notice_issue_options, "发出督办单", "DB-0001 --days 5", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("notice dismiss", "编号", 1, 1, reason_options, "不予发出", "DB-0001 --reason 单位已说明", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("notice clear", "编号", 1, 1, plain_options, "达到要求，销单", "DB-0001", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("notice fail", "编号", 1, 1, reason_options, "不达要求（可升级督办）", "DB-0001 --reason 没有写明措施", "办公室、牵头区领导、领导小组"),
    OFFICE_STEP("notice expire", "编号", 1, 1, reason_options, "到期没有回复，认定不达要求", "DB-0001 --reason 逾期未回复", OFFICE),
    OFFICE_STEP("talk propose", "事由…", 1, ARGS_ANY, talk_propose_options, "提请约谈", "进展长期停滞 --measure P-07-M-03", "办公室、纪委监委、组织部"),
    OFFICE_STEP("talk approve", "编号", 1, 1, on_options, "批准约谈，由本单位实施", "YT-0001 --on 2026-11-20", DISC_ORGD),
    OFFICE_STEP("talk decline", "编号", 1, 1, reason_options, "不予约谈", "YT-0001 --reason 情况已说明", DISC_ORGD),
    OFFICE_STEP("talk hold", "编号", 1, 1, plain_options, "约谈完毕", "YT-0001", DISC_ORGD),
    OFFICE_STEP("talk record", "编号", 1, 1, talk_record_options, "存谈话记录，只有本单位看得到", "YT-0001 --file 记录.txt", DISC_ORGD),
    OFFICE_STEP("talk finish", "编号", 1, 1, plain_options, "约谈办结", "YT-0001", DISC_ORGD),
    OFFICE_STEP("talk refer", "编号", 1, 1, reason_options, "移交，按规定追责问责", "YT-0001 --reason 另行处理", DISC_ORGD),
    OFFICE_STEP("round plan", "[督查内容…]", 0, ARGS_ANY, round_plan_options, "制定专项督查计划", "--on 2026-11-20 --per-unit 2", "办公室、专项小组、纪委监委、组织部"),
    OFFICE_STEP("round edit", "编号", 1, 1, round_edit_options, "修改抽查名单", "DC-0001 --measure P-07-M-03", "承办单位"),
    OFFICE_STEP("round cancel", "编号", 1, 1, reason_options, "取消督查", "DC-0001 --reason 与另一次合并", "承办单位"),
    OFFICE_STEP("round start", "编号", 1, 1, plain_options, "开始督查：各措施申报的进展从此定格", "DC-0001", "承办单位"),
    OFFICE_STEP("round judge", "编号", 1, 1, judge_options, "登记现场认定的结论", "DC-0001 --verdict P-07-M-03=不属实:台账为空", "承办单位"),
    OFFICE_STEP("round conclude", "编号 [结论…]", 1, ARGS_ANY, plain_options, "结束督查", "DC-0001", "承办单位"),
    OFFICE_STEP("round feed-back", "编号", 1, 1, plain_options, "向单位反馈", "DC-0001", "承办单位"),
    OFFICE_STEP("round revise", "编号", 1, 1, reason_options, "单位申辩成立，重新认定", "DC-0001 --reason 补看了现场", "承办单位"),
    OFFICE_STEP("round finalize", "编号", 1, 1, finalize_options, "定论：已到位而不属实的措施重新打开", "DC-0001 --effect-due 2026-11-30 --due 2026-12-31", "承办单位"),
    OFFICE_STEP("instruction issue", "批示内容…", 1, ARGS_ANY, instruction_issue_options, "批示（办公室可代录）", "请按期完成 --unit unit01 --due 2026-11-30 --holder leader01", CHIEF),
    OFFICE_STEP("instruction return", "编号", 1, 1, reason_options, "退回重办", "PS-0001 --reason 请写明结果", CHIEF),
    OFFICE_STEP("instruction close", "编号", 1, 1, plain_options, "批示办结", "PS-0001", CHIEF),
    OFFICE_STEP("instruction cancel", "编号", 1, 1, reason_options, "撤销批示", "PS-0001 --reason 情况有变", CHIEF),
    OFFICE_STEP("opinion receive", "内容…", 1, ARGS_ANY, opinion_receive_options, "登记来电、来信、来邮", "路灯不亮 --origin PHONE", OFFICE),
    OFFICE_STEP("opinion assign", "编号", 1, 1, opinion_assign_options, "转承办单位", "YJ-0001 --unit unit01 --due 2026-11-30", OFFICE),
    {"office clue record", "编号", 1, 1, clue_record_options, cmd_clue_record, "登记问题线索的编号，或已办结",
     "只登记编号，不得填写任何内容。", {"rectify office clue record 2026-017 --done"}, "纪委监委", NULL, COMMAND_WRITES},
};
// clang-format on
COMMAND_TABLE(matter, rows, false);
