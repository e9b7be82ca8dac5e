/* History checker: what clients put and were told, held against what the server has.
 *
 * While faults are played, each client appends to a history file of its own, one line a step:
 *     will KEY METHOD SHA256 THING   it is about to put this command ("-": not said)
 *     put KEY                        it is kept (rectify_outbox_put returned OK), or was sent
 *     unknown KEY                    its outcome is not known
 *     received KEY RECEIPT EVENT LEAF    acknowledged; "-" where the client does not know it
 *     refused KEY REASON             for good
 *     dropped KEY                    given up by a person before it was sent
 *     alert ACCOUNT SEQ ID           shown to its person
 * A line is one write(2), so that a killed client leaves whole lines. At the end the files are read
 * and judged against the log and the tables, read by a superuser.
 *
 * Judging is pure. Whatever goes wrong in reading ends the program with a message. Single thread,
 * but for history_note.
 */
#ifndef TESTS_SUPPORT_HISTORY_H
#define TESTS_SUPPORT_HISTORY_H

#include "proto/base/uuid7.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { HISTORY_SHA_SIZE = 65, HISTORY_WORD_SIZE = 97 };

/* ---- what clients say ---- */

/* Opens a history for appending; -1 never: a failure ends the program. */
int history_open(const char *path);

/* Appends one line (without its newline). Any thread. */
void history_note(int fd, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A command some client was about to put. */
struct history_item {
    char key[UUID_TEXT_SIZE];
    char method[HISTORY_WORD_SIZE];
    char payload[HISTORY_SHA_SIZE];
    char thing[HISTORY_WORD_SIZE];
    unsigned file; /* whose history */
    size_t place;  /* in it */
    bool put;      /* false: killed before it knew */
    bool received, refused, dropped;
};

enum history_told_kind { HISTORY_RECEIVED, HISTORY_REFUSED, HISTORY_UNKNOWN, HISTORY_DROPPED };

struct history_told {
    enum history_told_kind kind;
    char key[UUID_TEXT_SIZE];
    char receipt[HISTORY_WORD_SIZE]; /* or the refusal's reason */
    char event[UUID_TEXT_SIZE];
    char leaf[HISTORY_SHA_SIZE];
};

struct history_shown {
    char account[HISTORY_WORD_SIZE];
    int64_t seq;
    char id[UUID_TEXT_SIZE];
};

struct history {
    struct history_item *items;
    size_t item_count;
    struct history_told *told;
    size_t told_count;
    struct history_shown *shown;
    size_t shown_count;
    unsigned files;
};

/* Adds one client's file. */
void history_load(struct history *h, const char *path);

/* ---- what the server has ---- */

struct history_event {
    char id[UUID_TEXT_SIZE];
    char key[UUID_TEXT_SIZE];
    char method[HISTORY_WORD_SIZE];
    char payload[HISTORY_SHA_SIZE];
    char leaf[HISTORY_SHA_SIZE];
    char receipt[HISTORY_WORD_SIZE]; /* of the stored answer */
    bool leaf_holds; /* the leaf is the hash of the body, and columns say the same */
};

struct history_version {
    char thing[UUID_TEXT_SIZE]; /* a measure */
    int64_t version;
    char event[UUID_TEXT_SIZE];
};

struct history_log {
    struct history_event *events;
    size_t event_count;
    struct history_version *versions;
    size_t version_count;
    struct history_shown *delivered; /* alerts that stand in somebody's inbox */
    size_t delivered_count;
};

/* Remembers which events are there before the clients begin: those are nobody's business. */
void history_mark(const char *conninfo);

/* Reads the events behind the mark (all without one), versions and alerts. */
void history_log_load(const char *conninfo, struct history_log *ret_log);

/* ---- the judgement ---- */

enum history_flaw {
    HISTORY_LOST,         /* told received, and there is no event */
    HISTORY_DOUBLED,      /* more than one event of a key */
    HISTORY_ALTERED,      /* the event is not what was put, or not what the receipt said */
    HISTORY_OPEN,         /* put, and never told a final word */
    HISTORY_REFUSED_DONE, /* told refused or dropped, and done all the same */
    HISTORY_NOBODYS,      /* an event that no client put */
    HISTORY_GAP,          /* the versions of a measure have a gap */
    HISTORY_ORDER,        /* a client's commands on a thing, not in the order it put them */
    HISTORY_CONTRADICTED, /* told two different things; one receipt for two commands */
    HISTORY_ALERT_LOST,   /* in the inbox, never shown (for accounts that showed any) */
    HISTORY_ALERT_TWICE,  /* shown twice */
    HISTORY_ALERT_OTHER,  /* shown with another id than the inbox has, or not in it at all */
    HISTORY_FLAWS
};

extern const char *const history_flaw_names[HISTORY_FLAWS];

struct history_verdict {
    size_t flaws[HISTORY_FLAWS];
    size_t put, received, refused; /* commands, for the report */
};

/* Judges; each flaw's first few cases are printed to out (NULL: none). Sorts both. */
void history_judge(struct history *h, struct history_log *log, FILE *out,
                   struct history_verdict *ret_verdict);

/* True when there is no flaw. */
bool history_is_sound(const struct history_verdict *v);

/* "put 12, received 11, refused 1; no flaw", or the flaws. One line. */
void history_print(const struct history_verdict *v, FILE *out);

void history_clear(struct history *h);
void history_log_clear(struct history_log *log);

#endif
