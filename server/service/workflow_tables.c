/* The machines of the core. One line an edge: {from, command, to, who, when, guard, why}. */
#include "server/service/workflow_tables.h"

/* clang-format off */
enum {
    OFFICE = ROLE_OFFICE, LGROUP = ROLE_LGROUP, PLEAD = ROLE_PLEAD, UNIT = ROLE_UNIT,
    PART = ROLE_PART, VERIFY = ROLE_VERIFY, SYS = ROLE_SYS,
    STEAD = ROLE_SGROUP | ROLE_LGROUP, /* judge where the office is the judged one */
};

/* A judgement of the office, and the substitute's where the office leads the problem itself. The
 * substitute's edge stands first, because the first whose `when` holds is taken. */
#define JUDGED(from, command, to, when, guard, why)                                                \
    {from, command, to, STEAD,  (when) | G(OFFICE_RECUSED), G(INDEPENDENT) | (guard), why "（办公室回避，由专项小组或领导小组代行）"}, \
    {from, command, to, OFFICE, (when),                     G(INDEPENDENT) | (guard), why}

/* ---- measure ---- */

static const struct workflow_state measure_states[] = {
    {"DRAFT", "草案", false},
    {"ASSIGNED", "待签收", false},
    {"IN_PROGRESS", "整改中", false},
    {"EFFECT_CLAIMED", "成效待认定", false},
    {"EFFECT_REACHED", "已取得明显成效", false},
    {"COMPLETE_CLAIMED", "到位待认定", false},
    {"SUSTAINING", "到位并持续坚持", false},
    {"DONE", "已整改到位", true},
    {"SUPERSEDED", "已被替代", true},
    {"CANCELLED", "已撤销", true},
};

/* The problem's lead unit on a claim of another unit: it endorses, or returns with a reason. */
#define ENDORSED(from) {from, "endorse", from, PLEAD, 0, G(ENDORSER), "问题整改牵头单位对措施牵头单位的申请签署同意"}
#define NOT_ENDORSED(from, to, when) {from, "return", to, PLEAD, (when) | G(ENDORSER), G(REASON), "问题整改牵头单位不同意，退回，说明理由"}

#define AMENDED(from)                                                                              \
    {from, "supersede", "SUPERSEDED", LGROUP, 0, G(AMENDMENT) | G(REASON), "经批准的方案调整：由新措施替代"}, \
    {from, "cancel",    "CANCELLED",  LGROUP, 0, G(AMENDMENT) | G(REASON), "经批准的方案调整：撤销"}, \
    {from, "alter",     from,         LGROUP, 0, G(AMENDMENT) | G(MEASURE_ASSIGNABLE), "经批准的方案调整：改动内容或分工，期限不变"}

#define REOPENED(from)                                                                             \
    {from, "reopen", "IN_PROGRESS", VERIFY, 0, G(REOPEN_GROUND) | G(REASON) | G(NEW_DATES), "重新整改：轮次加一，两个时限重新计算，已销号的问题同时重新打开"}

