#include "server/handler/permissions.h"

#include "proto/base/wire_text.h"
#include "rectify/v1/system.pb-c.h"
#include "server/handler/all.h"
#include "server/handler/common.h"
#include "server/service/role.h"

#include <string.h>

enum { NAME_SIZE = 128, WORDS_SIZE = 512 };

struct matrix {
    struct call *call;
    const Pb__ListPermissionsRequest *asked;
    Pb__ListPermissionsReply *reply;
    size_t capacity;
};

/* One name of the matrix, whatever the role. */
struct subject {
    const char *kind;
    const char *name;
    const char *name_zh;
    const char *when;
    const char *guards;
};

/* Judging one's own work is what rule 4 forbids; a leader or a special group has no own work, it
 * has what it oversees. */
struct permission
permission_of_command(const struct workflow_machine *machine, const char *command, uint32_t role)
{
    struct permission p = {false, false};
    for (size_t i = 0; i < machine->edge_count; i++) {
        const struct workflow_edge *e = &machine->edges[i];
        if (strcmp(e->command, command) != 0 || (e->who & role) == 0) {
            continue;
        }
        bool judges = ((e->when | e->guard) & GUARD_BIT(GUARD_INDEPENDENT)) != 0;
        bool oversees = (role & (ROLE_LEADER | ROLE_SGROUP)) != 0;
        p.own = p.own || !judges || oversees;
        p.foreign = p.foreign || (role & ROLE_RELATIVE) == 0;
    }
    return p;
}

/* A row for everybody shows each what he may see; a row with roles is those roles' office. */
struct permission
permission_of_method(const struct handler *h, uint32_t role)
{
    bool inside = h->auth == AUTH_SYSTEM;
    bool may =
        inside ? role == ROLE_SYS : role != ROLE_SYS && (h->roles == 0 || (h->roles & role) != 0);
    bool office = h->roles != 0 && (role & (ROLE_RELATIVE | ROLE_POSITIONS)) == 0;
    return (struct permission){may, may && (office || (role & ROLE_SEES_ALL) != 0)};
}

static bool
wanted(const char *asked, const char *text)
{
    return asked == NULL || asked[0] == '\0' || strcmp(asked, text) == 0;
}

static enum status
add(struct matrix *m, const struct subject *s, uint32_t role, struct permission p)
{
    struct call *call = m->call;
    if (!p.own && !p.foreign) {
        return STATUS_OK;
    }
    if (!wanted(m->asked->role, role_name(role))) {
        return STATUS_OK;
    }
    Pb__ListPermissionsReply *reply = m->reply;
    Pb__Permission **slot = arena_grow(call->arena, (void **)&reply->permissions,
                                       reply->n_permissions, &m->capacity, sizeof *slot);
    Pb__Permission *out = call_message(call, &pb__permission__descriptor);
    if (slot == NULL || out == NULL) {
        return handler_no_memory(call);
    }
    out->kind = wire_text(s->kind);
    out->name = wire_text(s->name);
    out->name_zh = wire_text(s->name_zh);
    out->role = wire_text(role_name(role));
    out->role_zh = wire_text(role_zh(role));
    out->has_own = out->has_foreign = 1;
    out->own = p.own;
    out->foreign = p.foreign;
    out->when = wire_text(s->when);
    out->guards = wire_text(s->guards);
    *slot = out;
    reply->n_permissions++;
    return STATUS_OK;
}

static bool
named(const struct matrix *m, const char *kind, const char *name)
{
    const char *part = m->asked->name;
    return wanted(m->asked->kind, kind) &&
           (part == NULL || part[0] == '\0' || strstr(name, part) != NULL);
}

/* ---- methods ---- */

static const char *const auths[] = {
    [AUTH_PUBLIC] = "PUBLIC", [AUTH_MACHINE] = "MACHINE", [AUTH_SESSION] = "SESSION",
    [AUTH_SIGNED] = "SIGNED", [AUTH_SYSTEM] = "SYSTEM",
};

