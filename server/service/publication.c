#include "server/service/publication.h"

#include "proto/base/wire_text.h"
#include "server/service/problem.h"

#include <stdio.h>
#include <string.h>

static bool
is(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

#define CORRECTION_OWED_ZH                                                                         \
    "这一份是更正版，原文已经标为被更正，不能再撤回：请改好后公布；暂不公布的，留作草稿。"

/* ---- words ---- */

const char *
publication_kind_zh(Pb__PublicationKind kind)
{
    static const char *const names[] = {
        [PB__PUBLICATION_KIND__PUBLICATION_KIND_UNSPECIFIED] = "",
        [PB__PUBLICATION_KIND__PUBLIC_NOTICE] = "整改进展情况通报",
        [PB__PUBLICATION_KIND__INNER_NOTICE] = "党内通报",
        [PB__PUBLICATION_KIND__BRIEFING] = "一页简报",
        [PB__PUBLICATION_KIND__RECTIFICATION_REPORT] = "整改情况报告",
        [PB__PUBLICATION_KIND__PRINCIPAL_REPORT] = "主要负责人组织落实情况报告",
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "";
}

bool
publication_tells_problems(Pb__PublicationKind kind)
{
    return kind == PB__PUBLICATION_KIND__PUBLIC_NOTICE ||
           kind == PB__PUBLICATION_KIND__INNER_NOTICE ||
           kind == PB__PUBLICATION_KIND__RECTIFICATION_REPORT;
}

const char *
publication_hold_zh(const char *code)
{
    static const char *const names[][2] = {
        {"SECRECY", "涉密风险"},  {"PRIVACY", "个人隐私"}, {"CLUE", "问题线索"},
        {"UNFINISHED", "未办结"}, {"OTHER", "其他"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is(code, names[i][0])) {
            return names[i][1];
        }
    }
    return NULL;
}

/* ---- steps ---- */

enum status
publication_step(const struct publication_record *p, const char *command, const struct actor *actor,
                 const struct workflow_facts *facts, struct publication_record *ret_next,
                 struct fault *fault)
{
    const struct workflow_edge *edge = NULL;
    uint32_t roles = actor->behalf ? 0 : (uint32_t)actor->roles;
    enum status s = workflow_step(workflow_machine(WORKFLOW_PUBLICATION), p->state, command, roles,
                                  facts, &edge, fault);
    if (s == STATUS_OK) {
        *ret_next = *p;
        ret_next->state = edge->to;
        ret_next->version = p->version + 1;
    }
    return s;
}

enum status
publication_may_withdraw(const struct publication_record *p, struct fault *fault)
{
    return p->corrects == NULL ? STATUS_OK
                               : fault_set(fault, STATUS_FAILED_PRECONDITION, "CORRECTION_OWED",
                                           "%s", CORRECTION_OWED_ZH);
}

static void
forbid(struct workflow_option *o, const char *reason, const char *reason_zh)
{
    o->allowed = false;
    o->to = NULL;
    o->reason = reason;
    o->reason_zh = reason_zh;
}

size_t
publication_options(const struct publication_record *p, const struct actor *actor,
                    const struct fault *checked, struct workflow_option *ret_options)
{
    struct workflow_facts facts = {.held_back_out = true};
    uint32_t roles = actor->behalf ? 0 : (uint32_t)actor->roles;
    size_t n = workflow_allowed(workflow_machine(WORKFLOW_PUBLICATION), p->state, roles, &facts,
                                ret_options, WORKFLOW_OPTIONS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct workflow_option *o = &ret_options[i];
        if (is(o->command, COMMAND_CHECK) && o->allowed && checked->code != STATUS_OK) {
            forbid(o, checked->reason, checked->message);
        } else if (is(o->command, COMMAND_WITHDRAW) && o->allowed && p->corrects != NULL) {
            forbid(o, "CORRECTION_OWED", CORRECTION_OWED_ZH);
        }
    }
    return n;
}

/* ---- what is held back ---- */

static const struct publication_subject *
find_subject(const struct subject_list *list, const char *ref)
{
    for (size_t i = 0; ref != NULL && i < list->count; i++) {
        if (strcmp(list->items[i].ref, ref) == 0) {
            return &list->items[i];
        }
    }
    return NULL;
}

static const struct publication_subject *
problem_of(const struct subject_list *list, const struct publication_subject *s)
{
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].measure_id == NULL && is(list->items[i].problem_id, s->problem_id)) {
            return &list->items[i];
        }
    }
    return s;
}

