/* EvidenceService: announcing a file, its pieces, reading it; FinishUpload is evidence_finish.c. */
#include "server/handler/evidence.h"

#include "proto/base/limits.h"
#include "proto/base/wire_text.h"
#include "rectify/v1/evidence.pb-c.h"
#include "server/handler/common.h"
#include "server/handler/evidence_finish.h"
#include "server/handler/request_check.h"
#include "server/service/evidence.h"
#include "server/service/role.h"
#include "server/store/evidence.h"

#include <string.h>

/* ---- BeginUpload ---- */

struct begin_call {
    unsigned char sha256[SHA256_BYTES];
    struct evidence_list kept;
    struct upload_record same;
    int64_t under_way;
    struct upload_record made;
};

static void
begin_subjects(const struct call *call, struct subject_set *set)
{
    /* The same content is announced once at a time. */
    const Pb__BeginUploadRequest *r = REQUEST(call, Pb__BeginUploadRequest);
    subject_add(set, "content", r->sha256 == NULL ? "" : r->sha256);
}

static int
begin_load(struct call *call, struct db_queue *q)
{
    const Pb__BeginUploadRequest *r = REQUEST(call, Pb__BeginUploadRequest);
    struct begin_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    enum status s = evidence_check_begin(r, c->sha256, &call->fault);
    if (s == STATUS_OK) {
        s = check_text(call, "name", r->name, LIMIT_NAME_BYTES, true);
    }
    if (s != STATUS_OK) {
        return (int)s;
    }
    int tenant = call->who->tenant;
    const char *org = call->who->org_id;
    s = evidence_queue_by_content(q, tenant, org, c->sha256, &c->kept);
    if (s == STATUS_OK) {
        s = upload_queue_same(q, tenant, org, c->sha256, r->size, &c->same);
    }
    return s == STATUS_OK ? (int)upload_queue_count(q, tenant, org, &c->under_way) : (int)s;
}

static enum status
begin_new(struct call *call)
{
    const Pb__BeginUploadRequest *r = REQUEST(call, Pb__BeginUploadRequest);
    struct begin_call *c = call->data;
    if (c->under_way >= LIMIT_UPLOADS_PER_ORG) {
        return fault_set(&call->fault, STATUS_RESOURCE_EXHAUSTED, "UPLOADS_FULL",
                         "本单位有 %d 份文件还没有传完，请先传完，或等一天后自动清理。",
                         LIMIT_UPLOADS_PER_ORG);
    }
    int32_t effective = NO_DATE;
    enum status s = check_day(call, "effective_on", r->effective_on, &effective);
    if (s != STATUS_OK) {
        return s;
    }
    bool said = r->has_kind && r->kind != PB__EVIDENCE_KIND__EVIDENCE_KIND_UNSPECIFIED;
    c->made = (struct upload_record){
        .id = call_new_id(call),
        .org_id = call->who->org_id,
        .blob_id = call_new_id(call),
        .name = r->name,
        .kind = said ? (int)r->kind : (int)PB__EVIDENCE_KIND__OTHER,
        .effective_day = effective,
        .size = r->size,
    };
    memcpy(c->made.sha256, c->sha256, SHA256_BYTES);
    return c->made.id == NULL || c->made.blob_id == NULL ? handler_no_memory(call) : STATUS_OK;
}

static enum status
begin_decide(struct call *call)
{
    struct begin_call *c = call->data;
    call->no_event = true; /* an announced file is no record yet */
    Pb__BeginUploadReply *reply = call_message(call, &pb__begin_upload_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    if (c->kept.count > 0) {
        reply->evidence = evidence_message(&c->kept.items[0], call->arena);
        return reply->evidence == NULL ? handler_no_memory(call) : STATUS_OK;
    }
    reply->has_offset = 1;
    if (c->same.id != NULL) {
        reply->upload = wire_text(c->same.id);
        reply->offset = c->same.stored;
        return STATUS_OK;
    }
    enum status s = begin_new(call);
    reply->upload = wire_text(c->made.id);
    return s;
}

static enum status
begin_effects(struct call *call, struct db_queue *q)
{
    struct begin_call *c = call->data;
    return c->made.id == NULL ? STATUS_OK
                              : upload_queue_insert(q, call->who->tenant, &c->made,
                                                    call->who->account_id, call->now_ms);
}

/* ---- PutChunk ---- */

static void
put_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__PutChunkRequest *r = REQUEST(call, Pb__PutChunkRequest);
    subject_add(set, "upload", r->upload == NULL ? "" : r->upload);
}

