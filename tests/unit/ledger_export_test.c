/* The audit export: what is written verifies, and each way of tampering is named for what it is.
 * Every tampering starts from a file that verifies (fresh() checks that each time). */
#include "tests/unit/ledger_export_file.h"

/* Where the n-th field of a line starts, from 0. */
static char *
field(char *line, size_t n)
{
    while (n-- > 0) {
        line = strchr(line, ' ');
        assert_non_null(line);
        line++;
    }
    return line;
}

static void
drop(struct file *f, size_t at)
{
    memmove(f->lines + at, f->lines + at + 1, (f->count - at - 1) * sizeof f->lines[0]);
    f->count--;
}

static void
insert(struct file *f, size_t at, char *line)
{
    assert_true(f->count < LINES_MAX);
    memmove(f->lines + at + 1, f->lines + at, (f->count - at) * sizeof f->lines[0]);
    f->lines[at] = line;
    f->count++;
}

/* Replaces the body of a record line, and its stated hash too when rehash is set. */
static void
alter_body(struct file *f, size_t at, bool rehash)
{
    char *line = f->lines[at];
    size_t hash_field = line[0] == 'L' ? 3 : 4;
    char *text = field(line, hash_field + 1);
    unsigned char *body = NULL;
    size_t n = 0;
    assert_int_equal(secret_base64_decode(&arena, text, strlen(text), &body, &n), STATUS_OK);
    body[50] ^= 1;
    memcpy(text, secret_base64_encode(&arena, body, n), strlen(text));
    if (rehash) {
        struct merkle_hash hash;
        merkle_leaf_hash(body, n, &hash);
        memcpy(field(line, hash_field), secret_hex_encode(&arena, hash.bytes, 32), 64);
    }
}

static void
flip(char *c)
{
    *c = *c == 'a' ? 'b' : 'a';
}

static struct ledger_verify_report
expect(const struct file *f, const char *reason)
{
    struct ledger_verify_options pinned = {.trusted = &key.public};
    struct ledger_verify_report report = verify(f, &pinned);
    assert_string_equal(report.fault.reason, reason);
    assert_int_equal(report.fault.code, STATUS_DATA_LOSS);
    return report;
}

static void
assert_names(const struct ledger_verify_report *report, size_t seq, size_t at)
{
    assert_true(report->has_leaf);
    assert_int_equal(report->leaf_seq, seq);
    assert_string_equal(report->event_id, event_id(seq - 1));
    assert_int_equal(report->line, at + 1);
}

/* ---- the untouched file ---- */

static void
an_export_verifies_and_reports_what_it_holds(void **state)
{
    (void)state;
    struct file f = fresh();
    struct ledger_saved_head saved[] = {
        {0, roots[0]}, {5, roots[5]}, {8, roots[8]}, {LEAVES, roots[LEAVES]}};
    struct ledger_verify_options o = {.trusted = &key.public, .saved = saved, .saved_count = 4};
    struct ledger_verify_report r = verify(&f, &o);
    assert_int_equal(r.fault.code, STATUS_OK);
    assert_string_equal(r.fault.reason, "");
    assert_int_equal(r.leaves, LEAVES);
    assert_int_equal(r.tails, TAILS);
    assert_int_equal(r.heads, 2);
    assert_int_equal(r.saved_checked, 4);
    assert_int_equal(r.bad_leaves, 0);
    assert_true(r.pinned && r.has_head && !r.has_leaf && !r.has_range);
    assert_int_equal(r.exported_ms, NOW_MS);
    assert_memory_equal(&r.root, &roots[LEAVES], sizeof r.root);
    r = verify(&f, NULL);
    assert_int_equal(r.fault.code, STATUS_OK);
    assert_false(r.pinned);
    assert_non_null(strstr(r.fault.message, "没有指定受信任的公钥"));
}

