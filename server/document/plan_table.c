#include "server/document/plan_table.h"

#include "proto/base/limits.h"
#include "server/document/columns.h"
#include "server/document/fold.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum column {
    COL_ITEM,
    COL_PROBLEM_NO,
    COL_PROBLEM,
    COL_CODE,
    COL_MEASURE_NO,
    COL_TEXT,
    COL_TARGET,
    COL_LEADER,
    COL_LEAD_UNIT,
    COL_PROBLEM_LEAD,
    COL_PARTICIPANTS,
    COL_GROUP,
    COL_EFFECT,
    COL_COMPLETE,
    COL_CLASS,
    COL_NODES,
    COL_ORIGIN,
    COL_ORDINAL,
    COL_COUNT,
};

static const struct column_names names[COL_COUNT] = {
    [COL_ITEM] = {"项目|方面|反馈项目|项目名称|所属项目|所属方面|项|问题方面|问题分类|反馈方面"},
    [COL_PROBLEM_NO] = {"问题序号|问题编号|问题号"},
    [COL_PROBLEM] =
        {"问题|反馈问题|存在问题|存在的问题|巡视反馈问题|巡察反馈问题|具体问题|问题描述|"
         "问题内容|问题名称|整改问题|问题表述|反馈意见|突出问题|主要问题|反馈的问题"},
    [COL_CODE] = {"编号|措施编号|措施编码|任务编号|整改措施编号|措施代码"},
    [COL_MEASURE_NO] = {"措施序号|措施号|整改措施序号"},
    [COL_TEXT] =
        {"整改措施|措施|措施内容|具体措施|整改任务|具体整改措施|整改具体措施|整改举措|工作措施|"
         "整改措施内容|主要措施|整改内容"},
    [COL_TARGET] = {"整改目标|目标|目标要求|预期目标|整改要求|工作目标|整改目标要求"},
    [COL_LEADER] =
        {"牵头区领导|牵头领导|责任领导|分管领导|牵头市领导|牵头县领导|牵头校领导|牵头院领导|"
         "牵头公司领导|挂钩领导|包抓领导|区领导|牵头负责人|责任区领导"},
    [COL_LEAD_UNIT] = {"牵头单位|措施牵头单位|牵头部门|责任单位|主要责任单位|责任部门|主责单位|"
                       "措施责任单位|整改责任单位|牵头责任单位"},
    [COL_PROBLEM_LEAD] = {"问题牵头单位|首要责任单位|问题整改牵头单位|整改牵头单位|问题责任单位|"
                          "问题首要责任单位"},
    [COL_PARTICIPANTS] =
        {"参与单位|配合单位|协同单位|配合部门|参与部门|重要责任单位|协办单位|协作单位|"
         "配合责任单位|其他责任单位"},
    [COL_GROUP] = {"专项小组|责任小组|专项组|工作小组|所属专项小组|牵头专项小组"},
    [COL_EFFECT] =
        {"取得明显成效时限|明显成效时限|取得明显成效时间|明显成效时间|取得明显成效|明显成效|"
         "取得明显成效期限|取得成效时限|成效时限"},
    [COL_COMPLETE] =
        {"整改落实到位时限|落实到位时限|整改到位时限|整改落实到位时间|整改落实到位|落实到位时间|"
         "整改到位时间|完成时限|整改时限|完成时间|整改期限|到位时限|整改完成时限|整改完成时间|"
         "完成期限|时限"},
    [COL_CLASS] = {"整改类型|整改类别|类型|类别|措施类型|措施类别|整改方式|整改性质"},
    [COL_NODES] = {"目标节点|时间节点|节点|阶段目标|阶段性目标|目标节点化|进度节点"},
    [COL_ORIGIN] = {"问题来源|来源|发现渠道|问题渠道"},
    [COL_ORDINAL] = {"序号"},
};

struct plan_reader {
    struct arena *arena;
    const struct plan_table_options *options;
    struct csv_table csv;
    struct columns columns;
    struct plan_table *out;
    struct fold fold;
    bool failed;
    bool ordinal_is_problem;
    bool told_no_dates;
    const struct csv_row *row;      /* being read */
    const char *carried[COL_COUNT]; /* newest text of each column */
    uint32_t problem_no;
    uint32_t measure_no; /* newest of the problem */
    uint32_t problem_id; /* counts changes of the problem */
};

