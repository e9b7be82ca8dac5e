/* Methods: every rpc of the descriptors and the one row that says who may call it. */
#include "server/dispatch/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/agent.pb-c.h"
#include "rectify/v1/alert.pb-c.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/consultation.pb-c.h"
#include "rectify/v1/evidence.pb-c.h"
#include "rectify/v1/grant.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/job.pb-c.h"
#include "rectify/v1/matter.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
#include "rectify/v1/onboard.pb-c.h"
#include "rectify/v1/operation.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "rectify/v1/outcome.pb-c.h"
#include "rectify/v1/plan.pb-c.h"
#include "rectify/v1/publication.pb-c.h"
#include "rectify/v1/report.pb-c.h"
#include "rectify/v1/settings.pb-c.h"
#include "rectify/v1/sitting.pb-c.h"
#include "rectify/v1/status.pb-c.h"
#include "rectify/v1/system.pb-c.h"
#include "rectify/v1/table.pb-c.h"

static const ProtobufCServiceDescriptor *const services[] = {
    &pb__account_service__descriptor,  &pb__alert_service__descriptor,
    &pb__audit_service__descriptor,    &pb__consultation_service__descriptor,
    &pb__evidence_service__descriptor, &pb__inspection_service__descriptor,
    &pb__job_service__descriptor,      &pb__matter_service__descriptor,
    &pb__measure_service__descriptor,  &pb__problem_service__descriptor,
    &pb__org_service__descriptor,      &pb__plan_service__descriptor,
    &pb__settings_service__descriptor, &pb__status_service__descriptor,
    &pb__system_service__descriptor,   &pb__table_service__descriptor,
    &pb__grant_service__descriptor,    &pb__sitting_service__descriptor,
    &pb__node_service__descriptor,     &pb__outcome_service__descriptor,
    &pb__report_service__descriptor,   &pb__publication_service__descriptor,
    &pb__log_service__descriptor,      &pb__operation_service__descriptor,
    &pb__onboard_service__descriptor,  &pb__agent_service__descriptor,
};
enum { SERVICE_COUNT = sizeof services / sizeof services[0] };

static int
compare_slots(const void *a, const void *b)
{
    return strcmp(((const struct method_slot *)a)->name, ((const struct method_slot *)b)->name);
}

static enum status
fault_method(struct fault *fault, const char *name, const char *what)
{
    return fault_set(fault, STATUS_FAILED_PRECONDITION, "METHOD_WITHOUT_POLICY",
                     "方法 %s %s：不能启动，请补齐处理表。", name, what);
}

/* What a row must have, whatever its kind. */
static enum status
check_row(const struct handler *h, struct fault *fault)
{
    bool command = h->kind == METHOD_COMMAND || h->kind == METHOD_SLOW;
    if (h->method == NULL || h->request == NULL || h->reply == NULL || h->decide == NULL) {
        return fault_method(fault, h->method == NULL ? "?" : h->method, "的处理表缺少内容");
    }
    if (!command && (h->effects != NULL || h->subjects != NULL)) {
        return fault_method(fault, h->method, "是查询，却要写入");
    }
    if (h->kind == METHOD_PARKED && h->auth == AUTH_PUBLIC) {
        return fault_method(fault, h->method, "会等待，却不要求登录");
    }
    return STATUS_OK;
}

static size_t
count_all(const struct handler_table *tables, size_t table_count)
{
    size_t n = 0;
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        n += services[i]->n_methods;
    }
    for (size_t i = 0; i < table_count; i++) {
        n += tables[i].count;
    }
    return n;
}

/* The descriptors' methods, without handlers yet. */
static bool
add_services(struct methods *m)
{
    for (size_t i = 0; i < SERVICE_COUNT; i++) {
        for (unsigned k = 0; k < services[i]->n_methods; k++) {
            char *name = NULL;
            if (asprintf(&name, "%s/%s", services[i]->name, services[i]->methods[k].name) < 0) {
                return false;
            }
            m->slots[m->count++] = (struct method_slot){
                .name = name,
                .request = services[i]->methods[k].input,
                .reply = services[i]->methods[k].output,
            };
        }
    }
    return true;
}

static struct method_slot *
find_slot(const struct methods *m, size_t count, const char *name)
{
    const struct method_slot wanted = {.name = name};
    return bsearch(&wanted, m->slots, count, sizeof wanted, compare_slots);
}

static enum status
add_row(struct methods *m, size_t described, const struct handler *h, bool partial,
        struct fault *fault)
{
    enum status s = check_row(h, fault);
    if (s != STATUS_OK) {
        return s;
    }
    struct method_slot *slot = find_slot(m, described, h->method);
    if (slot == NULL && !partial) {
        return fault_method(fault, h->method, "不在协议里");
    }
    if (slot == NULL) {
        char *name = strdup(h->method);
        if (name == NULL) {
            return fault_memory(fault);
        }
        m->slots[m->count++] = (struct method_slot){
            .name = name, .handler = h, .request = h->request, .reply = h->reply};
        return STATUS_OK;
    }
    if (slot->handler != NULL) {
        return fault_method(fault, h->method, "有两行");
    }
    if (slot->request != h->request || slot->reply != h->reply) {
        return fault_method(fault, h->method, "的消息类型与协议不符");
    }
    slot->handler = h;
    return STATUS_OK;
}

enum status
methods_init(struct methods *m, const struct handler_table *tables, size_t table_count,
             bool partial, struct fault *fault)
{
    *m = (struct methods){0};
    m->slots = calloc(count_all(tables, table_count), sizeof *m->slots);
    if (m->slots == NULL || !add_services(m)) {
        return fault_memory(fault);
    }
    size_t described = m->count;
    qsort(m->slots, described, sizeof *m->slots, compare_slots);
    for (size_t i = 0; i < table_count; i++) {
        for (size_t k = 0; k < tables[i].count; k++) {
            enum status s = add_row(m, described, &tables[i].rows[k], partial, fault);
            if (s != STATUS_OK) {
                return s;
            }
        }
    }
    for (size_t i = 0; !partial && i < described; i++) {
        if (m->slots[i].handler == NULL) {
            return fault_method(fault, m->slots[i].name, "没有处理表");
        }
    }
    qsort(m->slots, m->count, sizeof *m->slots, compare_slots);
    return STATUS_OK;
}

const struct method_slot *
methods_find(const struct methods *m, const char *name)
{
    return find_slot(m, m->count, name);
}

void
methods_release(struct methods *m)
{
    for (size_t i = 0; i < m->count; i++) {
        free((char *)(uintptr_t)m->slots[i].name);
    }
    free(m->slots);
    *m = (struct methods){0};
}
