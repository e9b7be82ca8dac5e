/* The words of alerts: whole Chinese sentences that say what, by when, and what to do. Pure. */
#ifndef SERVER_SERVICE_ALERT_TEXT_H
#define SERVER_SERVICE_ALERT_TEXT_H

#include "proto/base/arena.h"
#include "server/base/ladder.h"
#include "server/store/watch.h"

/* All in the arena; NULL when it is full. */
char *alert_measure_text(struct arena *a, const struct watch_record *w,
                         const struct ladder_input *in, enum ladder_trigger trigger);
char *alert_table_text(struct arena *a, const struct owed_record *t, const struct due_side *side);
char *alert_matter_text(struct arena *a, const struct owed_matter *m,
                        const struct ladder_input *in);

/* "OVERDUE", "TABLE_MISSING": what an alert says set it off. Static. */
const char *alert_trigger_name(const struct ladder_input *in, enum ladder_trigger trigger);

/* "督办单" for "notice". Static; the kind itself when it has none. */
const char *alert_matter_zh(const char *kind);

#endif
