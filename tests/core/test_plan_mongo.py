"""Plans for MongoDB: which commands, in which order, with which hazards. What they do is proven on a real server."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from schematool.core.catalog import Catalog, Id
from schematool.core.change import Renamed
from schematool.core.diagnostic import Findings
from schematool.core.diff import diff
from schematool.core.load import load
from schematool.core.lower.mongo import lower
from schematool.core.model.mongo_match import normal_schema
from schematool.core.model.mongo_normal import normal_collection
from schematool.core.plan import Style
from schematool.core.plan.mongo import align, build, plan, rename
from schematool.core.plan.mongo.paths import Path, condition_with, schema_with, stage_with
from schematool.core.plan.mongo.validators import looser, tightens

if TYPE_CHECKING:
    from schematool.core.extended_json import Value
    from schematool.core.model.mongo import Collection
    from schematool.core.step import Step

EMPTY = Catalog.of("mongo", ())


def catalog(*indexes: str, body: str = "", more: str = "") -> Catalog:
    """Compile an entity `notes` with these indexes, and whatever else."""
    listed = "".join(f"  - {index}\n" for index in indexes)
    text = f"entity: notes\nstore: mongo\n{body}\n" + (f"indexes:\n{listed}" if indexes else "") + more
    model, _ = load({"schema/notes.yaml": text})
    found = Findings()
    draft = lower(model, found)
    assert not found, list(found)
    return draft.catalog


def commands(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    """Read the statements of a plan."""
    return [json.loads(step.statement) for step in steps]


def test_from_nothing_and_back() -> None:
    """A new collection gets all of its indexes at once; the way back says what is lost."""
    after = catalog("{ on: a }", "{ on: b }")
    up = plan(EMPTY, after)
    down = plan(after, EMPTY, Style(online=False, undoes=up))

    assert commands(up) == [
        {"create": "notes"},
        {"createIndexes": "notes", "indexes": [{"key": {"a": 1}, "name": "a_1"}, {"key": {"b": 1}, "name": "b_1"}]},
    ]
    assert commands(down) == [{"drop": "notes"}]
    assert [hazard.code for step in down for hazard in step.hazards] == ["ST201"]
    assert not any(step.alone for step in up), "one file holds the whole"


def test_what_is_dropped_is_put_aside() -> None:
    """Its documents go nowhere, and the way back fetches them instead of making the collection anew."""
    before = catalog("{ on: a }")
    up = plan(before, EMPTY)
    down = plan(EMPTY, before, Style(online=False, undoes=up))

    assert commands(up) == [{"renameCollection": "notes", "to": "_schematool_trash.notes"}]
    assert commands(down) == [{"renameCollection": "_schematool_trash.notes", "to": "notes"}]
    assert [hazard.code for step in up for hazard in step.hazards] == ["ST304"]
    assert [hazard for step in down for hazard in step.hazards] == []


@pytest.mark.parametrize(
    "more",
    ["time_series: { time_field: at }", "encrypted_fields: { fields: [{ path: a, bsonType: string }] }"],
)
def test_what_cannot_be_put_aside_is_dropped(more: str) -> None:
    """MongoDB renames no time series and no encrypted collection: these lose their documents, and say so."""
    steps = plan(catalog(body=more), EMPTY)

    assert commands(steps) == [{"drop": "notes"}]
    assert [hazard.code for hazard in steps[0].hazards] == ["ST201"]


def test_an_index_is_hidden_before_it_is_dropped() -> None:
    """Until the second command it can be had back in no time; one that is hidden already is only dropped."""
    steps = commands(plan(catalog("{ on: a }", "{ on: b, hidden: true }"), catalog()))

    assert steps == [
        {"collMod": "notes", "index": {"name": "a_1", "hidden": True}},
        {"dropIndexes": "notes", "index": ["a_1", "b_1"]},
    ]


def test_nothing_to_do() -> None:
    """Equal catalogs need no command."""
    same = catalog("{ on: a }", body="fields: { a: int }")

    assert plan(same, same) == ()


def test_an_index_is_never_missing() -> None:
    """The bridge is there before the old one goes, and goes after the new one is there."""
    steps = commands(plan(catalog("{ on: a, name: x }"), catalog("{ on: a, name: x, sparse: true }")))

    assert steps == [
        {"createIndexes": "notes", "indexes": [{"key": {"a": 2}, "name": "x__bridge", "sparse": True}]},
        {"dropIndexes": "notes", "index": "x"},
        {"createIndexes": "notes", "indexes": [{"key": {"a": 1}, "name": "x", "sparse": True}]},
        {"dropIndexes": "notes", "index": "x__bridge"},
    ]


def test_a_bridge_never_deletes_documents() -> None:
    """The bridge of an index with a lifetime has none."""
    steps = commands(plan(catalog("{ on: a, expire_after: 1d }"), catalog("{ on: a }")))

    assert [index.get("expireAfterSeconds") for step in steps for index in step.get("indexes", [])] == [None, None]


def test_a_bridge_of_a_special_index_has_an_empty_filter() -> None:
    """Only a number can be another number; the others get a filter that every document passes."""
    steps = commands(plan(catalog("{ on: { p: 2d } }"), catalog("{ on: { p: 2d }, bits: 20 }")))

    assert steps[0]["indexes"] == [
        {"key": {"p": "2d"}, "name": "p_2d__bridge", "partialFilterExpression": {}, "bits": 20}
    ]


def test_text_leaves_a_gap_and_says_so() -> None:
    """MongoDB has room for one text index."""
    steps = plan(catalog("{ on: { a: text } }"), catalog("{ on: { a: text, b: text } }"))

    assert [next(iter(command)) for command in commands(steps)] == ["dropIndexes", "createIndexes"]
    assert [hazard.code for hazard in steps[0].hazards] == ["ST302"]


def test_a_full_collection_has_no_room_for_bridges() -> None:
    """MongoDB has room for 64 indexes; where both do not fit the old one goes first, and the plan says so."""
    others = [f"{{ on: f{number} }}" for number in range(62)]
    steps = plan(catalog("{ on: a, name: x }", *others), catalog("{ on: b, name: x }", *others))

    assert [next(iter(command)) for command in commands(steps)] == ["dropIndexes", "createIndexes"]
    assert [hazard.code for step in steps for hazard in step.hazards] == ["ST302"]


FORBIDDEN = [
    ('{ on: { "$**": 1 } }', '{ on: { "$**": 1 }, where: { a: 1 } }'),
    ("{ on: a, unique: true }", "{ on: a }"),
    ("{ on: a, expire_after: 1d }", "{ on: a }"),
]


@pytest.mark.parametrize(("before", "after"), FORBIDDEN)
def test_only_known_transitions_are_sent(before: str, after: str) -> None:
    """The command collMod is not used where MongoDB refuses it, or aborts."""
    assert not [step for step in commands(plan(catalog(before), catalog(after))) if "collMod" in step]


BY_DEGREES = [
    {"collMod": "notes", "index": {"name": "a_1", "prepareUnique": True}},
    {"collMod": "notes", "index": {"name": "a_1", "unique": True}, "dryRun": True},
    {"collMod": "notes", "index": {"name": "a_1", "unique": True}},
]


def test_unique_by_degrees() -> None:
    """New duplicates are refused before old ones are listed, and these are listed before it is unique."""
    assert commands(plan(catalog("{ on: a }"), catalog("{ on: a, unique: true }"))) == BY_DEGREES


def test_a_new_unique_index_is_built_first() -> None:
    """The long build refuses nothing and fails for nothing; options stay with it."""
    steps = commands(plan(catalog(), catalog("{ on: a, unique: true, sparse: true, expire_after: 1d }", "{ on: b }")))
    built = [
        {"key": {"a": 1}, "name": "a_1", "sparse": True, "expireAfterSeconds": 86400},
        {"key": {"b": 1}, "name": "b_1"},
    ]

    assert steps == [{"createIndexes": "notes", "indexes": built}, *BY_DEGREES]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((), ("{ on: { a: 1, b: hashed }, unique: true }",)),
        (("{ on: a, name: x }",), ("{ on: a, name: x }", "{ on: a, unique: true }")),
        (("{ on: a, unique: true }",), ("{ on: a, unique: true }", "{ on: a, unique: true, sparse: true, name: x }")),
    ],
)
def test_unique_at_once_where_nothing_else_will_do(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    """A special key, a twin in its place, or documents that are known to be unique already."""
    (step,) = commands(plan(catalog(*before), catalog(*after)))

    assert [index["unique"] for index in step["indexes"]] == [True]


def test_unique_in_a_new_collection_and_on_the_way_back() -> None:
    """There are no documents to look at, or no time for it."""
    after = catalog("{ on: a, unique: true }")

    assert [next(iter(one)) for one in commands(plan(EMPTY, after))] == ["create", "createIndexes"]
    assert commands(plan(catalog(), after, Style(online=False))) == [
        {"createIndexes": "notes", "indexes": [{"key": {"a": 1}, "name": "a_1", "unique": True}]}
    ]


def test_a_bridge_becomes_unique_before_the_old_index_goes() -> None:
    """What breaks a new key is found, and kept out, while the old index still stands; the new one is then unique."""
    steps = commands(plan(catalog("{ on: a, name: x }"), catalog("{ on: b, name: x, unique: true }")))

    assert [index.get("unique") for step in steps for index in step.get("indexes", [])] == [None, True]
    assert [next(iter(one)) for one in steps] == [
        "createIndexes",
        *["collMod"] * 3,
        "dropIndexes",
        "createIndexes",
        "dropIndexes",
    ]
    assert {one["index"]["name"] for one in steps if "collMod" in one} == {"x__bridge"}


def test_a_validator_is_moderate_before_it_is_strict() -> None:
    """New documents are checked while old ones are looked for; looser ones, and the way back, need no second step."""
    before, after = catalog(body="fields: { a: int }"), catalog(body="fields: { a: { type: int, required: true } }")
    moderate = catalog(body="fields: { a: { type: int, required: true } }\nvalidation: { level: moderate }")

    first, second = commands(plan(before, after))
    assert (first["validationLevel"], first["validationAction"]) == ("moderate", "error")
    assert second == {"collMod": "notes", "validationLevel": "strict"}
    assert commands(plan(moderate, after)) == [second]
    assert [hazard.code for step in plan(moderate, after) for hazard in step.hazards] == ["ST301"]
    assert [one["validationLevel"] for one in commands(plan(after, before))] == ["strict"]
    assert [one["validationLevel"] for one in commands(plan(before, moderate))] == ["moderate"]
    assert [one["validationLevel"] for one in commands(plan(before, after, Style(online=False)))] == ["strict"]


def test_validation_is_written_in_full() -> None:
    """What it is not told collMod leaves alone, so the way back would not be one."""
    steps = commands(plan(catalog(body="fields: { a: int }\nvalidation: { level: moderate }"), catalog()))

    assert steps == [{"collMod": "notes", "validator": {}, "validationLevel": "strict", "validationAction": "error"}]


def test_views_stand_between() -> None:
    """What takes a name goes before what gets it."""
    view = "\n---\nview: v\nstore: mongo\nfrom: notes\npipeline: []"
    table = "\n---\nentity: v\nstore: mongo"

    assert [next(iter(one)) for one in commands(plan(catalog(more=view), catalog(more=table)))] == ["drop", "create"]
    assert [next(iter(one)) for one in commands(plan(catalog(more=table), catalog(more=view)))] == [
        "renameCollection",
        "create",
    ]


KEYED = ("{ on: { a: 1, b: 1 } }", "{ on: { b: 1 } }", "{ on: { c: 1 }, unique: true }", "{ on: { a: 1, d: hashed } }")


def sharded(words: str = "", *indexes: str) -> Catalog:
    """Compile a collection with a shard key, and indexes that serve several."""
    return catalog(*(indexes or (*KEYED[:2], KEYED[3])), body=f"shard_key: {words}" if words else "")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "{ on: { a: 1 } }", [{"shardCollection": "notes", "key": {"a": 1}}]),
        ("{ on: { a: 1 } }", "", [{"unshardCollection": "notes"}]),
        (
            "{ on: { a: 1 } }",
            "{ on: { a: 1, b: 1 } }",
            [{"refineCollectionShardKey": "notes", "key": {"a": 1, "b": 1}}],
        ),
        (
            "{ on: { a: 1, d: hashed } }",
            "{ on: { a: 1, d: hashed }, zones: [{ zone: X, from: { a: 1, d: -7 }, to: { a: 2 } }] }",
            [
                {
                    "updateZoneKeyRange": "notes",
                    "min": {"a": 1, "d": {"$numberLong": "-7"}},
                    "max": {"a": 2, "d": {"$minKey": 1}},
                    "zone": "X",
                }
            ],
        ),
        ("{ on: { a: 1, b: 1 } }", "{ on: { a: 1 } }", [{"reshardCollection": "notes", "key": {"a": 1}}]),
        ("{ on: { a: 1 } }", "{ on: { b: 1 } }", [{"reshardCollection": "notes", "key": {"b": 1}}]),
        (
            "{ on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
            "{ on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 2 } }, "
            "{ zone: Y, from: { a: 2 }, to: { a: 3 } }] }",
            [
                {"updateZoneKeyRange": "notes", "min": {"a": 1}, "max": {"a": 3}, "zone": None},
                {"updateZoneKeyRange": "notes", "min": {"a": 1}, "max": {"a": 2}, "zone": "X"},
                {"updateZoneKeyRange": "notes", "min": {"a": 2}, "max": {"a": 3}, "zone": "Y"},
            ],
        ),
        (
            "{ on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
            "{ on: { a: 1, b: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
            [{"refineCollectionShardKey": "notes", "key": {"a": 1, "b": 1}}],
        ),
        (
            "{ on: { a: 1 }, zones: [{ zone: X, from: { a: 1 }, to: { a: 3 } }] }",
            "{ on: { b: 1 } }",
            [
                {"updateZoneKeyRange": "notes", "min": {"a": 1}, "max": {"a": 3}, "zone": None},
                {"reshardCollection": "notes", "key": {"b": 1}},
            ],
        ),
    ],
)
def test_how_a_shard_key_changes(before: str, after: str, expected: list[dict[str, Any]]) -> None:
    """In place where MongoDB can; ranges are taken away before others are given, and follow a key that grows."""
    steps = plan(sharded(before), sharded(after))

    assert commands(steps) == expected
    moved = any({"shardCollection", "reshardCollection", "unshardCollection"} & set(one) for one in expected)
    assert ("ST305" in {hazard.code for step in steps for hazard in step.hazards}) is moved


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("", "granularity: hours", [{"granularity": "minutes"}, {"granularity": "hours"}]),
        ("granularity: minutes", "granularity: hours", [{"granularity": "hours"}]),
        ("granularity: seconds", "bucket_max_span: 7200, bucket_rounding: 7200", [(7200, 7200)]),
        (
            "bucket_max_span: 7200, bucket_rounding: 7200",
            "bucket_max_span: 9000, bucket_rounding: 9000",
            [(9000, 9000)],
        ),
        ("bucket_max_span: 3000, bucket_rounding: 3000", "granularity: hours", [{"granularity": "hours"}]),
        ("granularity: hours", "granularity: minutes", None),
        ("granularity: minutes", "bucket_max_span: 7200, bucket_rounding: 7200", None),
        ("bucket_max_span: 7200, bucket_rounding: 7200", "bucket_max_span: 7000, bucket_rounding: 7000", None),
        ("bucket_max_span: 7200, bucket_rounding: 7200", "granularity: minutes", None),
        ("granularity: seconds, meta_field: m", "granularity: minutes", None),
    ],
)
def test_buckets_get_coarser_in_place_and_never_finer(before: str, after: str, expected: list[Any] | None) -> None:
    """One granularity after the other, or both numbers at once; all else makes the time series again, with consent."""
    first, last = (
        catalog(body=f"time_series: {{ time_field: t{words and ', '}{words} }}") for words in (before, after)
    )
    steps = plan(first, last)

    if expected is None:
        assert [next(iter(one)) for one in commands(steps)] == ["drop", "create"]
        return
    names = ("bucketMaxSpanSeconds", "bucketRoundingSeconds")
    assert commands(steps) == [
        {"collMod": "notes", "timeseries": one if isinstance(one, dict) else dict(zip(names, one, strict=True))}
        for one in expected
    ]
    assert {hazard.code for step in steps for hazard in step.hazards} == {"ST202"}


def test_a_unique_shard_key_is_exchanged_by_way_of_none() -> None:
    """MongoDB reshards by no unique key, so the old one goes first."""
    steps = plan(sharded("{ on: { a: 1, b: 1 } }", *KEYED[:1]), sharded("{ on: { c: 1 }, unique: true }", KEYED[2]))

    assert [next(iter(one)) for one in commands(steps)] == [
        "createIndexes",
        "collMod",
        "collMod",
        "collMod",
        "collMod",
        "unshardCollection",
        "shardCollection",
        "dropIndexes",
    ]
    assert commands(steps)[6]["unique"] is True


def test_a_new_collection_is_sharded_while_it_is_empty() -> None:
    """After its indexes, without a hazard; also one that is made again, before the documents are copied."""
    new = plan(EMPTY, sharded("{ on: { a: 1 } }"))
    body = "collation: { locale: de }\nshard_key: { on: { a: 1 } }"
    again = plan(sharded("{ on: { a: 1 } }"), catalog("{ on: a, collation: { locale: simple } }", body=body))

    assert commands(new)[2:] == [{"shardCollection": "notes", "key": {"a": 1}}]
    assert not [hazard for step in new for hazard in step.hazards]
    assert [next(iter(one)) for one in commands(again)] == [
        "create",
        "createIndexes",
        "shardCollection",
        "aggregate",
        "renameCollection",
    ]
    assert commands(again)[2] == {
        "shardCollection": "notes__rebuilt",
        "key": {"a": 1},
        "collation": {"locale": "simple"},
    }


def test_the_index_that_a_newer_server_makes_of_itself() -> None:
    """Between 6.0 and 7.0 it is no difference; on 7.0 it is not made again; by any other name it is the user's."""
    body = "time_series: { time_field: t, meta_field: m }"
    old, new = catalog(body=body), catalog("{ on: { m: 1, t: 1 } }", body=body)
    named = catalog("{ on: { m: 1, t: 1 }, name: mine }", body=body)
    old, new, named = replace(old, version="6.0.5"), replace(new, version="7.0.2"), replace(named, version="7.0.2")

    assert diff(*align(old, new)) == diff(*align(new, old)) == ()
    assert [str(change.id) for change in diff(*align(old, named))] == ["index notes.mine"]
    assert len(diff(*align(old, replace(new, version="6.2.0")))) == 1
    assert [next(iter(one)) for one in commands(plan(EMPTY, new))] == ["create"]
    assert [next(iter(one)) for one in commands(plan(EMPTY, named))] == ["create", "createIndexes"]


