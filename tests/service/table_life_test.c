/* The rest of a table's life: the second person, on paper too; withdrawal, nil, waiver, archive,
 * correction; a month without anything new; what may be done now. */
#include "tests/service/table_slice.h"

enum { REVIEWER1 = 41, REVIEWER_ONLY1 = 42 };

/* A second person of unit 1. */
static void
seat_reviewer(void)
{
    slice_seed_person(REVIEWER1, "reviewer1", 5, ROLE_PLEAD | ROLE_REVIEWER);
}

static void
begin(void)
{
    slice_job("OpenObligations");
    slice_sign_all();
}

static Pb__ConfirmTableRequest
confirmation(const Pb__Table *t)
{
    Pb__ConfirmTableRequest r = PB__CONFIRM_TABLE_REQUEST__INIT;
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    return r;
}

static const Pb__SubmitTableReply *
confirm_ok(int account, const Pb__ConfirmTableRequest *r)
{
    return slice_ok(account, "TableService/ConfirmTable", &r->base,
                    &pb__submit_table_reply__descriptor);
}

static long
unchanged_of(const char *ref)
{
    char *sql = arena_printf(&slice_arena,
                             "SELECT unchanged_periods FROM rectify.measure WHERE ref = '%s'", ref);
    return slice_count(sql);
}

/* ---- the second person ---- */

static void
the_reviewer_hands_in_what_the_filler_wrote(void **state)
{
    (void)state;
    begin();
    seat_reviewer();
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    char *files[] = {slice_text(photo)};
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    r->rows[1]->evidence = files;
    r->rows[1]->n_evidence = 1;
    r->rows[0]->has_ask_help = r->rows[0]->ask_help = 1;
    r->rows[0]->difficulty = slice_text("资金没有落实");
    const Pb__SubmitTableReply *s = submit(UNIT1, r);
    assert_string_equal(s->table->state, "CONFIRMING");
    assert_int_equal(s->consultations, 0);
    assert_null(s->table->receipt); /* not handed in */
    /* Nothing was given yet. */
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "IN_PROGRESS");
    assert_false(slice_measure(UNIT1, "P-01-M-01")->measure->has_percent);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.matter"), 0);
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    slice_refused(OFFICE1, "TableService/DecideTable", &d->base, STATUS_FAILED_PRECONDITION,
                  "STATE_FORBIDS");
    const Pb__Table *t = get_table(REVIEWER1, NULL, "2026-11");
    assert_int_equal(t->rows[1]->n_evidence, 1);
    Pb__ConfirmTableRequest c = confirmation(t);
    slice_refused(UNIT1, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "SAME_PERSON");
    slice_refused(UNIT2, "TableService/ConfirmTable", &c.base, STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    slice_refused(OFFICE1, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "BEHALF_NEEDED");
    c.content_hash = slice_text("00");
    slice_refused(REVIEWER1, "TableService/ConfirmTable", &c.base, STATUS_FAILED_PRECONDITION,
                  "HASH_DIFFERS");
    c.content_hash = t->content_hash;
    s = confirm_ok(REVIEWER1, &c);
    assert_string_equal(s->table->state, "SUBMITTED");
    assert_string_equal(s->table->confirmation, "ACCOUNT");
    assert_string_equal(s->table->filled_by, "unit1");
    assert_string_equal(s->table->reviewed_by, "reviewer1");
    assert_non_null(s->table->receipt);
    assert_int_equal(s->claims, 1);
    assert_int_equal(s->consultations, 1);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "COMPLETE_CLAIMED");
    assert_int_equal(slice_measure(UNIT1, "P-01-M-01")->measure->percent, 30);
    slice_refused(REVIEWER1, "TableService/ConfirmTable", &c.base, STATUS_ABORTED, "STALE_VERSION");
}

