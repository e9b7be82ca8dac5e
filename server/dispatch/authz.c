/* Authorisation: a pure function of the policy row and the principal. */
#include "server/dispatch/turn.h"

#include "server/service/role.h"

bool
authz_sees_all(uint64_t roles)
{
    return (roles & ROLE_SEES_ALL) != 0;
}

bool
authz_sees_own(uint64_t roles)
{
    return (roles & (ROLE_ADMIN | ROLE_GRANT)) == 0;
}

static enum status
check_behalf(const struct authz_question *q, struct fault *fault)
{
    if ((q->handler->flags & HANDLER_BEHALF) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "BEHALF_FORBIDDEN",
                         "这个操作不能代办，请由单位自己办理。");
    }
    if ((q->roles & ROLE_OFFICE) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "BEHALF_FORBIDDEN",
                         "只有领导小组办公室可以代单位办理。");
    }
    if (!q->behalf_known) {
        return fault_set(fault, STATUS_NOT_FOUND, "BEHALF_UNKNOWN",
                         "没有找到被代办的单位 %.64s，请核对单位代码。", q->on_behalf_of);
    }
    return STATUS_OK;
}

enum status
authz_check(const struct authz_question *q, uint64_t *ret_roles, struct fault *fault)
{
    const struct handler *h = q->handler;
    bool has_session = h->auth == AUTH_SESSION || h->auth == AUTH_SIGNED;
    uint64_t roles = q->roles;
    if (has_session && !q->has_seat) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "NO_SEAT",
                         "您的账号在这台机器所属的单位没有有效的席位（可能还没有批准、"
                         "没到起始日、已到期或已结束），请联系系统管理员。");
    }
    if (q->substitutes && !q->substitution_known) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "SUBSTITUTION_UNKNOWN",
                         "今天没有您代行 %.64s 的席位（没有批准、没到起始日、已到期或已结束）："
                         "请核对账号名，或联系系统管理员。",
                         q->on_behalf_of);
    }
    if (q->on_behalf_of != NULL && !q->behalf_is_own && !q->substitutes) {
        enum status s = check_behalf(q, fault);
        if (s != STATUS_OK) {
            return s;
        }
        roles |= ROLE_UNIT | ROLE_PART;
    }
    if (h->roles != 0 && (h->roles & roles) == 0) {
        return fault_set(fault, STATUS_PERMISSION_DENIED, "ROLE_FORBIDS",
                         "您的角色不能办理这件事。如确需办理，请联系管理员核对席位。");
    }
    *ret_roles = roles;
    return STATUS_OK;
}
