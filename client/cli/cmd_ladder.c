/* The warning ladder: showing it, and putting another one in its place. */
#include "client/cli/csv.h"
#include "client/cli/grid.h"
#include "client/cli/handlers.h"
#include "client/cli/value.h"
#include "client/cli/view.h"
#include "rectify/v1/settings.pb-c.h"

#include <stdlib.h>
#include <string.h>

enum { DRY_RUN_MS = 120000, COLUMNS = 9, WORDS_MAX = 16 };

/* The columns of the file, and what people read instead. */
static const struct grid_column people[COLUMNS] = {{.title = "级别", .right = true},
                                                   {.title = "第几次", .right = true},
                                                   {.title = "对象"},
                                                   {.title = "类型"},
                                                   {.title = "触发"},
                                                   {.title = "参数", .right = true},
                                                   {.title = "即时"},
                                                   {.title = "通知谁", .clip = 50},
                                                   {.title = "提请"}};
static const struct grid_column file_columns[COLUMNS] = {
    {.title = "level"},   {.title = "repeat"},     {.title = "subject"},
    {.title = "classes"}, {.title = "trigger"},    {.title = "parameter"},
    {.title = "direct"},  {.title = "recipients"}, {.title = "proposals"}};

/* Names as the file has them, by their numbers. */
static const char *const classes[] = {"UNSET", "IMMEDIATE", "TIMED", "LONG_TERM"};
enum { CLASSES = sizeof classes / sizeof classes[0] };

static const char *
words_text(struct cli *c, char *const *words, size_t n)
{
    const char *text = "";
    for (size_t i = 0; i < n; i++) {
        const char *longer = arena_printf(&c->arena, "%s%s%s", text, i > 0 ? " " : "", words[i]);
        text = longer != NULL ? longer : text;
    }
    return text;
}

static const char *
classes_text(struct cli *c, const Pb__LadderRule *rule)
{
    const char *text = "";
    for (size_t i = 0; i < rule->n_measure_classes; i++) {
        unsigned n = (unsigned)rule->measure_classes[i];
        const char *name = n >= CLASSES           ? "?"
                           : c->format == CLI_CSV ? classes[n]
                           : n == 0               ? "未定"
                                                  : value_class_zh(rule->measure_classes[i]);
        const char *longer = arena_printf(&c->arena, "%s%s%s", text, i > 0 ? " " : "", name);
        text = longer != NULL ? longer : text;
    }
    return text;
}

enum status
cmd_ladder_show(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.SettingsService/GetLadder", &empty.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    const Pb__GetLadderReply *reply = (const Pb__GetLadderReply *)message;
    bool csv = c->format == CLI_CSV;
    grid_init(&g, &c->arena, csv ? file_columns : people, COLUMNS);
    for (size_t i = 0; i < reply->n_rules; i++) {
        const Pb__LadderRule *rule = reply->rules[i];
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, rule->level);
        row[1] = grid_number(&g, rule->repeat);
        row[2] = cli_text(c, rule->subject);
        row[3] = classes_text(c, rule);
        row[4] = cli_text(c, rule->trigger);
        row[5] = rule->has_parameter ? grid_number(&g, rule->parameter) : "";
        row[6] = rule->direct ? (csv ? "1" : "是") : (csv ? "0" : "");
        row[7] = words_text(c, rule->recipients, rule->n_recipients);
        row[8] = words_text(c, rule->proposals, rule->n_proposals);
    }
    if (c->format == CLI_TABLE) {
        (void)fprintf(c->out, "预警规则：第 %d 版\n", reply->version);
    }
    return grid_print(&g, c, f);
}

