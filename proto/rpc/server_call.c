/* Calls, from above: answering, asking, authenticating. */
#include "proto/rpc/server_conn.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { REPLY_ROOM = SP_LENGTH_SIZE + SP_BACKTRACE_SIZE }; /* before a reply's payload */

struct conn *
conn_find(struct rpc_server *s, struct rpc_call_handle call)
{
    if (call.conn_slot >= s->slots_n || call.call_slot >= s->limits.inflight_per_conn ||
        (call.call_generation & 1U) == 0) {
        return NULL;
    }
    const struct conn_slot *slot = &s->slots[call.conn_slot];
    if (slot->conn == NULL || slot->generation != call.conn_generation ||
        slot->conn->calls[call.call_slot].generation != call.call_generation) {
        return NULL;
    }
    return slot->conn;
}

/* Under the lock: ends the call. o holds the payload behind room for the largest backtrace; length
 * word and backtrace are put right before it. */
static void
call_answer(struct conn *c, uint32_t index, struct out *o)
{
    struct call_slot *slot = &c->calls[index];
    size_t trace = slot->backtrace_size;
    size_t payload = REPLY_ROOM;
    o->start = payload - trace - SP_LENGTH_SIZE;
    o->sent = o->start;
    sp_length_write(o->n - payload + trace, o->bytes + o->start);
    memcpy(o->bytes + payload - trace, slot->backtrace, trace);
    o->is_reply = true;
    slot->generation++;
    conn_out_append(c, o);
}

enum status
rpc_server_reply(struct rpc_server *s, struct rpc_call_handle call, const unsigned char *bytes,
                 size_t n)
{
    if (n > SP_PAYLOAD_MAX) {
        return STATUS_RESOURCE_EXHAUSTED;
    }
    struct out *o = conn_out_new(REPLY_ROOM + n);
    if (o != NULL && n != 0) {
        memcpy(o->bytes + REPLY_ROOM, bytes, n);
    }
    pthread_mutex_lock(&s->lock);
    struct conn *c = conn_find(s, call);
    if (c == NULL) {
        s->counters.replies_dropped++;
        free(o);
    } else if (o == NULL) {
        conn_close(c); /* the caller learns by the cut that there is no answer */
    } else {
        call_answer(c, call.call_slot, o);
        conn_send(c);
    }
    pthread_mutex_unlock(&s->lock);
    return STATUS_OK;
}

bool
rpc_server_handle_alive(struct rpc_server *s, struct rpc_call_handle call)
{
    pthread_mutex_lock(&s->lock);
    bool alive = conn_find(s, call) != NULL;
    pthread_mutex_unlock(&s->lock);
    return alive;
}

void
rpc_server_conn_authenticated(struct rpc_server *s, struct rpc_call_handle call,
                              const char *machine_id)
{
    assert(machine_id != NULL && machine_id[0] != '\0');
    pthread_mutex_lock(&s->lock);
    struct conn *c = conn_find(s, call);
    if (c != NULL && strncmp(c->machine, machine_id, sizeof c->machine - 1) != 0) {
        conn_table_authenticate(c, machine_id);
        uint32_t count = 0;
        struct conn *oldest = conn_table_machine_oldest(s, machine_id, &count);
        if (count > s->limits.conn_per_machine) {
            s->counters.evicted_machine++;
            conn_close(oldest);
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void
rpc_server_machine_close(struct rpc_server *s, const char *machine_id)
{
    uint32_t count = 1;
    pthread_mutex_lock(&s->lock);
    while (count > 0) {
        struct conn *c = conn_table_machine_oldest(s, machine_id, &count);
        if (c != NULL) {
            conn_close(c);
        }
    }
    pthread_mutex_unlock(&s->lock);
}
