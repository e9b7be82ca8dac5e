#include "client/lib/heads.h"

#include "client/lib/file.h"
#include "client/lib/receipt_check.h"
#include "proto/base/now.h"
#include "proto/ledger/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <rectify/v1/audit.pb-c.h>
#include <stdio.h>
#include <string.h>

enum { HEADS_ARENA_BYTES = 4 << 20, DAY_MS = 86400000 };

/* One look at the log: what is kept, what the server says now. */
struct look {
    struct rectify_channel *channel;
    struct arena a;
    const struct ledger_head *shown; /* in a reply just now; NULL: none */
    struct rectify_proven proven;
    struct ledger_head *kept; /* former proven heads, oldest first */
    size_t kept_count;
    struct ledger_head now;  /* the server's newest; size 0: nothing sealed */
    int64_t last_restore_ms; /* 0: none was declared */
    bool now_continues;      /* now continues proven and seen */
    bool shown_stands;       /* shown is a beginning of now, or is now */
    struct fault *f;
};

static const char *
folder_of(const struct look *l)
{
    return l->channel->options.profile->state;
}

void
heads_reload(struct rectify_channel *channel)
{
    struct ledger_head head;
    enum status status = rectify_state_head_load(channel->options.profile->state, &head, NULL);
    if (status == STATUS_OK) {
        channel->head = head;
    } else if (status == STATUS_NOT_FOUND) {
        channel->head = (struct ledger_head){.size = 0}; /* somebody began anew */
    }
}

/* ---- what is kept ---- */

size_t
heads_prune(struct ledger_head *heads, size_t count)
{
    size_t first_new = count > LIMIT_HEADS_KEPT ? count - LIMIT_HEADS_KEPT : 0;
    int64_t newest = count > 0 ? heads[count - 1].time_ms / DAY_MS : 0;
    size_t out = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t day = heads[i].time_ms / DAY_MS;
        bool last_of_day = i + 1 == count || heads[i + 1].time_ms / DAY_MS != day;
        if (i >= first_new || (last_of_day && newest - day < LIMIT_HEADS_DAYS)) {
            heads[out++] = heads[i];
        }
    }
    return out;
}

static enum status
look_load(struct look *l)
{
    heads_reload(l->channel);
    enum status status = rectify_state_proven_load(folder_of(l), &l->proven, l->f);
    if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        status = rectify_state_heads_load(folder_of(l), &l->a, &l->kept, &l->kept_count, l->f);
    }
    return status;
}

/* now is the newest proven head. */
static enum status
look_save(struct look *l)
{
    size_t count = l->kept_count;
    if (l->now.size > 0 && (count == 0 || l->kept[count - 1].size < l->now.size)) {
        if (count == STATE_HEADS_MAX) {
            memmove(l->kept, l->kept + 1, (count - 1) * sizeof l->kept[0]);
            count--;
        }
        l->kept[count++] = l->now;
        count = heads_prune(l->kept, count);
    }
    enum status status = rectify_state_heads_save(folder_of(l), l->kept, count, l->f);
    if (status == STATUS_OK) {
        l->proven.at_ms = now_wall_ms();
        l->proven.head = l->now;
        status = rectify_state_proven_save(folder_of(l), &l->proven, l->f);
    }
    if (status == STATUS_OK && (l->now.size != l->channel->head.size ||
                                !merkle_hash_equal(&l->now.root, &l->channel->head.root))) {
        l->channel->head = l->now;
        status = rectify_state_head_save(folder_of(l), &l->now, l->f);
    }
    return status;
}

/* ---- asking ---- */

/* What the call before this was told stays to be asked for. */
static enum status
ask(struct look *l, const char *method, const ProtobufCMessage *request,
    struct rectify_answer *ret_answer)
{
    struct rectify_outcome outcome = l->channel->outcome;
    struct rectify_request call = {.method = method, .message = request};
    enum status status = rectify_channel_send(l->channel, &l->a, &call, ret_answer, l->f);
    outcome.violation_count = 0; /* they went with the reply */
    outcome.violations = NULL;
    l->channel->outcome = outcome;
    return status;
}

static bool
proof_read(const Pb__ConsistencyProof *message, struct merkle_proof *ret_proof)
{
    struct merkle_proof proof = {.count = message->n_hashes};
    if (proof.count > MERKLE_PROOF_MAX) {
        return false;
    }
    for (size_t i = 0; i < proof.count; i++) {
        if (message->hashes[i].len != MERKLE_HASH_BYTES) {
            return false;
        }
        memcpy(proof.hashes[i].bytes, message->hashes[i].data, MERKLE_HASH_BYTES);
    }
    *ret_proof = proof;
    return true;
}

