-- What every later table needs, said once: history, append-only, row-level security, grants.
--
-- table_ready(name, rule, history_key) makes a new table one of ours:
--   rule         who may see a row, besides the tenant; 'true' for everybody of the tenant;
--   history_key  the key columns of its history table NAME_version (a row per version, append-only,
--                written by trigger); NULL keeps no history. The table then has version and event_id.
-- history_ready does the latter alone, for a table that is older than its history.

CREATE FUNCTION append_only_ready(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OR DELETE ON rectify.%I
                    FOR EACH ROW EXECUTE FUNCTION rectify.refuse_change()',
                   name || '_append_only', name);
    EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON rectify.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION rectify.refuse_change()',
                   name || '_no_truncate', name);
    EXECUTE format('REVOKE UPDATE ON rectify.%I FROM rectify_app', name);
END $$;

-- reading: who may see a row; writing: who may write one (history is written by whoever acts).
CREATE FUNCTION scope_ready(name text, reading text, writing text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE rectify.%I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE rectify.%I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY %I ON rectify.%I
                    USING (tenant = rectify.cur_tenant() AND (%s))
                    WITH CHECK (tenant = rectify.cur_tenant() AND (%s))',
                   name || '_scope', name, reading, writing);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON rectify.%I TO rectify_app', name);
    EXECUTE format('GRANT SELECT ON rectify.%I TO rectify_backup', name);
END $$;

CREATE FUNCTION history_ready(name text, rule text, history_key text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE rectify.%I (LIKE rectify.%I)', name || '_version', name);
    EXECUTE format('ALTER TABLE rectify.%I ADD CONSTRAINT %I PRIMARY KEY (tenant, %s, version)',
                   name || '_version', name || '_version_pk', history_key);
    EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE ON rectify.%I
                    FOR EACH ROW EXECUTE FUNCTION rectify.keep_version()',
                   name || '_keep_version', name);
    PERFORM rectify.scope_ready(name || '_version', rule, 'true');
    PERFORM rectify.append_only_ready(name || '_version');
END $$;

CREATE FUNCTION table_ready(name text, rule text, history_key text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM rectify.scope_ready(name, rule, rule);
    IF history_key IS NOT NULL THEN
        PERFORM rectify.history_ready(name, replace(rule, name || '.', name || '_version.'),
                                      history_key);
    END IF;
END $$;

-- Whoever may see a measure: the same words as the first tables' rules.
CREATE FUNCTION sees_measure(of_tenant integer, of_measure uuid) RETURNS boolean
LANGUAGE sql STABLE
    RETURN sees_all() OR EXISTS (SELECT 1 FROM access a
                                  WHERE a.tenant = of_tenant AND a.measure = of_measure
                                    AND a.org = ANY (cur_orgs()));

-- What the ladder proposes with an alert (bits of server/base/ladder.h, enum ladder_proposal).
ALTER TABLE alert ADD COLUMN proposals bigint NOT NULL DEFAULT 0;
