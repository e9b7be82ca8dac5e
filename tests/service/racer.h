/* Racers (tests/support/racer.h) for the tests of slice.h. */
#ifndef TESTS_SERVICE_RACER_H
#define TESTS_SERVICE_RACER_H

#include "tests/service/slice.h"
#include "tests/support/racer.h"

/* method without the package: "TableService/DecideTable"; version 0: none expected. */
HELPER void
racer_make(struct racer *x, int account, const char *method, const ProtobufCMessage *request,
           int64_t version)
{
    *x = (struct racer){.door = slice_door};
    slice_expected = version;
    slice_envelope(&x->envelope, account, method, request);
    slice_expected = 0;
}

#endif
