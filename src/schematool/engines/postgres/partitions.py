"""Partitions made ahead and detached, on a live server. Each change is one short transaction that takes rows along."""

from __future__ import annotations

import datetime
import re

from schematool.core.diagnostic import Diagnostic
from schematool.core.errors import Refused
from schematool.core.partitions import MARK, Action, Moment, Part, Schedule, bounds
from schematool.core.sql.quote import identifier, literal, qualified
from schematool.engines.contract import Standing
from schematool.engines.postgres.session import Session

LOCK_SECONDS = 5
"""How long a change waits for a lock: others queue behind it meanwhile."""

# inhdetachpending: a DETACH CONCURRENTLY that was stopped half-way (14 and later).
_PARTS = """
    SELECT n.nspname, c.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid),
           coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), ''), greatest(c.reltuples, 0)::bigint,
           i.inhdetachpending
    FROM pg_catalog.pg_inherits i
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE i.inhparent = %s::regclass AND c.relkind IN ('r', 'p') ORDER BY 1, 2
"""
# A partitioned index that lacks one of a partition; no exclusion constraint's, which cannot be built beside writers.
_LACKING = """
    SELECT tn.nspname, t.relname, pn.nspname, pc.relname, n.nspname, c.relname
    FROM pg_catalog.pg_index x
    JOIN pg_catalog.pg_class pc ON pc.oid = x.indexrelid
    JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
    JOIN pg_catalog.pg_inherits i ON i.inhparent = x.indrelid
    JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE pc.relkind = 'I' AND NOT x.indisvalid
      AND pg_catalog.obj_description(c.oid, 'pg_class') LIKE %s
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.conindid = x.indexrelid AND k.contype = 'x')
      AND NOT EXISTS (SELECT FROM pg_catalog.pg_index y JOIN pg_catalog.pg_inherits j ON j.inhrelid = y.indexrelid
                      WHERE y.indrelid = c.oid AND j.inhparent = x.indexrelid)
    ORDER BY 2, 4, 6
"""
_DETACHED = """
    SELECT c.oid::regclass::text FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'p') AND pg_catalog.obj_description(c.oid, 'pg_class') = %s ORDER BY 1
"""


def standing(session: Session, habit: Schedule) -> Standing | None:
    """Read how a table stands; None where it is not partitioned in this database."""
    kind = session.one(
        "SELECT relkind FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = %s AND c.relname = %s",
        [habit.schema, habit.table],
    )
    if kind not in {"p", b"p"}:
        return None
    table = qualified(habit.schema, habit.table)
    parts = tuple(_part(*row) for row in session.execute(_PARTS, [table]))
    now = session.one("SELECT now() AT TIME ZONE 'UTC'")
    waiting = next((_waiting(session, habit, part) for part in parts if part.default), {})
    lacking = tuple(one for schema, one in _lacking(session) if (schema, one.table) == (habit.schema, habit.table))
    kept = session.execute(_DETACHED, [habit.detached_mark])
    return Standing(parts, now, waiting, lacking, tuple(name for (name,) in kept))


def complete(session: Session) -> None:
    """Give every partition that was made ahead the indexes and keys that its table was given since."""
    for _, action in _lacking(session):
        _index(session, action)


def _lacking(session: Session) -> tuple[tuple[str, Action], ...]:
    """What each partition lacks, with the schema of its table."""
    return tuple(
        (schema, Action("index", table, f"{part_schema}.{part}", detail=f"{index_schema}.{index}"))
        for schema, table, index_schema, index, part_schema, part in session.execute(_LACKING, [MARK + "%"]).fetchall()
    )


def _part(  # noqa: PLR0913, PLR0917  # the columns of a row
    schema: str, name: str, bound: str, comment: str, rows: int, pending: bool
) -> Part:
    if bound == "DEFAULT":
        return Part(schema, name, default=True, rows=rows)
    first, last = bounds(bound) or (None, None)
    made = comment.startswith(MARK)
    return Part(schema, name, first, last, made=made, pending=pending, rows=rows, commented=bool(comment))


