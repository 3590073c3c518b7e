"""Views in an order in which MongoDB takes them: each after those that it reads.

A change that closes a circle for a moment is refused (168), even where the next one would open it; but what reads only
views that are as they shall be closes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from schematool.core.extended_json import Value
from schematool.core.model.mongo import View
from schematool.core.plan.mongo import commands

_SOURCES = frozenset({"from", "coll"})


def in_order(views: Mapping[str, View]) -> tuple[View, ...]:
    """Give views after those that they read, else by name; by name alone where the server will refuse a circle."""
    sorter = TopologicalSorter({name: sorted(_read_by(view) & views.keys()) for name, view in sorted(views.items())})
    try:
        sorter.prepare()
    except CycleError:
        return tuple(view for _, view in sorted(views.items()))
    found: list[View] = []
    while ready := sorted(sorter.get_ready()):
        found += [views[name] for name in ready]
        sorter.done(*ready)
    return tuple(found)


def _read_by(view: View) -> frozenset[str]:
    return frozenset({view.view_on, *_named(commands.document(view.command).get("pipeline"))})


def _named(value: Value) -> Iterator[str]:
    """Find what a pipeline reads beside its source: `$lookup`, `$graphLookup` and `$unionWith`, however deep."""
    match value:
        case list():
            for item in value:
                yield from _named(item)
        case dict():
            for key, item in value.items():
                if isinstance(item, str) and (key in _SOURCES or key == "$unionWith"):
                    yield item
                yield from _named(item)
        case _:
            return
