-- Matters (事项): what stands around a measure and has a life of its own – consultations (会商),
-- extensions (延期), notices (督办单), admonitory talks (约谈), on-site rounds (专项督查),
-- instructions (批示), opinions (意见建议). One table: a matter is a text between a unit and a body,
-- in a state of its kind's machine, with a day by which somebody owes the next step.

CREATE TABLE matter (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,             -- machine code of server/service/workflow.h
    ref text NOT NULL,              -- "DB-0003": kind's letters and a number
    inspection uuid,
    problem uuid,
    measure uuid,
    milestone smallint,             -- of an extension or notice: 1 EFFECT, 2 COMPLETE
    org uuid,                       -- the unit concerned: who asks, or who is addressed
    holder uuid,                    -- the body whose step it is, or that holds it
    state text NOT NULL,
    level smallint NOT NULL DEFAULT 0,
    urgent boolean NOT NULL DEFAULT false,
    late boolean NOT NULL DEFAULT false,  -- an extension asked for after the due day
    title text NOT NULL DEFAULT '',
    text text NOT NULL DEFAULT '',
    answer text,
    due date,                       -- when the next step is owed, by whoever owes it
    new_due date,                   -- an extension's wish
    old_due date,
    scheduled_day date,             -- of a consultation, talk or round
    former uuid,                    -- the notice this one escalates
    origin text,                    -- an opinion's way in; a rule's alert key for a proposal
    reason_code text,
    reason text,
    opened_ms bigint NOT NULL,
    state_ms bigint NOT NULL,       -- since when it is in this state
    opened_by uuid,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT matter_pk PRIMARY KEY (tenant, id),
    CONSTRAINT matter_ref_unique UNIQUE (tenant, ref),
    CONSTRAINT matter_kind_known CHECK (kind IN
        ('consultation', 'extension', 'notice', 'talk', 'round', 'instruction', 'opinion')),
    CONSTRAINT matter_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT matter_problem_fk FOREIGN KEY (tenant, problem) REFERENCES problem (tenant, id),
    CONSTRAINT matter_measure_fk FOREIGN KEY (tenant, measure) REFERENCES measure (tenant, id),
    CONSTRAINT matter_org_fk FOREIGN KEY (tenant, org) REFERENCES org (tenant, id),
    CONSTRAINT matter_holder_fk FOREIGN KEY (tenant, holder) REFERENCES org (tenant, id),
    CONSTRAINT matter_former_fk FOREIGN KEY (tenant, former) REFERENCES matter (tenant, id),
    CONSTRAINT matter_milestone_known CHECK (milestone IN (1, 2)),
    CONSTRAINT matter_level_range CHECK (level BETWEEN 0 AND 3)
);
CREATE INDEX matter_by_measure ON matter (tenant, measure, kind);
CREATE INDEX matter_by_org ON matter (tenant, org, kind);
CREATE UNIQUE INDEX matter_proposed_once ON matter (tenant, kind, origin)
    WHERE kind IN ('notice', 'talk') AND origin IS NOT NULL;
SELECT table_ready('matter',
    'sees_all() OR org = ANY (cur_orgs()) OR holder = ANY (cur_orgs())'
    ' OR (measure IS NOT NULL AND sees_measure(tenant, measure))', 'id');
