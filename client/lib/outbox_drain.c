/* Sending: which item goes next, and what an answer means for it and for those behind it. */
#include "client/lib/heads.h"
#include "client/lib/outbox_impl.h"
#include "proto/base/now.h"
#include "proto/base/wire_text.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/wirecheck.h"

#include <errno.h>
#include <fcntl.h>
#include <rectify/v1/operation.pb-c.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { WAIT_FIRST_MS = 1000, WAIT_MAX_MS = 60000, WAIT_DOUBLINGS = 6 };

/* What a failed call means. */
enum outcome {
    OUTCOME_RECEIVED,
    OUTCOME_REFUSED, /* for good */
    OUTCOME_ODD,     /* no answer that can be read, or INTERNAL: this item later, others now */
    OUTCOME_END      /* nothing can be sent now; see end */
};

struct draining {
    struct rectify_outbox *outbox;
    struct rectify_channel *channel;
    const struct rectify_drain_options *options;
    struct rectify_drain *result;
    unsigned odd; /* items passed over */
    unsigned odd_in_a_row;
};

/* ---- the lease ---- */

/* One process sends at a time; a folder on two machines has two leases, see rule 6. */
static enum status
lease_take(const struct rectify_outbox *outbox, int *ret_fd, struct fault *f)
{
    char path[4200];
    snprintf(path, sizeof path, "%s/outbox.lease", outbox->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        bool full = errno == ENOSPC || errno == EDQUOT;
        return fault_set(f, full ? STATUS_RESOURCE_EXHAUSTED : STATUS_UNAVAILABLE,
                         full ? "DISK_FULL" : "OUTBOX_WRITE",
                         "打不开“%s”：请检查文件夹的权限和磁盘。", path);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        (void)close(fd);
        fd = -1;
    }
    *ret_fd = fd;
    return STATUS_OK;
}

/* ---- what a failure means ---- */

static bool
begins(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool
is_machine(const struct fault *why)
{
    static const char *const prefixes[] = {"MACHINE_", "TLS_", "SIGNATURE_", "TENANT_",
                                           "PROFILE_", "URL_", "ENROL"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (begins(why->reason, prefixes[i])) {
            return true;
        }
    }
    return false;
}

static bool
is_log(const struct fault *why)
{
    static const char *const prefixes[] = {"HEAD_", "LOG_", "LEDGER_", "RECEIPT_"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (begins(why->reason, prefixes[i])) {
            return true;
        }
    }
    return false;
}

/* Is it about the session, not about the command? The channel logs in by itself, in between. */
static bool
is_login(const struct fault *why)
{
    static const char *const reasons[] = {"NOT_LOGGED_IN", "ACCOUNT_", "SESSION_", "PASSWORD_",
                                          "SECRET_FILE"};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (begins(why->reason, reasons[i])) {
            return true;
        }
    }
    return false;
}

static enum outcome
ended(struct draining *d, enum rectify_drain_end end, const struct fault *why)
{
    d->result->end = end;
    d->result->why = *why;
    return OUTCOME_END;
}

/* What a call's failure means for the item it was made for. key: the item's, when it was sent by
 * this call; NULL for other calls. */
