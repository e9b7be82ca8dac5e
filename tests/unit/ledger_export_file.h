/* An export made of known leaves, as lines that a test can change; included by the one test program
 * that tampers with it. */
#ifndef TESTS_UNIT_LEDGER_EXPORT_FILE_H
#define TESTS_UNIT_LEDGER_EXPORT_FILE_H

#include "proto/base/arena.h"
#include "proto/ledger/export.h"
#include "proto/ledger/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LEAVES = 23, TAILS = 3, LINES_MAX = 64, BODY = 200 };
static const int64_t NOW_MS = 1587970000000;

/* An export as lines, so that a test can change, swap, drop and add them. */
struct file {
    char *lines[LINES_MAX]; /* without LF */
    size_t count;
};

static struct arena arena;
static struct ledger_key key;
static struct ledger_key stranger;
static struct merkle_hash roots[LEAVES + 1];

/* ---- making one ---- */

struct memory {
    char *data;
    size_t size;
    size_t at; /* read so far */
    size_t step;
    size_t fail_at; /* read fails from here; 0: never */
};

static enum status
memory_write(void *user, const void *data, size_t n)
{
    struct memory *m = user;
    char *bigger = realloc(m->data, m->size + n + 1);
    assert_non_null(bigger);
    if (n != 0) {
        memcpy(bigger + m->size, data, n);
    }
    m->data = bigger;
    m->size += n;
    m->data[m->size] = '\0';
    return STATUS_OK;
}

static enum status
memory_read(void *user, void *buf, size_t capacity, size_t *ret_n)
{
    struct memory *m = user;
    size_t n = m->size - m->at;
    n = n < capacity ? n : capacity;
    n = n < m->step ? n : m->step;
    if (m->fail_at != 0 && m->at >= m->fail_at) {
        return STATUS_UNAVAILABLE;
    }
    if (n != 0) {
        memcpy(buf, m->data + m->at, n);
    }
    m->at += n;
    *ret_n = n;
    return STATUS_OK;
}

static const char *
event_id(size_t i)
{
    return arena_printf(&arena, "0190163d-8694-739b-aea5-%012zx", i);
}

static struct ledger_leaf
make_leaf(size_t i)
{
    char *body = arena_alloc(&arena, BODY);
    size_t n = 60 + i; /* all lengths modulo 3; some bytes that are no text */
    assert_true(n <= BODY);
    for (size_t k = 0; k < n; k++) {
        body[k] = (char)(k * 31 + i);
    }
    memcpy(body + 5, event_id(i), 36);
    struct ledger_leaf leaf = {

        .seq = i + 1, .event_id = event_id(i), .recorded_ms = NOW_MS - 1000, .body = body};
    leaf.body_size = n;
    merkle_leaf_hash(body, n, &leaf.hash);
    return leaf;
}

static struct ledger_head
make_head(size_t size, const struct ledger_key *by)
{
    struct ledger_head head = {.tenant = "demo", .size = size, .root = roots[size]};
    head.time_ms = NOW_MS - 5000;
    assert_int_equal(ledger_head_sign(&head, by, NULL), STATUS_OK);
    return head;
}

static void
write_export(struct ledger_sink sink, const struct ledger_key *by)
{
    struct ledger_export_writer w;
    struct ledger_head head = make_head(LEAVES, by);
    ledger_export_init(&w, sink);
    assert_int_equal(ledger_export_begin(&w, &head, &by->public, NOW_MS, NULL), STATUS_OK);
    for (size_t i = 0; i < LEAVES; i++) {
        struct ledger_leaf leaf = make_leaf(i);
        assert_int_equal(ledger_export_leaf(&w, &leaf, NULL), STATUS_OK);
        if (i == 7 || i == 15) {
            struct ledger_head earlier = make_head(i + 1, by);
            assert_int_equal(ledger_export_head(&w, &earlier, NULL), STATUS_OK);
        }
    }
    for (size_t i = 0; i < TAILS; i++) {
        struct ledger_leaf leaf = make_leaf(LEAVES + i);
        assert_int_equal(ledger_export_tail(&w, &leaf, NULL), STATUS_OK);
    }
    assert_int_equal(ledger_export_end(&w, NULL), STATUS_OK);
    ledger_export_release(&w);
}

static struct memory
join(const struct file *f)
{
    struct memory m = {.step = SIZE_MAX};
    for (size_t i = 0; i < f->count; i++) {
        assert_int_equal(memory_write(&m, f->lines[i], strlen(f->lines[i])), STATUS_OK);
        assert_int_equal(memory_write(&m, "\n", 1), STATUS_OK);
    }
    return m;
}

static struct ledger_verify_report
verify(const struct file *f, const struct ledger_verify_options *options)
{
    struct memory m = join(f);
    struct ledger_verify_report report;
    enum status s = ledger_export_verify((struct ledger_reader){memory_read, &m}, options, &report);
    assert_int_equal(s, report.fault.code);
    assert_true(report.fault.message[0] != '\0');
    free(m.data);
    return report;
}

static struct file
split(const char *text)
{
    struct file f = {0};
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");
        assert_true(f.count < LINES_MAX);
        f.lines[f.count++] = arena_strndup(&arena, text, n);
        text += n + 1;
    }
    return f;
}

/* A file that verifies under the pinned key: the control of every test. */
static struct file
fresh(void)
{
    struct memory m = {.step = SIZE_MAX};
    write_export((struct ledger_sink){memory_write, &m}, &key);
    struct file f = split(m.data);
    free(m.data);
    struct ledger_verify_options pinned = {.trusted = &key.public, .tenant = "demo"};
    struct ledger_verify_report report = verify(&f, &pinned);
    assert_int_equal(report.fault.code, STATUS_OK);
    assert_int_equal(report.leaves, LEAVES);
    return f;
}

static int
set_up(void **state)
{
    (void)state;
    struct merkle_frontier frontier = {0};
    arena_init(&arena, (size_t)64 << 20);
    ledger_key_make(&key);
    ledger_key_make(&stranger);
    merkle_frontier_root(&frontier, &roots[0]);
    for (size_t i = 0; i < LEAVES; i++) {
        struct ledger_leaf leaf = make_leaf(i);
        merkle_frontier_append(&frontier, &leaf.hash);
        merkle_frontier_root(&frontier, &roots[i + 1]);
    }
    return 0;
}

static int
tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* ---- finding and changing lines ---- */

static size_t
line_of(const struct file *f, const char *start)
{
    for (size_t i = 0; i < f->count; i++) {
        if (strncmp(f->lines[i], start, strlen(start)) == 0) {
            return i;
        }
    }
    fail_msg("no line starts with %s", start);
    return 0;
}

#endif
