"""Tell a real difference from another server's spelling: ask a server of the other side to read it back.

PostgreSQL prints the same expression differently from major to major. When the recorded catalog and the live one are
of different majors, the live objects are built again on the scratch server that recorded the others and read there;
a text that then is the same was only spelled differently. A read-only role on the live server is enough for that.
Where the scratch server cannot build them (it lacks an extension, say), the migrations are replayed in a scratch
database on the live server, if its role may create one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from schematool.app.catalogs import build_recorded, excluding
from schematool.app.history import whole
from schematool.app.servers import scratch_server
from schematool.app.twins import planner
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog
from schematool.core.change import Altered, Change
from schematool.core.errors import SchematoolError, WorldError
from schematool.core.history.unit import Unit
from schematool.engines.contract import Engine

_TEXTS = frozenset(
    {"definition", "expression", "generated", "using", "check", "default", "checks", "partition_bound", "partition_key"}
)
"""Attributes that a server prints from its own parse tree."""


def major(version: str) -> str:
    """`18` of `18.6 (Debian …)`."""
    return version.split(".", 1)[0]


@dataclass(frozen=True, slots=True)
class Sides:
    """What was recorded, by which migrations, and what a live server shows."""

    units: Sequence[Unit]
    recorded: Catalog
    actual: Catalog


def without_spelling(
    workspace: Workspace, live: Engine, sides: Sides, changes: tuple[Change, ...]
) -> tuple[Change, ...]:
    """Leave out the changes that are only another major's way to print the same thing."""
    recorded, actual = sides.recorded, sides.actual
    doubtful = {change.id for change in changes if _may_be_spelling(change)}
    if not doubtful or live.store != "postgres" or major(recorded.version) == major(actual.version):
        return changes
    before, after = _respelled(workspace, live, sides)
    return tuple(
        change
        for change in changes
        if change.id not in doubtful or before.objects.get(change.id) != after.objects.get(change.id)
    )


def _may_be_spelling(change: Change) -> bool:
    return isinstance(change, Altered) and all(name in _TEXTS for name, _, _ in change.attributes)


def _respelled(workspace: Workspace, live: Engine, sides: Sides) -> tuple[Catalog, Catalog]:
    """Both catalogs as one server prints them; as they are when no server can be asked."""
    recorded, actual = sides.recorded, sides.actual
    make = planner(actual.store)
    exclude = workspace.config.exclude
    try:
        with scratch_server(workspace, actual.store) as server, server.scratch() as place:
            if not place.build(make.build(actual)):
                read = excluding(place.inspect(), exclude).catalog
                if major(read.version) == major(recorded.version):
                    return make.align(recorded, read)
    except SchematoolError:
        pass  # the live server may still answer
    try:
        return make.align(build_recorded(live, whole(workspace, sides.units), exclude).catalog, actual)
    except WorldError:
        return recorded, actual
