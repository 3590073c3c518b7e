"""kill -9 at every boundary of every command: a plain run afterwards converges, either way, and loses nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from typing import Any

import pytest

from schematool.core.catalog import Catalog
from schematool.core.diff import diff
from schematool.core.errors import WorldError
from schematool.core.secret import Url
from schematool.engines.contract import Engine, open_engine
from schematool.engines.mongo import MongoEngine, connect, lease
from tests.databases import fresh_mongo
from tests.faults.forge import ROOT, Child, Forge
from tests.live.mongo_runner import unit_of
from tests.live.raw import database_of

BASE: list[dict[str, Any]] = [
    {"create": "users"},
    {
        "createIndexes": "users",
        "indexes": [{"key": {"email": 1}, "name": "email_1"}, {"key": {"name": 1}, "name": "name_1", "unique": True}],
    },
    {"create": "old", "validator": {"a": {"$exists": True}}},
    {"createIndexes": "old", "indexes": [{"key": {"a": 1}, "name": "a_1", "unique": True}]},
    {"create": "older", "timeseries": {"timeField": "at"}},
    {"create": "notes"},
    {"insert": "users", "documents": [{"_id": 1, "email": "x", "name": 1}, {"_id": 2, "email": "y", "role": "nurse"}]},
    {"insert": "notes", "documents": [{"_id": 1, "text": "hello"}]},
    {"insert": "old", "documents": [{"_id": 1, "a": 1}, {"_id": 2, "a": 2}]},
]
TRASH = "_schematool_trash.0002_much.old"
BRIDGE = [{"key": {"email": 2}, "name": "email_1__bridge", "unique": True}]
UP: list[dict[str, Any]] = [
    {"create": "rooms", "validator": {"$jsonSchema": {"bsonType": "object", "required": ["number"]}}},
    {"createIndexes": "rooms", "indexes": [{"key": {"number": 1}, "name": "number_1", "unique": True}]},
    {"create": "vitals", "timeseries": {"timeField": "at", "metaField": "patient"}},
    {"create": "nurses", "viewOn": "users", "pipeline": [{"$match": {"role": "nurse"}}]},
    {"createIndexes": "users", "indexes": [{"key": {"role": 1}, "name": "role_1"}]},
    {"collMod": "users", "index": {"name": "name_1", "hidden": True}},
    {"dropIndexes": "users", "index": "name_1"},
    {"collMod": "users", "index": {"name": "email_1", "prepareUnique": True}},
    {"collMod": "users", "index": {"name": "email_1", "unique": True}, "dryRun": True},
    {"collMod": "users", "index": {"name": "email_1", "unique": True}},
    {"collMod": "users", "validator": {"email": {"$type": "string"}}, "validationLevel": "moderate"},
    {"collMod": "users", "validationLevel": "strict"},
    {
        "update": "users",
        "updates": [{"q": {"state": {"$exists": False}}, "u": {"$set": {"state": "new"}}, "multi": True}],
    },
    {"renameCollection": "notes", "to": "records"},
    {"createIndexes": "records", "indexes": [{"key": {"text": "text"}, "name": "words"}]},
    {"renameCollection": "old", "to": TRASH},
    {"drop": "older"},
]
DOWN: list[dict[str, Any]] = [
    {"create": "older", "timeseries": {"timeField": "at"}},
    {"renameCollection": TRASH, "to": "old"},
    {"dropIndexes": "records", "index": "words"},
    {"renameCollection": "records", "to": "notes"},
    {"update": "users", "updates": [{"q": {"state": "new"}, "u": {"$unset": {"state": ""}}, "multi": True}]},
    {"collMod": "users", "validator": {}, "validationLevel": "strict"},
    {"createIndexes": "users", "indexes": BRIDGE},
    {"dropIndexes": "users", "index": "email_1"},
    {"createIndexes": "users", "indexes": [{"key": {"email": 1}, "name": "email_1"}]},
    {"dropIndexes": "users", "index": "email_1__bridge"},
    {"createIndexes": "users", "indexes": [{"key": {"name": 1}, "name": "name_1", "unique": True}]},
    {"dropIndexes": "users", "index": "role_1"},
    {"drop": "nurses"},
    {"drop": "vitals"},
    {"drop": "rooms"},
]
BEFORE = {
    "users": [(1, "x", None, None), (2, "y", "nurse", None)],
    "notes": [(1, "hello")],
    "old": [(1, 1), (2, 2)],
}
AFTER = {
    "users": [(1, "x", None, "new"), (2, "y", "nurse", "new")],
    "records": [(1, "hello")],
    TRASH: [(1, 1), (2, 2)],
}
UNIT = unit_of("0002_much", UP, DOWN)
SEED = int(os.environ.get("SCHEMATOOL_TEST_SEED", "20261"))
KILLS = int(os.environ.get("SCHEMATOOL_TEST_KILLS", "200"))


def _points(commands: list[dict[str, Any]]) -> list[str]:
    """Every place to be killed at. The first two commands are one transaction, an update is another: no intents."""
    points = ["0:begin", "1:ran", "1:done"]
    for n, command in enumerate(commands[2:], start=2):
        points += [
            f"{n}:{phase}" for phase in ("intent", "ran", "done") if "update" not in command or phase != "intent"
        ]
    return [*points, "0:end"]


FORWARD = _points(UP)
BACKWARD = _points(DOWN)


@pytest.fixture(autouse=True)
def _quick_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time that a killed runner's lock is respected has a test of its own."""
    monkeypatch.setattr(lease, "GONE_SECONDS", 0.05)