static const char *
heading_of(const struct plan_reader *r, enum column column)
{
    size_t at = r->columns.at[column];
    return at == COLUMNS_NONE ? "" : r->columns.heading[at];
}

static void __attribute__((format(printf, 5, 6)))
report(struct plan_reader *r, enum column column, bool warning, const char *code,
       const char *format, ...)
{
    void *list = r->out->faults;
    struct plan_fault *f =
        arena_grow(r->arena, &list, r->out->fault_count, &r->out->fault_capacity, sizeof *f);
    va_list ap;
    va_start(ap, format);
    char *message = f == NULL ? NULL : arena_vprintf(r->arena, format, ap);
    va_end(ap);
    if (message == NULL) {
        r->failed = true;
        return;
    }
    r->out->faults = list;
    *f = (struct plan_fault){.column = column == COL_COUNT ? "" : heading_of(r, column),
                             .code = code,
                             .message = message,
                             .warning = warning};
    if (r->row != NULL) {
        f->row = r->row->record;
        f->line = r->row->line;
    }
    r->out->fault_count++;
    r->out->error_count += !warning;
}

/* The cell's own text, "" when it is empty or the column is not there. */
static const char *
own_text(struct plan_reader *r, enum column column)
{
    size_t at = r->columns.at[column];
    size_t bytes = 0;
    const char *text = at == COLUMNS_NONE ? "" : csv_cell_trim(r->row, at, &bytes);
    if (bytes == 0) {
        return "";
    }
    char *copy = arena_strndup(r->arena, text, bytes);
    r->failed = r->failed || copy == NULL;
    return copy == NULL ? "" : copy;
}

static bool
says_nothing(const char *text)
{
    static const char *const words[] = {"-", "--", "—", "——", "/", "／", "无", "－", "\\"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (strcmp(text, words[k]) == 0) {
            return true;
        }
    }
    return false;
}

/* The cell's text, or the one above it. */
static const char *
carried_text(struct plan_reader *r, enum column column)
{
    const char *own = own_text(r, column);
    if (own[0] != '\0') {
        r->carried[column] = says_nothing(own) ? "" : own;
    }
    return r->carried[column];
}

/* A number in text such as "7", "问题7", "七"; 0: none. */
static uint32_t
text_number(struct plan_reader *r, const char *text)
{
    fold_text(&r->fold, text, strlen(text));
    uint32_t value = 0;
    bool digits = false;
    for (size_t i = 0; i < r->fold.n; i++) {
        uint32_t cp = r->fold.cp[i];
        if (fold_is_digit(cp) && value < 100000) {
            value = value * 10 + (cp - '0');
            digits = true;
        } else if (digits) {
            break;
        }
    }
    if (digits) {
        return value;
    }
    uint32_t total = 0;
    uint32_t digit = 0;
    for (size_t i = 0; i < r->fold.n; i++) {
        int v = fold_numeral(r->fold.cp[i]);
        if (v >= 10 && total < 100000) {
            total += (digit == 0 ? 1 : digit) * (uint32_t)v;
            digit = 0;
        } else if (v >= 0 && v < 10) {
            digit = (uint32_t)v;
        } else if (total + digit != 0) {
            break;
        }
    }
    return total + digit;
}

/* "P-07-M-03" */
static bool
code_numbers(const char *code, uint32_t *ret_problem, uint32_t *ret_measure)
{
    uint32_t value[2] = {0};
    const char *p = code;
    static const char letters[] = {'P', 'M'};
    for (int k = 0; k < 2; k++) {
        if ((*p & ~0x20) != letters[k]) {
            return false;
        }
        p++;
        p += *p == '-';
        const char *digits = p;
        while (*p >= '0' && *p <= '9' && p - digits < 6) {
            value[k] = value[k] * 10 + (uint32_t)(*p - '0');
            p++;
        }
        if (p == digits) {
            return false;
        }
        p += *p == '-' && k == 0;
    }
    if (*p != '\0') {
        return false;
    }
    *ret_problem = value[0];
    *ret_measure = value[1];
    return true;
}

