#include "client/lib/state.h"
#include "client/lib/file.h"
#include "proto/ledger/secret.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    STATE_FILE_BYTES = 4096,
    STATE_ARENA_BYTES = 65536,
    HEADS_FILE_BYTES = STATE_HEADS_MAX * LEDGER_HEAD_TEXT_SIZE,
};

/* Reads a state file into text (cut at the end of its first line unless whole). */
static enum status
text_load(const char *folder, const char *name, char *text, size_t size, struct fault *f)
{
    struct arena a;
    char *bytes = NULL;
    size_t n = 0;
    arena_init(&a, STATE_ARENA_BYTES);
    enum status status = STATUS_RESOURCE_EXHAUSTED;
    char *path = rectify_path_join(&a, folder, name);
    if (path != NULL) {
        status = rectify_file_read(&a, path, STATE_FILE_BYTES, &bytes, &n, f);
    }
    if (status == STATUS_NOT_FOUND) {
        (void)fault_set(f, STATUS_NOT_FOUND, "STATE_MISSING", "“%s”里还没有 %s。", folder, name);
    } else if (status == STATUS_OK && n >= size) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "STATE_MALFORMED",
                           "“%s”的内容不对：可以删掉它，再运行一次 rectify login。", path);
    } else if (status == STATUS_OK) {
        memcpy(text, bytes, n + 1);
        text[strcspn(text, "\r\n")] = '\0';
        secret_wipe(bytes, n);
    }
    arena_release(&a);
    return status;
}

static enum status
text_save(const char *folder, const char *name, const char *text, struct fault *f)
{
    struct arena a;
    arena_init(&a, STATE_ARENA_BYTES);
    enum status status = rectify_folder_make(folder, 0700, f);
    char *path = rectify_path_join(&a, folder, name);
    char *line = arena_printf(&a, "%s\n", text);
    if (status == STATUS_OK && (path == NULL || line == NULL)) {
        status = fault_memory(f);
    }
    if (status == STATUS_OK) {
        status = rectify_file_replace(path, 0600, line, strlen(line), f);
    }
    if (line != NULL) {
        secret_wipe(line, strlen(line));
    }
    arena_release(&a);
    return status;
}

static enum status
malformed(const char *folder, const char *name, struct fault *f)
{
    return fault_set(f, STATUS_INVALID_ARGUMENT, "STATE_MALFORMED",
                     "“%s/%s”的内容不对：请删掉它再试。", folder, name);
}

static bool
number_parse(const char *text, int64_t *ret_value)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0) {
        return false;
    }
    *ret_value = value;
    return true;
}

static enum status
number_load(const char *folder, const char *name, int64_t *ret_value, struct fault *f)
{
    char text[64];
    enum status status = text_load(folder, name, text, sizeof text, f);
    if (status == STATUS_OK && !number_parse(text, ret_value)) {
        return malformed(folder, name, f);
    }
    return status;
}

static enum status
number_save(const char *folder, const char *name, int64_t value, struct fault *f)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRId64, value);
    return text_save(folder, name, text, f);
}

/* One line: TOKEN EXPIRES ACCOUNT */
enum status
rectify_state_session_load(const char *folder, struct rectify_session *ret_session, struct fault *f)
{
    char text[1024];
    struct rectify_session session = {.expires_at_ms = 0};
    enum status status = text_load(folder, "session", text, sizeof text, f);
    if (status != STATUS_OK) {
        return status;
    }
    char *expires = strchr(text, ' ');
    char *account = expires != NULL ? strchr(expires + 1, ' ') : NULL;
    if (account == NULL) {
        return malformed(folder, "session", f);
    }
    *expires = '\0';
    *account = '\0';
    if (text[0] == '\0' || strlen(text) >= sizeof session.token ||
        strlen(account + 1) >= sizeof session.account ||
        !number_parse(expires + 1, &session.expires_at_ms)) {
        return malformed(folder, "session", f);
    }
    memcpy(session.token, text, strlen(text) + 1);
    memcpy(session.account, account + 1, strlen(account + 1) + 1);
    *ret_session = session;
    secret_wipe(text, sizeof text);
    return STATUS_OK;
}

enum status
rectify_state_session_save(const char *folder, const struct rectify_session *session,
                           struct fault *f)
{
    char text[1024];
    snprintf(text, sizeof text, "%s %" PRId64 " %s", session->token, session->expires_at_ms,
             session->account);
    enum status status = text_save(folder, "session", text, f);
    secret_wipe(text, sizeof text);
    return status;
}

