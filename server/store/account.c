#include "server/store/account.h"

static const struct statement account_lock = {
    .name = "account_lock",
    .params = 3,
    .sql = "SELECT a.id, a.name, a.display_name, a.password_hash, a.failures, a.locked_until_ms,"
           "       a.disabled_ms IS NOT NULL, a.version,"
           "       EXISTS (SELECT 1 FROM machine m WHERE m.tenant = a.tenant AND m.id = $3::uuid"
           "                  AND (m.org = a.org OR EXISTS ("
           "                       SELECT 1 FROM seat s WHERE s.tenant = a.tenant"
           "                          AND s.account = a.id AND s.org = m.org"
           "                          AND s.ended_ms IS NULL))),"
           "       a.org, o.code, a.state"
           "  FROM account a LEFT JOIN org o ON o.tenant = a.tenant AND o.id = a.org"
           " WHERE a.tenant = $1 AND a.name = $2 FOR UPDATE OF a",
};

static const struct statement account_seats = {
    .name = "account_seats",
    .params = 2,
    .sql = "SELECT o.code, o.name, s.roles, s.from_day, s.to_day, y.name, g.ref FROM seat s"
           "  JOIN org o ON o.tenant = s.tenant AND o.id = s.org"
           "  LEFT JOIN account y ON y.tenant = s.tenant AND y.id = s.substitute_for"
           "  LEFT JOIN seat_grant g ON g.tenant = s.tenant AND g.id = s.grant_id"
           " WHERE s.tenant = $1 AND s.account = $2 AND s.ended_ms IS NULL"
           " ORDER BY y.name IS NOT NULL, o.sort_order, o.code, s.id",
};

static const struct statement account_insert = {
    .name = "account_insert",
    .params = 7,
    .sql = "INSERT INTO account (tenant, id, name, display_name, password_hash, org, version,"
           "                     event_id) VALUES ($1, $2, $3, $4, $5, $6, 1, $7)",
};

static const struct statement account_list_all = {
    .name = "account_list",
    .params = 4,
    .sql = "SELECT a.name, a.display_name, o.code, a.state, a.locked_until_ms,"
           "       a.password_hash <> '',"
           "       (SELECT bit_or(s.roles) FROM seat s WHERE s.tenant = a.tenant"
           "           AND s.account = a.id AND s.ended_ms IS NULL"
           "           AND (s.from_day IS NULL OR s.from_day <= $4::date)"
           "           AND (s.to_day IS NULL OR s.to_day >= $4::date)),"
           "       (SELECT count(*) FROM seat_grant g WHERE g.tenant = a.tenant"
           "           AND g.account = a.id AND g.state = 'PROPOSED'),"
           "       a.version"
           "  FROM account a LEFT JOIN org o ON o.tenant = a.tenant AND o.id = a.org"
           " WHERE a.tenant = $1 AND ($2::text IS NULL OR a.name = $2)"
           "   AND ($3::text IS NULL OR o.code = $3) ORDER BY a.name LIMIT 2000",
};

static const struct statement account_disable = {
    .name = "account_disable",
    .params = 6,
    .sql = "UPDATE account SET disabled_ms = $4, disabled_reason = $5, version = version + 1,"
           "       event_id = $6 WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement account_unlock = {
    .name = "account_unlock",
    .params = 4,
    .sql = "UPDATE account SET failures = 0, locked_until_ms = 0, version = version + 1,"
           "       event_id = $4 WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement inbox_insert = {
    .name = "inbox_insert",
    .params = 2,
    .sql = "INSERT INTO inbox (tenant, account) VALUES ($1, $2) ON CONFLICT DO NOTHING",
};

static const struct statement account_failures = {
    .name = "account_failures",
    .params = 4,
    .sql = "UPDATE account SET failures = $3, locked_until_ms = $4 WHERE tenant = $1 AND id = $2",
};

static const struct statement account_password = {
    .name = "account_password",
    .params = 4,
    .sql = "UPDATE account SET password_hash = $3, failures = 0, locked_until_ms = 0,"
           "       version = version + 1, event_id = $4 WHERE tenant = $1 AND id = $2",
};

