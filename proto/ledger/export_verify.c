/* The verifier of an audit export. Rules it keeps:
 *   1. Constant memory: one line, one decoded body, two frontiers.
 *   2. The first thing that is wrong is what the report names; later findings never replace it.
 *   3. A leaf that is wrong in itself does not stop the reading: over the whole file the root then
 *      tells whether its body or its stated hash was changed. Anything else that is wrong stops.
 *   4. Two frontiers run: over the computed hashes, and over the stated ones.
 *   5. Saved heads and H lines are judged at the end, when the signed root is known to hold or not.
 */
#include "proto/ledger/export.h"

#include "proto/base/uuid7.h"
#include "proto/ledger/lines.h"
#include "proto/ledger/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Kind, numbers, ids and hash in front of the base64 of the largest body. */
#define LINE_LIMIT (LIMIT_LEDGER_BODY_BYTES / 3 * 4 + 1024)

struct verifier {
    struct line_reader lines;
    const struct ledger_verify_options *options;
    struct ledger_verify_report *report;
    enum status read_status; /* of the reader */
    char head_text[LEDGER_HEAD_TEXT_SIZE];
    struct merkle_frontier computed;
    struct merkle_frontier stated;
    unsigned char *body; /* the decoded body of the line */
    size_t body_capacity;
    size_t body_size;
    uint64_t good_size; /* a prefix of this size has held against a saved or earlier head */
    uint64_t bad_size;  /* the first size at which one did not hold; 0: none */
    bool head_broken;   /* an H line did not hold */
    bool saved_broken;  /* a saved head did not hold */
};

/* One L or T line, taken apart. */
struct record {
    uint64_t number; /* SEQ or N */
    uint64_t recorded_ms;
    char event_id[LEDGER_EVENT_SIZE];
    struct merkle_hash stated;
    struct merkle_hash computed;
    const char *body;
    size_t body_length;
};

/* Rule 2. Returns false, which stops the reading where the caller hands it on. */
static bool __attribute__((format(printf, 3, 4)))
fail(struct verifier *v, const char *reason, const char *format, ...)
{
    struct ledger_verify_report *r = v->report;
    if (r->fault.code != STATUS_OK) {
        return false;
    }
    char message[FAULT_MESSAGE_SIZE];
    va_list ap;
    va_start(ap, format);
    vsnprintf(message, sizeof message, format, ap);
    va_end(ap);
    r->fault.code = fault_set(&r->fault, STATUS_DATA_LOSS, reason, "%s", message);
    r->line = v->lines.number;
    return false;
}

static bool
fail_read(struct verifier *v, enum status s)
{
    v->read_status = s;
    return fail(v, "READ_FAILED", "读取导出文件时出错（%s）：请检查磁盘或重新取得文件。",
                status_text_zh(s));
}

/* Names the record that the fault set next is about. */
static void
name_leaf(struct verifier *v, uint64_t seq, const char *event_id)
{
    struct ledger_verify_report *r = v->report;
    if (r->fault.code == STATUS_OK) {
        r->has_leaf = true;
        r->leaf_seq = seq;
        snprintf(r->event_id, sizeof r->event_id, "%s", event_id);
    }
}

/* A whole line, or false with the fault set. *ret_line.kind LINE_NONE never comes out. */
static bool
next_line(struct verifier *v, struct line *ret_line)
{
    enum status s = line_reader_next(&v->lines, ret_line);
    const struct ledger_verify_report *r = v->report;
    if (s != STATUS_OK) {
        return fail_read(v, s);
    }
    if (ret_line->kind == LINE_LONG) {
        return fail(v, "LINE_TOO_LONG", "第 %" PRIu64 " 行过长，超出单条记录的上限：文件已损坏。",
                    v->lines.number);
    }
    if (ret_line->kind != LINE_WHOLE) {
        return fail(v, "TRUNCATED",
                    "文件不完整：在第 %" PRIu64 " 行处中断，没有结束行（应有 %" PRIu64
                    " 条记录，完整读到 %" PRIu64 " 条）。请重新取得完整的文件。",
                    v->lines.number, r->head.size, r->leaves);
    }
    if (memchr(ret_line->text, '\0', ret_line->length) != NULL) {
        return fail(v, "MALFORMED_LINE", "第 %" PRIu64 " 行含有不可见的空字符：该行被改动过。",
                    v->lines.number);
    }
    return true;
}

