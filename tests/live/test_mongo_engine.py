"""The MongoDB engine against a real server: the lock, refusals, unfinished builds, roles, redaction."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from schematool.core.author.mongo import author
from schematool.core.catalog import Id
from schematool.core.diagnostic import Findings, Severity
from schematool.core.diff import diff
from schematool.core.errors import InputError, Refused, StatementError, WorldError
from schematool.core.history.loss import Loss
from schematool.core.load import load
from schematool.core.lower.mongo import lower
from schematool.core.model.mongo import Index
from schematool.core.secret import Url
from schematool.engines.contract import Engine, Event, Waiting, open_engine
from schematool.engines.mongo import MongoEngine, connect, execute
from schematool.engines.mongo.inspect import Listed
from schematool.engines.mongo.observe import observe
from schematool.engines.servers import embedded_mongo, process
from tests.live.mongo_runner import racing, unit_of
from tests.live.raw import database_of

CREATE: dict[str, Any] = {"create": "users"}
PASSWORD = "canary"  # noqa: S105  # of servers that live for one test
EMAIL: dict[str, Any] = {
    "createIndexes": "users",
    "indexes": [{"key": {"email": 1}, "name": "email_1", "unique": True}],
}


def _silent(_: Event) -> None:
    """Listen to nothing."""


def _apply(
    engine: Engine, up: list[dict[str, Any]], down: list[dict[str, Any]] | None = None, name: str = "0001_x"
) -> None:
    with engine.lock(wait_seconds=5):
        engine.apply(unit_of(name, up, down), _silent)


def test_reading_creates_nothing(mongo_url: Url, mongo_engine: Engine) -> None:
    """A database that was only looked at is not there afterwards."""
    mongo_engine.inspect()
    mongo_engine.ledger()
    mongo_engine.counts()

    with database_of(mongo_url) as database:
        assert database.name not in database.client.list_database_names()


def test_sixteen_runners_apply_each_migration_once(mongo_url: Url, mongo_engine: Engine) -> None:
    """Started at the same instant, they take turns: every migration is run by exactly one, in order."""
    units = [unit_of("0001_users", [CREATE], [])]
    units += [
        unit_of(
            f"000{n}_count",
            [
                {"createIndexes": "users", "indexes": [{"key": {f"f{n}": 1}, "name": f"f{n}"}]},
                {"insert": "users", "documents": [{"migration": n}]},
            ],
            [],
        )
        for n in range(2, 6)
    ]
    did = Counter(name for names in racing(16, mongo_url, units) for name in names)

    assert did == {unit.id: 1 for unit in units}
    assert [row.id for row in mongo_engine.ledger()] == [unit.id for unit in units]
    assert mongo_engine.counts() == {"users": 4}


def test_the_holder_of_the_lock_is_named(mongo_url: Url, mongo_engine: Engine) -> None:
    """Who waits in vain learns which process of whom on which host holds the lock, and since when."""
    other = connect(mongo_url)
    with mongo_engine.lock(wait_seconds=5), pytest.raises(WorldError) as caught, other.lock(wait_seconds=0.3):
        pass
    other.close()

    (found,) = caught.value.diagnostics
    assert found.code == "ST502"
    assert f"process {os.getpid()} of " in found.message
    assert "UTC" in found.message


def test_the_lock_is_free_after_its_block(mongo_url: Url, mongo_engine: Engine) -> None:
    """Released also when the block ends with an error, and then to be had at once."""
    with pytest.raises(Refused), mongo_engine.lock(wait_seconds=5):
        raise Refused
    other = connect(mongo_url)
    with other.lock(wait_seconds=0):
        pass
    other.close()


def test_a_lost_lease_stops_before_the_next_command(mongo_url: Url, mongo_engine: Engine) -> None:
    """A runner whose lock was taken by another runs nothing more and writes nothing more."""
    unit = unit_of(
        "0001_two", [{"create": "v", "viewOn": "a", "pipeline": []}, {"create": "w", "viewOn": "a", "pipeline": []}], []
    )

    def steal(event: Event) -> None:
        if type(event).__name__ == "Ended":
            with database_of(mongo_url) as database:
                database["_schematool_lock"].update_one(
                    {"_id": "migrate"}, {"$set": {"owner": "thief"}, "$inc": {"token": 1}}
                )

    with mongo_engine.lock(wait_seconds=5), pytest.raises(WorldError) as caught:
        mongo_engine.apply(unit, steal)

    assert caught.value.diagnostics[0].code == "ST508"
    assert [str(thing.id) for thing in mongo_engine.inspect().catalog] == ["view v"]


def test_a_stale_token_writes_nothing(mongo_url: Url, mongo_engine: Engine) -> None:
    """A ledger line that a later holder has written is out of reach of an earlier one."""
    _apply(mongo_engine, [CREATE], [{"drop": "users"}])
    with database_of(mongo_url) as database:
        database["_schematool_ledger"].update_one({}, {"$set": {"token": 99}})
    with mongo_engine.lock(wait_seconds=5), pytest.raises(WorldError) as caught:
        mongo_engine.roll_back(unit_of("0001_x", [CREATE], [{"drop": "users"}]), _silent)

    assert caught.value.diagnostics[0].code == "ST508"
    assert mongo_engine.counts() == {"users": 0}


def test_apply_needs_the_lock(mongo_engine: Engine) -> None:
    """A migration without the lock is refused, except in a scratch database."""
    unit = unit_of("0001_x", [CREATE], [])
    with pytest.raises(WorldError):
        mongo_engine.apply(unit, _silent)
    with mongo_engine.scratch() as scratch:
        scratch.apply(unit, _silent)

        assert [row.id for row in scratch.ledger()] == ["0001_x"]


def test_a_new_collection_comes_with_its_indexes_or_not_at_all(mongo_engine: Engine) -> None:
    """The collection, its indexes and its documents are one transaction: a refused document leaves nothing behind."""
    up = [CREATE, EMAIL, {"insert": "users", "documents": [{"email": "a@b.c"}, {"email": "a@b.c"}]}]
    with pytest.raises(StatementError) as caught:
        _apply(mongo_engine, up)

    assert caught.value.server_code == "11000"
    assert caught.value.diagnostics[0].span is not None
    assert caught.value.diagnostics[0].span.line == 3
    assert len(mongo_engine.inspect().catalog) == 0
    assert [(row.state, row.done, row.in_doubt) for row in mongo_engine.ledger()] == [("partial", 0, None)]
    _apply(mongo_engine, [*up[:2], {"insert": "users", "documents": [{"email": "a@b.c"}]}])
    assert [row.state for row in mongo_engine.ledger()] == ["applied"]


def test_no_value_of_a_document_is_told(mongo_url: Url, mongo_engine: Engine) -> None:
    """Duplicates, refused documents and unreadable places are told without what is in them."""
    secret = "4111-CANARY"  # noqa: S105  # a value of a document, to be looked for
    with database_of(mongo_url) as database:
        database["users"].insert_many([{"email": secret}, {"email": secret}])
        database["places"].insert_one({"_id": secret, "at": secret})
        database["numbers"].insert_one({"at": 41110000})
        database["languages"].insert_one({"a": secret, "language": secret})
        database["words"].insert_many([{"a": secret}, {"a": secret.lower()}])
        database["tags"].insert_one({"_id": secret, "a": [secret, 1], "b": [secret, 2]})
        database.create_collection("strict", validator={"a": {"$type": "int"}})
    commands: list[dict[str, Any]] = [
        EMAIL,
        {"createIndexes": "places", "indexes": [{"key": {"at": "2dsphere"}, "name": "at"}]},
        {"createIndexes": "tags", "indexes": [{"key": {"a": 1, "b": 1}, "name": "ab"}]},
        {"createIndexes": "numbers", "indexes": [{"key": {"at": "2dsphere"}, "name": "at"}]},
        {"createIndexes": "languages", "indexes": [{"key": {"a": "text"}, "name": "a"}]},
        # Of a duplicate under a collation the server tells the sort key, which is not even text.
        {
            "createIndexes": "words",
            "indexes": [{"key": {"a": 1}, "name": "a", "unique": True, "collation": {"locale": "de", "strength": 1}}],
        },
        {"insert": "strict", "documents": [{"a": secret}]},
        {"update": "places", "updates": [{"q": {}, "u": {"$inc": {"at": 1}}}]},
        {"update": "places", "updates": [{"q": {}, "u": [{"$set": {"x": {"$toInt": "$at"}}}]}]},
        {"update": "places", "updates": [{"q": {}, "u": [{"$set": {"x": {"$convert": {"input": 1, "to": "$at"}}}}]}]},
    ]
    for number, command in enumerate(commands):
        with pytest.raises(StatementError) as caught:
            _apply(mongo_engine, [command], name=f"{number:04}_x")
        told = repr(caught.value.diagnostics) + str(caught.value) + str(caught.value.state)

        assert secret not in told, told
        assert "4111" not in told, told
        assert caught.value.__context__ is None or caught.value.__suppress_context__
        assert int(caught.value.server_code) > 0

    with database_of(mongo_url) as database:
        assert secret not in str(list(database["_schematool_ledger"].find()))


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ({"dropDatabase": 1}, "`dropDatabase` may not stand in a migration"),
        ({"eval": "1"}, "`eval` may not stand in a migration"),
        ({"drop": "system.views"}, "belongs to the server"),
        ({"drop": "_schematool_ledger"}, "belongs to schematool"),
        ({"create": "a", "lsid": {}}, "may not set `lsid`"),
        ({"aggregate": "a", "pipeline": [{"$match": {}}]}, "must end in"),
        ({"aggregate": "a", "pipeline": [{"$out": {"db": "other", "coll": "b"}}]}, "its own database"),
        ({"dropIndexes": "a", "index": {"a": 1}}, "must name its indexes"),
        ({}, "is not a command"),
        ({"insert": "a", "documents": [{"_id": {"$oid": "zz"}}]}, "not Extended JSON: 'zz' is not a valid ObjectId"),
        ({"insert": "a", "documents": [{"x": {"$numberDecimal": "x"}}]}, "not Extended JSON: a number in it is none"),
        ({"insert": "a", "documents": [{"x": {"$binary": 5}}]}, "not Extended JSON"),
        ({"insert": "a", "documents": [{"x": {"$regularExpression": 5}}]}, "not Extended JSON"),
        ({"insert": "a", "documents": [{"x": {"$date": {"$numberLong": "9" * 18}}}]}, "a date in it is out of range"),
        ({"insert": "a", "documents": [{"x": 10**20}]}, "a number or a date in it is out of range"),
        ({"insert": "a", "documents": [{"a\0b": 1}]}, "a name in it holds a NUL"),
        ({"insert": "a", "documents": [{"x": "\ud800"}]}, "a text in it is not Unicode"),
        ({"insert": "a", "documents": [{"x": "y" * 17_000_000}]}, "MongoDB takes at most 16,777,216 in one command"),
    ],
    ids=lambda value: next(iter(value), "empty") if isinstance(value, dict) else "",
)
def test_only_known_commands_are_run(command: dict[str, Any], why: str, mongo_engine: Engine) -> None:
    """A file with another command is refused as a whole, at its place, before anything has been run."""
    with pytest.raises(InputError, match=why) as caught:
        _apply(mongo_engine, [CREATE, command])

    assert caught.value.diagnostics[0].code == "ST409"
    assert caught.value.diagnostics[0].span is not None
    assert caught.value.diagnostics[0].span.line == 2
    assert mongo_engine.ledger() == ()
    assert mongo_engine.counts() == {}


@pytest.mark.parametrize(
    "change", [{"expireAfterSeconds": 5}, {"prepareUnique": True}, {"expireAfterSeconds": {"$numberDouble": "NaN"}}]
)
def test_what_ends_the_server_is_not_sent(change: dict[str, Any], mongo_engine: Engine) -> None:
    """A lifetime or uniqueness for a wildcard index ends mongod 6.0.5; one that is no number deletes everything."""
    mongo_engine.run(
        [json.dumps(CREATE), '{"createIndexes": "users", "indexes": [{"key": {"$**": 1}, "name": "all"}]}']
    )
    with pytest.raises(StatementError, match="not sent"):
        _apply(mongo_engine, [{"collMod": "users", "index": {"name": "all", **change}}])

    assert len(mongo_engine.inspect().catalog) == 2


NEWER = {"createIndexes": "users", "indexes": [{"key": {"a": 1, "b.$**": 1}, "name": "x"}]}


def test_what_only_a_newer_server_knows_stops_before_anything_is_run(mongo_engine: Engine) -> None:
    """Half-way there would be no going on and no going back: neither the way up nor the way down is begun."""
    with pytest.raises(StatementError, match=r"from 7\.0 on"):
        _apply(mongo_engine, [CREATE, NEWER])

    assert len(mongo_engine.inspect().catalog) == 0
    assert mongo_engine.ledger() == ()

    unit = unit_of("0001_x", [CREATE], [{"drop": "users"}, NEWER])
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.apply(unit, lambda _: None)
        with pytest.raises(StatementError, match=r"from 7\.0 on"):
            mongo_engine.roll_back(unit, lambda _: None)

    assert [row.state for row in mongo_engine.ledger()] == ["applied"]
    assert len(mongo_engine.inspect().catalog) == 1


def test_an_index_that_is_there_is_not_taken_over(mongo_engine: Engine) -> None:
    """Our rollback would drop what somebody else made, so it is refused, and the collection that is there as well."""
    mongo_engine.run([json.dumps(CREATE), json.dumps(EMAIL)])
    with pytest.raises(StatementError, match="no migration made it"):
        _apply(mongo_engine, [EMAIL])
    with pytest.raises(StatementError, match="48 NamespaceExists"):
        _apply(mongo_engine, [CREATE], name="0002_x")
    with pytest.raises(StatementError, match="is not there"):
        _apply(mongo_engine, [{"createIndexes": "nowhere", "indexes": EMAIL["indexes"]}], name="0003_x")

    assert "nowhere" not in mongo_engine.counts()


def test_an_edited_command_is_not_resumed(mongo_engine: Engine) -> None:
    """What was run must still be what the file says; what was refused may be corrected."""
    view = {"create": "v", "viewOn": "a", "pipeline": []}
    with pytest.raises(StatementError):
        _apply(mongo_engine, [view, {"drop": "nowhere"}])
    with pytest.raises(InputError) as caught:
        _apply(mongo_engine, [{**view, "viewOn": "b"}, CREATE])

    assert caught.value.diagnostics[0].code == "ST401"
    _apply(mongo_engine, [view, CREATE])
    assert [row.state for row in mongo_engine.ledger()] == ["applied"]


def test_an_open_transaction_is_waited_for(
    mongo_url: Url, mongo_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short DDL gives up in time, so that it holds up no writer, says so, and tries again."""
    monkeypatch.setattr(execute, "SHORT_MILLISECONDS", 300)
    mongo_engine.run([json.dumps(CREATE)])
    heard: list[Event] = []
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client, client.start_session() as session:
        session.start_transaction()
        client.get_default_database()["users"].insert_one({"a": 1}, session=session)

        def listen(event: Event) -> None:
            heard.append(event)
            if isinstance(event, Waiting) and session.in_transaction:
                session.commit_transaction()

        with mongo_engine.lock(wait_seconds=5):
            mongo_engine.apply(
                unit_of("0001_x", [{"collMod": "users", "validationLevel": "moderate"}, EMAIL], []), listen
            )

    assert any(isinstance(event, Waiting) and "`users` is in use" in event.what for event in heard)
    assert [row.state for row in mongo_engine.ledger()] == ["applied"]


