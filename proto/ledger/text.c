#include "proto/ledger/text.h"

#include <sodium.h>
#include <string.h>

bool
scan_literal(struct scan *s, const char *literal)
{
    size_t n = strlen(literal);
    if ((size_t)(s->end - s->at) < n || memcmp(s->at, literal, n) != 0) {
        return false;
    }
    s->at += n;
    return true;
}

bool
scan_word(struct scan *s, const char **ret_word, size_t *ret_length)
{
    size_t left = (size_t)(s->end - s->at);
    const char *blank = left == 0 ? NULL : memchr(s->at, ' ', left);
    size_t n = blank == NULL ? left : (size_t)(blank - s->at);
    if (n == 0) {
        return false;
    }
    *ret_word = s->at;
    *ret_length = n;
    s->at += n;
    return true;
}

static bool
name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool
text_name_valid(const char *name, size_t max)
{
    if (name == NULL) {
        return false;
    }
    size_t n = 0;
    while (name[n] != '\0') {
        if (n == max || !name_character(name[n])) {
            return false;
        }
        n++;
    }
    return n > 0;
}

bool
scan_name(struct scan *s, char *ret_name, size_t size)
{
    struct scan ahead = *s;
    const char *word;
    size_t n;
    if (!scan_word(&ahead, &word, &n) || n >= size) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!name_character(word[i])) {
            return false;
        }
    }
    memcpy(ret_name, word, n);
    ret_name[n] = '\0';
    *s = ahead;
    return true;
}

bool
scan_number(struct scan *s, uint64_t *ret_number)
{
    struct scan ahead = *s;
    const char *word;
    size_t n;
    if (!scan_word(&ahead, &word, &n) || n > 19 || (word[0] == '0' && n > 1)) {
        return false;
    }
    uint64_t number = 0; /* 19 digits fit into 64 bits */
    for (size_t i = 0; i < n; i++) {
        if (word[i] < '0' || word[i] > '9') {
            return false;
        }
        number = number * 10 + (uint64_t)(word[i] - '0');
    }
    if (number > (uint64_t)INT64_MAX) {
        return false;
    }
    *ret_number = number;
    *s = ahead;
    return true;
}

bool
scan_hash(struct scan *s, struct merkle_hash *ret_hash)
{
    struct scan ahead = *s;
    struct merkle_hash hash;
    char canonical[2 * MERKLE_HASH_BYTES + 1];
    const char *word;
    size_t n;
    size_t got;
    if (!scan_word(&ahead, &word, &n) || n != 2 * MERKLE_HASH_BYTES ||
        sodium_hex2bin(hash.bytes, sizeof hash.bytes, word, n, NULL, &got, NULL) != 0 ||
        got != sizeof hash.bytes) {
        return false;
    }
    text_hash(&hash, canonical);
    if (memcmp(canonical, word, n) != 0) { /* upper case: one text per value */
        return false;
    }
    *ret_hash = hash;
    *s = ahead;
    return true;
}

bool
text_base64_decode(const char *text, size_t length, unsigned char *ret_bytes, size_t capacity,
                   size_t *ret_n)
{
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] > 0x7F) {
            return false;
        }
    }
    const char *stop = text;
    size_t n = 0;
    if (sodium_base642bin(ret_bytes, capacity, text, length, NULL, &n, &stop,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        stop != text + length) {
        return false;
    }
    *ret_n = n;
    return true;
}

bool
scan_base64(struct scan *s, unsigned char *ret_bytes, size_t n)
{
    struct scan ahead = *s;
    unsigned char bytes[LEDGER_SIGNATURE_BYTES];
    const char *word;
    size_t length;
    size_t got;
    if (n > sizeof bytes || !scan_word(&ahead, &word, &length) ||
        !text_base64_decode(word, length, bytes, n, &got) || got != n) {
        return false;
    }
    memcpy(ret_bytes, bytes, n);
    *s = ahead;
    return true;
}

void
text_hash(const struct merkle_hash *hash, char ret_text[2 * MERKLE_HASH_BYTES + 1])
{
    sodium_bin2hex(ret_text, 2 * MERKLE_HASH_BYTES + 1, hash->bytes, sizeof hash->bytes);
}
