"""The keys that tables declare, however they are written: what is unique, and what refers to another table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from schematool.core.diagnostic import Span
from schematool.core.model.entity import Entity, Model, Plain


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """Fields `ours` that refer to the fields `theirs` of a table."""

    ours: tuple[str, ...]
    entity: str
    theirs: tuple[str, ...]
    span: Span


def primary_key(entity: Entity) -> tuple[str, ...]:
    """The fields of the primary key; empty where there is none."""
    key = entity.options.get("primary_key")
    columns = key.get("on") if isinstance(key, Mapping) else key
    return _names(columns) if columns else ()


def constraint_keys(entity: Entity) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Primary key and unique constraints, with their places."""
    options = entity.options
    if primary := primary_key(entity):
        yield primary, options.span("primary_key") or entity.span
    for field in entity.fields:
        if field.options.get("unique"):
            yield (field.name,), field.options.span("unique") or field.span
    for name, given in _entries(options.get("unique")):
        columns = given.get("on") if isinstance(given, Mapping) else given
        yield _names(columns), options.span(f"unique.{name}") or entity.span


def unique_keys(entity: Entity) -> Iterator[tuple[tuple[str, ...], Span]]:
    """Primary key, unique constraints and unique indexes, with their places."""
    yield from constraint_keys(entity)
    for index in entity.indexes:
        if index.unique:
            yield tuple(re.sub(r"\s.*", "", key.text.strip()).strip('"') for key in index.keys), index.span


def foreign_keys(entity: Entity, model: Model | None = None) -> Iterator[ForeignKey]:
    """Each foreign key of a table; where it names no field of the other table, `model` knows that one's primary key."""
    for field in entity.fields if entity.store == "postgres" else ():
        if reference := field.references:
            theirs = (reference.field,) if reference.field else _primary_key_of(model, reference.entity)
            yield ForeignKey((field.name,), reference.entity, theirs, reference.span)
    yield from listed_foreign_keys(entity, model)


def listed_foreign_keys(entity: Entity, model: Model | None = None) -> Iterator[ForeignKey]:
    """Those of `foreign_keys`, which may have more than one field."""
    for name, given in _entries(entity.options.get("foreign_keys")):
        if isinstance(given, Mapping):
            target = str(given.get("references"))
            theirs = _names(given["fields"]) if given.get("fields") else _primary_key_of(model, target)
            span = entity.options.span(f"foreign_keys.{name}.on") or entity.span
            yield ForeignKey(_names(given.get("on")), target, theirs, span)


def _primary_key_of(model: Model | None, name: str) -> tuple[str, ...]:
    target = model.entity(name) if model else None
    return primary_key(target) if target else ()


def _entries(value: Plain) -> Iterator[tuple[object, Plain]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, tuple):
        yield from enumerate(value)


def _names(value: Plain) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, tuple) else (str(value),)
