"""Sends one command and sees it through: short DDL gives way to open transactions, index builds tell how far they are.

Facts observed on mongod 6.0.5: an open transaction that touched a collection holds up every DDL on it, and the waiting
DDL then holds up all writers; `maxTimeMS` gives up cleanly. The build of an index goes on when its client is gone, and
the same command again joins it. collMod with a lifetime, or with unique, on a wildcard index ends the server.
"""

from __future__ import annotations

import math
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pymongo
from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError, WriteConcernError

from schematool.core.errors import StatementError
from schematool.core.history.unit import Command
from schematool.engines.contract import Listener, Waiting
from schematool.engines.mongo import sharding
from schematool.engines.mongo.answer import answer
from schematool.engines.mongo.commands import DATA, SHARDING, Order
from schematool.engines.mongo.extended import decode, encode
from schematool.engines.mongo.gates import lacking
from schematool.engines.mongo.server import Server
from schematool.engines.mongo.settle import Picture, Verdict, settle

# 50 time limit, 24 lock timeout, 112 write conflict, 117 and 12587 another operation or an index build is on it.
_NOT_SHARDED = 118
_BUSY = frozenset({50, 24, 112, 117, 246, 12587})
SHORT_MILLISECONDS = 3000
PROBE_MILLISECONDS = 500
BUSY_SECONDS = 60.0
LOST_SECONDS = 30.0
PROGRESS_SECONDS = 3.0
REPEAT_SECONDS = 5.0
"""How often a command that takes long is told of."""
_CONCERN: Mapping[str, Any] = {"w": "majority", "j": True, "wtimeout": 60_000}


def picture(server: Server, order: Order) -> Picture:
    """See what a command is about, as it is now; nothing for commands on documents."""
    if order.name in DATA:
        return Picture()
    source = next(iter(server.infos(order.collection)), None)
    target = next(iter(server.infos(order.target)), None) if order.target else None
    indexes = server.index_specifications(order.collection) if source is not None else []
    specifications = [row.get("spec", row) for row in indexes]
    return Picture(
        None if source is None else encode(source),
        None if target is None else encode(target),
        tuple(encode(specification) for specification in specifications),
    )


def refuse_what_is_newer(server: Server, order: Order, command: Command) -> None:
    """Say which version a command needs, where this server would only say that it does not understand."""
    if order.name in SHARDING and server.kind != "router":
        return
    if lack := lacking(order, server.version):
        raise StatementError(
            "ST510", f"{lack}; this server is {server.version}", statement=command.text, span=command.span,
            hint="use a server of that version, for scratch too (`[scratch] mongo_url`), or leave it out",
        )  # fmt: skip


def refuse_what_harms(order: Order, now: Picture, command: Command) -> None:
    """Never send what is known to end a server, or to delete everything."""
    change = order.document.get("index") if order.name == "collMod" else None
    if not isinstance(change, Mapping):
        return
    seconds = change.get("expireAfterSeconds")
    if isinstance(seconds, float) and not math.isfinite(seconds):
        raise _harmful(command, "a lifetime that is no number expires every document at once")
    spec = now.index(str(change.get("name")))
    wildcard = spec is not None and any("$**" in path for path in spec.get("key", {}))
    if wildcard and {"expireAfterSeconds", "prepareUnique", "unique"} & set(change):
        raise _harmful(command, "this change of a wildcard index ends the server process")


def _harmful(command: Command, message: str) -> StatementError:
    return StatementError(
        "ST510", f"not sent to MongoDB: {message}", statement=command.text, span=command.span,
        hint="make another index instead, and drop this one",
    )  # fmt: skip


def rows_of(order: Order, reply: Mapping[str, Any]) -> int | None:
    """How many documents a write command wrote, None for any other."""
    count = reply.get("n") if order.name in {"insert", "update", "delete"} else None
    return count if isinstance(count, int) else None


def checked_reply(reply: Mapping[str, Any]) -> Mapping[str, Any]:
    """Raise what a write command reports inside a reply that says ok."""
    errors = reply.get("writeErrors")
    if errors:
        first = dict(errors[0])
        raise OperationFailure(str(first.get("errmsg", "")), first.get("code"), first)
    return reply


