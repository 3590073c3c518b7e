"""A PostgreSQL catalog as YAML: what `core.lower.postgres` would make this catalog of."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from schematool.core.author import Authored
from schematool.core.author.postgres import others, tables
from schematool.core.author.postgres.words import PUBLIC, Book, Words
from schematool.core.author.yaml_text import documents
from schematool.core.catalog import Catalog, Id
from schematool.core.diagnostic import Findings
from schematool.core.load import load
from schematool.core.lower.postgres import lower
from schematool.core.model import postgres as pg

_TOGETHER = {
    "schema": "schemas",
    "extension": "extensions",
    "type": "types",
    "sequence": "sequences",
    "function": "functions",
    "view": "views",
    "materialized view": "materialized_views",
    "event trigger": "event_triggers",
    "default privileges": "default_privileges",
}
"""Kinds that share a file, by schema; tables have one each, all else is in `objects`."""
_LAST = ("objects",)
_COUNTED = frozenset({"column", "default", "constraint", "index", "trigger", "rule", "policy", "statistics"})


def author(catalog: Catalog, folder: str = "schema", verbatim: Iterable[Id] = ()) -> Authored:
    """Write a catalog as YAML files below `folder`.

    What has the name that lowering chooses is left unnamed; what was so written is lowered again, and a table that
    would get other names is written with all of them. `verbatim`: objects whose texts a server read otherwise in their
    short form; they are written as the server prints them.
    """
    named: frozenset[Id] = frozenset()
    kept = frozenset(verbatim)
    while True:
        book = Book(catalog, named, kept)
        files = _files(book, folder)
        missing = _otherwise_named(book, files) - named
        if not missing:
            left = tuple(sorted(key for key in catalog.objects if key not in book.written))
            return Authored(files, left, book.ahead)
        named |= missing


def _otherwise_named(book: Book, files: dict[str, str]) -> frozenset[Id]:
    model, found = load(files)
    made = lower(model, Findings(found)).catalog
    return frozenset(table for table, ids in book.chosen.items() if not ids <= made.objects.keys())


def _files(book: Book, folder: str) -> dict[str, str]:
    tables.find_inline(book)
    grouped: dict[str, list[Words]] = defaultdict(list)
    for file, words in (*_entities(book), *_declarations(book), *_carried(book)):
        grouped[file].append(words)
    taken: set[str] = set()
    files: dict[str, str] = {}
    for name in sorted(grouped):
        path = _free(f"{folder}/{name}", taken)
        files[path] = documents(grouped[name])
    return files


def _entities(book: Book) -> Iterator[tuple[str, Words]]:
    for thing in book.catalog:
        if isinstance(thing, pg.Table) and thing.id not in book.inline:
            yield _file(thing.id, thing.id.name), tables.entity(book, thing)


def _declarations(book: Book) -> Iterator[tuple[str, Words]]:
    order = list(_TOGETHER)
    for thing in sorted(book.catalog, key=lambda one: (order.index(k) if (k := one.id.kind) in order else 99, one.id)):
        assert isinstance(thing, pg.PgObject)
        if thing.id in book.written:
            continue
        words = _declaration(book, thing)
        if words is not None:
            yield _file(thing.id, _TOGETHER[thing.id.kind]), words


def _declaration(book: Book, thing: pg.PgObject) -> Words | None:
    match thing:
        case pg.Schema():
            return others.schema(book, thing)
        case pg.Extension():
            return others.extension(book, thing)
        case pg.Enum() | pg.Domain() | pg.Composite() | pg.Range():
            return others.type_(book, thing)
        case pg.Sequence():
            return others.sequence(book, thing)
        case pg.Function() if not thing.depends_on_extensions:
            return others.routine(book, thing)
        case pg.View():
            return _whole(book, thing, others.view(book, thing))
        case pg.MaterializedView():
            return _whole(book, thing, others.materialized_view(book, thing))
        case pg.EventTrigger():
            return others.event_trigger(book, thing)
        case pg.DefaultPrivileges():
            return others.default_privileges(book, thing)
        case _:
            return None


def _whole(book: Book, thing: pg.PgObject, words: Words | None) -> Words | None:
    """What has no words after all is carried."""
    if words is None:
        book.written.discard(thing.id)
    return words


def _carried(book: Book) -> Iterator[tuple[str, Words]]:
    """What has no words of its own, as the statements that make it."""
    for thing in sorted(book.catalog, key=lambda one: (one.id.kind not in pg.RELATIONS, one.id)):
        assert isinstance(thing, pg.PgObject)
        if thing.id in book.written or thing.id.kind in {"column", "default"}:
            continue
        inside = [
            one
            for key, one in book.catalog.objects.items()
            if (key.kind in {"column", "default"} or (isinstance(one, pg.Constraint) and one.inherited))
            and thing.id.kind in pg.RELATIONS
            and key.path[:2] == thing.id.path
            and isinstance(one, pg.PgObject)
            and key not in book.written
        ]
        yield _file(thing.id, "objects"), others.carried(book, thing, inside)


_OF_NO_SCHEMA = frozenset({"schema", "extension", "event trigger", "default privileges"})


def _file(of: Id, name: str) -> str:
    """`users.yaml`, `billing/invoices.yaml`."""
    schema = of.path[0] if len(of.path) > 1 and of.kind not in _OF_NO_SCHEMA else PUBLIC
    return f"{name}.yaml" if schema == PUBLIC else f"{_safe(schema)}/{name}.yaml"


def _safe(name: str) -> str:
    return re.sub(r"[^\w.-]|^\.", "_", name)


def _free(path: str, taken: set[str]) -> str:
    """A file name that every system can hold; two that differ in case only are told apart by a number."""
    folder, _, name = path.rpartition("/")
    stem = _safe(name.removesuffix(".yaml"))
    number, free = 1, f"{folder}/{stem}.yaml"
    while free.lower() in taken:
        number += 1
        free = f"{folder}/{stem}_{number}.yaml"
    taken.add(free.lower())
    return free
