-- What a client can have proven: inner nodes of the log's tree, declared restores, and what became
-- of its commands.

-- Full subtrees of 2^level leaves, level 8 and above (log_node_level of server/store/log.h), from
-- leaf index number << level on: a proof reads a few dozen of them and at most some hundred leaves,
-- whatever the size. Written by the sealer, 1/128 of a row a leaf.
CREATE TABLE log_node (
    tenant integer NOT NULL,
    level smallint NOT NULL,
    number bigint NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT log_node_pk PRIMARY KEY (tenant, level, number),
    CONSTRAINT log_node_level_range CHECK (level BETWEEN 8 AND 62),
    CONSTRAINT log_node_hash_size CHECK (octet_length(hash) = 32)
);
SELECT table_ready('log_node', 'true');
SELECT append_only_ready('log_node');

-- Those of the leaves that are there already: row by row upwards, only full pairs.
DO $$
BEGIN
    CREATE TEMP TABLE node_row ON COMMIT DROP AS
        SELECT l.tenant, l.seq - 1 AS number, e.leaf_hash AS hash
          FROM log_leaf l JOIN event e ON e.tenant = l.tenant AND e.id = l.event_id;
    FOR of_level IN 1 .. 62 LOOP
        CREATE TEMP TABLE node_next ON COMMIT DROP AS
            SELECT a.tenant, a.number / 2 AS number,
                   sha256('\x01'::bytea || a.hash || b.hash) AS hash
              FROM node_row a JOIN node_row b ON b.tenant = a.tenant AND b.number = a.number + 1
             WHERE a.number % 2 = 0;
        DROP TABLE node_row;
        ALTER TABLE node_next RENAME TO node_row;
        EXIT WHEN NOT EXISTS (SELECT 1 FROM node_row);
        INSERT INTO log_node (tenant, level, number, hash)
            SELECT tenant, of_level, number, hash FROM node_row WHERE of_level >= 8;
    END LOOP;
    DROP TABLE node_row;
END $$;

-- Restores to an earlier point, declared on the server's machine (rectifyd restored) and signed with
-- the log's key: what makes clients accept a log that went back.
CREATE TABLE log_restore (
    tenant integer NOT NULL,
    number bigint NOT NULL,
    tree_size bigint NOT NULL,
    root bytea NOT NULL,
    head_time_ms bigint NOT NULL,
    time_ms bigint NOT NULL,
    reason text NOT NULL,
    key_id text NOT NULL,
    signature bytea NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT log_restore_pk PRIMARY KEY (tenant, number),
    CONSTRAINT log_restore_number_range CHECK (number >= 1),
    CONSTRAINT log_restore_root_size CHECK (octet_length(root) = 32),
    CONSTRAINT log_restore_signature_size CHECK (octet_length(signature) = 64),
    CONSTRAINT log_restore_reason_given CHECK (octet_length(reason) BETWEEN 1 AND 500)
);
SELECT table_ready('log_restore', 'true');
SELECT append_only_ready('log_restore');
-- Declared on the server's machine alone, by the owner.
REVOKE INSERT ON log_restore FROM rectify_app;

-- Of the caller's own commands: each change that somebody may judge, and the first later change of
-- the same thing that decides about it. Runs as the owner, because a thing that was returned and
-- went on to others is still what the caller handed in; whose it is, is the account's idempotency
-- row. Rows of a table as they were judged before its unit took it up again (now: while it has not).
CREATE FUNCTION operation_judged(of_tenant integer, of_keys uuid[], deciding text[])
RETURNS TABLE (key uuid, no integer, kind text, command text, to_state text,
               decided_by text, decided_reason text, all_rows integer, accepted_rows integer,
               returned_rows integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
    SELECT i.key, c.no, c.kind, c.command, c.to_state, d.command, d.reason,
           r.all_rows, r.accepted, r.returned
      FROM idempotency i
      JOIN event_change c ON c.tenant = i.tenant AND c.event_id = i.event_id
      LEFT JOIN LATERAL (
          SELECT n.command, n.reason, n.version FROM event_change n
           WHERE n.tenant = c.tenant AND n.thing = c.thing AND n.kind = c.kind
             AND n.version > c.version AND n.command = ANY (deciding)
           ORDER BY n.version LIMIT 1) d ON true
      LEFT JOIN LATERAL (
          SELECT min(n.version) AS version FROM event_change n
           WHERE c.kind = 'table' AND n.tenant = c.tenant AND n.thing = c.thing
             AND n.kind = c.kind AND n.version > c.version
             AND n.command IN ('fill', 'submit', 'withdraw', 'correct', 'nil')) u ON true
      LEFT JOIN LATERAL (
          SELECT count(*)::integer AS all_rows,
                 (count(*) FILTER (WHERE w.verdict = 2))::integer AS accepted,
                 (count(*) FILTER (WHERE w.verdict = 3))::integer AS returned
            FROM (SELECT DISTINCT ON (v.measure) v.verdict FROM table_row_version v
                   WHERE c.kind = 'table' AND v.tenant = c.tenant AND v.table_id = c.thing
                     AND v.table_version < coalesce(u.version, 9223372036854775807)
                   ORDER BY v.measure, v.version DESC) w) r ON c.kind = 'table'
     WHERE i.tenant = of_tenant AND i.tenant = cur_tenant() AND i.principal = cur_account()
       AND i.key = ANY (of_keys) AND c.command IS NOT NULL
     ORDER BY i.key, c.no
$$;
