#include "server/service/outcome.h"

#include "proto/base/wire_text.h"
#include "server/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define YUAN INT64_C(100) /* in 分 */

static const struct outcome_kind kinds[] = {
    {PB__OUTCOME_KIND__RULE_MADE, "制定制度", "项", 10000},
    {PB__OUTCOME_KIND__RULE_REVISED, "修订制度", "项", 10000},
    {PB__OUTCOME_KIND__FUNDS_RECOVERED, "追缴资金", "元", 1000000000000 * YUAN},
    {PB__OUTCOME_KIND__PEOPLE_HANDLED, "处理人次", "人次", 1000000},
    {PB__OUTCOME_KIND__PEOPLE_TALKED, "谈话提醒", "人次", 1000000},
    {PB__OUTCOME_KIND__PEOPLE_TRAINED, "培训", "人次", 1000000},
    {PB__OUTCOME_KIND__ACTIVITY_HELD, "开展活动", "次", 100000},
    {PB__OUTCOME_KIND__OTHER_OUTCOME, "其他成效", NULL, 1000000000},
};

const struct outcome_kind *
outcome_kind_find(Pb__OutcomeKind kind)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (kinds[i].kind == kind) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool
is(const char *text, const char *other)
{
    return text != NULL && other != NULL && strcmp(text, other) == 0;
}

static bool
said(const char *text)
{
    return text != NULL && text[0] != '\0';
}

/* ---- who, and how things stand ---- */

/* The bodies whose work it is: neither of them judges it. */
static bool
independent(const struct outcome_case *c)
{
    const struct judge judge = {.org_id = c->actor.org_id, .orgs = c->actor.orgs};
    const char *recorder = c->outcome == NULL ? NULL : c->outcome->org.id;
    return !role_recused(&judge, &recorder, 1) && measure_independent(c->measure, &c->actor);
}

static bool
is_judgement(const char *command)
{
    return is(command, COMMAND_VERIFY) || is(command, COMMAND_RETURN);
}

static struct workflow_facts
facts_of(const struct outcome_case *c)
{
    const struct outcome_record *o = c->outcome;
    return (struct workflow_facts){
        .independent = independent(c),
        .office_recused = c->measure->office_leads,
        .two_people = o != NULL && !role_is_person(c->actor.account_id, c->actor.substitute_for_id,
                                                   o->recorded_by),
        .evidence_count = o == NULL ? 0 : (uint32_t)o->evidence_count,
    };
}

/* What stands in the way beside the table of transitions. */
static enum status
check_beside(const struct outcome_case *c, const char *command, uint32_t roles, struct fault *fault)
{
    const struct measure_record *m = c->measure;
    bool words = is(command, COMMAND_REGISTER) || is(command, COMMAND_CORRECT);
    if (words && !measure_live(m)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "MEASURE_NOT_LIVE",
                         "措施 %s 还没有批准，或已被替代、取消，不能在它下面登记成效。", m->ref);
    }
    if (c->outcome == NULL || is_judgement(command) || (roles & ROLE_UNIT) == 0 ||
        is(c->actor.org_id, c->outcome->org.id) || is(c->actor.org_id, m->plead.id)) {
        return STATUS_OK;
    }
    return fault_set(fault, STATUS_PERMISSION_DENIED, "OTHER_UNIT",
                     "成效 %s 由 %s 登记，请由该单位或问题整改牵头单位更正、撤回。",
                     c->outcome->ref, c->outcome->org.code == NULL ? "" : c->outcome->org.code);
}

/* ---- what it says ---- */

static enum status
check_amount(const struct outcome_record *o, struct fault *fault)
{
    const struct outcome_kind *k = outcome_kind_find(o->kind);
    if (k == NULL) {
        return fault_set_field(
            fault, "input.kind", "OUTCOME_KIND",
            "请写明成效的类别：制定制度、修订制度、追缴资金、处理人次、谈话提醒、"
            "培训、开展活动或其他成效。");
    }
    if (o->amount >= 1 && o->amount <= k->max) {
        return STATUS_OK;
    }
    if (o->kind == PB__OUTCOME_KIND__FUNDS_RECOVERED) {
        return fault_set_field(fault, "input.amount", "AMOUNT_RANGE",
                               "追缴资金以元计，要大于 0，不超过 %" PRId64 " 元，最多两位小数。",
                               k->max / YUAN);
    }
    return fault_set_field(fault, "input.amount", "AMOUNT_RANGE",
                           "“%s”的数量要是 1 到 %" PRId64 " 的整数。", k->zh, k->max);
}

