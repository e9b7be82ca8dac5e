/* Fault proxy: a bad line, on purpose. A TCP proxy between clients and one server that delays, cuts
 * at a byte, swallows, holds, resets and refuses as told, and counts. What chance decides follows
 * from the seed and the number of the connection alone.
 *
 * One thread of its own carries everything; every function here may be called from any thread.
 * Whatever goes wrong in the proxy itself ends the program with a message. It refuses to know what
 * it carries: bytes, TLS or not.
 */
#ifndef TESTS_SUPPORT_FAULT_PROXY_H
#define TESTS_SUPPORT_FAULT_PROXY_H

#include <stdbool.h>
#include <stdint.h>

enum fault_side {
    FAULT_UP = 0,  /* client to server */
    FAULT_DOWN = 1 /* server to client */
};

enum fault_cut {
    FAULT_CUT_NONE = 0,
    FAULT_CUT_FIN = 1, /* both ends see an orderly end */
    FAULT_CUT_RST = 2  /* both ends see a reset */
};

/* What happens to a connection. Zeroed: a good line. */
struct fault_rule {
    uint32_t delay_ms[2]; /* by side: each piece arrives so much later, in order */
    uint32_t rate[2];     /* by side: bytes a second; 0: as fast as it goes */
    bool drop[2];         /* by side: taken and never delivered (black hole) */
    bool hold;            /* nothing moves either way; the connection stays open */
    enum fault_cut cut;   /* once cut_after bytes of cut_side were delivered, counted from the */
    enum fault_side cut_side; /* connection's beginning, the connection is cut */
    uint64_t cut_after;
    uint32_t bad_permille; /* so many of a thousand new connections are cut by chance: side, kind */
    uint32_t bad_span;     /* and byte, below this many; 0: 4096 */
};

struct fault_counts {
    uint64_t accepted;
    uint64_t now;      /* open */
    uint64_t cut;      /* by a rule, chance or fault_proxy_reset */
    uint64_t bytes[2]; /* delivered, by side */
};

struct fault_proxy_config {
    const char *listen_host; /* numeric; NULL: 127.0.0.1 */
    uint16_t listen_port;    /* 0: any */
    const char *host;        /* of the server, numeric; NULL: 127.0.0.1 */
    uint16_t port;
    uint64_t seed;
};

struct fault_proxy;

/* Listens and carries. */
struct fault_proxy *fault_proxy_start(const struct fault_proxy_config *config);

uint16_t fault_proxy_port(const struct fault_proxy *p);

/* The rule of every connection, open ones and those to come. */
void fault_proxy_set(struct fault_proxy *p, const struct fault_rule *rule);

/* The rule of the next new connection alone, until a fault_proxy_set. */
void fault_proxy_next(struct fault_proxy *p, const struct fault_rule *rule);

/* Where new connections lead from now on (the server came back on another port). */
void fault_proxy_server(struct fault_proxy *p, uint16_t port);

/* Resets every open connection; returns when they are gone. */
void fault_proxy_reset(struct fault_proxy *p);

/* Whether new connections are refused (nobody listens). Returns when it is so. */
void fault_proxy_refuse(struct fault_proxy *p, bool refuse);

void fault_proxy_counts(struct fault_proxy *p, struct fault_counts *ret_counts);

/* Resets what is open and ends the thread. NULL is accepted. */
void fault_proxy_stop(struct fault_proxy *p);

/* Reads "delay=100 delay.up=5 rate.down=1000 drop=down hold cut=rst,up,17 bad=300,2048" (any of
 * these words; "" or "good": a good line). False when it says something else. */
bool fault_rule_read(const char *text, struct fault_rule *ret_rule);

#endif
