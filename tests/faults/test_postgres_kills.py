"""kill -9 at every boundary of every statement, and at random moments: a plain run afterwards converges.

Invariants after each kill: ledger and catalog agree or the ledger names the statement in doubt; a plain re-run ends
where it would have ended without the kill; no row is lost; no lock is left.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schematool.core.secret import Url
from tests.databases import fresh_postgres
from tests.faults.forge import ROOT, Child, Forge
from tests.live.postgres_runner import write

TEXTS = {
    "0001_users": (
        "create table users (id int primary key, email text);\n"
        "insert into users select n, n || '@example.com' from generate_series(1, 2000) as n;\n",
        "drop table users;\n",
    ),
    "0002_unique": (
        "-- transactional: false\ncreate unique index concurrently users_email on users (email);\n",
        "drop index concurrently users_email;\n",
    ),
    "0003_column": (
        "alter table users add note text;\nupdate users set note = 'n' where id % 2 = 0;\n",
        "alter table users drop note;\n",
    ),
    "0004_drop": (
        "-- transactional: false\ndrop index concurrently users_email;\n",
        "create unique index concurrently users_email on users (email);\n",
    ),
    "0005_again": (
        "-- transactional: false\nreindex table concurrently users;\n",
        "-- nothing to undo\n",
    ),
}
# Statements in the order in which they run, and whether each has a journal of its own.
FORWARD = [False, False, True, False, False, True, True]
BACKWARD = [True, False, True, False]
SEED = int(os.environ.get("SCHEMATOOL_TEST_SEED", "20261"))
KILLS = int(os.environ.get("SCHEMATOOL_TEST_KILLS", "200"))


def _points(journalled: list[bool]) -> list[str]:
    ends = {1, 4} if journalled is FORWARD else {1, 3}
    points = []
    for number, alone in enumerate(journalled):
        points += [f"{number}:{phase}" for phase in ("before", "after")]
        if alone:
            points += [f"{number}:intent", f"{number}:committed"]
        elif number in ends:
            points += [f"{number}:ledger", f"{number}:committed"]
    return points


@dataclass(slots=True)
class Place:
    """One database that is used again and again, and the runners that are killed on it."""

    url: Url
    folder: Path
    forge: Forge
    connection: psycopg.Connection[Any]

    def start(self, verb: str, fail_at: str = "") -> Child:
        """Start a runner."""
        return self.forge.start(
            "tests.faults.sweep:postgres",
            *(self.url.reveal(), str(self.folder), verb),
            cwd=ROOT,
            env={"SCHEMATOOL_FAIL_AT": fail_at},
        )

    def killed(self, verb: str, point: str) -> None:
        """Run until it kills itself at a point, and see that it did."""
        ended = self.start(verb, point).wait()

        assert ended.code == -signal.SIGKILL, ended.output

    def finished(self, verb: str) -> list[str]:
        """Run to the end, and return what was done."""
        ended = self.start(verb).wait(20)

        assert ended.code == 0, ended.output
        return list(json.loads(ended.output))

    def empty(self) -> None:
        """Drop every table, those of the ledger as well."""
        for (name,) in self.connection.execute(
            "select quote_ident(tablename) from pg_tables where schemaname='public'"
        ):
            self.connection.execute(f"drop table {name} cascade".encode())


@pytest.fixture(scope="module")
def place(postgres_server: Url, forge: Forge, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Give one database for all kills."""
    folder = tmp_path_factory.mktemp("migrations")
    write(folder, TEXTS)
    with (
        fresh_postgres(postgres_server) as url,
        psycopg.connect(url.reveal(), autocommit=True, application_name="test") as connection,
    ):
        yield Place(url, folder, forge, connection)


def _state(place: Place) -> dict[str, Any]:
    connection = place.connection
    there = connection.execute("select to_regclass('users') is not null").fetchone() == (True,)
    rows = "select count(*), count(note) from users" if _has_note(connection) else "select count(*), -1 from users"
    return {
        "rows": connection.execute(rows.encode()).fetchone() if there else None,
        "indexes": connection.execute(
            "select c.relname, i.indisvalid from pg_index i join pg_class c on c.oid = i.indexrelid"
            " where i.indrelid = to_regclass('users') order by 1"
        ).fetchall(),
        "ledger": _rows(connection, "select id, state, in_doubt from schematool_ledger order by id"),
        "yoyo": _rows(connection, "select migration_id from _yoyo_migration order by 1"),
        "locked": _rows(connection, "select pid from yoyo_lock"),
    }


