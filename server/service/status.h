/* Totals: the numbers people ask for, made of what was counted; the office's own clock. Pure. */
#ifndef SERVER_SERVICE_STATUS_H
#define SERVER_SERVICE_STATUS_H

#include "proto/base/arena.h"
#include "server/base/calendar.h"
#include "server/store/status.h"

enum {
    OFFICE_WORKING_DAYS = 3,  /* a claim's decision is owed within these */
    STATUS_COUNT_MAX = 20000, /* measures counted one by one for a group that is not maintained */
};

/* A number: numerator and denominator are sums of counts. */
struct status_number {
    const char *name;
    const char *name_zh;
    uint32_t numerator; /* bits of enum status_count */
    uint32_t denominator;
    enum span_kind kind; /* what its list holds */
    int condition;       /* judged on the day, COUNT_OVERDUE …; 0: counted by state */
    const char *definition;
};

/* Every number, in the order they are shown. */
const struct status_number *status_numbers(size_t *ret_count);
/* NULL when there is none of that name (may be NULL). */
const struct status_number *status_number_find(const char *name);
/* What a row says for a set of counts. */
int32_t status_sum(const struct status_row *row, uint32_t counts);
/* The states a number counts, as the literal of an array; NULL when the arena is exhausted. */
const char *status_number_states(const struct status_number *number, struct arena *a);

/* The last day whose claims have waited longer than OFFICE_WORKING_DAYS on as_of. */
int32_t status_waiting_until(const struct calendar *calendar, int32_t as_of);

/* True when the totals of this group are maintained for the whole district. */
bool status_maintained(Pb__StatusGroup group);
/* Something is overdue in it, or a table missing. */
bool status_row_behind(const struct status_row *row);

/* The codes of the inspections a head covers, added to *ret_count (0). False: exhausted. */
bool status_inspections(const struct status_head *head, struct arena *a, char ***ret_codes,
                        size_t *ret_count);

/* Messages; NULL when the arena is exhausted. number_message: row NULL leaves the counts out. */
Pb__StatusNumber *status_number_message(const struct status_number *number,
                                        const struct status_row *row, struct arena *a);
Pb__StatusGroupRow *status_group_message(const struct status_row *row, struct arena *a);
Pb__GetStatusReply *status_message(const struct status_head *head, const struct status_row *whole,
                                   struct arena *a);

/* Names the changes in Chinese and counts them by unit, official words. False: exhausted. */
bool status_changes_fill(Pb__GetChangesReply *reply, struct arena *a);
/* Names stages and causes, adds up the days. */
void status_stages_fill(Pb__GetAgeingReply *reply);
void status_causes_fill(Pb__Cause **causes, size_t n);
/* "RETURN" and "EVIDENCE_WEAK" in Chinese; the name itself when there is no word for it. */
const char *status_cause_zh(const char *kind);
const char *status_reason_zh(const char *code);

#endif
