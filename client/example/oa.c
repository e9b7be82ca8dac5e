/* An office-automation system's errand boy: lists the measures that wait to be signed for, and
 * carries any call as JSON. Built against an installed librectify alone:
 *
 *     cc oa.c $(pkg-config --cflags --libs rectify) -o oa
 *     oa PROFILE waits                       a line for each measure to be signed for
 *     oa PROFILE call METHOD [JSON]          one call, its answer as JSON
 *
 * PROFILE is the path of a profile, or its name.
 */
#include <rectify/rectify.h>

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
    return call(e, argv[3], argc > 4 ? argv[4] : NULL, f);
}

int
main(int argc, char **argv)
{
    struct errand e = {.channel = NULL};
    struct fault f = {.code = STATUS_OK};
    if (argc < 3 || (strcmp(argv[2], "waits") != 0 && argc < 4)) {
        fputs("usage: oa PROFILE waits | call METHOD [JSON]\n", stderr);
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
