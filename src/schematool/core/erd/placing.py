"""How far down each item stands: near what it is connected to, in the order of its column, without touching another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import median

from schematool.core.erd.nets import Hop, is_passing
from schematool.core.erd.ordering import Order
from schematool.core.erd.sizes import UNIT

SWEEPS = 16
BETWEEN_BOXES = 2 * UNIT
BETWEEN_BANDS = 7 * UNIT


def placed(
    order: Order,
    band: Mapping[str, int],
    channels: Mapping[int, Iterable[Hop]],
    heights: Mapping[str, int],
) -> dict[str, int]:
    """The upper edge of each item, a multiple of `UNIT`."""
    spread = _tops(order, band, heights)
    y = {item: spread[band[item]] for items in order for item in items}
    for items in order:
        _stack(items, y, heights, dict.fromkeys(items), band, spread)
    pulls = _pulls(channels)
    for sweep in range(SWEEPS):
        columns = order if sweep % 2 == 0 else order[::-1]
        for items in columns:
            wanted = {item: _wanted(item, pulls, y) for item in items}
            _stack(items, y, heights, wanted, band, spread)
    return _tightened(order, band, y, heights)


def gap(upper: str, lower: str) -> int:
    """How much stays free between two items of a column."""
    if is_passing(upper) and is_passing(lower):
        return 0
    return UNIT if is_passing(upper) or is_passing(lower) else BETWEEN_BOXES


def _tops(order: Order, band: Mapping[str, int], heights: Mapping[str, int]) -> dict[int, int]:
    """Where each band begins, so high that the fullest column fits."""
    high: dict[int, int] = {}
    for items in order:
        for number in {band[item] for item in items}:
            own = [item for item in items if band[item] == number]
            needed = sum(heights[item] for item in own) + sum(gap(a, b) for a, b in pairwise(own))
            high[number] = max(high.get(number, 0), needed)
    tops, top = {}, 0
    for number in sorted(high):
        tops[number] = top
        top += high[number] + BETWEEN_BANDS
    return tops


Pull = tuple[int, str, int]
"""Own offset, the other item, its offset."""


def _pulls(channels: Mapping[int, Iterable[Hop]]) -> dict[str, list[Pull]]:
    found: dict[str, list[Pull]] = {}
    for hops in channels.values():
        for hop in hops:
            for target, _ in hop.targets:
                if target.item == hop.source.item:
                    continue
                found.setdefault(target.item, []).append((target.offset, hop.source.item, hop.source.offset))
                found.setdefault(hop.source.item, []).append((hop.source.offset, target.item, target.offset))
    return found


def _wanted(item: str, pulls: Mapping[str, list[Pull]], y: Mapping[str, int]) -> float | None:
    """Where an item's lines would be straight, half of them up and half of them down; None without lines."""
    found = pulls.get(item)
    return median(y[other] + offset - own for own, other, offset in found) if found else None


def _stack(  # a column, what it should be and what holds it back
    items: Sequence[str],
    y: dict[str, int],
    heights: Mapping[str, int],
    wanted: Mapping[str, float | None],
    band: Mapping[str, int],
    tops: Mapping[int, int],
) -> None:
    """Put each item as near to where it should be as the others allow (pool adjacent violators).

    With the heights above it taken off, an item must not be less than the one before it.
    """
    below = sorted(tops.values())
    for number in dict.fromkeys(band[item] for item in items):
        own = [item for item in items if band[item] == number]
        shift, shifts = 0, []
        for before, item in zip((None, *own), own, strict=False):
            if before is not None:
                shift += heights[before] + gap(before, item)
            shifts.append(shift)
        end = next((top for top in below if top > tops[number]), None)
        last = float("inf") if end is None else float(end - BETWEEN_BANDS - shift - heights[own[-1]])
        pulled = [(wanted[item], down) for item, down in zip(own, shifts, strict=True)]
        level = _isotonic(_filled([None if want is None else want - down for want, down in pulled], tops[number]))
        for item, down, found in zip(own, shifts, level, strict=True):
            held = max(float(tops[number]), min(found, last))
            y[item] = round(held / UNIT) * UNIT + down


def _filled(levels: Sequence[float | None], otherwise: float) -> list[float]:
    """Let what is connected to nothing stand right below or above its neighbour."""
    made: list[float] = []
    following = next((level for level in levels if level is not None), float(otherwise))
    for level in levels:
        following = following if level is None else level
        made.append(following)
    return made


def _isotonic(values: Sequence[float]) -> list[float]:
    pools: list[tuple[float, int]] = []
    for value in values:
        total, many = value, 1
        while pools and pools[-1][0] / pools[-1][1] > total / many:
            before, count = pools.pop()
            total, many = total + before, many + count
        pools.append((total, many))
    return [total / many for total, many in pools for _ in range(many)]


def _tightened(
    order: Order, band: Mapping[str, int], y: Mapping[str, int], heights: Mapping[str, int]
) -> dict[str, int]:
    """Take out the empty space above each band."""
    reach: dict[int, tuple[int, int]] = {}
    for items in order:
        for item in items:
            low, high = reach.get(band[item], (y[item], y[item]))
            reach[band[item]] = (min(low, y[item]), max(high, y[item] + heights[item]))
    moved, top = {}, 0
    for number in sorted(reach):
        low, high = reach[number]
        moved[number] = top - low
        top += high - low + BETWEEN_BANDS
    return {item: y[item] + moved[band[item]] for items in order for item in items}
