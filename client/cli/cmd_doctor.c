/* rectify doctor: one line for each thing that must be well for the client to work, in the order in
 * which one rests on another. What cannot be looked at because something before it failed is said
 * to be left out; what is on this machine is always looked at. */
#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/cli/handlers.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/agent_state.h"
#include "client/lib/file.h"
#include "client/lib/outbox.h"
#include "client/lib/probe.h"
#include "client/lib/state.h"
#include "proto/base/limits.h"
#include "proto/base/now.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/system.pb-c.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum mark { MARK_GOOD, MARK_SKIPPED, MARK_WARN, MARK_BAD };
enum { FINDINGS_MAX = 32, CALL_MS = 8000, CONNECT_MS = 5000, PRIVATE_BITS = 077 };
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define CERTIFICATE_WARN_MS (30 * DAY_MS)
#define QUEUE_WARN_MS DAY_MS
#define CLOCK_WARN_MS 60000
#define DISK_WARN_BYTES ((uint64_t)200 * 1024 * 1024)
#define DISK_BAD_BYTES ((uint64_t)20 * 1024 * 1024)

struct finding {
    const char *name;  /* for programs: "clock" */
    const char *title; /* "时钟" */
    enum mark mark;
    const char *reason; /* stable code, "" when all is well */
    const char *text;
    const char *advice; /* "" when there is nothing to do */
};

struct doctor {
    struct cli *c;
    struct finding findings[FINDINGS_MAX];
    size_t count;
    bool reachable; /* the server answered */
    struct rectify_answer answer;
    int64_t asked_at_ms; /* this machine's clock in the middle of that call */
};

/* ---- findings ---- */

static void
find(struct doctor *d, const char *name, const char *title, enum mark mark, const char *text)
{
    if (d->count < FINDINGS_MAX) {
        d->findings[d->count++] = (struct finding){.name = name,
                                                   .title = title,
                                                   .mark = mark,
                                                   .reason = "",
                                                   .text = text != NULL ? text : "",
                                                   .advice = ""};
    }
}

/* Of the last finding. */
static void
advise(struct doctor *d, const char *reason, const char *advice)
{
    d->findings[d->count - 1].reason = reason;
    d->findings[d->count - 1].advice = advice;
}

static void
find_fault(struct doctor *d, const char *name, const char *title, enum mark mark,
           const struct fault *f)
{
    struct arena *a = &d->c->arena;
    const char *reason = arena_strdup(a, f->reason);
    find(d, name, title, mark, cli_text(d->c, f->message));
    const char *advice = exit_code_advice(a, f, "doctor");
    advise(d, reason != NULL ? reason : "", advice[0] != '\0' ? advice : "请把这几行发给管理员。");
}

static void
skip(struct doctor *d, const char *name, const char *title)
{
    find(d, name, title, MARK_SKIPPED, "没有检查：服务器没有回答");
}

/* ---- this machine ---- */

static bool
check_profile(struct doctor *d)
{
    struct fault f = {.code = STATUS_OK};
    f.code = cli_profile(d->c, &f);
    if (f.code != STATUS_OK) {
        find_fault(d, "profile", "配置", MARK_BAD, &f);
        return false;
    }
    const struct rectify_profile *profile = &d->c->profile;
    if (profile->account == NULL) {
        find(d, "profile", "配置", MARK_BAD,
             arena_printf(&d->c->arena, "%s 没有写 account", cli_text(d->c, profile->file)));
        advise(d, "ACCOUNT_MISSING", "在配置里写上 account = 您的账号。");
        return true;
    }
    find(d, "profile", "配置", MARK_GOOD,
         arena_printf(&d->c->arena, "%s（%s，租户 %s）", cli_text(d->c, profile->file),
                      cli_text(d->c, profile->account), cli_text(d->c, profile->tenant)));
    return true;
}

/* True when the file is as it should be; otherwise a finding was added. */
static bool
file_is_well(struct doctor *d, const char *path, bool secret, bool needed)
{
    struct arena *a = &d->c->arena;
    struct stat st;
    if (path == NULL || (!needed && access(path, F_OK) != 0)) {
        return true; /* told by what needs it */
    }
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || access(path, R_OK) != 0) {
        find(d, "files", "文件", MARK_BAD,
             arena_printf(a, "“%s”读不到：%s", cli_text(d->c, path),
                          errno != 0 ? rectify_errno_zh(errno) : "不是文件"));
        advise(d, "FILE_UNREADABLE", "检查配置里的路径和文件的权限；文件丢了要向管理员重新领取。");
        return false;
    }
    if (secret && (st.st_mode & PRIVATE_BITS) != 0) {
        find(d, "files", "文件", MARK_BAD,
             arena_printf(a, "“%s”别人也能读写（权限 %03o）", cli_text(d->c, path),
                          (unsigned)st.st_mode & 0777U));
        advise(d, "SECRET_FILE_EXPOSED",
               arena_printf(a, "运行 chmod 600 %s；若别人可能看过，请告知管理员更换。",
                            cli_text(d->c, path)));
        return false;
    }
    return true;
}

