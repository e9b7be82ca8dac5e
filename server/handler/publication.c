/* PublicationService: reading publications, what may be done, files, and who may do what. */
#include "server/handler/publication.h"

#include "server/document/notice_docx.h"
#include "server/document/notice_text.h"
#include "server/handler/allowed.h"
#include "server/handler/common.h"
#include "server/handler/request_check.h"

#include <sodium.h>
#include <string.h>

enum { FILE_PIECE = 512 * 1024 };

/* ---- shared ---- */

int
publication_load(struct call *call, struct db_queue *q, const char *ref, bool lock)
{
    int tenant = call->who->tenant;
    if (call->round == 0) {
        struct publication_call *fresh = arena_alloc(call->arena, sizeof *fresh);
        call->data = fresh;
        if (fresh == NULL) {
            return (int)handler_no_memory(call);
        }
        enum status s =
            publication_queue_get(q, tenant, ref == NULL ? "" : ref, lock, &fresh->found);
        return s == STATUS_OK ? CALL_MORE : (int)s;
    }
    struct publication_call *c = call->data;
    enum status s = publication_pick(call, c, ref);
    if (s == STATUS_OK) {
        s = publication_queue_blocks(q, tenant, c->before->id, &c->blocks);
    }
    if (s == STATUS_OK) {
        s = publication_queue_subjects(q, tenant, c->before->id, &c->subjects);
    }
    return s == STATUS_OK
               ? (int)clue_queue_list(q, tenant, c->before->inspection, NULL, NULL, &c->clues)
               : (int)s;
}

enum status
publication_pick(struct call *call, struct publication_call *c, const char *ref)
{
    if (c->found.count == 0) {
        return refuse_unknown(call, "PUBLICATION_UNKNOWN", "通报或报告", ref);
    }
    c->before = &c->found.items[0];
    return STATUS_OK;
}

enum status
publication_hash(struct call *call, struct publication_record *p, const struct block_list *blocks)
{
    unsigned char *sha256 = arena_alloc(call->arena, PUBLICATION_HASH_BYTES);
    char day[DAY_TEXT_SIZE];
    const char *head = arena_printf(call->arena, "%s\n%s\n%d\n%s\n", publication_kind_code(p->kind),
                                    day_print(p->as_of, day), p->plan_no, p->title);
    crypto_hash_sha256_state state;
    if (sha256 == NULL || head == NULL) {
        return handler_no_memory(call);
    }
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, (const unsigned char *)head, strlen(head));
    for (size_t i = 0; i < blocks->count; i++) {
        const Pb__PublicationBlock *b = blocks->items[i];
        const char kind[2] = {(char)('0' + (int)b->kind), '\t'};
        crypto_hash_sha256_update(&state, (const unsigned char *)kind, sizeof kind);
        crypto_hash_sha256_update(&state, (const unsigned char *)b->text, strlen(b->text));
        crypto_hash_sha256_update(&state, (const unsigned char *)"\n", 1);
    }
    crypto_hash_sha256_final(&state, sha256);
    p->sha256 = sha256;
    return STATUS_OK;
}

enum status
publication_judge(const struct publication_call *c, struct fault *fault)
{
    int lines = notice_paper_lines(c->before->title, c->blocks.items, c->blocks.count);
    enum status s = publication_check_clues(&c->blocks, &c->clues, fault);
    return s == STATUS_OK ? publication_check(c->before, &c->blocks, &c->subjects, lines, fault)
                          : s;
}

static bool
fill_subjects(struct call *call, const struct subject_list *list, Pb__PublicationSubject ***ret,
              size_t *ret_count)
{
    *ret = arena_array(call->arena, list->count, sizeof **ret);
    *ret_count = 0;
    for (size_t i = 0; *ret != NULL && i < list->count; i++) {
        (*ret)[i] = publication_subject_message(&list->items[i], call->arena);
        if ((*ret)[i] == NULL) {
            return false;
        }
        ++*ret_count;
    }
    return *ret != NULL;
}

