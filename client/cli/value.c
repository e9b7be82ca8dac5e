#include "client/cli/value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <utf8proc.h>

const char *
value_narrow(struct arena *a, const char *s)
{
    size_t n = strlen(s);
    char *out = arena_alloc(a, n + 1);
    size_t used = 0;
    if (out == NULL) {
        return "";
    }
    for (size_t i = 0; i < n;) {
        utf8proc_int32_t cp = 0;
        utf8proc_ssize_t took =
            utf8proc_iterate((const utf8proc_uint8_t *)s + i, (utf8proc_ssize_t)(n - i), &cp);
        size_t width = took > 0 ? (size_t)took : 1;
        if (took > 0 && cp >= 0xFF01 && cp <= 0xFF5E) {
            out[used++] = (char)(cp - 0xFEE0);
        } else if (took > 0 && (cp == 0x3000 || cp == 0xA0)) {
            out[used++] = ' ';
        } else {
            memcpy(out + used, s + i, width);
            used += width;
        }
        i += width;
    }
    while (used > 0 && out[used - 1] == ' ') {
        used--;
    }
    out[used] = '\0';
    while (*out == ' ') {
        out++;
    }
    return out;
}

/* Digits, at most max of them; moves *p behind. False when there is none. */
static bool
digits(const char **p, int max, int *ret_value)
{
    int value = 0;
    int count = 0;
    while (count < max && **p >= '0' && **p <= '9') {
        value = value * 10 + (**p - '0');
        (*p)++;
        count++;
    }
    *ret_value = value;
    return count > 0;
}

/* One of the separators between the parts of a date. */
static bool
separator(const char **p, const char *chinese)
{
    if (**p == '-' || **p == '/' || **p == '.') {
        (*p)++;
        return true;
    }
    size_t n = strlen(chinese);
    if (strncmp(*p, chinese, n) == 0) {
        *p += n;
        return true;
    }
    return false;
}

static bool
day_exists(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1900 || month < 1 || month > 12 || day < 1) {
        return false;
    }
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return day <= days[month - 1] + (month == 2 && leap ? 1 : 0);
}

const char *
value_date(struct arena *a, const char *s)
{
    const char *p = value_narrow(a, s);
    int year = 0;
    int month = 0;
    int day = 0;
    if (!digits(&p, 4, &year) || !separator(&p, "年") || !digits(&p, 2, &month) ||
        !separator(&p, "月") || !digits(&p, 2, &day)) {
        return NULL;
    }
    if (strncmp(p, "日", 3) == 0) {
        p += 3;
    }
    if (*p != '\0' || !day_exists(year, month, day)) {
        return NULL;
    }
    return arena_printf(a, "%04d-%02d-%02d", year, month, day);
}

const char *
value_month(struct arena *a, const char *s)
{
    const char *p = value_narrow(a, s);
    int year = 0;
    int month = 0;
    if (!digits(&p, 4, &year) || !separator(&p, "年") || !digits(&p, 2, &month)) {
        return NULL;
    }
    if (strncmp(p, "月", 3) == 0) {
        p += 3;
    }
    return *p == '\0' && day_exists(year, month, 1) ? arena_printf(a, "%04d-%02d", year, month)
                                                    : NULL;
}

const char *
value_period(struct arena *a, const char *s)
{
    static const char *const marks[] = {"-Q", "-q", "Q", "q", "年第", "年"};
    const char *p = value_narrow(a, s);
    int year = 0;
    if (value_month(a, s) != NULL || !digits(&p, 4, &year)) {
        return value_month(a, s);
    }
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t n = strlen(marks[i]);
        bool quarter = strncmp(p, marks[i], n) == 0 && p[n] >= '1' && p[n] <= '4';
        if (quarter && (p[n + 1] == '\0' || strcmp(p + n + 1, "季度") == 0)) {
            return arena_printf(a, "%04d-Q%c", year, p[n]);
        }
    }
    return NULL;
}

bool
value_int(struct arena *a, const char *s, int64_t min, int64_t max, int64_t *ret_value)
{
    const char *text = value_narrow(a, s);
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < min || value > max) {
        return false;
    }
    *ret_value = value;
    return true;
}

bool
value_percent(struct arena *a, const char *s, int32_t *ret_value)
{
    const char *text = value_narrow(a, s);
    size_t n = strlen(text);
    int64_t value = 0;
    if (n > 0 && text[n - 1] == '%') {
        n--;
    }
    const char *number = arena_strndup(a, text, n);
    if (number == NULL || !value_int(a, number, 0, 100, &value)) {
        return false;
    }
    *ret_value = (int32_t)value;
    return true;
}

