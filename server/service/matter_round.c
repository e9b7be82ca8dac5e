/* On-site rounds (专项督查): a sample of measures, chosen by hand or drawn; what was claimed of
 * each is frozen when the round begins, and judged against what is found. A final FALSE of a
 * measure that counts as finished opens it again, whichever body led the round. */
#include "server/service/matter.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_FIELDS (FIELD(F_MEASURES) | FIELD(F_PER_UNIT) | FIELD(F_SEED))
#define REASONED (FIELD(F_REASON_CODE) | FIELD(F_REASON))

static const struct matter_command commands[] = {
    {"plan", FIELD(F_SCHEDULED),
     FIELD(F_INSPECTION) | FIELD(F_TITLE) | FIELD(F_TEXT) | SAMPLE_FIELDS},
    {"edit", 0, FIELD(F_SCHEDULED) | FIELD(F_TITLE) | FIELD(F_TEXT) | SAMPLE_FIELDS},
    {"cancel", 0, REASONED},
    {"start", 0, 0},
    {"judge", FIELD(F_VERDICTS), 0},
    {"conclude", 0, FIELD(F_ANSWER)},
    {"feed_back", 0, 0},
    {"revise", 0, REASONED},
    {"finalize", 0, FIELD(F_DUE) | FIELD(F_EFFECT_DUE) | FIELD(F_VERDICTS)},
    {NULL, 0, 0},
};

static void
facts(const struct matter_case *c, struct workflow_facts *f)
{
    for (size_t i = 0; c->samples != NULL && i < c->samples->count; i++) {
        const struct matter_sample *s = &c->samples->items[i];
        f->sample_total += s->removed ? 0 : 1;
        f->verdicts_given += !s->removed && s->verdict != VERDICT_NONE ? 1 : 0;
    }
    f->independent = true; /* judged measure by measure */
}

static const struct measure_record *
pool_find(const struct matter_case *c, const char *ref_or_id)
{
    for (size_t i = 0; c->pool != NULL && ref_or_id != NULL && i < c->pool->count; i++) {
        const struct measure_record *m = &c->pool->items[i];
        if (strcmp(m->ref, ref_or_id) == 0 || strcmp(m->id, ref_or_id) == 0) {
            return m;
        }
    }
    return NULL;
}

static enum status
check(const struct matter_case *c, const char *command, const struct matter_order *order,
      struct fault *fault)
{
    (void)command;
    if (order == NULL) {
        return STATUS_OK;
    }
    const Pb__MatterInput *in = order->input;
    if (in->has_per_unit && (in->per_unit < 1 || in->per_unit > MATTER_PER_UNIT_MAX)) {
        return fault_set_field(fault, "per_unit", "PER_UNIT_RANGE", "每个单位抽 1 至 %d 条措施。",
                               MATTER_PER_UNIT_MAX);
    }
    if (in->has_seed && (in->seed < 1 || in->seed > MATTER_SEED_MAX || !in->has_per_unit)) {
        return fault_set_field(fault, "seed", "SEED_RANGE",
                               "抽取种子在 1 至 %d 之间，并与 per_unit 一起填写。",
                               MATTER_SEED_MAX);
    }
    enum status s = matter_not_past(c, "scheduled_on", order->scheduled_day, fault);
    return s == STATUS_OK ? matter_not_past(c, "due", order->due, fault) : s;
}

/* ---- choosing ---- */

/* What a claim can be checked of: signed for, and neither dropped nor still a draft. */
static bool
can_be_checked(const struct matter_case *c, const struct measure_record *m)
{
    return measure_live(m) && strcmp(m->state, STATE_ASSIGNED) != 0 && m->plead.id != NULL &&
           measure_independent(m, &c->actor);
}

