"""What is wrong with a pattern as it is written, before any server is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from schematool.core.diagnostic import Diagnostic, Span
from schematool.core.model.entity import Entity, Model, Plain
from schematool.core.patterns.model import Pattern, listed
from schematool.core.patterns.read import read_patterns, used_parameters
from schematool.core.sql.split import SplitError, split

_WRITES = ("$out", "$merge")


def mistakes(model: Model) -> Iterator[Diagnostic]:
    """ST133 for everything that a pattern names and that is not there."""
    names = {entity.name for entity in model.entities} | {thing.name for thing in model.declarations}
    for pattern in read_patterns(model):
        yield from _statement(pattern)
        yield from _parameters(pattern, model)
        yield from _cache(pattern, names)
        for number, name in enumerate(listed(pattern.expect.get("no_seq_scan"))):
            if name not in names:
                yield _wrong(f"there is no entity `{name}`", pattern.place(f"expect.no_seq_scan.{number}"), pattern)


def unknown_indexes(model: Model, indexes: Collection[str]) -> Iterator[Diagnostic]:
    """ST133 for indexes that a pattern expects and nobody declares. `indexes`: all names, those of keys too."""
    for pattern in read_patterns(model):
        for number, name in enumerate(pattern.indexes):
            if name not in indexes and name != "_id_" and not _in_a_bucket(pattern):
                place = pattern.place(f"expect.uses_index.{number}")
                yield _wrong(f"there is no index or key `{name}`", place, pattern)


def _in_a_bucket(pattern: Pattern) -> bool:
    return any(name.endswith((".files", ".chunks")) for name in pattern.entities)


def _wrong(message: str, span: Span, pattern: Pattern, hint: str | None = None) -> Diagnostic:
    return Diagnostic("ST133", message, span, hint, subject=pattern.name)


def _statement(pattern: Pattern) -> Iterator[Diagnostic]:
    if pattern.store == "postgres":
        try:
            many = len(split(pattern.query))
        except SplitError as error:
            yield _wrong(f"{error.reason}", pattern.place("query"), pattern, error.hint)
            return
        if many != 1:
            yield _wrong(f"a pattern is one statement, this is {many}", pattern.place("query"), pattern)
        return
    stages = pattern.request.get("pipeline")
    for number, stage in enumerate(stages if isinstance(stages, tuple) else ()):
        for name in stage if isinstance(stage, Mapping) else ():
            if name in _WRITES:
                place = pattern.place(f"pipeline.{number}.{name}")
                yield _wrong(f"`{name}` writes, and a pattern only reads", place, pattern, "leave the stage out")


def _parameters(pattern: Pattern, model: Model) -> Iterator[Diagnostic]:
    declared = {parameter.name for parameter in pattern.parameters}
    used = used_parameters(pattern)
    for name in used:
        if name not in declared:
            place = pattern.place("query" if pattern.store == "postgres" else "filter")
            hint = f"add `parameters: {{ {name}: … }}`"
            yield _wrong(f"the parameter `:{name}` has no type", place, pattern, hint)
    for parameter in pattern.parameters:
        if parameter.name not in used:
            yield _wrong(f"nothing uses the parameter `{parameter.name}`", parameter.span, pattern, "remove it")
        if parameter.source:
            yield from _source(pattern, parameter.name, parameter.source, model)


def _source(pattern: Pattern, name: str, source: str, model: Model) -> Iterator[Diagnostic]:
    place = pattern.place(f"parameters.{name}.from")
    head, _, field = source.partition(".") if pattern.store == "mongo" else source.rpartition(".")
    entity = model.entity(head) if head else None
    if entity is None or entity.store != pattern.store:
        yield _wrong(f"`{source}` names no entity of {pattern.store} and its field", place, pattern)
    elif not _has(entity, field):
        yield _wrong(f"`{entity.name}` has no field `{field}`", place, pattern)


def _has(entity: Entity, path: str) -> bool:
    head = path.split(".", maxsplit=1)[0]
    return head == "_id" or any(field.name == head for field in entity.fields)


def _cache(pattern: Pattern, names: Collection[str]) -> Iterator[Diagnostic]:
    cache = pattern.cache
    if cache is None:
        return
    declared = [parameter.name for parameter in pattern.parameters]
    for name in cache.placeholders:
        if name not in declared:
            known = ", ".join(declared) or "none"
            hint = f"its parameters: {known}"
            yield _wrong(f"`{{{name}}}` is no parameter of `{pattern.name}`", pattern.place("cache.key"), pattern, hint)
    for number, name in enumerate(cache.invalidated_by):
        if name not in names:
            yield _wrong(f"there is no entity `{name}`", pattern.place(f"cache.invalidated_by.{number}"), pattern)


def constants(value: Plain) -> Iterator[str]:
    """Every field path that a Mongo request speaks of, operators left out."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if not key.startswith("$"):
                yield key
            yield from constants(inner)
    elif isinstance(value, tuple):
        for inner in value:
            yield from constants(inner)
