"""Entities to collections: what each word of the language becomes, and what MongoDB cannot say."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from schematool.core.catalog import Id
from schematool.core.diagnostic import Findings
from schematool.core.load import load
from schematool.core.lower.mongo import lower, seconds
from schematool.core.model.mongo import Collection, Index, Sharding, View

if TYPE_CHECKING:
    from schematool.core.lower import Draft

UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"


def lowered(schema: str) -> tuple[Draft, Findings]:
    """Load and lower one file."""
    model, _ = load({"schema/clinic.yaml": schema})
    found = Findings()
    return lower(model, found), found


def options(body: str) -> dict[str, Any]:
    """Give the options that create gets for an entity with this body; nothing may be wrong with it."""
    draft, found = lowered(f"entity: notes\nstore: mongo\n{body}")
    assert not found, list(found)
    (collection,) = [thing for thing in draft.catalog if isinstance(thing, Collection)]
    read: dict[str, Any] = json.loads(collection.command)
    return read


def schema_of(field: str) -> dict[str, Any]:
    """Give the sub-schema of a field."""
    made: dict[str, Any] = options(f"fields:\n  f: {field}")["validator"]["$jsonSchema"]["properties"]["f"]
    return made


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("string", {"bsonType": "string"}),
        ("{ type: string, max_length: 5, min_length: 1 }", {"bsonType": "string", "minLength": 1, "maxLength": 5}),
        ("{ type: string, pattern: ^a }", {"bsonType": "string", "pattern": "^a"}),
        ("{ type: string, format: uuid }", {"bsonType": "string", "pattern": UUID, "minLength": 36, "maxLength": 36}),
        ("{ type: binData, format: uuid }", {"bsonType": "binData"}),
        (
            "{ any_of: [string, { type: int, minimum: 0 }] }",
            {"anyOf": [{"bsonType": "string"}, {"bsonType": "int", "minimum": 0}]},
        ),
        (
            "{ exactly_one_of: [int], all_of: [{ one_of: [1] }], not: { one_of: [2] } }",
            {"allOf": [{"enum": [1]}], "oneOf": [{"bsonType": "int"}], "not": {"enum": [2]}},
        ),
        (
            "{ type: array, items_in_order: [double, { type: string }], further_items: false }",
            {"bsonType": "array", "items": [{"bsonType": "double"}, {"bsonType": "string"}], "additionalItems": False},
        ),
        (
            "{ type: array, items_in_order: [int], further_items: string }",
            {"bsonType": "array", "items": [{"bsonType": "int"}], "additionalItems": {"bsonType": "string"}},
        ),
        (
            "{ type: object, dependencies: { a: [b], c: { type: object, fields: { d: int } } } }",
            {
                "bsonType": "object",
                "dependencies": {"a": ["b"], "c": {"bsonType": "object", "properties": {"d": {"bsonType": "int"}}}},
            },
        ),
        ("{ encrypt: { bsonType: string } }", {"encrypt": {"bsonType": "string"}}),
        ("int", {"bsonType": "int"}),
        ("long", {"bsonType": ["int", "long"]}),
        ("{ type: [long] }", {"bsonType": ["int", "long"]}),
        ("{ type: [long, string] }", {"bsonType": ["long", "string"]}),
        ("double", {"bsonType": "double"}),
        ('{ type: decimal, multiple_of: "0.01" }', {"bsonType": "decimal", "multipleOf": {"$numberDecimal": "0.01"}}),
        (
            "{ type: int, minimum: 0, exclusive_minimum: true }",
            {"bsonType": "int", "minimum": 0, "exclusiveMinimum": True},
        ),
        ("bool", {"bsonType": "bool"}),
        ("date", {"bsonType": "date"}),
        ("objectId", {"bsonType": "objectId"}),
        ("binData", {"bsonType": "binData"}),
        ("any", {}),
        ("{ type: string, nullable: true }", {"bsonType": ["string", "null"]}),
        ("{ type: string, one_of: [a, b] }", {"bsonType": "string", "enum": ["a", "b"]}),
        ("{ type: string, nullable: true, one_of: [a] }", {"bsonType": ["string", "null"], "enum": ["a", None]}),
        ("{ type: string, description: why }", {"bsonType": "string", "description": "why"}),
        ("{ type: string, default: x }", {"bsonType": "string"}),
        (
            "{ type: array, items: string, min_items: 1 }",
            {"bsonType": "array", "items": {"bsonType": "string"}, "minItems": 1},
        ),
        (
            "{ type: object, fields: { a: { type: int, required: true }, b: string }, additional_fields: false }",
            {
                "bsonType": "object",
                "required": ["a"],
                "properties": {"a": {"bsonType": "int"}, "b": {"bsonType": "string"}},
                "additionalProperties": False,
            },
        ),
        ("{ fields: { a: int } }", {"bsonType": "object", "properties": {"a": {"bsonType": "int"}}}),
        (
            "{ type: object, additional_fields: string }",
            {"bsonType": "object", "additionalProperties": {"bsonType": "string"}},
        ),
        (
            "{ type: object, field_patterns: { ^x: { type: array, items: int } } }",
            {"bsonType": "object", "patternProperties": {"^x": {"bsonType": "array", "items": {"bsonType": "int"}}}},
        ),
        ("{ type: object, dependencies: { a: [b] } }", {"bsonType": "object", "dependencies": {"a": ["b"]}}),
    ],
)
def test_a_field_becomes_a_schema(field: str, expected: dict[str, Any]) -> None:
    """Each type and word has its form in $jsonSchema."""
    assert schema_of(field) == expected


def test_a_closed_collection_lets_ids_in() -> None:
    """Without `_id` among the properties MongoDB would refuse every document."""
    schema = options("fields: { a: int }\nadditional_fields: false")["validator"]["$jsonSchema"]

    assert schema == {
        "bsonType": "object",
        "properties": {"_id": {}, "a": {"bsonType": "int"}},
        "additionalProperties": False,
    }


def test_checks_stand_beside_the_schema() -> None:
    """Conditions over several fields are expressions."""
    validator = options("fields: { a: int }\nchecks: { one: { $gt: [$a, $b] }, two: { $ne: [$a, 3] } }")["validator"]

    assert [next(iter(clause)) for clause in validator["$and"]] == ["$jsonSchema", "$expr", "$expr"]
    assert validator["$and"][1] == {"$expr": {"$gt": ["$a", "$b"]}}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("validation: { level: moderate, action: warn }", {"validationLevel": "moderate", "validationAction": "warn"}),
        ("validation: false\nfields: { a: int }", {}),
        ("capped: { size: 1000, max: 3 }", {"capped": True, "size": 1000, "max": 3}),
        (
            "clustered: true\nexpire_after: 1d",
            {"clusteredIndex": {"key": {"_id": 1}, "name": "_id_", "unique": True}, "expireAfterSeconds": 86400},
        ),
        (
            "time_series: { time_field: t, granularity: hours }\nfields: { t: date }",
            {"timeseries": {"granularity": "hours", "timeField": "t"}},
        ),
        ("collation: { locale: de, numeric_ordering: true }", {"collation": {"locale": "de", "numericOrdering": True}}),
        ("pre_and_post_images: true", {"changeStreamPreAndPostImages": {"enabled": True}}),
    ],
)
def test_options_of_a_collection(body: str, expected: dict[str, Any]) -> None:
    """Each word of an entity becomes the option of create."""
    assert options(body) == expected


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ("{ on: a }", {"key": {"a": 1}, "name": "a_1"}),
        ("{ on: { a: 1, b: -1 }, unique: true, name: x }", {"key": {"a": 1, "b": -1}, "name": "x", "unique": True}),
        ("{ on: a, expire_after: 30d }", {"key": {"a": 1}, "name": "a_1", "expireAfterSeconds": 2592000}),
        (
            "{ on: a, where: { b: { $gt: 1 } } }",
            {"key": {"a": 1}, "name": "a_1", "partialFilterExpression": {"b": {"$gt": 1}}},
        ),
        ("{ on: a, sparse: true, hidden: true }", {"key": {"a": 1}, "name": "a_1", "sparse": True, "hidden": True}),
        (
            "{ on: { b: text, a: text }, weights: { b: 3 }, default_language: none, language_override: l }",
            {
                "key": {"a": "text", "b": "text"},
                "name": "b_text_a_text",
                "weights": {"b": 3},
                "default_language": "none",
                "language_override": "l",
            },
        ),
        (
            '{ on: { "$**": 1 }, wildcard_projection: { a: 1 } }',
            {"key": {"$**": 1}, "name": "$**_1", "wildcardProjection": {"a": 1}},
        ),
        (
            "{ on: { p: 2d }, bits: 20, min: -90, max: 90.5 }",
            {"key": {"p": "2d"}, "name": "p_2d", "bits": 20, "min": -90, "max": 90.5},
        ),
        (
            "{ on: { p: 2dsphere }, sphere_version: 2 }",
            {"key": {"p": "2dsphere"}, "name": "p_2dsphere", "2dsphereIndexVersion": 2},
        ),
        ("{ on: { a: hashed } }", {"key": {"a": "hashed"}, "name": "a_hashed"}),
    ],
)
def test_an_index_becomes_a_specification(index: str, expected: dict[str, Any]) -> None:
    """Each word of an index becomes the option of createIndexes; its name is the drivers' unless it has one."""
    draft, found = lowered(f"entity: notes\nstore: mongo\nindexes:\n  - {index}")
    (made,) = [thing for thing in draft.catalog if isinstance(thing, Index)]

    assert not found
    assert json.loads(made.command) == expected
    assert (made.id, Id("collection", ("notes",))) in draft.catalog.needs