static enum status
choose(struct matter_outcome *o, const struct measure_record *m, struct fault *fault)
{
    for (size_t i = 0; i < o->sample_count; i++) {
        if (matter_same(o->samples[i].measure_id, m->id)) {
            o->sample_touched[i] = o->sample_touched[i] || o->samples[i].removed;
            o->samples[i].removed = false;
            return STATUS_OK;
        }
    }
    if (o->sample_count >= MATTER_SAMPLE_MAX) {
        return fault_set_field(fault, "measures", "SAMPLE_TOO_LARGE",
                               "一次督查最多抽查 %d 条措施，请分几次进行。", MATTER_SAMPLE_MAX);
    }
    o->sample_touched[o->sample_count] = true;
    o->samples[o->sample_count++] = (struct matter_sample){
        .matter_id = o->next.id,
        .measure_id = m->id,
        .measure_ref = m->ref,
        .holder_id = o->next.holder.id,
        .org = m->plead,
        .claimed_percent = -1,
    };
    return STATUS_OK;
}

static enum status
choose_by_hand(const struct matter_case *c, const Pb__MatterInput *in, struct matter_outcome *o,
               struct fault *fault)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < in->n_measures; i++) {
        const struct measure_record *m = pool_find(c, in->measures[i]);
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "measures[%zu]", i);
        if (m == NULL) {
            return fault_set_field(fault, field, "MEASURE_UNKNOWN",
                                   "没有找到措施“%s”，请核对编号。", in->measures[i]);
        }
        if (!measure_independent(m, &c->actor)) {
            return fault_set_field(fault, field, "OWN_WORK",
                                   "措施 %s 由本单位牵头，不能由本单位督查，请去掉。", m->ref);
        }
        if (!can_be_checked(c, m)) {
            return fault_set_field(fault, field, "MEASURE_NOT_RUNNING",
                                   "措施 %s 现在是“%s”，没有可供核查的进展。", m->ref,
                                   workflow_state_zh(workflow_machine(WORKFLOW_MEASURE), m->state));
        }
        s = choose(o, m, fault);
    }
    return s;
}

struct lot {
    const struct measure_record *measure;
    char hash[2 * crypto_hash_sha256_BYTES + 1];
};

static int
compare_lots(const void *left, const void *right)
{
    const struct lot *a = left;
    const struct lot *b = right;
    int unit = strcmp(a->measure->plead.id, b->measure->plead.id);
    return unit != 0 ? unit : strcmp(a->hash, b->hash);
}

/* The smallest hashes of each unit: whoever has the seed draws the same. */
static enum status
draw(const struct matter_case *c, int per_unit, struct arena *a, struct matter_outcome *o,
     struct fault *fault)
{
    size_t n = 0;
    struct lot *lots = arena_array(a, c->pool->count, sizeof *lots);
    for (size_t i = 0; lots != NULL && i < c->pool->count; i++) {
        const struct measure_record *m = &c->pool->items[i];
        unsigned char sha256[crypto_hash_sha256_BYTES];
        char *text = arena_printf(a, "%lld:%s", (long long)o->next.seed, m->ref);
        if (text == NULL) {
            return matter_no_memory(fault);
        }
        if (!can_be_checked(c, m) || !matter_same(m->inspection_id, o->next.inspection_id)) {
            continue;
        }
        crypto_hash_sha256(sha256, (const unsigned char *)text, strlen(text));
        sodium_bin2hex(lots[n].hash, sizeof lots[n].hash, sha256, sizeof sha256);
        lots[n++].measure = m;
    }
    if (lots == NULL) {
        return matter_no_memory(fault);
    }
    qsort(lots, n, sizeof *lots, compare_lots);
    enum status s = STATUS_OK;
    int drawn = 0;
    for (size_t i = 0; s == STATUS_OK && i < n; i++) {
        if (i > 0 && strcmp(lots[i].hash, lots[i - 1].hash) == 0) {
            continue; /* read twice: as one of all, and as one of the sample before */
        }
        bool same = i > 0 && strcmp(lots[i].measure->plead.id, lots[i - 1].measure->plead.id) == 0;
        drawn = same ? drawn + 1 : 1;
        s = drawn <= per_unit ? choose(o, lots[i].measure, fault) : STATUS_OK;
    }
    return s;
}

