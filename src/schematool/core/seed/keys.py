"""Keys: which row gets which of the values that must not repeat, as functions of its number.

A key of one column counts through its values. A key of several is a number of mixed radix: the rows of the tables
that it refers to are its digits, and a column that has room for it takes the rest (`position` within an order).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import TypeAlias

from schematool.core.seed.chance import key, number, shuffled
from schematool.core.seed.demand import ForeignKey, Unique

Ordinal: TypeAlias = Callable[[int], int]

_PER_PARENT = 3
"""How many rows of a key such as (order, position) each parent has, where there are parents enough."""


@dataclass(slots=True)
class Keys:
    """What was settled. `columns` and `references`: which value, or which row pointed at, a row gets.

    `limits`: partial keys that only the first rows may be part of. `unmet`: keys that nothing was found for.
    `capped`: why there are fewer rows than asked for.
    """

    rows: int
    columns: dict[str, Ordinal] = field(default_factory=dict)
    references: dict[str, Ordinal] = field(default_factory=dict)
    injective: set[str] = field(default_factory=set)
    limits: list[tuple[str, int]] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    capped: str | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    """A digit: a reference, or a column by itself; the values that it has."""

    name: str
    columns: tuple[str, ...]
    capacity: int
    reference: bool


def settle(
    keys: Keys,
    uniques: Sequence[Unique],
    references: Mapping[ForeignKey, int],
    capacities: Mapping[str, int],
    salt: str,
) -> None:
    """Settle every key. `references`: rows of the target of each; `capacities`: values of the other columns."""
    for unique in sorted(uniques, key=lambda one: (one.where is not None, len(one.columns), one.name)):
        if not set(unique.columns) & keys.injective:
            _settle(keys, unique, _slots(keys, unique, references, capacities), salt)


def _slots(
    keys: Keys, unique: Unique, references: Mapping[ForeignKey, int], capacities: Mapping[str, int]
) -> list[_Slot]:
    slots: list[_Slot] = []
    taken: set[str] = {column for column in unique.columns if column in keys.columns}
    for reference, rows in sorted(references.items(), key=lambda item: (-len(item[0].columns), item[0].name)):
        inside = set(reference.columns)
        if inside <= set(unique.columns) and not inside & taken:
            taken |= inside
            if reference.name not in keys.references:
                slots.append(_Slot(reference.name, reference.columns, rows, reference=True))
    free = [column for column in unique.columns if column not in taken and column in capacities]
    slots += [_Slot(column, (column,), capacities[column], reference=False) for column in free]
    return sorted(slots, key=lambda slot: (not slot.reference, slot.capacity, slot.name))


def _settle(keys: Keys, unique: Unique, slots: list[_Slot], salt: str) -> None:
    roomy = [slot for slot in slots if not slot.reference and slot.capacity >= keys.rows]
    if len(slots) > 1 and roomy and not any(slot.reference for slot in slots):
        # One column has room for all: the others stay free to look like anything.
        slots = roomy[-1:]
    capacity = prod(slot.capacity for slot in slots)
    if not slots:
        keys.unmet.append(unique.name)
        return
    if capacity < keys.rows:
        if unique.where is not None:
            keys.limits.append((unique.name, capacity))
        else:
            keys.rows = capacity
            keys.capped = unique.name
    if len(slots) == 1:
        _single(keys, slots[0], salt, whole=unique.where is None or capacity >= keys.rows)
        return
    radices = [slot.capacity for slot in slots]
    last = slots[-1]
    if slots[0].reference and not last.reference:
        fewer = max(1, -(-keys.rows // (_PER_PARENT * prod(radices[1:-1]))))
        if -(-keys.rows // (fewer * prod(radices[1:-1]))) <= last.capacity:
            radices[0] = min(radices[0], fewer)
    of = key(f"{salt}/{unique.name}")
    below = 1
    for place, (slot, radix) in enumerate(zip(slots, radices, strict=True)):
        ordinal = _digit(below, radix, radices[0], of if place and slot.reference else None)
        if slot.reference:
            target = slot.capacity
            keys.references[slot.name] = _spread(ordinal, target, of) if radix == target else ordinal
        else:
            keys.columns[slot.name] = ordinal
        below *= radix


def _single(keys: Keys, slot: _Slot, salt: str, *, whole: bool) -> None:
    many = slot.capacity
    if slot.reference:
        of = key(f"{salt}/{slot.name}")
        keys.references[slot.name] = lambda row: shuffled(row % many, many, of)
    else:
        keys.columns[slot.name] = (lambda row: row) if whole else (lambda row: row % many)
    if whole:
        keys.injective |= set(slot.columns)


def _digit(below: int, radix: int, first: int, of: int | None) -> Ordinal:
    if of is None:
        return lambda row: row // below % radix
    # Moved by the first digit, so that not all parents have the same partners.
    return lambda row: (row // below + number(of, row % first)) % radix


def _spread(ordinal: Ordinal, count: int, of: int) -> Ordinal:
    return lambda row: shuffled(ordinal(row), count, of)
