"""One collection, from one set of options to another: in place where collMod can, copied where nothing else will do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from schematool.core.extended_json import Document, Value
from schematool.core.model.mongo import Collection, Index, Sharding
from schematool.core.plan.mongo import commands
from schematool.core.plan.mongo.indexes import expiry
from schematool.core.plan.mongo.sharding import new_shard_steps
from schematool.core.plan.mongo.validators import tightens
from schematool.core.step import Hazard, Step, Work

_IN_PLACE = frozenset(
    {"validator", "validation_level", "validation_action", "pre_and_post_images", "expire_after_seconds", "size", "max"}
)
# What each granularity makes of the numbers of a bucket: the seconds that it spans, and to which its start is rounded.
_GRANULARITIES = {"seconds": (3600, 60), "minutes": (86_400, 3600), "hours": (2_592_000, 86_400)}
_SPAN, _ROUNDING = "bucketMaxSpanSeconds", "bucketRoundingSeconds"


def must_rebuild(before: Collection, after: Collection) -> bool:
    """Whether an option differs that is given once, when a collection is made."""
    differing = {f.name for f in fields(before) if f.compare and getattr(before, f.name) != getattr(after, f.name)}
    if "time_series" in differing and _coarser(before, after):
        differing.discard("time_series")
    if "expire_after_seconds" in differing and not (after.clustered or after.time_series):
        return True
    return not differing <= _IN_PLACE


def option_steps(before: Collection, after: Collection, *, online: bool = True) -> Iterator[Step]:
    """Change the options that collMod can change."""
    name = after.id.name
    yield from _validation_steps(before, after, online=online)
    if before.pre_and_post_images != after.pre_and_post_images:
        images: Document = {"changeStreamPreAndPostImages": {"enabled": after.pre_and_post_images}}
        yield Step(commands.modify(name, images), (after.id,))
    for coarser in _coarser(before, after):
        series: Document = {"timeseries": coarser}
        only_forward = Hazard("ST202", str(after.id), "the way back makes the time series again, without its documents")
        yield Step(commands.modify(name, series), (after.id,), (only_forward,))
    if before.expire_after_seconds != after.expire_after_seconds:
        yield _lifetime(before, after)
    if (before.size, before.max) != (after.size, after.max):
        yield _room(before, after)


def _validation_steps(before: Collection, after: Collection, *, online: bool) -> Iterator[Step]:
    """Make a stricter validator moderate first: it keeps new documents out while old ones are looked for."""
    if (before.validator, before.validation_level, before.validation_action) == (
        after.validator,
        after.validation_level,
        after.validation_action,
    ):
        return
    name, whole = after.id.name, validation(after)
    hazards = (Hazard("ST301", str(after.id)),) if tightens(before, after) else ()
    # Of an encrypted collection MongoDB takes no level but strict; the engine looks before it makes it so.
    by_degrees = online and not after.encrypted_fields
    if not (by_degrees and hazards and whole["validationLevel"] == "strict"):
        yield Step(commands.modify(name, whole), (after.id,), hazards)
        return
    moderate = validation(before) == {**whole, "validationLevel": "moderate"}
    if not moderate:
        yield Step(commands.modify(name, {**whole, "validationLevel": "moderate"}), (after.id,), hazards)
    # The engine looks for documents that the validator refuses, and stops here when there are any.
    last: Document = {"validationLevel": "strict"}
    yield Step(commands.modify(name, last), (after.id,), hazards if moderate else (), work=Work.SCAN)


def validation(collection: Collection) -> Document:
    """Write the validation of a collection in full: collMod leaves alone what it is not told."""
    options = commands.document(collection.command)
    return {
        "validator": options.get("validator", {}),
        "validationLevel": collection.validation_level or "strict",
        "validationAction": collection.validation_action or "error",
    }


def _lifetime(before: Collection, after: Collection) -> Step:
    old, new = before.expire_after_seconds, after.expire_after_seconds
    # A plain number beyond int32 would be read as a long anyway; `off` is how it is taken away.
    value: Value = "off" if new is None else new
    loss = Hazard("ST201", str(after.id), f"documents more than {new} s old are deleted")
    shorter = new is not None and (old is None or new < old)
    statement = commands.modify(after.id.name, {"expireAfterSeconds": value})
    return Step(statement, (after.id,), (loss,) if shorter else ())


def _room(before: Collection, after: Collection) -> Step:
    options: Document = {}
    if before.size != after.size:
        options["cappedSize"] = after.size
    if before.max != after.max:
        options["cappedMax"] = after.max or 0
    less = (after.size or 0) < (before.size or 0) or (after.max or 2**31) < (before.max or 2**31)
    loss = Hazard("ST201", str(after.id), "the oldest documents go when there is less room")
    return Step(commands.modify(after.id.name, options), (after.id,), (loss,) if less else ())


def _coarser(before: Collection, after: Collection) -> list[Document]:
    """Give the changes that make buckets coarser in place; none where that is not all that differs, or cannot be done.

    MongoDB takes one granularity after the other, and from 6.3 on both numbers, alike and neither smaller than before
    (the manual's page "Set Granularity for Time Series Data", 7.0).
    """
    if before.time_series is None or after.time_series is None:
        return []
    old, new = commands.document(before.time_series), commands.document(after.time_series)
    first, last = _bucket(old), _bucket(new)
    if old != new or first is None or last is None or first[1] > last[1] or first[2] > last[2]:
        return []
    if last[0] is None:
        return [{_SPAN: last[1], _ROUNDING: last[2]}] if last[1] == last[2] else []
    names = list(_GRANULARITIES)
    since = names.index(first[0]) + 1 if first[0] else names.index(last[0])
    return [{"granularity": name} for name in names[since : names.index(last[0]) + 1]]


def _bucket(series: Document) -> tuple[str | None, int, int] | None:
    """Take the granularity, if it is one, and both numbers of a bucket out of a time series; None for others."""
    granularity = series.pop("granularity", None)
    span, rounding = series.pop(_SPAN, None), series.pop(_ROUNDING, None)
    if isinstance(span, int) and isinstance(rounding, int):
        return None, span, rounding
    name = "seconds" if granularity is None else str(granularity)
    return (name, *_GRANULARITIES[name]) if span is rounding is None and name in _GRANULARITIES else None


def _not_to_be_copied(before: Collection, after: Collection) -> str | None:
    """Say why the server cannot carry the documents over; None where it can."""
    if before.time_series or after.time_series:
        return "MongoDB cannot copy documents into a time series"
    if before.encrypted_fields or after.encrypted_fields:
        # The server has no key: what it copied would stay unencrypted, or be unreadable in the other collection.
        return "only a driver with the keys can copy documents into or out of an encrypted collection"
    return None


@dataclass(frozen=True, slots=True)
class Remade:
    """What a collection is to be when it has been made again."""

    collection: Collection
    indexes: Mapping[str, Index]
    sharding: Sharding | None = None


def rebuild_steps(before: Collection, old_indexes: Mapping[str, Index], remade: Remade) -> Iterator[Step]:
    """Make a collection again under its own name, with its documents where MongoDB can copy them."""
    after, indexes = remade.collection, remade.indexes
    name, subject = after.id.name, (after.id,)
    if reason := _not_to_be_copied(before, after):
        loss = Hazard("ST201", str(after.id), reason)
        yield Step(commands.drop(name), subject, (Hazard("ST303", str(after.id)), loss))
        yield from create_steps(after, indexes, remade.sharding)
        return
    hazards = [Hazard("ST303", str(after.id), "writes that arrive while the documents are copied are lost")]
    if after.capped:
        hazards.append(Hazard("ST201", str(after.id), "the oldest documents go when there is too little room"))
    copy = f"{name}__rebuilt"
    collation = commands.document(after.command).get("collation", {"locale": "simple"})
    yield Step(commands.create(after, copy), subject)
    if indexes:
        ordered = [indexes[key] for key in sorted(indexes)]
        lives = (expiry(old_indexes.get(index.id.name), index) for index in ordered)
        yield Step(commands.create_indexes(copy, ordered), subject, tuple(life for life in lives if life))
    yield from new_shard_steps(remade.sharding, after, copy)
    yield Step(commands.copy_documents(name, copy, collation), subject, tuple(hazards), work=Work.REWRITE)
    yield Step(commands.rename_collection(copy, name, replace=True), subject)


def create_steps(
    collection: Collection, indexes: Mapping[str, Index], sharding: Sharding | None = None
) -> Iterator[Step]:
    """Make a collection with all of its indexes, and shard it while it is empty."""
    yield Step(commands.create(collection), (collection.id,))
    if indexes:
        ordered = [indexes[key] for key in sorted(indexes)]
        yield Step(commands.create_indexes(collection.id.name, ordered), tuple(index.id for index in ordered))
    yield from new_shard_steps(sharding, collection)
