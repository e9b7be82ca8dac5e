/* EvidenceService/FinishUpload: the content is read once, hashed, scanned, and kept or thrown away.
 */
#ifndef SERVER_HANDLER_EVIDENCE_FINISH_H
#define SERVER_HANDLER_EVIDENCE_FINISH_H

#include "server/dispatch/handler.h"
#include "server/store/evidence.h"

void finish_subjects(const struct call *call, struct subject_set *set);
int finish_load(struct call *call, struct db_queue *q);
enum status finish_decide(struct call *call);
enum status finish_effects(struct call *call, struct db_queue *q);

/* The upload was found and is the acting unit's; else NOT_FOUND UPLOAD_UNKNOWN. */
MUST_CHECK enum status upload_check_own(struct call *call, const struct upload_record *u,
                                        const char *asked);

#endif
