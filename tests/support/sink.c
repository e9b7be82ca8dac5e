#include "tests/support/sink.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PATIENCE_MS = 4000, DRIP_MS = 100, HUGE_BYTES = 4 << 20 };

static bool
sink_ends(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    bool stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    return stopping;
}

/* More bytes into buffer; the number, 0 at the end or when nothing comes. */
static size_t
receive(struct sink *s, int fd, char *buffer, size_t used)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (int waited = 0; waited < PATIENCE_MS && !sink_ends(s); waited += 50) {
        if (poll(&p, 1, 50) > 0) {
            ssize_t n = recv(fd, buffer + used, SINK_BYTES - 1 - used, 0);
            return n > 0 ? (size_t)n : 0;
        }
    }
    return 0;
}

static void
say(int fd, const char *text)
{
    size_t n = strlen(text);
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        if (sent <= 0) {
            return;
        }
        text += sent;
        n -= (size_t)sent;
    }
}

static bool
request_whole(const char *got)
{
    const char *end = strstr(got, "\r\n\r\n");
    const char *length = strcasestr(got, "content-length:");
    if (end == NULL) {
        return false;
    }
    return length == NULL || strlen(end + 4) >= strtoul(length + 15, NULL, 10);
}

static void
misbehave(struct sink *s, int fd, enum sink_mode mode, const char *answer)
{
    char block[4096];
    switch (mode) {
    case SINK_DRIP:
        for (; *answer != '\0' && !sink_ends(s); answer++) {
            if (send(fd, answer, 1, MSG_NOSIGNAL) != 1) {
                return;
            }
            poll(NULL, 0, DRIP_MS);
        }
        return;
    case SINK_GARBAGE:
        say(fd, "\x16\x03\x01 what is this?\n\n\n");
        return;
    case SINK_HUGE:
        say(fd, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        memset(block, 'x', sizeof block - 1);
        block[sizeof block - 1] = '\0';
        for (size_t i = 0; i < HUGE_BYTES / sizeof block; i++) {
            say(fd, block);
        }
        return;
    case SINK_SILENT:
        for (int i = 0; i < PATIENCE_MS / 50 && !sink_ends(s); i++) {
            struct pollfd p = {.fd = fd, .events = POLLIN};
            if (poll(&p, 1, 50) > 0) {
                return; /* the other side gave up */
            }
        }
        return;
    default:
        say(fd, answer);
    }
}

/* Before any answer, so that who got one finds here what it sent. */
static void
publish(struct sink *s, const char *got)
{
    pthread_mutex_lock(&s->lock);
    memcpy(s->got, got, SINK_BYTES);
    pthread_mutex_unlock(&s->lock);
}

static void
serve_http(struct sink *s, int fd, enum sink_mode mode, const char *answer, char *got)
{
    size_t used = 0;
    while (!request_whole(got)) {
        size_t n = receive(s, fd, got, used);
        if (n == 0) {
            break;
        }
        used += n;
        got[used] = '\0';
    }
    publish(s, got);
    misbehave(s, fd, mode, answer);
}

static void
serve_smtp(struct sink *s, int fd, const char *rcpt_answer, char *got)
{
    size_t used = 0;
    size_t seen = 0;
    bool data = false;
    say(fd, "220 sink\r\n");
    for (;;) {
        size_t n = receive(s, fd, got, used);
        if (n == 0) {
            return;
        }
        used += n;
        got[used] = '\0';
        publish(s, got);
        char *line_end = NULL;
        while ((line_end = strstr(got + seen, "\r\n")) != NULL) {
            const char *line = got + seen;
            seen = (size_t)(line_end - got) + 2;
            if (data) {
                if (strncmp(line, ".\r\n", 3) == 0) {
                    data = false;
                    say(fd, "250 taken\r\n");
                }
            } else if (strncmp(line, "DATA", 4) == 0) {
                data = true;
                say(fd, "354 go on\r\n");
            } else if (strncmp(line, "RCPT", 4) == 0) {
                say(fd, rcpt_answer);
            } else {
                say(fd, strncmp(line, "QUIT", 4) == 0 ? "221 bye\r\n" : "250 ok\r\n");
            }
        }
    }
}

static void *
sink_thread(void *arg)
{
    struct sink *s = arg;
    char *got = calloc(1, SINK_BYTES);
    assert(got != NULL);
    while (!sink_ends(s)) {
        struct pollfd p = {.fd = s->listener, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0) {
            continue;
        }
        int fd = accept(s->listener, NULL, NULL);
        pthread_mutex_lock(&s->lock);
        enum sink_mode mode = s->mode;
        const char *answer = s->answer;
        s->hits++;
        pthread_mutex_unlock(&s->lock);
        got[0] = '\0';
        if (mode == SINK_SMTP) {
            serve_smtp(s, fd, answer, got);
        } else if (mode != SINK_CLOSE) {
            serve_http(s, fd, mode, answer, got);
        }
        close(fd);
    }
    free(got);
    return NULL;
}

void
sink_start(struct sink *s)
{
    memset(s, 0, sizeof *s);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    pthread_mutex_init(&s->lock, NULL);
    s->answer = "";
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert(s->listener >= 0);
    int bound = bind(s->listener, (struct sockaddr *)&a, sizeof a);
    int listens = listen(s->listener, 8);
    int named = getsockname(s->listener, (struct sockaddr *)&a, &n);
    assert(bound == 0 && listens == 0 && named == 0);
    (void)bound;
    (void)listens;
    (void)named;
    s->port = ntohs(a.sin_port);
    int made = pthread_create(&s->thread, NULL, sink_thread, s);
    assert(made == 0);
    (void)made;
}

void
sink_stop(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    close(s->listener);
    pthread_mutex_destroy(&s->lock);
}

void
sink_set(struct sink *s, enum sink_mode mode, const char *answer)
{
    pthread_mutex_lock(&s->lock);
    s->mode = mode;
    s->answer = answer == NULL ? "" : answer;
    pthread_mutex_unlock(&s->lock);
}

unsigned
sink_hits(struct sink *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned hits = s->hits;
    pthread_mutex_unlock(&s->lock);
    return hits;
}