/* ---- the first line and the description ---- */

static bool
header_fields(struct verifier *v, const struct line *line)
{
    struct ledger_verify_report *r = v->report;
    struct scan s = {.at = line->text, .end = line->text + line->length};
    unsigned char raw[LEDGER_PUBLIC_BYTES];
    uint64_t version = 0;
    uint64_t exported = 0;
    if (!scan_literal(&s, "rectify-audit-export ")) {
        return fail(v, "NOT_AN_EXPORT",
                    "这不是审计导出文件（第一行应以 rectify-audit-export 开头）：请核对文件。");
    }
    if (line->text[line->length - 1] == '\r') {
        return fail(v, "LINE_ENDINGS_CHANGED",
                    "文件的换行符被改成了 Windows 格式（多半是传输或编辑时转换的）："
                    "请以二进制方式重新取得文件。");
    }
    if (!scan_number(&s, &version) || version != 1) {
        return fail(v, "VERSION_UNKNOWN",
                    "导出文件的格式版本不是 1，本程序不认识：请用较新的程序核验。");
    }
    if (!scan_literal(&s, " exported_ms=") || !scan_number(&s, &exported) ||
        !scan_literal(&s, " public_key=") || !scan_base64(&s, raw, sizeof raw) ||
        !scan_literal(&s, " ") || ledger_head_from_text(s.at, &r->head, NULL) != STATUS_OK) {
        return fail(v, "HEADER_MALFORMED",
                    "第一行（导出时间、公钥、树头）格式不对，文件被改动或损坏："
                    "请重新取得文件。");
    }
    ledger_public_from_bytes(raw, &r->key);
    r->exported_ms = (int64_t)exported;
    r->has_head = true;
    snprintf(v->head_text, sizeof v->head_text, "%s", s.at);
    return true;
}

static bool
header_trust(struct verifier *v)
{
    struct ledger_verify_report *r = v->report;
    const struct ledger_verify_options *o = v->options;
    struct fault fault;
    if (o->trusted != NULL && memcmp(o->trusted->bytes, r->key.bytes, sizeof r->key.bytes) != 0) {
        return fail(v, "OTHER_KEY",
                    "文件是用另一把密钥（%s）签的，不是您信任的密钥（%s）："
                    "请核对公钥；若公钥无误，此文件不可信。",
                    r->key.key_id, o->trusted->key_id);
    }
    r->pinned = o->trusted != NULL;
    if (strcmp(r->key.key_id, r->head.key_id) != 0) {
        return fail(v, "KEY_ID_MISMATCH",
                    "第一行的公钥（%s）与密钥号（%s）不一致：第一行被改动过。", r->key.key_id,
                    r->head.key_id);
    }
    if (ledger_head_verify(&r->head, &r->key, &fault) != STATUS_OK) {
        return fail(v, "HEAD_SIGNATURE_BAD", "第一行的%s", fault.message);
    }
    if (o->tenant != NULL && strcmp(o->tenant, r->head.tenant) != 0) {
        return fail(v, "TENANT_MISMATCH", "文件属于租户 %s，不是要核验的 %s：请核对文件。",
                    r->head.tenant, o->tenant);
    }
    return true;
}

static bool
read_header(struct verifier *v)
{
    struct line line;
    enum status s = line_reader_next(&v->lines, &line);
    if (s == STATUS_OK && line.kind != LINE_WHOLE) {
        return fail(v, line.kind == LINE_NONE ? "TRUNCATED" : "NOT_AN_EXPORT",
                    line.kind == LINE_NONE
                        ? "文件是空的：请重新取得文件。"
                        : "这不是完整的审计导出文件（第一行没有结束）：请核对文件。");
    }
    if (s != STATUS_OK) {
        return fail_read(v, s);
    }
    if (memchr(line.text, '\0', line.length) != NULL) {
        return fail(v, "NOT_AN_EXPORT", "这不是审计导出文件（第一行含有空字符）：请核对文件。");
    }
    if (!header_fields(v, &line) || !header_trust(v)) {
        return false;
    }
    /* Nothing in the file goes unchecked: the description must be the one we know. */
    for (const char *at = LEDGER_EXPORT_ABOUT; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        if (!next_line(v, &line)) {
            return false;
        }
        if (line.length != n || memcmp(line.text, at, n) != 0) {
            return fail(v, "MALFORMED_LINE",
                        "第 %" PRIu64 " 行的格式说明与标准文字不同：该行被改动过。",
                        v->lines.number);
        }
        at += n + 1;
    }
    return true;
}

