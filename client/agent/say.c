#include "client/agent/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LINE_SIZE = 3072 };

static void
stamp(enum say_level level, char *ret_text, size_t size)
{
    struct timespec now;
    struct tm day;
    if (getenv("JOURNAL_STREAM") != NULL) {
        snprintf(ret_text, size, "<%d>", (int)level);
        return;
    }
    clock_gettime(CLOCK_REALTIME, &now);
    if (localtime_r(&now.tv_sec, &day) == NULL ||
        strftime(ret_text, size, "%Y-%m-%d %H:%M:%S ", &day) == 0) {
        ret_text[0] = '\0';
    }
}

void
say(enum say_level level, const char *format, ...)
{
    char text[LINE_SIZE];
    char front[32];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    for (char *p = text; *p != '\0'; p++) {
        if ((unsigned char)*p < ' ') {
            *p = ' '; /* a line a thing; nothing steers a terminal */
        }
    }
    stamp(level, front, sizeof front);
    (void)fprintf(stderr, "%s%s\n", front, text);
}

void
say_fault(enum say_level level, const char *what, const struct fault *why)
{
    say(level, "%s：%s（原因码 %s）", what, why->message, why->reason);
}