/* A word and what it stands for. */
struct word {
    const char *text;
    int value;
};

static bool
word_find(struct arena *a, const char *s, const struct word *words, size_t count, int *ret_value)
{
    const char *text = value_narrow(a, s);
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(text, words[i].text) == 0) {
            *ret_value = words[i].value;
            return true;
        }
    }
    return false;
}
#define WORD_COUNT(words) (sizeof(words) / sizeof((words)[0]))

bool
value_yes(struct arena *a, const char *s, bool *ret_yes)
{
    static const struct word words[] = {
        {"", 0},      {"否", 0},  {"无", 0}, {"不", 0},   {"n", 0},    {"no", 0},
        {"false", 0}, {"0", 0},   {"是", 1}, {"有", 1},   {"求助", 1}, {"需要", 1},
        {"y", 1},     {"yes", 1}, {"√", 1},  {"true", 1}, {"1", 1},
    };
    int value = 0;
    if (!word_find(a, s, words, WORD_COUNT(words), &value)) {
        return false;
    }
    *ret_yes = value == 1;
    return true;
}

bool
value_claim(struct arena *a, const char *s, Pb__Claim *ret_claim)
{
    static const struct word words[] = {
        {"", PB__CLAIM__NO_CLAIM},
        {"无", PB__CLAIM__NO_CLAIM},
        {"NO_CLAIM", PB__CLAIM__NO_CLAIM},
        {"明显成效", PB__CLAIM__CLAIM_EFFECT},
        {"取得明显成效", PB__CLAIM__CLAIM_EFFECT},
        {"CLAIM_EFFECT", PB__CLAIM__CLAIM_EFFECT},
        {"整改到位", PB__CLAIM__CLAIM_COMPLETE},
        {"到位", PB__CLAIM__CLAIM_COMPLETE},
        {"落实到位", PB__CLAIM__CLAIM_COMPLETE},
        {"整改落实到位", PB__CLAIM__CLAIM_COMPLETE},
        {"CLAIM_COMPLETE", PB__CLAIM__CLAIM_COMPLETE},
    };
    int value = 0;
    if (!word_find(a, s, words, WORD_COUNT(words), &value)) {
        return false;
    }
    *ret_claim = (Pb__Claim)value;
    return true;
}

bool
value_evidence_kind(struct arena *a, const char *s, Pb__EvidenceKind *ret_kind)
{
    static const struct word words[] = {
        {"印发文件", PB__EVIDENCE_KIND__DOCUMENT}, {"文件", PB__EVIDENCE_KIND__DOCUMENT},
        {"DOCUMENT", PB__EVIDENCE_KIND__DOCUMENT}, {"工作记录", PB__EVIDENCE_KIND__RECORD},
        {"记录", PB__EVIDENCE_KIND__RECORD},       {"RECORD", PB__EVIDENCE_KIND__RECORD},
        {"照片", PB__EVIDENCE_KIND__PHOTO},        {"PHOTO", PB__EVIDENCE_KIND__PHOTO},
        {"数据", PB__EVIDENCE_KIND__DATA},         {"报表", PB__EVIDENCE_KIND__DATA},
        {"DATA", PB__EVIDENCE_KIND__DATA},         {"其他", PB__EVIDENCE_KIND__OTHER},
        {"OTHER", PB__EVIDENCE_KIND__OTHER},
    };
    int value = 0;
    if (!word_find(a, s, words, WORD_COUNT(words), &value)) {
        return false;
    }
    *ret_kind = (Pb__EvidenceKind)value;
    return true;
}

bool
value_verdict(struct arena *a, const char *s, Pb__Verdict *ret_verdict)
{
    static const struct word words[] = {
        {"", PB__VERDICT__VERDICT_UNSPECIFIED}, {"待审核", PB__VERDICT__VERDICT_UNSPECIFIED},
        {"通过", PB__VERDICT__ACCEPTED},        {"审核通过", PB__VERDICT__ACCEPTED},
        {"同意", PB__VERDICT__ACCEPTED},        {"accept", PB__VERDICT__ACCEPTED},
        {"ACCEPTED", PB__VERDICT__ACCEPTED},    {"退回", PB__VERDICT__RETURNED},
        {"return", PB__VERDICT__RETURNED},      {"RETURNED", PB__VERDICT__RETURNED},
    };
    int value = 0;
    if (!word_find(a, s, words, WORD_COUNT(words), &value)) {
        return false;
    }
    *ret_verdict = (Pb__Verdict)value;
    return true;
}

