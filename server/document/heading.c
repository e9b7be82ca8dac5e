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

/* Behind the heading's stop and a remark in brackets ("(已完成)", "【责任单位：办公室】"). */
static size_t
body_after(const struct fold *f, size_t i)
{
    i = fold_skip_space(f, i);
    uint32_t open = fold_at(f, i);
    if ((open == '(' || open == 0x3010) && marker_at(f, i).mark == MARK_NONE) {
        uint32_t shut = open == '(' ? ')' : 0x3011;
        size_t close = i;
        while (close < f->n && f->cp[close] != shut && close - i < 40) {
            close++;
        }
        size_t after = fold_skip_space(f, close + 1);
        uint32_t cp = fold_at(f, after);
        if (fold_at(f, close) == shut && (after >= f->n || cp == 0x3002 || cp == ':')) {
            i = after;
        }
    }
    uint32_t cp = fold_at(f, i);
    if (cp == 0x3002 || cp == ':' || cp == ';' || cp == ',' || cp == '.') {
        i++;
    }
    return fold_skip_space(f, i);
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

static bool
has_one(const struct fold *f, size_t from, size_t to, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (fold_has(f, from, to, *words)) {
            return true;
        }
    }
    return false;
}

/* Where the quotation of a heading opens: behind 关于, or behind a few words that tell where the
 * problem comes from: 关于巡视反馈的“…”, 巡察反馈“…”. n: nowhere. */
static size_t
quote_opens(const struct fold *f, size_t i, size_t prefix)
{
    static const char *const source[] = {"反馈", "指出", "提出", "发现", NULL};
    static const char *const solved[] = {"解决", "整治", "存在", NULL};
    static const char *const inspection[] = {"反馈", "巡视", "巡察", NULL};
    size_t p = fold_skip_space(f, prefix == 0 ? i : prefix);
    size_t open = p;
    while (open < f->n && open - p < 16 && !fold_is_quote(f->cp[open])) {
        open++;
    }
    if (open >= f->n || open - p >= 16) {
        return f->n;
    }
    bool told =
        has_one(f, p, open, source) || (marker_is_about(f, i) && has_one(f, p, open, solved));
    bool fits = open == p || (told && (prefix != 0 || has_one(f, p, p + 4, inspection)));
    return fits ? open : f->n;
}

/* 不到位, 不够: but not 不断提高 */
static bool
says_not(const struct fold *f, size_t from, size_t to)
{
    static const char *const goods[] = {"断", "少", "仅", "但", "忘", "留", "搞", "漏", "落", "放"};
    for (size_t i = from; i + 1 < to; i++) {
        bool good = false;
        for (size_t k = 0; k < sizeof goods / sizeof goods[0]; k++) {
            good = good || fold_starts(f, i + 1, goods[k], NULL);
        }
        if (fold_starts(f, i, "不", NULL) && !good) {
            return true;
        }
    }
    return false;
}

/* Begins like something done (开展问题排查) or called for (要紧盯问题): words that only name a
 * problem do not make a shortcoming of it. */
static bool
begins_as_deed(const struct fold *f, size_t i)
{
    static const char *const words[] = {
        "开展", "排查", "建立", "健全", "完善", "加强", "强化", "防范", "化解", "整治", "推进",
        "推动", "制定", "修订", "组织", "召开", "印发", "出台", "严格", "严肃", "规范", "加大",
        "加快", "提升", "提高", "优化", "深化", "压实", "聚焦", "坚持", "持续", "进一", "全面",
        "认真", "积极", "着力", "切实", "解决", "减少", "降低", "梳理", "督促", "做好", "抓好",
    };
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (fold_starts(f, i, words[k], NULL)) {
            return true;
        }
    }
    return false;
}

