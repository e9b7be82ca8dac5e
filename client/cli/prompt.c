#include "client/cli/prompt.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"
#include "proto/ledger/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* Reads one line; *text is cut at its end. False at the end of input. */
static bool
line_read(int fd, char *text, size_t size)
{
    size_t n = 0;
    for (;;) {
        char ch = 0;
        ssize_t got = read(fd, &ch, 1);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0 && n == 0) {
            return false;
        }
        if (got <= 0 || ch == '\n' || ch == '\r') {
            text[n] = '\0';
            return true;
        }
        if (n + 1 < size) {
            text[n++] = ch;
        }
    }
}

bool
prompt_possible(void)
{
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    bool possible = fd >= 0 && isatty(fd) == 1;
    if (fd >= 0) {
        close(fd);
    }
    return possible;
}

static enum status
ask(struct cli *c, const char *question, bool hidden, char **ret_answer, struct fault *f)
{
    struct termios before;
    char *answer = arena_alloc(&c->arena, LIMIT_PASSWORD_BYTES + 2);
    if (answer == NULL) {
        return fault_memory(f);
    }
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || tcgetattr(fd, &before) != 0) {
        if (fd >= 0) {
            close(fd);
        }
        return fault_set(
            f, STATUS_FAILED_PRECONDITION, "PROMPT_NO_TERMINAL",
            "这里没有终端，没法询问密码：请在配置里写 password_file，或用选项指定文件。");
    }
    struct termios quiet = before;
    quiet.c_lflag &= hidden ? ~(tcflag_t)ECHO : ~(tcflag_t)0;
    (void)tcsetattr(fd, TCSAFLUSH, &quiet);
    (void)!write(fd, question, strlen(question));
    bool good = line_read(fd, answer, LIMIT_PASSWORD_BYTES + 2);
    (void)tcsetattr(fd, TCSAFLUSH, &before);
    if (hidden) {
        (void)!write(fd, "\n", 1);
    }
    close(fd);
    if (!good || answer[0] == '\0') {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "PROMPT_EMPTY",
                         hidden ? "没有输入密码。" : "没有输入内容。");
    }
    *ret_answer = answer;
    return STATUS_OK;
}

enum status
prompt_secret(struct cli *c, const char *question, char **ret_answer, struct fault *f)
{
    return ask(c, question, true, ret_answer, f);
}

enum status
prompt_line(struct cli *c, const char *question, char **ret_answer, struct fault *f)
{
    return ask(c, question, false, ret_answer, f);
}

enum status
prompt_new_password(struct cli *c, char **ret_answer, struct fault *f)
{
    char *first = NULL;
    char *second = NULL;
    enum status status = prompt_secret(c, "新密码（至少 10 个字符）：", &first, f);
    if (status == STATUS_OK) {
        status = prompt_secret(c, "再输一次新密码：", &second, f);
    }
    if (status == STATUS_OK && strcmp(first, second) != 0) {
        status = fault_set(f, STATUS_INVALID_ARGUMENT, "PASSWORD_DIFFERS",
                           "两次输入的新密码不一样，没有修改。");
    }
    if (status == STATUS_OK) {
        *ret_answer = first;
    }
    return status;
}

enum status
prompt_secret_file(struct cli *c, const char *path, char **ret_secret, bool *ret_made,
                   struct fault *f)
{
    char token[SECRET_TOKEN_TEXT_SIZE];
    char *text = NULL;
    size_t n = 0;
    struct fault why = {.code = STATUS_OK};
    enum status status = secret_file_read(path, &c->arena, &text, &n, &why);
    bool made = status == STATUS_NOT_FOUND;
    if (made) {
        secret_token_make(token);
        text = arena_printf(&c->arena, "%s\n", token);
        if (text == NULL) {
            return fault_memory(f);
        }
        status = rectify_file_replace(path, 0600, text, strlen(text), &why);
        secret_wipe(token, sizeof token);
    }
    if (status != STATUS_OK) {
        *f = why;
        return status;
    }
    text[strcspn(text, "\r\n")] = '\0';
    *ret_secret = text;
    *ret_made = made;
    return STATUS_OK;
}
