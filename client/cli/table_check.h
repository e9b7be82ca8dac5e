/* Looks a filled-in table over before anything is sent, and says what is wrong in the words of the
 * file: line, measure, column. Pure; texts in the arena. */
#ifndef CLIENT_CLI_TABLE_CHECK_H
#define CLIENT_CLI_TABLE_CHECK_H

#include "client/cli/table_file.h"

/* Adds what every row must have and does not: 完成百分比, 整改进展, and 困难问题 beside 求助.
 * RESOURCE_EXHAUSTED. */
MUST_CHECK enum status table_check_filled(struct arena *a, struct table_file *file,
                                          struct fault *f);

/* Adds what does not fit the table as the server has it now: measures that are not in it, ones that
 * are left out, a lower percent without its reason. RESOURCE_EXHAUSTED. */
MUST_CHECK enum status table_check_against(struct arena *a, struct table_file *file,
                                           const Pb__Table *table, struct fault *f);

/* "第 6 行（P-02-M-01）“整改进展”：要写…": one problem as a sentence. */
const char *table_check_text(struct arena *a, const struct table_problem *problem);

/* OK without problems. One: its own reason and sentence; several: INVALID_ARGUMENT TABLE_CELL with
 * their number, for the caller to list them; they are put in the order of the file. */
MUST_CHECK enum status table_check_fault(struct arena *a, const struct table_file *file,
                                         struct fault *f);

/* A server's refusal in the file's words: "rows[0].percent" becomes line, measure and column.
 * Leaves alone what names no row of the file. */
void table_check_explain(struct arena *a, const struct table_file *file, struct fault *f);

#endif
