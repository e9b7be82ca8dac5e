-- Closing (销号): claims endorsed by the problem's lead unit, sustained measures checked and
-- reopened, problems applied for and closed in a sitting (批量会审).

-- ---- measures: who handed the claim in ------------------------------------------------------------

-- Another unit's than the problem's lead unit: the lead unit endorses before the office judges.
ALTER TABLE measure ADD COLUMN claimed_org uuid;
ALTER TABLE measure_version ADD COLUMN claimed_org uuid;
ALTER TABLE measure ADD CONSTRAINT measure_claimed_org_fk FOREIGN KEY (tenant, claimed_org)
    REFERENCES org (tenant, id);

-- ---- approvals: a body's opinion on an exact record ------------------------------------------------

-- An opinion on a row of a sitting may be given again while the row is open; each stays on record.
ALTER TABLE approval DROP CONSTRAINT approval_once;
CREATE UNIQUE INDEX approval_once
    ON approval (tenant, body_org, subject_kind, subject, subject_version)
    WHERE subject_kind <> 'sitting_row';
CREATE INDEX approval_by_subject ON approval (tenant, subject, subject_version);
CREATE POLICY approval_of_body ON approval
    USING (tenant = cur_tenant() AND (body_org = ANY (cur_orgs())
           OR (subject_kind = 'measure' AND sees_measure(tenant, subject))))
    WITH CHECK (tenant = cur_tenant() AND body_org = ANY (cur_orgs()));

-- ---- problems --------------------------------------------------------------------------------------

ALTER TABLE problem ADD COLUMN round integer NOT NULL DEFAULT 1,
    ADD COLUMN closing_report text,
    ADD COLUMN lessons text,            -- 举一反三
    ADD COLUMN group_opinion text,
    ADD COLUMN applied_ms bigint,
    ADD COLUMN forwarded_ms bigint,
    ADD COLUMN closed_day date,
    ADD COLUMN note text;
ALTER TABLE problem_version ADD COLUMN round integer NOT NULL DEFAULT 1,
    ADD COLUMN closing_report text,
    ADD COLUMN lessons text,
    ADD COLUMN group_opinion text,
    ADD COLUMN applied_ms bigint,
    ADD COLUMN forwarded_ms bigint,
    ADD COLUMN closed_day date,
    ADD COLUMN note text;
ALTER TABLE problem ADD CONSTRAINT problem_round_range CHECK (round >= 1);
ALTER TABLE problem ADD CONSTRAINT problem_application_has_report CHECK
    (state NOT IN ('CLOSE_APPLIED', 'JOINT_REVIEW')
     OR (closing_report IS NOT NULL AND lessons IS NOT NULL));
ALTER TABLE problem ADD CONSTRAINT problem_review_has_opinion CHECK
    (state <> 'JOINT_REVIEW' OR group_opinion IS NOT NULL);

-- Whoever may see a problem: who sees one of its measures, its lead unit, its special group.
CREATE FUNCTION sees_problem(of_tenant integer, of_problem uuid) RETURNS boolean
LANGUAGE sql STABLE
    RETURN sees_all() OR EXISTS (SELECT 1 FROM access a
                                  WHERE a.tenant = of_tenant AND a.problem = of_problem
                                    AND a.org = ANY (cur_orgs()))
           OR EXISTS (SELECT 1 FROM problem p
                       WHERE p.tenant = of_tenant AND p.id = of_problem
                         AND (p.lead_org = ANY (cur_orgs()) OR p.sgroup_org = ANY (cur_orgs())));
CREATE POLICY problem_of_lead ON problem
    USING (tenant = cur_tenant() AND (lead_org = ANY (cur_orgs()) OR sgroup_org = ANY (cur_orgs())))
    WITH CHECK (tenant = cur_tenant()
                AND (lead_org = ANY (cur_orgs()) OR sgroup_org = ANY (cur_orgs())));
CREATE POLICY problem_version_of_lead ON problem_version FOR SELECT
    USING (tenant = cur_tenant()
           AND (lead_org = ANY (cur_orgs()) OR sgroup_org = ANY (cur_orgs())));

-- A problem's history is read by who sees the problem.
CREATE POLICY event_change_of_problem ON event_change FOR SELECT
    USING (tenant = cur_tenant() AND kind = 'problem' AND sees_problem(tenant, thing));

-- Files of an application (整改报告附件), by the round they were handed in.
CREATE TABLE problem_evidence (
    tenant integer NOT NULL,
    problem uuid NOT NULL,
    evidence uuid NOT NULL,
    round integer NOT NULL,
    linked_ms bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT problem_evidence_pk PRIMARY KEY (tenant, problem, evidence, round),
    CONSTRAINT problem_evidence_problem_fk FOREIGN KEY (tenant, problem)
        REFERENCES problem (tenant, id),
    CONSTRAINT problem_evidence_evidence_fk FOREIGN KEY (tenant, evidence)
        REFERENCES evidence (tenant, id)
);
SELECT table_ready('problem_evidence', 'sees_problem(tenant, problem)');
SELECT append_only_ready('problem_evidence');
CREATE INDEX problem_evidence_by_file ON problem_evidence (tenant, evidence);
CREATE POLICY evidence_of_problem ON evidence FOR SELECT
    USING (tenant = cur_tenant() AND EXISTS (SELECT 1 FROM problem_evidence l
               WHERE l.tenant = evidence.tenant AND l.evidence = evidence.id));