static const struct statement session_end_others = {
    .name = "session_end_others",
    .params = 4,
    .sql = "UPDATE session SET ended_ms = $4"
           " WHERE tenant = $1 AND account = $2 AND token_sha256 <> $3 AND ended_ms IS NULL",
};

static const struct statement session_insert = {
    .name = "session_insert",
    .params = 6,
    .sql = "INSERT INTO session (tenant, token_sha256, account, machine, created_ms, used_ms,"
           "                     expires_ms) VALUES ($1, $2, $3, $4, $5, $5, $6)",
};

static const struct statement session_end = {
    .name = "session_end",
    .params = 3,
    .sql = "UPDATE session SET ended_ms = $3 WHERE tenant = $1 AND token_sha256 = $2",
};

static const struct statement session_expiry = {
    .name = "session_expiry",
    .params = 2,
    .sql = "SELECT expires_ms FROM session WHERE tenant = $1 AND token_sha256 = $2",
};

static const struct statement enrol_code_lock = {
    .name = "enrol_code_lock",
    .params = 2,
    .sql = "SELECT c.account, a.name, o.id, o.code, c.expires_ms, c.used_ms, c.machine, c.purpose"
           "  FROM enrol_code c JOIN account a ON a.tenant = c.tenant AND a.id = c.account"
           "  LEFT JOIN LATERAL (SELECT s.org FROM seat s WHERE s.tenant = c.tenant"
           "                   AND s.account = c.account ORDER BY s.org LIMIT 1) s ON true"
           "  JOIN org o ON o.tenant = c.tenant AND o.id = coalesce(c.org, a.org, s.org)"
           " WHERE c.tenant = $1 AND c.code_sha256 = $2 FOR UPDATE OF c",
};

static const struct statement enrol_code_insert = {
    .name = "enrol_code_insert",
    .params = 7,
    .sql = "INSERT INTO enrol_code (tenant, code_sha256, account, expires_ms, purpose, org,"
           "                        event_id) VALUES ($1, $2, $3, $4, $5, $6, $7)",
};

static const struct statement enrol_code_use = {
    .name = "enrol_code_use",
    .params = 4,
    .sql = "UPDATE enrol_code SET used_ms = $4, machine = $3"
           " WHERE tenant = $1 AND code_sha256 = $2 AND used_ms IS NULL",
};

#define MACHINE_COLUMNS                                                                            \
    "SELECT m.id, o.code, m.org, m.account, a.name, m.label, m.public_key, m.enrolled_ms,"         \
    "       m.revoked_ms, m.version, m.certificate_serial, m.certificate_not_after_ms"             \
    "  FROM machine m JOIN org o ON o.tenant = m.tenant AND o.id = m.org"                          \
    "  JOIN account a ON a.tenant = m.tenant AND a.id = m.account"

static const struct statement machine_by_key = {
    .name = "machine_by_key",
    .params = 2,
    .sql = MACHINE_COLUMNS " WHERE m.tenant = $1 AND m.public_key = $2",
};

static const struct statement machine_by_id = {
    .name = "machine_by_id",
    .params = 2,
    .sql = MACHINE_COLUMNS " WHERE m.tenant = $1 AND m.id = $2 FOR UPDATE OF m",
};

static const struct statement machine_list = {
    .name = "machine_list",
    .params = 2,
    .sql = MACHINE_COLUMNS " WHERE m.tenant = $1 AND ($2::uuid IS NULL OR m.org = $2::uuid)"
                           " ORDER BY m.enrolled_ms, m.id LIMIT 2000",
};

static const struct statement machine_insert = {
    .name = "machine_insert",
    .params = 10,
    .sql = "INSERT INTO machine (tenant, id, org, account, label, public_key, enrolled_ms, version,"
           "                     event_id, certificate_serial, certificate_not_after_ms)"
           " VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)",
};

static const struct statement machine_certificate = {
    .name = "machine_certificate",
    .params = 6,
    .sql = "UPDATE machine SET certificate_serial = $4, certificate_not_after_ms = $5,"
           "       version = version + 1, event_id = $6"
           " WHERE tenant = $1 AND id = $2 AND version = $3",
};

static const struct statement machine_revoke = {
    .name = "machine_revoke",
    .params = 6,
    .sql = "UPDATE machine SET revoked_ms = $5, revoked_reason = $4, version = version + 1,"
           "       event_id = $6 WHERE tenant = $1 AND id = $2 AND version = $3",
};

