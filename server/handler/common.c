#include "server/handler/common.h"

#include "rectify/v1/common.pb-c.h"
#include "server/base/clock.h"

#include <string.h>

enum status
handler_no_memory(struct call *call)
{
    return fault_set(&call->fault, STATUS_RESOURCE_EXHAUSTED, "REQUEST_TOO_LARGE",
                     "这次办理的内容太大，超出单次请求的内存上限：请分批办理。");
}

bool
text_given(const char *text, size_t max)
{
    if (text == NULL) {
        return false;
    }
    size_t n = strlen(text);
    return n <= max && strspn(text, " \t\r\n") < n;
}

enum status
reply_empty(struct call *call)
{
    call->reply = call_message(call, &pb__empty__descriptor);
    return call->reply == NULL ? handler_no_memory(call) : STATUS_OK;
}

const char *
call_strdup(struct call *call, const char *text)
{
    return arena_strdup(call->arena, text);
}

enum status
request_day(struct call *call, const char *text, const char *field, int32_t *ret_day)
{
    if (text == NULL || *text == '\0') {
        *ret_day = NO_DATE;
        return STATUS_OK;
    }
    if (day_parse(text, ret_day) != STATUS_OK) {
        return fault_set_field(&call->fault, field, "BAD_DATE",
                               "日期“%s”无法识别：请写成 2026-11-30 这样的形式。", text);
    }
    return STATUS_OK;
}

char *
day_text(struct call *call, int32_t day)
{
    return day_in(call->arena, day);
}
