/* Matters (事项): every command of every kind through the two methods of MatterService. The row's
 * words say which: "office notice issue" is the command issue of a notice. */
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "client/lib/file.h"
#include "proto/base/limits.h"

#include <inttypes.h>
#include <rectify/v1/matter.pb-c.h>
#include <string.h>

/* ---- which command ---- */

struct verb {
    const char *kind;
    const char *command;
    bool opens;
};

/* Words that are not the command's own name. */
static const struct {
    const char *kind;
    const char *word;
    const char *command;
    bool opens;
} words_of[] = {
    {"extension", "ask", "submit", true},       {"notice", "propose", "propose", true},
    {"talk", "propose", "propose", true},       {"round", "plan", "plan", true},
    {"instruction", "issue", "issue", true},    {"opinion", "receive", "receive", true},
    {"notice", "sign", "sign_for", false},      {"instruction", "sign", "sign_for", false},
    {"notice", "fail", "not_satisfied", false},
};

static const char *
underscored(struct cli *c, const char *word)
{
    char *text = arena_strdup(&c->arena, word);
    for (char *p = text; p != NULL && *p != '\0'; p++) {
        *p = *p == '-' ? '_' : *p;
    }
    return text;
}

static enum status
verb_find(struct cli *c, const struct line *line, struct verb *ret_verb, struct fault *f)
{
    const char *bare = command_bare(line->command->words);
    const char *blank = strchr(bare, ' ');
    if (blank == NULL) {
        return fault_set(f, STATUS_INTERNAL, "COMMAND_ROW", "命令表有误：%s", bare);
    }
    const char *kind = arena_strndup(&c->arena, bare, (size_t)(blank - bare));
    *ret_verb = (struct verb){kind, underscored(c, blank + 1), false};
    for (size_t i = 0; kind != NULL && i < sizeof words_of / sizeof words_of[0]; i++) {
        if (strcmp(words_of[i].kind, kind) == 0 && strcmp(words_of[i].word, blank + 1) == 0) {
            ret_verb->command = words_of[i].command;
            ret_verb->opens = words_of[i].opens;
        }
    }
    if (ret_verb->opens && strcmp(ret_verb->kind, "extension") == 0 && line_flag(line, "late")) {
        ret_verb->command = "submit_late";
    }
    return kind == NULL || ret_verb->command == NULL ? fault_memory(f) : STATUS_OK;
}

/* ---- what it says ---- */

static bool
one_of(const char *word, const char *const *list)
{
    for (; *list != NULL; list++) {
        if (strcmp(word, *list) == 0) {
            return true;
        }
    }
    return false;
}

static enum status
take_numbers(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    const struct {
        struct cli_number spec;
        protobuf_c_boolean *has;
        int32_t *value;
    } numbers[] = {
        {{"level", 1, 3}, &in->has_level, &in->level},
        {{"days", 1, 60}, &in->has_working_days, &in->working_days},
        {{"per-unit", 1, 50}, &in->has_per_unit, &in->per_unit},
    };
    static const struct cli_number seed = {"seed", 1, 999999999};
    enum status status = STATUS_OK;
    bool has = false;
    int64_t value = 0;
    for (size_t i = 0; status == STATUS_OK && i < sizeof numbers / sizeof numbers[0]; i++) {
        status = cli_number_option(c, line, &numbers[i].spec, &has, &value, f);
        if (status == STATUS_OK && has) {
            *numbers[i].has = true;
            *numbers[i].value = (int32_t)value;
        }
    }
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &seed, &has, &value, f);
        in->has_seed = status == STATUS_OK && has;
        in->seed = value;
    }
    return status;
}

static enum status
take_milestone(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    const char *word = line_value(line, "milestone");
    static const char *const effect[] = {"明显成效", "取得明显成效", "EFFECT", "effect", NULL};
    static const char *const complete[] = {"整改到位", "整改落实到位", "COMPLETE", "complete",
                                           NULL};
    if (word == NULL) { /* an extension without a word asks for the last date */
        in->has_milestone = strcmp(command_bare(line->command->words), "extension ask") == 0;
        in->milestone = PB__MILESTONE_KIND__COMPLETE;
        return STATUS_OK;
    }
    word = value_narrow(&c->arena, word);
    in->has_milestone = true;
    if (one_of(word, effect)) {
        in->milestone = PB__MILESTONE_KIND__EFFECT;
        return STATUS_OK;
    }
    in->milestone = PB__MILESTONE_KIND__COMPLETE;
    return one_of(word, complete) ? STATUS_OK
                                  : fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_MILESTONE",
                                              "--milestone 请写“明显成效”或“整改到位”。");
}

