"""Changes as people read them: by entity, and a table that comes or goes whole on one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import TypeVar

from schematool.core.describe import Described
from schematool.views.text.words import count

_WHOLE = frozenset({"table", "collection", "foreign table"})
_PART = {"default": ""}  # a default belongs to its column
T = TypeVar("T")


def by_entity(items: Iterable[T], look_at: Callable[[T], tuple[str, Described]]) -> list[T]:
    """Sort by store and entity, the entity itself before its parts; the order of the parts stays."""

    def key(item: T) -> tuple[bool, str, bool]:
        store, told = look_at(item)
        return (store != "postgres", told.entity, told.kind not in _WHOLE)

    return sorted(items, key=key)


def folded(items: Iterable[T], look_at: Callable[[T], tuple[str, Described]]) -> list[tuple[T, str]]:
    """Leave out the parts of what comes or goes whole; with it stands how many there are: `3 columns, 1 index`."""
    items = by_entity(items, look_at)
    whole = {
        (store, told.entity, told.symbol)
        for store, told in map(look_at, items)
        if told.kind in _WHOLE and told.symbol in {"+", "-"}
    }
    parts: dict[tuple[str, str, str], Counter[str]] = {key: Counter() for key in whole}
    kept = []
    for item in items:
        store, told = look_at(item)
        key = (store, told.entity, told.symbol)
        if key in whole and told.kind not in _WHOLE:
            parts[key][_PART.get(told.kind, told.kind)] += 1
        else:
            kept.append((item, key))
    return [(item, _told(parts[key]) if key in whole else "") for item, key in kept]


def _told(parts: Counter[str]) -> str:
    return ", ".join(count(number, kind) for kind, number in parts.items() if kind)