/* Cuts text at separators outside brackets; each piece trimmed, empty ones left out. */
static const char *const *
cut_list(struct plan_reader *r, const char *text, bool sentences, size_t *ret_count)
{
    struct fold *f = &r->fold;
    fold_text(f, text, strlen(text));
    const char **list = NULL;
    size_t capacity = 0;
    size_t count = 0;
    size_t from = 0;
    int depth = 0;
    for (size_t i = 0; i <= f->n && !r->failed; i++) {
        uint32_t cp = fold_at(f, i);
        int pair = fold_pair(cp);
        depth += pair == 7 ? 1 : pair == -7 && depth > 0 ? -1 : 0;
        bool line_end = i < f->n && text[f->at[i]] == '\n';
        bool comma = cp == 0x3001 || cp == ',' || cp == ' ';
        bool cut = i == f->n || line_end ||
                   (depth == 0 && (cp == ';' || (sentences ? cp == 0x3002 : comma)));
        if (!cut) {
            continue;
        }
        size_t start = fold_skip_space(f, from);
        size_t stop = i;
        while (stop > start && f->cp[stop - 1] == ' ') {
            stop--;
        }
        from = i + 1;
        if (stop <= start) {
            continue;
        }
        void *grown = list;
        const char **slot = arena_grow(r->arena, &grown, count, &capacity, sizeof *slot);
        char *piece =
            slot == NULL ? NULL
                         : arena_strndup(r->arena, text + f->at[start], f->at[stop] - f->at[start]);
        if (piece == NULL) {
            r->failed = true;
            break;
        }
        list = grown;
        *slot = piece;
        count++;
    }
    *ret_count = count;
    return list;
}

#define HOW_TO_DATE                                                                                \
    "请写成2020年6月30日、2020-06-30、2020年6月底、2020年底、2020年第二季度、立行立改或长期坚持"

static struct date_text
read_date(struct plan_reader *r, enum column column, const char *text)
{
    struct date_text d = date_text_read(text, strlen(text), r->options->default_year);
    if (d.kind == DATE_TEXT_BAD) {
        report(r, column, false, "BAD_DATE", "第%u行“%s”列：“%.200s”认不出是什么时间%s。%s。",
               r->row->record, heading_of(r, column), text,
               r->options->default_year == 0 ? "（没有年份的日期也不能读）" : "", HOW_TO_DATE);
    }
    if (d.day == DATE_TEXT_NO_DATE && d.kind == DATE_TEXT_IMMEDIATE) {
        d.day = r->options->immediate_day;
    }
    return d;
}

static bool
text_has(struct plan_reader *r, const char *text, const char *const *words)
{
    fold_text(&r->fold, text, strlen(text));
    for (; *words != NULL; words++) {
        if (fold_has(&r->fold, 0, r->fold.n, *words)) {
            return true;
        }
    }
    return false;
}

static void
read_class(struct plan_reader *r, struct plan_row *row, const struct date_text *effect,
           const struct date_text *complete)
{
    static const char *const at_once[] = {"立行立改", "即知即改", "立即", "即行即改", "即改", NULL};
    static const char *const forever[] = {"长期", "持续", "常态", NULL};
    static const char *const timed[] = {"限期", "集中", "阶段", "近期", "短期",
                                        "中期", "按期", "限时", "分步", NULL};
    if (row->class_text[0] != '\0') {
        if (text_has(r, row->class_text, at_once)) {
            row->class_of = PLAN_CLASS_IMMEDIATE;
        } else if (text_has(r, row->class_text, forever)) {
            row->class_of = PLAN_CLASS_LONG_TERM;
        } else if (text_has(r, row->class_text, timed)) {
            row->class_of = PLAN_CLASS_TIMED;
        } else {
            report(r, COL_CLASS, false, "BAD_CLASS",
                   "第%u行“%s”列：“%.100s”不是整改类型。请写立行立改、限期整改或长期坚持。",
                   r->row->record, heading_of(r, COL_CLASS), row->class_text);
        }
        return;
    }
    if (effect->long_term || complete->long_term) {
        row->class_of = PLAN_CLASS_LONG_TERM;
    } else if (effect->immediate || complete->immediate) {
        row->class_of = PLAN_CLASS_IMMEDIATE;
    } else if (effect->kind == DATE_TEXT_DAY || complete->kind == DATE_TEXT_DAY) {
        row->class_of = PLAN_CLASS_TIMED;
    }
}

