/* The jobs that let a count and a link leave the system. */
#ifndef SERVER_HANDLER_JOB_OUTSIDE_H
#define SERVER_HANDLER_JOB_OUTSIDE_H

#include "server/dispatch/handler.h"

extern const struct handler_table job_outside_handler_table;

#endif
