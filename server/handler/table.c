/* TableService: the tables owed, one table with its rows, and the service's rows. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "rectify/v1/table.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"
#include "server/service/role.h"

#include <string.h>

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

/* ---- ListTables ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListTablesRequest *r = REQUEST(call, Pb__ListTablesRequest);
    struct table_call *c = arena_alloc(call->arena, sizeof *c);
    struct table_filter *filter = arena_alloc(call->arena, sizeof *filter);
    if (c == NULL || filter == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    *filter = (struct table_filter){
        .org = given(r->org),
        .period = given(r->period),
        .state = given(r->state),
        .inspection = given(r->inspection),
        .missing = r->has_missing && r->missing,
        .as_of = call->today,
        .limit = LIMIT_LIST_ROWS,
    };
    return (int)table_queue_list(q, call->who->tenant, filter, &c->tables);
}

static enum status
list_decide(struct call *call)
{
    struct table_call *c = call->data;
    Pb__ListTablesReply *reply = call_message(call, &pb__list_tables_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->tables = arena_array(call->arena, c->tables.count, sizeof(Pb__Table *));
    for (size_t i = 0; reply->tables != NULL && i < c->tables.count; i++) {
        reply->tables[i] = table_message(&c->tables.items[i], call->today, call->arena);
        if (reply->tables[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_tables++;
    }
    reply->as_of = day_text(call, call->today);
    call->reply = &reply->base;
    return reply->tables == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetTable ---- */

/* How the request names its table, for people. */
static const char *
asked_for(struct call *call, const Pb__GetTableRequest *r)
{
    if (given(r->id) != NULL) {
        return r->id;
    }
    const char *org = given(r->org) != NULL ? r->org : call->who->org_code;
    return arena_printf(call->arena, "%s %s", org == NULL ? "" : org,
                        given(r->period) != NULL ? r->period : "");
}

static int
get_first(struct call *call, struct db_queue *q)
{
    const Pb__GetTableRequest *r = REQUEST(call, Pb__GetTableRequest);
    struct table_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = STATUS_OK;
    if (given(r->id) == NULL) {
        s = table_queue_find(q, call->who->tenant,
                             given(r->org) != NULL ? r->org : call->who->org_code, given(r->period),
                             given(r->inspection), &c->tables);
    } else if (!uuid_text_valid(r->id)) {
        return (int)refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", r->id);
    } else {
        s = table_queue_get(q, call->who->tenant, r->id, false, &c->tables);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

static int
get_load(struct call *call, struct db_queue *q)
{
    if (call->round == 0) {
        return get_first(call, q);
    }
    const Pb__GetTableRequest *r = REQUEST(call, Pb__GetTableRequest);
    struct table_call *c = call->data;
    if (c->tables.count == 0) {
        return (int)refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", asked_for(call, r));
    }
    const struct table_record *t = c->tables.items;
    if (c->tables.count > 1 && given(r->inspection) == NULL && given(r->period) != NULL &&
        strcmp(t[0].period, t[1].period) == 0) {
        return (int)fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                    "这个月有不止一次巡视的表，请写明巡视的代码。");
    }
    int tenant = call->who->tenant;
    enum status s = table_queue_rows(q, tenant, t->id, false, &c->rows);
    if (s == STATUS_OK) {
        s = table_queue_last_rows(q, tenant, t->id, &c->last_rows);
    }
    if (s == STATUS_OK) {
        s = measure_queue_of_table(q, tenant, t->id, false, &c->measures);
    }
    return s == STATUS_OK ? (int)evidence_queue_links_of_table(q, tenant, t->id, &c->links)
                          : (int)s;
}

static enum status
get_decide(struct call *call)
{
    struct table_call *c = call->data;
    struct table_case tc = table_case_of(call, &c->tables.items[0]);
    Pb__Table *reply = table_message_rows(&tc, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

static const struct handler rows[] = {
    {.method = "rectify.v1.TableService/ListTables",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__list_tables_request__descriptor,
     .reply = &pb__list_tables_reply__descriptor,
     .load = list_load,
     .decide = list_decide},
    {.method = "rectify.v1.TableService/GetTable",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_table_request__descriptor,
     .reply = &pb__table__descriptor,
     .load = get_load,
     .decide = get_decide},
    {.method = "rectify.v1.TableService/SubmitTable",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_UNIT | ROLE_OFFICE,
     .flags = HANDLER_BEHALF,
     .request = &pb__submit_table_request__descriptor,
     .reply = &pb__submit_table_reply__descriptor,
     .subjects = submit_subjects,
     .load = submit_load,
     .decide = submit_decide,
     .effects = table_effects},
    {.method = "rectify.v1.TableService/DecideTable",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = ROLE_OFFICE | ROLE_SGROUP | ROLE_LGROUP,
     .request = &pb__decide_table_request__descriptor,
     .reply = &pb__decide_table_reply__descriptor,
     .subjects = judge_subjects,
     .load = judge_load,
     .decide = judge_decide,
     .effects = table_effects},
};

const struct handler_table table_handler_table = {rows, sizeof rows / sizeof rows[0]};
