/* The board of all machines (终端情况), and renewing this one's certificate. */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/lib/onboard.h"

#include <rectify/v1/agent.pb-c.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_MS = 1000, MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 86400000 };

/* "3 天", "5 小时", "12 分" */
static const char *
span_text(struct cli *c, int64_t ms)
{
    const char *text =
        ms >= DAY_MS      ? arena_printf(&c->arena, "%lld 天", (long long)(ms / DAY_MS))
        : ms >= HOUR_MS   ? arena_printf(&c->arena, "%lld 小时", (long long)(ms / HOUR_MS))
        : ms >= MINUTE_MS ? arena_printf(&c->arena, "%lld 分", (long long)(ms / MINUTE_MS))
                          : arena_printf(&c->arena, "%lld 秒", (long long)(ms / SECOND_MS));
    return text != NULL ? text : "";
}

static const char *
difference_text(struct cli *c, const Pb__Agent *a)
{
    if (!a->has_clock_difference_ms || llabs(a->clock_difference_ms) < 2 * MINUTE_MS) {
        return "";
    }
    const char *text = arena_printf(&c->arena, "%s %s", a->clock_difference_ms > 0 ? "快" : "慢",
                                    span_text(c, llabs(a->clock_difference_ms)));
    return text != NULL ? text : "";
}

static const char *
light_text(Pb__Light light)
{
    switch (light) {
    case PB__LIGHT__NORMAL:
        return "正常";
    case PB__LIGHT__DUE_SOON:
        return "注意";
    case PB__LIGHT__OVERDUE:
        return "处理";
    default:
        return "";
    }
}

static void
row_fill(struct cli *c, struct grid *g, const Pb__Agent *a)
{
    const char **row = grid_row(g);
    row[0] = light_text(a->light);
    row[1] = cli_text(c, a->org_name);
    row[2] = a->label != NULL ? cli_text(c, a->label) : "";
    row[3] = cli_text(c, a->state_zh);
    row[4] = a->has_last_seen_ms ? value_time(&c->arena, a->last_seen_ms) : "";
    row[5] = a->has_queued ? grid_number(g, (int64_t)a->queued + a->unknown) : "";
    row[6] = a->has_oldest_age_ms ? span_text(c, a->oldest_age_ms) : "";
    row[7] = a->has_attention ? grid_number(g, a->attention) : "";
    row[8] = a->version != NULL ? cli_text(c, a->version) : "";
    row[9] =
        a->has_certificate_not_after_ms ? value_time(&c->arena, a->certificate_not_after_ms) : "";
    row[10] = difference_text(c, a);
    row[11] = a->hint != NULL ? cli_text(c, a->hint) : "";
    row[12] = a->machine != NULL ? cli_text(c, a->machine) : "";
}

static void
sums_print(struct cli *c, const Pb__ListAgentsReply *reply)
{
    static const char *const states[] = {"CONNECTED", "OFFLINE", "QUIET", "NONE"};
    static const char *const words[] = {"在线", "离线", "未启用", "未开通"};
    for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
        size_t n = 0;
        for (size_t i = 0; i < reply->n_agents; i++) {
            n += reply->agents[i]->state != NULL && strcmp(reply->agents[i]->state, states[s]) == 0;
        }
        (void)fprintf(c->out, "%s%s %zu", s > 0 ? " · " : "", words[s], n);
    }
    (void)fputs(reply->more ? "（还有更多：用 --org 看一个单位）\n" : "\n", c->out);
}

enum status
cmd_board(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "灯"},
                                                 {.title = "单位", .clip = 24},
                                                 {.title = "机器", .clip = 20},
                                                 {.title = "状态"},
                                                 {.title = "最近联系"},
                                                 {.title = "待发送", .right = true},
                                                 {.title = "最久"},
                                                 {.title = "需处理", .right = true},
                                                 {.title = "版本", .clip = 24},
                                                 {.title = "证书到期"},
                                                 {.title = "时钟"},
                                                 {.title = "提示", .clip = 40},
                                                 {.title = "编号"}};
    Pb__ListAgentsRequest list = PB__LIST_AGENTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    list.org = cli_field(line_value(line, "org"));
    list.has_revoked = list.revoked = line_flag(line, "revoked");
    enum status status =
        cli_query(c, "rectify.v1.AgentService/ListAgents", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListAgentsReply *reply = (const Pb__ListAgentsReply *)message;
    if (c->format == CLI_JSON) {
        return cli_json_print(c, message, f);
    }
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_agents; i++) {
        row_fill(c, &g, reply->agents[i]);
    }
    status = grid_print(&g, c, f);
    if (status == STATUS_OK && c->format == CLI_TABLE) {
        sums_print(c, reply);
    }
    return status;
}

enum status
cmd_machine_renew(struct cli *c, const struct line *line, struct fault *f)
{
    int64_t until_ms = 0;
    (void)line;
    enum status status = cli_profile(c, f);
    if (status != STATUS_OK) {
        return status;
    }
    struct rectify_channel_options options = {.profile = &c->profile,
                                              .client_version = CLI_CLIENT_VERSION,
                                              .deadline_ms = c->deadline_ms};
    status = rectify_certificate_renew(&options, &until_ms, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        (void)fprintf(c->out, "{\n  \"certificate_not_after_ms\": \"%lld\"\n}\n",
                      (long long)until_ms);
    } else {
        (void)fprintf(c->out, "本机的证书已换发，有效至 %s。\n", value_time(&c->arena, until_ms));
    }
    return STATUS_OK;
}
