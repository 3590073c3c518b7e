"""`import`: a live database becomes YAML with a baseline that counts as applied, and nothing is left to do."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from schematool.core.secret import Url
from tests.conftest import Ran
from tests.databases import with_database
from tests.live.raw import database_of

Run = Callable[..., Ran]

SHOP = """
create type status as enum ('open', 'paid');
create table customers (
    id bigint generated always as identity primary key,
    email varchar(100) not null unique,
    tier text not null default 'basic' check (tier in ('basic', 'gold'))
);
comment on table customers is 'Those who buy';
create table orders (
    id serial primary key,
    customer_id bigint not null references customers (id) on delete cascade,
    state status not null default 'open',
    total numeric(10,2) not null check (total >= 0),
    made_at timestamptz not null default now()
);
create index on orders (customer_id, made_at desc);
create index busy on orders (made_at) where state = 'open';
create function touched() returns trigger language plpgsql as $$
begin
  new.made_at = now();
  return new;
end;
$$;
create trigger touch before update of total on orders for each row when (old.total <> new.total)
    execute function touched();
create view open_orders as select id, total from orders where state = 'open';
insert into customers (email) values ('a@example.org');
insert into orders (customer_id, total) values (1, 5);
"""

ORDERS = """\
entity: orders
store: postgres
fields:
  id:          serial
  customer_id: { type: bigint, required: true, references: customers.id, on_delete: cascade }
  state:       { type: status, required: true, default: "'open'" }
  total:       { type: "numeric(10,2)", required: true, check: "total >= (0)::numeric" }
  made_at:     { type: timestamptz, required: true, default: now() }
primary_key: [id]
indexes:
  - { on: [made_at], name: busy, where: "state = 'open'::public.status" }
  - { on: [customer_id, made_at desc] }
triggers:
  touch: { when: before update, columns: [total], execute: touched(), condition: old.total <> new.total }
"""

CUSTOMERS = """\
entity: customers
store: postgres
description: Those who buy
fields:
  id:    { type: bigint, identity: always }
  email: { type: varchar(100), required: true, unique: true }
  tier:  { type: text, required: true, default: "'basic'", one_of: [basic, gold] }
primary_key: [id]
"""


VISITS = """\
entity: visits
store: mongo
description: Inferred from 30 documents; MongoDB does not check it
fields:
  patient: { type: string, required: true }
  state:   { type: string, required: true }
  visitor:
    type: object
    required: true
    fields:
      age: { type: int, required: true }
      note: { type: string, required: true, nullable: true }
  extra:   { type: array, items: double }
additional_fields: true
validation: false
indexes:
  - { on: { patient: 1, state: -1 }, unique: true }
"""


@pytest.fixture
def shop(tmp_path: Path, postgres_url: Url, postgres_server: Url) -> Path:
    """Give an empty project whose `dev` is a database with a schema and rows in it."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(SHOP.encode())
    root = tmp_path / "shop"
    root.mkdir()
    scratch = with_database(postgres_server, "postgres")
    (root / "schematool.toml").write_text(
        f'[env.dev.postgres]\nurl = "{postgres_url.reveal()}"\n[scratch]\npostgres_url = "{scratch.reveal()}"\n'
    )
    return root


def test_an_imported_database_has_nothing_left_to_do(shop: Path, run_cli: Run, postgres_url: Url) -> None:
    """After `import`: verify finds nothing, generate has nothing to do, migrate neither, and the rows are there."""
    imported = run_cli("import", cwd=shop)
    verified = run_cli("verify", cwd=shop)
    checked = run_cli("generate", "--check", cwd=shop)
    replayed = run_cli("diff", "migrations", "live", "--check", cwd=shop)
    status = json.loads(run_cli("status", "--format", "json", cwd=shop).stdout)["data"]

    assert imported.exit_code == 0, imported.stderr
    assert (verified.exit_code, checked.exit_code, replayed.exit_code) == (0, 0, 0)
    assert [(line["id"], line["states"]) for line in status["lines"]] == [("0001_baseline", {"postgres": "applied"})]
    assert (shop / "schema/orders.yaml").read_text() == ORDERS
    assert (shop / "schema/customers.yaml").read_text() == CUSTOMERS
    with psycopg.connect(postgres_url.reveal()) as connection:
        assert connection.execute("select count(*) from orders").fetchone() == (1,)


def test_nothing_is_written_over(shop: Path, run_cli: Run) -> None:
    """A second `import` is refused with what to do instead, and changes no file."""
    run_cli("import", cwd=shop)
    before = {path: path.read_text() for path in shop.rglob("*") if path.is_file()}

    again = run_cli("import", cwd=shop)

    assert again.exit_code == 2
    assert "ST010" in again.stderr
    assert "--stdout" in again.stderr
    assert {path: path.read_text() for path in shop.rglob("*") if path.is_file()} == before


