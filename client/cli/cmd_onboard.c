/* One command at a unit's machine: from a paper to a machine that works. */
#include "client/cli/handlers.h"
#include "client/cli/prompt.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/onboard.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"

#include <rectify/v1/onboard.pb-c.h>
#include <string.h>
#include <unistd.h>

enum { CLOCK_SLACK_MS = 120000 };

struct steps {
    struct cli *c;
    const struct line *line;
    struct rectify_onboard_ask ask;
    struct rectify_onboarded who;
    const char *name; /* the profile's */
    const char *file;
    char *password;
    bool typed; /* by a person, just now */
};

/* ---- what the paper says ---- */

static enum status
ask_missing(struct cli *c, const char *question, const char **place, struct fault *f)
{
    char *answer = NULL;
    if (*place != NULL) {
        return STATUS_OK;
    }
    if (!prompt_possible()) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ONBOARD",
                         "没有写全：照开通单写 rectify onboard 主机:端口 --code 开通码 --ca-sha256 "
                         "指纹，或 rectify onboard 开通文件.onboard。");
    }
    enum status s = prompt_line(c, question, &answer, f);
    if (s == STATUS_OK) {
        *place = value_narrow(&c->arena, answer);
    }
    return s;
}

static const char *
narrow_option(struct steps *s, const char *name, const char *otherwise)
{
    const char *text = line_value(s->line, name);
    return text != NULL ? value_narrow(&s->c->arena, text) : otherwise;
}

static enum status
paper_get(struct steps *s, struct fault *f)
{
    struct cli *c = s->c;
    struct rectify_onboard_paper *p = &s->ask.paper;
    const char *first = s->line->arg_count > 0 ? s->line->args[0] : NULL;
    enum status st = STATUS_OK;
    if (first != NULL && access(first, F_OK) == 0) {
        st = rectify_onboard_paper_read(&c->arena, first, p, f);
    } else if (first != NULL && strstr(first, ".onboard") != NULL) {
        return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING", "没有找到开通文件“%s”。", first);
    } else if (first != NULL) {
        p->address = value_narrow(&c->arena, first);
    }
    p->code = narrow_option(s, "code", p->code);
    p->ca_sha256 = narrow_option(s, "ca-sha256", p->ca_sha256);
    p->server_name = narrow_option(s, "server-name", p->server_name);
    if (st == STATUS_OK) {
        st = ask_missing(c, "服务器地址（开通单上的 主机:端口）：", &p->address, f);
    }
    if (st == STATUS_OK) {
        st = ask_missing(c, "开通码：", &p->code, f);
    }
    if (st == STATUS_OK) {
        st = ask_missing(c, "指纹：", &p->ca_sha256, f);
    }
    return st;
}

/* ---- where things go ---- */

static enum status
places_get(struct steps *s, struct rectify_places *places, struct fault *f)
{
    struct cli *c = s->c;
    char host[256] = "";
    enum status st = rectify_places_find(&c->arena, c->home, places, f);
    if (st != STATUS_OK) {
        return st;
    }
    s->ask.base = places->home != NULL   ? places->home
                  : places->user != NULL ? rectify_path_folder(&c->arena, places->user)
                                         : NULL;
    if (s->ask.base == NULL) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "HOME_UNKNOWN",
                         "不知道配置该放在哪里：请设好 HOME，或用 --home 写明文件夹。");
    }
    s->ask.label = line_value(s->line, "label");
    if (s->ask.label == NULL) {
        (void)gethostname(host, sizeof host - 1);
        s->ask.label = arena_strdup(&c->arena, host[0] != '\0' ? host : "machine");
    }
    return s->ask.label != NULL ? STATUS_OK : fault_memory(f);
}

