/* The policy matrix: who may call what, and how they must prove it. Printed, and checked: every
 * method of the schema has one row, a command is signed, the client guesses alike. */
#include "client/lib/method.h"
#include "server/handler/all.h"
#include "server/handler/describe.h"
#include "server/service/role.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { ARENA_BYTES = 32 << 20 };

static struct arena arena;
static struct describe_list list;

static int
set_up(void **state)
{
    (void)state;
    size_t size = 0;
    arena_init(&arena, ARENA_BYTES);
    const unsigned char *set = describe_set(&size);
    return describe_read(set, size, &arena, &list, NULL) == STATUS_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* The only row of a method; NULL when there is none. */
static const struct handler *
row_of(const char *method)
{
    size_t count = 0;
    const struct handler *found = NULL;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            if (strcmp(tables[t].rows[i].method, method) == 0) {
                if (found != NULL) {
                    fail_msg("%s has two rows", method);
                }
                found = &tables[t].rows[i];
            }
        }
    }
    return found;
}

static const char *const kinds[] = {"COMMAND", "SLOW", "QUERY", "PARKED"};
static const char *const auths[] = {"PUBLIC", "MACHINE", "SESSION", "SIGNED", "SYSTEM"};

static bool
is_command(const struct handler *h)
{
    return h->kind == METHOD_COMMAND || h->kind == METHOD_SLOW;
}

/* Commands that nobody can sign for, or need not: there is no enrolled key yet (the call is signed
 * by the key it brings), no session yet, nothing that lasts; and the clock's own. */
static const struct {
    const char *prefix;
    enum method_auth auth;
} unsigned_commands[] = {
    {"rectify.v1.AccountService/EnrolMachine", AUTH_PUBLIC},
    {"rectify.v1.AccountService/Login", AUTH_MACHINE},
    {"rectify.v1.AccountService/SetPassword", AUTH_MACHINE},
    {"rectify.v1.AccountService/Logout", AUTH_SESSION},
    {"rectify.v1.JobService/", AUTH_SYSTEM},
};

/* What may be asked without a session. */
static const char *const public_queries[] = {
    "rectify.v1.SystemService/Health", "rectify.v1.SystemService/Describe",
    "rectify.v1.LogService/GetConsistency", "rectify.v1.LogService/ListRestores"};

static enum method_auth
command_auth(const char *method)
{
    for (size_t i = 0; i < sizeof unsigned_commands / sizeof unsigned_commands[0]; i++) {
        const char *prefix = unsigned_commands[i].prefix;
        size_t n = strlen(prefix);
        bool whole_service = prefix[n - 1] == '/';
        if (whole_service ? strncmp(prefix, method, n) == 0 : strcmp(prefix, method) == 0) {
            return unsigned_commands[i].auth;
        }
    }
    return AUTH_SIGNED;
}

static bool
auth_is_right(const struct handler *h)
{
    if (is_command(h)) {
        return h->auth == command_auth(h->method);
    }
    for (size_t i = 0; i < sizeof public_queries / sizeof public_queries[0]; i++) {
        if (strcmp(public_queries[i], h->method) == 0) {
            return h->auth == AUTH_PUBLIC;
        }
    }
    return h->auth == AUTH_SESSION || h->auth == AUTH_SIGNED;
}

static void
every_method_has_a_row_that_proves_enough(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < list.count; i++) {
        if (list.items[i].kind != DESCRIBE_METHOD) {
            continue;
        }
        char roles[ROLE_NAMES_SIZE] = "";
        const char *method = list.items[i].name;
        const struct handler *h = row_of(method);
        if (h == NULL) {
            print_message("%-48s NO ROW\n", method);
            bad++;
            continue;
        }
        bool right = auth_is_right(h);
        print_message("%-48s %-8s %-8s %s%s%s\n", method, kinds[h->kind], auths[h->auth],
                      h->roles == 0 ? "everyone"
                                    : role_names((uint32_t)h->roles, roles, sizeof roles),
                      (h->flags & HANDLER_BEHALF) != 0 ? " +behalf" : "",
                      right ? "" : "   <- WRONG AUTHENTICATION");
        bad += !right;
        assert_int_equal(h->roles >> ROLE_COUNT, 0);
        assert_string_equal(h->request->name, list.items[i].type);
        assert_string_equal(h->reply->name, list.items[i].reply);
    }
    assert_int_equal(bad, 0);
}

static void
every_row_is_of_a_method(void **state)
{
    (void)state;
    size_t count = 0;
    const struct handler_table *tables = handler_tables(&count);
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct describe_item *item = describe_find(&list, tables[t].rows[i].method);
            if (item == NULL || item->kind != DESCRIBE_METHOD) {
                fail_msg("%s is in no .proto file", tables[t].rows[i].method);
            }
        }
    }
}

/* The client decides by a method's name what to send along; the server by its row. */
static void
the_client_sends_what_the_server_asks(void **state)
{
    (void)state;
    size_t bad = 0;
    for (size_t i = 0; i < list.count; i++) {
        const char *method = list.items[i].name;
        const struct handler *h = list.items[i].kind == DESCRIBE_METHOD ? row_of(method) : NULL;
        struct rectify_method guess;
        if (h == NULL || h->auth == AUTH_SYSTEM) {
            continue;
        }
        assert_int_equal(rectify_method_find(method, &guess, NULL), STATUS_OK);
        bool session = h->auth == AUTH_SESSION || h->auth == AUTH_SIGNED;
        if (guess.command != is_command(h) || guess.session != session ||
            guess.machine != (h->auth != AUTH_PUBLIC)) {
            print_message("%s: the client takes it for something else\n", method);
            bad++;
        }
    }
    assert_int_equal(bad, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_has_a_row_that_proves_enough),
        cmocka_unit_test(every_row_is_of_a_method),
        cmocka_unit_test(the_client_sends_what_the_server_asks),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
