"""What is left to do when a signal stops a run: end what the server still does for us, and say where things stand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pymongo.errors import OperationFailure, PyMongoError

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Interrupted, WorldError
from schematool.core.history.unit import Unit
from schematool.engines.mongo import journal
from schematool.engines.mongo.server import Server

_GONE_SECONDS = 2.0


@contextmanager
def stopping(server: Server, unit: Unit) -> Iterator[None]:
    """Turn a signal into `Interrupted`, once the server does nothing for us any more.

    The driver gives up its connection, but the server goes on with a command that it was sent.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            Diagnostic("ST500", f"stopped by a signal during {unit.id}", hint="run it again to go on"),
            state=_state(server, unit),
        ) from None


def _state(server: Server, unit: Unit) -> str:
    try:
        _end_operations(server)
        return _standing(server, unit)
    except (PyMongoError, WorldError, KeyboardInterrupt):
        return f"`schematool status` says where {unit.id} stands"


def _end_operations(server: Server) -> None:
    """End whatever runs under our name, and wait until it is gone."""
    until = time.monotonic() + _GONE_SECONDS
    while (running := _running(server)) and time.monotonic() < until:
        for operation in running:
            server.client.admin.command("killOp", op=operation)
        time.sleep(0.05)


def _running(server: Server) -> list[Any]:
    """Who may not see the operations of others sees those of its own user."""
    try:
        return _operations(server, all_users=True)
    except OperationFailure:
        return _operations(server, all_users=False)


def _operations(server: Server, *, all_users: bool) -> list[Any]:
    # The driver watches the server all the time (`hello`), and this question itself is an operation.
    watching = {f"command.{name}": {"$exists": False} for name in ("hello", "isMaster", "ismaster", "aggregate")}
    stages: list[Mapping[str, Any]] = [
        {"$currentOp": {"allUsers": all_users}},
        {"$match": {"appName": server.owner.name, "command": {"$ne": {}}, **watching}},
        {"$project": {"opid": 1}},
    ]
    return [row["opid"] for row in server.client.admin.aggregate(stages)]


def _standing(server: Server, unit: Unit) -> str:
    row = next((row for row in journal.rows(server) if row.id == unit.id), None)
    if row is None:
        return f"{unit.id} is not applied"
    if row.state == "applied":
        return f"{unit.id} is applied"
    doubt = "" if row.in_doubt is None else f"; whether command {row.in_doubt + 1} took effect, the next run will see"
    word = "done" if row.direction == "up" else "undone"
    return f"{row.done} of {row.total} commands of {unit.id} are recorded as {word}{doubt}"
