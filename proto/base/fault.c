#include "proto/base/fault.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* A cut must not leave half a UTF-8 character at the end. */
static void
trim_partial_utf8(char *s)
{
    size_t n = strlen(s);
    size_t back = 0;
    while (back < 4 && back < n && ((unsigned char)s[n - 1 - back] & 0xC0U) == 0x80U) {
        back++;
    }
    if (back >= n) {
        return;
    }
    unsigned char lead = (unsigned char)s[n - 1 - back];
    size_t want = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    if (want > 1 && want != back + 1) {
        s[n - 1 - back] = '\0';
    }
}

static void
fill(struct fault *f, enum status code, const char *reason, const char *format, va_list ap)
{
    *f = (struct fault){.code = code};
    snprintf(f->reason, sizeof f->reason, "%s", reason);
    vsnprintf(f->message, sizeof f->message, format, ap);
    trim_partial_utf8(f->message);
}

enum status
fault_set(struct fault *f, enum status code, const char *reason, const char *format, ...)
{
    if (f != NULL) {
        va_list ap;
        va_start(ap, format);
        fill(f, code, reason, format, ap);
        va_end(ap);
    }
    return code;
}

enum status
fault_set_field(struct fault *f, const char *field, const char *reason, const char *format, ...)
{
    if (f != NULL) {
        va_list ap;
        va_start(ap, format);
        fill(f, STATUS_INVALID_ARGUMENT, reason, format, ap);
        va_end(ap);
        snprintf(f->field, sizeof f->field, "%s", field);
    }
    return STATUS_INVALID_ARGUMENT;
}

enum status
fault_memory(struct fault *f)
{
    return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内存不足。");
}

enum status
fault_stale(struct fault *f, int64_t expected, int64_t current)
{
    enum status s = fault_set(f, STATUS_ABORTED, "STALE_VERSION",
                              "您看到的是第 %" PRId64 " 版，现在已是第 %" PRId64
                              " 版：请重新打开查看最新内容后再办理。",
                              expected, current);
    if (f != NULL) {
        f->has_current_version = true;
        f->current_version = current;
    }
    return s;
}
