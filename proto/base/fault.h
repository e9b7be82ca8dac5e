/* Fault: why something was refused, in a form a person and a machine can both use.
 *
 * Carried next to an enum status wherever the caller must be told what was wrong, where, and what
 * to do. A value: no pointers, nothing to free; copying is fine. Any thread.
 */
#ifndef PROTO_BASE_FAULT_H
#define PROTO_BASE_FAULT_H

#include "proto/base/status.h"

#include <stdbool.h>
#include <stdint.h>

enum { FAULT_REASON_SIZE = 48, FAULT_MESSAGE_SIZE = 2048, FAULT_FIELD_SIZE = 96 };

struct fault {
    enum status code;
    char reason[FAULT_REASON_SIZE];   /* stable, "STALE_VERSION"; [A-Z0-9_]; listed in reasons.h */
    char message[FAULT_MESSAGE_SIZE]; /* Chinese, whole sentences: what, where, what to do */
    char field[FAULT_FIELD_SIZE];     /* the request field at fault, "rows[3].percent"; may be "" */
    bool has_current_version;
    int64_t current_version; /* with STALE_VERSION */
    uint32_t retry_after_ms; /* 0: no hint */
    uint32_t reserved[8];    /* zero; room to grow */
};

/* Fills f and returns code, so that `return fault_set(f, …);` reads as one step. A message that
 * does not fit is cut at a character boundary. f NULL is accepted (the code alone is returned). */
enum status fault_set(struct fault *f, enum status code, const char *reason, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* The same, naming the field of the request. */
enum status fault_set_field(struct fault *f, const char *field, const char *reason,
                            const char *format, ...) __attribute__((format(printf, 4, 5)));

/* STATUS_RESOURCE_EXHAUSTED, MEMORY: an arena's bound or the machine's memory is used up. */
enum status fault_memory(struct fault *f);

/* STATUS_ABORTED, STALE_VERSION, with the current version. */
enum status fault_stale(struct fault *f, int64_t expected, int64_t current);

#endif
