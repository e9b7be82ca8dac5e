#include "server/document/marker.h"

/* In each list longer words stand before their beginnings. */
static const char *const measure_words[] = {
    "整改措施及完成情况",
    "整改措施及落实情况",
    "整改措施及进展情况",
    "整改工作完成情况",
    "整改工作进展情况",
    "整改工作落实情况",
    "整改落实进展情况",
    "整改措施落实情况",
    "整改措施和成效",
    "整改措施及成效",
    "整改工作情况",
    "整改落实情况",
    "整改进展情况",
    "整改完成情况",
    "整改推进情况",
    "具体整改措施",
    "整改具体措施",
    "整改情况",
    "整改措施",
    "整改进展",
    "整改举措",
    "整改落实",
    "整改做法",
    "整改过程",
    "整改内容",
    "主要措施",
    "主要做法",
    "具体措施",
    "具体做法",
    "采取措施",
    "落实情况",
    "进展情况",
    "完成情况",
    "工作进展",
    NULL,
};

static const char *const effect_words[] = {
    "下一步工作打算",
    "下一步工作计划",
    "下一步工作措施",
    "下一步整改措施",
    "阶段性成效",
    "下一步打算",
    "下一步计划",
    "下一步措施",
    "下一步工作",
    "下步措施",
    "下步打算",
    "整改成效",
    "整改效果",
    "取得成效",
    "工作成效",
    "主要成效",
    NULL,
};

static const char *const status_words[] = {
    "整改完成状态", "整改状态", "整改进度", "整改结果", "整改结论",
    "完成状态",     "完成进度", "销号情况", "销号状态", NULL,
};

static const char *const meta_words[] = {
    "问题表述",     "问题简述",     "反馈内容",     "问题内容",     "巡察反馈问题", "巡视反馈问题",
    "反馈具体问题", "存在的问题",   "整改责任人员", "佐证材料",     "印证材料",     "成果体现",
    "问题",         "整改责任单位", "整改责任领导", "整改责任部门", "整改牵头单位", "整改完成时限",
    "整改完成时间", "整改责任人",   "整改时限",     "整改期限",     "整改时间",     "整改目标",
    "整改类型",     "完成时限",     "完成时间",     "责任领导",     "责任单位",     "责任部门",
    "责任科室",     "责任主体",     "牵头领导",     "牵头单位",     "牵头部门",     "配合单位",
    "参与单位",     "协同单位",     "问题描述",     "问题表现",     "问题类型",     "具体问题",
    "具体表现",     "主要表现",     "存在问题",     "反馈问题",     "反馈意见",     "原因分析",
    "责任人",       NULL,
};

static const struct {
    enum label label;
    const char *const *words;
} label_lists[] = {
    {LABEL_MEASURE, measure_words},
    {LABEL_EFFECT, effect_words},
    {LABEL_STATUS, status_words},
    {LABEL_META, meta_words},
};

/* A label put together from such words, before a colon: 主要整改措施如下：, 采取的措施：. Its end,
 * or i.
 */
static size_t
composed_label(const struct fold *f, size_t i, enum label *ret_label)
{
    static const char *const words[] = {"整改", "落实", "措施", "情况", "进展", "完成", "推进",
                                        "成效", "效果", "举措", "做法", "工作", "开展", "主要",
                                        "具体", "相关", "采取", "问题", "过程", "如下", "及其",
                                        "的",   "及",   "和",   "与",   "已",   "、"};
    size_t end = i;
    size_t next = i;
    for (size_t k = 0; k < sizeof words / sizeof words[0];) {
        bool hit = end - i < 16 && fold_starts(f, end, words[k], &next);
        end = hit ? next : end;
        k = hit ? 0 : k + 1;
    }
    bool done = fold_has(f, i, end, "措施") || fold_has(f, i, end, "举措") ||
                fold_has(f, i, end, "做法") || fold_starts(f, i, "整改", NULL);
    bool gained = fold_has(f, i, end, "成效") || fold_has(f, i, end, "效果");
    bool told = fold_has(f, i, end, "措施") || fold_has(f, i, end, "情况") ||
                fold_has(f, i, end, "进展") || fold_has(f, i, end, "做法");
    bool below = fold_has(f, i, end, "如下");
    done = done && !(end > i + 2 && fold_starts(f, end - 2, "问题", NULL)); /* 整改问题：… */
    if (!done || (fold_at(f, fold_skip_space(f, end)) != ':' && !(below && end >= f->n))) {
        return i;
    }
    *ret_label = gained && !told ? LABEL_EFFECT : LABEL_MEASURE;
    return end;
}

/* The longest label word at i. */
static enum label
label_word(const struct fold *f, size_t i, size_t *ret_end)
{
    enum label label = LABEL_NONE;
    *ret_end = i;
    for (size_t k = 0; k < sizeof label_lists / sizeof label_lists[0]; k++) {
        for (const char *const *w = label_lists[k].words; *w != NULL; w++) {
            size_t end = 0;
            if (fold_starts(f, i, *w, &end) && end > *ret_end) {
                label = label_lists[k].label;
                *ret_end = end;
            }
        }
    }
    return label;
}

/* A status that is really a story is a measure. */
static bool
status_is_short(const struct fold *f, size_t from)
{
    return f->n - from <= 40 && !fold_has(f, from, f->n, "一是");
}

