/* A shell command, for what openssl or deploy/pki makes. */
#ifndef TESTS_SUPPORT_SHELL_H
#define TESTS_SUPPORT_SHELL_H

#include <stdbool.h>

/* Runs it with bash in a folder, its output in FOLDER/log; true when it exits with 0. */
bool shell_run(const char *folder, const char *command);

#endif
