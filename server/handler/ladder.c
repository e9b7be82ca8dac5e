/* SettingsService: the warning ladder. A version is imported, tried, and only then switched on. */
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/settings.pb-c.h"
#include "server/base/clock.h"
#include "server/handler/all.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/service/trial.h"
#include "server/store/outside.h"
#include "server/store/settings.h"

#include <stdio.h>
#include <string.h>

enum {
    PORTION = 40000, /* measures read in one round of a trial */
    EXAMPLES_DEFAULT = 50,
    COUNTS_MAX = 200,
    LADDER_PEOPLE = ROLE_ADMIN | ROLE_OFFICE,
};
static const int64_t TRIAL_LIFE_MS = 86400000;

#define LADDER_SETTING "ladder_version"

/* ---- rules as messages ---- */

static enum status
set_classes(struct call *call, Pb__LadderRule *rule, int32_t mask)
{
    rule->measure_classes = arena_array(call->arena, 4, sizeof *rule->measure_classes);
    if (rule->measure_classes == NULL) {
        return handler_no_memory(call);
    }
    bool all = mask == LADDER_CLASS_ALL;
    for (int32_t c = 0; !all && c <= PB__MEASURE_CLASS__LONG_TERM; c++) {
        if ((mask & 1 << c) != 0) {
            rule->measure_classes[rule->n_measure_classes++] = (Pb__MeasureClass)c;
        }
        if (mask == 1 << c && c != 0) { /* for those who know one class alone */
            rule->has_measure_class = 1;
            rule->measure_class = (Pb__MeasureClass)c;
        }
    }
    return STATUS_OK;
}

static Pb__LadderRule *
rule_message(struct call *call, const struct ladder_rule *row)
{
    Pb__LadderRule *rule = call_message(call, &pb__ladder_rule__descriptor);
    if (rule == NULL || set_classes(call, rule, row->class_mask) != STATUS_OK) {
        return NULL;
    }
    rule->has_level = rule->has_parameter = rule->has_repeat = rule->has_direct = 1;
    rule->level = row->level;
    rule->parameter = row->parameter;
    rule->repeat = row->repeat;
    rule->direct = row->direct;
    rule->subject = wire_text(ladder_subject_name((enum ladder_subject)row->subject));
    rule->trigger = wire_text(ladder_trigger_name((enum ladder_trigger)row->trigger));
    rule->recipients = arena_array(call->arena, TO_COUNT, sizeof *rule->recipients);
    rule->proposals = arena_array(call->arena, PROPOSE_COUNT, sizeof *rule->proposals);
    if (rule->recipients == NULL || rule->proposals == NULL) {
        return NULL;
    }
    for (uint32_t bit = 0; bit < TO_COUNT; bit++) {
        if ((row->recipients & (1U << bit)) != 0) {
            rule->recipients[rule->n_recipients++] = wire_text(ladder_recipient_name(1U << bit));
        }
    }
    for (uint32_t bit = 0; bit < PROPOSE_COUNT; bit++) {
        if ((row->proposals & (1U << bit)) != 0) {
            rule->proposals[rule->n_proposals++] = wire_text(ladder_proposal_name(1U << bit));
        }
    }
    return rule;
}

static uint8_t
class_mask_of(const Pb__LadderRule *in)
{
    unsigned mask = 0;
    for (size_t i = 0; i < in->n_measure_classes; i++) {
        mask |= 1U << (unsigned)in->measure_classes[i];
    }
    if (mask == 0 && in->has_measure_class) {
        mask = 1U << (unsigned)in->measure_class;
    }
    return (uint8_t)(mask == 0 ? LADDER_CLASS_ALL : mask);
}

/* Names become bits; an unknown one refuses. */
static enum status
read_masks(struct call *call, const Pb__LadderRule *in, size_t index, struct ladder_rule *out)
{
    for (size_t i = 0; i < in->n_recipients; i++) {
        uint32_t bit = ladder_recipient_from_name(in->recipients[i]);
        if (bit == 0) {
            return fault_set_field(&call->fault, "rules", "LADDER_RULE",
                                   "第 %zu 条规则：没有名为“%.32s”的接收人，请改正。", index + 1,
                                   in->recipients[i]);
        }
        out->recipients |= bit;
    }
    for (size_t i = 0; i < in->n_proposals; i++) {
        uint32_t bit = ladder_proposal_from_name(in->proposals[i]);
        if (bit == 0) {
            return fault_set_field(&call->fault, "rules", "LADDER_RULE",
                                   "第 %zu 条规则：没有名为“%.32s”的提请事项，请改正。", index + 1,
                                   in->proposals[i]);
        }
        out->proposals |= bit;
    }
    return STATUS_OK;
}

