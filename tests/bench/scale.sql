-- A province's worth of rectification, the same every time: 330,000 measures with 31 row versions
-- each (10,230,000 progress rows), 700 inspections, 400 lead units, 1,100 days. `divide` (psql
-- variable) makes it smaller. Superuser, in a freshly migrated database; `today` is 2026-11-22.
\set ON_ERROR_STOP on
SET search_path = rectify;
SET session_replication_role = replica; -- the versions are written here, not by triggers
SET synchronous_commit = off;
SET client_min_messages = warning;
SET timezone = 'UTC';

-- Chance: a number from 0 to n − 1 of a thing and a question.
CREATE FUNCTION pg_temp.chance(thing integer, question integer, n integer) RETURNS integer
LANGUAGE sql IMMUTABLE RETURN (hashint4(thing * 64 + question) & 2147483647) % n;
CREATE FUNCTION pg_temp.id(kind integer, n integer) RETURNS uuid
LANGUAGE sql IMMUTABLE
    RETURN ('00000000-0000-7' || lpad(kind::text, 3, '0') || '-8000-' || lpad(n::text, 12, '0'))::uuid;
-- The event of a day at nine in China.
CREATE FUNCTION pg_temp.event(day date, n integer) RETURNS uuid
LANGUAGE sql IMMUTABLE
    RETURN (overlay(lpad(to_hex((day - DATE '1970-01-01')::bigint * 86400000 + 3600000), 12, '0')
            PLACING '-' FROM 9 FOR 0) || '-7000-8000-' || lpad(n::text, 12, '0'))::uuid;

INSERT INTO tenant (code, name, created_ms) VALUES ('scale', '样例省', 0);
INSERT INTO org (tenant, id, code, name, kind, sort_order, sample, version, event_id)
SELECT 1, pg_temp.id(1, k * 1000 + n), p.prefix || lpad(n::text, 3, '0'), '样例' || p.name || n, p.kind, n,
       true, 1, pg_temp.event('2023-11-01', n)
  FROM (VALUES (1, 'unit', '单位', 'UNIT', 400), (2, 'leader', '领导', 'LEADER', 40),
               (3, 'sg', '专项小组', 'SGROUP', 8)) p (k, prefix, name, kind, many)
 CROSS JOIN LATERAL generate_series(1, p.many) n;

CREATE TEMP TABLE plan AS
SELECT n, DATE '2026-11-22' - 1100 + (n * 37 % 900) AS start
  FROM generate_series(1, greatest(2, 700 / :divide)) n;
INSERT INTO inspection (tenant, id, code, name, feedback_day, plan_no, plan_state, version, event_id)
SELECT 1, pg_temp.id(2, n), 'S' || lpad(n::text, 4, '0'), '样例巡视' || n, start, 1, 'APPROVED', 2,
       pg_temp.event(start + 22, n) FROM plan;
INSERT INTO plan_version (tenant, id, inspection, no, state, items, problems, measures, sha256,
                          approved_ms, version, event_id)
SELECT 1, pg_temp.id(3, n), pg_temp.id(2, n), 1, 'APPROVED', 15, 47, 470, '',
       status_event_ms(pg_temp.event(start + 22, n)), 1, pg_temp.event(start + 22, n) FROM plan;
INSERT INTO item (tenant, id, inspection, no, title, version, event_id)
SELECT 1, pg_temp.id(4, n * 100 + i), pg_temp.id(2, n), i, '样例项' || i, 1, pg_temp.event(start, n)
  FROM plan, generate_series(1, 15) i;

-- Problems: registered, rectifying, and one in five closed by and by.
INSERT INTO problem_version (tenant, id, inspection, item, no, ref, title, origin, lead_org,
                             sgroup_org, state, version, event_id)
