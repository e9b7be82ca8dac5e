/* An office-automation system's errand boy: lists the measures that wait to be signed for, carries
 * any call as JSON, and queues commands on the disk. Built against an installed librectify alone:
 *
 *     cc oa.c $(pkg-config --cflags --libs rectify) -o oa
 *     oa PROFILE waits                       a line for each measure to be signed for
 *     oa PROFILE call METHOD [JSON]          one call, its answer as JSON
 *     oa PROFILE queue METHOD JSON           keeps a command (a report, say); needs no line
 *     oa PROFILE send                        sends what is kept; prints what is left
 *
 * PROFILE is the path of a profile, or its name.
 */
#include <rectify/rectify.h>

#include <inttypes.h>
#include <rectify/v1/measure.pb-c.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_BYTES ((size_t)64 * 1024 * 1024)

struct errand {
    struct arena arena;
    struct rectify_profile profile;
    struct rectify_channel *channel;
};

static enum status
errand_open(struct errand *e, const char *name, struct fault *f)
{
    struct rectify_places places;
    enum status status = rectify_places_find(&e->arena, NULL, &places, f);
    if (status == STATUS_OK) {
        status = rectify_profile_load(&e->arena, &places, name, &e->profile, f);
    }
    struct rectify_channel_options options = {.profile = &e->profile,
                                              .client_version = "oa-example 1"};
    return status == STATUS_OK ? rectify_channel_open(&options, &e->channel, f) : status;
}

/* With structures: checked by the compiler, built again when the schema grows. */
static enum status
waits(struct errand *e, struct fault *f)
{
    Pb__ListMeasuresRequest list = PB__LIST_MEASURES_REQUEST__INIT;
    char assigned[] = "ASSIGNED";
    struct rectify_request request = {.method = "rectify.v1.MeasureService/ListMeasures",
                                      .message = &list.base};
    struct rectify_answer answer;
    list.state = assigned;
    enum status status = rectify_call(e->channel, &e->arena, &request, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListMeasuresReply *reply = (const Pb__ListMeasuresReply *)answer.message;
    for (size_t i = 0; i < reply->n_measures; i++) {
        printf("%s\t%s\n", reply->measures[i]->ref, reply->measures[i]->text);
    }
    return STATUS_OK;
}

/* With JSON: any method, nothing to build again. */
static enum status
call(struct errand *e, const char *method, const char *json, struct fault *f)
{
    struct rectify_json_request request = {.method = method, .json = json};
    const char *answer = NULL;
    enum status status = rectify_json_call(e->channel, &e->arena, &request, &answer, f);
    if (status == STATUS_OK) {
        puts(answer);
    }
    return status;
}

/* Once this returns OK the command survives a power cut; its key is made already, so that it is
 * carried out once, however often it must be sent. */
static enum status
queue(struct errand *e, struct rectify_outbox *outbox, const char *method, const char *json,
      struct fault *f)
{
    struct rectify_request request = {.method = method};
    struct rectify_outbox_command command = {
        .request = &request, .account = e->profile.account, .title = "来自办公系统的办理"};
    struct rectify_item item;
    ProtobufCMessage *message = NULL;
    enum status status = rectify_json_message(&e->arena, method, json, &message, f);
    request.message = message;
    if (status == STATUS_OK) {
        status = rectify_outbox_put(outbox, &command, &item, &e->arena, f);
    }
    if (status == STATUS_OK) {
        printf("%" PRId64 "\t%s\n", item.number, item.key);
    }
    return status;
}

/* What became of an item: received, or refused and waiting for a person. */
static void
settled(void *user, const struct rectify_item *item)
{
    (void)user;
    if (item->state == RECTIFY_ITEM_RECEIVED) {
        printf("%" PRId64 "\t%s\n", item->number, item->receipt_number);
    } else {
        printf("%" PRId64 "\t%s\t%s\n", item->number, item->reason, item->message);
    }
}

static enum status
send_all(struct errand *e, struct rectify_outbox *outbox, struct fault *f)
{
    struct rectify_drain_options options = {.settled = settled};
    struct rectify_drain drain;
    struct rectify_outbox_counts counts;
    enum status status = rectify_outbox_drain(outbox, e->channel, &options, &drain, f);
    if (status == STATUS_OK) {
        status = rectify_outbox_counts_get(outbox, &counts, f);
    }
    if (status == STATUS_OK) {
        printf("received %" PRIu64 ", refused %" PRIu64 ", waiting %" PRIu64 "\n", drain.received,
               drain.refused, counts.queued + counts.sent);
    }
    return status;
}

static enum status
with_outbox(struct errand *e, int argc, char **argv, struct fault *f)
{
    struct rectify_outbox *outbox = NULL;
    enum status status = rectify_outbox_open(e->profile.state, &outbox, f);
    if (status == STATUS_OK) {
        status = argc > 4 ? queue(e, outbox, argv[3], argv[4], f) : send_all(e, outbox, f);
    }
    rectify_outbox_free(outbox);
    return status;
}

static enum status
run(struct errand *e, int argc, char **argv, struct fault *f)
{
    enum status status = errand_open(e, argv[1], f);
    if (status != STATUS_OK) {
        return status;
    }
    if (strcmp(argv[2], "waits") == 0) {
        return waits(e, f);
    }
    if (strcmp(argv[2], "call") == 0) {
        return call(e, argv[3], argc > 4 ? argv[4] : NULL, f);
    }
    return with_outbox(e, argc, argv, f);
}

static bool
is_known(int argc, char **argv)
{
    static const struct {
        const char *word;
        int least;
        int most;
    } words[] = {{"waits", 3, 3}, {"call", 4, 5}, {"queue", 5, 5}, {"send", 3, 3}};
    for (size_t i = 0; argc > 2 && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(argv[2], words[i].word) == 0) {
            return argc >= words[i].least && argc <= words[i].most;
        }
    }
    return false;
}

int
main(int argc, char **argv)
{
    struct errand e = {.channel = NULL};
    struct fault f = {.code = STATUS_OK};
    if (!is_known(argc, argv)) {
        fputs("usage: oa PROFILE waits | call METHOD [JSON] | queue METHOD JSON | send\n", stderr);
        return 2;
    }
    arena_init(&e.arena, MEMORY_BYTES);
    f.code = run(&e, argc, argv, &f);
    if (f.code != STATUS_OK) {
        const char *json = rectify_json_fault(&e.arena, &f);
        fprintf(stderr, "%s\n", json != NULL ? json : f.reason);
    }
    rectify_channel_free(e.channel);
    arena_release(&e.arena);
    return f.code == STATUS_OK ? 0 : 1;
}
