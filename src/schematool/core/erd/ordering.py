"""In which order boxes and passing lines stand in each column, so that few lines cross."""

from __future__ import annotations

from bisect import bisect, insort
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from schematool.core.erd.nets import Hop

SWEEPS = 12

Order = list[list[str]]
Wire = tuple[str, float, str, float]
"""Left item, how far down in it (0 to 1), right item, how far down."""


def wires(channels: Mapping[int, Iterable[Hop]], heights: Mapping[str, int]) -> dict[int, list[Wire]]:
    """The connections in each channel, one for each pair of pins on opposite sides."""
    found: dict[int, list[Wire]] = {}
    for channel, hops in channels.items():
        for hop in hops:
            source = hop.source
            for target, right in hop.targets:
                if right is hop.source_right:
                    continue
                left, other = (source, target) if right else (target, source)
                wire = (left.item, left.offset / heights[left.item], other.item, other.offset / heights[other.item])
                found.setdefault(channel, []).append(wire)
    return found


def ordered(start: Order, band: Mapping[str, int], by_channel: Mapping[int, list[Wire]]) -> Order:
    """Sort each column by the median of its neighbours, back and forth, and keep the best that was seen."""
    order = [sorted(items, key=lambda item: (band[item], item)) for items in start]
    best, least = [list(items) for items in order], crossings(order, by_channel)
    for sweep in range(SWEEPS):
        ways = range(1, len(order)) if sweep % 2 == 0 else range(len(order) - 2, -1, -1)
        for at in ways:
            _sort(order, at, band, by_channel, leftwards=sweep % 2 == 0)
        _exchange(order, band, by_channel)
        found = crossings(order, by_channel)
        if found < least:
            best, least = [list(items) for items in order], found
    return best


def _places(items: Sequence[str]) -> dict[str, int]:
    return {item: number for number, item in enumerate(items)}


def _sort(
    order: Order, at: int, band: Mapping[str, int], by_channel: Mapping[int, list[Wire]], *, leftwards: bool
) -> None:
    other = _places(order[at - 1 if leftwards else at + 1])
    seen: dict[str, list[float]] = {}
    for left, left_part, right, right_part in by_channel.get(at - 1 if leftwards else at, ()):
        if leftwards:
            seen.setdefault(right, []).append(other[left] + left_part - right_part / 2)
        else:
            seen.setdefault(left, []).append(other[right] + right_part - left_part / 2)
    own = _places(order[at])
    scale = max(len(other), 1) / max(len(own), 1)
    keys = {item: median(seen[item]) if item in seen else own[item] * scale for item in order[at]}
    order[at].sort(key=lambda item: (band[item], keys[item], own[item]))


def _exchange(order: Order, band: Mapping[str, int], by_channel: Mapping[int, list[Wire]]) -> None:
    """Exchange neighbours wherever that takes crossings away."""
    for at, items in enumerate(order):
        ends = _ends(order, at, by_channel)
        for number in range(len(items) - 1):
            one, other = items[number], items[number + 1]
            if band[one] != band[other]:
                continue
            if _crossed(ends.get(one, {}), ends.get(other, {})) > _crossed(ends.get(other, {}), ends.get(one, {})):
                items[number], items[number + 1] = other, one


def _ends(order: Order, at: int, by_channel: Mapping[int, list[Wire]]) -> dict[str, dict[bool, list[float]]]:
    """For each item of a column, where its wires end on the left (False) and on the right (True)."""
    found: dict[str, dict[bool, list[float]]] = {}
    if at:
        places = _places(order[at - 1])
        for left, part, right, _ in by_channel.get(at - 1, ()):
            found.setdefault(right, {}).setdefault(False, []).append(places[left] + part)
    if at + 1 < len(order):
        places = _places(order[at + 1])
        for left, _, right, part in by_channel.get(at, ()):
            found.setdefault(left, {}).setdefault(True, []).append(places[right] + part)
    return found


def _crossed(upper: Mapping[bool, list[float]], lower: Mapping[bool, list[float]]) -> int:
    """How often wires of two items cross when the first stands above the second."""
    many = 0
    for side, ends in upper.items():
        sorted_ends = sorted(ends)
        many += sum(len(sorted_ends) - bisect(sorted_ends, end) for end in lower.get(side, ()))
    return many


def crossings(order: Order, by_channel: Mapping[int, list[Wire]]) -> int:
    """How many pairs of wires cross."""
    many = 0
    for channel, found in by_channel.items():
        left, right = _places(order[channel]), _places(order[channel + 1])
        pairs = sorted((left[a] + part, right[b] + other) for a, part, b, other in found)
        above: list[float] = []
        for _, end in pairs:
            many += len(above) - bisect(above, end)
            insort(above, end)
    return many
