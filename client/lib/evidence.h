/* Evidence files (证明材料): upload and download in pieces, resumable, checked by SHA-256.
 *
 * On top of a channel; the same thread rules. Memory: a few pieces, whatever the file's size.
 */
#ifndef CLIENT_LIB_EVIDENCE_H
#define CLIENT_LIB_EVIDENCE_H

#include "client/lib/channel.h"

#include <rectify/v1/evidence.pb-c.h>

/* Told after every piece; may be NULL. */
struct rectify_progress {
    void (*step)(void *user, const char *name, int64_t done, int64_t size);
    void *user;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* A file to send. Borrowed. */
struct rectify_upload {
    const char *path;
    const char *name;         /* what the file is called; NULL: the last part of the path */
    Pb__EvidenceKind kind;    /* UNSPECIFIED: not said */
    const char *effective_on; /* ISO date; NULL: not said */
    struct rectify_progress progress;
    const void *reserved[4]; /* zero; room to grow, see rectify.h */
};

/* Sends the file, going on where an earlier upload of the same content stopped; content the unit
 * already has is not sent again. The record is in the arena. INVALID_ARGUMENT FILE_EMPTY,
 * FILE_KIND, FILE_TOO_LARGE, NAME_TOO_LONG; NOT_FOUND FILE_MISSING; UNAVAILABLE FILE_READ, also
 * when the file changes meanwhile; faults of rectify_call. Blocks. */
MUST_CHECK enum status rectify_evidence_upload(struct rectify_channel *channel, struct arena *a,
                                               const struct rectify_upload *upload,
                                               Pb__Evidence **ret_evidence, struct fault *f);

/* Fetches a file by id and puts it at path, whole or not at all. DATA_LOSS DIGEST_MISMATCH; faults
 * of file.h and rectify_call. Blocks. */
MUST_CHECK enum status rectify_evidence_download(struct rectify_channel *channel, struct arena *a,
                                                 const char *id, const char *path,
                                                 const struct rectify_progress *progress,
                                                 struct fault *f);

#endif
