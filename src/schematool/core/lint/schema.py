"""Rules about the schema itself: pure functions from the model to findings, one rule each."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TypeAlias

from schematool.core.diagnostic import Diagnostic, Severity, Span, in_order
from schematool.core.lint.allow import without_allowed
from schematool.core.load.references import primary_key
from schematool.core.load.types import base
from schematool.core.model.entity import Entity, Field, IndexSpec, Model, Plain

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
    around = {entity.name: entity.span for entity in model.entities}
    return in_order(without_allowed(found, around, _places(model)))


def _places(model: Model) -> Iterator[Span]:
    for entity in model.entities:
        yield entity.span
        yield from entity.options.spans.values()
        for index in entity.indexes:
            yield index.span
            yield from index.options.spans.values()
        for field in _all_fields(entity.fields):
            yield field.span
            yield from field.options.spans.values()
    for thing in model.declarations:
        yield thing.span
        yield from thing.options.spans.values()


def _all_fields(fields: tuple[Field, ...]) -> Iterator[Field]:
    for field in fields:
        yield field
        yield from _all_fields(field.fields)
        if field.items:
            yield from _all_fields((field.items,))


def _finding(  # noqa: PLR0913, PLR0917  # one argument for each part of a finding
    code: str, message: str, span: Span, entity: Entity, severity: Severity, hint: str | None
) -> Diagnostic:
    return Diagnostic(code, message, span, hint, severity, entity.name)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------


def foreign_key_without_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST150: no index begins with the referring fields, so a delete of the row pointed at scans this table."""
    if entity.store != "postgres":
        return
    leading = [tuple(_plain_key(key.text) for key in index.keys) for index in entity.indexes if _serves(index)]
    leading += [tuple(key) for key in _unique_keys(entity)]
    keys: list[tuple[tuple[str, ...], Span]] = [
        ((field.name,), field.references.span) for field in entity.fields if field.references
    ]
    keys += _composite_keys(entity)
    for fields, span in keys:
        if not any(set(index[: len(fields)]) == set(fields) for index in leading):
            named = ", ".join(fields)
            message = f"no index begins with `{named}`, which refers to another entity"
            yield _finding(
                "ST150", message, span, entity, Severity.WARNING, f"add `- {{ on: [{named}] }}` to `indexes`"
            )


def _serves(index: IndexSpec) -> bool:
    """Whether an index can answer "who refers to this row?": whole, or without the NULLs only, in a sorted method."""
    where = str(index.options.get("where") or "")
    if where and not re.fullmatch(r"\s*\(?\s*\w+\s+is\s+not\s+null\s*\)?\s*", where, re.IGNORECASE):
        return False
    return index.options.get("method") in {None, "btree", "hash"}


def _plain_key(text: str) -> str:
    return re.sub(r"(?i)\s+(asc|desc)?(\s+nulls\s+(first|last))?\s*$", "", text.strip()).strip('"')


def _unique_keys(entity: Entity) -> Iterator[tuple[str, ...]]:
    yield primary_key(entity)
    for field in entity.fields:
        if field.options.get("unique"):
            yield (field.name,)
    for value in _values(entity.options.get("unique")):
        columns = value.get("on") if isinstance(value, Mapping) else value
        if isinstance(columns, tuple):
            yield tuple(str(name) for name in columns)


def _values(value: Plain) -> tuple[Plain, ...]:
    if isinstance(value, Mapping):
        return tuple(value.values())
    return value if isinstance(value, tuple) else ()


def _composite_keys(entity: Entity) -> Iterator[tuple[tuple[str, ...], Span]]:
    given = entity.options.get("foreign_keys")
    named = given.items() if isinstance(given, Mapping) else enumerate(given) if isinstance(given, tuple) else ()
    for name, value in named:
        columns = value.get("on") if isinstance(value, Mapping) else None
        if isinstance(columns, tuple):
            span = entity.options.span(f"foreign_keys.{name}.on") or entity.span
            yield tuple(str(column) for column in columns), span


