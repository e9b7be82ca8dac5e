-- Matters (事项): what stands around a measure and has a life of its own – consultations (会商),
-- extensions (延期), notices (督办单), admonitory talks (约谈), on-site rounds (专项督查),
-- instructions (批示), opinions (意见建议). One table: a matter is a text between a unit and a body,
-- in a state of its kind's machine, with a day by which somebody owes the next step.

CREATE TABLE matter (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,             -- machine code of server/service/workflow.h
    ref text NOT NULL,              -- "DB-0003": kind's letters and a number
    inspection uuid,
    problem uuid,
    measure uuid,
    milestone smallint,             -- of an extension or notice: 1 EFFECT, 2 COMPLETE
    org uuid,                       -- the unit concerned: who asks, or who is addressed
    holder uuid,                    -- the body whose step it is, or that holds it
    issuer uuid,                    -- the body that issued it: answers go back to it
    state text NOT NULL,
    level smallint NOT NULL DEFAULT 0,    -- who decides: 1 office, 2 leader, 3 leading group
    ordinal smallint NOT NULL DEFAULT 0,  -- which extension of its milestone, from 1
    urgent boolean NOT NULL DEFAULT false,
    late boolean NOT NULL DEFAULT false,  -- an extension asked for after the due day
    late_days integer NOT NULL DEFAULT 0, -- overdue days found when it was asked for
    title text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    answer text,
    due date,                       -- when the next step is owed, by whoever owes it
    new_due date,                   -- an extension's wish
    old_due date,
    scheduled_day date,             -- of a consultation, talk or round
    former uuid,                    -- the notice this one escalates
    origin text,                    -- an opinion's way in; a rule's alert key for a proposal
    per_unit integer NOT NULL DEFAULT 0,  -- a round's draw: measures a unit; 0: chosen by hand
    seed bigint NOT NULL DEFAULT 0,       -- of that draw, so that anybody can draw again
    private_sha256 text,            -- of the newest private text (matter_private), salted, hex
    reason_code text,
    reason text,
    opened_ms bigint NOT NULL,
    state_ms bigint NOT NULL,       -- since when it is in this state
    opened_by uuid,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT matter_pk PRIMARY KEY (tenant, id),
    CONSTRAINT matter_ref_unique UNIQUE (tenant, ref),
    CONSTRAINT matter_kind_known CHECK (kind IN
        ('consultation', 'extension', 'notice', 'talk', 'round', 'instruction', 'opinion')),
    CONSTRAINT matter_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT matter_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT matter_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT matter_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT matter_holder_fk FOREIGN KEY (tenant, holder) REFERENCES org (tenant, id),
    CONSTRAINT matter_issuer_fk FOREIGN KEY (tenant, issuer) REFERENCES org (tenant, id),
    CONSTRAINT matter_former_fk FOREIGN KEY (tenant, former) REFERENCES matter (tenant, id),
    CONSTRAINT matter_milestone_known CHECK (milestone IN (1, 2)),
    CONSTRAINT matter_level_range CHECK (level BETWEEN 0 AND 3),
    CONSTRAINT matter_extension_whole CHECK (kind <> 'extension' OR (measure IS NOT NULL
        AND milestone IS NOT NULL AND new_due > old_due AND level > 0 AND ordinal > 0)),
    CONSTRAINT matter_late_days_range CHECK (late_days >= 0 AND late = (late_days > 0)),
    CONSTRAINT matter_private_hex CHECK (private_sha256 ~ '^[0-9a-f]{64}$')
);
CREATE INDEX matter_by_measure ON matter (tenant, measure, kind);
CREATE INDEX matter_by_org ON matter (tenant, org, kind);
CREATE INDEX matter_by_holder ON matter (tenant, holder, kind);
CREATE UNIQUE INDEX matter_proposed_once ON matter (tenant, kind, origin)
    WHERE kind IN ('notice', 'talk') AND origin IS NOT NULL;
CREATE UNIQUE INDEX matter_extension_open ON matter (tenant, measure, milestone)
    WHERE kind = 'extension' AND state = 'SUBMITTED';

-- Numbers without gaps: the row is locked from the reading of the last number to the COMMIT.
CREATE TABLE matter_counter (
    tenant integer NOT NULL,
    kind text NOT NULL,
    last integer NOT NULL,
    CONSTRAINT matter_counter_pk PRIMARY KEY (tenant, kind),
    CONSTRAINT matter_counter_range CHECK (last >= 0)
);
SELECT table_ready('matter_counter', 'true');

