"""Views in an order in which MongoDB takes them: each after those that it reads.

A change that closes a circle for a moment is refused (168), even where the next one would open it; but what reads only
views that are as they shall be closes none.
"""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from schematool.core.model.mongo import View
from schematool.core.plan.mongo import commands
from schematool.core.views import sources


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
    return frozenset({view.view_on, *(name for name, _ in sources(commands.document(view.command).get("pipeline")))})
