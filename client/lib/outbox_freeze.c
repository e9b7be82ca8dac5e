/* From the item as put to the request that goes out (rule 4): ids of uploaded files in place of
 * their stand-ins, and the versions that this outbox itself made since.
 *
 * A version seen is followed only along changes that were all this outbox's own: from the version
 * seen to the one that an item made on top of it, and so on. Where somebody else changed the thing
 * in between there is no such step, the version stays as seen, and the server refuses it as stale.
 */
#include "client/lib/channel_impl.h"
#include "client/lib/evidence.h"
#include "client/lib/outbox_impl.h"
#include "proto/base/wire_text.h"
#include "proto/rpc/wirecheck.h"

#include <rectify/v1/evidence.pb-c.h>
#include <rectify/v1/measure.pb-c.h>
#include <string.h>
#include <unistd.h>

/* Own changes followed at most: more cannot wait in one outbox. */
enum { CHAIN_MAX = 100000 };
/* What was settled so shortly before an item was put, its author may not have seen. */
enum { SETTLED_BEFORE_MS = 60000 };

struct freezing {
    struct rectify_outbox *outbox;
    struct arena *a;
    struct rectify_channel *channel;
    struct outbox_work *work;
    const struct rectify_drain_options *options;
    bool *disk;
};

/* Marks a fault of the store: it is not the item's. */
static enum status
store(struct freezing *z, enum status status)
{
    if (status != STATUS_OK) {
        *z->disk = true;
    }
    return status;
}

/* ---- files ---- */

/* Does the server still have it? Asked only after a restore. */
static enum status
evidence_look(struct freezing *z, const char *id, bool *ret_there, struct fault *f)
{
    Pb__GetEvidenceRequest get = PB__GET_EVIDENCE_REQUEST__INIT;
    struct rectify_answer answer;
    struct rectify_request request = {.method = "rectify.v1.EvidenceService/GetEvidence",
                                      .message = &get.base};
    get.id = wire_text(id);
    enum status status = rectify_call(z->channel, z->a, &request, &answer, f);
    *ret_there = status == STATUS_OK;
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

static enum status
file_upload(struct freezing *z, struct outbox_capture *file, struct fault *f)
{
    char *path = outbox_file_path(z->a, z->outbox, file->sha256);
    Pb__Evidence *evidence = NULL;
    struct rectify_upload upload = {
        .path = path,
        .name = file->name,
        .kind = file->kind,
        .effective_on = file->effective_on,
        .progress = {.step = z->options->progress, .user = z->options->user}};
    if (path == NULL) {
        return fault_memory(f);
    }
    if (access(path, R_OK) != 0) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_FILE_LOST",
                         "证明材料“%s”存在本机的副本不见了：请放弃这一件，重新办理。", file->name);
    }
    struct fault why = {.code = STATUS_OK};
    enum status status = rectify_evidence_upload(z->channel, z->a, &upload, &evidence, &why);
    if (status != STATUS_OK) {
        (void)fault_set(f, status, why.reason, "证明材料“%s”：%s", file->name, why.message);
        f->retry_after_ms = why.retry_after_ms;
        return status;
    }
    if (!uuid_text_valid(evidence->id)) {
        return fault_set(f, STATUS_DATA_LOSS, "REPLY_MALFORMED", "服务器的上传答复不完整。");
    }
    if (evidence->sha256 != NULL && strcmp(evidence->sha256, file->sha256) != 0) {
        return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_FILE_LOST",
                         "证明材料“%s”存在本机的副本已损坏：请放弃这一件，重新办理。", file->name);
    }
    file->evidence_id = evidence->id;
    return store(z, outbox_store_file_sent(z->outbox, file->id, evidence->id, f));
}

/* Puts what is called from into the place of what is called to, everywhere in the message. */
static enum status
ids_replace(struct freezing *z, ProtobufCMessage *message, const char *from, const char *to,
            struct fault *f)
{
    char ***ids = NULL;
    size_t count = 0;
    enum status status = outbox_walk_ids(z->a, message, &ids, &count, f);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        if (strcmp(*ids[i], from) == 0) {
            *ids[i] = wire_text(to);
        }
    }
    return status;
}

static enum status
files_send(struct freezing *z, ProtobufCMessage *message, bool frozen, struct fault *f)
{
    struct outbox_capture *files = NULL;
    size_t count = 0;
    enum status status =
        store(z, outbox_store_files(z->outbox, z->a, z->work->number, &files, &count, f));
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        const char *before = frozen ? files[i].evidence_id : files[i].id;
        bool there = files[i].evidence_id != NULL;
        if (there && z->work->reoffered) {
            status = evidence_look(z, files[i].evidence_id, &there, f);
        }
        if (status == STATUS_OK && !there) {
            status = file_upload(z, &files[i], f);
        }
        if (status == STATUS_OK && before != NULL) {
            status = ids_replace(z, message, before, files[i].evidence_id, f);
        }
    }
    return status;
}