static void
check_files(struct doctor *d)
{
    const struct rectify_profile *profile = &d->c->profile;
    bool tls = strncmp(profile->server, "tls", 3) == 0;
    bool well = file_is_well(d, profile->ca, false, tls);
    well &= file_is_well(d, profile->cert, false, tls);
    well &= file_is_well(d, profile->key, true, tls);
    well &= file_is_well(d, profile->machine_key, true, false);
    well &= file_is_well(d, profile->password_file, true, true);
    struct stat st;
    if (stat(profile->state, &st) == 0 && access(profile->state, W_OK | X_OK) != 0) {
        find(d, "files", "文件", MARK_BAD,
             arena_printf(&d->c->arena, "文件夹“%s”不能写", cli_text(d->c, profile->state)));
        advise(d, "FOLDER_DENIED", "检查这个文件夹的主人和权限（应当是您本人，700）。");
        well = false;
    }
    if (well) {
        find(d, "files", "文件", MARK_GOOD, "证书和密钥都在，权限正确");
    }
}

/* The nearest folder that is there. */
static const char *
existing_folder(struct cli *c, const char *path)
{
    while (path != NULL && !rectify_file_exists(path) && strcmp(path, "/") != 0 &&
           strcmp(path, ".") != 0) {
        path = rectify_path_folder(&c->arena, path);
    }
    return path != NULL ? path : ".";
}

static void
check_disk(struct doctor *d)
{
    struct statvfs st;
    const char *folder = existing_folder(d->c, d->c->profile.state);
    if (statvfs(folder, &st) != 0) {
        find(d, "disk", "磁盘", MARK_WARN, "不知道还剩多少空间");
        return;
    }
    uint64_t left = (uint64_t)st.f_bavail * st.f_frsize;
    enum mark mark = left < DISK_BAD_BYTES    ? MARK_BAD
                     : left < DISK_WARN_BYTES ? MARK_WARN
                                              : MARK_GOOD;
    find(d, "disk", "磁盘", mark,
         arena_printf(&d->c->arena, "存放状态的磁盘还有 %" PRIu64 " MB", left / 1024 / 1024));
    if (mark != MARK_GOOD) {
        advise(d, "DISK_FULL", "腾出一些空间：放不下时，办理和预警都存不住。");
    }
}

static void
check_certificate(struct doctor *d)
{
    struct fault f = {.code = STATUS_OK};
    int64_t until_ms = 0;
    const struct rectify_profile *profile = &d->c->profile;
    if (profile->cert == NULL) {
        find(d, "certificate", "证书", MARK_BAD, "配置里没有写 cert");
        advise(d, "PROFILE_INCOMPLETE", "写上 ca、cert 和 key 三个证书文件。");
        return;
    }
    f.code = rectify_certificate_until_ms(profile->cert, &until_ms, &f);
    if (f.code == STATUS_OK) {
        f.code = cli_channel(d->c, &f); /* checks that the three files belong together */
    }
    if (f.code != STATUS_OK) {
        find_fault(d, "certificate", "证书", MARK_BAD, &f);
        return;
    }
    int64_t left_days = (until_ms - now_wall_ms()) / DAY_MS;
    bool soon = until_ms - now_wall_ms() < CERTIFICATE_WARN_MS;
    find(d, "certificate", "证书", soon ? MARK_WARN : MARK_GOOD,
         arena_printf(&d->c->arena, "有效，还有 %" PRId64 " 天（到 %s）", left_days,
                      value_time(&d->c->arena, until_ms)));
    if (soon) {
        advise(d, "TLS_CERT_ENDS", "在到期前更换；rectify-agent 在运行时会自己更换。");
    }
}

