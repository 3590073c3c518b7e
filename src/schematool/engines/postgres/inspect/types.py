"""Reads enums, domains, composite and range types; and which types merely follow another object (arrays, rows)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from schematool.core.catalog import Id
from schematool.core.model.postgres import Attribute, Composite, Domain, DomainCheck, Enum, Range
from schematool.core.sql.names import multirange_name, object_name
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading
from schematool.engines.postgres.inspect.scope import USER_SCHEMAS, not_a_member

COLLATION = """(SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                  FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = {})"""

# An array type follows its element, a row type its relation, a multirange its range.
FOLLOWER_QUERY = f"""
SELECT t.oid, e.oid AS element, t.typrelid, r.rngtypid
  FROM pg_type t
  LEFT JOIN pg_type e ON e.typarray = t.oid
  LEFT JOIN pg_range r ON r.rngmultitypid = t.oid
 WHERE t.oid >= {oids.FIRST_USER_OID} AND (e.oid IS NOT NULL OR t.typrelid <> 0 OR r.rngtypid IS NOT NULL)"""

TYPE_QUERY = f"""
SELECT t.oid, t.typname, t.typnamespace, t.typowner, t.typtype, t.typrelid, t.typnotnull,
       format_type(t.typbasetype, t.typtypmod) AS base,
       CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
            THEN {COLLATION.format("t.typcollation")} END AS collation,
       CASE WHEN t.typtype = 'd' THEN pg_get_expr(t.typdefaultbin, 0) END AS expression
  FROM pg_type t
  LEFT JOIN pg_type b ON b.oid = t.typbasetype
  LEFT JOIN pg_class c ON c.oid = t.typrelid
 WHERE t.typtype IN ('e', 'd', 'c', 'r') AND (t.typtype <> 'c' OR c.relkind = 'c')
   AND t.typnamespace IN {USER_SCHEMAS} AND {not_a_member(oids.TYPE, "t.oid")}"""

LABEL_QUERY = "SELECT enumtypid, enumlabel FROM pg_enum ORDER BY enumtypid, enumsortorder"

DOMAIN_CONSTRAINT_QUERY = """
SELECT n.oid, n.contypid, n.conname, n.contype, n.convalidated, pg_get_constraintdef(n.oid) AS definition
  FROM pg_constraint n WHERE n.contypid <> 0 ORDER BY n.conname"""

ATTRIBUTE_QUERY = f"""
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type,
       CASE WHEN a.attcollation <> t.typcollation THEN {COLLATION.format("a.attcollation")} END AS collation
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'c'
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace IN {USER_SCHEMAS}
 ORDER BY a.attrelid, a.attnum"""

RANGE_QUERY = f"""
SELECT r.rngtypid, format_type(r.rngsubtype, NULL) AS subtype, m.typname AS multirange,
       quote_ident(mn.nspname) || '.' || quote_ident(m.typname) AS multirange_path, m.typnamespace AS multirange_schema,
       CASE WHEN NOT c.opcdefault OR c.opcintype <> r.rngsubtype
            THEN quote_ident(cn.nspname) || '.' || quote_ident(c.opcname) END AS operator_class,
       CASE WHEN r.rngcollation <> s.typcollation THEN {COLLATION.format("r.rngcollation")} END AS collation,
       CASE WHEN r.rngcanonical <> 0 THEN r.rngcanonical::regproc::text END AS canonical,
       CASE WHEN r.rngsubdiff <> 0 THEN quote_ident(fn.nspname) || '.' || quote_ident(f.proname) END AS difference
  FROM pg_range r
  JOIN pg_type m ON m.oid = r.rngmultitypid
  JOIN pg_namespace mn ON mn.oid = m.typnamespace
  JOIN pg_type s ON s.oid = r.rngsubtype
  JOIN pg_opclass c ON c.oid = r.rngsubopc
  JOIN pg_namespace cn ON cn.oid = c.opcnamespace
  LEFT JOIN pg_proc f ON f.oid = r.rngsubdiff
  LEFT JOIN pg_namespace fn ON fn.oid = f.pronamespace"""


TYPES = frozenset({"enum", "domain", "composite type", "range"})
"""The kinds of the census that TYPE_QUERY reads."""


def read_types(reading: Reading) -> None:
    """Enums, domains, free-standing composite types and ranges."""
    rows = reading.rows(TYPE_QUERY) if reading.kinds & TYPES else []
    labels: dict[int, list[str]] = defaultdict(list)
    checks: dict[int, list[Any]] = defaultdict(list)
    attributes: dict[int, list[Any]] = defaultdict(list)
    for row in reading.rows_if("enum", LABEL_QUERY):
        labels[row.enumtypid].append(row.enumlabel)
    for row in reading.rows_if("domain", DOMAIN_CONSTRAINT_QUERY):
        checks[row.contypid].append(row)
    for row in reading.rows_if("composite type", ATTRIBUTE_QUERY):
        attributes[row.attrelid].append(row)
    ranges = {row.rngtypid: row for row in reading.rows_if("range", RANGE_QUERY)}
    for row in rows:
        key = Id("type", (reading.schemas[row.typnamespace], row.typname))
        rest = reading.rest(oids.TYPE, row.oid, row.typowner)
        match row.typtype:
            case "e":
                reading.add(oids.TYPE, row.oid, Enum(id=key, labels=tuple(labels[row.oid]), **rest))
            case "d":
                reading.add(oids.TYPE, row.oid, _domain(reading, row, key, checks[row.oid]))
            case "c":
                # COMMENT ON TYPE and the attributes' own are kept under the type's relation or the type.
                members = tuple(_attribute(reading, member) for member in attributes[row.typrelid])
                reading.add(oids.TYPE, row.oid, Composite(id=key, attributes=members, **rest))
            case _:
                reading.add(oids.TYPE, row.oid, _range(reading, row, key, ranges[row.oid]))
    _read_followers(reading)


def _read_followers(reading: Reading) -> None:
    """Let array, row and multirange types stand for what they follow; twice, since arrays follow the other two."""
    followers = reading.rows(FOLLOWER_QUERY)
    for _ in range(2):
        for row in followers:
            for address in ((oids.TYPE, row.element), (oids.CLASS, row.typrelid), (oids.TYPE, row.rngtypid)):
                followed = reading.ids.get(address)
                if followed:
                    reading.ids.setdefault((oids.TYPE, row.oid), followed)
    for row in followers:
        if row.typrelid and (oids.TYPE, row.oid) in reading.ids:
            reading.ids.setdefault((oids.CLASS, row.typrelid), reading.ids[oids.TYPE, row.oid])


def _domain(reading: Reading, row: Any, key: Id, constraints: list[Any]) -> Domain:
    checks, name = [], None
    for constraint in constraints:
        reading.ids[oids.CONSTRAINT, constraint.oid] = key
        if constraint.contype == "n":
            usual = constraint.conname == object_name(row.typname, None, "not_null")
            name = None if usual else constraint.conname
            continue
        check = DomainCheck(
            constraint.conname,
            constraint.definition.removesuffix(" NOT VALID"),
            constraint.convalidated,
            reading.comments.get((oids.CONSTRAINT, constraint.oid, 0)),
        )
        checks.append(check)
    return Domain(
        id=key,
        base=row.base,
        collation=row.collation,
        not_null=row.typnotnull,
        not_null_name=name,
        default=row.expression,
        checks=tuple(checks),
        **reading.rest(oids.TYPE, row.oid, row.typowner),
    )


def _attribute(reading: Reading, row: Any) -> Attribute:
    comment = reading.comments.get((oids.CLASS, row.attrelid, row.attnum))
    return Attribute(row.attname, row.type, row.collation, comment)


def _range(reading: Reading, row: Any, key: Id, details: Any) -> Range:
    usual = details.multirange == multirange_name(row.typname) and details.multirange_schema == row.typnamespace
    return Range(
        id=key,
        subtype=details.subtype,
        operator_class=details.operator_class,
        collation=details.collation,
        canonical=details.canonical,
        difference=details.difference,
        multirange=None if usual else details.multirange_path,
        **reading.rest(oids.TYPE, row.oid, row.typowner),
    )