/* Is the log of that size and root a beginning of now, by the reply's proofs? */
static bool
continues(const struct look *l, const Pb__GetConsistencyReply *reply, uint64_t size,
          const struct merkle_hash *root)
{
    for (size_t i = 0; size > 0 && i < reply->n_proofs; i++) {
        struct merkle_proof proof;
        if (reply->proofs[i]->from_size == size && proof_read(reply->proofs[i], &proof)) {
            return merkle_consistency_verify(size, root, l->now.size, &l->now.root, &proof);
        }
    }
    return size == 0;
}

/* Proofs from up to LIMIT_CONSISTENCY_SIZES logs to the server's newest head, which becomes now. */
static enum status
ask_consistency(struct look *l, uint64_t *sizes, size_t count,
                const Pb__GetConsistencyReply **ret_reply)
{
    static const Pb__GetConsistencyReply nothing = PB__GET_CONSISTENCY_REPLY__INIT;
    Pb__GetConsistencyRequest request = PB__GET_CONSISTENCY_REQUEST__INIT;
    struct rectify_answer answer;
    struct fault why = {.code = STATUS_OK};
    struct fault *f = l->f;
    request.n_from_sizes = count;
    request.from_sizes = sizes;
    l->f = &why;
    enum status status = ask(l, "rectify.v1.LogService/GetConsistency", &request.base, &answer);
    l->f = f;
    if (status == STATUS_FAILED_PRECONDITION && strcmp(why.reason, "NOTHING_SEALED") == 0) {
        l->now = (struct ledger_head){.size = 0};
        *ret_reply = &nothing;
        return STATUS_OK;
    }
    if (status != STATUS_OK) {
        if (f != NULL) {
            *f = why;
        }
        return status;
    }
    const Pb__GetConsistencyReply *reply = (const Pb__GetConsistencyReply *)answer.message;
    if (reply->head == NULL) {
        return fault_set(f, STATUS_DATA_LOSS, "HEAD_MALFORMED", "服务器没有给出日志签名。");
    }
    status = receipt_head_read(reply->head, l->channel->options.profile->tenant, &l->now, f);
    if (status == STATUS_OK) {
        status = ledger_head_verify(&l->now, &l->channel->ledger, f);
    }
    l->last_restore_ms = reply->last_restore_ms;
    *ret_reply = reply;
    return status;
}

/* Fills now, now_continues and shown_stands. */
static enum status
look_ask(struct look *l)
{
    const struct ledger_head *seen = &l->channel->head;
    uint64_t sizes[3] = {l->proven.head.size, seen->size, l->shown == NULL ? 0 : l->shown->size};
    const Pb__GetConsistencyReply *reply = NULL;
    enum status status = ask_consistency(l, sizes, l->shown == NULL ? 2 : 3, &reply);
    if (status == STATUS_OK) {
        l->now_continues = continues(l, reply, l->proven.head.size, &l->proven.head.root) &&
                           continues(l, reply, seen->size, &seen->root);
        l->shown_stands = l->shown == NULL || continues(l, reply, l->shown->size, &l->shown->root);
    }
    return status;
}

/* ---- restores ---- */

static bool
restore_read(const struct look *l, const Pb__Restore *in, struct ledger_restore *ret)
{
    struct ledger_restore r = {.number = in->number,
                               .size = in->tree_size,
                               .head_time_ms = in->head_time_ms,
                               .time_ms = in->time_ms};
    const char *tenant = l->channel->options.profile->tenant;
    if (in->tenant == NULL || strcmp(in->tenant, tenant) != 0 ||
        strlen(tenant) >= sizeof r.tenant || in->reason == NULL ||
        strlen(in->reason) >= sizeof r.reason || in->key_id == NULL ||
        strlen(in->key_id) != LEDGER_KEY_ID_SIZE - 1 || in->root.len != sizeof r.root.bytes ||
        in->signature.len != sizeof r.signature) {
        return false;
    }
    memcpy(r.tenant, tenant, strlen(tenant) + 1);
    memcpy(r.reason, in->reason, strlen(in->reason) + 1);
    memcpy(r.key_id, in->key_id, sizeof r.key_id);
    memcpy(r.root.bytes, in->root.data, sizeof r.root.bytes);
    memcpy(r.signature, in->signature.data, sizeof r.signature);
    *ret = r;
    return ledger_restore_verify(ret, &l->channel->ledger, NULL) == STATUS_OK;
}

