/* Settings, and the ways out of the system. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "rectify/v1/settings.pb-c.h"

#include <ctype.h>
#include <string.h>

/* A command whose reply is printed as JSON when wanted; *ret_reply in the run's arena. */
static enum status
command_run(struct cli *c, const char *method, const ProtobufCMessage *request,
            const ProtobufCMessage **ret_reply, struct fault *f)
{
    struct rectify_answer answer;
    const struct cli_command command = {.method = method, .request = request};
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    cli_receipt_print(c, &answer);
    *ret_reply = answer.message;
    return c->format == CLI_JSON ? cli_json_print(c, answer.message, f) : STATUS_OK;
}

/* ---- settings ---- */

enum status
cmd_setting_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "名称"}, {.title = "值"}, {.title = "版本", .right = true}, {.title = "说明"}};
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.SettingsService/GetSettings", &empty.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    const Pb__GetSettingsReply *reply = (const Pb__GetSettingsReply *)message;
    grid_init(&g, &c->arena, columns, 4);
    for (size_t i = 0; i < reply->n_settings; i++) {
        const Pb__Setting *s = reply->settings[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, s->name);
        row[1] = cli_text(c, s->value);
        row[2] = s->version == 0 ? "默认" : grid_number(&g, s->version);
        row[3] = cli_text(c, s->meaning);
    }
    return grid_print(&g, c, f);
}

static enum status
setting_set(struct cli *c, const char *name, const char *value, struct fault *f)
{
    Pb__SetSettingRequest set = PB__SET_SETTING_REQUEST__INIT;
    const ProtobufCMessage *reply = NULL;
    set.name = cli_field(name);
    set.value = cli_field(value);
    enum status status =
        command_run(c, "rectify.v1.SettingsService/SetSetting", &set.base, &reply, f);
    if (status == STATUS_OK && c->format != CLI_JSON) {
        (void)fprintf(c->out, "%s = %s，第 %d 版。\n", name, value,
                      ((const Pb__SetSettingReply *)reply)->version);
    }
    return status;
}

enum status
cmd_setting_set(struct cli *c, const struct line *line, struct fault *f)
{
    return setting_set(c, line->args[0], line->args[1], f);
}

/* ---- channels ---- */

static const char *const channels[] = {"mail", "wecom", "dingtalk", "feishu", "webhook"};

/* "mail" of mail or MAIL; NULL with a fault. */
static const char *
channel_of(const char *text, struct fault *f)
{
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++) {
        if (strcasecmp(channels[i], text) == 0) {
            return channels[i];
        }
    }
    fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_CHANNEL",
              "没有名为“%s”的通道，可选 mail、wecom、dingtalk、feishu、webhook。", text);
    return NULL;
}

static enum status
channel_switch(struct cli *c, const struct line *line, const char *value, struct fault *f)
{
    const char *channel = channel_of(line->args[0], f);
    const char *name = channel == NULL ? NULL : arena_printf(&c->arena, "channel_%s", channel);
    if (channel == NULL) {
        return STATUS_INVALID_ARGUMENT;
    }
    return name == NULL ? fault_memory(f) : setting_set(c, name, value, f);
}

enum status
cmd_channel_on(struct cli *c, const struct line *line, struct fault *f)
{
    return channel_switch(c, line, "on", f);
}

enum status
cmd_channel_off(struct cli *c, const struct line *line, struct fault *f)
{
    return channel_switch(c, line, "off", f);
}

static const char *
joined(struct cli *c, char *const *items, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < n; i++) {
        const char *longer = arena_printf(&c->arena, "%s%s%s", text, i > 0 ? " " : "",
                                          strcmp(items[i], "*") == 0 ? "全部" : items[i]);
        text = longer != NULL ? longer : text;
    }
    return text;
}

static void
channels_summary(struct cli *c, const Pb__ListChannelsReply *reply)
{
    (void)fprintf(c->out, "本小时已发 %d 条，上限 %d 条；今天并入汇总 %d 条。\n",
                  reply->sent_this_hour, reply->cap_hour, reply->held_today);
    if (reply->has_breaker_tripped_at_ms) {
        (void)fprintf(c->out,
                      "外发已停止（%s 达到上限）。查明原因后运行 rectify admin channel reset。\n",
                      value_time(&c->arena, reply->breaker_tripped_at_ms));
    }
    for (size_t i = 0; i < reply->n_contacts; i++) {
        (void)fprintf(c->out, "邮件地址：%s %s\n", cli_text(c, reply->contacts[i]->account),
                      cli_text(c, reply->contacts[i]->address));
    }
}

