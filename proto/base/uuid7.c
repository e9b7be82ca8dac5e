#include "proto/base/uuid7.h"

#include <stddef.h>
#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* splitmix64: spreads a seed over ids of one decision; secrecy is not needed, uniqueness is. */
static uint64_t
mix(uint64_t *x)
{
    uint64_t z = (*x += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31U);
}

void
uuid7_source_init(struct uuid7_source *s, int64_t now_ms, const unsigned char seed[16])
{
    *s = (struct uuid7_source){.now_ms = now_ms};
    memcpy(s->state, seed, sizeof s->state);
    /* A random start below half the range leaves room to count up within one millisecond. */
    s->counter = mix(&s->state[1]) & 0x7FFU;
}

void
uuid7_next(struct uuid7_source *s, char ret_text[UUID_TEXT_SIZE])
{
    unsigned char b[UUID_BYTES];
    uint64_t ms = (uint64_t)s->now_ms + (s->counter >> 12U);
    uint64_t r = mix(&s->state[0]) ^ mix(&s->state[1]);
    for (size_t i = 0; i < 6; i++) {
        b[i] = (unsigned char)(ms >> (40U - 8U * i));
    }
    b[6] = (unsigned char)(0x70U | ((s->counter >> 8U) & 0x0FU));
    b[7] = (unsigned char)s->counter;
    for (size_t i = 0; i < 8; i++) {
        b[8 + i] = (unsigned char)(r >> (8U * i));
    }
    b[8] = (unsigned char)(0x80U | (b[8] & 0x3FU));
    s->counter++;
    uuid_to_text(b, ret_text);
}

void
uuid_to_text(const unsigned char bytes[UUID_BYTES], char ret_text[UUID_TEXT_SIZE])
{
    char *out = ret_text;
    for (size_t i = 0; i < UUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        *out++ = hex_digits[bytes[i] >> 4U];
        *out++ = hex_digits[bytes[i] & 0x0FU];
    }
    *out = '\0';
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
uuid_from_text(const char *s, unsigned char ret_bytes[UUID_BYTES])
{
    unsigned char b[UUID_BYTES];
    if (s == NULL || strlen(s) != UUID_TEXT_SIZE - 1) {
        return false;
    }
    size_t n = 0;
    for (size_t i = 0; s[i] != '\0';) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (s[i] != '-') {
                return false;
            }
            i++;
            continue;
        }
        int high = hex_value(s[i]);
        int low = hex_value(s[i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        b[n++] = (unsigned char)(high * 16 + low);
        i += 2;
    }
    memcpy(ret_bytes, b, sizeof b);
    return true;
}

bool
uuid_text_valid(const char *s)
{
    unsigned char b[UUID_BYTES];
    return uuid_from_text(s, b);
}

int64_t
uuid7_time_ms(const unsigned char bytes[UUID_BYTES])
{
    uint64_t ms = 0;
    for (size_t i = 0; i < 6; i++) {
        ms = ms << 8U | bytes[i];
    }
    return (int64_t)ms;
}
