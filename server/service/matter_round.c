/* On-site rounds (专项督查): a sample of measures, chosen by hand or drawn; what was claimed of
 * each is frozen when the round begins, and judged against what is found. A final FALSE of a
 * measure that counts as finished opens it again. */
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
    {"finalize", 0, FIELD(F_DUE)},
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
apply_start(const struct matter_case *c, struct matter_outcome *o, struct fault *fault)
{
    for (size_t i = 0; i < o->sample_count; i++) {
        struct matter_sample *s = &o->samples[i];
        const struct measure_record *m = pool_find(c, s->measure_id);
        if (s->removed) {
            continue;
        }
        if (m == NULL) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "MEASURE_UNKNOWN",
                             "没有找到抽查名单里的措施 %s，请修改名单。", s->measure_ref);
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
    size_t at = o->sample_count;
    for (size_t i = 0; m != NULL && i < o->sample_count; i++) {
        at = !o->samples[i].removed && matter_same(o->samples[i].measure_id, m->id) ? i : at;
    }
    if (at == o->sample_count) {
        return fault_set_field(fault, field, "NOT_IN_SAMPLE", "措施“%s”不在抽查名单里，请核对。",
                               in->measure_ref == NULL ? "" : in->measure_ref);
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
    o->samples[at].verdict = (int)in->verdict;
    o->samples[at].found = in->found;
    o->sample_touched[at] = true;
    return STATUS_OK;
}

/* ---- the end ---- */

/* The one place where a final FALSE of a finished measure opens it again: measure_step with the
 * command reopen (ground SPOT_CHECK, the order's day as the new date) goes into o->reopened, which
 * the handler records and writes, and final_round is then the round it begins. The measure's reopen
 * has no decision yet; until then the verdict stands, and counts for the ladder, in the round the
 * measure is in. */
static enum status
finish_sample(const struct matter_case *c, const struct matter_order *order,
              struct matter_sample *s, struct matter_outcome *o, struct fault *fault)
{
    const struct measure_record *m = pool_find(c, s->measure_id);
    (void)order;
    (void)o;
    (void)fault;
    s->final_round = m == NULL ? s->claimed_round : m->round;
    return STATUS_OK;
}

static enum status
apply_each(const struct matter_case *c, const struct matter_order *order, struct matter_outcome *o,
           struct fault *fault)
{
    enum status s = STATUS_OK;
    bool final = strcmp(order->command, "finalize") == 0;
    for (size_t i = 0; s == STATUS_OK && i < o->sample_count; i++) {
        if (o->samples[i].removed) {
            continue;
        }
        o->sample_touched[i] = true;
        o->samples[i].shown = true;
        s = final ? finish_sample(c, order, &o->samples[i], o, fault) : STATUS_OK;
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
    return shows ? apply_each(c, order, o, fault) : STATUS_OK;
}

const struct matter_kind matter_round = {
    .machine = WORKFLOW_ROUND,
    .prefix = "DC",
    .commands = commands,
    .facts = facts,
    .check = check,
    .apply = apply,
};
