#include "client/cli/handlers.h"
#include "client/cli/place.h"
#include "client/cli/table_file.h"
#include "client/cli/tables.h"
#include "client/cli/value.h"

#include <string.h>
#include <strings.h>

/* Neither accepted nor returned: a returned row waits for the unit. */
static bool
is_open(const Pb__TableRow *row)
{
    /* A row that only shows what would be filled in next has no verdict at all. */
    return row->has_verdict && row->verdict == PB__VERDICT__PENDING;
}

static bool
has_open_claim(const Pb__TableRow *row)
{
    bool claims = row->has_claim && (row->claim == PB__CLAIM__CLAIM_EFFECT ||
                                     row->claim == PB__CLAIM__CLAIM_COMPLETE);
    bool decided = row->has_claim_verdict && (row->claim_verdict == PB__VERDICT__ACCEPTED ||
                                              row->claim_verdict == PB__VERDICT__RETURNED);
    return claims && !decided;
}

static Pb__RowDecision *
decision_add(struct cli *c, Pb__DecideTableRequest *decide, const char *ref, Pb__Verdict verdict)
{
    Pb__RowDecision *decision = arena_alloc(&c->arena, sizeof *decision);
    if (decision == NULL) {
        return NULL;
    }
    pb__row_decision__init(decision);
    decision->measure_ref = cli_field(ref);
    decision->has_verdict = true;
    decision->verdict = verdict;
    decide->decisions[decide->n_decisions++] = decision;
    return decision;
}

/* --accept-all, --return-all: every row that is not judged yet. With --confirm-claims accepted
 * rows whose claim is still open are taken too. */
static enum status
all_take(struct cli *c, const struct line *line, const Pb__Table *table,
         Pb__DecideTableRequest *decide, struct fault *f)
{
    bool accept = line_flag(line, "accept-all");
    bool confirm = line_flag(line, "confirm-claims");
    const char *reason = line_value(line, "reason");
    const char *code = line_value(line, "reason-code");
    if (!accept && reason == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_REASON",
                         "全部退回要用 --reason 写明理由。");
    }
    for (size_t i = 0; i < table->n_rows; i++) {
        const Pb__TableRow *row = table->rows[i];
        if (!is_open(row) && !(confirm && has_open_claim(row))) {
            continue;
        }
        Pb__RowDecision *decision = decision_add(
            c, decide, row->measure_ref, accept ? PB__VERDICT__ACCEPTED : PB__VERDICT__RETURNED);
        if (decision == NULL) {
            return fault_memory(f);
        }
        decision->reason = cli_field(reason);
        decision->reason_code = cli_field(accept ? code : code != NULL ? code : "OTHER");
        if (accept && confirm && has_open_claim(row)) {
            decision->has_claim = true;
            decision->claim = PB__VERDICT__ACCEPTED;
            decision->next_check_on = cli_field(line_value(line, "next-check"));
        }
    }
    return STATUS_OK;
}

/* What stands behind the "=" of --row: accept[+confirm], or return[+CODE]:REASON, or return,REASON.
 */
static enum status
row_opinion(struct cli *c, const char *text, Pb__RowDecision *decision, struct fault *f)
{
    char *plus = NULL;
    char *reason = NULL;
    char *copy = arena_strdup(&c->arena, text);
    if (copy == NULL) {
        return fault_memory(f);
    }
    value_opinion(copy, ":,", &plus, &reason);
    if (!value_verdict(&c->arena, copy, &decision->verdict) ||
        decision->verdict == PB__VERDICT__VERDICT_UNSPECIFIED) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROW",
                         "--row 的“%s”不对：等号后面写 accept、accept+confirm 或 return:理由。",
                         text);
    }
    bool accepted = decision->verdict == PB__VERDICT__ACCEPTED;
    decision->reason = reason != NULL && reason[0] != '\0' ? reason : NULL;
    if (accepted && plus != NULL && strcmp(plus, "confirm") == 0) {
        decision->has_claim = true;
        decision->claim = PB__VERDICT__ACCEPTED;
    } else if (!accepted) {
        decision->reason_code = plus != NULL ? plus : cli_field("OTHER");
    }
    if (!accepted && decision->reason == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_REASON",
                         "退回要写明理由，例如 --row %s=return:证明材料不足。",
                         decision->measure_ref);
    }
    return STATUS_OK;
}

