/* What the tests of matters share: 纪委监委 and 组织部 beside the slice's people, and short calls.
 */
#ifndef TESTS_SERVICE_MATTER_H
#define TESTS_SERVICE_MATTER_H

#include "tests/service/matter_calls.h"

enum { DISC1 = 18, ORGD1 = 19, AUDIT1 = 20, DISC2 = 21 };

HELPER int
matter_set_up(void **state)
{
    if (slice_set_up(state) != 0) {
        return -1;
    }
    slice_sql("INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version,"
              " event_id) VALUES (1, '%s', 'disc', '样例纪委监委', 'DISC', 7, 1, '%s'),"
              " (1, '%s', 'orgd', '样例组织部', 'ORGD', 8, 1, '%s')",
              slice_id(7), slice_id(1), slice_id(8), slice_id(1));
    slice_seed_person(DISC1 + 20, "disc1", 7, ROLE_DISC);
    slice_seed_person(ORGD1 + 20, "orgd1", 8, ROLE_ORGD);
    slice_seed_person(AUDIT1 + 20, "audit1", 1, ROLE_AUDIT);
    return 0;
}

/* Accounts above the slice's own have numbers of their own: machine ids are number + 10. */
#define DISC (DISC1 + 20)
#define ORGD (ORGD1 + 20)
#define AUDITOR (AUDIT1 + 20)

#endif
