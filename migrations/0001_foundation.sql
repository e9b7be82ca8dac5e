-- The foundation: every thing of the domain, tenant first in every key.
--
-- What must hold whoever writes stands here: types, named constraints, append-only triggers,
-- row-level security, the edge table. No business procedures.
-- Times are milliseconds since 1970 (…_ms, from the server's one clock); deadlines are dates.

CREATE FUNCTION cur_tenant() RETURNS integer LANGUAGE sql STABLE
    RETURN nullif(current_setting('rectify.tenant', true), '')::integer;
CREATE FUNCTION sees_all() RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(current_setting('rectify.all', true), '') = '1';
CREATE FUNCTION cur_orgs() RETURNS uuid[] LANGUAGE sql STABLE
    RETURN coalesce(nullif(current_setting('rectify.orgs', true), ''), '{}')::uuid[];
CREATE FUNCTION cur_account() RETURNS uuid LANGUAGE sql STABLE
    RETURN nullif(current_setting('rectify.account', true), '')::uuid;

-- ---- tenant, people, machines -------------------------------------------------------------

CREATE TABLE tenant (
    id integer GENERATED ALWAYS AS IDENTITY,
    code text NOT NULL,
    name text NOT NULL,
    utc_offset_min integer NOT NULL DEFAULT 480,
    created_ms bigint NOT NULL,
    CONSTRAINT tenant_pk PRIMARY KEY (id),
    CONSTRAINT tenant_code_unique UNIQUE (code),
    CONSTRAINT tenant_code_form CHECK (code ~ '^[a-z0-9-]{1,64}$'),
    CONSTRAINT tenant_offset_range CHECK (utc_offset_min BETWEEN -720 AND 840)
);

CREATE TABLE org (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL,
    parent uuid,
    sort_order integer NOT NULL DEFAULT 0,
    sample boolean NOT NULL DEFAULT false,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT org_pk PRIMARY KEY (tenant, id),
    CONSTRAINT org_tenant_fk FOREIGN KEY (tenant) REFERENCES tenant (id),
    CONSTRAINT org_parent_fk FOREIGN KEY (tenant, parent) REFERENCES org (tenant, id)
        DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT org_code_unique UNIQUE (tenant, code),
    CONSTRAINT org_code_form CHECK (code ~ '^[A-Za-z0-9_-]{1,32}$'),
    CONSTRAINT org_kind_known CHECK (kind IN
        ('OFFICE', 'LGROUP', 'SGROUP', 'UNIT', 'LEADER', 'DISC', 'ORGD', 'OTHER'))
);

CREATE TABLE account (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    name text NOT NULL,
    display_name text NOT NULL,
    password_hash text NOT NULL,
    second_factor bytea,
    failures integer NOT NULL DEFAULT 0,
    locked_until_ms bigint NOT NULL DEFAULT 0,
    disabled_ms bigint,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT account_pk PRIMARY KEY (tenant, id),
    CONSTRAINT account_tenant_fk FOREIGN KEY (tenant) REFERENCES tenant (id),
    CONSTRAINT account_name_unique UNIQUE (tenant, name),
    CONSTRAINT account_name_form CHECK (name ~ '^[a-z0-9_.-]{1,64}$')
);

-- roles: bit mask of server/service/role.h
CREATE TABLE seat (
    tenant integer NOT NULL,
    account uuid NOT NULL,
    org uuid NOT NULL,
    roles bigint NOT NULL,
    from_day date,
    to_day date,
    event_id uuid NOT NULL,
    CONSTRAINT seat_pk PRIMARY KEY (tenant, account, org),
    CONSTRAINT seat_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT seat_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);
CREATE INDEX seat_by_org ON seat (tenant, org);

CREATE TABLE machine (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    org uuid NOT NULL,
    account uuid NOT NULL,
    label text NOT NULL,
    public_key bytea NOT NULL,
    certificate_names text[] NOT NULL DEFAULT '{}',
    enrolled_ms bigint NOT NULL,
    revoked_ms bigint,
    revoked_reason text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT machine_pk PRIMARY KEY (tenant, id),
    CONSTRAINT machine_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT machine_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT machine_key_unique UNIQUE (tenant, public_key),
    CONSTRAINT machine_key_size CHECK (octet_length(public_key) = 32)
);

CREATE TABLE enrol_code (
    tenant integer NOT NULL,
    code_sha256 bytea NOT NULL,
    account uuid NOT NULL,
    expires_ms bigint NOT NULL,
    used_ms bigint,
    machine uuid,
    event_id uuid NOT NULL,
    CONSTRAINT enrol_code_pk PRIMARY KEY (tenant, code_sha256),
    CONSTRAINT enrol_code_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT enrol_code_machine_fk FOREIGN KEY (tenant, machine) REFERENCES machine (tenant, id)
);

CREATE TABLE session (
    tenant integer NOT NULL,
    token_sha256 bytea NOT NULL,
    account uuid NOT NULL,
    machine uuid NOT NULL,
    created_ms bigint NOT NULL,
    used_ms bigint NOT NULL,
    expires_ms bigint NOT NULL,
    ended_ms bigint,
    CONSTRAINT session_pk PRIMARY KEY (tenant, token_sha256),
    CONSTRAINT session_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT session_machine_fk FOREIGN KEY (tenant, machine) REFERENCES machine (tenant, id)
);
CREATE INDEX session_by_account ON session (tenant, account) WHERE ended_ms IS NULL;

-- ---- inspection and its feedback -----------------------------------------------------------

CREATE TABLE inspection (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    feedback_day date,
    report_day integer NOT NULL DEFAULT 25,
    first_period text,
    plan_no integer NOT NULL DEFAULT 0,
    plan_state text NOT NULL DEFAULT 'DRAFT',
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT inspection_pk PRIMARY KEY (tenant, id),
    CONSTRAINT inspection_tenant_fk FOREIGN KEY (tenant) REFERENCES tenant (id),
    CONSTRAINT inspection_code_unique UNIQUE (tenant, code),
    CONSTRAINT inspection_report_day_range CHECK (report_day BETWEEN 1 AND 28),
    CONSTRAINT inspection_first_period_form CHECK (first_period ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'),
    CONSTRAINT inspection_plan_state_known CHECK (plan_state IN ('DRAFT', 'APPROVED'))
);

CREATE TABLE inspected_body (
    tenant integer NOT NULL,
    inspection uuid NOT NULL,
    no integer NOT NULL,
    name text NOT NULL,
    CONSTRAINT inspected_body_pk PRIMARY KEY (tenant, inspection, no),
    CONSTRAINT inspected_body_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id)
);

-- The inspection's own dates: plan approved, 党内通报, 民主生活会, hearings, publication, phase ends.
CREATE TABLE inspection_date (
    tenant integer NOT NULL,
    inspection uuid NOT NULL,
    kind text NOT NULL,
    no integer NOT NULL DEFAULT 1,
    planned_day date,
    held_day date,
    note text,
    event_id uuid NOT NULL,
    CONSTRAINT inspection_date_pk PRIMARY KEY (tenant, inspection, kind, no),
    CONSTRAINT inspection_date_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id)
);

