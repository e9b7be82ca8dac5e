/* ExplainAccess: the rules are those of row-level security (migrations/0001), in words. What the
 * caller may not read himself is not there to be explained. */
#include "server/handler/access.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/org.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/grant.h"
#include "server/service/role.h"
#include "server/store/org.h"
#include "server/store/problem.h"
#include "server/store/table.h"

#include <string.h>

enum access_rule {
    RULE_PROBLEM_LEAD,
    RULE_MEASURE_LEAD,
    RULE_PARTICIPANT,
    RULE_LEADER,
    RULE_SPECIAL_GROUP,
    RULE_OWNER,
    RULE_OVERSIGHT,
    RULE_COUNT
};

static const struct {
    const char *code;
    const char *zh;
    uint64_t roles; /* by which of its seats an org reads it */
} rules[RULE_COUNT] = {
    [RULE_PROBLEM_LEAD] = {"PROBLEM_LEAD", "问题整改牵头单位（首要责任）", UINT64_MAX},
    [RULE_MEASURE_LEAD] = {"MEASURE_LEAD", "措施牵头单位（主要责任）", UINT64_MAX},
    [RULE_PARTICIPANT] = {"PARTICIPANT", "参与单位（重要责任）", UINT64_MAX},
    [RULE_LEADER] = {"LEADER", "牵头区领导（一岗双责）", UINT64_MAX},
    [RULE_SPECIAL_GROUP] = {"SPECIAL_GROUP", "问题所属的专项小组", UINT64_MAX},
    [RULE_OWNER] = {"OWNER", "表的填报单位", UINT64_MAX},
    [RULE_OVERSIGHT] = {"OVERSIGHT", "统筹、监督职责：可看全部整改事项", ROLE_SEES_ALL},
};

enum access_kind { KIND_MEASURE, KIND_PROBLEM, KIND_TABLE };

static const char *const kinds[] = {"MEASURE", "PROBLEM", "TABLE"};

struct explanation {
    enum access_kind kind;
    struct measure_list measures;
    struct problem_list problems;
    struct table_list tables;
    struct org_list orgs;
    struct org_holders_list holders;
    bool *marked; /* rule × org: by which rules each org reads it */
};

static enum status
find_kind(struct call *call, const Pb__ExplainAccessRequest *r, enum access_kind *ret)
{
    const char *ref = r->ref == NULL ? "" : r->ref;
    if (r->kind == NULL || r->kind[0] == '\0') {
        *ret = strchr(ref, '/') != NULL     ? KIND_TABLE
               : strstr(ref, "-M-") != NULL ? KIND_MEASURE
                                            : KIND_PROBLEM;
        return STATUS_OK;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i], r->kind) == 0) {
            *ret = (enum access_kind)i;
            return STATUS_OK;
        }
    }
    return fault_set_field(
        &call->fault, "kind", "KIND_UNKNOWN",
        "没有“%.32s”这一类：可用 MEASURE（措施）、PROBLEM（问题）、TABLE（表）。", r->kind);
}

static enum status
queue_table(struct call *call, struct db_queue *q, const Pb__ExplainAccessRequest *r,
            struct explanation *e)
{
    const char *slash = strchr(r->ref, '/');
    if (slash == NULL) {
        return uuid_text_valid(r->ref)
                   ? table_queue_get(q, call->who->tenant, r->ref, false, &e->tables)
                   : refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", r->ref);
    }
    char *org = arena_printf(call->arena, "%.*s", (int)(slash - r->ref), r->ref);
    return org == NULL
               ? handler_no_memory(call)
               : table_queue_find(q, call->who->tenant, org, slash + 1, r->inspection, &e->tables);
}

static enum status
queue_thing(struct call *call, struct db_queue *q, const Pb__ExplainAccessRequest *r,
            struct explanation *e)
{
    const char *ref = r->ref;
    const struct text_list refs = {&ref, 1, 1};
    const struct problem_filter problem = {
        .ref = ref, .inspection = r->inspection, .item_no = -1, .as_of = call->today};
    switch (e->kind) {
    case KIND_MEASURE:
        return measure_queue_get(q, call->who->tenant, &refs, r->inspection, false, call->arena,
                                 &e->measures);
    case KIND_PROBLEM:
        return problem_queue_list(q, call->who->tenant, &problem, &e->problems);
    case KIND_TABLE:
        break;
    }
    return queue_table(call, q, r, e);
}

static int
first_round(struct call *call, struct db_queue *q)
{
    const Pb__ExplainAccessRequest *r = REQUEST(call, Pb__ExplainAccessRequest);
    struct explanation *e = arena_alloc(call->arena, sizeof *e);
    call->data = e;
    if (e == NULL) {
        return handler_no_memory(call);
    }
    enum status s = find_kind(call, r, &e->kind);
    if (s == STATUS_OK && (r->ref == NULL || r->ref[0] == '\0')) {
        s = fault_set_field(&call->fault, "ref", "REF_MISSING",
                            "请写明要看哪一项的知悉范围，如 P-07-M-03。");
    }
    if (s == STATUS_OK) {
        s = queue_thing(call, q, r, e);
    }
    if (s == STATUS_OK) {
        s = org_queue_all(q, call->who->tenant, &e->orgs);
    }
    if (s == STATUS_OK) {
        s = org_queue_holders(q, call->who->tenant, call->today, &e->holders);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

int
access_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return first_round(call, q);
    }
    struct explanation *e = call->data;
    const char *ref = REQUEST(call, Pb__ExplainAccessRequest)->ref;
    if (e->kind != KIND_PROBLEM) {
        return STATUS_OK;
    }
    if (e->problems.count == 0) {
        return (int)refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", ref);
    }
    if (e->problems.count > 1) {
        return (int)fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                    "不止一次巡视有问题“%.64s”，请写明巡视的代码。", ref);
    }
    return (int)measure_queue_of_problem(q, call->who->tenant, e->problems.items[0].id,
                                         &e->measures);
}

