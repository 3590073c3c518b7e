"""Which documents stand in the way of a stricter validator. Reads `_id`s and counts, never other values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schematool.core.errors import StatementError
from schematool.core.history.unit import Command
from schematool.core.model.mongo import Collection
from schematool.core.model.mongo_normal import normal_collection
from schematool.core.plan.mongo.validators import tightens
from schematool.engines.mongo.commands import Order
from schematool.engines.mongo.extended import decode, encode
from schematool.engines.mongo.failure import spoken_id
from schematool.engines.mongo.server import Server
from schematool.engines.mongo.settle import Picture

SHOWN = 20
"""So many ids of documents are named; the number is always the whole one."""
_VALIDATION = frozenset({"validator", "validationLevel", "validationAction"})


@dataclass(frozen=True, slots=True)
class Refused:
    """Documents of a collection that its validator would refuse; `strict`: it is about to refuse changes of them."""

    collection: str
    count: int
    ids: tuple[str, ...]
    strict: bool

    def __str__(self) -> str:
        noun = "document" if self.count == 1 else "documents"
        verb = "does" if self.count == 1 else "do"
        return f"{self.count:,} {noun} of `{self.collection}` {verb} not satisfy the validator"

    @property
    def notes(self) -> tuple[str, ...]:
        """The ids, one a line."""
        more = self.count - len(self.ids)
        return (*(f"_id: {one}" for one in self.ids), *((f"and {more:,} more",) if more > 0 else ()))

    def error(self, command: Command) -> StatementError:
        """Say why the command is not sent."""
        return StatementError(
            "ST521",
            f"{self}: it was not made strict",
            statement=command.text,
            span=command.span,
            hint="correct these documents, then run `schematool migrate` again; until then new ones are checked and "
            "these can still be changed, or take it back with `schematool rollback`",
            notes=self.notes,
        )


def refused(server: Server, order: Order, now: Picture) -> Refused | None:
    """Look for documents that a collMod shuts out; None when there are none, or it is not stricter than before."""
    if order.name != "collMod" or now.source is None or not _VALIDATION & set(order.document):
        return None
    before, after = _before_and_after(order, now.source)
    if after.validator is None or not tightens(before, after):
        return None
    count, ids = violators(server, order.collection, _merged(order, now.source)["validator"])
    strict = after.validation_level in {None, "strict"} and after.validation_action in {None, "error"}
    return Refused(order.collection, count, ids, strict) if count else None


def violators(server: Server, collection: str, validator: Any) -> tuple[int, tuple[str, ...]]:
    """Count the documents that a validator refuses, and name the first of them."""
    filter_ = {"$nor": [decode(validator)]}
    place = server.collection(collection)
    found = [one.get("_id") for one in place.find(filter_, {"_id": 1}).limit(SHOWN)]
    count = len(found) if len(found) < SHOWN else place.count_documents(filter_)
    return count, tuple(spoken_id(one) for one in found)


def _before_and_after(order: Order, source: Mapping[str, Any]) -> tuple[Collection, Collection]:
    merged = {**source, "options": _merged(order, source)}
    return normal_collection(source), normal_collection(merged)


def _merged(order: Order, source: Mapping[str, Any]) -> dict[str, Any]:
    """Give the options as the command leaves them, in canonical form."""
    options: Mapping[str, Any] = source.get("options") or {}
    return {**options, **{key: encode(order.document[key]) for key in _VALIDATION & set(order.document)}}