static void
check_head(struct doctor *d)
{
    struct ledger_public ledger;
    struct ledger_head head = {.size = 0};
    struct fault f = {.code = STATUS_OK};
    const char *folder = d->c->profile.state;
    f.code = rectify_state_ledger_load(folder, &ledger, &f);
    if (f.code == STATUS_NOT_FOUND) {
        find(d, "log", "日志", MARK_WARN, "本机还没有服务器日志的公钥：开通本机时得到");
        advise(d, "LEDGER_KEY_NONE", "开通后就有；在那以前，服务器的日志退回去看不出来。");
        return;
    }
    if (f.code == STATUS_OK) {
        f.code = rectify_state_head_load(folder, &head, &f);
    }
    if (f.code == STATUS_OK) {
        f.code = ledger_head_verify(&head, &ledger, &f);
    }
    bool proven = false;
    if (f.code == STATUS_OK && d->reachable) {
        f.code = rectify_heads_verify(d->c->channel, &f);
        proven = f.code == STATUS_OK;
        if (f.code == STATUS_UNAVAILABLE || f.code == STATUS_DEADLINE_EXCEEDED) {
            f.code = STATUS_OK; /* the line broke meanwhile: nothing is known against the log */
        }
    }
    if (f.code == STATUS_NOT_FOUND) {
        find(d, "log", "日志", MARK_GOOD, "还没有办理过，没有可核对的日志头");
    } else if (f.code != STATUS_OK) {
        find_fault(d, "log", "日志", MARK_BAD, &f);
    } else {
        find(d, "log", "日志", MARK_GOOD,
             arena_printf(&d->c->arena, "见过的最新日志头有 %" PRIu64 " 条（%s），签名正确%s",
                          head.size, value_time(&d->c->arena, head.time_ms),
                          proven ? "，服务器的日志与它衔接" : ""));
    }
}

static void
check_queue(struct doctor *d)
{
    struct rectify_outbox *outbox = NULL;
    struct rectify_outbox_counts counts;
    struct fault f = {.code = STATUS_OK};
    if (!rectify_outbox_exists(d->c->profile.state)) {
        find(d, "queue", "待发箱", MARK_GOOD, "没有用过");
        return;
    }
    f.code = rectify_outbox_open(d->c->profile.state, &outbox, &f);
    if (f.code == STATUS_OK) {
        f.code = rectify_outbox_counts_get(outbox, &counts, &f);
    }
    rectify_outbox_free(outbox);
    if (f.code != STATUS_OK) {
        find_fault(d, "queue", "待发箱", MARK_BAD, &f);
        return;
    }
    bool old = counts.oldest_at_ms != 0 && now_wall_ms() - counts.oldest_at_ms > QUEUE_WARN_MS;
    find(d, "queue", "待发箱", counts.attention > 0 || old ? MARK_WARN : MARK_GOOD,
         arena_printf(
             &d->c->arena, "待发送 %" PRIu64 "，未得回音 %" PRIu64 "，要处理 %" PRIu64 "%s",
             counts.queued, counts.sent, counts.attention, old ? "；最早的已等了一天以上" : ""));
    if (counts.attention > 0) {
        advise(d, "OUTBOX_ATTENTION", "服务器没有接收的要您处理：运行 rectify outbox 查看。");
    } else if (old) {
        advise(d, "OUTBOX_WAITS", "连上服务器后会自己发出；也可运行 rectify outbox send。");
    }
}

static void
check_agent(struct doctor *d)
{
    struct rectify_agent_state state;
    struct fault f = {.code = STATUS_OK};
    const char *folder = d->c->profile.state;
    bool running = rectify_agent_running(folder);
    f.code = rectify_agent_state_load(folder, &state, &f);
    if (f.code == STATUS_NOT_FOUND && !running) {
        find(d, "agent", "代理", MARK_GOOD, "没有启用（可以不用）");
    } else if (!running) {
        find(d, "agent", "代理", MARK_WARN,
             "rectify-agent 没有在运行：待发的不会自己发出，预警不会弹出");
        advise(d, "AGENT_STOPPED",
               "运行 systemctl --user start rectify-agent，或直接运行 rectify-agent。");
    } else if (f.code == STATUS_OK && state.trouble[0] != '\0') {
        find(d, "agent", "代理", MARK_WARN,
             arena_printf(&d->c->arena, "在运行，但等人处理：%s",
                          cli_text(d->c, state.trouble_message)));
        advise(d, "AGENT_TROUBLE", "运行 rectify agent status 看详情。");
    } else {
        find(d, "agent", "代理", MARK_GOOD, "在运行");
    }
}

/* ---- the way to the server ---- */

static void
check_line(struct doctor *d)
{
    struct arena *a = &d->c->arena;
    struct rectify_probe probe;
    struct fault f = {.code = STATUS_OK};
    f.code = rectify_probe_server(d->c->profile.server, CONNECT_MS, &probe, &f);
    const char *host = cli_text(d->c, probe.host);
    if (probe.address[0] == '\0') {
        find_fault(d, "name", "地址", MARK_BAD, &f);
        find(d, "port", "端口", MARK_SKIPPED, "没有检查：不知道地址");
        return;
    }
    find(d, "name", "地址", MARK_GOOD,
         probe.is_numeric ? arena_printf(a, "%s，不用查找", host)
                          : arena_printf(a, "%s 是 %s", host, probe.address));
    if (f.code != STATUS_OK) {
        find_fault(d, "port", "端口", MARK_BAD, &f);
    } else {
        find(d, "port", "端口", MARK_GOOD, arena_printf(a, "%s 连得上", probe.port));
    }
}

