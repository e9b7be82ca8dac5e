/* Workflow tables as text: for the documentation, and for the database's edge table. */
#include "server/service/workflow.h"

#include <string.h>

static void
print_guards(FILE *out, uint64_t mask)
{
    const char *between = "";
    for (unsigned g = 0; g < GUARD_COUNT; g++) {
        if ((mask & GUARD_BIT(g)) != 0) {
            fprintf(out, "%s`%s`", between, guard_code((enum guard)g));
            between = ", ";
        }
    }
}

static void
print_edge(FILE *out, const struct workflow_machine *m, const struct workflow_edge *e)
{
    char who[ROLE_NAMES_SIZE];
    bool begins = strcmp(e->from, STATE_NONE) == 0;
    fprintf(out, "| %s%s%s | `%s` %s | `%s` %s | %s | ", begins ? "–" : "`", begins ? "" : e->from,
            begins ? "" : "`", e->command, workflow_command_zh(e->command), e->to,
            workflow_state_zh(m, e->to), role_names(e->who, who, sizeof who));
    print_guards(out, e->when);
    fputs(" | ", out);
    print_guards(out, e->guard);
    fprintf(out, " | %s |\n", e->why);
}

void
workflow_print_markdown(FILE *out, const struct workflow_machine *machine)
{
    fprintf(out, "## %s (`%s`)\n\n", machine->zh, machine->code);
    fputs("| state | 状态 | final |\n|---|---|---|\n", out);
    for (size_t i = 0; i < machine->state_count; i++) {
        const struct workflow_state *s = &machine->states[i];
        fprintf(out, "| `%s` | %s | %s |\n", s->code, s->zh, s->final ? "yes" : "");
    }
    fputs("\nA guard is named by the code it refuses with; `when` is taken if that refusal does "
          "not apply.\n\n",
          out);
    fputs("| from | command | to | who | when | guard | why |\n|---|---|---|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < machine->edge_count; i++) {
        print_edge(out, machine, &machine->edges[i]);
    }
    fputc('\n', out);
}

/* Several edges (by role or `when`) can be one row of the database's table. */
static bool
edge_printed(const struct workflow_machine *m, size_t index)
{
    const struct workflow_edge *e = &m->edges[index];
    for (size_t i = 0; i < index; i++) {
        const struct workflow_edge *o = &m->edges[i];
        if (strcmp(o->from, e->from) == 0 && strcmp(o->command, e->command) == 0 &&
            strcmp(o->to, e->to) == 0) {
            return true;
        }
    }
    return false;
}

void
workflow_sql_edges(FILE *out, const char *table)
{
    const char *between = "\n";
    fprintf(out, "INSERT INTO %s (machine, from_state, command, to_state) VALUES", table);
    for (unsigned id = 0; id < WORKFLOW_COUNT; id++) {
        const struct workflow_machine *m = workflow_machine((enum workflow_id)id);
        for (size_t i = 0; i < m->edge_count; i++) {
            const struct workflow_edge *e = &m->edges[i];
            if (!edge_printed(m, i)) {
                /* Codes are [A-Za-z_]: nothing to quote. A test holds that. */
                fprintf(out, "%s    ('%s', '%s', '%s', '%s')", between, m->code, e->from,
                        e->command, e->to);
                between = ",\n";
            }
        }
    }
    fputs(";\n", out);
}
