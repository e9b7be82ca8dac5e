/* The door as the second executor of the simulation (tests/support/sim.h): the same commands, sent
 * through dispatch in process on a fake clock, to the same district in a database.
 */
#ifndef TESTS_SERVICE_SIM_DOOR_H
#define TESTS_SERVICE_SIM_DOOR_H

#include "tests/service/slice.h"
#include "tests/support/sim.h"

enum { AUDITOR1 = 30, LINES_SIZE = 1 << 18 };

static struct ledger_public door_log_key;

/* ---- the district ---- */

HELPER void
door_seed_orgs(void)
{
    slice_sql("INSERT INTO rectify.tenant (code, name, created_ms) VALUES ('t1', '样例区', 0)");
    for (int i = 0; i < SIM_ORGS; i++) {
        slice_sql("INSERT INTO rectify.org (tenant, id, code, name, kind, sort_order, version,"
                  " event_id) VALUES (1, '%s', '%s', '样例%s', '%s', %d, 1, '%s')",
                  sim_orgs[i].id, sim_orgs[i].code, sim_orgs[i].code, sim_orgs[i].kind, i,
                  slice_id(1));
    }
    for (int i = 0; i < SIM_PEOPLE; i++) {
        slice_seed_person(sim_people[i].number, sim_people[i].name, sim_people[i].org + 1,
                          sim_people[i].roles);
    }
    slice_seed_person(AUDITOR1, "audit1", 1, ROLE_AUDIT);
}

HELPER char *
door_id(const char *id)
{
    return id == NULL ? slice_text("NULL") : arena_printf(&slice_arena, "'%s'", id);
}

HELPER void
door_seed_measure(const struct sim_world *w, const struct measure_record *m)
{
    const char *orgs[] = {m->plead.id, m->lead.id, m->leader.id, m->sgroup.id};
    slice_sql("INSERT INTO rectify.measure (tenant, id, inspection, problem, no, ref, text, target,"
              " class, leader_org, lead_org, state, assigned_ms, version, event_id) VALUES (1,"
              " '%s', '%s', '%s', %d, '%s', '%s', '%s', %d, %s, '%s', 'ASSIGNED', %lld, 1, '%s')",
              m->id, m->inspection_id, m->problem_id, m->no, m->ref, m->text, m->target, m->class_,
              door_id(m->leader.id), m->lead.id, (long long)w->now_ms, slice_id(1));
    for (int k = 0; k < MILESTONE_COUNT; k++) {
        char day[DAY_TEXT_SIZE];
        if (m->milestones[k].exists) {
            day_print(m->milestones[k].original_due, day);
            slice_sql("INSERT INTO rectify.milestone (tenant, measure, kind, original_due,"
                      " current_due, version, event_id) VALUES (1, '%s', %d, '%s', '%s', 1, '%s')",
                      m->id, k + 1, day, day, slice_id(1));
        }
    }
    for (size_t i = 0; i < sizeof orgs / sizeof orgs[0]; i++) {
        if (orgs[i] != NULL) {
            slice_sql("INSERT INTO rectify.access (tenant, measure, org, problem) VALUES"
                      " (1, '%s', '%s', '%s') ON CONFLICT DO NOTHING",
                      m->id, orgs[i], m->problem_id);
        }
    }
}

