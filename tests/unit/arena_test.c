/* The arena: aligned, zeroed, capped, freed at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "proto/base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

static void
test_alloc(void **state)
{
    (void)state;
    struct arena a;
    unsigned char *before = NULL;
    size_t before_size = 0;
    arena_init(&a, 1000000);
    assert_null(a.blocks);
    for (size_t size = 0; size < 600; size += 7) {
        unsigned char *p = arena_alloc(&a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 0xAA, size);
        for (size_t i = 0; i < before_size; i++) {
            assert_int_equal(before[i], 0xAA); /* nothing overlaps */
        }
        before = p;
        before_size = size;
    }
    arena_release(&a);
    assert_null(a.blocks);
    assert_int_equal(a.used, 0);
    assert_non_null(arena_alloc(&a, 10)); /* usable again */
    arena_release(&a);
    arena_release(&a);
}

static void
test_cap(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 10000);
    size_t given = 0;
    while (arena_alloc(&a, 100) != NULL) {
        given += 100;
        assert_true(a.used <= 10000);
    }
    assert_true(given > 8000);
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_null(arena_alloc(&a, SIZE_MAX - 8));
    assert_null(arena_alloc(&a, 10001));
    arena_release(&a);
    assert_non_null(arena_alloc(&a, 5000));
    arena_release(&a);
    arena_init(&a, 0);
    assert_null(arena_alloc(&a, 1));
    arena_release(&a);
}

static void
test_array(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 100000);
    assert_null(arena_array(&a, SIZE_MAX / 2, 3));
    assert_null(arena_array(&a, 3, SIZE_MAX / 2));
    assert_null(arena_array(&a, 1001, 100));
    assert_non_null(arena_array(&a, 0, 100));
    assert_non_null(arena_array(&a, 100, 0));
    assert_non_null(arena_array(&a, 100, 100));
    arena_release(&a);
}

static void
test_text(void **state)
{
    (void)state;
    struct arena a;
    arena_init(&a, 4096);
    assert_string_equal(arena_strdup(&a, "整改"), "整改");
    assert_string_equal(arena_strndup(&a, "abcdef", 3), "abc");
    assert_string_equal(arena_strndup(&a, "", 0), "");
    assert_null(arena_strdup(&a, NULL));
    assert_null(arena_strndup(&a, "a", SIZE_MAX));
    assert_string_equal(arena_printf(&a, "%d 项 %s", 47, "问题"), "47 项 问题");
    assert_string_equal(arena_printf(&a, "%s", ""), "");
    assert_null(arena_printf(&a, "%5000d", 1));
    arena_release(&a);
}

static void
test_grow(void **state)
{
    (void)state;
    struct arena a;
    void *items = NULL;
    size_t capacity = 0;
    size_t count = 0;
    arena_init(&a, 100000);
    for (int i = 0; i < 1000; i++) {
        int *slot = arena_grow(&a, &items, count, &capacity, sizeof *slot);
        assert_non_null(slot);
        *slot = i;
        count++;
    }
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(((int *)items)[i], i);
    }
    arena_release(&a);
    /* Exhausted: the array stays as it was. */
    arena_init(&a, 100);
    items = NULL;
    capacity = 0;
    count = 0;
    int *slot = NULL;
    while ((slot = arena_grow(&a, &items, count, &capacity, sizeof *slot)) != NULL) {
        *slot = (int)count++;
    }
    assert_int_equal(count, 16);
    assert_int_equal(capacity, 16);
    for (int i = 0; i < 16; i++) {
        assert_int_equal(((int *)items)[i], i);
    }
    arena_release(&a);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alloc), cmocka_unit_test(test_cap),  cmocka_unit_test(test_array),
        cmocka_unit_test(test_text),  cmocka_unit_test(test_grow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
