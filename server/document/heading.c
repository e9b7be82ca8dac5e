#include "server/document/marker.h"

enum { TITLE_CHARS_MAX = 400, WEAK_CHARS_MAX = 80 };

/* Words that may stand between the closing quotation mark and the end of a heading. */
struct tail {
    size_t end;
    bool problem, aspect, rectify;
};

static struct tail
tail_at(const struct fold *f, size_t i)
{
    static const char *const words[] = {
        "问题", "整改", "整治", "方面", "情况", "落实", "进展", "完成", "工作", "措施", "举措",
        "成效", "存在", "突出", "具体", "这一", "这个", "等",   "的",   "类",   "及",
    };
    struct tail t = {.end = i};
    for (;;) {
        size_t p = fold_skip_space(f, t.end);
        size_t next = 0;
        size_t k = 0;
        while (k < sizeof words / sizeof words[0] && !fold_starts(f, p, words[k], &next)) {
            k++;
        }
        if (k == sizeof words / sizeof words[0]) {
            return t;
        }
        t.problem = t.problem || k == 0;
        t.rectify = t.rectify || k == 1;
        t.aspect = t.aspect || k == 3;
        t.end = next;
    }
}

/* True when a heading may end at i: the end, a stop, or a remark in brackets that fills the rest.
 */
static bool
ends_here(const struct fold *f, size_t i, bool comma_too)
{
    uint32_t cp = fold_at(f, i);
    return i >= f->n || cp == 0x3002 || cp == ':' || cp == ';' || cp == '(' || cp == ' ' ||
           cp == '.' || cp == 0x3010 || (comma_too && cp == ',');
}

/* Behind the heading's stop and a remark in brackets ("(已完成)"). */
static size_t
body_after(const struct fold *f, size_t i)
{
    i = fold_skip_space(f, i);
    if (fold_at(f, i) == '(' && marker_at(f, i).mark == MARK_NONE) {
        size_t close = i;
        while (close < f->n && f->cp[close] != ')' && close - i < 40) {
            close++;
        }
        size_t after = fold_skip_space(f, close + 1);
        uint32_t cp = fold_at(f, after);
        if (fold_at(f, close) == ')' && (after >= f->n || cp == 0x3002 || cp == ':')) {
            i = after;
        }
    }
    uint32_t cp = fold_at(f, i);
    if (cp == 0x3002 || cp == ':' || cp == ';' || cp == ',' || cp == '.') {
        i++;
    }
    return fold_skip_space(f, i);
}

static bool
opens_quote(uint32_t cp)
{
    return fold_is_quote(cp);
}

/* The closing mark of the quotation that opens at open: one with a heading's end behind it, at
 * depth zero if possible (inner quotations are often nested badly). 0: none. */
static size_t
closing_quote(const struct fold *f, size_t open, bool about, struct tail *ret_tail)
{
    int kind = fold_pair(f->cp[open]);
    int depth = 0;
    size_t second = 0;
    struct tail second_tail = {0};
    for (size_t j = open + 1; j < f->n && j - open < TITLE_CHARS_MAX; j++) {
        if (!fold_is_quote(f->cp[j])) {
            continue;
        }
        int pair = fold_pair(f->cp[j]);
        bool level = depth <= 0;
        if (pair == kind && kind > 0 && kind != FOLD_STRAIGHT) {
            depth++;
            continue;
        }
        if (pair == -kind) {
            depth--;
        } else if (pair != FOLD_STRAIGHT && pair != kind) {
            continue;
        }
        struct tail t = tail_at(f, j + 1);
        bool words = t.problem || t.rectify || (about && t.aspect);
        bool bare = about && t.end == j + 1 && j + 1 >= f->n;
        if (!(words && ends_here(f, t.end, true)) && !bare) {
            continue;
        }
        if (level) {
            *ret_tail = t;
            return j;
        }
        if (second == 0) {
            second = j;
            second_tail = t;
        }
    }
    *ret_tail = second_tail;
    return second;
}

static size_t
about_prefix(const struct fold *f, size_t i)
{
    static const char *const words[] = {"关于", "针对", "对于", "对", "在", "就", "围绕", "聚焦"};
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        size_t next = 0;
        if (fold_starts(f, i, words[k], &next)) {
            return next;
        }
    }
    return 0;
}

/* Where the quotation of a heading opens: behind 关于, or behind 关于巡视反馈的. n: nowhere. */
static size_t
quote_opens(const struct fold *f, size_t i, size_t prefix)
{
    size_t p = fold_skip_space(f, prefix == 0 ? i : prefix);
    if (p < f->n && opens_quote(f->cp[p])) {
        return p;
    }
    if (prefix == 0) {
        return f->n;
    }
    for (size_t j = p; j < f->n && j - p < 16; j++) {
        if (opens_quote(f->cp[j])) {
            bool reported = fold_has(f, p, j, "反馈") || fold_has(f, p, j, "指出") ||
                            fold_has(f, p, j, "提出") || fold_has(f, p, j, "发现");
            return reported ? j : f->n;
        }
    }
    return f->n;
}

