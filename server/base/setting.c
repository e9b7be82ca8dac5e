#include "server/base/setting.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- readers: false when the text is no such value ---- */

static bool
read_minutes(const char *text, size_t length, int *ret)
{
    if (length != 5 || text[2] != ':') {
        return false;
    }
    for (size_t i = 0; i < 5; i++) {
        if (i != 2 && (text[i] < '0' || text[i] > '9')) {
            return false;
        }
    }
    int hour = (text[0] - '0') * 10 + text[1] - '0';
    int minute = (text[3] - '0') * 10 + text[4] - '0';
    if (hour > 23 || minute > 59) {
        return false;
    }
    *ret = hour * 60 + minute;
    return true;
}

static bool
read_quiet(struct settings *s, const char *value)
{
    int from = 0;
    int to = 0;
    if (strcmp(value, "none") == 0) {
        s->delivery.quiet_from_min = s->delivery.quiet_to_min = 0;
        return true;
    }
    if (strlen(value) != 11 || value[5] != '-' || !read_minutes(value, 5, &from) ||
        !read_minutes(value + 6, 5, &to) || from == to) {
        return false;
    }
    s->delivery.quiet_from_min = from;
    s->delivery.quiet_to_min = to;
    return true;
}

static bool
read_switch(const char *value, bool *ret)
{
    bool on = strcmp(value, "on") == 0;
    if (!on && strcmp(value, "off") != 0) {
        return false;
    }
    *ret = on;
    return true;
}

static bool
read_days_off(struct settings *s, const char *value)
{
    return read_switch(value, &s->delivery.quiet_days_off);
}

static bool
read_digest(struct settings *s, const char *value)
{
    return read_minutes(value, strlen(value), &s->delivery.digest_min);
}

static bool
read_number(const char *value, int min, int max, int *ret)
{
    char *end = NULL;
    size_t length = strlen(value);
    if (length == 0 || length > 6 || strspn(value, "0123456789") != length) {
        return false;
    }
    long n = strtol(value, &end, 10);
    if (n < min || n > max) {
        return false;
    }
    *ret = (int)n;
    return true;
}

static bool
read_cap_unit(struct settings *s, const char *value)
{
    return read_number(value, 0, 50, &s->delivery.cap_unit_day);
}

static bool
read_cap_hour(struct settings *s, const char *value)
{
    return read_number(value, 1, 5000, &s->delivery.cap_hour);
}

static bool
read_colours(struct settings *s, const char *value)
{
    static const char *const known[] = {"green", "blue", "yellow", "orange", "red"};
    char colours[SETTING_LEVELS][SETTING_COLOUR_SIZE] = {{0}};
    const char *p = value;
    for (int i = 0; i < SETTING_LEVELS; i++) {
        size_t n = strcspn(p, ",");
        bool found = false;
        for (size_t k = 0; k < sizeof known / sizeof known[0]; k++) {
            found = found || (strlen(known[k]) == n && strncmp(known[k], p, n) == 0);
        }
        if (!found || (p[n] == ',') != (i + 1 < SETTING_LEVELS)) {
            return false;
        }
        memcpy(colours[i], p, n);
        p += n + (p[n] == ',' ? 1 : 0);
    }
    memcpy(s->colours, colours, sizeof colours);
    return true;
}

/* Printable, without blanks or quotes: it stands in messages as it is. */
static bool
read_link(struct settings *s, const char *value)
{
    size_t n = strlen(value);
    bool scheme = strncmp(value, "https://", 8) == 0 ? n > 8
                  : strncmp(value, "http://127.0.0.1", 16) == 0
                      ? value[16] == '\0' || value[16] == ':' || value[16] == '/'
                      : n == 0;
    if (!scheme || n >= sizeof s->link_url) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (value[i] <= ' ' || value[i] >= 0x7f || strchr("\"'<>\\@", value[i]) != NULL) {
            return false;
        }
    }
    memcpy(s->link_url, value, n + 1);
    return true;
}

