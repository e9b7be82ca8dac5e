-- The clock: what it looks at and when, the ladder's trial and activation, what leaves the system.

-- ---- the due index ---------------------------------------------------------------------------
-- watch holds, for each open thing, the next day on which its alerts can change; the clock reads
-- those whose day has come, and what marked itself as changed. generation: rows of an older one are
-- looked at whatever their day (another ladder or calendar, a clock that went back).

CREATE TABLE watch (
    tenant integer NOT NULL,
    kind text NOT NULL,
    subject uuid NOT NULL,
    generation integer NOT NULL DEFAULT 0,
    next_day date NOT NULL,
    CONSTRAINT watch_pk PRIMARY KEY (tenant, kind, subject),
    CONSTRAINT watch_kind_known CHECK (kind IN ('MEASURE', 'TABLE', 'MATTER'))
);
CREATE INDEX watch_due ON watch (tenant, generation, next_day);
SELECT table_ready('watch', 'true');

-- A changed thing adds a row, and the clock takes the rows it has read away: nobody waits for
-- anybody.
CREATE TABLE watch_mark (
    tenant integer NOT NULL,
    id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    subject uuid NOT NULL,
    CONSTRAINT watch_mark_pk PRIMARY KEY (tenant, id)
);
SELECT table_ready('watch_mark', 'true');
GRANT DELETE ON watch, watch_mark TO rectify_app;

-- What the last tick judged by.
CREATE TABLE watch_state (
    tenant integer NOT NULL,
    generation integer NOT NULL,
    last_day date NOT NULL,
    ladder_version integer NOT NULL,
    calendar_days integer NOT NULL,
    CONSTRAINT watch_state_pk PRIMARY KEY (tenant)
);
SELECT table_ready('watch_state', 'true');

CREATE FUNCTION watch_mark_own() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rectify.watch_mark (tenant, kind, subject) VALUES (NEW.tenant, TG_ARGV[0], NEW.id);
    RETURN NULL;
END $$;
CREATE FUNCTION watch_mark_measure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rectify.watch_mark (tenant, kind, subject)
    VALUES (NEW.tenant, 'MEASURE', NEW.measure);
    RETURN NULL;
END $$;

CREATE TRIGGER measure_watch AFTER INSERT OR UPDATE ON measure
    FOR EACH ROW WHEN (NEW.state <> 'DRAFT') EXECUTE FUNCTION watch_mark_own('MEASURE');
CREATE TRIGGER milestone_watch AFTER INSERT OR UPDATE ON milestone
    FOR EACH ROW EXECUTE FUNCTION watch_mark_measure();
CREATE TRIGGER milestone_node_watch AFTER INSERT OR UPDATE ON milestone_node
    FOR EACH ROW EXECUTE FUNCTION watch_mark_measure();
CREATE TRIGGER periodic_table_watch AFTER INSERT OR UPDATE ON periodic_table
    FOR EACH ROW EXECUTE FUNCTION watch_mark_own('TABLE');
CREATE TRIGGER matter_watch AFTER INSERT OR UPDATE ON matter
    FOR EACH ROW EXECUTE FUNCTION watch_mark_own('MATTER');
CREATE TRIGGER matter_watch_measure AFTER INSERT OR UPDATE ON matter
    FOR EACH ROW WHEN (NEW.kind = 'notice' AND NEW.measure IS NOT NULL)
    EXECUTE FUNCTION watch_mark_measure();
CREATE TRIGGER matter_sample_watch AFTER INSERT OR UPDATE ON matter_sample
    FOR EACH ROW WHEN (NEW.final_round IS NOT NULL) EXECUTE FUNCTION watch_mark_measure();

INSERT INTO watch_mark (tenant, kind, subject)
    SELECT tenant, 'MEASURE', id FROM measure WHERE state <> 'DRAFT'
    UNION ALL SELECT tenant, 'TABLE', id FROM periodic_table
    UNION ALL SELECT tenant, 'MATTER', id FROM matter;

-- Measures that an on-site round (专项督查) found, finally, not to be as claimed, by the round of the
-- measure in which the verdict counts.
CREATE VIEW false_verdict WITH (security_invoker = true) AS
    SELECT s.tenant, s.measure, s.final_round AS round FROM matter_sample s
     WHERE s.verdict = 3 AND NOT s.removed AND s.final_round IS NOT NULL;
GRANT SELECT ON false_verdict TO rectify_app, rectify_backup;

-- ---- alerts --------------------------------------------------------------------------------------

-- Told at once, or in the daily digest.
ALTER TABLE alert ADD COLUMN direct boolean NOT NULL DEFAULT false;
CREATE INDEX alert_proposing ON alert (tenant, raised_ms)
    WHERE cancelled_ms IS NULL AND proposals <> 0;
CREATE INDEX alert_level4 ON alert (tenant, subject, milestone) WHERE level = 4;

-- ---- ladder: a trial before it is switched on ------------------------------------------------------

