/* How lines become paragraphs.
 *
 * 1. A line that begins with a marker or a label begins a paragraph. Not so
 *    a) inside a quotation or title 《…》 opened before it and closed in it,
 *    b) in a hard-wrapped document behind a full, unfinished line, when its number is not the one
 *       that comes next there ("…(规划\n1.5亿元…").
 * 2. A line without a marker continues the paragraph above it
 *    a) when that is a heading that is not complete: nothing behind its number, its quotation mark
 *       open, its line full in a hard-wrapped document, or the line is the end of such a heading
 *       (的整改);
 *    b) when that is a body paragraph that is not finished (no 。！？；： at its end);
 *    c) when that is finished but its last line is full in a hard-wrapped document.
 *    Where the document indents its paragraphs, an indented line begins one.
 * 3. A blank line separates, except in the middle of a full, unfinished line's paragraph.
 * 4. Page numbers, rules and lines of a table of contents are skipped, and so is a line that stands
 *    beside most page numbers; in a hard-wrapped document the blank lines around them too.
 *
 * Hard-wrapped: among the unfinished lines that an unmarked line follows, most have the same width
 * (in characters or in columns) and hardly a line of the document is longer. That width is W; a
 * line is full when it is no more than two characters shorter (none, where they all are as wide).
 */
#include "server/document/paragraph.h"

#include <string.h>

enum { WIDTHS = 512, SLACK = 2, HEADING_BYTES_MAX = 1500, PAIRS = 11, PAGE_HEADS_MAX = 16 };

/* What one line is, before anything is joined. */
struct line_kind {
    enum mark mark;
    uint32_t no;
    enum heading_kind heading;
    enum label label;
    bool heading_complete;
    bool strong_start; /* marker, then 关于 or 针对 or a quotation mark */
    bool noise;
    bool page;      /* noise with a number: a page ended here */
    bool page_head; /* noise that stands beside it on every page */
    bool date;
    bool closing;
    bool stray;    /* begins with a mark no line begins with: 。，》 */
    bool finished; /* ends with 。！？；： (closing marks behind it allowed) */
    bool colon;
    bool clause;          /* ends with a semicolon or colon */
    bool closes[PAIRS];   /* the line closes a pair it did not open */
    uint8_t opens[PAIRS]; /* pairs it leaves open */
};

struct joiner {
    struct arena *arena;
    const struct text_lines *lines;
    struct paragraphs *out;
    struct line_kind *kinds;
    bool wrapped;
    bool by_columns;
    bool spaces;   /* a single space at a line's edge is text, not habit */
    bool indents;  /* paragraphs are indented, continuations are not */
    uint32_t base; /* columns every line is indented by */
    uint32_t width;
    uint32_t slack; /* how much shorter a full line may be */
    /* the open paragraph */
    size_t first_line;
    size_t last_line;
    bool open;
    uint32_t bytes;
    int depth[PAIRS];
    bool heading;  /* so far it is a heading */
    bool complete; /* and one to which nothing more belongs */
    bool blank;    /* blank lines stand between it and the line looked at */
    uint32_t last_no[MARK_COUNT];
    /* paragraphs as [first, last] lines */
    size_t *spans;
    size_t span_count;
};

static bool
ends_finished(const struct fold *f, bool *ret_colon)
{
    size_t i = f->n;
    *ret_colon = false;
    while (i > 0) {
        uint32_t cp = f->cp[i - 1];
        int pair = fold_pair(cp);
        if (cp == ' ' || pair < 0 || pair == FOLD_STRAIGHT) {
            i--;
            continue;
        }
        *ret_colon = cp == ':' && i == f->n;
        bool stop = cp == '.' && (i < 2 || !fold_is_digit(f->cp[i - 2]));
        return fold_is_sentence_end(cp) || cp == ';' || cp == ':' || stop;
    }
    return false;
}