/* "单位=日期=内容" */
static enum status
take_tasks(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    in->tasks = arena_array(&c->arena, line->value_count, sizeof *in->tasks);
    for (const char *text; (text = line_value_at(line, "task", in->n_tasks)) != NULL;) {
        Pb__MatterTask *t = arena_alloc(&c->arena, sizeof *t);
        const char *signs = value_signs(&c->arena, text, false);
        const char *first = strchr(signs, '=');
        const char *second = first == NULL ? NULL : strchr(first + 1, '=');
        if (second == NULL) {
            return fault_set(
                f, STATUS_INVALID_ARGUMENT, "USAGE_TASK",
                "--task 要写成 单位代码=完成日期=内容，例如 unit02=2026-11-20=提供数据。");
        }
        if (t == NULL || in->tasks == NULL) {
            return fault_memory(f);
        }
        pb__matter_task__init(t);
        const char *day = arena_strndup(&c->arena, first + 1, (size_t)(second - first - 1));
        t->unit = arena_strndup(&c->arena, signs, (size_t)(first - signs));
        t->due = cli_field(day == NULL ? NULL : value_date(&c->arena, day));
        t->text = cli_field(second + 1);
        if (t->due == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_DATE",
                             "--task 里的“%s”不是日期，请写成 2026-11-30 这样。", day);
        }
        in->tasks[in->n_tasks++] = t;
    }
    return STATUS_OK;
}

/* "编号=结论[:现场情况]" */
static enum status
take_verdicts(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    static const char *const words[] = {"属实", "部分属实", "不属实", "未看到"};
    static const char *const names[] = {"true", "partly", "false", "not-seen"};
    in->verdicts = arena_array(&c->arena, line->value_count, sizeof *in->verdicts);
    for (const char *text; (text = line_value_at(line, "verdict", in->n_verdicts)) != NULL;) {
        Pb__MatterSample *s = arena_alloc(&c->arena, sizeof *s);
        const char *signs = value_signs(&c->arena, text, true);
        const char *sign = strchr(signs, '=');
        const char *colon = sign == NULL ? NULL : strchr(sign, ':');
        if (s == NULL || in->verdicts == NULL) {
            return fault_memory(f);
        }
        pb__matter_sample__init(s);
        size_t length = sign == NULL    ? 0
                        : colon == NULL ? strlen(sign + 1)
                                        : (size_t)(colon - sign - 1);
        const char *word = sign == NULL ? NULL : arena_strndup(&c->arena, sign + 1, length);
        for (int i = 0; word != NULL && i < 4; i++) {
            if (strcmp(word, words[i]) == 0 || strcmp(word, names[i]) == 0) {
                s->has_verdict = true;
                s->verdict = (Pb__SampleVerdict)(i + 1);
            }
        }
        if (!s->has_verdict) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_VERDICT",
                             "--verdict 要写成 编号=结论，结论是属实、部分属实、不属实或未看到，"
                             "不是“属实”的后面写 :现场情况。");
        }
        s->measure_ref = arena_strndup(&c->arena, signs, (size_t)(sign - signs));
        s->found = cli_field(colon == NULL ? NULL : colon + 1);
        in->verdicts[in->n_verdicts++] = s;
    }
    return STATUS_OK;
}

