/* What leaves at a phase's end: the facts for the yearly assessment and what units have in common,
 * in words. Facts and no score: nothing here compares units. Pure. */
#ifndef SERVER_SERVICE_REPORT_H
#define SERVER_SERVICE_REPORT_H

#include "proto/base/arena.h"
#include "rectify/v1/report.pb-c.h"
#include "server/store/report.h"

enum { COMMON_UNITS = 2, COMMON_UNITS_MAX = 1000 }; /* "several" */

/* A number by its name; −1 when there is none. */
int assessment_number_find(const char *name);

/* Fills whole and units of the reply from the counts; the whole has every number, also when nothing
 * was counted. False: exhausted. */
bool assessment_fill_counts(const struct assessment_count_list *counts,
                            Pb__GetAssessmentReply *reply, struct arena *a);
/* Fills the first `count` entries. False: exhausted. */
bool assessment_fill_entries(const struct assessment_fact_list *facts, size_t count,
                             Pb__GetAssessmentReply *reply, struct arena *a);

/* Names the kinds of groups and entries in Chinese. */
void common_fill(Pb__GetCommonProblemsReply *reply);

#endif