static enum status
read_rule(struct call *call, const Pb__LadderRule *in, size_t index, struct ladder_rule *out)
{
    *out = (struct ladder_rule){
        .subject = (uint8_t)ladder_subject_from_name(in->subject),
        .trigger = (uint8_t)ladder_trigger_from_name(in->trigger),
        .class_mask = class_mask_of(in),
        .direct = in->has_direct && in->direct,
        .parameter = in->has_parameter ? in->parameter : 0,
    };
    if (in->level >= 0 && in->level <= UINT8_MAX) {
        out->level = (uint8_t)in->level; /* 0 is refused below */
    }
    if (in->repeat < 0 || in->repeat > UINT8_MAX) {
        return fault_set_field(&call->fault, "rules", "LADDER_RULE",
                               "第 %zu 条规则：重复次数应在 0 至 255 之间。", index + 1);
    }
    out->repeat = (uint8_t)in->repeat;
    enum status s = read_masks(call, in, index, out);
    struct fault own = {0};
    if (s == STATUS_OK && ladder_rule_check(out, &own) != STATUS_OK) {
        return fault_set_field(&call->fault, "rules", "LADDER_RULE", "第 %zu 条规则：%s", index + 1,
                               own.message);
    }
    return s;
}

static bool
same_rule(const struct ladder_rule *a, const struct ladder_rule *b)
{
    return a->level == b->level && a->repeat == b->repeat && a->subject == b->subject &&
           a->trigger == b->trigger && a->parameter == b->parameter &&
           (a->class_mask & b->class_mask) != 0;
}

static enum status
read_rules(struct call *call, Pb__LadderRule *const *in, size_t count, struct ladder_rules *ret)
{
    if (count == 0 || count > LADDER_RULES_MAX) {
        return fault_set_field(&call->fault, "rules", "LADDER_EMPTY",
                               "预警规则应有 1 至 %d 条，现有 %zu 条。", LADDER_RULES_MAX, count);
    }
    ret->items = arena_array(call->arena, count, sizeof *ret->items);
    if (ret->items == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < count; i++) {
        enum status s = read_rule(call, in[i], i, &ret->items[i]);
        if (s != STATUS_OK) {
            return s;
        }
        for (size_t k = 0; k < i; k++) {
            if (same_rule(&ret->items[k], &ret->items[i])) {
                return fault_set_field(&call->fault, "rules", "LADDER_RULE_TWICE",
                                       "第 %zu 条与第 %zu 条规则相同，请删去一条。", k + 1, i + 1);
            }
        }
        ret->count++;
    }
    return STATUS_OK;
}

static char *
hash_text(struct call *call, const struct ladder_rules *rules)
{
    unsigned char hash[32];
    return ladder_hash(rules->items, rules->count, call->arena, hash)
               ? secret_hex_encode(call->arena, hash, sizeof hash)
               : NULL;
}

/* ---- GetLadder, ListLadders ---- */

static int
ladder_load(struct call *call, struct db_queue *q)
{
    struct ladder_rules *rules = arena_alloc(call->arena, sizeof *rules);
    call->data = rules;
    return rules == NULL ? (int)handler_no_memory(call)
                         : (int)ladder_queue_read(q, call->who->tenant, rules);
}