@dataclass(slots=True)
class Place:
    """A database that is used again and again, with its catalogs before and after the migration."""

    url: Url
    engine: Engine
    before: Catalog
    after: Catalog

    def at_base(self) -> None:
        """See that it is as before the migration; make it anew where a failed test left it otherwise."""
        if self.engine.ledger() or diff(self.before, self.engine.inspect().catalog) or _documents(self.url) != BEFORE:
            with database_of(self.url) as database:
                database.client.drop_database(database.name)
            _prepare(self.engine)

    def run(self, verb: str) -> None:
        """Apply the unit, or take it back."""
        with self.engine.lock(wait_seconds=10):
            getattr(self.engine, verb)(UNIT, lambda _: None)

    def is_applied(self) -> None:
        """Check that it ended where it would have ended without any accident."""
        assert diff(self.after, self.engine.inspect().catalog) == ()
        assert [(row.state, row.done, row.total, row.in_doubt) for row in self.engine.ledger()] == [
            ("applied", len(UP), len(UP), None)
        ]
        assert _documents(self.url) == AFTER

    def is_at_base(self) -> None:
        """Check that nothing is left of the migration, and nothing was lost by it."""
        assert diff(self.before, self.engine.inspect().catalog) == ()
        assert self.engine.ledger() == ()
        assert _documents(self.url) == BEFORE


@pytest.fixture(scope="module")
def place(mongo_server: Url) -> Iterator[Place]:
    """Prepare one database for all kills, and see where the migration leads without any accident."""
    with fresh_mongo(mongo_server) as url:
        engine = open_engine(url)
        _prepare(engine)
        made = Place(url, engine, engine.inspect().catalog, engine.inspect().catalog)
        made.run("apply")
        made.after = engine.inspect().catalog
        made.is_applied()
        made.run("roll_back")
        made.is_at_base()

        assert len(diff(made.before, made.after)) == 14

        yield made
        engine.close()


@pytest.mark.parametrize(
    ("forwards", "backwards"), [(one, other or BACKWARD[-1]) for one, other in zip_longest(FORWARD, BACKWARD)]
)
def test_killed_on_the_way_up_and_on_the_way_back(forwards: str, backwards: str, place: Place, forge: Forge) -> None:
    """After a kill at the first point `migrate` ends where it would have ended.

    After one at the second, of the rollback, `rollback` ends it, and `migrate` goes back all the way first.
    """
    place.at_base()
    _killed(forge, forwards, "apply", place.url)

    assert [row.state for row in place.engine.ledger()] == (["applied"] if forwards == "0:end" else ["partial"])

    place.run("apply")
    place.is_applied()
    _killed(forge, backwards, "roll_back", place.url)
    rows = [(row.state, row.direction) for row in place.engine.ledger()]

    assert rows == ([] if backwards == "0:end" else [("partial", "down")])

    if int(backwards.partition(":")[0]) % 2 == 0:
        place.run("apply")
        place.is_applied()
    place.run("roll_back")
    place.is_at_base()


@pytest.mark.parametrize("point", FORWARD)
def test_killed_while_applying_then_rolled_back(point: str, place: Place, forge: Forge) -> None:
    """After a kill at this point, `rollback` takes back what was done and touches nothing else."""
    place.at_base()
    _killed(forge, point, "apply", place.url)
    place.run("roll_back")
    place.is_at_base()


def test_killed_at_random_moments(place: Place, forge: Forge) -> None:
    """Killed at any moment, forwards and backwards, again and again before it ever ends; then a run to the end."""
    chance = random.Random(SEED)  # noqa: S311  # no secret
    place.at_base()
    began = time.monotonic()
    _started(forge, "apply", place.url).wait(30)
    whole = time.monotonic() - began
    place.is_applied()
    kills = number = 0
    while kills < KILLS:
        number += 1
        runner = _started(forge, chance.choice(["apply", "roll_back"]), place.url)
        time.sleep(chance.uniform(0, whole))
        runner.send(signal.SIGKILL)
        # It may have ended before.
        kills += runner.wait().code == -signal.SIGKILL
        _expire(place.url)

        assert [row.state for row in place.engine.ledger()] in ([], ["partial"], ["applied"])
        if number % 6 == 0:
            verb, check = (("apply", place.is_applied), ("roll_back", place.is_at_base))[number % 12 == 0]
            place.run(verb)
            check()
    place.run("roll_back")
    place.is_at_base()


