-- Totals (整改进展) and their history: maintained, never counted for those who see all.
--
--   status_span     what each thing (measure, problem, table, item) counted as, from a day to a day:
--                   how it stood at the end of the day. A thing's last span ends NEVER. Lists of any
--                   day, and what changed between two days, are read from it.
--   status_pending  a signed line for each span begun or ended, appended by whoever changes a thing,
--                   in the same transaction: no two commands meet in a counter.
--   status_total    what the lines add up to, by key and day (level 0), month (1) and year (2). The
--                   number of any day is the sum of the years, months and days up to it.
--   status_now      the same up to the end of status_clock.base_day, one row a key.
-- A tick folds pending lines into the totals (server/store/status_fold.c); readers add what is still
-- pending, so a number is true at once.
--
-- Overdue needs no tick: a span knows the day it turns overdue (over_from), and its line is booked
-- on that day, which may be to come. Days are numbers since 1970-01-01 in the tenant's zone, of the
-- event that made the version (its UUIDv7 carries the server's clock of the command).

CREATE FUNCTION status_never() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 2147483647;
-- 临期 of a measure, days: DUE_SOON_DAYS of server/service/measure.h.
CREATE FUNCTION status_soon_days() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 20;
CREATE FUNCTION status_no_key() RETURNS uuid LANGUAGE sql IMMUTABLE
    RETURN '00000000-0000-0000-0000-000000000000'::uuid;

-- kind: 1 measure, 2 problem, 3 periodic table, 4 item. num: the total it is counted in (enum
-- status_count of server/store/status.h), 0 for none. live: approved, so that it counts for the
-- whole district; a draft counts in its own inspection alone.
CREATE TABLE status_span (
    tenant integer NOT NULL,
    kind smallint NOT NULL,
    thing uuid NOT NULL,
    from_day integer NOT NULL,
    to_day integer NOT NULL,
    inspection uuid NOT NULL,
    problem uuid,
    item uuid,
    body_no integer,
    unit uuid,
    leader uuid,
    sgroup uuid,
    class smallint NOT NULL,
    state text NOT NULL,
    num smallint NOT NULL,
    live boolean NOT NULL,
    effect_due integer,    -- current_due while it is open; NULL: none, reached, or not counted
    effect_stop integer,   -- the day a waiting claim stopped the clock
    complete_due integer,
    complete_stop integer,
    over_from integer NOT NULL,  -- first day overdue (a table: missing) by current date
    orig_from integer NOT NULL,  -- by original date (a table: the first day it is owed)
    soon_from integer NOT NULL,  -- first day 临期, up to over_from
    CONSTRAINT status_span_pk PRIMARY KEY (tenant, kind, thing, from_day),
    CONSTRAINT status_span_order CHECK (from_day < to_day),
    CONSTRAINT status_span_kind_known CHECK (kind BETWEEN 1 AND 4),
    CONSTRAINT status_span_num_known CHECK (num BETWEEN 0 AND 26)
);
CREATE INDEX status_span_by_inspection ON status_span (tenant, inspection, to_day);
CREATE INDEX status_span_by_from ON status_span (tenant, from_day);
-- What is behind now, and what was behind when its span ended: all, and of each key the earliest.
CREATE INDEX status_span_behind ON status_span (tenant, over_from)
    WHERE to_day = 2147483647 AND over_from < 2147483647;
CREATE INDEX status_span_was_behind ON status_span (tenant, to_day)
    WHERE to_day < 2147483647 AND over_from < to_day;
CREATE INDEX status_span_claimed ON status_span (tenant, from_day) WHERE num IN (4, 6);
DO $$
DECLARE
    key text;
BEGIN
    FOREACH key IN ARRAY ARRAY['inspection', 'unit', 'leader', 'sgroup'] LOOP
        EXECUTE format('CREATE INDEX %I ON status_span (tenant, %I, over_from)
                        WHERE kind = 1 AND to_day = 2147483647 AND over_from < 2147483647',
                       'status_span_behind_' || key, key);
        EXECUTE format('CREATE INDEX %I ON status_span (tenant, %I, over_from)
                        INCLUDE (from_day, to_day, kind, thing, live, effect_due, effect_stop,
                                 complete_due, complete_stop%s)
                        WHERE kind = 1 AND to_day < 2147483647 AND over_from < to_day',
                       'status_span_was_behind_' || key, key,
                       CASE key WHEN 'unit' THEN '' ELSE ', unit' END);
    END LOOP;
END $$;
-- Measures that were started again, of any day.
CREATE INDEX measure_version_rounds ON measure_version (tenant, id, round) WHERE round > 1;
CREATE INDEX access_by_org ON access (tenant, org, measure);

CREATE TABLE status_pending (
    tenant integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    sign smallint NOT NULL,
    day integer NOT NULL,
    kind smallint NOT NULL,
    inspection uuid NOT NULL,
    unit uuid,
    leader uuid,
    sgroup uuid,
    num smallint NOT NULL,
    live boolean NOT NULL,
    over_from integer NOT NULL,
    orig_from integer NOT NULL,
    soon_from integer NOT NULL,
    CONSTRAINT status_pending_pk PRIMARY KEY (tenant, id),
    CONSTRAINT status_pending_sign CHECK (sign IN (-1, 1))
);

-- dim: 0 the whole, 1 inspection, 2 problem's lead unit, 3 leader, 4 special group. The columns are
-- the numbers of enum status_count, in its order.
CREATE TABLE status_total (
    tenant integer NOT NULL,
    dim smallint NOT NULL,
    key uuid NOT NULL,
    level smallint NOT NULL,
    bucket integer NOT NULL,
    draft integer NOT NULL DEFAULT 0,
    assigned integer NOT NULL DEFAULT 0,
    in_progress integer NOT NULL DEFAULT 0,
    effect_claimed integer NOT NULL DEFAULT 0,
    effect_reached integer NOT NULL DEFAULT 0,
    complete_claimed integer NOT NULL DEFAULT 0,
    done integer NOT NULL DEFAULT 0,
    sustaining integer NOT NULL DEFAULT 0,
    overdue integer NOT NULL DEFAULT 0,
    overdue_original integer NOT NULL DEFAULT 0,
    due_soon integer NOT NULL DEFAULT 0,
    p_registered integer NOT NULL DEFAULT 0,
    p_rectifying integer NOT NULL DEFAULT 0,
    p_review integer NOT NULL DEFAULT 0,
    p_closed integer NOT NULL DEFAULT 0,
    p_sustained integer NOT NULL DEFAULT 0,
    o_open integer NOT NULL DEFAULT 0,
    o_closed integer NOT NULL DEFAULT 0,
    t_owed integer NOT NULL DEFAULT 0,
    t_missing integer NOT NULL DEFAULT 0,
    t_open integer NOT NULL DEFAULT 0,
    t_in_time integer NOT NULL DEFAULT 0,
    t_late integer NOT NULL DEFAULT 0,
    t_nil integer NOT NULL DEFAULT 0,
    t_waived integer NOT NULL DEFAULT 0,
    items integer NOT NULL DEFAULT 0,
    CONSTRAINT status_total_pk PRIMARY KEY (tenant, dim, level, bucket, key),
    CONSTRAINT status_total_level_known CHECK (level BETWEEN 0 AND 2)
);
CREATE TABLE status_now (LIKE status_total INCLUDING DEFAULTS);
ALTER TABLE status_now DROP COLUMN level, DROP COLUMN bucket,
    ADD CONSTRAINT status_now_pk PRIMARY KEY (tenant, dim, key);

CREATE TABLE status_clock (
    tenant integer NOT NULL,
    base_day integer NOT NULL,
    CONSTRAINT status_clock_pk PRIMARY KEY (tenant)
);

-- ---- what a thing counts as ----------------------------------------------------------------------

CREATE FUNCTION status_event_ms(event uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN ('x' || translate(left(event::text, 13), '-', ''))::bit(48)::bigint;

CREATE FUNCTION status_day_of(event uuid, offset_min integer) RETURNS integer
LANGUAGE sql IMMUTABLE
    RETURN ((status_event_ms(event) + offset_min * 60000) / 86400000)::integer;

CREATE FUNCTION status_event_day(of_tenant integer, event uuid) RETURNS integer LANGUAGE sql STABLE
    RETURN (SELECT status_day_of(event, t.utc_offset_min) FROM tenant t WHERE t.id = of_tenant);

CREATE FUNCTION status_day_number(day date) RETURNS integer LANGUAGE sql IMMUTABLE
    RETURN day - DATE '1970-01-01';

-- The first day a milestone is overdue: never when it was claimed in time, or reached.
CREATE FUNCTION status_over_from(due date, claimed date, reached date) RETURNS integer
LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN due IS NULL OR reached IS NOT NULL OR claimed <= due THEN status_never()
                ELSE status_day_number(due) + 1 END;

CREATE FUNCTION status_of_measure(m measure, p problem, e milestone, c milestone, day integer)
RETURNS status_span LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s rectify.status_span;
    never integer := rectify.status_never();
BEGIN
    s.tenant := m.tenant; s.kind := 1; s.thing := m.id; s.from_day := day; s.to_day := never;
    s.inspection := m.inspection; s.problem := m.problem; s.item := p.item; s.body_no := p.body_no;
    s.unit := p.lead_org; s.leader := m.leader_org; s.sgroup := p.sgroup_org; s.class := m.class;
    s.state := m.state; s.live := m.state <> 'DRAFT';
    s.num := coalesce(array_position(ARRAY['DRAFT', 'ASSIGNED', 'IN_PROGRESS', 'EFFECT_CLAIMED',
        'EFFECT_REACHED', 'COMPLETE_CLAIMED', 'DONE', 'SUSTAINING'], m.state), 0);
    s.over_from := never; s.orig_from := never; s.soon_from := never;
    IF s.num < 2 THEN
        RETURN s;
    END IF;
    IF m.class <> 1 AND e.measure IS NOT NULL THEN -- 立行立改 has no EFFECT
        s.over_from := rectify.status_over_from(e.current_due, e.claimed_day, e.reached_day);
        s.orig_from := rectify.status_over_from(e.original_due, e.claimed_day, e.reached_day);
        IF e.reached_day IS NULL THEN
            s.effect_due := rectify.status_day_number(e.current_due);
            s.effect_stop := rectify.status_day_number(e.claimed_day);
            IF e.claimed_day IS NULL AND e.current_due IS NOT NULL THEN
                s.soon_from := s.effect_due - rectify.status_soon_days();
            END IF;
        END IF;
    END IF;
    IF c.measure IS NOT NULL THEN
        s.over_from := least(s.over_from,
            rectify.status_over_from(c.current_due, c.claimed_day, c.reached_day));
        s.orig_from := least(s.orig_from,
            rectify.status_over_from(c.original_due, c.claimed_day, c.reached_day));
        IF c.reached_day IS NULL THEN
            s.complete_due := rectify.status_day_number(c.current_due);
            s.complete_stop := rectify.status_day_number(c.claimed_day);
            IF c.claimed_day IS NULL AND c.current_due IS NOT NULL THEN
                s.soon_from := least(s.soon_from, s.complete_due - rectify.status_soon_days());
            END IF;
        END IF;
    END IF;
    IF s.soon_from >= s.over_from THEN
        s.soon_from := never;
    END IF;
    RETURN s;
END $$;

-- The denominator is the feedback's own problems; those of other origin are counted apart.
CREATE FUNCTION status_of_problem(p problem, day integer) RETURNS status_span
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s rectify.status_span;
    never integer := rectify.status_never();
BEGIN
    s.tenant := p.tenant; s.kind := 2; s.thing := p.id; s.from_day := day; s.to_day := never;
    s.inspection := p.inspection; s.problem := p.id; s.item := p.item; s.body_no := p.body_no;
    s.unit := p.lead_org; s.sgroup := p.sgroup_org; s.class := 0; s.state := p.state;
    s.live := p.state <> 'REGISTERED';
    s.num := CASE
        WHEN p.state NOT IN ('REGISTERED', 'RECTIFYING', 'CLOSE_APPLIED', 'JOINT_REVIEW', 'CLOSED',
                             'SUSTAINED') THEN 0
        WHEN p.origin <> 'FEEDBACK' THEN
            CASE WHEN p.state IN ('CLOSED', 'SUSTAINED') THEN 18 ELSE 17 END
        WHEN p.state = 'REGISTERED' THEN 12 WHEN p.state = 'RECTIFYING' THEN 13
        WHEN p.state = 'CLOSED' THEN 15 WHEN p.state = 'SUSTAINED' THEN 16 ELSE 14 END;
    s.over_from := never; s.orig_from := never; s.soon_from := never;
    RETURN s;
END $$;

-- Missing (未报): past its day with grace, and never submitted.
CREATE FUNCTION status_of_table(t periodic_table, day integer) RETURNS status_span
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s rectify.status_span;
    never integer := rectify.status_never();
    owed integer := rectify.status_day_number(t.due) + t.grace_days + 1;
BEGIN
    s.tenant := t.tenant; s.kind := 3; s.thing := t.id; s.from_day := day; s.to_day := never;
    s.inspection := t.inspection; s.unit := t.org; s.class := 0; s.state := t.state;
    s.live := true;
    s.num := CASE WHEN t.state = 'WAIVED' THEN 25 WHEN t.state = 'NIL' THEN 24
        WHEN t.submitted_ms IS NULL THEN 21
        WHEN rectify.status_day_number(t.submitted_day) >= owed THEN 23 ELSE 22 END;
    s.over_from := CASE WHEN s.num = 21 THEN owed ELSE never END;
    s.orig_from := CASE WHEN s.num = 25 THEN never ELSE owed END;
    s.soon_from := never;
    RETURN s;
END $$;

CREATE FUNCTION status_of_item(i item, approved boolean, day integer) RETURNS status_span
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    s rectify.status_span;
BEGIN
    s.tenant := i.tenant; s.kind := 4; s.thing := i.id; s.from_day := day;
    s.to_day := rectify.status_never(); s.inspection := i.inspection; s.item := i.id; s.class := 0;
    s.state := ''; s.num := 26; s.live := approved;
    s.over_from := s.to_day; s.orig_from := s.to_day; s.soon_from := s.to_day;
    RETURN s;
END $$;

-- ---- whoever changes a thing leaves its span and its lines -------------------------------------------
--
-- The triggers run with the owner's rights, and what they call with them: the writer need not see
-- what is counted, and cannot write it otherwise. The thing's present span is locked before the thing is read, so two transactions that
-- change a measure and its problem agree on the later one.

CREATE FUNCTION status_lock(of_tenant integer, of_kind smallint, of_thing uuid) RETURNS status_span
LANGUAGE plpgsql AS $$
DECLARE
    old status_span;
BEGIN
    SELECT * INTO old FROM status_span s
     WHERE s.tenant = of_tenant AND s.kind = of_kind AND s.thing = of_thing
       AND s.to_day = 2147483647 FOR UPDATE;
    RETURN old;
END $$;

-- The same but for the days.
CREATE FUNCTION status_same(a status_span, b status_span) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN (a.inspection, a.problem, a.item, a.body_no, a.unit, a.leader, a.sgroup, a.class,
            a.state, a.num, a.live, a.effect_due, a.effect_stop, a.complete_due, a.complete_stop,
            a.over_from, a.orig_from, a.soon_from) IS NOT DISTINCT FROM
           (b.inspection, b.problem, b.item, b.body_no, b.unit, b.leader, b.sgroup, b.class,
            b.state, b.num, b.live, b.effect_due, b.effect_stop, b.complete_due, b.complete_stop,
            b.over_from, b.orig_from, b.soon_from);

CREATE FUNCTION status_put(old status_span, s status_span) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    before status_span;
BEGIN
    IF old.thing IS NOT NULL THEN
        s.from_day := greatest(s.from_day, old.from_day); -- clocks of two servers may differ
        IF status_same(old, s) THEN
            RETURN;
        END IF;
        INSERT INTO status_pending (tenant, sign, day, kind, inspection, unit, leader, sgroup, num,
                                    live, over_from, orig_from, soon_from)
        SELECT x.* FROM (VALUES
            (s.tenant, -1::smallint, s.from_day, old.kind, old.inspection, old.unit, old.leader,
             old.sgroup, old.num, old.live, old.over_from, old.orig_from, old.soon_from),
            (s.tenant, 1::smallint, s.from_day, s.kind, s.inspection, s.unit, s.leader, s.sgroup,
             s.num, s.live, s.over_from, s.orig_from, s.soon_from)) x (tenant, sign, day, kind,
             inspection, unit, leader, sgroup, num, live, over_from, orig_from, soon_from)
         WHERE x.num > 0;
        IF old.from_day = s.from_day THEN -- how it stood at the end of the day
            DELETE FROM status_span
             WHERE tenant = s.tenant AND kind = s.kind AND thing = s.thing
               AND from_day = old.from_day;
            SELECT * INTO before FROM status_span x
             WHERE x.tenant = s.tenant AND x.kind = s.kind AND x.thing = s.thing
             ORDER BY x.from_day DESC LIMIT 1;
            IF before.thing IS NOT NULL AND status_same(before, s) THEN -- there and back in a day
                UPDATE status_span SET to_day = s.to_day
                 WHERE tenant = s.tenant AND kind = s.kind AND thing = s.thing
                   AND from_day = before.from_day;
                RETURN;
            END IF;
        ELSE
            UPDATE status_span SET to_day = s.from_day
             WHERE tenant = s.tenant AND kind = s.kind AND thing = s.thing
               AND from_day = old.from_day;
        END IF;
    ELSIF s.num > 0 THEN
        INSERT INTO status_pending (tenant, sign, day, kind, inspection, unit, leader, sgroup, num,
                                    live, over_from, orig_from, soon_from)
        VALUES (s.tenant, 1, s.from_day, s.kind, s.inspection, s.unit, s.leader, s.sgroup, s.num,
                s.live, s.over_from, s.orig_from, s.soon_from);
    END IF;
    INSERT INTO status_span SELECT s.*;
END $$;

CREATE FUNCTION status_put_measure(of_tenant integer, of_measure uuid, event uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    old status_span := status_lock(of_tenant, 1::smallint, of_measure);
    s status_span;
    m measure;
    p problem;
    e milestone;
    c milestone;
BEGIN
    SELECT * INTO m FROM measure x WHERE x.tenant = of_tenant AND x.id = of_measure;
    SELECT * INTO p FROM problem x WHERE x.tenant = of_tenant AND x.id = m.problem;
    SELECT * INTO e FROM milestone x
     WHERE x.tenant = of_tenant AND x.measure = of_measure AND x.kind = 1;
    SELECT * INTO c FROM milestone x
     WHERE x.tenant = of_tenant AND x.measure = of_measure AND x.kind = 2;
    s := status_of_measure(m, p, e, c, status_event_day(of_tenant, event));
    PERFORM status_put(old, s);
END $$;

CREATE FUNCTION status_measure_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    PERFORM status_put_measure(NEW.tenant, NEW.id, NEW.event_id);
    RETURN NULL;
END $$;
CREATE TRIGGER measure_status_added AFTER INSERT ON measure
    FOR EACH ROW EXECUTE FUNCTION status_measure_changed();
CREATE TRIGGER measure_status_changed AFTER UPDATE ON measure FOR EACH ROW
    WHEN ((OLD.state, OLD.class, OLD.problem, OLD.inspection) IS DISTINCT FROM
          (NEW.state, NEW.class, NEW.problem, NEW.inspection)
          OR OLD.leader_org IS DISTINCT FROM NEW.leader_org)
    EXECUTE FUNCTION status_measure_changed();

CREATE FUNCTION status_milestone_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    PERFORM status_put_measure(NEW.tenant, NEW.measure, NEW.event_id);
    RETURN NULL;
END $$;
CREATE TRIGGER milestone_status_added AFTER INSERT ON milestone
    FOR EACH ROW EXECUTE FUNCTION status_milestone_changed();
CREATE TRIGGER milestone_status_changed AFTER UPDATE ON milestone FOR EACH ROW
    WHEN ((OLD.original_due, OLD.current_due, OLD.claimed_day, OLD.reached_day) IS DISTINCT FROM
          (NEW.original_due, NEW.current_due, NEW.claimed_day, NEW.reached_day))
    EXECUTE FUNCTION status_milestone_changed();

CREATE FUNCTION status_problem_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
DECLARE
    old_span status_span := status_lock(NEW.tenant, 2::smallint, NEW.id);
    id uuid;
BEGIN
    PERFORM status_put(old_span,
                       status_of_problem(NEW, status_event_day(NEW.tenant, NEW.event_id)));
    IF TG_OP = 'UPDATE'
       AND (OLD.item, OLD.body_no, OLD.lead_org, OLD.sgroup_org) IS DISTINCT FROM
           (NEW.item, NEW.body_no, NEW.lead_org, NEW.sgroup_org) THEN
        FOR id IN SELECT m.id FROM measure m
                   WHERE m.tenant = NEW.tenant AND m.problem = NEW.id ORDER BY m.id LOOP
            PERFORM status_put_measure(NEW.tenant, id, NEW.event_id);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER problem_status_added AFTER INSERT ON problem
    FOR EACH ROW EXECUTE FUNCTION status_problem_changed();
CREATE TRIGGER problem_status_changed AFTER UPDATE ON problem FOR EACH ROW
    WHEN ((OLD.state, OLD.origin, OLD.item, OLD.body_no, OLD.lead_org, OLD.sgroup_org)
          IS DISTINCT FROM
          (NEW.state, NEW.origin, NEW.item, NEW.body_no, NEW.lead_org, NEW.sgroup_org))
    EXECUTE FUNCTION status_problem_changed();

CREATE FUNCTION status_table_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    PERFORM status_put(status_lock(NEW.tenant, 3::smallint, NEW.id),
                       status_of_table(NEW, status_event_day(NEW.tenant, NEW.event_id)));
    RETURN NULL;
END $$;
CREATE TRIGGER periodic_table_status_changed AFTER INSERT OR UPDATE ON periodic_table
    FOR EACH ROW EXECUTE FUNCTION status_table_changed();

CREATE FUNCTION status_item_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    PERFORM status_put(status_lock(NEW.tenant, 4::smallint, NEW.id),
        status_of_item(NEW, (SELECT i.plan_state = 'APPROVED' FROM inspection i
                              WHERE i.tenant = NEW.tenant AND i.id = NEW.inspection),
                       status_event_day(NEW.tenant, NEW.event_id)));
    RETURN NULL;
END $$;
CREATE TRIGGER item_status_added AFTER INSERT ON item
    FOR EACH ROW EXECUTE FUNCTION status_item_added();

CREATE FUNCTION status_plan_approved() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
DECLARE
    i item;
BEGIN
    FOR i IN SELECT * FROM item x WHERE x.tenant = NEW.tenant AND x.inspection = NEW.id
              ORDER BY x.id LOOP
        PERFORM status_put(status_lock(i.tenant, 4::smallint, i.id),
            status_of_item(i, NEW.plan_state = 'APPROVED',
                           status_event_day(NEW.tenant, NEW.event_id)));
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER inspection_status_approved AFTER UPDATE ON inspection FOR EACH ROW
    WHEN (OLD.plan_state <> NEW.plan_state) EXECUTE FUNCTION status_plan_approved();

-- A tenant's clock stands from the beginning, so that folds can take turns on it.
CREATE FUNCTION status_tenant_added() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    INSERT INTO status_clock (tenant, base_day) VALUES (NEW.id, 0);
    RETURN NULL;
END $$;
CREATE TRIGGER tenant_status_added AFTER INSERT ON tenant
    FOR EACH ROW EXECUTE FUNCTION status_tenant_added();

-- ---- the recount: the same spans, from the row versions alone -----------------------------------------

-- Every span the versions say there should be. Slow; what the maintained ones are tested against.
CREATE FUNCTION status_recount(of_tenant integer) RETURNS SETOF status_span
LANGUAGE sql STABLE SET search_path = rectify, pg_temp AS $$
WITH zone AS MATERIALIZED (SELECT utc_offset_min AS off FROM tenant WHERE id = of_tenant),
mv AS (
    SELECT v.id, v.problem, status_day_of(v.event_id, z.off) AS day,
           lag(v.version) OVER w IS NULL
           OR (v.state, v.class, v.problem) IS DISTINCT FROM
              (lag(v.state) OVER w, lag(v.class) OVER w, lag(v.problem) OVER w)
           OR v.leader_org IS DISTINCT FROM lag(v.leader_org) OVER w AS moved
      FROM measure_version v, zone z WHERE v.tenant = of_tenant
    WINDOW w AS (PARTITION BY v.id ORDER BY v.version)),
pv AS (
    SELECT v.id, v.version, status_day_of(v.event_id, z.off) AS day, ROW(v.*)::problem AS problem
      FROM problem_version v, zone z WHERE v.tenant = of_tenant),
began AS (SELECT id, problem, min(day) AS day FROM mv WHERE moved GROUP BY id, problem),
days AS (
    SELECT id, problem, day FROM mv WHERE moved
    UNION SELECT b.id, b.problem, status_day_of(v.event_id, z.off)
            FROM milestone_version v JOIN began b ON b.id = v.measure, zone z
           WHERE v.tenant = of_tenant
    UNION SELECT b.id, b.problem, p.day FROM pv p
            JOIN began b ON b.problem = p.id AND p.day >= b.day),
seen AS (
    SELECT status_of_measure(
        (SELECT ROW(x.*)::measure FROM measure_version x
          WHERE x.tenant = of_tenant AND x.id = d.id AND status_day_of(x.event_id, z.off) <= d.day
          ORDER BY x.version DESC LIMIT 1),
        (SELECT ROW(x.*)::problem FROM problem_version x
          WHERE x.tenant = of_tenant AND x.id = d.problem
            AND status_day_of(x.event_id, z.off) <= d.day ORDER BY x.version DESC LIMIT 1),
        (SELECT ROW(x.*)::milestone FROM milestone_version x
          WHERE x.tenant = of_tenant AND x.measure = d.id AND x.kind = 1
            AND status_day_of(x.event_id, z.off) <= d.day ORDER BY x.version DESC LIMIT 1),
        (SELECT ROW(x.*)::milestone FROM milestone_version x
          WHERE x.tenant = of_tenant AND x.measure = d.id AND x.kind = 2
            AND status_day_of(x.event_id, z.off) <= d.day ORDER BY x.version DESC LIMIT 1),
        d.day) AS s
      FROM days d, zone z
    UNION ALL
    SELECT status_of_problem(p.problem, p.day)
      FROM (SELECT DISTINCT ON (id, day) * FROM pv ORDER BY id, day, version DESC) p
    UNION ALL
    SELECT status_of_table(t.duty, t.day)
      FROM (SELECT DISTINCT ON (v.id, status_day_of(v.event_id, z.off))
                   status_day_of(v.event_id, z.off) AS day, ROW(v.*)::periodic_table AS duty
              FROM periodic_table_version v, zone z WHERE v.tenant = of_tenant
             ORDER BY v.id, status_day_of(v.event_id, z.off), v.version DESC) t
    UNION ALL
    SELECT status_of_item(i, x.live, x.day)
      FROM item i
      JOIN inspection n ON n.tenant = i.tenant AND n.id = i.inspection
     CROSS JOIN zone z
     CROSS JOIN LATERAL (SELECT min(status_day_of(v.event_id, z.off)) AS day
              FROM plan_version v WHERE v.tenant = i.tenant AND v.inspection = i.inspection) a
     CROSS JOIN LATERAL (VALUES
           (status_day_of(i.event_id, z.off),
            coalesce(a.day <= status_day_of(i.event_id, z.off), n.plan_state = 'APPROVED')),
           (a.day, true)) x (day, live)
     WHERE i.tenant = of_tenant AND x.day >= status_day_of(i.event_id, z.off)
       AND (x.live OR x.day IS DISTINCT FROM a.day)),
flat AS (SELECT (s).* FROM seen),
marked AS (
    SELECT f.*, ROW(inspection, problem, item, body_no, unit, leader, sgroup, class, state, num,
                    live, effect_due, effect_stop, complete_due, complete_stop, over_from,
                    orig_from, soon_from)::text AS face FROM (SELECT DISTINCT * FROM flat) f),
first AS (
    SELECT m.*, lag(face) OVER w IS DISTINCT FROM face AS moved
      FROM marked m WINDOW w AS (PARTITION BY kind, thing ORDER BY from_day))
SELECT tenant, kind, thing, from_day,
       coalesce(lead(from_day) OVER (PARTITION BY kind, thing ORDER BY from_day), status_never()),
       inspection, problem, item, body_no, unit, leader, sgroup, class, state, num, live,
       effect_due, effect_stop, complete_due, complete_stop, over_from, orig_from, soon_from
  FROM first WHERE moved
$$;

-- Begins again from the row versions: for what was there before this file, and after a repair.
CREATE FUNCTION status_rebuild(of_tenant integer) RETURNS void
LANGUAGE plpgsql SET search_path = rectify, pg_temp AS $$
BEGIN
    DELETE FROM status_pending WHERE tenant = of_tenant;
    DELETE FROM status_total WHERE tenant = of_tenant;
    DELETE FROM status_now WHERE tenant = of_tenant;
    INSERT INTO status_clock (tenant, base_day) VALUES (of_tenant, 0)
        ON CONFLICT ON CONSTRAINT status_clock_pk DO UPDATE SET base_day = 0;
    DELETE FROM status_span WHERE tenant = of_tenant;
    INSERT INTO status_span SELECT * FROM status_recount(of_tenant);
    INSERT INTO status_pending (tenant, sign, day, kind, inspection, unit, leader, sgroup, num,
                                live, over_from, orig_from, soon_from)
    SELECT tenant, x.sign, x.day, kind, inspection, unit, leader, sgroup, num, live, over_from,
           orig_from, soon_from
      FROM status_span s CROSS JOIN LATERAL
           (VALUES (1, s.from_day), (-1, s.to_day)) x (sign, day)
     WHERE s.tenant = of_tenant AND s.num > 0 AND x.day < status_never();
END $$;
REVOKE EXECUTE ON FUNCTION status_put, status_lock, status_put_measure, status_rebuild FROM PUBLIC;

-- ---- readers ------------------------------------------------------------------------------------------

SELECT table_ready('status_span', 'sees_all() OR (kind = 3 AND unit = ANY (cur_orgs()))'
    ' OR (kind = 1 AND EXISTS (SELECT 1 FROM rectify.access a WHERE a.tenant = status_span.tenant'
    ' AND a.measure = status_span.thing AND a.org = ANY (cur_orgs())))'
    ' OR kind = 4 OR (kind = 2 AND EXISTS (SELECT 1 FROM rectify.access a'
    ' WHERE a.tenant = status_span.tenant AND a.problem = status_span.thing'
    ' AND a.org = ANY (cur_orgs())))');
SELECT table_ready('status_pending', 'sees_all()');
SELECT table_ready('status_total', 'sees_all()');
SELECT table_ready('status_now', 'sees_all()');
SELECT table_ready('status_clock', 'sees_all()');
REVOKE INSERT, UPDATE ON status_span, status_pending FROM rectify_app;
GRANT DELETE ON status_pending TO rectify_app;

SELECT status_rebuild(id) FROM tenant ORDER BY id;
