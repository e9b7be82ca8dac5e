/* Prints registered statements as PREPARE, so that psql measures what the server runs.
 *
 *   bench_statement NAME… */
#include "server/store/registry.h"

#include <stdio.h>
#include <string.h>

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

int
main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const struct statement *st = find(argv[i]);
        if (st == NULL) {
            fprintf(stderr, "no statement %s\n", argv[i]);
            return 1;
        }
        printf("PREPARE %s AS %s;\n", st->name, st->sql);
    }
    return 0;
}