def test_an_unfinished_index_is_to_be_finished_first(shop: Path, run_cli: Run, postgres_url: Url) -> None:
    """A CREATE INDEX CONCURRENTLY that failed leaves an index that no schema should have: its cure is said."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("create table twice as select 1 as n from generate_series(1, 2)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("create unique index concurrently twice_n on twice (n)")
    refused = run_cli("import", cwd=shop)

    assert refused.exit_code == 2
    assert "index public.twice_n" in refused.stderr or "index twice_n" in refused.stderr
    assert "`drop index concurrently public.twice_n`" in refused.stderr
    assert "please report it" not in refused.stderr
    assert not (shop / "migrations").exists()


def test_only_and_stdout_print_one_entity(shop: Path, run_cli: Run) -> None:
    """`--stdout --only NAME` prints its YAML and writes nothing."""
    ran = run_cli("import", "--stdout", "--only", "orders", cwd=shop)

    assert ran.exit_code == 0, ran.stderr
    assert ran.stdout == f"# schema/orders.yaml\n{ORDERS}"
    assert not (shop / "schema").exists()


def test_the_baseline_can_be_adopted_later(shop: Path, run_cli: Run) -> None:
    """`--no-adopt` leaves the database alone; `adopt` records what it wrote."""
    first = run_cli("import", "--no-adopt", cwd=shop)
    pending = run_cli("status", "--check", cwd=shop)
    second = run_cli("adopt", "--yes", cwd=shop)

    assert first.exit_code == 0, first.stderr
    assert "schematool adopt" in first.stderr
    assert pending.exit_code == 1
    assert second.exit_code == 0, second.stderr
    assert run_cli("verify", cwd=shop).exit_code == 0


def test_a_role_that_may_only_read(shop: Path, run_cli: Run, postgres_url: Url) -> None:
    """It can import; that the baseline is not marked is said, with the command for a role that may."""
    name = f"reader_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(f"create role {name} login password 'x'".encode())
        connection.execute("revoke create on schema public from public")
        text = postgres_url.reveal()
    try:
        options = f"{'&' if '?' in text else '?'}options=-crole%3D{name}"
        ran = run_cli("import", "--postgres-url", text + options, cwd=shop)
    finally:
        with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
            connection.execute(f"drop owned by {name}; drop role {name}".encode())

    assert ran.exit_code == 1, ran.stderr
    assert "schematool adopt" in ran.stderr
    assert (shop / "migrations/postgres/0001_baseline.sql").exists()


def test_a_database_with_a_history_keeps_it(shop: Path, run_cli: Run, tmp_path: Path) -> None:
    """What another project migrates is not imported into a second history."""
    run_cli("import", cwd=shop)
    other = tmp_path / "other"
    other.mkdir()
    (other / "schematool.toml").write_text((shop / "schematool.toml").read_text())

    ran = run_cli("import", cwd=other)

    assert ran.exit_code == 2
    assert "0001_baseline" in ran.stderr
    assert not (other / "schema").exists()


def test_documents_are_described_and_never_shown(
    tmp_path: Path, mongo_url: Url, mongo_server: Url, run_cli: Run
) -> None:
    """Collections without a validator get fields from a sample, marked as such, with no value of any document."""
    with database_of(mongo_url) as database:
        database["visits"].insert_many(
            {
                "patient": f"secret-{number}",
                "state": ["open", "closed"][number % 2],
                "visitor": {"age": number, "note": None if number % 2 else f"private-{number}"},
                **({"extra": [1.5]} if number % 3 else {}),
            }
            for number in range(30)
        )
        database["visits"].create_index([("patient", 1), ("state", -1)], unique=True)
        schema = {"bsonType": "object", "required": ["email"], "properties": {"email": {"bsonType": "string"}}}
        database.create_collection("users", validator={"$jsonSchema": schema})
        database.create_collection("odd", validator={"$or": [{"a": 1}, {"b": {"$gt": 2}}]})
        database.create_collection("recent", viewOn="visits", pipeline=[{"$match": {"state": "open"}}])
        database["fs.files"].create_index([("filename", 1), ("uploadDate", 1)])
        database["fs.chunks"].create_index([("files_id", 1), ("n", 1)], unique=True)
    scratch = with_database(mongo_server, "scratch")
    (tmp_path / "schematool.toml").write_text(
        f'[env.dev.mongo]\nurl = "{mongo_url.reveal()}"\n[scratch]\nmongo_url = "{scratch.reveal()}"\n'
    )

    imported = run_cli("import", cwd=tmp_path)
    written = {path.name: path.read_text() for path in (tmp_path / "schema").glob("*.yaml")}
    everything = "".join(path.read_text() for path in tmp_path.rglob("*.*") if path.is_file())

    assert imported.exit_code == 0, imported.stderr
    assert run_cli("verify", cwd=tmp_path).exit_code == 0
    assert run_cli("generate", "--check", cwd=tmp_path).exit_code == 0
    assert "secret-" not in everything + imported.stdout + imported.stderr
    assert "closed" not in everything
    assert written["visits.yaml"] == VISITS
    assert written["users.yaml"] == (
        "entity: users\nstore: mongo\nfields:\n  email: { type: string, required: true }\n"
    )
    assert written["odd.yaml"] == ("entity: odd\nstore: mongo\nvalidator: { $or: [{ a: 1 }, { b: { $gt: 2 } }] }\n")
    assert written["fs.yaml"] == "bucket: fs\n"


def test_texts_of_few_values_are_kept_where_they_are_asked_for(tmp_path: Path, mongo_url: Url, run_cli: Run) -> None:
    """`--infer-enums` writes them down; long texts and those of many values never."""
    with database_of(mongo_url) as database:
        database["visits"].insert_many(
            {"state": ["open", "closed"][number % 2], "name": f"secret-{number}"} for number in range(30)
        )
    (tmp_path / "schematool.toml").write_text(f'[env.dev.mongo]\nurl = "{mongo_url.reveal()}"\n')

    ran = run_cli(
        "import", "--stdout", "--infer-enums", cwd=tmp_path, env={"SCHEMATOOL_SCRATCH_MONGO_URL": mongo_url.reveal()}
    )

    assert ran.exit_code == 0, ran.stderr
    assert "state: { type: string, required: true, one_of: [closed, open] }" in ran.stdout
    assert "secret" not in ran.stdout
