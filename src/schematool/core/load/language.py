"""The whole language in one table: every document, key and shape. The loader and the JSON Schema both read this."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.core.load import words_mongo, words_postgres
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

_EXPECT = Record(
    "expect",
    "What the plan of a pattern must look like.",
    (
        Key("uses_index", either(Name(), ListOf(Name(), least=1)), "The index or indexes that it must use."),
        Key("no_seq_scan", either(Truth(), ListOf(Name("an entity"))), "Entities that it must not read whole."),
        Key("no_collection_scan", Truth(), "Mongo: it must not read the whole collection."),
        Key("no_sort", Truth(), "It must not sort: the index gives the order."),
        Key("rows_read_per_row", Number(), "How many rows it may read for each row that it returns."),
        Key("cost_below", Number(), "The greatest estimated cost."),
    ),
)

_PATTERN_KEYS = (
    Key("description", Text("a sentence"), "What it is for."),
    Key(
        "parameters",
        MapOf(Text("a type"), "parameter"),
        "The types of its parameters.",
        example="{ doctor_id: uuid, day: date }",
    ),
    Key("expect", Named("expect"), "What its plan must look like."),
    Key("cache", Named("cache"), "How its answer is cached."),
)

RECORDS: Mapping[str, Record] = {
    record.name: record for record in (*words_postgres.RECORDS, *words_mongo.RECORDS, _CACHE, _EXPECT)
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
                *_PATTERN_KEYS,
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
                *_PATTERN_KEYS,
            ),
        ),
        'pattern: notes_of_a_patient\nstore: mongo\ncollection: clinicalNotes\nfilter: { patientId: ":patient_id" }\nsort: { createdAt: -1 }\n',
    ),
)
"""Every kind of document."""

KINDS: tuple[str, ...] = tuple(dict.fromkeys(document.kind for document in DOCUMENTS))
"""The first keys that documents can have."""


def documents_of(kind: str) -> Mapping[str, Document]:
    """The documents of one kind, by store."""
    return {document.store: document for document in DOCUMENTS if document.kind == kind}


__all__ = ["DOCUMENTS", "KINDS", "RECORDS", "Value", "documents_of"]
