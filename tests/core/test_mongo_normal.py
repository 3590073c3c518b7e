"""Indexes, collections and views of MongoDB: two forms with one meaning are one object, two meanings are two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from schematool.core.model.mongo_match import normal_match
from schematool.core.model.mongo_normal import default_name, is_primary, normal_collection, normal_index, normal_view

FULL_GERMAN = {
    "locale": "de",
    "caseLevel": False,
    "caseFirst": "off",
    "strength": 2,
    "numericOrdering": False,
    "alternate": "non-ignorable",
    "maxVariable": "punct",
    "normalization": False,
    "backwards": False,
    "version": "57.1",
}
# What is written, and what the server lists for it.
AUTHORED_AND_LISTED: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("plain", {"key": {"a": 1}}, {"v": 2, "key": {"a": 1.0}, "name": "a_1"}),
    (
        "without effect",
        {"key": {"a": 1}, "sparse": False, "background": True},
        {"v": 2, "key": {"a": 1}, "name": "a_1", "sparse": False},
    ),
    ("long", {"key": {"a": -1}}, {"v": 2, "key": {"a": {"$numberLong": "-1"}}, "name": "a_-1"}),
    (
        "text",
        {"key": {"x": 1, "b": "text", "a": "text"}, "name": "t", "weights": {"b": 5, "z": 2.5}},
        {
            "v": 2,
            "key": {"x": 1, "_fts": "text", "_ftsx": 1},
            "name": "t",
            "weights": {"a": 1, "b": 5, "z": 2},
            "default_language": "english",
            "language_override": "language",
            "textIndexVersion": 3,
        },
    ),
    (
        "collation",
        {"key": {"a": 1}, "collation": {"locale": "de", "strength": 2}},
        {"v": 2, "key": {"a": 1}, "name": "a_1", "collation": FULL_GERMAN},
    ),
    (
        "collation of a locale with its own ideas",
        {"key": {"a": 1}, "collation": {"locale": "da"}},
        {
            "v": 2,
            "key": {"a": 1},
            "name": "a_1",
            "collation": {**FULL_GERMAN, "locale": "da", "strength": 3, "caseFirst": "upper"},
        },
    ),
    (
        "lifetime",
        {"key": {"a": 1}, "expireAfterSeconds": 3600.7},
        {"v": 2, "key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 3600},
    ),
    (
        "endless lifetime",
        {"key": {"a": 1}, "expireAfterSeconds": {"$numberDouble": "NaN"}},
        {"v": 2, "key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 2147483647},
    ),
    (
        "2d",
        {"key": {"p": "2d"}, "min": -180, "bits": 20},
        {"v": 2, "key": {"p": "2d"}, "name": "p_2d", "min": -180.0, "bits": 20},
    ),
    (
        "projection",
        {"key": {"$**": 1}, "wildcardProjection": {"b": {"c": 1}, "a": True, "_id": 0}},
        {"v": 2, "key": {"$**": 1}, "name": "$**_1", "wildcardProjection": {"a": 1, "b.c": True}},
    ),
]


@pytest.mark.parametrize(
    ("authored", "listed"), [pair[1:] for pair in AUTHORED_AND_LISTED], ids=[pair[0] for pair in AUTHORED_AND_LISTED]
)
def test_what_is_written_is_what_is_listed(authored: dict[str, Any], listed: dict[str, Any]) -> None:
    """Both forms of one index are one object, and its command makes it again."""
    ours, theirs = normal_index("notes", authored), normal_index("notes", listed, live=True)

    assert ours == theirs
    assert ours.command == theirs.command
    assert normal_index("notes", json.loads(theirs.command)) == theirs


def test_an_index_without_collation_inherits_only_where_it_is_written() -> None:
    """Absence means the collection's collation in createIndexes, and none in listIndexes."""
    german = normal_collection({"name": "notes", "options": {"collation": {"locale": "de"}}}).collation
    written = normal_index("notes", {"key": {"a": 1}}, collation=german)
    listed = normal_index("notes", {"v": 2, "key": {"a": 1}, "name": "a_1"}, collation=german, live=True)

    assert written.collation == german
    assert listed.collation is None
    assert json.loads(listed.command)["collation"] == {"locale": "simple"}


def test_a_text_index_never_inherits() -> None:
    """MongoDB refuses a collation on text, so the one of the collection has to be declined."""
    german = normal_collection({"name": "notes", "options": {"collation": {"locale": "de"}}}).collation
    index = normal_index("notes", {"key": {"a": "text"}}, collation=german)

    assert index.collation is None
    assert json.loads(index.command)["collation"] == {"locale": "simple"}


