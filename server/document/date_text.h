/* Date text: the ways a plan says when (2020年6月底前, 2020-06-30, 二季度末, 立行立改, 长期坚持,
 * 44012).
 *
 * Pure. Days are int32 days since 1970-01-01. A range ("1月至3月") means its end. "X前" (before X)
 * means X itself: the last day on which it is in time.
 */
#ifndef SERVER_DOCUMENT_DATE_TEXT_H
#define SERVER_DOCUMENT_DATE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATE_TEXT_NO_DATE INT32_MIN

enum date_text_kind {
    DATE_TEXT_EMPTY,     /* nothing, or a dash */
    DATE_TEXT_DAY,       /* day is set */
    DATE_TEXT_IMMEDIATE, /* 立行立改, 即知即改, 立即整改: no date of its own */
    DATE_TEXT_LONG_TERM, /* 长期坚持, 持续推进: day may still be set ("2020年6月底前完成，长期坚持")
                          */
    DATE_TEXT_BAD,
};

struct date_text {
    enum date_text_kind kind;
    int32_t day;    /* or DATE_TEXT_NO_DATE */
    bool long_term; /* 长期坚持 stood beside a date */
    bool immediate; /* 立行立改 stood beside a date */
};

/* Days since 1970-01-01 of a civil date; DATE_TEXT_NO_DATE for one that does not exist. Years
 * 1900 to 2200. */
int32_t date_text_day(int32_t year, int32_t month, int32_t day);

/* The civil date of a day. */
void date_text_civil(int32_t day, int32_t *ret_year, int32_t *ret_month, int32_t *ret_day);

/* Reads text (UTF-8). default_year: for dates without a year (6月底); 0: such a date is BAD. */
struct date_text date_text_read(const char *text, size_t size, int32_t default_year);

#endif