enum status
cmd_ladder_list(struct cli *c, const struct line *line, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "版本", .right = true},
                                                 {.title = "规则", .right = true},
                                                 {.title = "使用"},
                                                 {.title = "上次试算"},
                                                 {.title = "当时几条", .right = true}};
    Pb__Empty empty = PB__EMPTY__INIT;
    ProtobufCMessage *message = NULL;
    struct grid g;
    (void)line;
    enum status status =
        cli_query(c, "rectify.v1.SettingsService/ListLadders", &empty.base, &message, f);
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, message, f) : status;
    }
    const Pb__ListLaddersReply *reply = (const Pb__ListLaddersReply *)message;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_versions; i++) {
        const Pb__LadderVersion *v = reply->versions[i];
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, v->version);
        row[1] = grid_number(&g, v->rules);
        row[2] = v->on ? "正在使用" : "";
        row[3] = value_time(&c->arena, v->tried_at_ms);
        row[4] = v->has_tried_alerts ? grid_number(&g, v->tried_alerts) : "";
    }
    return grid_print(&g, c, f);
}

/* ---- reading a file of rules ---- */

/* The words of a cell, split at blanks and commas. */
static enum status
read_words(struct cli *c, const char *cell, char ***ret_words, size_t *ret_n, struct fault *f)
{
    char *text = arena_strdup(&c->arena, cell);
    char **words = arena_array(&c->arena, WORDS_MAX, sizeof *words);
    size_t n = 0;
    if (text == NULL || words == NULL) {
        return fault_memory(f);
    }
    char *state = NULL;
    for (char *w = strtok_r(text, " ,;", &state); w != NULL; w = strtok_r(NULL, " ,;", &state)) {
        if (n == WORDS_MAX) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "LADDER_FILE", "“%s”里的词太多。", cell);
        }
        words[n++] = w;
    }
    *ret_words = words;
    *ret_n = n;
    return STATUS_OK;
}

static enum status
read_classes(struct cli *c, const char *cell, Pb__LadderRule *rule, struct fault *f)
{
    char **words = NULL;
    size_t n = 0;
    enum status status = read_words(c, cell, &words, &n, f);
    rule->measure_classes = arena_array(&c->arena, WORDS_MAX, sizeof *rule->measure_classes);
    if (status == STATUS_OK && rule->measure_classes == NULL) {
        status = fault_memory(f);
    }
    for (size_t i = 0; status == STATUS_OK && i < n; i++) {
        unsigned k = 0;
        while (k < CLASSES && strcmp(classes[k], words[i]) != 0) {
            k++;
        }
        if (k == CLASSES) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "LADDER_FILE",
                             "“%s”不是整改类型，可选 UNSET、IMMEDIATE、TIMED、LONG_TERM。",
                             words[i]);
        }
        rule->measure_classes[rule->n_measure_classes++] = (Pb__MeasureClass)k;
    }
    return status;
}

static enum status
read_number(struct cli *c, const char *cell, const char *title, protobuf_c_boolean *ret_has,
            int32_t *ret, struct fault *f)
{
    int64_t value = 0;
    *ret_has = cell[0] != '\0';
    if (*ret_has && !value_int(&c->arena, cell, 0, 100000, &value)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "LADDER_FILE", "%s“%s”不是数字。", title,
                         cell);
    }
    *ret = (int32_t)value;
    return STATUS_OK;
}

static enum status
read_rule(struct cli *c, const struct csv_row *row, const int at[COLUMNS], Pb__LadderRule *rule,
          struct fault *f)
{
    pb__ladder_rule__init(rule);
    rule->subject = cli_field(csv_cell(row, at[2]));
    rule->trigger = cli_field(csv_cell(row, at[4]));
    rule->has_direct = 1;
    bool direct = false;
    enum status s = read_number(c, csv_cell(row, at[0]), "级别", &rule->has_level, &rule->level, f);
    if (s == STATUS_OK) {
        s = read_number(c, csv_cell(row, at[1]), "次数", &rule->has_repeat, &rule->repeat, f);
    }
    if (s == STATUS_OK) {
        s = read_number(c, csv_cell(row, at[5]), "参数", &rule->has_parameter, &rule->parameter, f);
    }
    if (s == STATUS_OK && !value_yes(&c->arena, csv_cell(row, at[6]), &direct)) {
        s = fault_set(f, STATUS_INVALID_ARGUMENT, "LADDER_FILE", "即时一列请写 1 或 0。");
    }
    rule->direct = direct;
    if (s == STATUS_OK) {
        s = read_classes(c, csv_cell(row, at[3]), rule, f);
    }
    if (s == STATUS_OK) {
        s = read_words(c, csv_cell(row, at[7]), &rule->recipients, &rule->n_recipients, f);
    }
    return s == STATUS_OK
               ? read_words(c, csv_cell(row, at[8]), &rule->proposals, &rule->n_proposals, f)
               : s;
}

