/* Workflow: every state machine of the project, as tables, and the pure functions that read them.
 *
 * A machine is a list of edges {from, command, to, who, when, guard, why}. Commands are what
 * people send; states are what follows. Where one command leads to different states, several edges
 * share (from, command) and their `when` tells them apart: the first whose `when` holds is taken.
 * `guard` then refuses with a stable code and a Chinese sentence. Guards read a struct of facts;
 * every fact is worded so that zero means "not so": a fact nobody filled in refuses.
 *
 * Overdue, late, stalled and missed are not states (due.h). A new machine or edge is a row in
 * workflow_tables*.c and a row in the migration's edge table; a test compares the two and walks
 * each machine. Pure: no clock, no storage, no allocation; any thread.
 */
#ifndef SERVER_SERVICE_WORKFLOW_H
#define SERVER_SERVICE_WORKFLOW_H

#include "proto/base/fault.h"
#include "proto/base/status.h"
#include "server/base/ladder.h"
#include "server/service/role.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* ---- the machines ---- */

enum workflow_id {
    WORKFLOW_MEASURE = 0,  /* 整改措施 */
    WORKFLOW_PROBLEM,      /* 反馈问题 */
    WORKFLOW_TABLE,        /* 自查汇总表 (obligation and table are one life) */
    WORKFLOW_TABLE_ROW,    /* 汇总表的一行 */
    WORKFLOW_PLAN_VERSION, /* 整改方案版本 */
    WORKFLOW_CONSULTATION, /* 会商 */
    WORKFLOW_EXTENSION,    /* 延期申请 */
    WORKFLOW_NOTICE,       /* 督办单 */
    WORKFLOW_TALK,         /* 约谈 */
    WORKFLOW_ROUND,        /* 专项督查 */
    WORKFLOW_INSTRUCTION,  /* 批示 */
    WORKFLOW_OPINION,      /* 意见建议 */
    WORKFLOW_PUBLICATION,  /* 整改进展情况通报 */
    WORKFLOW_GRANT,        /* 授权: a seat from proposal to its end */
    WORKFLOW_ACCOUNT,      /* 账号 */
    WORKFLOW_SITTING,      /* 批量会审 */
    WORKFLOW_OUTCOME,      /* 整改成效 */
    WORKFLOW_COUNT
};

/* Where every machine begins: the thing does not exist yet. */
#define STATE_NONE "NONE"

/* States the code speaks of. The full list of a machine is workflow_machine(id)->states. */
#define STATE_DRAFT "DRAFT"
#define STATE_ASSIGNED "ASSIGNED"
#define STATE_IN_PROGRESS "IN_PROGRESS"
#define STATE_EFFECT_CLAIMED "EFFECT_CLAIMED"
#define STATE_EFFECT_REACHED "EFFECT_REACHED"
#define STATE_COMPLETE_CLAIMED "COMPLETE_CLAIMED"
#define STATE_SUSTAINING "SUSTAINING"
#define STATE_DONE "DONE"
#define STATE_SUPERSEDED "SUPERSEDED"
#define STATE_CANCELLED "CANCELLED"
#define STATE_REGISTERED "REGISTERED"
#define STATE_RECTIFYING "RECTIFYING"
#define STATE_CLOSE_APPLIED "CLOSE_APPLIED"
#define STATE_JOINT_REVIEW "JOINT_REVIEW"
#define STATE_CLOSED "CLOSED"
#define STATE_SUSTAINED "SUSTAINED"
#define STATE_OPEN "OPEN"
#define STATE_CONFIRMING "CONFIRMING"
#define STATE_SUBMITTED "SUBMITTED"
#define STATE_RETURNED "RETURNED"
#define STATE_ACCEPTED "ACCEPTED"
#define STATE_LOCKED "LOCKED"
#define STATE_NIL "NIL"
#define STATE_WAIVED "WAIVED"
#define STATE_APPROVED "APPROVED"
#define STATE_REJECTED "REJECTED"
#define STATE_WITHDRAWN "WITHDRAWN"
#define STATE_PROPOSED "PROPOSED"
#define STATE_ENDED "ENDED"
#define STATE_ACTIVE "ACTIVE"
#define STATE_DISABLED "DISABLED"
#define STATE_PLANNED "PLANNED"
#define STATE_CONCLUDED "CONCLUDED"
#define STATE_REVIEW "REVIEW"
#define STATE_RECORDED "RECORDED"
#define STATE_CONFIRMED "CONFIRMED"