static void
an_empty_log_verifies(void **state)
{
    (void)state;
    struct memory m = {.step = SIZE_MAX};
    struct ledger_head head = make_head(0, &key);
    struct ledger_export_writer w;
    struct ledger_verify_report r;
    ledger_export_init(&w, (struct ledger_sink){memory_write, &m});
    assert_int_equal(ledger_export_begin(&w, &head, &key.public, NOW_MS, NULL), STATUS_OK);
    assert_int_equal(ledger_export_end(&w, NULL), STATUS_OK);
    ledger_export_release(&w);
    assert_int_equal(ledger_export_verify((struct ledger_reader){memory_read, &m}, NULL, &r),
                     STATUS_OK);
    free(m.data);
}

static void
files_and_small_reads_work_too(void **state)
{
    (void)state;
    struct ledger_verify_report r;
    FILE *file = tmpfile();
    assert_non_null(file);
    write_export(ledger_sink_file(file), &key);
    rewind(file);
    assert_int_equal(ledger_export_verify(ledger_reader_file(file), NULL, &r), STATUS_OK);
    fclose(file);
    struct file f = fresh();
    struct memory m = join(&f);
    m.step = 1;
    assert_int_equal(ledger_export_verify((struct ledger_reader){memory_read, &m}, NULL, &r),
                     STATUS_OK);
    m.at = 0;
    m.fail_at = m.size / 2;
    assert_int_equal(ledger_export_verify((struct ledger_reader){memory_read, &m}, NULL, &r),
                     STATUS_UNAVAILABLE);
    assert_string_equal(r.fault.reason, "READ_FAILED");
    free(m.data);
}

/* The largest body goes through, in memory that does not grow with the file. */
static void
a_body_of_the_limit_verifies(void **state)
{
    (void)state;
    struct memory m = {.step = 100000};
    struct ledger_leaf leaf = make_leaf(0);
    struct merkle_frontier frontier = {0};
    struct ledger_export_writer w;
    struct ledger_verify_report r;
    struct fault fault;
    char *body = calloc(1, LIMIT_LEDGER_BODY_BYTES + 1);
    assert_non_null(body);
    memcpy(body, event_id(0), 36);
    leaf.body = body;
    leaf.body_size = LIMIT_LEDGER_BODY_BYTES;
    merkle_leaf_hash(body, leaf.body_size, &leaf.hash);
    merkle_frontier_append(&frontier, &leaf.hash);
    struct ledger_head head = {.tenant = "demo", .size = 1};
    merkle_frontier_root(&frontier, &head.root);
    assert_int_equal(ledger_head_sign(&head, &key, NULL), STATUS_OK);
    ledger_export_init(&w, (struct ledger_sink){memory_write, &m});
    assert_int_equal(ledger_export_begin(&w, &head, &key.public, NOW_MS, NULL), STATUS_OK);
    assert_int_equal(ledger_export_leaf(&w, &leaf, NULL), STATUS_OK);
    leaf.body_size++;
    assert_int_equal(ledger_export_leaf(&w, &leaf, &fault), STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "LEAF_MALFORMED");
    assert_int_equal(ledger_export_end(&w, NULL), STATUS_OK);
    ledger_export_release(&w);
    assert_int_equal(ledger_export_verify((struct ledger_reader){memory_read, &m}, NULL, &r),
                     STATUS_OK);
    free(m.data);
    m = (struct memory){.step = SIZE_MAX};
    char *endless = calloc(1, 6000000);
    assert_non_null(endless);
    memset(endless, 'x', 5999999);
    struct file f = fresh();
    f.lines[f.count - 1] = endless;
    assert_int_equal(expect(&f, "LINE_TOO_LONG").leaves, LEAVES);
    free(endless);
    free(body);
}

/* ---- tampering with one record ---- */

