/* Which sections are read.
 *
 * Chapters (一、) divide a notice; without chapters it is one section.
 * A section about what comes next (下一步, 今后, 打算) is never read. A section with headings such
 * as 关于“…”问题的整改 is read whatever its title. A section without them is read only when its
 * title says that rectification is told (整改落实情况, 反馈意见整改进展 …; not 组织领导, 责任,
 * 线索) and most of its headings name a shortcoming (不到位, 差距, 薄弱 …): principles and speeches
 * have neither.
 *
 * The level of problems is the one that bears those headings: 问题1：, 1., (1), (一), ①, in this
 * order; a level on which they are rare (less than a third, while another has them) is not it.
 * Items are the next level above that exists; a chapter is an item when its title names an aspect
 * (方面) or a shortcoming.
 */
#include "server/document/section.h"

#include <string.h>

struct census {
    size_t n[MARK_COUNT];
    size_t strong[MARK_COUNT];
    size_t heads[MARK_COUNT];  /* could be headings */
    size_t defect[MARK_COUNT]; /* of those, without 关于: name a shortcoming */
    size_t quoted;
    size_t strong_all;
    size_t told;      /* of the strong ones: text stands behind or below */
    size_t bare_dots; /* "1." headings without a stop, with text below */
};

static bool
has_any(const struct fold *f, const char *const *words)
{
    size_t to = f->n < 60 ? f->n : 60;
    for (; *words != NULL; words++) {
        if (fold_has(f, 0, to, *words)) {
            return true;
        }
    }
    return false;
}

static bool
title_looks_ahead(const struct fold *f)
{
    static const char *const words[] = {"下一步", "下步",     "下一阶段", "今后",
                                        "打算",   "努力方向", "后续工作", NULL};
    return has_any(f, words);
}

static bool
title_tells_findings(const struct fold *f)
{
    static const char *const subject[] = {"整改", "反馈", NULL};
    static const char *const told[] = {"情况", "进展", "成效", "结果", "落实", "完成", NULL};
    static const char *const other[] = {"组织",   "领导",     "部署", "认识", "责任", "线索",
                                        "移交",   "总体",     "基本", "概况", "机制", "站位",
                                        "统筹",   "原则",     "目标", "要求", "方案", "安排",
                                        "存在的", "长期坚持", NULL};
    return has_any(f, subject) && has_any(f, told) && !has_any(f, other);
}

/* A "1." line that ends without a stop, and what follows it is no such line. */
static bool
is_bare_dot(const struct paragraphs *ps, const struct section *s, size_t i)
{
    const struct paragraph *p = &ps->list[i];
    if (p->mark != MARK_DOT || p->heading != HEADING_WEAK || p->title_to < p->bytes ||
        i + 1 >= s->to) {
        return false;
    }
    const struct paragraph *next = &ps->list[i + 1];
    return next->mark != MARK_DOT && next->mark != MARK_ITEM && !next->closing;
}

/* Does text follow the heading, in its paragraph or in the next? */
static bool
has_text(const struct paragraphs *ps, const struct section *s, size_t i)
{
    const struct paragraph *p = &ps->list[i];
    if (p->body < p->bytes) {
        return true;
    }
    const struct paragraph *next = i + 1 < s->to ? &ps->list[i + 1] : NULL;
    return next != NULL && !next->closing && next->mark != p->mark && next->mark != MARK_ITEM;
}

static void
take_census(const struct paragraphs *ps, const struct section *s, struct census *c)
{
    for (size_t i = s->from; i < s->to; i++) {
        const struct paragraph *p = &ps->list[i];
        bool strong = p->heading == HEADING_QUOTED || p->heading == HEADING_PLAIN;
        if (p->mark == MARK_NONE || p->label != LABEL_NONE) {
            continue;
        }
        c->n[p->mark]++;
        c->heads[p->mark] += p->heading != HEADING_NONE;
        c->bare_dots += is_bare_dot(ps, s, i);
        if (p->mark == MARK_SHI || p->mark == MARK_DI) {
            continue;
        }
        c->strong[p->mark] += strong;
        c->strong_all += strong;
        c->told += strong && has_text(ps, s, i);
        c->quoted += p->heading == HEADING_QUOTED;
        c->defect[p->mark] += p->heading == HEADING_WEAK && p->defect;
    }
}

static bool
mostly_defects(const struct census *c, enum mark mark)
{
    return c->heads[mark] > 0 && c->heads[mark] * 2 >= c->n[mark] &&
           (c->defect[mark] + c->strong[mark]) * 2 >= c->heads[mark];
}