-- What a consultation decided: a task has an owner and a day.
CREATE TABLE matter_task (
    tenant integer NOT NULL,
    matter uuid NOT NULL,
    no smallint NOT NULL,           -- from 1
    org uuid NOT NULL,              -- the owner
    owners uuid[] NOT NULL,         -- of all tasks of the matter: each sees them all
    measure uuid,                   -- the matter's
    text text NOT NULL,
    due date NOT NULL,
    done_day date,
    answer text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT matter_task_pk PRIMARY KEY (tenant, matter, no),
    CONSTRAINT matter_task_matter_fk FOREIGN KEY (tenant, matter) REFERENCES matter (tenant, id),
    CONSTRAINT matter_task_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT matter_task_no_range CHECK (no >= 1)
);
CREATE INDEX matter_task_open ON matter_task (tenant, org) WHERE done_day IS NULL;
SELECT table_ready('matter_task',
    'sees_all() OR owners && cur_orgs()'
    ' OR (measure IS NOT NULL AND sees_measure(tenant, measure))', 'matter, no');

-- A measure of a round's sample: what was claimed when the round began, and what was found.
CREATE TABLE matter_sample (
    tenant integer NOT NULL,
    matter uuid NOT NULL,
    measure uuid NOT NULL,
    holder uuid NOT NULL,           -- the checking body
    org uuid NOT NULL,              -- the problem's lead unit, whose claim it is
    removed boolean NOT NULL DEFAULT false, -- taken out of the sample before the start
    claimed_state text,             -- frozen at the start
    claimed_percent smallint,
    claimed_round integer,
    verdict smallint NOT NULL DEFAULT 0, -- 1 TRUE, 2 PARTLY, 3 FALSE, 4 NOT_SEEN; 0: none yet
    found text,
    shown boolean NOT NULL DEFAULT false, -- the unit has been told
    final_round integer,            -- set when final: the measure's round the verdict counts in
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT matter_sample_pk PRIMARY KEY (tenant, matter, measure),
    CONSTRAINT matter_sample_matter_fk FOREIGN KEY (tenant, matter) REFERENCES matter (tenant, id),
    CONSTRAINT matter_sample_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id),
    CONSTRAINT matter_sample_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT matter_sample_verdict_known CHECK (verdict BETWEEN 0 AND 4),
    CONSTRAINT matter_sample_found_said CHECK (verdict IN (0, 1) OR found IS NOT NULL)
);
CREATE INDEX matter_sample_by_measure ON matter_sample (tenant, measure);
SELECT table_ready('matter_sample',
    'sees_all() OR holder = ANY (cur_orgs()) OR (shown AND sees_measure(tenant, measure))',
    'matter, measure');

-- What one body alone reads, whoever else sees everything: the contents of a talk (its holder), who
-- sent an opinion (the office). Only their salted hash goes into the log.
CREATE TABLE matter_private (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    matter uuid NOT NULL,
    reader uuid NOT NULL,
    part text NOT NULL,
    text text NOT NULL,
    salt text NOT NULL,             -- the hash is SHA-256(salt, newline, text)
    recorded_ms bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT matter_private_pk PRIMARY KEY (tenant, id),
    CONSTRAINT matter_private_matter_fk FOREIGN KEY (tenant, matter)
        REFERENCES matter (tenant, id),
    CONSTRAINT matter_private_reader_fk FOREIGN KEY (tenant, reader) REFERENCES org (tenant, id),
    CONSTRAINT matter_private_part_known CHECK (part IN ('CONTENTS', 'REASON', 'SENDER'))
);
CREATE INDEX matter_private_by_matter ON matter_private (tenant, matter);
SELECT table_ready('matter_private', 'reader = ANY (cur_orgs())');
SELECT append_only_ready('matter_private');

