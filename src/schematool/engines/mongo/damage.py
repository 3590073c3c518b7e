"""Finds what no run leaves so in the ledger of a MongoDB: somebody changed its documents by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from schematool.core.history.unit import Unit
from schematool.engines.contract import Damage
from schematool.engines.mongo.execute import checked_reply
from schematool.engines.mongo.journal import command_hash
from schematool.engines.mongo.server import OWN, Server

_HASH = re.compile(r"[0-9a-f]{64}")
_STATES = {"pending", "running", "done"}


def damages(server: Server, units: Sequence[Unit]) -> tuple[Damage, ...]:
    """Everything that is not as a run leaves it, in order of ids. `units`: those of the project, to mend it from."""
    documents = list(server.own("ledger").find().sort("_id", 1))
    by_id = {unit.id: unit for unit in units}
    last = max((one["order"] for one in documents if isinstance(one.get("order"), int)), default=0)
    taken: set[Any] = set()
    found: list[Damage] = []
    for document in documents:
        name, place = str(document["_id"]), document.get("order")
        found += [_damage(name, what, change) for what, change in _of(document, by_id.get(name))]
        if not isinstance(place, int) or place in taken:
            last += 1
            found.append(_damage(name, "it has no place of its own in the order", {"order": last}))
        taken.add(place)
    return tuple(found)


def _damage(name: str, what: str, change: Mapping[str, Any] | None) -> Damage:
    if change is None:
        return Damage(name, "mongo", what)
    update = {"update": f"{OWN}ledger", "updates": [{"q": {"_id": name}, "u": {"$set": dict(change)}}]}
    return Damage(name, "mongo", what, (json.dumps(update),))


def _of(document: Mapping[str, Any], unit: Unit | None) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """(what is wrong, the fields that put it right; None where nobody can say)."""
    lines = document.get("commands")
    if not isinstance(lines, list) or any(
        not isinstance(one, Mapping) or one.get("state") not in _STATES for one in lines
    ):
        yield "the states of its commands cannot be read", _anew(unit, document)
        return
    finished = all(one["state"] == "done" for one in lines)
    state, up = document.get("state"), document.get("direction") == "up"
    if state not in {"applied", "partial"} or document.get("direction") not in {"up", "down"}:
        wanted = {"state": "applied" if finished else "partial", "direction": "up"}
        yield "its state is neither applied nor partial, up nor down", wanted
    elif state == "applied" and not finished:
        # Either may be what was changed; a command that is in doubt is asked for on the server, and not run twice.
        doubtful = {f"commands.{n}.state": "running" for n, one in enumerate(lines) if one["state"] != "done"}
        change = {"state": "partial", "direction": "up", **doubtful}
        yield "it says applied, and that not every command has run", change
    elif state == "applied" and not up:
        yield "it says applied, and that it is being taken back", {"direction": "up"}
    if not _HASH.fullmatch(str(document.get("sha256"))):
        known = {"sha256": unit.up_sha256, "down_sha256": unit.down_sha256} if unit else None
        yield "it has no hash of a file", known
    elif unit and unit.up and document["sha256"] != unit.up_sha256 and _hashes(lines) == _wanted(unit):
        yield (
            "it has another hash than its file, though every command is the same",
            {"sha256": unit.up_sha256, "down_sha256": unit.down_sha256},
        )
    elif unit and unit.up and document["sha256"] == unit.up_sha256 and _hashes(lines) != _wanted(unit):
        yield "the hashes of its commands are not those of its file", _anew(unit, document)


def _hashes(lines: Sequence[Mapping[str, Any]]) -> list[Any]:
    return [one.get("hash") for one in lines]


def _wanted(unit: Unit) -> list[str]:
    return [command_hash(command) for command in unit.up]


def _anew(unit: Unit | None, document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The lines as a run would have left them; of a unit that was stopped every command is in doubt."""
    if unit is None or not unit.up:
        return None
    state = "done" if document.get("state") == "applied" else "running"
    return {"commands": [{"hash": one, "state": state} for one in _wanted(unit)]}


def mend(server: Server, statements: Sequence[str]) -> None:
    """Run cures, one after the other."""
    for text in statements:
        checked_reply(server.command(json.loads(text)))
