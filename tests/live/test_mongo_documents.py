"""Documents that stand in the way are named by `_id` and nothing else; what is dropped can be had back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from schematool.core.catalog import Id
from schematool.core.errors import StatementError
from schematool.core.history.loss import Loss
from schematool.engines.contract import Event, Keeper, Surveyor, Waiting
from tests.live.mongo_runner import unit_of
from tests.live.raw import database_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pymongo.database import Database

    from schematool.core.history.unit import Unit
    from schematool.core.secret import Url
    from schematool.engines.contract import Engine

PERSON = "Anna Karenina"
UNIQUE = unit_of(
    "0002_unique",
    [
        {"createIndexes": "users", "indexes": [{"key": {"name": 1}, "name": "name_1"}]},
        {"collMod": "users", "index": {"name": "name_1", "prepareUnique": True}},
        {"collMod": "users", "index": {"name": "name_1", "unique": True}, "dryRun": True},
        {"collMod": "users", "index": {"name": "name_1", "unique": True}},
    ],
    [{"dropIndexes": "users", "index": "name_1"}],
)
SCHEMA = {"$jsonSchema": {"bsonType": "object", "required": ["email"], "properties": {"name": {"enum": ["a"]}}}}
STRICT = unit_of(
    "0002_strict",
    [
        {"collMod": "users", "validator": SCHEMA, "validationLevel": "moderate", "validationAction": "error"},
        {"collMod": "users", "validationLevel": "strict"},
    ],
    [{"collMod": "users", "validator": {}, "validationLevel": "strict", "validationAction": "error"}],
)
TRASH = "_schematool_trash.0002_drop.users"
DROP = unit_of(
    "0002_drop",
    [{"renameCollection": "users", "to": TRASH}],
    [{"renameCollection": TRASH, "to": "users"}],
)


@pytest.fixture
def database(mongo_url: Url) -> Iterator[Database[dict[str, Any]]]:
    """Give a database with a collection `users` and what a person with a shell sees of it."""
    with database_of(mongo_url) as found:
        found.command("create", "users")
        yield found


def applied(engine: Engine, unit: Unit) -> list[Event]:
    """Apply a unit under the lock and give what was told."""
    told: list[Event] = []
    with engine.lock(wait_seconds=5):
        engine.apply(unit, told.append)
    return told


def stopped(engine: Engine, unit: Unit) -> StatementError:
    """Apply a unit that must stop."""
    with pytest.raises(StatementError) as caught:
        applied(engine, unit)
    return caught.value


def test_every_duplicate_is_named_and_a_plain_run_goes_on(mongo_engine: Engine, database: Any) -> None:
    """All ids of all groups, no value; new duplicates are refused meanwhile; when they are gone it ends."""
    documents = [{"_id": number, "name": f"{PERSON} {number % 40}"} for number in range(100)]
    database.users.insert_many([*documents, {"_id": "alone", "name": "x"}])
    error = stopped(mongo_engine, UNIQUE)
    (found,) = error.diagnostics
    named = {int(one) for note in found.notes for one in note.removeprefix("same key: ").split(", ")}

    assert (found.code, error.exit_code, found.span and found.span.line) == ("ST520", 3, 3)
    assert named == set(range(100))
    assert len(found.notes) == 40
    assert PERSON not in f"{error} {error.state} {found}"
    assert "100 documents" in found.message
    assert "schematool migrate" in str(found.hint)
    assert [(row.state, row.done, row.total) for row in mongo_engine.ledger()] == [("partial", 2, 4)]
    with pytest.raises(Exception, match="E11000"):
        database.users.insert_one({"name": "x"})

    database.users.delete_many({"_id": {"$gte": 40}})
    applied(mongo_engine, UNIQUE)

    assert mongo_engine.inspect().catalog.objects[Id("index", ("users", "name_1"))].unique  # type: ignore[attr-defined]
    assert [row.state for row in mongo_engine.ledger()] == ["applied"]


def test_what_stopped_at_duplicates_can_be_taken_back(mongo_engine: Engine, database: Any) -> None:
    """The half-made index goes; the documents were never touched."""
    database.users.insert_many([{"_id": 1, "name": "x"}, {"_id": 2, "name": "x"}])
    stopped(mongo_engine, UNIQUE)
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.roll_back(UNIQUE, lambda _: None)

    assert len(mongo_engine.inspect().catalog) == 1
    assert mongo_engine.ledger() == ()
    assert database.users.count_documents({}) == 2


def test_documents_against_a_stricter_validator(mongo_engine: Engine, database: Any) -> None:
    """They are counted and named before it is strict; new ones are refused, and they can still be changed."""
    database.users.insert_many([{"_id": number, "name": PERSON} for number in range(30)] + [{"email": "x"}])
    error = stopped(mongo_engine, STRICT)
    (found,) = error.diagnostics

    assert (found.code, error.exit_code, found.span and found.span.line) == ("ST521", 3, 2)
    assert found.message.startswith("30 documents of `users` do not satisfy the validator")
    assert found.notes == (*(f"_id: {number}" for number in range(20)), "and 10 more")
    assert PERSON not in f"{error} {error.state} {found}"
    database.users.update_one({"_id": 1}, {"$set": {"seen": True}})
    with pytest.raises(Exception, match="failed validation"):
        database.users.insert_one({"name": "a"})

    database.users.update_many({}, {"$set": {"email": "x", "name": "a"}})
    applied(mongo_engine, STRICT)

    assert [row.state for row in mongo_engine.ledger()] == ["applied"]
    options = next(iter(database.list_collections(filter={"name": "users"})))["options"]
    assert options["validationLevel"] == "strict"


def test_moderate_is_told_and_not_stopped(mongo_engine: Engine, database: Any) -> None:
    """A validator that is declared moderate is meant for a collection with such documents."""
    database.users.insert_one({"_id": 7, "name": PERSON})
    moderate = unit_of("0002_moderate", [{"collMod": "users", "validator": SCHEMA, "validationLevel": "moderate"}], [])
    told = [event.what for event in applied(mongo_engine, moderate) if isinstance(event, Waiting)]

    assert told == ["1 document of `users` does not satisfy the validator, such as _id: 7"]


def test_a_looser_validator_is_not_held_up(mongo_engine: Engine, database: Any) -> None:
    """Documents that satisfied neither the old nor the new are not the fault of this change."""
    database.users.insert_one({"_id": 7, "name": PERSON})
    database.command("collMod", "users", validator=SCHEMA)
    looser = {"$jsonSchema": {"bsonType": "object", "required": ["email"]}}
    unit = unit_of("0002_looser", [{"collMod": "users", "validator": looser, "validationLevel": "strict"}], [])
    applied(mongo_engine, unit)

    assert [row.state for row in mongo_engine.ledger()] == ["applied"]


def test_a_rollback_to_a_stricter_validator_is_not_held_up(mongo_engine: Engine, database: Any) -> None:
    """What was written since is told of; to stop there would leave neither the old nor the new."""
    database.command("collMod", "users", validator=SCHEMA)
    back = [{"collMod": "users", "validator": SCHEMA, "validationLevel": "strict"}]
    unit = unit_of("0002_open", [{"collMod": "users", "validator": {}}], back)
    applied(mongo_engine, unit)
    database.users.insert_one({"_id": 7, "name": PERSON})
    told: list[Event] = []
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.roll_back(unit, told.append)

    assert any(isinstance(event, Waiting) and "_id: 7" in event.what for event in told)
    assert mongo_engine.ledger() == ()


def test_a_collection_that_was_replaced_is_not_touched(mongo_engine: Engine, database: Any) -> None:
    """A command is pinned by UUID to the collection that was looked at."""
    unit = unit_of("0002_moderate", [{"collMod": "users", "validator": {"a": 1}, "validationLevel": "moderate"}], [])
    with mongo_engine.lock(wait_seconds=5):

        def replace(event: Event) -> None:
            """Put another collection in its place at the last moment."""
            if isinstance(event, Waiting):
                database.users.drop()
                database.command("create", "users")

        database.users.insert_one({"_id": 7})
        with pytest.raises(StatementError) as caught:
            mongo_engine.apply(unit, replace)

    assert (caught.value.diagnostics[0].code, caught.value.server_code) == ("ST522", "361")
    assert next(iter(database.list_collections(filter={"name": "users"})))["options"] == {}


def test_put_aside_and_fetched_back(mongo_engine: Engine, database: Any) -> None:
    """The collection leaves the catalog with its documents, and comes back with them and its indexes."""
    database.users.create_index("name", unique=True)
    database.users.insert_many([{"_id": 1, "name": "x"}, {"_id": 2, "name": "y"}])
    before = mongo_engine.inspect().catalog
    applied(mongo_engine, DROP)

    assert len(mongo_engine.inspect().catalog) == 0
    assert mongo_engine.counts() == {}
    assert isinstance(mongo_engine, Keeper)
    (kept,) = mongo_engine.kept()
    assert (kept.name, kept.collection, kept.migration, kept.documents) == (TRASH, "users", "0002_drop", 2)
    assert kept.age_seconds is not None
    assert 0 <= kept.age_seconds < 60
    assert isinstance(mongo_engine, Surveyor)
    assert [found.code for found in mongo_engine.survey(data=True)] == ["ST611"]

    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.roll_back(DROP, lambda _: None)

    assert mongo_engine.inspect().catalog == before
    assert mongo_engine.counts() == {"users": 2}
    assert mongo_engine.kept() == ()


def test_fetched_back_after_a_purge(mongo_engine: Engine, database: Any) -> None:
    """Its documents are gone for good, and said to be; its options and indexes are made again from the ledger."""
    database.command("collMod", "users", validator=SCHEMA, validationLevel="moderate")
    database.users.create_index("name", unique=True)
    before = mongo_engine.inspect().catalog
    applied(mongo_engine, DROP)
    assert isinstance(mongo_engine, Keeper)
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.purge([TRASH])
        told: list[Event] = []
        mongo_engine.roll_back(DROP, told.append)

    assert mongo_engine.inspect().catalog == before
    assert [event.what for event in told if isinstance(event, Waiting)] == [
        "`users` was purged: making it again, without documents"
    ]


def test_purge_deletes_nothing_else(mongo_engine: Engine, database: Any) -> None:
    """A name that is no trash is refused, whoever asks."""
    assert isinstance(mongo_engine, Keeper)
    with mongo_engine.lock(wait_seconds=5), pytest.raises(ValueError, match="not put aside"):
        mongo_engine.purge(["users"])

    assert database.list_collection_names(filter={"name": "users"}) == ["users"]


def test_what_a_survey_sees(mongo_engine: Engine, database: Any) -> None:
    """Each thing that a comparison of catalogs cannot tell has its code; documents are counted, never shown."""
    database.users.insert_many(
        [{"_id": 1, "at": PERSON}, {"_id": 2, "at": [1]}, {"_id": 3}, {"_id": 4, "email": "x", "at": None}]
    )
    database.command("collMod", "users", validator=SCHEMA)
    database.users.create_index("at", expireAfterSeconds=3600)
    database.users.create_index([("name", 2)], name="name_1__bridge")
    database.users.create_index("phone")
    database.command("collMod", "users", index={"name": "phone_1", "prepareUnique": True})
    database.command("create", "fs.files")
    database.fs.chunks.create_index([("files_id", 1), ("n", 1)])
    assert isinstance(mongo_engine, Surveyor)
    found = mongo_engine.survey(data=True)

    assert [(one.code, one.subject, one.severity.value) for one in found] == [
        ("ST615", "collection fs.chunks", "warning"),
        ("ST615", "collection fs.files", "warning"),
        ("ST612", "index users.name_1__bridge", "warning"),
        ("ST612", "index users.phone_1", "warning"),
        ("ST614", "collection users", "error"),
        ("ST613", "index users.at_1", "warning"),
    ]
    assert "3 documents" in found[4].message
    assert "3 documents" in found[5].message
    assert PERSON not in str(found)
    assert {one.code for one in mongo_engine.survey(data=False)} == {"ST612", "ST615"}
    assert {one.code for one in mongo_engine.survey(mongo_engine.inspect().catalog, data=False)} == {"ST615"}


def test_what_a_lifetime_or_a_limit_would_delete_is_counted(mongo_engine: Engine, database: Any) -> None:
    """Documents that are too old, by any kind of lifetime, and those without room; none that go already."""
    ago = datetime.now(UTC) - timedelta(seconds=1000)
    documents = [{"at": ago, "kept": number} for number in range(3)] + [{"at": datetime(2090, 1, 1, tzinfo=UTC)}]
    database.command({"create": "slow", "clusteredIndex": {"key": {"_id": 1}, "unique": True}})
    database["slow"].insert_many([{"_id": ago}, {"_id": datetime(2090, 1, 1, tzinfo=UTC)}])
    database.command({"create": "log", "capped": True, "size": 100_000})
    database["log"].insert_many([{"text": "x" * 1000} for _ in range(40)])
    database.command({"create": "series", "timeseries": {"timeField": "at"}})
    for name in ("notes", "series"):
        database[name].insert_many([dict(one) for one in documents])
    long_life = {"key": {"at": 1}, "name": "ttl", "expireAfterSeconds": 999_999}
    database.command({"createIndexes": "notes", "indexes": [long_life]})
    expected = {
        Loss("notes", index="ttl", seconds=500): 3,
        Loss("notes", index="gone", seconds=500): 0,
        Loss("notes", "at", seconds=500): 3,
        Loss("notes", "at", seconds=500, where='{"kept": {"$gt": 0}}'): 2,
        Loss("notes", "at", seconds=5000): 0,
        Loss("notes", "at", seconds=1_000_000): 0,
        Loss("slow", seconds=500): 1,
        Loss("series", seconds=500): 3,
        Loss("log", most=30): 10,
        Loss("log", size=20_480): 21,
        Loss("log", size=4_000_000): 0,
    }

    assert dict(mongo_engine.held(expected)) == expected
    database.command({"collMod": "notes", "index": {"name": "ttl", "expireAfterSeconds": 100}})
    assert dict(mongo_engine.held([Loss("notes", "at", seconds=500)])) == {Loss("notes", "at", seconds=500): 0}
