#include "tests/support/fault_proxy.h"

#include "proto/base/now.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    CONN_MAX = 1024,
    PIPE_BYTES = 32768,
    PIECES_MAX = 64,   /* pieces of a side that wait for their time */
    TICK_MS = 2,       /* how often time is looked at while something waits for it */
    RATE_MS = 10,      /* a bounded line moves in steps of this */
    FAREWELL_MS = 2000 /* an orderly end waits so long for the other ends */
};

/* Bytes on their way to one end. Positions count from the connection's beginning. */
struct pipe_way {
    unsigned char bytes[PIPE_BYTES]; /* [passed, got) at position % PIPE_BYTES */
    uint64_t got;
    uint64_t passed;
    struct {
        uint64_t end;
        int64_t due_ms;
    } pieces[PIECES_MAX];
    unsigned first_piece;
    unsigned piece_count;
    bool ended; /* its sender has finished */
    bool shut;  /* and its receiver was told */
    int64_t rate_at_ms;
};

enum conn_state { CONN_FREE = 0, CONN_CONNECTING, CONN_OPEN, CONN_RESETTING, CONN_FAREWELL };

struct conn {
    enum conn_state state;
    int fd[2]; /* by side: where it comes from; FAULT_UP: the client's */
    struct fault_rule rule;
    struct pipe_way way[2];
    int64_t until_ms;
};

struct fault_proxy {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t done; /* an order was carried out */
    int wake;
    int listener; /* -1: refusing */
    uint16_t port;
    struct sockaddr_in listen_at;
    struct sockaddr_in server;
    uint64_t seed;
    struct fault_rule rule;
    struct fault_rule next;
    bool has_next;
    bool new_rule;
    bool reset;
    bool refuse;
    bool stopping;
    uint64_t orders; /* given */
    uint64_t orders_done;
    struct fault_counts counts;
    struct conn *conns[CONN_MAX]; /* the thread's own */
    size_t conn_count;
};

static void die(const char *what) __attribute__((noreturn));