void
value_opinion(char *text, const char *marks, char **ret_code, char **ret_reason)
{
    char *reason = strpbrk(text, marks);
    char *wide = strstr(text, "：");
    if (wide != NULL && (reason == NULL || wide < reason)) {
        *wide = '\0';
        reason = wide + strlen("：");
    } else if (reason != NULL) {
        *reason++ = '\0';
    }
    char *plus = strchr(text, '+');
    if (plus != NULL) {
        *plus++ = '\0';
    }
    *ret_code = plus;
    *ret_reason = reason;
}

const char *
value_light_zh(Pb__Light light)
{
    static const char *const names[] = {"", "正常", "临期", "超期"};
    return (unsigned)light < 4 ? names[light] : "";
}

const char *
value_claim_zh(Pb__Claim claim)
{
    static const char *const names[] = {"", "", "明显成效", "整改到位"};
    return (unsigned)claim < 4 ? names[claim] : "";
}

const char *
value_verdict_zh(Pb__Verdict verdict)
{
    static const char *const names[] = {"", "待审核", "通过", "退回"};
    return (unsigned)verdict < 4 ? names[verdict] : "";
}

const char *
value_class_zh(Pb__MeasureClass measure_class)
{
    static const char *const names[] = {"", "立行立改", "限期整改", "长期坚持"};
    return (unsigned)measure_class < 4 ? names[measure_class] : "";
}

const char *
value_kind_zh(Pb__EvidenceKind kind)
{
    static const char *const names[] = {"", "印发文件", "工作记录", "照片", "数据", "其他"};
    return (unsigned)kind < 6 ? names[kind] : "";
}

/* ---- names that come as text ---- */

struct name {
    const char *name;
    const char *zh;
};

static const struct name measure_states[] = {
    {"DRAFT", "草案"},
    {"ASSIGNED", "待签收"},
    {"IN_PROGRESS", "整改中"},
    {"EFFECT_CLAIMED", "成效待认定"},
    {"EFFECT_REACHED", "已取得明显成效"},
    {"COMPLETE_CLAIMED", "到位待认定"},
    {"SUSTAINING", "到位并持续坚持"},
    {"DONE", "已整改到位"},
    {"SUPERSEDED", "已被替代"},
    {"CANCELLED", "已撤销"},
};

static const struct name table_states[] = {
    {"OPEN", "待填报"},       {"DRAFT", "填报中"},      {"SUBMITTED", "已报送"},
    {"RETURNED", "部分退回"}, {"ACCEPTED", "审核通过"}, {"LOCKED", "已归档"},
    {"NIL", "本期无进展"},    {"WAIVED", "免报"},       {"CONFIRMING", "待审核人确认"},
};

static const struct name commands[] = {
    {"create", "建立"},
    {"add", "新增"},
    {"edit", "修改"},
    {"approve_plan", "审议通过方案"},
    {"discard", "去掉草案"},
    {"sign_for", "签收"},
    {"object", "提出异议"},
    {"report", "填报进展"},
    {"claim_effect", "申请认定明显成效"},
    {"claim_complete", "申请认定整改到位"},
    {"confirm", "认定"},
    {"return", "退回"},
    {"withdraw", "撤回"},
    {"check_ok", "复查合格"},
    {"finish", "办结"},
    {"fail", "复查不合格"},
    {"reopen", "重新整改"},
    {"supersede", "替代"},
    {"cancel", "撤销"},
    {"register", "登记"},
    {"correct", "更正"},
    {"verify", "核实"},
    {"alter", "调整改动"},
    {"endorse", "签署同意"},
    {"extend", "批准延期"},
    {"set", "设置目标节点"},
    {"reach", "报告节点完成"},
    {"hold_back", "标明不公开"},
    {"check", "审核"},
    {"approve", "批准"},
    {"publish", "公布"},
};

static const char *
name_zh(const struct name *names, size_t count, const char *name)
{
    for (size_t i = 0; name != NULL && i < count; i++) {
        if (strcmp(names[i].name, name) == 0) {
            return names[i].zh;
        }
    }
    return name != NULL ? name : "";
}

static const char *
name_find(struct arena *a, const struct name *names, size_t count, const char *s)
{
    const char *text = value_narrow(a, s);
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(names[i].name, text) == 0 || strcmp(names[i].zh, text) == 0) {
            return names[i].name;
        }
    }
    return NULL;
}