HELPER void
door_seed(const struct sim_world *w)
{
    door_seed_orgs();
    slice_sql("INSERT INTO rectify.inspection (tenant, id, code, name, report_day, first_period,"
              " plan_no, plan_state, version, event_id) VALUES (1, '%s', 'INS1', '样例巡视', %d,"
              " '" SIM_FIRST_PERIOD "', 1, 'APPROVED', 1, '%s');"
              "INSERT INTO rectify.item (tenant, id, inspection, no, title, version, event_id)"
              " VALUES (1, '%s', '%s', 1, '样例项', 1, '%s')",
              slice_id(31), (int)SIM_REPORT_DAY, slice_id(1), slice_id(41), slice_id(31),
              slice_id(1));
    char day[DAY_TEXT_SIZE];
    slice_sql("INSERT INTO rectify.inspection_date (tenant, inspection, kind, planned_day,"
              " event_id) VALUES (1, '%s', 'CONCENTRATED_END', '%s', '%s')",
              slice_id(31), day_print(w->concentrated_end, day), slice_id(1));
    /* As it was frozen: the totals look at its number. */
    slice_sql("SET session_replication_role = replica;"
              "INSERT INTO rectify.plan_version (tenant, id, inspection, no, state, items,"
              " problems, measures, sha256, approved_ms, version, event_id) VALUES (1, '%s', '%s',"
              " 1, 'APPROVED', 1, 3, 6, '', %lld, 1, '%s')",
              slice_id(931), slice_id(31), (long long)w->now_ms, slice_id(1));
    for (int i = 0; i < SIM_PROBLEMS; i++) {
        const struct problem_record *p = &w->problems[i];
        slice_sql("INSERT INTO rectify.problem (tenant, id, inspection, item, no, ref, title,"
                  " origin, lead_org, sgroup_org, state, version, event_id) VALUES (1, '%s', '%s',"
                  " '%s', %d, '%s', '%s', '%s', '%s', %s, 'REGISTERED', 1, '%s');"
                  "UPDATE rectify.problem SET state = 'RECTIFYING', version = 2 WHERE id = '%s'",
                  p->id, p->inspection_id, p->item_id, p->no, p->ref, p->title, p->origin,
                  p->lead.id, door_id(p->sgroup.id), slice_id(1), p->id);
    }
    for (int i = 0; i < SIM_MEASURES; i++) {
        door_seed_measure(w, &w->measures[i]);
    }
    for (int i = 0; i < SIM_FILES; i++) {
        const struct evidence_record *f = &w->files[i];
        slice_sql("INSERT INTO rectify.blob (tenant, id, org, sha256, size, stored, complete,"
                  " created_ms) VALUES (1, '%s', '%s', sha256('%d'), 1, 1, true, 0);"
                  "INSERT INTO rectify.evidence (tenant, id, org, blob, name, kind, received_ms,"
                  " version, event_id) VALUES (1, '%s', '%s', '%s', '样例.txt', %d, 0, 1, '%s')",
                  slice_id(30000 + i), f->org_id, i, f->id, f->org_id, slice_id(30000 + i), f->kind,
                  slice_id(1));
    }
}

/* A fresh database with the district of w, and a server over it that seals its log. */
HELPER int
door_open(const struct sim_world *w)
{
    static unsigned made;
    struct ledger_key key;
    struct fault fault = {0};
    arena_init(&slice_arena, SLICE_ARENA_BYTES);
    clock_fake_init(&slice_clock, w->now_ms);
    slice_behalf = NULL;
    slice_expected = 0;
    test_db_reset();
    door_seed(w);
    char *path = arena_printf(&slice_arena, "%s/sim%u.key", test_dir(), made++);
    assert_int_equal(ledger_key_create(path, &key, &fault), STATUS_OK);
    door_log_key = key.public;
    struct dispatch_config config = {
        .conninfo = test_db_conninfo("rectify_app"),
        .writer_threads = 1,
        .query_threads = 2,
        .slow_threads = 1,
        .clock = &slice_clock.clock,
        .server_version = "test",
        .ledger_key_path = path,
        .seal_interval_ms = 200,
    };
    config.tables = handler_tables(&config.table_count);
    if (dispatch_start(&config, &slice_door, &fault) != STATUS_OK) {
        print_error("%s %s\n", fault.reason, fault.message);
        return -1;
    }
    return 0;
}

/* ---- replies ---- */

static const ProtobufCFieldDescriptor *
door_field(const ProtobufCMessage *m, const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(m->descriptor, name);
}

/* State and version of the thing a reply is about, wherever it stands in it. */
HELPER void
door_thing(const ProtobufCMessage *m, struct sim_verdict *v)
{
    static const char *const inside[] = {"table", "sitting", "measures"};
    const char *base = (const char *)m;
    for (size_t i = 0; i < sizeof inside / sizeof inside[0]; i++) {
        const ProtobufCFieldDescriptor *f = door_field(m, inside[i]);
        if (f == NULL || f->type != PROTOBUF_C_TYPE_MESSAGE) {
            continue;
        }
        const void *place = base + f->offset;
        const ProtobufCMessage *inner = f->label == PROTOBUF_C_LABEL_REPEATED
                                            ? **(ProtobufCMessage *const *const *)place
                                            : *(ProtobufCMessage *const *)place;
        door_thing(inner, v);
        return;
    }
    const ProtobufCFieldDescriptor *state = door_field(m, "state");
    const ProtobufCFieldDescriptor *version = door_field(m, "version");
    assert_non_null(version);
    memcpy(&v->version, base + version->offset, sizeof v->version);
    if (state != NULL) {
        memcpy(&v->state, base + state->offset, sizeof v->state);
    } else {
        v->state = STATE_OPEN; /* DecideSittingReply: a sitting that is judged is open */
    }
}