static const struct workflow_edge measure_edges[] = {
    {STATE_NONE, "create",       "DRAFT",    OFFICE, 0, G(PLAN_NOT_APPROVED), "导入方案或手工录入"},
    {STATE_NONE, "add",          "ASSIGNED", LGROUP, 0, G(AMENDMENT) | G(MEASURE_ASSIGNABLE), "经批准的方案调整：新增措施"},
    {"DRAFT", "edit",         "DRAFT",     OFFICE, 0, G(PLAN_NOT_APPROVED), "修改草案"},
    {"DRAFT", "approve_plan", "ASSIGNED",  LGROUP, 0, G(MEASURE_ASSIGNABLE), "方案审议通过，任务下达"},
    {"DRAFT", "discard",      "CANCELLED", OFFICE, 0, G(PLAN_NOT_APPROVED) | G(REASON), "方案审议前去掉"},
    {"ASSIGNED", "sign_for", "IN_PROGRESS", UNIT, 0, 0, "签收即领受任务"},
    {"ASSIGNED", "object",   "ASSIGNED",    UNIT, 0, G(REASON), "对分工有异议，转会商，仍待签收"},
    {"IN_PROGRESS",    "report", "IN_PROGRESS",    UNIT | PART | OFFICE, 0, G(PERCENT_REASON), "汇总表的一行：填报进展"},
    {"EFFECT_REACHED", "report", "EFFECT_REACHED", UNIT | PART | OFFICE, 0, G(PERCENT_REASON), "汇总表的一行：填报进展"},
    {"SUSTAINING",     "report", "SUSTAINING",     UNIT | PART | OFFICE, 0, G(PERCENT_REASON), "长期坚持期间的情况"},
    {"IN_PROGRESS", "claim_effect", "EFFECT_CLAIMED", UNIT, 0, G(NOT_IMMEDIATE) | G(EVIDENCE), "申请认定取得明显成效"},
    ENDORSED("EFFECT_CLAIMED"),
    NOT_ENDORSED("EFFECT_CLAIMED", "IN_PROGRESS", 0),
    JUDGED("EFFECT_CLAIMED", "confirm", "EFFECT_REACHED", 0, G(ENDORSED), "认定取得明显成效"),
    JUDGED("EFFECT_CLAIMED", "return",  "IN_PROGRESS", 0, G(REASON), "退回，说明理由"),
    {"EFFECT_CLAIMED", "withdraw", "IN_PROGRESS", UNIT, 0, G(REASON), "单位撤回申请"},
    {"IN_PROGRESS",    "claim_complete", "COMPLETE_CLAIMED", UNIT, 0, G(EFFECT_FIRST) | G(EVIDENCE) | G(EVIDENCE_REAL), "申请认定整改到位"},
    {"EFFECT_REACHED", "claim_complete", "COMPLETE_CLAIMED", UNIT, 0, G(EVIDENCE) | G(EVIDENCE_REAL), "申请认定整改到位"},
    ENDORSED("COMPLETE_CLAIMED"),
    NOT_ENDORSED("COMPLETE_CLAIMED", "EFFECT_REACHED", G(CLAIMED_FROM_EFFECT)),
    NOT_ENDORSED("COMPLETE_CLAIMED", "IN_PROGRESS", G(CLAIMED_FROM_PROGRESS)),
    JUDGED("COMPLETE_CLAIMED", "confirm", "SUSTAINING", G(LONG_TERM), G(ENDORSED) | G(NEXT_CHECK), "长期坚持的措施：到位后持续坚持，定下次复查日期"),
    JUDGED("COMPLETE_CLAIMED", "confirm", "DONE", G(NOT_LONG_TERM), G(ENDORSED), "认定整改到位"),
    JUDGED("COMPLETE_CLAIMED", "return", "EFFECT_REACHED", G(CLAIMED_FROM_EFFECT), G(REASON), "退回到申请前的状态，轮次加一"),
    JUDGED("COMPLETE_CLAIMED", "return", "IN_PROGRESS", G(CLAIMED_FROM_PROGRESS), G(REASON), "退回到申请前的状态，轮次加一"),
    {"COMPLETE_CLAIMED", "withdraw", "EFFECT_REACHED", UNIT, G(CLAIMED_FROM_EFFECT),   G(REASON), "单位撤回申请"},
    {"COMPLETE_CLAIMED", "withdraw", "IN_PROGRESS",    UNIT, G(CLAIMED_FROM_PROGRESS), G(REASON), "单位撤回申请"},
    {"SUSTAINING", "check_ok", "SUSTAINING",  VERIFY, 0, G(INDEPENDENT) | G(NEXT_CHECK), "复查合格，定下次复查日期"},
    {"SUSTAINING", "finish",   "DONE",        VERIFY, 0, G(INDEPENDENT), "复查合格，不再复查"},
    {"SUSTAINING", "fail",     "IN_PROGRESS", VERIFY, 0, G(REASON) | G(NEW_DATES), "复查不合格，重新整改"},
    REOPENED("DONE"),
    REOPENED("SUSTAINING"),
    AMENDED("ASSIGNED"),
    AMENDED("IN_PROGRESS"),
    AMENDED("EFFECT_CLAIMED"),
    AMENDED("EFFECT_REACHED"),
    AMENDED("COMPLETE_CLAIMED"),
    AMENDED("SUSTAINING"),
};

const struct workflow_machine workflow_measure =
    WORKFLOW_MACHINE(WORKFLOW_MEASURE, "measure", "整改措施", measure_states, measure_edges);

/* ---- problem ---- */

