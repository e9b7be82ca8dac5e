/* Values as people write them: dates, percents, yes and no, and the Chinese words of enums.
 *
 * Readers take full-width forms too. All pure; texts in the arena or static. */
#ifndef CLIENT_CLI_VALUE_H
#define CLIENT_CLI_VALUE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <rectify/v1/common.pb-c.h>
#include <stdbool.h>
#include <stdint.h>

/* Full-width ASCII to ASCII, ideographic blanks to blanks, ends trimmed. "" when the arena is full.
 */
const char *value_narrow(struct arena *a, const char *s);

/* "2026-11-30" from 2026-11-30, 2026/11/30, 2026.11.30 or 2026年11月30日; NULL when it is no day.
 */
const char *value_date(struct arena *a, const char *s);

/* "2026-11" from 2026-11, 2026/11 or 2026年11月; NULL when it is no month. */
const char *value_month(struct arena *a, const char *s);

/* A month as value_month, or a quarter: "2026-Q4" from 2026-Q4, 2026Q4 or 2026年第4季度. */
const char *value_period(struct arena *a, const char *s);

/* A whole number within bounds, a "%" behind it when percent. */
bool value_int(struct arena *a, const char *s, int64_t min, int64_t max, int64_t *ret_value);
bool value_percent(struct arena *a, const char *s, int32_t *ret_value);

/* 是, 求助, 有, y, yes, true, 1 · 否, 无, n, no, false, 0 and nothing. False when it is neither. */
bool value_yes(struct arena *a, const char *s, bool *ret_yes);

/* 明显成效, 整改到位, 无 and nothing. */
bool value_claim(struct arena *a, const char *s, Pb__Claim *ret_claim);

/* 印发文件, 工作记录, 照片, 数据, 其他 or the English name. */
bool value_evidence_kind(struct arena *a, const char *s, Pb__EvidenceKind *ret_kind);

/* 通过, 同意, accept · 退回, return · nothing: UNSPECIFIED. */
bool value_verdict(struct arena *a, const char *s, Pb__Verdict *ret_verdict);

/* What stands behind the "=" of --row, "WORD", "WORD+CODE", "WORD:REASON": parted in place, text is
 * written to. marks: what may stand for the colon, ":" or ":,"; ： always may. NULL where a part is
 * missing. */
void value_opinion(char *text, const char *marks, char **ret_code, char **ret_reason);

/* Chinese words; "" for UNSPECIFIED. */
const char *value_light_zh(Pb__Light light);
const char *value_claim_zh(Pb__Claim claim);
const char *value_verdict_zh(Pb__Verdict verdict);
const char *value_class_zh(Pb__MeasureClass measure_class);
const char *value_kind_zh(Pb__EvidenceKind kind);

/* Names of a measure's states ("IN_PROGRESS" is 整改中) and of what is done with it ("sign_for" is
 * 签收). A name nobody knows is given back as it is; "" for NULL. */
const char *value_measure_state_zh(const char *state);
const char *value_command_zh(const char *command);

/* The state's name from its Chinese or English word, or NULL. */
const char *value_measure_state(struct arena *a, const char *s);
const char *value_table_state(struct arena *a, const char *s);

/* 编号＝结论：情况 as people type it: up to two ＝ as =, with colon the first ： as :, the rest
 * untouched. In the arena; the text itself when the arena is full. */
const char *value_signs(struct arena *a, const char *text, bool colon);

/* Splits at commas (half or full width) and 、; empty parts are left out. At most max texts in the
 * arena are stored; returns how many there are (more than max: too many). */
size_t value_list(struct arena *a, const char *s, char **ret_items, size_t max);

/* A reason as the log keeps it, "OTHER 数字抄错" or a code alone, in words: "数字抄错",
 * "证明材料不足：缺照片". Other texts as they are. In the arena; never NULL. */
const char *value_reason(struct arena *a, const char *reason);

/* "2026-11-30 14:05" in Beijing time, as the days are, on any machine; "" for 0. */
const char *value_time(struct arena *a, int64_t ms);

#endif
