"""Write a live catalog as YAML and show, on a scratch database, that the YAML makes this very catalog."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from schematool.app.catalogs import build_desired, differences
from schematool.app.compile import Compiled, compile_schema
from schematool.app.twins import Author, author_of
from schematool.core.author import Authored
from schematool.core.catalog import Catalog, Id
from schematool.core.change import Change
from schematool.core.model.postgres import Table
from schematool.core.partitions import MARK
from schematool.engines.contract import Engine


@dataclass(frozen=True, slots=True)
class Shown:
    """The YAML, what it means, what a server made of it, and what then still differs (nothing, if all is well)."""

    authored: Authored
    compiled: Compiled
    built: Catalog
    changes: tuple[Change, ...]


def show(
    server: Engine, live: Catalog, folder: str = "schema", exclude: Sequence[str] = (), write: Author | None = None
) -> Shown:
    """Write the YAML in its short forms; where a server reads one otherwise than it was, write that in full."""
    verbatim: frozenset[Id] = frozenset()
    while True:
        shown = _attempt(server, live, (write or author_of(live.store))(live, folder, verbatim), exclude)
        different = frozenset(change.id for change in shown.changes)
        if different <= verbatim:
            return shown
        verbatim |= different


def _attempt(server: Engine, live: Catalog, authored: Authored, exclude: Sequence[str]) -> Shown:
    compiled = compile_schema(authored.files)
    built = build_desired(server, compiled.drafts[live.store], exclude).catalog
    return Shown(authored, compiled, built, differences(built, _looked_after(live, authored.ahead)))


def _looked_after(live: Catalog, ahead: frozenset[Id]) -> Catalog:
    """The catalog once `schematool partitions` has marked what it looks after."""
    objects = {
        key: replace(thing, comment=MARK) if key in ahead and isinstance(thing, Table) else thing
        for key, thing in live.objects.items()
    }
    return replace(live, objects=objects)