bool
publication_held(const struct subject_list *subjects, const struct publication_subject *s)
{
    return s->hold_code != NULL ||
           (s->measure_id != NULL && problem_of(subjects, s)->hold_code != NULL);
}

static bool
ref_held(const struct subject_list *subjects, const char *ref)
{
    const struct publication_subject *s = find_subject(subjects, ref);
    return s != NULL && publication_held(subjects, s);
}

static bool
block_held(const struct subject_list *subjects, const Pb__PublicationBlock *b)
{
    return ref_held(subjects, b->problem_ref) || ref_held(subjects, b->measure_ref);
}

enum { SENTENCE_CHARS = 10, SENTENCE_BYTES = 512 };

/* The next sentence of *text as ret_text; false at the end. Longer ones are looked for by their
 * beginning. */
static bool
next_sentence(const char **text, char ret_text[SENTENCE_BYTES], size_t *ret_chars)
{
    static const char *const ends[] = {"。", "；", "！", "？", "\n", ";"};
    const char *from = *text;
    size_t n = 0;
    size_t end = 0;
    if (*from == '\0') {
        return false;
    }
    for (; from[n] != '\0' && end == 0; n += end == 0) {
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            if (strncmp(from + n, ends[i], strlen(ends[i])) == 0) {
                end = strlen(ends[i]);
                break;
            }
        }
    }
    *text = from + n + end;
    size_t kept = n < SENTENCE_BYTES - 1 ? n : SENTENCE_BYTES - 1;
    while (kept > 0 && kept < n && ((unsigned char)from[kept] & 0xC0U) == 0x80U) {
        kept--;
    }
    memcpy(ret_text, from, kept);
    ret_text[kept] = '\0';
    *ret_chars = 0;
    for (size_t i = 0; i < kept; i++) {
        *ret_chars += ((unsigned char)ret_text[i] & 0xC0U) != 0x80U;
    }
    return true;
}

/* Something that may be told says the same. */
static bool
told_elsewhere(const struct subject_list *subjects, const char *sentence)
{
    for (size_t i = 0; i < subjects->count; i++) {
        const struct publication_subject *s = &subjects->items[i];
        if (!publication_held(subjects, s) &&
            (strstr(s->title, sentence) != NULL ||
             (s->source != NULL && strstr(s->source, sentence) != NULL))) {
            return true;
        }
    }
    return false;
}

/* The block in which a sentence of the text stands; NULL: none. */
static const Pb__PublicationBlock *
block_saying(const struct block_list *blocks, const struct subject_list *subjects, const char *text)
{
    char sentence[SENTENCE_BYTES];
    size_t chars = 0;
    while (text != NULL && next_sentence(&text, sentence, &chars)) {
        if (chars < SENTENCE_CHARS) {
            continue;
        }
        for (size_t i = 0; i < blocks->count; i++) {
            if (strstr(blocks->items[i]->text, sentence) != NULL &&
                !told_elsewhere(subjects, sentence)) {
                return blocks->items[i];
            }
        }
    }
    return NULL;
}

