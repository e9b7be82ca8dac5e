/* Section: which parts of a notice hold findings, and at which level its problems and items stand.
 * Private to server/document.
 */
#ifndef SERVER_DOCUMENT_SECTION_H
#define SERVER_DOCUMENT_SECTION_H

#include "server/document/paragraph.h"

struct section {
    size_t from, to;     /* paragraphs [from, to), the chapter heading excluded */
    size_t chapter;      /* paragraph of its heading, SIZE_MAX before the first chapter */
    bool findings;       /* to be read */
    bool skipped_strong; /* not read although it holds 关于“…”问题 headings */
    bool sure;           /* its title says that rectification is told here */
    bool likely;         /* the document's title says so, and nothing against it */
    bool ahead;          /* about what comes next */
    bool strong;         /* problems are headed 关于…问题 */
    enum mark problem;   /* level of problems */
    enum mark item;      /* level of items, MARK_NONE: none */
};

enum genre {
    GENRE_NONE,
    GENRE_NOTICE, /* titled …整改情况的通报 */
    GENRE_OTHER,  /* a speech, a plan, an examination of oneself */
};

struct sections {
    struct section *list;
    size_t count;
    enum genre genre;
    bool rectify;                         /* the word 整改 occurs at all */
    size_t chapters, items, dots, strong; /* what the document holds, for explanations */
};

/* Divides paragraphs. False when the arena is exhausted. Uses ps->fold. */
bool sections_find(struct arena *arena, struct paragraphs *ps, struct sections *ret_sections);

#endif
