/* Month table: the 《整改工作推进情况自查汇总表》 of one period as CSV, out and back.
 *
 * What is written by month_table_write reads back equal (a test holds that). Columns are found by
 * their headings in any order; unknown columns are ignored with a warning. Pure; any thread.
 */
#ifndef SERVER_DOCUMENT_MONTH_TABLE_H
#define SERVER_DOCUMENT_MONTH_TABLE_H

#include "server/document/csv.h"
#include "server/document/date_text.h"

enum month_claim {
    MONTH_CLAIM_NONE,
    MONTH_CLAIM_EFFECT,   /* 申请认定明显成效 */
    MONTH_CLAIM_COMPLETE, /* 申请认定整改到位 */
};

#define MONTH_PERCENT_NONE (-1)
#define MONTH_VERSION_NONE ((int64_t)-1)

struct month_row {
    uint32_t row;           /* as people count: the heading row is 1; 0 when writing */
    uint32_t line;          /* of the file */
    const char *code;       /* 措施编号 */
    const char *text;       /* 措施内容: shown, never changed by reading */
    const char *narrative;  /* 整改进展 */
    int32_t percent;        /* 0…100, or MONTH_PERCENT_NONE: cell empty or no such column */
    const char *difficulty; /* 困难问题 */
    enum month_claim claim;
    const char *const *evidence; /* 证明材料: file names */
    size_t evidence_count;
    int32_t happened_on; /* 发生日期, days since 1970-01-01, or DATE_TEXT_NO_DATE */
    int64_t version;     /* 版本, or MONTH_VERSION_NONE */
};

struct month_fault {
    uint32_t row;
    uint32_t line;
    const char *column; /* the heading as it stands in the file, or "" */
    const char *code;   /* BAD_PERCENT, BAD_CLAIM, BAD_DATE, BAD_VERSION, NO_CODE, DUPLICATE_CODE,
                           BAD_EVIDENCE, TEXT_TOO_LONG; warnings: UNKNOWN_COLUMN,
                           DUPLICATE_COLUMN */
    const char *message;
    bool warning;
};

struct month_table {
    struct month_row *rows;
    size_t count;
    struct month_fault *faults;
    size_t fault_count;
    size_t error_count; /* faults that are no warnings */
    bool has_percent;   /* the column was there */
    bool has_narrative;
    bool has_difficulty;
    bool has_claim;
    bool has_evidence;
    bool has_happened_on;
    bool has_version;
    size_t row_capacity;
    size_t fault_capacity;
};

/* Reads the bytes of a file. STATUS_OK also when rows have faults (look at error_count). Refused:
 * what text_decode and csv_read refuse; MONTH_COLUMNS_MISSING (措施编号 and 整改进展 are needed;
 * says which headings were found); MONTH_EMPTY; MONTH_TOO_LARGE (more than LIMIT_TABLE_ROWS rows).
 * default_year: for dates without a year, 0: none. */
MUST_CHECK enum status month_table_read(struct arena *arena, const void *bytes, size_t size,
                                        int32_t default_year, struct month_table *ret_table,
                                        struct fault *fault);

/* CSV text of rows with a BOM, CRLF and the headings 措施编号, 措施内容, 整改进展, 完成百分比,
 * 困难问题, 申请, 证明材料, 发生日期, 版本. Evidence names must not hold ; or a line break
 * (MONTH_BAD_EVIDENCE). */
MUST_CHECK enum status month_table_write(struct arena *arena, const struct month_row *rows,
                                         size_t count, const char **ret_text, size_t *ret_size,
                                         struct fault *fault);

#endif
