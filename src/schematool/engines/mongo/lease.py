"""The one migration lock of a database: a lease on the server's clock, kept alive by a heartbeat, with a fencing token.

The lock is a document that always exists. Whoever finds its lease at an end takes it and raises the token by one; every
later write to the ledger carries the token, so that a runner that slept through the loss of its lease writes nothing.
An upsert cannot be combined with `$expr` (the server answers 224), so the document is put there first, expired.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

import pymongo
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, OperationFailure, PyMongoError

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import WorldError
from schematool.engines.mongo.failure import translated
from schematool.engines.mongo.server import Server
from schematool.engines.signals import stoppable

LEASE_SECONDS = 30
# A live runner always has a connection for watching the server; after a failover it is back within half a second.
GONE_SECONDS = 1.2
_KEY = "migrate"
_UNTIL = {"$dateAdd": {"startDate": "$$NOW", "unit": "second", "amount": LEASE_SECONDS}}


class Lease:
    """A held lock. `check` raises as soon as it is known to be lost."""

    def __init__(self, server: Server, token: int) -> None:
        self._server = server
        self.token = token
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._until = time.monotonic() + LEASE_SECONDS
        self._thread = threading.Thread(target=self._beat, name="schematool-lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Renew it now; `WorldError` when somebody else has it, or may have it soon."""
        if not self._lost.is_set():
            with translated(self._server.url):
                self._renew()
        if self._lost.is_set():
            raise lost()

    def release(self) -> None:
        """Let it go, so that the next runner need not wait; a lost lease is left to whoever has it."""
        self._stop.set()
        self._thread.join(timeout=5)
        try:
            with pymongo.timeout(LEASE_SECONDS / 3):
                self._server.own("lock").update_one(self._mine(), [{"$set": {"leaseUntil": "$$NOW"}}])
        except PyMongoError:
            return  # it ends by itself

    def _beat(self) -> None:
        while not self._stop.wait(LEASE_SECONDS / 3):
            try:
                self._renew()
            except PyMongoError:
                if time.monotonic() > self._until:
                    self._lost.set()
            if self._lost.is_set():
                return

    def _renew(self) -> None:
        asked = time.monotonic()
        with pymongo.timeout(LEASE_SECONDS / 3):
            renewed = self._server.own("lock").update_one(self._mine(), [{"$set": {"leaseUntil": _UNTIL}}])
        if renewed.matched_count:
            self._until = asked + LEASE_SECONDS
        else:
            self._lost.set()

    def _mine(self) -> Mapping[str, Any]:
        unexpired = {"$gt": ["$leaseUntil", "$$NOW"]}
        return {"_id": _KEY, "owner": self._server.owner.name, "token": self.token, "$expr": unexpired}


@contextmanager
def held(server: Server, wait_seconds: float, keep: Callable[[Lease | None], None]) -> Iterator[None]:
    """Hold the lock; ST502 with the holder's name when it was not to be had in `wait_seconds`.

    SIGTERM and SIGHUP end what runs under it as Ctrl-C does.
    """
    _refuse_secondary(server)
    with stoppable():
        with translated(server.url):
            lease = _acquire(server, wait_seconds)
        keep(lease)
        try:
            yield
        finally:
            keep(None)
            lease.release()


def _refuse_secondary(server: Server) -> None:
    if server.kind == "secondary":
        raise WorldError(
            Diagnostic(
                "ST506",
                f"{server.url} is a secondary: it can only be read",
                hint="use the URL of the primary, or of the whole set (without directConnection=true)",
            ),
            state="nothing was changed",
        )


def _acquire(server: Server, wait_seconds: float) -> Lease:
    deadline = time.monotonic() + wait_seconds
    pause, gone, gone_since = 0.05, "", 0.0
    while True:
        token = _take(server, {"$expr": {"$lte": ["$leaseUntil", "$$NOW"]}})
        if token is None:
            holder = _holder(server)
            owner = str(holder.get("owner", ""))
            if not owner or _connected(server, owner):
                gone = ""
            elif gone != owner:
                gone, gone_since = owner, time.monotonic()
            elif time.monotonic() - gone_since >= GONE_SECONDS:
                token = _take(server, {"owner": owner, "token": holder.get("token")})
        if token is not None:
            return Lease(server, token)
        if time.monotonic() >= deadline:
            raise _taken(_holder(server), wait_seconds)
        time.sleep(min(pause * random.uniform(0.5, 1.5), max(0.0, deadline - time.monotonic())))  # noqa: S311  # jitter
        pause = min(pause * 2, 1.0)


def _take(server: Server, when: Mapping[str, Any]) -> int | None:
    """Take the lock in one atomic step if `when` holds; puts the document there if there is none."""
    owner = server.owner
    change = {
        "owner": owner.name,
        "host": owner.host,
        "pid": owner.pid,
        "user": {"$literal": owner.user},
        "since": "$$NOW",
        "leaseUntil": _UNTIL,
        "token": {"$add": ["$token", 1]},
    }
    collection = server.own("lock")
    taken = collection.find_one_and_update(
        {"_id": _KEY, **when}, [{"$set": change}], return_document=ReturnDocument.AFTER
    )
    if taken is None and collection.find_one({"_id": _KEY}, {"_id": 1}) is None:
        with suppress(DuplicateKeyError):  # another runner was quicker
            collection.insert_one({"_id": _KEY, "token": 0, "leaseUntil": datetime.fromtimestamp(0, UTC)})
        return _take(server, when)
    return None if taken is None else int(taken["token"])


def _holder(server: Server) -> Mapping[str, Any]:
    return server.own("lock").find_one({"_id": _KEY}) or {}


def holder(server: Server) -> Diagnostic | None:
    """Who has the lock now, if anybody has: a lease that has ended is nobody's."""
    held = server.own("lock").find_one({"_id": _KEY, "$expr": {"$gt": ["$leaseUntil", "$$NOW"]}})
    return _taken(held, 0).diagnostics[0] if held else None


def _connected(server: Server, owner: str) -> bool:
    """Whether any connection of that runner is still open: the server closes those of a process that was killed.

    True as well when we cannot know: through a router, or without the privilege to see the connections of others.
    """
    if server.kind == "router":
        return True
    stages: list[Mapping[str, Any]] = [
        {"$currentOp": {"allUsers": True, "idleConnections": True, "idleSessions": False}},
        {"$match": {"appName": {"$in": [owner, server.owner.name]}}},
        {"$group": {"_id": "$appName"}},
    ]
    try:
        seen = {str(row["_id"]) for row in server.client.admin.aggregate(stages)}
    except OperationFailure:
        return True
    # Who does not even see itself sees nobody.
    return owner in seen or server.owner.name not in seen


def _taken(holder: Mapping[str, Any], wait_seconds: float) -> WorldError:
    since = holder.get("since")
    when = since.strftime("%Y-%m-%d %H:%M:%S UTC") if isinstance(since, datetime) else "an unknown time"
    who = f"process {holder.get('pid', '?')} of {holder.get('user', '?')} on {holder.get('host', '?')}"
    return WorldError(
        Diagnostic(
            "ST502",
            f"the migration lock is held by {who} since {when}; waited {wait_seconds:g} s",
            hint=f"wait for it; the lease of a runner that died ends by itself within {LEASE_SECONDS} s",
        ),
        state="nothing was changed",
    )


def lost() -> WorldError:
    """Say that the lock was lost on the way."""
    return WorldError(
        Diagnostic(
            "ST508",
            "the migration lock was lost: another runner may have gone on in our place",
            hint="run `schematool status`, then `schematool migrate`: it goes on where things stand",
        )
    )