/* The block that tells of a subject held back; NULL: none. */
static const Pb__PublicationBlock *
block_telling(const struct block_list *blocks, const struct subject_list *subjects,
              const struct publication_subject *s)
{
    for (size_t i = 0; i < blocks->count; i++) {
        const Pb__PublicationBlock *b = blocks->items[i];
        if (is(s->measure_id != NULL ? b->measure_ref : b->problem_ref, s->ref)) {
            return b;
        }
    }
    if (s->measure_id == NULL) { /* the title of a problem, wherever it is quoted */
        char quoted[SENTENCE_BYTES];
        snprintf(quoted, sizeof quoted, "“%s”", s->title);
        for (size_t i = 0; i < blocks->count; i++) {
            if (strstr(blocks->items[i]->text, quoted) != NULL &&
                !told_elsewhere(subjects, s->title)) {
                return blocks->items[i];
            }
        }
    }
    const Pb__PublicationBlock *b = block_saying(blocks, subjects, s->title);
    return b != NULL ? b : block_saying(blocks, subjects, s->source);
}

/* The beginning of a text, for a refusal. */
static const char *
beginning(const char *text, char ret_text[64])
{
    size_t n = strlen(text) < 60 ? strlen(text) : 60;
    while (n > 0 && ((unsigned char)text[n] & 0xC0U) == 0x80U) {
        n--;
    }
    memcpy(ret_text, text, n);
    ret_text[n] = '\0';
    return ret_text;
}

static enum status
check_held(const struct block_list *blocks, const struct subject_list *subjects,
           struct fault *fault)
{
    char begin[64];
    for (size_t i = 0; i < subjects->count; i++) {
        const struct publication_subject *s = &subjects->items[i];
        if (!publication_held(subjects, s)) {
            continue;
        }
        const Pb__PublicationBlock *b = block_telling(blocks, subjects, s);
        if (b != NULL) {
            const struct publication_subject *marked =
                s->hold_code != NULL ? s : problem_of(subjects, s);
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "HELD_BACK_INSIDE",
                             "%s 标为不公开（%s），正文里还写着它：“%s…”。请删去后再审核。", s->ref,
                             publication_hold_zh(marked->hold_code), beginning(b->text, begin));
        }
    }
    return STATUS_OK;
}

enum { CLUE_NUMBER_MIN = 4 }; /* shorter ones are numbers of anything */

static bool
is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

/* The number by itself, not a part of a longer one. */
static bool
names_number(const char *text, const char *number)
{
    size_t n = strlen(number);
    for (const char *p = strstr(text, number); p != NULL; p = strstr(p + 1, number)) {
        if ((p == text || !is_word(p[-1])) && !is_word(p[n])) {
            return true;
        }
    }
    return false;
}

enum status
publication_check_clues(const struct block_list *blocks, const struct clue_list *clues,
                        struct fault *fault)
{
    for (size_t i = 0; i < clues->count; i++) {
        for (size_t j = 0; j < blocks->count; j++) {
            if (strlen(clues->items[i].number) >= CLUE_NUMBER_MIN &&
                names_number(blocks->items[j]->text, clues->items[i].number)) {
                return fault_set(fault, STATUS_FAILED_PRECONDITION, "CLUE_INSIDE",
                                 "正文里写着问题线索的编号 %s：问题线索的任何内容都不能写进通报和"
                                 "报告，请删去。",
                                 clues->items[i].number);
            }
        }
    }
    return STATUS_OK;
}

/* ---- whether it is whole ---- */

static int
level(const Pb__PublicationBlock *b)
{
    switch (b->kind) {
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_SECTION:
        return 1;
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_ITEM:
        return 2;
    case PB__PUBLICATION_BLOCK_KIND__BLOCK_PROBLEM:
        return 3;
    default:
        return 4;
    }
}

static bool
is_text(const Pb__PublicationBlock *b)
{
    return b->kind == PB__PUBLICATION_BLOCK_KIND__BLOCK_PARAGRAPH ||
           b->kind == PB__PUBLICATION_BLOCK_KIND__BLOCK_MEASURE;
}

