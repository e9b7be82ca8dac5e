/* What a unit may say: no field of any request it can send names a deadline, a verdict or a lead
 * unit, so none can reach those columns; and rule 4 has one place, role_recused. */
#include "server/handler/all.h"
#include "server/handler/permissions.h"
#include "server/service/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const uint64_t UNIT_ROLES = ROLE_UNIT | ROLE_PART | ROLE_POSITIONS;

/* Parts of names of what only others decide. */
static const char *const protected[] = {
    "due",     "deadline",      "verdict", "lead_unit", "leader", "participant", "special_group",
    "reached", "measure_class", "state",   "roles",     "origin", "sort_order",
};

/* Fields that ask, show or filter and decide nothing. Each says why. */
static const struct {
    const char *method; /* without the package; NULL: any */
    const char *field;
    const char *why;
} harmless[] = {
    {"MeasureService/ListMeasures", NULL, "a filter"},
    {"ProblemService/ListProblems", NULL, "a filter"},
    {"TableService/ListTables", NULL, "a filter"},
    {"GrantService/ListGrants", NULL, "a filter"},
    {"SystemService/ListPermissions", NULL, "a filter"},
    {"StatusService/", NULL, "reads"},
    /* The row a unit read is the row it sends: what the server says in it is not read again
     * (table.c, fill_row makes the row anew), and the database refuses a unit's verdict. */
    {"TableService/SubmitTable", "verdict", "shown"},
    {"TableService/SubmitTable", "claim_verdict", "shown"},
    {"TableService/SubmitTable", "extension_due", "a wish: it asks, others decide"},
    {"TableService/SubmitTable", "measure_state", "shown"},
    {"TableService/SubmitTable", "measure_state_zh", "shown"},
    /* One message for every command of a matter: what a command does not use is refused
     * (FIELD_UNUSED). What a unit's commands use is new_due, the date it asks for. */
    {"MatterService/", "new_due", "asked for, decided by others"},
    {"MatterService/", "due", "of an instruction, an opinion, a task: not a unit's commands"},
    {"MatterService/", "verdict", "of a round"},
    {"MatterService/", "verdicts", "of a round"},
    {"MatterService/", "claimed_state", "set by the server"},
    {"MatterService/", "origin", "of an opinion"},
    {"PlanService/ReviewPlan", "verdict", "of a draft, by the bodies named for its review"},
    {"NodeService/ReachNode", "reached_on", "a claim: the office may return it"},
    {"AlertService/", NULL, "reads; acknowledging names alerts alone"},
    /* One message serves every kind: which of its fields a command takes is a row of the kind, and
     * the others are refused (FIELD_UNUSED). What a unit may name is a wish others decide on. */
    {"MatterService/", NULL, "taken by the commands of those who decide alone"},
};

static bool
is_harmless(const char *method, const char *field)
{
    for (size_t i = 0; i < sizeof harmless / sizeof harmless[0]; i++) {
        const char *m = harmless[i].method;
        if ((m == NULL || strncmp(method, m, strlen(m)) == 0) &&
            (harmless[i].field == NULL || strcmp(harmless[i].field, field) == 0)) {
            return true;
        }
    }
    return false;
}

