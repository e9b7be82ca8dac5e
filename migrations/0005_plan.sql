-- The plan (整改方案): review and versions, amendments and the lineage of measures, documents,
-- origins and links of problems, the inspection's own dates, dated nodes of a measure.

-- ---- versions ----------------------------------------------------------------------------------

-- base_no: the version an amendment (方案调整) changes; 0 for the first plan. content: the packed
-- changes of an amendment, which sha256 is taken of. problems counts those of the feedback alone:
-- other origins (other_problems) never change that denominator.
ALTER TABLE plan_version
    ADD COLUMN base_no integer NOT NULL DEFAULT 0,
    ADD COLUMN title text,
    ADD COLUMN content bytea,
    ADD COLUMN changed integer NOT NULL DEFAULT 0,
    ADD COLUMN other_problems integer NOT NULL DEFAULT 0,
    ADD COLUMN proposed_ms bigint;
ALTER TABLE plan_version ADD CONSTRAINT plan_version_state_known
    CHECK (state IN ('DRAFT', 'REVIEW', 'APPROVED', 'SUPERSEDED', 'WITHDRAWN'));
ALTER TABLE plan_version ADD CONSTRAINT plan_version_counts_range
    CHECK (measures >= 0 AND added >= 0 AND removed >= 0 AND changed >= 0 AND base_no >= 0);
ALTER TABLE plan_version ADD CONSTRAINT plan_version_follows_base CHECK (no = base_no + 1);

-- Several drafts may change the same version; one of them becomes the next.
ALTER TABLE plan_version DROP CONSTRAINT plan_version_no_unique;
CREATE UNIQUE INDEX plan_version_frozen_unique ON plan_version (tenant, inspection, no)
    WHERE state IN ('APPROVED', 'SUPERSEDED');
CREATE UNIQUE INDEX plan_version_current_unique ON plan_version (tenant, inspection)
    WHERE state = 'APPROVED';

-- What is frozen stays: its content, its numbers. measures(v) = measures(v - 1) + added - removed, and
-- as many rows of plan_measure.
CREATE FUNCTION check_plan_version() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
DECLARE
    before integer := 0;
    members integer;
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.state IN ('APPROVED', 'SUPERSEDED', 'WITHDRAWN')
       AND (OLD.no, OLD.base_no, OLD.items, OLD.problems, OLD.other_problems, OLD.measures,
            OLD.added, OLD.removed, OLD.changed, OLD.sha256, OLD.content)
           IS DISTINCT FROM
           (NEW.no, NEW.base_no, NEW.items, NEW.problems, NEW.other_problems, NEW.measures,
            NEW.added, NEW.removed, NEW.changed, NEW.sha256, NEW.content) THEN
        RAISE EXCEPTION 'plan version % is frozen', OLD.no
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_version_frozen';
    END IF;
    IF NEW.state <> 'APPROVED' THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO members FROM plan_measure m
     WHERE m.tenant = NEW.tenant AND m.plan_version = NEW.id;
    IF NEW.base_no > 0 THEN
        SELECT v.measures INTO before FROM plan_version v
         WHERE v.tenant = NEW.tenant AND v.inspection = NEW.inspection AND v.no = NEW.base_no
           AND v.state = 'SUPERSEDED';
    ELSE
        before := NEW.measures;
    END IF;
    IF before IS NULL OR NEW.measures <> members
       OR NEW.measures <> before + NEW.added - NEW.removed THEN
        RAISE EXCEPTION 'plan version %: % measures, % members, % + % - %', NEW.no, NEW.measures,
            members, before, NEW.added, NEW.removed
            USING ERRCODE = 'check_violation', CONSTRAINT = 'plan_version_reconciles';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER plan_version_reconciles AFTER INSERT OR UPDATE ON plan_version
    FOR EACH ROW EXECUTE FUNCTION check_plan_version();
CREATE TRIGGER plan_version_edge BEFORE INSERT OR UPDATE ON plan_version
    FOR EACH ROW EXECUTE FUNCTION check_edge('plan_version');