struct label_hit
label_at(const struct fold *f, size_t i)
{
    struct label_hit none = {LABEL_NONE};
    i = fold_skip_space(f, i);
    if (i >= f->n) {
        return none;
    }
    int open = fold_pair(f->cp[i]);
    bool boxed = open >= 7 && open <= 10;
    size_t p = boxed ? i + 1 : i;
    size_t end = 0;
    enum label label = label_word(f, p, &end);
    enum label other = LABEL_NONE;
    size_t composed = boxed ? p : composed_label(f, p, &other);
    if (composed > end) {
        label = other;
        end = composed;
    }
    size_t after = fold_skip_space(f, end);
    if (label == LABEL_NONE || (boxed && fold_pair(fold_at(f, after)) != -open)) {
        return none;
    }
    after = boxed ? fold_skip_space(f, after + 1) : after;
    bool colon = fold_at(f, after) == ':';
    bool stop = fold_at(f, after) == 0x3002 && fold_starts(f, p, "整改", NULL);
    if (!colon && !stop && !boxed && (after < f->n || end - p <= 2)) {
        return none;
    }
    colon = colon || stop; /* (1)整改措施。一是… */
    after = fold_skip_space(f, colon ? after + 1 : after);
    bool done = fold_starts(f, p, "整改完成情况", NULL) || fold_starts(f, p, "完成情况", NULL);
    if (label == LABEL_STATUS && !status_is_short(f, after)) {
        label = LABEL_MEASURE;
    } else if (done && after < f->n && f->n - after <= 20 && status_is_short(f, after)) {
        label = LABEL_STATUS;
    }
    return (struct label_hit){label, p, end, after, after >= f->n};
}

size_t
label_names_problem(const struct fold *f, size_t i)
{
    struct label_hit hit = label_at(f, i);
    bool names = hit.label == LABEL_META && fold_has(f, hit.name_from, hit.name_to, "问题");
    return names && !hit.alone ? hit.rest : 0;
}

/* "关于…问题的整改……………12": a line of a table of contents. */
static bool
line_is_contents(const struct fold *f)
{
    size_t i = f->n;
    size_t digits = 0;
    size_t dots = 0;
    while (i > 0 && (fold_is_digit(f->cp[i - 1]) || f->cp[i - 1] == ' ')) {
        digits += f->cp[--i] != ' ';
    }
    while (i > 0 && (f->cp[i - 1] == '.' || f->cp[i - 1] == 0x2026 || f->cp[i - 1] == 0x00B7)) {
        dots += f->cp[--i] == 0x2026 ? 3 : 1;
    }
    return digits > 0 && digits <= 4 && dots >= 5;
}

bool
line_is_noise(const struct fold *f)
{
    if (line_is_contents(f)) {
        return true;
    }
    size_t digits = 0;
    size_t dashes = 0;
    for (size_t i = 0; i < f->n; i++) {
        uint32_t cp = f->cp[i];
        if (fold_is_digit(cp)) {
            digits++;
        } else if (cp == '-' || cp == 0x2014 || cp == 0x2013 || cp == 0x2015 || cp == '=' ||
                   cp == '_' || cp == '*' || cp == 0x2500 || cp == 0x00B7 || cp == '/') {
            dashes++;
        } else if (cp != ' ' && cp != 0x7B2C && cp != 0x9875 && cp != 0x5171) { /* 第 页 共 */
            return false;
        }
    }
    return f->n > 0 && digits <= 8;
}

bool
line_is_date(const struct fold *f)
{
    if (f->n < 6 || f->n > 24) {
        return false;
    }
    bool year = false;
    bool month = false;
    for (size_t i = 0; i < f->n; i++) {
        uint32_t cp = f->cp[i];
        year = year || cp == 0x5E74;
        month = month || cp == 0x6708;
        bool part = fold_is_digit(cp) || fold_numeral(cp) >= 0 || cp == 0x25CB || cp == 'O' ||
                    cp == 0x5E74 || cp == 0x6708 || cp == 0x65E5 || cp == ' ' || cp == '(' ||
                    cp == ')' || cp == '-';
        if (!part) {
            return false;
        }
    }
    return year && month;
}

bool
line_is_closing(const struct fold *f)
{
    static const char *const words[] = {
        "欢迎广大", "欢迎社会", "欢迎各界", "欢迎干部", "欢迎全",   "联系电话",  "联系方式",
        "联系人",   "举报电话", "监督电话", "监督方式", "通讯地址", "通信地址",  "邮寄地址",
        "邮政编码", "邮政信箱", "电子邮箱", "电子邮件", "特此通报", "特此公告",  "特此公示",
        "特此报告", "附件:",    "来源:",    "信息来源", "责任编辑", "编辑:",     "作者:",
        "上一篇",   "下一篇",   "上一条",   "下一条",   "打印",     "关闭窗口",  "关闭本页",
        "分享到",   "分享至",   "扫一扫",   "版权所有", "主办单位", "主办:",     "承办单位",
        "网站地图", "浏览次数", "点击数",   "阅读次数", "相关链接", "相关阅读",  "相关文章",
        "(此件",    "发布时间", "发布日期", "公示时间", "公示期",   "[打印",     "【打印",
        "抄送:",    "返回顶部", "返回首页", "公开方式", "信访邮箱", "Copyright",
    };
    static const char *const within[] = {"欢迎广大干部", "欢迎广大党员", "欢迎广大群众",
                                         "欢迎社会各界", "联系电话:",    "监督电话:",
                                         "举报电话:",    "通讯地址:",    "电子邮箱:"};
    size_t i = fold_skip_space(f, 0);
    for (size_t k = 0; k < sizeof words / sizeof words[0]; k++) {
        if (fold_starts(f, i, words[k], NULL)) {
            return true;
        }
    }
    for (size_t k = 0; k < sizeof within / sizeof within[0] && f->n < 200; k++) {
        if (fold_has(f, i, f->n, within[k])) {
            return true;
        }
    }
    return false;
}
