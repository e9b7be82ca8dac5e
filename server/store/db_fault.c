#include "server/store/db_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { RETRY_MS = 1000 };

static enum status
fault_unavailable(struct fault *fault, const char *reason, const char *text)
{
    enum status s = fault_set(fault, STATUS_UNAVAILABLE, reason, "%s", text);
    if (fault != NULL) {
        fault->retry_after_ms = RETRY_MS;
    }
    return s;
}

/* The constraint's name, upper case, is the reason: stable, and it names the rule. */
static enum status
fault_constraint(struct fault *fault, enum status code, const PGresult *result, const char *text)
{
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    char reason[FAULT_REASON_SIZE];
    snprintf(reason, sizeof reason, "%s", name == NULL || name[0] == '\0' ? "CONSTRAINT" : name);
    for (char *p = reason; *p != '\0'; p++) {
        *p = (char)toupper((unsigned char)*p);
    }
    return fault_set(fault, code, reason, "%s（规则：%s）", text, reason);
}

static bool
state_is(const char *state, const char *wanted)
{
    return strncmp(state, wanted, strlen(wanted)) == 0;
}

enum status
db_fault_of(const PGconn *conn, const PGresult *result, struct fault *fault)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (state == NULL || PQstatus(conn) == CONNECTION_BAD || state_is(state, "08") ||
        state_is(state, "57P")) {
        return fault_unavailable(fault, "DATABASE_LOST", "数据库连接中断，请稍后重试。");
    }
    if (state_is(state, "23505")) {
        return fault_constraint(fault, STATUS_ALREADY_EXISTS, result, "已经存在相同的记录。");
    }
    if (state_is(state, "23503") || state_is(state, "23514")) {
        return fault_constraint(fault, STATUS_FAILED_PRECONDITION, result,
                                "数据库的约束不允许这样写入。");
    }
    if (state_is(state, "40001") || state_is(state, "40P01")) {
        return fault_set(fault, STATUS_ABORTED, "SERIALIZATION", "与同时进行的操作冲突，请重试。");
    }
    if (state_is(state, "55P03")) {
        return fault_unavailable(fault, "LOCK_BUSY", "记录正被他人占用，请稍后重试。");
    }
    if (state_is(state, "22")) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "DATA_FORM",
                         "填写的内容不合格式（编号、日期或数字），请核对后重新提交。");
    }
    if (state_is(state, "42501")) {
        /* The second wall: what is not in the caller's scope does not exist for them. */
        return fault_set(fault, STATUS_NOT_FOUND, "OUT_OF_SCOPE", "没有找到，或不在您的范围内。");
    }
    if (state_is(state, "53")) {
        return fault_unavailable(fault, "DATABASE_FULL", "数据库资源不足，请稍后重试。");
    }
    const char *primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    return fault_set(fault, STATUS_INTERNAL, "DATABASE", "数据库错误 %s：%s", state,
                     primary == NULL ? "" : primary);
}
