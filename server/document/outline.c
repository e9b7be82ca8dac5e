/* From paragraphs to items, problems and measures.
 *
 * 1. Bytes → lines (text.c) → paragraphs (paragraph.c) → sections that hold findings (section.c).
 * 2. In such a section a heading of the item level opens an item, one of the problem level a
 * problem; every other paragraph below a problem is a measure (or several, split.c), a label or a
 * note.
 * 3. A paragraph of the problem level is no problem when it reads like a measure: a whole paragraph
 *    without a heading, or a sub-list 1. 2. 3. that starts again inside the problem.
 * 4. The findings of a section end at thanks, telephone numbers, signature and date.
 * 5. Numbers are taken as they stand; what is odd about them is a warning.
 */
#include "server/document/outline.h"

#include "proto/base/limits.h"
#include "server/document/section.h"
#include "server/document/split.h"

#include <stdarg.h>
#include <string.h>

enum { EFFECTS_MAX = 32 };

struct sequence {
    uint32_t last;
    bool new_parent; /* a new item or section began since */
};

struct reader {
    struct arena *arena;
    struct outline *out;
    struct paragraphs ps;
    const struct section *section;
    uint32_t *match; /* scratch of split_paragraph */
    bool failed;     /* the arena is exhausted, or there are too many measures */
    bool has_item, has_problem;
    size_t item, problem; /* indices of the open ones */
    size_t pending_from;  /* paragraphs of an item before its first problem */
    struct sequence item_seq, problem_seq, measure_seq;
    enum mark measure_mark;
    uint32_t sub_no;    /* of the last problem-level paragraph taken as a measure */
    uint32_t sub_item;  /* of the last item-level one */
    enum label mode;    /* the label under which paragraphs stand */
    enum label awaited; /* a label stood alone: the next paragraph is its value */
    const char *awaited_name;
    const char *part;
    size_t effects[EFFECTS_MAX]; /* paragraphs under 整改成效 */
    size_t effect_count;
    uint32_t paragraph; /* counts paragraphs that gave measures */
};

static void __attribute__((format(printf, 4, 5)))
warn(struct reader *r, const char *code, uint32_t line, const char *format, ...)
{
    void *list = r->out->warnings;
    struct outline_warning *w =
        arena_grow(r->arena, &list, r->out->warning_count, &r->out->warning_capacity, sizeof *w);
    va_list ap;
    va_start(ap, format);
    char *message = w == NULL ? NULL : arena_vprintf(r->arena, format, ap);
    va_end(ap);
    if (message == NULL) {
        r->failed = true;
        return;
    }
    r->out->warnings = list;
    *w = (struct outline_warning){code, line, message};
    r->out->warning_count++;
}

static const char *
cut(struct reader *r, const struct paragraph *p, uint32_t from, uint32_t to)
{
    char *s = arena_strndup(r->arena, p->text + from, to > from ? to - from : 0);
    if (s == NULL) {
        r->failed = true;
        return "";
    }
    return s;
}

static struct outline_problem *
open_problem(struct reader *r)
{
    return &r->out->items[r->item].problems[r->problem];
}

/* What is odd about number no after the ones before, as a warning. level: "ITEM" in codes; name:
 * what people call it. */
static void
check_number(struct reader *r, struct sequence *seq, uint32_t no, uint32_t line, int level)
{
    static const char *const codes[3][3] = {
        {"ITEM_GAP", "ITEM_DUPLICATE", "ITEM_RESTART"},
        {"PROBLEM_GAP", "PROBLEM_DUPLICATE", "PROBLEM_RESTART"},
        {"MEASURE_GAP", "MEASURE_DUPLICATE", "MEASURE_RESTART"},
    };
    static const char *const names[3] = {"项目", "问题", "措施"};
    bool anew = seq->new_parent;
    seq->new_parent = false;
    if (no == seq->last + 1) {
        seq->last = no;
        return;
    }
    if (no > seq->last) {
        warn(r, codes[level][0], line, "第%u行：%s序号从%u跳到%u，中间有缺号。请核对原文是否漏行。",
             line, names[level], seq->last, no);
        seq->last = no;
        return;
    }
    if (no == 1 && (anew || seq->last > 1)) {
        warn(r, codes[level][2], line,
             "第%u行：%s序号从1重新开始（上一个是%u）。已按原文编号读入，请核对。", line,
             names[level], seq->last);
        seq->last = 1;
        return;
    }
    warn(r, codes[level][1], line,
         "第%u行：%s序号%u重复或倒退（上一个是%u）。已按原文编号读入，请核对。", line, names[level],
         no, seq->last);
    seq->last = no > seq->last ? no : seq->last;
}