static void
count_pairs(const struct fold *f, struct line_kind *k)
{
    uint8_t depth[PAIRS] = {0};
    for (size_t i = 0; i < f->n; i++) {
        int pair = fold_pair(f->cp[i]);
        if (pair == 0 || pair == FOLD_STRAIGHT) {
            continue;
        }
        if (pair > 0) {
            depth[pair] += depth[pair] < UINT8_MAX;
        } else if (depth[-pair] > 0) {
            depth[-pair]--;
        } else {
            k->closes[-pair] = true;
        }
    }
    memcpy(k->opens, depth, sizeof depth);
}

/* The marker the text begins with, and where the text behind it begins: behind the words 反馈问题：
 * too, when a number stands before them. */
static struct marker
text_begin(const struct fold *f, size_t *ret_from)
{
    struct marker m = marker_at(f, 0);
    *ret_from = m.mark == MARK_NONE ? fold_skip_space(f, 0) : m.rest;
    size_t behind = m.mark == MARK_NONE ? 0 : label_names_problem(f, m.rest);
    *ret_from = behind != 0 ? behind : *ret_from;
    return m;
}

static void
line_classify(const struct fold *f, struct line_kind *k)
{
    size_t from = 0;
    struct marker m = text_begin(f, &from);
    struct label_hit label = label_at(f, from);
    k->mark = m.mark;
    k->no = m.no;
    k->label = label.label;
    k->noise = line_is_noise(f);
    for (size_t i = 0; i < f->n && k->noise; i++) {
        k->page = k->page || fold_is_digit(f->cp[i]);
    }
    k->date = line_is_date(f);
    k->closing = m.mark == MARK_NONE && label.label == LABEL_NONE && line_is_closing(f);
    k->finished = ends_finished(f, &k->colon);
    uint32_t first = fold_at(f, fold_skip_space(f, 0));
    k->stray = fold_is_sentence_end(first) || first == ',' || first == ';' || first == ':' ||
               first == 0x3001 || fold_pair(first) < 0;
    uint32_t end = f->n == 0 ? 0 : f->cp[f->n - 1];
    k->clause = end == ';' || end == ':' || end == ',' || end == 0x3001;
    k->strong_start = marker_is_about(f, from) || fold_is_quote(fold_at(f, from)) ||
                      (m.mark != MARK_NONE && label_names_problem(f, m.rest) != 0);
    struct heading h = heading_at(f, from);
    bool bare =
        m.mark == MARK_NONE && h.kind == HEADING_QUOTED && h.about && h.complete && h.body >= f->n;
    if (bare) {
        k->mark = MARK_BARE;
    }
    if (k->mark != MARK_NONE && k->mark != MARK_SHI && k->mark != MARK_DI) {
        k->heading = h.kind;
        k->heading_complete = h.complete;
    }
    count_pairs(f, k);
}

static bool
classify_all(struct joiner *j)
{
    size_t longest = HEADING_BYTES_MAX;
    for (size_t i = 0; i < j->lines->count; i++) {
        size_t bytes = j->lines->lines[i].bytes;
        longest = bytes > longest ? bytes : longest;
    }
    j->kinds = arena_array(j->arena, j->lines->count + 1, sizeof *j->kinds);
    if (j->kinds == NULL || !fold_init(&j->out->fold, j->arena, longest)) {
        return false;
    }
    for (size_t i = 0; i < j->lines->count; i++) {
        const struct text_line *line = &j->lines->lines[i];
        fold_text(&j->out->fold, line->text, line->bytes);
        line_classify(&j->out->fold, &j->kinds[i]);
    }
    return true;
}

/* The nearest line that is not blank, up (step -1) or down; count: none. */
static size_t
beside(const struct joiner *j, size_t i, bool down)
{
    size_t count = j->lines->count;
    while (down ? ++i < count : i-- > 0) {
        if (j->lines->lines[i].bytes != 0) {
            return i;
        }
    }
    return count;
}

static bool
may_head_page(const struct joiner *j, size_t i)
{
    return i < j->lines->count && !j->kinds[i].noise && j->kinds[i].mark == MARK_NONE &&
           !j->kinds[i].finished && j->lines->lines[i].chars <= 40;
}

