"""`adopt`: databases that exist, also from other tools, are taken over; nothing of theirs is touched.

The ledgers in `foreign_ledgers/` are what the tools themselves made, each file says with which version. yoyo is run.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from bson.json_util import loads
from yoyo import get_backend, read_migrations

from schematool.core.secret import Url
from schematool.engines.contract import Engine
from tests.conftest import Ran
from tests.databases import with_database
from tests.live.raw import database_of

Run = Callable[..., Ran]
LEDGERS = Path(__file__).parent / "foreign_ledgers"
FLYWAY_FAILED = "insert into flyway_schema_history values (3, '3', 'c', 'SQL', 'V3__c.sql', 1, 'ann', now(), 1, false)"
LIQUIBASE_LOCKED = "update databasechangeloglock set locked = true, lockedby = 'host (10.0.0.1)'"


def put(url: Url, name: str, *more: str) -> None:
    """Put a recorded database in place of an empty one."""
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        for statement in ((LEDGERS / f"{name}.sql").read_text(), *more):
            connection.execute(statement.encode())


def put_mongo(url: Url, name: str) -> None:
    """The same for MongoDB."""
    with database_of(url) as database:
        for collection, documents in loads((LEDGERS / f"{name}.json").read_text()).items():
            if collection != "made_by":
                database.create_collection(collection)
                database[collection].insert_many(documents) if documents else None
        database["visits"].create_index([("patient", 1)])


def dump(url: Url, table: str) -> list[Any]:
    """Everything in a table."""
    with psycopg.connect(url.reveal()) as connection:
        return connection.execute(f"select * from {table} order by 1".encode()).fetchall()


@pytest.fixture
def empty(tmp_path: Path, postgres_url: Url, postgres_server: Url) -> Path:
    """Give a project without a schema whose `dev` is a PostgreSQL database."""
    scratch = with_database(postgres_server, "postgres")
    (tmp_path / "schematool.toml").write_text(
        f'[env.dev.postgres]\nurl = "{postgres_url.reveal()}"\n[scratch]\npostgres_url = "{scratch.reveal()}"\n'
    )
    return tmp_path


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ("alembic", ("Alembic", "public.alembic_version", None, "ae1027a6acf1")),
        ("dbmate", ("dbmate", "public.schema_migrations", 2, "20240102000001")),
        ("flyway", ("Flyway", "public.flyway_schema_history", 2, "2")),
        ("golang_migrate", ("golang-migrate", "public.schema_migrations", None, "2")),
        ("liquibase", ("Liquibase", "public.databasechangelog", 2, "2-balance by ann")),
        ("prisma", ("Prisma", "public._prisma_migrations", 2, "20240102000001_balance")),
    ],
)
def test_ledgers_are_recognised(
    ledger: str, expected: tuple[object, ...], postgres_url: Url, postgres_engine: Engine
) -> None:
    """Each ledger is told by its shape, with how many it says are applied and up to which, and nothing is wrong."""
    put(postgres_url, ledger)

    (found,) = postgres_engine.foreign()

    assert (found.tool, found.table, found.applied, found.head) == expected
    assert found.trouble is None


def test_tables_that_only_have_the_name_are_the_users(postgres_url: Url, postgres_engine: Engine) -> None:
    """A table called as a ledger, with other columns, is a table; Rails is told from dbmate by what it keeps beside."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("create table alembic_version (version_num text, note text)")
        connection.execute("create table schema_migrations (version text, by text)")
        nothing = postgres_engine.foreign()
        connection.execute("alter table schema_migrations drop by")
        connection.execute("create table ar_internal_metadata (key text)")

    assert nothing == ()
    (rails,) = postgres_engine.foreign()
    assert rails.tool == "Rails"
    assert rails.owned == ("public.schema_migrations", "public.ar_internal_metadata")