/* TLS both ways, and who answers. */
static void
check_server(struct doctor *d)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct rectify_request request = {
        .method = "rectify.v1.SystemService/Health", .message = &empty.base, .timeout_ms = CALL_MS};
    struct fault f = {.code = STATUS_OK};
    if (d->c->channel == NULL || d->findings[d->count - 1].mark != MARK_GOOD) {
        find(d, "server", "服务器", MARK_SKIPPED,
             d->c->channel == NULL ? "没有检查：本机的证书先要正常" : "没有检查：连不上");
        return;
    }
    int64_t before_ms = now_wall_ms();
    f.code = rectify_call(d->c->channel, &d->c->arena, &request, &d->answer, &f);
    d->asked_at_ms = before_ms + (now_wall_ms() - before_ms) / 2;
    cli_progress_clear(d->c);
    if (f.code != STATUS_OK) {
        find_fault(d, "server", "服务器", MARK_BAD, &f);
        return;
    }
    const Pb__HealthReply *reply = (const Pb__HealthReply *)d->answer.message;
    bool serving = reply->state != NULL && strcmp(reply->state, "SERVING") == 0;
    d->reachable = true;
    find(d, "server", "服务器", serving ? MARK_GOOD : MARK_WARN,
         arena_printf(&d->c->arena, "%s，双向证书核对通过（名称 %s）",
                      serving ? "正常" : "正在停止", cli_text(d->c, d->c->profile.server_name)));
    if (!serving) {
        advise(d, "SERVER_DRAINING", "稍后再试。");
    }
}

/* "rectifyd 0.1.0" and "0.1.7" are of one release: everything before the last point. */
static bool
same_release(const char *server, const char *ours)
{
    const char *version = strrchr(server, ' ');
    version = version != NULL ? version + 1 : server;
    const char *end = strrchr(ours, '.');
    size_t n = end != NULL ? (size_t)(end - ours) + 1 : strlen(ours);
    return strncmp(version, ours, n) == 0;
}

static void
check_version(struct doctor *d)
{
    if (!d->reachable) {
        skip(d, "version", "版本");
        return;
    }
    const Pb__HealthReply *reply = (const Pb__HealthReply *)d->answer.message;
    const char *server = reply->version != NULL ? reply->version : "?";
    bool same = same_release(server, RECTIFY_VERSION);
    find(d, "version", "版本", same ? MARK_GOOD : MARK_WARN,
         arena_printf(&d->c->arena, "本机 rectify %s，服务器 %s，数据结构第 %d 版", RECTIFY_VERSION,
                      cli_text(d->c, server), reply->schema_version));
    if (!same) {
        advise(d, "VERSION_DIFFERS",
               "相邻版本可以一起用，个别新的办理要等两边版本相同；请向管理员要相应的版本。");
    }
}

static void
check_clock(struct doctor *d)
{
    if (!d->reachable) {
        skip(d, "clock", "时钟");
        return;
    }
    int64_t off_ms = d->asked_at_ms - d->answer.server_time_ms;
    int64_t size_ms = off_ms < 0 ? -off_ms : off_ms;
    enum mark mark = size_ms > LIMIT_CLOCK_SKEW_MS ? MARK_BAD
                     : size_ms > CLOCK_WARN_MS     ? MARK_WARN
                                                   : MARK_GOOD;
    find(d, "clock", "时钟", mark,
         size_ms < 1000 ? "与服务器一致"
                        : arena_printf(&d->c->arena, "本机比服务器%s %" PRId64 " 秒",
                                       off_ms > 0 ? "快" : "慢", size_ms / 1000));
    if (mark != MARK_GOOD) {
        advise(d, "CLOCK_OFF",
               "校准本机时间（timedatectl set-ntp "
               "true）：差得多了，证书核对会失败，办理的时间也不对。");
    }
}