@dataclass(slots=True)
class Execution:
    """How the commands of one unit are sent; waiting is told to `listen`."""

    server: Server
    unit: str
    listen: Listener

    def run(self, order: Order, before: Picture | None) -> int | None:
        """Run a command until the server has answered it or its effect is seen to be there; gives `rows_of`.

        Driver errors come out as they are: a refusal (`OperationFailure`), or a server that stays away.
        """
        deadline, pause = time.monotonic() + BUSY_SECONDS, 0.05
        while True:
            try:
                return self._send(order, before)
            except (ConnectionFailure, WriteConcernError) as error:
                if self._settled_after_loss(order, before, error):
                    return None
            except OperationFailure as error:
                if error.code == _NOT_SHARDED and order.name == "unshardCollection":
                    return None
                if error.code not in _BUSY or time.monotonic() > deadline:
                    raise
                if settle(order, before, picture(self.server, order)) is Verdict.DONE:
                    return None
                self._wait(f"`{order.collection}` is in use (MongoDB {error.code}): trying again")
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311  # jitter
                pause = min(pause * 2, 2.0)

    def _send(self, order: Order, before: Picture | None) -> int | None:
        document = order.qualified(self.server.name)
        document.setdefault("writeConcern", dict(_CONCERN))
        if order.name in SHARDING and self.server.kind != "router":
            self._wait(sharding.set_aside(self.server, order))
            return None
        if order.name == "aggregate":
            document.setdefault("cursor", {})
        if before and before.uuid and order.name in {"createIndexes", "collMod", "dropIndexes", "drop"}:
            # 361 rather than a change of a collection that took the place of the one that was looked at
            document["collectionUUID"] = decode(before.uuid)
        if order.name == "createIndexes":
            self._probe(order, before)
            self._build(document)
            return None
        if order.name not in {*DATA, *SHARDING} and not _converts(order):
            document["maxTimeMS"] = SHORT_MILLISECONDS
        return rows_of(order, checked_reply(self._patiently(document)))

    def _probe(self, order: Order, before: Picture | None) -> None:
        """See whether a transaction holds the collection: an empty collMod changes nothing, and gives up in time."""
        if before and before.uuid:
            answer(self.server, {"collMod": order.collection, "maxTimeMS": PROBE_MILLISECONDS})

    def _build(self, document: Mapping[str, Any]) -> None:
        """Build indexes without a time limit, telling how far they are.

        When the client is gone the build goes on by itself; stopped by a signal, it is given up.
        """
        try:
            self._patiently(document)
        except KeyboardInterrupt:
            give_up_build(self.server, str(document["createIndexes"]), [one["name"] for one in document["indexes"]])
            raise

    def _patiently(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """Run a command, telling from time to time what it is doing."""
        told = 0.0

        def tell(elapsed: float) -> None:
            nonlocal told
            if "createIndexes" in document:
                self._progress(document, elapsed)
            elif elapsed - told > REPEAT_SECONDS:
                told = elapsed
                self._wait("still running", elapsed)

        return answer(self.server, document, tell)

    def _progress(self, document: Mapping[str, Any], elapsed: float) -> None:
        """Tell what the index builder itself is doing, where we may see it."""
        namespace = f"{self.server.name}.{document['createIndexes']}"
        stages: list[Mapping[str, Any]] = [
            {"$currentOp": {"allUsers": True}},
            {"$match": {"msg": {"$regex": "^Index Build"}, "ns": namespace}},
        ]
        try:
            with pymongo.timeout(PROGRESS_SECONDS):
                rows = list(self.server.client.admin.aggregate(stages))
            for row in rows:
                self._wait(f"building on `{document['createIndexes']}`: {_spoken(row)}", elapsed)
        except PyMongoError:
            self._wait(f"building on `{document['createIndexes']}`", elapsed)

    def _settled_after_loss(self, order: Order, before: Picture | None, error: PyMongoError) -> bool:
        """After a lost connection wait for the server and ask it; raises the loss when the server stays away."""
        deadline = time.monotonic() + LOST_SECONDS
        self._wait("the connection was lost: asking the server what it did")
        while True:
            try:
                return settle(order, before, picture(self.server, order)) is Verdict.DONE
            except ConnectionFailure:
                if time.monotonic() > deadline:
                    raise error from None
                time.sleep(0.5)

    def _wait(self, what: str, elapsed: float | None = None) -> None:
        self.listen(Waiting(self.unit, "mongo", what, elapsed))


def give_up_build(server: Server, collection: str, names: list[str]) -> None:
    """End a build that was begun: dropIndexes of indexes that are being built aborts it (MongoDB 4.4 and later)."""
    rows = server.index_specifications(collection)
    building = {row["spec"]["name"] for row in rows if "buildUUID" in row}
    if chosen := [name for name in names if name in building]:
        with suppress(PyMongoError):
            server.command({"dropIndexes": collection, "index": chosen})


def _converts(order: Order) -> bool:
    """Whether a collMod reads a whole index: it may take its time, and does not hold up writers meanwhile."""
    change = order.document.get("index")
    return isinstance(change, Mapping) and "unique" in change


def _spoken(row: Mapping[str, Any]) -> str:
    progress = row.get("progress") or {}
    done, total = int(progress.get("done", 0)), int(progress.get("total", 0))
    phase = str(row.get("msg", "")).removeprefix("Index Build: ").split(":")[-1].strip()
    return f"{phase} {done / total:.0%}" if total else phase
