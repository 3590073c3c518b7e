"""Reads schemas, extensions, tables, foreign tables, views, materialised views and sequences, with their columns.

Columns, defaults and identity sequences are read with their relations, since views keep theirs inside.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any, TypedDict

from schematool.core.catalog import Id
from schematool.core.model.postgres import (
    CITUS,
    Column,
    Default,
    Extension,
    ForeignTable,
    Grant,
    Identity,
    MaterializedView,
    Options,
    Schema,
    Sequence,
    Table,
    View,
)
from schematool.core.sql.names import object_name
from schematool.core.sql.unnamed import without_casts
from schematool.engines.postgres.inspect import oids
from schematool.engines.postgres.inspect.reading import Reading, options
from schematool.engines.postgres.inspect.remarks import PUBLIC_SCHEMA
from schematool.engines.postgres.inspect.scope import RELATIONS, USER_SCHEMAS, not_a_member

PERSISTENCE = {"p": "permanent", "u": "unlogged", "t": "temporary"}
KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "S": "sequence",
    "c": "type",
}
STORAGE = {"p": "plain", "e": "external", "m": "main", "x": "extended"}
COMPRESSION = {"p": "pglz", "l": "lz4"}
_BOOTSTRAP = 10
"""The role that initdb makes (BOOTSTRAP_SUPERUSERID, pg_authid.dat)."""
LIMITS = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


USER_SCHEMA_QUERY = (
    f"SELECT oid, nspname, nspowner FROM pg_namespace"
    f" WHERE oid IN {USER_SCHEMAS} AND {not_a_member(oids.SCHEMA, 'oid')}"
)
EXTENSION_QUERY = (
    "SELECT oid, extname, extowner, extnamespace, extversion FROM pg_extension"
    f" WHERE extname NOT IN {('plpgsql', *CITUS)}"
)


def read_schemas(reading: Reading) -> None:
    """User schemas (not an extension's), and extensions: not plpgsql, which is in every database from birth, nor Citus.

    That is set up with the cluster, on every node and before the first migration.
    """
    for row in reading.rows(USER_SCHEMA_QUERY):
        made = Schema(id=Id("schema", (row.nspname,)), **reading.rest(oids.SCHEMA, row.oid, row.nspowner))
        if reading.version < 150000 and row.oid == PUBLIC_SCHEMA and row.nspowner == _BOOTSTRAP:
            # Before 15 initdb leaves `public` to its own superuser: that is the same as what it does since.
            made = replace(made, owner="pg_database_owner")
        reading.add(oids.SCHEMA, row.oid, made)
    for row in reading.rows_if("extension", EXTENSION_QUERY):
        schema = reading.schemas[row.extnamespace]
        thing = Extension(
            id=Id("extension", (row.extname,)),
            schema=schema,
            version=row.extversion,
            **reading.rest(oids.EXTENSION, row.oid, row.extowner),
        )
        reading.add(oids.EXTENSION, row.oid, thing)


@dataclass(slots=True)
class Behind:
    """A sequence with the column that owns it: `internal` when it is that column's identity."""

    row: Any
    table: int
    column: int
    internal: bool


@dataclass(slots=True)
class Parts:
    """Everything of relations that is not in pg_class, by the relation's oid."""

    columns: dict[int, list[Any]]
    parents: dict[int, list[int]]
    identities: dict[tuple[int, int], Behind]
    not_nulls: dict[tuple[int, int], Any]
    replica: dict[int, str]
    persistence: dict[int, str]


def read_relations(reading: Reading) -> None:
    """All relations of user schemas, with their columns, defaults and sequences."""
    relations = reading.rows(RELATION_QUERY)
    reading.relations.update(row.oid for row in relations)
    for row in relations:
        reading.ids[oids.CLASS, row.oid] = Id(KINDS[row.relkind], (reading.schemas[row.relnamespace], row.relname))
    replica = {row.indrelid: row.relname for row in reading.rows_if("replica identity", REPLICA_QUERY)}
    parts = _read_parts(reading, {row.oid: row.relpersistence for row in relations}, replica)
    for row in relations:
        match row.relkind:
            case "r" | "p":
                reading.objects.append(_table(reading, row, parts))
                _columns(reading, row, parts)
            case "f":
                reading.objects.append(_foreign_table(reading, row, parts))
                _columns(reading, row, parts)
            case "v":
                reading.objects.append(_view(reading, row, parts))
                _view_defaults(reading, row, parts)
            case "m":
                reading.objects.append(_materialized_view(reading, row, parts))
            case _:
                continue


RELATION_QUERY = f"""
SELECT c.oid, c.relnamespace, c.relname, c.relkind, c.relowner, c.relpersistence, s.spcname, a.amname,
       c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.reloptions, t.reloptions AS toast_options,
       c.relispartition, c.relispopulated,
       CASE WHEN c.relispartition THEN pg_get_expr(c.relpartbound, c.oid) END AS bound,
       CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END AS partition_key,
       CASE WHEN c.reloftype <> 0 THEN format_type(c.reloftype, NULL) END AS of_type,
       CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END AS definition,
       fs.srvname, f.ftoptions
  FROM pg_class c
  LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
  LEFT JOIN pg_tablespace s ON s.oid = c.reltablespace
  LEFT JOIN pg_am a ON a.oid = c.relam
  LEFT JOIN pg_foreign_table f ON f.ftrelid = c.oid
  LEFT JOIN pg_foreign_server fs ON fs.oid = f.ftserver
 WHERE c.oid IN {RELATIONS}"""

COLUMN_QUERY = f"""
SELECT a.attrelid, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attislocal,
       d.oid AS default_oid, CASE WHEN d.oid IS NOT NULL THEN pg_get_expr(d.adbin, d.adrelid) END AS expression,
       CASE WHEN a.attcollation <> t.typcollation
            THEN (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                    FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
                   WHERE l.oid = a.attcollation) END AS collation,
       a.attidentity, a.attgenerated,
       CASE WHEN a.attstorage <> t.typstorage THEN a.attstorage END AS storage,
       a.attcompression, NULLIF(a.attstattarget, -1) AS statistics, a.attoptions, a.attfdwoptions
  FROM pg_attribute a
  JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attrelid >= {oids.FIRST_USER_OID}
   AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
 ORDER BY a.attrelid, a.attnum"""
"""The target of statistics is -1 by default until 16 and NULL since 17."""

SELDOM = slice(8, None)
"""The attributes from `collation` on, which few columns have set; and what they are then."""
UNSET = (None, "", "", None, "", None, None, None)

SEQUENCE_QUERY = f"""
SELECT c.oid, c.relnamespace, c.relname, c.relowner, c.relpersistence, format_type(s.seqtypid, NULL) AS type,
       s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
       d.refobjid AS table, d.refobjsubid AS column, d.deptype
  FROM pg_sequence s
  JOIN pg_class c ON c.oid = s.seqrelid
  LEFT JOIN pg_depend d ON d.classid = {oids.CLASS} AND d.objid = c.oid AND d.objsubid = 0
       AND d.refclassid = {oids.CLASS} AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
 WHERE c.oid >= {oids.FIRST_USER_OID}"""

# The ordinary ones say nothing that attnotnull does not.
NOT_NULL_QUERY = f"""
SELECT n.oid, n.conrelid, n.conkey[1] AS column, n.conname, n.connoinherit, n.convalidated, n.conislocal,
       n.coninhcount, c.relname, a.attname
  FROM pg_constraint n
  JOIN pg_class c ON c.oid = n.conrelid
  JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = n.conkey[1]
 WHERE n.contype = 'n' AND n.conrelid >= {oids.FIRST_USER_OID}
   AND (n.conname <> c.relname || '_' || a.attname || '_not_null' OR n.connoinherit OR NOT n.convalidated
        OR NOT n.conislocal
        OR n.oid IN (SELECT objoid FROM pg_description WHERE classoid = {oids.CONSTRAINT}))"""

PARENT_QUERY = "SELECT inhrelid, inhparent FROM pg_inherits ORDER BY inhrelid, inhseqno"

REPLICA_QUERY = """
SELECT i.indrelid, c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE i.indisreplident"""


def _read_parts(reading: Reading, persistence: dict[int, str], replica: dict[int, str]) -> Parts:
    columns: dict[int, list[Any]] = defaultdict(list)
    for row in reading.rows_of(COLUMN_QUERY, "attrelid"):
        columns[row.attrelid].append(row)
    parents: dict[int, list[int]] = defaultdict(list)
    for row in reading.rows_of(PARENT_QUERY, "inhrelid"):
        parents[row.inhrelid].append(row.inhparent)
    not_nulls = {}
    if reading.version >= 180000:
        not_nulls = {(row.conrelid, row.column): row for row in reading.rows_of(NOT_NULL_QUERY, "conrelid")}
    identities = _read_sequences(reading, columns)
    return Parts(columns, parents, identities, not_nulls, replica, persistence)


def _read_sequences(reading: Reading, columns: dict[int, list[Any]]) -> dict[tuple[int, int], Behind]:
    """Add the free and the serial ones; return those behind identity columns."""
    identities: dict[tuple[int, int], Behind] = {}
    names = {(row.attrelid, row.attnum): row.attname for rows in columns.values() for row in rows}
    for row in reading.rows_if("sequence", SEQUENCE_QUERY):
        if row.oid not in reading.relations:
            continue
        if row.table and row.table not in reading.relations:
            continue
        if row.deptype == "i":
            identities[row.table, row.column] = Behind(row, row.table, row.column, internal=True)
            continue
        owned_by = None
        if row.table:
            owned_by = Id("column", (*reading.ids[oids.CLASS, row.table].path, names[row.table, row.column]))
        minimum, maximum = _limits(row)
        thing = Sequence(
            id=reading.ids[oids.CLASS, row.oid],
            type=row.type,
            start=row.seqstart,
            increment=row.seqincrement,
            minimum=minimum,
            maximum=maximum,
            cache=row.seqcache,
            cycle=row.seqcycle,
            persistence=PERSISTENCE[row.relpersistence],
            owned_by=owned_by,
            **reading.rest(oids.CLASS, row.oid, row.relowner),
        )
        reading.add(oids.CLASS, row.oid, thing)
    return identities


def _limits(row: Any) -> tuple[int | None, int | None]:
    """Minimum and maximum, None where they are what the type and the direction give (init_params of sequence.c)."""
    limit = LIMITS[row.type]
    low, high = (1, limit - 1) if row.seqincrement > 0 else (-limit, -1)
    return (None if row.seqmin == low else row.seqmin, None if row.seqmax == high else row.seqmax)


def _table(reading: Reading, row: Any, parts: Parts) -> Table:
    parents = [_relation(reading, parent) for parent in parts.parents.get(row.oid, ())]
    return Table(
        id=reading.ids[oids.CLASS, row.oid],
        persistence=PERSISTENCE[row.relpersistence],
        partition_key=row.partition_key,
        partition_of=parents[0] if row.relispartition else None,
        partition_bound=row.bound,
        inherits=() if row.relispartition else tuple(parents),
        of_type=row.of_type,
        options=options(row.reloptions),
        toast_options=options(row.toast_options),
        tablespace=row.spcname,
        access_method=None if row.amname == "heap" else row.amname,
        row_security=row.relrowsecurity,
        force_row_security=row.relforcerowsecurity,
        replica_identity=_replica_identity(row, parts),
        columns=tuple(column.attname for column in parts.columns.get(row.oid, ())),
        **reading.rest(oids.CLASS, row.oid, row.relowner),
    )


def _relation(reading: Reading, oid: int) -> Id:
    """A parent's id; one that belongs to an extension is known by its extension only."""
    return reading.ids[oids.CLASS, oid]


def _replica_identity(row: Any, parts: Parts) -> str:
    if row.relreplident == "i":
        # The index may have been dropped since; PostgreSQL then behaves as with `nothing`.
        return f"index {parts.replica[row.oid]}" if row.oid in parts.replica else "nothing"
    return {"d": "default", "f": "full", "n": "nothing"}[row.relreplident]


def _foreign_table(reading: Reading, row: Any, parts: Parts) -> ForeignTable:
    parents = [_relation(reading, parent) for parent in parts.parents.get(row.oid, ())]
    return ForeignTable(
        id=reading.ids[oids.CLASS, row.oid],
        server=row.srvname,
        options=options(row.ftoptions),
        inherits=() if row.relispartition else tuple(parents),
        partition_of=parents[0] if row.relispartition else None,
        partition_bound=row.bound,
        columns=tuple(column.attname for column in parts.columns.get(row.oid, ())),
        **reading.rest(oids.CLASS, row.oid, row.relowner),
    )


def _columns(reading: Reading, row: Any, parts: Parts) -> None:
    table = reading.ids[oids.CLASS, row.oid]
    for column in parts.columns.get(row.oid, ()):
        key = Id("column", (*table.path, column.attname))
        reading.columns[row.oid, column.attnum] = key
        reading.objects.append(_column(reading, row, column, key, parts))
        if column.default_oid is None:
            continue
        if column.attgenerated:
            reading.ids[oids.ATTRIBUTE_DEFAULT, column.default_oid] = key
        else:
            default = Default(id=Id("default", key.path), expression=column.expression)
            reading.add(oids.ATTRIBUTE_DEFAULT, column.default_oid, default)


def _column(reading: Reading, table: Any, row: Any, key: Id, parts: Parts) -> Column:
    behind = parts.identities.get((row.attrelid, row.attnum))
    if behind:
        reading.ids[oids.CLASS, behind.row.oid] = key
    not_null = parts.not_nulls.get((row.attrelid, row.attnum))
    if not_null:
        reading.ids[oids.CONSTRAINT, not_null.oid] = key
    plain = row[SELDOM] == UNSET and not not_null
    return Column(
        id=key,
        type=row.type,
        not_null=row.attnotnull,
        inherited=not row.attislocal or table.of_type is not None,
        identity=_identity(reading, table, row, behind, parts) if behind else None,
        **({} if plain else _seldom(reading, row, not_null)),
        **reading.rest(oids.CLASS, row.attrelid, sub=row.attnum),
    )


class Seldom(TypedDict, total=False):
    """What few columns have."""

    collation: str | None
    not_null_name: str | None
    not_null_no_inherit: bool
    not_null_valid: bool
    not_null_comment: str | None
    not_null_inherited: bool
    generated: str | None
    generated_kind: str | None
    storage: str | None
    compression: str | None
    statistics: int | None
    options: Options
    foreign_options: Options


def _seldom(reading: Reading, row: Any, not_null: Any) -> Seldom:
    return {
        "collation": row.collation,
        "not_null_name": _not_null_name(not_null),
        "not_null_no_inherit": bool(not_null and not_null.connoinherit),
        "not_null_valid": not not_null or not_null.convalidated,
        "not_null_comment": reading.comments.get((oids.CONSTRAINT, not_null.oid, 0)) if not_null else None,
        "not_null_inherited": bool(not_null and not not_null.conislocal),
        "generated": row.expression if row.attgenerated else None,
        "generated_kind": {"s": "stored", "v": "virtual"}.get(row.attgenerated),
        "storage": STORAGE[row.storage] if row.storage else None,
        "compression": COMPRESSION.get(row.attcompression),
        "statistics": row.statistics,
        "options": options(row.attoptions),
        "foreign_options": options(row.attfdwoptions),
    }


def _not_null_name(row: Any) -> str | None:
    if row is None:
        return None
    return None if row.conname == object_name(row.relname, row.attname, "not_null") else row.conname


def _identity(reading: Reading, table: Any, row: Any, behind: Behind, parts: Parts) -> Identity:
    sequence = behind.row
    minimum, maximum = _limits(sequence)
    rest = reading.rest(oids.CLASS, sequence.oid)
    schema = reading.schemas[sequence.relnamespace]
    usual = sequence.relnamespace == table.relnamespace
    usual = usual and sequence.relname == object_name(table.relname, row.attname, "seq")
    return Identity(
        always=row.attidentity == "a",
        start=sequence.seqstart,
        increment=sequence.seqincrement,
        minimum=minimum,
        maximum=maximum,
        cache=sequence.seqcache,
        cycle=sequence.seqcycle,
        sequence=None if usual else f"{schema}.{sequence.relname}",
        persistence=None
        if sequence.relpersistence == parts.persistence[row.attrelid]
        else PERSISTENCE[sequence.relpersistence],
        comment=rest.get("comment"),
        grants=rest.get("grants", ()),
        revokes=rest.get("revokes", ()),
    )


def _view(reading: Reading, row: Any, parts: Parts) -> View:
    columns = parts.columns.get(row.oid, ())
    rest = reading.rest(oids.CLASS, row.oid, row.relowner)
    rest["grants"] = (*rest.get("grants", ()), *_column_grants(reading, columns))
    return View(
        id=reading.ids[oids.CLASS, row.oid],
        definition=_definition(row),
        columns=tuple((column.attname, column.type) for column in columns),
        options=options(row.reloptions),
        column_comments=_column_comments(reading, columns),
        **rest,
    )


def _definition(row: Any) -> str:
    return without_casts(str(row.definition).strip().removesuffix(";"))


def _column_grants(reading: Reading, columns: Any) -> tuple[Grant, ...]:
    return tuple(
        grant
        for column in columns
        for grant in reading.rights.get((oids.CLASS, column.attrelid, column.attnum), ((), ()))[0]
    )


def _column_comments(reading: Reading, columns: Any) -> tuple[tuple[str, str], ...]:
    found = ((c.attname, reading.comments.get((oids.CLASS, c.attrelid, c.attnum))) for c in columns)
    return tuple((name, comment) for name, comment in found if comment is not None)


def _view_defaults(reading: Reading, row: Any, parts: Parts) -> None:
    view = reading.ids[oids.CLASS, row.oid]
    for column in parts.columns.get(row.oid, ()):
        if column.default_oid is not None:
            default = Default(id=Id("default", (*view.path, column.attname)), expression=column.expression)
            reading.add(oids.ATTRIBUTE_DEFAULT, column.default_oid, default)


def _materialized_view(reading: Reading, row: Any, parts: Parts) -> MaterializedView:
    columns = parts.columns.get(row.oid, ())
    rest = reading.rest(oids.CLASS, row.oid, row.relowner)
    rest["grants"] = (*rest.get("grants", ()), *_column_grants(reading, columns))
    set_options: list[tuple[str, Options]] = [(c.attname, options(c.attoptions)) for c in columns if c.attoptions]
    return MaterializedView(
        id=reading.ids[oids.CLASS, row.oid],
        definition=_definition(row),
        columns=tuple((column.attname, column.type) for column in columns),
        options=options(row.reloptions),
        toast_options=options(row.toast_options),
        tablespace=row.spcname,
        access_method=None if row.amname == "heap" else row.amname,
        populated=row.relispopulated,
        column_comments=_column_comments(reading, columns),
        column_statistics=tuple((c.attname, c.statistics) for c in columns if c.statistics is not None),
        column_storage=tuple((c.attname, STORAGE[c.storage]) for c in columns if c.storage),
        column_compression=tuple((c.attname, COMPRESSION[c.attcompression]) for c in columns if c.attcompression),
        column_options=tuple(set_options),
        **rest,
    )