def test_a_renamed_collection_stays_sharded() -> None:
    """The key goes along; nothing is sharded twice."""
    before = sharded("{ on: { a: 1 } }")
    one = Renamed(Id("collection", ("notes",)), Id("collection", ("records",)))

    assert commands(tuple(up for up, _ in rename(before, [one]))) == [{"renameCollection": "notes", "to": "records"}]


def test_build_makes_collections_first() -> None:
    """An index that comes first would make its collection without options."""
    names = [
        key for key, _ in build(catalog("{ on: a }", more="\n---\nentity: other\nstore: mongo\nindexes: [{ on: b }]"))
    ]

    assert names == ["collection notes", "collection other", "index notes.a_1", "index other.b_1"]


def validated(**schema: Any) -> Collection:
    """Make a collection with this schema."""
    return normal_collection({"name": "notes", "options": {"validator": {"$jsonSchema": schema}}})


TIGHTER = [
    ({}, {"required": ["a"]}),
    ({"properties": {"a": {"bsonType": ["int", "string"]}}}, {"properties": {"a": {"bsonType": "int"}}}),
    ({"properties": {"a": {"maxLength": 9}}}, {"properties": {"a": {"maxLength": 5}}}),
    ({"properties": {"a": {}}}, {"properties": {"a": {"minimum": 0}}}),
    ({"properties": {"a": {}}}, {"properties": {"a": {"pattern": "x"}}}),
    ({"properties": {"a": {"enum": [1, 2]}}}, {"properties": {"a": {"enum": [1]}}}),
    ({"properties": {"a": {}}}, {"properties": {"a": {}}, "additionalProperties": False}),
    (
        {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
        {"properties": {"a": {}}, "additionalProperties": False},
    ),
    ({"properties": {"a": {"items": {}}}}, {"properties": {"a": {"items": {"bsonType": "int"}}}}),
    ({"properties": {"a": {"minimum": 1}}}, {"properties": {"a": {"minimum": 1, "exclusiveMinimum": True}}}),
]
AS_LOOSE = [
    ({"required": ["a", "b"]}, {"required": ["a"]}),
    ({"properties": {"a": {"bsonType": "int"}}}, {"properties": {"a": {"bsonType": "number"}}}),
    ({"properties": {"a": {}}}, {"properties": {"a": {}, "b": {"bsonType": "string"}}}),
    ({"properties": {"a": {"enum": [1]}}}, {"properties": {"a": {"enum": [1, 2]}}}),
    ({"properties": {"a": {"title": "x"}}}, {"properties": {"a": {"description": "y"}}}),
    ({"properties": {"a": {}}, "additionalProperties": False}, {"properties": {"a": {}}}),
    (
        {"properties": {"a": {}}, "additionalProperties": False},
        {"properties": {"a": {}, "b": {}}, "additionalProperties": False},
    ),
]


@pytest.mark.parametrize(("before", "after"), TIGHTER)
def test_stricter_is_seen(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Documents that were fine may be refused now."""
    assert tightens(validated(**before), validated(**after))
    assert not looser(normal_schema(after), normal_schema(before))


@pytest.mark.parametrize(("before", "after"), AS_LOOSE)
def test_looser_is_seen(before: dict[str, Any], after: dict[str, Any]) -> None:
    """No consent is asked for what can refuse nothing more."""
    assert not tightens(validated(bsonType="object", **before), validated(bsonType="object", **after))


def test_levels_and_actions() -> None:
    """From warn to error, and from moderate to strict, is stricter."""
    strict, moderate, warn = (
        normal_collection({"name": "n", "options": {"validator": {"$jsonSchema": {"required": ["a"]}}, **more}})
        for more in ({}, {"validationLevel": "moderate"}, {"validationAction": "warn"})
    )

    assert tightens(moderate, strict)
    assert tightens(warn, strict)
    assert not tightens(strict, moderate)
    assert not tightens(strict, warn)


def field(before: str, after: str) -> Renamed:
    """Rename a field of `notes`."""
    return Renamed(Id("field", ("notes", before)), Id("field", ("notes", after)))


def test_a_field_is_renamed_with_all_that_speaks_of_it() -> None:
    """Index first, so that no query is without; then documents, then the validator; then the old index goes."""
    pairs = rename(catalog("{ on: a }", body="fields: { a: int }"), [field("a", "b")])
    path = Path.of("a", "b")

    assert commands(tuple(up for up, _ in pairs)) == [
        {"createIndexes": "notes", "indexes": [{"key": {"b": 1}, "name": "b_1"}]},
        {
            "update": "notes",
            "updates": [
                {"q": {"a": {"$exists": True}, "b": {"$exists": False}}, "u": [stage_with(path)], "multi": True}
            ],
            "bypassDocumentValidation": True,
        },
        {
            "collMod": "notes",
            "validator": {"$jsonSchema": {"bsonType": "object", "properties": {"b": {"bsonType": "int"}}}},
            "validationLevel": "strict",
            "validationAction": "error",
        },
        {"dropIndexes": "notes", "index": "a_1"},
    ]
    assert [next(iter(one)) for one in commands(tuple(down for _, down in reversed(pairs)))] == [
        "createIndexes",
        "collMod",
        "update",
        "dropIndexes",
    ]


@pytest.mark.parametrize(
    "made",
    [
        (catalog(body="fields: { b: int }"), field("a", "b")),
        (catalog(body="fields: { a: int, b: int }"), field("a", "b")),
        (catalog(), field("a", "b")),
        (catalog(), Renamed(Id("collection", ("old",)), Id("collection", ("notes",)))),
        (EMPTY, Renamed(Id("collection", ("old",)), Id("collection", ("notes",)))),
        (catalog("{ on: a, name: y }"), Renamed(Id("index", ("notes", "x")), Id("index", ("notes", "y")))),
        (catalog(), Renamed(Id("view", ("v",)), Id("view", ("w",)))),
    ],
)
def test_what_is_renamed_already_is_left_out(made: tuple[Catalog, Renamed]) -> None:
    """`was` stays in the file, and must do nothing the second time."""
    assert rename(made[0], [made[1]]) == ()


def test_renames_see_those_before_them() -> None:
    """A field of a collection that is renamed in the same run has the new collection's name."""
    before = catalog("{ on: in.a }", body="fields: { in: { type: object, fields: { a: int } } }")
    renames = [
        Renamed(Id("collection", ("notes",)), Id("collection", ("records",))),
        Renamed(Id("field", ("records", "in")), Id("field", ("records", "out"))),
        Renamed(Id("field", ("records", "out.a")), Id("field", ("records", "out.b"))),
        Renamed(Id("index", ("records", "out.b_1")), Id("index", ("records", "own"))),
    ]
    ups = commands(tuple(up for up, _ in rename(before, renames)))

    assert ups[0] == {"renameCollection": "notes", "to": "records"}
    assert [one["updates"][0]["u"] for one in ups if "update" in one] == [
        [stage_with(Path.of("in", "out"))],
        [stage_with(Path.of("out.a", "out.b"))],
    ]
    assert ups[-2] == {"createIndexes": "records", "indexes": [{"key": {"out.b": 1}, "name": "own"}]}


def test_paths_are_followed_everywhere() -> None:
    """Schemas, conditions and expressions all speak of a field in their own way."""
    path = Path.of("items[].a", "items[].b")
    schema: Value = {"properties": {"items": {"items": {"properties": {"a": {}, "c": {}}, "required": ["a"]}}}}

    assert schema_with(schema, path) == {
        "properties": {"items": {"items": {"properties": {"b": {}, "c": {}}, "required": ["b"]}}}
    }
    condition: Value = {"items.a": 1, "$or": [{"items.a.x": 2}], "items.ab": 3}
    assert condition_with(condition, path) == {
        "items.b": 1,
        "$or": [{"items.b.x": 2}],
        "items.ab": 3,
    }
    expression: Value = {"$expr": {"$in": ["$items.a", ["$$ROOT.items.a", {"$literal": "$items.a"}]]}}
    assert condition_with(expression, path) == {
        "$expr": {"$in": ["$items.b", ["$$ROOT.items.b", {"$literal": "$items.a"}]]}
    }
    assert str(stage_with(Path.of("x.items[].a", "x.items[].b"))).startswith("{'$set': {'x': ")
    assert list(stage_with(Path.of("a", "b"))) == ["$replaceWith"]
