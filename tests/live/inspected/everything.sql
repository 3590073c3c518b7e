-- One object of most kinds, each with attributes that are not at their default.
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$begin return new; end$$;
REVOKE EXECUTE ON FUNCTION touch() FROM PUBLIC;
CREATE DOMAIN posint AS integer DEFAULT 1 CHECK (VALUE > 0);
CREATE TABLE wide (
    id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT wide_pkey PRIMARY KEY WITH (fillfactor = 90),
    a text COLLATE "C" NOT NULL,
    b integer,
    g integer GENERATED ALWAYS AS (b * 2) STORED
) WITH (fillfactor = 70);
ALTER TABLE wide ADD CONSTRAINT positive CHECK (b > 0) NOT VALID;
ALTER TABLE wide ALTER a SET STATISTICS 200, ALTER a SET STORAGE external, ALTER a SET (n_distinct = 7);
ALTER TABLE wide ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL, CLUSTER ON wide_pkey;
COMMENT ON TABLE wide IS 'A table.';
COMMENT ON COLUMN wide.a IS 'A column.';
GRANT SELECT ON wide TO pg_monitor;
GRANT UPDATE (a) ON wide TO pg_monitor;
CREATE UNIQUE INDEX wide_expression ON wide (lower(a));
ALTER INDEX wide_expression ALTER COLUMN 1 SET STATISTICS 300;
CREATE TRIGGER wide_touch BEFORE UPDATE ON wide FOR EACH ROW EXECUTE FUNCTION touch();
ALTER TABLE wide DISABLE TRIGGER wide_touch;
CREATE POLICY wide_mine ON wide AS RESTRICTIVE USING (b > 0);
CREATE SEQUENCE counter CACHE 5 OWNED BY wide.b;
CREATE VIEW narrow WITH (security_barrier) AS SELECT a FROM wide;
CREATE STATISTICS wide_statistics ON a, b FROM wide;
ALTER STATISTICS wide_statistics SET STATISTICS 40;

-- And the kinds that the drifts' base does not have.
CREATE FUNCTION witness() RETURNS event_trigger LANGUAGE plpgsql AS $$begin end$$;
CREATE EVENT TRIGGER watch ON ddl_command_start EXECUTE FUNCTION witness();
CREATE FUNCTION alike(posint, posint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$select true$$;
CREATE OPERATOR === (FUNCTION = alike, LEFTARG = posint, RIGHTARG = posint);
CREATE OPERATOR FAMILY loose USING btree;
CREATE OPERATOR CLASS tight FOR TYPE text USING btree FAMILY loose AS FUNCTION 1 bttextcmp(text, text);
CREATE CAST (posint AS text) WITH INOUT;
CREATE COLLATION bytes (provider = libc, locale = 'C');
CREATE CONVERSION latin FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE TEXT SEARCH DICTIONARY plain (TEMPLATE = simple);
CREATE TEXT SEARCH PARSER cutter (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE mould (LEXIZE = dsimple_lexize);
CREATE FOREIGN DATA WRAPPER far;
CREATE SERVER away FOREIGN DATA WRAPPER far;
CREATE USER MAPPING FOR PUBLIC SERVER away;
CREATE FOREIGN TABLE elsewhere (id integer) SERVER away;
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
CREATE LANGUAGE mine HANDLER plpgsql_call_handler;
CREATE SUBSCRIPTION follow CONNECTION 'dbname=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
ALTER DEFAULT PRIVILEGES FOR ROLE pg_monitor GRANT SELECT ON TABLES TO PUBLIC;
