"""Shard keys and zones: what a router would refuse, or do of itself, is found when compiling.

No router needs to be there for that. Source of the rules: the manual's pages on shard keys, unique indexes in sharded
collections, zones and sharded time series, of MongoDB 6.0.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import cast

from schematool.core.diagnostic import Findings, Span
from schematool.core.extended_json import Document, Value, number, plain, read, whole
from schematool.core.model.entity import Entity, Plain, field_at
from schematool.core.model.mongo import Collection, Index, Sharding
from schematool.core.model.mongo_normal import normal_sharding


def sharding_of(collection: str, words: Mapping[str, Plain]) -> Sharding:
    """Compile the words of a shard key."""
    on, zones = words.get("on"), words.get("zones")
    return normal_sharding(
        collection,
        on if isinstance(on, Mapping) else {},
        unique=words.get("unique") is True,
        zones=[
            (str(zone.get("zone")), plain(zone.get("from")), plain(zone.get("to")))
            for zone in (zones if isinstance(zones, tuple) else ())
            if isinstance(zone, Mapping)
        ],
    )


def check_sharding(
    entity: Entity, sharding: Sharding, collection: Collection, indexes: Iterable[Index], found: Findings
) -> None:
    """Find what MongoDB would refuse when it shards the collection."""
    span = entity.options.span("shard_key") or entity.span
    indexes = tuple(indexes)
    for message, hint in (
        *_of_collection(sharding, collection),
        *_of_key(sharding, entity),
        *_of_indexes(sharding, indexes),
        *_of_series(sharding, collection),
    ):
        found.add("ST136", message, span, hint=hint)
    _check_unique(sharding, entity, found)
    _check_zones(sharding, entity, span, found)
    renamed = {field.name for field in entity.fields if field.was}
    for path, _ in sharding.key:
        if path.partition(".")[0] in renamed:
            found.add(
                "ST132",
                f"`{path}` is in the shard key, whose fields keep their names",
                span,
                hint="remove `was`, and reshard by another key first",
            )


def _of_collection(sharding: Sharding, collection: Collection) -> Iterator[tuple[str, str]]:
    if collection.capped:
        yield "MongoDB shards no capped collection", "remove `capped`, or `shard_key`"
    encrypted = read(collection.encrypted_fields or "{}")
    listed = encrypted.get("fields") if isinstance(encrypted, dict) else None
    paths = {one.get("path") for one in listed or () if isinstance(one, dict)} if isinstance(listed, list) else set()
    for path, _ in sharding.key:
        if path in paths:
            yield f"`{path}` is encrypted: MongoDB cannot shard by it", "shard by another field"


def _of_key(sharding: Sharding, entity: Entity) -> Iterator[tuple[str, str]]:
    hashed = [path for path, kind in sharding.key if kind == "hashed"]
    if len(hashed) > 1:
        yield "a shard key has one hashed field at most", f"write 1 for `{hashed[1]}`"
    if hashed and sharding.unique:
        yield "a hashed shard key cannot be unique: different values may have one hash", "write 1 instead of `hashed`"
    for path, _ in sharding.key:
        field = field_at(entity.fields, path)
        if field is not None and (field.items is not None or field.type == "array"):
            yield f"`{path}` is an array: MongoDB shards by single values", "shard by another field"


def _of_indexes(sharding: Sharding, indexes: tuple[Index, ...]) -> Iterator[tuple[str, str]]:
    if sharding.key == (("_id", "1"),):
        return
    wanted = ", ".join(f"{path}: {kind}" for path, kind in sharding.key)
    serving = [one for one in indexes if one.keys[: len(sharding.key)] == sharding.key and _holds_all(one)]
    if sharding.unique:
        serving = [one for one in serving if one.unique and one.keys == sharding.key]
        if not serving:
            yield (
                f"a unique shard key needs a unique index on {{ {wanted} }}",
                f"add `- {{ on: {{ {wanted} }}, unique: true }}` to `indexes`",
            )
    elif not serving:
        yield (
            f"no index begins with the shard key {{ {wanted} }} and holds every document: MongoDB would make one",
            f"add `- {{ on: {{ {wanted} }} }}` to `indexes`; beside a collation also `collation: {{ locale: simple }}`",
        )


def _holds_all(index: Index) -> bool:
    return not index.sparse and index.partial_filter is None and index.collation is None


def _of_series(sharding: Sharding, collection: Collection) -> Iterator[tuple[str, str]]:
    if not collection.time_series:
        return
    series = cast("Document", read(collection.time_series))
    meta, time = series.get("metaField"), series.get("timeField")
    for place, (path, kind) in enumerate(sharding.key):
        last = place == len(sharding.key) - 1
        of_meta = isinstance(meta, str) and (path == meta or path.startswith(f"{meta}."))
        if not of_meta and not (path == time and last and kind == "1"):
            yield (
                f"`{path}`: a time series is sharded by its `meta_field` and, last, by its `time_field` with 1",
                "use those",
            )


def _check_unique(sharding: Sharding, entity: Entity, found: Findings) -> None:
    """A shard knows its own documents alone: only what begins with the shard key can be unique over all of them."""
    key = [path for path, _ in sharding.key]
    for index in entity.indexes:
        paths = [part.text for part in index.keys]
        if index.unique and paths[:1] != ["_id"] and paths[: len(key)] != key:
            found.add(
                "ST136",
                f"a unique index of a sharded collection must begin with its shard key ({', '.join(key)})",
                index.span,
                hint="put those fields first, or keep what must be unique in a collection of its own",
            )


def _check_zones(sharding: Sharding, entity: Entity, span: Span, found: Findings) -> None:
    key = [path for path, _ in sharding.key]
    bounds: list[tuple[str, Value, Value, Span]] = []
    for place, (zone, first, last) in enumerate(_declared_zones(entity)):
        where = entity.options.span(f"shard_key.zones.{place}") or span
        for bound in (first, last):
            if not isinstance(bound, dict) or list(bound) != key[: len(bound)] or not bound:
                found.add(
                    "ST136",
                    f"a bound of the zone `{zone}` must name the first fields of the shard key, in their order",
                    where,
                    hint=f"write `{{ {', '.join(f'{path}: …' for path in key)} }}`",
                )
                return
            for path, kind in sharding.key:
                if kind == "hashed" and not _may_be_hash(bound.get(path)):
                    message = f"`{path}` is hashed: the zone `{zone}` is a range of hashes, which are whole numbers"
                    hint = "write a whole number, { $minKey: 1 } or { $maxKey: 1 }"
                    found.add("ST136", message, where, hint=hint)
                    return
        if _not_before(first, last, key):
            message = f"the zone `{zone}` holds nothing: `from` is not less than `to`"
            found.add("ST136", message, where, hint="`from` is the first key inside, `to` the first outside")
        bounds.append((zone, first, last, where))
    for place, (zone, first, last, where) in enumerate(bounds):
        for other, other_first, other_last, _ in bounds[:place]:
            if _before(first, other_last, key) and _before(other_first, last, key):
                message = f"the ranges of the zones `{other}` and `{zone}` overlap"
                found.add("ST136", message, where, hint="a key is in one zone at most")


def _may_be_hash(value: Value) -> bool:
    return value in (None, {"$minKey": 1}, {"$maxKey": 1}) or (
        whole(value) is not None and whole(value) == number(value)
    )


def _declared_zones(entity: Entity) -> Iterator[tuple[str, Value, Value]]:
    words = entity.options.get("shard_key")
    zones = words.get("zones") if isinstance(words, Mapping) else None
    for zone in zones if isinstance(zones, tuple) else ():
        if isinstance(zone, Mapping):
            yield str(zone.get("zone")), plain(zone.get("from")), plain(zone.get("to"))


def _before(first: Value, last: Value, key: Iterable[str]) -> bool:
    return _order(first, last, key) == -1


def _not_before(first: Value, last: Value, key: Iterable[str]) -> bool:
    return _order(first, last, key) in {0, 1}


def _order(first: Value, last: Value, key: Iterable[str]) -> int | None:
    """Compare two bounds; None where only MongoDB knows which value comes first."""
    lowest: Document = {"$minKey": 1}
    for path in key:
        one = first.get(path, lowest) if isinstance(first, dict) else lowest
        other = last.get(path, lowest) if isinstance(last, dict) else lowest
        if one == other:
            continue
        if one == lowest or other == {"$maxKey": 1}:
            return -1
        if other == lowest or one == {"$maxKey": 1}:
            return 1
        numbers = number(one), number(other)
        if numbers[0] is not None and numbers[1] is not None:
            return -1 if numbers[0] < numbers[1] else 1
        if isinstance(one, str) and isinstance(other, str):
            return -1 if one.encode() < other.encode() else 1
        return None
    return 0
