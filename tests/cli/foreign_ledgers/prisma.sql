-- Made by Prisma's schema engine 8.1.0 (@prisma/schema-engine-wasm with adapter-pg): applyMigrations over two migrations, on PostgreSQL 15;
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
INSERT INTO public._prisma_migrations VALUES ('67eef943-734b-477c-9be9-b63d98119ecb', '73f6887173409276b62265741946ae1950c4bee2c3030c31cf366a1263c56451', '2026-11-25 17:40:05.575+00', '20240101000001_accounts', NULL, NULL, '2026-11-25 17:40:05.553+00', 1);
INSERT INTO public._prisma_migrations VALUES ('056490a0-28c5-4f0f-945a-60b4a003498d', 'b4862e08156763cf0d1e9b82a66587a7b24c89b96596ed821f07eb21d362768d', '2026-11-25 17:40:05.588+00', '20240102000001_balance', NULL, NULL, '2026-11-25 17:40:05.576+00', 1);
ALTER TABLE ONLY public._prisma_migrations
    ADD CONSTRAINT _prisma_migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);
