"""The one place that knows yoyo's own tables, so that stock `yoyo list` shows what was applied here.

yoyo 9 keeps `_yoyo_migration` (what is applied), `_yoyo_log` (what happened), `_yoyo_version` and `yoyo_lock`. Where
none of them is there, they are made as yoyo 9.0 makes them (version 2 of its own schema; a test holds them beside
each other); where some are, yoyo's own code makes the rest. Rows are written in the same message as our
own, which yoyo, working statement by statement on a connection of its own, cannot do. Importing yoyo takes 0.1 s, so
it is imported only then.
"""

from __future__ import annotations

import getpass
import hashlib
import socket
from contextlib import nullcontext
from functools import cache
from typing import TYPE_CHECKING, Any

from schematool.core.sql.quote import literal, qualified

if TYPE_CHECKING:
    from schematool.engines.postgres.session import Session

MIGRATIONS, LOG, VERSIONS, LOCK = "_yoyo_migration", "_yoyo_log", "_yoyo_version", "yoyo_lock"
TABLES = (MIGRATIONS, LOG, VERSIONS, LOCK)
"""yoyo's tables, by name."""

# statement_timestamp() is the same in every part of one statement, and yoyo's column has no time zone.
_NOW = "pg_catalog.statement_timestamp() AT TIME ZONE 'UTC'"


def migration_hash(id: str) -> str:  # noqa: A002  # the word of the whole project for this
    """Return yoyo's key of a migration: sha256 of its name, not of what is in it."""
    return hashlib.sha256(id.encode()).hexdigest()


def marked(schema: str, id: str, operation: str) -> str:  # noqa: A002  # as above
    """Return the rest of a statement that records a migration, after `WITH … AS (…)`.

    `operation`: `apply` or `mark`, or `rollback` or `unmark`, which take it off.
    """
    key, name = literal(migration_hash(id)), literal(id)
    if operation in {"rollback", "unmark"}:
        gone = f"DELETE FROM {qualified(schema, MIGRATIONS)} WHERE migration_hash = {key}"
        return f",\nyoyos AS ({gone})\n" + _logged(schema, key, name, literal(operation))
    return marking(schema, key, name, literal(operation))


def marking(schema: str, key: str, name: str, operation: str) -> str:
    """Return what `marked` does for `apply` and `mark`, of expressions in SQL rather than of values."""
    first = (
        f"INSERT INTO {qualified(schema, MIGRATIONS)} (migration_hash, migration_id, applied_at_utc)"
        f" VALUES ({key}, {name}, {_NOW})\n"
        "ON CONFLICT (migration_hash) DO UPDATE SET applied_at_utc = excluded.applied_at_utc"
    )
    return f",\nyoyos AS ({first})\n" + _logged(schema, key, name, operation)


def _logged(schema: str, key: str, name: str, operation: str) -> str:
    return (
        f"INSERT INTO {qualified(schema, LOG)}"
        " (id, migration_hash, migration_id, operation, username, hostname, created_at_utc)\n"
        f"VALUES (pg_catalog.gen_random_uuid(), {key}, {name}, {operation},"
        f" {literal(_user())}, {literal(_host())}, {_NOW})"
    )


@cache
def _host() -> str:
    return socket.gethostname()[:255]


@cache
def _user() -> str:
    """The name of the system's user; a container may run under a number that has none."""
    try:
        return getpass.getuser()[:255]
    except (KeyError, OSError):
        return "unknown"


def create_tables(session: Session, schema: str) -> None:
    """Make those of yoyo's tables that are not there, in the transaction that is open."""
    names = [qualified(schema, name) for name in TABLES]
    if session.one("SELECT num_nulls(VARIADIC array_agg(to_regclass(n))) FROM unnest(%s::text[]) AS t(n)", [names]) < 4:
        _complete(session, schema)
        return
    migrations, log, versions, lock = names
    session.execute(_CREATE.format(migrations=migrations, log=log, versions=versions, lock=lock, now=_NOW))


_CREATE = """
CREATE TABLE {migrations} (
  migration_hash varchar(64) PRIMARY KEY,
  migration_id varchar(255),
  applied_at_utc timestamp
);
CREATE TABLE {log} (
  id varchar(36) PRIMARY KEY,
  migration_hash varchar(64),
  migration_id varchar(255),
  operation varchar(10),
  username varchar(255),
  hostname varchar(255),
  comment varchar(255),
  created_at_utc timestamp
);
CREATE TABLE {versions} (version integer PRIMARY KEY, installed_at_utc timestamp);
INSERT INTO {versions} VALUES (2, {now});
CREATE TABLE {lock} (locked integer PRIMARY KEY DEFAULT 1, ctime timestamp, pid integer NOT NULL);
"""


def _complete(session: Session, schema: str) -> None:
    from yoyo import internalmigrations  # noqa: PLC0415  # see the first lines of this file
    from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend  # noqa: PLC0415  # likewise

    class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]  # yoyo ships no type information
        """yoyo's psycopg 3 backend on a connection and in a transaction that are not its own.

        It does not connect, begin, commit, set savepoints or probe what the server can do, and it finds its tables
        in one schema rather than wherever search_path leads.
        """

        def __init__(self) -> None:
            self._connection = session.connection
            self.migration_table = MIGRATIONS
            self.has_transactional_ddl = True
            self._in_transaction = True

        def quote_identifier(self, s: str) -> str:
            """Qualify yoyo's own tables; everything else is a column."""
            return qualified(schema, s) if s in TABLES else f'"{s}"'

        def list_tables(self, **_: Any) -> list[str]:
            """Return the names of the tables in the one schema."""
            rows = session.execute(
                "SELECT relname FROM pg_catalog.pg_class WHERE relnamespace = %s::regnamespace AND relkind = 'r'",
                [qualified(schema)],
            )
            return [name for (name,) in rows]

        def transaction(self, rollback_on_exit: bool = False) -> Any:  # noqa: ARG002  # its signature
            """Use the transaction that is open."""
            return nullcontext()

    backend = Backend()
    if LOCK not in backend.list_tables():
        backend.execute(backend.format_sql(backend.create_lock_table_sql))
    if internalmigrations.needs_upgrading(backend):
        internalmigrations.upgrade(backend)
