/* Plan table: the rectification plan (整改方案任务分解表) as CSV or TSV.
 *
 * Columns are found by their headings, in any order, under many names; the heading row is the one
 * of the first 20 rows that has the most known headings. An empty cell continues the row above, as
 * merged cells do, in every column but 措施编号, 措施序号, 整改措施 and 目标节点; 无 or a dash says
 * that there is nothing. A new 问题序号 with an empty 问题 does not continue the old title. A row
 * that holds nothing but one cell is a title of the rows below (an item), or a remark (注：…),
 * which is skipped. Dates are read by date_text.h. Pure; any thread; everything lives in the arena.
 */
#ifndef SERVER_DOCUMENT_PLAN_TABLE_H
#define SERVER_DOCUMENT_PLAN_TABLE_H

#include "server/document/csv.h"
#include "server/document/date_text.h"

#define PLAN_TABLE_NO_DATE DATE_TEXT_NO_DATE

enum plan_class {
    PLAN_CLASS_NONE,      /* the table does not say */
    PLAN_CLASS_IMMEDIATE, /* 立行立改 */
    PLAN_CLASS_TIMED,     /* 限期整改 */
    PLAN_CLASS_LONG_TERM, /* 长期坚持 */
};

/* A dated node (目标节点) of a measure. */
struct plan_node {
    int32_t day;      /* or PLAN_TABLE_NO_DATE */
    const char *text; /* "2020年3月底完成方案" */
};

struct plan_row {
    uint32_t row;              /* of the table as people count it: the heading row is 1 */
    uint32_t line;             /* of the file */
    const char *code;          /* 措施编号 as written, "P-07-M-03", or "" */
    uint32_t problem_no;       /* from its column or from code; 0: not given */
    uint32_t measure_no;       /* from its column or from code, else position under its problem */
    const char *item;          /* 项目/方面 title, or "" */
    const char *problem;       /* problem title, or "" */
    const char *text;          /* 整改措施 */
    const char *target;        /* 整改目标 */
    const char *leader;        /* 牵头区领导 */
    const char *lead_unit;     /* 牵头单位 of the measure (MLEAD) */
    const char *problem_lead;  /* 问题整改牵头单位 (PLEAD) */
    const char *special_group; /* 专项小组 */
    const char *origin;        /* 问题来源 as written, or "": not said in this row */
    const char *const *participants; /* 参与单位, one each */
    size_t participant_count;
    const char *class_text;    /* 整改类型 as written */
    enum plan_class class_of;  /* from its column, else from the dates' words */
    const char *effect_text;   /* 取得明显成效时限 as written */
    const char *complete_text; /* 整改落实到位时限 as written */
    int32_t effect_day;        /* or PLAN_TABLE_NO_DATE */
    int32_t complete_day;      /* or PLAN_TABLE_NO_DATE */
    const struct plan_node *nodes;
    size_t node_count;
};

struct plan_fault {
    uint32_t row;
    uint32_t line;
    const char *column;  /* the heading as it stands in the file, or "" */
    const char *code;    /* BAD_DATE, DATE_ORDER, EMPTY_MEASURE, BAD_NUMBER, DUPLICATE_CODE,
                            BAD_CLASS, NO_PROBLEM, TEXT_TOO_LONG; warnings: UNKNOWN_COLUMN,
                            DUPLICATE_COLUMN, NO_DATES */
    const char *message; /* what was wrong and what to write */
    bool warning;        /* the table can be imported all the same */
};

struct plan_table {
    struct plan_row *rows;
    size_t count;
    struct plan_fault *faults; /* errors and warnings, in the order of the file */
    size_t fault_count;
    size_t error_count; /* faults that are no warnings */
    size_t row_capacity;
    size_t fault_capacity;
};

struct plan_table_options {
    int32_t default_year;  /* for "6月底"; 0: a date without a year is an error */
    int32_t immediate_day; /* due day of 立行立改, or PLAN_TABLE_NO_DATE: none of its own */
};

/* Reads the bytes of a file. STATUS_OK also when rows have faults (look at error_count). Refused:
 * what text_decode and csv_read refuse; PLAN_COLUMNS_MISSING (says which, and which headings were
 * found); PLAN_EMPTY (headings and no row); PLAN_TOO_LARGE. Needed are 整改措施 with 问题 or
 * 问题序号 or 措施编号; or, to complete measures that exist, 措施编号 alone or 问题序号 with
 * 措施序号: then a row's text may be "". An empty effect cell of an immediate measure stays empty.
 */
MUST_CHECK enum status plan_table_read(struct arena *arena, const void *bytes, size_t size,
                                       const struct plan_table_options *options,
                                       struct plan_table *ret_table, struct fault *fault);

#endif
