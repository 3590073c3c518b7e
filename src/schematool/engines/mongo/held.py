"""Counts what statements would delete: documents that go with a collection, a field, a lifetime or a lack of room."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from schematool.core.history.loss import Loss
from schematool.engines.mongo.extended import decode
from schematool.engines.mongo.seed import collections
from schematool.engines.mongo.server import Server

Options = Mapping[str, Any]


def held(server: Server, subjects: Iterable[Loss]) -> Mapping[Loss, int]:
    """Count what goes with each subject; one whose collection is not there is left out."""
    there = dict(collections(server))
    return {loss: _count(server, loss, there[loss.name]) for loss in dict.fromkeys(subjects) if loss.name in there}


def _count(server: Server, loss: Loss, options: Options) -> int:
    if loss.seconds is not None:
        return _expired(server, loss, options)
    if loss.size is not None or loss.most is not None:
        return _crowded_out(server, loss)
    return server.collection(loss.name).count_documents({loss.column: {"$exists": True}} if loss.column else {})


def _expired(server: Server, loss: Loss, options: Options) -> int:
    """Count what is older than a lifetime, by the server's own clock; none where it must go already."""
    indexes = [dict(row.get("spec", row)) for row in server.index_specifications(loss.name)]
    where = decode(json.loads(loss.where)) if loss.where else {}
    path = loss.column
    if loss.index is not None:
        named = next((one for one in indexes if one["name"] == loss.index), None)
        if named is None:
            return 0
        path, where = next(iter(named["key"])), named.get("partialFilterExpression", {})
    if path is None:
        path = options["timeseries"]["timeField"] if "timeseries" in options else "_id"
    if loss.seconds is None or _goes_already(loss.seconds, path, where, indexes, options if loss.whole_life else {}):
        return 0
    before = server.client.admin.command("hello")["localTime"] - timedelta(seconds=loss.seconds)
    old: dict[str, Any] = {path: {"$lt": before}}
    return server.collection(loss.name).count_documents({"$and": [old, where]} if where else old)


def _goes_already(seconds: int, path: str, where: Any, indexes: Iterable[Mapping[str, Any]], options: Options) -> bool:
    """Whether a lifetime that is no longer than this one is in force for the same documents."""
    lives = [
        one["expireAfterSeconds"]
        for one in indexes
        if "expireAfterSeconds" in one
        and list(one["key"]) == [path]
        and one.get("partialFilterExpression", {}) == where
    ]
    lives += [options["expireAfterSeconds"]] if "expireAfterSeconds" in options else []
    return any(life <= seconds for life in lives)


def _crowded_out(server: Server, loss: Loss) -> int:
    """Estimate how many of the oldest documents have no room any more."""
    stats = server.command({"collStats": loss.name})
    many, size = int(stats.get("count", 0)), int(stats.get("size", 0))
    over = max(0, many - loss.most) if loss.most else 0
    if loss.size is not None and size > loss.size and many:
        over = max(over, -(-(size - loss.size) * many // size))
    return over
