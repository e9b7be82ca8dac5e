#include "client/lib/method.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/audit.pb-c.h>
#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/evidence.pb-c.h>
#include <rectify/v1/grant.pb-c.h>
#include <rectify/v1/inspection.pb-c.h>
#include <rectify/v1/matter.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/operation.pb-c.h>
#include <rectify/v1/org.pb-c.h>
#include <rectify/v1/outcome.pb-c.h>
#include <rectify/v1/plan.pb-c.h>
#include <rectify/v1/publication.pb-c.h>
#include <rectify/v1/report.pb-c.h>
#include <rectify/v1/settings.pb-c.h>
#include <rectify/v1/sitting.pb-c.h>
#include <rectify/v1/status.pb-c.h>
#include <rectify/v1/system.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <string.h>

/* Every service a client may call (JobService is the server's own). */
static const ProtobufCServiceDescriptor *const services[] = {
    &pb__account_service__descriptor,     &pb__alert_service__descriptor,
    &pb__audit_service__descriptor,       &pb__consultation_service__descriptor,
    &pb__evidence_service__descriptor,    &pb__inspection_service__descriptor,
    &pb__matter_service__descriptor,      &pb__measure_service__descriptor,
    &pb__problem_service__descriptor,     &pb__org_service__descriptor,
    &pb__plan_service__descriptor,        &pb__settings_service__descriptor,
    &pb__status_service__descriptor,      &pb__system_service__descriptor,
    &pb__table_service__descriptor,       &pb__grant_service__descriptor,
    &pb__sitting_service__descriptor,     &pb__node_service__descriptor,
    &pb__outcome_service__descriptor,     &pb__report_service__descriptor,
    &pb__publication_service__descriptor, &pb__log_service__descriptor,
    &pb__operation_service__descriptor,
};

/* A method whose name begins so reads only; every other one is a command. */
static const char *const query_prefixes[] = {
    "List",   "Get",      "Preview", "Wait",   "WhoAmI",
    "Health", "Describe", "Allowed", "Export", "Explain",
};

/* What is called before there is a session, and before there is a machine. */
static const struct {
    const char *name;
    bool machine;
} sessionless[] = {
    {"EnrolMachine", false}, {"Login", true},           {"SetPassword", true},   {"Health", false},
    {"Describe", false},     {"GetConsistency", false}, {"ListRestores", false},
};

static bool
begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static void
kind_fill(const char *name, struct rectify_method *method)
{
    method->command = true;
    method->machine = true;
    method->session = true;
    for (size_t i = 0; i < sizeof query_prefixes / sizeof query_prefixes[0]; i++) {
        if (begins_with(name, query_prefixes[i])) {
            method->command = false;
        }
    }
    for (size_t i = 0; i < sizeof sessionless / sizeof sessionless[0]; i++) {
        if (strcmp(name, sessionless[i].name) == 0) {
            method->session = false;
            method->machine = sessionless[i].machine;
        }
    }
}

enum status
rectify_method_find(const char *name, struct rectify_method *ret_method, struct fault *f)
{
    const char *slash = strchr(name, '/');
    for (size_t i = 0; slash != NULL && i < sizeof services / sizeof services[0]; i++) {
        size_t n = (size_t)(slash - name);
        if (strlen(services[i]->name) != n || strncmp(services[i]->name, name, n) != 0) {
            continue;
        }
        const ProtobufCMethodDescriptor *found =
            protobuf_c_service_descriptor_get_method_by_name(services[i], slash + 1);
        if (found != NULL) {
            *ret_method = (struct rectify_method){.request = found->input, .reply = found->output};
            kind_fill(slash + 1, ret_method);
            return STATUS_OK;
        }
    }
    return fault_set(f, STATUS_UNIMPLEMENTED, "METHOD_UNKNOWN", "没有名为“%s”的方法。", name);
}
