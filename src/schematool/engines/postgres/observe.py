"""A second reader of the catalogs, which shares neither code nor queries with the model's.

It asks one question: is there anything here, object or attribute, that is not at its default and that the model did
not claim? Objects are counted by kind and named only where the count is off; attributes are listed, since few are
set. Each query says where to look in PostgreSQL's own terms, each claim says where the model would have it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg.rows import tuple_row

from schematool.core.catalog import Catalog, Id
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.engines.postgres.observed import ATTRIBUTES, COMMENTS, KINDS, LABELS, OUTSIDE

if TYPE_CHECKING:
    from psycopg import Connection

CODE = "ST602"


Rows = Callable[[str], list[tuple[Any, ...]]]
"""Runs a query and gives all of its rows."""


def observe(connection: Connection[Any], catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Name everything that the catalog does not hold, sorted. Runs in the caller's transaction and settings."""
    version = connection.info.server_version
    with connection.cursor(row_factory=tuple_row) as cursor:

        def rows(query: str) -> list[tuple[Any, ...]]:
            return cursor.execute(query.encode()).fetchall()

        found = [
            *_unclaimed_objects(rows, catalog, version),
            *_unclaimed_attributes(rows, catalog, version),
            *_unclaimed_texts(rows, catalog),
            *_outside(rows, version),
        ]
    return tuple(sorted(found, key=lambda diagnostic: diagnostic.message))


def _unclaimed_objects(rows: Rows, catalog: Catalog, version: int) -> Iterator[Diagnostic]:
    kinds = {kind: str(query) for kind, since, query in KINDS if version >= since}
    counts = " UNION ALL ".join(f"SELECT '{kind}', count(*) FROM ({query}) AS x" for kind, query in kinds.items())
    claimed = Counter(key.kind for key in catalog.objects)
    for kind, count in rows(counts):
        if count == claimed[kind]:
            continue
        there = {Id(kind, tuple(path)) for (path,) in rows(kinds[kind])}
        for key in there - catalog.objects.keys():
            yield _finding(key, f"{key} is not modelled")


def _unclaimed_attributes(rows: Rows, catalog: Catalog, version: int) -> Iterator[Diagnostic]:
    seen: dict[int, list[Id]] = defaultdict(list)
    for number, path in rows(" UNION ALL ".join(_together(version))):
        seen[number].append(Id(ATTRIBUTES[number].kind, tuple(path)))
    for number, keys in seen.items():
        attribute = ATTRIBUTES[number]
        for key in keys:
            thing = catalog.objects.get(key)
            # An object that is missing as a whole has been named already.
            if thing is not None and not attribute.claimed(thing):
                yield _finding(key, f"{key}: {attribute.name} is not modelled")


def _together(version: int) -> Iterator[str]:
    """One query for all attributes that are looked for in the same place."""
    groups: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for number, attribute in enumerate(ATTRIBUTES):
        if version >= attribute.since:
            query = attribute.query
            groups[query.path, query.source].append((number, query.condition))
    for (path, source), conditions in groups.items():
        numbers = ", ".join(f"CASE WHEN {condition} THEN {number} END" for number, condition in conditions)
        anything = " OR ".join(f"({condition})" for _, condition in conditions)
        yield (
            f"SELECT unnest(array_remove(ARRAY[{numbers}], NULL)), ARRAY[{path}]::text[] FROM {source} AND ({anything})"
        )


def _unclaimed_texts(rows: Rows, catalog: Catalog) -> Iterator[Diagnostic]:
    """Comments and security labels, told apart by their text: there are no others like it in the model."""
    texts = Counter(text for thing in catalog for text in _texts(thing))
    for what, query in (("comment", COMMENTS), ("security label", LABELS)):
        left = []
        for classid, objid, sub, text in rows(query):
            if texts[text]:
                texts[text] -= 1
            else:
                left.append((classid, objid, sub))
        for classid, objid, sub in left:
            ((name,),) = rows(f"SELECT pg_describe_object({classid}, {objid}, {sub})")
            if name is None:
                continue  # DROP SUBSCRIPTION leaves its comment behind
            yield Diagnostic(CODE, f"{name}: its {what} is not modelled", subject=name)


def _texts(thing: Any) -> Iterator[str]:
    """Every text of every comment and label of an object, wherever the model keeps it."""
    kind: Any = type(thing)
    for name in _places(kind):
        content = getattr(thing, name)
        if not content:
            continue
        match name:
            case "comment" | "index_comment" | "not_null_comment":
                yield content
            case "column_comments" | "security_labels":
                yield from (text for _, text in content)
            case "checks" | "attributes":
                yield from (part.comment for part in content if part.comment is not None)
            case _:
                if content.comment is not None:
                    yield content.comment


PLACES = frozenset(
    {
        "attributes",
        "checks",
        "column_comments",
        "comment",
        "identity",
        "index_comment",
        "not_null_comment",
        "security_labels",
    }
)


@cache
def _places(kind: Any) -> tuple[str, ...]:
    """Return the fields of a class of objects that can hold a comment or a label."""
    assert isinstance(kind, type)  # mypy knows no class as a cache's key
    return tuple(field.name for field in fields(kind) if field.name in PLACES)


def _outside(rows: Rows, version: int) -> Iterator[Diagnostic]:
    """What is no object of a schema, and yet changes how the database behaves: warnings."""
    for since, query in OUTSIDE:
        if version >= since:
            for (message,) in rows(query):
                yield Diagnostic(CODE, f"{message} is not modelled", severity=Severity.WARNING, subject=message)


def _finding(key: Id, message: str) -> Diagnostic:
    return Diagnostic(CODE, message, subject=str(key))


__all__ = ["observe"]