def test_the_lock_of_the_killed_is_taken_long_before_its_lease_ends(
    mongo_url: Url, mongo_engine: Engine, monkeypatch: pytest.MonkeyPatch, forge: Forge
) -> None:
    """The server closes the connections of a killed process; its lease of 30 seconds need not run out."""
    monkeypatch.undo()
    _prepare(mongo_engine)
    _killed(forge, "4:ran", "apply", mongo_url, expire=False)
    began = time.monotonic()
    with mongo_engine.lock(wait_seconds=10):
        waited = time.monotonic() - began

    assert waited < 10


@pytest.mark.parametrize(("point", "left"), [("0:purging", 2), ("0:purged", 1), ("1:purged", 0)])
def test_killed_in_the_middle_of_a_purge(mongo_url: Url, point: str, left: int, forge: Forge) -> None:
    """What was not deleted yet is still there, in order; the same again ends it; a rollback makes all of them again."""
    names = [f"_schematool_trash.0001_drop.{name}" for name in ("old", "older")]
    drop = unit_of(
        "0001_drop",
        [{"renameCollection": name.rpartition(".")[2], "to": name} for name in names],
        [{"renameCollection": name, "to": name.rpartition(".")[2]} for name in names],
    )
    engine = connect(mongo_url)
    engine.run(
        [
            '{"create": "old", "validator": {"a": {"$exists": true}}}',
            '{"create": "older"}',
            '{"createIndexes": "older", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}',
            '{"insert": "older", "documents": [{"_id": 1}]}',
            '{"create": "kept"}',
        ]
    )
    before = engine.inspect().catalog
    with engine.lock(wait_seconds=10):
        engine.apply(drop, lambda _: None)

    _killed(forge, point, "purge", mongo_url, names)

    assert [one.name for one in engine.kept()] == names[2 - left :]

    with engine.lock(wait_seconds=10):
        engine.purge([one.name for one in engine.kept()])

    assert engine.kept() == ()
    assert [str(thing.id) for thing in engine.inspect().catalog] == ["collection kept"]

    with engine.lock(wait_seconds=10):
        engine.roll_back(drop, lambda _: None)

    assert diff(before, engine.inspect().catalog) == ()
    engine.close()


def test_a_purge_stops_when_the_lock_is_lost(mongo_url: Url, mongo_engine: Engine) -> None:
    """Who lost the lock deletes nothing more: somebody else may be fetching it back."""
    name = "_schematool_trash.0001_drop.old"
    assert isinstance(mongo_engine, MongoEngine)
    with database_of(mongo_url) as database:
        database[name].insert_one({"_id": 1})
        with mongo_engine.lock(wait_seconds=10):
            database["_schematool_lock"].update_one({}, {"$set": {"owner": "another"}})
            with pytest.raises(WorldError):
                mongo_engine.purge([name])

        assert database[name].count_documents({}) == 1


def test_a_record_alone_is_not_believed(mongo_url: Url, mongo_engine: Engine, forge: Forge) -> None:
    """A command in doubt whose place was taken by something else is named, and not run over it."""
    _prepare(mongo_engine)
    _killed(forge, "2:intent", "apply", mongo_url)
    with database_of(mongo_url) as database:
        database.command("create", "vitals")
    with mongo_engine.lock(wait_seconds=10), pytest.raises(Exception, match="something else at `vitals`") as caught:
        mongo_engine.apply(UNIT, lambda _: None)

    assert caught.value.diagnostics[0].span.line == 3  # type: ignore[attr-defined]  # a SchematoolError
    assert [(row.state, row.done, row.in_doubt) for row in mongo_engine.ledger()] == [("partial", 2, None)]


def _prepare(engine: Engine) -> None:
    engine.run([json.dumps(command) for command in BASE])


def _killed(forge: Forge, point: str, verb: str, url: Url, names: Sequence[str] = (), *, expire: bool = True) -> None:
    """Run a runner that kills itself at a point, and see that it did. `expire`: its lease is over at once."""
    ended = _started(forge, verb, url, point, names).wait(30)

    assert ended.code == -signal.SIGKILL, ended.output
    if expire:
        _expire(url)


def _started(forge: Forge, verb: str, url: Url, point: str = "", names: Sequence[str] = ()) -> Child:
    arguments = (url.reveal(), verb, *names)
    return forge.start("tests.faults.sweep:mongo", *arguments, cwd=ROOT, env={"SCHEMATOOL_FAIL_AT": point})


def _expire(url: Url) -> None:
    with database_of(url) as database:
        database["_schematool_lock"].update_many({}, {"$set": {"leaseUntil": datetime(2000, 1, 1, tzinfo=UTC)}})


def _documents(url: Url) -> dict[str, list[tuple[Any, ...]]]:
    fields: dict[str, Callable[[dict[str, Any]], tuple[Any, ...]]] = {
        "users": lambda one: (one["_id"], one["email"], one.get("role"), one.get("state")),
        "notes": lambda one: (one["_id"], one["text"]),
        "records": lambda one: (one["_id"], one["text"]),
        "old": lambda one: (one["_id"], one["a"]),
        TRASH: lambda one: (one["_id"], one["a"]),
    }
    with database_of(url) as database:
        names = set(database.list_collection_names())
        return {
            name: [row(one) for one in database[name].find().sort("_id", 1)]
            for name, row in fields.items()
            if name in names
        }
