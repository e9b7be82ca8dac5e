/* OrgService: the district's organisation. */
#include "proto/base/wire_text.h"
#include "server/handler/access.h"
#include "server/handler/all.h"

#include "proto/base/limits.h"
#include "rectify/v1/org.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"
#include "server/store/org.h"

#include <stdio.h>
#include <string.h>

enum { ORG_DEPTH_MAX = 16 }; /* levels above an org; more is a circle or a mistake */

struct org_import {
    struct org_list stored;
    struct org_list wanted; /* as the request has them; version 0: new, unchanged ones dropped */
    const char **parents;   /* id of each wanted one's parent */
};

/* Imports take turns: each checks the whole tree. */
static void
import_subjects(const struct call *call, struct subject_set *set)
{
    (void)call;
    subject_add(set, "orgs", "");
}

static int
import_load(struct call *call, struct db_queue *q)
{
    struct org_import *import = arena_alloc(call->arena, sizeof *import);
    call->data = import;
    return import == NULL ? (int)handler_no_memory(call)
                          : (int)org_queue_all(q, call->who->tenant, &import->stored);
}

static enum status
check_org(struct call *call, const Pb__Org *org, size_t index)
{
    static const char *const kinds[] = {"OFFICE", "LGROUP", "SGROUP", "UNIT",
                                        "LEADER", "DISC",   "ORGD",   "OTHER"};
    char field[FAULT_FIELD_SIZE];
    snprintf(field, sizeof field, "orgs[%zu].code", index);
    size_t n = org->code == NULL ? 0 : strlen(org->code);
    if (n == 0 || n > 32 ||
        strspn(org->code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") !=
            n) {
        return fault_set_field(&call->fault, field, "ORG_CODE",
                               "第 %zu 行：单位代码用字母、数字、_ 和 -，1 至 32 个字符。",
                               index + 1);
    }
    if (!text_given(org->name, LIMIT_NAME_BYTES)) {
        snprintf(field, sizeof field, "orgs[%zu].name", index);
        return fault_set_field(&call->fault, field, "ORG_NAME",
                               "第 %zu 行（%s）：请写单位名称，至多 %d 字节。", index + 1,
                               org->code, LIMIT_NAME_BYTES);
    }
    snprintf(field, sizeof field, "orgs[%zu].name", index);
    enum status s = check_text(call, field, org->name, LIMIT_NAME_BYTES, true);
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (org->kind != NULL && strcmp(org->kind, kinds[i]) == 0) {
            return STATUS_OK;
        }
    }
    snprintf(field, sizeof field, "orgs[%zu].kind", index);
    return fault_set_field(&call->fault, field, "ORG_KIND",
                           "第 %zu 行（%s）：类别“%s”不认识，可用 OFFICE、LGROUP、SGROUP、UNIT、"
                           "LEADER、DISC、ORGD、OTHER。",
                           index + 1, org->code, org->kind == NULL ? "" : org->kind);
}

static const struct org_record *
by_code(const struct org_list *list, const char *code)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].code, code) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

/* The org of that code as it will stand after the import; NULL when there is none. */
static const struct org_record *
standing(const struct org_import *import, const char *code)
{
    const struct org_record *wanted = by_code(&import->wanted, code);
    return wanted != NULL ? wanted : by_code(&import->stored, code);
}

/* Nobody stands above himself. */
static enum status
check_ancestors(struct call *call, const struct org_import *import, const struct org_record *org)
{
    const struct org_record *up = org;
    for (int level = 0; up != NULL && up->parent_code != NULL; level++) {
        up = standing(import, up->parent_code);
        if (level == ORG_DEPTH_MAX || (up != NULL && strcmp(up->code, org->code) == 0)) {
            return fault_set_field(&call->fault, "orgs", "ORG_CYCLE",
                                   "单位“%s”的上级关系绕成了圈，或超过 %d 级：请核对“上级”一列，"
                                   "全表未导入。",
                                   org->code, ORG_DEPTH_MAX);
        }
    }
    return STATUS_OK;
}

static bool
same_text(const char *a, const char *b)
{
    return strcmp(a == NULL ? "" : a, b == NULL ? "" : b) == 0;
}

static bool
org_same(const struct org_record *a, const struct org_record *b)
{
    return same_text(a->name, b->name) && same_text(a->kind, b->kind) &&
           same_text(a->parent_code, b->parent_code) && a->sort_order == b->sort_order &&
           a->sample == b->sample;
}