/* A short line that stands beside most page numbers heads or foots the pages: no text. */
static void
find_page_heads(struct joiner *j)
{
    const struct text_line *lines = j->lines->lines;
    const char *seen[PAGE_HEADS_MAX];
    size_t times[PAGE_HEADS_MAX];
    size_t count = 0;
    size_t pages = 0;
    for (int pass = 0; pass < 2; pass++) { /* count, then mark */
        for (size_t i = 0; i < j->lines->count; i++) {
            pages += pass == 0 && j->kinds[i].page;
            for (int down = 0; down <= 1 && j->kinds[i].page; down++) {
                size_t n = beside(j, i, down == 1);
                size_t k = may_head_page(j, n) ? 0 : PAGE_HEADS_MAX;
                while (k < count && strcmp(seen[k], lines[n].text) != 0) {
                    k++;
                }
                if (pass == 1 && k < count && times[k] >= 2 && times[k] * 2 >= pages) {
                    j->kinds[n].noise = j->kinds[n].page_head = true;
                } else if (pass == 0 && k < count) {
                    times[k]++;
                } else if (pass == 0 && k < PAGE_HEADS_MAX) {
                    seen[count] = lines[n].text;
                    times[count++] = 1;
                }
            }
        }
    }
}

static bool
is_unmarked(const struct line_kind *k)
{
    return k->mark == MARK_NONE && k->label == LABEL_NONE && !k->noise && !k->date;
}

static uint32_t
line_width(const struct text_line *line, bool columns)
{
    uint32_t w = columns ? line->columns + line->indent : line->chars + (line->indent + 1) / 2;
    return w < WIDTHS ? w : WIDTHS - 1;
}

/* The width most unfinished lines have, and how many of them (of *ret_all). Short headings with
 * their text below (1.责任不明确) look like broken lines: alone they prove nothing. */
static uint32_t
wrap_mode(const struct joiner *j, bool columns, uint32_t *ret_near, uint32_t *ret_all,
          uint32_t *ret_slack)
{
    uint32_t histogram[WIDTHS] = {0};
    uint32_t plain[WIDTHS] = {0};
    uint32_t all = 0;
    for (size_t i = 0; i + 1 < j->lines->count; i++) {
        const struct line_kind *k = &j->kinds[i];
        const struct text_line *next = &j->lines->lines[i + 1];
        if (j->lines->lines[i].bytes == 0 || next->bytes == 0 || k->finished || k->noise ||
            k->date || k->heading_complete || !is_unmarked(&j->kinds[i + 1]) ||
            (k->label != LABEL_NONE && k->label != LABEL_MEASURE)) {
            continue;
        }
        uint32_t width = line_width(&j->lines->lines[i], columns);
        histogram[width]++;
        plain[width] += k->heading != HEADING_WEAK;
        all++;
    }
    uint32_t best = 0;
    uint32_t near = 0;
    for (uint32_t w = SLACK; w < WIDTHS - 1; w++) {
        uint32_t n = histogram[w] + histogram[w - 1] + histogram[w - 2];
        bool proven = plain[w] + plain[w - 1] + plain[w - 2] > 0;
        if (proven && (n > near || (n == near && n > 0 && histogram[w] > 0))) {
            near = n;
            best = w;
        }
    }
    bool exact = near > 0 && histogram[best] == near;
    *ret_slack = exact ? 0 : SLACK;
    *ret_near = near;
    *ret_all = all;
    return best;
}

static bool
few_longer(const struct joiner *j, uint32_t width, bool columns)
{
    size_t longer = 0;
    size_t all = 0;
    for (size_t i = 0; i < j->lines->count; i++) {
        if (j->lines->lines[i].bytes != 0) {
            all++;
            longer += line_width(&j->lines->lines[i], columns) > width + SLACK;
        }
    }
    return longer * 8 <= all;
}

