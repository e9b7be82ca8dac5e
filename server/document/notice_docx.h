/* A publication as a Word document (docx), laid out as GB/T 9704 asks of official documents: title
 * in 方正小标宋 22 pt, centred; headings in 黑体, 楷体 and bold 仿宋, text in 仿宋, 16 pt; 22 lines
 * of 28 characters a page. A briefing is set smaller, so that it fits one page. The package has the
 * three parts it must have and no more. */
#ifndef SERVER_DOCUMENT_NOTICE_DOCX_H
#define SERVER_DOCUMENT_NOTICE_DOCX_H

#include "server/document/notice_text.h"

/* Its bytes live in the arena; the same content gives the same bytes. Labels are those of
 * notice_number. Blocks on nothing but memory. RESOURCE_EXHAUSTED; UNAVAILABLE DOCX_WRITE. */
MUST_CHECK enum status notice_docx_write(const struct notice_text *text, bool briefing,
                                         struct arena *a, unsigned char **ret_bytes,
                                         size_t *ret_size, struct fault *fault);

#endif
