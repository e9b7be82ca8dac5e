/* rectifyd bootstrap: the first tenant, its first two administrators and its ladder. */
#include "proto/base/limits.h"
#include "proto/base/uuid7.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/merkle.h"
#include "proto/ledger/secret.h"
#include "rectify/v1/audit.pb-c.h"
#include "server/app.h"
#include "server/base/clock.h"
#include "server/base/ladder.h"
#include "server/base/log.h"
#include "server/service/role.h"
#include "server/store/account.h"
#include "server/store/event.h"
#include "server/store/grant.h"
#include "server/store/org.h"
#include "server/store/settings.h"
#include "server/store/tenant.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#define BOOTSTRAP_METHOD "rectifyd/bootstrap"
#define ADMIN_ORG "admin"

/* One of the two. */
struct first {
    const struct app_administrator *in;
    uint64_t role;
    const char *display_name;
    const char *password;
    const char *enrol_code;
    struct account_record account;
    struct held_list held;
    struct number_list numbers;
    struct enrol_code_record code;
};

struct bootstrap {
    const struct app_bootstrap *in;
    struct arena arena;
    struct db *db;
    struct db_queue *q;
    struct fault *fault;
    int64_t now_ms;
    struct uuid7_source ids;
    char event_id[UUID_TEXT_SIZE];
    struct tenant_list tenants;
    const struct tenant_record *tenant;
    struct org_list orgs;
    struct first first[2];
    Pb__Change changes[4];
    Pb__Change *change_list[4];
    size_t change_count;
    bool wrote;
};

static enum status
no_memory(struct bootstrap *b)
{
    return fault_memory(b->fault);
}

static char *
new_id(struct bootstrap *b)
{
    char *text = arena_alloc(&b->arena, UUID_TEXT_SIZE);
    if (text != NULL) {
        uuid7_next(&b->ids, text);
    }
    return text;
}

static enum status
run(struct bootstrap *b)
{
    int owner = 0;
    return db_run(b->db, b->q, &owner, b->fault);
}

/* ---- files ---- */

/* The file's first line; blanks and line ends around it are no part of a secret. */
static enum status
read_line(struct bootstrap *b, const char *path, const char **ret_text)
{
    char *text = NULL;
    size_t n = 0;
    enum status s = secret_file_read(path, &b->arena, &text, &n, b->fault);
    if (s != STATUS_OK) {
        return s;
    }
    text[strcspn(text, "\r\n")] = '\0';
    if (text[0] == '\0') {
        return fault_set(b->fault, STATUS_INVALID_ARGUMENT, "FILE_EMPTY",
                         "文件 %s 的第一行是空的，请写入内容。", path);
    }
    *ret_text = text;
    return STATUS_OK;
}

static enum status
make_code(struct bootstrap *b, const char *path)
{
    char token[SECRET_TOKEN_TEXT_SIZE];
    secret_token_make(token);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    size_t n = strlen(token);
    token[n] = '\n';
    bool good = fd >= 0 && write(fd, token, n + 1) == (ssize_t)(n + 1) && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0) {
        close(fd);
    }
    secret_wipe(token, sizeof token);
    if (!good) {
        return fault_set(b->fault, STATUS_UNAVAILABLE, "FILE_WRITE", "不能写文件 %s：%s。", path,
                         strerror(error));
    }
    return STATUS_OK;
}

static enum status
read_files(struct bootstrap *b, struct first *f)
{
    enum status s = read_line(b, f->in->password_file, &f->password);
    if (s == STATUS_OK && access(f->in->enrol_code_file, F_OK) != 0) {
        s = make_code(b, f->in->enrol_code_file);
    }
    return s == STATUS_OK ? read_line(b, f->in->enrol_code_file, &f->enrol_code) : s;
}

/* ---- rows ---- */

static enum status
make_tenant(struct bootstrap *b, int utc_offset_min)
{
    const struct tenant_record tenant = {
        .code = b->in->tenant, .name = b->in->tenant_name, .utc_offset_min = utc_offset_min};
    enum status s = tenant_queue_insert(b->q, &tenant, b->now_ms);
    if (s == STATUS_OK) {
        s = tenant_queue_all(b->q, &b->tenants);
    }
    if (s == STATUS_OK) {
        s = run(b);
    }
    for (size_t i = 0; s == STATUS_OK && i < b->tenants.count; i++) {
        if (strcmp(b->tenants.items[i].code, b->in->tenant) == 0) {
            b->tenant = &b->tenants.items[i];
        }
    }
    if (s == STATUS_OK && b->tenant == NULL) {
        return fault_set(b->fault, STATUS_INTERNAL, "TENANT", "租户没有建立成功。");
    }
    return s;
}