static void
an_altered_body_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 12 ");
    alter_body(&f, at, false);
    alter_body(&f, line_of(&f, "L 15 "), false);
    struct ledger_verify_report r = expect(&f, "LEAF_ALTERED");
    assert_names(&r, 12, at);
    assert_string_equal(r.differs, "body");
    assert_int_equal(r.bad_leaves, 2);
    assert_non_null(strstr(r.fault.message, event_id(11)));
}

static void
an_altered_hash_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 1 ");
    flip(field(f.lines[at], 3) + 10);
    struct ledger_verify_report r = expect(&f, "LEAF_ALTERED");
    assert_names(&r, 1, at);
    assert_string_equal(r.differs, "hash");
}

static void
an_exchanged_event_id_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 23 ");
    memcpy(field(f.lines[at], 2), event_id(3), 36);
    struct ledger_verify_report r = expect(&f, "EVENT_ID_MISMATCH");
    assert_int_equal(r.leaf_seq, 23);
    assert_string_equal(r.event_id, event_id(3));
}

static void
bad_base64_is_named(void **state)
{
    (void)state;
    static const char bad[] = {'!', '-', '=', '\r'};
    for (size_t i = 0; i < sizeof bad; i++) {
        struct file f = fresh();
        size_t at = line_of(&f, "L 5 ");
        field(f.lines[at], 4)[9] = bad[i];
        struct ledger_verify_report r = expect(&f, "BAD_BASE64");
        assert_names(&r, 5, at);
    }
}

/* Body and hash both forged: only a root can tell, and the heads narrow it down. */
static void
a_consistent_forgery_breaks_the_root(void **state)
{
    (void)state;
    struct file f = fresh();
    alter_body(&f, line_of(&f, "L 11 "), true);
    struct ledger_verify_report r = expect(&f, "ROOT_MISMATCH");
    assert_true(r.has_range);
    assert_int_equal(r.first_seq, 9);
    assert_int_equal(r.last_seq, 16);
    struct ledger_saved_head saved[] = {{10, roots[10]}, {11, roots[11]}};
    struct ledger_verify_options o = {.trusted = &key.public, .saved = saved, .saved_count = 2};
    r = verify(&f, &o);
    assert_string_equal(r.fault.reason, "ROOT_MISMATCH");
    assert_int_equal(r.first_seq, 11);
    assert_int_equal(r.last_seq, 11);
}

static void
the_tail_is_checked_and_bounded(void **state)
{
    (void)state;
    struct file f = fresh();
    alter_body(&f, line_of(&f, "T 2 "), false);
    struct ledger_verify_report r = expect(&f, "TAIL_ALTERED");
    assert_int_equal(r.leaf_seq, 2);
    assert_string_equal(r.event_id, event_id(LEAVES + 1));
    f = fresh();
    size_t at = line_of(&f, "T 3 ");
    char *recorded = field(f.lines[at], 3);
    memcpy(recorded, "1587960000000", 13);
    r = expect(&f, "TAIL_TOO_OLD");
    assert_int_equal(r.leaf_seq, 3);
    struct ledger_verify_options o = {.tail_max_ms = 10000000};
    assert_int_equal(verify(&f, &o).fault.code, STATUS_OK);
    f = fresh();
    drop(&f, line_of(&f, "T 2 "));
    expect(&f, "LEAVES_OUT_OF_ORDER");
    f = fresh();
    drop(&f, line_of(&f, "T 3 "));
    expect(&f, "END_MISMATCH");
}

/* ---- tampering with the order ---- */

static void
swapped_lines_are_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 6 ");
    char *line = f.lines[at];
    f.lines[at] = f.lines[at + 1];
    f.lines[at + 1] = line;
    struct ledger_verify_report r = expect(&f, "LEAVES_OUT_OF_ORDER");
    assert_names(&r, 7, at);
}