static enum status
ladder_decide(struct call *call)
{
    struct ladder_rules stored = *(struct ladder_rules *)call->data;
    if (stored.count == 0) {
        stored.items = (struct ladder_rule *)(uintptr_t)ladder_default(&stored.count);
    }
    Pb__GetLadderReply *reply = call_message(call, &pb__get_ladder_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_version = 1;
    reply->version = stored.version;
    reply->rules = arena_array(call->arena, stored.count, sizeof *reply->rules);
    if (reply->rules == NULL) {
        return handler_no_memory(call);
    }
    /* Lowest level first, whatever order they are kept in. */
    for (int level = 0; level <= UINT8_MAX; level++) {
        for (size_t i = 0; i < stored.count; i++) {
            if (stored.items[i].level != level) {
                continue;
            }
            reply->rules[reply->n_rules] = rule_message(call, &stored.items[i]);
            if (reply->rules[reply->n_rules++] == NULL) {
                return handler_no_memory(call);
            }
        }
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static int
versions_load(struct call *call, struct db_queue *q)
{
    struct ladder_versions *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    return found == NULL ? (int)handler_no_memory(call)
                         : (int)ladder_queue_versions(q, call->who->tenant, found);
}

static enum status
versions_decide(struct call *call)
{
    const struct ladder_versions *found = call->data;
    Pb__ListLaddersReply *reply = call_message(call, &pb__list_ladders_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    reply->versions = arena_array(call->arena, found->count + 1, sizeof *reply->versions);
    for (size_t i = 0; reply->versions != NULL && i < found->count; i++) {
        const struct ladder_version *v = &found->items[i];
        Pb__LadderVersion *out = call_message(call, &pb__ladder_version__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->has_version = out->has_rules = out->has_on = 1;
        out->version = v->version;
        out->rules = v->rules;
        out->on = v->on;
        out->has_tried_at_ms = out->has_tried_alerts = v->tried_ms != 0;
        out->tried_at_ms = v->tried_ms;
        out->tried_alerts = v->tried_alerts;
        reply->versions[reply->n_versions++] = out;
    }
    return reply->versions == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- ImportLadder ---- */

struct import_call {
    struct ladder_versions versions;
    struct ladder_rules rules;
};

static void
ladder_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "ladder", "");
}

static int
import_load(struct call *call, struct db_queue *q)
{
    struct import_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    return c == NULL ? (int)handler_no_memory(call)
                     : (int)ladder_queue_versions(q, call->who->tenant, &c->versions);
}

static enum status
import_decide(struct call *call)
{
    const Pb__ImportLadderRequest *r = REQUEST(call, Pb__ImportLadderRequest);
    struct import_call *c = call->data;
    c->rules = (struct ladder_rules){0};
    enum status s = read_rules(call, r->rules, r->n_rules, &c->rules);
    if (s != STATUS_OK) {
        return s;
    }
    c->rules.version = c->versions.count == 0 ? 1 : c->versions.items[0].version + 1;
    Pb__ImportLadderReply *reply = call_message(call, &pb__import_ladder_reply__descriptor);
    const char *id = call_new_id(call);
    char *ref = arena_printf(call->arena, "%d", c->rules.version);
    if (reply == NULL || id == NULL || ref == NULL ||
        !call_change(call, "ladder", id, ref, c->rules.version, &r->base)) {
        return handler_no_memory(call);
    }
    reply->has_version = reply->has_rules = 1;
    reply->version = c->rules.version;
    reply->rules = (int32_t)c->rules.count;
    reply->rules_sha256 = hash_text(call, &c->rules);
    call->reply = &reply->base;
    return reply->rules_sha256 == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct import_call *c = call->data;
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->rules.count; i++) {
        s = ladder_queue_insert(q, call->who->tenant, c->rules.version, (int32_t)i + 1,
                                &c->rules.items[i], call->event_id);
    }
    return s;
}

/* ---- DryRunLadder ---- */

struct trial_call {
    struct ladder_rules rules;
    struct calendar calendar;
    struct listener_list listeners;
    struct key_hashes known;
    struct owed_list owed;
    struct matter_watch_list matters;
    struct watch_each each;
    struct trial trial;
    struct ladder_trial kept;
    bool begun;
};

static enum status
trial_load_first(struct call *call, struct db_queue *q, struct trial_call *c)
{
    const Pb__DryRunLadderRequest *r = REQUEST(call, Pb__DryRunLadderRequest);
    int tenant = call->who->tenant;
    int32_t limit = r->has_limit ? r->limit : EXAMPLES_DEFAULT;
    int32_t as_of = NO_DATE;
    enum status s = check_as_of(call, "as_of", r->as_of, &as_of);
    if (s == STATUS_OK && (limit < 0 || limit > TRIAL_EXAMPLES_MAX)) {
        s = fault_set_field(&call->fault, "limit", "LIMIT_RANGE",
                            "最多列出 0 至 %d 条，请改 limit。", TRIAL_EXAMPLES_MAX);
    }
    c->trial.example_limit = (size_t)limit;
    c->trial.base.as_of = as_of;
    if (s == STATUS_OK) {
        s = r->n_rules > 0 ? read_rules(call, r->rules, r->n_rules, &c->rules)
                           : ladder_queue_read_version(q, tenant, r->version, &c->rules);
    }
    if (s == STATUS_OK) {
        s = calendar_queue_read(q, tenant, &c->calendar);
    }
    if (s == STATUS_OK) {
        s = alert_queue_listeners(q, tenant, as_of, &c->listeners);
    }
    if (s == STATUS_OK) {
        s = ladder_queue_key_hashes(q, tenant, &c->known);
    }
    if (s == STATUS_OK) {
        s = watch_queue_all_tables(q, tenant, &c->owed);
    }
    return s == STATUS_OK ? watch_queue_all_matters(q, tenant, &c->matters) : s;
}

static enum status
trial_start(struct call *call, struct trial_call *c)
{
    const Pb__DryRunLadderRequest *r = REQUEST(call, Pb__DryRunLadderRequest);
    if (c->rules.count == 0 && r->version == 0) {
        c->rules.items = (struct ladder_rule *)(uintptr_t)ladder_default(&c->rules.count);
    }
    if (c->rules.count == 0) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "LADDER_UNKNOWN",
                         "没有第 %d 版预警规则，请用 rectify office ladder list 查看。",
                         r->version);
    }
    struct trial *t = &c->trial;
    t->base.calendar = &c->calendar;
    t->base.rules = c->rules.items;
    t->base.rule_count = c->rules.count;
    t->base.utc_offset_min = call->who->utc_offset_min;
    t->base.now_ms = call->now_ms;
    t->arena = call->arena;
    t->known = &c->known;
    enum status s = trial_begin(t, &c->listeners);
    for (size_t i = 0; s == STATUS_OK && i < c->owed.count; i++) {
        s = trial_table(t, &c->owed.items[i]);
    }
    for (size_t i = 0; s == STATUS_OK && i < c->matters.count; i++) {
        s = trial_matter(t, &c->matters.items[i]);
    }
    c->each = (struct watch_each){.row = trial_row, .ctx = t};
    c->begun = true;
    return s == STATUS_OK ? STATUS_OK : handler_no_memory(call);
}

static int
trial_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        struct trial_call *c = arena_alloc(call->arena, sizeof *c);
        call->data = c;
        if (c == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s = trial_load_first(call, q, c);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct trial_call *c = call->data;
    if (!c->begun) {
        enum status s = trial_start(call, c);
        if (s != STATUS_OK) {
            return (int)s;
        }
    } else if (!c->each.more) {
        return STATUS_OK;
    }
    enum status s = watch_queue_each(q, call->who->tenant, PORTION, call->arena, &c->each);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static enum status
fill_counts(struct call *call, const struct trial_counts *from, bool fresh,
            Pb__DryRunCount ***ret_items, size_t *ret_count)
{
    Pb__DryRunCount **items = arena_array(call->arena, COUNTS_MAX, sizeof *items);
    size_t n = 0;
    for (size_t i = 0; items != NULL && i < from->count && n < COUNTS_MAX; i++) {
        if (from->items[i].alerts == 0) {
            continue;
        }
        Pb__DryRunCount *out = call_message(call, &pb__dry_run_count__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->name = wire_text(from->items[i].name);
        out->has_alerts = 1;
        out->alerts = from->items[i].alerts;
        out->has_fresh = fresh;
        out->fresh = from->items[i].fresh;
        items[n++] = out;
    }
    *ret_items = items;
    *ret_count = n;
    return items == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
fill_levels(struct call *call, const struct trial *t, Pb__DryRunLadderReply *reply)
{
    struct trial_count rows[LADDER_LEVEL_MAX];
    struct trial_counts counts = {rows, LADDER_LEVEL_MAX, LADDER_LEVEL_MAX};
    for (int i = 1; i <= LADDER_LEVEL_MAX; i++) {
        rows[i - 1] =
            (struct trial_count){arena_printf(call->arena, "%d", i), t->levels[i], t->fresh[i]};
    }
    return fill_counts(call, &counts, true, &reply->levels, &reply->n_levels);
}

static enum status
fill_examples(struct call *call, const struct trial *t, Pb__DryRunLadderReply *reply)
{
    reply->examples = arena_array(call->arena, t->example_count + 1, sizeof *reply->examples);
    for (size_t i = 0; reply->examples != NULL && i < t->example_count; i++) {
        const struct trial_example *e = &t->examples[i];
        Pb__DryRunAlert *out = call_message(call, &pb__dry_run_alert__descriptor);
        if (out == NULL) {
            return handler_no_memory(call);
        }
        out->has_level = out->has_days_left = out->has_recipients = out->has_direct = 1;
        out->level = e->level;
        out->subject_ref = wire_text(e->subject_ref);
        out->subject = wire_text(e->subject);
        out->trigger = wire_text(e->trigger);
        out->org = wire_text(e->org);
        out->days_left = e->days_left;
        out->recipients = e->recipients;
        out->direct = e->direct;
        reply->examples[reply->n_examples++] = out;
    }
    return reply->examples == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
trial_fill(struct call *call, struct trial_call *c, Pb__DryRunLadderReply *reply)
{
    const struct trial *t = &c->trial;
    reply->as_of = day_text(call, t->base.as_of);
    reply->has_version = REQUEST(call, Pb__DryRunLadderRequest)->n_rules == 0;
    reply->version = c->rules.version;
    reply->rules_sha256 = secret_hex_encode(call->arena, c->kept.rules_sha256, 32);
    reply->has_alerts = reply->has_deliveries = reply->has_things = 1;
    reply->alerts = t->alerts;
    reply->deliveries = t->deliveries;
    reply->things = t->things;
    enum status s = fill_levels(call, t, reply);
    if (s == STATUS_OK) {
        s = fill_counts(call, &t->units, true, &reply->units, &reply->n_units);
    }
    if (s == STATUS_OK) {
        s = fill_counts(call, &t->accounts, false, &reply->accounts, &reply->n_accounts);
    }
    return s == STATUS_OK ? fill_examples(call, t, reply) : s;
}

/* Nothing is raised; that a stored version was tried is kept without an event of its own: it is
 * ActivateLadder's event that names it. */
static enum status
trial_decide(struct call *call)
{
    struct trial_call *c = call->data;
    Pb__DryRunLadderReply *reply = call_message(call, &pb__dry_run_ladder_reply__descriptor);
    if (reply == NULL ||
        !ladder_hash(c->rules.items, c->rules.count, call->arena, c->kept.rules_sha256)) {
        return handler_no_memory(call);
    }
    trial_end(&c->trial);
    c->kept.id = call_new_id(call);
    c->kept.version = c->rules.version;
    c->kept.as_of = c->trial.base.as_of;
    c->kept.alerts = c->trial.alerts;
    c->kept.account_id = call->who->account_id;
    c->kept.recorded_ms = call->now_ms;
    trial_hash(&c->trial, c->kept.result_sha256);
    call->no_event = true;
    call->reply = &reply->base;
    return c->kept.id == NULL ? handler_no_memory(call) : trial_fill(call, c, reply);
}

static enum status
trial_effects(struct call *call, struct db_queue *q)
{
    const struct trial_call *c = call->data;
    bool stored = REQUEST(call, Pb__DryRunLadderRequest)->n_rules == 0 && c->kept.version > 0;
    return stored ? ladder_queue_trial(q, call->who->tenant, &c->kept) : STATUS_OK;
}

/* ---- ActivateLadder ---- */

struct activate_call {
    struct ladder_versions versions;
    struct ladder_rules rules;
    struct setting_list settings;
    struct setting_record next;
};

static int
activate_load(struct call *call, struct db_queue *q)
{
    const Pb__ActivateLadderRequest *r = REQUEST(call, Pb__ActivateLadderRequest);
    struct activate_call *c = arena_alloc(call->arena, sizeof *c);
    int tenant = call->who->tenant;
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    if (!r->has_version || r->version < 1) {
        return (int)fault_set_field(&call->fault, "version", "VERSION_MISSING",
                                    "请写明要启用第几版预警规则。");
    }
    enum status s = ladder_queue_versions(q, tenant, &c->versions);
    if (s == STATUS_OK) {
        s = ladder_queue_read_version(q, tenant, r->version, &c->rules);
    }
    return s == STATUS_OK ? (int)setting_queue_read(q, tenant, &c->settings, NULL, call->arena)
                          : (int)s;
}

static enum status
activate_check(struct call *call, const struct activate_call *c, int32_t version)
{
    const struct ladder_version *v = NULL;
    for (size_t i = 0; i < c->versions.count; i++) {
        if (c->versions.items[i].version == version) {
            v = &c->versions.items[i];
        }
    }
    if (v == NULL) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "LADDER_UNKNOWN",
                         "没有第 %d 版预警规则，请用 rectify office ladder list 查看。", version);
    }
    if (v->on) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "LADDER_IS_ON",
                         "第 %d 版预警规则已在使用。", version);
    }
    unsigned char hash[32];
    if (!ladder_hash(c->rules.items, c->rules.count, call->arena, hash)) {
        return handler_no_memory(call);
    }
    bool tried = v->tried_sha256 != NULL && memcmp(v->tried_sha256, hash, sizeof hash) == 0 &&
                 call->now_ms - v->tried_ms < TRIAL_LIFE_MS && call->now_ms >= v->tried_ms;
    if (!tried) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "LADDER_NOT_TRIED",
                         "第 %d 版预警规则一天之内没有试算过：请先运行 rectify office ladder "
                         "dry-run --ladder %d，看清会通知谁，再启用。",
                         version, version);
    }
    return STATUS_OK;
}