enum status
publication_record_change(struct call *call, const struct publication_record *before,
                          const struct publication_record *next, const char *command,
                          const struct block_list *blocks, const struct subject_list *subjects)
{
    Pb__PublicationRecord *record = call_message(call, &pb__publication_record__descriptor);
    if (record == NULL || (subjects != NULL && !fill_subjects(call, subjects, &record->subjects,
                                                              &record->n_subjects))) {
        return handler_no_memory(call);
    }
    record->publication = publication_message(next, call->arena);
    if (blocks != NULL) {
        record->blocks = blocks->items;
        record->n_blocks = blocks->count;
    }
    if (record->publication == NULL ||
        !call_change(call, "publication", next->id, next->ref, next->version, &record->base)) {
        return handler_no_memory(call);
    }
    Pb__Change *change = call_last_change(call);
    change->command = arena_strdup(call->arena, command);
    change->from_state = before == NULL ? NULL : arena_strdup(call->arena, before->state);
    change->to_state = arena_strdup(call->arena, next->state);
    change->reason = arena_strdup(call->arena, call->reason);
    return change->command == NULL || change->to_state == NULL ? handler_no_memory(call)
                                                               : STATUS_OK;
}

enum status
publication_answer(struct call *call, const struct publication_record *p)
{
    Pb__Publication *reply = publication_message(p, call->arena);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    call->reply = &reply->base;
    return STATUS_OK;
}

/* ---- ListPublications ---- */

static int
list_load(struct call *call, struct db_queue *q)
{
    const Pb__ListPublicationsRequest *r = REQUEST(call, Pb__ListPublicationsRequest);
    struct publication_call *c = arena_alloc(call->arena, sizeof *c);
    bool named = r->inspection != NULL && r->inspection[0] != '\0';
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    return (int)publication_queue_list(q, call->who->tenant, named ? r->inspection : NULL,
                                       r->has_kind ? r->kind : 0, &c->found);
}

static enum status
list_decide(struct call *call)
{
    const struct publication_call *c = call->data;
    Pb__ListPublicationsReply *reply = call_message(call, &pb__list_publications_reply__descriptor);
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    reply->publications = arena_array(call->arena, c->found.count, sizeof *reply->publications);
    for (size_t i = 0; reply->publications != NULL && i < c->found.count; i++) {
        reply->publications[i] = publication_message(&c->found.items[i], call->arena);
        if (reply->publications[i] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_publications++;
    }
    call->reply = &reply->base;
    return reply->publications == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- GetPublication ---- */

static int
get_load(struct call *call, struct db_queue *q)
{
    int ret = publication_load(call, q, REQUEST(call, Pb__GetPublicationRequest)->ref, false);
    struct publication_call *c = call->data;
    return call->round == 1 && ret == STATUS_OK
               ? (int)history_queue(q, call->who->tenant, c->before->id, &c->history)
               : ret;
}

static enum status
get_decide(struct call *call)
{
    const struct publication_call *c = call->data;
    Pb__GetPublicationReply *reply = call_message(call, &pb__get_publication_reply__descriptor);
    if (reply == NULL || !notice_number(c->blocks.items, c->blocks.count, call->arena) ||
        !fill_subjects(call, &c->subjects, &reply->subjects, &reply->n_subjects)) {
        return handler_no_memory(call);
    }
    reply->publication = publication_message(c->before, call->arena);
    reply->blocks = c->blocks.items;
    reply->n_blocks = c->blocks.count;
    reply->history = c->history.items;
    reply->n_history = c->history.count;
    call->reply = &reply->base;
    return reply->publication == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- AllowedCommands ---- */

static int
allowed_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__GetPublicationRequest)->ref, false);
}

static enum status
allowed_decide(struct call *call)
{
    const struct publication_call *c = call->data;
    struct workflow_option options[WORKFLOW_OPTIONS_MAX];
    struct actor actor = call_actor(call);
    struct fault *checked = arena_alloc(call->arena, sizeof *checked);
    if (checked == NULL) {
        return handler_no_memory(call);
    }
    checked->code = publication_judge(c, checked);
    size_t n = publication_options(c->before, &actor, checked, options);
    return allowed_reply(call, options, n, c->before->state, c->before->version);
}

/* ---- ExportPublication ---- */

static int
export_load(struct call *call, struct db_queue *q)
{
    return publication_load(call, q, REQUEST(call, Pb__ExportPublicationRequest)->ref, false);
}

static enum status
make_file(struct call *call, const struct publication_call *c, const char *format,
          unsigned char **ret_bytes, size_t *ret_size)
{
    const struct notice_text text = {
        .title = c->before->title, .blocks = c->blocks.items, .count = c->blocks.count};
    if (!notice_number(text.blocks, text.count, call->arena)) {
        return handler_no_memory(call);
    }
    if (format != NULL && strcmp(format, "docx") == 0) {
        return notice_docx_write(&text, c->before->kind == PB__PUBLICATION_KIND__BRIEFING,
                                 call->arena, ret_bytes, ret_size, &call->fault);
    }
    if (format == NULL || strcmp(format, "txt") != 0) {
        return fault_set_field(&call->fault, "format", "FORMAT", "格式请写 txt 或 docx。");
    }
    const char *plain = NULL;
    enum status s = notice_write(&text, call->arena, &plain, ret_size);
    *ret_bytes = (unsigned char *)(uintptr_t)plain;
    return s == STATUS_OK ? s : handler_no_memory(call);
}

