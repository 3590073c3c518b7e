"""How tables are spread over the nodes of Citus: asked of it, or of what migrations noted where it is not there.

What Citus says counts: the notes add what it does not keep, which table was declared beside which and how many shards
were asked for. Source: the manual of Citus, "Citus Tables and Views" (pg_dist_partition: method `h` with a column, or a
reference table, whose replication model is `t`) and "Citus Utility Functions" (column_to_column_name).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from schematool.core.catalog import Catalog, Id
from schematool.core.describe import entity_of
from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.model import postgres as pg
from schematool.core.model.postgres import DISTRIBUTION_NOTES as NOTES
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading

if TYPE_CHECKING:
    from psycopg import Cursor

THERE = f"""
SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass('{NOTES}')
               AND has_table_privilege(oid, 'SELECT')) AS notes,
       to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS citus"""

NOTED = f"""
SELECT note.relation::oid AS relation, note.field IS NULL AS everywhere, a.attname AS column,
       note.beside::oid AS beside, note.shards
  FROM {NOTES} note
  LEFT JOIN LATERAL (
       SELECT attname FROM pg_attribute
        WHERE attrelid = note.relation AND NOT attisdropped AND note.number IS NOT NULL
          AND (attname = note.field OR attnum = note.number)
        ORDER BY attname = note.field DESC LIMIT 1) a ON true"""
"""A column that was renamed is found by its number, one of a restored dump by its name."""

SPREAD = """
SELECT p.logicalrelid::oid AS relation, p.partmethod = 'n' AS everywhere, p.colocationid AS group,
       CASE WHEN p.partmethod <> 'n' THEN column_to_column_name(p.logicalrelid, p.partkey) END AS column,
       (SELECT count(*) FROM pg_dist_shard s WHERE s.logicalrelid = p.logicalrelid) AS shards
  FROM pg_dist_partition p
  JOIN pg_class c ON c.oid = p.logicalrelid
 WHERE NOT c.relispartition AND (p.partmethod = 'h' OR p.partmethod = 'n' AND p.repmodel = 't')
 ORDER BY p.logicalrelid::oid"""


def read_distributions(reading: Reading) -> None:
    """Add how each table is spread, and let foreign keys wait for it: Citus takes them between spread tables alone."""
    (there,) = reading.rows(THERE)
    notes = {row.relation: row for row in reading.rows_of(NOTED, "relation")} if there.notes else {}
    if there.citus:
        found = _on_citus(reading, notes)
    else:
        found = [_made(reading, row, row.beside, row.shards) for row in notes.values() if row.everywhere or row.column]
    spread = {made.table: made.id for made in found}
    for made in found:
        reading.objects.append(made)
        reading.further.add((made.id, made.table))
        if made.column:
            reading.further.add((made.id, Id("column", (*made.table.path, made.column))))
        if made.beside in spread:
            reading.further.add((made.id, spread[made.beside]))
    for thing in tuple(reading.objects) if spread else ():
        if isinstance(thing, pg.Constraint) and thing.type == "foreign key" and not thing.inherited:
            reading.further |= {(thing.id, spread[end]) for end in (thing.table, thing.references) if end in spread}


def without_citus(cursor: Cursor[Any], catalog: Catalog) -> tuple[Diagnostic, ...]:
    """Say of tables that are noted as spread that nothing is spread here."""
    tables = [entity_of(thing) for thing in catalog if isinstance(thing, pg.Distribution)]
    if not tables or cursor.execute(THERE.encode()).fetchone().citus:  # type: ignore[union-attr]  # it has one row
        return ()
    named = ", ".join(f"`{name}`" for name in tables[:3]) + (f" and {len(tables) - 3} more" if tables[3:] else "")
    return (
        Diagnostic(
            "ST604",
            f"there is no Citus here: how it spreads {named} is noted, and neither done nor proven",
            hint="`postgres_url` under `[scratch]` can name a server with Citus, which proves it",
            severity=Severity.NOTE,
            subject="citus",
        ),
    )


def _on_citus(reading: Reading, notes: dict[int, Any]) -> list[pg.Distribution]:
    rows = {row.relation: row for row in reading.rows_of(SPREAD, "relation")}
    first: dict[int, int] = {}
    for row in rows.values():
        first.setdefault(row.group, row.relation)
    made = []
    for row in rows.values():
        note = notes.get(row.relation)
        beside = None if row.everywhere or first[row.group] == row.relation else first[row.group]
        shards = None if row.everywhere or beside else row.shards
        if note is not None and note.column == row.column:
            kept = note.beside is None or (note.beside in rows and rows[note.beside].group == row.group)
            beside = note.beside if kept else beside
            shards = shards if note.shards else None
        made.append(_made(reading, row, beside, shards))
    return made


def _made(reading: Reading, row: Any, beside: int | None, shards: int | None) -> pg.Distribution:
    table = reading.ids[oids.CLASS, row.relation]
    return pg.Distribution(
        id=Id("distribution", table.path),
        table=table,
        column=None if row.everywhere else row.column,
        beside=reading.ids.get((oids.CLASS, beside)) if beside else None,
        shards=shards,
    )
