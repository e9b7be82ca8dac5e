/* What channel.c and session.c share; nobody else includes it. */
#ifndef CLIENT_LIB_CHANNEL_IMPL_H
#define CLIENT_LIB_CHANNEL_IMPL_H

#include "client/lib/channel.h"
#include "client/lib/method.h"
#include "client/lib/state.h"
#include "proto/ledger/head.h"
#include "proto/ledger/key.h"
#include "proto/rpc/client.h"

struct rectify_channel {
    struct rectify_channel_options options;
    struct rpc_client *client;
    struct uuid7_source ids;
    struct ledger_key key;
    bool has_key;
    struct ledger_public ledger;
    bool has_ledger;
    struct ledger_head head; /* newest seen; size 0: none */
    bool no_proofs;          /* the server is too old to prove its log */
    int64_t proven_ms;       /* steady: when this channel last had the log proven; 0: never */
    char machine[UUID_TEXT_SIZE];
    struct rectify_session session; /* token "" : none */
    bool offline;                   /* the line has failed, and answers may come from the cache */
    int64_t clock_offset_ms;        /* the server's clock less this machine's, as last seen */
    struct arena last;              /* the violations of the last call */
    struct rectify_outcome outcome;
};

/* rectify_call without logging in again. */
MUST_CHECK enum status rectify_channel_send(struct rectify_channel *channel, struct arena *a,
                                            const struct rectify_request *request,
                                            struct rectify_answer *ret_answer, struct fault *f);

/* Loads the machine key when its file is there. */
MUST_CHECK enum status rectify_channel_key_load(struct rectify_channel *channel, struct fault *f);

#endif
