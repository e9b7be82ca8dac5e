#include "client/lib/agent_state.h"
#include "client/lib/file.h"
#include "proto/base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STATE_BYTES = 16384, STATE_ARENA_BYTES = 131072 };

enum kind { NUMBER, TEXT };

/* The keys of the file: where each stands in the struct. */
#define FIELD(name, its_kind)                                                                      \
    {                                                                                              \
        .key = #name, .kind = (its_kind), .offset = offsetof(struct rectify_agent_state, name),    \
        .size = sizeof(((struct rectify_agent_state *)NULL)->name)                                 \
    }
static const struct {
    const char *key;
    enum kind kind;
    size_t offset;
    size_t size;
} fields[] = {
    FIELD(pid, NUMBER),
    FIELD(version, TEXT),
    FIELD(started_at_ms, NUMBER),
    FIELD(stopped_at_ms, NUMBER),
    FIELD(written_at_ms, NUMBER),
    FIELD(line_since_ms, NUMBER),
    FIELD(line_reason, TEXT),
    FIELD(line_message, TEXT),
    FIELD(contact_at_ms, NUMBER),
    FIELD(heartbeat_at_ms, NUMBER),
    FIELD(clock_difference_ms, NUMBER),
    FIELD(certificate_until_ms, NUMBER),
    FIELD(trouble, TEXT),
    FIELD(trouble_reason, TEXT),
    FIELD(trouble_message, TEXT),
    FIELD(trouble_since_ms, NUMBER),
};
enum { FIELD_COUNT = sizeof fields / sizeof fields[0] };

static const char *const line_words[] = {"unknown", "up", "down"};

/* ---- writing ---- */

/* Appends "key = value", line breaks as blanks; false when it does not fit. */
static bool
line_add(char *text, size_t *used, const char *key, const char *value)
{
    int n = snprintf(text + *used, STATE_BYTES - *used, "%s = %s\n", key, value);
    if (n < 0 || (size_t)n >= STATE_BYTES - *used) {
        return false;
    }
    for (char *p = text + *used; p < text + *used + n - 1; p++) {
        if (*p == '\n' || *p == '\r') {
            *p = ' ';
        }
    }
    *used += (size_t)n;
    return true;
}

static bool
field_add(char *text, size_t *used, const struct rectify_agent_state *state, size_t index)
{
    const char *from = (const char *)state + fields[index].offset;
    char number[32];
    int64_t value = 0;
    if (fields[index].kind == TEXT) {
        return from[0] == '\0' || line_add(text, used, fields[index].key, from);
    }
    memcpy(&value, from, sizeof value);
    snprintf(number, sizeof number, "%" PRId64, value);
    return line_add(text, used, fields[index].key, number);
}

enum status
rectify_agent_state_save(const char *folder, const struct rectify_agent_state *state,
                         struct fault *f)
{
    struct arena a;
    size_t used = 0;
    arena_init(&a, STATE_ARENA_BYTES);
    char *text = arena_alloc(&a, STATE_BYTES);
    const char *path = rectify_path_join(&a, folder, "agent.state");
    bool good =
        text != NULL && path != NULL && line_add(text, &used, "line", line_words[state->line]);
    for (size_t i = 0; i < FIELD_COUNT && good; i++) {
        if (strcmp(fields[i].key, "clock_difference_ms") != 0 || state->has_clock_difference) {
            good = field_add(text, &used, state, i);
        }
    }
    enum status status = good ? rectify_file_replace(path, 0600, text, used, f) : fault_memory(f);
    arena_release(&a);
    return status;
}

/* ---- reading ---- */

static bool
field_take(struct rectify_agent_state *state, size_t index, const char *value)
{
    char *to = (char *)state + fields[index].offset;
    char *end = NULL;
    if (fields[index].kind == TEXT) {
        snprintf(to, fields[index].size, "%s", value);
        return true;
    }
    errno = 0;
    int64_t number = strtoll(value, &end, 10);
    memcpy(to, &number, sizeof number);
    return errno == 0 && end != value && *end == '\0';
}

