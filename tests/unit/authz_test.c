/* Authorisation as a matrix: every kind of caller against every kind of row. */
#include "server/dispatch/turn.h"
#include "server/service/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static enum status
ask(const struct handler *h, uint64_t roles, const char *behalf, bool known,
    const char **ret_reason)
{
    static struct fault fault;
    uint64_t after = 0;
    fault = (struct fault){0};
    const struct authz_question q = {
        .handler = h,
        .roles = roles,
        .has_seat = roles != 0,
        .on_behalf_of = behalf,
        .behalf_known = known,
    };
    enum status s = authz_check(&q, &after, &fault);
    *ret_reason = fault.reason;
    if (s == STATUS_OK) {
        assert_true((after & roles) == roles); /* nobody loses a role by calling */
        assert_true(behalf != NULL || after == roles);
    }
    return s;
}

static void
test_roles_matrix(void **state)
{
    (void)state;
    const char *reason = NULL;
    for (unsigned has = 0; has < ROLE_COUNT; has++) {
        for (unsigned needs = 0; needs < ROLE_COUNT; needs++) {
            const struct handler h = {.auth = AUTH_SIGNED, .roles = UINT64_C(1) << needs};
            enum status s = ask(&h, UINT64_C(1) << has, NULL, false, &reason);
            assert_int_equal(s, has == needs ? STATUS_OK : STATUS_PERMISSION_DENIED);
            assert_string_equal(reason, has == needs ? "" : "ROLE_FORBIDS");
        }
    }
}

static void
test_a_row_without_roles_is_for_every_seat(void **state)
{
    (void)state;
    const char *reason = NULL;
    const struct handler h = {.auth = AUTH_SESSION};
    for (unsigned has = 0; has < ROLE_COUNT; has++) {
        assert_int_equal(ask(&h, UINT64_C(1) << has, NULL, false, &reason), STATUS_OK);
    }
    assert_int_equal(ask(&h, 0, NULL, false, &reason), STATUS_PERMISSION_DENIED);
    assert_string_equal(reason, "NO_SEAT");
}

static void
test_before_login_there_is_no_seat(void **state)
{
    (void)state;
    const char *reason = NULL;
    const enum method_auth open[] = {AUTH_PUBLIC, AUTH_MACHINE};
    for (size_t i = 0; i < 2; i++) {
        const struct handler h = {.auth = open[i]};
        assert_int_equal(ask(&h, 0, NULL, false, &reason), STATUS_OK);
        const struct handler closed = {.auth = open[i], .roles = ROLE_ADMIN};
        assert_int_equal(ask(&closed, 0, NULL, false, &reason), STATUS_PERMISSION_DENIED);
    }
}

static void
test_on_behalf_matrix(void **state)
{
    (void)state;
    const char *reason = NULL;
    for (unsigned has = 0; has < ROLE_COUNT; has++) {
        for (int flag = 0; flag < 2; flag++) {
            for (int known = 0; known < 2; known++) {
                const struct handler h = {.auth = AUTH_SIGNED,
                                          .roles = ROLE_UNIT,
                                          .flags = flag != 0 ? HANDLER_BEHALF : 0};
                bool office = (1U << has) == ROLE_OFFICE;
                enum status s = ask(&h, UINT64_C(1) << has, "unit02", known != 0, &reason);
                enum status expected = !office || flag == 0 ? STATUS_PERMISSION_DENIED
                                       : known == 0         ? STATUS_NOT_FOUND
                                                            : STATUS_OK;
                assert_int_equal(s, expected);
            }
        }
    }
}

/* Standing in for a person (代行): his roles alone, on a day it holds, on any row he may call. */
static void
test_substitution_matrix(void **state)
{
    (void)state;
    for (unsigned has = 0; has < ROLE_COUNT; has++) {
        for (int known = 0; known < 2; known++) {
            struct fault fault = {0};
            uint64_t after = 0;
            const struct handler h = {.auth = AUTH_SIGNED, .roles = ROLE_UNIT};
            const struct authz_question q = {
                .handler = &h,
                .roles = known != 0 ? UINT64_C(1) << has : 0,
                .has_seat = true,
                .on_behalf_of = "@unit01",
                .substitutes = true,
                .substitution_known = known != 0,
            };
            bool unit = ((1U << has) & ROLE_UNIT) != 0;
            enum status s = authz_check(&q, &after, &fault);
            assert_int_equal(s, known != 0 && unit ? STATUS_OK : STATUS_PERMISSION_DENIED);
            assert_string_equal(fault.reason, known == 0 ? "SUBSTITUTION_UNKNOWN"
                                              : unit     ? ""
                                                         : "ROLE_FORBIDS");
            assert_true(s != STATUS_OK || after == q.roles);
        }
    }
}

static void
test_who_sees_all(void **state)
{
    (void)state;
    const uint64_t all =
        ROLE_OFFICE | ROLE_LGROUP | ROLE_DISC | ROLE_ORGD | ROLE_PUBL | ROLE_AUDIT | ROLE_SYS;
    for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
        uint64_t role = UINT64_C(1) << bit;
        assert_true(authz_sees_all(role) == ((role & all) != 0));
    }
    assert_false(authz_sees_all(0));
    assert_false(authz_sees_all(ROLE_ADMIN | ROLE_GRANT)); /* no super-user, no narrative */
    for (unsigned bit = 0; bit < ROLE_COUNT; bit++) {
        uint64_t role = UINT64_C(1) << bit;
        assert_true(authz_sees_own(role) == (role != ROLE_ADMIN && role != ROLE_GRANT));
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_roles_matrix),
        cmocka_unit_test(test_a_row_without_roles_is_for_every_seat),
        cmocka_unit_test(test_before_login_there_is_no_seat),
        cmocka_unit_test(test_on_behalf_matrix),
        cmocka_unit_test(test_substitution_matrix),
        cmocka_unit_test(test_who_sees_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
