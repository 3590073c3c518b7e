"""Finds what no run leaves so in the ledger: somebody changed it by hand, or restored a part of it.

Three tables say what was applied: ours, yoyo's, and yoyo's log, to which every run of either tool only adds. We write
all three in one statement and with one instant, and stock yoyo writes its two with two instants of its own, so that
what one of them lacks can be told apart from what stock yoyo did. Judged by the server; a sound ledger answers nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from schematool.core.diagnostic import Diagnostic
from schematool.core.history.unit import Unit
from schematool.core.sql.quote import literal, qualified
from schematool.engines.contract import Damage
from schematool.engines.postgres import yoyo_backend as yoyo
from schematool.engines.postgres.ledger import LEDGER, Ledger, statement_hashes
from schematool.engines.postgres.session import Session

_COLUMNS = {
    LEDGER: "id up_sha256 down_sha256 state direction statements_total statements_done statement_sha256 in_doubt"
    " started_at finished_at milliseconds tool_version",
    yoyo.MIGRATIONS: "migration_hash migration_id applied_at_utc",
    yoyo.LOG: "migration_hash migration_id operation created_at_utc",
}
_SHAPE = """
SELECT relation.relname, pg_catalog.has_table_privilege(relation.oid, 'SELECT'), array_agg(attribute.attname::text)
  FROM pg_catalog.pg_class AS relation
  JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = relation.oid
 WHERE relation.relnamespace = %s::regnamespace AND relation.relname = ANY (%s)
   AND attribute.attnum > 0 AND NOT attribute.attisdropped
 GROUP BY relation.oid, relation.relname