-- Who tried which version on which day, with what outcome. A version is known by the hash of its
-- rules; the setting `ladder_version` says which is on.
CREATE TABLE ladder_trial (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    version integer NOT NULL,
    rules_sha256 bytea NOT NULL,
    result_sha256 bytea NOT NULL,
    as_of date NOT NULL,
    alerts bigint NOT NULL,
    account uuid NOT NULL,
    recorded_ms bigint NOT NULL,
    CONSTRAINT ladder_trial_pk PRIMARY KEY (tenant, id),
    CONSTRAINT ladder_trial_account_fk FOREIGN KEY (tenant, account)
        REFERENCES account (tenant, id),
    CONSTRAINT ladder_trial_hash_size CHECK (octet_length(rules_sha256) = 32
                                             AND octet_length(result_sha256) = 32)
);
SELECT table_ready('ladder_trial', 'true');
SELECT append_only_ready('ladder_trial');
SELECT append_only_ready('ladder_rule');
SELECT append_only_ready('calendar_day');

-- ---- what leaves the system: a count and a link -----------------------------------------------------

-- Where mail for an account goes. Robots and webhooks are the server's configuration: their
-- addresses are secrets.
CREATE TABLE contact (
    tenant integer NOT NULL,
    account uuid NOT NULL,
    address text NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT contact_pk PRIMARY KEY (tenant, account),
    CONSTRAINT contact_account_fk FOREIGN KEY (tenant, account) REFERENCES account (tenant, id),
    CONSTRAINT contact_address_size CHECK (length(address) <= 254)
);
SELECT table_ready('contact', 'true', 'account');

-- How far an account's inbox has been looked through for messages to the outside.
ALTER TABLE inbox ADD COLUMN outside_seq bigint NOT NULL DEFAULT 0;
UPDATE inbox SET outside_seq = last_seq;
CREATE INDEX inbox_unread_outside ON inbox (tenant) WHERE outside_seq < last_seq;

CREATE TABLE outside_message (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    key text NOT NULL,
    channel text NOT NULL,
    kind text NOT NULL,
    account uuid,
    org uuid NOT NULL,
    day date NOT NULL,
    count integer NOT NULL DEFAULT 0,
    due_ms bigint NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    state text NOT NULL,
    error text,
    created_ms bigint NOT NULL,
    state_ms bigint NOT NULL,
    CONSTRAINT outside_message_pk PRIMARY KEY (tenant, id),
    CONSTRAINT outside_message_once UNIQUE (tenant, key),
    CONSTRAINT outside_message_account_fk FOREIGN KEY (tenant, account)
        REFERENCES account (tenant, id),
    CONSTRAINT outside_message_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT outside_message_channel_known CHECK (channel IN
        ('MAIL', 'WECOM', 'DINGTALK', 'FEISHU', 'WEBHOOK')),
    CONSTRAINT outside_message_kind_known CHECK (kind IN ('DIRECT', 'DIGEST', 'TEST')),
    CONSTRAINT outside_message_state_known CHECK (state IN
        ('QUEUED', 'SENDING', 'SENT', 'FAILED', 'CANCELLED')),
    CONSTRAINT outside_message_mail_has_account CHECK (channel <> 'MAIL' OR account IS NOT NULL)
);
CREATE INDEX outside_message_waiting ON outside_message (tenant, due_ms)
    WHERE state IN ('QUEUED', 'SENDING');
CREATE INDEX outside_message_by_day ON outside_message (tenant, day, org);
CREATE INDEX outside_message_failed ON outside_message (tenant, state_ms) WHERE state = 'FAILED';
SELECT table_ready('outside_message', 'true');

-- Which deliveries a message stands for: it is sent with the count of those that still stand.
CREATE TABLE outside_item (
    tenant integer NOT NULL,
    message uuid NOT NULL,
    account uuid NOT NULL,
    alert uuid NOT NULL,
    CONSTRAINT outside_item_pk PRIMARY KEY (tenant, message, account, alert),
    CONSTRAINT outside_item_message_fk FOREIGN KEY (tenant, message)
        REFERENCES outside_message (tenant, id),
    CONSTRAINT outside_item_alert_fk FOREIGN KEY (tenant, alert) REFERENCES alert (tenant, id)
);
SELECT table_ready('outside_item', 'true');

-- How many alerts of a unit waited for the digest of a day because its cap was reached.
CREATE TABLE outside_held (
    tenant integer NOT NULL,
    org uuid NOT NULL,
    day date NOT NULL,
    held integer NOT NULL,
    CONSTRAINT outside_held_pk PRIMARY KEY (tenant, org, day),
    CONSTRAINT outside_held_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id)
);
SELECT table_ready('outside_held', 'true');

-- What the server is configured to reach, as its sender last said.
CREATE TABLE outside_endpoint (
    tenant integer NOT NULL,
    name text NOT NULL,
    seen_ms bigint NOT NULL,
    CONSTRAINT outside_endpoint_pk PRIMARY KEY (tenant, name)
);
SELECT table_ready('outside_endpoint', 'true');
GRANT DELETE ON outside_endpoint TO rectify_app;

-- The circuit breaker: how many messages left in the hour, and since when nothing leaves any more.
CREATE TABLE breaker (
    tenant integer NOT NULL,
    hour bigint NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 0,
    tripped_ms bigint,
    trips integer NOT NULL DEFAULT 0,
    version bigint NOT NULL,
    event_id uuid,
    CONSTRAINT breaker_pk PRIMARY KEY (tenant)
);
SELECT table_ready('breaker', 'true');