const struct statement *const account_statements[] = {
    &account_lock,
    &account_seats,
    &account_insert,
    &account_list_all,
    &account_disable,
    &account_unlock,
    &inbox_insert,
    &account_failures,
    &account_password,
    &session_end_others,
    &session_insert,
    &session_end,
    &session_expiry,
    &enrol_code_lock,
    &enrol_code_insert,
    &enrol_code_use,
    &machine_by_key,
    &machine_by_id,
    &machine_list,
    &machine_insert,
    &machine_revoke,
    &machine_certificate,
    NULL,
};

static const struct db_sink one = {NULL, NULL, 1};
static const struct db_sink any = {NULL, NULL, DB_ANY_COUNT};

static enum status
take_account(void *ctx, const struct db_row *row, struct arena *a)
{
    struct account_record *account = ctx;
    *account = (struct account_record){
        .id = db_text(row, 0, a),
        .name = db_text(row, 1, a),
        .display_name = db_text(row, 2, a),
        .password_hash = db_text(row, 3, a),
        .failures = (int32_t)db_int(row, 4),
        .locked_until_ms = db_int(row, 5),
        .disabled = db_bool(row, 6),
        .version = db_int(row, 7),
        .sits_in_org = db_bool(row, 8),
        .org_id = db_text(row, 9, a),
        .org_code = db_text(row, 10, a),
        .state = db_text(row, 11, a),
    };
    return STATUS_OK;
}

enum status
account_queue_lock(struct db_queue *q, int tenant, const char *name, const char *machine_id,
                   struct account_record *ret)
{
    return db_queue_add(q, &account_lock,
                        (struct param[]){p_int(tenant), p_text(name), p_text(machine_id)},
                        (struct db_sink){take_account, ret, DB_ANY_COUNT});
}

static enum status
take_seat(void *ctx, const struct db_row *row, struct arena *a)
{
    struct seat_list *list = ctx;
    struct seat_record *seat =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *seat);
    if (seat == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *seat = (struct seat_record){
        .org_code = db_text(row, 0, a),
        .org_name = db_text(row, 1, a),
        .roles = (uint64_t)db_int(row, 2),
        .from_day = db_day(row, 3),
        .to_day = db_day(row, 4),
        .substitute_for = db_text(row, 5, a),
        .grant_ref = db_text(row, 6, a),
    };
    list->count++;
    return STATUS_OK;
}

enum status
account_queue_seats(struct db_queue *q, int tenant, const char *account_id, struct seat_list *ret)
{
    return db_queue_add(q, &account_seats, (struct param[]){p_int(tenant), p_text(account_id)},
                        (struct db_sink){take_seat, ret, DB_ANY_COUNT});
}

enum status
account_queue_insert(struct db_queue *q, int tenant, const struct account_record *account,
                     const char *event_id)
{
    struct param fields[] = {p_int(tenant),
                             p_text(account->id),
                             p_text(account->name),
                             p_text(account->display_name),
                             p_text(account->password_hash == NULL ? "" : account->password_hash),
                             p_text(account->org_id),
                             p_text(event_id)};
    enum status s = db_queue_add(q, &account_insert, fields, one);
    if (s == STATUS_OK) {
        s = db_queue_add(q, &inbox_insert, (struct param[]){p_int(tenant), p_text(account->id)},
                         any);
    }
    return s;
}

static enum status
take_accounts(void *ctx, const struct db_row *row, struct arena *a)
{
    struct account_list *list = ctx;
    struct account_row *account =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *account);
    if (account == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    *account = (struct account_row){
        .name = db_text(row, 0, a),
        .display_name = db_text(row, 1, a),
        .org_code = db_text(row, 2, a),
        .state = db_text(row, 3, a),
        .locked_until_ms = db_int(row, 4),
        .has_password = db_bool(row, 5),
        .roles = (uint64_t)db_int(row, 6),
        .pending = (int32_t)db_int(row, 7),
        .version = db_int(row, 8),
    };
    list->count++;
    return STATUS_OK;
}