def test_an_unfinished_build_is_seen_and_joined(mongo_url: Url, mongo_engine: Engine) -> None:
    """A half-built index is listed as if it were whole; we say `building`. The same command again joins it."""
    command = {"createIndexes": "users", "indexes": [{"key": {"n": 1}, "name": "n_1"}]}
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client, client.start_session() as session:
        users = client.get_default_database()["users"]
        users.insert_many([{"n": n, "pad": "x" * 50} for n in range(60_000)])
        for _ in range(20):
            builder = threading.Thread(target=_quietly, args=(mongo_url, command), daemon=True)
            builder.start()
            while not _raw_indexes(client)[1:]:
                time.sleep(0.001)
            session.start_transaction()
            users.find_one({}, session=session)
            if any("buildUUID" in one for one in _raw_indexes(client)):
                break
            # On a busy machine it was over before somebody held it up.
            session.abort_transaction()
            builder.join(30)
            users.drop_index("n_1")
        try:
            index = mongo_engine.inspect().catalog.objects[Id("index", ("users", "n_1"))]

            assert isinstance(index, Index)
            assert index.building
        finally:
            session.abort_transaction()
        mongo_engine.run([json.dumps(command)])
        builder.join(30)
    index = mongo_engine.inspect().catalog.objects[Id("index", ("users", "n_1"))]

    assert isinstance(index, Index)
    assert not index.building


