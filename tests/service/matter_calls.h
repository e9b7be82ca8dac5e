/* Short calls of MatterService for the service tests. */
#ifndef TESTS_SERVICE_MATTER_CALLS_H
#define TESTS_SERVICE_MATTER_CALLS_H

#include "rectify/v1/matter.pb-c.h"
#include "tests/service/slice.h"

/* The input of the next call; cleared by matter_in(). */
static Pb__MatterInput matter_input;

HELPER Pb__MatterInput *
matter_in(void)
{
    pb__matter_input__init(&matter_input);
    return &matter_input;
}

HELPER void
matter_reason(const char *code, const char *text)
{
    matter_input.reason_code = slice_text(code);
    matter_input.reason = slice_text(text);
}

HELPER const Pb__CallReply *
matter_open(int account, const char *kind, const char *command)
{
    Pb__OpenMatterRequest r = PB__OPEN_MATTER_REQUEST__INIT;
    r.kind = slice_text(kind);
    r.command = slice_text(command);
    r.input = &matter_input;
    return slice_call(account, "MatterService/OpenMatter", &r.base);
}

HELPER const Pb__CallReply *
matter_act(int account, const char *ref, const char *command)
{
    Pb__ActOnMatterRequest r = PB__ACT_ON_MATTER_REQUEST__INIT;
    r.ref = slice_text(ref);
    r.command = slice_text(command);
    r.input = &matter_input;
    const Pb__CallReply *reply = slice_call(account, "MatterService/ActOnMatter", &r.base);
    (void)matter_in();
    return reply;
}

/* The command must go through; the matter as it then is. */
HELPER const Pb__Matter *
matter_done(const Pb__CallReply *reply, const char *state)
{
    slice_expect(reply, STATUS_OK, NULL);
    const Pb__Matter *m = slice_unpack(reply, &pb__matter__descriptor);
    assert_string_equal(m->state, state);
    (void)matter_in();
    return m;
}

HELPER const Pb__GetMatterReply *
matter_get(int account, const char *ref)
{
    Pb__GetMatterRequest r = PB__GET_MATTER_REQUEST__INIT;
    r.ref = slice_text(ref);
    return slice_ok(account, "MatterService/GetMatter", &r.base, &pb__get_matter_reply__descriptor);
}

HELPER void
matter_hidden(int account, const char *ref)
{
    Pb__GetMatterRequest r = PB__GET_MATTER_REQUEST__INIT;
    r.ref = slice_text(ref);
    slice_refused(account, "MatterService/GetMatter", &r.base, STATUS_NOT_FOUND, "MATTER_UNKNOWN");
}

/* Whether a command is allowed; "" then, its reason otherwise. */
HELPER const char *
matter_why_not(int account, const char *ref, const char *command)
{
    Pb__GetMatterRequest r = PB__GET_MATTER_REQUEST__INIT;
    r.ref = slice_text(ref);
    const Pb__AllowedCommandsReply *reply = slice_ok(
        account, "MatterService/AllowedCommands", &r.base, &pb__allowed_commands_reply__descriptor);
    for (size_t i = 0; i < reply->n_commands; i++) {
        if (strcmp(reply->commands[i]->command, command) == 0) {
            return reply->commands[i]->allowed ? "" : reply->commands[i]->reason;
        }
    }
    fail_msg("no command %s", command);
    return NULL;
}

/* How many the account's list has. */
HELPER size_t
matter_listed(int account, Pb__ListMattersRequest *r)
{
    const Pb__ListMattersReply *reply = slice_ok(account, "MatterService/ListMatters", &r->base,
                                                 &pb__list_matters_reply__descriptor);
    return reply->n_matters;
}

HELPER size_t
matter_mine(int account)
{
    Pb__ListMattersRequest r = PB__LIST_MATTERS_REQUEST__INIT;
    r.has_mine = r.mine = 1;
    return matter_listed(account, &r);
}

#endif
