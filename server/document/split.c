/* Which markers inside a paragraph begin a measure.
 *
 * 1. Nothing inside quotation marks, 《》 or brackets counts.
 * 2. A paragraph that begins with a marker (or with a label and a marker: 整改情况：一是…) is cut
 * before the following markers of the same kind, in order, behind a stop, a semicolon or a comma.
 *    A missing or repeated number behind a full stop is cut all the same (the reader warns).
 * 3. A paragraph that begins with a sentence is cut when a marker 1 stands behind a full stop and
 * its 2 behind a stop or semicolon; or when 1 stands behind a colon and 2 behind a full stop. What
 *    precedes stays with the first part. Parts of one sentence (要求做到：一是…；二是…) stay whole,
 * and so does what somebody said (会议要求：一是…。二是…。).
 * 4. An enumeration inside a part (…：一是…；二是…) belongs to that part: it begins with a 1 behind
 * a colon or comma and runs to the next full stop; when its parts are sentences themselves, to the
 *    marker whose number comes a second time.
 * 5. When the next paragraph carries the number that follows the first marker, this paragraph is
 * one measure: its inner markers belong to it.
 */
#include "server/document/split.h"

#include <string.h>

enum { CANDIDATES_MAX = 256, STACK_MAX = 64 };

enum boundary { AT_START, AT_STOP, AT_SEMICOLON, AT_COLON, AT_COMMA, AT_NONE };

struct candidate {
    size_t from;
    enum mark mark;
    uint32_t no;
    enum boundary boundary;
};

/* match[i]: index of the closer of the opener at i, 0 when it has none. */
static void
match_pairs(const struct fold *f, size_t from, uint32_t *match)
{
    struct {
        uint32_t at;
        int pair;
    } stack[STACK_MAX];
    size_t depth = 0;
    memset(match, 0, f->n * sizeof *match);
    for (size_t i = from; i < f->n; i++) {
        int pair = fold_pair(f->cp[i]);
        if (pair == 0) {
            continue;
        }
        int opener = pair == FOLD_STRAIGHT ? pair : -pair;
        size_t k = depth;
        while (k > 0 && stack[k - 1].pair != opener) {
            k--;
        }
        if (pair < 0 || (pair == FOLD_STRAIGHT && k > 0)) {
            if (k > 0) {
                match[stack[k - 1].at] = (uint32_t)i;
                depth = k - 1;
            }
        } else if (depth < STACK_MAX) {
            stack[depth].at = (uint32_t)i;
            stack[depth].pair = pair;
            depth++;
        }
    }
}

static enum boundary
boundary_before(const struct fold *f, size_t from, size_t i)
{
    while (i > from && (f->cp[i - 1] == ' ' || fold_pair(f->cp[i - 1]) < 0)) {
        i--;
    }
    if (i == from) {
        return AT_START;
    }
    uint32_t cp = f->cp[i - 1];
    if (fold_is_sentence_end(cp) || (cp == '.' && i >= 2 && !fold_is_digit(f->cp[i - 2]))) {
        return AT_STOP;
    }
    if (cp == ';') {
        return AT_SEMICOLON;
    }
    if (cp == ':') {
        return AT_COLON;
    }
    return cp == ',' || cp == 0x3001 ? AT_COMMA : AT_NONE;
}

static bool
is_cited(const struct fold *f, size_t i)
{
    static const char *const words[] = {"图", "表", "见", "第", "附", "如", "款", "条", "项"};
    for (size_t k = 0; i > 0 && k < sizeof words / sizeof words[0]; k++) {
        if (fold_starts(f, i - 1, words[k], NULL)) {
            return true;
        }
    }
    return false;
}

static size_t
find_candidates(const struct fold *f, size_t from, const uint32_t *match,
                struct candidate list[CANDIDATES_MAX])
{
    size_t count = 0;
    for (size_t i = from; i < f->n && count < CANDIDATES_MAX; i++) {
        struct marker m = {MARK_NONE};
        uint32_t cp = f->cp[i];
        bool may = fold_numeral(cp) >= 0 || fold_is_digit(cp) || cp > FOLD_CIRCLED || cp == '(' ||
                   cp == 0x7B2C || cp == 0x5176;
        if (may && (i == from || fold_numeral(f->cp[i - 1]) < 0) &&
            (i == from || !fold_is_digit(f->cp[i - 1]))) {
            m = marker_at(f, i);
        }
        enum boundary boundary = AT_NONE;
        if (m.mark >= MARK_DOT && m.mark <= MARK_DI) {
            boundary = boundary_before(f, from, i);
            bool free_standing = m.mark == MARK_CIRCLE && !is_cited(f, i);
            if (boundary != AT_NONE || free_standing) {
                list[count++] = (struct candidate){i, m.mark, m.no, boundary};
            }
            if (cp == '(') {
                continue;
            }
        }
        if (match[i] != 0) {
            i = match[i];
        }
    }
    return count;
}

