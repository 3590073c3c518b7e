"""`seed` on real servers: every type and constraint, references between the stores, refusals, and nothing by half."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.core.seed.demand import Source
from schematool.core.seed.wish import Target, Wished
from schematool.engines.contract import Engine, Filling, Prepared, Request, Waiting
from tests.conftest import Ran
from tests.live.raw import database_of

# No xml: the wheel's server was built without libxml.
ZOO = """
CREATE EXTENSION btree_gist; CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'it''s "fine"');
CREATE DOMAIN email AS citext CHECK (VALUE ~ '^[a-z]+@[a-z]+\\.com$');
CREATE TYPE place AS (street varchar(20), since date, mood mood);
CREATE TYPE price_range AS RANGE (subtype = numeric);
CREATE TABLE every_type (
  id bigint GENERATED ALWAYS AS IDENTITY (START 100 INCREMENT 5) PRIMARY KEY, serial_number serial,
  a smallint NOT NULL, b integer, c bigint, d numeric(5,2), e numeric, f real, g double precision, h money,
  i char(3), j varchar(5), k text, l "char", m name, n bytea, o boolean, p date, q time, r timetz, s timestamp(0),
  t timestamptz, u interval, v uuid, w json, x jsonb, z inet, aa cidr, bb macaddr, cc macaddr8, dd bit(5),
  ee varbit(9),
  ff point, gg line, hh lseg, ii box, jj path, kk polygon, ll circle, mm tsvector, nn tsquery, oo int4range,
  pp tstzrange, qq datemultirange, rr price_range, ss mood, tt email, uu place, vv text[], ww mood[], xx integer[][],
  yy place[], zz hstore, ab ltree, ac pg_lsn, ad oid, ae regclass, af jsonpath, ag email[], ah tsrange[],
  ai text GENERATED ALWAYS AS (coalesce(k, '') || '!') STORED);
CREATE TABLE rules (
  code text PRIMARY KEY CHECK (code ~ '^[A-Z]{2}-[0-9]{3,5}$'), email text NOT NULL,
  low integer NOT NULL, high integer NOT NULL CHECK (high > low + 10), starts date NOT NULL, ends timestamptz,
  kind text NOT NULL CHECK (kind IN ('a', 'b', 'c')), done boolean NOT NULL, done_at timestamptz,
  discount numeric(4,1) CHECK (discount BETWEEN 0 AND 100), note text CHECK (length(note) BETWEEN 3 AND 12),
  phone text, fax text, likes text CHECK (likes LIKE 'x%z'), total integer NOT NULL, part integer NOT NULL,
  main boolean NOT NULL, born date CHECK (born <= CURRENT_DATE), later date CHECK (later > CURRENT_DATE),
  CHECK (ends IS NULL OR ends >= starts), CHECK (done = (done_at IS NOT NULL)),
  CHECK ((kind = 'b') = (fax IS NOT NULL)),
  CHECK (num_nonnulls(phone, fax) >= 1), CHECK (total % 3 = 0), CHECK (part <> total));
CREATE UNIQUE INDEX ON rules (lower(email)); CREATE UNIQUE INDEX ON rules (kind) WHERE main;
CREATE TABLE bookings (id integer PRIMARY KEY, room integer NOT NULL, during tstzrange NOT NULL,
  EXCLUDE USING gist (room WITH =, during WITH &&));
CREATE TABLE lanes (begins timestamp NOT NULL, ends timestamp NOT NULL, CHECK (ends > begins),
  EXCLUDE USING gist (tsrange(begins, ends) WITH &&));