static enum status
rows_take(struct cli *c, const struct line *line, Pb__DecideTableRequest *decide, struct fault *f)
{
    const char *text = NULL;
    for (size_t i = 0; (text = line_value_at(line, "row", i)) != NULL; i++) {
        text = value_signs(&c->arena, text, false);
        const char *equals = strchr(text, '=');
        if (equals == NULL) {
            return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_ROW",
                             "--row 的“%s”不对：要写成 措施编号=accept 或 措施编号=return:理由。",
                             text);
        }
        const char *ref = arena_strndup(&c->arena, text, (size_t)(equals - text));
        Pb__RowDecision *decision =
            ref != NULL ? decision_add(c, decide, ref, PB__VERDICT__PENDING) : NULL;
        if (decision == NULL) {
            return fault_memory(f);
        }
        enum status status = row_opinion(c, equals + 1, decision, f);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

struct judging {
    Pb__DecideTableRequest request;
    size_t idle;           /* decisions left out: those rows were accepted before */
    const unsigned *lines; /* of each decision, in --file; NULL: they were given otherwise */
};

static enum status
decisions_collect(struct cli *c, const struct line *line, const Pb__Table *table, struct judging *j,
                  struct fault *f)
{
    Pb__DecideTableRequest *decide = &j->request;
    const char *path = line_value(line, "file");
    decide->decisions =
        arena_array(&c->arena, table->n_rows + line->value_count, sizeof *decide->decisions);
    if (decide->decisions == NULL) {
        return fault_memory(f);
    }
    if (path != NULL) {
        struct csv csv;
        struct decision_file file;
        enum status status = csv_read(&c->arena, path, "措施编号", &csv, f);
        if (status == STATUS_OK) {
            status = decision_file_read(&c->arena, &csv, &file, f);
        }
        if (status == STATUS_OK) {
            decide->n_decisions = file.count;
            decide->decisions = file.decisions;
            j->lines = file.lines;
        }
        return status;
    }
    return line_flag(line, "row") ? rows_take(c, line, decide, f)
                                  : all_take(c, line, table, decide, f);
}

static enum status
ways_check(const struct line *line, struct fault *f)
{
    int ways = (line_flag(line, "accept-all") ? 1 : 0) + (line_flag(line, "return-all") ? 1 : 0) +
               (line_flag(line, "file") ? 1 : 0) + (line_flag(line, "row") ? 1 : 0);
    if (ways != 1) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_DECIDE",
                         "请写明怎样审核：--accept-all、--return-all、--row 或 --file，只选一种。");
    }
    return STATUS_OK;
}

static const Pb__TableRow *
row_of(const Pb__Table *table, const char *ref)
{
    for (size_t i = 0; i < table->n_rows; i++) {
        const char *one = table->rows[i]->measure_ref;
        if (one != NULL && ref != NULL && strcasecmp(one, ref) == 0) {
            return table->rows[i];
        }
    }
    return NULL;
}

/* A decision that would change nothing: accepted before, and nothing said of an open claim. */
static bool
is_idle(const Pb__Table *table, const Pb__RowDecision *decision)
{
    const Pb__TableRow *row = row_of(table, decision->measure_ref);
    return row != NULL && row->has_verdict && row->verdict == PB__VERDICT__ACCEPTED &&
           decision->verdict == PB__VERDICT__ACCEPTED && !decision->has_claim;
}

/* Rows accepted before are said to be so, and not judged again. */
static void
idle_drop(struct cli *c, const Pb__Table *table, struct judging *j)
{
    Pb__DecideTableRequest *r = &j->request;
    size_t kept = 0;
    for (size_t i = 0; i < r->n_decisions; i++) {
        if (is_idle(table, r->decisions[i])) {
            (void)fprintf(c->err, "措施 %s 这一行先前已经通过，不用再审核。\n",
                          cli_text(c, r->decisions[i]->measure_ref));
            continue;
        }
        r->decisions[kept++] = r->decisions[i];
    }
    j->idle = r->n_decisions - kept;
    j->lines = kept == r->n_decisions ? j->lines : NULL; /* they no longer go together */
    r->n_decisions = kept;
}

