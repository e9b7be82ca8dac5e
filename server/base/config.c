#include "server/base/config.h"

#include "server/base/clock.h"

#include <errno.h>
#include <ini.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum key_type { KEY_TEXT, KEY_INT, KEY_LEVEL };

struct key {
    const char *section;
    const char *name;
    enum key_type type;
    size_t offset; /* in struct config */
    int min;       /* KEY_TEXT: fewest bytes */
    int max;       /* KEY_TEXT: most bytes */
    const char *initial;
    const char *meaning;
};

#define TEXT(section, name, member, min, initial, meaning)                                         \
    {                                                                                              \
        section, name, KEY_TEXT, offsetof(struct config, member), min,                             \
            sizeof(((struct config *)0)->member) - 1, initial, meaning                             \
    }
#define INT(section, name, member, min, max, initial, meaning)                                     \
    {                                                                                              \
        section, name, KEY_INT, offsetof(struct config, member), min, max, initial, meaning        \
    }

static const struct key keys[] = {
    TEXT("server", "listen", listen, 1, "tls+tcp://127.0.0.1:7443",
         "监听地址，双向 TLS；端口写 0 时由系统选择。"),
    TEXT("server", "tenant", tenant, 1, "default", "本服务所属的租户（一个区一个）。"),
    TEXT("server", "state_dir", state_dir, 1, "/var/lib/rectify",
         "服务写文件的目录：端口文件、收到的临时文件。"),
    {"server", "log_level", KEY_LEVEL, offsetof(struct config, log_level), 0, 0, "info",
     "日志级别：debug、info、warn、error。"},
    INT("server", "tick_seconds", tick_seconds, 1, 3600, "30",
        "定时任务的间隔（秒）：到期提醒、缺表提醒。"),
    INT("server", "zone_offset_min", zone_offset_min, -840, 840, "480",
        "时区与 UTC 相差的分钟数；中国为 480。"),
    TEXT("tls", "cert", tls_cert, 0, "", "服务端证书文件（PEM，含证书链）。"),
    TEXT("tls", "key", tls_key, 0, "", "服务端私钥文件（PEM）。"),
    TEXT("tls", "ca", tls_ca, 0, "", "签发客户端证书的 CA 证书文件（PEM）。"),
    TEXT("onboard", "listen", onboard_listen, 0, "",
         "开通端口的监听地址，如 tls+tcp://0.0.0.0:7444：没有证书的机器由此开通、过期的由此换发，"
         "其他事项一概不办；不填则不开。"),
    TEXT("onboard", "ca_cert", onboard_ca_cert, 0, "",
         "机器证书机构的证书（PEM，deploy/pki machine-ca 生成）；不填则不签发证书。"),
    TEXT("onboard", "ca_key", onboard_ca_key, 0, "",
         "机器证书机构的私钥（PEM，只许本服务的用户读写）。"),
    INT("onboard", "days", onboard_days, 1, 825, "400", "签发的机器证书有效的天数。"),
    INT("onboard", "calls_per_minute", onboard_per_minute, 10, 6000, "240",
        "开通端口每分钟受理的请求数；超过的请稍后再试。"),
    TEXT("onboard", "address", onboard_address, 0, "",
         "单位的机器怎样连到开通端口，如 tls+tcp://10.1.2.3:7444；不填时按办公室连服务器的地址。"),
    TEXT("onboard", "server", onboard_server, 0, "",
         "单位的机器怎样连到主端口，如 tls+tcp://10.1.2.3:7443；不填时与开通端口同一主机。"),
    TEXT("database", "conninfo", conninfo, 0, "",
         "数据库连接串（libpq 格式），用受行级安全约束的账号。"),
    TEXT("database", "owner_conninfo", owner_conninfo, 0, "",
         "升级数据库结构（rectifyd migrate）用的连接串；平时可不填。"),
    INT("database", "writer_threads", writer_threads, 1, 16, "2", "写事务的连接数。"),
    INT("database", "query_threads", query_threads, 1, 64, "4", "查询的连接数。"),
    INT("database", "slow_threads", slow_threads, 1, 16, "2", "登录、导入等慢操作的连接数。"),
    TEXT("ledger", "key_file", ledger_key_file, 0, "", "为审计日志树头签名的 Ed25519 私钥文件。"),
    INT("ledger", "seal_seconds", seal_seconds, 1, 30, "1", "封存审计日志的间隔（秒）。"),
    TEXT("notify", "mail_url", mail_url, 0, "",
         "发信服务器：smtps://主机:465，或 smtp://主机:587（必须支持 STARTTLS）；不填则不发邮件。"),
    TEXT("notify", "mail_from", mail_from, 0, "", "发信人的邮件地址。"),
    TEXT("notify", "mail_user", mail_user, 0, "", "发信账号；不填则不登录。"),
    TEXT("notify", "mail_password_file", mail_password_file, 0, "",
         "存放发信密码的文件，只许本服务的用户读写。"),
    TEXT("notify", "endpoint_dir", endpoint_dir, 0, "",
         "群机器人和回调的目录：每个文件名为“单位代码.通道”（unit01.wecom、default."
         "webhook），第一行是"
         "地址，第二行是密钥；通道有 wecom、dingtalk、feishu、webhook。文件只许本服务的用户读写。"),
    TEXT("notify", "ca", notify_ca, 0, "", "外发时验证对方证书的 CA 文件（PEM）；不填用系统的。"),
    INT("notify", "timeout_seconds", notify_timeout_seconds, 1, 60, "10",
        "外发一条消息的时限（秒）。"),
    INT("notify", "allow_local", notify_allow_local, 0, 1, "0",
        "1：允许不加密地发到 127.0.0.1（本机转发程序、测试）。"),
};
enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