/* ---- records ---- */

/* Decodes into v->body. False when the base64 is not canonical or memory is short. */
static bool
decode_body(struct verifier *v, const struct record *rec)
{
    if (rec->body_length == 1 && rec->body[0] == '=') { /* an empty body */
        v->body_size = 0;
        return true;
    }
    if (rec->body_length > v->body_capacity) {
        unsigned char *bigger = realloc(v->body, rec->body_length);
        if (bigger == NULL) {
            v->read_status = STATUS_RESOURCE_EXHAUSTED;
            return fail(v, "READ_FAILED", "核验时内存不足：请关闭其他程序后再试。");
        }
        v->body = bigger;
        v->body_capacity = rec->body_length;
    }
    return text_base64_decode(rec->body, rec->body_length, v->body, v->body_capacity,
                              &v->body_size);
}

/* The label of a line is not hashed itself; the body that is must say the same. */
static bool
body_names_event(const struct verifier *v, const char *event_id)
{
    unsigned char raw[UUID_BYTES];
    if (v->body_size == 0) {
        return false;
    }
    if (memmem(v->body, v->body_size, event_id, strlen(event_id)) != NULL) {
        return true;
    }
    return uuid_from_text(event_id, raw) && memmem(v->body, v->body_size, raw, sizeof raw) != NULL;
}

/* Behind the kind: L SEQ EVENT HASH BODY, T N EVENT RECORDED_MS HASH BODY. */
static bool
record_parse(const struct line *line, bool tail, struct record *rec)
{
    struct scan s = {.at = line->text + 2, .end = line->text + line->length};
    return scan_number(&s, &rec->number) && scan_literal(&s, " ") &&
           scan_name(&s, rec->event_id, sizeof rec->event_id) && scan_literal(&s, " ") &&
           (!tail || (scan_number(&s, &rec->recorded_ms) && scan_literal(&s, " "))) &&
           scan_hash(&s, &rec->stated) && scan_literal(&s, " ") &&
           scan_word(&s, &rec->body, &rec->body_length) && s.at == s.end;
}

/* A number came too early: does the one that was due stand further down? */
static bool
fail_gap(struct verifier *v, uint64_t got, const char *event_id)
{
    uint64_t due = v->report->leaves + 1;
    uint64_t here = v->lines.number;
    struct line line;
    char event[LEDGER_EVENT_SIZE];
    bool found = false;
    enum status s = STATUS_OK;
    snprintf(event, sizeof event, "%s", event_id);
    while (!found && (s = line_reader_next(&v->lines, &line)) == STATUS_OK &&
           line.kind == LINE_WHOLE) {
        struct scan scan = {.at = line.text, .end = line.text + line.length};
        uint64_t number = 0;
        found = scan_literal(&scan, "L ") && scan_number(&scan, &number) && number == due;
    }
    if (s != STATUS_OK) {
        return fail_read(v, s);
    }
    uint64_t there = v->lines.number;
    v->lines.number = here;
    if (found) {
        name_leaf(v, got, event);
        return fail(v, "LEAVES_OUT_OF_ORDER",
                    "记录的次序被打乱：第 %" PRIu64 " 行应为第 %" PRIu64 " 条，却是第 %" PRIu64
                    " 条（事件 %s）；第 %" PRIu64 " 条出现在第 %" PRIu64 " 行。",
                    here, due, got, event, due, there);
    }
    name_leaf(v, due, "");
    return fail(v, "LEAF_MISSING",
                "缺少记录：第 %" PRIu64 " 行应为第 %" PRIu64 " 条，却是第 %" PRIu64
                " 条（事件 %s），缺少的记录在文件中找不到。",
                here, due, got, event);
}

static bool
leaf_order(struct verifier *v, const struct record *rec)
{
    const struct ledger_verify_report *r = v->report;
    uint64_t due = r->leaves + 1;
    if (rec->number > due) {
        return fail_gap(v, rec->number, rec->event_id);
    }
    if (rec->number < due) {
        name_leaf(v, rec->number, rec->event_id);
        return fail(v, "DUPLICATE_LEAF",
                    "记录重复：第 %" PRIu64 " 行又出现了第 %" PRIu64
                    " 条（事件 %s），此处应为第 %" PRIu64 " 条。",
                    v->lines.number, rec->number, rec->event_id, due);
    }
    if (rec->number > r->head.size) {
        name_leaf(v, rec->number, rec->event_id);
        return fail(v, "EXTRA_LEAF",
                    "记录多出：树头（tree head）只含 %" PRIu64 " 条，第 %" PRIu64
                    " 行却有第 %" PRIu64 " 条（事件 %s）。",
                    r->head.size, v->lines.number, rec->number, rec->event_id);
    }
    return true;
}

