"""Which rows are in the way of a rule that the server refused: how many, and the keys of a few. No other value of them.

The server names one at most. Asked after the transaction was rolled back, and only for as long as it is quick.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import psycopg

from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.session import Session
from schematool.engines.postgres.unvalidated import failing

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic

CODES = frozenset({"23502", "23503", "23505", "23514"})
"""NULLs, rows without a partner, duplicates, rows that break a CHECK."""
_SECONDS = 10
_SHOWN = 3
_PRIMARY = (
    "SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(indexrelid, n::integer, true) ORDER BY n)"
    " FROM pg_catalog.pg_index, pg_catalog.generate_series(1, indnkeyatts) AS n"
    " WHERE indrelid = %s::regclass AND indisprimary"
)
_UNIQUE = (
    "SELECT pg_catalog.array_agg(pg_catalog.pg_get_indexdef(indexrelid, n::integer, true) ORDER BY n)"
    " FROM pg_catalog.pg_index, pg_catalog.generate_series(1, indnkeyatts) AS n"
    " WHERE indexrelid = pg_catalog.to_regclass(%s) AND indisunique AND NOT indisvalid AND indpred IS NULL"
)


def offending(session: Session, said: Diagnostic) -> tuple[str, ...]:
    """Count them and name some, as sentences; nothing where what was refused is not there any more to ask about."""
    if session.lost or not session.idle or not said.table_name:
        return ()
    try:
        session.execute("BEGIN READ ONLY")
        session.execute(f"SET LOCAL statement_timeout = '{_SECONDS}s'")
        return tuple(_told(session, said))
    except psycopg.Error:
        return ()  # too many rows, or no right to read them: the server's own words have to do
    finally:
        try:
            session.roll_back()
        except psycopg.Error:
            session.close()


def _told(session: Session, said: Diagnostic) -> Iterator[str]:
    table = qualified(said.schema_name or "public", said.table_name or "")
    if said.sqlstate == "23505":
        yield from _duplicates(session, table, qualified(said.schema_name or "public", said.constraint_name or ""))
        return
    condition = f"row_.{identifier(said.column_name)} IS NULL" if said.column_name else failing(session, table, said)
    if condition is None:
        return
    count = int(session.one(f"SELECT count(*) FROM {table} AS row_ WHERE {condition}"))
    if not count:
        return
    key = session.one(_PRIMARY, [table])
    told = f"{count:,} {'row is' if count == 1 else 'rows are'} in the way"
    if key:
        keys = session.execute(
            f"SELECT pg_catalog.concat_ws(', ', {', '.join(f'row_.{one}' for one in key)}) FROM {table} AS row_"
            f" WHERE {condition} ORDER BY {', '.join(f'row_.{one}' for one in key)} LIMIT {_SHOWN}"
        ).fetchall()
        told += f", such as {', '.join(f'({one})' for (one,) in keys)} by ({', '.join(key)})"
    yield told


def _duplicates(session: Session, table: str, index: str) -> Iterator[str]:
    columns = session.one(_UNIQUE, [index])
    if not columns:
        return
    key = ", ".join(columns)
    groups, rows = session.execute(
        f"SELECT count(*), sum(many) FROM (SELECT count(*) AS many FROM {table} GROUP BY {key} HAVING count(*) > 1"
        f" AND {' AND '.join(f'({one}) IS NOT NULL' for one in columns)}) AS same"
    ).fetchone() or (0, 0)
    if groups:
        yield f"{rows:,} rows share their ({key}), in {groups:,} group{'' if groups == 1 else 's'}"