static enum outcome
outcome_of(struct draining *d, const char *key, const struct fault *why)
{
    bool own = key != NULL && strcmp(rectify_channel_outcome(d->channel)->key, key) == 0;
    if (rectify_refusal_is_the_line(why, &d->outbox->refused_since_ms)) {
        return ended(d, RECTIFY_DRAIN_LINE, why);
    }
    if (is_machine(why)) {
        return ended(d, RECTIFY_DRAIN_MACHINE, why);
    }
    if (begins(why->reason, "LOGIN_")) {
        return ended(d, RECTIFY_DRAIN_LOGIN, why); /* trying on would lock the account */
    }
    switch (why->code) {
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE_EXCEEDED:
    case STATUS_RESOURCE_EXHAUSTED:
    case STATUS_UNKNOWN:
    case STATUS_CANCELLED:
        return ended(d, RECTIFY_DRAIN_LINE, why);
    case STATUS_DATA_LOSS:
        return is_log(why) ? ended(d, RECTIFY_DRAIN_LOG, why) : OUTCOME_ODD;
    case STATUS_INTERNAL:
        return OUTCOME_ODD;
    default:
        break;
    }
    if (strcmp(why->reason, "CLOCK_SKEW") == 0) {
        return ended(d, RECTIFY_DRAIN_LINE, why);
    }
    bool login = why->code == STATUS_UNAUTHENTICATED || (!own && is_login(why));
    return login ? ended(d, RECTIFY_DRAIN_LOGIN, why) : OUTCOME_REFUSED;
}

/* Can the server be reached, does it let us in, and is its log the one we know? Before this nothing
 * is written, so that a dead line costs the disk nothing, and neither a refused login nor what a
 * server that went back says is taken for a refused item. */
static bool
door_open(struct draining *d)
{
    Pb__Empty empty = PB__EMPTY__INIT;
    struct arena a;
    struct rectify_answer answer;
    struct fault why = {.code = STATUS_OK};
    struct rectify_request request = {.method = "rectify.v1.AccountService/WhoAmI",
                                      .message = &empty.base};
    outbox_arena_init(&a);
    why.code = rectify_call(d->channel, &a, &request, &answer, &why);
    if (why.code == STATUS_OK) {
        why.code = heads_before_sending(d->channel, &why);
    }
    arena_release(&a);
    if (why.code == STATUS_OK) {
        d->outbox->refused_since_ms = 0;
        return true;
    }
    enum outcome outcome = outcome_of(d, NULL, &why);
    if (outcome == OUTCOME_ODD) {
        (void)ended(d, RECTIFY_DRAIN_LINE, &why);
    } else if (outcome == OUTCOME_REFUSED) {
        (void)ended(d, RECTIFY_DRAIN_LOGIN, &why);
    }
    return false;
}

/* ---- settling one item ---- */

/* Which commands the office judges afterwards. */
static enum rectify_item_verdict
verdict_first(const char *method)
{
    static const char *const judged[] = {
        "TableService/SubmitTable",     "TableService/ConfirmTable",
        "TableService/ReportNil",       "MeasureService/ClaimEffect",
        "MeasureService/ClaimComplete", "ProblemService/ApplyClose",
        "OutcomeService/RecordOutcome", "OutcomeService/CorrectOutcome",
        "MatterService/OpenMatter",
    };
    for (size_t i = 0; i < sizeof judged / sizeof judged[0]; i++) {
        if (strstr(method, judged[i]) != NULL) {
            return RECTIFY_VERDICT_WAITING;
        }
    }
    return RECTIFY_VERDICT_NONE;
}

/* On which version of the thing the request was based; the one before what it made when it said
 * none. */
static int64_t
base_of(const struct outbox_slot *slots, size_t count, const struct outbox_made *made)
{
    for (size_t i = 0; i < count; i++) {
        bool same = (made->ref != NULL && strcmp(slots[i].name, made->ref) == 0) ||
                    (made->id != NULL && strcmp(slots[i].name, made->id) == 0);
        if (same) {
            return *slots[i].version;
        }
    }
    return made->version - 1;
}