static const struct workflow_state problem_states[] = {
    {"REGISTERED", "已登记", false},
    {"RECTIFYING", "整改中", false},
    {"CLOSE_APPLIED", "已申请销号", false},
    {"JOINT_REVIEW", "联合会审中", false},
    {"CLOSED", "完成整改（已销号）", true},
    {"SUSTAINED", "基本完成并持续整改", false},
};

static const struct workflow_edge problem_edges[] = {
    {STATE_NONE, "register", "REGISTERED", OFFICE, 0, 0, "登记反馈问题（来源须注明）"},
    {"REGISTERED", "edit",         "REGISTERED", OFFICE, 0, 0, "方案审议前修改"},
    {"REGISTERED", "approve_plan", "RECTIFYING", LGROUP, 0, 0, "方案审议通过"},
    {"RECTIFYING", "apply_close", "CLOSE_APPLIED", PLEAD, 0, G(MEASURES_FINISHED) | G(CLOSING_REPORT), "申请销号，附整改报告和举一反三情况"},
    JUDGED("CLOSE_APPLIED", "forward", "JOINT_REVIEW", 0, G(GROUP_OPINION), "附专项小组意见，提交联合会审"),
    JUDGED("CLOSE_APPLIED", "return",  "RECTIFYING",   0, G(REASON), "退回，说明理由"),
    {"CLOSE_APPLIED", "withdraw", "RECTIFYING", PLEAD, 0, G(REASON), "单位撤回申请"},
    {"JOINT_REVIEW", "close", "SUSTAINED", VERIFY, G(SOME_SUSTAINING), G(MEASURES_FINISHED) | G(FIVE_CRITERIA) | G(ALL_BODIES_AGREE), "各会审单位一致同意；仍有长期坚持的措施"},
    {"JOINT_REVIEW", "close", "CLOSED",    VERIFY, G(NONE_SUSTAINING), G(MEASURES_FINISHED) | G(FIVE_CRITERIA) | G(ALL_BODIES_AGREE), "各会审单位一致同意，销号"},
    {"JOINT_REVIEW", "refuse", "RECTIFYING", VERIFY, 0, G(FIVE_CRITERIA) | G(BODY_REFUSES) | G(REASON), "任一会审单位不同意即退回"},
    {"SUSTAINED", "close",  "CLOSED",     VERIFY, 0, G(NONE_SUSTAINING) | G(MEASURES_FINISHED) | G(FIVE_CRITERIA) | G(ALL_BODIES_AGREE), "长期坚持的措施均已办结，销号"},
    {"SUSTAINED", "refuse", "RECTIFYING", VERIFY, 0, G(FIVE_CRITERIA) | G(BODY_REFUSES) | G(REASON), "任一会审单位不同意即退回"},
    {"CLOSE_APPLIED", "reopen", "RECTIFYING", VERIFY, 0, G(REOPEN_GROUND) | G(REASON), "有措施重新整改，销号申请不再成立"},
    {"JOINT_REVIEW",  "reopen", "RECTIFYING", VERIFY, 0, G(REOPEN_GROUND) | G(REASON), "有措施重新整改，销号申请不再成立"},
    {"SUSTAINED", "reopen", "RECTIFYING", VERIFY, 0, G(REOPEN_GROUND) | G(REASON), "反弹或认定有误；原销号记录保留"},
    {"CLOSED",    "reopen", "RECTIFYING", VERIFY, 0, G(REOPEN_GROUND) | G(REASON), "反弹或认定有误；原销号记录保留"},
};

const struct workflow_machine workflow_problem =
    WORKFLOW_MACHINE(WORKFLOW_PROBLEM, "problem", "反馈问题", problem_states, problem_edges);

/* ---- periodic table: the obligation and the table are one life ---- */

static const struct workflow_state table_states[] = {
    {"OPEN", "待填报", false},
    {"DRAFT", "填报中", false},
    {"CONFIRMING", "待审核人确认", false},
    {"SUBMITTED", "已报送（待审核）", false},
    {"RETURNED", "部分退回", false},
    {"ACCEPTED", "审核通过", false},
    {"LOCKED", "已归档", true},
    {"NIL", "本期无进展（已说明）", true},
    {"WAIVED", "免报", true},
};

