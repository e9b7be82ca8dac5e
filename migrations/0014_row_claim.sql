-- What becomes of a claim is told to the rows of tables that carry it, whoever decides: the special
-- group in the office's place and a measure's own lead unit do not see the other unit's table, and
-- the claim in it must not wait for ever. Who sees the measure may tell; what a unit may not write
-- (table_row_not_by_unit) it may not write here either.
CREATE FUNCTION settle_row_claims(of_tenant integer, of_measure uuid, as_verdict smallint,
                                  by_event uuid) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
    UPDATE table_row SET claim_verdict = as_verdict, version = version + 1, event_id = by_event
     WHERE tenant = of_tenant AND tenant = cur_tenant() AND measure = of_measure
       AND claim_verdict = 1 AND sees_measure(of_tenant, of_measure);
$$;
