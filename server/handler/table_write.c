/* TableService: filling in and handing in, the second person's confirmation, judging. */
#include "server/handler/table.h"

#include "proto/base/limits.h"
#include "rectify/v1/table.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <stdio.h>
#include <string.h>

/* ---- SubmitTable ---- */

/* Rows that are carried may ask again for what a withdrawn table asked. */
static bool
asks(const Pb__SubmitTableRequest *r)
{
    bool any = r->has_unchanged && r->unchanged;
    for (size_t i = 0; i < r->n_rows && !any; i++) {
        const Pb__TableRow *row = r->rows[i];
        any = (row->has_ask_help && row->ask_help) || !table_text_blank(row->extension_due);
    }
    return any;
}

void
submit_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    subject_add(set, "table", r->id == NULL ? "" : r->id);
    for (size_t i = 0; i < r->n_rows && i < LIMIT_TABLE_ROWS; i++) {
        const char *ref = r->rows[i]->measure_ref;
        subject_add(set, "measure", ref == NULL ? "" : ref);
    }
    if (asks(r)) {
        table_asks_subjects(set);
    }
}

/* The second round of handing in: what rows may ask of others. */
static int
load_asks(struct call *call, struct db_queue *q)
{
    struct table_call *c = call->data;
    return c->tables.count != 1
               ? STATUS_OK
               : (int)table_asks_load(call, q, &c->tables.items[0], &c->measures, &c->asks);
}

int
submit_load(struct call *call, struct db_queue *q)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    if (call->round > 0) {
        return load_asks(call, q);
    }
    enum status s = table_load(call, q, r->id);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct table_call *c = call->data;
    struct text_list ids = {0};
    for (size_t i = 0; i < r->n_rows; i++) {
        const Pb__TableRow *row = r->rows[i];
        for (size_t k = 0; k < row->n_evidence; k++) {
            /* What is no id at all is simply not found later. */
            if (uuid_text_valid(row->evidence[k]) &&
                !text_list_add(&ids, call->arena, row->evidence[k])) {
                return (int)handler_no_memory(call);
            }
        }
    }
    int tenant = call->who->tenant;
    s = evidence_queue_get(q, tenant, &ids, call->arena, &c->files);
    if (s == STATUS_OK) {
        s = table_queue_last_rows(q, tenant, r->id, &c->last_rows);
    }
    if (s == STATUS_OK) {
        s = table_queue_month_rows(q, tenant, r->id, &c->month_rows);
    }
    if (s == STATUS_OK) {
        s = evidence_queue_links_of_table(q, tenant, r->id, &c->links);
    }
    return s != STATUS_OK ? (int)s : asks(r) ? CALL_MORE : STATUS_OK;
}

static enum status
check_row_texts(struct call *call, const Pb__TableRow *r, size_t i)
{
    const struct {
        const char *column;
        const char *text;
    } texts[] = {
        {"narrative", r->narrative},
        {"difficulty", r->difficulty},
        {"lower_reason", r->lower_reason},
        {"extension_reason", r->extension_reason},
    };
    for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++) {
        char field[FAULT_FIELD_SIZE];
        snprintf(field, sizeof field, "rows[%zu].%s", i, texts[k].column);
        bool is_short = strcmp(texts[k].column, "extension_reason") == 0;
        size_t max = is_short ? MATTER_SHORT_BYTES : LIMIT_TEXT_BYTES;
        enum status s = check_text(call, field, texts[k].text, max, false);
        if (s != STATUS_OK) {
            return s;
        }
    }
    return STATUS_OK;
}