/* "编号=成效日期,到位日期", or "编号=到位日期" */
static enum status
take_dates(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    if (line_value_at(line, "dates", 0) == NULL) {
        return STATUS_OK;
    }
    in->verdicts = arena_array(&c->arena, line->value_count, sizeof *in->verdicts);
    for (const char *text; (text = line_value_at(line, "dates", in->n_verdicts)) != NULL;) {
        Pb__MatterSample *s = arena_alloc(&c->arena, sizeof *s);
        const char *sign = strchr(text, '=');
        const char *comma = sign == NULL ? NULL : strchr(sign, ',');
        if (s == NULL || in->verdicts == NULL) {
            return fault_memory(f);
        }
        pb__matter_sample__init(s);
        const char *complete = comma != NULL ? comma + 1 : sign != NULL ? sign + 1 : "";
        s->complete_due = cli_field(value_date(&c->arena, complete));
        if (comma != NULL) {
            const char *effect = arena_strndup(&c->arena, sign + 1, (size_t)(comma - sign - 1));
            s->effect_due = cli_field(effect == NULL ? NULL : value_date(&c->arena, effect));
        }
        if (s->complete_due == NULL || (comma != NULL && s->effect_due == NULL)) {
            return fault_set(
                f, STATUS_INVALID_ARGUMENT, "USAGE_DATE",
                "--dates 要写成 P-07-M-03=2027-01-31,2027-02-28，前一个是取得明显成效的"
                "时限，后一个是整改落实到位的时限；立行立改的只写后一个。");
        }
        s->measure_ref = arena_strndup(&c->arena, text, (size_t)(sign - text));
        in->verdicts[in->n_verdicts++] = s;
    }
    return STATUS_OK;
}

/* One measure to most commands; many to a round. */
static enum status
take_measures(struct cli *c, const struct line *line, const struct verb *verb, Pb__MatterInput *in,
              struct fault *f)
{
    if (strcmp(verb->kind, "round") != 0) {
        in->measure_ref = cli_field(line_value(line, "measure"));
        return STATUS_OK;
    }
    in->measures = arena_array(&c->arena, line->value_count, sizeof *in->measures);
    if (in->measures == NULL) {
        return fault_memory(f);
    }
    for (const char *ref; (ref = line_value_at(line, "measure", in->n_measures)) != NULL;) {
        in->measures[in->n_measures++] = cli_field(ref);
    }
    return STATUS_OK;
}

/* Everything behind the numbers is the text, so that nobody needs quotation marks. */
static const char *
words_behind(struct cli *c, const struct line *line, size_t from)
{
    const char *text = from < line->arg_count ? line->args[from] : NULL;
    for (size_t i = from + 1; i < line->arg_count && text != NULL; i++) {
        text = arena_printf(&c->arena, "%s %s", text, line->args[i]);
    }
    return text;
}

static enum status
take_words(struct cli *c, const struct line *line, const struct verb *verb, Pb__MatterInput *in,
           struct fault *f)
{
    bool extension = verb->opens && strcmp(verb->kind, "extension") == 0;
    size_t from = verb->opens && !extension ? 0 : 1;
    if (extension) {
        in->measure_ref = cli_field(line->args[0]);
    }
    if (strcmp(verb->command, "finish_task") == 0) {
        int64_t no = 0;
        if (!value_int(&c->arena, line->args[1], 1, 50, &no)) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_NUMBER",
                             "第二个参数是议定事项的序号，例如 1。");
        }
        in->has_task_no = true;
        in->task_no = (int32_t)no;
        from = 2;
    }
    const char *words = words_behind(c, line, from);
    if (words != NULL && verb->opens) {
        in->text = cli_field(words);
    } else if (words != NULL) {
        in->answer = cli_field(words);
    }
    return STATUS_OK;
}

/* A talk's record comes from a file: what is typed stays in the shell's history. */
static enum status
take_contents(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    const char *path = line_value(line, "file");
    size_t n = 0;
    return path == NULL
               ? STATUS_OK
               : rectify_file_read(&c->arena, path, LIMIT_TEXT_BYTES, &in->contents, &n, f);
}

static enum status
take_days(struct cli *c, const struct line *line, Pb__MatterInput *in, struct fault *f)
{
    const char *until = NULL;
    const char *due = NULL;
    const char *on = NULL;
    const char *effect_due = NULL;
    enum status status = cli_date_option(c, line, "until", &until, f);
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "due", &due, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "on", &on, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "effect-due", &effect_due, f);
    }
    in->effect_due = cli_field(effect_due);
    in->new_due = cli_field(until);
    in->due = cli_field(due);
    in->scheduled_on = cli_field(on);
    return status;
}