"""
_NO_LEDGER = "(SELECT * FROM (VALUES (NULL::text, '', NULL::text, '', '', 0, 0, '{}'::text[], NULL::integer,\
 now(), now())) AS x(id, up_sha256, down_sha256, state, direction, statements_total, statements_done,\
 statement_sha256, in_doubt, started_at, finished_at) WHERE false)"
_NO_YOYO = "(SELECT * FROM (VALUES (''::text, NULL::text, now() AT TIME ZONE 'UTC')) AS x(migration_hash,\
 migration_id, applied_at_utc) WHERE false)"
_NO_LOG = "(SELECT * FROM (VALUES (NULL::text, ''::text, now() AT TIME ZONE 'UTC')) AS x(migration_id, operation,\
 created_at_utc) WHERE false)"
_JUDGED = """
WITH log AS (
  SELECT DISTINCT ON (migration_id) migration_id, operation, created_at_utc
    FROM {log} AS every ORDER BY migration_id, created_at_utc DESC
), judged AS (
  SELECT coalesce(ours.id, yoyos.migration_id, log.migration_id) AS id, yoyos.migration_hash AS key,
         log.created_at_utc AS logged,
         CASE
           WHEN yoyos.migration_hash <> encode(sha256(convert_to(yoyos.migration_id, 'UTF8')), 'hex') THEN 'key'
           WHEN ours.state NOT IN ('applied', 'partial') THEN 'state'
           WHEN ours.state = 'applied' AND yoyos.migration_id IS NULL AND {has_log}
                AND NOT coalesce(log.operation IN ('rollback', 'unmark')
                                 AND log.created_at_utc >= ours.finished_at AT TIME ZONE 'UTC', false) THEN 'yoyos'
           WHEN ours.id IS NULL AND log.operation IN ('apply', 'mark')
                AND log.created_at_utc = yoyos.applied_at_utc THEN 'ours'
           WHEN ours.state = 'applied' AND yoyos.applied_at_utc <> ours.finished_at AT TIME ZONE 'UTC' AND {has_log}
                AND NOT coalesce(log.created_at_utc > ours.finished_at AT TIME ZONE 'UTC', false) THEN 'time'
           WHEN ours.id IS NULL AND yoyos.migration_id IS NULL AND log.operation IN ('apply', 'mark') THEN 'both'
           WHEN ours.state = 'applied' AND (ours.statements_done <> ours.statements_total OR ours.direction <> 'up'
                OR cardinality(ours.statement_sha256) <> ours.statements_total OR ours.in_doubt IS NOT NULL)
                THEN 'applied'
           WHEN ours.state = 'partial' AND (ours.statements_done NOT BETWEEN 0 AND ours.statements_total
                OR cardinality(ours.statement_sha256) <> ours.statements_total
                OR ours.in_doubt NOT BETWEEN ours.statements_done AND ours.statements_total - 1) THEN 'partial'
           WHEN ours.up_sha256 !~ '^[0-9a-f]{{64}}$' THEN 'hash'
         END AS what
    FROM {yoyos} AS yoyos
    FULL JOIN {ours} AS ours ON ours.id = yoyos.migration_id
    FULL JOIN log ON log.migration_id = coalesce(ours.id, yoyos.migration_id)
)
SELECT id, what, key, logged FROM judged WHERE what IS NOT NULL ORDER BY id
"""
_YOYO_TABLE = (
    "CREATE TABLE IF NOT EXISTS {} (migration_hash varchar(64), migration_id varchar(255), applied_at_utc timestamp,"
    " PRIMARY KEY (migration_hash))"
)
_TOLD: Mapping[str, str] = {
    "state": "its row is in a state that no run writes",
    "key": "the key of its row in _yoyo_migration is not that of its name",
    "yoyos": "its row in _yoyo_migration is gone, and no log says that it was rolled back",
    "ours": "its row in schematool_ledger is gone",
    "time": "its rows in schematool_ledger and _yoyo_migration are of different times",
    "both": "its rows are gone from both ledgers, and no log says that it was rolled back",
    "applied": "its row says applied, and that not every statement has run",
    "partial": "its row says that more or other statements have run than it has",
    "hash": "its row has no hash of a file",
    "edited": "its row has another hash than its file, though every statement is the same",
}


def damages(session: Session, ledger: Ledger, units: Sequence[Unit]) -> tuple[Damage, ...]:
    """Everything that is not as a run leaves it, in order of ids. `units`: those of the project, to mend it from."""
    shapes = {
        name: (readable, set(columns))
        for name, readable, columns in session.execute(_SHAPE, [qualified(ledger.schema), list(_COLUMNS)])
    }
    if not shapes.keys() & {LEDGER, yoyo.MIGRATIONS}:
        return ()
    broken = tuple(_broken(shapes))
    if broken:
        return broken
    there = {name: qualified(ledger.schema, name) for name, (readable, _) in shapes.items() if readable}
    if len(there.keys() & {LEDGER, yoyo.MIGRATIONS}) < len(shapes.keys() & {LEDGER, yoyo.MIGRATIONS}):
        return ()  # a role that may not read the ledger is told so where it is read
    query = _JUDGED.format(
        ours=there.get(LEDGER, _NO_LEDGER),
        yoyos=there.get(yoyo.MIGRATIONS, _NO_YOYO),
        log=there.get(yoyo.LOG, _NO_LOG),
        has_log="true" if yoyo.LOG in there or yoyo.LOG not in shapes else "false",
    )
    by_id = {unit.id: unit for unit in units}
    found = {row[0]: row for row in session.execute(query)}
    if LEDGER in there:
        found |= {name: (name, "edited", None, None) for name in _edited(session, there[LEDGER], units)}
    cures = _Cures(ledger.schema)
    return tuple(
        Damage(name, "postgres", _TOLD[what], *cures.of(what, name, by_id.get(name), key, logged))
        for name, what, key, logged in sorted(found.values(), key=lambda row: str(row[0]))
        if name in by_id or what == "key"
    )


def unreadable(session: Session, ledger: Ledger) -> Diagnostic | None:
    """Say what a ledger table lacks; None where it has every column, and something else was wrong with it."""
    found = session.execute(_SHAPE, [qualified(ledger.schema), [LEDGER, yoyo.MIGRATIONS]])
    shapes = {name: (readable, set(columns)) for name, readable, columns in found}
    broken = next(_broken(shapes), None)
    if broken is None:
        return None
    what, _, remedy = broken.what.rpartition(": ")
    hint = f"{remedy}; or rename it, so that `schematool repair` makes it anew from the files and from yoyo's table"
    return Diagnostic("ST423", f"the ledger of postgres was changed by hand: {broken.id}: {what}", hint=hint)


def _broken(shapes: Mapping[str, tuple[bool, set[str]]]) -> Iterator[Damage]:
    for name, (_, columns) in sorted(shapes.items()):
        lacking = sorted(set(_COLUMNS[name].split()) - columns)
        if lacking and name != yoyo.LOG:
            yield Damage(name, "postgres", f"the table lacks {', '.join(lacking)}: restore it from a backup")


def _edited(session: Session, ours: str, units: Sequence[Unit]) -> Iterator[str]:
    """Rows whose own hash was changed: those of the statements are still the file's."""
    files = {unit.id: unit for unit in units if unit.up}
    known = [unit.up_sha256 for unit in files.values()]
    if not known:
        return
    query = f"SELECT id, statement_sha256 FROM {ours} WHERE state = 'applied' AND up_sha256 <> ALL (%s)"
    for name, hashes in session.execute(query, [known]):
        if name in files and tuple(hashes) == statement_hashes(files[name].up):
            yield name


