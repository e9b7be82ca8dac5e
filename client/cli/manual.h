/* Manual pages (roff), made from the command tables and the table of profile keys; the build writes
 * them to files. Text is broken into lines here: man counts a Chinese character as one column and
 * finds no place to break. */
#ifndef CLIENT_CLI_MANUAL_H
#define CLIENT_CLI_MANUAL_H

#include "proto/base/arena.h"

#include <stdio.h>

/* rectify(1). */
void manual_print_program(FILE *out, struct arena *a);

/* rectify.ini(5). */
void manual_print_profile(FILE *out, struct arena *a);

#endif