SELECT 1, pg_temp.id(5, n * 100 + p), pg_temp.id(2, n), pg_temp.id(4, n * 100 + 1 + p % 15), p,
       'P-' || lpad(p::text, 2, '0'), '样例问题' || p, 'FEEDBACK',
       pg_temp.id(1, 1000 + 1 + (n * 18 + p % 18) % 400),
       pg_temp.id(1, 3000 + 1 + p % 8),
       (ARRAY['REGISTERED', 'RECTIFYING', 'CLOSED'])[v], v,
       pg_temp.event(start + CASE v WHEN 1 THEN 0 WHEN 2 THEN 22
                                    ELSE 400 + pg_temp.chance(n * 100 + p, 1, 300) END, p)
  FROM plan, generate_series(1, 47) p, generate_series(1, 3) v
 WHERE v < 3 OR pg_temp.chance(n * 100 + p, 2, 5) = 0
       AND start + 400 + pg_temp.chance(n * 100 + p, 1, 300) <= DATE '2026-11-22';
INSERT INTO problem SELECT DISTINCT ON (id) * FROM problem_version ORDER BY id, version DESC;

-- Measures: a month's report is a version; some claim, some are confirmed, some are sustained.
CREATE TEMP TABLE action AS
SELECT i, CASE WHEN i <= 20000 / :divide THEN 1 ELSE 2 + i % (SELECT max(n) - 1 FROM plan) END AS n,
       1 + i % 47 AS p,
       CASE WHEN pg_temp.chance(i, 1, 10) = 0 THEN 99 ELSE 5 + pg_temp.chance(i, 2, 12) END AS effect,
       CASE WHEN pg_temp.chance(i, 3, 10) < 3 THEN 99 ELSE 2 + pg_temp.chance(i, 4, 12) END AS complete,
       120 + 30 * pg_temp.chance(i, 5, 6) AS effect_due, 240 + 30 * pg_temp.chance(i, 6, 12) AS complete_due,
       1 + pg_temp.chance(i, 7, 3) AS class
  FROM generate_series(1, 330000 / :divide) i;
CREATE TEMP TABLE course AS
SELECT a.i, a.n, a.p, a.class, start, a.effect, least(a.effect, 80) + a.complete AS complete,
       (date_trunc('month', start + a.effect_due) + interval '1 month')::date - 1 AS effect_due,
       (date_trunc('month', start + a.complete_due) + interval '1 month')::date - 1 AS complete_due,
       greatest(5, (DATE '2026-11-22' - start - 40) / 28) AS pace
  FROM action a JOIN plan USING (n);

CREATE FUNCTION pg_temp.course_day(start date, i integer, pace integer, v integer) RETURNS date
LANGUAGE sql IMMUTABLE
    RETURN start + CASE v WHEN 1 THEN 0 WHEN 2 THEN 22 WHEN 3 THEN 23 + pg_temp.chance(i, 8, 9)
                          ELSE 33 + (v - 3) * pace + pg_temp.chance(i, 8 + v, 4) END;

INSERT INTO measure_version (tenant, id, inspection, problem, no, ref, text, target, class,
    leader_org, lead_org, state, round, unchanged_periods, percent, narrative, reported_day, version,
    event_id)
SELECT 1, pg_temp.id(6, c.i), pg_temp.id(2, c.n), pg_temp.id(5, c.n * 100 + c.p), c.i,
       'P-' || lpad(c.p::text, 2, '0') || '-M-' || lpad(c.i::text, 6, '0'), '样例措施', '样例目标', c.class,
       pg_temp.id(1, 2000 + 1 + pg_temp.chance(c.i, 60, 40)),
       pg_temp.id(1, 1000 + 1 + (c.n * 18 + c.p % 18) % 400),
       CASE WHEN v = 1 THEN 'DRAFT' WHEN v = 2 THEN 'ASSIGNED'
            WHEN v > c.complete THEN CASE c.class WHEN 3 THEN 'SUSTAINING' ELSE 'DONE' END
            WHEN v = c.complete THEN 'COMPLETE_CLAIMED'
            WHEN v > c.effect AND c.class <> 1 THEN 'EFFECT_REACHED'
            WHEN v = c.effect AND c.class <> 1 THEN 'EFFECT_CLAIMED' ELSE 'IN_PROGRESS' END,
       1, 0, CASE WHEN v > 3 THEN least(100, v * 4) END, CASE WHEN v > 3 THEN '样例进展' || v END,
       CASE WHEN v > 3 THEN pg_temp.course_day(c.start, c.i, c.pace, v) END, v,
       pg_temp.event(pg_temp.course_day(c.start, c.i, c.pace, v), c.i)
  FROM course c, generate_series(1, 31) v;
