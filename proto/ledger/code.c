#include "proto/ledger/code.h"
#include "proto/ledger/secret.h"

#include <ctype.h>
#include <string.h>

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Times x in GF(32) = GF(2)[x] / (x^5 + x^2 + 1). */
static unsigned
times_x(unsigned value)
{
    value <<= 1;
    return (value & 0x20U) != 0 ? value ^ 0x25U : value;
}

/* Weights x^24 … x^0 are all different, so one wrong character or two swapped ones change the sum.
 */
static unsigned
sum_of(const unsigned *digits, size_t n)
{
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum = times_x(sum) ^ digits[i];
    }
    return sum;
}

void
code_make(char ret_text[CODE_TEXT_SIZE])
{
    unsigned char random[CODE_CHARS - 1];
    unsigned digits[CODE_CHARS];
    size_t n = 0;
    secret_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++) {
        digits[i] = random[i] & 0x1FU;
    }
    digits[CODE_CHARS - 1] = times_x(sum_of(digits, CODE_CHARS - 1));
    for (size_t i = 0; i < CODE_CHARS; i++) {
        if (i > 0 && i % 5 == 0) {
            ret_text[n++] = '-';
        }
        ret_text[n++] = alphabet[digits[i]];
    }
    ret_text[n] = '\0';
    secret_wipe(random, sizeof random);
    secret_wipe(digits, sizeof digits);
}

/* One character of the text, full-width ones made narrow; "" when it is none of ours. */
static const char *
next_char(const char *p, char *ret_char)
{
    const unsigned char *u = (const unsigned char *)p;
    *ret_char = *p;
    if (u[0] == 0xEF && (u[1] == 0xBC || u[1] == 0xBD) && u[2] >= 0x80 && u[2] <= 0xBF) {
        unsigned code = 0xF000U | ((u[1] & 0x3FU) << 6) | (u[2] & 0x3FU); /* U+FF01 … U+FF5E */
        *ret_char = code >= 0xFF01U && code <= 0xFF5EU ? (char)(code - 0xFEE0U) : '?';
        return p + 3;
    }
    if (u[0] == 0xE3 && u[1] == 0x80 && u[2] == 0x80) { /* the wide blank */
        *ret_char = ' ';
        return p + 3;
    }
    return p + 1;
}

static bool
is_filler(char c)
{
    return c == ' ' || c == '-' || c == '\t' || c == '\r' || c == '\n';
}

/* 0 to 31, or -1. */
static int
digit_of(char c)
{
    char upper = (char)toupper((unsigned char)c);
    if (upper == 'O') {
        return 0;
    }
    if (upper == 'I' || upper == 'L') {
        return 1;
    }
    const char *at = upper == '\0' ? NULL : strchr(alphabet, upper);
    return at == NULL ? -1 : (int)(at - alphabet);
}

enum status
code_read(const char *text, char ret_plain[CODE_SIZE], struct fault *f)
{
    unsigned digits[CODE_CHARS];
    size_t n = 0;
    for (const char *p = text; *p != '\0';) {
        char c = '\0';
        p = next_char(p, &c);
        if (is_filler(c)) {
            continue;
        }
        int digit = digit_of(c);
        if (digit < 0) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "CODE_CHARACTER",
                             "开通码的第 %zu 个字符不对：只有数字和字母（不含 "
                             "U），请对照开通单再输一次。",
                             n + 1);
        }
        if (n < CODE_CHARS) {
            digits[n] = (unsigned)digit;
        }
        n++;
    }
    if (n != CODE_CHARS) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CODE_LENGTH",
                         "开通码应有 %d 个字符（五个一组），现在是 %zu 个：请对照开通单补全。",
                         CODE_CHARS, n);
    }
    if (sum_of(digits, CODE_CHARS) != 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "CODE_CHECK",
                         "开通码有输错的字符（校验不符）：请对照开通单逐个核对后再输一次。");
    }
    for (size_t i = 0; i < CODE_CHARS; i++) {
        ret_plain[i] = alphabet[digits[i]];
    }
    ret_plain[CODE_CHARS] = '\0';
    return STATUS_OK;
}

void
code_hash(const char *text, unsigned char ret_hash[32])
{
    char plain[CODE_SIZE];
    bool is_code = text != NULL && code_read(text, plain, NULL) == STATUS_OK;
    secret_token_hash(is_code ? plain : text, ret_hash);
    secret_wipe(plain, sizeof plain);
}
