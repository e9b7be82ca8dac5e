#include "server/store/db_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Added where the connection string does not say otherwise: with these a dead network is noticed in
 * seconds (libpq alone hung for more than 40), and a standby is never taken for the primary. */
static const char *const defaults[][2] = {
    {"connect_timeout", "3"},
    {"tcp_user_timeout", "4000"},
    {"keepalives", "1"},
    {"keepalives_idle", "2"},
    {"keepalives_interval", "1"},
    {"keepalives_count", "2"},
    {"target_session_attrs", "read-write"},
};

/* No statement_timeout: it would also cut a COMMIT that waits for the standby. random_page_cost:
 * our statements fetch single rows, and at the default 4 the planner reads small tables from end to
 * end (the read of a caller took 178 µs instead of 50). jit: compiling a statement with row-level
 * security in it took 3 s where running it took 1 ms. */
#define OPTIONS                                                                                    \
    "-c search_path=rectify -c datestyle=ISO -c bytea_output=hex -c client_min_messages=warning"   \
    " -c lock_timeout=5s -c idle_in_transaction_session_timeout=60s"                               \
    " -c client_connection_check_interval=2s -c random_page_cost=1.1 -c jit=off"

enum { PAIRS_MAX = 80 };

struct pairs {
    const char *keys[PAIRS_MAX + 1];
    const char *values[PAIRS_MAX + 1];
    size_t count;
};

static void
pairs_add(struct pairs *p, const char *key, const char *value)
{
    if (p->count < PAIRS_MAX) {
        p->keys[p->count] = key;
        p->values[p->count] = value;
        p->count++;
    }
}

static bool
pairs_has(const struct pairs *p, const char *key)
{
    for (size_t i = 0; i < p->count; i++) {
        if (strcmp(p->keys[i], key) == 0) {
            return true;
        }
    }
    return false;
}

PGconn *
db_connect(const char *conninfo, const char *application_name)
{
    char *error = NULL;
    PQconninfoOption *given = PQconninfoParse(conninfo, &error);
    PQfreemem(error);
    struct pairs p = {.count = 0};
    char options[1024] = OPTIONS;
    for (PQconninfoOption *o = given; o != NULL && o->keyword != NULL; o++) {
        if (o->val == NULL) {
            continue;
        }
        if (strcmp(o->keyword, "options") == 0) {
            size_t used = strlen(options);
            snprintf(options + used, sizeof options - used, " %s", o->val);
        } else {
            pairs_add(&p, o->keyword, o->val);
        }
    }
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        if (!pairs_has(&p, defaults[i][0])) {
            pairs_add(&p, defaults[i][0], defaults[i][1]);
        }
    }
    if (!pairs_has(&p, "application_name")) {
        pairs_add(&p, "application_name", application_name);
    }
    if (!pairs_has(&p, "client_encoding")) {
        pairs_add(&p, "client_encoding", "UTF8");
    }
    pairs_add(&p, "options", options);
    /* A string that does not parse goes to libpq as it is, for its error message. */
    PGconn *conn = given == NULL ? PQconnectdb(conninfo) : PQconnectdbParams(p.keys, p.values, 0);
    PQconninfoFree(given);
    return conn;
}
