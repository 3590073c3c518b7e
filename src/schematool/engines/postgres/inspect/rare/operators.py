"""Reads operators, operator families and operator classes, as the statements that make them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Defined
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import own

_NAMED = """(SELECT 'OPERATOR(' || quote_ident(n.nspname) || '.' || x.oprname || ')'
               FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace WHERE x.oid = {} AND x.oprcode <> 0)"""

OPERATOR_QUERY = f"""
SELECT o.oid, o.oprname, o.oprnamespace, o.oprowner, o.oprcanmerge, o.oprcanhash,
       CASE WHEN o.oprleft <> 0 THEN format_type(o.oprleft, NULL) END AS left,
       CASE WHEN o.oprright <> 0 THEN format_type(o.oprright, NULL) END AS right,
       {_NAMED.format("o.oprcom")} AS commutator, {_NAMED.format("o.oprnegate")} AS negator,
       o.oprcode::text AS function, o.oprrest::text AS restrict, o.oprjoin::text AS join
  FROM pg_operator o
 WHERE o.oprcode <> 0 AND {own(oids.OPERATOR, "o.oid", "o.oprnamespace")}"""

FAMILY_QUERY = f"""
SELECT f.oid, f.opfname, f.opfnamespace, f.opfowner, a.amname
  FROM pg_opfamily f JOIN pg_am a ON a.oid = f.opfmethod
 WHERE {own(oids.OPERATOR_FAMILY, "f.oid", "f.opfnamespace")}"""

CLASS_QUERY = f"""
SELECT c.oid, c.opcname, c.opcnamespace, c.opcowner, c.opcdefault, a.amname, format_type(c.opcintype, NULL) AS type,
       CASE WHEN c.opckeytype <> 0 THEN format_type(c.opckeytype, NULL) END AS storage,
       c.opcfamily, n.nspname AS family_schema, f.opfname
  FROM pg_opclass c
  JOIN pg_am a ON a.oid = c.opcmethod
  JOIN pg_opfamily f ON f.oid = c.opcfamily
  JOIN pg_namespace n ON n.oid = f.opfnamespace
 WHERE {own(oids.OPERATOR_CLASS, "c.oid", "c.opcnamespace")}"""

# pg_depend says whether a member came with a class (internal) or was added to the family (auto).
MEMBER_QUERY = f"""
SELECT d.refclassid, d.refobjid, {oids.OPERATOR_CLASS_OPERATOR} AS catalog, m.oid, 1 AS kind,
       m.amopstrategy AS number, quote_ident(n.nspname) || '.' || o.oprname AS name,
       format_type(m.amoplefttype, NULL) AS left, format_type(m.amoprighttype, NULL) AS right,
       CASE WHEN m.amoppurpose = 'o' THEN
            (SELECT quote_ident(s.nspname) || '.' || quote_ident(f.opfname)
               FROM pg_opfamily f JOIN pg_namespace s ON s.oid = f.opfnamespace WHERE f.oid = m.amopsortfamily)
       END AS sort
  FROM pg_amop m
  JOIN pg_depend d ON d.classid = {oids.OPERATOR_CLASS_OPERATOR} AND d.objid = m.oid
       AND d.refclassid IN ({oids.OPERATOR_CLASS}, {oids.OPERATOR_FAMILY})
  JOIN pg_operator o ON o.oid = m.amopopr
  JOIN pg_namespace n ON n.oid = o.oprnamespace
 WHERE m.oid >= {oids.FIRST_USER_OID}
UNION ALL
SELECT d.refclassid, d.refobjid, {oids.OPERATOR_CLASS_FUNCTION}, m.oid, 2, m.amprocnum,
       m.amproc::regprocedure::text, format_type(m.amproclefttype, NULL), format_type(m.amprocrighttype, NULL), NULL
  FROM pg_amproc m
  JOIN pg_depend d ON d.classid = {oids.OPERATOR_CLASS_FUNCTION} AND d.objid = m.oid
       AND d.refclassid IN ({oids.OPERATOR_CLASS}, {oids.OPERATOR_FAMILY})
 WHERE m.oid >= {oids.FIRST_USER_OID}
 ORDER BY kind, number, "left", "right\""""


