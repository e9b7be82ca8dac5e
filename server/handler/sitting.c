/* SittingService: reading sittings, what may be done, and who may do what. */
#include "server/handler/sitting.h"

#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/record_hash.h"
#include "server/handler/request_check.h"
#include "server/handler/sitting_write.h"

#include <string.h>

struct sitting_call {
    struct sitting_list found;
    const struct sitting_record *sitting;
    struct sitting_row_list rows;
    struct sitting_opinion_list opinions;
    struct history_list history;
    struct problem_list problems;
    struct problem_measure_list measures;
};

static struct sitting_call *
fresh(struct call *call)
{
    call->data = arena_alloc(call->arena, sizeof(struct sitting_call));
    return call->data;
}

/* ---- ListSittings ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const char *inspection = REQUEST(call, Pb__ListSittingsRequest)->inspection;
    struct sitting_call *c = fresh(call);
    bool named = inspection != NULL && inspection[0] != '\0';
    return c == NULL ? (int)handler_no_memory(call)
                     : (int)sitting_queue_list(q, call->who->tenant, named ? inspection : NULL,
                                               &c->found);
}

static enum status
list_decide(struct call *call)
{
    const struct sitting_call *c = call->data;
    Pb__ListSittingsReply *reply = call_message(call, &pb__list_sittings_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->sittings = arena_array(call->arena, c->found.count, sizeof *reply->sittings);
    for (size_t i = 0; reply->sittings != NULL && i < c->found.count; i++) {
        reply->sittings[i] = sitting_message(&c->found.items[i], call->arena);
        if (reply->sittings[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_sittings++;
    }
    call->reply = &reply->base;
    return reply->sittings == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetSitting ---- */

static int
get_sitting(struct call *call, struct db_queue *q, bool more)
{
    const char *ref = REQUEST(call, Pb__GetSittingRequest)->ref;
    struct sitting_call *c = fresh(call);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    enum status s =
        sitting_queue_get(q, call->who->tenant, ref == NULL ? "" : ref, false, &c->found);
    return s == STATUS_OK && more ? CALL_MORE : (int)s;
}

static int
get_rows(struct call *call, struct db_queue *q)
{
    struct sitting_call *c = call->data;
    int tenant = call->who->tenant;
    enum status s =
        pick_sitting(call, &c->found, REQUEST(call, Pb__GetSittingRequest)->ref, &c->sitting);
    if (s == STATUS_OK) {
        s = sitting_queue_rows(q, tenant, c->sitting->id, &c->rows);
    }
    if (s == STATUS_OK) {
        s = sitting_queue_opinions(q, tenant, c->sitting->id, &c->opinions);
    }
    if (s == STATUS_OK) {
        s = history_queue(q, tenant, c->sitting->id, &c->history);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static bool
row_problems(struct call *call, const struct sitting_call *c, struct text_list *ids)
{
    for (size_t i = 0; i < c->rows.count; i++) {
        if (!text_list_add(ids, call->arena, c->rows.items[i].problem_id)) {
            return false;
        }
    }
    return true;
}

static int
get_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_sitting(call, q, true);
    }
    if (call->round == 1) {
        return get_rows(call, q);
    }
    struct sitting_call *c = call->data;
    struct text_list ids = {0};
    if (!row_problems(call, c, &ids)) {
        return (int)handler_no_memory(call);
    }
    enum status s = problem_queue_by_ids(q, call->who->tenant, &ids, call->arena, &c->problems);
    return s == STATUS_OK
               ? (int)problem_queue_measures(q, call->who->tenant, &ids, call->arena, &c->measures)
               : (int)s;
}

static enum status
add_row(struct call *call, const struct sitting_call *c, const struct sitting_row_record *row,
        Pb__GetSittingReply *reply)
{
    struct actor actor = call_actor(call);
    const struct problem_record *p = sitting_problem(&c->problems, row->problem_id);
    unsigned char *sha256 = arena_alloc(call->arena, APPROVAL_HASH_BYTES);
    if (p == NULL) {
        return STATUS_OK; /* not this caller's */
    }
    enum status s =
        sha256 == NULL ? handler_no_memory(call) : closing_sha256(call, p, &c->measures, sha256);
    if (s != STATUS_OK) {
        return s;
    }
    const struct sitting_case one = {
        .sitting = c->sitting,
        .row = row,
        .problem = p,
        .counts = problem_count(&c->measures, p->id),
        .sha256 = sha256,
        .opinions = &c->opinions,
        .actor = &actor,
    };
    bool full = call->who->sees_all || (p->sgroup.id != NULL && call->who->org_id != NULL &&
                                        strcmp(p->sgroup.id, call->who->org_id) == 0);
    Pb__SittingRow *m = sitting_row_message(&one, full, call->arena);
    if (m == NULL) {
        return handler_no_memory(call);
    }
    reply->rows[reply->n_rows++] = m;
    return STATUS_OK;
}

