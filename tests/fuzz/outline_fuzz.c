/* Whatever bytes come in: the outline, the plan table and the month's table are read or refused,
 * the structures are sound, measures of one paragraph follow each other in the text, and what the
 * month's table writes it reads back. The first byte chooses the reader. */
#include "server/document/outline.h"
#include "server/document/plan_table.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 64 * 1024 * 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
must(int condition)
{
    if (!condition) {
        abort();
    }
}

static void
check_outline(const struct outline *o)
{
    size_t problems = 0;
    size_t measures = 0;
    for (size_t i = 0; i < o->item_count; i++) {
        problems += o->items[i].problem_count;
        for (size_t j = 0; j < o->items[i].problem_count; j++) {
            const struct outline_problem *p = &o->items[i].problems[j];
            must(p->title != NULL && p->status != NULL && p->heading != NULL);
            measures += p->measure_count;
            for (size_t k = 0; k < p->measure_count; k++) {
                const struct outline_measure *m = &p->measures[k];
                must(m->no == k + 1 && m->text != NULL && m->part != NULL);
                must(m->label_bytes <= strlen(m->text));
                must(k == 0 || m->paragraph >= p->measures[k - 1].paragraph);
            }
        }
    }
    must(problems == o->problem_count && measures == o->measure_count);
    must(o->problem_count > 0 || o->item_count == 0);
    must(o->problem_count > 0 || o->warning_count > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct arena a;
    struct fault fault = {0};
    arena_init(&a, ARENA_BYTES);
    const uint8_t *bytes = data + 1;
    if (data[0] % 4 == 1) {
        struct plan_table t;
        struct plan_table_options options = {data[0] & 4 ? 2020 : 0, PLAN_TABLE_NO_DATE};
        if (plan_table_read(&a, bytes, size - 1, &options, &t, &fault) == STATUS_OK) {
            must(t.error_count <= t.fault_count);
        }
    } else {
        struct outline o;
        if (outline_read_bytes(&a, bytes, size - 1, &o, &fault) == STATUS_OK) {
            check_outline(&o);
        }
    }
    text_has_secret_mark((const char *)bytes, size - 1);
    arena_release(&a);
    return 0;
}
