"""Queries that the server works on while the answers before them are looked at.

psycopg's own pipeline reads every answer when the first is asked for, so that server and client take turns; with large
schemas each has about half of the work.
"""

from __future__ import annotations

import threading
from collections import namedtuple
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from psycopg import Pipeline
from psycopg.adapt import Transformer
from psycopg.waiting import wait

from schematool.engines.postgres.pipeline import INTERVAL_SECONDS, Talk, give_up, send

if TYPE_CHECKING:
    from psycopg import Connection


class Ahead:
    """Sends queries at once; each is then asked for by its text.

    A thread takes in the answers: a socket holds little, and the server stops where nobody reads. Nothing else can be
    sent on the connection before `finish`, after which the answers are still there.
    """

    def __init__(self, connection: Connection[Any], queries: Sequence[str]) -> None:
        self._connection = connection
        self._places = {query: place for place, query in enumerate(queries)}
        self._answers: dict[int, Any] = {}
        self._come = threading.Condition()
        self._talk = Talk(connection.pgconn, self._answered)
        self._lost: BaseException | None = None
        self._thread: threading.Thread | None = None
        if not Pipeline.is_supported():
            for query, place in self._places.items():
                self._answers[place] = connection.execute(query.encode()).pgresult
            return
        connection.pgconn.enter_pipeline_mode()
        send(connection.pgconn, queries)
        connection.pgconn.pipeline_sync()
        self._thread = threading.Thread(target=self._take_in, name="schematool-ahead", daemon=True)
        self._thread.start()

    def has(self, query: str) -> bool:
        """Whether it was sent and has not been given out."""
        return query in self._places

    def rows(self, query: str) -> list[Any]:
        """Wait for a query and give its rows, each with its columns as attributes, once."""
        return self._loaded(query, lambda names: _row(names)._make)

    def tuples(self, query: str) -> list[tuple[Any, ...]]:
        """Wait for a query and give its rows as tuples, once."""
        return self._loaded(query, lambda _: tuple)

    def finish(self) -> None:
        """Take in every answer that is still to come, and give the connection back to everybody."""
        if self._thread:
            self._thread.join()
            self._end()
        self._raise()

    def abandon(self) -> None:
        """Let the server stop, and give the connection back to everybody, or close it."""
        if self._thread:
            give_up(self._connection, self._talk, self._thread.join)
            self._end()

    def _end(self) -> None:
        self._thread = None
        if not self._connection.closed:
            self._connection.pgconn.exit_pipeline_mode()

    def _loaded(self, query: str, maker: Callable[[tuple[str, ...]], Callable[[Sequence[Any]], Any]]) -> list[Any]:
        place = self._places.pop(query)
        with self._come:
            while place not in self._answers and self._thread and self._thread.is_alive():
                self._come.wait(INTERVAL_SECONDS)
        if place not in self._answers:
            self._raise()
        result = self._answers.pop(place)
        names = tuple(result.fname(column).decode() for column in range(result.nfields))
        transformer = Transformer(self._connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, maker(names))

    def _take_in(self) -> None:
        try:
            wait(self._talk.through(), self._connection.pgconn.socket, INTERVAL_SECONDS)
        except BaseException as error:  # it belongs to who waits for the answer
            self._lost = error
        finally:
            with self._come:
                self._come.notify_all()

    def _answered(self, place: int, result: Any) -> None:
        with self._come:
            self._answers[place] = result
            self._come.notify_all()

    def _raise(self) -> None:
        if self._talk.failure:
            raise self._talk.failure.error
        if self._lost:
            raise self._lost


@cache
def _row(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)  # its names come from the query
