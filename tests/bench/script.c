#include "tests/bench/bench.h"

#include "server/store/registry.h"

#include <assert.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* A statement of one call, with what stands for $1, $2, … A text of 32 digits is a UUID; its halves
 * are numbers that rise, as those of a UUIDv7 do. */
struct step {
    const char *name;
    const char *values[16];
};

#define KEY "(:a::text || :b::text)::uuid"
#define EVENT "(:a::text || :c::text)::uuid"
#define ACCOUNT "('20000000000070008000' || (100000000000 + :client_id)::text)::uuid"
#define BODY "decode(repeat('ab', 420), 'hex')"
#define HASH "decode(repeat('cd', 32), 'hex')"
#define ONE(value) "ARRAY[" value "]"
#define CODE "sha256((:a::text || :b::text)::bytea)"
#define TOKEN "sha256(('bench' || :client_id)::bytea)"

static const struct step steps[] = {
    {"scope_set", {"'1'", "''", "''", "''", "''"}},
    {"principal_read", {"1", TOKEN, "NULL::uuid", "NULL", "'2026-11-22'"}},
    {"idempotency_read_session", {"1", TOKEN, KEY}},
    {"scope_set", {"'1'", "''", "'{}'", ACCOUNT "::text", "'2048'"}}, /* ROLE_ADMIN */
    {"account_lock", {"1", "'bench' || :client_id", "NULL::uuid"}},
    {"enrol_code_lock", {"1", CODE}},
    {"enrol_code_insert", {"1", CODE, ACCOUNT, ":b", "'ENROL'", "NULL::uuid", EVENT}},
    {"scope_set", {"'1'", "''", "''", "''", "''"}},
    {"event_insert",
     {"1", ONE(EVENT), ONE(":b"), ONE("'bench' || :client_id"),
      ONE("'10000000-0000-7000-8000-000000000001'"), ONE("'" BENCH_METHOD "'"), ONE("1"),
      ONE("420"), BODY, HASH}},
    {"event_unsealed_insert", {"1", ONE(EVENT)}},
    {"event_change_insert",
     {"1", ONE(EVENT), ONE("1"), ONE("'enrol_code'"), ONE(ACCOUNT), ONE("1"), ONE("NULL"),
      ONE("NULL"), ONE("NULL"), ONE("NULL"), ONE("'bench' || :client_id"), ONE("'admin'"),
      ONE(":b")}},
    {"idempotency_insert",
     {"1", ONE(ACCOUNT), ONE(KEY), ONE("'" BENCH_METHOD "'"), ONE(EVENT), ONE(":b"), ONE("1"),
      "decode(repeat('ef', 250), 'hex')", HASH, ONE("250")}},
};

static const struct statement *
find(const char *name)
{
    size_t count = 0;
    const struct statement *const *const *lists = registry_statements(&count);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; lists[i][k] != NULL; k++) {
            if (strcmp(lists[i][k]->name, name) == 0) {
                return lists[i][k];
            }
        }
    }
    return NULL;
}

static void
print_step(FILE *out, const struct step *step)
{
    const struct statement *st = find(step->name);
    assert(st != NULL);
    for (const char *p = st->sql; *p != '\0';) {
        if (*p == '$' && isdigit((unsigned char)p[1])) {
            char *end = NULL;
            long n = strtol(p + 1, &end, 10);
            assert(n >= 1 && n <= st->params && step->values[n - 1] != NULL);
            fprintf(out, "(%s)", step->values[n - 1]);
            p = end;
        } else {
            putc(*p++, out);
        }
    }
    fputs(";\n", out);
}

void
bench_print_script(FILE *out)
{
    fputs("\\set n :n + 1\n"
          "\\set a 1000000000000000 + :n * 1000 + :client_id\n"
          "\\set b random(1000000000000000, 9999999999999999)\n"
          "\\set c random(1000000000000000, 9999999999999999)\n"
          "BEGIN;\n",
          out);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        print_step(out, &steps[i]);
    }
    fputs("COMMIT;\n", out);
}
