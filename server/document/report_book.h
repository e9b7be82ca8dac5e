/* What leaves at a phase's end as workbooks: 年度综合考核 (numbers of each unit, what they mean,
 * what stands behind them, outcomes) and 共性问题. Units stand in the order they come in; nothing
 * is sorted or coloured by a number. */
#ifndef SERVER_DOCUMENT_REPORT_BOOK_H
#define SERVER_DOCUMENT_REPORT_BOOK_H

#include "rectify/v1/outcome.pb-c.h"
#include "rectify/v1/report.pb-c.h"
#include "server/document/book.h"

struct assessment_book {
    const Pb__GetAssessmentReply *facts;
    Pb__OutcomeTotal *const *outcomes;
    size_t outcome_count;
    bool cut; /* there are more entries than these: the sheet says so */
};

/* As book_write. */
MUST_CHECK enum status assessment_book_write(const struct assessment_book *in, struct arena *a,
                                             struct book_bytes *ret, struct fault *fault);
MUST_CHECK enum status common_book_write(const Pb__GetCommonProblemsReply *common, bool cut,
                                         struct arena *a, struct book_bytes *ret,
                                         struct fault *fault);

#endif