enum status
cmd_channel_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "通道"},
                                                 {.title = "名称"},
                                                 {.title = "开关"},
                                                 {.title = "已配置", .clip = 40},
                                                 {.title = "待发", .right = true},
                                                 {.title = "今天已发", .right = true},
                                                 {.title = "失败（30 天）", .right = true}};
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.AlertService/ListChannels", &empty.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    const Pb__ListChannelsReply *reply = (const Pb__ListChannelsReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_channels; i++) {
        const Pb__Channel *channel = reply->channels[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, channel->name);
        row[1] = cli_text(c, channel->title);
        row[2] = channel->on ? "开" : "关";
        row[3] = joined(c, channel->endpoints, channel->n_endpoints);
        row[4] = grid_number(&g, channel->waiting);
        row[5] = grid_number(&g, channel->sent_today);
        row[6] = grid_number(&g, channel->failed);
    }
    status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        channels_summary(c, reply);
    }
    return status;
}

enum status
cmd_channel_test(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__TestChannelRequest test = PB__TEST_CHANNEL_REQUEST__INIT;
    const ProtobufCMessage *reply = NULL;
    const char *channel = channel_of(line->args[0], f);
    if (channel == NULL) {
        return STATUS_INVALID_ARGUMENT;
    }
    test.channel = arena_strdup(&c->arena, channel);
    for (char *p = test.channel; p != NULL && *p != '\0'; p++) {
        *p = (char)toupper((unsigned char)*p);
    }
    test.org = cli_field(line_value(line, "org"));
    enum status status =
        command_run(c, "rectify.v1.AlertService/TestChannel", &test.base, &reply, f);
    if (status == STATUS_OK && c->format != CLI_JSON) {
        (void)fprintf(c->out, "已排队，编号 %s。结果见 rectify admin channel messages。\n",
                      cli_text(c, ((const Pb__TestChannelReply *)reply)->id));
    }
    return status;
}

enum status
cmd_channel_contact(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__SetContactRequest set = PB__SET_CONTACT_REQUEST__INIT;
    const ProtobufCMessage *reply = NULL;
    bool removes = line_flag(line, "remove");
    if ((line->arg_count == 2) == removes) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ADDRESS",
                         "请写明邮件地址，或写 --remove 去掉它。");
    }
    set.account = cli_field(line->args[0]);
    set.address = cli_field(removes ? "" : line->args[1]);
    enum status status = command_run(c, "rectify.v1.AlertService/SetContact", &set.base, &reply, f);
    if (status == STATUS_OK && c->format != CLI_JSON) {
        (void)fprintf(c->out, removes ? "%s 不再有邮件地址%s。\n" : "%s 的邮件地址：%s\n",
                      line->args[0], removes ? "" : line->args[1]);
    }
    return status;
}

enum status
cmd_channel_messages(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "编号"}, {.title = "通道"},
        {.title = "类别"}, {.title = "单位"},
        {.title = "账号"}, {.title = "几项", .right = true},
        {.title = "状态"}, {.title = "次数", .right = true},
        {.title = "原因"}, {.title = "时间"}};
    Pb__ListMessagesRequest list = PB__LIST_MESSAGES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    const struct cli_number spec = {.name = "limit", .min = 1, .max = 500};
    bool has = false;
    int64_t limit = 0;
    enum status status = cli_number_option(c, line, &spec, &has, &limit, f);
    list.has_limit = has;
    list.limit = (int32_t)limit;
    list.state = cli_field(line_value(line, "state"));
    if (status == STATUS_OK) {
        status = cli_query(c, "rectify.v1.AlertService/ListMessages", &list.base, &message, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    const Pb__ListMessagesReply *reply = (const Pb__ListMessagesReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_messages; i++) {
        const Pb__Message *m = reply->messages[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, m->id);
        row[1] = cli_text(c, m->channel);
        row[2] = cli_text(c, m->kind);
        row[3] = cli_text(c, m->org);
        row[4] = cli_text(c, m->account);
        row[5] = grid_number(&g, m->count);
        row[6] = cli_text(c, m->state);
        row[7] = grid_number(&g, m->attempts);
        row[8] = cli_text(c, m->error);
        row[9] = value_time(&c->arena, m->state_at_ms);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_channel_reset(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ResetBreakerRequest reset = PB__RESET_BREAKER_REQUEST__INIT;
    const ProtobufCMessage *reply = NULL;
    reset.reason = cli_field(line_value(line, "reason"));
    reset.has_discard = line_flag(line, "discard");
    reset.discard = reset.has_discard;
    enum status status =
        command_run(c, "rectify.v1.AlertService/ResetBreaker", &reset.base, &reply, f);
    if (status == STATUS_OK && c->format != CLI_JSON) {
        (void)fprintf(c->out, "外发已恢复，放弃积压 %d 条。\n",
                      ((const Pb__ResetBreakerReply *)reply)->discarded);
    }
    return status;
}
