/* What administrators do with accounts, codes and machines, and a person with his own password
 * (account_admin.c); the table of AccountService stands in account.c. */
#ifndef SERVER_HANDLER_ACCOUNT_ADMIN_H
#define SERVER_HANDLER_ACCOUNT_ADMIN_H

#include "server/dispatch/handler.h"
#include "server/store/account.h"

void add_account_subjects(const struct call *call, struct subject_set *set);
int add_account_load(struct call *call, struct db_queue *q);
enum status add_account_decide(struct call *call);
enum status add_account_effects(struct call *call, struct db_queue *q);

int add_code_load(struct call *call, struct db_queue *q);
enum status add_code_decide(struct call *call);
enum status add_code_effects(struct call *call, struct db_queue *q);

int password_load(struct call *call, struct db_queue *q);
enum status password_decide(struct call *call);
enum status password_effects(struct call *call, struct db_queue *q);

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
