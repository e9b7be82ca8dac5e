/* Talks, rounds, instructions, opinions, clues through the door; what one body alone may read. */
#include "tests/service/matter.h"

#include <libpq-fe.h>

static const char secret_words[] = "样例谈话内容：某同志表态整改。";

/* ---- private texts ---- */

/* How many private texts the server's own role sees under a scope. */
static long
seen(const char *all, const char *orgs)
{
    PGconn *app = PQconnectdb(test_db_conninfo("rectify_app"));
    const char *scope[] = {all, orgs};
    PGresult *r = PQexecParams(app,
                               "SELECT set_config('rectify.tenant', '1', false),"
                               " set_config('rectify.all', $1, false),"
                               " set_config('rectify.orgs', $2, false),"
                               " set_config('rectify.account', '', false)",
                               2, NULL, scope, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    PQclear(r);
    r = PQexec(app, "SELECT count(*) FROM rectify.matter_private");
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    long n = strtol(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(app);
    return n;
}

static const char *
orgs_of(int org)
{
    return arena_printf(&slice_arena, "{%s}", slice_id(org));
}

/* Every readable table of the schema but the private one, as text: nowhere may the words stand. */
static void
nowhere_in_clear(const char *words)
{
    char n[64];
    test_db_query("postgres",
                  arena_printf(&slice_arena,
                               "SELECT count(*) FROM rectify.event WHERE position("
                               "convert_to('%s', 'UTF8') IN body) > 0",
                               words),
                  n, sizeof n);
    assert_string_equal(n, "0");
    static const char *const tables[] = {"matter",      "matter_version", "event_change",
                                         "matter_task", "matter_sample",  "measure",
                                         "alert",       "setting"};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        test_db_query("postgres",
                      arena_printf(&slice_arena,
                                   "SELECT count(*) FROM rectify.%s x WHERE x::text LIKE '%%%s%%'",
                                   tables[i], words),
                      n, sizeof n);
        assert_string_equal(n, "0");
    }
    test_db_query("postgres",
                  arena_printf(&slice_arena,
                               "SELECT count(*) FROM rectify.idempotency WHERE position("
                               "convert_to('%s', 'UTF8') IN reply) > 0",
                               words),
                  n, sizeof n);
    assert_string_equal(n, "0");
}

static void
record_a_talk(void)
{
    Pb__MatterInput *in = matter_in();
    in->measure_ref = slice_text("P-01-M-01");
    in->text = slice_text("进展长期停滞。");
    matter_done(matter_open(OFFICE1, "talk", NULL), "PROPOSED");
    matter_hidden(UNIT1, "YT-0001");
    slice_expect(matter_act(OFFICE1, "YT-0001", "approve"), STATUS_PERMISSION_DENIED,
                 "ROLE_FORBIDS");
    slice_expect(matter_act(DISC, "YT-0001", "approve"), STATUS_INVALID_ARGUMENT, "FIELD_MISSING");
    matter_in()->scheduled_on = slice_text("2026-11-12");
    const Pb__Matter *m = matter_done(matter_act(ORGD, "YT-0001", "approve"), "APPROVED");
    assert_string_equal(m->holder, "orgd"); /* who approves it holds it */
    slice_expect(matter_act(DISC, "YT-0001", "hold"), STATUS_FAILED_PRECONDITION,
                 "NOT_HOLDING_BODY");
    assert_string_equal(matter_why_not(DISC, "YT-0001", "hold"), "NOT_HOLDING_BODY");
    matter_done(matter_act(ORGD, "YT-0001", "hold"), "HELD");
    slice_expect(matter_act(ORGD, "YT-0001", "record"), STATUS_INVALID_ARGUMENT, "FIELD_MISSING");
    matter_in()->contents = slice_text(secret_words);
    matter_done(matter_act(ORGD, "YT-0001", "record"), "RECORDED");
}

static void
talk_contents_are_the_holders_alone(void **state)
{
    (void)state;
    slice_sign_all();
    record_a_talk();
    const Pb__GetMatterReply *g = matter_get(ORGD, "YT-0001");
    assert_int_equal(g->n_private_texts, 1);
    assert_string_equal(g->private_texts[0]->text, secret_words);
    static const int others[] = {OFFICE1, LGROUP1, DISC, AUDITOR};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        g = matter_get(others[i], "YT-0001");
        assert_int_equal(g->n_private_texts, 0);
        assert_string_equal(g->matter->state, "RECORDED");
        assert_int_equal(strlen(g->matter->private_sha256), 64);
    }
    assert_int_equal(matter_get(UNIT1, "YT-0001")->n_private_texts, 0);
    matter_hidden(LEADER1, "YT-0001"); /* a talk is about people: no one else's */
    matter_hidden(UNIT2, "YT-0001");
    /* The database itself: whatever the code asks for, under whatever scope. */
    for (int org = 1; org <= 8; org++) {
        assert_int_equal(seen("", orgs_of(org)), org == 8);
        assert_int_equal(seen("1", orgs_of(org)), org == 8);
    }
    assert_int_equal(seen("1", ""), 0);
    nowhere_in_clear("某同志表态整改");
    /* Why it was referred is private too; the log has its code. */
    matter_in();
    matter_reason("OTHER", "样例移交缘由。");
    matter_done(matter_act(ORGD, "YT-0001", "refer"), "REFERRED");
    g = matter_get(OFFICE1, "YT-0001");
    assert_null(g->matter->reason);
    assert_string_equal(g->history[g->n_history - 1]->reason, "OTHER");
    nowhere_in_clear("样例移交缘由");
    assert_int_equal(matter_get(ORGD, "YT-0001")->n_private_texts, 2);
}

