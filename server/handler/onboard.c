/* OnboardService: a machine that has nothing yet gets its place, its certificate and its account's
 * first password; and certificates are renewed. */
#include "server/handler/onboard.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/key.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/onboard.pb-c.h"
#include "server/base/issuer.h"
#include "server/handler/account.h"
#include "server/handler/account_admin.h"
#include "server/handler/common.h"
#include "server/handler/enrolment.h"
#include "server/store/org.h"

#include <string.h>

static enum status
issues(struct call *call)
{
    return call->issuer != NULL
               ? STATUS_OK
               : fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ONBOARD_OFF",
                           "这台服务器不签发机器证书：请管理员在 rectifyd.ini 的 [onboard] 里配置，"
                           "或照旧用 deploy/pki 制作证书。");
}

/* ---- GetAuthority ---- */

static enum status
authority_decide(struct call *call)
{
    enum status s = issues(call);
    if (s != STATUS_OK) {
        return s;
    }
    const struct issuer_authority a = issuer_authority(call->issuer);
    Pb__GetAuthorityReply *reply = call_message(call, &pb__get_authority_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->certificate = wire_text(a.certificate);
    reply->sha256 = arena_strdup(call->arena, a.sha256);
    reply->tenant = wire_text(a.tenant);
    reply->server_name = wire_text(a.server_name);
    reply->server = wire_text(a.server);
    reply->has_server_port = 1;
    reply->server_port = a.server_port;
    reply->onboard = wire_text(a.onboard);
    reply->has_onboard_port = a.onboard_port != 0;
    reply->onboard_port = a.onboard_port;
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- Onboard ---- */

struct onboarding {
    struct enrolment enrolment;
    struct account_record account;
    struct org_list orgs;
    struct issuer_certificate certificate;
    const char *hash; /* of the password to set; NULL: none is set */
};

static int
onboard_load(struct call *call, struct db_queue *q)
{
    const Pb__OnboardRequest *r = REQUEST(call, Pb__OnboardRequest);
    struct onboarding *o = call->data;
    if (call->round > 0) {
        enum status s =
            account_queue_lock(q, call->who->tenant, o->enrolment.code.account, NULL, &o->account);
        return s == STATUS_OK ? org_queue_all(q, call->who->tenant, &o->orgs) : s;
    }
    enum status s = issues(call);
    if (s == STATUS_OK) {
        s = issuer_csr_check(r->csr.data, r->csr.len, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    o = arena_alloc(call->arena, sizeof *o);
    call->data = o;
    if (o == NULL) {
        return handler_no_memory(call);
    }
    o->enrolment.code_text = r->code;
    o->enrolment.public_key = r->public_key;
    o->enrolment.label = r->label;
    s = enrolment_load(call, q, &o->enrolment);
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static bool
has_password(const struct account_record *account)
{
    return account->password_hash != NULL && account->password_hash[0] != '\0';
}

/* The first one alone: what an administrator takes away later is given back by his own code. */
static enum status
password_refusal(struct call *call, const struct onboarding *o)
{
    const struct enrol_code_record *code = &o->enrolment.code;
    if (has_password(&o->account)) {
        return fault_set(
            &call->fault, STATUS_FAILED_PRECONDITION, "PASSWORD_EXISTS",
            "账号“%s”已经有密码，没有改动：请用原来的密码登录；忘了的请系统管理员重置。",
            o->account.name);
    }
    bool own = o->enrolment.fresh ||
               (code->machine_id != NULL && strcmp(code->machine_id, o->enrolment.machine.id) == 0);
    if (!own || (!o->enrolment.fresh && call->now_ms - code->used_ms > LIMIT_ONBOARD_AGAIN_MS)) {
        return fault_set(
            &call->fault, STATUS_FAILED_PRECONDITION, "PASSWORD_LATE",
            "开通码只能在开通后一小时内用来设密码：请系统管理员重置密码，凭口令码自设。");
    }
    return STATUS_OK;
}

static enum status
password_decide_first(struct call *call, struct onboarding *o)
{
    const Pb__OnboardRequest *r = REQUEST(call, Pb__OnboardRequest);
    if (r->new_password == NULL) {
        return STATUS_OK;
    }
    enum status s = password_refusal(call, o);
    return s == STATUS_OK ? password_replace(call, &o->account, r->new_password, &o->hash) : s;
}

static enum status
sign(struct call *call, const ProtobufCBinaryData *csr, const char *machine,
     struct issuer_certificate *ret)
{
    const struct issuer_request request = {
        .csr = csr->data, .n = csr->len, .name = machine, .now_ms = call->now_ms};
    return issuer_sign(call->issuer, call->arena, &request, ret, &call->fault);
}

/* Puts the certificate into the machine's record and the record into the log. */
static enum status
certificate_note(struct call *call, struct machine_record *machine, bool fresh,
                 const struct issuer_certificate *certificate)
{
    machine->certificate_serial = certificate->serial;
    machine->certificate_not_after_ms = certificate->not_after_ms;
    Pb__Machine *record = machine_message(call, machine);
    return record != NULL && call_change(call, "machine", machine->id, machine->account,
                                         machine->version + (fresh ? 0 : 1), &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

static enum status
onboard_reply(struct call *call, const struct onboarding *o)
{
    const struct machine_record *m = &o->enrolment.machine;
    const struct org_record *org = org_list_find(&o->orgs, m->org_code);
    Pb__OnboardReply *reply = call_message(call, &pb__onboard_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->machine = wire_text(m->id);
    reply->org = wire_text(m->org_code);
    reply->org_name = wire_text(org == NULL ? m->org_code : org->name);
    reply->account = wire_text(m->account);
    reply->display_name = wire_text(o->account.display_name);
    reply->tenant = wire_text(call->who->tenant_code);
    if (call->ledger_public_key != NULL) {
        reply->has_ledger_public_key = 1;
        reply->ledger_public_key.data = (uint8_t *)(uintptr_t)call->ledger_public_key;
        reply->ledger_public_key.len = LEDGER_PUBLIC_BYTES;
    }
    reply->certificate = wire_text(o->certificate.pem);
    reply->has_certificate_not_after_ms = reply->has_needs_password = 1;
    reply->certificate_not_after_ms = o->certificate.not_after_ms;
    reply->needs_password = !has_password(&o->account) && o->hash == NULL;
    reply->notice = wire_text(handler_secrecy_notice);
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
onboard_decide(struct call *call)
{
    const Pb__OnboardRequest *r = REQUEST(call, Pb__OnboardRequest);
    struct onboarding *o = call->data;
    struct enrolment *e = &o->enrolment;
    enum status s = enrolment_decide(call, e);
    if (s == STATUS_OK && o->account.disabled) {
        s = fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ACCOUNT_DISABLED",
                      "账号“%s”已停用，不能开通机器：请联系系统管理员。", o->account.name);
    }
    if (s == STATUS_OK) { /* the slow hash comes after all that can be refused */
        s = password_decide_first(call, o);
    }
    if (s == STATUS_OK) {
        s = sign(call, &r->csr, e->machine.id, &o->certificate);
    }
    if (s == STATUS_OK) {
        s = certificate_note(call, &e->machine, e->fresh, &o->certificate);
    }
    return s == STATUS_OK ? onboard_reply(call, o) : s;
}

static enum status
onboard_effects(struct call *call, struct db_queue *q)
{
    const struct onboarding *o = call->data;
    int tenant = call->who->tenant;
    enum status s = enrolment_effects(call, q, &o->enrolment);
    if (s == STATUS_OK && !o->enrolment.fresh) {
        s = machine_queue_certificate(q, tenant, &o->enrolment.machine, call->event_id);
    }
    return s == STATUS_OK && o->hash != NULL
               ? account_queue_password(q, tenant, o->account.id, o->hash, call->event_id)
               : s;
}

/* ---- RenewCertificate ---- */

struct renewal {
    struct machine_record machine;
    struct issuer_certificate certificate;
};

static void
renew_subjects(const struct call *call, struct subject_set *set)
{
    subject_add(set, "machine", call->envelope->machine == NULL ? "" : call->envelope->machine);
}

static int
renew_load(struct call *call, struct db_queue *q)
{
    struct renewal *r = arena_alloc(call->arena, sizeof *r);
    call->data = r;
    if (r == NULL) {
        return handler_no_memory(call);
    }
    enum status s = issues(call);
    return s == STATUS_OK
               ? machine_queue_by_id(q, call->who->tenant, call->who->machine_id, &r->machine)
               : s;
}

static enum status
renew_decide(struct call *call)
{
    const Pb__RenewCertificateRequest *asked = REQUEST(call, Pb__RenewCertificateRequest);
    struct renewal *r = call->data;
    Pb__RenewCertificateReply *reply = call_message(call, &pb__renew_certificate_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    enum status s = sign(call, &asked->csr, r->machine.id, &r->certificate);
    if (s == STATUS_OK) {
        s = certificate_note(call, &r->machine, false, &r->certificate);
    }
    if (s != STATUS_OK) {
        return s;
    }
    reply->certificate = wire_text(r->certificate.pem);
    reply->has_certificate_not_after_ms = 1;
    reply->certificate_not_after_ms = r->certificate.not_after_ms;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
renew_effects(struct call *call, struct db_queue *q)
{
    const struct renewal *r = call->data;
    return machine_queue_certificate(q, call->who->tenant, &r->machine, call->event_id);
}

static const struct handler rows[] = {
    {.method = "rectify.v1.OnboardService/GetAuthority",
     .kind = METHOD_QUERY,
     .auth = AUTH_PUBLIC,
     .flags = HANDLER_ONBOARD,
     .request = &pb__empty__descriptor,
     .reply = &pb__get_authority_reply__descriptor,
     .decide = authority_decide},
    {.method = "rectify.v1.OnboardService/Onboard",
     .kind = METHOD_SLOW,
     .auth = AUTH_PUBLIC,
     .flags = HANDLER_ONBOARD | HANDLER_SECRET,
     .request = &pb__onboard_request__descriptor,
     .reply = &pb__onboard_reply__descriptor,
     .load = onboard_load,
     .decide = onboard_decide,
     .effects = onboard_effects},
    {.method = "rectify.v1.OnboardService/RenewCertificate",
     .kind = METHOD_COMMAND,
     .auth = AUTH_MACHINE,
     .flags = HANDLER_ONBOARD,
     .request = &pb__renew_certificate_request__descriptor,
     .reply = &pb__renew_certificate_reply__descriptor,
     .subjects = renew_subjects,
     .load = renew_load,
     .decide = renew_decide,
     .effects = renew_effects},
};

const struct handler_table onboard_handler_table = {rows, sizeof rows / sizeof rows[0]};
