/* The log: one logfmt line an event, to stderr. The only global state of the project.
 *
 *   time=2026-11-22T13:15:00.123Z level=info event=listener.open url=tls+tcp://… msg="…"
 *
 * Events are stable dotted codes for machines. A value is quoted when it must be; control
 * characters and broken UTF-8 are escaped, so no input can forge a line. A field whose name says it
 * is a secret (password, secret, token, session, private key, signature) is printed as ***, and so
 * is what follows "password=" inside any value. Each line is one write(2); any thread. A line that
 * is too long is cut and ends in cut=true.
 */
#ifndef SERVER_BASE_LOG_H
#define SERVER_BASE_LOG_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_DEBUG = 0,
    LOG_LEVEL_INFO = 1,
    LOG_LEVEL_WARN = 2,
    LOG_LEVEL_ERROR = 3,
};

enum { LOG_LINE_BYTES = 4096 };

/* One key and its value. Made by log_text and log_int; text is borrowed until the call returns. */
struct log_field {
    const char *key;
    const char *text; /* NULL: number is meant */
    int64_t number;
};

/* text NULL is printed as "". */
struct log_field log_text(const char *key, const char *text);
struct log_field log_int(const char *key, int64_t number);

/* Lines below the level are dropped. Default LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);
bool log_enabled(enum log_level level);

/* Where lines go; default 2 (stderr). For tests. The caller keeps the descriptor. */
void log_set_fd(int fd);

/* "debug", "info", "warn", "error"; false for anything else. */
bool log_level_parse(const char *name, enum log_level *ret_level);

/* One line with fields: log_event(LOG_LEVEL_INFO, "conn.open", (struct log_field[]){…}, n). fields
 * may be NULL when count is 0. errno is kept. */
void log_event(enum log_level level, const char *event, const struct log_field *fields,
               size_t count);

/* One line whose only field is msg, formatted. Never put a secret into it. */
void log_message(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line for a fault: code, reason, field and msg. */
void log_fault(enum log_level level, const char *event, const struct fault *fault);

/* Formats a line into ret_line (at most size bytes, newline and NUL included); what log_event
 * writes. Returns its length. Pure; for tests. */
size_t log_format(int64_t now_ms, enum log_level level, const char *event,
                  const struct log_field *fields, size_t count, char *ret_line, size_t size);

#endif