/* A heading has text below it before the next heading of its rank or a higher one. */
static bool
heading_has_text(const struct block_list *blocks, size_t at)
{
    for (size_t i = at + 1; i < blocks->count; i++) {
        const Pb__PublicationBlock *b = blocks->items[i];
        if (level(b) <= level(blocks->items[at])) {
            return false;
        }
        if (is_text(b)) {
            return true;
        }
    }
    return false;
}

static enum status
check_texts(const struct block_list *blocks, struct fault *fault)
{
    char begin[64];
    for (size_t i = 0; i < blocks->count; i++) {
        const Pb__PublicationBlock *b = blocks->items[i];
        if (level(b) < 4 && !heading_has_text(blocks, i)) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "TEXT_MISSING",
                             "“%s”%s%s%s下面还没有内容：请写上，或去掉这个标题，或把它标为不公开。",
                             beginning(b->text, begin), b->problem_ref == NULL ? "" : "（",
                             b->problem_ref == NULL ? "" : b->problem_ref,
                             b->problem_ref == NULL ? "" : "）");
        }
    }
    return STATUS_OK;
}

static enum status
check_complete(const struct block_list *blocks, const struct subject_list *subjects,
               struct fault *fault)
{
    for (size_t i = 0; i < subjects->count; i++) {
        const struct publication_subject *s = &subjects->items[i];
        bool found = s->measure_id != NULL || s->hold_code != NULL;
        for (size_t j = 0; j < blocks->count && !found; j++) {
            found = level(blocks->items[j]) == 3 && is(blocks->items[j]->problem_ref, s->ref);
        }
        if (!found) {
            return fault_set(fault, STATUS_FAILED_PRECONDITION, "PROBLEM_MISSING",
                             "问题 %s（%s）没有写进正文，也没有标为不公开：请补上，或先标明不公开的"
                             "原因。",
                             s->ref, s->title);
        }
    }
    return STATUS_OK;
}

enum status
publication_check(const struct publication_record *p, const struct block_list *blocks,
                  const struct subject_list *subjects, int lines, struct fault *fault)
{
    enum status s = check_held(blocks, subjects, fault);
    if (s == STATUS_OK) {
        s = check_texts(blocks, fault);
    }
    if (s == STATUS_OK && publication_tells_problems(p->kind)) {
        s = check_complete(blocks, subjects, fault);
    }
    if (s == STATUS_OK && p->kind == PB__PUBLICATION_KIND__BRIEFING &&
        lines > PUBLICATION_BRIEFING_LINES) {
        s = fault_set(fault, STATUS_FAILED_PRECONDITION, "BRIEFING_TOO_LONG",
                      "一页简报最多 %d 行，现在有 %d 行，一页放不下：请删减 %d 行。",
                      PUBLICATION_BRIEFING_LINES, lines, lines - PUBLICATION_BRIEFING_LINES);
    }
    return s;
}

/* ---- an edited text against the ledger ---- */

struct matching {
    const struct block_list *blocks;
    const uint32_t *lines;
    const struct subject_list *subjects;
    const struct block_list *before;
    const char *item; /* heading of the item we are in */
    const struct publication_subject *problem;
    struct fault *fault;
};

static const struct publication_subject *
problem_titled(const struct subject_list *subjects, const char *heading)
{
    const char *open = strstr(heading, "“");
    for (size_t i = 0; i < subjects->count; i++) {
        const struct publication_subject *s = &subjects->items[i];
        size_t n = strlen(s->title);
        if (s->measure_id == NULL && (strcmp(heading, s->title) == 0 ||
                                      (open != NULL && strncmp(open + 3, s->title, n) == 0 &&
                                       strncmp(open + 3 + n, "”", 3) == 0))) {
            return s;
        }
    }
    return NULL;
}

