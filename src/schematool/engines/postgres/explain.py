"""What the server means to do for a pattern, and what it takes: EXPLAIN in a transaction that is read-only and undone.

Nothing is written and no row leaves this module: values that a pattern needs are taken from rows, used, and forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from schematool.core.model.entity import Plain
from schematool.core.patterns import postgres as reading
from schematool.core.patterns.check import FEW
from schematool.core.patterns.model import Parameter, Pattern, Plan, Size
from schematool.core.patterns.sql import Compared, numbered, sampling, substituted
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.engines.postgres.failure import statement_error
from schematool.engines.postgres.session import Session

TIMEOUT_SECONDS = 30
"""How long one statement of a proof may run; a pattern that takes longer is no pattern."""
SAMPLE = 1000
"""So many rows are looked at for values; the middle one is taken."""

# Tables and indexes by what the schema calls them: a partition by its topmost parent, and only another schema than
# public in front. pg_partition_root() is NULL for what is no part of a partition tree (PostgreSQL 12 and later).
_CALLED = """
    SELECT n.nspname, c.relname, rn.nspname, r.relname
    FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class r ON r.oid = coalesce(pg_catalog.pg_partition_root(c.oid), c.oid)
    JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
    WHERE (n.nspname, c.relname) IN (SELECT * FROM ROWS FROM (unnest(%s::text[]), unnest(%s::text[])))
"""
# All parts of a partitioned table together; reltuples is -1 for a table that was never analyzed (14 and later).
_SIZES = """
    SELECT rn.nspname, r.relname,
           sum(pg_catalog.pg_relation_size(c.oid)) / pg_catalog.current_setting('block_size')::int,
           sum(greatest(c.reltuples, 0)), bool_and(c.reltuples >= 0)
    FROM pg_catalog.pg_class r
    JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
    JOIN pg_catalog.pg_class c ON c.oid = r.oid AND c.relkind IN ('r', 'm')
         OR c.oid IN (SELECT relid FROM pg_catalog.pg_partition_tree(r.oid) WHERE isleaf)
    WHERE (rn.nspname, r.relname) IN (SELECT * FROM ROWS FROM (unnest(%s::text[]), unnest(%s::text[])))
    GROUP BY 1, 2
"""
_STEPS = {"date": "1 day", "timestamp": "1 day", "timestamptz": "1 day"}


def explain(session: Session, pattern: Pattern, *, measure: bool) -> Plan:
    """Explain a pattern; run it as well where `measure`, a value is known for each parameter, and it only reads."""
    with _undone(session):
        values = _values(session, pattern)
        missing = tuple(name for name, value in values.items() if value is None)
        generic = not measure or bool(missing)
        with _prepared(session, pattern):
            explained = _explained(session, values, generic=generic)
            if not generic and not reading.writes(explained):
                explained = _explained(session, values, run=True)
            ordered = _ordered(session, pattern, explained, values, generic=generic)
        called = _names(session, reading.relations(explained))
        found = reading.plan(explained, lambda schema, name: called.get((schema, name), name), ordered=ordered)
        sizes = _sizes(session, found.entities)
    return _completed(found, generic, missing if measure else (), sizes)


def _completed(plan: Plan, generic: bool, missing: tuple[str, ...], sizes: Mapping[str, Size]) -> Plan:
    return Plan(
        plan.nodes,
        plan.measured,
        generic,
        missing,
        plan.rows_returned,
        plan.rows_read,
        plan.buffers,
        cost=plan.cost,
        sizes=sizes,
    )


@contextmanager
def _undone(session: Session) -> Iterator[None]:
    session.execute("BEGIN TRANSACTION READ ONLY")
    try:
        session.execute(f"SET LOCAL statement_timeout = '{TIMEOUT_SECONDS}s'")
        # The policies that hold for this role are part of what the application's query costs.
        session.execute("SET LOCAL row_security = on")
        yield
    finally:
        session.roll_back()


@contextmanager
def _prepared(session: Session, pattern: Pattern) -> Iterator[None]:
    """PREPARE with the declared types, so that the query is planned as a driver would have it planned."""
    types = f" ({', '.join(parameter.type for parameter in pattern.parameters)})" if pattern.parameters else ""
    head = f"PREPARE schematool_pattern{types} AS "
    body = numbered(pattern.query, [parameter.name for parameter in pattern.parameters])
    try:
        session.execute(head + body.rstrip().rstrip(";"))
    except psycopg.Error as error:
        raise statement_error(error, pattern.query, session.url, shift=len(head)) from None
    try:
        yield
    finally:
        # A prepared statement outlives its transaction; one that failed takes no more commands before it is over.
        if session.connection.info.transaction_status is TransactionStatus.INERROR:
            session.roll_back()
        session.execute("DEALLOCATE schematool_pattern")


def _explained(
    session: Session, values: Mapping[str, str | None], *, run: bool = False, generic: bool = False
) -> list[dict[str, Any]]:
    session.execute(f"SET LOCAL plan_cache_mode = force_{'generic' if generic else 'custom'}_plan")
    given = ["NULL" if value is None or generic else value for value in values.values()]
    arguments = f" ({', '.join(given)})" if given else ""
    options = "ANALYZE, BUFFERS, TIMING OFF, " if run else ""
    return list(session.one(f"EXPLAIN ({options}VERBOSE, FORMAT JSON) EXECUTE schematool_pattern{arguments}"))


def _ordered(
    session: Session, pattern: Pattern, explained: Sequence[Any], values: Mapping[str, str | None], *, generic: bool
) -> bool:
    """Whether an index gives the order although the plan sorts: of a few rows, sorting them is the cheaper way.

    The planner is asked once more with sorting made dear (enable_sort): a plan that then does not sort has the order.
    """
    if not pattern.expect.get("no_sort") or not 0 < reading.sorted_rows(explained) < FEW:
        return False
    session.execute("SET LOCAL enable_sort = off")
    other = _explained(session, values, generic=generic)
    session.execute("SET LOCAL enable_sort = on")
    return reading.sorted_rows(other) == 0


# --- values ----------------------------------------------------------------------------------------------------------


def _values(session: Session, pattern: Pattern) -> dict[str, str | None]:
    """A constant for each parameter, in their order; None where there is none to be had."""
    values: dict[str, str | None] = dict.fromkeys(parameter.name for parameter in pattern.parameters)
    open_ = []
    for parameter in pattern.parameters:
        if parameter.has_example:
            values[parameter.name] = _constant(parameter.example)
        elif parameter.source:
            values[parameter.name] = _sampled(session, _from_field(parameter))
        else:
            open_.append(parameter)
    if open_:
        values |= _together(session, pattern, open_, values)
    return values


def _constant(value: Plain) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case tuple():
            return f"ARRAY[{', '.join(_constant(one) for one in value)}]"
        case _:
            return literal(str(value))


def _from_field(parameter: Parameter) -> str:
    entity, _, field = str(parameter.source).rpartition(".")
    name, column = qualified(*entity.split(".")), identifier(field)
    return f"SELECT ({column})::{parameter.type}::text FROM {name} WHERE {column} IS NOT NULL"


def _together(
    session: Session, pattern: Pattern, open_: Sequence[Parameter], given: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Take the values of several parameters from one row that the rest of the query finds."""
    none: dict[str, str | None] = {parameter.name: None for parameter in open_}
    known = {p.name: f"({given[p.name]}::{p.type})" for p in pattern.parameters if given.get(p.name) is not None}
    row = None
    # With examples that no row has, values of a row without them are still better than none.
    for query in dict.fromkeys((substituted(pattern.query, known), pattern.query)):
        found = sampling(query)
        if row is None and found and all(name in found[1] for name in none):
            columns = ", ".join(_column(parameter, found[1][parameter.name]) for parameter in open_)
            row = _row(session, f"SELECT {columns} {found[0]}")
    return none if row is None else {name: None if v is None else literal(v) for name, v in zip(none, row, strict=True)}