static void
add_measure(struct reader *r, const struct paragraph *p, const struct outline_measure *m)
{
    struct outline_problem *problem = open_problem(r);
    void *list = problem->measures;
    if (r->out->measure_count >= LIMIT_IMPORT_MEASURES) {
        r->failed = true;
        return;
    }
    struct outline_measure *slot = arena_grow(r->arena, &list, problem->measure_count,
                                              &problem->measure_capacity, sizeof *slot);
    if (slot == NULL) {
        r->failed = true;
        return;
    }
    problem->measures = list;
    *slot = *m;
    slot->no = (uint32_t)problem->measure_count + 1;
    problem->measure_count++;
    r->out->measure_count++;
    if (strlen(m->text) > LIMIT_TEXT_BYTES) {
        warn(r, "TEXT_TOO_LONG", p->line, "第%u行：这一条措施超过%d字节，入库前请缩短或拆分。",
             p->line, LIMIT_TEXT_BYTES);
    }
}

static void
check_measure_number(struct reader *r, const struct split_part *part, uint32_t line)
{
    if (part->no == 0) {
        return;
    }
    if (part->mark != r->measure_mark) {
        r->measure_mark = part->mark;
        r->measure_seq = (struct sequence){0};
    }
    check_number(r, &r->measure_seq, part->no, line, 2);
}

/* The marker of the paragraph after i, when it can be a measure of the same problem. */
static struct marker
next_marker(const struct reader *r, size_t i)
{
    if (i + 1 >= r->section->to) {
        return (struct marker){MARK_NONE};
    }
    const struct paragraph *p = &r->ps.list[i + 1];
    bool other = p->mark == r->section->problem || p->mark == r->section->item;
    return other ? (struct marker){MARK_NONE} : (struct marker){p->mark, p->no, 0};
}

/* Paragraph i, from byte from on, as measures of the open problem. */
static void
add_paragraph(struct reader *r, size_t i, uint32_t from)
{
    const struct paragraph *p = &r->ps.list[i];
    struct fold *f = &r->ps.fold;
    struct split_part parts[SPLIT_MAX];
    fold_text(f, p->text + from, p->bytes - from);
    size_t count = split_paragraph(f, 0, next_marker(r, i), r->match, parts);
    size_t label_at_index = 0;
    struct marker lead = marker_at(f, 0);
    struct label_hit label = label_at(f, lead.mark == MARK_NONE ? 0 : lead.rest);
    label_at_index = label.label == LABEL_NONE ? 0 : label.rest;
    r->paragraph++;
    uint32_t label_bytes = f->at[label_at_index];
    uint32_t starts[SPLIT_MAX + 1];
    for (size_t k = 0; k < count; k++) {
        starts[k] = f->at[parts[k].from] + from;
    }
    starts[0] = from;
    starts[count] = p->bytes;
    for (size_t k = 0; k < count && !r->failed; k++) {
        check_measure_number(r, &parts[k], p->line);
        add_measure(r, p,
                    &(struct outline_measure){
                        .marker_no = parts[k].no,
                        .text = cut(r, p, starts[k], starts[k + 1]),
                        .label_bytes = k == 0 ? label_bytes : 0,
                        .line = p->line,
                        .paragraph = r->paragraph,
                        .part = r->part,
                    });
    }
}

static void
add_note(struct reader *r, const char *label, const char *value, uint32_t line)
{
    struct outline_problem *problem = open_problem(r);
    void *list = problem->notes;
    struct outline_note *n =
        arena_grow(r->arena, &list, problem->note_count, &problem->note_capacity, sizeof *n);
    if (n == NULL) {
        r->failed = true;
        return;
    }
    problem->notes = list;
    *n = (struct outline_note){label, value, line};
    problem->note_count++;
}

