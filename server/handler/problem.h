/* The methods of ProblemService. */
#ifndef SERVER_HANDLER_PROBLEM_H
#define SERVER_HANDLER_PROBLEM_H

#include "server/dispatch/handler.h"

extern const struct handler_table problem_handler_table;

#endif
