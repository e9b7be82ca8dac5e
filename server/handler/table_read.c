/* TableService: the tables owed, one table with its rows, what may be done with it. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
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

int
table_list_load(struct call *call, struct db_queue *q)
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
        .kind = given(r->kind),
        .missing = r->has_missing && r->missing,
        .late = r->has_late && r->late,
        .stalled = r->has_stalled && r->stalled,
        .as_of = call->today,
        .limit = LIMIT_LIST_ROWS,
    };
    return (int)table_queue_list(q, call->who->tenant, filter, &c->tables);
}

enum status
table_list_decide(struct call *call)
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

/* The rows, and what goes with them. */
static int
get_rows(struct call *call, struct db_queue *q, const struct table_record *t)
{
    const Pb__GetTableRequest *r = REQUEST(call, Pb__GetTableRequest);
    struct table_call *c = call->data;
    int tenant = call->who->tenant;
    bool former = r->has_version && r->version != t->version;
    enum status s = former ? table_queue_rows_at(q, tenant, t->id, r->version, &c->rows)
                           : table_queue_rows(q, tenant, t->id, false, &c->rows);
    if (s == STATUS_OK) {
        s = table_queue_last_rows(q, tenant, t->id, &c->last_rows);
    }
    if (s == STATUS_OK) {
        s = table_queue_month_rows(q, tenant, t->id, &c->month_rows);
    }
    if (s == STATUS_OK) {
        s = measure_queue_of_table(q, tenant, t->id, false, &c->measures);
    }
    if (s == STATUS_OK) {
        s = table_queue_versions(q, tenant, t->id, &c->versions);
    }
    if (s == STATUS_OK) {
        s = evidence_queue_links_of_table(q, tenant, t->id, &c->links);
    }
    if (s == STATUS_OK && former) {
        c->tables = (struct table_list){0};
        s = table_queue_version(q, tenant, t->id, r->version, &c->tables);
    }
    return (int)s;
}

int
table_get_load(struct call *call, struct db_queue *q)
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
    return get_rows(call, q, t);
}

static bool
add_versions(struct call *call, Pb__Table *out)
{
    struct table_call *c = call->data;
    const struct workflow_machine *machine = workflow_machine(WORKFLOW_TABLE);
    out->versions = arena_array(call->arena, c->versions.count, sizeof(Pb__TableVersion *));
    for (size_t i = 0; out->versions != NULL && i < c->versions.count; i++) {
        const struct table_version_record *from = &c->versions.items[i];
        Pb__TableVersion *v = call_message(call, &pb__table_version__descriptor);
        if (v == NULL) {
            return false;
        }
        v->has_version = v->has_edition = v->has_at_ms = 1;
        v->version = from->version;
        v->edition = from->edition;
        v->at_ms = from->recorded_ms;
        v->state = wire_text(from->state);
        v->state_zh = wire_text(workflow_state_zh(machine, from->state));
        v->account = wire_text(from->account);
        v->reason = wire_text(from->reason);
        v->receipt = wire_text(from->receipt);
        out->versions[out->n_versions++] = v;
    }
    return out->versions != NULL;
}

/* A former version's counts are those of its own rows. */
static void
count_former(const struct table_call *c, Pb__Table *out)
{
    out->rows_accepted = out->rows_returned = 0;
    for (size_t i = 0; i < c->rows.count; i++) {
        out->rows_accepted += c->rows.items[i].verdict == PB__VERDICT__ACCEPTED;
        out->rows_returned += c->rows.items[i].verdict == PB__VERDICT__RETURNED;
    }
}

enum status
table_get_decide(struct call *call)
{
    const Pb__GetTableRequest *r = REQUEST(call, Pb__GetTableRequest);
    struct table_call *c = call->data;
    if (c->tables.count == 0) {
        return fault_set(&call->fault, STATUS_NOT_FOUND, "VERSION_UNKNOWN",
                         "这张表没有第 %lld 版，请先看有哪些版本。", (long long)r->version);
    }
    const struct table_record *t = &c->tables.items[0];
    enum status s = table_hash(call, t);
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    Pb__Table *reply = table_message_rows(&tc, call->arena);
    if (reply == NULL || !add_versions(call, reply)) {
        return handler_no_memory(call);
    }
    if (r->has_version) {
        count_former(c, reply);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- AllowedCommands, AllowedRowCommands ---- */

static enum status
allowed_reply(struct call *call, const struct workflow_option *options, size_t n, const char *state,
              int64_t version)
{
    Pb__AllowedCommandsReply *reply = call_message(call, &pb__allowed_commands_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->commands = arena_array(call->arena, n, sizeof(Pb__AllowedCommand *));
    for (size_t i = 0; reply->commands != NULL && i < n; i++) {
        Pb__AllowedCommand *one = call_message(call, &pb__allowed_command__descriptor);
        if (one == NULL) {
            return handler_no_memory(call);
        }
        one->command = wire_text(options[i].command);
        one->command_zh = wire_text(options[i].command_zh);
        one->has_allowed = 1;
        one->allowed = options[i].allowed;
        one->reason = options[i].allowed ? NULL : wire_text(options[i].reason);
        one->message = options[i].allowed ? NULL : wire_text(options[i].reason_zh);
        reply->commands[reply->n_commands++] = one;
    }
    reply->state = wire_text(state);
    reply->has_version = 1;
    reply->version = version;
    call->reply = &reply->base;
    return reply->commands == NULL ? handler_no_memory(call) : STATUS_OK;
}

enum status
table_allowed_decide(struct call *call)
{
    struct table_call *c = call->data;
    if (c->tables.count == 0) {
        return refuse_unknown(call, "TABLE_UNKNOWN", "汇总表",
                              asked_for(call, REQUEST(call, Pb__GetTableRequest)));
    }
    const struct table_record *t = &c->tables.items[0];
    struct table_case tc = table_case_of(call, t);
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    size_t n = table_options(&tc, options);
    return allowed_reply(call, options, n, t->state, t->version);
}

int
table_row_allowed_load(struct call *call, struct db_queue *q)
{
    const Pb__AllowedRowRequest *r = REQUEST(call, Pb__AllowedRowRequest);
    struct table_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    if (!uuid_text_valid(r->id)) {
        return (int)refuse_unknown(call, "TABLE_UNKNOWN", "汇总表", r->id);
    }
    int tenant = call->who->tenant;
    enum status s = table_queue_get(q, tenant, r->id, false, &c->tables);
    if (s == STATUS_OK) {
        s = table_queue_rows(q, tenant, r->id, false, &c->rows);
    }
    return s == STATUS_OK ? (int)measure_queue_of_table(q, tenant, r->id, false, &c->measures)
                          : (int)s;
}

enum status
table_row_allowed_decide(struct call *call)
{
    const Pb__AllowedRowRequest *r = REQUEST(call, Pb__AllowedRowRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    const struct measure_record *m = table_measure(&tc, r->measure_ref);
    const struct table_row_record *row = m == NULL ? NULL : table_row_of(&c->rows, m->id);
    if (row == NULL) {
        return refuse_unknown(call, "ROW_UNKNOWN", "这张表里的行", r->measure_ref);
    }
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    const char *state = NULL;
    size_t n = table_row_options(&tc, row, options, &state);
    return allowed_reply(call, options, n, state, row->version);
}