static enum status
make_org(struct bootstrap *b, const char **ret_id)
{
    int tenant = b->tenant->id;
    enum status s = org_queue_all(b->q, tenant, &b->orgs);
    if (s == STATUS_OK) {
        s = run(b);
    }
    if (s != STATUS_OK) {
        return s;
    }
    for (size_t i = 0; i < b->orgs.count; i++) {
        if (strcmp(b->orgs.items[i].code, ADMIN_ORG) == 0) {
            *ret_id = b->orgs.items[i].id;
            return STATUS_OK;
        }
    }
    const struct org_record org = {
        .id = new_id(b), .code = ADMIN_ORG, .name = "系统管理", .kind = "OTHER"};
    b->wrote = true;
    *ret_id = org.id;
    return org.id == NULL ? no_memory(b) : org_queue_write(b->q, tenant, &org, NULL, b->event_id);
}

/* What the log says was made. */
static void
note(struct bootstrap *b, const char *kind, const char *id, const char *ref, const char *command)
{
    Pb__Change *c = &b->changes[b->change_count];
    pb__change__init(c);
    c->kind = wire_text(kind);
    c->id = wire_text(id);
    c->ref = wire_text(ref);
    c->has_version = 1;
    c->version = 1;
    c->command = wire_text(command);
    b->change_list[b->change_count] = c;
    b->change_count++;
    b->wrote = true;
}

static enum status
make_account(struct bootstrap *b, struct first *f, const char *org_id)
{
    int tenant = b->tenant->id;
    enum status s = account_queue_lock(b->q, tenant, f->in->account, NULL, &f->account);
    if (s == STATUS_OK) {
        s = run(b);
    }
    if (s != STATUS_OK || f->account.id != NULL) {
        return s;
    }
    char *hash = NULL;
    s = secret_password_hash(&b->arena, f->password, NULL, &hash, b->fault);
    if (s != STATUS_OK) {
        return s;
    }
    f->account = (struct account_record){.id = new_id(b),
                                         .name = f->in->account,
                                         .display_name = f->display_name,
                                         .password_hash = hash,
                                         .org_id = org_id};
    if (f->account.id == NULL) {
        return no_memory(b);
    }
    note(b, "account", f->account.id, f->account.name, "create");
    return account_queue_insert(b->q, tenant, &f->account, b->event_id);
}

/* An account that holds any seat is left alone: it is no longer the first day. */
static enum status
make_seat(struct bootstrap *b, struct first *f, const char *org_id)
{
    int tenant = b->tenant->id;
    const char *name = f->in->account;
    const struct text_list names = {&name, 1, 1};
    enum status s = grant_queue_held(b->q, tenant, &names, &b->arena, &f->held);
    if (s == STATUS_OK) {
        s = grant_queue_numbers(b->q, 1, &f->numbers);
    }
    if (s == STATUS_OK) {
        s = run(b);
    }
    if (s != STATUS_OK || f->held.count > 0) {
        return s;
    }
    const struct grant_record grant = {
        .id = new_id(b),
        .ref = arena_printf(&b->arena, "G-%04" PRId64, f->numbers.items[0]),
        .account_id = f->account.id,
        .org_id = org_id,
        .roles = f->role,
        .from_day = NO_DATE,
        .to_day = NO_DATE,
        .state = "APPROVED",
        .proposed_ms = b->now_ms,
    };
    if (grant.id == NULL || grant.ref == NULL) {
        return no_memory(b);
    }
    note(b, "grant", grant.id, grant.ref, "bootstrap");
    return grant_queue_insert(b->q, tenant, &grant, b->event_id);
}

static enum status
make_enrol_code(struct bootstrap *b, struct first *f)
{
    int tenant = b->tenant->id;
    unsigned char *hash = arena_alloc(&b->arena, SECRET_HASH_BYTES);
    if (hash == NULL) {
        return no_memory(b);
    }
    secret_token_hash(f->enrol_code, hash);
    enum status s = enrol_code_queue_lock(b->q, tenant, hash, &f->code);
    if (s == STATUS_OK) {
        s = run(b);
    }
    if (s != STATUS_OK || f->code.account_id != NULL) {
        return s;
    }
    b->wrote = true;
    const struct enrol_code_record code = {.account_id = f->account.id,
                                           .purpose = "ENROL",
                                           .expires_ms = b->now_ms + LIMIT_ENROL_CODE_MS};
    return enrol_code_queue_insert(b->q, tenant, hash, &code, b->event_id);
}

static enum status
make_administrator(struct bootstrap *b, struct first *f, const char *org_id)
{
    enum status s = make_account(b, f, org_id);
    if (s == STATUS_OK) {
        s = make_seat(b, f, org_id);
    }
    return s == STATUS_OK ? make_enrol_code(b, f) : s;
}