static void
close_problem(struct reader *r)
{
    if (!r->has_problem) {
        return;
    }
    bool only = open_problem(r)->measure_count == 0;
    for (size_t k = 0; k < r->effect_count && !r->failed; k++) {
        const struct paragraph *p = &r->ps.list[r->effects[k]];
        if (only) {
            add_paragraph(r, r->effects[k], 0); /* 整改成效 is all the problem has */
        } else {
            add_note(r, p->label == LABEL_NONE ? "" : cut(r, p, p->label_from, p->label_to),
                     cut(r, p, p->label == LABEL_NONE ? 0 : p->value, p->bytes), p->line);
        }
    }
    const struct outline_problem *problem = open_problem(r);
    if (problem->measure_count == 0) {
        warn(r, "PROBLEM_WITHOUT_MEASURE", problem->line,
             "第%u行：问题“%s”下面没有读到整改措施。请核对原文，或在导入后补录。", problem->line,
             problem->title);
    }
    r->has_problem = false;
    r->effect_count = 0;
}

static struct outline_item *
add_item(struct reader *r, uint32_t no, const char *title, uint32_t line)
{
    void *list = r->out->items;
    struct outline_item *item =
        arena_grow(r->arena, &list, r->out->item_count, &r->out->item_capacity, sizeof *item);
    if (item == NULL) {
        r->failed = true;
        return NULL;
    }
    r->out->items = list;
    *item = (struct outline_item){.no = no, .title = title, .line = line};
    r->item = r->out->item_count++;
    r->has_item = true;
    return item;
}

/* Problems without an item: all under one item 0. */
static void
need_item(struct reader *r, uint32_t line)
{
    if (r->has_item) {
        return;
    }
    for (size_t i = 0; i < r->out->item_count; i++) {
        if (r->out->items[i].no == 0) {
            r->item = i;
            r->has_item = true;
            return;
        }
    }
    warn(r, "PROBLEM_WITHOUT_ITEM", line,
         "第%u行：问题上面没有“（一）”级标题，已归入序号为0的项目。", line);
    if (!r->failed) {
        add_item(r, 0, "", line);
    }
}

static void
start_problem(struct reader *r, const struct outline_problem *p)
{
    need_item(r, p->line);
    if (r->failed) {
        return;
    }
    struct outline_item *item = &r->out->items[r->item];
    void *list = item->problems;
    struct outline_problem *slot =
        arena_grow(r->arena, &list, item->problem_count, &item->problem_capacity, sizeof *slot);
    if (slot == NULL) {
        r->failed = true;
        return;
    }
    item->problems = list;
    *slot = *p;
    r->problem = item->problem_count++;
    r->out->problem_count++;
    r->has_problem = true;
    r->measure_seq = (struct sequence){0};
    r->measure_mark = MARK_NONE;
    r->sub_no = 0;
    r->sub_item = 0;
    r->mode = LABEL_MEASURE;
    r->awaited = LABEL_NONE;
    r->part = "";
}

static void take_paragraph(struct reader *r, size_t i);

static bool
names_shortcoming(struct reader *r, const char *title)
{
    fold_text(&r->ps.fold, title, strlen(title));
    struct heading h = heading_at(&r->ps.fold, 0);
    return h.defect;
}

/* An item ends: what stood directly under it becomes its problem 0, or is reported. */
static void
close_item(struct reader *r, size_t end)
{
    close_problem(r);
    if (!r->has_item || r->failed) {
        return;
    }
    r->has_item = false;
    struct outline_item *item = &r->out->items[r->item];
    size_t from = r->pending_from;
    r->pending_from = SIZE_MAX;
    if (item->no == 0 || item->problem_count > 0 || from == SIZE_MAX) {
        return;
    }
    bool told = names_shortcoming(r, item->title);
    for (size_t i = from; i < end && r->section->sure; i++) {
        const struct paragraph *p = &r->ps.list[i];
        told = told || p->mark == MARK_SHI || p->label == LABEL_MEASURE;
    }
    if (from >= end || !told) {
        warn(r, "ITEM_WITHOUT_PROBLEM", item->line,
             "第%u行：“%s”下面没有读到问题，未导入。如确有问题，请核对编号和标题格式。", item->line,
             item->title);
        r->out->item_count--;
        return;
    }
    warn(r, "MEASURE_WITHOUT_PROBLEM", item->line,
         "第%u行：项目“%s”下面直接是措施，没有“1.关于…问题”标题，已归入序号为0的问题。", item->line,
         item->title);
    r->has_item = true;
    start_problem(
        r, &(struct outline_problem){
               .title = item->title, .heading = item->title, .status = "", .line = item->line});
    for (size_t i = from; i < end && !r->failed; i++) {
        take_paragraph(r, i);
    }
    close_problem(r);
    r->has_item = false;
}

