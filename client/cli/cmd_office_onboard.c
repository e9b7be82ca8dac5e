/* Units and their first accounts from one list, and a paper (开通单) for each account.
 *
 * What is there already is left alone, so the command may be run again after anything. A code is on
 * the disk (ACCOUNT.onboard) before it is sent: an answer that never came loses no code. */
#include "client/cli/cli.h"
#include "client/cli/handlers.h"
#include "client/cli/sheet.h"
#include "client/cli/units_file.h"
#include "client/cli/value.h"
#include "client/lib/file.h"
#include "client/lib/onboard.h"
#include "proto/base/limits.h"
#include "proto/ledger/code.h"
#include "proto/ledger/secret.h"

#include <rectify/v1/account.pb-c.h>
#include <rectify/v1/grant.pb-c.h>
#include <rectify/v1/onboard.pb-c.h>
#include <rectify/v1/org.pb-c.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { BATCH = 50, NONCE_BYTES = 16 };

struct item {
    const struct unit_row *row;
    const Pb__Account *known; /* NULL: to be made */
    const char *code;         /* NULL: none is given */
    const char *expires;
    bool has_pages;
};

struct work {
    struct cli *c;
    struct units_file file;
    const char *folder;
    const char *contact;
    const char *address;
    bool again;
    const Pb__GetAuthorityReply *authority;
    const Pb__ListOrgsReply *orgs;
    const Pb__ListAccountsReply *accounts;
    struct item *items;
    size_t made;
    size_t proposed;
    size_t papers;
    size_t kept;
};

/* ---- reading ---- */

static enum status
server_read(struct work *w, struct fault *f)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    Pb__ListAccountsRequest list = PB__LIST_ACCOUNTS_REQUEST__INIT;
    ProtobufCMessage *message = NULL;
    enum status s =
        cli_query(w->c, "rectify.v1.OnboardService/GetAuthority", &empty.base, &message, f);
    if (s == STATUS_OK) {
        w->authority = (const Pb__GetAuthorityReply *)message;
        s = cli_query(w->c, "rectify.v1.OrgService/ListOrgs", &empty.base, &message, f);
    }
    if (s == STATUS_OK) {
        w->orgs = (const Pb__ListOrgsReply *)message;
        s = cli_query(w->c, "rectify.v1.AccountService/ListAccounts", &list.base, &message, f);
    }
    if (s == STATUS_OK) {
        w->accounts = (const Pb__ListAccountsReply *)message;
    }
    return s;
}

/* Where units' machines knock: as told, else as the server says, else where we reach the server. */
static enum status
address_find(struct work *w, const char *told, struct fault *f)
{
    struct arena *a = &w->c->arena;
    const char *server = w->c->profile.server;
    const char *slashes = strstr(server, "//");
    const char *host = slashes != NULL ? slashes + 2 : server;
    const char *colon = strrchr(host, ':');
    if (told == NULL && w->authority->onboard == NULL && !w->authority->has_onboard_port) {
        return fault_set(
            f, STATUS_FAILED_PRECONDITION, "ONBOARD_OFF",
            "服务器没有开通端口：请在 rectifyd.ini 的 [onboard] 里写 listen，重启服务后"
            "再办。");
    }
    w->address = told != NULL ? value_narrow(a, told)
                 : w->authority->onboard != NULL
                     ? w->authority->onboard
                     : arena_printf(a, "%.*s:%u",
                                    (int)(colon != NULL ? (size_t)(colon - host) : strlen(host)),
                                    host, w->authority->onboard_port);
    if (w->address == NULL) {
        return fault_memory(f);
    }
    if (strncmp(w->address, "tls+tcp://", 10) == 0) {
        w->address += 10;
    }
    if (strncmp(w->address, "127.", 4) == 0 || strncmp(w->address, "localhost", 9) == 0) {
        (void)fprintf(
            w->c->err,
            "提醒：开通单上的地址是 %s，别的机器连不到：请用 --address 写明，或在服务器的 "
            "[onboard] 里写 address。\n",
            w->address);
    }
    return STATUS_OK;
}

static const Pb__Org *
org_of(const struct work *w, const char *code)
{
    for (size_t i = 0; i < w->orgs->n_orgs; i++) {
        if (strcmp(w->orgs->orgs[i]->code, code) == 0) {
            return w->orgs->orgs[i];
        }
    }
    return NULL;
}

static const Pb__Account *
account_of(const struct work *w, const char *name)
{
    for (size_t i = 0; i < w->accounts->n_accounts; i++) {
        if (strcmp(w->accounts->accounts[i]->account, name) == 0) {
            return w->accounts->accounts[i];
        }
    }
    return NULL;
}

