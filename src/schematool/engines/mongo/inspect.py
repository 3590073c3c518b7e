"""Reads a whole MongoDB database as a catalog in normal form. Needs the role `read` and creates nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import OperationFailure

from schematool.core.catalog import Catalog, Id, Object
from schematool.core.model.mongo import Collection, Sharding, View
from schematool.core.model.mongo_normal import is_primary, normal_collection, normal_index, normal_view
from schematool.engines.contract import Inspection
from schematool.engines.mongo import sharding
from schematool.engines.mongo.extended import encode
from schematool.engines.mongo.observe import observe
from schematool.engines.mongo.server import OWN, Server

# Something is made or dropped while we read, at most so often in a row that this many readings are in vain.
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Listed:
    """A collection or view as the server lists it, with its indexes as (specification, still building)."""

    info: Mapping[str, Any]
    indexes: tuple[tuple[Mapping[str, Any], bool], ...] = ()

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.info["name"])

    @property
    def kind(self) -> str:
        """`collection`, `view` or `timeseries`; or a word that a newer server has for something new."""
        return str(self.info.get("type", "collection"))


def inspect(server: Server) -> Inspection:
    """Read everything; what the model cannot hold comes back as findings beside the catalog."""
    listed = _read(server)
    shardings, unknown = sharding.read(server, [one.info for one in listed])
    return Inspection(catalog_of(listed, server.version, shardings), (*observe(listed), *unknown))


def catalog_of(listed: Iterable[Listed], version: str = "", shardings: Iterable[Sharding] = ()) -> Catalog:
    """Bring what the server lists into normal form."""
    objects: list[Object] = list(shardings)
    needs: list[tuple[Id, Id]] = []
    for one in listed:
        if one.name.startswith("system."):
            continue
        for thing, needed in _objects(one):
            objects.append(thing)
            needs += [(thing.id, other) for other in needed]
    needs += [(one.id, Id("collection", one.id.path)) for one in objects if isinstance(one, Sharding)]
    return _without_dangling(Catalog.of("mongo", objects, needs, version))


def _objects(one: Listed) -> Iterable[tuple[Object, tuple[Id, ...]]]:
    info = encode(one.info)
    if one.kind == "view":
        view: View = normal_view(info)
        yield view, tuple(Id(kind, (view.view_on,)) for kind in ("collection", "view"))
        return
    collection: Collection = normal_collection(info)
    yield collection, ()
    for specification, building in one.indexes:
        if not is_primary(specification):
            spec = encode(specification)
            index = normal_index(one.name, spec, collation=collection.collation, live=True, building=building)
            yield index, (collection.id,)


def _without_dangling(catalog: Catalog) -> Catalog:
    """A view may stand on something that is not there; such a need is none."""
    needs = ((thing, needed) for thing, needed in catalog.needs if needed in catalog)
    return Catalog.of("mongo", catalog, needs, catalog.version)


def _read(server: Server) -> tuple[Listed, ...]:
    """Read until no collection came or went meanwhile: MongoDB has no snapshot of its own catalog for readers."""
    before = _foreign(server.infos())
    for _ in range(_ATTEMPTS):
        indexes = _indexes(server, before)
        after = _foreign(server.infos())
        if after == before:
            break
        before = after
    return tuple(Listed(info, indexes.get(str(info["name"]), ())) for info in before)


def _foreign(infos: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Leave out schematool's own, and put the rest in order of their names."""
    return sorted((info for info in infos if not str(info["name"]).startswith(OWN)), key=lambda info: str(info["name"]))


def _indexes(
    server: Server, infos: Iterable[Mapping[str, Any]]
) -> dict[str, tuple[tuple[Mapping[str, Any], bool], ...]]:
    """Read all indexes: in one command where that is allowed, else collection by collection."""
    names = [(str(info["name"]), str(info.get("type"))) for info in infos]
    ordinary = {name for name, kind in names if kind == "collection" and not name.startswith("system.")}
    found = _from_catalog(server) if server.kind != "router" else None
    if found is None:
        found = {name: _from_listing(server, name) for name in ordinary}
    # $listCatalog shows the indexes of a time series as they are on its buckets, listIndexes as they were declared.
    series = {name: _from_listing(server, name) for name, kind in names if kind not in {"collection", "view"}}
    return {**found, **series}


def _from_catalog(server: Server) -> dict[str, tuple[tuple[Mapping[str, Any], bool], ...]] | None:
    """Read `$listCatalog`, which says `ready` of each index; None where it is not allowed or not known (before 6.0)."""
    stages: list[Mapping[str, Any]] = [{"$listCatalog": {}}, {"$match": {"db": server.name, "type": "collection"}}]
    try:
        rows = list(server.client.admin.with_options(codec_options=server.database.codec_options).aggregate(stages))
    except OperationFailure:
        return None
    return {
        str(row["name"]): tuple((index["spec"], not index.get("ready", True)) for index in row["md"].get("indexes", ()))
        for row in rows
    }


def _from_listing(server: Server, name: str) -> tuple[tuple[Mapping[str, Any], bool], ...]:
    """Read `listIndexes`, where an unfinished build is wrapped as `{spec, buildUUID}`."""
    return tuple(
        (row["spec"], True) if "buildUUID" in row and "spec" in row else (row, "buildUUID" in row)
        for row in server.index_specifications(name)
    )
