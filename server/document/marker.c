#include "server/document/marker.h"

#include <string.h>

/* A Chinese number of at most six characters at i; 0 when there is none. */
static uint32_t
chinese_number(const struct fold *f, size_t i, size_t *ret_next)
{
    uint32_t total = 0;
    uint32_t digit = 0;
    size_t from = i;
    for (; i < f->n && i - from < 6; i++) {
        int v = fold_numeral(f->cp[i]);
        if (v < 0) {
            break;
        }
        if (v >= 10) {
            total += (digit == 0 ? 1 : digit) * (uint32_t)v;
            digit = 0;
        } else if (digit != 0) {
            return 0; /* 二三: no number of the kind used in headings */
        } else {
            digit = (uint32_t)v;
        }
    }
    *ret_next = i;
    return total + digit;
}

static uint32_t
arabic_number(const struct fold *f, size_t i, size_t *ret_next)
{
    uint32_t value = 0;
    size_t from = i;
    while (i < f->n && fold_is_digit(f->cp[i]) && i - from < 3) {
        value = value * 10 + (f->cp[i] - '0');
        i++;
    }
    if (i == from || fold_is_digit(fold_at(f, i))) {
        return 0;
    }
    *ret_next = i;
    return value;
}

static uint32_t
any_number(const struct fold *f, size_t i, size_t *ret_next)
{
    uint32_t cp = fold_at(f, i);
    if (cp > FOLD_CIRCLED) {
        *ret_next = i + 1;
        return cp - FOLD_CIRCLED;
    }
    uint32_t no = arabic_number(f, i, ret_next);
    return no != 0 ? no : chinese_number(f, i, ret_next);
}

static bool
is_list_comma(uint32_t cp)
{
    return cp == 0x3001 || cp == '.';
}

static struct marker
found(const struct fold *f, enum mark mark, uint32_t no, size_t rest)
{
    return (struct marker){mark, no, fold_skip_space(f, rest)};
}

bool
marker_is_about(const struct fold *f, size_t i)
{
    return fold_starts(f, i, "关于", NULL) || fold_starts(f, i, "针对", NULL);
}

/* (一) (1) [1] 〔一〕 */
static struct marker
bracketed(const struct fold *f, size_t i)
{
    int open = fold_pair(f->cp[i]);
    if (open < 7 || open > 10) {
        return (struct marker){MARK_NONE};
    }
    size_t p = fold_skip_space(f, i + 1);
    size_t next = p;
    enum mark mark = MARK_PAREN;
    uint32_t no = arabic_number(f, p, &next);
    if (no == 0) {
        no = chinese_number(f, p, &next);
        mark = MARK_ITEM;
    }
    next = fold_skip_space(f, next);
    if (no == 0 || fold_pair(fold_at(f, next)) != -open) {
        return (struct marker){MARK_NONE};
    }
    next++;
    if (is_list_comma(fold_at(f, next)) && fold_pair(fold_at(f, next + 1)) != open) {
        next++;
    }
    if (fold_at(f, next) == 0x3001) { /* (一)、(二): an enumeration, no heading */
        return (struct marker){MARK_NONE};
    }
    return found(f, mark, no, next);
}

/* 1. 1、 1) and, before 关于 or 针对, 1 alone or with a comma. */
static struct marker
dotted(const struct fold *f, size_t i)
{
    struct marker none = {MARK_NONE};
    size_t next = i;
    uint32_t no = arabic_number(f, i, &next);
    if (no == 0) {
        return none;
    }
    size_t after = fold_skip_space(f, next);
    uint32_t cp = fold_at(f, after);
    if (cp == ')') {
        return found(f, MARK_PAREN, no, after + 1);
    }
    if (is_list_comma(cp)) {
        size_t p = after + 1;
        size_t digits = p;
        while (digits < f->n && fold_is_digit(f->cp[digits])) {
            digits++;
        }
        bool year = digits - p == 4 && fold_starts(f, digits, "年", NULL);
        if (digits != p && !year) {
            return none; /* 1.5亿元, 7、8月份 */
        }
        return found(f, MARK_DOT, no, p);
    }
    if (cp == ',' || cp == 0x3002 || cp == ':') {
        after = fold_skip_space(f, after + 1);
    }
    return marker_is_about(f, after) ? found(f, MARK_DOT, no, after) : none;
}

