/* The machines around the core: help, extensions, supervision, outcomes, publication. One line an
 * edge: {from, command, to, who, when, guard, why}. */
#include "server/service/workflow_tables.h"

/* clang-format off */
enum {
    OFFICE = ROLE_OFFICE, LGROUP = ROLE_LGROUP, SGROUP = ROLE_SGROUP, LEADER = ROLE_LEADER,
    UNIT = ROLE_UNIT, DISC = ROLE_DISC, ORGD = ROLE_ORGD, PUBL = ROLE_PUBL, SYS = ROLE_SYS,
    HOLDERS = ROLE_DISC | ROLE_ORGD,
    CHECKERS = ROLE_OFFICE | ROLE_SGROUP | ROLE_DISC | ROLE_ORGD,
    CHIEFS = ROLE_LEADER | ROLE_LGROUP,
    STEAD = ROLE_SGROUP | ROLE_LGROUP, /* decide where the office is the judged one */
};

/* ---- consultation (会商): the measure's clock does not pause ---- */

static const struct workflow_state consultation_states[] = {
    {"OPEN", "已提出", false},
    {"TRIAGED", "已受理", false},
    {"SCHEDULED", "已安排", false},
    {"HELD", "已会商", false},
    {"DECIDED", "已议定", false},
    {"CLOSED", "已办结", true},
    {"WITHDRAWN", "已撤回", true},
};