static enum mark
problem_level(const struct census *c, bool sure)
{
    static const enum mark order[] = {MARK_DOT, MARK_PAREN, MARK_ITEM, MARK_CIRCLE};
    if (c->strong[MARK_WORD] > 0 || (sure && c->n[MARK_WORD] > 0)) {
        return MARK_WORD;
    }
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        enum mark mark = order[k];
        size_t strong = c->strong[mark];
        if (strong == 0 || (strong * 3 < c->n[mark] && strong < c->strong_all)) {
            continue;
        }
        bool below = mark == MARK_ITEM && mostly_defects(c, MARK_DOT) && c->defect[MARK_DOT] > 0;
        return below ? MARK_DOT : mark;
    }
    if (c->strong[MARK_BARE] > 0) {
        return MARK_BARE;
    }
    bool bare = c->bare_dots > 0 && c->bare_dots * 10 >= c->n[MARK_DOT] * 8;
    if (sure && (mostly_defects(c, MARK_DOT) || bare)) {
        return MARK_DOT;
    }
    return sure && mostly_defects(c, MARK_ITEM) ? MARK_ITEM : MARK_NONE;
}

static enum mark
item_level(const struct census *c, enum mark problem)
{
    static const enum mark above[MARK_COUNT][4] = {
        [MARK_WORD] = {MARK_ITEM, MARK_NONE},
        [MARK_DOT] = {MARK_ITEM, MARK_NONE},
        [MARK_PAREN] = {MARK_DOT, MARK_ITEM, MARK_NONE},
        [MARK_CIRCLE] = {MARK_PAREN, MARK_DOT, MARK_ITEM, MARK_NONE},
        [MARK_BARE] = {MARK_ITEM, MARK_NONE},
    };
    for (size_t k = 0; k < 4 && above[problem][k] != MARK_NONE; k++) {
        if (c->heads[above[problem][k]] > 0) {
            return above[problem][k];
        }
    }
    return MARK_NONE;
}

static void
section_judge(struct paragraphs *ps, struct section *s, struct sections *all)
{
    struct census c = {0};
    take_census(ps, s, &c);
    all->items += c.n[MARK_ITEM];
    all->dots += c.n[MARK_DOT];
    all->strong += c.strong_all;
    bool ahead = false;
    bool aspect = false;
    if (s->chapter != SIZE_MAX) {
        const struct paragraph *p = &ps->list[s->chapter];
        fold_text(&ps->fold, p->text, p->bytes);
        ahead = title_looks_ahead(&ps->fold);
        s->sure = !ahead && title_tells_findings(&ps->fold);
        aspect = p->heading == HEADING_QUOTED ||
                 (!s->sure && (p->defect || fold_has(&ps->fold, 0, ps->fold.n, "方面")));
    }
    s->problem = problem_level(&c, s->sure);
    s->strong = c.strong_all > 0;
    bool enough = s->sure || ((c.quoted > 0 || c.strong_all >= 2) && c.told > 0);
    s->findings = s->problem != MARK_NONE && enough && !ahead;
    s->skipped_strong = !s->findings && s->strong;
    s->item = item_level(&c, s->problem);
    if (s->item == MARK_NONE && aspect) {
        s->item = MARK_CHAPTER;
    }
}

/* The chapters themselves are the problems: 一、关于“…”问题的整改. */
static void
chapters_as_problems(const struct paragraphs *ps, struct sections *all)
{
    size_t quoted = 0;
    for (size_t k = 0; k < all->count; k++) {
        if (all->list[k].findings) {
            return;
        }
        size_t chapter = all->list[k].chapter;
        quoted += chapter != SIZE_MAX && ps->list[chapter].heading == HEADING_QUOTED;
    }
    if (quoted == 0) {
        return;
    }
    all->list[0] = (struct section){
        .to = ps->count,
        .chapter = SIZE_MAX,
        .findings = true,
        .strong = true,
        .problem = MARK_CHAPTER,
    };
    all->count = 1;
}

bool
sections_find(struct arena *arena, struct paragraphs *ps, struct sections *ret_sections)
{
    struct sections all = {0};
    for (size_t i = 0; i < ps->count; i++) {
        all.chapters += ps->list[i].mark == MARK_CHAPTER;
    }
    all.list = arena_array(arena, all.chapters + 1, sizeof *all.list);
    if (all.list == NULL) {
        return false;
    }
    all.list[0] = (struct section){.chapter = SIZE_MAX};
    all.count = 1;
    for (size_t i = 0; i < ps->count; i++) {
        if (ps->list[i].mark == MARK_CHAPTER) {
            all.list[all.count - 1].to = i;
            all.list[all.count++] = (struct section){.from = i + 1, .chapter = i};
        }
    }
    all.list[all.count - 1].to = ps->count;
    for (size_t k = 0; k < all.count; k++) {
        section_judge(ps, &all.list[k], &all);
    }
    chapters_as_problems(ps, &all);
    *ret_sections = all;
    return true;
}
