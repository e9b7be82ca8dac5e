-- People: seats given by two (授权须两人), substitutes (代行), three separated administrators
-- (三员分立), and columns a unit cannot write whoever errs in the server.
--
-- Role bits are those of server/service/role.h: OFFICE 1, LGROUP 2, SGROUP 4, LEADER 8, PLEAD 16,
-- MLEAD 32, PART 64, DISC 128, ORGD 256, PUBL 512, AUDIT 1024, ADMIN 2048, SYS 4096, FILLER 8192,
-- REVIEWER 16384, HEAD 32768, GRANT 65536. Administrators: AUDIT | ADMIN | GRANT = 68608.

-- ---- accounts ----------------------------------------------------------------------------------

-- org: where the person belongs and enrols machines, before any seat is given.
ALTER TABLE account ADD COLUMN org uuid;
ALTER TABLE account ADD COLUMN disabled_reason text;
ALTER TABLE account ADD COLUMN state text
    GENERATED ALWAYS AS (CASE WHEN disabled_ms IS NULL THEN 'ACTIVE' ELSE 'DISABLED' END) STORED;
ALTER TABLE account ADD CONSTRAINT account_org_fk FOREIGN KEY (tenant, org)
    REFERENCES org (tenant, id);
UPDATE account a SET org = (SELECT s.org FROM seat s WHERE s.tenant = a.tenant AND s.account = a.id
                             ORDER BY s.org LIMIT 1);

-- A one-time code opens a machine, or sets a password when it was forgotten.
ALTER TABLE enrol_code ADD COLUMN purpose text NOT NULL DEFAULT 'ENROL';
ALTER TABLE enrol_code ADD COLUMN org uuid;
ALTER TABLE enrol_code ADD CONSTRAINT enrol_code_purpose_known
    CHECK (purpose IN ('ENROL', 'PASSWORD'));
ALTER TABLE enrol_code ADD CONSTRAINT enrol_code_org_fk FOREIGN KEY (tenant, org)
    REFERENCES org (tenant, id);

-- ---- grants --------------------------------------------------------------------------------------

CREATE SEQUENCE grant_number;
GRANT USAGE ON SEQUENCE grant_number TO rectify_app;

-- A proposal to give a seat, and its life until the seat is taken away. origin BOOTSTRAP: made on
-- the server's own machine, when there was nobody yet who could propose.
CREATE TABLE seat_grant (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    ref text NOT NULL,
    account uuid NOT NULL,
    org uuid NOT NULL,
    roles bigint NOT NULL,
    substitute_for uuid,
    from_day date,
    to_day date,
    reason text,
    origin text NOT NULL DEFAULT 'PROPOSED',
    state text NOT NULL,
    proposed_by uuid,
    proposed_ms bigint NOT NULL,
    decided_by uuid,
    decided_ms bigint,
    opinion text,
    ended_by uuid,
    ended_ms bigint,
    ended_reason text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT seat_grant_pk PRIMARY KEY (tenant, id),
    CONSTRAINT seat_grant_ref_unique UNIQUE (tenant, ref),
    CONSTRAINT seat_grant_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT seat_grant_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT seat_grant_substitute_fk FOREIGN KEY (tenant, substitute_for)
        REFERENCES account (tenant, id),
    CONSTRAINT seat_grant_proposer_fk FOREIGN KEY (tenant, proposed_by)
        REFERENCES account (tenant, id),
    CONSTRAINT seat_grant_decider_fk FOREIGN KEY (tenant, decided_by)
        REFERENCES account (tenant, id),
    CONSTRAINT seat_grant_origin_known CHECK (origin IN ('PROPOSED', 'BOOTSTRAP')),
    CONSTRAINT seat_grant_has_roles CHECK (roles > 0),
    CONSTRAINT seat_grant_days_in_order CHECK (to_day >= from_day),
    CONSTRAINT seat_grant_substitute_other CHECK (substitute_for <> account),
    CONSTRAINT seat_grant_substitute_complete CHECK (substitute_for IS NULL OR
        (from_day IS NOT NULL AND to_day IS NOT NULL AND reason IS NOT NULL)),
    -- One person alone gives nothing: neither the proposer nor the one who gains decides.
    CONSTRAINT seat_grant_two_people CHECK (decided_by <> proposed_by AND decided_by <> account
        AND (substitute_for IS NULL OR decided_by <> substitute_for)),
    CONSTRAINT seat_grant_decided CHECK (origin = 'BOOTSTRAP' OR
        (proposed_by IS NOT NULL AND
         (state NOT IN ('APPROVED', 'REJECTED', 'ENDED') OR decided_by IS NOT NULL))),
    CONSTRAINT seat_grant_ended CHECK ((state = 'ENDED') = (ended_ms IS NOT NULL))
);
CREATE INDEX seat_grant_pending ON seat_grant (tenant, proposed_ms) WHERE state = 'PROPOSED';
CREATE INDEX seat_grant_by_account ON seat_grant (tenant, account);

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('grant', 'NONE', 'bootstrap', 'APPROVED'),
    ('grant', 'NONE', 'propose', 'PROPOSED'),
    ('grant', 'PROPOSED', 'approve', 'APPROVED'),
    ('grant', 'PROPOSED', 'reject', 'REJECTED'),
    ('grant', 'PROPOSED', 'withdraw', 'WITHDRAWN'),
    ('grant', 'APPROVED', 'end', 'ENDED'),
    ('account', 'NONE', 'create', 'ACTIVE'),
    ('account', 'ACTIVE', 'unlock', 'ACTIVE'),
    ('account', 'ACTIVE', 'reset', 'ACTIVE'),
    ('account', 'ACTIVE', 'issue_code', 'ACTIVE'),
    ('account', 'ACTIVE', 'disable', 'DISABLED'),
    ('account', 'DISABLED', 'enable', 'ACTIVE');