static bool
is_speech(const struct fold *f, size_t colon)
{
    static const char *const words[] = {"要求", "强调", "指出", "提出", "明确", "做到", "认为",
                                        "表示", "发言", "讲话", "坚持", "突出", "部署", "原则"};
    size_t from = colon > 8 ? colon - 8 : 0;
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (fold_has(f, from, colon, words[k])) {
            return true;
        }
    }
    return false;
}

/* Does a later candidate of this kind carry number no at a stop, before a larger number does? */
static bool
comes_again(const struct candidate *list, size_t count, size_t k, enum mark mark, uint32_t no)
{
    for (size_t i = k + 1; i < count; i++) {
        if (list[i].mark == mark && list[i].boundary == AT_STOP && list[i].no == no) {
            return true;
        }
    }
    return false;
}

/* The candidate that begins the list when the paragraph begins with a sentence; count: none. */
static size_t
first_in_text(const struct fold *f, const struct candidate *list, size_t count)
{
    for (size_t k = 0; k + 1 < count; k++) {
        if (list[k].no != 1) {
            continue;
        }
        size_t second = k + 1;
        while (second < count && !(list[second].mark == list[k].mark && list[second].no == 2)) {
            second++;
        }
        if (second >= count) {
            continue;
        }
        enum boundary b = list[second].boundary;
        bool sentences = list[k].boundary == AT_STOP && (b == AT_STOP || b == AT_SEMICOLON);
        bool listed = list[k].boundary == AT_COLON && b == AT_STOP && !is_speech(f, list[k].from);
        if (sentences || listed) {
            return k;
        }
    }
    return count;
}

static bool
may_cut(enum mark mark, enum boundary boundary)
{
    switch (boundary) {
    case AT_STOP:
    case AT_SEMICOLON:
        return true;
    case AT_COMMA:
        return mark == MARK_SHI || mark == MARK_CIRCLE;
    case AT_NONE:
        return mark == MARK_CIRCLE;
    default:
        return false;
    }
}

static size_t
cut_chain(const struct candidate *list, size_t count, size_t first,
          struct split_part parts[SPLIT_MAX])
{
    enum mark mark = list[first].mark;
    uint32_t expect = list[first].no + 1;
    uint32_t inner = 0; /* the next number of an enumeration inside the part; 0: none open */
    size_t n = 1;
    for (size_t k = first + 1; k < count && n < SPLIT_MAX; k++) {
        const struct candidate *c = &list[k];
        if (c->mark != mark) {
            continue;
        }
        bool aside = c->boundary == AT_COLON || c->boundary == AT_COMMA;
        if (c->no == 1 && aside && expect > 1) {
            inner = 2;
            continue;
        }
        bool inner_next = inner != 0 && c->no == inner;
        if (inner_next && (c->boundary != AT_STOP || c->no != expect ||
                           comes_again(list, count, k, mark, c->no))) {
            inner++;
            continue;
        }
        bool strict = c->no == expect && may_cut(mark, c->boundary);
        bool loose = c->boundary == AT_STOP && c->no != expect && c->no + 1 >= expect &&
                     c->no <= expect + 2 && mark == MARK_SHI;
        if (strict || loose) {
            parts[n++] = (struct split_part){c->from, mark, c->no};
            expect = c->no + 1;
            inner = 0;
        }
    }
    return n;
}

size_t
split_paragraph(const struct fold *f, size_t body, struct marker next, uint32_t *match,
                struct split_part parts[SPLIT_MAX])
{
    struct candidate list[CANDIDATES_MAX];
    parts[0] = (struct split_part){.from = body};
    struct label_hit label = label_at(f, body);
    struct marker lead = marker_at(f, body);
    size_t start = body;
    if (label.label != LABEL_NONE) {
        start = label.rest;
        lead = marker_at(f, start);
    } else if (lead.mark >= MARK_DOT && lead.mark <= MARK_DI) {
        struct label_hit inner = label_at(f, lead.rest);
        if (inner.label != LABEL_NONE) { /* (1)整改情况：一是… */
            start = inner.rest;
            lead = marker_at(f, start);
        }
    }
    bool marked = lead.mark >= MARK_DOT && lead.mark <= MARK_DI;
    if (marked) {
        parts[0].mark = lead.mark;
        parts[0].no = lead.no;
        if (next.mark == lead.mark && next.no == lead.no + 1) {
            return 1;
        }
    }
    match_pairs(f, start, match);
    size_t count = find_candidates(f, start, match, list);
    size_t first = 0;
    if (!marked) {
        first = first_in_text(f, list, count);
        if (first >= count) {
            return 1;
        }
        parts[0].mark = list[first].mark;
        parts[0].no = list[first].no;
    }
    return count == 0 ? 1 : cut_chain(list, count, first, parts);
}
