"""Whether a command that may have been run has had its effect: asked of the server's catalog, not of any record.

Knows no server: it compares two pictures of what a command is about, taken before it and now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from schematool.core.catalog import Object
from schematool.core.model.mongo import Index
from schematool.core.model.mongo_normal import normal_collection, normal_index, normal_view
from schematool.engines.mongo.commands import Order
from schematool.engines.mongo.extended import encode


class Verdict(Enum):
    """What to do with a command whose end was not seen."""

    DONE = "its effect is there"
    AGAIN = "run it again: that does no harm"
    CONFLICT = "something else is in its place"


@dataclass(frozen=True, slots=True)
class Picture:
    """What a command is about, as canonical Extended JSON structures: listings of collections, None when not there."""

    source: Mapping[str, Any] | None = None
    target: Mapping[str, Any] | None = None
    indexes: tuple[Mapping[str, Any], ...] = field(default=())

    @property
    def uuid(self) -> Any:
        """The identity of the collection, in canonical form; None for views, time series and what is not there."""
        return _uuid(self.source)

    def index(self, name: str) -> Mapping[str, Any] | None:
        """Give the specification of the index of that name."""
        return next((index for index in self.indexes if index.get("name") == name), None)

    def as_structure(self) -> dict[str, Any]:
        """Give it as the journal keeps it."""
        return {"source": self.source, "target": self.target, "indexes": list(self.indexes)}

    @staticmethod
    def of(structure: Mapping[str, Any]) -> Picture:
        """Read it back from the journal."""
        return Picture(structure.get("source"), structure.get("target"), tuple(structure.get("indexes") or ()))


def settle(order: Order, before: Picture | None, now: Picture) -> Verdict:
    """Judge a command that was begun. `before` None: begun by somebody else, any state that it would leave will do.

    collMod, createIndexes and data commands are AGAIN: the first two because the server sees for itself that there is
    nothing to do (and joins a running build), the others because they are written with a filter.
    """
    if before and before.uuid and now.uuid and before.uuid != now.uuid:
        return Verdict.CONFLICT
    match order.name:
        case "create":
            return _created(order, before, now)
        case "drop":
            return Verdict.DONE if now.source is None else Verdict.AGAIN
        case "dropIndexes":
            gone = now.source is None or not any(now.index(name) for name in order.indexes)
            return Verdict.DONE if gone and "*" not in order.indexes else Verdict.AGAIN
        case "renameCollection":
            return _renamed(before, now)
        case "collMod" if before is None and (
            now.source is None or any(now.index(name) is None for name in order.indexes if name)
        ):
            return Verdict.DONE
    return Verdict.AGAIN


def _created(order: Order, before: Picture | None, now: Picture) -> Verdict:
    if now.source is None or (before and before.source):
        return Verdict.AGAIN
    return Verdict.DONE if same_collection(order, now) else Verdict.CONFLICT


def _renamed(before: Picture | None, now: Picture) -> Verdict:
    if now.source is not None:
        return Verdict.AGAIN
    mine = before is None or _uuid(now.target) == before.uuid
    return Verdict.DONE if now.target is not None and mine else Verdict.CONFLICT


def same_collection(order: Order, now: Picture) -> bool:
    """Whether the collection or view that is there is the one that this `create` makes."""
    if now.source is None:
        return False
    options = {key: value for key, value in order.document.items() if key not in {"create", "writeConcern", "comment"}}
    return _normal({"name": order.collection, "options": encode(options)}) == _normal(now.source)


def missing_indexes(order: Order, now: Picture) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """For each index of a createIndexes that is not there as asked: its name, and the attributes that differ.

    createIndexes says `ok` to an existing index that differs in `hidden` or in a version, and changes nothing.
    """
    if now.source is None:
        return tuple((name, ("everything",)) for name in order.indexes)
    collation = normal_collection(now.source).collation
    wrong: list[tuple[str, tuple[str, ...]]] = []
    for asked in order.document.get("indexes", ()):
        wanted = normal_index(order.collection, encode(asked), collation=collation)
        listed = now.index(wanted.id.name)
        if listed is None:
            wrong.append((wanted.id.name, ("everything",)))
            continue
        found = normal_index(order.collection, listed, collation=collation, live=True)
        if found != wanted:
            wrong.append((wanted.id.name, _differing(wanted, found)))
    return tuple(wrong)


def _differing(wanted: Index, found: Index) -> tuple[str, ...]:
    names = (
        "keys",
        "unique",
        "sparse",
        "hidden",
        "prepare_unique",
        "expire_after_seconds",
        "partial_filter",
        "collation",
    )
    return tuple(name for name in (*names, "options") if getattr(wanted, name) != getattr(found, name))


def _normal(info: Mapping[str, Any]) -> Object:
    options = info.get("options") or {}
    return normal_view(info) if "viewOn" in options else normal_collection(info)


def _uuid(info: Mapping[str, Any] | None) -> Any:
    return None if info is None else (info.get("info") or {}).get("uuid")
