/* The methods of ConsultationService. */
#ifndef SERVER_HANDLER_CONSULTATION_H
#define SERVER_HANDLER_CONSULTATION_H

#include "server/dispatch/handler.h"

extern const struct handler_table consultation_handler_table;

#endif
