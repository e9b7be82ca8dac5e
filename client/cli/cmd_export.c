/* What leaves at a phase's end: the facts for the yearly assessment (年度综合考核), and what units
 * have in common (共性问题). */
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/pieces.h"
#include "client/lib/file.h"

#include <rectify/v1/report.pb-c.h>
#include <string.h>

static const char *
or_empty(const char *s)
{
    return s != NULL ? s : "";
}

/* ---- workbooks ---- */

struct book {
    const char *method;
    const ProtobufCMessage *request;
    int64_t *offset;
    const char *what;
};

static enum status
book_write(struct cli *c, const struct book *book, const char *path, struct fault *f)
{
    struct rectify_file file = {.stream = NULL};
    if (!ends_with(path, ".xlsx")) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_OUT",
                         "文件名要以 .xlsx 结尾；要 CSV 或 JSON，请不写 --out，加上 -o csv 或 -o "
                         "json。");
    }
    enum status status = rectify_file_begin(path, 0640, &file, f);
    if (status == STATUS_OK) {
        status = pieces_write(c, book->method, book->request, book->offset, file.stream, f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_commit(&file, f);
    }
    rectify_file_release(&file);
    if (status == STATUS_OK) {
        (void)fprintf(c->format == CLI_TABLE ? c->out : c->err, "已写好%s：%s\n", book->what, path);
    }
    return status;
}

/* ---- replies in pieces ---- */

/* Both replies have the same three fields by these names: entries, and next where there are more;
 * both requests an offset to go on from. */
struct piece {
    ProtobufCMessage *message;
    size_t *count; /* of entries */
    void ***entries;
    protobuf_c_boolean *has_next;
    const int64_t *next;
};

static void *
field_at(ProtobufCMessage *message, unsigned offset)
{
    return (char *)message + offset;
}

static struct piece
piece_of(ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *entries =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "entries");
    const ProtobufCFieldDescriptor *next =
        protobuf_c_message_descriptor_get_field_by_name(message->descriptor, "next");
    return (struct piece){
        .message = message,
        .count = field_at(message, entries->quantifier_offset),
        .entries = field_at(message, entries->offset),
        .has_next = field_at(message, next->quantifier_offset),
        .next = field_at(message, next->offset),
    };
}

/* Every piece, as one reply. */
static enum status
pieces_read(struct cli *c, const char *method, ProtobufCMessage *get, ProtobufCMessage **ret,
            struct fault *f)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(get->descriptor, "offset");
    int64_t *offset = field_at(get, field->offset);
    struct piece all = {.message = NULL};
    size_t capacity = 0;
    *(protobuf_c_boolean *)field_at(get, field->quantifier_offset) = 1;
    *offset = 0;
    for (bool more = true; more;) {
        ProtobufCMessage *message = NULL;
        enum status status = cli_query(c, method, get, &message, f);
        if (status != STATUS_OK) {
            return status;
        }
        struct piece piece = piece_of(message);
        more = *piece.has_next && *piece.next > *offset;
        *offset = *piece.next;
        if (all.message == NULL) {
            all = piece;
            capacity = *piece.count;
            continue;
        }
        for (size_t i = 0; i < *piece.count; i++) {
            void **slot =
                arena_grow(&c->arena, (void **)all.entries, *all.count, &capacity, sizeof *slot);
            if (slot == NULL) {
                return fault_memory(f);
            }
            *slot = (*piece.entries)[i];
            (*all.count)++;
        }
    }
    *all.has_next = 0;
    *ret = all.message;
    return STATUS_OK;
}

/* ---- 年度综合考核 ---- */

static void
number_rows(struct grid *g, const Pb__GetAssessmentReply *r, const char *unit, const char *name,
            Pb__StatusNumber *const *numbers)
{
    for (size_t i = 0; i < r->n_whole; i++) {
        const char **row = grid_row(g);
        row[0] = unit;
        row[1] = name;
        row[2] = or_empty(r->whole[i]->name_zh);
        row[3] = grid_number(g, numbers[i]->numerator);
        row[4] = grid_number(g, numbers[i]->denominator);
        row[5] = or_empty(r->whole[i]->name);
        row[6] = or_empty(r->whole[i]->definition);
    }
}

/* Every number of every unit, then of the whole. */
static enum status
numbers_print(struct cli *c, const Pb__GetAssessmentReply *r, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "单位代码"},
        {.title = "牵头单位", .clip = 24},
        {.title = "数字"},
        {.title = "分子", .right = true},
        {.title = "分母", .right = true},
        {.title = "代码"},
        {.title = "口径", .clip = 60},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_units; i++) {
        number_rows(&g, r, cli_text(c, r->units[i]->unit), cli_text(c, r->units[i]->unit_name),
                    r->units[i]->numbers);
    }
    number_rows(&g, r, "", "合计", r->whole);
    return grid_print(&g, c, f);
}

static enum status
entries_print(struct cli *c, const Pb__GetAssessmentReply *r, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "单位代码"},
        {.title = "类别"},
        {.title = "编号"},
        {.title = "内容", .clip = 36},
        {.title = "情况"},
        {.title = "日期"},
        {.title = "说明", .clip = 40},
        {.title = "计入", .clip = 60},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_entries; i++) {
        const Pb__AssessmentEntry *e = r->entries[i];
        const char **row = grid_row(&g);
        const char *names = "";
        for (size_t k = 0; k < e->n_counted_in; k++) {
            names = or_empty(
                arena_printf(&c->arena, "%s%s%s", names, k == 0 ? "" : " ", e->counted_in[k]));
        }
        row[0] = cli_text(c, e->unit);
        row[1] = cli_text(c, e->kind_zh);
        row[2] = cli_text(c, e->ref);
        row[3] = cli_text(c, e->title);
        row[4] = cli_text(c, e->state_zh);
        row[5] = or_empty(e->day);
        row[6] = cli_text(c, e->detail);
        row[7] = names;
    }
    return grid_print(&g, c, f);
}

