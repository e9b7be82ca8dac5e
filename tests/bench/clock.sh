#!/usr/bin/env bash
# How long a scheduler tick takes in the database, with many measures.
#
#   tests/bench/clock.sh BUILD_FOLDER [MEASURES]      default 330000
#
# Fills a database of its own in the build folder's cluster, runs the server's statements of an idle
# tick one by one (EXPLAIN ANALYZE, three rounds), and prints their times and sum. The control is the
# query that reads every open milestone, as a tick without the due index would.
set -euo pipefail
SOURCE_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
BUILD_DIR=$(realpath "${1:?usage: tests/bench/clock.sh BUILD_DIR [MEASURES]}")
export SOURCE_DIR BUILD_DIR
# shellcheck source=/dev/null
. "$SOURCE_DIR/tests/support/fixture.sh"
measures=${2:-330000}
bash "$SOURCE_DIR/tests/support/cluster" start "$BUILD_DIR" "$BUILD_DIR/server/rectifyd"
fixture_open
fixture_database
sql() { fixture_sql -q -v ON_ERROR_STOP=1 "$@"; }

sql -v n="$measures" <<'SQL'
SET search_path = rectify;
SET session_replication_role = replica;
INSERT INTO tenant (code, name, created_ms) VALUES ('bench', '样例', 0);
INSERT INTO org (tenant, id, code, name, kind, version, event_id)
  SELECT 1, gen_random_uuid(), 'u' || i, '样例', 'UNIT', 1, gen_random_uuid()
    FROM generate_series(1, 18) i;
INSERT INTO inspection (tenant, id, code, name, plan_state, version, event_id)
  VALUES (1, gen_random_uuid(), 'B', '样例', 'APPROVED', 1, gen_random_uuid());
INSERT INTO item (tenant, id, inspection, no, title, version, event_id)
  SELECT 1, gen_random_uuid(), id, 1, '样例', 1, id FROM inspection;
INSERT INTO problem (tenant, id, inspection, item, no, ref, title, lead_org, state, version, event_id)
  SELECT 1, gen_random_uuid(), n.id, i.id, g, 'P-' || g, '样例',
         (SELECT id FROM org WHERE code = 'u' || (1 + g % 18)), 'RECTIFYING', 1, n.id
    FROM inspection n, item i, generate_series(1, 470) g;
INSERT INTO measure (tenant, id, inspection, problem, no, ref, text, class, lead_org, state, percent,
                     assigned_ms, signed_ms, version, event_id)
  SELECT 1, gen_random_uuid(), p.inspection, p.id, g, 'M-' || g, '样例', 2, p.lead_org,
         CASE WHEN g % 3 = 0 THEN 'DONE' ELSE 'IN_PROGRESS' END, g % 100, 1793149200000,
         1793149200000, 1, p.id
    FROM generate_series(1, :n) g JOIN problem p ON p.no = 1 + g % 470;
INSERT INTO milestone (tenant, measure, kind, original_due, current_due, reached_day, version, event_id)
  SELECT 1, m.id, k, d.day, d.day, CASE WHEN m.state = 'DONE' THEN d.day END, 1, m.id
    FROM measure m CROSS JOIN generate_series(1, 2) k,
         LATERAL (SELECT date '2026-06-01' + m.no % 400 AS day) d;
INSERT INTO watch (tenant, kind, subject, generation, next_day)
  SELECT 1, 'MEASURE', id, 0, date '2026-11-11' + no % 300 FROM measure WHERE state <> 'DONE';
INSERT INTO watch_state VALUES (1, 0, '2026-11-10', 0, 0);
INSERT INTO alert (tenant, id, key, level, subject_kind, subject, subject_ref, trigger, text,
                   raised_ms, event_id)
  SELECT 1, gen_random_uuid(), m.id || '/COMPLETE/L4/v1/r0', 4, 'MEASURE', m.id, m.ref, 'OVERDUE',
         '样例', 0, m.id FROM measure m WHERE m.no % 5 = 0;
INSERT INTO account (tenant, id, name, display_name, password_hash, version, event_id)
  SELECT 1, gen_random_uuid(), 'a' || i, '样例', '-', 1, gen_random_uuid()
    FROM generate_series(1, 500) i;
INSERT INTO inbox (tenant, account, last_seq, outside_seq) SELECT 1, id, 100, 100 FROM account;
SQL
sql -c 'VACUUM ANALYZE' # as autovacuum leaves it

# What an idle tick of the clock's own jobs reads (server/store/watch.c, outside.c).
time_of() { # NAME SQL
    local best='' ms
    for _ in 1 2 3; do
        ms=$(sql -c 'SET search_path = rectify' -c "SELECT set_config('rectify.tenant', '1', false), set_config('rectify.all', '1', false)" \
            -c 'SET ROLE rectify_app' \
            -c "EXPLAIN (ANALYZE, TIMING OFF, SUMMARY ON) $2" | awk '/^(Planning|Execution) Time/ { s += $3 } END { print s }')
        best=$(awk -v a="${best:-999999}" -v b="$ms" 'BEGIN { print (b < a ? b : a) }')
    done
    printf '%-14s %9.3f ms\n' "$1" "$best"
    total=$(awk -v a="${total:-0}" -v b="$best" 'BEGIN { print a + b }')
}
time_of state "SELECT s.generation, s.last_day, (SELECT count(*) FROM calendar_day d WHERE d.tenant = 1)
    FROM watch_state s WHERE s.tenant = 1"
time_of marks "SELECT k.kind, k.subject, k.id FROM watch_mark k WHERE k.tenant = 1 ORDER BY k.id LIMIT 1000"
time_of due "(SELECT w.kind, w.subject, 0 FROM watch w WHERE w.tenant = 1 AND w.generation = 0
    AND w.next_day <= '2026-11-10' ORDER BY w.next_day LIMIT 500) UNION ALL
    (SELECT w.kind, w.subject, 0 FROM watch w WHERE w.tenant = 1 AND w.generation < 0 LIMIT 500)"
time_of fresh "SELECT d.account, d.seq FROM inbox b JOIN delivery d ON d.tenant = b.tenant
    AND d.account = b.account AND d.seq > b.outside_seq
    WHERE b.tenant = 1 AND b.outside_seq < b.last_seq ORDER BY d.account, d.seq LIMIT 1000"
time_of waiting "SELECT m.id FROM outside_message m WHERE m.tenant = 1
    AND m.state IN ('QUEUED', 'SENDING') AND m.due_ms <= 1 ORDER BY m.due_ms, m.id LIMIT 20"
printf '%-14s %9.3f ms for %s measures\n' 'idle tick' "$total" "$measures"
total=0
time_of control "SELECT count(*) FROM measure m JOIN milestone s ON s.tenant = m.tenant
    AND s.measure = m.id AND s.reached_day IS NULL AND s.current_due IS NOT NULL
    WHERE m.tenant = 1 AND m.state <> 'DONE'"
