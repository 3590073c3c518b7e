"""kill -9 at every boundary of every statement, and at random moments: a plain run afterwards converges.

Invariants after each kill: ledger and catalog agree or the ledger names the statement in doubt; a plain re-run ends
where it would have ended without the kill; no row is lost; no lock is left.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schematool.core.secret import Url
from tests.databases import fresh_postgres
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
KILLS = int(os.environ.get("SCHEMATOOL_TEST_KILLS", "60"))


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


def _run(url: Url, folder: Path, verb: str, fail_at: str = "") -> subprocess.Popen[str]:
    environment = {**os.environ, "POSTGRES_RUNNER_URL": url.reveal(), "SCHEMATOOL_FAIL_AT": fail_at}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.live.postgres_runner", str(folder), verb],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _finished(url: Url, folder: Path, verb: str) -> list[str]:
    """Run to the end, and return what was done."""
    began = time.monotonic()
    runner = _run(url, folder, verb)
    output, error = runner.communicate(timeout=60)

    assert runner.returncode == 0, error
    assert time.monotonic() - began < 20

    return list(json.loads(output))


def _state(url: Url) -> dict[str, Any]:
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
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


def _consistent(url: Url) -> None:
    """Whatever is recorded as applied is there, and what is not is not, but for the one that is begun."""
    _gone(url)
    state = _state(url)
    recorded = {name: row_state for name, row_state, _ in state["ledger"]}
    begun = [name for name, row_state in recorded.items() if row_state == "partial"]
    indexes = dict(state["indexes"])

    assert len(begun) <= 1
    assert (state["rows"] is not None) == ("0001_users" in recorded)
    if not begun:
        has_index = "0002_unique" in recorded and "0004_drop" not in recorded

        assert ("users_email" in indexes) == has_index
        assert all(indexes.values())


def _gone(url: Url) -> None:
    """Wait until the server has noticed that the runner is dead: until then it works on what it was sent."""
    until = time.monotonic() + 2
    with psycopg.connect(url.reveal(), autocommit=True) as connection:
        while _rows(
            connection,
            "select pid from pg_stat_activity where datname = current_database() and application_name = 'schematool'",
        ):
            assert time.monotonic() < until, "the session of a killed runner is still there after two seconds"

            time.sleep(0.02)


@pytest.mark.parametrize("point", _points(FORWARD))
def test_killed_while_applying(point: str, postgres_url: Url, tmp_path: Path) -> None:
    """After a kill at this point of the way up, a plain run finishes, and the way down is whole."""
    write(tmp_path, TEXTS)
    runner = _run(postgres_url, tmp_path, "apply", point)
    runner.communicate(timeout=60)

    assert runner.returncode == -signal.SIGKILL
    _consistent(postgres_url)

    _finished(postgres_url, tmp_path, "apply")

    assert _state(postgres_url) == APPLIED
    assert _finished(postgres_url, tmp_path, "roll_back") == list(reversed(TEXTS))
    assert _state(postgres_url) == EMPTY


@pytest.mark.parametrize("point", _points(BACKWARD))
def test_killed_while_rolling_back(point: str, postgres_url: Url, tmp_path: Path) -> None:
    """After a kill at this point of the way down, a plain rollback and a plain run forward end as they should."""
    write(tmp_path, TEXTS)
    _finished(postgres_url, tmp_path, "apply")
    runner = _run(postgres_url, tmp_path, "roll_back", point)
    runner.communicate(timeout=60)

    assert runner.returncode == -signal.SIGKILL

    verb, expected = ("apply", APPLIED) if len(point) % 2 else ("roll_back", EMPTY)
    _finished(postgres_url, tmp_path, verb)

    assert _state(postgres_url) == expected


def test_killed_at_random_moments(postgres_server: Url, tmp_path: Path) -> None:
    """Killed at any moment, forwards and backwards in turn, every second run to the end is right."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    write(tmp_path, TEXTS)
    with fresh_postgres(postgres_server) as url:
        began = time.monotonic()
        _finished(url, tmp_path, "apply")
        whole = time.monotonic() - began
        for number in range(KILLS):
            verb = chance.choice(["apply", "roll_back"])
            runner = _run(url, tmp_path, verb)
            time.sleep(chance.uniform(whole * 0.4, whole * 1.1))
            runner.kill()
            runner.communicate(timeout=60)
            verb, expected = (("apply", APPLIED), ("roll_back", EMPTY))[number % 2]
            _finished(url, tmp_path, verb)

            assert _state(url) == expected, f"seed {SEED}, kill {number}"
