"""How a sequence gets other bounds: the server refuses those that its last value is outside of.

Facts: init_params, src/backend/commands/sequence.c (PostgreSQL 18): a bound that is not given stays as it is, also when
the direction turns; the last value and the start must be within the bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

from schematool.core.model import postgres as pg
from schematool.core.sql.quote import literal

_BITS = {"smallint": 15, "integer": 31, "bigint": 63}


def bounds_of(type_: str) -> tuple[int, int]:
    """The smallest and the largest value of an integer type; of any other, those of bigint."""
    bits = _BITS.get(type_, 63)
    return -(2**bits), 2**bits - 1


@dataclass(frozen=True, slots=True)
class Numbers:
    """The options of a sequence; `low` and `high` are its bounds as they are in force."""

    of: pg.Identity | pg.Sequence
    low: int
    high: int


def numbers_of(sequence: pg.Identity | pg.Sequence, type_: str) -> Numbers:
    """Work out the bounds that a sequence of this type has."""
    smallest, largest = bounds_of(type_)
    low, high = (1, largest) if sequence.increment > 0 else (smallest, -1)
    return Numbers(
        sequence,
        low if sequence.minimum is None else sequence.minimum,
        high if sequence.maximum is None else sequence.maximum,
    )


@dataclass(frozen=True, slots=True)
class SequenceChange:
    """What to do in order: make `room` for both bounds, `moves` of the last value into the new ones, then `words`.

    `room` and `words` are options of ALTER SEQUENCE, `moves` whole statements.
    """

    room: tuple[str, ...] = ()
    moves: tuple[str, ...] = ()
    words: tuple[str, ...] = ()


def sequence_change(old: Numbers, new: Numbers, name: str) -> SequenceChange:
    """Plan the change of a sequence of this name."""
    moves = tuple(_moves(old, new, name))
    turned = (old.of.increment > 0) != (new.of.increment > 0)
    reached = {new.low, new.high, new.of.start}
    tight = moves and not all(old.low <= value <= old.high for value in reached)
    room = (f"MINVALUE {min(old.low, new.low)}", f"MAXVALUE {max(old.high, new.high)}") if tight else ()
    return SequenceChange(room, moves, tuple(_words(old, new, bounds=turned or bool(room))))


def _words(before: Numbers, after: Numbers, *, bounds: bool) -> list[str]:
    words: list[str] = []
    old, new = before.of, after.of
    if old.start != new.start:
        words.append(f"START WITH {new.start}")
    if old.increment != new.increment:
        words.append(f"INCREMENT BY {new.increment}")
    # In numbers: with AS, NO MAXVALUE means the largest value of the new type also where the sequence goes down.
    if bounds or old.minimum != new.minimum:
        words.append(f"MINVALUE {after.low}")
    if bounds or old.maximum != new.maximum:
        words.append(f"MAXVALUE {after.high}")
    if old.cache != new.cache:
        words.append(f"CACHE {new.cache}")
    if old.cycle != new.cycle:
        words.append("CYCLE" if new.cycle else "NO CYCLE")
    return words


def _moves(old: Numbers, new: Numbers, name: str) -> list[str]:
    """A sequence that is not in use yet begins at its new start; one that is goes on at the bound that it has passed.

    Where it has run past its end it stays at the end, and says so when the next value is asked for.
    """
    found: list[str] = []
    up = new.of.increment > 0
    for narrower, bound, outside, ran_past in (
        (new.low > old.low, new.low, "<", not up),
        (new.high < old.high, new.high, ">", up),
    ):
        if narrower:
            found.append(
                f"SELECT setval({literal(name)}, CASE WHEN is_called THEN {bound} ELSE {new.of.start} END, "
                f"{'is_called' if ran_past else 'false'}) FROM {name} WHERE last_value {outside} {bound}"
            )
    return found
