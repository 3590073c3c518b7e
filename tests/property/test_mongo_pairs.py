"""Invented Mongo schemas, in pairs: from one to the other and back; and invented filters, judged by the server."""

from __future__ import annotations

import json
import os
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
from tests.property.mongo_schemas import DOCUMENTS, keeps_documents, schema

if TYPE_CHECKING:
    from pymongo.database import Database

    from schematool.core.secret import Url

REAL = settings(
    max_examples=int(os.environ.get("SCHEMATOOL_TEST_SOAK", "0")) // 10 or 25,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@REAL
@given(before=schema(), after=schema())
def test_there_and_back(mongo_server: Url, before: str, after: str) -> None:
    """Any invented schema can be reached from any other and left again; no document of what stays is lost."""
    with databases.fresh_mongo(mongo_server) as url:
        engine = open_engine(url)
        try:
            travel(engine, before, after, DOCUMENTS, keeps=keeps_documents(before, after))
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


# Values that say one thing in several ways, and others beside them; versions and `hidden` the server passes over.
INDEX_OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "ordered": st.fixed_dictionaries(
        {"key": st.sampled_from([{"a": 1}, {"a": 1.0}, {"a": -1}, {"a": 2}, {"a": 1, "b": 1}, {"b": 1, "a": 1}])},
        optional={
            "unique": st.sampled_from([True, 1, 1.0, False]),
            "sparse": st.sampled_from([True, 1, False]),
            "collation": st.sampled_from(
                [
                    {"locale": "de"},
                    {"locale": "de", "strength": 3, "caseFirst": "off"},
                    {"locale": "de", "strength": 3.0, "normalization": False},
                    {"locale": "de", "strength": 2},
                    {"locale": "simple"},
                    {"locale": "th"},
                    {"locale": "th", "alternate": "shifted"},
                    {"locale": "fr_CA", "backwards": True},
                    {"locale": "fr_CA"},
                ]
            ),
        },
    ),
    "with a lifetime": st.fixed_dictionaries(
        {"key": st.just({"a": 1})}, optional={"expireAfterSeconds": st.sampled_from([3600, 3600.0, 60, 0])}
    ),
    "wildcard": st.fixed_dictionaries(
        {"key": st.sampled_from([{"$**": 1}, {"$**": 1.0}])},
        optional={
            "wildcardProjection": st.sampled_from(
                [
                    {"a": 1},
                    {"a": True},
                    {"a": 1, "b": 1},
                    {"b": 1, "a": 1},
                    {"_id": 0, "a": 1},
                    {"a": {"b": 1}},
                    {"a.b": 1},
                    {"a": 0},
                ]
            )
        },
    ),
    "text": st.fixed_dictionaries(
        {
            "key": st.sampled_from(
                [{"a": "text"}, {"a": "text", "b": "text"}, {"b": "text", "a": "text"}, {"$**": "text"}]
            )
        },
        optional={
            "weights": st.sampled_from([{"a": 1}, {"a": 2.5}, {"a": 2}, {"a": 1, "b": 1}]),
            "default_language": st.sampled_from(["english", "en", "german"]),
            "language_override": st.sampled_from(["language", "lang"]),
        },
    ),
    "2d": st.fixed_dictionaries(
        {"key": st.just({"a": "2d"})},
        optional={
            "bits": st.sampled_from([26, 26.0, 20]),
            "min": st.sampled_from([-180, -180.0, -90]),
            "max": st.just(180),
        },
    ),
    "2dsphere": st.fixed_dictionaries(
        {"key": st.sampled_from([{"a": "2dsphere"}, {"a": "2dsphere", "b": 1}])},
        optional={"finestIndexedLevel": st.sampled_from([23, 23.0, 20]), "partialFilterExpression": st.just({"b": 1})},
    ),
    "hashed": st.fixed_dictionaries(
        {"key": st.sampled_from([{"a": "hashed"}, {"a": "hashed", "b": 1}, {"a": "hashed", "b": 1.0}])},
        optional={"sparse": st.sampled_from([True, False])},
    ),
}
INDEX_PAIRS = st.sampled_from(sorted(INDEX_OPTIONS)).flatmap(
    lambda kind: st.tuples(INDEX_OPTIONS[kind], INDEX_OPTIONS[kind])
)


def one_index_to_the_server(database: Database[dict[str, Any]], first: Any, second: Any) -> bool | None:
    """Ask the server whether two specifications make one index, in a transaction that is aborted; None: it refuses."""
    with database.client.start_session() as session:
        session.start_transaction(read_concern=ReadConcern("local"))
        try:
            database.command({"create": "oracle"}, session=session)
            for one in (first, second):
                indexes = [{**one, "name": "x"}]
                reply = database.command({"createIndexes": "oracle", "indexes": indexes}, session=session)
        except OperationFailure as error:
            return False if error.code in {85, 86} else None
        finally:
            session.abort_transaction()
    return bool(reply["numIndexesBefore"] == reply["numIndexesAfter"])


@settings(REAL, max_examples=80)
@given(pair=INDEX_PAIRS)
def test_indexes_are_judged_as_the_server_does(mongo_server: Url, pair: Any) -> None:
    """Two specifications have one normal form exactly when the server takes them for one index."""
    with MongoClient[dict[str, Any]](databases.with_database(mongo_server, "oracle").reveal()) as client:
        judged = one_index_to_the_server(client.get_default_database(), *pair)
    ours = len({normal_index("oracle", encode({**one, "name": "x"})) for one in pair}) == 1

    assert judged in {None, ours}


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