/* Whether body, hash and label of a record agree; names the record when they do not. */
static bool
record_holds(struct verifier *v, struct record *rec, const char *altered, const char *what)
{
    rec->computed = rec->stated;
    if (!decode_body(v, rec)) {
        name_leaf(v, rec->number, rec->event_id);
        return fail(v, "BAD_BASE64",
                    "%s第 %" PRIu64 " 条（事件 %s，第 %" PRIu64
                    " 行）的正文不是有效的 base64：该条被改动或损坏。",
                    what, rec->number, rec->event_id, v->lines.number);
    }
    merkle_leaf_hash(v->body, v->body_size, &rec->computed);
    if (!merkle_hash_equal(&rec->computed, &rec->stated)) {
        name_leaf(v, rec->number, rec->event_id);
        return fail(v, altered,
                    "%s第 %" PRIu64 " 条（事件 %s，第 %" PRIu64
                    " 行）的正文与其叶子哈希不符：该条被改动过。",
                    what, rec->number, rec->event_id, v->lines.number);
    }
    if (!body_names_event(v, rec->event_id)) {
        name_leaf(v, rec->number, rec->event_id);
        return fail(v, "EVENT_ID_MISMATCH",
                    "%s第 %" PRIu64 " 条（第 %" PRIu64
                    " 行）标的事件号 %s 不在其正文中：事件号被改动过，正文本身与哈希相符。",
                    what, rec->number, v->lines.number, rec->event_id);
    }
    return true;
}

/* Saved heads of exactly the size reached. */
static void
check_saved(struct verifier *v)
{
    for (size_t i = 0; i < v->options->saved_count; i++) {
        const struct ledger_saved_head *saved = &v->options->saved[i];
        if (saved->size != v->computed.size) {
            continue;
        }
        merkle_frontier_root(&v->computed, &v->report->root);
        if (merkle_hash_equal(&v->report->root, &saved->root)) {
            v->report->saved_checked++;
            v->good_size = v->bad_size == 0 ? saved->size : v->good_size;
        } else {
            v->bad_size = v->bad_size == 0 ? saved->size : v->bad_size;
            v->saved_broken = true;
        }
    }
}

static bool
fail_line(struct verifier *v)
{
    name_leaf(v, v->report->leaves + 1, "");
    return fail(v, "MALFORMED_LINE",
                "第 %" PRIu64 " 行的格式不对（此处应为第 %" PRIu64
                " 条记录或其后的行）：该行被改动或损坏。",
                v->lines.number, v->report->leaves + 1);
}

static bool
read_leaf(struct verifier *v, const struct line *line)
{
    struct ledger_verify_report *r = v->report;
    struct record rec = {0};
    if (r->tails != 0 || !record_parse(line, false, &rec)) {
        return fail_line(v);
    }
    if (!leaf_order(v, &rec)) {
        return false;
    }
    if (!record_holds(v, &rec, "LEAF_ALTERED", "")) {
        r->bad_leaves++; /* rule 3 */
    }
    merkle_frontier_append(&v->computed, &rec.computed);
    merkle_frontier_append(&v->stated, &rec.stated);
    r->leaves++;
    check_saved(v);
    return v->read_status == STATUS_OK;
}

static bool
read_head(struct verifier *v, const struct line *line)
{
    struct ledger_verify_report *r = v->report;
    struct ledger_head head;
    struct merkle_hash root;
    struct fault fault;
    if (r->tails != 0 || ledger_head_from_text(line->text + 2, &head, NULL) != STATUS_OK ||
        head.size != r->leaves || strcmp(head.tenant, r->head.tenant) != 0) {
        return fail_line(v);
    }
    if (ledger_head_verify(&head, &r->key, &fault) != STATUS_OK) {
        return fail(v, "HEAD_SIGNATURE_BAD", "第 %" PRIu64 " 行的%s", v->lines.number,
                    fault.message);
    }
    merkle_frontier_root(&v->computed, &root);
    if (merkle_hash_equal(&root, &head.root)) {
        r->heads++;
        v->good_size = v->bad_size == 0 ? head.size : v->good_size;
    } else {
        v->bad_size = v->bad_size == 0 ? head.size : v->bad_size;
        v->head_broken = true;
    }
    return true;
}