/* Where the unit has a reviewer, filling in leaves the table before him. */
#define SUBMITTABLE(from, why)                                                                     \
    {from, "submit", "CONFIRMING", UNIT | OFFICE, G(REVIEWER_NEEDED), G(ALL_ROWS_FILLED), why "，送审核人确认"}, \
    {from, "submit", "SUBMITTED",  UNIT | OFFICE, 0, G(ALL_ROWS_FILLED) | G(TWO_PEOPLE), why "，得回执号"}

static const struct workflow_edge table_edges[] = {
    {STATE_NONE, "open", "OPEN", SYS | OFFICE, 0, 0, "到期前产生填报任务"},
    {"OPEN",     "fill", "DRAFT",    UNIT | PART | OFFICE, 0, 0, "按上期预填（办公室代报时注明）"},
    {"DRAFT",    "fill", "DRAFT",    UNIT | PART | OFFICE, 0, 0, "填写"},
    {"RETURNED", "fill", "RETURNED", UNIT | PART | OFFICE, 0, 0, "只改被退回的行"},
    SUBMITTABLE("OPEN", "预填后直接报送"),
    SUBMITTABLE("DRAFT", "填好报送"),
    SUBMITTABLE("RETURNED", "改好被退回的行后再报"),
    {"CONFIRMING", "countersign", "SUBMITTED", UNIT, 0, G(ALL_ROWS_FILLED) | G(TWO_PEOPLE), "审核人确认后报送，得回执号"},
    {"CONFIRMING", "withdraw", "DRAFT", UNIT, 0, G(REASON), "填报人撤回，或审核人退给填报人修改"},
    {"SUBMITTED",  "withdraw", "DRAFT", UNIT, 0, G(NOTHING_JUDGED) | G(REASON), "还没有审核时撤回修改"},
    {"OPEN",  "nil", "NIL", UNIT, 0, G(REASON), "本期无进展，说明理由"},
    {"DRAFT", "nil", "NIL", UNIT, 0, G(REASON), "本期无进展，说明理由"},
    JUDGED("NIL", "return", "RETURNED", 0, G(REASON), "无进展的理由不成立，退回填报"),
    JUDGED("OPEN",  "waive", "WAIVED", 0, G(REASON), "办公室免报，说明理由"),
    JUDGED("DRAFT", "waive", "WAIVED", 0, G(REASON), "办公室免报，说明理由"),
    JUDGED("SUBMITTED", "accept", "ACCEPTED", 0, G(ALL_ROWS_ACCEPTED), "每一行都已通过"),
    JUDGED("SUBMITTED", "return", "RETURNED", 0, G(A_ROW_RETURNED), "有行被退回；已通过的行不动"),
    {"ACCEPTED", "lock", "LOCKED", SYS | OFFICE, 0, G(PERIOD_CLOSED), "本期结束，归档"},
    {"LOCKED", "correct", "DRAFT", UNIT | OFFICE, 0, G(REASON), "更正：产生新版本，原版本保留"},
};

const struct workflow_machine workflow_table =
    WORKFLOW_MACHINE(WORKFLOW_TABLE, "table", "自查汇总表", table_states, table_edges);

static const struct workflow_state row_states[] = {
    {"DRAFT", "填写中", false},
    {"SUBMITTED", "待审核", false},
    {"RETURNED", "退回", false},
    {"ACCEPTED", "通过", true},
};

static const struct workflow_edge row_edges[] = {
    {STATE_NONE, "create", "DRAFT", UNIT | OFFICE | SYS, 0, 0, "每条未完成的措施一行，按上期预填"},
    {"DRAFT",    "fill",   "DRAFT",     UNIT | PART | OFFICE, 0, G(PERCENT_REASON), "填写"},
    {"RETURNED", "fill",   "RETURNED",  UNIT | PART | OFFICE, 0, G(PERCENT_REASON), "按退回意见修改"},
    {"DRAFT",    "submit", "SUBMITTED", UNIT | OFFICE, 0, G(TWO_PEOPLE), "随表报送"},
    {"RETURNED", "submit", "SUBMITTED", UNIT | OFFICE, 0, G(TWO_PEOPLE), "改后随表再报"},
    JUDGED("SUBMITTED", "accept", "ACCEPTED", 0, 0, "通过；行内的申请和请求各按其流程办理"),
    JUDGED("SUBMITTED", "return", "RETURNED", 0, G(REASON), "退回，说明理由"),
    {"SUBMITTED", "withdraw", "DRAFT", UNIT, 0, G(NOTHING_JUDGED) | G(REASON), "随表撤回"},
    {"ACCEPTED", "correct", "DRAFT", UNIT | OFFICE, 0, G(REASON), "归档后更正：产生新版本"},
};