static void
read_dates(struct plan_reader *r, struct plan_row *row)
{
    row->effect_text = carried_text(r, COL_EFFECT);
    row->complete_text = carried_text(r, COL_COMPLETE);
    row->class_text = carried_text(r, COL_CLASS);
    struct date_text effect = read_date(r, COL_EFFECT, row->effect_text);
    struct date_text complete = read_date(r, COL_COMPLETE, row->complete_text);
    row->effect_day = effect.day;
    row->complete_day = complete.day;
    read_class(r, row, &effect, &complete);
    bool immediate = row->class_of == PLAN_CLASS_IMMEDIATE;
    if (immediate && row->complete_day == PLAN_TABLE_NO_DATE) {
        row->complete_day = r->options->immediate_day;
    }
    if (immediate && own_text(r, COL_EFFECT)[0] == '\0') {
        row->effect_text = ""; /* nothing to continue: it has one deadline */
        row->effect_day = PLAN_TABLE_NO_DATE;
    }
    if (!immediate && effect.kind == DATE_TEXT_DAY && complete.kind == DATE_TEXT_DAY &&
        complete.day < effect.day) {
        report(
            r, COL_COMPLETE, false, "DATE_ORDER",
            "第%u行：整改落实到位时限（%.100s）早于取得明显成效时限（%.100s）。请核对这两个时限。",
            r->row->record, row->complete_text, row->effect_text);
    }
    bool none = row->effect_text[0] == '\0' && row->complete_text[0] == '\0';
    if (none && row->class_of != PLAN_CLASS_IMMEDIATE && !r->told_no_dates) {
        r->told_no_dates = true;
        report(r, COL_COUNT, true, "NO_DATES",
               "从第%u行起有措施没有写时限。方案批准前要补齐明显成效时限和落实到位时限。",
               r->row->record);
    }
}

static void
read_nodes(struct plan_reader *r, struct plan_row *row)
{
    size_t count = 0;
    const char *text = own_text(r, COL_NODES);
    const char *const *list = cut_list(r, says_nothing(text) ? "" : text, true, &count);
    struct plan_node *nodes = arena_array(r->arena, count, sizeof *nodes);
    if (nodes == NULL) {
        r->failed = true;
        return;
    }
    for (size_t k = 0; k < count; k++) {
        struct date_text d = date_text_read(list[k], strlen(list[k]), r->options->default_year);
        nodes[k] =
            (struct plan_node){d.kind == DATE_TEXT_BAD ? PLAN_TABLE_NO_DATE : d.day, list[k]};
    }
    row->nodes = nodes;
    row->node_count = count;
}

/* Problem and its number; a change of either begins a new problem. */
static void
read_problem(struct plan_reader *r, struct plan_row *row)
{
    enum column number = r->ordinal_is_problem ? COL_ORDINAL : COL_PROBLEM_NO;
    const char *no_text = own_text(r, number);
    const char *title = own_text(r, COL_PROBLEM);
    uint32_t no = no_text[0] == '\0' ? 0 : text_number(r, no_text);
    if (no_text[0] != '\0' && no == 0) {
        report(r, number, false, "BAD_NUMBER", "第%u行“%s”列：“%.100s”不是序号。请写数字，如7。",
               r->row->record, heading_of(r, number), no_text);
    }
    bool other_no = no != 0 && no != r->problem_no;
    bool other_title = title[0] != '\0' && strcmp(title, r->carried[COL_PROBLEM]) != 0;
    if (other_no || other_title) {
        r->problem_no = other_no || no != 0 ? no : 0;
        r->carried[COL_PROBLEM] = title;
        r->measure_no = 0;
        r->problem_id++;
    }
    uint32_t code_problem = 0;
    uint32_t code_measure = 0;
    row->code = own_text(r, COL_CODE);
    bool coded = code_numbers(row->code, &code_problem, &code_measure);
    if (coded && code_problem != r->problem_no) {
        if (r->problem_no != 0 && no != 0) {
            report(r, COL_CODE, false, "BAD_NUMBER",
                   "第%u行：编号%.64s说的是问题%u，问题序号却是%u。请改成一致。", r->row->record,
                   row->code, code_problem, r->problem_no);
        }
        if (title[0] == '\0' && r->problem_no != 0) {
            r->carried[COL_PROBLEM] = "";
        }
        r->problem_no = code_problem;
        r->measure_no = 0;
    }
    row->problem_no = r->problem_no;
    row->problem = r->carried[COL_PROBLEM];
    const char *measure = own_text(r, COL_MEASURE_NO);
    uint32_t measure_no = measure[0] == '\0' ? code_measure : text_number(r, measure);
    if (measure[0] != '\0' && measure_no == 0) {
        report(r, COL_MEASURE_NO, false, "BAD_NUMBER",
               "第%u行“%s”列：“%.100s”不是序号。请写数字，如3。", r->row->record,
               heading_of(r, COL_MEASURE_NO), measure);
    }
    row->measure_no = measure_no != 0 ? measure_no : r->measure_no + 1;
}

