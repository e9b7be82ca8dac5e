/* Publications (通报 and the other projections): what a draft says of the data, what must stay out,
 * who may take which step, and how one is shown. Pure.
 *
 * A text is a list of blocks, one line each, without numbers: numbers follow from the order
 * (server/document/notice_text.h). A draft tells of a measure what was accepted by its day and
 * nothing else; a measure without an accepted narrative gets no paragraph, and its problem waits
 * for the editor. Marks (不公开) are checked against the words too: a sentence of what is held back
 * is found wherever it stands.
 */
#ifndef SERVER_SERVICE_PUBLICATION_H
#define SERVER_SERVICE_PUBLICATION_H

#include "server/service/measure.h"
#include "server/service/status.h"
#include "server/store/matter.h"
#include "server/store/publication_source.h"

#define COMMAND_HOLD_BACK "hold_back"
#define COMMAND_CHECK "check"
#define COMMAND_PUBLISH "publish"
#define STATE_PUBLISHED "PUBLISHED"

enum {
    PUBLICATION_SUBJECTS_MAX = 3000,           /* problems and measures of one publication */
    PUBLICATION_TEXT_BYTES_MAX = 600 << 10,    /* of all blocks, so that a reply holds them */
    PUBLICATION_SUBJECT_BYTES_MAX = 300 << 10, /* of all subjects as a reply shows them */
    PUBLICATION_PARAGRAPH_BYTES = 3000,        /* of a narrative in a draft; longer ones are cut */
    PUBLICATION_NEXT_DAYS = 60,                /* how far ahead a draft looks */
    PUBLICATION_UNITS_MAX = 60,                /* units behind that a draft names */
    PUBLICATION_BRIEFING_LINES = 28,           /* of the one page */
};

/* "整改进展情况通报", …; "" for none. */
const char *publication_kind_zh(Pb__PublicationKind kind);
/* True for the kinds that tell of every problem. */
bool publication_tells_problems(Pb__PublicationKind kind);
/* "涉密风险", …; NULL for a code that is not known (or NULL). */
const char *publication_hold_zh(const char *code);

/* Blocks that are being collected; failed once the arena was exhausted. */
struct block_writer {
    struct arena *a;
    struct block_list list;
    bool failed;
};

/* Adds a block; text (may be NULL: exhausted) and references are kept, not copied. */
Pb__PublicationBlock *block_add(struct block_writer *w, Pb__PublicationBlockKind kind,
                                const char *text, const char *problem_ref, const char *measure_ref);

/* ---- drafts (publication_draft.c) ---- */

/* Outcomes (整改成效) of one kind that were confirmed by the day: "修订制度", "12 项". */
struct publication_outcome {
    const char *zh;
    const char *amount; /* as people write it, with its word */
};

/* Everything a draft is made of. */
struct publication_facts {
    Pb__PublicationKind kind;
    const char *inspection_name;
    int32_t as_of;
    const char *signer; /* NULL: nobody yet */
    const struct status_row *whole;
    const struct status_rows *units;  /* with what is behind in each */
    size_t units_most;                /* so many are named; the rest is counted */
    const struct cause_list *repeats; /* measures by round, extensions by outcome */
    const struct next_day_list *next;
    const struct publication_outcome *outcomes; /* confirmed ones; none: nothing is said */
    size_t outcome_count;
    const struct subject_list *subjects; /* with their marks */
};

/* Makes every text of the subjects one line, as blocks are. False: exhausted. */
bool publication_straighten(struct subject_list *subjects, struct arena *a);

/* The title where none was given; NULL: exhausted. */
const char *publication_title(const struct publication_facts *f, struct arena *a);

/* Writes the draft's blocks into w (whose arena is set). RESOURCE_EXHAUSTED. */
MUST_CHECK enum status publication_draft(const struct publication_facts *f, struct block_writer *w);

/* ---- decisions ---- */

/* A step of the machine; `next` is the record in the new state, its version raised. */
MUST_CHECK enum status publication_step(const struct publication_record *p, const char *command,
                                        const struct actor *actor,
                                        const struct workflow_facts *facts,
                                        struct publication_record *ret_next, struct fault *fault);

/* FAILED_PRECONDITION CORRECTION_OWED: a correction is not withdrawn, the original is already
 * marked as corrected. */
MUST_CHECK enum status publication_may_withdraw(const struct publication_record *p,
                                                struct fault *fault);

/* What keeps a text from being checked: FAILED_PRECONDITION HELD_BACK_INSIDE, TEXT_MISSING,
 * PROBLEM_MISSING, BRIEFING_TOO_LONG, each with where it stands. lines: what a briefing takes on
 * paper. */
MUST_CHECK enum status publication_check(const struct publication_record *p,
                                         const struct block_list *blocks,
                                         const struct subject_list *subjects, int lines,
                                         struct fault *fault);

/* FAILED_PRECONDITION CLUE_INSIDE when the number of a clue (问题线索) stands in the text. */
MUST_CHECK enum status publication_check_clues(const struct block_list *blocks,
                                               const struct clue_list *clues, struct fault *fault);

/* Lays an edited text against the ledger: fills problem_ref and measure_ref (the latter from the
 * text before, and by number where as many paragraphs stand as measures are told). lines: of the
 * file, for the refusals. INVALID_ARGUMENT PROBLEM_UNKNOWN, PROBLEM_TWICE, PROBLEM_ITEM,
 * STATUS_LINE. */
MUST_CHECK enum status publication_match(const struct publication_record *p,
                                         const struct block_list *blocks, const uint32_t *lines,
                                         const struct subject_list *subjects,
                                         const struct block_list *before, struct fault *fault);

/* Marks, or takes marks away: *ret_marked the subjects as they become (version raised), in order.
 * INVALID_ARGUMENT SUBJECT_UNKNOWN, HOLD_CODE. */
MUST_CHECK enum status publication_mark(const struct subject_list *subjects,
                                        const Pb__HoldBackRequest *r, struct arena *a,
                                        struct subject_list *ret_marked, struct fault *fault);

/* The text without what is held back; a problem whose measures are all gone keeps its heading. */
MUST_CHECK enum status publication_without(const struct block_list *blocks,
                                           const struct subject_list *subjects, struct arena *a,
                                           struct block_list *ret);

/* True when the subject, or the problem it belongs to, is held back. */
bool publication_held(const struct subject_list *subjects, const struct publication_subject *s);

/* Every command for this actor; checked: what publication_check said (OK, or its fault). */
size_t publication_options(const struct publication_record *p, const struct actor *actor,
                           const struct fault *checked, struct workflow_option *ret_options);

/* ---- messages; NULL when the arena is exhausted ---- */

Pb__Publication *publication_message(const struct publication_record *p, struct arena *a);
Pb__PublicationSubject *publication_subject_message(const struct publication_subject *s,
                                                    struct arena *a);

#endif