static bool
fail_short(struct verifier *v)
{
    name_leaf(v, v->report->leaves + 1, "");
    return fail(v, "LEAF_MISSING",
                "缺少记录：树头（tree head）含 %" PRIu64 " 条，到第 %" PRIu64 " 行只有 %" PRIu64
                " 条，第 %" PRIu64 " 条起缺失。",
                v->report->head.size, v->lines.number, v->report->leaves, v->report->leaves + 1);
}

static bool
read_tail(struct verifier *v, const struct line *line)
{
    struct ledger_verify_report *r = v->report;
    struct record rec = {0};
    if (r->leaves != r->head.size) {
        return fail_short(v);
    }
    if (!record_parse(line, true, &rec)) {
        return fail_line(v);
    }
    if (rec.number != r->tails + 1) {
        name_leaf(v, rec.number, rec.event_id);
        return fail(v, "LEAVES_OUT_OF_ORDER",
                    "未封存记录的次序不对：第 %" PRIu64 " 行应为未封存第 %" PRIu64
                    " 条，却是第 %" PRIu64 " 条。",
                    v->lines.number, r->tails + 1, rec.number);
    }
    if (!record_holds(v, &rec, "TAIL_ALTERED", "未封存")) {
        return false;
    }
    int64_t most = v->options->tail_max_ms == 0 ? LIMIT_UNSEALED_MS : v->options->tail_max_ms;
    int64_t age = r->exported_ms - (int64_t)rec.recorded_ms;
    if (age > most) {
        name_leaf(v, rec.number, rec.event_id);
        return fail(v, "TAIL_TOO_OLD",
                    "未封存第 %" PRIu64 " 条（事件 %s）导出时已有 %" PRId64
                    " 秒未封存，超过 %" PRId64 " 秒：封存程序可能停了，请通知管理员。",
                    rec.number, rec.event_id, age / 1000, most / 1000);
    }
    r->tails++;
    return true;
}

/* ---- the end ---- */

static bool
read_end(struct verifier *v, const struct line *line)
{
    struct ledger_verify_report *r = v->report;
    struct scan s = {.at = line->text + 2, .end = line->text + line->length};
    uint64_t tails = 0;
    if (r->leaves != r->head.size) {
        return fail_short(v);
    }
    if (!scan_number(&s, &tails) || !scan_literal(&s, " ") || strcmp(s.at, v->head_text) != 0 ||
        tails != r->tails) {
        return fail(v, "END_MISMATCH",
                    "结束行（第 %" PRIu64 " 行）与第一行的树头或未封存条数（%" PRIu64
                    "）不一致：首尾之一被改动过。",
                    v->lines.number, r->tails);
    }
    struct line rest;
    uint64_t end_line = v->lines.number;
    enum status status = line_reader_next(&v->lines, &rest);
    if (status != STATUS_OK) {
        return fail_read(v, status);
    }
    if (rest.kind != LINE_NONE) {
        return fail(v, "TRAILING_DATA", "结束行（第 %" PRIu64 " 行）之后还有内容：文件被追加过。",
                    end_line);
    }
    return true;
}

/* Every line up to the end line; true when that was reached and fits. */
static bool
read_lines(struct verifier *v)
{
    struct line line;
    while (next_line(v, &line)) {
        bool go_on;
        if (line.length < 3 || line.text[1] != ' ') {
            return fail_line(v);
        }
        switch (line.text[0]) {
        case 'L':
            go_on = read_leaf(v, &line);
            break;
        case 'H':
            go_on = read_head(v, &line);
            break;
        case 'T':
            go_on = read_tail(v, &line);
            break;
        case 'E':
            return read_end(v, &line);
        default:
            return fail_line(v);
        }
        if (!go_on) {
            return false;
        }
    }
    return false;
}