static enum status
input_fill(struct cli *c, const struct line *line, const struct verb *verb, Pb__MatterInput *in,
           struct fault *f)
{
    in->problem_ref = cli_field(line_value(line, "problem"));
    in->inspection = cli_field(line_value(line, "inspection"));
    in->unit = cli_field(line_value(line, "unit"));
    in->holder = cli_field(line_value(line, "holder"));
    in->title = cli_field(line_value(line, "title"));
    in->text = cli_field(line_value(line, "text"));
    in->origin = cli_field(line_value(line, "origin"));
    in->sender = cli_field(line_value(line, "sender"));
    in->reason = cli_field(line_value(line, "reason"));
    in->reason_code = cli_field(line_value(line, "reason-code"));
    if (in->reason != NULL && in->reason_code == NULL) {
        in->reason_code = cli_field("OTHER");
    }
    in->has_urgent = in->urgent = line_flag(line, "urgent");
    enum status status = take_days(c, line, in, f);
    if (status == STATUS_OK) {
        status = take_numbers(c, line, in, f);
    }
    if (status == STATUS_OK) {
        status = take_milestone(c, line, in, f);
    }
    if (status == STATUS_OK) {
        status = take_tasks(c, line, in, f);
    }
    if (status == STATUS_OK) {
        status = take_verdicts(c, line, in, f);
    }
    if (status == STATUS_OK) {
        status = take_dates(c, line, in, f);
    }
    if (status == STATUS_OK) {
        status = take_measures(c, line, verb, in, f);
    }
    if (status == STATUS_OK) {
        status = take_words(c, line, verb, in, f);
    }
    return status == STATUS_OK ? take_contents(c, line, in, f) : status;
}

/* ---- giving it ---- */

/* *ret_reply stays NULL when the line is down and the matter is not in the cache. */
static enum status
matter_read(struct cli *c, const char *ref, const Pb__GetMatterReply **ret_reply, struct fault *f)
{
    Pb__GetMatterRequest get = PB__GET_MATTER_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    bool known = false;
    get.ref = cli_field(ref);
    enum status status =
        cli_query_if_known(c, "rectify.v1.MatterService/GetMatter", &get.base, &message, &known, f);
    if (status == STATUS_OK && known) {
        *ret_reply = (const Pb__GetMatterReply *)message;
    }
    return status;
}

/* The version the caller decided on: the one he names, else the one that stands now. */
static enum status
version_find(struct cli *c, const struct line *line, struct cli_command *command, struct fault *f)
{
    static const struct cli_number spec = {"expect-version", 0, INT64_MAX};
    const Pb__GetMatterReply *reply = NULL;
    enum status status = cli_number_option(c, line, &spec, &command->has_expected_version,
                                           &command->expected_version, f);
    if (status != STATUS_OK || command->has_expected_version) {
        return status;
    }
    status = matter_read(c, line->args[0], &reply, f);
    if (status == STATUS_OK && reply != NULL && reply->matter != NULL) {
        command->has_expected_version = true;
        command->expected_version = reply->matter->version;
    }
    return status;
}

enum status
cmd_matter_do(struct cli *c, const struct line *line, struct fault *f)
{
    struct verb verb = {NULL, NULL, false};
    Pb__MatterInput in = PB__MATTER_INPUT__INIT;
    Pb__OpenMatterRequest open = PB__OPEN_MATTER_REQUEST__INIT;
    Pb__ActOnMatterRequest act = PB__ACT_ON_MATTER_REQUEST__INIT;
    struct cli_command command = {.method = "rectify.v1.MatterService/OpenMatter",
                                  .request = &open.base};
    struct rectify_answer answer;
    enum status status = verb_find(c, line, &verb, f);
    if (status == STATUS_OK) {
        status = input_fill(c, line, &verb, &in, f);
    }
    if (status == STATUS_OK && !verb.opens) {
        act.ref = cli_field(line->args[0]);
        act.command = cli_field(verb.command);
        act.input = &in;
        command.method = "rectify.v1.MatterService/ActOnMatter";
        command.request = &act.base;
        status = version_find(c, line, &command, f);
    }
    open.kind = cli_field(verb.kind);
    open.command = cli_field(verb.command);
    open.input = &in;
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__Matter *m = (const Pb__Matter *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "%s %s 现在是“%s”%s%s（第 %" PRId64 " 版）。\n",
                      cli_text(c, m->kind_zh), cli_text(c, m->ref), cli_text(c, m->state_zh),
                      m->due != NULL && m->has_days_left ? "，下一步时限 " : "",
                      m->has_days_left ? cli_text(c, m->due) : "", m->version);
        if (m->has_reopened) {
            (void)fprintf(c->out, "已到位而不属实的 %d 条措施重新整改，新的时限从此起算。\n",
                          m->reopened);
        }
    }
    cli_receipt_print(c, &answer);
    return status;
}
