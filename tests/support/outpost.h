/* Outpost: a district (district.h) behind a port, and machines of its people that reach it with the
 * client library, as far away as the test's line makes them.
 *
 * Single thread, but for outpost_command; whatever goes wrong fails the running test.
 */
#ifndef TESTS_SUPPORT_OUTPOST_H
#define TESTS_SUPPORT_OUTPOST_H

#include "client/lib/channel.h"
#include "tests/support/district.h"

#include <stdint.h>

/* cmocka set-up and tear-down of a district whose clock says what the machine's says, served over
 * TCP and over TLS on ports of 127.0.0.1, with the office as its one body. */
int outpost_open(void **state);
int outpost_close(void **state);

/* The server plays another release, for the calls that come from now on. */
enum outpost_release {
    OUTPOST_THIS = 0,
    OUTPOST_OLDER,  /* it has not the OperationService: answers as to any method it does not know */
    OUTPOST_NEWER,  /* its replies, receipts, statuses and payloads have fields nobody knows here */
    OUTPOST_BROKEN, /* a field that is known has another type: no release may do that */
};
void outpost_release(enum outpost_release release);

/* Appends fields that no release knows to a packed message of n bytes: a number, a text. The bytes
 * must have room for OUTPOST_UNKNOWN_BYTES more; the new length. Any thread. */
enum { OUTPOST_UNKNOWN_BYTES = 12 };
size_t outpost_unknown_fields(unsigned char *bytes, size_t n);

/* Somebody of the office, logged in. */
const struct person *outpost_clerk(void);

uint16_t outpost_port(bool tls);

/* A machine of a person with its files in folder (made; NULL: one of its own), which reaches the
 * server at that port. Lives in the district's arena. */
struct rectify_profile *outpost_machine(const struct person *p, bool tls, uint16_t port);

/* A command of the clerk's that does something new each time it is carried out: an opinion
 * (意见建议) is taken down. Its request, in the arena. */
ProtobufCMessage *outpost_command(struct arena *a, unsigned number);
#define OUTPOST_METHOD "rectify.v1.MatterService/OpenMatter"

#endif
