/* The month's table 《整改工作推进情况自查汇总表》 as a CSV file: written for a spreadsheet, read
 * back after people have filled it in.
 *
 * Layout: a title row; a row 单位 · 期次 · 报送截止; a row 表号 · 表版本; a row 填写说明; the
 * header (TABLE_FILE_COLUMNS); a row a measure. Columns are found by their titles and may be moved;
 * unknown ones are ignored. No input or output but the FILE given, unless it says so.
 */
#ifndef CLIENT_CLI_TABLE_FILE_H
#define CLIENT_CLI_TABLE_FILE_H

#include "client/cli/csv.h"

#include <rectify/v1/table.pb-c.h>
#include <stdbool.h>
#include <stdint.h>

/* A file named in 证明材料. */
struct table_file_attachment {
    size_t row;       /* index into rows */
    const char *path; /* joined to the table file's folder */
    Pb__EvidenceKind kind;
};

/* A cell that must be mended, or a row as a whole (column NULL). */
struct table_problem {
    const char *reason; /* stable, "TABLE_CELL" */
    unsigned line;      /* of the file; 0: a row that is not in it */
    const char *ref;    /* "" when the row has none */
    const char *column; /* title, or NULL */
    const char *text;   /* what is wrong, what to do: whole sentences */
};

/* What was read; everything in the arena. */
struct table_file {
    const char *id; /* 表号; NULL when the file does not say */
    bool has_version;
    int64_t version;     /* 表版本 */
    size_t count;        /* rows to submit: accepted ones are left out */
    Pb__TableRow **rows; /* evidence holds the ids named as 编号:UUID */
    unsigned *lines;     /* of each row, in the file */
    size_t accepted;     /* rows left out because the office has accepted them */
    size_t attachment_count;
    struct table_file_attachment *attachments;
    size_t problem_count; /* table_check.h adds to them, and says them */
    size_t problem_capacity;
    void *problems; /* of struct table_problem, in the order of the file */
};

/* Writes a table, after csv_begin. Look at ferror afterwards. a: for scratch. */
void table_file_write(struct arena *a, FILE *out, const Pb__Table *table);

/* Takes a parsed file apart. folder: of the file, for relative paths. Cells that cannot be read do
 * not end the reading: all of them stand in the file's problems, and the caller must look there
 * (table_check_fault). INVALID_ARGUMENT TABLE_COLUMN, TABLE_EMPTY, TABLE_LONG. */
MUST_CHECK enum status table_file_read(struct arena *a, const struct csv *csv, const char *folder,
                                       struct table_file *ret_file, struct fault *f);

/* Splits FILE[:KIND]; kind is guessed from the name when it is not said. */
MUST_CHECK enum status table_file_attachment_parse(struct arena *a, const char *text,
                                                   const char **ret_path,
                                                   Pb__EvidenceKind *ret_kind, struct fault *f);

/* What stands behind the last colon of a path, when the part before it is a file: a kind nobody
 * knows. NULL otherwise. Looks at the disk. In the arena. */
const char *table_file_bad_kind(struct arena *a, const char *path);

/* Notes a problem; false when the arena is full. */
bool table_problem_add(struct arena *a, struct table_file *file, const struct table_problem *one);

/* The office's opinions from a CSV: 措施编号, 意见 (通过/退回), 认定 (同意/退回/空), 理由, and
 * optionally 原因码 and 下次复查日期. */
struct decision_file {
    size_t count;
    Pb__RowDecision **decisions;
    unsigned *lines; /* of each, in the file */
};
MUST_CHECK enum status decision_file_read(struct arena *a, const struct csv *csv,
                                          struct decision_file *ret_file, struct fault *f);

#endif