static void
find_width(struct joiner *j)
{
    uint32_t best_near = 0;
    for (int columns = 0; columns <= 1; columns++) {
        uint32_t near = 0;
        uint32_t all = 0;
        uint32_t slack = 0;
        uint32_t width = wrap_mode(j, columns == 1, &near, &all, &slack);
        bool wrapped =
            near >= 2 && near * 10 >= all * 6 && width >= 10 && few_longer(j, width, columns == 1);
        if (wrapped && near > best_near) {
            j->wrapped = true;
            j->by_columns = columns == 1;
            j->width = width;
            j->slack = slack;
            best_near = near;
        }
    }
}

/* Indentation tells something when most marked lines have it and most unmarked ones do not. */
static void
find_indents(struct joiner *j)
{
    size_t marked = 0;
    size_t marked_in = 0;
    size_t plain = 0;
    size_t plain_out = 0;
    for (size_t i = 0; i < j->lines->count; i++) {
        if (j->lines->lines[i].bytes == 0) {
            continue;
        }
        bool in = j->lines->lines[i].indent >= 2;
        if (j->kinds[i].mark != MARK_NONE) {
            marked++;
            marked_in += in;
        } else {
            plain++;
            plain_out += !in;
        }
    }
    j->indents = j->wrapped && marked >= 3 && marked_in * 10 >= marked * 8 && plain > 0 &&
                 plain_out * 10 >= plain * 4;
}

/* A document broken at a fixed width has a space at the edge of a line only where the text had one;
 * where many lines have one it means nothing. */
static void
find_spaces(struct joiner *j)
{
    size_t edged = 0;
    size_t all = 0;
    j->base = UINT32_MAX;
    for (size_t i = 0; i < j->lines->count; i++) {
        const struct text_line *line = &j->lines->lines[i];
        j->base = line->bytes != 0 && line->indent < j->base ? line->indent : j->base;
    }
    for (size_t i = 0; i < j->lines->count; i++) {
        const struct text_line *line = &j->lines->lines[i];
        all += line->bytes != 0;
        edged += line->bytes != 0 && (line->trail == 1 || line->indent == j->base + 1);
    }
    j->spaces = j->wrapped && edged * 20 <= all;
}

static bool
is_full(const struct joiner *j, size_t i)
{
    return j->wrapped && line_width(&j->lines->lines[i], j->by_columns) + j->slack >= j->width;
}

/* True when the line closes a pair that the open paragraph left open. */
static bool
closes_open_pair(const struct joiner *j, const struct line_kind *k)
{
    for (int pair = 1; pair < PAIRS; pair++) {
        if (j->depth[pair] > 0 && k->closes[pair]) {
            return true;
        }
    }
    return false;
}

/* Behind a full, unfinished line: is this a marker all the same? Headings come behind headings, or
 * when they begin as such; in body text only the next 一是, (1) or ① counts. */
static bool
is_expected(const struct joiner *j, const struct line_kind *k)
{
    if (k->strong_start || k->mark == MARK_WORD || k->mark == MARK_BARE) {
        return true;
    }
    bool next = k->no == j->last_no[k->mark] + 1;
    if (j->heading) {
        return next || (k->no == 1 && k->mark > j->kinds[j->first_line].mark);
    }
    return next && k->mark > MARK_DOT;
}

/* An ordinal at the beginning of a line, behind a full line of body text: inside a sentence, or the
 * next of an enumeration the paragraph is in the middle of. split.c tells what of it are measures.
 */
static bool
goes_on_inside(const struct joiner *j, const struct line_kind *last, const struct line_kind *k)
{
    if (k->mark <= MARK_DOT || k->mark == MARK_BARE) {
        return false;
    }
    return last->clause || (k->no > 1 && k->no != j->last_no[k->mark] + 1);
}

static bool
marked_continues(const struct joiner *j, const struct line_kind *k)
{
    const struct line_kind *last = &j->kinds[j->last_line];
    bool full = is_full(j, j->last_line);
    bool anew = last->finished && k->strong_start; /* (2)关于“…” */
    if (full && !anew && !j->blank && !j->heading && goes_on_inside(j, last, k)) {
        return true;
    }
    bool inside = closes_open_pair(j, k) && !k->strong_start && (full || !j->wrapped);
    if (inside && !j->blank && !j->complete) {
        return true;
    }
    if (j->blank || j->complete || last->finished) {
        return false;
    }
    if (k->mark == MARK_NONE) {
        return false; /* a label */
    }
    return full && !is_expected(j, k);
}