/* ---- who ---- */

static void
mark_id(struct explanation *e, enum access_rule rule, const char *org_id)
{
    for (size_t i = 0; org_id != NULL && i < e->orgs.count; i++) {
        if (strcmp(e->orgs.items[i].id, org_id) == 0) {
            e->marked[(size_t)rule * e->orgs.count + i] = true;
        }
    }
}

static void
mark_code(struct explanation *e, enum access_rule rule, const char *code)
{
    for (size_t i = 0; code != NULL && i < e->orgs.count; i++) {
        if (strcmp(e->orgs.items[i].code, code) == 0) {
            e->marked[(size_t)rule * e->orgs.count + i] = true;
        }
    }
}

static void
mark_measure(struct explanation *e, const struct measure_record *m)
{
    mark_id(e, RULE_PROBLEM_LEAD, m->plead.id);
    mark_id(e, RULE_MEASURE_LEAD, m->lead.id);
    mark_id(e, RULE_LEADER, m->leader.id);
    mark_id(e, RULE_SPECIAL_GROUP, m->sgroup.id);
    for (size_t i = 0; m->participants != NULL && i < e->orgs.count; i++) {
        if (strstr(m->participants, e->orgs.items[i].id) != NULL) {
            e->marked[(size_t)RULE_PARTICIPANT * e->orgs.count + i] = true;
        }
    }
}

static const struct org_holders *
holders_of(const struct explanation *e, const char *org_id)
{
    for (size_t i = 0; i < e->holders.count; i++) {
        if (strcmp(e->holders.items[i].org_id, org_id) == 0) {
            return &e->holders.items[i];
        }
    }
    return NULL;
}

static enum status
mark_all(struct call *call, struct explanation *e)
{
    const Pb__ExplainAccessRequest *r = REQUEST(call, Pb__ExplainAccessRequest);
    const struct measure_record *one = NULL;
    enum status s = STATUS_OK;
    if (e->kind == KIND_MEASURE) {
        s = pick_measure(call, &e->measures, r->ref, &one);
    } else if (e->kind == KIND_PROBLEM) {
        mark_code(e, RULE_PROBLEM_LEAD, e->problems.items[0].lead.code);
        mark_code(e, RULE_SPECIAL_GROUP, e->problems.items[0].sgroup.code);
    } else if (e->tables.count == 0) {
        s = refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", r->ref);
    } else {
        mark_id(e, RULE_OWNER, e->tables.items[0].org_id);
    }
    for (size_t i = 0; s == STATUS_OK && e->kind != KIND_TABLE && i < e->measures.count; i++) {
        mark_measure(e, &e->measures.items[i]);
    }
    for (size_t i = 0; s == STATUS_OK && i < e->holders.count; i++) {
        if ((e->holders.items[i].roles & ROLE_SEES_ALL) != 0) {
            mark_id(e, RULE_OVERSIGHT, e->holders.items[i].org_id);
        }
    }
    return s;
}

static enum status
add_rule(struct call *call, const struct explanation *e, enum access_rule rule,
         const struct org_record *org, Pb__ExplainAccessReply *reply)
{
    const struct org_holders *h = holders_of(e, org->id);
    Pb__AccessRule *out = call_message(call, &pb__access_rule__descriptor);
    uint64_t roles = h == NULL ? 0 : h->roles & rules[rule].roles & ~(uint64_t)ROLE_ADMINISTRATORS;
    if (out == NULL || !role_list(roles, call->arena, &out->roles, &out->n_roles)) {
        return handler_no_memory(call);
    }
    out->rule = wire_text(rules[rule].code);
    out->rule_zh = wire_text(rules[rule].zh);
    out->org = wire_text(org->code);
    out->org_name = wire_text(org->name);
    out->has_accounts = out->has_substitutes = 1;
    out->accounts = h == NULL ? 0 : h->accounts;
    out->substitutes = h == NULL ? 0 : h->substitutes;
    reply->rules[reply->n_rules++] = out;
    return STATUS_OK;
}

enum status
access_decide(struct call *call)
{
    struct explanation *e = call->data;
    size_t cells = (size_t)RULE_COUNT * e->orgs.count;
    Pb__ExplainAccessReply *reply = call_message(call, &pb__explain_access_reply__descriptor);
    e->marked = arena_array(call->arena, cells, sizeof *e->marked);
    if (reply == NULL || e->marked == NULL) {
        return handler_no_memory(call);
    }
    enum status s = mark_all(call, e);
    reply->rules = arena_array(call->arena, cells, sizeof *reply->rules);
    if (s == STATUS_OK && reply->rules == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; s == STATUS_OK && i < cells; i++) {
        if (e->marked[i]) {
            s = add_rule(call, e, (enum access_rule)(i / e->orgs.count),
                         &e->orgs.items[i % e->orgs.count], reply);
        }
    }
    reply->kind = wire_text(kinds[e->kind]);
    reply->ref = REQUEST(call, Pb__ExplainAccessRequest)->ref;
    reply->never_zh = wire_text("系统管理员、授权管理员、审计管理员不看整改内容，也没有超级用户。");
    call->reply = &reply->base;
    return s;
}