static bool
names_defect(const struct fold *f, size_t from, size_t to)
{
    static const char *const words[] = {
        "不",   "未",     "无",   "缺",       "差距", "短板", "薄弱", "滞后", "弱化",
        "淡化", "虚化",   "宽松", "松软",     "漏洞", "矛盾", "问题", "欠",   "偏",
        "少",   "慢",     "浅",   "松",       "违规", "违纪", "违反", "仍",   "递减",
        "回潮", "走过场", "流于", "形式主义", "盲区", "隐患", "风险", "有待", "弱项",
        "断层", "单一",   "随意", "混乱",     "低",   "轻",   "乏力", "脱节", "空白",
        "迟缓", "粗放",   "浮于", "屡禁",     "弊",   "拖",   "难",   "失",   "漏",
    };
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (fold_has(f, from, to, words[k])) {
            return true;
        }
    }
    return false;
}

/* The end of the first clause: 。：；！？, or a bracket remark at the very end. */
static size_t
clause_end(const struct fold *f, size_t i)
{
    for (; i < f->n; i++) {
        uint32_t cp = f->cp[i];
        if (fold_is_sentence_end(cp) || cp == ':' || cp == ';') {
            break;
        }
    }
    return i;
}

static size_t
trim_end(const struct fold *f, size_t from, size_t to)
{
    while (to > from) {
        uint32_t cp = f->cp[to - 1];
        if (cp != ' ' && cp != 0x3002 && cp != ':' && cp != ';' && cp != ',') {
            break;
        }
        to--;
    }
    return to;
}

/* Does any mark close the quotation that opens at open? */
static bool
is_closed(const struct fold *f, size_t open)
{
    int kind = fold_pair(f->cp[open]);
    for (size_t i = open + 1; i < f->n; i++) {
        int pair = fold_pair(f->cp[i]);
        if (pair == -kind || (pair == kind && kind == FOLD_STRAIGHT)) {
            return true;
        }
    }
    return false;
}

static bool
heading_quoted(const struct fold *f, size_t i, struct heading *h)
{
    size_t prefix = about_prefix(f, i);
    size_t open = quote_opens(f, i, prefix);
    if (open >= f->n) {
        return false;
    }
    struct tail t;
    size_t close = closing_quote(f, open, h->about, &t);
    if (close == 0) {
        h->unclosed = h->about && !is_closed(f, open);
        return false;
    }
    if (prefix == 0 && !t.problem) {
        return false; /* “四个意识”方面: only a phrase in quotation marks */
    }
    h->kind = HEADING_QUOTED;
    h->title_from = fold_skip_space(f, open + 1);
    h->title_to = trim_end(f, h->title_from, close);
    h->body = body_after(f, t.end);
    h->complete = t.end > close + 1;
    return true;
}

static bool
heading_plain(const struct fold *f, size_t i, struct heading *h)
{
    size_t end = trim_end(f, i, clause_end(f, i));
    size_t remark = end;
    if (remark > i && f->cp[remark - 1] == ')') { /* …问题的整改(已完成) */
        while (remark > i && f->cp[remark - 1] != '(') {
            remark--;
        }
        remark = remark > i ? trim_end(f, i, remark - 1) : end;
    }
    if (end - i > 150 || remark < i + 2) {
        return false;
    }
    size_t from = remark - i > 14 ? remark - 14 : i;
    for (size_t p = from; p < remark; p++) {
        struct tail t = tail_at(f, p);
        bool fits = h->about ? t.problem : t.problem && t.rectify;
        if (t.end == remark && fits) {
            h->kind = HEADING_PLAIN;
            h->title_from = i;
            h->title_to = remark;
            h->body = body_after(f, remark);
            h->complete = true;
            return true;
        }
    }
    return false;
}

/* A short line without a sentence inside; or one short sentence before 一是 or a label. */
static void
heading_weak(const struct fold *f, size_t i, struct heading *h)
{
    size_t end = clause_end(f, i);
    size_t after = end;
    h->title_to = trim_end(f, i, end);
    while (after < f->n && (fold_is_sentence_end(f->cp[after]) || f->cp[after] == ':' ||
                            f->cp[after] == ';' || f->cp[after] == ' ')) {
        after++;
    }
    h->body = after;
    if (end - i > WEAK_CHARS_MAX || end == i) {
        return;
    }
    bool whole = after >= f->n;
    struct marker m = marker_at(f, after);
    bool run_in = !whole && ((m.no == 1 && m.mark >= MARK_PAREN && m.mark <= MARK_DI) ||
                             label_at(f, after).label != LABEL_NONE);
    if (!whole && !run_in) {
        return;
    }
    h->kind = HEADING_WEAK;
}

struct heading
heading_at(const struct fold *f, size_t i)
{
    i = fold_skip_space(f, i);
    struct heading h = {.kind = HEADING_NONE, .title_from = i, .title_to = f->n, .body = f->n};
    h.about = marker_is_about(f, i);
    if (i >= f->n) {
        return h;
    }
    if (!heading_quoted(f, i, &h) && !heading_plain(f, i, &h)) {
        heading_weak(f, i, &h);
    }
    h.defect = names_defect(f, h.title_from, h.title_to);
    return h;
}

size_t
heading_tail(const struct fold *f)
{
    size_t i = fold_skip_space(f, 0);
    struct tail t = tail_at(f, i);
    static const char *const halves[] = {"题的整改", "题整改", "改", "况", "题", "面"};
    for (size_t k = 0; t.end == i && k < sizeof halves / sizeof halves[0]; k++) {
        size_t next = 0;
        if (fold_starts(f, i, halves[k], &next)) {
            t.end = tail_at(f, next).end;
        }
    }
    bool is_tail = t.end > i && ends_here(f, t.end, false) && label_at(f, 0).label == LABEL_NONE;
    return is_tail ? body_after(f, t.end) : 0;
}
