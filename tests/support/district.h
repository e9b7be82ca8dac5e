/* District: a whole server in process over this program's database, as people meet it.
 *
 * The tenant "t1" begins as `rectifyd bootstrap` leaves it: the org "admin", the accounts "admin"
 * (ADMIN) and "grant" (GRANT), each with a one-time code, and no machine. From there on everything
 * goes through the door: people enrol machines, log in, and sign their calls. The clock is a fake
 * one: 2026-11-10 09:00 in China. One district a program; single thread; whatever goes wrong fails
 * the running test.
 */
#ifndef TESTS_SUPPORT_DISTRICT_H
#define TESTS_SUPPORT_DISTRICT_H

#include "proto/base/arena.h"
#include "proto/base/uuid7.h"
#include "proto/ledger/key.h"
#include "rectify/v1/account.pb-c.h"
#include "rectify/v1/envelope.pb-c.h"
#include "server/base/clock.h"
#include "server/dispatch/dispatch.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>

#include <cmocka.h>

#define DISTRICT_PASSWORD "correct horse 样例"

/* Somebody at a machine. A zeroed one has neither; texts live in the district's arena. */
struct person {
    const char *account;
    struct ledger_key key;
    const char *machine; /* NULL: not enrolled */
    const char *session; /* NULL: not logged in */
};

struct district {
    struct arena arena;
    struct clock_fake clock;
    struct dispatch *door;
    struct ledger_public log_key;
    struct person admin; /* enrolled and logged in, as is grant */
    struct person grant;
};

extern struct district district;

/* What the server issues certificates with; set before district_open. NULL: it issues none. */
extern const struct issuer *district_issuer;

/* cmocka set-up and tear-down: a fresh database and server; admin and grant are logged in. */
int district_open(void **state);
int district_close(void **state);

/* Moves the clock on. */
void district_pass(int64_t ms);

/* A machine key of a person's own; different numbers are different machines. */
void district_key(struct person *p, unsigned char number);

/* A one-time code as clients make them. */
char *district_code(void);

/* An envelope of this person with a fresh key, signed; method without the package
 * ("OrgService/ImportOrgs"). Change it and sign again as a test needs. */
Pb__CallRequest *district_envelope(const struct person *p, const char *method,
                                   const ProtobufCMessage *request);
void district_sign(Pb__CallRequest *e, const struct ledger_key *key);
const Pb__CallReply *district_send(const Pb__CallRequest *e);

/* The reply as a message of that type; the call must have gone well. */
const void *district_read(const Pb__CallReply *reply, const ProtobufCMessageDescriptor *descriptor);

/* Envelope, signature, sending; district_ok for calls that must go well. */
const Pb__CallReply *district_call(const struct person *p, const char *method,
                                   const ProtobufCMessage *request);
const void *district_ok(const struct person *p, const char *method, const ProtobufCMessage *request,
                        const ProtobufCMessageDescriptor *descriptor);

/* The call must be refused so, in a Chinese sentence; its status. */
const Pb__Status *district_refused(const struct person *p, const char *method,
                                   const ProtobufCMessage *request, enum status code,
                                   const char *reason);
void district_expect(const Pb__CallReply *reply, enum status code, const char *reason);

/* Steps everybody takes. Enrolling takes p->key and sets p->machine; logging in sets p->session. */
const Pb__CallReply *district_enrol(struct person *p, const char *code);
const Pb__CallReply *district_login(struct person *p, const char *password);

/* An org by admin; an account of it with one role, proposed by admin, approved by grant, enrolled
 * (key number) and logged in. */
void district_org(const char *code, const char *name, const char *kind);
struct person district_person(const char *account, const char *org, const char *role,
                              unsigned char key_number);

/* A proposed seat's reference: admin proposes; grant approves it when approve is set. */
const char *district_seat(const char *account, const char *org, const char *role, bool approve);
void district_approve(const char *ref);

/* A number the database answers (superuser). */
long district_number(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The bytes of a file of the source tree ("deploy/sample/…"), or of an absolute path. */
char *district_file(const char *path, size_t *ret_size);

/* What is only read as the char * of generated messages. */
char *district_text(const char *text);

#endif
