/* Pages to be printed from a browser: text as markup takes it. */
#ifndef CLIENT_CLI_PAGE_H
#define CLIENT_CLI_PAGE_H

#include <stddef.h>
#include <stdio.h>

/* Text for a page: nothing in it is markup. NULL is "". */
void page_text(FILE *out, const char *text);

/* The first digits of a hash in groups of four, so that they can be read and typed. */
void page_groups(FILE *out, const char *hash, size_t digits);

#endif
