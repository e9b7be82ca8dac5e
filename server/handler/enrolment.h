/* Enrolling a machine with a one-time code: what EnrolMachine and Onboard share. */
#ifndef SERVER_HANDLER_ENROLMENT_H
#define SERVER_HANDLER_ENROLMENT_H

#include "server/dispatch/handler.h"
#include "server/store/account.h"

/* What the caller brought, and what was read. */
struct enrolment {
    const char *code_text;
    ProtobufCBinaryData public_key;
    const char *label;
    unsigned char code_sha256[SECRET_HASH_BYTES];
    struct enrol_code_record code;
    struct machine_record machine; /* of the same key, when there is one */
    bool fresh;                    /* decided: a new machine */
};

/* Checks the form of the first three fields and queues the reads. */
MUST_CHECK enum status enrolment_load(struct call *call, struct db_queue *q, struct enrolment *e);

/* The call is signed by the key it brings; the code opens this machine, or has opened it before.
 * Fills machine and fresh; a change is the caller's to add. */
MUST_CHECK enum status enrolment_decide(struct call *call, struct enrolment *e);

/* A fresh machine and its used code. */
MUST_CHECK enum status enrolment_effects(struct call *call, struct db_queue *q,
                                         const struct enrolment *e);

#endif