static enum status
check_word(struct outcome_record *o, const char *given, struct fault *fault)
{
    const char *own = outcome_kind_find(o->kind)->word;
    if (own == NULL ? !said(o->word) : said(given) && !is(given, own)) {
        return fault_set_field(fault, "input.word", "OUTCOME_WORD",
                               own == NULL ? "“其他成效”要写明计量单位，例如：台、公里。"
                                           : "计量单位由类别决定，只有“其他成效”才自己写。");
    }
    if (own != NULL) {
        o->word = own;
    }
    return STATUS_OK;
}

static enum status
check_day_and_title(const struct outcome_record *o, int32_t today, struct fault *fault)
{
    if (!said(o->title)) {
        return fault_set_field(fault, "input.title", "TEXT_MISSING",
                               "请用一句话写明是什么成效，例如制度的名称。");
    }
    return o->happened_day <= today ? STATUS_OK
                                    : fault_set_field(fault, "input.happened_on", "DAY_IN_FUTURE",
                                                      "取得成效的日子不能晚于今天，请核对。");
}

static bool
same_words(const struct outcome_record *a, const struct outcome_record *b)
{
    bool texts = said(a->text) ? is(a->text, b->text) : !said(b->text);
    return a->kind == b->kind && a->amount == b->amount && is(a->word, b->word) &&
           is(a->title, b->title) && texts && a->happened_day == b->happened_day;
}

/* The record as the request words it; what it leaves out stays as it was. */
static enum status
take_words(const struct outcome_case *c, const struct outcome_order *order,
           struct outcome_record *next, struct fault *fault)
{
    const Pb__OutcomeInput *in = order->input;
    if (in->has_kind && in->kind != next->kind) {
        next->kind = in->kind;
        next->word = NULL;
    }
    next->amount = in->has_amount ? in->amount : next->amount;
    next->word = said(in->word) ? in->word : next->word;
    next->title = said(in->title) ? in->title : next->title;
    next->text = said(in->text) ? in->text : next->text;
    int32_t stated = next->happened_day == NO_DATE ? c->today : next->happened_day;
    next->happened_day = order->happened_day != NO_DATE ? order->happened_day : stated;
    enum status s = check_amount(next, fault);
    if (s == STATUS_OK) {
        s = check_word(next, in->word, fault);
    }
    if (s == STATUS_OK) {
        s = check_day_and_title(next, c->today, fault);
    }
    if (s == STATUS_OK && c->outcome != NULL && order->files == 0 && same_words(c->outcome, next)) {
        s = fault_set(fault, STATUS_INVALID_ARGUMENT, "NOTHING_CHANGED",
                      "成效 %s 与原来的说法一样，没有可更正的。", next->ref);
    }
    return s;
}

/* ---- the decision ---- */

static struct outcome_record
blank(const struct outcome_case *c, const struct outcome_order *order)
{
    const struct measure_record *m = c->measure;
    return (struct outcome_record){
        .id = order->id,
        .ref = order->ref,
        .inspection = m->inspection,
        .measure_id = m->id,
        .measure_ref = m->ref,
        .problem_ref = m->problem_ref,
        .unit = m->plead.code,
        .org = order->org,
        .happened_day = NO_DATE,
        .confirmed_day = NO_DATE,
    };
}

enum status
outcome_step(const struct outcome_case *c, const struct outcome_order *order,
             struct outcome_record *ret, struct fault *fault)
{
    const char *from = c->outcome == NULL ? STATE_NONE : c->outcome->state;
    uint32_t roles = measure_roles(c->measure, &c->actor);
    struct workflow_facts facts = facts_of(c);
    const struct workflow_edge *edge = NULL;
    facts.reason_given = order->reason != NULL;
    enum status s = workflow_step(workflow_machine(WORKFLOW_OUTCOME), from, order->command, roles,
                                  &facts, &edge, fault);
    if (s == STATUS_OK) {
        s = check_beside(c, order->command, roles, fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct outcome_record next = c->outcome == NULL ? blank(c, order) : *c->outcome;
    if (order->input != NULL) {
        s = take_words(c, order, &next, fault);
        next.recorded_by = c->actor.account_id;
        next.evidence_count += order->files;
    }
    if (s != STATUS_OK) {
        return s;
    }
    next.state = edge->to;
    next.reason = order->reason;
    next.changed_ms = c->now_ms;
    next.confirmed_day = is(edge->to, STATE_CONFIRMED) ? c->today : NO_DATE;
    next.version++;
    *ret = next;
    return STATUS_OK;
}

size_t
outcome_options(const struct outcome_case *c, struct workflow_option *ret_options)
{
    static const char other_zh[] =
        "这项成效由措施的另一个牵头单位登记，请由该单位或问题整改牵头单位更正、撤回。";
    static const char not_live_zh[] = "这条措施还没有批准，或已被替代、取消，不能登记或更正成效。";
    uint32_t roles = measure_roles(c->measure, &c->actor);
    struct workflow_facts facts = facts_of(c);
    const char *from = c->outcome == NULL ? STATE_NONE : c->outcome->state;
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_OUTCOME), from, roles, &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        struct fault fault = {0};
        enum status s = check_beside(c, o->command, roles, &fault);
        if (!o->allowed || s == STATUS_OK) {
            continue;
        }
        bool other = s == STATUS_PERMISSION_DENIED;
        o->allowed = false;
        o->to = NULL;
        o->reason = other ? "OTHER_UNIT" : "MEASURE_NOT_LIVE";
        o->reason_zh = other ? other_zh : not_live_zh;
    }
    return n;
}

