"""What the tables of a database demand of a row: columns, types, references, conditions, bounds of partitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from schematool.core.seed.specimens import Column, Type
from schematool.core.sql.quote import qualified
from schematool.engines.postgres.rows import user_tables
from schematool.engines.postgres.session import Session

_BOUND = re.compile(r"'((?:[^']|'')*)'|(-?\d+(?:\.\d+)?)|\b(true|false)\b")
_LIST = re.compile(r"(?:FROM|IN|TO) \((.*?)\)(?= TO|$)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: its columns by number, the table it points at, and that one's columns by name."""

    columns: tuple[int, ...]
    target: int
    target_columns: tuple[str, ...]


@dataclass(slots=True)
class Table:
    """A table. `constraints`: the columns, by number, of every constraint, unique index and partition key."""

    oid: int
    name: str
    sql: str
    columns: list[Column] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    constraints: dict[str, tuple[int, ...]] = field(default_factory=dict)


def read_tables(session: Session) -> dict[int, Table]:
    """Read every table of the user; partitions are reached through their parents."""
    tables: dict[int, Table] = {}
    for schema, name, _ in user_tables(session):
        sql = qualified(schema, name)
        oid = session.one("SELECT %s::pg_catalog.regclass::oid::bigint", [sql])
        tables[oid] = Table(oid, f"{schema}.{name}", sql)
    oids = list(tables)
    checks = _add_constraints(session, tables, oids)
    bounds = _bounds(session, oids)
    for table, column in _columns(session, oids):
        texts = tuple(text for numbers, text in checks.get(table, ()) if column.number in numbers)
        bound = bounds.get((table, column.number), ())
        tables[table].columns.append(replace(column, checks=texts, bounds=bound))
    return tables


