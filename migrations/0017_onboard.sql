-- Onboarding (开通): the certificate the server gave a machine, and what each machine's agent said last.

ALTER TABLE machine
    ADD COLUMN certificate_serial text,               -- hex; NULL: made by hand
    ADD COLUMN certificate_not_after_ms bigint,
    ADD CONSTRAINT machine_certificate_whole
        CHECK ((certificate_serial IS NULL) = (certificate_not_after_ms IS NULL)),
    ADD CONSTRAINT machine_certificate_form CHECK (certificate_serial ~ '^[0-9a-f]{32}$');
CREATE INDEX session_by_machine ON session (tenant, machine, used_ms);

-- The newest heartbeat of a machine. No history and no event: it says how things are, not what
-- somebody did.
CREATE TABLE agent (
    tenant integer NOT NULL,
    machine uuid NOT NULL,
    instance uuid NOT NULL,                           -- made when the agent started
    instance_before uuid,                             -- if this one comes back, there are two copies
    cloned_ms bigint,                                 -- when that was last seen
    reported_ms bigint NOT NULL,
    version text NOT NULL,
    os text NOT NULL,
    queued integer NOT NULL,
    unknown integer NOT NULL,
    attention integer NOT NULL,
    oldest_queued_ms bigint,                          -- by the server's clock
    certificate_not_after_ms bigint,
    clock_difference_ms bigint,
    logged_in boolean NOT NULL,
    CONSTRAINT agent_pk PRIMARY KEY (tenant, machine),
    CONSTRAINT agent_machine_fk FOREIGN KEY (tenant, machine) REFERENCES machine (tenant, id),
    CONSTRAINT agent_counts_positive CHECK (queued >= 0 AND unknown >= 0 AND attention >= 0)
);
SELECT table_ready('agent', 'true');