static enum status
read_rules(struct cli *c, const char *path, Pb__LadderRule ***ret_rules, size_t *ret_n,
           struct fault *f)
{
    struct csv csv;
    int at[COLUMNS];
    enum status status = csv_read(&c->arena, path, "trigger", &csv, f);
    if (status != STATUS_OK) {
        return status;
    }
    size_t header = csv_header_row(&csv, "trigger");
    for (int i = 0; i < COLUMNS; i++) {
        at[i] = csv_column(&csv.rows[header], file_columns[i].title);
    }
    Pb__LadderRule **rules = arena_array(&c->arena, csv.count, sizeof *rules);
    size_t n = 0;
    for (size_t i = header + 1; rules != NULL && status == STATUS_OK && i < csv.count; i++) {
        rules[n] = arena_alloc(&c->arena, sizeof **rules);
        if (rules[n] == NULL) {
            return fault_memory(f);
        }
        struct fault own = {0};
        status = read_rule(c, &csv.rows[i], at, rules[n++], &own);
        if (status != STATUS_OK) {
            fault_set(f, status, own.reason, "“%s”第 %u 行：%s", path, csv.rows[i].line,
                      own.message);
        }
    }
    *ret_rules = rules;
    *ret_n = n;
    return rules == NULL ? fault_memory(f) : status;
}

/* ---- commands ---- */

enum status
cmd_ladder_import(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ImportLadderRequest import = PB__IMPORT_LADDER_REQUEST__INIT;
    struct rectify_answer answer;
    const struct cli_command command = {.method = "rectify.v1.SettingsService/ImportLadder",
                                        .request = &import.base};
    enum status status = read_rules(c, line->args[0], &import.rules, &import.n_rules, f);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ImportLadderReply *reply = (const Pb__ImportLadderReply *)answer.message;
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(
            c->out,
            "已存为第 %d 版，%d 条规则，还没有启用。请试算：rectify office ladder dry-run "
            "--ladder %d\n",
            reply->version, reply->rules, reply->version);
    }
    cli_receipt_print(c, &answer);
    return status;
}

static enum status
print_counts(struct cli *c, const char *title, Pb__DryRunCount *const *counts, size_t n,
             struct fault *f)
{
    const struct grid_column columns[] = {
        {.title = title}, {.title = "预警", .right = true}, {.title = "其中新发", .right = true}};
    struct grid g;
    grid_init(&g, &c->arena, columns, 3);
    for (size_t i = 0; i < n; i++) {
        const char **row = grid_row(&g);
        row[0] = counts[i]->name[0] == '\0' ? "（没有单位）" : cli_text(c, counts[i]->name);
        row[1] = grid_number(&g, counts[i]->alerts);
        row[2] = counts[i]->has_fresh ? grid_number(&g, counts[i]->fresh) : "";
    }
    return n == 0 ? STATUS_OK : grid_print(&g, c, f);
}

static enum status
print_examples(struct cli *c, const Pb__DryRunLadderReply *reply, struct fault *f)
{
    static const struct grid_column columns[] = {{.title = "级别", .right = true},
                                                 {.title = "编号"},
                                                 {.title = "对象"},
                                                 {.title = "触发"},
                                                 {.title = "单位"},
                                                 {.title = "还剩（天）", .right = true},
                                                 {.title = "通知几人", .right = true},
                                                 {.title = "即时"}};
    struct grid g;
    grid_init(&g, &c->arena, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < reply->n_examples; i++) {
        const Pb__DryRunAlert *e = reply->examples[i];
        const char **row = grid_row(&g);
        row[0] = grid_number(&g, e->level);
        row[1] = cli_text(c, e->subject_ref);
        row[2] = cli_text(c, e->subject);
        row[3] = cli_text(c, e->trigger);
        row[4] = cli_text(c, e->org);
        row[5] = grid_number(&g, e->days_left);
        row[6] = grid_number(&g, e->recipients);
        row[7] = e->direct ? "是" : "";
    }
    return reply->n_examples == 0 ? STATUS_OK : grid_print(&g, c, f);
}

