"""Fills tables: a trial in a transaction that is rolled back, then everything through COPY in one that commits."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeAlias

import psycopg

from schematool.core.seed.demand import Source, Table
from schematool.core.seed.table import BLOCK, Plan
from schematool.core.seed.world import Plans, World, plan
from schematool.core.sql.quote import identifier, literal
from schematool.engines.contract import Filling, Listener, Outlook, Request
from schematool.engines.postgres.demands import read_types
from schematool.engines.postgres.failure import statement_error
from schematool.engines.postgres.session import Session
from schematool.engines.postgres.wants import kept_sources, read_wants

Told: TypeAlias = Callable[[str, int, int], None]

TRIAL = 200
"""Rows of each table that are tried before anything is filled."""
_ATTEMPTS = 60
"""How often a row is made anew that a condition refuses which only the server can judge."""
_ORDER = "schematool_seed_row"
_OUT_OF_RANGE = "22003"
_COLUMN = re.compile(r"^COPY \S+, line \d+, column ([^:\n]+)")
_STAGE = "pg_temp.schematool_seed_"


def prepare(session: Session, request: Request) -> Ready:
    """Read what the tables demand, plan their rows, try some of each. Leaves nothing behind."""
    tables = read_wants(session)
    counts = {name: request.counts(name) for name in tables}
    kept: dict[tuple[str, str], Source] = {}
    for name, table in tables.items():
        if counts[name] == 0:
            kept |= kept_sources(session, table, _pointed_at(name, tables.values(), request.pointed))
    world = World(
        request.seed,
        tables,
        read_types(session),
        request.wished,
        counts,
        kept,
        request.elsewhere,
        pointed=request.pointed,
    )
    world = _tried(session, world)
    return Ready(session, plan(world), counts)


def _pointed_at(name: str, tables: Iterable[Table], pointed: frozenset[tuple[str, str]]) -> frozenset[str]:
    inside = {
        column for table in tables for key in table.foreign_keys if key.target == name for column in key.target_columns
    }
    return frozenset(inside | {column for table, column in pointed if table == name})


def _tried(session: Session, world: World) -> World:
    """Load a few rows of every table and roll back. What the server refuses is learned, and tried anew.

    A CHECK that refuses a row becomes one that the server judges row by row; a table that still takes no row is
    given up, and those that need it as well.
    """
    with _rolled_back(session):
        plans = plan(world, TRIAL)
        for group in plans.groups:
            while error := _refusal(session, group, plans):
                world = _learned(world, group, error)
                plans = plan(world, TRIAL)
    return world


def _refusal(session: Session, group: Sequence[str], plans: Plans) -> psycopg.Error | None:
    session.execute("SAVEPOINT schematool_seed")
    try:
        _load(session, [plans.by_table[name] for name in group if name in plans.by_table], lambda *_: None)
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        session.execute("SET CONSTRAINTS ALL DEFERRED")
    except psycopg.Error as error:
        if session.lost:
            raise
        session.execute("ROLLBACK TO SAVEPOINT schematool_seed")
        return error
    session.execute("RELEASE SAVEPOINT schematool_seed")
    return None


def _learned(world: World, group: Sequence[str], error: psycopg.Error) -> World:
    """Draw the conclusion of a refusal; every one ends with a table given up, so that this comes to an end."""
    said = error.diag
    name = f"{said.schema_name}.{said.table_name}"
    if name not in group:
        name = _partition_parent(group, world, said.table_name) or next(
            one for one in group if one not in world.refused
        )
    checks = dict(world.tables[name].checks)
    doubted = world.doubted.get(name, frozenset())
    constraint = said.constraint_name or ""
    if constraint in checks and constraint not in doubted:
        return replace(world, doubted={**world.doubted, name: doubted | {constraint}})
    if error.sqlstate == _OUT_OF_RANGE and name not in world.modest:
        return replace(world, modest=world.modest | {name})
    message = " ".join((said.message_primary or str(error)).split())
    if column := _COLUMN.search(said.context or ""):
        message += f" (column {column[1]})"
    detail = f": {' '.join(said.message_detail.split())}" if said.message_detail and error.sqlstate == "23505" else ""
    return replace(world, refused={**world.refused, name: f"{message}{detail}"})


def _partition_parent(group: Sequence[str], world: World, table: str | None) -> str | None:
    """A partition is named where its parent was meant."""
    if not table:
        return None
    return next((one for one in group if world.tables[one].partitions is not None and one not in world.refused), None)


@contextmanager
def _rolled_back(session: Session) -> Iterator[None]:
    session.execute("BEGIN")
    try:
        session.execute("SET CONSTRAINTS ALL DEFERRED")
        yield
    finally:
        session.roll_back()


@dataclass(frozen=True, slots=True)
class Ready:
    """Plans that stood the trial."""

    session: Session
    plans: Plans
    counts: Mapping[str, int]

    @property
    def outlook(self) -> tuple[Outlook, ...]:
        """What will be made, in the order of making; tables that are left alone are left out."""
        found = []
        for name in (name for group in self.plans.groups for name in group):
            if made := self.plans.by_table.get(name):
                judged = tuple(f"the server judges {check} row by row" for check, _ in made.sieve)
                found.append(Outlook(name, made.rows, notes=(*made.notes, *judged)))
            elif name in self.plans.refused:
                found.append(Outlook(name, 0, self.plans.refused[name]))
        return tuple(found)

    def source(self, name: str, field: str) -> Source | None:
        """What a column will hold."""
        made = self.plans.by_table.get(name)
        return made.source(field) if made and field in made.written else None

    def fill(self, listen: Listener) -> None:
        """Load all rows in one transaction; then set sequences, and let the planner know."""
        session = self.session
        session.execute("BEGIN")
        try:
            session.execute("SET CONSTRAINTS ALL DEFERRED")
            for group in self.plans.groups:
                _load(
                    session, [self.plans.by_table[name] for name in group if name in self.plans.by_table], _told(listen)
                )
            _set_sequences(session, self.plans.by_table.values())
            session.execute("COMMIT")
        except psycopg.Error as error:
            session.roll_back()
            raise statement_error(
                error, "COPY", session.url, state="everything was rolled back: no row was kept"
            ) from None
        finally:
            session.roll_back()
        for made in self.plans.by_table.values():
            # The visibility map too: without it no plan reads an index alone.
            session.execute(f"VACUUM (ANALYZE) {made.table.sql}")


def _told(listen: Listener) -> Told:
    began: dict[str, float] = {}

    def tell(name: str, rows: int, total: int) -> None:
        start = began.setdefault(name, perf_counter())
        listen(Filling("postgres", name, rows, total, perf_counter() - start))

    return tell


def _load(session: Session, plans: Sequence[Plan], told: Told) -> None:
    sequence = _sequence(plans)
    if sequence is None:
        _load_together(session, plans, told)
        return
    for one in sequence:
        if one.sieve:
            _load_sieved(session, one, told)
        else:
            _copy(session, one, one.table.sql, told)


def _sequence(plans: Sequence[Plan]) -> list[Plan] | None:
    """Order a circle of tables where some reference waits for the commit; None where none does."""
    left = {one.table.name: one for one in plans}
    found: list[Plan] = []
    while left:
        ready = [
            one
            for name, one in left.items()
            if not any(
                key.target in left and key.target != name and not key.deferrable for key in one.table.foreign_keys
            )
        ]
        if not ready:
            return None
        found += ready
        for one in ready:
            del left[one.table.name]
    return found


def _copy(session: Session, one: Plan, into: str, told: Told) -> None:
    done = 0
    told(one.table.name, 0, one.rows)
    with session.connection.cursor().copy(_copy_statement(one, into)) as copy:
        for block in range(one.blocks):
            copy.write(("\n".join(one.lines(block)) + "\n").encode())
            done += len(one.numbers(block))
            told(one.table.name, done, one.rows)


def _copy_statement(one: Plan, into: str, *more: str) -> bytes:
    names = ", ".join((*map(identifier, one.written), *more))
    return f"COPY {into} ({names}) FROM STDIN".encode() if names else f"COPY {into} FROM STDIN".encode()


def _load_together(session: Session, plans: Sequence[Plan], told: Told) -> None:
    """Fill a circle of tables in one statement: references are looked at when it is done."""
    parts = []
    for number, one in enumerate(plans):
        stage = f"{_STAGE}{number}"
        session.execute(
            f"CREATE TEMP TABLE {stage.removeprefix('pg_temp.')} ON COMMIT DROP AS TABLE {one.table.sql} WITH NO DATA"
        )
        _copy(session, one, stage, told)
        names = ", ".join(map(identifier, one.written))
        parts.append(f"INSERT INTO {one.table.sql} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {stage}")
    inner = ", ".join(f"filled{number} AS ({part})" for number, part in enumerate(parts[:-1]))
    session.execute(f"WITH {inner} {parts[-1]}")
    for number in range(len(plans)):
        session.execute(f"DROP TABLE {_STAGE}{number}")


def _load_sieved(session: Session, one: Plan, told: Told) -> None:
    """Let the server choose: rows that break a condition are made anew, with the same keys, until all are in."""
    stage = f"{_STAGE}sieve"
    session.execute(
        f"CREATE TEMP TABLE {stage.removeprefix('pg_temp.')} ON COMMIT DROP AS TABLE {one.table.sql} WITH NO DATA"
    )
    session.execute(f"ALTER TABLE {stage} ADD COLUMN {_ORDER} bigint")
    try:
        for block in range(one.blocks):
            _sieve_block(session, one, block, stage)
            told(one.table.name, min(one.rows, (block + 1) * BLOCK), one.rows)
    finally:
        if not session.lost and session.connection.info.transaction_status is not psycopg.pq.TransactionStatus.INERROR:
            session.execute(f"DROP TABLE {stage}")


def _sieve_block(session: Session, one: Plan, block: int, stage: str) -> None:
    names = ", ".join(map(identifier, one.written))
    holds = " AND ".join(f"({_condition(text)}) IS NOT FALSE" for _, text in one.sieve)
    waiting = set(one.numbers(block))
    for attempt in range(_ATTEMPTS):
        with session.connection.cursor().copy(_copy_statement(one, stage, _ORDER)) as copy:
            lines = zip(one.numbers(block), one.lines(block, attempt), strict=True)
            copy.write("".join(f"{line}\t{row}\n" for row, line in lines if row in waiting).encode())
        waiting -= {row for (row,) in session.execute(f"SELECT {_ORDER} FROM {stage} WHERE {holds}")}
        session.execute(f"DELETE FROM {stage} WHERE NOT ({holds})")
        if not waiting:
            break
    # What is still refused is sent all the same, so that the server says why.
    session.execute(
        f"INSERT INTO {one.table.sql} ({names}) OVERRIDING SYSTEM VALUE SELECT {names} FROM {stage} ORDER BY {_ORDER}"
    )
    if waiting:
        lines = zip(one.numbers(block), one.lines(block), strict=True)
        row = next(line for number, line in lines if number in waiting)
        with session.connection.cursor().copy(_copy_statement(one, one.table.sql)) as copy:
            copy.write(f"{row}\n".encode())
    session.execute(f"TRUNCATE {stage}")


def _condition(text: str) -> str:
    body = text.strip().removeprefix("CHECK").strip()
    for tail in (" NOT VALID", " NO INHERIT", " NOT ENFORCED"):
        body = body.removesuffix(tail)
    return body


def _set_sequences(session: Session, plans: Iterable[Plan]) -> None:
    """Let sequences go on after the numbers that were given out."""
    last: dict[str, int] = {}
    for one in plans:
        for column in one.table.columns:
            if column.counter and column.name in one.written and one.rows:
                value = column.counter.start + (one.rows - 1) * column.counter.increment
                known = last.get(column.counter.sequence, value)
                last[column.counter.sequence] = max(known, value) if column.counter.increment > 0 else min(known, value)
    for sequence, value in last.items():
        session.execute(f"SELECT pg_catalog.setval({literal(sequence)}::pg_catalog.regclass, {value})")
