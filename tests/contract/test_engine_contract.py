"""What an engine must do, whichever store is behind it: one suite that both pass on real servers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from pymongo import MongoClient

from schematool.core.catalog import Catalog
from schematool.core.errors import StatementError, WorldError
from schematool.core.history.loss import Loss
from schematool.core.history.unit import Unit
from schematool.core.render import mongo as mongo_files
from schematool.core.render import postgres as postgres_files
from schematool.core.secret import Url
from schematool.engines.contract import Began, Ended, Engine, Event, open_engine

MARKER = "a-password-that-nobody-may-see"


@dataclass(frozen=True, slots=True)
class Texts:
    """The same small migrations and statements in a store's own words."""

    store: str
    suffixes: tuple[str, str]
    parse: Callable[[str, str, str, str, str | None], Unit]
    things: tuple[str, str]
    """Two commands that make a thing and an index on it, and the way back."""
    notes: tuple[str, str]
    """One command, and the way back."""
    halting: tuple[str, str]
    """A unique index over `pairs`, outside of a transaction: it fails while `pairs` has the same value twice."""
    done_before_the_halt: int
    pairs: tuple[str, ...]
    """Makes `pairs`, with the same value twice."""
    repair: str
    """Removes one of them."""
    later: str
    """Makes something that has nothing to do with the rest."""
    build: tuple[tuple[str, str], ...]
    """Statements in an order that cannot work, and one that never can."""
    row: str
    """Puts one row or document into `things`."""
    held: tuple[str, ...]
    """Makes `a.b` with three rows or documents, of which two have a value in `x`; and `empty`."""
    prefix: str
    """What stands before a name of `held` and `counts`."""
    nowhere: str
    """The URL of a server that is not there."""

    def unit(self, name: str, texts: tuple[str, str | None]) -> Unit:
        """Read the two files of a unit."""
        up, down = (f"migrations/{self.store}/{name}{suffix}" for suffix in self.suffixes)
        return self.parse(name, up, texts[0], down, texts[1])


POSTGRES = Texts(
    store="postgres",
    suffixes=postgres_files.FILE_SUFFIXES,
    parse=postgres_files.parse,
    things=(
        "-- things\n\ncreate table things (id integer primary key, name text not null);\n"
        "create index things_name_idx on things (name);\n",
        "-- rollback\n\ndrop index things_name_idx;\ndrop table things;\n",
    ),
    notes=(
        "-- notes\n-- depends: 0001_things\n\ncreate table notes (id integer primary key);\n",
        "drop table notes;\n",
    ),
    halting=(
        "-- halting\n-- transactional: false\n\ncreate unique index concurrently pairs_x_key on pairs (x);\n",
        "drop index concurrently pairs_x_key;\n",
    ),
    done_before_the_halt=0,
    pairs=("create table pairs (id integer primary key, x integer)", "insert into pairs values (1, 7), (2, 7)"),
    repair="delete from pairs where id = 2",
    later="create table later (id integer)",
    build=(
        ("index", "create index things_name_idx on things (name)"),
        ("never", "create table broken (x no_such_type)"),
        ("table", "create table things (id integer primary key, name text not null)"),
    ),
    row="insert into things values (1, 'one')",
    held=(
        'create table "a.b" (id integer primary key, x integer, "x y" text)',
        'insert into "a.b" values (1, 1, null), (2, null, null), (3, 0, null)',
        "create table empty (x integer)",
    ),
    prefix="public.",
    nowhere=f"postgresql://someone:{MARKER}@127.0.0.1:9/nowhere?connect_timeout=2",
)

