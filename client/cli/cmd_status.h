/* What the commands of `status` share. */
#ifndef CLIENT_CLI_CMD_STATUS_H
#define CLIENT_CLI_CMD_STATUS_H

#include "client/cli/cli.h"
#include "client/cli/line.h"

#include <rectify/v1/status.pb-c.h>

/* A way to group. */
struct status_group {
    const char *name;
    Pb__StatusGroup group;
    const char *title; /* of the key's column */
};

/* The value of --by, or `standard`. USAGE_BY. */
MUST_CHECK enum status status_group_option(const struct line *line, const char *standard,
                                           const struct status_group **ret, struct fault *f);

/* What a projection (推算) is called beside its day; "" for a day that was. */
const char *status_projected_zh(bool projected);

/* "整改进展总览（范围：全区；2026-11-10 的情况）" */
void status_head_print(struct cli *c, const char *title, const char *scope, const char *as_of,
                       bool projected);

#endif
