/* Outline: reads the official outline of a rectification notice (整改进展情况通报).
 *
 *     二、整改落实情况          the section of findings
 *     (一)…有差距               an item
 *     1.关于“…”问题的整改       a problem
 *     一是…                     a measure
 *
 * Characters are folded (NFKC, half and full width, ⒈⑴①) for recognition only; titles and texts
 * are the original. Rules, in the order they are applied, stand at the top of outline.c.
 *
 * Contract: a title is what stands between the quotation marks of 关于“…”问题的整改, without them
 * the heading after its number. A measure's text is its paragraph with the marker kept.
 * Hard-wrapped lines join without a separator. Measures run into one paragraph are split before
 * each marker; joined they equal the paragraph: whatever stands before the first marker
 * (整改情况：, a leading sentence) stays with the first measure. Problems without an item stand
 * under an item with no 0; measures of an item that has no problem stand under a problem with no 0
 * that has the item's title. Lines such as 整改状态：已完成 are notes of the problem, not measures.
 * Gaps, duplicates and restarts of numbers are warnings. A document without such an outline gives
 * no items and a warning NO_OUTLINE that says why. It never guesses from a speech or a list of
 * principles.
 *
 * Linear in the input, no recursion; bounded by the arena. Pure; any thread.
 */
#ifndef SERVER_DOCUMENT_OUTLINE_H
#define SERVER_DOCUMENT_OUTLINE_H

#include "server/document/text.h"

struct outline_measure {
    uint32_t no;        /* position under its problem, from 1 */
    uint32_t marker_no; /* the number its marker says (一是: 1), 0 without a marker */
    const char *text;
    uint32_t label_bytes; /* of text: a leading label such as 整改情况： (to hide it), or 0 */
    uint32_t line;        /* where its paragraph begins */
    uint32_t paragraph;   /* measures split from one paragraph share this number */
    const char *part;     /* heading of the sub-problem ("(1)关于…") it stands under, or "" */
};

/* A line that belongs to a problem and is no measure: 整改状态, 责任单位, 完成时限, 整改成效 … */
struct outline_note {
    const char *label; /* "整改状态" */
    const char *value; /* "已完成并长期坚持" */
    uint32_t line;
};

struct outline_problem {
    uint32_t no; /* as numbered in the document; 0: none */
    const char *title;
    const char *heading; /* the whole heading with its number */
    const char *status;  /* value of the 整改状态 line, or "" */
    uint32_t line;
    struct outline_measure *measures;
    size_t measure_count;
    struct outline_note *notes;
    size_t note_count;
    size_t measure_capacity; /* used while reading */
    size_t note_capacity;
};

struct outline_item {
    uint32_t no; /* as numbered in the document; 0: problems without an item */
    const char *title;
    uint32_t line;
    struct outline_problem *problems;
    size_t problem_count;
    size_t problem_capacity;
};

/* Codes: NO_OUTLINE, ITEM_GAP, ITEM_DUPLICATE, ITEM_RESTART, PROBLEM_GAP, PROBLEM_DUPLICATE,
 * PROBLEM_RESTART, MEASURE_GAP, MEASURE_DUPLICATE, MEASURE_RESTART, ITEM_WITHOUT_PROBLEM,
 * PROBLEM_WITHOUT_ITEM, PROBLEM_WITHOUT_MEASURE, MEASURE_WITHOUT_PROBLEM, NUMBER_MISSING,
 * TITLE_UNCLOSED, TEXT_SKIPPED, TEXT_TOO_LONG, SUBHEADING. */
struct outline_warning {
    const char *code;
    uint32_t line; /* 0: the whole document */
    const char *message;
};

struct outline {
    struct outline_item *items;
    size_t item_count;
    size_t problem_count; /* of all items */
    size_t measure_count; /* of all problems */
    struct outline_warning *warnings;
    size_t warning_count;
    size_t item_capacity;
    size_t warning_capacity;
};

/* Reads lines into ret_outline; everything lives in the arena. A document without an outline is
 * STATUS_OK with item_count 0 and a warning. Errors: OUTLINE_NO_MEMORY (arena exhausted: an
 * ordinary notice takes five times its bytes, one of tiny lines forty times), OUTLINE_TOO_LARGE
 * (more than LIMIT_IMPORT_MEASURES measures). */
MUST_CHECK enum status outline_read(struct arena *arena, const struct text_lines *lines,
                                    struct outline *ret_outline, struct fault *fault);

/* text_read_lines and outline_read in one step, for the bytes of a file. */
MUST_CHECK enum status outline_read_bytes(struct arena *arena, const void *bytes, size_t size,
                                          struct outline *ret_outline, struct fault *fault);

#endif
