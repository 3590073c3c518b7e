"""Runs a unit's commands one by one, each between its intent and its confirmation, so that any stop can be resumed.

MongoDB has no transaction around DDL, with one exception: new collections, their indexes and the lines of the ledger
about them can be committed together (readConcern `local`; all else answers 263). That is used where a unit has it.
For all other commands: write the intent with a picture of what is there, run, look, confirm. After a crash, or when a
connection is lost, neither the journal nor the client knows what happened, so the server is asked what is there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pymongo
from pymongo.errors import OperationFailure, PyMongoError
from pymongo.read_concern import ReadConcern

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import InputError, StatementError, WorldError
from schematool.core.history.unit import Command, Unit
from schematool.core.model.mongo_normal import is_primary
from schematool.engines.contract import Began, Ended, Listener, Waiting
from schematool.engines.mongo.commands import DATA, SHARDING, TRASH, Order, order, orders
from schematool.engines.mongo.examine import refused
from schematool.engines.mongo.execute import (
    Execution,
    checked_reply,
    picture,
    refuse_what_harms,
    refuse_what_is_newer,
    rows_of,
)
from schematool.engines.mongo.failure import statement_failure, translated
from schematool.engines.mongo.journal import Journal, command_hash
from schematool.engines.mongo.lease import Lease
from schematool.engines.mongo.server import MAJORITY, Server
from schematool.engines.mongo.settle import Picture, Verdict, missing_indexes, settle
from schematool.engines.mongo.undo import undoing

if TYPE_CHECKING:
    from pymongo.client_session import ClientSession

# 263: not possible in a transaction; 20: not on this kind of server; 290, 251, 257, 334: too long or too large for one.
_NOT_ATOMIC = frozenset({263, 20, 290, 251, 257, 334})
_TRANSACTION_SECONDS = 90.0


@dataclass(slots=True)
class Run:
    """One pass over a unit. `lease` None: a scratch database, which nobody else knows of.

    `recorded`: what was put aside, as it was before, by the name that it was put aside under.
    """

    server: Server
    unit: Unit
    lease: Lease | None
    listen: Listener
    recorded: dict[str, Picture] = field(default_factory=dict)

    @property
    def token(self) -> int:
        """The fencing token of the lock that we hold."""
        return self.lease.token if self.lease else 0

    def apply(self) -> None:
        """Run the up commands that are not done yet; a unit that was being rolled back is rolled back first."""
        journal = Journal(self.server, self.unit, self.token)
        existing = journal.read()
        if existing and existing.get("state") == "applied":
            return
        up = orders(self.unit.up)
        if existing and existing.get("direction") == "down":
            self.roll_back()
            existing = None
        self._ready()
        if existing:
            self._unedited(existing.get("commands") or (), self.unit.up)
        self._understood(zip(self.unit.up, up, strict=True))
        journal.begin(self.unit.up, existing)
        self._commands(journal, list(zip(self.unit.up, up, strict=True)), owned=False)
        journal.finish()

    def roll_back(self) -> None:
        """Run the down commands that are not done yet and have something to undo; then forget the unit."""
        journal = Journal(self.server, self.unit, self.token)
        existing = journal.read()
        if existing is None:
            return
        down = self._down()
        orders_down = orders(down)
        self._ready()
        chosen: tuple[Order | None, ...] = orders_down
        partial = _unfinished(existing)
        if partial:
            self._unedited(existing.get("commands") or (), self.unit.up)
            chosen = undoing(orders(self.unit.up), _reached(existing), orders_down)
        if existing.get("direction") == "down":
            self._unedited(existing.get("undo") or (), down)
        self._understood(zip(down, chosen, strict=True))
        self.recorded |= _put_aside(orders(self.unit.up), existing)
        skipped = [index for index, order in enumerate(chosen) if order is None]
        journal.begin_undo(down, skipped, existing)
        pairs = [
            (command, order or orders_down[i]) for i, (command, order) in enumerate(zip(down, chosen, strict=True))
        ]
        self._commands(journal, pairs, owned=partial)
        journal.remove()

    def adopt(self, gone: Sequence[str] = ()) -> None:
        """Record the unit as applied, and forget those that it stands for."""
        self._ready()
        Journal(self.server, self.unit, self.token).adopt(self.unit.up, gone)

    def _commands(self, journal: Journal, pairs: Sequence[tuple[Command, Order]], *, owned: bool) -> None:
        """Run what is pending or in doubt. `owned`: whatever state a command leaves may already be there."""
        index = 0
        while index < len(pairs):
            if journal.entries[index].state in {"done", "skipped"}:
                index += 1
                continue
            self._still_ours()
            together = _together(journal, pairs, index) if not owned else 0
            if together and self._atomically(journal, pairs, index, together):
                index += together
                continue
            self._one(journal, pairs, index, owned=owned)
            index += 1

    def _atomically(self, journal: Journal, pairs: Sequence[tuple[Command, Order]], first: int, count: int) -> bool:
        """Run commands and record them in one transaction; False when the server says that it cannot be done so."""
        chosen = range(first, first + count)
        current = first
        rows: dict[int, int | None] = {}

        def body(session: ClientSession) -> None:
            nonlocal current
            for current in chosen:
                reply = self.server.command(pairs[current][1].qualified(self.server.name), session)
                rows[current] = rows_of(pairs[current][1], checked_reply(reply))
                journal.done(current, None, session)

        for index in chosen:
            journal.next()
            self.listen(Began(self.unit.id, "mongo", index, len(pairs), pairs[index][0].text))
        began = time.monotonic()
        try:
            # The server itself gives up a transaction after a minute: whoever waits longer waits for nothing.
            with pymongo.timeout(_TRANSACTION_SECONDS):
                journal.session.with_transaction(body, ReadConcern("local"), MAJORITY)
        except OperationFailure as error:
            if error.code in _NOT_ATOMIC:
                return False
            command, order = pairs[current]
            refused = self._refused(error, command, order)
            refused.state = journal.standing()
            raise refused from None
        except PyMongoError as error:
            with translated(self.server.url):
                raise error
        journal.committed(chosen)
        seconds = (time.monotonic() - began) / count
        for index in chosen:
            text = pairs[index][0].text
            self.listen(Ended(self.unit.id, "mongo", index, len(pairs), text, seconds, rows.get(index)))
        return True

    def _one(self, journal: Journal, pairs: Sequence[tuple[Command, Order]], index: int, *, owned: bool) -> None:
        """Run one command by itself, or find that it has been run."""
        command, order = pairs[index]
        journal.next()
        self.listen(Began(self.unit.id, "mongo", index, len(pairs), command.text))
        rows: int | None = None
        began = time.monotonic()
        with self._refusals(journal, index, command, order):
            now = picture(self.server, order)
            resumed = journal.entries[index].state == "running"
            before = journal.entries[index].before if resumed else now
            verdict = Verdict.AGAIN
            if resumed or owned:
                verdict = settle(order, before if resumed else None, now)
            if verdict is Verdict.CONFLICT:
                raise self._conflict(command, order)
            if verdict is not Verdict.DONE:
                self._examined(journal, command, order, now)
                if not resumed:
                    if not owned:
                        self._first_time(command, order, now)
                    refuse_what_harms(order, now, command)
                    journal.intent(index, now)
                rows = self._sent(order, before, now)
            if owned:
                self._shown(order)
            after = picture(self.server, order)
            self._proven(command, order, after)
        journal.done(index, after)
        seconds = time.monotonic() - began
        self.listen(Ended(self.unit.id, "mongo", index, len(pairs), command.text, seconds, rows))

    def _sent(self, order: Order, before: Picture | None, now: Picture) -> int | None:
        """Send a command. What was put aside and is purged since is made again, without its documents.

        Gives the number of documents that it wrote.
        """
        gone = order.name == "renameCollection" and now.source is None and now.target is None
        recorded = self.recorded.get(order.collection) if gone else None
        execution = Execution(self.server, self.unit.id, self.listen)
        if recorded is None:
            return execution.run(order, before)
        self.listen(Waiting(self.unit.id, "mongo", f"`{order.target}` was purged: making it again, without documents"))
        for again in _made_again(str(order.target), recorded):
            execution.run(again, None)
        return None

    def _examined(self, journal: Journal, command: Command, order: Order, now: Picture) -> None:
        """Look for documents that a stricter validator shuts out: tell of them, and stop before it is strict.

        On the way back they are only told of: a rollback must not be held up by what was written since.
        """
        if self.lease is None:
            return
        found = refused(self.server, order, now)
        if found is None:
            return
        if found.strict and not journal.backwards:
            raise found.error(command)
        self.listen(Waiting(self.unit.id, "mongo", f"{found}, such as _id: {', '.join(found.ids[:5])}"))

    def _shown(self, order: Order) -> None:
        """Show an index that the way up had hidden and not dropped yet: to createIndexes it is there already."""
        if order.name != "createIndexes":
            return
        for name, attributes in missing_indexes(order, picture(self.server, order)):
            if attributes == ("hidden",):
                shown = {"collMod": order.collection, "index": {"name": name, "hidden": False}}
                Execution(self.server, self.unit.id, self.listen).run(Order(shown), None)

    @contextmanager
    def _refusals(self, journal: Journal, index: int, command: Command, order: Order) -> Iterator[None]:
        """What the server refuses is not in doubt; a lost connection leaves the command in doubt."""
        try:
            yield
        except OperationFailure as error:
            journal.failed(index)
            refused = self._refused(error, command, order)
            refused.state = journal.standing()
            raise refused from None
        except StatementError as error:
            journal.failed(index)
            error.state = journal.standing()
            raise
        except PyMongoError as error:
            with translated(self.server.url):
                raise error

    def _first_time(self, command: Command, order: Order, now: Picture) -> None:
        """Refuse to take over what somebody else made: our rollback would drop it."""
        there = [name for name in order.indexes if now.index(name)] if order.name == "createIndexes" else []
        if there:
            raise self._statement(
                command, f"the index `{there[0]}` of `{order.collection}` is there already, and no migration made it",
                "drop it by hand, or give the declared index another name",
            )  # fmt: skip
        if order.name in {"createIndexes", "collMod", "dropIndexes", "drop", *SHARDING} and now.source is None:
            raise self._statement(
                command, f"the collection `{order.collection}` is not there",
                "`schematool verify` shows what else differs from the migrations",
            )  # fmt: skip

    def _proven(self, command: Command, order: Order, after: Picture) -> None:
        """Believe in an index when it is listed as asked: createIndexes says ok to some that it leaves as they were."""
        if order.name != "createIndexes":
            return
        for name, attributes in missing_indexes(order, after):
            raise self._statement(
                command,
                f"the server accepted the index `{name}` of `{order.collection}` but did not make it as asked: "
                f"{', '.join(attributes)} differ",
                "an index of this meaning was there before: drop it first",
            )

    def _conflict(self, command: Command, order: Order) -> StatementError:
        return self._statement(
            command,
            f"the run before was stopped at this command, and now there is something else at `{order.collection}`",
            "`schematool diff migrations live` shows what; remove or rename it, then run the same command again",
        )

    def _statement(self, command: Command, message: str, hint: str) -> StatementError:
        return StatementError("ST510", message, statement=command.text, span=command.span, hint=hint)

    def _refused(self, error: OperationFailure, command: Command, order: Order) -> StatementError:
        subject = order.indexes[0] if len(order.indexes) == 1 and order.name != "collMod" else order.collection
        return statement_failure(
            error, text=command.text, span=command.span, url=self.server.url, command=order.name, subject=subject
        )

    def _still_ours(self) -> None:
        if self.lease:
            self.lease.check()

    def _ready(self) -> None:
        if self.server.kind == "standalone":
            raise WorldError(
                Diagnostic(
                    "ST506",
                    f"{self.server.url} is a standalone server: it can be read, but not migrated",
                    hint="start it with --replSet and run rs.initiate() once: one node is enough",
                )
            )

    def _understood(self, pairs: Iterable[tuple[Command, Order | None]]) -> None:
        """Refuse what only newer servers know before anything is run: half-way there would be no going on or back."""
        for command, wanted in pairs:
            if wanted is not None:
                refuse_what_is_newer(self.server, wanted, command)

    def _down(self) -> tuple[Command, ...]:
        if self.unit.down is None:
            raise InputError(Diagnostic("ST412", f"`{self.unit.id}` has no rollback file for MongoDB"))
        return self.unit.down

    def _unedited(self, journal: Sequence[Mapping[str, Any]], commands: Sequence[Command]) -> None:
        """Refuse to go on with a file whose commands that were run, or may have been, are others now."""
        for index, line in enumerate(journal):
            if line.get("state") not in {"done", "running"}:
                continue
            if index >= len(commands) or command_hash(commands[index]) != line.get("hash"):
                raise InputError(
                    Diagnostic(
                        "ST401",
                        f"`{self.unit.id}` was stopped after command {index + 1}, which the file has changed since",
                        commands[index].span if index < len(commands) else None,
                        hint="restore the command as it was; what comes after it may be changed",
                    )
                )


def _unfinished(existing: Mapping[str, Any]) -> bool:
    """Whether the up commands did not all run, now or before the rollback began."""
    return any(line.get("state") != "done" for line in existing.get("commands") or ())


def _reached(existing: Mapping[str, Any]) -> set[int]:
    lines = existing.get("commands") or ()
    return {index for index, line in enumerate(lines) if line.get("state") in {"done", "running"}}


def _put_aside(up: Sequence[Order], existing: Mapping[str, Any]) -> dict[str, Picture]:
    """Read from the ledger what the collections were that were renamed out of the way."""
    lines = list(existing.get("commands") or ())
    return {
        str(one.target): Picture.of(json.loads(line["before"]))
        for one, line in zip(up, lines, strict=False)
        if one.name == "renameCollection" and str(one.target).startswith(TRASH) and line.get("before")
    }


def _made_again(name: str, recorded: Picture) -> Iterator[Order]:
    """Give the commands that make a collection as it was listed."""
    source = recorded.source or {}
    yield order(json.dumps({"create": name, **(source.get("options") or {})}))
    indexes = [index for index in recorded.indexes if not is_primary(index)]
    if indexes:
        yield order(json.dumps({"createIndexes": name, "indexes": indexes}))


def _together(journal: Journal, pairs: Sequence[tuple[Command, Order]], first: int) -> int:
    """Count the commands from `first` that can be one transaction: new collections, their indexes and documents."""
    made: set[str] = set()
    count = 0
    for index in range(first, len(pairs)):
        order = pairs[index][1]
        plain = order.name == "create" and not {"viewOn", "timeseries"} & set(order.document)
        inside = order.name in {"createIndexes", "insert"} and order.collection in made
        alone = order.name in DATA and order.name != "aggregate" and index == first
        if journal.entries[index].state != "pending" or not (plain or inside or alone):
            break
        made |= {order.collection} if plain else set()
        count += 1
        if alone:
            break
    return count
