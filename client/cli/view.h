/* Views: the messages people look at most, as grids and lines. Shared by the command handlers. */
#ifndef CLIENT_CLI_VIEW_H
#define CLIENT_CLI_VIEW_H

#include "client/cli/cli.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/alert.pb-c.h>
#include <rectify/v1/matter.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/outcome.pb-c.h>
#include <rectify/v1/publication.pb-c.h>
#include <rectify/v1/table.pb-c.h>

/* Measures, problems, tables, alerts: one row each. */
MUST_CHECK enum status view_measures(struct cli *c, Pb__Measure *const *measures, size_t n,
                                     struct fault *f);
MUST_CHECK enum status view_problems(struct cli *c, Pb__Problem *const *problems, size_t n,
                                     struct fault *f);
MUST_CHECK enum status view_tables(struct cli *c, Pb__Table *const *tables, size_t n,
                                   struct fault *f);
MUST_CHECK enum status view_alerts(struct cli *c, Pb__Alert *const *alerts, size_t n,
                                   struct fault *f);

/* Matters: one row each (cmd_matter_view.c). */
MUST_CHECK enum status view_matters(struct cli *c, Pb__Matter *const *matters, size_t n,
                                    struct fault *f);

/* Outcomes: one row each (cmd_outcome.c). */
MUST_CHECK enum status view_outcomes(struct cli *c, Pb__Outcome *const *outcomes, size_t n,
                                     struct fault *f);

/* Publications: one row each (cmd_publication.c). */
MUST_CHECK enum status view_publications(struct cli *c, Pb__Publication *const *publications,
                                         size_t n, struct fault *f);

/* The rows of a month's table. */
MUST_CHECK enum status view_table_rows(struct cli *c, const Pb__Table *table, struct fault *f);

/* "标题：值" on a line of its own; nothing for NULL or "". Line breaks are kept and indented. */
void view_field(struct cli *c, const char *title, const char *value);

/* "还剩 3 天", "今天到期", "超期 2 天"; "" without a date. In the arena. */
const char *view_days(struct cli *c, bool has, int32_t days_left);

/* Done, replaced or cancelled: no light and no days any more. */
bool view_closed(const Pb__Measure *m);

/* The light with its days: "临期，还剩 3 天", "超期 2 天"; in the arena. */
const char *view_light(struct cli *c, Pb__Light light, bool has, int32_t days_left);

/* Asks a method AllowedCommands and prints what may be given now; with --all also what may not, and
 * why. */
MUST_CHECK enum status view_allowed(struct cli *c, const struct line *line, const char *method,
                                    const ProtobufCMessage *request, struct fault *f);

/* Who the caller is; asked once a run at most by those who need it. */
MUST_CHECK enum status view_whoami(struct cli *c, const Pb__WhoAmIReply **ret_who, struct fault *f);

/* Does any seat have the role? */
bool view_has_role(const Pb__WhoAmIReply *who, const char *role);

/* Is the org one of the caller's seats, or the one named by --for? */
bool view_owns(const struct cli *c, const Pb__WhoAmIReply *who, const char *org);

#endif