static void
open_item(struct reader *r, size_t i, const struct paragraph *p)
{
    close_item(r, i);
    if (r->failed) {
        return;
    }
    check_number(r, &r->item_seq, p->no, p->line, 0);
    add_item(r, p->no, cut(r, p, p->title_from, p->title_to), p->line);
    if (p->body < p->bytes) {
        warn(r, "TEXT_SKIPPED", p->line, "第%u行：项目标题后面的文字不是措施，未导入。", p->line);
    }
    r->problem_seq.new_parent = true;
    r->pending_from = i + 1;
}

static void
open_problem_at(struct reader *r, size_t i)
{
    const struct paragraph *p = &r->ps.list[i];
    close_problem(r);
    if (r->has_item && r->pending_from != SIZE_MAX && r->pending_from < i &&
        r->out->items[r->item].problem_count == 0) {
        const struct paragraph *first = &r->ps.list[r->pending_from];
        warn(r, "TEXT_SKIPPED", first->line,
             "第%u行：项目标题和第一个问题之间的文字不是措施，未导入。", first->line);
    }
    r->pending_from = SIZE_MAX;
    uint32_t no = p->no;
    if (p->mark == MARK_BARE) {
        no = r->problem_seq.last + 1;
        r->problem_seq.last = no;
        r->problem_seq.new_parent = false;
        warn(r, "NUMBER_MISSING", p->line, "第%u行：这个问题没有序号，按顺序记为%u。", p->line, no);
    } else {
        check_number(r, &r->problem_seq, no, p->line, 1);
    }
    if (p->unclosed) {
        warn(r, "TITLE_UNCLOSED", p->line, "第%u行：标题里的引号没有配对，标题按整行读入，请核对。",
             p->line);
    }
    if (r->failed) {
        return;
    }
    start_problem(r, &(struct outline_problem){
                         .no = no,
                         .title = cut(r, p, p->title_from, p->title_to),
                         .heading = cut(r, p, 0, p->body),
                         .status = "",
                         .line = p->line,
                     });
    if (p->body < p->bytes && !r->failed) {
        add_paragraph(r, i, p->body);
    }
}

static void
take_label(struct reader *r, size_t i, const struct paragraph *p)
{
    const char *name = cut(r, p, p->label_from, p->label_to);
    r->awaited = LABEL_NONE;
    if (p->label == LABEL_MEASURE) {
        r->mode = LABEL_MEASURE;
        if (!p->label_alone) {
            add_paragraph(r, i, 0);
        }
        return;
    }
    if (p->label == LABEL_EFFECT) {
        r->mode = LABEL_EFFECT;
        if (!p->label_alone && r->effect_count < EFFECTS_MAX) {
            r->effects[r->effect_count++] = i;
        }
        return;
    }
    if (p->label_alone) {
        r->awaited = p->label;
        r->awaited_name = name;
        return;
    }
    const char *value = cut(r, p, p->value, p->bytes);
    if (!r->failed && p->label == LABEL_STATUS && open_problem(r)->status[0] == '\0') {
        open_problem(r)->status = value;
    }
    if (!r->failed) {
        add_note(r, name, value, p->line);
    }
}

/* A heading below the problem ("(1)关于…", or a short line with its text beneath). */
static bool
is_part_heading(const struct reader *r, size_t i)
{
    const struct paragraph *p = &r->ps.list[i];
    bool level = p->mark == MARK_DOT || p->mark == MARK_PAREN || p->mark == MARK_CIRCLE ||
                 p->mark == MARK_ITEM || p->mark == MARK_BARE;
    if (!level || p->heading == HEADING_NONE || p->body < p->bytes) {
        return false;
    }
    if (p->heading != HEADING_WEAK) {
        return true;
    }
    bool clauses = strstr(p->text, "，") != NULL || strchr(p->text, ',') != NULL;
    if (i + 1 >= r->section->to || p->title_to < p->bytes || clauses) {
        return false;
    }
    const struct paragraph *next = &r->ps.list[i + 1];
    if (next->closing || next->mark == r->section->problem || next->mark == r->section->item) {
        return false;
    }
    return next->mark == MARK_NONE ? next->label == LABEL_NONE || next->label == LABEL_MEASURE
                                   : next->mark > p->mark;
}

