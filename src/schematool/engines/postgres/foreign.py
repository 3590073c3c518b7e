"""The ledgers that other migration tools keep in a PostgreSQL database: recognised by shape, read, never written.

Each table below is as the tool itself made it in a real run: `tests/cli/foreign_ledgers/` has them, and says with which
version. A name alone proves nothing: dbmate, Rails,
Ecto and golang-migrate all call theirs `schema_migrations`, so the columns decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schematool.core.sql.quote import qualified
from schematool.engines.contract import Foreign
from schematool.engines.postgres.session import Session


@dataclass(frozen=True, slots=True)
class _Tool:
    """How a tool's ledger looks. `columns`: those that it always has; `exactly`: and no others.

    `companions`: what else is the tool's, in the same schema. `summary`: (applied, head, trouble) from `{table}`.
    """

    name: str
    table: str
    columns: frozenset[str]
    summary: str
    companions: tuple[str, ...] = ()
    exactly: bool = False
    needs: str = ""
    """A companion without which it is another tool's."""


def _columns(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VERSIONS = "SELECT count(*), max(version::text), NULL FROM {table}"

_TOOLS: tuple[_Tool, ...] = (
    _Tool(
        "Alembic",
        "alembic_version",
        _columns("version_num"),
        "SELECT NULL::bigint, string_agg(version_num, ', ' ORDER BY version_num), NULL FROM {table}",
        exactly=True,
    ),
    _Tool(
        "Flyway",
        "flyway_schema_history",
        _columns("installed_rank version description type script checksum installed_by installed_on success"),
        "SELECT count(*) FILTER (WHERE success),"
        " (array_agg(version ORDER BY installed_rank DESC) FILTER (WHERE success AND version IS NOT NULL))[1],"
        " 'it says that ' || string_agg(script, ', ' ORDER BY installed_rank) FILTER (WHERE NOT success) || ' failed'"
        " FROM {table}",
    ),
    _Tool(
        "Liquibase",
        "databasechangelog",
        _columns("id author filename dateexecuted orderexecuted exectype md5sum"),
        "SELECT count(*) FILTER (WHERE exectype <> 'FAILED'),"
        " (array_agg(id || ' by ' || author ORDER BY orderexecuted DESC))[1],"
        " 'it says that ' || string_agg(id, ', ' ORDER BY orderexecuted) FILTER (WHERE exectype = 'FAILED')"
        " || ' failed' FROM {table}",
        ("databasechangeloglock",),
    ),
    _Tool("Rails", "schema_migrations", _columns("version"), _VERSIONS, ("ar_internal_metadata",), True,
          "ar_internal_metadata"),
    _Tool("dbmate", "schema_migrations", _columns("version"), _VERSIONS, exactly=True),
    _Tool(
        "golang-migrate",
        "schema_migrations",
        _columns("version dirty"),
        "SELECT NULL::bigint, max(version)::text,"
        " 'it says that version ' || max(version) FILTER (WHERE dirty) || ' is dirty: it failed half-way' FROM {table}",
        exactly=True,
    ),
    _Tool(
        "Prisma",
        "_prisma_migrations",
        _columns("id checksum finished_at migration_name logs rolled_back_at started_at applied_steps_count"),
        "SELECT count(*) FILTER (WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL),"
        " (array_agg(migration_name ORDER BY started_at DESC)"
        " FILTER (WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL))[1],"
        " 'it says that ' || string_agg(migration_name, ', ' ORDER BY started_at)"
        " FILTER (WHERE finished_at IS NULL AND rolled_back_at IS NULL) || ' failed or was not finished' FROM {table}",
    ),
)  # fmt: skip

_FIND = """
SELECT space.nspname, kept.relname,
       pg_catalog.has_table_privilege(kept.oid, 'SELECT') AND pg_catalog.has_schema_privilege(space.oid, 'USAGE'),
       array_agg(attribute.attname::text)
  FROM pg_catalog.pg_class AS kept
  JOIN pg_catalog.pg_namespace AS space ON space.oid = kept.relnamespace
  JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = kept.oid
 WHERE kept.relkind IN ('r', 'p') AND kept.relname = ANY (%s) AND attribute.attnum > 0 AND NOT attribute.attisdropped
   AND space.nspname !~ '^pg_' AND space.nspname <> 'information_schema'
 GROUP BY kept.oid, space.oid, space.nspname, kept.relname ORDER BY space.nspname, kept.relname
"""


@dataclass(frozen=True, slots=True)
class _Table:
    readable: bool
    columns: frozenset[str]


def foreign(session: Session) -> tuple[Foreign, ...]:
    """Find them in every schema. A table that the role may not read is named, without what is in it."""
    names = sorted({name for tool in _TOOLS for name in (tool.table, *tool.companions)})
    tables: dict[tuple[str, str], _Table] = {}
    for space, name, readable, columns in session.execute(_FIND, [names]):
        tables[space, name] = _Table(bool(readable), frozenset(columns))
    return tuple(_found(session, tables))


def _found(session: Session, tables: Mapping[tuple[str, str], _Table]) -> Iterator[Foreign]:
    for (schema, name), table in tables.items():
        tool = next((one for one in _TOOLS if one.table == name and _fits(one, schema, table, tables)), None)
        if tool is None:
            continue
        companions = [other for other in tool.companions if (schema, other) in tables]
        owned = tuple(f"{schema}.{one}" for one in (name, *companions))
        if not table.readable:
            unread = f"this role may not read {schema}.{name}"
            yield Foreign(tool.name, "postgres", f"{schema}.{name}", owned, trouble=unread)
            continue
        applied, head, trouble = _summary(session, tool, schema)
        yield Foreign(tool.name, "postgres", f"{schema}.{name}", owned, applied, head, trouble)


def _fits(tool: _Tool, schema: str, table: _Table, tables: Mapping[tuple[str, str], _Table]) -> bool:
    if tool.needs and (schema, tool.needs) not in tables:
        return False
    return table.columns == tool.columns if tool.exactly else tool.columns <= table.columns


def _summary(session: Session, tool: _Tool, schema: str) -> tuple[int | None, str | None, str | None]:
    row: Any = session.execute(tool.summary.format(table=qualified(schema, tool.table))).fetchone()
    applied, head, trouble = row
    if trouble is None and tool.name == "Liquibase":
        trouble = _liquibase_lock(session, schema)
    return applied, head, trouble


def _liquibase_lock(session: Session, schema: str) -> str | None:
    """Liquibase keeps its lock as a row, and a run that was killed leaves it."""
    lock = qualified(schema, "databasechangeloglock")
    there = "SELECT coalesce(pg_catalog.has_table_privilege(pg_catalog.to_regclass(%s), 'SELECT'), false)"
    if not session.one(there, [lock]):
        return None
    holder: str | None = session.one(f"SELECT max(lockedby) FROM {lock} WHERE locked")
    return f"its lock is held by {holder}" if holder else None