static enum status
apply_sample(const struct matter_case *c, const struct matter_order *order, struct arena *a,
             struct matter_outcome *o, struct fault *fault)
{
    const Pb__MatterInput *in = order->input;
    o->next.title = matter_said(in->title) ? in->title : o->next.title;
    o->next.text = matter_said(in->text) ? in->text : o->next.text;
    if (order->scheduled_day != NO_DATE) {
        o->next.scheduled_day = o->next.due = order->scheduled_day;
    }
    if (in->n_measures == 0 && !in->has_per_unit) {
        return STATUS_OK;
    }
    enum status s = matter_copy_samples(c, MATTER_SAMPLE_MAX, a, o, fault);
    for (size_t i = 0; s == STATUS_OK && i < o->sample_count; i++) {
        o->sample_touched[i] = !o->samples[i].removed;
        o->samples[i].removed = true; /* unless it is chosen again */
    }
    o->next.per_unit = in->has_per_unit ? in->per_unit : 0;
    o->next.seed = !in->has_per_unit ? 0 : in->has_seed ? in->seed : order->seed;
    if (s == STATUS_OK) {
        s = choose_by_hand(c, in, o, fault);
    }
    return s == STATUS_OK && in->has_per_unit ? draw(c, in->per_unit, a, o, fault) : s;
}

/* ---- running ---- */

static enum status
refuse_gone(struct fault *fault, const struct matter_sample *s)
{
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "MEASURE_UNKNOWN",
                     "没有找到抽查名单里的措施 %s（可能已不归本单位管），请联系领导小组办公室。",
                     s->measure_ref);
}

static enum status
refuse_stranger(struct fault *fault, const char *field, const char *ref)
{
    return fault_set_field(fault, field, "NOT_IN_SAMPLE", "措施“%s”不在抽查名单里，请核对。",
                           ref == NULL ? "" : ref);
}

/* The measure's place in the sample; NULL when it has none. */
static struct matter_sample *
sample_find(const struct matter_case *c, const struct matter_outcome *o, const char *ref)
{
    const struct measure_record *m = pool_find(c, ref);
    for (size_t i = 0; m != NULL && i < o->sample_count; i++) {
        if (!o->samples[i].removed && matter_same(o->samples[i].measure_id, m->id)) {
            return &o->samples[i];
        }
    }
    return NULL;
}

static enum status
apply_start(const struct matter_case *c, struct matter_outcome *o, struct fault *fault)
{
    for (size_t i = 0; i < o->sample_count; i++) {
        struct matter_sample *s = &o->samples[i];
        const struct measure_record *m = pool_find(c, s->measure_id);
        if (s->removed) {
            continue;
        }
        if (m == NULL) {
            return refuse_gone(fault, s);
        }
        s->claimed_state = m->state;
        s->claimed_percent = m->percent;
        s->claimed_round = m->round;
        o->sample_touched[i] = true;
    }
    return STATUS_OK;
}

static enum status
take_verdict(const struct matter_case *c, const Pb__MatterSample *in, size_t no,
             struct matter_outcome *o, struct fault *fault)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "verdicts[%zu]", no);
    const struct measure_record *m = pool_find(c, in->measure_ref);
    struct matter_sample *s = sample_find(c, o, in->measure_ref);
    if (s == NULL) {
        return refuse_stranger(fault, field, in->measure_ref);
    }
    if (matter_said(in->effect_due) || matter_said(in->complete_due)) {
        return fault_set_field(fault, field, "FIELD_UNUSED",
                               "认定时不写新的时限，定论时再写，请去掉。");
    }
    if (!measure_independent(m, &c->actor)) {
        return fault_set_field(fault, field, "OWN_WORK", "措施 %s 由本单位牵头，不能由本单位认定。",
                               m->ref);
    }
    if (!in->has_verdict || in->verdict == PB__SAMPLE_VERDICT__SAMPLE_VERDICT_UNSPECIFIED) {
        return fault_set_field(fault, field, "VERDICT_MISSING",
                               "措施 %s 请填写结论：属实、部分属实、不属实或未看到。", m->ref);
    }
    if (in->verdict != PB__SAMPLE_VERDICT__SAMPLE_TRUE && !matter_said(in->found)) {
        return fault_set_field(fault, field, "FOUND_MISSING",
                               "措施 %s 不是“属实”，请写明现场看到的情况。", m->ref);
    }
    s->verdict = (int)in->verdict;
    s->found = in->found;
    o->sample_touched[s - o->samples] = true;
    return STATUS_OK;
}

/* ---- the end ---- */

