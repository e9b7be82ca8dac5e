#include "client/cli/outcome_words.h"

#include "client/cli/value.h"

#include <string.h>

static const struct {
    const char *word;
    Pb__OutcomeKind kind;
} kind_words[] = {
    {"制度", PB__OUTCOME_KIND__RULE_MADE},           {"制定制度", PB__OUTCOME_KIND__RULE_MADE},
    {"制度建设", PB__OUTCOME_KIND__RULE_MADE},       {"修订制度", PB__OUTCOME_KIND__RULE_REVISED},
    {"修订", PB__OUTCOME_KIND__RULE_REVISED},        {"资金", PB__OUTCOME_KIND__FUNDS_RECOVERED},
    {"追缴资金", PB__OUTCOME_KIND__FUNDS_RECOVERED}, {"处理", PB__OUTCOME_KIND__PEOPLE_HANDLED},
    {"处理人次", PB__OUTCOME_KIND__PEOPLE_HANDLED},  {"人次", PB__OUTCOME_KIND__PEOPLE_HANDLED},
    {"谈话", PB__OUTCOME_KIND__PEOPLE_TALKED},       {"谈话提醒", PB__OUTCOME_KIND__PEOPLE_TALKED},
    {"培训", PB__OUTCOME_KIND__PEOPLE_TRAINED},      {"活动", PB__OUTCOME_KIND__ACTIVITY_HELD},
    {"开展活动", PB__OUTCOME_KIND__ACTIVITY_HELD},   {"其他", PB__OUTCOME_KIND__OTHER_OUTCOME},
    {"其他成效", PB__OUTCOME_KIND__OTHER_OUTCOME},
};

enum status
outcome_kind_word(struct arena *a, const char *text, Pb__OutcomeKind *ret_kind, struct fault *f)
{
    const char *word = value_narrow(a, text);
    for (size_t i = 0; i < sizeof kind_words / sizeof kind_words[0]; i++) {
        if (strcmp(kind_words[i].word, word) == 0) {
            *ret_kind = kind_words[i].kind;
            return STATUS_OK;
        }
    }
    const ProtobufCEnumValue *v =
        protobuf_c_enum_descriptor_get_value_by_name(&pb__outcome_kind__descriptor, word);
    if (v == NULL || v->value == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_KIND",
                         "--kind 可以写：制度（制定制度）、修订制度、资金、处理（处理人次）、谈话、"
                         "培训、活动、其他，或英文代码 RULE_MADE、FUNDS_RECOVERED 等。");
    }
    *ret_kind = (Pb__OutcomeKind)v->value;
    return STATUS_OK;
}

enum status
outcome_kinds_word(struct arena *a, const char *text, Pb__OutcomeKind *kinds, size_t *ret_count,
                   struct fault *f)
{
    const char *word = value_narrow(a, text);
    if (strcmp(word, "制度") == 0 || strcmp(word, "制度建设") == 0) {
        kinds[0] = PB__OUTCOME_KIND__RULE_MADE;
        kinds[1] = PB__OUTCOME_KIND__RULE_REVISED;
        *ret_count = 2;
        return STATUS_OK;
    }
    if (strcmp(word, "人次") == 0) {
        kinds[0] = PB__OUTCOME_KIND__PEOPLE_HANDLED;
        kinds[1] = PB__OUTCOME_KIND__PEOPLE_TALKED;
        kinds[2] = PB__OUTCOME_KIND__PEOPLE_TRAINED;
        *ret_count = 3;
        return STATUS_OK;
    }
    *ret_count = 1;
    return outcome_kind_word(a, text, &kinds[0], f);
}

/* ---- amounts ---- */

/* Reads digits with an optional point; thousands commas are skipped. *ret_decimals: digits behind
 * the point. Where it stopped; NULL when there is no number or it is too long. */
static const char *
digits_read(const char *p, int64_t *ret_number, int *ret_decimals)
{
    int64_t number = 0;
    int digits = 0;
    int decimals = -1; /* before the point */
    for (; (*p >= '0' && *p <= '9') || *p == '.' || *p == ','; p++) {
        if (*p == ',' ? decimals >= 0 : *p == '.' && decimals >= 0) {
            return NULL;
        }
        if (*p == '.') {
            decimals = 0;
        } else if (*p != ',') {
            number = number * 10 + (*p - '0');
            decimals += decimals >= 0;
            digits++;
        }
        if (digits > 17) {
            return NULL;
        }
    }
    *ret_number = number;
    *ret_decimals = decimals < 0 ? 0 : decimals;
    return digits > 0 ? p : NULL;
}

enum status
outcome_amount_word(struct arena *a, const char *text, Pb__OutcomeKind kind, int64_t *ret_amount,
                    struct fault *f)
{
    const char *word = value_narrow(a, text);
    bool money = kind == PB__OUTCOME_KIND__FUNDS_RECOVERED;
    int64_t number = 0;
    int decimals = 0;
    const char *tail = digits_read(word, &number, &decimals);
    int scale = money ? 2 : 0; /* digits to be kept behind the point */
    if (tail != NULL && money && strncmp(tail, "万", strlen("万")) == 0) {
        scale += 4;
        tail += strlen("万");
    }
    if (tail != NULL && money && strcmp(tail, "元") == 0) {
        tail += strlen("元");
    }
    bool good = tail != NULL && *tail == '\0' && decimals <= scale;
    for (; good && decimals < scale; decimals++) {
        good = number <= INT64_MAX / 10;
        number = good ? number * 10 : number;
    }
    if (!good) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_AMOUNT",
                         money ? "金额“%s”不对：以元计，最多两位小数，例如 12345.60 或 "
                                 "1.23456万元。"
                               : "数量“%s”不对：要写整数，例如 3。",
                         text);
    }
    *ret_amount = number;
    return STATUS_OK;
}

enum status
outcome_state_word(struct arena *a, const char *text, char **ret_state, struct fault *f)
{
    static const struct {
        const char *word;
        const char *state;
    } words[] = {{"待核实", "RECORDED"},
                 {"已核实", "CONFIRMED"},
                 {"已退回", "RETURNED"},
                 {"已撤回", "WITHDRAWN"},
                 {"未核实", "CLAIMED"}};
    const char *word = value_narrow(a, text);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0 || strcmp(words[i].state, word) == 0) {
            *ret_state = arena_strdup(a, words[i].state);
            return *ret_state == NULL ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
        }
    }
    return fault_set(
        f, STATUS_INVALID_ARGUMENT, "USAGE_STATE",
        "--state 可以写：待核实、已核实、已退回、已撤回、未核实（待核实和已退回的）。");
}
