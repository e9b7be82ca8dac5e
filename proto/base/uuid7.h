/* UUIDv7 (RFC 9562): ids and idempotency keys. Text form, 36 characters, lower case.
 *
 * Pure: time and randomness come in, so a decision that makes ids can be replayed. Any thread; a
 * source belongs to one at a time. */
#ifndef PROTO_BASE_UUID7_H
#define PROTO_BASE_UUID7_H

#include <stdbool.h>
#include <stdint.h>

enum { UUID_TEXT_SIZE = 37, UUID_BYTES = 16 };

/* A source of ids for one decision: every id it gives is larger than the one before. */
struct uuid7_source {
    int64_t now_ms;    /* put into every id */
    uint64_t counter;  /* 12 bits of rand_a, then carried into the random part */
    uint64_t state[2]; /* random, from the caller's seed */
};

/* seed: 16 bytes from a cryptographic source (or a test's constant). */
void uuid7_source_init(struct uuid7_source *s, int64_t now_ms, const unsigned char seed[16]);

/* The next id as text. */
void uuid7_next(struct uuid7_source *s, char ret_text[UUID_TEXT_SIZE]);

/* True for exactly 8-4-4-4-12 lower-case hex digits (any version). s may be NULL. */
bool uuid_text_valid(const char *s);

/* 16 bytes to text, and back (false when the text is no uuid; ret_bytes is untouched then). */
void uuid_to_text(const unsigned char bytes[UUID_BYTES], char ret_text[UUID_TEXT_SIZE]);
bool uuid_from_text(const char *s, unsigned char ret_bytes[UUID_BYTES]);

/* The milliseconds since 1970 inside a UUIDv7. */
int64_t uuid7_time_ms(const unsigned char bytes[UUID_BYTES]);

#endif