static void
file_clear(const char *folder, const char *name)
{
    struct arena a;
    arena_init(&a, STATE_ARENA_BYTES);
    char *path = rectify_path_join(&a, folder, name);
    if (path != NULL) {
        (void)unlink(path);
    }
    arena_release(&a);
}

void
rectify_state_session_clear(const char *folder)
{
    file_clear(folder, "session");
}

void
rectify_state_machine_clear(const char *folder)
{
    file_clear(folder, "machine");
}

enum status
rectify_state_machine_load(const char *folder, char ret_id[UUID_TEXT_SIZE], struct fault *f)
{
    char text[128];
    enum status status = text_load(folder, "machine", text, sizeof text, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (!uuid_text_valid(text)) {
        return malformed(folder, "machine", f);
    }
    memcpy(ret_id, text, UUID_TEXT_SIZE);
    return STATUS_OK;
}

enum status
rectify_state_machine_save(const char *folder, const char *id, struct fault *f)
{
    return text_save(folder, "machine", id, f);
}

enum status
rectify_state_cursor_load(const char *folder, int64_t *ret_cursor, struct fault *f)
{
    return number_load(folder, "cursor", ret_cursor, f);
}

enum status
rectify_state_cursor_save(const char *folder, int64_t cursor, struct fault *f)
{
    return number_save(folder, "cursor", cursor, f);
}

enum status
rectify_state_clock_load(const char *folder, int64_t *ret_offset_ms, struct fault *f)
{
    return number_load(folder, "clock", ret_offset_ms, f);
}

enum status
rectify_state_clock_save(const char *folder, int64_t offset_ms, struct fault *f)
{
    return number_save(folder, "clock", offset_ms, f);
}

enum status
rectify_state_ledger_load(const char *folder, struct ledger_public *ret_public, struct fault *f)
{
    char text[128];
    enum status status = text_load(folder, "ledger.pub", text, sizeof text, f);
    return status == STATUS_OK ? ledger_public_from_text(text, ret_public, f) : status;
}

enum status
rectify_state_ledger_save(const char *folder, const struct ledger_public *public, struct fault *f)
{
    char text[LEDGER_PUBLIC_TEXT_SIZE];
    ledger_public_to_text(public, text);
    return text_save(folder, "ledger.pub", text, f);
}

enum status
rectify_state_head_load(const char *folder, struct ledger_head *ret_head, struct fault *f)
{
    char text[LEDGER_HEAD_TEXT_SIZE];
    enum status status = text_load(folder, "head", text, sizeof text, f);
    return status == STATUS_OK ? ledger_head_from_text(text, ret_head, f) : status;
}

enum status
rectify_state_head_save(const char *folder, const struct ledger_head *head, struct fault *f)
{
    char text[LEDGER_HEAD_TEXT_SIZE];
    ledger_head_to_text(head, text);
    return text_save(folder, "head", text, f);
}

/* ---- what was proven of the log ---- */

/* One line: AT RESTORES-KNOWN HEAD */
enum status
rectify_state_proven_load(const char *folder, struct rectify_proven *ret_proven, struct fault *f)
{
    char text[LEDGER_HEAD_TEXT_SIZE + 64];
    struct rectify_proven proven = {.at_ms = 0};
    enum status status = text_load(folder, "verified", text, sizeof text, f);
    if (status != STATUS_OK) {
        return status;
    }
    char *restore = strchr(text, ' ');
    char *head = restore != NULL ? strchr(restore + 1, ' ') : NULL;
    if (head == NULL) {
        return malformed(folder, "verified", f);
    }
    *restore = '\0';
    *head = '\0';
    if (!number_parse(text, &proven.at_ms) || !number_parse(restore + 1, &proven.restore_ms)) {
        return malformed(folder, "verified", f);
    }
    status = ledger_head_from_text(head + 1, &proven.head, f);
    if (status == STATUS_OK) {
        *ret_proven = proven;
    }
    return status;
}

enum status
rectify_state_proven_save(const char *folder, const struct rectify_proven *proven, struct fault *f)
{
    char head[LEDGER_HEAD_TEXT_SIZE];
    char text[LEDGER_HEAD_TEXT_SIZE + 64];
    ledger_head_to_text(&proven->head, head);
    snprintf(text, sizeof text, "%" PRId64 " %" PRId64 " %s", proven->at_ms, proven->restore_ms,
             head);
    return text_save(folder, "verified", text, f);
}

static enum status
heads_parse(const char *folder, char *text, struct ledger_head *heads, size_t *ret_count,
            struct fault *f)
{
    size_t count = 0;
    for (char *line = text; *line != '\0';) {
        char *end = strchr(line, '\n');
        char *next = end == NULL ? line + strlen(line) : end + 1;
        if (end != NULL) {
            *end = '\0';
        }
        if (count == STATE_HEADS_MAX ||
            ledger_head_from_text(line, &heads[count], NULL) != STATUS_OK) {
            return malformed(folder, "heads", f);
        }
        count++;
        line = next;
    }
    *ret_count = count;
    return STATUS_OK;
}

enum status
rectify_state_heads_load(const char *folder, struct arena *a, struct ledger_head **ret_heads,
                         size_t *ret_count, struct fault *f)
{
    char *text = NULL;
    size_t n = 0;
    struct ledger_head *heads = arena_array(a, STATE_HEADS_MAX, sizeof *heads);
    char *path = rectify_path_join(a, folder, "heads");
    if (heads == NULL || path == NULL) {
        return fault_memory(f);
    }
    enum status status = rectify_file_read(a, path, HEADS_FILE_BYTES, &text, &n, f);
    if (status == STATUS_NOT_FOUND) {
        *ret_heads = heads;
        *ret_count = 0;
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = heads_parse(folder, text, heads, ret_count, f);
    }
    if (status == STATUS_OK) {
        *ret_heads = heads;
    }
    return status;
}

enum status
rectify_state_heads_save(const char *folder, const struct ledger_head *heads, size_t count,
                         struct fault *f)
{
    struct arena a;
    size_t n = 0;
    arena_init(&a, HEADS_FILE_BYTES + STATE_ARENA_BYTES);
    enum status status = rectify_folder_make(folder, 0700, f);
    char *path = rectify_path_join(&a, folder, "heads");
    char *text = arena_alloc(&a, count * LEDGER_HEAD_TEXT_SIZE + 1);
    if (status == STATUS_OK && (path == NULL || text == NULL)) {
        status = fault_memory(f);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        ledger_head_to_text(&heads[i], text + n);
        n += strlen(text + n);
        text[n++] = '\n';
    }
    if (status == STATUS_OK) {
        status = rectify_file_replace(path, 0600, text, n, f);
    }
    arena_release(&a);
    return status;
}

/* First line: REASON MESSAGE */
enum status
rectify_state_alarm_load(const char *folder, struct fault *ret_alarm, struct fault *f)
{
    char text[STATE_FILE_BYTES];
    enum status status = text_load(folder, "log-alarm", text, sizeof text, f);
    if (status == STATUS_OK) {
        char *message = strchr(text, ' ');
        if (message != NULL) {
            *message++ = '\0';
        }
        (void)fault_set(ret_alarm, STATUS_DATA_LOSS, text, "%s", message == NULL ? "" : message);
    }
    return status;
}

enum status
rectify_state_alarm_save(const char *folder, const struct fault *alarm,
                         const struct ledger_head *seen, const struct ledger_head *now,
                         struct fault *f)
{
    char text[STATE_FILE_BYTES];
    char before[LEDGER_HEAD_TEXT_SIZE];
    char after[LEDGER_HEAD_TEXT_SIZE];
    ledger_head_to_text(seen, before);
    ledger_head_to_text(now, after);
    snprintf(text, sizeof text, "%s %s\n%s\n%s", alarm->reason, alarm->message, before, after);
    return text_save(folder, "log-alarm", text, f);
}

void
rectify_state_alarm_clear(const char *folder)
{
    file_clear(folder, "log-alarm");
}

enum status
rectify_state_restored_load(const char *folder, int64_t *ret_since_ms, struct fault *f)
{
    return number_load(folder, "restored", ret_since_ms, f);
}

enum status
rectify_state_restored_save(const char *folder, int64_t since_ms, struct fault *f)
{
    return number_save(folder, "restored", since_ms, f);
}

void
rectify_state_restored_clear(const char *folder)
{
    file_clear(folder, "restored");
}