def test_documents_are_invented_for_validators(mongo_engine: Engine) -> None:
    """Types, required fields, enums, patterns, bounds and nesting are satisfied; what cannot be gets none, quietly."""
    pattern = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
    uuid = {"bsonType": "string", "minLength": 36, "maxLength": 36, "pattern": pattern}
    schema = {
        "bsonType": "object",
        "required": ["patient", "status", "score", "seen", "vitals", "tags"],
        "additionalProperties": False,
        "properties": {
            "_id": {"bsonType": "objectId"},
            "patient": uuid,
            "status": {"enum": ["draft", "signed"]},
            "score": {"bsonType": ["int", "long"], "minimum": 5, "maximum": 9, "exclusiveMinimum": True},
            "price": {"bsonType": "decimal", "multipleOf": {"$numberDecimal": "0.01"}, "minimum": 1},
            "seen": {"bsonType": ["date", "null"]},
            "vitals": {"bsonType": "object", "required": ["pulse"], "properties": {"pulse": {"bsonType": "double"}}},
            "tags": {
                "bsonType": "array",
                "minItems": 2,
                "uniqueItems": True,
                "items": {"bsonType": "string", "maxLength": 9},
            },
            "code": {"bsonType": "string", "pattern": "^(AB|CD)-\\d{2,4}[xyz]?$"},
        },
    }
    mongo_engine.run(
        [
            json.dumps(command)
            for command in (
                {"create": "visits", "validator": {"$jsonSchema": schema}},
                {"createIndexes": "visits", "indexes": [{"key": {"patient": 1}, "name": "p", "unique": True}]},
                {"create": "plain"},
                {"createIndexes": "plain", "indexes": [{"key": {"a.b": 1}, "name": "ab", "unique": True}]},
                {"createIndexes": "plain", "indexes": [{"key": {"at": "2dsphere"}, "name": "at"}]},
                {"create": "vitals", "timeseries": {"timeField": "at", "metaField": "patient"}},
                {"create": "never", "validator": {"$expr": {"$eq": [1, 2]}}},
                {"create": "shown", "viewOn": "plain", "pipeline": []},
            )
        ]
    )

    assert mongo_engine.seed() == {"never": 0, "plain": 3, "visits": 3, "vitals": 3}
    assert mongo_engine.counts() == {"never": 0, "plain": 3, "visits": 3, "vitals": 3}