-- ---- no closed problem has an open measure, whoever writes ------------------------------------------

CREATE FUNCTION measure_finished(state text) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN state IN ('DONE', 'SUSTAINING', 'SUPERSEDED', 'CANCELLED');

-- Both run as the owner, who sees every row: a scope must not hide what would refuse.

CREATE FUNCTION check_problem_closed() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM measure m
                WHERE m.tenant = NEW.tenant AND m.problem = NEW.id
                  AND (NOT measure_finished(m.state)
                       OR (NEW.state = 'CLOSED' AND m.state = 'SUSTAINING'))) THEN
        RAISE EXCEPTION 'problem % has an open measure', NEW.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'problem_closed_measures_open';
    END IF;
    IF EXISTS (SELECT 1 FROM measure m
                WHERE m.tenant = NEW.tenant AND m.problem = NEW.id
                  AND m.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'problem % is closed together with a measure', NEW.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'problem_closes_no_measure';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER problem_closed_by_insert AFTER INSERT ON problem
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state IN ('CLOSED', 'SUSTAINED'))
    EXECUTE FUNCTION check_problem_closed();
CREATE CONSTRAINT TRIGGER problem_closed_by_update AFTER UPDATE ON problem
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state IN ('CLOSED', 'SUSTAINED') AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION check_problem_closed();

-- The problem's row is locked, so that a closing under way is waited for and then seen. Whoever
-- reopens writes the problem first.
CREATE FUNCTION check_measure_opened() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
DECLARE
    above text;
BEGIN
    SELECT p.state INTO above FROM problem p
     WHERE p.tenant = NEW.tenant AND p.id = NEW.problem FOR SHARE;
    IF above = 'CLOSED' OR (above = 'SUSTAINED' AND NOT measure_finished(NEW.state)) THEN
        RAISE EXCEPTION 'measure % is open under a closed problem', NEW.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'measure_open_problem_closed';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER measure_opened_by_insert AFTER INSERT ON measure
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state NOT IN ('DONE', 'SUPERSEDED', 'CANCELLED'))
    EXECUTE FUNCTION check_measure_opened();
-- An open measure's problem is open already: only what turns open, or moves, is looked at.
CREATE CONSTRAINT TRIGGER measure_opened_by_update AFTER UPDATE ON measure
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state NOT IN ('DONE', 'SUPERSEDED', 'CANCELLED')
          AND (NEW.problem IS DISTINCT FROM OLD.problem
               OR (OLD.state IN ('DONE', 'SUSTAINING', 'SUPERSEDED', 'CANCELLED')
                   AND NEW.state IS DISTINCT FROM OLD.state)))
    EXECUTE FUNCTION check_measure_opened();

-- Children are never closed because the parent was: one event does not do both.
CREATE FUNCTION check_measure_finished_alone() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM problem p
                WHERE p.tenant = NEW.tenant AND p.id = NEW.problem
                  AND p.event_id = NEW.event_id AND p.state IN ('CLOSED', 'SUSTAINED')) THEN
        RAISE EXCEPTION 'measure % is finished together with its problem', NEW.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'problem_closes_no_measure';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER measure_finished_alone AFTER UPDATE ON measure
    DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW
    WHEN (NEW.state IN ('DONE', 'SUSTAINING', 'SUPERSEDED', 'CANCELLED')
          AND NEW.state IS DISTINCT FROM OLD.state)
    EXECUTE FUNCTION check_measure_finished_alone();

-- ---- sittings (批量会审) ----------------------------------------------------------------------------

CREATE TABLE sitting (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    no integer NOT NULL,
    ref text NOT NULL,              -- "XH-01"
    title text NOT NULL,
    day date NOT NULL,
    state text NOT NULL,
    reason text,                    -- of a cancellation
    opened_ms bigint,
    ended_ms bigint,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT sitting_pk PRIMARY KEY (tenant, id),
    CONSTRAINT sitting_ref_unique UNIQUE (tenant, ref),
    CONSTRAINT sitting_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT sitting_cancelled_has_reason CHECK (state <> 'CANCELLED' OR reason IS NOT NULL)
);