static void
another_account_without_the_seat_does_not_confirm(void **state)
{
    (void)state;
    begin();
    seat_reviewer();
    slice_seed_person(REVIEWER_ONLY1, "colleague1", 5, ROLE_PLEAD);
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    Pb__ConfirmTableRequest c = confirmation(get_table(UNIT1, NULL, "2026-11"));
    slice_refused(REVIEWER_ONLY1, "TableService/ConfirmTable", &c.base, STATUS_PERMISSION_DENIED,
                  "REVIEWER_ONLY");
}

/* What waits to be confirmed is not yet handed in: it can be missed, and comes late. */
static void
late_is_when_it_was_confirmed(void **state)
{
    (void)state;
    begin();
    seat_reviewer();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    slice_day("2026-11-26");
    const Pb__Table *t = get_table(REVIEWER1, NULL, "2026-11");
    assert_true(t->missed);
    assert_false(t->late);
    Pb__ConfirmTableRequest c = confirmation(t);
    assert_true(confirm_ok(REVIEWER1, &c)->table->late);
}

static void
the_reviewer_gives_it_back(void **state)
{
    (void)state;
    begin();
    seat_reviewer();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    const Pb__Table *t = get_table(REVIEWER1, NULL, "2026-11");
    change_refused(REVIEWER1, "WithdrawTable", t, NULL, STATUS_INVALID_ARGUMENT, "REASON_CODE");
    t = change_ok(REVIEWER1, "WithdrawTable", t, "第 2 行写得太空");
    assert_string_equal(t->state, "DRAFT");
    assert_string_equal(t->reason, "OTHER 第 2 行写得太空");
    t = get_table(UNIT1, NULL, "2026-11");
    assert_string_equal(t->rows[1]->narrative, "已制定方案"); /* nothing is typed again */
    assert_string_equal(submit(UNIT1, fill(t))->table->state, "CONFIRMING");
}