def test_scratch_databases_go(mongo_url: Url, mongo_engine: Engine) -> None:
    """A scratch database is empty at first and gone at the end, also after an error."""
    assert isinstance(mongo_engine, MongoEngine)
    before = mongo_engine.scratches()
    with mongo_engine.scratch() as scratch:
        scratch.run([json.dumps(CREATE)])

        assert len(mongo_engine.scratches()) == len(before) + 1

    with pytest.raises(StatementError), mongo_engine.scratch() as scratch:
        scratch.run([json.dumps(CREATE), json.dumps(CREATE)])

    assert mongo_engine.scratches() == before
    with database_of(mongo_url) as database:
        assert database.list_collection_names() == []


def test_build_finds_the_order(mongo_engine: Engine) -> None:
    """Indexes before their collections, views before what they show: all are made, and what cannot be is told."""
    failed = mongo_engine.build(
        [
            ("index users.email_1", json.dumps(EMAIL)),
            ("view v", '{"create": "v", "viewOn": "users", "pipeline": []}'),
            ("collection users", '{"create": "users", "collation": {"locale": "fr"}}'),
            ("bad", '{"createIndexes": "users", "indexes": [{"key": {"a": 0}, "name": "a"}]}'),
        ]
    )

    assert [key for key, _ in failed] == ["bad"]
    assert "67" in str(failed[0][1])
    names = [str(thing.id) for thing in mongo_engine.inspect().catalog]
    assert names == ["collection users", "index users.email_1", "view v"]


