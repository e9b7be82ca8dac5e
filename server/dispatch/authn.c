/* Authentication: what the call shows against what the database holds. */
#include "server/dispatch/turn.h"

#include "proto/ledger/secret.h"
#include "proto/ledger/signing.h"
#include "server/service/role.h"

#include <inttypes.h>
#include <string.h>

bool
behalf_is_person(const char *on_behalf_of)
{
    return on_behalf_of != NULL && on_behalf_of[0] == '@';
}

static enum status
check_session(const struct turn *t, struct fault *fault)
{
    const struct principal_record *r = &t->record;
    int64_t now = t->call.now_ms;
    if (r->account_id == NULL || r->ended || now >= r->expires_ms ||
        now - r->used_ms > LIMIT_SESSION_IDLE_MS) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "SESSION_EXPIRED",
                         "登录已失效，请重新登录。");
    }
    if (r->disabled) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "ACCOUNT_DISABLED",
                         "账号已停用，请联系管理员。");
    }
    return STATUS_OK;
}

static enum status
check_machine(const struct turn *t, struct fault *fault)
{
    const struct principal_record *r = &t->record;
    const char *stated = t->job->envelope->machine;
    if (r->machine_id == NULL || r->public_key == NULL) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "MACHINE_UNKNOWN",
                         "这台机器没有开通，请先用开通码开通。");
    }
    if (r->revoked) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "MACHINE_REVOKED",
                         "这台机器已被停用，请联系管理员。");
    }
    if (stated != NULL && strcmp(stated, r->machine_id) != 0) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "SESSION_OTHER_MACHINE",
                         "登录是在另一台机器上办理的，请在本机重新登录。");
    }
    return STATUS_OK;
}

static enum status
check_signature(struct turn *t, struct fault *fault)
{
    const Pb__CallRequest *e = t->job->envelope;
    char session[SECRET_HASH_HEX_SIZE];
    const struct signed_call signed_call = call_signed_part(e, session);
    struct ledger_public key;
    ledger_public_from_bytes(t->record.public_key, &key);
    enum status s = signing_verify(&signed_call, &key, e->signature.data, e->signature.len, NULL);
    if (s != STATUS_OK) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "SIGNATURE_BAD",
                         "请求的机器签名不对：请确认本机的密钥与开通时的一致。");
    }
    return STATUS_OK;
}

/* The handler's row says what must be shown; a signature that is there is always checked. */
static enum status
check_shown(struct turn *t, struct fault *fault)
{
    enum method_auth needs = t->call.handler->auth;
    bool has_signature = t->job->envelope->has_signature;
    enum status s = STATUS_OK;
    t->who.auth = needs;
    if (needs == AUTH_PUBLIC) {
        return STATUS_OK;
    }
    if (needs != AUTH_MACHINE) {
        s = check_session(t, fault);
    }
    if (s == STATUS_OK) {
        s = check_machine(t, fault);
    }
    if (s == STATUS_OK && !has_signature && needs != AUTH_SESSION) {
        return fault_set(fault, STATUS_UNAUTHENTICATED, "SIGNATURE_MISSING",
                         "这个操作必须由开通的机器签名。");
    }
    if (s == STATUS_OK && has_signature) {
        s = check_signature(t, fault);
        if (needs == AUTH_SESSION) {
            t->who.auth = AUTH_SIGNED;
        }
    }
    return s;
}

static enum status
check_stated_time(const struct turn *t, struct fault *fault)
{
    /* Days in the past are normal: commands wait on machines that are offline. */
    if (t->job->envelope->queued_at_ms > t->call.now_ms + LIMIT_CLOCK_SKEW_MS) {
        return fault_set_field(fault, "queued_at_ms", "CLOCK_SKEW",
                               "本机时钟比服务器快 10 分钟以上，请校准本机时间后重试。");
    }
    return STATUS_OK;
}

static void
fill_system(struct turn *t)
{
    t->who.account = "SYS";
    t->who.display_name = "系统时钟";
    t->who.org_code = "";
    t->who.org_name = "";
    t->who.own_org_code = "";
    t->who.roles = ROLE_SYS;
    t->who.sees_all = true;
    t->who.auth = AUTH_SYSTEM;
}

