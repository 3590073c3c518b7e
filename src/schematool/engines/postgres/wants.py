"""What every table of a database demands of the rows that `seed` makes, read from its catalog."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from schematool.core.seed.demand import Apart, Column, Counter, ForeignKey, Source, Table, Unique
from schematool.core.seed.domain import escaped
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.rows import user_tables
from schematool.engines.postgres.session import Session

_KEPT = 50_000
"""How many rows of a table that is left alone are pointed at."""


def read_wants(session: Session) -> dict[str, Table]:
    """Read every table of the user; partitions are reached through their parents."""
    names = {
        f"{schema}.{name}": (session.one("SELECT %s::pg_catalog.regclass::oid::bigint", [sql]), sql)
        for schema, name, _ in user_tables(session)
        for sql in [qualified(schema, name)]
    }
    oids = [oid for oid, _ in names.values()]
    by_oid = {oid: name for name, (oid, _) in names.items()}
    columns = _columns(session, oids)
    keys = _foreign_keys(session, oids, by_oid)
    uniques, apart = _uniques(session, oids), _exclusions(session, oids)
    checks, partitions, closed = _checks(session, oids), _partitions(session, oids), _closed(session, oids)
    return {
        name: Table(
            name,
            sql,
            tuple(columns.get(oid, ())),
            tuple(keys.get(oid, ())),
            tuple(uniques.get(oid, ())),
            tuple(apart.get(oid, ())),
            tuple(checks.get(oid, ())),
            partitions.get(oid),
            closed.get(oid),
        )
        for name, (oid, sql) in names.items()
    }


def _columns(session: Session, oids: list[int]) -> dict[int, list[Column]]:
    rows = session.execute(
        "SELECT a.attrelid::bigint, a.attname, a.atttypid::bigint, a.atttypmod, a.attnotnull, a.atthasdef,"
        " a.attgenerated <> '', s.oid::pg_catalog.regclass::text, q.seqstart, q.seqincrement"
        " FROM pg_catalog.pg_attribute AS a"
        " LEFT JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
        " LEFT JOIN LATERAL (SELECT c.oid FROM pg_catalog.pg_depend AS p JOIN pg_catalog.pg_class AS c"
        "   ON c.relkind = 'S' AND ((p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = d.oid"
        "     AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.refobjid = c.oid)"
        "   OR (p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.objid = c.oid AND p.deptype = 'i'"
        "     AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum))"
        "   WHERE a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^nextval' LIMIT 1) AS s ON true"
        " LEFT JOIN pg_catalog.pg_sequence AS q ON q.seqrelid = s.oid"
        " WHERE a.attrelid = ANY (%s::oid[]) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum",
        [oids],
    )
    found: dict[int, list[Column]] = {}
    for oid, name, kind, modifier, required, defaulted, generated, sequence, start, increment in rows:
        counter = Counter(sequence, start, increment) if sequence else None
        found.setdefault(oid, []).append(
            Column(name, kind, modifier, required, defaulted and not generated, generated, counter)
        )
    return found


def _foreign_keys(session: Session, oids: list[int], by_oid: Mapping[int, str]) -> dict[int, list[ForeignKey]]:
    rows = session.execute(
        "SELECT c.conrelid::bigint, c.conname, c.confrelid::bigint, c.condeferrable,"
        f" {_names('c.conkey', 'c.conrelid')}, {_names('c.confkey', 'c.confrelid')}"
        " FROM pg_catalog.pg_constraint AS c WHERE c.contype = 'f' AND c.conrelid = ANY (%s::oid[]) ORDER BY 1, 2",
        [oids],
    )
    found: dict[int, list[ForeignKey]] = {}
    for oid, name, target, deferrable, columns, target_columns in rows:
        if target in by_oid:
            found.setdefault(oid, []).append(
                ForeignKey(name, tuple(columns), by_oid[target], tuple(target_columns), deferrable)
            )
    return found


def _names(numbers: str, table: str) -> str:
    return (
        f"ARRAY(SELECT a.attname::text FROM unnest({numbers}) WITH ORDINALITY AS k(n, o)"
        f" JOIN pg_catalog.pg_attribute AS a ON a.attrelid = {table} AND a.attnum = k.n ORDER BY k.o)"
    )


def _uniques(session: Session, oids: list[int]) -> dict[int, list[Unique]]:
    """Read unique indexes, those of constraints too; an expression stands for every column that it reads."""
    alike = "i.indnullsnotdistinct" if session.version >= 150000 else "false"
    rows = session.execute(
        f"SELECT i.indrelid::bigint, x.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid), {alike},"
        " ARRAY(SELECT DISTINCT a.attname::text FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = i.indrelid"
        "   AND (a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1]) OR (i.indexprs IS NOT NULL AND EXISTS ("
        "     SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass"
        "     AND d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid = a.attnum"
        "     AND a.attnum <> ALL (i.indkey::int2[])))) ORDER BY 1)"
        " FROM pg_catalog.pg_index AS i JOIN pg_catalog.pg_class AS x ON x.oid = i.indexrelid"
        " WHERE i.indrelid = ANY (%s::oid[]) AND i.indisunique"
        " ORDER BY i.indrelid, NOT i.indisprimary, x.relname",
        [oids],
    )
    found: dict[int, list[Unique]] = {}
    for oid, name, where, nulls_alike, columns in rows:
        found.setdefault(oid, []).append(Unique(name, tuple(columns), where, nulls_alike))
    return found


_RANGE_CALL = re.compile(r"\w*range\((\w+), (\w+)(?:, '[^']*'::text)?\) WITH &&")
_RANGE_COLUMN = re.compile(r'"?(\w+)"? WITH &&')


def _exclusions(session: Session, oids: list[int]) -> dict[int, list[Apart]]:
    rows = session.execute(
        "SELECT conrelid::bigint, conname, pg_catalog.pg_get_constraintdef(oid),"
        f" {_names('c.conkey', 'c.conrelid')} FROM pg_catalog.pg_constraint AS c"
        " WHERE contype = 'x' AND conrelid = ANY (%s::oid[]) ORDER BY 1, 2",
        [oids],
    )
    found: dict[int, list[Apart]] = {}
    for oid, name, text, columns in rows:
        if match := _RANGE_CALL.search(text) or _RANGE_COLUMN.search(text):
            apart = match.groups()
        else:
            apart = tuple(columns)[:1]  # equality of one is enough to keep rows apart
        found.setdefault(oid, []).append(Apart(name, apart))
    return found


def _checks(session: Session, oids: list[int]) -> dict[int, list[tuple[str, str]]]:
    rows = session.execute(
        "SELECT conrelid::bigint, conname, pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint"
        " WHERE contype = 'c' AND conrelid = ANY (%s::oid[]) ORDER BY 1, 2",
        [oids],
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for oid, name, text in rows:
        found.setdefault(oid, []).append((name, text))
    return found


def _partitions(session: Session, oids: list[int]) -> dict[int, tuple[str, ...] | None]:
    """Read the conditions of all leaves of partitioned tables; None where a default partition takes what is left."""
    rows = session.execute(
        "SELECT p.partrelid::bigint, leaf.oid::bigint, pg_catalog.pg_get_partition_constraintdef(leaf.oid),"
        " tree.level = 1 AND pg_catalog.pg_get_expr(leaf.relpartbound, leaf.oid) = 'DEFAULT'"
        " FROM pg_catalog.pg_partitioned_table AS p, pg_catalog.pg_partition_tree(p.partrelid) AS tree"
        " JOIN pg_catalog.pg_class AS leaf ON leaf.oid = tree.relid AND tree.isleaf AND leaf.relispartition"
        " WHERE p.partrelid = ANY (%s::oid[]) ORDER BY 1, leaf.relname",
        [oids],
    )
    found: dict[int, list[str]] = {}
    free = set()
    for oid, _, text, default in rows:
        found.setdefault(oid, []).append(text or "true")
        if default:
            free.add(oid)
    partitioned = session.execute(
        "SELECT partrelid::bigint FROM pg_catalog.pg_partitioned_table WHERE partrelid = ANY (%s::oid[])", [oids]
    )
    return {oid: None if oid in free else tuple(found.get(oid, ())) for (oid,) in partitioned}


def _closed(session: Session, oids: list[int]) -> dict[int, str]:
    """Say which tables this role cannot fill, and why."""
    rows = session.execute(
        "SELECT c.oid::bigint, pg_catalog.has_table_privilege(c.oid, 'INSERT'),"
        " pg_catalog.row_security_active(c.oid), c.relkind = 'p' AND NOT EXISTS (SELECT FROM"
        "   pg_catalog.pg_partition_tree(c.oid) WHERE isleaf AND relid <> c.oid)"
        " FROM pg_catalog.pg_class AS c WHERE c.oid = ANY (%s::oid[])",
        [oids],
    )
    found = {}
    for oid, may, secured, bare in rows:
        if not may:
            found[oid] = "this role may not insert into it"
        elif secured:
            found[oid] = "row security keeps this role from loading it; use its owner, or a role with BYPASSRLS"
        elif bare:
            found[oid] = "it has no partition yet"
    return found


def kept_sources(session: Session, table: Table, columns: frozenset[str]) -> dict[tuple[str, str], Source]:
    """Read what a table that is left alone offers to references: some of its rows, in the order of these columns."""
    names = sorted(columns)
    if not names:
        return {}
    listed = ", ".join(identifier(name) for name in names)
    texts = ", ".join(f"{identifier(name)}::text" for name in names)
    rows = session.execute(f"SELECT {texts} FROM {table.sql} ORDER BY {listed} LIMIT {_KEPT}").fetchall()
    return {
        (table.name, name): Source(len(rows), _nth([None if row[at] is None else escaped(row[at]) for row in rows]))
        for at, name in enumerate(names)
    }


def _nth(found: list[str | None]) -> Callable[[int], str | None]:
    return lambda row: found[row] if found else None
