"""Invents Mongo schemas over the whole language: every kind of collection, of index and of option, views on views."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from schematool.core.model.mongo_normal import normal_index

DOCUMENTS: dict[str, list[dict[str, Any]]] = {
    "first": [
        {
            "_id": number,
            "a": number,
            "b": text,
            "c": {"d": number * 1.5},
            "e": [number, -number],
            "f": [{"g": number}, {"h": text}],
            "place": [number, 1],
            "t": datetime(2090, 1, number, tzinfo=UTC),
            "m": {"x": number},
            "k": number,
        }
        for number, text in enumerate(("x", "é", "y", "zz", ""), 1)
    ]
}
"""What is in `first`: every document satisfies every validator and every unique index that is invented here."""

PATHS = st.sampled_from(["a", "b", "c.d"])
# Below strength 3 MongoDB refuses what `da` and `fr_CA` imply.
COLLATIONS = st.one_of(
    st.just({"locale": "simple"}),
    st.fixed_dictionaries(
        {"locale": st.sampled_from(["en", "de", "da", "fr_CA", "th"])},
        optional={
            "strength": st.integers(3, 5),
            "numeric_ordering": st.booleans(),
            "case_first": st.sampled_from(["upper", "lower", "off"]),
            "alternate": st.sampled_from(["shifted", "non-ignorable"]),
            "max_variable": st.sampled_from(["punct", "space"]),
            "normalization": st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {"locale": st.sampled_from(["en", "de", "th"]), "strength": st.integers(1, 5)},
        optional={"case_level": st.booleans()},
    ),
    st.just({"locale": "fr", "backwards": True, "strength": 2}),
)
FILTERS = st.sampled_from(
    [
        {"b": "x"},
        {"a": {"$gt": 2}},
        {"c.d": {"$exists": True}},
        {},
        {"b": {"$type": "string"}},
        {"$and": [{"a": {"$gte": 0}}, {"b": {"$in": ["x", "y"]}}]},
        {"$or": [{"a": 1}, {"b": {"$lt": "q"}}]},
        {"t": {"$gt": {"$date": "2024-01-01T00:00:00Z"}}},
        {"a": {"$lte": {"$numberLong": "9000000000"}}},
    ]
)
ENGINES = st.sampled_from(["prefix_compression=false", "prefix_compression=true"]).map(
    lambda text: {"wiredTiger": {"configString": text}}
)
MAYBE = st.just(True)


@st.composite
def ordered(draw: st.DrawFn, *, lifetimes: bool = True) -> dict[str, Any]:
    """Invent an index of ordered fields."""
    paths = draw(st.lists(PATHS, min_size=1, max_size=3, unique=True))
    found: dict[str, Any] = {"on": {path: draw(st.sampled_from([1, -1])) for path in paths}}
    found |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "unique": MAYBE,
                "hidden": MAYBE,
                "collation": COLLATIONS,
                "sparse": MAYBE,
                "storage_engine": ENGINES,
            },
        )
    )
    if "unique" not in found and draw(st.integers(0, 5)) == 0:
        found["prepare_unique"] = True
    if "sparse" not in found and draw(st.booleans()):
        found["where"] = draw(FILTERS)
    if lifetimes and len(paths) == 1 and draw(st.booleans()):
        found["expire_after"] = draw(st.sampled_from([0, 3600, "30d"]))
    return found


SPECIAL = st.one_of(
    st.fixed_dictionaries(
        {
            "on": st.sampled_from(
                [
                    {"b": "text"},
                    {"b": "text", "z": "text"},
                    {"a": 1, "b": "text"},
                    {"b": "text", "a": -1},
                    {"$**": "text"},
                ]
            )
        },
        optional={
            "weights": st.sampled_from([{"b": 3}, {"b": 2, "q": 7}, {"$**": 4}]),
            "default_language": st.sampled_from(["english", "german", "none", "en"]),
            "language_override": st.sampled_from(["language", "lang"]),
            "text_version": st.sampled_from([1, 2, 3]),
            "hidden": MAYBE,
            "where": FILTERS,
        },
    ),
    st.fixed_dictionaries(
        {"on": st.sampled_from([{"a": "hashed"}, {"b": "hashed"}, {"a": 1, "b": "hashed"}, {"b": "hashed", "a": -1}])},
        optional={"where": FILTERS, "hidden": MAYBE},
    ),
    st.fixed_dictionaries(
        {"on": st.just({"$**": 1})},
        optional={
            "wildcard_projection": st.sampled_from(
                [{"a": 1}, {"a": 1, "b": True}, {"c": 0}, {"c": {"d": 1}}, {"_id": 0, "a": 1}, {"_id": 1, "c.d": 0}]
            ),
            "where": FILTERS,
            "hidden": MAYBE,
            "collation": COLLATIONS,
        },
    ),
    st.fixed_dictionaries({"on": st.just({"c.$**": 1})}, optional={"where": FILTERS, "hidden": MAYBE}),
    st.fixed_dictionaries(
        {"on": st.sampled_from([{"place": "2d"}, {"place": "2d", "a": 1}]), "collation": st.just({"locale": "simple"})},
        optional={
            "bits": st.integers(10, 26),
            "min": st.sampled_from([-180, -200.5]),
            "max": st.sampled_from([180, 200]),
            "hidden": MAYBE,
            "where": FILTERS,
        },
    ),
    st.fixed_dictionaries(
        {"on": st.sampled_from([{"place": "2dsphere"}, {"place": "2dsphere", "a": -1}, {"a": 1, "place": "2dsphere"}])},
        optional={
            "sphere_version": st.sampled_from([2, 3]),
            "coarsest_indexed_level": st.integers(0, 3),
            "finest_indexed_level": st.integers(20, 30),
            "hidden": MAYBE,
            "collation": st.just({"locale": "simple"}),
        },
    ),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.fixed_dictionaries(
            {"type": st.sampled_from(["int", "long", "number", ["int", "string"]])},
            optional={"required": MAYBE, "minimum": st.integers(-5, 0), "maximum": st.just(50), "title": st.just("A")},
        ),
        "b": st.fixed_dictionaries(
            {"type": st.just("string")},
            optional={
                "max_length": st.integers(5, 9),
                "nullable": MAYBE,
                "pattern": st.sampled_from(["^.*$", "x*"]),
                "description": st.sampled_from(["one", "two"]),
            },
        ),
        "c": st.fixed_dictionaries(
            {"type": st.just("object"), "fields": st.sampled_from([{"d": "double"}, {"d": "number"}])},
            optional={"additional_fields": st.sampled_from([True, False, "double"]), "min_fields": st.just(1)},
        ),
        "e": st.fixed_dictionaries(
            {"type": st.just("array"), "items": st.sampled_from(["int", "number"])},
            optional={"min_items": st.integers(0, 2), "unique_items": MAYBE},
        ),
        "f": st.just({"type": "array", "items": {"type": "object", "fields": {"g": "int", "h": "string"}}}),
        "t": st.fixed_dictionaries({"type": st.just("date")}, optional={"required": MAYBE}),
        "z": st.fixed_dictionaries(
            {"type": st.just("decimal")}, optional={"multiple_of": st.sampled_from(["0.01", 2])}
        ),
    },
)
VALIDATORS = st.sampled_from(
    [
        {"a": {"$gt": 0}},
        {"$or": [{"a": {"$exists": True}}, {"b": {"$regex": "^x", "$options": "i"}}]},
        {"$jsonSchema": {"anyOf": [{"required": ["a"]}, {"required": ["q"]}]}},
        {"$nor": [{"a": {"$lt": 0}}]},
    ]
)
COMMON: dict[str, st.SearchStrategy[Any]] = {
    "validation": st.fixed_dictionaries(
        {"level": st.sampled_from(["moderate", "strict", "off"])},
        optional={"action": st.sampled_from(["error", "warn"])},
    ),
    "collation": COLLATIONS,
    "pre_and_post_images": MAYBE,
    "storage_engine": st.sampled_from(["block_compressor=zlib", "block_compressor=snappy"]).map(
        lambda text: {"wiredTiger": {"configString": text}}
    ),
    "index_option_defaults": st.just({"storageEngine": {"wiredTiger": {"configString": "prefix_compression=false"}}}),
}
CAPPED = st.fixed_dictionaries(
    {"size": st.sampled_from([100_000, 100_001, 200_000])}, optional={"max": st.integers(10, 12)}
)
KEY_ID = {"$binary": {"base64": "AAAAAAAAAAAAAAAAAAAAAA==", "subType": "04"}}
ENCRYPTED = st.sampled_from(
    [
        {"fields": [{"keyId": KEY_ID, "path": "ssn", "bsonType": "string", "queries": {"queryType": "equality"}}]},
        {"fields": [{"keyId": KEY_ID, "path": "ssn", "bsonType": "string"}]},
    ]
)


@st.composite
def entity(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Invent a collection of any kind."""
    kind = draw(st.sampled_from(["plain"] * 4 + ["capped", "clustered", "clustered", "series", "encrypted"]))
    found: dict[str, Any] = {"entity": name, "store": "mongo"}
    if kind == "series":
        return found | draw(series())
    if draw(st.integers(0, 4)):
        found["fields"] = draw(FIELDS)
        if draw(st.booleans()):
            found["checks"] = {"positive": {"$gt": ["$a", 0]}}
    else:
        found["validator"] = draw(VALIDATORS)
    indexes = [
        *draw(st.lists(ordered(lifetimes=kind not in {"capped", "encrypted"}), max_size=3)),
        *draw(st.lists(SPECIAL, max_size=2)),
    ]
    named = [{**one, "name": f"i{draw(st.integers(0, 4))}"} if draw(st.booleans()) else one for one in indexes]
    found["indexes"] = _compatible(name, named)
    found |= draw(st.fixed_dictionaries({}, optional=COMMON))
    if kind in {"plain", "clustered"} and draw(st.integers(0, 3)) == 0:
        _shard(draw, found)
    match kind:
        case "capped":
            found["capped"] = draw(CAPPED)
        case "clustered":
            found["clustered"] = draw(st.sampled_from([True, {"name": "byId"}]))
            if draw(st.booleans()):
                found["expire_after"] = draw(st.sampled_from(["900d", "20000d"]))
        case "encrypted":
            found["encrypted_fields"] = draw(ENCRYPTED)
            found.pop("validation", None)  # MongoDB takes strict and error alone
        case _:
            pass
    return found


