"""A migration whose statements are all sent before the first answer: what is told of it is as exact as one by one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import psycopg
import pytest

from schematool.core.errors import Interrupted, StatementError
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.engines.contract import Began, Ended, Event
from schematool.engines.postgres import connect, pipeline
from schematool.engines.postgres.engine import PostgresEngine
from schematool.engines.postgres.pipeline import Failure
from tests.databases import once_running
from tests.live.postgres_runner import unit_of

FIRST = unit_of("0001_first", "create table users (id int primary key, email text);", "drop table users;")


@pytest.fixture
def engine(postgres_url: Url) -> Iterator[PostgresEngine]:
    """Give an engine whose ledger is there, so that what follows goes in one go."""
    engine = connect(postgres_url)
    apply(engine, FIRST)
    yield engine
    engine.close()


def apply(engine: PostgresEngine, *units: Unit) -> list[Event]:
    """Apply units under one lock; return what was told."""
    heard: list[Event] = []
    with engine.lock(wait_seconds=5):
        for unit in units:
            engine.apply(unit, heard.append)
    return heard


def states(engine: PostgresEngine) -> dict[str, str]:
    """What the ledger says."""
    return {row.id: row.state for row in engine.ledger()}


def test_it_is_sent_in_one_go(engine: PostgresEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain statements are, also `SET NOT NULL`; what copies or changes the session goes one by one."""
    sent: list[int] = []

    def counted(
        connection: psycopg.Connection[Any],
        statements: Sequence[str],
        ending: Callable[[], Sequence[str]],
        answered: Callable[[int, int | None], None],
    ) -> Failure | None:
        sent.append(len(statements))
        return pipeline.send_all(connection, statements, ending, answered)

    monkeypatch.setattr("schematool.engines.postgres.apply.send_all", counted)
    apply(
        engine,
        unit_of("0002_a", "insert into users values (1, 'a');\nalter table users alter email set not null;"),
        unit_of("0003_b", "copy users from stdin;\n2\tb\n\\.\n"),
        unit_of(
            "0004_c", "set local work_mem = '8MB';\nupdate users set email = email || current_setting('work_mem');"
        ),
        unit_of("0005_d", "do $$ begin perform set_config('a.b', 'c', false); end $$;"),
    )

    # begin, lock_timeout, a statement, statement_timeout for the other, and none again; then comes the ending
    assert sent == [6]
    assert list(states(engine).values()) == ["applied"] * 5


def test_each_statement_is_told_when_it_has_run(engine: PostgresEngine) -> None:
    """The end of the first statement is heard long before the last has run, and times are those of each."""
    heard: list[tuple[float, Event]] = []
    unit = unit_of("0002_slow", "create table a (id int);\nselect pg_sleep(0.6);\ncreate table b (id int);\n")
    with engine.lock(wait_seconds=5):
        engine.apply(unit, lambda event: heard.append((time.monotonic(), event)))
    steps = [event for _, event in heard if isinstance(event, Began | Ended)]
    ends = [(moment, event.seconds) for moment, event in heard if isinstance(event, Ended)]

    assert [(type(step).__name__, step.index) for step in steps] == [
        (name, index) for index in range(3) for name in ("Began", "Ended")
    ]
    assert ends[1][0] - ends[0][0] >= 0.5
    assert ends[1][1] >= 0.5 > ends[0][1]


@pytest.mark.parametrize(
    ("up", "line", "column", "code"),
    [
        ("insert into users values (1, 'x');\nalter table users\n  add nmae tekst;\nselect 1;", 3, 12, "42704"),
        ("insert into users values (1, 'é');\n\nselect\n  1 +  ünbekannt;", 4, 8, "42703"),
        ("insert into users values (1, 'x');\n  insert into users values (1, 'y');\nselect 1;", 2, 3, "23505"),
        ("insert into users values (1, 'x');\nselekt 1;", 2, 1, "42601"),
        ("select 1;\ndo $$\nbegin\n  insert into users\n    values (1, nope);\nend $$;", 5, 16, "42703"),
        ("do $x$ begin\n  perform 1;\n  raise exception 'no';\nend $x$;", 3, 3, "P0001"),
        ("do $$ begin\n  perform 1;\n    perform 1 / 0;\nend $$;", 3, 5, "22012"),
        ("create function f() returns int language plpgsql as $$\nbegin\n  retrun 1;\nend $$;", 3, 3, "42601"),
        ("create function f() returns int language sql\n  as 'select\n  nope';", 3, 3, "42703"),
    ],
)
def test_a_failing_statement_shows_its_place(
    engine: PostgresEngine, up: str, line: int, column: int, code: str
) -> None:
    """File, line, column and text, wherever in the file it is; nothing of the migration stays, the next one works."""
    with engine.lock(wait_seconds=5):
        with pytest.raises(StatementError) as caught:
            engine.apply(unit_of("0002_wrong", up), lambda _: None)
        span = caught.value.diagnostics[0].span

        assert span
        assert (span.file, span.line, span.column) == ("0002_wrong.sql", line, column)
        assert caught.value.server_code == code
        assert caught.value.state == "nothing of 0002_wrong was applied"

        engine.apply(unit_of("0003_right", "insert into users values (1, 'x');"), lambda _: None)

    assert states(engine) == {"0001_first": "applied", "0003_right": "applied"}