def test_adopted_units_are_not_run(mongo_engine: Engine) -> None:
    """Adopting records a unit as applied, so that applying it does nothing."""
    unit = unit_of("0001_x", [CREATE], [{"drop": "users"}])
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.adopt(unit)
        mongo_engine.apply(unit, _silent)

    (row,) = mongo_engine.ledger()
    assert (row.state, row.done, row.total, row.sha256) == ("applied", 1, 1, unit.up_sha256)
    assert row.applied_at
    assert mongo_engine.counts() == {}


def test_without_a_rollback_file_there_is_no_way_back(mongo_engine: Engine) -> None:
    """A unit without down commands is refused, and stays applied."""
    _apply(mongo_engine, [CREATE])
    with mongo_engine.lock(wait_seconds=5), pytest.raises(InputError) as caught:
        mongo_engine.roll_back(unit_of("0001_x", [CREATE], None), _silent)

    assert caught.value.diagnostics[0].code == "ST412"
    assert len(mongo_engine.ledger()) == 1


def test_a_query_operator_stays_what_it_is(mongo_engine: Engine) -> None:
    """`$regex` beside another operator is not a literal of Extended JSON: both must reach the server."""
    mongo_engine.run(['{"create": "users", "validator": {"email": {"$regex": "^a", "$ne": "ab"}}}'])
    with pytest.raises(StatementError):
        mongo_engine.run(['{"insert": "users", "documents": [{"email": "ab"}]}'])
    mongo_engine.run(['{"insert": "users", "documents": [{"email": "ac"}]}'])

    assert mongo_engine.counts() == {"users": 1}


