"""A ledger that somebody changed by hand is found, and `repair` puts it right without touching anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from yoyo import get_backend, read_migrations

from schematool.core.errors import WorldError
from schematool.core.render import mongo as mongo_files
from schematool.core.render import postgres as postgres_files
from schematool.core.secret import Url
from schematool.engines.contract import Engine, Event, Health
from tests.cli.test_squash import rows, write
from tests.conftest import Ran
from tests.live.raw import database_of

Run = Callable[..., Ran]

UNITS = [
    postgres_files.parse(name, f"{name}.sql", up, f"{name}.rollback.sql", down)
    for name, up, down in (
        ("0001_a", "create table a (id int);", "drop table a;"),
        ("0002_b", "create table b (id int);", "drop table b;"),
        (
            "0003_c",
            "-- transactional: false\ncreate index concurrently b_id on b (id);",
            "drop index concurrently b_id;",
        ),
    )
]
MONGO_UNITS = [
    mongo_files.parse(
        name, f"{name}.json", f'{{"commands": [{up}]}}', f"{name}.rollback.json", f'{{"commands": [{down}]}}'
    )
    for name, up, down in (
        ("0001_a", '{"create": "a"}', '{"drop": "a"}'),
        ("0002_b", '{"create": "b"}', '{"drop": "b"}'),
    )
]
HASH = "0" * 64


def quiet(event: Event) -> None:
    """Listen to nothing."""


@pytest.fixture
def applied(postgres_engine: Engine) -> Engine:
    """Give a database with three migrations."""
    with postgres_engine.lock(wait_seconds=5):
        for unit in UNITS:
            postgres_engine.apply(unit, quiet)
    return postgres_engine


@pytest.mark.parametrize(
    ("tampering", "expected"),
    [
        ("delete from _yoyo_migration where migration_id = '0002_b'", "its row in _yoyo_migration is gone"),
        ("delete from schematool_ledger where id = '0002_b'", "its row in schematool_ledger is gone"),
        (
            "delete from schematool_ledger where id = '0002_b';"
            " delete from _yoyo_migration where migration_id = '0002_b'",
            "its rows are gone from both ledgers",
        ),
        (
            "update _yoyo_migration set applied_at_utc = '2020-01-01' where migration_id = '0002_b'",
            "its rows in schematool_ledger and _yoyo_migration are of different times",
        ),
        (
            "insert into _yoyo_migration values ('x', '0002_b', now())",
            "the key of its row in _yoyo_migration is not that of its name",
        ),
        (
            "update _yoyo_migration set migration_hash = 'x' where migration_id = '0002_b'",
            "the key of its row in _yoyo_migration is not that of its name",
        ),
        (
            "update schematool_ledger set statements_done = 7 where id = '0002_b'",
            "its row says applied, and that not every statement has run",
        ),
        (
            "alter table schematool_ledger drop constraint schematool_ledger_state_check;"
            " update schematool_ledger set state = 'done' where id = '0002_b'",
            "its row is in a state that no run writes",
        ),
        (
            f"update schematool_ledger set up_sha256 = '{HASH}' where id = '0002_b'",
            "its row has another hash than its file, though every statement is the same",
        ),
        (
            "update schematool_ledger set up_sha256 = 'mine' where id = '0002_b'",
            "its row has another hash than its file, though every statement is the same",
        ),
        (
            "update schematool_ledger set state = 'partial', statements_done = 4 where id = '0003_c';"
            " delete from _yoyo_migration where migration_id = '0003_c'",
            "its row says that more or other statements have run than it has",
        ),
    ],
)
def test_what_was_done_to_a_ledger_is_found_and_mended(
    tampering: str, expected: str, applied: Engine, postgres_url: Url
) -> None:
    """Each way of tampering is told in its own words; after its cure the ledger is as runs leave it."""
    before = applied.ledger()
    sound = applied.damages(UNITS)
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute(tampering.encode())

    (damage,) = applied.damages(UNITS)
    with applied.lock(wait_seconds=5):
        applied.mend(damage.cure)
        if "partial" in tampering:
            applied.apply(UNITS[2], quiet)  # the one statement is in doubt, and the catalog says that it has run

    assert sound == ()
    assert damage.what.startswith(expected)
    assert applied.damages(UNITS) == ()
    assert [(row.id, row.state, row.sha256) for row in applied.ledger()] == [
        (row.id, row.state, row.sha256) for row in before
    ]


def test_a_ledger_without_one_of_its_tables(applied: Engine, postgres_url: Url) -> None:
    """A table that was dropped is made again with every row; one that lacks a column can only come from a backup."""
    before = [row.id for row in applied.ledger()]
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("drop table _yoyo_migration")
        lost = applied.damages(UNITS)
        with applied.lock(wait_seconds=5):
            applied.mend([text for damage in lost for text in damage.cure])
        after = [row.id for row in applied.ledger()]
        connection.execute("alter table schematool_ledger drop column state")
    (broken,) = applied.damages(UNITS)
    examined = [check for check in applied.examine().checks if check.subject == "ledger"]

    with pytest.raises(WorldError) as caught:
        applied.ledger()
    (told,) = caught.value.diagnostics

    assert (told.code, told.message) == (
        "ST423",
        "the ledger of postgres was changed by hand: schematool_ledger: the table lacks state",
    )
    assert [(check.health, check.text) for check in examined] == [(Health.ERROR, told.message)]
    assert told.hint
    assert told.hint.startswith("restore it from a backup")
    assert [damage.id for damage in lost] == before
    assert after == before
    assert (broken.what, broken.cure) == ("the table lacks state: restore it from a backup", ())


def test_what_stock_yoyo_does_is_no_tampering(applied: Engine, postgres_url: Url, tmp_path: Path) -> None:
    """Rolling back and applying again with yoyo itself changes the ledger in ways that it logs."""
    for unit in UNITS:
        (tmp_path / f"{unit.id}.sql").write_text(unit.up_text)
        (tmp_path / f"{unit.id}.rollback.sql").write_text(unit.down_text or "")
    backend = get_backend(postgres_url.reveal().replace("postgresql://", "postgresql+psycopg://"))
    migrations = read_migrations(str(tmp_path))
    backend.rollback_one(migrations[2])
    backend.rollback_one(migrations[1])
    rolled_back = applied.damages(UNITS)
    backend.apply_one(migrations[1])
    backend._connection.close()

    assert rolled_back == ()
    assert applied.damages(UNITS) == ()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"state": "fine"}, "its state is neither applied nor partial, up nor down"),
        ({"sha256": "mine"}, "it has no hash of a file"),
        ({"sha256": HASH}, "it has another hash than its file, though every command is the same"),
        ({"commands.0.hash": HASH}, "the hashes of its commands are not those of its file"),
        ({"commands.0.state": "perhaps"}, "the states of its commands cannot be read"),
        ({"commands.0.state": "pending"}, "it says applied, and that not every command has run"),
        ({"order": 1}, "it has no place of its own in the order"),
    ],
)
def test_the_same_in_mongodb(change: dict[str, Any], expected: str, mongo_url: Url, mongo_engine: Engine) -> None:
    """Each way of tampering with a document is told in its own words; after its cure `migrate` agrees again."""
    with mongo_engine.lock(wait_seconds=5):
        for unit in MONGO_UNITS:
            mongo_engine.apply(unit, quiet)
        sound = mongo_engine.damages(MONGO_UNITS)
        with database_of(mongo_url) as database:
            database["_schematool_ledger"].update_one({"_id": "0002_b"}, {"$set": change})
        (damage,) = mongo_engine.damages(MONGO_UNITS)
        mongo_engine.mend(damage.cure)
        mended = mongo_engine.damages(MONGO_UNITS)
        mongo_engine.apply(MONGO_UNITS[1], quiet)

    assert sound == ()
    assert damage.what == expected
    assert mended == ()
    assert [(row.state, row.sha256) for row in mongo_engine.ledger()] == [
        ("applied", unit.up_sha256) for unit in MONGO_UNITS
    ]


@pytest.fixture
def project_of_two(project: Path, run_cli: Run) -> Path:
    """Give a project with two migrations, applied."""
    write(
        project,
        {
            "0001_a": ("create table a (id int);", "drop table a;"),
            "0002_b": ("create table b (id int);", "drop table b;"),
        },
        {},
    )
    assert run_cli("lock", cwd=project).exit_code == 0
    assert run_cli("migrate", "--yes", cwd=project).exit_code == 0
    return project


def test_the_database_says_what_it_has(project_of_two: Path, run_cli: Run, postgres_url: Url) -> None:
    """Of two rows that are gone, one is put back and one taken off: the database has what the one makes alone."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        connection.execute("delete from _yoyo_migration; drop table b")

    status = run_cli("status", "--check", cwd=project_of_two)
    migrated = run_cli("migrate", "--yes", cwd=project_of_two)
    planned = run_cli("repair", "--plan", cwd=project_of_two)
    untouched = rows(postgres_url, "select migration_id from _yoyo_migration")
    repaired = run_cli("repair", "--yes", "--format", "json", cwd=project_of_two)
    again = run_cli("migrate", "--yes", cwd=project_of_two)

    assert (status.exit_code, migrated.exit_code) == (1, 4)
    for ran in (status, migrated):
        assert "error[ST423]: the ledger of postgres was changed by hand: `0001_a`" in ran.stderr
        assert "schematool repair --plan" in ran.stderr
    assert planned.exit_code == 0, planned.stderr
    assert "put back: the database has what it makes" in planned.stdout
    assert "taken off: the database lacks what it makes" in planned.stdout
    assert "INSERT INTO public._yoyo_migration" in planned.stdout.replace('"', "")
    assert untouched == []
    assert repaired.exit_code == 0, repaired.stderr
    assert [mend["id"] for mend in json.loads(repaired.stdout)["data"]["mends"]] == ["0001_a", "0002_b"]
    assert again.exit_code == 0, again.stderr
    assert rows(postgres_url, "select migration_id from _yoyo_migration order by 1") == ["0001_a", "0002_b"]
