-- The roles of a Rectify database; run once by a superuser, safe to run again.
-- rectify_owner owns the schema and migrates it; rectify_app is what the server connects as: it owns
-- nothing and row-level security binds it; rectify_backup reads everything and changes nothing.
SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['rectify_owner', 'rectify_app', 'rectify_backup']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec
ALTER ROLE rectify_owner BYPASSRLS;
ALTER ROLE rectify_app NOBYPASSRLS NOCREATEDB NOCREATEROLE;
ALTER ROLE rectify_backup BYPASSRLS;
ALTER ROLE rectify_backup SET default_transaction_read_only = on;
SELECT 'GRANT pg_read_all_data TO rectify_backup'
 WHERE NOT pg_has_role('rectify_backup', 'pg_read_all_data', 'member')
\gexec
