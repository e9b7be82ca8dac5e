#include "client/cli/cli.h"
#include "client/cli/exit_code.h"
#include "client/cli/help.h"
#include "client/cli/place.h"
#include "client/cli/queue.h"
#include "client/cli/text.h"
#include "client/cli/value.h"
#include "client/lib/cache.h"
#include "client/lib/file.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
cli_field(const char *s)
{
    union {
        const char *in;
        char *out;
    } u = {.in = s};
    return u.out;
}

const char *
cli_text(struct cli *c, const char *s)
{
    return text_line(&c->arena, s);
}

/* ---- progress ---- */

void
cli_progress_clear(struct cli *c)
{
    if (c->progress_shown) {
        (void)fputs("\r\033[K", c->err);
        c->progress_shown = false;
    }
}

void
cli_progress(struct cli *c, const char *name, int64_t done, int64_t size)
{
    if (!c->err_tty) {
        return;
    }
    int percent = size > 0 ? (int)(done * 100 / size) : 100;
    cli_progress_clear(c);
    (void)fprintf(c->err, "%s  %d%%", cli_text(c, name), percent);
    (void)fflush(c->err);
    c->progress_shown = true;
}

/* ---- options ---- */

enum status
cli_date_option(struct cli *c, const struct line *line, const char *name, const char **ret_date,
                struct fault *f)
{
    const char *text = line_value(line, name);
    const char *date = text != NULL ? value_date(&c->arena, text) : NULL;
    if (text != NULL && date == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_DATE",
                         "--%s 的日期“%s”不对：要写成 2026-11-30 这样。", name, text);
    }
    *ret_date = date;
    return STATUS_OK;
}

enum status
cli_number_option(struct cli *c, const struct line *line, const struct cli_number *spec,
                  bool *ret_has, int64_t *ret_value, struct fault *f)
{
    const char *text = line_value(line, spec->name);
    int64_t value = 0;
    if (text != NULL && !value_int(&c->arena, text, spec->min, spec->max, &value)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_NUMBER",
                         "--%s 的“%s”不对：要写 %" PRId64 " 到 %" PRId64 " 的整数。", spec->name,
                         text, spec->min, spec->max);
    }
    *ret_has = text != NULL;
    *ret_value = value;
    return STATUS_OK;
}

static enum status
format_parse(const char *text, enum cli_format *ret_format, struct fault *f)
{
    static const char *const names[] = {"table", "json", "csv"};
    for (size_t i = 0; text != NULL && i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret_format = (enum cli_format)i;
            return STATUS_OK;
        }
    }
    if (text == NULL) {
        *ret_format = CLI_TABLE;
        return STATUS_OK;
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_FORMAT",
                     "-o 的“%s”不对：可以写 table、json 或 csv。", text);
}

static enum status
globals_take(struct cli *c, const struct line *line, struct fault *f)
{
    enum { TIMEOUT_MAX_S = 3600 };
    static const struct cli_number timeout = {"timeout", 1, TIMEOUT_MAX_S};
    bool has = false;
    int64_t seconds = 0;
    enum status status = format_parse(line_value(line, "output"), &c->format, f);
    if (status == STATUS_OK && command_takes(line->command, "timeout")) {
        status = cli_number_option(c, line, &timeout, &has, &seconds, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    c->deadline_ms = has ? (uint32_t)seconds * 1000 : 0;
    c->profile_name = line_value(line, "profile");
    if (c->profile_name == NULL) {
        c->profile_name = getenv("RECTIFY_PROFILE");
    }
    if (c->profile_name != NULL && c->profile_name[0] == '\0') {
        c->profile_name = NULL;
    }
    c->home = line_value(line, "home");
    c->key = command_takes(line->command, "key") ? line_value(line, "key") : NULL;
    c->on_behalf_of = line_value(line, "for");
    c->queue_flag = line_flag(line, "queue");
    c->offline_flag = line_flag(line, "offline");
    if (c->queue_flag && (line->command->flags & COMMAND_QUEUE) == 0) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_QUEUE",
                         "“%s”不能先存入待发箱（--queue）：只有单位的日常办理可以。",
                         line->command->words);
    }
    if (command_takes(line->command, "as") && line_value(line, "as") != NULL) {
        if (c->on_behalf_of != NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_AS",
                             "--as（代行）和 --for（代报）不能同时写。");
        }
        c->stands_for = arena_printf(&c->arena, "@%s", line_value(line, "as"));
        if (c->stands_for == NULL) {
            return fault_memory(f);
        }
    }
    if (c->key != NULL && !uuid_text_valid(c->key)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_KEY",
                         "--key 的“%s”不对：要照上次显示的办理编号原样填写。", c->key);
    }
    return STATUS_OK;
}

/* ---- faults ---- */

void
cli_detail(struct cli *c, const char *text)
{
    const char **place =
        arena_grow(&c->arena, &c->details, c->detail_count, &c->detail_capacity, sizeof *place);
    if (place != NULL && text != NULL) {
        *place = text;
        c->detail_count++;
    }
}

/* What the server found beside its first sentence. Fields are for programs; people see the column
 * they know, or nothing. */