enum status
account_queue_list(struct db_queue *q, int tenant, const char *name, const char *org, int32_t today,
                   struct account_list *ret)
{
    struct param params[] = {p_int(tenant), p_text(name), p_text(org), p_day(today)};
    return db_queue_add(q, &account_list_all, params,
                        (struct db_sink){take_accounts, ret, DB_ANY_COUNT});
}

enum status
account_queue_disable(struct db_queue *q, int tenant, const struct account_record *account,
                      int64_t disabled_ms, const char *reason, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),           p_text(account->id),
        p_int(account->version), disabled_ms == 0 ? p_null() : p_int(disabled_ms),
        p_text(reason),          p_text(event_id)};
    return db_queue_add(q, &account_disable, params, one);
}

enum status
account_queue_unlock(struct db_queue *q, int tenant, const struct account_record *account,
                     const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(account->id), p_int(account->version),
                             p_text(event_id)};
    return db_queue_add(q, &account_unlock, params, one);
}

enum status
account_queue_failures(struct db_queue *q, int tenant, const char *id, int32_t failures,
                       int64_t locked_until_ms)
{
    struct param params[] = {p_int(tenant), p_text(id), p_int(failures), p_int(locked_until_ms)};
    return db_queue_add(q, &account_failures, params, one);
}

enum status
account_queue_password(struct db_queue *q, int tenant, const char *id, const char *hash,
                       const char *event_id)
{
    struct param params[] = {p_int(tenant), p_text(id), p_text(hash), p_text(event_id)};
    return db_queue_add(q, &account_password, params, one);
}

enum status
session_queue_end_others(struct db_queue *q, int tenant, const char *account_id,
                         const unsigned char *keep_sha256, int64_t now_ms)
{
    struct param params[] = {p_int(tenant), p_text(account_id), p_bytes(keep_sha256, 32),
                             p_int(now_ms)};
    return db_queue_add(q, &session_end_others, params, any);
}

enum status
session_queue_insert(struct db_queue *q, int tenant, const unsigned char token_sha256[32],
                     const char *account_id, const char *machine_id, int64_t now_ms,
                     int64_t expires_ms)
{
    struct param params[] = {p_int(tenant),      p_bytes(token_sha256, 32),
                             p_text(account_id), p_text(machine_id),
                             p_int(now_ms),      p_int(expires_ms)};
    return db_queue_add(q, &session_insert, params, one);
}

enum status
session_queue_end(struct db_queue *q, int tenant, const unsigned char token_sha256[32],
                  int64_t now_ms)
{
    struct param params[] = {p_int(tenant), p_bytes(token_sha256, 32), p_int(now_ms)};
    return db_queue_add(q, &session_end, params, one);
}

enum status
session_queue_expiry(struct db_queue *q, int tenant, const unsigned char token_sha256[32],
                     int64_t *ret_expires_ms)
{
    return db_queue_add(q, &session_expiry,
                        (struct param[]){p_int(tenant), p_bytes(token_sha256, 32)},
                        (struct db_sink){db_take_int64, ret_expires_ms, DB_ANY_COUNT});
}

static enum status
take_code(void *ctx, const struct db_row *row, struct arena *a)
{
    struct enrol_code_record *code = ctx;
    *code = (struct enrol_code_record){
        .account_id = db_text(row, 0, a),
        .account = db_text(row, 1, a),
        .org_id = db_text(row, 2, a),
        .org_code = db_text(row, 3, a),
        .expires_ms = db_int(row, 4),
        .used_ms = db_int(row, 5),
        .machine_id = db_text(row, 6, a),
        .purpose = db_text(row, 7, a),
    };
    return STATUS_OK;
}

enum status
enrol_code_queue_lock(struct db_queue *q, int tenant, const unsigned char code_sha256[32],
                      struct enrol_code_record *ret)
{
    return db_queue_add(q, &enrol_code_lock,
                        (struct param[]){p_int(tenant), p_bytes(code_sha256, 32)},
                        (struct db_sink){take_code, ret, DB_ANY_COUNT});
}

enum status
enrol_code_queue_insert(struct db_queue *q, int tenant, const unsigned char code_sha256[32],
                        const struct enrol_code_record *code, const char *event_id)
{
    struct param params[] = {
        p_int(tenant),           p_bytes(code_sha256, 32), p_text(code->account_id),
        p_int(code->expires_ms), p_text(code->purpose),    p_text(code->org_id),
        p_text(event_id),
    };
    return db_queue_add(q, &enrol_code_insert, params, one);
}