static enum status
print_trial(struct cli *c, const Pb__DryRunLadderReply *reply, struct fault *f)
{
    if (c->format == CLI_CSV) {
        return print_examples(c, reply, f);
    }
    (void)fprintf(c->out,
                  "试算（%s）：看了 %lld 个时限，成立 %lld 条预警，要新送出 %lld 人次。没有发出任何"
                  "预警。\n",
                  cli_text(c, reply->as_of), (long long)reply->things, (long long)reply->alerts,
                  (long long)reply->deliveries);
    enum status status = print_counts(c, "级别", reply->levels, reply->n_levels, f);
    if (status == STATUS_OK) {
        status = print_counts(c, "单位", reply->units, reply->n_units, f);
    }
    if (status == STATUS_OK) {
        status = print_counts(c, "账号", reply->accounts, reply->n_accounts, f);
    }
    return status == STATUS_OK ? print_examples(c, reply, f) : status;
}

enum status
cmd_ladder_dry_run(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__DryRunLadderRequest request = PB__DRY_RUN_LADDER_REQUEST__INIT;
    struct rectify_answer answer;
    const struct cli_command command = {.method = "rectify.v1.SettingsService/DryRunLadder",
                                        .request = &request.base,
                                        .timeout_ms = DRY_RUN_MS};
    const struct cli_number version = {.name = "ladder", .min = 1, .max = INT32_MAX};
    const struct cli_number limit = {.name = "limit", .min = 0, .max = 500};
    const char *as_of = NULL;
    bool has_version = false;
    bool has_limit = false;
    int64_t number = 0;
    int64_t rows = 0;
    enum status status = cli_number_option(c, line, &version, &has_version, &number, f);
    if (status == STATUS_OK) {
        status = cli_number_option(c, line, &limit, &has_limit, &rows, f);
    }
    if (status == STATUS_OK) {
        status = cli_date_option(c, line, "as-of", &as_of, f);
    }
    if (status == STATUS_OK && line_flag(line, "file")) {
        status = read_rules(c, line_value(line, "file"), &request.rules, &request.n_rules, f);
    }
    request.has_version = has_version;
    request.version = (int32_t)number;
    request.has_limit = has_limit;
    request.limit = (int32_t)rows;
    request.as_of = cli_field(as_of);
    if (status == STATUS_OK) {
        status = cli_command(c, &command, &answer, f);
    }
    if (status != STATUS_OK || c->format == CLI_JSON) {
        return status == STATUS_OK ? cli_json_print(c, answer.message, f) : status;
    }
    return print_trial(c, (const Pb__DryRunLadderReply *)answer.message, f);
}

enum status
cmd_ladder_activate(struct cli *c, const struct line *line, struct fault *f)
{
    Pb__ActivateLadderRequest activate = PB__ACTIVATE_LADDER_REQUEST__INIT;
    struct rectify_answer answer;
    const struct cli_command command = {.method = "rectify.v1.SettingsService/ActivateLadder",
                                        .request = &activate.base};
    int64_t version = 0;
    if (!value_int(&c->arena, line->args[0], 1, INT32_MAX, &version)) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_NUMBER", "“%s”不是版本号。",
                         line->args[0]);
    }
    activate.has_version = 1;
    activate.version = (int32_t)version;
    enum status status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        (void)fprintf(c->out, "第 %d 版预警规则已启用。\n", activate.version);
    }
    cli_receipt_print(c, &answer);
    return status;
}