/* ---- how it is shown ---- */

const char *
outcome_ref(struct arena *a, int32_t number)
{
    return arena_printf(a, "CG-%04" PRId32, number);
}

/* "12,345" */
static char *
grouped(int64_t number, struct arena *a)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRId64, number);
    char *out = arena_alloc(a, sizeof digits * 2);
    char *at = out;
    for (int i = 0; out != NULL && i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0 && digits[i - 1] != '-') {
            *at++ = ',';
        }
        *at++ = digits[i];
    }
    if (out != NULL) {
        *at = '\0';
    }
    return out;
}

char *
outcome_amount_text(Pb__OutcomeKind kind, int64_t amount, const char *word, struct arena *a)
{
    const char *unit = word == NULL ? "" : word;
    bool money = kind == PB__OUTCOME_KIND__FUNDS_RECOVERED;
    char *whole = grouped(money ? amount / YUAN : amount, a);
    if (whole == NULL) {
        return NULL;
    }
    return money ? arena_printf(a, "%s.%02d %s", whole, (int)(amount % YUAN), unit)
                 : arena_printf(a, "%s %s", whole, unit);
}

static char *
day_of(int32_t day, struct arena *a)
{
    char text[DAY_TEXT_SIZE];
    return day == NO_DATE ? NULL : arena_strdup(a, day_print(day, text));
}

static char *
kind_zh(Pb__OutcomeKind kind)
{
    const struct outcome_kind *k = outcome_kind_find(kind);
    return wire_text(k == NULL ? "" : k->zh);
}

Pb__Outcome *
outcome_message(const struct outcome_record *o, struct arena *a)
{
    Pb__Outcome *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__outcome__init(out);
    out->id = wire_text(o->id);
    out->ref = wire_text(o->ref);
    out->inspection = wire_text(o->inspection);
    out->problem_ref = wire_text(o->problem_ref);
    out->measure_ref = wire_text(o->measure_ref);
    out->has_kind = out->has_amount = out->has_evidence_count = 1;
    out->has_changed_at_ms = out->has_version = 1;
    out->kind = o->kind;
    out->kind_zh = kind_zh(o->kind);
    out->amount = o->amount;
    out->word = wire_text(o->word);
    out->amount_text = outcome_amount_text(o->kind, o->amount, o->word, a);
    out->title = wire_text(o->title);
    out->text = wire_text(o->text);
    out->happened_on = day_of(o->happened_day, a);
    out->state = wire_text(o->state);
    out->state_zh = wire_text(workflow_state_zh(workflow_machine(WORKFLOW_OUTCOME), o->state));
    out->unit = wire_text(o->unit);
    out->unit_name = wire_text(o->unit_name);
    out->recorded_by = wire_text(o->org.code);
    out->reason = wire_text(o->reason);
    out->evidence_count = o->evidence_count;
    out->changed_at_ms = o->changed_ms;
    out->confirmed_on = day_of(o->confirmed_day, a);
    out->version = o->version;
    return out->amount_text == NULL || out->happened_on == NULL ? NULL : out;
}

Pb__OutcomeTotal *
outcome_total_message(const struct outcome_total *t, struct arena *a)
{
    Pb__OutcomeTotal *out = arena_alloc(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    pb__outcome_total__init(out);
    if (!t->whole) {
        out->unit = wire_text(t->unit == NULL ? "" : t->unit);
        out->unit_name = wire_text(t->unit_name);
    }
    out->has_kind = out->has_confirmed = out->has_outcomes = 1;
    out->has_confirmed_amount = out->has_claimed_amount = 1;
    out->kind = t->kind;
    out->kind_zh = kind_zh(t->kind);
    out->word = wire_text(t->word);
    out->confirmed = t->confirmed;
    out->outcomes = t->outcomes;
    out->confirmed_amount = t->confirmed_amount;
    out->claimed_amount = t->claimed_amount;
    out->confirmed_text = outcome_amount_text(t->kind, t->confirmed_amount, t->word, a);
    out->claimed_text = outcome_amount_text(t->kind, t->claimed_amount, t->word, a);
    return out->confirmed_text == NULL || out->claimed_text == NULL ? NULL : out;
}