static void
a_missing_line_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 6 ");
    drop(&f, at);
    struct ledger_verify_report r = expect(&f, "LEAF_MISSING");
    assert_int_equal(r.leaf_seq, 6);
    assert_int_equal(r.line, at + 1);
    f = fresh();
    drop(&f, line_of(&f, "L 23 ")); /* the last one: the tail comes too early */
    assert_int_equal(expect(&f, "LEAF_MISSING").leaf_seq, 23);
    f = fresh();
    drop(&f, line_of(&f, "L 23 "));
    while (strncmp(f.lines[f.count - 2], "T ", 2) == 0) {
        drop(&f, f.count - 2);
    }
    assert_int_equal(expect(&f, "LEAF_MISSING").leaf_seq, 23);
}

static void
a_duplicated_line_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    size_t at = line_of(&f, "L 10 ");
    insert(&f, at + 1, f.lines[at]);
    struct ledger_verify_report r = expect(&f, "DUPLICATE_LEAF");
    assert_names(&r, 10, at + 1);
}

static void
an_added_line_is_named(void **state)
{
    (void)state;
    struct file f = fresh();
    struct ledger_leaf extra = make_leaf(LEAVES);
    char *line = arena_printf(&arena, "L %d %s %s %s", LEAVES + 1, extra.event_id,
                              secret_hex_encode(&arena, extra.hash.bytes, 32),
                              secret_base64_encode(&arena, extra.body, extra.body_size));
    insert(&f, line_of(&f, "T 1 "), line);
    struct ledger_verify_report r = expect(&f, "EXTRA_LEAF");
    assert_int_equal(r.leaf_seq, LEAVES + 1);
    f = fresh();
    insert(&f, f.count, line);
    expect(&f, "TRAILING_DATA");
    f = fresh();
    insert(&f, line_of(&f, "E "), line); /* behind the tail */
    expect(&f, "MALFORMED_LINE");
}

/* ---- tampering with the frame ---- */

/* Whatever is cut off, at any byte, the file is not taken for whole. */
static void
every_truncation_is_refused(void **state)
{
    (void)state;
    struct file f = fresh();
    struct memory m = join(&f);
    size_t whole = m.size;
    struct ledger_verify_report r;
    for (m.size = 0; m.size < whole; m.size++) {
        m.at = 0;
        assert_int_equal(ledger_export_verify((struct ledger_reader){memory_read, &m}, NULL, &r),
                         STATUS_DATA_LOSS);
        bool first_line = m.size != 0 && m.size <= strlen(f.lines[0]);
        assert_string_equal(r.fault.reason, first_line ? "NOT_AN_EXPORT" : "TRUNCATED");
    }
    free(m.data);
}

/* Times of export and of the tail: what the exporter says, under no signature. */
static bool
in_claimed_time(char *text, const char *at)
{
    char *line = text + (at - text);
    char *exported = strstr(text, "exported_ms=") + 12;
    while (line > text && line[-1] != '\n') {
        line--;
    }
    if (line[0] == 'T') {
        return at >= field(line, 3) && at < field(line, 4) - 1;
    }
    return at >= exported && at < strchr(exported, ' ');
}

/* No byte of the file can be changed unnoticed, but for the digits of a claimed time. */
static void
every_changed_byte_is_noticed(void **state)
{
    (void)state;
    struct file f = fresh();
    struct memory m = join(&f);
    struct ledger_verify_options o = {.trusted = &key.public, .tail_max_ms = INT64_MAX};
    struct ledger_verify_report r;
    static const unsigned char masks[] = {0x01, 0x20, 0x80};
    for (size_t i = 0; i < m.size; i++) {
        char before = m.data[i];
        m.data[i] = (char)(before ^ (char)masks[i % sizeof masks]);
        m.at = 0;
        if (ledger_export_verify((struct ledger_reader){memory_read, &m}, &o, &r) == STATUS_OK) {
            assert_true(in_claimed_time(m.data, m.data + i));
        }
        m.data[i] = before;
    }
    free(m.data);
}