-- A problem on the list. PENDING until decided; UNDECIDED: the sitting ended before; VOID: the
-- problem was reopened, or the sitting cancelled, before.
CREATE TABLE sitting_row (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    sitting uuid NOT NULL,
    no integer NOT NULL,
    problem uuid NOT NULL,
    state text NOT NULL,
    reason text,
    decided_ms bigint,
    problem_version bigint,         -- the record that was decided on
    record_sha256 bytea,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT sitting_row_pk PRIMARY KEY (tenant, id),
    CONSTRAINT sitting_row_sitting_fk FOREIGN KEY (tenant, sitting) REFERENCES sitting (tenant, id),
    CONSTRAINT sitting_row_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT sitting_row_once UNIQUE (tenant, sitting, problem),
    CONSTRAINT sitting_row_state_known CHECK (state IN
        ('PENDING', 'CLOSED', 'SUSTAINED', 'REFUSED', 'UNDECIDED', 'VOID')),
    CONSTRAINT sitting_row_refusal_has_reason CHECK (state <> 'REFUSED' OR reason IS NOT NULL),
    CONSTRAINT sitting_row_decided_on_record CHECK
        (state NOT IN ('CLOSED', 'SUSTAINED', 'REFUSED')
         OR (problem_version IS NOT NULL AND octet_length(record_sha256) = 32))
);
CREATE UNIQUE INDEX sitting_row_pending_once ON sitting_row (tenant, problem)
    WHERE state = 'PENDING';
CREATE INDEX sitting_row_by_problem ON sitting_row (tenant, problem);

-- The opinion in force of one body on one row: a conclusion and a reason on each of the five
-- criteria (计划任务完成；违规问题处理；成效符合规定；举一反三；根源消除).
CREATE TABLE sitting_opinion (
    tenant integer NOT NULL,
    sitting_row uuid NOT NULL,
    body text NOT NULL,
    approval uuid NOT NULL,
    org uuid NOT NULL,              -- who gave it: the body itself, or its substitute
    substitute boolean NOT NULL DEFAULT false,
    verdict smallint NOT NULL,      -- 2 agreed, 3 refused
    met_1 boolean NOT NULL, reason_1 text NOT NULL,
    met_2 boolean NOT NULL, reason_2 text NOT NULL,
    met_3 boolean NOT NULL, reason_3 text NOT NULL,
    met_4 boolean NOT NULL, reason_4 text NOT NULL,
    met_5 boolean NOT NULL, reason_5 text NOT NULL,
    reason text,
    problem_version bigint NOT NULL,
    record_sha256 bytea NOT NULL,
    recorded_ms bigint NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT sitting_opinion_pk PRIMARY KEY (tenant, sitting_row, body),
    CONSTRAINT sitting_opinion_row_fk FOREIGN KEY (tenant, sitting_row)
        REFERENCES sitting_row (tenant, id),
    CONSTRAINT sitting_opinion_approval_fk FOREIGN KEY (tenant, approval)
        REFERENCES approval (tenant, id),
    CONSTRAINT sitting_opinion_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT sitting_opinion_body_known CHECK (body IN ('DISC', 'ORGD', 'OFFICE')),
    CONSTRAINT sitting_opinion_verdict_known CHECK (verdict IN (2, 3)),
    CONSTRAINT sitting_opinion_agrees_on_all CHECK
        ((verdict = 2) = (met_1 AND met_2 AND met_3 AND met_4 AND met_5)),
    CONSTRAINT sitting_opinion_hash_size CHECK (octet_length(record_sha256) = 32)
);

SELECT table_ready('sitting_row', 'sees_problem(tenant, problem)', 'id');
SELECT table_ready('sitting', 'sees_all() OR EXISTS (SELECT 1 FROM rectify.sitting_row r'
    ' WHERE r.tenant = sitting.tenant AND r.sitting = sitting.id)', 'id');
-- Open to the bodies and the special group; to the lead unit once the row is decided.
SELECT table_ready('sitting_opinion', 'sees_all() OR EXISTS (SELECT 1 FROM rectify.sitting_row r'
    ' JOIN rectify.problem p ON p.tenant = r.tenant AND p.id = r.problem'
    ' WHERE r.tenant = sitting_opinion.tenant AND r.id = sitting_opinion.sitting_row'
    ' AND (p.sgroup_org = ANY (cur_orgs())'
    ' OR (r.state <> ''PENDING'' AND p.lead_org = ANY (cur_orgs()))))', 'sitting_row, body');
CREATE TRIGGER sitting_edge BEFORE INSERT OR UPDATE ON sitting
    FOR EACH ROW EXECUTE FUNCTION check_edge('sitting');

-- ---- transitions ------------------------------------------------------------------------------------

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('measure', 'EFFECT_CLAIMED', 'endorse', 'EFFECT_CLAIMED'),
    ('measure', 'COMPLETE_CLAIMED', 'endorse', 'COMPLETE_CLAIMED'),
    ('problem', 'CLOSE_APPLIED', 'reopen', 'RECTIFYING'),
    ('problem', 'JOINT_REVIEW', 'reopen', 'RECTIFYING'),
    ('problem', 'SUSTAINED', 'refuse', 'RECTIFYING'),
    ('sitting', 'NONE', 'create', 'PLANNED'),
    ('sitting', 'PLANNED', 'hold', 'OPEN'),
    ('sitting', 'OPEN', 'judge', 'OPEN'),
    ('sitting', 'OPEN', 'conclude', 'CONCLUDED'),
    ('sitting', 'PLANNED', 'cancel', 'CANCELLED'),
    ('sitting', 'OPEN', 'cancel', 'CANCELLED');