const struct workflow_machine workflow_table_row =
    WORKFLOW_MACHINE(WORKFLOW_TABLE_ROW, "table_row", "汇总表的一行", row_states, row_edges);

/* ---- sitting (批量会审): many problems, each row decided by every body of VERIFY ---- */

static const struct workflow_state sitting_states[] = {
    {"PLANNED", "已排定", false},
    {"OPEN", "会审中", false},
    {"CONCLUDED", "已结束", true},
    {"CANCELLED", "已取消", true},
};

static const struct workflow_edge sitting_edges[] = {
    {STATE_NONE, "create", "PLANNED", OFFICE, 0, 0, "确定会审日期和问题清单"},
    {"PLANNED", "hold",     "OPEN",      OFFICE, 0, 0, "开始会审，各会审单位逐项提出意见"},
    {"OPEN",    "judge",    "OPEN",      VERIFY | STEAD, 0, 0, "逐项按五条标准提出意见；牵头单位是会审单位的，由代行单位提出"},
    {"OPEN",    "conclude", "CONCLUDED", OFFICE, 0, 0, "结束会审；没有结论的问题仍在联合会审中"},
    {"PLANNED", "cancel",   "CANCELLED", OFFICE, 0, G(REASON), "取消，说明理由"},
    {"OPEN",    "cancel",   "CANCELLED", OFFICE, 0, G(REASON), "取消，说明理由；已有的结论不变"},
};

const struct workflow_machine workflow_sitting =
    WORKFLOW_MACHINE(WORKFLOW_SITTING, "sitting", "批量会审", sitting_states, sitting_edges);

/* ---- plan version ---- */

static const struct workflow_state plan_states[] = {
    {"DRAFT", "草案", false},
    {"REVIEW", "联审中", false},
    {"APPROVED", "已批准", true},
    {"SUPERSEDED", "已被新版本替代", true},
    {"WITHDRAWN", "已撤回", true},
};

/* Whoever can be named as a reviewing body; that he is named is the guard. */
#define REVIEWERS (VERIFY | STEAD | UNIT | PART | ROLE_LEADER)

static const struct workflow_edge plan_edges[] = {
    {STATE_NONE, "create", "DRAFT", OFFICE, 0, 0, "起草方案或方案调整"},
    {"DRAFT",  "edit", "DRAFT",  OFFICE, 0, 0, "修改"},
    {"REVIEW", "edit", "REVIEW", OFFICE, 0, 0, "联审中修改：此前的意见不再作数"},
    {"DRAFT",  "submit_review", "REVIEW", OFFICE, 0, 0, "提交联审"},
    {"REVIEW", "review", "REVIEW", REVIEWERS, 0, G(REVIEWER), "联审单位对这一稿提出意见，不同意须说明理由"},
    {"REVIEW", "withdraw_review", "DRAFT", OFFICE, 0, G(REASON), "撤回联审，继续修改"},
    {"DRAFT",  "approve", "APPROVED", LGROUP, 0, G(MEASURE_ASSIGNABLE) | G(REVIEWS_AGREED), "审议通过即冻结；各项措施要素齐全"},
    {"REVIEW", "approve", "APPROVED", LGROUP, 0, G(MEASURE_ASSIGNABLE) | G(REVIEWS_AGREED), "联审单位对这一稿一致同意，审议通过即冻结"},
    {"DRAFT",  "withdraw", "WITHDRAWN", OFFICE, 0, G(REASON), "撤回草案"},
    {"REVIEW", "withdraw", "WITHDRAWN", OFFICE, 0, G(REASON), "撤回草案"},
    {"APPROVED", "supersede", "SUPERSEDED", LGROUP | SYS, 0, G(AMENDMENT), "下一版本获批"},
};

const struct workflow_machine workflow_plan_version =
    WORKFLOW_MACHINE(WORKFLOW_PLAN_VERSION, "plan_version", "整改方案版本", plan_states, plan_edges);
/* clang-format on */