static void
paper_bears_the_hash_and_the_office_checks_it(void **state)
{
    (void)state;
    begin();
    Pb__SetConfirmationRequest always = PB__SET_CONFIRMATION_REQUEST__INIT;
    always.org = slice_text("unit01");
    always.mode = slice_text("ALWAYS");
    slice_refused(UNIT1, "TableService/SetConfirmation", &always.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    slice_ok(OFFICE1, "TableService/SetConfirmation", &always.base,
             &pb__set_confirmation_reply__descriptor);
    assert_string_equal(submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")))->table->state,
                        "CONFIRMING");
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(strlen(t->content_hash), 64);
    Pb__ConfirmTableRequest c = confirmation(t);
    c.paper_evidence = slice_text(slice_file(202, 6, PB__EVIDENCE_KIND__OTHER)); /* unit 2's */
    c.content_hash = t->content_hash;
    slice_refused(UNIT1, "TableService/ConfirmTable", &c.base, STATUS_NOT_FOUND, "SCAN_UNKNOWN");
    c.paper_evidence = slice_text(slice_file(203, 5, PB__EVIDENCE_KIND__OTHER));
    c.content_hash = NULL;
    slice_refused(UNIT1, "TableService/ConfirmTable", &c.base, STATUS_INVALID_ARGUMENT,
                  "HASH_MISSING");
    char *wrong = arena_strdup(&slice_arena, t->content_hash);
    wrong[0] = wrong[0] == '0' ? '1' : '0';
    c.content_hash = wrong;
    const Pb__Status *refused = slice_refused(UNIT1, "TableService/ConfirmTable", &c.base,
                                              STATUS_FAILED_PRECONDITION, "HASH_DIFFERS");
    assert_non_null(strstr(refused->message, wrong)); /* both are named */
    assert_non_null(strstr(refused->message, t->content_hash));
    /* Copied from paper: groups of four, capitals. */
    c.content_hash = arena_printf(&slice_arena, "%.4s %.4s-%s", t->content_hash,
                                  t->content_hash + 4, t->content_hash + 8);
    const Pb__SubmitTableReply *s = confirm_ok(UNIT1, &c);
    assert_string_equal(s->table->confirmation, "PAPER");
    assert_string_equal(s->table->paper_hash, t->content_hash);
    assert_null(s->table->reviewed_by);
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    slice_refused(OFFICE1, "TableService/DecideTable", &d->base, STATUS_FAILED_PRECONDITION,
                  "PAPER_UNCHECKED");
    d->has_paper_checked = d->paper_checked = 1;
    const Pb__DecideTableReply *reply = slice_ok(OFFICE1, "TableService/DecideTable", &d->base,
                                                 &pb__decide_table_reply__descriptor);
    assert_true(reply->table->paper_checked);
    assert_string_equal(reply->table->state, "ACCEPTED");
}

/* ---- withdrawal ---- */

static void
a_withdrawn_table_leaves_no_trace_in_its_measures(void **state)
{
    (void)state;
    begin();
    char *files[] = {slice_text(slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO))};
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-10")));
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[0]->percent = 80; /* a slip of the pen */
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    r->rows[1]->evidence = files;
    r->rows[1]->n_evidence = 1;
    const Pb__Table *t = submit(UNIT1, r)->table;
    assert_int_equal(unchanged_of("P-01-M-03"), 1);
    change_refused(UNIT2, "WithdrawTable", t, "x", STATUS_NOT_FOUND, "TABLE_UNKNOWN");
    t = change_ok(UNIT1, "WithdrawTable", t, "百分比写错了");
    assert_string_equal(t->state, "DRAFT");
    assert_false(t->late);
    assert_null(t->receipt);
    assert_int_equal(slice_measure(UNIT1, "P-01-M-01")->measure->percent, 30);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "IN_PROGRESS");
    assert_int_equal(unchanged_of("P-01-M-03"), 0);
    /* Again, with the right number: 30 is no fall now, and the month counts once. */
    t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->rows[0]->percent, 80);
    r = fill(t);
    r->rows[0]->percent = 30;
    r->rows[1]->has_claim = 1;
    r->rows[1]->claim = PB__CLAIM__CLAIM_COMPLETE;
    assert_int_equal(submit(UNIT1, r)->claims, 1);
    assert_int_equal(unchanged_of("P-01-M-03"), 1);
    assert_string_equal(slice_measure(UNIT1, "P-01-M-02")->measure->state, "COMPLETE_CLAIMED");
}

static void
what_is_judged_is_not_withdrawn(void **state)
{
    (void)state;
    begin();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-11"), PB__VERDICT__ACCEPTED);
    d->n_decisions = 1;
    slice_ok(OFFICE1, "TableService/DecideTable", &d->base, &pb__decide_table_reply__descriptor);
    change_refused(UNIT1, "WithdrawTable", get_table(UNIT1, NULL, "2026-11"), "改",
                   STATUS_FAILED_PRECONDITION, "JUDGED_ALREADY");
}

/* ---- nothing to tell ---- */