static bool
heading_continues(const struct joiner *j, size_t i)
{
    const struct line_kind *k = &j->kinds[i];
    const struct line_kind *last = &j->kinds[j->last_line];
    const struct text_line *line = &j->lines->lines[i];
    if (closes_open_pair(j, k)) {
        return true;
    }
    fold_text(&j->out->fold, line->text, line->bytes);
    if (j->blank || last->finished) {
        return false;
    }
    size_t tail = heading_tail(&j->out->fold);
    bool whole = tail >= j->out->fold.n;
    bool scrap = !k->finished && line->chars <= 3; /* no paragraph of its own */
    if ((tail != 0 && ((whole && !k->finished) || is_full(j, j->last_line))) || scrap) {
        return true;
    }
    if (j->complete) {
        return false;
    }
    if (is_full(j, j->last_line)) {
        return true;
    }
    const struct line_kind *first = &j->kinds[j->first_line];
    struct heading h = heading_at(&j->out->fold, 0);
    bool about = marker_is_about(&j->out->fold, 0);
    return first->strong_start && !about && h.kind == HEADING_PLAIN && h.body >= j->out->fold.n;
}

static bool
continues(const struct joiner *j, size_t i)
{
    const struct line_kind *k = &j->kinds[i];
    if (!j->open) {
        return false;
    }
    if (!is_unmarked(k)) {
        return !k->date && marked_continues(j, k);
    }
    if ((k->stray || closes_open_pair(j, k)) && !j->blank) {
        return true;
    }
    const struct line_kind *last = &j->kinds[j->last_line];
    bool full = is_full(j, j->last_line);
    if (k->closing && !(full && !last->finished)) {
        return false;
    }
    if (j->heading) {
        return heading_continues(j, i);
    }
    if (j->complete && !full) {
        return false;
    }
    if (j->blank) {
        return full && !last->finished;
    }
    if (j->indents && j->lines->lines[i].indent >= 2) {
        return false;
    }
    return !last->finished || full;
}

/* Is what was joined so far a heading, and a complete one? Only short texts are asked. */
static void
look_again(struct joiner *j)
{
    const struct line_kind *first = &j->kinds[j->first_line];
    bool can_be = first->mark != MARK_NONE && first->mark != MARK_SHI && first->mark != MARK_DI;
    j->heading = false;
    j->complete = first->label == LABEL_STATUS || first->label == LABEL_META || first->closing;
    if (j->bytes > HEADING_BYTES_MAX || !can_be || first->label != LABEL_NONE) {
        struct fold *f = &j->out->fold;
        const struct text_line *line = &j->lines->lines[j->first_line];
        if (first->label != LABEL_NONE && j->first_line == j->last_line) {
            fold_text(f, line->text, line->bytes);
            struct marker m = marker_at(f, 0);
            j->complete = j->complete || label_at(f, m.mark == MARK_NONE ? 0 : m.rest).alone;
            j->heading = j->complete;
        }
        return;
    }
    char text[HEADING_BYTES_MAX + 8];
    size_t bytes = 0;
    for (size_t i = j->first_line; i <= j->last_line; i++) {
        const struct text_line *line = &j->lines->lines[i];
        if (j->kinds[i].noise || bytes + line->bytes > HEADING_BYTES_MAX) {
            continue;
        }
        memcpy(text + bytes, line->text, line->bytes);
        bytes += line->bytes;
    }
    struct fold *f = &j->out->fold;
    fold_text(f, text, bytes);
    size_t from = 0;
    struct marker m = text_begin(f, &from);
    struct heading h = heading_at(f, from);
    bool has_body = h.kind != HEADING_NONE && h.body < f->n;
    bool empty = m.mark != MARK_NONE && m.rest >= f->n;
    /* ①加强监管。: a stop behind the first sentence of a measure, not behind a heading */
    bool low =
        m.mark == MARK_PAREN || m.mark == MARK_CIRCLE || (m.mark == MARK_DOT && !h.shortfall);
    bool sentence = h.kind == HEADING_WEAK && low && j->wrapped && h.title_to < f->n;
    j->heading = empty || h.unclosed || (h.kind != HEADING_NONE && !has_body && !sentence);
    j->complete = j->heading && h.complete && !empty;
}

