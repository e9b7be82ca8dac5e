/* What people write of outcomes: kinds, amounts, states. Pure; texts in the arena or static. */
#ifndef CLIENT_CLI_OUTCOME_WORDS_H
#define CLIENT_CLI_OUTCOME_WORDS_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <rectify/v1/outcome.pb-c.h>

enum { OUTCOME_WORD_KINDS = 8 }; /* kinds there are */

/* 制度 (制定制度), 修订制度, 资金, 处理, 谈话, 培训, 活动, 其他, or the English code. USAGE_KIND.
 */
MUST_CHECK enum status outcome_kind_word(struct arena *a, const char *text,
                                         Pb__OutcomeKind *ret_kind, struct fault *f);

/* The same for a filter: 制度 and 人次 mean every kind of theirs. kinds has OUTCOME_WORD_KINDS
 * places. */
MUST_CHECK enum status outcome_kinds_word(struct arena *a, const char *text, Pb__OutcomeKind *kinds,
                                          size_t *ret_count, struct fault *f);

/* An amount as Outcome.amount: of money "12345.6", "12,345.60元" or "1.23456万元"; else a whole
 * number. USAGE_AMOUNT. */
MUST_CHECK enum status outcome_amount_word(struct arena *a, const char *text, Pb__OutcomeKind kind,
                                           int64_t *ret_amount, struct fault *f);

/* 待核实, 已核实, 已退回, 已撤回, 未核实 (waiting or returned), or the English code. USAGE_STATE.
 */
MUST_CHECK enum status outcome_state_word(struct arena *a, const char *text, char **ret_state,
                                          struct fault *f);

#endif