enum { NAMED_MAX = 10 };

/* A FALSE opens what counts as finished, unless it has begun another round since it was judged. */
static bool
opens_again(const struct matter_sample *s, const struct measure_record *m)
{
    bool finished = strcmp(m->state, STATE_DONE) == 0 || strcmp(m->state, STATE_SUSTAINING) == 0;
    return s->verdict == VERDICT_FALSE && finished && m->round == s->claimed_round;
}

/* Lines of the request: new dates of measures found FALSE, and nothing else. */
static enum status
check_lines(const struct matter_case *c, const struct matter_order *order,
            const struct matter_outcome *o, struct fault *fault)
{
    const Pb__MatterInput *in = order->input;
    for (size_t i = 0; i < in->n_verdicts; i++) {
        const Pb__MatterSample *line = in->verdicts[i];
        const struct matter_sample *s = sample_find(c, o, line->measure_ref);
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "verdicts[%zu]", i);
        if (s == NULL) {
            return refuse_stranger(fault, field, line->measure_ref);
        }
        if (line->has_verdict || matter_said(line->found)) {
            return fault_set_field(fault, field, "FIELD_UNUSED",
                                   "定论时这里只写措施 %s 的新时限；要改结论，请先重新认定。",
                                   s->measure_ref);
        }
        if (s->verdict != VERDICT_FALSE) {
            return fault_set_field(fault, field, "NOT_FOUND_FALSE",
                                   "措施 %s 的结论不是“不属实”，不重新整改，请去掉它的新时限。",
                                   s->measure_ref);
        }
        for (size_t k = 0; k < i; k++) {
            if (sample_find(c, o, in->verdicts[k]->measure_ref) == s) {
                return fault_set_field(fault, field, "MEASURE_TWICE",
                                       "措施 %s 写了两次，请去掉重复的一行。", s->measure_ref);
            }
        }
    }
    return STATUS_OK;
}

/* The new dates of a measure: its own line's, else the request's. */
static struct matter_dates
dates_of(const struct matter_case *c, const struct matter_order *order,
         const struct measure_record *m)
{
    struct matter_dates dates = {order->effect_due, order->due};
    for (size_t i = 0; i < order->input->n_verdicts; i++) {
        const struct matter_dates *own = &order->dates[i];
        if (pool_find(c, order->input->verdicts[i]->measure_ref) == m) {
            dates.effect_due = own->effect_due != NO_DATE ? own->effect_due : dates.effect_due;
            dates.complete_due =
                own->complete_due != NO_DATE ? own->complete_due : dates.complete_due;
        }
    }
    return dates;
}

/* All that lack a date are named at once. */
static enum status
check_dates_given(const struct matter_case *c, const struct matter_order *order,
                  const struct matter_outcome *o, struct arena *a, struct fault *fault)
{
    const char *names = "";
    const char *field = "due";
    size_t missing = 0;
    for (size_t i = 0; i < o->sample_count; i++) {
        const struct matter_sample *s = &o->samples[i];
        const struct measure_record *m = pool_find(c, s->measure_id);
        if (s->removed || m == NULL || !opens_again(s, m)) {
            continue;
        }
        struct matter_dates dates = dates_of(c, order, m);
        bool effect = measure_has_milestone(m, MILESTONE_EFFECT) && dates.effect_due == NO_DATE;
        if (!effect && dates.complete_due != NO_DATE) {
            continue;
        }
        field = dates.complete_due == NO_DATE ? "due" : "effect_due";
        if (missing++ < NAMED_MAX) {
            names = arena_printf(a, "%s%s%s", names, missing == 1 ? "" : "、", m->ref);
        }
        if (names == NULL) {
            return matter_no_memory(fault);
        }
    }
    return missing == 0 ? STATUS_OK
                        : fault_set_field(
                              fault, field, "NEW_DATES_MISSING",
                              "已到位而认定不属实的 %zu 条措施将重新整改（%s），请填写新的时限："
                              "due 为整改落实到位，effect_due 为取得明显成效（立行立改的没有）。",
                              missing, names);
}

