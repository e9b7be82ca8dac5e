-- Published notices (整改进展情况通报) and the other projections of the same data: the inner-party
-- notice (党内通报), the one-page briefing (一页简报), the report on rectification (整改情况报告) and
-- the principal's (主要负责人组织落实情况报告).
--
--   publication          one of them: of which inspection, as of which day, in which state, and the
--                        SHA-256 of its text
--   publication_block    its text, a row a paragraph. Each edit appends a whole new content
--                        (content_no); none is ever changed
--   publication_subject  the problems and measures it speaks of, as they stood on its day, and what
--                        of them must stay out (不公开)

CREATE TABLE publication (
    tenant integer NOT NULL,
    id uuid NOT NULL,
    inspection uuid NOT NULL,
    no integer NOT NULL,
    ref text NOT NULL,              -- "TB-01"
    kind text NOT NULL,
    as_of date NOT NULL,            -- the day its numbers are of
    plan_no integer NOT NULL,       -- the plan's version on that day; 0: none
    title text NOT NULL,
    state text NOT NULL,
    content_no integer NOT NULL,    -- the content in force
    sha256 bytea NOT NULL,          -- of that content: publication_sha256()
    corrects uuid,                  -- the one this one corrects (更正)
    corrected_by uuid,
    reason text,                    -- of the last return, correction or withdrawal
    approved_ms bigint,
    published_ms bigint,
    published_day date,
    created_ms bigint NOT NULL,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT publication_pk PRIMARY KEY (tenant, id),
    CONSTRAINT publication_ref_unique UNIQUE (tenant, ref),
    CONSTRAINT publication_inspection_fk FOREIGN KEY (tenant, inspection)
        REFERENCES inspection (tenant, id),
    CONSTRAINT publication_corrects_fk FOREIGN KEY (tenant, corrects)
        REFERENCES publication (tenant, id),
    CONSTRAINT publication_corrected_fk FOREIGN KEY (tenant, corrected_by)
        REFERENCES publication (tenant, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT publication_kind_known CHECK (kind IN
        ('NOTICE', 'INNER_NOTICE', 'BRIEFING', 'REPORT', 'PRINCIPAL_REPORT')),
    CONSTRAINT publication_hash_size CHECK (octet_length(sha256) = 32),
    CONSTRAINT publication_superseded_by CHECK
        (state <> 'SUPERSEDED' OR corrected_by IS NOT NULL),
    CONSTRAINT publication_withdrawn_has_reason CHECK (state <> 'WITHDRAWN' OR reason IS NOT NULL),
    CONSTRAINT publication_approved_when CHECK
        (state NOT IN ('APPROVED', 'PUBLISHED', 'SUPERSEDED') OR approved_ms IS NOT NULL),
    CONSTRAINT publication_published_when CHECK
        ((state NOT IN ('PUBLISHED', 'SUPERSEDED') OR published_ms IS NOT NULL)
         AND (published_ms IS NULL) = (published_day IS NULL))
);
-- A publication is corrected once.
CREATE UNIQUE INDEX publication_corrects_once ON publication (tenant, corrects)
    WHERE corrects IS NOT NULL AND state <> 'WITHDRAWN';

-- kind: PublicationBlockKind of publication.proto. text: one line, without its number, which
-- follows from the order.
CREATE TABLE publication_block (
    tenant integer NOT NULL,
    publication uuid NOT NULL,
    content_no integer NOT NULL,
    no integer NOT NULL,            -- from 1
    kind smallint NOT NULL,
    text text NOT NULL,
    problem text,                   -- reference of the problem it belongs to
    measure text,                   -- reference of the measure it tells of
    event_id uuid NOT NULL,
    CONSTRAINT publication_block_pk PRIMARY KEY (tenant, publication, content_no, no),
    CONSTRAINT publication_block_publication_fk FOREIGN KEY (tenant, publication)
        REFERENCES publication (tenant, id),
    CONSTRAINT publication_block_kind_known CHECK (kind BETWEEN 1 AND 7),
    CONSTRAINT publication_block_line CHECK (text <> '' AND text !~ '[\n\r]')
);

CREATE TABLE publication_subject (
    tenant integer NOT NULL,
    publication uuid NOT NULL,
    no integer NOT NULL,            -- from 1, in official order
    problem uuid NOT NULL,
    measure uuid,                   -- NULL: the problem itself
    ref text NOT NULL,
    title text NOT NULL,            -- of a measure: its words in the plan
    item_no integer NOT NULL,
    item_title text NOT NULL,
    state text NOT NULL,            -- on the day
    source text,                    -- of a measure: the last narrative accepted by the day
    hold_code text,                 -- why it stays out; NULL: it need not
    hold_reason text,
    version bigint NOT NULL,
    event_id uuid NOT NULL,
    CONSTRAINT publication_subject_pk PRIMARY KEY (tenant, publication, no),
    CONSTRAINT publication_subject_publication_fk FOREIGN KEY (tenant, publication)
        REFERENCES publication (tenant, id),
    CONSTRAINT publication_subject_problem_fk FOREIGN KEY (tenant, problem)
        REFERENCES problem (tenant, id),
    CONSTRAINT publication_subject_measure_fk FOREIGN KEY (tenant, measure)
        REFERENCES measure (tenant, id),
    CONSTRAINT publication_subject_hold_known CHECK (hold_code IN
        ('SECRECY', 'PRIVACY', 'CLUE', 'UNFINISHED', 'OTHER')),
    CONSTRAINT publication_subject_hold_whole CHECK
        ((hold_code IS NULL) = (hold_reason IS NULL))
);

-- Units read what was published, of the two notices; drafts and reports those who see all.
SELECT table_ready('publication', 'sees_all() OR (published_ms IS NOT NULL'
    ' AND kind IN (''NOTICE'', ''INNER_NOTICE''))', 'id');
SELECT table_ready('publication_block', 'sees_all() OR EXISTS (SELECT 1 FROM rectify.publication p'
    ' WHERE p.tenant = publication_block.tenant AND p.id = publication_block.publication'
    ' AND p.content_no = publication_block.content_no)');
SELECT append_only_ready('publication_block');
SELECT table_ready('publication_subject', 'sees_all()', 'publication, no');
CREATE TRIGGER publication_edge BEFORE INSERT OR UPDATE ON publication
    FOR EACH ROW EXECUTE FUNCTION check_edge('publication');

-- ---- what was checked is what is approved and published ---------------------------------------------

-- SHA-256 of kind, day, plan version, title and every block, a line each (server/service/
-- publication.c makes the same).
CREATE FUNCTION publication_sha256(p publication) RETURNS bytea LANGUAGE sql STABLE
    RETURN sha256(convert_to(p.kind || E'\n' || to_char(p.as_of, 'YYYY-MM-DD') || E'\n' || p.plan_no || E'\n' || p.title
        || E'\n' || coalesce((SELECT string_agg(b.kind || E'\t' || b.text || E'\n', '' ORDER BY b.no)
              FROM publication_block b
             WHERE b.tenant = p.tenant AND b.publication = p.id AND b.content_no = p.content_no),
            ''), 'UTF8'));

-- The text changes in a draft alone; what was published changes in nothing but being corrected.
CREATE FUNCTION publication_kept() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'publication % stays', OLD.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_kept';
    END IF;
    IF (OLD.inspection, OLD.no, OLD.ref, OLD.kind, OLD.as_of, OLD.plan_no, OLD.corrects,
        OLD.created_ms) IS DISTINCT FROM
       (NEW.inspection, NEW.no, NEW.ref, NEW.kind, NEW.as_of, NEW.plan_no, NEW.corrects,
        NEW.created_ms)
       OR ((OLD.state <> 'DRAFT' OR NEW.state <> 'DRAFT')
           AND (OLD.title, OLD.content_no, OLD.sha256) IS DISTINCT FROM
               (NEW.title, NEW.content_no, NEW.sha256))
       OR (OLD.state IN ('PUBLISHED', 'SUPERSEDED', 'WITHDRAWN')
           AND ((OLD.approved_ms, OLD.published_ms, OLD.published_day) IS DISTINCT FROM
                (NEW.approved_ms, NEW.published_ms, NEW.published_day)
                OR (OLD.state = NEW.state AND (OLD.corrected_by, OLD.reason) IS DISTINCT FROM
                                              (NEW.corrected_by, NEW.reason)))) THEN
        RAISE EXCEPTION 'publication % keeps its text', OLD.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_kept';
    END IF;
    IF NEW.state IN ('CHECKED', 'APPROVED', 'PUBLISHED') AND NEW.state <> OLD.state
       AND NEW.sha256 <> publication_sha256(NEW) THEN
        RAISE EXCEPTION 'publication % is not the text of its hash', OLD.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_hash';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER publication_kept BEFORE UPDATE OR DELETE ON publication
    FOR EACH ROW EXECUTE FUNCTION publication_kept();
CREATE TRIGGER publication_no_truncate BEFORE TRUNCATE ON publication
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Text is added by the command that made the content, to a draft. What stays out is marked in a
-- draft alone.
CREATE FUNCTION publication_part_kept() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = rectify, pg_temp AS $$
DECLARE
    p publication;
BEGIN
    SELECT * INTO p FROM publication x WHERE x.tenant = NEW.tenant AND x.id = NEW.publication;
    IF p.state IS DISTINCT FROM 'DRAFT' OR p.event_id <> NEW.event_id THEN
        RAISE EXCEPTION 'publication % keeps its text', p.ref
            USING ERRCODE = 'check_violation', CONSTRAINT = 'publication_kept';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER publication_block_kept BEFORE INSERT ON publication_block
    FOR EACH ROW EXECUTE FUNCTION publication_part_kept();
CREATE TRIGGER publication_subject_kept BEFORE INSERT OR UPDATE ON publication_subject
    FOR EACH ROW EXECUTE FUNCTION publication_part_kept();

-- ---- transitions ------------------------------------------------------------------------------------

INSERT INTO edge (machine, from_state, command, to_state) VALUES
    ('publication', 'DRAFT', 'hold_back', 'DRAFT');
