/* The machines of people: grants of seats (授权) and accounts (账号). One line an edge: {from,
 * command, to, who, when, guard, why}. A grant needs two people; taking away needs one. */
#include "server/service/workflow_tables.h"

/* clang-format off */
enum { ADMIN = ROLE_ADMIN, GRANT = ROLE_GRANT, SYS = ROLE_SYS };

/* ---- grant: a seat, or standing in for somebody (代行) ---- */

static const struct workflow_state grant_states[] = {
    {"PROPOSED", "待批准", false},
    {"APPROVED", "已批准", false},
    {"REJECTED", "不批准", true},
    {"WITHDRAWN", "已撤回", true},
    {"ENDED", "已收回", true},
};

static const struct workflow_edge grant_edges[] = {
    {STATE_NONE, "bootstrap", "APPROVED", SYS, 0, 0, "在服务器本机建立最初两名管理员，记入日志"},
    {STATE_NONE, "propose", "PROPOSED", ADMIN, 0, 0, "系统管理员提出"},
    {"PROPOSED", "approve", "APPROVED", GRANT, 0, G(TWO_PEOPLE), "授权管理员批准，当日起按起止日生效"},
    {"PROPOSED", "reject", "REJECTED", GRANT, 0, G(TWO_PEOPLE) | G(REASON), "授权管理员不批准，说明理由"},
    {"PROPOSED", "withdraw", "WITHDRAWN", ADMIN, 0, G(REASON), "系统管理员撤回"},
    {"APPROVED", "end", "ENDED", ADMIN | GRANT, 0, G(REASON), "收回只需一人，立即生效"},
};

const struct workflow_machine workflow_grant =
    WORKFLOW_MACHINE(WORKFLOW_GRANT, "grant", "授权", grant_states, grant_edges);

/* ---- account ---- */

static const struct workflow_state account_states[] = {
    {"ACTIVE", "在用", false},
    {"DISABLED", "已停用", true},
};

static const struct workflow_edge account_edges[] = {
    {STATE_NONE, "create", "ACTIVE", ADMIN | SYS, 0, 0, "建立账号，不带角色"},
    {"ACTIVE", "unlock", "ACTIVE", ADMIN, 0, 0, "解除密码输错的锁定"},
    {"ACTIVE", "reset", "ACTIVE", ADMIN, 0, G(REASON), "发放一次性口令码，本人自设新密码"},
    {"ACTIVE", "issue_code", "ACTIVE", ADMIN, 0, 0, "发放开通码，开通一台机器"},
    {"ACTIVE", "disable", "DISABLED", ADMIN | GRANT, 0, G(REASON), "停用只需一人，立即生效"},
    {"DISABLED", "enable", "ACTIVE", ADMIN, 0, G(REASON), "重新启用：席位仍以授权为准"},
};

const struct workflow_machine workflow_account =
    WORKFLOW_MACHINE(WORKFLOW_ACCOUNT, "account", "账号", account_states, account_edges);
/* clang-format on */
