/* Steps of the tests about outcomes, in the small district of slice.h. */
#ifndef TESTS_SERVICE_OUTCOME_STEPS_H
#define TESTS_SERVICE_OUTCOME_STEPS_H

#include "rectify/v1/outcome.pb-c.h"
#include "tests/service/slice.h"

/* What is said of an outcome; a day of NULL is today's slice day, 2026-11-10. */
struct said {
    Pb__OutcomeKind kind;
    int64_t amount;
    const char *word;
    const char *day;
    const char *file; /* id; NULL: none */
};

HELPER const Pb__CallReply *
outcome_record(int account, const char *measure, struct said said)
{
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    Pb__RecordOutcomeRequest r = PB__RECORD_OUTCOME_REQUEST__INIT;
    char *files[] = {slice_text(said.file)};
    in.has_kind = said.kind != 0;
    in.kind = said.kind;
    in.has_amount = 1;
    in.amount = said.amount;
    in.word = slice_text(said.word);
    in.title = slice_text("样例：完善采购管理制度");
    in.happened_on = slice_text(said.day == NULL ? "2026-11-09" : said.day);
    in.evidence = files;
    in.n_evidence = said.file == NULL ? 0 : 1;
    r.measure_ref = slice_text(measure);
    r.input = &in;
    return slice_call(account, "OutcomeService/RecordOutcome", &r.base);
}

/* The amount alone is said anew. */
HELPER const Pb__CallReply *
outcome_correct(int account, const char *ref, int64_t amount, const char *reason)
{
    Pb__OutcomeInput in = PB__OUTCOME_INPUT__INIT;
    Pb__CorrectOutcomeRequest r = PB__CORRECT_OUTCOME_REQUEST__INIT;
    in.has_amount = amount != 0;
    in.amount = amount;
    r.ref = slice_text(ref);
    r.input = &in;
    r.reason = slice_text(reason);
    return slice_call(account, "OutcomeService/CorrectOutcome", &r.base);
}

HELPER const Pb__CallReply *
outcome_withdraw(int account, const char *ref, const char *reason)
{
    Pb__WithdrawOutcomeRequest r = PB__WITHDRAW_OUTCOME_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.reason = slice_text(reason);
    return slice_call(account, "OutcomeService/WithdrawOutcome", &r.base);
}

/* Confirms with a reason of NULL, returns with one. */
HELPER const Pb__CallReply *
outcome_judge(int account, const char *ref, const char *reason)
{
    Pb__DecideOutcomeRequest r = PB__DECIDE_OUTCOME_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.has_verdict = 1;
    r.verdict = reason == NULL ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED;
    r.reason_code = reason == NULL ? NULL : slice_text("EVIDENCE_WEAK");
    r.reason = slice_text(reason);
    return slice_call(account, "OutcomeService/DecideOutcome", &r.base);
}

HELPER const Pb__GetOutcomeReply *
outcome_get(int account, const char *ref)
{
    Pb__GetOutcomeRequest r = PB__GET_OUTCOME_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_ok(account, "OutcomeService/GetOutcome", &r.base,
                    &pb__get_outcome_reply__descriptor);
}

HELPER const Pb__GetOutcomeTotalsReply *
outcome_totals_of(int account, const char *inspection, const char *as_of)
{
    Pb__GetOutcomeTotalsRequest r = PB__GET_OUTCOME_TOTALS_REQUEST__INIT;
    r.inspection = slice_text(inspection);
    r.as_of = slice_text(as_of);
    r.has_by_unit = r.by_unit = 1;
    return slice_ok(account, "OutcomeService/GetOutcomeTotals", &r.base,
                    &pb__get_outcome_totals_reply__descriptor);
}

/* How many the list of a kind, word, unit and state has, read in pages of two. */
HELPER int
outcome_list_length(int account, const Pb__OutcomeTotal *t, const char *state, const char *as_of)
{
    Pb__ListOutcomesRequest r = PB__LIST_OUTCOMES_REQUEST__INIT;
    Pb__OutcomeKind kinds[] = {t->kind};
    int n = 0;
    const Pb__ListOutcomesReply *page = NULL;
    r.kinds = kinds;
    r.n_kinds = 1;
    r.word = t->word;
    r.unit = t->unit;
    r.state = slice_text(state);
    r.as_of = slice_text(as_of);
    r.has_limit = 1;
    r.limit = 2;
    do {
        page = slice_ok(account, "OutcomeService/ListOutcomes", &r.base,
                        &pb__list_outcomes_reply__descriptor);
        n += (int)page->n_outcomes;
        if (page->n_outcomes > 0) {
            r.after = page->outcomes[page->n_outcomes - 1]->ref;
        }
    } while (page->more);
    return n;
}

#endif