static void
the_header_is_checked(void **state)
{
    (void)state;
    struct file f = fresh();
    f.lines[0] = arena_printf(&arena, "%s\r", f.lines[0]);
    expect(&f, "LINE_ENDINGS_CHANGED");
    f = fresh();
    f.lines[0] = arena_strdup(&arena, "PK\x03\x04");
    expect(&f, "NOT_AN_EXPORT");
    f = fresh();
    f.count = 0;
    expect(&f, "TRUNCATED");
    f = fresh();
    *field(f.lines[0], 1) = '2';
    expect(&f, "VERSION_UNKNOWN");
    f = fresh();
    *field(f.lines[0], 5) = 'R';
    expect(&f, "HEADER_MALFORMED");
    f = fresh();
    strstr(f.lines[0], "size=23")[6] = '4';
    expect(&f, "HEAD_SIGNATURE_BAD");
    f = fresh();
    flip(strstr(f.lines[0], "key_id=") + 7);
    expect(&f, "KEY_ID_MISMATCH");
    f = fresh();
    flip(f.lines[3] + 6);
    expect(&f, "MALFORMED_LINE");
    f = fresh();
    struct ledger_verify_options o = {.tenant = "other"};
    assert_string_equal(verify(&f, &o).fault.reason, "TENANT_MISMATCH");
}

static void
another_key_is_refused(void **state)
{
    (void)state;
    struct file f = fresh();
    struct ledger_verify_options o = {.trusted = &stranger.public};
    struct ledger_verify_report r = verify(&f, &o);
    assert_string_equal(r.fault.reason, "OTHER_KEY");
    assert_false(r.pinned);
    /* A whole export forged with a key of one's own: sound in itself, refused by the pin. */
    struct memory m = {.step = SIZE_MAX};
    write_export((struct ledger_sink){memory_write, &m}, &stranger);
    f = split(m.data);
    free(m.data);
    assert_int_equal(verify(&f, NULL).fault.code, STATUS_OK);
    expect(&f, "OTHER_KEY");
}

static void
the_end_is_checked(void **state)
{
    (void)state;
    struct file f = fresh();
    *field(f.lines[f.count - 1], 1) = '2';
    expect(&f, "END_MISMATCH");
    f = fresh();
    flip(strstr(f.lines[f.count - 1], "root=") + 9);
    expect(&f, "END_MISMATCH");
    f = fresh();
    drop(&f, f.count - 1);
    expect(&f, "TRUNCATED");
    f = fresh();
    insert(&f, f.count, arena_strdup(&arena, ""));
    expect(&f, "TRAILING_DATA");
    f = fresh();
    insert(&f, line_of(&f, "L 4 "), arena_strdup(&arena, "X 3 what"));
    expect(&f, "MALFORMED_LINE");
    f = fresh();
    flip(strstr(f.lines[line_of(&f, "H ")], "root=") + 9);
    expect(&f, "HEAD_SIGNATURE_BAD");
}

/* ---- history ---- */

static void
rollback_and_fork_are_detected(void **state)
{
    (void)state;
    struct file f = fresh();
    struct ledger_saved_head newer = {LEAVES + 1, roots[3]};
    struct ledger_saved_head fork[] = {{9, roots[9]}, {12, roots[13]}};
    struct ledger_verify_options o = {.trusted = &key.public, .saved = &newer, .saved_count = 1};
    struct ledger_verify_report r = verify(&f, &o);
    assert_string_equal(r.fault.reason, "HISTORY_SHORTER");
    o.saved = fork;
    o.saved_count = 2;
    r = verify(&f, &o);
    assert_string_equal(r.fault.reason, "HISTORY_REWRITTEN");
    assert_true(r.has_range);
    assert_int_equal(r.first_seq, 10);
    assert_int_equal(r.last_seq, 12);
    o.saved_count = 1; /* control: the good one of the two */
    assert_int_equal(verify(&f, &o).fault.code, STATUS_OK);
}