ZONES = st.sampled_from(
    [
        [],
        [{"zone": "EU", "from": {"k": {"$minKey": 1}}, "to": {"k": 0}}],
        [
            {"zone": "EU", "from": {"k": 0}, "to": {"k": 9}},
            {"zone": "US", "from": {"k": 9}, "to": {"k": {"$maxKey": 1}}},
        ],
    ]
)


def _shard(draw: st.DrawFn, found: dict[str, Any]) -> None:
    """Shard a collection, with the index that this needs; its unique indexes are then on the key alone."""
    hashed, unique = draw(st.sampled_from([(False, False), (False, True), (True, False)]))
    on: dict[str, Any] = draw(st.sampled_from([{"k": "hashed"}] if hashed else [{"k": 1}, {"k": 1, "l": 1}]))
    for index in found["indexes"]:
        index.pop("unique", None)
    index = {"on": on, "name": "sharding", "collation": {"locale": "simple"}} | ({"unique": True} if unique else {})
    found["indexes"].append(index)
    found["shard_key"] = {"on": on, "zones": draw(ZONES)} | ({"unique": True} if unique else {})


@st.composite
def series(draw: st.DrawFn) -> dict[str, Any]:
    """Invent a time series."""
    words = draw(
        st.fixed_dictionaries(
            {"time_field": st.just("t")},
            optional={"meta_field": st.just("m"), "granularity": st.sampled_from(["seconds", "minutes", "hours"])},
        )
    )
    paths = [{"t": 1}, {"t": -1}] + (
        [{"m": 1}, {"m.x": 1, "t": -1}, {"m.place": "2dsphere"}] if "meta_field" in words else []
    )
    indexes = [
        {"on": on} | ({"hidden": True} if draw(st.integers(0, 3)) == 0 else {})
        for on in draw(st.lists(st.sampled_from(paths), max_size=2, unique_by=json.dumps))
    ]
    found = {"time_series": words, "indexes": indexes}
    return found | draw(
        st.fixed_dictionaries(
            {},
            optional={"expire_after": st.sampled_from(["900d", "20000d"]), "collation": COLLATIONS, "fields": FIELDS},
        )
    )


