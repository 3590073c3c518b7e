"""The PostgreSQL runner on a real server: ledger, yoyo beside us, locks, failures with their place, resumption."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from schematool.core.errors import Refused, StatementError, WorldError
from schematool.core.history.unit import Unit
from schematool.core.secret import Url
from schematool.core.sql.quote import KEYWORDS, identifier, literal
from schematool.core.timeouts import Timeouts
from schematool.engines.contract import Event, Waiting
from schematool.engines.postgres import connect
from schematool.engines.postgres.engine import PostgresEngine
from tests.databases import once_running
from tests.live.postgres_runner import unit_of, units_in, write

USERS = unit_of("0001_users", "create table users (id int primary key, email text);", "drop table users;")
UNIQUE = unit_of(
    "0002_unique",
    "-- transactional: false\ncreate unique index concurrently users_email on users (email);",
    "drop index concurrently users_email;",
)
TEXTS = {
    "0001_users": ("create table users (id int primary key, email text);\n", "drop table users;\n"),
    "0002_index": (
        "-- depends: 0001_users\n-- transactional: false\ncreate index concurrently users_email on users (email);\n",
        "drop index concurrently users_email;\n",
    ),
    "0003_more": (
        "-- depends: 0002_index\ninsert into users values (1, '100%; sure');\nalter table users add c text;\n",
        "alter table users drop c;\ndelete from users;\n",
    ),
}


@pytest.fixture
def engine(postgres_url: Url) -> Iterator[PostgresEngine]:
    """Give an engine that does not wait long for locks."""
    engine = connect(postgres_url, Timeouts(lock=0.3, retry=10))
    yield engine
    engine.close()


@pytest.fixture
def other(postgres_url: Url) -> Iterator[psycopg.Connection[Any]]:
    """Give a second session, as any application would have."""
    with psycopg.connect(postgres_url.reveal(), autocommit=True) as connection:
        yield connection


def silent(_: Event) -> None:
    """Listen to nothing."""


def apply(engine: PostgresEngine, *units: Unit) -> None:
    """Apply units under the lock."""
    with engine.lock(wait_seconds=5):
        for unit in units:
            engine.apply(unit, silent)


def states(engine: PostgresEngine) -> dict[str, str]:
    """Return id and state of every row of the ledger."""
    return {row.id: row.state for row in engine.ledger()}


def yoyo(url: Url, folder: Path, *arguments: str) -> str:
    """Run stock yoyo, and return what it prints."""
    program = Path(sys.executable).with_name("yoyo")
    database = url.reveal().replace("postgresql://", "postgresql+psycopg://", 1)
    ran = subprocess.run(
        [str(program), *arguments, "--batch", "--no-config-file", "--database", database, str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def yoyo_states(url: Url, folder: Path) -> dict[str, str]:
    """Return what `yoyo list` says: A for applied, U for not."""
    lines = [line.split() for line in yoyo(url, folder, "list").splitlines()]
    return {words[1]: words[0] for words in lines if len(words) > 1 and words[0] in {"A", "U"}}


def test_what_we_applied_yoyo_lists_and_rolls_back(engine: PostgresEngine, postgres_url: Url, tmp_path: Path) -> None:
    """Stock yoyo sees our migrations as applied, and after it has rolled them back we see them as gone."""
    write(tmp_path, TEXTS)
    apply(engine, *units_in(tmp_path))

    assert yoyo_states(postgres_url, tmp_path) == dict.fromkeys(TEXTS, "A")

    yoyo(postgres_url, tmp_path, "rollback", "--all")

    assert states(engine) == {}
    assert engine.counts() == {}


def test_what_yoyo_applied_we_list_and_roll_back(engine: PostgresEngine, postgres_url: Url, tmp_path: Path) -> None:
    """Stock yoyo runs our files unchanged; we know them as applied, without a hash, and can take them back."""
    write(tmp_path, TEXTS)
    yoyo(postgres_url, tmp_path, "apply")

    assert [(row.id, row.state, row.sha256) for row in engine.ledger()] == [(name, "applied", None) for name in TEXTS]

    with engine.lock(wait_seconds=5):
        for unit in reversed(units_in(tmp_path)):
            engine.roll_back(unit, silent)

    assert yoyo_states(postgres_url, tmp_path) == dict.fromkeys(TEXTS, "U")


def test_a_hash_is_not_believed_after_yoyo_applied_again(
    engine: PostgresEngine, postgres_url: Url, tmp_path: Path
) -> None:
    """What yoyo rolled back and applied again may be another file: our hash speaks no more."""
    write(tmp_path, {"0001_users": TEXTS["0001_users"]})
    apply(engine, *units_in(tmp_path))

    assert engine.ledger()[0].sha256 == units_in(tmp_path)[0].up_sha256

    yoyo(postgres_url, tmp_path, "rollback", "--all")
    yoyo(postgres_url, tmp_path, "apply")

    assert [(row.id, row.sha256) for row in engine.ledger()] == [("0001_users", None)]


def test_the_tables_of_yoyo_are_exactly_those_that_yoyo_makes(
    engine: PostgresEngine, postgres_url: Url, tmp_path: Path
) -> None:
    """Column by column and key by key, our yoyo tables are the ones of stock yoyo, and so is the row in them."""
    apply(engine, USERS)
    ours = _yoyo_tables(postgres_url)
    engine.run(['drop table "_yoyo_migration", "_yoyo_log", "_yoyo_version", yoyo_lock, users'])
    write(tmp_path, {"0001_users": TEXTS["0001_users"]})
    yoyo(postgres_url, tmp_path, "apply")

    assert ours == _yoyo_tables(postgres_url)
    assert len(ours) == 21


def _yoyo_tables(url: Url) -> list[Any]:
    with psycopg.connect(url.reveal()) as connection:
        columns = connection.execute(
            "select table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable,"
            " column_default from information_schema.columns where table_name like '%yoyo%' order by 1, 2"
        ).fetchall()
        keys = connection.execute(
            "select conname, pg_get_constraintdef(oid) from pg_constraint"
            " where contype = 'p' and conrelid::regclass::text like '%yoyo%' order by 1"
        ).fetchall()
        return [*columns, *keys, *connection.execute("select version from _yoyo_version").fetchall()]


def test_nothing_is_created_by_reading_or_failing(engine: PostgresEngine) -> None:
    """Reading an empty ledger, and a first migration that fails, leave the database as empty as it was."""
    assert engine.ledger() == ()

    with engine.lock(wait_seconds=5), pytest.raises(StatementError):
        engine.apply(unit_of("0001_bad", "create table a ();\nselect nosuch();"), silent)

    assert engine.ledger() == ()
    engine.run(
        ["do $$ begin assert not exists (select from pg_class where relnamespace = 'public'::regnamespace); end $$"]
    )


def test_the_ledger_commits_with_the_migration(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """Table and ledger row were written by one and the same transaction of the server."""
    apply(engine, USERS)
    found = other.execute(
        "select (select xmin::text from pg_class where relname = 'users'), (select xmin::text from schematool_ledger),"
        " (select xmin::text from _yoyo_migration), (select xmin::text from _yoyo_log)"
    ).fetchone()

    assert found is not None
    assert len(set(found)) == 1


def test_a_changed_search_path_does_not_lose_the_ledger(
    engine: PostgresEngine, other: psycopg.Connection[Any], postgres_url: Url
) -> None:
    """A migration that changes search_path for the database leaves the ledger where it is."""
    name = other.info.dbname
    moved = unit_of(
        "0002_app", f"create schema app; alter database {name} set search_path = app, public; set role none;"
    )
    apply(engine, USERS, moved)
    again = connect(postgres_url)
    apply(again, unit_of("0003_here", "create table here ();"))

    assert list(states(again)) == ["0001_users", "0002_app", "0003_here"]
    assert set(again.counts()) == {"public.users", "app.here"}
    again.close()


def test_settings_of_a_migration_end_with_it(engine: PostgresEngine) -> None:
    """What a migration sets for its session does not reach the next one, nor does a role that it takes on."""
    apply(
        engine,
        unit_of("0001_set", "set search_path = pg_temp; set statement_timeout = 90; set role pg_monitor; select 1;"),
        unit_of("0002_plain", "create table here (); select pg_sleep(0.2);"),
    )

    assert list(engine.counts()) == ["public.here"]


def test_a_failing_statement_shows_its_place(engine: PostgresEngine) -> None:
    """The server's finger is followed to file, line and column; what was before it is rolled back."""
    apply(engine, USERS)
    bad = unit_of(
        "0002_bad", "create table kept ();\n\nalter table users\n  add column a text,\n  add column é nosuch;"
    )
    with engine.lock(wait_seconds=5), pytest.raises(StatementError) as caught:
        engine.apply(bad, silent)
    found = caught.value.diagnostics[0]

    assert found.span is not None
    assert (found.span.file, found.span.line, found.span.column) == ("0002_bad.sql", 5, 16)
    assert (caught.value.server_code, found.code) == ("42704", "ST510")
    assert caught.value.state == "nothing of 0002_bad was applied"
    assert set(engine.counts()) == {"public.users"}


