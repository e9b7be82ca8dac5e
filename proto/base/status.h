/* Status codes: the one result type of this project.
 *
 * The values are those of google.rpc.Code (google/rpc/code.proto), so that a status crosses the
 * wire unchanged. Every function that can fail returns one; out-parameters named ret_* are
 * untouched unless STATUS_OK is returned. Any thread.
 */
#ifndef PROTO_BASE_STATUS_H
#define PROTO_BASE_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_CANCELLED = 1,
    STATUS_UNKNOWN = 2,           /* also: the outcome of a COMMIT is not known */
    STATUS_INVALID_ARGUMENT = 3,  /* the input is wrong whatever the state */
    STATUS_DEADLINE_EXCEEDED = 4, /* not stored: try again with the same key */
    STATUS_NOT_FOUND = 5,         /* also for what the caller may not see */
    STATUS_ALREADY_EXISTS = 6,
    STATUS_PERMISSION_DENIED = 7,
    STATUS_RESOURCE_EXHAUSTED = 8,  /* a queue, cap or memory bound; carries a retry hint */
    STATUS_FAILED_PRECONDITION = 9, /* the state forbids it now */
    STATUS_ABORTED = 10,            /* expected_version is stale; carries the current one */
    STATUS_OUT_OF_RANGE = 11,
    STATUS_UNIMPLEMENTED = 12,
    STATUS_INTERNAL = 13,
    STATUS_UNAVAILABLE = 14, /* not stored: try again with the same key */
    STATUS_DATA_LOSS = 15,
    STATUS_UNAUTHENTICATED = 16,
};

/* Put before the return type of every function whose status must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* The stable English name, "FAILED_PRECONDITION"; "UNKNOWN" for a value that is none. Never NULL.
 */
const char *status_name(enum status code);

/* The Chinese words shown to people, "当前状态不允许"; never NULL. */
const char *status_text_zh(enum status code);

/* The code for a value read from the wire; STATUS_UNKNOWN for one that is not defined. */
enum status status_from_int(int value);

#endif