INSERT INTO measure SELECT * FROM measure_version WHERE version = 31;

-- Both dates; a claim and its confirmation are versions of the milestone, an extension one more.
INSERT INTO milestone_version (tenant, measure, kind, due_version, original_due, current_due,
                               claimed_day, reached_day, version, event_id)
SELECT 1, pg_temp.id(6, c.i), k.kind, 1, k.due,
       CASE WHEN v >= 2 AND pg_temp.chance(c.i, 50 + k.kind, 10) = 0 THEN k.due + 60 ELSE k.due END,
       CASE WHEN v >= 3 THEN pg_temp.course_day(c.start, c.i, c.pace, k.claim) END,
       CASE WHEN v = 4 THEN pg_temp.course_day(c.start, c.i, c.pace, k.claim) END, v,
       pg_temp.event(CASE v WHEN 1 THEN c.start
           WHEN 2 THEN least(k.due - 5, DATE '2026-11-22', CASE WHEN k.claim <= 31
                       THEN pg_temp.course_day(c.start, c.i, c.pace, k.claim) END)
           ELSE pg_temp.course_day(c.start, c.i, c.pace, k.claim + v - 3) END, c.i)
  FROM course c
 CROSS JOIN LATERAL (VALUES (1, c.effect_due, c.effect), (2, c.complete_due, c.complete)) k (kind, due, claim)
 CROSS JOIN generate_series(1, 4) v
 WHERE (k.kind = 2 OR c.class <> 1)
   AND (v < 3 OR k.claim <= 31 AND k.claim + v - 3 <= 31);
INSERT INTO milestone SELECT DISTINCT ON (measure, kind) * FROM milestone_version
 ORDER BY measure, kind, version DESC;
INSERT INTO access (tenant, measure, org, problem)
SELECT DISTINCT m.tenant, m.id, o.org, m.problem FROM measure m
  JOIN problem p ON p.tenant = m.tenant AND p.id = m.problem
 CROSS JOIN LATERAL (VALUES (m.leader_org), (p.lead_org), (p.sgroup_org)) o (org);

-- A table a month and unit; one in thirty never came, one in twelve came late.
INSERT INTO periodic_table_version (tenant, id, inspection, org, kind, period, due, grace_days,
                                    state, submitted_ms, submitted_day, version, event_id)
SELECT 1, pg_temp.id(7, (n * 20 + u) * 100 + m), pg_temp.id(2, n), pg_temp.id(1, 1000 + 1 + (n * 18 + u) % 400),
       'MONTH', to_char(month, 'YYYY-MM'), month + 24, 0, CASE v WHEN 1 THEN 'OPEN' ELSE 'SUBMITTED' END,
       CASE v WHEN 2 THEN status_event_ms(pg_temp.event(came, m)) END, CASE v WHEN 2 THEN came END, v,
       pg_temp.event(CASE v WHEN 1 THEN month ELSE came END, m)
  FROM plan CROSS JOIN generate_series(0, 17) u CROSS JOIN generate_series(1, 36) m
 CROSS JOIN LATERAL (SELECT (date_trunc('month', start + 22) + m * interval '1 month')::date AS month) x
 CROSS JOIN LATERAL (SELECT month + 20 + CASE pg_temp.chance((n * 20 + u) * 40 + m, 1, 12)
                                         WHEN 0 THEN 9 ELSE 0 END AS came) y
 CROSS JOIN generate_series(1, 2) v
 WHERE month <= DATE '2026-11-22'
   AND (v = 1 OR pg_temp.chance((n * 20 + u) * 40 + m, 2, 30) > 0 AND came <= DATE '2026-11-22');
INSERT INTO periodic_table SELECT DISTINCT ON (id) * FROM periodic_table_version
 ORDER BY id, version DESC;

SET session_replication_role = origin;
ANALYZE;
SELECT status_rebuild(1);
ANALYZE status_span;
SELECT (SELECT count(*) FROM measure) AS measures, (SELECT count(*) FROM measure_version) AS progress,
       (SELECT count(*) FROM status_span) AS spans, (SELECT count(*) FROM status_pending) AS lines;
