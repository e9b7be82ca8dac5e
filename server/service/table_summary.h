/* The office's view of a period: Chinese names of states, who is missing or late, whom to call.
 * Pure.
 */
#ifndef SERVER_SERVICE_TABLE_SUMMARY_H
#define SERVER_SERVICE_TABLE_SUMMARY_H

#include "proto/base/arena.h"
#include "rectify/v1/table.pb-c.h"
#include "server/store/table.h"
#include "server/store/table_summary.h"

/* Names the states of rows as they were read. */
void summary_name_states(const struct summary_row_list *rows);

/* Tables that are missing on as_of and, unless missing_only, those handed in late, in the order of
 * the tables. People by name: 填报人 are those with that seat, else everybody of the unit who is
 * neither 审核人 nor head. False when the arena is exhausted. */
bool summary_missing(const struct table_list *tables, const struct unit_person_list *people,
                     int32_t as_of, bool missing_only, struct arena *a, Pb__MissingTable ***ret,
                     size_t *ret_count);

/* True for one handed in, NIL and WAIVED among them. */
bool summary_handed_in(const struct table_record *t);

#endif
