"""Rules about the schema itself: pure functions from the model to findings, one rule each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from schematool.core.diagnostic import Diagnostic, Severity, Span, in_order
from schematool.core.keys import primary_key
from schematool.core.lint.allow import without_allowed
from schematool.core.lint.keys import all_fields, finding, redundant_index, reference_without_index
from schematool.core.lint.patterns import cache_that_lies, index_without_purpose
from schematool.core.lint.sharding import shard_key_spreads_badly
from schematool.core.load.near import did_you_mean
from schematool.core.load.types import base
from schematool.core.model.entity import Entity, Model
from schematool.core.views import declared, reads

Rule: TypeAlias = Callable[[Entity], Iterator[Diagnostic]]

OFF_BY_DEFAULT = frozenset({"ST155", "ST156"})
"""Rules of taste: only when asked for."""


def lint(model: Model, *, also: Collection[str] = ()) -> tuple[Diagnostic, ...]:
    """Run every rule that is on, and those in `also`; what comments in the YAML allow is left out."""
    found = [
        finding
        for entity in model.entities
        for rule in RULES
        for finding in rule(entity)
        if finding.code not in OFF_BY_DEFAULT or finding.code in also
    ]
    found += [finding for overall in MODEL_RULES for finding in overall(model)]
    around = {pattern.name: pattern.span for pattern in model.declarations}
    around |= {entity.name: entity.span for entity in model.entities}
    return in_order(without_allowed(found, around, _places(model)))


def _places(model: Model) -> Iterator[Span]:
    for entity in model.entities:
        yield entity.span
        yield from entity.options.spans.values()
        for index in entity.indexes:
            yield index.span
            yield from index.options.spans.values()
        for field in all_fields(entity.fields):
            yield field.span
            yield from field.options.spans.values()
    for thing in model.declarations:
        yield thing.span
        yield from thing.options.spans.values()


def view_of_nothing(model: Model) -> Iterator[Diagnostic]:
    """ST111: a name that is not declared; MongoDB takes it, and the view finds nothing until it is there."""
    there = declared(model)
    for view in model.declarations:
        for name, path in reads(view) if (view.store, view.kind) == ("mongo", "view") else ():
            if name not in there:
                span = view.options.span(path) or view.options.span(path.partition(".")[0]) or view.span
                message = f"`{view.name}` reads `{name}`, which is not declared"
                hint = (
                    did_you_mean(name, there)
                    or "declare it, or correct the name: of what is not there it finds nothing"
                )
                yield Diagnostic("ST111", message, span, hint, Severity.WARNING, view.name)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def timestamp_without_time_zone(entity: Entity) -> Iterator[Diagnostic]:
    """ST152: one finding an entity, since its columns share one habit."""
    if entity.store != "postgres":
        return
    bare = {"timestamp", "timestamp without time zone"}
    fields = [field for field in entity.fields if base(field.type) in bare]
    if fields:
        named = ", ".join(field.name for field in fields)
        message = f"without time zone in `{entity.name}`: {named}"
        hint = "use `timestamptz`, or allow it on the entity's first line"
        yield finding("ST152", message, fields[0].type_span, entity, Severity.NOTE, hint)


_BETTER = {
    "money": "numeric(12,2)",
    "serial": "integer with `identity: always`",
    "bigserial": "bigint with `identity: always`",
    "smallserial": "smallint with `identity: always`",
    "serial4": "integer with `identity: always`",
    "serial8": "bigint with `identity: always`",
    "serial2": "smallint with `identity: always`",
    "char": "text or varchar",
    "character": "text or varchar",
    "bpchar": "text or varchar",
    "json": "jsonb",
    "timetz": "timestamptz",
    "time with time zone": "timestamptz",
}


def type_with_a_better_one(entity: Entity) -> Iterator[Diagnostic]:
    """ST153: money, serial, char(n), json, timetz."""
    if entity.store != "postgres":
        return
    for field in entity.fields:
        better = _BETTER.get(base(field.type))
        if better:
            message = f"`{field.name}` is {field.type}"
            yield finding("ST153", message, field.type_span, entity, Severity.WARNING, f"use {better}")


def missing_primary_key(entity: Entity) -> Iterator[Diagnostic]:
    """ST154: rows that cannot be told apart."""
    inherits = entity.options.get("inherits") or entity.options.get("partition_of")
    if entity.store == "postgres" and entity.fields and not primary_key(entity) and not inherits:
        message = f"`{entity.name}` has no primary key"
        yield finding("ST154", message, entity.span, entity, Severity.WARNING, "add `primary_key: [id]`")


def missing_description(entity: Entity) -> Iterator[Diagnostic]:
    """ST155: an entity or field that nobody explained."""
    if not entity.description:
        message = f"`{entity.name}` has no description"
        yield finding("ST155", message, entity.span, entity, Severity.NOTE, "add `description:`")
    for field in entity.fields:
        if not field.description:
            message = f"`{entity.name}.{field.name}` has no description"
            yield finding("ST155", message, field.span, entity, Severity.NOTE, "add `description:`")


def habitual_length(entity: Entity) -> Iterator[Diagnostic]:
    """ST156: varchar(n) where text would do."""
    for field in entity.fields:
        if entity.store == "postgres" and re.match(r"(?i)\s*(varchar|character varying)\s*\(", field.type):
            message = f"`{field.name}` is {field.type}"
            yield finding(
                "ST156", message, field.type_span, entity, Severity.NOTE, "use text, with a CHECK if it matters"
            )


# --- MongoDB ---------------------------------------------------------------------------------------------------------


def sensitive_in_the_log(entity: Entity) -> Iterator[Diagnostic]:
    """ST157: `action: warn` writes the whole document to the server's log (measured on 6.0, log id 20294)."""
    validation = entity.options.get("validation")
    sensitive = entity.sensitive or any(field.options.get("sensitive") for field in all_fields(entity.fields))
    if sensitive and isinstance(validation, Mapping) and validation.get("action") == "warn":
        span = entity.options.span("validation.action") or entity.span
        message = f"`{entity.name}` is sensitive, and `warn` writes its documents to the server's log"
        hint = "write `action: error`, with `level: moderate` while old documents are corrected"
        yield finding("ST157", message, span, entity, Severity.ERROR, hint)


def second_text_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST158: MongoDB allows one text index a collection."""
    texts = [index for index in entity.indexes if any(key.direction == "text" for key in index.keys)]
    for index in texts[1:]:
        message = f"`{entity.name}` has a text index already"
        yield finding("ST158", message, index.span, entity, Severity.ERROR, "put all text fields into one index")


RULES: tuple[Rule, ...] = (
    reference_without_index,
    redundant_index,
    timestamp_without_time_zone,
    type_with_a_better_one,
    missing_primary_key,
    missing_description,
    habitual_length,
    sensitive_in_the_log,
    second_text_index,
    shard_key_spreads_badly,
)
"""Every rule about one entity. A new one is a function here, a row in `core.codes` and a case in the tests."""

MODEL_RULES: tuple[Callable[[Model], Iterator[Diagnostic]], ...] = (
    cache_that_lies,
    index_without_purpose,
    view_of_nothing,
)
"""The rules that look at the whole model."""
