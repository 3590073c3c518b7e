"""A drop and an add that may be one rename: found by shape, never acted upon."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from typing import Any

from schematool.core.catalog import Id, Object
from schematool.core.change import Added, Change, Removed

_KINDS = frozenset(
    {"table", "column", "collection", "view", "materialized view", "enum", "domain", "composite", "sequence"}
)
_CARRIED = frozenset({"id", "comment", "definition", "command"})


def lookalikes(changes: Iterable[Change]) -> tuple[tuple[Id, Id], ...]:
    """Pairs (gone, come) of the same kind in the same place whose attributes are all the same.

    Tables and collections are compared by the names of what they hold, since their own attributes say little.
    """
    changes = tuple(changes)
    gone = [c.before for c in changes if isinstance(c, Removed)]
    come = [c.after for c in changes if isinstance(c, Added)]
    pairs = []
    for old in gone:
        alike = [new for new in come if _alike(old, new, gone, come)]
        if len(alike) == 1:
            pairs.append((old.id, alike[0].id))
    return tuple(pairs)


def _alike(old: Object, new: Object, gone: list[Object], come: list[Object]) -> bool:
    if type(old) is not type(new) or old.id.kind not in _KINDS or old.id.path[:-1] != new.id.path[:-1]:
        return False
    if old.id.kind == "table":
        held = _held(old.id, gone)
        return bool(held) and held == _held(new.id, come)
    return _shape(old) == _shape(new) and _distinct(old)


def _held(owner: Id, things: list[Object]) -> set[tuple[str, str]]:
    return {
        (thing.id.name, str(getattr(thing, "type", "")))
        for thing in things
        if thing.id.kind == "column" and thing.id.path[:-1] == owner.path
    }


def _shape(thing: Object) -> list[Any]:
    return [
        getattr(thing, f.name)
        for f in fields(thing)  # type: ignore[arg-type]  # every catalog object is a dataclass
        if f.compare and f.name not in _CARRIED
    ]


def _distinct(thing: Object) -> bool:
    """A collection without a validator looks like every other: that is no evidence of a rename."""
    return thing.id.kind != "collection" or getattr(thing, "validator", None) is not None
