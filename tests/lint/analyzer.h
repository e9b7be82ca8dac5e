/* For clang-tidy only, put before each file: the analyser sees one file at a time and cannot know
 * that these functions of fault.c answer with the error they were given, so it would follow paths
 * on which a refusal returns STATUS_OK. Here it is told. */
#ifndef TESTS_LINT_ANALYZER_H
#define TESTS_LINT_ANALYZER_H

#include "proto/base/fault.h"

#define fault_set(f, code, ...) ((void)fault_set(f, code, __VA_ARGS__), (code))
#define fault_set_field(...) ((void)fault_set_field(__VA_ARGS__), STATUS_INVALID_ARGUMENT)
#define fault_memory(...) ((void)fault_memory(__VA_ARGS__), STATUS_RESOURCE_EXHAUSTED)
#define fault_stale(...) ((void)fault_stale(__VA_ARGS__), STATUS_ABORTED)

#endif
