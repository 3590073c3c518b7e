-- Made by Liquibase 4.33.0 (liquibase-core): update() over a changelog of two change sets, on PostgreSQL 15;
-- read with `pg_dump --inserts --no-owner`, without its settings.
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    owner text NOT NULL,
    balance numeric(12,2) DEFAULT 0 NOT NULL
);
ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.databasechangelog (
    id character varying(255) NOT NULL,
    author character varying(255) NOT NULL,
    filename character varying(255) NOT NULL,
    dateexecuted timestamp without time zone NOT NULL,
    orderexecuted integer NOT NULL,
    exectype character varying(10) NOT NULL,
    md5sum character varying(35),
    description character varying(255),
    comments character varying(255),
    tag character varying(255),
    liquibase character varying(20),
    contexts character varying(255),
    labels character varying(255),
    deployment_id character varying(10)
);
CREATE TABLE public.databasechangeloglock (
    id integer NOT NULL,
    locked boolean NOT NULL,
    lockgranted timestamp without time zone,
    lockedby character varying(255)
);
INSERT INTO public.databasechangelog VALUES ('1-accounts', 'ann', 'changelog.yaml', '2026-11-25 17:29:11.182102', 1, 'EXECUTED', '9:1916664eb62a4ea8908f458fd9bb2a8c', 'sql', '', NULL, '4.33.0', NULL, NULL, '5627748529');
INSERT INTO public.databasechangelog VALUES ('2-balance', 'ann', 'changelog.yaml', '2026-11-25 17:29:11.221649', 2, 'EXECUTED', '9:f90d600cea54d078c2a452921bc0ecc8', 'sql', '', NULL, '4.33.0', NULL, NULL, '5627748529');
INSERT INTO public.databasechangeloglock VALUES (1, false, NULL, NULL);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.databasechangeloglock
    ADD CONSTRAINT databasechangeloglock_pkey PRIMARY KEY (id);