/* Commands the first slice executes; the others stand in the tables only. */
#define COMMAND_CREATE "create"
#define COMMAND_APPROVE_PLAN "approve_plan"
#define COMMAND_SIGN_FOR "sign_for"
#define COMMAND_OBJECT "object"
#define COMMAND_REPORT "report"
#define COMMAND_CLAIM_EFFECT "claim_effect"
#define COMMAND_CLAIM_COMPLETE "claim_complete"
#define COMMAND_CONFIRM "confirm"
#define COMMAND_RETURN "return"
#define COMMAND_WITHDRAW "withdraw"
#define COMMAND_REOPEN "reopen"
#define COMMAND_OPEN "open"
#define COMMAND_FILL "fill"
#define COMMAND_SUBMIT "submit"
#define COMMAND_COUNTERSIGN "countersign"
#define COMMAND_NIL "nil"
#define COMMAND_WAIVE "waive"
#define COMMAND_ACCEPT "accept"
#define COMMAND_LOCK "lock"
#define COMMAND_CORRECT "correct"
#define COMMAND_APPROVE "approve"
#define COMMAND_EDIT "edit"
#define COMMAND_PROPOSE "propose"
#define COMMAND_REJECT "reject"
#define COMMAND_END "end"
#define COMMAND_DISABLE "disable"
#define COMMAND_ENABLE "enable"
#define COMMAND_UNLOCK "unlock"
#define COMMAND_RESET "reset"
#define COMMAND_ISSUE_CODE "issue_code"
#define COMMAND_ENDORSE "endorse"
#define COMMAND_CHECK_OK "check_ok"
#define COMMAND_FINISH "finish"
#define COMMAND_FAIL "fail"
#define COMMAND_SUPERSEDE "supersede"
#define COMMAND_CANCEL "cancel"
#define COMMAND_ADD "add"
#define COMMAND_REGISTER "register"
#define COMMAND_APPLY_CLOSE "apply_close"
#define COMMAND_FORWARD "forward"
#define COMMAND_CLOSE "close"
#define COMMAND_REFUSE "refuse"
#define COMMAND_HOLD "hold"
#define COMMAND_JUDGE "judge"
#define COMMAND_CONCLUDE "conclude"
#define COMMAND_SUBMIT_REVIEW "submit_review"
#define COMMAND_REVIEW "review"
#define COMMAND_WITHDRAW_REVIEW "withdraw_review"
#define COMMAND_ALTER "alter"
#define COMMAND_VERIFY "verify"

/* ---- guards ---- */

/* Each is a bit number of a guard mask. INPUT guards ask for what the request brings (a reason, new
 * dates); the others for how things stand. */