/* The list against what is there. */
static void
rows_compare(struct work *w)
{
    struct arena *a = &w->c->arena;
    for (size_t i = 0; i < w->file.count; i++) {
        struct unit_row *row = &w->file.rows[i];
        const Pb__Org *org = org_of(w, row->org);
        const Pb__Account *account = account_of(w, row->account);
        w->items[i] = (struct item){.row = row, .known = account};
        if (org == NULL && row->org_name[0] == '\0') {
            units_file_mistake(a, &w->file, row->line, "新单位要写单位名称。");
        }
        if (org != NULL && row->org_name[0] == '\0') {
            row->org_name = cli_text(w->c, org->name);
        } else if (org != NULL && strcmp(org->name, row->org_name) != 0) {
            units_file_mistake(a, &w->file, row->line,
                               arena_printf(a, "单位“%s”已经有了，名称是“%s”，不是“%s”。", row->org,
                                            cli_text(w->c, org->name), row->org_name));
        }
        if (account != NULL && account->org != NULL && strcmp(account->org, row->org) != 0) {
            units_file_mistake(a, &w->file, row->line,
                               arena_printf(a, "账号“%s”已经有了，属于单位“%s”。", row->account,
                                            cli_text(w->c, account->org)));
        }
        if (row->display_name[0] == '\0') {
            row->display_name = row->org_name;
        }
    }
}

static enum status
mistakes_tell(struct work *w, const char *path, struct fault *f)
{
    if (w->file.mistake_count == 0) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < w->file.mistake_count; i++) {
        cli_detail(w->c, w->file.mistakes[i]);
    }
    return fault_set(f, STATUS_INVALID_ARGUMENT, "ONBOARD_ROWS",
                     "“%s”里有 %zu 处不对，一处也没有办：改好后再运行一次。", path,
                     w->file.mistake_count);
}

/* ---- papers ---- */

static struct sheet
sheet_of(const struct work *w, const struct item *item)
{
    return (struct sheet){
        .org_name = item->row->org_name,
        .org = item->row->org,
        .account = item->row->account,
        .display_name = item->row->display_name,
        .address = w->address,
        .server_name = w->authority->server_name,
        .sha256 = w->authority->sha256,
        .code = item->code,
        .expires = item->expires,
        .contact = w->contact,
    };
}

/* The code of an earlier run whose answer may have been lost; NULL: none. */
static const char *
code_kept(struct work *w, const struct item *item)
{
    struct rectify_onboard_paper paper;
    struct fault ignored;
    const char *path = arena_printf(&w->c->arena, "%s/%s.onboard", w->folder, item->row->account);
    return path != NULL && rectify_file_exists(path) &&
                   rectify_onboard_paper_read(&w->c->arena, path, &paper, &ignored) == STATUS_OK
               ? paper.code
               : NULL;
}

static bool
pages_there(struct work *w, const struct item *item)
{
    const char *path = arena_printf(&w->c->arena, "%s/%s.html", w->folder, item->row->account);
    return path != NULL && rectify_file_exists(path);
}

/* New accounts and, with --again, old ones get a code; it is kept before anything is sent. */
static enum status
codes_choose(struct work *w, struct fault *f)
{
    char text[CODE_TEXT_SIZE];
    enum status s = rectify_folder_make(w->folder, 0700, f);
    for (size_t i = 0; s == STATUS_OK && i < w->file.count; i++) {
        struct item *item = &w->items[i];
        const char *kept = w->again && item->known != NULL ? NULL : code_kept(w, item);
        item->has_pages = pages_there(w, item);
        if (item->known != NULL && !w->again) {
            item->code = item->has_pages ? NULL : kept; /* sent before, its paper never written */
            continue;
        }
        code_make(text);
        item->code = kept != NULL ? kept : arena_strdup(&w->c->arena, text);
        if (item->code == NULL) {
            return fault_memory(f);
        }
        const struct sheet sheet = sheet_of(w, item);
        s = sheet_write_file(&w->c->arena, w->folder, &sheet, f);
    }
    secret_wipe(text, sizeof text);
    return s;
}

static const char *
expiry(struct work *w, int64_t from_ms)
{
    return value_time(&w->c->arena, from_ms + LIMIT_ENROL_CODE_MS);
}

static enum status
pages_write(struct work *w, struct fault *f)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < w->file.count; i++) {
        struct item *item = &w->items[i];
        if (item->code == NULL) {
            w->kept++;
            continue;
        }
        if (item->expires == NULL) {
            item->expires = "发码后七天";
        }
        const struct sheet sheet = sheet_of(w, item);
        s = sheet_write_pages(&w->c->arena, w->folder, &sheet, f);
        w->papers++;
    }
    return s;
}

