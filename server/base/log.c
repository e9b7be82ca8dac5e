#include "server/base/log.h"

#include "server/base/clock.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static struct {
    _Atomic int level;
    _Atomic int fd;
} state = {LOG_LEVEL_INFO, STDERR_FILENO};

static const char *const level_names[] = {"debug", "info", "warn", "error"};
enum { LEVELS = sizeof level_names / sizeof level_names[0] };

struct log_field
log_text(const char *key, const char *text)
{
    return (struct log_field){.key = key, .text = text == NULL ? "" : text};
}

struct log_field
log_int(const char *key, int64_t number)
{
    return (struct log_field){.key = key, .number = number};
}

void
log_set_level(enum log_level level)
{
    atomic_store(&state.level, (int)level);
}

bool
log_enabled(enum log_level level)
{
    return (int)level >= atomic_load(&state.level);
}

void
log_set_fd(int fd)
{
    atomic_store(&state.fd, fd);
}

bool
log_level_parse(const char *name, enum log_level *ret_level)
{
    for (int i = 0; name != NULL && i < LEVELS; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *ret_level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* ---- formatting ---- */

/* A line being built. Once something does not fit, nothing more is added and the tail says so. */
struct line {
    char *text;
    size_t size; /* room for content; the tail has its own */
    size_t used;
    bool cut;
};

static const char cut_tail[] = " cut=true";

static void
put(struct line *l, const char *s, size_t n)
{
    if (l->cut || n > l->size - l->used) {
        l->cut = true;
        return;
    }
    memcpy(l->text + l->used, s, n);
    l->used += n;
}

static void
put_word(struct line *l, const char *s)
{
    put(l, s, strlen(s));
}

/* The length of the UTF-8 character at s, 0 when it is none (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF). A NUL ends every check. */
static size_t
utf8_length(const unsigned char *s)
{
    unsigned char c = s[0];
    size_t n = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c < 0xE0 ? 0 : c < 0xF0 ? 3 : 4;
    if (n == 0 || c > 0xF4 || (n == 3 && c == 0xE0 && s[1] < 0xA0) ||
        (n == 3 && c == 0xED && s[1] > 0x9F) || (n == 4 && c == 0xF0 && s[1] < 0x90) ||
        (n == 4 && c == 0xF4 && s[1] > 0x8F)) {
        return 0;
    }
    for (size_t i = 1; i < n; i++) {
        if ((s[i] & 0xC0U) != 0x80U) {
            return 0;
        }
    }
    return n;
}

/* C1 controls (U+0080–U+009F) move cursors on some terminals, and U+2028/2029 end lines in some
 * readers. */
static bool
control_character(const unsigned char *s, size_t n)
{
    return (n == 1 && (s[0] < 0x20 || s[0] == 0x7F)) || (n == 2 && s[0] == 0xC2 && s[1] < 0xA0) ||
           (n == 3 && s[0] == 0xE2 && s[1] == 0x80 && (s[2] == 0xA8 || s[2] == 0xA9));
}

static void
put_escaped_byte(struct line *l, unsigned char c)
{
    char text[8];
    int n = c == '\n'   ? snprintf(text, sizeof text, "\\n")
            : c == '\r' ? snprintf(text, sizeof text, "\\r")
            : c == '\t' ? snprintf(text, sizeof text, "\\t")
                        : snprintf(text, sizeof text, "\\x%02x", c);
    put(l, text, (size_t)n);
}

/* How many bytes at s are the value of a password in a connection string; 0 when s does not begin
 * "password=". The value ends at a blank, or at its closing quote. */
static size_t
password_length(const char *s)
{
    const char word[] = "password=";
    if (strncasecmp(s, word, sizeof word - 1) != 0) {
        return 0;
    }
    const char *value = s + sizeof word - 1;
    size_t n = 0;
    if (value[0] != '\'') {
        return sizeof word - 1 + strcspn(value, " \t\n&");
    }
    for (n = 1; value[n] != '\0' && value[n] != '\''; n++) {
        if (value[n] == '\\' && value[n + 1] != '\0') {
            n++;
        }
    }
    return sizeof word - 1 + n + (value[n] == '\'' ? 1 : 0);
}

static void
put_quoted(struct line *l, const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    put(l, "\"", 1);
    while (*s != '\0' && !l->cut) {
        size_t secret = password_length((const char *)s);
        size_t n = utf8_length(s);
        if (secret > 0) {
            put_word(l, "password=***");
            s += secret;
        } else if (n == 0 || control_character(s, n)) {
            for (size_t i = 0; i < (n == 0 ? 1 : n); i++) {
                put_escaped_byte(l, s[i]);
            }
            s += n == 0 ? 1 : n;
        } else {
            if (*s == '"' || *s == '\\') {
                put(l, "\\", 1);
            }
            put(l, (const char *)s, n);
            s += n;
        }
    }
    put(l, "\"", 1);
}

/* Printable ASCII that logfmt reads without quotes. */
static bool
plain_value(const char *text)
{
    for (const char *s = text; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c <= ' ' || c >= 0x7F || c == '"' || c == '=' || c == '\\') {
            return false;
        }
    }
    return *text != '\0';
}

static bool
secret_key(const char *key)
{
    static const char *const words[] = {"password", "passwd",      "secret",    "token",
                                        "session",  "private_key", "signature", "conninfo"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcasestr(key, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void
put_field(struct line *l, const struct log_field *f)
{
    put(l, " ", 1);
    put_word(l, f->key);
    put(l, "=", 1);
    if (secret_key(f->key)) {
        put_word(l, "***");
    } else if (f->text == NULL) {
        char number[24];
        int n = snprintf(number, sizeof number, "%" PRId64, f->number);
        put(l, number, (size_t)n);
    } else if (plain_value(f->text)) {
        put_word(l, f->text);
    } else {
        put_quoted(l, f->text);
    }
}

/* put adds whole characters or nothing, so the tail follows valid UTF-8. */
static void
line_finish(struct line *l)
{
    if (l->cut) {
        memcpy(l->text + l->used, cut_tail, sizeof cut_tail - 1);
        l->used += sizeof cut_tail - 1;
    }
    l->text[l->used++] = '\n';
    l->text[l->used] = '\0';
}

size_t
log_format(int64_t now_ms, enum log_level level, const char *event, const struct log_field *fields,
           size_t count, char *ret_line, size_t size)
{
    char time[INSTANT_TEXT_SIZE];
    assert(size >= 128 && (unsigned)level < LEVELS);
    struct line l = {.text = ret_line, .size = size - sizeof cut_tail - 1};
    instant_print(now_ms, 0, time);
    time[23] = 'Z'; /* for "+00:00" */
    time[24] = '\0';
    put_word(&l, "time=");
    put_word(&l, time);
    put_word(&l, " level=");
    put_word(&l, level_names[level]);
    put_word(&l, " event=");
    put_word(&l, event);
    for (size_t i = 0; i < count; i++) {
        put_field(&l, &fields[i]);
    }
    line_finish(&l);
    return l.used;
}

/* ---- writing ---- */

void
log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
    if (!log_enabled(level)) {
        return;
    }
    char text[LOG_LINE_BYTES];
    int kept = errno;
    size_t n =
        log_format(clock_now_ms(clock_real()), level, event, fields, count, text, sizeof text);
    /* One write, so lines of several threads do not mix. There is nobody to tell that it failed. */
    ssize_t written = 0;
    do {
        written = write(atomic_load(&state.fd), text, n);
    } while (written < 0 && errno == EINTR);
    errno = kept;
}

void
log_message(enum log_level level, const char *event, const char *format, ...)
{
    if (!log_enabled(level)) {
        return;
    }
    char text[LOG_LINE_BYTES];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    struct log_field field = log_text("msg", text);
    log_event(level, event, &field, 1);
}

void
log_fault(enum log_level level, const char *event, const struct fault *fault)
{
    struct log_field fields[4] = {
        log_text("code", status_name(fault->code)),
        log_text("reason", fault->reason),
        log_text("msg", fault->message),
        log_text("field", fault->field),
    };
    log_event(level, event, fields, fault->field[0] == '\0' ? 3 : 4);
}