CREATE TRIGGER account_edge AFTER INSERT OR UPDATE ON account
    FOR EACH ROW EXECUTE FUNCTION check_edge('account'); -- after: its state is computed
CREATE TRIGGER seat_grant_edge BEFORE INSERT OR UPDATE ON seat_grant
    FOR EACH ROW EXECUTE FUNCTION check_edge('grant');

-- What was proposed is what is decided; and the server makes no grant without a proposal.
CREATE FUNCTION seat_grant_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.origin = 'BOOTSTRAP' AND current_user = 'rectify_app' THEN
            RAISE EXCEPTION 'a grant is proposed first'
                USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_grant_proposed_first';
        END IF;
    ELSIF (NEW.account, NEW.org, NEW.roles, NEW.substitute_for, NEW.from_day, NEW.to_day,
           NEW.origin, NEW.proposed_by, NEW.proposed_ms)
          IS DISTINCT FROM (OLD.account, OLD.org, OLD.roles, OLD.substitute_for, OLD.from_day,
                            OLD.to_day, OLD.origin, OLD.proposed_by, OLD.proposed_ms) THEN
        RAISE EXCEPTION 'a grant is decided as it was proposed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_grant_as_proposed';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER seat_grant_kept BEFORE INSERT OR UPDATE ON seat_grant
    FOR EACH ROW EXECUTE FUNCTION seat_grant_kept();

-- ---- seats: what approved grants made -------------------------------------------------------------

ALTER TABLE seat ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(); -- its grant's, where it has one
ALTER TABLE seat ADD COLUMN grant_id uuid;
ALTER TABLE seat ADD COLUMN substitute_for uuid;
ALTER TABLE seat ADD COLUMN ended_ms bigint;
ALTER TABLE seat DROP CONSTRAINT seat_pk;
ALTER TABLE seat ADD CONSTRAINT seat_pk PRIMARY KEY (tenant, id);
ALTER TABLE seat ADD CONSTRAINT seat_grant_fk FOREIGN KEY (tenant, grant_id)
    REFERENCES seat_grant (tenant, id);
ALTER TABLE seat ADD CONSTRAINT seat_grant_once UNIQUE (tenant, grant_id);
ALTER TABLE seat ADD CONSTRAINT seat_substitute_fk FOREIGN KEY (tenant, substitute_for)
    REFERENCES account (tenant, id);
CREATE INDEX seat_by_account ON seat (tenant, account);

-- 三员分立: whoever administers has that one role and nothing else. One seat holds one of the three
-- alone, and while it stands the account has no other.
ALTER TABLE seat ADD CONSTRAINT seat_administrator_alone
    CHECK (roles & 68608 = 0 OR roles IN (1024, 2048, 65536));
CREATE FUNCTION seat_separate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.ended_ms IS NOT NULL THEN
        RETURN NEW;
    END IF;
    -- Two transactions that give one person two seats take turns.
    PERFORM 1 FROM rectify.account a
      WHERE a.tenant = NEW.tenant AND a.id = NEW.account FOR NO KEY UPDATE;
    IF EXISTS (SELECT 1 FROM rectify.seat s
                WHERE s.tenant = NEW.tenant AND s.account = NEW.account AND s.id <> NEW.id
                  AND s.ended_ms IS NULL AND (s.roles | NEW.roles) & 68608 <> 0
                  AND daterange(s.from_day, s.to_day, '[]')
                      && daterange(NEW.from_day, NEW.to_day, '[]')) THEN
        RAISE EXCEPTION 'administrators hold one role'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_administrators_separate';
    END IF;
    -- The server gives only what two people gave.
    IF TG_OP = 'INSERT' AND current_user = 'rectify_app'
       AND NOT EXISTS (SELECT 1 FROM rectify.seat_grant g
                        WHERE g.tenant = NEW.tenant AND g.id = NEW.grant_id
                          AND g.state = 'APPROVED' AND g.account = NEW.account
                          AND g.org = NEW.org AND g.roles = NEW.roles
                          AND g.substitute_for IS NOT DISTINCT FROM NEW.substitute_for
                          AND g.from_day IS NOT DISTINCT FROM NEW.from_day
                          AND g.to_day IS NOT DISTINCT FROM NEW.to_day) THEN
        RAISE EXCEPTION 'a seat needs its grant'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_needs_grant';
    END IF;
    RETURN NEW;
