#include "server/handler/request_check.h"

#include "server/document/text.h"
#include "server/handler/common.h"

#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 1024 };

struct actor
call_actor(const struct call *call)
{
    const struct principal *who = call->who;
    return (struct actor){
        .account_id = who->account_id,
        .org_id = who->org_id,
        .orgs = who->seat_orgs,
        .roles = who->roles,
        .behalf = who->behalf,
        .substitute_for_id = who->substitute_for_id,
    };
}

/* Characters that show nothing and can make a reader's screen show something else: control
 * characters but tab and line breaks, and the marks that turn the direction of writing. */
static bool
has_hidden_character(const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20U && c != '\t' && c != '\n' && c != '\r') || c == 0x7FU) {
            return true;
        }
        unsigned char c1 = i + 1 < n ? (unsigned char)text[i + 1] : 0;
        unsigned char c2 = i + 2 < n ? (unsigned char)text[i + 2] : 0;
        bool c1_control = c == 0xC2U && c1 >= 0x80U && c1 < 0xA0U;
        bool embedding = c == 0xE2U && c1 == 0x80U && c2 >= 0xAAU && c2 <= 0xAEU;
        bool isolate = c == 0xE2U && c1 == 0x81U && c2 >= 0xA6U && c2 <= 0xA9U;
        if (c1_control || embedding || isolate) {
            return true;
        }
    }
    return false;
}

enum status
check_text(struct call *call, const char *field, const char *text, size_t max, bool required)
{
    size_t n = text == NULL ? 0 : strlen(text);
    if (required && (n == 0 || strspn(text, " \t\r\n") == n)) {
        return fault_set_field(&call->fault, field, "TEXT_MISSING",
                               "这一处必须填写，请写明具体情况。");
    }
    if (n > max) {
        return fault_set_field(&call->fault, field, "TEXT_TOO_LONG",
                               "这一处有 %zu 字节，最多 %zu 字节，请精简后再报。", n, max);
    }
    if (has_hidden_character(text, n)) {
        return fault_set_field(&call->fault, field, "TEXT_HIDDEN_CHARACTER",
                               "这一处有看不见的控制字符（可能是从别处粘贴带来的），"
                               "请删去后重新填写。");
    }
    if (n > 0 && text_has_secret_mark(text, n)) {
        fault_set(&call->fault, STATUS_FAILED_PRECONDITION, "SECRET_MARK",
                  "这一处带有密级标志。本系统是非涉密系统，严禁存储、处理、传输国家秘密："
                  "内容没有保存，请改走涉密渠道。");
        snprintf(call->fault.field, sizeof call->fault.field, "%s", field);
        return STATUS_FAILED_PRECONDITION;
    }
    return STATUS_OK;
}

enum status
check_day(struct call *call, const char *field, const char *text, int32_t *ret_day)
{
    return request_day(call, text, field, ret_day);
}

enum status
check_as_of(struct call *call, const char *field, const char *text, int32_t *ret_day)
{
    int32_t day = NO_DATE;
    enum status s = request_day(call, text, field, &day);
    if (s == STATUS_OK) {
        *ret_day = day == NO_DATE ? call->today : day;
    }
    return s;
}

enum status
check_expected(struct call *call, int64_t current)
{
    const Pb__CallRequest *e = call->envelope;
    if (e == NULL || !e->has_expected_version || e->expected_version == current) {
        return STATUS_OK;
    }
    return fault_stale(&call->fault, e->expected_version, current);
}

static bool
reason_code_known(const char *code)
{
    static const char *const codes[] = {"OK",          "EVIDENCE_WEAK",  "EFFECT_UNCLEAR",
                                        "WRONG_SCOPE", "NARRATIVE_THIN", "OTHER"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(codes[i], code) == 0) {
            return true;
        }
    }
    return false;
}

enum status
check_reason(struct call *call, const char *code, const char *text, bool required,
             const char **ret_text)
{
    bool has_code = code != NULL && code[0] != '\0';
    if (has_code ? !reason_code_known(code) : required) {
        return fault_set_field(
            &call->fault, "reason_code", "REASON_CODE",
            "请选择理由代码：EVIDENCE_WEAK（材料不足）、EFFECT_UNCLEAR（成效不明显）、"
            "WRONG_SCOPE（不是这条措施的内容）、NARRATIVE_THIN（进展写得太空）、"
            "OTHER（其他）。");
    }
    enum status s = check_text(call, "reason", text, REASON_BYTES, required);
    if (s != STATUS_OK) {
        return s;
    }
    bool has_text = text != NULL && text[0] != '\0';
    *ret_text = NULL;
    if (has_code || has_text) {
        *ret_text = arena_printf(call->arena, "%s%s%s", has_code ? code : "",
                                 has_code && has_text ? " " : "", has_text ? text : "");
    }
    return STATUS_OK;
}

enum status
pick_measure(struct call *call, const struct measure_list *list, const char *ref,
             const struct measure_record **ret)
{
    const struct measure_record *found = NULL;
    for (size_t i = 0; ref != NULL && i < list->count; i++) {
        const struct measure_record *m = &list->items[i];
        if (strcmp(m->ref, ref) != 0 && strcmp(m->id, ref) != 0) {
            continue;
        }
        if (found != NULL && strcmp(found->id, m->id) != 0) {
            return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                                   "不止一次巡视有措施“%s”，请写明巡视的代码。", ref);
        }
        found = m;
    }
    if (found == NULL) {
        return refuse_unknown(call, "MEASURE_UNKNOWN", "措施", ref);
    }
    *ret = found;
    return STATUS_OK;
}

enum status
refuse_unknown(struct call *call, const char *reason, const char *kind_zh, const char *asked)
{
    return fault_set(&call->fault, STATUS_NOT_FOUND, reason,
                     "没有找到%s“%s”，请核对编号；别的单位的内容也不会显示。", kind_zh,
                     asked == NULL ? "" : asked);
}
