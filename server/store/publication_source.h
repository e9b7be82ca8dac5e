/* What a publication is made of: the ledger as it stood at the end of a day. Only what was accepted
 * is read; clues, senders of opinions and what was said in talks are in no statement here. */
#ifndef SERVER_STORE_PUBLICATION_SOURCE_H
#define SERVER_STORE_PUBLICATION_SOURCE_H

#include "server/store/publication.h"

/* A day to come, and what falls due on it. */
struct next_day {
    int32_t day;
    const char *kind; /* of an inspection's own date; NULL: milestones of measures */
    const char *note; /* of the date; may be NULL */
    int32_t count;    /* milestones */
};

struct next_day_list {
    struct next_day *items;
    size_t count;
    size_t capacity;
};

extern const struct statement *const publication_source_statements[];

/* Problems of the feedback and their measures as of a day, in official order; until_id: the least
 * id an event after that day can have. At most `limit`. */
MUST_CHECK enum status publication_queue_source(struct db_queue *q, int tenant,
                                                const char *inspection_id, int32_t as_of,
                                                const char *until_id, int32_t limit,
                                                struct subject_list *ret);
/* The nearest days after as_of, up to `days` later: the inspection's own dates, and open milestones
 * as they stood. */
MUST_CHECK enum status publication_queue_next_days(struct db_queue *q, int tenant,
                                                   const char *inspection_id, int32_t as_of,
                                                   int32_t days, struct next_day_list *ret);

#endif
