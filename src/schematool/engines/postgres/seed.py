"""A few rows in every table that can have some, so that a proof has something to lose.

What a table demands is read from its catalog; what it demands beyond that is learned from the server's refusals: they
name the constraint, its columns get their next candidates, and the row is tried again, a limited number of times.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import psycopg

from schematool.core.seed.specimens import Type, candidates
from schematool.core.sql.quote import identifier
from schematool.engines.postgres.demands import Reference, Table, read_tables, read_types
from schematool.engines.postgres.session import Session

ROWS = 3
"""How many rows a table gets."""

_TRIES = 60
_BEFORE = "SAVEPOINT seed;\n"


def seed(session: Session) -> Mapping[str, int]:
    """Insert rows; return how many each table was given, 0 where it could not be done."""
    seeder = _Seeder(session, read_tables(session), read_types(session))
    session.execute("BEGIN")
    try:
        # What would be checked at COMMIT is checked at once: a refusal then says which row.
        session.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seeder.fill_all()
        session.execute("COMMIT")
    finally:
        session.roll_back()
    return {table.name: seeder.rows.get(table.oid, 0) for table in seeder.tables.values()}


@dataclass(slots=True)
class _Wheel:
    """One column of a row in the making, and which of its candidates is up."""

    name: str
    values: list[str]
    turn: int = 0
    first: int = 0

    @property
    def value(self) -> str:
        return self.values[self.turn % len(self.values)]

    def advance(self) -> bool:
        """Turn to the next candidate; False when that is the one that it began with."""
        self.turn = (self.turn + 1) % len(self.values)
        return self.turn != self.first % len(self.values)


@dataclass(slots=True)
class _Seeder:
    session: Session
    tables: Mapping[int, Table]
    types: Mapping[int, Type]
    rows: dict[int, int] = field(default_factory=dict)

    def fill_all(self) -> None:
        """Fill tables after those that they refer to; tables that refer to each other in a circle, together."""
        pending = list(self.tables.values())
        while pending:
            batch = [[table] for table in pending if self._ready(table, {table.oid})]
            for group in batch or [self._circle(pending)]:
                self._fill(group)
            pending = [table for table in pending if table.oid not in self.rows]

    def _ready(self, table: Table, group: set[int]) -> bool:
        return all(r.target in self.rows or r.target in group for r in table.references)

    def _circle(self, pending: list[Table]) -> list[Table]:
        """Return tables that can only be filled together: a smallest set that refers to nothing else unfilled."""
        reach = {table.oid: self._reachable(table) for table in pending}
        start = min(pending, key=lambda table: len(reach[table.oid]))
        return [table for table in pending if table.oid in reach[start.oid]]

    def _reachable(self, table: Table) -> set[int]:
        found: set[int] = {table.oid}
        ahead = [table]
        while ahead:
            for reference in ahead.pop().references:
                if reference.target not in found and reference.target not in self.rows:
                    found.add(reference.target)
                    ahead.append(self.tables[reference.target])
        return found

    def _fill(self, group: list[Table]) -> None:
        put = 0
        worked: dict[tuple[int, int], int] = {}
        for row in range(ROWS):
            wheels = {table.oid: self._wheels(table, row) for table in group}
            for (oid, number), turn in worked.items():
                wheels[oid][number].turn = wheels[oid][number].first = turn
            if not self._insert(group, wheels):
                if row == 0:
                    break
            else:
                put += 1
                worked = {(o, n): wheel.turn for o, some in wheels.items() for n, wheel in some.items()}
        for table in group:
            self.rows[table.oid] = put
        if not put and len(group) > 1:
            # Not as a whole: each by itself, with what may be empty left empty.
            for table in group:
                self._fill([table])

    def _wheels(self, table: Table, row: int) -> dict[int, _Wheel]:
        wheels = {
            column.number: _Wheel(column.name, candidates(column, row, self.types))
            for column in table.columns
            if column.type in self.types
        }
        for reference in table.references:
            for number, target in zip(reference.columns, reference.target_columns, strict=True):
                if number in wheels:
                    values = self._referred(table, reference, target, row, wheels[number].values)
                    wheels[number] = _Wheel(wheels[number].name, values)
        return wheels

    def _referred(self, table: Table, reference: Reference, column: str, row: int, plain: list[str]) -> list[str]:
        """Return where the value of a foreign key comes from: a row that is there, or the one in the making."""
        empty = [value for value in plain if value == "NULL"]
        if reference.target == table.oid:
            return plain
        if not self.rows.get(reference.target):
            return empty or plain
        target = self.tables[reference.target].sql
        order = ", ".join(identifier(name) for name in reference.target_columns)
        return [
            f"(SELECT {identifier(column)} FROM {target} ORDER BY {order} OFFSET {turn % ROWS} LIMIT 1)"
            for turn in range(row, row + ROWS)
        ] + empty

    def _insert(self, group: list[Table], wheels: Mapping[int, Mapping[int, _Wheel]]) -> bool:
        """Try one row of each table until the server takes them, or nothing is left to try.

        References are checked when a whole statement is done, so one statement can fill a circle of tables.
        """
        for _ in range(_TRIES):
            inserts = [_statement(table, wheels[table.oid]) for table in group]
            parts = [f"row{number} AS ({text})" for number, text in enumerate(inserts[:-1])]
            text = f"WITH {', '.join(parts)} {inserts[-1]}" if parts else inserts[-1]
            try:
                self.session.execute(f"{_BEFORE}{text};\nRELEASE SAVEPOINT seed")
            except psycopg.Error as error:
                if self.session.lost:
                    raise
                self.session.execute("ROLLBACK TO SAVEPOINT seed")
                table = _accused(group, error)
                pointed = _pointed_at(text, wheels[table.oid], error) if len(group) == 1 else []
                if not _turn(pointed or _blamed(table, wheels[table.oid], error)):
                    return False
            else:
                return True
        return False


def _statement(table: Table, wheels: Mapping[int, _Wheel]) -> str:
    names = ", ".join(identifier(wheel.name) for wheel in wheels.values())
    values = ", ".join(wheel.value for wheel in wheels.values())
    return f"INSERT INTO {table.sql} " + (f"({names}) VALUES ({values})" if names else "DEFAULT VALUES")


def _accused(group: list[Table], error: psycopg.Error) -> Table:
    name = f"{error.diag.schema_name}.{error.diag.table_name}"
    return next((table for table in group if table.name == name), group[-1])


def _turn(blamed: Iterable[_Wheel]) -> bool:
    """Move on like the wheels of a counter: the first turns, and carries over when it has been through."""
    return any(wheel.advance() for wheel in blamed)


def _pointed_at(text: str, wheels: Mapping[int, _Wheel], error: psycopg.Error) -> list[_Wheel]:
    """Return the column whose value the server put its finger on."""
    place = int(error.diag.statement_position or 0) - 1 - len(_BEFORE)
    start = text.find(" VALUES (") + len(" VALUES (")
    for wheel in wheels.values():
        if start <= place < start + len(wheel.value):
            return [wheel]
        start += len(wheel.value) + len(", ")
    return []


def _blamed(table: Table, wheels: Mapping[int, _Wheel], error: psycopg.Error) -> list[_Wheel]:
    """Return the columns that the server complained about; all of them when it did not say."""
    said = error.diag
    numbers = table.constraints.get(said.constraint_name or "", ())
    if not numbers and error.sqlstate == "23514" and not said.constraint_name:
        # "no partition of relation … found for row" has no name of a constraint.
        numbers = tuple(column.number for column in table.columns if column.bounds)
        if not numbers:
            return []
    blamed = [wheels[number] for number in numbers if number in wheels]
    if not blamed and said.column_name:
        blamed = [wheel for wheel in wheels.values() if wheel.name == said.column_name]
    if not blamed and said.datatype_name:
        blamed = [
            wheels[column.number]
            for column in table.columns
            if column.number in wheels and column.type_name == said.datatype_name
        ]
    return blamed or list(wheels.values())