def _column(parameter: Parameter, compared: Compared) -> str:
    expression = f"({compared.expression})"
    if compared.several:
        expression = f"ARRAY[{expression}]"
    step = _STEPS.get(parameter.type.split("(")[0].strip().lower())
    if compared.shift:
        sign = "+" if compared.shift > 0 else "-"
        expression = f"({expression} {sign} {f'interval {literal(step)}' if step else '1'})"
    return f"({expression}::{parameter.type})::text"


def _sampled(session: Session, statement: str) -> str | None:
    row = _row(session, statement)
    return None if row is None or row[0] is None else literal(row[0])


def _row(session: Session, statement: str) -> tuple[str | None, ...] | None:
    """The middle one of the first rows of a statement; None where it finds none, or cannot be run."""
    session.execute("SAVEPOINT schematool_sample")
    try:
        rows = session.execute(f"{statement} LIMIT {SAMPLE}").fetchall()
    except psycopg.Error:
        # What was made of the query's text is not always a query; then an example must be given.
        session.execute("ROLLBACK TO SAVEPOINT schematool_sample")
        return None
    return tuple(rows[len(rows) // 2]) if rows else None


# --- names and sizes -------------------------------------------------------------------------------------------------


def _names(session: Session, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What the schema calls the tables and indexes of a plan. An index is in the schema of its table."""
    schemas = {schema for schema, _ in pairs if schema} or {"public"}
    wanted = [(schema, name) for _, name in pairs for schema in schemas]
    rows = session.execute(_CALLED, ([s for s, _ in wanted], [n for _, n in wanted])).fetchall()
    called = {(schema, name): _short(root_schema, root) for schema, name, root_schema, root in rows}
    # EXPLAIN names no schema for an index.
    return called | {("", name): short for (_, name), short in called.items()}


def _short(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _sizes(session: Session, entities: Sequence[str]) -> dict[str, Size]:
    pairs = [tuple(name.split(".", 1)) if "." in name else ("public", name) for name in entities]
    rows = session.execute(_SIZES, ([pair[0] for pair in pairs], [pair[1] for pair in pairs])).fetchall()
    sizes = {}
    for schema, name, pages, tuples, analyzed in rows:
        known = int(tuples) if analyzed or not pages else _counted(session, qualified(schema, name))
        sizes[_short(schema, name)] = Size(known if pages else 0, int(pages), bool(analyzed))
    return sizes


def _counted(session: Session, table: str) -> int:
    """Count the rows of a table without statistics, as far as it matters."""
    return int(session.one(f"SELECT count(*) FROM (SELECT FROM {table} LIMIT {SAMPLE}) s"))


__all__ = ["TIMEOUT_SECONDS", "explain"]
