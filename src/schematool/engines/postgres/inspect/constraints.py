"""Reads the constraints of tables, and the indexes that no constraint owns."""

from __future__ import annotations

from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Constraint, Index
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading, numbers, options

TYPES = {"c": "check", "f": "foreign key", "p": "primary key", "u": "unique", "x": "exclude"}


def constraint_query(version: int) -> str:
    """The query of constraints; NOT ENFORCED is there since 18."""
    enforced = "n.conenforced" if version >= 180000 else "true"
    return f"""
SELECT n.oid, n.conname, n.contype, n.conrelid, n.conindid, n.conparentid, n.confrelid, n.conkey, n.convalidated,
       n.conislocal, pg_get_constraintdef(n.oid) AS definition, {enforced} AS enforced,
       p.confrelid AS parent_references, h.inhparent,
       i.indisclustered, i.indisvalid, c.reloptions, s.spcname
  FROM pg_constraint n
  LEFT JOIN pg_constraint p ON p.oid = n.conparentid
  LEFT JOIN pg_class c ON c.oid = n.conindid AND n.contype IN ('p', 'u', 'x')
  LEFT JOIN pg_index i ON i.indexrelid = c.oid
  LEFT JOIN pg_inherits h ON h.inhrelid = c.oid
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
 WHERE n.contype IN ('c', 'f', 'p', 'u', 'x') AND n.conrelid >= {oids.FIRST_USER_OID}"""


def read_constraints(reading: Reading) -> None:
    """Check, foreign key, primary key, unique and exclusion constraints of every table.

    A foreign key to a partitioned table has one more row for each partition that it points at: left out. The indexes
    that no constraint owns were read before: a partition's key can be attached to one.
    """
    rows = reading.rows_of(constraint_query(reading.version), "conrelid")
    rows = [row for row in rows if not row.conparentid or row.parent_references == row.confrelid]
    for row in rows:
        table = reading.ids[oids.CLASS, row.conrelid]
        reading.ids[oids.CONSTRAINT, row.oid] = Id("constraint", (*table.path, row.conname))
    for row in rows:
        reading.objects.append(_constraint(reading, row))


def _constraint(reading: Reading, row: Any) -> Constraint:
    key = reading.ids[oids.CONSTRAINT, row.oid]
    backed = row.contype in "pux"
    if backed:
        reading.ids[oids.CLASS, row.conindid] = key
    columns = (reading.columns.get((row.conrelid, number)) for number in numbers(row.conkey))
    return Constraint(
        id=key,
        table=reading.ids[oids.CLASS, row.conrelid],
        type=TYPES[row.contype],
        definition=row.definition.removesuffix(" NOT ENFORCED").removesuffix(" NOT VALID"),
        columns=tuple(column.name for column in columns if column),
        references=reading.ids.get((oids.CLASS, row.confrelid)),
        # What is not enforced is never validated; that is not a difference of its own.
        validated=row.convalidated or not row.enforced,
        enforced=row.enforced,
        options=options(row.reloptions) if row.contype in "pu" else (),
        tablespace=row.spcname,
        clustered=bool(row.indisclustered),
        index_comment=reading.comments.get((oids.CLASS, row.conindid, 0)) if backed else None,
        index_valid=not backed or row.indisvalid,
        inherited=not row.conislocal,
        parent=_parent(reading, row),
        **reading.rest(oids.CONSTRAINT, row.oid),
    )


def _parent(reading: Reading, row: Any) -> Id | None:
    """The constraint of which it is the partition's share, or the bare index to which its own is attached."""
    if row.conparentid:
        return reading.ids.get((oids.CONSTRAINT, row.conparentid))
    return reading.ids.get((oids.CLASS, row.inhparent)) if row.inhparent else None


INDEX_QUERY = f"""
SELECT i.indexrelid, i.indrelid, n.nspname, c.relname, i.indisunique, a.amname, i.indkey, i.indisvalid,
       i.indisclustered, s.spcname, pg_get_indexdef(i.indexrelid) AS definition, h.inhparent
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indexrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_am a ON a.oid = c.relam
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
  LEFT JOIN pg_inherits h ON h.inhrelid = i.indexrelid
 WHERE i.indrelid >= {oids.FIRST_USER_OID} AND n.nspname <> 'pg_toast'
   AND i.indexrelid NOT IN (SELECT conindid FROM pg_constraint WHERE contype IN ('p', 'u', 'x'))"""

TARGET_QUERY = """
SELECT a.attrelid, a.attnum, a.attstattarget
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
 WHERE c.relkind IN ('i', 'I') AND a.attstattarget >= 0 AND c.oid >= 16384"""


def read_indexes(reading: Reading) -> None:
    """Indexes of tables and materialised views, but for those that are a constraint's."""
    rows = reading.rows_of(INDEX_QUERY, "indrelid")
    targets: dict[int, list[tuple[int, int]]] = {}
    for row in reading.rows_if("statistics target", TARGET_QUERY):
        targets.setdefault(row.attrelid, []).append((row.attnum, row.attstattarget))
    for row in rows:
        reading.ids[oids.CLASS, row.indexrelid] = Id("index", (row.nspname, row.relname))
    for row in rows:
        columns = (reading.columns.get((row.indrelid, number)) for number in numbers(row.indkey))
        thing = Index(
            id=reading.ids[oids.CLASS, row.indexrelid],
            table=reading.ids[oids.CLASS, row.indrelid],
            definition=row.definition,
            unique=row.indisunique,
            method=row.amname,
            columns=tuple(column.name for column in columns if column),
            valid=row.indisvalid,
            clustered=row.indisclustered,
            tablespace=row.spcname,
            statistics=tuple(sorted(targets.get(row.indexrelid, ()))),
            parent=reading.ids.get((oids.CLASS, row.inhparent)) if row.inhparent else None,
            **reading.rest(oids.CLASS, row.indexrelid),
        )
        reading.objects.append(thing)
