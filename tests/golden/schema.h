/* The services and the messages of rectify.v1, as the generated C knows them. */
#ifndef TESTS_GOLDEN_SCHEMA_H
#define TESTS_GOLDEN_SCHEMA_H

#include <assert.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>

#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/alert.pb-c.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/consultation.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"
#include "rectify/v1/evidence.pb-c.h"
#include "rectify/v1/grant.pb-c.h"
#include "rectify/v1/inspection.pb-c.h"
#include "rectify/v1/job.pb-c.h"
#include "rectify/v1/matter.pb-c.h"
#include "rectify/v1/measure.pb-c.h"
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

static const ProtobufCServiceDescriptor *const schema_services[] = {
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
};

/* What no method names: the envelope, the body of an event, what opinions are bound to by hash. */
static const ProtobufCMessageDescriptor *const schema_others[] = {
    &pb__call_request__descriptor,   &pb__call_reply__descriptor,
    &pb__log_entry__descriptor,      &pb__plan_changes__descriptor,
    &pb__closing_record__descriptor, &pb__publication_record__descriptor,
};

enum {
    SCHEMA_SERVICES = sizeof schema_services / sizeof schema_services[0],
    SCHEMA_OTHERS = sizeof schema_others / sizeof schema_others[0],
    SCHEMA_MESSAGES_MAX = 512,
};

/* Message types without repetition: first the `roots` named by a method or in schema_others, then
 * those inside them. */
struct schema_messages {
    const ProtobufCMessageDescriptor *items[SCHEMA_MESSAGES_MAX];
    size_t roots;
    size_t count;
};

static inline void
schema_add(struct schema_messages *m, const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->items[i] == type) {
            return;
        }
    }
    assert(m->count < SCHEMA_MESSAGES_MAX);
    m->items[m->count++] = type;
}

static inline struct schema_messages
schema_messages(void)
{
    struct schema_messages m = {.count = 0};
    for (size_t i = 0; i < SCHEMA_OTHERS; i++) {
        schema_add(&m, schema_others[i]);
    }
    for (size_t s = 0; s < SCHEMA_SERVICES; s++) {
        for (unsigned i = 0; i < schema_services[s]->n_methods; i++) {
            schema_add(&m, schema_services[s]->methods[i].input);
            schema_add(&m, schema_services[s]->methods[i].output);
        }
    }
    m.roots = m.count;
    for (size_t i = 0; i < m.count; i++) { /* the list grows while it is walked */
        for (unsigned f = 0; f < m.items[i]->n_fields; f++) {
            if (m.items[i]->fields[f].type == PROTOBUF_C_TYPE_MESSAGE) {
                schema_add(&m, m.items[i]->fields[f].descriptor);
            }
        }
    }
    return m;
}

#endif
