/* CSV as spreadsheets save it, and the month's table as a file: out, filled in, and back. */
#include "client/cli/csv.h"
#include "client/cli/table_check.h"
#include "client/cli/table_file.h"

#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;

#define ID "0190e5a0-0000-7000-8000-000000000001"
#define FILE_ID "0190e5a0-0000-7000-8000-00000000000f"

static int
setup(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024);
    return 0;
}

static int
teardown(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

static enum status
parse(const char *text, const char *header, struct csv *ret, struct fault *f)
{
    *f = (struct fault){.code = STATUS_OK};
    return csv_parse(&arena, text, header, ret, f);
}

static void
test_parse_quotes(void **state)
{
    (void)state;
    struct csv csv;
    struct fault f;
    assert_int_equal(parse("标题\r\n\r\na, \"b,\"\"c\"\"\nd\" ,,\r\nx,y\r\n,,\r\n1", "a", &csv, &f),
                     STATUS_OK);
    assert_int_equal(csv.count, 4); /* rows without text are gone */
    assert_int_equal(csv_header_row(&csv, "a"), 1);
    assert_int_equal(csv.rows[1].line, 3);
    assert_int_equal(csv.rows[1].count, 2); /* padding is gone */
    assert_string_equal(csv.rows[1].cells[0], "a");
    assert_int_equal(csv.rows[2].line, 5); /* the quoted break counts as a line */
    assert_string_equal(csv_cell(&csv.rows[2], 1), "y");
    assert_string_equal(csv_cell(&csv.rows[2], 7), "");
    assert_string_equal(csv_cell(&csv.rows[2], -1), "");
}

static void
test_parse_separators(void **state)
{
    (void)state;
    static const char *const texts[] = {"a,b\n1,2\n", "a\tb\n1\t2\n", "a;b\n1;2\n", "a\tb\r1\t2\r"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct csv csv;
        struct fault f;
        assert_int_equal(parse(texts[i], "b", &csv, &f), STATUS_OK);
        assert_int_equal(csv.count, 2);
        assert_string_equal(csv_cell(&csv.rows[1], 1), "2");
    }
}

static void
test_parse_faults(void **state)
{
    (void)state;
    struct csv csv;
    struct fault f;
    assert_int_equal(parse("a,b\n1,\"x\n", "b", &csv, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "CSV_QUOTE");
    assert_non_null(strstr(f.message, "第 2 行"));
    assert_int_equal(parse("c,d\n1,2\n", "b", &csv, &f), STATUS_INVALID_ARGUMENT);
    assert_string_equal(f.reason, "CSV_HEADER");
    assert_int_equal(parse("", "b", &csv, &f), STATUS_INVALID_ARGUMENT);
    char wide[600];
    memset(wide, ',', sizeof wide - 1);
    wide[sizeof wide - 1] = '\0';
    assert_int_equal(parse(wide, "b", &csv, &f), STATUS_INVALID_ARGUMENT);
}

/* The bytes of a text in another encoding. */
static size_t
encode(const char *to, const char *text, char *out, size_t size)
{
    char copy[4096];
    char *in = copy;
    char *begin = out;
    snprintf(copy, sizeof copy, "%s", text);
    size_t left = strlen(copy);
    iconv_t cd = iconv_open(to, "UTF-8");
    assert_true(cd != (iconv_t)-1);
    assert_true(iconv(cd, &in, &left, &out, &size) != (size_t)-1);
    iconv_close(cd);
    return (size_t)(out - begin);
}

static void
test_decode(void **state)
{
    (void)state;
    static const char *const encodings[] = {"UTF-8", "GBK", "GB18030", "UTF-16"};
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++) {
        char bytes[256];
        char *text = NULL;
        struct fault f;
        size_t n = encode(encodings[i], "措施编号,整改进展\r\nP-01,“已完成”", bytes, sizeof bytes);
        assert_int_equal(csv_decode(&arena, bytes, n, &text, &f), STATUS_OK);
        assert_string_equal(text, "措施编号,整改进展\r\nP-01,“已完成”");
    }
    char *text = NULL;
    struct fault f;
    assert_int_equal(csv_decode(&arena, "\x84\x31\x95\x33\xB5\xD8", 6, &text, &f), STATUS_OK);
    assert_string_equal(text, "地"); /* GB18030, with that encoding's mark */
    assert_int_equal(csv_decode(&arena, CSV_BOM "a", 4, &text, &f), STATUS_OK);
    assert_string_equal(text, "a");
    assert_int_equal(csv_decode(&arena, "a\0b", 3, &text, &f), STATUS_INVALID_ARGUMENT);
    assert_int_equal(csv_decode(&arena, "PK\x03\x04\xFF\xFF\xFF", 7, &text, &f),
                     STATUS_INVALID_ARGUMENT); /* an .xlsx by mistake */
}

/* Whatever a cell holds, writing and reading gives it back, and none is left a formula. */
static void
test_guard_round_trip(void **state)
{
    (void)state;
    static const char *const cells[] = {"=1+1", "+86",     "-cmd|x", "@x",   "'quoted", "''=x",
                                        "＝A1", "a,\"b\"", "两\n行", "-120", "'=1",     "普通"};
    for (size_t i = 0; i < sizeof cells / sizeof cells[0]; i++) {
        char *text = NULL;
        size_t n = 0;
        struct csv csv;
        struct fault f;
        const char *row[] = {"k", cells[i]};
        FILE *out = open_memstream(&text, &n);
        csv_write_row(out, row, 2);
        (void)fclose(out);
        assert_int_equal(parse(text, "k", &csv, &f), STATUS_OK);
        assert_string_equal(csv_cell(&csv.rows[0], 1), cells[i]);
        const char *written = text + strlen("k,");
        written += *written == '"' ? 1 : 0;
        assert_true(strchr("=+@", *written) == NULL);
        assert_string_equal(csv_unguard(csv_guard(&arena, cells[i])), cells[i]);
        free(text);
    }
}

/* ---- the month's table ---- */

static char *
exported(Pb__TableRow *const *rows, size_t count)
{
    Pb__Table table = PB__TABLE__INIT;
    char id[] = ID;
    char org[] = "unit01";
    char name[] = "样例单位01";
    char period[] = "2026-11";
    char *text = NULL;
    size_t n = 0;
    Pb__TableRow *copy[8];
    table.id = id;
    table.org = org;
    table.org_name = name;
    table.period = period;
    table.has_version = true;
    table.version = 3;
    table.n_rows = count;
    for (size_t i = 0; i < count; i++) {
        copy[i] = rows[i];
    }
    table.rows = copy;
    FILE *out = open_memstream(&text, &n);
    csv_begin(out, "t.csv");
    table_file_write(&arena, out, &table);
    (void)fclose(out);
    return text;
}

static enum status
read_back(const char *text, struct table_file *ret, struct fault *f)
{
    struct csv csv;
    char *decoded = NULL;
    *f = (struct fault){.code = STATUS_OK};
    *ret = (struct table_file){.count = 0};
    enum status status = csv_decode(&arena, text, strlen(text), &decoded, f);
    if (status == STATUS_OK) {
        status = csv_parse(&arena, decoded, "措施编号", &csv, f);
    }
    if (status == STATUS_OK) {
        status = table_file_read(&arena, &csv, "/folder", ret, f);
    }
    return status == STATUS_OK ? table_check_fault(&arena, ret, f) : status;
}

static char *
field(const char *s)
{
    return arena_strdup(&arena, s);
}

static void
sample_rows(Pb__TableRow rows[3])
{
    for (size_t i = 0; i < 3; i++) {
        pb__table_row__init(&rows[i]);
        rows[i].measure_ref = arena_printf(&arena, "P-07-M-%02zu", i + 1);
        rows[i].measure_text = field("一是成立领导小组");
        rows[i].has_measure_version = true;
        rows[i].measure_version = 10 + (int64_t)i;
    }
    rows[0].has_percent = true;
    rows[0].percent = 60;
    rows[0].narrative = field("=已完成“三项”,\n第二行\"引号\"");
    rows[0].difficulty = field("-资金");
    rows[0].has_ask_help = true;
    rows[0].ask_help = true;
    rows[0].has_claim = true;
    rows[0].claim = PB__CLAIM__CLAIM_COMPLETE;
    rows[0].happened_on = field("2026-11-05");
    rows[0].lower_reason = field("返工");
    rows[0].n_evidence = 1;
    rows[0].evidence = arena_array(&arena, 1, sizeof *rows[0].evidence);
    rows[0].evidence[0] = field(FILE_ID);
    rows[2].has_verdict = true;
    rows[2].verdict = PB__VERDICT__ACCEPTED;
}

/* A pipe gets rows alone. */
static void
test_the_mark_is_of_files(void **state)
{
    (void)state;
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    csv_begin(out, "-");
    (void)fflush(out);
    assert_int_equal(n, 0);
    csv_begin(out, "t.csv");
    (void)fclose(out);
    assert_string_equal(text, CSV_BOM);
    free(text);
}

static void
test_table_round_trip(void **state)
{
    (void)state;
    Pb__TableRow rows[3];
    Pb__TableRow *list[3] = {&rows[0], &rows[1], &rows[2]};
    struct table_file file;
    struct fault f;
    sample_rows(rows);
    char *text = exported(list, 3);
    assert_memory_equal(text, CSV_BOM, 3);
    assert_int_equal(read_back(text, &file, &f), STATUS_OK);
    assert_string_equal(file.id, ID);
    assert_true(file.has_version);
    assert_int_equal(file.version, 3);
    assert_int_equal(file.count, 2); /* the accepted row stays out */
    assert_int_equal(file.accepted, 1);
    const Pb__TableRow *r = file.rows[0];
    assert_string_equal(r->measure_ref, "P-07-M-01");
    assert_int_equal(r->percent, 60);
    assert_string_equal(r->narrative, rows[0].narrative);
    assert_string_equal(r->difficulty, "-资金");
    assert_true(r->has_ask_help && r->ask_help);
    assert_true(r->has_claim);
    assert_int_equal(r->claim, PB__CLAIM__CLAIM_COMPLETE);
    assert_string_equal(r->happened_on, "2026-11-05");
    assert_string_equal(r->lower_reason, "返工");
    assert_int_equal(r->n_evidence, 1);
    assert_string_equal(r->evidence[0], FILE_ID);
    assert_int_equal(r->measure_version, 10);
    assert_false(file.rows[1]->has_percent);
    assert_null(file.rows[1]->narrative);
    assert_int_equal(file.attachment_count, 0);
    free(text);
}

/* What a spreadsheet does to a file on saving: GBK, dates rewritten, padding, other columns. */
static void
test_table_from_spreadsheet(void **state)
{
    (void)state;
    static const char text[] =
        "整改工作推进情况自查汇总表,,,,,,\r\n单位,样例单位01（unit01）,期次,Nov-26,,,\r\n"
        "表号," ID ",表版本,3,,,\r\n"
        "备注,措施编号,整改进展,完成百分比,发生日期,证明材料,申请认定\r\n"
        ",p-07-m-01,做了,６０％,2026/11/5,照片.jpg；台账.xlsx:工作记录;编号:" FILE_ID
        ",明显成效\r\n";
    char bytes[2048];
    char *decoded = NULL;
    struct csv csv;
    struct table_file file;
    struct fault f;
    size_t n = encode("GBK", text, bytes, sizeof bytes);
    assert_int_equal(csv_decode(&arena, bytes, n, &decoded, &f), STATUS_OK);
    assert_int_equal(csv_parse(&arena, decoded, "措施编号", &csv, &f), STATUS_OK);
    assert_int_equal(table_file_read(&arena, &csv, "/folder", &file, &f), STATUS_OK);
    assert_string_equal(file.id, ID);
    assert_int_equal(file.count, 1);
    assert_int_equal(file.rows[0]->percent, 60);
    assert_string_equal(file.rows[0]->happened_on, "2026-11-05");
    assert_int_equal(file.rows[0]->n_evidence, 1);
    assert_int_equal(file.attachment_count, 2);
    assert_string_equal(file.attachments[0].path, "/folder/照片.jpg");
    assert_int_equal(file.attachments[0].kind, PB__EVIDENCE_KIND__PHOTO);
    assert_string_equal(file.attachments[1].path, "/folder/台账.xlsx");
    assert_int_equal(file.attachments[1].kind, PB__EVIDENCE_KIND__RECORD);
}

static void
test_table_faults(void **state)
{
    (void)state;
#define HEAD "措施编号,整改进展,完成百分比,求助,申请认定,发生日期,版本\n"
    static const struct {
        const char *text;
        const char *reason;
        const char *where[2];
    } cases[] = {
        {HEAD "P-1,a,101\n", "TABLE_CELL", {"第 2 行（P-1）", "完成百分比"}},
        {HEAD "P-1,a,\nP-2,b,六十\n", "TABLE_CELL", {"第 3 行（P-2）", "完成百分比"}},
        {HEAD "P-1,a,1,也许\n", "TABLE_CELL", {"第 2 行", "求助"}},
        {HEAD "P-1,a,1,,差不多\n", "TABLE_CELL", {"第 2 行", "申请认定"}},
        {HEAD "P-1,a,1,,,2026-02-30\n", "TABLE_CELL", {"第 2 行", "发生日期"}},
        {HEAD "P-1,a,1,,,,x\n", "TABLE_CELL", {"第 2 行", "版本"}},
        {HEAD "P-1,a,1\n,b,2\n", "TABLE_CELL", {"第 3 行", "措施编号"}},
        {HEAD "P-1,a,1\nP-2,a,1\np-1,b,2\n", "TABLE_REF_TWICE", {"第 2 行", "第 4 行"}},
        {HEAD, "TABLE_EMPTY", {"一行", "措施"}},
        {"措施编号,整改进展\nP-1,a\n", "TABLE_COLUMN", {"第 1 行", "完成百分比"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct table_file file;
        struct fault f;
        assert_int_equal(read_back(cases[i].text, &file, &f), STATUS_INVALID_ARGUMENT);
        assert_string_equal(f.reason, cases[i].reason);
        assert_non_null(strstr(f.message, cases[i].where[0]));
        assert_non_null(strstr(f.message, cases[i].where[1]));
    }
}

static void
test_attachment(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *path;
        Pb__EvidenceKind kind;
    } cases[] = {
        {"a.pdf", "a.pdf", PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED},
        {"a.PNG", "a.PNG", PB__EVIDENCE_KIND__PHOTO},
        {"a.pdf:印发文件", "a.pdf", PB__EVIDENCE_KIND__DOCUMENT},
        {"a.pdf：数据", "a.pdf", PB__EVIDENCE_KIND__DATA},
        {"a:b.pdf", "a:b.pdf", PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED},
        {"a:b.pdf:record", "a:b.pdf", PB__EVIDENCE_KIND__RECORD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = NULL;
        Pb__EvidenceKind kind = PB__EVIDENCE_KIND__OTHER;
        struct fault f;
        assert_int_equal(table_file_attachment_parse(&arena, cases[i].text, &path, &kind, &f),
                         STATUS_OK);
        assert_string_equal(path, cases[i].path);
        assert_int_equal(kind, cases[i].kind);
    }
    const char *path = NULL;
    Pb__EvidenceKind kind = PB__EVIDENCE_KIND__OTHER;
    struct fault f;
    assert_int_equal(table_file_attachment_parse(&arena, "", &path, &kind, &f),
                     STATUS_INVALID_ARGUMENT);
}

static enum status
decisions(const char *text, struct decision_file *ret, struct fault *f)
{
    struct csv csv;
    *f = (struct fault){.code = STATUS_OK};
    *ret = (struct decision_file){.count = 0};
    enum status status = csv_parse(&arena, text, "措施编号", &csv, f);
    return status == STATUS_OK ? decision_file_read(&arena, &csv, ret, f) : status;
}

static void
test_decisions(void **state)
{
    (void)state;
    struct decision_file file;
    struct fault f;
    assert_int_equal(
        decisions("措施编号,意见,认定,理由\nP-1,通过,同意,\nP-2,退回,,材料不足\nP-3,,,\n", &file,
                  &f),
        STATUS_OK);
    assert_int_equal(file.count, 2); /* no opinion: left open */
    assert_int_equal(file.decisions[0]->verdict, PB__VERDICT__ACCEPTED);
    assert_true(file.decisions[0]->has_claim);
    assert_int_equal(file.decisions[1]->verdict, PB__VERDICT__RETURNED);
    assert_false(file.decisions[1]->has_claim);
    assert_string_equal(file.decisions[1]->reason, "材料不足");
    assert_string_equal(file.decisions[1]->reason_code, "OTHER");
    assert_int_equal(decisions("措施编号,意见,理由\nP-1,退回,\n", &file, &f),
                     STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(f.message, "理由"));
    assert_int_equal(decisions("措施编号,意见\nP-1,好\n", &file, &f), STATUS_INVALID_ARGUMENT);
    assert_int_equal(decisions("措施编号,意见\nP-1,\n", &file, &f), STATUS_INVALID_ARGUMENT);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parse_quotes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_separators, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parse_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decode, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_round_trip, setup, teardown),
        cmocka_unit_test(test_the_mark_is_of_files),
        cmocka_unit_test_setup_teardown(test_table_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_from_spreadsheet, setup, teardown),
        cmocka_unit_test_setup_teardown(test_table_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attachment, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decisions, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