static enum status
match_problem(struct matching *m, size_t at)
{
    const Pb__PublicationBlock *b = m->blocks->items[at];
    const struct publication_subject *s = problem_titled(m->subjects, b->text);
    if (s == NULL) {
        return fault_set_field(m->fault, "file", "PROBLEM_UNKNOWN",
                               "第 %u 行：“%s”在台账里没有对应的问题。标题里引号内的文字要和台账"
                               "的问题一样，请核对。",
                               m->lines[at], b->text);
    }
    for (size_t i = 0; i < at; i++) {
        if (level(m->blocks->items[i]) == 3 && is(m->blocks->items[i]->problem_ref, s->ref)) {
            return fault_set_field(m->fault, "file", "PROBLEM_TWICE",
                                   "第 %u 行：问题 %s 在第 %u 行已经写过，请并到一处。",
                                   m->lines[at], s->ref, m->lines[i]);
        }
    }
    if (m->item != NULL && strcmp(m->item, s->item_title) != 0) {
        return fault_set_field(m->fault, "file", "PROBLEM_ITEM",
                               "第 %u 行：问题 %s 属于第 %d 项“%s”，不在“%s”之下，请移到它的项下。",
                               m->lines[at], s->ref, s->item_no, s->item_title, m->item);
    }
    m->problem = s;
    return STATUS_OK;
}

/* The measure a former paragraph of the problem with these words told of. */
static const char *
measure_before(const struct matching *m, const Pb__PublicationBlock *b)
{
    for (size_t i = 0; m->before != NULL && i < m->before->count; i++) {
        const Pb__PublicationBlock *old = m->before->items[i];
        if (old->measure_ref != NULL && is(old->problem_ref, m->problem->ref) &&
            strcmp(old->text, b->text) == 0) {
            return old->measure_ref;
        }
    }
    return NULL;
}

/* As many paragraphs as measures that may be told: each is the one in its place. */
static void
match_by_place(const struct matching *m, size_t heading)
{
    size_t end = heading + 1;
    size_t texts = 0;
    size_t measures = 0;
    for (; end < m->blocks->count && level(m->blocks->items[end]) == 4; end++) {
        texts += is_text(m->blocks->items[end]);
    }
    for (size_t i = 0; i < m->subjects->count; i++) {
        const struct publication_subject *s = &m->subjects->items[i];
        measures += s->measure_id != NULL && is(s->problem_id, m->problem->problem_id) &&
                    !publication_held(m->subjects, s);
    }
    if (texts != measures) {
        return;
    }
    size_t at = heading;
    for (size_t i = 0; i < m->subjects->count; i++) {
        const struct publication_subject *s = &m->subjects->items[i];
        if (s->measure_id == NULL || !is(s->problem_id, m->problem->problem_id) ||
            publication_held(m->subjects, s)) {
            continue;
        }
        for (at++; at < end && !is_text(m->blocks->items[at]); at++) {
        }
        m->blocks->items[at]->measure_ref = wire_text(s->ref);
    }
}

static enum status
match_status(const struct matching *m, size_t at)
{
    const Pb__PublicationBlock *b = m->blocks->items[at];
    if (m->problem == NULL) {
        return fault_set_field(m->fault, "file", "STATUS_LINE",
                               "第 %u 行：“%s”不在任何问题之下，请移到问题标题的下一行，或删去。",
                               m->lines[at], b->text);
    }
    const char *zh = problem_public_class_zh(m->problem->state);
    if (strstr(b->text, zh) == NULL || strlen(b->text) != strlen(zh) + strlen("整改状态：")) {
        return fault_set_field(
            m->fault, "file", "STATUS_LINE",
            "第 %u 行：问题 %s 在台账里的整改状态是“%s”，不能改写；可以整行删去。", m->lines[at],
            m->problem->ref, zh);
    }
    return STATUS_OK;
}