/* ground SPOT_CHECK; the verdict then counts in the round that begins. */
static enum status
open_again(const struct matter_case *c, const struct matter_order *order, struct matter_sample *s,
           const struct measure_record *m, struct arena *a, struct matter_outcome *o,
           struct fault *fault)
{
    struct matter_reopening *r = &o->reopened[o->reopened_count];
    struct matter_dates dates = dates_of(c, order, m);
    const struct measure_order again = {
        .command = COMMAND_REOPEN,
        .reason_given = true,
        .next_check_day = NO_DATE,
        .evidence_count = m->evidence_count,
        .evidence_strong = m->evidence_strong,
        .today = c->today,
        .now_ms = c->now_ms,
        .ground_given = true,
        .effect_due = dates.effect_due,
        .complete_due = dates.complete_due,
        .by_round = true,
    };
    enum status st = measure_step(m, &c->actor, &again, &r->outcome, fault);
    if (st != STATUS_OK) {
        return st;
    }
    r->before = m;
    r->reason = arena_printf(a, "SPOT_CHECK 专项督查 %s 认定不属实：%s", o->next.ref, s->found);
    s->final_round = r->outcome.next.round;
    o->reopened_count++;
    return r->reason == NULL ? matter_no_memory(fault) : STATUS_OK;
}

static enum status
finish_sample(const struct matter_case *c, const struct matter_order *order,
              struct matter_sample *s, struct arena *a, struct matter_outcome *o,
              struct fault *fault)
{
    const struct measure_record *m = pool_find(c, s->measure_id);
    if (m == NULL) {
        return refuse_gone(fault, s);
    }
    if (!measure_independent(m, &c->actor)) {
        return fault_set(fault, STATUS_FAILED_PRECONDITION, "OWN_WORK",
                         "措施 %s 由本单位（或本人任职的单位）牵头，不能由本人定论。", m->ref);
    }
    s->final_round = m->round;
    return opens_again(s, m) ? open_again(c, order, s, m, a, o, fault) : STATUS_OK;
}

static enum status
apply_each(const struct matter_case *c, const struct matter_order *order, struct arena *a,
           struct matter_outcome *o, struct fault *fault)
{
    bool final = strcmp(order->command, "finalize") == 0;
    enum status s = STATUS_OK;
    if (final) {
        o->reopened = arena_array(a, o->sample_count, sizeof *o->reopened);
        s = o->reopened == NULL ? matter_no_memory(fault) : check_lines(c, order, o, fault);
    }
    if (s == STATUS_OK && final) {
        s = check_dates_given(c, order, o, a, fault);
    }
    for (size_t i = 0; s == STATUS_OK && i < o->sample_count; i++) {
        if (o->samples[i].removed) {
            continue;
        }
        o->sample_touched[i] = true;
        o->samples[i].shown = true;
        s = final ? finish_sample(c, order, &o->samples[i], a, o, fault) : STATUS_OK;
    }
    return s;
}

static enum status
apply(const struct matter_case *c, const struct matter_order *order, struct arena *a,
      struct matter_outcome *o, struct fault *fault)
{
    const char *command = order->command;
    const Pb__MatterInput *in = order->input;
    if (strcmp(command, "plan") == 0) {
        o->next.holder = o->next.issuer = matter_own_body(c);
        return apply_sample(c, order, a, o, fault);
    }
    if (strcmp(command, "edit") == 0) {
        return apply_sample(c, order, a, o, fault);
    }
    o->next.due = NO_DATE;
    if (strcmp(command, "start") == 0) {
        return apply_start(c, o, fault);
    }
    if (strcmp(command, "judge") == 0) {
        enum status s = STATUS_OK;
        for (size_t i = 0; s == STATUS_OK && i < in->n_verdicts; i++) {
            s = take_verdict(c, in->verdicts[i], i, o, fault);
        }
        return s;
    }
    if (matter_said(in->answer)) {
        o->next.answer = in->answer;
    }
    bool shows = strcmp(command, "feed_back") == 0 || strcmp(command, "finalize") == 0;
    return shows ? apply_each(c, order, a, o, fault) : STATUS_OK;
}

const struct matter_kind matter_round = {
    .machine = WORKFLOW_ROUND,
    .prefix = "DC",
    .commands = commands,
    .facts = facts,
    .check = check,
    .apply = apply,
};
