#include "client/cli/pieces.h"

#include <rectify/v1/table.pb-c.h>
#include <string.h>

enum status
pieces_write(struct cli *c, const char *method, const ProtobufCMessage *request, int64_t *offset,
             FILE *out, struct fault *f)
{
    bool more = true;
    *offset = 0;
    while (more) {
        ProtobufCMessage *message = NULL;
        enum status status = cli_query(c, method, request, &message, f);
        if (status != STATUS_OK) {
            return status;
        }
        const Pb__SummaryFile *piece = (const Pb__SummaryFile *)message;
        (void)fwrite(piece->data.data, 1, piece->data.len, out);
        more = piece->has_next && piece->next > *offset;
        *offset = piece->next;
    }
    return STATUS_OK;
}

bool
ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}