/* 第二部分 第一， 其一， */
static struct marker
ordinal(const struct fold *f, size_t i)
{
    struct marker none = {MARK_NONE};
    bool of_them = fold_starts(f, i, "其", NULL);
    size_t next = i + 1;
    uint32_t no = chinese_number(f, i + 1, &next);
    if (no == 0 && !of_them) {
        no = arabic_number(f, i + 1, &next);
    }
    if (no == 0) {
        return none;
    }
    static const char *const parts[] = {"部分", "章", "节", "篇"};
    for (size_t k = 0; !of_them && k < sizeof parts / sizeof parts[0]; k++) {
        size_t end = 0;
        if (fold_starts(f, next, parts[k], &end)) {
            uint32_t cp = fold_at(f, end);
            if (cp == ':' || cp == ',' || is_list_comma(cp)) {
                end++;
            }
            bool alone = end < f->n && (f->cp[end] == ' ' || end != next + strlen(parts[k]) / 3);
            return alone ? found(f, MARK_CHAPTER, no, end) : none;
        }
    }
    static const char *const asked[] = {"个问题", "个方面问题"};
    for (size_t k = 0; !of_them && k < sizeof asked / sizeof asked[0]; k++) {
        size_t end = 0;
        if (fold_starts(f, next, asked[k], &end) && fold_at(f, end) == ':') {
            return found(f, MARK_WORD, no, end + 1);
        }
    }
    uint32_t cp = fold_at(f, next);
    if (cp == ',' || cp == ':' || is_list_comma(cp)) {
        return found(f, MARK_DI, no, next + 1);
    }
    return none;
}

/* "二  整改落实情况": a number, a space and a short line without a stop. */
static bool
is_spaced_title(const struct fold *f, size_t number_end, size_t i)
{
    if (i == number_end || f->n - i > 30 || f->n - i < 4 || fold_numeral(f->cp[i]) >= 0) {
        return false;
    }
    for (size_t k = i; k < f->n; k++) {
        if (!fold_is_han(f->cp[k])) {
            return false;
        }
    }
    return true;
}

/* 一是 二、 */
static struct marker
chinese(const struct fold *f, size_t i)
{
    struct marker none = {MARK_NONE};
    size_t next = i;
    uint32_t no = chinese_number(f, i, &next);
    if (no == 0 || no > 99) {
        return none;
    }
    size_t after = fold_skip_space(f, next);
    size_t end = 0;
    if (fold_starts(f, after, "是", &end)) {
        return fold_numeral(fold_at(f, end)) >= 0 &&
                       fold_numeral(fold_at(f, end)) == fold_numeral(f->cp[i]) &&
                       fold_pair(fold_at(f, end + 1)) == 0 && !fold_is_han(fold_at(f, end + 1))
                   ? none /* 一是一，二是二 */
                   : found(f, MARK_SHI, no, end);
    }
    uint32_t cp = fold_at(f, after);
    if (is_list_comma(cp)) {
        size_t p = after + 1;
        size_t other = p;
        if (chinese_number(f, p, &other) != 0 && fold_at(f, other) == 0x3001) {
            return none; /* 一、二、三级 */
        }
        return found(f, MARK_CHAPTER, no, p);
    }
    return i == 0 && is_spaced_title(f, next, after) ? found(f, MARK_CHAPTER, no, after) : none;
}

/* 问题1： 问题（一） 反馈问题2. */
static struct marker
worded(const struct fold *f, size_t i)
{
    struct marker none = {MARK_NONE};
    static const char *const words[] = {"问题",     "反馈问题",     "具体问题",    "存在问题",
                                        "突出问题", "巡察反馈问题", "巡视反馈问题"};
    bool boxed = fold_pair(f->cp[i]) == 8 || fold_pair(f->cp[i]) == 10;
    size_t p = boxed ? i + 1 : i;
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        size_t next = 0;
        if (!fold_starts(f, p, words[k], &next)) {
            continue;
        }
        next = fold_skip_space(f, next);
        bool round = fold_at(f, next) == '(';
        uint32_t no = any_number(f, next + (round ? 1 : 0), &next);
        if (no == 0 || (round && fold_at(f, next) != ')')) {
            return none;
        }
        next += round ? 1 : 0;
        if (boxed) {
            return fold_pair(fold_at(f, next)) < 0 ? found(f, MARK_WORD, no, next + 1) : none;
        }
        uint32_t cp = fold_at(f, next);
        if (cp == ':' || cp == ',' || is_list_comma(cp) || cp == ' ') {
            return found(f, MARK_WORD, no, next + 1);
        }
        return round || marker_is_about(f, next) || fold_is_quote(cp)
                   ? found(f, MARK_WORD, no, next)
                   : none;
    }
    return none;
}

struct marker
marker_at(const struct fold *f, size_t i)
{
    struct marker none = {MARK_NONE};
    i = fold_skip_space(f, i);
    if (i >= f->n) {
        return none;
    }
    uint32_t cp = f->cp[i];
    if (cp > FOLD_CIRCLED && cp <= FOLD_CIRCLED + 50) {
        size_t rest = i + 1;
        return found(f, MARK_CIRCLE, cp - FOLD_CIRCLED,
                     is_list_comma(fold_at(f, rest)) ? rest + 1 : rest);
    }
    if (fold_is_digit(cp)) {
        return dotted(f, i);
    }
    if (fold_numeral(cp) >= 0) {
        return chinese(f, i);
    }
    struct marker m = bracketed(f, i);
    if (m.mark == MARK_NONE) {
        m = worded(f, i);
    }
    if (m.mark == MARK_NONE && (fold_starts(f, i, "第", NULL) || fold_starts(f, i, "其", NULL))) {
        m = ordinal(f, i);
    }
    return m;
}