def read_operators(reading: Reading) -> None:
    """Operators of user schemas; those only promised (as a commutator, say) are no objects yet."""
    for row in reading.rows(OPERATOR_QUERY):
        schema = reading.schemas[row.oprnamespace]
        name = f"{identifier(schema)}.{row.oprname}"
        types = f"{row.left or 'NONE'}, {row.right or 'NONE'}"
        parts = ",\n    ".join(_operator_parts(row))
        thing = Defined(
            id=Id("operator", (schema, row.oprname, types)),
            create=(f"CREATE OPERATOR {name} (\n    {parts}\n)",),
            drop=f"DROP OPERATOR {name} ({types})",
            reference=f"OPERATOR {name} ({types})",
            **reading.rest(oids.OPERATOR, row.oid, row.oprowner),
        )
        reading.add(oids.OPERATOR, row.oid, thing)


def _operator_parts(row: Any) -> Iterator[str]:
    yield f"FUNCTION = {row.function}"
    if row.left:
        yield f"LEFTARG = {row.left}"
    if row.right:
        yield f"RIGHTARG = {row.right}"
    if row.commutator:
        yield f"COMMUTATOR = {row.commutator}"
    if row.negator:
        yield f"NEGATOR = {row.negator}"
    if row.oprcanmerge:
        yield "MERGES"
    if row.oprcanhash:
        yield "HASHES"
    if row.restrict != "-":
        yield f"RESTRICT = {row.restrict}"
    if row.join != "-":
        yield f"JOIN = {row.join}"


def read_operator_classes(reading: Reading) -> None:
    """Operator families with their loose members, and operator classes with theirs."""
    families, classes = reading.rows(FAMILY_QUERY), reading.rows(CLASS_QUERY)
    members: dict[tuple[int, int], list[Any]] = defaultdict(list)
    if families or classes:
        for row in reading.rows(MEMBER_QUERY):
            members[row.refclassid, row.refobjid].append(row)
    for row in families:
        reading.add(oids.OPERATOR_FAMILY, row.oid, _family(reading, row, members))
    for row in classes:
        reading.add(oids.OPERATOR_CLASS, row.oid, _class(reading, row, members))
    for address, group in members.items():
        for member in group:
            if address in reading.ids:
                reading.ids[member.catalog, member.oid] = reading.ids[address]


def _family(reading: Reading, row: Any, members: dict[tuple[int, int], list[Any]]) -> Defined:
    schema = reading.schemas[row.opfnamespace]
    reference = f"OPERATOR FAMILY {qualified(schema, row.opfname)} USING {identifier(row.amname)}"
    loose = tuple(
        f"ALTER {reference} ADD {_member(member)}" for member in members.get((oids.OPERATOR_FAMILY, row.oid), ())
    )
    return Defined(
        id=Id("operator family", (schema, row.opfname, row.amname)),
        create=(f"CREATE {reference}", *loose),
        drop=f"DROP {reference}",
        reference=reference,
        **reading.rest(oids.OPERATOR_FAMILY, row.oid, row.opfowner),
    )


def _class(reading: Reading, row: Any, members: dict[tuple[int, int], list[Any]]) -> Defined:
    schema = reading.schemas[row.opcnamespace]
    name, method = qualified(schema, row.opcname), identifier(row.amname)
    items = [f"STORAGE {row.storage}"] if row.storage else []
    items += [_member(member) for member in members.get((oids.OPERATOR_CLASS, row.oid), ())]
    # A class needs at least one item; its storage type is always a legal one.
    body = ",\n    ".join(items or [f"STORAGE {row.type}"])
    default = " DEFAULT" if row.opcdefault else ""
    return Defined(
        id=Id("operator class", (schema, row.opcname, row.amname)),
        create=(
            f"CREATE OPERATOR CLASS {name}{default} FOR TYPE {row.type} USING {method}"
            f" FAMILY {qualified(row.family_schema, row.opfname)} AS\n    {body}",
        ),
        drop=f"DROP OPERATOR CLASS {name} USING {method}",
        reference=f"OPERATOR CLASS {name} USING {method}",
        **reading.rest(oids.OPERATOR_CLASS, row.oid, row.opcowner),
    )


def _member(row: Any) -> str:
    if row.kind == 2:
        return f"FUNCTION {row.number} ({row.left}, {row.right}) {row.name}"
    order = f" FOR ORDER BY {row.sort}" if row.sort else ""
    return f"OPERATOR {row.number} {row.name} ({row.left}, {row.right}){order}"