-- Who sees a matter: the bodies that see everything, the unit, the body whose step it is, the one
-- that issued it; whoever sees the measure, where the matter is about the measure and not about
-- people. What is only proposed, or never came to be, the unit does not see. A round is shown to a
-- unit with its sampled measures, a consultation to who owes a task of it.
SELECT table_ready('matter',
    'sees_all() OR holder = ANY (cur_orgs()) OR issuer = ANY (cur_orgs())'
    ' OR ((org = ANY (cur_orgs()) OR (kind IN (''consultation'', ''extension'', ''notice'')'
    '       AND measure IS NOT NULL AND sees_measure(tenant, measure)))'
    '     AND NOT (kind IN (''notice'', ''talk'')'
    '              AND state IN (''PROPOSED'', ''DISMISSED'', ''DECLINED'')))'
    ' OR EXISTS (SELECT 1 FROM matter_task t WHERE t.tenant = matter.tenant'
    '             AND t.matter = matter.id AND t.org = ANY (cur_orgs()))'
    ' OR EXISTS (SELECT 1 FROM matter_sample s WHERE s.tenant = matter.tenant'
    '             AND s.matter = matter.id AND s.shown AND sees_measure(s.tenant, s.measure))',
    'id');

-- A matter's history is read by who may see the version it made.
CREATE POLICY event_change_matter ON event_change FOR SELECT
    USING (tenant = cur_tenant() AND kind IN ('matter', 'consultation')
           AND EXISTS (SELECT 1 FROM matter_version v WHERE v.tenant = event_change.tenant
                         AND v.id = event_change.thing AND v.version = event_change.version));

-- The overdue days an extension found when it was asked for after the due day stay counted.
ALTER TABLE milestone ADD COLUMN kept_overdue_days integer NOT NULL DEFAULT 0;
ALTER TABLE milestone_version ADD COLUMN kept_overdue_days integer NOT NULL DEFAULT 0;

-- Of clues (问题线索) only a number and whether it is done; never what it says.
CREATE TABLE clue (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    problem uuid,
    number text NOT NULL,
    done boolean NOT NULL DEFAULT false,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT clue_pk PRIMARY KEY (tenant, id),
    CONSTRAINT clue_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT clue_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT clue_number_unique UNIQUE (tenant, inspection, number),
    CONSTRAINT clue_number_form CHECK (number ~ '^[0-9A-Za-z-]{1,32}$')
);
SELECT table_ready('clue', 'sees_all()', 'id');

-- Consultations of the first version become matters, with their history.
INSERT INTO matter (tenant, id, kind, ref, inspection, problem, measure, org, holder, issuer, state,
                    text, due, opened_ms, state_ms, version, event_id)
SELECT c.tenant, c.id, 'consultation',
       'HS-' || lpad(n.no::text, greatest(4, length(n.no::text)), '0'), m.inspection, m.problem,
       c.measure, c.org, o.id, c.org, c.state, c.text, c.triage_due, c.opened_ms, c.opened_ms,
       c.version, c.event_id
  FROM consultation c
  JOIN (SELECT tenant, id, row_number() OVER (PARTITION BY tenant ORDER BY opened_ms, id) AS no
          FROM consultation) n ON n.tenant = c.tenant AND n.id = c.id
  JOIN measure m ON m.tenant = c.tenant AND m.id = c.measure
  LEFT JOIN LATERAL (SELECT id FROM org WHERE org.tenant = c.tenant AND kind = 'OFFICE'
                      ORDER BY sort_order, code LIMIT 1) o ON true;
INSERT INTO matter_version
SELECT (jsonb_populate_record(n, jsonb_build_object('state', v.state, 'text', v.text,
        'due', v.triage_due, 'version', v.version, 'event_id', v.event_id))).*
  FROM consultation_version v
  JOIN matter_version n ON n.tenant = v.tenant AND n.id = v.id AND n.version <> v.version;
INSERT INTO matter_counter (tenant, kind, last)
SELECT tenant, 'consultation', count(*) FROM consultation GROUP BY tenant;
DROP TABLE consultation, consultation_version;

-- Transitions: each kind has its machine.
CREATE FUNCTION check_matter_edge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := 'NONE';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.kind <> OLD.kind OR NEW.ref <> OLD.ref THEN
            RAISE EXCEPTION 'a matter keeps its kind and number'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_kept';
        END IF;
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        before := OLD.state;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM rectify.edge e
                    WHERE e.machine = NEW.kind AND e.from_state = before
                      AND e.to_state = NEW.state) THEN
        RAISE EXCEPTION 'a % may not go from % to %', NEW.kind, before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'matter_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER matter_edge BEFORE INSERT OR UPDATE ON matter
    FOR EACH ROW EXECUTE FUNCTION check_matter_edge();

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('consultation', 'DECIDED', 'finish_task', 'DECIDED'),
    ('opinion', 'ASSIGNED', 'return', 'RECEIVED');
