#include "client/cli/tables.h"
#include "client/cli/value.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum status
table_get(struct cli *c, Pb__GetTableRequest *get, Pb__Table **ret_table, struct fault *f)
{
    ProtobufCMessage *reply = NULL;
    enum status status = cli_query(c, "rectify.v1.TableService/GetTable", &get->base, &reply, f);
    if (status == STATUS_OK) {
        *ret_table = (Pb__Table *)reply;
    }
    return status;
}

/* The unit's one table in that state; more than one is not clear enough. */
static enum status
table_in_state(struct cli *c, const char *org, const char *state, const char **ret_id,
               struct fault *f)
{
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    list.org = cli_field(org);
    list.state = cli_field(state);
    enum status status =
        cli_query(c, "rectify.v1.TableService/ListTables", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListTablesReply *reply = (const Pb__ListTablesReply *)message;
    if (reply->n_tables == 0) {
        return fault_set(f, STATUS_NOT_FOUND, "TABLE_MISSING",
                         "单位 %s 没有待审核的汇总表：用 rectify table list 查看。", org);
    }
    if (reply->n_tables > 1) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_TABLE",
                         "单位 %s 有 %zu 张待审核的汇总表：请写明期次，例如 %s/%s。", org,
                         reply->n_tables, org,
                         reply->tables[0]->period != NULL ? reply->tables[0]->period : "2026-11");
    }
    *ret_id = reply->tables[0]->id;
    return STATUS_OK;
}

static enum status
period_take(struct cli *c, const char *text, char **ret_period, struct fault *f)
{
    const char *period = value_month(&c->arena, text);
    if (period == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                         "期次“%s”不对：要写成 2026-11 这样。", text);
    }
    *ret_period = cli_field(period);
    return STATUS_OK;
}

static enum status
named_fill(struct cli *c, const char *text, const char *state, Pb__GetTableRequest *get,
           struct fault *f)
{
    const char *slash = strchr(text, '/');
    if (uuid_text_valid(text)) {
        get->id = cli_field(text);
        return STATUS_OK;
    }
    if (slash != NULL) {
        get->org = arena_strndup(&c->arena, text, (size_t)(slash - text));
        return get->org != NULL ? period_take(c, slash + 1, &get->period, f) : cli_memory_fault(f);
    }
    if (state != NULL) {
        const char *id = NULL;
        enum status status = table_in_state(c, text, state, &id, f);
        get->id = cli_field(id);
        return status;
    }
    get->org = cli_field(text);
    return STATUS_OK;
}

enum status
tables_find(struct cli *c, const struct line *line, const char *text, const char *state,
            Pb__Table **ret_table, struct fault *f)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    const char *period = line_value(line, "period");
    enum status status = STATUS_OK;
    get.inspection = cli_field(line_value(line, "inspection"));
    if (text != NULL) {
        status = named_fill(c, text, state, &get, f);
    } else {
        const char *org = line_value(line, "org");
        get.org = cli_field(org != NULL ? org : c->on_behalf_of);
        status = period != NULL ? period_take(c, period, &get.period, f) : STATUS_OK;
    }
    if (status == STATUS_OK) {
        status = table_get(c, &get, ret_table, f);
    }
    return status;
}

enum status
tables_keep_old(struct cli *c, const char *path, struct fault *f)
{
    enum { BACKUPS = 999 };
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
        return STATUS_OK;
    }
    for (int i = 1; i <= BACKUPS; i++) {
        const char *kept = i == 1 ? arena_printf(&c->arena, "%s.bak", path)
                                  : arena_printf(&c->arena, "%s.bak%d", path, i);
        if (kept == NULL) {
            return cli_memory_fault(f);
        }
        if (link(path, kept) == 0) {
            (void)fprintf(c->err, "原来的“%s”已改名保存为“%s”。\n", path, kept);
            (void)unlink(path);
            return STATUS_OK;
        }
        if (errno != EEXIST) {
            break;
        }
    }
    return fault_set(f, STATUS_ALREADY_EXISTS, "OUTPUT_EXISTS",
                     "“%s”已经存在，而且没能把它改名保存：请换一个文件名。", path);
}
