/* Fold: UTF-8 text as folded code points, for recognition only.
 *
 * NFKC per character (full width, ⒈ ⑴ ㈠, compatibility ideographs), zero-width characters dropped,
 * any white space one space, circled numbers kept apart as FOLD_CIRCLED + n. Every folded code
 * point knows the byte of the original it came from, so that what is recognised can be cut from the
 * original. Private to server/document.
 */
#ifndef SERVER_DOCUMENT_FOLD_H
#define SERVER_DOCUMENT_FOLD_H

#include "proto/base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FOLD_CIRCLED ((uint32_t)0xF0000) /* + n, n from 1 to 50: ① … ㊿ */
#define FOLD_CHAR_MAX 4                  /* folded code points of one character at most */

struct fold {
    uint32_t *cp;
    uint32_t *at; /* at[i]: byte where cp[i] begins; at[n]: bytes of the text */
    size_t n;
    size_t capacity;
};

/* Room for texts of up to bytes bytes. False when the arena is exhausted. */
bool fold_init(struct fold *f, struct arena *arena, size_t bytes);

/* Folds text into f (init'ed for at least bytes). */
void fold_text(struct fold *f, const char *text, size_t bytes);

/* One character: its folded code points into out; returns how many, 0 for dropped ones. */
size_t fold_char(uint32_t cp, uint32_t out[FOLD_CHAR_MAX]);

/* The next code point of UTF-8 at *p (before end), *p moved on; stray bytes give U+FFFD. */
uint32_t fold_next(const unsigned char **p, const unsigned char *end);

/* True when the folded text at i begins with word (UTF-8, already in folded form). ret_next: the
 * index behind it; may be NULL. */
bool fold_starts(const struct fold *f, size_t i, const char *word, size_t *ret_next);

/* True when word occurs in [from, to). */
bool fold_has(const struct fold *f, size_t from, size_t to, const char *word);

/* The code point at i, 0 beyond the end. */
uint32_t fold_at(const struct fold *f, size_t i);

/* The value of a Chinese numeral: 0 to 9, 10, 100; -1 for anything else. */
int fold_numeral(uint32_t cp);

/* The first index from i that is no space. */
size_t fold_skip_space(const struct fold *f, size_t i);

bool fold_is_digit(uint32_t cp);
bool fold_is_han(uint32_t cp);

/* Kinds of paired marks: 0 none; openers > 0, the closer of kind k is -k. A straight quote is
 * FOLD_STRAIGHT and may be either. */
enum { FOLD_STRAIGHT = 100 };
int fold_pair(uint32_t cp);

/* Any double or corner quotation mark, open or closed, straight ones too. */
bool fold_is_quote(uint32_t cp);

/* 。！？…: a sentence ends behind it. */
bool fold_is_sentence_end(uint32_t cp);

#endif
