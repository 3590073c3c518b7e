"""Which sequence numbers the rows of a column, and how another that takes its place goes on where that one stopped.

A number that was given out is never given again, also where its row is gone: other stores may still know it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from schematool.core.catalog import Catalog, Id
from schematool.core.model import postgres as pg
from schematool.core.plan.postgres.attributes import identity_sequence
from schematool.core.plan.postgres.decide import Decision
from schematool.core.plan.postgres.names import aside, name, relation, table_of
from schematool.core.plan.postgres.sequences import Numbers, bounds_of, numbers_of
from schematool.core.sql.quote import identifier, literal


@dataclass(frozen=True, slots=True)
class Source:
    """A sequence that numbers a column: the one of its identity, or the one that it owns and its default calls."""

    sequence: Id
    numbers: Numbers
    identity: bool


@dataclass(frozen=True, slots=True)
class Succession:
    """A column that stays and is numbered by another sequence from now on; `old` where it was numbered before."""

    column: pg.Column
    old: Source | None
    new: Source


def source(catalog: Catalog, column: pg.Column) -> Source | None:
    """Find what numbers a column."""
    if column.identity and not column.inherited:
        return Source(identity_sequence(column), numbers_of(column.identity, column.type), identity=True)
    for of in sorted(catalog.needs_of.get(Id("default", column.id.path), frozenset())):
        sequence = catalog.objects.get(of)
        if isinstance(sequence, pg.Sequence) and sequence.owned_by == column.id:
            return Source(of, numbers_of(sequence, sequence.type), identity=False)
    return None


def successions(decision: Decision) -> dict[Id, Succession]:
    """Find the columns whose numbers come from another sequence than before, by column."""
    found: dict[Id, Succession] = {}
    for after in decision.after:
        before = decision.before.objects.get(after.id)
        if not isinstance(after, pg.Column) or not isinstance(before, pg.Column):
            continue
        rebuilt = table_of(after.id) in decision.rebuilds
        kept = rebuilt or after.id not in decision.drops
        new = source(decision.after, after) if kept and after.type in {"smallint", "integer", "bigint"} else None
        if new is None:
            continue
        fresh = (rebuilt or before.identity is None) if new.identity else new.sequence in decision.creates
        if fresh:
            found[after.id] = Succession(after, source(decision.before, before), new)
    return found


def goes(decision: Decision, old: Source) -> bool:
    """Whether the sequence that numbered a column is no longer there afterwards, so that it is set aside meanwhile."""
    return old.identity or old.sequence in decision.drops


def set_aside(old: Source) -> str:
    """ALTER SEQUENCE … RENAME: it gives its name free and can still be asked for its position."""
    return f"ALTER SEQUENCE {name(old.sequence)} RENAME TO {identifier(aside(old.sequence).name)}"


def take_over(decision: Decision, change: Succession) -> Iterator[str]:
    """Statements that put the new sequence where the old one stopped, in the direction in which it counts."""
    new, old = name(change.new.sequence), change.old
    numbers = change.new.numbers
    if old is None or (old.numbers.of.increment > 0) != (numbers.of.increment > 0):
        return
    there = aside(old.sequence) if goes(decision, old) else old.sequence
    further = ">" if numbers.of.increment > 0 else "<"
    yield (
        f"SELECT setval({literal(new)}, o.last_value, o.is_called)\nFROM {name(there)} AS o, {new} AS n\n"
        f"WHERE (o.last_value {further} n.last_value OR (o.last_value = n.last_value AND o.is_called))\n"
        f"  AND o.last_value BETWEEN {numbers.low} AND {numbers.high}"
    )


def catch_up(change: Succession) -> str:
    """A statement that puts the new sequence behind the numbers that the rows have."""
    new, column = name(change.new.sequence), identifier(change.column.id.name)
    numbers, position = change.new.numbers, f"(SELECT last_value FROM {name(change.new.sequence)})"
    up = numbers.of.increment > 0
    last = f"max({column})" if up else f"min({column})"
    high = min(numbers.high, bounds_of(change.column.type)[1])
    between = f"{position} AND {high}" if up else f"{numbers.low} AND {position}"
    return f"SELECT setval({literal(new)}, {last})\nFROM {relation(change.column.id)}\nHAVING {last} BETWEEN {between}"