static bool
is_protected(const char *field)
{
    for (size_t i = 0; i < sizeof protected / sizeof protected[0]; i++) {
        if (strstr(field, protected[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* The schema has no recursion (lint.schema), so this ends. */
static size_t
walk(const char *method, const ProtobufCMessageDescriptor *d, size_t *seen)
{
    size_t bad = 0;
    for (unsigned i = 0; i < d->n_fields; i++) {
        const ProtobufCFieldDescriptor *f = &d->fields[i];
        (*seen)++;
        if (is_protected(f->name) && !is_harmless(method, f->name)) {
            print_message("%s: %s.%s\n", method, d->name, f->name);
            bad++;
        }
        if (f->type == PROTOBUF_C_TYPE_MESSAGE) {
            bad += walk(method, f->descriptor, seen);
        }
    }
    return bad;
}

static bool
writes(const struct handler *h)
{
    return h->kind == METHOD_COMMAND || h->kind == METHOD_SLOW;
}

static void
a_unit_can_name_nothing_that_others_decide(void **state)
{
    (void)state;
    size_t count = 0;
    size_t seen = 0;
    size_t bad = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct handler *h = &tables[t].rows[i];
            bool unit = h->auth == AUTH_SIGNED && (h->roles == 0 || (h->roles & UNIT_ROLES) != 0);
            if (unit && writes(h)) {
                bad += walk(h->method + strlen("rectify.v1."), h->request, &seen);
            }
        }
    }
    assert_true(seen > 30);
    assert_int_equal(bad, 0);
}

static void
the_walk_finds_what_it_looks_for(void **state)
{
    (void)state;
    size_t count = 0;
    size_t seen = 0;
    size_t bad = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct handler *h = &tables[t].rows[i];
            if (strstr(h->method, "TableService/DecideTable") != NULL ||
                strstr(h->method, "PlanService/ImportPlan") != NULL) {
                bad += walk(h->method + strlen("rectify.v1."), h->request, &seen);
            }
        }
    }
    assert_true(bad > 0);
}

/* ---- rule 4 ---- */

static void
a_body_is_recused_from_its_own_work(void **state)
{
    (void)state;
    const char *const leads[] = {NULL, "unit-b"};
    const struct judge cases[] = {
        {"unit-a", "{unit-a}"},        /* nothing to do with it */
        {"unit-b", NULL},              /* leads it */
        {"office", "{office,unit-b}"}, /* sits there, too */
        {NULL, NULL},                  /* the clock */
    };
    const bool recused[] = {false, true, true, false};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(role_recused(&cases[i], leads, 2), recused[i]);
    }
    assert_false(role_recused(&cases[1], leads, 1)); /* nobody leads it yet */
    assert_false(role_recused(&cases[1], leads, 0));
}

static void
a_substitute_is_both_people(void **state)
{
    (void)state;
    assert_true(role_is_person("x", NULL, "x"));
    assert_true(role_is_person("x", "y", "y"));
    assert_true(role_is_person("x", "y", "x"));
    assert_false(role_is_person("x", "y", "z"));
    assert_false(role_is_person(NULL, NULL, NULL));
    assert_false(role_is_person("x", "y", NULL));
}

static void
administrators_stand_alone(void **state)
{
    (void)state;
    for (uint32_t a = 0; a < ROLE_COUNT; a++) {
        for (uint32_t b = 0; b < ROLE_COUNT; b++) {
            uint32_t mask = (1U << a) | (1U << b);
            bool one = a == b;
            bool admin = (mask & ROLE_ADMINISTRATORS) != 0;
            assert_int_equal(role_separate(mask), one || !admin);
        }
    }
    assert_true(role_separate(0));
}

/* What the matrix says about a command agrees with its edges. */
static void
the_matrix_agrees_with_the_tables(void **state)
{
    (void)state;
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = workflow_machine((enum workflow_id)id);
        for (size_t i = 0; i < m->edge_count; i++) {
            const struct workflow_edge *e = &m->edges[i];
            for (uint32_t bit = 0; bit < ROLE_COUNT; bit++) {
                uint32_t role = 1U << bit;
                struct permission p = permission_of_command(m, e->command, role);
                if ((e->who & role) == 0) {
                    continue;
                }
                assert_true(p.own || p.foreign);
                assert_int_equal(p.foreign, (role & ROLE_RELATIVE) == 0);
            }
        }
    }
    size_t count = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct handler *h = &tables[t].rows[i];
            for (uint32_t bit = 0; bit < ROLE_COUNT; bit++) {
                uint32_t role = 1U << bit;
                struct permission p = permission_of_method(h, role);
                bool may = h->auth == AUTH_SYSTEM
                               ? role == ROLE_SYS
                               : role != ROLE_SYS && (h->roles == 0 || (h->roles & role) != 0);
                assert_int_equal(p.own, may);
                /* Nobody who is bound to his own things reaches others' by any method. */
                assert_false(p.foreign && (role & (ROLE_RELATIVE | ROLE_POSITIONS)) != 0);
            }
        }
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_can_name_nothing_that_others_decide),
        cmocka_unit_test(the_walk_finds_what_it_looks_for),
        cmocka_unit_test(a_body_is_recused_from_its_own_work),
        cmocka_unit_test(a_substitute_is_both_people),
        cmocka_unit_test(administrators_stand_alone),
        cmocka_unit_test(the_matrix_agrees_with_the_tables),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
