#include "server/document/notice_text.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "server/document/marker.h"
#include "server/document/text.h"

#include <stdio.h>
#include <string.h>

enum {
    HEADING_CHARS = 120, /* a heading is no longer */
    SIGNER_CHARS = 30,   /* nor is who signs */
    SIGNERS_MAX = 4,
    PAPER_COLUMNS = 62, /* of a briefing's line: 31 wide characters */
    PAPER_TITLE_COLUMNS = 40,
    NUMERAL_SIZE = 16,
};

#define PARAGRAPH PB__PUBLICATION_BLOCK_KIND__BLOCK_PARAGRAPH
#define SECTION PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION
#define ITEM PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM
#define PROBLEM PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM
#define STATUS PB__PUBLICATION_BLOCK_KIND__BLOCK_STATUS
#define MEASURE PB__PUBLICATION_BLOCK_KIND__BLOCK_MEASURE
#define SIGNATURE PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE

/* ---- numbers ---- */

/* 1 to 99 in Chinese. */
static const char *
numeral(unsigned n, char ret_text[NUMERAL_SIZE])
{
    static const char *const digits[] = {"", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    const unsigned tens = n / 10 % 10;
    (void)snprintf(ret_text, NUMERAL_SIZE, "%s%s%s", tens > 1 ? digits[tens] : "",
                   tens > 0 ? "十" : "", digits[n % 10]);
    return ret_text;
}

bool
notice_number(Pb__PublicationBlock *const *blocks, size_t count, struct arena *a)
{
    unsigned section = 0;
    unsigned item = 0;
    unsigned problem = 0;
    unsigned measure = 0;
    char text[NUMERAL_SIZE];
    for (size_t i = 0; i < count; i++) {
        Pb__PublicationBlock *b = blocks[i];
        b->label = NULL;
        if (b->kind == SECTION) {
            item = 0;
            b->label = arena_printf(a, "%s、", numeral(++section, text));
        } else if (b->kind == ITEM) {
            b->label = arena_printf(a, "（%s）", numeral(++item, text));
        } else if (b->kind == PROBLEM) {
            measure = 0;
            b->label = arena_printf(a, "%u.", ++problem);
        } else if (b->kind == MEASURE) {
            b->label = arena_printf(a, "%s是", numeral(++measure, text));
        } else {
            continue;
        }
        if (b->label == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

enum status
notice_write(const struct notice_text *text, struct arena *a, const char **ret_bytes,
             size_t *ret_size)
{
    size_t size = strlen(text->title) + 3;
    for (size_t i = 0; i < text->count; i++) {
        const Pb__PublicationBlock *b = text->blocks[i];
        size += (b->label == NULL ? 0 : strlen(b->label)) + strlen(b->text) + 1;
    }
    char *out = arena_alloc(a, size);
    if (out == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    char *at = stpcpy(stpcpy(out, text->title), "\n\n");
    for (size_t i = 0; i < text->count; i++) {
        const Pb__PublicationBlock *b = text->blocks[i];
        at = stpcpy(stpcpy(stpcpy(at, b->label == NULL ? "" : b->label), b->text), "\n");
    }
    *ret_bytes = out;
    *ret_size = (size_t)(at - out);
    return STATUS_OK;
}

/* ---- reading ---- */

struct reader {
    struct arena *a;
    bool problems;
    bool in_problem;
    struct fold fold; /* of the line being read */
    struct notice_text *out;
    size_t capacity;
    size_t line_capacity;
    struct fault *fault;
};

static enum status
no_memory(struct reader *r)
{
    return fault_set(r->fault, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "文件太大，请精简后再试。");
}

static enum status
add(struct reader *r, Pb__PublicationBlockKind kind, const char *text, uint32_t line)
{
    size_t n = r->out->count;
    Pb__PublicationBlock **slot =
        arena_grow(r->a, (void **)&r->out->blocks, n, &r->capacity, sizeof(*slot));
    uint32_t *at = arena_grow(r->a, (void **)&r->out->lines, n, &r->line_capacity, sizeof *at);
    Pb__PublicationBlock *b = arena_alloc(r->a, sizeof *b);
    if (slot == NULL || at == NULL || b == NULL || text == NULL) {
        return no_memory(r);
    }
    pb__publication_block__init(b);
    b->has_kind = 1;
    b->kind = kind;
    b->text = wire_text(text);
    *slot = b;
    *at = line;
    r->out->count++;
    return STATUS_OK;
}

static bool
could_head(const struct text_line *l)
{
    return l->chars <= HEADING_CHARS && strstr(l->text, "。") == NULL;
}

/* What the line is, and where its own words begin. */
static Pb__PublicationBlockKind
kind_of(const struct reader *r, const struct text_line *l, const struct fold *f, size_t *ret_rest)
{
    const struct marker m = marker_at(f, 0);
    const struct label_hit label = label_at(f, 0);
    *ret_rest = 0;
    if (label.label == LABEL_STATUS && r->in_problem) {
        *ret_rest = f->at[label.rest];
        return STATUS;
    }
    Pb__PublicationBlockKind kind = PARAGRAPH;
    if (m.mark == MARK_CHAPTER && could_head(l)) {
        kind = SECTION;
    } else if (m.mark == MARK_ITEM && could_head(l)) {
        kind = ITEM;
    } else if (m.mark == MARK_DOT && could_head(l) && r->problems) {
        kind = PROBLEM;
    } else if (m.mark == MARK_SHI && r->in_problem) {
        kind = MEASURE;
    }
    if (kind != PARAGRAPH) {
        *ret_rest = f->at[m.rest];
    }
    return kind;
}

static enum status
read_line(struct reader *r, const struct text_line *l)
{
    size_t rest = 0;
    if (l->bytes > LIMIT_TEXT_BYTES) {
        return fault_set_field(r->fault, "file", "LINE_TOO_LONG",
                               "第 %u 行有 %u 字节，一段最多 %d 字节，请分成几段。", l->number,
                               l->bytes, LIMIT_TEXT_BYTES);
    }
    fold_text(&r->fold, l->text, l->bytes);
    const Pb__PublicationBlockKind kind = kind_of(r, l, &r->fold, &rest);
    const char *text = arena_strdup(r->a, l->text + rest);
    if (kind == STATUS && text != NULL) {
        text = arena_printf(r->a, "整改状态：%s", text);
    }
    if (text != NULL && text[0] == '\0') {
        return fault_set_field(r->fault, "file", "NO_TEXT",
                               "第 %u 行只有编号“%s”，没有文字：请补上，或删去这一行。", l->number,
                               l->text);
    }
    for (char *p = (char *)(uintptr_t)text; p != NULL && *p != '\0'; p++) {
        *p = *p == '\t' ? ' ' : *p;
    }
    if (kind == PROBLEM || kind == SECTION || kind == ITEM) {
        r->in_problem = kind == PROBLEM;
    }
    return add(r, kind, text, l->number);
}

static bool
is_day(const char *text)
{
    int part = 0;
    static const char *const units[] = {"年", "月", "日"};
    for (; part < 3; part++) {
        size_t digits = strspn(text, "0123456789");
        if (digits == 0 || digits > 4 || strncmp(text + digits, units[part], 3) != 0) {
            return false;
        }
        text += digits + 3;
    }
    return text[0] == '\0';
}

static bool
is_signer(const char *text)
{
    static const char *const stops[] = {"。", "，", "；", "：", ",", ";", ":"};
    size_t chars = 0;
    for (const char *p = text; *p != '\0'; p++) {
        chars += ((unsigned char)*p & 0xC0U) != 0x80U;
    }
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        if (strstr(text, stops[i]) != NULL) {
            return false;
        }
    }
    return chars <= SIGNER_CHARS;
}

/* A day at the end, and the short lines above it. */
static void
find_signature(struct notice_text *t)
{
    if (t->count == 0 || !is_day(t->blocks[t->count - 1]->text)) {
        return;
    }
    t->blocks[t->count - 1]->kind = SIGNATURE;
    for (size_t i = 2; i <= t->count && i <= SIGNERS_MAX + 1; i++) {
        Pb__PublicationBlock *b = t->blocks[t->count - i];
        if (b->kind != PARAGRAPH || !is_signer(b->text)) {
            return;
        }
        b->kind = SIGNATURE;
    }
}

static enum status
read_title(struct reader *r, const struct text_line *l)
{
    if (l->bytes > LIMIT_NAME_BYTES || strstr(l->text, "。") != NULL) {
        return fault_set_field(r->fault, "file", "TITLE_LINE",
                               "第 %u 行应是标题（一行，不超过 %d 字节，没有句号），请把标题写在"
                               "最前面。",
                               l->number, LIMIT_NAME_BYTES);
    }
    r->out->title = l->text;
    r->out->title_line = l->number;
    return STATUS_OK;
}

enum status
notice_read(const void *bytes, size_t size, bool problems, struct arena *a, struct notice_text *ret,
            struct fault *fault)
{
    struct text_lines lines;
    struct notice_text text = {0};
    struct reader r = {.a = a, .problems = problems, .out = &text, .fault = fault};
    enum status s = text_read_lines(a, bytes, size, &lines, fault);
    if (s == STATUS_OK && !fold_init(&r.fold, a, LIMIT_TEXT_BYTES)) {
        s = no_memory(&r);
    }
    for (size_t i = 0; s == STATUS_OK && i < lines.count; i++) {
        const struct text_line *l = &lines.lines[i];
        if (l->bytes == 0) {
            continue;
        }
        s = text.title == NULL ? read_title(&r, l) : read_line(&r, l);
    }
    if (s == STATUS_OK && text.count == 0) {
        s = fault_set_field(fault, "file", "NO_TEXT",
                            "文件里没有正文：第一行是标题，下面是正文，请核对是不是选错了文件。");
    }
    if (s == STATUS_OK) {
        find_signature(&text);
        *ret = text;
    }
    return s;
}

/* ---- paper ---- */

/* Columns of a text: wide characters count two. */
static int
columns_of(const char *text)
{
    int n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        n += (*p & 0xC0U) == 0x80U ? 0 : *p < 0x80U ? 1 : 2;
    }
    return n;
}

static int
rows_of(int columns, int width)
{
    return columns <= 0 ? 1 : (columns + width - 1) / width;
}

int
notice_paper_lines(const char *title, Pb__PublicationBlock *const *blocks, size_t count)
{
    int lines = 2 * rows_of(columns_of(title), PAPER_TITLE_COLUMNS) + 1;
    for (size_t i = 0; i < count; i++) {
        const int label = blocks[i]->kind == PARAGRAPH ? 0 : 6;
        lines += rows_of(columns_of(blocks[i]->text) + label + 4, PAPER_COLUMNS);
    }
    return lines;
}