/* What both ways of handing in leave and answer. */
static enum status
submitted(struct call *call, const struct table_case *tc)
{
    struct table_call *c = call->data;
    enum status s = table_record_changes(call, tc);
    if (s == STATUS_OK) {
        s = table_asks_decide(call, &c->outcome, &c->asks);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__SubmitTableReply *reply = call_message(call, &pb__submit_table_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->table = table_message(&c->outcome.next, call->today, call->arena);
    reply->has_claims = reply->has_consultations = 1;
    reply->has_unchanged = reply->has_extension_requests = 1;
    reply->claims = c->outcome.claims;
    reply->consultations = c->outcome.helps;
    reply->unchanged = c->outcome.unchanged;
    reply->extension_requests = c->outcome.extensions;
    call->reply = &reply->base;
    return reply->table == NULL ? handler_no_memory(call) : STATUS_OK;
}

enum status
submit_decide(struct call *call)
{
    const Pb__SubmitTableRequest *r = REQUEST(call, Pb__SubmitTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    for (size_t i = 0; s == STATUS_OK && i < r->n_rows; i++) {
        s = check_row_texts(call, r->rows[i], i);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_submit(&tc, r, call->arena, &c->outcome, &call->fault);
    return s == STATUS_OK ? submitted(call, &tc) : s;
}

/* ---- ConfirmTable ---- */

void
confirm_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__ConfirmTableRequest *r = REQUEST(call, Pb__ConfirmTableRequest);
    subject_add(set, "table", r->id == NULL ? "" : r->id);
    table_asks_subjects(set);
}

int
confirm_load(struct call *call, struct db_queue *q)
{
    const Pb__ConfirmTableRequest *r = REQUEST(call, Pb__ConfirmTableRequest);
    int tenant = call->who->tenant;
    struct text_list ids = {0};
    if (call->round > 0) {
        return load_asks(call, q);
    }
    enum status s = table_load(call, q, r->id);
    if (s != STATUS_OK) {
        return (int)s;
    }
    struct table_call *c = call->data;
    if (uuid_text_valid(r->paper_evidence)) {
        if (!text_list_add(&ids, call->arena, r->paper_evidence)) {
            return (int)handler_no_memory(call);
        }
        s = evidence_queue_get(q, tenant, &ids, call->arena, &c->files);
    }
    if (s == STATUS_OK) {
        s = table_queue_month_rows(q, tenant, r->id, &c->month_rows);
    }
    if (s == STATUS_OK) {
        s = evidence_queue_links_of_table(q, tenant, r->id, &c->links);
    }
    return s == STATUS_OK ? CALL_MORE : (int)s;
}

enum status
confirm_table_decide(struct call *call)
{
    const Pb__ConfirmTableRequest *r = REQUEST(call, Pb__ConfirmTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    if (s == STATUS_OK) {
        s = table_hash(call, t);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_confirm(&tc, r, call->arena, &c->outcome, &call->fault);
    return s == STATUS_OK ? submitted(call, &tc) : s;
}

/* ---- DecideTable ---- */

void
judge_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__DecideTableRequest *r = REQUEST(call, Pb__DecideTableRequest);
    subject_add(set, "table", r->id == NULL ? "" : r->id);
    for (size_t i = 0; i < r->n_decisions && i < LIMIT_TABLE_ROWS; i++) {
        const char *ref = r->decisions[i]->measure_ref;
        subject_add(set, "measure", ref == NULL ? "" : ref);
    }
}

int
judge_load(struct call *call, struct db_queue *q)
{
    return (int)table_load(call, q, REQUEST(call, Pb__DecideTableRequest)->id);
}

static enum status
check_opinion(struct call *call, const Pb__RowDecision *d, size_t i)
{
    const char *ignored = NULL;
    enum status s = check_reason(call, d->reason_code, d->reason, false, &ignored);
    if (s != STATUS_OK) {
        char column[FAULT_FIELD_SIZE];
        snprintf(column, sizeof column, "%s", call->fault.field);
        snprintf(call->fault.field, sizeof call->fault.field, "decisions[%zu].%.48s", i, column);
    }
    return s;
}

enum status
judge_decide(struct call *call)
{
    const Pb__DecideTableRequest *r = REQUEST(call, Pb__DecideTableRequest);
    struct table_call *c = call->data;
    const struct table_record *t = NULL;
    enum status s = table_only(call, r->id, &t);
    if (s == STATUS_OK) {
        s = check_expected(call, t->version);
    }
    if (s == STATUS_OK && r->n_decisions > LIMIT_TABLE_ROWS) {
        s = fault_set_field(&call->fault, "decisions", "TOO_MANY_ROWS", "一次最多审核 %d 行。",
                            LIMIT_TABLE_ROWS);
    }
    for (size_t i = 0; s == STATUS_OK && i < r->n_decisions; i++) {
        s = check_opinion(call, r->decisions[i], i);
    }
    if (s != STATUS_OK) {
        return s;
    }
    struct table_case tc = table_case_of(call, t);
    s = table_decide(&tc, r, call->arena, &c->outcome, &call->fault);
    if (s == STATUS_OK) {
        s = table_record_changes(call, &tc);
    }
    if (s != STATUS_OK) {
        return s;
    }
    Pb__DecideTableReply *reply = call_message(call, &pb__decide_table_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->table = table_message(&c->outcome.next, call->today, call->arena);
    reply->has_confirmed = reply->has_returned = 1;
    reply->confirmed = c->outcome.confirmed;
    reply->returned = c->outcome.returned;
    call->reply = &reply->base;
    return reply->table == NULL ? handler_no_memory(call) : STATUS_OK;
}
