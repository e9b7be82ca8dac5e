/* AccountService/EnrolMachine, and what Onboard shares with it. */
#include "server/handler/enrolment.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/code.h"
#include "proto/ledger/signing.h"
#include "rectify/v1/account.pb-c.h"
#include "server/handler/account_admin.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <string.h>

enum status
enrolment_load(struct call *call, struct db_queue *q, struct enrolment *e)
{
    if (e->public_key.len != LEDGER_PUBLIC_BYTES) {
        return fault_set_field(&call->fault, "public_key", "PUBLIC_KEY_MALFORMED",
                               "机器公钥应为 32 字节：请重新生成机器密钥。");
    }
    enum status s = check_text(call, "label", e->label, LIMIT_NAME_BYTES, false);
    if (s != STATUS_OK) {
        return s;
    }
    code_hash(e->code_text, e->code_sha256);
    s = enrol_code_queue_lock(q, call->who->tenant, e->code_sha256, &e->code);
    if (s == STATUS_OK) {
        s = machine_queue_by_key(q, call->who->tenant, e->public_key.data, &e->machine);
    }
    return s;
}

/* Who enrols a key must hold it: the call is signed by the very key it brings. */
static enum status
check_possession(struct call *call, const struct enrolment *enrolment)
{
    const Pb__CallRequest *e = call->envelope;
    char session[SECRET_HASH_HEX_SIZE];
    const struct signed_call signed_call = call_signed_part(e, session);
    struct ledger_public key;
    ledger_public_from_bytes(enrolment->public_key.data, &key);
    return signing_verify(&signed_call, &key, e->signature.data, e->signature.len, &call->fault);
}

static enum status
refusal(struct call *call, const struct enrolment *e)
{
    if (e->code.account_id == NULL || strcmp(e->code.purpose, "ENROL") != 0) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "ENROL_CODE_UNKNOWN",
                         "开通码不对：请核对后重新输入，或请管理员重新发放。");
    }
    if (e->machine.id != NULL) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "MACHINE_ENROLLED",
                         "这台机器已经开通给别的账号，或已被停用：请换一台机器，或联系管理员。");
    }
    if (e->code.used_ms != 0) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ENROL_CODE_USED",
                         "开通码已经用过（只能用一次）：请管理员重新发放。");
    }
    if (e->code.expires_ms <= call->now_ms) {
        return fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "ENROL_CODE_EXPIRED",
                         "开通码已过期（七天内有效）：请管理员重新发放。");
    }
    return STATUS_OK;
}

enum status
enrolment_decide(struct call *call, struct enrolment *e)
{
    enum status s = check_possession(call, e);
    if (s != STATUS_OK) {
        return s;
    }
    bool same = e->machine.id != NULL && e->machine.revoked_ms == 0 && e->code.account_id != NULL &&
                strcmp(e->machine.account_id, e->code.account_id) == 0;
    if (same) {
        return STATUS_OK;
    }
    s = refusal(call, e);
    if (s != STATUS_OK) {
        return s;
    }
    e->fresh = true;
    e->machine = (struct machine_record){
        .id = call_new_id(call),
        .org_id = e->code.org_id,
        .org_code = e->code.org_code,
        .account_id = e->code.account_id,
        .account = e->code.account,
        .label = e->label == NULL ? "" : e->label,
        .public_key = e->public_key.data,
        .enrolled_ms = call->now_ms,
        .version = 1,
    };
    return e->machine.id == NULL ? handler_no_memory(call) : STATUS_OK;
}

enum status
enrolment_effects(struct call *call, struct db_queue *q, const struct enrolment *e)
{
    if (!e->fresh) {
        return STATUS_OK;
    }
    enum status s = machine_queue_insert(q, call->who->tenant, &e->machine, call->event_id);
    if (s == STATUS_OK) {
        s = enrol_code_queue_use(q, call->who->tenant, e->code_sha256, e->machine.id, call->now_ms);
    }
    return s;
}

/* ---- EnrolMachine ---- */

int
enrol_load(struct call *call, struct db_queue *q)
{
    const Pb__EnrolMachineRequest *r = REQUEST(call, Pb__EnrolMachineRequest);
    struct enrolment *e = arena_alloc(call->arena, sizeof *e);
    call->data = e;
    if (e == NULL) {
        return handler_no_memory(call);
    }
    e->code_text = r->code;
    e->public_key = r->public_key;
    e->label = r->label;
    return enrolment_load(call, q, e);
}

enum status
enrol_decide(struct call *call)
{
    struct enrolment *e = call->data;
    enum status s = enrolment_decide(call, e);
    if (s != STATUS_OK) {
        return s;
    }
    Pb__EnrolMachineReply *reply = call_message(call, &pb__enrol_machine_reply__descriptor);
    Pb__Machine *record = machine_message(call, &e->machine);
    if (reply == NULL || record == NULL) {
        return handler_no_memory(call);
    }
    reply->machine = wire_text(e->machine.id);
    reply->org = wire_text(e->machine.org_code);
    reply->account = wire_text(e->machine.account);
    if (call->ledger_public_key != NULL) {
        reply->has_ledger_public_key = 1;
        reply->ledger_public_key.data = (uint8_t *)(uintptr_t)call->ledger_public_key;
        reply->ledger_public_key.len = LEDGER_PUBLIC_BYTES;
    }
    call->reply = &reply->base;
    call->no_event = !e->fresh;
    if (!e->fresh) {
        return STATUS_OK;
    }
    return call_change(call, "machine", e->machine.id, e->machine.account, 1, &record->base)
               ? STATUS_OK
               : handler_no_memory(call);
}

enum status
enrol_effects(struct call *call, struct db_queue *q)
{
    return enrolment_effects(call, q, call->data);
}