def _has_note(connection: psycopg.Connection[Any]) -> bool:
    return (
        connection.execute(
            "select from pg_attribute where attrelid = to_regclass('users') and attname = 'note' and not attisdropped"
        ).fetchone()
        is not None
    )


def _rows(connection: psycopg.Connection[Any], query: str) -> list[Any]:
    try:
        return connection.execute(query.encode()).fetchall()
    except psycopg.errors.UndefinedTable:
        return []


APPLIED = {
    "rows": (2000, 1000),
    "indexes": [("users_pkey", True)],
    "ledger": [(name, "applied", None) for name in TEXTS],
    "yoyo": [(name,) for name in TEXTS],
    "locked": [],
}
EMPTY: dict[str, Any] = {"rows": None, "indexes": [], "ledger": [], "yoyo": [], "locked": []}


def _consistent(place: Place) -> None:
    """Whatever is recorded as applied is there, and what is not is not, but for the one that is begun."""
    _gone(place)
    state = _state(place)
    recorded = {name: row_state for name, row_state, _ in state["ledger"]}
    begun = [name for name, row_state in recorded.items() if row_state == "partial"]
    indexes = dict(state["indexes"])

    assert len(begun) <= 1
    assert (state["rows"] is not None) == ("0001_users" in recorded)
    assert state["rows"] is None or state["rows"][0] == 2000
    if not begun:
        has_index = "0002_unique" in recorded and "0004_drop" not in recorded

        assert ("users_email" in indexes) == has_index
        assert all(indexes.values())
        assert {name for (name,) in state["yoyo"]} == set(recorded)


def _gone(place: Place) -> None:
    """Wait until the server has noticed that the runner is dead: until then it works on what it was sent."""
    until = time.monotonic() + 2
    query = b"select from pg_stat_activity where datname = current_database() and application_name = 'schematool'"
    while place.connection.execute(query).rowcount:
        assert time.monotonic() < until, "the session of a killed runner is still there after two seconds"

        time.sleep(0.005)


@pytest.mark.parametrize("point", _points(FORWARD))
def test_killed_while_applying(point: str, place: Place) -> None:
    """After a kill at this point of the way up, a plain run finishes, and the way down is whole."""
    place.empty()
    place.killed("apply", point)
    _consistent(place)
    place.finished("apply")

    assert _state(place) == APPLIED
    assert place.finished("roll_back") == list(reversed(TEXTS))
    assert _state(place) == EMPTY


@pytest.mark.parametrize("point", _points(BACKWARD))
def test_killed_while_rolling_back(point: str, place: Place) -> None:
    """After a kill at this point of the way down, a plain rollback and a plain run forward end as they should."""
    place.finished("apply")
    place.killed("roll_back", point)
    verb, expected = ("apply", APPLIED) if len(point) % 2 else ("roll_back", EMPTY)
    place.finished(verb)

    assert _state(place) == expected


def test_killed_at_random_moments(place: Place) -> None:
    """Killed at any moment, forwards and backwards, again and again before it ever ends; then a run to the end."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    place.empty()
    place.finished("apply")
    place.finished("roll_back")
    # The first run makes the ledger and imports yoyo for that; kills after the end of later ones would be wasted.
    began = time.monotonic()
    place.finished("apply")
    whole = time.monotonic() - began
    kills = number = 0
    while kills < KILLS:
        number += 1
        verb = chance.choice(["apply", "roll_back"])
        runner = place.start(verb)
        time.sleep(chance.uniform(0, whole))
        runner.send(signal.SIGKILL)
        # It may have ended before.
        kills += runner.wait().code == -signal.SIGKILL
        _consistent(place)
        if number % 4 == 0:
            verb, expected = (("apply", APPLIED), ("roll_back", EMPTY))[number % 8 == 0]
            place.finished(verb)

            assert _state(place) == expected, f"seed {SEED}, run {number}"
