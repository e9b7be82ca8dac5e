/* MatterService: clues (问题线索), of which only a number and a 办结 flag are kept. */
#include "proto/base/wire_text.h"
#include "server/handler/common.h"
#include "server/handler/matter.h"
#include "server/handler/request_check.h"

#include <string.h>

enum { NUMBER_MAX = 32 };

struct clue_call {
    struct clue_list found;
    struct inspection_list inspections;
    struct problem_list problems;
    struct clue_record next;
};

static const char *
given(const char *text)
{
    return text == NULL || text[0] == '\0' ? NULL : text;
}

static Pb__Clue *
clue_message(struct call *call, const struct clue_record *c)
{
    Pb__Clue *out = call_message(call, &pb__clue__descriptor);
    if (out != NULL) {
        out->id = wire_text(c->id);
        out->number = wire_text(c->number);
        out->inspection = wire_text(c->inspection);
        out->problem_ref = wire_text(c->problem_ref);
        out->has_done = out->has_version = 1;
        out->done = c->done;
        out->version = c->version;
    }
    return out;
}

void
clue_subjects(const struct call *call, struct subject_set *set)
{
    const Pb__RecordClueRequest *r = REQUEST(call, Pb__RecordClueRequest);
    subject_add(set, "clue", r->number == NULL ? "" : r->number);
}

int
clue_load(struct call *call, struct db_queue *q)
{
    const Pb__RecordClueRequest *r = REQUEST(call, Pb__RecordClueRequest);
    struct clue_call *c = arena_alloc(call->arena, sizeof *c);
    call->data = c;
    if (c == NULL) {
        return (int)handler_no_memory(call);
    }
    size_t n = r->number == NULL ? 0 : strlen(r->number);
    static const char allowed[] = "0123456789-ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    if (n < 1 || n > NUMBER_MAX || strspn(r->number, allowed) != n) {
        return (int)fault_set_field(&call->fault, "number", "CLUE_NUMBER",
                                    "线索只登记编号（1 至 %d 个字母、数字或短横），"
                                    "不得填写任何内容。",
                                    NUMBER_MAX);
    }
    int tenant = call->who->tenant;
    enum status s = clue_queue_list(q, tenant, given(r->inspection), NULL, r->number, &c->found);
    if (s == STATUS_OK) {
        s = inspection_queue_all(q, tenant, &c->inspections);
    }
    if (s == STATUS_OK && given(r->problem_ref) != NULL) {
        struct problem_filter filter = {.ref = r->problem_ref,
                                        .inspection = given(r->inspection),
                                        .item_no = -1,
                                        .as_of = call->today};
        s = problem_queue_list(q, tenant, &filter, &c->problems);
    }
    return (int)s;
}

/* The inspection a new clue belongs to. */
static const struct inspection_record *
inspection_of(const struct clue_call *c, const char *code)
{
    for (size_t i = 0; i < c->inspections.count; i++) {
        const struct inspection_record *one = &c->inspections.items[i];
        if (code == NULL ? c->inspections.count == 1 : strcmp(one->code, code) == 0) {
            return one;
        }
    }
    return NULL;
}

static enum status
new_clue(struct call *call, const Pb__RecordClueRequest *r)
{
    struct clue_call *c = call->data;
    const struct inspection_record *in = inspection_of(c, given(r->inspection));
    if (in == NULL) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "请写明是哪一次巡视（代码）。");
    }
    if (given(r->problem_ref) != NULL && c->problems.count != 1) {
        return refuse_unknown(call, "PROBLEM_UNKNOWN", "问题", r->problem_ref);
    }
    const struct problem_record *p = c->problems.count == 1 ? &c->problems.items[0] : NULL;
    c->next = (struct clue_record){
        .id = call_new_id(call),
        .number = r->number,
        .inspection_id = in->id,
        .inspection = in->code,
        .problem_id = p == NULL ? NULL : p->id,
        .problem_ref = p == NULL ? NULL : p->ref,
    };
    return STATUS_OK;
}

enum status
clue_decide(struct call *call)
{
    const Pb__RecordClueRequest *r = REQUEST(call, Pb__RecordClueRequest);
    struct clue_call *c = call->data;
    enum status s = STATUS_OK;
    if (c->found.count > 1) {
        return fault_set_field(&call->fault, "inspection", "INSPECTION_NEEDED",
                               "不止一次巡视有这个编号的线索，请写明巡视的代码。");
    }
    if (c->found.count == 1) {
        c->next = c->found.items[0];
        s = check_expected(call, c->next.version);
    } else {
        s = new_clue(call, r);
    }
    if (s != STATUS_OK) {
        return s;
    }
    c->next.done = r->has_done ? r->done : c->next.done;
    struct clue_record after = c->next;
    after.version++;
    Pb__Clue *record = clue_message(call, &after);
    if (record == NULL ||
        !call_change(call, "clue", after.id, after.number, after.version, &record->base)) {
        return handler_no_memory(call);
    }
    call->reply = &record->base;
    return STATUS_OK;
}

enum status
clue_effects(struct call *call, struct db_queue *q)
{
    const struct clue_call *c = call->data;
    return clue_queue_write(q, call->who->tenant, &c->next, call->event_id);
}

int
list_clues_load(struct call *call, struct db_queue *q)
{
    const Pb__ListCluesRequest *r = REQUEST(call, Pb__ListCluesRequest);
    struct clue_list *found = arena_alloc(call->arena, sizeof *found);
    call->data = found;
    return found == NULL ? (int)handler_no_memory(call)
                         : (int)clue_queue_list(q, call->who->tenant, given(r->inspection),
                                                given(r->problem_ref), NULL, found);
}

enum status
list_clues_decide(struct call *call)
{
    const Pb__ListCluesRequest *r = REQUEST(call, Pb__ListCluesRequest);
    const struct clue_list *found = call->data;
    Pb__ListCluesReply *reply = call_message(call, &pb__list_clues_reply__descriptor);
    Pb__Clue **list = arena_array(call->arena, found->count, sizeof *list);
    if (reply == NULL || list == NULL) {
        return handler_no_memory(call);
    }
    reply->clues = list;
    for (size_t i = 0; i < found->count; i++) {
        if (r->has_open && r->open && found->items[i].done) {
            continue;
        }
        list[reply->n_clues] = clue_message(call, &found->items[i]);
        if (list[reply->n_clues] == NULL) {
            return handler_no_memory(call);
        }
        reply->n_clues++;
    }
    call->reply = &reply->base;
    return STATUS_OK;
}