static void
die(const char *what)
{
    fprintf(stderr, "fault proxy: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

/* SplitMix64: the n-th number of a seed. */
static uint64_t
chance(uint64_t seed, uint64_t n)
{
    uint64_t z = seed + (n + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

/* ---- connections ---- */

static void
close_hard(int fd)
{
    const struct linger none = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
    close(fd);
}

static void
conn_end(struct fault_proxy *p, struct conn *c, bool hard)
{
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        if (hard) {
            close_hard(c->fd[side]);
        } else {
            close(c->fd[side]);
        }
    }
    c->state = CONN_FREE;
    pthread_mutex_lock(&p->lock);
    p->counts.now--;
    pthread_mutex_unlock(&p->lock);
}

/* The rule says cut. A reset waits until what was delivered has really left. */
static void
conn_cut(struct fault_proxy *p, struct conn *c)
{
    pthread_mutex_lock(&p->lock);
    p->counts.cut++;
    pthread_mutex_unlock(&p->lock);
    c->until_ms = now_steady_ms() + FAREWELL_MS;
    if (c->rule.cut == FAULT_CUT_FIN) {
        shutdown(c->fd[FAULT_UP], SHUT_WR);
        shutdown(c->fd[FAULT_DOWN], SHUT_WR);
        c->way[FAULT_UP].ended = c->way[FAULT_DOWN].ended = false;
        c->state = CONN_FAREWELL;
    } else {
        c->state = CONN_RESETTING;
    }
}

/* What chance does to connection number n. */
static void
rule_draw(struct fault_rule *rule, uint64_t seed, uint64_t n)
{
    uint64_t r = chance(seed, n);
    if (rule->cut != FAULT_CUT_NONE || r % 1000 >= rule->bad_permille) {
        return;
    }
    r /= 1000;
    rule->cut = (r & 1U) != 0 ? FAULT_CUT_FIN : FAULT_CUT_RST;
    rule->cut_side = (r & 2U) != 0 ? FAULT_UP : FAULT_DOWN;
    rule->cut_after = (r >> 2U) % (rule->bad_span != 0 ? rule->bad_span : 4096);
}

static void
conn_accept(struct fault_proxy *p)
{
    const int one = 1;
    int fd = accept4(p->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        return;
    }
    int up = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (up < 0 || p->conn_count == CONN_MAX) {
        die("too many connections");
    }
    struct conn *c = calloc(1, sizeof *c);
    if (c == NULL) {
        die("memory");
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(up, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    *c = (struct conn){.state = CONN_CONNECTING, .fd = {fd, up}};
    pthread_mutex_lock(&p->lock);
    c->rule = p->has_next ? p->next : p->rule;
    p->has_next = false;
    rule_draw(&c->rule, p->seed, p->counts.accepted);
    p->counts.accepted++;
    p->counts.now++;
    const struct sockaddr_in server = p->server;
    pthread_mutex_unlock(&p->lock);
    p->conns[p->conn_count++] = c;
    if (connect(up, (const struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
        conn_end(p, c, true);
    }
}

/* ---- bytes ---- */

static bool
way_has_room(const struct pipe_way *w)
{
    return w->got - w->passed < PIPE_BYTES && w->piece_count < PIECES_MAX;
}

/* Takes what has come from the side's sender. False when the connection broke. */
static bool
way_take(struct conn *c, int side, int64_t now)
{
    struct pipe_way *w = &c->way[side];
    unsigned char block[PIPE_BYTES];
    size_t room = PIPE_BYTES - (size_t)(w->got - w->passed);
    ssize_t n = recv(c->fd[side], block, room, 0);
    if (n < 0) {
        return errno == EAGAIN || errno == EINTR;
    }
    if (n == 0) {
        w->ended = true;
        return true;
    }
    if (c->rule.drop[side]) {
        return true;
    }
    for (ssize_t i = 0; i < n; i++) {
        w->bytes[(w->got + (uint64_t)i) % PIPE_BYTES] = block[i];
    }
    w->got += (uint64_t)n;
    unsigned at = (w->first_piece + w->piece_count++) % PIECES_MAX;
    w->pieces[at].end = w->got;
    w->pieces[at].due_ms = now + c->rule.delay_ms[side];
    return true;
}

/* How many bytes may be delivered now. */
static size_t
way_ready(struct conn *c, int side, int64_t now)
{
    struct pipe_way *w = &c->way[side];
    uint64_t end = w->passed;
    for (unsigned i = 0; i < w->piece_count; i++) {
        unsigned at = (w->first_piece + i) % PIECES_MAX;
        if (w->pieces[at].due_ms > now) {
            break;
        }
        end = w->pieces[at].end;
    }
    size_t n = (size_t)(end - w->passed);
    uint32_t rate = c->rule.rate[side];
    if (rate != 0) {
        int64_t passed_ms = now - w->rate_at_ms;
        size_t most = passed_ms < RATE_MS ? 0 : (size_t)rate * RATE_MS / 1000 + 1;
        n = n < most ? n : most;
    }
    if (c->rule.cut != FAULT_CUT_NONE && c->rule.cut_side == (enum fault_side)side) {
        uint64_t left = c->rule.cut_after > w->passed ? c->rule.cut_after - w->passed : 0;
        n = n < left ? n : (size_t)left;
    }
    return n;
}

/* Delivers what is ready; the other end's descriptor is that of the other side. */
static bool
way_give(struct fault_proxy *p, struct conn *c, int side, int64_t now)
{
    struct pipe_way *w = &c->way[side];
    size_t ready = way_ready(c, side, now);
    size_t at = (size_t)(w->passed % PIPE_BYTES);
    size_t n = ready < PIPE_BYTES - at ? ready : PIPE_BYTES - at;
    if (n > 0) {
        ssize_t sent = send(c->fd[1 - side], w->bytes + at, n, MSG_NOSIGNAL);
        if (sent < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        w->passed += (uint64_t)sent;
        w->rate_at_ms = now;
        pthread_mutex_lock(&p->lock);
        p->counts.bytes[side] += (uint64_t)sent;
        pthread_mutex_unlock(&p->lock);
    }
    while (w->piece_count > 0 && w->pieces[w->first_piece].end <= w->passed) {
        w->first_piece = (w->first_piece + 1) % PIECES_MAX;
        w->piece_count--;
    }
    if (w->ended && !w->shut && w->passed == w->got && !c->rule.drop[side]) {
        shutdown(c->fd[1 - side], SHUT_WR);
        w->shut = true;
    }
    return true;
}

static bool
cut_reached(const struct conn *c)
{
    return c->rule.cut != FAULT_CUT_NONE && c->way[c->rule.cut_side].passed >= c->rule.cut_after;
}

static void
conn_move(struct fault_proxy *p, struct conn *c, const short revents[2], int64_t now)
{
    if (c->rule.hold) {
        return;
    }
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        bool readable = (revents[side] & (POLLIN | POLLHUP | POLLERR)) != 0;
        if (readable && !c->way[side].ended && way_has_room(&c->way[side]) &&
            !way_take(c, side, now)) {
            conn_end(p, c, true);
            return;
        }
    }
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        while (!cut_reached(c)) {
            uint64_t before = c->way[side].passed;
            if (!way_give(p, c, side, now)) {
                conn_end(p, c, true);
                return;
            }
            if (c->way[side].passed == before) {
                break;
            }
        }
    }
    if (cut_reached(c)) {
        conn_cut(p, c);
    } else if (c->way[FAULT_UP].shut && c->way[FAULT_DOWN].shut) {
        conn_end(p, c, false);
    }
}

/* The far end is reached, or refuses. */
static void
conn_connected(struct fault_proxy *p, struct conn *c)
{
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd[FAULT_DOWN], SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) {
        conn_end(p, c, true);
        return;
    }
    c->state = CONN_OPEN;
}

static void
conn_reset_when_sent(struct fault_proxy *p, struct conn *c, int64_t now)
{
    int left = 0;
    int waiting = 0;
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        left = 0;
        if (ioctl(c->fd[side], SIOCOUTQ, &left) == 0) {
            waiting += left;
        }
    }
    if (waiting == 0 || now > c->until_ms) {
        conn_end(p, c, true);
    }
}

/* Reads on until both ends have finished too: closing with bytes unread would send a reset. */
static void
conn_farewell(struct fault_proxy *p, struct conn *c, const short revents[2], int64_t now)
{
    char block[4096];
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        if (revents[side] != 0 && !c->way[side].ended) {
            ssize_t n = recv(c->fd[side], block, sizeof block, 0);
            c->way[side].ended = n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR);
        }
    }
    if ((c->way[FAULT_UP].ended && c->way[FAULT_DOWN].ended) || now > c->until_ms) {
        conn_end(p, c, false);
    }
}

static void
conn_step(struct fault_proxy *p, struct conn *c, const short revents[2], int64_t now)
{
    switch (c->state) {
    case CONN_CONNECTING:
        if (revents[FAULT_DOWN] != 0) {
            conn_connected(p, c);
        }
        break;
    case CONN_OPEN:
        conn_move(p, c, revents, now);
        break;
    case CONN_RESETTING:
        conn_reset_when_sent(p, c, now);
        break;
    case CONN_FAREWELL:
        conn_farewell(p, c, revents, now);
        break;
    case CONN_FREE:
        break;
    }
}

/* ---- the thread ---- */

static int
listen_open(struct sockaddr_in *at)
{
    const int one = 1;
    socklen_t size = sizeof *at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)at, sizeof *at) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)at, &size) != 0) {
        die("cannot listen");
    }
    return fd;
}