/* Restores this client does not know yet, declared at or after a time; those with a bad signature
 * are passed over. */
struct restores {
    size_t count;
    struct ledger_restore base; /* the one that goes back farthest */
    int64_t last_ms;
    int64_t since_ms; /* from then on things may be lost */
};

static enum status
restores_get(struct look *l, int64_t not_before_ms, struct restores *ret)
{
    Pb__ListRestoresRequest request = PB__LIST_RESTORES_REQUEST__INIT;
    struct rectify_answer answer;
    struct restores found = {.count = 0};
    request.has_after_ms = 1;
    request.after_ms = l->proven.restore_ms;
    enum status status = ask(l, "rectify.v1.LogService/ListRestores", &request.base, &answer);
    if (status != STATUS_OK) {
        return status;
    }
    const Pb__ListRestoresReply *reply = (const Pb__ListRestoresReply *)answer.message;
    for (size_t i = 0; i < reply->n_restores; i++) {
        struct ledger_restore r;
        if (!restore_read(l, reply->restores[i], &r) || r.time_ms < not_before_ms) {
            continue;
        }
        /* What was recorded before that head may have been sealed after it. */
        int64_t since = r.head_time_ms > LIMIT_UNSEALED_MS ? r.head_time_ms - LIMIT_UNSEALED_MS : 0;
        if (found.count == 0 || r.size < found.base.size) {
            found.base = r;
        }
        found.since_ms = found.count == 0 || since < found.since_ms ? since : found.since_ms;
        found.last_ms = r.time_ms > found.last_ms ? r.time_ms : found.last_ms;
        found.count++;
    }
    *ret = found;
    return STATUS_OK;
}

/* What was received since then is offered again; an earlier restore not yet offered for counts too.
 */
static enum status
restored_note(struct look *l, const struct restores *r)
{
    int64_t since = r->since_ms;
    int64_t before = 0;
    if (rectify_state_restored_load(folder_of(l), &before, NULL) == STATUS_OK && before < since) {
        since = before;
    }
    l->proven.restore_ms = r->last_ms > l->proven.restore_ms ? r->last_ms : l->proven.restore_ms;
    const struct rectify_channel_options *options = &l->channel->options;
    enum status status = rectify_state_restored_save(folder_of(l), since, l->f);
    if (status == STATUS_OK && options->on_restored != NULL) {
        options->on_restored(options->user, r->base.reason, since);
    }
    return status;
}

/* The log continues what is kept, and restores were declared that this client has not heard of:
 * what was recorded and not yet sealed may be lost. What was declared before this client first saw
 * the log is none of its business. */
static enum status
restores_learn(struct look *l)
{
    struct restores found;
    int64_t first = l->kept_count > 0           ? l->kept[0].time_ms
                    : l->channel->head.size > 0 ? l->channel->head.time_ms
                                                : INT64_MAX;
    bool known_before = l->proven.restore_ms != 0;
    enum status status = restores_get(l, known_before ? 0 : first, &found);
    if (status == STATUS_OK && found.count > 0) {
        return restored_note(l, &found);
    }
    if (status == STATUS_OK && !known_before) {
        l->proven.restore_ms = l->last_restore_ms;
    }
    return status;
}

/* Does a declared restore explain that the log does not continue? Everything kept from before the
 * restored point must still be in it. Then what came after is forgotten. */
static enum status
restores_explain(struct look *l, bool *ret_explained)
{
    struct restores found;
    const Pb__GetConsistencyReply *reply = NULL;
    *ret_explained = false;
    enum status status = restores_get(l, l->channel->head.time_ms, &found);
    if (status != STATUS_OK || found.count == 0 || l->now.size == 0) {
        return status;
    }
    size_t count = l->kept_count;
    while (count > 0 && l->kept[count - 1].size > found.base.size) {
        count--;
    }
    struct ledger_head none = {.size = 0};
    const struct ledger_head *older = count > 0 ? &l->kept[count - 1] : &none;
    uint64_t sizes[2] = {found.base.size, older->size};
    status = ask_consistency(l, sizes, 2, &reply);
    if (status != STATUS_OK || !continues(l, reply, found.base.size, &found.base.root) ||
        !continues(l, reply, older->size, &older->root)) {
        return status;
    }
    *ret_explained = true;
    l->kept_count = count;
    return restored_note(l, &found);
}

/* ---- deciding ---- */

/* A server too old to be asked: what it showed is all there is, and nothing is kept of it. */
static bool
cannot_prove(enum status status)
{
    return status == STATUS_UNIMPLEMENTED;
}