/* The hash in the record is the text's, with the salt the reader gets. */
static void
the_hash_is_the_texts(void **state)
{
    (void)state;
    slice_sign_all();
    record_a_talk();
    const Pb__GetMatterReply *g = matter_get(ORGD, "YT-0001");
    char hex[128];
    test_db_query("postgres",
                  arena_printf(&slice_arena,
                               "SELECT encode(sha256(convert_to('%s' || chr(10) || '%s', 'UTF8')),"
                               " 'hex')",
                               g->private_texts[0]->salt, secret_words),
                  hex, sizeof hex);
    assert_string_equal(g->matter->private_sha256, hex);
    matter_in()->contents = slice_text("秘密★ 样例");
    slice_expect(matter_act(ORGD, "YT-0001", "record"), STATUS_FAILED_PRECONDITION, "SECRET_MARK");
    slice_expect(matter_act(ORGD, "YT-0001", "finish"), STATUS_OK, NULL);
}

static void
senders_stay_unknown_to_units(void **state)
{
    (void)state;
    Pb__MatterInput *in = matter_in();
    in->text = slice_text("路灯不亮。");
    in->origin = slice_text("PIGEON");
    in->sender = slice_text("样例来电人");
    slice_expect(matter_open(OFFICE1, "opinion", NULL), STATUS_INVALID_ARGUMENT, "ORIGIN_UNKNOWN");
    in->origin = slice_text("PHONE");
    slice_expect(matter_open(UNIT1, "opinion", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    matter_done(matter_open(OFFICE1, "opinion", NULL), "RECEIVED");
    matter_hidden(UNIT1, "YJ-0001");
    slice_expect(matter_act(OFFICE1, "YJ-0001", "assign"), STATUS_INVALID_ARGUMENT,
                 "ADDRESSEE_OR_DUE_MISSING");
    matter_in()->unit = slice_text("unit01");
    matter_input.due = slice_text("2026-11-20");
    matter_done(matter_act(OFFICE1, "YJ-0001", "assign"), "ASSIGNED");
    const Pb__GetMatterReply *g = matter_get(UNIT1, "YJ-0001");
    assert_int_equal(g->n_private_texts, 0);
    assert_string_equal(g->matter->text, "路灯不亮。");
    assert_int_equal(matter_mine(UNIT1), 1);
    assert_int_equal(seen("", orgs_of(5)), 0);
    assert_int_equal(seen("1", orgs_of(7)), 0);
    g = matter_get(OFFICE2, "YJ-0001");
    assert_string_equal(g->private_texts[0]->text, "样例来电人");
    assert_string_equal(g->private_texts[0]->part, "SENDER");
    nowhere_in_clear("样例来电人");
    matter_in();
    matter_reason("WRONG_SCOPE", "不属本单位。");
    matter_done(matter_act(UNIT1, "YJ-0001", "return"), "RECEIVED");
    matter_in()->unit = slice_text("unit02");
    matter_input.due = slice_text("2026-11-20");
    matter_done(matter_act(OFFICE1, "YJ-0001", "assign"), "ASSIGNED");
    matter_in()->answer = slice_text("已修复。");
    slice_expect(matter_act(UNIT1, "YJ-0001", "answer"), STATUS_NOT_FOUND, "MATTER_UNKNOWN");
    matter_in()->answer = slice_text("已修复。");
    matter_done(matter_act(UNIT2, "YJ-0001", "answer"), "ANSWERED");
}

/* ---- instruction ---- */

static void
an_instruction_is_tracked(void **state)
{
    (void)state;
    Pb__MatterInput *in = matter_in();
    in->unit = slice_text("unit01");
    in->text = slice_text("请按期完成。");
    in->due = slice_text("2026-11-20");
    slice_expect(matter_open(OFFICE1, "instruction", NULL), STATUS_INVALID_ARGUMENT,
                 "HOLDER_MISSING");
    in->holder = slice_text("leader1");
    slice_expect(matter_open(UNIT1, "instruction", NULL), STATUS_INVALID_ARGUMENT,
                 "HOLDER_FOREIGN");
    matter_done(matter_open(OFFICE1, "instruction", NULL), "ISSUED"); /* entered for him */
    matter_hidden(UNIT2, "PS-0001");
    assert_string_equal(matter_get(LEADER1, "PS-0001")->matter->issuer, "leader1");
    matter_done(matter_act(UNIT1, "PS-0001", "sign_for"), "IN_PROGRESS");
    matter_in()->answer = slice_text("已办。");
    matter_done(matter_act(UNIT1, "PS-0001", "reply"), "REPLIED");
    assert_int_equal(matter_mine(LEADER1), 1);
    matter_in();
    matter_reason("NARRATIVE_THIN", "请写明结果。");
    matter_done(matter_act(LEADER1, "PS-0001", "return"), "IN_PROGRESS");
    slice_day("2026-11-21");
    Pb__ListMattersRequest late = PB__LIST_MATTERS_REQUEST__INIT;
    late.has_overdue = late.overdue = 1;
    assert_int_equal(matter_listed(UNIT1, &late), 1);
    matter_in()->answer = slice_text("已办结，附结果。");
    matter_done(matter_act(UNIT1, "PS-0001", "reply"), "REPLIED");
    matter_done(matter_act(LEADER1, "PS-0001", "close"), "CLOSED");
    in = matter_in();
    in->unit = slice_text("unit02");
    in->text = slice_text("请报情况。");
    in->due = slice_text("2026-11-30");
    matter_done(matter_open(LGROUP1, "instruction", NULL), "ISSUED");
    slice_expect(matter_act(LEADER1, "PS-0002", "cancel"), STATUS_NOT_FOUND, "MATTER_UNKNOWN");
}

/* ---- round ---- */

static void
finish_measure(const char *ref)
{
    const char *photo = slice_file(201, 5, PB__EVIDENCE_KIND__PHOTO);
    slice_expect(slice_claim(UNIT1, "ClaimComplete", ref, photo), STATUS_OK, NULL);
    slice_expect(slice_verdict(OFFICE1, "ConfirmClaim", ref, NULL), STATUS_OK, NULL);
}

static const Pb__CallReply *
judge(int account, const char *const *refs, const Pb__SampleVerdict *verdicts, size_t n)
{
    Pb__MatterSample lines[4];
    Pb__MatterSample *list[4];
    for (size_t i = 0; i < n; i++) {
        pb__matter_sample__init(&lines[i]);
        lines[i].measure_ref = slice_text(refs[i]);
        lines[i].has_verdict = 1;
        lines[i].verdict = verdicts[i];
        lines[i].found =
            verdicts[i] == PB__SAMPLE_VERDICT__SAMPLE_TRUE ? NULL : slice_text("现场没有看到。");
        list[i] = &lines[i];
    }
    matter_in()->verdicts = list;
    matter_input.n_verdicts = n;
    return matter_act(account, "DC-0001", "judge");
}

static const Pb__GetRoundShareReply *
share(int account, const char *ref)
{
    Pb__GetRoundShareRequest r = PB__GET_ROUND_SHARE_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_ok(account, "MatterService/GetRoundShare", &r.base,
                    &pb__get_round_share_reply__descriptor);
}

static void
a_round_finds_what_was_claimed(void **state)
{
    (void)state;
    slice_sign_all();
    finish_measure("P-01-M-02");
    char *chosen[] = {slice_text("P-01-M-01"), slice_text("P-01-M-02"), slice_text("P-02-M-01")};
    Pb__MatterInput *in = matter_in();
    in->scheduled_on = slice_text("2026-11-16");
    in->measures = chosen;
    in->n_measures = 3;
    slice_expect(matter_open(UNIT1, "round", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    slice_expect(matter_open(DISC, "round", NULL), STATUS_INVALID_ARGUMENT,
                 "MEASURE_NOT_RUNNING"); /* P-02-M-01 is not signed for */
    in->n_measures = 2;
    slice_expect(matter_open(LEADER1, "round", NULL), STATUS_PERMISSION_DENIED, "ROLE_FORBIDS");
    matter_done(matter_open(DISC, "round", NULL), "PLANNED");
    matter_hidden(UNIT1, "DC-0001");
    slice_expect(matter_act(OFFICE1, "DC-0001", "start"), STATUS_FAILED_PRECONDITION,
                 "NOT_HOLDING_BODY");
    matter_done(matter_act(DISC, "DC-0001", "start"), "RUNNING");
    const Pb__GetMatterReply *g = matter_get(DISC, "DC-0001");
    assert_int_equal(g->n_samples, 2);
    assert_string_equal(g->samples[1]->claimed_state, "DONE");
    static const char *const refs[] = {"P-01-M-01", "P-01-M-02", "P-02-M-01"};
    static const Pb__SampleVerdict verdicts[] = {PB__SAMPLE_VERDICT__SAMPLE_TRUE,
                                                 PB__SAMPLE_VERDICT__SAMPLE_FALSE,
                                                 PB__SAMPLE_VERDICT__SAMPLE_TRUE};
    slice_expect(judge(DISC, refs, verdicts, 3), STATUS_INVALID_ARGUMENT, "NOT_IN_SAMPLE");
    matter_done(judge(DISC, refs, verdicts, 1), "RUNNING");
    slice_expect(matter_act(DISC, "DC-0001", "conclude"), STATUS_FAILED_PRECONDITION,
                 "VERDICTS_MISSING");
    matter_done(judge(DISC, refs + 1, verdicts + 1, 1), "RUNNING");
    matter_done(matter_act(DISC, "DC-0001", "conclude"), "CONCLUDED");
    matter_hidden(UNIT1, "DC-0001");
    assert_int_equal(share(OFFICE1, "DC-0001")->n_units, 0);
    matter_done(matter_act(DISC, "DC-0001", "feed_back"), "FED_BACK");
    /* The unit is told of its own, and no other. */
    assert_int_equal(matter_get(UNIT1, "DC-0001")->n_samples, 2);
    matter_hidden(UNIT2, "DC-0001");
    const Pb__GetRoundShareReply *s = share(UNIT1, "DC-0001");
    assert_int_equal(s->n_units, 1);
    assert_int_equal(s->units[0]->found_true, 1);
    assert_int_equal(s->units[0]->found_false, 1);
    assert_int_equal(s->units[0]->judged, 2);
    assert_int_equal(share(OFFICE1, NULL)->n_units, 0); /* only final rounds count over all */
    matter_in()->due = slice_text("2026-12-31"); /* the second is 立行立改, and was done */
    assert_int_equal(matter_done(matter_act(DISC, "DC-0001", "finalize"), "FINAL")->reopened, 1);
    assert_int_equal(share(OFFICE1, NULL)->units[0]->judged, 2);
    assert_int_equal(slice_count("SELECT count(*) FROM rectify.matter_sample WHERE verdict = 3"
                                 " AND final_round = 2"),
                     1);
}

/* A body does not judge its own work, and an edited sample leaves no trace in the verdicts. */
static void
a_sample_is_drawn_and_can_be_drawn_again(void **state)
{
    (void)state;
    slice_sign_all();
    Pb__MatterInput *in = matter_in();
    in->scheduled_on = slice_text("2026-11-16");
    in->has_seed = 1;
    in->seed = 7;
    slice_expect(matter_open(OFFICE1, "round", NULL), STATUS_INVALID_ARGUMENT, "SEED_RANGE");
    in->has_per_unit = 1;
    in->per_unit = 1;
    const Pb__Matter *m = matter_done(matter_open(OFFICE1, "round", NULL), "PLANNED");
    assert_int_equal(m->seed, 7);
    const Pb__GetMatterReply *g = matter_get(OFFICE1, "DC-0001");
    assert_int_equal(g->n_samples, 1); /* one of unit01's three; unit02 has signed for none */
    char drawn[32];
    test_db_query("postgres",
                  "SELECT ref FROM rectify.measure WHERE ref LIKE 'P-01-%'"
                  " ORDER BY encode(sha256(convert_to('7:' || ref, 'UTF8')), 'hex') LIMIT 1",
                  drawn, sizeof drawn);
    assert_string_equal(g->samples[0]->measure_ref, drawn);
    in = matter_in();
    in->has_per_unit = 1;
    in->per_unit = 2;
    m = matter_done(matter_act(OFFICE1, "DC-0001", "edit"), "PLANNED");
    assert_true(m->seed > 0);
    assert_int_equal(matter_get(OFFICE1, "DC-0001")->n_samples, 2);
    char *one[] = {slice_text("P-01-M-03")};
    in = matter_in();
    in->measures = one;
    in->n_measures = 1;
    matter_done(matter_act(OFFICE1, "DC-0001", "edit"), "PLANNED");
    g = matter_get(OFFICE1, "DC-0001");
    assert_int_equal(g->n_samples, 1);
    assert_string_equal(g->samples[0]->measure_ref, "P-01-M-03");
    slice_expect(matter_act(OFFICE1, "DC-0001", "cancel"), STATUS_INVALID_ARGUMENT,
                 "REASON_MISSING");
    slice_sql("UPDATE rectify.problem SET lead_org = '%s', version = version + 1 WHERE id = '%s'",
              slice_id(1), slice_id(51));
    in = matter_in();
    in->measures = one;
    in->n_measures = 1;
    slice_expect(matter_act(OFFICE1, "DC-0001", "edit"), STATUS_INVALID_ARGUMENT, "OWN_WORK");
}

/* ---- clues ---- */

static void
of_clues_only_numbers(void **state)
{
    (void)state;
    Pb__RecordClueRequest r = PB__RECORD_CLUE_REQUEST__INIT;
    r.number = slice_text("2026-017");
    r.problem_ref = slice_text("P-01");
    slice_refused(OFFICE1, "MatterService/RecordClue", &r.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    r.number = slice_text("某同志的问题");
    slice_refused(DISC, "MatterService/RecordClue", &r.base, STATUS_INVALID_ARGUMENT,
                  "CLUE_NUMBER");
    r.number = slice_text("2026-017");
    const Pb__Clue *c = slice_ok(DISC, "MatterService/RecordClue", &r.base, &pb__clue__descriptor);
    assert_false(c->done);
    r.has_done = r.done = 1;
    c = slice_ok(DISC, "MatterService/RecordClue", &r.base, &pb__clue__descriptor);
    assert_int_equal(c->version, 2);
    Pb__ListCluesRequest list = PB__LIST_CLUES_REQUEST__INIT;
    const Pb__ListCluesReply *l =
        slice_ok(OFFICE1, "MatterService/ListClues", &list.base, &pb__list_clues_reply__descriptor);
    assert_int_equal(l->n_clues, 1);
    assert_true(l->clues[0]->done);
    slice_refused(LGROUP1, "MatterService/ListClues", &list.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    slice_refused(UNIT1, "MatterService/ListClues", &list.base, STATUS_PERMISSION_DENIED,
                  "ROLE_FORBIDS");
    list.has_open = list.open = 1;
    l = slice_ok(DISC, "MatterService/ListClues", &list.base, &pb__list_clues_reply__descriptor);
    assert_int_equal(l->n_clues, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, matter_set_up, slice_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(talk_contents_are_the_holders_alone),
        TEST(the_hash_is_the_texts),
        TEST(senders_stay_unknown_to_units),
        TEST(an_instruction_is_tracked),
        TEST(a_round_finds_what_was_claimed),
        TEST(a_sample_is_drawn_and_can_be_drawn_again),
        TEST(of_clues_only_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