const char *
value_measure_state_zh(const char *state)
{
    return name_zh(measure_states, WORD_COUNT(measure_states), state);
}

const char *
value_command_zh(const char *command)
{
    return name_zh(commands, WORD_COUNT(commands), command);
}

const char *
value_reason(struct arena *a, const char *reason)
{
    static const struct name codes[] = {
        {"OTHER", ""},
        {"EVIDENCE_WEAK", "证明材料不足"},
        {"EFFECT_UNCLEAR", "成效不清"},
        {"WRONG_SCOPE", "对象或范围不符"},
        {"NARRATIVE_THIN", "进展没有写清"},
        {"RELAPSE", "反弹"},
        {"WRONG_CONFIRM", "认定有误"},
        {"TIP", "举报"},
        {"SPOT_CHECK", "督查"},
        {"NOT_NEEDED", "不需要"},
        {"DUPLICATE", "重复"},
        {"POLICY_CHANGED", "政策有变"},
        {"FUNDS_OR_PEOPLE", "资金或人手不足"},
        {"COORDINATION", "需要协调"},
        {"OUTSIDE_CAUSE", "外部原因"},
        {"UNANSWERED", "逾期未答复"},
    };
    size_t n = reason == NULL ? 0 : strcspn(reason, " ");
    for (size_t i = 0; reason != NULL && i < WORD_COUNT(codes); i++) {
        if (strlen(codes[i].name) != n || strncmp(codes[i].name, reason, n) != 0) {
            continue;
        }
        const char *more = reason[n] == ' ' ? reason + n + 1 : "";
        if (codes[i].zh[0] == '\0') {
            return more[0] != '\0' ? more : "其他";
        }
        const char *text =
            more[0] != '\0' ? arena_printf(a, "%s：%s", codes[i].zh, more) : codes[i].zh;
        return text != NULL ? text : reason;
    }
    return reason != NULL ? reason : "";
}

const char *
value_measure_state(struct arena *a, const char *s)
{
    return name_find(a, measure_states, WORD_COUNT(measure_states), s);
}

const char *
value_table_state(struct arena *a, const char *s)
{
    return name_find(a, table_states, WORD_COUNT(table_states), s);
}

const char *
value_signs(struct arena *a, const char *text, bool colon)
{
    const struct {
        const char *wide;
        char narrow;
        int times;
    } signs[] = {{"＝", '=', 2}, {"：", ':', colon ? 1 : 0}};
    char *copy = arena_strdup(a, text);
    for (size_t i = 0; copy != NULL && i < WORD_COUNT(signs); i++) {
        char *at = copy;
        for (int k = 0; k < signs[i].times && (at = strstr(at, signs[i].wide)) != NULL; k++) {
            size_t n = strlen(signs[i].wide);
            *at++ = signs[i].narrow;
            memmove(at, at + n - 1, strlen(at + n - 1) + 1);
        }
    }
    return copy != NULL ? copy : text;
}

size_t
value_list(struct arena *a, const char *s, char **ret_items, size_t max)
{
    static const char *const marks[] = {",", "，", "、"};
    size_t count = 0;
    while (*s != '\0') {
        size_t n = 0;
        size_t mark = 0;
        for (; s[n] != '\0' && mark == 0; n += mark == 0 ? 1 : 0) {
            for (size_t i = 0; i < 3; i++) {
                if (strncmp(s + n, marks[i], strlen(marks[i])) == 0) {
                    mark = strlen(marks[i]);
                }
            }
        }
        char *part = arena_strndup(a, s, n);
        const char *item = part != NULL ? value_narrow(a, part) : "";
        if (item[0] != '\0') {
            if (count < max) {
                ret_items[count] = arena_strdup(a, item);
            }
            count++;
        }
        s += n + mark;
    }
    return count;
}

enum { BEIJING_SECONDS = 8 * 3600 };

const char *
value_time(struct arena *a, int64_t ms)
{
    if (ms == 0) {
        return "";
    }
    time_t seconds = (time_t)(ms / 1000) + BEIJING_SECONDS; /* as the days are, on any machine */
    struct tm tm;
    char text[32];
    if (gmtime_r(&seconds, &tm) == NULL ||
        strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm) == 0) {
        return "";
    }
    const char *copy = arena_strdup(a, text);
    return copy != NULL ? copy : "";
}
