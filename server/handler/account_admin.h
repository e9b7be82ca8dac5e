/* What administrators do with accounts, codes and machines, and a person with his own password
 * (account_admin.c); the table of AccountService stands in account.c. */
#ifndef SERVER_HANDLER_ACCOUNT_ADMIN_H
#define SERVER_HANDLER_ACCOUNT_ADMIN_H

#include "proto/ledger/secret.h"
#include "rectify/v1/account.pb-c.h"
#include "server/dispatch/handler.h"
#include "server/store/account.h"

/* A one-time code that an administrator hands out. */
struct new_code {
    unsigned char sha256[SECRET_HASH_BYTES];
    struct enrol_code_record stored; /* of that code, when it was given out before */
};

/* Codes come from a program, not from a person's head: reading one, judging its form and that it
 * was never given out, and storing it. purpose: ENROL or PASSWORD; org_id may be NULL. */
MUST_CHECK enum status code_load(struct call *call, struct db_queue *q, const char *text,
                                 struct new_code *code);
MUST_CHECK enum status code_check(struct call *call, const char *field, const char *text,
                                  const struct new_code *code);
MUST_CHECK enum status code_give(struct call *call, struct db_queue *q, const struct new_code *code,
                                 const char *account_id, const char *purpose, const char *org_id);
/* INVALID_ARGUMENT PASSWORD_LENGTH. */
MUST_CHECK enum status check_password(struct call *call, const char *password, const char *field);
/* The same, then hashes it and adds the change of that account to the call's event. */
MUST_CHECK enum status password_replace(struct call *call, const struct account_record *account,
                                        const char *password, const char **ret_hash);
/* The hash to verify against; NULL, which no password fits, when none is set or it is disabled. */
const char *account_password(const struct account_record *account);

/* AddAccount and ImportAccounts (account_add.c). */
void add_account_subjects(const struct call *call, struct subject_set *set);
int add_account_load(struct call *call, struct db_queue *q);
enum status add_account_decide(struct call *call);
void import_accounts_subjects(const struct call *call, struct subject_set *set);
int import_accounts_load(struct call *call, struct db_queue *q);
enum status import_accounts_decide(struct call *call);
enum status add_accounts_effects(struct call *call, struct db_queue *q);

/* What is done to an account (account_order.c). */
void account_order_subjects(const struct call *call, struct subject_set *set);
int account_order_load(struct call *call, struct db_queue *q);
enum status account_disable_decide(struct call *call);
enum status account_disable_effects(struct call *call, struct db_queue *q);
enum status account_enable_decide(struct call *call);
enum status account_enable_effects(struct call *call, struct db_queue *q);
enum status account_unlock_decide(struct call *call);
enum status account_unlock_effects(struct call *call, struct db_queue *q);
enum status account_reset_decide(struct call *call);
enum status account_reset_effects(struct call *call, struct db_queue *q);
void set_password_subjects(const struct call *call, struct subject_set *set);
int set_password_load(struct call *call, struct db_queue *q);
enum status set_password_decide(struct call *call);
enum status set_password_effects(struct call *call, struct db_queue *q);
int accounts_load(struct call *call, struct db_queue *q);
enum status accounts_decide(struct call *call);
int account_allowed_load(struct call *call, struct db_queue *q);
enum status account_allowed_decide(struct call *call);

int add_code_load(struct call *call, struct db_queue *q);
enum status add_code_decide(struct call *call);
enum status add_code_effects(struct call *call, struct db_queue *q);

int password_load(struct call *call, struct db_queue *q);
enum status password_decide(struct call *call);
enum status password_effects(struct call *call, struct db_queue *q);

/* EnrolMachine (enrolment.c). */
int enrol_load(struct call *call, struct db_queue *q);
enum status enrol_decide(struct call *call);
enum status enrol_effects(struct call *call, struct db_queue *q);

/* What the log and lists say of a machine; NULL when memory is out. */
Pb__Machine *machine_message(struct call *call, const struct machine_record *m);
int machines_load(struct call *call, struct db_queue *q);
enum status machines_decide(struct call *call);

int revoke_load(struct call *call, struct db_queue *q);
enum status revoke_decide(struct call *call);
enum status revoke_effects(struct call *call, struct db_queue *q);

/* Counts a wrong password; the refusal's effects are written all the same (account.c). */
void account_failed(struct call *call, struct account_record *account);
/* RESOURCE_EXHAUSTED LOGIN_LOCKED with the time left (account.c). */
enum status account_refuse_locked(struct call *call, const struct account_record *account);

#endif