CREATE TABLE aspect (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    no integer NOT NULL,
    title text NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT aspect_pk PRIMARY KEY (tenant, id),
    CONSTRAINT aspect_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT aspect_no_unique UNIQUE (tenant, inspection, no)
);

CREATE TABLE item (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    aspect uuid,
    no integer NOT NULL,
    title text NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT item_pk PRIMARY KEY (tenant, id),
    CONSTRAINT item_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT item_aspect_fk FOREIGN KEY (tenant, aspect) REFERENCES aspect (tenant, id),
    CONSTRAINT item_no_unique UNIQUE (tenant, inspection, no)
);

CREATE TABLE problem (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    item uuid NOT NULL,
    no integer NOT NULL,
    ref text NOT NULL,
    title text NOT NULL,
    origin text NOT NULL DEFAULT 'FEEDBACK',
    body_no integer,
    lead_org uuid,
    sgroup_org uuid,
    state text NOT NULL,
    scope_note text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT problem_pk PRIMARY KEY (tenant, id),
    CONSTRAINT problem_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT problem_item_fk FOREIGN KEY (tenant, item) REFERENCES item (tenant, id),
    CONSTRAINT problem_lead_fk FOREIGN KEY (tenant, lead_org) REFERENCES org (tenant, id),
    CONSTRAINT problem_sgroup_fk FOREIGN KEY (tenant, sgroup_org) REFERENCES org (tenant, id),
    CONSTRAINT problem_ref_unique UNIQUE (tenant, inspection, ref),
    CONSTRAINT problem_origin_known CHECK (origin IN
        ('FEEDBACK', 'SELF', 'AFTER', 'SUPERVISION', 'PUBLIC', 'OTHER_INSPECTION'))
);

