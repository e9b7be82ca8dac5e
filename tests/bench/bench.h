/* The two sides of the bench: callers of a real server, and the same statements for pgbench. */
#ifndef TESTS_BENCH_BENCH_H
#define TESTS_BENCH_BENCH_H

#include <stdio.h>

#define BENCH_METHOD "rectify.v1.AccountService/AddEnrolCode"

enum { BENCH_CALLERS_MAX = 400, BENCH_NAME_SIZE = 40 };

/* Caller n's ids and token, made from n alone so that both sides agree. */
void bench_account_id(int n, char ret_text[BENCH_NAME_SIZE]);
void bench_machine_id(int n, char ret_text[BENCH_NAME_SIZE]);
void bench_account_name(int n, char ret_text[BENCH_NAME_SIZE]);

/* SQL that makes `count` administrators with a machine, its key and an open session each. */
void bench_print_seed(FILE *out, int count);

/* What one call of BENCH_METHOD sends to the database, as a pgbench script: the registered
 * statements themselves, parameters from pgbench's variables. */
void bench_print_script(FILE *out);

#endif
