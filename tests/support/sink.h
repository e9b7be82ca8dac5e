/* Sink: a small HTTP or SMTP server on 127.0.0.1 for tests of what leaves the system.
 *
 * One thread, one connection at a time; it keeps what it was sent last and misbehaves as told.
 */
#ifndef TESTS_SUPPORT_SINK_H
#define TESTS_SUPPORT_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

enum sink_mode {
    SINK_ANSWER,  /* answers `answer` to a whole HTTP request */
    SINK_SILENT,  /* takes it and says nothing */
    SINK_DRIP,    /* answers a byte every 100 ms */
    SINK_GARBAGE, /* no HTTP at all */
    SINK_HUGE,    /* 200 and megabytes */
    SINK_CLOSE,   /* hangs up at once */
    SINK_SMTP,    /* speaks SMTP; `answer` is said to RCPT TO */
};

enum { SINK_BYTES = 65536 };

struct sink {
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    enum sink_mode mode;  /* under lock, as the rest */
    const char *answer;   /* static */
    char got[SINK_BYTES]; /* the last connection's bytes, NUL behind them */
    unsigned hits;        /* connections that brought bytes */
    bool stopping;
};

/* Listens on a free port. Asserts on failure. */
void sink_start(struct sink *s);
void sink_stop(struct sink *s);
void sink_set(struct sink *s, enum sink_mode mode, const char *answer);
unsigned sink_hits(struct sink *s);

#define SINK_HTTP(status, body)                                                                    \
    "HTTP/1.1 " status "\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n" body

#endif