def _compatible(collection: str, indexes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what one collection cannot have together: one name twice, one meaning twice, two text indexes."""
    kept: list[dict[str, Any]] = []
    seen: set[Any] = set()
    for one in indexes:
        name = one.get("name") or normal_index(collection, {"key": one["on"]}).id.name
        text = "text" in one["on"].values()
        meaning = "text" if text else json.dumps([list(one["on"].items())])
        if text and one.get("text_version", 3) < 3 and one["on"].get("a"):
            continue
        if not {("name", name), ("meaning", meaning)} & seen:
            seen |= {("name", name), ("meaning", meaning)}
            kept.append(one)
    return kept


PIPELINES = st.sampled_from(
    [
        [],
        [{"$match": {"a": 1}}],
        [{"$match": {"a": 1.0}}],
        [{"$match": {"b": {"$in": ["x", "y"]}}}, {"$project": {"b": 1, "_id": 0}}],
        [{"$lookup": {"from": "SOURCE", "localField": "a", "foreignField": "a", "as": "others"}}],
        [{"$set": {"when": {"$date": "2024-01-01T00:00:00Z"}, "n": {"$numberLong": "1"}}}],
    ]
)


@st.composite
def views(draw: st.DrawFn, collections: list[str]) -> list[dict[str, Any]]:
    """Invent views on collections and on each other, in any order of names; MongoDB wants one collation in a chain."""
    if not collections:
        return []
    names = draw(st.lists(st.sampled_from(["u", "v", "w"]), max_size=3, unique=True))
    collation = draw(st.one_of(st.none(), COLLATIONS))
    made: list[dict[str, Any]] = []
    for place, name in enumerate(names):
        source = draw(st.sampled_from([*collections, *names[:place]]))
        made.append(
            {"view": name, "store": "mongo", "from": source, "pipeline": _reading(draw(PIPELINES), source)}
            | ({"collation": collation} if collation else {})
        )
    return made


def _reading(pipeline: Any, source: str) -> Any:
    return json.loads(json.dumps(pipeline).replace("SOURCE", source))


BUCKETS = st.fixed_dictionaries(
    {"bucket": st.sampled_from(["fs", "pictures"])},
    optional={
        "indexes": st.sampled_from([[{"on": {"metadata.owner": 1}}], [{"on": "md5", "sparse": True}]]),
        "metadata": st.sampled_from([{"owner": "string"}, {"owner": {"type": "string", "required": True}}]),
    },
)


@st.composite
def schema(draw: st.DrawFn) -> str:
    """Invent a schema of `first`, and perhaps `second`, a bucket and views; JSON is YAML."""
    things = [draw(entity("first"))]
    if draw(st.booleans()):
        things.append(draw(entity("second")))
    if draw(st.integers(0, 3)) == 0:
        things.append(draw(BUCKETS))
    if draw(st.booleans()):
        # A time series is a view to MongoDB, and wants its own collation of a view on it.
        things += draw(views([str(one["entity"]) for one in things if "entity" in one and "time_series" not in one]))
    return "\n---\n".join(json.dumps(thing) for thing in things)


def keeps_documents(before: str, after: str) -> bool:
    """Whether the way there and back keeps all documents: none can be copied into a time series or past encryption."""
    return not any(word in before + after for word in ("time_series", "encrypted_fields"))
