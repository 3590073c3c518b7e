"""Shard keys and zones: there and back on a server without a router, and read as a router keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from bson import MaxKey, MinKey
from pymongo import MongoClient

from schematool.core.author.mongo import author
from schematool.core.diagnostic import Severity
from schematool.core.diff import diff
from schematool.core.model.mongo import Sharding
from schematool.core.plan.mongo import build
from schematool.engines.contract import Waiting
from schematool.engines.mongo import MongoEngine
from schematool.engines.mongo.commands import order
from schematool.engines.mongo.gates import lacking
from schematool.engines.mongo.server import reach
from schematool.engines.mongo.sharding import read
from tests.live.mongo_journey import drafted, travel
from tests.live.mongo_runner import unit_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schematool.core.secret import Url
    from schematool.engines.contract import Engine, Event

BODY = "entity: notes\nstore: mongo\nindexes: [{ on: { a: 1, b: 1 } }, { on: { c: 1 } }]\n"
CHANGES = {
    "sharded": (BODY, BODY + "shard_key: { on: { a: 1 } }"),
    "refined, with a zone": (
        BODY + "shard_key: { on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
        BODY + "shard_key: { on: { a: 1, b: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
    ),
    "refined, without its zone": (
        BODY + "shard_key: { on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
        BODY + "shard_key: { on: { a: 1, b: 1 } }",
    ),
    "by another key": (
        BODY + "shard_key: { on: { a: 1 } }",
        BODY.replace("c: 1 }", "c: hashed }") + "shard_key: { on: { c: hashed } }",
    ),
    "zones": (
        BODY + "shard_key: { on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
        BODY + "shard_key: { on: { a: 1 }, zones: [{ zone: Y, from: { a: 2 }, to: { a: { $maxKey: 1 } } }] }",
    ),
    "made again": (
        BODY + "shard_key: { on: { a: 1 } }",
        BODY + "shard_key: { on: { a: 1 } }\nclustered: true",
    ),
    "renamed": (
        BODY + "shard_key: { on: { a: 1 } }",
        BODY.replace("notes", "records\nwas: notes") + "shard_key: { on: { a: 1 } }",
    ),
    "put aside": (BODY + "shard_key: { on: { a: 1 } }", "entity: other\nstore: mongo"),
    "a time series": (
        "entity: notes\nstore: mongo\ntime_series: { time_field: t, meta_field: m }",
        "entity: notes\nstore: mongo\ntime_series: { time_field: t, meta_field: m }\nindexes: [{ on: { m.x: 1 } }]\n"
        "shard_key: { on: { m.x: 1 } }",
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_there_and_back_without_a_router(mongo_engine: Engine, name: str) -> None:
    """What a cluster would be told is kept in mind, so that a migration for one is proven on one node."""
    documents = {} if "series" in name else {"notes": [{"_id": 1, "a": 1, "b": 1, "c": 1}]}
    travel(mongo_engine, *CHANGES[name], documents)


def test_what_is_kept_in_mind_belongs_to_the_collection(mongo_engine: Engine) -> None:
    """A collection of the same name that was made later is not sharded; and import writes what is."""
    catalog = drafted(CHANGES["zones"][1]).catalog
    assert mongo_engine.build(build(catalog)) == ()
    found = mongo_engine.inspect().catalog
    authored = author(found)

    assert authored.left == ()
    assert diff(drafted("\n".join(authored.files.values())).catalog, found) == ()

    mongo_engine.run(['{"drop": "notes"}', '{"create": "notes"}'])

    assert not [thing for thing in mongo_engine.inspect().catalog if isinstance(thing, Sharding)]


def test_without_a_router_nothing_is_told_as_done(mongo_engine: Engine) -> None:
    """Each command says that it is set aside, and whoever reads the database hears that nothing is sharded there."""
    shard = {"shardCollection": "notes", "key": {"a": 1}}
    zone = {"updateZoneKeyRange": "notes", "min": {"a": 1}, "max": {"a": 2}, "zone": "X"}
    told: list[Event] = []
    index = {"createIndexes": "notes", "indexes": [{"key": {"a": 1}, "name": "a_1"}]}
    with mongo_engine.lock(wait_seconds=5):
        mongo_engine.apply(unit_of("0001_a", [{"create": "notes"}, index, shard, zone], []), told.append)

    assert [one.what for one in told if isinstance(one, Waiting)] == [
        f"`{name}` of `notes` is set aside: this server is no router, and shards nothing"
        for name in ("shardCollection", "updateZoneKeyRange")
    ]
    (said,) = mongo_engine.inspect().unmodelled
    assert (said.code, said.severity) == ("ST605", Severity.NOTE)
    assert "how `notes` is sharded is noted, and neither done nor proven" in said.message


@pytest.fixture
def router(mongo_server: Url, mongo_url: Url) -> Iterator[Any]:
    """Give a real server whose `config` database has what a router's has for this test's database."""
    server = reach(mongo_url)
    with MongoClient[dict[str, Any]](mongo_server.reveal()) as client:
        config = client["config"]
        yield replace(server, kind="router"), config
        mine = {"$regex": f"^{server.name}\\."}
        config["collections"].delete_many({"_id": mine})
        config["tags"].delete_many({"ns": mine})
    server.client.close()


def test_a_router_is_asked(router: Any) -> None:
    """Keys, uniqueness and zones as `config` has them; time series by their own names; what is not sharded is not."""
    server, config = router
    name = server.name
    config["collections"].insert_many(
        [
            {"_id": f"{name}.notes", "key": {"a": 1.0, "b": "hashed"}, "unique": False, "noBalance": False},
            {"_id": f"{name}.users", "key": {"email": 1}, "unique": True},
            {
                "_id": f"{name}.system.buckets.measures",
                "key": {"meta.room": 1, "control.min.at": 1},
                "unique": False,
                "timeseriesFields": {"timeField": "at", "metaField": "sensor"},
            },
            {"_id": f"{name}.moved", "key": {"_id": 1}, "unsplittable": True},
            {"_id": f"{name}x.others", "key": {"_id": 1}},
        ]
    )
    config["tags"].insert_one(
        {"ns": f"{name}.notes", "min": {"a": 1, "b": MinKey()}, "max": {"a": MaxKey(), "b": MinKey()}, "tag": "EU"}
    )
    declared = drafted(
        "entity: notes\nstore: mongo\nindexes: [{ on: { a: 1, b: hashed } }]\n"
        "shard_key: { on: { a: 1, b: hashed }, zones: [{ zone: EU, from: { a: 1 }, to: { a: { $maxKey: 1 } } }] }\n"
        "---\n"
        "entity: users\nstore: mongo\nindexes: [{ on: email, unique: true }]\n"
        "shard_key: { on: { email: 1 }, unique: true }\n---\n"
        "entity: measures\nstore: mongo\ntime_series: { time_field: at, meta_field: sensor }\n"
        "indexes: [{ on: { sensor.room: 1, at: 1 } }]\nshard_key: { on: { sensor.room: 1, at: 1 } }"
    ).catalog

    found, unknown = read(server, [])

    assert unknown == ()
    assert {one.id: one for one in found} == {one.id: one for one in declared if isinstance(one, Sharding)}


def test_drift_of_a_shard_key_is_named(router: Any) -> None:
    """`verify` on a router tells of another key as of any other difference."""
    server, config = router
    declared = drafted(BODY + "shard_key: { on: { a: 1 } }").catalog
    engine = MongoEngine(server)
    assert MongoEngine(replace(server, kind="replica set")).build(build(declared)) == ()
    config["collections"].insert_one({"_id": f"{server.name}.notes", "key": {"a": 1, "b": 1}, "unique": False})

    assert [str(change.id) for change in diff(declared, engine.inspect().catalog)] == ["sharding notes"]


@pytest.mark.parametrize(
    ("command", "version", "needed"),
    [
        ('{"createIndexes": "n", "indexes": [{"key": {"a": 1, "b.$**": 1}, "name": "x"}]}', "6.0.5", "7.0"),
        ('{"createIndexes": "n", "indexes": [{"key": {"a": 1, "b.$**": 1}, "name": "x"}]}', "7.0.1", None),
        ('{"createIndexes": "n", "indexes": [{"key": {"$**": "text", "a": 1}, "name": "x"}]}', "6.0.5", None),
        ('{"create": "n", "timeseries": {"timeField": "t", "bucketMaxSpanSeconds": 9}}', "6.0.5", "6.3"),
        ('{"create": "n", "validationAction": "errorAndLog"}', "8.0.0", "8.1"),
        ('{"collMod": "n", "validationAction": "errorAndLog"}', "8.1.0", None),
        ('{"create": "n", "encryptedFields": {"fields": [{"queries": {"queryType": "range"}}]}}', "7.0.0", "8.0"),
        ('{"create": "n", "clusteredIndex": {"key": {"_id": 1}, "unique": true}}', "5.0.9", "5.3"),
        ('{"collMod": "n", "cappedSize": 1}', "5.0.9", "6.0"),
        (
            '{"create": "n", "encryptedFields": {"fields": [{"queries": [{"queryType": "substringPreview"}]}]}}',
            "8.0.4",
            "8.2",
        ),
        ('{"collMod": "n", "timeseries": {"bucketMaxSpanSeconds": 9, "bucketRoundingSeconds": 9}}', "6.0.5", "6.3"),
        ('{"collMod": "n", "changeStreamPreAndPostImages": {"enabled": true}}', "5.0.2", "6.0"),
        ('{"unshardCollection": "n"}', "7.0.14", "8.0"),
        ('{"unshardCollection": "n"}', "8.0.0", None),
        ('{"reshardCollection": "n", "key": {"a": 1}}', "4.4.9", "5.0"),
    ],
)
def test_what_needs_a_newer_server_says_so(command: str, version: str, needed: str | None) -> None:
    """The version that has it is named, where the server would say that it does not know."""
    said = lacking(order(command), version)

    assert (f"from {needed} on" in str(said)) is (needed is not None), said


def test_a_newer_index_is_refused_with_its_version(mongo_engine: Engine) -> None:
    """On mongod 6.0.5 itself, before anything is sent."""
    catalog = drafted('entity: notes\nstore: mongo\nindexes: [{ on: { a: 1, "b.$**": 1 } }]').catalog
    ((key, error),) = mongo_engine.build(build(catalog))

    assert key == "index notes.a_1_b.$**_1"
    assert "MongoDB has that from 7.0 on; this server is 6.0" in str(error)