def _columns(session: Session, oids: list[int]) -> list[tuple[int, Column]]:
    """Read the columns that may be written: no generated ones, no identities, and no sequences used up."""
    rows = session.execute(
        "SELECT a.attrelid::bigint, a.attname, a.attnum, a.atttypid::bigint, a.atttypmod, a.attnotnull,"
        " a.atthasdef, kind.typname FROM pg_catalog.pg_attribute AS a"
        " JOIN pg_catalog.pg_type AS kind ON kind.oid = a.atttypid"
        " LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " WHERE a.attrelid = ANY (%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attgenerated = '' AND a.attidentity = ''"
        " AND coalesce(pg_catalog.pg_get_expr(d.adbin, d.adrelid) !~ '^nextval', true)"
        " ORDER BY a.attrelid, a.attnum",
        [oids],
    )
    return [
        (oid, Column(name, number, kind, modifier, required, defaulted, type_name=type_name))
        for oid, name, number, kind, modifier, required, defaulted, type_name in rows
    ]


def _add_constraints(
    session: Session, tables: Mapping[int, Table], oids: list[int]
) -> dict[int, list[tuple[tuple[int, ...], str]]]:
    """Note which columns each constraint is about; return the conditions of the checks by table."""
    checks: dict[int, list[tuple[tuple[int, ...], str]]] = {}
    rows = session.execute(
        "SELECT c.conrelid::bigint, c.conname, c.contype::text, coalesce(c.conkey, '{}'),"
        " CASE c.contype WHEN 'c' THEN pg_catalog.pg_get_constraintdef(c.oid) END, c.confrelid::bigint,"
        " ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k(n, o)"
        "   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.o)"
        " FROM pg_catalog.pg_constraint AS c WHERE c.conrelid = ANY (%s::oid[]) AND c.contype IN ('c','f','p','u','x')"
        " UNION ALL SELECT i.indrelid::bigint, x.relname, 'i', i.indkey::int2[], NULL, 0, '{}'"
        " FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid"
        " WHERE i.indrelid = ANY (%s::oid[]) AND i.indisunique ORDER BY 1, 2",
        [oids, oids],
    )
    for oid, name, kind, columns, text, target, target_columns in rows:
        numbers = tuple(columns)
        table = tables[oid]
        table.constraints[name] = numbers
        if kind == "c":
            checks.setdefault(oid, []).append((numbers, text))
        elif kind == "f" and target in tables:
            table.references.append(Reference(numbers, target, tuple(target_columns)))
    return checks


def _bounds(session: Session, oids: list[int]) -> dict[tuple[int, int], tuple[str, ...]]:
    """For each column of a partition key, by table and number, the values that its partitions begin with."""
    rows = session.execute(
        "WITH RECURSIVE tree(root, oid) AS (SELECT p.partrelid, p.partrelid FROM pg_catalog.pg_partitioned_table AS p"
        "  WHERE p.partrelid = ANY (%s::oid[])"
        "  UNION ALL SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.oid)"
        " SELECT tree.root::bigint, pg_catalog.pg_get_expr(leaf.relpartbound, leaf.oid),"
        "  ARRAY(SELECT rooted.attnum FROM unnest(above.partattrs::int2[]) WITH ORDINALITY AS k(n, o)"
        "   JOIN pg_catalog.pg_attribute AS a ON a.attrelid = above.partrelid AND a.attnum = k.n"
        "   JOIN pg_catalog.pg_attribute AS rooted ON rooted.attrelid = tree.root AND rooted.attname = a.attname"
        "   ORDER BY k.o)"
        " FROM tree JOIN pg_catalog.pg_class AS leaf ON leaf.oid = tree.oid AND leaf.relispartition"
        " JOIN pg_catalog.pg_inherits AS up ON up.inhrelid = leaf.oid"
        " JOIN pg_catalog.pg_partitioned_table AS above ON above.partrelid = up.inhparent ORDER BY 1, 3",
        [oids],
    )
    found: dict[tuple[int, int], list[str]] = {}
    for root, bound, numbers in rows:
        lists = [_values(text) for text in _LIST.findall(bound or "")]
        for position, number in enumerate(numbers):
            of_range = "FROM (" in (bound or "")
            values = (
                [some[position] for some in lists if position < len(some)]
                if of_range
                else [value for some in lists for value in some]
            )
            found.setdefault((root, number), []).extend(value for value in values if value)
    return {key: tuple(dict.fromkeys(values)) for key, values in found.items()}


def _values(text: str) -> list[str]:
    """Take the constants out of a bound; MINVALUE, MAXVALUE and NULL keep their places as empty texts."""
    found = []
    for part in re.findall(r"'(?:[^']|'')*'(?:::[^,]+)?|[^,]+", text):
        match = _BOUND.match(part.strip())
        quoted, number, truth = match.groups() if match else (None, None, None)
        found.append((quoted or "").replace("''", "'") or number or truth or "")
    return found


def read_types(session: Session) -> dict[int, Type]:
    """Read every type that a column may have."""
    labels = _grouped(session, "SELECT enumtypid::bigint, enumlabel FROM pg_catalog.pg_enum ORDER BY 1, enumsortorder")
    checks = _grouped(
        session,
        "SELECT contypid::bigint, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint"
        " WHERE contypid <> 0 AND contype = 'c' ORDER BY 1, conname",
    )
    members: dict[int, list[tuple[str, int, int]]] = {}
    for oid, name, kind, modifier in session.execute(
        "SELECT t.oid::bigint, a.attname, a.atttypid::bigint, a.atttypmod FROM pg_catalog.pg_type AS t"
        " JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE t.typtype = 'c' ORDER BY 1, a.attnum"
    ):
        members.setdefault(oid, []).append((name, kind, modifier))
    rows = session.execute(
        "SELECT t.oid::bigint, t.typname, pg_catalog.format_type(t.oid, NULL), t.typtype::text, t.typcategory::text,"
        " t.typbasetype::bigint, t.typtypmod, t.typelem::bigint, coalesce(r.rngsubtype, 0)::bigint,"
        " coalesce(m.rngtypid, 0)::bigint, t.typnotnull FROM pg_catalog.pg_type AS t"
        " LEFT JOIN pg_catalog.pg_range AS r ON r.rngtypid = t.oid"
        " LEFT JOIN pg_catalog.pg_range AS m ON m.rngmultitypid = t.oid"
    )
    return {
        row[0]: Type(
            oid=row[0],
            name=row[1],
            sql=row[2],
            kind=row[3],
            category=row[4],
            base=row[5],
            modifier=row[6],
            element=row[7],
            labels=tuple(labels.get(row[0], ())),
            members=tuple(members.get(row[0], ())),
            subtype=row[8],
            range=row[9],
            checks=tuple(checks.get(row[0], ())),
            required=row[10],
        )
        for row in rows
    }


def _grouped(session: Session, query: str) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for key, text in session.execute(query):
        found.setdefault(key, []).append(text)
    return found