SELECT history_ready('plan_version', 'true', 'id');
INSERT INTO plan_version_version SELECT * FROM plan_version;

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('plan_version', 'DRAFT', 'submit_review', 'REVIEW'),
    ('plan_version', 'REVIEW', 'edit', 'REVIEW'),
    ('plan_version', 'REVIEW', 'review', 'REVIEW'),
    ('plan_version', 'REVIEW', 'withdraw_review', 'DRAFT'),
    ('plan_version', 'REVIEW', 'approve', 'APPROVED'),
    ('plan_version', 'REVIEW', 'withdraw', 'WITHDRAWN'),
    ('measure', 'ASSIGNED', 'alter', 'ASSIGNED'),
    ('measure', 'IN_PROGRESS', 'alter', 'IN_PROGRESS'),
    ('measure', 'EFFECT_CLAIMED', 'alter', 'EFFECT_CLAIMED'),
    ('measure', 'EFFECT_REACHED', 'alter', 'EFFECT_REACHED'),
    ('measure', 'COMPLETE_CLAIMED', 'alter', 'COMPLETE_CLAIMED'),
    ('measure', 'SUSTAINING', 'alter', 'SUSTAINING');

-- ---- review (联审) ------------------------------------------------------------------------------

-- Bodies whose agreement an inspection's plans need, in this order; none: nobody is asked.
CREATE TABLE plan_reviewer (
    tenant integer NOT NULL,
    inspection uuid NOT NULL,
    org uuid NOT NULL,
    no integer NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT plan_reviewer_pk PRIMARY KEY (tenant, inspection, org),
    CONSTRAINT plan_reviewer_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT plan_reviewer_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);
SELECT table_ready('plan_reviewer', 'true');
GRANT DELETE ON plan_reviewer TO rectify_app;

-- A body named in the review gives and sees its own opinion, whatever else it may see.
CREATE POLICY approval_of_plan_body ON approval
    USING (tenant = cur_tenant() AND subject_kind = 'plan_version' AND body_org = ANY (cur_orgs()))
    WITH CHECK (tenant = cur_tenant() AND subject_kind = 'plan_version'
                AND body_org = ANY (cur_orgs()));

-- ---- lineage of measures --------------------------------------------------------------------------

CREATE TABLE measure_origin (
    tenant integer NOT NULL,
    measure uuid NOT NULL,  -- the new one
    origin uuid NOT NULL,   -- the old one
    kind text NOT NULL,
    plan_version uuid NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT measure_origin_pk PRIMARY KEY (tenant, measure, origin),
    CONSTRAINT measure_origin_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id),
    CONSTRAINT measure_origin_origin_fk FOREIGN KEY (tenant, origin)
        REFERENCES measure (tenant, id),
    CONSTRAINT measure_origin_plan_fk FOREIGN KEY (tenant, plan_version)
        REFERENCES plan_version (tenant, id),
    CONSTRAINT measure_origin_kind_known CHECK (kind IN ('SPLIT', 'MERGE')),
    CONSTRAINT measure_origin_not_itself CHECK (measure <> origin)
);
SELECT table_ready('measure_origin',
                   'sees_measure(tenant, measure) OR sees_measure(tenant, origin)');
SELECT append_only_ready('measure_origin');
CREATE INDEX measure_origin_by_old ON measure_origin (tenant, origin);

-- What waits for a decision on a measure and must be decided before an amendment ends the measure:
-- rows of tables handed in and not accepted; extensions asked for. Consultations are carried over.
CREATE FUNCTION measure_pending(of_tenant integer, of_measures uuid[])
RETURNS TABLE (measure uuid, kind text) LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN QUERY
        SELECT r.measure, 'ROW'::text FROM rectify.table_row r
          JOIN rectify.periodic_table t ON t.tenant = r.tenant AND t.id = r.table_id
         WHERE r.tenant = of_tenant AND r.measure = ANY (of_measures) AND r.verdict <> 2
           AND t.state IN ('SUBMITTED', 'RETURNED');
    -- Extensions came later than this file; read them where there are any.
    IF to_regclass('rectify.matter') IS NOT NULL THEN
        RETURN QUERY EXECUTE
            'SELECT x.measure, ''EXTENSION''::text FROM rectify.matter x WHERE x.tenant = $1'
            ' AND x.measure = ANY ($2) AND x.kind = ''extension'' AND x.state = ''SUBMITTED'''
            USING of_tenant, of_measures;
    END IF;
END $$;

-- ---- problems: document, body, links -----------------------------------------------------------------

