/* clang-format off */
/* librectify: everything a program needs to work with a Rectify server (巡视整改台账).
 *
 *     struct arena a;                          memory of the whole run, freed at once
 *     rectify_places_find, rectify_profile_load    where the server is and who I am
 *     rectify_channel_open                     a channel: one server, one account, one machine
 *     rectify_call                             a call with messages of <rectify/v1/….pb-c.h>
 *     rectify_json_call                        the same with JSON, for languages that bind to C
 *     rectify_outbox_…                         commands kept on the disk, sent when the line allows
 *
 * Promises
 *   Output    nothing is printed, no signal handler or locale is set, the process is never ended.
 *             A broken precondition (a NULL where none may be, a handle used by two threads at
 *             once) is an assertion and aborts; everything else comes back as a status and a fault.
 *   State     none that is global: handles share nothing but the files of the state folder.
 *   Threads   different handles may be used by different threads at the same time; one handle by
 *             one thread at a time, but where its header says more. The transport has threads of
 *             its own (nng); they call nothing of the caller's. After fork() without exec a child
 *             must not use a handle of its parent.
 *   Memory    who owns what is said above each prototype; an arena frees all it holds at once.
 *   Growth    handles are opaque. A structure that callers make ends in `reserved`: whoever
 *             initialises it with {.member = …} leaves that zero, and new members take their room
 *             from it, with zero meaning "as before". struct arena, struct uuid7_source, hashes,
 *             keys and what the log's format lays down (<rectify/export.h>, <rectify/head.h>) are
 *             complete and do not grow. The messages of <rectify/v1/….pb-c.h> grow with the schema
 *             and move the minor version (version.h); JSON needs no rebuilding.
 *   Names     rectify_…, RECTIFY_…, Pb__… and pb__…; the helpers (arena_, fault_, status_, now_,
 *             uuid_, json_, ledger_, merkle_, secret_, receipt_) are linked as rectify_arena_… and
 *             so on (names.h), so that they meet no name of the program's own. C11; no C++.
 */
/* clang-format on */
#ifndef CLIENT_LIB_RECTIFY_H
#define CLIENT_LIB_RECTIFY_H

#include "client/lib/agent_state.h"
#include "client/lib/alerts.h"
#include "client/lib/cache.h"
#include "client/lib/channel.h"
#include "client/lib/evidence.h"
#include "client/lib/file.h"
#include "client/lib/json_call.h"
#include "client/lib/onboard.h"
#include "client/lib/outbox.h"
#include "client/lib/probe.h"
#include "client/lib/profile.h"
#include "client/lib/receipt_check.h"
#include "client/lib/report.h"
#include "client/lib/session.h"
#include "client/lib/state.h"
#include "client/lib/version.h"
#include "proto/ledger/export.h"
#include "proto/ledger/secret.h"
#include "proto/rpc/json.h"

#endif
