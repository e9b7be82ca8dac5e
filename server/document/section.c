/* Which sections are read.
 *
 * Chapters (一、) divide a notice; without chapters it is one section.
 * A section about what comes next (下一步, 今后, 打算) is never read. A section is read
 * a) whatever its title, when it has headings such as 关于“…”问题的整改 and text stands below a
 *    third of them at least (a list of problems alone has none), or when the headings of a level
 *    have 整改情况：, 整改措施： below;
 * b) when its title says that rectification is told (整改落实情况, 反馈意见整改进展 …; not
 *    组织领导, 责任, 线索), or the document's beginning says it is a notice of rectification
 *    (…整改情况的通报, 现将整改情况予以公布) and the section's title nothing against it, and most
 *    of its headings name a shortcoming (不到位, 差距, 薄弱 …): principles and speeches have
 * neither. A document that begins as a speech, a plan, a request or an examination of oneself is no
 *    notice.
 * Nothing is read from a document that does not say 整改 once.
 *
 * The level of problems is the one that bears those headings: 问题1：, 1., (1), (一), ①, in this
 * order; a level on which they are rare (less than a third, while another has more) is not it, nor
 * is one whose headings say 方面 while another's say 问题. Items are the next level above that
 * begins before it; a chapter is an item when its title names an aspect (方面) or a shortcoming.
 */
#include "server/document/section.h"

#include <string.h>

