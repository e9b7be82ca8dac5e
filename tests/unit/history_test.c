/* The history checker finds out every history that was doctored, and nothing in one that was not.
 */
#include "tests/support/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { KEYS = 6 };

/* Six commands of two clients on one measure: five done, the last refused; two alerts shown. */
struct scene {
    struct history h;
    struct history_log log;
};

static void
number(char *text, size_t size, const char *kind, unsigned n)
{
    snprintf(text, size, "%s%u", kind, n);
}

static void
client_write(const char *path, unsigned first, unsigned count)
{
    int fd = history_open(path);
    for (unsigned i = first; i < first + count; i++) {
        history_note(fd, "will key%u method sha%u m1", i, i);
        history_note(fd, "put key%u", i);
        history_note(fd, "unknown key%u", i);
        if (i == KEYS) {
            history_note(fd, "refused key%u NOT_NOW", i);
        } else {
            history_note(fd, "received key%u receipt%u event%u leaf%u", i, i, i, i);
        }
    }
    history_note(fd, "will killed%u method sha m1", first); /* and killed: it may be done or not */
    history_note(fd, "alert account%u 1 alert1", first);
    history_note(fd, "alert account%u 2 alert2", first);
    close(fd);
}

static void
scene_make(struct scene *s)
{
    char path[] = "/tmp/rectify-history-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    *s = (struct scene){.h = {.items = NULL}};
    for (unsigned first = 1; first <= 4; first += 3) {
        assert_int_equal(ftruncate(fd, 0), 0);
        client_write(path, first, 3);
        history_load(&s->h, path);
    }
    close(fd);
    unlink(path);
    s->log.events = calloc(KEYS + 1, sizeof *s->log.events);
    s->log.versions = calloc(KEYS + 1, sizeof *s->log.versions);
    s->log.delivered = calloc(5, sizeof *s->log.delivered);
    s->log.event_count = s->log.version_count = KEYS - 1;
    s->log.delivered_count = 4;
    for (unsigned i = 0; i < KEYS - 1; i++) {
        struct history_event *e = &s->log.events[i];
        number(e->id, sizeof e->id, "event", i + 1);
        number(e->key, sizeof e->key, "key", i + 1);
        number(e->payload, sizeof e->payload, "sha", i + 1);
        number(e->leaf, sizeof e->leaf, "leaf", i + 1);
        number(e->receipt, sizeof e->receipt, "receipt", i + 1);
        snprintf(e->method, sizeof e->method, "method");
        e->leaf_holds = true;
        struct history_version *v = &s->log.versions[i];
        snprintf(v->thing, sizeof v->thing, "m1");
        snprintf(v->event, sizeof v->event, "%s", e->id);
        v->version = i + 1;
    }
    for (unsigned i = 0; i < 4; i++) {
        struct history_shown *d = &s->log.delivered[i];
        number(d->account, sizeof d->account, "account", i < 2 ? 1 : 4);
        d->seq = i % 2 + 1;
        number(d->id, sizeof d->id, "alert", i % 2 + 1);
    }
}

/* The doctored thing, done to a fresh scene. */
typedef void (*doctor)(struct scene *s);

static void
doctor_nothing(struct scene *s)
{
    (void)s;
}

static void
doctor_lost(struct scene *s)
{
    s->log.event_count--; /* and its version */
    s->log.version_count--;
}

static void
doctor_doubled(struct scene *s)
{
    struct history_event *e = &s->log.events[s->log.event_count++];
    *e = s->log.events[0];
    snprintf(e->leaf, sizeof e->leaf, "leaf1"); /* the very same, but once more */
}

static void
doctor_altered(struct scene *s)
{
    snprintf(s->log.events[2].payload, sizeof s->log.events[2].payload, "other");
}

static void
doctor_other_event(struct scene *s)
{
    snprintf(s->log.events[2].leaf, sizeof s->log.events[2].leaf, "other");
}

static void
doctor_body(struct scene *s)
{
    s->log.events[2].leaf_holds = false;
}