/* Enrolled or revoked, logged in or not: what the server says of this machine and this account. */
static void
check_session(struct doctor *d)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct rectify_request request = {.method = "rectify.v1.AccountService/WhoAmI",
                                      .message = &empty.base,
                                      .timeout_ms = CALL_MS};
    struct rectify_answer answer;
    struct fault f = {.code = STATUS_OK};
    if (!d->reachable) {
        skip(d, "machine", "开通");
        skip(d, "session", "登录");
        return;
    }
    f.code = rectify_call(d->c->channel, &d->c->arena, &request, &answer, &f);
    if (f.code != STATUS_OK && strncmp(f.reason, "MACHINE", 7) == 0) {
        find_fault(d, "machine", "开通", MARK_BAD, &f);
        find(d, "session", "登录", MARK_SKIPPED, "没有检查：本机先要开通");
        return;
    }
    const char *machine = rectify_machine_id(d->c->channel);
    find(d, "machine", "开通", MARK_GOOD,
         arena_printf(&d->c->arena, "本机已开通（%s）", machine != NULL ? machine : ""));
    if (f.code != STATUS_OK) {
        find_fault(d, "session", "登录", MARK_WARN, &f);
        return;
    }
    const Pb__WhoAmIReply *me = (const Pb__WhoAmIReply *)answer.message;
    find(d, "session", "登录", MARK_GOOD,
         arena_printf(&d->c->arena, "已登录为 %s，最晚到 %s", cli_text(d->c, me->display_name),
                      value_time(&d->c->arena, me->expires_at_ms)));
}

/* ---- printing ---- */

static void
lines_print(struct cli *c, const struct doctor *d)
{
    static const char *const signs[] = {
        [MARK_GOOD] = "✓", [MARK_SKIPPED] = "–", [MARK_WARN] = "！", [MARK_BAD] = "✗"};
    enum { TITLE_COLUMNS = 8, SIGN_COLUMNS = 3 };
    for (size_t i = 0; i < d->count; i++) {
        const struct finding *finding = &d->findings[i];
        int sign_pad = SIGN_COLUMNS - (int)text_width(signs[finding->mark]);
        int title_pad = TITLE_COLUMNS - (int)text_width(finding->title);
        (void)fprintf(c->out, "%s%*s%s%*s%s\n", signs[finding->mark], sign_pad, "", finding->title,
                      title_pad, "", finding->text);
        if (finding->advice != NULL && finding->advice[0] != '\0') {
            (void)fprintf(c->out, "%*s怎么办：%s\n", SIGN_COLUMNS + TITLE_COLUMNS, "",
                          finding->advice);
        }
    }
}

static enum status
json_print(struct cli *c, const struct doctor *d, enum mark worst, struct fault *f)
{
    static const char *const names[] = {
        [MARK_GOOD] = "OK", [MARK_SKIPPED] = "SKIPPED", [MARK_WARN] = "WARN", [MARK_BAD] = "FAULT"};
    json_t *checks = json_array();
    bool good = checks != NULL;
    for (size_t i = 0; i < d->count && good; i++) {
        const struct finding *finding = &d->findings[i];
        good = json_array_append_new(
                   checks, json_pack("{s:s, s:s, s:s, s:s, s:s}", "check", finding->name, "result",
                                     names[finding->mark], "reason", finding->reason, "message",
                                     finding->text, "advice",
                                     finding->advice != NULL ? finding->advice : "")) == 0;
    }
    json_t *root = good ? json_pack("{s:s, s:O}", "worst", names[worst], "checks", checks) : NULL;
    good = root != NULL && json_dumpf(root, c->out, JSON_INDENT(2)) == 0;
    (void)fputc('\n', c->out);
    json_decref(root);
    json_decref(checks);
    return good ? STATUS_OK : fault_memory(f);
}

enum status
cmd_doctor(struct cli *c, const struct line *line, struct fault *f)
{
    struct doctor d = {.c = c};
    (void)line;
    if (c->deadline_ms == 0) {
        c->deadline_ms = CALL_MS; /* somebody waits for the answer */
    }
    if (check_profile(&d)) {
        check_files(&d);
        check_disk(&d);
        check_certificate(&d);
        check_line(&d);
        check_server(&d);
        check_version(&d);
        check_clock(&d);
        check_session(&d);
        check_head(&d);
        check_queue(&d);
        check_agent(&d);
    }
    enum mark worst = MARK_GOOD;
    for (size_t i = 0; i < d.count; i++) {
        worst = d.findings[i].mark > worst ? d.findings[i].mark : worst;
    }
    worst = worst == MARK_SKIPPED ? MARK_GOOD : worst;
    c->code = worst == MARK_BAD    ? EXIT_CODE_FAULTY
              : worst == MARK_WARN ? EXIT_CODE_WARNED
                                   : EXIT_CODE_OK;
    if (c->format == CLI_JSON) {
        return json_print(c, &d, worst, f);
    }
    lines_print(c, &d);
    return STATUS_OK;
}