static void
all_reset(struct fault_proxy *p)
{
    for (size_t i = 0; i < p->conn_count; i++) {
        if (p->conns[i]->state != CONN_FREE) {
            pthread_mutex_lock(&p->lock);
            p->counts.cut++;
            pthread_mutex_unlock(&p->lock);
            conn_end(p, p->conns[i], true);
        }
    }
}

/* Carries out what was asked for. False when the end was. */
static bool
orders_take(struct fault_proxy *p)
{
    uint64_t drain = 0;
    ssize_t n = read(p->wake, &drain, sizeof drain);
    (void)n;
    pthread_mutex_lock(&p->lock);
    uint64_t orders = p->orders;
    bool stopping = p->stopping;
    bool refuse = p->refuse || stopping;
    bool reset = p->reset || stopping;
    bool new_rule = p->new_rule;
    struct fault_rule rule = p->rule;
    p->reset = p->new_rule = false;
    pthread_mutex_unlock(&p->lock);
    rule.bad_permille = 0; /* drawn when a connection begins */
    for (size_t i = 0; new_rule && i < p->conn_count; i++) {
        p->conns[i]->rule = rule;
    }
    if (refuse && p->listener >= 0) {
        close(p->listener);
        p->listener = -1;
    } else if (!refuse && p->listener < 0) {
        p->listener = listen_open(&p->listen_at);
    }
    if (reset) {
        all_reset(p);
    }
    pthread_mutex_lock(&p->lock);
    p->orders_done = orders;
    pthread_cond_broadcast(&p->done);
    pthread_mutex_unlock(&p->lock);
    return !stopping;
}