def test_a_deferred_constraint_fails_at_commit(engine: PostgresEngine) -> None:
    """A refusal of COMMIT itself is a failed statement, and leaves nothing."""
    late = unit_of(
        "0001_late",
        "create table a (id int primary key); create table b (a int references a deferrable initially deferred);\n"
        "insert into b values (1);",
    )
    with engine.lock(wait_seconds=5), pytest.raises(StatementError, match="23503"):
        engine.apply(late, silent)

    assert engine.ledger() == ()


def test_copy_brings_its_data(engine: PostgresEngine) -> None:
    """COPY … FROM stdin works with its lines in the file, as psql has it."""
    apply(engine, USERS, unit_of("0002_rows", "copy users from stdin;\n1\ta\\tb\n2\t\\N\n\\.\nselect 1;"))

    assert engine.counts() == {"public.users": 2}


def test_duplicates_leave_an_invalid_index_and_the_next_run_repairs_it(
    engine: PostgresEngine, other: psycopg.Connection[Any]
) -> None:
    """CONCURRENTLY on duplicates is partial; once they are gone, a plain run drops the corpse and builds."""
    apply(engine, USERS)
    other.execute("insert into users values (1, 'a'), (2, 'a')")
    with engine.lock(wait_seconds=5), pytest.raises(StatementError, match="duplicate") as caught:
        engine.apply(UNIQUE, silent)

    assert "left an INVALID index public.users_email" in (caught.value.state or "")
    assert states(engine) == {"0001_users": "applied", "0002_unique": "partial"}

    other.execute("delete from users where id = 2")
    apply(engine, UNIQUE)

    assert states(engine)["0002_unique"] == "applied"
    assert other.execute("select indisvalid from pg_index where indexrelid = 'users_email'::regclass").fetchone() == (
        True,
    )