static enum status
table_look(const struct line *line, const Pb__Table *t, const struct judging *j, struct fault *f)
{
    const char *unit = t->org_name != NULL ? t->org_name : "";
    const char *period = t->period != NULL ? t->period : "";
    if (t->submitted_at_ms == 0 && tables_owed(t)) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TABLE_NOT_SUBMITTED",
                         "%s %s 的汇总表还没有报送，没有可审核的内容。", unit, period);
    }
    if (j->request.n_decisions == 0 && j->idle > 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TABLE_ALL_ACCEPTED",
                         "写明的行先前都已审核通过，没有再登记。");
    }
    if (j->request.n_decisions == 0) {
        return fault_set(f, STATUS_FAILED_PRECONDITION, "TABLE_ALL_ACCEPTED",
                         "%s %s 的汇总表没有待审核的行%s，现在是“%s”。", unit, period,
                         line_flag(line, "confirm-claims") ? "，也没有待认定的申请" : "",
                         tables_state_zh(t));
    }
    return STATUS_OK;
}

/* "decisions[2].reason" in the words of the one who judged. */
static void
refusal_explain(struct cli *c, const struct judging *j, struct fault *f)
{
    struct place place;
    if (!place_in_list(f->field, "decisions", &place) || place.index >= j->request.n_decisions) {
        return;
    }
    const char *ref = j->request.decisions[place.index]->measure_ref;
    const char *where = j->lines != NULL
                            ? arena_printf(&c->arena, "第 %u 行（%s）", j->lines[place.index], ref)
                            : arena_printf(&c->arena, "措施 %s", ref);
    const char *message = arena_strdup(&c->arena, place_message(f->message));
    if (where != NULL && message != NULL && j->lines == NULL &&
        strncmp(message, where, strlen(where)) == 0) {
        (void)snprintf(f->message, sizeof f->message, "%s", message);
        c->explained = true;
    } else if (where != NULL && message != NULL) {
        (void)snprintf(f->message, sizeof f->message, "%s：%s", where, message);
        c->explained = true;
    }
}

static void
judged_print(struct cli *c, const struct judging *j, const Pb__DecideTableReply *reply)
{
    const Pb__Table *t = reply->table;
    (void)fprintf(c->out, "已审核 %zu 行；认定 %d 项，退回申请 %d 项；表现在是“%s”。\n",
                  j->request.n_decisions, reply->confirmed, reply->returned,
                  t != NULL ? cli_text(c, tables_state_zh(t)) : "");
}

enum status
cmd_table_decide(struct cli *c, const struct line *line, struct fault *f)
{
    struct judging j = {.request = PB__DECIDE_TABLE_REQUEST__INIT};
    struct rectify_answer answer;
    Pb__Table *table = NULL;
    enum status status = ways_check(line, f);
    if (status == STATUS_OK) {
        status = tables_find_waiting(c, line, line->args[0], &table, f);
    }
    if (status == STATUS_OK) {
        status = decisions_collect(c, line, table, &j, f);
    }
    if (status == STATUS_OK && c->key == NULL) {
        idle_drop(c, table, &j);
        status = table_look(line, table, &j, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    j.request.id = table->id;
    j.request.has_expected_version = table->has_version;
    j.request.expected_version = table->version;
    j.request.has_paper_checked = j.request.paper_checked = line_flag(line, "paper-checked");
    struct cli_command command = {.method = "rectify.v1.TableService/DecideTable",
                                  .request = &j.request.base};
    status = cli_command(c, &command, &answer, f);
    if (status != STATUS_OK) {
        refusal_explain(c, &j, f);
        return status;
    }
    if (c->format == CLI_JSON) {
        status = cli_json_print(c, answer.message, f);
    } else {
        judged_print(c, &j, (const Pb__DecideTableReply *)answer.message);
    }
    cli_receipt_print(c, &answer);
    return status;
}