/* Keeps which versions the item made on top of which. */
static enum status
made_keep(struct draining *d, struct arena *a, const struct outbox_work *work,
          ProtobufCMessage *reply, struct fault *f)
{
    struct rectify_method method;
    ProtobufCMessage *message = NULL;
    struct outbox_slot *slots = NULL;
    struct outbox_made *made = NULL;
    size_t slot_count = 0;
    size_t count = 0;
    int64_t version = work->expected_version;
    enum status status = rectify_method_find(work->method, &method, f);
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.request, work->frozen, work->frozen_size, &message, f);
    }
    if (status == STATUS_OK) {
        status = outbox_walk_slots(a, message, work->has_expected_version ? &version : NULL, &slots,
                                   &slot_count, f);
    }
    if (status == STATUS_OK) {
        status = outbox_walk_made(a, reply, &made, &count, f);
    }
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        int64_t base = base_of(slots, slot_count, &made[i]);
        const char *names[] = {made[i].ref, made[i].id};
        for (size_t k = 0; status == STATUS_OK && k < 2; k++) {
            if (names[k] != NULL) {
                status = outbox_store_made(d->outbox, names[k], made[i].inspection, base,
                                           made[i].version, f);
            }
            if (status == STATUS_OK && names[k] != NULL) {
                status = outbox_store_told(d->outbox, names[k], work->number, f);
            }
        }
    }
    return status;
}

static enum status
received_keep(struct draining *d, struct arena *a, const struct outbox_work *work,
              const struct rectify_answer *answer, struct fault *f)
{
    struct outbox_receipt kept = {
        .parsed = answer->receipt, .verdict = verdict_first(work->method), .now_ms = now_wall_ms()};
    unsigned char *reply = NULL;
    unsigned char *receipt = NULL;
    enum status status = wire_pack(a, answer->message, &reply, &kept.reply_size);
    if (status == STATUS_OK && answer->receipt != NULL) {
        status = wire_pack(a, &answer->receipt->base, &receipt, &kept.receipt_size);
    }
    if (status != STATUS_OK) {
        return fault_memory(f);
    }
    kept.reply = reply;
    kept.receipt = receipt;
    status = outbox_store_begin(d->outbox, f);
    if (status != STATUS_OK) {
        return status;
    }
    status = outbox_store_received(d->outbox, work->number, &kept, f);
    if (status == STATUS_OK) {
        status = made_keep(d, a, work, answer->message, f);
    }
    if (status != STATUS_OK) {
        outbox_store_rollback(d->outbox);
        return status;
    }
    return outbox_store_commit(d->outbox, f);
}

/* The server's sentence, and each field that was wrong on a line of its own. */
static const char *
refusal_text(struct draining *d, struct arena *a, const struct fault *why)
{
    const struct rectify_outcome *outcome = rectify_channel_outcome(d->channel);
    const char *text = arena_strdup(a, why->message);
    for (size_t i = 0; text != NULL && i < outcome->violation_count; i++) {
        const Pb__FieldViolation *v = outcome->violations[i];
        if (v->message != NULL && strncmp(v->message, why->message, strlen(why->message)) != 0) {
            text = arena_printf(a, "%s\n%s", text, v->message);
        }
    }
    return text != NULL ? text : why->message;
}

static enum status
settled_tell(struct draining *d, int64_t number, struct fault *f)
{
    struct arena a;
    struct rectify_item item;
    if (d->options->settled == NULL) {
        return STATUS_OK;
    }
    outbox_arena_init(&a);
    enum status status = outbox_store_item(d->outbox, &a, number, &item, f);
    if (status == STATUS_OK) {
        d->options->settled(d->options->user, &item);
    }
    arena_release(&a);
    return status;
}

static enum status
refused_keep(struct draining *d, const struct outbox_work *work, const struct fault *why,
             const char *text, struct fault *f)
{
    enum status status = outbox_store_refused(d->outbox, work->number, why, text, f);
    if (status == STATUS_OK) {
        d->result->refused++;
        d->odd_in_a_row = 0;
        status = settled_tell(d, work->number, f);
    }
    return status;
}

/* No answer that can be read: passed over now; set aside when that happens again and again while
 * others go through. Two in a row with nothing between: it is the server. */