enum guard {
    GUARD_PLAN_NOT_APPROVED = 0,
    GUARD_PLAN_APPROVED,
    GUARD_MEASURE_ASSIGNABLE, /* leader, lead unit, target, class, dates in order */
    GUARD_EVIDENCE,
    GUARD_EVIDENCE_REAL, /* one that is not "a document was issued" */
    GUARD_PERCENT_REASON,
    GUARD_NOT_IMMEDIATE,
    GUARD_IMMEDIATE,
    GUARD_EFFECT_FIRST,
    GUARD_LONG_TERM,
    GUARD_NOT_LONG_TERM,
    GUARD_CLAIMED_FROM_PROGRESS,
    GUARD_CLAIMED_FROM_EFFECT,
    GUARD_NEXT_CHECK,
    GUARD_INDEPENDENT,    /* no body judges its own work */
    GUARD_OFFICE_RECUSED, /* the office leads the problem itself: a substitute judges */
    GUARD_ENDORSED,       /* the problem's lead unit endorsed, where it is another */
    GUARD_ENDORSER,       /* the actor is that lead unit, and the claim another's */
    GUARD_REASON,
    GUARD_NEW_DATES,
    GUARD_REOPEN_GROUND,
    GUARD_AMENDMENT,
    GUARD_MEASURES_FINISHED,
    GUARD_CLOSING_REPORT,
    GUARD_GROUP_OPINION,
    GUARD_ALL_BODIES_AGREE,
    GUARD_BODY_REFUSES,
    GUARD_FIVE_CRITERIA,
    GUARD_SOME_SUSTAINING,
    GUARD_NONE_SUSTAINING,
    GUARD_ALL_ROWS_FILLED,
    GUARD_TWO_PEOPLE, /* 填报人 ≠ 审核人 */
    GUARD_ALL_ROWS_ACCEPTED,
    GUARD_A_ROW_RETURNED,
    GUARD_PERIOD_CLOSED,
    GUARD_BEFORE_DUE,
    GUARD_AFTER_DUE,
    GUARD_NEW_DATE_LATER,
    GUARD_EXTENSION_SHORT,
    GUARD_EXTENSION_MIDDLE,
    GUARD_EXTENSION_LONG,
    GUARD_TASKS_NAMED,
    GUARD_TASKS_DONE,
    GUARD_NOTICE_LEVEL_1,
    GUARD_NOTICE_LEVEL_2,
    GUARD_NOTICE_LEVEL_3,
    GUARD_FORMER_NOTICE_FAILED,
    GUARD_HOLDING_BODY,
    GUARD_SAMPLE_CHOSEN,
    GUARD_ALL_VERDICTS,
    GUARD_ADDRESSEE_DUE,
    GUARD_ANSWER_GIVEN,
    GUARD_AS_OF_CHOSEN,
    GUARD_HELD_BACK_OUT,
    GUARD_REVIEWER_NEEDED, /* the unit has a 审核人, who confirms before a table is handed in */
    GUARD_NOTHING_JUDGED,
    GUARD_REVIEWER,       /* the actor's body is named in the plan's review */
    GUARD_REVIEWS_AGREED, /* every body the plan needs agreed to this very draft */
    GUARD_PROOF,          /* an outcome is shown by a file */
    GUARD_COUNT
};

#define GUARD_BIT(g) (UINT64_C(1) << (g))
_Static_assert(GUARD_COUNT <= 64, "a guard mask has 64 bits");

/* What guards read. Fill in what the machine at hand needs; zero never opens a door. */
struct workflow_facts {
    /* the plan */
    bool plan_known;    /* plan_approved says something */
    bool plan_approved; /* the inspection's plan has an approved version */
    bool amendment_approved;
    /* a measure */
    enum measure_class class_;
    bool has_leader;
    bool has_lead_unit;
    bool has_target;
    int32_t effect_due; /* current dates; 0 is 1970-01-01, NO_DATE is no date */
    int32_t complete_due;
    bool effect_reached;        /* as of this round */
    bool claimed_from_progress; /* the claim was made in IN_PROGRESS */
    bool claimed_from_effect;   /* … in EFFECT_REACHED */
    uint32_t evidence_count;
    uint32_t evidence_not_document_count;
    bool percent_ok;     /* not lower than before, or a reason is given */
    bool independent;    /* the judging body is not the judged one */
    bool office_recused; /* the office is the judged one */
    bool endorsed;       /* by the problem's lead unit, or it is the same unit */
    bool endorser;       /* the actor is the lead unit that endorses another's claim */
    /* a request */
    bool reason_given; /* code and text */
    bool new_dates_given;
    bool reopen_ground_given; /* RELAPSE, WRONG_CONFIRM, TIP, SPOT_CHECK */
    bool next_check_given;
    /* a problem */
    uint32_t measures_total;
    uint32_t measures_finished; /* DONE, SUPERSEDED, CANCELLED or SUSTAINING */
    uint32_t measures_sustaining;
    bool closing_report;
    bool group_opinion;
    uint32_t bodies_agreed; /* bits of ROLE_VERIFY */
    uint32_t bodies_refused;
    bool five_criteria_reasoned;
    /* a table */
    uint32_t rows_total;
    uint32_t rows_filled;
    uint32_t rows_accepted;
    uint32_t rows_returned;
    bool two_people;
    bool reviewer_needed;
    bool nothing_judged; /* of a table handed in: no row and no claim */
    bool period_closed;
    /* an extension */
    bool due_known;
    bool due_passed;
    bool new_date_later;
    uint32_t extension_no; /* 1: the first of this milestone */
    uint32_t extension_days;
    bool past_concentrated_phase;
    /* consultation, notice, talk, round, instruction, opinion, publication */
    uint32_t tasks_total;
    uint32_t tasks_done;
    uint32_t notice_level;
    bool former_notice_failed; /* the next lower level ended NOT_SATISFIED */
    bool urgent;
    bool holding_body; /* the actor belongs to the body that holds the talk */
    uint32_t sample_total;
    uint32_t verdicts_given;
    bool addressee_and_due;
    bool answer_given;
    bool as_of_chosen;
    bool held_back_out;
    /* a plan's review */
    bool reviewer;       /* the actor's body is among those asked */
    bool reviews_agreed; /* all asked agreed to what stands; true where nobody is asked */
};

