/* 《自查汇总表》 as a workbook (xlsx) to print: all units' rows on one sheet, who is missing on the
 * next. Rows have their heights set, since a reader that measures fonts otherwise shows one line.
 */
#ifndef SERVER_DOCUMENT_SUMMARY_BOOK_H
#define SERVER_DOCUMENT_SUMMARY_BOOK_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/table.pb-c.h"

#include <stddef.h>

/* Writes the workbook; its bytes live in the arena. The same content gives the same bytes. Blocks
 * on a file in memory. RESOURCE_EXHAUSTED; UNAVAILABLE BOOK_WRITE. */
MUST_CHECK enum status summary_book_write(const Pb__GetSummaryReply *summary, struct arena *a,
                                          unsigned char **ret_bytes, size_t *ret_size,
                                          struct fault *fault);

#endif