/* False when a known key has a value that is none. */
static bool
line_take(struct rectify_agent_state *state, const char *key, const char *value)
{
    if (strcmp(key, "line") == 0) {
        for (size_t i = 0; i < sizeof line_words / sizeof line_words[0]; i++) {
            if (strcmp(line_words[i], value) == 0) {
                state->line = (enum rectify_line)i;
                return true;
            }
        }
        return false;
    }
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (strcmp(fields[i].key, key) == 0) {
            state->has_clock_difference |= strcmp(key, "clock_difference_ms") == 0;
            return field_take(state, i, value);
        }
    }
    return true;
}

static bool
lines_take(char *text, struct rectify_agent_state *state)
{
    bool good = true;
    for (char *line = text; good && line != NULL && *line != '\0';) {
        char *end = strchr(line, '\n');
        char *equals = strstr(line, " = ");
        if (end != NULL) {
            *end = '\0';
        }
        good = equals != NULL && (end == NULL || equals < end);
        if (good) {
            *equals = '\0';
            good = line_take(state, line, equals + 3);
        }
        line = end != NULL ? end + 1 : NULL;
    }
    return good;
}

enum status
rectify_agent_state_load(const char *folder, struct rectify_agent_state *ret_state, struct fault *f)
{
    struct arena a;
    char *text = NULL;
    size_t n = 0;
    struct rectify_agent_state state = {.pid = 0};
    arena_init(&a, STATE_ARENA_BYTES);
    const char *path = rectify_path_join(&a, folder, "agent.state");
    enum status status =
        path == NULL ? fault_memory(f) : rectify_file_read(&a, path, STATE_BYTES, &text, &n, f);
    if (status == STATUS_NOT_FOUND) {
        status =
            fault_set(f, STATUS_NOT_FOUND, "STATE_MISSING", "“%s”里还没有代理的状态。", folder);
    } else if (status == STATUS_OK && !lines_take(text, &state)) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "STATE_MALFORMED",
                           "“%s”的内容不对：可以删掉它，代理会重新写。", path);
    }
    if (status == STATUS_OK) {
        *ret_state = state;
    }
    arena_release(&a);
    return status;
}

/* ---- the lock ---- */

/* Open file description locks: they belong to the descriptor, and asking does not take them. */
static int
lock_file_open(const char *folder, int flags)
{
    struct arena a;
    arena_init(&a, STATE_ARENA_BYTES);
    const char *path = rectify_path_join(&a, folder, "agent.lock");
    int fd = path != NULL ? open(path, flags | O_CLOEXEC, 0600) : -1;
    int code = path != NULL ? errno : ENOMEM;
    arena_release(&a);
    errno = code;
    return fd;
}

enum status
rectify_agent_lock(const char *folder, int *ret_fd, struct fault *f)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    enum status status = rectify_folder_make(folder, 0700, f);
    if (status != STATUS_OK) {
        return status;
    }
    int fd = lock_file_open(folder, O_RDWR | O_CREAT);
    if (fd < 0) {
        return fault_set(f, STATUS_UNAVAILABLE, "FILE_WRITE", "没能打开“%s/agent.lock”：%s。",
                         folder, rectify_errno_zh(errno));
    }
    if (fcntl(fd, F_OFD_SETLK, &lock) != 0) {
        bool taken = errno == EAGAIN || errno == EACCES;
        status = taken
                     ? fault_set(f, STATUS_ALREADY_EXISTS, "AGENT_RUNNING",
                                 "“%s”已经有一个代理在运行，不用再启动一个。", folder)
                     : fault_set(f, STATUS_UNAVAILABLE, "FILE_WRITE",
                                 "没能锁住“%s/agent.lock”：%s。", folder, rectify_errno_zh(errno));
        (void)close(fd);
        return status;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

bool
rectify_agent_running(const char *folder)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int fd = lock_file_open(folder, O_RDONLY);
    if (fd < 0) {
        return false;
    }
    bool running = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
    (void)close(fd);
    return running;
}
