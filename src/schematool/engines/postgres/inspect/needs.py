"""Which object needs which: pg_depend, translated from addresses to ids."""

from __future__ import annotations

from schematool.core.catalog import Id
from schematool.core.model.postgres import Sequence
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading

MEMBER_QUERY = f"""
SELECT d.classid, d.objid, d.deptype, e.extname
  FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
 WHERE d.refclassid = {oids.EXTENSION} AND d.deptype IN ('e', 'x') AND d.objid >= {oids.FIRST_USER_OID}"""

DEPEND_QUERY = f"""
SELECT classid, objid, objsubid, refclassid, refobjid, refobjsubid, deptype
  FROM pg_depend
 WHERE (refobjid >= {oids.FIRST_USER_OID} OR refclassid = {oids.SCHEMA})
   AND objid >= {oids.FIRST_USER_OID} AND deptype NOT IN ('e', 'x')"""
"""Nothing is recorded about what initdb made, but for the schema public."""


def read_members(reading: Reading) -> None:
    """Let an extension's members stand for it, and note what was made to follow an extension."""
    for row in reading.rows_if("extension", MEMBER_QUERY):
        address = (row.classid, row.objid)
        if row.deptype == "e":
            reading.ids[address] = Id("extension", (row.extname,))
        else:
            reading.extensions_of[address] = tuple(sorted((*reading.extensions_of.get(address, ()), row.extname)))


def needs(reading: Reading) -> frozenset[tuple[Id, Id]]:
    """Pairs (dependent, needed), without those of an object with itself or a part with its whole turned round.

    pg_depend says all but that a column needs its table. It is worked through in numbers: it is most of all rows.
    """
    numbers = {thing.id: number for number, thing in enumerate(reading.objects)}
    whole_of = {address: numbers.get(key, -1) for address, key in reading.ids.items()}
    part_of = {address: numbers.get(key, -1) for address, key in reading.columns.items()}
    holder = {number: whole_of.get((oids.CLASS, table), -1) for (table, _), number in part_of.items()}
    owned = {numbers[thing.id] for thing in reading.objects if isinstance(thing, Sequence)}
    assert reading.ahead  # it was sent with the others: it is most of all rows, and stays as it came until now
    depends = reading.ahead.tuples(DEPEND_QUERY)
    found = {(number, table) for number, table in holder.items() if number >= 0 and table >= 0}
    for classid, objid, sub, refclassid, refobjid, refsub, deptype in depends:
        dependent = part_of.get((objid, sub), -1) if sub and classid == oids.CLASS else -1
        if dependent < 0:
            dependent = whole_of.get((classid, objid), -1)
        whole = whole_of.get((refclassid, refobjid), -1)
        if dependent < 0 or whole < 0:
            continue
        part = part_of.get((refobjid, refsub), -1) if refsub and refclassid == oids.CLASS else -1
        # A serial's sequence is owned by its column, but it is the column's default that needs the sequence.
        if deptype == "a" and part >= 0 and dependent in owned:
            continue
        if whole != dependent:
            found.add((dependent, whole))
        # A table's partition key uses its columns, which come with it.
        if part not in {-1, dependent} and holder[part] != dependent:
            found.add((dependent, part))
    keys = [thing.id for thing in reading.objects]
    return frozenset((keys[dependent], keys[needed]) for dependent, needed in found) | reading.further
