/* What the tests of tables share: getting one, filling it as a clerk would, judging it. */
#ifndef TESTS_SERVICE_TABLE_SLICE_H
#define TESTS_SERVICE_TABLE_SLICE_H

#include "tests/service/slice.h"

#include "server/service/workflow.h"

/* The table of a unit and month, with its rows. */
HELPER const Pb__Table *
get_table(int account, const char *org, const char *period)
{
    Pb__GetTableRequest request = PB__GET_TABLE_REQUEST__INIT;
    request.org = slice_text(org);
    request.period = slice_text(period);
    return slice_ok(account, "TableService/GetTable", &request.base, &pb__table__descriptor);
}

/* The rows of a table as a clerk would send them back; percent and text where none stands. */
HELPER Pb__SubmitTableRequest *
fill(const Pb__Table *t)
{
    Pb__SubmitTableRequest *request = arena_alloc(&slice_arena, sizeof *request);
    pb__submit_table_request__init(request);
    request->id = t->id;
    request->has_expected_version = 1;
    request->expected_version = t->version;
    request->rows = arena_array(&slice_arena, t->n_rows, sizeof(Pb__TableRow *));
    request->n_rows = t->n_rows;
    for (size_t i = 0; i < t->n_rows; i++) {
        Pb__TableRow *row = arena_alloc(&slice_arena, sizeof *row);
        pb__table_row__init(row);
        row->measure_ref = t->rows[i]->measure_ref;
        row->has_percent = 1;
        row->percent = t->rows[i]->has_percent ? t->rows[i]->percent : 30;
        row->narrative =
            t->rows[i]->narrative != NULL ? t->rows[i]->narrative : slice_text("已制定方案");
        request->rows[i] = row;
    }
    return request;
}

HELPER const Pb__SubmitTableReply *
submit(int account, const Pb__SubmitTableRequest *request)
{
    return slice_ok(account, "TableService/SubmitTable", &request->base,
                    &pb__submit_table_reply__descriptor);
}

HELPER const Pb__Status *
submit_refused(const Pb__SubmitTableRequest *request, enum status code, const char *reason)
{
    return slice_refused(UNIT1, "TableService/SubmitTable", &request->base, code, reason);
}

HELPER Pb__DecideTableRequest *
decisions(const Pb__Table *t, Pb__Verdict verdict)
{
    Pb__DecideTableRequest *request = arena_alloc(&slice_arena, sizeof *request);
    pb__decide_table_request__init(request);
    request->id = t->id;
    request->decisions = arena_array(&slice_arena, t->n_rows, sizeof(Pb__RowDecision *));
    request->n_decisions = t->n_rows;
    for (size_t i = 0; i < t->n_rows; i++) {
        Pb__RowDecision *d = arena_alloc(&slice_arena, sizeof *d);
        pb__row_decision__init(d);
        d->measure_ref = t->rows[i]->measure_ref;
        d->has_verdict = 1;
        d->verdict = verdict;
        request->decisions[i] = d;
    }
    return request;
}

/* A command on a whole table ("WithdrawTable") on the version seen; reason NULL: none. */
HELPER Pb__ChangeTableRequest
change(const Pb__Table *t, const char *reason)
{
    Pb__ChangeTableRequest r = PB__CHANGE_TABLE_REQUEST__INIT;
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    r.reason_code = reason == NULL ? NULL : slice_text("OTHER");
    r.reason = slice_text(reason);
    return r;
}

HELPER const Pb__Table *
change_ok(int account, const char *rpc, const Pb__Table *t, const char *reason)
{
    Pb__ChangeTableRequest r = change(t, reason);
    char *name = arena_printf(&slice_arena, "TableService/%s", rpc);
    return slice_ok(account, name, &r.base, &pb__table__descriptor);
}

HELPER const Pb__Status *
change_refused(int account, const char *rpc, const Pb__Table *t, const char *reason,
               enum status code, const char *why)
{
    Pb__ChangeTableRequest r = change(t, reason);
    char *name = arena_printf(&slice_arena, "TableService/%s", rpc);
    return slice_refused(account, name, &r.base, code, why);
}

/* All rows of a table accepted, claims with them. */
HELPER const Pb__DecideTableReply *
accept_all(const char *org, const char *period)
{
    Pb__DecideTableRequest *d = decisions(get_table(OFFICE1, org, period), PB__VERDICT__ACCEPTED);
    return slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                    &pb__decide_table_reply__descriptor);
}

/* Nothing new: handed in without a row. */
HELPER Pb__SubmitTableRequest
same_again(const Pb__Table *t)
{
    Pb__SubmitTableRequest r = PB__SUBMIT_TABLE_REQUEST__INIT;
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    r.has_unchanged = r.unchanged = 1;
    return r;
}

#endif