def redundant_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST151: another index begins with the same keys, so this one only costs."""
    keyed = [(index, _keys(index)) for index in entity.indexes]
    unique = [tuple((name, None) for name in key) for key in _unique_keys(entity)] if entity.store == "postgres" else []
    for number, (index, keys) in enumerate(keyed):
        if index.unique or _special(index):
            continue
        server = next((key for key in unique if keys and key[: len(keys)] == keys), None)
        if server is not None:
            name = ", ".join(part for part, _ in server)
            yield _redundant(index, f"the key on ({name}) has an index of its own", entity)
            continue
        for other_number, (other, others) in enumerate(keyed):
            longer = others[: len(keys)] == keys and (len(others) > len(keys) or other_number < number)
            if other is not index and longer and not _special(other):
                yield _redundant(index, f"the index on ({', '.join(text for text, _ in others)}) serves it too", entity)
                break


def _keys(index: IndexSpec) -> tuple[tuple[str, int | str | None], ...]:
    return tuple((" ".join(key.text.split()), key.direction) for key in index.keys)


_CHANGES_MEANING = frozenset(
    {"where", "method", "sparse", "expire_after", "collation", "wildcard_projection", "include", "hidden", "weights"}
)


def _special(index: IndexSpec) -> bool:
    """Whether an index does more than to find by its keys."""
    kinds = {key.direction for key in index.keys}
    return bool(_CHANGES_MEANING & set(index.options)) or bool(kinds & {"text", "2d", "2dsphere", "hashed"})


def _redundant(index: IndexSpec, why: str, entity: Entity) -> Diagnostic:
    keys = ", ".join(key.text for key in index.keys)
    hint = "remove it, or write `# schematool: allow ST151 because …` on this line"
    return _finding("ST151", f"the index on ({keys}) is not needed: {why}", index.span, entity, Severity.WARNING, hint)


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
        yield _finding("ST152", message, fields[0].type_span, entity, Severity.NOTE, hint)


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
            yield _finding("ST153", message, field.type_span, entity, Severity.WARNING, f"use {better}")


def missing_primary_key(entity: Entity) -> Iterator[Diagnostic]:
    """ST154: rows that cannot be told apart."""
    inherits = entity.options.get("inherits") or entity.options.get("partition_of")
    if entity.store == "postgres" and entity.fields and not primary_key(entity) and not inherits:
        message = f"`{entity.name}` has no primary key"
        yield _finding("ST154", message, entity.span, entity, Severity.WARNING, "add `primary_key: [id]`")


def missing_description(entity: Entity) -> Iterator[Diagnostic]:
    """ST155: an entity or field that nobody explained."""
    if not entity.description:
        message = f"`{entity.name}` has no description"
        yield _finding("ST155", message, entity.span, entity, Severity.NOTE, "add `description:`")
    for field in entity.fields:
        if not field.description:
            message = f"`{entity.name}.{field.name}` has no description"
            yield _finding("ST155", message, field.span, entity, Severity.NOTE, "add `description:`")


def habitual_length(entity: Entity) -> Iterator[Diagnostic]:
    """ST156: varchar(n) where text would do."""
    for field in entity.fields:
        if entity.store == "postgres" and re.match(r"(?i)\s*(varchar|character varying)\s*\(", field.type):
            message = f"`{field.name}` is {field.type}"
            yield _finding(
                "ST156", message, field.type_span, entity, Severity.NOTE, "use text, with a CHECK if it matters"
            )


# --- MongoDB ---------------------------------------------------------------------------------------------------------


def sensitive_in_the_log(entity: Entity) -> Iterator[Diagnostic]:
    """ST157: `action: warn` writes the whole document to the server's log (measured on 6.0, log id 20294)."""
    validation = entity.options.get("validation")
    sensitive = entity.sensitive or any(field.options.get("sensitive") for field in _all_fields(entity.fields))
    if sensitive and isinstance(validation, Mapping) and validation.get("action") == "warn":
        span = entity.options.span("validation.action") or entity.span
        message = f"`{entity.name}` is sensitive, and `warn` writes its documents to the server's log"
        hint = "write `action: error`, with `level: moderate` while old documents are corrected"
        yield _finding("ST157", message, span, entity, Severity.ERROR, hint)


def second_text_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST158: MongoDB allows one text index a collection."""
    texts = [index for index in entity.indexes if any(key.direction == "text" for key in index.keys)]
    for index in texts[1:]:
        message = f"`{entity.name}` has a text index already"
        yield _finding("ST158", message, index.span, entity, Severity.ERROR, "put all text fields into one index")


RULES: tuple[Rule, ...] = (
    foreign_key_without_index,
    redundant_index,
    timestamp_without_time_zone,
    type_with_a_better_one,
    missing_primary_key,
    missing_description,
    habitual_length,
    sensitive_in_the_log,
    second_text_index,
)
"""Every rule. A new one is a function here, a row in `core.codes` and a case in the tests."""
