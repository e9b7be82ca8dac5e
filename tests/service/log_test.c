/* LogService and signed receipts through the door: proofs of a log of some thousand events, from
 * inner nodes of the sealer and of the migration; receipts of a batch and of a replay; restores. */
#include "proto/base/limits.h"
#include "rectify/v1/audit.pb-c.h"
#include "rectify/v1/common.pb-c.h"
#include "rectify/v1/org.pb-c.h"
#include "tests/service/receipt_good.h"
#include "tests/support/district.h"
#include "tests/support/fixture.h"

#include <stdio.h>
#include <string.h>

enum { EVENTS = 1300, LEAVES_MAX = 4096 };

static struct person unit01;
static struct merkle_hash leaves[LEAVES_MAX];
static uint64_t leaf_count;
static struct merkle_hash roots[LEAVES_MAX + 1];

static void
seal(void)
{
    struct fault fault = {0};
    assert_int_equal(dispatch_seal(district.door, &fault), STATUS_OK);
}

/* Events as commands leave them, without the commands. */
static void
events_make(int from, int count)
{
    char sql[1024];
    snprintf(sql, sizeof sql,
             "INSERT INTO rectify.event (tenant, id, recorded_ms, account, method, body, leaf_hash)"
             " SELECT 1, ('01990000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, 1, 'x', 'x',"
             "        int8send(i), sha256('\\x00'::bytea || int8send(i))"
             "   FROM generate_series(%d::bigint, %d) i;"
             "INSERT INTO rectify.event_unsealed (tenant, event_id)"
             " SELECT tenant, id FROM rectify.event WHERE method = 'x'"
             " EXCEPT SELECT tenant, event_id FROM rectify.log_leaf",
             from, from + count - 1);
    test_db_exec("rectify_owner", sql);
}

static void
leaves_read(void)
{
    struct merkle_frontier f = {0};
    char hex[65];
    leaf_count = (uint64_t)district_number("SELECT count(*) FROM rectify.log_leaf");
    assert_true(leaf_count <= LEAVES_MAX);
    char *all = arena_alloc(&district.arena, leaf_count * 64 + 1);
    test_db_query("postgres",
                  "SELECT string_agg(encode(e.leaf_hash, 'hex'), '' ORDER BY l.seq)"
                  "  FROM rectify.log_leaf l JOIN rectify.event e ON e.id = l.event_id",
                  all, leaf_count * 64 + 1);
    merkle_frontier_root(&f, &roots[0]);
    for (uint64_t i = 0; i < leaf_count; i++) {
        memcpy(hex, all + 64 * i, 64);
        for (int k = 0; k < 32; k++) {
            unsigned byte = 0;
            assert_int_equal(sscanf(hex + 2 * (size_t)k, "%2x", &byte), 1);
            leaves[i].bytes[k] = (unsigned char)byte;
        }
        merkle_frontier_append(&f, &leaves[i]);
        merkle_frontier_root(&f, &roots[i + 1]);
    }
}

static int
set_up(void **state)
{
    if (district_open(state) != 0) {
        return -1;
    }
    district_org("unit01", "样例单位01", "UNIT");
    unit01 = district_person("unit01", "unit01", "PLEAD", 3);
    events_make(1, EVENTS);
    seal();
    leaves_read();
    assert_true(leaf_count > EVENTS);
    return 0;
}

static struct merkle_proof
proof_of(size_t n, const ProtobufCBinaryData *hashes)
{
    struct merkle_proof p = {.count = n};
    assert_true(n <= MERKLE_PROOF_MAX);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(hashes[i].len, 32);
        memcpy(p.hashes[i].bytes, hashes[i].data, 32);
    }
    return p;
}

static const Pb__GetConsistencyReply *
consistency(const struct person *p, uint64_t *sizes, size_t count)
{
    Pb__GetConsistencyRequest r = PB__GET_CONSISTENCY_REQUEST__INIT;
    r.from_sizes = sizes;
    r.n_from_sizes = count;
    return district_ok(p, "LogService/GetConsistency", &r.base,
                       &pb__get_consistency_reply__descriptor);
}

static void
every_earlier_log_is_proven(void **state)
{
    (void)state;
    uint64_t sizes[LIMIT_CONSISTENCY_SIZES];
    size_t n = 0;
    for (uint64_t size = 0; size <= leaf_count; size += size < 20 || size > 1270 ? 1 : 37) {
        sizes[n++] = size;
        if (n < LIMIT_CONSISTENCY_SIZES && size < leaf_count) {
            continue;
        }
        const Pb__GetConsistencyReply *reply = consistency(&unit01, sizes, n);
        assert_int_equal(reply->head->tree_size, leaf_count);
        assert_memory_equal(reply->head->root.data, roots[leaf_count].bytes, 32);
        assert_int_equal(reply->n_proofs, n);
        for (size_t i = 0; i < n; i++) {
            struct merkle_proof p = proof_of(reply->proofs[i]->n_hashes, reply->proofs[i]->hashes);
            assert_int_equal(reply->proofs[i]->from_size, sizes[i]);
            assert_true(merkle_consistency_verify(sizes[i], &roots[sizes[i]], leaf_count,
                                                  &roots[leaf_count], &p));
            struct merkle_hash other = roots[sizes[i]];
            other.bytes[0] ^= 1U;
            assert_false(
                merkle_consistency_verify(sizes[i], &other, leaf_count, &roots[leaf_count], &p));
        }
        n = 0;
    }
    uint64_t longer[] = {leaf_count + 1, 5};
    const Pb__GetConsistencyReply *reply = consistency(&unit01, longer, 2);
    assert_int_equal(reply->n_proofs, 1); /* none for a log longer than this */
    assert_int_equal(reply->proofs[0]->from_size, 5);
}