/* ---- versions ---- */

/* Replies do not speak of every thing that a command changed (a table's rows change its measures):
 * a measure's history says which versions events of this outbox made. Nothing found is no fault. */
static enum status
made_learn(struct freezing *z, const struct outbox_slot *slot, struct fault *f)
{
    Pb__GetMeasureRequest get = PB__GET_MEASURE_REQUEST__INIT;
    struct rectify_answer answer;
    struct rectify_request request = {.method = "rectify.v1.MeasureService/GetMeasure",
                                      .message = &get.base};
    get.ref = wire_text(slot->name);
    get.inspection = slot->inspection[0] != '\0' ? wire_text(slot->inspection) : NULL;
    enum status status = rectify_call(z->channel, z->a, &request, &answer, f);
    if (status != STATUS_OK) {
        return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* the server will say so */
    }
    const Pb__GetMeasureReply *reply = (const Pb__GetMeasureReply *)answer.message;
    for (size_t i = 0; status == STATUS_OK && i < reply->n_history; i++) {
        const Pb__HistoryEntry *one = reply->history[i];
        bool ours = false;
        if (one->event_id != NULL && one->has_version) {
            status = store(z, outbox_store_event_known(z->outbox, one->event_id, &ours, f));
        }
        if (status == STATUS_OK && ours) {
            status = store(z, outbox_store_made(z->outbox, slot->name, slot->inspection,
                                                one->version - 1, one->version, f));
        }
    }
    return status == STATUS_OK ? store(z, outbox_store_told(z->outbox, slot->name, 0, f)) : status;
}

/* Follows the own changes from the version seen. */
static enum status
chain_follow(struct freezing *z, const struct outbox_slot *slot, struct fault *f)
{
    bool found = true;
    enum status status = STATUS_OK;
    for (int i = 0; status == STATUS_OK && found && i < CHAIN_MAX; i++) {
        status = store(z, outbox_store_made_next(z->outbox, slot->name, slot->inspection,
                                                 slot->version, &found, f));
    }
    return status;
}

/* May an item have changed this measure that was not settled yet when this one was put? */
static enum status
touched_look(struct freezing *z, const struct outbox_slot *slot, bool *ret_touched, struct fault *f)
{
    bool measure =
        strcmp(slot->by, "measure_ref") == 0 || strstr(z->work->method, ".MeasureService/") != NULL;
    *ret_touched = false;
    if (!measure) {
        return STATUS_OK;
    }
    return store(z,
                 outbox_store_touched(z->outbox, slot->name, z->work->place,
                                      z->work->queued_at_ms - SETTLED_BEFORE_MS, ret_touched, f));
}

static enum status
slot_settle(struct freezing *z, const struct outbox_slot *slot, struct fault *f)
{
    bool touched = false;
    enum status status = touched_look(z, slot, &touched, f);
    if (status == STATUS_OK && touched) {
        status = made_learn(z, slot, f);
    }
    return status == STATUS_OK ? chain_follow(z, slot, f) : status;
}

static enum status
versions_settle(struct freezing *z, ProtobufCMessage *message, struct fault *f)
{
    struct outbox_slot *slots = NULL;
    size_t count = 0;
    int64_t *envelope = z->work->has_expected_version ? &z->work->expected_version : NULL;
    enum status status = outbox_walk_slots(z->a, message, envelope, &slots, &count, f);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = slot_settle(z, &slots[i], f);
    }
    return status;
}

/* ---- both ---- */

enum status
outbox_freeze(struct rectify_outbox *outbox, struct arena *a, struct rectify_channel *channel,
              struct outbox_work *work, const struct rectify_drain_options *options, bool *ret_disk,
              struct fault *f)
{
    struct freezing z = {.outbox = outbox,
                         .a = a,
                         .channel = channel,
                         .work = work,
                         .options = options,
                         .disk = ret_disk};
    struct rectify_method method;
    ProtobufCMessage *message = NULL;
    bool frozen = work->frozen != NULL;
    *ret_disk = false;
    if (frozen && !work->reoffered) {
        return STATUS_OK;
    }
    enum status status = rectify_method_find(work->method, &method, f);
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.request, frozen ? work->frozen : work->put,
                             frozen ? work->frozen_size : work->put_size, &message, f);
    }
    if (status == STATUS_OK) {
        status = files_send(&z, message, frozen, f);
    }
    if (status == STATUS_OK && !frozen) {
        status = versions_settle(&z, message, f);
    }
    if (status == STATUS_OK &&
        wire_pack(a, message, &work->frozen, &work->frozen_size) != STATUS_OK) {
        status = fault_memory(f);
    }
    return status;
}
