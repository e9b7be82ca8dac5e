-- Two people (填报人 ≠ 审核人), substitutes included: in whose place a table was filled in and confirmed
-- (X 代 Y is one with Y), and which account handed a claim in.

DO $$
DECLARE
    t text;
BEGIN
    -- A table and its history have the same columns in the same order.
    FOREACH t IN ARRAY ARRAY['periodic_table', 'periodic_table_version'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN filled_for uuid, ADD COLUMN reviewed_for uuid', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['measure', 'measure_version'] LOOP
        EXECUTE format('ALTER TABLE %I ADD COLUMN claimed_account uuid', t);
    END LOOP;
END $$;

ALTER TABLE periodic_table ADD CONSTRAINT periodic_table_two_people_for CHECK
    (reviewed_by <> filled_for AND reviewed_for <> filled_by AND reviewed_for <> filled_for);

-- What one body alone reads (a talk's record, who sent an opinion) is not read by an administrator
-- (三员: ADMIN, GRANT, AUDIT) seated in that body's org.
CREATE FUNCTION acts_as_administrator() RETURNS boolean LANGUAGE sql STABLE
    RETURN coalesce(nullif(current_setting('rectify.roles', true), '')::bigint, 0) & 68608 <> 0;
CREATE POLICY matter_private_of_workers ON matter_private AS RESTRICTIVE FOR SELECT
    USING (NOT acts_as_administrator());