def test_a_begun_unit_can_be_rolled_back(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """Rolling back what was begun and failed clears away what it left, and takes it off the ledger."""
    apply(engine, USERS)
    other.execute("insert into users values (1, 'a'), (2, 'a')")
    with engine.lock(wait_seconds=5):
        with pytest.raises(StatementError):
            engine.apply(UNIQUE, silent)
        engine.roll_back(UNIQUE, silent)

    assert states(engine) == {"0001_users": "applied"}
    assert other.execute("select to_regclass('users_email')").fetchone() == (None,)


def test_an_index_that_is_not_ours_is_never_dropped(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """A valid or invalid index of that name that was there before fails the statement, and stays."""
    apply(engine, USERS)
    other.execute("insert into users values (1, 'a'), (2, 'a')")
    with pytest.raises(psycopg.errors.UniqueViolation):
        other.execute("create unique index concurrently users_email on users (email)")
    before = other.execute("select 'users_email'::regclass::oid").fetchone()
    hides = unit_of(
        "0002_hides", "-- transactional: false\ncreate index concurrently if not exists users_email on users (email)"
    )
    for unit, words in ((UNIQUE, "already exists"), (UNIQUE, "already exists"), (hides, "INVALID index")):
        with engine.lock(wait_seconds=5), pytest.raises(WorldError, match=words):
            engine.apply(unit, silent)

    assert states(engine) == {"0001_users": "applied"}
    assert other.execute("select 'users_email'::regclass::oid").fetchone() == before


def test_an_edited_half_done_unit_is_refused(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """When a statement is in doubt, a file that says something else now is not run."""
    apply(engine, USERS)
    _in_doubt(other, UNIQUE)
    edited = unit_of(
        UNIQUE.id, "-- transactional: false\ncreate index concurrently users_email on users (email);", "select 1"
    )
    with engine.lock(wait_seconds=5), pytest.raises(WorldError, match="edited since"):
        engine.apply(edited, silent)


def test_what_cannot_be_known_is_said(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """A DO block in doubt is neither run again nor taken for done; the sentence has the ways out."""
    apply(engine, USERS)
    opaque = unit_of(
        "0002_do", "-- transactional: false\ndo $$ begin insert into users values (9, 'x'); commit; end $$;"
    )
    _in_doubt(other, opaque)
    with engine.lock(wait_seconds=5), pytest.raises(WorldError, match="may have run or not") as caught:
        engine.apply(opaque, silent)
    ways = (caught.value.diagnostics[0].hint or "").split("`")

    assert engine.ledger()[1].in_doubt == 0

    other.execute(ways[3].encode())
    apply(engine, opaque)

    assert states(engine)["0002_do"] == "applied"
    assert engine.counts() == {"public.users": 1}


def _in_doubt(other: psycopg.Connection[Any], unit: Unit) -> None:
    """Leave the journal as a kill in the middle of the first statement would."""
    from schematool.engines.postgres.ledger import statement_hashes  # noqa: PLC0415  # only for this

    other.execute(
        "insert into schematool_ledger values (%s, %s, %s, 'partial', 'up', 1, 0, %s, 0, now(), null, null, 'x', null)",
        [unit.id, unit.up_sha256, unit.down_sha256, list(statement_hashes(unit.up))],
    )


def test_without_a_rollback_file_nothing_is_rolled_back(engine: PostgresEngine) -> None:
    """A missing rollback file refuses before anything is touched."""
    alone = unit_of("0001_alone", "create table a ();", None)
    apply(engine, alone)
    with engine.lock(wait_seconds=5), pytest.raises(Refused):
        engine.roll_back(alone, silent)

    assert states(engine) == {"0001_alone": "applied"}


def test_adopting_records_and_runs_nothing(engine: PostgresEngine) -> None:
    """An adopted unit is applied, with its hash, and its statements have not run."""
    with engine.lock(wait_seconds=5):
        engine.adopt(USERS)

    assert [(row.id, row.state, row.sha256) for row in engine.ledger()] == [("0001_users", "applied", USERS.up_sha256)]
    assert engine.counts() == {}


@contextmanager
def holding(url: Url) -> Iterator[Callable[[], None]]:
    """Hold a lock on `users` in another session until what is given is called."""
    with psycopg.connect(url.reveal(), application_name="reporting") as holder:
        holder.execute("lock table users in access share mode")
        yield holder.rollback


def test_a_lock_timeout_is_tried_again_and_names_the_holder(postgres_url: Url) -> None:
    """While somebody reads, ALTER TABLE gives up quickly, says who is in the way, and succeeds when they are gone."""
    engine = connect(postgres_url, Timeouts(lock=0.7, retry=20))
    apply(engine, USERS)
    heard: list[Event] = []
    with engine.lock(wait_seconds=5), holding(postgres_url) as let_go:

        def listen(event: Event) -> None:
            heard.append(event)
            if isinstance(event, Waiting) and "trying again" in event.what:
                let_go()

        engine.apply(unit_of("0002_a", "alter table users add a text; alter table users add b text;"), listen)
    said = [event.what for event in heard if isinstance(event, Waiting)]

    assert states(engine)["0002_a"] == "applied"
    assert any("trying again" in what for what in said)
    assert any("reporting of" in what for what in said)


def test_the_budget_for_locks_ends(postgres_url: Url) -> None:
    """When the budget is used up the failure is told, with nothing applied."""
    engine = connect(postgres_url, Timeouts(lock=0.2, retry=0.5))
    apply(engine, USERS)
    with engine.lock(wait_seconds=5), holding(postgres_url), pytest.raises(StatementError, match="55P03"):
        engine.apply(unit_of("0002_a", "alter table users add a text;"), silent)

    assert list(states(engine)) == ["0001_users"]


def test_the_lock_names_its_holder(engine: PostgresEngine, postgres_url: Url) -> None:
    """Who comes second is told who is first, and gets the lock once that one is gone."""
    second = connect(postgres_url)
    refused = pytest.raises(WorldError, match="another run holds the migration lock")
    with engine.lock(wait_seconds=1), refused as caught, second.lock(wait_seconds=0.2):
        pass

    assert caught.value.diagnostics[0].code == "ST502"
    with second.lock(wait_seconds=1):
        pass
    second.close()


def test_yoyo_waits_for_us_and_a_dead_runners_row_does_not_stop_us(
    engine: PostgresEngine, other: psycopg.Connection[Any]
) -> None:
    """Under our lock yoyo's own is taken; a row that a killed runner of ours left is taken over."""
    apply(engine, USERS)

    assert other.execute("select count(*) from yoyo_lock").fetchone() == (0,)

    other.execute("insert into yoyo_lock values (1, now(), -1)")
    with engine.lock(wait_seconds=1):
        row = other.execute("select pid from yoyo_lock").fetchone()

        assert row is not None
        assert row[0] < -1

    assert other.execute("select count(*) from yoyo_lock").fetchone() == (0,)


def test_a_running_yoyo_is_waited_for(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """A row of stock yoyo is respected while a session lives that may be its owner, and not once there is none."""
    apply(engine, USERS)
    other.execute("insert into yoyo_lock values (1, now() at time zone 'utc', 4711)")
    with pytest.raises(WorldError, match="process 4711"), engine.lock(wait_seconds=0.2):
        pass
    other.close()
    time.sleep(0.3)
    with engine.lock(wait_seconds=2):
        pass


def test_a_role_that_can_only_read_sees_the_status(
    engine: PostgresEngine, other: psycopg.Connection[Any], postgres_url: Url
) -> None:
    """SELECT is enough to read the ledger; without it the message names the table."""
    apply(engine, USERS)
    role = f"reader_{os.getpid()}"
    other.execute(f"create role {role} login password 'opensesame'")
    try:
        host = postgres_url.reveal().partition("@")[2]
        url = Url(f"postgresql://{role}:opensesame@{host}")
        reader = connect(url)
        with pytest.raises(WorldError, match="permission denied for table"):
            reader.ledger()
        other.execute(f"grant select on schematool_ledger, _yoyo_migration to {role}")

        assert [row.id for row in reader.ledger()] == ["0001_users"]
        reader.close()
    finally:
        other.execute(f"drop owned by {role}")
        other.execute(f"drop role {role}")


def test_a_database_that_can_only_be_read_is_refused(
    engine: PostgresEngine, other: psycopg.Connection[Any], postgres_url: Url
) -> None:
    """The refusal comes before anything runs, though the server would grant the advisory lock."""
    other.execute(f"alter database {other.info.dbname} set default_transaction_read_only = on")
    again = connect(postgres_url)
    with pytest.raises(WorldError, match="can only be read"), again.lock(wait_seconds=1):
        pass
    again.close()


def test_sixteen_runners_apply_everything_once(postgres_url: Url, tmp_path: Path) -> None:
    """All at once, with a CONCURRENTLY among the migrations: each is applied once, nobody fails, nothing deadlocks."""
    write(tmp_path, TEXTS)
    start = str(time.time() + 4)
    environment = {**os.environ, "POSTGRES_RUNNER_URL": postgres_url.reveal()}
    command = [sys.executable, "-m", "tests.live.postgres_runner", str(tmp_path), "apply", start]
    runners = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(16)
    ]
    outputs = [runner.communicate(timeout=120) for runner in runners]

    assert [error for _, error in outputs if error] == []
    assert sorted(name for output, _ in outputs for name in json.loads(output)) == sorted(TEXTS)


def test_a_signal_cancels_and_says_where_things_stand(
    postgres_url: Url, tmp_path: Path, engine: PostgresEngine
) -> None:
    """SIGTERM in the middle of a statement: cancelled, rolled back, unlocked within two seconds, exit code 130."""
    write(tmp_path, {"0001_slow": ("create table a (); select pg_sleep(30);", "drop table a;")})
    environment = {**os.environ, "POSTGRES_RUNNER_URL": postgres_url.reveal()}
    command = [sys.executable, "-m", "tests.live.postgres_runner", str(tmp_path), "apply"]
    runner = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    _until(
        engine, "select count(*) from pg_stat_activity where query like '%pg_sleep(30)%' and pid <> pg_backend_pid()"
    )
    runner.send_signal(signal.SIGTERM)
    _, error = runner.communicate(timeout=20)

    assert runner.returncode == 130
    assert "0001_slow is not applied" in error
    with engine.lock(wait_seconds=2):
        assert engine.ledger() == ()


def _until(engine: PostgresEngine, query: str) -> None:
    until = time.monotonic() + 20
    with psycopg.connect(engine.url.reveal(), autocommit=True) as connection:
        while connection.execute(query.encode()).fetchone() == (0,):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_lost_connection_is_told_with_where_things_stand(
    engine: PostgresEngine, other: psycopg.Connection[Any]
) -> None:
    """When the server ends our session, the next sentence says what the ledger says, and a re-run works."""
    apply(engine, USERS)
    slow = unit_of("0002_slow", "create table b (); select pg_sleep(1.5);")
    kill = (
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where query like '%pg_sleep(1.5)%' and pid <> pg_backend_pid()"
    )
    killer = once_running(engine.url, "pg_sleep(1.5)", lambda: other.execute(kill.encode()))
    with engine.lock(wait_seconds=5):
        with pytest.raises(WorldError) as caught:
            engine.apply(slow, silent)

        assert caught.value.state == "0002_slow is not applied"

        engine.apply(slow, silent)
    killer.join()

    assert states(engine)["0002_slow"] == "applied"


def test_building_finds_the_order(engine: PostgresEngine) -> None:
    """Statements in the wrong order are tried again; what can never work comes back with the server's word."""
    left = engine.build(
        [
            ("view", "create view v as select * from t"),
            ("function", "create function f() returns int language sql as 'select nosuch()'"),
            ("table", "create table t (a e)"),
            ("enum", "create type e as enum ('x')"),
            ("never", "create table n (a nosuch)"),
            ("no sql", "create table n (a int = 3)"),
            ("after it", "create table later (a int)"),
        ]
    )

    assert [key for key, _ in left] == ["never", "no sql"]
    assert isinstance(left[0][1], StatementError)
    assert left[0][1].position == len("create table n (a ")
    assert isinstance(left[1][1], StatementError)
    assert left[1][1].position == len("create table n (a int ")
    assert set(engine.counts()) == {"public.t", "public.later"}


def test_a_scratch_database_is_like_ours_and_goes_away(engine: PostgresEngine, other: psycopg.Connection[Any]) -> None:
    """It has the same encoding and locale, is empty, and is dropped even while somebody is connected to it."""
    likeness = "select encoding, datcollate, datctype from pg_database where datname = current_database()"
    if other.info.server_version >= 150000:
        likeness = likeness.replace("datctype", "datctype, datlocprovider")
    with engine.scratch() as scratch:
        with psycopg.connect(scratch.url.reveal()) as there:
            assert there.execute(likeness.encode()).fetchone() == other.execute(likeness.encode()).fetchone()
        guest = psycopg.connect(scratch.url.reveal())
        name = guest.info.dbname

        assert scratch.counts() == {}

    guest.close()

    assert other.execute("select count(*) from pg_database where datname = %s", [name]).fetchone() == (0,)


def test_without_createdb_the_way_out_is_named(
    engine: PostgresEngine, other: psycopg.Connection[Any], postgres_url: Url
) -> None:
    """A role that may not create databases is told what to configure."""
    role = f"plain_{os.getpid()}"
    other.execute(f"create role {role} login password 'opensesame'")
    try:
        plain = connect(Url(f"postgresql://{role}:opensesame@{postgres_url.reveal().partition('@')[2]}"))
        with pytest.raises(WorldError, match="may not create the scratch database") as caught, plain.scratch():
            pass
        plain.close()
    finally:
        other.execute(f"drop role {role}")

    assert caught.value.diagnostics[0].code == "ST503"


SEEDED = """
create type mood as enum ('sad', 'glad');
create domain email as text check (value ~ '@');
create table parents (
  id uuid primary key default gen_random_uuid(), code varchar(3) not null unique check (char_length(code) = 3),
  status text not null check (status in ('on', 'off')), low int not null, high int not null,
  begins timestamptz not null, ends timestamptz not null, feeling mood not null, mail email not null,
  tags text[] not null,
  span int4range not null, check (high > low and low >= 100), check (ends > begins)
);
create table children (
  id bigint generated always as identity primary key, parent_id uuid not null references parents,
  elder bigint references children, age int not null check (age between 18 and 65),
  twice int generated always as (age * 2) stored
);
create table chicken (id int primary key, egg int not null);
create table egg (id int primary key, chicken int not null references chicken);
alter table chicken add foreign key (egg) references egg;
create table events (id int, at timestamptz not null, primary key (id, at)) partition by range (at);
create table events_2031 partition of events for values from ('2031-01-01') to ('2032-01-01');
create table "Odd ""one" ("a b" int, "order" text not null);
create function never() returns trigger language plpgsql as 'begin raise exception ''no''; end';
create table refused (a int);
create trigger refused before insert on refused for each row execute function never();
"""


def test_seeding_satisfies_what_tables_demand(engine: PostgresEngine) -> None:
    """Every table gets rows, circles and partitions among them, but for the one whose trigger refuses."""
    engine.run([SEEDED])
    put = engine.seed()

    assert put == {
        'public.Odd "one': 3,
        "public.chicken": 3,
        "public.children": 3,
        "public.egg": 3,
        "public.events": 3,
        "public.parents": 3,
        "public.refused": 0,
    }
    assert put == engine.counts()


def test_the_server_agrees_on_how_names_and_texts_are_quoted(other: psycopg.Connection[Any]) -> None:
    """quote_ident() and quote_literal() of the server say the same; a word of another major may have quotes more."""
    names = [*KEYWORDS, "users", "User", "a b", 'a"b', "é", "a$b", "1a", "_", "name", "value", "sch.ema"]
    for name in names:
        row = other.execute("select quote_ident(%s), quote_literal(%s)", [name, name]).fetchone()

        assert row is not None
        assert identifier(name) in (row[0], f'"{row[0]}"' if name in KEYWORDS else row[0])
        assert literal(name) == row[1]

    unreserved = other.execute("select word from pg_get_keywords() where catcode = 'U'").fetchall()
    reserved = other.execute("select word from pg_get_keywords() where catcode <> 'U'").fetchall()

    assert {word for (word,) in reserved} <= KEYWORDS
    assert len(unreserved) > 200
    assert [literal(text) for text in ("a\\b", "it's", "")] == ["E'a\\\\b'", "'it''s'", "''"]


def test_no_password_in_any_message(postgres_url: Url) -> None:
    """A wrong password, host or database is told without the password."""
    secret = "s3cr3t@/:%"  # noqa: S105  # the marker that must not be seen
    host = postgres_url.reveal().partition("@")[2]
    quoted = "s3cr3t%40%2F%3A%25"
    for url in (
        f"postgresql://nobody:{quoted}@{host}",
        f"postgresql://x:{quoted}@127.0.0.1:1/x",
        f"postgresql://x:{quoted}@[/x",
    ):
        with pytest.raises(WorldError) as caught:
            connect(Url(url))
        text = repr(caught.value.diagnostics) + str(caught.value)

        assert secret not in text
        assert quoted not in text
        assert caught.value.diagnostics[0].code == "ST501"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_of_copied_data_is_pointed_at(engine: PostgresEngine, end: str) -> None:
    """What is wrong with data that comes with a COPY is shown where it is in the file, not where the COPY begins."""
    lines = [
        "-- people",
        "create table people (id int,",
        "  name text);",
        "copy people",
        "  from stdin;",
        "1\ta",
        "two\tb",
        "\\.",
    ]
    with pytest.raises(StatementError, match="22P02") as caught:
        apply(engine, unit_of("0001_people", end.join([*lines, ""])))
    (found,) = caught.value.diagnostics

    assert found.span
    assert (found.span.line, found.span.column, found.span.text) == (7, 1, "two\tb")


@pytest.mark.parametrize(
    ("up", "code", "note"),
    [
        ("alter table users alter email set not null", "23502", "4 rows are in the way, such as (2), (4), (6) by (id)"),
        ("alter table users validate constraint small", "23514", "1 row is in the way, such as (9) by (id)"),
        ("alter table users validate constraint friend", "23503", "2 rows are in the way, such as (3), (5) by (id)"),
        (
            "create unique index concurrently users_place on users (place)",
            "23505",
            "5 rows share their (place), in 2 groups",
        ),
    ],
)
def test_the_rows_in_the_way_are_counted_and_named(engine: PostgresEngine, up: str, code: str, note: str) -> None:
    """By their primary key, three of them; no other value is shown, and the next run after they are corrected works."""
    apply(
        engine,
        unit_of(
            "0001_users",
            "create table users (id int primary key, email text, place text, friend int);\n"
            "insert into users select n, case when n % 2 = 1 then 'secret' end from generate_series(1, 9) as n;\n"
            "update users set place = case when id < 4 then 'a' when id < 6 then 'b' end;\n"
            "update users set friend = 77 where id in (3, 5);\n"
            "alter table users add constraint small check (id < 9) not valid;\n"
            "alter table users add constraint friend foreign key (friend) references users not valid;\n",
        ),
    )
    alone = "-- transactional: false\n" if "concurrently" in up else ""
    with pytest.raises(StatementError, match=code) as caught:
        apply(engine, unit_of("0002_rule", f"{alone}{up};\n"))
    (found,) = caught.value.diagnostics

    assert found.notes == (note,)
    assert "secret" not in str(caught.value)
