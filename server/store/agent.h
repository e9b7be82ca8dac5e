/* Agents: the newest heartbeat of each machine, and the machines of every unit for the board. */
#ifndef SERVER_STORE_AGENT_H
#define SERVER_STORE_AGENT_H

#include "server/store/db.h"

/* 0 and NULL where nothing was said. */
struct agent_record {
    const char *instance; /* NULL: never heard */
    const char *instance_before;
    int64_t cloned_ms;
    int64_t reported_ms;
    const char *version;
    const char *os;
    int32_t queued;
    int32_t unknown;
    int32_t attention;
    int64_t oldest_queued_ms; /* by the server's clock */
    int64_t certificate_not_after_ms;
    bool has_clock_difference;
    int64_t clock_difference_ms;
    bool logged_in;
};

/* A line of the board: a unit's machine, or a unit without one. */
struct agent_row {
    const char *org_code;
    const char *org_name;
    const char *machine_id; /* NULL: none */
    const char *label;
    const char *account;
    int64_t enrolled_ms;
    int64_t revoked_ms;               /* 0: good */
    int64_t session_used_ms;          /* when somebody last worked there */
    int64_t certificate_not_after_ms; /* of the certificate the server gave; 0: made by hand */
    struct agent_record agent;
};

struct agent_list {
    struct agent_row *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const agent_statements[];

/* Locked for update. */
MUST_CHECK enum status agent_queue_lock(struct db_queue *q, int tenant, const char *machine,
                                        struct agent_record *ret);
/* Inserts or replaces. */
MUST_CHECK enum status agent_queue_write(struct db_queue *q, int tenant, const char *machine,
                                         const struct agent_record *agent);
/* The machines of every org that has some, and every unit; revoked ones where asked for, else only
 * good ones. org: a code, or NULL. In official order, then by enrolment; at most limit. */
MUST_CHECK enum status agent_queue_list(struct db_queue *q, int tenant, const char *org,
                                        bool revoked, int limit, struct agent_list *ret);

#endif
