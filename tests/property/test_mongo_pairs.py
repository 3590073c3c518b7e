"""Invented Mongo schemas, in pairs: from one to the other and back; and invented filters, judged by the server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymongo.read_concern import ReadConcern

from schematool.core.model.mongo_match import normal_match
from schematool.core.model.mongo_normal import normal_index
from schematool.engines.contract import open_engine
from schematool.engines.mongo.extended import encode
from tests import databases
from tests.live.mongo_journey import travel

if TYPE_CHECKING:
    from pymongo.database import Database

    from schematool.core.secret import Url

REAL = settings(
    max_examples=25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
DOCUMENTS = [
    {"_id": number, "a": number, "b": text, "c": {"d": number * 1.5}, "e": [number, -number], "place": [number, 1]}
    for number, text in enumerate(("x", "é", "X", "zz", ""), 1)
]

PATHS = st.sampled_from(["a", "b", "c.d"])
# Below strength 3 MongoDB refuses what `da` and `fr_CA` imply.
COLLATIONS = st.one_of(
    st.just({"locale": "simple"}),
    st.fixed_dictionaries(
        {"locale": st.sampled_from(["en", "de", "da", "fr_CA", "th"])},
        optional={"strength": st.integers(3, 5), "numeric_ordering": st.booleans()},
    ),
    st.fixed_dictionaries({"locale": st.sampled_from(["en", "de", "th"]), "strength": st.integers(1, 5)}),
)
FILTERS = st.sampled_from([{"b": "x"}, {"a": {"$gt": 2}}, {"c.d": {"$exists": True}}, {}, {"b": {"$type": "string"}}])
MAYBE = st.sampled_from([True])


@st.composite
def ordered(draw: st.DrawFn) -> dict[str, Any]:
    """Invent an index of ordered fields."""
    paths = draw(st.lists(PATHS, min_size=1, max_size=3, unique=True))
    found: dict[str, Any] = {"on": {path: draw(st.sampled_from([1, -1])) for path in paths}}
    found |= draw(
        st.fixed_dictionaries({}, optional={"unique": MAYBE, "hidden": MAYBE, "collation": COLLATIONS, "sparse": MAYBE})
    )
    if "sparse" not in found and draw(st.booleans()):
        found["where"] = draw(FILTERS)
    if len(paths) == 1 and draw(st.booleans()):
        found["expire_after"] = draw(st.sampled_from([0, 3600, "30d"]))
    return found


SPECIAL = st.one_of(
    st.fixed_dictionaries(
        {"on": st.sampled_from([{"b": "text"}, {"b": "text", "z": "text"}, {"a": 1, "b": "text"}, {"$**": "text"}])},
        optional={
            "weights": st.sampled_from([{"b": 3}, {"b": 2, "q": 7}]),
            "default_language": st.sampled_from(["english", "german", "none"]),
            "hidden": MAYBE,
            "where": FILTERS,
        },
    ),
    st.fixed_dictionaries(
        {"on": PATHS.map(lambda path: {path: "hashed"})}, optional={"where": FILTERS, "hidden": MAYBE}
    ),
    st.fixed_dictionaries(
        {"on": st.just({"$**": 1})},
        optional={"wildcard_projection": st.sampled_from([{"a": 1}, {"a": 1, "b": 1}, {"c": 0}]), "where": FILTERS},
    ),
    st.fixed_dictionaries(
        {"on": st.just({"place": "2d"}), "collation": st.just({"locale": "simple"})},
        optional={"bits": st.integers(10, 26), "max": st.sampled_from([180, 200])},
    ),
    st.fixed_dictionaries({"on": st.just({"place": "2dsphere"})}, optional={"sphere_version": st.sampled_from([2, 3])}),
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "a": st.fixed_dictionaries(
            {"type": st.sampled_from(["int", "long", "number"])},
            optional={"required": MAYBE, "minimum": st.integers(-5, 0)},
        ),
        "b": st.fixed_dictionaries(
            {"type": st.just("string")}, optional={"max_length": st.integers(5, 9), "nullable": MAYBE}
        ),
        "c": st.fixed_dictionaries(
            {"type": st.just("object"), "fields": st.sampled_from([{"d": "double"}, {"d": "number"}])}
        ),
        "e": st.fixed_dictionaries({"type": st.just("array"), "items": st.sampled_from(["int", "number"])}),
    },
)


@st.composite
def entity(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """Invent a collection."""
    found: dict[str, Any] = {"entity": name, "store": "mongo", "fields": draw(FIELDS)}
    indexes = [*draw(st.lists(ordered(), max_size=3)), *draw(st.lists(SPECIAL, max_size=2))]
    named = [{**one, "name": f"i{draw(st.integers(0, 4))}"} if draw(st.booleans()) else one for one in indexes]
    found["indexes"] = _compatible(name, named)
    found |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "validation": st.fixed_dictionaries({"level": st.sampled_from(["moderate", "strict", "off"])}),
                "collation": COLLATIONS,
                "clustered": MAYBE,
                "pre_and_post_images": MAYBE,
                "checks": st.just({"positive": {"$gt": ["$a", 0]}}),
            },
        )
    )
    return found


def _compatible(collection: str, indexes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what one collection cannot have together: one name twice, one meaning twice, two text indexes."""
    kept: list[dict[str, Any]] = []
    seen: set[Any] = set()
    for one in indexes:
        name = one.get("name") or normal_index(collection, {"key": one["on"]}).id.name
        text = "text" in one["on"].values()
        meaning = "text" if text else json.dumps([list(one["on"].items())])
        if not {("name", name), ("meaning", meaning)} & seen:
            seen |= {("name", name), ("meaning", meaning)}
            kept.append(one)
    return kept


