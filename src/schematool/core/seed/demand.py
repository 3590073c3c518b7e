"""What a table demands of its rows: columns, keys, references, conditions. Read by an engine, answered by a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counter:
    """The numbers that a column takes from a sequence: an identity, or a default of `nextval`."""

    sequence: str
    start: int = 1
    increment: int = 1


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `type` is an oid; `generated`: the server computes it."""

    name: str
    type: int
    modifier: int = -1
    required: bool = False
    defaulted: bool = False
    generated: bool = False
    counter: Counter | None = None


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference, to `target` by its full name."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    deferrable: bool = False


@dataclass(frozen=True, slots=True)
class Unique:
    """No two rows alike in these columns, of those that `where` chooses. `nulls_alike`: NULL equals NULL."""

    name: str
    columns: tuple[str, ...]
    where: str | None = None
    nulls_alike: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """No two rows overlap in what these columns span: one range, or a start and an end."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table. `checks`: name and condition. `partitions`: the condition of each, None when any row has a place.

    `closed`: why this role cannot fill it.
    """

    name: str
    sql: str
    columns: tuple[Column, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    uniques: tuple[Unique, ...] = ()
    apart: tuple[Apart, ...] = ()
    checks: tuple[tuple[str, str], ...] = ()
    partitions: tuple[str, ...] | None = None
    closed: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """Where references come from: the value of the n-th of `rows` as COPY reads it, None where it has none."""

    rows: int
    at: Callable[[int], str | None]
