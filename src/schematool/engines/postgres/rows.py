"""How many rows every table has, and values every column, counted and not estimated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from schematool.core.history.loss import Loss
from schematool.core.sql.quote import identifier, literal, qualified
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
    return _counted(
        session,
        [
            (f"{schema}.{name}", f"count(*) FROM {'' if partitioned else 'ONLY '}{qualified(schema, name)}")
            for schema, name, partitioned in user_tables(session)
        ],
    )


def held(session: Session, subjects: Iterable[Loss]) -> Mapping[Loss, int]:
    """Count what each table or column holds, that of its children as well, since they lose it too."""
    tables = {f"{schema}.{name}": (schema, name) for schema, name, _ in user_tables(session)}
    there = [loss for loss in dict.fromkeys(subjects) if loss.name in tables]
    there = [loss for loss in there if loss.column is None or loss.column in _columns(session, *tables[loss.name])]
    counted = _counted(
        session,
        [
            (
                str(number),
                f"count({identifier(loss.column) if loss.column else '*'}) FROM {qualified(*tables[loss.name])}",
            )
            for number, loss in enumerate(there)
        ],
    )
    return {loss: counted[str(number)] for number, loss in enumerate(there)}


def _columns(session: Session, schema: str, name: str) -> frozenset[str]:
    found = session.execute(
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        [qualified(schema, name)],
    )
    return frozenset(row[0] for row in found)


def _counted(session: Session, parts: Sequence[tuple[str, str]]) -> dict[str, int]:
    """Run `SELECT count(…) FROM …` for each key, many at once."""
    found: dict[str, int] = {}
    for start in range(0, len(parts), _AT_ONCE):
        queries = [f"SELECT {literal(key)}, {query}" for key, query in parts[start : start + _AT_ONCE]]
        found |= dict(session.execute(" UNION ALL ".join(queries)).fetchall())
    return found
