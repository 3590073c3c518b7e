-- Made by Prisma's schema engine 8.1.0 (@prisma/schema-engine-wasm with adapter-pg): applyMigrations over three, the last of which fails half-way, on PostgreSQL 15;
-- read with `pg_dump --inserts --no-owner`, without its settings.
CREATE TABLE public._prisma_migrations (
    id character varying(36) NOT NULL,
    checksum character varying(64) NOT NULL,
    finished_at timestamp with time zone,
    migration_name character varying(255) NOT NULL,
    logs text,
    rolled_back_at timestamp with time zone,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    applied_steps_count integer DEFAULT 0 NOT NULL
);
CREATE TABLE public.accounts (
    id bigint NOT NULL,
    owner text NOT NULL,
    balance numeric(12,2) DEFAULT 0 NOT NULL,
    note text
);
ALTER TABLE public.accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
INSERT INTO public._prisma_migrations VALUES ('09b6f648-dad1-4443-8d7f-8a9c263cf937', '73f6887173409276b62265741946ae1950c4bee2c3030c31cf366a1263c56451', '2026-11-25 17:40:06.679+00', '20240101000001_accounts', NULL, NULL, '2026-11-25 17:40:06.616+00', 1);
INSERT INTO public._prisma_migrations VALUES ('ae2718f1-ac3a-43bb-809d-375aeb8f2ee5', 'b4862e08156763cf0d1e9b82a66587a7b24c89b96596ed821f07eb21d362768d', '2026-11-25 17:40:06.716+00', '20240102000001_balance', NULL, NULL, '2026-11-25 17:40:06.691+00', 1);
INSERT INTO public._prisma_migrations VALUES ('7f426bf0-d0bf-40ee-a0b5-d6ec8d4bad7e', 'a133d75ecf39e3a16b3ec3f2382ae468d0f9bb626fe0dbf9ec951792dea3c661', NULL, '20240103000001_broken', 'external connector error
Error querying the database: ERROR: division by zero', NULL, '2026-11-25 17:40:06.718+00', 0);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