MONGO = Texts(
    store="mongo",
    suffixes=mongo_files.FILE_SUFFIXES,
    parse=mongo_files.parse,
    things=(
        '{"title": "things", "commands": [{"create": "things"}, '
        '{"createIndexes": "things", "indexes": [{"key": {"name": 1}, "name": "name_1"}]}]}',
        '{"commands": [{"dropIndexes": "things", "index": "name_1"}, {"drop": "things"}]}',
    ),
    notes=(
        '{"title": "notes", "depends": ["0001_things"], "commands": [{"create": "notes"}]}',
        '{"commands": [{"drop": "notes"}]}',
    ),
    halting=(
        '{"title": "halting", "commands": [{"create": "before"}, {"createIndexes": "pairs", '
        '"indexes": [{"key": {"x": 1}, "name": "x_1", "unique": true}]}]}',
        '{"commands": [{"dropIndexes": "pairs", "index": "x_1"}, {"drop": "before"}]}',
    ),
    done_before_the_halt=1,
    pairs=('{"create": "pairs"}', '{"insert": "pairs", "documents": [{"_id": 1, "x": 7}, {"_id": 2, "x": 7}]}'),
    repair='{"delete": "pairs", "deletes": [{"q": {"_id": 2}, "limit": 1}]}',
    later='{"create": "later"}',
    build=(
        ("index", '{"collMod": "things", "validator": {"name": {"$type": "string"}}}'),
        ("never", '{"create": "broken", "validator": {"$no_such_operator": 1}}'),
        ("table", '{"create": "things"}'),
    ),
    row='{"insert": "things", "documents": [{"_id": 1, "name": "one"}]}',
    held=(
        '{"create": "a.b"}',
        '{"insert": "a.b", "documents": [{"_id": 1, "x": 1}, {"_id": 2}, {"_id": 3, "x": null}]}',
        '{"create": "empty"}',
    ),
    prefix="",
    nowhere=f"mongodb://someone:{MARKER}@127.0.0.1:9/nowhere?serverSelectionTimeoutMS=300",
)


def ignore(_: Event) -> None:
    """Listen to nothing."""


@pytest.fixture(params=[POSTGRES, MONGO], ids=["postgres", "mongo"])
def texts(request: pytest.FixtureRequest) -> Texts:
    """Give one store's words."""
    words: Texts = request.param
    return words


@pytest.fixture
def url(texts: Texts, request: pytest.FixtureRequest) -> Url:
    """Give a fresh database of that store."""
    found: Url = request.getfixturevalue(f"{texts.store}_url")
    return found


@pytest.fixture
def engine(url: Url) -> Iterator[Engine]:
    """Give an engine on it."""
    opened = open_engine(url)
    yield opened
    opened.close()


