/* The fault proxy for shell scripts: fault_proxy [--listen HOST:PORT] --to HOST:PORT [--seed N]
 *
 * Says "port N" once it listens, then does what each line of its standard input says and answers
 * "ok", or "counts …"; ends with its input.
 *     set RULE | next RULE      a rule as fault_rule_read takes it
 *     server PORT | reset | refuse | accept | counts
 */
#include "tests/support/fault_proxy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct place {
    char host[64];
    unsigned port;
};

static bool
place_read(const char *text, struct place *ret_place)
{
    char end = '\0';
    return sscanf(text, "%63[0-9.]:%u%c", ret_place->host, &ret_place->port, &end) == 2 &&
           ret_place->port <= UINT16_MAX;
}

static bool
rule_order(struct fault_proxy *p, const char *line)
{
    struct fault_rule rule;
    bool next = strncmp(line, "next", 4) == 0;
    if ((!next && strncmp(line, "set", 3) != 0) || !fault_rule_read(line + (next ? 4 : 3), &rule)) {
        return false;
    }
    if (next) {
        fault_proxy_next(p, &rule);
    } else {
        fault_proxy_set(p, &rule);
    }
    return true;
}

static bool
obey(struct fault_proxy *p, const char *line)
{
    unsigned port = 0;
    if (strcmp(line, "reset") == 0) {
        fault_proxy_reset(p);
    } else if (strcmp(line, "refuse") == 0 || strcmp(line, "accept") == 0) {
        fault_proxy_refuse(p, line[0] == 'r');
    } else if (sscanf(line, "server %u", &port) == 1 && port <= UINT16_MAX) {
        fault_proxy_server(p, (uint16_t)port);
    } else {
        return rule_order(p, line);
    }
    return true;
}

static void
counts_print(struct fault_proxy *p)
{
    struct fault_counts c;
    fault_proxy_counts(p, &c);
    printf("counts accepted=%" PRIu64 " now=%" PRIu64 " cut=%" PRIu64 " up=%" PRIu64
           " down=%" PRIu64 "\n",
           c.accepted, c.now, c.cut, c.bytes[FAULT_UP], c.bytes[FAULT_DOWN]);
}

int
main(int argc, char **argv)
{
    struct place at = {.host = "127.0.0.1"};
    struct place to = {.port = 0};
    struct fault_proxy_config config = {.listen_host = at.host, .host = to.host};
    for (int i = 1; i + 1 < argc; i += 2) {
        bool good = true;
        if (strcmp(argv[i], "--seed") == 0) {
            config.seed = strtoull(argv[i + 1], NULL, 10);
        } else {
            good = (strcmp(argv[i], "--listen") == 0 && place_read(argv[i + 1], &at)) ||
                   (strcmp(argv[i], "--to") == 0 && place_read(argv[i + 1], &to));
        }
        if (!good) {
            fprintf(stderr, "fault_proxy: %s %s?\n", argv[i], argv[i + 1]);
            return EXIT_FAILURE;
        }
    }
    config.listen_port = (uint16_t)at.port;
    config.port = (uint16_t)to.port;
    if (to.port == 0) {
        fprintf(stderr, "fault_proxy [--listen HOST:PORT] --to HOST:PORT [--seed N]\n");
        return EXIT_FAILURE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct fault_proxy *p = fault_proxy_start(&config);
    printf("port %u\n", fault_proxy_port(p));
    char line[600];
    while (fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "counts") == 0) {
            counts_print(p);
        } else {
            puts(obey(p, line) ? "ok" : "what?");
        }
    }
    fault_proxy_stop(p);
    return EXIT_SUCCESS;
}