static enum status
want_org(struct call *call, struct org_import *import, const Pb__Org *org, size_t index)
{
    enum status s = check_org(call, org, index);
    if (s != STATUS_OK) {
        return s;
    }
    if (by_code(&import->wanted, org->code) != NULL) {
        return fault_set_field(&call->fault, "orgs", "ORG_TWICE",
                               "第 %zu 行：单位代码“%s”在表中出现两次，请删去多余的一行。",
                               index + 1, org->code);
    }
    const struct org_record *stored = by_code(&import->stored, org->code);
    struct org_record *w = arena_grow(call->arena, (void **)&import->wanted.items,
                                      import->wanted.count, &import->wanted.capacity, sizeof *w);
    if (w == NULL) {
        return handler_no_memory(call);
    }
    *w = (struct org_record){
        .id = stored == NULL ? call_new_id(call) : stored->id,
        .code = org->code,
        .name = org->name,
        .kind = org->kind,
        .parent_code =
            org->parent_code == NULL || *org->parent_code == '\0' ? NULL : org->parent_code,
        .sort_order = org->has_sort_order ? org->sort_order : (int32_t)index + 1,
        .sample = org->has_sample && org->sample,
        .version = stored == NULL ? 0 : stored->version,
    };
    import->wanted.count++;
    return w->id == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
resolve_parents(struct call *call, struct org_import *import)
{
    import->parents = arena_array(call->arena, import->wanted.count, sizeof *import->parents);
    if (import->parents == NULL) {
        return handler_no_memory(call);
    }
    for (size_t i = 0; i < import->wanted.count; i++) {
        const struct org_record *w = &import->wanted.items[i];
        if (w->parent_code == NULL) {
            continue;
        }
        const struct org_record *parent = standing(import, w->parent_code);
        if (parent == NULL) {
            return fault_set_field(&call->fault, "orgs", "ORG_PARENT",
                                   "单位“%s”的上级“%s”不存在：请写上级单位的代码，"
                                   "或把上级单位一并列入表中。",
                                   w->code, w->parent_code);
        }
        import->parents[i] = parent->id;
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < import->wanted.count; i++) {
        s = check_ancestors(call, import, &import->wanted.items[i]);
    }
    return s;
}

static Pb__Org *
org_message(struct call *call, const struct org_record *org)
{
    Pb__Org *out = call_message(call, &pb__org__descriptor);
    if (out != NULL) {
        out->id = wire_text(org->id);
        out->code = wire_text(org->code);
        out->name = wire_text(org->name);
        out->kind = wire_text(org->kind);
        out->parent_code = wire_text(org->parent_code);
        out->has_sort_order = 1;
        out->sort_order = org->sort_order;
        out->has_sample = 1;
        out->sample = org->sample;
    }
    return out;
}

static enum status
import_decide(struct call *call)
{
    const Pb__ImportOrgsRequest *r = REQUEST(call, Pb__ImportOrgsRequest);
    struct org_import *import = call->data;
    if (r->n_orgs == 0 || r->n_orgs > LIMIT_LIST_ROWS) {
        return fault_set_field(&call->fault, "orgs", "ORG_COUNT",
                               "一次导入 1 至 %d 个单位，现有 %zu 个。", LIMIT_LIST_ROWS,
                               r->n_orgs);
    }
    for (size_t i = 0; i < r->n_orgs; i++) {
        enum status s = want_org(call, import, r->orgs[i], i);
        if (s != STATUS_OK) {
            return s;
        }
    }
    enum status s = resolve_parents(call, import);
    Pb__ImportOrgsReply *reply = call_message(call, &pb__import_orgs_reply__descriptor);
    if (s != STATUS_OK || reply == NULL) {
        return s != STATUS_OK ? s : handler_no_memory(call);
    }
    reply->has_added = reply->has_updated = reply->has_unchanged = 1;
    for (size_t i = 0; i < import->wanted.count; i++) {
        struct org_record *w = &import->wanted.items[i];
        const struct org_record *stored = by_code(&import->stored, w->code);
        if (w->version != 0 && org_same(w, stored)) {
            w->id = NULL; /* nothing to write */
            reply->unchanged++;
            continue;
        }
        *(w->version == 0 ? &reply->added : &reply->updated) += 1;
        Pb__Org *record = org_message(call, w);
        if (record == NULL ||
            !call_change(call, "org", w->id, w->code, w->version + 1, &record->base)) {
            return handler_no_memory(call);
        }
    }
    call->no_event = reply->added + reply->updated == 0;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
import_effects(struct call *call, struct db_queue *q)
{
    const struct org_import *import = call->data;
    for (size_t i = 0; i < import->wanted.count; i++) {
        const struct org_record *w = &import->wanted.items[i];
        if (w->id == NULL) {
            continue;
        }
        enum status s =
            org_queue_write(q, call->who->tenant, w, import->parents[i], call->event_id);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

static int
list_load(struct call *call, struct db_queue *q)
{
    struct org_list *list = arena_alloc(call->arena, sizeof *list);
    call->data = list;
    return list == NULL ? (int)handler_no_memory(call)
                        : (int)org_queue_all(q, call->who->tenant, list);
}

static enum status
list_decide(struct call *call)
{
    const struct org_list *list = call->data;
    Pb__ListOrgsReply *reply = call_message(call, &pb__list_orgs_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->orgs = arena_array(call->arena, list->count, sizeof *reply->orgs);
    for (size_t i = 0; reply->orgs != NULL && i < list->count; i++) {
        reply->orgs[i] = org_message(call, &list->items[i]);
        if (reply->orgs[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_orgs++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.OrgService/ImportOrgs",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = ROLE_ADMIN,
     .request = &pb__import_orgs_request__descriptor,
     .reply = &pb__import_orgs_reply__descriptor,
     .subjects = import_subjects,
     .load = import_load,
     .decide = import_decide,
     .effects = import_effects},
    {.method = "rectify.v1.OrgService/ListOrgs",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__empty__descriptor,
     .reply = &pb__list_orgs_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.OrgService/ExplainAccess",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__explain_access_request__descriptor,
     .reply = &pb__explain_access_reply__descriptor,
     .load = access_load,
     .decide = access_decide},
};

const struct handler_table org_handler_table = {rows, sizeof rows / sizeof rows[0]};
