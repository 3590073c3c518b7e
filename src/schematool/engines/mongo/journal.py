"""What a database says was applied to it: one document a migration, each of its commands with its own state.

`{_id, order, direction, state, sha256, down_sha256, token, session, tool, host, user, started, ended, commands, undo}`
in `_schematool_ledger`. `commands` (and `undo`, while rolling back) hold `{hash, state, before, after, started, ended}`
with the states `pending`, `running`, `done` and, for `undo`, `skipped`. Texts of commands are not kept, only
their hashes; `before` and `after` are listings of collections and indexes, never documents. All times are the server's.

Nothing is created by reading. Every write names the lock's token, so that a runner that lost the lock changes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import DuplicateKeyError, OperationFailure
from pymongo.read_concern import ReadConcern

from schematool import __version__
from schematool.core.history.unit import Command, LedgerRow, Unit
from schematool.engines.fault import die_at
from schematool.engines.mongo.failure import translated
from schematool.engines.mongo.lease import lost
from schematool.engines.mongo.server import MAJORITY, Server
from schematool.engines.mongo.settle import Picture

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession

_WRITE_SECONDS = 60.0


@dataclass(slots=True)
class Entry:
    """One command's line in the journal."""

    hash: str
    state: str = "pending"
    before: Picture | None = None


def rows(server: Server) -> tuple[LedgerRow, ...]:
    """Read what was applied, oldest first."""
    with translated(server.url):
        documents = list(server.own("ledger").find().sort("order", 1))
    return tuple(_row(document) for document in documents)


def _row(document: Mapping[str, Any]) -> LedgerRow:
    direction = str(document.get("direction", "up"))
    entries = list(document.get("undo" if direction == "down" else "commands") or ())
    states = [entry.get("state") for entry in entries]
    return LedgerRow(
        id=str(document["_id"]),
        state=str(document.get("state", "partial")),
        sha256=document.get("sha256"),
        applied_at=_time(document.get("ended") or document.get("started")),
        done=sum(state in {"done", "skipped"} for state in states),
        total=len(states),
        direction=direction,
        in_doubt=states.index("running") if "running" in states else None,
        extra={key: str(document[key]) for key in ("host", "user", "tool", "down_sha256") if document.get(key)},
    )