#define CHANNEL(channel)                                                                           \
    static bool read_##channel(struct settings *s, const char *value)                              \
    {                                                                                              \
        return read_switch(value, &s->channel_on[CHANNEL_##channel]);                              \
    }
CHANNEL(MAIL)
CHANNEL(WECOM)
CHANNEL(DINGTALK)
CHANNEL(FEISHU)
CHANNEL(WEBHOOK)
#undef CHANNEL

/* ---- the table ---- */

static const struct setting_row rows[] = {
    {"quiet_hours", "20:00-08:00",
     "静默时段：此时不向系统外发送，站内预警照常。写成 20:00-08:00，不设写 none。"},
    {"quiet_days_off", "on", "休息日不向系统外发送：on 或 off。"},
    {"digest_time", "08:30", "每个工作日发送每日汇总的时间，写成 08:30。"},
    {"outside_cap_unit_day", "5", "一个单位一天最多几条即时消息，0 至 50；超出的并入每日汇总。"},
    {"outside_cap_hour", "200",
     "全系统一小时最多几条外发消息，1 至 5000；达到即停止外发，须由管理员恢复。"},
    {"level_colours", "yellow,yellow,yellow,red,red,red,red",
     "1 至 7 级预警的颜色，用逗号分开，可选 green、blue、yellow、orange、red。"},
    {"link_url", "", "外发消息里的登录地址，以 https:// 开头；不填则不外发。"},
    {"channel_mail", "off", "邮件：on 或 off。"},
    {"channel_wecom", "off", "企业微信群机器人：on 或 off。"},
    {"channel_dingtalk", "off", "钉钉群机器人：on 或 off。"},
    {"channel_feishu", "off", "飞书群机器人：on 或 off。"},
    {"channel_webhook", "off", "带签名的通用回调：on 或 off。"},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static bool (*const readers[])(struct settings *s, const char *value) = {
    read_quiet, read_days_off, read_digest, read_cap_unit, read_cap_hour, read_colours,
    read_link,  read_MAIL,     read_WECOM,  read_DINGTALK, read_FEISHU,   read_WEBHOOK,
};
_Static_assert(sizeof readers / sizeof readers[0] == ROW_COUNT, "a reader for each row");

const struct setting_row *
setting_rows(size_t *ret_count)
{
    *ret_count = ROW_COUNT;
    return rows;
}

static size_t
find_row(const char *name)
{
    size_t i = 0;
    while (i < ROW_COUNT && (name == NULL || strcmp(rows[i].name, name) != 0)) {
        i++;
    }
    return i;
}

void
settings_init(struct settings *s)
{
    *s = (struct settings){0};
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (!readers[i](s, rows[i].initial)) {
            abort(); /* the table above is wrong */
        }
    }
}

enum status
setting_check(const char *name, const char *value, struct fault *fault)
{
    struct settings scratch = {0};
    size_t i = find_row(name);
    if (i == ROW_COUNT) {
        return fault_set(fault, STATUS_NOT_FOUND, "SETTING_UNKNOWN",
                         "没有名为“%.64s”的设置，请用 rectify admin setting list 查看全部设置。",
                         name == NULL ? "" : name);
    }
    if (value == NULL || strlen(value) >= SETTING_VALUE_SIZE || !readers[i](&scratch, value)) {
        fault_set_field(fault, "value", "SETTING_VALUE", "设置 %s 的值不对。%s", name,
                        rows[i].meaning);
        return STATUS_INVALID_ARGUMENT;
    }
    return STATUS_OK;
}

void
settings_apply(struct settings *s, const char *name, const char *value)
{
    size_t i = find_row(name);
    if (i < ROW_COUNT && value != NULL && strlen(value) < SETTING_VALUE_SIZE) {
        (void)readers[i](s, value);
    }
}

/* ---- channels ---- */

static const struct {
    const char *name;
    const char *zh;
    const char *setting;
} channels[] = {
    [CHANNEL_MAIL] = {"MAIL", "邮件", "channel_mail"},
    [CHANNEL_WECOM] = {"WECOM", "企业微信", "channel_wecom"},
    [CHANNEL_DINGTALK] = {"DINGTALK", "钉钉", "channel_dingtalk"},
    [CHANNEL_FEISHU] = {"FEISHU", "飞书", "channel_feishu"},
    [CHANNEL_WEBHOOK] = {"WEBHOOK", "回调", "channel_webhook"},
};

const char *
channel_name(enum outside_channel channel)
{
    return (unsigned)channel < CHANNEL_COUNT ? channels[channel].name : "UNKNOWN";
}

const char *
channel_zh(enum outside_channel channel)
{
    return (unsigned)channel < CHANNEL_COUNT ? channels[channel].zh : "未知";
}

const char *
channel_setting(enum outside_channel channel)
{
    return (unsigned)channel < CHANNEL_COUNT ? channels[channel].setting : "";
}

enum outside_channel
channel_from_name(const char *name)
{
    unsigned i = 0;
    while (i < CHANNEL_COUNT && (name == NULL || strcmp(channels[i].name, name) != 0)) {
        i++;
    }
    return (enum outside_channel)i;
}