static const ProtobufCMessageDescriptor *
door_reply_type(enum sim_verb verb)
{
    switch (verb) {
    case SIM_SIGN_FOR:
        return &pb__measures_reply__descriptor;
    case SIM_CREATE_SITTING:
    case SIM_OPEN_SITTING:
        return &pb__sitting__descriptor;
    case SIM_JUDGE:
        return &pb__decide_sitting_reply__descriptor;
    case SIM_CONCLUDE:
    case SIM_CANCEL_SITTING:
        return &pb__sitting_reply__descriptor;
    case SIM_OPEN_MATTER:
    case SIM_ACT_ON_MATTER:
        return &pb__matter__descriptor;
    case SIM_SUBMIT_TABLE:
    case SIM_CONFIRM_TABLE:
        return &pb__submit_table_reply__descriptor;
    case SIM_DECIDE_TABLE:
        return &pb__decide_table_reply__descriptor;
    default:
        return verb < SIM_APPLY_CLOSE       ? &pb__measure__descriptor
               : verb <= SIM_REOPEN_PROBLEM ? &pb__problem__descriptor
                                            : &pb__table__descriptor;
    }
}

/* Sends a command as the world's next; its verdict as the server gives it. */
HELPER void
door_decide(const struct sim_world *w, const struct sim_command *c, const struct sim_request *r,
            struct sim_verdict *ret)
{
    *ret = (struct sim_verdict){.state = ""};
    clock_fake_set(&slice_clock, w->now_ms + 1000);
    slice_behalf = r->behalf;
    slice_expected = r->expected;
    const Pb__CallReply *reply = slice_call(sim_people[c->actor].number, r->method, r->message);
    slice_behalf = NULL;
    slice_expected = 0;
    ret->status = (enum status)reply->status->code;
    if (ret->status != STATUS_OK) {
        const char *message = reply->status->message;
        snprintf(ret->reason, sizeof ret->reason, "%s", reply->status->reason);
        assert_non_null(message);
        assert_true(strlen(message) > strlen("。"));
        assert_string_equal(message + strlen(message) - strlen("。"), "。");
        return;
    }
    door_thing(slice_unpack(reply, door_reply_type(c->verb)), ret);
}

/* After the world's tick: its jobs, and the ids the server gave its tables. */
HELPER void
door_tick(struct sim_world *w)
{
    clock_fake_set(&slice_clock, w->now_ms);
    slice_job("OpenObligations");
    slice_job("LockTables");
    for (size_t i = 0; i < w->table_count; i++) {
        struct sim_table *t = &w->tables[i];
        if (strncmp(t->id, "00000000-0000-7000-8002", 23) == 0) {
            char *sql = arena_printf(&slice_arena,
                                     "SELECT id FROM rectify.periodic_table WHERE org = '%s' AND"
                                     " period = '%s'",
                                     t->t.org_id, t->period);
            test_db_query("postgres", sql, t->id, sizeof t->id);
        }
    }
}

/* ---- the database as sim_world_print prints the world ---- */