static const struct workflow_edge consultation_edges[] = {
    {STATE_NONE, "open", "OPEN", UNIT, 0, G(REASON), "求助：说明困难"},
    {"OPEN",      "triage",   "TRIAGED",   OFFICE, 0, 0, "三个工作日内受理，计办公室的时限"},
    {"TRIAGED",   "schedule", "SCHEDULED", OFFICE, 0, 0, "确定时间和参加单位"},
    {"SCHEDULED", "schedule", "SCHEDULED", OFFICE, 0, G(REASON), "改期，说明理由"},
    {"SCHEDULED", "hold",     "HELD",      OFFICE, 0, 0, "会商完毕"},
    {"HELD",      "decide",   "DECIDED",   OFFICE | LEADER | LGROUP, 0, G(TASKS_NAMED), "议定事项落到人、定到日"},
    {"DECIDED",   "finish_task", "DECIDED", UNIT | OFFICE | CHIEFS | SGROUP | HOLDERS, 0, G(ANSWER_GIVEN), "承办单位办结一项议定事项"},
    {"DECIDED",   "close",    "CLOSED",    OFFICE, 0, G(TASKS_DONE), "议定事项全部办结"},
    {"OPEN",      "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "单位撤回"},
    {"TRIAGED",   "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "单位撤回"},
};

const struct workflow_machine workflow_consultation = WORKFLOW_MACHINE(
    WORKFLOW_CONSULTATION, "consultation", "会商", consultation_states, consultation_edges);

/* ---- extension (延期): decided within three working days, the decider's own clock ---- */

static const struct workflow_state extension_states[] = {
    {"SUBMITTED", "待批", false},
    {"APPROVED", "已批准", true},
    {"REJECTED", "不批准", true},
    {"WITHDRAWN", "已撤回", true},
};

static const struct workflow_edge extension_edges[] = {
    {STATE_NONE, "submit",      "SUBMITTED", UNIT, 0, G(BEFORE_DUE) | G(NEW_DATE_LATER) | G(REASON), "到期前申请"},
    {STATE_NONE, "submit_late", "SUBMITTED", UNIT, 0, G(AFTER_DUE) | G(NEW_DATE_LATER) | G(REASON), "到期后补办：已超期的天数照计"},
    {"SUBMITTED", "approve", "APPROVED", LGROUP, G(EXTENSION_LONG),   G(INDEPENDENT), "第三次，或已过集中整改期"},
    {"SUBMITTED", "approve", "APPROVED", LEADER, G(EXTENSION_MIDDLE), G(INDEPENDENT), "第二次，或超过 15 天"},
    {"SUBMITTED", "approve", "APPROVED", STEAD, G(EXTENSION_SHORT) | G(OFFICE_RECUSED), G(INDEPENDENT), "首次且不超过 15 天（办公室回避，由专项小组或领导小组代行）"},
    {"SUBMITTED", "approve", "APPROVED", OFFICE, G(EXTENSION_SHORT),  G(INDEPENDENT), "首次且不超过 15 天"},
    {"SUBMITTED", "reject",  "REJECTED", LGROUP, G(EXTENSION_LONG),   G(INDEPENDENT) | G(REASON), "说明理由"},
    {"SUBMITTED", "reject",  "REJECTED", LEADER, G(EXTENSION_MIDDLE), G(INDEPENDENT) | G(REASON), "说明理由"},
    {"SUBMITTED", "reject",  "REJECTED", STEAD, G(EXTENSION_SHORT) | G(OFFICE_RECUSED), G(INDEPENDENT) | G(REASON), "说明理由（办公室回避，由专项小组或领导小组代行）"},
    {"SUBMITTED", "reject",  "REJECTED", OFFICE, G(EXTENSION_SHORT),  G(INDEPENDENT) | G(REASON), "说明理由"},
    {"SUBMITTED", "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "单位撤回"},
};

const struct workflow_machine workflow_extension = WORKFLOW_MACHINE(
    WORKFLOW_EXTENSION, "extension", "延期申请", extension_states, extension_edges);

/* ---- notice (督办单): the machine proposes, people issue ---- */

static const struct workflow_state notice_states[] = {
    {"PROPOSED", "拟发", false},
    {"ISSUED", "已发出", false},
    {"SIGNED_FOR", "已签收", false},
    {"REPLIED", "已回复", false},
    {"CLEARED", "已销单", true},
    {"NOT_SATISFIED", "不达要求", true},
    {"DISMISSED", "不予发出", true},
};

static const struct workflow_edge notice_edges[] = {
    {STATE_NONE, "propose", "PROPOSED", SYS | OFFICE, 0, 0, "按预警规则或由办公室提出"},
    {"PROPOSED", "issue", "ISSUED", OFFICE, G(NOTICE_LEVEL_1), 0, "一级由办公室发出"},
    {"PROPOSED", "issue", "ISSUED", LEADER, G(NOTICE_LEVEL_2), G(FORMER_NOTICE_FAILED), "二级由牵头区领导签发"},
    {"PROPOSED", "issue", "ISSUED", LGROUP, G(NOTICE_LEVEL_3), G(FORMER_NOTICE_FAILED), "三级由领导小组签发"},
    {"PROPOSED", "dismiss", "DISMISSED", OFFICE | CHIEFS, 0, G(REASON), "不予发出，说明理由"},
    {"ISSUED",     "sign_for", "SIGNED_FOR", UNIT, 0, 0, "签收"},
    {"SIGNED_FOR", "reply",    "REPLIED",    UNIT, 0, G(ANSWER_GIVEN), "回复办理情况"},
    {"REPLIED", "clear",          "CLEARED",       OFFICE | CHIEFS, 0, G(INDEPENDENT), "达到要求，销单"},
    {"REPLIED", "not_satisfied",  "NOT_SATISFIED", OFFICE | CHIEFS, 0, G(INDEPENDENT) | G(REASON), "不达要求，可升级督办"},
    {"ISSUED",     "expire", "NOT_SATISFIED", SYS | OFFICE, 0, G(AFTER_DUE) | G(REASON), "到期未签收"},
    {"SIGNED_FOR", "expire", "NOT_SATISFIED", SYS | OFFICE, 0, G(AFTER_DUE) | G(REASON), "到期未回复"},
};

const struct workflow_machine workflow_notice =
    WORKFLOW_MACHINE(WORKFLOW_NOTICE, "notice", "督办单", notice_states, notice_edges);

/* ---- admonitory talk (约谈): only the holding body reads its contents ---- */

static const struct workflow_state talk_states[] = {
    {"PROPOSED", "拟约谈", false},
    {"APPROVED", "已批准", false},
    {"HELD", "已约谈", false},
    {"RECORDED", "已形成记录", false},
    {"DONE", "已办结", true},
    {"REFERRED", "已移交", true},
    {"DECLINED", "不予约谈", true},
};

static const struct workflow_edge talk_edges[] = {
    {STATE_NONE, "propose", "PROPOSED", SYS | OFFICE | HOLDERS, 0, 0, "按预警规则或由有关部门提出"},
    {"PROPOSED", "approve", "APPROVED", HOLDERS, 0, G(INDEPENDENT), "纪委监委或组织部批准"},
    {"PROPOSED", "decline", "DECLINED", HOLDERS, 0, G(REASON), "不予约谈，说明理由"},
    {"APPROVED", "hold",    "HELD",     HOLDERS, 0, G(HOLDING_BODY), "约谈完毕"},
    {"HELD",     "record",  "RECORDED", HOLDERS, 0, G(HOLDING_BODY), "形成记录，仅约谈单位可看"},
    {"RECORDED", "finish",  "DONE",     HOLDERS, 0, G(HOLDING_BODY), "办结"},
    {"RECORDED", "refer",   "REFERRED", HOLDERS, 0, G(HOLDING_BODY) | G(REASON), "移交，按规定追责问责"},
};

const struct workflow_machine workflow_talk =
    WORKFLOW_MACHINE(WORKFLOW_TALK, "talk", "约谈", talk_states, talk_edges);

/* ---- on-site round (专项督查) ---- */

static const struct workflow_state round_states[] = {
    {"PLANNED", "已计划", false},
    {"RUNNING", "督查中", false},
    {"CONCLUDED", "已结束", false},
    {"FED_BACK", "已反馈", false},
    {"FINAL", "已定论", true},
    {"CANCELLED", "已取消", true},
};

static const struct workflow_edge round_edges[] = {
    {STATE_NONE, "plan", "PLANNED", CHECKERS, 0, 0, "制定督查计划"},
    {"PLANNED", "edit",      "PLANNED",   CHECKERS, 0, G(HOLDING_BODY), "修改抽查名单"},
    {"PLANNED", "cancel",    "CANCELLED", CHECKERS, 0, G(HOLDING_BODY) | G(REASON), "取消，说明理由"},
    {"PLANNED", "start",     "RUNNING",   CHECKERS, 0, G(HOLDING_BODY) | G(SAMPLE_CHOSEN), "抽查名单已定"},
    {"RUNNING", "judge",     "RUNNING",   CHECKERS, 0, G(HOLDING_BODY) | G(INDEPENDENT), "逐项认定：属实、部分属实、不属实、未看到"},
    {"RUNNING", "conclude",  "CONCLUDED", CHECKERS, 0, G(HOLDING_BODY) | G(ALL_VERDICTS), "抽查的每一项都有结论"},
    {"CONCLUDED", "feed_back", "FED_BACK", CHECKERS, 0, G(HOLDING_BODY), "向单位反馈"},
    {"FED_BACK", "revise",   "RUNNING",   CHECKERS, 0, G(HOLDING_BODY) | G(REASON), "单位申辩成立，重新认定"},
    {"FED_BACK", "finalize", "FINAL",     CHECKERS, 0, G(HOLDING_BODY), "定论；已到位而不属实的措施重新打开"},
};

const struct workflow_machine workflow_round =
    WORKFLOW_MACHINE(WORKFLOW_ROUND, "round", "专项督查", round_states, round_edges);

/* ---- instruction (批示) ---- */

static const struct workflow_state instruction_states[] = {
    {"ISSUED", "已批示", false},
    {"IN_PROGRESS", "办理中", false},
    {"REPLIED", "已报结果", false},
    {"CLOSED", "已办结", true},
    {"CANCELLED", "已撤销", true},
};

static const struct workflow_edge instruction_edges[] = {
    {STATE_NONE, "issue", "ISSUED", CHIEFS | OFFICE, 0, G(ADDRESSEE_DUE), "批示（办公室可代录），定承办单位和时限"},
    {"ISSUED",      "sign_for", "IN_PROGRESS", UNIT | OFFICE, 0, 0, "签收"},
    {"IN_PROGRESS", "reply",    "REPLIED",     UNIT | OFFICE, 0, G(ANSWER_GIVEN), "报告结果"},
    {"REPLIED", "return", "IN_PROGRESS", CHIEFS | OFFICE, 0, G(INDEPENDENT) | G(REASON), "退回重办"},
    {"REPLIED", "close",  "CLOSED",      CHIEFS | OFFICE, 0, G(INDEPENDENT), "办结"},
    {"ISSUED",      "cancel", "CANCELLED", CHIEFS, 0, G(REASON), "撤销批示"},
    {"IN_PROGRESS", "cancel", "CANCELLED", CHIEFS, 0, G(REASON), "撤销批示"},
};

const struct workflow_machine workflow_instruction = WORKFLOW_MACHINE(
    WORKFLOW_INSTRUCTION, "instruction", "批示", instruction_states, instruction_edges);

/* ---- opinion (意见建议): anyone's call, letter or mail ---- */

static const struct workflow_state opinion_states[] = {
    {"RECEIVED", "已收到", false},
    {"ASSIGNED", "已转办", false},
    {"ANSWERED", "已答复", true},
};

static const struct workflow_edge opinion_edges[] = {
    {STATE_NONE, "receive", "RECEIVED", OFFICE, 0, 0, "来电、来信、来邮由办公室录入"},
    {"RECEIVED", "assign", "ASSIGNED", OFFICE, 0, G(ADDRESSEE_DUE), "转承办单位，定时限"},
    {"ASSIGNED", "assign", "ASSIGNED", OFFICE, 0, G(ADDRESSEE_DUE) | G(REASON), "改派，说明理由"},
    {"RECEIVED", "answer", "ANSWERED", OFFICE, 0, G(ANSWER_GIVEN), "办公室直接答复"},
    {"ASSIGNED", "return", "RECEIVED", UNIT, 0, G(REASON), "不是本单位的事，退回办公室另行转办"},
    {"ASSIGNED", "answer", "ANSWERED", UNIT | OFFICE, 0, G(ANSWER_GIVEN), "答复"},
};

const struct workflow_machine workflow_opinion =
    WORKFLOW_MACHINE(WORKFLOW_OPINION, "opinion", "意见建议", opinion_states, opinion_edges);

/* ---- outcome (整改成效): claimed by the unit, confirmed by the office ---- */

static const struct workflow_state outcome_states[] = {
    {"RECORDED", "待核实", false},
    {"CONFIRMED", "已核实", true},
    {"RETURNED", "已退回", false},
    {"WITHDRAWN", "已撤回", true},
};

static const struct workflow_edge outcome_edges[] = {
    {STATE_NONE, "register", "RECORDED", UNIT, 0, 0, "单位登记一项可计数的成效"},
    {"RECORDED",  "correct",  "RECORDED",  UNIT, 0, G(REASON), "更正，原来的说法保留"},
    {"RETURNED",  "correct",  "RECORDED",  UNIT, 0, G(REASON), "按退回意见更正，重新待核实"},
    {"CONFIRMED", "correct",  "RECORDED",  UNIT, 0, G(REASON), "更正后要重新核实"},
    {"RECORDED",  "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "撤回，不再计入"},
    {"RETURNED",  "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "撤回，不再计入"},
    {"CONFIRMED", "withdraw", "WITHDRAWN", UNIT, 0, G(REASON), "撤回，不再计入"},
    {"RECORDED",  "verify",   "CONFIRMED", STEAD, G(OFFICE_RECUSED), G(INDEPENDENT) | G(TWO_PEOPLE) | G(PROOF), "核实（办公室回避，由专项小组或领导小组代行）"},
    {"RECORDED",  "verify",   "CONFIRMED", OFFICE, 0, G(INDEPENDENT) | G(TWO_PEOPLE) | G(PROOF), "核实"},
    {"RECORDED",  "return",   "RETURNED",  STEAD, G(OFFICE_RECUSED), G(INDEPENDENT) | G(TWO_PEOPLE) | G(REASON), "退回，说明理由（办公室回避，由专项小组或领导小组代行）"},
    {"RECORDED",  "return",   "RETURNED",  OFFICE, 0, G(INDEPENDENT) | G(TWO_PEOPLE) | G(REASON), "退回，说明理由"},
    {"CONFIRMED", "return",   "RETURNED",  STEAD, G(OFFICE_RECUSED), G(INDEPENDENT) | G(TWO_PEOPLE) | G(REASON), "核实有误，退回（办公室回避，由专项小组或领导小组代行）"},
    {"CONFIRMED", "return",   "RETURNED",  OFFICE, 0, G(INDEPENDENT) | G(TWO_PEOPLE) | G(REASON), "核实有误，退回"},
};

const struct workflow_machine workflow_outcome =
    WORKFLOW_MACHINE(WORKFLOW_OUTCOME, "outcome", "整改成效", outcome_states, outcome_edges);

/* ---- published notice (通报) ---- */

static const struct workflow_state publication_states[] = {
    {"DRAFT", "草稿", false},
    {"CHECKED", "已审核", false},
    {"APPROVED", "已批准", false},
    {"PUBLISHED", "已公布", true},
    {"SUPERSEDED", "已被更正版替代", true},
    {"WITHDRAWN", "已撤回", true},
};

static const struct workflow_edge publication_edges[] = {
    {STATE_NONE, "create", "DRAFT", PUBL | OFFICE, 0, G(AS_OF_CHOSEN), "选定数据截止日"},
    {"DRAFT",   "edit",    "DRAFT",    PUBL | OFFICE, 0, 0, "编辑"},
    {"DRAFT",   "hold_back", "DRAFT",  OFFICE, 0, G(REASON), "标明不公开的问题或措施，或取消标明"},
    {"DRAFT",   "check",   "CHECKED",  OFFICE, 0, G(HELD_BACK_OUT), "不公开的内容已去除"},
    {"DRAFT",   "withdraw", "WITHDRAWN", PUBL | OFFICE, 0, G(REASON), "撤回草稿"},
    {"CHECKED", "return",  "DRAFT",    OFFICE | LGROUP, 0, G(REASON), "退回修改"},
    {"CHECKED", "approve", "APPROVED", LGROUP, 0, 0, "领导小组批准"},
    {"APPROVED", "return",  "DRAFT",     LGROUP, 0, G(REASON), "公布前退回修改"},
    {"APPROVED", "publish", "PUBLISHED", PUBL | OFFICE, 0, 0, "公布后不可更改"},
    {"PUBLISHED", "correct", "SUPERSEDED", PUBL | OFFICE, 0, G(REASON), "另发更正版，原文保留"},
};

const struct workflow_machine workflow_publication = WORKFLOW_MACHINE(
    WORKFLOW_PUBLICATION, "publication", "这份通报或报告", publication_states, publication_edges);
/* clang-format on */
