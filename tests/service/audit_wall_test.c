/* What an auditor holds in his hands: an export has the full record of every change, and of what
 * has a wall of its own (what was said in a talk and why it was referred, who sent an opinion,
 * passwords) not a word. */
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/matter.pb-c.h"
#include "server/service/role.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct person office;
static struct person disc;
static struct person auditor;
static struct person unit01;
static char disc_org[64];

static const char contents[] = "样例暗记甲：谈话中承认整改不力";
static const char referred[] = "样例暗记乙：移交理由不便公开";
static const char sender[] = "样例暗记丙：来电人张某";
static const char clue[] = "样例暗记丁：某同志的问题线索";
static const char narrative[] = "样例明记：台账已补齐，群众满意";
static const char title[] = "样例明记：路灯不亮";

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("office", "样例办公室", "OFFICE");
    district_org("disc", "样例纪委监委", "DISC");
    district_org("unit01", "样例单位01", "UNIT");
    office = district_person("office", "office", "OFFICE", 2);
    disc = district_person("disc", "disc", "DISC", 3);
    unit01 = district_person("unit01", "unit01", "PLEAD", 4);
    auditor = district_person("auditor", "disc", "AUDIT", 5);
    test_db_query("postgres", "SELECT id FROM rectify.org WHERE code = 'disc'", disc_org,
                  sizeof disc_org);
    return 0;
}

/* ---- matters ---- */

static Pb__MatterInput in;

static Pb__MatterInput *
fresh(void)
{
    pb__matter_input__init(&in);
    return &in;
}

static void
open_matter(const struct person *p, const char *kind)
{
    Pb__OpenMatterRequest r = PB__OPEN_MATTER_REQUEST__INIT;
    r.kind = district_text(kind);
    r.input = &in;
    (void)district_ok(p, "MatterService/OpenMatter", &r.base, &pb__matter__descriptor);
    (void)fresh();
}

static void
act(const struct person *p, const char *ref, const char *command)
{
    Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
    r.ref = district_text(ref);
    r.command = district_text(command);
    r.input = &in;
    (void)district_ok(p, "MatterService/ActOnMatter", &r.base, &pb__matter__descriptor);
    (void)fresh();
}

static const Pb__GetMatterReply *
get(const struct person *p, const char *ref)
{
    Pb__GetMatterRequest r = PB__GET_MATTER_REQUEST__INIT;
    r.ref = district_text(ref);
    return district_ok(p, "MatterService/GetMatter", &r.base, &pb__get_matter_reply__descriptor);
}

/* A talk recorded and referred, an opinion assigned and answered, a clue by its number. */
static void
live_a_little(void)
{
    fresh()->unit = district_text("unit01");
    in.text = district_text("样例事由");
    open_matter(&disc, "talk");
    in.scheduled_on = district_text("2026-11-12");
    act(&disc, "YT-0001", "approve");
    act(&disc, "YT-0001", "hold");
    in.contents = district_text(contents);
    act(&disc, "YT-0001", "record");
    in.reason_code = district_text("OTHER");
    in.reason = district_text(referred);
    act(&disc, "YT-0001", "refer");
    in.text = district_text(title);
    in.origin = district_text("PHONE");
    in.sender = district_text(sender);
    open_matter(&office, "opinion");
    in.unit = district_text("unit01");
    in.due = district_text("2026-11-20");
    act(&office, "YJ-0001", "assign");
    in.answer = district_text(narrative);
    act(&unit01, "YJ-0001", "answer");
    Pb__RecordClueRequest r = PB__RECORD_CLUE_REQUEST__INIT;
    r.number = district_text(clue);
    (void)district_refused(&disc, "MatterService/RecordClue", &r.base, STATUS_INVALID_ARGUMENT,
                           "CLUE_NUMBER");
}

/* ---- the export ---- */

static const Pb__ExportLogReply *
page(int64_t from, int64_t tree_size, int64_t offset, int32_t limit)
{
    Pb__ExportLogRequest r = PB__EXPORT_LOG_REQUEST__INIT;
    r.has_from_seq = r.has_limit = r.has_tree_size = r.has_body_offset = 1;
    r.from_seq = from;
    r.tree_size = tree_size;
    r.body_offset = offset;
    r.limit = limit;
    return district_ok(&auditor, "AuditService/ExportLog", &r.base,
                       &pb__export_log_reply__descriptor);
}