static enum status
alarm_raise(struct look *l)
{
    const struct ledger_head *seen = &l->channel->head;
    const struct ledger_head *now = l->shown_stands ? &l->now : l->shown;
    bool shorter = now->size < seen->size;
    struct fault alarm;
    (void)fault_set(
        &alarm, STATUS_DATA_LOSS, shorter ? "LOG_ROLLED_BACK" : "LOG_FORKED",
        "服务器的日志%s：本机先前见过 %" PRIu64 " 条的签名，现在服务器给出的是 %" PRIu64
        " 条、%s的签名，又没有恢复声明。本机不再向它办理任何事。请立即告知管理员和审计人员，"
        "并保留“%s”文件夹；查清后由管理员作恢复声明（rectifyd restored），或在本机运行 "
        "rectify audit reset 重新认定。",
        shorter ? "退回到了更早的时候" : "分了叉", seen->size, now->size,
        shorter ? "更短" : "内容不同", folder_of(l));
    if (l->f != NULL) {
        *l->f = alarm;
    }
    /* Should the disk not take it, this answer is refused all the same, and the next is looked at
     * again. */
    enum status kept = rectify_state_alarm_save(folder_of(l), &alarm, seen, now, NULL);
    return kept == STATUS_OK ? alarm.code : STATUS_DATA_LOSS;
}

/* Asks and decides; everything is read from the disk first. The alarm that stands is lifted by a
 * declaration alone. */
static enum status
look_settle(struct look *l, bool alarmed)
{
    bool explained = false;
    enum status status = look_ask(l);
    if (status != STATUS_OK) {
        return status;
    }
    if (l->now_continues && l->shown_stands && !alarmed) {
        if (l->last_restore_ms > l->proven.restore_ms) {
            status = restores_learn(l);
        }
        return status == STATUS_OK && l->now.size > 0 ? look_save(l) : status;
    }
    if (l->shown_stands) {
        status = restores_explain(l, &explained);
    }
    if (status == STATUS_OK && !explained) {
        return alarm_raise(l);
    }
    if (status == STATUS_OK) {
        status = look_save(l);
    }
    if (status == STATUS_OK) {
        rectify_state_alarm_clear(folder_of(l));
    }
    return status;
}

static enum status
look_run(struct rectify_channel *channel, const struct ledger_head *shown, bool alarmed,
         struct fault *f)
{
    struct look l = {.channel = channel, .shown = shown, .f = f};
    arena_init(&l.a, HEADS_ARENA_BYTES);
    enum status status = look_load(&l);
    if (status == STATUS_OK) {
        status = look_settle(&l, alarmed);
    }
    channel->no_proofs = cannot_prove(status);
    if (status == STATUS_OK) {
        channel->proven_ms = now_steady_ms();
    }
    arena_release(&l.a);
    return status;
}

/* ---- what others call ---- */

enum status
heads_admit(struct rectify_channel *channel, struct fault *f)
{
    struct fault alarm;
    struct fault ignored;
    const char *folder = channel->options.profile->state;
    enum status status = rectify_state_alarm_load(folder, &alarm, NULL);
    if (status == STATUS_NOT_FOUND) {
        return STATUS_OK;
    }
    if (status == STATUS_OK && channel->has_ledger &&
        look_run(channel, NULL, true, &ignored) == STATUS_OK) {
        return STATUS_OK;
    }
    if (status != STATUS_OK) { /* it cannot be read: it stands all the same */
        (void)fault_set(&alarm, STATUS_DATA_LOSS, "LOG_ROLLED_BACK",
                        "本机先前认定服务器的日志有问题（“%s/log-alarm”）：请告知管理员。", folder);
    }
    if (f != NULL) {
        *f = alarm;
    }
    return STATUS_DATA_LOSS;
}

/* A head that does not fit to what was seen; the server is asked at once. */
static enum status
suspect(struct rectify_channel *channel, const struct ledger_head *shown, bool replayed,
        struct fault *f)
{
    struct fault why = {.code = STATUS_OK};
    struct fault *told = f != NULL ? f : &why;
    bool ask = channel->has_ledger && !channel->no_proofs;
    enum status status = ask ? look_run(channel, shown, false, told) : STATUS_UNIMPLEMENTED;
    if (cannot_prove(status)) {
        return receipt_head_compare(&channel->head, shown, replayed, f);
    }
    if (status != STATUS_OK && status != STATUS_DATA_LOSS) {
        return fault_set(f, STATUS_UNAVAILABLE, "LOG_UNPROVEN",
                         "服务器给出的日志签名与本机先前见过的对不上，暂时无法核实（%.64s）："
                         "请稍后重试，办理过的不会重复。",
                         why.reason);
    }
    return status;
}

