/* The outbox as people and programs see it: putting, looking, retrying, giving up, tidying. */
#include "client/lib/outbox.h"
#include "client/lib/file.h"
#include "client/lib/method.h"
#include "client/lib/outbox_impl.h"
#include "proto/base/now.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/wirecheck.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void
outbox_arena_init(struct arena *a)
{
    arena_init(a, OUTBOX_ARENA_BYTES);
}

/* ---- opening ---- */

/* folder/name, malloc'd; NULL when memory is out. */
static char *
path_make(const char *folder, const char *name)
{
    size_t n = strlen(folder);
    size_t m = strlen(name);
    char *path = malloc(n + m + 2);
    if (path != NULL) {
        memcpy(path, folder, n);
        path[n] = '/';
        memcpy(path + n + 1, name, m + 1);
    }
    return path;
}

enum status
rectify_outbox_open(const char *folder, struct rectify_outbox **ret_outbox, struct fault *f)
{
    unsigned char seed[16];
    struct rectify_outbox *outbox = calloc(1, sizeof *outbox);
    if (outbox == NULL) {
        return fault_memory(f);
    }
    outbox->folder = strdup(folder);
    outbox->path = path_make(folder, "outbox.db");
    outbox->files = path_make(folder, "outbox-files");
    secret_random(seed, sizeof seed);
    uuid7_source_init(&outbox->ids, now_wall_ms(), seed);
    enum status status = STATUS_OK;
    if (outbox->folder == NULL || outbox->path == NULL || outbox->files == NULL) {
        status = fault_memory(f);
    }
    if (status == STATUS_OK) {
        status = outbox_files_make(outbox, f);
    }
    if (status == STATUS_OK) {
        status = outbox_store_open(outbox, f);
    }
    if (status != STATUS_OK) {
        rectify_outbox_free(outbox);
        return status;
    }
    *ret_outbox = outbox;
    return STATUS_OK;
}

bool
rectify_outbox_exists(const char *folder)
{
    char *path = path_make(folder, "outbox.db");
    bool there = path != NULL && rectify_file_exists(path);
    free(path);
    return there;
}

void
rectify_outbox_free(struct rectify_outbox *outbox)
{
    if (outbox == NULL) {
        return;
    }
    local_db_close(&outbox->db);
    free(outbox->folder);
    free(outbox->path);
    free(outbox->files);
    free(outbox);
}

/* ---- putting ---- */

static enum status
command_check(const struct rectify_outbox_command *command, struct fault *f)
{
    struct rectify_method method;
    const struct rectify_request *request = command->request;
    enum status status = rectify_method_find(request->method, &method, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (strstr(request->method, "AccountService/") != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "OUTBOX_SECRET",
                         "含有密码的办理不在本机保存：请联网后直接办理。");
    }
    if (!method.command) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "OUTBOX_QUERY",
                         "“%s”只是查询，不用存入待发箱。", request->method);
    }
    if (request->message->descriptor != method.request) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "OUTBOX_MESSAGE",
                         "“%s”的内容应是 %s，不是 %s。", request->method, method.request->name,
                         request->message->descriptor->name);
    }
    if (request->key != NULL && !uuid_text_valid(request->key)) {
        return fault_set_field(f, "idempotency_key", "KEY_MALFORMED",
                               "办理编号“%s”不对：要照上次显示的原样填写。", request->key);
    }
    return STATUS_OK;
}

/* Binds the captured files that the message names, and notes what it is about. */
static enum status
names_bind(struct rectify_outbox *outbox, struct arena *a, int64_t number,
           ProtobufCMessage *message, struct fault *f)
{
    char ***ids = NULL;
    const char **things = NULL;
    size_t count = 0;
    enum status status = outbox_walk_ids(a, message, &ids, &count, f);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        bool known = false;
        status = outbox_store_file_known(outbox, *ids[i], &known, f);
        if (status == STATUS_OK && known) {
            status = outbox_store_file_bind(outbox, number, *ids[i], f);
        }
    }
    if (status == STATUS_OK) {
        status = outbox_walk_things(a, message, &things, &count, f);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = outbox_store_thing(outbox, number, things[i], f);
    }
    return status;
}

static enum status
put_pack(struct arena *a, const struct rectify_request *request, unsigned char **ret_bytes,
         size_t *ret_n, struct fault *f)
{
    enum status status = wire_pack(a, request->message, ret_bytes, ret_n);
    if (status != STATUS_OK || *ret_n > LIMIT_PAYLOAD_BYTES) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "REQUEST_TOO_LARGE",
                         "内容太大（上限 %zu 字节）：请分几次报送，或改为纯文本再试。",
                         (size_t)LIMIT_PAYLOAD_BYTES);
    }
    return STATUS_OK;
}

