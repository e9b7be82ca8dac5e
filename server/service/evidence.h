/* Evidence: what may be uploaded, and what attaching files makes of a measure's proof. Pure. */
#ifndef SERVER_SERVICE_EVIDENCE_H
#define SERVER_SERVICE_EVIDENCE_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"
#include "rectify/v1/evidence.pb-c.h"
#include "server/service/measure.h"
#include "server/store/evidence.h"

/* Files of a request on a measure, and the proof of its present round with them. */
struct evidence_attachment {
    char **ids; /* the request's own */
    size_t count;
    uint32_t evidence_count;
    uint32_t evidence_strong; /* more than "a document was issued" */
};

/* Checks that each of attachment->ids is a file of the acting unit (files: those that were found),
 * and fills its counts. NOT_FOUND EVIDENCE_UNKNOWN also for another unit's file; `field` names the
 * request's list. */
struct evidence_shelf {
    const struct evidence_list *files;
    const struct evidence_link_list *links; /* of the measure; others may be among them */
    const char *org_id;                     /* acted from or for */
};
MUST_CHECK enum status evidence_attach(const struct measure_record *m,
                                       const struct evidence_shelf *shelf, const char *field,
                                       struct evidence_attachment *attachment, struct fault *fault);

/* A file announced: name without path, size in bounds, digest well formed. */
MUST_CHECK enum status evidence_check_begin(const Pb__BeginUploadRequest *request,
                                            unsigned char ret_sha256[SHA256_BYTES],
                                            struct fault *fault);

/* A piece: at exactly the next offset, full unless it is the last. OUT_OF_RANGE OFFSET carries the
 * expected offset as current version. */
MUST_CHECK enum status evidence_check_chunk(const struct upload_record *u, int64_t offset,
                                            size_t size, struct fault *fault);

/* The message of a record; NULL when the arena is exhausted. */
Pb__Evidence *evidence_message(const struct evidence_record *e, struct arena *a);

#endif
