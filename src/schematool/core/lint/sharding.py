"""Whether a shard key spreads documents well, as far as the schema tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.lint.keys import finding
from schematool.core.model.entity import Entity, Field, field_at

_FEW = 16
_GROWING = frozenset({"objectId", "date", "timestamp"})


def shard_key_spreads_badly(entity: Entity) -> Iterator[Diagnostic]:
    """ST166: few different keys, keys that grow with time, or many documents without one."""
    words = entity.options.get("shard_key")
    on = words.get("on") if isinstance(words, Mapping) else None
    if not isinstance(on, Mapping):
        return
    span = entity.options.span("shard_key.on") or entity.options.span("shard_key") or entity.span
    fields = [(path, kind, field_at(entity.fields, path)) for path, kind in on.items()]
    path, kind, first = fields[0]
    known = [_values_of(field) for _, _, field in fields]
    counts = [count for count in known if count is not None]
    if len(counts) == len(known) and prod(counts) <= _FEW:
        message = f"the shard key of `{entity.name}` has {prod(counts)} different values at most: no more shards help"
        yield finding("ST166", message, span, entity, Severity.WARNING, "add a field of many values to it")
    type_name = first.type if first is not None else "objectId" if path == "_id" else ""
    series = entity.options.get("time_series")
    if kind == 1 and type_name in _GROWING and not (first and first.references) and not isinstance(series, Mapping):
        message = f"`{path}` grows with time: all new documents of `{entity.name}` go to one shard"
        hint = f"write `{path}: hashed`, or begin with another field"
        yield finding("ST166", message, span, entity, Severity.WARNING, hint)
    if isinstance(series, Mapping) and (time := series.get("time_field")) in on:
        # SERVER-88647; the manual's page on sharding a time series, 8.0
        message = f"`{time}` in the shard key of a time series is deprecated from MongoDB 8.0 on"
        yield finding("ST166", message, span, entity, Severity.WARNING, "shard by metadata alone")
    for missing, _, field in fields:
        if field is not None and not field.required:
            message = f"`{missing}` of the shard key may be missing: all documents without it stay together"
            yield finding("ST166", message, span, entity, Severity.WARNING, f"declare `{missing}` as `required: true`")


def _values_of(field: Field | None) -> int | None:
    """Count the values that a field can have, where they are few."""
    if field is None:
        return None
    return len(field.one_of) if field.one_of else 2 if field.type == "bool" else None
