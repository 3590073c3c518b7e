"""What is different between two states of a schema, entity by entity, in the words of the book."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

from schematool.core.book.facts import Book, EntityFact, FieldFact, PatternFact
from schematool.core.diff import keyed_diff


@dataclass(frozen=True, slots=True)
class Line:
    """One change; `symbol` is `+`, `-`, `~` or `>`. Texts are empty where there is nothing to say."""

    symbol: str
    kind: str
    name: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class EntityChange:
    """What happened to one entity or pattern: `added`, `removed`, `renamed` or `changed`."""

    key: str
    store: str
    what: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """Between two named states."""

    before: str
    after: str
    entities: tuple[EntityChange, ...] = ()


def changes(old: Book, new: Book, before: str, after: str) -> Changes:
    """Compare two books."""
    earlier = {entity.key: entity for entity in old.entities}
    found = []
    for entity in new.entities:
        match = earlier.pop(entity.key, None)
        renamed = match is None and entity.was in earlier
        if match is None and entity.was in earlier:
            match = earlier.pop(entity.was)
        if match is None:
            found.append(EntityChange(entity.key, entity.store, "added", tuple(_whole(entity))))
            continue
        lines = tuple(_entity(match, entity))
        if renamed:
            lines = (Line(">", "name", entity.key, match.key, entity.key), *lines)
        if lines:
            found.append(EntityChange(entity.key, entity.store, "renamed" if renamed else "changed", lines))
    found += [EntityChange(one.key, one.store, "removed", tuple(_whole(one))) for one in earlier.values()]
    return Changes(before, after, (*_ordered(found), *_ordered(_others(old, new))))


def _ordered(found: Iterable[EntityChange]) -> list[EntityChange]:
    return sorted(found, key=lambda change: (change.store != "postgres", change.key))


def _whole(entity: EntityFact) -> Iterator[Line]:
    for many, noun in (
        (entity.fields, "fields"),
        (entity.parts, "constraints and triggers"),
        (entity.indexes, "indexes"),
    ):
        if many:
            yield Line("", noun, str(len(many)))


def _entity(old: EntityFact, new: EntityFact) -> Iterator[Line]:
    if old.description != new.description:
        yield Line("~", "description", "", old.description, new.description)
    names = {field.path for field in old.fields}
    renamed = {field.was: field.path for field in new.fields if field.was in names and field.path not in names}
    yield from (Line(">", "field", name, str(was), name) for was, name in renamed.items())
    fields_before = tuple(replace(field, path=renamed.get(field.path, field.path)) for field in old.fields)
    for before, after in zip(_sayings(replace(old, fields=fields_before)), _sayings(new), strict=True):
        yield from _compared(before, after)
    yield from _compared(_partitions(old), _partitions(new))
    for word, one, other in _differing(old.options, new.options):
        if word == "partitions":
            continue
        yield Line("~" if one and other else "+" if other else "-", "option", word, one, other)


Say: TypeAlias = "tuple[str, str, str, str]"
"""A part of an entity, ready to be compared: its name, what kind it is, its text, its description."""


def _compared(old: Iterable[Say], new: Iterable[Say]) -> Iterator[Line]:
    delta = keyed_diff(old, new, lambda said: said[0])
    yield from (Line("-", kind, name, text) for name, kind, text, _ in delta.removed)
    for (_, _, before, described), (name, kind, after, describes) in delta.changed:
        same = before == after
        yield Line("~", kind, name, described if same else before, describes if same else after)
    yield from (Line("+", kind, name, "", text) for name, kind, text, _ in delta.added)


def _sayings(entity: EntityFact) -> tuple[tuple[Say, ...], tuple[Say, ...], tuple[Say, ...]]:
    return (
        tuple((field.path, "field", field_text(field), field.description) for field in entity.fields),
        tuple((part.name, part.kind, part.text, part.description) for part in entity.parts),
        tuple(
            (index.name, "index", f"{'unique ' if index.unique else ''}{index.text}", index.description)
            for index in entity.indexes
        ),
    )


def _partitions(entity: EntityFact) -> Iterator[Say]:
    for line in dict(entity.options).get("partitions", "").splitlines():
        name, _, bounds = line.partition(": ")
        yield name, "partition", bounds, ""


def field_text(field: FieldFact) -> str:
    """A field in one line: `uuid, required, default gen_random_uuid(), → users`."""
    said = [field.type]
    said += ["required"] if field.required else []
    said += [f"default {field.default}"] if field.default is not None else []
    said += [f"→ {field.refers}"] if field.refers else []
    return ", ".join([*said, *field.rules])


def _differing(old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str, str]]:
    one, other = dict(old), dict(new)
    for word in sorted(one.keys() | other.keys()):
        if one.get(word) != other.get(word):
            yield word, one.get(word, ""), other.get(word, "")


def _others(old: Book, new: Book) -> Iterator[EntityChange]:
    """Patterns and everything else that is no entity."""
    patterns = keyed_diff(old.patterns, new.patterns, lambda pattern: pattern.name)
    for pattern in patterns.added:
        yield EntityChange(
            f"pattern {pattern.name}", pattern.store, "added", (Line("+", "query", "", "", pattern.text),)
        )
    for pattern in patterns.removed:
        yield EntityChange(f"pattern {pattern.name}", pattern.store, "removed")
    for one, other in patterns.changed:
        lines = tuple(_pattern(one, other))
        if lines:
            yield EntityChange(f"pattern {other.name}", other.store, "changed", lines)
    others = keyed_diff(old.others, new.others, lambda thing: f"{thing.store} {thing.kind} {thing.name}")
    for thing in others.added:
        yield EntityChange(f"{thing.kind} {thing.name}", thing.store, "added", (Line("+", "", "", "", thing.text),))
    for thing in others.removed:
        yield EntityChange(f"{thing.kind} {thing.name}", thing.store, "removed")
    for before, after in others.changed:
        if (before.text, before.description) != (after.text, after.description):
            line = Line("~", "", "", before.text, after.text)
            yield EntityChange(f"{after.kind} {after.name}", after.store, "changed", (line,))


def _pattern(old: PatternFact, new: PatternFact) -> Iterator[Line]:
    for each in fields(PatternFact):
        if each.name in {"name", "store", "place", "entities", "plan"}:
            continue
        before, after = getattr(old, each.name), getattr(new, each.name)
        if before != after:
            yield Line("~", each.name, "", _said(before), _said(after))


def _said(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(f"{name} {said}" for name, said in value)
    return str(value)
