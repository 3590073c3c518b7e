"""Throwaway databases: `schematool_scratch_<random>`, dropped when done."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pymongo.errors import PyMongoError

from schematool.engines.mongo.failure import translated
from schematool.engines.mongo.server import Server

PREFIX = "schematool_scratch_"


@contextmanager
def scratch(server: Server) -> Iterator[Server]:
    """Give an empty database on the same server. It is dropped after an error too, which stays the one to show."""
    name = PREFIX + secrets.token_hex(6)
    try:
        yield server.sibling(name)
    except BaseException:
        with suppress(PyMongoError):
            server.client.drop_database(name)
        raise
    with translated(server.url):
        server.client.drop_database(name)


def leftovers(server: Server) -> tuple[str, ...]:
    """Name the scratch databases on this server: those of runs under way, and what a killed one left behind."""
    with translated(server.url):
        return tuple(sorted(name for name in server.client.list_database_names() if name.startswith(PREFIX)))