/* A line a thing, in the world's order; what is absent prints as nothing. */
/* clang-format off */
static const char *const door_lines[] = {
    "SELECT line FROM (SELECT m.ref, 0 AS k, format('measure %s %s v%s r%s %s%% %s %s %s %s %s"
    " %s/%s', m.ref, m.state, m.version, m.round, coalesce(m.percent, -1), m.narrative,"
    " m.reported_day, m.unchanged_periods, m.claimed_from, m.next_check_day,"
    " (SELECT count(*) FROM rectify.evidence_link l WHERE l.measure = m.id AND l.round = m.round),"
    " (SELECT count(*) FROM rectify.evidence_link l JOIN rectify.evidence e ON e.id = l.evidence"
    "   WHERE l.measure = m.id AND l.round = m.round AND e.kind <> 1)) AS line"
    " FROM rectify.measure m UNION ALL SELECT m.ref, s.kind, format('milestone %s %s %s %s d%s %s"
    " %s +%s v%s', m.ref, s.kind, s.original_due, s.current_due, s.due_version, s.claimed_day,"
    " s.reached_day, s.kept_overdue_days, s.version) FROM rectify.milestone s JOIN rectify.measure"
    " m ON m.id = s.measure) x ORDER BY ref, k",
    "SELECT format('problem %s %s v%s r%s %s', ref, state, version, round, closed_day)"
    " FROM rectify.problem ORDER BY ref",
    "SELECT line FROM (SELECT o.code, t.period, '' AS ref, format('table %s %s %s v%s e%s %s',"
    " o.code, t.period, t.state, t.version, t.edition, t.submitted_day) AS line"
    " FROM rectify.periodic_table t JOIN rectify.org o ON o.id = t.org UNION ALL"
    " SELECT o.code, t.period, m.ref, format('row %s %s %s %s%% %s c%s/%s j%s u%s b%s v%s',"
    " o.code, t.period, m.ref, r.percent, r.narrative, r.claim, r.claim_verdict, r.verdict,"
    " r.unchanged::int, coalesce(r.measure_before, 0), r.version) FROM rectify.table_row r"
    " JOIN rectify.periodic_table t ON t.id = r.table_id JOIN rectify.org o ON o.id = t.org"
    " JOIN rectify.measure m ON m.id = r.measure) x ORDER BY code COLLATE \"C\", period, ref",
    "SELECT line FROM (SELECT a.opened_ms, a.ref, 0 AS k, format('matter %s %s v%s l%s o%s %s %s"
    " %s %s %s %s', a.ref, a.state, a.version, a.level, a.ordinal, m.ref, u.code, h.code, i.code,"
    " a.due, a.new_due) AS line FROM rectify.matter a JOIN rectify.measure m ON m.id = a.measure"
    " LEFT JOIN rectify.org u ON u.id = a.org LEFT JOIN rectify.org h ON h.id = a.holder"
    " LEFT JOIN rectify.org i ON i.id = a.issuer UNION ALL SELECT a.opened_ms, a.ref, s.no,"
    " format('task %s %s %s %s', a.ref, s.no, o.code, s.done_day) FROM rectify.matter_task s"
    " JOIN rectify.matter a ON a.id = s.matter JOIN rectify.org o ON o.id = s.org) x"
    " ORDER BY opened_ms, ref, k",
    "SELECT line FROM (SELECT ref, 0 AS no, format('sitting %s %s v%s', ref, state, version) AS"
    " line FROM rectify.sitting UNION ALL SELECT s.ref, r.no, format('sitting_row %s %s %s v%s',"
    " s.ref, r.no, r.state, r.version) FROM rectify.sitting_row r JOIN rectify.sitting s"
    " ON s.id = r.sitting) x ORDER BY ref, no",
};
/* clang-format on */

HELPER char *
door_print(void)
{
    const char *all = "";
    char *part = arena_alloc(&slice_arena, LINES_SIZE);
    assert_non_null(part);
    for (size_t i = 0; i < sizeof door_lines / sizeof door_lines[0]; i++) {
        char *sql = arena_printf(&slice_arena,
                                 "SELECT coalesce(string_agg(line || E'\\n', ''), '') FROM (%s)"
                                 " AS lines (line)",
                                 door_lines[i]);
        test_db_query("postgres", sql, part, LINES_SIZE);
        all = arena_printf(&slice_arena, "%s%s", all, part);
        assert_non_null(all);
    }
    return slice_text(all);
}

/* The first line in which two texts differ, or NULL: "line of the one" against "… of the other". */
HELPER const char *
door_differs(const char *memory, const char *server)
{
    while (*memory != '\0' || *server != '\0') {
        size_t a = strcspn(memory, "\n");
        size_t b = strcspn(server, "\n");
        if (a != b || strncmp(memory, server, a) != 0) {
            return arena_printf(&slice_arena, "memory: %.*s\nserver: %.*s", (int)a, memory, (int)b,
                                server);
        }
        memory += a + (memory[a] != '\0');
        server += b + (server[b] != '\0');
    }
    return NULL;
}

#endif