/* A paragraph below the open problem. */
static void
take_paragraph(struct reader *r, size_t i)
{
    const struct paragraph *p = &r->ps.list[i];
    if (p->label != LABEL_NONE) {
        take_label(r, i, p);
        return;
    }
    if (r->awaited != LABEL_NONE && p->mark == MARK_NONE) {
        if (r->awaited == LABEL_STATUS && open_problem(r)->status[0] == '\0') {
            open_problem(r)->status = p->text;
        }
        add_note(r, r->awaited_name, p->text, p->line);
        r->awaited = LABEL_NONE;
        return;
    }
    r->awaited = LABEL_NONE;
    if (r->mode == LABEL_EFFECT) {
        if (r->effect_count < EFFECTS_MAX) {
            r->effects[r->effect_count++] = i;
            return;
        }
        r->mode = LABEL_MEASURE;
    }
    if (is_part_heading(r, i)) {
        r->part = cut(r, p, p->title_from, p->title_to);
        if (p->mark == r->section->problem && !r->failed) {
            warn(r, "SUBHEADING", p->line,
                 "第%u行：“%s”读作上一个问题下的小标题，没有单列为问题，请核对。", p->line,
                 r->part);
        }
        return;
    }
    struct marker next = next_marker(r, i);
    if (p->mark == MARK_NONE && p->colon && next.mark != MARK_NONE && next.no == 1) {
        add_note(r, "", p->text, p->line); /* leads in what follows */
        return;
    }
    add_paragraph(r, i, 0);
}

/* Does a paragraph of the problem level open a problem? */
static bool
is_problem(const struct reader *r, const struct paragraph *p)
{
    if (p->label != LABEL_NONE) {
        return false;
    }
    bool next = p->no == r->problem_seq.last + 1;
    bool first = p->no == 1 && (!r->has_problem || r->problem_seq.new_parent);
    bool within = r->has_problem &&
                  ((r->sub_no != 0 && p->no == r->sub_no + 1) || (p->no == 1 && !first && !next));
    if (p->heading == HEADING_QUOTED || p->mark == MARK_WORD || p->named ||
        (p->heading == HEADING_PLAIN && (p->about || !within))) {
        return true;
    }
    if (within) {
        return false; /* a list inside the problem */
    }
    if (p->heading == HEADING_LED) {
        return next || first;
    }
    if (p->heading == HEADING_WEAK) {
        if (r->section->strong) {
            return (next || first) && p->defect;
        }
        return next || first || p->defect;
    }
    return !r->section->strong && (next || first) && p->defect &&
           p->title_to - p->title_from <= 120;
}

static bool
is_item(const struct reader *r, size_t i)
{
    const struct paragraph *p = &r->ps.list[i];
    bool above = i + 1 < r->section->to && r->ps.list[i + 1].mark == r->section->problem;
    bool next = p->no == r->item_seq.last + 1;
    if (p->label != LABEL_NONE) {
        return false;
    }
    if (p->heading == HEADING_QUOTED || p->heading == HEADING_PLAIN || above) {
        return true;
    }
    if (r->has_problem && r->sub_item != 0 && p->no == r->sub_item + 1) {
        return false;
    }
    if (p->heading == HEADING_NONE) {
        return !r->has_problem && next;
    }
    return next || !r->has_problem || p->no != 1;
}