-- ---- plan --------------------------------------------------------------------------------

CREATE TABLE plan_version (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    no integer NOT NULL,
    state text NOT NULL,
    items integer NOT NULL,
    problems integer NOT NULL,
    measures integer NOT NULL,
    added integer NOT NULL DEFAULT 0,
    removed integer NOT NULL DEFAULT 0,
    sha256 bytea NOT NULL,
    opinion text,
    approved_ms bigint,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT plan_version_pk PRIMARY KEY (tenant, id),
    CONSTRAINT plan_version_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT plan_version_no_unique UNIQUE (tenant, inspection, no)
);

CREATE TABLE plan_document (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    sha256 bytea,
    event_id uuid NOT NULL,
    CONSTRAINT plan_document_pk PRIMARY KEY (tenant, id),
    CONSTRAINT plan_document_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id)
);

CREATE TABLE measure (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    problem uuid NOT NULL,
    no integer NOT NULL,
    ref text NOT NULL,
    text text NOT NULL,
    target text,
    class smallint NOT NULL DEFAULT 0,
    leader_org uuid,
    lead_org uuid,
    state text NOT NULL,
    round integer NOT NULL DEFAULT 1,
    percent smallint,
    narrative text,
    reported_day date,
    unchanged_periods integer NOT NULL DEFAULT 0,
    claimed_from text,
    signed_ms bigint,
    assigned_ms bigint,
    claimed_ms bigint,
    next_check_day date,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT measure_pk PRIMARY KEY (tenant, id),
    CONSTRAINT measure_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT measure_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT measure_leader_fk FOREIGN KEY (tenant, leader_org) REFERENCES org (tenant, id),
    CONSTRAINT measure_lead_fk FOREIGN KEY (tenant, lead_org) REFERENCES org (tenant, id),
    CONSTRAINT measure_ref_unique UNIQUE (tenant, inspection, ref),
    CONSTRAINT measure_class_known CHECK (class BETWEEN 0 AND 3),
    CONSTRAINT measure_percent_range CHECK (percent BETWEEN 0 AND 100),
    CONSTRAINT measure_round_range CHECK (round >= 1)
);
CREATE INDEX measure_by_problem ON measure (tenant, problem);

CREATE TABLE plan_measure (
    tenant integer NOT NULL,
    plan_version uuid NOT NULL,
    measure uuid NOT NULL,
    measure_version bigint NOT NULL,
    CONSTRAINT plan_measure_pk PRIMARY KEY (tenant, plan_version, measure),
    CONSTRAINT plan_measure_plan_fk FOREIGN KEY (tenant, plan_version)
        REFERENCES plan_version (tenant, id),
    CONSTRAINT plan_measure_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id)
);

CREATE TABLE milestone (
    tenant integer NOT NULL,
    measure uuid NOT NULL,
    kind smallint NOT NULL,
    original_due date,
    current_due date,
    due_version integer NOT NULL DEFAULT 1,
    claimed_day date,
    reached_day date,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT milestone_pk PRIMARY KEY (tenant, measure, kind),
    CONSTRAINT milestone_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT milestone_kind_known CHECK (kind IN (1, 2))
);
CREATE INDEX milestone_open_by_due ON milestone (tenant, current_due) WHERE reached_day IS NULL;

CREATE TABLE milestone_node (
    tenant integer NOT NULL,
    measure uuid NOT NULL,
    no integer NOT NULL,
    title text NOT NULL,
    due date,
    reached_day date,
    event_id uuid NOT NULL,
    CONSTRAINT milestone_node_pk PRIMARY KEY (tenant, measure, no),
    CONSTRAINT milestone_node_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id)
);

CREATE TABLE participant (
    tenant integer NOT NULL,
    measure uuid NOT NULL,
    org uuid NOT NULL,
    CONSTRAINT participant_pk PRIMARY KEY (tenant, measure, org),
    CONSTRAINT participant_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT participant_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);

