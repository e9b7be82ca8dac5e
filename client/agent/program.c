#include "client/agent/program.h"

#include "proto/base/now.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ENVIRONMENT_MAX = 32,
    LOOK_FIRST_MS = 2, /* how often an end is looked for: soon at first, then less */
    LOOK_MAX_MS = 100,
    DESCRIPTORS_MAX = 65536,
    EXIT_NOT_STARTED = 127
};

/* What a program may need to reach a desktop and to read text; nothing that could be a secret. */
static const char *const passed[] = {
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "LC_MESSAGES",
    "TZ",
    "DISPLAY",
    "TMPDIR",
    "WAYLAND_DISPLAY",
    "XDG_RUNTIME_DIR",
    "XAUTHORITY",
    "DBUS_SESSION_BUS_ADDRESS",
};
enum { PASSED_COUNT = sizeof passed / sizeof passed[0] };

/* ---- the environment ---- */

/* NULL at the end; each text malloc'd. */
static void
environment_free(char *environment[ENVIRONMENT_MAX])
{
    for (size_t i = 0; environment[i] != NULL; i++) {
        free(environment[i]);
    }
}

static bool
environment_make(const char *const *extra, char *ret[ENVIRONMENT_MAX])
{
    size_t n = 0;
    memset(ret, 0, ENVIRONMENT_MAX * sizeof ret[0]);
    for (size_t i = 0; i < PASSED_COUNT; i++) {
        const char *value = getenv(passed[i]);
        if (value != NULL && asprintf(&ret[n], "%s=%s", passed[i], value) < 0) {
            ret[n] = NULL;
            return false;
        }
        n += value != NULL;
    }
    for (size_t i = 0; extra != NULL && extra[i] != NULL && n + 1 < ENVIRONMENT_MAX; i++) {
        ret[n] = strdup(extra[i]);
        if (ret[n++] == NULL) {
            return false;
        }
    }
    return true;
}

/* ---- the child ---- */

/* A file with the input, so that nobody waits for anybody; -1: none can be made. */
static int
input_make(const char *input)
{
    if (input == NULL) {
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    }
    int fd = memfd_create("alert", MFD_CLOEXEC);
    size_t n = strlen(input);
    for (size_t done = 0; fd >= 0 && done < n;) {
        ssize_t wrote = write(fd, input + done, n - done);
        if (wrote < 0 && errno != EINTR) {
            (void)close(fd);
            return -1;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    if (fd >= 0 && lseek(fd, 0, SEEK_SET) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* All but the standard three. Older kernels close them one by one. */
static void
descriptors_close(long descriptors)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, 3U, ~0U, 0U) == 0) {
        return;
    }
#endif
    for (int fd = 3; fd < descriptors; fd++) {
        (void)close(fd);
    }
}

/* Between fork and exec: async-signal-safe calls alone. */
static void
child(const char *const *argv, char *const *environment, int input, int output, long descriptors)
{
    sigset_t none;
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigemptyset(&none);
    (void)setpgid(0, 0);
    for (int number = 1; number < SIGRTMIN; number++) {
        (void)sigaction(number, &normal, NULL);
    }
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) {
        _exit(EXIT_NOT_STARTED);
    }
    descriptors_close(descriptors);
    (void)execve(argv[0], (char *const *)(uintptr_t)argv, environment);
    _exit(EXIT_NOT_STARTED);
}

/* ---- waiting for it ---- */

static void
pause_ms(int64_t ms)
{
    struct timespec left = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000L};
    (void)nanosleep(&left, NULL);
}

/* The group, for what it may have started; the child is ours to reap until we have. */
static void
group_kill(pid_t pid)
{
    (void)kill(-pid, SIGKILL);
    (void)kill(pid, SIGKILL);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
}

