/* A body's opinions as a CSV file: exported for a spreadsheet, read back after they are filled in.
 *
 * A header row, then a row a problem: 会审, 问题编号, 题目, 牵头单位, 措施, 意见, for each of the
 * five criteria its conclusion and its reason, 补充意见, 记录指纹. Columns are found by their
 * titles. No input or output but the FILE given.
 */
#ifndef CLIENT_CLI_SITTING_FILE_H
#define CLIENT_CLI_SITTING_FILE_H

#include "client/cli/csv.h"

#include <rectify/v1/sitting.pb-c.h>
#include <stdbool.h>

enum { SITTING_CRITERIA = 5 };

/* "计划任务完成", … for 0 to 4. */
const char *sitting_criterion(int index);

/* An opinion with five criteria met, each for this reason; NULL when the arena is full. */
Pb__SittingVerdict *sitting_verdict_make(struct arena *a, const char *problem_ref,
                                         const char *record, const char *reason);

/* Turns it into a refusal: the criteria of `numbers` ("3", "3,5"; NULL: the third) are not met, for
 * this reason. False when a number is none of 1 to 5. */
bool sitting_verdict_refuse(struct arena *a, Pb__SittingVerdict *v, const char *numbers,
                            const char *reason);

/* Writes the rows, after csv_begin; all: also those on which the caller's body gave its opinion
 * already. Returns how many. Look at ferror afterwards. */
size_t sitting_file_write(struct arena *a, FILE *out, const Pb__GetSittingReply *sitting, bool all);

/* Reads opinions; rows whose 意见 is empty are left out. INVALID_ARGUMENT TABLE_COLUMN, TABLE_CELL
 * (it names line, problem and column), TABLE_EMPTY. lines: of each opinion, in the file. */
struct sitting_file {
    const char *sitting; /* reference, as the first row says it */
    Pb__SittingVerdict **rows;
    unsigned *lines;
    size_t count;
};
MUST_CHECK enum status sitting_file_read(struct arena *a, const struct csv *csv,
                                         struct sitting_file *ret_file, struct fault *f);

#endif
