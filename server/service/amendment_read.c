/* The changes of an amendment as they are kept: shape checked, orgs named by their codes. */
#include "server/service/amendment.h"

#include "proto/base/wire_text.h"

#include <stdio.h>
#include <string.h>

static bool
given(const char *text)
{
    return text != NULL && *text != '\0';
}

static enum status
refuse(struct fault *fault, size_t index, const char *why)
{
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "changes[%zu]", index);
    return fault_set_field(fault, field, "CHANGE_SHAPE", "第 %zu 项调整：%s", index + 1, why);
}

/* What each kind needs: NULL when the change has it. */
static const char *
shape_wrong(const Pb__PlanChange *c)
{
    switch (c->kind) {
    case PB__PLAN_CHANGE_KIND__PLAN_SPLIT:
        return c->n_measures != 1 ? "拆分只能写一条原措施，请分项写。"
               : c->n_made < 2    ? "拆分须写明两条以上的新措施。"
                                  : NULL;
    case PB__PLAN_CHANGE_KIND__PLAN_MERGE:
        return c->n_measures < 2 ? "合并须写明两条以上的原措施。"
               : c->n_made != 1  ? "合并只能有一条新措施。"
                                 : NULL;
    case PB__PLAN_CHANGE_KIND__PLAN_CANCEL:
        return c->n_measures < 1 ? "撤销须写明原措施。"
               : c->n_made > 0 ? "撤销不能带新措施：要换成新措施，请写拆分或合并。"
                               : NULL;
    case PB__PLAN_CHANGE_KIND__PLAN_ADD:
        return c->n_measures > 0 ? "新增不能写原措施。"
               : c->n_made < 1   ? "新增须写明新措施。"
                                 : NULL;
    case PB__PLAN_CHANGE_KIND__PLAN_ALTER:
        return c->n_measures != 1 ? "改动只能写一条原措施，请分项写。"
               : c->n_made != 1   ? "改动须写明改成什么。"
                                  : NULL;
    default:
        return "请写明是拆分、合并、撤销、新增还是改动。";
    }
}

/* The org's code for a code or a name that one org alone bears. */
static enum status
org_code(const struct org_list *orgs, char **slot, size_t index, struct fault *fault)
{
    if (!given(*slot)) {
        *slot = NULL;
        return STATUS_OK;
    }
    size_t bearers = 0;
    const struct org_record *org = org_list_find(orgs, *slot);
    for (size_t i = 0; org != NULL && i < orgs->count; i++) {
        bearers += strcmp(orgs->items[i].name, *slot) == 0;
    }
    if (org == NULL || (bearers > 1 && strcmp(org->code, *slot) != 0)) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "changes[%zu]", index);
        return fault_set_field(fault, field, "ORG_UNKNOWN",
                               "第 %zu 项调整：组织机构中没有（或有几个）“%s”，请核对，"
                               "或改写单位代码。",
                               index + 1, *slot);
    }
    *slot = wire_text(org->code);
    return STATUS_OK;
}

static enum status
read_made(struct arena *arena, const struct org_list *orgs, Pb__PlanMeasure **slot, size_t index,
          struct fault *fault)
{
    Pb__PlanMeasure *m = arena_alloc(arena, sizeof *m);
    if (m == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *m = **slot;
    m->participants = arena_array(arena, m->n_participants, sizeof *m->participants);
    if (m->participants == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    enum status s = org_code(orgs, &m->leader, index, fault);
    if (s == STATUS_OK) {
        s = org_code(orgs, &m->lead_unit, index, fault);
    }
    for (size_t i = 0; s == STATUS_OK && i < m->n_participants; i++) {
        m->participants[i] = (*slot)->participants[i];
        s = org_code(orgs, &m->participants[i], index, fault);
        if (s == STATUS_OK && m->participants[i] == NULL) {
            s = refuse(fault, index, "参与单位里有空的一项，请去掉。");
        }
    }
    *slot = m;
    return s;
}

static enum status
read_change(struct arena *arena, const struct org_list *orgs, Pb__PlanChange **slot, size_t index,
            struct fault *fault)
{
    Pb__PlanChange *c = arena_alloc(arena, sizeof *c);
    if (c == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *c = **slot;
    const char *wrong = shape_wrong(c);
    if (wrong != NULL) {
        return refuse(fault, index, wrong);
    }
    c->made = arena_array(arena, c->n_made, sizeof(Pb__PlanMeasure *));
    enum status s = c->made == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->n_made; i++) {
        c->made[i] = (*slot)->made[i];
        s = read_made(arena, orgs, &c->made[i], index, fault);
    }
    *slot = c;
    return s;
}

enum status
amendment_read(struct arena *arena, const Pb__ProposeAmendmentRequest *r,
               const struct org_list *orgs, int32_t base_no, Pb__PlanChanges **ret,
               struct fault *fault)
{
    size_t made = 0;
    for (size_t i = 0; i < r->n_changes; i++) {
        made += r->changes[i]->n_made;
    }
    if (r->n_changes < 1 || r->n_changes > AMENDMENT_CHANGES_MAX || made > AMENDMENT_MADE_MAX) {
        return fault_set_field(fault, "changes", "CHANGE_COUNT",
                               "一次方案调整写 1 至 %d 项，新措施至多 %d 条，请分次提出。",
                               AMENDMENT_CHANGES_MAX, AMENDMENT_MADE_MAX);
    }
    Pb__PlanChanges *out = arena_alloc(arena, sizeof *out);
    if (out == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    pb__plan_changes__init(out);
    out->inspection = r->inspection;
    out->has_base_version = 1;
    out->base_version = base_no;
    out->n_changes = r->n_changes;
    out->changes = arena_array(arena, r->n_changes, sizeof(Pb__PlanChange *));
    enum status s = out->changes == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < r->n_changes; i++) {
        out->changes[i] = r->changes[i];
        s = read_change(arena, orgs, &out->changes[i], i, fault);
    }
    if (s == STATUS_OK) {
        *ret = out;
    }
    return s;
}

bool
amendment_refs(struct arena *arena, const Pb__PlanChanges *content, struct text_list *ret)
{
    for (size_t i = 0; i < content->n_changes; i++) {
        const Pb__PlanChange *c = content->changes[i];
        for (size_t k = 0; k < c->n_measures; k++) {
            if (!text_list_add(ret, arena, c->measures[k])) {
                return false;
            }
        }
    }
    return true;
}

enum status
amendment_pack(struct arena *arena, const Pb__PlanChanges *content, const unsigned char **ret_bytes,
               size_t *ret_size)
{
    size_t size = pb__plan_changes__get_packed_size(content);
    unsigned char *bytes = arena_alloc(arena, size);
    if (bytes == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *ret_size = pb__plan_changes__pack(content, bytes);
    *ret_bytes = bytes;
    return STATUS_OK;
}

static void *
take(void *data, size_t size)
{
    return arena_alloc(data, size);
}

static void
leave(void *data, void *pointer)
{
    (void)data;
    (void)pointer; /* the arena frees all at once */
}

/* Our own bytes: they were checked before they were kept. */
enum status
amendment_unpack(struct arena *arena, const unsigned char *bytes, size_t size,
                 Pb__PlanChanges **ret)
{
    ProtobufCAllocator allocator = {.alloc = take, .free = leave, .allocator_data = arena};
    Pb__PlanChanges *content = pb__plan_changes__unpack(&allocator, size, bytes);
    if (content == NULL) {
        return STATUS_INTERNAL;
    }
    *ret = content;
    return STATUS_OK;
}
