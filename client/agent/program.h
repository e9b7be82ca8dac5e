/* Program: runs another program (the hook, notify-send) by its argument vector, never by a shell.
 *
 * It gets what is written for it on its standard input, nothing of our output, no descriptor of
 * ours, a short environment without secrets, and a process group of its own, which is killed whole
 * when its time is over. Any thread; blocks until it has ended.
 */
#ifndef CLIENT_AGENT_PROGRAM_H
#define CLIENT_AGENT_PROGRAM_H

#include "proto/base/fault.h"

#include <stdbool.h>
#include <stdint.h>

/* Borrowed. */
struct program {
    const char *const *argv;  /* argv[0] is the path; NULL at the end */
    const char *input;        /* its standard input; NULL: nothing */
    const char *const *extra; /* "NAME=value" for its environment; NULL at the end; may be NULL */
    uint32_t limit_ms;
    bool (*stop)(void *user); /* NULL: never; when true it is killed */
    void *user;
};

/* OK when it ended with 0. UNAVAILABLE PROGRAM_START (no such file, no right to run it),
 * PROGRAM_EXIT (another code, or a signal: the message says which); DEADLINE_EXCEEDED
 * PROGRAM_TIME; CANCELLED PROGRAM_STOPPED; RESOURCE_EXHAUSTED MEMORY. */
MUST_CHECK enum status program_run(const struct program *program, struct fault *f);

/* The path of a program in $PATH, malloc'd; NULL: there is none. */
char *program_find(const char *name);

#endif