/* ---- sending ---- */

/* Units without a place in the official order (排序) come last, as listed. */
static int32_t
last_place(const struct work *w)
{
    int32_t last = 0;
    for (size_t i = 0; i < w->orgs->n_orgs; i++) {
        last = w->orgs->orgs[i]->sort_order > last ? w->orgs->orgs[i]->sort_order : last;
    }
    return last < INT32_MAX - UNITS_ROWS_MAX ? last : INT32_MAX - UNITS_ROWS_MAX;
}

static enum status
orgs_make(struct work *w, struct fault *f)
{
    int32_t place = last_place(w);
    Pb__ImportOrgsRequest import = PB__IMPORT_ORGS_REQUEST__INIT;
    struct rectify_answer answer;
    struct cli_command command = {.method = "rectify.v1.OrgService/ImportOrgs",
                                  .request = &import.base};
    import.orgs = arena_array(&w->c->arena, w->file.count, sizeof *import.orgs);
    for (size_t i = 0; import.orgs != NULL && i < w->file.count; i++) {
        const struct unit_row *row = &w->file.rows[i];
        bool listed = org_of(w, row->org) != NULL;
        for (size_t k = 0; k < import.n_orgs; k++) {
            listed = listed || strcmp(import.orgs[k]->code, row->org) == 0;
        }
        Pb__Org *org = listed ? NULL : arena_alloc(&w->c->arena, sizeof *org);
        if (org == NULL && !listed) {
            return fault_memory(f);
        }
        if (org != NULL) {
            pb__org__init(org);
            org->code = cli_field(row->org);
            org->name = cli_field(row->org_name);
            org->kind = cli_field(row->kind);
            org->parent_code = row->parent[0] != '\0' ? cli_field(row->parent) : NULL;
            org->has_sort_order = true;
            org->sort_order = row->has_sort_order ? row->sort_order : ++place;
            import.orgs[import.n_orgs++] = org;
        }
    }
    if (import.n_orgs == 0) {
        return import.orgs != NULL ? STATUS_OK : fault_memory(f);
    }
    enum status s = cli_command(w->c, &command, &answer, f);
    if (s == STATUS_OK) {
        (void)fprintf(w->c->err, "已建立 %zu 个单位。\n", import.n_orgs);
    }
    return s;
}

static enum status
account_fill(struct work *w, const struct item *item, Pb__AddAccountRequest **ret, struct fault *f)
{
    Pb__AddAccountRequest *r = arena_alloc(&w->c->arena, sizeof *r);
    if (r == NULL) {
        return fault_memory(f);
    }
    pb__add_account_request__init(r);
    r->account = cli_field(item->row->account);
    r->display_name = cli_field(item->row->display_name);
    r->org = cli_field(item->row->org);
    r->enrol_code = cli_field(item->code);
    r->roles = (char **)(uintptr_t)item->row->roles;
    r->n_roles = item->row->role_count;
    *ret = r;
    return STATUS_OK;
}

/* Up to BATCH of the accounts still missing, from *at on. All or none. */
static enum status
accounts_send(struct work *w, size_t *at, struct fault *f)
{
    Pb__ImportAccountsRequest import = PB__IMPORT_ACCOUNTS_REQUEST__INIT;
    Pb__AddAccountRequest *list[BATCH];
    struct item *sent[BATCH];
    struct rectify_answer answer;
    unsigned char nonce[NONCE_BYTES];
    struct cli_command command = {.method = "rectify.v1.AccountService/ImportAccounts",
                                  .request = &import.base};
    for (; *at < w->file.count && import.n_accounts < BATCH; (*at)++) {
        struct item *item = &w->items[*at];
        if (item->known == NULL) {
            enum status s = account_fill(w, item, &list[import.n_accounts], f);
            if (s != STATUS_OK) {
                return s;
            }
            sent[import.n_accounts++] = item;
        }
    }
    if (import.n_accounts == 0) {
        return STATUS_OK;
    }
    secret_random(nonce, sizeof nonce);
    import.accounts = list;
    import.has_nonce = true;
    import.nonce = (ProtobufCBinaryData){sizeof nonce, nonce};
    enum status s = cli_command(w->c, &command, &answer, f);
    for (size_t i = 0; s == STATUS_OK && i < import.n_accounts; i++) {
        sent[i]->expires = expiry(w, answer.server_time_ms);
    }
    if (s == STATUS_OK) {
        const Pb__ImportAccountsReply *reply = (const Pb__ImportAccountsReply *)answer.message;
        w->made += (size_t)reply->added;
        w->proposed += (size_t)reply->proposed;
    }
    return s;
}