enum status
cmd_export_assessment(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__GetAssessmentRequest get = PB__GET_ASSESSMENT_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *from = NULL;
    const char *to = NULL;
    const char *path = line_value(line, "out");
    enum status status = cli_date_option(c, line, "from", &from, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "to", &to, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    get.inspection = cli_field(line_value(line, "inspection"));
    get.from = cli_field(from);
    get.to = cli_field(to);
    get.number = cli_field(line_value(line, "number"));
    get.unit = cli_field(line_value(line, "unit"));
    get.has_offset = true;
    if (path != NULL) {
        const struct book book = {"rectify.v1.ReportService/ExportAssessment", &get.base,
                                  &get.offset, "年度综合考核事实"};
        return book_write(c, &book, path, f);
    }
    status = pieces_read(c, "rectify.v1.ReportService/GetAssessment", &get.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetAssessmentReply *r = (const Pb__GetAssessmentReply *)message;
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out,
                      "年度综合考核事实，%s 至 %s（%s 的情况；方案第 %d 版）。不评分、"
                      "不排名，按规定次序。\n",
                      or_empty(r->from), or_empty(r->to), or_empty(r->as_of), r->plan_version);
    }
    bool list = line_flag(line, "list") || get.number != NULL || get.unit != NULL;
    return list ? entries_print(c, r, f) : numbers_print(c, r, f);
}

/* ---- 共性问题 ---- */

static enum status
groups_print(struct cli *c, const Pb__GetCommonProblemsReply *r, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "按"},
        {.title = "情形或方面", .clip = 24},
        {.title = "原因或项", .clip = 48},
        {.title = "涉及单位/全部", .right = true},
        {.title = "涉及问题/全部", .right = true},
        {.title = "涉及措施", .right = true},
        {.title = "次数", .right = true},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_groups; i++) {
        const Pb__CommonGroup *one = r->groups[i];
        const char **row = grid_row(&g);
        bool cause = strcmp(or_empty(one->by), "CAUSE") == 0;
        const char *units = arena_printf(&c->arena, "%d/%d", one->units, r->units);
        const char *problems = arena_printf(&c->arena, "%d/%d", one->problems, r->problems);
        const char *item =
            arena_printf(&c->arena, "%d. %s", one->item_no, or_empty(one->item_title));
        row[0] = cause ? "原因" : "项";
        row[1] = cli_text(c, cause ? one->kind_zh : one->aspect);
        row[2] = cli_text(c, cause ? one->code_zh : item);
        row[3] = or_empty(units);
        row[4] = or_empty(problems);
        row[5] = grid_number(&g, one->measures);
        row[6] = grid_number(&g, one->count);
    }
    return grid_print(&g, c, f);
}

static enum status
common_entries_print(struct cli *c, const Pb__GetCommonProblemsReply *r, struct fault *f)
{
    static const struct grid_column columns[] = {
        {.title = "情形"},
        {.title = "原因"},
        {.title = "项", .right = true},
        {.title = "整改项目", .clip = 24},
        {.title = "问题"},
        {.title = "措施"},
        {.title = "牵头单位", .clip = 20},
        {.title = "日期"},
        {.title = "内容", .clip = 40},
    };
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < r->n_entries; i++) {
        const Pb__CommonEntry *e = r->entries[i];
        const char **row = grid_row(&g);
        row[0] = cli_text(c, e->kind_zh);
        row[1] = cli_text(c, e->code_zh);
        row[2] = grid_number(&g, e->item_no);
        row[3] = cli_text(c, e->item_title);
        row[4] = cli_text(c, e->problem_ref);
        row[5] = cli_text(c, e->measure_ref);
        row[6] = cli_text(c, e->unit_name);
        row[7] = or_empty(e->day);
        row[8] = cli_text(c, e->reason);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_export_common(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct cli_number units = {"units", 1, 1000};
    Pb__GetCommonProblemsRequest get = PB__GET_COMMON_PROBLEMS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const char *as_of = NULL;
    const char *since = NULL;
    const char *path = line_value(line, "out");
    bool has = false;
    int64_t least = 0;
    enum status status = cli_date_option(c, line, "as-of", &as_of, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "since", &since, f);
    }
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &units, &has, &least, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    get.inspection = cli_field(line_value(line, "inspection"));
    get.as_of = cli_field(as_of);
    get.since = cli_field(since);
    get.has_min_units = has;
    get.min_units = (int32_t)least;
    get.has_offset = true;
    if (path != NULL) {
        const struct book book = {"rectify.v1.ReportService/ExportCommonProblems", &get.base,
                                  &get.offset, "共性问题报告"};
        return book_write(c, &book, path, f);
    }
    status = pieces_read(c, "rectify.v1.ReportService/GetCommonProblems", &get.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status != STATUS_OK ? status : cli_json_print(c, message, f);
    }
    const Pb__GetCommonProblemsReply *r = (const Pb__GetCommonProblemsReply *)message;
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "共性问题：涉及 %d 个及以上牵头单位的（%s 的情况；方案第 %d 版）\n",
                      r->min_units, or_empty(r->as_of), r->plan_version);
    }
    return line_flag(line, "list") ? common_entries_print(c, r, f) : groups_print(c, r, f);
}