@st.composite
def schema(draw: st.DrawFn) -> str:
    """Invent a schema of `first`, and perhaps `second` and a view; JSON is YAML."""
    things = [draw(entity("first"))]
    if draw(st.booleans()):
        things.append(draw(entity("second")))
    if draw(st.booleans()):
        pipeline = draw(st.sampled_from([[], [{"$match": {"a": 1}}], [{"$match": {"a": 1.0}}]]))
        things.append({"view": "seen", "store": "mongo", "from": "first", "pipeline": pipeline})
    return "\n---\n".join(json.dumps(thing) for thing in things)


@REAL
@given(before=schema(), after=schema())
def test_there_and_back(mongo_server: Url, before: str, after: str) -> None:
    """Any invented schema can be reached from any other and left again; no document of what stays is lost."""
    with databases.fresh_mongo(mongo_server) as url:
        engine = open_engine(url)
        try:
            travel(engine, before, after, {"first": DOCUMENTS})
        finally:
            engine.close()


VALUES = st.sampled_from([1, 1.0, 2, "x", True, None, {"p": 1, "q": 2}, {"q": 2, "p": 1}, [1, 2]])
LEAVES = st.one_of(
    VALUES,
    VALUES.map(lambda value: {"$eq": value}),
    st.lists(VALUES, min_size=1, max_size=3).map(lambda values: {"$in": values}),
    st.sampled_from([{"$exists": True}, {"$exists": 1}, {"$type": "string"}, {"$type": 2}, {"$type": ["int", 2]}]),
    st.sampled_from([{"$gt": 1}, {"$gte": 1, "$lt": 5}, {"$lt": 5.0, "$gte": 1.0}]),
)
CLAUSES = st.dictionaries(st.sampled_from(["b", "c", "d.e"]), LEAVES, min_size=1, max_size=2)
CONDITIONS = st.recursive(
    CLAUSES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=2).map(lambda branches: {"$and": branches}),
        st.lists(inner, min_size=1, max_size=3).map(lambda branches: {"$or": branches}),
    ),
    max_leaves=4,
)


def same_to_the_server(database: Database[dict[str, Any]], first: Any, second: Any) -> bool | None:
    """Ask the server whether two filters make one index, in a transaction that is aborted; None: it refuses one."""
    with database.client.start_session() as session:
        session.start_transaction(read_concern=ReadConcern("local"))
        try:
            database.command({"create": "oracle"}, session=session)
            for filtered in (first, second):
                index = {"key": {"a": 1}, "name": "a_1", "partialFilterExpression": filtered}
                database.command({"createIndexes": "oracle", "indexes": [index]}, session=session)
        except OperationFailure as error:
            return False if error.code == 86 else None
        finally:
            session.abort_transaction()
    return True


@settings(REAL, max_examples=60)
@given(first=CONDITIONS, second=CONDITIONS)
def test_filters_are_judged_as_the_server_does(mongo_server: Url, first: Any, second: Any) -> None:
    """Two filters have one normal form whenever the server takes them for one."""
    with MongoClient[dict[str, Any]](databases.with_database(mongo_server, "oracle").reveal()) as client:
        judged = same_to_the_server(client.get_default_database(), first, second)
    ours = normal_match(encode(first)) == normal_match(encode(second))

    assert judged is not True or ours, "the server takes them for one, we do not: drift would be invented"


SAMPLES = [
    1,
    1.0,
    2,
    2.5,
    "x",
    "y",
    True,
    False,
    None,
    {"p": 1, "q": 2},
    {"q": 2, "p": 1},
    {"e": 1},
    {"e": "x"},
    [1, 2],
    [],
    7,
]


@settings(REAL, max_examples=60)
@given(condition=CONDITIONS)
def test_a_filter_and_its_normal_form_find_the_same(mongo_server: Url, condition: Any) -> None:
    """The normal form of a filter finds what the filter finds: no meaning is lost on the way to it."""
    normal = json.loads(normal_match(encode(condition)))
    with MongoClient[dict[str, Any]](databases.with_database(mongo_server, "oracle").reveal()) as client:
        samples = client.get_default_database()["samples"]
        if samples.estimated_document_count() == 0:
            samples.insert_many([{"b": b, "c": c, "d": c} for b in SAMPLES for c in SAMPLES] + [{}])

        assert sorted(samples.distinct("_id", normal)) == sorted(samples.distinct("_id", condition)), normal
