/* How fast the outbox keeps commands, beside a bare loop of SQLite inserts of the same bytes with
 * the same settings, one commit each. Part of tests/bench/outbox.
 *
 *     bench_outbox FOLDER SECONDS ROUNDS     each in turn, several times; medians and their ratio
 */
#include "client/lib/outbox.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/measure.pb-c.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { PAYLOAD_BYTES = 300, ROUNDS_MAX = 64, GOAL = 2000 };
#define GOAL_RATIO 0.8 /* where the disk cannot sync so often */

static double
now_s(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void
die(const char *what, const char *why)
{
    fprintf(stderr, "bench_outbox: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static char *
text(const char *constant)
{
    return (char *)(uintptr_t)constant;
}

/* Commands a second that rectify_outbox_put keeps. */
static double
measure_outbox(const char *folder, double seconds)
{
    struct rectify_outbox *outbox = NULL;
    struct fault f = {.code = STATUS_OK};
    char narrative[PAYLOAD_BYTES];
    Pb__ClaimRequest claim = PB__CLAIM_REQUEST__INIT;
    const struct rectify_request request = {.method = "rectify.v1.MeasureService/ClaimEffect",
                                            .message = &claim.base,
                                            .has_expected_version = true,
                                            .expected_version = 4};
    const struct rectify_outbox_command command = {
        .request = &request, .account = "unit01", .title = "申请认定 P-01-M-01"};
    memset(narrative, 'x', sizeof narrative - 1);
    narrative[sizeof narrative - 1] = '\0';
    claim.ref = text("P-01-M-01");
    claim.narrative = narrative;
    if (rectify_outbox_open(folder, &outbox, &f) != STATUS_OK) {
        die(f.reason, f.message);
    }
    double from = now_s();
    unsigned long count = 0;
    for (; now_s() - from < seconds; count++) {
        struct arena a;
        struct rectify_item item;
        arena_init(&a, 1U << 20U);
        if (rectify_outbox_put(outbox, &command, &item, &a, &f) != STATUS_OK) {
            die(f.reason, f.message);
        }
        arena_release(&a);
    }
    double took = now_s() - from;
    rectify_outbox_free(outbox);
    return (double)count / took;
}

static void
run(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
        die(sql, why);
    }
}

/* Rows a second of a plain table with a key. */
static double
measure_sqlite(const char *folder, double seconds)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *insert = NULL;
    char path[4200];
    unsigned char payload[PAYLOAD_BYTES] = {0};
    unsigned char key[16];
    snprintf(path, sizeof path, "%s/bare.db", folder);
    if (sqlite3_open(path, &db) != SQLITE_OK) {
        die(path, sqlite3_errmsg(db));
    }
    run(db, "PRAGMA journal_mode=WAL");
    run(db, "PRAGMA synchronous=FULL");
    run(db, "PRAGMA cache_size=-512");
    run(db, "CREATE TABLE IF NOT EXISTS item (number INTEGER PRIMARY KEY AUTOINCREMENT,"
            " key BLOB NOT NULL UNIQUE, payload BLOB NOT NULL)");
    if (sqlite3_prepare_v2(db, "INSERT INTO item (key, payload) VALUES (?1, ?2)", -1, &insert,
                           NULL) != SQLITE_OK) {
        die("prepare", sqlite3_errmsg(db));
    }
    double from = now_s();
    unsigned long count = 0;
    for (; now_s() - from < seconds; count++) {
        secret_random(key, sizeof key);
        sqlite3_bind_blob(insert, 1, key, sizeof key, SQLITE_STATIC);
        sqlite3_bind_blob(insert, 2, payload, sizeof payload, SQLITE_STATIC);
        if (sqlite3_step(insert) != SQLITE_DONE) {
            die("insert", sqlite3_errmsg(db));
        }
        sqlite3_reset(insert);
    }
    double took = now_s() - from;
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return (double)count / took;
}

static int
by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
    double kept[ROUNDS_MAX];
    double bare[ROUNDS_MAX];
    double seconds = argc == 4 ? strtod(argv[2], NULL) : 0;
    unsigned long rounds = argc == 4 ? strtoul(argv[3], NULL, 10) : 0;
    if (seconds <= 0 || rounds == 0 || rounds > ROUNDS_MAX) {
        die("usage", "bench_outbox FOLDER SECONDS ROUNDS");
    }
    for (unsigned long i = 0; i < rounds; i++) {
        bare[i] = measure_sqlite(argv[1], seconds);
        kept[i] = measure_outbox(argv[1], seconds);
        printf("kept by the outbox: %6.0f/s   bare SQLite: %6.0f/s (%.2f)\n", kept[i], bare[i],
               kept[i] / bare[i]);
    }
    qsort(kept, rounds, sizeof *kept, by_size);
    qsort(bare, rounds, sizeof *bare, by_size);
    double ratio = kept[rounds / 2] / bare[rounds / 2];
    printf("median kept: %.0f/s (goal %d)   of bare SQLite: %.2f (goal %.1f)\n", kept[rounds / 2],
           GOAL, ratio, GOAL_RATIO);
    return kept[rounds / 2] >= GOAL || ratio >= GOAL_RATIO ? EXIT_SUCCESS : EXIT_FAILURE;
}