def test_views_buckets_and_shard_keys() -> None:
    """A bucket is two collections with the indexes of the GridFS specification."""
    draft, found = lowered(
        "bucket: fs\nindexes: [{ on: uploadDate }]\n---\n"
        "view: v\nstore: mongo\nfrom: notes\npipeline: [{ $match: { a: 1 } }]\n"
        "---\nentity: notes\nstore: mongo\nshard_key: { on: { a: hashed } }\n"
        "indexes: [{ on: { a: hashed } }]"
    )

    assert not found
    assert [str(thing.id) for thing in draft.catalog] == [
        "collection fs.chunks",
        "collection fs.files",
        "collection notes",
        "index fs.chunks.files_id_1_n_1",
        "index fs.files.filename_1_uploadDate_1",
        "index fs.files.uploadDate_1",
        "index notes.a_hashed",
        "sharding notes",
        "view v",
    ]
    assert [type(thing) for thing in draft.catalog][-2:] == [Sharding, View]


SHARDED = "shard_key: { on: { a: 1, b: 1 }, zones: %s }\nindexes: [{ on: { a: 1, b: 1 } }]"


def test_zones_are_completed_as_the_router_does() -> None:
    """A bound that leaves out the last fields of the key begins at their lowest value; 1.0 is 1."""
    zones = (
        "[{ zone: US, from: { a: 5, b: 2 }, to: { a: { $maxKey: 1 } } }, { zone: EU, from: { a: 1.0 }, to: { a: 5 } }]"
    )
    draft, found = lowered(f"entity: notes\nstore: mongo\n{SHARDED % zones}")
    (sharding,) = [thing for thing in draft.catalog if isinstance(thing, Sharding)]
    low = {"$minKey": 1}

    assert not found
    assert sharding.key == (("a", "1"), ("b", "1"))
    assert [(zone, json.loads(first), json.loads(last)) for zone, first, last in sharding.zones] == [
        ("EU", {"a": 1, "b": low}, {"a": 5, "b": low}),
        ("US", {"a": 5, "b": 2}, {"a": {"$maxKey": 1}, "b": low}),
    ]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("shard_key: { on: { a: 1 } }", "no index begins with the shard key { a: 1 }"),
        ("shard_key: { on: { a: 1 } }\nindexes: [{ on: a, sparse: true }]", "no index begins"),
        ("shard_key: { on: { a: 1 } }\ncollation: { locale: de }\nindexes: [{ on: a }]", "no index begins"),
        ("shard_key: { on: { a: 1 }, unique: true }\nindexes: [{ on: a }]", "needs a unique index on { a: 1 }"),
        (
            "shard_key: { on: { a: hashed }, unique: true }\nindexes: [{ on: { a: hashed }, unique: true }]",
            "cannot be unique",
        ),
        (
            "shard_key: { on: { a: hashed, b: hashed } }\nindexes: [{ on: { a: hashed, b: hashed } }]",
            "one hashed field",
        ),
        ("fields: { a: { type: array } }\nshard_key: { on: { a: 1 } }\nindexes: [{ on: a }]", "`a` is an array"),
        ("capped: { size: 4096 }\nshard_key: { on: { _id: 1 } }", "no capped collection"),
        (
            "shard_key: { on: { a: 1 } }\nindexes: [{ on: a }, { on: { b: 1, a: 1 }, unique: true }]",
            "must begin with its shard key (a)",
        ),
        (
            "time_series: { time_field: t, meta_field: m }\nshard_key: { on: { t: 1, m.x: 1 } }\n"
            "indexes: [{ on: { t: 1, m.x: 1 } }]",
            "`t`: a time series",
        ),
        (SHARDED % "[{ zone: Z, from: { b: 1 }, to: { b: 2 } }]", "must name the first fields"),
        (SHARDED % "[{ zone: Z, from: { a: 2 }, to: { a: 1 } }]", "holds nothing"),
        (
            "shard_key: { on: { a: hashed }, zones: [{ zone: Z, from: { a: x }, to: { a: z } }] }\n"
            "indexes: [{ on: { a: hashed } }]",
            "is hashed: the zone `Z` is a range of hashes",
        ),
        (
            SHARDED % "[{ zone: Z, from: { a: 1 }, to: { a: 5, b: 1 } }, { zone: Y, from: { a: 5 }, to: { a: 7 } }]",
            "overlap",
        ),
    ],
)
def test_what_a_router_would_refuse_is_found(body: str, said: str) -> None:
    """Without a router: keys without their index, unique indexes that no shard could check, zones that overlap."""
    _, found = lowered(f"entity: notes\nstore: mongo\n{body}")

    assert [(one.code, said in one.message) for one in found][:1] == [("ST136", True)], list(found)
    assert all(one.span and one.hint for one in found)