CREATE TABLE tree (id integer PRIMARY KEY, parent integer REFERENCES tree, owner integer NOT NULL REFERENCES tree);
CREATE TABLE hen (id integer PRIMARY KEY, egg integer NOT NULL);
CREATE TABLE egg (id integer PRIMARY KEY, hen integer NOT NULL REFERENCES hen);
ALTER TABLE hen ADD FOREIGN KEY (egg) REFERENCES egg DEFERRABLE;
CREATE TABLE sun (id integer PRIMARY KEY, moon integer NOT NULL);
CREATE TABLE moon (id integer PRIMARY KEY, sun integer NOT NULL REFERENCES sun);
ALTER TABLE sun ADD FOREIGN KEY (moon) REFERENCES moon;
CREATE TABLE orders (id uuid PRIMARY KEY, code text REFERENCES rules, no smallint NOT NULL, UNIQUE (code, no));
CREATE TABLE order_lines (order_id uuid REFERENCES orders, line smallint, text text, PRIMARY KEY (order_id, line));
CREATE TABLE log (at timestamptz NOT NULL, region text NOT NULL, PRIMARY KEY (at, region)) PARTITION BY RANGE (at);
CREATE TABLE log_24 PARTITION OF log FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE log_24b PARTITION OF log FOR VALUES FROM ('2024-02-01') TO ('2024-03-01') PARTITION BY LIST (region);
CREATE TABLE log_24b_n PARTITION OF log_24b FOR VALUES IN ('north', 'east');
CREATE TABLE spread (id integer PRIMARY KEY) PARTITION BY HASH (id);
CREATE TABLE spread_0 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE spread_1 PARTITION OF spread FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE at_most_three (k text PRIMARY KEY CHECK (k IN ('a', 'b', 'c')));
CREATE TABLE "Odd ""Name"" here" ("a b" text NOT NULL, "ÄÖ" mood NOT NULL, UNIQUE ("a b"));
CREATE TABLE secret_rows (id integer); ALTER TABLE secret_rows ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.b := NEW.a + 1; RETURN NEW; END';
CREATE TABLE stamped (a integer NOT NULL, b integer NOT NULL);
CREATE TRIGGER stamp BEFORE INSERT ON stamped FOR EACH ROW EXECUTE FUNCTION stamp();
"""
IMPOSSIBLE = """
CREATE TABLE never (a integer NOT NULL, CHECK (a * a = -1));
CREATE TABLE needs_never (id integer PRIMARY KEY);
ALTER TABLE never ADD PRIMARY KEY (a); ALTER TABLE needs_never ADD FOREIGN KEY (id) REFERENCES never;
CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''not today''; END';
CREATE TABLE stopped (a integer); CREATE TRIGGER no BEFORE INSERT ON stopped FOR EACH ROW EXECUTE FUNCTION no();
"""


def request(rows: int, seed: int = 1, **counts: int) -> Request:
    """Ask for so many rows of everything."""
    return Request(seed, {}, lambda name: counts.get(name.removeprefix("public."), rows), lambda _: None)


def made(engine: Engine, rows: int, seed: int = 1) -> Prepared:
    """Prepare and fill."""
    ready = engine.prepare(request(rows, seed))
    ready.fill(lambda _: None)
    return ready


def dump(url: Url, *tables: str) -> list[Any]:
    """All rows of some tables as texts, in their order of insertion."""
    with psycopg.connect(url.reveal()) as connection:
        return [row for name in tables for row in connection.execute(f"SELECT t::text FROM {name} AS t").fetchall()]


@pytest.fixture
def zoo(postgres_engine: Engine) -> Engine:
    """A database with every type and kind of constraint."""
    postgres_engine.run([part for part in ZOO.split(";\n") if part.strip()])
    return postgres_engine


def test_every_type_and_constraint_is_satisfied(zoo: Engine) -> None:
    """The server takes all rows; nothing is refused; small domains cap their tables and say so."""
    ready = made(zoo, 700)
    counts = zoo.counts()
    notes = {one.name: one.notes for one in ready.outlook}

    assert {one.name: one.refused for one in ready.outlook if one.refused} == {}
    assert {name: many for name, many in counts.items() if many != 700} == {"public.at_most_three": 3}
    assert notes["public.at_most_three"] == ("at_most_three_pkey has room for 3 rows",)
    assert notes["public.rules"] == ("the server judges rules_total_check row by row",)


def test_columns_hold_values_and_sequences_go_on(zoo: Engine) -> None:
    """Every column of every type has different values, and the next row gets the next number."""
    made(zoo, 300)
    with psycopg.connect(zoo.url.reveal()) as connection:
        names = [row[0] for row in connection.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'every_type'::regclass AND attnum > 0")]  # fmt: skip
        listed = ", ".join(f"count(DISTINCT {name}::text)" for name in names)
        distinct = dict(
            zip(names, connection.execute(f"SELECT {listed} FROM every_type").fetchone() or (), strict=True)
        )
        fresh = connection.execute("INSERT INTO every_type (a) VALUES (1) RETURNING id, serial_number").fetchone()
        null_share = connection.execute("SELECT avg((k IS NULL)::int) FROM every_type").fetchone()
        analyzed = connection.execute("SELECT reltuples FROM pg_class WHERE oid = 'every_type'::regclass").fetchone()

    assert {name: many for name, many in distinct.items() if many < 2} == {"ae": 1}
    assert fresh == (100 + 300 * 5, 301)
    assert null_share
    assert 0.05 < float(null_share[0]) < 0.16
    assert analyzed == (300.0,)


def test_the_same_number_gives_the_same_bytes(postgres_engine: Engine) -> None:
    """On two databases alike; and another number does not."""
    statements = [part for part in ZOO.split(";\n") if part.strip()]
    tables = ("every_type", "rules", "orders", "order_lines", "log")
    found = []
    for seed in (7, 7, 8):
        with postgres_engine.scratch() as scratch:
            scratch.run(statements)
            made(scratch, 120, seed)
            found.append(dump(scratch.url, *tables))

    assert found[0] == found[1]
    assert found[0] != found[2]


def test_what_cannot_be_filled_is_named_and_leaves_no_trace(postgres_engine: Engine) -> None:
    """A condition without a solution, what needs such a row, and a trigger that says no."""
    postgres_engine.run([part for part in IMPOSSIBLE.split(";\n") if part.strip()])
    ready = postgres_engine.prepare(request(50))
    refused = {one.name.removeprefix("public."): one.refused for one in ready.outlook}

    assert 'violates check constraint "never_a_check"' in str(refused["never"])
    assert "needs a row of public.never" in str(refused["needs_never"])
    assert refused["stopped"] == "not today"
    assert set(postgres_engine.counts().values()) == {0}


def test_a_failure_leaves_the_database_empty(postgres_engine: Engine) -> None:
    """What only fails later takes back what was filled before it."""
    postgres_engine.run(
        [
            "CREATE TABLE a (id integer PRIMARY KEY)",
            "CREATE TABLE b (id integer PRIMARY KEY REFERENCES a)",
            "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN IF NEW.id > 500 THEN RAISE EXCEPTION ''too late''; END IF; RETURN NEW; END'",
            "CREATE TRIGGER late BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION late()",
        ]
    )
    ready = postgres_engine.prepare(request(1000))
    with pytest.raises(WorldError, match="too late") as caught:
        ready.fill(lambda _: None)

    assert caught.value.state == "everything was rolled back: no row was kept"
    assert set(postgres_engine.counts().values()) == {0}


def test_rows_that_are_kept_are_pointed_at(postgres_engine: Engine) -> None:
    """A table that is left alone keeps its rows, and references take those."""
    postgres_engine.run(
        [
            "CREATE TABLE country (code char(2) PRIMARY KEY)",
            "INSERT INTO country VALUES ('de'), ('fr')",
            "CREATE TABLE town (id integer PRIMARY KEY, country char(2) NOT NULL REFERENCES country)",
        ]
    )
    postgres_engine.prepare(request(100, country=0)).fill(lambda _: None)

    assert {row[0][-3:-1] for row in dump(postgres_engine.url, "town")} == {"de", "fr"}


VALIDATOR = {
    "$and": [
        {
            "$jsonSchema": {
                "bsonType": "object",
                "required": ["sku", "price", "size", "made", "owner", "tags", "nested", "until"],
                "additionalProperties": False,
                "properties": {
                    "_id": {"bsonType": "objectId"},
                    "sku": {"bsonType": "string", "pattern": "^[A-Z]{3}[0-9]{3}$"},
                    "price": {"bsonType": "decimal", "minimum": 0, "exclusiveMinimum": True, "maximum": 5},
                    "size": {"bsonType": ["int", "null"], "multipleOf": 4, "minimum": 2},
                    "made": {"bsonType": "date"},
                    "until": {"bsonType": "date"},
                    "state": {"enum": ["new", "old", None]},
                    "owner": {"bsonType": "string"},
                    "big": {"bsonType": "long"},
                    "ratio": {"bsonType": "double", "minimum": 0, "maximum": 1},
                    "raw": {"bsonType": "binData"},
                    "flag": {"bsonType": "bool"},
                    "tags": {"bsonType": "array", "minItems": 1, "maxItems": 3, "uniqueItems": True,
                             "items": {"bsonType": "string", "minLength": 4, "maxLength": 9}},
                    "nested": {"bsonType": "object", "required": ["deep"], "properties": {
                        "deep": {"bsonType": "object", "required": ["n"], "properties": {
                            "n": {"bsonType": "int", "minimum": 1, "maximum": 3},
                            "list": {"bsonType": "array", "items": {"bsonType": "object", "required": ["k"],
                                     "properties": {"k": {"bsonType": "objectId"}}}}}}}},
                    "any": {"anyOf": [{"bsonType": "int"}, {"bsonType": "string"}]},
                },
            }
        },
        {"$expr": {"$gt": ["$until", "$made"]}},
        {"$expr": {"$eq": [{"$mod": ["$nested.deep.n", 2]}, 1]}},
    ]
}  # fmt: skip


def test_documents_satisfy_validators_and_unique_indexes(mongo_engine: Engine) -> None:
    """Nested schemas, every type, expressions (also one that only the server can judge), keys, places, lifetimes."""
    with database_of(mongo_engine.url) as database:
        database.create_collection("items", validator=VALIDATOR)
        database["items"].create_index([("sku", 1)], unique=True)
        database["items"].create_index([("owner", 1), ("made", 1)], unique=True)
        database.create_collection("places")
        database["places"].create_index([("where", "2dsphere")])
        database["places"].create_index([("gone", 1)], expireAfterSeconds=5)
        database.create_collection("readings", timeseries={"timeField": "at", "metaField": "sensor"})
        ready = mongo_engine.prepare(request(1200))
        events: list[object] = []
        ready.fill(events.append)

        assert [one.refused for one in ready.outlook] == [None, None, None]
        assert dict(mongo_engine.counts()) == {"items": 1200, "places": 1200, "readings": 1200}
        assert database["items"].count_documents(VALIDATOR) == 1200
        assert len(database["items"].distinct("nested.deep.n")) == 2
        written = [one["_id"] for one in database["places"].find().sort("$natural", 1)]
        assert written == sorted(written), "a capped collection keeps the last ones"
        told = [event for event in events if isinstance(event, Filling) and event.rows == event.total]
        assert {event.name for event in told} == {"items", "places", "readings"}


def test_documents_point_at_what_the_other_store_holds(mongo_engine: Engine) -> None:
    """References take their values from the source, where none is wished for also none."""
    with database_of(mongo_engine.url) as database:
        database.create_collection("notes", validator={"$jsonSchema": {"required": ["who"], "properties": {
            "who": {"bsonType": "string"}, "count": {"bsonType": "int"}}}})  # fmt: skip
        target = Target("postgres", "public.users", "id")
        wished = {"notes": Wished("notes", "mongo", targets={"who": target, "count": target})}
        source = Source(3, lambda row: str(row + 10))
        mongo_engine.prepare(Request(1, wished, lambda _: 200, lambda _: source)).fill(lambda _: None)

        assert sorted(database["notes"].distinct("who")) == ["10", "11", "12"]
        assert sorted(database["notes"].distinct("count")) == [10, 11, 12]


def test_a_filling_that_is_stopped_takes_its_documents_out_again(mongo_engine: Engine) -> None:
    """All or nothing, and it says what it is busy with meanwhile."""
    with database_of(mongo_engine.url) as database:
        database.create_collection("notes", validator={"$jsonSchema": {"properties": {"n": {"bsonType": "int"}}}})
        wished = {"notes": Wished("notes", "mongo")}
        ready = mongo_engine.prepare(Request(1, wished, lambda _: 5000, lambda _: Source(0, str)))
        told: list[object] = []

        def listen(event: object) -> None:
            told.append(event)
            if isinstance(event, Filling) and event.rows:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            ready.fill(listen)

        assert database["notes"].count_documents({}) == 0
        assert isinstance(told[-1], Waiting)
        assert "documents out again" in told[-1].what


def test_an_impossible_validator_is_named(mongo_engine: Engine) -> None:
    """The part of it that takes no document is named, and nothing is written."""
    with database_of(mongo_engine.url) as database:
        database.create_collection("never", validator={"$expr": {"$eq": [1, 2]}})

        (outlook,) = mongo_engine.prepare(request(20)).outlook

        assert outlook.rows == 0
        assert re.match(
            r"its validator takes none of 20 documents that were tried: the condition", str(outlook.refused)
        )
        assert database["never"].count_documents({}) == 0


def test_the_clinic_is_seeded_and_holds_together(clinic: Path, run_cli: Callable[..., Ran]) -> None:
    """Both stores by one command: no orphan between them, no drift; the second time is refused, as is protection."""
    assert run_cli("migrate", "--yes", cwd=clinic).exit_code == 0
    tried = run_cli("seed", "--scale", "300", "--dry-run", cwd=clinic)
    ran = run_cli("seed", "--scale", "300", "--rows", "tasks=50", "--yes", cwd=clinic)
    again = run_cli("seed", "--yes", cwd=clinic)
    with (clinic / "schematool.toml").open("a") as file:
        file.write("[env.prod]\nprotected = true\n")
    prod = run_cli("seed", "--env", "prod", "--yes", cwd=clinic)
    text = (clinic / "schematool.toml").read_text()
    urls = dict(re.findall(r'\[env\.dev\.(\w+)\]\nurl = "([^"]+)"', text))
    with psycopg.connect(urls["postgres"]) as connection, database_of(Url(urls["mongo"])) as database:
        patients = {str(row[0]) for row in connection.execute("SELECT id FROM patients")}
        pointed = set(database["clinicalNotes"].distinct("patientId"))
        tasks = connection.execute("SELECT count(*) FROM tasks").fetchone()

    assert tried.exit_code == 0
    assert ran.exit_code == 0, ran.stderr
    assert tasks == (50,)
    assert pointed
    assert pointed <= patients
    assert run_cli("verify", "--data", cwd=clinic).exit_code == 0
    assert (again.exit_code, prod.exit_code) == (4, 4)
    assert "ST416" in again.stderr
    assert "ST418" in prod.stderr
    assert run_cli("seed", "--scale", "many", cwd=clinic).exit_code == 2
    assert run_cli("seed", "--rows", "nobody=5", cwd=clinic).exit_code == 2
