#include "tests/support/history.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512, SHOW_MAX = 5 };

const char *const history_flaw_names[HISTORY_FLAWS] = {
    [HISTORY_LOST] = "lost",
    [HISTORY_DOUBLED] = "doubled",
    [HISTORY_ALTERED] = "altered",
    [HISTORY_OPEN] = "left open",
    [HISTORY_REFUSED_DONE] = "refused and done",
    [HISTORY_NOBODYS] = "nobody's",
    [HISTORY_GAP] = "gap in versions",
    [HISTORY_ORDER] = "out of order",
    [HISTORY_CONTRADICTED] = "contradicted",
    [HISTORY_ALERT_LOST] = "alert lost",
    [HISTORY_ALERT_TWICE] = "alert shown twice",
    [HISTORY_ALERT_OTHER] = "alert of another id",
};

/* ---- writing ---- */

int
history_open(const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) {
        fprintf(stderr, "history: %s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    return fd;
}

void
history_note(int fd, const char *format, ...)
{
    char line[LINE_BYTES];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    assert(n > 0 && (size_t)n < sizeof line - 1);
    line[n++] = '\n';
    if (write(fd, line, (size_t)n) != n) {
        fprintf(stderr, "history: %s\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
}

/* ---- reading ---- */

/* Room for one more behind count elements; grows by doubling at powers of two. */
static void *
grow(void *list, size_t count, size_t size)
{
    if (count != 0 && (count & (count - 1)) != 0) {
        return list;
    }
    void *bigger = realloc(list, (count == 0 ? 1 : count * 2) * size);
    if (bigger == NULL) {
        fprintf(stderr, "history: no memory\n");
        exit(EXIT_FAILURE);
    }
    memset((char *)bigger + count * size, 0, size);
    return bigger;
}

static bool
will_read(struct history *h, const char *line, unsigned file)
{
    struct history_item item = {.file = file, .place = h->item_count};
    if (sscanf(line, "will %36s %96s %64s %96s", item.key, item.method, item.payload, item.thing) !=
        4) {
        return false;
    }
    h->items = grow(h->items, h->item_count, sizeof *h->items);
    h->items[h->item_count++] = item;
    return true;
}

static bool
told_read(struct history *h, const char *line)
{
    struct history_told t = {.kind = HISTORY_UNKNOWN};
    if (sscanf(line, "received %36s %96s %36s %64s", t.key, t.receipt, t.event, t.leaf) == 4) {
        t.kind = HISTORY_RECEIVED;
    } else if (sscanf(line, "refused %36s %96s", t.key, t.receipt) == 2) {
        t.kind = HISTORY_REFUSED;
    } else if (sscanf(line, "dropped %36s", t.key) == 1) {
        t.kind = HISTORY_DROPPED;
    } else if (sscanf(line, "unknown %36s", t.key) != 1) {
        return false;
    }
    h->told = grow(h->told, h->told_count, sizeof *h->told);
    h->told[h->told_count++] = t;
    return true;
}

static bool
shown_read(struct history *h, const char *line)
{
    struct history_shown s = {.seq = 0};
    if (sscanf(line, "alert %96s %" SCNd64 " %36s", s.account, &s.seq, s.id) != 3) {
        return false;
    }
    h->shown = grow(h->shown, h->shown_count, sizeof *h->shown);
    h->shown[h->shown_count++] = s;
    return true;
}

/* A client puts what it said it will in the same order, so the item is near the end. */
static bool
put_read(struct history *h, const char *line, unsigned file)
{
    char key[UUID_TEXT_SIZE];
    if (sscanf(line, "put %36s", key) != 1) {
        return false;
    }
    for (size_t i = h->item_count; i > 0 && h->items[i - 1].file == file; i--) {
        if (strcmp(h->items[i - 1].key, key) == 0) {
            h->items[i - 1].put = true;
            return true;
        }
    }
    return false;
}

void
history_load(struct history *h, const char *path)
{
    char line[LINE_BYTES];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "history: %s: %s\n", path, strerror(errno));
        exit(EXIT_FAILURE);
    }
    unsigned number = h->files++;
    while (fgets(line, sizeof line, file) != NULL) {
        if (!will_read(h, line, number) && !put_read(h, line, number) && !shown_read(h, line) &&
            !told_read(h, line)) {
            fprintf(stderr, "history: %s: not a line of a history: %s", path, line);
            exit(EXIT_FAILURE);
        }
    }
    fclose(file);
}

/* ---- judging ---- */

struct judge {
    struct history *h;
    struct history_log *log;
    FILE *out;
    struct history_verdict *v;
};

static void flaw(struct judge *j, enum history_flaw kind, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
flaw(struct judge *j, enum history_flaw kind, const char *format, ...)
{
    if (j->out != NULL && j->v->flaws[kind] < SHOW_MAX) {
        va_list args;
        va_start(args, format);
        fprintf(j->out, "%s: ", history_flaw_names[kind]);
        vfprintf(j->out, format, args);
        fputc('\n', j->out);
        va_end(args);
    }
    j->v->flaws[kind]++;
}

/* Everything that is looked up begins with its key. */
static int
by_key(const void *a, const void *b)
{
    return strcmp(a, b);
}

static int
told_order(const void *a, const void *b)
{
    const struct history_told *x = a;
    const struct history_told *y = b;
    return strcmp(x->key, y->key);
}

static int
event_order(const void *a, const void *b)
{
    const struct history_event *x = a;
    const struct history_event *y = b;
    return strcmp(x->key, y->key);
}

static int
event_key(const void *key, const void *event)
{
    return strcmp(key, ((const struct history_event *)event)->key);
}

static int
receipt_order(const void *a, const void *b)
{
    const struct history_told *const *x = a;
    const struct history_told *const *y = b;
    int order = strcmp((*x)->receipt, (*y)->receipt);
    return order != 0 ? order : strcmp((*x)->key, (*y)->key);
}

static int
version_order(const void *a, const void *b)
{
    const struct history_version *x = a;
    const struct history_version *y = b;
    int order = strcmp(x->thing, y->thing);
    return order != 0 ? order : (x->version > y->version) - (x->version < y->version);
}

static int
shown_order(const void *a, const void *b)
{
    const struct history_shown *x = a;
    const struct history_shown *y = b;
    int order = strcmp(x->account, y->account);
    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

static void
sort(void *list, size_t count, size_t size, int (*order)(const void *, const void *))
{
    if (count > 0) {
        qsort(list, count, size, order);
    }
}

static void *
find(const void *key, void *list, size_t count, size_t size,
     int (*order)(const void *, const void *))
{
    return count == 0 ? NULL : bsearch(key, list, count, size, order);
}

static struct history_item *
item_find(struct judge *j, const char *key)
{
    return find(key, j->h->items, j->h->item_count, sizeof *j->h->items, by_key);
}

/* An event of a key; *ret_count: how many there are. */
static const struct history_event *
events_find(struct judge *j, const char *key, size_t *ret_count)
{
    const struct history_event *all = j->log->events;
    const struct history_event *e =
        find(key, j->log->events, j->log->event_count, sizeof *all, event_key);
    *ret_count = 0;
    if (e == NULL) {
        return NULL;
    }
    while (e > all && strcmp(e[-1].key, key) == 0) {
        e--;
    }
    while (e + *ret_count < all + j->log->event_count && strcmp(e[*ret_count].key, key) == 0) {
        (*ret_count)++;
    }
    return e;
}

static bool
differs(const char *said, const char *is)
{
    return strcmp(said, "-") != 0 && strcmp(said, is) != 0;
}

/* Marks each item with what its client was told; the same must have been said each time. */
static void
judge_told(struct judge *j)
{
    for (size_t i = 0; i < j->h->told_count; i++) {
        const struct history_told *t = &j->h->told[i];
        struct history_item *item = item_find(j, t->key);
        if (item == NULL) {
            flaw(j, HISTORY_NOBODYS, "told of %s, which no client put", t->key);
            continue;
        }
        item->received |= t->kind == HISTORY_RECEIVED;
        item->refused |= t->kind == HISTORY_REFUSED;
        item->dropped |= t->kind == HISTORY_DROPPED;
        if (item->received + item->refused + item->dropped > 1) {
            flaw(j, HISTORY_CONTRADICTED, "%s was told two ends", t->key);
        }
        if (t->kind != HISTORY_RECEIVED) {
            continue;
        }
        size_t count = 0;
        const struct history_event *e = events_find(j, t->key, &count);
        if (e == NULL) {
            flaw(j, HISTORY_LOST, "%s, receipt %s", t->key, t->receipt);
        } else if (differs(t->event, e->id) || differs(t->leaf, e->leaf) ||
                   differs(t->receipt, e->receipt)) {
            flaw(j, HISTORY_ALTERED, "%s: receipt %s names event %s, the log has %s %s", t->key,
                 t->receipt, t->event, e->receipt, e->id);
        }
    }
}

/* No two commands share a receipt. */
static void
judge_receipts(struct judge *j)
{
    const struct history_told **list = calloc(j->h->told_count + 1, sizeof *list);
    size_t count = 0;
    assert(list != NULL);
    for (size_t i = 0; i < j->h->told_count; i++) {
        const struct history_told *t = &j->h->told[i];
        if (t->kind == HISTORY_RECEIVED && strcmp(t->receipt, "-") != 0) {
            list[count++] = t;
        }
    }
    sort(list, count, sizeof(struct history_told *), receipt_order);
    for (size_t i = 1; i < count; i++) {
        if (strcmp(list[i - 1]->receipt, list[i]->receipt) == 0 &&
            strcmp(list[i - 1]->key, list[i]->key) != 0) {
            flaw(j, HISTORY_CONTRADICTED, "receipt %s for %s and %s", list[i]->receipt,
                 list[i - 1]->key, list[i]->key);
        }
    }
    free(list);
}

static void
judge_item(struct judge *j, const struct history_item *item)
{
    size_t count = 0;
    const struct history_event *e = events_find(j, item->key, &count);
    j->v->put += item->put;
    j->v->received += item->received;
    j->v->refused += item->refused;
    if (item->put && !item->received && !item->refused && !item->dropped) {
        flaw(j, HISTORY_OPEN, "%s %s", item->key, item->method);
    }
    if (count > 1) {
        flaw(j, HISTORY_DOUBLED, "%s has %zu events", item->key, count);
    }
    if (count > 0 && (item->refused || item->dropped)) {
        flaw(j, HISTORY_REFUSED_DONE, "%s, event %s", item->key, e->id);
    }
    if (count > 0 && (differs(item->method, e->method) || differs(item->payload, e->payload))) {
        flaw(j, HISTORY_ALTERED, "%s: put %s %s, the log has %s %s", item->key, item->method,
             item->payload, e->method, e->payload);
    }
}

static void
judge_events(struct judge *j)
{
    for (size_t i = 0; i < j->log->event_count; i++) {
        const struct history_event *e = &j->log->events[i];
        if (item_find(j, e->key) == NULL) {
            flaw(j, HISTORY_NOBODYS, "event %s, %s, key %s", e->id, e->method, e->key);
        }
        if (!e->leaf_holds) {
            flaw(j, HISTORY_ALTERED, "event %s is not what its leaf says", e->id);
        }
    }
}

static int
by_event(const void *a, const void *b)
{
    const struct history_event *x = a;
    const struct history_event *y = b;
    return strcmp(x->id, y->id);
}

/* Which item made each version. The last one a client made must have been put before the next. */
static void
judge_versions(struct judge *j)
{
    const struct history_log *log = j->log;
    size_t files = j->h->files;
    size_t *last = calloc(files + 1, sizeof *last); /* by client: place + 1 on this thing */
    struct history_event *events = calloc(log->event_count + 1, sizeof *events);
    assert(last != NULL && events != NULL);
    if (log->event_count > 0) {
        memcpy(events, log->events, log->event_count * sizeof *events);
    }
    sort(events, log->event_count, sizeof *events, by_event);
    for (size_t i = 0; i < log->version_count; i++) {
        const struct history_version *v = &log->versions[i];
        bool first = i == 0 || strcmp(v[-1].thing, v->thing) != 0;
        if (first) {
            memset(last, 0, (files + 1) * sizeof *last);
        }
        if (v->version != (first ? 1 : v[-1].version + 1)) {
            flaw(j, HISTORY_GAP, "%s: %" PRId64 " where %" PRId64 " was due", v->thing, v->version,
                 first ? 1 : v[-1].version + 1);
        }
        const struct history_event *e =
            find(v->event, events, log->event_count, sizeof *events, by_key);
        const struct history_item *item = e == NULL ? NULL : item_find(j, e->key);
        if (item == NULL) {
            continue;
        }
        if (item->place + 1 < last[item->file]) {
            flaw(j, HISTORY_ORDER, "%s version %" PRId64 ": %s", v->thing, v->version, item->key);
        }
        last[item->file] = item->place + 1;
    }
    free(events);
    free(last);
}

static const struct history_shown *
shown_find(const struct history_shown *like, struct history_shown *list, size_t count)
{
    return find(like, list, count, sizeof *list, shown_order);
}

static bool
account_shows(const struct history *h, const char *account)
{
    for (size_t i = 0; i < h->shown_count; i++) {
        if (strcmp(h->shown[i].account, account) == 0) {
            return true;
        }
    }
    return false;
}

static void
judge_alerts(struct judge *j)
{
    struct history *h = j->h;
    struct history_log *log = j->log;
    for (size_t i = 0; i < h->shown_count; i++) {
        const struct history_shown *s = &h->shown[i];
        const struct history_shown *d = shown_find(s, log->delivered, log->delivered_count);
        if (d == NULL || strcmp(d->id, s->id) != 0) {
            flaw(j, HISTORY_ALERT_OTHER, "%s %" PRId64 " %s", s->account, s->seq, s->id);
        }
        if (i > 0 && shown_order(s - 1, s) == 0) {
            flaw(j, HISTORY_ALERT_TWICE, "%s %" PRId64, s->account, s->seq);
        }
    }
    for (size_t i = 0; i < log->delivered_count; i++) {
        const struct history_shown *d = &log->delivered[i];
        if (shown_find(d, h->shown, h->shown_count) == NULL && account_shows(h, d->account)) {
            flaw(j, HISTORY_ALERT_LOST, "%s %" PRId64 " %s", d->account, d->seq, d->id);
        }
    }
}

void
history_judge(struct history *h, struct history_log *log, FILE *out,
              struct history_verdict *ret_verdict)
{
    struct judge j = {.h = h, .log = log, .out = out, .v = ret_verdict};
    *ret_verdict = (struct history_verdict){.put = 0};
    sort(h->items, h->item_count, sizeof *h->items, by_key);
    sort(h->told, h->told_count, sizeof *h->told, told_order);
    sort(h->shown, h->shown_count, sizeof *h->shown, shown_order);
    sort(log->events, log->event_count, sizeof *log->events, event_order);
    sort(log->versions, log->version_count, sizeof *log->versions, version_order);
    sort(log->delivered, log->delivered_count, sizeof *log->delivered, shown_order);
    judge_told(&j);
    judge_receipts(&j);
    for (size_t i = 0; i < h->item_count; i++) {
        judge_item(&j, &h->items[i]);
    }
    judge_events(&j);
    judge_versions(&j);
    judge_alerts(&j);
}

bool
history_is_sound(const struct history_verdict *v)
{
    for (int i = 0; i < HISTORY_FLAWS; i++) {
        if (v->flaws[i] != 0) {
            return false;
        }
    }
    return true;
}

void
history_print(const struct history_verdict *v, FILE *out)
{
    fprintf(out, "put %zu, received %zu, refused %zu;", v->put, v->received, v->refused);
    for (int i = 0; i < HISTORY_FLAWS; i++) {
        if (v->flaws[i] != 0) {
            fprintf(out, " %zu %s;", v->flaws[i], history_flaw_names[i]);
        }
    }
    fputs(history_is_sound(v) ? " no flaw\n" : "\n", out);
}

void
history_clear(struct history *h)
{
    free(h->items);
    free(h->told);
    free(h->shown);
    *h = (struct history){.items = NULL};
}

void
history_log_clear(struct history_log *log)
{
    free(log->events);
    free(log->versions);
    free(log->delivered);
    *log = (struct history_log){.events = NULL};
}