def test_what_is_not_modelled_is_named(mongo_url: Url, mongo_engine: Engine) -> None:
    """Stored functions and old index versions on a real server; what no server has yet, in listings made up."""
    with database_of(mongo_url) as database:
        database.command("create", "users")
        database.command("createIndexes", "users", indexes=[{"key": {"a": 1}, "name": "a_1", "v": 1}])
        database["system.js"].insert_one({"_id": "f", "value": "x"})

    assert sorted(str(found.subject) for found in mongo_engine.inspect().unmodelled) == [
        "collection system.js",
        "index users.a_1",
    ]

    made_up = [
        Listed(
            {
                "name": "a",
                "type": "collection",
                "options": {"futuristic": True, "collation": {"locale": "fr", "new": 1}},
            }
        ),
        Listed({"name": "b", "type": "graph", "options": {}}),
        Listed(
            {"name": "c", "type": "collection", "options": {}},
            (
                ({"v": 2, "key": {"_id": 1}, "name": "_id_"}, False),
                ({"v": 2, "key": {"x": 1}, "name": "x", "odd": 1}, False),
            ),
        ),
        Listed({"name": "system.buckets.gone", "type": "collection", "options": {}}),
    ]
    told = [found.message for found in observe(made_up)]

    assert [message for message in told if "futuristic" in message and "collection a" in message]
    assert [message for message in told if "collation option `new`" in message]
    assert [message for message in told if "`graph`" in message]
    assert [message for message in told if "index c.x has the option `odd`" in message]
    assert [message for message in told if "time series that is not there" in message]
    assert {found.code for found in observe(made_up)} == {"ST602"}


def test_no_server_no_database_no_secret() -> None:
    """A URL without a database, or one that nobody answers at, is told in one sentence without its password."""
    with pytest.raises(InputError, match="names no database"):
        connect(Url("mongodb://127.0.0.1:1/"))
    with pytest.raises(InputError, match="cannot be used"):
        connect(Url("mongodb://u:p@ss:word@/x?bogus=1=2"))
    with pytest.raises(WorldError) as caught:
        connect(Url("mongodb://someone:CANARY@127.0.0.1:1/x?serverSelectionTimeoutMS=300"))

    assert caught.value.diagnostics[0].code == "ST501"
    assert "CANARY" not in repr(caught.value.diagnostics)


