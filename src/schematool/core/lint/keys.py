"""Rules about keys and indexes: what refers without one, and which one another serves already."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schematool.core.diagnostic import Diagnostic, Severity, Span
from schematool.core.keys import constraint_keys, foreign_keys
from schematool.core.model.entity import Entity, Field, IndexSpec


def all_fields(fields: tuple[Field, ...]) -> Iterator[Field]:
    """Every field, those inside of others too."""
    for field in fields:
        yield field
        yield from all_fields(field.fields)
        if field.items:
            yield from all_fields((field.items,))


def finding(  # noqa: PLR0913, PLR0917  # one argument for each part of a finding
    code: str, message: str, span: Span, entity: Entity, severity: Severity, hint: str | None
) -> Diagnostic:
    """A finding about an entity."""
    return Diagnostic(code, message, span, hint, severity, entity.name)


def reference_without_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST150: no index begins with the referring fields, so "who refers to this?" reads all there is."""
    leading = [tuple(_plain_key(key.text) for key in index.keys) for index in entity.indexes if _serves(entity, index)]
    leading += [key for key, _ in constraint_keys(entity)] if entity.store == "postgres" else []
    for fields, span in referring_keys(entity):
        if not any(set(index[: len(fields)]) == set(fields) for index in leading):
            named = ", ".join(fields)
            message = f"no index begins with `{named}`, which refers to another entity"
            on = f"[{named}]" if entity.store == "postgres" else f"{{ {fields[0]}: 1 }}"
            yield finding("ST150", message, span, entity, Severity.WARNING, f"add `- {{ on: {on} }}` to `indexes`")


def referring_keys(entity: Entity) -> tuple[tuple[tuple[str, ...], Span], ...]:
    """The fields that refer to another entity, in either store, with their place; of a collection their paths."""
    if entity.store == "mongo":
        return tuple(_paths(entity.fields, ""))
    return tuple((foreign.ours, foreign.span) for foreign in foreign_keys(entity))


def _paths(fields: tuple[Field, ...], around: str) -> Iterator[tuple[tuple[str, ...], Span]]:
    for field in fields:
        path = f"{around}{field.name}"
        for held in (field, field.items):
            if held and held.references:
                yield (path,), held.references.span
        inner = field.items.fields if field.items else field.fields
        yield from _paths(inner, f"{path}.")


def _serves(entity: Entity, index: IndexSpec) -> bool:
    """Whether an index can answer "who refers to this row?": whole, or without the NULLs only, in a sorted method."""
    if entity.store == "mongo":
        return "where" not in index.options and index.keys[0].direction not in {"text", "2d", "2dsphere"}
    where = str(index.options.get("where") or "")
    if where and not re.fullmatch(r"\s*\(?\s*\w+\s+is\s+not\s+null\s*\)?\s*", where, re.IGNORECASE):
        return False
    return index.options.get("method") in {None, "btree", "hash"}


def _plain_key(text: str) -> str:
    return re.sub(r"(?i)\s+(asc|desc)?(\s+nulls\s+(first|last))?\s*$", "", text.strip()).strip('"')


def redundant_index(entity: Entity) -> Iterator[Diagnostic]:
    """ST151: another index begins with the same keys, so this one only costs."""
    keyed = [(index, _keys(index)) for index in entity.indexes]
    unique = (
        [tuple((name, None) for name in key) for key, _ in constraint_keys(entity)]
        if entity.store == "postgres"
        else []
    )
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


def _keys(index: IndexSpec) -> tuple[tuple[str, int | float | str | None], ...]:
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
    return finding("ST151", f"the index on ({keys}) is not needed: {why}", index.span, entity, Severity.WARNING, hint)