def test_a_refusal_at_commit_is_a_failed_statement(engine: PostgresEngine) -> None:
    """A deferred constraint that fails when everything has run leaves nothing, and says when it failed."""
    up = "create table notes (id int references users deferrable initially deferred);\ninsert into notes values (7);\n"
    with engine.lock(wait_seconds=5), pytest.raises(StatementError, match="when the transaction was committed"):
        engine.apply(unit_of("0002_late", up), lambda _: None)

    assert states(engine) == {"0001_first": "applied"}


def test_many_large_answers_do_not_block(engine: PostgresEngine) -> None:
    """Megabytes in both directions at once: neither side waits for the other to read."""
    row = "select repeat('x', 1000000) /* " + "y" * 300_000 + " */;\n"
    apply(engine, unit_of("0002_large", row * 20))

    assert states(engine)["0002_large"] == "applied"


def terminated(url: Url, words: str) -> list[float]:
    """Send SIGTERM to this process as soon as the server runs a statement; when that was, once it was."""
    sent: list[float] = []

    def terminate() -> None:
        sent.append(time.monotonic())
        os.kill(os.getpid(), signal.SIGTERM)

    once_running(url, words, terminate)
    return sent


def test_a_signal_cancels_the_statement_that_runs(engine: PostgresEngine, postgres_url: Url) -> None:
    """SIGTERM in the second of three statements: cancelled, nothing kept, and the session works on."""
    unit = unit_of("0002_long", "create table a (id int);\nselect pg_sleep(20);\ncreate table b (id int);\n")
    sent = terminated(postgres_url, "pg_sleep(20)")
    with engine.lock(wait_seconds=5):
        with pytest.raises(Interrupted) as caught:
            engine.apply(unit, lambda _: None)

        assert time.monotonic() - sent[0] < 10
        assert caught.value.state == "0002_long is not applied"

        engine.apply(unit_of("0003_next", "create table a (id int);"), lambda _: None)

    assert states(engine) == {"0001_first": "applied", "0003_next": "applied"}


def test_a_listener_that_fails_ends_it_cleanly(engine: PostgresEngine) -> None:
    """An error of our own in the middle leaves no transaction open and no answer unread."""

    def stumble(event: Event) -> None:
        if isinstance(event, Ended):
            raise RuntimeError("a listener")

    unit = unit_of("0002_a", "create table a (id int);\nselect pg_sleep(20);\n")
    with engine.lock(wait_seconds=5):
        with pytest.raises(RuntimeError, match="a listener"):
            engine.apply(unit, stumble)

        engine.apply(unit_of("0003_b", "create table a (id int);"), lambda _: None)

    assert states(engine) == {"0001_first": "applied", "0003_b": "applied"}


def test_a_cancellation_that_nobody_heard_is_said_again(
    engine: PostgresEngine, postgres_url: Url, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ignores one that comes between two statements; a signal must not wait for the end of the next."""
    lost: list[bool] = []
    cancel = psycopg.Connection.cancel

    def deaf(connection: psycopg.Connection[Any]) -> None:
        if len(lost) > 1:
            cancel(connection)
        lost.append(True)

    monkeypatch.setattr(psycopg.Connection, "cancel", deaf)
    unit = unit_of("0002_long", "create table a (id int);\nselect pg_sleep(20);\n")
    sent = terminated(postgres_url, "pg_sleep(20)")
    with engine.lock(wait_seconds=5), pytest.raises(Interrupted) as caught:
        engine.apply(unit, lambda _: None)

    assert len(lost) > 2
    assert time.monotonic() - sent[0] < 15
    assert caught.value.state == "0002_long is not applied"


def test_what_is_prepared_may_be_thrown_away(engine: PostgresEngine) -> None:
    """By a function that a migration calls, so that nobody sees it coming: the unit is recorded all the same."""
    away = "create function away() returns void language plpgsql as $$ begin execute 'deallocate all'; end $$;\n"
    apply(
        engine,
        unit_of("0002_a", away),
        unit_of("0003_b", "select away();\ncreate table b (id int);\n"),
        unit_of("0004_c", "deallocate all;\n"),
        unit_of("0005_d", "create table d (id int);\n"),
    )

    assert list(states(engine).values()) == ["applied"] * 5


def test_both_ledgers_have_the_same_instant(engine: PostgresEngine, postgres_url: Url) -> None:
    """Our row and yoyo's are written at one instant, so our hash is believed, and the time taken is the server's."""
    apply(engine, unit_of("0002_slow", "select pg_sleep(0.2);"))
    with psycopg.connect(postgres_url.reveal()) as connection:
        rows = connection.execute(
            "select finished_at at time zone 'UTC' = applied_at_utc, milliseconds from schematool_ledger"
            " join _yoyo_migration on id = migration_id where id = '0002_slow'"
        ).fetchall()

    assert rows[0][0] is True
    assert 200 <= rows[0][1] < 5000
    assert all(row.sha256 for row in engine.ledger())