-- Who may see a measure: lead units, participants, leader, special group. Maintained with the plan.
CREATE TABLE access (
    tenant integer NOT NULL,
    measure uuid NOT NULL,
    org uuid NOT NULL,
    problem uuid NOT NULL,
    CONSTRAINT access_pk PRIMARY KEY (tenant, measure, org),
    CONSTRAINT access_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT access_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);
CREATE INDEX access_by_problem ON access (tenant, problem, org);

-- ---- periodic tables ------------------------------------------------------------------------

-- The obligation exists first; the table submitted for it is the same row, later.
CREATE TABLE periodic_table (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    org uuid NOT NULL,
    kind text NOT NULL DEFAULT 'MONTH',
    period text NOT NULL,
    due date NOT NULL,
    grace_days integer NOT NULL DEFAULT 0,
    state text NOT NULL,
    submitted_ms bigint,
    submitted_day date,
    queued_ms bigint,
    receipt text,
    filled_by uuid,
    reviewed_by uuid,
    confirmation text,
    reason text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT periodic_table_pk PRIMARY KEY (tenant, id),
    CONSTRAINT periodic_table_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT periodic_table_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT periodic_table_period_unique UNIQUE (tenant, inspection, org, kind, period),
    CONSTRAINT periodic_table_kind_known CHECK (kind IN ('MONTH', 'QUARTER')),
    CONSTRAINT periodic_table_two_people CHECK (reviewed_by <> filled_by)
);
CREATE INDEX periodic_table_owed ON periodic_table (tenant, due)
    WHERE state IN ('OPEN', 'DRAFT', 'RETURNED');

CREATE TABLE table_row (
    tenant integer NOT NULL,
    table_id uuid NOT NULL,
    measure uuid NOT NULL,
    org uuid NOT NULL,
    percent smallint NOT NULL,
    narrative text NOT NULL,
    difficulty text,
    ask_help boolean NOT NULL DEFAULT false,
    claim smallint NOT NULL DEFAULT 1,
    claim_verdict smallint NOT NULL DEFAULT 0,
    happened_day date,
    lower_reason text,
    verdict smallint NOT NULL DEFAULT 1,
    reason_code text,
    reason text,
    recorded_ms bigint NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT table_row_pk PRIMARY KEY (tenant, table_id, measure),
    CONSTRAINT table_row_table_fk FOREIGN KEY (tenant, table_id)
        REFERENCES periodic_table (tenant, id),
    CONSTRAINT table_row_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT table_row_percent_range CHECK (percent BETWEEN 0 AND 100),
    CONSTRAINT table_row_verdict_known CHECK (verdict BETWEEN 1 AND 3),
    CONSTRAINT table_row_returned_has_reason CHECK (verdict <> 3 OR reason IS NOT NULL)
);
CREATE INDEX table_row_by_measure ON table_row (tenant, measure);

-- ---- evidence ---------------------------------------------------------------------------------

CREATE TABLE blob (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    org uuid NOT NULL,
    sha256 bytea NOT NULL,
    size bigint NOT NULL,
    stored bigint NOT NULL DEFAULT 0,
    complete boolean NOT NULL DEFAULT false,
    created_ms bigint NOT NULL,
    CONSTRAINT blob_pk PRIMARY KEY (tenant, id),
    CONSTRAINT blob_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT blob_sha256_size CHECK (octet_length(sha256) = 32),
    CONSTRAINT blob_size_range CHECK (size BETWEEN 1 AND 268435456),
    CONSTRAINT blob_stored_range CHECK (stored BETWEEN 0 AND size)
);
-- Content is kept once within an org; another org's copy must not be told.
CREATE UNIQUE INDEX blob_content_unique ON blob (tenant, org, sha256) WHERE complete;

CREATE TABLE chunk (
    tenant integer NOT NULL,
    blob uuid NOT NULL,
    no integer NOT NULL,
    org uuid NOT NULL,
    data bytea NOT NULL,
    CONSTRAINT chunk_pk PRIMARY KEY (tenant, blob, no),
    CONSTRAINT chunk_blob_fk FOREIGN KEY (tenant, blob) REFERENCES blob (tenant, id)
        ON DELETE CASCADE,
    CONSTRAINT chunk_size_range CHECK (octet_length(data) BETWEEN 1 AND 262144)
);
ALTER TABLE chunk ALTER COLUMN data SET STORAGE EXTERNAL;