static const char *
no_line_break(const char *value)
{
    return strpbrk(value, "\r\n");
}

/* Stores a value; returns what is wrong with it, or NULL. */
static const char *
value_store(const struct key *k, const char *value, struct config *c)
{
    char *place = (char *)c + k->offset;
    if (k->type == KEY_LEVEL) {
        return log_level_parse(value, &c->log_level) ? NULL : "应为 debug、info、warn 或 error";
    }
    if (k->type == KEY_TEXT) {
        size_t n = strlen(value);
        if (n < (size_t)k->min) {
            return "不能为空";
        }
        if (n > (size_t)k->max || no_line_break(value) != NULL) {
            return "过长或含有换行";
        }
        memcpy(place, value, n + 1);
        return NULL;
    }
    char *end = NULL;
    errno = 0;
    long number = strtol(value, &end, 10);
    if (end == value || *end != '\0' || errno != 0) {
        return "应为整数";
    }
    if (number < k->min || number > k->max) {
        return "超出允许的范围";
    }
    int stored = (int)number;
    memcpy(place, &stored, sizeof stored);
    return NULL;
}

void
config_init(struct config *c)
{
    *c = (struct config){0};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (value_store(&keys[i], keys[i].initial, c) != NULL) {
            abort(); /* the table above is wrong */
        }
    }
}

/* ---- reading ---- */

struct reading {
    struct config config;
    bool seen[KEY_COUNT];
    FILE *file;
    const char *name;
    int line; /* the line libinih was given last */
    struct fault *fault;
    bool failed; /* the first error is kept */
};

static void
reading_fail(struct reading *r, const char *what, const char *key)
{
    if (r->failed) {
        return;
    }
    r->failed = true;
    fault_set(r->fault, STATUS_INVALID_ARGUMENT, "CONFIG_FILE",
              "配置文件 %s 第 %d 行有误：%s%s%s。可用 rectifyd config reference 查看全部配置项。",
              r->name, r->line, key, key[0] == '\0' ? "" : " ", what);
}

/* libinih's line source. It counts lines itself, because libinih tells a handler none, and refuses
 * a line that libinih would silently cut. */