/* A profile of this very enrolment is written anew; any other is somebody's. */
static enum status
may_write(struct steps *s, const struct rectify_places *places, const char *name, struct fault *f)
{
    struct cli *c = s->c;
    struct rectify_profile there;
    const char *found = NULL;
    struct fault ignored;
    char *answer = NULL;
    bool yes = line_flag(s->line, "replace");
    bool elsewhere = false;
    bool taken = rectify_profile_find(&c->arena, places, name, &found, &ignored) == STATUS_OK;
    elsewhere = taken && strcmp(found, s->file) != 0; /* it would hide ours */
    if (!taken || (yes && !elsewhere)) {
        return STATUS_OK;
    }
    if (rectify_profile_load(&c->arena, places, found, &there, &ignored) == STATUS_OK &&
        there.machine_key != NULL &&
        strncmp(there.machine_key, s->who.folder, strlen(s->who.folder)) == 0) {
        return STATUS_OK;
    }
    const char *question =
        arena_printf(&c->arena, "已有名为 %s 的配置（%s），覆盖它吗？[y/N] ", name, found);
    yes = false;
    if (question != NULL && !elsewhere && prompt_possible()) {
        enum status st = prompt_line(c, question, &answer, &ignored);
        yes = st == STATUS_OK && value_yes(&c->arena, answer, &yes) && yes;
    }
    return yes ? STATUS_OK
               : fault_set(f, STATUS_ALREADY_EXISTS, "PROFILE_EXISTS",
                           "本机已开通，但已有名为“%s”的配置（%s），没有覆盖：加 --profile 另起一个"
                           "名字%s，再运行一次（同一个开通码）。",
                           name, found, elsewhere ? "" : "，或加 --replace 覆盖");
}

static enum status
profile_make(struct steps *s, const struct rectify_places *places, const char *password_file,
             struct fault *f)
{
    struct cli *c = s->c;
    const char *state = /* a home of its own keeps everything in it */
        places->home == NULL ? NULL : arena_printf(&c->arena, "%s/state/%s", s->ask.base, s->name);
    enum status st =
        rectify_onboard_profile_write(&s->who, s->file, password_file, state, &c->arena, f);
    return st == STATUS_OK ? rectify_profile_load(&c->arena, places, s->file, &c->profile, f) : st;
}

static enum status
profile_place(struct steps *s, const struct rectify_places *places, struct fault *f)
{
    struct cli *c = s->c;
    const char *name = c->profile_name != NULL ? c->profile_name : s->who.account;
    s->name = name;
    if (strchr(name, '/') != NULL || strstr(name, ".ini") != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROFILE_NAME",
                         "--profile 只写配置的名称，不写路径：“%s”。", name);
    }
    s->file = arena_printf(&c->arena, "%s/profiles/%s.ini", s->ask.base, name);
    enum status st = s->file == NULL ? fault_memory(f) : may_write(s, places, name, f);
    if (st == STATUS_OK) {
        st = profile_make(s, places, NULL, f);
    }
    return st == STATUS_OK ? rectify_onboard_state_keep(&c->profile, &s->who, f) : st;
}

/* ---- the password ---- */

static enum status
password_get(struct steps *s, struct fault *f)
{
    struct cli *c = s->c;
    const char *path = line_value(s->line, "password-file");
    bool made = false;
    if (path != NULL && access(path, F_OK) != 0) {
        return fault_set(f, STATUS_NOT_FOUND, "FILE_MISSING", "没有找到密码文件“%s”。", path);
    }
    if (path != NULL) {
        return prompt_secret_file(c, path, &s->password, &made, f);
    }
    if (!prompt_possible()) {
        return STATUS_OK;
    }
    s->typed = true;
    if (s->who.needs_password) {
        (void)fputs("这个账号还没有密码，请自己设一个。\n", c->err);
        return prompt_new_password(c, &s->password, f);
    }
    const char *question = arena_printf(&c->arena, "账号 %s 的密码：", s->who.account);
    return question != NULL ? prompt_secret(c, question, &s->password, f) : fault_memory(f);
}

/* The same code again, with the password: the machine stays the same. */
static enum status
password_set(struct steps *s, struct fault *f)
{
    struct cli *c = s->c;
    if (!s->who.needs_password || s->password == NULL) {
        return STATUS_OK;
    }
    s->ask.new_password = s->password;
    return rectify_onboard(&s->ask, &c->arena, &s->who, f);
}

