"""Waits for the answer to a command, however long it takes, and finds out when it can never come.

A network that forgets a connection tells neither end: the driver would wait for ever for an answer that the server sent
long ago. So the command is sent from a thread of its own, and meanwhile the server is asked whether it works for us.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import pymongo
from pymongo.errors import AutoReconnect, OperationFailure, PyMongoError

from schematool.engines.mongo.server import Server

DEAD_SECONDS = 3.0
"""How long the server may do nothing for us before the answer is taken for lost."""
AWAY_SECONDS = 60.0
"""How long the server may not be there to be asked."""
_ASK_SECONDS = 3.0
_EVERY_SECONDS = 1.0


def answer(
    server: Server, document: Mapping[str, Any], meanwhile: Callable[[float], None] = lambda _: None
) -> dict[str, Any]:
    """Run a command and return its reply; `meanwhile` is called about every second, with the seconds so far.

    Raises the driver's own errors, and `AutoReconnect` when the answer was lost on the way.
    """
    outcome: list[dict[str, Any] | BaseException] = []

    def send() -> None:
        try:
            outcome.append(server.command(document))
        except BaseException as error:  # carried to the thread that waits for it
            outcome.append(error)

    worker = threading.Thread(target=send, name="schematool-command", daemon=True)
    began = time.monotonic()
    worker.start()
    worker.join(_EVERY_SECONDS)
    idle = away = 0.0
    while worker.is_alive():
        meanwhile(time.monotonic() - began)
        working = at_work(server, next(iter(document)))
        idle = (idle or time.monotonic()) if working is False else 0.0
        away = (away or time.monotonic()) if working is None else 0.0
        if (idle and time.monotonic() - idle > DEAD_SECONDS) or (away and time.monotonic() - away > AWAY_SECONDS):
            raise AutoReconnect("the answer of the server never came")
        worker.join(_EVERY_SECONDS)
    if isinstance(outcome[0], BaseException):
        raise outcome[0]
    return outcome[0]


def at_work(server: Server, command: str) -> bool | None:
    """Whether the server runs that command for us; None when it cannot be asked. True where we may not know."""
    try:
        return _found(server, command, all_users=True)
    except OperationFailure:
        pass  # the operations of our own user may be seen by everybody
    except PyMongoError:
        return None
    try:
        return _found(server, command, all_users=False)
    except OperationFailure:
        return True
    except PyMongoError:
        return None


def _found(server: Server, command: str, *, all_users: bool) -> bool:
    if server.kind == "router":
        return True
    stages: list[Mapping[str, Any]] = [
        {"$currentOp": {"allUsers": all_users}},
        {"$match": {"appName": server.owner.name, f"command.{command}": {"$exists": True}}},
    ]
    with pymongo.timeout(_ASK_SECONDS):
        return bool(list(server.client.admin.aggregate(stages)))
