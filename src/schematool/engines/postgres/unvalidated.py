"""Constraints that were never validated: how many rows of theirs would fail. Counts, and nothing of the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from schematool.core.diagnostic import Diagnostic, Severity
from schematool.core.sql.quote import identifier, qualified
from schematool.engines.postgres.session import Session

if TYPE_CHECKING:
    from psycopg.errors import Diagnostic as Diagnosis

# A partition's or child's share of a parent's constraint is counted with the parent. `conenforced` is of 18: what is
# not enforced is not valid either, and was never meant to be (pg_constraint).
_UNVALIDATED = """
    SELECT n.nspname, t.relname, c.conname, c.contype, pg_catalog.pg_get_expr(c.conbin, c.conrelid),
           ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY k(number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.number ORDER BY k.place),
           fn.nspname, f.relname,
           ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY k(number, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.number ORDER BY k.place),
           c.confmatchtype = 'f'
    FROM pg_catalog.pg_constraint c
    JOIN pg_catalog.pg_class t ON t.oid = c.conrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
    LEFT JOIN pg_catalog.pg_class f ON f.oid = c.confrelid
    LEFT JOIN pg_catalog.pg_namespace fn ON fn.oid = f.relnamespace
    WHERE NOT c.convalidated AND c.contype IN ('c', 'f', 'n') AND c.conparentid = 0 AND c.coninhcount = 0 {enforced}
      AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND t.relkind IN ('r', 'p')
    ORDER BY 1, 2, 3
"""


def unvalidated(session: Session) -> tuple[Diagnostic, ...]:
    """Count for each constraint; where none would fail, say that it can be validated."""
    enforced = "AND c.conenforced" if session.version >= 180000 else ""
    rows = session.execute(_UNVALIDATED.format(enforced=enforced)).fetchall()
    return tuple(_finding(session, row) for row in rows)


def failing(session: Session, table: str, said: Diagnosis) -> str | None:
    """The condition of the rows that VALIDATE of a constraint would stumble over, by what the server said of it."""
    rows = session.execute(_UNVALIDATED.format(enforced="")).fetchall()
    found = (row for row in rows if row[2] == said.constraint_name and qualified(row[0], row[1]) == table)
    row = next(found, None)
    return None if row is None else _failing(row)


def _finding(session: Session, row: Sequence[object]) -> Diagnostic:
    schema, table, name = str(row[0]), str(row[1]), str(row[2])
    count = int(session.one(f"SELECT count(*) FROM {qualified(schema, table)} AS row_ WHERE {_failing(row)}"))
    place = f"{table}" if schema == "public" else f"{schema}.{table}"
    subject = f"constraint {schema}.{table}.{name}"
    if not count:
        message = f"`{name}` of `{place}` was never validated; every row satisfies it"
        hint = f"ALTER TABLE {qualified(schema, table)} VALIDATE CONSTRAINT {identifier(name)}"
        return Diagnostic("ST632", message, hint=hint, severity=Severity.NOTE, subject=subject)
    noun, verb = ("row", "does") if count == 1 else ("rows", "do")
    message = f"{count:,} {noun} of `{place}` {verb} not satisfy `{name}`, which was never validated"
    hint = "correct them before the constraint is validated"
    return Diagnostic("ST632", message, hint=hint, severity=Severity.WARNING, subject=subject)


def _failing(row: Sequence[object]) -> str:
    """The condition of a row that VALIDATE would stumble over."""
    _, _, _, kind, expression, columns, target_schema, target, keys, full = row
    own = [f"row_.{identifier(str(name))}" for name in columns]  # type: ignore[attr-defined]  # a list of the server
    if kind == "c":
        return f"NOT ({expression})"
    if kind == "n":
        return f"{own[0]} IS NULL"
    theirs = [identifier(str(name)) for name in keys]  # type: ignore[attr-defined]  # the same
    equal = " AND ".join(f"target_.{their} = {our}" for their, our in zip(theirs, own, strict=True))
    whole = " AND ".join(f"{our} IS NOT NULL" for our in own)
    # MATCH FULL: all of the key is NULL or none of it.
    some = f" OR (({' OR '.join(f'{our} IS NOT NULL' for our in own)}) AND NOT ({whole}))" if full else ""
    there = f"EXISTS (SELECT FROM {qualified(str(target_schema), str(target))} AS target_ WHERE {equal})"
    return f"({whole} AND NOT {there}){some}"
