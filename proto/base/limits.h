/* Every bound of the system, with its unit. Bounds that depend on each other are tied by
 * _Static_assert, so that nobody moves one alone. Constants; any thread. */
#ifndef PROTO_BASE_LIMITS_H
#define PROTO_BASE_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* ---- frames and messages (bytes) ---- */
#define LIMIT_FRAME_BYTES ((size_t)1024 * 1024)       /* one SP message, header included */
#define LIMIT_PAYLOAD_BYTES ((size_t)960 * 1024)      /* the payload inside an envelope */
#define LIMIT_CHUNK_BYTES ((size_t)256 * 1024)        /* one piece of a file */
#define LIMIT_REPLY_STORED_BYTES ((size_t)4 * 1024)   /* a command's reply, kept for replays */
#define LIMIT_UNPACK_BYTES ((size_t)16 * 1024 * 1024) /* arena of one request */
#define LIMIT_BATCH_BYTES ((size_t)64 * 1024 * 1024)  /* arena of one batch's results */
#define LIMIT_WIRE_DEPTH 12                           /* nested messages */
#define LIMIT_WIRE_FIELDS 65536                       /* fields in one message, nested included */
#define LIMIT_WIRE_REPEATED 20000                     /* elements of one repeated field */
#define LIMIT_SP_HOPS 8                               /* words of an SP backtrace */

/* ---- text (bytes of UTF-8 unless said) ---- */
#define LIMIT_NAME_BYTES 256   /* names of people, units, files */
#define LIMIT_TEXT_BYTES 16384 /* narrative, reason, measure text */
#define LIMIT_METHOD_BYTES 96  /* "rectify.v1.MeasureService/SignFor" */
#define LIMIT_PASSWORD_BYTES 256
#define LIMIT_LIST_ROWS 2000        /* rows in one reply; more by page token */
#define LIMIT_TABLE_ROWS 1000       /* rows of one 自查汇总表 */
#define LIMIT_IMPORT_MEASURES 20000 /* one imported document */

/* ---- files ---- */
#define LIMIT_EVIDENCE_BYTES ((int64_t)256 * 1024 * 1024) /* one evidence file */
#define LIMIT_UPLOADS_PER_ORG 64                          /* unfinished uploads */

/* ---- a client's disk (bytes) ---- */
#define LIMIT_CACHE_BYTES ((int64_t)32 * 1024 * 1024) /* answers kept for when the line is down */

/* ---- connections and queues (counts) ---- */
#define LIMIT_CONN_TOTAL 20000
#define LIMIT_CONN_UNAUTHENTICATED 128 /* beyond it the oldest is closed */
#define LIMIT_CONN_PER_MACHINE 32      /* authenticated, by machine key */
#define LIMIT_INFLIGHT_PER_CONN 16     /* calls not yet answered */
#define LIMIT_QUEUE_COMMAND 4096
#define LIMIT_QUEUE_QUERY 2048
#define LIMIT_QUEUE_SLOW 256 /* logins, imports */
#define LIMIT_PARKED 10000
#define LIMIT_BATCH_COMMANDS 64 /* commands that share one COMMIT */
#define LIMIT_SUBJECTS 1100     /* subjects one command may lock */

/* ---- time (milliseconds unless said) ---- */
#define LIMIT_HANDSHAKE_MS 6000
#define LIMIT_FRAME_READ_MS 20000   /* from a frame's first byte to its last */
#define LIMIT_REPLY_WRITE_MS 30000  /* from a reply's first byte to its last: slow readers go */
#define LIMIT_PROBE_MS 15000        /* how often a server tries its own listener */
#define LIMIT_CONN_IDLE_MS 900000   /* nothing in flight and nothing parked */
#define LIMIT_UNAUTH_IDLE_MS 30000  /* connected and never authenticated */
#define LIMIT_CALL_DEFAULT_MS 10000 /* when the envelope names no timeout */
#define LIMIT_CALL_MAX_MS 120000
#define LIMIT_PARK_MAX_MS 60000
#define LIMIT_DRAIN_MS 10000       /* SIGTERM to exit */
#define LIMIT_CLOCK_SKEW_MS 600000 /* stated time of a signed call against ours */
#define LIMIT_REFUSAL_MS 60000     /* every handshake hung up: the line's fault until then */

/* ---- the enrolment door: strangers knock there ---- */
#define LIMIT_ONBOARD_CONN 64                         /* connections */
#define LIMIT_ONBOARD_FRAME_BYTES ((size_t)16 * 1024) /* one SP message in */
#define LIMIT_ONBOARD_READ_MS 5000
#define LIMIT_ONBOARD_IDLE_MS 10000