static void
violations_print(struct cli *c, const struct fault *f)
{
    const struct rectify_outcome *outcome =
        c->channel != NULL ? rectify_channel_outcome(c->channel) : NULL;
    if (outcome == NULL || c->explained) {
        return;
    }
    for (size_t i = 0; i < outcome->violation_count; i++) {
        const Pb__FieldViolation *v = outcome->violations[i];
        if (v->message == NULL || strncmp(v->message, f->message, strlen(f->message)) == 0) {
            continue;
        }
        const char *column = v->field != NULL ? place_column_zh(v->field) : NULL;
        (void)fprintf(c->err, "  · %s%s%s%s\n", column != NULL ? "“" : "",
                      column != NULL ? column : "", column != NULL ? "”：" : "",
                      cli_text(c, v->message));
    }
}

static void
details_print(struct cli *c)
{
    enum { SHOWN_MAX = 60 };
    const char **lines = c->details;
    for (size_t i = 0; i < c->detail_count && i < SHOWN_MAX; i++) {
        (void)fprintf(c->err, "  · %s\n", cli_text(c, lines[i]));
    }
    if (c->detail_count > SHOWN_MAX) {
        (void)fprintf(c->err, "  · 还有 %zu 处，改好这些后再列出。\n", c->detail_count - SHOWN_MAX);
    }
}

/* A message of several lines stands on as many, indented below the first. */
static void
print_message(struct cli *c, const char *message)
{
    const char *prefix = "错误：";
    for (const char *line = message; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        const char *copy = arena_strndup(&c->arena, line, n);
        (void)fprintf(c->err, "%s%s\n", prefix, copy == NULL ? "" : cli_text(c, copy));
        prefix = "  ";
        line += n + (line[n] == '\n' ? 1 : 0);
    }
}

static void
fault_print(struct cli *c, const struct fault *f)
{
    cli_progress_clear(c);
    print_message(c, f->message);
    details_print(c);
    violations_print(c, f);
    (void)fprintf(c->err, "原因码：%s\n", f->reason);
    const struct rectify_outcome *outcome =
        c->channel != NULL ? rectify_channel_outcome(c->channel) : NULL;
    if (outcome != NULL && outcome->unknown) {
        (void)fprintf(c->err,
                      "怎么办：结果未知，服务器可能已经办理。请先核对；要再办一次，必须原样加上\n"
                      "  --key %s\n这样不会重复办理。\n",
                      outcome->key);
        return;
    }
    const char *advice =
        exit_code_advice(&c->arena, f, c->command != NULL ? c->command->words : "");
    if (advice[0] != '\0') {
        (void)fprintf(c->err, "怎么办：%s\n", advice);
    }
}

/* What was printed must have arrived. A reader that left early (head) is no error. */
static enum status
output_finish(struct cli *c, struct fault *f)
{
    errno = 0;
    if (fflush(c->out) == 0 && !ferror(c->out)) {
        return STATUS_OK;
    }
    if (errno == EPIPE) {
        return STATUS_OK;
    }
    return fault_set(f, STATUS_INTERNAL, "OUTPUT_WRITE", "结果没有写完整：%s。请检查磁盘空间。",
                     errno != 0 ? rectify_errno_zh(errno) : "写入失败");
}

static enum status
run(struct cli *c, int argc, char **argv, struct fault *f)
{
    struct line *line = arena_alloc(&c->arena, sizeof *line);
    if (line == NULL) {
        return fault_memory(f);
    }
    for (int i = 1; i < argc; i++) {
        if (!text_is_utf8(argv[i], strlen(argv[i]))) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ENCODING",
                             "第 %d 个参数不是 UTF-8 文字：请把终端的编码设为 UTF-8。", i);
        }
    }
    enum status status = line_parse(&c->arena, argc - 1, argv + 1, line, f);
    c->command = line->command;
    c->line = line;
    if (status == STATUS_OK && line->help) {
        if (strcmp(line->command->words, "help") == 0) {
            return help_print_topic(c->out, line, f);
        }
        help_print_command(c->out, line->command);
        return STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = globals_take(c, line, f);
    }
    if (status == STATUS_OK && line_flag(line, "version")) {
        (void)fputs(CLI_CLIENT_VERSION "\n", c->out);
        return STATUS_OK;
    }
    bool done = false;
    if (status == STATUS_OK) {
        status = cli_key_resend(c, &done, f);
    }
    if (status == STATUS_OK && !done) {
        status = line->command->run(c, line, f);
    }
    return c->queued ? STATUS_OK : status;
}

/* The process ends: closing in order would wait for nng's threads, a fifth of a short command's
 * time, and tell the server what the kernel tells it anyway. Sanitizers look for what is left. */
static void
channel_leave(struct cli *c)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    rectify_channel_free(c->channel);
#endif
    c->channel = NULL;
}

int
cli_main(int argc, char **argv, FILE *out, FILE *err)
{
    struct fault f = {.code = STATUS_OK};
    struct cli c = {.out = out,
                    .err = err,
                    .out_tty = isatty(fileno(out)) == 1,
                    .err_tty = isatty(fileno(err)) == 1};
    arena_init(&c.arena, CLI_ARENA_BYTES);
    (void)signal(SIGPIPE, SIG_IGN); /* writing to a closed pipe is answered by output_finish */
    enum status status = run(&c, argc, argv, &f);
    if (status == STATUS_OK) {
        cli_progress_clear(&c);
        status = output_finish(&c, &f);
    } else {
        (void)fflush(out);
    }
    int code = c.code;
    if (status != STATUS_OK) {
        f.code = status;
        fault_print(&c, &f);
        code = (int)exit_code_from_fault(&f);
    }
    (void)fflush(err);
    channel_leave(&c);
    rectify_outbox_free(c.outbox);
    rectify_cache_free(c.cache);
    arena_release(&c.arena);
    return code;
}