static enum status
make_ladder(struct bootstrap *b)
{
    size_t count = 0;
    const struct ladder_rule *rules = ladder_default(&count);
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < count; i++) {
        s = ladder_queue_insert(b->q, b->tenant->id, 1, (int32_t)i + 1, &rules[i], b->event_id);
    }
    return s;
}

/* Even the first act is in the log. */
static enum status
make_event(struct bootstrap *b)
{
    Pb__LogEntry entry = PB__LOG_ENTRY__INIT;
    entry.event_id = b->event_id;
    entry.tenant = wire_text(b->in->tenant);
    entry.has_recorded_at_ms = 1;
    entry.recorded_at_ms = b->now_ms;
    entry.account = wire_text("SYS");
    entry.method = wire_text(BOOTSTRAP_METHOD);
    entry.auth = wire_text("SYSTEM");
    entry.changes = b->change_list;
    entry.n_changes = b->change_count;
    size_t size = pb__log_entry__get_packed_size(&entry);
    unsigned char *body = arena_alloc(&b->arena, size);
    struct merkle_hash *leaf = arena_alloc(&b->arena, sizeof *leaf);
    if (body == NULL || leaf == NULL) {
        return no_memory(b);
    }
    pb__log_entry__pack(&entry, body);
    merkle_leaf_hash(body, size, leaf);
    const struct event_record event = {
        .id = b->event_id,
        .recorded_ms = b->now_ms,
        .account = "SYS",
        .method = BOOTSTRAP_METHOD,
        .body = body,
        .body_size = size,
        .leaf_hash = leaf->bytes,
    };
    struct event_rows rows = {0};
    return event_rows_add(&rows, &b->arena, &event)
               ? event_rows_queue(&rows, &b->arena, b->q, b->tenant->id)
               : no_memory(b);
}

static enum status
make_rows(struct bootstrap *b, int utc_offset_min)
{
    const char *org_id = NULL;
    enum status s = make_tenant(b, utc_offset_min);
    if (s == STATUS_OK) {
        s = make_org(b, &org_id);
    }
    for (size_t i = 0; s == STATUS_OK && i < 2; i++) {
        s = make_administrator(b, &b->first[i], org_id);
    }
    if (s == STATUS_OK) {
        s = make_ladder(b);
    }
    if (s == STATUS_OK && b->wrote) {
        s = make_event(b);
    }
    if (s == STATUS_OK) {
        s = run(b);
    }
    return s == STATUS_OK ? db_commit(b->db, b->fault) : s;
}

enum status
app_bootstrap(const struct config *config, const struct app_bootstrap *in, struct fault *fault)
{
    struct bootstrap b = {
        .in = in,
        .fault = fault,
        .now_ms = clock_now_ms(clock_real()),
        .first = {{.in = &in->admin, .role = ROLE_ADMIN, .display_name = "系统管理员"},
                  {.in = &in->grant, .role = ROLE_GRANT, .display_name = "授权管理员"}},
    };
    if (strcmp(in->admin.account, in->grant.account) == 0) {
        return fault_set(fault, STATUS_INVALID_ARGUMENT, "SAME_PERSON",
                         "系统管理员和授权管理员不能是同一个账号：授权须由两人办理。");
    }
    unsigned char seed[16];
    secret_random(seed, sizeof seed);
    uuid7_source_init(&b.ids, b.now_ms, seed);
    uuid7_next(&b.ids, b.event_id);
    arena_init(&b.arena, LIMIT_UNPACK_BYTES);
    const char *conninfo =
        config->owner_conninfo[0] != '\0' ? config->owner_conninfo : config->conninfo;
    enum status s = read_files(&b, &b.first[0]);
    if (s == STATUS_OK) {
        s = read_files(&b, &b.first[1]);
    }
    if (s == STATUS_OK) {
        s = db_open(conninfo, "rectifyd bootstrap", &b.db, fault);
    }
    if (s == STATUS_OK) {
        b.q = db_queue_new(&b.arena);
        s = b.q == NULL ? no_memory(&b) : db_begin(b.db, false, fault);
    }
    if (s == STATUS_OK) {
        s = make_rows(&b, config->zone_offset_min);
    }
    if (s == STATUS_OK) {
        const struct log_field fields[] = {
            log_text("tenant", in->tenant), log_text("admin", in->admin.account),
            log_text("grant", in->grant.account), log_text("made", b.wrote ? "yes" : "nothing")};
        log_event(LOG_LEVEL_INFO, "bootstrap.done", fields, 4);
    } else if (b.db != NULL) {
        db_rollback(b.db);
    }
    db_close(b.db);
    arena_release(&b.arena);
    return s;
}