static enum status
password_keep(struct steps *s, const struct rectify_places *places, struct fault *f)
{
    struct cli *c = s->c;
    char *answer = NULL;
    struct fault ignored;
    bool yes = line_flag(s->line, "remember");
    if (s->password != NULL && !yes && s->typed &&
        prompt_line(c, "把密码存在本机，关机过夜、断网恢复后自动登录并接着发送吗？[y/N] ", &answer,
                    &ignored) == STATUS_OK) {
        yes = value_yes(&c->arena, answer, &yes) && yes;
    }
    if (s->password == NULL || !yes) {
        return STATUS_OK;
    }
    const char *path = arena_printf(&c->arena, "%s/password", s->who.folder);
    if (path == NULL) {
        return fault_memory(f);
    }
    enum status st = rectify_file_replace(path, 0600, s->password, strlen(s->password), f);
    return st == STATUS_OK ? profile_make(s, places, path, f) : st;
}

static enum status
login(struct steps *s, struct fault *f)
{
    struct cli *c = s->c;
    Pb__LoginReply *reply = NULL;
    if (s->password == NULL) {
        return STATUS_OK;
    }
    enum status st = cli_channel(c, f);
    return st == STATUS_OK ? rectify_login(c->channel, &c->arena, s->password, &reply, f) : st;
}

/* ---- what is said ---- */

static enum status
result_print(struct steps *s, struct fault *f)
{
    struct cli *c = s->c;
    const struct rectify_onboarded *who = &s->who;
    bool pending = who->needs_password && s->password == NULL;
    if (c->format == CLI_JSON) {
        Pb__OnboardReply shown = PB__ONBOARD_REPLY__INIT;
        shown.machine = cli_field(who->machine);
        shown.org = cli_field(who->org);
        shown.org_name = cli_field(who->org_name);
        shown.account = cli_field(who->account);
        shown.tenant = cli_field(who->tenant);
        shown.has_certificate_not_after_ms = shown.has_needs_password = 1;
        shown.certificate_not_after_ms = who->certificate_not_after_ms;
        shown.needs_password = pending;
        return cli_json_print(c, &shown.base, f);
    }
    (void)fprintf(c->out, "★ %s ★\n本机已开通：%s（%s），账号 %s，编号 %s。\n",
                  cli_text(c, who->notice), cli_text(c, who->org_name),
                  cli_text(c, who->display_name), cli_text(c, who->account),
                  cli_text(c, who->machine));
    (void)fprintf(c->out, "证书有效至 %s，届时自动换发。配置在 %s。\n",
                  value_time(&c->arena, who->certificate_not_after_ms), s->file);
    if (who->clock_difference_ms > CLOCK_SLACK_MS || who->clock_difference_ms < -CLOCK_SLACK_MS) {
        (void)fprintf(c->err, "提醒：本机的时钟与服务器差 %lld 分钟，请校准。\n",
                      (long long)(who->clock_difference_ms / 60000));
    }
    const char *name = c->profile.name;
    if (pending) {
        (void)fputs("还没有设密码：在终端上再运行一次刚才的命令，或加 --password-file。\n", c->out);
    } else if (s->password == NULL) {
        (void)fprintf(c->out, "下一步：rectify --profile %s login\n", name);
    } else {
        (void)fprintf(c->out,
                      "已登录。下一步：\n  rectify --profile %s todo          看待办\n"
                      "  rectify-agent --profile %s         在后台收预警、发待发送的办理\n",
                      name, name);
    }
    return STATUS_OK;
}

enum status
cmd_onboard(struct cli *c, const struct line *line, struct fault *f)
{
    struct steps s = {.c = c, .line = line};
    struct rectify_places places;
    enum status st = paper_get(&s, f);
    if (st == STATUS_OK) {
        st = rectify_onboard_paper_check(&s.ask.paper, f);
    }
    if (st == STATUS_OK) {
        st = places_get(&s, &places, f);
    }
    if (st == STATUS_OK) {
        s.ask.client_version = CLI_CLIENT_VERSION;
        st = rectify_onboard(&s.ask, &c->arena, &s.who, f);
    }
    if (st == STATUS_OK) {
        st = profile_place(&s, &places, f);
    }
    if (st == STATUS_OK) {
        st = password_get(&s, f);
    }
    if (st == STATUS_OK) {
        st = password_set(&s, f);
    }
    if (st == STATUS_OK) {
        st = password_keep(&s, &places, f);
    }
    if (st == STATUS_OK) {
        st = login(&s, f);
    }
    if (s.password != NULL) {
        secret_wipe(s.password, strlen(s.password));
    }
    return st == STATUS_OK ? result_print(&s, f) : st;
}
