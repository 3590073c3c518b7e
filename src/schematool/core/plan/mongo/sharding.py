"""How a collection is spread over shards, from one way to another: MongoDB's own commands, in place where it can.

A key may become longer in place (`refineCollectionShardKey`, MongoDB 4.4). Any other that is not unique is exchanged by
`reshardCollection` (5.0), which copies the collection. Only `unshardCollection` (8.0) takes a key away, and only so
can one that is or becomes unique be exchanged. A time series can be resharded from 8.0.10 on, and its key refined.
Source: the manual's pages on these commands and on sharding a time series, of 6.0 and 8.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from schematool.core.extended_json import Document, Value, text
from schematool.core.model.mongo import Collection, Sharding, Spec
from schematool.core.model.mongo_normal import normal_sharding
from schematool.core.plan.mongo import commands
from schematool.core.step import Hazard, Step, Work

_SIMPLE: Document = {"locale": "simple"}


def shard_steps(
    before: Sharding | None, after: Sharding | None, collection: Collection, name: str | None = None
) -> Iterator[Step]:
    """Change how `collection` is sharded; `name` is what it is called while that is done."""
    there = name or collection.id.name
    if before is None:
        if after is not None:
            yield from _sharded(after, collection, there, new=name is not None)
        return
    if after is None:
        yield from _zones(before, replace(before, zones=()), there)
        yield _unsharded(before, there)
        return
    if before.key == after.key and before.unique == after.unique:
        yield from _zones(before, after, there)
    elif before.unique == after.unique and after.key[: len(before.key)] == before.key:
        statement = text({"refineCollectionShardKey": there, "key": _key(after)})
        yield Step(statement, (after.id,))
        yield from _zones(_refined(before, after), after, there)
    elif before.unique or after.unique:
        yield from _zones(before, replace(before, zones=()), there)
        yield _unsharded(before, there)
        yield from _sharded(after, collection, there, new=False)
    else:
        yield from _zones(before, replace(before, zones=()), there)
        told = "all of its documents are copied, and writes stop for a moment at the end"
        if collection.time_series:
            told += "; MongoDB can do that with a time series from 8.0.10 on"
        moved = Hazard("ST305", str(after.id), told)
        yield Step(
            text({"reshardCollection": there, "key": _key(after), **_collation(collection)}),
            (after.id,),
            (moved,),
            work=Work.REWRITE,
        )
        yield from _zones(replace(after, zones=()), after, there)


def new_shard_steps(sharding: Sharding | None, collection: Collection, name: str | None = None) -> Iterator[Step]:
    """Shard a collection that was made just now and has no documents, under its own name or another."""
    if sharding is not None:
        yield from _sharded(sharding, collection, name or collection.id.name, new=True)


def _sharded(sharding: Sharding, collection: Collection, name: str, *, new: bool) -> Iterator[Step]:
    command: Document = {"shardCollection": name, "key": _key(sharding)}
    if sharding.unique:
        command["unique"] = True
    spread = Hazard("ST305", str(sharding.id), "the balancer moves its documents to other shards")
    statement = text({**command, **_collation(collection)})
    yield Step(statement, (sharding.id,), () if new else (spread,), work=Work.ONLINE)
    yield from _zones(replace(sharding, zones=()), sharding, name)


def _unsharded(sharding: Sharding, name: str) -> Step:
    moved = Hazard("ST305", str(sharding.id), "all of its documents go to one shard; MongoDB can do that from 8.0 on")
    return Step(text({"unshardCollection": name}), (sharding.id,), (moved,), work=Work.REWRITE)


def _zones(before: Sharding, after: Sharding, name: str) -> Iterator[Step]:
    """Take away ranges before giving any: two must not overlap."""
    for zone in before.zones:
        if zone not in after.zones:
            yield Step(_range(name, before, (None, *zone[1:])), (after.id,))
    for zone in after.zones:
        if zone not in before.zones:
            yield Step(_range(name, after, zone), (after.id,))


def _range(name: str, sharding: Sharding, zone: tuple[str | None, Spec, Spec]) -> str:
    label, first, last = zone
    bounds: Document = {"min": _typed(first, sharding), "max": _typed(last, sharding)}
    return text({"updateZoneKeyRange": name, **bounds, "zone": label})


def _typed(bound: Spec, sharding: Sharding) -> Document:
    """Write the bound of a hashed field as a long, as the manual's page on updateZoneKeyRange asks for it."""
    kinds = dict(sharding.key)
    return {
        path: _long(value) if kinds.get(path) == "hashed" else value for path, value in commands.document(bound).items()
    }


def _long(value: Value) -> Value:
    return {"$numberLong": str(value)} if isinstance(value, int) and not isinstance(value, bool) else value


def _refined(before: Sharding, after: Sharding) -> Sharding:
    """Give what refining a key makes of the zones: the router completes their bounds."""
    zones = [(zone, commands.document(first), commands.document(last)) for zone, first, last in before.zones]
    return normal_sharding(after.id.name, dict(after.key), unique=after.unique, zones=zones)


def _key(sharding: Sharding) -> Document:
    key: dict[str, Value] = {path: int(kind) if kind.lstrip("-").isdigit() else kind for path, kind in sharding.key}
    return key


def _collation(collection: Collection) -> Document:
    """A shard key compares bytes; a collection that does not must be told so."""
    return {"collation": _SIMPLE} if collection.collation else {}
