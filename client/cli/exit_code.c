#include "client/cli/exit_code.h"

#include <string.h>

enum exit_code
exit_code_from_fault(const struct fault *f)
{
    if (strncmp(f->reason, USAGE_PREFIX, strlen(USAGE_PREFIX)) == 0) {
        return EXIT_CODE_USAGE;
    }
    switch (f->code) {
    case STATUS_OK:
        return EXIT_CODE_OK;
    case STATUS_INVALID_ARGUMENT:
    case STATUS_OUT_OF_RANGE:
        return EXIT_CODE_INPUT;
    case STATUS_NOT_FOUND:
        return EXIT_CODE_NOT_FOUND;
    case STATUS_PERMISSION_DENIED:
    case STATUS_UNAUTHENTICATED:
        return EXIT_CODE_DENIED;
    case STATUS_ALREADY_EXISTS:
    case STATUS_FAILED_PRECONDITION:
    case STATUS_ABORTED:
        return EXIT_CODE_STATE;
    case STATUS_CANCELLED:
    case STATUS_UNKNOWN:
    case STATUS_DEADLINE_EXCEEDED:
    case STATUS_RESOURCE_EXHAUSTED:
    case STATUS_UNAVAILABLE:
        return EXIT_CODE_TRY_AGAIN;
    case STATUS_DATA_LOSS:
        return EXIT_CODE_NOT_VERIFIED;
    case STATUS_UNIMPLEMENTED:
    case STATUS_INTERNAL:
        break;
    }
    return EXIT_CODE_INTERNAL;
}

const char *
exit_code_text(enum exit_code code)
{
    static const char *const texts[EXIT_CODE_COUNT] = {
        [EXIT_CODE_OK] = "成功",
        [EXIT_CODE_INTERNAL] = "程序或服务器内部错误",
        [EXIT_CODE_USAGE] = "命令写得不对（看 rectify help 命令）",
        [EXIT_CODE_INPUT] = "文件或内容填写有误",
        [EXIT_CODE_NOT_FOUND] = "没有找到，或不在您的知悉范围内",
        [EXIT_CODE_DENIED] = "没有登录、本机没有开通，或没有权限",
        [EXIT_CODE_STATE] = "当前状态不允许，或内容已被他人更新",
        [EXIT_CODE_TRY_AGAIN] =
            "连不上、系统繁忙、超时或结果未知：可稍后再试（重复办理请带 --key）",
        [EXIT_CODE_NOT_VERIFIED] = "核验没有通过（回执、日志或文件内容不符）",
    };
    return (unsigned)code < EXIT_CODE_COUNT ? texts[code] : texts[EXIT_CODE_INTERNAL];
}

/* By reason first, then by code. */
static const struct {
    const char *reason;
    const char *advice;
} by_reason[] = {
    {"NOT_LOGGED_IN", "运行 rectify login 登录，再执行一次刚才的命令。"},
    {"MACHINE_NOT_ENROLLED", "向管理员要开通码，运行 rectify machine enrol --code-file 文件。"},
    {"STALE_VERSION",
     "重新查看最新内容（例如 rectify table show、rectify measure show），再办理。"},
    {"PROFILE_MISSING", "用 --profile 写明配置名或路径，或设置环境变量 RECTIFY_HOME。"},
    {"PROFILE_UNCLEAR", "加上 --profile 名称，或设置环境变量 RECTIFY_PROFILE。"},
    {"FILE_MISSING", "检查文件名和所在的文件夹；什么都还没有办理。"},
    {"FOLDER_MISSING", "先建好文件夹，或换一个位置。"},
    {"OUTPUT_WRITE", "检查磁盘空间和权限，再试一次；办理本身不受影响。"},
    {"TABLE_MISSING", "用 rectify table list 查看有哪些表。"},
    {"ALERT_MISSING", "用 rectify alert list --all 查看序号。"},
    {"CONNECT_REFUSED", "服务器没有在运行，或配置里的 server 地址不对：用 rectify health 检查。"},
    {"HOST_UNKNOWN", "检查配置里的 server 地址，或网络与域名设置。"},
    {"TLS_SERVER_NAME", "服务器的证书名与配置里的 server_name 不同：可能连错了服务器，不要继续。"},
    {"TLS_SERVER_CERT", "服务器的证书不是本系统签发的或已过期：请告知管理员，不要继续。"},
    {"TLS_CLIENT_REFUSED", "服务器不认本机的证书：请向管理员领取新的证书。"},
    {"LOG_ROLLED_BACK", "停止办理，立即告知管理员和审计人员；保留 state 文件夹作为证据。"},
    {"SECRET_MARK", "立即改走涉密渠道，并检查本机是否还有同类文件。"},
    {"KEY_REUSED", "去掉 --key 重新办理；--key 只用于再办同一件结果未知的事。"},
    {"NO_OUTLINE", "确认文档按“（一）… 1.关于“…”问题的整改 … 一是…”的格式编写。"},
    {"SECRET_FILE_EXPOSED", "运行 chmod 600 文件，使它只有您本人能读。"},
};

const char *
exit_code_advice(const struct fault *f)
{
    for (size_t i = 0; i < sizeof by_reason / sizeof by_reason[0]; i++) {
        if (strcmp(f->reason, by_reason[i].reason) == 0) {
            return by_reason[i].advice;
        }
    }
    switch (exit_code_from_fault(f)) {
    case EXIT_CODE_USAGE:
        return "运行 rectify help 查看全部命令，或 rectify help 命令 查看用法。";
    case EXIT_CODE_INPUT:
        return "按上面的提示改正后再办理；没有任何内容被保存。";
    case EXIT_CODE_NOT_FOUND:
        return "检查编号是否写对；用 rectify measure list 或 rectify table list "
               "查看您能看到的内容。";
    case EXIT_CODE_DENIED:
        return "确认用对了账号（rectify whoami）；需要权限时请联系管理员。";
    case EXIT_CODE_STATE:
        return "查看当前能办什么：rectify measure allowed 编号，或 rectify todo。";
    case EXIT_CODE_TRY_AGAIN:
        return "稍后再试；用 rectify health 查看服务器是否正常。";
    case EXIT_CODE_NOT_VERIFIED:
        return "不要使用这份内容，请告知管理员或审计人员。";
    case EXIT_CODE_OK:
    case EXIT_CODE_INTERNAL:
        break;
    }
    return "请把这几行发给管理员。";
}
