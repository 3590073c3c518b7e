"""How long a statement may take, by its kind, on a real server."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from schematool.core.errors import StatementError
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.core.timeouts import Timeouts
from schematool.engines.contract import Began, Event
from schematool.engines.postgres import connect
from schematool.engines.postgres.engine import PostgresEngine
from tests.databases import once_running
from tests.live.postgres_runner import unit_of

USERS = unit_of(
    "0001_users",
    "create table users (id int primary key, email text);\ninsert into users select n from generate_series(1, 5) n;\n"
    "create table seen (at serial, setting text);\n",
)
# 1.5 s, a fifth of it for each row: longer than what is brief here, and well within ten.
REWRITE = "alter table users\n  alter column email type text using pg_sleep(0.3)::text;\n"
LOOK = "insert into seen (setting) select current_setting('statement_timeout');\n"


@pytest.fixture
def engine(postgres_url: Url) -> Iterator[PostgresEngine]:
    """Give an engine for which a second is long, with a table of five rows."""
    engine = connect(postgres_url, Timeouts(lock=0.1, retry=5, brief=0.9))
    apply(engine, USERS)
    yield engine
    engine.close()


def apply(engine: PostgresEngine, unit: Unit) -> list[Event]:
    """Apply a unit under the lock; return what was told."""
    heard: list[Event] = []
    with engine.lock(wait_seconds=5):
        engine.apply(unit, heard.append)
    return heard


def states(engine: PostgresEngine) -> dict[str, str]:
    """What the ledger says."""
    return {row.id: row.state for row in engine.ledger()}


def seen(url: Url) -> list[str]:
    """The timeouts that statements found in force."""
    with psycopg.connect(url.reveal()) as connection:
        return [setting for (setting,) in connection.execute("select setting from seen order by at")]


@pytest.mark.parametrize("first", ["", "set local work_mem = '8MB';\n"], ids=["one go", "one by one"])
def test_a_rewrite_that_nobody_announced_is_stopped(engine: PostgresEngine, first: str) -> None:
    """It is cancelled, told with its place and what to do, rolled back, and not tried again."""
    heard: list[Event] = []
    unit = unit_of("0002_wide", f"-- wider\n{first}alter table users add a int;\n{REWRITE}")
    with engine.lock(wait_seconds=5), pytest.raises(StatementError) as caught:
        engine.apply(unit, heard.append)
    (said,) = caught.value.diagnostics

    assert said.code == "ST511"
    assert said.message == (
        "PostgreSQL 57014: canceling statement due to statement timeout: it had not ended after 1 s"
    )
    assert said.span
    assert (said.span.file, said.span.line, said.span.column) == ("0002_wide.sql", 3 + bool(first), 1)
    assert said.hint
    assert "-- schematool: statement_timeout" in said.hint
    assert caught.value.state == "nothing of 0002_wide was applied"
    assert sum(isinstance(event, Began) and "alter column" in event.text for event in heard) == 1
    assert list(states(engine)) == ["0001_users"]


@pytest.mark.parametrize(
    "announced",
    [
        "-- schematool: allow ST203 because the table is small\n",
        "-- lock: ACCESS EXCLUSIVE, rewrites table\n",
        "-- schematool: statement_timeout 10s\n",
        "set local statement_timeout = '10s';\n",
    ],
)
def test_what_is_announced_takes_as_long_as_it_needs(engine: PostgresEngine, announced: str) -> None:
    """By a consent, by the compiler's own note, by a timeout in the head, by a setting of its own."""
    apply(engine, unit_of("0002_wide", announced + REWRITE))

    assert states(engine)["0002_wide"] == "applied"


def test_each_statement_has_the_time_of_its_kind(engine: PostgresEngine, postgres_url: Url) -> None:
    """What writes rows between two that are brief has no limit, nor has the ledger after them, nor the session."""
    apply(
        engine,
        unit_of(
            "0002_mixed",
            f"alter table users add a int;\n{LOOK}update users set a = 1 where pg_sleep(0.3) is not null;\n"
            "create trigger t before insert on seen execute function suppress_redundant_updates_trigger();\n"
            "drop trigger t on seen;\n",
        ),
    )
    apply(engine, unit_of("0003_own", f"-- schematool: statement_timeout 7s\n{LOOK}"))
    apply(engine, unit_of("0004_next", LOOK))

    assert seen(postgres_url) == ["0", "7100ms", "0"]
    assert list(states(engine).values()) == ["applied"] * 4


def test_a_limit_outside_of_a_transaction(engine: PostgresEngine, postgres_url: Url) -> None:
    """A build that waits for an old snapshot ends at the limit that its file sets; without it the next run finishes."""
    down = "drop index concurrently i;\n"
    build = "-- transactional: false\n{}create index concurrently i on users (email);\n"
    with psycopg.connect(postgres_url.reveal()) as old:
        old.execute("set transaction isolation level repeatable read")
        # A build without its limit would wait for ever.
        old.execute("set local idle_in_transaction_session_timeout = '20s'")
        old.execute("select count(*) from users")
        limited = unit_of("0002_index", build.format("-- schematool: statement_timeout 1s\n"), down)
        with pytest.raises(StatementError) as caught:
            apply(engine, limited)
        threading.Timer(0.5, old.rollback).start()
        apply(engine, unit_of("0002_index", build.format(""), down))

    assert caught.value.diagnostics[0].code == "ST511"
    assert caught.value.state
    assert "partial" in caught.value.state
    assert states(engine)["0002_index"] == "applied"
    with psycopg.connect(postgres_url.reveal()) as connection:
        assert connection.execute("select indisvalid from pg_index where indexrelid = 'i'::regclass").fetchone() == (
            True,
        )


def test_a_rollback_has_limits_of_its_own(postgres_url: Url) -> None:
    """The forward file's timeout is not that of the way back, which is brief too unless it says otherwise."""
    engine = connect(postgres_url, Timeouts(lock=0.1, brief=0.9))
    apply(engine, USERS)
    apply(engine, unit_of("0002_wide", f"-- schematool: statement_timeout 0\n{REWRITE}", REWRITE))
    with engine.lock(wait_seconds=5):
        with pytest.raises(StatementError, match="after 1 s"):
            engine.roll_back(unit_of("0002_wide", f"-- schematool: statement_timeout 0\n{REWRITE}", REWRITE), print)
        engine.roll_back(
            unit_of("0002_wide", REWRITE, f"-- schematool: statement_timeout 10s\n{REWRITE}"), lambda _: None
        )

    assert list(states(engine)) == ["0001_users"]
    engine.close()


def test_somebody_elses_cancellation_is_not_called_ours(engine: PostgresEngine, postgres_url: Url) -> None:
    """A statement that an administrator ends before its time has the server's words and no others."""
    unit = unit_of("0002_slow", "-- schematool: statement_timeout 30s\nselect pg_sleep(20);\n")

    def cancel() -> None:
        with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
            connection.execute(
                "select pg_cancel_backend(pid) from pg_stat_activity where query like '%pg_sleep(20)%'"
                " and pid <> pg_backend_pid()"
            )

    other = once_running(postgres_url, "pg_sleep(20)", cancel)
    with pytest.raises(StatementError, match="user request") as caught:
        apply(engine, unit)
    other.join()

    assert caught.value.diagnostics[0].code == "ST510"