class Journal:
    """The ledger document of one unit while it is applied or rolled back, under one lock token."""

    def __init__(self, server: Server, unit: Unit, token: int) -> None:
        self._server = server
        self._unit = unit
        self._token = token
        self._field = "commands"
        self._ordinal = -1
        self.session = server.client.start_session()
        self.entries: list[Entry] = []

    @property
    def backwards(self) -> bool:
        """Whether the unit is being taken back."""
        return self._field == "undo"

    def read(self) -> Mapping[str, Any] | None:
        """Give the document as it is, if there is one.

        A runner that was killed inside a transaction leaves it open on the server, for a minute in which nobody could
        write here; so its session is ended. That is allowed for sessions of one's own user.
        """
        with translated(self._server.url):
            document = self._server.own("ledger").find_one({"_id": self._unit.id})
            if document and document.get("session") and document.get("token") != self._token:
                with suppress(OperationFailure):
                    self._server.client.admin.command("killSessions", [document["session"]])
        return document

    def begin(self, commands: Sequence[Command], existing: Mapping[str, Any] | None) -> None:
        """Put the unit on the ledger as partial, or take over what an earlier run left of it."""
        self._field = "commands"
        kept = tuple((existing or {}).get("commands") or ())
        self.entries = [_entry(command, kept[i] if i < len(kept) else None) for i, command in enumerate(commands)]
        self._put({**self._head("partial", "up"), "commands": self._lines(kept)}, new=existing is None)
        self.crash("begin", 0)

    def begin_undo(self, commands: Sequence[Command], skipped: Iterable[int], existing: Mapping[str, Any]) -> None:
        """Note that the unit is being taken back; `skipped` commands have nothing to undo."""
        self._field = "undo"
        kept = tuple(existing.get("undo") or ())
        self.entries = [_entry(command, kept[i] if i < len(kept) else None) for i, command in enumerate(commands)]
        for index in skipped:
            self.entries[index].state = "skipped"
        self._put(
            {
                "state": "partial",
                "direction": "down",
                "token": self._token,
                "session": self.session.session_id,
                "undo": self._lines(kept),
            },
            new=False,
        )
        self.crash("begin", 0)

    def intent(self, index: int, before: Picture) -> None:
        """Write that a command is about to be run, with what it will change."""
        self.entries[index].state, self.entries[index].before = "running", before
        self._line(index, {"state": "running", "before": _text(before)}, "started")
        self.crash("intent")

    def done(self, index: int, after: Picture | None, session: ClientSession | None = None) -> None:
        """Write that a command took effect; in `session`'s transaction where the command itself is in it."""
        self.crash("ran")
        self._line(index, {"state": "done", "after": _text(after) if after else None}, "ended", session)
        if session is None:
            self.entries[index].state = "done"
            self.crash("done")

    def committed(self, indexes: Iterable[int]) -> None:
        """Note that the transaction with these commands is on the server."""
        for index in indexes:
            self.entries[index].state = "done"
        self.crash("done")

    def failed(self, index: int) -> None:
        """Write that the server refused a command, so that nothing is in doubt about it."""
        self.entries[index].state = "pending"
        self._line(index, {"state": "pending"}, "ended")

    def standing(self) -> str:
        """Say how far it came."""
        done = sum(entry.state in {"done", "skipped"} for entry in self.entries)
        word = "undone" if self._field == "undo" else "done"
        return f"{self._unit.id}: {done} of {len(self.entries)} commands are {word} in MongoDB, and the ledger says so"

    def finish(self) -> None:
        """Write that the whole unit is applied."""
        self._update({"$set": {"state": "applied"}, "$currentDate": {"ended": True}})
        self.crash("end", 0)

    def remove(self) -> None:
        """Take the unit off the ledger."""
        with translated(self._server.url), pymongo.timeout(_WRITE_SECONDS):
            removed = self._server.own("ledger").delete_one({"_id": self._unit.id, "token": self._token})
        if not removed.deleted_count:
            raise lost()
        self.crash("end", 0)

    def adopt(self, commands: Sequence[Command], gone: Sequence[str] = ()) -> None:
        """Put the unit on the ledger as applied; those that it stands for go off it, all at once or not at all."""
        self.entries = [Entry(command_hash(command), "done") for command in commands]
        if gone:
            self._take_over(gone)
            return
        self._put({**self._head("applied", "up"), "commands": self._lines(())}, new=self.read() is None)
        self._update({"$currentDate": {"ended": True}})

    def _take_over(self, gone: Sequence[str]) -> None:
        new = self.read() is None
        ledger = self._server.client[self._server.name][self._server.own("ledger").name]
        change: dict[str, Any] = {
            "$set": {**self._head("applied", "up"), "commands": self._lines(())},
            "$currentDate": {"ended": True} | ({"started": True} if new else {}),
        }

        def body(session: ClientSession) -> None:
            last = ledger.find_one({"_id": {"$in": list(gone)}}, sort=[("order", -1)], session=session) or {}
            if new:
                change["$setOnInsert"] = {"order": int(last.get("order", 0))}
            ledger.update_one({"_id": self._unit.id}, change, upsert=True, session=session)
            ledger.delete_many({"_id": {"$in": list(gone)}}, session=session)

        with translated(self._server.url):
            self.session.with_transaction(body, ReadConcern("local"), MAJORITY)

    def next(self) -> None:
        """Count a command, for the fault tests."""
        self._ordinal += 1

    def crash(self, phase: str, ordinal: int | None = None) -> None:
        """Die here if a fault test asks for it, at a phase of the n-th command that was run, from 0.

        `begin` (the unit is on the ledger) `intent` (written, not run) `ran` (not recorded) `done` (recorded) `end`.
        """
        die_at(f"{self._ordinal if ordinal is None else ordinal}:{phase}")

    def _head(self, state: str, direction: str) -> dict[str, Any]:
        owner = self._server.owner
        return {
            "state": state,
            "direction": direction,
            "sha256": self._unit.up_sha256,
            "down_sha256": self._unit.down_sha256,
            "token": self._token,
            "session": self.session.session_id,
            "tool": __version__,
            "host": owner.host,
            "user": owner.user,
        }

    def _lines(self, kept: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        return [
            {**(kept[i] if i < len(kept) else {}), "hash": entry.hash, "state": entry.state}
            for i, entry in enumerate(self.entries)
        ]

    def _line(self, index: int, values: Mapping[str, Any], stamp: str, session: ClientSession | None = None) -> None:
        place = f"{self._field}.{index}"
        change = {
            "$set": {f"{place}.{key}": value for key, value in values.items()},
            "$currentDate": {f"{place}.{stamp}": True},
        }
        self._update(change, session)

    def _update(self, change: Mapping[str, Any], session: ClientSession | None = None) -> None:
        """Write in the document that our own token is on; the driver's errors pass inside a transaction."""
        ledger, mine = self._server.own("ledger"), {"_id": self._unit.id, "token": self._token}
        if session is not None:
            # A collection's own write concern is not allowed inside a transaction; the commit has it.
            matched = self._server.client[self._server.name][ledger.name].update_one(mine, change, session=session)
        else:
            with translated(self._server.url), pymongo.timeout(_WRITE_SECONDS):
                matched = ledger.update_one(mine, change)
        if not matched.matched_count:
            raise lost()

    def _put(self, values: Mapping[str, Any], *, new: bool) -> None:
        """Insert or take over the document, unless a later token is on it."""
        ledger = self._server.own("ledger")
        change: dict[str, Any] = {"$set": dict(values)}
        if new:
            last = ledger.find_one(sort=[("order", -1)], projection={"order": 1}) or {}
            change["$setOnInsert"] = {"order": int(last.get("order", 0)) + 1}
            change["$currentDate"] = {"started": True}
        with translated(self._server.url), pymongo.timeout(_WRITE_SECONDS):
            try:
                ledger.update_one({"_id": self._unit.id, "token": {"$lte": self._token}}, change, upsert=True)
            except DuplicateKeyError:
                raise lost() from None


def _entry(command: Command, kept: Mapping[str, Any] | None) -> Entry:
    if kept is None:
        return Entry(command_hash(command))
    before = kept.get("before")
    return Entry(command_hash(command), str(kept.get("state")), Picture.of(json.loads(before)) if before else None)


def command_hash(command: Command) -> str:
    """Hash what a command says, not how its text is laid out."""
    return hashlib.sha256(json.dumps(json.loads(command.text), ensure_ascii=False).encode()).hexdigest()


def _text(picture: Picture) -> str:
    """As one text, because field names of validators and filters begin with `$` and hold dots."""
    return json.dumps(picture.as_structure(), ensure_ascii=False)


def _time(value: Any) -> str:
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else ""
