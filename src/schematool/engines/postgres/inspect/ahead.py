"""Queries that the server works on while the answers before them are looked at.

psycopg's own pipeline reads every answer when the first is asked for, so that server and client take turns; with large
schemas each has about half of the work.
"""

from __future__ import annotations

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
    """Sends queries at once; each is then asked for by its text, in their order as far as can be.

    Anything else can be sent on the connection only after `finish`, after which the answers are still there.
    """

    def __init__(self, connection: Connection[Any], queries: Sequence[str]) -> None:
        self._connection = connection
        self._places = {query: place for place, query in enumerate(queries)}
        self._answers: dict[int, Any] = {}
        self._talk: Talk | None = None
        if not Pipeline.is_supported():
            self._answers.update(
                (place, connection.execute(query.encode()).pgresult) for query, place in self._places.items()
            )
            return
        pgconn = connection.pgconn
        self._talk = Talk(pgconn, self._answers.__setitem__)
        pgconn.enter_pipeline_mode()
        send(pgconn, queries)
        pgconn.pipeline_sync()

    def has(self, query: str) -> bool:
        """Whether it was sent and has not been given out."""
        return query in self._places

    def rows(self, query: str) -> list[Any]:
        """Wait for a query and give its rows, each with its columns as attributes, once."""
        return self._loaded(query, lambda names: _row(names)._make)

    def tuples(self, query: str) -> list[tuple[Any, ...]]:
        """Wait for a query and give its rows as tuples, once."""
        return self._loaded(query, lambda _: tuple)

    def _loaded(self, query: str, maker: Callable[[tuple[str, ...]], Callable[[Sequence[Any]], Any]]) -> list[Any]:
        place = self._places.pop(query)
        if place not in self._answers:
            self._wait(place + 1)
        result = self._answers.pop(place)
        names = tuple(result.fname(column).decode() for column in range(result.nfields))
        transformer = Transformer(self._connection)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, maker(names))

    def finish(self) -> None:
        """Take in every answer that is still to come, and give the connection back to everybody."""
        if self._talk:
            self._wait(None)

    def _wait(self, count: int | None) -> None:
        talk = self._talk
        assert talk, "what was sent is asked for once"
        try:
            wait(talk.through(count), self._connection.pgconn.socket, INTERVAL_SECONDS)
            if talk.failure:
                wait(talk.through(), self._connection.pgconn.socket, INTERVAL_SECONDS)
        except BaseException:
            give_up(self._connection, talk)
            raise
        finally:
            if talk.over or self._connection.closed:
                self._talk = None
            if talk.over:
                self._connection.pgconn.exit_pipeline_mode()
        if talk.failure:
            raise talk.failure.error


@cache
def _row(names: tuple[str, ...]) -> Any:
    return namedtuple("Row", names)  # its names come from the query