/* A known account gets another code, and a seat where it never had one. */
static enum status
known_serve(struct work *w, struct item *item, struct fault *f)
{
    struct rectify_answer answer;
    enum status s = STATUS_OK;
    if (item->known->n_roles == 0 && item->known->pending_grants == 0) {
        Pb__ProposeSeatRequest seat = PB__PROPOSE_SEAT_REQUEST__INIT;
        struct cli_command command = {.method = "rectify.v1.GrantService/ProposeSeat",
                                      .request = &seat.base};
        seat.account = cli_field(item->row->account);
        seat.org = cli_field(item->row->org);
        seat.roles = (char **)(uintptr_t)item->row->roles;
        seat.n_roles = item->row->role_count;
        s = cli_command(w->c, &command, &answer, f);
        w->proposed += s == STATUS_OK;
    }
    if (s == STATUS_OK && w->again) {
        Pb__AddEnrolCodeRequest code = PB__ADD_ENROL_CODE_REQUEST__INIT;
        struct cli_command command = {.method = "rectify.v1.AccountService/AddEnrolCode",
                                      .request = &code.base};
        code.account = cli_field(item->row->account);
        code.org = cli_field(item->row->org);
        code.enrol_code = cli_field(item->code);
        s = cli_command(w->c, &command, &answer, f);
        if (s == STATUS_OK) {
            item->expires = value_time(
                &w->c->arena, ((const Pb__AddEnrolCodeReply *)answer.message)->expires_at_ms);
        }
    }
    return s;
}

static enum status
all_send(struct work *w, struct fault *f)
{
    enum status s = orgs_make(w, f);
    for (size_t at = 0; s == STATUS_OK && at < w->file.count;) {
        s = accounts_send(w, &at, f);
    }
    for (size_t i = 0; s == STATUS_OK && i < w->file.count; i++) {
        if (w->items[i].known != NULL) {
            s = known_serve(w, &w->items[i], f);
        }
    }
    return s;
}

/* ---- the command ---- */

static void
done_print(struct work *w)
{
    struct cli *c = w->c;
    if (c->format == CLI_JSON) {
        (void)fprintf(c->out,
                      "{\n  \"accounts\": %zu,\n  \"proposed\": %zu,\n  \"papers\": %zu,\n"
                      "  \"kept\": %zu\n}\n",
                      w->made, w->proposed, w->papers, w->kept);
        return;
    }
    (void)fprintf(c->out, "已建立 %zu 个账号，提出 %zu 个席位；", w->made, w->proposed);
    if (w->papers > 0) {
        (void)fprintf(
            c->out,
            "%zu 张开通单在“%s”里（.html 用浏览器打印，.txt 同样内容，.onboard 可交给程序），"
            "含一次性开通码，请当面交给本人。\n",
            w->papers, w->folder);
    } else {
        (void)fputs("没有要发的开通单。\n", c->out);
    }
    if (w->kept > 0) {
        (void)fprintf(c->out, "%zu 个账号原来就有，没有重发开通码（要重发加 --again）。\n",
                      w->kept);
    }
    if (w->proposed > 0) {
        (void)fputs("席位要由授权管理员批准后才能办理：rectify grant approve --all\n", c->out);
    }
}

enum status
cmd_office_onboard(struct cli *c, const struct line *line, struct fault *f)
{
    struct work w = {.c = c,
                     .contact = line_value(line, "contact"),
                     .again = line_flag(line, "again"),
                     .folder = line_value(line, "out")};
    enum status s = units_file_read(&c->arena, line->args[0], &w.file, f);
    if (s == STATUS_OK) {
        w.folder = w.folder != NULL ? w.folder : "开通单";
        w.items = arena_array(&c->arena, w.file.count, sizeof *w.items);
        s = w.items != NULL ? server_read(&w, f) : fault_memory(f);
    }
    if (s == STATUS_OK) {
        rows_compare(&w);
        s = mistakes_tell(&w, line->args[0], f);
    }
    if (s == STATUS_OK) {
        s = address_find(&w, line_value(line, "address"), f);
    }
    if (s == STATUS_OK) {
        s = codes_choose(&w, f);
    }
    if (s == STATUS_OK) {
        s = all_send(&w, f);
    }
    if (s == STATUS_OK) {
        s = pages_write(&w, f);
    }
    if (s == STATUS_OK) {
        done_print(&w);
    }
    return s;
}