class _Cures:
    """The statements that put a row right; on the ledger's own tables, and on nothing else."""

    def __init__(self, schema: str) -> None:
        self._schema = schema
        self._ours = qualified(schema, LEDGER)
        self._yoyos = qualified(schema, yoyo.MIGRATIONS)

    def of(
        self, what: str, name: str, unit: Unit | None, key: str | None, logged: Any
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """(what puts it right, what takes it off instead, where only the database can say which)."""
        mine, right = literal(name), literal(yoyo.migration_hash(name))
        finished = f"(SELECT finished_at AT TIME ZONE 'UTC' FROM {self._ours} WHERE id = {mine})"
        match what:
            case "key":
                wrong = literal(key or "")
                twice = f"EXISTS (SELECT FROM {self._yoyos} WHERE migration_hash = {right})"
                return (
                    f"DELETE FROM {self._yoyos} WHERE migration_hash = {wrong} AND {twice}",
                    f"UPDATE {self._yoyos} SET migration_hash = {right} WHERE migration_hash = {wrong}",
                ), ()
            case "yoyos":
                return (self._known(name, finished),), (self._off(name, f"DELETE FROM {self._ours} WHERE id = {mine}"),)
            case "state":
                known = f"EXISTS (SELECT FROM {self._yoyos} WHERE migration_id = {mine})"
                state = f"CASE WHEN {known} THEN 'applied' ELSE 'partial' END"
                return (f"UPDATE {self._ours} SET state = {state} WHERE id = {mine}",), ()
            case "time":
                return (f"UPDATE {self._yoyos} SET applied_at_utc = {finished} WHERE migration_id = {mine}",), ()
            case "applied":
                return (
                    f"UPDATE {self._ours} SET direction = 'up', in_doubt = NULL,"
                    " statements_total = cardinality(statement_sha256), statements_done = cardinality(statement_sha256)"
                    f" WHERE id = {mine}",
                ), ()
            case _ if unit is None or not unit.up:
                return (), ()
            case "ours":
                return (self._row(unit, f"(SELECT applied_at_utc FROM {self._yoyos} WHERE migration_id = {mine})"),), ()
            case "both":
                when = f"{literal(str(logged))}::timestamp"
                return (self._row(unit, when), self._known(name, when)), (self._off(name, "SELECT 1"),)
            case "partial":
                return (
                    f"UPDATE {self._ours} SET statements_done = 0, in_doubt = 0, statements_total = {len(unit.up)},"
                    f" statement_sha256 = {_array(unit)} WHERE id = {mine}",
                ), ()
            case _:
                return (
                    f"UPDATE {self._ours} SET up_sha256 = {literal(unit.up_sha256)}, down_sha256 = {_down(unit)}"
                    f" WHERE id = {mine}",
                ), ()

    def _off(self, name: str, ours: str) -> str:
        """Also in the log, which would otherwise go on saying that it is applied."""
        return f"WITH ours AS ({ours}){yoyo.marked(self._schema, name, 'unmark')}"

    def _known(self, name: str, when: str) -> str:
        return (
            f"INSERT INTO {self._yoyos} (migration_hash, migration_id, applied_at_utc)"
            f" VALUES ({literal(yoyo.migration_hash(name))}, {literal(name)}, {when})"
        )

    def _row(self, unit: Unit, when: str) -> str:
        return (
            f"INSERT INTO {self._ours} (id, up_sha256, down_sha256, state, direction, statements_total,"
            " statements_done, statement_sha256, started_at, finished_at, tool_version)"
            f" VALUES ({literal(unit.id)}, {literal(unit.up_sha256)}, {_down(unit)}, 'applied', 'up', {len(unit.up)},"
            f" {len(unit.up)}, {_array(unit)}, {when} AT TIME ZONE 'UTC', {when} AT TIME ZONE 'UTC', 'repair')"
        )


def _array(unit: Unit) -> str:
    return f"ARRAY[{', '.join(literal(one) for one in statement_hashes(unit.up))}]::text[]"


def _down(unit: Unit) -> str:
    return literal(unit.down_sha256) if unit.down_sha256 else "NULL"


def mend(session: Session, ledger: Ledger, statements: Sequence[str]) -> None:
    """Run cures, all of them or none."""
    ledger.forget()
    try:
        session.execute("BEGIN")
        if session.one("SELECT pg_catalog.to_regclass(%s) IS NOT NULL", [qualified(ledger.schema, yoyo.LOG)]):
            # yoyo takes a ledger without its first table for none at all, and would stumble over the second.
            session.execute(_YOYO_TABLE.format(qualified(ledger.schema, yoyo.MIGRATIONS)))
        ledger.create()
        for statement in statements:
            session.execute(statement)
        session.execute("COMMIT")
    except psycopg.Error:
        session.roll_back()
        raise
    ledger.forget()
