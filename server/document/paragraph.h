/* Paragraph: lines joined to the paragraphs they were broken from, each told what it begins with.
 * Rules stand at the top of paragraph.c. Private to server/document.
 */
#ifndef SERVER_DOCUMENT_PARAGRAPH_H
#define SERVER_DOCUMENT_PARAGRAPH_H

#include "server/document/marker.h"
#include "server/document/text.h"

struct paragraph {
    const char *text; /* the original, joined without a separator */
    uint32_t bytes;
    uint32_t line;
    enum mark mark;
    uint32_t no;
    enum heading_kind heading;
    enum label label;
    bool label_alone; /* nothing behind the label */
    bool defect;      /* the heading names a shortcoming */
    bool lead;        /* no heading, but its first sentence is a shortcoming */
    bool about;       /* begins with 关于 or 针对 */
    bool aspect;      /* 关于“…”方面, not 问题 */
    bool rectify;     /* says 整改 */
    bool named;       /* 反馈问题：… behind its number */
    bool unclosed;    /* 关于“ without its closing mark */
    bool colon;       /* ends with a colon */
    bool closing;     /* ends the findings */
    uint32_t rest;    /* byte behind the marker */
    uint32_t title_from, title_to;
    uint32_t body; /* byte where text behind the heading begins */
    uint32_t label_from, label_to, value;
};

struct paragraphs {
    struct paragraph *list;
    size_t count;
    size_t capacity;
    struct fold fold; /* room for the longest paragraph */
};

/* Joins lines. False when the arena is exhausted. */
bool paragraphs_read(struct arena *arena, const struct text_lines *lines,
                     struct paragraphs *ret_paragraphs);

#endif