@pytest.mark.parametrize(
    ("index", "said"),
    [
        ("{ on: m.x, unique: true }", "no unique index"),
        ("{ on: { v: text } }", "no text index"),
        ("{ on: t, expire_after: 1h }", "expire together"),
        ("{ on: v, sparse: true }", "no sparse index"),
        ("{ on: { v: hashed } }", "no `hashed` index"),
        ("{ on: { t: 1, p: 2d } }", "no `2d` index"),
        ("{ on: { $**: 1 } }", "all fields"),
        ("{ on: { m.x: hashed }, sparse: true }", None),
        ("{ on: { m.p: 2d } }", None),
        ("{ on: { p: 2dsphere, v: 1, t: -1 }, hidden: true }", None),
        ("{ on: { m.$**: 1 } }", None),
        ("{ on: t, expire_after: 1h, where: { m.x: 1 } }", None),
    ],
)
def test_indexes_of_a_time_series(index: str, said: str | None) -> None:
    """What MongoDB refuses on measurements is refused here, with what to write instead."""
    _, found = lowered(
        f"entity: n\nstore: mongo\ntime_series: {{ time_field: t, meta_field: m }}\nindexes:\n  - {index}"
    )

    assert [one.code for one in found] == (["ST131"] if said else []), list(found)
    assert said is None or (said in found[0].message and found[0].hint)