struct census {
    size_t n[MARK_COUNT];
    size_t strong[MARK_COUNT];
    size_t heads[MARK_COUNT];   /* could be headings */
    size_t defect[MARK_COUNT];  /* of those, without 关于: name a shortcoming */
    size_t led[MARK_COUNT];     /* 针对…的问题，… */
    size_t lead[MARK_COUNT];    /* texts whose first sentence is a shortcoming */
    size_t told_at[MARK_COUNT]; /* 整改情况：… stands below */
    size_t first[MARK_COUNT];   /* where the level begins, + 1 */
    size_t aspects[MARK_COUNT]; /* headings 关于“…”方面 */
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

/* 党的建设方面, but not 三个方面 */
static bool
title_names_aspect(const struct fold *f)
{
    return fold_has(f, 0, f->n, "方面") && !fold_has(f, 0, f->n, "个方面");
}

/* About the work of rectification, its organisation and its rest: not about what was found. */
static bool
title_is_other(const struct fold *f)
{
    static const char *const always[] = {"线索", "移交", "方案", "安排", "长期坚持", "原则", NULL};
    static const char *const often[] = {"组织", "领导", "部署",   "认识", "责任",
                                        "总体", "基本", "概况",   "机制", "站位",
                                        "统筹", "目标", "存在的", "要求", NULL};
    bool about = title_names_aspect(f) || fold_has(f, 0, f->n, "问题整改") ||
                 fold_has(f, 0, f->n, "问题的整改");
    return has_any(f, always) || (has_any(f, often) && !about);
}

static bool
title_tells_findings(const struct fold *f)
{
    static const char *const subject[] = {"整改", "反馈", NULL};
    static const char *const told[] = {"情况", "进展", "成效", "结果", "落实",
                                       "完成", "抓好", "推进", NULL};
    return has_any(f, subject) && has_any(f, told) && !title_is_other(f);
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
    if (next == NULL || next->closing || next->mark == MARK_ITEM) {
        return false;
    }
    return next->mark != p->mark ||
           (next->heading != HEADING_QUOTED && next->heading != HEADING_PLAIN);
}

/* Does a label such as 整改情况： stand below heading i, before any other heading? */
static bool
is_labelled(const struct paragraphs *ps, const struct section *s, size_t i)
{
    for (size_t k = i + 1; k < s->to && k < i + 6; k++) {
        const struct paragraph *p = &ps->list[k];
        if (p->label == LABEL_MEASURE) {
            return true;
        }
        if (p->label == LABEL_NONE && p->mark != MARK_NONE) {
            return false;
        }
    }
    return false;
}

static void
take_census(const struct paragraphs *ps, const struct section *s, struct census *c)
{
    for (size_t i = s->from; i < s->to; i++) {
        const struct paragraph *p = &ps->list[i];
        bool labelled = is_labelled(ps, s, i);
        bool strong =
            p->heading == HEADING_QUOTED || p->heading == HEADING_PLAIN || (p->named && labelled);
        if (p->mark == MARK_NONE || p->label != LABEL_NONE) {
            continue;
        }
        c->n[p->mark]++;
        c->first[p->mark] = c->first[p->mark] == 0 ? i + 1 : c->first[p->mark];
        c->heads[p->mark] += p->heading != HEADING_NONE;
        c->bare_dots += is_bare_dot(ps, s, i);
        if (p->mark == MARK_SHI || p->mark == MARK_DI) {
            continue;
        }
        c->told_at[p->mark] += labelled;
        c->led[p->mark] += p->heading == HEADING_LED;
        c->lead[p->mark] += p->lead;
        c->strong[p->mark] += strong;
        c->strong_all += strong;
        c->told += strong && has_text(ps, s, i);
        c->aspects[p->mark] += p->aspect;
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

/* Of the "1." paragraphs nearly all begin with a shortcoming and a stop: 1.责任不明确。制定清单… */
static bool
mostly_leads(const struct census *c, enum mark mark)
{
    return c->lead[mark] > 0 && (c->lead[mark] + c->defect[mark]) * 10 >= c->n[mark] * 8;
}

/* The level whose headings nearly all have 整改情况： below. */
static enum mark
labelled_level(const struct census *c, size_t least)
{
    static const enum mark order[] = {MARK_WORD, MARK_DOT, MARK_PAREN, MARK_ITEM, MARK_CIRCLE};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        size_t n = c->told_at[order[k]];
        if (n >= least && n * 2 >= c->n[order[k]]) {
            return order[k];
        }
    }
    return MARK_NONE;
}

/* The level of problems that are headed 关于…问题, MARK_NONE when there are none. */
static enum mark
strong_level(const struct census *c)
{
    static const enum mark order[] = {MARK_DOT, MARK_PAREN, MARK_ITEM, MARK_CIRCLE};
    for (size_t k = 0; k < sizeof order / sizeof order[0]; k++) {
        enum mark mark = order[k];
        size_t strong = c->strong[mark];
        bool aspects = c->aspects[mark] * 2 > strong && strong < c->strong_all;
        size_t others = 0;
        for (size_t n = 0; n < sizeof order / sizeof order[0]; n++) {
            size_t other = c->strong[order[n]] - c->aspects[order[n]];
            others = n != k && other > others ? other : others;
        }
        if (aspects || strong == 0 || (strong * 3 < c->n[mark] && strong < others)) {
            continue;
        }
        bool below =
            mark == MARK_ITEM && ((mostly_defects(c, MARK_DOT) && c->defect[MARK_DOT] > 0) ||
                                  mostly_leads(c, MARK_DOT) || labelled_level(c, 2) == MARK_DOT);
        return below ? MARK_DOT : mark;
    }
    return c->strong[MARK_BARE] > 0 ? MARK_BARE : MARK_NONE;
}

static enum mark
problem_level(const struct census *c, const struct section *s)
{
    bool maybe = s->sure || s->likely;
    if (c->strong[MARK_WORD] > 0 || (maybe && c->n[MARK_WORD] > 0)) {
        return MARK_WORD;
    }
    enum mark level = strong_level(c);
    if (level == MARK_NONE) {
        level = labelled_level(c, maybe ? 1 : 2);
    }
    if (level != MARK_NONE || !maybe) {
        return level;
    }
    static const enum mark led[] = {MARK_DOT, MARK_PAREN, MARK_ITEM};
    for (size_t k = 0; k < sizeof led / sizeof led[0]; k++) {
        if (c->led[led[k]] > 0 && c->led[led[k]] * 10 >= c->n[led[k]] * 8) {
            return led[k];
        }
    }
    bool bare = c->bare_dots > 0 && c->bare_dots * 10 >= c->n[MARK_DOT] * 8;
    if (mostly_defects(c, MARK_DOT) || mostly_leads(c, MARK_DOT) || (s->sure && bare)) {
        return MARK_DOT;
    }
    return mostly_defects(c, MARK_ITEM) || mostly_leads(c, MARK_ITEM) ? MARK_ITEM : MARK_NONE;
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
        enum mark mark = above[problem][k];
        bool over = mark == MARK_ITEM || c->first[mark] < c->first[problem];
        if (c->heads[mark] > 0 && over) { /* "1." below "(1)关于…" are measures */
            return mark;
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
    bool aspect = false;
    if (s->chapter == SIZE_MAX) {
        s->likely = all->genre == GENRE_NOTICE;
    } else {
        const struct paragraph *p = &ps->list[s->chapter];
        fold_text(&ps->fold, p->text, p->bytes);
        bool ahead = title_looks_ahead(&ps->fold);
        s->ahead = ahead;
        s->sure = !ahead && all->genre != GENRE_OTHER && title_tells_findings(&ps->fold);
        s->likely = !ahead && all->genre == GENRE_NOTICE && !title_is_other(&ps->fold);
        aspect = p->heading == HEADING_QUOTED || title_names_aspect(&ps->fold) ||
                 (!s->sure && p->defect) ||
                 (s->likely && !fold_has(&ps->fold, 0, ps->fold.n, "整改"));
    }
    s->problem = problem_level(&c, s);
    s->strong = c.strong_all > 0;
    bool listed = (c.quoted > 0 || c.strong_all >= 2) && c.told * 3 >= c.strong_all && c.told > 0;
    bool enough = s->sure || s->likely || listed || labelled_level(&c, 2) != MARK_NONE;
    enough = enough && (c.told > 0 || !s->strong) && all->rectify;
    s->findings = s->problem != MARK_NONE && enough && !s->ahead;
    s->skipped_strong = !s->findings && s->strong;
    s->item = item_level(&c, s->problem);
    if (s->item == MARK_NONE && aspect) {
        s->item = MARK_CHAPTER;
    }
}

/* 现将巡视整改进展情况予以公布 */
static bool
publishes(const struct fold *f)
{
    static const char *const words[] = {"公布", "通报", "公开", "公示", "报告", "公告", NULL};
    for (size_t i = 0; i < f->n; i++) {
        size_t end = i + 50 < f->n ? i + 50 : f->n;
        if (fold_starts(f, i, "现将", NULL) || fold_starts(f, i, "现就", NULL)) {
            for (size_t k = 0; words[k] != NULL && fold_has(f, i, end, "整改"); k++) {
                if (fold_has(f, i, end, words[k])) {
                    return true;
                }
            }
        }
    }
    return false;
}

/* What kind of document it is, by the beginnings of what stands before its first number: a notice
 * of rectification, or a speech, a plan, an examination of oneself. */
static enum genre
document_genre(struct paragraphs *ps)
{
    static const char *const told[] = {"通报", "公示", "公告", "公布",
                                       "报告", "公开", "情况", NULL};
    static const char *const other[] = {
        "讲话", "致辞", "发言", "方案",   "实施意见", "会议",     "推进会", "反馈会",
        "要点", "心得", "总结", "同志们", "对照检查", "各位同志", "试题",   NULL};
    enum genre genre = GENRE_NONE;
    struct fold *f = &ps->fold;
    for (size_t i = 0; i < ps->count && i < 20; i++) {
        const struct paragraph *p = &ps->list[i];
        if (p->mark != MARK_NONE && p->mark != MARK_SHI) {
            break;
        }
        fold_text(f, p->text, p->bytes);
        bool notice = publishes(f);
        size_t end = 0;
        while (end < f->n && f->cp[end] != ',' && f->cp[end] != '>' &&
               !fold_is_sentence_end(f->cp[end])) {
            end++;
        }
        f->n = end < 80 ? end : 0;
        notice = notice || (fold_has(f, 0, f->n, "整改") && has_any(f, told));
        if (has_any(f, other) || fold_has(f, 0, f->n, "的通知")) {
            genre = genre == GENRE_NONE ? GENRE_OTHER : genre;
        } else if (notice && genre == GENRE_NONE) {
            genre = GENRE_NOTICE;
        }
    }
    return genre;
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
    all.genre = document_genre(ps);
    for (size_t i = 0; i < ps->count && !all.rectify; i++) {
        all.rectify = ps->list[i].rectify;
    }
    for (size_t k = 0; k < all.count; k++) {
        section_judge(ps, &all.list[k], &all);
    }
    chapters_as_problems(ps, &all);
    *ret_sections = all;
    return true;
}
