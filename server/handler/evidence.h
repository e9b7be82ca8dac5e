/* The methods of EvidenceService. */
#ifndef SERVER_HANDLER_EVIDENCE_H
#define SERVER_HANDLER_EVIDENCE_H

#include "server/dispatch/handler.h"

extern const struct handler_table evidence_handler_table;

#endif
