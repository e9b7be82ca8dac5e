/* Shell completion, made from the command tables: a script for bash that asks no program while
 * people type. */
#ifndef CLIENT_CLI_COMPLETION_H
#define CLIENT_CLI_COMPLETION_H

#include "proto/base/arena.h"
#include "proto/base/fault.h"

#include <stdio.h>

/* Prints the script. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status completion_print_bash(FILE *out, struct arena *a, struct fault *f);

#endif