static void
nil_has_a_reason_and_may_come_back(void **state)
{
    (void)state;
    begin();
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    change_refused(UNIT1, "ReportNil", t, NULL, STATUS_INVALID_ARGUMENT, "REASON_CODE");
    change_refused(OFFICE1, "ReportNil", t, "x", STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    t = change_ok(UNIT1, "ReportNil", t, "等待上级批复，本月没有进展");
    assert_string_equal(t->state, "NIL");
    assert_false(t->missed);
    assert_non_null(t->receipt);
    assert_int_equal(unchanged_of("P-01-M-01"), 1);
    change_refused(UNIT1, "ReturnNil", t, "x", STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    t = change_ok(OFFICE1, "ReturnNil", t, "批复已经下来，请填报");
    assert_string_equal(t->state, "RETURNED");
    t = get_table(UNIT1, NULL, "2026-11");
    assert_int_equal(t->n_rows, 3);
    submit(UNIT1, fill(t));
    assert_int_equal(unchanged_of("P-01-M-01"), 0); /* there was something to tell */
    change_refused(OFFICE1, "ReturnNil", get_table(OFFICE1, "unit01", "2026-11"), "x",
                   STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
}

static void
the_office_waives(void **state)
{
    (void)state;
    begin();
    const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-10");
    assert_true(t->missed);
    change_refused(UNIT1, "WaiveTable", t, "x", STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    t = change_ok(OFFICE1, "WaiveTable", t, "方案 11 月才交办");
    assert_string_equal(t->state, "WAIVED");
    assert_false(t->missed);
    submit_refused(fill(get_table(UNIT1, NULL, "2026-10")), STATUS_FAILED_PRECONDITION,
                   "STATE_FORBIDS");
}

static void
two_unchanged_months_are_stalled(void **state)
{
    (void)state;
    begin();
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-10");
    Pb__SubmitTableRequest same = same_again(t);
    /* What was never reported has to be written. */
    submit_refused(&same, STATUS_INVALID_ARGUMENT, "ROW_NEEDS_WRITING");
    submit(UNIT1, fill(t));
    const char *const periods[] = {"2026-11", "2026-12"};
    const char *const days[] = {"2026-11-10", "2026-12-10"};
    for (int i = 0; i < 2; i++) {
        slice_day(days[i]);
        slice_job("OpenObligations");
        same = same_again(get_table(UNIT1, NULL, periods[i]));
        const Pb__SubmitTableReply *s = submit(UNIT1, &same);
        assert_int_equal(s->unchanged, 3);
        t = get_table(UNIT1, NULL, periods[i]);
        assert_true(t->rows[0]->unchanged);
        assert_int_equal(t->rows[0]->stalled, i == 1);
    }
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    list.period = slice_text("2026-12");
    list.has_stalled = list.stalled = 1;
    const Pb__ListTablesReply *l = slice_ok(OFFICE1, "TableService/ListTables", &list.base,
                                            &pb__list_tables_reply__descriptor);
    assert_int_equal(l->n_tables, 1);
    assert_int_equal(l->tables[0]->rows_stalled, 3);
    /* A returned row is not answered by "nothing new". */
    Pb__DecideTableRequest *d =
        decisions(get_table(OFFICE1, "unit01", "2026-12"), PB__VERDICT__RETURNED);
    d->n_decisions = 1;
    d->decisions[0]->reason_code = slice_text("NARRATIVE_THIN");
    d->decisions[0]->reason = slice_text("请写具体");
    slice_ok(OFFICE1, "TableService/DecideTable", &d->base, &pb__decide_table_reply__descriptor);
    same = same_again(get_table(UNIT1, NULL, "2026-12"));
    submit_refused(&same, STATUS_INVALID_ARGUMENT, "ROW_NEEDS_WRITING");
}

/* One row has news, the others are carried. */
static void
some_rows_may_be_unchanged(void **state)
{
    (void)state;
    begin();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-10")));
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->n_rows = 1;
    r->rows[0]->narrative = slice_text("开会 3 次");
    r->has_unchanged = r->unchanged = 1;
    assert_int_equal(submit(UNIT1, r)->unchanged, 2);
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_false(t->rows[0]->unchanged);
    assert_true(t->rows[2]->unchanged);
}

/* ---- archive and correction ---- */

static const Pb__Table *
correct(int account, const Pb__Table *t, const char *ref, enum status code, const char *why)
{
    Pb__CorrectTableRequest r = PB__CORRECT_TABLE_REQUEST__INIT;
    char *refs[] = {slice_text(ref)};
    r.id = t->id;
    r.has_expected_version = 1;
    r.expected_version = t->version;
    r.measure_refs = refs;
    r.n_measure_refs = ref == NULL ? 0 : 1;
    r.reason_code = slice_text("OTHER");
    r.reason = slice_text("数字抄错");
    if (why != NULL) {
        slice_refused(account, "TableService/CorrectTable", &r.base, code, why);
        return NULL;
    }
    return slice_ok(account, "TableService/CorrectTable", &r.base, &pb__table__descriptor);
}

static const Pb__Table *
get_version(const char *period, int64_t version)
{
    Pb__GetTableRequest r = PB__GET_TABLE_REQUEST__INIT;
    r.period = slice_text(period);
    r.has_version = 1;
    r.version = version;
    return slice_ok(UNIT1, "TableService/GetTable", &r.base, &pb__table__descriptor);
}

static void
a_correction_is_a_new_edition(void **state)
{
    (void)state;
    begin();
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-10")));
    const Pb__Table *t = accept_all("unit01", "2026-10")->table;
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    t = accept_all("unit01", "2026-11")->table;
    change_refused(OFFICE1, "LockTable", t, NULL, STATUS_FAILED_PRECONDITION, "PERIOD_NOT_CLOSED");
    correct(UNIT1, t, "P-01-M-01", STATUS_FAILED_PRECONDITION, "STATE_FORBIDS");
    assert_int_equal(slice_job("LockTables")->changed, 1); /* October has ended */
    assert_int_equal(slice_job("LockTables")->changed, 0);
    t = get_table(UNIT1, NULL, "2026-10");
    assert_string_equal(t->state, "LOCKED");
    int64_t told = t->version;
    correct(UNIT1, t, NULL, STATUS_INVALID_ARGUMENT, "NO_ROW");
    correct(UNIT1, t, "P-02-M-01", STATUS_INVALID_ARGUMENT, "NOT_IN_TABLE");
    correct(OFFICE1, t, "P-01-M-01", STATUS_PERMISSION_DENIED, "BEHALF_NEEDED");
    t = correct(UNIT1, t, "P-01-M-01", STATUS_OK, NULL);
    assert_string_equal(t->state, "DRAFT");
    assert_int_equal(t->edition, 2);
    assert_false(t->missed);
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-10"));
    r->rows[0]->percent = 10;
    r->rows[1]->percent = 99; /* stays accepted as it was */
    submit(UNIT1, r);
    t = get_table(UNIT1, NULL, "2026-10");
    assert_int_equal(t->rows[0]->percent, 10);
    assert_int_equal(t->rows[1]->percent, 30);
    /* November has spoken since: the measure stays as it was told there. */
    assert_int_equal(slice_measure(UNIT1, "P-01-M-01")->measure->percent, 30);
    /* What was told stays readable. */
    const Pb__Table *former = get_version("2026-10", told);
    assert_string_equal(former->state, "LOCKED");
    assert_int_equal(former->edition, 1);
    assert_int_equal(former->rows[0]->percent, 30);
    assert_int_equal(former->rows_accepted, 3);
    assert_true(t->n_versions >= 5);
    assert_int_equal(t->versions[0]->version, 0);
    assert_string_equal(t->versions[0]->account, "SYS");
    Pb__GetTableRequest none = PB__GET_TABLE_REQUEST__INIT;
    none.period = slice_text("2026-10");
    none.has_version = 1;
    none.version = 99;
    slice_refused(UNIT1, "TableService/GetTable", &none.base, STATUS_NOT_FOUND, "VERSION_UNKNOWN");
    /* The corrected row is judged as every other. */
    accept_all("unit01", "2026-10");
    slice_job("LockTables");
    assert_string_equal(get_table(UNIT1, NULL, "2026-10")->state, "LOCKED");
}

/* An older month handed in late says nothing new of the measure. */
static void
an_older_month_does_not_overwrite_a_newer_one(void **state)
{
    (void)state;
    begin();
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[0]->percent = 70;
    submit(UNIT1, r);
    r = fill(get_table(UNIT1, NULL, "2026-10"));
    r->rows[0]->percent = 20;
    r->rows[0]->narrative = slice_text("十月的情况");
    submit(UNIT1, r);
    assert_int_equal(slice_measure(UNIT1, "P-01-M-01")->measure->percent, 70);
    assert_int_equal(get_table(UNIT1, NULL, "2026-10")->rows[0]->percent, 20);
}

/* ---- a later date is wished for ---- */

static const Pb__Table *
submit_again_after_withdrawal(void)
{
    change_ok(UNIT1, "WithdrawTable", get_table(UNIT1, NULL, "2026-11"), "补充一句");
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    Pb__SubmitTableRequest *r = fill(t);
    r->rows[0]->extension_due = t->rows[0]->extension_due;
    r->rows[0]->extension_reason = t->rows[0]->extension_reason;
    return submit(UNIT1, r)->table;
}

static void
an_extension_after_its_day_is_late(void **state)
{
    (void)state;
    begin();
    slice_day("2026-11-22"); /* the effect was due on the 20th */
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[0]->extension_due = slice_text("2026-12-05");
    r->rows[0]->extension_reason = slice_text("招标流标，需要重新招标");
    r->rows[2]->has_ask_help = r->rows[2]->ask_help = 1;
    r->rows[2]->difficulty = slice_text("资金没有落实");
    submit(UNIT1, r);
    assert_int_equal(slice_count("SELECT late_days FROM rectify.matter WHERE kind = 'extension'"
                                 " AND late AND ref = 'YQ-0001'"),
                     2);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.matter"
                                 " WHERE kind = 'consultation'"),
                     1);
}

static void
a_wish_for_a_later_date_is_kept(void **state)
{
    (void)state;
    begin();
    Pb__SubmitTableRequest *r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[0]->extension_due = slice_text("2026-12-20");
    submit_refused(r, STATUS_INVALID_ARGUMENT, "EXTENSION_REASON_MISSING");
    r->rows[0]->extension_reason = slice_text("招标流标，需要重新招标");
    r->rows[0]->extension_due = slice_text("2026-11-20"); /* is the date in force */
    submit_refused(r, STATUS_INVALID_ARGUMENT, "NEW_DATE_NOT_LATER");
    r->rows[0]->extension_due = slice_text("2026-13-20");
    submit_refused(r, STATUS_INVALID_ARGUMENT, "BAD_DATE");
    r->rows[0]->extension_due = slice_text("2026-12-20");
    assert_int_equal(submit(UNIT1, r)->extension_requests, 1);
    const Pb__Table *t = get_table(OFFICE1, "unit01", "2026-11");
    assert_string_equal(t->rows[0]->extension_due, "2026-12-20");
    assert_int_equal(t->rows[0]->extension_milestone, PB__MILESTONE_KIND__EFFECT);
    /* The office has it on its desk, by the extension's own machine. */
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.matter WHERE kind = 'extension'"
                                 " AND state = 'SUBMITTED' AND milestone = 1 AND NOT late"
                                 " AND new_due = '2026-12-20' AND level = 2"),
                     1);
    /* Taken back and handed in again, the same wish is not given twice. */
    t = submit_again_after_withdrawal();
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.matter"), 1);
    /* Another one, while the first waits, is refused. */
    t = change_ok(UNIT1, "WithdrawTable", t, "再改");
    r = fill(get_table(UNIT1, NULL, "2026-11"));
    r->rows[0]->extension_due = slice_text("2026-12-25");
    r->rows[0]->extension_reason = slice_text("招标流标");
    submit_refused(r, STATUS_FAILED_PRECONDITION, "EXTENSION_OPEN");
}

