-- The office's own table (自查汇总表) is judged in its stead: by the leading group, or by the special
-- group (专项小组) that is over everything in it. Where several groups are, none of them would see the
-- whole table, and the leading group judges alone. The group reads the table and writes its verdicts.

-- Runs as the owner, who sees every row: what is hidden from the group counts too.
CREATE FUNCTION over_office_table(of_tenant integer, of_table uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
    SELECT EXISTS (
        SELECT 1 FROM periodic_table t JOIN org o ON o.tenant = t.tenant AND o.id = t.org
         WHERE t.tenant = of_tenant AND t.tenant = cur_tenant() AND t.id = of_table
           AND o.kind = 'OFFICE'
           AND (SELECT bool_and(coalesce(p.sgroup_org = ANY (cur_orgs()), false)) FROM problem p
                 WHERE p.tenant = t.tenant
                   AND ((p.inspection = t.inspection AND p.lead_org = t.org)
                        OR p.id IN (SELECT m.problem FROM table_row r JOIN measure m
                                        ON m.tenant = r.tenant AND m.id = r.measure
                                     WHERE r.tenant = t.tenant AND r.table_id = t.id))));
$$;

DO $$
DECLARE
    t text;
    rule text;
BEGIN
    FOREACH t IN ARRAY ARRAY['periodic_table', 'periodic_table_version', 'table_row',
                             'table_row_version'] LOOP
        -- The acting role first (SGROUP): nobody else pays for the question.
        rule := format('tenant = cur_tenant()'
            ' AND coalesce(nullif(current_setting(''rectify.roles'', true), '''')::bigint, 0) & 4 <> 0'
            ' AND over_office_table(tenant, %I)',
            CASE WHEN t LIKE 'periodic%' THEN 'id' ELSE 'table_id' END);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT USING (%s)', t || '_in_stead', t, rule);
        IF t NOT LIKE '%version' THEN
            EXECUTE format('CREATE POLICY %I ON %I FOR UPDATE USING (%s) WITH CHECK (%s)',
                           t || '_judged_in_stead', t, rule, rule);
        END IF;
    END LOOP;
END $$;