ALTER TABLE plan_document ADD CONSTRAINT plan_document_kind_known
    CHECK (kind IN ('MAIN', 'CADRES', 'IDEOLOGY', 'PATROL', 'OTHER'));
ALTER TABLE plan_document ADD COLUMN no integer NOT NULL DEFAULT 1;
ALTER TABLE plan_document ADD COLUMN version bigint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX plan_document_title_unique ON plan_document (tenant, inspection, title);

ALTER TABLE problem ADD COLUMN plan_document uuid;
ALTER TABLE problem_version ADD COLUMN plan_document uuid;
ALTER TABLE problem ADD CONSTRAINT problem_document_fk FOREIGN KEY (tenant, plan_document)
    REFERENCES plan_document (tenant, id);
ALTER TABLE problem ADD CONSTRAINT problem_body_fk FOREIGN KEY (tenant, inspection, body_no)
    REFERENCES inspected_body (tenant, inspection, no);

-- One problem has to do with another inspection's: it is the same matter, or some of its parts come
-- from there ("problem 44 holds 13 of an environmental one": count 13).
CREATE TABLE problem_link (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    problem uuid NOT NULL,
    other uuid,                 -- the other problem, where it is in this ledger
    kind text NOT NULL,
    parts integer,              -- how many sub-items it stands for; NULL: not counted
    text text NOT NULL,
    cancelled_ms bigint,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT problem_link_pk PRIMARY KEY (tenant, id),
    CONSTRAINT problem_link_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT problem_link_other_fk FOREIGN KEY (tenant, other) REFERENCES problem (tenant, id),
    CONSTRAINT problem_link_kind_known CHECK (kind IN ('SAME_MATTER', 'FROM')),
    CONSTRAINT problem_link_parts_range CHECK (parts BETWEEN 1 AND 10000),
    CONSTRAINT problem_link_not_itself CHECK (problem <> other),
    CONSTRAINT problem_link_same_has_other CHECK (kind <> 'SAME_MATTER' OR other IS NOT NULL)
);
CREATE UNIQUE INDEX problem_link_once ON problem_link (tenant, problem, other, kind)
    WHERE cancelled_ms IS NULL AND other IS NOT NULL;
CREATE INDEX problem_link_by_problem ON problem_link (tenant, problem);
CREATE INDEX problem_link_by_other ON problem_link (tenant, other);
SELECT table_ready('problem_link', 'sees_all() OR EXISTS (SELECT 1 FROM rectify.access a'
    ' WHERE a.tenant = problem_link.tenant AND a.problem = problem_link.problem'
    ' AND a.org = ANY (cur_orgs()))', 'id');

-- ---- the inspection's own dates ------------------------------------------------------------------------

-- months: the duration the inspection itself gives, from the day of the feedback; planned_day then
-- follows from it. A parameter of the inspection, never a constant.
ALTER TABLE inspection_date
    ADD COLUMN months integer,
    ADD COLUMN version bigint NOT NULL DEFAULT 1;
ALTER TABLE inspection_date ADD CONSTRAINT inspection_date_months_range
    CHECK (months BETWEEN 1 AND 120);
ALTER TABLE inspection_date ADD CONSTRAINT inspection_date_kind_known CHECK (kind IN
    ('PLAN_APPROVED', 'INNER_NOTICE', 'DEMOCRATIC_LIFE', 'HEARING', 'PUBLICATION',
     'CONCENTRATED_END', 'REPORT_DUE', 'NEXT_CHECK', 'OTHER'));
SELECT history_ready('inspection_date', 'true', 'inspection, kind, no');
INSERT INTO inspection_date_version SELECT * FROM inspection_date;

-- ---- dated nodes of a measure (目标节点) -----------------------------------------------------------------

-- A node leaves with the draft it stood in (dropped_ms; it then has no date); a number is not used
-- twice, so that its history stays.
ALTER TABLE milestone_node
    ADD COLUMN note text,
    ADD COLUMN dropped_ms bigint,
    ADD COLUMN return_reason text,
    ADD COLUMN version bigint NOT NULL DEFAULT 1;
SELECT history_ready('milestone_node', 'sees_measure(tenant, measure)', 'measure, no');
INSERT INTO milestone_node_version SELECT * FROM milestone_node;
