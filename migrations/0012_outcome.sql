-- Outcomes (整改成效): what can be counted, claimed by units and confirmed by the office. The table of
-- the foundation had no method, so it is empty. An amount stands in its own word (元, 项, 人次 …);
-- money has two decimals, everything else none.

ALTER TABLE outcome
    DROP COLUMN evidence,
    DROP COLUMN unit,
    DROP COLUMN recorded_ms,
    ADD COLUMN ref text NOT NULL,              -- "CG-0003"
    ADD COLUMN org uuid NOT NULL,              -- the unit that recorded it, or for which it was done
    ADD COLUMN word text NOT NULL,             -- what it is counted in
    ADD COLUMN title text NOT NULL,
    ADD COLUMN text text,
    ADD COLUMN happened_day date NOT NULL,     -- as the unit states it
    ADD COLUMN state text NOT NULL,
    ADD COLUMN reason text,                    -- of the last correction, withdrawal or return
    ADD COLUMN recorded_by uuid NOT NULL,      -- account of the last wording: another one confirms
    ADD COLUMN changed_ms bigint NOT NULL,
    ADD COLUMN confirmed_day date,
    ADD CONSTRAINT outcome_ref_unique UNIQUE (tenant, ref),
    ADD CONSTRAINT outcome_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    ADD CONSTRAINT outcome_recorder_fk FOREIGN KEY (tenant, recorded_by)
        REFERENCES account (tenant, id),
    ADD CONSTRAINT outcome_word_fits CHECK (word = CASE kind
        WHEN 'RULE_MADE' THEN '项' WHEN 'RULE_REVISED' THEN '项' WHEN 'FUNDS_RECOVERED' THEN '元'
        WHEN 'PEOPLE_HANDLED' THEN '人次' WHEN 'PEOPLE_TALKED' THEN '人次'
        WHEN 'PEOPLE_TRAINED' THEN '人次' WHEN 'ACTIVITY_HELD' THEN '次' ELSE word END),
    ADD CONSTRAINT outcome_word_size CHECK (octet_length(word) BETWEEN 1 AND 32),
    ADD CONSTRAINT outcome_amount_range CHECK (amount > 0 AND amount <= CASE kind
        WHEN 'RULE_MADE' THEN 10000 WHEN 'RULE_REVISED' THEN 10000
        WHEN 'FUNDS_RECOVERED' THEN 1000000000000 WHEN 'PEOPLE_HANDLED' THEN 1000000
        WHEN 'PEOPLE_TALKED' THEN 1000000 WHEN 'PEOPLE_TRAINED' THEN 1000000
        WHEN 'ACTIVITY_HELD' THEN 100000 WHEN 'OTHER_OUTCOME' THEN 1000000000 END),
    ADD CONSTRAINT outcome_amount_whole CHECK (kind = 'FUNDS_RECOVERED' OR amount = trunc(amount)),
    ADD CONSTRAINT outcome_kind_known CHECK (kind IN
        ('RULE_MADE', 'RULE_REVISED', 'FUNDS_RECOVERED', 'PEOPLE_HANDLED', 'PEOPLE_TALKED',
         'PEOPLE_TRAINED', 'ACTIVITY_HELD', 'OTHER_OUTCOME')),
    ADD CONSTRAINT outcome_reason_given CHECK
        (state NOT IN ('RETURNED', 'WITHDRAWN') OR reason IS NOT NULL),
    ADD CONSTRAINT outcome_confirmed_has_day CHECK
        (state <> 'CONFIRMED' OR confirmed_day IS NOT NULL);
CREATE INDEX outcome_by_measure ON outcome (tenant, measure);
SELECT history_ready('outcome', 'sees_measure(tenant, measure)', 'id');
CREATE INDEX outcome_version_by_measure ON outcome_version (tenant, measure);

CREATE TRIGGER outcome_edge BEFORE INSERT OR UPDATE ON outcome
    FOR EACH ROW EXECUTE FUNCTION check_edge('outcome');

-- Its number, its measure and whose it is never change.
CREATE FUNCTION refuse_outcome_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an outcome keeps its number, measure and unit'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'outcome_kept';
END $$;
CREATE TRIGGER outcome_kept BEFORE UPDATE ON outcome FOR EACH ROW
    WHEN ((OLD.id, OLD.ref, OLD.measure, OLD.org) IS DISTINCT FROM
          (NEW.id, NEW.ref, NEW.measure, NEW.org))
    EXECUTE FUNCTION refuse_outcome_moved();
CREATE TRIGGER outcome_never_deleted BEFORE DELETE ON outcome
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- A unit does not confirm, whatever the server's code says.
CREATE TRIGGER outcome_not_by_unit BEFORE UPDATE ON outcome FOR EACH ROW
    WHEN (NEW.state IN ('CONFIRMED', 'RETURNED') AND NEW.state <> OLD.state)
    EXECUTE FUNCTION refuse_unit();

-- Files that show an outcome: who sees the outcome may read them.
CREATE TABLE outcome_evidence (
    tenant integer NOT NULL,
    outcome uuid NOT NULL,
    evidence uuid NOT NULL,
    measure uuid NOT NULL,
    linked_ms bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT outcome_evidence_pk PRIMARY KEY (tenant, outcome, evidence),
    CONSTRAINT outcome_evidence_outcome_fk FOREIGN KEY (tenant, outcome)
        REFERENCES outcome (tenant, id),
    CONSTRAINT outcome_evidence_file_fk FOREIGN KEY (tenant, evidence)
        REFERENCES evidence (tenant, id)
);
SELECT table_ready('outcome_evidence', 'sees_measure(tenant, measure)');
SELECT append_only_ready('outcome_evidence');
CREATE INDEX outcome_evidence_by_file ON outcome_evidence (tenant, evidence);
CREATE POLICY evidence_of_outcome ON evidence FOR SELECT
    USING (tenant = cur_tenant() AND EXISTS (SELECT 1 FROM outcome_evidence l
               WHERE l.tenant = evidence.tenant AND l.evidence = evidence.id));

-- Its history is read by who may see the version it made.
CREATE POLICY event_change_of_outcome ON event_change FOR SELECT
    USING (tenant = cur_tenant() AND kind = 'outcome'
           AND EXISTS (SELECT 1 FROM outcome_version v WHERE v.tenant = event_change.tenant
                         AND v.id = event_change.thing AND v.version = event_change.version));

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('outcome', 'NONE', 'register', 'RECORDED'),
    ('outcome', 'RECORDED', 'correct', 'RECORDED'),
    ('outcome', 'RETURNED', 'correct', 'RECORDED'),
    ('outcome', 'CONFIRMED', 'correct', 'RECORDED'),
    ('outcome', 'RECORDED', 'withdraw', 'WITHDRAWN'),
    ('outcome', 'RETURNED', 'withdraw', 'WITHDRAWN'),
    ('outcome', 'CONFIRMED', 'withdraw', 'WITHDRAWN'),
    ('outcome', 'RECORDED', 'verify', 'CONFIRMED'),
    ('outcome', 'RECORDED', 'return', 'RETURNED'),
    ('outcome', 'CONFIRMED', 'return', 'RETURNED');