CREATE TABLE upload (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    org uuid NOT NULL,
    blob uuid NOT NULL,
    account uuid NOT NULL,
    name text NOT NULL,
    kind smallint NOT NULL,
    effective_day date,
    created_ms bigint NOT NULL,
    CONSTRAINT upload_pk PRIMARY KEY (tenant, id),
    CONSTRAINT upload_blob_fk FOREIGN KEY (tenant, blob) REFERENCES blob (tenant, id)
        ON DELETE CASCADE
);

CREATE TABLE evidence (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    org uuid NOT NULL,
    blob uuid NOT NULL,
    name text NOT NULL,
    kind smallint NOT NULL,
    effective_day date,
    received_ms bigint NOT NULL,
    verdict smallint NOT NULL DEFAULT 0,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT evidence_pk PRIMARY KEY (tenant, id),
    CONSTRAINT evidence_blob_fk FOREIGN KEY (tenant, blob) REFERENCES blob (tenant, id),
    CONSTRAINT evidence_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);

CREATE TABLE evidence_link (
    tenant integer NOT NULL,
    measure uuid NOT NULL,
    evidence uuid NOT NULL,
    round integer NOT NULL,
    table_id uuid,
    linked_ms bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT evidence_link_pk PRIMARY KEY (tenant, measure, evidence),
    CONSTRAINT evidence_link_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id),
    CONSTRAINT evidence_link_evidence_fk FOREIGN KEY (tenant, evidence)
        REFERENCES evidence (tenant, id)
);

CREATE TABLE outcome (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    measure uuid NOT NULL,
    kind text NOT NULL,
    amount numeric(18, 2) NOT NULL,
    unit text NOT NULL,
    evidence uuid,
    recorded_ms bigint NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT outcome_pk PRIMARY KEY (tenant, id),
    CONSTRAINT outcome_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id)
);

-- ---- approvals, consultations -----------------------------------------------------------------

-- A body's opinion on an exact version of a record, by hash.
CREATE TABLE approval (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    body_org uuid NOT NULL,
    subject_kind text NOT NULL,
    subject uuid NOT NULL,
    subject_version bigint NOT NULL,
    subject_sha256 bytea NOT NULL,
    verdict smallint NOT NULL,
    reason_code text,
    reason text,
    recorded_ms bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT approval_pk PRIMARY KEY (tenant, id),
    CONSTRAINT approval_body_fk FOREIGN KEY (tenant, body_org) REFERENCES org (tenant, id),
    CONSTRAINT approval_once UNIQUE (tenant, body_org, subject_kind, subject, subject_version),
    CONSTRAINT approval_hash_size CHECK (octet_length(subject_sha256) = 32),
    CONSTRAINT approval_refusal_has_reason CHECK (verdict <> 3 OR reason IS NOT NULL)
);

CREATE TABLE consultation (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    measure uuid NOT NULL,
    org uuid NOT NULL,
    text text NOT NULL,
    state text NOT NULL,
    opened_ms bigint NOT NULL,
    triage_due date NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT consultation_pk PRIMARY KEY (tenant, id),
    CONSTRAINT consultation_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id),
    CONSTRAINT consultation_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);

-- ---- calendar, ladder, settings (versioned) ---------------------------------------------------

CREATE TABLE calendar_day (
    tenant integer NOT NULL,
    year integer NOT NULL,
    version integer NOT NULL,
    day date NOT NULL,
    working boolean NOT NULL,
    name text NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT calendar_day_pk PRIMARY KEY (tenant, year, version, day),
    CONSTRAINT calendar_day_in_year CHECK (extract(year FROM day) = year)
);

-- A row of server/base/ladder.h; bit masks and names are those of that header.
CREATE TABLE ladder_rule (
    tenant integer NOT NULL,
    version integer NOT NULL,
    no integer NOT NULL,
    level smallint NOT NULL,
    repeat smallint NOT NULL DEFAULT 0,
    subject text NOT NULL,
    class_mask smallint NOT NULL,
    trigger text NOT NULL,
    parameter integer NOT NULL,
    direct boolean NOT NULL DEFAULT false,
    recipients bigint NOT NULL,
    proposals bigint NOT NULL DEFAULT 0,
    event_id uuid NOT NULL,
    CONSTRAINT ladder_rule_pk PRIMARY KEY (tenant, version, no),
    CONSTRAINT ladder_rule_level_range CHECK (level BETWEEN 1 AND 7)
);

