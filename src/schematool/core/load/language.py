"""The whole language in one table: every document, key and shape. The loader and the JSON Schema both read this."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.core.load import words_mongo, words_postgres, words_seed
from schematool.core.load.shapes import (
    Anything,
    Choice,
    Document,
    Key,
    ListOf,
    MapOf,
    Name,
    Named,
    Number,
    Record,
    Text,
    Truth,
    Value,
    Whole,
    either,
)

_CACHE = Record(
    "cache",
    "How an application caches the answer of a pattern.",
    (
        Key(
            "key",
            Text("a key"),
            "The cache key, with parameters in braces.",
            True,
            '"doctor:{doctor_id}:schedule:{day}"',
        ),
        Key(
            "ttl",
            either(Whole(0), Text("a time", r"\d+(s|m|h|d|w)")),
            "How long it may be kept: seconds, or `1h`.",
        ),
        Key("invalidated_by", ListOf(Name("an entity")), "The entities whose changes make it stale."),
    ),
)

_PARAMETER = Record(
    "pattern parameter",
    "A parameter of a pattern. `name: type` is its short form.",
    (
        Key("type", Text("a type"), "Its type.", True, "uuid"),
        Key(
            "example",
            Value(),
            "A value to try the pattern with; without one, a value is taken from the rows that the pattern reads.",
        ),
        Key("from", Name("an entity and its field"), "Where to take a value from.", example="appointments.doctor_id"),
    ),
)

_SAME = (
    Key("uses_index", either(Name(), ListOf(Name(), least=1)), "The index or indexes that it must use."),
    Key("no_sort", Truth(), "It must not sort: the index gives the order."),
    Key("no_spill", Truth(), "Nothing may go to disk on the way; `true` unless given."),
    Key("rows_read_per_row", Number(), "How many rows it may read for each row that it returns."),
)

_POSTGRES_EXPECT = Record(
    "postgres expectations",
    "What the plan of a pattern must look like.",
    (
        _SAME[0],
        Key(
            "no_seq_scan",
            either(Truth(), ListOf(Name("an entity"))),
            "Entities that it must not read whole; `true` for all.",
        ),
        *_SAME[1:],
        Key("buffers", Whole(0), "The greatest number of pages that it may touch, found in memory or not."),
        Key("cost_below", Number(), "The greatest estimated cost."),
    ),
)

_MONGO_EXPECT = Record(
    "mongo expectations",
    "What the plan of a pattern must look like.",
    (
        _SAME[0],
        Key("no_collection_scan", Truth(), "It must not read a whole collection."),
        *_SAME[1:],
        Key("keys", Whole(0), "The greatest number of index keys that it may examine."),
        Key("documents", Whole(0), "The greatest number of documents that it may examine."),
    ),
)

_DESCRIPTION = Key("description", Text("a sentence"), "What it is for.")
_PARAMETERS = Key(
    "parameters",
    MapOf(either(Text("a type"), Named("pattern parameter")), "parameter"),
    "The types of its parameters.",
    example="{ doctor_id: uuid, day: date }",
)
_CACHED = Key("cache", Named("cache"), "How its answer is cached.")
_EXPECTED = "What its plan must look like; `verify --patterns` asks the server."

RECORDS: Mapping[str, Record] = {
    record.name: record
    for record in (
        *words_postgres.RECORDS,
        *words_mongo.RECORDS,
        *words_seed.RECORDS,
        _CACHE,
        _PARAMETER,
        _POSTGRES_EXPECT,
        _MONGO_EXPECT,
    )
}
"""The records that shapes name."""

DOCUMENTS: tuple[Document, ...] = (
    *words_postgres.DOCUMENTS,
    *words_mongo.DOCUMENTS,
    Document(
        "pattern",
        "postgres",
        Record(
            "postgres pattern",
            "A query that applications make, and what it may cost.",
            (
                Key("pattern", Name(), "Its name.", True),
                Key("store", Choice(("postgres",)), "The store that it asks.", True),
                Key("query", Text("SQL"), "The query, with `:name` for parameters.", True),
                _DESCRIPTION,
                _PARAMETERS,
                Key("expect", Named("postgres expectations"), _EXPECTED),
                _CACHED,
            ),
        ),
        "pattern: user_by_email\nstore: postgres\nquery: select * from users where email = :email\nparameters: { email: text }\n",
    ),
    Document(
        "pattern",
        "mongo",
        Record(
            "mongo pattern",
            "A query that applications make, and what it may cost.",
            (
                Key("pattern", Name(), "Its name.", True),
                Key("store", Choice(("mongo",)), "The store that it asks.", True),
                Key("collection", Name("an entity"), "The collection that it asks.", True),
                Key(
                    "filter",
                    Anything(),
                    "The filter, with `:name` for parameters.",
                    example='{ patientId: ":patient_id" }',
                ),
                Key("sort", MapOf(Choice((1, -1)), "field path"), "The order."),
                Key("projection", Anything(), "Which fields it returns."),
                Key("limit", Whole(1), "How many documents at most."),
                Key("pipeline", ListOf(Anything()), "An aggregation instead of a filter."),
                _DESCRIPTION,
                _PARAMETERS,
                Key("expect", Named("mongo expectations"), _EXPECTED),
                _CACHED,
            ),
        ),
        'pattern: notes_of_a_patient\nstore: mongo\ncollection: clinicalNotes\nfilter: { patientId: ":patient_id" }\nsort: { createdAt: -1 }\nparameters: { patient_id: uuid }\n',
    ),
)
"""Every kind of document."""

KINDS: tuple[str, ...] = tuple(dict.fromkeys(document.kind for document in DOCUMENTS))
"""The first keys that documents can have."""


def documents_of(kind: str) -> Mapping[str, Document]:
    """The documents of one kind, by store."""
    return {document.store: document for document in DOCUMENTS if document.kind == kind}


__all__ = ["DOCUMENTS", "KINDS", "RECORDS", "Value", "documents_of"]