/* What a connection waits for; *ret_timed when it waits for time, too. */
static void
conn_wants(const struct conn *c, struct pollfd fds[2], bool *ret_timed)
{
    fds[FAULT_UP] = (struct pollfd){.fd = c->fd[FAULT_UP]};
    fds[FAULT_DOWN] = (struct pollfd){.fd = c->fd[FAULT_DOWN]};
    if (c->state == CONN_CONNECTING) {
        fds[FAULT_UP].fd = -1;
        fds[FAULT_DOWN].events = POLLOUT;
        return;
    }
    if (c->state == CONN_RESETTING || (c->state == CONN_OPEN && c->rule.hold)) {
        fds[FAULT_UP].fd = fds[FAULT_DOWN].fd = -1;
        *ret_timed |= c->state == CONN_RESETTING;
        return;
    }
    *ret_timed |= c->state == CONN_FAREWELL || c->rule.cut != FAULT_CUT_NONE;
    for (int side = FAULT_UP; side <= FAULT_DOWN; side++) {
        const struct pipe_way *w = &c->way[side];
        if (!w->ended && (c->state == CONN_FAREWELL || way_has_room(w))) {
            fds[side].events |= POLLIN;
        } else {
            fds[side].fd = -1; /* or its hang-up would wake us for ever */
        }
        *ret_timed |= w->piece_count > 0 || (w->ended && !w->shut);
    }
}

static void
conns_tidy(struct fault_proxy *p)
{
    size_t kept = 0;
    for (size_t i = 0; i < p->conn_count; i++) {
        if (p->conns[i]->state == CONN_FREE) {
            free(p->conns[i]);
        } else {
            p->conns[kept++] = p->conns[i];
        }
    }
    p->conn_count = kept;
}

static void *
proxy_run(void *arg)
{
    struct fault_proxy *p = arg;
    static const short nothing[2] = {0, 0};
    struct pollfd *fds = calloc(2 + 2 * CONN_MAX, sizeof *fds);
    if (fds == NULL) {
        die("memory");
    }
    while (orders_take(p)) {
        bool timed = false;
        fds[0] = (struct pollfd){.fd = p->wake, .events = POLLIN};
        fds[1] = (struct pollfd){.fd = p->listener, .events = POLLIN};
        size_t count = p->conn_count;
        for (size_t i = 0; i < count; i++) {
            conn_wants(p->conns[i], fds + 2 + 2 * i, &timed);
        }
        if (poll(fds, 2 + 2 * count, timed ? TICK_MS : -1) < 0 && errno != EINTR) {
            die("poll");
        }
        int64_t now = now_steady_ms();
        for (size_t i = 0; i < count; i++) {
            const struct pollfd *of = fds + 2 + 2 * i;
            const short revents[2] = {of[0].revents, of[1].revents};
            conn_step(p, p->conns[i], p->conns[i]->state == CONN_FREE ? nothing : revents, now);
        }
        if (fds[1].revents != 0) {
            conn_accept(p);
        }
        conns_tidy(p);
    }
    conns_tidy(p);
    free(fds);
    return NULL;
}

/* ---- from outside ---- */

static void
host_read(const char *host, uint16_t port, struct sockaddr_in *ret_at)
{
    *ret_at = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
    if (inet_pton(AF_INET, host != NULL ? host : "127.0.0.1", &ret_at->sin_addr) != 1) {
        errno = EINVAL;
        die("not a numeric address");
    }
}

