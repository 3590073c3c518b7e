"""Which object needs which: pg_depend, translated from addresses to ids."""

from __future__ import annotations

from collections.abc import Iterator

from schematool.core.catalog import Id
from schematool.core.model.postgres import (
    Column,
    Constraint,
    Default,
    ForeignTable,
    Index,
    MaterializedView,
    PgObject,
    Policy,
    Rule,
    Sequence,
    Statistics,
    Table,
    Trigger,
    View,
)
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading

DEPEND_QUERY = f"""
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype
  FROM pg_depend
 WHERE (refobjid >= {oids.FIRST_USER_OID} OR refclassid = {oids.SCHEMA})
   AND (objid >= {oids.FIRST_USER_OID})"""
"""Nothing is recorded about what initdb made, but for the schema public."""


def read_depends(reading: Reading) -> None:
    """Fetch pg_depend; let an extension's members stand for it, and note what was made to follow an extension."""
    reading.depends = reading.rows(DEPEND_QUERY)
    names = {row.oid: row.extname for row in reading.rows("SELECT oid, extname FROM pg_extension")}
    for row in reading.depends:
        if row.refclassid != oids.EXTENSION or row.refobjid not in names:
            continue
        name = names[row.refobjid]
        if row.deptype == "e":
            reading.ids[row.classid, row.objid] = Id("extension", (name,))
        elif row.deptype == "x":
            address = (row.classid, row.objid)
            reading.extensions_of[address] = tuple(sorted((*reading.extensions_of.get(address, ()), name)))


def needs(reading: Reading) -> frozenset[tuple[Id, Id]]:
    """Pairs (dependent, needed), without those of an object with itself or a part with its whole turned round."""
    found: set[tuple[Id, Id]] = set()
    owned = {(row.id, row.owned_by) for row in reading.objects if isinstance(row, Sequence)}
    ids, columns = reading.ids, reading.columns
    for classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype in reading.depends:
        if deptype in "ex":
            continue
        dependent = (columns.get((objid, objsubid)) if objsubid else None) or ids.get((classid, objid))
        whole = ids.get((refclassid, refobjid))
        if dependent is None or whole is None:
            continue
        part = columns.get((refobjid, refobjsubid)) if refobjsubid and refclassid == oids.CLASS else None
        for needed in (whole, part) if part else (whole,):
            # A table's partition key uses its columns, which come with it; a serial's sequence is owned by its
            # column, but it is the column's default that needs the sequence.
            if needed != dependent and not _part_of(needed, dependent) and (dependent, part) not in owned:
                found.add((dependent, needed))
    for thing in reading.objects:
        found.update((thing.id, needed) for needed in _structure(thing) if needed != thing.id)
    return frozenset(found)


def _part_of(needed: Id, dependent: Id) -> bool:
    """Whether `needed` is a column of the relation `dependent`."""
    return needed.kind == "column" and needed.path[:-1] == dependent.path


def _structure(thing: PgObject) -> Iterator[Id]:
    """What an object needs by what it is, whether or not the server records it."""
    match thing:
        case Column():
            yield from _holders(thing.id)
        case Default():
            yield Id("column", thing.id.path)
        case Table() | ForeignTable():
            yield Id("schema", thing.id.path[:1])
            yield from thing.inherits
            if thing.partition_of:
                yield thing.partition_of
        case Constraint():
            yield thing.table
            yield from (Id("column", (*thing.table.path, column)) for column in thing.columns)
            if thing.references:
                yield thing.references
            if thing.parent:
                yield thing.parent
        case Index():
            yield thing.table
            if thing.table.kind == "table":
                yield from (Id("column", (*thing.table.path, column)) for column in thing.columns)
            if thing.parent:
                yield thing.parent
        case Trigger() | Rule() | Policy() | Statistics():
            yield thing.table
        case View() | MaterializedView() | Sequence():
            yield Id("schema", thing.id.path[:1])
        case _:
            return


def _holders(column: Id) -> Iterator[Id]:
    yield Id("table", column.path[:-1])
    yield Id("foreign table", column.path[:-1])