CREATE TABLE setting (
    tenant integer NOT NULL,
    name text NOT NULL,
    version integer NOT NULL,
    value text NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT setting_pk PRIMARY KEY (tenant, name, version)
);

-- ---- alerts ---------------------------------------------------------------------------------------

-- key: subject, milestone, level, due version, repeat. A moved date has a new due version, so its
-- old alerts are cancelled and new ones can be raised; a rerun never repeats one.
CREATE TABLE alert (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    level smallint NOT NULL,
    subject_kind text NOT NULL,
    subject uuid NOT NULL,
    subject_ref text NOT NULL,
    milestone smallint NOT NULL DEFAULT 0,
    trigger text NOT NULL,
    org uuid,
    due date,
    due_version integer NOT NULL DEFAULT 0,
    days_left integer,
    text text NOT NULL,
    raised_ms bigint NOT NULL,
    cancelled_ms bigint,
    event_id uuid NOT NULL,
    CONSTRAINT alert_pk PRIMARY KEY (tenant, id),
    CONSTRAINT alert_key_unique UNIQUE (tenant, key),
    CONSTRAINT alert_level_range CHECK (level BETWEEN 1 AND 7),
    CONSTRAINT alert_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);
CREATE INDEX alert_standing ON alert (tenant, subject) WHERE cancelled_ms IS NULL;

-- Sequence per recipient, taken under the recipient's row lock, so that a cursor never skips.
CREATE TABLE inbox (
    tenant integer NOT NULL,
    account uuid NOT NULL,
    last_seq bigint NOT NULL DEFAULT 0,
    CONSTRAINT inbox_pk PRIMARY KEY (tenant, account),
    CONSTRAINT inbox_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id)
);

CREATE TABLE delivery (
    tenant integer NOT NULL,
    account uuid NOT NULL,
    seq bigint NOT NULL,
    alert uuid NOT NULL,
    channel text NOT NULL DEFAULT 'INBOX',
    created_ms bigint NOT NULL,
    acknowledged_ms bigint,
    CONSTRAINT delivery_pk PRIMARY KEY (tenant, account, seq),
    CONSTRAINT delivery_once UNIQUE (tenant, account, alert, channel),
    CONSTRAINT delivery_alert_fk FOREIGN KEY (tenant, alert) REFERENCES alert (tenant, id),
    CONSTRAINT delivery_inbox_fk FOREIGN KEY (tenant, account) REFERENCES inbox (tenant, account)
);

-- ---- the log ----------------------------------------------------------------------------------------

CREATE TABLE event (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    recorded_ms bigint NOT NULL,
    account text NOT NULL,
    org uuid,
    method text NOT NULL,
    body bytea NOT NULL,
    leaf_hash bytea NOT NULL,
    CONSTRAINT event_pk PRIMARY KEY (tenant, id),
    CONSTRAINT event_leaf_size CHECK (octet_length(leaf_hash) = 32)
);

-- What an event changed, to list a thing's history without unpacking bodies.
CREATE TABLE event_change (
    tenant integer NOT NULL,
    event_id uuid NOT NULL,
    no integer NOT NULL,
    kind text NOT NULL,
    thing uuid NOT NULL,
    version bigint NOT NULL,
    command text,
    from_state text,
    to_state text,
    reason text,
    account text NOT NULL,
    org_text text NOT NULL,
    recorded_ms bigint NOT NULL,
    CONSTRAINT event_change_pk PRIMARY KEY (tenant, event_id, no),
    CONSTRAINT event_change_event_fk FOREIGN KEY (tenant, event_id) REFERENCES event (tenant, id)
);
CREATE INDEX event_change_by_thing ON event_change (tenant, thing, version);

-- Committed events wait here for their number; the sealer empties it.
CREATE TABLE event_unsealed (
    tenant integer NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT event_unsealed_pk PRIMARY KEY (tenant, event_id),
    CONSTRAINT event_unsealed_event_fk FOREIGN KEY (tenant, event_id) REFERENCES event (tenant, id)
);

CREATE TABLE log_leaf (
    tenant integer NOT NULL,
    seq bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT log_leaf_pk PRIMARY KEY (tenant, seq),
    CONSTRAINT log_leaf_event_unique UNIQUE (tenant, event_id),
    CONSTRAINT log_leaf_event_fk FOREIGN KEY (tenant, event_id) REFERENCES event (tenant, id),
    CONSTRAINT log_leaf_seq_range CHECK (seq >= 1)
);