/* ---- what may be done now ---- */

static bool
may(int account, const char *period, const char *command, const char *why)
{
    Pb__GetTableRequest r = PB__GET_TABLE_REQUEST__INIT;
    r.org = slice_text("unit01");
    r.period = slice_text(period);
    const Pb__AllowedCommandsReply *a = slice_ok(account, "TableService/AllowedCommands", &r.base,
                                                 &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < a->n_commands; i++) {
        if (strcmp(a->commands[i]->command, command) == 0) {
            if (why != NULL) {
                assert_string_equal(a->commands[i]->reason, why);
                assert_non_null(strstr(a->commands[i]->message, "。"));
            }
            return a->commands[i]->allowed;
        }
    }
    fail_msg("no command %s", command);
    return false;
}

static bool
row_may(int account, const Pb__Table *t, const char *command, const char *state)
{
    Pb__AllowedRowRequest r = PB__ALLOWED_ROW_REQUEST__INIT;
    r.id = t->id;
    r.measure_ref = slice_text("P-01-M-01");
    const Pb__AllowedCommandsReply *a = slice_ok(account, "TableService/AllowedRowCommands",
                                                 &r.base, &pb__allowed_commands_reply__descriptor);
    assert_string_equal(a->state, state);
    for (size_t i = 0; i < a->n_commands; i++) {
        if (strcmp(a->commands[i]->command, command) == 0) {
            return a->commands[i]->allowed;
        }
    }
    fail_msg("no command %s", command);
    return false;
}