static enum status
match_block(struct matching *m, size_t at)
{
    Pb__PublicationBlock *b = m->blocks->items[at];
    enum status s = STATUS_OK;
    if (level(b) <= 2 || b->kind == PB__PUBLICATION_BLOCK_KIND__BLOCK_SIGNATURE) {
        m->problem = NULL;
        m->item = level(b) == 2 ? b->text : NULL;
        return s;
    }
    if (level(b) == 3) {
        s = match_problem(m, at);
        if (s == STATUS_OK && m->problem != NULL) {
            match_by_place(m, at);
        }
    } else if (b->kind == PB__PUBLICATION_BLOCK_KIND__BLOCK_STATUS) {
        s = match_status(m, at);
    }
    if (s == STATUS_OK && m->problem != NULL) {
        b->problem_ref = wire_text(m->problem->ref);
        const char *known = is_text(b) ? measure_before(m, b) : NULL;
        if (known != NULL) {
            b->measure_ref = wire_text(known);
        }
    }
    return s;
}

enum status
publication_match(const struct publication_record *p, const struct block_list *blocks,
                  const uint32_t *lines, const struct subject_list *subjects,
                  const struct block_list *before, struct fault *fault)
{
    struct matching m = {
        .blocks = blocks, .lines = lines, .subjects = subjects, .before = before, .fault = fault};
    enum status s = STATUS_OK;
    if (!publication_tells_problems(p->kind)) {
        return s;
    }
    for (size_t i = 0; s == STATUS_OK && i < blocks->count; i++) {
        s = match_block(&m, i);
    }
    return s;
}

/* ---- marking ---- */

static bool
asked_for(const Pb__HoldBackRequest *r, const char *ref)
{
    for (size_t i = 0; i < r->n_subjects; i++) {
        if (is(r->subjects[i], ref)) {
            return true;
        }
    }
    return false;
}

enum status
publication_mark(const struct subject_list *subjects, const Pb__HoldBackRequest *r, struct arena *a,
                 struct subject_list *ret_marked, struct fault *fault)
{
    const bool lift = r->has_lift && r->lift;
    struct subject_list marked = {0};
    if (!lift && publication_hold_zh(r->hold_code) == NULL) {
        return fault_set_field(fault, "hold_code", "HOLD_CODE",
                               "请写明不公开的原因：SECRECY（涉密风险）、PRIVACY（个人隐私）、CLUE"
                               "（问题线索）、UNFINISHED（未办结）或 OTHER（其他）。");
    }
    for (size_t i = 0; i < r->n_subjects; i++) {
        if (find_subject(subjects, r->subjects[i]) == NULL) {
            return fault_set_field(fault, "subjects", "SUBJECT_UNKNOWN",
                                   "%s 不在这份材料的问题和措施里，请核对编号。", r->subjects[i]);
        }
    }
    for (size_t i = 0; i < subjects->count; i++) {
        if (!asked_for(r, subjects->items[i].ref)) {
            continue;
        }
        struct publication_subject *s =
            arena_grow(a, (void **)&marked.items, marked.count, &marked.capacity, sizeof *s);
        if (s == NULL) {
            return fault_set(fault, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内容太多，请分次办理。");
        }
        *s = subjects->items[i];
        s->hold_code = lift ? NULL : r->hold_code;
        s->hold_reason = lift ? NULL : r->reason;
        s->version++;
        marked.count++;
    }
    *ret_marked = marked;
    return STATUS_OK;
}

/* An item all whose problems are gone goes too. */
static bool
item_is_empty(const struct block_list *all, const struct subject_list *subjects, size_t at)
{
    bool held = false;
    for (size_t i = at + 1; i < all->count && level(all->items[i]) > 2; i++) {
        if (!block_held(subjects, all->items[i])) {
            return false;
        }
        held = true;
    }
    return held;
}

enum status
publication_without(const struct block_list *blocks, const struct subject_list *subjects,
                    struct arena *a, struct block_list *ret)
{
    struct block_writer w = {.a = a};
    for (size_t i = 0; i < blocks->count; i++) {
        const Pb__PublicationBlock *b = blocks->items[i];
        if (!block_held(subjects, b) && !(level(b) == 2 && item_is_empty(blocks, subjects, i))) {
            (void)block_add(&w, b->kind, b->text, b->problem_ref, b->measure_ref);
        }
    }
    *ret = w.list;
    return w.failed ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}
