-- A small clinic with one of everything that the drifts change.
CREATE SCHEMA clinic;
CREATE TYPE clinic.urgency AS ENUM ('low', 'normal', 'high');
CREATE DOMAIN clinic.email AS text CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%');
CREATE TYPE clinic.address AS (street text, town text);
CREATE TYPE clinic.dose_range AS RANGE (subtype = numeric);
CREATE SEQUENCE clinic.chart_number START 1000;

CREATE FUNCTION clinic.touch() RETURNS trigger LANGUAGE plpgsql AS
$$begin new.updated_at := now(); return new; end$$;
CREATE FUNCTION clinic.full_name(first text, last text) RETURNS text LANGUAGE sql IMMUTABLE AS
$$select first || ' ' || last$$;
CREATE PROCEDURE clinic.archive(before date) LANGUAGE plpgsql AS $$begin end$$;
CREATE AGGREGATE clinic.total(integer) (SFUNC = int4pl, STYPE = integer, INITCOND = '0');

CREATE TABLE clinic.users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email clinic.email NOT NULL,
    role varchar(20) NOT NULL DEFAULT 'nurse',
    first_name text NOT NULL,
    last_name text,
    display text GENERATED ALWAYS AS (first_name || '!') STORED,
    title varchar(10),
    rate numeric(10, 2),
    address clinic.address,
    urgency clinic.urgency DEFAULT 'normal',
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_key UNIQUE (email),
    CONSTRAINT users_role_check CHECK (role IN ('doctor', 'nurse'))
);
COMMENT ON TABLE clinic.users IS 'People who work here.';
COMMENT ON COLUMN clinic.users.email IS 'Where they are reached.';
CREATE TRIGGER users_touch BEFORE UPDATE ON clinic.users FOR EACH ROW EXECUTE FUNCTION clinic.touch();
CREATE INDEX users_last_name_idx ON clinic.users (last_name);
CREATE STATISTICS clinic.users_names (dependencies) ON first_name, last_name FROM clinic.users;

CREATE TABLE clinic.appointments (
    id serial PRIMARY KEY,
    doctor_id bigint NOT NULL,
    starts timestamptz NOT NULL,
    ends timestamptz NOT NULL,
    price numeric(10, 2),
    note text,
    CONSTRAINT appointments_doctor_fkey FOREIGN KEY (doctor_id) REFERENCES clinic.users (id) ON DELETE RESTRICT,
    CONSTRAINT appointments_order CHECK (ends > starts)
);
CREATE INDEX appointments_when_idx ON clinic.appointments (doctor_id, starts DESC) WHERE price IS NOT NULL;
CREATE INDEX appointments_day_idx ON clinic.appointments (date_trunc('day', starts AT TIME ZONE 'UTC'));
ALTER TABLE clinic.appointments ENABLE ROW LEVEL SECURITY;
CREATE POLICY appointments_paid ON clinic.appointments FOR SELECT USING (price > 0);

CREATE TABLE clinic.events (id bigint, at date, what text) PARTITION BY RANGE (at);
CREATE TABLE clinic.events_2024 PARTITION OF clinic.events FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
CREATE TABLE clinic.events_2025 PARTITION OF clinic.events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE INDEX events_at_idx ON clinic.events (at);

CREATE VIEW clinic.doctors AS SELECT id, email FROM clinic.users WHERE role = 'doctor';
CREATE MATERIALIZED VIEW clinic.daily AS SELECT starts::date AS day, count(*) AS meetings FROM clinic.appointments GROUP BY 1;
CREATE RULE users_gone AS ON DELETE TO clinic.users DO ALSO NOTIFY gone;
CREATE RULE doctors_keep AS ON DELETE TO clinic.doctors DO INSTEAD NOTHING;
CREATE TEXT SEARCH CONFIGURATION clinic.words (COPY = simple);
CREATE PUBLICATION changes FOR TABLE clinic.users;