def _waiting(session: Session, habit: Schedule, part: Part) -> dict[Moment, int]:
    field = identifier(habit.field)
    rows = session.execute(
        f"SELECT date_trunc('{habit.every}', {field}) AT TIME ZONE 'UTC', count(*)"
        f" FROM {qualified(part.schema, part.name)} WHERE isfinite({field}) GROUP BY 1 ORDER BY 1"
        if habit.kind == "timestamptz"
        else f"SELECT date_trunc('{habit.every}', {field}::timestamp), count(*)"
        f" FROM {qualified(part.schema, part.name)} WHERE isfinite({field}) GROUP BY 1 ORDER BY 1"
    )
    return {moment: int(count) for moment, count in rows if isinstance(moment, datetime.datetime)}


def carry_out(session: Session, habit: Schedule, action: Action) -> None:
    """Do one thing, wholly or not at all."""
    now = standing(session, habit)
    assert now is not None
    match action.kind:
        case "create":
            _create(session, habit, action, now)
        case "detach":
            _detach(session, habit, action, now)
        case "adopt":
            part = qualified(habit.schema, action.partition)
            with session.connection.transaction():
                session.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
                session.execute(f"COMMENT ON TABLE {part} IS {literal(habit.mark)}")
        case _:
            _index(session, action)


def _create(session: Session, habit: Schedule, action: Action, now: Standing) -> None:
    assert action.first is not None
    assert action.last is not None
    parent, made = qualified(habit.schema, habit.table), qualified(habit.schema, action.partition)
    first, last = literal(habit.literal(action.first)), literal(habit.literal(action.last))
    default = next((qualified(part.schema, part.name) for part in now.parts if part.default), None)
    with session.connection.transaction():
        session.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        session.execute(
            f"CREATE TABLE {made} (LIKE {parent} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED"
            " INCLUDING STORAGE INCLUDING COMPRESSION)"
        )
        if default is not None:
            field = identifier(habit.field)
            _move(session, habit, default, made, f"{field} >= {first} AND {field} < {last}")
        session.execute(f"ALTER TABLE {parent} ATTACH PARTITION {made} FOR VALUES FROM ({first}) TO ({last})")
        session.execute(f"COMMENT ON TABLE {made} IS {literal(habit.mark)}")
        owner = session.one(
            "SELECT pg_catalog.pg_get_userbyid(relowner) FROM pg_class WHERE oid = %s::regclass", [parent]
        )
        if owner != session.one("SELECT current_user"):
            session.execute(f"ALTER TABLE {made} OWNER TO {identifier(str(owner))}")


def _move(session: Session, habit: Schedule, default: str, made: str, inside: str) -> None:
    """Move the rows of a period out of the default partition; nobody sees them missing: all is one transaction."""
    # Before it is looked into: nothing may come between the count and the move.
    session.execute(f"LOCK TABLE {default} IN ACCESS EXCLUSIVE MODE")
    many = int(session.one(f"SELECT count(*) FROM {default} WHERE {inside}"))
    if not many:
        return
    parent = qualified(habit.schema, habit.table)
    # A DELETE of a row that others refer to would do to them what ON DELETE says.
    if session.one(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE contype = 'f' AND confrelid = %s::regclass)",
        [parent],
    ):
        message = (
            f"{many:,} rows of `{habit.table}` cannot be moved out of its default partition: foreign keys refer to it"
        )
        hint = "drop these foreign keys, run `schematool partitions`, and add them again"
        raise Refused(Diagnostic("ST635", message, habit.span, hint, subject=habit.table), state="nothing was changed")
    columns = ", ".join(
        identifier(name)
        for (name,) in session.execute(
            "SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
            " AND NOT attisdropped AND attgenerated = '' ORDER BY attnum",
            [default],
        )
    )
    triggers = session.execute(
        "SELECT tgname, tgenabled FROM pg_catalog.pg_trigger"
        " WHERE tgrelid = %s::regclass AND NOT tgisinternal AND tgenabled <> 'D'",
        [default],
    ).fetchall()
    for trigger, _ in triggers:
        session.execute(f"ALTER TABLE {default} DISABLE TRIGGER {identifier(trigger)}")
    moved = session.execute(
        f"WITH moved AS (DELETE FROM {default} WHERE {inside} RETURNING *) INSERT INTO {made} ({columns})"
        f" OVERRIDING SYSTEM VALUE SELECT {columns} FROM moved"
    ).rowcount
    for trigger, enabled in triggers:
        how = {"R": "REPLICA ", "A": "ALWAYS "}.get(enabled if isinstance(enabled, str) else enabled.decode(), "")
        session.execute(f"ALTER TABLE {default} ENABLE {how}TRIGGER {identifier(trigger)}")
    if moved != many:
        message = f"{many:,} rows were to be moved into `{made}`, and {moved:,} were: nothing is done"
        raise Refused(Diagnostic("ST635", message, habit.span, subject=habit.table), state="nothing was changed")


