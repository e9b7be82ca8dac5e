/* The words of changes, stages and causes, and what adds up over them. */
#include "server/service/status.h"

#include "proto/base/wire_text.h"

#include <string.h>

struct words {
    const char *name;
    const char *zh;
};

static const struct words changes[] = {
    {"ADDED", "新增"},     {"REMOVED", "取消或替代"},         {"DONE", "新到位"},
    {"CLOSED", "新销号"},  {"REOPENED", "重新打开"},          {"EXTENDED", "延期"},
    {"OVERDUE", "新超期"}, {"NO_LONGER_OVERDUE", "不再超期"}, {"MISSING", "新未报"},
    {"HANDED_IN", "补报"},
};
enum { CHANGE_COUNT = sizeof changes / sizeof changes[0] };

static const struct {
    const char *name;
    const char *zh;
    bool office;
} stages[] = {
    {"ASSIGNED", "待签收", false},
    {"IN_PROGRESS", "整改中", false},
    {"EFFECT_CLAIMED", "等待认定明显成效", true},
    {"EFFECT_REACHED", "已取得明显成效", false},
    {"COMPLETE_CLAIMED", "等待认定到位", true},
    {"SUSTAINING", "持续坚持", false},
    {"CONSULTATION_TRIAGE", "会商待受理", true},
    {"EXTENSION_DECISION", "延期待审批", true},
};

static const struct words causes[] = {
    {"RETURN", "申请退回"},     {"ROW_RETURN", "汇总表退回"}, {"REFUSE", "销号不同意"},
    {"REOPEN", "重新打开"},     {"OBJECT", "对任务有异议"},   {"EXTENSION", "延期"},
    {"DIFFICULTY", "困难求助"}, {"ROUND", "整改轮次"},
};

/* Reason codes of returns, extensions, reopenings and the like. */
static const struct words reasons[] = {
    {"EVIDENCE_WEAK", "材料不足"},    {"EFFECT_UNCLEAR", "成效不明显"},
    {"WRONG_SCOPE", "不是本条内容"},  {"NARRATIVE_THIN", "写得太空"},
    {"NOT_NEEDED", "没有必要"},       {"DUPLICATE", "重复"},
    {"POLICY_CHANGED", "政策变化"},   {"FUNDS_OR_PEOPLE", "资金或人员"},
    {"COORDINATION", "需多部门协调"}, {"OUTSIDE_CAUSE", "外部原因"},
    {"UNANSWERED", "逾期未办"},       {"RELAPSE", "反弹回潮"},
    {"WRONG_CONFIRM", "认定有误"},    {"TIP", "信访举报"},
    {"SPOT_CHECK", "督查发现"},       {"OTHER", "其他"},
};

static char *
word(const struct words *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return wire_text(list[i].zh);
        }
    }
    return wire_text(name);
}

static bool
same(const char *a, const char *b)
{
    return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* The unit's line; a new one at the end. */
static Pb__UnitChanges *
unit_line(Pb__GetChangesReply *reply, const Pb__StatusEntry *e, struct arena *a)
{
    for (size_t i = 0; i < reply->n_units; i++) {
        if (same(reply->units[i]->unit, e->unit)) {
            return reply->units[i];
        }
    }
    Pb__UnitChanges *u = arena_alloc(a, sizeof *u);
    if (u == NULL) {
        return NULL;
    }
    pb__unit_changes__init(u);
    u->unit = e->unit;
    u->unit_name = e->unit_name;
    u->numbers = arena_array(a, CHANGE_COUNT, sizeof *u->numbers);
    reply->units[reply->n_units++] = u;
    return u->numbers == NULL ? NULL : u;
}

static bool
count_change(Pb__UnitChanges *u, const Pb__StatusChange *c, struct arena *a)
{
    for (size_t i = 0; i < u->n_numbers; i++) {
        if (same(u->numbers[i]->name, c->change)) {
            u->numbers[i]->numerator++;
            return true;
        }
    }
    Pb__StatusNumber *n = arena_alloc(a, sizeof *n);
    if (n == NULL || u->n_numbers >= CHANGE_COUNT) {
        return false;
    }
    pb__status_number__init(n);
    n->name = c->change;
    n->name_zh = c->change_zh;
    n->has_numerator = 1;
    n->numerator = 1;
    u->numbers[u->n_numbers++] = n;
    return true;
}

bool
status_changes_fill(Pb__GetChangesReply *reply, struct arena *a)
{
    reply->units = arena_array(a, reply->n_changes + 1, sizeof *reply->units);
    for (size_t i = 0; reply->units != NULL && i < reply->n_changes; i++) {
        Pb__StatusChange *c = reply->changes[i];
        c->change_zh = word(changes, CHANGE_COUNT, c->change);
        Pb__UnitChanges *u = unit_line(reply, c->entry, a);
        if (u == NULL || !count_change(u, c, a)) {
            return false;
        }
    }
    return reply->units != NULL;
}

void
status_stages_fill(Pb__GetAgeingReply *reply)
{
    reply->has_office_days = reply->has_unit_days = 1;
    for (size_t i = 0; i < reply->n_stages; i++) {
        Pb__StageTime *t = reply->stages[i];
        for (size_t k = 0; k < sizeof stages / sizeof stages[0]; k++) {
            if (strcmp(stages[k].name, t->stage) != 0) {
                continue;
            }
            t->stage_zh = wire_text(stages[k].zh);
            t->waits_for = wire_text(stages[k].office ? "OFFICE" : "UNIT");
            /* What is sustained is nobody's delay. */
            if (stages[k].office) {
                reply->office_days += t->days_total;
            } else if (strcmp(t->stage, "SUSTAINING") != 0) {
                reply->unit_days += t->days_total;
            }
        }
    }
}

void
status_causes_fill(Pb__Cause **list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        list[i]->kind_zh = word(causes, sizeof causes / sizeof causes[0], list[i]->kind);
    }
}

static const char *
name_of(const struct words *list, size_t count, const char *name)
{
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return list[i].zh;
        }
    }
    return name;
}

const char *
status_cause_zh(const char *kind)
{
    return name_of(causes, sizeof causes / sizeof causes[0], kind);
}

const char *
status_reason_zh(const char *code)
{
    return name_of(reasons, sizeof reasons / sizeof reasons[0], code);
}
