/* What became of received items: the server is asked by their keys. */
#include "client/lib/outbox_impl.h"
#include "proto/base/now.h"
#include "proto/base/wire_text.h"

#include <rectify/v1/operation.pb-c.h>
#include <string.h>

enum { KEYS_AT_ONCE = 100 };

static enum rectify_item_verdict
verdict_of(const Pb__Operation *operation)
{
    switch (operation->verdict) {
    case PB__OPERATION_VERDICT__OPERATION_VERDICT_NONE:
        return RECTIFY_VERDICT_NONE;
    case PB__OPERATION_VERDICT__OPERATION_VERDICT_ACCEPTED:
        return RECTIFY_VERDICT_ACCEPTED;
    case PB__OPERATION_VERDICT__OPERATION_VERDICT_RETURNED:
        return RECTIFY_VERDICT_RETURNED;
    default:
        return RECTIFY_VERDICT_WAITING;
    }
}

static enum status
verdict_keep(struct rectify_outbox *outbox, int64_t number, const Pb__Operation *operation,
             const struct rectify_drain_options *options, struct fault *f)
{
    struct arena a;
    struct rectify_item item;
    bool changed = false;
    bool recorded = operation->state == PB__OPERATION_STATE__OPERATION_RECORDED;
    /* What the server has not on record now stays as it was: it is asked again another time. */
    enum status status = outbox_store_verdict(
        outbox, number, recorded ? verdict_of(operation) : RECTIFY_VERDICT_WAITING,
        recorded ? operation->verdict_line : NULL, &changed, f);
    if (status != STATUS_OK || !changed || options == NULL || options->settled == NULL) {
        return status;
    }
    outbox_arena_init(&a);
    status = outbox_store_item(outbox, &a, number, &item, f);
    if (status == STATUS_OK) {
        options->settled(options->user, &item);
    }
    arena_release(&a);
    return status;
}

/* Asks about up to KEYS_AT_ONCE; *ret_count 0: the line failed, or nobody is left. */
static enum status
batch_ask(struct rectify_outbox *outbox, struct rectify_channel *channel,
          const struct outbox_unjudged_filter *filter, const struct rectify_drain_options *options,
          size_t *ret_count, struct fault *f)
{
    struct arena a;
    struct outbox_unjudged *items = NULL;
    size_t count = 0;
    Pb__GetOperationRequest get = PB__GET_OPERATION_REQUEST__INIT;
    struct rectify_answer answer;
    struct rectify_request request = {.method = "rectify.v1.OperationService/GetOperation",
                                      .message = &get.base};
    *ret_count = 0;
    outbox_arena_init(&a);
    enum status status = outbox_store_unjudged(outbox, &a, filter, &items, &count, f);
    get.keys = arena_array(&a, count, sizeof *get.keys);
    if (status == STATUS_OK && get.keys == NULL) {
        status = fault_memory(f);
    }
    for (size_t i = 0; status == STATUS_OK && get.keys != NULL && i < count; i++) {
        get.keys[get.n_keys++] = wire_text(items[i].key);
    }
    bool asked = status == STATUS_OK && count > 0 &&
                 rectify_call(channel, &a, &request, &answer, NULL) == STATUS_OK;
    const Pb__GetOperationReply *reply =
        asked ? (const Pb__GetOperationReply *)answer.message : NULL;
    for (size_t i = 0; status == STATUS_OK && asked && i < count; i++) {
        bool answered = i < reply->n_operations && reply->operations[i]->key != NULL &&
                        strcmp(reply->operations[i]->key, items[i].key) == 0;
        static const Pb__Operation silence = PB__OPERATION__INIT;
        status = verdict_keep(outbox, items[i].number, answered ? reply->operations[i] : &silence,
                              options, f);
    }
    *ret_count = asked ? count : 0;
    arena_release(&a);
    return status;
}

enum status
rectify_outbox_verdicts(struct rectify_outbox *outbox, struct rectify_channel *channel,
                        uint32_t limit, const struct rectify_drain_options *options,
                        struct fault *f)
{
    enum status status = STATUS_OK;
    size_t count = 1;
    struct outbox_unjudged_filter filter = {.asked_before_ms = now_wall_ms()};
    while (status == STATUS_OK && count > 0 && limit > 0) {
        if (options != NULL && options->stop != NULL && options->stop(options->user)) {
            break;
        }
        filter.limit = limit < KEYS_AT_ONCE ? limit : KEYS_AT_ONCE;
        status = batch_ask(outbox, channel, &filter, options, &count, f);
        limit -= count < limit ? (uint32_t)count : limit;
    }
    return status;
}