static enum status
export_decide(struct call *call)
{
    const Pb__ExportPublicationRequest *r = REQUEST(call, Pb__ExportPublicationRequest);
    const struct publication_call *c = call->data;
    Pb__PublicationFile *reply = call_message(call, &pb__publication_file__descriptor);
    unsigned char *bytes = NULL;
    size_t size = 0;
    if (reply == NULL) {
        return handler_no_memory(call);
    }
    if (r->has_offset && r->offset < 0) {
        return fault_set_field(&call->fault, "offset", "OFFSET_RANGE", "起始位置不能是负数。");
    }
    enum status s = make_file(call, c, r->format, &bytes, &size);
    if (s != STATUS_OK) {
        return s;
    }
    size_t offset = r->has_offset ? (size_t)r->offset : 0;
    size_t from = offset < size ? offset : size;
    size_t n = size - from < FILE_PIECE ? size - from : FILE_PIECE;
    reply->name = arena_printf(call->arena, "%s-%s.%s", c->before->ref,
                               publication_kind_zh(c->before->kind), r->format);
    reply->has_data = reply->has_size = reply->has_version = 1;
    reply->data.data = bytes + from;
    reply->data.len = n;
    reply->size = (int64_t)size;
    reply->has_next = from + n < size;
    reply->next = (int64_t)(from + n);
    reply->version = c->before->version;
    call->reply = &reply->base;
    return reply->name == NULL ? handler_no_memory(call) : STATUS_OK;
}

/* ---- the table ---- */

#define READ(name, type, answer, verb)                                                             \
    {                                                                                              \
        .method = "rectify.v1.PublicationService/" name, .kind = METHOD_QUERY,                     \
        .auth = AUTH_SESSION, .request = &pb__##type##_request__descriptor,                        \
        .reply = &pb__##answer##__descriptor, .load = verb##_load, .decide = verb##_decide         \
    }
#define WRITE(name, who, type, verb, part, writes)                                                 \
    {                                                                                              \
        .method = "rectify.v1.PublicationService/" name, .kind = METHOD_COMMAND,                   \
        .auth = AUTH_SIGNED, .roles = (who), .request = &pb__##type##_request__descriptor,         \
        .reply = &pb__publication__descriptor, .subjects = part##_subjects, .load = part##_load,   \
        .decide = verb##_decide, .effects = writes##_effects                                       \
    }

static const struct handler rows[] = {
    READ("ListPublications", list_publications, list_publications_reply, list),
    READ("GetPublication", get_publication, get_publication_reply, get),
    READ("AllowedCommands", get_publication, allowed_commands_reply, allowed),
    READ("ExportPublication", export_publication, publication_file, export),
    WRITE("CreatePublication", ROLE_PUBL | ROLE_OFFICE, create_publication, create_publication,
          create_publication, create_publication),
    WRITE("EditPublication", ROLE_PUBL | ROLE_OFFICE, edit_publication, edit_publication,
          edit_publication, publication),
    WRITE("HoldBack", ROLE_OFFICE, hold_back, hold_back, hold_back, publication),
    WRITE("CheckPublication", ROLE_OFFICE, get_publication, check_publication, check_publication,
          publication),
    WRITE("ReturnPublication", ROLE_OFFICE | ROLE_LGROUP, end_publication, return_publication,
          end_publication, publication),
    WRITE("ApprovePublication", ROLE_LGROUP, approve_publication, approve_publication,
          approve_publication, publication),
    WRITE("PublishPublication", ROLE_PUBL | ROLE_OFFICE, approve_publication, publish_publication,
          publish_publication, publication),
    WRITE("CorrectPublication", ROLE_PUBL | ROLE_OFFICE, end_publication, correct_publication,
          correct_publication, correct_publication),
    WRITE("WithdrawPublication", ROLE_PUBL | ROLE_OFFICE, end_publication, withdraw_publication,
          end_publication, publication),
};

const struct handler_table publication_handler_table = {rows, sizeof rows / sizeof rows[0]};