static void
check_lengths(struct plan_reader *r, const struct plan_row *row)
{
    const struct {
        enum column column;
        const char *text;
        size_t max;
    } fields[] = {
        {COL_TEXT, row->text, LIMIT_TEXT_BYTES},
        {COL_TARGET, row->target, LIMIT_TEXT_BYTES},
        {COL_PROBLEM, row->problem, LIMIT_TEXT_BYTES},
        {COL_LEADER, row->leader, LIMIT_NAME_BYTES},
        {COL_LEAD_UNIT, row->lead_unit, LIMIT_NAME_BYTES},
        {COL_PROBLEM_LEAD, row->problem_lead, LIMIT_NAME_BYTES},
        {COL_GROUP, row->special_group, LIMIT_NAME_BYTES},
    };
    for (size_t k = 0; k < sizeof fields / sizeof fields[0]; k++) {
        if (strlen(fields[k].text) > fields[k].max) {
            report(r, fields[k].column, false, "TEXT_TOO_LONG",
                   "第%u行“%s”列：文字超过%zu字节。请缩短。", r->row->record,
                   heading_of(r, fields[k].column), fields[k].max);
        }
    }
}

static void
add_row(struct plan_reader *r)
{
    struct plan_row row = {.row = r->row->record, .line = r->row->line};
    row.text = own_text(r, COL_TEXT);
    read_problem(r, &row);
    row.item = carried_text(r, COL_ITEM);
    row.target = carried_text(r, COL_TARGET);
    row.leader = carried_text(r, COL_LEADER);
    row.lead_unit = carried_text(r, COL_LEAD_UNIT);
    row.problem_lead = carried_text(r, COL_PROBLEM_LEAD);
    row.special_group = carried_text(r, COL_GROUP);
    row.participants =
        cut_list(r, carried_text(r, COL_PARTICIPANTS), false, &row.participant_count);
    row.origin = own_text(r, COL_ORIGIN);
    read_dates(r, &row);
    read_nodes(r, &row);
    check_lengths(r, &row);
    if (row.problem_no == 0 && row.problem[0] == '\0') {
        report(r, COL_COUNT, false, "NO_PROBLEM",
               "第%u行：看不出这条措施属于哪个问题。请填写问题、问题序号或编号（如P-07-M-03）。",
               r->row->record);
    }
    void *list = r->out->rows;
    struct plan_row *slot =
        arena_grow(r->arena, &list, r->out->count, &r->out->row_capacity, sizeof *slot);
    if (slot == NULL) {
        r->failed = true;
        return;
    }
    r->out->rows = list;
    *slot = row;
    r->out->count++;
    r->measure_no = row.measure_no;
}

static bool
is_remark(struct plan_reader *r, const char *text)
{
    static const char *const words[] = {"注:",  "注1",  "备注", "说明", "填表", "制表",
                                        "合计", "总计", "审核", "填报", "联系"};
    fold_text(&r->fold, text, strlen(text));
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (fold_starts(&r->fold, 0, words[k], NULL)) {
            return true;
        }
    }
    return false;
}

/* How many cells of the row have text; ret_last: the last of them. */
static size_t
filled_cells(const struct csv_row *row, size_t *ret_last)
{
    size_t filled = 0;
    *ret_last = 0;
    for (size_t c = 0; c < row->count; c++) {
        size_t bytes = 0;
        csv_cell_trim(row, c, &bytes);
        if (bytes != 0) {
            filled++;
            *ret_last = c;
        }
    }
    return filled;
}