@pytest.mark.parametrize(
    ("ledger", "more", "trouble"),
    [
        ("flyway", FLYWAY_FAILED, "it says that V3__c.sql failed"),
        ("golang_migrate_dirty", "select 1", "it says that version 3 is dirty: it failed half-way"),
        ("liquibase", LIQUIBASE_LOCKED, "its lock is held by host (10.0.0.1)"),
        ("prisma_failed", "select 1", "it says that 20240103000001_broken failed or was not finished"),
    ],
)
def test_a_ledger_in_trouble_says_why(
    ledger: str, more: str, trouble: str, postgres_url: Url, postgres_engine: Engine
) -> None:
    """What failed, is dirty or locked is told in the words of the tool."""
    put(postgres_url, ledger, more)

    assert [one.trouble for one in postgres_engine.foreign()] == [trouble]


def test_a_database_in_trouble_is_not_taken_over(empty: Path, postgres_url: Url, run_cli: Run) -> None:
    """`adopt` and `import` refuse a dirty ledger, name the tool that must put it right, and write nothing."""
    put(postgres_url, "golang_migrate_dirty")

    adopted, imported = run_cli("adopt", "--yes", cwd=empty), run_cli("import", cwd=empty)

    for ran in (adopted, imported):
        assert ran.exit_code == 4
        assert "ST414" in ran.stderr
        assert "repair it with golang-migrate first" in ran.stderr
    assert not (empty / "schema").exists()


def test_a_database_of_alembic_is_taken_over(empty: Path, postgres_url: Url, run_cli: Run) -> None:
    """One command: YAML, baseline, ledger; Alembic's table is as it was, in no file and no drift; twice is once."""
    put(postgres_url, "alembic")
    before = dump(postgres_url, "alembic_version")

    adopted = run_cli("adopt", "--yes", cwd=empty)
    again = run_cli("adopt", "--yes", cwd=empty)
    status = run_cli("status", "--check", cwd=empty)
    verified = run_cli("verify", cwd=empty)

    assert adopted.exit_code == 0, adopted.stderr
    assert "Alembic (postgres): public.alembic_version up to ae1027a6acf1; left as it is" in adopted.stdout
    assert "1 migration recorded as applied, not run" in adopted.stdout
    assert again.exit_code == 0
    assert "nothing to do: the ledger has every migration" in again.stdout
    assert status.exit_code == 0, status.stderr
    assert status.stdout.count("Alembic") == 1
    assert verified.exit_code == 0, verified.stdout + verified.stderr
    assert "Alembic" not in verified.stdout + verified.stderr
    assert dump(postgres_url, "alembic_version") == before
    assert "alembic" not in "".join(path.read_text() for path in empty.glob("*/**/*.*")).lower()


def test_a_database_of_yoyo_is_taken_over(empty: Path, postgres_url: Url, run_cli: Run) -> None:
    """What stock yoyo applied before us stays in the ledger that we share with it, and is no riddle to `status`."""
    sources = empty / "yoyo"
    sources.mkdir()
    (sources / "20240101_01_a1-accounts.sql").write_text("create table accounts (id bigint primary key, owner text)")
    (sources / "20240102_01_b2-balance.sql").write_text("alter table accounts add balance numeric")
    backend = get_backend(postgres_url.reveal().replace("postgresql://", "postgresql+psycopg://"))
    backend.apply_migrations(backend.to_apply(read_migrations(str(sources))))
    backend._connection.close()
    before = dump(postgres_url, "_yoyo_migration")

    adopted = run_cli("adopt", "--yes", cwd=empty)
    status = json.loads(run_cli("status", "--check", "--format", "json", cwd=empty).stdout)

    assert adopted.exit_code == 0, adopted.stderr
    assert "yoyo (postgres): public._yoyo_migration, 2 migrations up to 20240102_01_b2-balance" in adopted.stdout
    assert status["ok"], status
    assert [line["id"] for line in status["data"]["lines"]] == ["0001_baseline"]
    assert [one["tool"] for one in status["data"]["foreign"]] == ["yoyo"]
    assert set(before) < set(dump(postgres_url, "_yoyo_migration"))