def _detach(session: Session, habit: Schedule, action: Action, now: Standing) -> None:
    """Take a partition out; its rows stay, in a table of their own.

    PostgreSQL detaches concurrently only where there is no default partition, and never in a transaction.
    """
    parent, part = qualified(habit.schema, habit.table), qualified(habit.schema, action.partition)
    comment = f"COMMENT ON TABLE {part} IS {literal(habit.detached_mark)}"
    pending = any(one.name == action.partition and one.pending for one in now.parts)
    if pending or not any(one.default for one in now.parts):
        session.execute(f"SET lock_timeout = '{LOCK_SECONDS}s'")
        try:
            how = "FINALIZE" if pending else "CONCURRENTLY"
            session.execute(f"ALTER TABLE {parent} DETACH PARTITION {part} {how}")
        finally:
            session.execute("RESET lock_timeout")
        session.execute(comment)
        return
    with session.connection.transaction():
        session.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        session.execute(f"ALTER TABLE {parent} DETACH PARTITION {part}")
        session.execute(comment)


# The key that an index is of, as ADD CONSTRAINT … USING INDEX wants it.
_KEY = """
    SELECT CASE contype WHEN 'p' THEN 'PRIMARY KEY' ELSE 'UNIQUE' END,
           CASE WHEN condeferrable THEN ' DEFERRABLE' ELSE '' END || CASE WHEN condeferred THEN ' INITIALLY DEFERRED'
           ELSE '' END
    FROM pg_catalog.pg_constraint WHERE conindid = %s::regclass AND contype IN ('p', 'u')
"""
_HEAD = re.compile(r"CREATE (UNIQUE )?INDEX .+? ON (ONLY )?.+? USING ")


def _index(session: Session, action: Action) -> None:
    """Give a partition the index that its table has, without blocking writers, and make it part of it."""
    schema, name = action.detail.split(".", 1)
    part_schema, part_name = action.partition.split(".", 1)
    index, part = qualified(schema, name), qualified(part_schema, part_name)
    definition = str(session.one("SELECT pg_catalog.pg_get_indexdef(%s::regclass)", [index]))
    own = f"{part_name[:40]}_{name}"[:63]
    head = _HEAD.match(definition)
    assert head is not None
    key = session.execute(_KEY, [index]).fetchone()
    if key is not None:
        session.execute(f"ALTER TABLE {part} DROP CONSTRAINT IF EXISTS {identifier(own)}")
    session.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {qualified(part_schema, own)}")
    session.execute(
        f"CREATE {head[1] or ''}INDEX CONCURRENTLY {identifier(own)} ON {part} USING {definition[head.end() :]}"
    )
    if key is not None:
        session.execute(
            f"ALTER TABLE {part} ADD CONSTRAINT {identifier(own)} {key[0]} USING INDEX {identifier(own)}{key[1]}"
        )
    session.execute(f"ALTER INDEX {index} ATTACH PARTITION {qualified(part_schema, own)}")