/* Does the row speak of a problem only, whose measures stand below? */
static bool
only_problem(const struct plan_reader *r)
{
    for (size_t c = 0; c < r->row->count; c++) {
        size_t bytes = 0;
        int id = r->columns.id[c];
        csv_cell_trim(r->row, c, &bytes);
        bool about = id == COL_PROBLEM || id == COL_PROBLEM_NO || id == COL_ITEM ||
                     id == COL_PROBLEM_LEAD || id == COL_GROUP || id == COL_LEADER ||
                     (id == COL_ORDINAL && r->ordinal_is_problem);
        if (bytes != 0 && !about) {
            return false;
        }
    }
    return true;
}

/* A row that is no measure: a title, a remark, a problem whose measures follow, or an error. */
static void
take_other_row(struct plan_reader *r)
{
    size_t last = 0;
    size_t filled = filled_cells(r->row, &last);
    size_t bytes = 0;
    const char *text = csv_cell_trim(r->row, last, &bytes);
    char *copy = arena_strndup(r->arena, text, bytes);
    if (copy == NULL) {
        r->failed = true;
        return;
    }
    if (filled == 1 && is_remark(r, copy)) {
        return;
    }
    int id = r->columns.id[last];
    bool numbered = id == COL_PROBLEM || text_number(r, copy) != 0;
    if (only_problem(r) && (filled > 1 || (id != COL_ITEM && numbered))) {
        struct plan_row row = {.code = ""};
        read_problem(r, &row);
        carried_text(r, COL_ITEM);
        carried_text(r, COL_PROBLEM_LEAD);
        carried_text(r, COL_GROUP);
        carried_text(r, COL_LEADER);
        return;
    }
    if (filled == 1) {
        r->carried[COL_ITEM] = copy;
        return;
    }
    report(r, COL_TEXT, false, "EMPTY_MEASURE",
           "第%u行：没有整改措施，也没有措施编号，别的列却有内容。请填写措施，或删去这一行。",
           r->row->record);
}

/* A row is a measure when it has its text, its code or its number. */
static bool
names_measure(const struct plan_reader *r, const struct csv_row *row)
{
    static const enum column columns[] = {COL_TEXT, COL_CODE, COL_MEASURE_NO};
    size_t bytes = 0;
    for (size_t k = 0; k < sizeof columns / sizeof columns[0] && bytes == 0; k++) {
        csv_cell_trim(row, r->columns.at[columns[k]], &bytes);
    }
    return bytes != 0;
}

/* 序号 counts problems when it is filled exactly where 问题 is, and left open somewhere. */
static bool
ordinal_counts_problems(const struct plan_reader *r)
{
    size_t ordinal = r->columns.at[COL_ORDINAL];
    size_t problem = r->columns.at[COL_PROBLEM];
    if (ordinal == COLUMNS_NONE || problem == COLUMNS_NONE ||
        r->columns.at[COL_PROBLEM_NO] != COLUMNS_NONE) {
        return false;
    }
    size_t open = 0;
    for (size_t i = r->columns.data_row; i < r->csv.count; i++) {
        size_t n = 0;
        size_t m = 0;
        if (filled_cells(&r->csv.rows[i], &n) == 1 && !names_measure(r, &r->csv.rows[i])) {
            continue; /* a title or remark */
        }
        csv_cell_trim(&r->csv.rows[i], ordinal, &n);
        csv_cell_trim(&r->csv.rows[i], problem, &m);
        if ((n != 0) != (m != 0)) {
            return false;
        }
        open += n == 0;
    }
    return open > 0;
}

static void
report_columns(struct plan_reader *r)
{
    for (size_t c = 0; c < r->csv.columns; c++) {
        if (r->columns.heading[c][0] != '\0' && r->columns.id[c] < 0) {
            report(r, COL_COUNT, true, "UNKNOWN_COLUMN", "“%.100s”列不认识，没有读入。",
                   r->columns.heading[c]);
        }
    }
    for (int k = 0; k < COL_COUNT; k++) {
        if (r->columns.doubled[k]) {
            report(r, (enum column)k, true, "DUPLICATE_COLUMN",
                   "有几列都可以当作“%s”，只读了最左边的一列。", heading_of(r, (enum column)k));
        }
    }
}

static bool
has_column(const struct plan_reader *r, enum column column)
{
    return r->columns.at[column] != COLUMNS_NONE;
}

