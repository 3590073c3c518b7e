"""Every word of a field on a real server: it is taken, it means what it says, and import gives it back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bson import Binary, Decimal128, Int64, ObjectId
from pymongo import MongoClient
from pymongo.errors import WriteError

from schematool.core.author.mongo import author
from schematool.core.diff import diff
from schematool.core.plan.mongo import build
from tests.live.mongo_journey import drafted

if TYPE_CHECKING:
    from schematool.core.secret import Url
    from schematool.engines.contract import Engine

FIELDS: list[tuple[str, list[Any], list[Any]]] = [
    ("string", ["x"], [1, None]),
    ("{ type: string, nullable: true }", ["x", None], [1]),
    ("{ type: [string, int] }", ["x", 1], [1.5]),
    ("{ type: string, min_length: 2, max_length: 3 }", ["ab", "äöü"], ["a", "abcd"]),
    ("{ type: string, pattern: ^a }", ["ab"], ["b"]),
    ("{ type: string, format: uuid }", [str(uuid4())], ["x", str(uuid4()).upper(), f"{uuid4()}\n"]),
    ("{ type: string, format: date }", ["2024-02-29"], ["2024-13-01", "2024-01-01\n"]),
    ("{ type: string, format: date-time }", ["2024-01-01T00:00:00Z"], ["2024-01-01"]),
    ("{ type: binData, format: uuid }", [Binary(uuid4().bytes, 4)], [str(uuid4())]),
    ("int", [1], [Int64(1), 1.0]),
    ("long", [1, Int64(2**40)], [1.0]),
    ("double", [1.5], [1]),
    ('{ type: decimal, multiple_of: "0.01" }', [Decimal128("1.25")], [Decimal128("1.255"), 1]),
    ('{ type: decimal, minimum: "0.1", maximum: "0.3" }', [Decimal128("0.1"), Decimal128("0.3")], [Decimal128("0.31")]),
    ("bool", [True], [1]),
    ("date", [datetime(2024, 1, 1, tzinfo=UTC)], ["2024-01-01"]),
    ("objectId", [ObjectId()], ["x"]),
    ("{ type: int, minimum: 1, exclusive_minimum: true, maximum: 3 }", [2, 3], [1, 4]),
    ("{ one_of: [a, 1, null] }", ["a", 1, 1.0, None], ["b"]),
    ("{ type: array, items: int, min_items: 1, max_items: 2, unique_items: true }", [[1, 2]], [[], [1, 1], ["a"], 1]),
    ("{ type: array, items_in_order: [int, string], further_items: false }", [[1], [1, "a"]], [["a"], [1, "a", 2]]),
    ("{ type: array, items_in_order: [int], further_items: string }", [[1, "a"]], [[1, 2]]),
    (
        "{ type: object, fields: { a: { type: int, required: true } }, additional_fields: false }",
        [{"a": 1}],
        [{}, {"a": "x"}, {"a": 1, "b": 2}, 5],
    ),
    ("{ type: object, additional_fields: int }", [{"a": 1}], [{"a": "x"}]),
    ("{ type: object, field_patterns: { ^n_: int }, min_fields: 1, max_fields: 2 }", [{"n_a": 1}], [{"n_a": "x"}, {}]),
    ("{ type: object, dependencies: { a: [b] } }", [{"a": 1, "b": 1}, {"b": 1}], [{"a": 1}]),
    (
        "{ type: object, dependencies: { a: { type: object, fields: { b: { type: int, required: true } } } } }",
        [{"a": 1, "b": 1}],
        [{"a": 1, "b": "x"}],
    ),
    ("{ any_of: [string, { type: int, minimum: 5 }] }", ["x", 5], [4, 1.5]),
    ("{ all_of: [{ type: int }, { one_of: [1, 2] }] }", [1], [3, 1.0]),
    ("{ exactly_one_of: [int, { one_of: [1, 2.5] }] }", [3, 2.5], [1]),
    ("{ not: string }", [1, None], ["x"]),
    ("any", [1, "x", None, []], []),
]


def test_every_word_means_what_it_says(mongo_url: Url, mongo_engine: Engine) -> None:
    """All fields in one collection: each value that fits is taken, each that does not is refused."""
    lines = "".join(f"  f{number}: {field}\n" for number, (field, _, _) in enumerate(FIELDS))
    schema = f"entity: notes\nstore: mongo\nfields:\n{lines}"
    assert mongo_engine.build(build(drafted(schema).catalog)) == ()
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client:
        notes = client.get_default_database()["notes"]
        for number, (field, good, bad) in enumerate(FIELDS):
            for value in good:
                assert _takes(notes, {f"f{number}": value}), (field, value)
            for value in bad:
                assert not _takes(notes, {f"f{number}": value}), (field, value)

    found = mongo_engine.inspect().catalog
    (text,) = author(found).files.values()

    assert "validator:" not in text, "all of it can be said in fields"
    assert diff(drafted(text).catalog, found) == ()


def _takes(collection: Any, document: dict[str, Any]) -> bool:
    try:
        collection.insert_one(document)
    except WriteError as error:
        if error.code == 121:
            return False
        raise
    return True


def test_words_of_whole_documents_on_a_server(mongo_url: Url, mongo_engine: Engine) -> None:
    """One of two fields must be there; conditions over several fields stand beside that."""
    schema = (
        "entity: people\nstore: mongo\nfields: { email: string, phone: string, born: date, died: date }\n"
        "any_of:\n  - { type: object, fields: { email: { type: any, required: true } } }\n"
        "  - { type: object, fields: { phone: { type: any, required: true } } }\n"
        "additional_fields: false\nchecks: { order: { $gte: [$died, $born] } }"
    )
    assert mongo_engine.build(build(drafted(schema).catalog)) == ()
    early, late = datetime(1900, 1, 1, tzinfo=UTC), datetime(1980, 1, 1, tzinfo=UTC)
    with MongoClient[dict[str, Any]](mongo_url.reveal()) as client:
        people = client.get_default_database()["people"]
        assert _takes(people, {"email": "x", "born": early, "died": late})
        assert _takes(people, {"phone": "1"})
        for wrong in ({}, {"email": "x", "other": 1}, {"email": "x", "born": late, "died": early}):
            assert not _takes(people, wrong)