static enum status
activate_decide(struct call *call)
{
    const Pb__ActivateLadderRequest *r = REQUEST(call, Pb__ActivateLadderRequest);
    struct activate_call *c = call->data;
    enum status s = activate_check(call, c, r->version);
    if (s != STATUS_OK) {
        return s;
    }
    c->next = (struct setting_record){
        .name = LADDER_SETTING,
        .value = arena_printf(call->arena, "%d", r->version),
        .version = 1,
    };
    for (size_t i = 0; i < c->settings.count; i++) {
        if (strcmp(c->settings.items[i].name, LADDER_SETTING) == 0) {
            c->next.version = c->settings.items[i].version + 1;
        }
    }
    Pb__ActivateLadderReply *reply = call_message(call, &pb__activate_ladder_reply__descriptor);
    const char *id = call_new_id(call);
    if (reply == NULL || id == NULL || c->next.value == NULL) {
        return handler_no_memory(call);
    }
    reply->has_version = 1;
    reply->version = r->version;
    reply->rules_sha256 = hash_text(call, &c->rules);
    /* The record names the hash of what was tried and is on now. */
    if (reply->rules_sha256 == NULL ||
        !call_change(call, "setting", id, LADDER_SETTING, c->next.version, &reply->base)) {
        return handler_no_memory(call);
    }
    call_last_change(call)->command = arena_strdup(call->arena, "activate");
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
activate_effects(struct call *call, struct db_queue *q)
{
    const struct activate_call *c = call->data;
    return setting_queue_put(q, call->who->tenant, &c->next, call->event_id);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.SettingsService/GetLadder",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__get_ladder_reply__descriptor,
     .load = ladder_load,
     .decide = ladder_decide},
    {.method = "rectify.v1.SettingsService/ListLadders",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .roles = LADDER_PEOPLE | ROLE_AUDIT,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_ladders_reply__descriptor,
     .load = versions_load,
     .decide = versions_decide},
    {.method = "rectify.v1.SettingsService/ImportLadder",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = LADDER_PEOPLE,
     .request = &pb__import_ladder_request__descriptor,
     .reply = &pb__import_ladder_reply__descriptor,
     .subjects = ladder_subjects,
     .load = import_load,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.SettingsService/DryRunLadder",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__dry_run_ladder_request__descriptor,
     .reply = &pb__dry_run_ladder_reply__descriptor,
     .load = trial_load,
     .decide = trial_decide,
     .effects = trial_effects},
    {.method = "rectify.v1.SettingsService/ActivateLadder",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = LADDER_PEOPLE,
     .request = &pb__activate_ladder_request__descriptor,
     .reply = &pb__activate_ladder_reply__descriptor,
     .subjects = ladder_subjects,
     .load = activate_load,
     .decide = activate_decide,
     .effects = activate_effects},
};

const struct handler_table ladder_handler_table = {rows, sizeof rows / sizeof rows[0]};