/* One command, inside the transaction. */
static enum status
put_one(struct rectify_outbox *outbox, const struct rectify_outbox_command *command,
        int64_t *ret_number, struct fault *f)
{
    struct arena scratch;
    char key[UUID_TEXT_SIZE];
    unsigned char *bytes = NULL;
    ProtobufCMessage *message = NULL;
    const struct rectify_request *request = command->request;
    struct outbox_put put = {.command = command, .now_ms = now_wall_ms()};
    outbox->ids.now_ms = put.now_ms;
    uuid7_next(&outbox->ids, key);
    put.key = request->key != NULL ? request->key : key;
    outbox_arena_init(&scratch);
    enum status status = put_pack(&scratch, request, &bytes, &put.payload_size, f);
    put.payload = bytes;
    if (status == STATUS_OK) {
        status = wire_unpack(&scratch, request->message->descriptor, bytes, put.payload_size,
                             &message, f);
    }
    if (status == STATUS_OK) {
        status = outbox_store_put(outbox, &put, ret_number, f);
    }
    if (status == STATUS_OK) {
        status = names_bind(outbox, &scratch, *ret_number, message, f);
    }
    arena_release(&scratch);
    return status;
}

static enum status
put_transaction(struct rectify_outbox *outbox, const struct rectify_outbox_command *commands,
                size_t count, int64_t *numbers, struct fault *f)
{
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = put_one(outbox, &commands[i], &numbers[i], f);
    }
    if (status != STATUS_OK) {
        outbox_store_rollback(outbox);
        return status;
    }
    return outbox_store_commit(outbox, f);
}

enum status
rectify_outbox_put_all(struct rectify_outbox *outbox, const struct rectify_outbox_command *commands,
                       size_t count, struct rectify_item *ret_items, struct arena *a,
                       struct fault *f)
{
    int64_t *numbers = arena_array(a, count, sizeof *numbers);
    enum status status = numbers != NULL ? STATUS_OK : fault_memory(f);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = command_check(&commands[i], f);
    }
    if (status == STATUS_OK) {
        status = put_transaction(outbox, commands, count, numbers, f);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = outbox_store_item(outbox, a, numbers[i], &ret_items[i], f);
    }
    return status;
}

enum status
rectify_outbox_put(struct rectify_outbox *outbox, const struct rectify_outbox_command *command,
                   struct rectify_item *ret_item, struct arena *a, struct fault *f)
{
    return rectify_outbox_put_all(outbox, command, 1, ret_item, a, f);
}

/* ---- looking ---- */

enum status
rectify_outbox_list(struct rectify_outbox *outbox, struct arena *a,
                    const struct rectify_outbox_filter *filter, struct rectify_item **ret_items,
                    size_t *ret_count, struct fault *f)
{
    return outbox_store_list(outbox, a, filter, ret_items, ret_count, f);
}

enum status
rectify_outbox_find(struct rectify_outbox *outbox, struct arena *a, const char *number_or_key,
                    struct rectify_item *ret_item, struct fault *f)
{
    int64_t number = 0;
    char *end = NULL;
    enum status status = STATUS_OK;
    if (uuid_text_valid(number_or_key)) {
        status = outbox_store_number(outbox, number_or_key, &number, f);
    } else {
        errno = 0;
        number = strtoll(number_or_key, &end, 10);
        if (errno != 0 || end == number_or_key || *end != '\0' || number < 1) {
            return fault_set(f, STATUS_NOT_FOUND, "OUTBOX_ITEM",
                             "“%s”不是待发箱里的编号：要写列表里的号数，或办理编号。",
                             number_or_key);
        }
    }
    return status == STATUS_OK ? outbox_store_item(outbox, a, number, ret_item, f) : status;
}

enum status
rectify_outbox_request(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                       ProtobufCMessage **ret_message, struct fault *f)
{
    struct outbox_work work;
    struct rectify_method method;
    enum status status = outbox_store_request(outbox, a, number, &work, f);
    if (status == STATUS_OK) {
        status = rectify_method_find(work.method, &method, f);
    }
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.request, work.put, work.put_size, ret_message, f);
    }
    return status;
}

enum status
rectify_outbox_answer(struct rectify_outbox *outbox, struct arena *a, int64_t number,
                      struct rectify_answer *ret_answer, struct fault *f)
{
    struct outbox_kept kept;
    struct rectify_method method;
    ProtobufCMessage *receipt = NULL;
    struct rectify_answer answer = {.message = NULL};
    enum status status = outbox_store_answer(outbox, a, number, &kept, f);
    if (status == STATUS_OK) {
        status = rectify_method_find(kept.method, &method, f);
    }
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.reply, kept.reply != NULL ? kept.reply : (const void *)"",
                             kept.reply_size, &answer.message, f);
    }
    if (status == STATUS_OK && kept.receipt != NULL) {
        status =
            wire_unpack(a, &pb__receipt__descriptor, kept.receipt, kept.receipt_size, &receipt, f);
        answer.receipt = (const Pb__Receipt *)receipt;
    }
    if (status == STATUS_OK) {
        answer.cached_at_ms = kept.at_ms;
        *ret_answer = answer;
    }
    return status;
}