static char *
reading_line(char *buffer, int size, void *stream)
{
    struct reading *r = stream;
    if (r->failed || fgets(buffer, size, r->file) == NULL) {
        return NULL;
    }
    r->line++;
    size_t n = strlen(buffer);
    bool whole = n > 0 && buffer[n - 1] == '\n';
    if (n > CONFIG_LINE_BYTES || (!whole && feof(r->file) == 0)) {
        reading_fail(r, "这一行过长", "");
        return NULL;
    }
    return buffer;
}

static int
reading_value(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, section) != 0 || strcmp(keys[i].name, name) != 0) {
            continue;
        }
        const char *wrong = r->seen[i] ? "出现了两次" : value_store(&keys[i], value, &r->config);
        r->seen[i] = true;
        if (wrong != NULL) {
            reading_fail(r, wrong, name);
        }
        return wrong == NULL;
    }
    reading_fail(r, "不是已知的配置项（请检查拼写和所在的小节）", name);
    return 0;
}

static enum status
reading_run(struct reading *r, struct config *ret_config)
{
    config_init(&r->config);
    /* Debian's libinih keeps its options in variables. Values longer than its default line of 200
     * bytes are common (connection strings, long paths), and a value may hold " ;". */
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_initial_alloc = CONFIG_LINE_BYTES + 3;
    ini_max_line = CONFIG_LINE_BYTES + 3;
    ini_allow_multiline = false;
    ini_allow_inline_comments = false;
    ini_stop_on_first_error = true;
    int first_error = ini_parse_stream(reading_line, r, reading_value, r);
    if (!r->failed && first_error != 0) {
        r->line = first_error > 0 ? first_error : r->line;
        reading_fail(r, "应为“名称 = 值”或“[小节]”", "");
    }
    if (r->failed) {
        return STATUS_INVALID_ARGUMENT;
    }
    *ret_config = r->config;
    return STATUS_OK;
}

enum status
config_load(const char *path, struct config *ret_config, struct fault *fault)
{
    struct reading r = {.name = path, .fault = fault, .file = fopen(path, "re")};
    if (r.file == NULL) {
        return fault_set(fault, STATUS_NOT_FOUND, "CONFIG_FILE",
                         "打不开配置文件 %s：%s。请检查路径和读取权限。", path, strerror(errno));
    }
    enum status s = reading_run(&r, ret_config);
    fclose(r.file);
    return s;
}

enum status
config_parse(const char *text, const char *name, struct config *ret_config, struct fault *fault)
{
    if (text[0] == '\0') {
        config_init(ret_config);
        return STATUS_OK;
    }
    struct reading r = {.name = name, .fault = fault};
    char *copy = strdup(text); /* fmemopen wants it writable */
    r.file = copy == NULL ? NULL : fmemopen(copy, strlen(copy), "r");
    enum status s = STATUS_RESOURCE_EXHAUSTED;
    if (r.file == NULL) {
        fault_set(fault, s, "CONFIG_FILE", "内存不足，未能读取配置。请稍后再试。");
        goto out;
    }
    s = reading_run(&r, ret_config);
    fclose(r.file);
out:
    free(copy);
    return s;
}

/* ---- the reference ---- */

void
config_print_reference(FILE *out)
{
    const char *section = "";
    fprintf(out,
            "# rectifyd.ini 配置说明：每项都写明含义、范围和默认值；删去“#”即可改动。\n"
            "# 每行最多 %d 字节；行首的 # 或 ; 表示注释。\n",
            CONFIG_LINE_BYTES);
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const struct key *k = &keys[i];
        if (strcmp(section, k->section) != 0) {
            section = k->section;
            fprintf(out, "\n[%s]\n", section);
        }
        fprintf(out, "# %s", k->meaning);
        if (k->type == KEY_INT) {
            fprintf(out, "范围 %d 至 %d。", k->min, k->max);
        }
        fprintf(out, "\n# %s = %s\n", k->name, k->initial);
    }
}