static enum status
add_method(struct matrix *m, const struct handler *h)
{
    static const char package[] = "rectify.v1.";
    const struct subject subject = {
        .kind = "METHOD", .name = h->method + sizeof package - 1, .when = auths[h->auth]};
    enum status s = STATUS_OK;
    for (uint32_t bit = 0; s == STATUS_OK && bit < ROLE_COUNT; bit++) {
        if (named(m, subject.kind, subject.name)) {
            s = add(m, &subject, 1U << bit, permission_of_method(h, 1U << bit));
        }
    }
    return s;
}

/* ---- commands ---- */

/* Adds a word once. */
static void
add_word(char *words, size_t size, const char *word)
{
    size_t used = strlen(words);
    size_t n = strlen(word);
    for (const char *at = strstr(words, word); at != NULL; at = strstr(at + 1, word)) {
        bool begins = at == words || at[-1] == ' ';
        if (begins && (at[n] == '\0' || at[n] == ' ')) {
            return;
        }
    }
    if (used + n + 2 <= size) {
        memcpy(words + used, " ", used == 0 ? 0 : 1);
        memcpy(words + used + (used == 0 ? 0 : 1), word, n + 1);
    }
}

static void
collect(const struct workflow_machine *machine, const char *command, char *states, char *guards)
{
    states[0] = guards[0] = '\0';
    for (size_t i = 0; i < machine->edge_count; i++) {
        const struct workflow_edge *e = &machine->edges[i];
        if (strcmp(e->command, command) != 0) {
            continue;
        }
        add_word(states, WORDS_SIZE, e->from);
        for (unsigned g = 0; g < GUARD_COUNT; g++) {
            if ((e->guard & GUARD_BIT(g)) != 0) {
                add_word(guards, WORDS_SIZE, guard_code((enum guard)g));
            }
        }
    }
}

static bool
is_first(const struct workflow_machine *machine, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(machine->edges[i].command, machine->edges[index].command) == 0) {
            return false;
        }
    }
    return true;
}

static enum status
add_command(struct matrix *m, const struct workflow_machine *machine, const char *command)
{
    char states[WORDS_SIZE];
    char guards[WORDS_SIZE];
    collect(machine, command, states, guards);
    const struct subject subject = {
        .kind = "COMMAND",
        .name = arena_printf(m->call->arena, "%s:%s", machine->code, command),
        .name_zh =
            arena_printf(m->call->arena, "%s：%s", machine->zh, workflow_command_zh(command)),
        .when = arena_strdup(m->call->arena, states),
        .guards = arena_strdup(m->call->arena, guards),
    };
    if (subject.name == NULL || subject.name_zh == NULL || subject.when == NULL ||
        subject.guards == NULL) {
        return handler_no_memory(m->call);
    }
    enum status s = STATUS_OK;
    for (uint32_t bit = 0; s == STATUS_OK && bit < ROLE_COUNT; bit++) {
        if (named(m, subject.kind, subject.name)) {
            s = add(m, &subject, 1U << bit, permission_of_command(machine, command, 1U << bit));
        }
    }
    return s;
}

static enum status
add_machine(struct matrix *m, const struct workflow_machine *machine)
{
    enum status s = STATUS_OK;
    for (size_t i = 0; s == STATUS_OK && i < machine->edge_count; i++) {
        if (is_first(machine, i)) {
            s = add_command(m, machine, machine->edges[i].command);
        }
    }
    return s;
}

enum status
permissions_decide(struct call *call)
{
    struct matrix m = {
        .call = call,
        .asked = REQUEST(call, Pb__ListPermissionsRequest),
        .reply = call_message(call, &pb__list_permissions_reply__descriptor),
    };
    if (m.reply == NULL) {
        return handler_no_memory(call);
    }
    size_t count = 0;
    const struct handler_table *tables = handler_tables(&count);
    enum status s = STATUS_OK;
    for (size_t t = 0; t < count; t++) {
        for (size_t i = 0; s == STATUS_OK && i < tables[t].count; i++) {
            s = add_method(&m, &tables[t].rows[i]);
        }
    }
    for (unsigned id = 0; s == STATUS_OK && id < WORKFLOW_COUNT; id++) {
        s = add_machine(&m, workflow_machine((enum workflow_id)id));
    }
    call->reply = &m.reply->base;
    return s;
}
