/* What the tests of the outbox share: a fake server, an outbox, and commands to put. */
#ifndef TESTS_UNIT_OUTBOX_CASE_H
#define TESTS_UNIT_OUTBOX_CASE_H

#include "client/lib/file.h"
#include "client/lib/local_db.h"
#include "client/lib/outbox.h"
#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"
#include "tests/support/fixture.h"
#include "tests/support/outbox_fake.h"

#include <dirent.h>
#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/consultation.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <rectify/v1/table.pb-c.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SIGN_FOR "rectify.v1.MeasureService/SignFor"
#define CLAIM "rectify.v1.MeasureService/ClaimEffect"
#define SUBMIT "rectify.v1.TableService/SubmitTable"
#define ASK "rectify.v1.ConsultationService/Ask"
/* of "before" */
#define BEFORE_SHA256 "6db7d803e74f1ffa7d8f5adc0bf95b3e15bf4c8373fffadf546227cc6c6742cb"
#define TABLE "0190e5a0-0009-7000-8000-000000000001"

static struct arena arena;
static struct fake_server *server;
static struct rectify_outbox *outbox;

static inline void
must(enum status status, const struct fault *f)
{
    if (status != STATUS_OK) {
        fail_msg("%s: %s", f->reason, f->message);
    }
}

static inline void
reopen(void)
{
    struct fault f;
    rectify_outbox_free(outbox);
    outbox = NULL;
    must(rectify_outbox_open(fake_state_folder(server), &outbox, &f), &f);
}

static inline int
setup(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)256 * 1024 * 1024);
    server = fake_start();
    reopen();
    return 0;
}

static inline int
teardown(void **state)
{
    (void)state;
    rectify_outbox_free(outbox);
    outbox = NULL;
    fake_free(server);
    arena_release(&arena);
    return 0;
}

/* ---- commands ---- */

static inline enum status
put_try(const struct rectify_request *request, bool sent, struct rectify_item *item,
        struct fault *f)
{
    struct rectify_outbox_command command = {
        .request = request, .account = "unit01", .title = "签收", .sent = sent};
    return rectify_outbox_put(outbox, &command, item, &arena, f);
}

static inline struct rectify_item
put(const struct rectify_request *request)
{
    struct fault f;
    struct rectify_item item;
    must(put_try(request, false, &item, &f), &f);
    return item;
}

/* version -1: none said. */
static inline struct rectify_item
put_sign(const char *ref, int64_t version)
{
    Pb__MeasureVersion one = PB__MEASURE_VERSION__INIT;
    Pb__MeasureVersion *list[] = {&one};
    Pb__SignForRequest sign = PB__SIGN_FOR_REQUEST__INIT;
    one.ref = wire_text(ref);
    one.has_expected_version = version >= 0;
    one.expected_version = version;
    sign.n_measures = 1;
    sign.measures = list;
    struct rectify_request request = {.method = SIGN_FOR, .message = &sign.base};
    return put(&request);
}

static inline struct rectify_item
put_claim(const char *ref, int64_t version, const char *evidence)
{
    Pb__ClaimRequest claim = PB__CLAIM_REQUEST__INIT;
    char *ids[] = {wire_text(evidence)};
    claim.ref = wire_text(ref);
    claim.n_evidence = evidence != NULL ? 1 : 0;
    claim.evidence = ids;
    struct rectify_request request = {.method = CLAIM,
                                      .message = &claim.base,
                                      .has_expected_version = version >= 0,
                                      .expected_version = version};
    return put(&request);
}

static inline struct rectify_item
put_table(int64_t version, const char *measure, int64_t measure_version)
{
    Pb__TableRow row = PB__TABLE_ROW__INIT;
    Pb__TableRow *rows[] = {&row};
    Pb__SubmitTableRequest submit = PB__SUBMIT_TABLE_REQUEST__INIT;
    row.measure_ref = wire_text(measure);
    row.has_measure_version = true;
    row.measure_version = measure_version;
    submit.id = wire_text(TABLE);
    submit.has_expected_version = true;
    submit.expected_version = version;
    submit.n_rows = 1;
    submit.rows = rows;
    struct rectify_request request = {.method = SUBMIT, .message = &submit.base};
    return put(&request);
}

static inline struct rectify_item
put_ask(const char *ref)
{
    Pb__AskRequest ask = PB__ASK_REQUEST__INIT;
    ask.measure_ref = wire_text(ref);
    ask.text = wire_text("资金没有落实");
    struct rectify_request request = {.method = ASK, .message = &ask.base};
    return put(&request);
}

static inline struct rectify_drain
drain_with(const struct rectify_drain_options *options)
{
    struct fault f;
    struct rectify_drain result;
    must(rectify_outbox_drain(outbox, fake_channel(server, 1500), options, &result, &f), &f);
    return result;
}

static inline struct rectify_drain
drain(void)
{
    return drain_with(NULL);
}

static inline struct rectify_item
item_at(int64_t number)
{
    struct fault f;
    struct rectify_item item;
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)number);
    must(rectify_outbox_find(outbox, &arena, text, &item, &f), &f);
    return item;
}

static inline size_t
waiting(void)
{
    struct fault f;
    struct rectify_item *items = NULL;
    size_t count = 0;
    struct rectify_outbox_filter filter = {.archived = false};
    must(rectify_outbox_list(outbox, &arena, &filter, &items, &count, &f), &f);
    return count;
}

static inline void
file_write(const char *name, const char *text, char ret_path[512])
{
    struct fault f;
    snprintf(ret_path, 512, "%s/../%s", fake_state_folder(server), name);
    must(rectify_file_replace(ret_path, 0600, text, strlen(text), &f), &f);
}

static inline const char *
capture(const char *path)
{
    struct fault f;
    char *id = arena_alloc(&arena, UUID_TEXT_SIZE);
    struct rectify_outbox_file file = {.path = path};
    must(rectify_outbox_capture(outbox, &file, id, &f), &f);
    return id;
}

#endif