static enum status
check_columns(struct plan_reader *r, struct fault *fault)
{
    bool text = has_column(r, COL_TEXT);
    bool problem = has_column(r, COL_PROBLEM) || has_column(r, COL_PROBLEM_NO);
    bool numbered = has_column(r, COL_PROBLEM_NO) && has_column(r, COL_MEASURE_NO);
    if (has_column(r, COL_CODE) || (text && problem) || numbered) {
        return STATUS_OK;
    }
    return fault_set(
        fault, STATUS_INVALID_ARGUMENT, "PLAN_COLUMNS_MISSING",
        "这张表缺少%s。读到的表头是：%s。请在第一行写明表头：要有“措施编号”，或者“整改措施”和"
        "“问题”（或“问题序号”）。",
        text ? "“问题”“问题序号”或“措施编号”列" : "“整改措施”或“措施编号”列",
        columns_list(r->arena, &r->csv, &r->columns));
}

static int
by_code(const void *a, const void *b)
{
    const struct plan_row *const *x = a;
    const struct plan_row *const *y = b;
    int order = strcmp((*x)->code, (*y)->code);
    return order != 0 ? order : ((*x)->row > (*y)->row) - ((*x)->row < (*y)->row);
}

static void
check_codes(struct plan_reader *r)
{
    const struct plan_row **sorted = arena_array(r->arena, r->out->count, sizeof *sorted);
    if (sorted == NULL) {
        r->failed = true;
        return;
    }
    for (size_t i = 0; i < r->out->count; i++) {
        sorted[i] = &r->out->rows[i];
    }
    qsort(sorted, r->out->count, sizeof *sorted, by_code);
    for (size_t i = 1; i < r->out->count; i++) {
        const struct plan_row *a = sorted[i - 1];
        const struct plan_row *b = sorted[i];
        if (b->code[0] != '\0' && strcmp(a->code, b->code) == 0) {
            struct csv_row at = {.record = b->row, .line = b->line};
            r->row = &at;
            report(r, COL_CODE, false, "DUPLICATE_CODE",
                   "第%u行：编号%.64s和第%u行重复。一条措施一个编号，请改正。", b->row, b->code,
                   a->row);
            r->row = NULL;
        }
    }
}

static enum status
read_rows(struct plan_reader *r, struct fault *fault)
{
    for (int k = 0; k < COL_COUNT; k++) {
        r->carried[k] = "";
    }
    r->ordinal_is_problem = ordinal_counts_problems(r);
    report_columns(r);
    for (size_t i = r->columns.data_row; i < r->csv.count && !r->failed; i++) {
        r->row = &r->csv.rows[i];
        if (names_measure(r, r->row)) {
            add_row(r);
        } else {
            take_other_row(r);
        }
    }
    r->row = NULL;
    if (!r->failed) {
        check_codes(r);
    }
    if (r->failed) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "PLAN_NO_MEMORY",
                         "表格太大，读不下。请拆成几份再导入。");
    }
    if (r->out->count > LIMIT_IMPORT_MEASURES) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PLAN_TOO_LARGE",
                         "一张表最多%d条措施。请拆成几份再导入。", LIMIT_IMPORT_MEASURES);
    }
    if (r->out->count == 0 && r->out->error_count == 0) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "PLAN_EMPTY",
                         "表里只有表头，没有措施。请确认上传的是填好的表。");
    }
    return STATUS_OK;
}

enum status
plan_table_read(struct arena *arena, const void *bytes, size_t size,
                const struct plan_table_options *options, struct plan_table *ret_table,
                struct fault *fault)
{
    struct plan_table out = {0};
    struct plan_reader *r = arena_alloc(arena, sizeof *r);
    if (r == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "PLAN_NO_MEMORY",
                         "表格太大，读不下。请拆成几份再导入。");
    }
    *r = (struct plan_reader){.arena = arena, .options = options, .out = &out};
    enum status st = csv_read_bytes(arena, bytes, size, true, &r->csv, fault);
    if (st != STATUS_OK) {
        return st;
    }
    if (!fold_init(&r->fold, arena, CSV_CELL_BYTES_MAX) ||
        !columns_find(arena, &r->csv, names, COL_COUNT, &r->columns)) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "PLAN_NO_MEMORY",
                         "表格太大，读不下。请拆成几份再导入。");
    }
    st = check_columns(r, fault);
    if (st != STATUS_OK) {
        return st;
    }
    st = read_rows(r, fault);
    if (st == STATUS_OK) {
        *ret_table = out;
    }
    return st;
}