static enum status
odd_keep(struct draining *d, const struct outbox_work *work, const struct fault *why,
         struct fault *f)
{
    struct rectify_outbox_counts counts;
    enum status status = outbox_store_failed(d->outbox, work->number, why, true, f);
    if (status == STATUS_OK) {
        status = outbox_store_counts(d->outbox, &counts, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (work->odd + 1 >= OUTBOX_ODD_MAX && counts.received > 0) {
        return refused_keep(d, work, why, why->message, f);
    }
    d->odd++;
    d->result->why = *why;
    if (++d->odd_in_a_row > 1) {
        (void)ended(d, RECTIFY_DRAIN_LINE, why);
    }
    return STATUS_OK;
}

/* ---- sending one item ---- */

/* The item is put under whom it was given for; uploads too. */
static enum status
call_make(struct draining *d, struct arena *a, const struct outbox_work *work,
          struct rectify_answer *ret_answer, struct fault *f)
{
    struct rectify_method method;
    ProtobufCMessage *message = NULL;
    enum status status = rectify_method_find(work->method, &method, f);
    if (status == STATUS_OK) {
        status = wire_unpack(a, method.request, work->frozen, work->frozen_size, &message, f);
    }
    if (status != STATUS_OK) {
        return status;
    }
    struct rectify_request request = {.method = work->method,
                                      .message = message,
                                      .key = work->key,
                                      .has_expected_version = work->has_expected_version,
                                      .expected_version = work->expected_version,
                                      .timeout_ms = work->timeout_ms,
                                      .given_at_ms = work->queued_at_ms};
    return rectify_call(d->channel, a, &request, ret_answer, f);
}

/* A line that failed: what never reached the server waits as before, and may still be dropped. */
static enum status
line_keep(struct draining *d, const struct outbox_work *work, bool first, const struct fault *why,
          struct fault *f)
{
    const struct rectify_outcome *outcome = rectify_channel_outcome(d->channel);
    bool ours = strcmp(outcome->key, work->key) == 0;
    if (first && !(ours && outcome->unknown)) {
        return outbox_store_unsent(d->outbox, work->number, why, f);
    }
    return outbox_store_failed(d->outbox, work->number, why, false, f);
}

static enum status
received_settle(struct draining *d, struct arena *a, const struct outbox_work *work,
                const struct rectify_answer *answer, struct fault *f)
{
    enum status status = received_keep(d, a, work, answer, f);
    if (status == STATUS_OK) {
        d->result->received++;
        d->odd_in_a_row = 0;
        d->outbox->line_failures = 0;
        status = settled_tell(d, work->number, f);
    }
    return status;
}

/* A refusal of what was sent before may be the door's alone (a seat that has ended since), while
 * the command itself was carried out: then the server has its answer under the key. */
static bool
operation_done(struct draining *d, struct arena *a, const struct outbox_work *work,
               struct rectify_answer *ret_answer)
{
    struct rectify_method method;
    struct rectify_answer answer;
    struct rectify_answer found = {.replayed = true};
    Pb__GetOperationRequest get = PB__GET_OPERATION_REQUEST__INIT;
    char *keys[] = {wire_text(work->key)};
    struct rectify_request request = {.method = "rectify.v1.OperationService/GetOperation",
                                      .message = &get.base};
    get.n_keys = 1;
    get.keys = keys;
    if (rectify_method_find(work->method, &method, NULL) != STATUS_OK ||
        rectify_call(d->channel, a, &request, &answer, NULL) != STATUS_OK) {
        return false;
    }
    const Pb__GetOperationReply *reply = (const Pb__GetOperationReply *)answer.message;
    const Pb__Operation *o = reply->n_operations == 1 ? reply->operations[0] : NULL;
    bool done = o != NULL && o->state == PB__OPERATION_STATE__OPERATION_RECORDED && o->has_reply &&
                (o->status == NULL || o->status->code == STATUS_OK);
    if (!done ||
        wire_unpack(a, method.reply, o->reply.len > 0 ? o->reply.data : (const unsigned char *)"",
                    o->reply.len, &found.message, NULL) != STATUS_OK) {
        return false;
    }
    found.receipt = o->receipt;
    *ret_answer = found;
    return true;
}

static enum status
failure_settle(struct draining *d, struct arena *a, const struct outbox_work *work, bool first,
               const struct fault *why, struct fault *f)
{
    struct rectify_answer answer;
    bool door = why->code == STATUS_PERMISSION_DENIED || why->code == STATUS_NOT_FOUND;
    const char *text = refusal_text(d, a, why);
    switch (outcome_of(d, work->key, why)) {
    case OUTCOME_REFUSED:
        if (!first && door && operation_done(d, a, work, &answer)) {
            return received_settle(d, a, work, &answer, f);
        }
        return refused_keep(d, work, why, text, f);
    case OUTCOME_ODD:
        return odd_keep(d, work, why, f);
    case OUTCOME_RECEIVED:
    case OUTCOME_END:
        break;
    }
    bool log = d->result->end == RECTIFY_DRAIN_LOG; /* it was carried out, by whatever server */
    return line_keep(d, work, first && !log, why, f);
}

/* Freezes, marks as sent, sends, keeps the answer. A fault is the disk's. */
static enum status
item_send(struct draining *d, struct arena *a, struct outbox_work *work, struct fault *f)
{
    struct rectify_answer answer;
    struct fault why = {.code = STATUS_OK};
    bool disk = false;
    bool done = false;
    bool first = work->state == RECTIFY_ITEM_QUEUED;
    why.code = outbox_freeze(d->outbox, a, d->channel, work, d->options, &disk, &why);
    if (why.code != STATUS_OK && disk) {
        if (f != NULL) {
            *f = why;
        }
        return why.code;
    }
    if (why.code != STATUS_OK) {
        switch (outcome_of(d, NULL, &why)) {
        case OUTCOME_REFUSED:
            return refused_keep(d, work, &why, refusal_text(d, a, &why), f);
        case OUTCOME_ODD:
            return odd_keep(d, work, &why, f);
        default:
            return outbox_store_failed(d->outbox, work->number, &why, false, f);
        }
    }
    enum status status = outbox_store_sent(d->outbox, work, now_wall_ms(), &done, f);
    if (status != STATUS_OK || !done) {
        return status; /* given up meanwhile */
    }
    why.code = call_make(d, a, work, &answer, &why);
    if (why.code != STATUS_OK) {
        return failure_settle(d, a, work, first, &why, f);
    }
    return received_settle(d, a, work, &answer, f);
}

/* ---- all of them ---- */

/* The next item behind the cursor; SENT ones first. */
static enum status
next_find(struct draining *d, struct arena *a, struct outbox_next *cursor, struct outbox_work *work,
          bool *ret_found, struct fault *f)
{
    cursor->guarded = d->odd > 0;
    enum status status = outbox_store_next(d->outbox, a, cursor, work, ret_found, f);
    if (status == STATUS_OK && !*ret_found && cursor->state == RECTIFY_ITEM_SENT) {
        cursor->state = RECTIFY_ITEM_QUEUED;
        cursor->after_place = 0;
        status = outbox_store_next(d->outbox, a, cursor, work, ret_found, f);
    }
    if (status == STATUS_OK && *ret_found) {
        cursor->after_place = work->place;
    }
    return status;
}

static enum status
items_send(struct draining *d, struct fault *f)
{
    struct outbox_next cursor = {.state = RECTIFY_ITEM_SENT, .only = d->options->only};
    const char *channel_behalf = d->channel->options.on_behalf_of;
    bool found = true;
    enum status status = STATUS_OK;
    while (status == STATUS_OK && found && d->result->end == RECTIFY_DRAIN_EMPTY) {
        struct arena a;
        struct outbox_work work;
        if (d->options->stop != NULL && d->options->stop(d->options->user)) {
            d->result->end = RECTIFY_DRAIN_STOPPED;
            break;
        }
        outbox_arena_init(&a);
        status = next_find(d, &a, &cursor, &work, &found, f);
        if (status == STATUS_OK && found) {
            d->channel->options.on_behalf_of = work.on_behalf_of;
            status = item_send(d, &a, &work, f);
            d->channel->options.on_behalf_of = channel_behalf;
        }
        arena_release(&a);
    }
    if (d->result->end == RECTIFY_DRAIN_EMPTY && d->odd > 0) {
        d->result->end = RECTIFY_DRAIN_LINE; /* passed over, not settled */
    }
    return status;
}

/* Doubles with every drain that failed, half of it by chance; the server's hint is the least. */
static uint32_t
wait_choose(struct rectify_outbox *outbox, const struct fault *why)
{
    uint32_t random = 0;
    unsigned n = outbox->line_failures < WAIT_DOUBLINGS ? outbox->line_failures : WAIT_DOUBLINGS;
    uint32_t wait = (uint32_t)WAIT_FIRST_MS << n;
    wait = wait < WAIT_MAX_MS ? wait : WAIT_MAX_MS;
    outbox->line_failures++;
    secret_random(&random, sizeof random);
    if (wait < why->retry_after_ms) {
        return why->retry_after_ms + random % (why->retry_after_ms / 4 + 1);
    }
    return wait / 2 + random % (wait / 2 + 1);
}

/* After a declared restore of the server: what it may have lost waits again. */
static enum status
restored_look(struct draining *d, struct fault *f)
{
    int64_t since_ms = 0;
    uint64_t count = 0;
    if (!rectify_channel_restored(d->channel, &since_ms)) {
        return STATUS_OK;
    }
    enum status status = rectify_outbox_reoffer(d->outbox, since_ms, &count, f);
    return status == STATUS_OK ? rectify_channel_restored_done(d->channel, since_ms, f) : status;
}

static enum status
drain_leased(struct draining *d, struct fault *f)
{
    struct rectify_outbox_counts counts = {.queued = 0};
    enum status status = restored_look(d, f);
    if (status == STATUS_OK) {
        status = outbox_store_counts(d->outbox, &counts, f);
    }
    if (status != STATUS_OK || counts.queued + counts.sent == 0) {
        return status;
    }
    if (d->options->stop != NULL && d->options->stop(d->options->user)) {
        d->result->end = RECTIFY_DRAIN_STOPPED;
        return STATUS_OK;
    }
    if (door_open(d)) {
        status = restored_look(d, f); /* the look at the log may have brought news */
    }
    if (status == STATUS_OK && d->result->end == RECTIFY_DRAIN_EMPTY) {
        status = items_send(d, f);
    }
    if (d->result->end == RECTIFY_DRAIN_LINE) {
        d->result->wait_ms = wait_choose(d->outbox, &d->result->why);
    }
    return status;
}

enum status
rectify_outbox_drain(struct rectify_outbox *outbox, struct rectify_channel *channel,
                     const struct rectify_drain_options *options, struct rectify_drain *ret_drain,
                     struct fault *f)
{
    static const struct rectify_drain_options none = {.stop = NULL};
    struct rectify_drain result = {.end = RECTIFY_DRAIN_EMPTY};
    struct draining d = {.outbox = outbox,
                         .channel = channel,
                         .options = options != NULL ? options : &none,
                         .result = &result};
    int lease = -1;
    enum status status = lease_take(outbox, &lease, f);
    if (status != STATUS_OK) {
        return status;
    }
    if (lease < 0) {
        result.end = RECTIFY_DRAIN_OTHER;
    } else {
        struct rectify_cache *cache = channel->options.cache;
        channel->options.cache = NULL; /* only the server's own word counts here */
        status = drain_leased(&d, f);
        channel->options.cache = cache;
        (void)close(lease);
    }
    if (status == STATUS_OK) {
        *ret_drain = result;
    }
    return status;
}