/* ---- tables ---- */

struct workflow_state {
    const char *code;
    const char *zh;
    bool final; /* nothing need follow; a state that is not final must have a way out */
};

struct workflow_edge {
    const char *from;
    const char *command;
    const char *to;
    uint32_t who;   /* any of these roles */
    uint64_t when;  /* selects among edges of the same (from, command) */
    uint64_t guard; /* refuses */
    const char *why;
};

struct workflow_machine {
    enum workflow_id id;
    const char *code; /* "measure": what the database calls it */
    const char *zh;
    const struct workflow_state *states; /* STATE_NONE is not among them */
    size_t state_count;
    const struct workflow_edge *edges;
    size_t edge_count;
};

/* Never NULL for an id below WORKFLOW_COUNT (asserted). Static. */
const struct workflow_machine *workflow_machine(enum workflow_id id);

/* The machine of a code, or NULL. */
const struct workflow_machine *workflow_machine_by_code(const char *code);

/* ---- reading them ---- */

/* The first edge of (from, command), whatever its `when`; NULL when there is none. */
const struct workflow_edge *workflow_find(const struct workflow_machine *machine, const char *from,
                                          const char *command);

/* The whole decision: who may never give the command, state, role, guards. On OK *ret_edge is the
 * edge to take.
 * Refusals (all with a reason code and a Chinese sentence in the fault):
 * FAILED_PRECONDITION STATE_FORBIDS · PERMISSION_DENIED ROLE_FORBIDS · FAILED_PRECONDITION or, for
 * what the request lacks, INVALID_ARGUMENT with the guard's code. fault may be NULL. */
enum status workflow_step(const struct workflow_machine *machine, const char *from,
                          const char *command, uint32_t roles, const struct workflow_facts *facts,
                          const struct workflow_edge **ret_edge, struct fault *fault) MUST_CHECK;

/* One command of a machine as it stands now. */
struct workflow_option {
    const char *command;
    const char *command_zh;
    const char *to;        /* NULL unless allowed */
    bool allowed;          /* with what `needs` names in the request */
    uint64_t needs;        /* INPUT guards the request must meet */
    const char *reason;    /* stable code; "" when allowed */
    const char *reason_zh; /* whole sentence; "" when allowed */
};

/* Every command of the machine, once, in table order: may it be given now, and if not why. INPUT
 * guards are not held against it. Returns how many of ret_options (max) were filled. */
size_t workflow_allowed(const struct workflow_machine *machine, const char *from, uint32_t roles,
                        const struct workflow_facts *facts, struct workflow_option *ret_options,
                        size_t max);
enum { WORKFLOW_OPTIONS_MAX = 24 }; /* no machine has more commands; a test holds it */

/* Whether one guard holds. */
bool guard_holds(enum guard guard, const struct workflow_facts *facts);
bool guard_is_input(enum guard guard);
const char *guard_code(enum guard guard); /* "EVIDENCE_MISSING" */
const char *guard_zh(enum guard guard);   /* the sentence of a refusal */

/* Chinese names; the code itself when there is none, so never NULL. */
const char *workflow_state_zh(const struct workflow_machine *machine, const char *state);
const char *workflow_command_zh(const char *command);

/* Whether the state is one of the machine's (STATE_NONE is not). */
bool workflow_state_known(const struct workflow_machine *machine, const char *state);

/* Open: neither final nor STATE_NONE. */
bool workflow_state_open(const struct workflow_machine *machine, const char *state);

/* ---- printing ---- */

/* The machine as a Markdown table, for the documentation. */
void workflow_print_markdown(FILE *out, const struct workflow_machine *machine);

/* Every edge of every machine, once each, as SQL rows for `table` (machine, from_state, command,
 * to_state): one INSERT, sorted by machine and table order. A test compares a migration with it. */
void workflow_sql_edges(FILE *out, const char *table);

#endif