def test_a_sharded_time_series_and_what_belongs_together() -> None:
    """What MongoDB takes is not held up: `_id`, a key in the metadata, ranges of zones side by side."""
    for body in (
        "shard_key: { on: { _id: 1 } }",
        "shard_key: { on: { _id: hashed } }\nindexes: [{ on: { _id: hashed } }]",
        "time_series: { time_field: t, meta_field: m }\nshard_key: { on: { m.x: 1, t: 1 } }\n"
        "indexes: [{ on: { m.x: 1, t: 1 } }]",
        "shard_key: { on: { a: 1 }, unique: true }\nindexes: [{ on: a, unique: true }]",
        SHARDED % "[{ zone: Z, from: { a: 1 }, to: { a: 5 } }, { zone: Y, from: { a: 5 }, to: { a: 7 } }]",
    ):
        assert list(lowered(f"entity: notes\nstore: mongo\n{body}")[1]) == [], body


def test_renames_in_the_order_in_which_they_are_made() -> None:
    """Collections first, then fields, outer before inner, then indexes; each names what stands by then."""
    draft, found = lowered(
        "entity: records\nwas: notes\nstore: mongo\nfields:\n"
        "  out: { type: object, was: in, fields: { c: { type: int, was: a } } }\n"
        "  list: { type: array, items: { type: object, fields: { d: { type: int, was: b } } } }\n"
        "indexes:\n  - { on: list.d, was: old }"
    )

    assert not found
    assert [(one.before.path, one.after.path) for one in draft.renames] == [
        (("notes",), ("records",)),
        (("records", "in"), ("records", "out")),
        (("records", "out.a"), ("records", "out.c")),
        (("records", "list[].b"), ("records", "list[].d")),
        (("records", "old"), ("records", "list.d_1")),
    ]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("fields:\n  born: { type: date, minimum: 3 }", "ST130", "`minimum` says nothing about `date`"),
        ("fields:\n  n: { type: int, max_length: 3 }", "ST130", "`max_length` says nothing about `int`"),
        ("fields:\n  n: { type: string, items: int }", "ST130", "`items` belongs to the type `array`"),
        ("fields:\n  n: { type: int, exclusive_minimum: true }", "ST130", "without `minimum`"),
        ("fields:\n  n: { one_of: [1, 1.0] }", "ST130", "twice"),
        ("fields:\n  n: { type: string, format: uuid, pattern: x }", "ST130", "`format` beside `pattern`"),
        ("fields:\n  a.b: int", "ST130", "cannot name a field"),
        ("fields:\n  a: { type: array, items: int, items_in_order: [int] }", "ST130", "beside `items_in_order`"),
        ("fields:\n  a: { type: array, further_items: false }", "ST130", "says nothing"),
        ("fields:\n  a: { type: string, items_in_order: [int] }", "ST130", "says nothing about `string`"),
        ("checks: { x: { $where: 'true' } }", "ST130", "`$where`"),
        ("time_series: { time_field: t }\nvalidation: { level: strict }", "ST130", "time series"),
        ("indexes: [{ on: { a: hashed }, expire_after: 1d }]", "ST131", "`expire_after`"),
        ("indexes: [{ on: { a: 1, b: 1 }, expire_after: 1d }]", "ST131", "`expire_after`"),
        ("indexes: [{ on: a }, { on: a, sparse: true }]", "ST131", "called `a_1`"),
        ("was: old\ntime_series: { time_field: t }", "ST132", "cannot rename a time series"),
        ("validation: false\nfields: { a: { type: int, was: b } }", "ST132", "has no validator"),
        (
            "fields: { a: { type: int, was: b } }\nshard_key: { on: { a: 1 } }\nindexes: [{ on: a }]",
            "ST132",
            "`a` is in the shard key",
        ),
        ("encrypted_fields: { fields: [] }\nvalidation: { level: moderate }", "ST130", "strictly"),
        (
            "encrypted_fields: { fields: [] }\nindexes: [{ on: a, expire_after: 1d }]",
            "ST131",
            "no index with a lifetime",
        ),
        ("was: old\nencrypted_fields: { fields: [] }", "ST132", "an encrypted collection cannot be renamed"),
    ],
)
def test_what_mongodb_cannot_do_is_found(body: str, code: str, said: str) -> None:
    """Each has a place in the file and a hint."""
    _, found = lowered(f"entity: notes\nstore: mongo\n{body}")

    assert [(one.code, said in one.message) for one in found] == [(code, True)]
    assert found[0].span is not None
    assert found[0].hint


