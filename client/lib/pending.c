#include "client/lib/pending.h"
#include "client/lib/file.h"
#include "client/lib/method.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/wirecheck.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A packed request, its base64 and the text around it. */
#define PENDING_ARENA_BYTES (6 * LIMIT_FRAME_BYTES)
#define PENDING_FILE_BYTES (2 * LIMIT_FRAME_BYTES)

static char *
path_of(struct arena *a, const char *folder, const char *key)
{
    return arena_printf(a, "%s/pending-%s", folder, key);
}

/* Lines: method, on_behalf_of or "-", expected version or "-", timeout, payload. */
static char *
text_of(struct arena *a, const struct rectify_pending *pending)
{
    const struct rectify_request *r = &pending->request;
    unsigned char *payload = NULL;
    size_t n = 0;
    char version[32] = "-";
    if (wire_pack(a, r->message, &payload, &n) != STATUS_OK) {
        return NULL;
    }
    if (r->has_expected_version) {
        snprintf(version, sizeof version, "%" PRId64, r->expected_version);
    }
    const char *base64 = secret_base64_encode(a, payload, n);
    if (base64 == NULL) {
        return NULL;
    }
    return arena_printf(a, "%s\n%s\n%s\n%u\n%s\n", r->method,
                        pending->on_behalf_of != NULL ? pending->on_behalf_of : "-", version,
                        r->timeout_ms, base64);
}

enum status
rectify_pending_save(const char *folder, const struct rectify_pending *pending, struct fault *f)
{
    struct arena a;
    if (strstr(pending->request.method, "AccountService/") != NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PENDING_SECRET",
                         "含有密码的办理不在本机保存。");
    }
    arena_init(&a, PENDING_ARENA_BYTES);
    enum status status = rectify_folder_make(folder, 0700, f);
    char *path = path_of(&a, folder, pending->request.key);
    char *text = text_of(&a, pending);
    if (status == STATUS_OK && (path == NULL || text == NULL)) {
        status = fault_set(f, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内存不足。");
    }
    if (status == STATUS_OK) {
        status = rectify_file_replace(path, 0600, text, strlen(text), f);
    }
    arena_release(&a);
    return status;
}

/* Cuts text into its first five lines. */
static bool
lines_cut(char *text, char *ret_lines[5])
{
    for (size_t i = 0; i < 5; i++) {
        char *end = strchr(text, '\n');
        if (end == NULL) {
            return false;
        }
        *end = '\0';
        ret_lines[i] = text;
        text = end + 1;
    }
    return true;
}

static enum status
request_fill(struct arena *a, char *const lines[5], struct rectify_pending *pending)
{
    struct rectify_method method;
    unsigned char *payload = NULL;
    size_t n = 0;
    ProtobufCMessage *message = NULL;
    enum status status = rectify_method_find(lines[0], &method, NULL);
    if (status == STATUS_OK) {
        status = secret_base64_decode(a, lines[4], strlen(lines[4]), &payload, &n);
    }
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.request, payload, n, &message, NULL);
    }
    if (status != STATUS_OK) {
        return status;
    }
    pending->on_behalf_of = strcmp(lines[1], "-") != 0 ? lines[1] : NULL;
    pending->request.method = lines[0];
    pending->request.message = message;
    pending->request.timeout_ms = (uint32_t)strtoul(lines[3], NULL, 10);
    if (strcmp(lines[2], "-") != 0) {
        pending->request.has_expected_version = true;
        pending->request.expected_version = strtoll(lines[2], NULL, 10);
    }
    return STATUS_OK;
}

enum status
rectify_pending_load(struct arena *a, const char *folder, const char *key,
                     struct rectify_pending *ret_pending, struct fault *f)
{
    struct rectify_pending pending = {.on_behalf_of = NULL};
    char *lines[5];
    char *text = NULL;
    size_t n = 0;
    char *path = path_of(a, folder, key);
    pending.request.key = arena_strdup(a, key);
    if (path == NULL || pending.request.key == NULL) {
        return fault_set(f, STATUS_RESOURCE_EXHAUSTED, "MEMORY", "内存不足。");
    }
    enum status status = rectify_file_read(a, path, PENDING_FILE_BYTES, &text, &n, f);
    if (status == STATUS_NOT_FOUND) {
        return fault_set(f, STATUS_NOT_FOUND, "PENDING_MISSING", "本机没有编号为 %s 的待定办理。",
                         key);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!lines_cut(text, lines) || request_fill(a, lines, &pending) != STATUS_OK) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "STATE_MALFORMED",
                         "“%s”的内容不对：请删掉它，核对后重新办理。", path);
    }
    *ret_pending = pending;
    return STATUS_OK;
}

void
rectify_pending_clear(const char *folder, const char *key)
{
    struct arena a;
    arena_init(&a, PENDING_ARENA_BYTES);
    char *path = path_of(&a, folder, key);
    if (path != NULL) {
        (void)unlink(path);
    }
    arena_release(&a);
}
