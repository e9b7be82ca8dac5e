/* The statements of the outbox's database; their texts stand in outbox_store.c. For outbox_store*.c
 * alone. */
#ifndef CLIENT_LIB_OUTBOX_SQL_H
#define CLIENT_LIB_OUTBOX_SQL_H

#include "client/lib/outbox_impl.h"

enum outbox_sql {
    SQL_CAPTURE,
    SQL_FILE_KNOWN,
    SQL_FILE_BIND,
    SQL_FILES,
    SQL_FILE_SENT,
    SQL_FILES_FORGET,
    SQL_CONTENT_NAMED,
    SQL_FILES_UNNAMED,
    SQL_PUT,
    SQL_THING,
    SQL_ITEM,
    SQL_NUMBER,
    SQL_LIST,
    SQL_COUNTS,
    SQL_REQUEST,
    SQL_ANSWER,
    SQL_RETRY,
    SQL_DROP,
    SQL_REOFFER,
    SQL_REOFFER_SENT,
    SQL_TIDY,
    SQL_NEXT,
    SQL_NEXT_GUARDED,
    SQL_SENT,
    SQL_UNSENT,
    SQL_FAILED,
    SQL_REFUSED,
    SQL_RECEIVED,
    SQL_MADE,
    SQL_MADE_NEXT,
    SQL_TOLD,
    SQL_TOLD_ALL,
    SQL_TOUCHED,
    SQL_EVENT_KNOWN,
    SQL_UNJUDGED,
    SQL_VERDICT,
    SQL_VERDICT_KNOWN,
    SQL_COUNT
};

struct outbox_rows {
    void *entries;
    size_t count;
};

/* What SQLite's code means to the caller; a damaged file is moved aside. */
enum status outbox_store_fault(struct rectify_outbox *outbox, int code, struct fault *f);

/* Runs a bound statement without rows. *ret_changed, when not NULL: did it change a row? */
MUST_CHECK enum status outbox_sql_run(struct rectify_outbox *outbox, sqlite3_stmt *s,
                                      bool *ret_changed, struct fault *f);

/* The next row, or *ret_row false at the end (the statement is reset then). */
MUST_CHECK enum status outbox_sql_row(struct rectify_outbox *outbox, sqlite3_stmt *s, bool *ret_row,
                                      struct fault *f);

/* How one row becomes one entry of a list; size: of an entry. */
struct outbox_shape {
    size_t size;
    enum status (*read)(struct arena *a, sqlite3_stmt *s, void *ret_entry, struct fault *f);
};

/* All rows of a bound statement as a list in the arena. */
MUST_CHECK enum status outbox_sql_list(struct rectify_outbox *outbox, struct arena *a,
                                       sqlite3_stmt *s, const struct outbox_shape *shape,
                                       struct outbox_rows *ret_rows, struct fault *f);

/* Is there such a row? */
MUST_CHECK enum status outbox_sql_there(struct rectify_outbox *outbox, sqlite3_stmt *s,
                                        bool *ret_there, struct fault *f);

#endif