SAME_CONDITIONS: list[list[dict[str, Any]]] = [
    [{"b": 1}, {"b": {"$eq": 1}}, {"b": {"$in": [1]}}, {"$or": [{"b": 1}]}, {"$and": [{"b": 1.0}]}],
    [{"b": 1, "c": 2}, {"c": 2, "b": 1}, {"$and": [{"b": 1}, {"c": 2}]}, {"$and": [{"$and": [{"c": 2}]}, {"b": 1}]}],
    [{"a": {"$gt": 1, "$lt": 5}}, {"a": {"$lt": 5, "$gt": 1}}, {"$and": [{"a": {"$lt": 5}}, {"a": {"$gt": 1}}]}],
    [{"a": {"$exists": True}}, {"a": {"$exists": 1}}],
    [{"a": {"$type": "string"}}, {"a": {"$type": 2}}, {"a": {"$type": [2]}}],
    [{"$or": [{"b": 1}, {"b": 2}]}, {"b": {"$in": [2, 1, 1]}}],
    [
        {"$jsonSchema": {"required": ["a", "b"], "bsonType": ["int", "long"]}},
        {"$jsonSchema": {"bsonType": ["long", "int"], "required": ["b", "a"]}},
    ],
    [{"$jsonSchema": {"enum": [1, {"p": 1, "q": 2}]}}, {"$jsonSchema": {"enum": [{"q": 2, "p": 1}, 1.0]}}],
]
OTHER_CONDITIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"b": 1}, {"b": True}),
    ({"b": 1}, {"b": 2}),
    ({"b": {"p": 1, "q": 2}}, {"b": {"q": 2, "p": 1}}),
    ({"b": "x"}, {"b": "X"}),
    ({"b": {"$gt": 1}}, {"b": {"$gte": 1}}),
    ({"$expr": {"$gt": ["$a", 1]}}, {"$expr": {"$gt": ["$a", 1.0]}}),
    ({"$jsonSchema": {"properties": {"a": {}}}}, {"$jsonSchema": {"properties": {"b": {}}}}),
    ({"$jsonSchema": {"minimum": 1}}, {"$jsonSchema": {"minimum": 2}}),
    ({"b": {"$oid": "64b7f0f0f0f0f0f0f0f0f0f0"}}, {"b": {"$oid": "64b7f0f0f0f0f0f0f0f0f0f1"}}),
]


@pytest.mark.parametrize("conditions", SAME_CONDITIONS, ids=lambda found: str(found[0])[:40])
def test_conditions_with_one_meaning_are_one_text(conditions: list[dict[str, Any]]) -> None:
    """Each spelling of a condition gives the same normal form, and the normal form gives itself."""
    forms = {normal_match(condition) for condition in conditions}

    assert len(forms) == 1
    assert normal_match(json.loads(next(iter(forms)))) == next(iter(forms))


@pytest.mark.parametrize(("first", "second"), OTHER_CONDITIONS)
def test_conditions_with_two_meanings_are_two_texts(first: dict[str, Any], second: dict[str, Any]) -> None:
    """What the server tells apart stays apart."""
    assert normal_match(first) != normal_match(second)


COLLECTIONS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"validationLevel": "strict", "validationAction": "error"}, {}),
    ({"validator": {}}, {}),
    ({"capped": True, "size": 1000}, {"capped": True, "size": 1024}),
    ({"capped": True, "size": 5000.5, "max": 2147483647}, {"capped": True, "size": 5120}),
    ({"capped": False}, {}),
    (
        {"timeseries": {"timeField": "t"}},
        {"timeseries": {"timeField": "t", "granularity": "seconds", "bucketMaxSpanSeconds": 3600}},
    ),
    (
        {"clusteredIndex": {"key": {"_id": 1}, "unique": True}},
        {"clusteredIndex": {"v": 2, "key": {"_id": 1.0}, "name": "_id_", "unique": True}},
    ),
    ({"changeStreamPreAndPostImages": {"enabled": False}}, {}),
    ({"collation": {"locale": "de", "strength": 2}}, {"collation": FULL_GERMAN}),
    ({"collation": {"locale": "simple"}}, {}),
]


@pytest.mark.parametrize(("authored", "listed"), COLLECTIONS)
def test_collection_options(authored: dict[str, Any], listed: dict[str, Any]) -> None:
    """What is written for a collection is what the server lists."""
    ours = normal_collection({"name": "notes", "options": authored})

    assert ours == normal_collection({"name": "notes", "options": listed})


def test_a_lifetime_of_zero_is_one() -> None:
    """0 seconds are a lifetime, not its absence."""
    options = {"clusteredIndex": {"key": {"_id": 1}, "unique": True}, "expireAfterSeconds": 0}
    collection = normal_collection({"name": "notes", "options": options})

    assert collection.expire_after_seconds == 0
    assert json.loads(collection.command)["expireAfterSeconds"] == 0


def test_no_option_goes_unnoticed() -> None:
    """An option that the model has no attribute for is compared all the same."""
    odd = normal_collection({"name": "notes", "options": {"recordPreImages": True}})

    assert odd != normal_collection({"name": "notes"})
    assert odd.options == (("recordPreImages", "true"),)


def test_a_uuid_is_read_but_not_compared() -> None:
    """The identity of a collection pins commands to it; it is none of its attributes."""
    listed = {"name": "notes", "info": {"uuid": {"$binary": {"base64": "ABEiM0RVZneImaq7zN3u/w==", "subType": "04"}}}}
    collection = normal_collection(listed)

    assert collection.uuid == "00112233-4455-6677-8899-aabbccddeeff"
    assert collection == normal_collection({"name": "notes"})


def test_pipelines_are_compared_to_the_letter() -> None:
    """A stage computes: the order of keys and the type of a number may change what comes out."""
    views = [
        normal_view({"name": "v", "options": {"viewOn": "notes", "pipeline": [stage]}})
        for stage in (
            {"$match": {"a": 1}},
            {"$match": {"a": 1.0}},
            {"$project": {"a": 1, "b": 1}},
            {"$project": {"b": 1, "a": 1}},
        )
    ]

    assert len(set(views)) == 4


def test_names_and_primaries() -> None:
    """The default name is the drivers', and the index on `_id` is none of ours."""
    assert default_name({"a": 1.0, "b": -1, "c": "text"}) == "a_1_b_-1_c_text"
    assert is_primary({"name": "_id_", "key": {"_id": 1}})
    assert is_primary({"name": "byId", "key": {"_id": 1}, "clustered": True})
    assert not is_primary({"name": "a_1", "key": {"a": 1}})
