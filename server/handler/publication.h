/* The methods of PublicationService, and what their files share. */
#ifndef SERVER_HANDLER_PUBLICATION_H
#define SERVER_HANDLER_PUBLICATION_H

#include "server/dispatch/handler.h"
#include "server/service/publication.h"
#include "server/store/inspection_part.h"
#include "server/store/plan.h"

extern const struct handler_table publication_handler_table;

enum { PUBLICATION_REASON_BYTES = 1024 };

/* A publication with its text, as most methods read it. */
struct publication_call {
    struct publication_list found;
    const struct publication_record *before;
    struct block_list blocks;
    struct subject_list subjects;
    struct clue_list clues; /* of the inspection: their numbers must not stand in the text */
    struct history_list history;
    /* what a command makes */
    struct publication_record next;
    struct block_list content;  /* new text; count 0: none */
    struct subject_list marked; /* subjects that change */
    int32_t next_no;            /* of a correction */
    struct publication_record made;
    const char *approval_id; /* of an approval */
    const char *opinion;
    struct inspection_record inspection; /* of a notice that is published, with its dates */
    struct inspection_date_list dates;
    struct inspection_date held; /* the day of it; kind NULL: none to write */
};

/* Round 0: the publication by reference, locked for a command. Round 1: its text and subjects. */
int publication_load(struct call *call, struct db_queue *q, const char *ref, bool lock);
/* The one found; NOT_FOUND PUBLICATION_UNKNOWN. */
MUST_CHECK enum status publication_pick(struct call *call, struct publication_call *c,
                                        const char *ref);
/* Fills p->sha256 with the hash of its text: publication_sha256() of the database says the same. */
MUST_CHECK enum status publication_hash(struct call *call, struct publication_record *p,
                                        const struct block_list *blocks);
/* What publication_check says of the text as it stands. */
MUST_CHECK enum status publication_judge(const struct publication_call *c, struct fault *fault);
/* Adds the change to the event: the record, with the blocks and subjects that are new (may be
 * NULL).
 */
MUST_CHECK enum status
publication_record_change(struct call *call, const struct publication_record *before,
                          const struct publication_record *next, const char *command,
                          const struct block_list *blocks, const struct subject_list *subjects);
/* Answers with a publication. */
MUST_CHECK enum status publication_answer(struct call *call, const struct publication_record *p);

/* publication_create.c */
void create_publication_subjects(const struct call *call, struct subject_set *set);
int create_publication_load(struct call *call, struct db_queue *q);
enum status create_publication_decide(struct call *call);
enum status create_publication_effects(struct call *call, struct db_queue *q);

/* publication_write.c: the text changes */
void edit_publication_subjects(const struct call *call, struct subject_set *set);
int edit_publication_load(struct call *call, struct db_queue *q);
enum status edit_publication_decide(struct call *call);
void hold_back_subjects(const struct call *call, struct subject_set *set);
int hold_back_load(struct call *call, struct db_queue *q);
enum status hold_back_decide(struct call *call);
void correct_publication_subjects(const struct call *call, struct subject_set *set);
int correct_publication_load(struct call *call, struct db_queue *q);
enum status correct_publication_decide(struct call *call);
enum status correct_publication_effects(struct call *call, struct db_queue *q);
enum status publication_effects(struct call *call, struct db_queue *q);

/* publication_act.c: the state changes */
void check_publication_subjects(const struct call *call, struct subject_set *set);
int check_publication_load(struct call *call, struct db_queue *q);
enum status check_publication_decide(struct call *call);
void end_publication_subjects(const struct call *call, struct subject_set *set);
int end_publication_load(struct call *call, struct db_queue *q);
enum status return_publication_decide(struct call *call);
enum status withdraw_publication_decide(struct call *call);
void approve_publication_subjects(const struct call *call, struct subject_set *set);
int approve_publication_load(struct call *call, struct db_queue *q);
enum status approve_publication_decide(struct call *call);
void publish_publication_subjects(const struct call *call, struct subject_set *set);
int publish_publication_load(struct call *call, struct db_queue *q);
enum status publish_publication_decide(struct call *call);

#endif