static void
allowed_commands_say_why_not(void **state)
{
    (void)state;
    begin();
    seat_reviewer();
    assert_true(may(UNIT1, "2026-11", "submit", NULL));
    assert_false(may(UNIT1, "2026-11", "nil", "REVIEWER_ONLY"));
    assert_true(may(REVIEWER1, "2026-11", "nil", NULL));
    assert_false(may(OFFICE1, "2026-11", "submit", "BEHALF_NEEDED"));
    assert_true(may(OFFICE1, "2026-11", "waive", NULL));
    assert_false(may(UNIT1, "2026-11", "waive", "ROLE_FORBIDS"));
    assert_false(may(UNIT1, "2026-11", "withdraw", "STATE_FORBIDS"));
    submit(UNIT1, fill(get_table(UNIT1, NULL, "2026-11")));
    assert_false(may(UNIT1, "2026-11", "countersign", "SAME_PERSON"));
    assert_true(may(REVIEWER1, "2026-11", "countersign", NULL));
    assert_true(may(UNIT1, "2026-11", "withdraw", NULL));
    const Pb__Table *t = get_table(UNIT1, NULL, "2026-11");
    assert_false(row_may(UNIT1, t, "fill", "DRAFT"));
    Pb__ConfirmTableRequest c = confirmation(t);
    confirm_ok(REVIEWER1, &c);
    assert_true(row_may(OFFICE1, t, "accept", "SUBMITTED"));
    assert_false(row_may(UNIT1, t, "accept", "SUBMITTED"));
    assert_true(may(OFFICE1, "2026-11", "accept", NULL)); /* by the verdicts on its rows */
    accept_all("unit01", "2026-11");
    assert_false(may(UNIT1, "2026-11", "withdraw", "STATE_FORBIDS"));
    assert_false(row_may(UNIT1, t, "correct", "ACCEPTED"));
    Pb__AllowedRowRequest r = PB__ALLOWED_ROW_REQUEST__INIT;
    r.id = t->id;
    r.measure_ref = slice_text("P-02-M-01");
    slice_refused(UNIT1, "TableService/AllowedRowCommands", &r.base, STATUS_NOT_FOUND,
                  "ROW_UNKNOWN");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, slice_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_reviewer_hands_in_what_the_filler_wrote),
        TEST(another_account_without_the_seat_does_not_confirm),
        TEST(late_is_when_it_was_confirmed),
        TEST(the_reviewer_gives_it_back),
        TEST(paper_bears_the_hash_and_the_office_checks_it),
        TEST(a_withdrawn_table_leaves_no_trace_in_its_measures),
        TEST(what_is_judged_is_not_withdrawn),
        TEST(nil_has_a_reason_and_may_come_back),
        TEST(the_office_waives),
        TEST(two_unchanged_months_are_stalled),
        TEST(some_rows_may_be_unchanged),
        TEST(a_correction_is_a_new_edition),
        TEST(an_older_month_does_not_overwrite_a_newer_one),
        TEST(a_wish_for_a_later_date_is_kept),
        TEST(an_extension_after_its_day_is_late),
        TEST(allowed_commands_say_why_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
