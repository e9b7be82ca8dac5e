#include "client/lib/report.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"

#include <rectify/v1/agent.pb-c.h>
#include <stdio.h>
#include <string.h>

enum { OS_BYTES = 256, SCRATCH_BYTES = 1 << 20 };

/* PRETTY_NAME of /etc/os-release, without its quotes; "" when it is not told. */
static void
os_read(char ret_os[OS_BYTES])
{
    static const char key[] = "PRETTY_NAME=";
    char line[OS_BYTES];
    FILE *in = fopen("/etc/os-release", "re");
    ret_os[0] = '\0';
    while (in != NULL && fgets(line, sizeof line, in) != NULL) {
        if (strncmp(line, key, sizeof key - 1) == 0) {
            char *from = line + sizeof key - 1;
            from += *from == '"' || *from == '\'' ? 1 : 0;
            from[strcspn(from, "\"'\r\n")] = '\0';
            memcpy(ret_os, from, strlen(from) + 1);
        }
    }
    if (in != NULL) {
        (void)fclose(in);
    }
}

enum status
rectify_agent_report(struct rectify_channel *channel, const struct rectify_agent_report *report,
                     uint32_t *ret_again_in_ms, struct fault *f)
{
    Pb__ReportAgentRequest r = PB__REPORT_AGENT_REQUEST__INIT;
    char os[OS_BYTES];
    struct rectify_answer answer;
    struct arena a;
    os_read(os);
    r.instance = wire_text(report->instance);
    r.version = wire_text(report->version);
    r.os = report->os != NULL ? wire_text(report->os) : os;
    r.has_queued = r.has_unknown = r.has_attention = r.has_logged_in = true;
    r.queued = report->queued;
    r.unknown = report->unknown;
    r.attention = report->attention;
    r.logged_in = report->logged_in;
    r.has_oldest_queued_at_ms = report->oldest_queued_at_ms != 0;
    r.oldest_queued_at_ms = report->oldest_queued_at_ms;
    r.has_certificate_not_after_ms = report->certificate_not_after_ms != 0;
    r.certificate_not_after_ms = report->certificate_not_after_ms;
    r.has_clock_difference_ms = report->has_clock_difference;
    r.clock_difference_ms = report->clock_difference_ms;
    struct rectify_request request = {.method = "rectify.v1.AgentService/ReportAgent",
                                      .message = &r.base};
    arena_init(&a, SCRATCH_BYTES);
    enum status s = rectify_call(channel, &a, &request, &answer, f);
    if (s == STATUS_OK && ret_again_in_ms != NULL) {
        *ret_again_in_ms = ((const Pb__ReportAgentReply *)answer.message)->again_in_ms;
    }
    arena_release(&a);
    return s;
}