/* ---- accounts ---- */
#define LIMIT_LOGIN_FAILURES 5              /* then locked */
#define LIMIT_LOGIN_LOCK_MS 900000          /* 15 minutes */
#define LIMIT_SESSION_IDLE_MS 43200000LL    /* 12 hours */
#define LIMIT_SESSION_TOTAL_MS 2592000000LL /* 30 days */
#define LIMIT_ENROL_CODE_MS 604800000LL     /* 7 days */
#define LIMIT_ONBOARD_AGAIN_MS 3600000      /* after its use, a code still sets a password */
#define LIMIT_AGENT_REPORT_MS 60000         /* between two heartbeats */
#define LIMIT_AGENT_QUIET_MS 180000         /* heard longer ago: offline */
#define LIMIT_AGENT_CLONE_MS 604800000LL    /* how long two copies of a machine are pointed out */

/* ---- audit ---- */
#define LIMIT_UNSEALED_MS 60000 /* an unsealed tail older than this is an error to a verifier */
#define LIMIT_LEDGER_BODY_BYTES ((size_t)4 * 1024 * 1024) /* one event's body in the log */
#define LIMIT_TENANT_BYTES 64                             /* a tenant's code */
#define LIMIT_EVENT_ID_BYTES 64                           /* text of an event id in an export */
#define LIMIT_RESTORE_REASON_BYTES 500                    /* of a declared restore */
#define LIMIT_RESTORES_LISTED 100                         /* declarations in one reply */
#define LIMIT_CONSISTENCY_SIZES 8      /* sizes one GetConsistency may ask about */
#define LIMIT_OPERATION_KEYS 100       /* keys one GetOperation may ask about */
#define LIMIT_HEADS_VERIFY_MS 600000LL /* a client has its newest head proven this often */
#define LIMIT_HEADS_FRESH_MS 5000      /* a proof of the log is good enough to send what waits */
#define LIMIT_HEADS_KEPT 64            /* newest heads a client keeps, and besides them */
#define LIMIT_HEADS_DAYS 400           /* one of each of so many days */

/* ---- secrets ---- */
#define LIMIT_PASSWORD_MEMORY_BYTES ((size_t)64 * 1024 * 1024) /* argon2id */
#define LIMIT_PASSWORD_OPS 2ULL                                /* argon2id passes */
#define LIMIT_SECRET_FILE_BYTES ((size_t)64 * 1024)            /* a key or password file */

/* ---- the agent on a unit's machine ---- */
#define LIMIT_ALERTS_KEPT_MS 7776000000LL /* 90 days: told alerts on the machine */
#define LIMIT_HOOK_MS 30000               /* one run of the hook; then it is killed */
#define LIMIT_HOOK_TRIES 4                /* the first run and three more, then given up */
#define LIMIT_NOTIFIER_MS 5000            /* one run of notify-send */
#define LIMIT_NOTICES_AT_ONCE 3           /* desktop notifications; the rest are one line */
#define LIMIT_NOTICE_BYTES 600            /* text of a desktop notification */

_Static_assert(LIMIT_PAYLOAD_BYTES + 16384 <= LIMIT_FRAME_BYTES, "an envelope fits into a frame");
_Static_assert(LIMIT_CHUNK_BYTES + 4096 <= LIMIT_PAYLOAD_BYTES, "a chunk fits into a payload");
_Static_assert(LIMIT_REPLY_STORED_BYTES < LIMIT_PAYLOAD_BYTES, "a stored reply fits into a frame");
_Static_assert(LIMIT_TABLE_ROWS < LIMIT_SUBJECTS, "a table's measures can all be locked");
_Static_assert(LIMIT_PARK_MAX_MS < LIMIT_CALL_MAX_MS, "a parked call ends before its deadline");
_Static_assert(LIMIT_CALL_MAX_MS < LIMIT_CONN_IDLE_MS, "a call does not outlive its connection");
_Static_assert(LIMIT_BATCH_COMMANDS <= LIMIT_QUEUE_COMMAND, "a batch can be filled");
_Static_assert(LIMIT_PAYLOAD_BYTES < LIMIT_LEDGER_BODY_BYTES, "an event holds its command");
_Static_assert(LIMIT_WIRE_REPEATED < LIMIT_WIRE_FIELDS, "one field cannot use up all");
_Static_assert(LIMIT_IMPORT_MEASURES <= LIMIT_WIRE_REPEATED, "an import fits one message");

#endif