static void
anybody_of_the_tenant_may_ask(void **state)
{
    (void)state;
    uint64_t size = 3;
    Pb__GetConsistencyRequest r = PB__GET_CONSISTENCY_REQUEST__INIT;
    Pb__ListRestoresRequest list = PB__LIST_RESTORES_REQUEST__INIT;
    r.from_sizes = &size;
    r.n_from_sizes = 1;
    Pb__CallRequest *e = district_envelope(&unit01, "LogService/GetConsistency", &r.base);
    e->session = e->machine = NULL;
    e->has_signature = 0;
    assert_int_equal(district_send(e)->status->code, STATUS_OK);
    e->tenant = NULL;
    district_expect(district_send(e), STATUS_INVALID_ARGUMENT, "TENANT_REQUIRED");
    r.n_from_sizes = 0;
    district_refused(&unit01, "LogService/GetConsistency", &r.base, STATUS_INVALID_ARGUMENT,
                     "SIZE_COUNT");
    const Pb__ListRestoresReply *none = district_ok(&unit01, "LogService/ListRestores", &list.base,
                                                    &pb__list_restores_reply__descriptor);
    assert_int_equal(none->n_restores, 0);
}

static void
an_event_is_proven_by_its_receipt(void **state)
{
    (void)state;
    Pb__GetInclusionRequest r = PB__GET_INCLUSION_REQUEST__INIT;
    for (int i = 1; i <= EVENTS; i += 97) {
        char id[UUID_TEXT_SIZE];
        snprintf(id, sizeof id, "01990000-0000-7000-8000-%012d", i);
        r.event_id = id;
        const Pb__GetInclusionReply *reply = district_ok(
            &unit01, "LogService/GetInclusion", &r.base, &pb__get_inclusion_reply__descriptor);
        uint64_t index = (uint64_t)reply->seq - 1;
        struct merkle_proof p = proof_of(reply->n_hashes, reply->hashes);
        assert_memory_equal(reply->leaf_hash.data, leaves[index].bytes, 32);
        assert_true(
            merkle_inclusion_verify(&leaves[index], index, leaf_count, &p, &roots[leaf_count]));
        assert_false(
            merkle_inclusion_verify(&leaves[index], index + 1, leaf_count, &p, &roots[leaf_count]));
    }
    r.event_id = district_text("01990000-0000-7000-8000-999999999999");
    district_refused(&unit01, "LogService/GetInclusion", &r.base, STATUS_NOT_FOUND,
                     "EVENT_UNKNOWN");
    r.event_id = district_text("x");
    district_refused(&unit01, "LogService/GetInclusion", &r.base, STATUS_INVALID_ARGUMENT,
                     "EVENT_MALFORMED");
}

/* The migration computes for an older log what the sealer keeps of a new one. */
static void
nodes_of_an_older_log_are_the_same(void **state)
{
    (void)state;
    long kept = district_number("SELECT count(*) FROM rectify.log_node");
    assert_in_range(kept, 5 + 2 + 1, 16);
    size_t size = 0;
    char *sql = district_file("migrations/0016_operation.sql", &size);
    char *begin = strstr(sql, "DO $$");
    char *end = strstr(begin, "END $$;") + strlen("END $$;");
    *end = '\0';
    char *again = arena_printf(&district.arena,
                               "SET search_path = rectify; CREATE TEMP TABLE was AS TABLE log_node;"
                               "ALTER TABLE log_node DISABLE TRIGGER USER; DELETE FROM log_node;"
                               "%s CREATE TABLE public.other AS"
                               " (TABLE was EXCEPT TABLE log_node) UNION ALL"
                               " (TABLE log_node EXCEPT TABLE was)",
                               begin);
    test_db_exec("postgres", again);
    assert_int_equal(district_number("SELECT count(*) FROM rectify.log_node"), kept);
    assert_int_equal(district_number("SELECT count(*) FROM public.other"), 0);
}

/* ---- receipts ---- */

static Pb__CallRequest *
org_envelope(const char *code)
{
    static Pb__Org org;
    static Pb__Org *list[] = {&org};
    static Pb__ImportOrgsRequest r;
    pb__org__init(&org);
    pb__import_orgs_request__init(&r);
    org.code = district_text(code);
    org.name = district_text("样例单位");
    org.kind = district_text("UNIT");
    r.orgs = list;
    r.n_orgs = 1;
    return district_envelope(&district.admin, "OrgService/ImportOrgs", &r.base);
}

static void
a_receipt_is_signed_and_so_is_its_replay(void **state)
{
    (void)state;
    Pb__CallRequest *e = org_envelope("r1");
    const Pb__CallReply *first = district_send(e);
    district_expect(first, STATUS_OK, "");
    receipt_good(first->receipt, "t1", e->idempotency_key, &district.log_key);
    const Pb__CallReply *again = district_send(e);
    assert_true(again->replayed);
    receipt_good(again->receipt, "t1", e->idempotency_key, &district.log_key);
    assert_string_equal(again->receipt->event_id, first->receipt->event_id);
    assert_string_equal(again->receipt->number, first->receipt->number);
    /* The stored answer holds no signature: it is made when it is given. */
    assert_int_equal(district_number("SELECT max(octet_length(reply)) FROM rectify.idempotency"
                                     " WHERE key = '%s' AND octet_length(reply) < 400",
                                     e->idempotency_key) > 0,
                     1);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_earlier_log_is_proven),
        cmocka_unit_test(an_event_is_proven_by_its_receipt),
        cmocka_unit_test(nodes_of_an_older_log_are_the_same),
        cmocka_unit_test(anybody_of_the_tenant_may_ask),
        cmocka_unit_test(a_receipt_is_signed_and_so_is_its_replay),
    };
    return cmocka_run_group_tests(tests, set_up, district_close);
}