END $$;

-- Seats that are older than grants came from one administrator: kept, and marked so.
INSERT INTO seat_grant (tenant, id, ref, account, org, roles, from_day, to_day, origin, state,
                        proposed_ms, version, event_id)
SELECT s.tenant, s.id, 'G-' || lpad(nextval('grant_number')::text, 4, '0'), s.account, s.org,
       s.roles, s.from_day, s.to_day, 'BOOTSTRAP', 'APPROVED', 0, 1, s.event_id
  FROM seat s ORDER BY s.tenant, s.event_id, s.account;
UPDATE seat SET grant_id = id;
CREATE TRIGGER seat_separate BEFORE INSERT OR UPDATE ON seat
    FOR EACH ROW EXECUTE FUNCTION seat_separate();

-- The server ends a seat and never changes one.
CREATE FUNCTION seat_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user <> 'rectify_app' THEN
        RETURN NEW;
    END IF;
    IF OLD.ended_ms IS NOT NULL
       OR (NEW.account, NEW.org, NEW.roles, NEW.from_day, NEW.to_day, NEW.grant_id,
           NEW.substitute_for)
          IS DISTINCT FROM (OLD.account, OLD.org, OLD.roles, OLD.from_day, OLD.to_day,
                            OLD.grant_id, OLD.substitute_for) THEN
        RAISE EXCEPTION 'a seat is ended and never changed'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'seat_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER seat_kept BEFORE UPDATE ON seat FOR EACH ROW EXECUTE FUNCTION seat_kept();

SELECT table_ready('seat_grant', 'true', 'id');

-- ---- what a unit cannot write -------------------------------------------------------------------

-- rectify.roles: with which roles the call acts. PLEAD | MLEAD | PART | FILLER | REVIEWER | HEAD.
-- Absent (migrations, the log's own writes): nobody's call.
CREATE FUNCTION acts_as_unit() RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(nullif(current_setting('rectify.roles', true), '')::bigint, 0) <> 0
       AND coalesce(nullif(current_setting('rectify.roles', true), '')::bigint, 0) & ~57456 = 0;

CREATE FUNCTION refuse_unit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF rectify.acts_as_unit() THEN
        RAISE EXCEPTION 'a unit may not write this column of %', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_not_by_unit';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER milestone_not_by_unit BEFORE UPDATE ON milestone FOR EACH ROW
    WHEN ((OLD.original_due, OLD.current_due, OLD.reached_day)
          IS DISTINCT FROM (NEW.original_due, NEW.current_due, NEW.reached_day))
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER milestone_not_made_by_unit BEFORE INSERT ON milestone FOR EACH ROW
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER measure_not_by_unit BEFORE UPDATE ON measure FOR EACH ROW
    WHEN ((OLD.lead_org, OLD.leader_org, OLD.problem, OLD.class, OLD.text, OLD.target,
           OLD.next_check_day)
          IS DISTINCT FROM (NEW.lead_org, NEW.leader_org, NEW.problem, NEW.class, NEW.text,
                            NEW.target, NEW.next_check_day)
          OR (NEW.state IN ('DONE', 'SUSTAINING', 'SUPERSEDED', 'CANCELLED')
              AND NEW.state <> OLD.state))
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER measure_not_made_by_unit BEFORE INSERT ON measure FOR EACH ROW
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER problem_not_by_unit BEFORE UPDATE ON problem FOR EACH ROW
    WHEN ((OLD.lead_org, OLD.sgroup_org, OLD.origin) IS DISTINCT FROM
          (NEW.lead_org, NEW.sgroup_org, NEW.origin)
          OR (NEW.state IN ('CLOSED', 'SUSTAINED') AND NEW.state <> OLD.state))
    EXECUTE FUNCTION refuse_unit();
-- Verdicts of rows: 2 accepted, 3 returned (rectify.v1.Verdict).
CREATE TRIGGER table_row_not_by_unit BEFORE UPDATE ON table_row FOR EACH ROW
    WHEN ((NEW.verdict > 1 AND NEW.verdict <> OLD.verdict)
          OR (NEW.claim_verdict > 1 AND NEW.claim_verdict <> OLD.claim_verdict))
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER table_row_not_judged_by_unit BEFORE INSERT ON table_row FOR EACH ROW
    WHEN (NEW.verdict > 1 OR NEW.claim_verdict > 1)
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER access_not_by_unit BEFORE INSERT ON access FOR EACH ROW
    EXECUTE FUNCTION refuse_unit();
CREATE TRIGGER participant_not_by_unit BEFORE INSERT ON participant FOR EACH ROW
    EXECUTE FUNCTION refuse_unit();
