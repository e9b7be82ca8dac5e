#include "client/cli/exit_code.h"
#include "client/cli/command.h"

#include <string.h>

enum exit_code
exit_code_from_fault(const struct fault *f)
{
    if (strncmp(f->reason, USAGE_PREFIX, strlen(USAGE_PREFIX)) == 0) {
        return EXIT_CODE_USAGE;
    }
    if (strcmp(f->reason, "SECRET_MARK") == 0 || strcmp(f->reason, "SECRET_FILE_EXPOSED") == 0) {
        return EXIT_CODE_INPUT; /* a text or file is what must change */
    }
    if (strcmp(f->reason, "LOGIN_LOCKED") == 0) {
        return EXIT_CODE_DENIED; /* the server is well */
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
        [EXIT_CODE_OK] = "成功；存入待发箱、等待发送的也是",
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

/* By reason first, then by code; each for the commands whose words (without `office` or `admin`)
 * begin so, "" for all. The first row that fits is taken. */
static const struct {
    const char *reason;
    const char *words;
    const char *advice;
} by_reason[] = {
    {"NOT_LOGGED_IN", "", "运行 rectify login 登录，再执行一次刚才的命令。"},
    {"MACHINE_NOT_ENROLLED", "", "向管理员要开通码，运行 rectify machine enrol --code-file 文件。"},
    {"TABLE_SUBMITTED", "", "要改，请联系领导小组办公室退回；退回后用 rectify table show 看原因。"},
    {"ROW_NEEDS_WRITING", "", "用 rectify table export --out 汇总表.csv 导出，填好这些行再报送。"},
    {"HASH_DIFFERS", "", "用 rectify table print 重新打印、签字盖章后扫描，再确认。"},
    {"PAPER_UNCHECKED", "",
     "用 rectify evidence get 编号 看扫描件，核对后加上 --paper-checked 再审核。"},
    {"REVIEWER_ONLY", "", "请本单位的审核人办理；没有账号的用 rectify table print 打印确认。"},
    {"JUDGED_ALREADY", "", "要改，请联系领导小组办公室退回。"},
    {"STATE_FORBIDS", "table submit",
     "用 rectify table show 看这张表；要改已报送的表，请联系领导小组办公室退回。"},
    {"STATE_FORBIDS", "table", "用 rectify table list --state SUBMITTED 看有哪些表待审核。"},
    {"TABLE_NOT_SUBMITTED", "",
     "等单位报送后再审核；用 rectify table list --state SUBMITTED 看有哪些表待审核。"},
    {"STALE_VERSION", "table submit",
     "运行 rectify table export 重新导出，把填好的内容抄过去，再报送。"},
    {"STALE_VERSION", "table", "用 rectify table show 看最新内容，再审核一次。"},
    {"STALE_VERSION", "measure", "用 rectify measure show 看最新内容，再办理一次。"},
    {"STALE_VERSION", "", "重新查看最新内容，再办理一次。"},
    {"SIGN_FIRST", "", "先运行 rectify sign-for --all 签收，再重新导出汇总表填写。"},
    {"BEHALF_NEEDED", "", "代单位报送，要加上 --for 单位代码。"},
    {"MEASURE_UNKNOWN", "outcome add",
     "检查编号是否写对；用 rectify measure list 查看您能看到的措施。"},
    {"STATE_FORBIDS", "publication",
     "用 rectify publication allowed 编号 查看这份通报或报告现在能办什么。"},
    {"CONTENT_CHANGED", "publication", "用 rectify publication show 编号 看过最新正文后再办理。"},
    {"EVIDENCE_MISSING", "measure", "加上 --evidence 文件，附至少一份证明材料。"},
    {"EVIDENCE_ONLY_DOCUMENTS", "measure",
     "再用 --evidence 附一份工作记录、照片或数据，例如 --evidence 台账.xlsx:数据。"},
    {"SAME_PERSON", "", "请另一位同志办理。"},
    {"RECUSED", "", "请专项小组或领导小组的同志办理。"},
    {"INSPECTION_NEEDED", "",
     "加上 --inspection 代码；用 rectify inspection list 看有哪几次巡视。"},
    {"PROFILE_MISSING", "", "用 --profile 写明配置名或路径，或设置环境变量 RECTIFY_HOME。"},
    {"PROFILE_UNCLEAR", "", "加上 --profile 名称，或设置环境变量 RECTIFY_PROFILE。"},
    {"LOGIN_LOCKED", "", "过一会儿再登录；急用请联系管理员。不要反复试密码。"},
    {"LOGIN_FAILED", "", "核对账号和密码；忘了密码请联系管理员。"},
    {"PASSWORD_WRONG", "", "核对现在的密码；忘了密码请联系管理员。"},
    {"ENROL_CODE_UNKNOWN", "", "核对开通码；不对就请管理员再发一个。"},
    {"ENROL_CODE_USED", "", "请管理员再发一个开通码（rectify admin account code 账号）。"},
    {"ENROL_CODE_EXPIRED", "", "请管理员再发一个开通码（rectify admin account code 账号）。"},
    {"MACHINE_REVOKED", "",
     "要继续用这台电脑，请向管理员要新的开通码，运行 rectify machine enrol --code-file 文件。"},
    {"ACCOUNT_EXISTS", "", "换一个账号名；已有的账号再发开通码用 rectify admin account code。"},
    {"INSPECTION_EXISTS", "", "换一个代码；用 rectify inspection list 看已有的巡视。"},
    {"NUMBER_UNKNOWN", "",
     "运行 rectify help status list 看有哪些，例如 超期、临期、未报汇总表、已销号。"},
    {"NOT_IN_REVIEW", "", "用 rectify problem list 看哪些问题已申请销号、哪些在联合会审中。"},
    {"ROWS_UNDECIDED", "",
     "用 rectify sitting show 会审 看还差谁；确需先结束的，加上 --leave-undecided。"},
    {"PLAN_FROZEN", "", "已批准的方案不能再导入；要改，走方案调整。"},
    {"TABLE_ALL_ACCEPTED", "", "不用再办。"},
    {"SECRET_FILE_EMPTY", "", "检查这个文件的内容。"},
    {"FILE_MISSING", "", "检查文件名和所在的文件夹；什么都还没有办理。"},
    {"FOLDER_MISSING", "", "先建好文件夹，或换一个位置。"},
    {"OUTPUT_WRITE", "", "检查磁盘空间和权限，再试一次；办理本身不受影响。"},
    {"TABLE_MISSING", "", "用 rectify table list 查看有哪些表。"},
    {"ALERT_MISSING", "", "用 rectify alert list --all 查看序号。"},
    {"EVIDENCE_UNKNOWN", "evidence",
     "用 rectify table show 或 rectify measure show 查看材料编号。"},
    {"CONNECT_REFUSED", "",
     "服务器没有在运行，或配置里的 server 地址不对：用 rectify health 检查。"},
    {"HOST_UNKNOWN", "", "检查配置里的 server 地址，或网络与域名设置。"},
    {"TLS_SERVER_NAME", "",
     "服务器的证书名与配置里的 server_name 不同：可能连错了服务器，不要继续。"},
    {"TLS_SERVER_CERT", "", "服务器的证书不是本系统签发的或已过期：请告知管理员，不要继续。"},
    {"TLS_CLIENT_REFUSED", "", "服务器不认本机的证书：请向管理员领取新的证书。"},
    {"LOG_FORKED", "", "停止办理，立即告知管理员和审计人员；保留 state 文件夹作为证据。"},
    {"LOG_ROLLED_BACK", "", "停止办理，立即告知管理员和审计人员；保留 state 文件夹作为证据。"},
    {"SECRET_MARK", "", "这些内容没有保存在系统里。请改走涉密渠道，并检查本机是否还有同类文件。"},
    {"KEY_REUSED", "", "去掉 --key 重新办理；--key 只用于再办同一件结果未知的事。"},
    {"NO_OUTLINE", "", "确认文档按“（一）… 1.关于“…”问题的整改 … 一是…”的格式编写。"},
    {"OUTBOX_ITEM", "", "用 rectify outbox --all 查看有哪些。"},
    {"OUTBOX_DAMAGED", "", "保留提到的文件，告知管理员；核对后重新办理。"},
    {"DISK_FULL", "", "腾出磁盘空间后再办理；这一件没有存下。"},
    {"SECRET_FILE_EXPOSED", "", "运行 chmod 600 文件，使它只有您本人能读。"},
};

static bool
begins_with(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static const char *
usage_advice(struct arena *a, const char *words)
{
    const char *text =
        words[0] != '\0' ? arena_printf(a, "运行 rectify help %s 查看用法。", words) : NULL;
    return text != NULL ? text : "运行 rectify help all 查看全部命令。";
}

/* Is it a command of a matter (会商, 延期, 督办 …)? */
static bool
is_matter(const char *words)
{
    static const char *const kinds[] = {"matter ", "consultation ", "extension ",   "notice ",
                                        "talk ",   "round ",        "instruction ", "opinion "};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (begins_with(words, kinds[i])) {
            return true;
        }
    }
    return false;
}

static const char *
missing_advice(const char *words)
{
    if (is_matter(words)) {
        return "检查编号是否写对；用 rectify matter list --all 查看您能看到的事项。";
    }
    if (begins_with(words, "sitting")) {
        return "检查编号是否写对；用 rectify sitting list 查看有哪些会审。";
    }
    if (begins_with(words, "publication")) {
        return "检查编号是否写对；用 rectify publication list 查看您能看到的通报。";
    }
    if (begins_with(words, "outcome")) {
        return "检查编号是否写对；用 rectify outcome list 查看您能看到的成效。";
    }
    if (begins_with(words, "table")) {
        return "检查单位代码和期次；用 rectify table list 查看有哪些表。";
    }
    if (begins_with(words, "problem")) {
        return "检查编号是否写对；用 rectify problem list 查看您能看到的问题。";
    }
    if (begins_with(words, "measure") || begins_with(words, "sign-for") ||
        begins_with(words, "ask")) {
        return "检查编号是否写对；用 rectify measure list 查看您能看到的措施。";
    }
    return "";
}

static const char *
state_advice(const char *words)
{
    if (begins_with(words, "measure") || begins_with(words, "sign-for")) {
        return "用 rectify measure allowed 编号 查看这条措施现在能办什么。";
    }
    if (begins_with(words, "table")) {
        return "用 rectify table show 查看这张表。";
    }
    if (begins_with(words, "problem")) {
        return "用 rectify problem allowed 编号 查看这个问题现在能办什么。";
    }
    if (begins_with(words, "sitting")) {
        return "用 rectify sitting show 会审 查看各单位的意见。";
    }
    if (begins_with(words, "publication check")) {
        return "用 rectify publication export 编号 --format txt --out 文件 导出，改好后用 "
               "rectify office publication edit 交回。";
    }
    if (begins_with(words, "publication")) {
        return "用 rectify publication allowed 编号 查看这份通报或报告现在能办什么。";
    }
    if (begins_with(words, "outcome")) {
        return "用 rectify outcome allowed 编号 查看这项成效现在能办什么。";
    }
    if (begins_with(words, "plan")) {
        return "用 rectify office plan show --inspection 代码 查看方案现在的情况。";
    }
    return is_matter(words) ? "用 rectify matter show 编号 看现在可以办什么。" : "";
}

const char *
exit_code_advice(struct arena *a, const struct fault *f, const char *words)
{
    const char *bare = command_bare(words);
    for (size_t i = 0; i < sizeof by_reason / sizeof by_reason[0]; i++) {
        if (strcmp(f->reason, by_reason[i].reason) == 0 && begins_with(bare, by_reason[i].words)) {
            return by_reason[i].advice;
        }
    }
    switch (exit_code_from_fault(f)) {
    case EXIT_CODE_USAGE:
        return usage_advice(a, words);
    case EXIT_CODE_INPUT:
        return "按上面的提示改正后再办理；没有任何内容被保存。";
    case EXIT_CODE_NOT_FOUND:
        return missing_advice(bare);
    case EXIT_CODE_DENIED:
        return "确认用对了账号（rectify whoami）；需要权限时请联系管理员。";
    case EXIT_CODE_STATE:
        return state_advice(bare);
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