CREATE TABLE log_head (
    tenant integer NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    time_ms bigint NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    frontier bytea NOT NULL,
    CONSTRAINT log_head_pk PRIMARY KEY (tenant, tree_size),
    CONSTRAINT log_head_root_size CHECK (octet_length(root) = 32),
    CONSTRAINT log_head_signature_size CHECK (octet_length(signature) = 64)
);

-- ---- idempotency -----------------------------------------------------------------------------------

-- principal: the account, or the machine for calls without one. Partitioned by key (UUIDv7, so by
-- time): old partitions are detached, never searched.
CREATE TABLE idempotency (
    tenant integer NOT NULL,
    principal uuid NOT NULL,
    key uuid NOT NULL,
    method text NOT NULL,
    request_sha256 bytea NOT NULL,
    reply bytea NOT NULL,
    event_id uuid,
    recorded_ms bigint NOT NULL,
    replays integer NOT NULL DEFAULT 0,
    CONSTRAINT idempotency_pk PRIMARY KEY (tenant, principal, key),
    CONSTRAINT idempotency_reply_size CHECK (octet_length(reply) <= 8192)
) PARTITION BY RANGE (key);
CREATE TABLE idempotency_rest PARTITION OF idempotency DEFAULT;

CREATE SEQUENCE receipt_number;

-- ---- row versions: whoever writes leaves the full new version, tied to its event --------------------

CREATE FUNCTION keep_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.version <> OLD.version + 1 THEN
        RAISE EXCEPTION 'version of % must rise by one', TG_TABLE_NAME
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_version_step';
    END IF;
    EXECUTE format('INSERT INTO rectify.%I SELECT ($1).*', TG_TABLE_NAME || '_version') USING NEW;
    RETURN NULL;
END $$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['problem', 'measure', 'milestone', 'periodic_table', 'table_row',
                             'consultation'] LOOP
        EXECUTE format('CREATE TABLE %I (LIKE %I)', t || '_version', t);
        EXECUTE format('ALTER TABLE %I ADD CONSTRAINT %I PRIMARY KEY (tenant, %s, version)',
                       t || '_version', t || '_version_pk',
                       CASE t WHEN 'milestone' THEN 'measure, kind'
                              WHEN 'table_row' THEN 'table_id, measure'
                              ELSE 'id' END);
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE ON %I
                        FOR EACH ROW EXECUTE FUNCTION keep_version()', t || '_keep_version', t);
    END LOOP;
END $$;

-- ---- append-only ------------------------------------------------------------------------------------

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;

DO $$
DECLARE
    t text;
BEGIN
    FOREACH t IN ARRAY ARRAY['event', 'event_change', 'log_leaf', 'log_head', 'approval',
                             'plan_measure', 'problem_version', 'measure_version',
                             'milestone_version', 'periodic_table_version', 'table_row_version',
                             'consultation_version'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON %I
                        FOR EACH ROW EXECUTE FUNCTION refuse_change()', t || '_append_only', t);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I
                        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()',
                       t || '_no_truncate', t);
    END LOOP;
END $$;

-- original_due survives every extension.
CREATE FUNCTION refuse_original_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.original_due IS DISTINCT FROM NEW.original_due
       AND (SELECT m.state FROM rectify.measure m
             WHERE m.tenant = NEW.tenant AND m.id = NEW.measure) <> 'DRAFT' THEN
        RAISE EXCEPTION 'original_due never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'milestone_original_due_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER milestone_original_due_kept BEFORE UPDATE ON milestone
    FOR EACH ROW EXECUTE FUNCTION refuse_original_due();

-- ---- transitions: the database refuses an edge that is not in the table ------------------------------

CREATE TABLE edge (
    machine text NOT NULL,
    from_state text NOT NULL,
    command text NOT NULL,
    to_state text NOT NULL,
    CONSTRAINT edge_pk PRIMARY KEY (machine, from_state, command, to_state)
);

CREATE FUNCTION check_edge() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := 'NONE';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF NEW.state = OLD.state THEN
            RETURN NEW;
        END IF;
        before := OLD.state;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM rectify.edge e
                    WHERE e.machine = TG_ARGV[0] AND e.from_state = before
                      AND e.to_state = NEW.state) THEN
        RAISE EXCEPTION '% may not go from % to %', TG_TABLE_NAME, before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER measure_edge BEFORE INSERT OR UPDATE ON measure
    FOR EACH ROW EXECUTE FUNCTION check_edge('measure');
