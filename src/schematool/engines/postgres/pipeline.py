"""Many statements in one go: all are sent before the first answer is waited for, and each answer is told as it comes.

libpq's pipeline mode: every statement is parsed and run by itself, so the server's finger points into that statement
and nothing else, and what comes after one that fails is skipped. COPY cannot be among them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import error_from_result
from psycopg.pq import ExecStatus
from psycopg.waiting import Ready, Wait, wait

_DRAIN_SECONDS = 5.0
"""How long to wait for the answers to what was cancelled, before the connection is given up."""
INTERVAL_SECONDS = 0.1
"""How often somebody who waits looks up: a signal is heard, a deadline seen, a cancellation said again."""
_WRITES = frozenset({b"INSERT", b"UPDATE", b"DELETE", b"MERGE", b"COPY"})
_FAILED = (ExecStatus.FATAL_ERROR, ExecStatus.BAD_RESPONSE)


@dataclass(frozen=True, slots=True)
class Failure:
    """Which statement the server refused, 0-based, and what it said."""

    index: int
    error: psycopg.Error


def supported() -> bool:
    """Whether libpq knows how (14 and later; the wheels have it)."""
    return psycopg.Pipeline.is_supported()


def written(result: Any) -> int | None:
    """How many rows a statement wrote, by its command tag; None for one that is not about rows."""
    tag = (result.command_status or b"").split(b" ", 1)[0] if result is not None else b""
    return result.command_tuples if tag in _WRITES else None


def send_all(
    connection: psycopg.Connection[Any],
    statements: Sequence[str],
    ending: Callable[[], Sequence[str]],
    answered: Callable[[int, int | None], None],
) -> Failure | None:
    """Run the statements in order, and then those of `ending`, which is asked when the server is at work already.

    `answered` is called with the index of each as soon as it is known to have run, and with the number of rows that it
    wrote, None for a statement that writes none.

    Returns the first that failed: nothing after it has run. Raises `psycopg.OperationalError` when the connection is
    lost, and then nobody knows how far it came. Whatever else ends it (a signal, a listener) cancels the statement
    that runs, and leaves the connection usable or closed.
    """
    pgconn = connection.pgconn
    pgconn.enter_pipeline_mode()
    talk = Talk(pgconn, lambda index, result: answered(index, written(result)))
    try:
        send(pgconn, statements)
        pgconn.flush()
        send(pgconn, ending())
        pgconn.pipeline_sync()
        # Not Connection.wait(): at a signal it would cancel once, and then wait for the end of all that was sent.
        wait(talk.through(), pgconn.socket, INTERVAL_SECONDS)
    except psycopg.OperationalError:
        # The server says why before it hangs up.
        if talk.failure is None:
            raise
    finally:
        if not talk.over:
            give_up(connection, talk)
        if not connection.closed:
            pgconn.exit_pipeline_mode()
    return talk.failure


def send(pgconn: Any, statements: Sequence[str]) -> None:
    """Queue statements, each of whose answers is to come at once; `Talk.through` sends them."""
    for statement in statements:
        pgconn.send_query_params(statement.encode(), None)
        pgconn.send_flush_request()


def give_up(connection: psycopg.Connection[Any], talk: Talk, take_in: Callable[[float], object] | None = None) -> None:
    """Cancel what runs and take what still comes; close the connection if the server does not play along.

    It is said again and again: the server does not hear it between two statements, and then would run all the rest,
    COMMIT too (tcop/postgres.c, ProcessInterrupts: "if we are reading a command, ignore the request").
    `take_in` waits for some seconds, where another thread reads the answers.
    """

    def read(seconds: float) -> None:
        wait(talk.through(until=time.monotonic() + seconds), connection.pgconn.socket, seconds)

    talk.silent = True
    until = time.monotonic() + _DRAIN_SECONDS
    try:
        while not talk.over and time.monotonic() < until:
            connection.cancel()
            (take_in or read)(INTERVAL_SECONDS)
    except psycopg.Error:
        pass
    finally:
        if not talk.over:
            connection.close()


class Talk:
    """The answers as they come in. `answered` is called with the index of each and with its result."""

    def __init__(self, pgconn: Any, answered: Callable[[int, Any], None]) -> None:
        self._pgconn = pgconn
        self._answered = answered
        self._next = 0
        self._result: Any = None
        self.failure: Failure | None = None
        self.over = False
        """Whether the last answer is in."""
        self.silent = False

    def through(self, count: int | None = None, *, until: float | None = None) -> Generator[Wait, Ready | int, None]:
        """Send what is not sent yet and read the first `count` answers, or all; `psycopg.waiting.wait` runs it."""
        pgconn = self._pgconn
        while not self.over and (count is None or self._next < count):
            unsent = pgconn.flush()
            ready = yield Wait.RW if unsent else Wait.R
            if until is not None and time.monotonic() > until:
                return
            if ready and ready & Ready.R:
                pgconn.consume_input()
                self._read()

    def _read(self) -> None:
        while not self.over and not self._pgconn.is_busy():
            result = self._pgconn.get_result()
            if result is None:
                if self._result is None:
                    return
                # The end of one statement's results.
                index, self._next = self._next, self._next + 1
                ended, self._result = self._result, None
                if self.failure is None and not self.silent:
                    self._answered(index, ended)
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                self.over = True
                return
            self._result = result
            if result.status in _FAILED and self.failure is None:
                self.failure = Failure(self._next, error_from_result(result))