static enum status
ended(const struct program *program, int how, struct fault *f)
{
    if (WIFEXITED(how) && WEXITSTATUS(how) == 0) {
        return STATUS_OK;
    }
    if (WIFEXITED(how) && WEXITSTATUS(how) == EXIT_NOT_STARTED) {
        return fault_set(f, STATUS_UNAVAILABLE, "PROGRAM_START",
                         "“%"
                         "s”没能运行，或里面有命令没有找到：请检查文件是否存在、有没有执行权限、第"
                         "一行的解释器对不对。",
                         program->argv[0]);
    }
    if (WIFEXITED(how)) {
        return fault_set(f, STATUS_UNAVAILABLE, "PROGRAM_EXIT", "“%s”以退出码 %d 结束。",
                         program->argv[0], WEXITSTATUS(how));
    }
    return fault_set(f, STATUS_UNAVAILABLE, "PROGRAM_EXIT", "“%s”被信号 %d 中断。",
                     program->argv[0], WTERMSIG(how));
}

static enum status
await(const struct program *program, pid_t pid, struct fault *f)
{
    int64_t end_ms = now_steady_ms() + program->limit_ms;
    for (int64_t look_ms = LOOK_FIRST_MS;;
         look_ms = look_ms * 2 < LOOK_MAX_MS ? look_ms * 2 : LOOK_MAX_MS) {
        int how = 0;
        pid_t got = waitpid(pid, &how, WNOHANG);
        if (got == pid) {
            (void)kill(-pid, SIGKILL); /* what it left behind */
            return ended(program, how, f);
        }
        if (got < 0 && errno != EINTR) {
            return fault_set(f, STATUS_UNAVAILABLE, "PROGRAM_EXIT", "“%s”不知怎样结束了。",
                             program->argv[0]);
        }
        if (now_steady_ms() >= end_ms) {
            group_kill(pid);
            return fault_set(f, STATUS_DEADLINE_EXCEEDED, "PROGRAM_TIME",
                             "“%s”运行超过 %u 秒，已中止。", program->argv[0],
                             (unsigned)(program->limit_ms / 1000));
        }
        if (program->stop != NULL && program->stop(program->user)) {
            group_kill(pid);
            return fault_set(f, STATUS_CANCELLED, "PROGRAM_STOPPED", "代理正在停止，“%s”已中止。",
                             program->argv[0]);
        }
        pause_ms(look_ms);
    }
}

/* How many descriptors there can be. */
static long
descriptors_count(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur > DESCRIPTORS_MAX) {
        return DESCRIPTORS_MAX;
    }
    return (long)limit.rlim_cur;
}

enum status
program_run(const struct program *program, struct fault *f)
{
    char *environment[ENVIRONMENT_MAX];
    enum status status = STATUS_OK;
    pid_t pid = -1;
    int input = -1;
    int output = -1;
    if (!environment_make(program->extra, environment)) {
        status = fault_memory(f);
        goto out;
    }
    input = input_make(program->input);
    output = open("/dev/null", O_WRONLY | O_CLOEXEC);
    long descriptors = descriptors_count();
    if (input >= 0 && output >= 0) {
        pid = fork();
    }
    if (pid == 0) {
        child(program->argv, environment, input, output, descriptors);
    }
    status = pid < 0 ? fault_set(f, STATUS_UNAVAILABLE, "PROGRAM_START",
                                 "没能启动“%s”：系统资源不足。", program->argv[0])
                     : await(program, pid, f);
out:
    if (input >= 0) {
        (void)close(input);
    }
    if (output >= 0) {
        (void)close(output);
    }
    environment_free(environment);
    return status;
}

char *
program_find(const char *name)
{
    const char *path = getenv("PATH");
    for (const char *p = path; p != NULL && *p != '\0';) {
        size_t n = strcspn(p, ":");
        char *file = NULL;
        if (n > 0 && p[0] == '/' && asprintf(&file, "%.*s/%s", (int)n, p, name) >= 0) {
            if (access(file, X_OK) == 0) {
                return file;
            }
            free(file);
        }
        p += n;
        p += *p == ':';
    }
    return NULL;
}