static void
doctor_open(struct scene *s)
{
    s->h.told[1].kind = HISTORY_UNKNOWN; /* key1's receipt never came */
}

static void
doctor_refused_done(struct scene *s)
{
    struct history_event *e = &s->log.events[s->log.event_count++];
    *e = s->log.events[0];
    snprintf(e->id, sizeof e->id, "event%d", KEYS);
    snprintf(e->key, sizeof e->key, "key%d", KEYS);
    snprintf(e->payload, sizeof e->payload, "sha%d", KEYS);
}

static void
doctor_nobodys(struct scene *s)
{
    struct history_event *e = &s->log.events[s->log.event_count++];
    *e = s->log.events[0];
    snprintf(e->id, sizeof e->id, "event%d", KEYS);
    snprintf(e->key, sizeof e->key, "stranger");
}

static void
doctor_gap(struct scene *s)
{
    s->log.versions[4].version = 7;
}

static void
doctor_order(struct scene *s)
{
    struct history_version v = s->log.versions[0];
    s->log.versions[0].version = 2;
    s->log.versions[1].version = v.version;
}

static void
doctor_contradicted(struct scene *s)
{
    s->h.told[2 * KEYS - 2].kind = HISTORY_DROPPED; /* the last key: given up, then refused */
}

static void
doctor_receipt_twice(struct scene *s)
{
    snprintf(s->h.told[3].receipt, sizeof s->h.told[3].receipt, "receipt1");
    snprintf(s->log.events[1].receipt, sizeof s->log.events[1].receipt, "receipt1");
}

static void
doctor_alert_lost(struct scene *s)
{
    struct history_shown *d = &s->log.delivered[s->log.delivered_count++];
    *d = s->log.delivered[0];
    d->seq = 3;
}

static void
doctor_alert_twice(struct scene *s)
{
    s->h.shown[1] = s->h.shown[0];
    s->log.delivered[1] = s->log.delivered[0];
}

static void
doctor_alert_other(struct scene *s)
{
    snprintf(s->h.shown[0].id, sizeof s->h.shown[0].id, "another");
}

static void
test_finds_what_was_doctored(void **state)
{
    static const struct {
        doctor doctor;
        enum history_flaw flaw; /* HISTORY_FLAWS: none */
    } cases[] = {
        {doctor_nothing, HISTORY_FLAWS},
        {doctor_lost, HISTORY_LOST},
        {doctor_doubled, HISTORY_DOUBLED},
        {doctor_altered, HISTORY_ALTERED},
        {doctor_other_event, HISTORY_ALTERED},
        {doctor_body, HISTORY_ALTERED},
        {doctor_open, HISTORY_OPEN},
        {doctor_refused_done, HISTORY_REFUSED_DONE},
        {doctor_nobodys, HISTORY_NOBODYS},
        {doctor_gap, HISTORY_GAP},
        {doctor_order, HISTORY_ORDER},
        {doctor_contradicted, HISTORY_CONTRADICTED},
        {doctor_receipt_twice, HISTORY_CONTRADICTED},
        {doctor_alert_lost, HISTORY_ALERT_LOST},
        {doctor_alert_twice, HISTORY_ALERT_TWICE},
        {doctor_alert_other, HISTORY_ALERT_OTHER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct scene s;
        struct history_verdict v;
        scene_make(&s);
        cases[i].doctor(&s);
        history_judge(&s.h, &s.log, NULL, &v);
        for (int flaw = 0; flaw < HISTORY_FLAWS; flaw++) {
            bool found = v.flaws[flaw] > 0;
            if (found != (flaw == (int)cases[i].flaw)) {
                fail_msg("case %zu: \"%s\" was %sfound", i, history_flaw_names[flaw],
                         found ? "" : "not ");
            }
        }
        assert_int_equal(history_is_sound(&v), cases[i].flaw == HISTORY_FLAWS);
        assert_int_equal(v.put, KEYS);
        history_clear(&s.h);
        history_log_clear(&s.log);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_finds_what_was_doctored)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