enum status
rectify_outbox_counts_get(struct rectify_outbox *outbox, struct rectify_outbox_counts *ret_counts,
                          struct fault *f)
{
    return outbox_store_counts(outbox, ret_counts, f);
}

/* ---- changes by people ---- */

/* Why the change was not made: there is no such item, or it is in another state. */
static enum status
change_refused(struct rectify_outbox *outbox, int64_t number, const char *what, struct fault *f)
{
    struct arena a;
    struct rectify_item item;
    outbox_arena_init(&a);
    enum status status = outbox_store_item(outbox, &a, number, &item, f);
    arena_release(&a);
    if (status != STATUS_OK) {
        return status;
    }
    bool unknown = item.state == RECTIFY_ITEM_SENT || item.state == RECTIFY_ITEM_ATTENTION;
    if (unknown && strcmp(what, "放弃") == 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "OUTBOX_SENT",
                         "第 %" PRId64 " 号已经发出、还没有回音，服务器可能已经办理，不能放弃："
                         "联网后会自动查清。",
                         number);
    }
    static const char *const words[] = {
        [RECTIFY_ITEM_QUEUED] = "还在等待发送",     [RECTIFY_ITEM_SENT] = "已经发出、还没有回音",
        [RECTIFY_ITEM_RECEIVED] = "服务器已经收件", [RECTIFY_ITEM_ATTENTION] = "要处理",
        [RECTIFY_ITEM_DROPPED] = "已经放弃",
    };
    return fault_set(f, STATUS_FAILED_PRECONDITION, "OUTBOX_STATE", "第 %" PRId64 " 号%s，不用%s。",
                     number, words[item.state], what);
}

enum status
rectify_outbox_retry(struct rectify_outbox *outbox, int64_t number, struct fault *f)
{
    char key[UUID_TEXT_SIZE];
    bool done = false;
    outbox->ids.now_ms = now_wall_ms();
    uuid7_next(&outbox->ids, key);
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = outbox_store_retry(outbox, number, key, &done, f);
    if (status == STATUS_OK && done) {
        /* They are offered again: the server keeps what it has, and says what is wrong with it. */
        status = outbox_store_files_forget(outbox, number, f);
    }
    if (status != STATUS_OK) {
        outbox_store_rollback(outbox);
        return status;
    }
    status = outbox_store_commit(outbox, f);
    return status == STATUS_OK && !done ? change_refused(outbox, number, "再发", f) : status;
}

/* Contents that only given-up items name. */
static enum status
files_remove(struct rectify_outbox *outbox, int64_t number, struct fault *f)
{
    struct arena a;
    struct outbox_capture *files = NULL;
    size_t count = 0;
    outbox_arena_init(&a);
    enum status status = outbox_store_files(outbox, &a, number, &files, &count, f);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        status = outbox_file_sweep(outbox, files[i].sha256, f);
    }
    arena_release(&a);
    return status;
}

enum status
rectify_outbox_drop(struct rectify_outbox *outbox, int64_t number, struct fault *f)
{
    bool done = false;
    enum status status = outbox_store_drop(outbox, number, now_wall_ms(), &done, f);
    if (status == STATUS_OK && !done) {
        return change_refused(outbox, number, "放弃", f);
    }
    return status == STATUS_OK ? files_remove(outbox, number, f) : status;
}

enum status
rectify_outbox_reoffer(struct rectify_outbox *outbox, int64_t since_ms, uint64_t *ret_count,
                       struct fault *f)
{
    uint64_t count = 0;
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = outbox_store_reoffer(outbox, since_ms, &count, f);
    if (status != STATUS_OK) {
        outbox_store_rollback(outbox);
        return status;
    }
    status = outbox_store_commit(outbox, f);
    if (status == STATUS_OK) {
        *ret_count = count;
    }
    return status;
}

enum status
rectify_outbox_tidy(struct rectify_outbox *outbox, int64_t now_ms, struct fault *f)
{
    enum status status = outbox_store_begin(outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = outbox_store_tidy(outbox, now_ms - OUTBOX_ARCHIVE_MS, f);
    if (status == STATUS_OK) {
        status = outbox_store_files_unnamed(outbox, now_ms - OUTBOX_DAY_MS, f);
    }
    if (status != STATUS_OK) {
        outbox_store_rollback(outbox);
        return status;
    }
    status = outbox_store_commit(outbox, f);
    return status == STATUS_OK ? outbox_file_tidy(outbox, now_ms, f) : status;
}
