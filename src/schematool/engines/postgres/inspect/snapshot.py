"""One consistent, quiet look at a database: a read-only transaction in which the server prints in one fixed way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from psycopg.pq import TransactionStatus
from psycopg.rows import namedtuple_row

if TYPE_CHECKING:
    from psycopg import Connection, Cursor

PRINTING = {
    "search_path": "",
    "quote_all_identifiers": "off",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "lc_monetary": "C",
    "jit": "off",
}
"""Settings that change what pg_get_viewdef() and its kin print, or how long they take; as pg_dump fixes them."""


@contextmanager
def snapshot(connection: Connection[Any]) -> Iterator[Cursor[Any]]:
    """Yield a cursor in a REPEATABLE READ READ ONLY transaction with fixed settings; nothing of it stays.

    Inside of an open transaction it takes a savepoint instead, and sees what that transaction sees.
    """
    fresh = connection.info.transaction_status == TransactionStatus.IDLE
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=namedtuple_row) as cursor:
        if fresh:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        settings = ", ".join(f"set_config('{name}', '{value}', true) AS {name}" for name, value in PRINTING.items())
        cursor.execute(f"SELECT {settings}".encode())
        yield cursor
