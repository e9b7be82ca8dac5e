/* What every import of a document does alike: refusing marked files, and answering with warnings
 * that fit. */
#ifndef SERVER_HANDLER_IMPORT_REPLY_H
#define SERVER_HANDLER_IMPORT_REPLY_H

#include "rectify/v1/inspection.pb-c.h"
#include "server/dispatch/handler.h"

/* The document can be read as text and bears no classification mark, neither as it stands nor, for
 * a web page, as people see it. FAILED_PRECONDITION SECRET_MARK; what text_decode refuses. */
MUST_CHECK enum status import_check_document(struct call *call, const void *bytes, size_t size);

/* Warnings as they come, for a reply of `count` of them at most. */
struct import_warnings {
    Pb__ImportWarning **list;
    size_t count; /* in list */
    size_t all;   /* given, left out ones included */
    size_t bytes; /* packed */
    size_t room;  /* a command's reply is kept for replays: the rest is told by the preview */
};

MUST_CHECK enum status import_warnings_init(struct call *call, size_t count,
                                            struct import_warnings *ret);
MUST_CHECK enum status import_warnings_add(struct call *call, struct import_warnings *w,
                                           const char *code, uint32_t line, const char *message);
/* Says how many were left out, if any were. */
MUST_CHECK enum status import_warnings_end(struct call *call, struct import_warnings *w);

#endif