static bool
proof_due(const struct rectify_channel *channel)
{
    struct rectify_proven proven = {.at_ms = 0};
    enum status status = rectify_state_proven_load(channel->options.profile->state, &proven, NULL);
    int64_t age = now_wall_ms() - proven.at_ms;
    return channel->has_ledger && !channel->no_proofs &&
           (status != STATUS_OK || age >= LIMIT_HEADS_VERIFY_MS || age < -LIMIT_HEADS_VERIFY_MS);
}

enum status
heads_take(struct rectify_channel *channel, const Pb__SignedHead *message, bool replayed,
           struct fault *f)
{
    const struct rectify_profile *profile = channel->options.profile;
    struct ledger_head head;
    enum status status = receipt_head_read(message, profile->tenant, &head, f);
    if (status == STATUS_OK && channel->has_ledger) {
        status = ledger_head_verify(&head, &channel->ledger, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (receipt_head_compare(&channel->head, &head, replayed, NULL) != STATUS_OK) {
        return suspect(channel, &head, replayed, f);
    }
    if (head.size <= channel->head.size) {
        return STATUS_OK;
    }
    channel->head = head;
    status = rectify_state_head_save(profile->state, &head, f);
    if (status == STATUS_OK && proof_due(channel)) {
        struct fault why = {.code = STATUS_OK};
        status = look_run(channel, NULL, false, &why);
        if (status != STATUS_DATA_LOSS) {
            return STATUS_OK; /* not now: the next command tries again */
        }
        if (f != NULL) {
            *f = why;
        }
    }
    return status;
}

enum status
rectify_channel_head_check(struct rectify_channel *channel, const Pb__SignedHead *head,
                           struct fault *f)
{
    return heads_take(channel, head, false, f);
}

enum status
rectify_heads_verify(struct rectify_channel *channel, struct fault *f)
{
    enum status status = heads_admit(channel, f);
    if (status != STATUS_OK || !channel->has_ledger) {
        return status;
    }
    status = look_run(channel, NULL, false, f);
    return cannot_prove(status) ? STATUS_OK : status;
}

enum status
heads_before_sending(struct rectify_channel *channel, struct fault *f)
{
    bool lately =
        channel->proven_ms != 0 && now_steady_ms() - channel->proven_ms < LIMIT_HEADS_FRESH_MS;
    return lately ? heads_admit(channel, f) : rectify_heads_verify(channel, f);
}

bool
rectify_channel_restored(const struct rectify_channel *channel, int64_t *ret_since_ms)
{
    return rectify_state_restored_load(channel->options.profile->state, ret_since_ms, NULL) ==
           STATUS_OK;
}

enum status
rectify_channel_restored_done(struct rectify_channel *channel, int64_t since_ms, struct fault *f)
{
    const char *folder = channel->options.profile->state;
    int64_t now = 0;
    enum status status = rectify_state_restored_load(folder, &now, f);
    if (status == STATUS_OK && now >= since_ms) {
        rectify_state_restored_clear(folder);
    }
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status
rectify_heads_reset(const char *folder, char *ret_kept, size_t size, struct fault *f)
{
    static const char *const files[] = {"head", "verified", "heads", "log-alarm"};
    struct arena a;
    arena_init(&a, 65536);
    const char *kept = arena_printf(&a, "%s/log-conflict-%" PRId64, folder, now_wall_ms());
    enum status status =
        kept == NULL || strlen(kept) >= size ? fault_memory(f) : rectify_folder_make(kept, 0700, f);
    for (size_t i = 0; status == STATUS_OK && i < sizeof files / sizeof files[0]; i++) {
        const char *from = arena_printf(&a, "%s/%s", folder, files[i]);
        const char *to = arena_printf(&a, "%s/%s", kept, files[i]);
        if (from == NULL || to == NULL || (rename(from, to) != 0 && errno != ENOENT)) {
            status = fault_set(f, STATUS_UNAVAILABLE, "FILE_WRITE", "不能移走“%s/%s”：%s。", folder,
                               files[i], rectify_errno_zh(errno));
        }
    }
    if (status == STATUS_OK) { /* nobody can say what is lost: everything is offered again */
        status = rectify_state_restored_save(folder, 0, f);
    }
    if (status == STATUS_OK) {
        memcpy(ret_kept, kept, strlen(kept) + 1);
    }
    arena_release(&a);
    return status;
}