@pytest.fixture(scope="module")
def guarded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A standalone mongod with access control; its root is `root`, password `canary`."""
    home = tmp_path_factory.mktemp("guarded")
    port = process.free_port()
    mongod = embedded_mongo.find_runnable(home)
    server = subprocess.Popen(
        [mongod, "--auth", "--dbpath", home, "--port", str(port), "--bind_ip", "127.0.0.1", "--nounixsocket",
         "--wiredTigerCacheSizeGB", "0.25"],
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        with MongoClient[dict[str, Any]]("127.0.0.1", port, serverSelectionTimeoutMS=60_000) as client:
            client.admin.command("createUser", "root", pwd=PASSWORD, roles=["root"])
        yield port
    finally:
        server.send_signal(signal.SIGKILL)
        server.wait()


def test_the_role_read_is_enough_for_reading(guarded_server: int, mongo_url: Url, mongo_engine: Engine) -> None:
    """A user with `read` alone inspects, counts and reads the ledger as root does; others are told what is missing."""
    _apply(mongo_engine, [CREATE, EMAIL, {"create": "v", "viewOn": "users", "pipeline": []},
                          {"create": "t", "timeseries": {"timeField": "at"}}])  # fmt: skip
    root = Url(f"mongodb://root:canary@127.0.0.1:{guarded_server}/clinic?authSource=admin")
    with database_of(mongo_url) as source, database_of(root) as target:
        target["_schematool_ledger"].insert_many(source["_schematool_ledger"].find())
        target.command("create", "users")
        target.command(EMAIL)
        target.command("create", "v", viewOn="users", pipeline=[])
        target.command("create", "t", timeseries={"timeField": "at"})
        target.command("createUser", "reader", pwd=PASSWORD, roles=[{"role": "read", "db": "clinic"}])
        target.command("createUser", "nobody", pwd=PASSWORD, roles=[])
    reader = open_engine(Url(f"mongodb://reader:canary@127.0.0.1:{guarded_server}/clinic"))

    assert reader.inspect().catalog.objects == mongo_engine.inspect().catalog.objects
    assert reader.inspect().unmodelled == ()
    assert [(row.id, row.state) for row in reader.ledger()] == [("0001_x", "applied")]
    assert reader.counts() == {"t": 0, "users": 0}

    reader.close()
    with pytest.raises(WorldError, match="does not allow") as caught:
        open_engine(Url(f"mongodb://nobody:canary@127.0.0.1:{guarded_server}/clinic")).ledger()

    assert "canary" not in repr(caught.value.diagnostics)
    with pytest.raises(WorldError, match="does not accept this user") as caught:
        connect(Url(f"mongodb://reader:wrong-canary@127.0.0.1:{guarded_server}/clinic"))

    assert "canary" not in repr(caught.value.diagnostics)


def test_a_standalone_server_is_read_and_not_migrated(guarded_server: int) -> None:
    """Without a replica set there is nothing that a ledger could stand on; the message says how to get one."""
    engine = connect(Url(f"mongodb://root:canary@127.0.0.1:{guarded_server}/alone?authSource=admin"))

    assert engine.ledger() == ()
    assert len(engine.inspect().catalog) == 0

    with pytest.raises(WorldError) as caught, engine.lock(wait_seconds=5):
        engine.apply(unit_of("0001_x", [CREATE], []), _silent)

    assert caught.value.diagnostics[0].code == "ST506"
    assert "--replSet" in str(caught.value.diagnostics[0].hint)
    engine.close()


def _raw_indexes(client: MongoClient[dict[str, Any]]) -> list[dict[str, Any]]:
    try:
        reply = client.get_default_database().command({"listIndexes": "users", "includeBuildUUIDs": True})
    except OperationFailure:
        return []
    return list(reply["cursor"]["firstBatch"])


def _quietly(url: Url, command: dict[str, Any]) -> None:
    try:
        with database_of(url) as database:
            database.command(command)
    except PyMongoError:
        pass  # the test looks at the index itself


def test_names_that_drivers_refuse_and_directions_of_any_number(mongo_engine: Engine) -> None:
    """What the server takes is read, counted and written as YAML; a bucket that lacks an index gets none."""
    with database_of(mongo_engine.url) as database:
        for name in ("a..b", "tail."):
            database.command({"insert": name, "documents": [{"_id": 1}, {"_id": 2}]})
        database.command({"createIndexes": "a..b", "indexes": [{"key": {"x": 2, "y": -5.5}, "name": "odd"}]})
        database.command({"create": "fs.files"})
        chunks = {"key": {"files_id": 1, "n": 1}, "name": "files_id_1_n_1", "unique": True}
        database.command({"createIndexes": "fs.chunks", "indexes": [chunks]})
    found = mongo_engine.inspect().catalog
    authored = author(found)
    model, findings = load(authored.files)

    assert authored.left == ()
    assert {one.severity for one in findings} == {Severity.WARNING}
    assert diff(lower(model, Findings()).catalog, found) == ()
    assert dict(mongo_engine.counts()) == {"a..b": 2, "fs.chunks": 0, "fs.files": 0, "tail.": 2}
    assert dict(mongo_engine.held([Loss("tail.")])) == {Loss("tail."): 2}
