-- Periodic tables complete: the second person's confirmation, editions, requests in a row, what the
-- measure said before a report (so that a withdrawn one leaves no trace in it), duties by kind.

DO $$
DECLARE
    t text;
BEGIN
    -- A table and its history have the same columns in the same order.
    FOREACH t IN ARRAY ARRAY['periodic_table', 'periodic_table_version'] LOOP
        EXECUTE format('ALTER TABLE %I
            ADD COLUMN edition integer NOT NULL DEFAULT 1,
            ADD COLUMN filled_ms bigint,
            ADD COLUMN confirmed_ms bigint,
            ADD COLUMN paper_evidence uuid,
            ADD COLUMN paper_hash text,
            ADD COLUMN paper_checked boolean NOT NULL DEFAULT false,
            ADD COLUMN nil_counted boolean NOT NULL DEFAULT false', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['table_row', 'table_row_version'] LOOP
        EXECUTE format('ALTER TABLE %I
            ADD COLUMN extension_day date,
            ADD COLUMN extension_reason text,
            ADD COLUMN extension_milestone smallint NOT NULL DEFAULT 0,
            ADD COLUMN extension_asked boolean NOT NULL DEFAULT false,
            ADD COLUMN unchanged boolean NOT NULL DEFAULT false,
            ADD COLUMN help_asked boolean NOT NULL DEFAULT false,
            -- version of the measure before this period''s report; 0: nothing reported yet
            ADD COLUMN measure_before bigint NOT NULL DEFAULT 0,
            -- version of the table that the row belongs to
            ADD COLUMN table_version bigint NOT NULL DEFAULT 0', t);
    END LOOP;
END $$;

ALTER TABLE periodic_table
    ADD CONSTRAINT periodic_table_edition_range CHECK (edition >= 1),
    ADD CONSTRAINT periodic_table_confirmation_known CHECK (confirmation IN ('ACCOUNT', 'PAPER')),
    ADD CONSTRAINT periodic_table_paper_is_whole CHECK
        ((paper_evidence IS NULL) = (paper_hash IS NULL)
         AND (confirmation = 'PAPER' OR paper_evidence IS NULL)),
    ADD CONSTRAINT periodic_table_paper_hash_form CHECK (paper_hash ~ '^[0-9a-f]{64}$');
ALTER TABLE table_row
    ADD CONSTRAINT table_row_extension_is_whole CHECK
        ((extension_day IS NULL) = (extension_reason IS NULL)
         AND (extension_day IS NULL) = (extension_milestone = 0)),
    ADD CONSTRAINT table_row_extension_milestone_known CHECK (extension_milestone IN (0, 1, 2));

-- What an inspection asks its units to report. Without a row of its own an inspection asks for a
-- table a month, due on inspection.report_day, without grace.
CREATE TABLE report_duty (
    tenant integer NOT NULL,
    inspection uuid NOT NULL,
    kind text NOT NULL,
    report_day integer NOT NULL,   -- QUARTER: of the month after it
    grace_days integer NOT NULL DEFAULT 0,
    active boolean NOT NULL DEFAULT true,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT report_duty_pk PRIMARY KEY (tenant, inspection, kind),
    CONSTRAINT report_duty_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT report_duty_kind_known CHECK (kind IN ('MONTH', 'QUARTER')),
    CONSTRAINT report_duty_day_range CHECK (report_day BETWEEN 1 AND 28),
    CONSTRAINT report_duty_grace_range CHECK (grace_days BETWEEN 0 AND 31)
);
SELECT table_ready('report_duty', 'true', 'inspection, kind');

-- The quarter a month belongs to: "2026-11" gives "2026-Q4".
CREATE FUNCTION quarter_of(month text) RETURNS text LANGUAGE sql IMMUTABLE
    RETURN left(month, 5) || 'Q' || ((substr(month, 6, 2)::integer + 2) / 3)::text;

-- Still to be handed in for the first time: one being corrected was.
CREATE FUNCTION table_is_owed(state text, submitted_day date) RETURNS boolean LANGUAGE sql IMMUTABLE
    RETURN submitted_day IS NULL AND state IN ('OPEN', 'DRAFT', 'CONFIRMING');

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('table', 'OPEN', 'submit', 'CONFIRMING'),
    ('table', 'DRAFT', 'submit', 'CONFIRMING'),
    ('table', 'RETURNED', 'submit', 'CONFIRMING'),
    ('table', 'CONFIRMING', 'countersign', 'SUBMITTED'),
    ('table', 'CONFIRMING', 'withdraw', 'DRAFT'),
    ('table', 'SUBMITTED', 'withdraw', 'DRAFT'),
    ('table_row', 'SUBMITTED', 'withdraw', 'DRAFT');
