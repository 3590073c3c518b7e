"""Tell a real difference from another server's spelling: let one server print both sides.

PostgreSQL prints the same expression differently from major to major. Where two catalogs come from different majors,
the objects of one are built again on a scratch server and read there; a text that then is the same was only spelled
differently. A read-only role on a live server is enough for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from schematool.app.catalogs import build_recorded, excluding
from schematool.app.history import whole
from schematool.app.servers import scratch_server
from schematool.app.twins import planner
from schematool.app.workspace import Workspace
from schematool.core.catalog import Catalog, Id, Object
from schematool.core.change import Altered, Change
from schematool.core.diff import diff
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


def of_other_majors(one: Catalog, other: Catalog) -> bool:
    """Whether two catalogs of PostgreSQL were printed by different majors."""
    versions = {major(catalog.version) for catalog in (one, other)}
    return one.store == "postgres" and len(versions) > 1 and all(versions)


def spelled_alike(
    workspace: Workspace, before: Catalog, after: Catalog, again: Callable[[], Catalog] | None = None
) -> Catalog:
    """Return `before` with the texts of `after` where both mean the same.

    Both are printed by the scratch server; what that cannot build (it lacks an extension, say) `again` may tell of, as
    the server of `after` prints `before`.
    """
    if not of_other_majors(before, after):
        return before
    doubtful = {change.id for change in diff(*planner(before.store).align(before, after)) if _may_be_spelling(change)}
    if not doubtful:
        return before
    one, other = _by_scratch(workspace, before, after)
    if again and any(of not in one or of not in other for of in doubtful):
        with suppress(WorldError):
            one, other = again(), after
    known = [of for of in doubtful if of in one and of in other]
    return with_texts(before, after, [of for of in known if _texts(one.objects[of]) == _texts(other.objects[of])])


def spelled_like(
    workspace: Workspace, live: Engine, units: Sequence[Unit], recorded: Catalog, actual: Catalog
) -> Catalog:
    """Return what was recorded by these migrations with the texts of a live server, where both mean the same.

    Where the scratch server is of no help, the migrations are replayed in a scratch database on the live server, if
    its role may create one.
    """

    def replayed() -> Catalog:
        return build_recorded(live, whole(workspace, units), workspace.config.exclude).catalog

    return spelled_alike(workspace, recorded, actual, replayed)


def printed_by(server: Engine, catalog: Catalog, exclude: Sequence[str]) -> Catalog:
    """Return a catalog as a server prints it, without rights; what that server cannot build is not in it."""
    with server.scratch() as place:
        place.build(planner(catalog.store).build(_bare(catalog)))
        return excluding(place.inspect(), exclude).catalog


def _bare(catalog: Catalog) -> Catalog:
    """A catalog without what needs roles, tablespaces or label providers: the other server may not have them."""
    objects = {of: _bared(thing) for of, thing in catalog.objects.items() if of.kind != "default privileges"}
    needs = frozenset(pair for pair in catalog.needs if objects.keys() >= set(pair))
    return replace(catalog, objects=objects, needs=needs)


def _bared(thing: Any) -> Object:
    named = {one.name for one in fields(thing)}
    nothing = {
        "owner": None,
        "grants": (),
        "revokes": (),
        "security_labels": (),
        "tablespace": None,
        "roles": ("PUBLIC",),
    }
    bare = replace(thing, **{name: value for name, value in nothing.items() if name in named})
    if getattr(bare, "identity", None):
        bare = replace(bare, identity=replace(bare.identity, grants=(), revokes=()))
    return bare  # type: ignore[no-any-return]  # an object of a catalog


def with_texts(catalog: Catalog, printed: Catalog, ids: Iterable[Id]) -> Catalog:
    """Return a catalog with the texts of these objects as another server prints them."""
    pairs = ((of, catalog.objects[of], printed.objects.get(of)) for of in ids)
    objects = {of: _with_texts(thing, other) for of, thing, other in pairs if type(thing) is type(other)}
    return replace(catalog, objects={**catalog.objects, **objects})


def _with_texts(thing: Any, printed: object) -> Object:
    return replace(thing, **_texts(printed))  # type: ignore[no-any-return]  # an object of a catalog


def _texts(thing: Any) -> dict[str, Any]:
    return {one.name: getattr(thing, one.name) for one in fields(thing) if one.name in _TEXTS}


def _may_be_spelling(change: Change) -> bool:
    return isinstance(change, Altered) and all(name in _TEXTS for name, _, _ in change.attributes)


def _by_scratch(workspace: Workspace, *catalogs: Catalog) -> tuple[Catalog, ...]:
    """The catalogs as the scratch server prints them; empty ones where it cannot be asked."""
    try:
        with scratch_server(workspace, catalogs[0].store) as server:
            own = major(server.version)
            exclude = workspace.config.exclude
            return tuple(
                catalog if major(catalog.version) == own else printed_by(server, catalog, exclude)
                for catalog in catalogs
            )
    except SchematoolError:
        return tuple(replace(catalog, objects={}) for catalog in catalogs)
