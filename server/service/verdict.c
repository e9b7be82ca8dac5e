#include "server/service/verdict.h"

#include "server/service/workflow.h"

#include <string.h>

enum { COMMANDS_MAX = 4 };

/* What was handed in, and which commands say yes or no to it. Whatever else the store found (the
 * unit's own withdrawal, an amendment) ends the matter without a verdict. */
static const struct rule {
    const char *kind;
    const char *command;
    const char *yes[COMMANDS_MAX];
    const char *no[COMMANDS_MAX];
    const char *waiting_zh;
} rules[] = {
    {"table", "submit", {"accept"}, {"return"}, "待审核"},
    {"table", "countersign", {"accept"}, {"return"}, "待审核"},
    {"measure", "claim_effect", {"confirm"}, {"return"}, "成效待认定"},
    {"measure", "claim_complete", {"confirm"}, {"return"}, "到位待认定"},
    {"problem", "apply_close", {"close"}, {"return", "refuse"}, "销号待会审"},
    {"outcome", "register", {"verify"}, {"return"}, "成效待核实"},
    {"outcome", "correct", {"verify"}, {"return"}, "成效待核实"},
    {"matter", "submit", {"approve"}, {"reject"}, "延期申请待审批"},
    {"matter", "submit_late", {"approve"}, {"reject"}, "延期申请待审批"},
    {"matter", "open", {"decide"}, {NULL}, "会商待议定"},
    {"matter", "reply", {"clear", "close"}, {"not_satisfied", "return"}, "回复待审核"},
    {"plan_version", "submit_review", {"approve"}, {NULL}, "方案待审议"},
    {"publication", "check", {"approve"}, {"return"}, "通报待批准"},
    {"grant", "propose", {"approve"}, {"reject"}, "授权待批准"},
};

const char *const verdict_deciding[] = {
    "accept", "return", "confirm", "withdraw",      "supersede",       "cancel",
    "close",  "refuse", "reopen",  "verify",        "correct",         "approve",
    "reject", "decide", "clear",   "not_satisfied", "withdraw_review",
};
const size_t verdict_deciding_count = sizeof verdict_deciding / sizeof verdict_deciding[0];

static bool
among(const char *const list[COMMANDS_MAX], const char *command)
{
    for (size_t i = 0; i < COMMANDS_MAX && list[i] != NULL; i++) {
        if (strcmp(list[i], command) == 0) {
            return true;
        }
    }
    return false;
}

static const struct rule *
rule_of(const struct judged_record *c)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (strcmp(rules[i].kind, c->kind) == 0 && strcmp(rules[i].command, c->command) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

/* "8 行：7 行审核通过，1 行退回", what is zero left out. */
static const char *
table_line(const struct judged_record *c, struct arena *a)
{
    int32_t waiting = c->rows - c->rows_accepted - c->rows_returned;
    const struct {
        int32_t rows;
        const char *what;
    } parts[] = {{c->rows_accepted, "审核通过"}, {c->rows_returned, "退回"}, {waiting, "待审核"}};
    const char *text = arena_printf(a, "%d 行", c->rows);
    const char *before = "：";
    for (size_t i = 0; text != NULL && i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].rows > 0) {
            text = arena_printf(a, "%s%s%d 行%s", text, before, parts[i].rows, parts[i].what);
            before = "，";
        }
    }
    return text;
}

static const char *
line_of(const struct rule *rule, const struct judged_record *c, Pb__OperationVerdict verdict,
        struct arena *a)
{
    if (strcmp(c->kind, "table") == 0 && c->rows > 0) {
        return table_line(c, a);
    }
    if (verdict == PB__OPERATION_VERDICT__OPERATION_VERDICT_WAITING) {
        return rule->waiting_zh;
    }
    const char *word =
        verdict == PB__OPERATION_VERDICT__OPERATION_VERDICT_ACCEPTED ? "审核通过" : "退回";
    return c->reason == NULL || c->reason[0] == '\0' ? word
                                                     : arena_printf(a, "%s：%s", word, c->reason);
}

static Pb__OperationVerdict
judge(const struct rule *rule, const struct judged_record *c)
{
    if (c->decided_by == NULL) {
        return c->rows_returned > 0 ? PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED
                                    : PB__OPERATION_VERDICT__OPERATION_VERDICT_WAITING;
    }
    if (among(rule->yes, c->decided_by)) {
        return PB__OPERATION_VERDICT__OPERATION_VERDICT_ACCEPTED;
    }
    return among(rule->no, c->decided_by) ? PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED
                                          : PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE;
}

enum status
verdict_of(const struct judged_record *changes, size_t count, struct arena *a,
           struct verdict *ret_verdict)
{
    struct verdict out = {.verdict = PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE};
    for (size_t i = 0; i < count; i++) {
        const struct rule *rule = rule_of(&changes[i]);
        if (rule == NULL) {
            continue;
        }
        out.verdict = judge(rule, &changes[i]);
        if (out.verdict != PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE) {
            out.line = line_of(rule, &changes[i], out.verdict, a);
            if (out.line == NULL) {
                return STATUS_RESOURCE_EXHAUSTED;
            }
        }
        break;
    }
    *ret_verdict = out;
    return STATUS_OK;
}
