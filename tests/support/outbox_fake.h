/* A small server for tests of the outbox: measures and tables with versions, idempotency keys,
 * evidence by content, and a script that may let a call fail. */
#ifndef TESTS_SUPPORT_OUTBOX_FAKE_H
#define TESTS_SUPPORT_OUTBOX_FAKE_H

#include "client/lib/channel.h"
#include "client/lib/profile.h"
#include "proto/base/status.h"

#include <rectify/v1/operation.pb-c.h>

/* What the script makes of a call. */
enum fake_turn {
    FAKE_ANSWER = 0,
    FAKE_SILENT,      /* no answer, nothing done */
    FAKE_DONE_SILENT, /* done, and no answer */
    FAKE_REFUSE,      /* with code and reason */
    FAKE_GARBLED      /* done, and an answer that cannot be read */
};

struct fake_script {
    /* n: calls of that method so far, from 0. NULL: all are answered. */
    enum fake_turn (*turn)(const char *method, const char *key, unsigned n);
    enum status code;
    const char *reason;
    Pb__OperationVerdict verdict; /* of GetOperation */
    int64_t clock_offset_ms;      /* the server's clock is ahead of the machine's */
};

enum { FAKE_LOG = 4096, FAKE_TEXT = 96 };

/* A command that was carried out. */
struct fake_done {
    char method[FAKE_TEXT];
    char key[UUID_TEXT_SIZE];
    char about[FAKE_TEXT];  /* its first thing */
    char behalf[FAKE_TEXT]; /* "" : none */
    int64_t queued_at_ms;
    int64_t expected_version; /* -1: none */
    char evidence[UUID_TEXT_SIZE];
};

struct fake_server;

/* Starts on a free port; makes a profile with enrolment and session in a new folder. */
struct fake_server *fake_start(void);
void fake_free(struct fake_server *s);

/* Stops listening, and listens again on the same port. */
void fake_down(struct fake_server *s);
void fake_up(struct fake_server *s);

void fake_script_set(struct fake_server *s, const struct fake_script *script);
const struct rectify_profile *fake_profile(const struct fake_server *s);
const char *fake_state_folder(const struct fake_server *s);
struct rectify_channel *fake_channel(struct fake_server *s, uint32_t deadline_ms);

/* What was carried out: how many, and the index-th. */
unsigned fake_done_count(struct fake_server *s);
struct fake_done fake_done_at(struct fake_server *s, unsigned index);

/* Calls that came, of a method (its last part), answered or not. */
unsigned fake_calls(struct fake_server *s, const char *method);

/* A file that was uploaded: by its SHA-256, its name, and its id; false: none. */
bool fake_evidence(struct fake_server *s, const char *sha256, char ret_name[FAKE_TEXT],
                   char ret_id[UUID_TEXT_SIZE]);

/* Somebody else changes a thing. */
void fake_bump(struct fake_server *s, const char *ref);
int64_t fake_version(struct fake_server *s, const char *ref);

/* Restores it to an earlier point: forgets commands from the index-th on, and all evidence that
 * came since. */
void fake_restore(struct fake_server *s, unsigned keep);

#endif
