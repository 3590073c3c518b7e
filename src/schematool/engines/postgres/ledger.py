"""What a database says was applied to it: yoyo's own tables, and `schematool_ledger` beside them.

yoyo's tables decide what is applied; ours adds what yoyo does not keep: the hashes of the files, how far a unit that
cannot be in a transaction has come, and which statement is in doubt. Both are always named with their schema, since a
migration may change search_path for the whole database.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import psycopg

from schematool import __version__
from schematool.core.errors import WorldError
from schematool.core.history.unit import Command, LedgerRow, Unit
from schematool.core.sql.quote import literal, qualified
from schematool.engines.postgres import yoyo_backend as yoyo
from schematool.engines.postgres.session import Session

SCHEMA = "public"
"""Where the ledger is. yoyo looks in the first schema of search_path, which is this one unless somebody changed it."""

LEDGER = "schematool_ledger"
TABLES = (LEDGER, *yoyo.TABLES)
"""Every table that is ours to write and no part of the user's catalog."""
_PREPARED = "schematool_applied"
_TOOK = "(extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.now()) * 1000)::bigint"
"""Milliseconds since the transaction began, by the server's clock."""


@dataclass(frozen=True, slots=True)
class Journal:
    """How far a unit outside of a transaction has come, as its row says."""

    direction: str
    done: int
    total: int
    in_doubt: int | None
    hashes: tuple[str, ...]