struct fault_proxy *
fault_proxy_start(const struct fault_proxy_config *config)
{
    struct fault_proxy *p = calloc(1, sizeof *p);
    if (p == NULL || (p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0) {
        die("cannot start");
    }
    host_read(config->listen_host, config->listen_port, &p->listen_at);
    host_read(config->host, config->port, &p->server);
    p->seed = config->seed;
    p->listener = listen_open(&p->listen_at);
    p->port = ntohs(p->listen_at.sin_port);
    if (pthread_mutex_init(&p->lock, NULL) != 0 || pthread_cond_init(&p->done, NULL) != 0 ||
        pthread_create(&p->thread, NULL, proxy_run, p) != 0) {
        die("cannot start");
    }
    return p;
}

uint16_t
fault_proxy_port(const struct fault_proxy *p)
{
    return p->port;
}

/* With the lock held: wakes the thread and waits until it has done what was asked; lets go. */
static void
order(struct fault_proxy *p)
{
    const uint64_t one = 1;
    uint64_t mine = ++p->orders;
    if (write(p->wake, &one, sizeof one) != sizeof one) {
        die("wake");
    }
    while (p->orders_done < mine) {
        pthread_cond_wait(&p->done, &p->lock);
    }
    pthread_mutex_unlock(&p->lock);
}

void
fault_proxy_set(struct fault_proxy *p, const struct fault_rule *rule)
{
    pthread_mutex_lock(&p->lock);
    p->rule = *rule;
    p->has_next = false;
    p->new_rule = true;
    order(p);
}

void
fault_proxy_next(struct fault_proxy *p, const struct fault_rule *rule)
{
    pthread_mutex_lock(&p->lock);
    p->next = *rule;
    p->has_next = true;
    pthread_mutex_unlock(&p->lock);
}

void
fault_proxy_server(struct fault_proxy *p, uint16_t port)
{
    pthread_mutex_lock(&p->lock);
    p->server.sin_port = htons(port);
    pthread_mutex_unlock(&p->lock);
}

void
fault_proxy_reset(struct fault_proxy *p)
{
    pthread_mutex_lock(&p->lock);
    p->reset = true;
    order(p);
}

void
fault_proxy_refuse(struct fault_proxy *p, bool refuse)
{
    pthread_mutex_lock(&p->lock);
    p->refuse = refuse;
    order(p);
}

void
fault_proxy_counts(struct fault_proxy *p, struct fault_counts *ret_counts)
{
    pthread_mutex_lock(&p->lock);
    *ret_counts = p->counts;
    pthread_mutex_unlock(&p->lock);
}

void
fault_proxy_stop(struct fault_proxy *p)
{
    if (p == NULL) {
        return;
    }
    pthread_mutex_lock(&p->lock);
    p->stopping = true;
    order(p);
    pthread_join(p->thread, NULL);
    close(p->wake);
    pthread_cond_destroy(&p->done);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

/* ---- rules as text ---- */

/* "KEY=N", "KEY.up=N" or "KEY.down=N" into what it says of each side. */
static bool
sides_read(const char *word, const char *key, uint32_t value[2])
{
    size_t n = strlen(key);
    char end = '\0';
    unsigned number = 0;
    char side[5] = "";
    if (strncmp(word, key, n) != 0) {
        return false;
    }
    if (sscanf(word + n, "=%u%c", &number, &end) == 1) {
        value[FAULT_UP] = value[FAULT_DOWN] = number;
    } else if (sscanf(word + n, ".%4[a-z]=%u%c", side, &number, &end) == 2 &&
               (strcmp(side, "up") == 0 || strcmp(side, "down") == 0)) {
        value[strcmp(side, "up") == 0 ? FAULT_UP : FAULT_DOWN] = number;
    } else {
        return false;
    }
    return true;
}

static bool
cut_read(const char *word, struct fault_rule *rule)
{
    char kind[4] = "";
    char side[5] = "";
    char end = '\0';
    unsigned long long after = 0;
    if (sscanf(word, "cut=%3[a-z],%4[a-z],%llu%c", kind, side, &after, &end) != 3 ||
        (strcmp(kind, "fin") != 0 && strcmp(kind, "rst") != 0) ||
        (strcmp(side, "up") != 0 && strcmp(side, "down") != 0)) {
        return false;
    }
    rule->cut = strcmp(kind, "fin") == 0 ? FAULT_CUT_FIN : FAULT_CUT_RST;
    rule->cut_side = strcmp(side, "up") == 0 ? FAULT_UP : FAULT_DOWN;
    rule->cut_after = after;
    return true;
}

static bool
bad_read(const char *word, struct fault_rule *rule)
{
    char end = '\0';
    int n = sscanf(word, "bad=%u,%u%c", &rule->bad_permille, &rule->bad_span, &end);
    return (n == 1 && strchr(word, ',') == NULL) || n == 2;
}

static bool
word_read(const char *word, struct fault_rule *rule)
{
    if (strcmp(word, "good") == 0) {
        return true;
    }
    if (strcmp(word, "hold") == 0) {
        rule->hold = true;
        return true;
    }
    if (strcmp(word, "drop=up") == 0 || strcmp(word, "drop=both") == 0) {
        rule->drop[FAULT_UP] = true;
    }
    if (strcmp(word, "drop=down") == 0 || strcmp(word, "drop=both") == 0) {
        rule->drop[FAULT_DOWN] = true;
    }
    if (strncmp(word, "drop=", 5) == 0) {
        return rule->drop[FAULT_UP] || rule->drop[FAULT_DOWN];
    }
    return sides_read(word, "delay", rule->delay_ms) || sides_read(word, "rate", rule->rate) ||
           cut_read(word, rule) || bad_read(word, rule);
}

bool
fault_rule_read(const char *text, struct fault_rule *ret_rule)
{
    struct fault_rule rule = {.hold = false};
    char words[512];
    char *rest = NULL;
    if (strlen(text) >= sizeof words) {
        return false;
    }
    snprintf(words, sizeof words, "%s", text);
    for (char *word = strtok_r(words, " ", &rest); word != NULL;
         word = strtok_r(NULL, " ", &rest)) {
        if (!word_read(word, &rule)) {
            return false;
        }
    }
    *ret_rule = rule;
    return true;
}
