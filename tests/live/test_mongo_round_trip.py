"""Changes of Mongo schemas on a real server, with documents: up, re-read, plan again, down, compare."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from tests.live.mongo_journey import Documents, travel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from schematool.engines.contract import Engine

NOTES: Documents = {
    "notes": [
        {"_id": 1, "tags": ["p"], "b": "x", "a": 1, "place": [1.0, 2.0], "with.dot": 1},
        {"_id": 2, "a": 2, "b": "y", "tags": [], "place": [3.0, 4.0]},
    ]
}


@dataclass(frozen=True, slots=True)
class Case:
    """A change: the body of the entity `notes` (or whole documents) before and after."""

    name: str
    before: str
    after: str
    hazards: frozenset[str] = frozenset()
    commands: tuple[str, ...] | None = None
    documents: Documents = field(default_factory=lambda: NOTES)
    keeps: bool = True


def notes(*indexes: str, more: str = "") -> str:
    """Write the entity `notes` with these indexes and further keys."""
    lines = ["entity: notes", "store: mongo", *more.splitlines()]
    return "\n".join([*lines, *(["indexes:"] if indexes else []), *(f"  - {index}" for index in indexes)])


SWAP = ("createIndexes", "dropIndexes", "createIndexes", "dropIndexes")
BESIDE = ("createIndexes", "collMod", "dropIndexes")
BY_DEGREES = ("collMod", "collMod", "collMod")
MODERATE = ("collMod", "collMod")
GAP = ("dropIndexes", "createIndexes")
INDEXES = {
    "added": (["{ on: a }"], ["{ on: a }", "{ on: { b: -1, a: 1 } }"], "", ("createIndexes",)),
    "dropped": (["{ on: a }", "{ on: b }"], ["{ on: a }"], "", ("collMod", "dropIndexes")),
    "unique added": ([], ["{ on: a, unique: true }"], "", ("createIndexes", *BY_DEGREES)),
    "unique added beside": (
        ["{ on: a }"],
        ["{ on: a }", "{ on: { a: 1, b: 1 }, unique: true, where: { a: { $gt: 0 } }, collation: { locale: de } }"],
        "",
        ("createIndexes", *BY_DEGREES),
    ),
    "unique under the name of another": (
        ["{ on: b, name: x }"],
        ["{ on: a, name: x, unique: true }"],
        "",
        (SWAP[0], *BY_DEGREES, *SWAP[1:]),
    ),
    "other key, other name": (["{ on: a }"], ["{ on: { a: -1 } }"], "", BESIDE),
    "other key, same name": (["{ on: a, name: x }"], ["{ on: b, name: x }"], "", SWAP),
    "other name": (["{ on: a, name: x }"], ["{ on: a, name: y }"], "", SWAP),
    "unique": (["{ on: a }"], ["{ on: a, unique: true }"], "", BY_DEGREES),
    "unique makes room for another": (
        ["{ on: a, name: x }", "{ on: a, name: y, sparse: true }"],
        ["{ on: a, name: x, unique: true }", "{ on: a, name: y }"],
        "",
        (*BY_DEGREES, *SWAP),
    ),
    "sparse": (["{ on: a }"], ["{ on: a, sparse: true }"], "", SWAP),
    "unique and sparse": (["{ on: a, unique: true }"], ["{ on: a, unique: true, sparse: true }"], "", SWAP),
    "partial": (["{ on: a }"], ["{ on: a, where: { b: x } }"], "", SWAP),
    "other partial": (["{ on: a, where: { b: x } }"], ["{ on: a, where: { b: { $gt: y } } }"], "", SWAP),
    "hidden": (["{ on: a }"], ["{ on: a, hidden: true }"], "", ("collMod",)),
    "lifetime given": (["{ on: a }"], ["{ on: a, expire_after: 30d }"], "ST201", ("collMod",)),
    "lifetime taken": (["{ on: a, expire_after: 30d }"], ["{ on: a }"], "", SWAP),
    "lifetime longer": (["{ on: a, expire_after: 1d }"], ["{ on: a, expire_after: 2d }"], "", ("collMod",)),
    "lifetime shorter and hidden": (
        ["{ on: a, expire_after: 2d }"],
        ["{ on: a, expire_after: 1h, hidden: true }"],
        "ST201",
        ("collMod",),
    ),
    "collation": (["{ on: b }"], ["{ on: b, collation: { locale: de, strength: 2 } }"], "", SWAP),
    "collation of a locale with its own ideas": (
        ["{ on: b, collation: { locale: da } }"],
        ["{ on: b, collation: { locale: fr_CA } }"],
        "",
        SWAP,
    ),
    "text fields": (["{ on: { b: text } }"], ["{ on: { b: text, c: text } }"], "ST302", GAP),
    "text weights": (
        ["{ on: { b: text }, name: t }"],
        ["{ on: { b: text }, name: t, weights: { b: 5, z: 2 }, default_language: german }"],
        "ST302",
        GAP,
    ),
    "text hidden": (["{ on: { b: text } }"], ["{ on: { b: text }, hidden: true }"], "", ("collMod",)),
    "text gone": (["{ on: { b: text } }"], [], "", ("collMod", "dropIndexes")),
    "hashed partial": (["{ on: { a: hashed } }"], ["{ on: { a: hashed }, where: { b: x } }"], "", SWAP),
    "2d bits": (["{ on: { place: 2d } }"], ["{ on: { place: 2d }, bits: 20, min: -90, max: 90 }"], "", SWAP),
    "2dsphere version": (["{ on: { place: 2dsphere } }"], ["{ on: { place: 2dsphere }, sphere_version: 2 }"], "", SWAP),
    "wildcard projection": (
        ['{ on: { "$**": 1 } }'],
        ['{ on: { "$**": 1 }, wildcard_projection: { a: 1, b.c: true } }'],
        "",
        SWAP,
    ),
    "wildcard made anew beside one of every document": (
        ['{ on: { "$**": 1 }, where: {} }'],
        ['{ on: { "$**": 1 } }'],
        "",
        SWAP,
    ),
    "wildcard of one path, which nothing can stand in for": (
        ['{ on: { "c.$**": 1 }, where: {} }'],
        ['{ on: { "c.$**": 1 } }'],
        "ST302",
        GAP,
    ),
    "prepared": (["{ on: a }"], ["{ on: a, prepare_unique: true }"], "", ("collMod",)),
    "prepared, then unique": (
        ["{ on: a, prepare_unique: true }"],
        ["{ on: a, unique: true }"],
        "",
        ("collMod", "collMod"),
    ),
    "wildcard hidden": (['{ on: { "$**": 1 } }'], ['{ on: { "$**": 1 }, hidden: true }'], "", ("collMod",)),
    "compound with hashed": (["{ on: { a: 1, b: hashed } }"], ["{ on: { a: -1, b: hashed } }"], "", BESIDE),
    "names exchanged": (
        ["{ on: a, name: x }", "{ on: b, name: y }"],
        ["{ on: b, name: x }", "{ on: a, name: y }"],
        "",
        SWAP,
    ),
    "storage engine": (
        ["{ on: a }"],
        ['{ on: a, storage_engine: { wiredTiger: { configString: "prefix_compression=false" } } }'],
        "",
        SWAP,
    ),
    "renamed": (["{ on: a, name: x }"], ["{ on: a, name: y, was: x }"], "", SWAP),
    "text renamed": (["{ on: { b: text }, name: x }"], ["{ on: { b: text }, name: y, was: x }"], "ST302", GAP),
}
FIELDS = "fields:\n  a: { type: int, required: true }\n  b: string"
OPTIONS = {
    "validator given": ("", FIELDS, "ST301", MODERATE),
    "validator taken": (FIELDS, "", "", ("collMod",)),
    "optional field": (FIELDS, f"{FIELDS}\n  c: date", "", ("collMod",)),
    "required field": (
        FIELDS,
        FIELDS.replace("b: string", "b: { type: string, required: true }"),
        "ST301",
        MODERATE,
    ),
    "longer text": (
        f"{FIELDS}\n  c: {{ type: string, max_length: 5 }}",
        f"{FIELDS}\n  c: {{ type: string, max_length: 9 }}",
        "",
        ("collMod",),
    ),
    "level": (FIELDS, f"{FIELDS}\nvalidation: {{ level: moderate }}", "", ("collMod",)),
    "level to strict": (f"{FIELDS}\nvalidation: {{ level: moderate }}", FIELDS, "ST301", ("collMod",)),
    "level alone": ("", "validation: { level: moderate }", "", ("collMod",)),
    "checks": (
        FIELDS,
        f"{FIELDS}\nchecks: {{ positive: {{ $gt: [$a, 0] }}, other: {{ $ne: [$a, 9] }} }}",
        "ST301",
        MODERATE,
    ),
    "images": ("", "pre_and_post_images: true", "", ("collMod",)),
    "collation": ("", "collation: { locale: da }", "ST303", None),
    "collation with index": (
        "collation: { locale: en }\nindexes: [{ on: b }, { on: { b: text } }]",
        "collation: { locale: de }\nindexes: [{ on: b, collation: { locale: simple } }, { on: { b: text } }]",
        "ST303",
        None,
    ),
    "clustered": ("", "clustered: true", "ST303", None),
    "clustered with lifetime": ("clustered: true", "clustered: { name: byId }\nexpire_after: 900d", "ST303", None),
    "lifetime of clustered": ("clustered: true", "clustered: true\nexpire_after: 900d", "ST201", ("collMod",)),
    "lifetime of clustered taken": ("clustered: true\nexpire_after: 900d", "clustered: true", "", ("collMod",)),
    "capped": ("indexes: [{ on: a }]", "capped: { size: 100000 }\nindexes: [{ on: a }]", "ST303 ST201", None),
    "uncapped": ("capped: { size: 100000, max: 10 }", "", "ST303", None),
    "capped size": ("capped: { size: 100000 }", "capped: { size: 200000, max: 50 }", "ST201", ("collMod",)),
    "storage engine": (
        "",
        'storage_engine: { wiredTiger: { configString: "block_compressor=zlib" } }',
        "ST303",
        None,
    ),
}
VIEW = "\n---\nview: v\nstore: mongo\nfrom: notes\npipeline: "
NOTHING = VIEW + "[]"
HANDED_ON = "fields: { b: { type: int, was: a }, c: { type: string, was: b } }"
CHAIN = "\n---\nview: %s\nstore: mongo\nfrom: %s\npipeline: []\n---\nview: %s\nstore: mongo\nfrom: %s\npipeline: []"
ENCRYPTED = (
    'encrypted_fields: { fields: [{ keyId: { $binary: { base64: "AAAAAAAAAAAAAAAAAAAAAA==", subType: "04" } }, '
    "path: ssn, bsonType: string, queries: { queryType: equality } }] }"
)
MODERATED = frozenset({"ST301"})
MATCH = "[{ $match: { a: 1 } }]"
SERIES = "entity: measures\nstore: mongo\ntime_series: { time_field: t, meta_field: m%s }\n%s"
CLOSED = (
    "additional_fields: false\nfields:\n  in: { type: object, additional_fields: false, fields: { %s } }\n"
    "checks: { c: { $gt: [%s, 0] } }"
)
ITEMS = """fields:
  items:
    type: array
    items:
      type: object
      additional_fields: false
      fields: { %s, b: int, deep: { type: array, items: { type: array, items: { type: object, fields: { %s } } } } }"""
WHOLE = (
    Case(
        "collection added",
        notes(),
        notes() + "\n---\nentity: other\nstore: mongo\nfields: { a: int }\nindexes: [{ on: a }]",
    ),
    Case(
        "collection dropped",
        notes() + "\n---\nentity: other\nstore: mongo\nindexes: [{ on: a, unique: true }]",
        notes(),
        frozenset({"ST304"}),
        commands=("renameCollection",),
        documents={**NOTES, "other": [{"_id": 1, "a": 1}, {"_id": 2, "a": 2}]},
    ),
    Case(
        "collection becomes view",
        notes() + "\n---\nentity: v\nstore: mongo",
        notes() + NOTHING,
        frozenset({"ST304"}),
        commands=("renameCollection", "create"),
        documents={**NOTES, "v": [{"_id": 1}]},
    ),
    Case(
        "series dropped",
        notes() + "\n---\n" + SERIES % ("", ""),
        notes(),
        frozenset({"ST201"}),
        commands=("drop",),
    ),
    Case(
        "collection renamed",
        notes("{ on: a }"),
        notes("{ on: a }").replace("notes", "records\nwas: notes"),
        commands=("renameCollection",),
    ),
    Case("view added", notes(), notes() + VIEW + MATCH, commands=("create",)),
    Case(
        "view changed",
        notes() + VIEW + MATCH,
        notes() + VIEW + "[{ $match: { a: 1.0 } }, { $project: { b: 1 } }]",
        commands=("collMod",),
    ),
    Case(
        "view with another collation",
        notes() + NOTHING,
        notes() + NOTHING + "\ncollation: { locale: en }",
        commands=("drop", "create"),
    ),
    Case(
        "view renamed",
        notes() + NOTHING,
        notes() + "\n---\nview: w\nwas: v\nstore: mongo\nfrom: notes\npipeline: []",
        commands=("create", "drop"),
    ),
    Case(
        "view becomes collection",
        notes() + NOTHING,
        notes() + "\n---\nentity: v\nstore: mongo\nindexes: [{ on: a }]",
    ),
    Case(
        "views turned round: for a moment each would read the other",
        notes() + CHAIN % ("a", "notes", "b", "a"),
        notes() + CHAIN % ("a", "b", "b", "notes"),
        commands=("collMod",) * 2,
    ),
    Case(
        "views on views get another collation",
        notes() + (CHAIN % ("a", "b", "b", "notes")).replace("[]", "[]\ncollation: { locale: en }"),
        notes() + (CHAIN % ("a", "b", "b", "notes")).replace("[]", "[]\ncollation: { locale: de }"),
        commands=("drop", "drop", "create", "create"),
    ),
    Case(
        "encrypted",
        notes(),
        notes(more=ENCRYPTED),
        frozenset({"ST303", "ST201"}),
        commands=("drop", "create"),
        keeps=False,
    ),
    Case(
        "encrypted, with a validator",
        notes(more=ENCRYPTED),
        notes("{ on: a }", more=f"{ENCRYPTED}\n{FIELDS}"),
        MODERATED,
    ),
    Case("bucket", notes(), notes() + "\n---\nbucket: fs"),
    Case(
        "bucket renamed",
        notes() + "\n---\nbucket: fs",
        notes() + "\n---\nbucket: files\nwas: fs",
        commands=("renameCollection",) * 2,
    ),
    Case("series", notes(), notes() + "\n---\n" + SERIES % ("", "indexes: [{ on: { m: 1, t: -1 } }]")),
    Case(
        "series coarser",
        notes() + "\n---\n" + SERIES % ("", ""),
        notes() + "\n---\n" + SERIES % (", granularity: hours", ""),
        frozenset({"ST202"}),
    ),
    Case(
        "series lifetime",
        notes() + "\n---\n" + SERIES % ("", ""),
        notes() + "\n---\n" + SERIES % ("", "expire_after: 30d"),
        frozenset({"ST201"}),
    ),
    Case(
        "field renamed",
        notes("{ on: a }", more=FIELDS),
        notes(
            "{ on: c }",
            more=FIELDS.replace("a: { type: int,", "c: { was: a, type: int,"),
        ),
        commands=("createIndexes", "update", "collMod", "dropIndexes"),
    ),
    Case(
        "nested field renamed, in a closed object, with a unique and a text index",
        notes(
            "{ on: { in.a: 1 }, unique: true }", "{ on: { in.b: text } }", more=CLOSED % ("a: int, b: string", "$in.a")
        ),
        notes(
            "{ on: { in.x: 1 }, unique: true }",
            "{ on: { in.y: text } }",
            more=CLOSED % ("x: { type: int, was: a }, y: { type: string, was: b }", "$in.x"),
        ),
        frozenset({"ST302"}),
        documents={"notes": [{"_id": 1, "in": {"a": 1, "b": "p"}}, {"_id": 2, "in": {"a": 2, "b": "q"}}]},
    ),
    Case(
        "field of objects in an array renamed",
        notes("{ on: { items.a: 1 } }", more=ITEMS % ("a: int", "p: int")),
        notes("{ on: { items.c: 1 } }", more=ITEMS % ("c: { type: int, was: a }", "q: { type: int, was: p }")),
        documents={
            "notes": [
                {"_id": 1, "items": [{"b": 1, "a": 2}, {"b": 3}, {"a": 4, "deep": [[{"p": 1}, {"z": 2}], []]}]},
                {"_id": 2, "items": []},
                {"_id": 3},
            ]
        },
    ),
    Case(
        "names handed on: of collections, fields and indexes",
        notes("{ on: a, name: x }", "{ on: b, name: y }", more="fields: { a: int, b: string }")
        + "\n---\nentity: records\nstore: mongo",
        notes("{ on: b, name: x, was: y }", "{ on: c, name: z, was: x }", more=HANDED_ON).replace(
            "notes", "records\nwas: notes"
        )
        + "\n---\nentity: files\nwas: records\nstore: mongo",
    ),
    Case(
        "outer and inner field and collection renamed",
        notes(more="fields:\n  in: { type: object, fields: { a: int } }"),
        notes(more="fields:\n  out: { type: object, was: in, fields: { c: { type: int, was: a } } }").replace(
            "notes", "records\nwas: notes"
        ),
        documents={
            "notes": [
                {"_id": 1, "x.y": {"$z": 1}, "in": {"q.r": 1, "a": 1, "$s": 2, "z": 3}, "": 0},
                {"_id": 2, "$in": 1, "in": {"z": 1}},
            ]
        },
    ),
)


def cases() -> Iterator[Case]:
    """Give every change."""
    for name, (old, new, codes, commands) in INDEXES.items():
        yield Case(f"index {name}", notes(*old), notes(*new), frozenset(codes.split()), commands)
    for name, (before, after, codes, expected) in OPTIONS.items():
        yield Case(f"options {name}", notes(more=before), notes(more=after), frozenset(codes.split()), expected)
    yield from WHOLE


@pytest.mark.parametrize("case", list(cases()), ids=lambda case: case.name)
def test_there_and_back(mongo_engine: Engine, case: Case) -> None:
    """The change reaches what was declared, its way back what was there, and the documents are as they were."""
    journey = travel(mongo_engine, case.before, case.after, case.documents, keeps=case.keeps)

    assert journey.hazards == case.hazards
    if case.commands is not None:
        assert journey.names == case.commands
