#include "client/cli/tables.h"
#include "client/cli/csv.h"
#include "client/cli/value.h"
#include "client/lib/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GET_TABLE "rectify.v1.TableService/GetTable"

static enum status
table_get(struct cli *c, Pb__GetTableRequest *get, Pb__Table **ret_table, struct fault *f)
{
    ProtobufCMessage *reply = NULL;
    enum status status = cli_query(c, GET_TABLE, &get->base, &reply, f);
    if (status != STATUS_OK) {
        return status;
    }
    *ret_table = (Pb__Table *)reply;
    if (get->id == NULL && (*ret_table)->id != NULL) {
        /* An exported table is handed in by its id, perhaps when the line is down. */
        Pb__GetTableRequest by_id = PB__GET_TABLE_REQUEST__INIT;
        by_id.id = (*ret_table)->id;
        cli_query_remember(c, GET_TABLE, &by_id.base, reply);
    }
    return STATUS_OK;
}

static bool
state_is(const Pb__Table *table, const char *wanted)
{
    return table->state != NULL && strcmp(table->state, wanted) == 0;
}

bool
tables_waiting(const Pb__Table *table)
{
    return state_is(table, "SUBMITTED") ||
           (state_is(table, "RETURNED") &&
            table->row_count > table->rows_accepted + table->rows_returned);
}

bool
tables_owed(const Pb__Table *table)
{
    return state_is(table, "OPEN") || state_is(table, "DRAFT") || state_is(table, "RETURNED");
}

bool
tables_confirming(const Pb__Table *table)
{
    return state_is(table, "CONFIRMING");
}

const char *
tables_state_zh(const Pb__Table *table)
{
    if (state_is(table, "RETURNED") && table->row_count > 0) {
        if (table->rows_returned >= table->row_count) {
            return "全部退回";
        }
        return tables_waiting(table) ? "部分退回，其余待审核" : "部分退回";
    }
    if (table->state_zh != NULL) {
        return table->state_zh;
    }
    return table->state != NULL ? table->state : "";
}

/* The unit's one table with rows to be judged; more than one is not clear enough. */
static enum status
table_waiting_find(struct cli *c, const char *org, const char **ret_id, struct fault *f)
{
    Pb__ListTablesRequest list = PB__LIST_TABLES_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    const Pb__Table *found = NULL;
    size_t count = 0;
    list.org = cli_field(org);
    enum status status =
        cli_query(c, "rectify.v1.TableService/ListTables", &list.base, &message, f);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListTablesReply *reply = (const Pb__ListTablesReply *)message;
    for (size_t i = 0; i < reply->n_tables; i++) {
        if (tables_waiting(reply->tables[i])) {
            found = reply->tables[i];
            count++;
        }
    }
    if (count == 0) {
        return fault_set(f, STATUS_NOT_FOUND, "TABLE_MISSING", "单位 %s 没有待审核的汇总表%s。",
                         org, reply->n_tables > 0 ? "：还没有报送，或都已审核" : "");
    }
    if (count > 1) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_TABLE",
                         "单位 %s 有 %zu 张待审核的汇总表：请写明期次，例如 %s/%s。", org, count,
                         org, found->period != NULL ? found->period : "2026-11");
    }
    *ret_id = found->id;
    return STATUS_OK;
}

static enum status
period_take(struct cli *c, const char *text, char **ret_period, struct fault *f)
{
    const char *period = value_period(&c->arena, text);
    if (period == NULL) {
        return fault_set(f, STATUS_INVALID_ARGUMENT, "USAGE_PERIOD",
                         "期次“%s”不对：要写成 2026-11 或 2026-Q4 这样。", text);
    }
    *ret_period = cli_field(period);
    return STATUS_OK;
}

static enum status
named_fill(struct cli *c, const char *text, bool waiting, Pb__GetTableRequest *get, struct fault *f)
{
    const char *slash = strchr(text, '/');
    if (uuid_text_valid(text)) {
        get->id = cli_field(text);
        return STATUS_OK;
    }
    if (slash != NULL) {
        get->org = arena_strndup(&c->arena, text, (size_t)(slash - text));
        return get->org != NULL ? period_take(c, slash + 1, &get->period, f) : fault_memory(f);
    }
    if (waiting) {
        const char *id = NULL;
        enum status status = table_waiting_find(c, text, &id, f);
        get->id = cli_field(id);
        return status;
    }
    get->org = cli_field(text);
    return STATUS_OK;
}

enum status
tables_get(struct cli *c, const char *id, Pb__Table **ret_table, struct fault *f)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    get.id = cli_field(id);
    return table_get(c, &get, ret_table, f);
}

enum status
tables_get_version(struct cli *c, const char *id, int64_t version, Pb__Table **ret_table,
                   struct fault *f)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    get.id = cli_field(id);
    get.has_version = true;
    get.version = version;
    return table_get(c, &get, ret_table, f);
}

static enum status
find(struct cli *c, const struct line *line, const char *text, bool waiting, Pb__Table **ret_table,
     struct fault *f)
{
    Pb__GetTableRequest get = PB__GET_TABLE_REQUEST__INIT;
    const char *period = line_value(line, "period");
    enum status status = STATUS_OK;
    get.inspection = cli_field(line_value(line, "inspection"));
    if (text != NULL) {
        status = named_fill(c, text, waiting, &get, f);
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
tables_find(struct cli *c, const struct line *line, const char *text, Pb__Table **ret_table,
            struct fault *f)
{
    return find(c, line, text, false, ret_table, f);
}

enum status
tables_find_waiting(struct cli *c, const struct line *line, const char *text, Pb__Table **ret_table,
                    struct fault *f)
{
    return find(c, line, text, true, ret_table, f);
}

/* ---- keeping what was there ---- */

static bool
files_same(struct cli *c, const char *one, const char *other)
{
    char *texts[2] = {NULL, NULL};
    size_t sizes[2] = {0, 0};
    const char *const paths[2] = {one, other};
    for (size_t i = 0; i < 2; i++) {
        if (rectify_file_read(&c->arena, paths[i], CSV_FILE_BYTES, &texts[i], &sizes[i], NULL) !=
            STATUS_OK) {
            return false;
        }
    }
    return sizes[0] == sizes[1] && memcmp(texts[0], texts[1], sizes[0]) == 0;
}

enum status
tables_keep_old(struct cli *c, const char *path, const char *fresh, struct fault *f)
{
    enum { BACKUPS = 999 };
    struct stat st;
    if (lstat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size == 0 ||
        (fresh != NULL && files_same(c, path, fresh))) {
        return STATUS_OK;
    }
    for (int i = 1; i <= BACKUPS; i++) {
        const char *kept = i == 1 ? arena_printf(&c->arena, "%s.bak", path)
                                  : arena_printf(&c->arena, "%s.bak%d", path, i);
        if (kept == NULL) {
            return fault_memory(f);
        }
        if (link(path, kept) == 0) {
            (void)fprintf(c->err, "原来的“%s”已改名保存为“%s”。\n", path, kept);
            (void)unlink(path);
            return STATUS_OK;
        }
        if (errno != EEXIST) {
            break;
        }
        if (files_same(c, path, kept)) {
            return STATUS_OK; /* kept already */
        }
    }
    return fault_set(f, STATUS_ALREADY_EXISTS, "OUTPUT_EXISTS",
                     "“%s”已经存在，而且没能把它改名保存：请换一个文件名。", path);
}