static void
read_section(struct reader *r, const struct section *s)
{
    r->section = s;
    r->has_item = false;
    r->has_problem = false;
    r->pending_from = SIZE_MAX;
    r->item_seq.new_parent = true;
    r->problem_seq.new_parent = true;
    if (s->item == MARK_CHAPTER) {
        const struct paragraph *p = &r->ps.list[s->chapter];
        add_item(r, p->no, cut(r, p, p->title_from, p->title_to), p->line);
    }
    size_t end = s->to;
    for (size_t i = s->from; i < s->to && !r->failed; i++) {
        const struct paragraph *p = &r->ps.list[i];
        if (p->closing && (r->has_problem || r->has_item)) {
            end = i;
            break;
        }
        if (s->item != MARK_NONE && p->mark == s->item && is_item(r, i)) {
            open_item(r, i, p);
        } else if ((p->mark == s->problem || p->mark == MARK_BARE) && is_problem(r, p)) {
            open_problem_at(r, i);
        } else if (p->mark == MARK_CHAPTER) {
            close_problem(r); /* chapters are the problems, and this one is none */
        } else if (r->has_problem) {
            r->sub_no = p->mark == s->problem ? p->no : r->sub_no;
            r->sub_item = p->mark == s->item ? p->no : r->sub_item;
            take_paragraph(r, i);
        }
    }
    if (!r->failed) {
        close_item(r, end);
    }
}

static void
explain_nothing(struct reader *r, const struct sections *all)
{
    const char *why =
        r->ps.count == 0 ? "文件里没有文字"
        : all->strong > 0
            ? "“关于…问题的整改”一类标题只出现在问题清单、下一步打算这样不讲整改落实情况的部分"
        : all->chapters + all->items + all->dots == 0
            ? "没有“一、”“（一）”“1.”这样的编号标题"
            : "有编号标题，但没有“关于“…”问题的整改”一类问题标题，"
              "也没有题为“整改落实情况”、下列问题的部分";
    warn(r, "NO_OUTLINE", 0,
         "没有读到整改情况通报的提纲，什么也没有导入：%s（一级标题%zu个，“（一）”%zu个，"
         "“1.”%zu个，问题标题%zu个）。请确认文件是整改进展情况通报，正文以“二、整改落实情况”、"
         "“（一）…”、“1.关于“…”问题的整改”的形式编号。",
         why, all->chapters, all->items, all->dots, all->strong);
}

static void
report_skipped(struct reader *r, const struct section *s)
{
    if (s->chapter == SIZE_MAX) {
        return;
    }
    const struct paragraph *p = &r->ps.list[s->chapter];
    warn(r, "TEXT_SKIPPED", p->line,
         "第%u行：“%s”部分里有“关于…问题”一类标题，但这一部分不是整改落实情况，未导入。", p->line,
         cut(r, p, 0, p->title_to));
}

enum status
outline_read(struct arena *arena, const struct text_lines *lines, struct outline *ret_outline,
             struct fault *fault)
{
    struct outline out = {0};
    struct reader r = {.arena = arena, .out = &out, .mode = LABEL_MEASURE, .part = ""};
    struct sections all = {0};
    bool ready = paragraphs_read(arena, lines, &r.ps) && sections_find(arena, &r.ps, &all);
    if (ready) {
        r.match = arena_array(arena, r.ps.fold.capacity, sizeof *r.match);
    }
    if (r.match == NULL) {
        return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "OUTLINE_NO_MEMORY",
                         "文件太大，读不下。请把通报单独存成一个文本文件再导入。");
    }
    for (size_t k = 0; k < all.count && !r.failed; k++) {
        if (all.list[k].findings) {
            read_section(&r, &all.list[k]);
        } else if (all.list[k].skipped_strong) {
            report_skipped(&r, &all.list[k]);
        }
    }
    if (!r.failed && out.problem_count == 0) {
        out.item_count = 0;
        explain_nothing(&r, &all);
    }
    if (r.failed) {
        return out.measure_count >= LIMIT_IMPORT_MEASURES
                   ? fault_set(fault, STATUS_INVALID_ARGUMENT, "OUTLINE_TOO_LARGE",
                               "一份文件最多导入%d条措施。请拆成几份再导入。",
                               LIMIT_IMPORT_MEASURES)
                   : fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "OUTLINE_NO_MEMORY",
                               "文件太大，读不下。请把通报单独存成一个文本文件再导入。");
    }
    *ret_outline = out;
    return STATUS_OK;
}

enum status
outline_read_bytes(struct arena *arena, const void *bytes, size_t size, struct outline *ret_outline,
                   struct fault *fault)
{
    struct text_lines lines;
    enum status st = text_read_lines(arena, bytes, size, &lines, fault);
    return st != STATUS_OK ? st : outline_read(arena, &lines, ret_outline, fault);
}
