"""`squash`: one file in place of many, which every database takes for what it is."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from schematool.core.secret import Url
from tests.conftest import Ran

Run = Callable[..., Ran]

POSTGRES = {
    "0001_people": ("create table people (id bigint primary key, name text);", "drop table people;"),
    "0002_born": ("alter table people add column born date;", "alter table people drop column born;"),
    "0003_notes": (
        "create table notes (id bigint primary key, person bigint references people (id));",
        "drop table notes;",
    ),
    "0004_by_name": ("create index people_name on people (name);", "drop index people_name;"),
}
MONGO = {
    "0002_born": ('{"create": "visits"}', '{"drop": "visits"}'),
    "0003_notes": (
        '{"createIndexes": "visits", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}',
        '{"dropIndexes": "visits", "index": "a_1"}',
    ),
}


def write(root: Path, postgres: dict[str, tuple[str, str]], mongo: dict[str, tuple[str, str]]) -> None:
    """Write migrations by hand; each depends on the one before."""
    for store, ending, units in (("postgres", "sql", postgres), ("mongo", "json", mongo)):
        (root / f"migrations/{store}").mkdir(parents=True, exist_ok=True)
        before = ""
        for name, (up, down) in units.items():
            if store == "postgres":
                texts = f"-- depends: {before}\n{up}\n" if before else f"{up}\n", down
            else:
                depends = f'"depends": ["{before}"], ' if before else ""
                texts = f'{{{depends}"commands": [{up}]}}', f'{{"commands": [{down}]}}'
            for suffix, text in zip((ending, f"rollback.{ending}"), texts, strict=True):
                (root / f"migrations/{store}/{name}.{suffix}").write_text(text)
            before = name


def rows(url: Url, query: str) -> list[Any]:
    """Ask the database itself."""
    with psycopg.connect(url.reveal()) as connection:
        return [row[0] for row in connection.execute(query.encode())]


@pytest.fixture
def many(project: Path, run_cli: Run) -> Path:
    """Give a project of four migrations, committed to git."""
    write(project, POSTGRES, MONGO)
    assert run_cli("lock", cwd=project).exit_code == 0
    for command in ("init -q", "add migrations", "-c user.name=a -c user.email=a@b.c commit -qm many"):
        subprocess.run(["git", *command.split()], cwd=project, check=True)
    return project


def test_many_become_one_everywhere(many: Path, run_cli: Run, postgres_url: Url, mongo_url: Url) -> None:
    """Where the many are applied the one is recorded; it rolls back as a whole and runs as a whole."""
    assert run_cli("migrate", "--yes", cwd=many).exit_code == 0
    squashed = run_cli("squash", cwd=many)
    status = run_cli("status", cwd=many)
    recorded = run_cli("migrate", "--yes", cwd=many)
    ledger = rows(postgres_url, "select id from schematool_ledger")
    yoyos = rows(postgres_url, "select migration_id from _yoyo_migration")
    back = run_cli("rollback", "2", "--allow", "data-loss", "--yes", cwd=many)
    tables = rows(postgres_url, "select relname from pg_class where relname in ('people', 'notes')")
    again = run_cli("migrate", "--yes", cwd=many)

    assert squashed.exit_code == 0, squashed.stderr
    assert "postgres: 4 migrations from 0001_people to 0004_by_name are now 0004_by_name" in squashed.stdout
    assert "mongo: 2 migrations from 0002_born to 0003_notes are now 0003_notes" in squashed.stdout
    assert sorted(path.name for path in (many / "migrations/postgres").glob("*.sql")) == [
        "0004_by_name.rollback.sql",
        "0004_by_name.sql",
    ]
    assert not (many / "migrations/.replaced").exists()
    assert "all applied" in status.stdout
    assert "squashed" in status.stdout
    assert "applied as the 4 that it replaces" in status.stdout
    assert recorded.exit_code == 0, recorded.stderr
    assert "no drift" in recorded.stdout
    assert (ledger, yoyos) == (["0004_by_name"], ["0004_by_name"])
    assert back.exit_code == 0, back.stderr
    assert tables == []
    assert again.exit_code == 0, again.stderr
    assert "verified 2 stores, 3 entities, no drift" in again.stdout
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client:
        found = client.get_default_database()["_schematool_ledger"].find()
        assert [document["_id"] for document in found] == ["0003_notes"]


def test_a_database_with_some_of_them_is_told_the_way_out(many: Path, run_cli: Run) -> None:
    """What has a part of the many can take neither the one nor nothing: refused, with what it lacks."""
    assert run_cli("migrate", "0002", "--yes", cwd=many).exit_code == 0
    assert run_cli("squash", "0003", cwd=many).exit_code == 0

    refused = run_cli("migrate", "--yes", cwd=many)

    assert refused.exit_code == 4
    assert "mongo lacks `0003_notes`" in refused.stderr
    assert "`0003_notes` replaces 3 migrations, of which postgres lacks `0003_notes`" in refused.stderr
    assert "check out the commit before the squash" in refused.stderr


def test_what_acts_on_data_is_never_dropped_in_silence(project: Path, run_cli: Run, postgres_url: Url) -> None:
    """Rows that a migration brings are refused by name, or carried into a new database. Without git all is kept."""
    write(
        project,
        {
            "0001_units": ("create table units (name text primary key);", "drop table units;"),
            "0002_names": ("insert into units values ('mg'), ('ml');", "delete from units;"),
            "0003_label": ("alter table units add column label text;", "alter table units drop column label;"),
        },
        {},
    )
    assert run_cli("lock", cwd=project).exit_code == 0
    old = (project / "migrations/postgres/0002_names.sql").read_text()

    refused = run_cli("squash", cwd=project)
    carried = run_cli("squash", "--carry-data", cwd=project)
    migrated = run_cli("migrate", "--yes", cwd=project)

    assert refused.exit_code == 4
    assert "ST422" in refused.stderr
    assert "migrations/postgres/0002_names.sql:2" in refused.stderr
    assert "`schematool squash --carry-data`" in refused.stderr
    assert carried.exit_code == 0, carried.stderr
    assert "goes along" in carried.stdout
    assert (project / "migrations/.replaced/0003_label/postgres/0002_names.sql").read_text() == old
    assert migrated.exit_code == 0, migrated.stderr
    assert rows(postgres_url, "select name from units order by 1") == ["mg", "ml"]