enum status
enrol_code_queue_use(struct db_queue *q, int tenant, const unsigned char code_sha256[32],
                     const char *machine_id, int64_t now_ms)
{
    struct param params[] = {p_int(tenant), p_bytes(code_sha256, 32), p_text(machine_id),
                             p_int(now_ms)};
    return db_queue_add(q, &enrol_code_use, params, one);
}

static enum status
read_machine(struct machine_record *machine, const struct db_row *row, struct arena *a)
{
    size_t size = 0;
    *machine = (struct machine_record){
        .id = db_text(row, 0, a),
        .org_code = db_text(row, 1, a),
        .org_id = db_text(row, 2, a),
        .account_id = db_text(row, 3, a),
        .account = db_text(row, 4, a),
        .label = db_text(row, 5, a),
        .public_key = db_bytes(row, 6, a, &size),
        .enrolled_ms = db_int(row, 7),
        .revoked_ms = db_int(row, 8),
        .version = db_int(row, 9),
        .certificate_serial = db_text(row, 10, a),
        .certificate_not_after_ms = db_int(row, 11),
    };
    return machine->public_key == NULL || size != 32 ? STATUS_INTERNAL : STATUS_OK;
}

static enum status
take_machine(void *ctx, const struct db_row *row, struct arena *a)
{
    return read_machine(ctx, row, a);
}

static enum status
take_machines(void *ctx, const struct db_row *row, struct arena *a)
{
    struct machine_list *list = ctx;
    struct machine_record *machine =
        arena_grow(a, (void **)&list->items, list->count, &list->capacity, sizeof *machine);
    if (machine == NULL) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    list->count++;
    return read_machine(machine, row, a);
}

enum status
machine_queue_by_key(struct db_queue *q, int tenant, const unsigned char public_key[32],
                     struct machine_record *ret)
{
    return db_queue_add(q, &machine_by_key,
                        (struct param[]){p_int(tenant), p_bytes(public_key, 32)},
                        (struct db_sink){take_machine, ret, DB_ANY_COUNT});
}

enum status
machine_queue_by_id(struct db_queue *q, int tenant, const char *id, struct machine_record *ret)
{
    return db_queue_add(q, &machine_by_id, (struct param[]){p_int(tenant), p_text(id)},
                        (struct db_sink){take_machine, ret, DB_ANY_COUNT});
}

enum status
machine_queue_list(struct db_queue *q, int tenant, const char *org_id, struct machine_list *ret)
{
    return db_queue_add(q, &machine_list, (struct param[]){p_int(tenant), p_text(org_id)},
                        (struct db_sink){take_machines, ret, DB_ANY_COUNT});
}

enum status
machine_queue_insert(struct db_queue *q, int tenant, const struct machine_record *machine,
                     const char *event_id)
{
    struct param params[] = {
        p_int(tenant),
        p_text(machine->id),
        p_text(machine->org_id),
        p_text(machine->account_id),
        p_text(machine->label),
        p_bytes(machine->public_key, 32),
        p_int(machine->enrolled_ms),
        p_text(event_id),
        p_text(machine->certificate_serial),
        machine->certificate_serial == NULL ? p_null() : p_int(machine->certificate_not_after_ms)};
    return db_queue_add(q, &machine_insert, params, one);
}

enum status
machine_queue_certificate(struct db_queue *q, int tenant, const struct machine_record *machine,
                          const char *event_id)
{
    struct param params[] = {p_int(tenant),
                             p_text(machine->id),
                             p_int(machine->version),
                             p_text(machine->certificate_serial),
                             p_int(machine->certificate_not_after_ms),
                             p_text(event_id)};
    return db_queue_add(q, &machine_certificate, params, one);
}

enum status
machine_queue_revoke(struct db_queue *q, int tenant, const char *id, int64_t version,
                     const char *reason, int64_t now_ms, const char *event_id)
{
    struct param params[] = {p_int(tenant),  p_text(id),    p_int(version),
                             p_text(reason), p_int(now_ms), p_text(event_id)};
    return db_queue_add(q, &machine_revoke, params, one);
}