/* Rule 3: which of the two was changed, now that the whole file was read. */
static void
refine_leaf(struct verifier *v)
{
    struct ledger_verify_report *r = v->report;
    struct merkle_hash stated;
    if (strcmp(r->fault.reason, "LEAF_ALTERED") != 0) {
        return;
    }
    merkle_frontier_root(&v->stated, &stated);
    if (merkle_hash_equal(&stated, &r->head.root)) {
        r->differs = "body";
    } else if (merkle_hash_equal(&r->root, &r->head.root)) {
        r->differs = "hash";
    }
    const char *what = r->differs[0] == 'b' ? "被改动的是正文，叶子哈希与签名的根一致"
                       : r->differs[0] == 'h' ? "被改动的是叶子哈希，正文与签名的根一致"
                                              : "除此之外文件中还有别的改动";
    fault_set(&r->fault, STATUS_DATA_LOSS, "LEAF_ALTERED",
              "第 %" PRIu64 " 条（事件 %s，第 %" PRIu64
              " 行）的正文与其叶子哈希不符：%s。全文件共有 %" PRIu64 " 条不符。",
              r->leaf_seq, r->event_id, r->line, what, r->bad_leaves);
}

static void
set_range(struct verifier *v)
{
    struct ledger_verify_report *r = v->report;
    uint64_t end = v->bad_size != 0 ? v->bad_size : r->head.size;
    if (end > v->good_size) {
        r->has_range = true;
        r->first_seq = v->good_size + 1;
        r->last_seq = end;
    }
}

/* Rule 5. */
static bool
judge_roots(struct verifier *v)
{
    struct ledger_verify_report *r = v->report;
    set_range(v);
    if (!merkle_hash_equal(&r->root, &r->head.root)) {
        return fail(v, "ROOT_MISMATCH",
                    "逐条哈希都相符，但算出的根哈希与签名的根不同：第 %" PRIu64 " 条至第 %" PRIu64
                    " 条之间有记录连同其哈希一起被改动过。",
                    r->first_seq, r->last_seq);
    }
    if (v->head_broken) {
        return fail(v, "HEAD_MISMATCH",
                    "较早的树头（tree head）与现在的记录对不上：第 %" PRIu64 " 条至第 %" PRIu64
                    " 条之间的历史被改写后又重新签过名。",
                    r->first_seq, r->last_seq);
    }
    if (v->saved_broken) {
        return fail(v, "HISTORY_REWRITTEN",
                    "与您以前保存的树头（tree head）对不上：前 %" PRIu64 " 条中，第 %" PRIu64
                    " 条至第 %" PRIu64 " 条之间的历史被改写过（分叉）。",
                    v->bad_size, r->first_seq, r->last_seq);
    }
    r->has_range = false;
    for (size_t i = 0; i < v->options->saved_count; i++) {
        if (v->options->saved[i].size > r->head.size) {
            return fail(v, "HISTORY_SHORTER",
                        "您以前保存的树头（tree head）已有 %" PRIu64 " 条，此文件只有 %" PRIu64
                        " 条：历史被回退，或文件比保存的树头更早。",
                        v->options->saved[i].size, r->head.size);
        }
    }
    return true;
}

static void
conclude(struct verifier *v)
{
    struct ledger_verify_report *r = v->report;
    merkle_frontier_root(&v->computed, &r->root);
    if (r->fault.code != STATUS_OK) {
        refine_leaf(v);
        return;
    }
    if (!judge_roots(v)) {
        r->line = 0;
        return;
    }
    snprintf(r->fault.message, sizeof r->fault.message,
             "核验通过：%" PRIu64 " 条记录完整、连续、未被改动，签名成立（密钥 %s）；另有 %" PRIu64
             " 条尚未封存。%s",
             r->leaves, r->key.key_id, r->tails,
             r->pinned ? ""
                       : "注意：没有指定受信任的公钥，只能说明文件自身一致，不能说明出自哪里。");
}

enum status
ledger_export_verify(struct ledger_reader reader, const struct ledger_verify_options *options,
                     struct ledger_verify_report *report)
{
    static const struct ledger_verify_options none = {0};
    *report = (struct ledger_verify_report){.differs = ""};
    struct verifier v = {.options = options == NULL ? &none : options, .report = report};
    line_reader_init(&v.lines, reader, LINE_LIMIT);
    bool whole = read_header(&v);
    if (whole) {
        check_saved(&v);
        whole = read_lines(&v);
    }
    if (whole) {
        conclude(&v);
    } else {
        merkle_frontier_root(&v.computed, &report->root);
    }
    free(v.body);
    line_reader_release(&v.lines);
    return v.read_status != STATUS_OK ? v.read_status : report->fault.code;
}
