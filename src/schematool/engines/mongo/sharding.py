"""How collections are sharded: asked of the router, or of what migrations said where there is none.

A replica set can neither shard nor say what would be sharded. A migration's command about it is then kept in a
collection of ours, by the UUID of the collection, which a rename keeps and a drop ends: a scratch server without a
router can so prove a migration for a cluster, and a team can develop on one node what it runs on many.
On a router: `config.collections` and `config.tags`, in the form that they have from MongoDB 5.0 on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pymongo.errors import OperationFailure

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.model.mongo import Sharding
from schematool.core.model.mongo_normal import normal_sharding
from schematool.engines.mongo.commands import Order
from schematool.engines.mongo.extended import encode
from schematool.engines.mongo.server import Server

_BUCKETS = "system.buckets."
_UNAUTHORIZED = 13


def read(server: Server, infos: Iterable[Mapping[str, Any]]) -> tuple[tuple[Sharding, ...], tuple[Diagnostic, ...]]:
    """Give how the listed collections are sharded, and a finding where the user may not know it."""
    if server.kind != "router":
        remembered = tuple(_remembered(server, infos))
        return remembered, _without_router(remembered)
    try:
        return tuple(_configured(server)), ()
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        return (), (
            Diagnostic(
                "ST602",
                "this user may not read how collections are sharded: shard keys and zones are taken for missing",
                hint="give it the role `clusterMonitor`, or `read` on the database `config`",
                severity=Severity.WARNING,
                subject="sharding",
            ),
        )


def _without_router(shardings: tuple[Sharding, ...]) -> tuple[Diagnostic, ...]:
    """Say of collections that are noted as sharded that nothing is sharded here."""
    if not shardings:
        return ()
    names = [f"`{one.id.name}`" for one in sorted(shardings, key=lambda one: one.id.name)]
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
    return (
        Diagnostic(
            "ST605",
            f"this server is no router: how {named} {'are' if names[1:] else 'is'} sharded is noted, "
            "and neither done nor proven",
            hint="the URL of a mongos as `[scratch] mongo_url` proves it",
            severity=Severity.NOTE,
            subject="sharding",
        ),
    )


def set_aside(server: Server, order: Order) -> str:
    """Keep in mind what a command about sharding would have done, and say that it was not done."""
    remember(server, order)
    return f"`{order.name}` of `{order.collection}` is set aside: this server is no router, and shards nothing"


def remember(server: Server, order: Order) -> None:
    """Keep in mind what a command about sharding would have done; a second time changes nothing."""
    uuid = _uuids(server.infos()).get(order.collection)
    if uuid is None:
        raise OperationFailure(f"ns does not exist: {order.collection}", 26, {"codeName": "NamespaceNotFound"})
    place = server.own("sharding")
    if order.name == "unshardCollection":
        place.delete_one({"_id": uuid})
        return
    known = place.find_one({"_id": uuid}) or {}
    zones = [tuple(zone) for zone in json.loads(known.get("zones", "[]"))]
    key, unique = known.get("key", "{}"), bool(known.get("unique"))
    document = order.document
    if order.name == "updateZoneKeyRange":
        first, last = (_completed(encode(document[end]), json.loads(key)) for end in ("min", "max"))
        zones = [zone for zone in zones if zone[1:] != (first, last)]
        if document.get("zone") is not None:
            zones.append((str(document["zone"]), first, last))
    else:
        key = json.dumps(encode(document["key"]))
        unique = bool(document.get("unique", unique))
        if order.name == "refineCollectionShardKey":
            zones = [(zone, *(_completed(bound, document["key"]) for bound in bounds)) for zone, *bounds in zones]
    values = {"collection": order.collection, "key": key, "unique": unique, "zones": json.dumps(zones)}
    place.replace_one({"_id": uuid}, values, upsert=True)


def _completed(bound: Mapping[str, Any], key: Iterable[str]) -> dict[str, Any]:
    """Give a bound of a zone all fields of the key, as the router does: the missing ones are the lowest there is."""
    return {**{path: bound.get(path, {"$minKey": 1}) for path in key}, **bound}


def _remembered(server: Server, infos: Iterable[Mapping[str, Any]]) -> Iterator[Sharding]:
    names = {uuid: name for name, uuid in _uuids(infos).items()}
    for known in server.own("sharding").find():
        if (name := names.get(known["_id"])) is not None:
            zones = [tuple(zone) for zone in json.loads(known["zones"])]
            yield normal_sharding(name, json.loads(known["key"]), unique=known["unique"], zones=zones)


def _uuids(infos: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Give each collection's UUID; that of a time series is that of its buckets."""
    found: dict[str, Any] = {}
    for info in infos:
        uuid = (info.get("info") or {}).get("uuid")
        if uuid is not None:
            found[str(info["name"]).removeprefix(_BUCKETS)] = uuid
    return found


def _configured(server: Server) -> Iterator[Sharding]:
    """Read the router's own collections. One that is not sharded may be listed there from 8.0 on."""
    config = server.client["config"].with_options(codec_options=server.database.codec_options)
    here = {"_id": {"$regex": f"^{re.escape(server.name)}\\."}, "unsplittable": {"$ne": True}, "dropped": {"$ne": True}}
    for row in sorted(config["collections"].find(here), key=lambda row: str(row["_id"])):
        namespace = str(row["_id"])
        name = namespace.removeprefix(f"{server.name}.")
        tags = config["tags"].find({"ns": namespace})
        zones = [(str(tag["tag"]), encode(tag["min"]), encode(tag["max"])) for tag in tags]
        key = encode(row["key"])
        if name.startswith(_BUCKETS):
            renamed = _as_declared(row.get("timeseriesFields") or {})
            key = _renamed(key, renamed)
            zones = [(zone, _renamed(first, renamed), _renamed(last, renamed)) for zone, first, last in zones]
        if not name.startswith("_schematool_"):
            unique = bool(row.get("unique"))
            yield normal_sharding(name.removeprefix(_BUCKETS), key, unique=unique, zones=zones)


def _renamed(document: Mapping[str, Any], renamed: Callable[[str], str]) -> dict[str, Any]:
    return {renamed(path): value for path, value in document.items()}


def _as_declared(series: Mapping[str, Any]) -> Callable[[str], str]:
    """Give the fields of a time series the names that they have outside of its buckets."""
    time, meta = str(series.get("timeField", "")), str(series.get("metaField", ""))

    def renamed(path: str) -> str:
        if path == f"control.min.{time}":
            return time
        return meta + path[len("meta") :] if path == "meta" or path.startswith("meta.") else path

    return renamed
