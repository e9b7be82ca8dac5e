/* Files the server makes and sends in pieces (workbooks). */
#ifndef CLIENT_CLI_PIECES_H
#define CLIENT_CLI_PIECES_H

#include "client/cli/cli.h"

/* Asks the method for piece after piece, *offset of the request counting on, and writes them to out
 * (whose errors the caller looks at). The request says that it has an offset. */
MUST_CHECK enum status pieces_write(struct cli *c, const char *method,
                                    const ProtobufCMessage *request, int64_t *offset, FILE *out,
                                    struct fault *f);

/* Does the text end so? */
bool ends_with(const char *text, const char *end);

#endif