def test_only_what_the_database_has_is_recorded(empty: Path, postgres_url: Url, run_cli: Run) -> None:
    """Migrations that are there already are compared first: a difference is refused by name; `adopt ID` goes so far."""
    (empty / "migrations/postgres").mkdir(parents=True)
    for name, up, down in (
        ("0001_a", "create table a (id int);", "drop table a;"),
        ("0002_b", "create table b (id int);", "drop table b;"),
    ):
        (empty / f"migrations/postgres/{name}.sql").write_text(f"{up}\n")
        (empty / f"migrations/postgres/{name}.rollback.sql").write_text(f"{down}\n")
    assert run_cli("lock", cwd=empty).exit_code == 0
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("create table a (id int)")

    whole = run_cli("adopt", "--yes", cwd=empty)
    first = run_cli("adopt", "0001", "--yes", cwd=empty)
    migrated = run_cli("migrate", "--yes", cwd=empty)

    assert whole.exit_code == 4
    assert "postgres b: lacks table b" in whole.stderr
    assert "schematool adopt --env dev --allow drift" in whole.stderr
    assert first.exit_code == 0, first.stderr
    assert migrated.exit_code == 0, migrated.stderr
    assert "verified 1 store, 2 entities, no drift" in migrated.stdout


@pytest.mark.parametrize(
    ("ledger", "expected"),
    [
        ("migrate_mongo", ("migrate-mongo", "changelog", 2, "20240102000001-index.js", None)),
        ("golang_migrate", ("golang-migrate", "schema_migrations", None, "2", None)),
        (
            "golang_migrate_dirty",
            ("golang-migrate", "schema_migrations", None, "3", "it says that version 3 is dirty: it failed half-way"),
        ),
    ],
)
def test_ledgers_in_mongodb_are_recognised(
    ledger: str, expected: tuple[object, ...], mongo_url: Url, mongo_engine: Engine
) -> None:
    """The same for the tools that migrate MongoDB."""
    put_mongo(mongo_url, ledger)

    (found,) = mongo_engine.foreign()

    assert (found.tool, found.table, found.applied, found.head, found.trouble) == expected


def test_of_two_at_the_same_moment_the_later_one_is_the_head(mongo_url: Url, mongo_engine: Engine) -> None:
    """Small migrations of one run are applied within a millisecond, which is all that MongoDB keeps of a time."""
    at = datetime(2024, 1, 1, tzinfo=UTC)
    with database_of(mongo_url) as database:
        database["changelog"].insert_many([{"fileName": f"{name}.js", "appliedAt": at} for name in "ab"])

    assert [one.head for one in mongo_engine.foreign()] == ["b.js"]


def test_a_lock_of_migrate_mongo_is_trouble(mongo_url: Url, mongo_engine: Engine) -> None:
    """A document in changelog_lock means that a run is under way, or was killed."""
    put_mongo(mongo_url, "migrate_mongo")
    with database_of(mongo_url) as database:
        database["changelog_lock"].insert_one({"createdAt": 1})

    assert [one.trouble for one in mongo_engine.foreign()] == [
        "its lock is held: there is a document in changelog_lock"
    ]


def test_a_database_of_migrate_mongo_is_taken_over(
    tmp_path: Path, mongo_url: Url, mongo_server: Url, run_cli: Run
) -> None:
    """YAML and baseline without its collection, which is no drift afterwards and keeps its documents."""
    put_mongo(mongo_url, "migrate_mongo")
    scratch = with_database(mongo_server, "scratch")
    (tmp_path / "schematool.toml").write_text(
        f'[env.dev.mongo]\nurl = "{mongo_url.reveal()}"\n[scratch]\nmongo_url = "{scratch.reveal()}"\n'
    )

    adopted = run_cli("adopt", "--yes", cwd=tmp_path)

    assert adopted.exit_code == 0, adopted.stderr
    assert "migrate-mongo (mongo): changelog, 2 migrations up to 20240102000001-index.js" in adopted.stdout
    assert [path.name for path in (tmp_path / "schema").glob("*")] == ["visits.yaml"]
    assert run_cli("verify", cwd=tmp_path).exit_code == 0
    with database_of(mongo_url) as database:
        assert database["changelog"].count_documents({}) == 2