/* The server's own key signed two histories: its earlier head is evidence against it. */
static void
an_earlier_head_of_another_history_is_detected(void **state)
{
    (void)state;
    struct file f = fresh();
    struct ledger_head forked = {.tenant = "demo", .size = 16, .root = roots[15]};
    char text[LEDGER_HEAD_TEXT_SIZE];
    assert_int_equal(ledger_head_sign(&forked, &key, NULL), STATUS_OK);
    ledger_head_to_text(&forked, text);
    f.lines[line_of(&f, "L 16 ") + 1] = arena_printf(&arena, "H %s", text);
    struct ledger_verify_report r = expect(&f, "HEAD_MISMATCH");
    assert_int_equal(r.first_seq, 9);
    assert_int_equal(r.last_seq, 16);
}

/* ---- the writer ---- */

static enum status
sink_fails(void *user, const void *data, size_t n)
{
    (void)data;
    size_t *left = user;
    if (n > *left) {
        return STATUS_UNAVAILABLE;
    }
    *left -= n;
    return STATUS_OK;
}

static void
the_writer_refuses_what_cannot_be_read_back(void **state)
{
    (void)state;
    struct memory m = {.step = SIZE_MAX};
    struct ledger_export_writer w;
    struct fault fault;
    struct ledger_head head = make_head(LEAVES, &key);
    ledger_export_init(&w, (struct ledger_sink){memory_write, &m});
    assert_int_equal(ledger_export_begin(&w, &head, &stranger.public, NOW_MS, &fault),
                     STATUS_DATA_LOSS);
    assert_string_equal(fault.reason, "HEAD_OTHER_KEY");
    assert_int_equal(ledger_export_begin(&w, &head, &key.public, NOW_MS, NULL), STATUS_OK);
    struct ledger_leaf leaf = make_leaf(0);
    leaf.event_id = "a b";
    assert_int_equal(ledger_export_leaf(&w, &leaf, &fault), STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "LEAF_MALFORMED");
    struct ledger_head foreign = make_head(8, &stranger);
    assert_int_equal(ledger_export_head(&w, &foreign, &fault), STATUS_INVALID_ARGUMENT);
    assert_string_equal(fault.reason, "HEAD_OTHER_KEY");
    ledger_export_release(&w);
    ledger_export_release(&w);
    free(m.data);
    size_t room = 4000;
    ledger_export_init(&w, (struct ledger_sink){sink_fails, &room});
    assert_int_equal(ledger_export_begin(&w, &head, &key.public, NOW_MS, NULL), STATUS_OK);
    room = 100;
    leaf = make_leaf(0);
    assert_int_equal(ledger_export_leaf(&w, &leaf, &fault), STATUS_UNAVAILABLE);
    assert_string_equal(fault.reason, "EXPORT_WRITE_FAILED");
    ledger_export_release(&w);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_verifies_and_reports_what_it_holds),
        cmocka_unit_test(an_empty_log_verifies),
        cmocka_unit_test(files_and_small_reads_work_too),
        cmocka_unit_test(a_body_of_the_limit_verifies),
        cmocka_unit_test(an_altered_body_is_named),
        cmocka_unit_test(an_altered_hash_is_named),
        cmocka_unit_test(an_exchanged_event_id_is_named),
        cmocka_unit_test(bad_base64_is_named),
        cmocka_unit_test(a_consistent_forgery_breaks_the_root),
        cmocka_unit_test(the_tail_is_checked_and_bounded),
        cmocka_unit_test(swapped_lines_are_named),
        cmocka_unit_test(a_missing_line_is_named),
        cmocka_unit_test(a_duplicated_line_is_named),
        cmocka_unit_test(an_added_line_is_named),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(every_changed_byte_is_noticed),
        cmocka_unit_test(the_header_is_checked),
        cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(the_end_is_checked),
        cmocka_unit_test(rollback_and_fork_are_detected),
        cmocka_unit_test(an_earlier_head_of_another_history_is_detected),
        cmocka_unit_test(the_writer_refuses_what_cannot_be_read_back),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
