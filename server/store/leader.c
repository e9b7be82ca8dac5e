#include "server/store/leader.h"

/* "RECTIFY" in ASCII, as the key of the lock. */
#define LEADER_KEY "23165060985833049"

static const struct statement leader_take = {"leader_take",
                                             "SELECT pg_try_advisory_lock(" LEADER_KEY ")", 0};
static const struct statement leader_alive = {"leader_alive", "SELECT true", 0};

const struct statement *const leader_statements[] = {&leader_take, &leader_alive, NULL};

static enum status
take_bool(void *ctx, const struct db_row *row, struct arena *a)
{
    (void)a;
    *(bool *)ctx = db_bool(row, 0);
    return STATUS_OK;
}

static enum status
ask(struct db *db, const struct statement *st, bool *ret, struct fault *fault)
{
    struct arena a;
    arena_init(&a, (size_t)64 * 1024);
    enum status s = STATUS_RESOURCE_EXHAUSTED;
    struct db_queue *q = db_queue_new(&a);
    if (q != NULL) {
        s = db_queue_add(q, st, NULL, (struct db_sink){take_bool, ret, 1});
    }
    if (s == STATUS_OK) {
        int owner = 0;
        s = db_run(db, q, &owner, fault);
    }
    arena_release(&a);
    return s;
}

enum status
leader_prepare(struct db *db, struct fault *fault)
{
    return db_exec(db, "SET client_connection_check_interval = '2s'", fault);
}

enum status
leader_try(struct db *db, bool *ret_leads, struct fault *fault)
{
    return ask(db, &leader_take, ret_leads, fault);
}

enum status
leader_check(struct db *db, struct fault *fault)
{
    bool alive = false;
    return ask(db, &leader_alive, &alive, fault);
}