static bool
names_defect(const struct fold *f, size_t from, size_t to)
{
    static const char *const calls[] = {"要", "必须", "务必"}; /* 要紧盯责任不落实的问题 */
    static const char *const defects[] = {
        "未",     "缺",   "差距", "短板", "薄弱", "滞后", "弱化", "淡化", "虚化", "宽松", "松软",
        "欠",     "偏",   "浅",   "仍",   "递减", "回潮", "流于", "盲区", "有待", "弱项", "断层",
        "单一",   "随意", "混乱", "轻视", "过轻", "低下", "较低", "过低", "乏力", "脱节", "空白",
        "走过场", "迟缓", "粗放", "浮于", "屡禁", "拖",   "难以", "失职", "失管", "失察", "失衡",
        "流失",   "失真", "失责", "疏漏", "遗漏", "作弊", "舞弊", "弊端", "较少", "过少", "无序",
        "松散",   "放松", "缓慢", "较慢", "过慢", "过多", "老化", "弱",   "虚",   NULL};
    static const char *const matters[] = {
        "问题", "漏洞", "矛盾", "违规", "违纪", "违反", "隐患", "形式主义", "风险", "少",
        "慢",   "难",   "松",   "无",   "低",   "轻",   "失",   "漏",       "弊",   NULL};
    for (size_t k = 0; k < sizeof calls / sizeof calls[0]; k++) {
        if (fold_starts(f, from, calls[k], NULL)) {
            return false;
        }
    }
    return says_not(f, from, to) || has_one(f, from, to, defects) ||
           (!begins_as_deed(f, from) && has_one(f, from, to, matters));
}

/* Stricter, for the first sentence of a longer text: a clause that ends by naming a shortcoming
 * (责任分工不够明确), not one that mentions problems on its way (建立问题台账). */
static bool
ends_short(const struct fold *f, size_t from, size_t to)
{
    static const char *const words[] = {
        "未",   "缺",   "差距", "短板", "薄弱", "滞后", "弱化", "淡化", "虚化", "宽松",
        "漏洞", "违规", "有待", "乏力", "脱节", "单一", "粗放", "缓慢", "流于", "走过场",
        "回潮", "混乱", "松散", "迟缓", "偏",   "过多", "空白", "虚",   "浅",   NULL};
    if (to - from < 4 || to - from > 45 || !names_defect(f, from, to)) {
        return false;
    }
    size_t tail = to - from > 8 ? to - 8 : from;
    return says_not(f, tail, to) || has_one(f, tail, to, words);
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
    h->title_to = close; /* its stop included */
    while (h->title_to > h->title_from && f->cp[h->title_to - 1] == ' ') {
        h->title_to--;
    }
    h->body = body_after(f, t.end);
    h->complete = t.end > close + 1;
    h->aspect = t.aspect && !t.problem;
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

/* 针对…的问题，做了什么: the heading is the first clause and the text runs on behind a comma. */
static bool
heading_led(const struct fold *f, size_t i, struct heading *h)
{
    for (size_t q = i; h->about && q < f->n && q - i <= 100; q++) {
        if (fold_is_sentence_end(f->cp[q]) || f->cp[q] == ';' || f->cp[q] == ':') {
            return false;
        }
        if (f->cp[q] != ',' || q < i + 6) {
            continue;
        }
        for (size_t p = q - 4; p < q; p++) {
            struct tail t = tail_at(f, p);
            if (t.end == q && t.problem && q + 1 < f->n) {
                h->kind = HEADING_LED;
                h->title_from = i;
                h->title_to = q;
                h->body = fold_skip_space(f, q + 1);
                h->complete = true;
                return true;
            }
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
    if (!heading_quoted(f, i, &h) && !heading_plain(f, i, &h) && !heading_led(f, i, &h)) {
        heading_weak(f, i, &h);
    }
    h.defect = names_defect(f, h.title_from, h.title_to);
    h.shortfall = ends_short(f, h.title_from, h.title_to);
    h.lead = h.kind == HEADING_NONE && h.shortfall;
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