CREATE TRIGGER problem_edge BEFORE INSERT OR UPDATE ON problem
    FOR EACH ROW EXECUTE FUNCTION check_edge('problem');
CREATE TRIGGER periodic_table_edge BEFORE INSERT OR UPDATE ON periodic_table
    FOR EACH ROW EXECUTE FUNCTION check_edge('table');
CREATE TRIGGER consultation_edge BEFORE INSERT OR UPDATE ON consultation
    FOR EACH ROW EXECUTE FUNCTION check_edge('consultation');

-- ---- row-level security: the second wall --------------------------------------------------------------

DO $$
DECLARE
    t text;
    rule text;
    own_measure text := '(sees_all() OR EXISTS (SELECT 1 FROM rectify.access a'
        ' WHERE a.tenant = %1$I.tenant AND a.measure = %1$I.%2$I AND a.org = ANY (cur_orgs())))';
    own_org text := '(sees_all() OR org = ANY (cur_orgs()))';
BEGIN
    FOR t IN SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = 'rectify' AND c.relkind IN ('r', 'p')
                AND EXISTS (SELECT 1 FROM pg_attribute a
                             WHERE a.attrelid = c.oid AND a.attname = 'tenant') LOOP
        rule := CASE
            WHEN t IN ('measure', 'measure_version') THEN format(own_measure, t, 'id')
            WHEN t IN ('milestone', 'milestone_version', 'milestone_node', 'evidence_link', 'outcome',
                       'consultation', 'consultation_version', 'plan_measure', 'participant')
                THEN format(own_measure, t, 'measure')
            WHEN t IN ('problem', 'problem_version') THEN format(
                '(sees_all() OR EXISTS (SELECT 1 FROM rectify.access a WHERE a.tenant = %1$I.tenant'
                ' AND a.problem = %1$I.id AND a.org = ANY (cur_orgs())))', t)
            WHEN t IN ('periodic_table', 'periodic_table_version', 'table_row', 'table_row_version',
                       'blob', 'chunk', 'upload', 'access') THEN own_org
            WHEN t = 'evidence' THEN '(sees_all() OR org = ANY (cur_orgs()) OR EXISTS ('
                'SELECT 1 FROM rectify.evidence_link l WHERE l.tenant = evidence.tenant'
                ' AND l.evidence = evidence.id))'
            WHEN t = 'delivery' THEN '(sees_all() OR account = cur_account())'
            WHEN t = 'alert' THEN '(sees_all() OR org = ANY (cur_orgs()) OR EXISTS ('
                'SELECT 1 FROM rectify.delivery d WHERE d.tenant = alert.tenant AND d.alert = alert.id))'
            WHEN t = 'approval' THEN 'sees_all()'
            WHEN t = 'event_change' THEN '(sees_all() OR EXISTS (SELECT 1 FROM rectify.access a'
                ' WHERE a.tenant = event_change.tenant AND a.measure = event_change.thing'
                ' AND a.org = ANY (cur_orgs())))'
            ELSE 'true' END;
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY %I ON %I USING (tenant = cur_tenant() AND %s) '
                       'WITH CHECK (tenant = cur_tenant()%s)', t || '_scope', t, rule,
                       -- History is written by whoever acts and read by those who may.
                       CASE WHEN t IN ('event_change', 'measure_version', 'milestone_version',
                                       'problem_version', 'table_row_version',
                                       'periodic_table_version', 'consultation_version')
                            THEN '' ELSE ' AND ' || rule END);
    END LOOP;
END $$;

-- ---- the server's role ----------------------------------------------------------------------------------

GRANT USAGE ON SCHEMA rectify TO rectify_app;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA rectify TO rectify_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA rectify TO rectify_app;
REVOKE UPDATE ON event, event_change, log_leaf, log_head, approval, plan_measure, edge
    FROM rectify_app;
REVOKE INSERT ON edge, tenant, migration FROM rectify_app;
REVOKE UPDATE ON tenant, migration FROM rectify_app;
GRANT DELETE ON event_unsealed, upload, blob, chunk, participant, access TO rectify_app;