static enum status
get_decide(struct call *call)
{
    const struct sitting_call *c = call->data;
    Pb__GetSittingReply *reply = call_message(call, &pb__get_sitting_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->sitting = sitting_message(c->sitting, call->arena);
    reply->rows = arena_array(call->arena, c->rows.count, sizeof *reply->rows);
    if (reply->sitting == NULL || reply->rows == NULL) {
        return handler_no_memory(call);
    }
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < c->rows.count; i++) {
        s = add_row(call, c, &c->rows.items[i], reply);
    }
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    call->reply = &reply->base;
    return s;
}

/* ---- AllowedCommands ---- */

static int
allowed_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_sitting(call, q, true);
    }
    struct sitting_call *c = call->data;
    if (call->round == 1) {
        enum status s =
            pick_sitting(call, &c->found, REQUEST(call, Pb__GetSittingRequest)->ref, &c->sitting);
        if (s == STATUS_OK) {
            s = sitting_queue_rows(q, call->who->tenant, c->sitting->id, &c->rows);
        }
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct text_list ids = {0};
    return row_problems(call, c, &ids)
               ? (int)problem_queue_by_ids(q, call->who->tenant, &ids, call->arena, &c->problems)
               : (int)handler_no_memory(call);
}

static enum status
allowed_decide(struct call *call)
{
    struct sitting_call *c = call->data;
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    struct actor actor = call_actor(call);
    size_t n = sitting_options(c->sitting, &actor, &c->rows, &c->problems, options);
    return allowed_reply(call, options, n, c->sitting->state, c->sitting->version);
}

/* ---- the table ---- */

static const struct handler rows[] = {
    {.method = "rectify.v1.SittingService/ListSittings",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_sittings_request__descriptor,
     .reply = &pb__list_sittings_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.SittingService/GetSitting",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_sitting_request__descriptor,
     .reply = &pb__get_sitting_reply__descriptor,
     .load = get_load,
     .decide = get_decide},
    {.method = "rectify.v1.SittingService/AllowedCommands",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_sitting_request__descriptor,
     .reply = &pb__allowed_commands_reply__descriptor,
     .load = allowed_load,
     .decide = allowed_decide},
    {.method = "rectify.v1.SittingService/CreateSitting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__create_sitting_request__descriptor,
     .reply = &pb__sitting__descriptor,
     .subjects = create_sitting_subjects,
     .load = create_sitting_load,
     .decide = create_sitting_decide,
     .effects = create_sitting_effects},
    {.method = "rectify.v1.SittingService/OpenSitting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__get_sitting_request__descriptor,
     .reply = &pb__sitting__descriptor,
     .subjects = open_sitting_subjects,
     .load = open_sitting_load,
     .decide = open_sitting_decide,
     .effects = end_sitting_effects},
    {.method = "rectify.v1.SittingService/DecideSitting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_VERIFY | ROLE_SGROUP | ROLE_LGROUP,
     .request = &pb__decide_sitting_request__descriptor,
     .reply = &pb__decide_sitting_reply__descriptor,
     .subjects = decide_sitting_subjects,
     .load = decide_sitting_load,
     .decide = decide_sitting_decide,
     .effects = decide_sitting_effects},
    {.method = "rectify.v1.SittingService/ConcludeSitting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__conclude_sitting_request__descriptor,
     .reply = &pb__sitting_reply__descriptor,
     .subjects = conclude_sitting_subjects,
     .load = conclude_sitting_load,
     .decide = conclude_sitting_decide,
     .effects = end_sitting_effects},
    {.method = "rectify.v1.SittingService/CancelSitting",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE,
     .request = &pb__cancel_sitting_request__descriptor,
     .reply = &pb__sitting_reply__descriptor,
     .subjects = cancel_sitting_subjects,
     .load = cancel_sitting_load,
     .decide = cancel_sitting_decide,
     .effects = end_sitting_effects},
};

const struct handler_table sitting_handler_table = {rows, sizeof rows / sizeof rows[0]};