static void
paragraph_close(struct joiner *j)
{
    if (j->open) {
        j->spans[j->span_count * 2] = j->first_line;
        j->spans[j->span_count * 2 + 1] = j->last_line;
        j->span_count++;
        j->open = false;
    }
}

static void
paragraph_open(struct joiner *j, size_t i)
{
    const struct line_kind *k = &j->kinds[i];
    paragraph_close(j);
    j->open = true;
    j->first_line = i;
    j->bytes = 0;
    memset(j->depth, 0, sizeof j->depth);
    if (k->mark != MARK_NONE && k->no != 0) {
        j->last_no[k->mark] = k->no;
        for (int deeper = (int)k->mark + 1; deeper < MARK_COUNT; deeper++) {
            bool runs_on = deeper == MARK_DOT || deeper == MARK_WORD || deeper == MARK_ITEM;
            j->last_no[deeper] = runs_on ? j->last_no[deeper] : 0;
        }
    }
}

static void
paragraph_extend(struct joiner *j, size_t i)
{
    const struct line_kind *k = &j->kinds[i];
    j->last_line = i;
    j->bytes += j->lines->lines[i].bytes;
    j->blank = false;
    for (int pair = 1; pair < PAIRS; pair++) {
        int depth = j->depth[pair] - k->closes[pair];
        j->depth[pair] = (depth > 0 ? depth : 0) + k->opens[pair];
    }
    look_again(j);
}

static void
join_lines(struct joiner *j)
{
    bool paged = false;
    for (size_t i = 0; i < j->lines->count; i++) {
        if (j->lines->lines[i].bytes == 0) {
            j->blank = !paged;
            continue;
        }
        if (j->kinds[i].noise) {
            paged = j->wrapped && (j->kinds[i].page || j->kinds[i].page_head);
            j->blank = j->blank && !paged; /* blank lines around a page number are the page's */
            continue;
        }
        paged = false;
        if (!continues(j, i)) {
            paragraph_open(j, i);
        }
        paragraph_extend(j, i);
    }
    paragraph_close(j);
}

static void
paragraph_describe(struct fold *f, struct paragraph *p, bool date)
{
    fold_text(f, p->text, p->bytes);
    size_t from = 0;
    struct marker m = text_begin(f, &from);
    struct label_hit label = label_at(f, from);
    struct heading h = heading_at(f, from);
    p->mark = m.mark;
    p->no = m.no;
    p->rest = f->at[from];
    p->heading = h.kind;
    p->defect = h.defect;
    p->lead = h.lead;
    p->about = h.about;
    p->aspect = h.aspect;
    p->rectify = fold_has(f, 0, f->n, "整改");
    p->named = m.mark != MARK_NONE && label_names_problem(f, m.rest) != 0;
    p->unclosed = h.unclosed;
    p->title_from = f->at[h.title_from];
    p->title_to = f->at[h.title_to];
    p->body = f->at[h.body];
    p->label = label.label;
    p->label_alone = label.label != LABEL_NONE && label.alone;
    p->label_from = f->at[label.name_from];
    p->label_to = f->at[label.name_to];
    p->value = f->at[label.rest];
    ends_finished(f, &p->colon);
    if (m.mark == MARK_NONE && label.label == LABEL_NONE) {
        p->closing = date || line_is_closing(f);
        if (h.kind == HEADING_QUOTED && h.about && h.complete && h.body >= f->n) {
            p->mark = MARK_BARE;
        }
    }
}

