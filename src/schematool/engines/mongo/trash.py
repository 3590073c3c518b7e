"""What migrations put aside: listed, and deleted for good when somebody says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from schematool.core.plan.mongo.trash import PREFIX, parts
from schematool.engines.contract import Kept
from schematool.engines.fault import die_at
from schematool.engines.mongo.server import Server


def kept(server: Server) -> tuple[Kept, ...]:
    """List what is put aside, with the time since its migration was applied."""
    names = sorted(str(info["name"]) for info in server.infos() if str(info["name"]).startswith(PREFIX))
    ages = _ages(server) if names else {}
    return tuple(_kept(server, name, ages) for name in names)


def purge(server: Server, names: Sequence[str], still_ours: Callable[[], None]) -> None:
    """Drop what is put aside under these names; never anything else. What is stopped on the way goes on another day.

    `still_ours` raises when the lock was lost: somebody may be fetching one of them back.
    """
    for name in names:
        if parts(name) is None:
            raise ValueError(f"{name} is not put aside")
    for number, name in enumerate(names):
        still_ours()
        die_at(f"{number}:purging")
        server.database.drop_collection(name)
        die_at(f"{number}:purged")


def _kept(server: Server, name: str, ages: Mapping[str, float]) -> Kept:
    migration, collection = parts(name) or ("", name)
    place = server.collection(name)
    size = next(iter(place.aggregate([{"$collStats": {"storageStats": {}}}])), {}).get("storageStats", {})
    documents = place.count_documents({})
    return Kept(name, collection, migration, documents, int(size.get("size", 0)), ages.get(migration))


def _ages(server: Server) -> dict[str, float]:
    """Ask the server, whose clock wrote the ledger, how long ago each migration ended."""
    since: dict[str, Any] = {"$dateDiff": {"startDate": "$ended", "endDate": "$$NOW", "unit": "millisecond"}}
    rows = server.own("ledger").aggregate([{"$match": {"ended": {"$type": "date"}}}, {"$project": {"age": since}}])
    return {str(row["_id"]): row["age"] / 1000 for row in rows}