/* Every org in which he, or whom he stands in for, has a seat. */
static const char *
join_orgs(struct turn *t, const char *own, const char *other)
{
    if (own == NULL || other == NULL) {
        return own == NULL ? other : own;
    }
    return arena_printf(&t->arena, "{%.*s,%s", (int)strlen(own) - 2, own + 1, other + 1);
}

/* The seat acted in: one's own, the unit's (代报), or that of him who is stood in for (代行). */
static enum status
fill_seat(struct turn *t, bool behalf, bool stands)
{
    const struct principal_record *r = &t->record;
    struct principal *who = &t->who;
    who->org_id = stands ? r->stands_org_id : behalf ? r->behalf_id : r->org_id;
    who->org_code = stands ? r->stands_org_code : behalf ? r->behalf_code : r->org_code;
    who->org_name = stands ? r->stands_org_name : behalf ? r->behalf_name : r->org_name;
    who->own_org_code = r->org_code;
    who->behalf = behalf && r->org_id != NULL && strcmp(r->behalf_id, r->org_id) != 0;
    who->seat_orgs = r->seat_orgs;
    if (stands) {
        who->substitute_for_id = r->stands_id;
        who->seat_orgs = join_orgs(t, r->seat_orgs, r->stands_seat_orgs);
        who->acting_as = arena_printf(&t->arena, "%s 代 %s（%s）", r->display_name, r->stands_name,
                                      r->stands_org_name);
    } else if (who->behalf) {
        who->acting_as = arena_printf(&t->arena, "%s 代 %s", r->org_name, r->behalf_name);
    }
    bool exhausted = (stands || who->behalf) && who->acting_as == NULL;
    return exhausted || (stands && who->seat_orgs == NULL) ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static enum status
fill_principal(struct turn *t)
{
    const struct principal_record *r = &t->record;
    struct principal *who = &t->who;
    const char *asked = t->job->envelope->on_behalf_of;
    bool stands = behalf_is_person(asked);
    bool behalf = asked != NULL && !stands;
    bool known = stands && r->stands_id != NULL && r->stands_roles != 0;
    uint64_t roles = stands ? r->stands_roles : r->roles;
    const struct authz_question question = {
        .handler = t->call.handler,
        .roles = roles,
        .has_seat = roles != 0 || stands,
        .on_behalf_of = asked,
        .behalf_known = r->behalf_id != NULL,
        .behalf_is_own = behalf && r->behalf_id != NULL && r->org_id != NULL &&
                         strcmp(r->behalf_id, r->org_id) == 0,
        .substitutes = stands,
        .substitution_known = known,
    };
    enum status s = authz_check(&question, &who->roles, &t->call.fault);
    if (s != STATUS_OK) {
        return s;
    }
    who->account_id = r->account_id;
    who->account = r->account;
    who->display_name = r->display_name;
    who->machine_id = r->machine_id;
    s = fill_seat(t, behalf, stands);
    if (s != STATUS_OK) {
        return fault_set(&t->call.fault, s, "MEMORY", "内存不足，请稍后重试。");
    }
    who->sees_all = authz_sees_all(who->roles);
    who->orgs = who->org_id == NULL || who->account_id == NULL || !authz_sees_own(who->roles)
                    ? NULL
                    : arena_printf(&t->arena, "{%s}", who->org_id);
    return STATUS_OK;
}

enum status
authn_check(struct turn *t)
{
    t->who.tenant = t->tenant == NULL ? 0 : t->tenant->id;
    t->who.tenant_code = t->tenant == NULL ? "" : t->tenant->code;
    t->who.utc_offset_min = t->tenant == NULL ? ZONE_CHINA_MIN : t->tenant->utc_offset_min;
    if (t->job->system) {
        fill_system(t);
        return STATUS_OK;
    }
    enum status s = check_shown(t, &t->call.fault);
    if (s == STATUS_OK) {
        s = check_stated_time(t, &t->call.fault);
    }
    if (s == STATUS_OK) {
        s = fill_principal(t);
    }
    return s;
}
