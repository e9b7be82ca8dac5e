/* What somebody sees of the totals, as bytes to compare; totals against a recount. For the tests
 * over random histories. */
#ifndef TESTS_SERVICE_STATUS_SEEN_H
#define TESTS_SERVICE_STATUS_SEEN_H

#include "tests/service/slice.h"

#include "server/service/status.h"

enum { VIEWS = 8, INSPECTIONS_MAX = 4 };

/* ---- views: what somebody sees, as packed bytes ---- */

static const struct {
    int account;
    Pb__StatusGroup group;
    const char *inspection;
} views[VIEWS] = {
    {OFFICE1, PB__STATUS_GROUP__BY_UNIT, NULL},       {OFFICE1, PB__STATUS_GROUP__BY_LEADER, NULL},
    {OFFICE1, PB__STATUS_GROUP__BY_INSPECTION, NULL}, {OFFICE1, PB__STATUS_GROUP__BY_MEASURE, NULL},
    {OFFICE1, PB__STATUS_GROUP__BY_PROBLEM, "INS1"},  {LEADER1, PB__STATUS_GROUP__BY_ITEM, NULL},
    {UNIT1, PB__STATUS_GROUP__BY_UNIT, NULL},         {SGROUP1, PB__STATUS_GROUP__BY_MEASURE, NULL},
};

HELPER const Pb__GetStatusReply *
see(int account, Pb__StatusGroup group, const char *inspection, const char *as_of)
{
    Pb__GetStatusRequest request = PB__GET_STATUS_REQUEST__INIT;
    request.has_group_by = 1;
    request.group_by = group;
    request.inspection = slice_text(inspection);
    request.as_of = slice_text(as_of);
    return slice_ok(account, "StatusService/GetStatus", &request.base,
                    &pb__get_status_reply__descriptor);
}

struct seen {
    unsigned char *bytes;
    size_t size;
};

/* All but the instant of reading. */
HELPER struct seen
look(int view, const char *as_of)
{
    Pb__GetStatusReply reply =
        *see(views[view].account, views[view].group, views[view].inspection, as_of);
    struct seen s = {0};
    reply.has_as_of_ms = 0;
    assert_int_equal(wire_pack(&slice_arena, &reply.base, &s.bytes, &s.size), STATUS_OK);
    return s;
}

HELPER bool
same(const struct seen *a, const struct seen *b)
{
    return a->size == b->size && memcmp(a->bytes, b->bytes, a->size) == 0;
}

/* ---- kept against counted ---- */

HELPER long
recount_differs(void)
{
    return slice_count("SELECT count(*) FROM ((TABLE rectify.status_span EXCEPT"
                       " SELECT * FROM rectify.status_recount(1)) UNION ALL"
                       " (SELECT * FROM rectify.status_recount(1) EXCEPT"
                       " TABLE rectify.status_span)) d");
}

/* Numbers of the maintained totals that differ from those counted one by one. */
HELPER int
totals_differ(const char *as_of)
{
    const Pb__GetStatusReply *kept = see(OFFICE1, PB__STATUS_GROUP__BY_INSPECTION, NULL, as_of);
    const Pb__GetStatusReply *counted[INSPECTIONS_MAX];
    int differ = 0;
    assert_in_range(kept->n_inspections, 1, INSPECTIONS_MAX);
    for (size_t k = 0; k < kept->n_inspections; k++) {
        counted[k] =
            see(OFFICE1, PB__STATUS_GROUP__STATUS_GROUP_UNSPECIFIED, kept->inspections[k], as_of);
    }
    for (size_t i = 0; i < kept->n_numbers; i++) {
        int sum = 0;
        for (size_t k = 0; k < kept->n_inspections; k++) {
            sum += counted[k]->numbers[i]->numerator;
        }
        differ += sum != kept->numbers[i]->numerator;
    }
    return differ;
}

#endif