static int
put_load(struct call *call, struct db_queue *q)
{
    const Pb__PutChunkRequest *r = REQUEST(call, Pb__PutChunkRequest);
    struct upload_record *u = arena_alloc(call->arena, sizeof *u);
    if (u == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = u;
    if (!uuid_text_valid(r->upload)) {
        return (int)refuse_unknown(call, "UPLOAD_UNKNOWN", "上传任务", r->upload);
    }
    return (int)upload_queue_lock(q, call->who->tenant, r->upload, u);
}

static enum status
put_decide(struct call *call)
{
    const Pb__PutChunkRequest *r = REQUEST(call, Pb__PutChunkRequest);
    struct upload_record *u = call->data;
    enum status s = upload_check_own(call, u, r->upload);
    if (s == STATUS_OK) {
        s = evidence_check_chunk(u, r->offset, r->data.len, &call->fault);
    }
    if (s != STATUS_OK) {
        return s;
    }
    call->no_event = true; /* the file's digest stands for its pieces */
    Pb__PutChunkReply *reply = call_message(call, &pb__put_chunk_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_offset = 1;
    reply->offset = u->stored + (int64_t)r->data.len;
    call->reply = &reply->base;
    return STATUS_OK;
}

static enum status
put_effects(struct call *call, struct db_queue *q)
{
    const Pb__PutChunkRequest *r = REQUEST(call, Pb__PutChunkRequest);
    return upload_queue_append(q, call->who->tenant, call->data, r->data.data, r->data.len);
}

/* ---- GetEvidence ---- */

static int
get_load(struct call *call, struct db_queue *q)
{
    const Pb__GetEvidenceRequest *r = REQUEST(call, Pb__GetEvidenceRequest);
    struct evidence_list *found = arena_alloc(call->arena, sizeof *found);
    if (found == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = found;
    if (!uuid_text_valid(r->id)) {
        return (int)refuse_unknown(call, "EVIDENCE_UNKNOWN", "证明材料", r->id);
    }
    struct text_list ids = {0};
    return text_list_add(&ids, call->arena, r->id)
               ? (int)evidence_queue_get(q, call->who->tenant, &ids, call->arena, found)
               : (int)handler_no_memory(call);
}

static enum status
get_decide(struct call *call)
{
    const struct evidence_list *found = call->data;
    if (found->count != 1) {
        return refuse_unknown(call, "EVIDENCE_UNKNOWN", "证明材料",
                              REQUEST(call, Pb__GetEvidenceRequest)->id);
    }
    Pb__Evidence *reply = evidence_message(&found->items[0], call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- GetChunk ---- */

struct chunk_call {
    bool found;
    int64_t size;
    unsigned char *data;
    size_t data_size;
};

static enum status
take_chunk(void *ctx, const struct db_row *row, struct arena *a)
{
    struct chunk_call *c = ctx;
    c->found = true;
    c->size = db_int(row, 0);
    c->data = db_bytes(row, 1, a, &c->data_size);
    return c->data == NULL && !db_is_null(row, 1) ? STATUS_RESOURCE_EXHAUSTED : STATUS_OK;
}

static int
chunk_load(struct call *call, struct db_queue *q)
{
    const Pb__GetChunkRequest *r = REQUEST(call, Pb__GetChunkRequest);
    struct chunk_call *c = arena_alloc(call->arena, sizeof *c);
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    call->data = c;
    if (!uuid_text_valid(r->id)) {
        return (int)refuse_unknown(call, "EVIDENCE_UNKNOWN", "证明材料", r->id);
    }
    if (r->offset < 0 || r->offset > LIMIT_EVIDENCE_BYTES ||
        r->offset % (int64_t)LIMIT_CHUNK_BYTES != 0) {
        return (int)fault_set_field(&call->fault, "offset", "OFFSET_FORM",
                                    "起始位置要是 %zu 的整数倍。", LIMIT_CHUNK_BYTES);
    }
    return (int)chunk_queue_of_evidence(q, call->who->tenant, r->id,
                                        (int32_t)(r->offset / (int64_t)LIMIT_CHUNK_BYTES),
                                        (struct db_sink){take_chunk, c, DB_ANY_COUNT});
}

static enum status
chunk_decide(struct call *call)
{
    const struct chunk_call *c = call->data;
    if (!c->found) {
        return refuse_unknown(call, "EVIDENCE_UNKNOWN", "证明材料",
                              REQUEST(call, Pb__GetChunkRequest)->id);
    }
    Pb__GetChunkReply *reply = call_message(call, &pb__get_chunk_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->has_data = reply->has_size = 1;
    reply->data.data = c->data;
    reply->data.len = c->data_size;
    reply->size = c->size;
    call->reply = &reply->base;
    return STATUS_OK;
}

enum { UPLOADERS = ROLE_UNIT | ROLE_PART | ROLE_OFFICE };

static const struct handler rows[] = {
    {.method = "rectify.v1.EvidenceService/BeginUpload",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = UPLOADERS,
     .flags = HANDLER_BEHALF,
     .request = &pb__begin_upload_request__descriptor,
     .reply = &pb__begin_upload_reply__descriptor,
     .subjects = begin_subjects,
     .load = begin_load,
     .decide = begin_decide,
     .effects = begin_effects},
    {.method = "rectify.v1.EvidenceService/PutChunk",
     .kind = METHOD_COMMAND,
     .auth = AUTH_SIGNED,
     .roles = UPLOADERS,
     .flags = HANDLER_BEHALF,
     .request = &pb__put_chunk_request__descriptor,
     .reply = &pb__put_chunk_reply__descriptor,
     .subjects = put_subjects,
     .load = put_load,
     .decide = put_decide,
     .effects = put_effects},
    {.method = "rectify.v1.EvidenceService/FinishUpload",
     .kind = METHOD_SLOW,
     .auth = AUTH_SIGNED,
     .roles = UPLOADERS,
     .flags = HANDLER_BEHALF,
     .request = &pb__finish_upload_request__descriptor,
     .reply = &pb__evidence__descriptor,
     .subjects = finish_subjects,
     .load = finish_load,
     .decide = finish_decide,
     .effects = finish_effects},
    {.method = "rectify.v1.EvidenceService/GetEvidence",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_evidence_request__descriptor,
     .reply = &pb__evidence__descriptor,
     .load = get_load,
     .decide = get_decide},
    {.method = "rectify.v1.EvidenceService/GetChunk",
     .kind = METHOD_QUERY,
     .auth = AUTH_SESSION,
     .request = &pb__get_chunk_request__descriptor,
     .reply = &pb__get_chunk_reply__descriptor,
     .load = chunk_load,
     .decide = chunk_decide},
};

const struct handler_table evidence_handler_table = {rows, sizeof rows / sizeof rows[0]};