class Ledger:
    """The ledger of one database. Nothing is created before something is applied."""

    def __init__(self, session: Session, schema: str = SCHEMA) -> None:
        self._session = session
        self.schema = schema
        self._there = False
        self.states: dict[str, str] | None = None
        """What each unit's state is, for as long as nobody else can change it: under the migration lock."""
        self._prepared_on: object = None

    @cached_property
    def _ours(self) -> str:
        return qualified(self.schema, LEDGER)

    @cached_property
    def _yoyos(self) -> str:
        return qualified(self.schema, yoyo.MIGRATIONS)

    def rows(self) -> tuple[LedgerRow, ...]:
        """Read everything, oldest first. What stock yoyo applied has no hash, and what it rolled back is left out.

        Raises `WorldError` where somebody has taken away a column.
        """
        ours, yoyos = self._tables_there()
        if not ours and not yoyos:
            return ()
        try:
            found = self._session.execute(_ROWS[ours, yoyos].format(ours=self._ours, yoyos=self._yoyos))
        except psycopg.errors.UndefinedColumn:
            from schematool.engines.postgres.damage import unreadable  # noqa: PLC0415  # it imports this module

            if said := unreadable(self._session, self):
                raise WorldError(said, state="nothing was changed") from None
            raise
        return tuple(LedgerRow(*row) for row in found)

    def _tables_there(self) -> tuple[bool, bool]:
        row = self._session.execute(
            "SELECT pg_catalog.to_regclass(%s) IS NOT NULL, pg_catalog.to_regclass(%s) IS NOT NULL",
            [self._ours, self._yoyos],
        ).fetchone()
        return (bool(row[0]), bool(row[1])) if row else (False, False)

    def has_lock_table(self) -> bool:
        """Whether yoyo's lock table exists."""
        return bool(
            self._session.one("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", [qualified(self.schema, yoyo.LOCK)])
        )

    def create(self) -> bool:
        """Make the tables that are not there, in the transaction that is open; False when nothing was to do."""
        if self._there:
            return False
        ours, yoyos = self._tables_there()
        if not (ours and yoyos and self.has_lock_table()):
            yoyo.create_tables(self._session, self.schema)
            self._session.execute(_CREATE.format(ours=self._ours))
            return True
        return False

    def readable(self) -> bool:
        """Whether this role may read what there is of the tables that hold the ledger."""
        names = [self._ours, self._yoyos]
        question = "SELECT coalesce(bool_and(pg_catalog.has_table_privilege(t, 'SELECT')), true)"
        return bool(
            self._session.one(f"{question} FROM unnest(%s::text[]) AS n(t) WHERE to_regclass(t) IS NOT NULL", [names])
        )

    @property
    def there(self) -> bool:
        """Whether the tables are known to be there."""
        return self._there

    def settled(self) -> None:
        """Remember that the tables are there: what created them is committed."""
        self._there = True

    def forget(self) -> None:
        """Look again next time."""
        self._there = False
        self.states = None

    def load(self) -> dict[str, str]:
        """Read the state of every unit once; only good under the migration lock."""
        if self.states is None:
            self.states = {row.id: row.state for row in self.rows()}
        return self.states

    def journal(self, unit: Unit) -> Journal | None:
        """Return how far a unit that was begun has come; None for one that is pending or applied."""
        if not self._tables_there()[0]:
            return None
        row = self._session.execute(
            "SELECT direction, statements_done, statements_total, in_doubt, statement_sha256"
            f" FROM {self._ours} WHERE id = %s AND state = 'partial'",
            [unit.id],
        ).fetchone()
        return Journal(row[0], row[1], row[2], row[3], tuple(row[4])) if row else None

    def state(self, unit: Unit) -> str | None:
        """Return `applied`, `partial`, or None for a unit that is pending: what `rows` says of it, for less."""
        ours, yoyos = (True, True) if self._there else self._tables_there()
        if not ours and not yoyos:
            return None
        begun = f"(SELECT state FROM {self._ours} WHERE id = %(id)s)"
        known = f"EXISTS (SELECT FROM {self._yoyos} WHERE migration_hash = %(key)s)"
        row = self._session.execute(
            f"SELECT {begun if ours else 'NULL'}, {known if yoyos else 'false'}",
            {"id": unit.id, "key": yoyo.migration_hash(unit.id)},
        ).fetchone()
        if row and row[0] == "partial":
            return "partial"
        return "applied" if row and row[1] else None

    def applied(self, unit: Unit) -> bool:
        """Whether the unit is recorded as applied, by us or by stock yoyo."""
        return self.state(unit) == "applied"

    def begin(self, unit: Unit, direction: str, hashes: Sequence[str]) -> None:
        """Write that a unit outside of a transaction is begun."""
        self._session.execute(
            f"INSERT INTO {self._ours} (id, up_sha256, down_sha256, state, direction, statements_total,"
            " statements_done, statement_sha256, started_at, tool_version)"
            " VALUES (%s, %s, %s, 'partial', %s, %s, 0, %s, pg_catalog.clock_timestamp(), %s)"
            " ON CONFLICT (id) DO UPDATE SET up_sha256 = excluded.up_sha256, down_sha256 = excluded.down_sha256,"
            " state = 'partial', direction = excluded.direction, statements_total = excluded.statements_total,"
            " statements_done = 0, statement_sha256 = excluded.statement_sha256, in_doubt = NULL,"
            " started_at = excluded.started_at, finished_at = NULL, tool_version = excluded.tool_version",
            [unit.id, unit.up_sha256, unit.down_sha256, direction, len(hashes), list(hashes), __version__],
        )

    def intend(self, unit: Unit, index: int) -> None:
        """Write that a statement is about to run: from here on it is in doubt."""
        self._session.execute(f"UPDATE {self._ours} SET in_doubt = %s WHERE id = %s", [index, unit.id])

    def progress(self, unit: Unit, done: int) -> None:
        """Write that the first `done` statements have run, and that none is in doubt."""
        self._session.execute(
            f"UPDATE {self._ours} SET statements_done = %s, in_doubt = NULL WHERE id = %s", [done, unit.id]
        )

    def drop_journal(self, unit: Unit, direction: str) -> None:
        """Take back that a unit was begun: nothing of it has happened."""
        if direction == "up":
            self._session.execute(f"DELETE FROM {self._ours} WHERE id = %s AND state = 'partial'", [unit.id])
            return
        # Finished when yoyo says so: the row is the same as before the rollback was begun.
        self._session.execute(
            f"UPDATE {self._ours} AS ours SET state = 'applied', direction = 'up', in_doubt = NULL,"
            " statements_done = statements_total, finished_at = yoyos.applied_at_utc AT TIME ZONE 'UTC'"
            f" FROM {self._yoyos} AS yoyos WHERE ours.id = %s AND yoyos.migration_id = ours.id",
            [unit.id],
        )

    def finished(self, unit: Unit, direction: str, *, operation: str, milliseconds: int | None) -> str:
        """Return the one statement that records a unit as applied, or takes it off, in our tables and in yoyo's.

        `milliseconds` None: as long as the transaction has taken, by the server's clock. One statement, since what
        both ledgers say of an instant must be the same instant.
        """
        if direction == "down":
            ours = f"DELETE FROM {self._ours} WHERE id = {literal(unit.id)}"
            return f"WITH ours AS ({ours})" + yoyo.marked(self.schema, unit.id, "rollback")
        took = _TOOK if milliseconds is None else str(milliseconds)
        return self._recording(_recorded(unit, operation), took)

    def finished_quickly(self, unit: Unit, operation: str) -> str:
        """Return what `finished` returns for a unit that goes up, planned by the server once and not each time.

        It works as long as the session has what `prepare` prepared.
        """
        return f"EXECUTE {_PREPARED}({', '.join(_recorded(unit, operation))})"

    def prepare(self) -> None:
        """Let the server plan once how a unit is recorded, if this session has not; the tables must be there."""
        if self._prepared_on is not self._session.connection:
            parameters = [f"${number}" for number in range(1, 8)]
            self._session.execute(
                f"PREPARE {_PREPARED}(text, text, text, integer, text[], text, text) AS"
                f" {self._recording(parameters, _TOOK)}"
            )
            self._prepared_on = self._session.connection

    def forget_prepared(self) -> None:
        """Prepare again next time: the session may have lost it."""
        self._session.execute("DEALLOCATE ALL")
        self._prepared_on = None

    def _recording(self, values: Sequence[str], took: str) -> str:
        """The statement that records a unit, of expressions in SQL: seven values, and its milliseconds."""
        name, up, down, total, hashes, operation, key = values
        return (
            f"WITH ours AS (INSERT INTO {self._ours} (id, up_sha256, down_sha256, state, direction, statements_total,"
            " statements_done, statement_sha256, in_doubt, started_at, finished_at, milliseconds, tool_version)\n"
            f"VALUES ({name}, {up}, {down}, 'applied', 'up', {total}, {total}, {hashes},"
            f" NULL, pg_catalog.now(), pg_catalog.statement_timestamp(), {took}, {literal(__version__)})\n"
            "ON CONFLICT (id) DO UPDATE SET up_sha256 = excluded.up_sha256, down_sha256 = excluded.down_sha256,"
            " state = 'applied', direction = 'up', statements_total = excluded.statements_total,"
            " statements_done = excluded.statements_done, statement_sha256 = excluded.statement_sha256,"
            " in_doubt = NULL, finished_at = excluded.finished_at, milliseconds = excluded.milliseconds,"
            " tool_version = excluded.tool_version)" + yoyo.marking(self.schema, key, name, operation)
        )

    def forgotten(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Return a statement for each migration that goes off both ledgers without having been rolled back."""
        return tuple(
            f"WITH ours AS (DELETE FROM {self._ours} WHERE id = {literal(one)})"
            + yoyo.marked(self.schema, one, "unmark")
            for one in ids
        )


def _recorded(unit: Unit, operation: str) -> tuple[str, ...]:
    """What is recorded of a unit that goes up, as literals in the order of `Ledger._recording`."""
    return (
        literal(unit.id),
        literal(unit.up_sha256),
        literal(unit.down_sha256) if unit.down_sha256 else "NULL",
        str(len(unit.up)),
        literal("{" + ",".join(statement_hashes(unit.up)) + "}"),
        literal(operation),
        literal(yoyo.migration_hash(unit.id)),
    )


def statement_hashes(commands: Sequence[Command]) -> tuple[str, ...]:
    """Hash each statement, so that one that was edited after it had run is seen."""
    return tuple(hashlib.sha256(command.text.encode()).hexdigest() for command in commands)


_CREATE = """
CREATE TABLE IF NOT EXISTS {ours} (
  id text PRIMARY KEY,
  up_sha256 text NOT NULL,
  down_sha256 text,
  state text NOT NULL CHECK (state IN ('applied', 'partial')),
  direction text NOT NULL CHECK (direction IN ('up', 'down')),
  statements_total integer NOT NULL,
  statements_done integer NOT NULL,
  statement_sha256 text[] NOT NULL,
  in_doubt integer,
  started_at timestamptz NOT NULL,
  finished_at timestamptz,
  milliseconds bigint,
  tool_version text NOT NULL,
  head text
)
"""

_TIME = """pg_catalog.to_char({}, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
_OURS_ONLY = (
    "SELECT id, state, up_sha256, "
    + _TIME.format("coalesce(finished_at, started_at) AT TIME ZONE 'UTC'")
    + ", statements_done, statements_total, direction, in_doubt, head FROM {ours} WHERE state = 'partial'"
    " ORDER BY started_at, id"
)
_YOYO_ONLY = (
    "SELECT migration_id, 'applied', NULL, "
    + _TIME.format("applied_at_utc")
    + ", 0, 0, 'up', NULL, NULL FROM {yoyos} ORDER BY applied_at_utc, migration_id"
)
# Our row speaks for an applied migration only if both were written at the same instant: stock yoyo may have rolled
# it back and applied it again since, from a file that we never saw.
_BOTH = (
    "SELECT coalesce(ours.id, yoyos.migration_id), coalesce(ours.state, 'applied'), ours.up_sha256, "
    + _TIME.format("coalesce(yoyos.applied_at_utc, ours.started_at AT TIME ZONE 'UTC')")
    + ", coalesce(ours.statements_done, 0), coalesce(ours.statements_total, 0), coalesce(ours.direction, 'up'),"
    " ours.in_doubt, ours.head FROM {yoyos} AS yoyos FULL JOIN {ours} AS ours ON ours.id = yoyos.migration_id"
    " AND (ours.state = 'partial' OR ours.finished_at = yoyos.applied_at_utc AT TIME ZONE 'UTC')"
    " WHERE yoyos.migration_id IS NOT NULL OR ours.state = 'partial'"
    " ORDER BY coalesce(yoyos.applied_at_utc, ours.started_at AT TIME ZONE 'UTC'), 1"
)
_ROWS: dict[tuple[bool, bool], Any] = {(True, False): _OURS_ONLY, (False, True): _YOYO_ONLY, (True, True): _BOTH}