class TestEngineContract:
    """Every promise of `engines.contract.Engine`."""

    def test_it_says_what_it_is(self, engine: Engine, texts: Texts, url: Url) -> None:
        """The store, the URL, and a version that begins with a number."""
        assert engine.store == texts.store
        assert engine.url == url
        assert engine.version.split(".")[0].isdigit()

    def test_reading_creates_nothing(self, engine: Engine, url: Url) -> None:
        """A status or a verify on a foreign database must not leave tables behind."""
        before = everything(url)

        assert engine.ledger() == ()
        assert engine.inspect().unmodelled == ()
        assert engine.counts() == {}
        assert everything(url) == before

    def test_apply_makes_and_records(self, engine: Engine, texts: Texts) -> None:
        """The commands ran, the ledger has one finished row with the hash of the file."""
        empty = engine.inspect().catalog
        unit = texts.unit("0001_things", texts.things)

        apply(engine, unit)

        (row,) = engine.ledger()
        assert (row.id, row.state, row.sha256) == ("0001_things", "applied", unit.up_sha256)
        assert row.applied_at
        assert names(engine.inspect().catalog) - names(empty)

    def test_the_tools_own_tables_are_not_part_of_the_schema(self, engine: Engine, texts: Texts) -> None:
        """After a migration, ledger and lock are neither in the catalog, nor counted, nor called unmodelled."""
        apply(engine, texts.unit("0001_things", texts.things))

        inspection = engine.inspect()
        own = ("yoyo", "schematool")
        assert [name for name in names(inspection.catalog) if any(word in name for word in own)] == []
        assert [name for name in engine.counts() if any(word in name for word in own)] == []
        assert inspection.unmodelled == ()

    def test_each_command_is_announced_and_timed(self, engine: Engine, texts: Texts) -> None:
        """A listener hears every command begin and end, in order."""
        heard: list[Event] = []

        with engine.lock(wait_seconds=5):
            engine.apply(texts.unit("0001_things", texts.things), heard.append)

        said = [(type(event), event.index, event.total) for event in heard if isinstance(event, Began | Ended)]
        # An engine may begin a command before the last one has ended, when it sends several together.
        assert [each for each in said if each[0] is Began] == [(Began, 0, 2), (Began, 1, 2)]
        assert [each for each in said if each[0] is Ended] == [(Ended, 0, 2), (Ended, 1, 2)]
        assert said.index((Began, 1, 2)) < said.index((Ended, 1, 2))
        assert all(event.seconds >= 0 for event in heard if isinstance(event, Ended))

    def test_applying_again_does_nothing(self, engine: Engine, texts: Texts) -> None:
        """What is on the ledger is not run twice, nor are its rows lost."""
        unit = texts.unit("0001_things", texts.things)
        apply(engine, unit)
        engine.run([texts.row])

        apply(engine, unit)

        assert len(engine.ledger()) == 1
        assert things(engine) == 1

    def test_the_ledger_is_in_order(self, engine: Engine, texts: Texts) -> None:
        """Oldest first."""
        apply(engine, texts.unit("0001_things", texts.things))
        apply(engine, texts.unit("0002_notes", texts.notes))

        assert [row.id for row in engine.ledger()] == ["0001_things", "0002_notes"]

    def test_rolling_back_restores_the_catalog_and_the_ledger(self, engine: Engine, texts: Texts) -> None:
        """Down to the last fact: the catalog is the one of before, the ledger knows nothing."""
        first = texts.unit("0001_things", texts.things)
        apply(engine, first)
        before = engine.inspect().catalog
        second = texts.unit("0002_notes", texts.notes)
        apply(engine, second)

        roll_back(engine, second)

        assert engine.inspect().catalog == before
        assert [row.id for row in engine.ledger()] == ["0001_things"]

    def test_what_was_rolled_back_can_be_applied_again(self, engine: Engine, texts: Texts) -> None:
        """Up, down, up leaves what one up leaves."""
        unit = texts.unit("0001_things", texts.things)
        apply(engine, unit)
        once = engine.inspect().catalog

        roll_back(engine, unit)
        apply(engine, unit)

        assert engine.inspect().catalog == once
        assert [row.state for row in engine.ledger()] == ["applied"]

    def test_a_failure_names_the_command_and_leaves_a_partial_row(self, engine: Engine, texts: Texts) -> None:
        """A stop between two commands is a state with a name: which unit, how many commands are done."""
        engine.run(texts.pairs)
        unit = texts.unit("0001_halting", texts.halting)

        with pytest.raises(StatementError) as raised:
            apply(engine, unit)

        (row,) = engine.ledger()
        assert (row.id, row.state, row.direction) == ("0001_halting", "partial", "up")
        assert (row.done, row.total) == (texts.done_before_the_halt, len(unit.up))
        assert "pairs" in raised.value.statement
        assert raised.value.diagnostics[0].code == "ST510"
        assert raised.value.server_code

    def test_a_partial_unit_is_finished_by_the_next_apply(self, engine: Engine, texts: Texts) -> None:
        """With its cause gone, the same call goes on where it stopped, whatever the first try left behind."""
        engine.run(texts.pairs)
        unit = texts.unit("0001_halting", texts.halting)
        with pytest.raises(StatementError):
            apply(engine, unit)
        engine.run([texts.repair])

        apply(engine, unit)

        assert [row.state for row in engine.ledger()] == ["applied"]
        roll_back(engine, unit)
        apply(engine, unit)
        assert [row.state for row in engine.ledger()] == ["applied"]

    def test_a_partial_unit_can_be_rolled_back(self, engine: Engine, texts: Texts) -> None:
        """The way out for whoever does not want to go on: only what was done is undone."""
        engine.run(texts.pairs)
        before = engine.inspect().catalog
        unit = texts.unit("0001_halting", texts.halting)
        with pytest.raises(StatementError):
            apply(engine, unit)

        roll_back(engine, unit)

        assert engine.ledger() == ()
        assert engine.inspect().catalog == before

    def test_rolling_back_what_was_never_applied_does_nothing(self, engine: Engine, texts: Texts) -> None:
        """Above all it drops nothing that another migration, or a person, has made."""
        apply(engine, texts.unit("0001_things", texts.things))
        engine.run([texts.row])

        roll_back(engine, texts.unit("0002_same", texts.things))

        assert things(engine) == 1

    def test_adopting_records_without_running(self, engine: Engine, texts: Texts) -> None:
        """The baseline of a database that was there before."""
        empty = engine.inspect().catalog
        unit = texts.unit("0001_things", texts.things)

        with engine.lock(wait_seconds=5):
            engine.adopt(unit)

        assert engine.inspect().catalog == empty
        assert [(row.id, row.state, row.sha256) for row in engine.ledger()] == [(unit.id, "applied", unit.up_sha256)]

    def test_only_one_run_holds_the_lock(self, engine: Engine, url: Url) -> None:
        """A second run waits as long as it was told, then says that it did not get it."""
        other = open_engine(url)
        try:
            with engine.lock(wait_seconds=5), pytest.raises(WorldError) as raised, other.lock(wait_seconds=0.3):
                pytest.fail("two runs held the lock of one database")

            assert raised.value.diagnostics[0].code == "ST502"
            with other.lock(wait_seconds=5):
                pass
        finally:
            other.close()

    def test_a_waiting_run_gets_the_lock_when_it_is_free(self, engine: Engine, url: Url) -> None:
        """Waiting is not failing."""
        got: list[float] = []

        def wait_for_it() -> None:
            other = open_engine(url)
            with other.lock(wait_seconds=30):
                got.append(time.monotonic())
            other.close()

        with engine.lock(wait_seconds=5):
            waiting = threading.Thread(target=wait_for_it)
            waiting.start()
            time.sleep(0.5)
            freed = time.monotonic()
        waiting.join()

        assert len(got) == 1
        assert got[0] >= freed

    def test_two_runs_at_once_apply_everything_once(self, engine: Engine, texts: Texts, url: Url) -> None:
        """Two deployments start together: one does the work, the other finds it done."""
        units = [texts.unit("0001_things", texts.things), texts.unit("0002_notes", texts.notes)]
        failures: list[BaseException] = []

        def deploy() -> None:
            own = open_engine(url)
            try:
                for unit in units:
                    apply(own, unit)
            except Exception as error:  # it must reach the test, not the thread's own printer
                failures.append(error)
            finally:
                own.close()

        runs = [threading.Thread(target=deploy) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()

        assert failures == []
        assert [(row.id, row.state) for row in engine.ledger()] == [(unit.id, "applied") for unit in units]

    def test_the_lock_is_free_after_a_failure(self, engine: Engine, texts: Texts, url: Url) -> None:
        """Nobody has to break a lock by hand after a migration failed."""
        engine.run(texts.pairs)
        with pytest.raises(StatementError):
            apply(engine, texts.unit("0001_halting", texts.halting))
        other = open_engine(url)
        try:
            with other.lock(wait_seconds=2):
                pass
        finally:
            other.close()

    def test_a_scratch_database_is_empty_and_goes(self, engine: Engine, texts: Texts, url: Url) -> None:
        """Whatever happens in it, nothing of it stays, and ours is not touched."""
        apply(engine, texts.unit("0001_things", texts.things))
        before, ours = databases(url), everything(url)

        # Two things are asked inside of the block, so that it is known to have been there.
        with pytest.raises(ZeroDivisionError), engine.scratch() as scratch:  # noqa: PT012
            assert not any("things" in name for name in names(scratch.inspect().catalog))
            scratch.run([texts.later])
            assert any("later" in name for name in names(scratch.inspect().catalog))
            raise ZeroDivisionError

        assert databases(url) == before
        assert everything(url) == ours

    def test_build_finds_the_order_and_tells_what_never_works(self, engine: Engine, texts: Texts) -> None:
        """What needs another waits for it; what can never work is told with the server's own reason."""
        with engine.scratch() as scratch:
            failed = scratch.build(texts.build)

            assert [key for key, _ in failed] == ["never"]
            assert isinstance(failed[0][1], StatementError)
            assert any("things" in name for name in names(scratch.inspect().catalog))

    def test_run_stops_at_the_first_failure(self, engine: Engine, texts: Texts) -> None:
        """And raises it with the statement."""
        with engine.scratch() as scratch:
            with pytest.raises(StatementError):
                scratch.run([texts.build[1][1], texts.later])

            assert not any("later" in name for name in names(scratch.inspect().catalog))

    def test_inspecting_twice_gives_the_same(self, engine: Engine, texts: Texts) -> None:
        """Nothing in a catalog depends on when it was read."""
        apply(engine, texts.unit("0001_things", texts.things))

        assert engine.inspect().catalog == engine.inspect().catalog

    def test_seeded_rows_are_counted(self, engine: Engine, texts: Texts) -> None:
        """The proof of a migration rests on these: what was put in is what is counted."""
        with engine.scratch() as scratch:
            scratch.run([texts.later])

            put = scratch.seed()

            assert sum(put.values()) > 0
            assert {name: number for name, number in scratch.counts().items() if number} == dict(put)

    def test_counts_are_exact(self, engine: Engine, texts: Texts) -> None:
        """No estimate: a rollback says how many rows would be lost."""
        apply(engine, texts.unit("0001_things", texts.things))
        assert things(engine) == 0

        engine.run([texts.row])

        assert things(engine) == 1

    def test_a_server_that_is_not_there_is_said_without_the_password(self, texts: Texts) -> None:
        """The address is in the message, the password is nowhere: not in the text, not in the cause."""
        with pytest.raises(WorldError) as raised:
            open_engine(Url(texts.nowhere)).ledger()

        said = repr(raised.value) + str(raised.value) + repr(raised.value.diagnostics)
        assert raised.value.diagnostics[0].code == "ST501"
        assert "127.0.0.1" in said
        assert MARKER not in said


def apply(engine: Engine, unit: Unit) -> None:
    """Apply under the lock."""
    with engine.lock(wait_seconds=30):
        engine.apply(unit, ignore)


def roll_back(engine: Engine, unit: Unit) -> None:
    """Roll back under the lock."""
    with engine.lock(wait_seconds=30):
        engine.roll_back(unit, ignore)


def names(catalog: Catalog) -> set[str]:
    """Return the ids of a catalog as text."""
    return {str(each.id) for each in catalog}


def things(engine: Engine) -> int:
    """Return the exact number of rows or documents in `things`."""
    return {name.rpartition(".")[2]: number for name, number in engine.counts().items()}["things"]


def everything(url: Url) -> set[str]:
    """Return what is in a database, by a query of our own: tables and such, or collections."""
    if url.scheme.startswith("postgres"):
        with psycopg.connect(url.reveal()) as connection:
            query = (
                "select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace "
                "where n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')"
            )
            return {row[0] for row in connection.execute(query)}
    with MongoClient[dict[str, Any]](url.reveal()) as client:
        return set(client.get_default_database().list_collection_names())


def databases(url: Url) -> set[str]:
    """Return the databases of the server, those of other workers' tests left out."""
    if url.scheme.startswith("postgres"):
        with psycopg.connect(url.reveal()) as connection:
            return {row[0] for row in connection.execute("select datname from pg_database")}
    with MongoClient[dict[str, Any]](url.reveal()) as client:
        return set(client.list_database_names())


def test_held_counts_what_would_go_with_each_subject(engine: Engine, texts: Texts) -> None:
    """Rows and values, documents and those with a field; what is not there is left out, and nothing is left behind."""
    engine.run(texts.held)
    name = f"{texts.prefix}a.b"
    subjects = [
        Loss(name),
        Loss(name, "x"),
        Loss(f"{texts.prefix}empty"),
        Loss(f"{texts.prefix}empty", "x"),
        Loss(f"{texts.prefix}nowhere"),
    ]

    assert dict(engine.held(iter(subjects))) == dict(zip(subjects, (3, 2, 0, 0), strict=False))
    assert engine.held([]) == {}
    if texts.store == "postgres":
        assert dict(engine.held([Loss(name, "x y"), Loss(name, "gone")])) == {Loss(name, "x y"): 0}