@pytest.mark.parametrize(
    ("field", "instead"),
    [
        ("{ type: uuid }", "string, format: uuid"),
        ("{ type: integer }", "`int`"),
        ("{ type: boolean }", "`bool`"),
        ("{ type: timestamptz }", "`date`"),
        ("{ const: 1 }", "one_of: [VALUE]"),
        ("{ $ref: x }", "YAML anchor"),
        ("{ contains: int }", "$in: [VALUE, $field]"),
        ("{ oneOf: [int] }", "exactly_one_of"),
        ("{ anyOf: [int] }", "any_of"),
        ("{ if: int }", "$cond"),
        ("{ prefixItems: [int] }", "items_in_order"),
        ("{ minLength: 1 }", "min_length"),
        ("{ propertyNames: x }", "field_patterns"),
    ],
)
def test_what_mongodb_does_not_accept_has_another_way(field: str, instead: str) -> None:
    """Types of other languages and words of other JSON Schemas are refused with what to write."""
    model, found = load({"schema/a.yaml": f"entity: notes\nstore: mongo\nfields:\n  a: {field}"})
    lower(model, found)

    assert [instead in str(one.hint) for one in found][:1] == [True], list(found)


def test_words_of_a_whole_document() -> None:
    """A document is put together and counted as an object is."""
    made = options(
        "any_of: [{ type: object, fields: { a: { type: any, required: true } } }]\nmin_fields: 2\n"
        "field_patterns: { ^x: int }\ndependencies: { a: [b] }\nencrypt_metadata: { keyId: [] }"
    )["validator"]["$jsonSchema"]

    assert made == {
        "bsonType": "object",
        "anyOf": [{"bsonType": "object", "required": ["a"], "properties": {"a": {}}}],
        "minProperties": 2,
        "patternProperties": {"^x": {"bsonType": "int"}},
        "dependencies": {"a": ["b"]},
        "encryptMetadata": {"keyId": []},
    }


def test_bounds_of_dates_have_another_way() -> None:
    """The hint can be pasted."""
    _, found = lowered(
        "entity: notes\nstore: mongo\nfields:\n  in: { type: object, fields: { born: { type: date, maximum: 3 } } }"
    )

    assert '{ $lte: ["$in.born", { $date: "2020-01-01T00:00:00Z" }] }' in str(found[0].hint)


@pytest.mark.parametrize(
    ("written", "expected"), [(5, 5), ("90s", 90), ("2m", 120), ("1h", 3600), ("30d", 2592000), ("1w", 604800)]
)
def test_durations(written: int | str, expected: int) -> None:
    """Seconds, or a number with a unit."""
    assert seconds(written) == expected


def test_postgres_is_left_alone() -> None:
    """The twin compiles that."""
    draft, found = lowered("entity: users\nstore: postgres\nfields: { id: uuid }")

    assert len(draft.catalog) == 0
    assert not found