/* How many events of the export hold these bytes, whatever message they stand in. */
static int
events_with(const void *bytes, size_t size)
{
    int found = 0;
    int64_t next = 1;
    const Pb__ExportLogReply *reply = page(1, 0, 0, 20);
    int64_t whole = (int64_t)reply->head->tree_size;
    for (;;) {
        for (size_t i = 0; i < reply->n_leaves; i++) {
            const Pb__LogLeaf *leaf = reply->leaves[i];
            assert_int_equal(leaf->seq, next++);
            assert_false(leaf->has_body_size); /* all of it is here */
            found += memmem(leaf->body.data, leaf->body.len, bytes, size) != NULL;
        }
        if (!reply->more) {
            break;
        }
        reply = page(next, whole, 0, 20);
    }
    assert_int_equal(next - 1, whole);
    return found;
}

static int
events_saying(const char *text)
{
    return events_with(text, strlen(text));
}

/* The bytes that a text's hexadecimal digits stand for must not be there either. */
static int
events_with_hex(const char *hex)
{
    unsigned char bytes[64];
    size_t n = strlen(hex) / 2;
    assert_true(n <= sizeof bytes);
    for (size_t i = 0; i < n; i++) {
        unsigned value = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &value), 1);
        bytes[i] = (unsigned char)value;
    }
    return events_with(bytes, n);
}

static void
the_log_keeps_the_walls(void **state)
{
    struct fault fault = {0};
    (void)state;
    live_a_little();
    assert_int_equal(dispatch_seal(district.door, &fault), STATUS_OK);
    /* What everybody concerned reads is there in full: the search finds what there is to find. */
    assert_true(events_saying(narrative) > 0);
    assert_true(events_saying(title) > 0);
    assert_true(events_saying("样例事由") > 0);
    static const char *const walled[] = {contents, referred, sender, clue, DISTRICT_PASSWORD};
    for (size_t i = 0; i < sizeof walled / sizeof walled[0]; i++) {
        if (events_saying(walled[i]) != 0) {
            fail_msg("the log says “%s”", walled[i]);
        }
    }
    /* Nor in part: a marker's own words. */
    static const char *const parts[] = {"暗记", "承认整改不力", "不便公开", "来电人张某"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        assert_int_equal(events_saying(parts[i]), 0);
    }
}

/* The hashes stand in the log, and the salts, without which a short text could be guessed, do not.
 */
static void
the_log_has_hashes_without_salts(void **state)
{
    (void)state;
    const struct {
        const struct person *reader;
        const char *ref;
        size_t texts;
    } cases[] = {{&disc, "YT-0001", 2}, {&office, "YJ-0001", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const Pb__GetMatterReply *g = get(cases[i].reader, cases[i].ref);
        assert_int_equal(g->n_private_texts, cases[i].texts);
        assert_true(events_saying(g->matter->private_sha256) > 0);
        for (size_t k = 0; k < g->n_private_texts; k++) {
            assert_int_equal(events_saying(g->private_texts[k]->salt), 0);
            assert_int_equal(events_with_hex(g->private_texts[k]->salt), 0);
        }
        /* The auditor sees the matter, and none of its private texts, although his seat is in the
         * very body that reads the talk's. */
        const Pb__GetMatterReply *seen = get(&auditor, cases[i].ref);
        assert_int_equal(seen->n_private_texts, 0);
        assert_string_equal(seen->matter->private_sha256, g->matter->private_sha256);
    }
}

/* The database by itself: the body's scope is not enough with an administrator's role. */
static void
the_database_keeps_it_from_administrators(void **state)
{
    static const struct {
        unsigned roles;
        long seen;
    } cases[] = {{0, 2}, {ROLE_DISC, 2}, {ROLE_AUDIT, 0}, {ROLE_ADMIN, 0}, {ROLE_GRANT, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char n[32];
        test_db_query("rectify_app",
                      arena_printf(&district.arena,
                                   "SELECT count(*) FROM (SELECT set_config('rectify.tenant', '1',"
                                   " false), set_config('rectify.roles', '%u', false),"
                                   " set_config('rectify.all', '1', false),"
                                   " set_config('rectify.account', '', false),"
                                   " set_config('rectify.orgs', '{' || '%s' || '}', false)) x"
                                   " CROSS JOIN LATERAL (SELECT x.*, p.id FROM"
                                   " rectify.matter_private p) y",
                                   cases[i].roles, disc_org),
                      n, sizeof n);
        assert_int_equal(strtol(n, NULL, 10), cases[i].seen);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_keeps_the_walls),
        cmocka_unit_test(the_log_has_hashes_without_salts),
        cmocka_unit_test(the_database_keeps_it_from_administrators),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
