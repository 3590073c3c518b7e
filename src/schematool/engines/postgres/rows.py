"""How many rows every table has, counted and not estimated."""

from __future__ import annotations

from collections.abc import Mapping

from schematool.core.sql.quote import literal, qualified
from schematool.engines.postgres.ledger import SCHEMA, TABLES
from schematool.engines.postgres.session import Session

_AT_ONCE = 100


def user_tables(session: Session) -> tuple[tuple[str, str, bool], ...]:
    """Schema, name and whether it is partitioned, of every table that is the user's; partitions are their parent's."""
    found = session.execute(
        "SELECT space.nspname, thing.relname, thing.relkind = 'p' FROM pg_catalog.pg_class AS thing"
        " JOIN pg_catalog.pg_namespace AS space ON space.oid = thing.relnamespace"
        " WHERE thing.relkind IN ('r', 'p') AND NOT thing.relispartition AND thing.relpersistence <> 't'"
        " AND space.nspname NOT IN ('pg_catalog', 'information_schema') AND space.nspname !~ '^pg_(toast|temp)'"
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS part WHERE part.deptype = 'e'"
        " AND part.classid = 'pg_catalog.pg_class'::regclass AND part.objid = thing.oid)"
        " AND NOT (space.nspname = %s AND thing.relname = ANY (%s)) ORDER BY 1, 2",
        [SCHEMA, list(TABLES)],
    )
    return tuple((schema, name, partitioned) for schema, name, partitioned in found)


def counts(session: Session) -> Mapping[str, int]:
    """Count the rows of every table, by `schema.table`; row security that would hide some is an error."""
    tables = user_tables(session)
    found: dict[str, int] = {}
    session.execute("SET row_security = off")
    try:
        for start in range(0, len(tables), _AT_ONCE):
            parts = [
                f"SELECT {literal(f'{schema}.{name}')}, count(*) FROM {'' if partitioned else 'ONLY '}"
                f"{qualified(schema, name)}"
                for schema, name, partitioned in tables[start : start + _AT_ONCE]
            ]
            found |= dict(session.execute(" UNION ALL ".join(parts)).fetchall())
    finally:
        session.roll_back()
        session.execute("SET row_security = on")
    return found