/* A short line without a stop directly above a date is the signature. */
static void
mark_signatures(struct paragraphs *out)
{
    for (size_t i = 1; i < out->count; i++) {
        struct paragraph *above = &out->list[i - 1];
        fold_text(&out->fold, out->list[i].text, out->list[i].bytes);
        if (!line_is_date(&out->fold) || above->mark != MARK_NONE || above->label != LABEL_NONE ||
            above->bytes > 150) {
            continue;
        }
        fold_text(&out->fold, above->text, above->bytes);
        bool colon = false;
        if (!ends_finished(&out->fold, &colon)) {
            above->closing = true;
        }
    }
}

/* Lines first to last as one text. NULL when the arena is exhausted. */
static const char *
span_join(const struct joiner *j, size_t first, size_t last, uint32_t *ret_bytes)
{
    const struct text_line *lines = j->lines->lines;
    *ret_bytes = lines[first].bytes;
    if (first == last) {
        return lines[first].text;
    }
    size_t room = 1;
    for (size_t i = first; i <= last; i++) {
        room += lines[i].bytes + 1;
    }
    char *joined = arena_alloc(j->arena, room);
    if (joined == NULL) {
        return NULL;
    }
    uint32_t n = 0;
    uint32_t trail = 0;
    for (size_t i = first; i <= last; i++) {
        if (j->kinds[i].noise || lines[i].bytes == 0) {
            continue;
        }
        if (i != first && j->spaces && trail + lines[i].indent - j->base == 1) {
            joined[n++] = ' ';
        }
        memcpy(joined + n, lines[i].text, lines[i].bytes);
        n += lines[i].bytes;
        trail = lines[i].trail;
    }
    *ret_bytes = n;
    return joined;
}

/* "1.问题表现：…" above "2.整改措施：…" is a line of the problem, not one that names it. */
static void
unname_details(struct paragraphs *out)
{
    for (size_t i = 0; i + 1 < out->count; i++) {
        struct paragraph *p = &out->list[i];
        const struct paragraph *next = &out->list[i + 1];
        if (!p->named || next->mark != p->mark || next->label != LABEL_MEASURE) {
            continue;
        }
        fold_text(&out->fold, p->text, p->bytes);
        struct label_hit label = label_at(&out->fold, marker_at(&out->fold, 0).rest);
        p->named = false;
        p->heading = HEADING_NONE;
        p->label = label.label;
        p->label_from = out->fold.at[label.name_from];
        p->label_to = out->fold.at[label.name_to];
        p->value = out->fold.at[label.rest];
    }
}

static bool
spans_to_paragraphs(struct joiner *j)
{
    struct paragraphs *out = j->out;
    size_t longest = 0;
    out->list = arena_array(j->arena, j->span_count + 1, sizeof *out->list);
    if (out->list == NULL) {
        return false;
    }
    for (size_t s = 0; s < j->span_count; s++) {
        struct paragraph *p = &out->list[s];
        size_t first = j->spans[s * 2];
        p->text = span_join(j, first, j->spans[s * 2 + 1], &p->bytes);
        p->line = j->lines->lines[first].number;
        longest = p->bytes > longest ? p->bytes : longest;
        if (p->text == NULL) {
            return false;
        }
    }
    out->count = j->span_count;
    if (!fold_init(&out->fold, j->arena, longest)) {
        return false;
    }
    for (size_t s = 0; s < out->count; s++) {
        paragraph_describe(&out->fold, &out->list[s], j->kinds[j->spans[s * 2]].date);
    }
    mark_signatures(out);
    unname_details(out);
    return true;
}

bool
paragraphs_read(struct arena *arena, const struct text_lines *lines,
                struct paragraphs *ret_paragraphs)
{
    struct paragraphs out = {0};
    struct joiner j = {.arena = arena, .lines = lines, .out = &out};
    j.spans = arena_array(arena, lines->count * 2 + 2, sizeof *j.spans);
    if (j.spans == NULL || !classify_all(&j)) {
        return false;
    }
    find_page_heads(&j);
    find_width(&j);
    find_indents(&j);
    find_spaces(&j);
    join_lines(&j);
    if (!spans_to_paragraphs(&j)) {
        return false;
    }
    *ret_paragraphs = out;
    return true;
}
